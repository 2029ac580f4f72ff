"""What jurors do on their score sheets.

Saving is the hottest path of the product: one statement loads, one writes the sheet and its journal row (`record_sheet`
in `migrations/raw_saving.py`). Every writer holds the round's lock shared until it commits, and whoever locks the round
takes it alone: he waits for sheets in flight, and nothing gets in after him. The lock comes first and the deciding read
after it, because a statement that waits for a lock still reads what was true before it waited. So `record_sheet` locks,
then checks that what was judged on the loaded sheet still stands: its version, its state, the round, the signature.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_one
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, NotFound, Refused
from incubator.journal.actions import Audience
from incubator.jury.rounds import SHARE, lock_key
from incubator.jury.rubric import Entry, Rubric, read_rubric
from incubator.jury.rules import WRITABLE, Place, RoundState, SheetState, write_sheet
from incubator.people import rights
from incubator.people.actions import declare_conflict
from incubator.people.rights import Standing, Viewer

CHANGED_ELSEWHERE = Message("This sheet was changed in another window. Choose which of the two versions stands.")
DECLARE_FIRST = Message("First say whether you have a conflict of interest with any of these teams.")
TAKE_BACK_FIRST = Message("You abstained from this project. Take the sheet back first.")


OWN_SHEET = """
SELECT {share} r.id AS round, p.id AS project, r.state AS round_state, r.criteria, r.cohort, c.programme, p.team,
  e.id AS seat, e.declared_at, e.removed_at, e.signed_at, s.id, s.state, s.marks, s.total, s.comment, s.note, s.reason, s.version, s.saved_at,
  s.handed_in_at, s.skipped_at, s.reopened_at, s.receipt, s.paper_at
FROM round_project p JOIN scoring_round r ON r.id = p.round JOIN cohort c ON c.id = r.cohort
LEFT JOIN seat e ON e.round = r.id AND e.person = $3
LEFT JOIN score_sheet s ON s.seat = e.id AND s.project = p.id
WHERE p.id = $2 AND r.id = $1
"""
LOAD_AND_LOCK = OWN_SHEET.format(share=f"{SHARE}($4::bigint),")
LOAD = OWN_SHEET.format(share="")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as its juror holds it: where it stands, what is on it, and what he has to do with the project."""

    id: UUID | None
    round: UUID
    project: UUID
    cohort: UUID
    team: UUID
    seat: UUID | None
    document: str
    place: Place
    standing: Standing
    marks: tuple[int | None, ...]
    total: int | None
    comment: str
    note: str
    reason: str
    version: int
    saved_at: datetime | None
    handed_in_at: datetime | None
    skipped_at: datetime | None
    receipt: str
    paper_at: datetime | None

    @property
    def rubric(self) -> Rubric:
        """The criteria that the round froze."""
        return read_rubric(self.document)

    @property
    def state(self) -> SheetState:
        """Where the sheet stands."""
        return self.place.sheet or SheetState.EMPTY

    @property
    def entry(self) -> Entry:
        """What is recorded, with a blank for every criterion of an empty sheet."""
        return Entry(self.marks or (None,) * len(self.rubric.criteria), self.comment, self.note)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a sheet."""

    state: SheetState
    entry: Entry
    total: int | None
    reason: str = ""
    handed_in_at: datetime | None = None
    skipped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What was recorded; `at` is the instant that the page names, `receipt` the hash of the ledger's entry in hex."""

    version: int
    state: SheetState
    total: int | None
    at: datetime
    receipt: str


Read = Callable[[Rubric], Entry]


def sheet_of(row: Mapping[str, Any], viewer: Viewer) -> Sheet:
    """The sheet from a row with the columns of `OWN_SHEET`."""
    state = SheetState(row["state"]) if row["state"] else None
    place = Place(
        RoundState(row["round_state"]), row["seat"] is not None, row["removed_at"] is not None,
        row["declared_at"] is not None, state, row["reopened_at"] is not None,
        row["signed_at"] is not None,
    )  # fmt: skip
    standing = viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["team"])
    return Sheet(
        id=row["id"], round=row["round"], project=row["project"], cohort=row["cohort"], team=row["team"],
        seat=row["seat"], document=row["criteria"], place=place, standing=standing, marks=tuple(row["marks"] or ()),
        total=row["total"], comment=row["comment"] or "", note=row["note"] or "", reason=row["reason"] or "", version=row["version"] or 0,
        saved_at=row["saved_at"], handed_in_at=row["handed_in_at"], skipped_at=row["skipped_at"],
        receipt=(row["receipt"] or b"").hex(), paper_at=row["paper_at"],
    )  # fmt: skip


async def _own_sheet(viewer: Viewer, round_id: UUID, project_id: UUID) -> Sheet:
    """Load the viewer's sheet and pass only who may write on it now."""
    return _writable(await fetch_one(LOAD, round_id, project_id, viewer.id), viewer)


async def hold_own(viewer: Viewer, round_id: UUID, project_id: UUID) -> Sheet:
    """A step: the same with the round locked against its closing first, for who writes more than a sheet."""
    row = await fetch_one(LOAD_AND_LOCK, round_id, project_id, viewer.id, lock_key(round_id))
    return _writable(row, viewer)


def _writable(row: Mapping[str, Any] | None, viewer: Viewer) -> Sheet:
    if row is None:
        raise NotFound
    sheet = sheet_of(row, viewer)
    rights.guard(*write_sheet(sheet.standing, sheet.place))
    if not sheet.place.declared:
        raise Refused(DECLARE_FIRST)
    return sheet


