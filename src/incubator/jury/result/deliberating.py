"""The jury together over a locked round: the deliberation, and what it decides by vote. It never changes a mark."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound, Refused
from incubator.jury.result.rules import DELIBERATE, WITHOUT_SHEETS, DecisionKind, Motion, Table, demand_votes
from incubator.jury.result.snapshot import Decision
from incubator.jury.rounds import Round, alone, tell
from incubator.jury.rules import CONDUCT, LEAD, STALE, VALUES, RoundState, refuse
from incubator.jury.scoring import FIRST_PLACES
from incubator.people.rights import Right, Viewer

# --- Seeing -----------------------------------------------------------------------------------------------------------


async def table_of(scoring: Round) -> Table:
    """Whether the jury sits over this round now; no statement unless it is locked."""
    if scoring.state is not RoundState.LOCKED:
        return Table()
    row = await fetch_one("SELECT closed_at, shows_sheets FROM deliberation WHERE round = $1", scoring.id)
    return Table(row is not None and row["closed_at"] is None, bool(row and row["shows_sheets"]))


async def need_a_seat(scoring: Round) -> Table:
    """Pass who may take part in the deliberation of a locked round now, or organises it; what is on the table."""
    table = await table_of(scoring)
    scoring.standing.need(DELIBERATE if table.open else VALUES)
    return table


def need_sheets(scoring: Round, table: Table) -> None:
    """Pass who may see marks of others without their names in this deliberation."""
    if not table.shows_sheets and not scoring.standing.may(VALUES):
        refuse(WITHOUT_SHEETS)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision as it was recorded; a struck one doesn't count any more."""

    id: UUID
    decision: Decision
    kind: DecisionKind
    at: datetime
    by: str
    struck_at: datetime | None
    struck_reason: str


DECISIONS = """
SELECT d.*, t.name AS team, h.name AS by FROM jury_decision d JOIN person h ON h.id = d.recorded_by
LEFT JOIN round_project p ON p.id = d.project LEFT JOIN team t ON t.id = p.team
WHERE d.round = $1 ORDER BY d.decided_at, d.id LIMIT 200
"""


async def decisions(round_id: UUID) -> list[Recorded]:
    """Everything that the jury decided over a round, struck entries too."""
    return [_recorded(row) for row in await fetch(DECISIONS, round_id)]


def _recorded(row: Any) -> Recorded:
    project = str(row["project"]) if row["project"] else None
    votes = (row["votes_for"], row["votes_against"], row["abstained"])
    decision = Decision(row["kind"], row["title"], row["text"], project, row["team"], *votes)
    return Recorded(row["id"], decision, DecisionKind(row["kind"]), row["decided_at"], row["by"], row["struck_at"],
                    row["struck_reason"])  # fmt: skip


async def adopted(scoring: Round) -> tuple[Decision, ...]:
    """What goes into the result of a locked round."""
    found = [each for each in await decisions(scoring.id) if each.struck_at is None]
    return tuple(each.decision for each in found if each.decision.adopted)


# --- Doing ------------------------------------------------------------------------------------------------------------


async def open_deliberation(viewer: Viewer, round_id: UUID, *, shows_sheets: bool) -> None:
    """Let the jurors of a locked round without a conflict of interest see its ranking, and perhaps each other's marks."""
    async with DB.transaction():
        scoring = await _locked(viewer, round_id)
        await execute(
            "INSERT INTO deliberation (id, round, shows_sheets, opened_at, opened_by) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (round) DO UPDATE SET shows_sheets = $3, opened_at = $4, opened_by = $5, closed_at = NULL",
            new_id(), round_id, shows_sheets, viewer.now, viewer.id,
        )  # fmt: skip
        at_table = [row["person"] for row in await fetch(AT_TABLE, round_id, scoring.cohort)]
        await tell(
            "deliberation.opened", viewer, scoring, shows_sheets=shows_sheets,
            aside={"jurors": at_table, "round": scoring.name, "path": f"/rounds/{round_id}/deliberation"},
        )  # fmt: skip


# Jurors, chair and secretary too, whom no conflict of interest in the cohort keeps away from the table.
AT_TABLE = """
SELECT e.person FROM seat e WHERE e.round = $1 AND e.removed_at IS NULL AND NOT EXISTS (
  SELECT FROM conflict_of_interest i WHERE i.person = e.person AND i.cohort = $2 AND i.lifted_at IS NULL)
ORDER BY e.id
"""


async def close_deliberation(viewer: Viewer, round_id: UUID) -> None:
    """End the deliberation: jurors see the result with everybody, when it is published."""
    async with DB.transaction():
        scoring = await _locked(viewer, round_id)
        if not await execute(CLOSE, round_id, viewer.now):
            raise Refused(Message("The jury does not deliberate on this round now."))
        await tell("deliberation.closed", viewer, scoring)


CLOSE = "UPDATE deliberation SET closed_at = $2 WHERE round = $1 AND closed_at IS NULL"


async def _locked(viewer: Viewer, round_id: UUID, needed: Right = CONDUCT) -> Round:
    scoring = await alone(viewer, round_id, needed)
    if scoring.state is not RoundState.LOCKED:
        raise Refused(STALE)
    return scoring


