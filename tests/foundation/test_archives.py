"""A team's files as one archive: names that hide nothing, bytes that stay out of memory, and what is missing said."""

import io
import tracemalloc
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cast
from foundation.coming import keep
from incubator.foundation import archives, files
from incubator.foundation.database import new_id
from incubator.foundation.file_types import clean_name

PDF = cast.PDF


@pytest.fixture
async def owner(db):
    """A team's id; nothing else about the team matters here."""
    return new_id()


def entry(*folders, name="a.pdf", file_id=None, media_type="application/pdf", size=0):
    return archives.Entry(
        folders, files.FileFacts(file_id or new_id(), name, media_type, size), datetime(2026, 3, 1, tzinfo=UTC)
    )


def test_two_files_of_one_name_both_find_a_place():
    found = archives.paths(
        [entry("1. М", "1. З"), entry("1. М", "1. З", name="A.PDF"), entry("1. М", "1. З"), entry("2. М")]
    )
    assert found == ["1. М/1. З/a.pdf", "1. М/1. З/A (2).PDF", "1. М/1. З/a (3).pdf", "2. М/a.pdf"]


@given(st.lists(st.tuples(st.text(max_size=200), st.text(max_size=200)), max_size=8))
def test_no_path_leads_out_of_the_archive_or_hides_another(titles):
    found = archives.paths([entry(folder, name=clean_name(name)) for folder, name in titles])
    assert len({path.casefold() for path in found}) == len(titles)
    for path in found:
        folder, name = path.split("/")
        assert folder not in {"", ".", ".."}
        assert name.isprintable()
        assert len(path) < 300


async def test_an_archive_holds_what_is_there_and_says_what_is_not(owner):
    first, lost = await keep(owner, "Отчёт.pdf"), await keep(owner, "b.pdf")
    files.path(lost.id).unlink()
    entries = [archives.Entry(("Модуль",), file, datetime(2026, 3, 1, tzinfo=UTC)) for file in (first, lost)]
    made = b"".join([piece async for piece in archives.zipped(entries, ("О файлах.txt", "Список"))])
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["Модуль/Отчёт.pdf", "О файлах.txt"]
        assert opened.read("Модуль/Отчёт.pdf") == PDF
        assert "Модуль/b.pdf" in opened.read("О файлах.txt").decode("utf-8-sig")


async def heaviest(pieces):
    """The most that Python held at once while the pieces were taken, in bytes."""
    tracemalloc.start()
    try:
        async for _ in pieces:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_an_archive_is_never_held_in_memory(owner, monkeypatch):
    big = await keep(owner, "big.pdf", PDF[:9] + b"%" + b"0" * (12 * 1024 * 1024) + b"\n" + PDF[9:])
    entries = [archives.Entry(("М",), big, datetime(2026, 3, 1, tzinfo=UTC))] * 3
    assert await heaviest(archives.zipped(entries, ("x", ""))) < 4 * 1024 * 1024
    monkeypatch.setattr(archives, "PIECE", 16 * 1024 * 1024)  # as one that reads whole files would: it is noticed
    assert await heaviest(archives.zipped(entries, ("x", ""))) > 12 * 1024 * 1024
