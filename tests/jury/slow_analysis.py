"""The advisory result the slow way: dense matrices as the textbook writes them, and a search without derivatives.

V = a·ZZ' + b·WW' + r·I; REML likelihood of Patterson & Thompson; generalised least squares for the mean, BLUP by V⁻¹.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize


def incidence(levels, count):
    return np.eye(count)[levels]


@dataclass(frozen=True)
class Slow:
    """Restricted log-likelihood (times -2) and predictions at given variances (project, juror, rest)."""

    project: np.ndarray
    juror: np.ndarray
    y: np.ndarray

    @cached_property
    def z(self):
        return incidence(self.project, self.project.max() + 1)

    @cached_property
    def w(self):
        return incidence(self.juror, self.juror.max() + 1)

    @cached_property
    def blocks(self):
        return self.z @ self.z.T, self.w @ self.w.T, np.eye(len(self.y))

    def covariance(self, variances):
        return sum(variance * block for variance, block in zip(variances, self.blocks, strict=True))

    def deviance(self, variances):
        factor = cho_factor(self.covariance(variances), lower=True)
        ones = cho_solve(factor, np.ones(len(self.y)))
        left = self.y - ones @ self.y / ones.sum()
        determinant = 2 * np.log(np.diag(factor[0])).sum() + np.log(ones.sum())
        return determinant + left @ cho_solve(factor, left) + (len(self.y) - 1) * np.log(2 * np.pi)

    def best(self):
        """Variances of the greatest restricted likelihood, from several starts; a trace of rest keeps V regular."""
        total = np.var(self.y)
        least = np.array([0, 0, 1e-7 * total])
        found = []
        for start in ((0.4, 0.2, 0.4), (0.1, 0.6, 0.3), (0.7, 0.02, 0.2)):
            free = minimize(
                lambda x: self.deviance(x**2 + least),
                np.sqrt(np.array(start) * total),
                method="Nelder-Mead",
                options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 2000},
            )
            found.append((free.fun, free.x**2 + least))
        return min(found, key=lambda each: each[0])

    def intercept(self, variances):
        inverse = np.linalg.inv(self.covariance(variances)).sum(axis=0)
        return inverse @ self.y / inverse.sum()

    def effects(self, variances):
        """Predicted effects of projects and of jurors."""
        pull = np.linalg.inv(self.covariance(variances)) @ (self.y - self.intercept(variances))
        return variances[0] * self.z.T @ pull, variances[1] * self.w.T @ pull

    def errors(self, variances, *, mean_known):
        """Standard deviations of (effect - prediction), with the mean known or estimated."""
        inverse = np.linalg.inv(self.covariance(variances))
        if not mean_known:
            pull = inverse.sum(axis=1)
            inverse = inverse - np.outer(pull, pull) / pull.sum()
        parts = ((variances[0], self.z), (variances[1], self.w))
        return [np.sqrt(np.clip(v - v**2 * np.diag(m.T @ inverse @ m), 0, None)) for v, m in parts]

    def joint(self, variances):
        """Covariance of all project effects given the marks, the mean estimated."""
        inverse = np.linalg.inv(self.covariance(variances))
        pull = inverse.sum(axis=1)
        inverse = inverse - np.outer(pull, pull) / pull.sum()
        a = variances[0]
        return a * np.eye(self.z.shape[1]) - a**2 * self.z.T @ inverse @ self.z


def alpha(units):
    """Krippendorff's alpha for interval data by its definition: pairs within units against all pairs."""
    units = [unit for unit in units if len(unit) > 1]
    pooled = [value for unit in units for value in unit]
    n = len(pooled)
    seen = sum(sum((x - y) ** 2 for x in unit for y in unit) / (len(unit) - 1) for unit in units) / n
    chance = sum((x - y) ** 2 for x in pooled for y in pooled) / (n * (n - 1))
    return 1 - seen / chance
