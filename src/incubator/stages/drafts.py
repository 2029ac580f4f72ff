"""The draft of a team's work: typed by several people at once, kept until it is sent."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, Forbidden
from incubator.journal.actions import Audience, record
from incubator.people.rights import Viewer
from incubator.programmes.blueprint import FieldPlan
from incubator.stages import hooks
from incubator.stages.answers import Content, merge, token
from incubator.stages.queries import Work, stamp, work_on
from incubator.stages.rules import EDIT_WORK, Step, after

NOTED_EVERY: Final = timedelta(minutes=10)
BOTH_WROTE = Message("Somebody else has changed the same answer meanwhile. Press “Save” to see both texts.")


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
        " SELECT $1, $2, a.id, 'not_started', '{}', 0, '', '{}' FROM assignment a WHERE a.id = $3 FOR KEY SHARE"
        " ON CONFLICT (team, assignment) DO NOTHING",
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
        fields = (*work.fields, *work.retired)  # somebody may be typing into a field that has just been taken out
        typed, shown = read(fields)
        fields = tuple(field for field in fields if field.key in typed)
        await need_writable(viewer, work)
        merged = merge(fields, work.content, typed, shown)
        if merged.changed:
            work = await begun(viewer, work)
            merged = merge(fields, work.content, typed, shown)
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
