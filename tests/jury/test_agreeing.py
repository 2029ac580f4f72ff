"""What takes two organisers: the forms, and one sheet of a locked round that goes back to its juror."""

import pytest

import cast
from incubator.foundation.database import DB, fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Clash, Forbidden, NotFound, Refused
from incubator.jury.office import agreeing, conducting
from incubator.jury.result import deliberating, standings
from incubator.jury.rounds import round_for
from incubator.jury.rubric import Entry
from incubator.jury.sheets import actions
from incubator.notifications import actions as letters  # noqa: F401  (who writes them when something is recorded)
from incubator.people.actions import declare_conflict

MARKS = {"mark_problem": "7", "mark_solution": "8", "mark_pilot": "6", "mark_feasibility": "5", "mark_team": "9"}
REASON = {"reason": "Описка в одном листе"}


async def locked(*, teams: int = 2, jurors: int = 3) -> cast.RoundOfCast:
    """Every sheet handed in, the first team ahead, the round locked."""
    where = await cast.scoring_round(teams=teams, jurors=jurors)
    for number in range(teams):
        for juror in where.jurors:
            await cast.score(where, juror, await where.project(number), *[9 - number] * 5, comment="По делу")
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    return where


async def sheet_of(where: cast.RoundOfCast, juror: int = 0, team: int = 0):
    """The row of a juror's sheet."""
    return await fetch_one(
        "SELECT s.* FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE e.person = $1 AND s.project = $2",
        where.jurors[juror].id, await where.project(team),
    )  # fmt: skip


async def reopened(where: cast.RoundOfCast, juror: int = 0) -> cast.Person:
    """The first team's sheet of a juror is given back to him; the second organiser."""
    second = await cast.second_organiser(where.cohort)
    sheet = (await sheet_of(where, juror))["id"]
    asked = await agreeing.ask_to_reopen(await where.organiser(), where.id, sheet, "Описка")
    await agreeing.confirm(await cast.viewer(second), where.id, asked)
    return second


async def places(where: cast.RoundOfCast):
    """(team, sheets, total) of the result as it stands."""
    found = await standings.count_up(await round_for(await where.organiser(), where.id))
    return [(row.name, row.sheets, row.total) for row in found.rows]


def reads(*marks: int | None):
    return lambda _rubric: Entry(tuple(None if mark is None else mark * 1000 for mark in marks), "Исправлено")


# --- Forms ------------------------------------------------------------------------------------------------------------


async def test_an_organiser_runs_a_round_to_its_publication(client):
    where = await cast.scoring_round(opened=False)
    await cast.sign_in(client, where.cohort.organiser)
    assert (await client.get(f"/rounds/{where.id}")).status_code == 200
    assert (await client.post(f"/rounds/{where.id}/open")).status_code == 303
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(0), 9, 9, 9, 9, 9)
    assert (await client.post(f"/rounds/{where.id}/lock", data={"missing": "3", "note": ""})).status_code == 422
    stale = await client.post(f"/rounds/{where.id}/lock", data={"missing": "2", "note": "", "agreed": "on"})
    assert stale.status_code == 409
    done = await client.post(f"/rounds/{where.id}/lock", data={"missing": "3", "note": "Болезнь", "agreed": "on"})
    assert done.headers["location"] == f"/rounds/{where.id}/result"
    result = await client.get(f"/rounds/{where.id}/result")
    assert "9,00" in result.text
    assert "Без оценки" in result.text
    assert (await client.get(f"/rounds/{where.id}/projects/{await where.project()}/sheets")).status_code == 200
    assert "Не хватает второго организатора" in result.text
    second = await cast.second_organiser(where.cohort)
    asked = await client.post(f"/rounds/{where.id}/publish")
    assert asked.headers["location"] == f"/rounds/{where.id}/result"
    assert (await client.post(f"/rounds/{where.id}/publish")).status_code == 409
    proposal = f"/rounds/{where.id}/proposals/{await fetch_value('SELECT id FROM jury_proposal')}"
    own = (await client.get(f"/rounds/{where.id}/result")).text
    assert f"{proposal}/confirm" not in own
    assert f"{proposal}/decline" in own
    assert (await client.post(f"{proposal}/confirm")).status_code == 409
    await cast.sign_in(client, second)
    assert f"{proposal}/confirm" in (await client.get(f"/rounds/{where.id}/result")).text
    assert "/result" in (await client.get(f"/rounds/{where.id}")).text
    done = await client.post(f"{proposal}/confirm")
    assert (done.status_code, done.headers["location"]) == (303, f"/rounds/{where.id}/result")
    assert await fetch_value("SELECT state FROM scoring_round") == "published"


