"""Deadlines: soft ones, hard ones and minutes of grace; one sentence wherever a deadline is read; who decides the time."""

import asyncio
import re
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

import cast
from incubator.foundation.database import execute, fetch, fetch_value
from incubator.foundation.i18n import deadline, speaking
from incubator.foundation.refusals import Forbidden
from incubator.programmes.blueprint import LateWork
from incubator.stages import actions
from incubator.stages.rules import OPEN_STATES, Situation, SubmissionState

ROOT = Path(__file__).resolve().parents[2]
DUE = datetime(2027, 3, 14, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ZONE = "Asia/Vladivostok"


def situation(**changes):
    opened = DUE - timedelta(days=20)
    return Situation(
        **{"state": SubmissionState.IN_PROGRESS, "reached": True, "opens_at": opened, "due_at": DUE, **changes}
    )


# --- What the rules say -----------------------------------------------------------------------------------------------


def test_a_soft_deadline_takes_late_work_with_a_mark():
    soft = situation(late_work=LateWork.MARKED)
    assert soft.closes_at is None
    for late_by, late in ((-SECOND, False), (timedelta(0), False), (SECOND, True), (timedelta(days=90), True)):
        assert soft.not_sendable(DUE + late_by) is None
        assert soft.late(DUE + late_by) == late
        assert soft.tag(DUE + late_by) == ("overdue" if late else "in_progress")


def test_a_hard_deadline_closes():
    assert situation().not_sendable(DUE) is None
    assert situation().not_sendable(DUE + SECOND) is not None


def test_grace_takes_work_without_a_mark_and_then_closes():
    lenient = situation(grace=timedelta(minutes=15))
    end = DUE + timedelta(minutes=15)
    assert lenient.closes_at == end
    assert lenient.not_sendable(end) is None
    assert not lenient.late(end)
    assert lenient.tag(end) == "in_progress"
    assert lenient.not_sendable(end + SECOND) is not None
    assert lenient.tag(end + SECOND) == "overdue"


def test_optional_work_that_may_still_be_sent_is_not_missed():
    assert situation(required=False, late_work=LateWork.MARKED).tag(DUE + SECOND) == "in_progress"
    assert situation(required=False).tag(DUE + SECOND) == "missed"


@given(
    st.timedeltas(timedelta(days=-19), timedelta(days=40)),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=20)),
    st.sampled_from(LateWork),
    st.integers(0, 1440),
    st.sampled_from(sorted(OPEN_STATES)),
)
def test_what_is_read_beside_the_deadline_never_contradicts_what_is_taken(span, extension, late_work, minutes, state):
    """As long as something is said of the time after the deadline the work is taken; when it closes that is silent."""
    grace = timedelta(minutes=minutes if late_work is LateWork.REFUSED else 0)
    now = DUE + span
    here = situation(
        state=state, extended_to=extension and DUE + extension, late_work=late_work, grace=grace, zone=ZONE
    )
    taken = here.not_sendable(now) is None
    assert taken == (not here.closed(now))
    if here.after_deadline(now) is not None:
        assert taken
    if taken and now > here.deadline:
        assert here.after_deadline(now) is not None
        assert here.late(now) or grace or extension
    if not taken:
        with speaking("ru", "Europe/Moscow"):
            assert deadline(here.deadline, ZONE) in str(here.not_sendable(now))


# --- What happens -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def school(db):
    """A cohort at work with one team."""
    where = await cast.cohort()
    plan = await cast.begin(where)
    return where, await cast.team(where), plan


async def lenient(plan, **columns):
    for name, value in columns.items():
        await execute(f"UPDATE module SET {name} = $2 WHERE id = $1", plan[0].id, value)


async def test_late_work_is_taken_and_marked(school):
    _, team, plan = school
    await lenient(plan, late_work="marked")
    lead = cast.at(await cast.viewer(team.lead), plan[0].facts.due_at + timedelta(days=3))
    assert (await cast.hand_in(lead, team.id, plan[0].assignments[0].id)).late


@pytest.mark.parametrize(("minutes", "taken"), [(14, True), (15, True), (16, False)])
async def test_the_minutes_of_grace(school, minutes, taken):
    _, team, plan = school
    await lenient(plan, grace_minutes=15)
    lead = cast.at(await cast.viewer(team.lead), plan[0].facts.due_at + timedelta(minutes=minutes))
    if taken:
        assert not (await cast.hand_in(lead, team.id, plan[0].assignments[0].id)).late
    else:
        with pytest.raises(Forbidden):
            await cast.hand_in(lead, team.id, plan[0].assignments[0].id)


async def test_grace_and_lateness_by_form(client, school):
    where, _, plan = school
    await cast.sign_in(client, where.organiser)
    address = f"/cohorts/{where.id}/plan/modules/{plan[-1].id}"
    shown = plan[-1].facts.shown(ZONE)
    wrong = await client.post(address, data={**shown, "late_work": "marked", "grace_minutes": "5"})
    assert wrong.status_code == 422
    assert (await client.post(address, data={**shown, "grace_minutes": "15"})).status_code == 303
    row = (await fetch("SELECT late_work, grace_minutes FROM module WHERE id = $1", plan[-1].id))[0]
    assert dict(row) == {"late_work": "refused", "grace_minutes": 15}
    assert "15 минут сверх срока" in (await client.get(f"/cohorts/{where.id}/plan")).text


