"""Sheets of paper: what is printed for a juror, what two people type from it, and how it comes onto his sheet.

A juror's paper is his own signed mark. Two people type it, neither sees what the other typed; where they differ a third
look decides, with a reason, and all readings are kept. It never comes over what the juror has written himself: then he
chooses. Whoever types sees no other mark, and this one only while he types.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.jury.rounds import IN_CONFLICT, Round, round_for, share
from incubator.jury.rubric import Entry, Rubric
from incubator.jury.rules import AFTER_LOCK, NOT_BY_A_JUROR, PAPER, RoundState, SheetState, refuse
from incubator.jury.sheets import actions
from incubator.jury.sheets.papers import LOOK_AWAY, Paper, Step, code_of, paper_of, tail_of, untouched
from incubator.jury.sheets.queries import READINGS
from incubator.jury.terms import called, number_of
from incubator.people.rights import Viewer
from incubator.stages.answers import fingerprint

NOT_OPEN = Message("Sheets of paper are typed while the round is open.")
ANOTHER_STEP = Message("Somebody has typed this sheet meanwhile. Reload the page to see what it waits for.")
ANOTHER_PERSON = Message("You have typed this sheet. Another person reads it the second time.")
NOT_YET = Message("You have typed this sheet. Nobody else could, so read it again yourself, ten minutes later.")
CONFIRMED = Message("The juror has confirmed his sheets. He takes the confirmation back first.")
REMOVED = Message("This juror is no longer on the jury: his sheets don't count.")
CONFLICT = Message("This juror has a conflict of interest with the team and doesn't score it.")
NO_LONGER = Message("This sheet doesn't count any more.")

# --- What is known ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slip:
    """A juror's sheet as whoever holds its paper sees it: whose and of what, and no mark that was recorded."""

    id: UUID
    project: UUID
    juror: UUID
    juror_name: str
    heading: str
    title: str
    place: int
    paper: Paper
    state: SheetState
    entered: bool
    waits: bool
    counts: bool
    obstacle: Message | None

    @property
    def code(self) -> str:
        """What is printed on it."""
        return code_of(self.id)

    @property
    def unrecorded(self) -> bool:
        """Whether what was typed is lost by a lock: it doesn't stand on its sheet, which counts."""
        return self.counts and (self.paper.step is not Step.DONE or self.waits)


SLIPS = f"""
SELECT s.id, s.project, s.seat, s.state, s.marks, s.comment, s.note, s.version, s.paper_at, p.place, p.title, p.team,
  t.name AS team_name, e.person, h.name AS juror_name, e.removed_at, e.signed_at, {IN_CONFLICT} AS conflict
FROM score_sheet s JOIN round_project p ON p.id = s.project JOIN team t ON t.id = p.team
JOIN seat e ON e.id = s.seat JOIN person h ON h.id = e.person WHERE s.round = $1"""
STANDING = f"{READINGS} JOIN score_sheet s ON s.id = g.sheet WHERE s.round = $1 AND g.set_aside_at IS NULL"
PRINTABLE = " AND s.state NOT IN ('recused', 'void') AND e.removed_at IS NULL"
MOST_PRINTED = 40
"""Sheets on one page to print; a larger round is printed juror by juror."""


async def need(viewer: Viewer, round_id: UUID) -> Round:
    """The round for who may type its sheets of paper."""
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(PAPER)
    if scoring.votes:
        refuse(NOT_BY_A_JUROR)
    return scoring


async def own_project(viewer: Viewer, round_id: UUID, sheet_id: UUID) -> UUID | None:
    """The project of a sheet that is the viewer's own, or None."""
    text = (
        "SELECT s.project FROM score_sheet s JOIN seat e ON e.id = s.seat"
        " WHERE s.id = $1 AND s.round = $2 AND e.person = $3 AND e.removed_at IS NULL"
    )
    found: UUID | None = await fetch_value(text, sheet_id, round_id, viewer.id)
    return found


async def slip(scoring: Round, sheet_id: UUID) -> Slip:
    """One sheet. Raises NotFound."""
    row = await fetch_one(f"{SLIPS} AND s.id = $2", scoring.id, sheet_id)
    if row is None:
        raise NotFound
    return _slip(scoring, row, paper_of(await fetch(f"{STANDING} AND s.id = $2", scoring.id, sheet_id)))


