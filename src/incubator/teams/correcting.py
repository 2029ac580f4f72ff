"""Pages that put a team right: a member's position, the team's name and municipality, its leaving and coming back."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message, zone_choices
from incubator.foundation.refusals import NotFound, Refused
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.programmes.blueprint import Position
from incubator.programmes.rules import POSITIONS
from incubator.teams import corrections, queries
from incubator.teams.municipalities import KINDS, plain_oktmo
from incubator.teams.queries import Member, team_for
from incubator.teams.rules import (
    CORRECT_TEAM,
    EDIT_MEMBER,
    NAME_TAKEN,
    TeamRef,
    read_correction,
    read_position,
    read_reason,
)

Asked = Request[Any, Any, Any]
MEMBER = "/teams/{team_id:uuid}/members/{member_id:uuid}"
SETTINGS = "/teams/{team_id:uuid}/settings"

# Members


async def _member(viewer: Viewer, team_id: UUID, member_id: UUID) -> tuple[TeamRef, Member]:
    team = await team_for(viewer, team_id)
    team.standing.need(EDIT_MEMBER)
    found = next((each for each in await queries.members(team_id) if each.id == member_id), None)
    if found is None:
        raise NotFound
    return team, found


async def _member_page(
    request: Asked, team: TeamRef, member: Member, form: Form | None = None, status: int = 200
) -> Response[Any]:
    limits = await queries.limits_of(team.cohort)
    choices = [(each.value, POSITIONS[each]) for each in Position
               if each is member.position or each.value in dict(limits.position_choices)]  # fmt: skip
    shown = form or Form.empty({"position": member.position.value, "job_title": member.job_title})
    return pages.page(
        request, "teams/member.html", status=status, team=team, member=member, form=shown, positions=choices,
        demo=team.demo,
    )  # fmt: skip


@get(MEMBER)
async def member_page(
    request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], member_id: FromPath[UUID]
) -> Response[Any]:
    """The form for the position of somebody in the team."""
    return await _member_page(request, *await _member(viewer, team_id, member_id))


@post(MEMBER)
async def edit_member(
    request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], member_id: FromPath[UUID]
) -> Response[Any]:
    """Change the position and the job title."""
    team, member = await _member(viewer, team_id, member_id)
    form = await pages.read_form(request)
    position, job_title = read_position(form, await queries.limits_of(team.cohort), member.position)
    form.finish()
    if not form.ok:
        return await _member_page(request, team, member, form, 422)
    try:
        await corrections.edit_member(viewer, team_id, member_id, given(position), job_title)
    except Refused as refusal:
        form.fail("", refusal.reason)
        return await _member_page(request, team, member, form, refusal.status)
    await flash(viewer, "success", Message("The position is saved."))
    return pages.redirect(request, f"/teams/{team_id}/members")


# The team


async def _settings(
    request: Asked, viewer: Viewer, team: TeamRef, form: Form | None = None, *, at: str = "", status: int = 200
) -> Response[Any]:
    """`at` names the form that `form` is, of correct and leave."""
    found, place = await corrections.registered(team.id), Form.empty()
    known = found.municipality
    if at != "correct":
        place = Form.empty({"team_name": found.team_name, "oktmo": known.oktmo, "municipality": known.name,
                            "kind": known.kind.value, "time_zone": known.time_zone})  # fmt: skip
    return pages.page(
        request, "teams/settings.html", status=status, team=team, found=found, demo=team.demo,
        form=form if form and at == "correct" else place, leave=form if form and at == "leave" else Form.empty(),
        invited=len(await queries.open_invitations(team.id, viewer.now)), kinds=list(KINDS.items()),
        zones=zone_choices(viewer.now),
    )  # fmt: skip


@get(SETTINGS)
async def settings_page(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """What the team is registered as, and its leaving the programme, with who is affected."""
    team = await team_for(viewer, team_id)
    team.standing.need(CORRECT_TEAM)
    return await _settings(request, viewer, team)


@post(SETTINGS)
async def correct(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Put the name and the municipality right; of a code that is known nothing else need be typed."""
    team = await team_for(viewer, team_id)
    team.standing.need(CORRECT_TEAM)
    form = await pages.read_form(request)
    oktmo = plain_oktmo(form.value("oktmo"))
    own = (await corrections.registered(team_id)).municipality.oktmo
    wanted = read_correction(form, None if oktmo == own else await queries.municipality(oktmo))
    form.finish()
    if not form.ok:
        return await _settings(request, viewer, team, form, at="correct", status=422)
    try:
        await corrections.correct_team(viewer, team_id, given(wanted))
    except Refused as refusal:
        form.fail("team_name" if refusal.reason == NAME_TAKEN else "", refusal.reason)
        return await _settings(request, viewer, team, form, at="correct", status=refusal.status)
    await flash(viewer, "success", Message("The team is corrected. The reason stands in its journal."))
    return pages.redirect(request, f"/teams/{team_id}/settings")


@post("/teams/{team_id:uuid}/withdraw")
async def withdraw(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Take the team out of its cohort."""
    return await _leaving(
        request, viewer, team_id, corrections.withdraw_team,
        Message("The team has left the programme. Its people get a letter."),
    )  # fmt: skip


@post("/teams/{team_id:uuid}/return")
async def take_back(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Take the team back into its cohort."""
    return await _leaving(
        request, viewer, team_id, corrections.return_team, Message("The team is in the programme again.")
    )


async def _leaving(request: Asked, viewer: Viewer, team_id: UUID, act: Any, told: Message) -> Response[Any]:
    team = await team_for(viewer, team_id)
    team.standing.need(CORRECT_TEAM)
    form = await pages.read_form(request)
    reason = read_reason(form)
    form.finish()
    if not form.ok:
        return await _settings(request, viewer, team, form, at="leave", status=422)
    try:
        await act(viewer, team_id, reason)
    except Refused as refusal:
        form.fail("", refusal.reason)
        return await _settings(request, viewer, team, form, at="leave", status=refusal.status)
    await flash(viewer, "success", told)
    return pages.redirect(request, f"/teams/{team_id}/settings")


HANDLERS: list[Any] = [member_page, edit_member, settings_page, correct, withdraw, take_back]
