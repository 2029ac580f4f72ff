"""Files of a draft: put in, taken out, downloaded as attachments only."""

import io
import zipfile

import pytest

import cast
from incubator.foundation import files
from incubator.foundation.database import execute, fetch_value
from incubator.foundation.refusals import NotFound, Refused
from incubator.people.rights import Verdict
from incubator.stages import actions, hooks


def docx(*extra):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", '<Types><Override ContentType="application/vnd.openxmlformats-'
                         'officedocument.wordprocessingml.document.main+xml"/></Types>')  # fmt: skip
        archive.writestr("word/document.xml", "<w:document/>")
        for name in extra:
            archive.writestr(name, "x")
    return made.getvalue()


@pytest.fixture
async def evidence(site):
    """The assignment that takes a file."""
    where, team, plan = site
    return where, team, plan[0].assignments[1], "answer-data_file"


async def test_one_refused_file_loses_neither_the_others_nor_a_word(evidence, client):
    _, team, assignment, field = evidence
    data = await cast.work_form(team, assignment.id, **{"answer-trend": "Растёт", "press": "upload"})
    sent = [
        (field, ("расчёт.docx", docx(), "application/octet-stream")),
        (field, ("макрос.docx", docx("word/vbaProject.bin"), "application/octet-stream")),
        (field, ("страница.txt", b"<html><script>alert(1)</script>", "text/plain")),
        (field, ("таблица.csv", "год;число\n2026;1".encode(), "text/csv")),
    ]
    page = await client.post(cast.work_address(team, assignment.id), data=data, files=sent)
    assert page.status_code == 422
    assert "макрос.docx" in page.text
    assert "Растёт" in page.text
    work = await cast.work_of(team, assignment.id)
    assert [file["name"] for file in work.files["data_file"]] == ["расчёт.docx", "таблица.csv"]
    assert work.content["trend"] == "Растёт"


async def test_a_file_comes_out_as_an_attachment_only(evidence, client):
    _, team, assignment, field = evidence
    data = await cast.work_form(team, assignment.id, press="upload")
    name = "Отчёт «итог» 2026.pdf"
    answer = await client.post(
        cast.work_address(team, assignment.id), data=data, files=[(field, (name, cast.PDF, "text/html"))]
    )
    assert answer.headers["location"].endswith("#files")
    (file,) = (await cast.work_of(team, assignment.id)).files["data_file"]
    out = await client.get(f"/files/{file['id']}")
    assert out.content == cast.PDF
    assert out.headers["content-type"] == "application/pdf"
    assert out.headers["content-disposition"].startswith('attachment; filename="')
    assert "filename*=UTF-8''%D0%9E%D1%82%D1%87" in out.headers["content-disposition"]
    assert "sandbox" in out.headers["content-security-policy"]
    assert out.headers["x-content-type-options"] == "nosniff"
    assert out.headers["cache-control"] == "private, no-store"


async def test_a_file_that_was_sent_stays_with_its_version(evidence, client):
    _, team, assignment, _ = evidence
    lead = await cast.viewer(team.lead)
    await cast.write(lead, team.id, assignment.id)
    upload = actions.Upload("data_file", "а.pdf", cast.PDF)
    stored = await actions.attach_file(lead, team.id, assignment.id, upload)
    receipt = await cast.hand_in(team.lead, team.id, assignment.id)
    await cast.decide(receipt, "returned")
    await actions.remove_file(lead, stored.id)
    assert (await cast.work_of(team, assignment.id)).files == {}
    assert (await client.get(f"/files/{stored.id}")).status_code == 200
    assert "а.pdf" in (await client.get(f"{cast.work_address(team, assignment.id)}/revisions/1")).text


