"""The plan changes while teams are at work: who is named, what is kept, and both at once."""

import asyncio
import json
from dataclasses import replace

import pytest

import cast
from incubator.foundation.database import fetch, fetch_value
from incubator.foundation.refusals import Clash, NotFound, Refused
from incubator.programmes.blueprint import FieldKind, FieldPlan
from incubator.programmes.queries import cohort_for
from incubator.stages import actions, plan_actions, plan_queries
from incubator.stages.answers import token
from incubator.stages.plan_rules import AssignmentFacts, affected, retire

TEXT = FieldPlan(key="a", label="Первый вопрос", kind=FieldKind.SHORT_TEXT, limit=100)
OTHER = FieldPlan(key="b", label="Второй вопрос", kind=FieldKind.LONG_TEXT, limit=1000)
FACTS = AssignmentFacts("Задание", "", True, 20, (), (TEXT, OTHER))


@pytest.fixture
async def world(db):
    """A cohort at work, its organiser as a viewer, one team, and an assignment of two questions."""
    where = await cast.cohort()
    plan = await cast.begin(where)
    team = await cast.team(where)
    organiser = await cast.viewer(where.organiser)
    module = (await plan_of(where))[0]
    made = await plan_actions.add_assignment(organiser, where.id, module.id, FACTS, confirmed=module_token(module))
    assert plan
    return where, organiser, team, made


def module_token(module):
    return plan_actions.Affected(module.working).token


async def plan_of(where):
    viewer = await cast.viewer(where.organiser)
    return await plan_queries.plan(await cohort_for(viewer, where.id), viewer.now)


async def ask(where, organiser, assignment, *fields):
    """Change the questions of an assignment, past the confirmation."""
    _, planned = plan_queries.assignment_in(await plan_of(where), assignment)
    facts = replace(planned.facts, fields=fields)
    await plan_actions.edit_assignment(
        organiser, where.id, assignment, facts, version=planned.facts.version, confirmed=planned.affected.token
    )


async def touched(where, module, assignment=None):
    viewer = await cast.viewer(where.organiser)
    return await plan_queries.touched(await cohort_for(viewer, where.id), module, assignment, viewer.now)


# --- Who is touched ---------------------------------------------------------------------------------------------------


async def test_the_preview_names_teams_and_their_work(world):
    where, _, team, made = world
    idle = await cast.team(where, 1)
    await cast.hand_in(team.lead, team.id, made)
    module = (await plan_of(where))[0]
    found = await touched(where, module.id, made)
    assert {each.id for each in found} == {team.id, idle.id}
    assert all(each.here for each in found)
    assert {each.id: each.works for each in found}[team.id] == (("Задание", "submitted", True),)
    assert affected(found) == plan_queries.assignment_in(await plan_of(where), made)[1].affected
    assert affected(await touched(where, module.id)) == module.affected


async def test_nobody_is_touched_in_a_module_to_come(world):
    where, *_ = world
    assert await touched(where, (await plan_of(where))[1].id) == []


@pytest.mark.parametrize("teams", [1, 9])
async def test_the_form_of_a_running_module_costs_the_same_for_many_teams(client, counting, world, teams):
    where, _, _, made = world
    for number in range(1, teams + 1):
        await cast.team(where, number, members=0)
    await cast.sign_in(client, where.organiser)
    base = f"/cohorts/{where.id}/plan"
    for address in (f"{base}/modules/{(await plan_of(where))[0].id}", f"{base}/assignments/{made}"):
        with counting() as seen:
            page = await client.get(address)
        assert page.status_code == 200
        assert "поимённо" in page.text
        assert len(seen) <= 6, seen.statements


async def test_the_preview_says_what_would_change_before_it_is_saved(client, world):
    where, _, team, made = world
    await cast.write(team.lead, team.id, made)
    await cast.sign_in(client, where.organiser)
    address = f"/cohorts/{where.id}/plan/assignments/{made}"
    planned = plan_queries.assignment_in(await plan_of(where), made)[1]
    shown = {**planned.facts.shown(), "title": "Другое имя", "f_label": ["", "Второй вопрос"]}
    asked = await client.post(address, data=shown)
    assert asked.status_code == 422
    for words in ("Что изменится", "Название: Задание → Другое имя", "убрано поле: Первый вопрос", "черновик"):
        assert words in asked.text, words
    assert await fetch_value("SELECT title FROM assignment WHERE id = $1", made) == "Задание"
    saved = await client.post(address, data={**shown, "confirmed": planned.affected.token})
    assert saved.status_code == 303
    assert await fetch_value("SELECT title FROM assignment WHERE id = $1", made) == "Другое имя"


