"""Everything of a round as a spreadsheet: sheets of a book with real numbers and dates, and what each of them is.

The book is written row by row into a file of its own, by a thread, while the rows come from the database in pieces:
its size costs no memory, and the number of statements doesn't depend on it. Cells hold numbers to count with: a sheet's
total is not rounded, it only looks as on a page; an official total is what the rules have rounded it to.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from incubator.foundation.database import stream
from incubator.foundation.i18n import Message, moment, zone_label
from incubator.jury.conflicts.kinship import SOURCE_WORDS
from incubator.jury.ledger import book
from incubator.jury.minutes.gathering import JURY, RECUSALS, VOTES
from incubator.jury.minutes.words import rules_told
from incubator.jury.result import deliberating, standings
from incubator.jury.result.rules import DECIDED_WORDS
from incubator.jury.result.snapshot import Result, tie_words
from incubator.jury.rounds import Round
from incubator.jury.rubric import DECIMALS
from incubator.jury.rules import SHEET_WORDS, SheetState
from incubator.jury.scoring import POINT, sheet_total
from incubator.jury.terms import DUTY_WORDS, Duty

Cell = str | int | Decimal | Fraction | datetime | None
Row = Sequence[Cell]
WIDE, NARROW = 36, 14
MOST_DECIMALS = 10
MARGIN, LINE, HIGHEST = 4, 15, 400
"""Signs that a cell's width has for wide letters and broken words; points of one line and of the highest row."""

MARKS: Final = """
SELECT p.place, t.name AS team, h.name AS juror, s.state, s.saved_at, s.handed_in_at, s.reason,
  CASE WHEN s.reopened_at IS NULL THEN s.marks ELSE '{}' END AS marks,
  CASE WHEN s.reopened_at IS NULL THEN s.total END AS total,
  CASE WHEN s.reopened_at IS NULL THEN s.comment ELSE '' END AS comment,
  CASE WHEN s.reopened_at IS NULL THEN s.note ELSE '' END AS note
FROM score_sheet s JOIN round_project p ON p.id = s.project JOIN team t ON t.id = p.team
JOIN seat e ON e.id = s.seat JOIN person h ON h.id = e.person
WHERE s.round = $1 ORDER BY p.place, h.name, s.id
"""
HEADS: Final = """
SELECT coalesce(h.name, '') AS juror, l.chain::text, l.seq, encode(l.hash, 'hex') AS hash FROM (
  SELECT DISTINCT ON (chain) chain, seq, hash FROM ledger_entry WHERE round = $1 ORDER BY chain, seq DESC
) l LEFT JOIN seat e ON e.id = l.chain LEFT JOIN person h ON h.id = e.person ORDER BY juror, l.chain
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A sheet of the book: its name, what it is, its columns as (label, whether wide), and its rows in pieces."""

    name: Message
    about: Message
    columns: Sequence[tuple[str, bool]]
    rows: Callable[[], AsyncIterator[Sequence[Row]]]


async def write(scoring: Round, to: Path, at: datetime) -> None:
    """Write the whole book of a locked or published round into a file."""
    result = await standings.result_for(scoring)
    parts = _parts(scoring, result)
    pen = await asyncio.to_thread(_Pen, to, ZoneInfo(scoring.time_zone))
    try:
        await asyncio.to_thread(pen.about, _about(scoring, result, parts, at))
        for part in parts:
            await asyncio.to_thread(pen.begin, str(part.name), part.columns)
            async with aclosing(part.rows()) as pieces:  # type: ignore[type-var]
                async for rows in pieces:
                    await asyncio.to_thread(pen.rows, rows)
    finally:
        await asyncio.to_thread(pen.close)


