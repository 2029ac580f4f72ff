"""Versions of a cohort's plan: kept at each change, told in words, compared; a cohort made from another."""

import tomllib
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cast
from incubator.foundation.database import fetch, fetch_value
from incubator.foundation.i18n import speaking
from incubator.jury.office import preparing
from incubator.programmes import blueprint, keeping
from incubator.programmes.blueprint import LateWork
from incubator.programmes.blueprint_changes import differences
from incubator.programmes.copying import shifted, usual_start
from incubator.programmes.queries import cohort_for, described
from incubator.programmes.shipped import shipped
from incubator.stages import plan_actions, plan_queries

RUSSIAN = ("ru", "Asia/Vladivostok")
PLAN = shipped()[0]


def raw(plan):
    return tomllib.loads(blueprint.write(plan))


def lines(old, new):
    with speaking(*RUSSIAN):
        return [str(each.line) for each in differences(raw(old), raw(new))]


def with_module(place, **changes):
    modules = list(PLAN.modules)
    modules[place] = replace(modules[place], **changes)
    return replace(PLAN, modules=tuple(modules))


def with_assignment(**changes):
    first, *others = PLAN.modules[0].assignments
    return with_module(0, assignments=(replace(first, **changes), *others))


# --- In words ---------------------------------------------------------------------------------------------------------


def test_the_same_plan_has_no_differences_whatever_its_version():
    assert lines(PLAN, replace(PLAN, version=7)) == []


def test_a_deadline_moved_is_said_with_both_days():
    title = PLAN.modules[0].title
    assert lines(PLAN, with_module(0, due_on_day=30, late_work=LateWork.MARKED)) == [
        f"Модуль «{title}». Срок: день 27 → день 30",
        (
            f"Модуль «{title}». Что бывает с опоздавшей работой: После срока ничего не принимается → "
            "Принимается с пометкой об опоздании"
        ),
    ]
    assert lines(PLAN, with_module(0, grace_minutes=15)) == [f"Модуль «{title}». Минуты сверх срока: 15"]


def test_what_came_and_what_went_is_named_where_it_was():
    first = PLAN.modules[0].assignments[0]
    changed = with_assignment(fields=first.fields[1:])
    (line,) = lines(PLAN, changed)
    assert line == f"Модуль «{PLAN.modules[0].title}», задание «{first.title}», убрано поле: {first.fields[0].label}"
    assert lines(changed, PLAN) == [line.replace("убрано поле", "добавлено поле")]
    assert "Убран модуль" in lines(PLAN, replace(PLAN, modules=PLAN.modules[:-1]))[0]
    fewer = replace(PLAN, criteria=PLAN.criteria[1:])
    assert lines(PLAN, fewer) == [f"Убран критерий: {PLAN.criteria[0].title}"]


def test_another_order_is_one_line():
    turned = replace(PLAN, criteria=(PLAN.criteria[1], PLAN.criteria[0], *PLAN.criteria[2:]))
    (line,) = lines(PLAN, turned)
    assert "Порядок критериев" in line


def test_a_long_text_only_says_that_it_is_another_one():
    (line,) = lines(PLAN, with_assignment(instructions="Совсем другое.\nВ двух строках."))
    assert line.endswith("Что сделать: изменено")


def test_plans_in_the_making_are_compared_too():
    """A plan without modules is no blueprint, but its version was kept."""
    assert len(differences(raw(replace(PLAN, modules=())), raw(PLAN))) == len(PLAN.modules)


# --- Kept -------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def running(db):
    """A cohort at work, and its organiser as a viewer."""
    where = await cast.cohort()
    await cast.begin(where)
    return where, await cast.viewer(where.organiser)


async def plan_of(where, viewer):
    return await plan_queries.plan(await cohort_for(viewer, where.id), viewer.now)


async def move_deadline(where, viewer, days=1):
    (*_, last) = await plan_of(where, viewer)
    facts = replace(last.facts, due_at=last.facts.due_at + timedelta(days=days))
    await plan_actions.edit_module(viewer, where.id, last.id, facts, version=last.facts.version)


async def test_each_change_of_the_plan_keeps_a_version_with_its_author(running):
    where, viewer = running
    known = await fetch_value("SELECT max(number) FROM cohort_blueprint WHERE cohort = $1", where.id)
    await move_deadline(where, viewer)
    criterion = (await preparing.criteria_of(where.id))[0]
    heavier = replace(criterion.plan, weight=criterion.plan.weight + 5)
    await preparing.edit_criterion(viewer, where.id, criterion.id, heavier)
    newest, before, *_ = await keeping.versions(where.id, 1000)
    assert (newest.number, before.number) == (known + 2, known + 1)
    assert newest.created_by == where.organiser.name
    with speaking(*RUSSIAN):
        assert "Вес" in str(newest.changes[0].line)
    assert len(newest.changes) == 1
    assert (
        tomllib.loads((await keeping.version(where.id, newest.number)).text)["criteria"][0]["weight"] == heavier.weight
    )


