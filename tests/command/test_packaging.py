"""The wheel, the Makefile and the locks."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

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
