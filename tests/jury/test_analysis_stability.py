"""What the winners depend on: against fits with the juror's sheets taken out, weights tried one by one, and dense algebra."""

import itertools

import numpy as np
import pytest

from incubator.jury.analysis import Sheet, analyse
from jury.slow_analysis import Slow
from jury.test_analysis import by_id, drawn, sheets_of


def first(scores, top):
    """Names of the best."""
    return set(sorted(scores, key=lambda name: -scores[name])[:top])


def reference_without(found, project, juror, marks, out):
    """Project effects at the fitted variances from the sheets of the other jurors."""
    variances = (found.model.project, found.model.juror, found.model.residual)
    stays = juror != out
    seen, place = np.unique(project[stays], return_inverse=True)
    _, other = np.unique(juror[stays], return_inverse=True)
    effects = np.zeros(project.max() + 1)
    effects[seen] = Slow(place, other, marks[stays]).effects(variances)[0]
    return effects


@pytest.mark.parametrize(("projects", "jurors"), [(7, 9), (9, 7), (6, 6), (12, 4), (4, 12)])
@pytest.mark.parametrize("seed", range(4))
def test_every_juror_left_out_as_if_he_had_not_been_there(projects, jurors, seed):
    project, juror, marks = drawn(100 + seed, projects, jurors, spread=(0.5, 1, 1), share=0.75)
    found = analyse(sheets_of(project, juror, marks), top=2)
    if found.leave_one_out is None:
        assert found.model.project == 0
        return
    ranked = [row.id for row in found.projects if row.place]
    assert set(found.leave_one_out.winners) == set(ranked[:2])
    changes = {change.juror: change for change in found.leave_one_out.changes}
    for out in range(jurors):
        effects = reference_without(found, project, juror, marks, out)
        winners = first({name: effects[int(name[1:])] for name in ranked}, 2)
        change = changes.get(f"j{out:03}")
        expected = (winners - set(ranked[:2]), set(ranked[:2]) - winners)
        assert (set(change.enter), set(change.leave)) == expected if change else expected == (set(), set())


def test_some_juror_makes_a_difference_somewhere():
    """The negative control of the one above."""
    found = [analyse(sheets_of(*drawn(100 + seed, 7, 9, spread=(0.5, 1, 1), share=0.75)), top=2) for seed in range(8)]
    changed = [bool(each.leave_one_out.changes) for each in found if each.leave_one_out]
    assert any(changed)


def criteria_sheets(seed, projects=8, jurors=5, criteria=3):
    random = np.random.default_rng(seed)
    marks = random.normal(6, 2, (projects, jurors, criteria)) + np.arange(projects)[:, None, None] / 2
    return [
        Sheet(f"p{p}", f"j{j}", list(map(float, marks[p, j]))) for p in range(projects) for j in range(jurors)
    ], marks


@pytest.mark.parametrize("seed", range(6))
def test_the_band_of_weights_is_exact(seed):
    """On a complete table the order is that of weighted means: try the corners just inside and just outside."""
    sheets, marks = criteria_sheets(seed)
    weights = np.array([3.0, 2, 1])
    found = analyse(sheets, criteria=("a", "b", "c"), weights=dict(zip("abc", weights, strict=True)), top=3)
    means = marks.mean(axis=1)

    def winners(band):
        corners = itertools.product((1 - band, 1 + band), repeat=3)
        return {frozenset(np.argsort(-(means @ (weights * corner)), kind="stable")[:3]) for corner in corners}

    band = found.weight_band
    assert band.band == 0.2
    if band.stable_within is None:
        assert len(winners(1 - 1e-9)) == 1
        return
    assert len(winners(band.stable_within - 1e-6)) == 1
    assert len(winners(band.stable_within + 1e-6)) > 1
    assert all(each.at <= 0.2 for each in band.overtakings)
    assert [each.at for each in band.overtakings] == sorted(each.at for each in band.overtakings)
    if band.overtakings:
        assert band.overtakings[0].at == pytest.approx(band.stable_within)


def test_who_shares_the_last_place_that_wins_parts_by_any_move():
    sheets = [
        Sheet(p, j, [m + j % 2, n + j % 2])
        for p, (m, n) in enumerate([(9, 9), (4, 6), (6, 4), (1, 1)])
        for j in range(4)
    ]
    found = analyse(sheets, criteria=("a", "b"), top=2)
    assert set(found.leave_one_out.winners) == {0, 1, 2}
    assert found.weight_band.stable_within == 0


def test_winners_by_every_criterion_stay_for_any_weights():
    sheets = [Sheet(p, j, [p + (p * j % 3) / 9, 2 * p + j / 9]) for p in range(6) for j in range(4)]
    band = analyse(sheets, criteria=("a", "b"), top=2).weight_band
    assert band.stable_within is None
    assert band.overtakings == ()


@pytest.mark.parametrize("seed", range(5))
def test_the_order_effect_is_generalised_least_squares(seed):
    project, juror, marks = drawn(seed, 8, 6, share=0.8)
    random = np.random.default_rng(seed)
    order = random.integers(1, 9, len(marks)).astype(float)
    marks = marks - 0.2 * order
    sheets = [
        Sheet(f"p{p}", f"j{j}", [mark], turn)
        for p, j, mark, turn in zip(project, juror, marks, order, strict=True)
    ]  # fmt: skip
    found = analyse(sheets)
    slow = Slow(project, juror, marks)
    inverse = np.linalg.inv(slow.covariance((found.model.project, found.model.juror, found.model.residual)))
    design = np.column_stack((np.ones(len(marks)), order))
    covariance = np.linalg.inv(design.T @ inverse @ design)
    assert found.order.slope == pytest.approx((covariance @ design.T @ inverse @ marks)[1])
    assert found.order.standard_error == pytest.approx(np.sqrt(covariance[1, 1]))
    assert found.order.low < found.order.slope < found.order.high


@pytest.mark.parametrize(
    ("turns", "noise", "told"),
    [
        ((1, 2, None), 1, "some sheets is not known"),
        ((2, 2, 2), 1, "the same turn"),
        ((1, 2, 3), 0, "no chance in these"),
    ],
)
def test_what_is_wrong_with_the_turns_is_told(turns, noise, told):
    found = analyse([Sheet(p, j, [p + j + noise * (p * j % 2)], turns[p]) for p in range(3) for j in range(4)])
    assert found.order is None
    assert told in " ".join(note.text.msgid for note in found.notes if note.about == "order")


def test_without_turns_there_is_no_order_effect():
    project, juror, marks = drawn(1)
    assert analyse(sheets_of(project, juror, marks)).order is None
    same = [Sheet(p, j, [float(m)], 1) for p, j, m in zip(project, juror, marks, strict=True)]
    assert analyse(same).order is None
    assert by_id(analyse(same).projects)
