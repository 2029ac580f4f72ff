"""What moderators do: remark, decide, lead a team through a gate, note, ask - and how teams answer."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_one, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, Forbidden, NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.moderation.queries import module_titles
from incubator.moderation.rules import (
    ANSWER,
    ASK,
    ASSIGN,
    REMARK,
    REPLY,
    WRITE_NOTE,
    Verdict,
    not_editable,
)
from incubator.moderation.tables import Decision, GuidingQuestion, PrivateNote, Remark, RemarkReply
from incubator.people.actions import give_role, take_role
from incubator.people.queries import names
from incubator.people.rights import Role, Scope, Viewer
from incubator.programmes.queries import cohort_for
from incubator.stages import actions as stages
from incubator.stages.queries import Work, work_for
from incubator.stages.rules import ADVANCE, RETURN, ROLLBACK, Outcome
from incubator.teams.queries import team_for

VERBS = {
    Outcome.ACCEPTED: "submission.accepted",
    Outcome.RETURNED: "submission.returned",
    Outcome.FAILED: "submission.failed",
}


async def _locked(viewer: Viewer, submission: UUID) -> Work:
    """The work with its row held: decisions about it wait for each other."""
    await execute("SELECT 1 FROM submission WHERE id = $1 FOR UPDATE", submission)
    return await work_for(viewer, submission)


# Decisions


async def decide(viewer: Viewer, submission: UUID, revision: int, verdict: Verdict) -> None:
    """Accept, return or fail the version that the moderator has read; his draft remarks go out with it.

    Of two moderators pressing at once one decides; the other reads who did (Clash). Raises Refused when the loop does
    not offer the outcome, Clash when a newer version has come in.
    """
    async with DB.transaction():
        work = await _locked(viewer, submission)
        work.standing.need(RETURN)
        if work.last is None or work.last.number != revision:
            raise Clash(Message("The team has sent another version meanwhile. Read it before you decide."))
        await _refuse_second(work.last.id)
        settled = await stages.settle(submission, work.last.id, verdict.outcome, viewer.now)
        await Decision.insert(
            Decision(id=new_id(), revision=work.last.id, kind=verdict.outcome.value, message=verdict.message,
                     decided_at=viewer.now, decided_by=viewer.id)
        )  # fmt: skip
        sent = await _send_drafts(submission, viewer)
        await record(
            VERBS[verdict.outcome], by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=work.cohort,
            team=work.team, subject=submission, revision=revision, assignment=work.title, remarks=sent,
            aside={"assignment": work.title, "path": work.href, "deadline": settled.deadline},
        )  # fmt: skip


async def _refuse_second(revision: UUID) -> None:
    made = await fetch_one("SELECT kind, decided_by, decided_at FROM decision WHERE revision = $1", revision)
    if made is None:
        return
    who = (await names([made["decided_by"]])).get(made["decided_by"], "")
    raise Clash(
        Message("{name} has decided this version already, at {time}. Reload the page to see how it stands.",
                name=who, time=made["decided_at"])
    )  # fmt: skip


async def _send_drafts(submission: UUID, viewer: Viewer) -> int:
    return await execute(
        "UPDATE remark SET sent_at = $3 WHERE submission = $1 AND author = $2 AND sent_at IS NULL",
        submission, viewer.id, viewer.now,
    )  # fmt: skip


async def advance(viewer: Viewer, team_id: UUID, module: UUID, *, reason: str = "") -> None:
    """Lead a team through the gate of a module; with a reason an organiser does so before everything is accepted."""
    async with DB.transaction():
        team = await team_for(viewer, team_id)
        team.standing.need(ADVANCE)
        if reason:  # an override is the organiser's alone; a moderator waits until everything is accepted
            team.standing.need(ROLLBACK)
        following = await stages.advance_team(team_id, module, viewer.id, viewer.now, reason)
        titles = await module_titles([module, following] if following else [module])
        await record(
            "team.advanced", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=team.cohort, team=team_id,
            subject=module, module=titles[module], overridden=bool(reason),
            aside={"module": titles.get(following, ""), "path": f"/teams/{team_id}"},
        )  # fmt: skip


# Remarks


async def write_remark(viewer: Viewer, submission: UUID, revision: int, field: str, text: str) -> UUID:
    """Write a draft remark at a field of a version; the team sees it when it is sent. Its id."""
    async with DB.transaction():
        work = await work_for(viewer, submission)
        work.standing.need(REMARK)
        sent = next((each for each in work.revisions if each.number == revision), None)
        if sent is None or (field and field not in {each.key for each in work.fields}):
            raise NotFound
        remark = Remark(id=new_id(), submission=submission, revision=sent.id, field=field, text=text,
                        author=viewer.id, written_at=viewer.now)  # fmt: skip
        await Remark.insert(remark)
        await record("remark.written", by=viewer.id, at=viewer.now, audience=Audience.SELF, cohort=work.cohort,
                     team=work.team, subject=submission)  # fmt: skip
    return UUID(str(remark.id))


async def edit_remark(viewer: Viewer, remark: UUID, text: str) -> UUID:
    """Change one's own remark: a draft at any time, a sent one for fifteen minutes. The submission's id."""
    async with DB.transaction():
        row = await _remark(remark)
        work = await work_for(viewer, row["submission"])
        work.standing.need(REMARK)
        _demand(not_editable(row["author"], viewer.id, row["sent_at"], viewer.now))
        await execute("UPDATE remark SET text = $2, edited_at = $3 WHERE id = $1", remark, text, viewer.now)
        audience = Audience.TEAM if row["sent_at"] else Audience.SELF
        await record("remark.edited", by=viewer.id, at=viewer.now, audience=audience, cohort=work.cohort,
                     team=work.team, subject=row["submission"])  # fmt: skip
    return UUID(str(row["submission"]))


async def drop_remark(viewer: Viewer, remark: UUID) -> UUID:
    """Throw away one's own draft remark; what was sent stays. The submission's id."""
    async with DB.transaction():
        row = await _remark(remark)
        work = await work_for(viewer, row["submission"])
        work.standing.need(REMARK)
        _demand(not_editable(row["author"], viewer.id, None, viewer.now))
        if row["sent_at"] is not None:
            raise Forbidden(Message("The team has read this remark already. Write another one."))
        await execute("DELETE FROM remark WHERE id = $1", remark)
        await record("remark.dropped", by=viewer.id, at=viewer.now, audience=Audience.SELF, cohort=work.cohort,
                     team=work.team, subject=row["submission"])  # fmt: skip
    return UUID(str(row["submission"]))


async def send_remarks(viewer: Viewer, submission: UUID) -> int:
    """Show the team one's draft remarks without deciding yet; how many."""
    async with DB.transaction():
        work = await _locked(viewer, submission)
        work.standing.need(REMARK)
        sent = await _send_drafts(submission, viewer)
        if not sent:
            raise Refused(Message("There are no draft remarks to send."))
        await record("remarks.sent", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=work.cohort,
                     team=work.team, subject=submission, count=sent, assignment=work.title)  # fmt: skip
    return sent


