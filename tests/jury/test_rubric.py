"""Criteria and rules as documents and as typed in; what a juror writes on a sheet."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incubator.foundation.forms import Form
from incubator.foundation.refusals import BadRequest, Invalid
from incubator.jury import rubric
from incubator.jury.rubric import Entry
from incubator.programmes.blueprint import CriterionPlan, JuryPlan
from incubator.programmes.shipped import shipped

PLAN: JuryPlan = shipped()[0].jury
HALVES = CriterionPlan(
    key="proof", title="Доказанность", weight=3, scale_min=0, scale_max=5000, step=500, anchors={0: "Нет", 5000: "Да"}
)
TENS = CriterionPlan(key="team", title="Команда", weight=1, scale_min=1000, scale_max=10_000, step=1000)
RUBRIC = rubric.rubric_of([HALVES, TENS])


def test_documents_give_back_what_was_written():
    kept = rubric.rubric_of(shipped()[0].criteria)
    assert rubric.read_rubric(rubric.rubric_document(kept)) == kept
    assert RUBRIC.keys == ("proof", "team")
    assert rubric.read_plan(rubric.plan_document(PLAN)) == PLAN


def test_a_full_sheet_has_an_exact_total_and_another_none():
    assert Entry((4500, 10_000), "").total(RUBRIC) == 3 * 4500 + 10_000
    assert Entry((4500, None), "").total(RUBRIC) is None


def read(full: bool = False, **typed: str) -> Entry:
    return rubric.read_entry(Form(typed.items()), RUBRIC, full=full)


@pytest.mark.parametrize("typed", ["4,5", "4.5", " 4,5 ", "4,50"])
def test_a_comma_is_as_good_as_a_point(typed):
    assert read(mark_proof=typed).marks == (4500, None)


@pytest.mark.parametrize(
    "typed", ["nan", "inf", "-Infinity", "1e3", "0x4", "1_0", "٣", "4,25", "4.55555", "5,5", "-0,5", "−0,5", str(2**63)]
)
def test_nothing_but_a_step_of_the_scale_is_a_mark(typed):
    with pytest.raises(Invalid):
        read(mark_proof=typed)


@settings(max_examples=500)
@given(st.text(alphabet="0123456789.,-+eE_ naninf١٢٣½", max_size=9))
def test_whatever_is_typed_a_mark_is_a_step_or_refused(typed):
    try:
        mark = read(mark_proof=typed).marks[0]
    except (Invalid, BadRequest):
        return
    assert mark is None or (HALVES.scale_min <= mark <= HALVES.scale_max and mark % HALVES.step == 0)
    assert (mark is None) == (not typed.strip())


def test_handing_in_asks_for_every_mark_and_names_the_missing():
    with pytest.raises(Invalid) as refusal:
        read(full=True, mark_proof="3", comment="Сильно")
    assert set(refusal.value.form.errors) == {"mark_team"}


def test_a_sheet_of_another_round_is_refused():
    with pytest.raises(BadRequest):
        read(mark_proof="3", mark_budget="4")


def test_what_is_recorded_is_shown_again():
    assert rubric.typed(RUBRIC, (4500, None), "да") == {"mark_proof": "4.5", "comment": "да", "note": ""}
    assert rubric.typed(RUBRIC, (), "") == {"comment": "", "note": ""}


def test_a_scale_shows_every_step_and_its_words():
    assert [value for value, _ in rubric.choices(HALVES)][:3] == ["0", "0.5", "1"]
    assert next(iter(rubric.choices(TENS)))[0] == "1"
    assert rubric.anchors(HALVES) == [("0", "Нет"), ("5", "Да")]


CRITERION = {"title": "Смелость", "description": "", "weight": "7", "scale_min": "0", "scale_max": "5", "step": "0,5"}


def criterion(*anchors: tuple[str, str], **changes: str) -> CriterionPlan:
    pairs = [*{**CRITERION, **changes}.items()]
    for score, words in anchors:
        pairs += [("anchor_score", score), ("anchor_words", words)]
    return rubric.read_criterion(Form(pairs), "bold")


def test_a_criterion_is_read_with_its_anchors():
    read_plan = criterion(("5", "Да"), ("0", "Нет"), ("", ""))
    assert read_plan == CriterionPlan(
        key="bold", title="Смелость", weight=7, scale_min=0, scale_max=5000, step=500, anchors={0: "Нет", 5000: "Да"}
    )


@pytest.mark.parametrize(
    ("anchors", "changes", "field"),
    [
        ((), {"scale_max": "0"}, "scale_max"),
        ((), {"step": "0,7"}, "step"),
        ((), {"step": "0"}, "step"),
        ((), {"weight": "0"}, "weight"),
        ((), {"weight": "-3"}, "weight"),
        ((), {"scale_max": "nan"}, "scale_max"),
        ((("0,3", "Мало"),), {}, "anchor_score.0"),
        ((("7", "Много"),), {}, "anchor_score.0"),
        ((("5", "Да"), ("5,0", "Ещё раз да")), {}, "anchor_score.1"),
        ((("пять", "Да"),), {}, "anchor_score.0"),
    ],
)
def test_a_criterion_that_no_sheet_could_use_is_refused_by_field(anchors, changes, field):
    with pytest.raises(Invalid) as refusal:
        criterion(*anchors, **changes)
    assert field in refusal.value.form.errors


RULES = {
    "aggregate": "mean",
    "minimum_sheets": "2",
    "quorum": "3",
    "closing": "substitute",
    "decimals": "1",
    "rounding": "half_even",
}


def rules(*ties: str, **changes: str) -> JuryPlan:
    pairs = [*{**RULES, **changes}.items(), *(("tie", tie) for tie in ties)]
    return rubric.read_jury_plan(Form(pairs), ("proof", "team"))


def test_rules_are_read_in_the_order_of_their_chain():
    assert rules("criterion:team", "", "vote").ties == ("criterion:team", "vote")
    assert rules().ties == ("shared",)


@pytest.mark.parametrize(
    ("ties", "changes", "field"),
    [
        ((), {"quorum": "1"}, "quorum"),
        (("vote", "vote"), {}, "tie.1"),
        (("shared", "vote"), {}, "tie"),
        (("criterion:budget",), {}, "tie.0"),
        ((), {"decimals": "9"}, "decimals"),
        ((), {"aggregate": "median"}, "aggregate"),
    ],
)
def test_rules_that_decide_nothing_are_refused_by_field(ties, changes, field):
    with pytest.raises(Invalid) as refusal:
        rules(*ties, **changes)
    assert field in refusal.value.form.errors


def test_ties_that_name_a_missing_criterion_are_found():
    assert rubric.unknown_ties(("criterion:proof", "criterion:budget", "vote"), ("proof",)) == ["criterion:budget"]


def test_the_arithmetic_gets_the_same_rules():
    found = rubric.scoring_rules(replace(PLAN, decimals=3))
    assert (found.aggregate.value, found.decimals, found.ties) == (PLAN.aggregate.value, 3, PLAN.ties)
