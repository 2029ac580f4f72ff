"""How the tests are shared among processes."""

from pathlib import Path

import pytest

import sharing

TESTS = Path(__file__).parent


def test_every_file_that_is_handed_out_first_exists():
    assert [name for name in sharing.LONGEST if not (TESTS / name).is_file()] == []
    assert len(set(sharing.LONGEST)) == len(sharing.LONGEST)


def test_long_files_come_first_and_the_others_keep_their_order():
    long, longest = sharing.LONGEST[1], sharing.LONGEST[0]
    given = ["tests/a.py::one", f"tests/{long}::one", "tests/b.py::one", f"tests/{longest}::one", f"tests/{long}::two"]
    assert sorted(given, key=sharing.rank) == [
        f"tests/{longest}::one", f"tests/{long}::one", f"tests/{long}::two", "tests/a.py::one", "tests/b.py::one",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "cores"),
    [
        ("200000 100000", 2),
        ("150000 100000", 2),
        ("50000 100000", 1),
        ("max 100000", sharing.MOST),
        (None, sharing.MOST),
    ],
)
def test_a_container_is_not_given_more_processes_than_its_share(tmp_path, monkeypatch, given, cores):
    monkeypatch.setattr(sharing, "QUOTA", tmp_path / "cpu.max")
    if given:
        sharing.QUOTA.write_text(f"{given}\n")
    assert sharing.allowed() == cores
