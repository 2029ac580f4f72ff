"""What organisers do with a round, from the first draft to the snapshot."""

import json

import pytest

import cast
from incubator.foundation.database import fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.jury.conflicts import declaring
from incubator.jury.office import agreeing, conducting, preparing
from incubator.jury.result import standings
from incubator.jury.result.snapshot import read_result
from incubator.jury.rounds import round_for
from incubator.notifications import actions as letters  # noqa: F401  (who writes them when something is recorded)
from incubator.programmes.blueprint import Closing
from incubator.programmes.layers import Ground
from incubator.programmes.queries import described
from incubator.programmes.shipped import shipped
from incubator.stages import layout  # noqa: F401  (the modules of a plan)

pytestmark = pytest.mark.usefixtures("db")


async def scored(where: cast.RoundOfCast, *totals: int, by: int | None = None) -> cast.RoundOfCast:
    """The teams scored in whole points by the first jurors."""
    for number, mark in enumerate(totals):
        for juror in where.jurors[:by]:
            await cast.score(where, juror, await where.project(number), *[mark] * 5)
    return where


async def result(where: cast.RoundOfCast):
    return await standings.result_for(await round_for(await where.organiser(), where.id))


async def lock(where: cast.RoundOfCast, missing: int = 0) -> None:
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=missing)


async def test_opening_freezes_criteria_and_rules_and_deals_a_sheet_for_each_project():
    where = await cast.scoring_round(teams=3, jurors=2)
    row = await fetch_one("SELECT criteria, plan FROM scoring_round")
    assert [each["key"] for each in json.loads(row["criteria"])] == [each.key for each in shipped()[0].criteria]
    assert json.loads(row["plan"])["quorum"] == 2
    assert await fetch_value("SELECT count(*) FROM score_sheet WHERE state = 'empty'") == 3 * 2
    with pytest.raises(Refused):
        await conducting.open_round(await where.organiser(), where.id)


async def test_known_conflicts_and_own_teams_get_no_sheet():
    where = await cast.scoring_round(teams=3, jurors=2, opened=False)
    first, second = where.jurors
    await declaring.declare(await cast.viewer(first), where.id, {where.teams[0].id: "Родственник"})
    await cast.give(second, cast.Role.MODERATOR, cast.Scope.TEAM, where.teams[1].id, cohort=where.cohort.id)
    await conducting.open_round(await where.organiser(), where.id)
    pairs = await fetch(
        "SELECT e.person, p.team FROM score_sheet s JOIN seat e ON e.id = s.seat JOIN round_project p ON p.id = s.project"
    )
    dealt = {(row["person"], row["team"]) for row in pairs}
    assert (first.id, where.teams[0].id) not in dealt
    assert (second.id, where.teams[1].id) not in dealt
    assert len(dealt) == 4


async def test_an_empty_round_does_not_open():
    where = await cast.cohort()
    runs = await cast.viewer(where.organiser)
    made = await conducting.create_round(runs, where.id, "Пустой", [])
    with pytest.raises(Refused):
        await conducting.open_round(runs, made)


async def test_a_team_of_another_cohort_is_no_project_here():
    where, other = await cast.cohort(), await cast.scoring_round(teams=1, opened=False)
    with pytest.raises(NotFound):
        await conducting.create_round(await cast.viewer(where.organiser), where.id, "Чужой", [other.teams[0].id])
    with pytest.raises(NotFound):
        await conducting.create_round(await cast.viewer(where.organiser), other.cohort.id, "Чужой", [])


async def test_only_jurors_of_the_cohort_are_seated_and_nobody_who_runs_it():
    where = await cast.scoring_round(opened=False)
    runs = await where.organiser()
    with pytest.raises(Refused):
        await conducting.seat_jurors(runs, where.id, [where.teams[0].lead.id])
    with pytest.raises(Forbidden):
        await conducting.seat_jurors(runs, where.id, [runs.id])


async def test_a_substitute_gets_his_sheets_at_once():
    where = await cast.scoring_round(teams=2, jurors=2, closing=Closing.SUBSTITUTE)
    await scored(where, 7, 8, by=1)
    await cast.score(where, where.jurors[1], await where.project(0), 5, 5, 5, 5, 5)
    with pytest.raises(Refused):
        await lock(where, missing=1)
    substitute = await cast.juror(where.cohort, "Нина Полева")
    runs = await where.organiser()
    await conducting.seat_jurors(runs, where.id, [substitute.id])
    seat = await fetch_value("SELECT id FROM seat WHERE person = $1", where.jurors[1].id)
    await conducting.remove_juror(runs, where.id, seat, "Уехал")
    await declaring.declare(await cast.viewer(substitute), where.id, {})
    for number in range(2):
        await cast.score(where, substitute, await where.project(number), 6, 6, 6, 6, 6)
    await lock(where)
    assert [row.sheets for row in (await result(where)).rows] == [2, 2]


