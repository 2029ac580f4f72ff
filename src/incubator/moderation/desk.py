"""The check screen: the version to decide on, what changed since another one, remarks field by field, and what may be done.

Also what moderation puts into the team's own pages: remarks beside the fields, questions among the tasks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one
from incubator.foundation.i18n import Message
from incubator.moderation import queries
from incubator.moderation.queries import NoteRow, RemarkRow
from incubator.moderation.rules import ANSWER, CHECK, VIEW_NOTES, VIEW_REMARKS
from incubator.people.rights import Viewer
from incubator.programmes.blueprint import FieldKind, FieldPlan
from incubator.stages import hooks
from incubator.stages.answers import spoken
from incubator.stages.comparison import Piece, compare
from incubator.stages.queries import SentWork, Work, versions, work_for
from incubator.stages.rules import QUESTION, Outcome, SubmissionState, Task, outcomes
from incubator.teams.queries import team_for

SAID: Mapping[Outcome, Message] = {
    Outcome.ACCEPTED: Message("The work is accepted. The team has been told."),
    Outcome.RETURNED: Message("The work is returned with your remarks. The team has been told."),
    Outcome.FAILED: Message("The work is not accepted. The team has been told."),
}


@dataclass(frozen=True, slots=True)
class DeskField:
    """A field of the version being read: its answer, what changed, and the remarks made at it."""

    plan: FieldPlan
    value: object
    text: str
    changes: Sequence[Piece]
    remarks: Sequence[RemarkRow]

    @property
    def changed(self) -> bool:
        """Whether the answer differs from the version compared with."""
        return len(self.changes) > 1


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything on the check screen; `undecided` when the last version waits for a decision."""

    work: Work
    sent: SentWork
    compared: int
    fields: Sequence[DeskField]
    whole: Sequence[RemarkRow]
    notes: Sequence[NoteRow]
    outcomes: Sequence[Outcome]
    undecided: bool
    drafts: int
    decided: str
    gate_open: bool


async def desk(viewer: Viewer, submission: UUID, compare_with: str) -> Desk:
    """The desk of a piece of work that was sent at least once; raises NotFound, Forbidden."""
    work = await work_for(viewer, submission)
    work.standing.need(CHECK)
    last = work.last.number if work.last else 1
    with_number = int(compare_with) if compare_with.isdecimal() and 0 < int(compare_with) < last else last - 1
    numbers = [number for number in (with_number, last) if number > 0]
    *older, sent = await versions(submission, *numbers)
    marks = await queries.remarks(submission, viewer)
    undecided = work.situation.state is SubmissionState.SUBMITTED
    return Desk(
        work=work, sent=sent, compared=older[0].number if older else 0,
        fields=[_field(plan, sent, older[0] if older else None, marks) for plan in sent.fields],
        whole=[mark for mark in marks if not mark.field],
        notes=await queries.private_notes(work.team) if work.standing.may(VIEW_NOTES) else (),
        outcomes=outcomes(last, work.rework_limit) if undecided else (),
        undecided=undecided,
        drafts=sum(mark.sent_at is None for mark in marks),
        decided=await _decided(sent.id),
        gate_open=work.situation.state is SubmissionState.ACCEPTED and await _gate_open(work),
    )  # fmt: skip


def _field(plan: FieldPlan, sent: SentWork, older: SentWork | None, marks: Sequence[RemarkRow]) -> DeskField:
    value = sent.content.get(plan.key, "")
    text = _text(plan, value)
    before = _text(plan, older.content.get(plan.key, "")) if older else text
    return DeskField(plan, value, text, compare(before, text), [mark for mark in marks if mark.field == plan.key])


def _text(plan: FieldPlan, value: object) -> str:
    """An answer as lines of text, so that tables and files can be compared too."""
    if plan.kind is FieldKind.TABLE and isinstance(value, list):
        return "\n".join(" | ".join(str(cell) for cell in row) for row in value)
    if plan.kind is FieldKind.FILE and isinstance(value, list):
        return "\n".join(str(file.get("name", "")) for file in value if isinstance(file, dict))
    return spoken(plan, value)


async def _decided(revision: UUID) -> str:
    """Who decided about this version, or ""."""
    row = await fetch_one(
        "SELECT p.name FROM decision d JOIN person p ON p.id = d.decided_by WHERE d.revision = $1", revision
    )
    return row["name"] if row else ""


async def _gate_open(work: Work) -> bool:
    """Whether every required work of the module is accepted and the team is still in it."""
    row = await fetch_one(
        "SELECT EXISTS (SELECT 1 FROM team_module e WHERE e.team = $1 AND e.module = $2 AND e.advanced_at IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM assignment a LEFT JOIN submission s ON s.assignment = a.id AND s.team = $1"
        " WHERE a.module = $2 AND a.required AND s.state IS DISTINCT FROM 'accepted') AS open",
        work.team, work.module,
    )  # fmt: skip
    return bool(row and row["open"])


async def next_after(viewer: Viewer, submission: UUID) -> UUID | None:
    """The work that waits next in the viewer's queue, past this one."""
    waiting = [row.submission for row in await queries.queue(viewer)]
    if submission in waiting:
        place = waiting.index(submission)
        waiting = waiting[place + 1 :] + waiting[:place]
    return waiting[0] if waiting else None


# In the team's own pages


async def margin(viewer: Viewer, submission: UUID) -> Mapping[str, Sequence[RemarkRow]]:
    """Remarks that were sent, by the key of their field."""
    work = await work_for(viewer, submission)
    if not work.standing.may(VIEW_REMARKS):
        return {}
    found: dict[str, list[RemarkRow]] = {}
    for mark in await queries.remarks(submission, viewer):
        if mark.sent_at is not None:
            found.setdefault(mark.field, []).append(mark)
    return found


async def open_questions(viewer: Viewer, team_id: UUID) -> Sequence[Task]:
    """Guiding questions that the team has not answered, as tasks of the team."""
    rows = await fetch(
        "SELECT id, text FROM guiding_question WHERE team = $1 AND answered_at IS NULL ORDER BY asked_at", team_id
    )
    if not rows or not (await team_for(viewer, team_id)).standing.may(ANSWER):
        return ()
    return [
        Task(title=row["text"], href=f"/teams/{team_id}/questions#question-{row['id']}", state="blue",
             note=Message("A question of the moderator"), rank=QUESTION, key=row["id"])
        for row in rows
    ]  # fmt: skip


hooks.MARGIN.append(margin)
hooks.TASKS.append(open_questions)
