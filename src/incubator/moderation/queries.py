"""What moderators see: the queue, remarks and decisions, and the notes and questions of a team."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch, fetch_value
from incubator.foundation.refusals import NotFound
from incubator.moderation.rules import LONG_WAIT, REMARK, REPLY, not_editable
from incubator.people.rights import Role, Scope, Viewer
from incubator.stages.queries import Work
from incubator.stages.rules import Outcome


@dataclass(frozen=True, slots=True)
class QueueRow:
    """Work that waits for a decision."""

    submission: UUID
    team: UUID
    team_name: str
    cohort_name: str
    module_title: str
    title: str
    revision: int
    sent_at: datetime
    late: bool
    draft_remarks: int
    waiting: int  # pieces of work in the whole queue

    def waits_long(self, now: datetime) -> bool:
        """Whether the team has waited longer than it should."""
        return now > self.sent_at + LONG_WAIT


WAITING = """
FROM submission s JOIN team t ON t.id = s.team JOIN cohort c ON c.id = t.cohort
JOIN assignment a ON a.id = s.assignment JOIN module m ON m.id = a.module
JOIN LATERAL (SELECT * FROM revision v WHERE v.submission = s.id ORDER BY v.number DESC LIMIT 1) r ON true
WHERE s.state = 'submitted' AND t.withdrawn_at IS NULL AND c.closed_at IS NULL
  AND (t.id = ANY($1) OR (c.programme = ANY($2) AND NOT t.id = ANY($3))) AND ($4::uuid IS NULL OR c.id = $4)
"""
QUEUE = f"""
SELECT s.id AS submission, t.id AS team, t.name AS team_name, c.name AS cohort_name, m.title AS module_title, a.title,
  r.number AS revision, r.sent_at, r.late,
  (SELECT count(*) FROM remark k WHERE k.submission = s.id AND k.sent_at IS NULL AND k.author = $5) AS draft_remarks,
  count(*) OVER () AS waiting
{WAITING} ORDER BY r.sent_at, s.id LIMIT $6
"""


async def queue(
    viewer: Viewer, cohort: UUID | None = None, *, most: int | None = None, accompanied: bool = False
) -> list[QueueRow]:
    """Work waiting for the viewer, oldest first: of the teams he accompanies and, if not only these are `accompanied`,
    of the programmes he organises.

    An organiser with a conflict of interest does not check that team's work, so it is not in his queue.
    """
    teams, programmes, conflicted, _ = _reach(viewer, cohort)
    rows = await fetch(QUEUE, teams, [] if accompanied else programmes, conflicted, cohort, viewer.id, most)
    return [QueueRow(**row) for row in rows]


def _reach(viewer: Viewer, cohort: UUID | None) -> tuple[list[UUID], list[UUID], list[UUID], UUID | None]:
    """The first parameters of WAITING: teams accompanied, programmes organised, teams in conflict, one cohort or all."""
    own = {grant.where for grant in viewer.grants if grant.scope is Scope.TEAM and grant.role is not Role.MODERATOR}
    conflicted = {*filter(None, own), *(interest.team for interest in viewer.interests)}
    return (
        viewer.places(Role.MODERATOR, Scope.TEAM),
        viewer.places(Role.ORGANISER, Scope.PROGRAMME),
        sorted(conflicted),
        cohort,
    )


NEXT = f"""
SELECT s.id {WAITING} AND s.id <> $5
ORDER BY (r.sent_at, s.id) < (SELECT max(v.sent_at), $5::uuid FROM revision v WHERE v.submission = $5), r.sent_at, s.id LIMIT 1
"""


async def next_after(viewer: Viewer, submission: UUID) -> UUID | None:
    """The work that waits next in the viewer's queue: past this one, then from the beginning."""
    found: UUID | None = await fetch_value(NEXT, *_reach(viewer, None), submission)
    return found


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in a thread."""

    author: str
    text: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class RemarkRow:
    """A remark with its thread; `field` "" means the work as a whole. What the viewer may do with it is judged for him."""

    id: UUID
    field: str
    text: str
    author_name: str
    written_at: datetime
    edited_at: datetime | None
    sent_at: datetime | None
    revision: int
    replies: tuple[Reply, ...]
    may_reply: bool
    may_edit: bool

    @property
    def template(self) -> str:
        """What draws it in the margin of the team's page."""
        return "moderation/_remark.html"

    @property
    def outside(self) -> str:
        """What draws, after the form of the work, the form of the answer to this remark."""
        return "moderation/_remark_form.html"


REMARKS = """
SELECT k.id, k.field, k.text, k.author, p.name AS author_name, k.written_at, k.edited_at, k.sent_at,
  r.number AS revision,
  (SELECT coalesce(json_agg(json_build_array(w.name, y.text, y.written_at) ORDER BY y.written_at, y.id), '[]')
     FROM remark_reply y JOIN person w ON w.id = y.author WHERE y.remark = k.id) AS replies
FROM remark k JOIN revision r ON r.id = k.revision JOIN person p ON p.id = k.author
WHERE k.submission = $1 AND (k.sent_at IS NOT NULL OR k.author = $2)
ORDER BY r.number DESC, k.written_at, k.id
"""


async def remarks(viewer: Viewer, work: Work) -> list[RemarkRow]:
    """The remarks on a piece of work, newest version first; drafts only to their author. One statement."""
    return [_remark_row(viewer, work, row) for row in await fetch(REMARKS, work.submission, viewer.id)]


