"""Taking a decision back while its letter still waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Forbidden, Refused
from incubator.journal.actions import Audience, record
from incubator.moderation import checking
from incubator.moderation.rules import ANSWERED_SINCE, NOTHING_DECIDED, ONLY_AUTHOR, UNDO_LASTS, not_undoable
from incubator.notifications.actions import call_back
from incubator.people.rights import Viewer
from incubator.stages import actions as stages
from incubator.stages.queries import work_for
from incubator.stages.rules import RETURN, Outcome

STANDING = """
SELECT d.id, d.revision, d.decided_at, d.decided_by, d.rework_before, r.number, s.team
FROM decision d JOIN revision r ON r.id = d.revision JOIN submission s ON s.id = r.submission
WHERE r.submission = $1 AND d.taken_back_at IS NULL ORDER BY r.number DESC LIMIT 1 FOR UPDATE OF d
"""


async def take_back(viewer: Viewer, submission: UUID) -> None:
    """Take one's decision about a piece of work back: it waits again, its remarks are drafts again, no letter goes.

    Raises Refused after ten minutes and when the team has acted upon the decision, Forbidden to anybody else.
    """
    async with DB.transaction():
        await execute("SELECT 1 FROM submission WHERE id = $1 FOR UPDATE", submission)
        work = await work_for(viewer, submission)
        work.standing.need(RETURN)
        made = await fetch_one(STANDING, submission)
        if made is None:
            raise Refused(NOTHING_DECIDED)
        if reason := not_undoable(made["decided_by"], viewer.id, made["decided_at"], viewer.now):
            raise (Forbidden if reason is ONLY_AUTHOR else Refused)(reason)
        await _undo(viewer, submission, made)
        # Who takes it back goes on with it, and open desks hear so in the same moment.
        await checking.touch(viewer, submission)
        await record(
            "decision.taken_back", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=work.cohort,
            team=work.team, subject=submission, revision=made["number"], title=work.title, assignment=work.assignment,
        )  # fmt: skip


async def _undo(viewer: Viewer, submission: UUID, made: Mapping[str, Any]) -> None:
    """Everything that the decision did, undone."""
    await stages.unsettle(submission, made["revision"], made["decided_at"], made["rework_before"])
    if await _answered(submission, made["decided_at"]):
        raise Refused(ANSWERED_SINCE)
    await call_back(made["id"], viewer.now)
    await execute("UPDATE decision SET taken_back_at = $2 WHERE id = $1", made["id"], viewer.now)
    await execute("UPDATE remark SET sent_at = NULL WHERE submission = $1 AND author = $2 AND sent_at = $3",
                  submission, viewer.id, made["decided_at"])  # fmt: skip


async def _answered(submission: UUID, decided_at: datetime) -> bool:
    found: bool = await fetch_value(
        "SELECT EXISTS (SELECT 1 FROM remark k JOIN remark_reply y ON y.remark = k.id"
        " WHERE k.submission = $1 AND k.sent_at = $2)",
        submission, decided_at,
    )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class Undoable:
    """One of the viewer's decisions of the last minutes."""

    submission: UUID
    kind: Outcome
    title: str
    team_name: str
    decided_at: datetime

    @property
    def until(self) -> datetime:
        """The last instant at which it can be taken back."""
        return self.decided_at + UNDO_LASTS


UNDOABLE = """
SELECT r.submission, d.kind, a.title, t.name AS team_name, d.decided_at
FROM decision d JOIN revision r ON r.id = d.revision JOIN submission s ON s.id = r.submission
JOIN assignment a ON a.id = s.assignment JOIN team t ON t.id = s.team
WHERE d.decided_by = $1 AND d.decided_at >= $2 AND d.taken_back_at IS NULL AND s.state = d.kind
  AND (s.updated_at IS NULL OR s.updated_at <= d.decided_at)
  AND NOT EXISTS (SELECT 1 FROM team_module e WHERE e.team = s.team AND e.module = a.module AND e.advanced_at >= d.decided_at)
ORDER BY d.decided_at DESC LIMIT 20
"""


async def undoable(viewer: Viewer) -> list[Undoable]:
    """What the viewer may still take back, newest first. One statement."""
    rows = await fetch(UNDOABLE, viewer.id, viewer.now - UNDO_LASTS)
    return [Undoable(**{**row, "kind": Outcome(row["kind"])}) for row in rows]
