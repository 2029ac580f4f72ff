"""The `incubator` command as an operator meets it: real processes, real signals, a real database."""

import asyncio
import contextlib
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from incubator.foundation.postgres import embedded

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-c", "from incubator.cli import main; main(prog_name='incubator')"]
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
        timeout=120,
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
        return self.process.wait(30)

    def get(self, path: str) -> tuple[int, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.status, json.load(answer)

    def address(self) -> str:
        folder = (self.var / "pg" / "data" / "postmaster.pid").read_text().splitlines()[4]
        return f"postgresql://incubator@/postgres?host={folder}"


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


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
    deadline = time.monotonic() + 15
    while left := left_behind(var):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
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


@pytest.fixture(autouse=True)
def _short_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For sockets; what a kill -9 leaves there goes with the test. (`tmp_path` first: pytest's own lies elsewhere.)"""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="t") as temporary:
        Path(temporary).chmod(0o1777)
        monkeypatch.setenv("TMPDIR", temporary)
        monkeypatch.setattr("tempfile.tempdir", temporary)
        yield


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after its first start, to be copied: a cold start costs seconds."""
    var = tmp_path_factory.mktemp("begun") / "var"
    with site(var) as running:
        running.wait()
        assert running.press_ctrl_c() == 0
    return var


@pytest.fixture
def var(begun: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "мои данные"
    shutil.copytree(begun, copy, symlinks=True)
    return copy


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[str]:
    """DATABASE_URL of a server that is the operator's."""
    with embedded(tmp_path / "theirs", {"fsync": "off"}) as address:
        yield address


# --- help --------------------------------------------------------------------------------------------------------


def test_help_names_every_word_of_the_environment(tmp_path: Path) -> None:
    said = call(tmp_path, "--help").stdout
    assert all(word in said for word in OURS)
    assert re.findall(r"^  (\w+)  ", said.partition("Commands:")[2], re.MULTILINE) == [
        "run",
        "migrate",
        "demo",
        "user",
        "worker",
    ]
    assert not list(tmp_path.iterdir()), "help must not make a data folder"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["run"], ["Ctrl-C", "INCUBATOR_VAR/pg", "--port", "--workers", "nothing is loaded unasked"]),
        (["migrate"], ["Safe to repeat"]),
        (["demo"], ["--remove", "--json", "refused", "while `incubator run` is running"]),
        (["user", "add"], ["EMAIL", "--role [administrator|organiser]", "link", "--password"]),
        (["worker"], ["REDIS_URL", "As many", "DATABASE_URL"]),
    ],
)
def test_each_command_has_help_worth_reading(tmp_path: Path, command: list[str], told: list[str]) -> None:
    said = " ".join(call(tmp_path, *command, "--help").stdout.split()).lower()
    assert [word for word in told if word.lower().replace("as many", "many") not in said] == []


# --- run ---------------------------------------------------------------------------------------------------------


def test_first_start_serves_and_says_where(tmp_path: Path) -> None:
    var = tmp_path / "папка с пробелами"
    with site(var) as running:
        running.wait()
        assert f"http://127.0.0.1:{running.port}" in running.said
        status, health = running.get("/health/ready")
        assert (status, health["status"]) == (200, "ok")
        assert running.get("/health/live")[0] == 200
    wait_until_gone(var)


def test_second_start_is_ready_in_a_few_seconds_and_keeps_the_data(var: Path) -> None:
    with site(var) as running:
        a_person(running.wait().address())
        assert running.press_ctrl_c() == 0
    started = time.monotonic()
    with site(var) as running:
        running.wait()
        assert time.monotonic() - started < 8
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
            assert 2 < time.monotonic() - started < 10, "it did not hang, or not end"
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
    with site(var) as running:
        running.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("workers", ["1", "2"])
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


def test_a_killed_web_process_is_replaced(var: Path) -> None:
    with site(var, "--workers", "2") as running:
        running.wait()
        children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
        webs = [int(pid) for pid in children if "--multiprocessing-fork" in Path(f"/proc/{pid}/cmdline").read_text()]
        os.kill(webs[0], signal.SIGKILL)
        deadline = time.monotonic() + 20
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
        with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/health/live", timeout=10) as answer:
            assert "server" not in answer.headers


# --- a database of the operator's --------------------------------------------------------------------------------


