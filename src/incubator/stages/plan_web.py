"""Pages of a cohort's plan: modules and assignments with their dates, and the forms that change them."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message, zone_label
from incubator.foundation.refusals import Clash, Invalid, Refused
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.programmes.blueprint import FieldPlan
from incubator.programmes.blueprint_changes import Difference
from incubator.programmes.facts import FACTS
from incubator.programmes.queries import cohort_for
from incubator.programmes.rules import EDIT_SETTINGS, CohortRef, CohortState
from incubator.stages import plan_actions, plan_queries
from incubator.stages.plan_queries import PlannedModule, assignment_in, module_in
from incubator.stages.plan_rules import (
    FIELD_NAMES,
    YES,
    Affected,
    OutOfOrder,
    Unconfirmed,
    changed_assignment,
    changed_module,
    read_assignment,
    read_module,
)

Web = Request[Any, Any, Any]
PLAN = "/cohorts/{cohort_id:uuid}/plan"
MODULE = f"{PLAN}/modules/{{module_id:uuid}}"
ASSIGNMENT = f"{PLAN}/assignments/{{assignment_id:uuid}}"
NOBODYS = UUID(int=0)
FORM_LIMIT = 1024 * 1024  # bytes; forty fields with long lists of answers
NEW_ASSIGNMENT = {"required": YES, "rework_limit": "2", **{name: [] for name in FIELD_NAMES}}
CONFIRM = Message("This change touches teams at work. Look at the numbers and tick the box.")


async def _plan(viewer: Viewer, cohort_id: UUID) -> tuple[CohortRef, list[PlannedModule]]:
    cohort = await cohort_for(viewer, cohort_id)
    cohort.standing.need(EDIT_SETTINGS)
    return cohort, await plan_queries.plan(cohort, viewer.now)


@get(PLAN)
async def plan(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """The plan: modules in their order, with dates, gates, assignments, and how many teams are where."""
    cohort, modules = await _plan(viewer, cohort_id)
    return pages.page(
        request, "stages/plan.html", cohort=cohort, modules=modules, demo=cohort.demo,
        zone_said=zone_label(viewer.now, cohort.time_zone), editable=cohort.state is not CohortState.CLOSED,
    )  # fmt: skip


async def _module_form(
    request: Web, cohort: CohortRef, form: Form, module: PlannedModule | None, *, status: int = 200, **more: Any
) -> Response[Any]:
    now = request.scope["state"]["now"]
    shown = {"affected": module.affected if module else Affected(), "stored": None, "changes": (), **more}
    touched = await plan_queries.touched(cohort, module.id, None, now) if module and shown["affected"] else []
    return pages.page(
        request, "stages/plan_module.html", status=status, cohort=cohort, form=form, module=module, demo=cohort.demo,
        zone_said=zone_label(now, cohort.time_zone), touched=touched, **shown,
    )  # fmt: skip


def _failed(form: Form, fault: Refused | Clash, changes: Sequence[Difference] = ()) -> dict[str, Any]:
    """Note a refusal on the form; what the page shows beside it. `changes` are what saving would have changed."""
    if isinstance(fault, OutOfOrder):
        form.fail(fault.field, fault.reason)
    elif isinstance(fault, Unconfirmed):
        form.fail("confirmed", CONFIRM)
        return {"affected": fault.affected, "changes": changes}
    elif isinstance(fault, Clash):
        form.fail("", fault.reason)
        return {"stored": fault.context["stored"]}
    else:
        raise fault
    return {}


@get(f"{PLAN}/modules/new")
async def new_module(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """The form for another module at the end of the plan."""
    cohort, _ = await _plan(viewer, cohort_id)
    return await _module_form(
        request, cohort, Form.empty({"gate": "all_required_accepted", "late_work": "refused"}), None
    )


@post(f"{PLAN}/modules/new")
async def add_module(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Put a module at the end."""
    cohort, _ = await _plan(viewer, cohort_id)
    form = await pages.read_form(request)
    try:
        await plan_actions.add_module(viewer, cohort_id, read_module(form, cohort.time_zone))
    except Invalid:
        return await _module_form(request, cohort, form, None, status=422)
    except OutOfOrder as fault:
        return await _module_form(request, cohort, form, None, status=422, **_failed(form, fault))
    await flash(viewer, "success", Message("The module is in the plan."))
    return pages.redirect(request, f"/cohorts/{cohort_id}/plan")


