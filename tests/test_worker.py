"""Workers with a real Redis: rows run once, Redis and workers may die, nothing is lost and nobody is held up."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys

import asyncpg
import msgspec.msgpack
import pytest

from incubator import settings as settings_module
from incubator.foundation import jobs
from incubator.foundation.database import DB, execute, fetch, fetch_value
from incubator.foundation.jobs import enqueue_all
from needed import missing

SERVER = shutil.which("redis-server")
if SERVER is None:
    missing("redis-server is not installed: the workers are NOT tested", whole_module=True)


class Redis:
    """A Redis of our own on loopback that keeps nothing; it can be stopped and started."""

    def __init__(self, folder):
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.folder, self.process = folder, None
        self.address = f"redis://127.0.0.1:{self.port}"

    async def start(self):
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen([SERVER, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        async with asyncio.timeout(30):
            while True:
                with socket.socket() as knock:
                    if knock.connect_ex(("127.0.0.1", self.port)) == 0:
                        return
                await asyncio.sleep(0.02)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
async def redis(tmp_path, monkeypatch, db):
    server = Redis(tmp_path)
    await server.start()
    monkeypatch.setitem(os.environ, "REDIS_URL", server.address)
    settings_module.settings.cache_clear()
    yield server
    server.stop()
    monkeypatch.undo()
    settings_module.settings.cache_clear()


@pytest.fixture
def worker(redis):
    from incubator import worker

    return worker


@pytest.fixture
def seen(monkeypatch):
    """Rows seen by the one handler of this process."""
    found = []

    async def handler(payload):
        await asyncio.sleep(0.01)
        found.append(payload["n"])

    monkeypatch.setitem(jobs.HANDLERS, "test", handler)
    return found


async def put(*numbers):
    async with DB.transaction():
        await enqueue_all("test", [{"n": n} for n in numbers])


async def until(true, seconds=20.0):
    async with asyncio.timeout(seconds):
        while True:
            found = true()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.05)


async def undone():
    return await fetch_value("SELECT count(*) FROM outbox WHERE done_at IS NULL")


class Running:
    """Coroutines that run for the length of a `with` block."""

    def __init__(self, *work):
        self.work = work

    async def __aenter__(self):
        self.tasks = [asyncio.create_task(each) for each in self.work]
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def arq(worker, redis, **changes):
    """A worker in this process, on this pool."""
    from arq.worker import create_worker

    calm = {
        "on_startup": None,
        "on_shutdown": None,
        "handle_signals": False,
        "redis_settings": worker.RedisSettings.from_dsn(redis.address),
    }
    made = create_worker(worker.WorkerSettings, **{**calm, **changes})
    try:
        await made.async_run()
    finally:  # arq's own close stops half-way when a task of it was cancelled
        made.allow_pick_jobs = False
        await asyncio.gather(*made.tasks.values(), return_exceptions=True)
        await made.pool.aclose(close_connection_pool=True)


async def test_rings_are_answered_by_workers_and_each_row_runs_once(worker, redis, seen):
    bell = asyncio.Event()
    async with Running(worker.keep_ringing(bell), arq(worker, redis, cron_jobs=[]), arq(worker, redis, cron_jobs=[])):
        await asyncio.sleep(0.3)
        await put(*range(40))
        bell.set()
        await until(lambda: len(seen) >= 40)
        await asyncio.sleep(0.3)
    assert sorted(seen) == list(range(40))
    assert await undone() == 0


async def test_a_ring_is_the_row_s_name_and_nothing_that_could_be_run(worker, redis, seen):
    from redis.asyncio import Redis as Client

    await put(7)
    row = (await fetch("SELECT id FROM outbox"))[0]["id"]
    connection = worker.connect(redis.address)
    assert await worker.ring(connection) == 1
    assert await worker.ring(connection) == 0, "one ring for one row"
    client = Client(port=redis.port)
    job = await client.get(f"arq:job:outbox:{row}")
    assert str(row) in str(msgspec.msgpack.decode(job))
    assert '"n"' not in str(msgspec.msgpack.decode(job)), "the payload stays in PostgreSQL"
    await client.aclose()
    await connection.aclose(close_connection_pool=True)


async def test_a_row_can_be_rung_for_again_after_it_was_put_off(worker, redis, monkeypatch):
    tries = []

    async def fails_once(payload):
        tries.append(payload["n"])
        if len(tries) == 1:
            raise OSError("not now")

    monkeypatch.setitem(jobs.HANDLERS, "test", fails_once)
    bell = asyncio.Event()
    async with Running(worker.keep_ringing(bell), arq(worker, redis, cron_jobs=[])):
        await put(1)
        bell.set()
        await until(lambda: len(tries) == 1)
        await until(lambda: fetch_value("SELECT attempts = 1 FROM outbox"))
        await execute("UPDATE outbox SET next_at = now()")
        bell.set()
        await until(undone_is_none)
    assert tries == [1, 1]


async def undone_is_none():
    return await undone() == 0


async def test_rings_that_were_lost_are_made_up_for_by_the_worker_itself(worker, redis, seen):
    await put(1, 2, 3)
    async with Running(arq(worker, redis)):  # nobody rings
        await until(lambda: len(seen) == 3)
    assert await undone() == 0


async def test_without_redis_the_web_process_does_the_work_and_nothing_is_held_up(worker, redis, seen, monkeypatch):
    redis.stop()
    monkeypatch.setattr(worker, "PATIENCE", 0.2)
    bell = asyncio.Event()
    async with Running(worker.keep_ringing(bell)):
        async with asyncio.timeout(1):
            await put(1)  # the action does not wait for Redis
        bell.set()
        await until(lambda: seen == [1])
        await redis.start()
        await asyncio.sleep(0.5)
        async with Running(arq(worker, redis, cron_jobs=[])):
            await put(2)
            bell.set()
            await until(lambda: seen == [1, 2])
        redis.stop()
        await put(3)
        bell.set()
        await until(lambda: seen == [1, 2, 3])
    assert await undone() == 0


async def test_a_redis_that_forgets_everything_loses_nothing(worker, redis, seen):
    await put(1, 2)
    connection = worker.connect(redis.address)
    await worker.ring(connection)
    await connection.aclose(close_connection_pool=True)
    redis.stop()  # with the rings
    await redis.start()
    bell = asyncio.Event()
    async with Running(worker.keep_ringing(bell), arq(worker, redis, cron_jobs=[])):
        await until(lambda: sorted(seen) == [1, 2])
    assert await undone() == 0


WORKER = """
import asyncio, sys
from incubator import features
from incubator.foundation import jobs
features.handlers = lambda: []
async def slow(payload):
    print("began", payload["n"], flush=True)
    await asyncio.sleep(float(payload["seconds"]))
    print("done", payload["n"], flush=True)
