"""What a fit says about each project and juror: effects with their errors, and the places that chance would give them."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from incubator.jury.analysis.crossing import Array
from incubator.jury.analysis.mixed import ADDITIVE, Equations, Fit

DRAWS = 10_000
FEWEST = 2_000
FIGURES = 3_000_000
"""Draws of the places: DRAWS, or fewer with many projects, so that there are about this many figures, never below FEWEST."""
LISTED = 100
"""Projects up to which the chance of each single place is kept."""


@dataclass(frozen=True)
class Effects:
    """Effects of one factor in points, by level: conditional standard deviation, and the same with the mean's error."""

    value: Array
    standard_error: Array
    prediction_error: Array


@dataclass(frozen=True)
class Fitted:
    """A fit in points. `swapped`: projects are the large factor of the equations."""

    at: Equations
    swapped: bool
    unit: float
    intercept: float
    project: float
    juror: float
    residual: float
    projects: Effects
    jurors: Effects
    converged: bool
    evaluations: int


def fitted(found: Fit, *, swapped: bool, shift: float, unit: float) -> Fitted:
    """The figures of a fit to (mark - shift) / unit.

    The conditional standard deviation of an effect u is that of u given the marks, the fitted variances and the fitted
    intercept: sqrt(var(u) - cov(u, y) V⁻¹ cov(y, u)), which Bates et al. (2015) call so. The prediction error is
    sqrt(var(û - u)) of Henderson (1975), in which the intercept is estimated too.
    """
    at = found.at
    scale = 0.0 if found.additive else at.scale
    mean, values = _refined(at) if found.additive else (at.mean, at.effects)
    variances = [float(ratio) * scale for ratio in at.ratios]
    if found.additive:
        variances = [float(np.var(value, ddof=1)) for value in values]
    small, large = (_effects(at, scale, unit, which, value) for which, value in enumerate(values))
    small_variance, large_variance = (each * unit**2 for each in variances)
    parts = (large_variance, small_variance, scale * unit**2, large, small)
    if not swapped:
        parts = (small_variance, large_variance, scale * unit**2, small, large)
    return Fitted(at, swapped, unit, shift + unit * mean, *parts, found.converged, found.evaluations)


def _refined(at: Equations) -> tuple[float, tuple[Array, Array]]:
    """Mean and effects that leave no rest at all: what little the great ratios of an additive fit leave is given back."""
    mean, (small, large) = at.mean, at.effects
    for _ in range(2):
        rest = at.y - mean - small[at.crossing.small] - large[at.crossing.large]
        more, of_small, of_large = at.solve(*at.crossing.sums(rest))
        mean, small, large = mean + more, small + at.small_ratio * of_small, large + at.large_ratio * of_large
    mean += float(small.mean() + large.mean())
    small, large = (np.where(np.ptp(each) < ADDITIVE, 0.0, each - each.mean()) for each in (small, large))
    return mean, (small, large)


def _effects(at: Equations, scale: float, unit: float, which: int, value: Array) -> Effects:
    if which == 0:
        variance = at.small_ratio * np.diag(at.inverse)
    else:
        own = 1 / at.pivot + at.small_ratio * at.large_ratio * at.quadratic / at.pivot**2
        variance = at.large_ratio * own
    shift = at.ratios[which] * at.mean_pulls[which]
    errors = [unit * np.sqrt(scale * each) for each in (variance, variance + shift**2 / at.weight)]
    return Effects(unit * value, *errors)


@dataclass(frozen=True)
class Places:
    """By project: the bounds that hold 95 % of its simulated places, the chance of the top, and those of each place."""

    low: Array
    high: Array
    top: Array
    chances: Array


def places(fit: Fitted, ranked: Array, top: int, seed: int) -> Places:
    """Places of the projects `ranked` in draws of all effects from their joint distribution given the marks.

    Draws come in pairs, one the mirror of the other. Effects that are equal share chances by lot.
    """
    count = max(FEWEST, min(DRAWS, FIGURES // max(1, len(ranked)))) // 2
    generator = np.random.default_rng(seed)
    centre = fit.projects.value[ranked] / fit.unit
    turn = max(1, 2_000_000 // max(1, fit.at.crossing.m + len(ranked)))
    found = []
    for start in range(0, count, turn):
        spread = _deviations(fit.at, fit.swapped, generator, min(turn, count - start), fit.residual == 0)[:, ranked]
        # Smaller than any difference of effects: it parts the equal ones.
        lot = generator.random(spread.shape) * 1e-9
        found += [_ranks(centre + spread + lot), _ranks(centre - spread - lot)]
    return _counted(np.concatenate(found, axis=1), top)


def _deviations(at: Equations, swapped: bool, generator: np.random.Generator, draws: int, still: bool) -> Array:
    """Draws of the projects' effects about their centre, (draws, projects)."""
    crossing, deviation = at.crossing, np.sqrt(at.scale)
    if still:
        return np.zeros((draws, crossing.q if swapped else crossing.m))
    mean = generator.standard_normal(draws) / np.sqrt(at.weight)
    normal = np.asfortranarray(generator.standard_normal((crossing.m, draws)))
    free = np.sqrt(at.small_ratio) * lapack.dtrtrs(at.cholesky, normal, lower=1, trans=1)[0]
    small = free - np.outer(at.small_ratio * at.mean_pulls[0], mean)
    if not swapped:
        drawn: Array = deviation * small.T
        return drawn
    pull = crossing.transposed @ small + np.outer(crossing.large_count, mean)
    own = generator.standard_normal((crossing.q, draws)) * np.sqrt(at.large_ratio / at.pivot)[:, None]
    large: Array = deviation * (own - (at.large_ratio / at.pivot)[:, None] * pull).T
    return large


def _ranks(effects: Array) -> Array:
    """Places from effects (draws, projects), the highest first: (projects, draws)."""
    order = np.argsort(-effects, axis=1)
    number = np.int16 if order.shape[1] < np.iinfo(np.int16).max else np.int32
    ranks = np.empty(order.shape, number)
    np.put_along_axis(ranks, order, np.arange(1, order.shape[1] + 1, dtype=number)[None, :], axis=1)
    return np.ascontiguousarray(ranks.T)


def _counted(ranks: Array, top: int) -> Places:
    projects, draws = ranks.shape
    chances = np.zeros((projects, 0))
    if projects <= LISTED:
        cells = ranks.astype(int) - 1 + projects * np.arange(projects)[:, None]
        chances = np.bincount(cells.ravel(), minlength=projects**2).reshape(projects, projects) / draws
    edges = [int(np.ceil(0.025 * draws)) - 1, int(np.ceil(0.975 * draws)) - 1]
    low, high = np.sort(ranks, axis=1)[:, edges].T  # of small whole numbers quicker than parting them
    return Places(low, high, np.mean(ranks <= top, axis=1), chances)
