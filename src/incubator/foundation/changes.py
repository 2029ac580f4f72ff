"""What became of a field from one version to another: of words, of numbers with their difference, of rows. Pure.

`comparison` finds the pieces; here they get the shape in which a page of two versions shows them.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from incubator.foundation.comparison import Kind, Piece, Row, RowChange, compare, compare_rows
from incubator.foundation.i18n import Message, number

PLAIN: Final = re.compile(r"-?\d+(?:\.\d+)?")
GROUPED: Final = re.compile(r"[-−]?\d{1,3},\d{3}(?:,\d{3})*")  # thousands in English, thousandths in Russian


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of text that was compared; of two numbers also the difference, in words."""

    pieces: tuple[Piece, ...]
    difference: str = ""

    @property
    def changed(self) -> bool:
        """Whether the versions differ here."""
        return any(piece.kind is not Kind.SAME for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of one version or of both."""

    kind: Kind
    cells: tuple[Cell, ...]

    @property
    def changed(self) -> bool:
        """Whether the row was added, removed, or has another cell."""
        return self.kind is not Kind.SAME or any(cell.changed for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Change:
    """A field in two versions: `text` of words or of a number, or `lines` under `columns`."""

    key: str
    label: str | Message
    text: Cell = field(default_factory=lambda: Cell(()))
    columns: tuple[str | Message, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the versions differ in this field."""
        return self.text.changed or any(line.changed for line in self.lines)

    @property
    def filled(self) -> bool:
        """Whether one of the versions says anything here."""
        return bool(self.text.pieces or self.lines)


def in_words(key: str, label: str | Message, old: str, new: str) -> Change:
    """Prose, by word."""
    return Change(key, label, Cell(tuple(compare(old, new))))


def in_numbers(key: str, label: str | Message, old: str, new: str) -> Change:
    """Two numbers as they are kept ("1234.5", "" for none), shown as people write them."""
    return Change(key, label, _whole(old, new, shown))


def in_rows(
    key: str, label: str | Message, columns: Sequence[str | Message], old: Sequence[Row], new: Sequence[Row],
    *, numbers: frozenset[int] = frozenset(),
) -> Change:  # fmt: skip
    """Tables, by row and cell. The columns `numbers` are numbers as they are kept; other cells are as they were typed."""
    lines = tuple(_line(row, numbers) for row in compare_rows(old, new))
    return Change(key, label, columns=tuple(columns), lines=lines)


def _line(row: RowChange, numbers: frozenset[int]) -> Line:
    return Line(row.kind, tuple(_cell(pieces, kept=at in numbers) for at, pieces in enumerate(row.cells)))


def _cell(pieces: tuple[Piece, ...], *, kept: bool) -> Cell:
    old = "".join(piece.text for piece in pieces if piece.kind is not Kind.ADDED)
    new = "".join(piece.text for piece in pieces if piece.kind is not Kind.REMOVED)
    if kept:
        return _whole(old, new, shown)
    if old != new and _read(old) is not None and _read(new) is not None:
        return _whole(old, new, str)
    return Cell(pieces)


def _whole(old: str, new: str, show: Callable[[str], str]) -> Cell:
    """Two numbers, never cut up: 12 has not become 14 by another digit."""
    if old == new:
        return Cell((Piece(Kind.SAME, show(old)),) if old else ())
    pairs = ((Kind.REMOVED, old), (Kind.ADDED, new))
    before, after = _read(old), _read(new)
    told = "" if before is None or after is None else difference(after - before)
    return Cell(tuple(Piece(kind, show(text)) for kind, text in pairs if text), told)


def shown(kept: str) -> str:
    """A number as it is kept, in the reader's language; anything else as it is."""
    return number(Decimal(kept)) if PLAIN.fullmatch(kept) and kept.isascii() else kept


def _read(text: str) -> Decimal | None:
    """A number as people type it, if it can be only one: «1 234,5»."""
    plain = re.sub(r"[\s\u00a0\u202f]", "", text)
    if GROUPED.fullmatch(plain):
        return None
    plain = plain.replace(",", ".", 1).replace("−", "-")
    return Decimal(plain) if plain.isascii() and PLAIN.fullmatch(plain) else None


def difference(value: Decimal) -> str:
    """How much more or less: +300, −300, ±0."""
    return "±0" if not value else f"+{number(value)}" if value > 0 else number(value)


# --- Which two --------------------------------------------------------------------------------------------------------

LONGEST_NUMBER: Final = 9  # digits; such a version would still fit into a column


@dataclass(frozen=True, slots=True)
class Two:
    """The versions that an address names; `old` is 0 when there is nothing to compare `new` with."""

    old: int
    new: int
    columns: bool = False

    @property
    def query(self) -> str:
        """The same two as an address says them."""
        return f"from={self.old}&to={self.new}"


def which_two(asked: Callable[[str, str], str], last: int) -> Two:
    """Read `?from=1&to=3&view=columns`; what is not said, or nonsense, is the last version and the one before the other.

    `asked(name, "")` gives what the address says.
    """
    new = _number(asked("to", "")) or last
    return Two(_number(asked("from", "")) or new - 1, new, asked("view", "") == "columns")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else 0