async def save_sheet(viewer: Viewer, round_id: UUID, project_id: UUID, read: Read, *, expected: int) -> Saved:
    """Record what a juror wrote, complete or not. `read` reads the form with the round's criteria.

    A sheet that was handed in stays so while it is full, and is a draft again when a mark is taken away.
    Raises Clash when another window was quicker, Invalid when the form can't be read.
    """
    sheet = _not_abstained(await _own_sheet(viewer, round_id, project_id))
    entry = read(sheet.rubric)
    return await _record(viewer, sheet, _saved(sheet, entry), expected=expected, verb="sheet.saved")


async def hand_in(viewer: Viewer, round_id: UUID, project_id: UUID, read: Read, *, expected: int) -> Saved:
    """Hand a full sheet in; until the lock it can still be changed or taken back."""
    sheet = _not_abstained(await _own_sheet(viewer, round_id, project_id))
    entry = read(sheet.rubric)
    total = entry.total(sheet.rubric)
    if total is None:
        raise Refused(Message("A sheet is handed in with a mark for every criterion."))
    change = Change(SheetState.HANDED_IN, entry, total, handed_in_at=viewer.now)
    return await _record(viewer, sheet, change, expected=expected, verb="sheet.handed_in")


def _not_abstained(sheet: Sheet) -> Sheet:
    if sheet.state is SheetState.ABSTAINED:
        raise Refused(TAKE_BACK_FIRST)
    return sheet


def _saved(sheet: Sheet, entry: Entry) -> Change:
    total = entry.total(sheet.rubric)
    if sheet.state is SheetState.HANDED_IN and total is not None:
        return Change(SheetState.HANDED_IN, entry, total, handed_in_at=sheet.handed_in_at)
    return Change(SheetState.DRAFT, entry, total)


async def take_back(viewer: Viewer, round_id: UUID, project_id: UUID) -> Saved:
    """Make a sheet that was handed in, or abstained from, a draft again."""
    sheet = await _own_sheet(viewer, round_id, project_id)
    if sheet.state not in {SheetState.HANDED_IN, SheetState.ABSTAINED}:
        raise Refused(Message("The sheet is a draft already."))
    change = Change(SheetState.DRAFT, sheet.entry, sheet.total)
    return await _record(viewer, sheet, change, expected=sheet.version, verb="sheet.taken_back")


async def abstain(viewer: Viewer, round_id: UUID, project_id: UUID, reason: str) -> Saved:
    """Say that one can't judge a project; it is no mark and no conflict, and until the lock it can be taken back."""
    sheet = await _own_sheet(viewer, round_id, project_id)
    change = Change(SheetState.ABSTAINED, sheet.entry, sheet.total, reason=reason)
    return await _record(viewer, sheet, change, expected=sheet.version, verb="sheet.abstained")


async def recuse(viewer: Viewer, round_id: UUID, project_id: UUID, reason: str) -> Saved:
    """Declare a conflict of interest with the team of this project: the sheet doesn't count from now on."""
    async with DB.transaction():
        sheet = await hold_own(viewer, round_id, project_id)
        await declare_conflict(
            viewer.id, cohort=sheet.cohort, team=sheet.team, reason=reason, by=viewer.id, at=viewer.now
        )
        change = Change(SheetState.RECUSED, sheet.entry, sheet.total, reason=reason)
        return await _record(viewer, sheet, change, expected=sheet.version, verb="sheet.recused")


async def skip(viewer: Viewer, round_id: UUID, project_id: UUID, read: Read, *, expected: int) -> None:
    """Put a project off: it comes last in the order of what is next. What was written so far is kept."""
    async with DB.transaction():
        sheet = _not_abstained(await hold_own(viewer, round_id, project_id))
        entry = read(sheet.rubric)
        if entry == sheet.entry:
            await execute("UPDATE score_sheet SET skipped_at = $2 WHERE id = $1", sheet.id, viewer.now)
        else:
            change = replace(_saved(sheet, entry), skipped_at=viewer.now)
            await _record(viewer, sheet, change, expected=expected, verb="sheet.saved")


# Recording

RECORD = """
SELECT version, receipt FROM record_sheet($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
"""
TAKEN_BACK_FROM = [*WRITABLE, SheetState.ABSTAINED]


async def _record(viewer: Viewer, sheet: Sheet, change: Change, *, expected: int, verb: str) -> Saved:
    """Write a sheet and its journal row, the round locked against its closing; all that may have changed is checked again.

    One statement, so that a saving takes one trip to the database and is a transaction where there is none around it.
    """
    private = verb == "sheet.saved"
    row = await fetch_one(
        RECORD, lock_key(sheet.round), sheet.id, expected, TAKEN_BACK_FROM, change.state, change.entry.marks,
        change.total, change.entry.comment, change.entry.note, change.reason, viewer.now, change.handed_in_at,
        change.skipped_at, viewer.id, verb, Audience.SELF if private else Audience.JURY, sheet.cohort, sheet.team,
        not private,
    )  # fmt: skip
    if row is None or row["version"] is None:
        return await _too_late(viewer, sheet, change)
    return Saved(row["version"], change.state, change.total, viewer.now, row["receipt"].hex())


async def _too_late(viewer: Viewer, stale: Sheet, change: Change) -> Saved:
    """Why nothing was written: the same was sent twice (then all is well), or something else is recorded by now."""
    now = await _own_sheet(viewer, stale.round, stale.project)
    if now.entry == change.entry and now.state is change.state and now.saved_at is not None:
        return Saved(now.version, now.state, now.total, now.saved_at, now.receipt)
    raise Clash(CHANGED_ELSEWHERE, recorded=now.entry, sent=change.entry, version=now.version, at=now.saved_at)
