"""How an operator starts the command, reads what it says and ends it: real processes on a terminal of their own."""

import asyncio
import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-c", "from incubator.cli import main; main(prog_name='incubator')"]
PATIENCE = 60  # seconds that a busy machine may take
ROLES = {"organiser", "moderator", "juror", "team_lead", "participant", "admin"}
OURS = ("HOST", "PORT", "INCUBATOR_VAR", "DATABASE_URL", "REDIS_URL", "SMTP_URL", "SECRET_KEY", "PUBLIC_URL", "WORKERS")


def words(var: Path, **changes: str) -> dict[str, str]:
    """The environment of a command: the operator's words are only those named here."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**kept, "INCUBATOR_VAR": str(var), **changes}


def call(var: Path, *arguments: str, typed: str = "", **changes: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *arguments],
        env=words(var, **changes),
        input=typed,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as line:
        port: int = line.getsockname()[1]
        return port


class Site:
    """A running `incubator run`: what it said until it was ready, and how it ends."""

    def __init__(self, var: Path, *arguments: str, port: int | None = None, **changes: str) -> None:
        self.var = var
        self.port = port or free_port()
        self.terminal, inside = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, "run", "--port", str(self.port), *arguments],
            env=words(var, **changes),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509  (no thread is about yet)
        )
        os.close(inside)
        self.said = ""

    def wait(self) -> "Site":
        """Until it says that it is ready."""
        while "(Ctrl-C ends it)" not in self.said and self._hear():
            pass
        assert "Incubator is ready at" in self.said, self.said
        return self

    def _hear(self) -> bool:
        try:
            heard = os.read(self.terminal, 4096)
        except OSError:  # the other side is closed
            return False
        self.said += heard.decode()
        return bool(heard)

    def press_ctrl_c(self) -> int:
        os.write(self.terminal, b"\x03")
        return self.end()

    def send(self, number: int) -> int:
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        while self._hear():
            pass
        return self.process.wait(PATIENCE)

    def get(self, path: str) -> tuple[int, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as answer:
            return answer.status, json.load(answer)

    def address(self) -> str:
        folder = (self.var / "pg" / "data" / "postmaster.pid").read_text().splitlines()[4]
        return f"postgresql://incubator@/postgres?host={folder}"


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell that starts the tests in the background has it ignored


@contextlib.contextmanager
def site(var: Path, *arguments: str, port: int | None = None, **changes: str) -> Iterator[Site]:
    made = Site(var, *arguments, port=port, **changes)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()
        os.close(made.terminal)


def left_behind(var: Path) -> list[str]:
    """Command lines of processes that still know this folder: by their environment or their working folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            known = (process / "environ").read_bytes() + os.fsencode((process / "cwd").readlink())
            if os.fsencode(var) in known and "Z" not in (process / "stat").read_text().rpartition(")")[2].split()[0]:
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def wait_until_gone(var: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while left := left_behind(var):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ask(address: str, statement: str) -> Any:
    async def once() -> Any:
        connection = await asyncpg.connect(address, timeout=5)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    with asyncio.Runner() as runner:
        return runner.run(once())


def a_person(address: str, email: str = "anna@example.org") -> None:
    ask(
        address,
        f"INSERT INTO person (id, email, name, created_at) VALUES (gen_random_uuid(), '{email}', 'Анна', now())",
    )
