"""Sending: once, by the lead, in time, complete; and what comes after."""

import asyncio
import re
from datetime import timedelta

import asyncpg
import pytest

import cast
from incubator.foundation.database import DB, execute, fetch, fetch_value
from incubator.foundation.refusals import Clash, Forbidden, Invalid, NotFound, Refused
from incubator.stages import actions, hooks, queries
from incubator.stages.rules import REWORK_TIME, Outcome


@pytest.fixture
async def school(db):
    where = await cast.cohort()
    plan = await cast.begin(where)
    team = await cast.team(where)
    return where, team, plan


def first(plan):
    return plan[0].assignments[0].id


async def work_of(team, plan):
    return await queries.work_on(await cast.viewer(team.lead), team.id, first(plan))


async def test_a_receipt_and_an_immutable_revision(school):
    _, team, plan = school
    receipt = await cast.hand_in(team.lead, team.id, first(plan))
    assert re.fullmatch(r"Р-[2-9A-Z]{4}-[2-9A-Z]{2}", receipt.code)
    assert (receipt.number, receipt.late) == (1, False)
    work = await work_of(team, plan)
    assert work.situation.state == "submitted"
    assert work.last.receipt == receipt.code
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute("UPDATE revision SET receipt = 'x'")


async def test_twenty_sends_at_once_make_one_revision(school):
    _, team, plan = school
    await cast.write(team.lead, team.id, first(plan))
    work = await work_of(team, plan)
    lead = await cast.viewer(team.lead)
    sent = [actions.send(lead, team.id, first(plan), work.version) for _ in range(20)]
    answers = await asyncio.gather(*sent, return_exceptions=True)
    assert sum(isinstance(each, actions.Receipt) for each in answers) == 1
    assert sum(isinstance(each, Forbidden) for each in answers) == 19
    assert await fetch_value("SELECT count(*) FROM revision") == 1
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'submission.sent'") == 1


async def test_only_the_lead_sends(school):
    where, team, plan = school
    await cast.write(team.lead, team.id, first(plan))
    version = (await work_of(team, plan)).version
    other = await cast.team(where, 1)
    for who in (team.members[0], await cast.moderator(where, team), where.organiser):
        with pytest.raises(Forbidden):
            await actions.send(await cast.viewer(who), team.id, first(plan), version)
    for who in (other.lead, await cast.juror(where)):
        with pytest.raises(NotFound):
            await actions.send(await cast.viewer(who), team.id, first(plan), version)


async def test_a_draft_that_changed_since_it_was_checked_is_not_sent(school):
    _, team, plan = school
    await cast.write(team.lead, team.id, first(plan))
    checked = (await work_of(team, plan)).version
    await cast.write(team.members[0], team.id, first(plan), "другой ответ")
    with pytest.raises(Clash):
        await actions.send(await cast.viewer(team.lead), team.id, first(plan), checked)


async def test_an_incomplete_draft_names_every_field(school):
    _, team, plan = school
    await cast.write(team.lead, team.id, first(plan), statement="", affected=[], powers="чего нет среди ответов")
    with pytest.raises(Invalid) as faults:
        version = (await work_of(team, plan)).version
        await actions.send(await cast.viewer(team.lead), team.id, first(plan), version)
    assert set(faults.value.form.errors) == {"answer-statement", "answer-affected.0", "answer-powers"}
    assert await fetch_value("SELECT count(*) FROM revision") == 0


async def test_nothing_written_is_nothing_sent(school):
    _, team, plan = school
    with pytest.raises(Forbidden):
        await actions.send(await cast.viewer(team.lead), team.id, first(plan), 0)


@pytest.mark.parametrize(("late_by", "allowed"), [(-1, True), (0, True), (1, False)])
async def test_the_deadline_to_the_second(school, late_by, allowed):
    _, team, plan = school
    await cast.write(team.lead, team.id, first(plan))
    version = (await work_of(team, plan)).version
    lead = cast.at(await cast.viewer(team.lead), plan[0].facts.due_at + timedelta(seconds=late_by))
    if allowed:
        assert not (await actions.send(lead, team.id, first(plan), version)).late
        return
    with pytest.raises(Forbidden) as no:
        await actions.send(lead, team.id, first(plan), version)
    assert dict(no.value.reason.params)["deadline"].instant == plan[0].facts.due_at


async def test_an_extension_reopens_sending_and_marks_it_late(school):
    where, team, plan = school
    due = plan[0].facts.due_at
    organiser = cast.at(await cast.viewer(where.organiser), due + timedelta(hours=1))
    lead = cast.at(await cast.viewer(team.lead), due + timedelta(hours=2))
    await actions.extend_deadline(organiser, team.id, first(plan), due + timedelta(days=2), "Паводок")
    receipt = await cast.hand_in(lead, team.id, first(plan))
    assert receipt.late
    assert (await work_of(team, plan)).extension_reason == "Паводок"
    entry = await fetch("SELECT audience, data::text FROM journal_entry WHERE verb = 'submission.extended'")
    assert [row["audience"] for row in entry] == ["team"]
    assert "Паводок" in entry[0]["data"]  # whoever may read of it reads why


