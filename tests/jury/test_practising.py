"""The calibration: samples, marks that stay, the spread without names for whoever has handed in himself."""

import asyncio
import json
import re
from dataclasses import replace

import pytest

import cast
from gate import gate
from incubator.foundation.database import execute, fetch_value
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.jury.office import conducting, preparing, round_rubric
from incubator.jury.practice import practising
from incubator.jury.rounds import round_for
from incubator.jury.rubric import version_of
from incubator.teams.cases import CaseText, as_content
from samples import practise

pytestmark = pytest.mark.usefixtures("db")
KEYS = ("problem", "solution", "pilot", "feasibility", "team")


async def calibrating(jurors: int = 4):
    where = await cast.scoring_round(teams=1, jurors=jurors, opened=False)
    runs = await where.organiser()
    samples = [await practising.add_sample(runs, where.id, f"Образец {name}", "Выдуманный проект") for name in "АБ"]
    return where, samples


async def score(where, number: int, samples, *marks: int) -> None:
    for sample in samples:
        await practise(where.jurors[number], where.id, sample, *marks)


async def seen_by(where, who) -> practising.Practice:
    return await practising.practice(await round_for(await cast.viewer(who), where.id))


async def test_the_spread_is_seen_by_who_has_handed_in_and_only_from_two_others_on():
    where, samples = await calibrating()
    await score(where, 0, samples, 5, 6, 7, 8, 9)
    await score(where, 1, samples, 3, 3, 3, 3, 3)
    assert not (await seen_by(where, where.jurors[0])).spreads, "one other sheet would be a name"
    await score(where, 2, samples[:1], 1, 1, 1, 1, 1)
    assert not (await seen_by(where, where.jurors[0])).spreads, "half of the samples is nothing yet"
    await score(where, 2, samples[1:], 1, 1, 1, 1, 1)
    spread = (await seen_by(where, where.jurors[0])).spreads[samples[0]]
    assert (spread[0].marks, spread[0].own, spread[0].middle) == ((1000, 3000, 5000), 5000, 3000)
    assert not (await seen_by(where, where.jurors[3])).spreads, "he has not scored himself"
    assert not (await seen_by(where, where.cohort.organiser)).spreads
    await practising.close(await where.organiser(), where.id)
    assert (await seen_by(where, where.cohort.organiser)).spreads
    with pytest.raises(Refused):
        await score(where, 3, samples, 2, 2, 2, 2, 2)


async def test_marks_stay_and_count_for_nothing():
    where, samples = await calibrating(jurors=2)
    await score(where, 0, samples, 5, 6, 7, 8, 9)
    with pytest.raises(Refused):
        await score(where, 0, samples, 1, 1, 1, 1, 1)
    with pytest.raises(NotFound):
        await score(where, 0, [cast.new_id()], 1, 1, 1, 1, 1)
    runs = await where.organiser()
    with pytest.raises(Forbidden):
        await practise(where.cohort.organiser, where.id, samples[0], 1, 1, 1, 1, 1)
    await practising.add_sample(runs, where.id, "Третий", "Текст")
    with pytest.raises(Refused):
        await practising.add_sample(runs, where.id, "Четвёртый", "Текст")
    assert await fetch_value("SELECT count(*) FROM ledger_entry") == 0
    await conducting.open_round(runs, where.id)
    with pytest.raises(Forbidden):
        await practising.remove_sample(runs, where.id, samples[0])


async def test_other_criteria_make_the_marks_idle():
    where, samples = await calibrating()
    runs = await where.organiser()
    await round_rubric.take_own(runs, where.id)
    await score(where, 0, samples, 5, 6, 7, 8, 9)
    first = (await round_for(runs, where.id)).rubric.criteria[0]
    await round_rubric.edit(runs, where.id, KEYS[0], replace(first, weight=first.weight + 1), version_of(first))
    assert await fetch_value("SELECT count(*) FROM sample_sheet") == 2, "a weight changes no mark"
    await round_rubric.move(runs, where.id, KEYS[0], 1)
    assert await fetch_value("SELECT count(*) FROM sample_sheet") == 0