def _slip(scoring: Round, row: Mapping[str, Any], paper: Paper) -> Slip:
    state = SheetState(row["state"])
    heading = called(row["place"], row["team_name"], blind=scoring.blind)
    title = "" if scoring.blind or row["title"] == row["team_name"] else row["title"]
    return Slip(
        row["id"], row["project"], row["person"], row["juror_name"], heading, title, row["place"], paper, state,
        paper.entered(row["paper_at"]), paper.waits(state, row["marks"], row["paper_at"]), _counts_not(row) is None,
        _obstacle(scoring, row),
    )  # fmt: skip


def _obstacle(scoring: Round, row: Mapping[str, Any]) -> Message | None:
    """Why paper can't come onto a sheet now, or None."""
    if scoring.state is not RoundState.OPEN:
        return NOT_OPEN
    return _counts_not(row) or (CONFIRMED if row["signed_at"] is not None else None)


def _counts_not(row: Mapping[str, Any]) -> Message | None:
    """Why a sheet doesn't count whatever stands on it, or None."""
    if row["removed_at"] is not None:
        return REMOVED
    if row["conflict"] or row["state"] == SheetState.RECUSED:
        return CONFLICT
    return NO_LONGER if row["state"] == SheetState.VOID else None


async def begun(scoring: Round) -> list[Slip]:
    """The sheets of which a paper was typed, what waits for somebody first; two statements."""
    rows = await fetch(f"{SLIPS} AND EXISTS (SELECT FROM paper_entry g WHERE g.sheet = s.id)", scoring.id)
    read: dict[UUID, list[Any]] = {}
    for each in await fetch(STANDING, scoring.id):
        read.setdefault(each["sheet"], []).append(each)
    slips = [_slip(scoring, row, paper_of(read[row["id"]])) for row in rows if row["id"] in read]
    return sorted(slips, key=lambda each: (each.paper.step is Step.DONE, each.juror_name, each.place))


async def unrecorded(scoring: Round) -> list[Slip]:
    """The sheets of paper that a lock leaves out: typed, and not on the sheet, which counts."""
    return [each for each in await begun(scoring) if each.unrecorded]


def print_of(slips: Iterable[Slip]) -> str:
    """A print of such sheets, by which it is noticed that a page shows others than there are; "" of none."""
    found = sorted(str(each.id) for each in slips)
    return fingerprint(found) if found else ""


async def was_typed(scoring: Round) -> bool:
    """Whether there is a sheet of which a paper was typed."""
    text = "SELECT EXISTS (SELECT FROM paper_entry g JOIN score_sheet s ON s.id = g.sheet WHERE s.round = $1 AND g.set_aside_at IS NULL)"
    return bool(await fetch_value(text, scoring.id))


async def to_print(scoring: Round, seat: UUID | None) -> list[Slip]:
    """The sheets to print, of one seat or of all, by juror and running order."""
    order = " ORDER BY h.name, e.id, p.place LIMIT $3"
    text = f"{SLIPS}{PRINTABLE} AND ($2::uuid IS NULL OR s.seat = $2){order}"
    return [_slip(scoring, row, Paper()) for row in await fetch(text, scoring.id, seat, MOST_PRINTED + 1)]


SITTING = """
SELECT e.id, h.name, count(*) AS sheets FROM seat e JOIN person h ON h.id = e.person JOIN score_sheet s ON s.seat = e.id
WHERE e.round = $1 AND e.removed_at IS NULL AND s.state NOT IN ('recused', 'void') GROUP BY e.id, h.name ORDER BY h.name
"""
PROJECTS = """
SELECT p.id, p.place, t.name FROM round_project p JOIN team t ON t.id = p.team WHERE p.round = $1 ORDER BY p.place
"""


async def jurors(scoring: Round) -> list[tuple[UUID, str, int]]:
    """Seats with sheets to print: id, name, how many."""
    return [(row["id"], row["name"], row["sheets"]) for row in await fetch(SITTING, scoring.id)]


async def projects(scoring: Round) -> list[tuple[UUID, str]]:
    """The projects as they are called on paper."""
    rows = await fetch(PROJECTS, scoring.id)
    return [(row["id"], called(row["place"], row["name"], blind=scoring.blind)) for row in rows]


async def by_code(scoring: Round, code: str) -> UUID | None:
    """The sheet with this code, None where there is none or, which hardly happens, more than one."""
    ends = "SELECT id FROM score_sheet WHERE round = $1 AND right(id::text, 8) = $2 LIMIT 2"
    found = await fetch(ends, scoring.id, tail_of(code))
    return found[0]["id"] if len(found) == 1 else None


