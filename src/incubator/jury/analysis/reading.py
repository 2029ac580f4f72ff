"""Marks from anybody's table: CSV in any usual dialect, or a spreadsheet. Every bad row is named by line and reason."""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from incubator.foundation.i18n import Message
from incubator.foundation.locales import N_
from incubator.jury.analysis.figures import Marks

NAMES = {
    "project": ("project", "проект"),
    "juror": ("juror", "эксперт", "член жюри"),
    "criterion": ("criterion", "критерий"),
    "score": ("score", "балл", "оценка"),
}
"""What a column may be called, in small letters; the first name is the one that is asked for."""

NEEDED = ("project", "juror", "score")
DELIMITERS = ",;\t|"
TOLD = 30
"""Faults that are told of one file."""

SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx and .ods begin, and .xls."""
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
SPACES = str.maketrans({"\u2212": "-", "\N{NO-BREAK SPACE}": None, "\N{NARROW NO-BREAK SPACE}": None})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line of a file; None: with the file."""

    line: int | None
    reason: Message

    def __str__(self) -> str:
        return (
            str(self.reason)
            if self.line is None
            else str(Message("line {n}: {reason}", n=self.line, reason=self.reason))
        )


class Unreadable(Exception):  # noqa: N818  (a file is what its name says)
    """The file has faults; all of them, by line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = tuple(faults)

    def told(self) -> str:
        """The faults, one a line; the first of many."""
        lines = [str(fault) for fault in self.faults[:TOLD]]
        if more := len(self.faults) - TOLD:
            lines += [str(Message.count("and {n} more", "and {n} more", more))] if more > 0 else []
        return "\n".join(lines)


def read(content: bytes, order: str = "") -> Marks:
    """Marks of a file's content; `order` names the column of the turns. Raises Unreadable."""
    lines = _spreadsheet(content) if content.startswith(SPREADSHEETS) else _csv(content)
    first, header = next(((line, row) for line, row in lines if any(cell.strip() for cell in row)), (0, []))
    if not first:
        raise _refusal(N_("the file is empty"))
    table = _Table(_columns(first, header, order), len(header))
    table.fill(lines)
    if table.faults:
        raise Unreadable(table.faults)
    if not table.mark:
        raise _refusal(N_("no row has a mark"))
    return table.marks()


def read_weights(text: str, criteria: Sequence[str]) -> dict[str, float]:
    """Weights like `idea=2,team=1` by criterion, capitals or not; Unreadable names what is wrong."""
    if not criteria:
        raise _refusal(N_("weights need a column criterion"))
    known = {name.casefold(): name for name in criteria} | {name: name for name in criteria}
    weights: dict[str, float] = {}
    for part in filter(str.strip, re.split("[,;]", text)):
        name, _, raw = (word.strip() for word in part.rpartition("="))
        criterion, weight = known.get(name) or known.get(name.casefold()), _number(raw)
        if criterion is None:
            text = N_("no criterion is called {name}; there are: {known}")
            raise _refusal(text, name=name or part.strip(), known=", ".join(criteria[:20]))
        if criterion in weights:
            raise _refusal(N_("two weights for {name}"), name=name)
        if weight is None or not weight >= 0:
            raise _refusal(N_("the weight of {name} is no number of nought or more: {raw}"), name=name, raw=raw)
        weights[criterion] = weight
    if not any(weights.values()):
        raise _refusal(N_("one weight at least is above nought"))
    return weights


def _refusal(text: str, /, line: int | None = None, **params: object) -> Unreadable:
    return Unreadable([Fault(line, Message(text, **params))])


# --- Lines ------------------------------------------------------------------------------------------------------------


