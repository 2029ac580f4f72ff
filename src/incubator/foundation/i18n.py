"""Locale, plural, numbers and time zones: everything people read passes through here. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from incubator.foundation import locales
from incubator.foundation.locales import (
    DEFAULT_LOCALE,
    LOCALES,
    MOSCOW,
    N_,
    gettext,
    known_zone,
    locale,
    ngettext,
    npgettext,
    parse_accept_language,
    pgettext,
    speaking,
    use,
    zone,
)

__all__ = [
    "DEFAULT_LOCALE",
    "LOCALES",
    "MOSCOW",
    "N_",
    "ZONES",
    "Due",
    "Message",
    "Zone",
    "ago",
    "clock",
    "day",
    "deadline",
    "exact",
    "file_size",
    "gettext",
    "known_zone",
    "locale",
    "moment",
    "ngettext",
    "npgettext",
    "number",
    "parse_accept_language",
    "pgettext",
    "score",
    "speaking",
    "tied",
    "use",
    "weekday",
    "zone",
    "zone_choices",
    "zone_label",
]

NBSP = "\N{NO-BREAK SPACE}"
NUMBER_AND_WORD = re.compile(r"(?<=\d) (?=[^\W\d])")
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """A text translated only when it is shown: `str(message)` speaks the locale of that moment.

    Placeholders are those of `str.format`. Decimals, dates and moments among them, and other messages, are localised too;
    plain integers stay as they are (years).
    """

    msgid: str
    plural: str | None
    context: str | None
    params: tuple[tuple[str, Any], ...]

    def __init__(self, msgid: str, /, **params: object) -> None:
        _fill(self, msgid, None, None, params)

    @classmethod
    def count(cls, one: str, many: str, n: int, /, **params: object) -> Message:
        """A message with plural forms; `{n}` is the number, with its thousands grouped."""
        return _fill(cls.__new__(cls), one, many, None, {**params, "n": n})

    @classmethod
    def within(cls, context: str, msgid: str, /, **params: object) -> Message:
        """A message whose msgid alone would be ambiguous."""
        return _fill(cls.__new__(cls), msgid, None, context, params)

    def __str__(self) -> str:
        values = {name: _spoken(value) for name, value in self.params}
        if self.plural is None:
            text = gettext(self.msgid) if self.context is None else pgettext(self.context, self.msgid)
        else:
            n = dict(self.params)["n"]
            text, values["n"] = ngettext(self.msgid, self.plural, n), number(n)
        return text.format(**values)


def _fill(message: Message, msgid: str, plural: str | None, context: str | None, params: dict[str, object]) -> Message:
    object.__setattr__(message, "msgid", msgid)
    object.__setattr__(message, "plural", plural)
    object.__setattr__(message, "context", context)
    object.__setattr__(message, "params", tuple(sorted(params.items())))
    return message


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline among the parameters of a message: said by `deadline`, in the zone of those who have to keep it.

    Without a zone it is said in the reader's; what is left is only said where `now` is given.
    """

    instant: datetime
    zone: str | None = None
    now: datetime | None = None


def _spoken(value: object) -> object:
    """A parameter as people read it."""
    if isinstance(value, Due):
        return deadline(value.instant, value.zone or locales.zone(), value.now)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    return number(value) if isinstance(value, Decimal | float) else value


# --- Numbers ----------------------------------------------------------------------------------------------------------


