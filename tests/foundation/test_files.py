"""Files: judged by their content, counted, written whole or not at all, and never served to be shown."""

import asyncio
import io
import struct
import time
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cast
from foundation.coming import keep
from incubator.foundation import file_types, files, jobs, uploads
from incubator.foundation.database import DB, execute, fetch_value, new_id
from incubator.foundation.file_types import ACCEPTED, KINDS, clean_name, true_type
from incubator.foundation.refusals import Refused
from incubator.settings import settings as known

OFFICE_PARTS = {".docx": "word/document.xml", ".xlsx": "xl/workbook.xml", ".pptx": "ppt/presentation.xml"}


def archive(entries, *, compression=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as out:
        for name, content in entries.items():
            out.writestr(name, content)
    return made.getvalue()


def office(suffix, extra=None, types=""):
    declared = types or f'<Types><Override PartName="/x" ContentType="{ACCEPTED[suffix]}.main+xml"/></Types>'
    return archive({"[Content_Types].xml": declared, OFFICE_PARTS[suffix]: "<x/>", **(extra or {})})


def open_document(suffix, extra=None):
    return archive({"mimetype": ACCEPTED[suffix], "content.xml": "<x/>", **(extra or {})})


def png(width=2, height=2):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 14)) + chunk(b"IEND", b"")


def jpeg(width=2, height=2, before=b""):
    frame = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + b"\x03" + b"\0" * 9
    return b"\xff\xd8" + (before or b"\xff\xe0\x00\x10JFIF\0" + b"\0" * 9) + frame + b"\xff\xda\x00\x02\0\0\xff\xd9"


