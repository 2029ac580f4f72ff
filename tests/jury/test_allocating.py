"""An allocation from the page to the sheets: limits, seed, wishes, hand edits, what blocks, and what is dealt."""

import re
from dataclasses import replace

import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Forbidden, Refused
from incubator.jury.allocation import allocated, allocating
from incubator.jury.allocation.allocating import Limits
from incubator.jury.conflicts import declaring
from incubator.jury.office import conducting, seating

pytestmark = pytest.mark.usefixtures("db")
LIMITS = Limits(sheets=2, cap=4, seed=7)


async def draft(**more) -> cast.RoundOfCast:
    return await cast.scoring_round(**{"teams": 5, "jurors": 4, "opened": False, **more})


async def pairs(where: cast.RoundOfCast) -> set[tuple[object, object]]:
    return {
        tuple(row.values())
        for row in await fetch("SELECT project, seat FROM allocated_pair WHERE round = $1", where.id)
    }


async def seat(where: cast.RoundOfCast, number: int = 0):
    return await fetch_value("SELECT id FROM seat WHERE round = $1 AND person = $2", where.id, where.jurors[number].id)


async def test_the_same_seed_gives_the_same_plan_and_its_sheets_are_dealt():
    where = await draft()
    runs = await where.organiser()
    assert await allocating.ask(runs, where.id, LIMITS)
    first, told = await pairs(where), await fetch_value("SELECT fingerprint FROM allocation")
    assert len(first) == 10
    await allocating.ask(runs, where.id, replace(LIMITS, seed=8))
    assert await fetch_value("SELECT fingerprint FROM allocation") != told
    await allocating.ask(runs, where.id, LIMITS)
    assert (await pairs(where), await fetch_value("SELECT fingerprint FROM allocation")) == (first, told)
    plan = await allocated.plan_of_round(where.id, 1)
    assert (plan.parts, plan.least, plan.most, plan.thin, plan.pairs) == (1, 2, 3, 0, 10)
    await conducting.open_round(runs, where.id)
    dealt = {
        tuple(row.values()) for row in await fetch("SELECT project, seat FROM score_sheet WHERE round = $1", where.id)
    }
    assert dealt == first
    deal = await fetch_value("SELECT payload FROM ledger_entry WHERE payload::jsonb ->> 'k' = 'deal'")
    assert all(str(project) in deal and str(place) in deal for project, place in first)
    note = await fetch_one("SELECT data FROM journal_entry WHERE verb = 'allocation.done' ORDER BY id DESC LIMIT 1")
    assert told in note["data"]


async def test_conflicts_wishes_caps_and_pairs_set_by_hand_are_kept():
    where = await draft()
    runs, glad = await where.organiser(), await cast.viewer(where.jurors[0])
    wishes = {team.id: 1 if number < 2 else -1 for number, team in enumerate(where.teams)}
    await declaring.declare(glad, where.id, {where.teams[4].id: "Сосед"}, wishes=wishes)
    await seating.set_duty(runs, where.id, await seat(where, 1), "member", cap=1)
    await allocating.ask(runs, where.id, LIMITS)
    assert (await where.project(4), await seat(where)) not in await pairs(where)
    plan = await allocated.plan_of_round(where.id, 1)
    loads = {each.id: each for each in plan.jurors}
    assert loads[await seat(where)].gladly == 2
    assert loads[await seat(where, 1)].load == 1
    with pytest.raises(Refused):
        await allocating.add_pair(runs, where.id, await where.project(4), await seat(where))
    with pytest.raises(Refused):
        for number in range(5):
            await allocating.add_pair(runs, where.id, await where.project(number), await seat(where, 1))
    kept = (await where.project(3), await seat(where))
    if kept not in await pairs(where):
        await allocating.add_pair(runs, where.id, *kept)
    await execute("UPDATE allocated_pair SET kept = true WHERE project = $1 AND seat = $2", *kept)
    for seed in range(3):
        await allocating.ask(runs, where.id, replace(LIMITS, seed=seed))
        assert kept in await pairs(where)
    await allocating.remove_pair(runs, where.id, *kept)
    assert kept not in await pairs(where)


async def test_a_plan_that_was_changed_by_hand_claims_no_proof(client):
    where = await draft()
    runs = await where.organiser()
    await allocating.ask(runs, where.id, LIMITS)
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/allocation"
    assert "Доказано" in (await client.get(address)).text
    found = await pairs(where)
    every = [(await where.project(number), await seat(where, juror)) for number in range(5) for juror in range(4)]
    loads = {each: sum(place == each for _, place in found) for _, each in found}
    extra = next(pair for pair in every if pair not in found and loads[pair[1]] < LIMITS.cap)
    await allocating.add_pair(runs, where.id, *next(iter(found)))
    assert "Доказано" in (await client.get(address)).text, "a pair that was found is only kept"
    await allocating.add_pair(runs, where.id, *extra)
    page = (await client.get(address)).text
    assert "Доказано" not in page
    assert "отличается 1 пара" in page
    await allocating.remove_pair(runs, where.id, *next(iter(found)))
    assert "отличаются 2 пары" in (await client.get(address)).text
    await allocating.add_pair(runs, where.id, *next(iter(found)))
    await allocating.remove_pair(runs, where.id, *extra)
    assert "Доказано" in (await client.get(address)).text, "it is again what was found"
    await allocating.add_pair(runs, where.id, *extra)
    await allocating.ask(runs, where.id, LIMITS)
    assert "Доказано" in (await client.get(address)).text, "a new search proves anew"


