"""Gates: how a team gets from module to module, and back."""

import asyncio
from datetime import timedelta

import pytest

import cast
from incubator.foundation.database import DB, execute, fetch_value
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.stages import actions
from incubator.stages.home import team_map


@pytest.fixture
async def school(db):
    where = await cast.cohort()
    plan = await cast.begin(where, days_ago=200)  # every module has begun
    team = await cast.team(where)
    mod = await cast.moderator(where, team)
    return where, team, plan, await cast.viewer(mod)


def required(module):
    return [each for each in module.assignments if each.facts.required]


async def accept_all(team, module, outcome="accepted"):
    lead = cast.at(await cast.viewer(team.lead), module.facts.due_at)
    for assignment in required(module):
        receipt = await cast.hand_in(lead, team.id, assignment.id)
        await cast.decide(receipt, outcome, lead.now)


async def advance(team, module, by, reason=""):
    async with DB.transaction():
        return await actions.advance_team(team.id, module.id, by.id, by.now, reason)


async def states(team, viewer):
    return [module.state.value for module in await team_map(team.id, viewer.now)]


async def test_all_required_accepted_opens_the_gate(school):
    _, team, plan, mod = school
    with pytest.raises(Refused) as no:
        await advance(team, plan[0], mod)
    assert "not sent all required work" in no.value.reason.msgid
    await accept_all(team, plan[0])
    assert await advance(team, plan[0], mod) == plan[1].id
    assert (await states(team, mod))[:3] == ["done", "late", "locked"]


async def test_nobody_skips_a_module(school):
    _, team, plan, mod = school
    with pytest.raises(Refused) as no:
        await advance(team, plan[1], mod, "очень надо")
    assert "not in this module yet" in no.value.reason.msgid


async def test_an_organiser_overrides_a_missing_acceptance_but_not_missing_work(school):
    _, team, plan, mod = school
    with pytest.raises(Refused):
        await advance(team, plan[0], mod, "Решение совета")
    await accept_all(team, plan[0], "returned")
    with pytest.raises(Refused):
        await advance(team, plan[0], mod)
    assert await advance(team, plan[0], mod, "Решение совета") == plan[1].id
    assert (
        await fetch_value("SELECT override_reason FROM team_module WHERE advanced_at IS NOT NULL") == "Решение совета"
    )


async def test_of_two_who_press_one_moves_the_team_and_the_other_reads_who(school):
    where, team, plan, mod = school
    await accept_all(team, plan[0])
    second = await cast.viewer(await cast.moderator(where, team, name="Зоя Климова"))
    pressed = [advance(team, plan[0], who) for who in (mod, second) * 5]
    answers = await asyncio.gather(*pressed, return_exceptions=True)
    assert sum(each == plan[1].id for each in answers) == 1
    losers = [each for each in answers if isinstance(each, Refused)]
    assert len(losers) == 9
    assert {dict(each.reason.params)["name"] for each in losers} <= {"Зоя Климова", "Роман Дёмин"}
    assert await fetch_value("SELECT count(*) FROM team_module WHERE advanced_at IS NOT NULL") == 1


async def test_an_advance_is_taken_back_with_a_reason_and_given_again(school):
    where, team, plan, mod = school
    await accept_all(team, plan[0])
    await advance(team, plan[0], mod)
    organiser = await cast.viewer(where.organiser)
    await actions.rollback(organiser, team.id, plan[0].id, "Поторопились")
    assert (await states(team, organiser))[:2] == ["now", "locked"]
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'team.rolled_back'") == 1
    with pytest.raises(Refused):
        await actions.rollback(organiser, team.id, plan[0].id, "Ещё раз")
    assert await advance(team, plan[0], mod) == plan[1].id
    assert (await states(team, organiser))[:2] == ["done", "late"]


async def test_only_the_last_advance_is_taken_back(school):
    where, team, plan, mod = school
    for module in plan[:2]:
        await accept_all(team, module)
        await advance(team, module, mod)
    organiser = await cast.viewer(where.organiser)
    with pytest.raises(Refused):
        await actions.rollback(organiser, team.id, plan[0].id, "Далеко")
    await actions.rollback(organiser, team.id, plan[1].id, "Можно")


async def test_who_may_take_back(school):
    where, team, plan, mod = school
    await accept_all(team, plan[0])
    await advance(team, plan[0], mod)
    for who in (mod, await cast.viewer(team.lead)):
        with pytest.raises(Forbidden):
            await actions.rollback(who, team.id, plan[0].id, "x")
    with pytest.raises(NotFound):
        await actions.rollback(await cast.viewer(await cast.juror(where)), team.id, plan[0].id, "x")


async def test_a_gate_by_date_needs_nobody(school):
    _, team, plan, mod = school
    await execute("UPDATE module SET gate = 'open_by_date' WHERE id = ANY($1)", [plan[0].id, plan[1].id])
    await execute("UPDATE module SET opens_at = $2, due_at = $3 WHERE id = $1", plan[2].id,
                  mod.now + timedelta(days=1), mod.now + timedelta(days=9))  # fmt: skip
    found = await team_map(team.id, mod.now)
    assert [module.reached for module in found[:4]] == [True, True, False, False]
    found = await team_map(team.id, mod.now + timedelta(days=1))
    assert [module.reached for module in found[:4]] == [True, True, True, False]


async def test_the_first_module_is_noted_once(school):
    _, team, plan, mod = school
    for _ in range(2):
        async with DB.transaction():
            await actions.open_first(team.id, mod.now)
    assert await fetch_value("SELECT module FROM team_module") == plan[0].id


async def test_a_team_that_left_goes_nowhere(school):
    _, team, plan, mod = school
    await accept_all(team, plan[0])
    await execute("UPDATE team SET withdrawn_at = now()")
    with pytest.raises(Refused):
        await advance(team, plan[0], mod)