async def test_the_lock_needs_the_quorum_and_the_number_of_gaps_agreed_to():
    where = await cast.scoring_round(teams=2, jurors=3)
    with pytest.raises(Refused):
        await lock(where, missing=6)
    await scored(where, 7, by=2)
    with pytest.raises(Refused):
        await lock(where, missing=5)
    await lock(where, missing=4)
    with pytest.raises(Refused):
        await lock(where, missing=4)


async def test_below_the_minimum_a_project_is_not_assessed_and_never_zero():
    where = await scored(await cast.scoring_round(teams=3, jurors=2), 7, 9)
    await lock(where, missing=2)
    found = await result(where)
    assert [(row.name, row.place) for row in found.rows] == [("Калининград", 1), ("Спасск-Дальний", 2), ("Орёл", None)]
    assert found.not_assessed[0].total is None


async def test_where_the_rules_say_so_one_gap_bars_a_project_and_its_sheets_win_nothing():
    where = await cast.scoring_round(teams=2, jurors=3, closing=Closing.NOT_ASSESSED)
    await scored(where, 10, 5, by=2)
    await cast.score(where, where.jurors[2], await where.project(1), 5, 5, 5, 5, 5)
    await lock(where, missing=1)
    found = await result(where)
    assert [(row.name, row.place, row.sheets) for row in found.rows] == [
        ("Калининград", 1, 3),
        ("Спасск-Дальний", None, 2),
    ]


async def test_a_juror_who_has_become_a_moderator_of_the_team_does_not_count():
    where = await scored(await cast.scoring_round(teams=1, jurors=3), 8)
    await cast.give(where.jurors[0], cast.Role.MODERATOR, cast.Scope.TEAM, where.teams[0].id, cohort=where.cohort.id)
    await lock(where)
    assert (await result(where)).rows[0].sheets == 2


async def test_a_team_that_left_takes_no_place():
    from incubator.foundation.database import execute

    where = await scored(await cast.scoring_round(teams=2, jurors=2), 9, 5)
    await lock(where)
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", where.teams[0].id)
    assert [(row.name, row.place) for row in (await result(where)).rows] == [
        ("Калининград", 1),
        ("Спасск-Дальний", None),
    ]


async def test_nobody_is_asked_for_sheets_of_a_team_that_left():
    """Not even where every missing sheet has to be filled in before the lock."""
    from incubator.foundation.database import execute

    where = await cast.scoring_round(teams=2, jurors=2, closing=Closing.SUBSTITUTE)
    for judge in where.jurors:
        await cast.score(where, judge, await where.project(0), 8, 8, 8, 8, 8)
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", where.teams[1].id)
    await lock(where)
    assert [row.place for row in (await result(where)).rows] == [1, None]


async def test_removing_a_juror_empties_his_seat_voids_his_sheets_and_ends_his_role():
    where = await scored(await cast.scoring_round(teams=2, jurors=3), 8, 8)
    runs = await where.organiser()
    seat = await fetch_value("SELECT id FROM seat WHERE person = $1", where.jurors[0].id)
    await conducting.remove_juror(runs, where.id, seat, "Разглашал оценки")
    assert await fetch_value("SELECT count(*) FROM score_sheet WHERE seat = $1 AND state = 'void'", seat) == 2
    assert not (await cast.viewer(where.jurors[0])).holds(cast.Role.JUROR, cast.Scope.COHORT, where.cohort.id)
    with pytest.raises(Refused):
        await conducting.remove_juror(runs, where.id, seat, "Ещё раз")
    await lock(where)
    assert [row.sheets for row in (await result(where)).rows] == [2, 2]
    with pytest.raises(Forbidden):
        await conducting.remove_juror(runs, where.id, seat, "Поздно")


async def test_the_snapshot_is_what_the_page_showed():
    where = await scored(await cast.scoring_round(teams=3, jurors=3), 7, 9, 5)
    await lock(where)
    live = await result(where)
    await cast.publish(where)
    assert read_result(await fetch_value("SELECT result::text FROM scoring_round")) == live
    assert await result(where) == live


