"""Accepting, returning and failing work, and leading a team through a gate."""

import asyncio
import json
from datetime import timedelta

import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Clash, Forbidden, NotFound, Refused
from incubator.moderation import actions
from incubator.moderation.rules import Verdict
from incubator.stages.rules import Outcome

ACCEPT = Verdict(Outcome.ACCEPTED, "")
RETURN = Verdict(Outcome.RETURNED, "Покажите, откуда цифра")
FAIL = Verdict(Outcome.FAILED, "Так и не хватает доказательств")
TRIALS = 20


async def state(submission):
    return await fetch_value("SELECT state FROM submission WHERE id = $1", submission)


async def test_accepting_settles_the_work_and_is_recorded_once(school, mod):
    await actions.decide(mod, school.submission, 1, ACCEPT)
    assert await state(school.submission) == "accepted"
    made = await fetch_one("SELECT * FROM decision")
    assert (made["revision"], made["kind"], made["decided_by"]) == (school.sent.revision, "accepted", mod.id)
    noted = await fetch_one("SELECT * FROM journal_entry WHERE verb = 'submission.accepted'")
    assert (noted["audience"], noted["team"], noted["actor"]) == ("team", school.team.id, mod.id)
    assert json.loads(noted["data"])["revision"] == 1


async def test_draft_remarks_go_out_with_the_decision_but_only_ones_own(school, mod):
    second = await cast.viewer(await cast.moderator(school.cohort, school.team, name="Зоя Климова"))
    await actions.write_remark(mod, school.submission, 1, "statement", "Кто это сказал?")
    await actions.write_remark(second, school.submission, 1, "", "Ещё думаю")
    await actions.decide(mod, school.submission, 1, RETURN)
    rows = await fetch("SELECT author, sent_at FROM remark ORDER BY written_at")
    assert [(row["author"], row["sent_at"] is not None) for row in rows] == [(mod.id, True), (second.id, False)]


async def test_a_decision_counts_for_one_version_and_returned_work_comes_back(school, mod):
    await actions.decide(mod, school.submission, 1, RETURN)
    assert await state(school.submission) == "returned"
    await school.send(word="лучше")
    with pytest.raises(Clash) as no:
        await actions.decide(mod, school.submission, 1, ACCEPT)
    assert dict(no.value.reason.params)["name"] == "Роман Дёмин"
    await actions.decide(mod, school.submission, 2, ACCEPT)
    assert await fetch_value("SELECT count(*) FROM decision") == 2


async def test_a_version_that_nobody_decided_and_that_was_replaced_is_not_decided_unread(school, mod):
    await execute("UPDATE submission SET state = 'returned', rework_until = now() + interval '1 day'")
    await school.send(word="новее")
    with pytest.raises(Clash) as no:
        await actions.decide(mod, school.submission, 1, ACCEPT)
    assert "another version" in no.value.reason.msgid


@pytest.mark.parametrize("revision", [1, 2])
async def test_nothing_is_decided_about_work_that_does_not_wait(school, mod, revision):
    await execute("UPDATE submission SET state = 'returned'")
    with pytest.raises((Forbidden, Clash)):
        await actions.decide(mod, school.submission, revision, ACCEPT)
    assert await fetch_value("SELECT count(*) FROM decision") == 0


async def test_the_last_loop_offers_to_accept_or_to_fail(school, mod):
    await execute("UPDATE assignment SET rework_limit = 1")
    with pytest.raises(Refused):
        await actions.decide(mod, school.submission, 1, FAIL)
    await actions.decide(mod, school.submission, 1, RETURN)
    await school.send(word="лучше")
    with pytest.raises(Refused):
        await actions.decide(mod, school.submission, 2, RETURN)
    await actions.decide(mod, school.submission, 2, FAIL)
    assert await state(school.submission) == "failed"
    told = await fetch_value("SELECT count(*) FROM letter WHERE kind = 'failed' AND team = $1", school.team.id)
    assert told == 1 + len(school.team.members)


