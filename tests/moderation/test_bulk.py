"""One message or one extension for several teams: who is affected is said before, all of it happens or nothing."""

from datetime import timedelta

import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_value
from incubator.foundation.forms import Form
from incubator.foundation.refusals import Forbidden, Invalid, NotFound
from incubator.moderation import actions, bulk
from incubator.moderation.rules import Verdict
from incubator.stages.rules import Outcome


@pytest.fixture
async def others(school):
    """Two more teams, the first accompanied by the moderator too; nobody has sent anything."""
    teams = [await cast.team(school.cohort, place) for place in (1, 2)]
    await cast.give(school.moderator, cast.Role.MODERATOR, cast.Scope.TEAM, teams[0].id, cohort=school.cohort.id)
    return teams


def pick(team, assignment):
    return (team.id, assignment)


def ticked(*picks, **more):
    return {"pick": [f"{team}.{assignment}" for team, assignment in picks], **more}


async def test_a_message_reaches_each_team_once(school, others, client):
    mod = await cast.viewer(school.moderator)
    picks = [pick(school.team, school.assignment(0)), pick(school.team, school.assignment(1)),
             pick(others[0], school.assignment(0))]  # fmt: skip
    assert await bulk.message(mod, picks, "Встреча в четверг") == 2
    told = await fetch("SELECT DISTINCT team FROM letter WHERE kind = 'message'")
    assert {row["team"] for row in told} == {school.team.id, others[0].id}
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'message.sent'") == 2
    await cast.sign_in(client, school.team.lead)
    assert "Встреча в четверг" in (await client.get(f"/teams/{school.team.id}/messages")).text
    assert f"/teams/{school.team.id}/messages" in (await client.get(f"/teams/{school.team.id}")).text


async def test_one_comes_back_to_the_list_one_came_from(school, client):
    await cast.sign_in(client, school.moderator)
    here, row = "/queue/message?state=owed", ticked(pick(school.team, school.assignment(1)))
    preview = await client.post(here, data=row)
    assert f'action="{here}"' in preview.text and 'href="/queue?state=owed"' in preview.text
    sent = await client.post(here, data={**row, "ready": "on", "text": "Встреча в четверг"})
    assert sent.headers["location"] == "/queue?state=owed"
    assert 'href="/queue?state=owed"' in (await client.post(here, data={})).text


async def test_from_the_messages_of_a_team_one_writes_to_it(school, client):
    address = f"/teams/{school.team.id}/messages"
    await cast.sign_in(client, school.team.lead)
    assert "Написать команде" not in (await client.get(address)).text
    await cast.sign_in(client, school.moderator)
    page = (await client.get(address)).text
    picked = page.partition('name="pick" value="')[2].partition('"')[0]
    preview = await client.post("/queue/message", data={"pick": picked})
    name = await fetch_value("SELECT name FROM team WHERE id = $1", school.team.id)
    assert preview.status_code == 200 and name in preview.text


async def test_one_team_that_is_not_ones_own_stops_the_whole_message(school, others):
    mod = await cast.viewer(school.moderator)
    with pytest.raises(NotFound):
        await bulk.message(mod, [pick(school.team, school.assignment()), pick(others[1], school.assignment())], "Слово")
    assert await fetch_value("SELECT count(*) FROM team_message") == 0
    for who in (school.team.lead, await cast.juror(school.cohort)):
        with pytest.raises((Forbidden, NotFound)):
            await bulk.message(await cast.viewer(who), [pick(school.team, school.assignment())], "Слово")


async def test_more_time_for_those_who_have_not_sent(school, others, client):
    await cast.sign_in(client, school.cohort.organiser)
    picks = [pick(school.team, school.assignment()), *(pick(team, school.assignment()) for team in others)]
    preview = await client.post("/queue/extension", data=ticked(*picks))
    assert preview.status_code == 200
    assert 'name="seen" value="2"' in preview.text
    until = f"{await fetch_value('SELECT max(due_at) FROM module') + timedelta(days=3):%Y-%m-%dT%H:%M}"
    form = ticked(*picks, ready="on", seen="2", until=until, reason="Паводок")
    assert (await client.post("/queue/extension", data=form)).headers["location"] == "/queue"
    rows = await fetch("SELECT team, extended_to FROM submission WHERE extended_to IS NOT NULL")
    assert {row["team"] for row in rows} == {team.id for team in others}
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'submission.extended'") == 2
    told = await fetch("SELECT DISTINCT team FROM letter WHERE kind = 'extended'")
    assert {row["team"] for row in told} == {team.id for team in others}


async def test_all_or_nothing(school, others):
    organiser = await cast.viewer(school.cohort.organiser)
    picks = [pick(team, school.assignment()) for team in others]
    due = await fetch_value("SELECT due_at FROM module WHERE id = $1", school.plan[0].id)
    from incubator.stages import actions as stages

    await stages.extend_deadline(organiser, others[1].id, school.assignment(), due + timedelta(days=9), "Раньше")
    with pytest.raises(Invalid):
        await bulk.extend(organiser, Form([]), picks, until=due + timedelta(days=3), reason="Паводок", seen=2)
    with pytest.raises(Invalid):  # the preview named another number
        await bulk.extend(organiser, Form([]), picks, until=due + timedelta(days=30), reason="Паводок", seen=3)
    assert await fetch_value("SELECT count(*) FROM submission WHERE team = $1", others[0].id) == 0


async def test_a_moderator_gives_no_more_time(school, client):
    await cast.sign_in(client, school.moderator)
    assert (
        await client.post("/queue/extension", data=ticked(pick(school.team, school.assignment())))
    ).status_code == 403
    assert "/queue/extension" not in (await client.get("/queue")).text


async def test_nothing_ticked_and_nonsense(school, client):
    await cast.sign_in(client, school.moderator)
    assert (await client.post("/queue/message", data={})).status_code == 422
    for nonsense, status in (("x", 400), ("x.y", 400), (f"{school.team.id}.{school.team.id}", 404)):
        assert (await client.post("/queue/message", data={"pick": nonsense})).status_code == status
    empty = ticked(pick(school.team, school.assignment()), ready="on", text=" ")
    assert (await client.post("/queue/message", data=empty)).status_code == 422


async def test_the_queue_shows_what_is_with_the_teams(school, others, client):
    mod = await cast.viewer(school.moderator)
    await actions.decide(mod, school.submission, 1, Verdict(Outcome.RETURNED, "Дополните"))
    await cast.sign_in(client, school.moderator)
    owed = (await client.get("/queue?state=owed")).text
    assert f"{others[0].id}.{school.assignment()}" in owed and f"{others[1].id}." not in owed
    assert f"{school.team.id}.{school.assignment()}" in (await client.get("/queue?state=returned")).text
    assert str(school.plan[1].assignments[0].id) not in owed  # the gate before it is shut
    await execute("UPDATE module SET gate = 'open_by_date'")
    await execute("UPDATE module SET opens_at = now() - interval '1 day', due_at = now() + interval '1 day'")
    assert (
        str(school.plan[1].assignments[0].id)
        in (await client.get(f"/queue?state=owed&team={others[0].id}&deadline=soon")).text
    )
