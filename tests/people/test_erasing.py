"""Erasing: whoever asked leaves no trace of name and address, and what proves the contest stays."""

import asyncio

import pytest

import cast
from incubator.foundation.database import fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Forbidden, Refused
from incubator.people import accounts, consents, erasing
from incubator.people.consent_rules import Kind, Wording
from incubator.people.rights import Role, Scope

pytestmark = pytest.mark.usefixtures("db")
CANARY = "Канареева"


@pytest.fixture
async def asked(client):
    """A lead with a team, an invitation, a letter and a consent, who asks to be erased; and the administrator."""
    where = await cast.cohort()
    await cast.begin(where)
    team = await cast.team(where, members=1)
    who = await cast.join_team(await cast.viewer(team.lead), team.id, f"{CANARY} Анна")
    admin = await cast.administrator()
    words = Wording(Kind.PERSONAL_DATA, "Согласие", "", "Текст", "", frozenset(Role), required=True)
    document = await consents.write_document(await cast.viewer(admin), words, 0)
    await consents.agree(await cast.viewer(who), document, "192.0.2.7")
    await accounts.ask_deletion(await cast.viewer(who))
    return who, await cast.viewer(admin), team


async def traces(word):
    """Columns of any table that hold a word."""
    columns = await fetch(
        "SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = 'public'"
        " AND data_type IN ('text', 'character varying', 'jsonb')"
    )
    return [
        f"{each['t']}.{each['c']}" for each in columns
        if await fetch_value(f'SELECT EXISTS (SELECT FROM "{each["t"]}" WHERE "{each["c"]}"::text LIKE $1)', f"%{word}%")
    ]  # fmt: skip


async def test_nothing_names_the_person_any_more(asked):
    who, admin, _ = asked
    assert await traces(CANARY)
    assert await traces(who.email)
    await erasing.erase(admin, who.id)
    assert await traces(CANARY) == []
    assert await traces(who.email) == []


async def test_what_proves_stays(asked):
    who, admin, team = asked
    before = await fetch_value("SELECT count(*) FROM journal_entry WHERE actor = $1", who.id)
    await erasing.erase(admin, who.id)
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE actor = $1", who.id) == before > 0
    assert await fetch_value("SELECT answer FROM consent WHERE person = $1", who.id) == "given"
    assert await fetch_value("SELECT count(*) FROM team_member WHERE team = $1 AND person = $2", team.id, who.id) == 1
    kept = await fetch_one("SELECT data->>'commitment' AS c FROM journal_entry WHERE verb = 'person.erased'")
    assert len(kept["c"]) == 64


async def test_the_team_reads_why_somebody_is_missing(client, asked):
    who, admin, team = asked
    await erasing.erase(admin, who.id)
    await consents.agree(await cast.viewer(team.lead), await fetch_value("SELECT id FROM consent_text"), "192.0.2.1")
    await cast.sign_in(client, team.lead)
    page = (await client.get(f"/teams/{team.id}/journal")).text
    assert f"в команде его больше нет: Участник {who.id.hex[-6:].upper()}" in page
    assert CANARY not in page


async def test_nobody_signs_in_with_it_and_nobody_opens_it_again(client, asked):
    who, admin, _ = asked
    await cast.sign_in(client, who)
    await erasing.erase(admin, who.id)
    assert (await client.get("/profile")).status_code == 303
    from incubator.people import administering

    await administering.reactivate(admin, who.id)
    assert await fetch_value("SELECT deactivated_at IS NOT NULL FROM person WHERE id = $1", who.id)
    assert await fetch_value("SELECT count(*) FROM role_grant WHERE person = $1 AND revoked_at IS NULL", who.id) == 0


async def test_only_who_asked_is_erased_and_only_once(asked):
    who, admin, team = asked
    with pytest.raises(Refused):
        await erasing.erase(admin, team.lead.id)
    ended = await asyncio.gather(*(erasing.erase(admin, who.id) for _ in range(3)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended if isinstance(each, Exception)) == ["Refused"] * 2


async def test_not_one_s_own_team_and_not_oneself(asked):
    who, admin, team = asked
    await cast.give(team.members[0], Role.ADMINISTRATOR, Scope.PLATFORM)
    with pytest.raises(Forbidden):
        await erasing.erase(await cast.viewer(team.members[0]), who.id)
    with pytest.raises(Forbidden):
        await erasing.erase(admin, admin.id)


async def test_the_page_says_what_goes_and_what_stays(client, asked):
    who, admin, _ = asked
    await cast.sign_in(client, admin.id)
    await consents.answer(admin, {}, "")
    document = await fetch_value("SELECT id FROM consent_text")
    await consents.agree(admin, document, "192.0.2.1")
    await cast.sign_in(client, admin.id)
    page = (await client.get(f"/people/{who.id}")).text
    assert "под псевдонимом" in page
    assert "Сначала напишите человеку" in page and f"mailto:{who.email}" in page
    assert (await client.post(f"/people/{who.id}/erasure")).status_code == 303
    page = (await client.get(f"/people/{who.id}")).text
    assert "Участник " in page
    assert f"/people/{who.id}/erasure" not in page
    assert "Данные удалены" in page
    assert "Просит удалить данные" not in page
    assert "@erased.invalid" not in page
