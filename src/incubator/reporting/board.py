"""The overview of a cohort: every team in every module, in a constant number of statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from incubator.foundation.database import fetch
from incubator.moderation.rules import CHECK
from incubator.people.rights import Role, Scope, Viewer
from incubator.programmes.blueprint import Gate
from incubator.programmes.queries import cohort_for
from incubator.programmes.rules import VIEW_COHORT, CohortRef
from incubator.reporting.rules import OVERSEES, Cell, WorkInCell, about, cell_of
from incubator.stages.home import situation_of, stopped
from incubator.stages.rules import Duty, Stop, SubmissionState, module_state, reached


@dataclass(frozen=True, slots=True)
class Place:
    """A team in a module: what the cell says and the work it is about, how much of what is required is accepted.

    `to_check` is work that waits for a check while the cell is about something else.
    """

    module: UUID
    cell: Cell
    urgent: WorkInCell | None
    to_check: WorkInCell | None
    accepted: int
    required: int
    works: tuple[WorkInCell, ...] = ()


WAYS: Final = """
SELECT t.id AS team, t.withdrawn_at, c.opened_at, c.closed_at, m.id AS module, m.opens_at, m.due_at, m.gate,
  m.late_work, m.grace_minutes,
  e.id IS NOT NULL AND e.closed_at IS NULL AS entered, e.advanced_at IS NOT NULL AND e.closed_at IS NULL AS advanced,
  a.id AS assignment, a.title, a.required, s.id AS submission, s.state, s.extended_to, s.rework_until
FROM team t JOIN cohort c ON c.id = t.cohort JOIN module m ON m.cohort = t.cohort
LEFT JOIN team_module e ON e.module = m.id AND e.team = t.id
LEFT JOIN assignment a ON a.module = m.id LEFT JOIN submission s ON s.assignment = a.id AND s.team = t.id
WHERE t.id = ANY($1) ORDER BY t.id, m.place, a.place
"""


async def ways(teams: Iterable[UUID], now: datetime) -> dict[UUID, list[Place]]:
    """The way of each team through the modules of its cohort; one statement for any number of teams."""
    rows = await fetch(WAYS, list(teams))
    return {team: _way(list(group), now) for team, group in groupby(rows, lambda row: row["team"])}


def _way(rows: Sequence[Mapping[str, Any]], now: datetime) -> list[Place]:
    modules = [list(group) for _, group in groupby(rows, lambda row: row["module"])]
    stops = [
        Stop(each[0]["opens_at"], Gate(each[0]["gate"]), each[0]["entered"], each[0]["advanced"]) for each in modules
    ]
    arrived = reached(stops, now)
    return [_place(each, stop, now, here) for each, stop, here in zip(modules, stops, arrived, strict=True)]


def _place(rows: Sequence[Mapping[str, Any]], stop: Stop, now: datetime, is_reached: bool) -> Place:
    halted = stopped(rows[0])
    given = [row for row in rows if row["assignment"] is not None]
    situations = [situation_of(row, halted, is_reached=is_reached) for row in given]
    works = [
        WorkInCell(row["assignment"], row["submission"], row["title"], row["required"], situation.state,
                   halted is None and situation.open(now) and situation.overdue(now), situation.deadline)
        for row, situation in zip(given, situations, strict=True)
    ]  # fmt: skip
    duties = [Duty(row["required"], situation) for row, situation in zip(given, situations, strict=True)]
    state = module_state(stop, rows[0]["due_at"], duties, now, is_reached=is_reached)
    urgent = about(state, works)
    required = [work for work in works if work.required]
    waiting = next((work for work in works if work.state is SubmissionState.SUBMITTED), None)
    cell = cell_of(state, urgent)
    return Place(
        rows[0]["module"], cell, urgent, None if cell is Cell.WAITING else waiting,
        sum(work.state is SubmissionState.ACCEPTED for work in required), len(required), tuple(works),
    )  # fmt: skip


# --- The page ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A team in the overview; `checks` if the viewer may decide about its work."""

    team: UUID
    name: str
    municipality: str
    region: str
    moderators: Sequence[str]
    moderator_ids: Sequence[UUID]
    places: Sequence[Place]
    waiting: int
    checks: bool

    def href(self, work: WorkInCell | None) -> str:
        """Where a cell leads: to the check screen when work waits and the viewer may check it, else to the work."""
        if work is None:
            return ""
        if work.state is SubmissionState.SUBMITTED and self.checks:
            return f"/submissions/{work.submission}/desk"
        return f"/teams/{self.team}/assignments/{work.assignment}"

    @property
    def stage(self) -> int | None:
        """The number, from 0, of the module in which the team is now; None while it waits for the next one or is done."""
        at_work = (number for number, place in enumerate(self.places) if place.cell not in {Cell.DONE, Cell.CLOSED})
        return next(at_work, None)

    @property
    def pick(self) -> str:
        """The team at its present work as the queue names a ticked row, to write to it; "" while there is none."""
        work = self.places[self.stage].urgent if self.stage is not None else None
        return f"{self.team}.{work.assignment}" if work and self.checks else ""

    @property
    def overdue(self) -> bool:
        """Whether the team owes work whose deadline has passed."""
        return any(place.cell is Cell.OVERDUE for place in self.places)


