"""The crossed random-effects model, fitted by restricted maximum likelihood (REML) through the mixed-model equations.

y = mean + u[small] + v[large] + e, u ~ N(0, s·a), v ~ N(0, s·b), e ~ N(0, s); a and b are the variance ratios. With
H = I + a·ZZ' + b·WW' (Z, W the incidences of the two factors) the deviance, the mean and the scale s profiled out, is

    log|H| + log(1'H⁻¹1) + (n - 1)·log(y'Py),      P = H⁻¹ - H⁻¹1 1'H⁻¹ / 1'H⁻¹1     (Patterson & Thompson 1971)

It comes from one Cholesky factor of the small factor's Schur complement, in Henderson's equations with the large
factor eliminated, and it is smooth down to ratios of nought, where nothing here divides by a ratio. Steps are those of
the average information (Gilmour, Thompson & Cullis 1995) with the bounds a, b >= 0, so a fit takes about ten
factorisations where a search without derivatives takes seventy.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Final

import numpy as np
from scipy.linalg import lapack

from incubator.jury.analysis.crossing import Array, Crossing

DECREMENT: Final = 1e-11
"""A fit has converged when the next step promises to lower the deviance by less than this."""

BOUNDLESS: Final = 1e7
"""Ratios at which hardly anything but a project's part and a juror's part is left to be told as the rest."""

ADDITIVE: Final = 1e-5
"""A rest below this share of the marks' deviation is rounding: the likelihood would have no maximum."""

ROUNDS: Final = 60
SEVERAL: Final = 150
"""Levels of the small factor up to which the fit also sets out from the corner of no variances."""


class Equations:
    """The model at given variance ratios (small, large)."""

    def __init__(self, crossing: Crossing, y: Array, ratios: Array) -> None:
        self.crossing, self.y, self.ratios = crossing, y, ratios
        self.small_ratio, self.large_ratio = float(ratios[0]), float(ratios[1])
        self.pivot = 1 + self.large_ratio * crossing.large_count
        self._schur = crossing.gram(-self.large_ratio / self.pivot)
        self._diagonal = crossing.small_count - self.large_ratio * (crossing.incidence @ (1 / self.pivot))
        self.cholesky = self._factor()
        self.ones = crossing.incidence @ (1 / self.pivot)
        self.share = self._inner(np.ones(crossing.m))
        """1 minus the part of a shift of the mean that an effect of `small` takes up."""
        self.weight = float(self.share @ self.ones)
        """1'H⁻¹1; no figure of this sum is below nought, so nothing is lost."""
        self.mean, self.small_pull, self.large_pull = self.solve(*crossing.sums(y))
        self.rest = y - self.mean - self.effects[0][crossing.small] - self.effects[1][crossing.large]
        pulls = (
            self.small_ratio * self.small_pull @ self.small_pull + self.large_ratio * self.large_pull @ self.large_pull
        )
        self.squares = float(self.rest @ self.rest + pulls)
        self.deviance = self._deviance()

    def _factor(self) -> Array:
        matrix = self.small_ratio * self._schur
        matrix[np.diag_indices(self.crossing.m)] = 1 + self.small_ratio * self._diagonal
        # A matrix by rows is its own transpose by columns: above the diagonal here is below it for LAPACK.
        factor: Array
        factor, fault = lapack.dpotrf(matrix.T, lower=1, clean=1, overwrite_a=1)
        if fault:
            raise np.linalg.LinAlgError("the equations are singular")
        return factor

    def _inner(self, right: Array) -> Array:
        found: Array = lapack.dpotrs(self.cholesky, right, lower=1)[0]
        return found

    def solve(self, small_sums: Array, large_sums: Array) -> tuple[float, Array, Array]:
        """From a right-hand side's sums by level: its generalised mean, Z'P and W'P times it."""
        crossing = self.crossing
        right = small_sums - self.large_ratio * (crossing.incidence @ (large_sums / self.pivot))
        mean = float(self.share @ right) / self.weight
        small = self._inner(right - mean * self.ones)
        left = large_sums - mean * crossing.large_count - self.small_ratio * (crossing.transposed @ small)
        return mean, small, left / self.pivot

    def _deviance(self) -> float:
        n, determinant = self.crossing.n, np.log(self.pivot).sum() + 2 * np.log(np.diag(self.cholesky)).sum()
        squares = max(self.squares, np.finfo(float).tiny)
        return float(determinant + np.log(self.weight) + (n - 1) * np.log(squares))

    @property
    def scale(self) -> float:
        """The rest's variance."""
        return self.squares / (self.crossing.n - 1)

    @property
    def effects(self) -> tuple[Array, Array]:
        """The predicted effects of both factors."""
        return self.small_ratio * self.small_pull, self.large_ratio * self.large_pull

    @cached_property
    def inverse(self) -> Array:
        """Of the small factor's Schur complement without the mean, from its diagonal up."""
        found: Array = lapack.dpotri(self.cholesky, lower=1)[0]
        return found.T

    @cached_property
    def quadratic(self) -> Array:
        """For every level of `large` the sum of the inverse over its own levels of `small`."""
        return self.crossing.quadratic(self.inverse)

    @cached_property
    def mean_pulls(self) -> tuple[Array, Array]:
        """Z'H⁻¹1 and W'H⁻¹1: how hard a shift of the mean pulls at each effect."""
        small = self._inner(self.ones)
        large = (self.crossing.large_count - self.small_ratio * (self.crossing.transposed @ small)) / self.pivot
        return small, large

    def slopes(self) -> tuple[Array, Array]:
        """Gradient of the deviance by the two ratios, and the average information of the same scale."""
        n, scale = self.crossing.n, self.scale
        pulls = (self.small_pull, self.large_pull)
        traces = (self._small_trace(), self._large_trace())
        norms = np.array([pull @ pull for pull in pulls])
        gradient = np.array([
            trace - shift @ shift / self.weight - norm / scale
            for trace, shift, norm in zip(traces, self.mean_pulls, norms, strict=True)
        ])  # fmt: skip
        crossing = self.crossing
        _, *of_small = self.solve(crossing.small_count * pulls[0], crossing.transposed @ pulls[0])
        _, *of_large = self.solve(crossing.incidence @ pulls[1], crossing.large_count * pulls[1])
        information = np.array(
            [
                [pull @ part for part in parts]
                for pull, parts in zip(pulls, zip(of_small, of_large, strict=True), strict=True)
            ]
        )
        return gradient, information / scale - np.outer(norms, norms) / ((n - 1) * scale**2)

    def _small_trace(self) -> float:
        """The trace of Z'H⁻¹Z."""
        return float(2 * np.vdot(self._schur, self.inverse) + self._diagonal @ np.diag(self.inverse))

    def _large_trace(self) -> float:
        """The trace of W'H⁻¹W."""
        return float(
            np.sum(self.crossing.large_count / self.pivot) - self.small_ratio * np.sum(self.quadratic / self.pivot**2)
        )


