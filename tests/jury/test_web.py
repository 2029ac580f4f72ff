"""The pages of the jury, through a browser without JavaScript."""

import re

import pytest

import cast
from incubator.foundation.database import fetch_one, fetch_value
from incubator.foundation.refusals import Refusal
from incubator.jury.conflicts import declaring
from incubator.jury.office import conducting
from incubator.jury.rubric import Entry
from incubator.jury.sheets import actions

MARKS = {"mark_problem": "7", "mark_solution": "8", "mark_pilot": "6", "mark_feasibility": "5", "mark_team": "9"}


async def address(where: cast.RoundOfCast, number: int = 0) -> str:
    return f"/rounds/{where.id}/projects/{await where.project(number)}"


async def version_on(client, path: str) -> str:
    """The version that the form of a page holds."""
    return re.search(r'name="version"\s+value="(\w+)"', (await client.get(path)).text)[1]


async def locked(where: cast.RoundOfCast) -> cast.RoundOfCast:
    """Every sheet handed in, the first team ahead, the round locked."""
    for number in range(len(where.teams)):
        for juror in where.jurors:
            await cast.score(where, juror, await where.project(number), *[9 - number] * 5, comment="По делу")
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    return where


async def published(where: cast.RoundOfCast) -> cast.RoundOfCast:
    await cast.publish(await locked(where))
    return where


async def test_a_juror_declares_first_and_then_scores_and_goes_on(client):
    where = await cast.scoring_round(declared=False)
    await cast.sign_in(client, where.jurors[0])
    page = await client.get(await address(where))
    assert (page.status_code, page.headers["location"]) == (303, f"/rounds/{where.id}/conflicts")
    assert (await client.get(f"/rounds/{where.id}/conflicts")).status_code == 200
    assert (await client.post(f"/rounds/{where.id}/conflicts", data={})).status_code == 422
    declared = await client.post(f"/rounds/{where.id}/conflicts", data={"none": "on"})
    assert (declared.status_code, declared.headers["location"]) == (303, f"/rounds/{where.id}")
    sheet = await client.get(await address(where))
    assert 'data-criterion="mark_problem"' in sheet.text
    handed_in = await client.post(await address(where), data={**MARKS, "comment": "", "version": "0", "act": "hand_in"})
    assert (handed_in.status_code, handed_in.headers["location"]) == (303, await address(where, 1))
    home = (await client.get("/jury")).text
    assert "1 из 2" in home


async def test_zero_is_visible_and_a_blank_is_no_zero(client):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.jurors[0])
    page = (await client.get(await address(where))).text
    assert '<span class="segmented__face">0</span>' in page
    assert "checked" not in re.findall(r'<fieldset class="criterion.*?</fieldset>', page, re.DOTALL)[0]


async def test_a_sheet_with_a_blank_comes_back_with_what_was_typed(client):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.jurors[0])
    typed = {**MARKS, "comment": "Сильно", "version": "0", "act": "hand_in"}
    del typed["mark_pilot"]
    page = await client.post(await address(where), data=typed)
    assert page.status_code == 422
    assert 'name="mark_problem" value="7" checked' in page.text
    assert 'href="#f-mark_pilot"' in page.text
    assert "Сильно" in page.text


@pytest.mark.parametrize(
    "mark",
    ["nan", "Infinity", "1e999999", "-0", "9223372036854775808", "1_0", "٣", "7.55555", "7,5", "0x5", "11", "-1"],
)
async def test_only_steps_of_the_scale_are_marks(client, mark):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.jurors[0])
    page = await client.post(await address(where), data={**MARKS, "mark_team": mark, "comment": "", "version": "0"})
    assert page.status_code == 422
    assert await fetch_value("SELECT count(*) FROM score_sheet WHERE state <> 'empty'") == 0


async def test_unknown_fields_are_refused(client):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.jurors[0])
    page = await client.post(await address(where), data={**MARKS, "comment": "", "version": "0", "juror": "x"})
    assert page.status_code == 400


