"""The team's home: what to do now and the map, in a few statements, renewed in place."""

from dataclasses import replace
from datetime import timedelta

import pytest

import cast
from incubator.foundation.database import DB, execute
from incubator.foundation.refusals import NotFound
from incubator.people.sessions import flash
from incubator.stages import actions, plan_actions
from incubator.stages.home import team_home
from incubator.stages.plan_rules import Affected


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
    assert page.index("/advance") < page.index("Что нужно сделать команде"), "a phone shows the gate last"
    assert "/rollback" not in page


async def test_an_organiser_alone_leads_a_team_on_whose_work_is_not_all_accepted(site, client):
    where, team, plan = site
    mod = await cast.moderator(where, team)
    receipts = [await cast.hand_in(team.lead, team.id, each.id) for each in plan[0].assignments]
    for receipt in receipts[1:]:
        await cast.decide(receipt, "accepted")
    address = f"/teams/{team.id}/modules/{plan[0].id}/advance"
    await cast.sign_in(client, mod)
    assert address not in (await client.get(f"/teams/{team.id}")).text
    await cast.sign_in(client, where.organiser)
    assert address in (await client.get(f"/teams/{team.id}")).text
    assert (await client.post(address, data={"reason": "Решение совета"})).status_code == 303
    page = (await client.get(f"/teams/{team.id}")).text
    assert address not in page
    assert "Отменить перевод может организатор" in page


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


async def test_only_the_last_advance_is_offered_to_be_taken_back(site):
    where, team, plan = site
    await cast.begin_again(where, 200)
    for module in plan[:2]:
        lead = cast.at(await cast.viewer(team.lead), module.facts.due_at)
        for each in module.assignments:
            work = await cast.work_of(team, each.id)
            lead = cast.at(lead, work.situation.due_at)
            await cast.decide(await cast.hand_in(lead, team.id, each.id), "accepted", lead.now)
        async with DB.transaction():
            await actions.advance_team(team.id, module.id, team.lead.id, await cast.now())
    _, page = await home_at(team)
    assert page.passed == plan[1].id


# --- Said in words ----------------------------------------------------------------------------------------------------


async def home_at(team, moment=None):
    lead = await cast.viewer(team.lead)
    at = cast.at(lead, moment) if moment else lead
    return at.now, await team_home(at, team.id)


async def test_a_new_team_is_asked_for_people_and_a_case_first(db):
    where = await cast.cohort()
    plan = await cast.begin(where)
    team = await cast.team(where, members=0)
    _, page = await home_at(team)
    assert [task.href.rpartition("/")[2] for task in page.tasks[:2]] == ["members", "case"]
    assert len(page.tasks) == 2 + len(plan[0].assignments)


async def test_optional_work_that_was_missed_is_no_longer_asked_for(db):
    where = await cast.cohort()
    plan = await cast.begin(where)
    team = await cast.team(where)
    facts = replace(plan[0].assignments[0].facts, required=False)
    await plan_actions.edit_assignment(
        await cast.viewer(where.organiser), where.id, plan[0].assignments[0].id, facts,
        version=plan[0].assignments[0].facts.version, confirmed=Affected(1).token,
    )  # fmt: skip
    _, early = await home_at(team)
    _, late = await home_at(team, plan[0].facts.due_at + timedelta(days=1))
    missed = plan[0].assignments[0].id
    assert missed in {task.key for task in early.tasks}
    assert missed not in {task.key for task in late.tasks}
    assert {task.state for task in late.tasks if task.key} == {"overdue"}
    work = next(each for module in late.modules for each in module.works if each.assignment == missed)
    assert work.situation.tag(plan[0].facts.due_at + timedelta(days=1)) == "missed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE team SET withdrawn_at = now()", "left the programme"),
        ("UPDATE cohort SET closed_at = now()", "cohort is closed"),
        ("UPDATE cohort SET opened_at = NULL", "not open yet"),
    ],
)
async def test_where_nothing_is_to_be_done_the_page_says_why(db, change, words):
    where = await cast.cohort()
    await cast.begin(where)
    team = await cast.team(where)
    await execute(change)
    now, page = await home_at(team)
    assert page.tasks == []
    assert words in page.quiet(now).msgid


async def test_between_modules_and_at_the_end(db):
    where = await cast.cohort()
    plan = await cast.begin(where)
    team = await cast.team(where)
    before = plan[0].facts.opens_at - timedelta(days=1)
    now, page = await home_at(team, before)
    assert "next module opens" in page.quiet(now).msgid
    after = plan[-1].facts.due_at + timedelta(days=1)
    now, page = await home_at(team, after)
    assert "will lead the team" in page.quiet(now).msgid
    await execute("UPDATE module SET gate = 'open_by_date'")
    await execute("UPDATE assignment SET required = false")
    now, page = await home_at(team, after)
    assert "passed the whole programme" in page.quiet(now).msgid


@pytest.mark.parametrize(("days", "words"), [(0, "which opens on"), (200, "lead the team into the next module.")])
async def test_before_a_gate_the_team_reads_that_it_waits_for_the_moderator(db, days, words):
    where = await cast.cohort()
    plan = await cast.begin(where)
    team = await cast.team(where)
    for each in plan[0].assignments:
        await cast.decide(await cast.hand_in(team.lead, team.id, each.id), "accepted")
    await cast.begin_again(where, days)
    now, page = await home_at(team)
    assert page.quiet(now).msgid.endswith((words, words + " {day}."))
    assert "required is accepted" in page.quiet(now).msgid


async def test_no_team_no_home(db):
    stranger = await cast.viewer(await cast.person("Чужой", "x@example.org"))
    with pytest.raises(NotFound):
        await team_home(stranger, cast.new_id())
    team = await cast.team(await cast.cohort())
    with pytest.raises(NotFound):
        await team_home(stranger, team.id)
