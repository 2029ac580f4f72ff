"""The axis of a plot: round marks at equal distances that hold every value."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incubator.foundation.axes import axis
from incubator.foundation.i18n import speaking

ENDS = st.floats(-1e9, 1e9, allow_nan=False, allow_infinity=False).map(lambda number: round(number, 4))


@given(ENDS, ENDS, st.integers(3, 12), st.booleans())
def test_an_axis_holds_its_values_between_round_marks(low, high, most, whole):
    found = axis(low, high, most=most, whole=whole)
    assert found.low <= low or math.isclose(found.low, low) or high <= low
    assert found.high >= high or math.isclose(found.high, high) or high <= low
    assert 2 <= len(found.marks) <= most
    gaps = [after - before for before, after in pairwise(found.marks)]
    assert all(math.isclose(gap, gaps[0], rel_tol=1e-6) for gap in gaps)
    leading = gaps[0] / 10 ** math.floor(math.log10(gaps[0]) + 1e-9)
    assert min(abs(leading - step) for step in (1, 2, 5, 10)) < 1e-6
    assert not whole or all(mark == int(mark) for mark in found.marks)


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0, 4, (0, 1, 2, 3, 4)),
        (0, 1, (0, 0.5, 1)),
        (0, 19, (0, 5, 10, 15, 20)),
        (8982, 9340, (8800, 9000, 9200, 9400)),
        (-55, -36, (-55, -50, -45, -40, -35)),
        (0.1, 0.3, (0.1, 0.15, 0.2, 0.25, 0.3)),
        (7, 7, (6, 6.5, 7, 7.5, 8)),
        (0, 0, (0, 0.5, 1)),
    ],
)
def test_marks_as_a_person_would_choose_them(low, high, marks):
    found = axis(low, high)
    assert (found.marks, found.low, found.high) == (marks, marks[0], marks[-1])


def test_marks_are_said_in_the_language_of_the_reader():
    with speaking("ru", "Europe/Moscow"):
        assert axis(0, 4000).ticks[-1] == (4000, "4\N{NO-BREAK SPACE}000")