async def test_a_juror_practises_by_forms(client):
    where, samples = await calibrating(jurors=3)
    for number in (1, 2):
        await score(where, number, samples, 5, 6, 7, 8, number)
    await cast.sign_in(client, where.jurors[0])
    address = f"/rounds/{where.id}/calibration"
    assert "Потренироваться" in (await client.get(f"/rounds/{where.id}")).text
    marks = {f"mark_{key}": "4" for key in KEYS} | await meaning(client, address)
    assert (await client.post(f"{address}/samples/{samples[0]}", data={**marks, "mark_team": ""})).status_code == 422
    for sample in samples:
        assert (await client.post(f"{address}/samples/{sample}", data=marks)).status_code == 303
    page = (await client.get(address)).text
    assert "Медиана" in page
    assert not any(juror.name in page for juror in where.jurors[1:])
    assert (await client.post(f"{address}/samples", data={"title": "x", "text": "y"})).status_code == 403
    await cast.sign_in(client, where.cohort.organiser)
    assert (await client.post(f"{address}/samples", data={"title": "", "text": "y"})).status_code == 422
    assert (await client.post(f"{address}/samples", data={"title": "x", "text": "y"})).status_code == 303
    assert (await client.post(f"{address}/close", data={"way": "close"})).status_code == 303
    assert (await client.post(f"{address}/close", data={"way": "close"})).status_code == 409
    assert (await client.post(f"{address}/samples/{samples[0]}/remove")).status_code == 303


async def test_samples_are_marked_one_after_another(client):
    """Handing one form in would lose what is marked in another, and the summary of errors would lead to the first."""
    where, samples = await calibrating(jurors=1)
    await cast.sign_in(client, where.jurors[0])
    address = f"/rounds/{where.id}/calibration"
    marks = {f"mark_{key}": "4" for key in KEYS} | await meaning(client, address)

    def forms(page):
        ids = re.findall(r' id="([^"]+)"', page.text)
        assert len(ids) == len(set(ids)), "no id stands twice"
        return re.findall(r'action="[^"]+/samples/([^"/]+)"', page.text)

    assert forms(await client.get(address)) == [str(samples[0])]
    wrong = await client.post(f"{address}/samples/{samples[1]}", data={**marks, f"mark_{KEYS[0]}": ""})
    assert wrong.status_code == 422 and forms(wrong) == [str(samples[1])]
    await client.post(f"{address}/samples/{samples[0]}", data=marks)
    assert forms(await client.get(address)) == [str(samples[1])]


async def test_who_comes_after_the_end_of_the_calibration_reads_that_it_is_over(client):
    where, samples = await calibrating(jurors=2)
    await score(where, 0, samples, 5, 6, 7, 8, 9)
    await practising.close(await where.organiser(), where.id)
    await cast.sign_in(client, where.jurors[1])
    page = (await client.get(f"/rounds/{where.id}/calibration")).text
    assert "Пробная оценка закончена" in page and "/samples/" not in page
    await cast.sign_in(client, where.jurors[0])
    assert "Пробная оценка закончена" not in (await client.get(f"/rounds/{where.id}/calibration")).text


async def test_a_project_of_another_cohort_comes_without_its_names(client):
    where, _ = await calibrating(jurors=1)
    await cast.sign_in(client, where.cohort.organiser)
    answer = await client.post(f"/rounds/{where.id}/calibration/taken", data={"project": str(await where.project())})
    assert answer.status_code == 409, "a project of the cohort itself is no sample"


async def test_the_case_of_a_finished_cohort_is_copied_and_its_names_are_covered():
    past, (where, _) = await cast.scoring_round(teams=1), await calibrating(jurors=1)
    await execute("UPDATE cohort SET programme = $2 WHERE id = $1", past.cohort.id, where.cohort.programme)
    await execute("UPDATE scoring_round SET state = 'published' WHERE id = $1", past.id)
    said = CaseText(title="Отток из Спасска-Дальнего", problem="Люди уезжают из Спасска-Дальнего во Владивосток.")
    case = await fetch_value(
        "INSERT INTO problem_case (id, team, state, title, updated_at) VALUES ($1, $2, 'submitted', $3, now())"
        " ON CONFLICT (team) DO UPDATE SET title = excluded.title RETURNING id",
        cast.new_id(), past.teams[0].id, said.title,
    )  # fmt: skip
    await execute(
        "INSERT INTO case_version (id, problem_case, number, content, made_at) VALUES ($1, $2, 1, $3::jsonb, now())",
        cast.new_id(), case, json.dumps(as_content(said)),
    )  # fmt: skip
    runs, project = await where.organiser(), await past.project()
    assert str(project) in {value for value, _ in await practising.offers(await round_for(runs, where.id))}
    sample = await practising.take_sample(runs, where.id, project)
    text = await fetch_value("SELECT title || text FROM sample WHERE id = $1", sample)
    assert "Спасск" not in text
    assert "уезжают из […] во Владивосток" in text


