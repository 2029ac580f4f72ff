"""What moderators see: the queue, the desk, and the notes and questions of a team."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from incubator.foundation.database import fetch
from incubator.people.rights import Role, Scope, Viewer


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
    due_at: datetime
    draft_remarks: int


QUEUE = """
SELECT s.id AS submission, t.id AS team, t.name AS team_name, c.name AS cohort_name, m.title AS module_title, a.title,
  r.number AS revision, r.sent_at, r.late, coalesce(s.extended_to, m.due_at) AS due_at,
  (SELECT count(*) FROM remark k WHERE k.submission = s.id AND k.sent_at IS NULL AND k.author = $3) AS draft_remarks
FROM submission s JOIN team t ON t.id = s.team JOIN cohort c ON c.id = t.cohort
JOIN assignment a ON a.id = s.assignment JOIN module m ON m.id = a.module
JOIN LATERAL (SELECT * FROM revision v WHERE v.submission = s.id ORDER BY v.number DESC LIMIT 1) r ON true
WHERE s.state = 'submitted' AND t.withdrawn_at IS NULL AND c.closed_at IS NULL
  AND (t.id = ANY($1) OR c.programme = ANY($2)) AND ($4::uuid IS NULL OR c.id = $4)
ORDER BY r.sent_at, s.id
"""


async def queue(viewer: Viewer, cohort: UUID | None = None) -> list[QueueRow]:
    """Work waiting for the viewer, oldest first: of the teams he accompanies and of the programmes he organises."""
    rows = await fetch(
        QUEUE, viewer.places(Role.MODERATOR, Scope.TEAM), viewer.places(Role.ORGANISER, Scope.PROGRAMME), viewer.id,
        cohort,
    )  # fmt: skip
    return [QueueRow(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in a thread."""

    author: str
    text: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class RemarkRow:
    """A remark with its thread; `field` "" means the work as a whole."""

    id: UUID
    field: str
    text: str
    author: UUID
    author_name: str
    written_at: datetime
    sent_at: datetime | None
    revision: int
    replies: tuple[Reply, ...]

    @property
    def template(self) -> str:
        """What draws it in the margin of the team's page."""
        return "moderation/_remark.html"


REMARKS = """
SELECT k.id, k.field, k.text, k.author, p.name AS author_name, k.written_at, k.sent_at, r.number AS revision
FROM remark k JOIN revision r ON r.id = k.revision JOIN person p ON p.id = k.author
WHERE k.submission = $1 AND (k.sent_at IS NOT NULL OR k.author = $2 OR $3)
ORDER BY r.number DESC, k.written_at
"""
REPLIES = """
SELECT y.remark, p.name AS author, y.text, y.written_at FROM remark_reply y JOIN remark k ON k.id = y.remark
JOIN person p ON p.id = y.author WHERE k.submission = $1 ORDER BY y.written_at
"""


async def remarks(submission: UUID, viewer: Viewer, *, drafts_of_all: bool = False) -> list[RemarkRow]:
    """The remarks on a piece of work, newest version first; drafts only to their author (or to all moderators)."""
    threads: dict[UUID, list[Reply]] = {}
    for row in await fetch(REPLIES, submission):
        threads.setdefault(row["remark"], []).append(Reply(row["author"], row["text"], row["written_at"]))
    rows = await fetch(REMARKS, submission, viewer.id, drafts_of_all)
    return [RemarkRow(**row, replies=tuple(threads.get(row["id"], ()))) for row in rows]


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A private note about a team."""

    id: UUID
    text: str
    author: UUID
    author_name: str
    written_at: datetime
    version: int


async def private_notes(team: UUID) -> list[NoteRow]:
    """The notes about a team that were not retracted, newest first; the caller has judged VIEW_NOTES."""
    rows = await fetch(
        "SELECT n.id, n.text, n.author, p.name AS author_name, n.written_at, n.version FROM private_note n"
        " JOIN person p ON p.id = n.author WHERE n.team = $1 AND n.retracted_at IS NULL ORDER BY n.written_at DESC",
        team,
    )
    return [NoteRow(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A guiding question and what the team answered."""

    id: UUID
    text: str
    asked_at: datetime
    asked_by: str
    answer: str
    answered_at: datetime | None
    answered_by: str


async def questions(team: UUID) -> list[QuestionRow]:
    """The guiding questions put to a team: unanswered ones first, then the newest."""
    rows = await fetch(
        "SELECT q.id, q.text, q.asked_at, p.name AS asked_by, q.answer, q.answered_at,"
        " coalesce(w.name, '') AS answered_by FROM guiding_question q JOIN person p ON p.id = q.asked_by"
        " LEFT JOIN person w ON w.id = q.answered_by WHERE q.team = $1"
        " ORDER BY q.answered_at IS NOT NULL, q.asked_at DESC",
        team,
    )
    return [QuestionRow(**row) for row in rows]


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


async def module_titles(modules: Sequence[UUID]) -> dict[UUID | None, str]:
    """Titles of modules by id."""
    rows = await fetch("SELECT id, title FROM module WHERE id = ANY($1)", list(modules))
    return {row["id"]: row["title"] for row in rows}
