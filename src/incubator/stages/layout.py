"""The stages' layer of a cohort: modules and assignments from a blueprint, and back again."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from incubator.foundation.database import fetch, new_id
from incubator.programmes.blueprint import LAST_DAY, AssignmentPlan, Blueprint, Gate, LateWork, ModulePlan
from incubator.programmes.layers import LAYERS, Ground, register
from incubator.stages.answers import kept, plans
from incubator.stages.tables import Assignment, Module


def instant(day: date, clock: time, zone: str) -> datetime:
    """A clock time of a day in a zone, in UTC."""
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


def day_of(moment: datetime, ground: Ground) -> int:
    """The day of the cohort on which an instant falls, within what a blueprint can say."""
    days = (moment.astimezone(ZoneInfo(ground.time_zone)).date() - ground.starts_on).days
    return min(max(days, 0), LAST_DAY)


class Stages:
    """Creates the rows of modules and assignments, and describes them as a blueprint does."""

    async def lay_out(self, ground: Ground, blueprint: Blueprint) -> None:
        """Modules open at the beginning of their day and are due at their time of day, in the cohort's zone."""
        modules = [self._module(ground, place, plan) for place, plan in enumerate(blueprint.modules)]
        await Module.insert(*modules)
        assignments = [
            assignment_row(UUID(str(module.id)), place, plan)
            for module, module_plan in zip(modules, blueprint.modules, strict=True)
            for place, plan in enumerate(module_plan.assignments)
        ]
        if assignments:
            await Assignment.insert(*assignments)

    def _module(self, ground: Ground, place: int, plan: ModulePlan) -> Module:
        opens_on, due_on = (ground.starts_on + timedelta(days=each) for each in (plan.opens_on_day, plan.due_on_day))
        opens_at = instant(opens_on, time(0), ground.time_zone)
        due_at = instant(due_on, time.fromisoformat(plan.due_time), ground.time_zone)
        return Module(
            id=new_id(), cohort=ground.cohort, place=place, key=plan.key, title=plan.title, summary=plan.summary,
            # A module due at the midnight at which it opens is given the whole day: nobody could send anything else.
            opens_at=opens_at, due_at=due_at if due_at > opens_at else opens_at + timedelta(hours=23, minutes=59),
            gate=plan.gate.value, late_work=plan.late_work.value, grace_minutes=plan.grace_minutes,
        )  # fmt: skip

    async def describe(self, ground: Ground) -> Mapping[str, Any]:
        """`modules` as they are now; days are counted from the cohort's first day."""
        modules = await fetch("SELECT * FROM module WHERE cohort = $1 ORDER BY place", ground.cohort)
        rows = await fetch(
            "SELECT a.* FROM assignment a JOIN module m ON m.id = a.module WHERE m.cohort = $1 ORDER BY a.place",
            ground.cohort,
        )
        return {"modules": tuple(self._described(row, ground, rows) for row in modules)}

    def _described(self, row: Mapping[str, Any], ground: Ground, rows: Iterable[Mapping[str, Any]]) -> ModulePlan:
        opens_on_day = day_of(row["opens_at"], ground)
        assignments = tuple(assignment_plan(each) for each in rows if each["module"] == row["id"])
        # A blueprint lets no gate wait for work that nobody has to do; a plan in the making may have one.
        gate = Gate(row["gate"]) if any(each.required for each in assignments) else Gate.OPEN_BY_DATE
        return ModulePlan(
            key=row["key"],
            title=row["title"],
            summary=row["summary"],
            opens_on_day=opens_on_day,
            due_on_day=max(opens_on_day, day_of(row["due_at"], ground)),
            due_time=f"{row['due_at'].astimezone(ZoneInfo(ground.time_zone)):%H:%M}",
            late_work=LateWork(row["late_work"]),
            grace_minutes=row["grace_minutes"],
            gate=gate,
            assignments=assignments,
        )


def assignment_row(module: UUID, place: int, plan: AssignmentPlan) -> Assignment:
    """A new assignment at its place in a module."""
    return Assignment(
        id=new_id(), module=module, place=place, key=plan.key, title=plan.title, instructions=plan.instructions,
        required=plan.required, rework_limit=plan.rework_limit,
        fields=json.dumps(kept(plan.fields), ensure_ascii=False),
        guiding_questions=json.dumps(list(plan.guiding_questions), ensure_ascii=False),
    )  # fmt: skip


def assignment_plan(row: Mapping[str, Any]) -> AssignmentPlan:
    """An assignment's row in the blueprint's words."""
    return AssignmentPlan(
        key=row["key"],
        title=row["title"],
        instructions=row["instructions"],
        required=row["required"],
        rework_limit=row["rework_limit"],
        guiding_questions=tuple(json.loads(row["guiding_questions"])),
        fields=plans(json.loads(row["fields"])),
    )


if not any(isinstance(layer, Stages) for layer in LAYERS):
    register(Stages())
