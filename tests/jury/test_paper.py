"""Sheets of paper: two people type them, the juror's own writing is never overwritten, and the ledger tells it all."""

import asyncio
import json
import re

import asyncpg
import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Forbidden, Refused
from incubator.jury.conflicts import declaring
from incubator.jury.ledger import book
from incubator.jury.office import conducting, seating
from incubator.jury.pages import signing
from incubator.jury.pitch import transcribing
from incubator.jury.pitch.transcribing import Typed
from incubator.jury.rubric import Entry
from incubator.jury.rules import SheetState
from incubator.jury.sheets import actions, queries
from incubator.jury.sheets.papers import LOOK_AWAY, Paper, Step, code_of, paper_of, tail_of
from incubator.notifications import actions as letters  # noqa: F401  (who writes them when something is recorded)


def says(*marks, comment=""):
    entry = Entry(tuple(mark * 1000 for mark in marks), comment)
    return lambda _rubric, _paper: entry


async def two(where):
    """Both organisers of a round, who type."""
    return await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))


async def sheet_of(where, juror=0, team=0):
    return await fetch_value(
        "SELECT s.id FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE e.person = $1 AND s.project = $2",
        where.jurors[juror].id, await where.project(team),
    )  # fmt: skip


async def typed(viewer, where, sheet, step, *marks, reason="", comment=""):
    return await transcribing.type_in(viewer, where.id, sheet, Typed(step, says(*marks, comment=comment), reason))


async def both(where, sheet, *marks, comment=""):
    one, other = await two(where)
    await typed(one, where, sheet, Step.FIRST, *marks, comment=comment)
    return await typed(other, where, sheet, Step.SECOND, *marks)


async def row(sheet):
    return await fetch_one("SELECT * FROM score_sheet WHERE id = $1", sheet)


@pytest.fixture
async def where(db):
    return await cast.scoring_round(teams=2, jurors=3)


# --- Two readings -----------------------------------------------------------------------------------------------------


async def test_two_readings_that_agree_come_onto_the_sheet(where):
    sheet = await sheet_of(where)
    slip = await both(where, sheet, 5, 4, 3, 2, 1, comment="С бумаги")
    now = await row(sheet)
    assert (slip.entered, now["state"], now["marks"]) == (True, "handed_in", [5000, 4000, 3000, 2000, 1000])
    assert (now["comment"], now["version"], now["own_version"]) == ("С бумаги", 1, 0)
    assert (await book.verify(where.id))[0] == []
    entry = json.loads(await fetch_value("SELECT payload FROM ledger_entry WHERE hash = $1", now["receipt"]))
    assert [reading for _, reading, _ in entry["paper"]] == ["first", "second"]
    assert len({person for person, _, _ in entry["paper"]}) == 2


async def test_where_the_readings_differ_a_third_look_decides_and_all_is_kept(where):
    sheet = await sheet_of(where)
    one, other = await two(where)
    await typed(one, where, sheet, Step.FIRST, 5, 4, 3, 2, 1)
    slip = await typed(other, where, sheet, Step.SECOND, 5, 4, 3, 2, 7)
    assert (slip.paper.step, slip.paper.differs, (await row(sheet))["state"]) == (Step.SETTLED, (4,), "empty")
    slip = await typed(one, where, sheet, Step.SETTLED, 5, 4, 3, 2, 7, reason="Семёрка с хвостиком")
    assert slip.entered
    assert (await row(sheet))["marks"][-1] == 7000
    kept = await fetch(
        "SELECT reading, marks[5] AS last, reason FROM paper_entry WHERE sheet = $1 ORDER BY reading", sheet
    )
    assert [(each["reading"], each["last"]) for each in kept] == [("first", 1000), ("second", 7000), ("settled", 7000)]
    assert (await book.verify(where.id))[0] == []


async def test_the_same_person_reads_it_twice_only_where_nobody_else_could(where):
    sheet, alone = await sheet_of(where), await where.organiser()
    await typed(alone, where, sheet, Step.FIRST, 5, 4, 3, 2, 1)
    with pytest.raises(Refused, match=r"ten minutes|десять минут"):
        await typed(alone, where, sheet, Step.SECOND, 5, 4, 3, 2, 1)
    second = await cast.second_organiser(where.cohort)
    later = cast.at(alone, alone.now + LOOK_AWAY)
    with pytest.raises(Refused, match=r"Another person|другой человек"):
        await typed(later, where, sheet, Step.SECOND, 5, 4, 3, 2, 1)
    await execute("UPDATE person SET deactivated_at = now() WHERE id = $1", second.id)
    assert (await typed(later, where, sheet, Step.SECOND, 5, 4, 3, 2, 1)).entered
    assert (await book.verify(where.id))[0] == []


