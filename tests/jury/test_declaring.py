"""The form on which jurors declare: what they said for another round stays, what they typed is never thrown away."""

import re

import pytest

import cast
from incubator.foundation.database import execute, fetch_one, fetch_value
from incubator.jury.conflicts import declaring
from incubator.jury.conflicts.declaring import Card
from incubator.jury.ledger import book
from incubator.jury.office import conducting

CHOSEN = re.compile(r'<option value="([^"]+)" selected>([^<]*)')
BOXES = re.compile(r'<input\b[^>]*\bname="(employer)"[^>]*\bvalue="([^"]*)"')


async def two_rounds(client) -> tuple[cast.RoundOfCast, str]:
    """A juror's round with a team of his own municipality, and the page of another one without it."""
    where = await cast.scoring_round(teams=2, jurors=2, opened=False)
    runs = await where.organiser()
    other = await conducting.create_round(runs, where.cohort.id, "Финал", [where.teams[1].id])
    await conducting.seat_jurors(runs, other, [juror.id for juror in where.jurors])
    home = await fetch_value("SELECT municipality FROM team WHERE id = $1", where.teams[0].id)
    card = Card("АО «Мост»", home, "Приморский край")
    await declaring.declare(await cast.viewer(where.jurors[0]), where.id, {}, card=card)
    assert await standing() == 1
    await cast.sign_in(client, where.jurors[0])
    return where, f"/rounds/{other}/conflicts"


async def version(client, address: str) -> str:
    """The version that the form shows."""
    return re.search(r'name="version"\s+value="([^"]*)"', (await client.get(address)).text)[1]


async def standing() -> int:
    return await fetch_value("SELECT count(*) FROM conflict_of_interest WHERE lifted_at IS NULL")


async def test_a_form_sent_as_it_came_changes_nothing_of_what_was_said_for_another_round(client):
    where, address = await two_rounds(client)
    place = await fetch_one("SELECT id, name FROM municipality m WHERE id = (SELECT municipality FROM juror_card)")
    # A region that is called otherwise in the register now stays too.
    await execute("UPDATE juror_card SET region = 'Край, которого нет в справочнике'")
    before = dict(await fetch_one("SELECT municipality, region FROM juror_card"))
    page = (await client.get(address)).text
    chosen = [(value, text) for value, text in CHOSEN.findall(page) if value not in {"0", "1", "-1"}]
    assert [value for value, _ in chosen] == [str(place["id"]), before["region"]]
    assert place["name"] in chosen[0][1]
    ((_, employer),) = BOXES.findall(page)
    sent = {
        "version": "",
        "has_card": "on",
        "none": "on",
        "employer": employer,
        "municipality": chosen[0][0],
        "region": chosen[1][0],
    }
    assert (await client.post(address, data=sent)).status_code == 303
    assert dict(await fetch_one("SELECT municipality, region FROM juror_card")) == before
    assert await fetch_value("SELECT employer FROM person WHERE id = $1", where.jurors[0].id) == "АО «Мост»"
    assert await standing() == 1, "the conflict in the other round stands"
    # Whoever really moves away still can say so.
    assert (
        await client.post(address, data={**sent, "municipality": "", "version": await version(client, address)})
    ).status_code == 303
    assert await standing() == 0


async def test_a_municipality_that_is_not_offered_is_an_error_at_the_field(client):
    _, address = await two_rounds(client)
    far = await fetch_value("SELECT id FROM municipality WHERE id <> ALL (SELECT municipality FROM team) LIMIT 1")
    sent = {"has_card": "on", "none": "on", "employer": "Школа", "municipality": str(far), "region": ""}
    page = await client.post(address, data=sent)
    assert page.status_code == 422
    assert 'href="#f-municipality"' in page.text
    assert 'value="Школа"' in page.text


@pytest.mark.parametrize("more", [{}, {"none": "on"}])
async def test_a_reason_without_a_tick_is_an_error_that_names_the_team(client, more):
    where = await cast.scoring_round(teams=3, jurors=2, declared=False)
    ticked, loose, silent = where.teams
    await cast.sign_in(client, where.jurors[0])
    address = f"/rounds/{where.id}/conflicts"
    sent = {"team": str(ticked.id), f"reason_{ticked.id}": "", f"reason_{loose.id}": "Там работает сестра",
            f"reason_{silent.id}": "  ", **more}  # fmt: skip
    page = await client.post(address, data=sent)
    assert page.status_code == 422
    names = {team.id: await fetch_value("SELECT name FROM team WHERE id = $1", team.id) for team in where.teams}
    summary = dict(re.findall(r'<a href="#f-reason_([^"]+)">([^<]+)</a>', page.text))
    assert summary == {
        str(ticked.id): f"{names[ticked.id]}: Заполните это поле.",
        str(loose.id): f"{names[loose.id]}: Отметьте и команду или сотрите причину.",
    }
    assert 'value="Там работает сестра"' in page.text
    assert re.search(rf'value="{ticked.id}" checked', page.text)
    assert f'id="f-reason_{loose.id}-error"' in page.text
    assert await standing() == 0
    alone = await client.post(address, data={f"reason_{loose.id}": "Сестра", **more})
    assert (alone.status_code, 'href="#f-none"' in alone.text) == (422, False), "one error for one mistake"
    sent |= {"team": str(loose.id)}
    assert (await client.post(address, data=sent)).status_code == 303
    assert await standing() == 1


