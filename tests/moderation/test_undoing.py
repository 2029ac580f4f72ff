"""A decision is taken back within ten minutes, unless the team has acted upon it; its letter never goes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

import cast
from incubator.foundation import jobs
from incubator.foundation.database import execute, fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.moderation import actions, checking, undoing
from incubator.moderation.rules import LETTER_WAITS, UNDO_LASTS, Verdict
from incubator.stages.rules import Outcome

ACCEPT = Verdict(Outcome.ACCEPTED, "")
RETURN = Verdict(Outcome.RETURNED, "Покажите, откуда цифра")


def later(viewer, **delta):
    return replace(viewer, now=viewer.now + timedelta(**delta))


async def state(school):
    return await fetch_one("SELECT state, rework_until FROM submission WHERE id = $1", school.submission)


@pytest.mark.parametrize("verdict", [ACCEPT, RETURN])
async def test_everything_is_as_it_was_before(school, mod, verdict):
    remark = await actions.write_remark(mod, school.submission, 1, "statement", "Кто это сказал?")
    before = await state(school)
    await actions.decide(mod, school.submission, 1, verdict)
    assert await state(school) != before
    assert [made.submission for made in await undoing.undoable(mod)] == [school.submission]
    await undoing.take_back(later(mod, minutes=9), school.submission)
    assert await state(school) == before
    assert await fetch_value("SELECT sent_at FROM remark WHERE id = $1", remark) is None
    assert await undoing.undoable(mod) == []
    letters = await fetch("SELECT called_back_at, sent_at FROM letter WHERE kind IN ('accepted', 'returned')")
    assert letters and all(row["called_back_at"] and not row["sent_at"] for row in letters)
    await actions.decide(later(mod, minutes=9), school.submission, 1, ACCEPT)
    assert await fetch_value("SELECT count(*) FROM decision") == 2


async def test_who_takes_it_back_is_at_the_work_again(school, mod):
    await actions.decide(mod, school.submission, 1, RETURN)
    assert await checking.checker(school.submission, mod.now) is None
    await undoing.take_back(mod, school.submission)
    assert (await checking.checker(school.submission, mod.now)).person == mod.id


async def test_the_letter_waits_and_then_goes(school, mod, monkeypatch):
    await actions.decide(mod, school.submission, 1, RETURN)
    decided = await fetch_value("SELECT decided_at FROM decision")
    rows = await fetch("SELECT next_at FROM outbox WHERE kind = 'letter.send' AND done_at IS NULL AND next_at > now()")
    assert {row["next_at"] for row in rows} == {decided + LETTER_WAITS}
    await jobs.wake_all()  # as a process that starts does
    await jobs.drain()
    waiting = await fetch_one("SELECT sent_at, fault, not_before FROM letter WHERE kind = 'returned'")
    assert (waiting["sent_at"], waiting["fault"], waiting["not_before"]) == (None, "held", decided + LETTER_WAITS)
    await execute("UPDATE letter SET not_before = now() WHERE kind = 'returned'")
    await jobs.wake_all()
    await jobs.drain()
    assert await fetch_value("SELECT fault FROM letter WHERE kind = 'returned'") == "no-server"  # its turn has come


async def test_a_letter_that_was_called_back_never_goes(school, mod):
    await actions.decide(mod, school.submission, 1, RETURN)
    await undoing.take_back(mod, school.submission)
    await execute("UPDATE letter SET not_before = now() - interval '1 minute'")
    await jobs.wake_all()
    await jobs.drain()
    assert await fetch_value("SELECT count(*) FROM outbox WHERE done_at IS NULL") == 0
    assert await fetch_value("SELECT count(*) FROM letter WHERE kind = 'returned'") > 0
    assert await fetch_value("SELECT count(*) FROM letter WHERE kind = 'returned' AND sent_at IS NOT NULL") == 0


async def test_after_ten_minutes_it_stands(school, mod):
    await actions.decide(mod, school.submission, 1, ACCEPT)
    await_end = replace(mod, now=mod.now + UNDO_LASTS + timedelta(microseconds=1))
    with pytest.raises(Refused):
        await undoing.take_back(await_end, school.submission)
    await undoing.take_back(replace(mod, now=mod.now + UNDO_LASTS), school.submission)
    with pytest.raises(Refused):
        await undoing.take_back(mod, school.submission)


async def test_only_whoever_decided_takes_it_back(school, mod, lead):
    await actions.decide(mod, school.submission, 1, ACCEPT)
    for who in (await cast.viewer(school.cohort.organiser), lead):
        with pytest.raises(Forbidden):
            await undoing.take_back(who, school.submission)
    stranger = await cast.viewer(await cast.person("Пётр Чужов", "stranger@example.org"))
    with pytest.raises(NotFound):
        await undoing.take_back(stranger, school.submission)


async def test_what_the_team_has_begun_keeps_the_decision(school, mod):
    await actions.decide(mod, school.submission, 1, RETURN)
    await cast.write(school.team.lead, school.team.id, school.assignment(), "лучше")
    assert await undoing.undoable(mod) == []
    with pytest.raises(Refused):
        await undoing.take_back(mod, school.submission)


async def test_a_new_version_keeps_the_decision(school, mod):
    await actions.decide(mod, school.submission, 1, RETURN)
    await school.send(word="лучше")
    with pytest.raises(Refused):
        await undoing.take_back(mod, school.submission)
    assert (await state(school))["state"] == "submitted"


async def test_an_answer_to_its_remarks_keeps_the_decision(school, mod, lead):
    remark = await actions.write_remark(mod, school.submission, 1, "", "Кто это сказал?")
    await actions.decide(mod, school.submission, 1, RETURN)
    await actions.reply(lead, remark, "Опрос")
    with pytest.raises(Refused):
        await undoing.take_back(mod, school.submission)
    assert (await state(school))["state"] == "returned"


async def test_a_team_that_was_led_on_keeps_the_decision(school, mod):
    await execute("UPDATE assignment SET required = false WHERE id <> $1", school.assignment())
    await actions.decide(mod, school.submission, 1, ACCEPT)
    await actions.advance(later(mod, seconds=1), school.team.id, school.plan[0].id)
    assert await undoing.undoable(mod) == [], "a way back is offered that leads nowhere"
    with pytest.raises(Refused):
        await undoing.take_back(later(mod, seconds=2), school.submission)


async def resend(school):
    """Send again what was sent, without writing in it first."""
    from incubator.stages import actions as stages
    from incubator.stages.queries import work_on

    viewer = await cast.viewer(school.team.lead)
    version = (await work_on(viewer, school.team.id, school.assignment())).version
    return await stages.send(viewer, school.team.id, school.assignment(), version)


@pytest.mark.parametrize("turn", range(4))
async def test_of_taking_back_and_sending_again_one_wins(school, mod, turn):
    await actions.decide(mod, school.submission, 1, RETURN)
    attempts = [undoing.take_back(mod, school.submission), resend(school)]
    results = await asyncio.gather(*(attempts if turn % 2 else attempts[::-1]), return_exceptions=True)
    refused = [each for each in results if isinstance(each, Refused | Forbidden)]
    assert len(refused) == 1, results
    versions = await fetch_value("SELECT count(*) FROM revision")
    taken_back = await fetch_value("SELECT count(*) FROM decision WHERE taken_back_at IS NOT NULL")
    assert (versions, taken_back) in {(2, 0), (1, 1)}
    assert (await state(school))["state"] == "submitted"


async def test_of_two_who_take_back_at_once_one_does(school, mod):
    await actions.decide(mod, school.submission, 1, ACCEPT)
    results = await asyncio.gather(
        *(undoing.take_back(mod, school.submission) for _ in range(2)), return_exceptions=True
    )
    assert [type(each) for each in results if each is not None] == [Refused]
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'decision.taken_back'") == 1


async def test_the_button_stands_on_queue_and_desk(school, client):
    await cast.sign_in(client, school.moderator)
    form = {"revision": "1", "outcome": "returned", "message": "Дополните"}
    await client.post(f"/submissions/{school.submission}/decision", data=form)
    back = f"/submissions/{school.submission}/decision/back"
    for page in ("/queue", f"/submissions/{school.submission}/desk"):
        assert back in (await client.get(page)).text, page
    answer = await client.post(back, data={})
    assert answer.headers["location"] == f"/submissions/{school.submission}/desk"
    assert back not in (await client.get("/queue")).text
    assert (await client.post(back, data={})).status_code == 409
