"""Erasing a person who asked for it (law 152-FZ, article 21): his name, address and password go at once and for good.

What proves the result of a contest, and what others worked on, stays under a pseudonym: the journal and the ledger hold
only his id, and never change.
"""

import hashlib
import hmac
from typing import Final
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_value
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.people import own_data, queries, sessions
from incubator.people.rights import Scope, Viewer
from incubator.people.rules import ERASE, NOT_ONESELF
from incubator.settings import settings

NOT_ASKED: Final = Message("This person has not asked to be erased, so the account is only closed, if need be.")
ERASED: Final = Message("This account is erased already.")
OWN_TEAM: Final = Message("You are in a team with this person, so another administrator has to do this.")
FORGET: Final = """
UPDATE person SET name = $2, email = $3, password_hash = NULL, display = '', first_steps = '', employer = '', erased_at = $4,
  deactivated_at = coalesce(deactivated_at, $4) WHERE id = $1
"""


async def erase(viewer: Viewer, person: UUID) -> None:
    """Take a person's name and address out of everything that may lose them; what was his work is a pseudonym's."""
    async with DB.transaction():
        (await queries.standing_with(viewer, person)).need(ERASE)
        email: str | None = await fetch_value("SELECT email FROM person WHERE id = $1 FOR UPDATE", person)
        if email is None:
            raise NotFound
        await _judge(viewer, person)
        for statement in own_data.FORGETS:
            await execute(statement, str(person))
        await sessions.end_all(person)
        short = person.hex[-6:].upper()
        await execute(FORGET, person, f"Участник {short}", f"erased-{person.hex}@erased.invalid", viewer.now)
        await record(
            "person.erased", by=viewer.id, at=viewer.now, audience=Audience.PLATFORM, subject=person, live=False,
            commitment=_commitment(email),
        )  # fmt: skip


async def _judge(viewer: Viewer, person: UUID) -> None:
    if viewer.id == person:
        raise Forbidden(NOT_ONESELF)
    teams = {grant.where for grant in await queries.grants_of(person) if grant.scope is Scope.TEAM}
    if any(grant.scope is Scope.TEAM and grant.where in teams for grant in viewer.grants):
        raise Forbidden(OWN_TEAM)
    if await fetch_value("SELECT erased_at IS NOT NULL FROM person WHERE id = $1", person):
        raise Refused(ERASED)
    if await queries.erasure_asked(person) is None:
        raise Refused(NOT_ASKED)


def _commitment(email: str) -> str:
    """Proves later whose account it was to whoever has the address and the installation's key, and to nobody else."""
    return hmac.new(settings().secret("erasure"), email.encode(), hashlib.sha256).hexdigest()
