"""Who is at a piece of work just now: a hint to colleagues, never a lock. It ends by itself, and open desks hear of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_one, new_id
from incubator.foundation.refusals import Forbidden
from incubator.journal.actions import Audience, record
from incubator.moderation import queries
from incubator.moderation.queries import DecisionRow
from incubator.moderation.rules import CHECK, CHECK_LASTS
from incubator.people.rights import Viewer
from incubator.stages.queries import work_for
from incubator.stages.rules import NOTHING_SENT, SubmissionState


@dataclass(frozen=True, slots=True)
class Checker:
    """Somebody who is at the work."""

    person: UUID
    name: str
    began_at: datetime


async def checker(submission: UUID, now: datetime) -> Checker | None:
    """Who is at a piece of work, if anybody. One statement."""
    row = await fetch_one(
        "SELECT k.person, p.name, k.began_at FROM checking k JOIN person p ON p.id = k.person"
        " WHERE k.submission = $1 AND k.acted_at > $2",
        submission, now - CHECK_LASTS,
    )  # fmt: skip
    return Checker(**row) if row else None


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What has come of a version since its desk was opened; both None while it still waits and nobody is at it."""

    checker: Checker | None
    decided: DecisionRow | None


async def meanwhile(viewer: Viewer, submission: UUID, revision: int) -> Meanwhile:
    """What an open desk is told while it stays open; raises NotFound, Forbidden when the right to it has gone."""
    work = await work_for(viewer, submission)
    work.standing.need(CHECK)
    made = await queries.decisions(submission)
    return Meanwhile(
        await checker(submission, viewer.now), next((each for each in made if each.revision == revision), None)
    )


# A check under way stays whose it is; one that has ended is begun anew by whoever comes.
TOUCH = """
INSERT INTO checking AS k (id, submission, person, began_at, acted_at)
SELECT $1, s.id, $3, $4, $4 FROM submission s WHERE s.id = $2 AND s.state = 'submitted'
ON CONFLICT (submission) DO UPDATE SET person = $3, acted_at = $4,
  began_at = CASE WHEN k.person = $3 AND k.acted_at > $5 THEN k.began_at ELSE $4 END
WHERE k.person = $3 OR k.acted_at <= $5 OR $6
"""


async def touch(viewer: Viewer, submission: UUID, *, take: bool = False) -> None:
    """The viewer does something at waiting work; nothing changes while a colleague is at it. A step of what is done there."""
    await execute(TOUCH, new_id(), submission, viewer.id, viewer.now, viewer.now - CHECK_LASTS, take)


async def leave(submission: UUID) -> None:
    """Nobody is at the work any more. A step of a decision."""
    await execute("DELETE FROM checking WHERE submission = $1", submission)


async def begin(viewer: Viewer, submission: UUID, *, take: bool = False) -> Checker | None:
    """Begin to check waiting work, or go on; with `take` also when a colleague is at it. Who is at it then.

    Only taking over leaves a row in the journal: opening a page is nobody else's business.
    """
    async with DB.transaction():
        work = await work_for(viewer, submission)
        work.standing.need(CHECK)
        if work.situation.state is not SubmissionState.SUBMITTED:
            raise Forbidden(NOTHING_SENT)
        before = await checker(submission, viewer.now)
        await touch(viewer, submission, take=take)
        if take and before is not None and before.person != viewer.id:
            await record("check.taken_over", by=viewer.id, at=viewer.now, audience=Audience.STAFF, cohort=work.cohort,
                         team=work.team, subject=before.person, title=work.title)  # fmt: skip
        return await checker(submission, viewer.now)