@get(MODULE)
async def module_page(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], module_id: FromPath[UUID]
) -> Response[Any]:
    """The form of a module."""
    cohort, modules = await _plan(viewer, cohort_id)
    module = module_in(modules, module_id)
    return await _module_form(request, cohort, Form.empty(module.facts.shown(cohort.time_zone)), module)


@post(MODULE)
async def edit_module(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], module_id: FromPath[UUID]
) -> Response[Any]:
    """Change a module; where teams are at work, only when that was confirmed."""
    cohort, modules = await _plan(viewer, cohort_id)
    module = module_in(modules, module_id)
    form = await pages.read_form(request)
    try:
        facts = read_module(form, cohort.time_zone)
        await plan_actions.edit_module(
            viewer, cohort_id, module_id, facts, version=form.value("version"), confirmed=form.value("confirmed")
        )
    except Invalid:
        return await _module_form(request, cohort, form, module, status=422)
    except (Refused, Clash) as fault:
        more = _failed(form, fault, changed_module(module.facts, facts, cohort.time_zone))
        return await _module_form(
            request, cohort, form, module, status=409 if isinstance(fault, Clash) else 422, **more
        )
    await flash(viewer, "success", Message("The module is saved."))
    return pages.redirect(request, f"/cohorts/{cohort_id}/plan#module-{module_id}")


async def _direction(request: Web) -> bool:
    form = await pages.read_form(request)
    direction = form.choice("to", ["up", "down"])
    form.demand()
    return direction == "up"


@post(f"{MODULE}/move")
async def move_module(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], module_id: FromPath[UUID]
) -> Response[Any]:
    """Let a module change places with its neighbour."""
    await plan_actions.move_module(viewer, cohort_id, module_id, up=await _direction(request))
    return pages.redirect(request, f"/cohorts/{cohort_id}/plan#module-{module_id}")


@post(f"{MODULE}/remove")
async def remove_module(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], module_id: FromPath[UUID]
) -> Response[Any]:
    """Take a module out of the plan."""
    (await pages.read_form(request)).demand()
    await plan_actions.remove_module(viewer, cohort_id, module_id)
    await flash(viewer, "success", Message("The module is out of the plan."))
    return pages.redirect(request, f"/cohorts/{cohort_id}/plan")


# --- Assignments ------------------------------------------------------------------------------------------------------


async def _assignment_form(
    request: Web, cohort: CohortRef, form: Form, module: PlannedModule, *, status: int = 200, **more: Any
) -> Response[Any]:
    shown = {"assignment": None, "affected": Affected(module.working), "stored": None, "changes": (), **more}
    # Of a new assignment nobody has anything yet: the module's teams are named, without their other work.
    only = shown["assignment"].id if shown["assignment"] else NOBODYS
    now = request.scope["state"]["now"]
    touched = await plan_queries.touched(cohort, module.id, only, now) if shown["affected"] else []
    return pages.page(
        request, "stages/plan_assignment.html", status=status, cohort=cohort, form=form, module=module,
        demo=cohort.demo, passport_facts=[(fact.key.value, fact.label) for fact in FACTS.values()], touched=touched,
        **shown,
    )  # fmt: skip


@get(f"{MODULE}/assignments/new")
async def new_assignment(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], module_id: FromPath[UUID]
) -> Response[Any]:
    """The form for another assignment of a module."""
    cohort, modules = await _plan(viewer, cohort_id)
    return await _assignment_form(request, cohort, Form.empty(NEW_ASSIGNMENT), module_in(modules, module_id))


