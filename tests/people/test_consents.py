"""Consents: asked for after signing in and before anything else, each for itself, kept for ever, withdrawn at will."""

import asyncio

import asyncpg
import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Refused
from incubator.people import consent_queries, consents, queries, sessions
from incubator.people.consent_rules import Answer, Kind, Wording
from incubator.people.rights import Role, Scope
from incubator.settings import settings

pytestmark = pytest.mark.usefixtures("db")
EVERYBODY = frozenset(Role)


def wording(kind=Kind.PERSONAL_DATA, *, asked_of=EVERYBODY, required=True, text="Я согласен на обработку."):
    return Wording(kind, "Согласие", "Consent", text, "I agree.", asked_of, required)


@pytest.fixture
async def admin(db):
    return await cast.administrator()


@pytest.fixture
async def writes(admin):
    async def write(after=0, **words):
        return await consents.write_document(await cast.viewer(admin), wording(**words), after)

    return write


async def organiser(name="Анна Ветрова", email="anna@example.org"):
    made = await cast.person(name, email, cast.PASSWORD)
    await cast.give(made, Role.ADMINISTRATOR, Scope.PLATFORM)
    return made


async def enter(client, who):
    cast.sign_out(client)
    answer = await client.post("/sign-in", data={"email": who.email, "password": cast.PASSWORD, "next": "/people?q=a"})
    token = client.cookies[sessions.cookie_name(settings())]
    client.headers["x-csrf-token"] = sessions.csrf_token(queries.token_fingerprint(token))
    return answer


async def test_nobody_is_asked_where_there_is_nothing_to_ask(client):
    who = await organiser()
    await enter(client, who)
    assert (await client.get("/people")).status_code == 200


async def test_who_signs_in_answers_first_and_then_goes_where_he_wanted_to(client, writes):
    document = (await writes()).hex
    who = await organiser()
    await enter(client, who)
    held = await client.get("/people?q=a")
    assert (held.status_code, held.headers["location"]) == (303, "/consents?next=/people%3Fq%3Da")
    page = await client.get(held.headers["location"])
    assert "Я согласен на обработку." in page.text
    assert page.text.count('type="checkbox"') == 1
    assert (await client.post("/profile", data={"name": "Другая"})).status_code == 403
    refused = await client.post("/consents", data={"next": "/people?q=a"})
    assert refused.status_code == 422
    assert await fetch_value("SELECT count(*) FROM consent") == 0
    went = await client.post("/consents", data={"next": "/people?q=a", f"agree-{document}": "on"})
    assert (went.status_code, went.headers["location"]) == (303, "/people?q=a")
    assert (await client.get("/people?q=a")).status_code == 200
    kept = await fetch_one("SELECT * FROM consent")
    assert (kept["person"], kept["document"].hex, kept["answer"], kept["address"]) == (
        who.id,
        document,
        "given",
        "127.0.0.1",
    )
    assert (
        await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'consent.given' AND actor = $1", who.id) == 1
    )
    await enter(client, who)
    assert (await client.get("/people")).status_code == 200  # asked once


async def test_a_new_version_asks_again_at_the_next_sign_in_and_not_in_the_middle_of_work(client, writes):
    who = await organiser()
    first = await writes()
    await consents.answer(await cast.viewer(who), {first: Answer.GIVEN}, "192.0.2.1")
    await enter(client, who)
    second = await writes(after=1, text="Вторая версия.")
    assert (await client.get("/people")).status_code == 200
    await enter(client, who)
    held = await client.get("/people")
    assert held.status_code == 303
    page = await client.get(held.headers["location"])
    assert "Вторая версия." in page.text
    assert await fetch_value("SELECT count(*) FROM consent_text") == 2
    assert [each.id for each in await consent_queries.due(who.id)] == [second]


async def test_each_document_has_its_own_answer_and_what_is_not_required_may_be_declined(client, writes):
    required, other = await writes(), await writes(kind=Kind.PICTURES, required=False)
    who = await organiser()
    await enter(client, who)
    went = await client.post("/consents", data={"next": "/people", f"agree-{required.hex}": "on"})
    assert went.status_code == 303
    said = {row["document"]: row["answer"] for row in await fetch("SELECT document, answer FROM consent")}
    assert said == {required: "given", other: "declined"}
    await enter(client, who)
    assert (await client.get("/people")).status_code == 200  # a declined one is not asked for again