async def test_a_page_of_an_earlier_step_is_refused(where):
    sheet = await sheet_of(where)
    one, other = await two(where)
    await typed(one, where, sheet, Step.FIRST, 5, 4, 3, 2, 1)
    with pytest.raises(Refused):
        await typed(other, where, sheet, Step.FIRST, 9, 9, 9, 9, 9)
    assert await fetch_value("SELECT count(*) FROM paper_entry") == 1


async def test_two_second_readings_at_once_are_one(where):
    sheet = await sheet_of(where)
    one, other = await two(where)
    third = await cast.viewer(await cast.second_organiser(where.cohort))
    await typed(one, where, sheet, Step.FIRST, 5, 4, 3, 2, 1)
    tries = [typed(who, where, sheet, Step.SECOND, 5, 4, 3, 2, 1) for who in (other, third)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, Refused) for each in done) == 1
    assert await fetch_value("SELECT count(*) FROM paper_entry") == 2
    assert ((await row(sheet))["version"], (await book.verify(where.id))[0]) == (1, [])


async def test_readings_for_the_wrong_sheet_are_set_aside_and_kept(where):
    sheet = await sheet_of(where)
    one, other = await two(where)
    await typed(one, where, sheet, Step.FIRST, 1, 1, 1, 1, 1)
    await transcribing.set_aside(other, where.id, sheet, "Не тот эксперт")
    slip = await both(where, sheet, 5, 4, 3, 2, 1)
    assert slip.entered
    assert await fetch_value("SELECT count(*) FROM paper_entry WHERE set_aside_at IS NOT NULL") == 1
    assert (await book.verify(where.id))[0] == []
    with pytest.raises(Refused):
        await transcribing.set_aside(one, where.id, sheet, "Поздно")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE paper_entry SET marks[1] = 0", "DELETE FROM paper_entry", "UPDATE paper_entry SET typed_by = (SELECT id FROM person LIMIT 1 OFFSET 3)"],
)  # fmt: skip
async def test_no_reading_is_ever_changed(where, statement):
    await both(where, await sheet_of(where), 5, 4, 3, 2, 1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(statement)


# --- The juror's own writing ------------------------------------------------------------------------------------------


async def test_paper_never_comes_over_what_the_juror_wrote_and_he_lets_it_stand(where):
    sheet, juror = await sheet_of(where), await cast.viewer(where.jurors[0])
    project = await where.project()
    await cast.score(where, where.jurors[0], project, 9, 9, 9, 9, 9, comment="Моё")
    slip = await both(where, sheet, 5, 4, 3, 2, 1)
    assert (slip.waits, slip.entered, (await row(sheet))["marks"][0]) == (True, False, 9000)
    page = await queries.sheet_page(juror, where.id, project)
    assert (page.paper_waits, page.from_paper) == (True, False)
    await transcribing.choose(juror, where.id, project, paper_stands=True, version=page.sheet.version)
    now = await row(sheet)
    assert (now["marks"][0], now["own_version"], now["version"], now["comment"]) == (5000, 2, 2, "Моё")
    assert not (await queries.sheet_page(juror, where.id, project)).paper_waits
    assert (await book.verify(where.id))[0] == []


async def test_the_juror_keeps_what_he_wrote(where):
    sheet, juror = await sheet_of(where), await cast.viewer(where.jurors[0])
    project = await where.project()
    await cast.score(where, where.jurors[0], project, 9, 9, 9, 9, 9)
    await both(where, sheet, 5, 4, 3, 2, 1)
    await transcribing.choose(juror, where.id, project, paper_stands=False, version=1)
    assert ((await row(sheet))["marks"][0], (await row(sheet))["version"]) == (9000, 1)
    assert not (await queries.sheet_page(juror, where.id, project)).paper_waits
    with pytest.raises(Refused):
        await transcribing.choose(juror, where.id, project, paper_stands=True, version=1)


async def test_paper_that_says_the_same_changes_nothing(where):
    await cast.score(where, where.jurors[0], await where.project(), 5, 4, 3, 2, 1)
    slip = await both(where, await sheet_of(where), 5, 4, 3, 2, 1)
    assert (slip.waits, slip.entered, (await row(slip.id))["version"]) == (False, False, 1)


async def test_a_draft_counts_as_written(where):
    sheet, juror = await sheet_of(where), await cast.viewer(where.jurors[0])
    half = Entry((3000, None, None, None, None), "")
    await actions.save_sheet(juror, where.id, await where.project(), lambda _: half, expected=0)
    assert (await both(where, sheet, 5, 4, 3, 2, 1)).waits


async def test_the_juror_sees_it_and_takes_it_back_until_the_lock(where):
    sheet, juror = await sheet_of(where), await cast.viewer(where.jurors[0])
    project = await where.project()
    await both(where, sheet, 5, 4, 3, 2, 1)
    assert (await queries.sheet_page(juror, where.id, project)).from_paper
    [receipt] = await book.receipts(where.id, juror.id)
    assert (receipt.paper, receipt.hash) == (True, (await row(sheet))["receipt"].hex())
    await actions.take_back(juror, where.id, project)
    new = Entry((6000,) * 5, "")
    await actions.hand_in(juror, where.id, project, lambda _: new, expected=2)
    assert not (await queries.sheet_page(juror, where.id, project)).from_paper
    assert (await book.verify(where.id))[0] == []


async def test_the_letter_holds_the_receipt_and_no_mark(where):
    sheet = await sheet_of(where)
    await both(where, sheet, 5, 4, 3, 2, 1)
    [letter] = await fetch("SELECT person, context FROM letter WHERE kind = 'paper'")
    facts = json.loads(letter["context"])
    assert (letter["person"], facts["receipt"]) == (where.jurors[0].id, (await row(sheet))["receipt"].hex())
    assert set(facts) <= {"programme", "round", "project", "path", "receipt", "at", "zone"}


# --- Who and when -----------------------------------------------------------------------------------------------------


async def refused(where, sheet, match, refusal=Refused):
    before = await fetch("SELECT * FROM score_sheet ORDER BY id"), await book.entries(where.id)
    with pytest.raises(refusal, match=match):
        await typed(await where.organiser(), where, sheet, Step.FIRST, 5, 4, 3, 2, 1)
    assert (await fetch("SELECT * FROM score_sheet ORDER BY id"), await book.entries(where.id)) == before


async def test_paper_is_refused_for_a_conflict_a_removal_a_confirmation_and_after_the_lock(where):
    sheet, other = await sheet_of(where), await sheet_of(where, team=1)
    juror = await cast.viewer(where.jurors[0])
    await declaring.declare(juror, where.id, {where.teams[0].id: "Свояк"})
    await refused(where, sheet, "conflict|конфликт")
    await cast.score(where, where.jurors[0], await where.project(1), 5, 5, 5, 5, 5)
    await signing.sign(juror, where.id)
    await refused(where, other, "confirmed|подтвердил")
    third = await sheet_of(where, juror=2)
    seat = await fetch_value("SELECT seat FROM score_sheet WHERE id = $1", third)
    await conducting.remove_juror(await where.organiser(), where.id, seat, "Заболел")
    await refused(where, third, "no longer|больше нет")
    await cast.score(where, where.jurors[1], await where.project(1), 5, 5, 5, 5, 5)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=1)
    await refused(where, await sheet_of(where, juror=1), "locked|закрыт", Forbidden)


