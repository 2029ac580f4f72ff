"""Pages of programmes and cohorts: the list, a new cohort, its people, its settings and its blueprint."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message, zone_choices
from incubator.foundation.i18n import gettext as _
from incubator.foundation.refusals import Clash, Invalid, Refused
from incubator.people.queries import standing_anywhere
from incubator.people.rights import Role, Scope, Viewer, admit
from incubator.people.sessions import flash
from incubator.programmes import actions, blueprint, queries, reusing, rules
from incubator.programmes.blueprint import Blueprint, BlueprintFaults, Fault
from incubator.programmes.shipped import shipped, text_of
from incubator.settings import settings

BLUEPRINT_LIMIT = 1024 * 1024  # bytes of the upload form; the file itself may have a quarter of that
OWN_FILE = "upload"

Web = Request[Any, Any, Any]


@get("/programmes")
async def programme_list(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """The administrator's list, with the form for a new one."""
    return await _programmes_page(request, viewer, Form.empty())


async def _programmes_page(request: Web, viewer: Viewer, form: Form) -> Response[Any]:
    standing_anywhere(viewer).need(rules.CREATE_PROGRAMME)
    return pages.page(
        request, "programmes/programme_list.html", status=422 if form.errors else 200, form=form,
        programmes=await queries.programme_list(), cohorts=await queries.cohorts_going_on(),
    )  # fmt: skip


