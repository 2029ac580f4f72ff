"""Workers by arq, for installations with Redis: as many processes as wanted run the rows of the outbox.

Redis is only a bell. A ring names a row; the row itself says whether it is still to be done. A ring that is lost costs at
most half a minute, for every worker looks at the table by itself that often. While Redis can't be reached the web process
does the work.
"""

import asyncio
import contextlib
import logging
import time
from typing import Any
from uuid import UUID

import msgspec.msgpack
from arq import ArqRedis, cron, run_worker
from arq.connections import RedisSettings
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from incubator.foundation import database, jobs
from incubator.settings import settings

log = logging.getLogger(__name__)

TIMEOUT = 60  # seconds for one job; a killed worker's ring is free again ten seconds after that
AT_ONCE = 4  # jobs of a worker; each holds two connections to the database
PATIENCE = 5.0  # seconds between looks while there is work left, or no Redis
RINGS = 100  # rows rung for at once
UNREACHABLE = (RedisError, OSError)
NOT_UP = (RedisError, *database.FAULTS)  # a database that starts, stops or has no place left says so by an error


async def run_row(_: dict[Any, Any], row_id: str) -> bool:
    """One row of the outbox."""
    return await jobs.run(UUID(row_id))


async def drain(ctx: dict[Any, Any]) -> int:  # noqa: ARG001  (arq's name)
    """Everything that is due, for rings that were lost."""
    return await jobs.drain()


async def tidy(ctx: dict[Any, Any]) -> None:  # noqa: ARG001  (arq's name)
    """Clear up what is over."""
    await jobs.tidy()


async def _start(_: dict[Any, Any]) -> None:
    from incubator import features  # here: it pulls in every feature, and with them the handlers

    features.handlers()
    await database.connect(settings().database_url)
    await jobs.wake_all()


async def _stop(_: dict[Any, Any]) -> None:
    await database.disconnect()


class WorkerSettings:
    """What `incubator worker` runs."""

    redis_settings = RedisSettings.from_dsn(settings().redis_url or "redis://127.0.0.1:6379")
    functions = (run_row,)
    cron_jobs = (
        cron(drain, second={0, 30}, run_at_startup=True, timeout=TIMEOUT, keep_result=0, max_tries=1),
        cron(tidy, minute=set(range(0, 60, 10)), timeout=TIMEOUT, keep_result=0, max_tries=1),
    )
    on_startup = _start
    on_shutdown = _stop
    job_timeout = TIMEOUT
    job_completion_wait = 10
    max_jobs = AT_ONCE
    max_tries = 2
    keep_result = 0
    poll_delay = 0.2
    job_serializer = msgspec.msgpack.encode
    job_deserializer = msgspec.msgpack.decode


async def keep_ringing(bell: asyncio.Event) -> None:
    """In the web process: ring for every row that falls due, until cancelled. Does the work itself while Redis is away."""
    redis = connect(settings().redis_url)
    with contextlib.suppress(Exception):
        await jobs.wake_all()
    try:
        while True:
            bell.clear()
            await jobs.rung(bell, await _ring_or_work(redis))
    finally:
        await redis.aclose(close_connection_pool=True)


async def _ring_or_work(redis: ArqRedis) -> float:
    """One look at the table; seconds until the next."""
    try:
        await ring(redis)
        return max(PATIENCE, await jobs.pause())
    except UNREACHABLE as fault:
        log.warning("Redis can't be reached (%r): this process does the jobs meanwhile", fault)
    except Exception:
        log.exception("the bell could not be rung; trying again")
    try:
        await jobs.drain()
    except Exception:
        log.exception("the outbox could not be drained; trying again")
    return PATIENCE


async def ring(redis: ArqRedis) -> int:
    """Ring for the rows that are due; how many had not been rung for yet."""
    rings = [
        await redis.enqueue_job(run_row.__name__, str(row_id), _job_id=f"outbox:{row_id}")
        for row_id in await jobs.due(RINGS)
    ]
    return sum(each is not None for each in rings)


def connect(address: str) -> ArqRedis:
    """A client that connects when it is used, and again after it was lost."""
    pool = ConnectionPool.from_url(address, socket_connect_timeout=2, socket_timeout=5)
    return ArqRedis(pool, job_serializer=msgspec.msgpack.encode, job_deserializer=msgspec.msgpack.decode)


def work() -> None:
    """Run a worker until it is told to stop; when Redis or PostgreSQL goes away it waits for them."""
    while True:
        try:
            run_worker(WorkerSettings)  # type: ignore[arg-type]  # arq reads the attributes, its protocol is stricter
        except NOT_UP as fault:
            log.warning("Redis or PostgreSQL can't be reached (%r): trying again in %s seconds", fault, PATIENCE)
            time.sleep(PATIENCE)
        else:
            return
