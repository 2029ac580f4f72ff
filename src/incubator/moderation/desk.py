"""The check screen: the version to decide on, what changed since another one, remarks field by field, and what may be done.

Also what moderation puts into the team's own pages: remarks beside the fields.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from incubator.foundation.comparison import Kind, Piece, compare
from incubator.foundation.database import fetch_value
from incubator.foundation.i18n import Message
from incubator.moderation import queries
from incubator.moderation.queries import DecisionRow, NoteRow, RemarkRow
from incubator.moderation.rules import CHECK, VIEW_NOTES, VIEW_REMARKS
from incubator.people.rights import Viewer
from incubator.stages import hooks
from incubator.stages.answers import Answer, answers
from incubator.stages.hooks import Note
from incubator.stages.queries import SentWork, Work, versions, work_for
from incubator.stages.rules import Outcome, SubmissionState, outcomes

SAID: Mapping[Outcome, Message] = {
    Outcome.ACCEPTED: Message("The work is accepted. The team sees it; its letter goes in ten minutes."),
    Outcome.RETURNED: Message(
        "The work is returned with your remarks. The team sees it; its letter goes in ten minutes."
    ),
    Outcome.FAILED: Message("The work is not accepted. The team sees it; its letter goes in ten minutes."),
}


@dataclass(frozen=True, slots=True)
class DeskField:
    """A field of the version being read: its answer, what changed, and the remarks made at it."""

    answer: Answer
    changes: Sequence[Piece]
    remarks: Sequence[RemarkRow]

    @property
    def key(self) -> str:
        """The field's key."""
        return self.answer.field.key

    @property
    def changed(self) -> bool:
        """Whether the answer differs from the version compared with."""
        return any(piece.kind is not Kind.SAME for piece in self.changes)


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything on the check screen; `outcomes` is empty when nothing can be decided, and `closed` may say why."""

    work: Work
    sent: SentWork
    compared: int
    fields: Sequence[DeskField]
    whole: Sequence[RemarkRow]
    notes: Sequence[NoteRow]
    decisions: Sequence[DecisionRow]
    outcomes: Sequence[Outcome]
    gate_open: bool

    @property
    def drafts(self) -> int:
        """The viewer's remarks that the team does not see yet."""
        marks = [mark for field in self.fields for mark in field.remarks] + list(self.whole)
        return sum(mark.sent_at is None for mark in marks)

    @property
    def returns_left(self) -> int:
        """How often the work may still be returned, this time included."""
        return max(0, self.work.rework_limit - self.sent.number + 1)

    @property
    def decided(self) -> DecisionRow | None:
        """What was decided about the version being read."""
        return next((made for made in self.decisions if made.revision == self.sent.number), None)

    @property
    def closed(self) -> Message | None:
        """Why nothing is decided any more though the work waits."""
        return self.work.situation.stopped if self.work.situation.state is SubmissionState.SUBMITTED else None


async def desk(viewer: Viewer, submission: UUID, compare_with: str) -> Desk:
    """The desk of a piece of work that was sent at least once; raises NotFound, Forbidden."""
    work = await work_for(viewer, submission)
    work.standing.need(CHECK)
    last = work.last.number if work.last else 1
    chosen = _chosen(compare_with, last)
    *older, sent = await versions(submission, *([chosen] if chosen else []), last)
    marks = await queries.remarks(viewer, work)
    keys = {plan.key for plan in sent.fields}
    return Desk(
        work=work, sent=sent, compared=chosen, fields=_fields(sent, older[0] if older else None, marks),
        whole=[mark for mark in marks if mark.field not in keys],
        notes=await queries.private_notes(work.team) if work.standing.may(VIEW_NOTES) else (),
        decisions=await queries.decisions(submission), outcomes=_outcomes(work, last), gate_open=await _gate_is_open(work),
    )  # fmt: skip


def _chosen(compare_with: str, last: int) -> int:
    """The earlier version to compare with: the one before the last unless the address names another; 0 for none."""
    named = int(compare_with) if len(compare_with) < 6 and compare_with.isdecimal() else 0
    return named if 0 < named < last else last - 1


def _fields(sent: SentWork, older: SentWork | None, marks: Sequence[RemarkRow]) -> list[DeskField]:
    before = {each.field.key: each.words for each in answers(older.fields, older.content)} if older else {}
    return [
        DeskField(
            answer,
            compare(before.get(answer.field.key, ""), answer.words) if older else (),
            [mark for mark in marks if mark.field == answer.field.key],
        )
        for answer in answers(sent.fields, sent.content)
    ]


def _outcomes(work: Work, last: int) -> Sequence[Outcome]:
    situation = work.situation
    waits = situation.state is SubmissionState.SUBMITTED and situation.stopped is None
    return outcomes(last, work.rework_limit) if waits else ()


async def _gate_is_open(work: Work) -> bool:
    """Whether the team may be led on: everything required in the module is accepted and nobody has done it yet."""
    if work.situation.state is not SubmissionState.ACCEPTED or work.situation.stopped:
        return False
    ready: bool = await fetch_value(
        "SELECT EXISTS (SELECT 1 FROM module WHERE id = $2 AND gate = 'all_required_accepted')"
        " AND NOT EXISTS (SELECT 1 FROM team_module e WHERE e.team = $1 AND e.module = $2"
        " AND e.advanced_at IS NOT NULL AND e.closed_at IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM assignment a LEFT JOIN submission s ON s.assignment = a.id AND s.team = $1"
        " WHERE a.module = $2 AND a.required AND s.state IS DISTINCT FROM 'accepted')",
        work.team, work.module,
    )  # fmt: skip
    return ready


async def gate_open(viewer: Viewer, submission: UUID) -> bool:
    """Whether with this work accepted the team may be led into the next module."""
    return await _gate_is_open(await work_for(viewer, submission))


# In the team's own pages


async def margin(viewer: Viewer, submission: UUID) -> Mapping[str, Sequence[Note]]:
    """Remarks that were sent, by the key of their field; decisions and remarks on the whole work at the top."""
    work = await work_for(viewer, submission)
    if not work.standing.may(VIEW_REMARKS):
        return {}
    found: dict[str, list[Note]] = {"": [made for made in await queries.decisions(submission) if made.message]}
    keys = {plan.key for plan in work.fields}
    for mark in await queries.remarks(viewer, work):
        if mark.sent_at is not None:
            found.setdefault(mark.field if mark.field in keys else "", []).append(mark)
    return found


hooks.MARGIN.append(margin)
