"""The draft of a team's work: typed by several people at once, with files, kept until it is sent."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from incubator.foundation import files
from incubator.foundation.database import DB, execute, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import BadRequest, Clash, Forbidden, NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.people.rights import Viewer
from incubator.programmes.blueprint import FieldKind, FieldPlan
from incubator.stages import hooks
from incubator.stages.answers import Content, merge, token
from incubator.stages.queries import Work, stamp, work_for, work_on
from incubator.stages.rules import EDIT_WORK, REMOVE_FILE, UPLOAD, Step, after

NOTED_EVERY: Final = timedelta(minutes=10)
MOST_FILES: Final = 10  # at one field
BOTH_WROTE = Message("Somebody else has changed the same answer meanwhile. Press “Save” to see both texts.")
UNKNOWN_FIELD = Message("This assignment has no such field for files. Reload the page.")


@dataclass(frozen=True, slots=True)
class Saved:
    """A draft after saving: `token` prints what the form shows now; `clashes` are the fields that both have changed."""

    work: Work
    token: str
    at: datetime
    clashes: tuple[str, ...] = ()


async def held(viewer: Viewer, team_id: UUID, assignment_id: UUID) -> Work:
    """The work with its row held until the transaction ends, when there is a row. A step."""
    await fetch_value(
        "SELECT id FROM submission WHERE team = $1 AND assignment = $2 FOR UPDATE", team_id, assignment_id
    )
    return await work_on(viewer, team_id, assignment_id)


async def begun(viewer: Viewer, work: Work) -> Work:
    """The work with a row that is held; it is made when there is none yet. A step."""
    if work.submission is not None:
        return work
    await execute(
        "INSERT INTO submission (id, team, assignment, state, content, version, extension_reason, writers)"
        " VALUES ($1, $2, $3, 'not_started', '{}', 0, '', '{}') ON CONFLICT (team, assignment) DO NOTHING",
        new_id(), work.team, work.assignment,
    )  # fmt: skip
    return await held(viewer, work.team, work.assignment)


async def need_writable(viewer: Viewer, work: Work) -> None:
    """Pass, or raise Forbidden with the reason why nobody changes this draft now. A step."""
    reason = work.situation.not_writable(viewer.now) or await hooks.frozen(work.team)
    if reason:
        raise Forbidden(reason)


async def write_over(viewer: Viewer, work: Work, content: Content, *, noted: bool) -> None:
    """Write a draft over its row: new content, the next version, who wrote last and when it was noted. A step."""
    state = after(work.situation.state, Step.SAVE)
    last_noted = work.writers.get(str(viewer.id), (None, None))[1]
    writers = {**work.writers, str(viewer.id): [stamp(viewer.now), stamp(viewer.now) if noted else last_noted]}
    await execute(
        "UPDATE submission SET content = $2::jsonb, state = $3, version = version + 1, updated_at = $4, updated_by = $5,"
        " writers = $6::jsonb WHERE id = $1 AND version = $7",
        work.submission, json.dumps(content), state.value, viewer.now, viewer.id, json.dumps(writers), work.version,
    )  # fmt: skip


async def note(verb: str, viewer: Viewer, work: Work, **data: Any) -> None:
    """Put one line about this work into the journal, for the team and those who accompany it. A step."""
    await record(verb, by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=work.cohort, team=work.team,
                 subject=work.submission, title=work.title, assignment=work.assignment, **data)  # fmt: skip


Read = Callable[[Sequence[FieldPlan]], tuple[Content, Mapping[str, str]]]


async def save_draft(viewer: Viewer, team_id: UUID, assignment_id: UUID, read: Read, *, asked: bool = False) -> Saved:
    """Keep what was typed, field by field: what others wrote in other fields meanwhile stays.

    `read` takes the assignment's fields and gives what was typed and the prints of what the form showed
    (`answers.read_draft`). Where both changed one field the rest is saved and Clash is raised with `saved` and `mine`.
    A page saves itself every second while somebody types, so the journal gets `submission.drafted` only when this
    person's last such entry is ten minutes old, or when he `asked` to save.
    """
    async with DB.transaction():
        work = await held(viewer, team_id, assignment_id)
        await hooks.need(viewer, team_id, work.standing, EDIT_WORK)
        typed, shown = read(work.fields)
        await need_writable(viewer, work)
        merged = merge(work.fields, work.content, typed, shown)
        if merged.changed:
            work = await begun(viewer, work)
            merged = merge(work.fields, work.content, typed, shown)
            noted = asked or _long_ago(viewer, work)
            await write_over(viewer, work, merged.content, noted=noted)
            if noted:
                await note("submission.drafted", viewer, work)
    saved = Saved(work, token(work.fields, typed), viewer.now, merged.clashes)
    if merged.clashes:
        raise Clash(BOTH_WROTE, saved=saved, mine=typed)
    return saved


def _long_ago(viewer: Viewer, work: Work) -> bool:
    noted = work.writers.get(str(viewer.id), (None, None))[1]
    return noted is None or datetime.fromisoformat(noted) <= viewer.now - NOTED_EVERY


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in: to which field, under what name."""

    field: str
    name: str
    content: bytes


