"""Everybody presses at once. RACES=500 runs each race that often; the negative controls must find what the locks prevent."""

import asyncio
import os
import random

import pytest

import cast
from gate import gate
from incubator.foundation.database import DB, fetch, fetch_value
from incubator.foundation.refusals import Clash, Forbidden, Refusal
from incubator.jury import rounds
from incubator.jury.conflicts import declaring
from incubator.jury.office import agreeing, conducting
from incubator.jury.rubric import Entry
from incubator.jury.sheets import actions

pytestmark = pytest.mark.usefixtures("db")

SESSIONS = int(os.environ.get("RACES", "20"))
TEAMS, JURORS = 4, 10
SPREAD = 0.02  # seconds within which everybody presses


def reads(*marks: int):
    return lambda _rubric: Entry(tuple(mark * 1000 for mark in marks), "")


async def hall() -> cast.RoundOfCast:
    return await cast.scoring_round(teams=TEAMS, jurors=JURORS, quorum=1, opened=False)


async def opened_round(first: cast.RoundOfCast) -> cast.RoundOfCast:
    """Another open round of the same teams and jurors; the first juror has handed in his first sheet."""
    runs = await first.organiser()
    made = await conducting.create_round(runs, first.cohort.id, "Ещё раунд", [team.id for team in first.teams])
    await conducting.seat_jurors(runs, made, [juror.id for juror in first.jurors])
    for juror in first.jurors:
        await declaring.declare(await cast.viewer(juror), made, {})
    await conducting.open_round(runs, made)
    where = cast.RoundOfCast(made, first.cohort, first.teams, first.jurors)
    await cast.score(where, where.jurors[0], await where.project(), 1, 2, 3, 4, 5)
    return where


async def close(where: cast.RoundOfCast) -> None:
    """Out of the way of the next round."""
    async with DB.pool.acquire() as connection:
        await connection.execute("UPDATE scoring_round SET state = 'published' WHERE id = $1", where.id)


async def soon(work):
    await asyncio.sleep(random.random() * SPREAD)
    try:
        return await work
    except Refusal as refusal:
        return refusal


async def changes_of(where: cast.RoundOfCast) -> int:
    return await fetch_value("SELECT sum(version) FROM score_sheet WHERE round = $1", where.id)


async def lock_amid_writers(where: cast.RoundOfCast) -> tuple[int, int]:
    """Saves that were recorded when the lock was, and saves that slipped in after it."""
    runs = await where.organiser()
    judges = [await cast.viewer(juror) for juror in where.jurors]
    projects = [row["id"] for row in await fetch("SELECT id FROM round_project WHERE round = $1", where.id)]
    counted = asyncio.Event()

    async def lock() -> int:
        try:
            async with DB.transaction():
                await conducting.lock_round(runs, where.id, confirmed_missing=TEAMS * JURORS - 1)
                at_lock = await changes_of(where)
                counted.set()
                await asyncio.sleep(0.1)  # in which whoever does not wait for the lock gets in
                return at_lock
        finally:
            counted.set()

    async def once_counted(work):
        await counted.wait()
        return await soon(work)

    writers = [
        actions.save_sheet(juror, where.id, project, reads(5, 4, 3, 2, 1), expected=0)
        for juror in judges for project in projects
    ]  # fmt: skip
    early, after = writers[::2], writers[1::2]
    at_lock, *answers = await asyncio.gather(soon(lock()), *map(soon, early), *map(once_counted, after))
    assert all(isinstance(each, actions.Saved | Forbidden | Clash) for each in answers)
    return at_lock, await changes_of(where) - at_lock


async def late_saves(sessions: int) -> tuple[int, int]:
    first = await hall()
    recorded = late = 0
    for _ in range(sessions):
        where = await opened_round(first)
        at_lock, after = await lock_amid_writers(where)
        recorded, late = recorded + at_lock, late + after
        await close(where)
    return recorded, late