async def test_buttons_that_always_refuse_are_not_offered(client, world):
    where, *_ = world
    first, second, third, *_ = await plan_of(where)
    await cast.sign_in(client, where.organiser)
    page = (await client.get(f"/cohorts/{where.id}/plan")).text
    base = f"/cohorts/{where.id}/plan/modules/"
    assert f"{base}{first.id}/move" not in page
    assert f"{base}{first.id}/remove" not in page
    assert "поэтому он остаётся на своём месте" in page
    up = '<input type="hidden" name="to" value="up">'
    assert (
        up
        not in page.partition(f'id="module-{second.id}"')[2]
        .partition(f'id="module-{third.id}"')[0]
        .rpartition("</table>")[2]
    )
    assert f"{base}{third.id}/remove" in page


# --- What is kept -----------------------------------------------------------------------------------------------------


async def test_what_was_sent_keeps_its_questions(world):
    where, organiser, team, made = world
    await cast.hand_in(team.lead, team.id, made)
    await ask(where, organiser, made, replace(OTHER, label="Совсем другой вопрос"))
    (row,) = await fetch("SELECT fields::text, content::text FROM revision")
    assert [field["label"] for field in json.loads(row["fields"])] == ["Первый вопрос", "Второй вопрос"]
    assert set(json.loads(row["content"])) == {"a", "b"}


async def test_answers_to_questions_taken_out_stay_readable(client, world):
    where, organiser, team, made = world
    await cast.write(team.lead, team.id, made, a="Труд целого вечера")
    await ask(where, organiser, made, OTHER)
    await cast.sign_in(client, team.lead)
    page = (await client.get(cast.work_address(team, made))).text
    assert "Ответы на вопросы, которых больше нет" in page
    assert "Труд целого вечера" in page
    sent = await actions.send(await cast.viewer(team.lead), team.id, made, (await cast.work_of(team, made)).version)
    content = await fetch_value("SELECT content::text FROM revision WHERE id = $1", sent.revision)
    assert "Труд целого вечера" not in content


async def test_who_types_into_a_question_that_has_just_gone_loses_nothing(client, world):
    where, organiser, team, made = world
    await cast.sign_in(client, team.lead)
    form = await cast.work_form(team, made)
    await ask(where, organiser, made, OTHER)
    saved = await client.post(cast.work_address(team, made), data={**form, "answer-a": "Дописано позже"})
    assert saved.status_code == 303
    assert "Дописано позже" in (await client.get(cast.work_address(team, made))).text


def test_a_table_that_becomes_a_text_is_another_question():
    table = FieldPlan(key="t", label="Таблица", kind=FieldKind.TABLE, limit=5, columns=("что",))
    before = replace(FACTS, fields=(table, TEXT))
    after = retire(before, replace(before, fields=(replace(TEXT, key="t", label="Теперь текст"), TEXT)))
    assert [field.key for field in after.fields] == ["field_1", "a"]
    assert after.retired == (table,)


def test_the_key_of_a_question_that_went_is_never_given_again():
    once = retire(FACTS, replace(FACTS, fields=(OTHER,)))
    assert [field.key for field in once.retired] == ["a"]
    table = FieldPlan(key="b", label="Таблица", kind=FieldKind.TABLE, limit=5, columns=("что",))
    twice = retire(replace(once, retired=(replace(TEXT, key="field_1"),)), replace(once, fields=(table,)))
    assert [field.key for field in twice.fields] == ["field_2"]


async def test_the_check_notices_questions_that_changed_since(world):
    where, organiser, team, made = world
    await cast.write(team.lead, team.id, made)
    work = await cast.work_of(team, made)
    await ask(where, organiser, made, TEXT, replace(OTHER, label="Иначе"))
    lead = await cast.viewer(team.lead)
    with pytest.raises(Clash):
        await actions.send(lead, team.id, made, work.version, asked=work.asked)
    await actions.send(lead, team.id, made, work.version, asked=(await cast.work_of(team, made)).asked)


