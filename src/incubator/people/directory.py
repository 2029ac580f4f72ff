"""The administrator's pages of people: find somebody, see what he holds, send a reset, close the account, invite organisers."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Refused
from incubator.people import administering, erasing, places, queries, rules
from incubator.people.rights import Viewer
from incubator.people.sessions import flash

Asked = Request[Any, Any, Any]


async def _people_page(request: Asked, viewer: Viewer, form: Form, status: int = 200) -> Response[Any]:
    queries.standing_anywhere(viewer).need(rules.SEE_PEOPLE)
    search = request.query_params.get("q", "")[:200].strip()
    return pages.page(
        request, "people/people.html", block="found", status=status, form=form, search=search, most=queries.PEOPLE_SHOWN,
        people=await queries.people(search), programmes=await places.programmes(), roles=rules.ROLE_NAMES,
    )  # fmt: skip


@get("/people")
async def people(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Search first; without a search the newest accounts."""
    return await _people_page(request, viewer, Form.empty())


@post("/people/organisers")
async def invite_organiser(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Offer somebody the running of a programme."""
    form = await pages.read_form(request)
    email, name, programme = form.email("email"), form.name("name"), form.uuid("programme")
    form.finish()
    if not form.ok:
        return await _people_page(request, viewer, form, 422)
    await administering.invite_organiser(viewer, email=email, name=name, programme=given(programme))
    await flash(viewer, "success", Message("The invitation is written. It is listed among the letters."))
    return pages.redirect(request, "/people")


async def _person_page(request: Asked, viewer: Viewer, person_id: UUID, form: Form | None = None) -> Response[Any]:
    person = await queries.person(viewer, person_id)
    return pages.page(
        request, "people/person.html", status=422 if form else 200, person=person, roles=rules.ROLE_NAMES,
        form=form or Form.empty({"email": person.email}), sessions=await queries.open_sessions(person_id),
    )  # fmt: skip


@get("/people/{person_id:uuid}")
async def person(request: Asked, viewer: NamedDependency[Viewer], person_id: FromPath[UUID]) -> Response[Any]:
    """One account: its roles and state, and what may be done to it."""
    return await _person_page(request, viewer, person_id)


async def _done(request: Asked, viewer: Viewer, person_id: UUID, told: Message) -> Response[Any]:
    await flash(viewer, "success", told)
    return pages.redirect(request, f"/people/{person_id}")


@post("/people/{person_id:uuid}/reset")
async def send_reset(request: Asked, viewer: NamedDependency[Viewer], person_id: FromPath[UUID]) -> Response[Any]:
    """Write the person a reset letter."""
    (await pages.read_form(request)).finish()
    await administering.send_reset(viewer, person_id)
    return await _done(
        request, viewer, person_id, Message("A letter with a reset link is written. It opens for 30 minutes.")
    )


@post("/people/{person_id:uuid}/deactivate")
async def deactivate(request: Asked, viewer: NamedDependency[Viewer], person_id: FromPath[UUID]) -> Response[Any]:
    """Close the account."""
    (await pages.read_form(request)).finish()
    await administering.deactivate(viewer, person_id)
    return await _done(
        request, viewer, person_id, Message("The account is closed. Nobody is signed in with it any more.")
    )


@post("/people/{person_id:uuid}/reactivate")
async def reactivate(request: Asked, viewer: NamedDependency[Viewer], person_id: FromPath[UUID]) -> Response[Any]:
    """Open the account again."""
    (await pages.read_form(request)).finish()
    await administering.reactivate(viewer, person_id)
    return await _done(request, viewer, person_id, Message("The account is open again."))


@post("/people/{person_id:uuid}/address")
async def change_address(request: Asked, viewer: NamedDependency[Viewer], person_id: FromPath[UUID]) -> Response[Any]:
    """Give the account another sign-in address."""
    form = await pages.read_form(request)
    email = form.email("email")
    form.finish()
    try:
        if form.ok:
            await administering.change_address(viewer, person_id, email)
            return await _done(request, viewer, person_id, Message("The address is changed. Both addresses are told."))
    except Refused as refusal:
        form.fail("email", refusal.reason)
    return await _person_page(request, viewer, person_id, form)


@post("/people/{person_id:uuid}/erasure")
async def erase(request: Asked, viewer: NamedDependency[Viewer], person_id: FromPath[UUID]) -> Response[Any]:
    """Erase who has asked for it."""
    (await pages.read_form(request)).finish()
    await erasing.erase(viewer, person_id)
    return await _done(request, viewer, person_id, Message("The person is erased. What had to stay bears a pseudonym."))


HANDLERS: list[Any] = [people, invite_organiser, person, send_reset, deactivate, reactivate, change_address, erase]