async def test_unlocking_and_voiding_take_two(client):
    where = await locked()
    second = await cast.second_organiser(where.cohort)
    await cast.sign_in(client, where.cohort.organiser)
    sheet = await fetch_value("SELECT id FROM score_sheet LIMIT 1")
    await client.post(f"/rounds/{where.id}/sheets/{sheet}/void", data={"reason": "Подсказывали"})
    await client.post(f"/rounds/{where.id}/unlock", data={"reason": "Ошибка"})
    proposals = [row["id"] for row in await fetch("SELECT id FROM jury_proposal ORDER BY kind DESC")]
    for proposal in proposals:
        assert (await client.post(f"/rounds/{where.id}/proposals/{proposal}/confirm")).status_code == 409
    await cast.sign_in(client, second)
    for proposal in proposals:
        assert (await client.post(f"/rounds/{where.id}/proposals/{proposal}/confirm")).status_code == 303
    assert await fetch_value("SELECT state FROM score_sheet WHERE id = $1", sheet) == "void"
    assert await fetch_value("SELECT state FROM scoring_round") == "open"


async def test_a_reopened_sheet_from_the_request_to_the_publication(client):
    where = await locked()
    second, sheet = await cast.second_organiser(where.cohort), (await sheet_of(where))["id"]
    base, address = f"/rounds/{where.id}", f"/rounds/{where.id}/projects/{await where.project()}"
    await cast.sign_in(client, where.cohort.organiser)
    assert f"{base}/sheets/{sheet}/reopen" in (await client.get(f"{address}/sheets")).text
    assert (await client.post(f"{base}/sheets/{sheet}/reopen", data={"reason": ""})).status_code == 422
    assert (await client.post(f"{base}/sheets/{sheet}/reopen", data=REASON)).status_code == 303
    proposal = f"{base}/proposals/{await fetch_value('SELECT id FROM jury_proposal')}"
    assert (await client.post(f"{proposal}/confirm")).status_code == 409
    await cast.sign_in(client, second)
    board = (await client.get(base)).text
    assert REASON["reason"] in board
    assert where.jurors[0].name in board
    assert (await client.post(f"{proposal}/confirm")).status_code == 303
    assert f"{base}/sheets/{sheet}/close" in (await client.get(base)).text
    result = (await client.get(f"{base}/result")).text
    assert "снова открыт" in result
    assert (await client.post(f"{base}/publish")).status_code == 409
    await cast.sign_in(client, where.jurors[0])
    assert "возвращён" in (await client.get("/jury")).text
    assert (await client.get(address)).text.count("data-criterion") == 5
    version = (await sheet_of(where))["version"]
    saved = await client.post(address, data={**MARKS, "comment": "Так", "version": str(version), "act": "hand_in"})
    assert (saved.status_code, saved.headers["location"]) == (303, base)
    assert "сдан повторно" in (await client.get(base)).text
    assert "data-criterion" not in (await client.get(address)).text
    await cast.sign_in(client, second)
    assert (await client.post(f"{base}/publish")).status_code == 303


async def test_what_a_juror_writes_on_a_reopened_sheet_is_his_alone_until_he_hands_it_in(client):
    where = await locked()
    await reopened(where)
    sheet = await sheet_of(where)
    juror = await cast.viewer(where.jurors[0])
    project = await where.project()
    await actions.save_sheet(juror, where.id, project, reads(3, 3, 3, 3, None), expected=sheet["version"])
    await cast.sign_in(client, where.cohort.organiser)
    page = (await client.get(f"/rounds/{where.id}/projects/{project}/sheets")).text
    export = (await client.post(f"/rounds/{where.id}/sheets.csv")).text
    for shown in (page, export):
        assert "Исправлено" not in shown
        assert shown.count("По делу") == (2 if shown is page else 5)


