"""The vote on a tie: its form, faults by field, nothing typed is lost; struck again; and what ends with other totals."""

import re

import cast
from incubator.foundation.database import fetch, fetch_value
from incubator.jury.office import agreeing, conducting, seating
from incubator.jury.pitch import running
from incubator.jury.result import deliberating
from incubator.jury.result.rules import DecisionKind, Motion
from incubator.jury.result.standings import count_up
from incubator.jury.rounds import round_for


async def tied(client):
    """Two pairs of equal teams after the lock, and the organiser at the page of the result."""
    where = await cast.scoring_round(teams=4, jurors=2, ties=("vote", "shared"))
    for number, mark in enumerate((9, 9, 5, 5)):
        for juror in where.jurors:
            await cast.score(where, juror, await where.project(number), *[mark] * 5)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    await cast.sign_in(client, where.cohort.organiser)
    return where, [str(await where.project(number)) for number in range(4)]


def vote(first, second, *ranks, **more):
    return {
        "project": [first, second],
        f"rank_{first}": ranks[0],
        f"rank_{second}": ranks[1],
        "reason": "3 против 2",
        **more,
    }


def ids(page):
    return re.findall(r' id="([^"]+)"', page.text)


async def test_each_of_two_ties_has_its_own_form(client):
    where, (one, two, three, four) = await tied(client)
    result = f"/rounds/{where.id}/result"
    page = await client.get(result)
    assert page.text.count(f'action="/rounds/{where.id}/tie"') == 2
    assert len(ids(page)) == len(set(ids(page))), "no id stands twice"
    wrong = await client.post(f"/rounds/{where.id}/tie", data=vote(three, four, "1", "второе"))
    assert wrong.status_code == 422
    assert wrong.text.count("второе") == 1 and wrong.text.count("3 против 2") == 1, "in the form that was sent only"
    assert len(ids(wrong)) == len(set(ids(wrong)))
    for first, second in ((three, four), (one, two)):
        assert (await client.post(f"/rounds/{where.id}/tie", data=vote(first, second, "2", "1"))).status_code == 303
    assert f'action="/rounds/{where.id}/tie"' not in (await client.get(result)).text
    assert await fetch_value("SELECT count(*) FROM tie_vote") == 4


async def test_a_vote_about_other_projects_is_refused_and_kept(client):
    where, (one, two, three, _) = await tied(client)
    mixed = await client.post(f"/rounds/{where.id}/tie", data=vote(one, three, "1", "2"))
    assert mixed.status_code == 409 and "3 против 2" in mixed.text
    await client.post(f"/rounds/{where.id}/tie", data=vote(one, two, "1", "2"))
    again = await client.post(f"/rounds/{where.id}/tie", data=vote(one, two, "2", "1"))
    assert again.status_code == 409
    nothing = await client.post(f"/rounds/{where.id}/tie", data={"reason": "3 против 2"})
    assert nothing.status_code == 409
    for rank in ("0", "-1", "NaN", "1e3", "9" * 40, ""):
        answer = await client.post(f"/rounds/{where.id}/tie", data=vote(one, two, "1", rank))
        assert answer.status_code in {409, 422}, rank
    assert await fetch_value("SELECT count(*) FROM tie_vote") == 2


async def places(where):
    """(place, what parted it, whether it waits for a vote) by team, in the order of the round."""
    rows = {row.team: row for row in (await count_up(await round_for(await where.organiser(), where.id))).rows}
    return [(row.place, row.decided_by, row.awaits_vote) for row in (rows[team.id] for team in where.teams)]


async def sheet_of(where, juror, number):
    return await fetch_value(
        "SELECT s.id FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE e.person = $1 AND s.project = $2",
        juror.id,
        await where.project(number),
    )


async def agreed(where, asked):
    """The second organiser agrees to what the first one asked for."""
    await agreeing.confirm(await cast.viewer(await cast.second_organiser(where.cohort)), where.id, asked)


