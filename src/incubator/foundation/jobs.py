"""The outbox: work that must happen after a commit, kept as rows until its handler says that it is done.

A row is written in the action's transaction (`enqueue`). With REDIS_URL, arq workers run the handlers and Redis is only
a bell; without it the web process drains the same rows. Either way the row is marked done by the job itself, so losing
Redis, a worker or the web process loses nothing. Delivery is at least once: every handler is idempotent.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID as Id

from piccolo.columns import JSONB, UUID, Integer, Text, Timestamptz, Varchar
from piccolo.table import Table

from incubator.foundation.database import DB, execute, fetch, fetch_one, new_id

log = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any]], Awaitable[None]]
HANDLERS: dict[str, Handler] = {}

BACK_OFF = (5, 30, 120, 600, 3600)  # seconds before the next try; the last one repeats
GIVE_UP = timedelta(days=3)
BATCH = 20
IDLE = 30.0  # seconds between looks at the table when no bell rings


class Outbox(Table, db=DB, tablename="outbox"):
    """A piece of work to be done once its transaction is committed."""

    id = UUID(primary_key=True, default=new_id)
    kind = Varchar(length=40, null=False)
    payload = JSONB(null=False, default="{}")
    created_at = Timestamptz(null=False, default=None)
    next_at = Timestamptz(null=False, default=None)
    attempts = Integer(null=False, default=0)
    done_at = Timestamptz(null=True, default=None)
    failed_at = Timestamptz(null=True, default=None)
    fault = Text(null=False, default="")


class Waits(Exception):  # noqa: N818  (not a fault: the work can't be done yet)
    """Raised by a handler whose work must wait for the operator (no mail server, say); no attempt is counted."""

    def __init__(self, reason: str, seconds: int = 60) -> None:
        super().__init__(reason)
        self.seconds = seconds


class GivesUp(Exception):  # noqa: N818
    """Raised by a handler when trying again can't help (the address does not exist, say)."""


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Register a handler for rows of this kind; it gets the payload and runs outside any transaction."""

    def register(handler: Handler) -> Handler:
        HANDLERS[kind] = handler
        return handler

    return register


async def enqueue(kind: str, **payload: object) -> None:
    """Leave work to be done after the commit of the caller's transaction; `payload` holds ids only."""
    await execute(
        "WITH row AS (INSERT INTO outbox (id, kind, payload, created_at, next_at, attempts, fault)"
        " VALUES ($1, $2, $3::jsonb, now(), now(), 0, '') RETURNING id) SELECT pg_notify('outbox', id::text) FROM row",
        new_id(), kind, json.dumps(payload, default=str),
    )  # fmt: skip


async def run(row_id: Id) -> bool:
    """Run one row if it is due and nobody else has it; whether it was run. The row stays locked meanwhile."""
    async with DB.transaction():
        row = await fetch_one(
            "SELECT id, kind, payload, attempts, created_at < now() - $2::interval AS stale FROM outbox"
            " WHERE id = $1 AND done_at IS NULL AND failed_at IS NULL AND next_at <= now() FOR UPDATE SKIP LOCKED",
            row_id, GIVE_UP,
        )  # fmt: skip
        if row is None:
            return False
        await _settle(row)
    return True


async def _settle(row: Mapping[str, Any]) -> None:
    """Run the handler apart from our transaction, then write down in it what became of the row."""
    try:
        await asyncio.create_task(_handle(row["kind"], json.loads(row["payload"])), context=_no_transaction())
    except Waits as wait:
        await _put_off(row["id"], wait.seconds, str(wait), attempts=row["attempts"])
    except GivesUp as fault:
        await _fail(row["id"], str(fault))
    except Exception as fault:
        log.warning("job %s %s failed: %r", row["kind"], row["id"], fault)
        if row["stale"]:
            await _fail(row["id"], repr(fault))
        else:
            pause = BACK_OFF[min(row["attempts"], len(BACK_OFF) - 1)]
            await _put_off(row["id"], pause, repr(fault), attempts=row["attempts"] + 1)
    else:
        await execute("UPDATE outbox SET done_at = now(), attempts = attempts + 1, fault = '' WHERE id = $1", row["id"])


def _no_transaction() -> Any:
    """A context in which the handler's own transactions are real ones, not parts of the lock's."""
    import contextvars

    return contextvars.Context()


async def _handle(kind: str, payload: Mapping[str, Any]) -> None:
    handler = HANDLERS.get(kind)
    if handler is None:
        raise GivesUp(f"nobody handles {kind}")
    await handler(payload)


async def _put_off(row_id: Id, seconds: int, fault: str, *, attempts: int) -> None:
    await execute(
        "UPDATE outbox SET next_at = now() + make_interval(secs => $2), fault = $3, attempts = $4 WHERE id = $1",
        row_id, seconds, fault[:500], attempts,
    )  # fmt: skip


async def _fail(row_id: Id, fault: str) -> None:
    await execute("UPDATE outbox SET failed_at = now(), fault = $2 WHERE id = $1", row_id, fault[:500])


async def due(limit: int = BATCH) -> list[Id]:
    """Ids of rows to run now, oldest first."""
    rows = await fetch(
        "SELECT id FROM outbox WHERE done_at IS NULL AND failed_at IS NULL AND next_at <= now()"
        " ORDER BY next_at LIMIT $1",
        limit,
    )
    return [row["id"] for row in rows]


async def drain() -> int:
    """Run everything that is due; how many rows ran."""
    done = 0
    while batch := await due():
        ran = [await run(row_id) for row_id in batch]
        done += sum(ran)
        if not any(ran):
            break
    return done


async def wake_now(kind: str) -> int:
    """Make waiting rows of a kind due at once (the operator has mended the mail server, say); how many."""
    return await execute(
        "UPDATE outbox SET next_at = now() WHERE kind = $1 AND done_at IS NULL AND failed_at IS NULL", kind
    )


async def keep_draining(bell: asyncio.Event) -> None:
    """The web process's own worker: drains at each ring and every half minute, until cancelled."""
    while True:
        bell.clear()
        try:
            await drain()
        except Exception:
            log.exception("the outbox could not be drained; trying again")
        try:
            async with asyncio.timeout(IDLE):
                await bell.wait()
        except TimeoutError:
            continue


async def backlog() -> Mapping[str, Any]:
    """Figures for the health page: rows waiting, rows failed, age of the oldest due row in seconds."""
    row = await fetch_one(
        "SELECT count(*) FILTER (WHERE failed_at IS NULL) AS waiting, count(*) FILTER (WHERE failed_at IS NOT NULL)"
        " AS failed, coalesce(extract(epoch FROM now() - min(next_at) FILTER (WHERE failed_at IS NULL"
        " AND next_at <= now())), 0)::int AS oldest_due_seconds FROM outbox WHERE done_at IS NULL"
    )
    return dict(row or {})