async def test_autosave_answers_in_json(client):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.jurors[0])
    asked = {"X-Autosave": "1", "Accept": "application/json"}
    saved = await client.post(
        await address(where), data={"mark_team": "9", "comment": "", "version": "0"}, headers=asked
    )
    assert (saved.status_code, saved.json()["version"]) == (200, 1)
    stale = await client.post(
        await address(where), data={"mark_team": "8", "comment": "", "version": "0"}, headers=asked
    )
    assert stale.status_code == 409
    wrong = await client.post(
        await address(where), data={"mark_team": "99", "comment": "", "version": "1"}, headers=asked
    )
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["mark_team"])


async def test_a_clash_shows_both_versions_and_either_can_stand(client):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.jurors[0])
    await client.post(await address(where), data={**MARKS, "comment": "первый", "version": "0"})
    clash = await client.post(
        await address(where), data={**MARKS, "mark_team": "1", "comment": "второй", "version": "0"}
    )
    assert clash.status_code == 409
    assert "первый" in clash.text
    assert "второй" in clash.text
    fields = dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', clash.text.partition("<main")[2]))
    fields.pop("_csrf")
    again = await client.post(await address(where), data={**fields, "act": "save"})
    assert again.status_code == 303
    assert await fetch_value("SELECT comment FROM score_sheet WHERE comment <> ''") == "второй"


async def test_skip_abstain_recuse_differ(client):
    where = await cast.scoring_round(teams=3)
    await cast.sign_in(client, where.jurors[0])
    base = [await address(where, number) for number in range(3)]
    skipped = await client.post(base[0], data={"comment": "", "version": "0", "act": "skip"})
    assert skipped.headers["location"] == base[1]
    abstained = await client.post(f"{base[1]}/abstain", data={"reason": "Не моя область"})
    assert abstained.headers["location"] == base[2]
    assert (await client.post(f"{base[2]}/recuse", data={"reason": " "})).status_code == 422
    recused = await client.post(f"{base[2]}/recuse", data={"reason": "Бывший коллега"})
    assert recused.headers["location"] == base[0]
    home = (await client.get(f"/rounds/{where.id}")).text
    for words in ("Отложено", "Воздержание", "Конфликт интересов", "1 из 2"):
        assert words in home
    assert (await client.get(base[2])).status_code == 200
    assert (await client.post(base[2], data={**MARKS, "comment": "", "version": "1"})).status_code == 403


@pytest.mark.parametrize("side", ["abstain", "recuse"])
async def test_a_reason_that_is_missing_empties_no_mark(client, side):
    """The marks that were recorded stand in the form: whoever saves it next loses none of them."""
    where = await cast.scoring_round()
    await cast.sign_in(client, where.jurors[0])
    sheet = await address(where)
    await client.post(sheet, data={**MARKS, "comment": "Помню", "version": "0"})
    refused = await client.post(f"{sheet}/{side}", data={"reason": " "})
    assert refused.status_code == 422
    assert all(f'name="{name}" value="{value}" checked' in refused.text for name, value in MARKS.items())
    assert "Помню" in refused.text
    assert "<title>Ошибка:" in refused.text
    assert "data-errors" in refused.text


async def test_that_all_is_handed_in_is_said_once(client):
    where = await cast.scoring_round(teams=1)
    await cast.sign_in(client, where.jurors[0])
    done = await client.post(await address(where), data={**MARKS, "comment": "", "version": "0", "act": "hand_in"})
    words = "Все ваши листы сданы."
    assert (await client.get(done.headers["location"])).text.count(words) == 1
    assert (await client.get(f"/rounds/{where.id}")).text.count(words) == 1, "and it stays said"


async def test_the_board_counts_and_shows_no_value(client):
    where = await cast.scoring_round()
    await cast.score(where, where.jurors[0], await where.project(), 7, 7, 7, 7, 3, comment="тайное слово")
    await cast.sign_in(client, where.cohort.organiser)
    page = await client.get(f"/rounds/{where.id}")
    assert "1 из 2" in page.text
    assert "тайное слово" not in page.text
    part = await client.get(f"/rounds/{where.id}/progress", headers={"HX-Request": "true"})
    assert "1 из 2" in part.text
    assert "<html" not in part.text


