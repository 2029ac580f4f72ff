"""The people of the tests and how they come in: accounts, sessions, viewers, and worlds built through actions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import httpx
from incubator.foundation.database import DB, fetch_value
from incubator.people import actions, queries, sessions
from incubator.people.rights import Role, Scope, Viewer
from incubator.settings import settings

PASSWORD = "семь сов на сосне"  # good enough for every rule


@dataclass(frozen=True)
class Person:
    """Somebody of the cast."""

    id: UUID
    name: str
    email: str


async def now() -> datetime:
    """PostgreSQL's clock."""
    moment: datetime = await fetch_value("SELECT now()")
    return moment


async def person(name: str, email: str, password: str | None = None) -> Person:
    """An account; with `password` one that can sign in through the form (that costs a hash)."""
    async with DB.transaction():
        made = await actions.ensure_person(email, name, await now())
    if password is not None:
        await actions.set_password(made, password)
    return Person(made, name, email)


async def give(
    who: Person, role: Role, scope: Scope, scope_id: UUID | None = None, *, cohort: UUID | None = None
) -> UUID:
    """A role, as if it had been accepted; the id of the grant."""
    async with DB.transaction():
        return await actions.give_role(who.id, role, scope, scope_id, cohort=cohort, by=None, at=await now())


async def administrator(name: str = "Олег Тихонов", email: str = "admin@example.org") -> Person:
    """Who runs the installation."""
    made = await person(name, email)
    await give(made, Role.ADMINISTRATOR, Scope.PLATFORM)
    return made


async def sign_in(client: httpx.AsyncClient, who: Person | UUID) -> httpx.AsyncClient:
    """Open a session without the form and its hash; the client carries the cookie and the CSRF header from now on."""
    person_id = who if isinstance(who, UUID) else who.id
    token = await sessions.begin(person_id)
    client.cookies.clear()
    client.cookies.set(sessions.cookie_name(settings()), token, domain="127.0.0.1")
    client.headers["x-csrf-token"] = sessions.csrf_token(queries.token_fingerprint(token))
    return client


def sign_out(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The client becomes a visitor; the session in the database stays."""
    client.cookies.clear()
    client.headers.pop("x-csrf-token", None)
    return client


async def viewer(who: Person | UUID, *, at: datetime | None = None) -> Viewer:
    """The person as actions see him, at a chosen moment or now."""
    person_id = who if isinstance(who, UUID) else who.id
    return await queries.viewer_for(person_id, at or await now())


def at(someone: Viewer, moment: datetime) -> Viewer:
    """The same viewer at another moment."""
    return replace(someone, now=moment)


async def counts() -> Mapping[str, int]:
    """Rows of every table: a refused request leaves them as they were (sessions are touched by reading)."""
    from incubator.foundation.database import fetch

    tables = await fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration'")
    return {t["tablename"]: await fetch_value(f'SELECT count(*) FROM "{t["tablename"]}"') for t in tables}
