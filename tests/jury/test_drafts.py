"""Drafts of rounds: what is typed into them, and how they are removed."""

import re

import pytest

import cast
from incubator.foundation.database import fetch, fetch_value
from incubator.foundation.refusals import Forbidden, NotFound
from incubator.jury.allocation import allocating
from incubator.jury.allocation.allocating import Limits
from incubator.jury.conflicts import declaring
from incubator.jury.office import conducting, preparing, removing, round_rubric
from incubator.jury.pitch import running
from incubator.jury.practice import practising
from samples import practise

pytestmark = pytest.mark.usefixtures("db")

LEANING = """
SELECT DISTINCT c.conrelid::regclass::text AS name, a.attname::text AS at FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.confrelid IN ('scoring_round'::regclass, 'seat'::regclass, 'round_project'::regclass, 'sample'::regclass)
"""


async def rows_of_rounds() -> dict[str, int]:
    """How many rows lean on rounds, their seats, projects and samples, by table."""
    names = sorted({row["name"] for row in await fetch(LEANING)} | {"scoring_round"})
    return {name: await fetch_value(f"SELECT count(*) FROM {name}") for name in names}


async def test_a_draft_goes_with_all_that_was_prepared_for_it(client):
    where = await cast.scoring_round(teams=3, jurors=3)
    runs, before = await where.organiser(), await rows_of_rounds()
    teams = [each.id for each in where.teams]
    draft = await conducting.create_round(runs, where.cohort.id, "Полуфинал", teams)
    await conducting.seat_jurors(runs, draft, [each.id for each in where.jurors])
    juror = await cast.viewer(where.jurors[0])
    await declaring.declare(juror, draft, {teams[0]: "Брат"}, wishes={teams[1]: 1})
    await allocating.ask(runs, draft, Limits(1, 9, 7))
    sample = await practising.add_sample(runs, draft, "Проба", "Текст")
    criteria = len(await preparing.criteria_of(where.cohort.id))
    await practise(where.jurors[0], draft, sample, *[7] * criteria)
    await running.begin(runs, draft)
    full = await rows_of_rounds()
    prepared = {
        "scoring_round",
        "seat",
        "round_project",
        "juror_wish",
        "allocation",
        "allocated_pair",
        "sample",
        "sample_sheet",
        "pitch_day",
    }
    assert {name for name in full if full[name] > before[name]} == prepared

    await cast.sign_in(client, where.cohort.organiser)
    page = (await client.get(f"/rounds/{draft}")).text
    form = re.search(rf'<form[^>]*action="/rounds/{draft}/remove"[^>]*>', page)[0]
    assert "Удалить раунд «Полуфинал»?" in form, "a question comes before it"
    entries = await fetch_value("SELECT count(*) FROM journal_entry")
    answer = await client.post(f"/rounds/{draft}/remove")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cohorts/{where.cohort.id}/jury")
    assert await rows_of_rounds() == before
    assert [row["verb"] for row in await fetch("SELECT verb FROM journal_entry ORDER BY id OFFSET $1", entries)] == [
        "round.removed"
    ]
    assert "Раунд «Полуфинал» удалён." in (await client.get(answer.headers["location"])).text
    assert (await client.get(f"/rounds/{draft}")).status_code == 404
    assert (await client.post(f"/rounds/{draft}/remove")).status_code == 404
    assert await fetch_value("SELECT count(*) FROM conflict_of_interest WHERE lifted_at IS NULL"), (
        "what was declared stays"
    )
    journal = (await client.get(f"/cohorts/{where.cohort.id}/journal")).text
    assert "удалён черновик раунда «Полуфинал»" in journal


async def test_a_round_that_was_opened_is_never_removed(client):
    where = await cast.scoring_round(teams=1, jurors=2)
    await cast.sign_in(client, where.cohort.organiser)
    for step in ("open", "locked", "published"):
        if step == "locked":
            for juror in where.jurors:
                await cast.score(where, juror, await where.project(), 7, 7, 7, 7, 7)
            await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
        if step == "published":
            await cast.publish(where)
        before = await rows_of_rounds()
        assert f"/rounds/{where.id}/remove" not in (await client.get(f"/rounds/{where.id}")).text
        answer = await client.post(f"/rounds/{where.id}/remove")
        assert answer.status_code == 403
        assert "его листы остаются" in answer.text
        assert await rows_of_rounds() == before


