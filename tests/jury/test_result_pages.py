"""The pages beside a ranking: what they say is what the analysis found, and nothing of it changes the result."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_value
from incubator.foundation.i18n import MOSCOW, speaking
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.jury.office import agreeing, conducting
from incubator.jury.result import advising, deliberating, standings
from incubator.jury.result.findings import _parted
from incubator.jury.result.rules import DecisionKind, Motion
from incubator.jury.rounds import round_for
from incubator.jury.scoring import rounded

MARKS = ((9, 9, 9, 9, 9), (8, 7, 8, 7, 8), (5, 6, 5, 6, 5), (7, 7, 6, 7, 7), (4, 3, 4, 3, 4))
SEVERITY = (0, 1, 2)


async def locked(*, teams: int = 5, jurors: int = 3, gap: bool = True, severe: int = 1) -> cast.RoundOfCast:
    """A locked round in which jurors are `severe` times as harsh as their number; with a gap one sheet is missing."""
    where = await cast.scoring_round(teams=teams, jurors=jurors, quorum=2)
    for seat, juror in enumerate(where.jurors):
        for number in range(teams):
            if not (gap and number == teams - 1 and seat == 0):
                marks = [max(mark - severe * SEVERITY[seat], 0) for mark in MARKS[number]]
                await cast.score(where, juror, await where.project(number), *marks, comment="слово жюри")
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=int(gap))
    return where


async def found(where: cast.RoundOfCast, top: int = 3):
    scoring = await round_for(await where.organiser(), where.id)
    return await advising.advice(scoring, await standings.count_up(scoring), top)


async def page(client, who, path: str) -> str:
    await cast.sign_in(client, who)
    answer = await client.get(path, headers={"accept-language": "en"})
    assert answer.status_code == 200, answer.text[-600:]
    return answer.text


async def test_the_plot_and_its_table_show_what_the_analysis_found(client):
    where = await locked()
    analysis = await found(where)
    text = await page(client, where.cohort.organiser, f"/rounds/{where.id}/result/analysis")
    low, high = axis_of(text)
    drawn = [(low + (float(x) - 198) * (high - low) / (700 - 198 - 12)) for x in dots_of(text)]
    wanted = [each.adjusted for each in analysis.projects if each.adjusted is not None]
    assert len(wanted) == 4  # the fifth has two sheets only
    assert drawn == pytest.approx(wanted, abs=0.02)
    told = re.findall(r"<th scope=\"row\">([^<]+)</th>((?:<td[^>]*>[^<]*</td>)+)", text)
    rows: dict[str, list[str]] = {}
    for name, cells in told:
        rows.setdefault(name, re.findall(r">([^<]*)</td>", cells))
    for each in analysis.projects:
        if each.adjusted is not None:
            cells = rows[str(each.id)]
            assert cells[1].replace(",", ".") == f"{each.mean:.2f}"
            assert cells[2].replace(",", ".") == f"{each.adjusted:.2f}"


async def test_a_table_of_five_columns_is_cards_on_a_phone(client):
    where = await locked()
    told = await page(client, where.cohort.organiser, f"/rounds/{where.id}/result/analysis")
    strips = re.search(r'<table class="([^"]*)">\s*<thead><tr><th scope="col">(?:Criterion|Критерий)<', told)
    assert strips is not None and "table--cards" in strips[1], "in columns of 60 pixels words break anywhere"


def axis_of(text: str) -> tuple[float, float]:
    """The ends of the first plot's axis."""
    svg = text[text.index("plot__wide") : text.index("plot__narrow")]
    words = re.findall(r'text-anchor="middle">([^<]+)</text>', svg)
    return float(words[0].replace(",", ".")), float(words[-1].replace(",", "."))


def dots_of(text: str) -> list[str]:
    """Where the filled dots of the first plot are."""
    svg = text[text.index("plot__wide") : text.index("plot__narrow")]
    return re.findall(r'class="dot" cx="([\d.]+)"', svg)


