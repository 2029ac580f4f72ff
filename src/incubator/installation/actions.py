"""Setting the installation up, once, and changing what the organisation says of itself."""

import json
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_value
from incubator.foundation.i18n import Message
from incubator.foundation.i18n import locale as spoken
from incubator.foundation.owner import Owner
from incubator.foundation.refusals import Clash, Refused
from incubator.installation import queries
from incubator.installation.rules import EDIT_INSTALLATION, SET_UP_ALREADY, Founder, Page, Step
from incubator.journal.actions import Audience, record
from incubator.people import passwords, sessions
from incubator.people.actions import ensure_person, give_role
from incubator.people.queries import clock, standing_anywhere
from incubator.people.rights import Role, Scope, Viewer

# What features above this one do for the set-up: send a letter (to an address; raises Unsent), tell the demo's story.
TEST_LETTER: list[Callable[[str], Awaitable[None]]] = []
DEMO: list[Callable[[], Awaitable[None]]] = []

CLOSE: Final = "SELECT pg_advisory_xact_lock($1)"
SET_UP_LOCK: Final = 0x1CBA_7044  # beside database.MIGRATION_LOCK
SAY: Final = """
UPDATE installation SET name_ru = $1, name_en = $2, help_contact = $3, operator = $4, time_zone = $5, version = version + 1
WHERE version = $6
"""
CHANGED: Final = Message("Somebody else has changed these settings meanwhile. Open the page again and look at them.")


class Unsent(Exception):  # noqa: N818  (an answer of the mail server, not a fault of ours)
    """The test letter did not go out: what happened in words, and what the server said."""

    def __init__(self, reason: Message, said: str) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.said = said


# The set-up


async def keep(step: Step, page: Page) -> None:
    """Keep what was typed on a page of the set-up and how it was left, until the set-up is over."""
    kept = {**page.typed, **({"done": page.done} if page.done else {})}
    async with DB.transaction():
        await _close()
        await execute(
            "UPDATE installation SET draft = draft || jsonb_build_object($1::text, $2::jsonb)", step, json.dumps(kept)
        )


async def found(founder: Founder, *, instead_of: bytes = b"") -> tuple[UUID, str]:
    """End the set-up: the demonstration if it is wanted, the organisation, its first administrator and his session.

    All or nothing, and only once: of two people who press at the same time the second one is refused.
    """
    hashed = await passwords.hashed(founder.password)
    async with DB.transaction():
        await _close()
        said = await queries.progress()
        if said.wants_demo:
            for tell in DEMO:
                await tell()
        person = await _administrator(founder, hashed, said.owner)
        await _say(said.owner, await fetch_value("SELECT version FROM installation"))
        await execute("UPDATE installation SET set_up_at = now(), draft = '{}', seed = ''")
        token = await sessions.begin(person, instead_of=instead_of)
    await queries.load_owner()
    return person, token


async def _close() -> None:
    """Let nobody else go on with the set-up until we have; refuse when it is over."""
    await execute(CLOSE, SET_UP_LOCK)
    if not await queries.is_open():
        raise Refused(SET_UP_ALREADY)
    await queries.code()  # there is a row from now on


async def _administrator(founder: Founder, hashed: str, owner: Owner) -> UUID:
    now = await clock()
    person = await ensure_person(founder.email, founder.name, now, time_zone=owner.time_zone, locale=spoken())
    await execute("UPDATE person SET password_hash = $2, name = $3 WHERE id = $1", person, hashed, founder.name)
    grant = await give_role(person, Role.ADMINISTRATOR, Scope.PLATFORM, None, cohort=None, by=None, at=now)
    await record(
        "installation.set_up", by=person, at=now, audience=Audience.PLATFORM, subject=person, live=False, grant=grant
    )
    return person


# The settings


async def edit_owner(viewer: Viewer, owner: Owner, version: int) -> None:
    """Say anew whose installation this is; refused when somebody else has just done so."""
    async with DB.transaction():
        standing_anywhere(viewer).need(EDIT_INSTALLATION)
        await queries.code()
        if not await _say(owner, version):
            raise Clash(CHANGED)
        await record("installation.edited", by=viewer.id, at=viewer.now, audience=Audience.PLATFORM, live=False)
    await queries.load_owner()


async def _say(owner: Owner, version: int) -> bool:
    changed = await execute(
        SAY, owner.name_ru, owner.name_en, owner.help_contact, owner.operator, owner.time_zone, version
    )
    await execute("SELECT pg_notify('installation', '')")
    return changed > 0
