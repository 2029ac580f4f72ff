"""A folder for an embedded server."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres_apps import open_the_way


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
