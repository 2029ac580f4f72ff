"""Who looked is kept: at a result before its publication, at the jurors' addresses, at what is judged; once in an hour."""

from datetime import timedelta

import pytest

import cast
from incubator.foundation.database import fetch, fetch_value
from incubator.jury.office import conducting
from incubator.jury.rounds import round_for

HOUR = timedelta(hours=1)


async def locked() -> cast.RoundOfCast:
    where = await cast.scoring_round(teams=1, jurors=2)
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(), 7, 7, 7, 7, 7)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    return where


async def looks(verb: str) -> list[dict]:
    return [dict(row) for row in await fetch("SELECT * FROM journal_entry WHERE verb = $1 ORDER BY id", verb)]


async def test_a_result_before_its_publication_is_noted_once_an_hour_for_each_who_looks(client):
    where = await locked()
    second = await cast.second_organiser(where.cohort)
    for who in (where.cohort.organiser, second, where.cohort.organiser):
        await cast.sign_in(client, who)
        assert (await client.get(f"/rounds/{where.id}/result")).status_code == 200
    kept = await looks("ranking.read")
    assert [(row["actor"], row["subject"], row["audience"]) for row in kept] == [
        (where.cohort.organiser.id, where.id, "jury"),
        (second.id, where.id, "jury"),
    ]
    await cast.publish(where)
    await cast.sign_in(client, await cast.second_organiser(where.cohort))
    assert (await client.get(f"/rounds/{where.id}/result")).status_code == 200
    assert len(await looks("ranking.read")) == 2


@pytest.mark.usefixtures("db")
async def test_after_an_hour_a_look_is_news_again():
    where = await locked()
    runs = await where.organiser()
    scoring = await round_for(runs, where.id)
    for later in (timedelta(), HOUR / 2, HOUR, HOUR * 1.5):
        await conducting.note_result_reading(cast.at(runs, runs.now + later), scoring)
    assert [row["at"] - runs.now for row in await looks("ranking.read")] == [timedelta(), HOUR]


async def test_the_jurors_addresses_are_noted_when_there_are_any(client):
    empty = await cast.cohort()
    await cast.sign_in(client, empty.organiser)
    assert (await client.get(f"/cohorts/{empty.id}/jury")).status_code == 200
    assert await looks("jurors.viewed") == []
    where = await cast.scoring_round(teams=1, jurors=2, opened=False)
    await cast.sign_in(client, where.cohort.organiser)
    for _ in range(2):
        assert (await client.get(f"/cohorts/{where.cohort.id}/jury")).status_code == 200
    assert [(row["actor"], row["cohort"]) for row in await looks("jurors.viewed")] == [
        (where.cohort.organiser.id, where.cohort.id)
    ]


async def test_a_juror_who_reads_the_work_is_noted_and_the_score_sheet_costs_no_more(client, counting):
    where = await cast.scoring_round(teams=2, jurors=2)
    await cast.sign_in(client, where.jurors[0])
    sheets = [f"/rounds/{where.id}/projects/{await where.project(number)}" for number in range(2)]
    with counting() as before:
        await client.get(sheets[0])
    for address in (*sheets, sheets[0]):
        assert (await client.get(f"{address}/materials")).status_code == 200
    assert [row["team"] for row in await looks("materials.read")] == [team.id for team in where.teams]
    with counting() as after:
        await client.get(sheets[0])
    assert len(after) == len(before)
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'sheet.read'") == 0
