"""Pages of the problem case: the form that saves itself, the check before submitting, the clash, the versions."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.changes import which_two
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message, clock
from incubator.foundation.refusals import Clash, Forbidden, Refused
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.programmes.facts import FactKey
from incubator.teams import cases, reading, writing
from incubator.teams.cases import CaseState, CaseText, compare, form_values, read_case
from incubator.teams.passport import Offer, added
from incubator.teams.passport_reading import offers_of
from incubator.teams.queries import team_for
from incubator.teams.reading import CasePage
from incubator.teams.rules import (
    DELETE_CASE,
    EDIT_CASE,
    SUBMIT_CASE,
    VIEW_CASE,
    VIEW_VERSIONS,
    WITHDRAW_CASE,
    TeamRef,
    read_reason,
)

Asked = Request[Any, Any, Any]
MOST_SAVINGS = 2**31 - 1


@get("/teams/{team_id:uuid}/case")
async def case(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """The case: as a form to the team while it is a draft, else to read."""
    team = await team_for(viewer, team_id)
    team.standing.need(VIEW_CASE)
    page = await reading.case_page(team_id, viewer.now)
    if _writes(team, page):
        form = Form.empty(form_values(page.text, page.version))
        others = await reading.others_here(viewer, team_id)
        return _form(request, team, page, form, offers=await offers_of(team_id), here=others)
    return _read(request, team, page, Form.empty())


def _writes(team: TeamRef, page: CasePage) -> bool:
    """Whether the viewer gets the form."""
    open_for_writing = page.state is CaseState.DRAFT and page.deleted_at is None and team.withdrawn_at is None
    return open_for_writing and team.standing.may(EDIT_CASE)


def _form(
    request: Asked,
    team: TeamRef,
    page: CasePage,
    form: Form,
    *,
    status: int = 200,
    offers: Mapping[FactKey, Offer] | None = None,
    here: str = "",
) -> Response[Any]:
    return pages.page(
        request, "teams/case.html", status=status, team=team, page=page, form=form, demo=team.demo, cases=cases,
        unlikely=cases.unlikely(page.text, request.scope["state"]["now"].year),
        may_submit=team.standing.may(SUBMIT_CASE), may_delete=team.standing.may(DELETE_CASE), offers=offers or {},
        here=here,
    )  # fmt: skip


def _read(request: Asked, team: TeamRef, page: CasePage, form: Form, *, status: int = 200) -> Response[Any]:
    return pages.page(
        request, "teams/case_read.html", status=status, team=team, page=page, form=form, demo=team.demo,
        sections=cases.sections(page.text), labels=cases.LABELS, may_withdraw=team.withdrawn_at is None and team.standing.may(WITHDRAW_CASE),
        may_restore=team.withdrawn_at is None and team.standing.may(DELETE_CASE),
    )  # fmt: skip


@post("/teams/{team_id:uuid}/case")
async def save_case(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Save the draft, by the button or by itself; on a clash both texts are shown and nothing is lost."""
    team = await team_for(viewer, team_id)
    team.standing.need(EDIT_CASE)
    form = await pages.read_form(request)
    text, version = read_case(form), form.integer("version", 0, MOST_SAVINGS)
    then = form.value("then")
    form.only("then")
    form.finish()
    if not form.ok:
        return await _unreadable(request, viewer, team, form)
    try:
        text = await _with_fact(team_id, then, text)
        saved = await writing.save_case(viewer, team_id, text, given(version))
    except (Clash, Forbidden, Refused) as refusal:
        return await _kept(request, viewer, team, text, refusal)
    return await _saved(request, viewer, team_id, saved, then)


async def _with_fact(team_id: UUID, then: str, text: CaseText) -> CaseText:
    """The text with the fact of the passport whose button was pressed."""
    if not then.startswith(FACT):
        return text
    offer = {key.value: each for key, each in (await offers_of(team_id)).items()}.get(then.removeprefix(FACT))
    return added(text, offer) if offer else text


FACT = "fact-"


async def _unreadable(request: Asked, viewer: Viewer, team: TeamRef, form: Form) -> Response[Any]:
    if pages.wants_json(request):
        errors = {name: str(message) for name, message in form.errors.items()}
        return Response({"message": str(NOT_SAVED), "errors": errors}, status_code=422, media_type=MediaType.JSON)
    page = await reading.case_page(team.id, viewer.now)
    return _form(request, team, page, form, status=422)


NOT_SAVED = Message("Not saved yet: something can't be read.")


async def _kept(
    request: Asked, viewer: Viewer, team: TeamRef, text: CaseText, refusal: Clash | Forbidden | Refused
) -> Response[Any]:
    """What was typed beside what stands. After a clash saving again takes it; a frozen case leaves it to be copied."""
    if pages.wants_json(request):
        raise refusal
    page = await reading.case_page(team.id, viewer.now)
    return pages.page(
        request, "teams/case_clash.html", status=refusal.status, team=team, page=page, demo=team.demo, cases=cases,
        form=Form.empty(form_values(text, page.version)), writes=_writes(team, page), reason=refusal.reason,
        differences={each.key: each for each in compare(page.text, text) if each.changed},
        theirs=cases.sections(page.text), mine=cases.sections(text),
    )  # fmt: skip


