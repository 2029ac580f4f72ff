"""Processes killed under load: nothing acknowledged is lost, nothing is doubled, nothing is answered with a 500.

The harness is `bench/kills`; it runs apart from this process on a site of its own. Here a few kills of each kind and both
negative controls; `make faults` does all 270. KILLS=0.2 takes a fifth of them.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from needed import missing

ROOT = Path(__file__).resolve().parents[2]
SHARE = os.environ.get("KILLS", "0.03")
PARTS = {"web", "database", "backend", "worker", "redis"}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Any]:
    """What the runs came to."""
    if shutil.which("redis-server") is None:
        missing("redis-server is not installed: kills of workers and of Redis are NOT tested")
    words = [sys.executable, "-m", "bench.kills", "--share", SHARE, "--json"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False)
    assert done.stdout, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_nothing_is_lost_doubled_or_altered_whatever_is_killed(verdicts: dict[str, Any]) -> None:
    found = verdicts["kills"]
    assert set(found["kills"]) == PARTS
    assert (found["lost"], found["doubled"], found["altered"], found["bad"]) == (0, 0, 0, [])
    assert found["entries"] == found["acknowledged"] == found["presses"] > 50
    # It hit: answers were lost, and the site said that the database was away.
    assert found["unanswered"] > 0
    assert found["unavailable"] > 0
    assert set(found["statuses"]) == {"200", "503"}


def test_work_goes_on_by_itself_within_ten_seconds(verdicts: dict[str, Any]) -> None:
    assert set(verdicts["kills"]["back_after"]) == PARTS
    assert max(verdicts["kills"]["back_after"].values()) < 10


def test_every_letter_is_sent_whoever_of_worker_and_redis_is_killed(verdicts: dict[str, Any]) -> None:
    found = verdicts["kills"]
    assert found["letters"] > 0
    assert found["letters_missing"] == 0
    assert found["letters_twice"] <= found["kills"]["worker"] * 4  # those in hand at a kill, under the same Message-ID


def test_the_harness_finds_what_is_lost_when_commits_are_acknowledged_too_early(verdicts: dict[str, Any]) -> None:
    assert verdicts["too early"]["lost"] > 0


def test_the_harness_finds_what_is_doubled_when_presses_have_no_numbers(verdicts: dict[str, Any]) -> None:
    assert verdicts["unnumbered"]["doubled"] > 0
