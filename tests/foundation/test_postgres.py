"""The embedded server: its starts, its deaths, and what it says when it can't run. Every server here is a real one."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from incubator.foundation.postgres import embedded
from needed import missing, needs
from postgres_apps import (
    FAST,
    address_of,
    app,
    as_nobody,
    keep_word,
    postmaster,
    refusal,
    run,
    servers,
    wait_until_no_server,
)


def test_starts_cold_then_warm_and_keeps_the_data(var: Path) -> None:
    started = time.monotonic()
    with embedded(var) as address:
        cold = time.monotonic() - started
        keep_word(address, "ёлка")
    assert servers(var) == []
    started = time.monotonic()
    with embedded(var) as address:
        assert time.monotonic() - started < cold
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


@needs(Path("/usr/lib/postgresql/15/bin/initdb").exists(), "PostgreSQL 15 isn't installed")
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
        missing("no network namespace here")
    with app(var, prefix=(*offline, sys.executable)) as process:
        assert run(address_of(process), "SELECT 1") == 1
