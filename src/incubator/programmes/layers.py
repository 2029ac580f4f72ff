"""How a blueprint becomes a cohort: each feature above lays out its own part and can describe it again.

Programmes can't import the features that keep modules or criteria, so these register a layer here; `lay_out` runs in
the transaction that creates the cohort, `describe` gives the parts back for the download as a blueprint.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from incubator.programmes.blueprint import Blueprint


@dataclass(frozen=True, slots=True)
class Ground:
    """What a layer needs to know of the cohort: day 0 is `starts_on` in `time_zone`."""

    cohort: UUID
    starts_on: date
    time_zone: str


class Layer(Protocol):
    """A feature's part in a cohort's plan."""

    async def lay_out(self, ground: Ground, blueprint: Blueprint) -> None:
        """Create the rows of this part. A step of creating a cohort."""

    async def describe(self, ground: Ground) -> Mapping[str, Any]:
        """The fields of `Blueprint` that this part fills (`modules`, say), from the rows as they are now."""


LAYERS: list[Layer] = []


def register(layer: Layer) -> None:
    """Take part in every cohort's plan."""
    LAYERS.append(layer)
