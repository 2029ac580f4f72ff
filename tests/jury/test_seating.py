"""Duties in a round, substitutes, own criteria and terms, and the teams that go on."""

import asyncio
import random
import re
from dataclasses import replace

import pytest

import cast
from incubator.foundation.database import fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Forbidden, Refusal, Refused
from incubator.jury.allocation import allocating
from incubator.jury.conflicts import declaring
from incubator.jury.ledger import book
from incubator.jury.office import conducting, round_rubric, seating
from incubator.jury.rounds import round_for
from incubator.jury.terms import Terms

pytestmark = pytest.mark.usefixtures("db")


async def seat(where: cast.RoundOfCast, number: int):
    return await fetch_value("SELECT id FROM seat WHERE round = $1 AND person = $2", where.id, where.jurors[number].id)


async def test_chair_and_secretary_without_a_vote_see_the_board_and_no_value(client):
    where = await cast.scoring_round(jurors=4, opened=False)
    runs = await where.organiser()
    await seating.set_duty(runs, where.id, await seat(where, 0), "chair")
    await seating.set_duty(runs, where.id, await seat(where, 1), "secretary_votes")
    with pytest.raises(Refused):
        await seating.set_duty(runs, where.id, await seat(where, 2), "chair_votes")
    await conducting.open_round(runs, where.id)
    assert await fetch_value("SELECT count(*) FROM score_sheet WHERE round = $1", where.id) == 3 * 2
    await cast.score(where, where.jurors[2], await where.project(), 7, 7, 7, 7, 7, comment="тайное слово")
    for number in (0, 1):
        await cast.sign_in(client, where.jurors[number])
        page = await client.get(f"/rounds/{where.id}/progress")
        assert (page.status_code, "тайное слово" in page.text) == (200, False)
        assert "1 из 2" in page.text
        assert f"/rounds/{where.id}/lock" not in page.text
        assert (await client.get(f"/rounds/{where.id}/result")).status_code in {403, 404}
        assert (await client.post(f"/rounds/{where.id}/lock", data={"missing": "5", "agreed": "on"})).status_code == 403
    for number, links in ((0, "pitch progress paper"), (1, "pitch progress"), (2, "")):
        await cast.sign_in(client, where.jurors[number])
        found = re.findall(rf'href="/rounds/{where.id}/(pitch|progress|paper)"', (await client.get("/jury")).text)
        assert found == links.split(), "what the duty gives: paper is typed by who does not score"
    await cast.sign_in(client, where.jurors[0])
    assert "1 из 2" in (await client.get(f"/rounds/{where.id}")).text
    assert (await client.get(f"/rounds/{where.id}/projects/{await where.project()}")).status_code == 404
    await declaring.declare(await cast.viewer(where.jurors[0]), where.id, {where.teams[0].id: "Брат"})
    assert (await client.get(f"/rounds/{where.id}/progress")).status_code == 404, "counts leak too"
    for path in ("/jury", f"/rounds/{where.id}"):
        page = (await client.get(path)).text
        assert "Председатель" in page
        assert not re.findall(rf'href="/rounds/{where.id}/(?:pitch|progress|paper)"', page), (
            "only what opens is offered"
        )
    await cast.sign_in(client, where.jurors[2])
    assert (await client.get(f"/rounds/{where.id}/progress")).status_code == 404


async def test_a_substitute_takes_over_what_is_missing_or_fell_away(client):
    where = await cast.scoring_round(teams=3, jurors=3, opened=False)
    runs = await where.organiser()
    await seating.set_duty(runs, where.id, await seat(where, 2), "substitute")
    await conducting.open_round(runs, where.id)
    assert await fetch_value("SELECT count(*) FROM score_sheet WHERE round = $1", where.id) == 2 * 3
    await cast.score(where, where.jurors[0], await where.project(0), 7, 7, 7, 7, 7)
    await declaring.declare(await cast.viewer(where.jurors[0]), where.id, {where.teams[1].id: "Сестра"})
    await declaring.declare(await cast.viewer(where.jurors[2]), where.id, {})
    await cast.sign_in(client, where.cohort.organiser)
    sent = {"instead_of": str(await seat(where, 0)), "reason": "Заболел"}
    address = f"/rounds/{where.id}/jurors/{await seat(where, 2)}/call-up"
    assert (await client.post(address, data={**sent, "reason": ""})).status_code == 422
    assert (await client.post(address, data=sent)).status_code == 303
    assert (await client.post(address, data=sent)).status_code == 409
    states = await fetch("SELECT seat, project, state FROM score_sheet WHERE round = $1", where.id)
    by_seat = {(row["seat"], row["project"]): row["state"] for row in states}
    gone, came = await seat(where, 0), await seat(where, 2)
    first, second, third = [await where.project(number) for number in range(3)]
    assert [by_seat[gone, each] for each in (first, second, third)] == ["handed_in", "recused", "void"]
    assert {each for each in (first, second, third) if (came, each) in by_seat} == {second, third}
    page = (await client.get(f"/rounds/{where.id}")).text
    assert "Заболел" in page
    assert where.jurors[2].name in (await client.get(f"/cohorts/{where.cohort.id}/conflicts")).text
    await cast.score(where, where.jurors[2], second, 5, 5, 5, 5, 5)
    faults, _ = await book.verify(where.id)
    assert faults == []