class _Pen:
    """Writes one sheet after another; nothing that people typed becomes a formula or a link."""

    def __init__(self, to: Path, zone: ZoneInfo) -> None:
        import xlsxwriter  # late: few processes ever write a book

        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                   "strings_to_numbers": False, "tmpdir": str(to.parent)}  # fmt: skip
        self.book, self.zone = xlsxwriter.Workbook(to, options), zone
        self.head = self.book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self.text = self.book.add_format({"text_wrap": True, "valign": "top"})
        self.time = self.book.add_format({"num_format": "dd.mm.yyyy hh:mm", "valign": "top", "align": "left"})
        self.decimals = [
            self.book.add_format({"num_format": "0." + "0" * n if n else "0", "valign": "top"})
            for n in range(MOST_DECIMALS)
        ]
        self.sheet: Any = None
        self.widths: list[int] = []
        self.line = 0

    def about(self, rows: Sequence[tuple[str, str]]) -> None:
        self._open(
            str(Message("About this export")), ((str(Message("Part")), False), (str(Message("What it is")), True))
        )
        self.rows(rows)

    def begin(self, name: str, columns: Sequence[tuple[str, bool]]) -> None:
        self._open(name, columns)

    def _open(self, name: str, columns: Sequence[tuple[str, bool]]) -> None:
        self.sheet, self.line = self.book.add_worksheet(name[:31]), 1
        self.sheet.freeze_panes(1, 0)
        # On paper: wide, all columns on one page, the head on each.
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(0)
        self.widths = [WIDE if wide else NARROW for _, wide in columns]
        self._room(0, [label for label, _ in columns])
        for number, (label, _) in enumerate(columns):
            self.sheet.set_column(number, number, self.widths[number])
            self.sheet.write_string(0, number, label, self.head)
        self.sheet.autofilter(0, 0, 0, max(0, len(columns) - 1))

    def rows(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._room(self.line, row)
            for number, cell in enumerate(row):
                self._cell(number, cell)
            self.line += 1

    def _room(self, line: int, row: Row) -> None:
        """Make a row as high as its longest text: not every program does that by itself when it opens a book."""
        lines = max(
            (sum(-(-max(len(part), 1) // (width - MARGIN)) for part in cell.splitlines())
             for cell, width in zip(row, self.widths, strict=True) if isinstance(cell, str) and len(cell) > width - MARGIN),
            default=1,
        )  # fmt: skip
        if lines > 1:
            self.sheet.set_row(line, min(LINE * lines, HIGHEST))

    def _cell(self, number: int, cell: Cell) -> None:
        if cell is None or cell == "":
            return
        if isinstance(cell, datetime):
            # A spreadsheet knows no zones: the clock of the cohort, as the first sheet says.
            self.sheet.write_datetime(self.line, number, cell.astimezone(self.zone).replace(tzinfo=None), self.time)
        elif isinstance(cell, Fraction):
            self.sheet.write_number(self.line, number, float(cell), self.decimals[DECIMALS])
        elif isinstance(cell, Decimal):
            places = min(max(0, -int(cell.as_tuple().exponent)), MOST_DECIMALS - 1)
            self.sheet.write_number(self.line, number, cell, self.decimals[places])
        elif isinstance(cell, int):
            self.sheet.write_number(self.line, number, cell, self.decimals[0])
        else:
            self.sheet.write_string(self.line, number, cell, self.text)

    def close(self) -> None:
        self.book.close()


def _about(scoring: Round, result: Result, parts: Sequence[Part], at: datetime) -> list[tuple[str, str]]:
    return [
        (str(Message("Round")), f"{scoring.name}, {scoring.cohort_name}"),
        (str(Message("Taken")), moment(at, scoring.time_zone)),
        (str(Message("Times")), str(Message("By the clock of the cohort: {zone}.", zone=zone_label(at, scoring.time_zone)))),
        (str(Message("Marks")), str(Message("A blank is no mark, never a zero."))),
        *((str(part.name), str(part.about)) for part in parts),
        *((str(Message("How it was counted")), rule) for rule in rules_told(result)),
    ]  # fmt: skip


# --- What the sheets hold ---------------------------------------------------------------------------------------------


def _parts(scoring: Round, result: Result) -> list[Part]:
    titles = [each.title for each in scoring.rubric.criteria]
    return [
        Part(Message("Summary table"), Message("Official totals and places by the rules of the round."),
             _columns("Place", "Team*", "Project*", "Municipality*", "Total", "Unrounded", "Median", "Sheets", "Equal totals*"),
             lambda: _summary(result)),
        Part(Message("Criteria"), Message("Weights and scales by which the totals are counted."),
             _columns("Criterion*", "Weight", "Lowest mark", "Highest mark", "Step"), lambda: _criteria(result)),
        Part(Message("Marks"), Message("Every sheet with its marks by criterion, its total and comments."),
             [*_columns("Number", "Team*", "Juror*", "State"), *((title, False) for title in titles),
              *_columns("Total", "Comment to the team*", "Note to the jury*", "Reason*", "Saved", "Handed in")],
             lambda: _pieces(MARKS, scoring.id, _marks(scoring))),
        Part(Message("Jury"), Message("Who sat on the jury, how many sheets each handed in, when they were confirmed."),
             _columns("Name*", "Duty", "Sheets", "Missing", "Seated", "Confirmed", "Left", "Reason*"),
             lambda: _pieces(JURY, scoring.id, _sitting)),
        Part(Message("Recusals"), Message("Conflicts of interest of the jury with projects of this round."),
             _columns("Juror*", "Team*", "Source*", "Reason*", "When", "Replaced by*"),
             lambda: _pieces(RECUSALS, scoring.id, _recusal)),
        Part(Message("Decisions"), Message("Decisions of the deliberation with votes, and votes on equal totals."),
             _columns("Kind", "Decision*", "Team*", "Wording*", "For", "Against", "Abstained", "When", "Outcome*"),
             lambda: _decisions(scoring)),
        Part(Message("Score ledger"), Message("The end of each chain; the root is in the last line."),
             _columns("Juror*", "Chain*", "Entries", "Hash*"), lambda: _heads(scoring)),
    ]  # fmt: skip


LABELS: Mapping[str, Message] = {
    "Place": Message("Place"), "Team": Message("Team"), "Project": Message("Project"), "Total": Message("Total"),
    "Municipality": Message("Municipality"), "Median": Message("Median"), "Sheets": Message("Sheets"),
    "Equal totals": Message("Equal totals"), "Number": Message("Number"), "Juror": Message("Juror"),
    "State": Message("State"), "Comment to the team": Message("Comment to the team"), "Reason": Message("Reason"),
    "Note to the jury": Message("Note to the jury"), "Saved": Message.within("time", "Saved"),
    "Handed in": Message("Handed in"), "Name": Message("Name"), "Duty": Message("Duty"), "Missing": Message("Missing"),
    "Seated": Message("On the jury since"), "Confirmed": Message("Sheets confirmed"), "Left": Message("Left the jury"),
    "Source": Message("Source"), "When": Message("When"), "Replaced by": Message("Replaced by"),
    "Kind": Message("Kind"), "Decision": Message("Decision"), "Wording": Message("Wording"), "For": Message("For"), "Against": Message("Against"),
    "Abstained": Message("Abstained"), "Outcome": Message("Outcome"), "Chain": Message("Chain"),
    "Entries": Message("Entries"), "Hash": Message("Hash"), "Unrounded": Message("Before rounding"),
    "Criterion": Message("Criterion"), "Weight": Message("Weight"), "Step": Message("Step"),
    "Lowest mark": Message("Lowest mark"), "Highest mark": Message("Highest mark"),
}  # fmt: skip


def _columns(*names: str) -> list[tuple[str, bool]]:
    """Labels; a star marks a wide one."""
    return [(str(LABELS[name.rstrip("*")]), name.endswith("*")) for name in names]


async def _pieces(sql: str, round_id: UUID, told: Callable[[Mapping[str, Any]], Row]) -> AsyncIterator[Sequence[Row]]:
    async for rows in stream(sql, round_id, batch=500):
        yield [told(row) for row in rows]


async def _criteria(result: Result) -> AsyncIterator[Sequence[Row]]:
    yield [
        (each.title, each.weight, *(Decimal(value) / POINT for value in (each.scale_min, each.scale_max, each.step)))
        for each in result.rubric.criteria
    ]


async def _summary(result: Result) -> AsyncIterator[Sequence[Row]]:
    words = tie_words(result.rubric)
    yield [
        (row.place, row.name, row.title, row.municipality, _exact(row.total), row.unrounded, _exact(row.median), row.sheets,
         str(words[row.decided_by]) if row.decided_by else str(Message("waits for a vote")) if row.awaits_vote else "")
        for row in result.placed
    ]  # fmt: skip
    missed = str(Message("Not assessed"))
    yield [
        (None, row.name, row.title, row.municipality, None, None, None, row.sheets, missed)
        for row in result.not_assessed
    ]


def _exact(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _marks(scoring: Round) -> Callable[[Mapping[str, Any]], Row]:
    rubric = scoring.rubric
    blanks: list[Cell] = [None] * len(rubric.criteria)

    def told(row: Mapping[str, Any]) -> Row:
        marks = [None if mark is None else Decimal(mark) / POINT for mark in row["marks"] or ()]
        full = row["total"] is not None
        return (
            row["place"], row["team"], row["juror"], str(SHEET_WORDS[SheetState(row["state"])]), *(marks or blanks),
            sheet_total(row["marks"], rubric.scoring) if full else None, row["comment"], row["note"],
            row["reason"], row["saved_at"], row["handed_in_at"],
        )  # fmt: skip

    return told


def _sitting(row: Mapping[str, Any]) -> Row:
    return (row["name"], str(DUTY_WORDS[Duty(row["duty"])]), row["handed_in"], row["missing"], row["seated_at"],
            row["signed_at"], row["removed_at"], row["removal_reason"])  # fmt: skip


def _recusal(row: Mapping[str, Any]) -> Row:
    source = str(SOURCE_WORDS[row["source"]]) if row["source"] else str(Message("Role in the team"))
    return row["juror"], row["team"], source, row["reason"], row["at"], row["replaced_by"]


async def _decisions(scoring: Round) -> AsyncIterator[Sequence[Row]]:
    yield [_motion(each) for each in await deliberating.decisions(scoring.id)]
    vote = str(Message("Vote on equal totals"))
    async for rows in stream(VOTES, scoring.id):
        yield [(vote, "", ", ".join(row["teams"]), row["reason"], None, None, None, row["at"], "") for row in rows]


def _motion(each: deliberating.Recorded) -> Row:
    found = each.decision
    outcome = str(Message("adopted") if found.adopted else Message("not adopted"))
    if each.struck_at:
        outcome = str(Message("struck: {reason}", reason=each.struck_reason))
    return (
        str(DECIDED_WORDS[each.kind]),
        found.title,
        found.team,
        found.text,
        found.votes_for,
        found.votes_against,
        found.abstained,
        each.at,
        outcome,
    )


async def _heads(scoring: Round) -> AsyncIterator[Sequence[Row]]:
    control = str(Message("The round itself"))
    async for rows in stream(HEADS, scoring.id):
        yield [(row["juror"] or control, row["chain"], row["seq"], row["hash"]) for row in rows]
    yield [(str(Message("Root")), "", None, await book.root_of(scoring.id))]
