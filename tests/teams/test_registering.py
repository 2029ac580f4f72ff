"""How teams come: places, eligibility, one team for a lead, known municipalities, and many at once."""

import asyncio
from dataclasses import replace

import pytest

import cast
from incubator.foundation.database import fetch, fetch_value
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.journal.actions import READERS
from incubator.people import accounts, places
from incubator.people.rights import Relation, Role, Scope
from incubator.programmes import actions as programmes
from incubator.programmes.blueprint import Position
from incubator.teams import actions, queries
from incubator.teams.rules import Invitee


async def register(cohort, lead, number=0, **changes):
    return await actions.register_team(await cast.viewer(lead), cohort.id, cast.registration(number, **changes))


async def counts(*tables):
    return [await fetch_value(f"SELECT count(*) FROM {table}") for table in tables]


async def test_an_invited_lead_registers_his_team_and_leads_it(cohort):
    lead = await cast.invited_lead(cohort)
    team_id = await register(cohort, lead)
    team = await queries.team_for(await cast.viewer(lead), team_id)
    assert team.standing.relations == {Relation.LEAD}
    assert (team.name, team.municipality, team.region) == ("Спасск-Дальний", "Спасск-Дальний", "Приморский край")
    assert (team.time_zone, team.cohort_time_zone) == ("Asia/Vladivostok", "Asia/Vladivostok")
    (member,) = await queries.members(team_id)
    assert (member.person, member.leads, member.position) == (lead.id, True, Position.HEAD)
    assert member.job_title == "Глава городского округа"
    assert not (await cast.viewer(lead)).holds(Role.TEAM_LEAD, Scope.COHORT, cohort.id)
    entry = (await fetch("SELECT cohort, team, actor FROM journal_entry WHERE verb = 'team.registered'"))[0]
    assert (entry["cohort"], entry["team"], entry["actor"]) == (cohort.id, team_id, lead.id)


async def test_features_above_hear_of_a_new_team_in_its_transaction(cohort, monkeypatch):
    heard = []

    async def follow(team_id, at):
        heard.append((team_id, at, await fetch_value("SELECT name FROM team WHERE id = $1", team_id)))

    monkeypatch.setattr(actions, "ON_REGISTERED", [follow])
    lead = await cast.viewer(await cast.invited_lead(cohort))
    team_id = await actions.register_team(lead, cohort.id, cast.registration())
    assert heard == [(team_id, lead.now, "Спасск-Дальний")]


async def test_a_known_municipality_is_found_and_not_renamed(cohort):
    await register(cohort, await cast.invited_lead(cohort))
    again = cast.registration(0, team_name="Вторая команда")
    again = replace(again, municipality=replace(again.municipality, name="Другое имя"))
    lead = await cast.viewer(await cast.invited_lead(cohort, 1))
    team_id = await actions.register_team(lead, cohort.id, again)
    assert (await queries.team_for(lead, team_id)).municipality == "Спасск-Дальний"
    assert await counts("municipality") == [1]
    assert (await queries.municipality("05720000")).region == "Приморский край"
    assert await queries.municipality("05720001") is None


async def test_two_teams_of_a_cohort_have_two_names(cohort):
    await register(cohort, await cast.invited_lead(cohort))
    before = await cast.counts()
    with pytest.raises(Refused):
        await register(cohort, await cast.invited_lead(cohort, 1), 1, team_name="Спасск-Дальний")
    after = await cast.counts()
    assert {name for name in after if after[name] != before[name]} == {"person", "role_grant"}


async def test_who_may_take_part_is_a_rule_of_the_cohort(cohort):
    with pytest.raises(Refused):
        await register(cohort, await cast.invited_lead(cohort), position=Position.COUNCILLOR)
    assert await counts("team", "municipality") == [0, 0]


