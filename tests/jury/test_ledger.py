"""The ledger that the database keeps: what really happens verifies, what is tampered with doesn't, nothing is taken out."""

import asyncio
import json
import os
import random

import asyncpg
import pytest

import cast
from gate import gate
from incubator import upkeep
from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Refusal
from incubator.jury.conflicts import declaring
from incubator.jury.ledger import book, verifier
from incubator.jury.office import agreeing, conducting
from incubator.jury.rubric import Entry
from incubator.jury.sheets import actions
from incubator.notifications import actions as letters  # noqa: F401  (who writes them when something is recorded)

pytestmark = pytest.mark.usefixtures("db")

PRESSES = int(os.environ.get("PRESSES", "200"))


def reads(*marks: int | None, comment: str = ""):
    return lambda _rubric: Entry(tuple(None if mark is None else mark * 1000 for mark in marks), comment)


async def told() -> cast.RoundOfCast:
    """A round in which everything that can happen to a sheet has happened, published."""
    where = await cast.scoring_round(teams=3, jurors=5)
    runs, second = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    jurors = [await cast.viewer(juror) for juror in where.jurors]
    projects = [await where.project(number) for number in range(3)]
    for number, juror in enumerate(where.jurors[:4]):
        for place, project in enumerate(projects):
            await cast.score(where, juror, project, *[5 + (number + place) % 5] * 5, comment="По делу")
    await actions.save_sheet(jurors[4], where.id, projects[0], reads(None, 3, None, None, None), expected=0)
    await actions.abstain(jurors[4], where.id, projects[1], "Не моя область")
    await actions.recuse(jurors[3], where.id, projects[2], "Работали вместе")
    await actions.take_back(jurors[0], where.id, projects[0])
    await actions.hand_in(jurors[0], where.id, projects[0], reads(1, 2, 3, 4, 5), expected=await version(where, 0, 0))
    await declaring.declare(jurors[2], where.id, {where.teams[0].id: "Свояк"})
    await declaring.lift(
        runs, await fetch_value("SELECT id FROM conflict_of_interest WHERE person = $1", jurors[2].id), "Нет"
    )
    await conducting.remove_juror(runs, where.id, await seat(where, 4), "Заболел")
    await lock(where)
    await agreed(where, second, agreeing.ask_to_unlock(runs, where.id, "Опоздали"))
    await actions.hand_in(jurors[2], where.id, projects[0], reads(7, 7, 7, 7, 7), expected=await version(where, 2, 0))
    await lock(where)
    sheet = await fetch_value(
        "SELECT id FROM score_sheet WHERE seat = $1 AND project = $2", await seat(where, 1), projects[1]
    )
    await agreed(where, second, agreeing.ask_to_reopen(runs, where.id, sheet, "Описка"))
    await actions.save_sheet(
        jurors[1], where.id, projects[1], reads(9, 9, None, 9, 9), expected=await version(where, 1, 1)
    )
    await agreeing.close_reopened(runs, where.id, sheet)
    await agreed(where, second, agreeing.ask_to_publish(runs, where.id))
    return where


async def seat(where: cast.RoundOfCast, number: int):
    return await fetch_value("SELECT id FROM seat WHERE round = $1 AND person = $2", where.id, where.jurors[number].id)


async def version(where: cast.RoundOfCast, juror: int, team: int) -> int:
    found = "SELECT version FROM score_sheet WHERE seat = $1 AND project = $2"
    return await fetch_value(found, await seat(where, juror), await where.project(team))


async def lock(where: cast.RoundOfCast) -> None:
    missing = (
        "SELECT count(*) FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE s.round = $1"
        " AND s.state IN ('empty', 'draft') AND e.removed_at IS NULL"
    )
    await conducting.lock_round(
        await where.organiser(), where.id, confirmed_missing=await fetch_value(missing, where.id)
    )


async def agreed(where: cast.RoundOfCast, second, asking) -> None:
    await agreeing.confirm(second, where.id, await asking)


# --- What really happens ----------------------------------------------------------------------------------------------


