"""Data folders after a first start, and a server that is the operator's."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from incubator.foundation.postgres import embedded
from operating import site


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
