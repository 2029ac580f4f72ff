"""A juror confirms his sheets: they stand still until he takes it back, and the ledger says so."""

import asyncio
import random
import re

import pytest

import cast
from incubator.foundation.database import execute, fetch_value
from incubator.foundation.refusals import Forbidden, Refused
from incubator.jury.conflicts import declaring
from incubator.jury.ledger import book, verifier
from incubator.jury.pages import signing
from incubator.jury.rubric import Entry
from incubator.jury.sheets import actions
from jury.ledgers import Book, reseal

TOKENS = r"\b[\w-]{32,}\b"  # of the session and of the page's form


def reads(mark: int):
    return lambda _rubric: Entry((mark * 1000,) * 5, "")


async def scored(teams: int = 2):
    where = await cast.scoring_round(teams=teams)
    for number in range(teams):
        await cast.score(where, where.jurors[0], await where.project(number), 5, 5, 5, 5, 5)
    return where, await cast.viewer(where.jurors[0])


async def test_confirmed_sheets_stand_still_until_the_confirmation_is_taken_back(db):
    where, juror = await scored()
    project = await where.project(0)
    receipt = await signing.sign(juror, where.id)
    assert await fetch_value("SELECT encode(signature, 'hex') FROM seat WHERE person = $1", juror.id) == receipt
    with pytest.raises(Forbidden):
        await actions.save_sheet(juror, where.id, project, reads(7), expected=1)
    with pytest.raises(Forbidden):
        await actions.take_back(juror, where.id, project)
    assert (await book.verify(where.id))[0] == []
    await signing.take_back(juror, where.id)
    await actions.hand_in(juror, where.id, project, reads(7), expected=1)
    await signing.sign(juror, where.id)
    assert (await book.verify(where.id))[0] == []
    found = await book.receipts(where.id, juror.id)
    assert found[0].hash == await fetch_value("SELECT encode(signature, 'hex') FROM seat WHERE person = $1", juror.id)


async def test_nothing_unfinished_is_confirmed(db):
    where, juror = await scored()
    await actions.take_back(juror, where.id, await where.project(1))
    with pytest.raises(Refused):
        await signing.sign(juror, where.id)


async def test_either_the_change_comes_first_and_is_confirmed_or_it_is_refused(db):
    for _ in range(10):
        where, juror = await scored(1)
        project = await where.project(0)
        await asyncio.gather(
            actions.hand_in(juror, where.id, project, reads(8), expected=1), signing.sign(juror, where.id),
            return_exceptions=True,
        )  # fmt: skip
        assert (await book.verify(where.id))[0] == []


async def test_the_page_shows_and_confirms(client):
    where, _ = await scored()
    await cast.sign_in(client, where.jurors[0])
    page = (await client.get(f"/rounds/{where.id}/mine")).text
    assert "Подтверждаю" in page
    assert (await client.post(f"/rounds/{where.id}/sign", data={})).status_code == 303
    assert "Отозвать подтверждение" in (await client.get(f"/rounds/{where.id}/mine")).text
    sheet = await client.get(f"/rounds/{where.id}/projects/{await where.project(0)}")
    assert "Вы подтвердили свои листы" in sheet.text
    assert (await client.post(f"/rounds/{where.id}/unsign", data={})).status_code == 303
    assert (
        "Подтверждение отозвано."
        in (await client.get(f"/rounds/{where.id}/mine", headers={"accept-language": "ru"})).text
    )


def signed() -> Book:
    book = Book(random.Random(3), 2, 2)
    for seat in book.seats:
        for project in book.projects:
            book.sheet(seat, project, [1000, 2000, 3000])
        book.sign(seat)
    return book


def test_the_verifier_passes_what_is_honest():
    book = signed()
    book.sign(book.seats[0], "unsign")
    book.sheet(book.seats[0], book.projects[0], [2000, 2000, 2000])
    book.sign(book.seats[0])
    assert verifier.check(book.rows)[0] == []


