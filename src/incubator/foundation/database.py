"""The engine with safe transactions, keys, raw reads, and migration under an advisory lock."""

import asyncio
import contextlib
import io
import os
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal

import asyncpg
from piccolo.columns import ForeignKey, OnDelete
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction
from piccolo.table import Table

MIGRATION_LOCK = 0x1CBA_7042  # one number for every process that migrates this database
STATEMENT_LIMIT = "20s"
LOCK_LIMIT = "5s"
PATIENCE = 2  # seconds for which the line for a connection may stand still
LONGEST = 10  # seconds that anybody stands in it, even if it moves: everybody hands in at once now and then
STREAMS = (
    2  # at a time in this process: each holds a connection for as long as its reader takes, the rest are for pages
)
LARGE = 1  # at a time in this process: an answer made of thousands of rows, which lie in memory until they are drawn

AWAY = (
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,
)
"""What is raised when no server is there, or it starts, stops, recovers, is full or too slow: it may be better in a moment."""
FAULTS = (OSError, asyncpg.PostgresError, asyncpg.InternalClientError, asyncpg.InterfaceError)
"""Whatever is raised by asking a database, for those who ask again whatever it was."""


class SafeTransaction(PostgresTransaction):
    """A transaction that always gives its connection back and never leaves a dead one behind.

    Piccolo's own leaks the connection when BEGIN or COMMIT fails, and later "transactions" of the task become no-ops.
    """

    engine: "SafeEngine"

    async def __aenter__(self) -> "PostgresTransaction":
        """Begin; a nested one is the outer."""
        if self._parent:
            return self._parent
        self.connection = await self.engine.take()
        try:
            self.transaction = self.connection.transaction()
            await self.transaction.start()
        except BaseException:
            _throw_away(self.connection)
            await self.engine.give_back(self.connection)
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        """Commit, or roll back on an error; a connection that failed in either is thrown away."""
        if self._parent:
            return False
        finished = False
        try:
            if error is not None and not self._rolled_back:
                await self.transaction.rollback()
            elif error is None and not (self._committed or self._rolled_back):
                await self.transaction.commit()
            finished = True
        finally:
            self.engine.current_transaction.reset(self.context)
            if not finished:
                _throw_away(self.connection)
            if self.engine.pool:
                await self.engine.give_back(self.connection)
            elif finished:
                await self.connection.close()
        return False


def _throw_away(connection: Any) -> None:
    """End a connection; one that the server has ended is back in its pool already, and says so by an error."""
    with contextlib.suppress(asyncpg.InterfaceError):
        connection.terminate()


class SafeEngine(PostgresEngine):
    """Piccolo's engine with `SafeTransaction`; its address is known only when the process has started."""

    def __init__(self) -> None:
        super().__init__(config={"dsn": ""}, extensions=(), log_queries=False)
        self.streams, self.large = asyncio.Semaphore(STREAMS), asyncio.Semaphore(LARGE)
        self.moved = 0.0  # when a connection was given back last, by the loop's clock

    async def take(self) -> Any:
        """A connection of the pool (without one, as while migrating, a connection of its own).

        Whoever has to wait keeps his place while the line moves. Raises TimeoutError when it stands still, and
        ConnectionError when there is no server.
        """
        pool = self.pool
        try:
            if pool is None:
                return await self.get_new_connection()
            # A timer is made only for who has to wait.
            return await (pool.acquire() if pool.get_idle_size() else self._stand_in_line(pool))
        except (
            OSError
        ) as fault:  # a socket's file that is gone too, which else would be one of our files that is missing
            raise ConnectionError(f"no database: {fault}") from fault

    async def _stand_in_line(self, pool: asyncpg.Pool) -> Any:
        clock = asyncio.get_running_loop().time
        began, turn = clock(), asyncio.ensure_future(pool.acquire())
        try:
            while not (await asyncio.wait({turn}, timeout=PATIENCE))[0]:
                if clock() - max(began, self.moved) >= PATIENCE or clock() - began >= LONGEST:
                    raise TimeoutError("the line for a connection stands still")
            return turn.result()
        except BaseException:
            if not turn.cancel() and not turn.cancelled() and turn.exception() is None:  # it came at this very moment
                await pool.release(turn.result())
            raise

    async def give_back(self, connection: Any) -> None:
        """To the pool, which no cancellation interrupts."""
        self.moved = asyncio.get_running_loop().time()
        if self.pool is not None:
            await self.pool.release(connection)

    def transaction(self, allow_nested: bool = True) -> SafeTransaction:
        """A transaction; a nested one joins the outer."""
        return SafeTransaction(engine=self, allow_nested=allow_nested)

    # Piccolo asks the server for its version when an engine is made; ours has no address yet.
    async def prep_database(self) -> None:
        """Nothing to prepare: we use no extension."""

    async def check_version(self) -> None:
        """The supported version is checked by `connect`."""


