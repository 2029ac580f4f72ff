"""What the operator may write as the address of the virus scanner."""

from pathlib import Path

import pytest

from incubator.settings import SettingsError, read


def scanner(word: str, tmp_path: Path) -> str:
    return read({"CLAMD_URL": word, "SECRET_KEY": "x", "INCUBATOR_VAR": str(tmp_path)}).clamd_url


@pytest.mark.parametrize("word", ["", "unix:/run/clamav/clamd.ctl", "tcp://127.0.0.1:3310", "tcp://clamd"])
def test_addresses_that_are_taken(word, tmp_path):
    assert scanner(word, tmp_path) == word


@pytest.mark.parametrize("word", ["/run/clamd.ctl", "unix:", "tcp://", "http://127.0.0.1", "clamd:3310"])
def test_others_stop_the_start_with_an_example(word, tmp_path):
    with pytest.raises(SettingsError, match="CLAMD_URL must be like unix:/run"):
        scanner(word, tmp_path)
