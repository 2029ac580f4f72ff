"""Remarks, private notes and guiding questions: who sees them when, how long they can be changed."""

from datetime import timedelta

import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.moderation import actions, queries, questions, threads
from incubator.moderation.rules import EDITABLE, Verdict, not_editable
from incubator.stages import hooks
from incubator.stages.queries import work_for
from incubator.stages.rules import Outcome, Task
from incubator.teams.queries import team_for


async def seen_by(viewer, submission):
    return [row.text for row in await queries.remarks(viewer, await work_for(viewer, submission))]


async def tasks_of(viewer, team):
    """What the features above the stages ask of the team, as its page shows it to the viewer."""
    found = await hooks.parts(team, (await team_for(viewer, team)).standing)
    return [each for each in found if isinstance(each, Task)]


async def beside(viewer, submission):
    """What stands beside the fields of the team's page."""
    return {
        key: [getattr(note, "text", "") for note in notes]
        for key, notes in (await hooks.margin(viewer, submission)).items()
    }


async def test_a_draft_is_the_authors_until_it_is_sent(school, mod, lead):
    second = await cast.viewer(await cast.moderator(school.cohort, school.team, name="Зоя Климова"))
    await actions.write_remark(mod, school.submission, 1, "statement", "Кто это сказал?")
    assert await seen_by(mod, school.submission) == ["Кто это сказал?"]
    assert await seen_by(second, school.submission) == []
    assert await beside(lead, school.submission) == {"": []}
    assert await beside(mod, school.submission) == {"": []}  # nor on the team's page to its author
    assert await actions.send_remarks(mod, school.submission) == 1
    assert (await beside(lead, school.submission))["statement"] == ["Кто это сказал?"]
    assert await seen_by(second, school.submission) == ["Кто это сказал?"]
    with pytest.raises(Refused):
        await actions.send_remarks(mod, school.submission)


async def test_writing_a_draft_is_in_the_journal_for_the_author_alone(school, mod):
    remark = await actions.write_remark(mod, school.submission, 1, "", "Кто это сказал?")
    await actions.edit_remark(mod, remark, "Кто и когда это сказал?")
    await actions.drop_remark(mod, remark)
    rows = await fetch("SELECT verb, audience FROM journal_entry WHERE verb LIKE 'remark.%' ORDER BY id")
    assert {row["audience"] for row in rows} == {"self"}
    assert [row["verb"] for row in rows] == ["remark.written", "remark.edited", "remark.dropped"]
    assert await fetch_value("SELECT count(*) FROM remark") == 0


async def test_a_sent_remark_is_edited_for_fifteen_minutes(school, mod, lead):
    remark = await actions.write_remark(mod, school.submission, 1, "", "Кто это сказал?")
    await actions.send_remarks(mod, school.submission)
    almost, after = cast.at(mod, mod.now + EDITABLE), cast.at(mod, mod.now + EDITABLE + timedelta(seconds=1))
    await actions.edit_remark(almost, remark, "Кто и когда это сказал?")
    with pytest.raises(Forbidden):
        await actions.edit_remark(after, remark, "Передумал")
    with pytest.raises(Forbidden):
        await actions.drop_remark(mod, remark)
    assert await seen_by(lead, school.submission) == ["Кто и когда это сказал?"]
    (row,) = await queries.remarks(almost, await work_for(almost, school.submission))
    (late,) = await queries.remarks(after, await work_for(after, school.submission))
    assert (row.may_edit, late.may_edit) == (True, False)


def test_nobody_edits_what_another_wrote():
    from datetime import UTC, datetime

    now = datetime(2027, 3, 1, tzinfo=UTC)
    assert not_editable("a", "b", None, now) is not None
    assert not_editable("a", "a", None, now) is None


@pytest.mark.parametrize(("revision", "field"), [(2, ""), (1, "no_such_field")])
async def test_a_remark_belongs_to_a_version_and_a_field_that_are_there(school, mod, revision, field):
    with pytest.raises(NotFound):
        await actions.write_remark(mod, school.submission, revision, field, "?")


async def test_a_remark_can_be_made_at_a_field_that_has_left_the_assignment(school, mod):
    """The version that was sent keeps the fields of its moment."""
    from incubator.foundation.database import execute

    await execute("UPDATE assignment SET fields = '[]'")
    await actions.write_remark(mod, school.submission, 1, "statement", "Кто это сказал?")
    await actions.send_remarks(mod, school.submission)
    assert (await beside(mod, school.submission))[""] == ["Кто это сказал?"]