async def test_a_long_name_of_a_criterion_is_shortened_and_told_whole_to_who_points_at_it(client):
    where, samples = await calibrating()
    long = "Насколько решение осуществимо силами самого муниципалитета"
    await execute("UPDATE criterion SET title = $1 WHERE key = 'feasibility'", long)
    for number in range(3):
        await score(where, number, samples, 5, 6, 7, 8, 9)
    await cast.sign_in(client, where.jurors[0])
    page = (await client.get(f"/rounds/{where.id}/calibration")).text
    labels = re.findall(r'<text x="0"[^>]*>([^<]*)(?:<title>([^<]*)</title>)?</text>', page)
    cut = {(words, whole) for words, whole in labels if words.endswith("…")}
    assert {whole for _, whole in cut} == {long}
    assert len({words for words, _ in cut}) == 2, "on a wide page and on a phone"
    assert all(not whole for words, whole in labels if not words.endswith("…"))


async def test_other_criteria_of_the_cohort_make_the_marks_idle_where_a_round_takes_them(client):
    where, samples = await calibrating()
    runs = await where.organiser()

    async def counted() -> int:
        return await fetch_value("SELECT count(*) FROM sample_sheet")

    async def again() -> list[preparing.KeptCriterion]:
        await execute("DELETE FROM sample_sheet")
        await score(where, 0, samples, 5, 6, 7, 8, 9)
        return await preparing.criteria_of(where.cohort.id)

    first, *_ = await again()
    await preparing.edit_criterion(runs, where.cohort.id, first.id, replace(first.plan, weight=first.plan.weight + 1))
    assert await counted() == 2, "a weight changes no mark"
    narrower = replace((await again())[0].plan, scale_max=5000, anchors={})
    await preparing.edit_criterion(runs, where.cohort.id, first.id, narrower)
    assert await counted() == 0
    await again()
    await preparing.move_criterion(runs, where.cohort.id, first.id, 1)
    assert await counted() == 0, "a mark would stand under another criterion"
    last = (await again())[-1]
    await preparing.add_criterion(runs, where.cohort.id, replace(last.plan, title="Ещё один"))
    assert await counted() == 0
    for number in range(3):
        await score(where, number, samples, 5, 5, 5, 5, 5, 5)
    await cast.sign_in(client, where.jurors[0])
    assert (await client.get(f"/rounds/{where.id}/calibration")).status_code == 200
    added = (await preparing.criteria_of(where.cohort.id))[-1]
    await preparing.remove_criterion(runs, where.cohort.id, added.id)
    assert await counted() == 0
    await again()
    await round_rubric.take_own(runs, where.id)
    await preparing.move_criterion(runs, where.cohort.id, first.id, 1)
    assert await counted() == 2, "the round has its own"


async def meaning(client, address) -> dict[str, str]:
    """What the form for a sample says about the criteria that it shows."""
    page = await client.get(address)
    assert page.status_code == 200
    return {"meaning": re.search(r'name="meaning" value="(\w+)"', page.text)[1]}


async def test_marks_by_criteria_that_have_changed_since_come_back_to_be_looked_at(client):
    where, samples = await calibrating(jurors=1)
    await cast.sign_in(client, where.jurors[0])
    address = f"/rounds/{where.id}/calibration"
    _first, gone, still, *_ = await preparing.criteria_of(where.cohort.id)
    marks = {f"mark_{key}": "4" for key in KEYS} | await meaning(client, address)
    await preparing.remove_criterion(await where.organiser(), where.cohort.id, gone.id)
    answer = await client.post(f"{address}/samples/{samples[0]}", data=marks)
    assert answer.status_code == 409
    assert "Критерии изменились" in answer.text
    assert re.search(f'name="mark_{still.plan.key}" value="4"[^>]* checked', answer.text)
    assert await fetch_value("SELECT count(*) FROM sample_sheet") == 0
    del marks[f"mark_{gone.plan.key}"]
    again = {**marks, **await meaning(client, address)}
    assert (await client.post(f"{address}/samples/{samples[0]}", data=again)).status_code == 303


