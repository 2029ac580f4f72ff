from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction
from uuid import UUID

import pytest

from incubator.jury.scoring import (
    Aggregate,
    Criterion,
    Rounding,
    Rules,
    Sheet,
    Tally,
    from_totals,
    is_complete,
    median,
    rank,
    rounded,
    sheet_total,
    stored_total,
)
from incubator.programmes import blueprint


def project(number):
    return UUID(int=number)


def criterion(key="effect", weight=1, scale_max=10_000, step=1000):
    return Criterion(key, weight, 0, scale_max, step)


def rules(*ties, aggregate=Aggregate.MEAN, minimum_sheets=1, decimals=2, rounding=Rounding.HALF_UP):
    return Rules(aggregate, minimum_sheets, ties, decimals, rounding)


def ranking(marks, *ties, criteria=(criterion(),), votes=None, applied=None, **regulation):
    """The ranking of {project: {juror: marks}}; a lone number stands for the mark in points of the only criterion."""
    sheets = [
        Sheet(juror, project(number), tuple(m * 1000 for m in (given if isinstance(given, tuple) else (given,))), True)
        for number, by_juror in marks.items()
        for juror, given in by_juror.items()
    ]
    applied = applied or dict.fromkeys(marks, 0)
    return rank(
        criteria,
        sheets,
        {project(number): at for number, at in applied.items()},
        rules(*ties, **regulation),
        {project(number): place for number, place in (votes or {}).items()},
    )


def places(result):
    return {each.project.int: each.place for each in result.results}


def deciders(result):
    return {each.project.int: each.decided_by for each in result.results}


# --- The formula ------------------------------------------------------------------------------------------------------


def test_a_sheet_is_the_weighted_mean_of_its_marks():
    criteria = [criterion("effect", 3), criterion("clarity", 1)]
    assert stored_total((9000, 4000), criteria) == 31_000
    assert sheet_total((9000, 4000), criteria) == Fraction(31, 4)


def test_mean_and_sum_and_trimmed_mean():
    marks = {1: {"a": 1, "b": 7, "c": 8, "d": 9, "e": 10}}
    assert ranking(marks).results[0].total == Decimal("7.00")
    assert ranking(marks, aggregate=Aggregate.SUM).results[0].total == Decimal("35.00")
    assert ranking(marks, aggregate=Aggregate.TRIMMED_MEAN).results[0].total == Decimal("8.00")


def test_four_sheets_are_not_trimmed():
    marks = {1: {"a": 0, "b": 7, "c": 8, "d": 9}}
    assert ranking(marks, aggregate=Aggregate.TRIMMED_MEAN).results[0].total == Decimal("6.00")


def test_five_equal_sheets_trimmed_are_what_they_were():
    marks = {1: dict.fromkeys("abcde", 6)}
    assert ranking(marks, aggregate=Aggregate.TRIMMED_MEAN).results[0].exact == 6


def test_below_the_minimum_of_sheets_a_project_is_not_assessed_and_has_no_number_at_all():
    result = ranking({1: {"a": 10, "b": 10}, 2: {"a": 0, "b": 0, "c": 0}}, minimum_sheets=3)
    (alone,) = result.not_assessed
    assert (alone.project.int, alone.place, alone.total, alone.exact, alone.sheets) == (1, None, None, None, 2)
    assert alone.criterion_means == (Fraction(10),)
    assert (alone.shared, alone.decided_by, alone.awaits_vote) == (False, None, False)
    (assessed,) = result.placed
    assert (assessed.place, assessed.total) == (1, Decimal("0.00"))


def test_a_project_without_any_sheet_has_no_means():
    (alone,) = ranking({1: {}}).results
    assert (alone.place, alone.sheets, alone.criterion_means) == (None, 0, ())


def test_a_blank_is_never_a_zero():
    criteria = [criterion("effect"), criterion("clarity")]
    sheets = [
        Sheet("a", project(1), (8000, 8000), True),
        Sheet("b", project(1), (8000, None), True),
        Sheet("c", project(1), (0, 0), False),
        Sheet("d", project(1), (None, None), False),
    ]
    (alone,) = rank(criteria, sheets, {project(1): 0}, rules()).results
    assert (alone.sheets, alone.total) == (1, Decimal("8.00"))


def test_criterion_means_are_exact():
    criteria = [criterion("effect"), criterion("clarity")]
    result = ranking({1: {"a": (1, 10), "b": (2, 10), "c": (2, 10)}}, criteria=criteria)
    assert result.results[0].criterion_means == (Fraction(5, 3), Fraction(10))


