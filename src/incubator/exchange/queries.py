"""What pages of the exchange show: what a team may open, what is opened in a cohort, and opened work with its remarks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.exchange.rules import ANSWER_PEERS, HIDE_REMARK, PAGE, VIEW_EXCHANGE, VIEW_OPENED, as_seen
from incubator.foundation.database import fetch, fetch_one
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound
from incubator.people.rights import Standing, Viewer
from incubator.programmes.blueprint import FieldPlan
from incubator.stages import hooks
from incubator.stages.answers import Answer, answers, plans
from incubator.stages.rules import ORDINARY, Task
from incubator.teams.cases import CaseText, from_content

MOST_REMARKS = 200
MOST_OPENED = 100

# One version as peers would read it


@dataclass(frozen=True, slots=True)
class Showing:
    """The version that a team would show: `submission` None for its case; `version` the id of the version itself."""

    submission: UUID | None
    version: UUID
    number: int
    title: str
    module: str
    fields: tuple[FieldPlan, ...]
    content: Mapping[str, Any]

    @property
    def case(self) -> CaseText:
        """The case, if this is one."""
        return from_content(self.content)

    @property
    def answers(self) -> list[Answer]:
        """The answers, if this is work."""
        return answers(self.fields, self.content)


CASE = """
SELECT NULL::uuid AS submission, v.id AS version, v.number, v.content ->> 'title' AS title, '' AS module, '[]' AS fields,
  v.content FROM case_version v JOIN problem_case c ON c.id = v.problem_case
WHERE c.team = $1 AND NOT EXISTS (SELECT 1 FROM case_withdrawal w WHERE w.case_version = v.id)
ORDER BY v.number DESC LIMIT 1
"""
WORK = """
SELECT s.id AS submission, r.id AS version, r.number, a.title, m.title AS module, r.fields, r.content
FROM submission s JOIN revision r ON r.submission = s.id JOIN assignment a ON a.id = s.assignment
JOIN module m ON m.id = a.module WHERE s.team = $1 AND s.id = $2 ORDER BY r.number DESC LIMIT 1
"""


async def showing(team: UUID, work: UUID | None) -> Showing:
    """The last version that a team has sent of a piece of work, or with None of its case. Raises NotFound."""
    row = await (fetch_one(CASE, team) if work is None else fetch_one(WORK, team, work))
    if row is None:
        raise NotFound
    return _showing(row)


def _showing(row: Mapping[str, Any]) -> Showing:
    return Showing(row["submission"], row["version"], row["number"], row["title"], row["module"],
                   plans(json.loads(row["fields"])), json.loads(row["content"]))  # fmt: skip


# The team's page


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that a team may open; `opened` is the opened work's id while it is open."""

    key: str
    title: str
    module: str
    number: int
    sent_at: datetime
    opened: UUID | None


CHOICES = """
SELECT 'case' AS key, v.content ->> 'title' AS title, '' AS module, v.number, v.made_at AS sent_at,
  (SELECT o.id FROM opened_work o WHERE o.team = $1 AND o.submission IS NULL AND o.closed_at IS NULL) AS opened, 0 AS a, 0 AS b
FROM case_version v JOIN problem_case c ON c.id = v.problem_case WHERE c.team = $1
  AND NOT EXISTS (SELECT 1 FROM case_withdrawal w WHERE w.case_version = v.id)
  AND NOT EXISTS (SELECT 1 FROM case_version n WHERE n.problem_case = c.id AND n.number > v.number)
UNION ALL
SELECT s.id::text, a.title, m.title, r.number, r.sent_at,
  (SELECT o.id FROM opened_work o WHERE o.submission = s.id AND o.closed_at IS NULL), m.place + 1, a.place
FROM submission s JOIN assignment a ON a.id = s.assignment JOIN module m ON m.id = a.module
JOIN LATERAL (SELECT number, sent_at FROM revision v WHERE v.submission = s.id ORDER BY v.number DESC LIMIT 1) r ON true
WHERE s.team = $1 ORDER BY a, b
"""


