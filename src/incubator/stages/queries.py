"""What pages about one piece of a team's work show: its draft, its versions, and accepted work for those who judge it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from incubator.foundation.changes import Two
from incubator.foundation.database import fetch, fetch_one
from incubator.foundation.refusals import NotFound
from incubator.people.rights import Standing, Viewer
from incubator.programmes.blueprint import FieldPlan, Gate
from incubator.stages.answers import Content, fingerprint, kept, plans
from incubator.stages.home import situation_of, stopped, team_home, team_map
from incubator.stages.rules import Situation, Stop, reached
from incubator.teams.presence import HERE

__all__ = [
    "AcceptedWork", "RevisionRef", "SentWork", "Work", "accepted_work", "team_home", "team_map", "versions",
    "work_for", "work_on",
]  # fmt: skip


# --- One piece of work ------------------------------------------------------------------------------------------------

WORK_COLUMNS = """
SELECT t.id AS team, t.name AS team_name, t.withdrawn_at, g.demo, c.id AS cohort, c.name AS cohort_name, c.programme,
  c.time_zone AS cohort_time_zone, c.opened_at, c.closed_at, y.time_zone, m.id AS module, m.title AS module_title,
  m.opens_at, m.due_at, m.late_work, m.grace_minutes, a.id AS assignment, a.title, a.instructions, a.required, a.rework_limit, a.fields, a.retired,
  a.guiding_questions, s.id AS submission, s.state, s.content, s.version, s.updated_at, w.name AS updated_by,
  s.extended_to, s.extension_reason, s.rework_until, s.writers,
  (SELECT json_agg(json_build_array(o.id, o.opens_at, o.gate, e.id IS NOT NULL AND e.closed_at IS NULL,
       e.advanced_at IS NOT NULL AND e.closed_at IS NULL) ORDER BY o.place)
     FROM module o LEFT JOIN team_module e ON e.module = o.id AND e.team = t.id WHERE o.cohort = c.id) AS stops,
  (SELECT coalesce(json_agg(json_build_array(r.id, r.number, r.receipt, r.sent_at, p.name, r.late) ORDER BY r.number),
       '[]') FROM revision r LEFT JOIN person p ON p.id = r.sent_by WHERE r.submission = s.id) AS revisions,
  (SELECT coalesce(json_agg(json_build_object('field', f.field, 'id', o.id, 'name',
       coalesce(nullif(f.name, ''), o.name), 'media_type', o.media_type, 'size', o.size, 'description', f.description,
       'quarantined', o.quarantined_at IS NOT NULL, 'waiting', o.scan = 'waiting') ORDER BY f.id), '[]') FROM submission_file f JOIN stored_file o ON o.id = f.file
     WHERE f.submission = s.id AND f.removed_at IS NULL) AS files
FROM team t JOIN cohort c ON c.id = t.cohort JOIN municipality y ON y.id = t.municipality
JOIN programme g ON g.id = c.programme JOIN module m ON m.cohort = t.cohort JOIN assignment a ON a.module = m.id
"""
DRAFT_OF = "LEFT JOIN submission s ON s.team = t.id AND s.assignment = a.id LEFT JOIN person w ON w.id = s.updated_by"
WORK = f"{WORK_COLUMNS} {DRAFT_OF} WHERE t.id = $1 AND a.id = $2"
WORK_BY_ID = (
    f"{WORK_COLUMNS} JOIN submission s ON s.team = t.id AND s.assignment = a.id"
    " LEFT JOIN person w ON w.id = s.updated_by WHERE s.id = $1"
)


def stamp(moment: datetime) -> str:
    """An instant as `writers` keeps it; sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class RevisionRef:
    """One version that was sent."""

    id: UUID
    number: int
    receipt: str
    sent_at: datetime
    sent_by: str
    late: bool


@dataclass(frozen=True, slots=True)
class Work:
    """A team's work on an assignment; `submission` is None until somebody saves. `zone` is the team's."""

    demo: bool
    team: UUID
    team_name: str
    cohort: UUID
    cohort_name: str
    cohort_zone: str
    programme: UUID
    zone: str
    module: UUID
    module_title: str
    assignment: UUID
    title: str
    instructions: str
    required: bool
    rework_limit: int
    fields: tuple[FieldPlan, ...]
    retired: tuple[FieldPlan, ...]
    guiding_questions: tuple[str, ...]
    submission: UUID | None
    situation: Situation
    content: Content
    version: int
    updated_at: datetime | None
    updated_by: str
    extension_reason: str
    writers: Mapping[str, Sequence[str | None]]
    revisions: tuple[RevisionRef, ...]
    files: Mapping[str, list[dict[str, Any]]]
    standing: Standing

    @property
    def href(self) -> str:
        """Address of the team's page for this work."""
        return f"/teams/{self.team}/assignments/{self.assignment}"

    @property
    def asked(self) -> str:
        """A print of the questions, by which a change between the check and the sending is noticed."""
        return fingerprint(kept(self.fields))

    @property
    def last(self) -> RevisionRef | None:
        """The version sent last."""
        return self.revisions[-1] if self.revisions else None

    def others_here(self, viewer: Viewer) -> dict[UUID, datetime]:
        """Other people who saved this draft within the last minutes, and when."""
        saved = {UUID(who): datetime.fromisoformat(str(at)) for who, (at, _) in self.writers.items()}
        return {who: at for who, at in saved.items() if who != viewer.id and at > viewer.now - HERE}


