"""Who is at a piece of work: said to colleagues, taken over, ended by itself; it never decides who may decide."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

import cast
from incubator.foundation.database import fetch_value
from incubator.foundation.refusals import Clash, Forbidden, Refused
from incubator.moderation import actions, checking, undoing
from incubator.moderation.queue import next_after, queue
from incubator.moderation.rules import CHECK_LASTS, Verdict
from incubator.stages.rules import Outcome

ACCEPT = Verdict(Outcome.ACCEPTED, "")


@pytest.fixture
async def colleague(school):
    """Another moderator of the same team."""
    person = await cast.moderator(school.cohort, name="Зоя Климова")
    await cast.give(person, cast.Role.MODERATOR, cast.Scope.TEAM, school.team.id, cohort=school.cohort.id)
    return person


async def test_the_first_is_named_to_the_second_and_taken_over(school, mod, colleague):
    zoya = await cast.viewer(colleague)
    await checking.begin(mod, school.submission)
    assert (await checking.begin(zoya, school.submission)).person == mod.id
    (row,) = await queue(zoya)
    assert row.checker == mod.name
    assert (await queue(mod))[0].checker is None
    assert (await checking.begin(zoya, school.submission, take=True)).person == zoya.id
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'check.taken_over'") == 1


async def test_it_ends_by_itself_and_lasts_while_somebody_works(school, mod, colleague):
    zoya = await cast.viewer(colleague)
    await checking.begin(mod, school.submission)
    work = replace(mod, now=mod.now + CHECK_LASTS - timedelta(minutes=1))
    await actions.write_remark(work, school.submission, 1, "", "Кто это сказал?")
    soon, late = (replace(zoya, now=work.now + CHECK_LASTS + timedelta(seconds=delta)) for delta in (-1, 1))
    found = await checking.checker(school.submission, soon.now)
    assert (found.person, found.began_at) == (mod.id, mod.now)
    assert await checking.checker(school.submission, late.now) is None
    assert (await checking.begin(late, school.submission)).person == zoya.id


async def test_a_remark_begins_a_check_but_takes_none_over(school, mod, colleague):
    zoya = await cast.viewer(colleague)
    await actions.write_remark(mod, school.submission, 1, "", "Раз")
    await actions.write_remark(zoya, school.submission, 1, "", "Два")
    assert (await checking.checker(school.submission, mod.now)).person == mod.id


async def test_both_may_decide_and_one_does(school, mod, colleague):
    zoya = await cast.viewer(colleague)
    await checking.begin(mod, school.submission)
    attempts = (actions.decide(who, school.submission, 1, ACCEPT) for who in (mod, zoya))
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(each is None for each in results) == 1
    assert sum(isinstance(each, Clash | Refused) for each in results) == 1
    assert await checking.checker(school.submission, mod.now) is None
    with pytest.raises(Forbidden):
        await checking.begin(mod, school.submission)


async def test_two_who_begin_at_once_agree_who_it_is(school, mod, colleague):
    zoya = await cast.viewer(colleague)
    first, second = await asyncio.gather(*(checking.begin(who, school.submission) for who in (mod, zoya)))
    assert await fetch_value("SELECT count(*) FROM checking") == 1
    assert {first.person, second.person} <= {mod.id, zoya.id}


async def test_next_passes_by_what_a_colleague_is_at(school, mod, colleague):
    zoya = await cast.viewer(colleague)
    second, third = await school.send(1), await school.send(2)
    await checking.begin(zoya, second.submission)
    assert await next_after(mod, school.submission) == third.submission
    assert await next_after(zoya, school.submission) == second.submission


async def test_the_page_says_it_and_takes_over(school, client, colleague):
    await checking.begin(await cast.viewer(school.moderator), school.submission)
    await cast.sign_in(client, colleague)
    desk = f"/submissions/{school.submission}/desk"
    assert "Роман Дёмин" in (await client.get(desk)).text
    address = f"/submissions/{school.submission}/checking"
    part = await client.post(address, data={}, headers={"hx-request": "true"})
    assert "Роман Дёмин" in part.text and "<html" not in part.text
    assert (await client.post(address, data={"take": "on"})).headers["location"] == desk
    assert f'action="{address}"' not in (await client.get(desk)).text


async def test_an_open_desk_is_told_what_came_of_its_version(school, client, mod, colleague):
    """Taken over, decided, taken back: the part says each, about the version on the desk only, to who may check only."""
    zoya = await cast.viewer(colleague)
    await checking.begin(mod, school.submission)
    await cast.sign_in(client, mod.id)
    address = f"/submissions/{school.submission}/checking?revision="

    async def told(revision: str = "1") -> str:
        answer = await client.get(address + revision, headers={"hx-request": "true"})
        assert answer.status_code == 200 and "<html" not in answer.text
        return answer.text

    assert "Вы проверяете эту работу" in await told()
    await checking.begin(zoya, school.submission, take=True)
    assert "Зоя Климова" in await told()
    await actions.decide(zoya, school.submission, 1, Verdict(Outcome.RETURNED, "Чьи это слова?"))
    decided = await told()
    assert "версия 1 возвращена на доработку: Зоя Климова" in decided and "Взять проверку" not in decided
    assert "Зоя Климова" not in await told("2")
    assert "Зоя Климова" not in await told("x")
    await undoing.take_back(zoya, school.submission)
    assert "возвращена" not in await told()
    assert (await client.get(address + "1")).headers["location"] == f"/submissions/{school.submission}/desk"
    await cast.sign_in(client, school.team.lead)
    assert (await client.get(address + "1", headers={"hx-request": "true"})).status_code == 403
