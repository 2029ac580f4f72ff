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
from incubator.stages.plan_rules import Affected, AssignmentFacts, ModuleFacts

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
SELECT a.id, a.module, a.place, a.key, a.title, a.instructions, a.required, a.rework_limit, a.fields,
  a.guiding_questions,
  (SELECT count(*) FROM submission s WHERE s.assignment = a.id AND s.state IN ('in_progress', 'returned')) AS drafts,
  (SELECT count(DISTINCT s.id) FROM submission s JOIN revision r ON r.submission = s.id
     WHERE s.assignment = a.id) AS sent,
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
    )  # fmt: skip
    affected = Affected(working, row["drafts"], row["sent"])
    return PlannedAssignment(row["id"], row["place"], row["key"], facts, affected, row["used"])


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
