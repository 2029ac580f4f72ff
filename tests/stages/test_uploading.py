"""Files in pieces over HTTP, as the tus protocol says; what happens to the work meanwhile; names of any kind."""

import base64
import re
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cast
from incubator.foundation import files, uploads
from incubator.foundation.database import execute, fetch, fetch_value
from incubator.foundation.refusals import BadRequest
from incubator.people import queries, sessions
from incubator.stages import actions, filing
from incubator.stages.uploading import metadata

TUS = {"tus-resumable": "1.0.0", "sec-fetch-site": "same-origin"}
JSON = {"accept": "application/json"}
PIECE = "application/offset+octet-stream"
PDF = cast.PDF


@pytest.fixture
async def place(site, client):
    """The team, the assignment with a field for files, and where its uploads are announced."""
    _, team, plan = site
    client.headers.update(TUS)
    client.headers["x-csrf-token"] = sessions.csrf_token(queries.token_fingerprint(client.cookies["session"]))
    return team, plan[0].assignments[1], f"{cast.work_address(team, plan[0].assignments[1].id)}/uploads"


def said(name="Отчёт.pdf", field="data_file", **more):
    words = {"filename": name, "field": field, **more}
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in words.items())


async def announce(client, address, size=len(PDF), name="Отчёт.pdf", **more):
    headers = {**JSON, "upload-length": str(size), "upload-metadata": said(name), **more}
    return await client.post(address, headers=headers)


async def send(client, address, offset, piece, **more):
    headers = {**JSON, "upload-offset": str(offset), "content-type": PIECE, **more}
    return await client.patch(address, content=piece, headers=headers)


async def files_of(place):
    team, assignment, _ = place
    return (await cast.work_of(team, assignment.id)).files.get("data_file", [])


# --- The protocol -----------------------------------------------------------------------------------------------------


async def test_a_file_comes_in_pieces_and_becomes_one_of_the_works(place, client):
    made = await announce(client, place[2])
    assert (made.status_code, made.headers["upload-offset"], made.headers["tus-resumable"]) == (201, "0", "1.0.0")
    assert made.headers["upload-expires"].endswith("GMT")
    address = made.headers["location"]
    first = await send(client, address, 0, PDF[:30])
    assert (first.status_code, first.headers["upload-offset"]) == (204, "30")
    asked = await client.head(address)
    assert (asked.status_code, asked.headers["upload-offset"], asked.headers["upload-length"]) == (
        200,
        "30",
        str(len(PDF)),
    )
    assert asked.headers["cache-control"] == "no-store"
    assert await files_of(place) == []
    assert await fetch_value("SELECT count(*) FROM submission WHERE state <> 'not_started'") == 0
    last = await send(client, address, 30, PDF[30:])
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(PDF)))
    (file,) = await files_of(place)
    assert file["name"] == "Отчёт.pdf"
    assert (await client.get(f"/files/{file['id']}")).content == PDF
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'file.attached'") == 1
    again = await client.head(address)  # the last answer was lost: all is here, and nothing comes twice
    assert again.headers["upload-offset"] == again.headers["upload-length"]
    assert (await send(client, address, len(PDF), b"")).status_code == 204
    assert len(await files_of(place)) == 1


async def test_creation_may_bring_the_file_along(place, client):
    headers = {"upload-length": str(len(PDF)), "upload-metadata": said(), "content-type": PIECE}
    made = await client.post(place[2], content=PDF, headers=headers)
    assert (made.status_code, made.headers["upload-offset"]) == (201, str(len(PDF)))
    assert len(await files_of(place)) == 1


async def test_what_this_server_can_is_said_to_anybody(place, client):
    able = (await client.options(place[2])).headers
    assert able["tus-version"] == "1.0.0"
    assert able["tus-max-size"] == str(files.LARGEST)
    assert set(able["tus-extension"].split(",")) == {"creation", "creation-with-upload", "termination", "expiration"}


async def test_given_up_is_gone(place, client):
    address = (await announce(client, place[2])).headers["location"]
    assert (await client.delete(address)).status_code == 204
    for answer in (await client.head(address), await send(client, address, 0, PDF), await client.delete(address)):
        assert answer.status_code == 404
    assert await fetch("SELECT 1 FROM upload") == []


