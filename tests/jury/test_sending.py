"""What a device sends again, in any order and after any breakdown, is recorded once and answered alike."""

import asyncio
import random
import re
import uuid

import pytest

import cast
from incubator.foundation.database import execute, fetch_value
from incubator.jury.office import conducting

MARKS = {"mark_problem": "7", "mark_solution": "8", "mark_pilot": "6", "mark_feasibility": "5", "mark_team": "9"}
JSON = {"X-Autosave": "1", "Accept": "application/json"}


async def entries(where) -> int:
    return await fetch_value(
        "SELECT count(*) FROM ledger_entry WHERE round = $1 AND payload LIKE '%\"sheet\"%'", where.id
    )


def body(number: str, version: int = 0, act: str = "hand_in", **more: str) -> dict[str, str]:
    return {**MARKS, "comment": "", "note": "", "version": str(version), "act": act, "request": number, **more}


async def sent(client, where, team: int, data) -> tuple[int, str, int]:
    answer = await client.post(f"/rounds/{where.id}/projects/{await where.project(team)}", data=data, headers=JSON)
    said = answer.json()
    return answer.status_code, said.get("receipt", ""), said.get("version", 0)


@pytest.mark.parametrize("seed", range(6))
async def test_sheets_sent_in_any_order_any_number_of_times_are_recorded_once(client, seed):
    chance = random.Random(seed)
    where = await cast.scoring_round(teams=3)
    await cast.sign_in(client, where.jurors[0])
    intents = [(team, body(str(uuid.UUID(int=chance.getrandbits(128), version=4)))) for team in range(3)]
    queue = [intent for intent in intents for _ in range(chance.randrange(1, 4))]
    chance.shuffle(queue)
    answers: dict[int, set[tuple[int, str, int]]] = {}
    for team, data in queue:
        answers.setdefault(team, set()).add(await sent(client, where, team, data))
    assert await entries(where) == 3
    assert all(len(found) == 1 for found in answers.values()), answers
    assert {status for found in answers.values() for status, _, _ in found} == {200}


async def test_the_same_at_one_moment_is_recorded_once(client):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.jurors[0])
    data = body(str(uuid.uuid4()))
    answers = await asyncio.gather(*(sent(client, where, 0, data) for _ in range(5)))
    assert len(set(answers)) == 1
    assert answers[0][0] == 200
    assert await entries(where) == 1


async def test_another_body_under_the_same_number_is_refused(client):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.jurors[0])
    number = str(uuid.uuid4())
    assert (await sent(client, where, 0, body(number)))[0] == 200
    assert (await sent(client, where, 0, body(number, comment="Другое")))[0] == 409
    assert (await sent(client, where, 1, body(number)))[0] == 409


async def test_a_late_echo_changes_nothing_and_without_its_number_it_would(client):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.jurors[0])
    first, second = body(str(uuid.uuid4())), body(str(uuid.uuid4()), version=1, comment="Передумал")
    receipt = await sent(client, where, 0, first)
    await sent(client, where, 0, second)
    assert await sent(client, where, 0, first) == receipt
    # The control: with nothing kept under the numbers the echo is a clash, not the receipt it had.
    await execute("DELETE FROM score_request")
    assert (await sent(client, where, 0, first))[0] == 409


async def test_what_had_no_answer_is_no_clash_with_what_the_same_device_wrote_after_it(client):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.jurors[0])
    lost, other = str(uuid.uuid4()), str(uuid.uuid4())
    await sent(client, where, 0, body(lost, act="save"))
    later = body(other, comment="Дальше")
    assert (await sent(client, where, 0, later))[0] == 409
    assert (await sent(client, where, 0, {**later, "after": lost}))[0] == 200


async def test_what_was_recorded_before_the_lock_keeps_its_receipt_after_it_and_nothing_else_comes_in(client):
    where = await cast.scoring_round(teams=2)
    for juror in where.jurors[1:]:
        await cast.score(where, juror, await where.project(0), 5, 5, 5, 5, 5)
    await cast.sign_in(client, where.jurors[0])
    data = body(str(uuid.uuid4()))
    receipt = await sent(client, where, 0, data)
    missing = await fetch_value("SELECT count(*) FROM score_sheet WHERE round = $1 AND state = 'empty'", where.id)
    from incubator.jury.office import conducting

    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=missing)
    assert await sent(client, where, 0, data) == receipt
    assert (await sent(client, where, 1, body(str(uuid.uuid4()))))[0] == 403


async def test_what_comes_after_the_lock_is_not_recorded_and_stays_readable(client):
    where = await cast.scoring_round(teams=1, jurors=2)
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(), 9, 9, 9, 9, 9, comment="По делу")
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    await cast.sign_in(client, where.jurors[0])
    address = f"/rounds/{where.id}/projects/{await where.project()}"
    sent = {**MARKS, "mark_team": "3", "comment": "Набрано слишком поздно", "version": "1"}
    late = await client.post(address, data=sent)
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", late.text.split("<main")[1]))
    assert late.status_code == 403 and 'id="sheet"' not in late.text
    assert "не записано" in said and "Набрано слишком поздно" in said
    assert "Раунд закрыт" in said and "По делу" not in said
    assert "3" in said.split("не записано")[1].split()
    told = await client.post(address, data=sent, headers={"accept": "application/json"})
    assert told.status_code == 403 and "не записано" not in told.text
    same = dict.fromkeys(MARKS, "9") | {"comment": "По делу", "version": "1"}
    assert "не записано" not in (await client.post(address, data=same)).text


async def test_the_page_without_a_network_holds_ones_own_sheets_only(client, counting):
    where = await cast.scoring_round(teams=3)
    await cast.score(where, where.jurors[1], await where.project(0), 3, 3, 3, 3, 3, comment="Чужое")
    await cast.score(where, where.jurors[0], await where.project(0), 4, 4, 4, 4, 4, comment="Своё")
    await cast.sign_in(client, where.jurors[0])
    page = await client.get(f"/rounds/{where.id}/offline")
    assert page.status_code == 200
    assert "Своё" in page.text
    assert "Чужое" not in page.text
    await cast.sign_in(client, (await where.organiser()).id)
    assert (await client.get(f"/rounds/{where.id}/offline")).status_code == 403


async def test_the_worker_has_to_do_with_rounds_only(client):
    answer = await client.get("/rounds/worker.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "service-worker-allowed" not in answer.headers
    assert "worker-src 'self'" in answer.headers["content-security-policy"]
