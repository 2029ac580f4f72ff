"""What people do to their own account: sign in and out, accept an invitation, reset and change the password.

Passwords are hashed before the transaction: no connection waits for a hash.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_one, fetch_value, new_id
from incubator.foundation.forms import given
from incubator.foundation.i18n import locale as spoken
from incubator.foundation.jobs import enqueue, handles
from incubator.foundation.refusals import Forbidden, Refused, SignInNeeded
from incubator.journal.actions import Audience, record
from incubator.people import own_data, passwords, queries, sessions, throttle
from incubator.people.actions import ensure_person, give_role
from incubator.people.rights import Role, Scope, Viewer
from incubator.people.rules import (
    DEACTIVATED,
    NOT_YOUR_ADDRESS,
    RESET_LASTS,
    RESET_OVER,
    Invitation,
    NewAccount,
    Profile,
)
from incubator.settings import settings


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who knocks: the address he comes from, the mark of a browser that was signed in before, the session it has now,
    and whether others use his computer too.
    """

    address: str
    device: str = ""
    session: bytes = b""
    shared: bool = False


# Signing in and out

KNOWN = """
SELECT now() AS now, p.id, p.password_hash
FROM (VALUES (1)) AS one LEFT JOIN person p ON p.email = $1 AND p.deactivated_at IS NULL
"""


async def sign_in(email: str, password: str, visitor: Visitor) -> tuple[UUID, str] | None:
    """The person and the token of a new session, or None when address and password do not go together.

    Unknown, closed and passwordless accounts cost the same work as a wrong password.
    """
    known = given(await fetch_one(KNOWN, email))
    tries = _tries(email, known["id"], visitor)
    await throttle.count(*tries)
    if not await passwords.matches(password, known["password_hash"]):
        return None
    await throttle.forgive(*tries)
    renewed = await passwords.hashed(password) if passwords.outdated(known["password_hash"]) else ""
    async with DB.transaction():
        if renewed:
            await execute(SWAP, known["id"], known["password_hash"], renewed)
        token = await sessions.begin(known["id"], instead_of=visitor.session, shared=visitor.shared)
        await _record_own("person.signed_in", known["id"], known["now"])
    await throttle.forget_old()
    return known["id"], token


SWAP = "UPDATE person SET password_hash = $3 WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $2"


def _tries(email: str, person: UUID | None, visitor: Visitor) -> list[throttle.Try]:
    """The doors of this try: a browser in which the owner signed in before has one of its own."""
    device = sessions.known_device(visitor.device, person)
    if device:
        return [(throttle.DEVICE, throttle.DEVICE.key(email, device))]
    network = throttle.network(visitor.address)
    return [
        (throttle.PAIR, throttle.PAIR.key(email, network)),
        (throttle.ADDRESS, throttle.ADDRESS.key(network)),
        (throttle.ACCOUNT, throttle.ACCOUNT.key(email)),
    ]


async def _record_own(verb: str, person: UUID, at: datetime, *, aside: Mapping[str, Any] | None = None) -> None:
    """A thing between the person and the installation."""
    await record(verb, by=person, at=at, audience=Audience.SELF, subject=person, aside=aside, live=False)


async def sign_out(viewer: Viewer) -> None:
    """End this session."""
    async with DB.transaction():
        await sessions.end(viewer.session)
        await _record_own("person.signed_out", viewer.id, viewer.now)


async def sign_out_everywhere(viewer: Viewer) -> str:
    """End all sessions of the person; the token of the new one for this browser."""
    async with DB.transaction():
        await sessions.end_all(viewer.id)
        await _record_own("person.signed_out_everywhere", viewer.id, viewer.now)
        return await sessions.begin(viewer.id, shared=viewer.shared)


# Invitations


async def accept(viewer: Viewer, key: str) -> Invitation:
    """A signed-in person accepts an invitation to his address, by the link's token or the printed code."""
    async with DB.transaction():
        offered = await queries.invitation(key, lock=True)
        if offered.email != viewer.email:
            raise Forbidden(NOT_YOUR_ADDRESS)
        await _take_up(offered, viewer.id, viewer.now)
    return offered