DB = SafeEngine()


async def connect(dsn: str, *, smallest: int = 1, largest: int = 10) -> None:
    """Open the pool of this process."""
    DB.config = {"dsn": dsn}
    DB.streams, DB.large = asyncio.Semaphore(STREAMS), asyncio.Semaphore(LARGE)
    limits = {"statement_timeout": STATEMENT_LIMIT, "lock_timeout": LOCK_LIMIT, "jit": "off"}
    DB.pool = await asyncpg.create_pool(
        dsn, min_size=smallest, max_size=largest, timeout=5, reset=_as_it_was,
        server_settings={"application_name": "incubator", **limits},
    )  # fmt: skip


async def _as_it_was(_: asyncpg.Connection) -> None:
    """Nothing: our statements leave no state in a session (no SET, no LISTEN, no lock beyond the transaction).

    asyncpg would ask the server to forget such state each time a connection comes back, one round trip for every read.
    An open transaction it rolls back all the same.
    """


async def disconnect() -> None:
    """Close the pool; statements still running get five seconds."""
    pool, DB.pool = DB.pool, None
    if pool is not None:
        try:
            async with asyncio.timeout(5):
                await pool.close()
        except TimeoutError:
            pool.terminate()


@contextlib.asynccontextmanager
async def _connection() -> Any:
    transaction = DB.current_transaction.get()
    if transaction is not None:
        yield transaction.connection
        return
    if DB.pool is None:
        raise RuntimeError("connect() was not called")
    connection = await DB.take()
    try:
        yield connection
    finally:
        await DB.give_back(connection)


async def fetch(sql: str, *values: Any) -> list[asyncpg.Record]:
    """All rows of one statement, inside the current transaction if there is one."""
    async with _connection() as connection:
        rows: list[asyncpg.Record] = await connection.fetch(sql, *values)
        return rows


async def fetch_one(sql: str, *values: Any) -> asyncpg.Record | None:
    """The first row of one statement, or None."""
    async with _connection() as connection:
        return await connection.fetchrow(sql, *values)


async def fetch_value(sql: str, *values: Any) -> Any:
    """The first column of the first row, or None."""
    async with _connection() as connection:
        return await connection.fetchval(sql, *values)


async def execute(sql: str, *values: Any) -> int:
    """Run one statement; the number of rows it touched."""
    async with _connection() as connection:
        tag = (await connection.execute(sql, *values)).rpartition(" ")[2]
        return int(tag) if tag.isdecimal() else 0


async def stream(sql: str, *values: Any, batch: int = 500) -> AsyncIterator[list[asyncpg.Record]]:
    """All rows of one statement in batches, through a server-side cursor: memory stays flat however many there are."""
    async with DB.streams, _connection() as connection, connection.transaction(readonly=True):
        cursor = await connection.cursor(sql, *values)
        while rows := await cursor.fetch(batch):
            yield rows


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): sorts by time, and its 74 random bits can't be guessed."""
    moment = time.time_ns() // 1_000_000
    value = moment << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=value)


def ref(table: type[Table] | str, *, null: bool = False, index: bool = True) -> "ForeignKey[Any]":
    """A foreign key as we want it: not null, indexed, and nothing deleted behind one's back."""
    return ForeignKey(table, null=null, default=None, on_delete=OnDelete.restrict, index=index)


def bulk(rows: Sequence[Table], size: int = 1000) -> Iterator[Sequence[Table]]:
    """Slices of rows small enough for the 32,767 parameters of one statement."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


async def migrate(dsn: str) -> None:
    """Bring the schema up to date; two processes at once wait for each other."""
    os.environ["PICCOLO_CONF"] = "incubator.piccolo_conf"
    from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

    DB.config = {"dsn": dsn}
    guard = await asyncpg.connect(dsn, timeout=10)
    try:
        await guard.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        with contextlib.redirect_stdout(io.StringIO()) as words:
            result = await ForwardsMigrationManager(app_name="incubator", migration_id="all").run()
        if not result.success:
            raise RuntimeError(f"migration failed: {result.message}\n{words.getvalue()}")
    finally:
        await guard.close()


async def pending_migrations() -> list[str]:
    """Ids of migrations that the shipped code has and the database has not."""
    from incubator.settings import asset_folder

    shipped = {_migration_id(path.read_text()) for path in asset_folder("migrations").glob("*.py")} - {""}
    done = {row["name"] for row in await fetch("SELECT name FROM migration WHERE app_name = 'incubator'")}
    return sorted(shipped - done)


def _migration_id(source: str) -> str:
    return next((line.split('"')[1] for line in source.splitlines() if line.startswith("ID = ")), "")