async def test_who_scores_does_not_type_and_a_secretary_without_sheets_does(where):
    runs, sheet = await where.organiser(), await sheet_of(where)
    seat = await fetch_value("SELECT id FROM seat WHERE person = $1", where.jurors[1].id)
    await seating.set_duty(runs, where.id, seat, "secretary_votes")
    with pytest.raises(Forbidden):
        await typed(await cast.viewer(where.jurors[1]), where, sheet, Step.FIRST, 5, 4, 3, 2, 1)
    with pytest.raises(Forbidden):
        await typed(await cast.viewer(where.jurors[2]), where, sheet, Step.FIRST, 5, 4, 3, 2, 1)


async def test_the_lock_and_the_second_reading_meet_and_nothing_gets_in_after_it(db):
    for _ in range(8):
        where = await cast.scoring_round(teams=1, jurors=3)
        for juror in where.jurors[1:]:
            await cast.score(where, juror, await where.project(), 5, 5, 5, 5, 5)
        sheet = await sheet_of(where)
        one, other = await two(where)
        await typed(one, where, sheet, Step.FIRST, 5, 4, 3, 2, 1)
        await asyncio.gather(
            typed(other, where, sheet, Step.SECOND, 5, 4, 3, 2, 1),
            conducting.lock_round(one, where.id, confirmed_missing=1), return_exceptions=True,
        )  # fmt: skip
        state = await fetch_value("SELECT state FROM scoring_round WHERE id = $1", where.id)
        entered = (await row(sheet))["state"] == "handed_in"
        assert entered is (state == "open")  # the lock had agreed to one missing sheet
        assert (await book.verify(where.id))[0] == []


async def test_an_open_round_makes_its_root_known_after_paper_too(where):
    await both(where, await sheet_of(where), 5, 4, 3, 2, 1)
    await book.checkpoint()
    await book.checkpoint()
    assert len((await book.summary(where.id)).milestones) == 1


# --- Pages ------------------------------------------------------------------------------------------------------------