async def test_what_a_plan_loses_without_a_hand_counts_as_a_change_too(client):
    where = await draft()
    runs, address = await where.organiser(), f"/rounds/{where.id}/allocation"
    await cast.sign_in(client, where.cohort.organiser)
    await allocating.ask(runs, where.id, LIMITS)
    found = await pairs(where)

    async def lost() -> tuple[int, str]:
        page = (await client.get(address)).text
        differs = re.search(r"отлича[ею]тся (\d+) пар|отличаются (\d+) пар", page)
        return len(found) - len(await pairs(where)), next(filter(None, differs.groups())) if differs else ""

    assert await lost() == (0, "")
    project, place = next(iter(found))
    person = await fetch_value("SELECT person FROM seat WHERE id = $1", place)
    team = await fetch_value("SELECT team FROM round_project WHERE id = $1", project)
    await declaring.declare(await cast.viewer(person), where.id, {team: "Сосед"})
    assert await lost() == (1, "1"), "a conflict of interest"
    seats = {number: await seat(where, number) for number in range(4)}
    number, seat_gone = next(item for item in seats.items() if (project, item[1]) not in found)
    gone = where.jurors[number]
    of_seat = sum(each == seat_gone for _, each in found)
    await conducting.remove_juror(runs, where.id, seat_gone, "Уехал")
    assert await lost() == (1 + of_seat, str(1 + of_seat)), "a juror who left"
    assert gone.name not in (await client.get(address)).text
    left = [each.id for each in where.teams if each.id != team]
    before = len(await pairs(where))
    await conducting.arrange_round(runs, where.id, "Финал", left)
    now = len(await pairs(where))
    assert now < before
    count = len(found) - now
    assert await lost() == (count, str(count)), "a project that was taken out"


async def test_what_blocks_is_named(client):
    where = await draft()
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/allocation"
    assert (await client.get(address)).status_code == 200
    asked = {"way": "search", "sheets": "3", "cap": "2", "seed": "1", "connected": "on"}
    assert (await client.post(address, data={**asked, "sheets": "нет"})).status_code == 422
    assert (await client.post(address, data=asked)).status_code == 303
    page = (await client.get(address)).text
    assert "15 листов" in page
    asked_for = re.findall(r"<dt>([^<]*)</dt>\s*<dd>([^<]*)</dd>", page)
    assert ("Экспертов на каждый проект", "3") in asked_for, "what was asked for is said again"
    assert ("Больше всего листов у эксперта", "2") in asked_for
    assert ("Все проекты связаны", "да") in asked_for
    assert "пары, заданные вручную" not in page, "there are none to loosen"
    assert "Спасск-Дальний" in page
    assert where.jurors[0].name in page
    assert (await client.post(address, data={**asked, "cap": "4"})).status_code == 303
    page = (await client.get(address)).text
    assert "от 3 до 4" in page
    pair = await fetch_one("SELECT project, seat FROM allocated_pair LIMIT 1")
    sent = {"project": str(pair["project"]), "seat": str(pair["seat"]), "page": "1"}
    assert (await client.post(f"{address}/remove", data=sent)).status_code == 303
    assert "меньше экспертов" in (await client.get(address)).text
    assert (await client.post(f"{address}/add", data=sent)).status_code == 303
    assert "вручную" in (await client.get(address)).text
    assert (await client.post(address, data=asked)).status_code == 303
    assert "пары, заданные вручную" in (await client.get(address)).text
    assert (await client.post(address, data={"way": "everything"})).status_code == 303
    assert not await pairs(where)


async def test_a_large_one_is_left_to_a_worker_and_overtaken_by_changes(monkeypatch):
    where = await draft()
    runs = await where.organiser()
    monkeypatch.setattr(allocating, "AT_ONCE", 1)
    assert not await allocating.ask(runs, where.id, LIMITS)
    with pytest.raises(Refused):
        await conducting.open_round(runs, where.id)
    row = await fetch_one("SELECT kind, payload FROM outbox WHERE kind = 'allocate'")
    assert (await allocated.plan_of_round(where.id, 1)).state == "waiting"
    made = await fetch_value("SELECT id FROM allocation")
    found = allocating._find

    async def meanwhile(allocation, given):
        outcome = await found(allocation, given)
        await declaring.declare(await cast.viewer(where.jurors[0]), where.id, {where.teams[0].id: "Сосед"})
        return outcome

    monkeypatch.setattr(allocating, "_find", meanwhile)
    await allocating.search(made)
    assert await fetch_value("SELECT state FROM allocation") == "failed"
    assert not await pairs(where)
    monkeypatch.setattr(allocating, "_find", found)
    await allocating.ask(runs, where.id, LIMITS)
    await allocating.search_later({"allocation": str(made)})
    assert not await pairs(where), "the first question was taken back by the second"
    await allocating.search_later({"allocation": str(await fetch_value("SELECT id FROM allocation"))})
    assert len(await pairs(where)) == 10
    assert str(made) in row["payload"]