async def join(key: str, account: NewAccount, visitor: Visitor) -> tuple[UUID, str]:
    """A new person accepts: an account with a password, the role, a session. An account with a password must sign in."""
    offered = await queries.invitation(key)
    _refuse_joining(offered)
    password = await passwords.hashed(account.password)
    async with DB.transaction():
        offered, now = await queries.invitation(key, lock=True), await queries.clock()
        person = await ensure_person(offered.email, account.name, now, time_zone=account.time_zone, locale=spoken())
        _refuse_joining(offered)
        await execute(
            "UPDATE person SET password_hash = $2, name = $3, time_zone = $4, locale = $5 WHERE id = $1",
            person, password, account.name, account.time_zone, spoken(),
        )  # fmt: skip
        await _take_up(offered, person, now)
        return person, await sessions.begin(person, instead_of=visitor.session, shared=visitor.shared)


def _refuse_joining(offered: Invitation) -> None:
    if offered.deactivated:
        raise Refused(DEACTIVATED)
    if offered.has_password:
        raise SignInNeeded


async def _take_up(offered: Invitation, person: UUID, now: datetime) -> None:
    """Use the invitation up and give its role."""
    if reason := offered.closed(now):
        raise Refused(reason)
    await execute("UPDATE invitation SET accepted_at = $2, accepted_by = $3 WHERE id = $1", offered.id, now, person)
    grant = await give_role(
        person, offered.role, offered.scope, offered.scope_id, cohort=offered.cohort, by=offered.invited_by, at=now
    )
    await record(
        "invitation.accepted", by=person, at=now, audience=_reach(offered), cohort=offered.cohort,
        team=offered.scope_id if offered.scope is Scope.TEAM else None, subject=offered.id,
        aside={"invitation": offered, "grant": grant}, role=offered.role, grant=grant,
    )  # fmt: skip


def _reach(offered: Invitation) -> Audience:
    """Who may read that an invitation was accepted."""
    if offered.cohort is None:
        return Audience.PLATFORM
    if offered.role is Role.JUROR:
        return Audience.JURY
    return Audience.TEAM if offered.scope is Scope.TEAM else Audience.STAFF


async def try_code(typed: str, visitor: Visitor) -> Invitation:
    """The invitation of a printed code; wrong codes from one address are counted."""
    network = throttle.network(visitor.address)
    door = (throttle.CODE, throttle.CODE.key(network))
    await throttle.count(door)
    offered = await queries.invitation(typed)
    await throttle.forgive(door)
    return offered


# Passwords


async def ask_reset(email: str, visitor: Visitor) -> None:
    """Ask for a reset link. The same work for every address: whether there is such an account, a job finds out later."""
    network = throttle.network(visitor.address)
    await throttle.count(
        (throttle.RESET_ADDRESS, throttle.RESET_ADDRESS.key(network)), (throttle.RESET, throttle.RESET.key(email))
    )
    await enqueue("person.reset", email=email, request=new_id())


@handles("person.reset")
async def answer_reset(payload: Mapping[str, Any]) -> None:
    """Job: write the reset letter if the account exists. The token follows from the request, so doing it twice is once."""
    request = payload["request"]
    token = hmac.new(settings().secret("reset"), request.encode(), hashlib.sha256).hexdigest()
    async with DB.transaction():
        person = await fetch_value(
            "SELECT id FROM person WHERE email = $1 AND deactivated_at IS NULL", payload["email"]
        )
        if person is not None:
            await offer_reset(person, token, by=person, at=await queries.clock())


async def offer_reset(person: UUID, token: str, *, by: UUID, at: datetime) -> None:
    """A step of asking and of being sent a reset: the newest link is the only one that opens. Records."""
    fingerprint = queries.token_fingerprint(token)
    fresh = await execute(
        "INSERT INTO password_reset (token_hash, person, created_at, expires_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        fingerprint, person, at, at + RESET_LASTS,
    )  # fmt: skip
    if fresh:
        await execute(
            "DELETE FROM password_reset WHERE person = $1 AND token_hash <> $2 AND used_at IS NULL", person, fingerprint
        )
        audience = Audience.SELF if by == person else Audience.PLATFORM
        await record(
            "person.reset_asked", by=by, at=at, audience=audience, subject=person, aside={"token": token}, live=False
        )


async def use_reset(token: str, password: str, *, shared: bool = False) -> tuple[UUID, str]:
    """A new password by a reset link: every session of the account ends, the link is used up; person and new session."""
    if await queries.reset_of(token) is None:
        raise Refused(RESET_OVER)
    hashed = await passwords.hashed(password)
    async with DB.transaction():
        used = await fetch_one(
            "UPDATE password_reset SET used_at = now() WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now()"
            " RETURNING person, now()",
            queries.token_fingerprint(token),
        )
        if used is None:
            raise Refused(RESET_OVER)
        return used["person"], await _new_password(used["person"], hashed, used["now"], shared=shared)