async def test_the_pages_from_the_blank_sheet_to_the_receipt(where, client):
    sheet = await sheet_of(where)
    second = await cast.second_organiser(where.cohort)
    await cast.sign_in(client, where.cohort.organiser)
    blanks = (await client.get(f"/rounds/{where.id}/paper/print")).text
    assert blanks.count('class="slip"') == 6
    assert code_of(sheet) in blanks
    found = await client.post(f"/rounds/{where.id}/paper", data={"code": code_of(sheet)})
    address = f"/rounds/{where.id}/paper/{sheet}"
    assert (found.status_code, found.headers["location"]) == (303, address)
    keys = ("problem", "solution", "pilot", "feasibility", "team")
    marks = {f"mark_{key}": "5" for key in keys}
    wrong = await client.post(address, data={**marks, "mark_team": "99", "step": "first"})
    assert wrong.status_code == 422
    assert 'value="99"' in wrong.text
    assert (await client.post(address, data={**marks, "step": "first"})).status_code == 303
    assert "вводит другой человек" in (await client.get(address)).text
    await cast.sign_in(client, second)
    page = (await client.get(address)).text
    assert not re.search(r'name="mark_\w+"[^>]*value="5"', page)
    assert (await client.post(address, data={**marks, "mark_team": "6", "step": "second"})).status_code == 303
    page = (await client.get(address)).text
    assert page.count('name="mark_') == 1
    assert (await client.post(address, data={"mark_team": "5", "step": "settled"})).status_code == 422
    settled = {"mark_team": "5", "step": "settled", "reason": "Посмотрели ещё раз"}
    assert (await client.post(address, data=settled)).status_code == 303
    assert "Записан" in (await client.get(f"/rounds/{where.id}/paper")).text
    await cast.sign_in(client, where.jurors[0])
    own = await client.get(address)
    assert own.headers["location"] == f"/rounds/{where.id}/projects/{await where.project()}", (
        "his code leads to his sheet"
    )
    await cast.sign_in(client, where.jurors[1])
    assert (await client.get(address)).status_code == 403, "and that of another juror nowhere"
    await cast.sign_in(client, where.jurors[0])
    assert (
        "Введено с вашего бумажного листа"
        in (await client.get(f"/rounds/{where.id}/projects/{await where.project()}")).text
    )
    assert "с бумаги" in (await client.get(f"/rounds/{where.id}/receipts")).text


SEVEN = re.compile(r"(?<![\d:.\-])7(?![\d:.\-])")


def content(answer):
    """What a page says of its subject: without names and addresses of who is signed in, and without moments."""
    shown = re.sub(
        r"<(script|style|svg).*?</\1>|<[^>]+>", " ", answer.text.split("<main")[1].split("</main")[0], flags=re.DOTALL
    )
    return re.sub(r"\d+ [а-я]+ 20\d\d|МСК\+7", "", shown)


async def test_nobody_sees_a_typed_mark_after_the_sheet_is_recorded(where, client):
    sheet = await sheet_of(where)
    await both(where, sheet, 7, 7, 7, 7, 7)
    await cast.sign_in(client, where.cohort.organiser)
    for path in (f"/rounds/{where.id}/paper", f"/rounds/{where.id}/paper/{sheet}", f"/rounds/{where.id}"):
        assert not SEVEN.search(content(await client.get(path)).replace(code_of(sheet), "")), path
    await cast.sign_in(client, where.jurors[0])
    assert SEVEN.search(content(await client.get(f"/rounds/{where.id}/projects/{await where.project()}"))), (
        "found where one stands"
    )


async def test_the_juror_chooses_on_his_own_sheet(where, client):
    project = await where.project()
    await cast.score(where, where.jurors[0], project, 9, 9, 9, 9, 9)
    await both(where, await sheet_of(where), 5, 4, 3, 2, 1)
    await cast.sign_in(client, where.jurors[0])
    address = f"/rounds/{where.id}/projects/{project}"
    assert "На вашем бумажном листе другие баллы" in (await client.get(address)).text
    assert (await client.post(f"{address}/paper", data={"stands": "paper", "version": "1"})).status_code == 303
    assert (await row(await sheet_of(where)))["marks"][0] == 5000


# --- Pure -------------------------------------------------------------------------------------------------------------


def test_a_code_is_read_however_it_is_typed():
    from uuid import UUID

    sheet = UUID(int=0xABC123DE)
    assert code_of(sheet) == "ABC1-23DE"
    assert {tail_of(each) for each in ("abc1-23de", " АВС1 23DЕ", "ABCI23DE")} == {"abc123de"}
    assert {tail_of(each) for each in ("", "abc1", "abc1-23dg", "abc1-23de-9")} == {""}


def test_nothing_is_agreed_before_two_have_read_it():
    assert (Paper().step, Paper().agreed) == (Step.FIRST, ())
    assert paper_of([]).waits(SheetState.HANDED_IN, (), None) is False
