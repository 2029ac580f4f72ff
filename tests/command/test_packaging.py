"""The wheel, the Makefile and the locks."""

import contextlib
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from operating import ROOT, site, words


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


def named(requirement: str) -> tuple[str, set[str]]:
    """Name and extras of a requirement: `pydantic[email]<3; python_version > "3"` -> ("pydantic", {"email"})."""
    found = re.match(r"([\w.-]+)\s*(?:\[([^\]]*)\])?", requirement)
    assert found, requirement
    extras = {extra.strip().lower() for extra in (found[2] or "").split(",") if extra.strip()}
    return re.sub(r"[-_.]+", "-", found[1]).lower(), extras


def applies(requirement: str, extras: set[str]) -> bool:
    """Whether it is asked for at all: it belongs to no extra of its distribution, or to one that is locked."""
    of = re.findall(r"""\bextra\s*==\s*["']([^"']+)""", requirement.partition(";")[2])
    return not of or bool(extras & {extra.lower() for extra in of})


@pytest.mark.parametrize("lock", ["production.txt", "development.txt"])
def test_the_lock_names_every_extra_that_something_in_it_needs(lock: str) -> None:
    """The pip of Debian 12 takes `name==1` for no pin of `name[extra]`: it looks for the newest and then lacks its hash."""
    pins = re.findall(r"^([\w.-]+(?:\[[^\]]*\])?)==", (ROOT / "requirements" / lock).read_text(), re.MULTILINE)
    locked = dict(map(named, pins))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = list(project["project"]["dependencies"])
    if lock == "development.txt":
        wanted += project["dependency-groups"]["dev"] + project["project"]["optional-dependencies"]["embedded"]
    for name, extras in locked.items():
        with contextlib.suppress(metadata.PackageNotFoundError):  # for another system
            needs = metadata.requires(name) or []
            wanted += [each for each in needs if applies(each, extras)]
    asked = [(name, extras) for name, extras in map(named, wanted) if extras and name in locked]
    assert len(asked) > 3
    assert [(name, extras - locked[name]) for name, extras in asked if not extras <= locked[name]] == []