async def test_a_vote_between_totals_that_have_changed_counts_no_more(client):
    """One and two are tied and voted on; without one sheet the first is tied with the third."""
    where = await cast.scoring_round(teams=3, jurors=4, ties=("vote", "shared"))
    for number, marks in enumerate(((8, 8, 8, 4), (8, 8, 8, 4), (8, 8, 8, 8))):
        for juror, mark in zip(where.jurors, marks, strict=True):
            await cast.score(where, juror, await where.project(number), *[mark] * 5)
    runs = await where.organiser()
    await conducting.lock_round(runs, where.id, confirmed_missing=0)
    one, two, three = [await where.project(number) for number in range(3)]
    await conducting.vote_tie(runs, where.id, {one: 1, two: 2}, "3 против 1")
    assert await places(where) == [(2, "vote", False), (3, "vote", False), (1, None, False)]
    await agreed(where, await agreeing.ask_to_void(runs, where.id, await sheet_of(where, where.jurors[3], 0), "Не он"))
    assert await fetch_value("SELECT count(*) FROM tie_vote") == 0
    assert await places(where) == [(1, "shared", True), (3, None, False), (1, "shared", True)]
    await cast.sign_in(client, where.cohort.organiser)
    answer = await client.post(f"/rounds/{where.id}/tie", data=vote(str(one), str(three), "2", "1"))
    assert answer.status_code == 303
    assert [place for place, *_ in await places(where)] == [2, 3, 1]


async def test_an_earlier_vote_stands_in_the_way_of_no_later_one(client):
    """Old data may hold a vote on a tie that is none any more."""
    where, (*_, three, four) = await tied(client)
    runs = await where.organiser()
    await conducting.vote_tie(runs, where.id, {await where.project(0): 1, await where.project(1): 2}, "2 : 0")
    await fetch("UPDATE tie_vote SET project = $1 WHERE project = $2", await where.project(2), await where.project(1))
    answer = await client.post(f"/rounds/{where.id}/tie", data=vote(three, four, "1", "2"))
    assert answer.status_code == 303
    assert await fetch_value("SELECT count(*) FROM tie_vote") == 2


async def test_no_vote_is_recorded_while_a_sheet_is_with_its_juror(client):
    where, (one, two, *_) = await tied(client)
    runs = await where.organiser()
    await conducting.vote_tie(runs, where.id, {await where.project(2): 1, await where.project(3): 2}, "2 : 0")
    sheet = await sheet_of(where, where.jurors[0], 2)
    await agreed(where, await agreeing.ask_to_reopen(runs, where.id, sheet, "Описка"))
    assert await fetch_value("SELECT count(*) FROM tie_vote") == 0
    page = await client.get(f"/rounds/{where.id}/result")
    assert "Нужно голосование" in page.text and f'action="/rounds/{where.id}/tie"' not in page.text
    late = await client.post(f"/rounds/{where.id}/tie", data=vote(one, two, "1", "2"))
    assert late.status_code == 409 and "3 против 2" in late.text


async def test_a_vote_that_was_recorded_wrongly_is_struck_with_a_reason(client):
    where, (one, two, *_) = await tied(client)
    await client.post(f"/rounds/{where.id}/tie", data=vote(one, two, "2", "1"))
    page = await client.get(f"/rounds/{where.id}/result")
    strike = re.search(r'action="([^"]+/strike)"', page.text)[1]
    assert "3 против 2" in page.text
    wrong = await client.post(strike, data={"reason": " "})
    assert wrong.status_code == 422 and '<details class="fold" open>' in wrong.text
    assert len(ids(wrong)) == len(set(ids(wrong)))
    assert (await client.post(strike, data={"reason": "Перепутали"})).status_code == 303
    assert (await client.post(strike, data={"reason": "Перепутали"})).status_code == 409
    assert (await client.post(f"/rounds/{where.id}/tie", data=vote(one, two, "1", "2"))).status_code == 303
    told = await fetch(
        "SELECT verb, data::jsonb ->> 'reason' AS reason FROM journal_entry WHERE verb LIKE 'tie.%' ORDER BY id"
    )
    assert [(row["verb"], row["reason"]) for row in told] == [
        ("tie.voted", "3 против 2"), ("tie.struck", "Перепутали"), ("tie.voted", "3 против 2"),
    ]  # fmt: skip