def test_with_database_url_nothing_is_loaded_unasked(tmp_path: Path, own_server: str) -> None:
    with site(tmp_path / "var", DATABASE_URL=own_server) as running:
        running.wait()
        assert running.get("/health/ready")[1]["migrations"]["status"] == "ok"
        assert ask(own_server, "SELECT count(*) FROM person") == 0
        assert "Demo accounts" not in running.said
    assert not (tmp_path / "var" / "pg").exists()


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    result = call(tmp_path / "var", "migrate", DATABASE_URL=f"postgresql://me@127.0.0.1:{free_port()}/incubator")
    assert result.returncode == 1
    assert "DATABASE_URL can't be used" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_database_that_has_no_such_name(tmp_path: Path, own_server: str) -> None:
    result = call(tmp_path / "var", "migrate", DATABASE_URL=own_server.replace("/postgres?", "/nonesuch?"))
    assert result.returncode == 1
    assert '"nonesuch" does not exist' in result.stderr
    assert "Traceback" not in result.stderr


def test_migrate_twice_at_once_and_again(tmp_path: Path, own_server: str) -> None:
    environment = words(tmp_path / "var", DATABASE_URL=own_server)
    with contextlib.ExitStack() as stack:
        pair = [
            stack.enter_context(
                subprocess.Popen([*COMMAND, "migrate"], env=environment, stdout=-1, stderr=-1, text=True)
            )
            for _ in range(2)
        ]
        ends = [(*process.communicate(timeout=60), process.returncode) for process in pair]
    assert [end[2] for end in ends] == [0, 0], ends
    assert call(tmp_path / "var", "migrate", DATABASE_URL=own_server).stdout == "The database is up to date.\n"
    assert ask(own_server, "SELECT count(*) FROM person") == 0


# --- demo --------------------------------------------------------------------------------------------------------


def story(result: "subprocess.CompletedProcess[str]") -> Any:
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert {account["role"] for account in told["accounts"]} == ROLES
    assert all(set(account) == {"role", "email", "password", "name"} for account in told["accounts"])
    assert all(set(cohort) == {"id", "name"} for cohort in told["cohorts"])
    assert len(told["cohorts"]) == 2
    return told


def test_first_start_loads_the_demo_and_lists_its_accounts(tmp_path: Path) -> None:
    with site(tmp_path / "var") as running:
        running.wait()
    lines = [line.split("  ") for line in running.said.split("\r\n")]
    listed = {line[0]: [cell for cell in line[1:] if cell] for line in lines if line[0] in ROLES}
    assert set(listed) == ROLES
    assert all(len(cells) == 3 for cells in listed.values()), "e-mail, password, what to try"


def test_demo_as_json_while_the_site_runs_and_after(var: Path) -> None:
    with site(var) as running:
        running.wait()
        told = story(call(var, "demo", "--json"))
        assert running.get("/health/ready")[0] == 200
        running.press_ctrl_c()
    assert story(call(var, "demo", "--json")) == told


def test_demo_goes_into_an_empty_database_and_out_again(tmp_path: Path, own_server: str) -> None:
    var = tmp_path / "var"
    told = story(call(var, "demo", "--json", DATABASE_URL=own_server))
    assert ask(own_server, "SELECT count(*) FROM person") > 50
    again = call(var, "demo", DATABASE_URL=own_server)
    assert told["accounts"][0]["email"] in again.stdout
    assert call(var, "demo", "--remove", DATABASE_URL=own_server).returncode == 0
    assert ask(own_server, "SELECT count(*) FROM person") == 0


def test_demo_refuses_a_database_that_holds_anything_else(tmp_path: Path, own_server: str) -> None:
    assert call(tmp_path / "var", "migrate", DATABASE_URL=own_server).returncode == 0
    a_person(own_server)
    result = call(tmp_path / "var", "demo", "--json", DATABASE_URL=own_server)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "not the demo's" in result.stderr
    assert ask(own_server, "SELECT count(*) FROM person") == 1


