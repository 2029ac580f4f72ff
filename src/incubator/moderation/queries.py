"""What moderators see: remarks and decisions, and the notes about a team."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch, fetch_value
from incubator.foundation.refusals import NotFound
from incubator.moderation.rules import REMARK, REPLY, not_editable
from incubator.people.rights import Viewer
from incubator.stages.answers import fingerprint
from incubator.stages.home import WITHDRAWN
from incubator.stages.queries import Work
from incubator.stages.rules import Outcome


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
    changed_in: int | None  # the newest version, when its field is not what the remark was made at
    replies: tuple[Reply, ...]
    may_reply: bool
    may_edit: bool
    work: str  # address of the team's page

    @property
    def comparison(self) -> str:
        """Where one sees what became of the field since."""
        return f"{self.work}/comparison?from={self.revision}&to={self.changed_in}#field-{self.field}"

    @property
    def version(self) -> str:
        """What a form that changes the remark has shown."""
        return fingerprint(self.text)

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
  CASE WHEN k.field <> '' AND l.content -> k.field IS DISTINCT FROM r.content -> k.field THEN l.number END AS changed_in,
  (SELECT coalesce(json_agg(json_build_array(w.name, y.text, y.written_at) ORDER BY y.written_at, y.id), '[]')
     FROM remark_reply y JOIN person w ON w.id = y.author WHERE y.remark = k.id) AS replies
FROM remark k JOIN revision r ON r.id = k.revision JOIN person p ON p.id = k.author
JOIN LATERAL (SELECT number, content FROM revision v WHERE v.submission = k.submission ORDER BY v.number DESC LIMIT 1) l ON true
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
    open_to_talk = sent_at is not None and work.situation.stopped != WITHDRAWN
    return RemarkRow(
        **values, replies=tuple(replies), work=work.href, may_reply=open_to_talk and work.standing.may(REPLY),
        may_edit=work.standing.may(REMARK) and not_editable(author, viewer.id, sent_at, viewer.now) is None,
    )  # fmt: skip


async def submission_of(remark: UUID) -> UUID:
    """The piece of work that a remark belongs to; whoever asks goes on through the work. Raises NotFound."""
    return await _known("SELECT submission FROM remark WHERE id = $1", remark)


async def team_of_note(note: UUID) -> UUID:
    """The team that a private note is about; whoever asks goes on through the team. Raises NotFound."""
    return await _known("SELECT team FROM private_note WHERE id = $1 AND retracted_at IS NULL", note)


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
        " WHERE r.submission = $1 AND d.taken_back_at IS NULL ORDER BY r.number DESC",
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

    @property
    def version(self) -> str:
        """What a form that changes the note has shown."""
        return fingerprint(self.text)


async def private_notes(team: UUID) -> list[NoteRow]:
    """The notes about a team that were not retracted, newest first; the caller has judged VIEW_NOTES."""
    rows = await fetch(
        "SELECT n.id, n.text, n.author, p.name AS author_name, n.written_at, n.edited_at FROM private_note n"
        " JOIN person p ON p.id = n.author WHERE n.team = $1 AND n.retracted_at IS NULL ORDER BY n.written_at DESC",
        team,
    )
    return [NoteRow(**row) for row in rows]


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
