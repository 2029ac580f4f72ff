"""The PostgreSQL server that starts and ends with us when no DATABASE_URL is set.

It listens on a Unix socket in a private folder only. One process owns a data folder and keeps a file lock on it; others
join its server. The owner's end is the server's end, by whatever death: the kernel sees to it (see `postgres_user`).
"""

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from incubator.foundation.postgres_seat import BUSY, CLOSED, DAMAGED, NOT_STARTED, PostgresError, Seat, find_seat
from incubator.foundation.postgres_user import ENVIRONMENT

__all__ = ["PostgresError", "embedded"]

USER = "incubator"  # owns everything
SITE = "incubator_site"  # serves the pages
FIXED = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
STARTING = {"", "57P03"}  # nobody listens yet; cannot_connect_now
MACHINES_FAULT = re.compile("No space left|shared memory|semaphore|allocate memory|Permission denied|Read-only|socket")
LOG_LIMIT = 1_000_000  # bytes


@contextlib.contextmanager
def embedded(var: Path, options: Mapping[str, str] | None = None, *, join: bool = True) -> Iterator[str]:
    """DATABASE_URL of a server on the data in `var`/pg, running for as long as the context is open.

    `options` are settings of postgresql.conf. If another process serves the same data we join it, or with `join=False`
    refuse. Call it in the main thread: the kernel ends the server when the thread that started it ends.
    """
    home = var.absolute() / "pg"
    with _locked(home) as lock:
        address = _claim(lock, home, join=join)
        if address:
            yield address
            return
        seat = find_seat(home)
        seat.identity.take(seat.place)
        _end_orphan(seat.data)
        _initialise(seat, sync=(options or {}).get("fsync") != "off")
        with _running(seat, {**FIXED, **(options or {})}) as address:
            yield address


# --- one owner ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[IO[str]]:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (home / "lock").open("a+")
    except OSError as error:
        raise PostgresError(CLOSED.format(folder=home, reason=error.strerror)) from error
    with lock:
        yield lock


def _claim(lock: IO[str], home: Path, *, join: bool) -> str:
    """The address of the server that another process owns; empty when the folder is now ours."""
    deadline = time.monotonic() + (60 if join else 5)
    while not _try_lock(lock):
        if join and (address := _address_in_use(home / "data")):
            return address
        if time.monotonic() > deadline:
            lock.seek(0)
            raise PostgresError(BUSY.format(pid=lock.read().strip(), home=home))
        time.sleep(0.1)
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return ""


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _address_in_use(data: Path) -> str:
    _, folder = _postmaster(data)
    return _address(folder) if folder and _greet(folder)[0] == "00000" else ""


def _address(folder: Path) -> str:
    return f"postgresql://{USER}@/postgres?host={folder}&port={FIXED['port']}"


def as_site(address: str) -> str:
    """The address of an embedded server for whoever only serves pages."""
    return address.replace(f"//{USER}@", f"//{SITE}@", 1)


# --- what an earlier life left behind ----------------------------------------------------------------------------


def _postmaster(data: Path) -> tuple[int, Path | None]:
    """Process id and socket folder that a server, running or killed, wrote into its data; 0 if there is none."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), Path(lines[4])
    except (OSError, ValueError, IndexError):
        return 0, None


def _end_orphan(data: Path) -> None:
    """End a server whose app died, and forget one that was killed: its number may be anyone's by now."""
    pid, folder = _postmaster(data)
    if pid and folder and _serves(pid, folder):
        os.kill(pid, signal.SIGINT)
        _wait_for_end(pid, folder)
    for stale in (data / "postmaster.pid", *(folder.glob(".s.PGSQL.*") if folder else ())):
        stale.unlink(missing_ok=True)


def _wait_for_end(pid: int, folder: Path) -> None:
    deadline = time.monotonic() + 60
    while _serves(pid, folder):
        if time.monotonic() > deadline:
            raise PostgresError(
                NOT_STARTED.format(reason=f"an earlier server, process {pid}, does not end", log=folder)
            )
        time.sleep(0.05)


def _serves(pid: int, folder: Path) -> bool:
    """Whether process `pid` is a living PostgreSQL. A zombie is not, nor is a stranger who got the number."""
    if not Path("/proc/self/stat").exists():
        return _greet(folder)[0] == "00000"
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return False
    return name == "postgres" and rest.split()[0] not in {"Z", "X"}


# --- the life of a server ----------------------------------------------------------------------------------------


def _initialise(seat: Seat, *, sync: bool) -> None:
    """Make the data folder if there is none: beside its place first, so that a half-made one is never taken for data."""
    if (seat.data / "PG_VERSION").exists():
        return
    unfinished = seat.place / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    locale = ["--locale-provider=builtin"] if seat.major >= 17 else []  # the first that has it
    words = ["--auth=trust", "--encoding=UTF8", *locale, "--locale=C.UTF-8", f"--username={USER}"]
    words += [] if sync else ["--no-sync"]
    command = seat.identity.command(seat.place, seat.binaries / "initdb", "-D", unfinished, *words)
    made = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, env=ENVIRONMENT)
    if made.returncode != 0:
        raise seat.refusal(NOT_STARTED, _last_words(made.stderr) or f"initdb ended with {made.returncode}")
    unfinished.rename(seat.data)
    if seat.place != seat.home:
        (seat.home / "data").unlink(missing_ok=True)
        (seat.home / "data").symlink_to(seat.data)


