"""The `incubator` command as an operator meets it: help, migrations, demo, accounts, workers."""

import contextlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from incubator.jury.ledger import short_verifier, verifier
from needed import missing
from operating import COMMAND, OURS, ROLES, a_person, ask, call, free_port, site, wait_until, words


def test_help_names_every_word_of_the_environment(tmp_path: Path) -> None:
    said = call(tmp_path, "--help").stdout
    assert all(word in said for word in OURS)
    assert re.findall(r"^  (\w+)  ", said.partition("Commands:")[2], re.MULTILINE) == [
        "run",
        "migrate",
        "demo",
        "user",
        "worker",
        "analyse",
        "ledger",
    ]
    assert not list(tmp_path.iterdir()), "help must not make a data folder"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["run"], ["Ctrl-C", "INCUBATOR_VAR/pg", "--port", "--workers", "nothing is loaded unasked"]),
        (["migrate"], ["Safe to repeat"]),
        (["demo"], ["--remove", "--json", "refused", "while `incubator run` is running"]),
        (["user", "reset"], ["EMAIL", "mail server", "opens once"]),
        (["user", "add"], ["EMAIL", "--role [administrator|organiser]", "link", "--password"]),
        (["ledger", "verify"], ["ROUND", "--root", "forger"]),
        (["worker"], ["REDIS_URL", "As many", "DATABASE_URL"]),
        (["analyse"], ["project, juror, score", "--top", "--json", "--weights", "exit status is 2", "No database"]),
    ],
)
def test_each_command_has_help_worth_reading(tmp_path: Path, command: list[str], told: list[str]) -> None:
    said = " ".join(call(tmp_path, *command, "--help").stdout.split()).lower()
    assert [word for word in told if word.lower().replace("as many", "many") not in said] == []


def test_the_ledger_of_a_published_round_is_checked_with_and_without_us(tmp_path: Path, var: Path) -> None:
    rounds = call(var, "ledger", "list").stdout.splitlines()
    found = [line.split()[:2] for line in rounds]
    assert len(found) >= 2
    for number, root in found:
        assert call(var, "ledger", "verify", number, "--root", root).stdout == f"root {root}\nAll is well.\n"
    number, root = found[-1]
    forged = call(var, "ledger", "verify", number, "--root", "0" * 64)
    assert (forged.returncode, forged.stdout.splitlines()[1][:11]) == (1, "the root is")
    export = tmp_path / "ledger.jsonl"
    export.write_text(call(var, "ledger", "export", number).stdout)
    for program in (short_verifier, verifier):
        alone = [sys.executable, "-I", "-S", program.__file__, export, root]
        assert subprocess.run(alone, capture_output=True, text=True, check=True).stdout.endswith("All is well.\n")
    unknown = call(var, "ledger", "verify", "00000000-0000-0000-0000-000000000000")
    assert (unknown.returncode, "incubator ledger list" in unknown.stderr) == (1, True)


def test_with_database_url_nothing_is_loaded_unasked(tmp_path: Path, own_server: str) -> None:
    with site(tmp_path / "var", DATABASE_URL=own_server) as running:
        running.wait()
        assert running.get("/health/ready")[1]["migrations"]["status"] == "ok"
        assert ask(own_server, "SELECT count(*) FROM person") == 0
        assert "Demo accounts" not in running.said
        assert "set-up code:  " in running.said
    assert not (tmp_path / "var" / "pg").exists()


def test_a_demo_that_was_taken_out_stays_out_and_the_set_up_begins(var: Path) -> None:
    assert "set-up code:  " in call(var, "demo", "--remove").stdout
    with site(var) as running:
        running.wait()
        assert "Demo accounts" not in running.said
        assert "set-up code:  " in running.said
    assert call(var, "demo", "--json").returncode == 0  # asked for, it comes again


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
        ends = [(*process.communicate(timeout=300), process.returncode) for process in pair]
    assert [end[2] for end in ends] == [0, 0], ends
    assert call(tmp_path / "var", "migrate", DATABASE_URL=own_server).stdout == "The database is up to date.\n"
    assert ask(own_server, "SELECT count(*) FROM person") == 0


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
    reset = call(tmp_path / "var", "user", "reset", "root@example.org", DATABASE_URL=own_server)
    assert re.search(r"/reset/\S{20,}", reset.stdout), reset.stderr
    unknown = call(tmp_path / "var", "user", "reset", "nobody@example.org", DATABASE_URL=own_server)
    assert unknown.returncode == 1
    assert "nobody@example.org" in unknown.stderr


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


def test_a_worker_waits_for_a_database_that_is_away(tmp_path: Path) -> None:
    away = words(tmp_path / "var", DATABASE_URL="postgresql://127.0.0.1:9/x", REDIS_URL="redis://127.0.0.1:9/0")
    with subprocess.Popen([*COMMAND, "worker"], env=away, stdout=-1, stderr=-1, text=True) as worker:
        try:
            assert worker.stderr
            said = [worker.stderr.readline() for _ in range(4)]
        finally:
            worker.kill()
    assert "can't be used" in said[0]
    assert said[2].startswith("Trying again in 5 seconds")
    assert said[3] == said[0], "and it did"


def test_a_worker_does_not_wait_for_a_database_that_was_never_made(tmp_path: Path, own_server: str) -> None:
    never = own_server.replace("/postgres?", "/never?")
    result = call(tmp_path / "var", "worker", DATABASE_URL=never, REDIS_URL="redis://127.0.0.1:9/0")
    assert result.returncode == 1
    assert "can't be used" in result.stderr
    assert "Trying again" not in result.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_waits_for_jobs_until_it_is_told_to_stop(tmp_path: Path, own_server: str, number: int) -> None:
    if not shutil.which("redis-server"):
        missing("redis-server isn't installed")
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
            _, said = worker.communicate(timeout=60)
        finally:
            worker.kill()
            store.terminate()
    assert worker.returncode == 0
    assert "Traceback" not in said
