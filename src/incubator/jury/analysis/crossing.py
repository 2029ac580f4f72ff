"""Which juror has scored which project, coded for the mixed-model equations: what depends on neither marks nor variances."""

from typing import Any, Final

import numpy as np
from scipy import sparse

Array = np.ndarray[Any, Any]

PAIRS: Final = 8_000_000
"""Pairs of sheets of one level up to which they are listed (12 bytes each); a fuller table is multiplied as it is."""


class Crossing:
    """Two crossed factors, one level of each in every row. `small` has `m` levels and is kept, `large` has `q`, not fewer,
    and is eliminated: its block of the equations is diagonal.
    """

    def __init__(self, small: Array, large: Array, m: int, q: int) -> None:
        self.small, self.large, self.m, self.q, self.n = small, large, m, q, len(small)
        self.small_count = np.bincount(small, minlength=m).astype(float)
        self.large_count = np.bincount(large, minlength=q).astype(float)
        self.incidence = sparse.csr_matrix((np.ones(self.n), (small, large)), shape=(m, q))
        self.transposed = self.incidence.T.tocsr()
        listed = float(np.sum(self.large_count * (self.large_count - 1)) / 2)
        self._pairs = self._listed() if listed <= PAIRS else None
        self._table = None if self._pairs is not None else self.incidence.toarray()

    def _listed(self) -> Any:
        """A sparse (m * m, q) matrix: 1 where a level of `large` meets both levels of `small`, the lower one first."""
        order = np.lexsort((self.small, self.large))
        starts = np.concatenate(([0], np.cumsum(self.large_count[:-1]))).astype(int)
        keys, columns = [], []
        for count in np.unique(self.large_count[self.large_count > 1]).astype(int):
            levels = np.flatnonzero(self.large_count == count)
            first, second = np.triu_indices(count, 1)
            members = self.small[order[starts[levels][:, None] + np.arange(count)]].astype(np.int64)
            keys.append((members[:, first] * self.m + members[:, second]).ravel())
            columns.append(np.repeat(levels, len(first)))
        key = np.concatenate(keys) if keys else np.zeros(0, int)
        column = np.concatenate(columns) if columns else np.zeros(0, int)
        return sparse.csr_matrix((np.ones(len(key)), (key, column)), shape=(self.m * self.m, self.q))

    def gram(self, weight: Array) -> Array:
        """Above the diagonal of incidence · diag(weight) · incidence'; noughts elsewhere. `weight` has q figures."""
        if self._pairs is not None:
            product: Array = (self._pairs @ weight).reshape(self.m, self.m)
            return product
        assert self._table is not None
        return np.triu((self._table * weight) @ self._table.T, 1)

    def quadratic(self, upper: Array) -> Array:
        """For every level of `large` the sum of a symmetric matrix, given from its diagonal up, over its own levels."""
        diagonal: Array = self.transposed @ np.diag(upper)
        if self._pairs is not None:
            found: Array = diagonal + 2 * (self._pairs.T @ upper.ravel())
            return found
        assert self._table is not None
        summed: Array = diagonal + 2 * np.sum(self._table * (np.triu(upper, 1) @ self._table), axis=0)
        return summed

    def sums(self, values: Array) -> tuple[Array, Array]:
        """Sums of a figure per row over the levels of both factors."""
        return np.bincount(self.small, values, self.m), np.bincount(self.large, values, self.q)
