"""Municipalities: their kinds by law, their codes in the classifier, and the region and clock that follow from a code.

Kinds: federal laws 131-FZ of 6 October 2003, articles 2 and 10, and 33-FZ of 20 March 2025, which keeps urban districts,
municipal okrugs and intracity territories and lets regions keep districts with settlements. Codes: classifier OKTMO
(OK 033-2013), introduction. Time zones: federal law 107-FZ of 3 June 2011, article 5; where a region has more than one
(Yakutia) it is that of its capital. Pure.
"""

import csv
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from incubator.foundation.forms import Form
from incubator.foundation.i18n import ZONES, Message


class MunicipalityKind(StrEnum):
    """What a municipality is by law."""

    URBAN_DISTRICT = "urban_district"
    MUNICIPAL_OKRUG = "municipal_okrug"
    MUNICIPAL_DISTRICT = "municipal_district"
    URBAN_SETTLEMENT = "urban_settlement"
    RURAL_SETTLEMENT = "rural_settlement"
    DIVIDED_URBAN_DISTRICT = "divided_urban_district"
    INTRACITY_DISTRICT = "intracity_district"
    INTRACITY_TERRITORY = "intracity_territory"


KINDS = {
    MunicipalityKind.URBAN_DISTRICT: Message("Urban district"),
    MunicipalityKind.MUNICIPAL_OKRUG: Message("Municipal okrug"),
    MunicipalityKind.MUNICIPAL_DISTRICT: Message("Municipal district"),
    MunicipalityKind.URBAN_SETTLEMENT: Message("Urban settlement"),
    MunicipalityKind.RURAL_SETTLEMENT: Message("Rural settlement"),
    MunicipalityKind.DIVIDED_URBAN_DISTRICT: Message("Urban district divided into intracity districts"),
    MunicipalityKind.INTRACITY_DISTRICT: Message("Intracity district"),
    MunicipalityKind.INTRACITY_TERRITORY: Message("Intracity territory of a federal city"),
}


@dataclass(frozen=True, slots=True)
class Region:
    """A subject of the Federation: how its codes begin, its name, and the clock of its capital."""

    oktmo: str
    name: str
    time_zone: str

    @property
    def inside_another(self) -> bool:
        """Whether it is an autonomous okrug whose codes lie inside those of a region."""
        return len(self.oktmo) == len("118")


@dataclass(frozen=True, slots=True)
class MunicipalityFacts:
    """A municipality as it is known by its code."""

    oktmo: str
    name: str
    kind: MunicipalityKind
    region: str
    time_zone: str


@cache
def regions() -> dict[str, Region]:
    """All 89 regions by the beginning of their codes: two digits, three for autonomous okrugs inside a region."""
    text = (resources.files(__package__ or "") / "regions.csv").read_text(encoding="utf-8")
    return {row["oktmo"]: Region(**row) for row in csv.DictReader(text.splitlines())}


def region_of(oktmo: str) -> Region | None:
    """The region of a code, or None when no region's codes begin so."""
    known = regions()
    return known.get(oktmo[:3]) or known.get(oktmo[:2])


BY_SECOND_LEVEL = {
    "3": MunicipalityKind.INTRACITY_TERRITORY,
    "5": MunicipalityKind.MUNICIPAL_OKRUG,
    "6": MunicipalityKind.MUNICIPAL_DISTRICT,
    "7": MunicipalityKind.URBAN_DISTRICT,
}
BY_THIRD_LEVEL = {
    "1": MunicipalityKind.URBAN_SETTLEMENT,
    "3": MunicipalityKind.INTRACITY_DISTRICT,
    "4": MunicipalityKind.RURAL_SETTLEMENT,
}


def kind_of(oktmo: str) -> MunicipalityKind | None:
    """What the digits of a code say about the kind; None where they leave it open."""
    region = region_of(oktmo)
    if oktmo[5:8] != "000":
        return BY_THIRD_LEVEL.get(oktmo[5])
    if region is not None and region.inside_another:
        # Their third digit says which okrug; districts are numbered from 10, urban districts from 50.
        return MunicipalityKind.MUNICIPAL_DISTRICT if oktmo[3] < "5" else MunicipalityKind.URBAN_DISTRICT
    return BY_SECOND_LEVEL.get(oktmo[2])


CODE = re.compile(r"[0-9]{8}(?:[0-9]{3})?")
NOT_A_CODE = Message("The OKTMO code has 8 digits, or 11 for a single locality. It stands in the charter and on bills.")
IS_A_HEADING = Message("This code names a group of municipalities. Type the code of yours.")


def plain_oktmo(typed: str) -> str:
    """A code without blanks; eleven digits that end with 000 mean the municipality with the first eight."""
    digits = re.sub(r"\s", "", typed)
    return digits[:8] if len(digits) == len("05720000000") and digits.endswith("000") else digits


def oktmo_fault(oktmo: str) -> Message | None:
    """What is wrong with a code, or None."""
    if not CODE.fullmatch(oktmo):
        return NOT_A_CODE
    if region_of(oktmo) is None:
        return Message("No region has codes that begin with {start}. Check the code.", start=oktmo[:2])
    return IS_A_HEADING if _is_heading(oktmo) else None


def _is_heading(oktmo: str) -> bool:
    """Headings: `05 700 000` and, in autonomous okrugs, `71 810 000`; settlements of a district, `05 612 400`."""
    region = region_of(oktmo)
    district, settlement = oktmo[3:5], oktmo[5:8]
    if settlement == "000":
        return district == "00" or (region is not None and region.inside_another and district in {"10", "50"})
    return settlement.endswith("00")


def read_oktmo(form: Form) -> str:
    """The code from the field `oktmo`; "" and an error when it can't be one."""
    typed = form.text("oktmo", limit=40)
    oktmo = plain_oktmo(typed)
    if typed and (fault := oktmo_fault(oktmo)):
        form.fail("oktmo", fault)
        return ""
    return oktmo


def read_municipality(form: Form, known: MunicipalityFacts | None = None) -> MunicipalityFacts | None:
    """Name, kind and time zone beside the code; None and errors by field when something is missing.

    `known` is the municipality with that code if there is one: nothing else need be typed then.
    """
    oktmo = read_oktmo(form)
    if known is not None:
        for shown in ("municipality", "kind", "time_zone"):  # perhaps still on the page, of no weight
            form.text(shown, required=False)
        return known
    name = form.name("municipality")
    kind = form.choice("kind", MunicipalityKind)
    time_zone = form.choice("time_zone", [zone.id for zone in ZONES])
    region = region_of(oktmo) if oktmo else None
    if not (name and kind and time_zone and region):
        return None
    return MunicipalityFacts(oktmo, name, kind, region.name, time_zone)


def suggested(oktmo: str) -> dict[str, str]:
    """What a code suggests for the fields beside it."""
    if oktmo_fault(oktmo):
        return {}
    kind, region = kind_of(oktmo), region_of(oktmo)
    fields = {"kind": kind.value if kind else "", "time_zone": region.time_zone if region else ""}
    return {name: value for name, value in fields.items() if value}
