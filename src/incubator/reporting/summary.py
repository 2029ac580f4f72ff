"""The overview of a cohort as its pages show it: counts, who is stuck, and plots, in a constant number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from incubator.foundation.database import fetch, fetch_one
from incubator.foundation.i18n import Message
from incubator.people.rights import Role, Scope, Viewer
from incubator.reporting import figures, mapping
from incubator.reporting.board import Head, Overview, Row, overview
from incubator.reporting.conditions import stuck
from incubator.reporting.figures import Load, Plot, Sent
from incubator.reporting.standstill import URGENCY, Reason

LATELY: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Map:
    """The progress map: the teams that the address asks for, and what there is to choose from."""

    board: Overview
    asked: mapping.Asked
    stuck: Mapping[UUID, Sequence[Reason]]
    lines: Sequence[mapping.Line]
    columns: Sequence[mapping.Column]

    @property
    def regions(self) -> list[tuple[str, str]]:
        """Regions of the teams that the viewer may see, as choices."""
        return [(region, region) for region in sorted({row.region for row in self.board.rows})]

    @property
    def stages(self) -> list[tuple[int, str]]:
        """Modules by number, as choices."""
        return [(number, f"{number}. {head.title}") for number, head in enumerate(self.board.modules, 1)]

    @property
    def modules(self) -> list[tuple[UUID, Message]]:
        """Modules whose assignments may be the columns, as choices."""
        titles = enumerate(self.board.modules, 1)
        return [
            (head.id, Message("Assignments of {number}. {title}", number=n, title=head.title)) for n, head in titles
        ]

    @property
    def moderators(self) -> list[tuple[UUID, str]]:
        """Who accompanies these teams, by name."""
        found = {
            key: name for row in self.board.rows for key, name in zip(row.moderator_ids, row.moderators, strict=True)
        }
        return sorted(found.items(), key=lambda pair: pair[1])


async def progress_map(viewer: Viewer, cohort_id: UUID, asked: mapping.Asked) -> Map:
    """The map of a cohort's teams as far as the viewer may see them; five statements. Raises NotFound, Forbidden."""
    board = await overview(viewer, cohort_id)
    why = await _stuck(viewer, board)
    rows = mapping.chosen(board.rows, asked, why)
    return Map(board, asked, why, mapping.lines(rows, board.modules, asked.columns), _columns(board, asked.columns))


@dataclass(frozen=True, slots=True)
class Gone:
    """A team that has left the cohort; its page tells why, and an organiser takes it back there."""

    id: UUID
    name: str
    withdrawn_at: datetime


GONE: Final = """
SELECT id, name, withdrawn_at FROM team
WHERE cohort = $1 AND withdrawn_at IS NOT NULL AND ($2::uuid[] IS NULL OR id = ANY($2)) ORDER BY name, id
"""


async def gone(viewer: Viewer, board: Overview) -> list[Gone]:
    """Teams that have left, as far as the viewer may see them. One statement."""
    own = None if board.whole else viewer.places(Role.MODERATOR, Scope.TEAM)
    return [Gone(**row) for row in await fetch(GONE, board.cohort.id, own)]


async def _stuck(viewer: Viewer, board: Overview) -> dict[UUID, list[Reason]]:
    return await stuck(viewer, board.cohort, board.rows, {head.id: head.opens_at for head in board.modules})


def _columns(board: Overview, columns: UUID | None) -> list[mapping.Column]:
    place = next((number for number, head in enumerate(board.modules) if head.id == columns), None)
    if place is None:
        return [mapping.Column(head.title) for head in board.modules]
    works = next((row.places[place].works for row in board.rows if row.places), ())
    return [mapping.Column(work.title) for work in works]


# --- The overview -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """What a moderator has done lately in a cohort; `days` is how long teams waited for the answer on average."""

    waiting: int
    oldest: int
    decided: int
    days: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The overview; `period` is the module whose sending is drawn. Organisers get `load`, a moderator his `own` figures."""

    board: Overview
    stuck: Sequence[tuple[Row, Sequence[Reason]]]
    period: Head | None
    funnel: Plot
    sendings: Plot | None
    regions: Plot | None
    load: Plot | None
    own: OwnFigures | None


SENT: Final = """
SELECT (r.sent_at AT TIME ZONE $4)::date AS day, count(*) FILTER (WHERE r.sent_at <= $3) AS in_time,
  count(*) FILTER (WHERE r.sent_at > $3) AS after
