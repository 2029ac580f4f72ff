"""One real PostgreSQL for the run, migrated once; a clean database for each test that writes."""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("SECRET_KEY", "only for tests")

from incubator import settings as settings_module
from incubator.foundation import database
from incubator.foundation.postgres import embedded

pytest_plugins = ["sharing"]

settings.register_profile("any machine", settings(), deadline=None)  # how long an example takes says nothing here
settings.load_profile("any machine")

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "autovacuum": "off",  # it would count rows while the tables are empty, and plans for full ones would be bad
}


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Address of a fresh PostgreSQL that lives as long as the run; TEST_DATABASE_URL names another one instead."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    with embedded(tmp_path_factory.mktemp("postgres"), options=FAST) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def dsn(server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The migrated database of the run."""
    os.environ["DATABASE_URL"] = server
    os.environ["INCUBATOR_VAR"] = str(tmp_path_factory.mktemp("var"))
    settings_module.settings.cache_clear()
    await database.migrate(server)
    return server


@pytest.fixture(scope="session")
async def pool(dsn: str) -> AsyncIterator[None]:
    """The application's pool."""
    await database.connect(dsn, smallest=1, largest=10)
    yield
    await database.disconnect()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[object]:
    """One Chromium for the run."""
    from browser import chromium  # here: most tests need none

    async with chromium() as started:
        yield started


TABLES = """
SELECT quote_ident(relname) AS name, pg_relation_size(oid) AS size FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'migration'
"""
LEDGER = "ALTER TABLE ledger_entry {0} TRIGGER append_only; ALTER TABLE ledger_entry {0} TRIGGER never_emptied"
LARGE = 1_000_000  # bytes of one table


async def empty() -> None:
    """Take every row out of every table; only the owner of the ledger can, by taking its guard away.

    TRUNCATE makes new files for every table, which takes twenty times as long as to delete what a usual test wrote. What
    a test has left running is met all the same: it holds a lock, and nobody gets one beside ours.
    """
    assert database.DB.pool is not None
    async with database.DB.pool.acquire() as connection, connection.transaction():
        tables = await connection.fetch(TABLES)
        names = ", ".join(table["name"] for table in tables)
        await connection.execute(f"LOCK TABLE {names}; {LEDGER.format('DISABLE')}")
        if any(table["size"] > LARGE for table in tables):
            await connection.execute(f"TRUNCATE {names}")
        else:
            filled = "; ".join(f"DELETE FROM {table['name']}" for table in tables if table["size"])
            await connection.execute(f"SET LOCAL session_replication_role = replica; {filled}")
        await connection.execute(LEDGER.format("ENABLE ALWAYS"))


@pytest.fixture
async def db(pool: None) -> AsyncIterator[None]:
    """An empty database with real commits: notifications, deferred constraints and locks behave as in production."""
    await empty()
    yield


@pytest.fixture(scope="session")
async def app(pool: None) -> object:
    """The application as it is served, on the test's own loop and pool."""
    from incubator.app import create_app

    return create_app()


@pytest.fixture
async def client(app: object, db: None) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without JavaScript: keeps cookies, follows nothing by itself."""
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as made:
        yield made


class Counted:
    """Statements seen on every connection of the pool while the block runs."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __len__(self) -> int:
        return len(self.statements)


@pytest.fixture
def counting(pool: None) -> Iterator[object]:
    """`with counting() as seen:` … `assert len(seen) == 3`; BEGIN and COMMIT are not statements here."""

    @contextmanager
    def count() -> Iterator[Counted]:
        seen = Counted()
        original = asyncpg.Connection._do_execute

        async def counted(self: asyncpg.Connection, query: object, *args: object, **kwargs: object) -> object:
            # What the driver asks about types, once on each connection, is no statement of ours.
            if "typeinfo_tree" not in str(query) and "set_config('jit'" not in str(query):
                seen.statements.append(str(query))
            return await original(self, query, *args, **kwargs)

        asyncpg.Connection._do_execute = counted
        try:
            yield seen
        finally:
            asyncpg.Connection._do_execute = original

    yield count