@pytest.mark.parametrize(
    ("high", "chances", "says"),
    [(5.0, (0.99, 0.01), "their intervals don't meet"), (6.5, (0.99, 0.01), "the marks part them"),
     (6.5, (0.7, 0.3), "don't say for sure")],
)  # fmt: skip
async def test_the_sentence_below_the_plot_agrees_with_the_chances(db, high, chances, says):
    first, second = (await found(await locked())).projects[:2]
    shown = [
        replace(first, low=6.0, high=8.0, chance_top=chances[0]),
        replace(second, low=4.0, high=high, chance_top=chances[1]),
    ]
    with speaking("en", MOSCOW):
        assert says in str(_parted(shown, str, 1))


async def test_equal_adjusted_scores_are_parted_by_nothing(db):
    first, second = (await found(await locked())).projects[:2]
    shown = [replace(each, adjusted=6.0, low=6.0, high=6.0, standard_error=0.0, place=1) for each in (first, second)]
    lower = [replace(first, place=1), *(replace(each, place=2) for each in shown)]
    with speaking("en", MOSCOW):
        assert "can't be told apart" in str(_parted(shown, str, 1))
        assert "the same adjusted score" in str(_parted(lower, str, 2))


async def test_where_jurors_are_equally_severe_nobody_is_called_harsh_or_lenient(client):
    where = await locked(severe=0)
    assert (await found(where)).model.juror == 0
    asked = await agreeing.ask_to_publish(await where.organiser(), where.id, advice=True)
    await agreeing.confirm(await cast.viewer(await cast.second_organiser(where.cohort)), where.id, asked)
    for who in (where.cohort.organiser, where.jurors[0]):
        told = await page(client, who, f"/rounds/{where.id}/result/analysis")
        assert "не доказывает, что они одинаково строги" in told
        assert "Строже всех" not in told and "Ваши оценки мягче" not in told


async def test_severities_are_for_organisers_by_name_and_for_each_juror_his_own(client):
    where = await locked()
    asked = await agreeing.ask_to_publish(await where.organiser(), where.id, advice=True)
    staff = await page(client, where.cohort.organiser, f"/rounds/{where.id}/result/analysis")
    assert all(juror.name in staff for juror in where.jurors)
    preview = await page(client, where.cohort.organiser, f"/rounds/{where.id}/result/analysis?as=everybody")
    assert not any(juror.name in preview for juror in where.jurors)
    await agreeing.confirm(await cast.viewer(await cast.second_organiser(where.cohort)), where.id, asked)
    for who in (where.teams[0].lead, where.jurors[1]):
        told = await page(client, who, f"/rounds/{where.id}/result/analysis")
        others = [juror.name for juror in where.jurors if juror.name != who.name]
        assert not any(name in told for name in others)
    own = next(each for each in (await found(where)).jurors if str(each.id) == where.jurors[1].name)
    assert f"{abs(own.severity):.2f}".replace(".", ",") in told.replace(".", ",")
    cast.sign_out(client)
    assert (await client.get(f"/rounds/{where.id}/result/analysis")).status_code == 200


async def test_what_was_not_published_stays_with_organisers(client):
    where = await locked()
    await cast.publish(where)
    for who in (where.teams[0].lead, where.jurors[0]):
        await cast.sign_in(client, who)
        assert (await client.get(f"/rounds/{where.id}/result/analysis")).status_code == 403
    assert "result/analysis" not in await page(client, where.teams[0].lead, f"/rounds/{where.id}/result")


async def test_a_full_table_says_that_nothing_is_to_be_adjusted_and_few_sheets_why_there_is_nothing(client):
    full = await locked(gap=False)
    told = await page(client, full.cohort.organiser, f"/rounds/{full.id}/result/analysis")
    assert "Severity does no harm here" in told or "Строгость здесь никому не вредит" in told
    few = await locked(teams=2, jurors=2, gap=False)
    told = await page(client, few.cohort.organiser, f"/rounds/{few.id}/result/analysis")
    assert "There are no adjusted scores" in told or "Баллов с учётом строгости нет" in told


