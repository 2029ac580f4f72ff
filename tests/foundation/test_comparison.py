"""Comparing two texts: nothing lost, words whole, and never slow."""

import time
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from incubator.foundation.comparison import Kind, Piece, compare, compare_rows

TEXTS = st.text("абв .\n", max_size=60)


def joined(pieces, *kinds):
    return "".join(piece.text for piece in pieces if piece.kind in kinds)


@given(TEXTS, TEXTS)
@settings(max_examples=500)
def test_both_texts_are_in_the_pieces(old, new):
    pieces = compare(old, new)
    assert joined(pieces, Kind.SAME, Kind.REMOVED) == old
    assert joined(pieces, Kind.SAME, Kind.ADDED) == new
    assert all(piece.text for piece in pieces)
    assert all(a.kind is not b.kind for a, b in pairwise(pieces))


@given(st.text(max_size=200))
def test_a_text_equals_itself(text):
    assert compare(text, text) == ([Piece(Kind.SAME, text)] if text else [])


def test_words_are_not_cut_and_phrases_stay_together():
    pieces = compare("Население снизилось на 12 процентов.", "Население города снизилось на 14,5 процента.")
    assert pieces == [
        Piece(Kind.SAME, "Население "),
        Piece(Kind.ADDED, "города "),
        Piece(Kind.SAME, "снизилось на "),
        Piece(Kind.REMOVED, "12 процентов"),
        Piece(Kind.ADDED, "14,5 процента"),
        Piece(Kind.SAME, "."),
    ]


def test_one_changed_line_leaves_the_others_alone():
    old = "Первая строка\nВторая строка\nТретья строка"
    pieces = compare(old, old.replace("Вторая", "Другая"))
    assert [piece.text for piece in pieces if piece.kind is not Kind.SAME] == ["Вторая", "Другая"]


def test_texts_with_nothing_in_common_are_not_searched_for_long():
    begun = time.process_time()
    for old, new in (("а " * 10_000, "б " * 10_000), ("а б в " * 3_000, "в а б " * 3_000)):
        pieces = compare(old, new)
        assert joined(pieces, Kind.SAME, Kind.ADDED) == new
    assert time.process_time() - begun < 5


# --- Rows -------------------------------------------------------------------------------------------------------------

ROWS = st.lists(st.tuples(*[st.text("аб1 ", max_size=4)] * 3), max_size=8)


def rows_of(changes, left_out, *kinds):
    return [tuple(joined(cell, *kinds) for cell in change.cells) for change in changes if change.kind is not left_out]


@given(ROWS, ROWS)
@settings(max_examples=500)
def test_both_tables_are_in_the_rows(old, new):
    changes = compare_rows(old, new)
    assert rows_of(changes, Kind.ADDED, Kind.SAME, Kind.REMOVED) == old
    assert rows_of(changes, Kind.REMOVED, Kind.SAME, Kind.ADDED) == new
    assert any(change.changed for change in changes) == (old != new)


def test_a_row_that_changed_is_one_row_and_others_are_added_or_removed():
    old = [("Врачи", "12", "Росстат"), ("Школы", "3", "Отчёт"), ("Клубы", "5", "Отчёт")]
    new = [("Врачи", "14", "Росстат"), ("Клубы", "5", "Отчёт"), ("Дороги", "8 км", "Смета")]
    changes = compare_rows(old, new)
    assert [(change.kind, change.changed) for change in changes] == [
        (Kind.SAME, True), (Kind.REMOVED, True), (Kind.SAME, False), (Kind.ADDED, True),
    ]  # fmt: skip
    assert changes[0].cells[1] == (Piece(Kind.REMOVED, "12"), Piece(Kind.ADDED, "14"))


def test_rows_of_one_cell_are_the_same_one_while_half_of_the_words_stay():
    old, new = [("Нет жилья для врачей",), ("Закрыта школа",)], [("Нет жилья для учителей",), ("Плохие дороги",)]
    kinds = [(change.kind, change.changed) for change in compare_rows(old, new)]
    assert kinds == [(Kind.SAME, True), (Kind.REMOVED, True), (Kind.ADDED, True)]
