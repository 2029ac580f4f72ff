"""Why a team is stuck: every reason by itself, in its order, and none when all goes well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from incubator.foundation.i18n import deadline, speaking
from incubator.reporting.standstill import COLOURS, NAMES, Condition, Why, Work, reasons

NOW = datetime(2027, 3, 20, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WELL = Condition(uuid4(), uuid4(), NOW - 5 * DAY, last_sent=NOW - 3 * DAY, lead_seen=NOW - DAY)


def work(days=0, times=0):
    return Work(uuid4(), uuid4(), "Карта причин", NOW - days * DAY, times)


def whys(condition, **may):
    return [reason.why for reason in reasons(condition, NOW, **may)]


def test_a_team_that_works_is_not_stuck():
    assert whys(WELL) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"overdue": [work(2)]}, Why.OVERDUE),
        ({"waiting": [work(6)]}, Why.WAITS),
        ({"returned": [work(1, 2)]}, Why.RETURNED),
        ({"may_go_on": True}, Why.MAY_GO_ON),
        ({"lead": False}, Why.NO_LEAD),
        ({"lead_seen": None}, Why.LEAD_AWAY),
        ({"lead_seen": NOW - 15 * DAY}, Why.LEAD_AWAY),
        ({"accompanied": False}, Why.ALONE),
        ({"working_since": NOW - 40 * DAY, "last_sent": NOW - 15 * DAY}, Why.SILENT),
        ({"working_since": NOW - 15 * DAY, "last_sent": None}, Why.SILENT),
        ({"working_since": NOW - 15 * DAY, "last_sent": NOW - 60 * DAY}, Why.SILENT),
    ],
)
def test_each_reason_by_itself(changes, why):
    assert whys(replace(WELL, **changes)) == [why]


@pytest.mark.parametrize(
    "changes",
    [
        {"waiting": [work(5)]},  # exactly as long as a check may take
        {"returned": [work(1, 1)]},
        {"lead_seen": NOW - 14 * DAY},
        {"working_since": NOW - 14 * DAY, "last_sent": None},
        {"working_since": NOW - 10 * DAY, "last_sent": NOW - 60 * DAY},  # the module has opened lately
        {"working_since": NOW - 40 * DAY, "last_sent": NOW - 20 * DAY, "waiting": [work(3)]},  # others are to move
        {"working_since": None, "last_sent": NOW - 60 * DAY, "lead_seen": NOW - 60 * DAY},  # nothing to do
    ],
)
def test_what_is_no_reason(changes):
    assert whys(replace(WELL, **changes)) == []


def test_late_work_is_not_also_called_silence():
    assert whys(replace(WELL, working_since=NOW - 40 * DAY, last_sent=None, overdue=[work(1)])) == [Why.OVERDUE]


def test_the_weightiest_reason_comes_first():
    everything = replace(WELL, overdue=[work(2)], waiting=[work(9)], returned=[work(1, 3)], may_go_on=True,
                         lead_seen=None, accompanied=False)  # fmt: skip
    found = whys(everything)
    assert found == sorted(found, key=list(Why).index)
    assert found[0] is Why.OVERDUE
    assert len(found) == 6


def test_a_reason_names_the_oldest_and_the_most_often_returned():
    old, new, often = work(9), work(6), work(1, 4)
    found = {each.why: each for each in reasons(replace(WELL, waiting=[new, old], returned=[work(1, 2), often]), NOW)}
    assert found[Why.WAITS].work is old
    assert found[Why.RETURNED].work is often


def test_the_next_step_is_one_that_the_reader_may_take():
    stuck = replace(WELL, overdue=[work(2)], waiting=[work(9)], accompanied=False)
    mine = {each.why: each for each in reasons(stuck, NOW, checks=True, extends=True)}
    theirs = {each.why: each for each in reasons(stuck, NOW)}
    assert mine[Why.WAITS].href == f"/submissions/{stuck.waiting[0].submission}/desk"
    assert theirs[Why.WAITS].href == f"/teams/{stuck.team}/assignments/{stuck.waiting[0].assignment}"
    assert str(mine[Why.OVERDUE].step) != str(theirs[Why.OVERDUE].step)
    late = f"/teams/{stuck.team}/assignments/{stuck.overdue[0].assignment}"
    assert (mine[Why.OVERDUE].href, theirs[Why.OVERDUE].href) == (f"{late}#extension", late)
    assert mine[Why.ALONE].href == f"/cohorts/{stuck.cohort}/moderators"
    assert theirs[Why.ALONE].href == f"/teams/{stuck.team}"


@pytest.mark.parametrize("hours", [49, 58 * 24 + 1, 58 * 24 + 23])
def test_days_late_are_those_of_the_sentence_about_the_deadline(hours):
    zone, late = "Asia/Vladivostok", work(hours / 24)
    stuck = replace(WELL, overdue=[late], zone=zone)
    with speaking("ru", "Europe/Moscow"):
        said, sentence = str(reasons(stuck, NOW)[0].words), deadline(late.since, zone, NOW).replace("\u00a0", " ")
    assert said.removesuffix(".").endswith(sentence.rpartition(" · ")[2])


def test_days_are_counted_and_said_in_the_zone_of_the_cohort():
    seen = datetime(2027, 2, 28, 20, 0, tzinfo=UTC)  # the first of March in Vladivostok
    stuck = replace(WELL, overdue=[work(2)], lead_seen=seen, zone="Asia/Vladivostok")
    with speaking("ru", "Europe/Moscow"):
        said = [str(reason.words) for reason in reasons(stuck, NOW)]
    assert said == ["«Карта причин»: срок прошёл 2 дня назад.", "Руководитель последний раз заходил 1\u00a0марта 2027."]
    with speaking("en", "Europe/Moscow"):
        assert (
            str(reasons(replace(WELL, overdue=[work(0.5)]), NOW)[0].words)
            == "“Карта причин” should have been sent today."
        )


def test_every_reason_has_a_name_and_a_colour():
    assert set(NAMES) == set(COLOURS) == set(Why)
