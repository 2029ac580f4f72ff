"""What the board says of sheets of paper before a lock would leave them out, and the way to them after it."""

import re

import cast
from incubator.foundation.database import execute, fetch_value
from incubator.jury.conflicts import declaring
from incubator.jury.office import conducting
from incubator.jury.pitch import transcribing
from incubator.jury.pitch.transcribing import Typed
from incubator.jury.rubric import Entry
from incubator.jury.sheets.papers import Step

WORDS = "бумажный лист введён, но не записан"
MANY = "бумажных листа введены, но не записаны"


async def typed(who, where, sheet, step, mark):
    entry = Entry((mark * 1000,) * 5, "")
    await transcribing.type_in(who, where.id, sheet, Typed(step, lambda _rubric, _paper: entry, ""))


async def sheets(where) -> list:
    found = "SELECT s.id FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE e.person = $1 AND s.project = $2"
    return [await fetch_value(found, juror.id, await where.project()) for juror in where.jurors]


async def lock_section(client, where) -> str:
    return (await client.get(f"/rounds/{where.id}")).text.partition('id="lock-title"')[2].partition("</section>")[0]


async def test_the_board_names_the_sheets_of_paper_that_a_lock_would_lose(client):
    where = await cast.scoring_round(teams=1, jurors=5)
    one, other = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    waits, differs, recorded, chosen, gone = await sheets(where)
    await cast.sign_in(client, where.cohort.organiser)
    way = f'href="/rounds/{where.id}/paper"'
    for sheet in (recorded,):
        await typed(one, where, sheet, Step.FIRST, 7)
        await typed(other, where, sheet, Step.SECOND, 7)
    section = await lock_section(client, where)
    assert "не записан" not in section, "what is recorded is not lost"
    await typed(one, where, waits, Step.FIRST, 5)
    section = await lock_section(client, where)
    assert f"1 {WORDS}" in section
    assert way in section
    await typed(one, where, differs, Step.FIRST, 5)
    await typed(other, where, differs, Step.SECOND, 6)
    await cast.score(where, where.jurors[3], await where.project(), 1, 1, 1, 1, 1)
    await typed(one, where, chosen, Step.FIRST, 8)
    await typed(other, where, chosen, Step.SECOND, 8)
    await typed(one, where, gone, Step.FIRST, 8)
    await declaring.declare(await cast.viewer(where.jurors[4]), where.id, {where.teams[0].id: "Сестра"})
    section = await lock_section(client, where)
    assert f"3 {MANY}" in section, "a sheet that doesn't count for another reason is not lost by the lock"
    assert f"3 {MANY}" in section.partition('data-confirm="')[2].partition('"')[0]
    await conducting.lock_round(one, where.id, confirmed_missing=2)
    assert way in (await client.get(f"/rounds/{where.id}")).text
    assert (await client.get(f"/rounds/{where.id}/paper")).status_code == 200


async def test_where_there_is_no_quorum_it_is_said_too_and_a_round_without_paper_has_no_way_to_it(client):
    where = await cast.scoring_round(teams=1, jurors=2)
    runs, first = await where.organiser(), (await sheets(where))[0]
    await cast.sign_in(client, where.cohort.organiser)
    assert "не записан" not in await lock_section(client, where)
    await typed(runs, where, first, Step.FIRST, 5)
    assert f"1 {WORDS}" in await lock_section(client, where)
    await transcribing.set_aside(runs, where.id, first, "Не тот эксперт")
    assert "не записан" not in await lock_section(client, where)
    await execute("UPDATE scoring_round SET state = 'locked', locked_at = now()")
    assert f'href="/rounds/{where.id}/paper"' not in (await client.get(f"/rounds/{where.id}")).text


async def test_a_page_older_than_the_paper_comes_back_once_and_names_it(client):
    where = await cast.scoring_round(teams=1, jurors=4)
    one = await where.organiser()
    first, second, *_ = await sheets(where)
    for juror in where.jurors[2:]:
        await cast.score(where, juror, await where.project(), 7, 7, 7, 7, 7)
    await cast.sign_in(client, where.cohort.organiser)

    async def fields() -> dict[str, str]:
        form = await lock_section(client, where)
        return {name: re.search(f'name="{name}" value="([^"]*)"', form)[1] for name in ("missing", "papers")}

    address, typed_in = f"/rounds/{where.id}/lock", {"agreed": "on", "note": "Спешим на поезд"}
    old = await fields()
    assert old == {"missing": "2", "papers": ""}
    await typed(one, where, first, Step.FIRST, 5)
    answer = await client.post(address, data={**old, **typed_in})
    assert answer.status_code == 422
    summary = answer.text.partition("data-errors")[2].partition("</ul>")[0]
    name = await fetch_value("SELECT name FROM team")
    assert f"{where.jurors[0].name}, 1. {name}" in summary
    assert 'href="#f-papers"' in summary
    assert 'id="f-papers"' in answer.text
    assert "Спешим на поезд" in answer.text
    assert re.search('name="agreed"[^>]* checked', answer.text)
    assert await fetch_value("SELECT state FROM scoring_round") == "open"
    # Another one meanwhile, and it comes back once more; what is recorded by then is no reason to.
    seen = {"missing": "2", "papers": re.search('name="papers" value="([^"]+)"', answer.text)[1]}
    await typed(one, where, second, Step.FIRST, 5)
    again = await client.post(address, data={**seen, **typed_in})
    assert again.status_code == 422
    assert where.jurors[1].name in again.text.partition("data-errors")[2].partition("</ul>")[0]
    seen["papers"] = re.search('name="papers" value="([^"]+)"', again.text)[1]
    assert (await client.post(address, data={**seen, **typed_in})).status_code == 303
    assert await fetch_value("SELECT state FROM scoring_round") == "locked"


async def test_paper_that_was_recorded_since_the_page_holds_nothing_up(client):
    where = await cast.scoring_round(teams=1, jurors=3)
    one, other = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    first, *_ = await sheets(where)
    for juror in where.jurors[1:]:
        await cast.score(where, juror, await where.project(), 7, 7, 7, 7, 7)
    await cast.sign_in(client, where.cohort.organiser)
    await typed(one, where, first, Step.FIRST, 5)
    old = re.search('name="papers" value="([^"]+)"', await lock_section(client, where))[1]
    await typed(other, where, first, Step.SECOND, 5)
    assert (await client.post(f"/rounds/{where.id}/lock", data={"missing": "0", "papers": old})).status_code == 303


async def test_what_is_typed_after_the_lock_comes_back_on_the_page_of_the_sheet(client):
    where = await cast.scoring_round(teams=1, jurors=3)
    sheet, *_ = await sheets(where)
    for juror in where.jurors[1:]:
        await cast.score(where, juror, await where.project(), 1, 1, 1, 1, 1)
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/paper/{sheet}"
    fields = re.findall(r'name="(mark_[a-z_]+)"', (await client.get(address)).text)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=1)
    late = await client.post(address, data={"step": "first", **dict.fromkeys(fields, "7")})
    assert late.status_code == 403 and "Елена Мороз" in late.text
    assert "Это пришло слишком поздно" in late.text and late.text.count("<dd>7</dd>") == len(fields) == 5
