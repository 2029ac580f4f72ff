"""The demo's organiser changes the plan of a cohort that runs: minutes of grace, late work taken, a later defence."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from incubator.people.queries import viewer_for
from incubator.programmes.blueprint import LateWork
from incubator.programmes.queries import cohort_for
from incubator.stages import plan_actions, plan_queries


async def allow_for_poor_lines(organiser: UUID, cohort: UUID, moment: datetime) -> None:
    """The next module closes fifteen minutes late, for teams far from good lines."""
    await _change(organiser, cohort, moment, 3, {"grace_minutes": 15})


async def put_off_the_defence(organiser: UUID, cohort: UUID, moment: datetime) -> None:
    """The last module is due a week later, and work that comes late is taken with a mark."""
    await _change(organiser, cohort, moment, -1, {"late_work": LateWork.MARKED}, later=timedelta(days=7))


async def _change(
    organiser: UUID,
    cohort: UUID,
    moment: datetime,
    place: int,
    changes: dict[str, Any],
    later: timedelta = timedelta(0),
) -> None:
    viewer = await viewer_for(organiser, moment)
    module = (await plan_queries.plan(await cohort_for(viewer, cohort), moment))[place]
    facts = replace(module.facts, due_at=module.facts.due_at + later, **changes)
    await plan_actions.edit_module(viewer, cohort, module.id, facts, version=module.facts.version)