async def test_the_team_answers_in_the_thread(school, mod, lead):
    member = await cast.viewer(school.team.members[0])
    remark = await actions.write_remark(mod, school.submission, 1, "", "Кто это сказал?")
    await actions.send_remarks(mod, school.submission)
    await actions.reply(member, remark, "Опрос в сентябре")
    await actions.reply(cast.at(mod, member.now + timedelta(minutes=1)), remark, "Приложите его")
    (row,) = await queries.remarks(lead, await work_for(lead, school.submission))
    assert [(reply.author, reply.text) for reply in row.replies] == [
        ("Тимур Асланов", "Опрос в сентябре"),
        ("Роман Дёмин", "Приложите его"),
    ]
    assert row.may_reply


async def test_the_word_to_the_team_stands_above_its_work(school, mod, lead):
    await actions.decide(mod, school.submission, 1, Verdict(Outcome.RETURNED, "Покажите, откуда цифра"))
    (word,) = (await hooks.margin(lead, school.submission))[""]
    assert (word.message, word.decided_by, word.revision, word.template) == (
        "Покажите, откуда цифра", "Роман Дёмин", 1, "moderation/_decision.html",
    )  # fmt: skip


async def test_those_without_a_right_to_remarks_find_none_beside_the_fields(school, mod):
    await actions.decide(mod, school.submission, 1, Verdict(Outcome.RETURNED, "Покажите, откуда цифра"))
    juror = await cast.viewer(await cast.juror(school.cohort))
    assert await hooks.margin(juror, school.submission) == {}


# --- Notes ------------------------------------------------------------------------------------------------------------


async def test_what_a_note_said_before_is_kept(school, mod):
    note = await actions.write_note(mod, school.team.id, "Сильная команда")
    await actions.edit_note(mod, note, "Сильная команда, слабый лидер")
    await actions.edit_note(mod, note, "Сильная команда, новый лидер")
    kept = await fetch("SELECT number, text FROM private_note_version ORDER BY number")
    assert [tuple(row) for row in kept] == [(1, "Сильная команда"), (2, "Сильная команда, слабый лидер")]
    row = await fetch_one("SELECT text, version, edited_at FROM private_note")
    assert (row["text"], row["version"], row["edited_at"]) == ("Сильная команда, новый лидер", 3, mod.now)


async def test_a_retracted_note_is_hidden_and_not_erased(school, mod):
    note = await actions.write_note(mod, school.team.id, "Сильная команда")
    await actions.retract_note(mod, note)
    assert await queries.private_notes(school.team.id) == []
    assert await fetch_value("SELECT count(*) FROM private_note") == 1
    with pytest.raises(NotFound):
        await actions.edit_note(mod, note, "Снова")


async def test_notes_are_in_the_journal_for_staff_only_and_without_their_text(school, mod):
    note = await actions.write_note(mod, school.team.id, "Сильная команда")
    await actions.edit_note(mod, note, "Слабая команда")
    rows = await fetch("SELECT audience, data FROM journal_entry WHERE verb LIKE 'note.%'")
    assert {(row["audience"], row["data"]) for row in rows} == {("staff", "{}")}


# --- Guiding questions ------------------------------------------------------------------------------------------------


async def test_a_question_is_a_task_of_the_team_until_it_is_answered(school, mod, lead):
    question = await actions.ask(mod, school.team.id, "Кому удобно, чтобы всё осталось как есть?",
                                 submission=school.submission)  # fmt: skip
    (task,) = await tasks_of(lead, school.team.id)
    assert task.href.endswith(f"#question-{question}")
    assert await tasks_of(mod, school.team.id) == []
    await actions.answer(await cast.viewer(school.team.members[0]), question, "Подрядчику")
    assert await tasks_of(lead, school.team.id) == []
    (row,) = await threads.questions(school.team.id)
    assert (row.answer, row.answered_by, row.about != "") == ("Подрядчику", "Тимур Асланов", True)


async def test_an_answer_may_be_given_anew_by_the_team_alone(school, mod, lead):
    question = await actions.ask(mod, school.team.id, "Кому удобно?")
    await actions.answer(lead, question, "Никому")
    await actions.answer(lead, question, "Подрядчику")
    assert (await threads.questions(school.team.id))[0].answer == "Подрядчику"
    with pytest.raises(Forbidden):
        await actions.answer(mod, question, "Я знаю кому")
    with pytest.raises(NotFound):
        await actions.answer(await cast.viewer((await cast.team(school.cohort, 1)).lead), question, "Нам")


