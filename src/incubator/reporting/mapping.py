"""The progress map: which rows and columns of a cohort an address asks for, and what stands in each cell. Pure.

A column is a module or, on demand, an assignment of one module. The same cells are drawn, put into a table, and written
into a file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from incubator.foundation.i18n import Message
from incubator.reporting.rules import WORDS, Cell
from incubator.stages.rules import SubmissionState

if TYPE_CHECKING:
    from incubator.reporting.board import Head, Place, Row

SIGNS: Final = {
    Cell.OVERDUE: "triangle-alert",
    Cell.WAITING: "eye",
    Cell.RETURNED: "refresh-cw",
    Cell.AT_WORK: "pencil",
    Cell.NOT_BEGUN: "minus",
    Cell.FAILED: "x",
    Cell.READY: "arrow-right",
    Cell.DONE: "check",
    Cell.CLOSED: "lock",
}
"""The icon that stands for a word where there is no room for it."""
MEANINGS: Final = {
    Cell.WAITING: Message("work waits for a check"),
    Cell.OVERDUE: Message("the deadline has passed"),
    Cell.RETURNED: Message("the team mends what was returned"),
    Cell.AT_WORK: Message("the team is writing"),
    Cell.NOT_BEGUN: Message("the team has not begun"),
    Cell.READY: Message("all is accepted, the team may be led on"),
    Cell.DONE: Message("passed"),
    Cell.FAILED: Message("not accepted after the last check"),
    Cell.CLOSED: Message("not open to the team yet"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the map asks for; nonsense in it asks for nothing.

    `stage` is the number of a module from 1, `columns` the module whose assignments are the columns.
    """

    region: str = ""
    moderator: UUID | None = None
    stage: int = 0
    stuck: bool = False
    columns: UUID | None = None
    table: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether some teams may be left out."""
        return bool(self.region or self.moderator or self.stage or self.stuck)

    def address(self, path: str, **changes: Any) -> str:
        """The same with changes, as an address."""
        new = replace(self, **changes)
        pairs = [("region", new.region), ("moderator", new.moderator), ("stage", new.stage), ("stuck", new.stuck and "on"),
                 ("columns", new.columns), ("view", new.table and "table")]  # fmt: skip
        query = urlencode([(name, str(value)) for name, value in pairs if value])
        return f"{path}?{query}" if query else path


def read(query: Mapping[str, str]) -> Asked:
    """What an address asks for."""
    stage = query.get("stage", "")
    return Asked(
        query.get("region", "")[:120], _key(query.get("moderator", "")),
        int(stage) if stage.isascii() and stage.isdigit() and len(stage) < 3 else 0,
        query.get("stuck") == "on", _key(query.get("columns", "")), query.get("view") == "table",
    )  # fmt: skip


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def chosen(rows: Iterable["Row"], asked: Asked, stuck: Mapping[UUID, Any]) -> list["Row"]:
    """The teams that an address asks for."""
    return [
        row for row in rows
        if asked.region in {"", row.region}
        and (asked.moderator is None or asked.moderator in row.moderator_ids)
        and (not asked.stage or row.stage == asked.stage - 1)
        and (not asked.stuck or row.team in stuck)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column; `note` stands below the title."""

    title: str
    note: Message | str = ""


@dataclass(frozen=True, slots=True)
class Square:
    """One cell: its state, its word, how much of what is required is accepted, and the work that it opens ("" if none).

    `more` leads to work that waits for a check while the cell is about something else.
    """

    cell: Cell
    part: tuple[int, int] | None = None
    href: str = ""
    title: str = ""
    more: str = ""
    more_title: str = ""

    @property
    def word(self) -> Message:
        """What stands in the cell."""
        return WORDS[self.cell]

    @property
    def sign(self) -> str:
        """The icon for it."""
        return SIGNS[self.cell]

    def words(self) -> str:
        """All that the cell says, for a file."""
        return f"{self.word} {self.part[0]}/{self.part[1]}" if self.part else str(self.word)


@dataclass(frozen=True, slots=True)
class Line:
    """A team with its cells."""

    row: "Row"
    squares: Sequence[Square]


def lines(rows: Iterable["Row"], modules: Sequence["Head"], columns: UUID | None) -> list[Line]:
    """The rows of the map; `columns` names the module whose assignments are shown instead of all modules."""
    place = next((number for number, head in enumerate(modules) if head.id == columns), None)
    if place is None:
        return [Line(row, [_of_module(row, each) for each in row.places]) for row in rows]
    return [Line(row, list(_of_assignments(row, row.places[place]))) for row in rows if row.places]


WITHOUT_PART: Final = frozenset({Cell.CLOSED, Cell.DONE})


def _of_module(row: "Row", place: "Place") -> Square:
    part = (place.accepted, place.required) if place.required > 1 and place.cell not in WITHOUT_PART else None
    more = place.to_check
    return Square(
        place.cell, part, row.href(place.urgent), place.urgent.title if place.urgent else "",
        row.href(more), more.title if more else "",
    )  # fmt: skip


def _of_assignments(row: "Row", place: "Place") -> Iterator[Square]:
    for work in place.works:
        cell = Cell.DONE if work.state is SubmissionState.ACCEPTED else work.cell
        if place.cell is Cell.CLOSED:
            cell = Cell.CLOSED
        yield Square(cell, None, "" if cell is Cell.CLOSED else row.href(work), work.title)


def said(rows: Sequence[Line]) -> Message:
    """What the map shows, in one sentence; a team counts as late or waiting when one of its cells is."""
    late = sum(any(square.cell is Cell.OVERDUE for square in line.squares) for line in rows)
    waits = sum(any(square.cell is Cell.WAITING or square.more for square in line.squares) for line in rows)
    return Message(
        "Teams: {teams}. Late: {late}. Waiting for a check: {waits}.", teams=len(rows), late=late, waits=waits
    )
