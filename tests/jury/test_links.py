"""From its own page a team finds the jury before the round, and the result after it; from nowhere else is it led there."""

import cast
from incubator.jury.office import conducting

TO_JURY, TO_RESULT = "/teams/{}/jury", "/teams/{}/result"


async def links(client, where, who):
    await cast.sign_in(client, who)
    team = where.teams[0].id
    page = (await client.get(f"/teams/{team}")).text
    return [path for path in (TO_JURY.format(team), TO_RESULT.format(team)) if f'href="{path}"' in page]


async def test_the_lead_is_led_to_the_jury_before_the_round_and_the_team_to_the_result_after_it(client, db):
    where = await cast.scoring_round(teams=2, jurors=2, opened=False)
    team = where.teams[0]
    assert await links(client, where, team.lead) == [TO_JURY.format(team.id)]
    assert (await client.get(TO_JURY.format(team.id))).status_code == 200
    assert await links(client, where, team.members[0]) == []
    await conducting.open_round(await where.organiser(), where.id)
    assert await links(client, where, team.lead) == []
    for juror in where.jurors:
        for number in range(2):
            await cast.score(where, juror, await where.project(number), 7, 7, 8 - number, 6, 5)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0, note="")
    assert await links(client, where, team.lead) == []
    await cast.publish(where)
    for who in (team.lead, team.members[0], where.cohort.organiser):
        assert await links(client, where, who) == [TO_RESULT.format(team.id)]
        assert (await client.get(TO_RESULT.format(team.id))).status_code == 200


async def test_a_team_outside_the_round_has_no_result(client, db):
    where = await cast.scoring_round(teams=1, jurors=2)
    other = await cast.team(where.cohort, 1, members=1)
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(), 7, 7, 8, 6, 5)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0, note="")
    await cast.publish(where)
    await cast.sign_in(client, other.lead)
    assert "/result" not in (await client.get(f"/teams/{other.id}")).text