async def choices(team: UUID) -> list[Choice]:
    """What the team has sent and may open, in the order of the programme."""
    rows = await fetch(CHOICES, team)
    return [Choice(**{name: row[name] for name in Choice.__slots__}) for row in rows]


@dataclass(frozen=True, slots=True)
class OpenedRow:
    """Opened work in a list; `remarks` are those that are not hidden, `unread` those the team has said nothing about."""

    id: UUID
    title: str
    module: str
    wish: str
    team_name: str
    municipality: str
    region: str
    opened_at: datetime
    closed_at: datetime | None
    remarks: int
    unread: int
    total: int


LISTED = """
SELECT o.id, o.title, o.module, o.wish, t.name AS team_name, y.name AS municipality, y.region, o.opened_at, o.closed_at,
  (SELECT count(*) FROM peer_remark k WHERE k.opened = o.id AND k.hidden_at IS NULL) AS remarks,
  (SELECT count(*) FROM peer_remark k WHERE k.opened = o.id AND k.hidden_at IS NULL AND k.mark = '') AS unread,
  count(*) OVER () AS total
FROM opened_work o JOIN team t ON t.id = o.team JOIN municipality y ON y.id = t.municipality
"""


async def of_team(team: UUID) -> list[OpenedRow]:
    """What a team has opened, closed again or not, newest first."""
    rows = await fetch(f"{LISTED} WHERE o.team = $1 ORDER BY o.opened_at DESC LIMIT $2", team, MOST_OPENED)
    return [OpenedRow(**row) for row in rows]


# The cohort's page


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; "" for everything. `page` counts from 1."""

    module: str = ""
    municipality: str = ""
    page: int = 1


IN_COHORT = """
WHERE t.cohort = $1 AND o.closed_at IS NULL AND t.withdrawn_at IS NULL AND ($2 = '' OR o.module = $2)
  AND ($3 = '' OR y.name = $3) ORDER BY o.opened_at DESC, o.id LIMIT $4 OFFSET $5
"""


async def opened_in(cohort: UUID, wanted: Filters) -> list[OpenedRow]:
    """Work that is open in a cohort, newest first, one page of it."""
    rows = await fetch(
        f"{LISTED} {IN_COHORT}", cohort, wanted.module, wanted.municipality, PAGE, (wanted.page - 1) * PAGE
    )
    return [OpenedRow(**row) for row in rows]


async def filters_of(cohort: UUID) -> tuple[list[str], list[str]]:
    """Modules and municipalities of what is open in a cohort."""
    rows = await fetch(
        "SELECT DISTINCT o.module, y.name FROM opened_work o JOIN team t ON t.id = o.team"
        " JOIN municipality y ON y.id = t.municipality"
        " WHERE t.cohort = $1 AND o.closed_at IS NULL AND t.withdrawn_at IS NULL",
        cohort,
    )
    return sorted({row["module"] for row in rows} - {""}), sorted({row["name"] for row in rows})


# Opened work


@dataclass(frozen=True, slots=True)
class PeerRow:
    """A peer's remark as the viewer may see it: a hidden one has its text only for staff and for who wrote it."""

    id: UUID
    author: str
    team: str
    text: str
    written_at: datetime
    mark: str
    answer: str
    answered_at: datetime | None
    answered_by: str
    hidden_at: datetime | None
    hidden_reason: str
    own: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """Opened work as the viewer reads it."""

    id: UUID
    team: UUID
    team_name: str
    cohort: UUID
    cohort_name: str
    municipality: str
    region: str
    wish: str
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    demo: bool
    shown: Showing
    standing: Standing


