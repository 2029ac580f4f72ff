"""What teams and organisers do with work, and the steps by which moderation decides about it."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Due, Message
from incubator.foundation.refusals import Clash, Forbidden, Invalid, NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.people.rights import Viewer
from incubator.stages import hooks, layout
from incubator.stages.answers import Content, check, kept
from incubator.stages.drafts import Saved, begun, held, note, save_draft
from incubator.stages.filing import Upload, attach_file, name_file, put_back, remove_file
from incubator.stages.home import ModuleOnMap, home_team, stopped, team_map
from incubator.stages.queries import Work
from incubator.stages.rules import (
    EXTEND,
    NOTHING_SENT,
    OPEN_STATES,
    ROLLBACK,
    STEP_OF,
    SUBMIT,
    Outcome,
    Step,
    SubmissionState,
    after,
    allow_outcome,
    not_advanceable,
    rework_until,
)

__all__ = [
    "Receipt", "Saved", "Settled", "Upload", "advance_team", "attach_file", "extend_deadline", "layout", "name_file",
    "open_first", "put_back", "remove_file", "rollback", "save_draft", "send", "settle", "unsettle",
]  # fmt: skip

RECEIPT_LETTERS: Final = "2346789ACDEFHJKMNPQRTUVWXY"  # none that looks like another
CHANGED_SINCE = Message("The answers have changed since you checked them. Look through them once more.")
ASKED_ANEW = Message("The organisers have changed the questions since you checked. Look through the answers once more.")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the team keeps as proof of having sent."""

    submission: UUID
    revision: UUID
    number: int
    code: str
    sent_at: datetime
    late: bool


async def send(
    viewer: Viewer, team_id: UUID, assignment_id: UUID, version: int, *, asked: str | None = None
) -> Receipt:
    """Send the draft, as it was at `version`, to be checked: an immutable revision with a receipt.

    `asked` is the print of the questions that were on the page: Clash when an organiser has changed them since.
    Raises Forbidden after the deadline, Clash when the draft has changed, Invalid with every error by field.
    """
    async with DB.transaction():
        work = await held(viewer, team_id, assignment_id)
        work.standing.need(SUBMIT)
        state = after(work.situation.state, Step.SEND)
        if reason := work.situation.not_sendable(viewer.now) or await hooks.frozen(team_id):
            raise Forbidden(reason)
        if work.version != version:
            raise Clash(CHANGED_SINCE)
        if asked is not None and asked != work.asked:
            raise Clash(ASKED_ANEW)
        values, form = check(work.fields, work.content, work.files)
        if form.errors:
            raise Invalid(form)
        await execute(
            "UPDATE submission SET state = $2, version = version + 1 WHERE id = $1", work.submission, state.value
        )
        receipt = await _revision(viewer, work, values)
        await note("submission.sent", viewer, work, number=receipt.number, receipt=receipt.code, late=receipt.late)
    return receipt


async def _revision(viewer: Viewer, work: Work, values: Content) -> Receipt:
    if work.submission is None:
        raise Forbidden(NOTHING_SENT)
    number = len(work.revisions) + 1
    late = work.situation.late(viewer.now)
    receipt = Receipt(work.submission, new_id(), number, await _receipt_code(), viewer.now, late)
    await execute(
        "INSERT INTO revision (id, submission, number, receipt, content, fields, sent_at, sent_by, late)"
        " VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8, $9)",
        receipt.revision, work.submission, number, receipt.code, json.dumps(values), json.dumps(kept(work.fields)),
        viewer.now, viewer.id, late,
    )  # fmt: skip
    return receipt


async def _receipt_code() -> str:
    """A number that can be read out over the telephone, like «Р-7K3M-Q2»."""
    while True:
        letters = "".join(secrets.choice(RECEIPT_LETTERS) for _ in range(6))
        code = f"Р-{letters[:4]}-{letters[4:]}"
        if await fetch_value("SELECT 1 FROM revision WHERE receipt = $1", code) is None:
            return code


