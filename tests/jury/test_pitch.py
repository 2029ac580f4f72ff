"""A pitch day: the order that was drawn, the timer that all share, the screen in the hall, who may press what."""

import hashlib
import json
import re

import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_value
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.jury.office import conducting, seating
from incubator.jury.pitch import running
from incubator.jury.result import advising


async def day(teams: int = 3, jurors: int = 2):
    where = await cast.scoring_round(teams=teams, jurors=jurors)
    runs = await where.organiser()
    await running.begin(runs, where.id)
    return where, runs


async def order(where) -> list:
    return [
        row["team"] for row in await fetch("SELECT team FROM round_project WHERE round = $1 ORDER BY place", where.id)
    ]


async def test_the_order_can_be_drawn_again_by_anybody_from_its_seed(db):
    where, runs = await day(teams=6)
    seed = await running.draw(runs, where.id)
    teams = [each.id for each in where.teams]
    again = sorted(teams, key=lambda team: hashlib.sha256(f"{seed}:{team}".encode()).digest())
    assert await order(where) == again
    noted = await fetch_value("SELECT data FROM journal_entry WHERE verb = 'pitch.drawn'")
    assert json.loads(noted)["seed"] == seed


async def test_seeds_spread_the_order_evenly():
    import uuid

    teams = [uuid.UUID(int=n) for n in range(4)]
    first = [running.drawn(str(seed), teams)[0] for seed in range(4000)]
    assert all(900 < first.count(team) < 1100 for team in teams)


async def test_once_a_team_has_presented_the_order_is_swapped_and_not_drawn(db):
    where, runs = await day()
    await running.call(runs, where.id, None)
    with pytest.raises(Refused):
        await running.draw(runs, where.id)
    before = await order(where)
    await running.swap(runs, where.id, await where.project(1), await where.project(2), "Опоздали")
    assert await order(where) == [before[0], before[2], before[1]]
    noted = json.loads(await fetch_value("SELECT data FROM journal_entry WHERE verb = 'pitch.swapped'"))
    assert noted["reason"] == "Опоздали"


async def turns(where) -> list:
    """The places of the teams that count for the order effect, in the order of their turns."""
    rows = sorted(await fetch(advising.TURNS, where.id), key=lambda row: row["turn"])
    assert [row["turn"] for row in rows] == list(range(1, len(rows) + 1))
    return [row["id"] for row in rows]


async def test_teams_come_one_after_another_and_their_turns_are_known(db):
    where, runs = await day()
    assert await turns(where) == [await where.project(number) for number in (0, 1, 2)]
    for called in (await where.project(2), await where.project(0), None):
        await running.call(await where.organiser(), where.id, called)
    now = await running.moment(where.id)
    assert now.project == await where.project(1)
    assert await turns(where) == [await where.project(number) for number in (2, 0, 1)]
    await running.call(runs, where.id, await where.project(2))
    with pytest.raises(Refused):
        await running.call(runs, where.id, None)


async def test_who_was_passed_over_by_a_call_out_of_turn_comes_later(db):
    where, runs = await day(teams=4)
    called = []
    for number in (0, 2, None, None):
        wanted = None if number is None else await where.project(number)
        await running.call(runs, where.id, wanted)
        called.append((await running.moment(where.id)).project)
    assert called == [await where.project(number) for number in (0, 2, 3, 1)]
    with pytest.raises(Refused):
        await running.call(runs, where.id, None)


async def test_a_team_that_does_not_come_has_not_presented_and_is_called_again_last(client):
    where, _ = await day(teams=3)
    one, two, three = [str(await where.project(number)) for number in range(3)]
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/pitch"
    said = []
    for act in ("next", "absent", "next", "next", "absent"):
        page = (await client.get(address)).text
        seen = re.search(r'<input type="hidden" name="project" value="([^"]*)"', page)[1]
        answer = await client.post(address, data={"act": act, "project": seen})
        assert answer.status_code == 303
        said.append(str((await running.moment(where.id)).project))
    assert said == [one, two, three, one, "None"]
    assert await fetch_value("SELECT presented_at FROM round_project WHERE id = $1", await where.project(0)) is None
    noted = await fetch("SELECT data::jsonb AS said FROM journal_entry WHERE verb = 'pitch.absent' ORDER BY id")
    names = [json.loads(row["said"]) for row in noted]
    assert [(each["team_name"], each["next_name"]) for each in names] == [
        ("Спасск-Дальний", "Калининград"), ("Спасск-Дальний", ""),
    ]  # fmt: skip
    assert (await client.post(address, data={"act": "absent"})).status_code == 422


async def test_a_press_at_a_panel_that_shows_another_team_passes_nobody_over(client):
    where, _ = await day(teams=3)
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/pitch"
    first, second = str(await where.project(0)), await where.project(1)
    await client.post(address, data={"act": "next", "project": ""})
    for act in ("next", "next", "absent"):  # a second press, and one at another panel
        assert (await client.post(address, data={"act": act, "project": first})).status_code == 303
        assert (await running.moment(where.id)).project == second
    assert "Тем временем вызвали другую команду" in (await client.get(address)).text