def test_a_demo_killed_half_way_is_begun_anew(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with site(var) as running:
        while "loading the demo" not in running.said:
            assert running._hear()
        time.sleep(1)
        assert "(Ctrl-C ends it)" not in running.said
        running.process.kill()
        running.process.wait()
    with site(var) as running:
        running.wait()
    story(call(var, "demo", "--json"))


# --- people and jobs ---------------------------------------------------------------------------------------------


def test_the_first_administrator_gets_a_link(tmp_path: Path, own_server: str) -> None:
    arguments = ["user", "add", "Root@Example.org", "--name", "Анна Иванова", "--role", "administrator"]
    result = call(tmp_path / "var", *arguments, DATABASE_URL=own_server, PUBLIC_URL="https://incubator.example")
    assert result.returncode == 0, result.stderr
    assert re.search(r"https://incubator\.example/\S{20,}", result.stdout)


def test_a_password_can_be_set_at_once(tmp_path: Path, own_server: str) -> None:
    arguments = ["user", "add", "root@example.org", "--name", "Анна Иванова", "--role", "administrator", "--password"]
    secret = "тихая-заводь-и-девять-уток"
    result = call(tmp_path / "var", *arguments, typed=f"{secret}\n{secret}\n", DATABASE_URL=own_server)
    assert result.returncode == 0, result.stderr
    assert "root@example.org can sign in now" in result.stdout
    assert secret not in result.stdout + result.stderr
    assert str(ask(own_server, "SELECT password_hash FROM person")).startswith("$argon2")


def test_a_password_too_weak_is_refused_in_one_sentence(tmp_path: Path, own_server: str) -> None:
    arguments = ["user", "add", "root@example.org", "--name", "Анна", "--role", "administrator", "--password"]
    result = call(tmp_path / "var", *arguments, typed="123\n123\n", DATABASE_URL=own_server)
    assert result.returncode == 1
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr
    assert ask(own_server, "SELECT count(*) FROM person") == 0


def test_an_unknown_role_is_refused(tmp_path: Path) -> None:
    result = call(tmp_path / "var", "user", "add", "a@example.org", "--name", "A", "--role", "king")
    assert result.returncode == 2
    assert "administrator" in result.stderr


def test_a_worker_without_redis_says_what_to_set(tmp_path: Path) -> None:
    result = call(tmp_path / "var", "worker")
    assert result.returncode == 1
    assert "REDIS_URL is not set" in result.stderr
    assert not (tmp_path / "var" / "pg").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_waits_for_jobs_until_it_is_told_to_stop(tmp_path: Path, own_server: str, number: int) -> None:
    if not shutil.which("redis-server"):
        pytest.fail("redis-server is missing") if os.environ.get("CI") else pytest.skip("redis-server isn't installed")
    port = free_port()
    redis = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    environment = words(tmp_path / "var", DATABASE_URL=own_server, REDIS_URL=f"redis://127.0.0.1:{port}/0")
    with (
        subprocess.Popen(redis, stdout=subprocess.DEVNULL) as store,
        subprocess.Popen([*COMMAND, "worker"], env=environment, stdout=-1, stderr=-1, text=True) as worker,
    ):
        try:
            assert worker.stdout
            assert worker.stdout.readline().startswith("Waiting for jobs")
            wait_until(lambda: ask(own_server, "SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL") > 1)
            time.sleep(1)
            worker.send_signal(number)
            _, said = worker.communicate(timeout=30)
        finally:
            worker.kill()
            store.terminate()
    assert worker.returncode == 0
    assert "Traceback" not in said


# --- the wheel and the checkout ----------------------------------------------------------------------------------


def test_the_wheel_runs_from_an_empty_folder(tmp_path: Path) -> None:
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(built, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    assets = tmp_path / "installed" / "incubator" / "assets"
    for folder in ("templates", "static", "migrations"):
        ours = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*.*") if path.suffix != ".pyc"}
        packed = {str(path.relative_to(assets)) for path in (assets / folder).rglob("*.*")}
        assert ours - packed == set()
    assert list((tmp_path / "installed" / "incubator" / "locale" / "ru").glob("*.po"))
    empty = tmp_path / "empty"
    empty.mkdir()
    where = [sys.executable, "-c", "import incubator; print(incubator.__file__)"]
    environment = words(empty / "var", PYTHONPATH=str(tmp_path / "installed"))
    found = subprocess.run(where, env=environment, cwd=empty, capture_output=True, text=True, check=True).stdout
    assert found.startswith(str(tmp_path / "installed"))
    with site(empty / "var", PYTHONPATH=str(tmp_path / "installed")) as running:
        running.wait()
        assert running.get("/health/ready")[1]["migrations"]["status"] == "ok"


def test_make_lists_its_targets() -> None:
    said = subprocess.run(["make", "-C", str(ROOT), "--no-print-directory"], capture_output=True, text=True, check=True)
    listed = re.findall(r"^  make (\w+) +\S", said.stdout, re.MULTILINE)
    named = "setup run test check format types contracts messages migration bench demo".split()
    assert set(named) <= set(listed)


def test_the_lock_has_hashes_and_no_index_address() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "://" not in text
        assert "--index" not in text
        pinned = re.findall(r"^[\w.-]+==\S+", text, re.MULTILINE)
        assert len(pinned) > 50
        assert len(re.findall(r"^[\w.-]+==[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(pinned)
