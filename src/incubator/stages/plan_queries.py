"""What the pages of a cohort's plan show: modules and assignments, and how many teams work on each now."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch
from incubator.foundation.refusals import NotFound
from incubator.programmes.blueprint import Gate, LateWork
from incubator.programmes.rules import CohortRef, CohortState
from incubator.stages.answers import plans
from incubator.stages.plan_rules import Affected, AssignmentFacts, ModuleFacts, Touched
from incubator.stages.rules import Stop, reached

MODULES = """
SELECT m.id, m.place, m.key, m.title, m.summary, m.opens_at, m.due_at, m.gate, m.late_work, m.grace_minutes,
  (SELECT count(*) FROM team t WHERE t.cohort = m.cohort AND t.withdrawn_at IS NULL) AS teams,
  (SELECT count(*) FROM team_module e JOIN team t ON t.id = e.team AND t.withdrawn_at IS NULL
     WHERE e.module = m.id AND e.closed_at IS NULL) AS entered,
  (SELECT count(*) FROM team_module e JOIN team t ON t.id = e.team AND t.withdrawn_at IS NULL
     WHERE e.module = m.id AND e.closed_at IS NULL AND e.advanced_at IS NOT NULL) AS advanced,
  EXISTS (SELECT 1 FROM team_module e WHERE e.module = m.id)
    OR EXISTS (SELECT 1 FROM submission s JOIN assignment a ON a.id = s.assignment WHERE a.module = m.id) AS used
FROM module m WHERE m.cohort = $1 ORDER BY m.place
"""
ASSIGNMENTS = """
SELECT a.id, a.module, a.place, a.key, a.title, a.instructions, a.required, a.rework_limit, a.fields, a.retired,
  a.guiding_questions,
  (SELECT count(*) FROM submission s JOIN team t ON t.id = s.team AND t.withdrawn_at IS NULL
     WHERE s.assignment = a.id AND s.state IN ('in_progress', 'returned')) AS drafts,
  (SELECT count(DISTINCT s.id) FROM submission s JOIN revision r ON r.submission = s.id
     JOIN team t ON t.id = s.team AND t.withdrawn_at IS NULL WHERE s.assignment = a.id) AS sent,
  EXISTS (SELECT 1 FROM submission s WHERE s.assignment = a.id) AS used