@pytest.mark.parametrize("step", ["draft", "closed"])
async def test_nobody_registers_before_the_opening_and_after_the_end(db, step):
    cohort = await cast.cohort(opened=step == "closed")
    if step == "closed":
        await programmes.close_cohort(await cast.viewer(cohort.organiser), cohort.id)
    with pytest.raises(Refused):
        await register(cohort, await cast.invited_lead(cohort))
    assert await counts("team") == [0]


async def test_strangers_do_not_learn_of_the_cohort_and_insiders_learn_the_way(cohort, team):
    stranger = await cast.person("Егор Чужой", "egor@example.org")
    for who, refusal in (
        (stranger, NotFound),
        (team.lead, Forbidden),
        (team.members[0], Forbidden),
        (await cast.juror(cohort), Forbidden),
        (await cast.moderator(cohort), Forbidden),
    ):
        with pytest.raises(refusal):
            await register(cohort, who, 1)
    assert await counts("team") == [1]


@pytest.fixture
def offers(monkeypatch):
    """What the writers of letters hear of invitations."""
    heard = []

    async def listen(entry):
        heard.append(entry.aside["offer"])

    monkeypatch.setitem(READERS, "person.invited", [*READERS.get("person.invited", []), listen])
    return heard


async def test_an_organiser_registers_a_team_and_its_lead_comes_by_invitation(cohort, organiser, offers):
    nina = await cast.person("Нина Полева", "nina@example.org")
    invitee = Invitee(nina.email, nina.name, Position.DEPUTY_HEAD, leads=True)
    registration = cast.registration(1, position=None, job_title="", lead=invitee)
    team_id = await actions.register_team(organiser, cohort.id, registration)
    page = await queries.members_page(await queries.team_for(organiser, team_id), organiser.now)
    assert page.lead is None
    (invited,) = page.invitations
    assert (invited.email, invited.leads, invited.position) == (nina.email, True, Position.DEPUTY_HEAD)
    assert [offer.invitation_id for offer in offers] == [invited.id]
    await accounts.accept(await cast.viewer(nina), offers[0].token)
    (member,) = await queries.members(team_id)
    assert (member.person, member.leads, member.position) == (nina.id, True, Position.DEPUTY_HEAD)


async def test_a_team_is_a_place_that_invitations_can_name(team):
    place = await places.place(team.id)
    assert (place.name, place.cohort, place.time_zone) == ("Спасск-Дальний", team.cohort, "Asia/Vladivostok")


# --- At once ----------------------------------------------------------------------------------------------------------


async def outcomes(*attempts):
    return await asyncio.gather(*attempts, return_exceptions=True)


async def test_pressing_register_twice_makes_one_team(cohort):
    lead = await cast.viewer(await cast.invited_lead(cohort))
    tries = [actions.register_team(lead, cohort.id, cast.registration(0, team_name=f"Команда {n}")) for n in range(8)]
    found = await outcomes(*tries)
    assert [type(each) for each in found if isinstance(each, BaseException)] == [Refused] * 7
    assert await counts("team", "team_member") == [1, 1]


async def test_more_leads_than_places_register_as_many_teams_as_there_are_places(db):
    cohort = await cast.cohort(places=3)
    leads = [await cast.viewer(await cast.invited_lead(cohort, n)) for n in range(8)]
    found = await outcomes(
        *(actions.register_team(lead, cohort.id, cast.registration(n)) for n, lead in enumerate(leads))
    )
    assert [type(each) for each in found if isinstance(each, BaseException)] == [Refused] * 5
    assert await counts("team") == [3]


async def test_one_municipality_is_made_once_when_two_teams_bring_it_at_once(cohort):
    leads = [await cast.viewer(await cast.invited_lead(cohort, n)) for n in range(4)]
    await outcomes(
        *(actions.register_team(lead, cohort.id, cast.registration(0, team_name=f"Команда {n}"))
          for n, lead in enumerate(leads))
    )  # fmt: skip
    assert await counts("team", "municipality") == [4, 1]