async def test_jurors_are_told_who_records_the_vote(client):
    where, _ = await tied(client)
    await deliberating.open_deliberation(await where.organiser(), where.id, shows_sheets=False)
    await cast.sign_in(client, where.jurors[0])
    result = (await client.get(f"/rounds/{where.id}/result")).text
    assert "Его итог записывает организатор." in result and "Пронумеруйте" not in result
    assert "Его итог записывает организатор." in (await client.get(f"/rounds/{where.id}/deliberation")).text


async def test_a_decision_is_struck_on_its_page_with_a_reason(client):
    where, (one, *_) = await tied(client)
    motion = Motion(DecisionKind.AWARD, "За смелость", "", one, 2, 0, 0)
    decision = await deliberating.decide(await where.organiser(), where.id, motion)
    strike = f"/rounds/{where.id}/deliberation/decisions/{decision}/strike"
    wrong = await client.post(strike, data={"reason": ""})
    assert wrong.status_code == 422 and "За смелость" in wrong.text
    assert wrong.text.count('<details class="fold" open>') == 1 and wrong.text.count("f-s1-reason-error") == 2
    assert len(ids(wrong)) == len(set(ids(wrong)))
    assert (await client.post(strike, data={"reason": "Не та команда"})).status_code == 303
    again = await client.post(strike, data={"reason": "Не та команда"})  # in another window
    assert again.status_code == 409 and "уже вычеркнуто" in again.text
    nothing = strike.replace(str(decision), str(where.id))
    assert (await client.post(nothing, data={"reason": "Не та команда"})).status_code == 404


async def test_a_substitute_who_was_called_up_votes_on_decisions(db):
    where = await cast.scoring_round(teams=1, jurors=3, opened=False)
    runs = await where.organiser()
    seats = {row["person"]: row["id"] for row in await fetch("SELECT id, person FROM seat WHERE round = $1", where.id)}
    first, _, substitute = [seats[juror.id] for juror in where.jurors]
    await seating.set_duty(runs, where.id, substitute, "substitute")
    await conducting.open_round(runs, where.id)
    await seating.call_up(runs, where.id, substitute, first, "Застрял в дороге")
    for juror in where.jurors[1:]:
        await cast.score(where, juror, await where.project(), 5, 5, 5, 5, 5)
    await conducting.lock_round(runs, where.id, confirmed_missing=0)
    motion = Motion(DecisionKind.OTHER, "Наградить всех", "", "", 3, 0, 0)
    assert await deliberating.decide(runs, where.id, motion)


async def test_lists_of_errors_name_their_fields_also_without_a_script(client):
    where, (_, _, three, four) = await tied(client)
    address = f"/rounds/{where.id}"

    async def listed(path, **data):
        page = await client.post(f"{address}/{path}", data=data)
        assert page.status_code == 422, path
        summary = page.text.partition('class="summary-errors"')[2].partition("</ul>")[0]
        return re.findall(r'<a href="#[^"]+">([^<]+)</a>', summary)

    empty = ": Заполните это поле."
    said = await listed("tie", project=[three, four], **{f"rank_{three}": "", f"rank_{four}": "", "reason": ""})
    assert said == [f"Орёл{empty}", f"Анадырь{empty}", f"Как решили, для протокола{empty}"]
    said = await listed("deliberation/decisions", title="", votes_for="", votes_against="", abstained="")
    assert [each.partition(":")[0] for each in said] == [
        "О чём", "Решение в нескольких словах", "Голоса «за»", "Голоса «против»", "Воздержаний",
    ]  # fmt: skip
    await running.begin(await where.organiser(), where.id)
    assert await listed("pitch", act="minutes", minutes="") == [f"Минут на команду{empty}"]