async def test_of_two_moderators_who_press_at_once_one_decides_and_the_other_reads_who(school):
    """Twenty trials, a version each; each presses in a task with a connection of its own."""
    first = await cast.viewer(school.moderator)
    second = await cast.viewer(await cast.moderator(school.cohort, school.team, name="Зоя Климова"))
    people = {first.id: first.name, second.id: second.name}
    await execute("UPDATE assignment SET rework_limit = 20")
    for trial in range(1, TRIALS + 1):
        pair = (first, second) if trial % 2 else (second, first)
        pressed = [actions.decide(who, school.submission, trial, RETURN) for who in pair]
        answers = await asyncio.gather(*pressed, return_exceptions=True)
        assert sorted(type(answer) for answer in answers if answer is not None) == [Clash], answers
        made = await fetch_one(
            "SELECT * FROM decision d JOIN revision r ON r.id = d.revision WHERE r.number = $1", trial
        )
        loser = next(answer for answer in answers if answer is not None)
        assert dict(loser.reason.params)["name"] == people[made["decided_by"]]
        if trial < TRIALS:
            await school.send(word=f"версия {trial + 1}")
    assert await fetch_value("SELECT count(*) FROM decision") == TRIALS
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'submission.returned'") == TRIALS


async def test_two_browsers_that_accept_at_once(school, app):
    import httpx

    second = await cast.moderator(school.cohort, school.team, name="Зоя Климова")
    transport = httpx.ASGITransport(app=app)
    form = {"revision": "1", "outcome": "accepted", "message": ""}
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as one,
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as other,
    ):
        await cast.sign_in(one, school.moderator)
        await cast.sign_in(other, second)
        answers = await asyncio.gather(
            *(each.post(f"/submissions/{school.submission}/decision", data=form) for each in (one, other))
        )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    loser, winner = sorted(answers, key=lambda answer: -answer.status_code)
    name = await fetch_value("SELECT p.name FROM decision d JOIN person p ON p.id = d.decided_by")
    assert name in loser.text
    assert winner.headers["location"] in {"/queue", f"/submissions/{school.submission}/desk"}


# --- The gate ---------------------------------------------------------------------------------------------------------


async def accept_module(school, mod):
    """Everything required in the first module is sent and accepted."""
    await actions.decide(mod, school.submission, 1, ACCEPT)
    for place, each in enumerate(school.plan[0].assignments):
        if each.facts.required and place:
            receipt = await school.send(place)
            await actions.decide(mod, receipt.submission, 1, ACCEPT)


async def test_a_team_is_led_on_when_everything_is_accepted(school, mod):
    with pytest.raises(Forbidden):  # most of the module was never sent
        await actions.advance(mod, school.team.id, school.plan[0].id)
    await accept_module(school, mod)
    assert await actions.advance(mod, school.team.id, school.plan[0].id) == school.plan[1].id
    noted = await fetch_one("SELECT * FROM journal_entry WHERE verb = 'team.advanced'")
    assert json.loads(noted["data"]) == {"title": school.plan[0].facts.title, "overridden": False, "reason": None}


async def test_sent_but_not_accepted_work_holds_a_moderator_and_not_an_organisers_reason(school, mod):
    for place, each in enumerate(school.plan[0].assignments):
        if each.facts.required and place:
            await school.send(place)
    with pytest.raises(Refused):
        await actions.advance(mod, school.team.id, school.plan[0].id)
    with pytest.raises(Forbidden):  # an override is the organiser's
        await actions.advance(mod, school.team.id, school.plan[0].id, reason="Очень надо")
    organiser = await cast.viewer(school.cohort.organiser)
    assert await actions.advance(organiser, school.team.id, school.plan[0].id, reason="Решение совета")