def test_the_verifier_finds_what_was_written_on_a_confirmed_sheet():
    book = signed()
    book.sheet(book.seats[0], book.projects[0], [2000, 2000, 2000])
    assert any("confirmed" in fault for fault in verifier.check(book.rows)[0])


def test_the_verifier_finds_a_confirmation_of_something_else():
    book = signed()
    for row in book.rows:
        row["payload"] = row["payload"].replace(f'"{book.projects[0]}":1', f'"{book.projects[0]}":0')
    reseal(book.rows)
    assert any("confirmed something else" in fault for fault in verifier.check(book.rows)[0])


async def test_a_team_that_left_is_named_and_asked_for_no_more(client, db):
    where = await cast.scoring_round(teams=2)
    await cast.sign_in(client, where.jurors[0])
    first, second = [f"/rounds/{where.id}/projects/{await where.project(number)}" for number in range(2)]
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", where.teams[1].id)
    assert "этот лист от вас не ждут" in (await client.get(second)).text
    assert "этот лист от вас не ждут" not in (await client.get(first)).text
    marks = {f"mark_{key}": "7" for key in ("problem", "solution", "pilot", "feasibility", "team")}
    done = await client.post(first, data={**marks, "comment": "", "version": "0", "act": "hand_in"})
    assert done.headers["location"] == f"/rounds/{where.id}"
    home = (await client.get(f"/rounds/{where.id}")).text
    assert "места проект не получит" in home
    assert "1 из 1" in home
    assert (await client.post(f"/rounds/{where.id}/sign")).status_code == 303
    await cast.sign_in(client, where.cohort.organiser)
    board = (await client.get(f"/rounds/{where.id}")).text
    assert "не хватает 2 листов" in board, "two jurors, one project"


async def test_where_names_are_hidden_the_own_sheets_do_not_tell_whom_he_named(client, db):
    """A conflict is declared with a team by its name; its number beside the word “conflict” would be that team."""
    where = await cast.scoring_round(teams=3)
    await declaring.declare(await cast.viewer(where.jurors[0]), where.id, {where.teams[1].id: "Свояк"})
    await cast.sign_in(client, where.jurors[0])
    assert "Конфликт" in (await client.get(f"/rounds/{where.id}/mine")).text.split("<main")[1]
    await execute("""UPDATE scoring_round SET terms = terms || '{"blind": true}' WHERE id = $1""", where.id)
    shown = (await client.get(f"/rounds/{where.id}/mine")).text.split("<main")[1]
    assert "Конфликт" not in shown and shown.count("Проект ") == 2


async def test_where_names_are_hidden_the_own_sheets_do_not_tell_who_has_left(client, db):
    """A number among the jury's that needs no marks would be the team that everybody knows to have left."""
    where = await cast.scoring_round(teams=2)
    await cast.score(where, where.jurors[0], await where.project(), 5, 5, 5, 5, 5)
    await execute("""UPDATE scoring_round SET terms = terms || '{"blind": true}' WHERE id = $1""", where.id)
    await cast.sign_in(client, where.jurors[0])
    before = (await client.get(f"/rounds/{where.id}/mine")).text
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", where.teams[1].id)
    assert re.sub(TOKENS, "", (await client.get(f"/rounds/{where.id}/mine")).text) == re.sub(TOKENS, "", before)
    with pytest.raises(Refused):
        await signing.sign(await cast.viewer(where.jurors[0]), where.id)


async def test_the_board_says_who_has_confirmed_before_the_lock_makes_it_too_late(client, db):
    where, _ = await scored()
    other = where.jurors[1]
    await cast.score(where, other, await where.project(0), 7, 7, 7, 7, 7)
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}"
    assert (
        f"не подтвердили их: {', '.join(sorted((where.jurors[0].name, other.name)))}."
        in (await client.get(address)).text
    )
    await signing.sign(await cast.viewer(where.jurors[0]), where.id)
    page = (await client.get(address)).text
    assert f"не подтвердили их: {other.name}." in page
    part = await client.get(f"{address}/progress", headers={"HX-Request": "true"})
    assert part.text.count(">подтверждено<") == 1
