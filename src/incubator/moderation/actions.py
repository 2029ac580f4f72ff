"""What moderators decide: about a version of a team's work, about the gate; and who accompanies which team.

What they write - remarks, notes, questions - is in `writing.py`; these names lead there too.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, Forbidden, NotFound
from incubator.journal.actions import Audience, record
from incubator.moderation import checking
from incubator.moderation.questions import answer, ask
from incubator.moderation.rules import ASSIGN, LETTER_WAITS, Verdict
from incubator.moderation.tables import Decision
from incubator.moderation.writing import (
    drop_remark,
    edit_note,
    edit_remark,
    reply,
    retract_note,
    send_drafts,
    send_remarks,
    write_note,
    write_remark,
)
from incubator.people.actions import give_role, take_role
from incubator.people.queries import names
from incubator.people.rights import Role, Scope, Viewer
from incubator.programmes.queries import cohort_for
from incubator.stages import actions as stages
from incubator.stages.queries import Work, work_for
from incubator.stages.rules import (
    ADVANCE,
    NOTHING_SENT,
    OPEN_STATES,
    RETURN,
    ROLLBACK,
    Outcome,
    SubmissionState,
    not_advanceable,
)
from incubator.teams.queries import team_for

__all__ = [
    "advance", "answer", "ask", "assign_moderator", "decide", "dismiss_moderator", "drop_remark", "edit_note",
    "edit_remark", "reply", "retract_note", "send_remarks", "write_note", "write_remark",
]  # fmt: skip

VERBS = {
    Outcome.ACCEPTED: "submission.accepted",
    Outcome.RETURNED: "submission.returned",
    Outcome.FAILED: "submission.failed",
}


# Work


async def decide(viewer: Viewer, submission: UUID, revision: int, verdict: Verdict) -> None:
    """Accept, return or fail the version that the moderator has read; his draft remarks go out with it.

    The team sees it on its pages at once; the letter waits as long as `undoing.take_back` is open to the moderator.

    Of two moderators pressing at once one decides; the other reads who did (Clash). Raises Forbidden when nothing
    waits for a decision, Refused when the loop does not offer the outcome, Clash when a newer version has come in.
    """
    async with DB.transaction():
        work = await _locked(viewer, submission)
        work.standing.need(RETURN)
        read = await _undecided(work, revision)
        settled = await stages.settle(submission, read, verdict.outcome, viewer.now)
        decision = Decision(id=new_id(), revision=read, kind=verdict.outcome.value, message=verdict.message,
                            decided_at=viewer.now, decided_by=viewer.id, rework_before=settled.rework_before)  # fmt: skip
        await Decision.insert(decision)
        await checking.leave(submission)
        sent = await send_drafts(viewer, submission)
        await record(
            VERBS[verdict.outcome], by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=work.cohort,
            team=work.team, subject=submission, revision=revision, title=work.title, assignment=work.assignment,
            remarks=sent, aside={"assignment": work.title, "path": work.href, "deadline": settled.deadline, "zone": work.zone,
                                 "about": decision.id, "not_before": viewer.now + LETTER_WAITS},
        )  # fmt: skip


async def _locked(viewer: Viewer, submission: UUID) -> Work:
    """The work with its row held: decisions about it wait for each other."""
    await execute("SELECT 1 FROM submission WHERE id = $1 FOR UPDATE", submission)
    return await work_for(viewer, submission)


async def _undecided(work: Work, number: int) -> UUID:
    """The id of the version with this number, if it is the newest one and waits for a decision."""
    read = next((each for each in work.revisions if each.number == number), None)
    if read is not None:
        await _refuse_second(read.id)
    if work.last is not None and work.last is not read:
        raise Clash(Message("The team has sent another version meanwhile. Read it before you decide."))
    if read is None or work.situation.state in OPEN_STATES:
        raise Forbidden(NOTHING_SENT)
    return read.id


async def _refuse_second(revision: UUID) -> None:
    made = await fetch_one(
        "SELECT decided_by, decided_at FROM decision WHERE revision = $1 AND taken_back_at IS NULL", revision
    )
    if made is None:
        return
    who = (await names([made["decided_by"]])).get(made["decided_by"], "–")
    raise Clash(
        Message("{name} has decided this version already, at {time}. Reload the page to see how it stands.",
                name=who, time=made["decided_at"])
    )  # fmt: skip


# The gate


async def advance(viewer: Viewer, team_id: UUID, module: UUID, *, reason: str = "") -> UUID | None:
    """Lead a team through the gate of a module; with a reason an organiser does so before everything is accepted.

    The id of the next module, None after the last one.
    """
    async with DB.transaction():
        team = await team_for(viewer, team_id)
        team.standing.need(ADVANCE)
        if reason:  # an override is the organiser's alone; a moderator waits until everything is accepted
            team.standing.need(ROLLBACK)
        await _refuse_skipping(team_id, module)
        following = await stages.advance_team(team_id, module, viewer.id, viewer.now, reason)
        passed, ahead = await _facts(module), await _facts(following)
        await record(
            "team.advanced", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=team.cohort, team=team_id,
            subject=module, title=passed["title"], overridden=bool(reason), reason=reason or None,
            aside={"module": ahead["title"], "deadline": ahead["due_at"], "zone": team.time_zone, "path": f"/teams/{team_id}"},
        )  # fmt: skip
    return following


async def _refuse_skipping(team_id: UUID, module: UUID) -> None:
    """Nobody skips work that was never sent: by the authorization matrix that is a 403, whoever asks."""
    rows = await fetch(
        "SELECT coalesce(s.state, 'not_started') AS state FROM assignment a"
        " LEFT JOIN submission s ON s.assignment = a.id AND s.team = $1 WHERE a.module = $2 AND a.required",
        team_id, module,
    )  # fmt: skip
    if reason := not_advanceable((SubmissionState(row["state"]) for row in rows), override=True):
        raise Forbidden(reason)


async def _facts(module: UUID | None) -> Mapping[str, str | datetime | None]:
    row = await fetch_one("SELECT title, due_at FROM module WHERE id = $1", module) if module else None
    return row or {"title": "", "due_at": None}


# Who accompanies a team


async def assign_moderator(viewer: Viewer, cohort_id: UUID, team_id: UUID, moderator: UUID) -> None:
    """Give a team to a moderator of its cohort; a team may have several."""
    async with DB.transaction():
        team = await _team_of(viewer, cohort_id, team_id)
        if await _grant(moderator, Scope.COHORT, cohort_id) is None:
            raise NotFound
        if await _grant(moderator, Scope.TEAM, team_id) is not None:  # pressed twice
            return
        await give_role(moderator, Role.MODERATOR, Scope.TEAM, team_id, cohort=cohort_id, by=viewer.id, at=viewer.now)
        await record("moderator.assigned", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=cohort_id,
                     team=team_id, subject=moderator, team_name=team)  # fmt: skip


async def dismiss_moderator(viewer: Viewer, cohort_id: UUID, team_id: UUID, moderator: UUID) -> None:
    """Take a team from a moderator; counts from his next request."""
    async with DB.transaction():
        team = await _team_of(viewer, cohort_id, team_id)
        grant = await _grant(moderator, Scope.TEAM, team_id)
        if grant is None:
            raise NotFound
        await take_role(grant, viewer.id, viewer.now)
        await record("moderator.dismissed", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=cohort_id,
                     team=team_id, subject=moderator, team_name=team)  # fmt: skip


async def _grant(moderator: UUID, scope: Scope, where: UUID) -> UUID | None:
    row = await fetch_one(
        "SELECT id FROM role_grant WHERE person = $1 AND role = 'moderator' AND scope = $2 AND scope_id = $3"
        " AND revoked_at IS NULL",
        moderator, scope, where,
    )  # fmt: skip
    return row["id"] if row else None


async def _team_of(viewer: Viewer, cohort_id: UUID, team_id: UUID) -> str:
    """The name of a team of this cohort, for an organiser."""
    cohort = await cohort_for(viewer, cohort_id)
    cohort.standing.need(ASSIGN)
    team = await team_for(viewer, team_id)
    if team.cohort != cohort_id:
        raise NotFound
    return team.name