# --- What becomes of it -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
async def test_the_result_is_without_a_reopened_sheet_and_counts_it_again_when_it_is_handed_in():
    where = await locked()
    assert await places(where) == [("Спасск-Дальний", 3, "9.00"), ("Калининград", 3, "8.00")]
    await reopened(where)
    assert [sheets for _, sheets, _ in await places(where)] == [2, 3]
    sheet = await sheet_of(where)
    juror = await cast.viewer(where.jurors[0])
    await actions.hand_in(juror, where.id, await where.project(), reads(0, 0, 0, 0, 0), expected=sheet["version"])
    assert await places(where) == [("Калининград", 3, "8.00"), ("Спасск-Дальний", 3, "6.00")]
    assert (await sheet_of(where))["reopened_at"] is None
    with pytest.raises(Forbidden):
        await actions.take_back(juror, where.id, await where.project())
    await cast.publish(where)


@pytest.mark.usefixtures("db")
async def test_only_the_one_sheet_is_open_and_only_to_its_juror():
    where = await locked()
    await reopened(where)
    sheet = await sheet_of(where)
    juror, neighbour = await cast.viewer(where.jurors[0]), await cast.viewer(where.jurors[1])
    with pytest.raises(Forbidden):
        await actions.save_sheet(juror, where.id, await where.project(1), reads(1, 1, 1, 1, 1), expected=1)
    with pytest.raises(Forbidden):
        await actions.save_sheet(neighbour, where.id, await where.project(), reads(1, 1, 1, 1, 1), expected=1)
    with pytest.raises(Clash):
        await actions.save_sheet(juror, where.id, await where.project(), reads(1, 1, 1, 1, 1), expected=0)
    again = await agreeing.ask_to_void(await where.organiser(), where.id, sheet["id"], "Сговор")
    await agreeing.confirm(await cast.viewer(await cast.second_organiser(where.cohort)), where.id, again)
    with pytest.raises(Forbidden):
        await actions.save_sheet(juror, where.id, await where.project(), reads(1, 1, 1, 1, 1), expected=3)
    await cast.publish(where)


LEDGERED = ("version", "own_version", "receipt")


@pytest.mark.usefixtures("db")
async def test_a_sheet_that_is_closed_again_is_what_it_was_at_the_lock():
    where = await locked()
    before = dict(await sheet_of(where))
    runs, counted = await where.organiser(), await places(where)
    await reopened(where)
    juror = await cast.viewer(where.jurors[0])
    changing = reads(1, None, 1, 1, 1)
    await actions.save_sheet(juror, where.id, await where.project(), changing, expected=before["version"] + 1)
    await agreeing.close_reopened(runs, where.id, before["id"])
    after = dict(await sheet_of(where))
    assert after["version"] == before["version"] + 3
    assert {**after, **dict.fromkeys(LEDGERED)} == {**before, **dict.fromkeys(LEDGERED)}
    assert await places(where) == counted
    with pytest.raises(Forbidden):
        await actions.save_sheet(juror, where.id, await where.project(), changing, expected=after.get("version", 4))
    with pytest.raises(Refused):
        await agreeing.close_reopened(runs, where.id, before["id"])


@pytest.mark.usefixtures("db")
async def test_a_sheet_is_reopened_once_while_the_round_is_locked_and_its_juror_may_judge():
    where = await cast.scoring_round(teams=1, jurors=3)
    runs, second = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(), 7, 7, 7, 7, 7)
    sheet, spoiled = (await sheet_of(where))["id"], (await sheet_of(where, 1))["id"]
    with pytest.raises(Refused):
        await agreeing.ask_to_reopen(runs, where.id, sheet, "Рано")
    await conducting.lock_round(runs, where.id, confirmed_missing=0)
    with pytest.raises(NotFound):
        await agreeing.ask_to_reopen(runs, where.id, where.id, "Нет такого")
    await agreeing.confirm(second, where.id, await agreeing.ask_to_void(runs, where.id, spoiled, "Сговор"))
    with pytest.raises(Refused):
        await agreeing.ask_to_reopen(runs, where.id, spoiled, "Поздно")
    asked = await agreeing.ask_to_reopen(runs, where.id, sheet, "Описка")
    with pytest.raises(Refused):
        await agreeing.ask_to_reopen(second, where.id, sheet, "Ещё раз")
    await agreeing.confirm(second, where.id, asked)
    with pytest.raises(Refused):
        await agreeing.ask_to_reopen(runs, where.id, sheet, "Ещё раз")
    await agreeing.close_reopened(runs, where.id, sheet)
    await cast.publish(where)
    with pytest.raises(Forbidden):
        await agreeing.ask_to_reopen(runs, where.id, sheet, "Поздно")


