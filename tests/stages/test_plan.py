"""The plan of a cohort: laid out from a blueprint, described back, edited with an eye on whom it touches."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

import cast
from incubator.foundation.database import fetch, fetch_value
from incubator.foundation.forms import Form
from incubator.foundation.refusals import Clash, Forbidden, Invalid, NotFound, Refused
from incubator.programmes import blueprint
from incubator.programmes.blueprint import FieldKind, FieldPlan, Gate
from incubator.programmes.facts import FactKey
from incubator.programmes.layers import Ground
from incubator.programmes.queries import cohort_for
from incubator.programmes.shipped import shipped
from incubator.stages import plan_actions, plan_queries
from incubator.stages.layout import Stages, day_of, instant
from incubator.stages.plan_rules import (
    FIELD_NAMES,
    Affected,
    AssignmentFacts,
    ModuleFacts,
    OutOfOrder,
    Unconfirmed,
    read_assignment,
    read_module,
)

FACTS = AssignmentFacts(
    "Новое задание", "Сделайте", True, 2, ("Зачем?",),
    (FieldPlan(key="a", label="Ответ", kind=FieldKind.SHORT_TEXT, limit=100),),
)  # fmt: skip


@pytest.fixture
async def draft(db):
    """A cohort that nobody has seen yet."""
    return await cast.cohort(opened=False)


@pytest.fixture
async def running(db):
    """A cohort at work: one team with a draft in its first assignment."""
    where = await cast.cohort()
    plan = await cast.begin(where)
    team = await cast.team(where)
    await cast.write(team.members[0], team.id, plan[0].assignments[0].id)
    return where, team


async def plan_of(where):
    organiser = await cast.viewer(where.organiser)
    return await plan_queries.plan(await cohort_for(organiser, where.id), organiser.now)


# --- From a blueprint and back ----------------------------------------------------------------------------------------


async def test_a_cohort_described_back_is_its_blueprint(draft):
    plan = shipped()[0]
    described = await Stages().describe(Ground(draft.id, date(2027, 3, 1), "Asia/Vladivostok"))
    assert described == {"modules": plan.modules}


async def test_a_plan_that_was_edited_can_be_uploaded_again(draft):
    """Whatever the forms allow, the blueprint made of it reads without a fault."""
    organiser = await cast.viewer(draft.organiser)
    plan = await plan_of(draft)
    empty = await plan_actions.add_module(organiser, draft.id, replace(plan[-1].facts, title="Без заданий"))
    await plan_actions.add_assignment(organiser, draft.id, plan[0].id, ALL_KINDS)
    early = replace(plan[0].facts, opens_at=plan[0].facts.opens_at - timedelta(days=9, hours=5))
    await plan_actions.edit_module(organiser, draft.id, plan[0].id, early, version=plan[0].facts.version)
    described = await Stages().describe(Ground(draft.id, date(2027, 3, 1), "Asia/Vladivostok"))
    made = replace(shipped()[0], modules=described["modules"])
    assert blueprint.read(blueprint.write(made)) == made
    assert [module.title for module in made.modules][-1] == "Без заданий"
    assert empty


async def test_days_count_in_the_zone_of_the_cohort(draft):
    row = (await fetch("SELECT opens_at, due_at FROM module WHERE cohort = $1 ORDER BY place", draft.id))[0]
    assert row["opens_at"] == datetime(2027, 2, 28, 14, tzinfo=UTC)  # midnight of 1 March in Vladivostok
    assert row["due_at"] == datetime(2027, 3, 28, 8, tzinfo=UTC)  # 18:00 of day 27


@pytest.mark.parametrize("zone", ["Europe/Kaliningrad", "Europe/Moscow", "Asia/Kamchatka"])
def test_an_instant_falls_on_its_own_day(zone):
    from datetime import time

    ground = Ground(cast.new_id(), date(2027, 3, 1), zone)
    for offset in (0, 1, 27, 300):
        day = ground.starts_on + timedelta(days=offset)
        assert day_of(instant(day, time(0), zone), ground) == offset
        assert day_of(instant(day, time(23, 59), zone), ground) == offset
    assert day_of(instant(ground.starts_on - timedelta(days=3), time(12), zone), ground) == 0


async def test_a_module_due_at_the_midnight_it_opens_is_given_the_day(db):
    plan = shipped()[0]
    first = replace(plan.modules[0], opens_on_day=0, due_on_day=0, due_time="00:00")
    where = await cast.cohort(opened=False)
    from incubator.foundation.database import execute

    await execute("DELETE FROM assignment")
    await execute("DELETE FROM module")
    ground = Ground(where.id, date(2027, 3, 1), "Europe/Moscow")
    await Stages().lay_out(ground, replace(plan, modules=(first,)))
    (row,) = await fetch("SELECT opens_at, due_at FROM module")
    assert row["due_at"] - row["opens_at"] == timedelta(hours=23, minutes=59)


# --- Drafts freely ----------------------------------------------------------------------------------------------------


async def test_a_draft_is_edited_without_questions(draft):
    organiser = await cast.viewer(draft.organiser)
    (first, *_) = await plan_of(draft)
    assert not first.affected
    facts = replace(first.facts, title="Иначе", due_at=first.facts.due_at + timedelta(hours=2))
    await plan_actions.edit_module(organiser, draft.id, first.id, facts, version=first.facts.version)
    assert (await plan_of(draft))[0].facts == facts
    row = (await fetch("SELECT audience, data::text FROM journal_entry WHERE verb = 'plan.module_edited'"))[0]
    assert row["audience"] == "staff"
    assert "due_at" in row["data"]
    assert "opens_at" not in row["data"]


async def test_modules_change_places_and_dates(draft):
    organiser = await cast.viewer(draft.organiser)
    before = await plan_of(draft)
    await plan_actions.move_module(organiser, draft.id, before[0].id, up=False)
    after = await plan_of(draft)
    assert [each.id for each in after[:2]] == [before[1].id, before[0].id]
    assert [each.facts.opens_at for each in after] == [each.facts.opens_at for each in before]
    with pytest.raises(Refused):
        await plan_actions.move_module(organiser, draft.id, after[0].id, up=True)


async def test_modules_and_assignments_come_and_go(draft):
    organiser = await cast.viewer(draft.organiser)
    before = await plan_of(draft)
    last = before[-1].facts
    made = await plan_actions.add_module(organiser, draft.id, replace(last, title="Ещё один"))
    task = await plan_actions.add_assignment(organiser, draft.id, made, FACTS)
    second = await plan_actions.add_assignment(organiser, draft.id, made, replace(FACTS, title="Второе"))
    await plan_actions.move_assignment(organiser, draft.id, second, up=True)
    module = (await plan_of(draft))[-1]
    assert [each.id for each in module.assignments] == [second, task]
    assert {each.key for each in module.assignments} == {"assignment_1", "assignment_2"}
    with pytest.raises(Refused):
        await plan_actions.move_assignment(organiser, draft.id, second, up=True)
    await plan_actions.remove_assignment(organiser, draft.id, second)
    await plan_actions.remove_module(organiser, draft.id, made)
    assert [each.id for each in await plan_of(draft)] == [each.id for each in before]


async def test_dates_never_run_backwards(draft):
    organiser = await cast.viewer(draft.organiser)
    first, second, *_ = await plan_of(draft)
    late = replace(first.facts, due_at=second.facts.due_at + timedelta(days=1))
    with pytest.raises(OutOfOrder) as why:
        await plan_actions.edit_module(organiser, draft.id, first.id, late, version=first.facts.version)
    assert why.value.field == "due_at"
    early = replace(second.facts, opens_at=first.facts.opens_at - timedelta(days=1))
    with pytest.raises(OutOfOrder) as why:
        await plan_actions.edit_module(organiser, draft.id, second.id, early, version=second.facts.version)
    assert why.value.field == "opens_at"
    with pytest.raises(OutOfOrder):
        await plan_actions.add_module(organiser, draft.id, first.facts)


async def test_of_two_who_edit_the_second_sees_what_the_first_has_done(draft):
    organiser = await cast.viewer(draft.organiser)
    first, *_ = await plan_of(draft)
    mine, theirs = replace(first.facts, title="Моё"), replace(first.facts, title="Её")
    await plan_actions.edit_module(organiser, draft.id, first.id, theirs, version=first.facts.version)
    with pytest.raises(Clash) as clash:
        await plan_actions.edit_module(organiser, draft.id, first.id, mine, version=first.facts.version)
    assert clash.value.context["stored"] == theirs
    assignment = first.assignments[0]
    await plan_actions.edit_assignment(organiser, draft.id, assignment.id, FACTS, version=assignment.facts.version)
    with pytest.raises(Clash):
        await plan_actions.edit_assignment(organiser, draft.id, assignment.id, FACTS, version=assignment.facts.version)


# --- What runs --------------------------------------------------------------------------------------------------------


async def test_what_runs_asks_with_numbers(running):
    where, _ = running
    organiser = await cast.viewer(where.organiser)
    first, second, *_ = await plan_of(where)
    assert first.affected == Affected(1, 1, 0)
    assert not second.affected
    facts = replace(first.facts, title="Иначе")
    for confirmed in ("", "yes", "2.1.0"):
        with pytest.raises(Unconfirmed) as why:
            await plan_actions.edit_module(
                organiser, where.id, first.id, facts, version=first.facts.version, confirmed=confirmed
            )
        assert why.value.affected == Affected(1, 1, 0)
    await plan_actions.edit_module(organiser, where.id, first.id, facts, version=first.facts.version, confirmed="1.1.0")
    await plan_actions.edit_module(
        organiser, where.id, second.id, replace(second.facts, title="Потом"), version=second.facts.version
    )
    assert (
        await fetch_value("SELECT audience FROM journal_entry WHERE verb = 'plan.module_edited' LIMIT 1") == "everyone"
    )


async def test_a_new_assignment_for_teams_at_work_asks_too(running):
    where, team = running
    organiser = await cast.viewer(where.organiser)
    first, *_ = await plan_of(where)
    with pytest.raises(Unconfirmed):
        await plan_actions.add_assignment(organiser, where.id, first.id, FACTS)
    made = await plan_actions.add_assignment(organiser, where.id, first.id, FACTS, confirmed=Affected(1).token)
    await cast.hand_in(team.lead, team.id, made)


async def test_what_was_begun_stays(running):
    where, _ = running
    organiser = await cast.viewer(where.organiser)
    first, second, third, *_ = await plan_of(where)
    with pytest.raises(Refused):
        await plan_actions.remove_assignment(organiser, where.id, first.assignments[0].id)
    await plan_actions.remove_assignment(organiser, where.id, first.assignments[1].id)
    with pytest.raises(Refused):
        await plan_actions.remove_module(organiser, where.id, first.id)
    with pytest.raises(Refused):
        await plan_actions.move_module(organiser, where.id, second.id, up=True)
    await plan_actions.move_module(organiser, where.id, third.id, up=True)


async def test_teams_are_counted_where_they_are(running):
    where, team = running
    await cast.team(where, 1)
    plan = await plan_of(where)
    assert [module.working for module in plan[:3]] == [2, 0, 0]
    from incubator.foundation.database import DB, execute
    from incubator.stages import actions

    await cast.begin_again(where, 200)
    lead = cast.at(await cast.viewer(team.lead), (await plan_of(where))[0].facts.due_at)
    for assignment in [each for each in plan[0].assignments if each.facts.required]:
        await cast.decide(await cast.hand_in(lead, team.id, assignment.id), "accepted", lead.now)
    async with DB.transaction():
        await actions.advance_team(team.id, plan[0].id, team.lead.id, await cast.now())
    plan = await plan_of(where)
    assert [(module.working, module.passed) for module in plan[:3]] == [(1, 1), (1, 0), (0, 0)]
    await execute("UPDATE module SET gate = 'open_by_date' WHERE id = $1", plan[0].id)
    assert [module.working for module in (await plan_of(where))[:3]] == [1, 2, 0]


async def test_a_closed_cohort_stays_as_it_is(running):
    from incubator.programmes import actions

    where, _ = running
    organiser = await cast.viewer(where.organiser)
    first, *_ = await plan_of(where)
    await actions.close_cohort(organiser, where.id)
    with pytest.raises(Refused):
        await plan_actions.edit_module(organiser, where.id, first.id, first.facts, version=first.facts.version)


async def test_only_organisers_edit_and_only_their_own(running):
    where, team = running
    other = await cast.cohort()
    plan = await plan_of(where)
    for who, fault in ((team.lead, Forbidden), (other.organiser, NotFound), (await cast.juror(where), Forbidden)):
        with pytest.raises(fault):
            await plan_actions.move_module(await cast.viewer(who), where.id, plan[2].id, up=False)
    with pytest.raises(NotFound):
        await plan_actions.remove_module(await cast.viewer(other.organiser), other.id, plan[2].id)
    with pytest.raises(NotFound):
        await plan_actions.remove_assignment(await cast.viewer(other.organiser), other.id, plan[2].assignments[0].id)


# --- Forms ------------------------------------------------------------------------------------------------------------


def module_form(**changes):
    shown = ModuleFacts(
        "Модуль", "", datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC), Gate.OPEN_BY_DATE
    )
    return Form({**shown.shown("Asia/Vladivostok"), **changes}.items()), shown


def test_a_module_comes_back_from_its_form():
    form, facts = module_form()
    assert read_module(form, "Asia/Vladivostok") == facts


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"title": ""}, "title"), ({"due_at": "2027-03-01T00:00"}, "due_at"), ({"opens_at": "когда-нибудь"}, "opens_at"),
     ({"gate": "ворота"}, "gate")],
)  # fmt: skip
def test_a_module_that_makes_no_sense(changes, field):
    form, _ = module_form(**changes)
    with pytest.raises(Invalid):
        read_module(form, "Asia/Vladivostok")
    assert list(form.errors) == [field]


def assignment_form(facts, *more, **changes):
    shown = {**facts.shown(), **changes}
    pairs = [(n, v) for n, value in shown.items() for v in (value if isinstance(value, list) else [value])]
    return Form(pairs + [(n, v) for row in more for n, v in zip(FIELD_NAMES, (*row, ""), strict=True)])


ALL_KINDS = replace(
    FACTS,
    fields=(
        FieldPlan(key="a", label="Строка", kind=FieldKind.SHORT_TEXT, limit=100, help="Коротко"),
        FieldPlan(key="b", label="Рассказ", kind=FieldKind.LONG_TEXT, limit=4000, required=False),
        FieldPlan(key="c", label="Число", kind=FieldKind.NUMBER, fact=FactKey.POPULATION),
        FieldPlan(key="d", label="День", kind=FieldKind.DATE),
        FieldPlan(key="e", label="Выбор", kind=FieldKind.CHOICE, options=("да", "нет")),
        FieldPlan(key="f", label="Таблица", kind=FieldKind.TABLE, limit=5, columns=("что", "сколько")),
        FieldPlan(key="g", label="Ссылка", kind=FieldKind.LINK),
        FieldPlan(key="h", label="Файл", kind=FieldKind.FILE, limit=20),
    ),
)


def test_an_assignment_of_all_kinds_comes_back_from_its_form():
    assert read_assignment(assignment_form(ALL_KINDS), [field.key for field in ALL_KINDS.fields]) == ALL_KINDS


def test_a_new_field_gets_a_key_and_a_usual_limit():
    form = assignment_form(FACTS, ("", "", "Подробнее", "long_text", "", "", "", "", ""))
    facts = read_assignment(form, ["a", "field_1"])
    assert [(field.key, field.limit) for field in facts.fields] == [("a", 100), ("field_2", 4000)]


def test_a_field_without_its_name_is_gone_and_places_order_them():
    form = assignment_form(ALL_KINDS, f_label=["", *[f.label for f in ALL_KINDS.fields[1:]]], f_place=list("87654321"))
    facts = read_assignment(form, [field.key for field in ALL_KINDS.fields])
    assert [field.key for field in facts.fields] == list("hgfedcb")


def test_a_stolen_key_is_not_taken():
    form = assignment_form(FACTS, f_key=["../../x"])
    assert [field.key for field in read_assignment(form, ["a"]).fields] == ["field_1"]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (("", "", "Выбор", "choice", "", "", "", "один", ""), "f_options.1"),
        (("", "", "Таблица", "table", "", "", "", "", ""), "f_columns.1"),
        (("", "", "Файл", "file", "", "51", "", "", ""), "f_limit.1"),
        (("", "", "Строка", "", "", "", "", "", ""), "f_kind.1"),
        (("", "нет", "Строка", "number", "", "", "", "", ""), "f_place.1"),
    ],
)
def test_a_field_that_makes_no_sense(row, field):
    form = assignment_form(FACTS, row)
    with pytest.raises(Invalid):
        read_assignment(form, ["a"])
    assert list(form.errors) == [field]


def test_an_assignment_asks_something():
    form = assignment_form(FACTS, f_label=[""], f_kind=[""])
    with pytest.raises(Invalid):
        read_assignment(form, ["a"])
    assert list(form.errors) == ["f_label.0"]