async def test_a_round_in_which_everything_happened_verifies():
    where = await told()
    assert await book.verify(where.id) == ([], await book.root_of(where.id))
    kinds = await fetch(
        "SELECT payload::jsonb ->> 'k' AS k, count(*) FROM ledger_entry WHERE chain = $1 GROUP BY 1", where.id
    )
    counted = {row["k"]: row["count"] for row in kinds}
    assert counted.pop("sheet") > 5
    assert counted == {"open": 1, "deal": 1, "lock": 2, "unlock": 1, "reopen": 1, "publish": 1}


async def test_the_root_is_the_one_of_the_verifier_also_with_silent_jurors():
    where = await cast.scoring_round(teams=2, jurors=4)
    await cast.score(where, where.jurors[0], await where.project(), 1, 2, 3, 4, 5)
    found = verifier.Ledger(await book.entries(where.id))
    assert (found.faults, found.root) == ([], await book.root_of(where.id))
    assert sorted(length for length, _ in found.heads.values()) == [0, 0, 0, 1, 2]


async def test_the_published_root_stands_in_the_journal_and_verifies():
    where = await told()
    root = await fetch_value("SELECT data ->> 'root' FROM journal_entry WHERE verb = 'round.published'")
    assert await book.verify(where.id, root) == ([], root)
    assert (await book.verify(where.id, "0" * 64))[0] == [
        f"the root is {root}, made known was {'0' * 64}, which it never was"
    ]


async def test_a_receipt_is_the_hash_of_an_own_entry():
    where = await cast.scoring_round(teams=2, jurors=2)
    saved = await actions.save_sheet(
        await cast.viewer(where.jurors[0]), where.id, await where.project(), reads(1, 2, 3, 4, 5), expected=0
    )
    row = await fetch_one(
        "SELECT chain, payload::jsonb ->> 'k' AS k FROM ledger_entry WHERE hash = $1", bytes.fromhex(saved.receipt)
    )
    assert (row["chain"], row["k"]) == (await seat(where, 0), "sheet")


async def test_an_entry_holds_neither_a_name_nor_the_words_of_a_comment():
    where = await cast.scoring_round(teams=2, jurors=2)
    await cast.score(where, where.jurors[0], await where.project(), 1, 2, 3, 4, 5, comment="Канарейка")
    text = await fetch_value("SELECT string_agg(payload, ' ') FROM ledger_entry")
    assert "Канарейка" not in text
    assert where.jurors[0].name not in text
    assert str(where.jurors[0].id) not in text


async def test_the_same_marks_of_two_jurors_have_different_hashes():
    where = await cast.scoring_round(teams=2, jurors=3)
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(), 5, 5, 5, 5, 5)
    assert await fetch_value(
        "SELECT count(DISTINCT nonce) = count(*) AND count(DISTINCT hash) = count(*) FROM ledger_entry"
    )


async def test_open_rounds_make_their_root_known_when_something_was_written():
    where = await cast.scoring_round(teams=2, jurors=3)
    await book.checkpoint()
    assert (await book.summary(where.id)).milestones == ()  # silence needs no root
    await cast.score(where, where.jurors[0], await where.project(), 1, 2, 3, 4, 5)
    await asyncio.gather(book.checkpoint(), book.checkpoint())
    await book.checkpoint()
    [known] = (await book.summary(where.id)).milestones
    assert (known.kind, known.root, known.entries) == ("checkpoint", await book.root_of(where.id), 4)
    assert (await book.verify(where.id, known.root))[0] == []
    await cast.score(where, where.jurors[1], await where.project(), 1, 2, 3, 4, 5)
    await book.checkpoint()
    assert len((await book.summary(where.id)).milestones) == 2


async def test_every_juror_gets_the_root_and_his_own_last_receipt_by_letter():
    where = await cast.scoring_round(teams=2, jurors=3)
    for juror in where.jurors[:2]:
        await cast.score(where, juror, await where.project(), 1, 2, 3, 4, 5)
    await lock(where)
    root = await book.root_of(where.id)
    told = await fetch("SELECT person, context AS facts FROM letter WHERE kind = 'locked'")
    facts = {row["person"]: json.loads(row["facts"]) for row in told}
    assert set(facts) == {juror.id for juror in where.jurors}
    assert {each["root"] for each in facts.values()} == {root}
    mine = await fetch_value("SELECT encode(hash, 'hex') FROM ledger_entry WHERE chain = $1", await seat(where, 0))
    assert (facts[where.jurors[0].id]["receipt"], facts[where.jurors[2].id]["receipt"]) == (mine, "")