async def test_after_the_opening_a_pair_is_only_added():
    where = await draft()
    runs = await where.organiser()
    await allocating.ask(runs, where.id, LIMITS)
    await conducting.open_round(runs, where.id)
    free = await fetch_one(
        "SELECT p.id AS project, e.id AS seat FROM round_project p JOIN seat e ON e.round = p.round WHERE p.round = $1"
        " AND NOT EXISTS (SELECT FROM allocated_pair a WHERE a.project = p.id AND a.seat = e.id) LIMIT 1", where.id,
    )  # fmt: skip
    await allocating.add_pair(runs, where.id, free["project"], free["seat"])
    assert await fetch_value("SELECT count(*) FROM score_sheet WHERE round = $1", where.id) == 11
    for act in (
        allocating.remove_pair(runs, where.id, free["project"], free["seat"]), allocating.ask(runs, where.id, LIMITS)
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            await act


async def test_the_page_takes_as_many_statements_for_two_projects_as_for_six(client, counting):
    seen = []
    for teams, jurors in ((2, 3), (6, 5)):
        where = await draft(teams=teams, jurors=jurors)
        await allocating.ask(await where.organiser(), where.id, Limits(2, 6, 1))
        await cast.sign_in(client, where.cohort.organiser)
        await client.get(f"/rounds/{where.id}/allocation")
        with counting() as asked:
            assert (await client.get(f"/rounds/{where.id}/allocation")).status_code == 200
        seen.append(len(asked))
    assert seen[0] == seen[1] <= 6


async def test_the_plan_in_force_is_said_where_nothing_came_of_what_was_asked_for_since(client):
    where = await draft()
    runs, address = await where.organiser(), f"/rounds/{where.id}/allocation"
    await cast.sign_in(client, where.cohort.organiser)
    impossible = replace(LIMITS, sheets=3, cap=2)
    await allocating.ask(runs, where.id, impossible)
    assert "Ни одно распределение не действует" in (await client.get(address)).text
    assert "без него раунд не откроется" in (await client.get(f"/rounds/{where.id}")).text
    await allocating.ask(runs, where.id, LIMITS)
    assert "распределение не действует" not in (await client.get(address)).text
    found, told = await pairs(where), await fetch_value("SELECT fingerprint FROM allocation")
    for _ in range(2):  # a second one that can't be doesn't make the plan forgotten
        await allocating.ask(runs, where.id, impossible)
        page = (await client.get(address)).text
        assert "Ни одно распределение не выдерживает" in page
        assert "Пока действует прежнее распределение" in page
        assert "экспертов на каждый проект: 2; больше всего листов у эксперта: 4" in page
        assert "Доказано" in page, "and what is known of it is still known"
        assert told[:16] in page
        assert "меньше экспертов, чем задано" not in page, "it was not asked for these limits"
    free = {each: 4 - sum(place == each for _, place in found) for _, each in found}
    extra = next(
        (project, place) for project, _ in found for place in free if (project, place) not in found and free[place]
    )
    await allocating.add_pair(runs, where.id, *extra)  # within its own limits, not those that can't be
    assert "отличается 1 пара" in (await client.get(address)).text
    assert "будет выдано 11 листов" in (await client.get(f"/rounds/{where.id}")).text
    await conducting.open_round(runs, where.id)
    page = (await client.get(address)).text
    assert "не выдерживает" not in page
    assert "прежнее распределение" not in page


async def test_before_the_opening_it_is_said_what_the_allocation_lacks(client):
    where = await draft()
    runs, address = await where.organiser(), f"/rounds/{where.id}"
    await cast.sign_in(client, where.cohort.organiser)
    await allocating.ask(runs, where.id, LIMITS)
    page = (await client.get(address)).text
    assert "будет выдано 10 листов" in page
    assert "никто не оценит" not in page
    later = await cast.team(where.cohort, 5)
    await conducting.arrange_round(runs, where.id, "Отбор", [*(each.id for each in where.teams), later.id])
    assert "У 1 проекта нет ни одного эксперта" in (await client.get(address)).text
    project, place = next(iter(await pairs(where)))
    team = await fetch_value("SELECT team FROM round_project WHERE id = $1", project)
    person = await fetch_value("SELECT person FROM seat WHERE id = $1", place)
    juror = next(each for each in where.jurors if each.id == person)
    await declaring.declare(await cast.viewer(juror), where.id, {team: "Сосед"})
    page = (await client.get(address)).text
    assert "будет выдано 9 листов" in page
    assert "У 1 проекта меньше экспертов, чем задано" in page
    await allocating.ask(runs, where.id, replace(LIMITS, sheets=1, connected=False))
    assert "У 6 проектов экспертов меньше, чем нужно листов для места (2)" in (await client.get(address)).text