async def extend_deadline(viewer: Viewer, team_id: UUID, assignment_id: UUID, until: datetime, reason: str) -> None:
    """Give one team more time for one assignment; the team reads the reason. Only later, never earlier."""
    async with DB.transaction():
        work = await held(viewer, team_id, assignment_id)
        work.standing.need(EXTEND)
        if work.situation.state not in OPEN_STATES:
            raise Refused(Message("The work has been sent already, so its deadline no longer matters."))
        if until <= max(viewer.now, work.situation.deadline):
            raise Refused(
                Message(
                    "Choose a time after the present deadline, {deadline}.",
                    deadline=Due(work.situation.deadline, work.zone),
                )
            )
        work = await begun(viewer, work)
        await execute(
            "UPDATE submission SET extended_to = $2, extension_reason = $3, version = version + 1 WHERE id = $1",
            work.submission, until, reason,
        )  # fmt: skip
        await record("submission.extended", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=work.cohort,
                     team=work.team, subject=work.submission, title=work.title, assignment=work.assignment,
                     aside={"assignment": work.title, "path": work.href, "deadline": until, "zone": work.zone}, reason=reason,
                     until=until.isoformat())  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settled:
    """Work after a decision; `deadline` is when returned work may be sent again at the latest.

    `rework_before` is what has to come back when the decision is taken back.
    """

    submission: UUID
    team: UUID
    cohort: UUID
    assignment: UUID
    module: UUID
    title: str
    state: SubmissionState
    deadline: datetime
    rework_before: datetime | None


TO_SETTLE: Final = """
SELECT s.id, s.state, s.team, s.assignment, s.extended_to, s.rework_until, s.updated_at, a.title, a.rework_limit, a.module, m.due_at,
  m.cohort, t.withdrawn_at, c.opened_at, c.closed_at, (SELECT json_build_array(r.id, r.number) FROM revision r WHERE r.submission = s.id
             ORDER BY r.number DESC LIMIT 1) AS last
FROM submission s JOIN assignment a ON a.id = s.assignment JOIN module m ON m.id = a.module
JOIN team t ON t.id = s.team JOIN cohort c ON c.id = t.cohort
WHERE s.id = $1 FOR UPDATE OF s
"""


async def settle(submission_id: UUID, revision_id: UUID, outcome: Outcome, at: datetime) -> Settled:
    """Move sent work to what was decided about its newest revision. A step of a moderator's decision.

    Raises Refused when somebody was quicker or the loop does not offer this outcome.
    """
    row = await fetch_one(TO_SETTLE, submission_id)
    if row is None:
        raise NotFound
    if reason := stopped(row):
        raise Refused(reason)
    state = after(SubmissionState(row["state"]), STEP_OF[outcome])
    newest, number = json.loads(row["last"])
    if newest != str(revision_id):
        raise Refused(Message("The team has sent a newer version. Open the work again to see it."))
    allow_outcome(outcome, number, row["rework_limit"])
    deadline = max(filter(None, (row["due_at"], row["extended_to"], row["rework_until"])))
    until = rework_until(at, deadline) if outcome is Outcome.RETURNED else row["rework_until"]
    await execute("UPDATE submission SET state = $2, version = version + 1, rework_until = $3 WHERE id = $1",
                  submission_id, state.value, until)  # fmt: skip
    return Settled(row["id"], row["team"], row["cohort"], row["assignment"], row["module"], row["title"], state,
                   until or deadline, row["rework_until"])  # fmt: skip


SENT_SINCE: Final = Message("The team has sent another version meanwhile, so the decision stands.")
WRITTEN_SINCE: Final = Message("The team has gone on working since the decision, so it stands.")
LED_ON_SINCE: Final = Message("The team has been led into the next module meanwhile, so the decision stands.")


async def unsettle(
    submission_id: UUID, revision_id: UUID, decided_at: datetime, rework_before: datetime | None
) -> None:
    """Bring work back to where it was before a decision. A step of taking the decision back.

    Raises Refused when the team has acted upon the decision: sent, written, or gone on into the next module.
    """
    row = await fetch_one(TO_SETTLE, submission_id)
    if row is None:
        raise NotFound
    if reason := stopped(row) or await hooks.frozen(row["team"]):
        raise Refused(reason)
    if json.loads(row["last"])[0] != str(revision_id):
        raise Refused(SENT_SINCE)
    state = after(SubmissionState(row["state"]), Step.TAKE_BACK)
    if row["updated_at"] is not None and row["updated_at"] > decided_at:
        raise Refused(WRITTEN_SINCE)
    if await _led_on_since(row["team"], row["module"], decided_at):
        raise Refused(LED_ON_SINCE)
    await execute("UPDATE submission SET state = $2, version = version + 1, rework_until = $3 WHERE id = $1",
                  submission_id, state.value, rework_before)  # fmt: skip


async def _led_on_since(team_id: UUID, module_id: UUID, moment: datetime) -> bool:
    found: bool = await fetch_value(
        "SELECT EXISTS (SELECT 1 FROM team_module WHERE team = $1 AND module = $2 AND advanced_at >= $3)",
        team_id, module_id, moment,
    )  # fmt: skip
    return found


