"""Two versions of a field: nothing of either is lost, numbers stay whole, and an address names any two."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incubator.foundation.changes import Two, difference, in_numbers, in_rows, in_words, which_two
from incubator.foundation.comparison import Kind
from incubator.foundation.i18n import MOSCOW, speaking

CELL = st.sampled_from(["", "12", "1 234,5", "12,5", "1,234", "да", "12 га", "−3", "-3", "нет дорог"])
TABLE = st.lists(st.tuples(CELL, CELL), max_size=6)


def said(cell, left_out):
    return "".join(piece.text for piece in cell.pieces if piece.kind is not left_out)


@given(st.text(max_size=80), st.text(max_size=80))
def test_words_of_both_versions_are_there(old, new):
    change = in_words("k", "Ответ", old, new)
    assert (said(change.text, Kind.ADDED), said(change.text, Kind.REMOVED)) == (old, new)
    assert change.changed == (old != new)
    assert change.filled == bool(old or new)


@given(TABLE, TABLE)
def test_cells_of_both_versions_are_there(old, new):
    change = in_rows("k", "Таблица", ("а", "б"), old, new)
    before = [tuple(said(c, Kind.ADDED) for c in line.cells) for line in change.lines if line.kind is not Kind.ADDED]
    after = [tuple(said(c, Kind.REMOVED) for c in line.cells) for line in change.lines if line.kind is not Kind.REMOVED]
    assert (before, after) == (old, new)
    assert change.changed == (old != new)


def test_numbers_are_whole_and_have_a_difference():
    with speaking("ru", MOSCOW):
        change = in_numbers("k", "Жителей", "1200", "900.5")
        assert [(piece.kind, piece.text) for piece in change.text.pieces] == [
            (Kind.REMOVED, "1\u00a0200"), (Kind.ADDED, "900,5"),
        ]  # fmt: skip
        assert change.text.difference == "−299,5"
        assert in_numbers("k", "Жителей", "", "5").text.difference == ""
        assert [difference(Decimal(each)) for each in ("5", "0", "-0.5")] == ["+5", "±0", "−0,5"]
        assert not in_numbers("k", "Жителей", "7", "7").changed


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("12", "14", "+2"),
        ("1 234,5", "1\u00a0234", "−0,5"),
        ("−3", "3", "+6"),
        ("1,234", "5", ""),
        ("12 га", "14 га", ""),
    ],
)
def test_typed_numbers_in_tables(old, new, told):
    with speaking("ru", MOSCOW):
        (line,) = in_rows("k", "Таблица", ("а", "б"), [("Дороги", old)], [("Дороги", new)]).lines
        assert line.cells[1].difference == told


@pytest.mark.parametrize(
    ("address", "two"),
    [
        ({}, Two(2, 3)), ({"from": "1"}, Two(1, 3)), ({"to": "2"}, Two(1, 2)), ({"from": "3", "to": "1"}, Two(3, 1)),
        ({"to": "1"}, Two(0, 1)), ({"from": "x", "to": "²", "view": "columns"}, Two(2, 3, columns=True)),
        ({"from": "9999999999"}, Two(2, 3)),
    ],
)  # fmt: skip
def test_an_address_names_two_versions(address, two):
    assert which_two(address.get, 3) == two