async def test_a_removed_draft_stands_in_nobodys_way():
    """Whoever works on it at that moment is told that it is gone; its cohort can be changed and drawn up anew."""
    where = await cast.scoring_round(opened=False)
    runs = await where.organiser()
    await round_rubric.take_own(runs, where.id)
    juror = await cast.viewer(where.jurors[0])
    await removing.remove_round(runs, where.id)
    for act in (
        conducting.open_round(runs, where.id), allocating.ask(runs, where.id, Limits(1, 9, 7)), running.begin(runs, where.id),
        declaring.declare(juror, where.id, {}), removing.remove_round(runs, where.id),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await act
    again = await conducting.create_round(runs, where.cohort.id, "Итоговая защита", [each.id for each in where.teams])
    await conducting.seat_jurors(runs, again, [each.id for each in where.jurors])
    await conducting.open_round(runs, again)
    with pytest.raises(Forbidden):
        await removing.remove_round(runs, again)


# --- Projects and their order -----------------------------------------------------------------------------------------


def shown(page: str, name: str) -> tuple[str, str]:
    """What a field shows, and its error."""
    field = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)[0]
    typed = re.search('value="([^"]*)"', field)[1]
    if "aria-invalid" not in field:
        return typed, ""
    told = re.search('aria-describedby="([^"]*)"', field)[1]
    error = re.search(rf'<p class="error" id="{told}">(.*?)</p>', page, re.DOTALL)[1]
    return typed, re.sub(r"<[^>]*>", "", error).replace("Ошибка:", "").strip()


async def test_numbers_that_say_nothing_clear_are_errors_at_their_teams(client):
    where = await cast.scoring_round(teams=4, opened=False)
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/projects"
    teams = [str(each.id) for each in where.teams]
    names = await fetch_value("SELECT array_agg(name ORDER BY registered_at) FROM team")
    assert "Не больше 200 знаков" in (await client.get(address)).text, "the limit is told before the first try"
    places = [f"place_{team}" for team in teams]
    # One number twice, a number without a tick, zero; and a name that is too long: all errors at once.
    typed = dict(zip(places, ["7", "7", "9", "0"], strict=True))
    answer = await client.post(address, data={"name": "я" * 201, "team": [teams[0], teams[1], teams[3]], **typed})
    assert answer.status_code == 422
    told = [shown(answer.text, place) for place in places]
    assert told == [
        ("7", f"Номер 7 стоит и у команды «{names[1]}». Дайте каждой команде свой номер."),
        ("7", f"Номер 7 стоит и у команды «{names[0]}». Дайте каждой команде свой номер."),
        ("9", "Отметьте и команду или сотрите номер."),
        ("0", "Введите число от 1 до 9\N{NO-BREAK SPACE}999."),
    ]
    summary = answer.text[
        answer.text.index("data-errors") : answer.text.index("</ul>", answer.text.index("data-errors"))
    ]
    lines = re.findall(r"<a href=[^>]*>(.*?)</a>", summary)
    assert len(lines) == 5
    assert lines[0].startswith("Не больше 200 знаков")
    assert sorted(line.partition(":")[0] for line in lines[1:]) == sorted(names), "each names its team"
    assert f'value="{teams[2]}" checked' not in answer.text
    assert f'value="{teams[3]}" checked' in answer.text

    nobody = await client.post(address, data={"name": "Финал", **dict.fromkeys(places, "")})
    assert nobody.status_code == 422
    assert "Отметьте хотя бы одну команду." in nobody.text
    field = re.search(r'<div[^>]*id="f-team"[^>]*>', nobody.text)[0]
    assert 'aria-invalid="true"' in field
    assert "f-team-error" in field


async def test_a_team_is_taken_out_by_its_tick_alone_and_who_has_no_number_comes_last(client):
    where = await cast.scoring_round(teams=4, opened=False)
    await cast.sign_in(client, where.cohort.organiser)
    teams = [str(each.id) for each in where.teams]
    # The second leaves with the number that the page had put there, the third comes far behind, the first has none.
    sent = {f"place_{team}": place for team, place in zip(teams, ["", "2", "40", "4"], strict=True)}
    answer = await client.post(
        f"/rounds/{where.id}/projects", data={"name": "Финал", "team": [teams[0], *teams[2:]], **sent}
    )
    assert answer.status_code == 303
    rows = await fetch("SELECT team FROM round_project WHERE round = $1 ORDER BY place", where.id)
    assert [str(row["team"]) for row in rows] == [teams[3], teams[2], teams[0]]
    assert "Название, проекты и порядок выступлений сохранены." in (await client.get(answer.headers["location"])).text


async def test_no_sheets_at_all_is_no_limit_of_a_juror(client):
    where = await cast.scoring_round(opened=False)
    await cast.sign_in(client, where.cohort.organiser)
    seat = await fetch_value("SELECT id FROM seat WHERE person = $1", where.jurors[0].id)
    address = f"/rounds/{where.id}/jurors/{seat}/duty"
    answer = await client.post(address, data={"duty": "chair_votes", "cap": "0"})
    assert answer.status_code == 422
    field = re.search(rf'<input[^>]*id="f-duty-{seat}-cap"[^>]*>', answer.text)[0]
    assert 'value="0"' in field
    assert 'aria-invalid="true"' in field
    assert "Введите 1 или больше либо оставьте поле пустым" in answer.text
    assert f'-cap">{where.jurors[0].name}: У эксперта' in answer.text, "the summary says whose field it is"
    assert '<option value="chair_votes" selected>' in answer.text
    for typed, kept in (("1", 1), ("", None)):
        assert (await client.post(address, data={"duty": "chair_votes", "cap": typed})).status_code == 303
        assert await fetch_value("SELECT cap FROM seat WHERE id = $1", seat) == kept