async def test_nobody_skips_a_module_that_was_never_worked_on(school, mod):
    organiser = await cast.viewer(school.cohort.organiser)
    for who, reason in ((mod, ""), (organiser, ""), (organiser, "Решение совета")):
        with pytest.raises(Forbidden):
            await actions.advance(who, school.team.id, school.plan[1].id, reason=reason)
    assert await fetch_value("SELECT count(*) FROM team_module WHERE advanced_at IS NOT NULL") == 0


async def test_of_two_who_lead_a_team_on_one_does_and_the_other_reads_who(school, mod):
    await accept_module(school, mod)
    second = await cast.viewer(await cast.moderator(school.cohort, school.team, name="Зоя Климова"))
    pressed = [actions.advance(who, school.team.id, school.plan[0].id) for who in (mod, second)]
    answers = await asyncio.gather(*pressed, return_exceptions=True)
    (loser,) = [each for each in answers if isinstance(each, Exception)]
    assert isinstance(loser, Refused)
    by = await fetch_value("SELECT advanced_by FROM team_module WHERE advanced_at IS NOT NULL")
    assert dict(loser.reason.params)["name"] == {mod.id: mod.name, second.id: second.name}[by]
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'team.advanced'") == 1


async def test_a_closed_cohort_decides_nothing_more(school, mod):
    from incubator.programmes.actions import close_cohort

    await close_cohort(await cast.viewer(school.cohort.organiser), school.cohort.id)
    with pytest.raises(Refused):
        await actions.decide(mod, school.submission, 1, ACCEPT)


# --- Who accompanies a team -------------------------------------------------------------------------------------------


async def test_organisers_give_teams_to_moderators_of_the_cohort(school):
    organiser = await cast.viewer(school.cohort.organiser)
    spare = await cast.moderator(school.cohort, name="Зоя Климова")
    await actions.assign_moderator(organiser, school.cohort.id, school.team.id, spare.id)
    assert (await actions_queue(spare)) == [school.submission]
    await actions.dismiss_moderator(organiser, school.cohort.id, school.team.id, spare.id)
    assert (await actions_queue(spare)) == []
    with pytest.raises(NotFound):  # nothing left to take away
        await actions.dismiss_moderator(organiser, school.cohort.id, school.team.id, spare.id)


async def actions_queue(who):
    from incubator.moderation.queue import queue

    return [row.submission for row in await queue(await cast.viewer(who))]


async def test_only_moderators_of_the_cohort_get_its_teams(school):
    organiser = await cast.viewer(school.cohort.organiser)
    stranger = await cast.person("Пётр Чужов", "stranger@example.org")
    elsewhere = await cast.cohort()
    with pytest.raises(NotFound):
        await actions.assign_moderator(organiser, school.cohort.id, school.team.id, stranger.id)
    with pytest.raises(NotFound):  # a team of another cohort, by the address of this one
        await actions.assign_moderator(
            organiser, school.cohort.id, (await cast.team(elsewhere, 1)).id, school.moderator.id
        )


async def test_who_does_not_assign_moderators(school, mod, lead):
    for who in (mod, lead, await cast.viewer(await cast.juror(school.cohort))):
        with pytest.raises(Forbidden):
            await actions.assign_moderator(who, school.cohort.id, school.team.id, school.moderator.id)
    outsider = await cast.viewer((await cast.cohort()).organiser)
    with pytest.raises(NotFound):
        await actions.assign_moderator(outsider, school.cohort.id, school.team.id, school.moderator.id)


async def test_a_moderator_taken_from_a_team_finds_nothing_of_it_any_more(school, mod):
    organiser = await cast.viewer(school.cohort.organiser)
    note = await actions.write_note(mod, school.team.id, "Сильная команда")
    await actions.dismiss_moderator(organiser, school.cohort.id, school.team.id, mod.id)
    later = await cast.viewer(school.moderator, at=mod.now + timedelta(minutes=1))
    for attempt in (
        actions.edit_note(later, note, "Ещё сильнее"),
        actions.decide(later, school.submission, 1, ACCEPT),
        actions.write_remark(later, school.submission, 1, "", "?"),
    ):
        with pytest.raises(NotFound):
            await attempt