@contextlib.contextmanager
def _running(seat: Seat, settings: Mapping[str, str]) -> Iterator[str]:
    """Start the server, give its address once it answers, stop it at the end."""
    folder = _socket_folder(seat)
    words = [f"--{name}={value}" for name, value in {**settings, "unix_socket_directories": str(folder)}.items()]
    command = seat.identity.command(seat.place, seat.binaries / "postgres", "-D", seat.data, *words)
    if seat.log.exists() and seat.log.stat().st_size > LOG_LIMIT:
        seat.log.rename(f"{seat.log}.old")
    try:
        process = _start(seat, command, folder)
        try:
            yield _address(folder)
        finally:
            _stop(process)
    finally:
        if folder.parent != seat.place:
            shutil.rmtree(folder, ignore_errors=True)


def _start(seat: Seat, command: list[str], folder: Path) -> "subprocess.Popen[bytes]":
    for patience in range(20, -1, -1):
        with seat.log.open("ab") as log:
            seat.identity.take(seat.log)
            before = log.tell()
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=ENVIRONMENT
            )
        try:
            failure = _wait_until_ready(process, folder)
        except BaseException:
            _stop(process)
            raise
        if failure is None:
            return process
        said = failure or _last_words(seat.log.read_bytes()[before:].decode(errors="replace"))
        # After a kill -9 the old server's last children need a moment to notice and let go of its memory.
        if "still in use" not in said or not patience:
            _stop(process)
            break
        time.sleep(0.5)
    raise seat.refusal(NOT_STARTED if MACHINES_FAULT.search(said) else DAMAGED, said)


def _wait_until_ready(process: "subprocess.Popen[bytes]", folder: Path) -> str | None:
    """None once connections are taken; else what the server said when it refused, or nothing when it ended."""
    deadline = time.monotonic() + 600  # replaying a long write-ahead log takes its time
    while process.poll() is None:
        code, message = _greet(folder)
        if code == "00000":
            return None
        if code not in STARTING:
            return message
        if time.monotonic() > deadline:
            return "it did not answer within ten minutes"
        time.sleep(0.02)
    return ""


def _greet(folder: Path) -> tuple[str, str]:
    """Log in as a client would: SQLSTATE and message of the answer; ("00000", "") is a welcome, ("", "") is silence."""
    hello = b"user\0%b\0database\0postgres\0\0" % USER.encode()
    with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError, struct.error):
        line.settimeout(5)
        line.connect(str(folder / f".s.PGSQL.{FIXED['port']}"))
        line.sendall(struct.pack("!ii", len(hello) + 8, 3 << 16) + hello)
        with line.makefile("rb") as answer:
            while kind := answer.read(1):
                content = answer.read(struct.unpack("!i", answer.read(4))[0] - 4)
                if kind == b"Z":
                    line.sendall(b"X\0\0\0\x04")
                    return "00000", ""
                if kind == b"E":
                    fields = {part[:1]: part[1:].decode(errors="replace") for part in content.split(b"\0") if part}
                    return fields[b"C"], fields[b"M"]
    return "", ""


def _last_words(said: str) -> str:
    """The line that tells why: the last fatal one, else the last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if re.search(r"FATAL|PANIC|error:", line)]
    return re.sub(r"^.*?(FATAL|PANIC|error): +", "", (fatal or lines or [""])[-1])


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server: politely to its clients, then without a checkpoint, then by force."""
    for demand, patience in ((signal.SIGINT, 30), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        if process.poll() is None:
            process.send_signal(demand)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)


def _socket_folder(seat: Seat) -> Path:
    """A private folder for the socket, with a path as short (107 bytes in all) and as plain as sockets need."""
    digest = hashlib.sha256(os.fsencode(seat.place)).hexdigest()[:8]
    names = [f"incubator-{seat.identity.owner}-{digest}", f"incubator-{secrets.token_hex(8)}"]
    temporary = [Path(root, name) for name in names for root in (tempfile.gettempdir(), "/tmp")]  # noqa: S108
    for folder in (seat.place / "run", *temporary):
        plain = re.fullmatch(r"[\w./-]{1,90}", str(folder), re.ASCII)
        if plain and _private(folder, seat.identity.owner):
            return folder
    raise seat.refusal(NOT_STARTED, "there is no folder for its socket: /tmp can't be written to")


def _private(folder: Path, owner: int) -> bool:
    """Whether the folder is, or could be made, the owner's alone (in /tmp someone may have been there before us)."""
    try:
        folder.mkdir(mode=0o700)
        if os.geteuid() != owner:
            os.chown(folder, owner, -1)
    except FileExistsError:
        pass
    except OSError:
        return False
    found = folder.lstat()
    return (found.st_mode, found.st_uid) == (0o40700, owner)
