"""First steps: computed from what there is, hidden and called back, no statement for who has hidden them."""

import pytest

import cast
from incubator.foundation.database import execute, fetch_value
from incubator.jury.office import seating
from incubator.people.rights import Role
from incubator.programmes import actions as programmes
from incubator.programmes.rules import Guest
from incubator.reporting.first_steps import first_steps

pytestmark = pytest.mark.usefixtures("db")


def done(found):
    return {str(role.heading.msgid): [step.done for step in role.steps] for role in found}


async def test_an_organiser_s_steps_follow_what_his_cohorts_are(db):
    where = await cast.cohort(opened=False)
    assert done(await first_steps(await cast.viewer(where.organiser))) == {"Organiser": [True, False, False, False]}
    runs = await cast.viewer(where.organiser)
    await programmes.open_cohort(runs, where.id)
    await programmes.invite(runs, where.id, Role.JUROR, [Guest("judge@example.org", "Судья")])
    assert done(await first_steps(runs)) == {"Organiser": [True, True, True, False]}
    await cast.moderator(where, await cast.team(where))
    assert await first_steps(runs) == []  # all done: nothing to show


async def test_an_administrator_begins_with_everything_before_him(db):
    admin = await cast.viewer(await cast.administrator())
    assert done(await first_steps(admin)) == {"Administrator": [False] * 5}
    await programmes.create_programme(admin, "Школа")
    assert done(await first_steps(admin)) == {"Administrator": [False, False, False, True, False]}


async def test_staff_and_jurors_do_their_own_steps(db):
    where = await cast.cohort()
    await cast.begin(where)
    team = await cast.team(where)
    checks, judges = await cast.moderator(where, team), await cast.juror(where)
    assert done(await first_steps(await cast.viewer(checks))) == {"Moderator": [False] * 3}
    assert done(await first_steps(await cast.viewer(judges))) == {"Juror": [False] * 3}
    await execute(
        "INSERT INTO journal_entry (at, actor, verb, audience, data) VALUES (now(), $1, 'remark.written', 'team', '{}')",
        checks.id,
    )
    assert done(await first_steps(await cast.viewer(checks))) == {"Moderator": [True, False, False]}


async def test_a_secretary_who_scores_nothing_is_not_asked_for_sheets(db):
    where = await cast.scoring_round(teams=1, jurors=3, opened=False)
    for person, kind in zip(where.jurors, ("secretary", "substitute"), strict=False):
        seat = await fetch_value("SELECT id FROM seat WHERE round = $1 AND person = $2", where.id, person.id)
        await seating.set_duty(await where.organiser(), where.id, seat, kind)
    secretary, substitute, juror = [done(await first_steps(await cast.viewer(each))) for each in where.jurors]
    assert secretary == {}
    assert substitute == juror == {"Juror": [True, False, False]}


async def test_hidden_steps_cost_nothing_and_come_back(client, counting):
    admin = await cast.administrator()
    await cast.sign_in(client, admin)
    assert 'id="first-steps"' in (await client.get("/")).text
    assert (await client.post("/first-steps/hide")).status_code == 303
    assert 'id="first-steps"' not in (await client.get("/")).text
    with counting() as seen:
        assert await first_steps(await cast.viewer(admin)) == ()
    assert len(seen) == 2  # both of the viewer
    assert 'action="/first-steps/show"' in (await client.get("/help")).text
    await client.post("/first-steps/show")
    assert 'id="first-steps"' in (await client.get("/")).text
    assert (await client.post("/first-steps/dance")).status_code == 404


async def test_a_team_s_steps_stand_on_its_page_until_they_are_done(client):
    where = await cast.cohort()
    await cast.begin(where)
    team = await cast.team(where, members=1)
    await cast.sign_in(client, team.lead)
    page = (await client.get(f"/teams/{team.id}")).text
    assert 'id="first-steps"' in page
    assert f"/teams/{team.id}/members" in page.partition('id="first-steps"')[2].partition("</section>")[0]
    await cast.sign_in(client, team.members[0])
    steps = (await client.get(f"/teams/{team.id}")).text.partition('id="first-steps"')[2].partition("</section>")[0]
    assert f"/teams/{team.id}/case" in steps
    assert "/members" not in steps
    await cast.sign_in(client, where.organiser)
    assert 'id="first-steps"' not in (await client.get(f"/teams/{team.id}")).text
