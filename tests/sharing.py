"""How many processes the tests are shared among (`-n auto`), and which files are handed out first."""

import contextlib
import math
import os
from pathlib import Path

import pytest

MOST = 8  # each has a PostgreSQL and, for some files, a Chromium of its own
QUOTA = Path("/sys/fs/cgroup/cpu.max")

# The longest first, or one process would be left alone with them at the end. Times differ from machine to machine, the
# order hardly does; `--durations=0` tells when it has become another.
LONGEST = (
    "faults/test_every_form.py",
    "journeys/test_pages.py",
    "rights/test_matrix.py",
    "command/test_serving.py",
    "command/test_cli.py",
    "faults/test_hostile_input.py",
    "journeys/test_never_lost.py",
    "journeys/test_offline.py",
    "rights/test_forgery.py",
    "rights/test_inference.py",
    "rights/test_strangers.py",
    "rights/test_taken_away.py",
    "journeys/test_story.py",
    "journeys/test_first_day.py",
    "journeys/test_roles.py",
    "journeys/test_uploading.py",
    "test_worker.py",
    "test_demo.py",
    "test_demo_removal.py",
    "comforts/test_controls.py",
    "comforts/test_keeping.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """With `-n` a process takes whole files, in the order of the collection: fixtures of a module are made once."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist, config.option.loadscopereorder = "loadfile", False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """The cores that we may use: a container is often given less than the machine has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, allowed(), MOST)


def allowed() -> int:
    """The share of a container in whole cores, rounded up."""
    with contextlib.suppress(OSError, ValueError):
        quota, period = QUOTA.read_text().split()
        return max(1, math.ceil(int(quota) / int(period)))
    return MOST


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a process that shares the tests with others: long files to the front, the rest in its order."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank(item.nodeid))


def rank(name: str) -> int:
    """The place of a test in the order of files."""
    file = name.partition("::")[0].removeprefix("tests/")
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)