@pytest.mark.usefixtures("db")
async def test_unlocking_the_whole_round_opens_a_reopened_sheet_with_the_others():
    where = await locked()
    second = await reopened(where)
    asked = await agreeing.ask_to_unlock(await where.organiser(), where.id, "Ошибка в критериях")
    await agreeing.confirm(await cast.viewer(second), where.id, asked)
    sheet = await sheet_of(where)
    assert (sheet["state"], sheet["reopened_at"]) == ("draft", None)
    await cast.score(where, where.jurors[0], await where.project(), 9, 9, 9, 9, 9)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    await cast.publish(where)


@pytest.mark.usefixtures("db")
async def test_a_reopened_sheet_is_told_to_its_juror_and_kept_in_the_journal():
    where = await locked()
    second = await reopened(where)
    sheet = await sheet_of(where)
    juror = await cast.viewer(where.jurors[0])
    await actions.hand_in(juror, where.id, await where.project(), reads(1, 1, 1, 1, 1), expected=sheet["version"])
    told = await fetch("SELECT person, kind FROM letter WHERE kind = 'reopened'")
    assert [each["person"] for each in told] == [where.jurors[0].id]
    kept = await fetch("SELECT verb, actor, data ->> 'reason' AS reason FROM journal_entry WHERE at >= $1 ORDER BY id",
                       (await fetch_value("SELECT min(asked_at) FROM jury_proposal")))  # fmt: skip
    assert [(row["verb"], row["actor"], row["reason"]) for row in kept] == [
        ("reopen.asked", where.cohort.organiser.id, "Описка"),
        ("sheet.reopened", second.id, "Описка"),
        ("sheet.handed_in", where.jurors[0].id, None),
    ]


async def test_the_letter_about_a_reopened_sheet_is_not_for_an_organiser_with_a_conflict(client):
    where = await locked()
    second = await reopened(where)
    page = f"/cohorts/{where.cohort.id}/letters"
    await cast.sign_in(client, second)
    assert "Оценочный лист возвращён" in (await client.get(page)).text
    async with DB.transaction():
        await declare_conflict(second.id, cohort=where.cohort.id, team=where.teams[0].id, reason="Родня", by=second.id,
                               at=await cast.now())  # fmt: skip
    assert "Оценочный лист возвращён" not in (await client.get(page)).text


# --- What a publication waits for -------------------------------------------------------------------------------------


async def test_a_publication_waits_for_what_else_was_asked_and_for_the_jury_that_sits(client):
    where = await locked()
    runs, second = await where.organiser(), await cast.second_organiser(where.cohort)
    other, page = await cast.viewer(second), f"/rounds/{where.id}/result"
    publish = await agreeing.ask_to_publish(runs, where.id)
    void = await agreeing.ask_to_void(runs, where.id, (await sheet_of(where))["id"], "Лист не его")
    await cast.sign_in(client, second)
    assert "1 запрос ждёт второго организатора" in (await client.get(page)).text
    with pytest.raises(Refused, match=r"1 запрос|1 request"):
        await agreeing.confirm(other, where.id, publish)
    await agreeing.decline(other, where.id, void)
    await deliberating.open_deliberation(runs, where.id, shows_sheets=False)
    assert "Публикация ждёт" in (await client.get(page)).text
    with pytest.raises(Refused, match=r"совещается|deliberates"):
        await agreeing.confirm(other, where.id, publish)
    await deliberating.close_deliberation(runs, where.id)
    assert "Публикация ждёт" not in (await client.get(page)).text
    await agreeing.confirm(other, where.id, publish)
    assert await fetch_value("SELECT state FROM scoring_round WHERE id = $1", where.id) == "published"
