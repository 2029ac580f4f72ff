"""The outbox: work that must happen after a commit, kept as rows until its handler says that it is done.

A row is written in the action's transaction (`enqueue`). With REDIS_URL, arq workers run the handlers and Redis is only
a bell; without it the web process drains the same rows. Either way the row is marked done by the job itself, so losing
Redis, a worker or the web process loses nothing. Delivery is at least once: every handler is idempotent.
"""

import asyncio
import contextlib
import contextvars
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from piccolo.columns import JSONB, UUID, Integer, Text, Timestamptz, Varchar
from piccolo.table import Table

from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id

log = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any]], Awaitable[None]]
Farewell = Callable[[Mapping[str, Any], str], Awaitable[None]]
Chore = Callable[[], Awaitable[object]]
HANDLERS: dict[str, Handler] = {}
FAREWELLS: dict[str, Farewell] = {}
CHORES: list[Chore] = []

BACK_OFF = (5, 30, 120, 600, 3600)  # seconds before the next try; the last one repeats
MOST_ATTEMPTS = 75  # about three days
KEPT = timedelta(days=30)  # how long a row stays that was done
BATCH = 20
IDLE = 30.0  # seconds between looks at the table when no bell rings
TIDIED = 600.0  # seconds between rounds of chores


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


def handles(kind: str, *, farewell: Farewell | None = None) -> Callable[[Handler], Handler]:
    """Register a handler for rows of this kind; it gets the payload and runs outside any transaction.

    When the row is given up, `farewell` is called with payload and reason, in the transaction that says so.
    """

    def register(handler: Handler) -> Handler:
        HANDLERS[kind] = handler
        if farewell is not None:
            FAREWELLS[kind] = farewell
        return handler

    return register


async def enqueue(kind: str, **payload: object) -> None:
    """Leave work to be done after the commit of the caller's transaction; `payload` holds ids and short words."""
    await enqueue_all(kind, [payload])


async def enqueue_all(
    kind: str, payloads: Sequence[Mapping[str, object]], *, not_before: datetime | None = None
) -> None:
    """Leave several pieces of work of one kind, in one statement; a process that starts may look at them earlier."""
    await execute(
        "WITH rows AS (INSERT INTO outbox (id, kind, payload, created_at, next_at, attempts, fault)"
        " SELECT id, $2, payload::jsonb, now(), greatest(now(), $4), 0, ''"
        " FROM unnest($1::uuid[], $3::text[]) AS new (id, payload)"
        " RETURNING id) SELECT pg_notify('outbox', '') FROM rows LIMIT 1",
        [new_id() for _ in payloads], kind, [json.dumps(payload, default=str) for payload in payloads], not_before,
    )  # fmt: skip


async def run(row_id: uuid.UUID) -> bool:
    """Run one row if it is due and nobody else has it; whether it was run. The row stays locked meanwhile."""
    async with DB.transaction():
        row = await fetch_one(
            "SELECT id, kind, payload, attempts FROM outbox"
            " WHERE id = $1 AND done_at IS NULL AND failed_at IS NULL AND next_at <= now() FOR UPDATE SKIP LOCKED",
            row_id,
        )
        if row is None:
            return False
        await _settle(row)
    return True


async def _settle(row: Mapping[str, Any]) -> None:
    """Run the handler apart from our transaction, then write down in it what became of the row."""
    payload = json.loads(row["payload"])
    try:
        await asyncio.create_task(_handle(row["kind"], payload), context=contextvars.Context())
    except Waits as wait:
        await _put_off(row["id"], wait.seconds, str(wait), attempts=row["attempts"])
    except GivesUp as fault:
        await _fail(row, payload, str(fault))
    except Exception as fault:  # noqa: BLE001  (whatever it was, the row is tried again)
        log.warning("job %s %s failed: %r", row["kind"], row["id"], fault)
        if row["attempts"] + 1 >= MOST_ATTEMPTS:
            await _fail(row, payload, str(fault) or repr(fault))
        else:
            pause = BACK_OFF[min(row["attempts"], len(BACK_OFF) - 1)]
            await _put_off(row["id"], pause, str(fault) or repr(fault), attempts=row["attempts"] + 1)
    else:
        await execute(
            "UPDATE outbox SET done_at = now(), attempts = attempts + 1, fault = '', payload = '{}' WHERE id = $1",
            row["id"],
        )


