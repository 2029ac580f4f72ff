"""What the winners depend on: a single juror, the weights of the criteria, the order in which projects were heard.

All of it keeps the variances as they were fitted; so every figure here is linear in the marks and exact.
"""

from collections.abc import Hashable, Iterator

import numpy as np
from scipy import sparse

from incubator.jury.analysis.crossing import Array
from incubator.jury.analysis.design import Design
from incubator.jury.analysis.effects import Fitted
from incubator.jury.analysis.figures import Change, LeaveOneOut, OrderEffect, Overtaking, WeightBand
from incubator.jury.analysis.mixed import Equations

NORMAL = 1.959963984540054
"""Standard deviations on either side that hold 95 % of a normal distribution."""

NAMED = 50
EQUAL = 1e-9
TOGETHER = 250
"""Jurors that are left out in one multiplication, each on his own."""


def winners(effects: Array, ranked: Array, top: int) -> Array:
    """Which projects are among the top, those that share its last place included: one truth value per project.

    `effects` is (…, projects); only those in `ranked` take part.
    """
    found = np.zeros(effects.shape, bool)
    taking = effects[..., ranked]
    last = -np.partition(-taking, top - 1, axis=-1)[..., top - 1 : top]
    found[..., ranked] = taking >= last - EQUAL
    return found


# --- Without one juror ------------------------------------------------------------------------------------------------


def leave_one_out(design: Design, fit: Fitted, ranked: Array, top: int) -> LeaveOneOut:
    """Each juror's absence, as if he had given no mark: by one free parameter for each of his marks."""
    effects = fit.projects.value / fit.unit
    all_in = winners(effects, ranked, top)
    changes = []
    for jurors, moves in _moves(fit):
        moved = effects - moves
        unsure = np.flatnonzero(_unsure(moved, all_in, ranked, top))
        for row, without in zip(unsure, winners(moved[unsure], ranked, top), strict=True):
            enter, leave = without & ~all_in, all_in & ~without
            if enter.any() or leave.any():
                changes.append((jurors[row], Change(design.jurors[jurors[row]], *_named(design, enter, leave))))
    listed = tuple(change for _, change in sorted(changes, key=lambda each: each[0]))
    best = sorted(np.flatnonzero(all_in), key=lambda place: -effects[place])
    return LeaveOneOut(tuple(design.projects[place] for place in best), listed)


def _unsure(effects: Array, chosen: Array, ranked: Array, top: int) -> Array:
    """Whether others than the chosen may be among the top, one truth value per line: not where every one of them leads."""
    outside = ranked[~chosen[ranked]]
    lead = effects[:, chosen].min(axis=1) - effects[:, outside].max(axis=1, initial=-np.inf)
    unsure: Array = (lead <= 2 * EQUAL) | (np.count_nonzero(chosen) > top)
    return unsure


def _named(design: Design, *chosen: Array) -> tuple[tuple[Hashable, ...], ...]:
    return tuple(tuple(design.projects[place] for place in np.flatnonzero(each)) for each in chosen)


def _moves(fit: Fitted) -> Iterator[tuple[Array, Array]]:
    """Jurors, and for each of them by how much every project's effect falls when he is left out."""
    inverse = np.triu(fit.at.inverse) + np.triu(fit.at.inverse, 1).T
    crossing = fit.at.crossing
    own, other = (crossing.small, crossing.large) if fit.swapped else (crossing.large, crossing.small)
    order, counts = np.lexsort((other, own)), np.bincount(own)
    starts = np.cumsum(counts) - counts
    for count in np.unique(counts):
        alike = np.flatnonzero(counts == count)
        for group in np.split(alike, range(TOGETHER, len(alike), TOGETHER)):
            rows = order[starts[group][:, None] + np.arange(count)]
            if fit.swapped:
                yield (
                    group,
                    np.array([_without_small(fit.at, inverse, *each) for each in zip(group, rows, strict=True)]),
                )
            else:
                yield group, _without_large(fit.at, inverse, rows)


