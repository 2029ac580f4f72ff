"""Codes of the classifier: what they say of region, kind and clock, and which of them are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incubator.foundation.forms import Form
from incubator.foundation.i18n import ZONES, known_zone
from incubator.teams.municipalities import (
    IS_A_HEADING,
    KINDS,
    NOT_A_CODE,
    MunicipalityKind,
    kind_of,
    oktmo_fault,
    plain_oktmo,
    read_municipality,
    region_of,
    regions,
)

CODES = st.from_regex(r"[0-9]{8}([0-9]{3})?", fullmatch=True)


def test_all_89_regions_have_a_name_and_one_of_the_eleven_zones():
    assert len(regions()) == 89
    assert len({region.name for region in regions().values()}) == 89
    zones = {zone.id for zone in ZONES}
    for region in regions().values():
        assert region.time_zone in zones
        assert known_zone(region.time_zone)
        assert region.oktmo.isdecimal()
        assert len(region.oktmo) == (3 if region.inside_another else 2)


@pytest.mark.parametrize(
    ("oktmo", "region", "zone"),
    [
        ("05720000", "Приморский край", "Asia/Vladivostok"),
        ("11701000", "Архангельская область", "Europe/Moscow"),
        ("11851000", "Ненецкий автономный округ", "Europe/Moscow"),
        ("71701000", "Тюменская область", "Asia/Yekaterinburg"),
        ("71876000", "Ханты-Мансийский автономный округ – Югра", "Asia/Yekaterinburg"),
        ("71956000", "Ямало-Ненецкий автономный округ", "Asia/Yekaterinburg"),
        ("27701000", "Калининградская область", "Europe/Kaliningrad"),
        ("98701000", "Республика Саха (Якутия)", "Asia/Yakutsk"),
        ("77701000", "Чукотский автономный округ", "Asia/Kamchatka"),
    ],
)
def test_a_code_names_its_region_and_clock(oktmo, region, zone):
    found = region_of(oktmo)
    assert (found.name, found.time_zone) == (region, zone)


@pytest.mark.parametrize(
    ("oktmo", "kind"),
    [
        ("05720000", MunicipalityKind.URBAN_DISTRICT),
        ("05512000", MunicipalityKind.MUNICIPAL_OKRUG),
        ("05637000", MunicipalityKind.MUNICIPAL_DISTRICT),
        ("08603101", MunicipalityKind.URBAN_SETTLEMENT),
        ("01625495", MunicipalityKind.RURAL_SETTLEMENT),
        ("01625495101", MunicipalityKind.RURAL_SETTLEMENT),
        ("45301000", MunicipalityKind.INTRACITY_TERRITORY),
        ("36701305", MunicipalityKind.INTRACITY_DISTRICT),
        ("71819000", MunicipalityKind.MUNICIPAL_DISTRICT),
        ("71876000", MunicipalityKind.URBAN_DISTRICT),
        ("45945000", None),
    ],
)
def test_a_code_tells_the_kind_where_it_can(oktmo, kind):
    assert kind_of(oktmo) is kind


@pytest.mark.parametrize(
    "typed", ["", "1", "0572000", "057200000", "0572000O", "０５７２００００", "05 720 000 0001", "x" * 40]
)
def test_what_is_no_code_is_said_to_be_none(typed):
    assert oktmo_fault(plain_oktmo(typed)) == NOT_A_CODE


@pytest.mark.parametrize("oktmo", ["05000000", "05700000", "01625400", "08603100", "71810000", "71850000"])
def test_headings_of_the_classifier_are_no_municipalities(oktmo):
    assert oktmo_fault(oktmo) == IS_A_HEADING


def test_a_code_of_no_region_is_refused():
    assert "02" in str(oktmo_fault("02701000"))


@given(CODES)
def test_every_code_is_either_refused_or_has_a_region(oktmo):
    assert (oktmo_fault(oktmo) is None) <= (region_of(oktmo) is not None)
    assert kind_of(oktmo) in {*MunicipalityKind, None}


@given(CODES)
def test_blanks_and_the_zeros_of_the_second_section_make_no_difference(oktmo):
    spaced = " ".join((oktmo[:2], oktmo[2:5], oktmo[5:8], oktmo[8:]))
    assert plain_oktmo(spaced) == plain_oktmo(oktmo)
    assert plain_oktmo(oktmo[:8] + "000") == oktmo[:8]


def test_every_kind_has_a_label():
    assert set(KINDS) == set(MunicipalityKind)


def test_a_municipality_is_read_with_the_region_of_its_code():
    form = Form([("oktmo", "05 720 000"), ("municipality", "Спасск-Дальний"), ("kind", "urban_district"),
                 ("time_zone", "Asia/Vladivostok")])  # fmt: skip
    found = read_municipality(form)
    form.demand()
    assert (found.oktmo, found.region) == ("05720000", "Приморский край")


def test_every_missing_part_of_a_municipality_is_an_error():
    form = Form([("oktmo", "05700000"), ("municipality", ""), ("kind", "kingdom"), ("time_zone", "Mars/Olympus")])
    assert read_municipality(form) is None
    assert set(form.errors) == {"oktmo", "municipality", "kind", "time_zone"}