async def test_after_the_last_team_no_further_one_is_offered_and_the_timer_says_whether_it_runs(client):
    where, runs = await day(teams=2)
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/pitch"
    page = (await client.get(address)).text
    assert 'value="next"' in page and 'value="absent"' not in page and "data-mode>стоит<" in page
    for _ in range(2):
        await running.call(runs, where.id, None)
    await running.press(runs, where.id, "start")
    page = (await client.get(address)).text
    assert 'value="next"' not in page and "Вызваны все команды." in page and 'id="act-next"' in page
    assert "data-mode>идёт<" in page and f'href="/rounds/{where.id}#lock-title"' in page


async def test_a_panel_from_which_nothing_is_run_offers_nothing(client):
    where, runs = await day(teams=1)
    await running.call(runs, where.id, None)
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/pitch"
    assert f'action="{address}"' in (await client.get(address)).text
    await execute("UPDATE scoring_round SET state = 'published' WHERE id = $1", where.id)
    page = await client.get(address)
    assert page.status_code == 200 and f'action="{address}' not in page.text
    assert "день защиты закончен" in page.text and "Кто кого оценил" in page.text
    blind = await cast.scoring_round(teams=1, opened=False)
    await execute("""UPDATE scoring_round SET terms = '{"blind": true}' WHERE id = $1""", blind.id)
    await cast.sign_in(client, blind.cohort.organiser)
    page = await client.get(f"/rounds/{blind.id}/pitch")
    assert 'value="begin"' not in page.text and "без имён" in page.text


async def test_a_team_that_left_is_passed_over_and_nobody_waits_for_its_sheets(client):
    where, runs = await day()
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", where.teams[1].id)
    with pytest.raises(Refused, match=r"left|выбыла"):
        await running.call(runs, where.id, await where.project(1))
    await running.call(runs, where.id, None)
    await running.call(runs, where.id, None)
    assert (await running.moment(where.id)).project == await where.project(2)
    assert await turns(where) == [await where.project(number) for number in (0, 2)]
    assert [len(turn.missing) for turn in (await running.panel(where.id)).turns] == [2, 0, 2]
    await cast.sign_in(client, runs.id)
    page = (await client.get(f"/rounds/{where.id}/pitch")).text
    assert page.count("выбыла из программы") == 1
    assert f'value="{await where.project(1)}"' not in page
    await execute("UPDATE team SET withdrawn_at = NULL")
    await running.call(runs, where.id, await where.project(1))


async def test_the_timer_runs_on_the_servers_clock_and_a_second_press_changes_nothing(db):
    where, runs = await day()
    await running.set_minutes(runs, where.id, 7)
    await running.press(runs, where.id, "start")
    first = (await running.moment(where.id)).ends_at
    await running.press(runs, where.id, "start")
    assert (await running.moment(where.id)).ends_at == first
    await running.press(runs, where.id, "pause")
    left = (await running.moment(where.id)).left
    assert 0 < left <= 7 * 60_000
    await running.press(runs, where.id, "pause")
    assert (await running.moment(where.id)).left == left
    await execute("UPDATE pitch_day SET timer_ends_at = now() - interval '1 hour'")
    assert (await running.moment(where.id)).clock == "0:00"
    await running.press(runs, where.id, "reset")
    assert (await running.moment(where.id)).clock == "7:00"


async def test_jurors_lead_nothing_and_whoever_has_no_part_sees_nothing(db):
    where, _ = await day()
    juror = await cast.viewer(where.jurors[0])
    with pytest.raises(Forbidden):
        await running.press(juror, where.id, "start")
    with pytest.raises(NotFound):
        await running.press(
            await cast.viewer(await cast.person("Чужой Человек", "stranger@example.org")), where.id, "start"
        )


async def test_the_hall_needs_its_address_and_learns_no_value(client):
    where, runs = await day()
    await cast.score(where, where.jurors[0], await where.project(0), 9, 9, 9, 9, 9, comment="Тайное")
    await running.call(runs, where.id, None)
    address = (await running.moment(where.id)).address
    page = await client.get(f"/hall/{address}")
    assert page.status_code == 200
    assert "<svg" in page.text
    assert "Тайное" not in page.text
    assert where.jurors[0] is not None
    state = (await client.get(f"/hall/{address}/state")).json()
    assert set(state) == {"now", "ends", "left", "heading", "title", "sheet", "blank", "root", "entries", "short"}
    assert (state["root"], state["short"]) == ("", "")  # it is shown from the lock on
    assert state["heading"].startswith("1. ")
    await running.press(runs, where.id, "blank")
    hidden = (await client.get(f"/hall/{address}/state")).json()
    assert (hidden["heading"], hidden["left"], hidden["sheet"]) == ("", None, "")
    await running.renew_address(runs, where.id)
    assert (await client.get(f"/hall/{address}")).status_code == 404
    assert len(address) >= 32