def _without_large(at: Equations, inverse: Array, rows: Array) -> Array:
    """Falls of the effects of `small` when a level of `large` loses all its rows; one line per level, all with as many."""
    crossing, (levels, n) = at.crossing, rows.shape
    places = crossing.small[rows]
    # H⁻¹ over rows of one level, the large factor alone: 1 on the diagonal less the same figure everywhere.
    block = np.eye(n) - at.large_ratio / (1 + at.large_ratio * n)
    ones = at.share[places] @ block
    covariance = block - at.small_ratio * (block @ inverse[places[:, :, None], places[:, None, :]] @ block)
    covariance -= ones[:, :, None] * ones[:, None, :] / at.weight
    free = np.linalg.solve(covariance, at.rest[rows][:, :, None])[:, :, 0]
    line = np.repeat(np.arange(levels), n)
    pulls = sparse.csr_matrix(((free @ block).ravel(), (line, places.ravel())), shape=(levels, crossing.m))
    shifts = np.sum(ones * free, axis=1) / at.weight
    moved: Array = at.small_ratio * (pulls @ inverse - np.outer(shifts, at.mean_pulls[0]))
    return moved


def _without_small(at: Equations, inverse: Array, place: int, own: Array) -> Array:
    """Falls of the effects of `large` when a level of `small` loses all its rows."""
    crossing, places = at.crossing, at.crossing.large[own]
    joint = np.zeros((len(own), crossing.m))
    joint[:, place] = 1
    joint -= (at.large_ratio / at.pivot[places])[:, None] * crossing.transposed[places].toarray()
    ones = joint @ at.share
    covariance = np.diag(1 - at.large_ratio / at.pivot[places]) - at.small_ratio * joint @ inverse @ joint.T
    free = np.linalg.solve(covariance - np.outer(ones, ones) / at.weight, at.rest[own])
    small = at.small_ratio * (inverse @ (joint.T @ free))
    shift = ones @ free / at.weight
    own_sums = np.bincount(places, free, crossing.q)
    pull = (own_sums - crossing.transposed @ small) / at.pivot
    moved: Array = at.large_ratio * (pull - at.mean_pulls[1] * shift)
    return moved


# --- With other weights -----------------------------------------------------------------------------------------------


def weight_band(design: Design, fit: Fitted, ranked: Array, top: int, band: float) -> WeightBand:
    """Which projects can overtake a winner while every weight moves by at most `band` of itself.

    A lead is a weighted sum of leads by criterion, so weights that move by the share t, each on its own, take away at
    most t times the sum of its absolute parts. The set of winners changes just when some lead is gone.
    """
    parts = _by_criterion(design, fit) * design.shares
    chosen = winners(fit.projects.value / fit.unit, ranked, top)
    inside, outside = np.flatnonzero(chosen), ranked[~chosen[ranked]]
    leads = parts[inside][:, None, :] - parts[outside][None, :, :]
    lead, most = leads.sum(axis=2), np.abs(leads).sum(axis=2)
    at = np.where(most > EQUAL, np.maximum(lead, 0) / np.maximum(most, EQUAL), 1)
    # Who shares the last place that wins parts from the others by the slightest move.
    nearest = 0.0 if len(inside) > top else float(at.min(initial=1))
    found = [
        Overtaking(design.projects[outside[column]], design.projects[inside[row]], float(at[row, column]))
        for row, column in _nearest(at, band)
    ]
    return WeightBand(band, nearest if nearest < 1 - EQUAL else None, tuple(found))


def _by_criterion(design: Design, fit: Fitted) -> Array:
    """The project effects that each criterion alone would give at the fitted variances, (projects, criteria)."""
    at = fit.at
    effects = []
    for marks in design.marks.T:
        _, small, large = at.solve(*at.crossing.sums(marks - marks.mean()))
        effects.append(at.large_ratio * large if fit.swapped else at.small_ratio * small)
    return np.array(effects).T / fit.unit


def _nearest(at: Array, band: float) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(at <= band)
    order = np.lexsort((columns, rows, at[rows, columns]))[:NAMED]
    return [(int(rows[place]), int(columns[place])) for place in order]


# --- The order of hearing ---------------------------------------------------------------------------------------------


def order_effect(order: Array, fit: Fitted) -> OrderEffect | None:
    """The slope of the mark by the turn, by generalised least squares; None where a turn is unknown or all are one."""
    if np.isnan(order).any() or np.ptp(order) == 0 or fit.residual == 0:
        return None
    at, turn = fit.at, (order - order.mean()) / np.std(order)
    mean, small, large = at.solve(*at.crossing.sums(turn))
    left = turn - mean - at.small_ratio * small[at.crossing.small] - at.large_ratio * large[at.crossing.large]
    known = float(turn @ left)
    unit = fit.unit / float(np.std(order))
    slope, error = unit * float(at.rest @ turn) / known, unit * float(np.sqrt(at.scale / known))
    return OrderEffect(slope, error, slope - NORMAL * error, slope + NORMAL * error)
