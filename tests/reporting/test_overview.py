"""The overview of a cohort: what each cell says, who sees which teams, the same number of statements for 1 and 20 teams."""

import re
from uuid import uuid4

import pytest

import cast
from incubator.foundation.database import DB, execute
from incubator.foundation.refusals import Forbidden, NotFound
from incubator.people.actions import declare_conflict
from incubator.people.rights import Role, Scope
from incubator.reporting import board
from incubator.reporting.rules import Cell, WorkInCell, about, cell_of
from incubator.stages.rules import ModuleState, SubmissionState


async def overview_of(school, who=None):
    return await board.overview(await cast.viewer(who or school.cohort.organiser), school.cohort.id)


async def first_cell(school, team=0):
    page = await overview_of(school)
    row = next(row for row in page.rows if row.team == school.teams[team].id)
    return row.places[0]


# --- Cells ------------------------------------------------------------------------------------------------------------


async def test_a_cell_follows_the_teams_work(school):
    team = school.teams[0]
    assert (await first_cell(school)).cell is Cell.NOT_BEGUN
    await cast.write(team.lead, team.id, school.assignments()[0].id)
    assert (await first_cell(school)).cell is Cell.AT_WORK
    receipt = await school.send(team)
    assert (await first_cell(school)).cell is Cell.WAITING
    await school.decide(receipt, "returned")
    assert (await first_cell(school)).cell is Cell.RETURNED
    await school.decide(await school.send(team))
    place = await first_cell(school)
    assert (place.cell, place.accepted, place.required) == (Cell.NOT_BEGUN, 1, 3)


async def test_a_module_is_ready_then_passed_and_the_next_one_opens(later):
    from incubator.moderation import actions

    team = later.teams[0]
    await later.accept_all(team, days=6)
    assert (await first_cell(later)).cell is Cell.READY
    await actions.advance(await cast.viewer(later.moderator), team.id, later.plan[0].id)
    page = await overview_of(later)
    row = next(row for row in page.rows if row.team == team.id)
    assert [place.cell for place in row.places[:3]] == [Cell.DONE, Cell.CLOSED, Cell.CLOSED]  # the second opens in days
    await execute("UPDATE module SET opens_at = now() - interval '1 hour' WHERE id = $1", later.plan[1].id)
    page = await overview_of(later)
    assert next(row for row in page.rows if row.team == team.id).places[1].cell is Cell.NOT_BEGUN


async def test_late_work_is_said_and_what_waits_is_not_hidden_by_it(later):
    receipt = await later.send(later.teams[0], days=6)
    place = await first_cell(later)
    assert place.cell is Cell.OVERDUE
    assert place.to_check.submission == receipt.submission
    assert (await overview_of(later)).overdue == 2


async def test_a_cohort_that_is_closed_or_a_draft_is_late_with_nothing(later):
    await execute("UPDATE cohort SET closed_at = now()")
    assert (await overview_of(later)).overdue == 0


def work(state, *, required=True, overdue=False):
    return WorkInCell(uuid4(), uuid4(), "", required, SubmissionState(state), overdue)


@pytest.mark.parametrize(
    ("state", "works", "cell"),
    [
        (ModuleState.NOW, [], Cell.NOT_BEGUN),
        (ModuleState.NOW, [work("accepted"), work("submitted")], Cell.WAITING),
        (ModuleState.NOW, [work("submitted"), work("in_progress", overdue=True)], Cell.OVERDUE),
        (ModuleState.NOW, [work("accepted"), work("not_started", required=False)], Cell.READY),
        (ModuleState.NOW, [work("accepted"), work("submitted", required=False)], Cell.WAITING),
        (ModuleState.NOW, [work("in_progress", required=False)], Cell.AT_WORK),
        (ModuleState.NOW, [work("failed"), work("accepted")], Cell.FAILED),
        (ModuleState.DONE, [work("returned"), work("accepted")], Cell.DONE),
        (ModuleState.DONE, [work("returned"), work("submitted")], Cell.WAITING),
        (ModuleState.DONE, [], Cell.DONE),
        (ModuleState.LOCKED, [work("submitted")], Cell.CLOSED),
    ],
)
def test_what_a_cell_says(state, works, cell):
    assert cell_of(state, about(state, works)) is cell