async def test_only_whom_it_is_put_to_is_asked(writes):
    await writes(kind=Kind.CONFIDENTIALITY, asked_of=frozenset({Role.JUROR}))
    assert await consent_queries.due((await organiser()).id) == []


async def test_a_withdrawn_consent_stays_on_record_and_is_asked_for_again(client, writes):
    document, who = await writes(), await organiser()
    await consents.answer(await cast.viewer(who), {document: Answer.GIVEN}, "192.0.2.1")
    await cast.sign_in(client, who)
    assert "192.0.2.1" in (await client.get("/consents/mine")).text
    assert (await client.post(f"/documents/{document}/withdraw")).status_code == 303
    rows = await fetch("SELECT answer FROM consent ORDER BY at, id")
    assert [row["answer"] for row in rows] == ["given", "withdrawn"]
    assert (await client.post(f"/documents/{document}/withdraw")).status_code == 409
    assert (await client.get("/people")).status_code == 200  # this session goes on
    assert [each.id for each in await consent_queries.due(who.id)] == [document]
    assert (await client.post(f"/documents/{document}/agree")).status_code == 303
    assert await consent_queries.due(who.id) == []


async def test_what_was_kept_can_not_be_changed(writes):
    document, who = await writes(), await organiser()
    await consents.answer(await cast.viewer(who), {document: Answer.GIVEN}, "192.0.2.1")
    for statement in (
        "UPDATE consent SET answer = 'declined'", "DELETE FROM consent",
        "UPDATE consent_text SET text_ru = 'другое'", "DELETE FROM consent_text",
    ):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(statement)


async def test_two_browsers_at_once_keep_one_answer(writes):
    document, who = await writes(), await organiser()
    viewer = await cast.viewer(who)
    await asyncio.gather(*(consents.answer(viewer, {document: Answer.GIVEN}, "192.0.2.1") for _ in range(4)))
    assert await fetch_value("SELECT count(*) FROM consent") == 1


async def test_two_administrators_at_once_publish_one_version(admin, writes):
    ended = await asyncio.gather(*(writes() for _ in range(3)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended if isinstance(each, Exception)) == [Refused.__name__] * 2
    assert await fetch_value("SELECT count(*) FROM consent_text") == 1


async def test_the_administrator_writes_looks_and_publishes(client, admin):
    await cast.sign_in(client, admin)
    assert "personal_data" in (await client.get("/documents")).text
    words = {"kind": "personal_data", "title_ru": "Согласие", "text_ru": "Первый **пункт**", "after": "0",
             "asked_of": [role.value for role in Role], "required": "on"}  # fmt: skip
    looked = await client.post("/documents", data={**words, "press": "look"})
    assert looked.status_code == 200
    assert "<strong>пункт</strong>" in looked.text
    assert await fetch_value("SELECT count(*) FROM consent_text") == 0
    assert (await client.post("/documents", data={**words, "press": "publish"})).status_code == 303
    assert (await client.post("/documents", data={**words, "press": "publish"})).status_code == 409
    assert "Первый **пункт**" in (await client.get("/documents/new?kind=personal_data")).text
    assert (await client.post("/documents", data={**words, "title_ru": "", "press": "publish"})).status_code == 422


async def test_who_answered_is_shown_and_the_look_is_kept(client, admin, writes):
    document, who = await writes(), await organiser()
    for each in (who, admin):
        await consents.answer(await cast.viewer(each), {document: Answer.GIVEN}, "192.0.2.1")
    await cast.sign_in(client, admin)
    assert "Анна Ветрова" in (await client.get("/consents/given?q=ветр")).text
    page = (await client.get(f"/people/{who.id}/consents")).text
    assert "Согласие" in page
    assert "192.0.2.1" not in page  # the proof names date and version; the address stays in the record
    looks = "SELECT count(*) FROM journal_entry WHERE verb = 'consents.viewed' AND subject = $1"
    assert await fetch_value(looks, who.id) == 1


@pytest.mark.parametrize("people", [1, 3])
async def test_the_roll_takes_three_statements_however_many_there_are(counting, admin, writes, people):
    await writes()
    for number in range(people):
        await organiser(f"Имя {number}", f"n{number}@example.org")
    viewer = await cast.viewer(admin)
    with counting() as seen:
        roll = await consent_queries.roll(viewer, "")
    assert (len(seen), len(roll.rows)) == (3, people + 1)
