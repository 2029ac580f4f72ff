"""The advisory result of marks that say little, and of several criteria."""

import math

import numpy as np
import pytest

from incubator.foundation import locales
from incubator.jury import analysis
from incubator.jury.analysis import RepeatedSheet, Sheet, analyse
from incubator.jury.analysis.telling import tell
from jury.test_analysis import SHROUT_FLEISS, by_id, table_sheets

# --- Marks that say little --------------------------------------------------------------------------------------------


def notes(found):
    return " | ".join(f"{note.about}: {note.text.msgid}" for note in found.notes)


def test_groups_without_a_common_sheet_get_no_scores():
    sheets = [Sheet(p + 10 * g, j + 10 * g, [p + (p * j) % 3]) for g in (0, 1) for p in range(4) for j in range(3)]
    found = analyse(sheets)
    assert not found.connected
    assert [len(each.projects) for each in found.components] == [4, 4]
    assert {row.adjusted for row in found.projects} == {row.severity for row in found.jurors} == {None}
    assert all(row.mean is not None for row in found.projects)
    assert "share no sheet" in notes(found)
    assert found.leave_one_out is None


def test_fewer_than_three_sheets_get_no_score():
    found = analyse([*table_sheets(SHROUT_FLEISS), Sheet("new", "j0", [5]), Sheet("new", "j1", [4])])
    new = by_id(found.projects)["new"]
    assert (new.sheets, new.mean, new.adjusted, new.place, new.chance_top) == (2, 4.5, None, None, None)
    assert found.projects[-1] is new
    assert by_id(found.projects)["p0"].adjusted is not None
    assert "fewer than" in notes(found)


@pytest.mark.parametrize(
    ("sheets", "about"),
    [
        ([], "two projects and two jurors"),
        ([Sheet(1, 1, [5])], "two projects and two jurors"),
        ([Sheet(p, "one", [p]) for p in range(5)], "two projects and two jurors"),
        ([Sheet("one", j, [j]) for j in range(5)], "two projects and two jurors"),
        ([Sheet(1, 1, [5]), Sheet(1, 2, [6]), Sheet(2, 2, [7])], "so few sheets"),
    ],
)
def test_what_can_not_be_told_is_none_with_a_reason(sheets, about):
    found = analyse(sheets)
    assert found.model == analysis.Model()
    assert {row.adjusted for row in found.projects} <= {None}
    assert about in notes(found)


def test_equal_marks_give_everybody_the_same():
    found = analyse([Sheet(p, j, [7.3]) for p in range(4) for j in range(3)])
    assert (found.model.intercept, found.model.project, found.model.residual) == (7.3, 0, 0)
    assert {(row.adjusted, row.standard_error, row.place) for row in found.projects} == {(7.3, 0, 1)}
    assert all(row.chance_top == pytest.approx(0.75, abs=0.03) for row in found.projects)
    assert found.agreement == analysis.Agreement()
    assert "equal" in notes(found)


@pytest.mark.parametrize("gap", [0, 1])
def test_marks_without_chance(gap):
    sheets = [Sheet(p, j, [3 + p + 2 * j]) for p in range(5) for j in range(4) if (p, j) != (4, 3) or not gap]
    found = analyse(sheets)
    assert found.model.residual == 0
    assert found.model.project == pytest.approx(np.var(np.arange(5), ddof=1))
    ordered = [row.id for row in found.projects]
    assert ordered == [4, 3, 2, 1, 0]
    best = found.projects[0]
    assert best.adjusted - found.projects[-1].adjusted == pytest.approx(4, abs=1e-9)
    assert (best.standard_error, best.place_low, best.place_high) == (0, 1, 1)


@pytest.mark.parametrize("noise", [1e-3, 1e-2])
def test_marks_with_hardly_any_chance_converge(noise):
    random = np.random.default_rng(2)
    sheets = [Sheet(p, j, [p + 2 * j + noise * random.normal()]) for p in range(8) for j in range(5) if (p + j) % 6]
    found = analyse(sheets)
    assert found.model.converged
    assert found.model.residual == pytest.approx(noise**2, rel=0.8)


def test_projects_that_do_not_differ_get_one_score_without_an_interval_of_no_width():
    found = analyse([Sheet(p, j, [5 + (p + j) % 2]) for p in range(6) for j in range(4)])
    assert (found.model.project, found.model.juror) == (0, 0) and found.model.residual > 0
    assert {(row.place, row.place_low, row.place_high) for row in found.projects} == {(1, 1, 6)}
    assert "no proof that they are equal |" in notes(found)
    assert "no proof that they are equally severe" in notes(found)
    with locales.speaking("en", locales.MOSCOW):
        told = tell(found)
    assert "5.50 … 5.50" not in told and "± 0.00" not in told and "probability" not in told