FROM revision r JOIN submission s ON s.id = r.submission JOIN assignment a ON a.id = s.assignment
WHERE a.module = $1 AND s.team = ANY($2) GROUP BY 1 ORDER BY 1
"""
LOADS: Final = """
SELECT p.name, count(DISTINCT t.id) AS teams, count(s.id) AS waiting,
  coalesce(floor(extract(epoch FROM $2 - min(v.sent_at)) / 86400), 0)::int AS oldest
FROM role_grant g JOIN person p ON p.id = g.person
LEFT JOIN role_grant a ON a.person = p.id AND a.role = 'moderator' AND a.scope = 'team' AND a.cohort = g.cohort
  AND a.revoked_at IS NULL
LEFT JOIN team t ON t.id = a.scope_id AND t.withdrawn_at IS NULL
LEFT JOIN submission s ON s.team = t.id AND s.state = 'submitted'
LEFT JOIN LATERAL (SELECT max(r.sent_at) AS sent_at FROM revision r WHERE r.submission = s.id) v ON true
WHERE g.role = 'moderator' AND g.scope = 'cohort' AND g.scope_id = $1 AND g.revoked_at IS NULL
GROUP BY p.id, p.name ORDER BY p.name, p.id
"""
OWN: Final = """
SELECT (SELECT count(*) FROM submission s WHERE s.team = ANY($2) AND s.state = 'submitted') AS waiting,
  (SELECT coalesce(floor(extract(epoch FROM $3 - min(v.sent_at)) / 86400), 0)::int FROM submission s
     JOIN LATERAL (SELECT max(r.sent_at) AS sent_at FROM revision r WHERE r.submission = s.id) v ON true
   WHERE s.team = ANY($2) AND s.state = 'submitted') AS oldest,
  count(d.id) AS decided, (avg(extract(epoch FROM d.decided_at - r.sent_at)) / 86400)::float AS days
FROM decision d JOIN revision r ON r.id = d.revision JOIN submission s ON s.id = r.submission
WHERE d.decided_by = $1 AND d.taken_back_at IS NULL AND d.decided_at > $4 AND s.team = ANY($2)
"""


async def summary(viewer: Viewer, cohort_id: UUID, module: UUID | None) -> Summary:
    """The overview of a cohort as far as the viewer may see it; seven statements. Raises NotFound, Forbidden.

    `module` is the one whose sending is drawn; without it that which opened last.
    """
    board = await overview(viewer, cohort_id)
    why = await _stuck(viewer, board)
    period = _period(board.modules, module, viewer.now)
    return Summary(
        board, _in_order(board.rows, why), period, figures.funnel(board.rows, board.modules),
        await _sendings(board, period, viewer.now), figures.by_region(board.rows) if board.whole else None,
        await _load(board, viewer.now) if board.whole else None,
        None if board.whole else await _own(viewer, board.rows),
    )  # fmt: skip


def _in_order(rows: Sequence[Row], why: Mapping[UUID, Sequence[Reason]]) -> list[tuple[Row, Sequence[Reason]]]:
    """Who is stuck, the weightiest reason first, then those with more of them."""
    found = [(row, why[row.team]) for row in rows if row.team in why]
    return sorted(found, key=lambda pair: (URGENCY.index(pair[1][0].why), -len(pair[1]), pair[0].name))


def _period(modules: Sequence[Head], wanted: UUID | None, now: datetime) -> Head | None:
    asked = next((head for head in modules if head.id == wanted), None)
    begun = [head for head in modules if head.opens_at <= now]
    return asked or (begun[-1] if begun else next(iter(modules), None))


async def _sendings(board: Overview, period: Head | None, now: datetime) -> Plot | None:
    if period is None:
        return None
    zone = ZoneInfo(board.cohort.time_zone)
    rows = await fetch(SENT, period.id, [row.team for row in board.rows], period.due_at, board.cohort.time_zone)
    found = [Sent(row["day"], row["in_time"], row["after"]) for row in rows]
    first, due, today = (moment.astimezone(zone).date() for moment in (period.opens_at, period.due_at, now))
    return figures.sendings(found, min([first, *(each.day for each in found)]), due, today)


async def _load(board: Overview, now: datetime) -> Plot | None:
    found = [Load(**row) for row in await fetch(LOADS, board.cohort.id, now)]
    return figures.load(found, board.waiting) if found else None


async def _own(viewer: Viewer, rows: Sequence[Row]) -> OwnFigures | None:
    row: Any = await fetch_one(OWN, viewer.id, [each.team for each in rows], viewer.now, viewer.now - LATELY)
    return OwnFigures(**row)
