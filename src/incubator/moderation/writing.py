"""What moderators write to a team and about it - remarks and notes - and how the team answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_one, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, Forbidden, NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.moderation import checking
from incubator.moderation.rules import REMARK, REPLY, WRITE_NOTE, not_editable
from incubator.moderation.tables import NoteVersion, PrivateNote, Remark, RemarkReply
from incubator.people.rights import Standing, Verdict, Viewer, guard
from incubator.stages.answers import fingerprint
from incubator.stages.queries import Work, versions, work_for
from incubator.teams.queries import team_for
from incubator.teams.rules import team_frozen

MEANWHILE = Message("Another text was saved here while you were writing. Both stand below; make one of them.")

# Remarks


async def write_remark(viewer: Viewer, submission: UUID, revision: int, field: str, text: str) -> UUID:
    """Write a draft remark at a field of a version, or with "" on all of it; the team sees it when it is sent. Its id."""
    async with DB.transaction():
        work = await work_for(viewer, submission)
        work.standing.need(REMARK)
        (sent,) = await versions(submission, revision)
        if field and field not in {each.key for each in sent.fields}:
            raise NotFound
        remark = Remark(id=new_id(), submission=submission, revision=sent.id, field=field, text=text,
                        author=viewer.id, written_at=viewer.now)  # fmt: skip
        await Remark.insert(remark)
        await checking.touch(viewer, submission)
        await _note("remark.written", viewer, work, Audience.SELF)
    return UUID(str(remark.id))


def still(version: str | None, stored: str, text: str) -> None:
    """Pass when the text is still the one that a form has shown (`version`; None for no form), else raise Clash."""
    if version is not None and fingerprint(stored) != version and stored != text:
        raise Clash(MEANWHILE, stored=stored)


async def edit_remark(viewer: Viewer, remark: UUID, text: str, *, version: str | None = None) -> UUID:
    """Change one's own remark: a draft at any time, a sent one for fifteen minutes. The submission's id."""
    async with DB.transaction():
        row, work = await _own_remark(viewer, remark)
        _demand(not_editable(row["author"], viewer.id, row["sent_at"], viewer.now))
        still(version, row["text"], text)
        await execute("UPDATE remark SET text = $2, edited_at = $3 WHERE id = $1", remark, text, viewer.now)
        await checking.touch(viewer, row["submission"])
        await _note("remark.edited", viewer, work, Audience.TEAM if row["sent_at"] else Audience.SELF)
    return UUID(str(row["submission"]))


async def drop_remark(viewer: Viewer, remark: UUID) -> UUID:
    """Throw away one's own draft remark; what was sent stays. The submission's id."""
    async with DB.transaction():
        row, work = await _own_remark(viewer, remark)
        _demand(not_editable(row["author"], viewer.id, None, viewer.now))
        if row["sent_at"] is not None:
            raise Forbidden(Message("The team has read this remark already. Write another one."))
        await execute("DELETE FROM remark WHERE id = $1", remark)
        await _note("remark.dropped", viewer, work, Audience.SELF)
    return UUID(str(row["submission"]))


async def _own_remark(viewer: Viewer, remark: UUID) -> tuple[Mapping[str, Any], Work]:
    """A remark that the viewer wants to change, held, with its work. Of drafts only those who remark may know."""
    row = await _remark(remark)
    standing = standing_to(viewer, row)
    if row["sent_at"] is None and not standing.may(REMARK):
        guard(Verdict.HIDE, REMARK)
    standing.need(REMARK)
    return row, await work_for(viewer, row["submission"])


# What is judged comes with the first statement: a hidden remark, note or question costs no more than none.
WHERE = "t.id AS team, t.cohort, t.withdrawn_at, c.programme"
REMARK_ROW = f"""
SELECT k.submission, k.author, k.text, k.sent_at, {WHERE} FROM remark k JOIN submission s ON s.id = k.submission
JOIN team t ON t.id = s.team JOIN cohort c ON c.id = t.cohort WHERE k.id = $1 FOR UPDATE OF k
"""
NOTE_ROW = f"""
SELECT n.author, n.text, n.version, {WHERE} FROM private_note n
JOIN team t ON t.id = n.team JOIN cohort c ON c.id = t.cohort WHERE n.id = $1 AND n.retracted_at IS NULL FOR UPDATE OF n
"""


def standing_to(viewer: Viewer, row: Mapping[str, Any]) -> Standing:
    """How the viewer stands to the team of a row that holds `WHERE`."""
    return viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["team"])


def need_there(withdrawn_at: datetime | None) -> None:
    """Nobody talks with a team that has left: its words would reach nobody, and ours would wait for ever."""
    if reason := team_frozen(withdrawn_at):
        raise Refused(reason)


async def held(sql: str, key: UUID) -> Mapping[str, Any]:
    """One row, held; raises NotFound."""
    row = await fetch_one(sql, key)
    if row is None:
        raise NotFound
    return dict(row)


async def _remark(remark: UUID) -> Mapping[str, Any]:
    return await held(REMARK_ROW, remark)


async def send_remarks(viewer: Viewer, submission: UUID) -> int:
    """Show the team one's draft remarks without deciding yet; how many."""
    async with DB.transaction():
        work = await work_for(viewer, submission)
        work.standing.need(REMARK)
        sent = await send_drafts(viewer, submission)
        if not sent:
            raise Refused(Message("There are no draft remarks to send."))
        await _note("remarks.sent", viewer, work, Audience.TEAM, count=sent)
    return sent


