"""Putting a team right: positions, what it is registered as, its leaving the cohort and coming back; actions and pages."""

import asyncio

import pytest

import cast
from incubator.foundation.database import fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.programmes.blueprint import Position
from incubator.stages.home import team_home
from incubator.teams import actions, corrections, queries
from incubator.teams.municipalities import MunicipalityFacts, MunicipalityKind
from incubator.teams.rules import Correction, Invitee

AMUR = MunicipalityFacts(
    "10701000", "Благовещенск", MunicipalityKind.URBAN_DISTRICT, "Амурская область", "Asia/Yakutsk"
)


def correction(**changes):
    return Correction(**{"team_name": "Спасск", "municipality": AMUR, "reason": "Ошибка в коде", **changes})


async def entry(verb):
    return await fetch_one("SELECT * FROM journal_entry WHERE verb = $1 ORDER BY id DESC LIMIT 1", verb)


async def member_named(team, name):
    return next(each for each in await queries.members(team.id) if each.name == name)


# --- Positions --------------------------------------------------------------------------------------------------------


async def test_the_lead_changes_a_position_and_the_journal_says_so(team, lead):
    member = await member_named(team, team.members[0].name)
    await corrections.edit_member(lead, team.id, member.id, Position.DEPUTY_HEAD, "Заместитель главы")
    now = await member_named(team, member.name)
    assert (now.position, now.job_title) == (Position.DEPUTY_HEAD, "Заместитель главы")
    noted = await entry("member.edited")
    assert (noted["actor"], noted["subject"], noted["team"]) == (lead.id, member.person, team.id)


async def test_positions_of_people_who_have_left_or_belong_elsewhere_stay(team, lead, cohort):
    other = await cast.team(cohort, 1)
    stranger = (await queries.members(other.id))[0]
    with pytest.raises(NotFound):
        await corrections.edit_member(lead, team.id, stranger.id, Position.HEAD, "")
    left = await member_named(team, team.members[0].name)
    await actions.remove_member(lead, team.id, left.id)
    with pytest.raises(Refused):
        await corrections.edit_member(lead, team.id, left.id, Position.HEAD, "")


async def test_the_form_of_a_position(client, team):
    await cast.sign_in(client, team.lead)
    member = await member_named(team, team.members[0].name)
    here = f"/teams/{team.id}/members/{member.id}"
    assert here in (await client.get(f"/teams/{team.id}/members")).text
    assert member.name in (await client.get(here)).text
    wrong = await client.post(here, data={"position": "councillor", "job_title": "Знаток"})
    assert wrong.status_code == 422 and "Знаток" in wrong.text, "councillors may not take part here"
    done = await client.post(here, data={"position": "head", "job_title": "Глава округа"})
    assert (done.status_code, done.headers["location"]) == (303, f"/teams/{team.id}/members")
    assert "Глава округа" in (await client.get(f"/teams/{team.id}/members")).text


# --- What a team is registered as -------------------------------------------------------------------------------------


async def test_another_code_brings_another_municipality(team, organiser):
    await corrections.correct_team(organiser, team.id, correction())
    seen = await queries.team_for(organiser, team.id)
    assert (seen.name, seen.municipality, seen.time_zone) == ("Спасск", "Благовещенск", "Asia/Yakutsk")
    assert await fetch_value("SELECT count(*) FROM municipality") == 2, "the one before stays for others"
    noted = await entry("team.corrected")
    assert "Ошибка в коде" in noted["data"] and "Спасск-Дальний" in noted["data"]


async def test_under_the_same_code_the_municipality_is_put_right_for_all_its_teams(team, organiser, cohort):
    second = await cast.team(cohort, 4)
    own = (await corrections.registered(team.id)).municipality
    mended = MunicipalityFacts(own.oktmo, "Спасск Дальний", own.kind, own.region, own.time_zone)
    await corrections.correct_team(organiser, team.id, correction(municipality=mended))
    assert (await queries.team_for(organiser, second.id)).municipality == "Спасск Дальний"
    assert (await corrections.registered(team.id)).others == 1


async def test_a_municipality_of_other_programmes_is_not_changed_from_here(team, organiser):
    await cast.team(await cast.cohort())
    own = (await corrections.registered(team.id)).municipality
    mended = MunicipalityFacts(own.oktmo, "Другое", own.kind, own.region, own.time_zone)
    with pytest.raises(Refused):
        await corrections.correct_team(organiser, team.id, correction(municipality=mended))
    await corrections.correct_team(organiser, team.id, correction())
    assert (await queries.team_for(organiser, team.id)).municipality == "Благовещенск"


async def test_a_name_that_is_taken_and_a_correction_that_changes_nothing_are_refused(team, organiser, cohort):
    other = await cast.team(cohort, 1)
    with pytest.raises(Refused, match="таким названием"):
        await corrections.correct_team(organiser, team.id, correction(team_name=cast.registration(1).team_name))
    found = await corrections.registered(other.id)
    with pytest.raises(Refused, match="именно так"):
        await corrections.correct_team(
            organiser, other.id, correction(team_name=found.team_name, municipality=found.municipality)
        )