async def _saved(request: Asked, viewer: Viewer, team_id: UUID, version: int, then: str) -> Response[Any]:
    message = Message("Saved at {time}.", time=clock(viewer.now))
    if pages.wants_json(request):
        body = {"saved_at": viewer.now.isoformat(), "message": str(message), "version": version,
                "here": await reading.others_here(viewer, team_id)}  # fmt: skip
        return Response(body, status_code=200, media_type=MediaType.JSON)
    if then != "check":
        await flash(viewer, "success", message)
    place = "/check" if then == "check" else "#indicators" if then.startswith(FACT) else ""
    return pages.redirect(request, f"/teams/{team_id}/case{place}")


# Submitting and taking back


@get("/teams/{team_id:uuid}/case/check")
async def check_case(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """The answers before they are submitted, with what is missing and what is unlikely."""
    team = await team_for(viewer, team_id)
    team.standing.need(EDIT_CASE)
    return await _check(request, viewer, team)


async def _check(
    request: Asked, viewer: Viewer, team: TeamRef, refusal: Refused | Clash | None = None
) -> Response[Any]:
    page = await reading.case_page(team.id, viewer.now)
    if not _writes(team, page):
        return pages.redirect(request, f"/teams/{team.id}/case")
    return pages.page(
        request, "teams/case_check.html", status=refusal.status if refusal else 200, team=team, page=page,
        demo=team.demo, refusal=refusal, sections=cases.sections(page.text), labels=cases.LABELS,
        missing=cases.missing(page.text), unlikely=cases.unlikely(page.text, viewer.now.year),
        may_submit=team.standing.may(SUBMIT_CASE),
    )  # fmt: skip


@post("/teams/{team_id:uuid}/case/submit")
async def submit_case(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Submit what the lead has read on the check page."""
    team = await team_for(viewer, team_id)
    team.standing.need(SUBMIT_CASE)
    form = await pages.read_form(request)
    version = form.integer("version", 0, MOST_SAVINGS)
    form.demand()
    try:
        number = await writing.submit_case(viewer, team_id, given(version))
    except (Refused, Clash) as refusal:
        return await _check(request, viewer, team, refusal)
    await flash(viewer, "success", Message("The case is submitted as version {number}.", number=number))
    return pages.redirect(request, f"/teams/{team_id}/case")


@post("/teams/{team_id:uuid}/case/withdraw")
async def withdraw_case(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Take the submitted case back into work, with a reason."""
    team = await team_for(viewer, team_id)
    team.standing.need(WITHDRAW_CASE)
    form = await pages.read_form(request)
    reason = read_reason(form)
    form.finish()
    if not form.ok:
        return _read(request, team, await reading.case_page(team_id, viewer.now), form, status=422)
    await writing.withdraw_case(viewer, team_id, reason)
    await flash(viewer, "success", Message("The case is a draft again. Its version stays in the history."))
    return pages.redirect(request, f"/teams/{team_id}/case")


@post("/teams/{team_id:uuid}/case/delete")
async def delete_case(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Delete the draft; it can be restored for 30 days."""
    (await pages.read_form(request)).finish()
    await writing.delete_case(viewer, team_id)
    return pages.redirect(request, f"/teams/{team_id}/case")


@post("/teams/{team_id:uuid}/case/restore")
async def restore_case(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Bring a deleted draft back."""
    (await pages.read_form(request)).finish()
    await writing.restore_case(viewer, team_id)
    await flash(viewer, "success", Message("The case is back."))
    return pages.redirect(request, f"/teams/{team_id}/case")


# Versions


@get("/teams/{team_id:uuid}/case/versions")
async def versions(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Every submitted version of the case."""
    team = await team_for(viewer, team_id)
    team.standing.need(VIEW_VERSIONS)
    found = await reading.case_versions(team_id)
    return pages.page(request, "teams/case_versions.html", team=team, versions=found, demo=team.demo)


@get("/teams/{team_id:uuid}/case/versions/{number:int}")
async def version(
    request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], number: FromPath[int]
) -> Response[Any]:
    """One version as it was submitted."""
    team = await team_for(viewer, team_id)
    team.standing.need(VIEW_VERSIONS)
    page = await reading.version_page(team_id, number)
    return pages.page(
        request, "teams/case_version.html", team=team, page=page, demo=team.demo,
        sections=cases.sections(page.text), labels=cases.LABELS,
    )  # fmt: skip


@get("/teams/{team_id:uuid}/case/comparison")
async def comparison(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """What changed between any two versions; the address says which (`?from=1&to=3`)."""
    team = await team_for(viewer, team_id)
    team.standing.need(VIEW_VERSIONS)
    versions = await reading.case_versions(team_id)
    two = which_two(request.query_params.get, versions[0].number if versions else 0)
    old, new = await reading.compared(team_id, two)
    changes = await asyncio.to_thread(compare, old, new)
    return pages.page(
        request, "teams/case_comparison.html", team=team, two=two, versions=versions[::-1], changes=changes, demo=team.demo
    )  # fmt: skip


HANDLERS: list[Any] = [
    case,
    save_case,
    check_case,
    submit_case,
    withdraw_case,
    delete_case,
    restore_case,
    versions,
    version,
    comparison,
]