@dataclass(frozen=True, slots=True)
class Head:
    """A module as the head of a column."""

    id: UUID
    title: str
    opens_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """The page: tiles are counts over the teams that the viewer may see; `whole` if those are all of the cohort."""

    cohort: CohortRef
    whole: bool
    modules: Sequence[Head]
    rows: Sequence[Row]

    @property
    def waiting(self) -> int:
        """Pieces of work that wait for a check."""
        return sum(row.waiting for row in self.rows)

    @property
    def overdue(self) -> int:
        """Teams that owe work whose deadline has passed."""
        return sum(row.overdue for row in self.rows)

    @property
    def accepted(self) -> tuple[int, int]:
        """Required work that is accepted, and all that is required of these teams in the whole programme."""
        places = [place for row in self.rows for place in row.places]
        return sum(place.accepted for place in places), sum(place.required for place in places)


TEAMS: Final = """
SELECT t.id AS team, t.name, y.name AS municipality, y.region,
  (SELECT coalesce(array_agg(p.name ORDER BY p.name), '{}') FROM role_grant g JOIN person p ON p.id = g.person
   WHERE g.scope = 'team' AND g.scope_id = t.id AND g.role = 'moderator' AND g.revoked_at IS NULL) AS moderators,
  (SELECT coalesce(array_agg(g.person ORDER BY p.name), '{}') FROM role_grant g JOIN person p ON p.id = g.person
   WHERE g.scope = 'team' AND g.scope_id = t.id AND g.role = 'moderator' AND g.revoked_at IS NULL) AS moderator_ids,
  (SELECT count(*) FROM submission s WHERE s.team = t.id AND s.state = 'submitted') AS waiting
FROM team t JOIN municipality y ON y.id = t.municipality
WHERE t.cohort = $1 AND t.withdrawn_at IS NULL AND ($2::uuid[] IS NULL OR t.id = ANY($2)) ORDER BY t.name
"""
HEADS: Final = "SELECT id, title, opens_at, due_at FROM module WHERE cohort = $1 ORDER BY place"


async def overview(viewer: Viewer, cohort_id: UUID) -> Overview:
    """The overview of a cohort: all of it to its organisers, to a moderator the teams he accompanies; four statements.

    Raises NotFound, Forbidden.
    """
    cohort = await cohort_for(viewer, cohort_id)
    cohort.standing.need(VIEW_COHORT)
    whole = cohort.standing.may(OVERSEES)
    teams = await fetch(TEAMS, cohort_id, None if whole else viewer.places(Role.MODERATOR, Scope.TEAM))
    found = await ways([team["team"] for team in teams], viewer.now)
    return Overview(
        cohort, whole, [Head(**row) for row in await fetch(HEADS, cohort_id)],
        [Row(**team, places=found.get(team["team"], ()), checks=_checks(viewer, cohort, team["team"])) for team in teams],
    )  # fmt: skip


def _checks(viewer: Viewer, cohort: CohortRef, team: UUID) -> bool:
    return viewer.standing(programme=cohort.programme, cohort=cohort.id, team=team).may(CHECK)
