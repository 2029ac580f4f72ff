"""What organisers do with the plan of a cohort. Nothing that a team has sent ever changes."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.people.rights import Viewer
from incubator.programmes.blueprint import AssignmentPlan
from incubator.programmes.queries import cohort_for, lock_cohort
from incubator.programmes.rules import EDIT_SETTINGS, CohortRef, CohortState
from incubator.stages.answers import kept
from incubator.stages.layout import assignment_row
from incubator.stages.plan_queries import PlannedAssignment, PlannedModule, assignment_in, module_in, plan
from incubator.stages.plan_rules import Affected, AssignmentFacts, ModuleFacts, Unconfirmed, in_order, retire
from incubator.stages.tables import Assignment, Module

CLOSED = Message("The cohort is closed: its plan stays as it is.")
CHANGED = Message("Somebody else has changed this meanwhile. Compare, and save again if your version is right.")
IN_USE = Message("Teams have been in this module already, so it stays.")
BEGUN = Message("Teams have begun this assignment already, so it stays. You may make it optional instead.")
TEAMS_INSIDE = Message("Teams have been in one of these modules already, so their order stays.")
AT_THE_END = Message("There is nothing to change places with on that side.")


async def _held(viewer: Viewer, cohort_id: UUID) -> tuple[CohortRef, list[PlannedModule]]:
    """The plan, held until the transaction ends; raises NotFound, Forbidden, and Refused for a closed cohort."""
    cohort = await cohort_for(viewer, cohort_id)
    cohort.standing.need(EDIT_SETTINGS)
    if cohort.state is CohortState.CLOSED:
        raise Refused(CLOSED)
    await lock_cohort(cohort_id)
    # A team that begins an assignment now waits for us, or we for it: what is in use is never pulled away.
    await execute("SELECT 1 FROM module WHERE cohort = $1 ORDER BY id FOR UPDATE", cohort_id)
    await execute("SELECT 1 FROM assignment WHERE module IN (SELECT id FROM module WHERE cohort = $1) ORDER BY id FOR UPDATE",
                  cohort_id)  # fmt: skip
    return cohort, await plan(cohort, viewer.now)


async def _note(viewer: Viewer, cohort: CohortRef, verb: str, subject: UUID, title: str, **data: Any) -> None:
    # Before the cohort opens its plan is the organisers' own business.
    audience = Audience.STAFF if cohort.state is CohortState.DRAFT else Audience.EVERYONE
    await record(verb, by=viewer.id, at=viewer.now, audience=audience, cohort=cohort.id, subject=subject, title=title,
                 **data)  # fmt: skip


def _confirm(affected: Affected, confirmed: str) -> None:
    if affected and confirmed != affected.token:
        raise Unconfirmed(affected)


def _refuse_backwards(modules: Sequence[PlannedModule], zone: str, changed: dict[UUID, ModuleFacts]) -> None:
    facts = [changed.get(each.id, each.facts) for each in modules] + [
        changed[key] for key in changed if _new(modules, key)
    ]
    in_order([(each.title, {"opens_at": each.opens_at, "due_at": each.due_at}) for each in facts], zone)


def _new(modules: Sequence[PlannedModule], key: UUID) -> bool:
    return all(each.id != key for each in modules)


async def add_module(viewer: Viewer, cohort_id: UUID, facts: ModuleFacts) -> UUID:
    """Put a module at the end of the plan; the new id."""
    async with DB.transaction():
        cohort, modules = await _held(viewer, cohort_id)
        module = new_id()
        _refuse_backwards(modules, cohort.time_zone, {module: facts})
        await Module.insert(
            Module(
                id=module, cohort=cohort_id, place=max((each.place for each in modules), default=-1) + 1,
                key=_key("module", [each.key for each in modules]), title=facts.title, summary=facts.summary,
                opens_at=facts.opens_at, due_at=facts.due_at, gate=facts.gate.value,
                late_work=facts.late_work.value, grace_minutes=facts.grace_minutes,
            )
        )  # fmt: skip
        await _note(viewer, cohort, "plan.module_added", module, facts.title)
    return module


def _key(word: str, taken: Sequence[str]) -> str:
    return next(f"{word}_{number}" for number in range(1, 10_000) if f"{word}_{number}" not in taken)


async def edit_module(
    viewer: Viewer, cohort_id: UUID, module_id: UUID, facts: ModuleFacts, *, version: str, confirmed: str = ""
) -> None:
    """Change a module. Where teams work in it already, `confirmed` holds the numbers that the organiser was shown."""
    async with DB.transaction():
        cohort, modules = await _held(viewer, cohort_id)
        module = module_in(modules, module_id)
        if module.facts.version != version:
            raise Clash(CHANGED, stored=module.facts)
        _refuse_backwards(modules, cohort.time_zone, {module_id: facts})
        _confirm(module.affected, confirmed)
        await execute(
            "UPDATE module SET title = $2, summary = $3, opens_at = $4, due_at = $5, gate = $6,"
            " late_work = $7, grace_minutes = $8 WHERE id = $1",
            module_id, facts.title, facts.summary, facts.opens_at, facts.due_at, facts.gate.value,
            facts.late_work.value, facts.grace_minutes,
        )  # fmt: skip
        await _note(viewer, cohort, "plan.module_edited", module_id, facts.title, **_moved(module.facts, facts))


def _moved(before: ModuleFacts, after: ModuleFacts) -> dict[str, str]:
    """Dates that changed, for those who read the journal."""
    pairs: dict[str, tuple[datetime, datetime]] = {
        "opens_at": (before.opens_at, after.opens_at),
        "due_at": (before.due_at, after.due_at),
    }
    return {name: new.isoformat() for name, (old, new) in pairs.items() if old != new}


async def move_module(viewer: Viewer, cohort_id: UUID, module_id: UUID, *, up: bool) -> None:
    """Let a module change places with its neighbour; each takes the other's dates. Only where no team has been."""
    async with DB.transaction():
        cohort, modules = await _held(viewer, cohort_id)
        module = module_in(modules, module_id)
        other = _neighbour(modules, module, up=up)
        if module.fixed or other.fixed:
            raise Refused(TEAMS_INSIDE)
        for each, takes in ((module, other), (other, module)):
            await execute(
                "UPDATE module SET place = $2, opens_at = $3, due_at = $4 WHERE id = $1",
                each.id, takes.place, takes.facts.opens_at, takes.facts.due_at,
            )  # fmt: skip
        await _note(viewer, cohort, "plan.module_moved", module_id, module.facts.title)