async def test_the_analysis_is_worked_out_once_for_each_state_of_the_sheets():
    where = await locked()
    first = await found(where)
    assert await found(where) is first
    assert await found(where, top=1) is not first


async def test_a_team_that_left_has_no_chance_of_a_place_and_the_order_is_that_of_the_calls(client):
    where = await cast.scoring_round(teams=5, jurors=3, quorum=2)
    for seat, juror in enumerate(where.jurors):
        for number in range(5):
            uneven = (seat * number) % 2
            await cast.score(where, juror, await where.project(number), *(mark - uneven for mark in MARKS[number]))
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    before = await found(where)
    assert len(before.projects) == 5
    for at, number in enumerate((4, 3, 1, 0, 2)):
        await execute(
            "UPDATE round_project SET presented_at = now() + $2 * interval '1 minute' WHERE id = $1",
            await where.project(number), at,
        )  # fmt: skip
    called = await found(where)
    assert called.order.slope > before.order.slope, "the weak ones came first"
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", where.teams[0].id)
    after = await found(where)
    assert {each.id.id for each in after.projects} == {await where.project(number) for number in (1, 2, 3, 4)}
    told = await page(client, where.cohort.organiser, f"/rounds/{where.id}/result/analysis")
    assert "1 project without" in told or "1 проект без" in told


async def test_other_weights_count_a_copy_and_change_nothing(client):
    where = await locked()
    before = await fetch("SELECT id, marks, total, version FROM score_sheet WHERE round = $1 ORDER BY id", where.id)
    scoring = await round_for(await where.organiser(), where.id)
    official = await standings.count_up(scoring)
    same = {each.key: Decimal(each.weight) for each in official.rubric.criteria}
    assert (await advising.reweighed(scoring, same)).rows == official.rows
    key = official.rubric.criteria[0].key
    other = await advising.reweighed(scoring, {**same, key: Decimal(1000)})
    assert [row.total for row in other.placed] != [row.total for row in official.placed]
    told = await page(client, where.cohort.organiser, f"/rounds/{where.id}/result/weights?w_{key}=1000")
    assert all(row.total.replace(".", ",") in told.replace(".", ",") for row in other.placed)
    refused = await client.get(f"/rounds/{where.id}/result/weights?w_{key}=none")
    assert refused.status_code == 422
    assert (
        await fetch("SELECT id, marks, total, version FROM score_sheet WHERE round = $1 ORDER BY id", where.id)
        == before
    )
    assert (await standings.count_up(scoring)).rows == official.rows


async def test_a_team_reads_what_the_jury_decided_on_it_besides_the_places(client):
    where = await locked(gap=False)
    runs = await where.organiser()
    for kind, title, about in ((DecisionKind.AWARD, "За смелость", 1), (DecisionKind.MENTION, "Живой язык", 0)):
        await deliberating.decide(runs, where.id, Motion(kind, title, "", str(await where.project(about)), 2, 1, 0))
    first, second = (f"/teams/{where.teams[number].id}/result" for number in (0, 1))
    before = await page(client, where.cohort.organiser, second)
    assert "За смелость" in before
    await cast.publish(where)
    told = await page(client, where.teams[1].lead, second)
    assert "За смелость" in told
    assert "Номинация" in told or "Award category" in told
    assert "Живой язык" not in told
    assert "Живой язык" in await page(client, where.teams[0].lead, first)