async def test_publishing_takes_two_tells_everybody_and_happens_once():
    where = await scored(await cast.scoring_round(teams=1, jurors=2), 7)
    runs, other = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    with pytest.raises(Forbidden):
        await agreeing.ask_to_publish(runs, where.id)
    await lock(where)
    asked = await agreeing.ask_to_publish(runs, where.id)
    with pytest.raises(Refused):
        await agreeing.confirm(runs, where.id, asked)
    assert await fetch_value("SELECT state FROM scoring_round") == "locked"
    await agreeing.confirm(other, where.id, asked)
    for late in (agreeing.ask_to_publish(runs, where.id), agreeing.confirm(other, where.id, asked)):
        with pytest.raises(Refused):
            await late
    told = await fetch_one("SELECT actor, audience FROM journal_entry WHERE verb = 'round.published'")
    assert (told["actor"], told["audience"]) == (other.id, "everyone")
    assert await fetch_value("SELECT actor FROM journal_entry WHERE verb = 'publish.asked'") == runs.id
    assert await fetch_value("SELECT count(*) FROM letter WHERE person = $1", where.teams[0].lead.id) > 0


async def test_nobody_agrees_to_another_result_than_was_asked_for():
    where = await scored(await cast.scoring_round(teams=2, jurors=3), 9, 5)
    runs, other = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    await lock(where)
    asked = await agreeing.ask_to_publish(runs, where.id)
    for row in await fetch("SELECT id FROM score_sheet WHERE project = $1 LIMIT 2", await where.project(0)):
        await agreeing.confirm(other, where.id, await agreeing.ask_to_void(runs, where.id, row["id"], "Сговор"))
    with pytest.raises(Refused):
        await agreeing.confirm(other, where.id, asked)
    assert await fetch_value("SELECT state FROM scoring_round") == "locked"
    again = await agreeing.ask_to_publish(runs, where.id)
    with pytest.raises(Refused):
        await agreeing.confirm(other, where.id, asked)
    await agreeing.confirm(other, where.id, again)
    assert await fetch_value("SELECT state FROM scoring_round") == "published"


async def test_an_unlocked_round_forgets_what_was_to_be_published():
    where = await scored(await cast.scoring_round(teams=1, jurors=2), 7)
    runs, other = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    await lock(where)
    asked = await agreeing.ask_to_publish(runs, where.id)
    await agreeing.confirm(other, where.id, await agreeing.ask_to_unlock(runs, where.id, "Ошибка"))
    with pytest.raises(Refused):
        await agreeing.confirm(other, where.id, asked)


async def test_unlocking_takes_another_organiser_and_forgets_votes():
    where = await scored(await cast.scoring_round(teams=2, jurors=2, ties=("vote", "shared")), 7, 7)
    runs, other = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    with pytest.raises(Refused):
        await agreeing.ask_to_unlock(runs, where.id, "Рано")
    await lock(where)
    ranks = {await where.project(0): 2, await where.project(1): 1}
    with pytest.raises(Refused):
        await conducting.vote_tie(runs, where.id, dict([*ranks.items()][:1]), "Один")
    await conducting.vote_tie(runs, where.id, ranks, "3 против 2")
    assert [row.decided_by for row in (await result(where)).rows] == ["vote", "vote"]
    asked = await agreeing.ask_to_unlock(runs, where.id, "Ошибка в листе")
    with pytest.raises(Refused):
        await agreeing.ask_to_unlock(other, where.id, "Ещё раз")
    with pytest.raises(Refused):
        await agreeing.confirm(runs, where.id, asked)
    await agreeing.confirm(other, where.id, asked)
    assert await fetch_value("SELECT state FROM scoring_round") == "open"
    assert await fetch_value("SELECT count(*) FROM tie_vote") == 0
    with pytest.raises(Refused):
        await agreeing.confirm(other, where.id, asked)


async def test_what_was_asked_for_can_be_declined_or_taken_back():
    where = await scored(await cast.scoring_round(teams=1, jurors=2), 7)
    await lock(where)
    runs = await where.organiser()
    for _ in range(2):
        asked = await agreeing.ask_to_unlock(runs, where.id, "Передумал")
        await agreeing.decline(runs, where.id, asked)
    assert await fetch_value("SELECT state FROM scoring_round") == "locked"
    with pytest.raises(NotFound):
        await agreeing.decline(runs, where.id, where.id)


