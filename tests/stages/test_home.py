"""The team's home: what to do now and the map, in a few statements, renewed in place."""

import pytest

import cast
from incubator.foundation.database import DB, execute
from incubator.people.sessions import flash
from incubator.stages import actions


async def test_home_lists_what_to_do_by_deadline_returned_work_first(site, client):
    _, team, plan = site
    second = plan[0].assignments[1]
    await cast.decide(await cast.hand_in(team.lead, team.id, second.id), "returned")
    page = (await client.get(f"/teams/{team.id}")).text
    tasks = page.partition('id="programme"')[0]
    assert tasks.index(second.facts.title) < tasks.index(plan[0].assignments[0].facts.title)
    assert "МСК" in tasks
    assert plan[1].facts.title not in tasks


@pytest.mark.parametrize("teams", [1, 19])
async def test_home_takes_six_statements_however_many_teams(client, counting, teams):
    where = await cast.cohort()
    await cast.begin(where)
    entrants = [await cast.team(where, number, members=1) for number in range(teams)]
    await cast.moderator(where, entrants[0])
    await cast.sign_in(client, entrants[0].lead)
    await client.get(f"/teams/{entrants[0].id}")
    await flash(await signed_in(client), "success", "Сообщение")
    with counting() as seen:
        page = await client.get(f"/teams/{entrants[0].id}")
    assert page.status_code == 200
    assert "Сообщение" in page.text
    assert len(seen) <= 6, seen.statements


async def signed_in(client):
    from incubator.people import sessions
    from incubator.settings import settings

    return await sessions.load(client.cookies[sessions.cookie_name(settings())])


async def test_home_renews_its_own_block(site, client):
    _, team, _ = site
    part = await client.get(f"/teams/{team.id}", headers={"hx-request": "true", "hx-request-type": "partial"})
    assert part.text.lstrip().startswith('<div id="home"')
    assert "<html" not in part.text


async def test_home_says_when_there_is_nothing_to_do(site, client):
    _, team, plan = site
    await execute("INSERT INTO problem_case (id, team, state, updated_at) VALUES ($1, $2, 'submitted', now())",
                  cast.new_id(), team.id)  # fmt: skip
    for assignment in plan[0].assignments:
        await cast.hand_in(team.lead, team.id, assignment.id)
    assert "работа на проверке" in (await client.get(f"/teams/{team.id}")).text


async def test_the_moderator_is_led_to_the_desk_and_leads_on(site, client):
    where, team, plan = site
    mod = await cast.moderator(where, team, name="Зоя Климова")
    receipts = [await cast.hand_in(team.lead, team.id, each.id) for each in plan[0].assignments]
    await cast.sign_in(client, mod)
    page = (await client.get(f"/teams/{team.id}")).text
    assert f"/submissions/{receipts[0].submission}/desk" in page
    assert "/advance" not in page
    for receipt in receipts:
        await cast.decide(receipt, "accepted")
    page = (await client.get(f"/teams/{team.id}")).text
    assert f"/teams/{team.id}/modules/{plan[0].id}/advance" in page
    assert "/rollback" not in page


async def test_an_organiser_takes_an_advance_back(site, client):
    where, team, plan = site
    await cast.begin_again(where, 200)
    lead = cast.at(await cast.viewer(team.lead), (await cast.work_of(team, plan[0].assignments[0].id)).situation.due_at)
    for each in plan[0].assignments:
        await cast.decide(await cast.hand_in(lead, team.id, each.id), "accepted", lead.now)
    async with DB.transaction():
        await actions.advance_team(team.id, plan[0].id, team.lead.id, await cast.now())
    await cast.sign_in(client, where.organiser)
    address = f"/teams/{team.id}/modules/{plan[0].id}/rollback"
    assert address in (await client.get(f"/teams/{team.id}")).text
    assert (await client.post(address, data={"reason": ""})).status_code == 422
    assert (await client.post(address, data={"reason": "Рано"})).headers["location"] == f"/teams/{team.id}"
