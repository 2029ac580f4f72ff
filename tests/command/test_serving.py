"""`incubator run`: how it starts, what it says when it can't, and every way in which it ends."""

import os
import signal
import socket
import time
import urllib.request
from pathlib import Path

import pytest

from incubator.serving import HUNG
from operating import a_person, ask, call, free_port, left_behind, site, wait_until_gone


def test_first_start_serves_and_says_where(tmp_path: Path) -> None:
    var = tmp_path / "папка с пробелами"
    with site(var) as running:
        running.wait()
        assert f"http://127.0.0.1:{running.port}" in running.said
        status, health = running.get("/health/ready")
        assert (status, health["status"]) == (200, "ok")
        assert running.get("/health/live")[0] == 200
    wait_until_gone(var)


def test_second_start_is_far_quicker_loads_nothing_anew_and_keeps_the_data(tmp_path: Path) -> None:
    var, started = tmp_path / "var", time.monotonic()
    with site(var) as running:
        address = running.wait().address()
        first = time.monotonic() - started
        a_person(address)
        assert running.press_ctrl_c() == 0
    started = time.monotonic()
    with site(var) as running:
        running.wait()
        assert time.monotonic() - started < first / 2
        assert "loading the demo" not in running.said
        assert ask(running.address(), "SELECT name FROM person WHERE email = 'anna@example.org'") == "Анна"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_everything_without_noise(var: Path, workers: str) -> None:
    with site(var, "--workers", workers) as running:
        running.wait()
        assert len([line for line in left_behind(var) if "spawn_main" in line]) == (0 if workers == "1" else 2)
        before = len(running.said)
        assert running.press_ctrl_c() == 0
        after = running.said[before:].replace("^C", "").split("\r\n")
    assert [line for line in after if line][-1] == "Incubator has ended."
    assert "Traceback" not in running.said
    assert "Error" not in running.said
    assert left_behind(var) == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_request_that_hangs_neither_holds_up_the_end_nor_makes_noise(var: Path, workers: str) -> None:
    """As a live page does: its answer never ends by itself."""
    half = "POST /sign-in HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nContent-Length: 99\r\n{1}\r\n\r\nemail="
    with site(var, "--workers", workers) as running:
        here = f"127.0.0.1:{running.wait().port}"
        with socket.create_connection(("127.0.0.1", running.port)) as line:
            line.sendall(half.format(here, "Content-Type: application/x-www-form-urlencoded").encode())
            time.sleep(0.5)
            before, started = len(running.said), time.monotonic()
            assert running.press_ctrl_c() == 0
            assert 2 < time.monotonic() - started < 60, "it did not hang, or not end"
    assert running.said[before:].replace("^C", "").strip() == "Incubator has ended."


def test_ctrl_c_while_it_still_starts(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with site(var) as running:
        while not (var / "pg" / "data.new").exists():
            assert running.process.poll() is None
            time.sleep(0.01)
        assert running.press_ctrl_c() == 0
        assert "Traceback" not in running.said
        wait_until_gone(var)
    assert call(var, "migrate").returncode == 0


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, "1"), (signal.SIGHUP, "1"), (signal.SIGHUP, "2")])
def test_other_signals_end_everything_too(var: Path, number: int, workers: str) -> None:
    with site(var, "--workers", workers) as running:
        assert running.wait().send(number) == 0
    assert "Traceback" not in running.said
    assert left_behind(var) == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_kill_9_leaves_nothing_behind_and_the_next_start_recovers(var: Path, workers: str) -> None:
    with site(var, "--workers", workers) as running:
        a_person(running.wait().address())
        running.process.kill()
        running.process.wait()
        wait_until_gone(var)
    with site(var, port=running.port) as again:
        assert ask(again.wait().address(), "SELECT count(*) FROM person WHERE email = 'anna@example.org'") == 1


@pytest.mark.parametrize("asked", [False, True], ids=["idle", "asked for a sign of life"])
def test_a_killed_web_process_is_replaced_without_waiting_for_its_sign_of_life(var: Path, asked: bool) -> None:
    with site(var, "--workers", "2") as running:
        running.wait()
        children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
        webs = [int(pid) for pid in children if "--multiprocessing-fork" in Path(f"/proc/{pid}/cmdline").read_text()]
        if asked:  # it stops to answer, is asked within half a second, and dies with the question open
            os.kill(webs[0], signal.SIGSTOP)
            time.sleep(2)
        os.kill(webs[0], signal.SIGKILL)
        deadline = time.monotonic() + HUNG - 4
        while len([line for line in left_behind(var) if "spawn_main" in line]) < 2 or Path(f"/proc/{webs[0]}").exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert running.get("/health/live")[0] == 200


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = call(tmp_path / "var", "run", PORT=str(port))
    assert result.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in result.stderr
    assert f"PORT={port + 1} incubator run" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "var" / "pg").exists()


def test_an_address_that_is_not_ours(tmp_path: Path) -> None:
    result = call(tmp_path / "var", "run", HOST="192.0.2.1", PORT=str(free_port()))
    assert result.returncode == 1
    assert "HOST=192.0.2.1" in result.stderr
    assert "0.0.0.0" in result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("WORKERS", "0"),
        ("PUBLIC_URL", "incubator.example"),
        ("DATABASE_URL", "mysql://localhost/x"),
    ],
)
def test_a_word_that_can_not_be_used_is_named(tmp_path: Path, name: str, value: str) -> None:
    result = call(tmp_path / "var", "run", **{name: value})
    assert result.returncode == 1
    assert result.stderr.startswith(f"Error: {name} must be")


def test_a_second_run_on_the_same_data_is_told_who_has_them(var: Path) -> None:
    with site(var) as running:
        running.wait()
        result = call(var, "run", PORT=str(free_port()))
        assert running.get("/health/ready")[0] == 200
    assert result.returncode == 1
    assert f"process {running.process.pid}" in result.stderr
    assert "Traceback" not in result.stderr


def test_damaged_data_is_one_clear_message(var: Path) -> None:
    (var / "pg" / "data" / "global" / "pg_control").unlink()
    result = call(var, "run", PORT=str(free_port()))
    assert result.returncode == 1
    assert "can't use the data" in result.stderr
    assert "mv '" in result.stderr
    assert "Traceback" not in result.stderr


def test_data_of_another_major_version_is_one_clear_message(var: Path) -> None:
    (var / "pg" / "data" / "PG_VERSION").write_text("12\n")
    result = call(var, "run", PORT=str(free_port()))
    assert result.returncode == 1
    assert "written by PostgreSQL 12" in result.stderr
    assert "Traceback" not in result.stderr


def test_no_header_names_the_server(var: Path) -> None:
    with site(var) as running:
        running.wait()
        with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/health/live", timeout=60) as answer:
            assert "server" not in answer.headers