async def test_whoever_checks_before_a_file_has_come_is_told_that_it_stays_behind(place, client):
    check = place[2].replace("/uploads", "/check")
    address = (await announce(client, place[2])).headers["location"]
    await send(client, address, 0, PDF[:30])
    page = (await client.get(check)).text
    assert "Файл «Отчёт.pdf» дошёл не весь" in page
    assert "#files-data_file" in page
    await send(client, address, 30, PDF[30:])
    assert "дошёл не весь" not in (await client.get(check)).text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"tus-resumable": "0.2.2"}, 412), ({"upload-length": ""}, 400), ({"upload-length": "-1"}, 400),
        ({"upload-length": "1_0"}, 400), ({"upload-length": "3.0"}, 400), ({"upload-length": "9" * 40}, 400),
        ({"upload-length": "0"}, 422), ({"upload-length": str(files.LARGEST + 1)}, 413),
        ({"upload-metadata": "filename !!"}, 400), ({"upload-metadata": said("a.exe")}, 422),
        ({"upload-metadata": said("")}, 422), ({"upload-metadata": said(field="trend")}, 400),
        ({"upload-metadata": said(field="nothing")}, 400), ({"x-csrf-token": ""}, 400), ({"x-csrf-token": "x"}, 400),
        ({"sec-fetch-site": "cross-site"}, 403),
    ],
)  # fmt: skip
async def test_what_is_not_announced_properly_is_refused(place, client, headers, status):
    answer = await announce(client, place[2], **headers)
    assert answer.status_code == status
    assert await fetch("SELECT 1 FROM upload") == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"upload-offset": "5"}, 409), ({"upload-offset": "x"}, 400), ({"upload-offset": ""}, 400),
        ({"content-type": "application/pdf"}, 415), ({"tus-resumable": ""}, 412), ({"x-csrf-token": ""}, 400),
    ],
)  # fmt: skip
async def test_what_is_no_proper_piece_is_refused(place, client, headers, status):
    address = (await announce(client, place[2])).headers["location"]
    assert (await send(client, address, 0, PDF[:10], **headers)).status_code == status
    assert (await client.head(address)).headers["upload-offset"] == "0"


async def test_more_than_was_announced_is_refused(place, client):
    address = (await announce(client, place[2], size=20)).headers["location"]
    assert (await send(client, address, 0, PDF)).status_code == 400


async def test_a_wrong_content_is_refused_when_it_has_come_and_its_room_is_free(place, client):
    address = (await announce(client, place[2], size=10)).headers["location"]
    answer = await send(client, address, 0, b"<html>....")
    assert answer.status_code == 422  # 409 would be tried again and again
    assert "Отчёт.pdf" in answer.json()["message"]
    assert await fetch("SELECT 1 FROM upload") == []
    assert await files_of(place) == []


async def test_another_member_of_the_team_has_uploads_of_his_own(place, client):
    address = (await announce(client, place[2])).headers["location"]
    page = await client.get(cast.work_address(place[0], place[1].id))
    assert address.rpartition("/")[2] in page.text
    await cast.sign_in(client, place[0].members[0])
    client.headers["x-csrf-token"] = sessions.csrf_token(queries.token_fingerprint(client.cookies["session"]))
    assert (await client.head(address)).status_code == 404
    assert address.rpartition("/")[2] not in (await client.get(cast.work_address(place[0], place[1].id))).text


async def test_a_file_that_comes_after_the_work_was_sent_is_not_attached(place, client):
    team, assignment, address = place
    await cast.write(team.lead, team.id, assignment.id)
    upload = (await announce(client, address)).headers["location"]
    await send(client, upload, 0, PDF[:10])
    await cast.hand_in(team.lead, team.id, assignment.id)
    answer = await send(client, upload, 10, PDF[10:])
    assert answer.status_code == 403
    assert answer.json()["message"]
    assert await fetch_value("SELECT count(*) FROM stored_file WHERE id = $1", UUID(upload.rpartition("/")[2])) == 0


async def test_whoever_left_the_team_sends_nothing_more(place, client):
    upload = (await announce(client, place[2])).headers["location"]
    await execute("UPDATE role_grant SET revoked_at = now() WHERE person = $1", place[0].lead.id)
    assert (await send(client, upload, 0, PDF)).status_code == 404


async def test_files_on_their_way_count_among_the_ten(place, client):
    for number in range(filing.MOST_FILES):
        assert (await announce(client, place[2], name=f"{number}.pdf")).status_code == 201
    assert (await announce(client, place[2])).status_code == 422


async def test_the_page_says_how_much_room_there_is(place, client, monkeypatch):
    monkeypatch.setattr(files, "QUOTA", 3 * 1024 * 1024)
    await announce(client, place[2], size=1024 * 1024)
    page = (await client.get(cast.work_address(place[0], place[1].id))).text
    assert "Занято 1\xa0МБ из 3\xa0МБ, отведённых команде." in page
    refused = await announce(client, place[2], size=2 * 1024 * 1024 + 1)
    assert (refused.status_code, "занято 1\xa0МБ из 3\xa0МБ" in refused.json()["message"]) == (422, True)


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.text(max_size=20).filter(lambda text: "\0" not in text))
)
def test_metadata_comes_back_as_it_was_meant(words):
    encodable = {key: value for key, value in words.items() if value.isprintable()}
    text = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in encodable.items())
    assert metadata(text) == encodable


