"""The servers that are measured: PostgreSQL with durability on, the product by its own command, the bare ones beside it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.traffic import HOST
from incubator.foundation.postgres import PostgresError, embedded

WORKERS = 2
COUNTING = {"shared_preload_libraries": "pg_stat_statements"}


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A server as `incubator run` starts it, with statements counted where the build can."""
    with contextlib.ExitStack() as stack:
        try:
            dsn = stack.enter_context(embedded(folder, COUNTING))
        except PostgresError:
            dsn = stack.enter_context(embedded(folder))
        yield dsn


def postmaster(folder: Path) -> int:
    """Its process id."""
    return int((folder / "pg" / "data" / "postmaster.pid").read_text().split()[0])


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def product(folder: Path, port: int, words: Mapping[str, str]) -> Iterator[int]:
    """`incubator run` with two web processes; its process id."""
    command = [str(Path(sys.executable).with_name("incubator")), "run", "--port", str(port), "--workers", str(WORKERS)]
    with _running(command, folder / "product.log", words, f"http://{HOST}:{port}/health/ready") as pid:
        yield pid


@contextlib.contextmanager
def bare(folder: Path, port: int, words: Mapping[str, str]) -> Iterator[int]:
    """The handlers of `bare.py` on the same server program with as many processes."""
    command = [sys.executable, "-m", "uvicorn", "bench.bare:application", "--factory", "--port", str(port), "--workers",
               str(WORKERS), "--no-access-log", "--log-level", "warning", "--lifespan", "on"]  # fmt: skip
    with _running(command, folder / "bare.log", words, f"http://{HOST}:{port}/ok") as pid:
        yield pid


@contextlib.contextmanager
def _running(command: list[str], log: Path, words: Mapping[str, str], address: str) -> Iterator[int]:
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, **words})
    try:
        _wait(process, address, log)
        yield process.pid
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + 240  # on the busiest machine
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):
            time.sleep(1)  # until the second process is up too
            return
        time.sleep(0.1)
    raise SystemExit(f"{' '.join(command_of(process))} did not start:\n{log.read_text()[-2000:]}")


def command_of(process: "subprocess.Popen[bytes]") -> list[str]:
    """The words by which a process was started."""
    return [str(word) for word in process.args] if isinstance(process.args, list) else [str(process.args)]