PDF = cast.PDF
GOOD = {
    "a.pdf": PDF,
    "A.PDF": PDF,
    **{f"a{suffix}": office(suffix) for suffix in OFFICE_PARTS},
    **{f"a{suffix}": open_document(suffix) for suffix in (".odt", ".ods", ".odp")},
    "a.png": png(),
    "a.jpg": jpeg(),
    "a.jpeg": jpeg(before=b"\xff\xff\xe0\x00\x10JFIF\0" + b"\0" * 9),
    "a.txt": "Отток населения\r\n".encode(),
    "b.txt": "Отток".encode("cp1251"),
    "c.txt": "\ufeffОтток".encode(),
    "d.txt": "Отток".encode("utf-16"),
    "a.csv": "год;число\n2026;1\n".encode("utf-8-sig"),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_offices_use_is_taken_for_what_it_is(name):
    assert true_type(name, GOOD[name]) == ACCEPTED[Path(name).suffix.lower()]


def refused(name, content):
    with pytest.raises(Refused) as why:
        true_type(name, content)
    return why.value.reason.msgid


@pytest.mark.parametrize("name", ["a.exe", "a.svg", "a.html", "a.mhtml", "a.xml", "a.docm", "a.xlsm", "a.doc", "a.zip",
                                  "a", "pdf", ".pdf.", "a.pdf.exe", "a.js"])  # fmt: skip
def test_other_kinds_are_refused_by_name(name):
    assert refused(name, PDF) == file_types.NOT_ACCEPTED


@pytest.mark.parametrize("suffix", sorted(ACCEPTED))
def test_another_kind_under_this_name_is_refused(suffix):
    for name, content in GOOD.items():
        same = ACCEPTED[Path(name).suffix.lower()] == ACCEPTED[suffix]
        text = suffix in {".txt", ".csv"} and Path(name).suffix.lower() in {".txt", ".csv", ".pdf"}
        if not same and not text:
            assert refused(f"x{suffix}", content) == file_types.NOT_WHAT_IT_SAYS


HOSTILE = {
    "html in a text": ("a.txt", b"<html><script>alert(1)</script>"),
    "html after blanks": ("a.txt", b" \n\t <!DOCTYPE html><script>"),
    "html after a mark": ("a.txt", b"\xef\xbb\xbf<html>"),
    "html in utf-16": ("a.txt", "<script>alert(1)</script>".encode("utf-16")),
    "html later": ("a.csv", b"a;b\n<script>alert(1)</script>"),
    "svg in a text": ("a.txt", b"<svg onload='alert(1)'>"),
    "xml with a stylesheet": ("a.txt", b"<?xml version='1.0'?><?xml-stylesheet href='x'?>"),
    "bytes in a text": ("a.txt", b"MZ\x90\0\x03"),
    "broken utf-16": ("a.txt", b"\xff\xfe\x00\xd8"),
    "a page called pdf": ("a.pdf", b"<html>"),
    "a pdf without an end": ("a.pdf", b"%PDF-1.7\n"),
    "script in a pdf": ("a.pdf", PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>")),
    "script in a pdf by numbers": ("a.pdf", PDF.replace(b"/Catalog", b"/Catalog/AA<</S/J#61va#53cript/JS(1)>>")),
    "a program in a pdf": ("a.pdf", PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/Launch/F(cmd.exe)>>")),
    "a pdf behind a page": ("a.pdf", b"<script>alert(1)</script>" + PDF),
    "docm called docx": ("a.docx", office(".docx", {"word/vbaProject.bin": "x"})),
    "macro types": ("a.docx", office(".docx", types="<Types>application/vnd.ms-word.document.macroEnabled.main+xml"
                    f"{ACCEPTED['.docx']}.main+xml</Types>")),
    "macros in any case": ("a.xlsx", office(".xlsx", {"xl/VBAPROJECT.BIN": "x"})),
    "active x": ("a.docx", office(".docx", {"word/activeX/activeX1.bin": "x"})),
    "basic in odt": ("a.odt", open_document(".odt", {"Basic/Standard/Module1.xml": "x"})),
    "python in ods": ("a.ods", open_document(".ods", {"Scripts/python/x.py": "x"})),
    "xlsx called docx": ("a.docx", office(".xlsx")),
    "any archive called docx": ("a.docx", archive({"a.exe": "MZ"})),
    "an old word file": ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    "a prefix before the archive": ("a.docx", b"#!/bin/sh\n" + office(".docx")),
    "half an archive": ("a.docx", office(".docx")[:-30]),
    "a bomb by ratio": ("a.xlsx", office(".xlsx", {"xl/sheet.xml": b"0" * (30 * 1024 * 1024)})),
    "a lie about entries": ("a.docx", office(".docx")[:-12] + b"\xff\xff\xff\xff" + office(".docx")[-8:]),
    "the test virus": ("a.txt", b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"),
    "a picture of 2500 megapixels": ("a.png", png(50_000, 50_000)),
    "a photograph of 4000 megapixels": ("a.jpg", jpeg(65_000, 65_000)),
    "a picture of nothing": ("a.png", png(0, 5)),
    "a picture cut off": ("a.png", png()[:30]),
    "a photograph without a frame": ("a.jpg", b"\xff\xd8\xff\xda\x00\x02"),
    "a photograph of fill bytes": ("a.jpg", b"\xff\xd8" + b"\xff" * 200_000),
    "gif called png": ("a.png", b"GIF89a" + b"\0" * 40),
    "nothing but a head": ("a.jpg", b"\xff\xd8\xff"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_content_is_refused_quickly(case):
    name, content = HOSTILE[case]
    begun = time.process_time()
    refused(name, content)
    assert time.process_time() - begun < 2


def test_a_million_entries_are_refused_by_the_count_alone():
    name = b"a"
    entry = (
        struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0)
        + name
    )
    table = entry * 60_000
    local = b"PK\x03\x04" + b"\0" * 30
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 60_000, 60_000, len(table), len(local), 0)
    begun = time.process_time()
    assert refused("a.docx", local + table + end) == file_types.TOO_DENSE
    assert time.process_time() - begun < 0.5


def test_an_encrypted_office_file_is_refused():
    whole = bytearray(office(".docx"))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = whole.find(mark)
        while place >= 0:
            whole[place + offset] |= 1
            place = whole.find(mark, place + 4)
    refused("a.docx", bytes(whole))


@given(st.binary(max_size=300), st.sampled_from(sorted(ACCEPTED)), st.sampled_from(sorted(GOOD)))
@settings(max_examples=400)
def test_any_bytes_are_taken_or_refused_and_nothing_else(noise, suffix, name):
    for content in (noise, GOOD[name] + noise, GOOD[name][:-1] + noise, noise + GOOD[name]):
        try:
            assert true_type(f"x{suffix}", content) == ACCEPTED[suffix]
        except Refused:
            continue


def test_people_are_told_the_kinds_before_they_choose():
    assert KINDS == "pdf, docx, xlsx, pptx, odt, ods, odp, png, jpg, txt, csv"


# --- Names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Отчёт.pdf", "Отчёт.pdf"), ("../../etc/passwd", "passwd"), ("C:\\Users\\a\\Итог.docx", "Итог.docx"),
        ("/etc/shadow.txt", "shadow.txt"), ("a\0b.pdf", "ab.pdf"), ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie x.pdf"),
        ("CON", "_CON"), ("con.txt", "_con.txt"), ("LPT1.tar.pdf", "_LPT1.tar.pdf"), ("console.txt", "console.txt"),
        (".htaccess", "htaccess"), ("...", "file"), ("", "file"), ("   ", "file"), ("a..pdf", "a.pdf"),
        ("\u202egpj.exe", "gpj.exe"), ("a\u200bb.pdf", "ab.pdf"), ("“a” <b>|c?.pdf", "“a” bc.pdf"),
        ("и\u0306.pdf", "й.pdf"), ("a" * 300 + ".pdf", "a" * 150 + ".pdf"), ("a." + "b" * 300, "a." + "b" * 148),
        ('a".pdf', "a.pdf"), ("a\u2028b.txt", "a b.txt"), ("a/", "file"), ("a.pdf.", "a.pdf"), ("~$x.docx", "~$x.docx"),
    ],
)  # fmt: skip
def test_names_become_harmless(raw, clean):
    assert clean_name(raw) == clean


@given(st.text(max_size=400))
@settings(max_examples=800)
def test_any_name_is_short_one_line_and_no_path(raw):
    name = clean_name(raw)
    assert 0 < len(name) <= 165
    assert name.isprintable()
    assert not set(name) & set('/\\<>:"|?*')
    assert name == name.strip(" .")
    assert clean_name(name) == name
    header = files.disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.startswith('attachment; filename="')
    assert header.count('"') == 2


# --- Kept files -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def owner(db):
    """A team's id; nothing else about the team matters here."""
    return new_id()


async def read(file_id):
    return b"".join([piece async for piece in files.chunks(file_id, 10)])


async def test_a_file_comes_back_as_it_was(owner):
    stored = await keep(owner, "../Отчёт.pdf")
    assert (stored.name, stored.media_type, stored.size) == ("Отчёт.pdf", "application/pdf", len(PDF))
    assert await files.facts(stored.id) == stored
    assert await read(stored.id) == PDF
    assert files.readable(stored.id)
    assert files.path(stored.id).stat().st_mode & 0o777 == 0o600
    assert await fetch_value("SELECT sha256 FROM stored_file") == __import__("hashlib").sha256(PDF).hexdigest()


async def test_nothing_is_known_of_a_random_id(db):
    assert await files.facts(new_id()) is None
    assert not files.readable(new_id())


async def test_a_discarded_file_frees_its_space_at_once_and_its_bytes_after_the_commit(owner, monkeypatch):
    monkeypatch.setattr(files, "QUOTA", len(PDF))
    stored = await keep(owner)
    async with DB.transaction():
        await files.discard(stored.id)
        assert files.readable(stored.id)
    again = await keep(owner)
    await jobs.drain()
    assert not files.readable(stored.id)
    assert files.readable(again.id)
    await files.erase({"id": stored.id})  # at least once means that twice does no harm
    await files.erase({"id": again.id})
    assert files.readable(again.id)


async def test_quarantine_is_known_stays_and_is_told_once(owner, monkeypatch):
    told = []

    async def hear(file_id):
        told.append(file_id)

    monkeypatch.setattr(files, "PUT_ASIDE", [hear])
    stored = await keep(owner)
    await files.quarantine(stored.id)
    first = await fetch_value("SELECT quarantined_at FROM stored_file")
    await files.quarantine(stored.id)
    assert await fetch_value("SELECT quarantined_at FROM stored_file") == first
    assert told == [stored.id]
    assert files.withheld(await files.facts(stored.id)) == files.QUARANTINED
    await execute("UPDATE stored_file SET quarantined_at = NULL")
    assert files.withheld(await files.facts(stored.id)) is None


# --- The scanner ------------------------------------------------------------------------------------------------------


class Clamd:
    """A scanner that finds what holds a word, speaking as clamd does."""

    def __init__(self):
        self.seen, self.answer = [], None

    async def serve(self, reader, writer):
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        content = b""
        while length := int.from_bytes(await reader.readexactly(4)):
            content += await reader.readexactly(length)
        self.seen.append(content)
        found = b"stream: Bad.Thing FOUND" if b"bad thing" in content else b"stream: OK"
        writer.write((self.answer or found) + b"\0")
        writer.close()


@pytest.fixture
async def clamd(monkeypatch, tmp_path):
    made = Clamd()
    server = await asyncio.start_unix_server(made.serve, tmp_path / "clamd")
    monkeypatch.setattr(files, "settings", lambda: replace(known(), clamd_url=f"unix:{tmp_path / 'clamd'}"))
    monkeypatch.setattr(uploads, "settings", lambda: replace(known(), clamd_url=f"unix:{tmp_path / 'clamd'}"))
    yield made
    server.close()


async def test_with_a_scanner_a_file_waits_until_it_was_looked_at(owner, clamd):
    stored = await keep(owner)
    assert stored.waiting
    assert files.withheld(await files.facts(stored.id)) == files.WAITING
    await jobs.drain()
    assert clamd.seen == [PDF]
    assert files.withheld(await files.facts(stored.id)) is None
    assert await fetch_value("SELECT scan FROM stored_file") == "clean"


async def test_what_the_scanner_finds_is_put_aside(owner, clamd):
    stored = await keep(owner, content=PDF.replace(b"/Catalog", b"/Catalog/Title(bad thing)"))
    await jobs.drain()
    assert (await files.facts(stored.id)).quarantined
    assert files.readable(stored.id)


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR", b"stream: Can't allocate memory ERROR"])
async def test_a_scanner_without_a_verdict_is_asked_again(owner, clamd, answer):
    stored = await keep(owner)
    clamd.answer = answer
    await jobs.drain()
    assert (await files.facts(stored.id)).waiting
    clamd.answer = None
    await jobs.wake_all()
    await jobs.drain()
    assert not (await files.facts(stored.id)).waiting


async def test_without_the_scanner_again_files_go_out(owner, clamd, monkeypatch):
    stored = await keep(owner)
    monkeypatch.setattr(files, "settings", known)
    await jobs.drain()
    assert files.withheld(await files.facts(stored.id)) is None
    assert await fetch_value("SELECT scan FROM stored_file") == "none"