async def test_the_live_part_of_the_board_stands_alone(client):
    where = await cast.scoring_round(declared=False)
    seat = await fetch_value("SELECT id FROM seat WHERE person = $1", where.jurors[0].id)
    await conducting.remove_juror(await where.organiser(), where.id, seat, "Заболел")
    await cast.sign_in(client, where.cohort.organiser)
    part = await client.get(f"/rounds/{where.id}/progress", headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "Заболел" in part.text
    assert "Ещё нет" in part.text


async def test_a_juror_reads_the_materials_of_a_team_he_judges(client):
    where = await cast.scoring_round(opened=False)
    plan, team = await cast.begin(where.cohort), where.teams[0]
    first = plan[0].assignments[0].id
    await cast.decide(await cast.hand_in(team.lead, team.id, first, "Отток молодых семей"), "accepted")
    await cast.sign_in(client, where.jurors[0])
    assert (await client.get(f"{await address(where)}/materials")).status_code == 403
    await conducting.open_round(await where.organiser(), where.id)
    for asked in ({}, {"HX-Request": "true"}):
        page = await client.get(f"{await address(where)}/materials", headers=asked)
        assert page.status_code == 200
        assert "Отток молодых семей" in page.text
    await declaring.declare(await cast.viewer(where.jurors[0]), where.id, {team.id: "Коллега"})
    assert (await client.get(f"{await address(where)}/materials")).status_code == 403


async def test_a_team_does_not_change_its_work_while_it_is_judged(client):
    where = await cast.scoring_round(opened=False)
    plan, team = await cast.begin(where.cohort), where.teams[0]
    await cast.write(team.lead, team.id, plan[0].assignments[0].id)
    await conducting.open_round(await where.organiser(), where.id)
    with pytest.raises(Refusal):
        await cast.write(team.lead, team.id, plan[0].assignments[0].id, "другое")


async def test_before_the_lock_nobody_reads_a_result(client):
    where = await cast.scoring_round()
    project = await address(where)
    await cast.sign_in(client, where.cohort.organiser)
    for closed in (f"/rounds/{where.id}/result", f"{project}/sheets", f"/teams/{where.teams[0].id}/result"):
        assert (await client.get(closed)).status_code == 403
    assert (await client.post(f"/rounds/{where.id}/sheets.csv")).status_code == 403


async def test_everybody_reads_a_published_ranking_and_a_team_its_own_profile(client):
    where = await published(await cast.scoring_round())
    visitor = await client.get(f"/rounds/{where.id}/result")
    assert visitor.status_code == 200
    assert visitor.text.index(">Спасск-Дальний<") < visitor.text.index(">Калининград<")
    await cast.sign_in(client, where.teams[1].members[0])
    assert (await client.get(f"/rounds/{where.id}/result")).status_code == 200
    own = await client.get(f"/teams/{where.teams[1].id}/result")
    assert "По делу" in own.text
    for juror in where.jurors:
        assert juror.name not in own.text
    assert (await client.get(f"/teams/{where.teams[0].id}/result")).status_code == 404


async def test_a_visitor_learns_nothing_of_unpublished_rounds(client):
    where = await locked(await cast.scoring_round())
    real = await client.get(f"/rounds/{where.id}/result")
    invented = await client.get(f"/rounds/{cast.new_id()}/result")
    assert (real.status_code, invented.status_code) == (303, 303)


async def test_the_export_is_a_table_without_formulas(client):
    where = await cast.scoring_round(jurors=2)
    await cast.score(where, where.jurors[0], await where.project(), 7, 8, 6, 5, 9, comment="=СУММ(A1)")
    await cast.score(where, where.jurors[1], await where.project(), 7, 8, 6, 5, 9, comment='с "кавычкой"; и точкой')
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=2)
    await cast.sign_in(client, where.cohort.organiser)
    answer = await client.post(f"/rounds/{where.id}/sheets.csv")
    assert answer.status_code == 200
    lines = answer.content.decode("utf-8-sig").split("\r\n")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert len(lines) == 1 + 4 + 1
    assert "'=СУММ(A1)" in answer.text
    assert '"с ""кавычкой""; и точкой"' in answer.text
    row = await fetch_one("SELECT total FROM score_sheet WHERE total IS NOT NULL LIMIT 1")
    assert f"{row['total'] / 100_000:.4f}".replace(".", ",") in answer.text
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'sheets.exported'") == 1


