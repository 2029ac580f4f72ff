"""The forms of moderation as browsers send them, and what a team reads on its own pages."""

import re

import pytest

import cast
from incubator.foundation.database import fetch_value
from incubator.moderation import actions
from incubator.moderation.rules import Verdict
from incubator.stages.rules import Outcome


def words(answer):
    """What a page says, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.fixture
async def desk(school, client):
    await cast.sign_in(client, school.moderator)
    return f"/submissions/{school.submission}/desk"


async def test_a_remark_is_written_changed_and_thrown_away(school, desk, client):
    form = {"revision": "1", "field": "statement", "text": "Кто это сказал?"}
    answer = await client.post(f"/submissions/{school.submission}/remarks", data=form)
    remark = await fetch_value("SELECT id FROM remark")
    assert answer.headers["location"] == f"{desk}#remark-{remark}"
    assert "Черновик, не отправлено" in words(await client.get(desk))
    answer = await client.post(f"/remarks/{remark}", data={"text": "Кто и когда это сказал?"})
    assert answer.headers["location"] == f"{desk}#remark-{remark}"
    assert "Кто и когда это сказал?" in words(await client.get(desk))
    assert (await client.post(f"/remarks/{remark}/drop", data={})).headers["location"] == desk
    assert await fetch_value("SELECT count(*) FROM remark") == 0


async def test_remarks_are_sent_alone_and_counted(school, desk, client, mod):
    await actions.write_remark(mod, school.submission, 1, "", "Кто это сказал?")
    assert (await client.post(f"/submissions/{school.submission}/remarks/send", data={})).headers["location"] == desk
    assert "Команда видит 1 замечание" in words(await client.get(desk))
    assert (await client.post(f"/submissions/{school.submission}/remarks/send", data={})).status_code == 409


async def test_a_team_reads_decision_and_remarks_beside_its_work_and_answers(school, mod, client):
    await actions.write_remark(mod, school.submission, 1, "statement", "Кто **это** сказал?")
    await actions.write_remark(mod, school.submission, 1, "", "Хорошее начало")
    await actions.decide(mod, school.submission, 1, Verdict(Outcome.RETURNED, "Покажите, откуда цифра"))
    await cast.sign_in(client, school.team.lead)
    here = f"/teams/{school.team.id}/assignments/{school.assignment()}"
    page = await client.get(here)
    assert page.status_code == 200
    for said in ("Версия 1 возвращена на доработку", "Покажите, откуда цифра", "Хорошее начало", "Роман Дёмин"):
        assert said in words(page)
    assert "Кто <strong>это</strong> сказал?" in page.text
    remark = await fetch_value("SELECT id FROM remark WHERE field = 'statement'")
    assert f'action="/remarks/{remark}/reply"' in page.text
    answer = await client.post(f"/remarks/{remark}/reply", data={"text": "Опрос в сентябре"})
    assert answer.headers["location"] == f"{here}#remark-{remark}"
    assert "Опрос в сентябре" in words(await client.get(here))
    await cast.sign_in(client, school.moderator)
    assert "Опрос в сентябре" in words(await client.get(f"/submissions/{school.submission}/desk"))
    answer = await client.post(f"/remarks/{remark}/reply", data={"text": "Приложите его"})
    assert answer.headers["location"] == f"/submissions/{school.submission}/desk#remark-{remark}"


async def test_what_people_write_is_text(school, mod, client):
    await actions.write_remark(mod, school.submission, 1, "statement", "<script>alert(1)</script>")
    await actions.write_note(mod, school.team.id, "<img src=x onerror=alert(1)>")
    await actions.ask(mod, school.team.id, "<b>Кому</b> удобно?")
    await actions.decide(mod, school.submission, 1, Verdict(Outcome.RETURNED, "[x](javascript:alert(1))"))
    await cast.sign_in(client, school.moderator)
    for path in ("/submissions/{0}/desk", "/teams/{1}/notes", "/teams/{1}/questions", "/teams/{1}/assignments/{2}"):
        page = (await client.get(path.format(school.submission, school.team.id, school.assignment()))).text
        assert not re.search(r"<script>alert|<img src=x|href=\"javascript|<b>Кому", page), path


async def test_notes_are_written_changed_and_retracted(school, client):
    await cast.sign_in(client, school.moderator)
    here = f"/teams/{school.team.id}/notes"
    assert (await client.post(here, data={"text": "Сильная команда"})).headers["location"] == here
    note = await fetch_value("SELECT id FROM private_note")
    assert (await client.post(f"/notes/{note}", data={"text": "Сильная, но усталая"})).headers["location"] == here
    page = words(await client.get(here))
    assert "Сильная, но усталая" in page
    assert "изменено" in page
    await cast.sign_in(client, school.cohort.organiser)  # reads it, but it is not his to change
    assert f'action="/notes/{note}"' not in (await client.get(here)).text
    await cast.sign_in(client, school.moderator)
    assert (await client.post(f"/notes/{note}/retract", data={})).headers["location"] == here
    assert "Сильная" not in words(await client.get(here))


async def test_a_question_is_asked_and_answered(school, client):
    here = f"/teams/{school.team.id}/questions"
    await cast.sign_in(client, school.moderator)
    assert "Вопросов пока нет" in words(await client.get(here))
    await client.post(here, data={"text": "Кому удобно, чтобы всё осталось как есть?"})
    question = await fetch_value("SELECT id FROM guiding_question")
    assert "Команда ещё не ответила" in words(await client.get(here))
    await cast.sign_in(client, school.team.members[0])
    assert "Кому удобно" in words(await client.get(f"/teams/{school.team.id}"))  # a task of the team
    answer = await client.post(f"/questions/{question}/answer", data={"text": "Подрядчику"})
    assert answer.headers["location"] == f"{here}#question-{question}"
    page = words(await client.get(here))
    assert "Подрядчику" in page
    assert "Тимур Асланов" in page


async def test_an_organiser_assigns_moderators_by_a_form(school, client):
    spare = await cast.moderator(school.cohort, name="Зоя Климова")
    here = f"/cohorts/{school.cohort.id}/moderators"
    await cast.sign_in(client, school.cohort.organiser)
    assert "Роман Дёмин" in words(await client.get(here))
    form = {"team": str(school.team.id), "person": str(spare.id)}
    assert (await client.post(here, data={**form, "step": "assign"})).headers["location"] == here
    assert "все назначены" in words(await client.get(here))
    again = await client.post(here, data={**form, "step": "assign"})  # pressed twice
    assert again.status_code == 303
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'moderator.assigned'") == 1
    assert (await client.post(here, data={**form, "step": "dismiss"})).status_code == 303
    assert (await client.post(here, data={**form, "step": "promote"})).status_code == 422
    count = "SELECT count(*) FROM role_grant WHERE scope = 'team' AND role = 'moderator' AND revoked_at IS NULL"
    assert await fetch_value(count) == 1


async def test_a_member_of_a_team_does_not_accompany_it(school):
    from incubator.foundation.refusals import Refused
    from incubator.people.rights import Role, Scope

    organiser = await cast.viewer(school.cohort.organiser)
    where = school.cohort.id
    try:
        await cast.give(school.team.members[0], Role.MODERATOR, Scope.COHORT, where, cohort=where)
    except Refused:
        return  # the roles exclude each other already in the cohort
    with pytest.raises(Refused):
        await actions.assign_moderator(organiser, where, school.team.id, school.team.members[0].id)
