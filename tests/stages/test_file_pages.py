"""Files on their way out: shown where nothing in them can act, put aside, and all of a team's as one archive."""

import io
import struct
import zipfile
import zlib

import pytest

import cast
from incubator.foundation import files
from incubator.foundation.database import execute, fetch_one
from incubator.stages import actions


def png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 14)) + chunk(b"IEND", b"")


@pytest.fixture
async def attached(site):
    """A function that attaches a file, and where it goes."""
    _, team, plan = site

    async def attach(name, content=cast.PDF):
        upload = actions.Upload("data_file", name, content)
        return await actions.attach_file(await cast.viewer(team.lead), team.id, plan[0].assignments[1].id, upload)

    attach.team, attach.assignment, attach.where = team, plan[0].assignments[1], site[0]
    return attach


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("а.pdf", cast.PDF, "application/pdf"),
        (
            "и то и другое.pdf",
            cast.PDF.replace(b"endobj", b"endobj %<html><script>alert(1)</script>"),
            "application/pdf",
        ),
        ("а.png", png(), "image/png"),
    ],
)
async def test_what_a_browser_shows_can_do_nothing_there(attached, client, name, content, kind):
    stored = await attached(name, content)
    page = await client.get(f"/files/{stored.id}/view")
    assert (page.status_code, "нет антивируса" in page.text) == (200, True)
    out = await client.get(f"/files/{stored.id}/shown")
    assert (out.content, out.headers["content-type"]) == (content, kind)
    assert out.headers["content-disposition"].startswith("inline; ")
    assert out.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert out.headers["x-content-type-options"] == "nosniff"
    assert out.headers["x-frame-options"] == "DENY"


async def test_other_kinds_are_saved_only(attached, client):
    stored = await attached("а.txt", "Текст".encode())
    for way in ("view", "shown"):
        assert (await client.get(f"/files/{stored.id}/{way}")).status_code == 404
    assert (await client.get(f"/files/{stored.id}")).headers["content-disposition"].startswith("attachment")


async def test_a_file_put_aside_says_so_to_its_owners_and_is_nobodys(attached, client):
    stored = await attached("а.pdf")
    await cast.write(attached.team.lead, attached.team.id, attached.assignment.id)
    await files.quarantine(stored.id)
    page = (await client.get(cast.work_address(attached.team, attached.assignment.id))).text
    assert "Отложен как опасный" in page
    assert f'href="/files/{stored.id}' not in page
    for way in ("", "/view", "/shown"):
        assert (await client.get(f"/files/{stored.id}{way}")).status_code == 403
    check = await client.get(f"{cast.work_address(attached.team, attached.assignment.id)}/check")
    assert "Один из файлов отложен как опасный" in check.text
    row = await fetch_one(
        "SELECT team, actor, data->>'name' AS name FROM journal_entry WHERE verb = 'file.quarantined'"
    )
    assert tuple(row) == (attached.team.id, None, "а.pdf")
    assert "отложен как опасный файл" in (await client.get(f"/teams/{attached.team.id}/journal")).text


async def test_a_file_that_waits_for_the_scanner_says_so(attached, client):
    stored = await attached("а.pdf")
    await execute("UPDATE stored_file SET scan = 'waiting'")
    assert "Проверяется на вирусы" in (await client.get(cast.work_address(attached.team, attached.assignment.id))).text
    assert (await client.get(f"/files/{stored.id}")).status_code == 403
    await execute("UPDATE stored_file SET scan = 'clean'")
    assert "проверен на вирусы" in (await client.get(f"/files/{stored.id}/view")).text


async def test_all_files_of_a_team_in_folders(attached, client):
    first, _twin, gone, bad = [await attached(name) for name in ("Отчёт.pdf", "отчёт.pdf", "лишний.pdf", "плохой.pdf")]
    lead = await cast.viewer(attached.team.lead)
    await actions.name_file(lead, first.id, first.name, "Главное")
    await actions.remove_file(lead, gone.id)
    await files.quarantine(bad.id)
    answer = await client.get(f"/teams/{attached.team.id}/files.zip")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        listing = archive.read("Об этих файлах.txt").decode("utf-8-sig")
    folder = names[0].rpartition("/")[0]
    assert folder.count("/") == 1
    assert names == [f"{folder}/Отчёт.pdf", f"{folder}/отчёт (2).pdf", "Об этих файлах.txt"]
    assert "Главное" in listing
    assert "плохой.pdf" in listing
    assert "лишний.pdf" not in listing


async def test_a_file_of_an_earlier_version_lies_apart(attached, client):
    stored = await attached("а.pdf")
    lead = attached.team.lead
    await cast.write(lead, attached.team.id, attached.assignment.id)
    await cast.decide(await cast.hand_in(lead, attached.team.id, attached.assignment.id), "returned")
    await actions.remove_file(await cast.viewer(lead), stored.id)
    answer = await client.get(f"/teams/{attached.team.id}/files.zip")
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert [name.split("/")[2:] for name in names if name.endswith("а.pdf")] == [["Версия 1", "а.pdf"]]


async def test_an_archive_of_nothing_says_so(attached, client):
    answer = await client.get(f"/teams/{attached.team.id}/files.zip")
    listing = zipfile.ZipFile(io.BytesIO(answer.content)).read("Об этих файлах.txt").decode("utf-8-sig")
    assert "пока не приложила" in listing


async def test_the_page_of_a_work_takes_the_same_number_of_statements_with_any_number_of_files(
    attached, client, counting
):
    address = cast.work_address(attached.team, attached.assignment.id)
    await attached("1.pdf")
    with counting() as one:
        await client.get(address)
    for number in range(2, 5):
        await attached(f"{number}.pdf")
    with counting() as several:
        await client.get(address)
    assert len(one) == len(several)
