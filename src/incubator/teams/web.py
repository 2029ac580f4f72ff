"""Pages of registration, members and contacts; those of the problem case are in `casework.py`."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message, zone_choices
from incubator.foundation.i18n import gettext as _
from incubator.foundation.refusals import Forbidden, Refused
from incubator.people.rights import Right, Role, Scope, Viewer
from incubator.people.sessions import flash
from incubator.programmes.rules import POSITIONS
from incubator.settings import settings
from incubator.teams import actions, casework, correcting, passport_pages, queries
from incubator.teams.municipalities import KINDS, MunicipalityFacts, plain_oktmo, region_of, suggested
from incubator.teams.queries import RegistrationPage, team_for
from incubator.teams.rules import (
    CORRECT_TEAM,
    EDIT_MEMBER,
    EXPORT_CONTACTS,
    INVITE_MEMBER,
    NAME_TAKEN,
    REMOVE_MEMBER,
    TRANSFER_LEAD,
    VIEW_CONTACTS,
    VIEW_TEAM,
    TeamRef,
    read_invitee,
    read_registration,
    spreadsheet_rows,
    team_full,
    too_few,
)

Asked = Request[Any, Any, Any]

# Registration


@get("/register/{cohort_id:uuid}")
async def registration(request: Asked, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """The form by which a team comes into the cohort; whoever has a team there goes to it."""
    try:
        page = await queries.registration_page(viewer, cohort_id)
    except Forbidden:
        if own := _team_in(viewer, cohort_id):
            return pages.redirect(request, f"/teams/{own}")
        raise
    return _registration(request, page, Form.empty(), None)


def _team_in(viewer: Viewer, cohort_id: UUID) -> UUID | None:
    """The viewer's own team in the cohort."""
    roles = {Role.TEAM_LEAD, Role.PARTICIPANT}
    own = (g for g in viewer.grants if g.scope is Scope.TEAM and g.cohort == cohort_id and g.role in roles)
    return next((grant.where for grant in own), None)


def _registration(
    request: Asked, page: RegistrationPage, form: Form, known: MunicipalityFacts | None, status: int = 200
) -> Response[Any]:
    region = region_of(plain_oktmo(form.value("oktmo")))
    return pages.page(
        request, "teams/registration.html", status=status, block="municipality", page=page, form=form, known=known,
        region=region, kinds=list(KINDS.items()), zones=zone_choices(request.scope["state"]["now"]),
        kind=KINDS[known.kind] if known else None, positions=page.limits.position_choices, demo=page.cohort.demo,
    )  # fmt: skip


BESIDE_THE_CODE = ("oktmo", "municipality")


