"""The queue in its order, the check screen with everything on it, and going from one work to the next."""

import re
from datetime import timedelta

import pytest

import cast
from incubator.foundation.database import DB, execute, fetch_value, new_id
from incubator.moderation import actions, desk
from incubator.moderation.queue import load, next_after, queue
from incubator.moderation.rules import LONG_WAIT, Verdict
from incubator.moderation.sieve import Sieve
from incubator.people.actions import declare_conflict
from incubator.stages.rules import Outcome

RETURN = Verdict(Outcome.RETURNED, "Покажите, откуда цифра")


async def waiting(who, cohort=None):
    return [row.submission for row in await queue(who, Sieve(cohort=cohort))]


def text(answer):
    """The words of a page in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


# --- The queue --------------------------------------------------------------------------------------------------------


async def test_the_oldest_waits_first_and_only_ones_own_teams_are_there(school, mod):
    other = await cast.team(school.cohort, 1)
    theirs = await school.send(team=other)
    second = await school.send(1)
    assert await waiting(mod) == [school.submission, second.submission]
    organiser = await cast.viewer(school.cohort.organiser)
    assert await waiting(organiser) == [school.submission, theirs.submission, second.submission]
    for who in (school.team.lead, await cast.juror(school.cohort), await cast.moderator(school.cohort)):
        assert await waiting(await cast.viewer(who)) == []


async def test_work_leaves_the_queue_with_a_decision_and_comes_back_last(school, mod):
    second = await school.send(1)
    await actions.decide(mod, school.submission, 1, RETURN)
    assert await waiting(mod) == [second.submission]
    await school.send(word="лучше")
    assert await waiting(mod) == [second.submission, school.submission]


async def test_an_organiser_with_a_conflict_does_not_find_that_teams_work(school):
    organiser = school.cohort.organiser
    async with DB.transaction():
        await declare_conflict(organiser.id, cohort=school.cohort.id, team=school.team.id, reason="Родня",
                               by=organiser.id, at=await cast.now())  # fmt: skip
    assert await waiting(await cast.viewer(organiser)) == []


async def test_the_queue_of_one_cohort_and_without_withdrawn_teams(school, mod):
    assert await waiting(mod, school.cohort.id) == [school.submission]
    assert await waiting(mod, (await cast.cohort()).id) == []
    await execute("UPDATE team SET withdrawn_at = now()")
    assert await waiting(mod) == []


async def test_the_queue_takes_one_statement_however_long_it_is(school, mod, counting):
    with counting() as short:
        await queue(mod)
    for place in (1, 2):
        await school.send(place)
    with counting() as longer:
        assert len(await queue(mod)) == 3
    assert len(short) == len(longer) == 1
    (first,) = await queue(mod, most=1)
    assert (first.submission, first.waiting) == (school.submission, 3)


async def test_a_long_wait_is_said(school, mod, client):
    (row,) = await queue(mod)
    assert not row.waits_long(row.sent_at + LONG_WAIT)
    assert row.waits_long(row.sent_at + LONG_WAIT + timedelta(seconds=1))
    await actions.write_remark(mod, school.submission, 1, "", "Пока для себя")
    await cast.sign_in(client, school.moderator)
    page = await client.get("/queue")
    assert "1 черновик" in text(page)
    assert f"/submissions/{school.submission}/desk" in page.text


async def test_nonsense_in_the_address_filters_nothing(school, client):
    await cast.sign_in(client, school.moderator)
    assert f"/submissions/{school.submission}/desk" in (await client.get("/queue?cohort=x")).text


# --- From one to the next ---------------------------------------------------------------------------------------------


async def test_next_is_the_one_after_this_and_then_from_the_beginning(school, mod):
    second, third = await school.send(1), await school.send(2)
    order = [school.submission, second.submission, third.submission]
    assert [await next_after(mod, each) for each in order] == [order[1], order[2], order[0]]
    await actions.decide(mod, second.submission, 1, RETURN)
    assert await next_after(mod, second.submission) == third.submission
    assert await next_after(mod, third.submission) == school.submission


async def test_a_decision_leads_to_the_next_work_and_the_last_one_to_the_queue(school, client):
    second = await school.send(1)
    await cast.sign_in(client, school.moderator)
    form = {"revision": "1", "outcome": "returned", "message": "Дополните"}
    answer = await client.post(f"/submissions/{school.submission}/decision", data=form)
    assert answer.headers["location"] == f"/submissions/{second.submission}/desk"
    assert "возвращена" in text(await client.get(answer.headers["location"]))
    skipped = await client.get(f"/submissions/{school.submission}/next")
    assert skipped.headers["location"] == f"/submissions/{second.submission}/desk"
    answer = await client.post(f"/submissions/{second.submission}/decision", data=form)
    assert answer.headers["location"] == "/queue"


async def test_accepting_the_last_required_work_shows_the_gate(school, client):
    await execute("UPDATE assignment SET required = false WHERE id <> $1", school.assignment())
    second = await school.send(1)
    await cast.sign_in(client, school.moderator)
    form = {"revision": "1", "outcome": "accepted", "message": ""}
    answer = await client.post(f"/submissions/{school.submission}/decision", data=form)
    assert answer.headers["location"] == f"/submissions/{school.submission}/desk"
    page = await client.get(answer.headers["location"])
    gate = f"/teams/{school.team.id}/modules/{school.plan[0].id}/advance"
    assert gate in page.text
    answer = await client.post(gate, data={"reason": ""})
    assert answer.headers["location"] == f"/teams/{school.team.id}"
    assert gate not in (await client.get(f"/submissions/{school.submission}/desk")).text
    answer = await client.post(f"/submissions/{second.submission}/decision", data=form)
    assert answer.headers["location"] == "/queue"


# --- The desk ---------------------------------------------------------------------------------------------------------


async def test_the_desk_shows_text_table_file_and_what_changed(school, mod, client):
    await execute(
        "UPDATE assignment SET fields = fields || $1::jsonb WHERE id = $2",
        '[{"key": "paper", "label": "Расчёт", "kind": "file", "limit": 5}]', school.assignment(),
    )  # fmt: skip
    await actions.decide(mod, school.submission, 1, RETURN)
    await school.send(word="улучшенный")
    await cast.sign_in(client, school.moderator)
    page = await client.get(f"/submissions/{school.submission}/desk")
    assert page.status_code == 200
    assert "<ins>улучшенный</ins>" in page.text and "<del>ответ</del>" in page.text  # side by side
    one = await client.get(f"/submissions/{school.submission}/desk?view=changes")
    assert re.search(r"<del>ответ</del>\s*<ins>улучшенный</ins>", one.text)
    assert "<ins>" not in (await client.get(f"/submissions/{school.submission}/desk?view=text")).text
    assert '<td data-label="Группа жителей">улучшенный' in page.text
    assert re.search(r'<a href="/files/[0-9a-f-]+">Приложение.pdf</a>', page.text)
    assert RETURN.message in text(page)


async def test_an_answer_that_was_blank_counts_as_changed(school, mod, lead):
    await execute(
        "UPDATE assignment SET fields = (SELECT jsonb_agg(f || jsonb_build_object('required', f->>'key' <> 'tried'))"
        " FROM jsonb_array_elements(fields) f) WHERE id = $1",
        school.assignment(),
    )
    other = await cast.team(school.cohort, 1)
    await cast.give(school.moderator, cast.Role.MODERATOR, cast.Scope.TEAM, other.id, cohort=school.cohort.id)
    mod = await cast.viewer(school.moderator)
    await cast.write(other.lead, other.id, school.assignment(), tried="")
    from incubator.stages import actions as stages
    from incubator.stages.queries import work_on

    theirs = await cast.viewer(other.lead)
    sent = await stages.send(
        theirs, other.id, school.assignment(), (await work_on(theirs, other.id, school.assignment())).version
    )
    await actions.decide(mod, sent.submission, 1, RETURN)
    await school.send(team=other)
    sheet = await desk.desk(mod, sent.submission, "")
    assert [field.key for field in sheet.fields if field.changed] == ["tried"]


@pytest.mark.parametrize(
    ("asked", "compared"), [("", 2), ("1", 1), ("2", 2), ("3", 2), ("0", 2), ("x", 2), ("9" * 5000, 2)]
)
async def test_any_earlier_version_can_be_compared_with(school, mod, asked, compared):
    for word in ("два", "три"):
        await actions.decide(mod, school.submission, await latest(school), RETURN)
        await school.send(word=word)
    assert (await desk.desk(mod, school.submission, asked)).compared == compared


async def latest(school):
    return await fetch_value("SELECT max(number) FROM revision WHERE submission = $1", school.submission)


async def test_the_desk_takes_as_many_statements_with_many_remarks_as_with_one(school, mod, counting):
    await actions.write_remark(mod, school.submission, 1, "", "Раз")
    with counting() as one:
        await desk.desk(mod, school.submission, "")
    for word in ("два", "три"):
        await actions.write_remark(mod, school.submission, 1, "statement", word)
        await actions.write_note(mod, school.team.id, word)
    with counting() as many:
        await desk.desk(mod, school.submission, "")
    assert len(one) == len(many) <= 6


async def test_refused_forms_come_back_with_what_was_typed(school, mod, client):
    remark = await actions.write_remark(mod, school.submission, 1, "", "Кто это сказал?")
    note = await actions.write_note(mod, school.team.id, "Сильная команда")
    await cast.sign_in(client, school.moderator)
    too_long = "ы" * 10_001
    for path, form, kept in (
        (
            f"/submissions/{school.submission}/decision",
            {"revision": "1", "outcome": "returned", "message": " "},
            "Принять",
        ),
        (f"/submissions/{school.submission}/decision", {"revision": "1", "outcome": "x", "message": "Слово"}, "Слово"),
        (
            f"/submissions/{school.submission}/remarks",
            {"revision": "1", "field": "statement", "text": too_long},
            too_long,
        ),
        (f"/remarks/{remark}", {"text": too_long}, too_long),
        (f"/teams/{school.team.id}/notes", {"text": too_long}, too_long),
        (f"/notes/{note}", {"text": too_long}, too_long),
        (f"/teams/{school.team.id}/questions", {"text": too_long}, too_long),
    ):
        answer = await client.post(path, data=form)
        assert (answer.status_code, kept in answer.text) == (422, True), path
        assert "<title>Ошибка:" in answer.text, path


async def test_a_refused_answer_of_the_team_comes_back(school, mod, client):
    remark = await actions.write_remark(mod, school.submission, 1, "", "Кто это сказал?")
    await actions.send_remarks(mod, school.submission)
    question = await actions.ask(mod, school.team.id, "Кому удобно?")
    await cast.sign_in(client, school.team.lead)
    for path in (f"/remarks/{remark}/reply", f"/questions/{question}/answer"):
        answer = await client.post(path, data={"text": "ы" * 10_001})
        assert (answer.status_code, "ы" * 10_001 in answer.text) == (422, True), path
    answer = await client.post(f"/remarks/{remark}/reply", data={"text": "Опрос"})
    assert answer.headers["location"] == f"/teams/{school.team.id}/assignments/{school.assignment()}#remark-{remark}"


@pytest.mark.parametrize(
    "path", ["remarks/{0}", "remarks/{0}/drop", "remarks/{0}/reply", "notes/{0}", "questions/{0}/answer"]
)
async def test_blank_forms_to_unknown_ids_find_nothing(school, client, path):
    from uuid import uuid4

    await cast.sign_in(client, school.moderator)
    assert (await client.post(f"/{path.format(uuid4())}", data={})).status_code == 404


async def test_from_the_desk_one_comes_back_to_it(school, client):
    await cast.sign_in(client, school.moderator)
    here = f"/submissions/{school.submission}/desk"
    form = {"text": "Слово", "submission": str(school.submission)}
    assert (await client.post(f"/teams/{school.team.id}/notes", data=form)).headers["location"] == f"{here}#notes"
    assert (await client.post(f"/teams/{school.team.id}/questions", data=form)).headers["location"] == here
    assert await fetch_value("SELECT submission FROM guiding_question") == school.submission


async def test_work_that_was_never_sent_has_no_desk(school, client):
    await cast.write(school.team.lead, school.team.id, school.assignment(1))
    draft = await fetch_value("SELECT id FROM submission WHERE assignment = $1", school.assignment(1))
    await cast.sign_in(client, school.moderator)
    assert (await client.get(f"/submissions/{draft}/desk")).status_code == 404


# --- Sixty pieces of work ---------------------------------------------------------------------------------------------


async def grow(school, many):
    """More waiting work of the same team, copied row by row: through actions it would take a minute."""
    assignment, revision = school.assignment(), school.sent.revision
    for place in range(many):
        made, work = new_id(), new_id()
        await execute(
            "INSERT INTO assignment SELECT (jsonb_populate_record(a, jsonb_build_object('id', $2::uuid, 'key', $3::text,"
            " 'title', $3::text, 'place', $4::int))).* FROM assignment a WHERE a.id = $1",
            assignment, made, f"more-{place}", place + 10,
        )  # fmt: skip
        await execute(
            "INSERT INTO submission SELECT (jsonb_populate_record(s, jsonb_build_object('id', $2::uuid,"
            " 'assignment', $3::uuid))).* FROM submission s WHERE s.id = $1",
            school.submission, work, made,
        )  # fmt: skip
        await execute(
            "INSERT INTO revision SELECT (jsonb_populate_record(r, jsonb_build_object('id', $2::uuid, 'submission',"
            " $3::uuid, 'receipt', $4::text))).* FROM revision r WHERE r.id = $1",
            revision, new_id(), work, f"Р-{place:04}",
        )  # fmt: skip


async def test_pages_take_as_many_statements_for_sixty_as_for_one(school, client, counting):
    await cast.sign_in(client, school.moderator)
    pages = ("/queue", "/queue?state=owed", f"/submissions/{school.submission}/desk")
    few = []
    for page in pages:
        with counting() as seen:
            await client.get(page)
        few.append(len(seen))
    await grow(school, 60)
    for page, before in zip(pages, few, strict=True):
        with counting() as seen:
            answer = await client.get(page)
        assert (answer.status_code, len(seen)) == (200, before), page
    first, second = (await client.get("/queue")).text, (await client.get("/queue?page=2")).text
    assert (first.count('name="pick"'), second.count('name="pick"')) == (50, 11)
    assert "page=2" in first and 'rel="prev"' in second
    assert (await client.get("/queue?page=99")).status_code == 200


async def test_the_filters_of_the_address_go_along(school, client):
    other = await cast.team(school.cohort, 1)
    await cast.give(school.moderator, cast.Role.MODERATOR, cast.Scope.TEAM, other.id, cohort=school.cohort.id)
    await school.send(team=other)
    second = await school.send(1)
    await cast.sign_in(client, school.moderator)
    query = f"?team={school.team.id}"
    page = (await client.get(f"/queue{query}")).text
    assert f"/submissions/{school.submission}/desk{query}" in page and f"/teams/{other.id}" not in page
    desk_page = (await client.get(f"/submissions/{school.submission}/desk{query}")).text
    assert "1 из 2" in desk_page and f"/submissions/{school.submission}/next{query}" in desk_page
    form = {"revision": "1", "outcome": "accepted", "message": ""}
    answer = await client.post(f"/submissions/{school.submission}/decision{query}", data=form)
    assert answer.headers["location"] == f"/submissions/{second.submission}/desk{query}"
    answer = await client.post(f"/submissions/{second.submission}/decision{query}", data=form)
    assert answer.headers["location"] == f"/queue{query}"


async def test_ones_own_figures_and_nobody_elses(school, mod, client):
    await actions.decide(mod, school.submission, 1, RETURN)
    own = await load(mod, Sieve())
    assert own.decided == 1 and own.answer is not None
    organiser = await load(await cast.viewer(school.cohort.organiser), Sieve())
    assert (organiser.decided, organiser.answer, organiser.answer_words) == (0, None, "–")


@pytest.mark.parametrize(
    "query",
    ["state=x", "deadline=x", "page=-1", "page=x", "page=99999999", "module=x", "team=1", "whose=theirs", "view=x"],
)
async def test_nonsense_filters_nothing(school, client, query):
    await cast.sign_in(client, school.moderator)
    assert f"/submissions/{school.submission}/desk" in (await client.get(f"/queue?{query}")).text
    assert (await client.get(f"/submissions/{school.submission}/desk?{query}")).status_code == 200
