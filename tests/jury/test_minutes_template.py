"""A cohort's own Word template of minutes: tried before it is taken, used, let go; what is broken or hostile is refused."""

import io
import re
import zipfile

import pytest
from docx import Document as Word

import cast
from incubator.foundation.database import fetch_value
from incubator.foundation.i18n import MOSCOW, speaking
from incubator.jury.minutes import template, words
from jury.test_minutes import document_of, played


def changed(old: str, new: str) -> bytes:
    """The shipped template with other words, as somebody would write them in Word."""
    word = Word(io.BytesIO(template.shipped()))
    cells = [cell for table in word.tables for row in table.rows for cell in row.cells]
    for paragraph in [*word.paragraphs, *(each for cell in cells for each in cell.paragraphs)]:
        for run in paragraph.runs:
            run.text = run.text.replace(old, new)
    saved = io.BytesIO()
    word.save(saved)
    return saved.getvalue()


async def bring(client, where, content: bytes, name: str = "наш.docx"):
    return await client.post(
        f"/rounds/{where.id}/minutes/template", files={"file": (name, content, "application/octet-stream")},
        headers={"accept-language": "ru"},
    )  # fmt: skip


async def test_an_own_template_is_taken_and_used_and_let_go(client):
    where = await played()
    await cast.sign_in(client, where.cohort.organiser)
    assert (await bring(client, where, changed("{{ date }}", "Город N, {{ date }}"))).status_code == 303
    made = await client.get(f"/rounds/{where.id}/minutes.docx")
    assert any(each.text.startswith("Город N, ") for each in Word(io.BytesIO(made.content)).paragraphs)
    shipped = f"/rounds/{where.id}/minutes/template.docx?shipped"
    assert f'href="{shipped}"' in (await client.get(f"/rounds/{where.id}/minutes")).text
    lines = [each.text for each in Word(io.BytesIO((await client.get(shipped)).content)).paragraphs]
    assert "{{ date }}\t{{ place }}" in lines, "the names are looked up there when a template is refused"
    assert (await client.post(f"/rounds/{where.id}/minutes/template/drop")).status_code == 303
    made = await client.get(f"/rounds/{where.id}/minutes.docx")
    assert not any(each.text.startswith("Город N, ") for each in Word(io.BytesIO(made.content)).paragraphs)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{{ date }}", "{{ datte }}", "datte"),
        ("{{ seat.name }}", "{{ seat.nmae }}", "nmae"),
        ("{{ date }}", "{{ date", "прочитать"),
        ("{{ date }}", "{{ ''.__class__.__mro__ }}", "__class__"),
        ("{{ date }}", "{{ 9 ** (9 ** 9) }}", "вовремя"),
        ("{{ date }}", "{% for a in range(99999) %}{% for b in range(99999) %}{{ b }}{% endfor %}{% endfor %}", "вовремя"),
    ],
)  # fmt: skip
async def test_a_broken_template_is_refused_by_the_name_of_its_fault(client, monkeypatch, old, new, told):
    from incubator.foundation import printing

    monkeypatch.setattr(printing, "PATIENCE", 6.0)
    where = await played(teams=1)
    await cast.sign_in(client, where.cohort.organiser)
    with speaking("ru", MOSCOW):
        content = changed(old, new)
    answer = await bring(client, where, content)
    assert answer.status_code == 422
    assert told in answer.text
    assert told in re.search(r'<details class="fold" open>.*?</details>', answer.text, re.DOTALL)[0], "not out of sight"
    assert await fetch_value("SELECT count(*) FROM minutes_template") == 0


def with_entry(name: str, content: bytes) -> bytes:
    made = io.BytesIO(template.shipped())
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("наш.docx", b"no archive"),
        ("наш.txt", b"text"),
        ("наш.docx", b""),
        ("наш.docx", with_entry("word/vbaProject.bin", b"macros")),
        ("наш.docx", with_entry("word/bomb.xml", bytes(400_000_000 // 8))),
        ("наш.docx", b"PK" + bytes(3 * 1024 * 1024 // 2 * 2)),
    ],
    ids=["no archive", "another kind", "empty", "macros", "bomb", "too long"],
)
async def test_a_hostile_file_is_no_template(client, name, content):
    where = await played(teams=1)
    await cast.sign_in(client, where.cohort.organiser)
    assert (await bring(client, where, content, name)).status_code in {413, 422}
    assert await fetch_value("SELECT count(*) FROM minutes_template") == 0


async def test_every_name_of_a_document_is_in_the_sample(db):
    """Else a template that uses it would be refused though it is there."""
    where = await played()
    said, tried = await document_of(where), template.sample()
    assert set(said) - set(tried) == set()
    for name, lines in said.items():
        if isinstance(lines, list) and lines and isinstance(lines[0], dict):
            assert set(lines[0]) - set(tried[name][0]) == set(), name
    assert set(said["labels"]) == set(words.LABELS)
