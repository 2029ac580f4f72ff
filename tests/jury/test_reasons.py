"""Why a place is what it is, in words: which rule parted it from whom, and what rounding had to do with it."""

import json
from uuid import UUID

import cast
from incubator.foundation.i18n import MOSCOW, speaking
from incubator.jury.office import conducting
from incubator.jury.result import standings
from incubator.jury.result.reasons import reasons, rounding_mattered
from incubator.jury.result.snapshot import Contender, read_result, result_of
from incubator.jury.rubric import rubric_of
from incubator.jury.scoring import Tally
from incubator.programmes.blueprint import Aggregate, Closing, CriterionPlan, JuryPlan, Rounding

RUBRIC = rubric_of(
    CriterionPlan(key=key, title=key.title(), weight=1, scale_min=0, scale_max=10_000, step=500)
    for key in ("idea", "team")
)


def counted(sheets, *ties, votes=None, decimals=2):
    """The result of projects by name, each with its sheets of marks in points."""
    plan = JuryPlan(
        aggregate=Aggregate.MEAN, minimum_sheets=1, quorum=1, closing=Closing.CLOSE_WITH_GAPS, ties=ties, decimals=decimals,
        rounding=Rounding.HALF_UP,
    )  # fmt: skip
    ids = {name: UUID(int=number) for number, name in enumerate(sheets, 1)}
    contenders = []
    for name, marks in sheets.items():
        thousandths = [[int(mark * 1000) for mark in sheet] for sheet in marks]
        sums = [sum(column) for column in zip(*thousandths, strict=True)]
        tally = Tally(ids[name], 1, [sum(sheet) for sheet in thousandths], sums, range(len(marks)))
        contenders.append(Contender(tally, ids[name], name, name, ""))
    return result_of(RUBRIC, plan, contenders, {ids[name]: rank for name, rank in (votes or {}).items()})


def said(result, name):
    row = next(row for row in result.rows if row.name == name)
    with speaking("en", MOSCOW):
        return " ".join(map(str, reasons(result, row).sentences))


THREE = {"A": [(8, 6)], "B": [(7, 7)], "C": [(7, 7)]}


def test_who_shares_a_place_is_told_from_whom_a_rule_has_put_higher():
    result = counted(THREE, "criterion:idea", "shared")
    assert [(row.name, row.place) for row in result.rows] == [("A", 1), ("B", 2), ("C", 2)]
    told = said(result, "B")
    assert "a higher place, decided by the criterion “Idea”: A (8); here the mean is 7." in told
    assert "equal to that of C. No rule parted them" in told
    told = said(result, "A")
    assert "a lower place, decided by the criterion “Idea”: B (7), C (7); here the mean is 8." in told
    assert "share the place" not in told


def test_each_is_told_the_rule_that_parted_the_two():
    result = counted(THREE, "criterion:idea", "vote", votes={"A": 3, "B": 2, "C": 1})
    assert [row.name for row in result.rows] == ["A", "C", "B"]
    told = said(result, "B")
    assert "a higher place, decided by the criterion “Idea”: A (8)" in told
    assert "a higher place, decided by a vote of those present: C." in told


def test_only_the_ones_that_the_vote_is_about_wait_for_it():
    result = counted(THREE, "criterion:idea", "vote")
    told = said(result, "C")
    assert "equal to that of B. The rules give the decision to a vote" in told
    assert "a higher place, decided by the criterion “Idea”: A (8)" in told


CLOSE = {"A": [(8, 8)] * 3, "B": [(8, 8), (8, 8), (8.5, 8)], "C": [(2, 2)] * 3}


def test_totals_that_only_rounding_made_equal_are_told():
    result = counted(CLOSE, "criterion:team", "earlier_application", decimals=0)
    assert [row.place for row in result.rows] == [1, 1, 3]
    assert "Before rounding the totals differ: 8 here; B 8.0833. The rules compare" in said(result, "A")
    with speaking("en", MOSCOW):
        assert [str(each) for each in rounding_mattered(result)] == [
            "Rounding made these totals equal, and the rules for equal totals decided: B 8.0833; A 8."
        ]


def test_with_decimals_enough_no_place_depends_on_the_rounding():
    result = counted(CLOSE, "criterion:team")
    assert "Before rounding" not in said(result, "A")
    for each in (result, counted(THREE, "shared")):
        (told,) = rounding_mattered(each)
        assert told.msgid.startswith("No place depends on the rounding")


def test_a_difference_far_behind_the_point_is_shown():
    close = {"A": [(8, 8)] * 301, "B": [(8, 8)] * 300 + [(8.5, 8)], "C": [(8, 8)] * 149 + [(8.5, 8)] + [(8, 8)] * 150}
    told = said(counted(close, "shared"), "B")
    assert "Before rounding the totals differ: 8.000831 here; A 8; C 8.000833." in told


def test_a_result_of_before_is_read_and_told_without_what_it_does_not_know():
    document = json.loads(counted(THREE, "criterion:idea", "shared").document())
    for row in document["rows"]:
        del row["exact"], row["splits"]
    result = read_result(json.dumps(document))
    assert rounding_mattered(result) == []
    assert (
        "equal to that of C. No rule parted them" in said(result, "B")
        and " A" not in said(result, "B").split("No rule")[0]
    )
    assert "The order was decided by the criterion “Idea”" in said(result, "A")


def test_a_snapshot_keeps_it_all():
    result = counted(CLOSE, "criterion:idea", "shared", decimals=0)
    assert read_result(result.document()) == result
    assert [row.splits for row in result.placed] == [(("criterion:idea", 0),), (("criterion:idea", 1),), ()]


async def test_the_page_says_how_it_was_rounded_and_what_that_decided(client):
    where = await cast.scoring_round(teams=2, jurors=3, decimals=0)
    for number in range(2):
        for seat, juror in enumerate(where.jurors):
            marks = [8, 8, 8, 8, 8 + number * (seat == 0)]
            await cast.score(where, juror, await where.project(number), *marks)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    await cast.publish(where)
    first, second = (await standings.published(where.id)).rows
    assert first.total == second.total and first.unrounded != second.unrounded
    cast.sign_out(client)
    told = (await client.get(f"/rounds/{where.id}/result", headers={"accept-language": "ru"})).text
    assert "знаков после запятой: 0." in told
    assert "Равными эти итоги сделало округление" in told