async def test_files_and_fields_that_do_not_belong_are_refused(evidence, client):
    _, team, assignment, _ = evidence
    data = await cast.work_form(team, assignment.id)
    for field in ("answer-trend", "answer-nothing", "state"):
        answer = await client.post(
            cast.work_address(team, assignment.id), data=data, files=[(field, ("а.pdf", cast.PDF, ""))]
        )
        assert answer.status_code == 400
    for more in ({"state": "accepted"}, {"answer-nothing": "x"}):
        assert (await client.post(cast.work_address(team, assignment.id), data={**data, **more})).status_code == 400
    twice = await client.post(
        cast.work_address(team, assignment.id), content=b"answer-trend=a&answer-trend=b",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert twice.status_code == 400
    assert await fetch_value("SELECT count(*) FROM stored_file") == 0


async def test_a_text_where_a_file_belongs_is_let_go(evidence, client):
    _, team, assignment, field = evidence
    data = await cast.work_form(team, assignment.id, **{field: "не файл", "answer-trend": "Растёт"})
    assert (await client.post(cast.work_address(team, assignment.id), data=data)).status_code == 303
    assert (await cast.work_of(team, assignment.id)).files == {}


async def test_too_big_a_body_is_refused_before_it_is_read(evidence, client):
    _, team, assignment, field = evidence
    big = b"%PDF-" + b"0" * (files.LARGEST + 1024 * 1024)
    answer = await client.post(cast.work_address(team, assignment.id), data={}, files=[(field, ("а.pdf", big, ""))])
    assert answer.status_code == 413


async def test_at_most_ten_files_at_a_field(evidence):
    _, team, assignment, _ = evidence
    lead = await cast.viewer(team.lead)
    for number in range(10):
        await actions.attach_file(lead, team.id, assignment.id, actions.Upload("data_file", f"{number}.pdf", cast.PDF))
    with pytest.raises(Refused):
        await actions.attach_file(lead, team.id, assignment.id, actions.Upload("data_file", "11.pdf", cast.PDF))


async def test_a_field_may_take_less_than_the_site(evidence):
    _, team, assignment, _ = evidence
    await execute("UPDATE assignment SET fields = jsonb_set(fields, '{4,limit}', '1')")
    large = cast.PDF[:9] + b"%" * (1024 * 1024) + cast.PDF[9:]
    with pytest.raises(Refused) as why:
        upload = actions.Upload("data_file", "большой.pdf", large)
        await actions.attach_file(await cast.viewer(team.lead), team.id, assignment.id, upload)
    assert dict(why.value.reason.params)["limit"] == 1


async def test_who_gets_a_file_out(evidence, client, monkeypatch):
    where, team, assignment, _ = evidence
    await cast.write(team.lead, team.id, assignment.id)
    upload = actions.Upload("data_file", "а.pdf", cast.PDF)
    stored = await actions.attach_file(await cast.viewer(team.lead), team.id, assignment.id, upload)
    address, juror = f"/files/{stored.id}", await cast.juror(where)

    async def status(who):
        await cast.sign_in(client, who)
        answer = await client.get(address)
        random = await client.get(f"/files/{cast.new_id()}")
        assert answer.status_code != 404 or answer.text.replace(address, "") == random.text.replace(
            str(random.url.path), ""
        )
        return answer.status_code

    async def opened(_viewer, _team):
        return Verdict.ALLOW

    monkeypatch.setattr(hooks, "OPENED", [opened])
    assert await status(team.members[0]) == 200
    assert await status((await cast.team(where, 1)).lead) == 404
    assert await status(juror) == 404  # a draft, whatever the jury feature opens
    await cast.decide(await cast.hand_in(team.lead, team.id, assignment.id), "accepted")
    assert await status(juror) == 200
    assert await fetch_value("SELECT actor FROM journal_entry WHERE verb = 'file.read_by_jury'") == juror.id
    monkeypatch.setattr(hooks, "OPENED", [])
    assert await status(juror) == 404
    await files.quarantine(stored.id)
    assert await status(team.lead) == 403


async def test_a_file_whose_bytes_are_gone_is_a_fault_and_not_an_empty_file(evidence, client):
    _, team, assignment, _ = evidence
    upload = actions.Upload("data_file", "а.pdf", cast.PDF)
    stored = await actions.attach_file(await cast.viewer(team.lead), team.id, assignment.id, upload)
    next(files.folder().glob(f"??/{stored.id}")).unlink()
    assert (await client.get(f"/files/{stored.id}")).status_code == 500


async def test_nobody_removes_a_file_that_is_not_there(evidence):
    _, team, _, _ = evidence
    with pytest.raises(NotFound):
        await actions.remove_file(await cast.viewer(team.lead), cast.new_id())