@pytest.mark.parametrize(
    ("value", "decimals", "half_up", "half_even"),
    [
        ("0.125", 2, "0.13", "0.12"),
        ("0.135", 2, "0.14", "0.14"),
        ("8.3333", 2, "8.33", "8.33"),
        ("0.5", 0, "1", "0"),
        ("1.5", 0, "2", "2"),
        ("2.6", 0, "3", "3"),
        ("7", 3, "7.000", "7.000"),
    ],
)
def test_rounding_is_by_one_rule_and_keeps_its_decimals(value, decimals, half_up, half_even):
    assert str(rounded(Fraction(value), decimals, Rounding.HALF_UP)) == half_up
    assert str(rounded(Fraction(value), decimals, Rounding.HALF_EVEN)) == half_even


def test_a_total_does_not_depend_on_the_precision_of_the_moment():
    with localcontext() as context:
        context.prec = 2
        assert str(rounded(Fraction("123.456"), 2, Rounding.HALF_UP)) == "123.46"


def test_the_rounded_total_is_what_is_compared():
    # 8.3333… and 8.325 are both published as 8.33: the tie chain decides, and the minutes can say so.
    criteria = [criterion(step=25)]
    sheets = [Sheet(juror, project(1), (mark,), True) for juror, mark in zip("abc", (8000, 8000, 9000), strict=True)]
    sheets += [Sheet("d", project(2), (8325,), True)]
    result = rank(criteria, sheets, {project(1): 2, project(2): 1}, rules("earlier_application"))
    assert [each.total for each in result.results] == [Decimal("8.33")] * 2
    assert places(result) == {2: 1, 1: 2}
    assert deciders(result) == {2: "earlier_application", 1: "earlier_application"}


def test_the_median_of_stored_totals():
    assert median([9000, 1000, 5000], [criterion()]) == 5
    assert median([9000, 1000, 5000, 6000], [criterion()]) == Fraction(11, 2)
    assert median([1000, 2000, 3000, 9000, 9000], [criterion()]) == 3


# --- Ties -------------------------------------------------------------------------------------------------------------

BOTH = (criterion("effect"), criterion("clarity"))


def test_without_a_tie_no_rule_is_named():
    result = ranking({1: {"a": 5}, 2: {"a": 6}}, "vote")
    assert places(result) == {2: 1, 1: 2}
    assert deciders(result) == {1: None, 2: None}


def test_a_tie_at_the_border_of_the_prizes_is_parted_by_the_criterion():
    marks = {1: {"a": (9, 9)}, 2: {"a": (6, 4)}, 3: {"a": (4, 6)}, 4: {"a": (1, 1)}}
    result = ranking(marks, "criterion:clarity", criteria=BOTH)
    assert places(result) == {1: 1, 3: 2, 2: 3, 4: 4}
    assert deciders(result) == {1: None, 3: "criterion:clarity", 2: "criterion:clarity", 4: None}


def test_a_tie_of_three_names_for_each_the_rule_that_parted_it():
    marks = {1: {"a": (6, 4), "b": (4, 6)}, 2: {"a": (5, 5), "b": (5, 5)}, 3: {"a": (6, 5), "b": (5, 4)}}
    result = ranking(marks, "criterion:effect", "first_places", "shared", criteria=BOTH)
    # Criterion means 5, 5 and 5.5; of juror a project 3 is first, of juror b projects 1 and 2 alike.
    assert places(result) == {3: 1, 1: 2, 2: 2}
    assert deciders(result) == {3: "criterion:effect", 1: "shared", 2: "shared"}
    assert {each.project.int for each in result.results if each.shared} == {1, 2}


def test_a_tie_of_all_shares_the_first_place_and_the_next_place_counts_them():
    result = ranking({1: {"a": 5}, 2: {"a": 5}, 3: {"a": 5}, 4: {"a": 4}}, "first_places", "shared")
    assert places(result) == {1: 1, 2: 1, 3: 1, 4: 4}


def test_more_first_places_among_jurors():
    marks = {1: {"a": 9, "b": 9, "c": 0}, 2: {"a": 5, "b": 5, "c": 8}, 3: {"a": 1, "b": 1, "c": 1}}
    assert places(ranking(marks, "first_places")) == {1: 1, 2: 2, 3: 3}


def test_a_project_that_is_not_assessed_takes_no_first_place_from_others():
    marks = {1: {"a": 8, "b": 4}, 2: {"a": 4, "b": 8}, 3: {"b": 10}}
    result = ranking(marks, "first_places", minimum_sheets=2)
    assert [each.shared for each in result.placed] == [True, True]


def test_the_earlier_application_wins_and_equal_ranks_share():
    marks = {1: {"a": 5}, 2: {"a": 5}, 3: {"a": 5}}
    result = ranking(marks, "earlier_application", applied={1: 2, 2: 1, 3: 2})
    assert places(result) == {2: 1, 1: 2, 3: 2}


def test_a_recorded_vote_decides():
    result = ranking({1: {"a": 5}, 2: {"a": 5}}, "vote", "earlier_application", votes={1: 2, 2: 1})
    assert places(result) == {2: 1, 1: 2}
    assert deciders(result) == {1: "vote", 2: "vote"}


