"""The part of a blueprint that says how a jury decides: criteria and rules. Pure; read through `blueprint`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final

from incubator.foundation.i18n import Message
from incubator.programmes.blueprint_shape import Check, Many, ruled
from incubator.programmes.blueprint_values import (
    KEY,
    PROSE,
    TITLE,
    Anchors,
    Faults,
    OneOf,
    Pattern,
    Points,
    Text,
    Whole,
    points,
)


class Aggregate(StrEnum):
    """How the totals of a project's sheets become its result."""

    MEAN = "mean"
    SUM = "sum"
    TRIMMED_MEAN = "trimmed_mean"


class Closing(StrEnum):
    """What is done about sheets that are missing when a round with quorum is to be locked."""

    SUBSTITUTE = "substitute"  # the lock waits until another juror has filled them in
    CLOSE_WITH_GAPS = "close_with_gaps"  # the sheets there are decide, from `minimum_sheets` up
    NOT_ASSESSED = "not_assessed"  # a project that lacks a sheet it should have is not assessed


class Rounding(StrEnum):
    """What becomes of a digit exactly in the middle."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


def _scale_fits(scale_min: int, scale_max: int, step: int) -> Faults:
    if scale_max <= scale_min:
        yield ("scale_max",), Message("The scale must end above its beginning.")
    elif step == 0 or (scale_max - scale_min) % step:
        yield ("step",), Message("The step must divide the scale into equal parts.")
    elif (scale_max - scale_min) // step > 100:
        yield ("step",), Message("The scale must have at most 100 steps.")


def _anchors_on_scale(scale_min: int, scale_max: int, step: int, anchors: Mapping[int, str]) -> Faults:
    for score in anchors:
        off_step = step and (score - scale_min) % step
        if off_step or not scale_min <= score <= scale_max:
            yield (
                ("anchors", points(score)),
                Message("No mark can be {score}: the anchor is off the scale.", score=Decimal(points(score))),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionPlan:
    """One criterion of the jury. The scale and the scores of `anchors` are thousandths of a point (points in the file).

    A criterion's share in a sheet's total is its weight divided by the sum of all weights.
    """

    key: str = field(metadata=ruled(KEY))
    title: str = field(metadata=ruled(TITLE))
    description: str = field(default="", metadata=ruled(PROSE))
    weight: int = field(
        metadata=ruled(
            Whole(1, 1000), Message("The share of a criterion is its weight divided by the sum of all weights.")
        )
    )
    scale_min: int = field(metadata=ruled(Points(0, 100)))
    scale_max: int = field(metadata=ruled(Points(0, 100)))
    step: int = field(default=1000, metadata=ruled(Points(0, 100)))
    anchors: Mapping[int, str] = field(
        default_factory=dict,
        hash=False,
        metadata=ruled(Anchors(Text(500)), Message("What a score means, in words.")),
    )

    checks: ClassVar[tuple[Check, ...]] = (_scale_fits, _anchors_on_scale)


TIE: Final = Pattern(
    re.compile(r"criterion:[a-z][a-z0-9_]{0,59}|first_places|earlier_application|vote|shared"),
    Message('This must be "criterion:" with its key, "first_places", "earlier_application", "vote" or "shared".'),
)


def _quorum_reaches(minimum_sheets: int, quorum: int) -> Faults:
    if quorum < minimum_sheets:
        yield ("quorum",), Message("With so few jurors no project would have the least number of sheets.")


def _shared_is_last(ties: tuple[str, ...]) -> Faults:
    if "shared" in ties[:-1]:
        yield (
            ("ties", ties.index("shared")),
            Message("After a shared place nothing is left to decide: it must be the last rule."),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JuryPlan:
    """How the jury's result is found. `quorum` counts jurors; `ties` are applied in turn, then the place is shared."""

    aggregate: Aggregate = field(metadata=ruled(OneOf(Aggregate)))
    minimum_sheets: int = field(
        metadata=ruled(Whole(1, 50), Message("With fewer sheets a project is not assessed, which is not a zero."))
    )
    quorum: int = field(metadata=ruled(Whole(1, 50), Message("Jurors who must have handed in before the lock.")))
    closing: Closing = field(metadata=ruled(OneOf(Closing), Message("What is done about sheets missing at the lock.")))
    ties: tuple[str, ...] = field(
        metadata=ruled(
            Many(TIE, 1, 25),
            Message(
                "Rules for equal totals, in order: criterion:<key>, first_places, earlier_application, vote, shared."
            ),
        )
    )
    decimals: int = field(metadata=ruled(Whole(0, 6)))
    rounding: Rounding = field(metadata=ruled(OneOf(Rounding)))

    checks: ClassVar[tuple[Check, ...]] = (_quorum_reaches, _shared_is_last)