@post(f"{MODULE}/assignments/new", request_max_body_size=FORM_LIMIT)
async def add_assignment(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], module_id: FromPath[UUID]
) -> Response[Any]:
    """Put an assignment at the end of a module."""
    cohort, modules = await _plan(viewer, cohort_id)
    module = module_in(modules, module_id)
    form = await pages.read_form(request)
    try:
        facts = read_assignment(form, ())
        await plan_actions.add_assignment(viewer, cohort_id, module_id, facts, confirmed=form.value("confirmed"))
    except Invalid:
        return await _assignment_form(request, cohort, form, module, status=422)
    except Unconfirmed as fault:
        return await _assignment_form(request, cohort, form, module, status=422, **_failed(form, fault))
    await flash(viewer, "success", Message("The assignment is in the plan."))
    return pages.redirect(request, f"/cohorts/{cohort_id}/plan#module-{module_id}")


@get(ASSIGNMENT)
async def assignment_page(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], assignment_id: FromPath[UUID]
) -> Response[Any]:
    """The form of an assignment with its fields."""
    cohort, modules = await _plan(viewer, cohort_id)
    module, assignment = assignment_in(modules, assignment_id)
    form = Form.empty(assignment.facts.shown())
    return await _assignment_form(request, cohort, form, module, assignment=assignment, affected=assignment.affected)


@post(ASSIGNMENT, request_max_body_size=FORM_LIMIT)
async def edit_assignment(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], assignment_id: FromPath[UUID]
) -> Response[Any]:
    """Change an assignment; drafts get its new fields, what was sent stays as it is."""
    cohort, modules = await _plan(viewer, cohort_id)
    module, assignment = assignment_in(modules, assignment_id)
    form = await pages.read_form(request)
    shown: dict[str, Any] = {"assignment": assignment, "affected": assignment.affected}
    try:
        facts = read_assignment(form, _keys(assignment.facts.fields), _keys(assignment.facts.retired))
        await plan_actions.edit_assignment(
            viewer, cohort_id, assignment_id, facts, version=form.value("version"), confirmed=form.value("confirmed")
        )
    except Invalid:
        return await _assignment_form(request, cohort, form, module, status=422, **shown)
    except (Refused, Clash) as fault:
        status = 409 if isinstance(fault, Clash) else 422
        return await _assignment_form(
            request,
            cohort,
            form,
            module,
            status=status,
            **{**shown, **_failed(form, fault, changed_assignment(assignment.facts, facts))},
        )
    await flash(viewer, "success", Message("The assignment is saved."))
    return pages.redirect(request, f"/cohorts/{cohort_id}/plan#module-{module.id}")


def _keys(fields: Iterable[FieldPlan]) -> list[str]:
    return [field.key for field in fields]


@post(f"{ASSIGNMENT}/move")
async def move_assignment(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], assignment_id: FromPath[UUID]
) -> Response[Any]:
    """Let an assignment change places with its neighbour in the module."""
    await plan_actions.move_assignment(viewer, cohort_id, assignment_id, up=await _direction(request))
    return pages.redirect(request, f"/cohorts/{cohort_id}/plan#assignment-{assignment_id}")


@post(f"{ASSIGNMENT}/remove")
async def remove_assignment(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], assignment_id: FromPath[UUID]
) -> Response[Any]:
    """Take an assignment out of the plan."""
    (await pages.read_form(request)).demand()
    await plan_actions.remove_assignment(viewer, cohort_id, assignment_id)
    await flash(viewer, "success", Message("The assignment is out of the plan."))
    return pages.redirect(request, f"/cohorts/{cohort_id}/plan")


HANDLERS = [
    plan, new_module, add_module, module_page, edit_module, move_module, remove_module, new_assignment, add_assignment,
    assignment_page, edit_assignment, move_assignment, remove_assignment,
]  # fmt: skip