# --- Who would change the past ----------------------------------------------------------------------------------------

REFUSED = [
    "UPDATE ledger_entry SET payload = replace(payload, '9000', '1000')",
    "DELETE FROM ledger_entry",
    "TRUNCATE ledger_entry",
    "UPDATE score_sheet SET marks = '{10000,10000,10000,10000,10000}', total = 1000000",
    "UPDATE score_sheet SET state = 'void'",
    "UPDATE score_sheet SET version = version + 2",
    "DELETE FROM score_sheet WHERE version > 0",
    """
    WITH e AS (INSERT INTO seat (id, round, person, seated_at, removal_reason)
               SELECT gen_random_uuid(), e.round, o.id, now(), '' FROM seat e, person o
               WHERE o.id NOT IN (SELECT person FROM seat) LIMIT 1 RETURNING id, round)
    INSERT INTO score_sheet (id, round, project, seat, state, marks, comment, reason, version, own_version)
    SELECT gen_random_uuid(), e.round, p.id, e.id, 'draft', '{9000}', '', '', 1, 1 FROM e JOIN round_project p ON p.round = e.round
    """,
]


@pytest.mark.parametrize("statement", REFUSED)
async def test_the_database_refuses(statement):
    where = await told()
    before = await book.entries(where.id), await fetch("SELECT * FROM score_sheet ORDER BY id")
    with pytest.raises(asyncpg.PostgresError) as caught:
        await execute(statement)
    assert caught.value.sqlstate == "42501"
    assert (await book.entries(where.id), await fetch("SELECT * FROM score_sheet ORDER BY id")) == before


FORBIDDEN_TO_THE_SITE = [
    *REFUSED[:3],
    "ALTER TABLE ledger_entry DISABLE TRIGGER append_only",
    "ALTER TABLE score_sheet DISABLE TRIGGER ledger",
    "DROP TABLE ledger_entry",
    "DROP FUNCTION ledger_append",
    "INSERT INTO ledger_entry SELECT gen_random_uuid(), round, chain, seq + 1, prev, nonce, payload, hash FROM ledger_entry",
    "SET session_replication_role = replica",
    "UPDATE journal_entry SET verb = 'nothing'",
    "DELETE FROM revision",
    "TRUNCATE score_sheet",
]


async def test_the_role_that_serves_pages_can_add_but_not_change(dsn):
    where = await cast.scoring_round(teams=2, jurors=2)
    await upkeep._granted(dsn, "site_of_tests", make=True)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET SESSION AUTHORIZATION site_of_tests")
        saved = (
            "UPDATE score_sheet SET state = 'draft', version = version + 1, own_version = version + 1, saved_at = now()"
        )
        assert await connection.execute(saved) == "UPDATE 4"
        for statement in FORBIDDEN_TO_THE_SITE:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
    assert (await book.verify(where.id))[0] == []


async def test_a_mark_changed_with_a_new_version_is_in_the_ledger_as_somebody_elses():
    where = await told()
    await execute("UPDATE score_sheet SET marks[1] = 0, version = version + 1 WHERE state = 'handed_in'")
    faults, _ = await book.verify(where.id)
    assert any("marks were changed by somebody else" in fault for fault in faults)
    assert any("written in after the lock" in fault or "published" in fault for fault in faults)


SPOILT = [
    "UPDATE score_sheet SET marks[{n}] = (marks[{n}] + 1000) % 11000 WHERE id = $1",
    "UPDATE score_sheet SET total = total + 1 WHERE id = $1",
    "UPDATE score_sheet SET state = 'void' WHERE id = $1",
    "UPDATE score_sheet SET state = 'draft' WHERE id = $1",
    "UPDATE score_sheet SET version = version + 1 WHERE id = $1",
    "UPDATE score_sheet SET receipt = sha256('other') WHERE id = $1",
    "DELETE FROM score_sheet WHERE id = $1",
]


