"""What the commands do to the database: bring it up to date, play the demo, add an account."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypedDict, TypeVar, cast
from uuid import UUID

import asyncpg

from incubator.foundation import database
from incubator.foundation.refusals import Refusal
from incubator.settings import OperatorError

T = TypeVar("T")
log = logging.getLogger(__name__)

DEMO_LOCK = 0x1CBA_7043  # beside database.MIGRATION_LOCK
NO_DATABASE = """\
The database of DATABASE_URL can't be used: {reason}
Check the address, the user and the password, and that PostgreSQL runs there."""
NOT_EMPTY = """\
The database holds data that is not the demo's, so the demo is not loaded.
Use another database: set DATABASE_URL, or INCUBATOR_VAR to a new folder."""
NO_ROLE = """\
The database has no role {role}. Make it first:  CREATE ROLE {role} LOGIN PASSWORD '…'"""
NO_LEDGER = """\
There is no score ledger of a round {round}: it begins when the round opens.
`incubator ledger list` names those that there are."""
AWAY = (OSError, *database.AWAY)
UNREACHABLE = (*AWAY, asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)


class UpkeepError(OperatorError):
    """The database is not fit for what was asked; `passes` says that it may be in a moment."""

    passes = False


class Account(TypedDict):
    """A demo account; `role` is one of organiser, moderator, juror, team_lead, participant, admin."""

    role: str
    email: str
    password: str
    name: str


class Story(TypedDict):
    """What `incubator demo --json` prints."""

    accounts: list[Account]
    cohorts: list[dict[str, str]]


def _finish(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except Refusal as refusal:  # said in plain words, for it may have to cross to another process
        raise UpkeepError(str(refusal)) from refusal


def migrate(address: str) -> None:
    """Bring the schema up to date."""
    _finish(_migrated(address))


def grant(address: str, role: str) -> None:
    """Give a role of the database what serving pages takes; what is written once it may not change (`GRANTS`)."""
    _finish(_granted(address, role))


def prepare(address: str, *, with_demo: bool, role: str = "") -> tuple[list[Account], str]:
    """Schema and, if it is wanted, the demo in an empty database. Accounts of the demo if it is there, and the code of
    the set-up ("" when somebody is in the database). A demo that was taken out does not come back by itself. `role` is
    the one that will serve the pages, made where it is missing.
    """
    return _finish(_prepared(address, with_demo=with_demo, role=role))


def setup_code(address: str) -> str:
    """The code that opens the set-up of an empty installation; "" when it has been set up."""
    return _finish(_setup_code(address))


def load_demo(address: str) -> Story:
    """The demo, loaded now or earlier; UpkeepError when the database holds something else."""
    return _finish(_loaded(address))


def remove_demo(address: str) -> Story:
    """Take the demo out; what is left of it, that is nothing."""
    return _finish(_removed(address))


def add_user(address: str, *, email: str, name: str, role: str, programme: str | None, password: str | None) -> str:
    """Make an account; the link on which the person sets a password, or nothing when one was given."""
    return _finish(_added(address, email=email, name=name, role=role, programme=programme, password=password))


def reset_link(address: str, email: str) -> str:
    """A link on which the person sets a new password; UpkeepError when there is no such account."""
    return _finish(_forgotten(address, email))


def ledgers(address: str) -> list[tuple[UUID, str, str]]:
    """Id, name and root of every round that has a ledger, the latest first."""
    return _finish(_ledgers(address))


def verify_ledger(address: str, round_id: UUID, root: str | None) -> tuple[list[str], str]:
    """What is wrong with the ledger of a round, and its root."""
    return _finish(_verified(address, round_id, root))


def ledger_lines(address: str, round_id: UUID) -> list[str]:
    """The entries of a round, each as a line of JSON."""
    return _finish(_ledger_lines(address, round_id))


async def _migrated(address: str) -> None:
    try:
        await database.migrate(address)
    except UNREACHABLE as fault:
        told = UpkeepError(NO_DATABASE.format(reason=fault))
        told.passes = isinstance(fault, AWAY)
        raise told from fault


GRANTS = """
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
REVOKE INSERT, UPDATE, DELETE ON migration FROM {role};
REVOKE INSERT ON ledger_entry FROM {role};
REVOKE UPDATE, DELETE ON {written_once} FROM {role};
"""
WRITTEN_ONCE = """
SELECT string_agg(DISTINCT c.relname, ', ') FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE t.tgname = 'append_only'
"""


async def _granted(address: str, role: str, *, make: bool = False) -> None:
    await _migrated(address)
    connection = await asyncpg.connect(address, timeout=10)
    try:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role):
            if not make:
                raise UpkeepError(NO_ROLE.format(role=role))
            await connection.execute(f"CREATE ROLE {role} LOGIN")
        quoted = await connection.fetchval("SELECT quote_ident($1)", role)
        written_once = await connection.fetchval(WRITTEN_ONCE)
        await connection.execute(GRANTS.format(role=quoted, written_once=written_once))
    finally:
        await connection.close()


async def _prepared(address: str, *, with_demo: bool, role: str) -> tuple[list[Account], str]:
    await _migrated(address)
    if role:
        await _granted(address, role, make=True)
    if not with_demo:
        return [], await _setup_code(address)
    async with _stage(address) as story:
        told = await _played(story, again=False)
        return told["accounts"], await _open_code()


async def _setup_code(address: str) -> str:
    async with _pool(address):
        return await _open_code()


async def _open_code() -> str:
    from incubator.installation import queries

    return await queries.code() if await queries.is_open() else ""


async def _loaded(address: str) -> Story:
    await _migrated(address)
    async with _stage(address) as story:
        told = await _played(story)
    if not told["accounts"]:
        raise UpkeepError(NOT_EMPTY)
    return told


TAKEN_OUT = "SELECT EXISTS (SELECT FROM installation WHERE demo_removed_at IS NOT NULL)"


async def _played(story: Any, *, again: bool = True) -> Story:
    """The demo, loaded if the database is empty; a load that is killed half-way leaves it empty.

    Unless it is wanted `again`, one that was taken out stays out.
    """
    taken_out = not again and await database.fetch_value(TAKEN_OUT)
    if not taken_out and not await database.fetch_value("SELECT EXISTS (SELECT FROM person)"):
        log.info("loading the demo; this happens once and takes a moment")
        await story.load()
    return cast("Story", await story.describe())


async def _removed(address: str) -> Story:
    await _migrated(address)
    async with _stage(address) as story:
        await story.remove()
        await _open_code()  # the row that the next line writes to
        await database.execute("UPDATE installation SET demo_removed_at = now()")
        return cast("Story", await story.describe())


async def _added(address: str, *, email: str, name: str, role: str, programme: str | None, password: str | None) -> str:
    from incubator.people.administering import add_user as add  # here: it pulls in the features below it

    await _migrated(address)
    async with _pool(address):
        return await add(email, name, role, programme, password)


async def _forgotten(address: str, email: str) -> str:
    from incubator.people import administering  # here: it pulls in the features below it

    await _migrated(address)
    async with _pool(address):
        if link := await administering.reset_link(email):
            return link
    raise UpkeepError(f"There is no open account with the address {email}.")


ROUNDS = """
SELECT r.id, r.name, c.name AS cohort FROM scoring_round r JOIN cohort c ON c.id = r.cohort
WHERE r.opened_at IS NOT NULL ORDER BY r.opened_at DESC
"""


async def _ledgers(address: str) -> list[tuple[UUID, str, str]]:
    from incubator.jury.ledger import book  # here: it pulls in the features below it

    await _migrated(address)
    async with _pool(address):
        rows = await database.fetch(ROUNDS)
        return [(row["id"], f"{row['cohort']}: {row['name']}", await book.root_of(row["id"])) for row in rows]


async def _verified(address: str, round_id: UUID, root: str | None) -> tuple[list[str], str]:
    from incubator.jury.ledger import book  # here: it pulls in the features below it

    await _migrated(address)
    async with _pool(address):
        faults, found = await book.verify(round_id, root)
    if not found:
        raise UpkeepError(NO_LEDGER.format(round=round_id))
    return faults, found


async def _ledger_lines(address: str, round_id: UUID) -> list[str]:
    from incubator.jury.ledger import book  # here: it pulls in the features below it

    await _migrated(address)
    async with _pool(address):
        found = await book.entries(round_id)
    if not found:
        raise UpkeepError(NO_LEDGER.format(round=round_id))
    return [json.dumps(row, separators=(",", ":")) for row in found]


@contextlib.asynccontextmanager
async def _stage(address: str) -> AsyncIterator[Any]:
    """The demo's module; nobody else loads, removes or reads a half-loaded demo meanwhile."""
    from incubator import demo  # here: it pulls in every feature

    guard = await asyncpg.connect(address, timeout=10)
    try:
        await guard.execute("SELECT pg_advisory_lock($1)", DEMO_LOCK)
        async with _pool(address):
            yield demo
    finally:
        await guard.close()


@contextlib.asynccontextmanager
async def _pool(address: str) -> AsyncIterator[None]:
    from incubator import features  # here: it pulls in every feature

    features.handlers()  # those who read the journal must be there when something is recorded: letters are written so
    await database.connect(address)
    try:
        yield
    finally:
        await database.disconnect()