async def send_drafts(viewer: Viewer, submission: UUID) -> int:
    """The viewer's draft remarks are the team's from now on; how many. A step of sending them and of a decision."""
    return await execute(
        "UPDATE remark SET sent_at = $3 WHERE submission = $1 AND author = $2 AND sent_at IS NULL",
        submission, viewer.id, viewer.now,
    )  # fmt: skip


async def reply(viewer: Viewer, remark: UUID, text: str) -> Work:
    """Answer in the thread of a remark that was sent. The work it belongs to."""
    async with DB.transaction():
        row = await _remark(remark)
        if row["sent_at"] is None:
            guard(Verdict.HIDE, REPLY)
        standing_to(viewer, row).need(REPLY)
        need_there(row["withdrawn_at"])
        work = await work_for(viewer, row["submission"])
        await RemarkReply.insert(
            RemarkReply(id=new_id(), remark=remark, text=text, author=viewer.id, written_at=viewer.now)
        )
        await _note("remark.answered", viewer, work, Audience.TEAM)
    return work


async def _note(verb: str, viewer: Viewer, work: Work, audience: Audience, **data: Any) -> None:
    await record(verb, by=viewer.id, at=viewer.now, audience=audience, cohort=work.cohort, team=work.team,
                 subject=work.submission, title=work.title, assignment=work.assignment, **data)  # fmt: skip


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


async def edit_note(viewer: Viewer, note: UUID, text: str, *, version: str | None = None) -> UUID:
    """Change one's own note; what it said before is kept as a version. The team's id."""
    async with DB.transaction():
        row = await _own_note(viewer, note)
        still(version, row["text"], text)
        await NoteVersion.insert(
            NoteVersion(id=new_id(), note=note, number=row["version"], text=row["text"], kept_at=viewer.now)
        )
        await execute("UPDATE private_note SET text = $2, edited_at = $3, version = version + 1 WHERE id = $1",
                      note, text, viewer.now)  # fmt: skip
        await record("note.edited", by=viewer.id, at=viewer.now, audience=Audience.STAFF, cohort=row["cohort"],
                     team=row["team"])  # fmt: skip
    return UUID(str(row["team"]))


async def retract_note(viewer: Viewer, note: UUID) -> UUID:
    """Hide one's own note; it is not erased. The team's id."""
    async with DB.transaction():
        row = await _own_note(viewer, note)
        await execute("UPDATE private_note SET retracted_at = $2 WHERE id = $1", note, viewer.now)
        await record("note.retracted", by=viewer.id, at=viewer.now, audience=Audience.STAFF, cohort=row["cohort"],
                     team=row["team"])  # fmt: skip
    return UUID(str(row["team"]))


async def _own_note(viewer: Viewer, note: UUID) -> Mapping[str, Any]:
    """One's own note, held; to those who may not read notes there is none."""
    row = await held(NOTE_ROW, note)
    standing_to(viewer, row).need(WRITE_NOTE)
    _demand(not_editable(row["author"], viewer.id, None, viewer.now))
    return row
