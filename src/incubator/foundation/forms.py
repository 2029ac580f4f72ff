"""The raw-form layer: what was typed becomes typed values, or every error by field. Pure.

    form = Form(pairs)                          # or Form.empty(initial) to show it for the first time
    title = form.name("title", limit=120)       # "" and an error when it can't be read
    goal = form.decimal("goal", Decimal(0), Decimal(100), places=1)
    form.demand()                               # 400 for fields nobody read, 422 with all errors
    act(title, given(goal))

Texts that are blank or wrong come back as "", all other values as None. Each reading registers its field; a field that
nobody reads, or that is there twice without being a list, is refused with 400: no form of ours sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from incubator.foundation import readings
from incubator.foundation.i18n import NBSP, Message, locale, number
from incubator.foundation.readings import EARLIEST, LATEST, Unreadable
from incubator.foundation.refusals import Invalid, UnexpectedFields

T = TypeVar("T")
Choice = TypeVar("Choice", bound=str)

REQUIRED = Message("Fill in this field.")
CHOOSE = Message("Choose an answer.")


def given(value: T | None) -> T:
    """A required value after `demand`: tells the type checker, and the programmer who forgot `demand`."""
    if value is None:
        raise ValueError("a required value is missing: `demand` comes first")
    return value


def local_input(instant: datetime | None, zone: str) -> str:
    """What a datetime-local field shows for an instant, seen from `zone`."""
    return "" if instant is None else f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


class Reader:
    """Reading methods over one value for each name; `Form` and `Row` say where it lies and where errors go."""

    def _take(self, name: str) -> str:
        """The raw value, "" when absent; registers the name."""
        raise NotImplementedError

    def fail(self, name: str, reason: Message) -> None:
        """Record an error of a field; the first one stands."""
        raise NotImplementedError

    def _read(self, name: str, read: Callable[[str], T], *, required: bool, missing: Message = REQUIRED) -> T | None:
        raw = self._take(name)
        if not raw.strip(readings.BLANK):
            if required:
                self.fail(name, missing)
            return None
        try:
            return read(raw)
        except Unreadable as refusal:
            self.fail(name, refusal.reason)
            return None

    def text(self, name: str, *, required: bool = True, limit: int = 200, lines: bool = False) -> str:
        """Text of at most `limit` characters, in one line unless `lines`; "" when blank or wrong."""
        read = readings.lines if lines else readings.line
        return self._read(name, lambda raw: read(raw, limit), required=required) or ""

    def name(self, name: str, *, required: bool = True, limit: int = 200) -> str:
        """Text that names a person or a thing: no word mixes Latin and Cyrillic letters."""
        return self._read(name, lambda raw: readings.name(raw, limit), required=required) or ""

    def email(self, name: str, *, required: bool = True) -> str:
        """An e-mail address in lower case; "" when blank or wrong."""
        return self._read(name, readings.email, required=required) or ""

    def url(self, name: str, *, required: bool = True, limit: int = 2000) -> str:
        """A web address with http or https; "" when blank or wrong."""
        return self._read(name, lambda raw: readings.url(raw, limit), required=required) or ""

    def integer(self, name: str, low: int, high: int, *, required: bool = True) -> int | None:
        """A whole number from `low` to `high`."""
        return self._read(name, lambda raw: readings.integer(raw, low, high), required=required)

    def decimal(
        self, name: str, low: Decimal | int, high: Decimal | int, places: int, *, required: bool = True
    ) -> Decimal | None:
        """An exact number with at most `places` decimals, after a comma or a point."""
        bounds = Decimal(low), Decimal(high)
        return self._read(name, lambda raw: readings.decimal(raw, *bounds, places), required=required)

    def thousandths(
        self, name: str, low: int, high: int, step: int, *, required: bool = True, missing: Message = REQUIRED
    ) -> int | None:
        """A mark written in points («7,5»), given, like its bounds and step, in thousandths of a point (7500)."""
        return self._read(
            name, lambda raw: readings.thousandths(raw, low, high, step), required=required, missing=missing
        )

    def date(self, name: str, low: date = EARLIEST, high: date = LATEST, *, required: bool = True) -> date | None:
        """A day, as browsers send it or as people write it."""
        return self._read(name, lambda raw: readings.day(raw, low, high), required=required)

    def local_moment(self, name: str, zone: str, *, required: bool = True) -> datetime | None:
        """A clock time in `zone` as an aware instant in UTC."""
        return self._read(name, lambda raw: readings.local_moment(raw, zone), required=required)

    def uuid(self, name: str, *, required: bool = True, missing: Message = CHOOSE) -> UUID | None:
        """A key of a thing, from a hidden field or a select; `missing` says what is to be chosen."""
        return self._read(name, readings.uuid, required=required, missing=missing)

    def choice(
        self, name: str, options: Iterable[Choice], *, required: bool = True, missing: Message = CHOOSE
    ) -> Choice | None:
        """One of the options (strings, or a StrEnum class), given back as it stands among them."""
        known = {str(option): option for option in options}

        def read(raw: str) -> Choice:
            if raw not in known:
                raise Unreadable(readings.UNKNOWN_CHOICE)
            return known[raw]

        return self._read(name, read, required=required, missing=missing)


class Form(Reader):
    """What a person sent, its values and its errors; also what the page shows in the fields."""

    def __init__(self, pairs: Iterable[tuple[str, str]], initial: Mapping[str, object] | None = None) -> None:
        self.errors: dict[str, Message] = {}
        self.sent = True
        self._initial = dict(initial or {})
        self._typed: dict[str, list[str]] = {}
        self._known: set[str] = set()
        self._unexpected: set[str] = set()
        for name, value in pairs:
            if isinstance(value, str):
                self._typed.setdefault(name, []).append(value)
            else:
                self._unexpected.add(name)  # a file where a text belongs

    @classmethod
    def empty(cls, initial: Mapping[str, object] | None = None) -> Form:
        """A form that nobody has sent yet."""
        form = cls((), initial)
        form.sent = False
        return form

    # What was typed, for templates

    def value(self, name: str) -> str:
        """What was typed into a field, else its initial value."""
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> list[str]:
        """All that was typed under a name, else the initial values."""
        if name in self._typed:
            return list(self._typed[name])
        initial = self._initial.get(name)
        return [_shown(each) for each in initial] if isinstance(initial, list | tuple) else [_shown(initial)]

    def checked(self, name: str, option: str = "on") -> bool:
        """Whether a tick box or radio is on. A sent form without the name has it off, whatever it was at first."""
        return option in (self._typed.get(name, []) if self.sent else self.values(name))

    def grid(self, *names: str, spare: int = 0) -> list[dict[str, str]]:
        """Rows of a repeated group as templates show them: by name, with `spare` blank rows at the end.

        Rows that came blank count among the spare ones, else a form that is refused twice would grow twice.
        """
        columns = {name: self.values(name) if self._has(name) else [] for name in names}
        length = max(map(len, columns.values()), default=0)
        rows = [{n: column[i] if i < len(column) else "" for n, column in columns.items()} for i in range(length)]
        while spare and rows and not any(value.strip() for value in rows[-1].values()):
            rows.pop()
        return rows + [dict.fromkeys(names, "") for _ in range(spare)]

    def _has(self, name: str) -> bool:
        return name in self._typed or name in self._initial

    def error(self, name: str) -> Message | None:
        """The error of a field; of a cell in a repeated group by `name.row`, counted from 0."""
        return self.errors.get(name)

    @property
    def ok(self) -> bool:
        """Whether everything read so far could be read."""
        return not self.errors

    # Drafts

    def raw(self, name: str) -> str:
        """What was typed, right or wrong, for a draft that keeps everything; registers the name."""
        return self._take(name)

    # Lists

    def flag(self, name: str) -> bool:
        """A tick box: sent as `on`, or not at all."""
        raw = self._take(name)
        if raw not in {"", "on"}:
            self._unexpected.add(name)
        return raw == "on"

    def choices(
        self, name: str, options: Iterable[Choice], *, required: bool = False, missing: Message = CHOOSE
    ) -> list[Choice]:
        """The options that were ticked, in the order of the options."""
        typed = self._take_all(name)
        known = {str(option): option for option in options}
        if len(set(typed)) != len(typed):
            self._unexpected.add(name)
        if not set(typed) <= known.keys():
            self.fail(name, readings.UNKNOWN_CHOICE)
        elif required and not typed:
            self.fail(name, missing)
        return [option for word, option in known.items() if word in typed]

    def texts(self, name: str, *, limit: int = 200, most: int = 100, lines: bool = False) -> list[str]:
        """All texts sent under one name, blanks included; the error of each is at `name.row`."""
        return [row.text(name, required=False, limit=limit, lines=lines) for row in self._rows((name,), most)]

    def uuids(self, name: str, *, most: int = 100) -> list[UUID]:
        """All keys sent under one name (ticked boxes, say), each once; the error of each is at `name.row`."""
        found = [row.uuid(name, required=False) for row in self._rows((name,), most)]
        keys = [each for each in found if each is not None]
        if len(set(keys)) != len(keys):
            self._unexpected.add(name)
        return keys

    def rows(self, *names: str, most: int = 100) -> list[Row]:
        """Rows of a repeated group: fields of these names sent once for each row; rows that are all blank are left out.

        Each field must send something in every row, so a tick box has no place here.
        """
        return [row for row in self._rows(names, most) if not row.blank]

    def _rows(self, names: Sequence[str], most: int) -> list[Row]:
        columns = {name: self._take_all(name) for name in names}
        lengths = {len(column) for column in columns.values()}
        if len(lengths) > 1:
            self._unexpected.update(names)
            return []
        rows = [Row(self, i, {n: column[i] for n, column in columns.items()}) for i in range(lengths.pop())]
        if sum(not row.blank for row in rows) > most:  # pages send spare rows, which are blank
            self.fail(names[0], Message.count("At most {n} row fits here.", "At most {n} rows fit here.", most))
            return []
        return rows

    # The end

    def only(self, *names: str, rows: bool = False) -> None:
        """Let fields pass that are not read here (a button's name, say): once each, unless they are cells of `rows`."""
        self._known.update(names)
        if not rows:
            self._unexpected.update(name for name in names if len(self._typed.get(name, ())) > 1)

    def fail(self, name: str, reason: Message) -> None:
        """Record an error of a field; the first one stands."""
        self.errors.setdefault(name, reason)

    def finish(self) -> None:
        """Raise UnexpectedFields for names nobody read and for repeated ones; `_names` are the framework's."""
        unread = {name for name in self._typed if name not in self._known and not name.startswith("_")}
        if names := unread | self._unexpected:
            raise UnexpectedFields(names)

    def demand(self) -> None:
        """`finish`, then raise Invalid if anything could not be read."""
        self.finish()
        if self.errors:
            raise Invalid(self)

    def _take(self, name: str) -> str:
        typed = self._take_all(name)
        if len(typed) > 1:
            self._unexpected.add(name)
        return typed[0] if typed else ""

    def _take_all(self, name: str) -> list[str]:
        self._known.add(name)
        return self._typed.get(name, [])


class Row(Reader):
    """One row of a repeated group; `index` is its place among the rows that were sent."""

    def __init__(self, form: Form, index: int, cells: Mapping[str, str]) -> None:
        self.index = index
        self._form = form
        self._cells = cells

    @property
    def blank(self) -> bool:
        """Whether nothing was typed into the row."""
        return not any(cell.strip(readings.BLANK) for cell in self._cells.values())

    def fail(self, name: str, reason: Message) -> None:
        """Record an error of a cell, under `name.row` in the form."""
        self._form.fail(f"{name}.{self.index}", reason)

    def _take(self, name: str) -> str:
        return self._cells[name]


def _shown(value: object) -> str:
    """An initial value as the field shows it."""
    if value is None or value is False:
        return ""
    if isinstance(value, datetime):
        raise TypeError("an instant is shown by `local_input`, which knows the zone")
    if isinstance(value, Decimal):
        # English groups thousands by commas, which the reader takes for decimals: 12,345 would come back as 12.345.
        return number(value).replace(",", NBSP) if locale() == "en" else number(value)
    return "on" if value is True else str(value)
