"""Races in a fixed order: PostgreSQL itself stops a writer just before its row, until the test lets it pass.

A trigger of the test's waits for an advisory lock that the test holds. So a window which chance alone hits now and then is
open for as long as the test wants: what a lock of ours prevents happens each time, when that lock is taken away.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from incubator.foundation.database import DB, execute

KEY = 0x6A7E  # no lock of ours has it: theirs are made of 64 bits of an id
# Waiting here is the test's doing: the limit that keeps people from waiting doesn't end it.
HOLD = f"""
CREATE OR REPLACE FUNCTION test_gate() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared({KEY}); RETURN NEW; END $$
"""
WAITING = f"SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND classid = 0 AND objid = {KEY}"
OTHERS = "SELECT count(*) - 1 FROM pg_locks WHERE NOT granted"


class Gate:
    """A closed gate; who comes to it waits. It watches over a connection of its own."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def reached(self) -> None:
        """Until somebody stands here."""
        async with asyncio.timeout(60):
            while await self.connection.fetchval(WAITING) == 0:
                await asyncio.sleep(0.005)

    async def stopped(self, task: asyncio.Task) -> None:
        """Until this other one goes no further: it is done, stands here as well, or waits for a lock of who stands here."""
        async with asyncio.timeout(60):
            while not task.done() and await self.connection.fetchval(OTHERS) == 0:
                await asyncio.sleep(0.005)

    async def open(self) -> None:
        """Let everybody pass, now and later."""
        await self.connection.fetchval(f"SELECT pg_advisory_unlock({KEY})")


@asynccontextmanager
async def gate(table: str, event: str) -> AsyncIterator[Gate]:
    """A gate before every row that comes into `table` by this event (INSERT or UPDATE), ahead of our own triggers."""
    await execute(HOLD)
    # Triggers fire in the order of their names.
    await execute(f"CREATE TRIGGER a_gate BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION test_gate()")
    try:
        async with DB.pool.acquire() as connection:
            await connection.execute(f"SELECT pg_advisory_lock({KEY})")
            yield Gate(connection)  # whatever happens: with the connection goes its lock
    finally:
        await execute(f"DROP TRIGGER a_gate ON {table}")
