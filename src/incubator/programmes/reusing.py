"""Pages of a cohort's plan over time: its versions, what changed between two, and a new cohort made from it."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.changes import which_two
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message, zone_choices
from incubator.foundation.refusals import Invalid, NotFound
from incubator.people.rights import Role, Scope, Viewer, admit
from incubator.people.sessions import flash
from incubator.programmes import actions, keeping, queries, rules
from incubator.programmes.copying import shifted, usual_start
from incubator.programmes.rules import CohortRef

Web = Request[Any, Any, Any]
VERSIONS = "/cohorts/{cohort_id:uuid}/versions"
COPY = "/cohorts/{cohort_id:uuid}/copy"
TOML = "application/toml; charset=utf-8"
MOST = 2**31 - 1


async def _run_by(viewer: Viewer, cohort_id: UUID) -> CohortRef:
    cohort = await queries.cohort_for(viewer, cohort_id)
    cohort.standing.need(rules.EDIT_SETTINGS)
    return cohort


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len(str(MOST)) else 0


@get(VERSIONS)
async def version_list(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Every version of the plan, newest first: when, by whom, and what changed."""
    cohort = await _run_by(viewer, cohort_id)
    newest = _number(request.query_params.get("from", "")) or MOST
    found = await keeping.versions(cohort_id, newest)
    return pages.page(
        request, "programmes/version_list.html", cohort=cohort, versions=found, later=newest < MOST,
        earlier=found[-1].number - 1 if found and found[-1].number > 1 else 0, demo=cohort.demo,
    )  # fmt: skip


@get(f"{VERSIONS}/{{number:int}}/blueprint.toml")
async def download_version(
    viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], number: FromPath[int]
) -> Response[Any]:
    """One version as a file, from which a cohort can be made."""
    cohort = await _run_by(viewer, cohort_id)
    if not 0 < number <= MOST:
        raise NotFound
    kept = await keeping.version(cohort_id, number)
    return pages.download(
        kept.text, ".toml", TOML, str(Message("Blueprint")), cohort.name, str(Message("Version {number}", number=number))
    )  # fmt: skip


@get(f"{VERSIONS}/comparison")
async def compare_versions(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """What changed from one version to another."""
    cohort = await _run_by(viewer, cohort_id)
    known = await keeping.numbers(cohort_id)
    two = which_two(request.query_params.get, known[-1][0] if known else 0)
    if not 0 <= two.old <= MOST or not 0 < two.new <= MOST:
        raise NotFound
    found = await keeping.between(cohort_id, two.old, two.new) if two.old else []
    return pages.page(
        request, "programmes/version_comparison.html", cohort=cohort, two=two, versions=known, demo=cohort.demo,
        changes=[each.change(place) for place, each in enumerate(found)],
    )  # fmt: skip


# --- A new cohort from an old one -------------------------------------------------------------------------------------


def _creates(viewer: Viewer, cohort: CohortRef) -> bool:
    return viewer.holds(Role.ORGANISER, Scope.PROGRAMME, cohort.programme)


@get(COPY)
async def copy_page(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """The form for another cohort with the same plan: its name, first day and places."""
    cohort = await _run_by(viewer, cohort_id)
    start = usual_start(cohort.starts_on, viewer.now.date())
    facts = await queries.cohort_settings(cohort_id)
    form = Form.empty(
        {"name": "", "summary": facts.summary, "starts_on": start.isoformat(), "time_zone": facts.time_zone,
         "places": str(facts.places)}
    )  # fmt: skip
    return await _copy_page(request, viewer, cohort, form)


async def _copy_page(request: Web, viewer: Viewer, cohort: CohortRef, form: Form) -> Response[Any]:
    """With a first day that can be read the page shows where every date falls."""
    admit(rules.CREATE_COHORT, allowed=_creates(viewer, cohort))
    start = Form([("starts_on", form.value("starts_on"))]).date("starts_on")
    plan = await queries.described(cohort.id)
    return pages.page(
        request, "programmes/copy_cohort.html", status=422 if form.errors else 200, cohort=cohort, form=form, plan=plan,
        start=start, modules=shifted(plan, cohort.starts_on, start) if start else [], zones=zone_choices(viewer.now),
        days=(start - cohort.starts_on).days if start else 0, demo=cohort.demo,
    )  # fmt: skip


@post(COPY)
async def copy_cohort(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Show the dates, or make the draft: criteria, rules and plan of the old cohort, counted from the new first day."""
    cohort = await _run_by(viewer, cohort_id)
    form = await pages.read_form(request)
    if form.value("press") == "show":
        return await _copy_page(request, viewer, cohort, Form.empty({**_typed(form), "press": ""}))
    form.text("press", required=False)
    try:
        facts = rules.read_cohort(form)
    except Invalid:
        return await _copy_page(request, viewer, cohort, form)
    made = await actions.create_cohort(viewer, cohort.programme, facts, await queries.described(cohort_id))
    await flash(viewer, "success", Message("The cohort is created as a draft. Look through its modules and dates."))
    return pages.redirect(request, f"/cohorts/{made}/plan")


def _typed(form: Form) -> dict[str, str]:
    return {name: form.value(name) for name in ("name", "summary", "starts_on", "time_zone", "places")}


HANDLERS = [version_list, download_version, compare_versions, copy_page, copy_cohort]
