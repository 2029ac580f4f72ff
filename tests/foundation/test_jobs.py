"""The outbox: each row runs once however many drain it, waits, gives up, is tried again, and survives every crash."""

import asyncio

import asyncpg
import pytest

from incubator.foundation import jobs
from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value
from incubator.foundation.jobs import GivesUp, Waits, enqueue, enqueue_all


@pytest.fixture
def seen(db, monkeypatch):
    """Payloads in the order in which the handler saw them; no other handler is known."""
    monkeypatch.setattr(jobs, "HANDLERS", {})
    monkeypatch.setattr(jobs, "FAREWELLS", {})
    return []


def listen(seen, effect=None, *, farewell=None):
    @jobs.handles("test", farewell=farewell)
    async def handler(payload):
        seen.append(payload["n"])
        if effect is not None:
            await effect(payload)

    return handler


async def put(n=1):
    async with DB.transaction():
        await enqueue("test", n=n)


async def row():
    return await fetch_one("SELECT * FROM outbox")


async def due_again():
    await execute("UPDATE outbox SET next_at = now()")


async def test_work_is_left_only_by_a_committed_transaction(seen):
    listen(seen)
    with pytest.raises(ZeroDivisionError):
        async with DB.transaction():
            await enqueue("test", n=1)
            raise ZeroDivisionError
    await put(2)
    assert await jobs.drain() == 1
    assert seen == [2]


async def test_done_is_done_and_its_payload_is_gone(seen):
    listen(seen)
    await put()
    assert await jobs.drain() == 1
    assert await jobs.drain() == 0
    kept = await row()
    assert kept["done_at"] is not None and kept["payload"] == "{}" and kept["attempts"] == 1


async def test_rows_run_oldest_first(seen):
    listen(seen)
    async with DB.transaction():
        await enqueue_all("test", [{"n": n} for n in range(30)])
    await execute("UPDATE outbox SET next_at = now() - make_interval(secs => 100 - (payload->>'n')::int)")
    assert await jobs.drain() == 30
    assert seen == list(range(30))


async def test_many_drainers_at_once_run_each_row_once(seen):
    listen(seen, lambda _: asyncio.sleep(0.002))
    async with DB.transaction():
        await enqueue_all("test", [{"n": n} for n in range(60)])
    ran = await asyncio.gather(*(jobs.drain() for _ in range(4)))
    assert sorted(seen) == list(range(60))
    assert sum(ran) == 60 and sum(n > 0 for n in ran) > 1, "the drainers must have shared the work"


async def test_a_row_in_hand_does_not_hold_up_the_rows_behind_it(seen):
    release, started = asyncio.Event(), asyncio.Event()

    async def slow(payload):
        if payload["n"] == 0:
            started.set()
            await release.wait()

    listen(seen, slow)
    await put(0)
    first = asyncio.create_task(jobs.drain())
    await started.wait()
    await put(1)
    assert await jobs.drain() == 1
    release.set()
    assert await first >= 1
    assert seen == [0, 1]


async def test_a_handler_that_waits_costs_no_attempt(seen):
    async def no_server(_):
        raise Waits("there is no mail server", 600)

    listen(seen, no_server)
    await put()
    assert await jobs.drain() == 1
    kept = await row()
    assert (kept["attempts"], kept["fault"], kept["failed_at"]) == (0, "there is no mail server", None)
    assert await fetch_value("SELECT next_at BETWEEN now() + '590 s' AND now() + '600 s' FROM outbox")
    assert await jobs.drain() == 0
    assert await jobs.wake_all() == 1
    assert await jobs.drain() == 1


async def test_waiting_for_no_time_at_all_does_not_spin(seen):
    async def impatient(_):
        raise Waits("at once", 0)

    listen(seen, impatient)
    await put()
    async with asyncio.timeout(20):
        assert await jobs.drain() == 1


async def test_a_fault_is_tried_again_later_and_later(seen):
    async def broken(_):
        raise OSError("connection refused")

    listen(seen, broken)
    await put()
    pauses = []
    for _ in range(7):
        await jobs.drain()
        pauses.append(await fetch_value("SELECT round(extract(epoch FROM next_at - now())) FROM outbox"))
        await due_again()
    assert pauses == [5, 30, 120, 600, 3600, 3600, 3600]
    kept = await row()
    assert (kept["attempts"], kept["fault"]) == (7, "connection refused")


async def test_after_enough_attempts_it_is_given_up_and_its_owner_told(seen):
    told = []

    async def broken(_):
        raise OSError("still down")

    async def farewell(payload, reason):
        assert DB.current_transaction.get() is not None
        told.append((payload["n"], reason))

    listen(seen, broken, farewell=farewell)
    await put(7)
    await execute("UPDATE outbox SET attempts = $1", jobs.MOST_ATTEMPTS - 2)
    await jobs.drain()
    assert (await row())["failed_at"] is None and told == []
    await due_again()
    await jobs.drain()
    assert (await row())["failed_at"] is not None and told == [(7, "still down")]
    assert await jobs.drain() == 0


async def test_a_long_wait_is_no_reason_to_give_up(seen):
    async def broken(_):
        raise OSError("down")

    listen(seen, broken)
    await put()
    await execute("UPDATE outbox SET created_at = now() - interval '30 days'")
    await jobs.drain()
    assert (await row())["failed_at"] is None


