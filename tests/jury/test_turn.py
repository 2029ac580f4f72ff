"""The order in which a juror scores: as the teams stand in the hall, or first what has the fewest sheets."""

import random
import re

import cast
from incubator.foundation.database import execute, fetch, fetch_value
from incubator.jury.office import conducting, seating
from incubator.jury.pitch import running
from incubator.jury.sheets import queries
from incubator.jury.terms import Terms, Turn, read_terms, terms_document


async def a_round(teams: int = 4, jurors: int = 3):
    where = await cast.scoring_round(teams=teams, jurors=jurors, opened=False)
    await seating.set_terms(await where.organiser(), where.id, Terms(order=Turn.FEWEST))
    await conducting.open_round(await where.organiser(), where.id)
    return where


async def listed(juror, where):
    [queue] = await queries.queues(await cast.viewer(juror), where.id)
    return queue


async def counted(where):
    rows = await fetch(
        "SELECT project, count(*) FILTER (WHERE state = 'handed_in') AS n FROM score_sheet WHERE round = $1 GROUP BY 1",
        where.id,
    )
    return {row["project"]: row["n"] for row in rows}


async def test_the_list_and_the_next_one_begin_with_the_fewest_sheets(db):
    where = await a_round()
    chance = random.Random(7)
    for juror in where.jurors[:2]:
        for number in chance.sample(range(4), 2):
            await cast.score(where, juror, await where.project(number), 5, 5, 5, 5, 5)
    given, queue = await counted(where), await listed(where.jurors[2], where)
    numbers = [given[row.project] for row in queue.rows]
    assert numbers == sorted(numbers)
    assert queue.next.project == queue.rows[0].project
    first, *others = [row.project for row in queue.rows]
    assert await queries.next_after(await cast.viewer(where.jurors[2]), where.id, first) == others[0]


async def test_among_equals_each_juror_has_an_order_of_his_own_that_stays(db):
    where = await a_round(teams=4, jurors=7)
    orders = [[row.project for row in (await listed(juror, where)).rows] for juror in where.jurors]
    again = [[row.project for row in (await listed(juror, where)).rows] for juror in where.jurors]
    assert orders == again
    assert len({tuple(each) for each in orders}) > 1


async def test_a_skipped_one_comes_last_and_what_is_done_after_it(db):
    where = await a_round()
    queue = await listed(where.jurors[0], where)
    first, second = queue.rows[0].project, queue.rows[1].project
    await execute("UPDATE score_sheet SET skipped_at = now() WHERE project = $1", first)
    await cast.score(where, where.jurors[0], second, 5, 5, 5, 5, 5)
    rows = [row.project for row in (await listed(where.jurors[0], where)).rows]
    assert rows[2:] == [first, second]


async def test_on_a_pitch_day_it_is_the_running_order(db):
    where = await a_round()
    await running.begin(await where.organiser(), where.id)
    assert [row.place for row in (await listed(where.jurors[0], where)).rows] == [1, 2, 3, 4]


async def test_the_number_of_sheets_is_on_no_page_of_a_juror(client):
    where = await a_round(teams=3, jurors=3)
    await cast.sign_in(client, where.jurors[2])
    before = (await client.get(f"/rounds/{where.id}")).text
    first = (await listed(where.jurors[2], where)).rows[0].project
    last = (await listed(where.jurors[2], where)).rows[-1].project
    [number] = [n for n in range(3) if await where.project(n) == last]
    await cast.score(where, where.jurors[0], await where.project(number), 5, 5, 5, 5, 5)  # it comes last anyhow
    after = (await client.get(f"/rounds/{where.id}")).text
    assert first != last
    assert len({re.sub(r'nonce="[^"]*"', "", page) for page in (before, after)}) == 1


async def test_the_organiser_chooses_it_in_the_set_up(client):
    where = await cast.scoring_round(opened=False)
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/set-up"
    assert "Сначала проекты, у которых меньше всего листов" in (await client.get(address)).text
    assert (await client.post(address, data={"case": "on", "order": "fewest"})).status_code == 303
    assert await fetch_value("SELECT terms ->> 'order' FROM scoring_round WHERE id = $1", where.id) == "fewest"
    assert (await client.post(address, data={"order": "sideways"})).status_code == 422


def test_terms_of_earlier_rounds_mean_the_running_order():
    assert read_terms("{}").order == Turn.RUNNING
    assert read_terms(terms_document(Terms(order=Turn.FEWEST))).order == "fewest"
