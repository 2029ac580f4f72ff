"""Drafts: written by several at once, nothing lost, nothing noted too often."""

import asyncio
from datetime import timedelta

import pytest

import cast
from incubator.foundation.database import execute, fetch_value
from incubator.foundation.refusals import Clash, Forbidden, NotFound
from incubator.stages import actions, answers, queries
from incubator.stages.home import WITHDRAWN


@pytest.fixture
async def school(db):
    """A cohort that began three days ago, with one team; the ids of its first module's assignments."""
    where = await cast.cohort()
    plan = await cast.begin(where)
    team = await cast.team(where)
    return where, team, plan


def first(plan):
    return plan[0].assignments[0]


async def save(who, team, assignment, typed, shown=None, **more):
    someone = await cast.viewer(who) if isinstance(who, cast.Person) else who
    work = await queries.work_on(someone, team.id, assignment.id)
    prints = answers.prints(answers.token(work.fields, work.content)) if shown is None else shown
    whole = {
        field.key: typed.get(field.key, answers.drafted(field, work.content)) for field in answers.written(work.fields)
    }
    return await actions.save_draft(someone, team.id, assignment.id, lambda _: (whole, prints), **more)


async def test_the_first_save_makes_the_row(school):
    _, team, plan = school
    work = await queries.work_on(await cast.viewer(team.lead), team.id, first(plan).id)
    assert work.submission is None
    await save(team.members[0], team, first(plan), {"statement": "Молодёжь уезжает"})
    work = await queries.work_on(await cast.viewer(team.lead), team.id, first(plan).id)
    assert work.content["statement"] == "Молодёжь уезжает"
    assert (work.situation.state, work.version, work.updated_by) == ("in_progress", 1, team.members[0].name)


async def test_nothing_typed_makes_nothing(school):
    _, team, plan = school
    await save(team.lead, team, first(plan), {})
    assert await fetch_value("SELECT count(*) FROM submission") == 0


async def test_two_people_in_different_fields_keep_both(school):
    _, team, plan = school
    blank = {}
    await save(team.lead, team, first(plan), {"statement": "Моё"}, blank)
    saved = await save(team.members[0], team, first(plan), {"statement": "", "tried": "Её"}, blank)
    work = await queries.work_on(await cast.viewer(team.lead), team.id, first(plan).id)
    assert (work.content["statement"], work.content["tried"]) == ("Моё", "Её")
    assert answers.prints(saved.token)["statement"] == "-"


async def test_the_same_field_is_a_clash_and_the_rest_is_saved(school):
    _, team, plan = school
    await save(team.lead, team, first(plan), {"statement": "Моё"}, {})
    with pytest.raises(Clash) as clash:
        await save(team.members[0], team, first(plan), {"statement": "Её", "tried": "Её попытки"}, {})
    assert clash.value.context["saved"].clashes == ("statement",)
    assert clash.value.context["mine"]["statement"] == "Её"
    work = await queries.work_on(await cast.viewer(team.lead), team.id, first(plan).id)
    assert (work.content["statement"], work.content["tried"]) == ("Моё", "Её попытки")


async def test_saving_again_with_the_token_of_the_answer_is_no_clash(school):
    _, team, plan = school
    saved = await save(team.lead, team, first(plan), {"statement": "а"}, {})
    for text in ("аб", "абв", ""):
        saved = await save(team.lead, team, first(plan), {"statement": text}, answers.prints(saved.token))
    work = await queries.work_on(await cast.viewer(team.lead), team.id, first(plan).id)
    assert work.content["statement"] == ""


async def test_twenty_first_saves_at_once_make_one_row(school):
    _, team, plan = school
    people = [await cast.viewer(each) for each in (team.lead, *team.members)]
    keys = [field.key for field in answers.written(first(plan).facts.fields) if field.kind != "table"]
    blank = {field.key: answers.blank(field) for field in answers.written(first(plan).facts.fields)}

    async def one(number):
        typed = {**blank, keys[number % len(keys)]: f"текст {number % len(keys)}"}
        await actions.save_draft(people[number % 3], team.id, first(plan).id, lambda _: (typed, {}))

    await asyncio.gather(*(one(number) for number in range(20)))
    work = await queries.work_on(people[0], team.id, first(plan).id)
    assert await fetch_value("SELECT count(*) FROM submission") == 1
    assert {key: work.content[key] for key in keys} == {key: f"текст {place}" for place, key in enumerate(keys)}


async def test_the_journal_is_not_flooded(school):
    _, team, plan = school
    someone = await cast.viewer(team.lead)
    drafted = "SELECT count(*) FROM journal_entry WHERE verb = 'submission.drafted'"
    for second in range(30):
        moment = cast.at(someone, someone.now + timedelta(seconds=second))
        await save(moment, team, first(plan), {"statement": f"буква {second}"})
    assert await fetch_value(drafted) == 1
    other = await cast.viewer(team.members[0])
    await save(other, team, first(plan), {"tried": "и я"})
    assert await fetch_value(drafted) == 2
    later = cast.at(someone, someone.now + timedelta(minutes=10))
    await save(later, team, first(plan), {"statement": "через десять минут"})
    assert await fetch_value(drafted) == 3
    await save(later, team, first(plan), {"statement": "сохранено кнопкой"}, asked=True)
    assert await fetch_value(drafted) == 4
    await save(later, team, first(plan), {"statement": "сохранено кнопкой"}, asked=True)
    assert await fetch_value(drafted) == 4


async def test_who_else_is_writing(school):
    _, team, plan = school
    await save(team.members[0], team, first(plan), {"tried": "текст"})
    someone = await cast.viewer(team.lead)
    work = await queries.work_on(someone, team.id, first(plan).id)
    assert list(work.others_here(someone)) == [team.members[0].id]
    assert work.others_here(await cast.viewer(team.members[0])) == {}
    assert work.others_here(cast.at(someone, someone.now + timedelta(minutes=16))) == {}


async def test_only_the_team_writes(school):
    where, team, plan = school
    other = await cast.team(where, 1)
    mod = await cast.moderator(where, team)
    for who in (mod, where.organiser):
        with pytest.raises(Forbidden):
            await save(who, team, first(plan), {"statement": "x"}, {})
    for who in (other.lead, await cast.juror(where), await cast.person("Чужой", "x@example.org")):
        with pytest.raises(NotFound):
            await save(who, team, first(plan), {"statement": "x"}, {})
    assert await fetch_value("SELECT count(*) FROM submission") == 0


async def test_a_closed_module_takes_no_draft(school):
    _, team, plan = school
    with pytest.raises(Forbidden) as no:
        await save(team.lead, team, plan[1].assignments[0], {}, {})
    assert "module before it" in no.value.reason.msgid
    early = cast.at(await cast.viewer(team.lead), plan[0].facts.opens_at - timedelta(seconds=1))
    with pytest.raises(Forbidden) as no:
        await save(early, team, first(plan), {"statement": "x"}, {})
    assert "opens on" in no.value.reason.msgid


async def test_a_draft_may_be_written_after_the_deadline(school):
    _, team, plan = school
    late = cast.at(await cast.viewer(team.lead), plan[0].facts.due_at + timedelta(days=1))
    await save(late, team, first(plan), {"statement": "поздно, но не потеряно"}, {})


async def test_a_team_that_has_left_writes_nothing(school):
    _, team, plan = school
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", team.id)
    with pytest.raises(Forbidden) as no:
        await save(team.lead, team, first(plan), {"statement": "x"}, {})
    assert no.value.reason is WITHDRAWN