def test_a_vote_not_recorded_is_awaited_and_nothing_later_decides():
    result = ranking({1: {"a": 5}, 2: {"a": 5}}, "vote", "earlier_application", applied={1: 1, 2: 2}, votes={1: 1})
    assert places(result) == {1: 1, 2: 1}
    assert [each.awaits_vote for each in result.results] == [True, True]


def test_an_even_vote_goes_on_to_the_next_rule():
    result = ranking(
        {1: {"a": 5}, 2: {"a": 5}}, "vote", "earlier_application", applied={1: 2, 2: 1}, votes={1: 1, 2: 1}
    )
    assert places(result) == {2: 1, 1: 2}
    assert deciders(result) == {1: "earlier_application", 2: "earlier_application"}


def test_those_who_share_a_place_are_listed_by_application():
    result = ranking({1: {"a": 5}, 2: {"a": 5}}, "shared", applied={1: 2, 2: 1})
    assert [each.project.int for each in result.results] == [2, 1]


def test_a_regulation_without_a_chain_shares():
    assert places(ranking({1: {"a": 5}, 2: {"a": 5}})) == {1: 1, 2: 1}


def test_a_scale_may_go_by_thousandths():
    assert is_complete((1,), [criterion(step=1)])


def test_steps_are_counted_from_the_beginning_of_the_scale():
    scale = Criterion("effect", 1, 200, 1200, 500)
    assert [mark for mark in range(0, 1500, 100) if scale.allows(mark)] == [200, 700, 1200]


# --- What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [{"weight": 0}, {"weight": -1}, {"step": 0}, {"scale_max": 0}, {"scale_min": -1}, {"scale_min": 10_000}],
)
def test_a_criterion_that_no_sheet_could_fill_is_refused(wrong):
    with pytest.raises(ValueError, match="no usable"):
        replace(criterion(), **wrong)


@pytest.mark.parametrize("mark", [-1000, 11_000, 500, float("nan"), float("inf"), None])
def test_a_mark_off_the_scale_is_refused_so_that_nan_never_enters(mark):
    assert not is_complete((mark,), [criterion()])
    with pytest.raises(ValueError, match="no mark for effect"):
        stored_total((mark,), [criterion()])


def test_a_handed_in_sheet_with_a_mark_off_its_scale_is_not_passed_over():
    with pytest.raises(ValueError, match="no mark for effect"):
        rank([criterion()], [Sheet("a", project(1), (1,), True)], {project(1): 0}, rules())


def test_a_sheet_of_another_length_is_not_complete():
    assert not is_complete((1000, 1000), [criterion()])
    assert is_complete((1000,), [criterion()])
    with pytest.raises(ValueError, match="zip"):
        stored_total((1000, 1000), [criterion()])


@pytest.mark.parametrize("number", [1, 2])
def test_a_second_sheet_of_a_juror_or_an_unknown_project_is_refused(number):
    sheets = [Sheet("a", project(1), (1000,), True), Sheet("a", project(number), (2000,), True)]
    with pytest.raises(ValueError, match="second one, or an unknown"):
        rank([criterion()], sheets, {project(1): 0}, rules())


@pytest.mark.parametrize("wrong", [{"minimum_sheets": 0}, {"decimals": -1}])
def test_rules_without_sheets_or_with_negative_decimals_are_refused(wrong):
    with pytest.raises(ValueError, match="at least one sheet"):
        rules(**wrong)


@pytest.mark.parametrize("wrong", [{"aggregate": "best"}, {"rounding": "down"}])
def test_unknown_words_of_a_regulation_are_refused(wrong):
    with pytest.raises(ValueError, match="is not a valid"):
        rules(**wrong)


@pytest.mark.parametrize("tie", ["criterion:unknown", "by_name"])
def test_an_unknown_tie_rule_is_refused_even_without_a_tie(tie):
    with pytest.raises(ValueError, match="unknown tie rule"):
        ranking({1: {"a": 5}}, tie)


def test_first_places_without_jurors_are_refused():
    tallies = [Tally(project(number), 0, (5000,), (5000,)) for number in (1, 2)]
    with pytest.raises(ValueError, match="zip"):
        from_totals([criterion()], tallies, rules("first_places"))


def test_the_words_are_those_of_the_blueprint():
    assert set(Aggregate) == set(blueprint.Aggregate)
    assert set(Rounding) == set(blueprint.Rounding)
    given = Rules(blueprint.Aggregate.SUM, 1, (), 0, blueprint.Rounding.HALF_UP)
    sheets = [Sheet(juror, project(1), (5000,), True) for juror in "ab"]
    assert rank([criterion()], sheets, {project(1): 0}, given).results[0].total == 10