async def open_first(team_id: UUID, at: datetime) -> None:
    """Note that a team has entered the first module of its cohort; again does nothing. A step of a registration."""
    await execute(
        "INSERT INTO team_module (id, team, module, opened_at, override_reason) SELECT $1, t.id, m.id, $3, ''"
        " FROM team t JOIN module m ON m.cohort = t.cohort WHERE t.id = $2 ORDER BY m.place LIMIT 1"
        " ON CONFLICT (team, module) DO NOTHING",
        new_id(), team_id, at,
    )  # fmt: skip


async def advance_team(team_id: UUID, module_id: UUID, by: UUID, at: datetime, reason: str = "") -> UUID | None:
    """Lead a team through the gate of a module; the next module's id. A step of a moderator's decision.

    With a `reason` an organiser overrides a missing acceptance. Of two who press at once one moves the team and the
    other reads who did it (Refused).
    """
    await _refuse_stopped(team_id)
    modules = await team_map(team_id, at)
    module, following = _with_next(modules, module_id)
    if not module.reached:
        raise Refused(Message("The team is not in this module yet."))
    await _enter(team_id, module_id, at)
    await _refuse_advanced(team_id, module_id)
    if reason_not := not_advanceable((w.situation.state for w in module.works if w.required), override=bool(reason)):
        raise Refused(reason_not)
    await execute(
        "UPDATE team_module SET advanced_at = $3, advanced_by = $4, override_reason = $5, closed_at = NULL"
        " WHERE team = $1 AND module = $2",
        team_id, module_id, at, by, reason,
    )  # fmt: skip
    if following is None:
        return None
    await _enter(team_id, following.id, at)
    await execute("UPDATE team_module SET opened_at = $3, closed_at = NULL"
                  " WHERE team = $1 AND module = $2 AND closed_at IS NOT NULL", team_id, following.id, at)  # fmt: skip
    return following.id


async def _refuse_stopped(team_id: UUID) -> None:
    row = await fetch_one(
        "SELECT t.withdrawn_at, c.opened_at, c.closed_at FROM team t JOIN cohort c ON c.id = t.cohort WHERE t.id = $1",
        team_id,
    )
    if row is None:
        raise NotFound
    if reason := stopped(row):
        raise Refused(reason)


async def _enter(team_id: UUID, module_id: UUID, at: datetime) -> None:
    await execute(
        "INSERT INTO team_module (id, team, module, opened_at, override_reason) SELECT $1, $2, m.id, $4, ''"
        " FROM module m WHERE m.id = $3 FOR KEY SHARE ON CONFLICT (team, module) DO NOTHING",
        new_id(), team_id, module_id, at,
    )  # fmt: skip


async def _refuse_advanced(team_id: UUID, module_id: UUID) -> None:
    """Hold the team's row in the module; of two who wait here the second finds what the first has done."""
    row = await fetch_one(
        "SELECT e.advanced_at, p.name FROM team_module e LEFT JOIN person p ON p.id = e.advanced_by"
        " WHERE e.team = $1 AND e.module = $2 FOR UPDATE OF e",
        team_id, module_id,
    )  # fmt: skip
    if row is not None and row["advanced_at"] is not None:
        raise Refused(
            Message("{name} advanced the team already: {at}.", name=row["name"] or "–", at=row["advanced_at"])
        )


def _with_next(modules: list[ModuleOnMap], module_id: UUID) -> tuple[ModuleOnMap, ModuleOnMap | None]:
    place = next((place for place, each in enumerate(modules) if each.id == module_id), None)
    if place is None:
        raise NotFound
    return modules[place], modules[place + 1] if place + 1 < len(modules) else None


async def rollback(viewer: Viewer, team_id: UUID, module_id: UUID, reason: str) -> None:
    """Take an advance back: the team is in the module again, the next one closes; its work there is kept."""
    async with DB.transaction():
        team = await home_team(viewer, team_id)
        team.standing.need(ROLLBACK)
        await fetch_value("SELECT 1 FROM team_module WHERE team = $1 AND module = $2 FOR UPDATE", team_id, module_id)
        module, following = _with_next(await team_map(team_id, viewer.now), module_id)
        if module.advanced_at is None:
            raise Refused(Message("The team was not advanced from this module."))
        if following is not None and following.advanced_at is not None:
            raise Refused(Message("The team has passed the next module too. Take that advance back first."))
        await execute("UPDATE team_module SET advanced_at = NULL, advanced_by = NULL, override_reason = ''"
                      " WHERE team = $1 AND module = $2", team_id, module_id)  # fmt: skip
        if following is not None:
            await execute("UPDATE team_module SET closed_at = $3 WHERE team = $1 AND module = $2",
                          team_id, following.id, viewer.now)  # fmt: skip
        await record("team.rolled_back", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=team.cohort,
                     team=team_id, subject=module_id, title=module.title, reason=reason)  # fmt: skip