@dataclass(frozen=True)
class Fit:
    """The model at the ratios of the lowest deviance; `additive`: no rest is left at all."""

    at: Equations
    converged: bool
    additive: bool
    evaluations: int


def fit(crossing: Crossing, y: Array) -> Fit:
    """The REML fit of centred and scaled marks that are not all equal."""
    parted = Equations(crossing, y, np.full(2, BOUNDLESS))
    if parted.rest @ parted.rest < crossing.n * ADDITIVE**2:
        return Fit(parted, True, True, 1)
    starts = [_moments(crossing, y)]
    if crossing.m <= SEVERAL:
        starts.append(np.zeros(2))
    found = [_descend(crossing, y, start) for start in starts]
    best = min(found, key=lambda each: each.at.deviance)
    return Fit(best.at, best.converged, best.additive, 1 + sum(each.evaluations for each in found))


def _moments(crossing: Crossing, y: Array) -> Array:
    """Ratios from Henderson's first method (1953): sums of squares set equal to their expectations."""
    n, small, large = crossing.n, crossing.small_count, crossing.large_count
    of_small, of_large = crossing.sums(y)
    mean = y.sum() ** 2 / n
    seen = [y @ y - mean, np.sum(of_small**2 / small) - mean, np.sum(of_large**2 / large) - mean]
    a, b = small @ small / n, large @ large / n
    m, q = crossing.m, crossing.q
    expected = np.array([[n - a, n - b, n - 1], [n - a, m - b, m - 1], [q - a, n - b, q - 1]], float)
    parts = np.linalg.lstsq(expected, np.array(seen), rcond=None)[0]
    total = float(np.var(y))
    rest = max(float(parts[2]), 0.02 * total)
    start: Array = np.clip(parts[:2] / rest, 0.02, 50)
    return start


def _descend(crossing: Crossing, y: Array, start: Array) -> Fit:
    evaluations = count(1)
    here, done = Equations(crossing, y, start), next(evaluations)
    for _ in range(ROUNDS):
        gradient, information = here.slopes()
        step = _step(here.ratios, gradient, information)
        if -gradient @ step < DECREMENT:
            return Fit(here, True, False, done)
        length = 1.0
        there, done = Equations(crossing, y, _bounded(crossing, here.ratios, step)), next(evaluations)
        while there.deviance > here.deviance + 1e-9 and length > 1e-4:
            length /= 4
            there, done = Equations(crossing, y, _bounded(crossing, here.ratios, length * step)), next(evaluations)
        if there.deviance > here.deviance + 1e-9:
            return Fit(here, bool(-gradient @ step < 1e-6), False, done)
        here = there
    return Fit(here, False, False, done)


def _step(ratios: Array, gradient: Array, information: Array) -> Array:
    """The step of the ratios that are free: not those at nought that would fall further."""
    step = np.zeros(2)
    free = np.flatnonzero((ratios > 0) | (gradient < 0))
    if len(free):
        step[free] = -np.linalg.lstsq(information[np.ix_(free, free)], gradient[free], rcond=1e-14)[0]
        if len(free) == 2 and np.any((ratios == 0) & (step < 0)):
            # Both together would leave the allowed quarter: the one on the edge stays there.
            kept = int(np.flatnonzero(ratios > 0)[0]) if ratios.any() else int(np.argmin(gradient))
            step = np.zeros(2)
            step[kept] = -gradient[kept] / information[kept, kept]
    return step


def _bounded(crossing: Crossing, ratios: Array, step: Array) -> Array:
    """The next ratios: within a factor of ten, and nought once they are next to nothing."""
    grain = np.array([crossing.m, crossing.q]) / crossing.n
    lowest = np.where(ratios <= 0.05 * grain, 0, 0.1 * ratios)
    bounded: Array = np.clip(ratios + step, lowest, 10 * (ratios + grain))
    return bounded