async def test_a_trial_takes_nought_and_fractions_and_stays_exact(client):
    """What a criterion of weight 0 gave is gone, from ties too; a comma and a point say the same; shares are exact."""
    where = await locked()
    scoring = await round_for(await where.organiser(), where.id)
    keys = [each.key for each in scoring.rubric.criteria]
    sheets = await fetch("SELECT project, marks FROM score_sheet WHERE round = $1 AND state = 'handed_in'", where.id)
    typed = ("0", "0,1", "0.2", "1,125", "0")
    weights = dict(zip(keys, (Decimal(each.replace(",", ".")) for each in typed), strict=True))
    trial = await advising.reweighed(scoring, weights)
    given: dict = {}
    for sheet in sheets:
        total = sum(Fraction(mark) * Fraction(w) for mark, w in zip(sheet["marks"], weights.values(), strict=True))
        given.setdefault(sheet["project"], []).append(total / Fraction(sum(weights.values())) / 1000)
    for row in trial.placed:
        mean = sum(given[row.project]) / len(given[row.project])
        assert row.total == str(rounded(mean, trial.plan.decimals, trial.plan.rounding)), row.name
    assert not {f"criterion:{keys[0]}", f"criterion:{keys[4]}"} & set(trial.plan.ties)
    address = f"/rounds/{where.id}/result/weights?"
    asked = "&".join(f"w_{key}={each}" for key, each in zip(keys, typed, strict=True))
    told = await page(client, where.cohort.organiser, address + asked)
    assert all(row.total in told or row.total.replace(".", ",") in told for row in trial.placed)
    nothing = await client.get(address + "&".join(f"w_{key}=0" for key in keys), headers={"accept-language": "ru"})
    assert nothing.status_code == 422
    assert "Хотя бы один критерий должен учитываться" in nothing.text
    wrong = await client.get(f"{address}w_{keys[1]}=x", headers={"accept-language": "ru"})
    assert f">{scoring.rubric.criteria[1].title}: Введите число" in wrong.text, "which one it is, without a script too"
    for wrong in ("-1", "1001", "0.1234", "x"):
        assert (await client.get(f"{address}w_{keys[0]}={wrong}")).status_code == 422


async def test_a_team_reads_why_and_the_parts_add_up(client):
    where = await locked(gap=False)
    await cast.publish(where)
    told = await page(client, where.teams[1].lead, f"/teams/{where.teams[1].id}/rounds/{where.id}/why")
    gave = [float(each.replace(",", ".")) for each in re.findall(r'data-label="(?:Gave|Дал)">([\d.,]+)<', told)]
    together = float(re.search(r'data-label="(?:Gave|Дал)"><b>([\d.,]+)', told)[1].replace(",", "."))
    assert sum(gave) == pytest.approx(together, abs=0.001)
    row = next(row for row in (await standings.published(where.id)).rows if row.team == where.teams[1].id)
    assert together == pytest.approx(float(row.total), abs=0.01)
    own = await page(client, where.teams[1].lead, f"/teams/{where.teams[1].id}/result")
    assert re.search("Median of all|Медиана всех", own)  # five projects are enough not to tell single ones
    await cast.sign_in(client, where.teams[0].lead)
    assert (await client.get(f"/teams/{where.teams[1].id}/rounds/{where.id}/why")).status_code == 404


# --- Deliberation -----------------------------------------------------------------------------------------------------


def award(project, *, yes: int = 3, no: int = 0) -> Motion:
    return Motion(DecisionKind.AWARD, "За смелость", "Решили вместе", str(project), yes, no, 0)


async def test_jurors_see_the_ranking_only_while_they_deliberate(client):
    where = await locked()
    runs, path = await where.organiser(), f"/rounds/{where.id}/result"
    await cast.sign_in(client, where.jurors[0])
    assert (await client.get(path)).status_code == 404
    await deliberating.open_deliberation(runs, where.id, shows_sheets=False)
    assert "/deliberation" in await page(client, where.jurors[0], f"/rounds/{where.id}")
    name = await standings.project_name(where.id, await where.project())
    assert name in await page(client, where.jurors[0], path)
    marks = f"/rounds/{where.id}/deliberation/projects/{await where.project()}"
    assert (await client.get(marks)).status_code == 403
    await deliberating.open_deliberation(runs, where.id, shows_sheets=True)
    told = await page(client, where.jurors[0], marks)
    assert not any(juror.name in told for juror in where.jurors[1:])
    await deliberating.close_deliberation(runs, where.id)
    assert (await client.get(path)).status_code == 404
    assert (await client.get(marks)).status_code == 404


