"""Marks, numbers, days and moments that people type: only what is meant passes."""

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incubator.foundation.forms import Form, local_input
from incubator.foundation.i18n import MOSCOW, ZONES, number, score, speaking
from typed import read, refused

NBSP = "\u00a0"


# --- Marks (F42) ------------------------------------------------------------------------------------------------------

NEVER = [
    "NaN", "nan", "sNaN", "Infinity", "-Infinity", "inf", "+inf", "1e999999", "1e1", "5E0", "-0", "−0", "-0,0", str(2**63),
    str(-(2**63)), "1_0", "٣", "７", "७", "²", "½", "7.55555", "0x7", "0b1", "7.", ".5", ",5", "7,,5", "7.5.0", "1,234.5", "1.234,5",
    "5+", "+5", "--5", "5-", "5 5", "1 23", "1'000", "5 %", "five", "7;5", "7,5a", "10,5", "10.001", "-0,5", "0.25", "7\u200b",
]  # fmt: skip


@pytest.mark.parametrize("raw", NEVER)
def test_what_is_no_mark(raw):
    refused("thousandths", raw)


@pytest.mark.parametrize(
    ("raw", "thousandths"),
    [
        ("7,5", 7500),
        ("7.5", 7500),
        ("0", 0),
        ("10", 10_000),
        ("10,0", 10_000),
        ("7,500", 7500),
        (" 7 ", 7000),
        ("007", 7000),
    ],
)
def test_the_ways_to_write_a_mark(raw, thousandths):
    assert read("thousandths", raw) == (thousandths, None)


def test_a_hundred_thousand_marks_that_look_almost_right():
    """Whatever passes is on the scale, in plain digits, and worth what it says (seeded, so that a failure comes back)."""
    dice = random.Random(42)
    alphabet = "0123456789" * 3 + ",.,.-−+eE_ \u00a0\u202f٣７xNaInf%'\u200b\n"
    passed = 0
    for _ in range(100_000):
        raw = "".join(dice.choices(alphabet, k=dice.randint(1, 6)))
        value, error = read("thousandths", raw)
        if error is None:
            passed += 1
            plain = raw.strip().replace(",", ".")
            assert plain.replace(".", "", 1).isascii() and plain.replace(".", "", 1).isdecimal(), raw
            assert Decimal(plain) * 1000 == value and value in range(0, 10_001, 500), raw
    assert passed > 100  # the dice do throw marks


@given(st.integers(-50, 50), st.integers(1, 400), st.sampled_from([1, 5, 100, 250, 500, 1000]), st.data())
def test_every_value_of_a_scale_and_nothing_between_passes(start, steps, step, data):
    low, high = start * step, (start + steps) * step
    value = data.draw(st.integers(low, high))
    for locale in ("ru", "en"):
        with speaking(locale, MOSCOW):
            shown = score(value).replace(",", "") if locale == "en" else score(value)
        form = Form([("x", shown)])
        got = form.thousandths("x", low, high, step)
        assert got == (value if (value - low) % step == 0 else None)
        assert form.ok == (got is not None)


def test_steps_are_counted_from_the_lowest_mark():
    form = Form([("a", "1,5"), ("b", "2")])
    assert form.thousandths("a", 500, 9500, 1000) == 1500
    assert form.thousandths("b", 500, 9500, 1000) is None


def test_no_number_is_longer_than_people_write():
    refused("integer", "0" * 60 + "5")