def _neighbour(modules: Sequence[PlannedModule], module: PlannedModule, *, up: bool) -> PlannedModule:
    place = list(modules).index(module) + (-1 if up else 1)
    if not 0 <= place < len(modules):
        raise Refused(AT_THE_END)
    return modules[place]


async def remove_module(viewer: Viewer, cohort_id: UUID, module_id: UUID) -> None:
    """Take a module with its assignments out of the plan; only where no team has been."""
    async with DB.transaction():
        cohort, modules = await _held(viewer, cohort_id)
        module = module_in(modules, module_id)
        if module.fixed:
            raise Refused(IN_USE)
        await execute("DELETE FROM assignment WHERE module = $1", module_id)
        await execute("DELETE FROM module WHERE id = $1", module_id)
        await _note(viewer, cohort, "plan.module_removed", module_id, module.facts.title)


# --- Assignments ------------------------------------------------------------------------------------------------------


async def add_assignment(
    viewer: Viewer, cohort_id: UUID, module_id: UUID, facts: AssignmentFacts, *, confirmed: str = ""
) -> UUID:
    """Put an assignment at the end of a module; teams that work in the module get it at once. The new id."""
    async with DB.transaction():
        cohort, modules = await _held(viewer, cohort_id)
        module = module_in(modules, module_id)
        _confirm(Affected(module.working), confirmed)
        row = assignment_row(
            module_id,
            max((each.place for each in module.assignments), default=-1) + 1,
            AssignmentPlan(
                key=_key("assignment", [each.key for each in module.assignments]), title=facts.title,
                instructions=facts.instructions, required=facts.required, rework_limit=facts.rework_limit,
                guiding_questions=facts.guiding_questions, fields=facts.fields,
            ),
        )  # fmt: skip
        await Assignment.insert(row)
        await _note(viewer, cohort, "plan.assignment_added", row.id, facts.title)
    return UUID(str(row.id))


async def edit_assignment(
    viewer: Viewer, cohort_id: UUID, assignment_id: UUID, facts: AssignmentFacts, *, version: str, confirmed: str = ""
) -> None:
    """Change an assignment: drafts get the new fields, what was sent keeps those of its moment."""
    async with DB.transaction():
        cohort, modules = await _held(viewer, cohort_id)
        _, assignment = assignment_in(modules, assignment_id)
        if assignment.facts.version != version:
            raise Clash(CHANGED, stored=assignment.facts)
        _confirm(assignment.affected, confirmed)
        facts = retire(assignment.facts, facts)
        await execute(
            "UPDATE assignment SET title = $2, instructions = $3, required = $4, rework_limit = $5,"
            " guiding_questions = $6::jsonb, fields = $7::jsonb, retired = $8::jsonb WHERE id = $1",
            assignment_id, facts.title, facts.instructions, facts.required, facts.rework_limit,
            json.dumps(facts.guiding_questions, ensure_ascii=False), json.dumps(kept(facts.fields), ensure_ascii=False),
            json.dumps(kept(facts.retired), ensure_ascii=False),
        )  # fmt: skip
        await _note(viewer, cohort, "plan.assignment_edited", assignment_id, facts.title)


async def move_assignment(viewer: Viewer, cohort_id: UUID, assignment_id: UUID, *, up: bool) -> None:
    """Let an assignment change places with its neighbour in the module."""
    async with DB.transaction():
        cohort, modules = await _held(viewer, cohort_id)
        module, assignment = assignment_in(modules, assignment_id)
        place = module.assignments.index(assignment) + (-1 if up else 1)
        if not 0 <= place < len(module.assignments):
            raise Refused(AT_THE_END)
        other: PlannedAssignment = module.assignments[place]
        for key, position in ((assignment.id, other.place), (other.id, assignment.place)):
            await execute("UPDATE assignment SET place = $2 WHERE id = $1", key, position)
        await _note(viewer, cohort, "plan.assignment_moved", assignment_id, assignment.facts.title)


async def remove_assignment(viewer: Viewer, cohort_id: UUID, assignment_id: UUID) -> None:
    """Take an assignment that nobody has begun out of the plan."""
    async with DB.transaction():
        cohort, modules = await _held(viewer, cohort_id)
        _, assignment = assignment_in(modules, assignment_id)
        if assignment.used:
            raise Refused(BEGUN)
        removed = await execute("DELETE FROM assignment WHERE id = $1", assignment_id)
        if not removed:
            raise NotFound
        await _note(viewer, cohort, "plan.assignment_removed", assignment_id, assignment.facts.title)
