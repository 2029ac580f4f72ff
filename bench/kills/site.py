"""The product as it is operated: PostgreSQL, Redis, a mail server that takes letters, two web processes, a worker.

Each part can be killed as the kernel or the power would, and is started again as an operator's service manager does.
"""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from bench import machine
from bench.serve import WORKERS, free_port, postmaster
from bench.traffic import HOST

PROGRAM = (sys.executable, "-c", "from incubator.cli import main; main(prog_name='incubator')")
HOLDER = """
import json, sys
from pathlib import Path
from incubator.foundation.postgres import embedded
with embedded(Path(sys.argv[1]), json.loads(sys.argv[2])) as address:
    print(address, flush=True)
    sys.stdin.read()
"""
PATIENCE = 240.0  # seconds until a part must be up, on the busiest machine


class Database:
    """A PostgreSQL with durability on, kept by a process of its own; `options` hold from its next start."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.options, self.address = folder, dict[str, str](), ""
        self.holder: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Until it takes connections; after a kill it replays its log first."""
        import json

        pipe = asyncio.subprocess.PIPE
        self.holder = await asyncio.create_subprocess_exec(
            sys.executable, "-c", HOLDER, str(self.folder), json.dumps(self.options), stdin=pipe, stdout=pipe
        )
        assert self.holder.stdout
        self.address = (await asyncio.wait_for(self.holder.stdout.readline(), PATIENCE)).decode().strip()
        assert self.address, "PostgreSQL did not start"

    async def kill(self) -> None:
        """SIGKILL to all of its processes at once: what was not on the disk, or on its way there, is gone."""
        for pid in machine.tree(postmaster(self.folder)):
            _kill(pid)
        await self.stop()

    async def kill_backend(self, chance: random.Random) -> None:
        """SIGKILL to one process that serves the product: PostgreSQL then throws everybody out and recovers by itself."""
        connection = await asyncpg.connect(self.address)
        serving = "SELECT pid FROM pg_stat_activity WHERE application_name = 'incubator'"
        pids = [row["pid"] for row in await connection.fetch(serving)]
        # The server may see its processes under other numbers than we do: ours are the children of the postmaster.
        ours = set(machine.tree(postmaster(self.folder)))
        _kill(chance.choice(sorted(ours.intersection(pids))))
        connection.terminate()
        await self.answers()

    async def answers(self) -> None:
        """Until somebody can log in."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                await (await asyncpg.connect(self.address, timeout=5)).close()
                return
            await asyncio.sleep(0.02)
        raise TimeoutError("PostgreSQL does not come back")

    async def stop(self) -> None:
        """End it, politely if it still lives."""
        if self.holder is not None and self.holder.stdin:
            self.holder.stdin.close()
            await self.holder.wait()
        self.holder = None


class Program:
    """A process that is started again after it was killed."""

    def __init__(self, words: tuple[str, ...], env: Mapping[str, str], log: Path) -> None:
        self.words, self.env, self.log = words, dict(env), log
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; whoever needs it waits for it himself."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(*self.words, stdout=log, stderr=log, env=self.env)

    async def kill(self) -> None:
        """SIGKILL, and to whatever it had started."""
        if self.process is not None and self.process.returncode is None:
            for pid in machine.tree(self.process.pid):
                _kill(pid)
            await self.process.wait()

    async def stop(self) -> None:
        """End it as an operator would."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), 20)
            except TimeoutError:
                await self.kill()


@dataclass
class Post:
    """The letters that the mail server has taken, by Message-ID."""

    port: int
    taken: Counter[str] = field(default_factory=Counter)

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802  (its name)
        """One letter."""
        content: bytes = getattr(envelope, "content", b"")
        for line in content.split(b"\r\n\r\n", 1)[0].splitlines():
            if line.lower().startswith(b"message-id:"):
                self.taken[line.partition(b":")[2].strip().decode()] += 1
        return "250 taken"

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen for as long as the context is open."""
        from aiosmtpd.smtp import SMTP

        server = await asyncio.get_running_loop().create_server(lambda: SMTP(self), HOST, self.port)
        async with server:
            yield


@dataclass
class Site:
    """All parts of the product."""

    port: int
    database: Database
    redis: Program | None
    web: Program
    worker: Program | None
    post: Post

    async def kill_web_process(self, chance: random.Random) -> None:
        """SIGKILL to one of the processes that answer requests, and until it has gone: on a busy machine it lingers."""
        assert self.web.process
        pid = chance.choice(_forks(self.web.process.pid))
        _kill(pid)
        while pid in _forks(self.web.process.pid):
            await asyncio.sleep(0.01)

    async def ready(self) -> None:
        """Until both web processes are up and say that people can work."""
        from bench.line import Line
        from bench.traffic import raw

        assert self.web.process
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            line = Line(self.port)
            with contextlib.suppress(OSError):
                up = (await line.ask(raw("GET", "/health/ready"), 5)).status == 200
                if up and len(_forks(self.web.process.pid)) == WORKERS:
                    return
            line.close()
            await asyncio.sleep(0.1)
        raise TimeoutError(f"the site is not ready:\n{self.web.log.read_text()[-3000:]}")


def _forks(pid: int) -> list[int]:
    found = []
    for child in machine.tree(pid):
        with contextlib.suppress(OSError):
            if b"--multiprocessing-fork" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Site]:
    """Everything, started and migrated; it is ended with the context. Without redis-server there is no worker either."""
    folder.chmod(0o755)
    database, post, server = Database(folder), Post(free_port()), shutil.which("redis-server")
    await database.start()
    port, redis_port = free_port(), free_port()
    redis = f"redis://{HOST}:{redis_port}" if server else ""
    env = {**os.environ, "DATABASE_URL": database.address, "INCUBATOR_VAR": str(folder / "var"), "REDIS_URL": redis,
           "PUBLIC_URL": f"http://{HOST}", "SMTP_URL": f"smtp://{HOST}:{post.port}"}  # fmt: skip
    web = Program((*PROGRAM, "run", "--port", str(port), "--workers", str(WORKERS)), env, folder / "web.log")
    bell = Program(
        (server or "", "--port", str(redis_port), "--bind", HOST, "--save", "", "--dir", str(folder)), {}, folder / "redis.log"
    )  # fmt: skip
    worker = Program((*PROGRAM, "worker"), env, folder / "worker.log")
    site = Site(port, database, bell if server else None, web, worker if server else None, post)
    parts = [part for part in (site.redis, site.web, site.worker) if part is not None]
    try:
        async with post.open():
            for part in parts:
                await part.start()
            await site.ready()
            yield site
    finally:
        for part in reversed(parts):
            await part.stop()
        await database.stop()