async def _handle(kind: str, payload: Mapping[str, Any]) -> None:
    """In an empty context: the handler's own transactions are real ones, not parts of the one that holds the row."""
    handler = HANDLERS.get(kind)
    if handler is None:
        raise GivesUp(f"nobody handles {kind}")
    await handler(payload)


async def _put_off(row_id: uuid.UUID, seconds: int, fault: str, *, attempts: int) -> None:
    await execute(
        "UPDATE outbox SET next_at = now() + make_interval(secs => $2), fault = $3, attempts = $4 WHERE id = $1",
        row_id, max(1, seconds), fault[:500], attempts,
    )  # fmt: skip


async def _fail(row: Mapping[str, Any], payload: Mapping[str, Any], fault: str) -> None:
    await execute("UPDATE outbox SET failed_at = now(), fault = $2 WHERE id = $1", row["id"], fault[:500])
    farewell = FAREWELLS.get(row["kind"])
    if farewell is not None:
        await farewell(payload, fault)


async def due(limit: int = BATCH) -> list[uuid.UUID]:
    """Ids of rows to run now, oldest first, without those that somebody has in hand."""
    rows = await fetch(
        "SELECT id FROM outbox WHERE done_at IS NULL AND failed_at IS NULL AND next_at <= now()"
        " ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED",
        limit,
    )
    return [row["id"] for row in rows]


async def drain() -> int:
    """Run everything that is due; how many rows ran. A row that can't even be settled does not stop the others."""
    done = 0
    while batch := await due():
        ran = [await _run_safely(row_id) for row_id in batch]
        done += sum(ran)
        if not any(ran):
            break
    return done


async def _run_safely(row_id: uuid.UUID) -> bool:
    try:
        return await run(row_id)
    except Exception:
        log.exception("job %s could not be settled; it is tried again", row_id)
        return False


async def wake_all() -> int:
    """Make every waiting row due at once: a process that starts may know what the last one lacked (a mail server, say)."""
    return await execute(
        "UPDATE outbox SET next_at = now() WHERE id IN (SELECT id FROM outbox WHERE done_at IS NULL"
        " AND failed_at IS NULL AND next_at > now() FOR UPDATE SKIP LOCKED)"
    )


async def forget_old() -> int:
    """Delete rows that were done long ago; how many."""
    return await execute("DELETE FROM outbox WHERE done_at < now() - $1::interval", KEPT)


def chore(work: Chore) -> Chore:
    """Register clearing up that is done every few minutes; several processes may do it at once."""
    CHORES.append(work)
    return work


async def tidy() -> None:
    """One round of chores; one that fails does not stop the others."""
    for work in (forget_old, *CHORES):
        try:
            await work()
        except Exception:
            log.exception("clearing up failed; trying again later")


async def pause() -> float:
    """Seconds until there is something to do, at most IDLE."""
    seconds = await fetch_value(
        "SELECT extract(epoch FROM min(next_at) - now())::float8 FROM outbox WHERE done_at IS NULL AND failed_at IS NULL"
    )
    return IDLE if seconds is None else min(IDLE, max(1.0, seconds))


async def keep_draining(bell: asyncio.Event) -> None:
    """The web process's own worker: drains at each ring and whenever a row falls due, until cancelled."""
    with contextlib.suppress(Exception):
        await wake_all()
    tidied = -TIDIED
    while True:
        bell.clear()
        idle = IDLE
        if time.monotonic() - tidied > TIDIED:
            tidied = time.monotonic()
            await tidy()
        try:
            await drain()
            idle = await pause()
        except Exception:
            log.exception("the outbox could not be drained; trying again")
        await rung(bell, idle)


async def rung(bell: asyncio.Event, seconds: float) -> None:
    """Wait for the bell, but not longer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await bell.wait()


async def backlog() -> Mapping[str, Any]:
    """Figures for the health page: rows waiting, rows failed, age of the oldest due row in seconds."""
    row = await fetch_one(
        "SELECT count(*) FILTER (WHERE failed_at IS NULL) AS waiting, count(*) FILTER (WHERE failed_at IS NOT NULL)"
        " AS failed, coalesce(extract(epoch FROM now() - min(next_at) FILTER (WHERE failed_at IS NULL"
        " AND next_at <= now())), 0)::int AS oldest_due_seconds FROM outbox WHERE done_at IS NULL"
    )
    return dict(row or {})
