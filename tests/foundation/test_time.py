"""Eleven time zones and the one deadline sentence, in both languages."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incubator.foundation import i18n
from incubator.foundation.i18n import MOSCOW, NBSP, ZONES, speaking

RUSSIAN = ("ru", MOSCOW)
ENGLISH = ("en", MOSCOW)
VLADIVOSTOK = "Asia/Vladivostok"


def untied(says):
    """Its text with common spaces: where lines must not break has a test of its own."""
    return lambda *values, **named: says(*values, **named).replace(NBSP, " ")


moment, deadline, day, ago = map(untied, (i18n.moment, i18n.deadline, i18n.day, i18n.ago))
DUE = datetime(2026, 3, 14, 8, tzinfo=UTC)  # 18:00 in Vladivostok, 11:00 in Moscow

CITIES = {
    "Europe/Kaliningrad": (-1, "по Калининграду (МСК−1)"),
    "Europe/Moscow": (0, "МСК"),
    "Europe/Samara": (1, "по Самаре (МСК+1)"),
    "Asia/Yekaterinburg": (2, "по Екатеринбургу (МСК+2)"),
    "Asia/Omsk": (3, "по Омску (МСК+3)"),
    "Asia/Krasnoyarsk": (4, "по Красноярску (МСК+4)"),
    "Asia/Irkutsk": (5, "по Иркутску (МСК+5)"),
    "Asia/Yakutsk": (6, "по Якутску (МСК+6)"),
    "Asia/Vladivostok": (7, "по Владивостоку (МСК+7)"),
    "Asia/Magadan": (8, "по Магадану (МСК+8)"),
    "Asia/Kamchatka": (9, "по Камчатке (МСК+9)"),
}
# Every hour of the clock, at both ends of the year and on the last day of a leap February.
INSTANTS = [
    datetime(*day, hour, 30, tzinfo=UTC)
    for day in ((2026, 1, 1), (2026, 7, 1), (2026, 12, 31), (2028, 2, 29))
    for hour in range(24)
]


def test_the_eleven_zones_run_from_west_to_east():
    assert [zone.id for zone in ZONES] == list(CITIES)
    with speaking(*RUSSIAN):
        choices = i18n.zone_choices(DUE)
    assert choices[0] == ("Europe/Kaliningrad", "Калининград (МСК−1)")
    assert choices[1] == ("Europe/Moscow", "Москва (МСК)")
    assert choices[10] == ("Asia/Kamchatka", "Камчатка (МСК+9)")


@pytest.mark.parametrize("zone", CITIES)
def test_a_deadline_in_each_zone_at_each_hour(zone):
    hours, label = CITIES[zone]
    for instant in INSTANTS:
        here, moscow = instant + timedelta(hours=3 + hours), instant + timedelta(hours=3)
        with speaking(*RUSSIAN):
            local, *other, left = deadline(instant, zone, instant - timedelta(hours=5)).split(" · ")
            assert local.endswith(f"{here:%H:%M} {label}")
            assert local.startswith(f"{here.day} ")
            assert moment(instant, zone) == f"{day(here.date())}, {here:%H:%M} {label}"
        assert left == "осталось 5 часов"
        if not hours:
            assert other == []
        elif here.date() == moscow.date():
            assert other == [f"{moscow:%H:%M} МСК"]
        else:  # another day there: the bare time would be a day wrong
            assert other[0].startswith(f"{moscow.day} ")
            assert other[0].endswith(f"{moscow:%H:%M} МСК")


@pytest.mark.parametrize(
    ("zone", "before", "russian", "english"),
    [
        (VLADIVOSTOK, timedelta(days=2, hours=3), "14 марта, 18:00 по Владивостоку (МСК+7) · 11:00 МСК · осталось 2 дня",
         "14 March, 18:00 Vladivostok (MSK+7) · 11:00 MSK · 2 days left"),
        (MOSCOW, timedelta(hours=47, minutes=59), "14 марта, 11:00 МСК · осталось 47 часов", "14 March, 11:00 MSK · 47 hours left"),
        (MOSCOW, timedelta(minutes=61), "14 марта, 11:00 МСК · остался 1 час", "14 March, 11:00 MSK · 1 hour left"),
        (MOSCOW, timedelta(minutes=59, seconds=59), "14 марта, 11:00 МСК · осталось 59 минут", "14 March, 11:00 MSK · 59 minutes left"),
        (MOSCOW, timedelta(minutes=1), "14 марта, 11:00 МСК · осталась 1 минута", "14 March, 11:00 MSK · 1 minute left"),
        (MOSCOW, timedelta(seconds=59), "14 марта, 11:00 МСК · осталось меньше минуты", "14 March, 11:00 MSK · less than a minute left"),
        (MOSCOW, timedelta(seconds=-1), "14 марта, 11:00 МСК · прошёл только что", "14 March, 11:00 MSK · passed just now"),
        (MOSCOW, timedelta(minutes=-2), "14 марта, 11:00 МСК · прошёл 2 минуты назад", "14 March, 11:00 MSK · passed 2 minutes ago"),
        (MOSCOW, timedelta(hours=-3), "14 марта, 11:00 МСК · прошёл 3 часа назад", "14 March, 11:00 MSK · passed 3 hours ago"),
        (MOSCOW, timedelta(days=-21), "14 марта, 11:00 МСК · прошёл 21 день назад", "14 March, 11:00 MSK · passed 21 days ago"),
        (MOSCOW, timedelta(days=90), "14 марта 2026, 11:00 МСК · осталось 90 дней", "14 March 2026, 11:00 MSK · 90 days left"),
    ],
)  # fmt: skip
def test_the_deadline_sentence(zone, before, russian, english):
    with speaking(*RUSSIAN):
        assert deadline(DUE, zone, DUE - before) == russian
    with speaking(*ENGLISH):
        assert deadline(DUE, zone, DUE - before) == english


BORDERS = st.builds(  # instants around the end of a day somewhere in Russia
    lambda day, zone, seconds: datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)) + timedelta(days=day, seconds=seconds),
    st.integers(0, 900), st.sampled_from(sorted(CITIES)), st.integers(-3, 3) | st.integers(-90_000, 90_000),
)  # fmt: skip


def form_of(n, one, few, many):
    """The form of a Russian noun after a number, by the rule of the school grammar."""
    if n % 100 in {11, 12, 13, 14}:
        return many
    return one if n % 10 == 1 else few if n % 10 in {2, 3, 4} else many


@settings(max_examples=1500)
@given(
    BORDERS,
    BORDERS | st.none(),
    st.timedeltas(timedelta(days=-120), timedelta(days=120)),
    st.sampled_from(sorted(CITIES)),
)
def test_what_is_left_never_contradicts_the_date(due, other, span, zone):
    """Today and "N days left" make the day that is named; hours and minutes are rounded down; plurals are right."""
    now = other or due - span
    here, today = due.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    with speaking(*RUSSIAN):
        named, *_, left = deadline(due, zone, now).split(" · ")
        assert named.startswith(day(here.date(), year=here.year != today.year) + f", {here:%H:%M} ")
        assert deadline(due, zone).startswith(day(here.date()) + f", {here:%H:%M} ")
    with speaking(*ENGLISH):
        english = deadline(due, zone, now).split(" · ")[-1]
    count = re.search(r"\d+", left)
    if count is None:
        assert abs(due - now) < timedelta(minutes=1)
        return
    n = int(count[0])
    assert re.search(r"\d+", english)[0] == count[0]
    word = left[count.end() :].split()[0]
    sign = 1 if due >= now else -1
    assert left.startswith("прошёл") == (sign < 0)
    if word.startswith(("день", "дня", "дней")):
        assert today + timedelta(days=sign * n) == here.date()
        assert word == form_of(n, "день", "дня", "дней")
        assert f"{n} day{'' if n == 1 else 's'}" in english
        assert n >= 2
    else:
        unit = timedelta(hours=1) if word.startswith("час") else timedelta(minutes=1)
        assert n * unit <= abs(due - now) < (n + 1) * unit
        assert word == (form_of(n, "час", "часа", "часов") if word.startswith("час") else
                        form_of(n, "минута" if sign > 0 else "минуту", "минуты", "минут"))  # fmt: skip
        assert english.count("s") or n == 1


def test_the_year_is_judged_in_the_zone_of_the_reader():
    new_year = datetime(2026, 12, 31, 15, tzinfo=UTC)  # 1 January 2027, 01:00 in Vladivostok
    with speaking(*RUSSIAN):
        sentence = deadline(new_year, VLADIVOSTOK, new_year - timedelta(days=3))
        later = deadline(new_year + timedelta(days=1), VLADIVOSTOK, new_year)
    assert later.startswith("2 января, 01:00")  # it is 2027 there already, though not yet in UTC
    assert sentence == "1 января 2027, 01:00 по Владивостоку (МСК+7) · 31 декабря 2026, 18:00 МСК · осталось 3 дня"


@pytest.mark.parametrize(
    ("zone", "instant", "label"),
    [
        ("Europe/Berlin", datetime(2026, 1, 15, 12, tzinfo=UTC), "(UTC+1)"),
        ("Europe/Berlin", datetime(2026, 7, 15, 12, tzinfo=UTC), "(UTC+2)"),
        ("Asia/Kolkata", DUE, "(UTC+5:30)"),
        ("America/St_Johns", datetime(2026, 1, 15, 12, tzinfo=UTC), "(UTC−3:30)"),
        ("Europe/Minsk", DUE, "(UTC+3)"),
        ("Asia/Chita", DUE, "(МСК+6)"),
        ("Asia/Novosibirsk", DUE, "(МСК+4)"),
        ("Europe/Volgograd", DUE, "МСК"),
        ("UTC", DUE, "(UTC)"),
    ],
)
def test_zones_abroad_and_their_summer_time(zone, instant, label):
    with speaking(*RUSSIAN):
        assert moment(instant, zone).endswith(f"{instant.astimezone(ZoneInfo(zone)):%H:%M} {label}")


def test_a_zone_with_the_clock_of_moscow_is_not_told_the_time_twice():
    with speaking(*RUSSIAN):
        assert deadline(DUE, "Europe/Minsk", DUE) == "14 марта, 11:00 (UTC+3) · осталось меньше минуты"


def test_offsets_are_those_of_the_instant_not_of_today():
    with speaking(*RUSSIAN):  # Moscow stood at UTC+4 then, Samara too
        assert i18n.zone_label(datetime(2013, 6, 1, tzinfo=UTC), "Europe/Samara") == "по Самаре (МСК)"


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        i18n.clock(datetime(2026, 3, 14, 8))


@pytest.mark.parametrize(
    ("past", "russian"),
    [
        (timedelta(seconds=-5), "только что"), (timedelta(0), "только что"), (timedelta(minutes=5), "5 минут назад"),
        (timedelta(hours=1), "1 час назад"), (timedelta(hours=47), "47 часов назад"), (timedelta(days=3), "3 дня назад"),
        (timedelta(days=30), "14 марта 2026"),
    ],
)  # fmt: skip
def test_ago(past, russian):
    with speaking(*RUSSIAN):
        assert ago(DUE, DUE + past) == russian


def test_no_line_breaks_between_a_number_and_its_word():
    with speaking("ru", VLADIVOSTOK):
        left = i18n.deadline(DUE, VLADIVOSTOK, DUE - timedelta(days=11))
        assert left == f"14{NBSP}марта, 18:00{NBSP}по Владивостоку (МСК+7) · 11:00{NBSP}МСК · осталось 11{NBSP}дней"
        assert i18n.moment(DUE) == f"14{NBSP}марта 2026, 18:00{NBSP}по Владивостоку (МСК+7)"
        assert i18n.ago(DUE, DUE + timedelta(days=9)) == f"9{NBSP}дней назад"
    assert i18n.tied("5 11 версий, 2 - 3 и 4") == f"5 11{NBSP}версий, 2 - 3{NBSP}и 4"