async def test_nothing_is_recorded_after_the_lock():
    recorded, late = await late_saves(SESSIONS)
    assert late == 0
    # The lock came in the middle of things, else nothing was tried.
    assert SESSIONS < recorded < SESSIONS * TEAMS * JURORS


async def lock_beside_a_writer(where: cast.RoundOfCast) -> int:
    """Saves that slip in after the lock of the round, when a juror's save is stopped just before its row."""
    runs, juror, project = await where.organiser(), await cast.viewer(where.jurors[1]), await where.project()

    async def lock() -> int:
        async with DB.transaction():
            await conducting.lock_round(runs, where.id, confirmed_missing=TEAMS * JURORS - 1)
            return await changes_of(where)

    async with gate("score_sheet", "UPDATE") as closed:
        writing = asyncio.create_task(
            actions.save_sheet(juror, where.id, project, reads(5, 4, 3, 2, 1), expected=0)
        )  # fmt: skip
        await closed.reached()
        locking = asyncio.create_task(lock())
        await closed.stopped(locking)
        await closed.open()
        assert isinstance(await writing, actions.Saved)
        at_lock = await locking
    return await changes_of(where) - at_lock


async def test_the_lock_waits_for_a_save_that_has_begun():
    where = await opened_round(await hall())
    assert await lock_beside_a_writer(where) == 0
    assert await changes_of(where) == 2


async def test_without_the_advisory_lock_a_save_that_has_begun_comes_late(monkeypatch):
    """The negative control: then nobody waits, and what was recorded is in no result that was locked."""

    async def nothing(_round_id):
        return None

    where = await opened_round(await hall())
    monkeypatch.setattr(actions, "lock_key", lambda _round_id: None)  # a lock on nothing is no lock
    monkeypatch.setattr(rounds, "hold", nothing)
    assert await lock_beside_a_writer(where) == 1


async def test_of_several_windows_one_wins_and_the_others_learn_what_is_recorded():
    first = await hall()
    where = await opened_round(first)
    juror, project = await cast.viewer(where.jurors[1]), await where.project()
    for turn in range(SESSIONS):
        tries = [actions.save_sheet(juror, where.id, project, reads(n, n, n, n, n), expected=turn) for n in (1, 2, 3)]
        answers = await asyncio.gather(*map(soon, tries))
        won = [each for each in answers if isinstance(each, actions.Saved)]
        lost = [each for each in answers if isinstance(each, Clash)]
        assert (len(won), len(lost), won[0].version) == (1, 2, turn + 1)
        assert all(each.context["recorded"] != each.context["sent"] for each in lost)


async def test_one_press_sent_five_times_is_one_entry_and_one_receipt():
    where = await opened_round(await hall())
    juror, project = await cast.viewer(where.jurors[1]), await where.project()
    for turn in range(SESSIONS):
        mark = turn % 10
        tries = [actions.save_sheet(juror, where.id, project, reads(*[mark] * 5), expected=turn) for _ in range(5)]
        answers = await asyncio.gather(*map(soon, tries))
        assert [each.version for each in answers] == [turn + 1] * 5
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'sheet.saved'") == SESSIONS


async def test_a_juror_removed_while_he_hands_in_never_counts():
    first = await hall()
    for _ in range(SESSIONS):
        where = await opened_round(first)
        juror, project, runs = await cast.viewer(where.jurors[1]), await where.project(), await where.organiser()
        seat = await fetch_value("SELECT id FROM seat WHERE round = $1 AND person = $2", where.id, juror.id)
        await asyncio.gather(
            soon(actions.hand_in(juror, where.id, project, reads(9, 9, 9, 9, 9), expected=0)),
            soon(conducting.remove_juror(runs, where.id, seat, "Заболел")),
        )
        states = await fetch("SELECT DISTINCT state FROM score_sheet WHERE seat = $1", seat)
        assert [row["state"] for row in states] == ["void"]
        await cast.give(where.jurors[1], cast.Role.JUROR, cast.Scope.COHORT, where.cohort.id, cohort=where.cohort.id)
        await close(where)


