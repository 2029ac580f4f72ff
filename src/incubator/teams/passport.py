"""The passport of a municipality: facts stated once, each number with its year and source, then offered to forms. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Final

from incubator.foundation.forms import Form, Row
from incubator.foundation.i18n import Message
from incubator.people.rights import KNOWS_TEAM, LEAD, STAFF, TEAM, Relation, right
from incubator.programmes.facts import FACTS, Fact, FactKey
from incubator.teams.cases import LARGEST, MOST_INDICATORS, PLACES, CaseText, Figure, Note

# --- Rights: read like the team's case, stated by who answers for the team -----------------------------------------------

VIEW_PASSPORT = right("passport.view", allow=TEAM | STAFF, forbid=frozenset({Relation.ADMINISTRATOR}))
EDIT_PASSPORT = right(
    "passport.edit",
    allow=LEAD,
    forbid=KNOWS_TEAM,
    reason=Message("The team lead states the facts of the municipality. Tell the lead what should be changed."),
)

MOST_ROWS: Final = 12  # years of one fact
EARLIEST_YEAR, LATEST_YEAR = 1990, 2100
SAVED_MEANWHILE = Message(
    "Somebody saved other facts in the meantime. Yours are still here: look at both and save again."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A number of a fact; a row in the making may lack any part."""

    year: int | None = None
    value: Decimal | None = None
    source: str = ""

    @property
    def known(self) -> bool:
        """Whether it says a number of a year."""
        return self.year is not None and self.value is not None


Facts = Mapping[FactKey, Sequence[Entry]]


def latest(entries: Iterable[Entry]) -> Entry | None:
    """The newest number of a fact."""
    return max((each for each in entries if each.known), key=lambda each: each.year or 0, default=None)


def series(entries: Iterable[Entry]) -> list[tuple[int, Decimal | None]]:
    """Every year from the first to the last with its value; a year in between without one is a gap."""
    known = {each.year: each.value for each in entries if each.year is not None and each.value is not None}
    return [(year, known.get(year)) for year in range(min(known), max(known) + 1)] if known else []


# --- The form ---------------------------------------------------------------------------------------------------------


def columns(key: FactKey) -> tuple[str, str, str]:
    """The names of a fact's cells in the form, each sent once a row: year, value, source."""
    return f"{key}_year", f"{key}_value", f"{key}_source"


def read_passport(form: Form) -> dict[FactKey, tuple[Entry, ...]]:
    """All facts of a form; a draft may lack anything, so only what can't be read is an error."""
    return {key: tuple(_entry(row, key) for row in form.rows(*columns(key), most=MOST_ROWS)) for key in FACTS}


def _entry(row: Row, key: FactKey) -> Entry:
    year, value, source = columns(key)
    return Entry(
        row.integer(year, EARLIEST_YEAR, LATEST_YEAR, required=False),
        row.decimal(value, -LARGEST, LARGEST, PLACES, required=False),
        row.text(source, required=False, limit=300),
    )


def form_values(facts: Facts, version: int) -> dict[str, object]:
    """What the form's fields show of a passport."""
    shown: dict[str, object] = {"version": version}
    for key in FACTS:
        for place, name in enumerate(columns(key)):
            shown[name] = [(each.year, each.value, each.source)[place] for each in facts.get(key, ())]
    return shown


# --- Likely -----------------------------------------------------------------------------------------------------------


def unlikely(facts: Facts, this_year: int) -> list[Note]:
    """Numbers that may well be slips of the pen, or lack what makes them usable. People are told and go on."""
    return [note for fact in FACTS.values() for note in _of_fact(fact, facts.get(fact.key, ()), this_year)]


def _of_fact(fact: Fact, entries: Sequence[Entry], this_year: int) -> Iterator[Note]:
    for row, entry in enumerate(entries):
        for column, message in _of_entry(fact, entry, this_year):
            yield Note(f"{columns(fact.key)[column]}.{row}", message)
    known = sorted(((each.year or 0, row, each) for row, each in enumerate(entries) if each.known))
    for (before, _, earlier), (year, row, later) in pairwise(known):
        if year == before:
            message = Message("“{name}”: the year {year} stands here twice.", name=fact.label, year=year)
            yield Note(f"{columns(fact.key)[0]}.{row}", message)
        elif _leaps(fact, earlier, later, year - before):
            message = Message("“{name}”: from {before} to {year} the value changes a lot. Is every digit there?",
                              name=fact.label, before=before, year=year)  # fmt: skip
            yield Note(f"{columns(fact.key)[1]}.{row}", message)


YEAR, VALUE, SOURCE = range(3)


def _of_entry(fact: Fact, entry: Entry, this_year: int) -> Iterator[tuple[int, Message]]:
    name, value, year = fact.label, entry.value, entry.year
    if value is None:
        yield VALUE, Message("“{name}”: the value is missing.", name=name)
    elif not fact.low <= value <= fact.high:
        yield VALUE, Message("“{name}”: {value} is unusual ({unit}).", name=name, value=value, unit=fact.unit)
    elif fact.whole and value != value.to_integral_value():
        yield VALUE, Message("“{name}”: {value} is not a whole number.", name=name, value=value)
    if year is None:
        yield YEAR, Message("“{name}”: say of what year the value is.", name=name)
    elif year > this_year:
        yield YEAR, Message("“{name}”: the year {year} is still to come.", name=name, year=year)
    if value is not None and not entry.source:
        yield SOURCE, Message("“{name}”: say where the value comes from.", name=name)


def _leaps(fact: Fact, earlier: Entry, later: Entry, years: int) -> bool:
    if fact.leap is None or not earlier.value or later.value is None:
        return False
    return abs(later.value - earlier.value) > abs(earlier.value) * fact.leap * years


# --- What forms are offered -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """The newest number of a fact, for a form that asks for it."""

    fact: Fact
    entry: Entry

    @property
    def words(self) -> Message:
        """Where the number comes from, beside the field."""
        source, year, unit = self.entry.source, self.entry.year, self.fact.unit
        if source:
            return Message("From the passport of the municipality: {value} ({unit}), {year}, {source}.",
                           value=self.entry.value, unit=unit, year=year, source=source)  # fmt: skip
        return Message("From the passport of the municipality: {value} ({unit}), {year}, no source given.",
                       value=self.entry.value, unit=unit, year=year)  # fmt: skip

    def figure(self) -> Figure:
        """The number as an indicator of the problem case, in the reader's language; its target is the team's to set."""
        return Figure(str(self.fact.label), str(self.fact.unit), self.entry.year, self.entry.source, self.entry.value)


def added(case: CaseText, offer: Offer) -> CaseText:
    """The case with the number as one more indicator; unchanged when there is no room or it is there already."""
    figure = offer.figure()
    there = any((each.name, each.year) == (figure.name, figure.year) for each in case.indicators)
    if there or len(case.indicators) >= MOST_INDICATORS:
        return case
    return replace(case, indicators=(*case.indicators, figure))


def offers(facts: Facts) -> dict[FactKey, Offer]:
    """Every fact that has a number."""
    found = ((fact, latest(facts.get(fact.key, ()))) for fact in FACTS.values())
    return {fact.key: Offer(fact, entry) for fact, entry in found if entry is not None}