async def attach_file(viewer: Viewer, team_id: UUID, assignment_id: UUID, upload: Upload) -> files.FileFacts:
    """Put a file to a field of the draft; raises Refused for its type, size or number."""
    async with DB.transaction():
        work = await held(viewer, team_id, assignment_id)
        work.standing.need(UPLOAD)
        await need_writable(viewer, work)
        field = next((each for each in work.fields if each.key == upload.field and each.kind is FieldKind.FILE), None)
        if field is None:
            raise BadRequest(UNKNOWN_FIELD)
        work = await begun(viewer, work)
        _refuse_too_much(field, work, upload)
        stored = await files.store(work.team, upload.name, upload.content, viewer.id)
        await execute("INSERT INTO submission_file (id, submission, field, file) VALUES ($1, $2, $3, $4)",
                      new_id(), work.submission, upload.field, stored.id)  # fmt: skip
        await write_over(viewer, work, work.content, noted=False)
        await note("file.attached", viewer, work, file=stored.id, name=stored.name)
    return stored


def _refuse_too_much(field: FieldPlan, work: Work, upload: Upload) -> None:
    if len(work.files.get(field.key, ())) >= MOST_FILES:
        raise Refused(Message("At most {most} files fit here. Remove one first.", most=MOST_FILES))
    if field.limit and len(upload.content) > field.limit * 1024 * 1024:
        raise Refused(Message("“{name}” is larger than {limit} MB. Compress it or split it in two.",
                              name=upload.name, limit=field.limit))  # fmt: skip


IN_DRAFT: Final = """
SELECT f.submission, f.field, o.name, s.team, s.assignment, EXISTS (SELECT 1 FROM revision r
    WHERE r.submission = f.submission AND strpos(r.content::text, f.file::text) > 0) AS sent
FROM submission_file f JOIN stored_file o ON o.id = f.file JOIN submission s ON s.id = f.submission
WHERE f.file = $1 AND f.removed_at IS NULL
"""


async def remove_file(viewer: Viewer, file_id: UUID) -> Work:
    """Take a file out of a draft. What was sent with a revision stays there; what was not is gone for good."""
    async with DB.transaction():
        row = await fetch_one(f"{IN_DRAFT} FOR UPDATE OF s", file_id)
        if row is None:
            raise NotFound
        work = await work_for(viewer, row["submission"])
        work.standing.need(REMOVE_FILE)
        await need_writable(viewer, work)
        if row["sent"]:
            await execute("UPDATE submission_file SET removed_at = $2 WHERE file = $1", file_id, viewer.now)
        else:
            await execute("DELETE FROM submission_file WHERE file = $1", file_id)
            await files.discard(file_id)
        await write_over(viewer, work, work.content, noted=False)
        await note("file.removed", viewer, work, name=row["name"])
    return work