async def test_a_conflict_declared_while_handing_in_never_counts():
    first = await cast.scoring_round(teams=1, jurors=SESSIONS, quorum=1)
    project = await first.project()
    for each in first.jurors:
        juror = await cast.viewer(each)
        await asyncio.gather(
            soon(actions.hand_in(juror, first.id, project, reads(9, 9, 9, 9, 9), expected=0)),
            soon(declaring.declare(juror, first.id, {first.teams[0].id: "Бывший коллега"})),
        )
    states = await fetch("SELECT DISTINCT state FROM score_sheet WHERE round = $1", first.id)
    assert [row["state"] for row in states] == ["recused"]


async def test_published_twice_and_against_an_unlock_one_of_them_happens():
    first = await hall()
    second, third = [await cast.second_organiser(first.cohort) for _ in range(2)]
    for _ in range(SESSIONS):
        where = await opened_round(first)
        runs, other, another = await where.organiser(), await cast.viewer(second), await cast.viewer(third)
        await conducting.lock_round(runs, where.id, confirmed_missing=TEAMS * JURORS - 1)
        publish = await agreeing.ask_to_publish(runs, where.id)
        await asyncio.gather(
            soon(agreeing.confirm(other, where.id, publish)),
            soon(agreeing.confirm(another, where.id, publish)),
            soon(agreeing.ask_to_unlock(runs, where.id, "Ошибка в листе")),
        )
        published = await fetch_value(DONE, where.id, "round.published")
        unlock = await fetch_value("SELECT id FROM jury_proposal WHERE round = $1 AND kind = 'unlock'", where.id)
        assert published == (unlock is None), "a request that waits holds the publication back"
        if unlock:
            await asyncio.gather(
                soon(agreeing.confirm(other, where.id, publish)), soon(agreeing.confirm(another, where.id, unlock))
            )
            assert await fetch_value(DONE, where.id, "round.unlocked") == 1
        state, result = await fetch_value(
            "SELECT ARRAY[state, (result IS NOT NULL)::text] FROM scoring_round WHERE id = $1", where.id
        )
        assert (state, result) == (("open", "false") if unlock else ("published", "true"))
        await close(where)


DONE = "SELECT count(*) FROM journal_entry WHERE subject = $1 AND verb = $2"


async def test_a_reopened_sheet_handed_in_while_it_is_closed_is_one_of_both_and_never_half():
    first = await hall()
    second = await cast.viewer(await cast.second_organiser(first.cohort))
    ended = set()
    for _ in range(SESSIONS):
        where = await opened_round(first)
        juror, project, runs = await cast.viewer(where.jurors[0]), await where.project(), await where.organiser()
        await conducting.lock_round(runs, where.id, confirmed_missing=TEAMS * JURORS - 1)
        found = "SELECT id, state, marks, version, reopened_at FROM score_sheet WHERE round = $1 AND state <> 'empty'"
        [sheet] = await fetch(found, where.id)
        asked = await agreeing.ask_to_reopen(runs, where.id, sheet["id"], "Описка")
        await agreeing.confirm(second, where.id, asked)
        publish = agreeing.ask_to_publish(runs, where.id)
        await asyncio.gather(
            soon(actions.hand_in(juror, where.id, project, reads(9, 9, 9, 9, 9), expected=sheet["version"] + 1)),
            soon(agreeing.close_reopened(runs, where.id, sheet["id"])),
            soon(publish),
        )
        [now] = await fetch(found, where.id)
        assert (now["state"], now["reopened_at"], now["version"]) == ("handed_in", None, sheet["version"] + 2)
        ended.add(tuple(now["marks"]))
        kept = await fetch_value("SELECT result FROM scoring_round WHERE id = $1", where.id)
        assert kept is None
        await close(where)
    assert ended <= {(9000,) * 5, (1000, 2000, 3000, 4000, 5000)}