async def test_a_void_sheet_does_not_count_and_is_not_void_twice():
    where = await scored(await cast.scoring_round(teams=1, jurors=3), 9)
    await lock(where)
    runs, other = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    sheet = await fetch_value("SELECT id FROM score_sheet LIMIT 1")
    with pytest.raises(NotFound):
        await agreeing.ask_to_void(runs, where.id, where.id, "Нет такого")
    await agreeing.confirm(other, where.id, await agreeing.ask_to_void(runs, where.id, sheet, "Сговор"))
    assert (await result(where)).rows[0].sheets == 2
    with pytest.raises(Refused):
        await agreeing.ask_to_void(runs, where.id, sheet, "Ещё раз")


async def test_a_conflicted_organiser_runs_nothing():
    where = await cast.scoring_round(opened=False)
    runs = await where.organiser()
    await declaring.declare(runs, where.id, {where.teams[0].id: "Родной город"})
    again = await where.organiser()
    with pytest.raises(Forbidden):
        await conducting.open_round(again, where.id)
    with pytest.raises(Forbidden):
        await declaring.lift(again, await fetch_value("SELECT id FROM conflict_of_interest"), "Пустяк")


async def test_a_lifted_conflict_gives_the_sheet_back():
    where = await cast.scoring_round(teams=1, jurors=2)
    await declaring.declare(await cast.viewer(where.jurors[0]), where.id, {where.teams[0].id: "Показалось"})
    conflict = await fetch_value("SELECT id FROM conflict_of_interest")
    await declaring.lift(await where.organiser(), conflict, "Однофамилец")
    await cast.score(where, where.jurors[0], await where.project(), 7, 7, 7, 7, 7)
    with pytest.raises(Refused):
        await declaring.lift(await where.organiser(), conflict, "Ещё раз")
    with pytest.raises(NotFound):
        await declaring.lift(await where.organiser(), where.id, "Нет такого")


async def test_a_conflict_is_named_before_the_opening_and_declared_before_the_lock():
    where = await scored(await cast.scoring_round(teams=1, jurors=2), 7)
    lead = await cast.viewer(where.teams[0].lead)
    with pytest.raises(Refused):
        await declaring.claim(lead, where.teams[0].id, where.jurors[0].id, "Поздно")
    await lock(where)
    with pytest.raises(Forbidden):
        await declaring.declare(await cast.viewer(where.jurors[0]), where.id, {})
    with pytest.raises(NotFound):
        await declaring.declare(await where.organiser(), where.cohort.id, {})


async def test_nobody_declares_a_conflict_with_a_team_that_is_not_judged():
    where, other = await cast.scoring_round(teams=1), await cast.scoring_round(teams=1)
    with pytest.raises(NotFound):
        await declaring.declare(await cast.viewer(where.jurors[0]), where.id, {other.teams[0].id: "Чужая"})


async def test_the_plan_of_a_cohort_comes_from_its_blueprint_and_goes_back():
    where = await cast.cohort()
    assert (await described(where.id)).criteria == shipped()[0].criteria
    assert (await described(where.id)).jury == shipped()[0].jury
    await preparing.edit_plan(await cast.viewer(where.organiser), where.id, preparing.PLAIN_PLAN)
    assert (await described(where.id)).jury == preparing.PLAIN_PLAN


async def test_a_cohort_without_a_plan_has_a_plain_one():
    from incubator.foundation.database import execute

    where = await cast.cohort()
    await execute("DELETE FROM jury_plan")
    assert await preparing.plan_of(where.id) == preparing.PLAIN_PLAN
    assert (await preparing.JuryLayer().describe(Ground(where.id, None, "")))["jury"] == preparing.PLAIN_PLAN


async def test_criteria_keep_their_keys_and_their_number():
    where = await cast.cohort()
    runs = await cast.viewer(where.organiser)
    some = (await preparing.criteria_of(where.id))[0].plan
    for _ in range(15):
        await preparing.add_criterion(runs, where.id, some)
    keys = [each.plan.key for each in await preparing.criteria_of(where.id)]
    assert len(set(keys)) == 20
    with pytest.raises(Refused):
        await preparing.add_criterion(runs, where.id, some)
    for act in (preparing.move_criterion(runs, where.id, where.id, 1), preparing.remove_criterion(runs, where.id, where.id),
                preparing.edit_criterion(runs, where.id, where.id, some)):  # fmt: skip
        with pytest.raises(NotFound):
            await act


async def test_rules_that_name_a_missing_criterion_are_not_kept():
    from dataclasses import replace

    where = await cast.cohort()
    with pytest.raises(Refused):
        await preparing.edit_plan(
            await cast.viewer(where.organiser), where.id, replace(preparing.PLAIN_PLAN, ties=("criterion:budget",))
        )
