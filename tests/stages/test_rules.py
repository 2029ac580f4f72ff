"""The states of work, deadlines over eleven zones, gates, and what a module looks like to a team."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incubator.foundation.i18n import MOSCOW, ZONES, Message, deadline, speaking
from incubator.foundation.refusals import Forbidden, Refused
from incubator.programmes.blueprint import Gate
from incubator.stages.rules import (
    OPEN_STATES,
    REWORK_TIME,
    STEP_OF,
    TRANSITIONS,
    Duty,
    ModuleState,
    Outcome,
    Situation,
    Step,
    Stop,
    SubmissionState,
    Task,
    after,
    allow_outcome,
    in_order,
    module_state,
    not_advanceable,
    outcomes,
    reached,
    rework_until,
)

DUE = datetime(2027, 3, 14, 8, 0, tzinfo=UTC)
OPENS = DUE - timedelta(days=20)
SECOND = timedelta(seconds=1)
S = SubmissionState


def situation(state=S.IN_PROGRESS, **changes):
    return Situation(**{"state": state, "reached": True, "opens_at": OPENS, "due_at": DUE, **changes})


# --- States -----------------------------------------------------------------------------------------------------------

LEADS = {
    ("not_started", "save"): "in_progress",
    ("in_progress", "save"): "in_progress",
    ("in_progress", "send"): "submitted",
    ("returned", "save"): "returned",
    ("returned", "send"): "submitted",
    ("submitted", "accept"): "accepted",
    ("submitted", "return"): "returned",
    ("submitted", "fail"): "failed",
    ("returned", "take_back"): "submitted",
    ("accepted", "take_back"): "submitted",
    ("failed", "take_back"): "submitted",
}


@pytest.mark.parametrize(("state", "step"), list(product(S, Step)))
def test_every_step_from_every_state(state, step):
    expected = LEADS.get((state.value, step.value))
    if expected is not None:
        assert after(state, step).value == expected
        return
    kind = Forbidden if step in {Step.SAVE, Step.SEND} else Refused
    with pytest.raises(kind):
        after(state, step)


def test_the_table_has_no_more_than_that():
    assert {(state.value, step.value): new.value for (state, step), new in TRANSITIONS.items()} == LEADS


@given(st.integers(0, 20), st.integers(1, 25), st.sampled_from(Outcome))
def test_the_last_loop_offers_to_accept_or_to_fail(limit, revision, outcome):
    offered = outcomes(revision, limit)
    assert Outcome.ACCEPTED in offered
    assert (Outcome.RETURNED in offered) == (revision <= limit)
    assert (Outcome.FAILED in offered) == (revision > limit)
    if outcome in offered:
        allow_outcome(outcome, revision, limit)
    else:
        with pytest.raises(Refused):
            allow_outcome(outcome, revision, limit)


def test_each_outcome_is_a_step_to_the_state_of_its_name():
    for outcome, step in STEP_OF.items():
        assert after(S.SUBMITTED, step).value == outcome.value


# --- Deadlines --------------------------------------------------------------------------------------------------------

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
SPANS = st.timedeltas(timedelta(days=-400), timedelta(days=400))
EXTENSIONS = st.none() | st.timedeltas(timedelta(0), timedelta(days=60))


@given(INSTANTS, SPANS, EXTENSIONS, EXTENSIONS, st.sampled_from(ZONES), st.sampled_from(sorted(OPEN_STATES)))
def test_one_deadline_whatever_zone_one_looks_from(due, span, extension, rework, zone, state):
    """The rule knows instants only: the same answer for the same instant written in any of the eleven zones."""
    now = due + span
    local = ZoneInfo(zone.id)
    here = Situation(
        state, True, due.astimezone(local) - timedelta(days=500), due.astimezone(local),
        None if extension is None else (due + extension).astimezone(local),
        None if rework is None else (due + rework).astimezone(ZoneInfo(MOSCOW)),
    )  # fmt: skip
    last = due + max(extension or timedelta(0), rework or timedelta(0))
    assert here.deadline == last
    assert here.overdue(now.astimezone(local)) == here.overdue(now) == (now > last)
    assert (here.not_sendable(now) is None) == (now <= last)
    assert here.late(now) == (now > due + (rework or timedelta(0)))
    assert here.not_writable(now) is None
    said = deadline(here.deadline, zone.id, now)
    with speaking("ru", zone.id):
        assert ("passed" in deadline(last, zone.id, now) or "прош" in deadline(last, zone.id, now)) == (now > last)
    assert said == deadline(last.astimezone(timezone(timedelta(hours=5))), zone.id, now)


@pytest.mark.parametrize(("by", "in_time"), [(-SECOND, True), (timedelta(0), True), (SECOND, False)])
def test_the_instant_itself_is_in_time(by, in_time):
    assert (situation().not_sendable(DUE + by) is None) == in_time
    assert situation().overdue(DUE + by) == (not in_time)
    assert (situation().tag(DUE + by) == "overdue") == (not in_time)


def test_an_extension_makes_it_late_and_rework_does_not():
    extended = situation(extended_to=DUE + timedelta(days=2))
    assert extended.late(DUE + SECOND)
    assert extended.not_sendable(DUE + timedelta(days=2)) is None
    returned = situation(S.RETURNED, rework_until=DUE + timedelta(days=2))
    assert not returned.late(DUE + timedelta(days=2))


@given(INSTANTS, SPANS)
def test_returned_work_has_at_least_a_week(due, span):
    until = rework_until(due + span, due)
    assert until >= due
    assert until - (due + span) >= REWORK_TIME


@pytest.mark.parametrize(
    ("changes", "now", "tag"),
    [
        ({}, DUE, "in_progress"),
        ({"state": S.NOT_STARTED}, DUE, "not_started"),
        ({"state": S.NOT_STARTED}, DUE + SECOND, "overdue"),
        ({"state": S.RETURNED}, DUE, "returned"),
        ({"state": S.RETURNED}, DUE + SECOND, "overdue"),
        ({"state": S.NOT_STARTED, "required": False}, DUE, "not_started"),
        ({"state": S.NOT_STARTED, "required": False}, DUE + SECOND, "missed"),
        ({"state": S.RETURNED, "required": False}, DUE + SECOND, "missed"),
        ({"state": S.ACCEPTED, "required": False}, DUE + SECOND, "accepted"),
        ({"state": S.SUBMITTED}, DUE + SECOND, "submitted"),
        ({"state": S.ACCEPTED}, OPENS - SECOND, "accepted"),
        ({"state": S.FAILED}, DUE + SECOND, "failed"),
        ({}, OPENS - SECOND, "locked"),
        ({"reached": False}, DUE + SECOND, "locked"),
    ],
)
def test_what_the_team_reads(changes, now, tag):
    assert situation(**changes).tag(now) == tag


@pytest.mark.parametrize(
    ("changes", "now", "word"),
    [
        ({"state": S.SUBMITTED}, DUE, "being checked"),
        ({"state": S.ACCEPTED}, DUE, "accepted"),
        ({"state": S.FAILED}, DUE, "not accepted"),
        ({"stopped": Message("The cohort is closed.")}, DUE, "closed"),
        ({"reached": False}, DUE, "module before it"),
        ({}, OPENS - SECOND, "opens on"),
    ],
)
def test_why_nothing_may_be_written(changes, now, word):
    here = situation(**changes)
    assert word in here.not_writable(now).msgid
    assert here.not_sendable(now) == here.not_writable(now)


def test_a_passed_deadline_stops_the_sending_and_not_the_writing():
    assert situation().not_writable(DUE + timedelta(days=9)) is None
    assert situation().not_sendable(DUE + timedelta(days=9)) is not None


# --- Gates ------------------------------------------------------------------------------------------------------------

WAIT, DATE = Gate.ALL_REQUIRED_ACCEPTED, Gate.OPEN_BY_DATE


def stops(*gates, day=timedelta(days=10), **of):
    """Modules ten days apart; `entered` and `advanced` name places."""
    return [
        Stop(OPENS + day * place, gate, place in of.get("entered", ()), place in of.get("advanced", ()))
        for place, gate in enumerate(gates)
    ]


@pytest.mark.parametrize(
    ("row", "days", "expected"),
    [
        (stops(WAIT, WAIT, WAIT), 100, [True, False, False]),
        (stops(WAIT, WAIT, WAIT, advanced=(0,)), 100, [True, True, False]),
        (stops(WAIT, WAIT, WAIT, entered=(1,)), 0, [True, True, False]),
        (stops(DATE, WAIT, WAIT), 9, [True, False, False]),
        (stops(DATE, WAIT, WAIT), 10, [True, True, False]),
        (stops(DATE, DATE, WAIT), 20, [True, True, True]),
        (stops(WAIT, DATE, WAIT), 100, [True, False, False]),
        ([], 0, []),
    ],
)
def test_which_modules_a_team_has_reached(row, days, expected):
    assert reached(row, OPENS + timedelta(days=days)) == expected


@given(st.lists(st.sampled_from(S), max_size=6), st.booleans())
def test_the_gate_waits_for_what_is_required(states, override):
    reason = not_advanceable(states, override=override)
    sent = all(state not in {S.NOT_STARTED, S.IN_PROGRESS} for state in states)
    assert (reason is None) == (sent and (override or all(state is S.ACCEPTED for state in states)))


@pytest.mark.parametrize(
    ("stop", "duties", "now", "is_reached", "expected"),
    [
        (Stop(OPENS, WAIT, advanced=True), [], DUE, True, ModuleState.DONE),
        (Stop(OPENS, WAIT), [], DUE, False, ModuleState.LOCKED),
        (Stop(OPENS, WAIT), [], OPENS - SECOND, True, ModuleState.LOCKED),
        (Stop(OPENS, WAIT), [Duty(True, situation())], DUE, True, ModuleState.NOW),
        (Stop(OPENS, WAIT), [Duty(True, situation())], DUE + SECOND, True, ModuleState.LATE),
        (Stop(OPENS, WAIT), [Duty(False, situation())], DUE + SECOND, True, ModuleState.NOW),
        (Stop(OPENS, WAIT), [Duty(True, situation(S.ACCEPTED))], DUE, True, ModuleState.NOW),
        (Stop(OPENS, DATE), [Duty(True, situation(S.ACCEPTED))], DUE, True, ModuleState.DONE),
        (Stop(OPENS, DATE), [Duty(True, situation(S.SUBMITTED))], DUE, True, ModuleState.NOW),
        (Stop(OPENS, DATE), [], DUE, True, ModuleState.NOW),
        (Stop(OPENS, DATE), [], DUE + SECOND, True, ModuleState.DONE),
    ],
)
def test_how_a_module_stands(stop, duties, now, is_reached, expected):
    assert module_state(stop, DUE, duties, now, is_reached=is_reached) is expected


def test_tasks_in_order():
    returned = Task("вернули", "/", "returned", due=DUE + timedelta(days=5), rank=0)
    question = Task("вопрос", "/", "blue", rank=1)
    soon, later, someday = (Task(t, "/", "", due=d) for t, d in (("a", DUE), ("b", DUE + SECOND), ("c", None)))
    assert in_order([someday, later, question, soon, returned]) == [returned, question, soon, later, someday]