@get("/register/{cohort_id:uuid}/municipality")
async def look_up(request: Asked, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """The part of the form beside the code: the municipality if it is known, else what the code tells of it."""
    page = await queries.registration_page(viewer, cohort_id)
    typed = [(name, request.query_params.get(name, "")) for name in BESIDE_THE_CODE]
    oktmo = plain_oktmo(typed[0][1])
    form = Form(typed, suggested(oktmo))
    return _registration(request, page, form, await queries.municipality(oktmo))


@post("/register/{cohort_id:uuid}")
async def register(request: Asked, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Register the team; what is wrong comes back with everything that was typed."""
    page = await queries.registration_page(viewer, cohort_id)
    form = await pages.read_form(request)
    known = await queries.municipality(plain_oktmo(form.value("oktmo")))
    wanted = read_registration(form, page.limits, own=page.own, known=known)
    form.finish()
    if not form.ok:
        return _registration(request, page, form, known, 422)
    try:
        team_id = await actions.register_team(viewer, cohort_id, given(wanted))
    except Refused as refusal:
        form.fail("team_name" if refusal.reason == NAME_TAKEN else "", refusal.reason)
        return _registration(request, page, form, known, refusal.status)
    await flash(viewer, "success", Message("The team is registered."))
    return pages.redirect(request, f"/teams/{team_id}/members")


# Members


@get("/teams/{team_id:uuid}/members")
async def members(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Who is in the team and who is invited."""
    team = await team_for(viewer, team_id)
    team.standing.need(VIEW_TEAM)
    return await _members(request, viewer, team, Form.empty())


async def _members(request: Asked, viewer: Viewer, team: TeamRef, form: Form, status: int = 200) -> Response[Any]:
    page = await queries.members_page(team, viewer.now)

    def may(right: Right) -> bool:
        return team.withdrawn_at is None and team.standing.may(right)

    return pages.page(
        request, "teams/members.html", status=status, team=team, page=page, form=form, demo=team.demo,
        position_names=POSITIONS, positions=page.limits.position_choices,
        few=too_few(page.limits, len(page.members)),
        full=team_full(page.limits, len(page.members), len(page.invitations)),
        may_invite=may(INVITE_MEMBER), may_remove=may(REMOVE_MEMBER), may_transfer=may(TRANSFER_LEAD),
        may_see_contacts=team.standing.may(VIEW_CONTACTS), may_edit=may(EDIT_MEMBER),
        may_correct=team.standing.may(CORRECT_TEAM),
    )  # fmt: skip


@post("/teams/{team_id:uuid}/invitations")
async def invite(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Invite somebody to the team."""
    team = await team_for(viewer, team_id)
    team.standing.need(INVITE_MEMBER)
    form = await pages.read_form(request)
    invitee = read_invitee(form, await queries.limits_of(team.cohort))
    form.finish()
    if not form.ok:
        return await _members(request, viewer, team, form, 422)
    try:
        await actions.invite_member(viewer, team_id, given(invitee))
    except Refused as refusal:
        form.fail("", refusal.reason)
        return await _members(request, viewer, team, form, refusal.status)
    said = (
        Message("An invitation is on its way to {email}.", email=given(invitee).email)
        if settings().smtp_url
        else Message(
            "The invitation is made, but this site sends no letters yet. Print the card of the invitation and hand it over."
        )
    )
    await flash(viewer, "success", said)
    return pages.redirect(request, f"/teams/{team_id}/members")


@post("/teams/{team_id:uuid}/invitations/{invitation_id:uuid}/withdraw")
async def withdraw_invitation(
    request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], invitation_id: FromPath[UUID]
) -> Response[Any]:
    """Take an open invitation back."""
    (await pages.read_form(request)).finish()
    await actions.withdraw_invitation(viewer, team_id, invitation_id)
    await flash(viewer, "success", Message("The invitation is withdrawn: its link opens nothing any more."))
    return pages.redirect(request, f"/teams/{team_id}/members")


@post("/teams/{team_id:uuid}/members/{member_id:uuid}/remove")
async def remove_member(
    request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], member_id: FromPath[UUID]
) -> Response[Any]:
    """Take somebody out of the team."""
    (await pages.read_form(request)).finish()
    await actions.remove_member(viewer, team_id, member_id)
    await flash(viewer, "success", Message("The person is no longer in the team."))
    return pages.redirect(request, f"/teams/{team_id}/members")


@post("/teams/{team_id:uuid}/members/{member_id:uuid}/lead")
async def transfer_lead(
    request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], member_id: FromPath[UUID]
) -> Response[Any]:
    """Hand the lead over to a member; the form says who led when the page was made."""
    form = await pages.read_form(request)
    instead_of = form.uuid("instead_of", required=False)
    form.demand()
    await actions.transfer_lead(viewer, team_id, member_id, instead_of=instead_of)
    await flash(viewer, "success", Message("The team has a new lead."))
    return pages.redirect(request, f"/teams/{team_id}/members")


# Contacts


@get("/teams/{team_id:uuid}/contacts")
async def contacts(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Addresses of the team's people; that they were looked up is kept."""
    team, found = await actions.look_up_contacts(viewer, team_id)
    return _contacts(request, team, found, Form.empty())


def _contacts(
    request: Asked, team: TeamRef, found: tuple[queries.Contact, ...], form: Form, status: int = 200
) -> Response[Any]:
    return pages.page(
        request, "teams/contacts.html", status=status, team=team, contacts=found, form=form, demo=team.demo,
        position_names=POSITIONS, may_export=team.standing.may(EXPORT_CONTACTS),
    )  # fmt: skip


@post("/teams/{team_id:uuid}/contacts")
async def export_contacts(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Take the contacts out as a table, for a purpose that is kept."""
    team = await team_for(viewer, team_id)
    team.standing.need(EXPORT_CONTACTS)
    form = await pages.read_form(request)
    purpose = form.text("purpose")
    form.finish()
    if not form.ok:
        team, found = await actions.look_up_contacts(viewer, team_id)
        return _contacts(request, team, found, form, 422)
    head = [_("Name"), _("Position"), _("Job title"), _("E-mail")]
    rows = [
        [each.name, str(POSITIONS[each.position]), each.job_title, each.email]
        for each in await actions.export_contacts(viewer, team_id, purpose)
    ]
    return pages.download(spreadsheet_rows([head, *rows]), ".csv", "text/csv", _("Contacts"), team.name)


HANDLERS: list[Any] = [
    registration,
    look_up,
    register,
    members,
    invite,
    withdraw_invitation,
    remove_member,
    transfer_lead,
    contacts,
    export_contacts,
    *casework.HANDLERS,
    *correcting.HANDLERS,
    *passport_pages.HANDLERS,
]