# --- Both at once -----------------------------------------------------------------------------------------------------

TRIALS = 20  # as often as work may be returned


def torn(rows):
    """Revisions whose answers are not those to the questions they keep."""
    found = []
    for row in rows:
        fields, content = json.loads(row["fields"]), json.loads(row["content"])
        if {field["key"] for field in fields} != set(content) or any(
            field["required"] and not content[field["key"]] for field in fields
        ):
            found.append(row)
    return found


async def test_an_organiser_edits_while_teams_send(world):
    """Each revision holds the answers to its own questions, whoever was quicker; nothing else than a refusal is seen."""
    where, organiser, team, made = world
    lead, third = await cast.viewer(team.lead), replace(OTHER, key="c", label="Третий вопрос")
    kinds = set()
    for trial in range(TRIALS):
        planned = plan_queries.assignment_in(await plan_of(where), made)[1]
        await cast.write(team.lead, team.id, made, f"ответ {trial}")
        version = (await cast.work_of(team, made)).version
        fields = (TEXT, OTHER) if trial % 2 else (TEXT, third)
        edit = plan_actions.edit_assignment(
            organiser, where.id, made, replace(planned.facts, fields=fields), version=planned.facts.version,
            confirmed=planned.affected.token,
        )  # fmt: skip
        send = actions.send(lead, team.id, made, version)
        outcome = await asyncio.gather(edit, send, return_exceptions=True)
        faults = [each for each in outcome if isinstance(each, BaseException)]
        assert all(
            isinstance(each, Clash | Refused) or type(each).__name__ in {"Invalid", "Forbidden"} for each in faults
        )
        kinds.add(tuple(type(each).__name__ for each in outcome))
        if not isinstance(outcome[1], BaseException):
            await cast.decide(outcome[1], "returned")
    rows = await fetch("SELECT fields::text, content::text FROM revision")
    assert torn(rows) == []
    assert rows
    assert any("NoneType" in each for each in kinds)  # the organiser came through at least once


async def test_the_finder_finds_torn_revisions(world):
    """The negative control: a sender that checks the answers and reads the questions again afterwards."""
    where, organiser, team, made = world
    await cast.write(team.lead, team.id, made)
    work = await cast.work_of(team, made)
    await ask(where, organiser, made, TEXT, replace(OTHER, key="c", label="Третий"))
    await actions.begun(await cast.viewer(team.lead), work)
    await fetch(
        "INSERT INTO revision (id, submission, number, receipt, content, fields, sent_at, late)"
        " SELECT gen_random_uuid(), s.id, 1, 'Р-0000-00', $2::jsonb, a.fields, now(), false FROM submission s"
        " JOIN assignment a ON a.id = s.assignment WHERE a.id = $1 RETURNING 1",
        made, json.dumps(dict(work.content)),
    )  # fmt: skip
    assert len(torn(await fetch("SELECT fields::text, content::text FROM revision"))) == 1


async def test_a_team_begins_while_the_assignment_is_removed(world):
    """Either the draft is there and the assignment stays, or both are gone; never a draft pulled away, never a crash."""
    where, organiser, team, _ = world
    member, seen = await cast.viewer(team.members[0]), set()
    for trial in range(20):
        module = (await plan_of(where))[0]
        made = await plan_actions.add_assignment(
            organiser, where.id, module.id, replace(FACTS, title=f"Проба {trial}"), confirmed=module_token(module)
        )
        work = await cast.work_of(team, made)
        typed = {"a": "начато", "b": ""}
        begin = actions.save_draft(member, team.id, made, lambda _, typed=typed: (typed, {}))
        remove = plan_actions.remove_assignment(organiser, where.id, made)
        outcome = await asyncio.gather(begin, remove, return_exceptions=True)
        there = await fetch_value("SELECT count(*) FROM assignment WHERE id = $1", made)
        drafts = await fetch_value("SELECT count(*) FROM submission WHERE assignment = $1", made)
        assert (there, drafts) in {(1, 1), (0, 0)}, outcome
        assert isinstance(outcome[1], Refused) if there else isinstance(outcome[0], NotFound), outcome
        assert token(work.fields, typed)
        seen.add(there)
    assert seen