async def of_pair(scoring: Round, seat: UUID, project: UUID) -> UUID | None:
    """The sheet of a juror for a project."""
    found: UUID | None = await fetch_value(
        "SELECT id FROM score_sheet WHERE round = $1 AND seat = $2 AND project = $3", scoring.id, seat, project
    )
    return found


# Somebody besides the first reader who may type here: another organiser of the programme, or the chair or secretary
# of the round who doesn't score; nobody with a conflict of interest in the cohort.
ANOTHER = """
SELECT EXISTS (
  SELECT FROM person h WHERE h.id <> $3 AND h.deactivated_at IS NULL
  AND NOT EXISTS (SELECT FROM conflict_of_interest i WHERE i.person = h.id AND i.cohort = $2 AND i.lifted_at IS NULL)
  AND (h.id IN (SELECT g.person FROM role_grant g JOIN cohort c ON c.programme = g.scope_id
                WHERE c.id = $2 AND g.role = 'organiser' AND g.scope = 'programme' AND g.revoked_at IS NULL)
       OR h.id IN (SELECT e.person FROM seat e WHERE e.round = $1 AND e.removed_at IS NULL AND NOT e.votes
                   AND e.duty IN ('chair', 'secretary')))
)
"""


async def why_not_me(viewer: Viewer, scoring: Round, paper: Paper) -> Message | None:
    """Why this person can't read the sheet the second time, or None."""
    if paper.step is not Step.SECOND or paper.readings[0].person != viewer.id:
        return None
    if await fetch_value(ANOTHER, scoring.id, scoring.cohort, viewer.id):
        return ANOTHER_PERSON
    return NOT_YET if viewer.now < paper.readings[0].at + LOOK_AWAY else None


# --- What is done -----------------------------------------------------------------------------------------------------

Read = Callable[[Rubric, Paper], Entry]
HOLD = "SELECT id FROM score_sheet WHERE id = $1 AND round = $2 FOR UPDATE"


async def _hold(viewer: Viewer, round_id: UUID, sheet_id: UUID) -> tuple[Round, Mapping[str, Any], Paper]:
    """A step: the round can't be locked meanwhile, nobody else writes on the sheet; both are read after that."""
    await need(viewer, round_id)
    await share(round_id)
    await fetch_one(HOLD, sheet_id, round_id)
    scoring = await need(viewer, round_id)
    row = await fetch_one(f"{SLIPS} AND s.id = $2", round_id, sheet_id)
    if row is None:
        raise NotFound
    if scoring.state is not RoundState.OPEN:
        refuse(AFTER_LOCK)
    if reason := _obstacle(scoring, row):
        raise Refused(reason)
    return scoring, row, paper_of(await fetch(f"{STANDING} AND s.id = $2", round_id, sheet_id))


KEEP = """
INSERT INTO paper_entry (id, sheet, reading, marks, comment, typed_at, typed_by, attempt, reason, set_aside_reason)
SELECT $1, $2, $3, $4, $5, $6, $7, 1 + (
  SELECT count(DISTINCT attempt) FROM paper_entry WHERE sheet = $2 AND set_aside_at IS NOT NULL), $8, ''
"""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a page sends: the step that it showed, how its form is read, and why a difference is settled so."""

    step: Step
    read: Read
    reason: str = ""


async def type_in(viewer: Viewer, round_id: UUID, sheet_id: UUID, typed: Typed) -> Slip:
    """Record what somebody reads from a sheet of paper; how the sheet stands then.

    When two readings agree, or a difference is settled, the paper comes onto the juror's sheet. Raises Refused.
    """
    async with DB.transaction():
        scoring, row, paper = await _hold(viewer, round_id, sheet_id)
        if paper.step is not typed.step or paper.step is Step.DONE:
            raise Refused(ANOTHER_STEP)
        if refusal := await why_not_me(viewer, scoring, paper):
            raise Refused(refusal)
        entry = typed.read(scoring.rubric, paper)
        comment = entry.comment if typed.step is Step.FIRST else ""
        await execute(
            KEEP, new_id(), sheet_id, typed.step, list(entry.marks), comment, viewer.now, viewer.id, typed.reason
        )
        now = paper_of(await fetch(f"{STANDING} AND s.id = $2", round_id, sheet_id))
        came = await _enter(viewer, scoring, row, now) if now.step is Step.DONE else "typed"
        await _tell(WHAT_CAME[came], viewer, scoring, row, now)
        return await slip(scoring, sheet_id)


WHAT_CAME = {"typed": "paper.typed", "entered": "paper.entered", "waits": "paper.waits", "same": "paper.same"}
"""What came of a reading, and the verb that tells it."""

ENTER = """
UPDATE score_sheet s SET state = 'handed_in', marks = $3, total = $4, comment = $5, saved_at = $6::timestamptz, handed_in_at = $6::timestamptz,
  paper_at = greatest($6::timestamptz, $7::timestamptz), skipped_at = NULL, version = s.version + 1