async def test_saving_without_a_change_keeps_no_version(running):
    where, viewer = running
    await move_deadline(where, viewer)
    count = "SELECT count(*) FROM cohort_blueprint"
    before = await fetch_value(count)
    await move_deadline(where, viewer, days=0)
    assert await fetch_value(count) == before


async def test_a_refused_change_keeps_no_version(running):
    where, viewer = running
    before = await fetch("SELECT number FROM cohort_blueprint")
    with pytest.raises(Exception, match=r"."):
        await move_deadline(where, viewer, days=-3000)
    assert await fetch("SELECT number FROM cohort_blueprint") == before


@pytest.mark.parametrize("changes", [1, 12])
async def test_the_pages_of_versions(client, counting, running, changes):
    where, viewer = running
    for _ in range(changes):
        await move_deadline(where, viewer)
    await cast.sign_in(client, where.organiser)
    base = f"/cohorts/{where.id}/versions"
    with counting() as seen:
        page = await client.get(base)
    assert page.status_code == 200
    assert "→ день" in page.text
    assert len(seen) <= 4, seen.statements
    last = await fetch_value("SELECT max(number) FROM cohort_blueprint")
    file = await client.get(f"{base}/{last}/blueprint.toml")
    assert blueprint.read(file.text) == replace(await described(where.id), version=last)
    compared = await client.get(f"{base}/comparison?from=1&to={last}")
    assert compared.status_code == 200
    assert "<ins>" in compared.text
    for wrong in (
        "0/blueprint.toml",
        "99999999999999999999/blueprint.toml",
        "comparison?from=1&to=4000",
        "999/blueprint.toml",
    ):
        assert (await client.get(f"{base}/{wrong}")).status_code == 404
    for odd in ("?from=x", "?from=0", "/comparison", "/comparison?from=-1&to=x"):
        assert (await client.get(base + odd)).status_code == 200


# --- Copied -----------------------------------------------------------------------------------------------------------


@given(st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.dates(date(2024, 1, 1), date(2030, 1, 1)))
def test_every_day_moves_by_the_same_number_of_days(before, after):
    for module, made in zip(PLAN.modules, shifted(PLAN, before, after), strict=True):
        for day, planned in ((module.opens_on_day, made.opens), (module.due_on_day, made.due)):
            assert (planned.day - after).days == (planned.before - before).days == day
            assert planned.weekend == (planned.day.isoweekday() > 5)
            assert not planned.became_weekend or planned.before.isoweekday() <= 5


@given(st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.dates(date(2024, 1, 1), date(2030, 1, 1)))
def test_the_day_that_is_offered_keeps_the_weekdays(before, today):
    start = usual_start(before, today)
    assert start.weekday() == before.weekday()
    assert start >= today + timedelta(days=30)
    assert not any(each.due.became_weekend for each in shifted(PLAN, before, start))


async def test_a_cohort_is_copied_with_its_changes(client, running):
    where, viewer = running
    await move_deadline(where, viewer)
    facts = dict((await fetch("SELECT places, time_zone, starts_on FROM cohort WHERE id = $1", where.id))[0])
    await cast.sign_in(client, where.organiser)
    page = f"/cohorts/{where.id}/copy"
    assert (await client.get(page)).status_code == 200
    saturday = date(2028, 1, 1)
    form = {"name": "Осень", "summary": "", "starts_on": "2028-01-01", "time_zone": facts["time_zone"], "places": "7"}
    shown = await client.post(page, data={**form, "press": "show"})
    assert shown.status_code == 200
    assert "1\u00a0января 2028" in shown.text
    assert "суббота" in shown.text
    assert await fetch_value("SELECT count(*) FROM cohort WHERE name = 'Осень'") == 0
    assert (await client.post(page, data={**form, "name": "", "press": "create"})).status_code == 422
    made = await client.post(page, data={**form, "press": "create"})
    assert made.status_code == 303
    copy = await fetch_value("SELECT id FROM cohort WHERE name = 'Осень'")
    assert made.headers["location"] == f"/cohorts/{copy}/plan"
    old, new = await described(where.id), await described(copy)
    assert (new.modules, new.criteria, new.jury, new.team) == (old.modules, old.criteria, old.jury, old.team)
    due = "SELECT max(due_at AT TIME ZONE $2)::date FROM module WHERE cohort = $1"
    moved = await fetch_value(due, copy, facts["time_zone"]) - await fetch_value(due, where.id, facts["time_zone"])
    assert moved == saturday - facts["starts_on"]


async def test_only_organisers_copy(client, running):
    where, _ = running
    team = await cast.team(where)
    await cast.sign_in(client, team.lead)
    for page in ("copy", "versions", "versions/comparison"):
        assert (await client.get(f"/cohorts/{where.id}/{page}")).status_code in {403, 404}