OPENED = """
SELECT o.id, o.team, o.title, o.module, o.wish, o.opened_at, o.closed_at, o.submission, t.name AS team_name, t.cohort,
  t.withdrawn_at, c.programme, c.name AS cohort_name, g.demo, y.name AS municipality, y.region,
  coalesce(p.name, '–') AS opened_by, coalesce(r.id, v.id) AS version, coalesce(r.number, v.number) AS number,
  coalesce(r.fields, '[]') AS fields, coalesce(r.content, v.content) AS content
FROM opened_work o JOIN team t ON t.id = o.team JOIN cohort c ON c.id = t.cohort JOIN programme g ON g.id = c.programme
JOIN municipality y ON y.id = t.municipality LEFT JOIN person p ON p.id = o.opened_by
LEFT JOIN revision r ON r.id = o.revision LEFT JOIN case_version v ON v.id = o.case_version
"""


async def opened_for(viewer: Viewer, opened: UUID) -> Opened:
    """Opened work through its viewer; one statement whether it is there for him or not. Raises NotFound, Forbidden."""
    row = await fetch_one(f"{OPENED} WHERE o.id = $1", opened)
    if row is None:
        raise NotFound
    standing = as_seen(
        viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["team"]),
        is_open=row["closed_at"] is None and row["withdrawn_at"] is None,
    )
    standing.need(VIEW_OPENED)
    same = {name: row[name] for name in Opened.__slots__ if name not in {"shown", "standing"}}
    return Opened(**same, shown=_showing(row), standing=standing)


REMARKS = """
SELECT k.id, coalesce(p.name, '–') AS author, t.name AS team, k.text, k.written_at, k.mark, k.answer, k.answered_at,
  coalesce(w.name, '–') AS answered_by, k.hidden_at, k.hidden_reason, k.author = $2 AS own
FROM peer_remark k JOIN team t ON t.id = k.team LEFT JOIN person p ON p.id = k.author LEFT JOIN person w ON w.id = k.answered_by
WHERE k.opened = $1 AND (k.hidden_at IS NULL OR k.author = $2 OR $3) ORDER BY k.written_at, k.id LIMIT $4
"""


async def peer_remarks(viewer: Viewer, opened: Opened) -> list[PeerRow]:
    """Remarks on opened work, oldest first; the team learns that one was hidden and why, but not what it said."""
    staff, team = opened.standing.may(HIDE_REMARK), opened.standing.may(ANSWER_PEERS)
    rows = await fetch(REMARKS, opened.id, viewer.id, staff or team, MOST_REMARKS)
    return [PeerRow(**{**row, "text": row["text"] if _readable(row, staff=staff) else ""}) for row in rows]


def _readable(row: Mapping[str, Any], *, staff: bool) -> bool:
    return row["hidden_at"] is None or staff or row["own"]


# In the team's own pages

UNREAD = """
SELECT o.id, o.title, count(*) AS count FROM opened_work o JOIN peer_remark k ON k.opened = o.id
WHERE o.team = $1 AND k.mark = '' AND k.hidden_at IS NULL GROUP BY o.id ORDER BY max(k.written_at)
"""


def _unread_remarks(_: UUID, rows: Sequence[Mapping[str, Any]]) -> Sequence[Task]:
    """Opened work with remarks about which the team has not said a word, as tasks of the team."""
    return [
        Task(row["title"], f"/opened/{row['id']}#remarks", "unread",
             Message.count("{n} remark of other teams", "{n} remarks of other teams", row["count"]), rank=ORDINARY, key=UUID(row["id"]))
        for row in rows
    ]  # fmt: skip


def _exchange_link(team: UUID, _: Any) -> Sequence[hooks.Link]:
    return [hooks.Link(f"/teams/{team}/exchange", Message("Exchange with other teams"))]


hooks.PARTS.append(hooks.Part(ANSWER_PEERS, _unread_remarks, UNREAD))
hooks.PARTS.append(hooks.Part(VIEW_EXCHANGE, _exchange_link))