@given(st.text(max_size=60))
def test_any_metadata_is_read_or_refused(text):
    try:
        metadata(text)
    except BadRequest:
        return


# --- Names ------------------------------------------------------------------------------------------------------------


@given(st.text(min_size=1, max_size=120))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_name_hurts_page_header_or_archive(place, client, raw):
    """Path tricks, right-to-left marks, quotes, line breaks, markup: shown as text, saved under a harmless name."""
    await execute("TRUNCATE upload, submission_file, stored_file")
    name = f"{raw.replace(chr(0), '')}</script><b>\u202egpj.pdf".encode("utf-8", "replace").decode()
    address = (await announce(client, place[2], name=name)).headers["location"]
    assert (await send(client, address, 0, PDF)).status_code == 204
    (file,) = await files_of(place)
    assert file["name"].isprintable()
    assert not set(file["name"]) & set('/\\<>:"|?*\u202e')
    assert "</script><b>" not in (await client.get(cast.work_address(place[0], place[1].id))).text
    out = await client.get(f"/files/{file['id']}", headers={"accept": "*/*"})
    assert re.fullmatch(
        r"attachment; filename=\"[^\"\\]*\"; filename\*=UTF-8''[\w.~%()'!*-]+", out.headers["content-disposition"]
    )


# --- Named, removed, put back -----------------------------------------------------------------------------------------


@pytest.fixture
async def stored(place):
    """A file of the draft."""
    upload = actions.Upload("data_file", "а.pdf", PDF)
    return await actions.attach_file(await cast.viewer(place[0].lead), place[0].id, place[1].id, upload)


async def test_a_file_gets_another_name_but_no_other_kind(place, stored, client):
    answer = await client.post(f"/files/{stored.id}/name", data={"name": "../Смета.exe", "description": "На 2027 год"})
    assert answer.status_code == 303
    (file,) = await files_of(place)
    assert (file["name"], file["description"]) == ("Смета.exe.pdf", "На 2027 год")
    page = (await client.get(cast.work_address(place[0], place[1].id))).text
    assert "На 2027 год" in page
    refused = await client.post(f"/files/{stored.id}/name", data={"name": "", "description": "x"})
    assert refused.status_code == 422


async def test_a_removed_file_can_be_put_back_for_an_hour(place, stored, client):
    team, assignment, _ = place
    data = await cast.work_form(team, assignment.id, remove=str(stored.id))
    assert (await client.post(cast.work_address(team, assignment.id), data=data)).status_code == 303
    assert await files_of(place) == []
    assert (await client.get(f"/files/{stored.id}")).status_code == 404
    assert "Файл «а.pdf» удалён." in (await client.get(cast.work_address(team, assignment.id))).text
    assert await uploads.used(team.id) == 0
    assert await filing.erase_removed() == 0
    data = await cast.work_form(team, assignment.id, restore=str(stored.id))
    assert (await client.post(cast.work_address(team, assignment.id), data=data)).status_code == 303
    assert [file["name"] for file in await files_of(place)] == ["а.pdf"]
    await actions.remove_file(await cast.viewer(team.lead), stored.id)
    await execute("UPDATE stored_file SET let_go_at = let_go_at - interval '61 minutes'")
    await execute("UPDATE submission_file SET removed_at = removed_at - interval '61 minutes'")
    assert await filing.erase_removed() == 1
    data = await cast.work_form(team, assignment.id, restore=str(stored.id))
    assert (await client.post(cast.work_address(team, assignment.id), data=data)).status_code == 404


async def test_what_no_longer_fits_is_not_put_back(place, stored, client, monkeypatch):
    team, assignment, _ = place
    await actions.remove_file(await cast.viewer(team.lead), stored.id)
    monkeypatch.setattr(files, "QUOTA", 10)
    data = await cast.work_form(team, assignment.id, restore=str(stored.id))
    page = await client.post(cast.work_address(team, assignment.id), data=data)
    assert (page.status_code, "Место для файлов закончилось" in page.text) == (422, True)


async def test_what_was_sent_stays_as_it_was_sent(place, stored, client):
    """Renamed, removed and erased in the draft: the version keeps its name and its bytes."""
    team, assignment, _ = place
    lead = await cast.viewer(team.lead)
    await cast.write(lead, team.id, assignment.id)
    await cast.decide(await cast.hand_in(team.lead, team.id, assignment.id), "returned")
    await actions.name_file(await cast.viewer(team.lead), stored.id, "Другое имя", "")
    await actions.remove_file(await cast.viewer(team.lead), stored.id)
    await execute("UPDATE submission_file SET removed_at = removed_at - interval '2 days'")
    await filing.erase_removed()
    sent = (await client.get(f"{cast.work_address(team, assignment.id)}/revisions/1")).text
    assert "а.pdf" in sent
    assert "Другое имя" not in sent
    assert (await client.get(f"/files/{stored.id}")).content == PDF