async def test_the_form_keeps_what_was_typed_and_knows_known_codes(client, team, cohort):
    await cast.team(cohort, 1)
    await cast.sign_in(client, cohort.organiser)
    here = f"/teams/{team.id}/settings"
    assert here in (await client.get(f"/teams/{team.id}")).text
    typed = {"team_name": "Наша", "oktmo": "12", "municipality": "Приморск", "kind": "urban_district",
             "time_zone": "Asia/Vladivostok", "reason": "опечатка"}  # fmt: skip
    wrong = await client.post(here, data=typed)
    assert wrong.status_code == 422
    assert all(word in wrong.text for word in ("Наша", "Приморск", "опечатка", 'href="#f-c-oktmo"'))
    done = await client.post(here, data={**typed, "oktmo": "27 701 000"})
    assert done.status_code == 303
    assert (await corrections.registered(team.id)).municipality.name == "Калининград", "known by its code"


# --- Leaving and coming back ------------------------------------------------------------------------------------------


async def test_a_team_that_leaves_keeps_its_pages_and_writes_no_more(client, team, lead, organiser, cohort):
    await actions.invite_member(lead, team.id, Invitee("guest@example.org", "Гость", Position.HEAD))
    await corrections.withdraw_team(organiser, team.id, "Команда распалась")
    seen = await team_home(lead, team.id)
    assert "left the programme" in seen.quiet(lead.now).msgid and not seen.tasks
    with pytest.raises(Refused):
        await actions.invite_member(lead, team.id, Invitee("late@example.org", "Поздний", Position.HEAD))
    assert await queries.open_invitations(team.id, lead.now) == ()
    told = await fetch("SELECT address FROM letter WHERE kind = 'withdrawn'")
    assert {row["address"] for row in told} == {team.lead.email, *(each.email for each in team.members)}
    noted = await entry("team.withdrawn")
    assert noted["team"] == team.id and "Команда распалась" in noted["data"]
    await cast.sign_in(client, team.lead)
    for page in ("", "/case", "/members", "/journal"):
        assert (await client.get(f"/teams/{team.id}{page}")).status_code == 200
        assert "/remove" not in (await client.get(f"/teams/{team.id}{page}")).text
    home = (await client.get(f"/teams/{team.id}")).text
    assert "Почему – в журнале команды" in home
    assert "Команда распалась" in (await client.get(f"/teams/{team.id}/journal")).text
    start = await client.get("/", follow_redirects=True)
    assert start.status_code == 200 and f"/teams/{team.id}" in start.text + str(start.url), "the way to its pages stays"


async def test_who_is_affected_is_shown_before(client, team, lead, cohort):
    await actions.invite_member(lead, team.id, Invitee("guest@example.org", "Гость", Position.HEAD))
    await cast.sign_in(client, cohort.organiser)
    page = (await client.get(f"/teams/{team.id}/settings")).text
    assert "3 человека по-прежнему всё читают" in page and "отзывается 1 приглашение" in page
    nothing_said = await client.post(f"/teams/{team.id}/withdraw", data={"reason": " "})
    assert nothing_said.status_code == 422
    assert (await client.post(f"/teams/{team.id}/withdraw", data={"reason": "Распалась"})).status_code == 303
    assert "/return" in (await client.get(f"/teams/{team.id}/settings")).text
    again = await client.post(f"/teams/{team.id}/withdraw", data={"reason": "Ещё раз"})
    assert again.status_code == 409 and "Ещё раз" in again.text
    assert (await client.post(f"/teams/{team.id}/return", data={"reason": "Ошибка"})).status_code == 303
    assert (await entry("team.returned"))["team"] == team.id


async def test_a_place_that_was_taken_meanwhile_is_not_given_twice(organiser, db):
    where = await cast.cohort(places=2)
    runs = await cast.viewer(where.organiser)
    first, _ = await cast.team(where), await cast.team(where, 1)
    await corrections.withdraw_team(runs, first.id, "Распалась")
    await cast.team(where, 2)
    with pytest.raises(Refused, match="места заняты"):
        await corrections.return_team(runs, first.id, "Ошибка")


async def test_of_two_who_take_it_back_at_once_one_does(team, organiser):
    await corrections.withdraw_team(organiser, team.id, "Распалась")
    pressed = [corrections.return_team(organiser, team.id, "Ошибка") for _ in range(3)]
    answers = await asyncio.gather(*pressed, return_exceptions=True)
    assert sorted(type(each).__name__ for each in answers) == ["NoneType", "Refused", "Refused"]


@pytest.mark.parametrize("act", [corrections.withdraw_team, corrections.return_team])
async def test_neither_the_lead_nor_a_moderator_decides_it(team, lead, cohort, act):
    moderator = await cast.viewer(await cast.moderator(cohort, team))
    for someone in (lead, moderator):
        with pytest.raises(Forbidden):
            await act(someone, team.id, "Хочу")
