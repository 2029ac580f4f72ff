"""The problem case: read from a form, kept as JSON, complete, unlikely, compared."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incubator.foundation.comparison import Kind
from incubator.foundation.comparison import compare as compare_texts
from incubator.foundation.forms import Form
from incubator.foundation.i18n import MOSCOW, speaking
from incubator.teams.cases import (
    COLUMNS,
    LABELS,
    LARGEST,
    MOST_INDICATORS,
    CaseText,
    Figure,
    as_content,
    compare,
    described,
    form_values,
    from_content,
    may_be_restored,
    missing,
    read_case,
    sections,
    unlikely,
)

LETTERS = st.characters(categories=["L", "N", "P"], max_codepoint=0x44F, exclude_characters="\u034f")
LINE = st.text(LETTERS, min_size=1, max_size=20).map(lambda text: normalize("NFC", text))
PROSE = st.lists(LINE, max_size=4).map("\n".join)
NUMBER = st.none() | st.decimals(-LARGEST, LARGEST, places=4).map(lambda value: value.normalize() + 0)
FIGURES = st.builds(
    Figure, LINE, LINE.map(lambda text: text[:20]), st.none() | st.integers(1900, 2100), st.just("") | LINE,
    NUMBER, NUMBER,
)  # fmt: skip
CASES = st.builds(
    CaseText, st.just("") | LINE, PROSE, PROSE, st.lists(FIGURES, max_size=3).map(tuple),
    st.lists(LINE, max_size=3).map(tuple), st.lists(LINE, max_size=3).map(tuple), PROSE,
)  # fmt: skip

OUTFLOW = Figure("Отток населения", "чел. в год", 2025, "Росстат", Decimal(1200), Decimal(600))
COMPLETE = CaseText(
    "Отток населения", "Уезжают молодые семьи", "Семьи с детьми", (OUTFLOW,), ("Нет работы",), ("Закрываются школы",),
    "Молодые семьи остаются",
)  # fmt: skip


def sent(case, version=1):
    """The pairs that a browser sends for a form filled with this case."""
    form = Form.empty(form_values(case, version))
    return [(name, value) for name, values in form._initial.items() for value in
            (form.values(name) if isinstance(values, list) else [form.value(name)])]  # fmt: skip


# --- The form ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["ru", "en"])
@given(case=CASES)
def test_what_the_form_shows_is_what_it_reads_back(locale, case):
    with speaking(locale, MOSCOW):
        form = Form(sent(case))
        read = read_case(form)
        form.integer("version", 0, 10)
        form.demand()
    assert read == case


def test_a_draft_may_lack_anything():
    form = Form(
        [(name, "") for name in ("title", "problem", "affected", "expected_change", "cause", "effect", *COLUMNS)]
    )
    assert read_case(form) == CaseText()
    form.demand()


def test_numbers_are_read_with_a_russian_comma_and_every_error_stands_at_its_cell():
    row = {
        "indicator": "Доля",
        "unit": "%",
        "baseline": "1 234,5",
        "target": "около 5",
        "year": "двадцатый",
        "source": "",
    }
    form = Form([*row.items(), *((name, "") for name in ("title", "problem", "affected", "expected_change"))])
    case = read_case(form)
    assert case.indicators[0].baseline == Decimal("1234.5")
    assert set(form.errors) == {"target.0", "year.0"}
    assert form.grid(*COLUMNS, spare=3)[0] == row


def test_more_indicators_than_fit_are_an_error_and_stay_typed():
    pairs = [(name, "1") for name in COLUMNS for _ in range(MOST_INDICATORS + 1)]
    form = Form(pairs)
    read_case(form)
    assert "indicator" in form.errors
    assert len(form.grid(*COLUMNS)) == MOST_INDICATORS + 1


# --- Kept ------------------------------------------------------------------------------------------------------------


@given(CASES)
def test_a_version_is_kept_exactly(case):
    assert from_content(json.loads(json.dumps(as_content(case)))) == case


def test_every_part_of_a_case_has_a_label_and_is_compared():
    names = {field.name for field in fields(CaseText)}
    assert set(LABELS) == names == set(as_content(COMPLETE)) == set(sections(COMPLETE))


# --- Complete and likely ----------------------------------------------------------------------------------------------


def test_a_complete_case_lacks_nothing():
    assert missing(COMPLETE) == []
    assert unlikely(COMPLETE, 2026) == []


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"title": ""}, "title"),
        ({"problem": ""}, "problem"),
        ({"affected": ""}, "affected"),
        ({"indicators": ()}, "indicator.0"),
        ({"causes": ()}, "cause.0"),
        ({"effects": ()}, "effect.0"),
        ({"expected_change": ""}, "expected_change"),
    ],
)
def test_each_missing_part_is_named(part, field):
    assert [note.field for note in missing(replace(COMPLETE, **part))] == [field]


@pytest.mark.parametrize(
    ("cell", "field"),
    [("name", "indicator"), ("unit", "unit"), ("baseline", "baseline"), ("target", "target"), ("year", "year"),
     ("source", "source")],
)  # fmt: skip
def test_each_missing_cell_of_an_indicator_is_named(cell, field):
    without = replace(OUTFLOW, **{cell: None if cell in {"baseline", "target", "year"} else ""})
    notes = missing(replace(COMPLETE, indicators=(OUTFLOW, without)))
    assert [note.field for note in notes] == [f"{field}.1"]
    assert str(notes[0].message)


def test_a_zero_is_a_value():
    assert missing(replace(COMPLETE, indicators=(replace(OUTFLOW, target=Decimal(0)),))) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"year": 2027}, "year.0"),
        ({"year": 2015}, "year.0"),
        ({"unit": "%"}, "baseline.0"),
        ({"unit": "%", "baseline": Decimal(50), "target": Decimal(-1)}, "target.0"),
        ({"target": Decimal(1200)}, "target.0"),
        ({"target": Decimal(12001)}, "target.0"),
        ({"target": Decimal(119)}, "target.0"),
        ({"target": Decimal(-12001)}, "target.0"),
    ],
)
def test_unlikely_values_are_noticed(change, field):
    notes = unlikely(replace(COMPLETE, indicators=(replace(OUTFLOW, **change),)), 2026)
    assert field in [note.field for note in notes]
    assert all(str(note.message) for note in notes)


@pytest.mark.parametrize(
    "change", [{"year": 2026}, {"year": 2016}, {"target": Decimal(0)}, {"target": Decimal(120)}, {"baseline": Decimal(0)},
               {"target": None}, {"baseline": None}, {"year": None}]
)  # fmt: skip
def test_likely_values_pass(change):
    assert unlikely(replace(COMPLETE, indicators=(replace(OUTFLOW, **change),)), 2026) == []


@given(CASES, st.integers(1990, 2050))
def test_notes_point_at_fields_of_the_form(case, year):
    names = {"title", "problem", "affected", "expected_change", "cause", "effect", *COLUMNS}
    assert {note.field.partition(".")[0] for note in [*missing(case), *unlikely(case, year)]} <= names


def test_a_deleted_case_can_be_restored_for_thirty_days():
    deleted = datetime(2026, 3, 1, tzinfo=UTC)
    assert may_be_restored(deleted, deleted + timedelta(days=30))
    assert not may_be_restored(deleted, deleted + timedelta(days=30, seconds=1))


# --- Compared --------------------------------------------------------------------------------------------------------

TEXTS = st.text(st.sampled_from("аб \n."), max_size=80)


def joined(pieces, *kinds):
    return "".join(piece.text for piece in pieces if piece.kind in kinds)


@settings(max_examples=500)
@given(TEXTS, TEXTS)
def test_pieces_make_up_both_texts(before, after):
    pieces = compare_texts(before, after)
    assert joined(pieces, "same", "removed") == before
    assert joined(pieces, "same", "added") == after


@given(TEXTS)
def test_equal_texts_differ_nowhere(text):
    assert {piece.kind for piece in compare_texts(text, text)} <= {"same"}


def test_words_are_compared_and_not_letters():
    pieces = compare_texts("Уезжают молодые семьи из города", "Уезжают большие семьи из района")
    assert [(p.kind, p.text.strip()) for p in pieces] == [
        ("same", "Уезжают"), ("removed", "молодые"), ("added", "большие"), ("same", "семьи из"),
        ("removed", "города"), ("added", "района"),
    ]  # fmt: skip


@pytest.mark.parametrize("unit", ["а ", "а\n"])
def test_a_hostile_text_is_not_compared_for_long(unit):
    started = datetime.now(UTC)
    before, after = unit * 3000, (unit + "б" + unit) * 1500
    pieces = compare_texts(before, after)
    assert joined(pieces, "same", "removed") == before
    assert joined(pieces, "same", "added") == after
    assert datetime.now(UTC) - started < timedelta(seconds=5)


def test_only_the_sections_that_changed_are_marked():
    differences = compare(COMPLETE, replace(COMPLETE, causes=("Нет работы", "Нет жилья")))
    assert [each.key for each in differences] == list(LABELS)
    assert [each.key for each in differences if each.changed] == ["causes"]


def told(change, left_out):
    """A section as one of the versions has it."""
    cells = [line.cells for line in change.lines if line.kind is not left_out] or [(change.text,)]
    return [tuple("".join(p.text for p in cell.pieces if p.kind is not left_out) for cell in row) for row in cells]


@given(CASES, CASES)
@settings(max_examples=60)
def test_a_comparison_holds_both_cases(before, after):
    for change in compare(before, after):
        assert told(change, Kind.ADDED) == told(compare(before, before)[list(LABELS).index(change.key)], Kind.ADDED)
        assert told(change, Kind.REMOVED) == told(compare(after, after)[list(LABELS).index(change.key)], Kind.REMOVED)
        assert change.changed == (getattr(before, change.key) != getattr(after, change.key))


def test_an_indicator_that_changed_says_by_how_much():
    after = replace(COMPLETE, indicators=(replace(OUTFLOW, target=Decimal(450)),))
    with speaking("ru", MOSCOW):
        (line,) = next(each for each in compare(COMPLETE, after) if each.key == "indicators").lines
    assert [cell.difference for cell in line.cells if cell.changed] == ["−150"]


def test_an_indicator_is_described_in_one_line():
    with speaking("en", MOSCOW):
        assert described(OUTFLOW) == "Отток населения, чел. в год: now 1,200, aim 600 (2025, Росстат)"
        assert described(Figure("Отток")) == "Отток"
        assert described(Figure()) == ""