def test_the_refusal_of_a_mark_names_the_scale():
    with speaking("ru", MOSCOW):
        form = Form([("a", "7,25"), ("b", "11"), ("c", "семь")])
        for name in "abc":
            form.thousandths(name, 0, 10_000, 500)
        assert [str(error) for error in form.errors.values()] == [
            "Введите число от 0 до 10 с шагом 0,5.",
            "Введите число от 0 до 10.",
            "Введите число, после запятой не больше 3 знаков, например 7,5.",
        ]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("12 400", 12400), (f"12{NBSP}400", 12400), ("12\u202f400", 12400), ("-5", -5), ("−5", -5), ("12.0", 12),
        ("1 2", None), ("12 40", None), ("1 2400", None), ("12  400", None), ("9" * 41, None), ("12.5", None), ("1,5", None),
        (str(2**63), None), (str(-(2**63) - 1), None),
    ],
)  # fmt: skip
def test_whole_numbers(raw, value):
    form = Form([("x", raw)])
    assert form.integer("x", -(10**6), 10**6) == value
    assert form.ok == (value is not None)


@given(st.decimals(-(10**9), 10**9, places=3), st.sampled_from(["ru", "en"]))
def test_a_decimal_as_we_show_it_can_be_sent_back(value, locale):
    with speaking(locale, MOSCOW):
        shown = number(value)
    form = Form([("x", shown.replace(",", "") if locale == "en" else shown)])
    assert form.decimal("x", -(10**9), 10**9, 3) == value


# --- Days and moments -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", ["2026-03-14", "14.03.2026", "14.3.2026", " 14.03.2026 "])
def test_a_day_as_browsers_and_people_write_it(raw):
    assert read("date", raw) == (date(2026, 3, 14), None)


@pytest.mark.parametrize(
    "raw",
    [
        "2026-02-29",
        "31.04.2026",
        "0000-01-01",
        "2026-3-14",
        "14.03.26",
        "٠١.٠٢.2026",
        "03/14/2026",
        "20260314",
        "0001-01-01",
        "9999-12-31",
    ],
)
def test_what_is_no_day(raw):
    refused("date", raw)


def test_a_day_out_of_bounds_is_told_the_bounds():
    form = Form([("x", "2027-01-01")])
    assert form.date("x", date(2026, 1, 1), date(2026, 12, 31)) is None
    with speaking("ru", MOSCOW):
        assert str(form.error("x")) == "Введите день не раньше 1\u00a0января 2026 и не позже 31\u00a0декабря 2026."


@pytest.mark.parametrize(
    "raw",
    ["2026-01-02T10:00", "2026-01-02T10:00:00", "2026-01-02T10:00:00.000", "02.01.2026 10:00", "02.01.2026, 10:00"],
)
def test_a_clock_time_of_the_zone_becomes_an_instant(raw):
    form = Form([("x", raw)])
    assert form.local_moment("x", "Asia/Vladivostok") == datetime(2026, 1, 2, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        "2026-01-02",
        "2026-01-02T24:00",
        "2026-01-02T10:60",
        "2026-01-02T10:00Z",
        "2026-01-02T10:00+03:00",
        "2026-01-02T10:00:30",
        "0001-01-01T00:00",
        "9999-12-31T23:59",
    ],
)
def test_what_is_no_moment(raw):
    refused("local_moment", raw)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(
        lambda d: d.replace(second=0, microsecond=0, tzinfo=UTC)
    ),
    st.sampled_from([*(zone.id for zone in ZONES), "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_a_moment_shown_in_a_field_comes_back_as_it_was(instant, zone):
    form = Form([("x", local_input(instant, zone))])
    back = form.local_moment("x", zone)
    assert back is not None
    assert back.utcoffset() == UTC.utcoffset(None)
    assert back <= instant  # the earlier of two when the clocks are put back
    assert back.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == instant.astimezone(ZoneInfo(zone)).replace(
        tzinfo=None
    )
    if zone in {z.id for z in ZONES} and instant.year > 2016:  # no clock of Russia has been moved since
        assert back == instant


def test_summer_time_abroad():
    gap, fold = Form([("x", "2026-03-29T02:30")]), Form([("x", "2026-10-25T02:30")])
    assert gap.local_moment("x", "Europe/Berlin") is None
    with speaking("en", MOSCOW):
        assert "put forward" in str(gap.error("x"))
    assert fold.local_moment("x", "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
