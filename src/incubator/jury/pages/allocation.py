"""The page on which organisers allocate jurors to projects: limits, what was found or blocks, and changes by hand."""

import secrets
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Invalid
from incubator.jury.allocation import allocated, allocating
from incubator.jury.allocation.allocating import Limits
from incubator.jury.rounds import round_for
from incubator.jury.rules import CONDUCT, RoundState
from incubator.people.rights import Viewer
from incubator.people.sessions import flash

Web = Request[Any, Any, Any]
LARGEST_SEED = 2_000_000_000


@get("/rounds/{round_id:uuid}/allocation")
async def allocation_page(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Who scores whom, and by which limits it was found."""
    return await _page(request, viewer, round_id, None)


async def _page(request: Web, viewer: Viewer, round_id: UUID, form: Form | None) -> Response[Any]:
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(CONDUCT)
    number = request.query_params.get("page", "1")
    plan = await allocated.plan_of_round(scoring.id, int(number[:6]) if number.isdecimal() else 1)
    shown = form or Form.empty(_initial(plan))
    return pages.page(
        request, "jury/allocation.html", status=422 if shown.errors else 200, block="plan", scoring=scoring, plan=plan,
        form=shown, draft=scoring.state is RoundState.DRAFT,
        changeable=scoring.state in {RoundState.DRAFT, RoundState.OPEN},
    )  # fmt: skip


def _initial(plan: allocated.Plan) -> dict[str, object]:
    if plan.limits is not None:
        asked = plan.limits
        return {
            "sheets": asked.sheets,
            "cap": asked.cap,
            "seed": asked.seed,
            "connected": "on" if asked.connected else "",
        }
    sheets = min(3, max(1, len(plan.jurors)))
    cap = -(-plan.projects * sheets // max(1, len(plan.jurors))) + 1
    return {"sheets": sheets, "cap": cap, "seed": secrets.randbelow(100_000), "connected": "on"}


@post("/rounds/{round_id:uuid}/allocation")
async def ask(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Search an allocation within these limits, or let everybody score everything."""
    form = await pages.read_form(request)
    if form.choice("way", ("search", "everything"), required=False) == "everything":
        form.demand()
        await allocating.scrap(viewer, round_id)
        await flash(viewer, "success", Message("Everybody scores everything, conflicts of interest apart."))
        return pages.redirect(request, f"/rounds/{round_id}/allocation")
    sheets, cap = form.integer("sheets", 1, 50), form.integer("cap", 1, 100_000)
    seed, connected = form.integer("seed", 0, LARGEST_SEED), form.flag("connected")
    try:
        form.demand()
    except Invalid:
        return await _page(request, viewer, round_id, form)
    await allocating.ask(viewer, round_id, Limits(given(sheets), given(cap), given(seed), connected))
    return pages.redirect(request, f"/rounds/{round_id}/allocation")


@post("/rounds/{round_id:uuid}/allocation/add")
async def add(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Let a juror score a project."""
    form = await pages.read_form(request)
    project, seat, number = form.uuid("project"), form.uuid("seat"), form.integer("page", 1, 100_000, required=False)
    form.demand()
    await allocating.add_pair(viewer, round_id, given(project), given(seat))
    await flash(viewer, "success", Message("The juror scores this project."))
    return _back(request, round_id, number)


@post("/rounds/{round_id:uuid}/allocation/remove")
async def remove(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Take a project from a juror."""
    form = await pages.read_form(request)
    project, seat, number = form.uuid("project"), form.uuid("seat"), form.integer("page", 1, 100_000, required=False)
    form.demand()
    await allocating.remove_pair(viewer, round_id, given(project), given(seat))
    await flash(viewer, "success", Message("The project is taken from the juror."))
    return _back(request, round_id, number)


def _back(request: Web, round_id: UUID, number: int | None) -> Response[Any]:
    page = f"?page={number}" if number and number > 1 else ""
    return pages.redirect(request, f"/rounds/{round_id}/allocation{page}#pairs")


HANDLERS: list[Any] = [allocation_page, ask, add, remove]