def number(value: Decimal | float, places: int | None = None) -> str:
    """1 234,5 in Russian, 1,234.5 in English; `places` fixes the decimals, else they are as many as needed."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    if not exact.is_finite():
        return "–"
    if places is not None:
        exact = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{abs(exact):,f}"
    if places is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    if locales.locale() == "ru":
        text = text.replace(",", NBSP).replace(".", ",")
    return MINUS + text if exact < 0 else text


def score(thousandths: int | None) -> str:
    """Thousandths of a point as points: 7500 is «7,5»; nothing is a dash."""
    return "–" if thousandths is None else _points(thousandths, locales.locale())


@lru_cache(maxsize=4096)  # a sheet says the same few marks over and over
def _points(thousandths: int, locale: str) -> str:  # noqa: ARG001  (the current one, in which `number` speaks)
    return number(Decimal(thousandths).scaleb(-3))


def exact(text: str | None) -> str:
    """An exact decimal that is kept as text, with all its decimals: `8.40` is «8,40»; nothing is a dash."""
    return "–" if text is None else _exact(text, locales.locale())


@lru_cache(maxsize=4096)  # a ranking of a thousand lines
def _exact(text: str, locale: str) -> str:  # noqa: ARG001  (the current one, in which `number` speaks)
    value = Decimal(text)
    return number(value, max(0, -int(value.as_tuple().exponent)))


def file_size(size: int) -> str:
    """Bytes as people read them, by 1,024: «1,4 МБ»."""
    amount, unit = Decimal(size), N_("B")
    for larger in (N_("KB"), N_("MB"), N_("GB")):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    rounded = amount.quantize(Decimal("0.1") if amount < 10 else Decimal(1), ROUND_HALF_UP)
    return f"{number(rounded)}{NBSP}{gettext(unit)}"


# --- Time -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Zone:
    """A Russian time zone: its IANA name, its city, and the city as said after a time («по Владивостоку»)."""

    id: str
    city: Message
    clock: Message


ZONES = (
    Zone("Europe/Kaliningrad", Message("Kaliningrad"), Message.within("time", "Kaliningrad")),
    Zone("Europe/Moscow", Message("Moscow"), Message.within("time", "MSK")),
    Zone("Europe/Samara", Message("Samara"), Message.within("time", "Samara")),
    Zone("Asia/Yekaterinburg", Message("Yekaterinburg"), Message.within("time", "Yekaterinburg")),
    Zone("Asia/Omsk", Message("Omsk"), Message.within("time", "Omsk")),
    Zone("Asia/Krasnoyarsk", Message("Krasnoyarsk"), Message.within("time", "Krasnoyarsk")),
    Zone("Asia/Irkutsk", Message("Irkutsk"), Message.within("time", "Irkutsk")),
    Zone("Asia/Yakutsk", Message("Yakutsk"), Message.within("time", "Yakutsk")),
    Zone("Asia/Vladivostok", Message("Vladivostok"), Message.within("time", "Vladivostok")),
    Zone("Asia/Magadan", Message("Magadan"), Message.within("time", "Magadan")),
    Zone("Asia/Kamchatka", Message("Kamchatka"), Message.within("time", "Kamchatka")),
)
_BY_ID = {zone.id: zone for zone in ZONES}
OTHER_RUSSIAN = frozenset(
    {f"Asia/{city}" for city in ("Anadyr", "Barnaul", "Chita", "Khandyga", "Novokuznetsk", "Novosibirsk", "Sakhalin",
                                 "Srednekolymsk", "Tomsk", "Ust-Nera")}
    | {f"Europe/{city}" for city in ("Astrakhan", "Kirov", "Saratov", "Simferopol", "Ulyanovsk", "Volgograd")}
)  # fmt: skip
"""Russian zones with the clock of one of the eleven and another history: said by their distance from Moscow."""


def zone_choices(now: datetime) -> list[tuple[str, str]]:
    """The eleven zones for a select, west to east: name and «Владивосток (МСК+7)»."""
    return [(each.id, f"{each.city} ({_from_moscow(now, ZoneInfo(each.id))})") for each in ZONES]


def zone_label(instant: datetime, zone: str | None = None) -> str:
    """What is said after a clock time: «по Владивостоку (МСК+7)», «МСК» for Moscow, «(UTC+3)» abroad."""
    name = zone or locales.zone()
    shift = _shift(instant, ZoneInfo(name))
    return _label(name, shift, shift - _shift(instant, ZoneInfo(MOSCOW)), locales.locale())


@lru_cache(maxsize=512)
def _label(name: str, shift: timedelta, difference: timedelta, locale: str) -> str:  # noqa: ARG001  (the current one)
    known = _BY_ID.get(name)
    if name in OTHER_RUSSIAN:
        said = _offset(pgettext("time", "MSK"), difference)
        return f"({said})" if difference else said
    if known is None:
        return f"({_offset('UTC', shift)})"
    return str(known.clock) if name == MOSCOW else f"{known.clock} ({_offset(pgettext('time', 'MSK'), difference)})"


def _from_moscow(instant: datetime, place: ZoneInfo) -> str:
    difference = _shift(instant, place) - _shift(instant, ZoneInfo(MOSCOW))
    return _offset(pgettext("time", "MSK"), difference)


def _shift(instant: datetime, place: tzinfo) -> timedelta:
    return instant.astimezone(place).utcoffset() or timedelta()


def _offset(base: str, shift: timedelta) -> str:
    """`МСК+7`, `МСК−1`, `UTC+5:30`, and the bare base for nothing."""
    minutes = round(abs(shift) / timedelta(minutes=1))
    if not minutes:
        return base
    rest = f":{minutes % 60:02}" if minutes % 60 else ""
    return f"{base}{'+' if shift > timedelta() else MINUS}{minutes // 60}{rest}"


def _local(instant: datetime, zone: str | None) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return instant.astimezone(ZoneInfo(zone or locales.zone()))


def day(value: date, zone: str | None = None, *, year: bool = True) -> str:
    """«14 марта 2026»; an instant is seen from the zone, the current one if none is named."""
    shown = _local(value, zone).date() if isinstance(value, datetime) else value
    return _day(shown, "d MMMM y" if year else "d MMMM", locales.locale())


@lru_cache(maxsize=4096)  # a page of deadlines says the same few days over and over
def _day(shown: date, pattern: str, locale: str) -> str:
    return tied(format_date(shown, pattern, locale=locale))


def tied(text: str) -> str:
    """A number and the word it belongs to on one line: no break in «14 марта», «18:00 по Владивостоку», «11 дней»."""
    return NUMBER_AND_WORD.sub(NBSP, text)


def weekday(value: date) -> str:
    """«суббота»."""
    return _day(value, "EEEE", locales.locale())


def clock(instant: datetime, zone: str | None = None) -> str:
    """«14:02» in the zone."""
    return f"{_local(instant, zone):%H:%M}"


def moment(instant: datetime, zone: str | None = None) -> str:
    """«14 марта 2026, 18:00 по Владивостоку (МСК+7)»."""
    return tied(f"{day(instant, zone)}, {clock(instant, zone)} {zone_label(instant, zone)}")


def deadline(instant: datetime, zone: str, now: datetime | None = None) -> str:
    """The one sentence for a deadline: local time, Moscow time, what is left.

    «14 марта, 18:00 по Владивостоку (МСК+7) · 11:00 МСК · осталось 2 дня». The year stands there when it is not this
    year; Moscow's day when it is another day than here; Moscow's time not at all when it is the same. What is read at
    an unknown time (a letter, a receipt) has no `now`: the year stands there and what is left does not.
    """
    here, moscow = _local(instant, zone), _local(instant, MOSCOW)
    today = None if now is None else _local(now, zone).date()
    year = today is None or here.year != today.year
    parts = [f"{day(here.date(), year=year)}, {here:%H:%M} {zone_label(instant, zone)}"]
    if here.utcoffset() != moscow.utcoffset():
        date_there = "" if here.date() == moscow.date() else f"{day(moscow.date(), year=year)}, "
        parts.append(f"{date_there}{moscow:%H:%M} {zone_label(instant, MOSCOW)}")
    if now is not None and today is not None:
        days = abs((here.date() - today).days)
        parts.append(str(_left(instant - now, days) if instant >= now else _passed(now - instant, days)))
    return tied(" · ".join(parts))


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def _left(span: timedelta, days: int) -> Message:
    """Hours up to two days, rounded down; then `days` of the calendar, so that today and they make the day that is named."""
    if span >= 2 * DAY:
        return Message.count("{n} day left", "{n} days left", days)
    if span >= HOUR:
        return Message.count("{n} hour left", "{n} hours left", span // HOUR)
    if span >= MINUTE:
        return Message.count("{n} minute left", "{n} minutes left", span // MINUTE)
    return Message("less than a minute left")


def _passed(span: timedelta, days: int) -> Message:
    if span >= 2 * DAY:
        return Message.count("passed {n} day ago", "passed {n} days ago", days)
    if span >= HOUR:
        return Message.count("passed {n} hour ago", "passed {n} hours ago", span // HOUR)
    if span >= MINUTE:
        return Message.count("passed {n} minute ago", "passed {n} minutes ago", span // MINUTE)
    return Message("passed just now")


def ago(instant: datetime, now: datetime) -> str:
    """«3 часа назад»; the day itself after a month."""
    span = now - instant
    if span >= 30 * DAY:
        return day(instant)
    if span >= 2 * DAY:
        return tied(str(Message.count("{n} day ago", "{n} days ago", span // DAY)))
    if span >= HOUR:
        return tied(str(Message.count("{n} hour ago", "{n} hours ago", span // HOUR)))
    if span >= MINUTE:
        return tied(str(Message.count("{n} minute ago", "{n} minutes ago", span // MINUTE)))
    return gettext("just now")