async def test_an_extension_is_the_organisers_and_only_later(school):
    where, team, plan = school
    due = plan[0].facts.due_at
    organiser = await cast.viewer(where.organiser)
    for who in (team.lead, team.members[0], await cast.moderator(where, team)):
        with pytest.raises(Forbidden):
            await actions.extend_deadline(await cast.viewer(who), team.id, first(plan), due + timedelta(days=1), "x")
    with pytest.raises(Refused):
        await actions.extend_deadline(organiser, team.id, first(plan), due - timedelta(days=1), "x")
    await cast.hand_in(team.lead, team.id, first(plan))
    with pytest.raises(Refused):
        await actions.extend_deadline(organiser, team.id, first(plan), due + timedelta(days=1), "x")


async def test_returned_work_has_a_week_and_comes_again_as_the_next_version(school):
    _, team, plan = school
    due = plan[0].facts.due_at
    receipt = await cast.hand_in(team.lead, team.id, first(plan))
    settled = await cast.decide(receipt, "returned", due + timedelta(days=5))
    assert settled.deadline == due + timedelta(days=5) + REWORK_TIME
    lead = cast.at(await cast.viewer(team.lead), settled.deadline)
    again = await cast.hand_in(lead, team.id, first(plan), "исправлено")
    assert (again.number, again.late) == (2, False)
    old, new = await queries.versions(receipt.submission, 1, 2)
    assert "ответ" in old.content["statement"]
    assert "исправлено" in new.content["statement"]


async def test_rework_loops_end_with_accept_or_fail(school):
    _, team, plan = school
    limit = plan[0].assignments[0].facts.rework_limit
    for number in range(limit):
        receipt = await cast.hand_in(team.lead, team.id, first(plan), f"попытка {number}")
        with pytest.raises(Refused):
            await cast.decide(receipt, "failed")
        await cast.decide(receipt, "returned")
    receipt = await cast.hand_in(team.lead, team.id, first(plan), "последняя")
    with pytest.raises(Refused):
        await cast.decide(receipt, "returned")
    await cast.decide(receipt, "failed")
    with pytest.raises(Forbidden):
        await cast.write(team.lead, team.id, first(plan), "ещё одна")


async def test_two_decisions_at_once_are_one(school):
    _, team, plan = school
    receipt = await cast.hand_in(team.lead, team.id, first(plan))

    async def press(outcome):
        async with DB.transaction():
            return await actions.settle(receipt.submission, receipt.revision, outcome, await cast.now())

    pressed = [press(Outcome.ACCEPTED if number % 2 else Outcome.RETURNED) for number in range(10)]
    answers = await asyncio.gather(*pressed, return_exceptions=True)
    assert sum(isinstance(each, actions.Settled) for each in answers) == 1
    assert sum(isinstance(each, Refused) for each in answers) == 9


async def test_a_decision_about_an_old_version_is_refused(school):
    _, team, plan = school
    old = await cast.hand_in(team.lead, team.id, first(plan))
    await cast.decide(old, "returned")
    await cast.hand_in(team.lead, team.id, first(plan), "новее")
    with pytest.raises(Refused):
        await cast.decide(old, "accepted")


async def test_what_freezes_the_work_freezes_it(school, monkeypatch):
    from incubator.foundation.i18n import Message

    _, team, plan = school
    await cast.write(team.lead, team.id, first(plan))
    version = (await work_of(team, plan)).version

    async def frozen(_team):
        return Message("The jury reads it now.")

    monkeypatch.setattr(hooks, "FROZEN", [frozen])
    with pytest.raises(Forbidden):
        await cast.write(team.lead, team.id, first(plan), "ещё")
    with pytest.raises(Forbidden):
        await actions.send(await cast.viewer(team.lead), team.id, first(plan), version)


async def test_what_was_sent_keeps_its_fields_when_the_plan_changes(school):
    from dataclasses import replace

    from incubator.stages import plan_actions
    from incubator.stages.plan_rules import Affected

    where, team, plan = school
    receipt = await cast.hand_in(team.lead, team.id, first(plan))
    facts = plan[0].assignments[0].facts
    changed = replace(facts, title="Иначе", fields=facts.fields[:1])
    numbers = Affected(1, 0, 1).token
    organiser = await cast.viewer(where.organiser)
    await plan_actions.edit_assignment(
        organiser, where.id, first(plan), changed, version=facts.version, confirmed=numbers
    )
    (sent,) = await queries.versions(receipt.submission, 1)
    assert sent.fields == facts.fields
    assert set(sent.content) == {field.key for field in facts.fields}


async def test_jurors_get_accepted_work_alone(school):
    _, team, plan = school
    receipt = await cast.hand_in(team.lead, team.id, first(plan))
    assert await queries.accepted_work([team.id]) == []
    await cast.decide(receipt, "accepted")
    (work,) = await queries.accepted_work([team.id])
    assert (work.team, work.sent.number, work.sent.sent_by) == (team.id, 1, "")