async def change_password(viewer: Viewer, current: str, wanted: str) -> str | None:
    """A new password by the old one; the token of a new session, all others end. None when the old one is wrong."""
    door = (throttle.PASSWORD, throttle.PASSWORD.key(str(viewer.id)))
    await throttle.count(door)
    known = await fetch_value("SELECT password_hash FROM person WHERE id = $1", viewer.id)
    if not await passwords.matches(current, known):
        return None
    await throttle.forgive(door)
    hashed = await passwords.hashed(wanted)
    async with DB.transaction():
        if not await execute(SWAP, viewer.id, known, known):  # changed meanwhile elsewhere
            return None
        return await _new_password(viewer.id, hashed, viewer.now, shared=viewer.shared)


async def prove(viewer: Viewer, password: str) -> bool:
    """Whether this is the viewer's password; then his session counts as just proved. Throttled as a change of it."""
    door = (throttle.PASSWORD, throttle.PASSWORD.key(str(viewer.id)))
    await throttle.count(door)
    known = await fetch_value("SELECT password_hash FROM person WHERE id = $1", viewer.id)
    if not await passwords.matches(password, known):
        return False
    await throttle.forgive(door)
    async with DB.transaction():
        await execute("UPDATE session SET proved_at = now() WHERE token_hash = $1", viewer.session)
        await _record_own("person.proved", viewer.id, viewer.now)
    return True


async def _new_password(person: UUID, hashed: str, now: datetime, *, shared: bool = False) -> str:
    """Write it, end all sessions and other links, tell the person by letter; the token of a new session."""
    await execute("UPDATE person SET password_hash = $2 WHERE id = $1", person, hashed)
    await execute("DELETE FROM password_reset WHERE person = $1 AND used_at IS NULL", person)
    await sessions.end_all(person)
    await _record_own("person.password_changed", person, now)
    return await sessions.begin(person, shared=shared)


# Profile


async def edit_profile(viewer: Viewer, profile: Profile) -> None:
    """Name, language and time zone of one's own account."""
    async with DB.transaction():
        await execute(
            "UPDATE person SET name = $2, locale = $3, time_zone = $4, employer = $5 WHERE id = $1",
            viewer.id, profile.name, profile.locale, profile.time_zone, profile.employer,
        )  # fmt: skip
        await _record_own("person.profile_edited", viewer.id, viewer.now)


async def take_own_data(viewer: Viewer) -> bytes:
    """Everything kept about the person, as an archive; that it was taken is kept too."""
    async with DB.transaction():
        await _record_own("person.data_taken", viewer.id, viewer.now)
        parts = await own_data.gathered(viewer.id)
    return await asyncio.to_thread(own_data.packed, parts)


async def ask_deletion(viewer: Viewer) -> None:
    """Ask the administrators to erase one's account; they see it on its page. Asked already: nothing happens."""
    await _about_erasure(viewer, "person.deletion_asked", asked=False)


async def recall_deletion(viewer: Viewer) -> None:
    """Take that back."""
    await _about_erasure(viewer, "person.deletion_recalled", asked=True)


async def _about_erasure(viewer: Viewer, verb: str, *, asked: bool) -> None:
    async with DB.transaction():
        await execute("SELECT FROM person WHERE id = $1 FOR UPDATE", viewer.id)
        if (await queries.erasure_asked(viewer.id) is not None) is asked:
            await record(
                verb, by=viewer.id, at=viewer.now, audience=Audience.PLATFORM, subject=viewer.id, live=False
            )  # fmt: skip


async def show_first_steps(viewer: Viewer, *, shown: bool) -> None:
    """Call the first steps back, or hide them. Nobody else's business, so not recorded."""
    async with DB.transaction():
        await execute("UPDATE person SET first_steps = $2 WHERE id = $1", viewer.id, "shown" if shown else "hidden")


async def like(viewer: Viewer, look: str) -> None:
    """Pages are to look so from now on, in other browsers from the next sign-in. A habit of the eyes, so not recorded."""
    async with DB.transaction():
        await execute("UPDATE person SET display = $2 WHERE id = $1", viewer.id, look)


async def speak(viewer: Viewer, locale: str) -> None:
    """Another language from now on."""
    async with DB.transaction():
        await execute("UPDATE person SET locale = $2 WHERE id = $1", viewer.id, locale)
        await _record_own("person.profile_edited", viewer.id, viewer.now)