async def test_a_decision_goes_into_the_result_and_the_journal_and_changes_no_mark():
    where = await locked()
    runs, project = await where.organiser(), await where.project(2)
    scoring = await round_for(runs, where.id)
    before = (await standings.count_up(scoring)).rows
    await deliberating.decide(runs, where.id, award(project))
    await deliberating.decide(runs, where.id, award(project, yes=1, no=2))
    wrong = await deliberating.decide(runs, where.id, award(await where.project(1)))
    await deliberating.strike(runs, where.id, wrong, "Не та команда")
    await cast.publish(where)
    kept = await standings.published(where.id)
    assert kept.rows == before
    assert [(each.title, each.project, each.votes_for) for each in kept.decisions] == [("За смелость", str(project), 3)]
    verbs = await fetch(
        "SELECT verb, data FROM journal_entry WHERE verb LIKE 'jury.deci%' AND subject = $1 ORDER BY id", where.id
    )
    assert [row["verb"] for row in verbs].count("jury.decided") == 3
    assert json.loads(next(row["data"] for row in verbs if row["verb"] == "jury.decision_struck"))["reason"]


async def test_a_decision_needs_a_quorum_and_no_more_votes_than_jurors():
    where = await locked()
    runs, project = await where.organiser(), await where.project()
    for motion in (award(project, yes=1), award(project, yes=4)):
        with pytest.raises(Refused):
            await deliberating.decide(runs, where.id, motion)
    for who, refusal in ((where.jurors[0], Forbidden), (where.teams[0].lead, NotFound)):
        with pytest.raises((refusal, Forbidden)):
            await deliberating.decide(await cast.viewer(who), where.id, award(project))
    assert await fetch_value("SELECT count(*) FROM jury_decision WHERE round = $1", where.id) == 0


async def test_what_was_asked_for_before_a_decision_is_another_result():
    where = await locked()
    runs, second = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    asked = await agreeing.ask_to_publish(runs, where.id)
    await deliberating.decide(runs, where.id, award(await where.project()))
    with pytest.raises(Refused):
        await agreeing.confirm(second, where.id, asked)


async def test_unlocking_ends_the_deliberation_and_strikes_its_decisions():
    where = await locked()
    runs, second = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    await deliberating.open_deliberation(runs, where.id, shows_sheets=True)
    await deliberating.decide(runs, where.id, award(await where.project()))
    await agreeing.confirm(second, where.id, await agreeing.ask_to_unlock(runs, where.id, "Ошибка"))
    await conducting.lock_round(runs, where.id, confirmed_missing=1)
    scoring = await round_for(runs, where.id)
    assert not (await deliberating.table_of(scoring)).open
    assert await deliberating.adopted(scoring) == ()
    assert (await deliberating.decisions(where.id))[0].struck_reason == "Ошибка"


async def test_a_round_without_names_keeps_them_from_jurors_who_deliberate(client):
    where = await cast.scoring_round(teams=3, jurors=3, quorum=2, opened=False)
    await execute("""UPDATE scoring_round SET terms = terms || '{"blind": true}' WHERE id = $1""", where.id)
    runs = await where.organiser()
    await conducting.open_round(runs, where.id)
    for seat, juror in enumerate(where.jurors):
        for number in range(3):
            await cast.score(where, juror, await where.project(number), *(max(m - seat, 0) for m in MARKS[number]))
    await conducting.lock_round(runs, where.id, confirmed_missing=0)
    await deliberating.open_deliberation(runs, where.id, shows_sheets=True)
    names = [await standings.project_name(where.id, await where.project(number)) for number in range(3)]
    for path in (
        "result", "result/analysis", "result/weights?w_problem=50", "deliberation",
        f"deliberation/projects/{await where.project()}",
    ):  # fmt: skip
        told = await page(client, where.jurors[0], f"/rounds/{where.id}/{path}")
        assert [name for name in names if name in told] == [], path
        assert re.search(r"(Проект|Project) \d", told), path
    assert names[0] in await page(client, where.cohort.organiser, f"/rounds/{where.id}/result/analysis")