jobs.HANDLERS["slow"] = slow
from incubator import worker
worker.work()
"""


def process(dsn, redis, folder):
    words = {**os.environ, "DATABASE_URL": dsn, "REDIS_URL": redis.address, "INCUBATOR_VAR": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", WORKER], env=words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


async def said(running):
    async with asyncio.timeout(40):
        return (await asyncio.to_thread(running.stdout.readline)).decode().split()


async def put_slow(n, seconds):
    async with DB.transaction():
        await enqueue_all("slow", [{"n": n, "seconds": seconds}])


async def test_a_killed_worker_s_row_is_done_by_the_next(worker, redis, dsn, tmp_path):
    await put_slow(1, 30)
    first = process(dsn, redis, tmp_path)
    try:
        assert await said(first) == ["began", "1"]
        await put_slow(2, 0)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
        first.stdout.close()
    await execute("UPDATE outbox SET payload = jsonb_set(payload, '{seconds}', '0')")
    second = process(dsn, redis, tmp_path)
    try:
        await until(undone_is_none, 40)
    finally:
        second.terminate()
        second.wait(timeout=20)
        second.stdout.close()


async def test_a_worker_told_to_stop_finishes_what_it_has_in_hand(worker, redis, dsn, tmp_path):
    await put_slow(1, 1.5)
    running = process(dsn, redis, tmp_path)
    try:
        assert await said(running) == ["began", "1"]
        running.terminate()
        assert await said(running) == ["done", "1"]
        assert await asyncio.to_thread(running.wait, 20) is not None
    finally:
        running.kill()
        running.wait()
        running.stdout.close()
    assert await undone() == 0


async def test_a_worker_outlives_its_redis(worker, redis, dsn, tmp_path):
    running = process(dsn, redis, tmp_path)
    try:
        await put_slow(1, 0)
        assert await said(running) == ["began", "1"]
        assert await said(running) == ["done", "1"]
        redis.stop()
        await asyncio.sleep(1)
        await put_slow(2, 0)
        await redis.start()
        await until(undone_is_none, 45)
        assert running.poll() is None
    finally:
        running.terminate()
        running.wait(timeout=20)
        running.stdout.close()


CONNECTIONS = "ALTER DATABASE postgres ALLOW_CONNECTIONS {}"


async def test_a_worker_waits_for_a_database_that_refuses_it(worker, redis, dsn, tmp_path):
    """As while PostgreSQL starts: it answers, with an error. Who ended then would leave the work to nobody."""
    door = await asyncpg.connect(dsn.replace("/postgres?", "/template1?"))
    await door.execute(CONNECTIONS.format("false"))
    try:
        running = process(dsn, redis, tmp_path)
        try:
            await put_slow(1, 0)
            with pytest.raises(subprocess.TimeoutExpired):  # it has asked by then, and been refused
                await asyncio.to_thread(running.wait, 6)
            await door.execute(CONNECTIONS.format("true"))
            assert await said(running) == ["began", "1"]
            await until(undone_is_none)
        finally:
            running.terminate()
            running.wait(timeout=20)
            running.stdout.close()
    finally:
        await door.execute(CONNECTIONS.format("true"))
        await door.close()