async def decide(viewer: Viewer, round_id: UUID, motion: Motion) -> UUID:
    """Record what the jury decided together and how the votes fell; the id of the entry."""
    async with DB.transaction():
        scoring = await _locked(viewer, round_id, LEAD)
        sitting = "SELECT count(*) FROM seat WHERE round = $1 AND removed_at IS NULL AND votes"
        demand_votes(motion, sitting=await fetch_value(sitting, round_id), quorum=scoring.plan.quorum)
        made, project = new_id(), UUID(motion.project) if motion.project else None
        await execute(
            "INSERT INTO jury_decision (id, round, kind, project, title, text, votes_for, votes_against, abstained,"
            " decided_at, recorded_by, struck_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '')",
            made, round_id, motion.kind, project, motion.title, motion.text, motion.votes_for, motion.votes_against,
            motion.abstained, viewer.now, viewer.id,
        )  # fmt: skip
        await tell(
            "jury.decided", viewer, scoring, title=motion.title, votes_for=motion.votes_for,
            votes_against=motion.votes_against, abstained=motion.abstained,
        )  # fmt: skip
        return made


async def strike(viewer: Viewer, round_id: UUID, decision_id: UUID, reason: str) -> None:
    """Strike a decision that was recorded wrongly; it stays readable and counts no more."""
    async with DB.transaction():
        scoring = await _locked(viewer, round_id, LEAD)
        title = await fetch_value(
            "UPDATE jury_decision SET struck_at = $3, struck_reason = $4"
            " WHERE id = $1 AND round = $2 AND struck_at IS NULL RETURNING title",
            decision_id, round_id, viewer.now, reason,
        )  # fmt: skip
        if title is None:
            await _demand_struck(round_id, decision_id)
        await tell("jury.decision_struck", viewer, scoring, title=title, reason=reason)


async def _demand_struck(round_id: UUID, decision_id: UUID) -> None:
    """Say that a decision is struck already; NotFound where there is none."""
    if await fetch_value("SELECT id FROM jury_decision WHERE id = $1 AND round = $2", decision_id, round_id) is None:
        raise NotFound
    raise Refused(Message("This decision is struck already. Reload the page to see how it stands."))


async def undo(viewer: Viewer, round_id: UUID, reason: str) -> None:
    """A step of unlocking a round: what was decided between totals that may change now counts no more."""
    await execute(CLOSE, round_id, viewer.now)
    await execute(
        "UPDATE jury_decision SET struck_at = $2, struck_reason = $3 WHERE round = $1 AND struck_at IS NULL",
        round_id, viewer.now, reason,
    )  # fmt: skip


# --- Votes on ties ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote on a tie as it was recorded: the teams in its order; `project`, one of theirs, names it."""

    project: UUID
    teams: tuple[str, ...]
    reason: str
    at: datetime
    by: str


BALLOTS = """
SELECT (array_agg(v.project ORDER BY p.place))[1] AS project, array_agg(t.name ORDER BY v.rank, p.place) AS teams,
  v.reason, v.decided_at AS at, h.name AS by
FROM tie_vote v JOIN round_project p ON p.id = v.project JOIN team t ON t.id = p.team JOIN person h ON h.id = v.decided_by
WHERE v.round = $1 GROUP BY v.reason, v.decided_at, h.name ORDER BY v.decided_at LIMIT 200
"""
# Projects that were voted on together have been recorded at the same moment.
FORGET = """
DELETE FROM tie_vote v USING tie_vote w
WHERE w.round = $1 AND w.project = ANY($2) AND v.round = w.round AND v.decided_at = w.decided_at
"""


async def ballots(scoring: Round) -> list[Ballot]:
    """The votes on ties of a locked round."""
    if scoring.state is not RoundState.LOCKED:
        return []
    return [Ballot(**{**row, "teams": tuple(row["teams"])}) for row in await fetch(BALLOTS, scoring.id)]


async def forget_votes(round_id: UUID, projects: Collection[UUID]) -> int:
    """A step: the votes in which any of these projects took part count no more; how many projects they ranked."""
    return await execute(FORGET, round_id, list(projects))


async def unsettle(scoring: Round, project: UUID) -> None:
    """A step of changing what counts for a project of a locked round: a vote between other totals says nothing now.

    Where first places decide, any sheet can change which projects are equal, so no vote stands.
    """
    if FIRST_PLACES in scoring.plan.ties:
        await execute("DELETE FROM tie_vote WHERE round = $1", scoring.id)
    else:
        await forget_votes(scoring.id, [project])


async def strike_vote(viewer: Viewer, round_id: UUID, project: UUID, reason: str) -> None:
    """Strike a vote on a tie that was recorded wrongly, named by one of its projects: it can be recorded again."""
    async with DB.transaction():
        scoring = await _locked(viewer, round_id)
        if not await forget_votes(round_id, [project]):
            raise Refused(Message("This vote is not recorded any more. Reload the page to see how it stands."))
        await tell("tie.struck", viewer, scoring, project=str(project), reason=reason)
