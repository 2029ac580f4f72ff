"""Transactions that survive failing commits, lost servers, cancellation; keys; migration by two at once."""

import asyncio
import contextlib
import re
import uuid

import asyncpg
import pytest

from incubator.foundation import database
from incubator.foundation.database import DB, execute, fetch_value, new_id, stream
from incubator.settings import PACKAGE


@pytest.fixture
async def scratch(db):
    """A table whose constraint is looked at only at COMMIT."""
    await execute("CREATE TABLE scratch (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    yield
    await execute("DROP TABLE scratch")


async def failing_commit():
    async with DB.transaction():
        await execute("INSERT INTO scratch VALUES (1), (1)")


async def two_at_once():
    async with DB.transaction():
        await asyncio.gather(*(fetch_value("SELECT pg_sleep(0.01)") for _ in range(3)))


async def killed_server():
    async with DB.transaction():
        pid = await fetch_value("SELECT pg_backend_pid()")
        async with DB.pool.acquire() as killer:
            await killer.execute("SELECT pg_terminate_backend($1, 10000)", pid)
        await asyncio.sleep(0.05)
        await fetch_value("SELECT 1")


async def cancelled():
    async def slow():
        async with DB.transaction():
            await fetch_value("SELECT pg_sleep(5)")

    task = asyncio.create_task(slow())
    await asyncio.sleep(0.05)
    task.cancel()
    await task


@pytest.mark.parametrize("fault", [failing_commit, two_at_once, killed_server, cancelled])
async def test_a_broken_transaction_leaks_nothing(scratch, fault):
    assert DB.pool is not None
    for _ in range(DB.pool.get_max_size() + 2):
        with pytest.raises(BaseException):
            await fault()
        assert DB.current_transaction.get() is None
    async with asyncio.timeout(20):
        async with DB.transaction():
            await execute("INSERT INTO scratch VALUES (7)")
    assert await fetch_value("SELECT count(*) FROM scratch") == 1


async def test_piccolos_own_transaction_does_leak(scratch):
    """The negative control: without our class the task is left inside a dead transaction."""
    from piccolo.engine.postgres import PostgresTransaction

    async def stock():
        with contextlib.suppress(asyncpg.PostgresError):
            async with PostgresTransaction(engine=DB):
                await execute("INSERT INTO scratch VALUES (1), (1)")
        dead = DB.current_transaction.get()
        assert dead is not None
        await DB.pool.release(dead.connection)  # what the stock one forgot

    await asyncio.create_task(stock())


async def test_an_inner_transaction_joins_the_outer(scratch):
    with pytest.raises(ZeroDivisionError):
        async with DB.transaction():
            async with DB.transaction():
                await execute("INSERT INTO scratch VALUES (1)")
            raise ZeroDivisionError
    assert await fetch_value("SELECT count(*) FROM scratch") == 0


def test_keys_are_version_7_and_sort_by_time():
    keys = [new_id() for _ in range(1000)]
    assert len(set(keys)) == 1000
    assert {key.version for key in keys} == {7}
    assert {key.variant for key in keys} == {uuid.RFC_4122}
    stamps = [key.int >> 80 for key in keys]
    assert stamps == sorted(stamps)


async def test_two_processes_migrate_once(server):
    """Two migrations of an empty database at once: both end well, every step is there once."""
    admin = await asyncpg.connect(server)
    await admin.execute("CREATE DATABASE twice")
    await admin.close()
    target = server.replace("/postgres?", "/twice?")
    code = "import asyncio, sys; from incubator.foundation import database; asyncio.run(database.migrate(sys.argv[1]))"
    import sys

    runs = [await asyncio.create_subprocess_exec(sys.executable, "-c", code, target) for _ in range(2)]
    assert [await run.wait() for run in runs] == [0, 0]
    made = await asyncpg.connect(target)
    names = [row["name"] for row in await made.fetch("SELECT name FROM migration")]
    await made.close()
    assert len(names) == len(set(names)) >= 2


async def test_no_migration_is_pending_and_none_is_missing(dsn, pool):
    assert await database.pending_migrations() == []


@pytest.mark.parametrize("table", ["journal_entry", "revision", "case_version", "cohort_blueprint"])
async def test_what_happened_can_not_be_changed(db, table):
    trigger = "SELECT count(*) FROM pg_trigger WHERE tgrelid = $1::regclass AND tgname = 'append_only'"
    assert await fetch_value(trigger, table) == 1


async def test_a_journal_row_can_not_be_changed_or_deleted(db):
    await execute("INSERT INTO journal_entry (at, verb, audience, data) VALUES (now(), 'x', 'team', '{}')")
    for statement in ("UPDATE journal_entry SET verb = 'y'", "DELETE FROM journal_entry"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await execute(statement)


SESSION_STATE = re.compile(r"pg_advisory_lock|pg_try_advisory_lock|set_config|add_listener|\bLISTEN \w|SET SESSION|SET ROLE|CREATE TEMP|WITH HOLD")  # fmt: skip
OWN_CONNECTIONS = {"foundation/database.py", "foundation/live.py", "upkeep.py"}


def test_no_statement_leaves_state_in_a_session_of_the_pool():
    """Connections come back to the pool as they are; what would stay in one belongs to a connection of its own."""
    found = {
        path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if SESSION_STATE.search(path.read_text())
    }
    assert found <= OWN_CONNECTIONS


async def test_readers_of_long_answers_leave_connections_for_pages(db):
    assert DB.pool is not None

    async def read(first: asyncio.Event, go_on: asyncio.Event) -> int:
        count = 0
        async for rows in stream("SELECT generate_series(1, 1000)", batch=100):
            first.set()
            await go_on.wait()
            count += len(rows)
        return count

    go_on, begun = asyncio.Event(), [asyncio.Event() for _ in range(DB.pool.get_max_size() + 2)]
    readers = [asyncio.create_task(read(first, go_on)) for first in begun]
    await asyncio.wait_for(begun[0].wait(), 30)
    assert await fetch_value("SELECT 1") == 1
    assert sum(first.is_set() for first in begun) <= database.STREAMS
    go_on.set()
    assert await asyncio.gather(*readers) == [1000] * len(readers)