async def test_a_substitute_never_takes_over_a_team_of_his_own():
    where = await cast.scoring_round(teams=1, jurors=2, quorum=1, opened=False)
    runs = await where.organiser()
    await seating.set_duty(runs, where.id, await seat(where, 1), "substitute")
    await conducting.open_round(runs, where.id)
    await declaring.declare(await cast.viewer(where.jurors[1]), where.id, {where.teams[0].id: "Сын"})
    with pytest.raises(Refused):
        await seating.call_up(runs, where.id, await seat(where, 1), await seat(where, 0), "Заболел")
    with pytest.raises(Refused):
        await seating.set_duty(runs, where.id, await seat(where, 1), "member")


async def test_a_round_has_criteria_and_rules_of_its_own(client):
    where = await cast.scoring_round(opened=False)
    await cast.sign_in(client, where.cohort.organiser)
    base = f"/rounds/{where.id}"
    assert (await client.post(f"{base}/criteria/pilot/remove")).status_code == 409
    assert (await client.post(f"{base}/criteria/own", data={"way": "own"})).status_code == 303
    assert (await client.get(f"{base}/set-up")).status_code == 200
    fields = {"title": "Смелость", "description": "", "weight": "7", "scale_min": "0", "scale_max": "5", "step": "1",
              "anchor_score": "", "anchor_words": "", "version": ""}  # fmt: skip
    assert (await client.post(f"{base}/criteria/new", data={**fields, "weight": "0"})).status_code == 422
    assert (await client.post(f"{base}/criteria/new", data=fields)).status_code == 303
    form = (await client.get(f"{base}/criteria/criterion_1")).text
    version = re.search(r'name="version"\s+value="([^"]*)"', form)
    assert version
    changed = {**fields, "title": "Отвага", "version": version[1]}
    assert (await client.post(f"{base}/criteria/criterion_1", data=changed)).status_code == 303
    assert (await client.post(f"{base}/criteria/criterion_1", data=changed)).status_code == 409
    assert (await client.post(f"{base}/criteria/team/remove")).status_code in {303, 409}
    assert (await client.post(f"{base}/criteria/criterion_1/move", data={"way": "up"})).status_code == 303
    assert (await client.get(f"{base}/criteria/nothing")).status_code == 404
    runs = await where.organiser()
    scoring = await round_for(runs, where.id)
    assert "Отвага" in [each.title for each in scoring.rubric.criteria]
    assert await fetch_value("SELECT count(*) FROM criterion WHERE title = 'Отвага'") == 0
    await round_rubric.edit_plan(runs, where.id, replace(scoring.plan, decimals=4),
                                 round_rubric.version_of(scoring.plan))  # fmt: skip
    await conducting.open_round(runs, where.id)
    opened = await round_for(runs, where.id)
    assert (opened.rubric, opened.plan.decimals) == (scoring.rubric, 4)
    for closed in (f"{base}/criteria/own", f"{base}/criteria/criterion_1/move"):
        assert (await client.post(closed, data={"way": "up" if "move" in closed else "own"})).status_code == 403
    assert (await client.get(f"{base}/set-up")).status_code == 200
    with pytest.raises(Forbidden):
        await seating.set_terms(runs, where.id, Terms(blind=True))


async def test_the_best_of_a_published_round_go_on(client):
    where = await cast.scoring_round(teams=3)
    for number in range(3):
        for juror in where.jurors:
            await cast.score(where, juror, await where.project(number), *[5 + number] * 5)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    await cast.publish(where)
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/cohorts/{where.cohort.id}/rounds/new?from={where.id}&top=2"
    page = (await client.get(address)).text
    ticked = set(re.findall(r'name="team"\s+value="([^"]+)" checked', page))
    assert ticked == {str(where.teams[number].id) for number in (1, 2)}
    sent = {"name": "Финал", "team": sorted(ticked), "follows": str(where.id)}
    made = (await client.post(f"/cohorts/{where.cohort.id}/rounds/new", data=sent)).headers["location"]
    row = await fetch_one("SELECT follows FROM scoring_round WHERE id = $1", made.rpartition("/")[2])
    assert row["follows"] == where.id
    assert (await client.get(f"/cohorts/{where.cohort.id}/rounds/new?from=nonsense&top=x")).status_code == 200