async def reply(viewer: Viewer, remark: UUID, text: str) -> tuple[UUID, str]:
    """Answer in the thread of a remark that was sent. The submission's id and the address of the team's page."""
    async with DB.transaction():
        row = await _remark(remark)
        work = await work_for(viewer, row["submission"])
        work.standing.need(REPLY)
        if row["sent_at"] is None and row["author"] != viewer.id:
            raise NotFound
        await RemarkReply.insert(
            RemarkReply(id=new_id(), remark=remark, text=text, author=viewer.id, written_at=viewer.now)
        )
        await record("remark.answered", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=work.cohort,
                     team=work.team, subject=row["submission"], assignment=work.title)  # fmt: skip
    return UUID(str(row["submission"])), work.href


async def _remark(remark: UUID) -> Mapping[str, Any]:
    row = await fetch_one("SELECT submission, author, sent_at FROM remark WHERE id = $1 FOR UPDATE", remark)
    if row is None:
        raise NotFound
    return row


def _demand(reason: Message | None) -> None:
    if reason is not None:
        raise Forbidden(reason)


# Private notes


async def write_note(viewer: Viewer, team_id: UUID, text: str) -> UUID:
    """Note something about a team that the team never sees. Its id."""
    async with DB.transaction():
        team = await team_for(viewer, team_id)
        team.standing.need(WRITE_NOTE)
        note = PrivateNote(id=new_id(), team=team_id, text=text, author=viewer.id, written_at=viewer.now)
        await PrivateNote.insert(note)
        await record("note.written", by=viewer.id, at=viewer.now, audience=Audience.STAFF, cohort=team.cohort,
                     team=team_id)  # fmt: skip
    return UUID(str(note.id))


async def edit_note(viewer: Viewer, note: UUID, text: str) -> UUID:
    """Change one's own note. The team's id."""
    return await _change_note(viewer, note, "text = $2, version = version + 1", text, "note.edited")