async def test_a_lead_challenges_a_juror_before_the_opening(client):
    where = await cast.scoring_round(opened=False)
    lead, team = where.teams[0].lead, where.teams[0].id
    await cast.sign_in(client, lead)
    page = await client.get(f"/teams/{team}/jury")
    assert where.jurors[0].name in page.text
    assert where.jurors[0].email not in page.text
    sent = {"juror": str(where.jurors[0].id), "reason": "Работал у нас"}
    assert (await client.post(f"/teams/{team}/jury", data=sent)).status_code == 303
    await conducting.open_round(await where.organiser(), where.id)
    assert await fetch_value("SELECT count(*) FROM score_sheet") == 3 * 2 - 1
    await cast.sign_in(client, where.cohort.organiser)
    listed = await client.get(f"/cohorts/{where.cohort.id}/conflicts")
    assert "Работал у нас" in listed.text
    conflict = await fetch_value("SELECT id FROM conflict_of_interest")
    lifted = await client.post(f"/cohorts/{where.cohort.id}/conflicts/{conflict}/lift", data={"reason": "Давно"})
    assert lifted.status_code == 303
    assert await fetch_value("SELECT count(*) FROM score_sheet") == 3 * 2


async def test_criteria_and_rules_are_edited_until_a_round_opens(client):
    where = await cast.scoring_round(opened=False)
    base = f"/cohorts/{where.cohort.id}/jury"
    await cast.sign_in(client, where.cohort.organiser)
    assert (await client.get(base)).status_code == 200
    fields = {"title": "Смелость", "description": "", "weight": "7", "scale_min": "0", "scale_max": "5", "step": "0,5",
              "anchor_score": ["0", "5", ""], "anchor_words": ["Нет", "Да", ""]}  # fmt: skip
    assert (await client.get(f"{base}/criteria/new")).status_code == 200
    wrong = await client.post(f"{base}/criteria/new", data={**fields, "step": "0,7"})
    assert wrong.status_code == 422
    assert (await client.post(f"{base}/criteria/new", data=fields)).status_code == 303
    made = await fetch_one("SELECT id, key, step, anchors FROM criterion WHERE title = 'Смелость'")
    assert (made["key"], made["step"]) == ("criterion_1", 500)
    assert (await client.get(f"{base}/criteria/{made['id']}")).status_code == 200
    assert (await client.post(f"{base}/criteria/{made['id']}", data={**fields, "weight": "8"})).status_code == 409
    shown = {"version": await version_on(client, f"{base}/criteria/{made['id']}")}
    assert (
        await client.post(f"{base}/criteria/{made['id']}", data={**fields, **shown, "weight": "8"})
    ).status_code == 303
    behind = await client.post(f"{base}/criteria/{made['id']}", data={**fields, **shown, "weight": "9"})
    assert (behind.status_code, 'value="9"' in behind.text) == (409, True), "somebody else has set it to 8 meanwhile"
    assert (await client.post(f"{base}/criteria/{made['id']}/move", data={"way": "up"})).status_code == 303
    assert await fetch_value("SELECT place FROM criterion WHERE id = $1", made["id"]) == 5
    assert (await client.post(f"{base}/criteria/{made['id']}/remove")).status_code == 303
    rules = {"aggregate": "trimmed_mean", "minimum_sheets": "3", "quorum": "3", "closing": "not_assessed",
             "tie": ["criterion:pilot", "vote", ""], "decimals": "3", "rounding": "half_even"}  # fmt: skip
    assert (await client.get(f"{base}/rules")).status_code == 200
    assert (await client.post(f"{base}/rules", data={**rules, "quorum": "2"})).status_code == 422
    assert (await client.post(f"{base}/rules", data=rules)).status_code == 409
    rules["version"] = await version_on(client, f"{base}/rules")
    assert (await client.post(f"{base}/rules", data=rules)).status_code == 303
    named = await fetch_value("SELECT id FROM criterion WHERE key = 'pilot'")
    assert (await client.post(f"{base}/criteria/{named}/remove")).status_code == 409
    await conducting.open_round(await where.organiser(), where.id)
    assert (await client.post(f"{base}/criteria/{named}", data=fields)).status_code == 403
    assert (await client.post(f"{base}/rules", data=rules)).status_code == 403