def test_two_by_two():
    found = analyse([Sheet(p, j, [3 + p + p * j]) for p in range(2) for j in range(2)])
    assert found.model.converged
    assert {row.adjusted for row in found.projects} == {None}
    assert found.agreement.kendall_w is not None


def test_with_gaps_the_coefficients_of_complete_tables_are_none():
    found = analyse(table_sheets(SHROUT_FLEISS)[:-1])
    assert (found.agreement.icc_2_1, found.agreement.icc_3_k, found.agreement.kendall_w) == (None, None, None)
    assert found.agreement.krippendorff_alpha is not None
    assert 0 < found.reliability.single < found.reliability.mean < 1
    assert "gaps" in notes(found)


def test_everybody_scored_everything():
    found = analyse(table_sheets(SHROUT_FLEISS))
    assert found.complete
    assert "changes no place" in notes(found)
    means = sorted(found.projects, key=lambda row: -row.mean)
    assert [row.id for row in found.projects] == [row.id for row in means]


# --- Several criteria -------------------------------------------------------------------------------------------------


def test_criteria_are_combined_by_weights():
    marks = np.random.default_rng(3).integers(1, 11, (6, 4, 2)).astype(float)
    sheets = [Sheet(p, j, list(marks[p, j])) for p in range(6) for j in range(4)]
    found = analyse(sheets, criteria=("idea", "team"), weights={"idea": 3, "team": 1})
    single = analyse([Sheet(p, j, [0.75 * marks[p, j, 0] + 0.25 * marks[p, j, 1]]) for p in range(6) for j in range(4)])
    assert found.weights == {"idea": 0.75, "team": 0.25}
    assert found.model.project == pytest.approx(single.model.project)
    assert [row.adjusted for row in found.projects] == pytest.approx([row.adjusted for row in single.projects])
    equal = analyse(sheets, criteria=("idea", "team"))
    assert equal.weights == {"idea": 0.5, "team": 0.5}


def test_a_sheet_with_a_blank_does_not_count():
    marks = [Sheet(p, j, [p + j, None if (p, j) == (1, 1) else p]) for p in range(4) for j in range(4)]
    found = analyse(marks, criteria=("idea", "team"))
    assert found.sheets == 15
    assert by_id(found.projects)[1].sheets == 3
    assert "left out" in notes(found)
    only = analyse(marks, criteria=("idea", "team"), weights={"idea": 1})
    assert only.sheets == 16
    assert only.weights == {"idea": 1}


def test_who_has_no_sheet_is_listed_and_no_more():
    found = analyse([*table_sheets(SHROUT_FLEISS), Sheet("empty", "absent", [None])])
    assert by_id(found.projects)["empty"].sheets == by_id(found.jurors)["absent"].sheets == 0
    assert found.connected
    assert found.complete


@pytest.mark.parametrize("weights", [{"x": 1}, {"idea": -1}, {"idea": 0}, {"idea": math.inf}])
def test_weights_that_can_not_be_used(weights):
    with pytest.raises(ValueError, match=r"weights|criterion"):
        analyse([Sheet(1, 1, [5, 6])], criteria=("idea", "team"), weights=weights)


def test_a_second_sheet_of_a_juror_is_refused():
    with pytest.raises(RepeatedSheet) as caught:
        analyse([Sheet(1, 1, [5]), Sheet(1, 2, [5]), Sheet(1, 1, [6])])
    assert caught.value.rows == [(0, 2)]


@pytest.mark.parametrize(("words"), [{"top": 0}, {"band": 1.5}])
def test_words_that_mean_nothing(words):
    with pytest.raises(ValueError, match="top"):
        analyse([], **words)


def test_a_mark_is_a_finite_number():
    with pytest.raises(ValueError, match="finite"):
        analyse([Sheet(1, 1, [math.inf])])


def test_projects_with_one_mark_each_have_no_alpha():
    found = analyse([Sheet(p, p % 2, [p]) for p in range(5)])
    assert found.agreement.krippendorff_alpha is None
    assert "krippendorff_alpha" in notes(found)


def test_what_is_too_large_is_not_fitted(monkeypatch):
    monkeypatch.setattr("incubator.jury.analysis.advice.LARGEST", 3)
    found = analyse(table_sheets(SHROUT_FLEISS))
    assert found.model == analysis.Model()
    assert found.agreement.icc_2_1 is not None
    assert "more projects" in notes(found)