async def retract_note(viewer: Viewer, note: UUID) -> UUID:
    """Hide one's own note; it is not erased. The team's id."""
    return await _change_note(viewer, note, "retracted_at = $2", viewer.now, "note.retracted")


async def _change_note(viewer: Viewer, note: UUID, change: str, value: object, verb: str) -> UUID:
    async with DB.transaction():
        row = await fetch_one(
            "SELECT team, author FROM private_note WHERE id = $1 AND retracted_at IS NULL FOR UPDATE", note
        )
        if row is None:
            raise NotFound
        team = await team_for(viewer, row["team"])
        team.standing.need(WRITE_NOTE)
        _demand(not_editable(row["author"], viewer.id, None, viewer.now))
        await execute(f"UPDATE private_note SET {change} WHERE id = $1", note, value)  # noqa: S608  (our words)
        await record(verb, by=viewer.id, at=viewer.now, audience=Audience.STAFF, cohort=team.cohort, team=team.id)
    return team.id


# Guiding questions


async def ask(viewer: Viewer, team_id: UUID, text: str, *, submission: UUID | None = None) -> UUID:
    """Put a guiding question to a team; it stays with the team's case. Its id."""
    async with DB.transaction():
        team = await team_for(viewer, team_id)
        team.standing.need(ASK)
        question = GuidingQuestion(id=new_id(), team=team_id, submission=submission, text=text, asked_at=viewer.now,
                                   asked_by=viewer.id)  # fmt: skip
        await GuidingQuestion.insert(question)
        await record("question.asked", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=team.cohort,
                     team=team_id, subject=question.id)  # fmt: skip
    return UUID(str(question.id))


async def answer(viewer: Viewer, question: UUID, text: str) -> UUID:
    """Answer a guiding question, or answer it anew. The team's id."""
    async with DB.transaction():
        row = await fetch_one("SELECT team FROM guiding_question WHERE id = $1 FOR UPDATE", question)
        if row is None:
            raise NotFound
        team = await team_for(viewer, row["team"])
        team.standing.need(ANSWER)
        await execute(
            "UPDATE guiding_question SET answer = $2, answered_at = $3, answered_by = $4 WHERE id = $1",
            question, text, viewer.now, viewer.id,
        )  # fmt: skip
        await record("question.answered", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=team.cohort,
                     team=team.id, subject=question)  # fmt: skip
    return team.id


# Who accompanies a team


async def assign_moderator(viewer: Viewer, cohort_id: UUID, team_id: UUID, moderator: UUID) -> None:
    """Give a team to a moderator of its cohort; a team may have several."""
    async with DB.transaction():
        team = await _team_of(viewer, cohort_id, team_id)
        if not await fetch_one(
            "SELECT 1 FROM role_grant WHERE person = $1 AND role = 'moderator' AND scope = 'cohort' AND scope_id = $2"
            " AND revoked_at IS NULL",
            moderator, cohort_id,
        ):  # fmt: skip
            raise NotFound
        await give_role(moderator, Role.MODERATOR, Scope.TEAM, team_id, cohort=cohort_id, by=viewer.id, at=viewer.now)
        await record("moderator.assigned", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=cohort_id,
                     team=team_id, subject=moderator, team_name=team)  # fmt: skip


async def dismiss_moderator(viewer: Viewer, cohort_id: UUID, team_id: UUID, moderator: UUID) -> None:
    """Take a team from a moderator; counts from his next request."""
    async with DB.transaction():
        team = await _team_of(viewer, cohort_id, team_id)
        row = await fetch_one(
            "SELECT id FROM role_grant WHERE person = $1 AND role = 'moderator' AND scope = 'team' AND scope_id = $2"
            " AND revoked_at IS NULL",
            moderator, team_id,
        )  # fmt: skip
        if row is None:
            raise NotFound
        await take_role(row["id"], viewer.id, viewer.now)
        await record("moderator.dismissed", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=cohort_id,
                     team=team_id, subject=moderator, team_name=team)  # fmt: skip


async def _team_of(viewer: Viewer, cohort_id: UUID, team_id: UUID) -> str:
    """The name of a team of this cohort, for an organiser."""
    cohort = await cohort_for(viewer, cohort_id)
    cohort.standing.need(ASSIGN)
    team = await team_for(viewer, team_id)
    if team.cohort != cohort_id:
        raise NotFound
    return team.name