async def test_an_old_page_writes_over_nothing_that_was_said_since(client):
    where = await cast.scoring_round(teams=2, jurors=2, opened=False, declared=False)
    juror, (near, far) = where.jurors[0], where.teams
    await cast.sign_in(client, juror)
    address = f"/rounds/{where.id}/conflicts"
    old = await version(client, address)
    blank = {"none": "on", "has_card": "on", "employer": "", "municipality": "", "region": "", "has_wishes": "on"}
    wish, other = f"wish_{near.id}", f"wish_{far.id}"
    newer = {**blank, "employer": "АО «Мост»", "region": "Приморский край", wish: "1", other: "0", "version": old}
    assert (await client.post(address, data=newer)).status_code == 303

    async def said():
        card = await fetch_one("SELECT employer, region FROM person h JOIN juror_card c ON c.person = h.id")
        return card["employer"], card["region"], await fetch_value("SELECT sum(value) FROM juror_wish")

    assert await said() == ("АО «Мост»", "Приморский край", 1)
    stale = {
        **blank,
        wish: "0",
        other: "-1",
        "version": old,
        "team": str(far.id),
        f"reason_{far.id}": "Там работает сестра",
    }
    entries = await fetch_value("SELECT count(*) FROM journal_entry")
    answer = await client.post(address, data=stale)
    assert answer.status_code == 409
    assert "в другом окне" in answer.text
    assert all(words in answer.text for words in ("АО «Мост»", "Приморский край")), "what stands now is shown"
    assert 'value="Там работает сестра"' in answer.text
    assert re.search(rf'value="{far.id}" checked', answer.text)
    assert await said() == ("АО «Мост»", "Приморский край", 1)
    assert await standing() == 0
    assert await fetch_value("SELECT count(*) FROM journal_entry") == entries
    # What was compared is declared as it was typed; an old page that says what stands anyway is no news.
    fresh = re.search('name="version" value="([^"]+)"', answer.text)[1]
    assert (await client.post(address, data={**stale, "version": fresh})).status_code == 303
    assert await said() == ("", "", -1)
    assert await standing() == 1
    again = {**blank, wish: "0", other: "-1", "version": old}
    assert (await client.post(address, data=again)).status_code == 303


async def test_what_a_team_names_for_the_next_round_shows_at_once_in_one_that_is_open(client):
    where = await cast.scoring_round(teams=2, jurors=3)
    juror, runs = where.jurors[0], await where.organiser()
    for each in where.jurors:
        await cast.score(where, each, await where.project(), 7, 7, 7, 7, 7)
    following = await conducting.create_round(runs, where.cohort.id, "Финал", [where.teams[0].id])
    await conducting.seat_jurors(runs, following, [juror.id])
    await declaring.claim(await cast.viewer(where.teams[0].lead), where.teams[0].id, juror.id, "Спор о земле")
    states = "SELECT s.state FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE e.person = $1 AND s.project = $2"
    assert await fetch_value(states, juror.id, await where.project()) == "recused", "the lock would leave it out"
    assert await fetch_value(states, juror.id, await where.project(1)) == "empty"
    await cast.sign_in(client, where.cohort.organiser)
    page = (await client.get(f"/cohorts/{where.cohort.id}/conflicts")).text
    assert "отпал 1 лист" in page
    assert (await book.verify(where.id))[0] == []
    conflict = await fetch_value("SELECT id FROM conflict_of_interest WHERE lifted_at IS NULL")
    await declaring.lift(runs, conflict, "Спора нет")
    assert await fetch_value(states, juror.id, await where.project()) == "draft", "and an organiser gives it back"


async def test_a_team_reads_and_challenges_the_juries_of_its_own_rounds_only(client):
    where = await cast.scoring_round(teams=2, jurors=2, opened=False)
    runs = await where.organiser()
    await conducting.arrange_round(runs, where.id, "Полуфинал", [where.teams[0].id])
    for number, seen in ((0, True), (1, False)):
        team = where.teams[number]
        await cast.sign_in(client, team.lead)
        page = (await client.get(f"/teams/{team.id}/jury")).text
        assert (where.jurors[0].name in page) == seen
        sent = {"juror": str(where.jurors[0].id), "reason": "Спор о земле"}
        assert (await client.post(f"/teams/{team.id}/jury", data=sent)).status_code == (303 if seen else 409)
    assert await standing() == 1
