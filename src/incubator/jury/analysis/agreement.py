"""How far jurors agree.

Intraclass correlations: Shrout & Fleiss (1979), two-way, for one mark and for the mean of all k jurors; jurors a sample
(2) or these very ones (3), in the letters of McGraw & Wong (1996) ICC(A,1), ICC(A,k), ICC(C,1), ICC(C,k). Alpha for
interval data: Krippendorff (2011). W with its correction for ties: Kendall (1939), Siegel (1956). The intraclass
correlations and W need a complete table; alpha bears gaps.
"""

import numpy as np

from incubator.jury.analysis.crossing import Array
from incubator.jury.analysis.design import Design
from incubator.jury.analysis.figures import Agreement

NOTHING = 1e-12  # of the whole sum of squares: rounding, no difference


def agreement(design: Design) -> Agreement:
    """All coefficients that these marks define."""
    alpha = krippendorff_alpha(design.project, design.y)
    if all_equal(design.y) or not design.complete or min(design.table().shape, default=0) < 2:
        return Agreement(krippendorff_alpha=alpha)
    table = design.table()
    return Agreement(*intraclass(table), alpha, kendall_w(table))


def all_equal(values: Array) -> bool:
    """Whether no figure differs from another by more than rounding; also when there is none."""
    return len(values) == 0 or bool(np.ptp(values) <= 1e-9 * np.max(np.abs(values)))


def intraclass(table: Array) -> tuple[float | None, float | None, float | None, float | None]:
    """ICC(2,1), ICC(2,k), ICC(3,1) and ICC(3,k) of a table targets × judges; None where nothing differs."""
    n, k = table.shape
    centred = table - table.mean()
    whole = np.sum(centred**2)
    between = k * np.sum(centred.mean(axis=1) ** 2)
    judges = n * np.sum(centred.mean(axis=0) ** 2)
    rest = whole - between - judges
    between, judges, rest = (each if each > NOTHING * whole else 0.0 for each in (between, judges, rest))
    rows, columns, error = between / (n - 1), judges / (k - 1), rest / ((n - 1) * (k - 1))
    return (
        _ratio(rows - error, rows + (k - 1) * error + k * (columns - error) / n),
        _ratio(rows - error, rows + (columns - error) / n),
        _ratio(rows - error, rows + (k - 1) * error),
        _ratio(rows - error, rows),
    )


def krippendorff_alpha(unit: Array, value: Array) -> float | None:
    """Alpha for interval data; units with one value don't count. None without two values to compare or a difference."""
    counts = np.bincount(unit)
    paired = counts[unit] > 1
    unit, value = unit[paired], value[paired]
    if all_equal(value):
        return None
    value = value - value.mean()
    counts = np.maximum(counts[: unit.max() + 1], 2)
    sums, squares = np.bincount(unit, value), np.bincount(unit, value**2)
    inside = np.sum((squares - sums**2 / counts) * counts / (counts - 1))
    n, whole = len(value), float(value @ value)
    return float(1 - inside * (n - 1) / (n * whole))


def kendall_w(table: Array) -> float | None:
    """W of a table objects × judges, corrected for ties; None where every judge ties all."""
    n, k = table.shape
    ranks, ties = np.empty_like(table), 0.0
    for judge in range(k):
        _, place, counts = np.unique(np.round(table[:, judge], 9), return_inverse=True, return_counts=True)
        ranks[:, judge] = (np.cumsum(counts) - (counts - 1) / 2)[place]
        ties += float(np.sum(counts.astype(float) ** 3 - counts))
    spread = float(np.sum((ranks.sum(axis=1) - k * (n + 1) / 2) ** 2))
    return _ratio(12 * spread, k**2 * (n**3 - n) - k * ties)


def _ratio(above: float, below: float) -> float | None:
    return float(above / below) if below > 0 else None