async def test_a_hopeless_row_is_given_up_at_once(seen):
    async def hopeless(_):
        raise GivesUp("no such address")

    listen(seen, hopeless)
    await put()
    await jobs.drain()
    kept = await row()
    assert kept["failed_at"] is not None and kept["fault"] == "no such address"
    assert await jobs.drain() == 0
    assert (await jobs.backlog())["failed"] == 1


async def test_a_kind_that_nobody_handles_is_given_up(seen):
    await put()
    await jobs.drain()
    assert (await row())["fault"] == "nobody handles test"


async def test_a_crash_between_the_work_and_its_tick_runs_it_again(seen, dsn):
    """The connection that holds the row dies after the handler has committed: at least once, never lost."""

    async def work_then_crash(payload):
        async with DB.transaction():
            await execute("INSERT INTO throttle VALUES ($1, 1, now()) ON CONFLICT DO NOTHING", b"effect")
        if len(seen) == 1:
            killer = await asyncpg.connect(dsn)
            await killer.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE state = 'idle in transaction'"
                " AND query LIKE '%SKIP LOCKED%'"
            )
            await killer.close()

    listen(seen, work_then_crash)
    await put()
    await jobs.drain()
    assert (await row())["done_at"] is None
    await jobs.drain()
    assert seen == [1, 1] and (await row())["done_at"] is not None
    assert await fetch_value("SELECT count(*) FROM throttle") == 1


async def test_one_row_that_can_not_be_settled_does_not_stop_the_others(seen):
    async def farewell(payload, reason):
        raise ZeroDivisionError

    async def hopeless(payload):
        if payload["n"] == 0:
            raise GivesUp("x")

    listen(seen, hopeless, farewell=farewell)
    await put(0)
    await put(1)
    await jobs.drain()
    assert 1 in seen
    assert await fetch_value("SELECT count(*) FROM outbox WHERE done_at IS NULL AND failed_at IS NULL") == 1


async def test_the_handler_s_own_transaction_is_its_own(seen):
    async def write_and_fail(_):
        async with DB.transaction():
            await execute("INSERT INTO throttle VALUES ($1, 1, now())", b"kept")
        raise OSError("after the commit")

    listen(seen, write_and_fail)
    await put()
    await jobs.drain()
    assert await fetch_value("SELECT count(*) FROM throttle") == 1


async def test_cancelling_a_drain_leaves_the_row(seen):
    started = asyncio.Event()

    async def forever(_):
        started.set()
        await asyncio.sleep(60)

    listen(seen, forever)
    await put()
    task = asyncio.create_task(jobs.drain())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    listen(seen)
    assert await jobs.drain() == 1


async def test_the_web_process_works_at_the_bell_and_when_a_row_falls_due(seen, monkeypatch):
    listen(seen)
    bell = asyncio.Event()
    task = asyncio.create_task(jobs.keep_draining(bell))
    await asyncio.sleep(0.2)
    await put(1)
    bell.set()
    await _until(lambda: seen == [1])
    async with DB.transaction():
        await enqueue("test", n=2)
        await execute("UPDATE outbox SET next_at = now() + interval '1 s' WHERE done_at IS NULL")
    bell.set()
    await _until(lambda: seen == [1, 2])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_waited_before_a_restart_is_looked_at_again(seen):
    listen(seen)
    await put()
    await execute("UPDATE outbox SET next_at = now() + interval '1 hour'")
    task = asyncio.create_task(jobs.keep_draining(asyncio.Event()))
    await _until(lambda: seen == [1])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_database_that_is_away_does_not_end_the_worker(seen, monkeypatch):
    listen(seen)
    pool, DB.pool = DB.pool, None
    monkeypatch.setattr(jobs, "IDLE", 0.1)
    task = asyncio.create_task(jobs.keep_draining(asyncio.Event()))
    await asyncio.sleep(0.3)
    DB.pool = pool
    await put()
    await _until(lambda: seen == [1])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_pause_is_as_long_as_there_is_nothing_to_do(seen):
    assert await jobs.pause() == jobs.IDLE
    await put()
    assert await jobs.pause() == 1.0
    await execute("UPDATE outbox SET next_at = now() + interval '12 s'")
    assert 10 < await jobs.pause() <= 12


async def test_rows_done_long_ago_are_forgotten(seen):
    listen(seen)
    await put()
    await jobs.drain()
    await put()
    assert await jobs.forget_old() == 0
    await execute(
        "UPDATE outbox SET done_at = now() - interval '31 days', created_at = now() - interval '60 days' WHERE done_at IS NOT NULL"
    )
    assert await jobs.forget_old() == 1
    assert len(await fetch("SELECT 1 FROM outbox")) == 1


async def test_a_chore_that_fails_does_not_stop_the_others(seen, monkeypatch):
    done = []

    async def broken():
        raise RuntimeError("on purpose")

    async def tidies():
        done.append(1)

    monkeypatch.setattr(jobs, "CHORES", [broken, tidies])
    await jobs.tidy()
    assert done == [1]


async def _until(true, seconds=20.0):
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)