def _remark_row(viewer: Viewer, work: Work, row: Mapping[str, Any]) -> RemarkRow:
    values = dict(row)
    author, sent_at = values.pop("author"), row["sent_at"]
    replies = [Reply(name, text, datetime.fromisoformat(at)) for name, text, at in json.loads(values.pop("replies"))]
    return RemarkRow(
        **values, replies=tuple(replies), may_reply=sent_at is not None and work.standing.may(REPLY),
        may_edit=work.standing.may(REMARK) and not_editable(author, viewer.id, sent_at, viewer.now) is None,
    )  # fmt: skip


async def submission_of(remark: UUID) -> UUID:
    """The piece of work that a remark belongs to; whoever asks goes on through the work. Raises NotFound."""
    return await _known("SELECT submission FROM remark WHERE id = $1", remark)


async def team_of_note(note: UUID) -> UUID:
    """The team that a private note is about; whoever asks goes on through the team. Raises NotFound."""
    return await _known("SELECT team FROM private_note WHERE id = $1 AND retracted_at IS NULL", note)


async def team_of_question(question: UUID) -> UUID:
    """The team that a guiding question was put to; whoever asks goes on through the team. Raises NotFound."""
    return await _known("SELECT team FROM guiding_question WHERE id = $1", question)


async def _known(sql: str, key: UUID) -> UUID:
    found: UUID | None = await fetch_value(sql, key)
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What was decided about a version, and the word to the team."""

    kind: Outcome
    message: str
    decided_at: datetime
    decided_by: str
    revision: int

    @property
    def template(self) -> str:
        """What draws it at the top of the team's page."""
        return "moderation/_decision.html"


async def decisions(submission: UUID) -> list[DecisionRow]:
    """What was decided about the versions of a piece of work, newest first."""
    rows = await fetch(
        "SELECT d.kind, d.message, d.decided_at, coalesce(p.name, '') AS decided_by, r.number AS revision"
        " FROM decision d JOIN revision r ON r.id = d.revision LEFT JOIN person p ON p.id = d.decided_by"
        " WHERE r.submission = $1 ORDER BY r.number DESC",
        submission,
    )
    return [DecisionRow(**{**row, "kind": Outcome(row["kind"])}) for row in rows]


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A private note about a team."""

    id: UUID
    text: str
    author: UUID
    author_name: str
    written_at: datetime
    edited_at: datetime | None


async def private_notes(team: UUID) -> list[NoteRow]:
    """The notes about a team that were not retracted, newest first; the caller has judged VIEW_NOTES."""
    rows = await fetch(
        "SELECT n.id, n.text, n.author, p.name AS author_name, n.written_at, n.edited_at FROM private_note n"
        " JOIN person p ON p.id = n.author WHERE n.team = $1 AND n.retracted_at IS NULL ORDER BY n.written_at DESC",
        team,
    )
    return [NoteRow(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A guiding question and what the team answered; `about` names the work it was asked about, if any."""

    id: UUID
    text: str
    about: str
    asked_at: datetime
    asked_by: str
    answer: str
    answered_at: datetime | None
    answered_by: str


async def questions(team: UUID) -> list[QuestionRow]:
    """The guiding questions put to a team: unanswered ones first, then the newest."""
    rows = await fetch(
        "SELECT q.id, q.text, q.asked_at, p.name AS asked_by, q.answer, q.answered_at, coalesce(a.title, '') AS about,"
        " coalesce(w.name, '') AS answered_by FROM guiding_question q JOIN person p ON p.id = q.asked_by"
        " LEFT JOIN person w ON w.id = q.answered_by LEFT JOIN submission s ON s.id = q.submission"
        " LEFT JOIN assignment a ON a.id = s.assignment WHERE q.team = $1"
        " ORDER BY q.answered_at IS NOT NULL, q.asked_at DESC",
        team,
    )
    return [QuestionRow(**row) for row in rows]


async def unanswered(teams: Sequence[UUID]) -> dict[UUID, int]:
    """How many guiding questions wait for the answer of each of these teams."""
    rows = await fetch(
        "SELECT team, count(*) AS count FROM guiding_question WHERE team = ANY($1) AND answered_at IS NULL GROUP BY team",
        list(teams),
    )
    return {row["team"]: row["count"] for row in rows}


@dataclass(frozen=True, slots=True)
class TeamModerators:
    """A team and who accompanies it."""

    id: UUID
    name: str
    municipality: str
    moderators: Sequence[UUID]
    names: Sequence[str]


async def teams_and_moderators(cohort: UUID) -> list[TeamModerators]:
    """Every team of a cohort with its moderators."""
    rows = await fetch(
        "SELECT t.id, t.name, y.name AS municipality,"
        " coalesce(array_agg(g.person ORDER BY p.name) FILTER (WHERE g.id IS NOT NULL), '{}') AS moderators,"
        " coalesce(array_agg(p.name ORDER BY p.name) FILTER (WHERE g.id IS NOT NULL), '{}') AS names"
        " FROM team t JOIN municipality y ON y.id = t.municipality LEFT JOIN role_grant g ON g.scope = 'team'"
        " AND g.scope_id = t.id AND g.role = 'moderator' AND g.revoked_at IS NULL LEFT JOIN person p ON p.id = g.person"
        " WHERE t.cohort = $1 AND t.withdrawn_at IS NULL GROUP BY t.id, y.name ORDER BY t.name",
        cohort,
    )
    return [TeamModerators(**row) for row in rows]


async def moderators_of(cohort: UUID) -> list[tuple[UUID, str]]:
    """The moderators of a cohort, by name."""
    rows = await fetch(
        "SELECT p.id, p.name FROM role_grant g JOIN person p ON p.id = g.person WHERE g.role = 'moderator'"
        " AND g.scope = 'cohort' AND g.scope_id = $1 AND g.revoked_at IS NULL ORDER BY p.name",
        cohort,
    )
    return [(row["id"], row["name"]) for row in rows]