FREE = """
SELECT id FROM score_sheet s WHERE state = 'handed_in' AND NOT EXISTS (SELECT FROM jury_proposal o WHERE o.sheet = s.id)
ORDER BY id
"""


async def test_every_edit_of_the_sheets_behind_our_back_is_noticed():
    """By whoever owns the tables and takes the guard away first."""
    where, chance = await told(), random.Random(1)
    await execute("ALTER TABLE score_sheet DISABLE TRIGGER ledger")
    try:
        sheets = [row["id"] for row in await fetch(FREE)]
        for _ in range(60):
            statement = chance.choice(SPOILT).format(n=chance.randrange(1, 6))
            with pytest.raises(_Undo):
                async with DB.transaction():
                    assert await execute(statement, chance.choice(sheets)) == 1
                    assert (await book.verify(where.id))[0] != [], statement
                    raise _Undo
    finally:
        await execute("ALTER TABLE score_sheet ENABLE TRIGGER ledger")
    assert (await book.verify(where.id))[0] == []


class _Undo(Exception):
    """Nothing of the block stays."""


# --- Everybody at once ------------------------------------------------------------------------------------------------


async def presses(where: cast.RoundOfCast, count: int) -> None:
    """Double clicks and tabs: every juror saves all his sheets again and again, each press twice."""
    projects = [await where.project(number) for number in range(len(where.teams))]
    people = [await cast.viewer(juror) for juror in where.jurors]
    chance = random.Random(count)

    async def press(who, project, mark, expected) -> None:
        try:
            await actions.save_sheet(who, where.id, project, reads(*[mark] * 5), expected=expected)
        except Refusal:
            return

    for turn in range(count // (2 * len(people) * len(projects))):
        once = [(who, project, chance.randrange(11), turn) for who in people for project in projects]
        await asyncio.gather(*(press(*each) for each in [*once, *once]))


async def test_many_presses_at_once_keep_every_chain_whole():
    where = await cast.scoring_round(teams=4, jurors=5)
    await presses(where, PRESSES)
    assert (await book.verify(where.id))[0] == []
    written = await fetch_value("SELECT count(*) FROM ledger_entry WHERE chain <> round")
    assert written == await fetch_value("SELECT sum(version) FROM score_sheet") > 0


async def two_sheets_of_one_juror(where: cast.RoundOfCast) -> list[object]:
    """What becomes of two saves of one juror, when the first of them is stopped between reading the end of his chain and
    adding to it.
    """
    juror, projects = await cast.viewer(where.jurors[0]), [await where.project(number) for number in range(2)]

    def save(project) -> asyncio.Task:
        work = actions.save_sheet(juror, where.id, project, reads(5, 4, 3, 2, 1), expected=0)
        return asyncio.create_task(work)

    async with gate("ledger_entry", "INSERT") as closed:
        first = save(projects[0])
        await closed.reached()
        second = save(projects[1])
        await closed.stopped(second)
        await closed.open()
        return await asyncio.gather(first, second, return_exceptions=True)


async def test_who_adds_to_a_chain_waits_for_who_is_adding():
    where = await cast.scoring_round(teams=2, jurors=1)
    ended = await two_sheets_of_one_juror(where)
    assert all(isinstance(each, actions.Saved) for each in ended), ended
    assert (await book.verify(where.id))[0] == []


async def test_without_the_lock_of_a_chain_two_who_add_collide():
    """The negative control: then only the key keeps a fork out, and one of them fails."""
    source = await fetch_value("SELECT pg_get_functiondef('ledger_append'::regproc)")
    where = await cast.scoring_round(teams=2, jurors=1)
    await execute(source.replace("PERFORM pg_advisory_xact_lock", "PERFORM abs"))
    try:
        ended = await two_sheets_of_one_juror(where)
    finally:
        await execute(source)
    assert [type(each) for each in ended if not isinstance(each, actions.Saved)] == [asyncpg.UniqueViolationError]
    assert (await book.verify(where.id))[0] == []