# --- The page ---------------------------------------------------------------------------------------------------------


async def test_tiles_count_and_cells_lead_to_the_work(later, client):
    receipt = await later.send(later.teams[0], days=6)
    await later.decide(await later.send(later.teams[1], days=6), days=5)
    page = await overview_of(later)
    assert (len(page.rows), page.waiting, page.overdue) == (2, 1, 2)
    assert page.accepted == (1, 2 * sum(each.facts.required for module in later.plan for each in module.assignments))
    await cast.sign_in(client, later.cohort.organiser)
    answer = await client.get(f"/cohorts/{later.cohort.id}")
    assert answer.status_code == 200
    links = set(re.findall(r'href="(/(?:submissions|teams)/[^"]+)"', answer.text))
    assert f"/submissions/{receipt.submission}/desk" in links
    for link in links:
        assert (await client.get(link)).status_code == 200, link


async def test_a_cohort_without_teams_asks_to_invite_them(client):
    where = await cast.cohort()
    await cast.sign_in(client, where.organiser)
    answer = await client.get(f"/cohorts/{where.id}")
    assert f'href="/cohorts/{where.id}/people"' in answer.text


async def test_an_organiser_with_a_conflict_sees_the_overview_but_is_not_led_to_the_check(school):
    organiser = school.cohort.organiser
    async with DB.transaction():
        await declare_conflict(organiser.id, cohort=school.cohort.id, team=school.teams[0].id, reason="Родня",
                               by=organiser.id, at=await cast.now())  # fmt: skip
    await school.send(school.teams[0])
    page = await overview_of(school)
    row = next(row for row in page.rows if row.team == school.teams[0].id)
    assert row.href(row.places[0].urgent) == f"/teams/{row.team}/assignments/{school.assignments()[0].id}"


async def test_a_moderator_sees_the_teams_he_accompanies_and_no_other(school, client):
    spare = await cast.moderator(school.cohort, school.teams[0], name="Зоя Климова")
    nobody = await cast.moderator(school.cohort, name="Вера Хромова")
    assert [row.team for row in (await overview_of(school, spare)).rows] == [school.teams[0].id]
    assert (await overview_of(school, nobody)).rows == []
    await cast.sign_in(client, spare)
    answer = await client.get(f"/cohorts/{school.cohort.id}")
    assert "Калининград" not in answer.text
    assert "/settings" not in answer.text  # what he may not open is not offered


async def test_who_does_not_see_the_overview(school):
    for who in (school.teams[0].lead, await cast.juror(school.cohort), await cast.administrator()):
        with pytest.raises(Forbidden):
            await overview_of(school, who)
    for who in ((await cast.cohort()).organiser, await cast.person("Пётр Чужов", "stranger@example.org")):
        with pytest.raises(NotFound):
            await overview_of(school, who)


async def test_one_team_costs_as_many_statements_as_twenty(make, counting):
    costs = []
    for size in (1, 20):
        school = await make(size)
        for team in school.teams:
            await school.send(team)
        viewer = await cast.viewer(school.cohort.organiser)
        with counting() as seen:
            page = await board.overview(viewer, school.cohort.id)
        assert len(page.rows) == size
        costs.append(len(seen))
    assert costs == [4, 4]


async def test_moderators_are_named(school):
    await cast.give(await cast.person("Яна Абрамова", "jana@example.org"), Role.MODERATOR, Scope.TEAM, school.teams[0].id,
                    cohort=school.cohort.id)  # fmt: skip
    page = await overview_of(school)
    assert sorted(map(list, (row.moderators for row in page.rows))) == [
        ["Роман Дёмин"],
        ["Роман Дёмин", "Яна Абрамова"],
    ]