@post("/programmes")
async def create_programme(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Create a programme; its organisers are invited next."""
    form = await pages.read_form(request)
    name = form.name("name")
    form.finish()
    if not form.ok:
        return await _programmes_page(request, viewer, form)
    await actions.create_programme(viewer, name)
    await flash(viewer, "success", Message("The programme is there. Invite its organisers now."))
    return pages.redirect(request, "/people")


@get("/cohorts")
async def cohort_list(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """The cohorts that the viewer runs or moderates."""
    admit(rules.LIST_COHORTS, allowed=viewer.is_administrator or _organises(viewer) or _moderates(viewer))
    return pages.page(
        request, "programmes/cohort_list.html", cohorts=await queries.cohort_list(viewer),
        may_create=_organises(viewer),
    )  # fmt: skip


def _organises(viewer: Viewer) -> bool:
    return bool(viewer.places(Role.ORGANISER, Scope.PROGRAMME))


def _moderates(viewer: Viewer) -> bool:
    return bool(viewer.places(Role.MODERATOR, Scope.COHORT))


@get("/cohorts/new")
async def new_cohort(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """The form for a new cohort."""
    start = (viewer.now + timedelta(days=30)).date()
    ready = [each.key for each in shipped()]
    chosen = {"blueprint": ready[0]} if len(ready) == 1 else {}  # nothing to choose between
    form = Form.empty({"time_zone": viewer.time_zone, "places": "20", "starts_on": start.isoformat(), **chosen})
    return await _new_cohort(request, viewer, form)


async def _new_cohort(request: Web, viewer: Viewer, form: Form, faults: Iterable[Fault] = ()) -> Response[Any]:
    admit(rules.CREATE_COHORT, allowed=_organises(viewer))
    programmes = await queries.own_programmes(viewer)
    return pages.page(
        request, "programmes/new_cohort.html", status=422 if form.errors else 200, form=form, faults=list(faults),
        programmes=[(str(each.id), each.name) for each in programmes],
        blueprints=[*((each.key, each.name) for each in shipped()), (OWN_FILE, _("A file of my own"))],
        zones=zone_choices(viewer.now),
    )  # fmt: skip


@post("/cohorts/new", request_max_body_size=BLUEPRINT_LIMIT)
async def create_cohort(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Create a cohort from a shipped blueprint or an uploaded one; nothing is half-loaded."""
    form = await pages.read_form(request)
    programme, source = form.uuid("programme"), form.choice("blueprint", [each.key for each in shipped()] + [OWN_FILE])
    plan, faults = await _plan(request, form, source)
    try:
        facts = rules.read_cohort(form)
    except Invalid:
        return await _new_cohort(request, viewer, form, faults)
    cohort = await actions.create_cohort(viewer, given(programme), facts, given(plan))
    await flash(viewer, "success", Message("The cohort is created as a draft. Look through its modules and dates."))
    return pages.redirect(request, f"/cohorts/{cohort}/plan")


async def _plan(request: Web, form: Form, source: str | None) -> tuple[Blueprint | None, tuple[Fault, ...]]:
    """The chosen blueprint, or the faults of the uploaded file (noted on the form too)."""
    form.text("file", required=False)  # browsers send a file control that holds no file as an empty text
    text = text_of(source) if source and source != OWN_FILE else None
    files = [content for field, _name, content in await pages.uploads(request) if field == "file"]
    if files and text is not None:
        form.fail("blueprint", Message("You have added a file too. Choose “A file of my own”, or leave the file out."))
        return None, ()
    if source == OWN_FILE:
        if not files:
            form.fail("file", Message("Choose the blueprint's file."))
            return None, ()
        try:
            text = files[0].decode("utf-8-sig")
        except UnicodeDecodeError:
            form.fail("file", Message("The file is not text in UTF-8. Save it again as UTF-8."))
    if text is None:
        return None, ()
    try:
        return blueprint.read(text), ()
    except BlueprintFaults as wrong:
        count = len(wrong.faults)
        form.fail("file", Message.count("The file has {n} fault. It is listed below.",
                                        "The file has {n} faults. They are listed below.", count))  # fmt: skip
        return None, wrong.faults


@get("/cohorts/{cohort_id:uuid}/blueprint.toml")
async def download_blueprint(viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """The cohort's plan as it is now, as a file that can be uploaded for the next cohort."""
    cohort = await queries.cohort_for(viewer, cohort_id)
    cohort.standing.need(rules.EDIT_SETTINGS)
    text = blueprint.write(await queries.described(cohort_id))
    return pages.download(text, ".toml", reusing.TOML, _("Blueprint"), cohort.name)


@get("/blueprints/{key:str}")
async def download_shipped(viewer: NamedDependency[Viewer], key: FromPath[str]) -> Response[Any]:
    """A shipped blueprint as a file to begin one's own from."""
    admit(rules.CREATE_COHORT, allowed=_organises(viewer))
    name = key.removesuffix(".toml")
    return pages.download(text_of(name), ".toml", reusing.TOML, name)


@get("/cohorts/{cohort_id:uuid}/people")
async def people_page(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Moderators, jurors and invitations of a cohort."""
    return await _people_page(request, viewer, cohort_id, Form.empty({"role": Role.TEAM_LEAD.value}))


async def _people_page(request: Web, viewer: Viewer, cohort_id: UUID, form: Form) -> Response[Any]:
    cohort = await queries.cohort_for(viewer, cohort_id)
    cohort.standing.need(rules.EDIT_SETTINGS)
    names = {Role.TEAM_LEAD: _("Team lead"), Role.MODERATOR: _("Moderator"), Role.JUROR: _("Juror")}
    offered = [(role.value, names[role]) for role, right in rules.INVITED.items() if cohort.standing.may(right)]
    return pages.page(
        request, "programmes/people.html", status=422 if form.errors else 200, cohort=cohort, form=form,
        staff=await queries.cohort_staff(cohort_id), guests=await queries.open_invitations(cohort_id),
        role_names={role.value: name for role, name in names.items()}, offered=offered,
    )  # fmt: skip


@post("/cohorts/{cohort_id:uuid}/people")
async def invite(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Invite the listed people."""
    form = await pages.read_form(request)
    try:
        role, guests = rules.read_guests(form)
    except Invalid:
        shown = _people_page if await _runs(viewer, cohort_id) else _moderators_page
        return await shown(request, viewer, cohort_id, form)
    offers = await actions.invite(viewer, cohort_id, role, guests)
    await flash(viewer, "success", _invited(len(offers)))
    here = f"/cohorts/{cohort_id}/people" if await _runs(viewer, cohort_id) else "/programmes"
    return pages.redirect(request, here)


def _invited(count: int) -> Message:
    if settings().smtp_url:
        return Message.count("{n} invitation is on its way.", "{n} invitations are on their way.", count)
    return Message.count(
        "{n} invitation is ready. There is no mail server yet: hand over the card.",
        "{n} invitations are ready. There is no mail server yet: hand over the cards.", count,
    )  # fmt: skip


async def _runs(viewer: Viewer, cohort_id: UUID) -> bool:
    """Whether the viewer has the page of the cohort's people; an administrator has only that of its new moderators."""
    return (await queries.cohort_for(viewer, cohort_id)).standing.may(rules.EDIT_SETTINGS)


@get("/cohorts/{cohort_id:uuid}/moderators/new")
async def moderators_page(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """The form by which an administrator, who has no page of the cohort, invites its moderators at set-up."""
    return await _moderators_page(request, viewer, cohort_id, Form.empty())


async def _moderators_page(request: Web, viewer: Viewer, cohort_id: UUID, form: Form) -> Response[Any]:
    cohort = await queries.cohort_for(viewer, cohort_id)
    cohort.standing.need(rules.INVITE_MODERATOR)
    return pages.page(
        request, "programmes/new_moderators.html", status=422 if form.errors else 200, cohort=cohort, form=form,
        organises=cohort.standing.may(rules.EDIT_SETTINGS),
    )  # fmt: skip


@post("/cohorts/{cohort_id:uuid}/invitations/{invitation_id:uuid}/withdraw")
async def withdraw_invitation(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], invitation_id: FromPath[UUID]
) -> Response[Any]:
    """Withdraw an invitation that waits."""
    (await pages.read_form(request)).demand()
    await actions.take_back_invitation(viewer, cohort_id, invitation_id)
    await flash(viewer, "success", Message("The invitation is withdrawn; its link no longer works."))
    return pages.redirect(request, f"/cohorts/{cohort_id}/people")


@get("/cohorts/{cohort_id:uuid}/settings")
async def settings_page(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """The settings of a cohort."""
    return await _settings_page(request, viewer, cohort_id, None)


async def _settings_page(
    request: Web, viewer: Viewer, cohort_id: UUID, form: Form | None, *, status: int = 200, stored: object = None
) -> Response[Any]:
    """`stored` are the settings as they are now, shown after a clash."""
    cohort = await queries.cohort_for(viewer, cohort_id)
    cohort.standing.need(rules.EDIT_SETTINGS)
    facts = await queries.cohort_settings(cohort_id)
    shown = form or Form.empty(
        {
            "name": facts.name, "summary": facts.summary, "time_zone": facts.time_zone, "places": str(facts.places),
            "starts_on": facts.starts_on.isoformat(), "min_members": str(facts.min_members),
            "max_members": str(facts.max_members), "eligible_positions": facts.eligible_positions,
            "version": facts.version,
        }
    )  # fmt: skip
    return pages.page(
        request, "programmes/settings.html", status=status, cohort=cohort, form=shown, stored=stored,
        zones=zone_choices(viewer.now), positions=[(each.value, name) for each, name in rules.POSITIONS.items()],
    )  # fmt: skip


@post("/cohorts/{cohort_id:uuid}/settings")
async def edit_settings(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Change the settings."""
    form = await pages.read_form(request)
    version = form.text("version", required=False)
    try:
        facts, team = rules.read_settings(form)
        await actions.edit_cohort(viewer, cohort_id, facts, team, version=version)
    except Invalid:
        return await _settings_page(request, viewer, cohort_id, form, status=422)
    except (Refused, Clash) as refusal:
        form.fail("", refusal.reason)
        stored = refusal.context["stored"] if isinstance(refusal, Clash) else None
        return await _settings_page(request, viewer, cohort_id, form, status=refusal.status, stored=stored)
    await flash(viewer, "success", Message("The settings are saved."))
    return pages.redirect(request, f"/cohorts/{cohort_id}/settings")


@post("/cohorts/{cohort_id:uuid}/open")
async def open_cohort(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Open a draft cohort."""
    (await pages.read_form(request)).demand()
    await actions.open_cohort(viewer, cohort_id)
    await flash(viewer, "success", Message("The cohort is open. Team leads can register their teams now."))
    return pages.redirect(request, f"/cohorts/{cohort_id}")


@post("/cohorts/{cohort_id:uuid}/close")
async def close_cohort(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Close a running cohort."""
    (await pages.read_form(request)).demand()
    await actions.close_cohort(viewer, cohort_id)
    await flash(viewer, "success", Message("The cohort is closed. Its pages stay readable."))
    return pages.redirect(request, f"/cohorts/{cohort_id}/settings")


HANDLERS = [
    programme_list, create_programme, cohort_list, new_cohort, create_cohort, download_blueprint, download_shipped,
    people_page, invite, moderators_page, withdraw_invitation, settings_page, edit_settings, open_cohort, close_cohort,
    *reusing.HANDLERS,
]  # fmt: skip