async def test_a_team_does_not_change_places_with_itself(client):
    where, _ = await day()
    await cast.sign_in(client, where.cohort.organiser)
    one = str(await where.project(0))
    answer = await client.post(f"/rounds/{where.id}/pitch/swap", data={"one": one, "other": one, "reason": "Опоздали"})
    assert answer.status_code == 422
    assert 'href="#f-other"' in answer.text
    assert "не ту же самую" in answer.text
    assert "Опоздали" in answer.text


async def test_a_blank_screen_says_nothing_and_an_empty_stage_one_line(client):
    where, runs = await day()
    hall = f"/hall/{(await running.moment(where.id)).address}"

    async def hidden() -> list[bool]:
        page = (await client.get(hall)).text
        return [bool(re.search(rf"<p[^>]* data-{part} hidden>", page)) for part in ("before", "clock")]

    assert await hidden() == [True, False]
    await running.call(runs, where.id, None)
    assert await hidden() == [False, False]
    await running.press(runs, where.id, "blank")
    assert await hidden() == [True, True]


async def test_the_panel_says_in_words_who_has_scored_whom(client):
    where, runs = await day()
    await cast.score(where, where.jurors[0], await where.project(0), 5, 5, 5, 5, 5)
    await cast.sign_in(client, runs.id)
    page = (await client.get(f"/rounds/{where.id}/pitch")).text
    assert page.count("Не начат") == 5
    pressed = await client.post(f"/rounds/{where.id}/pitch", data={"act": "next"})
    assert pressed.status_code == 303
    assert "Сейчас" in (await client.get(f"/rounds/{where.id}/pitch")).text
    wrong = await client.post(f"/rounds/{where.id}/pitch/swap", data={"one": "x", "other": "", "reason": ""})
    assert wrong.status_code == 422
    await cast.sign_in(client, where.jurors[0])
    home = (await client.get(f"/rounds/{where.id}")).text
    assert "data-pitch" in home
    state = (await client.get(f"/rounds/{where.id}/pitch/state")).json()
    assert state["sheet"].endswith(str(await where.project(0)))
    assert (await client.get(f"/rounds/{where.id}/pitch")).status_code == 403


async def test_an_order_that_was_changed_after_the_draw_is_not_called_drawn(client):
    where, runs = await day(teams=4)
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/pitch"
    assert "Как сложился порядок" not in (await client.get(address)).text
    await running.draw(runs, where.id)
    seed = await running.draw(runs, where.id)
    page = (await client.get(address)).text
    assert "каждый, кто отсортирует" in page
    assert "Жребий бросали 2 раза" in page
    numbers = re.findall(r'<code class="hash">([^<]+)</code>', page)
    by_hand = sorted(numbers, key=lambda team: hashlib.sha256(f"{seed}:{team}".encode()).digest())
    assert numbers == by_hand == [str(team) for team in await order(where)], "whoever reads the page can draw again"
    await running.swap(runs, where.id, await where.project(0), await where.project(3), "Поезд опоздал")
    page = (await client.get(address)).text
    assert "каждый, кто отсортирует" not in page
    assert f"число {seed}, и с тех пор изменён" in page
    assert "поменялись местами. Причина: Поезд опоздал" in page
    assert re.findall(r'<code class="hash">([^<]+)</code>', page) == by_hand
    await running.swap(runs, where.id, await where.project(0), await where.project(3), "Поезд пришёл")
    assert "каждый, кто отсортирует" in (await client.get(address)).text


async def test_the_panel_says_that_nobody_can_score_before_the_opening_and_after_the_lock(client):
    where = await cast.scoring_round(teams=1, jurors=2, opened=False)
    runs, address = await where.organiser(), f"/rounds/{where.id}/pitch"
    await running.begin(runs, where.id)
    secretary = where.jurors[1]
    seat = await fetch_value("SELECT id FROM seat WHERE round = $1 AND person = $2", where.id, secretary.id)
    await seating.set_duty(runs, where.id, seat, "secretary")
    await cast.sign_in(client, secretary)
    page = (await client.get(address)).text
    assert "ставить баллы пока нельзя" in page
    assert "Его открывает организатор" in page
    await cast.sign_in(client, where.cohort.organiser)
    assert f'href="/rounds/{where.id}#open-title"' in (await client.get(address)).text
    await conducting.open_round(runs, where.id)
    part = await client.get(address, headers={"hx-request": "true", "hx-target": "matrix"})
    assert "Кто кого оценил" in part.text
    assert "нельзя" not in part.text
    await execute("UPDATE scoring_round SET state = 'locked' WHERE id = $1", where.id)
    assert "в листы больше ничего не записывается" in (await client.get(address)).text