async def test_every_small_form_of_the_preparation_says_that_it_is_saved(client):
    where = await cast.scoring_round(teams=2, jurors=2, opened=False)
    await cast.sign_in(client, where.cohort.organiser)
    base, cohort = f"/rounds/{where.id}", f"/cohorts/{where.cohort.id}/jury"
    seat, project = await fetch_value("SELECT id FROM seat WHERE round = $1", where.id), await where.project()
    pair = {"project": str(project), "seat": str(seat)}

    async def said(path: str, data: dict[str, str]) -> str:
        answer = await client.post(path, data=data)
        assert answer.status_code == 303, path
        page = (await client.get(answer.headers["location"])).text
        banner = re.search(r'<div class="banner banner--success".*?</div>\s*</div>', page, re.DOTALL)
        return re.sub(r"<[^>]*>", "", banner[0]).strip() if banner else ""

    blank = {"anchor_score": ["", ""], "anchor_words": ["", ""]}
    criterion = {
        "title": "Смелость",
        "description": "",
        "weight": "7",
        "scale_min": "0",
        "scale_max": "5",
        "step": "1",
        **blank,
    }
    assert await said(f"{cohort}/criteria/new", {**criterion, "version": ""}) == "Критерий сохранён."
    added = (await preparing.criteria_of(where.cohort.id))[-1].id
    assert await said(f"{cohort}/criteria/{added}/remove", {}) == "Критерий удалён."
    assert await said(f"{base}/criteria/own", {"way": "own"}) == "У этого раунда собственные критерии и правила."
    assert await said(f"{base}/criteria/new", {**criterion, "version": ""}) == "Критерий сохранён."
    key = await fetch_value("SELECT criteria -> -1 ->> 'key' FROM scoring_round WHERE id = $1", where.id)
    assert await said(f"{base}/criteria/{key}/remove", {}) == "Критерий удалён."
    await allocating.ask(await where.organiser(), where.id, Limits(2, 9, 7))
    assert await said(f"{base}/allocation/remove", pair) == "Проект у эксперта снят."
    assert await said(f"{base}/allocation/add", pair) == "Эксперт оценивает этот проект."
    assert await said(f"{base}/calibration/samples", {"title": "Проба", "text": "Текст"}) == "Пробный проект добавлен."


async def test_what_is_to_be_chosen_has_its_name(client):
    where = await cast.scoring_round(jurors=2)
    await cast.sign_in(client, where.cohort.organiser)
    base = f"/rounds/{where.id}"
    paper = await client.get(f"{base}/paper")
    assert "необязательно" not in paper.text, "one of the two ways has to be taken"
    for path, sent, words in (
        ("/paper", {"code": "", "seat": "", "project": ""}, ("Выберите эксперта.", "Выберите проект.")),
        ("/pitch", {"act": "call", "project": "", "minutes": ""}, ("Выберите команду.",)),
        ("/pitch/swap", {"one": "", "other": "", "reason": "Поезд"}, ("Выберите команду.",)),
    ):
        if path == "/pitch":
            await running.begin(await where.organiser(), where.id)
        answer = await client.post(base + path, data=sent)
        assert answer.status_code == 422
        assert "Выберите ответ" not in answer.text
        for each in words:
            assert each in answer.text


async def test_errors_of_lists_are_told_to_who_hears_the_page_and_ticks_stay_as_they_were(client):
    where = await cast.scoring_round(jurors=2, opened=False)
    third = await cast.juror(where.cohort, "Дарья Кочетова")
    await cast.sign_in(client, where.cohort.organiser)
    base = f"/rounds/{where.id}"
    assert f'value="{third.id}" checked' in (await client.get(base)).text
    seats = (await client.post(f"{base}/jurors", data={})).text
    group = re.search(r'<fieldset[^>]*id="f-juror"[^>]*>', seats)[0]
    assert 'aria-describedby="f-juror-error"' in group
    assert 'aria-invalid="true"' in group
    assert 'id="f-juror-error"' in seats
    assert f'value="{third.id}" checked' not in seats, "what he had unticked"
    await round_rubric.take_own(await where.organiser(), where.id)
    plain = {
        "aggregate": "mean",
        "closing": "close_with_gaps",
        "rounding": "half_up",
        "minimum_sheets": "1",
        "quorum": "1",
    }
    sent = {**plain, "decimals": "2", "version": "", "tie": ["shared", "shared"]}
    rules = (await client.post(f"{base}/rules", data=sent)).text
    wrong = re.findall(r'<select[^>]*name="tie" aria-describedby="([^"]+)" aria-invalid="true">', rules)
    assert wrong == ["f-tie.1-error"]
    assert 'id="f-tie.1-error"' in rules