# --- One sentence -----------------------------------------------------------------------------------------------------

OTHERWISE = re.compile(
    r"(?:\bdue|due_at|deadline|extended_to|closes_at|rework_until)\s*\|\s*(?:moment|day|clock|ago)\b"
)


def test_no_template_says_a_deadline_in_other_words():
    """A deadline goes through the filter `deadline` (or `stated_deadline` where the reader's day is unknown)."""
    wrong = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in (ROOT / "templates").rglob("*.html")
        for found in OTHERWISE.finditer(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []


def test_the_search_finds_what_it_should():
    for bad in ("row.deadline|day", "stored.due_at | moment(zone)", "work.situation.extended_to|moment"):
        assert OTHERWISE.search(bad)
    assert not OTHERWISE.search("row.deadline|deadline(row.zone)")


async def test_every_page_says_the_same_sentence(client, school):
    where, team, plan = school
    await cast.moderator(where, team)
    first, second = (each.id for each in plan[0].assignments[:2])
    work = cast.work_address(team, first)
    await cast.write(team.lead, team.id, second)
    now, due = await cast.now(), plan[0].facts.due_at
    with speaking("ru", "Europe/Moscow"):
        sentence, *_ = deadline(due, ZONE, now).rpartition(" · ")
        stated = deadline(due, ZONE)
    assert "\u00a0МСК" in sentence
    lead = ("lead", f"/teams/{team.id}"), ("lead", work), ("lead", cast.work_address(team, second) + "/check")
    runs = ("organiser", "/queue?state=owed"), ("organiser", work), ("organiser", f"/cohorts/{where.id}/plan")
    for role, address in (*lead, *runs):
        await cast.sign_in(client, team.lead if role == "lead" else where.organiser)
        assert sentence in (await client.get(address)).text, address
    picked = await client.post("/queue/extension", data={"pick": f"{team.id}.{second}"})
    assert sentence in picked.text
    receipt = await cast.hand_in(team.lead, team.id, second)
    assert sentence in (await client.get(f"/submissions/{receipt.submission}/desk")).text
    await cast.sign_in(client, team.lead)
    assert stated in (await client.get(f"{cast.work_address(team, second)}/revisions/1/receipt")).text


async def test_the_letter_and_the_refusal_name_the_same_instant(client, school):
    where, team, plan = school
    first = plan[0].assignments[0].id
    organiser = await cast.viewer(where.organiser)
    until = plan[0].facts.due_at + timedelta(days=2)
    await actions.extend_deadline(organiser, team.id, first, until, "Паводок")
    with speaking("ru", "Europe/Moscow"):
        stated = deadline(until, ZONE)
    from incubator.notifications.letters import words
    from incubator.notifications.rules import Kind

    (row, *_) = await fetch("SELECT context::text FROM letter WHERE kind = 'extended'")
    import json

    with speaking("ru", "Europe/Kaliningrad"):  # the letter is read elsewhere and names the team's time
        assert any(stated in each for each in words(Kind.EXTENDED, json.loads(row["context"]), {}).paragraphs)
    late = cast.at(await cast.viewer(team.lead), until + SECOND)
    await cast.write(late, team.id, first)
    with pytest.raises(Forbidden) as refused:
        await actions.send(late, team.id, first, (await cast.work_of(team, first)).version)
    with speaking("ru", "Europe/Kaliningrad"):
        assert stated in str(refused.value.reason)


# --- Whose clock ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def served(app):
    """The application behind a real socket; its port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="warning", loop="none"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def slowly(port, client, address, form, pause):
    """POST a form whose headers and first byte arrive now, and the rest after `pause()`; the status."""
    body = urlencode(form).encode()
    head = {
        "Host": f"127.0.0.1:{port}", "Content-Type": "application/x-www-form-urlencoded", "Content-Length": len(body),
        "Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items()), "Connection": "close",
    }  # fmt: skip
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"POST {address} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    writer.write("\r\n".join(lines).encode() + body[:1])
    await writer.drain()
    await pause()
    writer.write(body[1:])
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return int(answer.split()[1])


async def until_after(due):
    while await fetch_value("SELECT now() <= $1", due + SECOND / 2):
        await asyncio.sleep(0.1)


async def nothing():
    return


@pytest.mark.parametrize(("begins_in_time", "status"), [(True, 303), (False, 403)])
async def test_what_counts_is_when_the_headers_arrive(app, client, school, begins_in_time, status):
    """A slow line is not late; the negative control begins after the deadline."""
    _, team, plan = school
    work = plan[0].assignments[0].id
    await cast.write(team.lead, team.id, work)
    await cast.sign_in(client, team.lead)
    form = {"version": (await cast.work_of(team, work)).version, "_csrf": client.headers["x-csrf-token"]}
    due = await cast.now() + timedelta(seconds=2)
    await execute("UPDATE module SET due_at = $2 WHERE id = $1", plan[0].id, due)
    async with served(app) as port:
        if not begins_in_time:
            await until_after(due)
        pause = (lambda: until_after(due)) if begins_in_time else nothing
        assert await slowly(port, client, cast.work_address(team, work) + "/check", form, pause) == status
    rows = await fetch("SELECT sent_at, late FROM revision")
    assert [(row["sent_at"] <= due, row["late"]) for row in rows] == ([(True, False)] if begins_in_time else [])
    assert await fetch_value("SELECT now() > $1", due)