async def test_before_criteria_are_changed_one_reads_which_marks_that_would_delete(client):
    where, samples = await calibrating(jurors=2)
    await cast.sign_in(client, where.cohort.organiser)
    key = (await preparing.criteria_of(where.cohort.id))[0]
    jury, round_ = f"/cohorts/{where.cohort.id}/jury", f"/rounds/{where.id}"
    told = "сдали 1 лист пробной оценки"

    async def telling(*addresses: str) -> list[bool]:
        return [told in (await client.get(address)).text for address in addresses]

    of_cohort, of_round = (jury, f"{jury}/criteria/{key.id}"), (f"{round_}/set-up", f"{round_}/criteria/{KEYS[0]}")
    assert not any(await telling(*of_cohort, of_round[0]))
    await score(where, 0, samples[:1], 5, 6, 7, 8, 9)
    assert all(await telling(*of_cohort, of_round[0]))
    await round_rubric.take_own(await where.organiser(), where.id)
    assert all(await telling(*of_round))
    assert not any(await telling(*of_cohort)), "the round has its own"


async def marks_under_the_wrong_criteria() -> int:
    """A sample is handed in while the criteria of its cohort are on the move; how many sheets stay."""
    where, samples = await calibrating(jurors=1)
    runs = await where.organiser()
    first, *_ = await preparing.criteria_of(where.cohort.id)
    async with gate("journal_entry", "INSERT") as closed:  # the marks by the old order have been forgotten already
        moving = asyncio.create_task(preparing.move_criterion(runs, where.cohort.id, first.id, 1))
        await closed.reached()
        writing = asyncio.create_task(score(where, 0, samples[:1], 1, 2, 3, 4, 5))
        await closed.stopped(writing)
        await closed.open()
        await moving
        await asyncio.gather(writing, return_exceptions=True)
    return await fetch_value("SELECT count(*) FROM sample_sheet")


async def test_a_sample_waits_for_criteria_that_are_on_the_move():
    assert await marks_under_the_wrong_criteria() == 0


async def test_without_that_wait_marks_would_stand_under_the_wrong_criteria(monkeypatch):
    async def no_wait(_cohort):
        pass

    monkeypatch.setattr(practising, "share_cohort", no_wait)
    assert await marks_under_the_wrong_criteria() == 1


async def test_a_sample_is_put_right_until_somebody_has_marked_it(client):
    where, samples = await calibrating(jurors=2)
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/calibration"
    action = f"{address}/samples/{samples[0]}/edit"
    shown = (await client.get(address)).text
    first = re.search(rf'action="{action}".*?name="version" value="(\w+)"', shown, re.DOTALL)[1]
    sent = {"title": "Парк у реки", "text": "Теперь без опечатки", "version": first}
    empty = await client.post(action, data={**sent, "title": ""})
    assert empty.status_code == 422
    assert f'href="#f-edit-{samples[0]}-title"' in empty.text
    assert "Теперь без опечатки" in empty.text
    assert (await client.post(action, data=sent)).status_code == 303
    assert "Парк у реки" in (await client.get(address)).text
    clash = await client.post(action, data={**sent, "text": "Из другого окна"})
    assert clash.status_code == 409
    assert "Из другого окна" in clash.text
    assert "Теперь без опечатки" in clash.text
    now = re.search(rf'action="{action}".*?name="version" value="(\w+)"', clash.text, re.DOTALL)[1]
    assert (await client.post(action, data={**sent, "text": "Из другого окна", "version": now})).status_code == 303
    await score(where, 0, samples, 5, 5, 5, 5, 5)
    assert action not in (await client.get(address)).text
    assert (await client.post(action, data={**sent, "version": now})).status_code == 409
    assert await fetch_value("SELECT text FROM sample WHERE id = $1", samples[0]) == "Из другого окна"
