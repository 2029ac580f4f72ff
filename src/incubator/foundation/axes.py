"""The axis of a plot: its ends and marks at round numbers. Pure."""

import math
from dataclasses import dataclass
from typing import Final

from incubator.foundation.i18n import number

STEPS: Final = (1, 2, 5, 10)  # a mark stands at a whole multiple of one of these, times a power of ten


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, both marks themselves, with `marks` in between at equal distances."""

    low: float
    high: float
    marks: tuple[float, ...]

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Each mark with its words."""
        return [(mark, number(mark)) for mark in self.marks]


def axis(low: float, high: float, *, most: int = 5, whole: bool = False) -> Axis:
    """An axis that holds both numbers, with at most `most` marks and at least two; `whole`: marks are whole numbers."""
    if high <= low:
        low, high = (low - 1, low + 1) if low else (0, 1)
    step = _step((high - low) / max(1, most - 1), whole=whole)
    while math.ceil(high / step) - math.floor(low / step) > most - 1:
        step = _step(step * 1.01, whole=whole)
    first, last = math.floor(low / step), math.ceil(high / step)
    marks = tuple(_exact(place, step) for place in range(first, last + 1))
    return Axis(marks[0], marks[-1], marks)


def _step(least: float, *, whole: bool) -> float:
    """The smallest round step that is no smaller."""
    power = 10.0 ** math.floor(math.log10(least))
    step = next(each * power for each in STEPS if each * power >= least * (1 - 1e-9))
    return max(step, 1.0) if whole else step


def _exact(place: int, step: float) -> float:
    """A mark without the dust of binary fractions: 0.30000000000000004 is 0.3."""
    return round(place * step, 12 - math.floor(math.log10(step)) if step < 1 else 6)