async def test_a_round_is_drawn_up_and_arranged_by_forms(client):
    where = await cast.scoring_round(opened=False)
    await cast.sign_in(client, where.cohort.organiser)
    base = f"/cohorts/{where.cohort.id}/rounds/new"
    first, second = (str(team.id) for team in where.teams)
    assert (await client.get(base)).status_code == 200
    fields = {"name": "Полуфинал", "team": [first, second], f"place_{first}": "2", f"place_{second}": "1"}
    assert (await client.post(base, data={**fields, "team": []})).status_code == 422
    made = (await client.post(base, data=fields)).headers["location"]
    order = "SELECT t.id FROM round_project p JOIN team t ON t.id = p.team WHERE p.round = $1 ORDER BY p.place LIMIT 1"
    made_id = made.rpartition("/")[2]
    assert str(await fetch_value(order, made_id)) == second
    assert (await client.get(f"{made}/projects")).status_code == 200
    assert (await client.post(f"{made}/projects", data={"name": "Полуфинал", "team": [first], f"place_{first}": "",
                                                        f"place_{second}": ""})).status_code == 303  # fmt: skip
    assert str(await fetch_value(order, made_id)) == first
    seated = await client.post(f"{made}/jurors", data={"juror": [str(juror.id) for juror in where.jurors]})
    assert seated.status_code == 303
    assert (await client.post(f"{made}/jurors", data={})).status_code == 422


async def test_a_tie_goes_to_the_vote_and_the_vote_is_named(client):
    where = await cast.scoring_round(ties=("vote", "shared"))
    for number in range(2):
        for juror in where.jurors:
            await cast.score(where, juror, await where.project(number), 7, 7, 7, 7, 7)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    await cast.sign_in(client, where.cohort.organiser)
    page = await client.get(f"/rounds/{where.id}/result")
    assert "Нужно голосование" in page.text
    assert (await client.post(f"/rounds/{where.id}/publish")).status_code == 409
    first, second = str(await where.project(0)), str(await where.project(1))
    vote = {"project": [first, second], f"rank_{first}": "2", f"rank_{second}": "1", "reason": "5 против 2"}
    assert (await client.post(f"/rounds/{where.id}/tie", data={**vote, "reason": ""})).status_code == 422
    assert (await client.post(f"/rounds/{where.id}/tie", data=vote)).status_code == 303
    page = await client.get(f"/rounds/{where.id}/result")
    assert "голосованием присутствующих" in page.text


async def test_a_removed_juror_reads_his_sheet_and_writes_no_more(client):
    where = await cast.scoring_round()
    await cast.score(where, where.jurors[0], await where.project(), 7, 7, 7, 7, 7)
    seat = await fetch_value("SELECT id FROM seat WHERE person = $1", where.jurors[0].id)
    await cast.sign_in(client, where.cohort.organiser)
    removed = await client.post(f"/rounds/{where.id}/jurors/{seat}/remove", data={"reason": "Заболел"})
    assert removed.status_code == 303
    await cast.sign_in(client, where.jurors[0])
    assert (await client.get(await address(where))).status_code == 200
    again = await client.post(await address(where), data={**MARKS, "comment": "", "version": "2"})
    assert again.status_code == 403
    assert (await client.get(f"/rounds/{where.id}")).status_code == 404


async def sheet_saved_before(where: cast.RoundOfCast) -> None:
    entry = Entry((1000,) * 5, "")
    juror = await cast.viewer(where.jurors[0])
    await actions.save_sheet(juror, where.id, await where.project(), lambda _: entry, expected=0)
    await declaring.declare(juror, where.id, {where.teams[0].id: "Родственник"})


async def test_a_conflict_declared_after_scoring_makes_the_sheet_unwritable_but_readable(client):
    where = await cast.scoring_round()
    await sheet_saved_before(where)
    await cast.sign_in(client, where.jurors[0])
    assert (await client.get(await address(where))).status_code == 200
    assert (await client.post(await address(where), data={**MARKS, "comment": "", "version": "2"})).status_code == 403
