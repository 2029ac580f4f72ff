"""What administrators do to other people's accounts, and the command line's `user add`."""

import secrets
from uuid import UUID

import asyncpg

from incubator.foundation import readings
from incubator.foundation.database import DB, execute, fetch_one, fetch_value
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.people import places, queries, sessions
from incubator.people.accounts import offer_reset
from incubator.people.actions import ensure_person, give_role, offer_role, set_password
from incubator.people.rights import Grant, Right, Role, Scope, Viewer
from incubator.people.rules import (
    CO_JUROR,
    DEACTIVATE,
    EDIT_PERSON,
    GRANT_ORGANISER,
    NOT_ONESELF,
    SEND_RESET,
    Offer,
    judge_together,
    password_fault,
)
from incubator.settings import settings

TAKEN = Message("Another account has this address.")
WHICH_PROGRAMME = Message("Name the programme that the organiser is to run.")


async def _lock(viewer: Viewer, person: UUID, right: Right) -> str:
    """Lock another person's account for an administrator's act; its address. Nobody does this to himself."""
    (await queries.standing_with(viewer, person)).need(right)
    email: str | None = await fetch_value("SELECT email FROM person WHERE id = $1 FOR UPDATE", person)
    if email is None:
        raise NotFound
    if viewer.id == person:
        raise Forbidden(NOT_ONESELF)
    return email


async def invite_organiser(viewer: Viewer, *, email: str, name: str, programme: UUID) -> Offer:
    """Offer somebody the running of a programme."""
    async with DB.transaction():
        if email == viewer.email:
            raise Forbidden(NOT_ONESELF)
        (await queries.standing_in_programme(viewer, programme)).need(GRANT_ORGANISER)
        offer = await offer_role(
            viewer.id, email=email, name=name, role=Role.ORGANISER, scope=Scope.PROGRAMME, scope_id=programme,
            cohort=None, at=viewer.now,
        )  # fmt: skip
        await record(
            "person.invited", by=viewer.id, at=viewer.now, audience=Audience.PLATFORM, subject=offer.invitation_id,
            aside={"offer": offer}, role=Role.ORGANISER, programme=programme,
        )  # fmt: skip
    return offer


async def send_reset(viewer: Viewer, person: UUID) -> None:
    """Send somebody a reset link; the administrator never sees it."""
    async with DB.transaction():
        await _lock(viewer, person, SEND_RESET)
        if judge_together(viewer, await queries.grants_of(person)):
            raise Forbidden(CO_JUROR)
        await offer_reset(person, secrets.token_urlsafe(32), by=viewer.id, at=viewer.now)


async def deactivate(viewer: Viewer, person: UUID) -> None:
    """Close an account: it can't sign in, all its sessions and links die, its roles stay on record."""
    async with DB.transaction():
        await _lock(viewer, person, DEACTIVATE)
        closed = await execute(
            "UPDATE person SET deactivated_at = $2 WHERE id = $1 AND deactivated_at IS NULL", person, viewer.now
        )
        await execute("DELETE FROM password_reset WHERE person = $1 AND used_at IS NULL", person)
        await sessions.end_all(person)
        if closed:
            await _record_about("person.deactivated", viewer, person)


async def reactivate(viewer: Viewer, person: UUID) -> None:
    """Open a closed account again."""
    async with DB.transaction():
        await _lock(viewer, person, DEACTIVATE)
        opened = await execute(
            "UPDATE person SET deactivated_at = NULL WHERE id = $1 AND deactivated_at IS NOT NULL AND erased_at IS NULL",
            person,
        )
        if opened:
            await _record_about("person.reactivated", viewer, person)


async def change_address(viewer: Viewer, person: UUID, email: str) -> None:
    """Give an account another sign-in address; both addresses are told, all sessions and links die."""
    async with DB.transaction():
        before = await _lock(viewer, person, EDIT_PERSON)
        if before == email:
            return
        try:
            await execute("UPDATE person SET email = $2 WHERE id = $1", person, email)
        except asyncpg.UniqueViolationError as fault:
            raise Refused(TAKEN) from fault
        await execute("DELETE FROM password_reset WHERE person = $1 AND used_at IS NULL", person)
        await sessions.end_all(person)
        await _record_about("person.address_changed", viewer, person, before=before, after=email)


async def _record_about(verb: str, viewer: Viewer, person: UUID, **aside: str) -> None:
    await record(verb, by=viewer.id, at=viewer.now, audience=Audience.PLATFORM, subject=person, aside=aside, live=False)


# The command line


async def add_user(email: str, name: str, role: str, programme: str | None = None, password: str | None = None) -> str:
    """Offer an address the role `administrator` or `organiser`; the link on which the person sets a password.

    With a password the account is ready at once and there is no link. `programme` is its name.
    """
    email = _checked(email, password)
    held = Grant(Role.ADMINISTRATOR, Scope.PLATFORM, None)
    if role == Role.ORGANISER:
        held = Grant(Role.ORGANISER, Scope.PROGRAMME, await _programme(programme))
    if password is not None:
        await _add_ready(email, name, held, password)
        return ""
    async with DB.transaction():
        now = await queries.clock()
        offer = await offer_role(
            None, email=email, name=name, role=held.role, scope=held.scope, scope_id=held.where, cohort=None, at=now
        )
        await record(
            "person.invited", by=None, at=now, audience=Audience.PLATFORM, subject=offer.invitation_id,
            aside={"offer": offer}, role=held.role,
        )  # fmt: skip
    return f"{settings().public_url}/invitation/{offer.token}"


async def _add_ready(email: str, name: str, held: Grant, password: str) -> None:
    async with DB.transaction():
        now = await queries.clock()
        person = await ensure_person(email, name, now)
        grant = await give_role(person, held.role, held.scope, held.where, cohort=None, by=None, at=now)
        await record(
            "role.given",
            by=None,
            at=now,
            audience=Audience.PLATFORM,
            subject=person,
            live=False,
            grant=grant,
            role=held.role,
        )
    await set_password(person, password)


def _checked(email: str, password: str | None) -> str:
    """The address in the form that is kept; Refused with a reason for a bad address or password."""
    try:
        address = readings.email(email)
    except readings.Unreadable as fault:
        raise Refused(fault.reason) from fault
    if password is not None and (reason := password_fault(password, address)):
        raise Refused(reason)
    return address


async def _programme(name: str | None) -> UUID:
    known = await places.programmes()
    if name is None and len(known) != 1:
        raise Refused(WHICH_PROGRAMME)
    for programme, called in known:
        if name in {None, called}:
            return programme
    raise Refused(Message("There is no programme “{name}”. Write its name as it stands on its page.", name=name))


async def reset_link(email: str) -> str:
    """For the command line of an installation without a mail server: a reset link of an account; "" if there is none."""
    row = await fetch_one("SELECT id, now() FROM person WHERE email = $1 AND deactivated_at IS NULL", email)
    if row is None:
        return ""
    token = secrets.token_urlsafe(32)
    async with DB.transaction():
        await offer_reset(row["id"], token, by=row["id"], at=row["now"])
    return f"{settings().public_url}/reset/{token}"