async def test_projects_that_stay_keep_their_ids_when_a_round_is_arranged():
    where = await cast.scoring_round(teams=3, opened=False)
    kept, runs = await where.project(1), await where.organiser()
    await conducting.arrange_round(runs, where.id, "Финал", [where.teams[2].id, where.teams[1].id])
    assert (await where.project(1), await where.project(0)) == (kept, None)
    assert await fetch_value("SELECT place FROM round_project WHERE id = $1", kept) == 2


# --- Races ------------------------------------------------------------------------------------------------------------


async def soon(work):
    await asyncio.sleep(random.random() * 0.02)
    try:
        return await work
    except Refusal as refusal:
        return refusal


async def test_a_sheet_handed_in_while_a_substitute_is_called_up_counts_once_or_not_at_all():
    where = await cast.scoring_round(teams=4, jurors=3, quorum=1, opened=False)
    runs = await where.organiser()
    await seating.set_duty(runs, where.id, await seat(where, 2), "substitute")
    await conducting.open_round(runs, where.id)
    projects = [await where.project(number) for number in range(4)]
    goes, comes = await seat(where, 0), await seat(where, 2)
    await asyncio.gather(
        *(soon(cast.score(where, where.jurors[0], project, 5, 5, 5, 5, 5)) for project in projects),
        *(soon(seating.call_up(runs, where.id, comes, goes, "Заболел")) for _ in range(3)),
    )
    rows = await fetch("SELECT project, seat, state FROM score_sheet WHERE round = $1", where.id)
    states = {(row["seat"], row["project"]): row["state"] for row in rows}
    for project in projects:
        handed_in = states[goes, project] == "handed_in"
        assert handed_in != ((comes, project) in states), "either his own stands or the substitute has it"
        assert handed_in or states[goes, project] == "void"
    faults, _ = await book.verify(where.id)
    assert faults == []


async def test_two_organisers_who_ask_for_an_allocation_at_once_leave_one():
    where = await cast.scoring_round(teams=4, jurors=4, opened=False)
    runs = await where.organiser()
    asked = [allocating.Limits(2, 4, seed) for seed in (1, 2, 3)]
    answers = await asyncio.gather(*(soon(allocating.ask(runs, where.id, limits)) for limits in asked))
    assert not [each for each in answers if isinstance(each, Refusal)]
    assert await fetch_value("SELECT state FROM allocation WHERE round = $1", where.id) == "done"
    assert await fetch_value("SELECT count(*) FROM allocated_pair WHERE round = $1", where.id) == 8


async def test_a_round_opened_during_the_search_is_dealt_as_it_was_and_the_search_comes_too_late():
    where = await cast.scoring_round(teams=4, jurors=4, opened=False)
    runs = await where.organiser()
    await allocating.ask(runs, where.id, allocating.Limits(2, 4, 1))
    kept = await fetch_value("SELECT array_agg(id ORDER BY id) FROM allocated_pair WHERE round = $1", where.id)
    asked, opened = await asyncio.gather(
        soon(allocating.ask(runs, where.id, allocating.Limits(3, 4, 2))), soon(conducting.open_round(runs, where.id))
    )
    if isinstance(opened, Refusal):  # the search had begun: nobody opens a round whose plan is being sought
        assert await fetch_value("SELECT state FROM scoring_round WHERE id = $1", where.id) == "draft"
        return
    count = await fetch_value("SELECT count(*) FROM score_sheet WHERE round = $1", where.id)
    pairs = await fetch_value("SELECT count(*) FROM allocated_pair WHERE round = $1", where.id)
    assert count == pairs, (asked, kept)


async def test_a_secretary_and_a_substitute_can_come_while_the_round_is_open(client):
    where = await cast.scoring_round(teams=2, jurors=3)
    late = [await cast.juror(where.cohort, name) for name in ("Олег Панин", "Рита Сомова", "Юлия Орлова")]
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}"
    both = {"juror": [str(each.id) for each in late[:2]]}
    wrong = await client.post(f"{address}/jurors", data={**both, "kind": "secretary"})
    assert wrong.status_code == 422
    assert "Эту должность занимает один человек" in wrong.text
    assert re.search(r'<option value="secretary" selected', wrong.text), "what was chosen stays"
    for person, kind in zip(late, ("secretary", "substitute", "member"), strict=True):
        answer = await client.post(f"{address}/jurors", data={"juror": str(person.id), "kind": kind})
        assert answer.status_code == 303
    text = "SELECT count(*) FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE e.person = $1"
    assert [await fetch_value(text, each.id) for each in late] == [0, 0, 2]
    another = await cast.juror(where.cohort, "Нина Белова")
    answer = await client.post(f"{address}/jurors", data={"juror": str(another.id), "kind": "secretary_votes"})
    assert answer.status_code == 409, "one has it"
    await cast.sign_in(client, late[0])
    assert (await client.get(f"{address}/paper")).status_code == 200
    runs = await where.organiser()
    came = await fetch_value("SELECT id FROM seat WHERE person = $1", late[1].id)
    assert await seating.call_up(runs, where.id, came, await seat(where, 0), "Заболел") == 2