FROM assignment a JOIN module m ON m.id = a.module WHERE m.cohort = $1 ORDER BY a.place
"""


@dataclass(frozen=True, slots=True)
class PlannedAssignment:
    """An assignment in the plan; `used` once any team has begun it."""

    id: UUID
    place: int
    key: str
    facts: AssignmentFacts
    affected: Affected
    used: bool


@dataclass(frozen=True, slots=True)
class PlannedModule:
    """A module in the plan; `working` counts teams in it now, `used` tells whether any team was ever in it."""

    id: UUID
    place: int
    key: str
    facts: ModuleFacts
    working: int
    passed: int
    used: bool
    assignments: tuple[PlannedAssignment, ...]

    @property
    def fixed(self) -> bool:
        """Whether teams have been in it, so that it neither moves nor goes."""
        return self.used or self.working > 0

    @property
    def affected(self) -> Affected:
        """Whom a change of this module touches."""
        of_each = [each.affected for each in self.assignments]
        return Affected(self.working, sum(each.drafts for each in of_each), sum(each.sent for each in of_each))


async def plan(cohort: CohortRef, now: datetime) -> list[PlannedModule]:
    """The plan of a cohort in its order; two statements."""
    modules = await fetch(MODULES, cohort.id)
    assignments = await fetch(ASSIGNMENTS, cohort.id)
    working = _working(modules, now) if cohort.state is CohortState.RUNNING else [0] * len(modules)
    return [_module(row, count, assignments) for row, count in zip(modules, working, strict=True)]


def _working(modules: Sequence[Mapping[str, Any]], now: datetime) -> list[int]:
    """Teams in each module now: who got in by hand, by the date, or at the start, less those who have passed it."""
    inside: list[int] = []
    for place, row in enumerate(modules):
        before = modules[place - 1] if place else None
        by_date = before is not None and before["gate"] == Gate.OPEN_BY_DATE.value and now >= row["opens_at"]
        free = row["teams"] if before is None else (inside[-1] if by_date else before["advanced"])
        inside.append(max(row["entered"], free))
    return [
        max(0, count - row["advanced"]) if now >= row["opens_at"] else 0
        for count, row in zip(inside, modules, strict=True)
    ]


def _module(row: Mapping[str, Any], working: int, assignments: Sequence[Mapping[str, Any]]) -> PlannedModule:
    facts = ModuleFacts(row["title"], row["summary"], row["opens_at"], row["due_at"], Gate(row["gate"]),
                        LateWork(row["late_work"]), row["grace_minutes"])  # fmt: skip
    own = tuple(_assignment(each, working) for each in assignments if each["module"] == row["id"])
    return PlannedModule(row["id"], row["place"], row["key"], facts, working, row["advanced"], row["used"], own)


def _assignment(row: Mapping[str, Any], working: int) -> PlannedAssignment:
    facts = AssignmentFacts(
        row["title"], row["instructions"], row["required"], row["rework_limit"],
        tuple(json.loads(row["guiding_questions"])), plans(json.loads(row["fields"])),
        plans(json.loads(row["retired"])),
    )  # fmt: skip
    affected = Affected(working, row["drafts"], row["sent"])
    return PlannedAssignment(row["id"], row["place"], row["key"], facts, affected, row["used"])


TOUCHED = """
SELECT t.id, t.name,
  (SELECT json_agg(json_build_array(o.id, o.opens_at, o.gate, e.id IS NOT NULL AND e.closed_at IS NULL,
       e.advanced_at IS NOT NULL AND e.closed_at IS NULL) ORDER BY o.place)
     FROM module o LEFT JOIN team_module e ON e.module = o.id AND e.team = t.id WHERE o.cohort = t.cohort) AS stops,
  (SELECT coalesce(json_agg(json_build_array(a.title, s.state, EXISTS (SELECT 1 FROM revision r WHERE r.submission = s.id))
       ORDER BY a.place), '[]') FROM submission s JOIN assignment a ON a.id = s.assignment
     WHERE s.team = t.id AND s.state <> 'not_started' AND a.module = $2 AND ($3::uuid IS NULL OR a.id = $3)) AS works
FROM team t WHERE t.cohort = $1 AND t.withdrawn_at IS NULL ORDER BY t.name, t.id
"""


async def touched(cohort: CohortRef, module: UUID, assignment: UUID | None, now: datetime) -> list[Touched]:
    """The teams that a change of a module, or of one assignment in it, touches, by name; one statement."""
    rows = await fetch(TOUCHED, cohort.id, module, assignment) if cohort.state is CohortState.RUNNING else []
    found = [Touched(row["id"], row["name"], _is_here(row["stops"], module, now), _works(row["works"])) for row in rows]
    return [each for each in found if each.here or each.works]


def _is_here(text: str, module: UUID, now: datetime) -> bool:
    """Whether a team is in a module that has begun, and has not passed it."""
    rows = json.loads(text)
    stops = [Stop(datetime.fromisoformat(at), Gate(gate), entered, passed) for _, at, gate, entered, passed in rows]
    for row, stop, arrived in zip(rows, stops, reached(stops, now), strict=True):
        if row[0] == str(module):
            return arrived and not stop.advanced and now >= stop.opens_at
    return False


def _works(text: str) -> tuple[tuple[str, str, bool], ...]:
    return tuple((title, state, sent) for title, state, sent in json.loads(text))


def module_in(modules: Sequence[PlannedModule], module_id: UUID) -> PlannedModule:
    """One module of a plan; raises NotFound."""
    found = next((each for each in modules if each.id == module_id), None)
    if found is None:
        raise NotFound
    return found


def assignment_in(modules: Sequence[PlannedModule], assignment_id: UUID) -> tuple[PlannedModule, PlannedAssignment]:
    """One assignment of a plan with its module; raises NotFound."""
    for module in modules:
        for assignment in module.assignments:
            if assignment.id == assignment_id:
                return module, assignment
    raise NotFound