FROM scoring_round r, seat e
WHERE s.id = $1 AND s.version = $2 AND s.state IN ('empty', 'draft') AND r.id = s.round AND r.state = 'open'
  AND e.id = s.seat AND e.signed_at IS NULL AND e.removed_at IS NULL
RETURNING pg_notify('journal', concat_ws(' ', '-', s.round, s.seat))
"""


async def _enter(viewer: Viewer, scoring: Round, row: Mapping[str, Any], paper: Paper) -> str:
    """A step: the paper onto a sheet on which its juror has written nothing; which of `WHAT_CAME` it is."""
    state = SheetState(row["state"])
    if not untouched(state, row["marks"], row["comment"], row["note"]):
        return "waits" if paper.waits(state, row["marks"], row["paper_at"]) else "same"
    total = Entry(paper.agreed, "").total(scoring.rubric)
    done = await fetch_one(
        ENTER, row["id"], row["version"], list(paper.agreed), total, paper.comment, viewer.now, paper.last_at
    )
    if done is None:
        raise Refused(ANOTHER_STEP)
    return "entered"


async def _tell(verb: str, viewer: Viewer, scoring: Round, row: Mapping[str, Any], paper: Paper, **said: Any) -> None:
    told = verb in {"paper.entered", "paper.waits"}
    about = number_of(row["place"]) if scoring.blind else row["team_name"]
    aside = {
        "juror": row["person"], "round": scoring.name, "project": about, "waits": verb == "paper.waits",
        "path": f"/rounds/{scoring.id}/projects/{row['project']}",
        "receipt": await fetch_value(RECEIPT, row["id"]) if verb == "paper.entered" else "",
    }  # fmt: skip
    await record(
        verb, by=viewer.id, at=viewer.now, audience=Audience.JURY, cohort=scoring.cohort, team=row["team"],
        subject=row["id"], aside=aside if told else None, round_name=scoring.name, person=str(row["person"]),
        readers=[str(each.person) for each in paper.readings], **said,
    )  # fmt: skip


RECEIPT = "SELECT encode(receipt, 'hex') FROM score_sheet WHERE id = $1"
ASIDE = """
UPDATE paper_entry SET set_aside_at = $2, set_aside_by = $3, set_aside_reason = $4
WHERE sheet = $1 AND set_aside_at IS NULL
"""


async def set_aside(viewer: Viewer, round_id: UUID, sheet_id: UUID, reason: str) -> None:
    """Let the readings of a sheet not count, because the paper was typed for the wrong juror, say; they are kept."""
    async with DB.transaction():
        scoring, row, paper = await _hold(viewer, round_id, sheet_id)
        if paper.entered(row["paper_at"]):
            raise Refused(Message("This paper stands on the juror's sheet. Only he can change it."))
        if not await execute(ASIDE, sheet_id, viewer.now, viewer.id, reason):
            raise Refused(ANOTHER_STEP)
        await _tell("paper.set_aside", viewer, scoring, row, paper, reason=reason)


# --- The juror decides ------------------------------------------------------------------------------------------------


async def choose(viewer: Viewer, round_id: UUID, project_id: UUID, *, paper_stands: bool, version: int) -> None:
    """The juror says what stands: his paper, which is then his own act, or what he wrote here himself."""
    async with DB.transaction():
        await actions.hold_own(viewer, round_id, project_id)
        scoring = await round_for(viewer, round_id)
        row = await fetch_one(f"{SLIPS} AND s.project = $2 AND e.person = $3", round_id, project_id, viewer.id)
        if row is None:
            raise NotFound
        paper = paper_of(await fetch(f"{STANDING} AND s.id = $2", round_id, row["id"]))
        if not paper.waits(SheetState(row["state"]), row["marks"], row["paper_at"]):
            raise Refused(ANOTHER_STEP)
        await execute(ASIDE, row["id"], viewer.now, viewer.id, "")
        if paper_stands:
            entry = Entry(paper.agreed, paper.comment or row["comment"], row["note"])
            await actions.hand_in(viewer, round_id, project_id, lambda _: entry, expected=version)
        else:
            await _tell("paper.declined", viewer, scoring, row, paper)