async def test_a_question_is_not_asked_about_the_work_of_another_team(school, mod):
    other = await cast.team(school.cohort, 1)
    sent = await school.send(team=other)
    with pytest.raises(NotFound):
        await actions.ask(mod, school.team.id, "?", submission=sent.submission)
    await cast.give(school.moderator, cast.Role.MODERATOR, cast.Scope.TEAM, other.id, cohort=school.cohort.id)
    with pytest.raises(NotFound):
        await actions.ask(await cast.viewer(school.moderator), school.team.id, "?", submission=sent.submission)


async def test_the_talk_goes_on_under_the_answer_till_it_is_settled(school, mod, lead):
    question = await actions.ask(mod, school.team.id, "Кому удобно?")
    with pytest.raises(Refused):
        await questions.reply(lead, question, "Сначала подумаем")  # the answer comes first
    await actions.answer(lead, question, "Подрядчику")
    (waiting,) = await threads.answered(mod)
    assert (waiting.id, waiting.team) == (question, school.team.id)
    await questions.reply(mod, question, "А ещё кому?")
    assert await threads.answered(mod) == []
    assert [task.key for task in await tasks_of(lead, school.team.id)] == [question]
    await questions.reply(cast.at(lead, mod.now + timedelta(minutes=1)), question, "Администрации")
    with pytest.raises(Forbidden):
        await questions.settle(lead, question)
    await questions.reply(cast.at(mod, mod.now + timedelta(minutes=2)), question, "Спасибо", settles=True)
    (row,) = await threads.questions(school.team.id)
    assert [(word.text, word.of_team) for word in row.words] == [
        ("А ещё кому?", False), ("Администрации", True), ("Спасибо", False),
    ]  # fmt: skip
    assert (row.turn, row.settled_by) == ("nobody", "Роман Дёмин")
    assert not await tasks_of(lead, school.team.id)
    assert not await threads.answered(mod)
    with pytest.raises(Refused):
        await questions.settle(mod, question)
    await questions.reply(lead, question, "Передумали")  # which opens it again
    assert (await threads.questions(school.team.id))[0].turn == "staff"


async def test_an_organiser_sees_the_answers_to_what_he_asked_himself(school, mod, lead):
    organiser = await cast.viewer(school.cohort.organiser)
    for who in (mod, organiser):
        await actions.answer(lead, await actions.ask(who, school.team.id, f"{who.name} спрашивает"), "Ответ")
    assert [each.text for each in await threads.answered(organiser)] == [f"{organiser.name} спрашивает"]
    assert len(await threads.answered(mod)) == 2


async def test_questions_of_the_programme_are_offered_until_they_are_asked(school, mod):
    offered = await threads.suggestions(school.team.id, mod.now)
    assert offered
    await actions.ask(mod, school.team.id, offered[0].text)
    assert (await threads.suggestions(school.team.id, mod.now))[0].asked


async def test_the_history_of_the_case_holds_questions_and_answers_in_their_order(school, mod, lead, counting):
    question = await actions.ask(mod, school.team.id, "Кому удобно?")
    await actions.answer(cast.at(lead, mod.now + timedelta(minutes=1)), question, "Никому")
    await questions.settle(cast.at(mod, mod.now + timedelta(minutes=2)), question)
    with counting() as counted:
        entries = await threads.history(school.team.id)
    assert len(counted) == 1
    assert [entry.kind for entry in entries] == ["settled", "answered", "asked"]


async def test_nobody_talks_with_a_team_that_has_left(school, mod, lead, client):
    asked = await questions.ask(mod, school.team.id, "Почему именно вы?")
    remark = await actions.write_remark(mod, school.submission, 1, "", "Кто это сказал?")
    await actions.send_remarks(mod, school.submission)
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", school.team.id)
    for talk in (
        questions.answer(lead, asked, "Ответ"),
        questions.reply(mod, asked, "Ещё"),
        questions.ask(mod, school.team.id, "Почему?"),
        actions.reply(lead, remark, "Опрос"),
    ):
        with pytest.raises(Refused, match="выбыла"):
            await talk
    (row,) = await queries.remarks(lead, await work_for(lead, school.submission))
    assert not row.may_reply
    for who in (school.team.lead, school.moderator):
        await cast.sign_in(client, who)
        page = (await client.get(f"/teams/{school.team.id}/questions")).text
        assert "выбыла из программы" in page
        assert "textarea" not in page
    await questions.settle(mod, asked)
