"""The live hub on a real PostgreSQL: who hears what, after a lost connection too, and when a stream ends."""

import asyncio
import uuid

import asyncpg
import pytest

from incubator.foundation import live
from incubator.foundation.database import DB, execute, fetch_value
from incubator.foundation.live import MOST_STREAMS, Hub


@pytest.fixture
async def hub(db, dsn, monkeypatch):
    """A hub that listens, with a short ping."""
    monkeypatch.setattr(live, "PING", 0.3)
    made, ready = Hub(), asyncio.Event()
    made.ring_on_outbox(ready.set)  # it rings last of all, when it has begun to listen and has told everybody
    task = asyncio.create_task(made.run(dsn))
    await ready.wait()
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def listening() -> None:
    """Wait until the hub's connection is there."""
    async with asyncio.timeout(30):
        while not await fetch_value(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
        ):
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)


async def yes() -> bool:
    return True


async def heard(stream, *, seconds: float = 30.0) -> bytes:
    """The first real event, past the pings."""
    async with asyncio.timeout(seconds):
        async for piece in stream:
            if piece.startswith(b"event"):
                return piece
    return b""


async def begun(hub: Hub, owner, topics, still=yes):
    stream = hub.stream(owner, frozenset(topics), still)
    assert (await anext(stream)).startswith(b"retry")
    return stream


async def say(cohort: uuid.UUID) -> None:
    await execute("SELECT pg_notify('journal', $1)", f"1 {cohort} -")


async def test_a_listener_hears_its_own_cohort_only(hub):
    mine, other = uuid.uuid4(), uuid.uuid4()
    stream = await begun(hub, "anna", [str(mine)])
    await say(other)
    with pytest.raises(TimeoutError):
        await heard(stream, seconds=0.6)
    stream = await begun(hub, "anna", [str(mine)])
    await say(mine)
    assert b"event: changed" in await heard(stream)


async def test_nothing_is_heard_of_a_transaction_that_failed(hub):
    mine = uuid.uuid4()
    stream = await begun(hub, "anna", [str(mine)])
    with pytest.raises(ZeroDivisionError):
        async with DB.transaction():
            await say(mine)
            raise ZeroDivisionError
    with pytest.raises(TimeoutError):
        await heard(stream, seconds=0.6)


async def test_after_a_lost_connection_everybody_resyncs(hub, dsn):
    stream = await begun(hub, "anna", [str(uuid.uuid4())])
    killer = await asyncpg.connect(dsn)
    await killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
    )
    await killer.close()
    assert b"event: resync" in await heard(stream, seconds=5)


async def test_a_stream_ends_when_the_right_is_taken_away(hub):
    allowed = True

    async def still() -> bool:
        return allowed

    stream = await begun(hub, "anna", [str(uuid.uuid4())], still)
    allowed = False
    async with asyncio.timeout(30):
        assert [piece async for piece in stream] == []


async def test_nobody_opens_more_streams_than_four(hub):
    streams = [await begun(hub, "anna", ["x"]) for _ in range(MOST_STREAMS)]
    assert hub.full("anna")
    assert not hub.full("boris")
    await streams[0].aclose()
    assert not hub.full("anna")
    for stream in streams[1:]:
        await stream.aclose()


async def test_a_stream_outlives_a_database_that_is_away_and_tells_nothing_meanwhile(monkeypatch):
    monkeypatch.setattr(live, "PING", 0.05)
    hub, away = live.Hub(), [True]

    async def still() -> bool:
        if away[0]:
            raise ConnectionError("no database")
        return True

    events = hub.stream("somebody", frozenset({"a"}), still)
    assert (await anext(events)).startswith(b"retry")
    hub._hear(None, 0, "journal", "- a")
    assert (await anext(events)).startswith(b":")
    away[0] = False
    told = [await anext(events) for _ in range(2)]
    assert b"event: resync\ndata: resync\n\n" in told
    await events.aclose()
