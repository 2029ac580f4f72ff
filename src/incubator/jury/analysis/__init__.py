"""The advisory result of a jury: what the marks say once severity and chance are taken into account, and how surely.

It informs those who decide and never replaces the official result. `analyse` takes sheets, `analyse_marks` columns.
numpy and scipy are loaded when one of them is first called, so that web processes that never do stay small.
"""

import os
from collections.abc import Iterable, Mapping, Sequence

from incubator.jury.analysis.figures import (
    BAND,
    ENOUGH,
    SEED,
    TOP,
    Agreement,
    Analysis,
    Change,
    Component,
    JurorFigures,
    LeaveOneOut,
    Marks,
    Model,
    Note,
    OrderEffect,
    Overtaking,
    ProjectFigures,
    Reliability,
    RepeatedSheet,
    Sheet,
    WeightBand,
)

__all__ = [
    "BAND",
    "ENOUGH",
    "SEED",
    "TOP",
    "Agreement",
    "Analysis",
    "Change",
    "Component",
    "JurorFigures",
    "LeaveOneOut",
    "Marks",
    "Model",
    "Note",
    "OrderEffect",
    "Overtaking",
    "ProjectFigures",
    "Reliability",
    "RepeatedSheet",
    "Sheet",
    "WeightBand",
    "analyse",
    "analyse_marks",
]

# Threads of the linear algebra spin while others have the processors; at these sizes one is as fast. It counts when numpy
# is loaded for the first time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def analyse(
    sheets: Iterable[Sheet],
    *,
    criteria: Sequence[str] = (),
    weights: Mapping[str, float] | None = None,
    top: int = TOP,
    band: float = BAND,
    seed: int = SEED,
) -> Analysis:
    """The advisory result of handed-in sheets; the same for any order of the sheets.

    `criteria` name the marks of each sheet (none: one mark each); `weights` by criterion, all equal if None; `top`: how
    many win; `band`: the share by which weights may move. RepeatedSheet for a juror's second sheet for a project;
    ValueError for weights that can't be used, marks that don't match the criteria, or figures that are not finite.
    """
    from incubator.jury.analysis.design import columns

    return analyse_marks(columns(sheets, criteria), weights=weights, top=top, band=band, seed=seed)


def analyse_marks(
    marks: Marks,
    *,
    weights: Mapping[str, float] | None = None,
    top: int = TOP,
    band: float = BAND,
    seed: int = SEED,
) -> Analysis:
    """The same from marks in columns, which is how large tables come."""
    from incubator.jury.analysis.advice import advise

    if top < 1 or not 0 <= band <= 1:
        raise ValueError("the top is one or more, the band a share between 0 and 1")
    return advise(marks, weights, top=top, band=band, seed=seed)