async def work_on(viewer: Viewer, team_id: UUID, assignment_id: UUID) -> Work:
    """The work of a team on an assignment through its viewer, begun or not; one statement. Raises NotFound."""
    return _work(viewer, await fetch_one(WORK, team_id, assignment_id))


async def work_for(viewer: Viewer, submission_id: UUID) -> Work:
    """Work that was begun, by its own id; whoever asks judges a right of its `standing`. Raises NotFound."""
    return _work(viewer, await fetch_one(WORK_BY_ID, submission_id))


def _work(viewer: Viewer, row: Mapping[str, Any] | None) -> Work:
    if row is None:
        raise NotFound
    same = {each: row[each] for each in ("team", "team_name", "cohort", "cohort_name", "programme", "module",
                                         "module_title", "assignment", "title", "instructions", "required",
                                         "rework_limit", "submission", "updated_at", "demo")}  # fmt: skip
    return Work(
        **same, cohort_zone=row["cohort_time_zone"], zone=row["time_zone"], fields=plans(json.loads(row["fields"])),
        retired=plans(json.loads(row["retired"])), guiding_questions=tuple(json.loads(row["guiding_questions"])),
        situation=situation_of(row, stopped(row), is_reached=_is_reached(row, viewer.now)),
        content=json.loads(row["content"] or "{}"), version=row["version"] or 0, updated_by=row["updated_by"] or "",
        extension_reason=row["extension_reason"] or "", writers=json.loads(row["writers"] or "{}"),
        revisions=tuple(_revisions(row["revisions"])), files=_files(row["files"]),
        standing=viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["team"]),
    )  # fmt: skip


def _is_reached(row: Mapping[str, Any], now: datetime) -> bool:
    stops = json.loads(row["stops"])
    arrived = reached([Stop(datetime.fromisoformat(at), Gate(gate), e, a) for _, at, gate, e, a in stops], now)
    return any(here and stop[0] == str(row["module"]) for here, stop in zip(arrived, stops, strict=True))


def _revisions(text: str) -> Iterator[RevisionRef]:
    for key, number, receipt, sent_at, name, late in json.loads(text):
        yield RevisionRef(UUID(key), number, receipt, datetime.fromisoformat(sent_at), name or "", late)


def _files(text: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for file in json.loads(text):
        found.setdefault(file.pop("field"), []).append(file)
    return found


@dataclass(frozen=True, slots=True)
class SentWork:
    """One version as it was sent, with the fields of that moment."""

    id: UUID
    number: int
    receipt: str
    fields: tuple[FieldPlan, ...]
    content: Content
    sent_at: datetime
    sent_by: str
    late: bool


SENT = """
SELECT r.id, r.number, r.receipt, r.fields, r.content, r.sent_at, p.name AS sent_by, r.late
FROM revision r LEFT JOIN person p ON p.id = r.sent_by WHERE r.submission = $1 AND r.number = ANY($2) ORDER BY r.number
"""


async def versions(submission: UUID, *numbers: int) -> list[SentWork]:
    """Versions of one piece of work by number, oldest first; raises NotFound when one of them is not there."""
    rows = await fetch(SENT, submission, list(numbers))
    if len(rows) != len(set(numbers)):
        raise NotFound
    return [_sent(row) for row in rows]


def _sent(row: Mapping[str, Any]) -> SentWork:
    return SentWork(row["id"], row["number"], row["receipt"], plans(json.loads(row["fields"])),
                    json.loads(row["content"]), row["sent_at"], row["sent_by"] or "", row["late"])  # fmt: skip


async def two_versions(work: Work, two: Two) -> tuple[SentWork | None, SentWork]:
    """The versions that an address names; the first of all has nothing before it. Raises NotFound."""
    numbers = [number for number in (two.old, two.new) if number]
    if work.submission is None or two.new < 1 or two.old < 0:
        raise NotFound
    sent = {each.number: each for each in await versions(work.submission, *numbers)}
    return sent.get(two.old), sent[two.new]


@dataclass(frozen=True, slots=True)
class AcceptedWork:
    """Accepted work of a team, for those who judge the project."""

    team: UUID
    module_title: str
    title: str
    sent: SentWork
    assignment: UUID


ACCEPTED = """
SELECT s.team, s.assignment, m.title AS module_title, a.title, r.id, r.number, r.receipt, r.fields, r.content, r.sent_at, r.late,
  NULL AS sent_by
FROM submission s JOIN assignment a ON a.id = s.assignment JOIN module m ON m.id = a.module
JOIN LATERAL (SELECT * FROM revision v WHERE v.submission = s.id ORDER BY v.number DESC LIMIT 1) r ON true
WHERE s.team = ANY($1) AND s.state = 'accepted' ORDER BY s.team, m.place, a.place
"""


async def accepted_work(teams: Sequence[UUID]) -> list[AcceptedWork]:
    """The accepted work of some teams in the order of the programme; who sent it is not said. One statement."""
    rows = await fetch(ACCEPTED, list(teams))
    return [AcceptedWork(row["team"], row["module_title"], row["title"], _sent(row), row["assignment"]) for row in rows]