def _csv(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    text = _decoded(content)
    if "\0" in text:
        raise _refusal(N_("neither CSV nor a spreadsheet"))
    delimiter, skipped = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    line = 1
    try:
        for row in reader:
            if line > skipped:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise _refusal(N_("no CSV: {reason}"), line, reason=str(error)) from error


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Excel saves as CSV on a Russian Windows; every byte means something there.
        return content.decode("cp1251", errors="replace")


def _delimiter(text: str) -> tuple[str, int]:
    """What stands between the columns, and how many lines come before the header."""
    lines = text.lstrip("\r\n").splitlines()[:1] or [""]
    named = re.fullmatch(r"sep=(.)", lines[0].strip("\r\n\"'"), re.IGNORECASE)
    if named:
        return named[1], 1
    return max(
        DELIMITERS, key=lambda mark: (len(_found(next(csv.reader(lines, delimiter=mark), []))), lines[0].count(mark))
    ), 0


def _spreadsheet(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """Lines of the first sheet that has any; numbered as the program shows them."""
    import python_calamine  # it reads .xlsx, .xls and .ods, and only spreadsheets need it

    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = (workbook.get_sheet_by_index(place) for place in range(len(workbook.sheet_names)))
        rows = next((rows for sheet in sheets if (rows := sheet.to_python(skip_empty_area=False))), [])
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise _refusal(N_("the spreadsheet can't be read: {reason}"), reason=str(error)) from error
    for line, row in enumerate(rows, 1):
        yield line, [_text(cell) for cell in row]


def _text(cell: Any) -> str:
    """A cell as a person sees it: no `.0` on whole numbers, `2` and `2.0` being one name."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)


# --- Columns ----------------------------------------------------------------------------------------------------------


def _found(header: Sequence[str]) -> dict[str, int]:
    """Places of the columns we know; a name in English goes before its translations."""
    places = {cell.strip().casefold(): place for place, cell in reversed(list(enumerate(header)))}
    found = {}
    for column, names in NAMES.items():
        place = next((places[name] for name in names if name in places), None)
        if place is not None:
            found[column] = place
    return found


def _columns(line: int, header: Sequence[str], order: str) -> dict[str, int]:
    names = [cell.strip().casefold() for cell in header]
    found = _found(header)
    missing = [column for column in NEEDED if column not in found]
    if order and order.strip().casefold() in names:
        found["order"] = names.index(order.strip().casefold())
    elif order:
        missing.append(order)
    if missing:
        seen = ", ".join(cell.strip() for cell in header if cell.strip())
        text = N_("no column is called {names}; the first line names the columns, here: {seen}")
        raise _refusal(text, line, names=", ".join(missing), seen=seen[:200])
    double = [header[place].strip() for place in found.values() if names.count(names[place]) > 1]
    if double:
        raise _refusal(N_("two columns are called {names}"), line, names=", ".join(double))
    return found


class _Names:
    """Names in the order in which they come, each with its place; blanks about a name mean nothing."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self._raw: dict[str, int] = {}

    def place(self, raw: str) -> int:
        """-1 for a blank."""
        place = self._raw.get(raw)
        if place is None:
            name = " ".join(raw.split())
            place = self.places.setdefault(name, len(self.places)) if name else -1
            self._raw[raw] = place
        return place


@dataclass
class _Table:
    """The columns being filled."""

    columns: dict[str, int]
    width: int
    faults: list[Fault] = field(default_factory=list)
    project: list[int] = field(default_factory=list)
    juror: list[int] = field(default_factory=list)
    criterion: list[int] = field(default_factory=list)
    mark: list[float] = field(default_factory=list)
    order: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = {column: _Names() for column in ("project", "juror", "criterion")}
        self._numbers: dict[str, float | None] = {}
        self._seen: dict[tuple[int, int, int], int] = {}

    def fill(self, lines: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Take in all lines after the header; what is wrong goes to the faults."""
        columns, names = self.columns, self.names
        project_at, juror_at, mark_at = columns["project"], columns["juror"], columns["score"]
        criterion_at, order_at = columns.get("criterion"), columns.get("order")
        numbers = self._numbers
        project_of, juror_of = names["project"].place, names["juror"].place
        for line, row in lines:
            if len(row) != self.width and not self._fits(line, row):
                continue
            mark = numbers.get(row[mark_at]) or self._number(line, row[mark_at])
            project, juror = project_of(row[project_at]), juror_of(row[juror_at])
            criterion = 0 if criterion_at is None else names["criterion"].place(row[criterion_at])
            if project < 0 or juror < 0 or criterion < 0:
                self._nameless(line, row, project, juror)
            elif mark is not None and self._first(line, (project, juror, criterion), mark):
                self.project.append(project)
                self.juror.append(juror)
                self.criterion.append(criterion)
                self.mark.append(mark)
                if order_at is not None:
                    self.order.append(self._number(line, row[order_at]) or 0.0)

    def marks(self) -> Marks:
        """What was read."""
        projects, jurors, criteria = (tuple(names.places) for names in self.names.values())
        return Marks(projects, jurors, criteria, self.project, self.juror, self.criterion, self.mark, self.order)

    def _fits(self, line: int, row: Sequence[str]) -> bool:
        """Whether a row of another width than the header's can be read all the same."""
        if not any(cell.strip() for cell in row):
            return False
        if any(cell.strip() for cell in row[self.width :]):
            text = N_("{n} fields where the header has {width}: text with a separator, such as 8,5, stands in quotes")
            self._wrong(line, text, n=len(row), width=self.width)
            return False
        if len(row) <= max(self.columns.values()):
            self._wrong(line, N_("{n} fields where the header has {width}"), n=len(row), width=self.width)
            return False
        return True

    def _number(self, line: int, raw: str) -> float | None:
        """A mark, nan for a blank, None for what is no number."""
        if raw not in self._numbers:
            self._numbers[raw] = _number(raw)
        value = self._numbers[raw]
        if value is None:
            self._wrong(line, N_("{mark} is no number"), mark=f"“{raw.strip()[:40]}”")
        return value

    def _nameless(self, line: int, row: Sequence[str], project: int, juror: int) -> None:
        used = [row[place] for place in self.columns.values()]
        if any(cell.strip() for cell in used):
            reason = N_("no project") if project < 0 else N_("no juror") if juror < 0 else N_("no criterion")
            self._wrong(line, reason)

    def _first(self, line: int, key: tuple[int, int, int], mark: float) -> bool:
        """Whether this is the juror's first mark there; a blank repeats nothing."""
        first = line if math.isnan(mark) else self._seen.setdefault(key, line)
        if first == line:
            return True
        names = zip(self.names.values(), key, strict=True)
        juror, *about = (list(each.places)[place] for each, place in sorted(names, key=self._told) if each.places)
        text = N_("{juror} has a mark for {about} already, on line {first}")
        self._wrong(line, text, juror=juror, about=", ".join(about), first=first)
        return False

    def _told(self, pair: tuple[_Names, int]) -> bool:
        return pair[0] is not self.names["juror"]

    def _wrong(self, line: int, text: str, /, **params: object) -> None:
        self.faults.append(Fault(line, Message(text, **params)))


def _number(raw: str) -> float | None:
    text = raw.strip().translate(SPACES)
    if not text:
        return math.nan
    value = float(text.replace(",", ".")) if NUMBER.fullmatch(text) else math.inf
    return value if math.isfinite(value) else None
