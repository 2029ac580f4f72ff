"""Answers by the kind of their field: drafts keep anything, values are strict, two people are merged field by field."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incubator.foundation.forms import Form
from incubator.foundation.refusals import UnexpectedFields
from incubator.programmes.blueprint import FieldKind, FieldPlan
from incubator.stages.answers import (
    Answer,
    answers,
    check,
    drafted,
    faults,
    kept,
    merge,
    plans,
    prints,
    read_draft,
    shown_in_form,
    spoken,
    token,
    typed,
    written,
)

FIELDS = (
    FieldPlan(key="title", label="Название", kind=FieldKind.SHORT_TEXT, limit=20),
    FieldPlan(key="story", label="Рассказ", kind=FieldKind.LONG_TEXT, limit=50),
    FieldPlan(key="people", label="Людей", kind=FieldKind.NUMBER),
    FieldPlan(key="since", label="С какого дня", kind=FieldKind.DATE),
    FieldPlan(key="power", label="Чьё", kind=FieldKind.CHOICE, options=("наше", "чужое")),
    FieldPlan(key="facts", label="Факты", kind=FieldKind.TABLE, limit=2, columns=("что", "откуда")),
    FieldPlan(key="source", label="Источник", kind=FieldKind.LINK),
    FieldPlan(key="proof", label="Приложение", kind=FieldKind.FILE, limit=5),
)
GOOD = {
    "title": "Отток", "story": "Уезжают\nмолодые", "people": "1 234,50", "since": "14.03.2027", "power": "наше",
    "facts": [["убыль", "Росстат"]], "source": "https://example.org/a",
}  # fmt: skip
FILES = {"proof": [{"id": "1", "name": "а.pdf", "size": 3}]}


def optional(field):
    return FieldPlan(**{**kept([field])[0], "kind": field.kind, "required": False,
                        "options": field.options, "columns": field.columns})  # fmt: skip


def test_fields_survive_being_kept():
    assert plans(kept(FIELDS)) == FIELDS


def test_good_answers_become_values():
    values, form = check(FIELDS, GOOD, FILES)
    assert form.errors == {}
    assert values == {
        "title": "Отток", "story": "Уезжают\nмолодые", "people": "1234.5", "since": "2027-03-14", "power": "наше",
        "facts": [["убыль", "Росстат"]], "source": "https://example.org/a", "proof": FILES["proof"],
    }  # fmt: skip


def test_every_error_is_named_at_once():
    _, form = check(FIELDS, {}, {})
    assert set(form.errors) == {
        "answer-title", "answer-story", "answer-people", "answer-since", "answer-power", "answer-facts.0",
        "answer-source", "answer-proof",
    }  # fmt: skip
    assert [label for label, _, _ in faults(FIELDS, form)] == [field.label for field in FIELDS]


def test_nothing_is_missing_where_nothing_is_required():
    values, form = check([optional(field) for field in FIELDS], {}, {})
    assert form.errors == {}
    assert not any(values.values())


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("title", "длиннее двадцати знаков, и намного"), ("title", "две\nстроки"), ("people", "много"),
        ("people", "1e9"), ("people", "1,23456"), ("people", "NaN"), ("people", "9" * 20), ("since", "31.02.2027"),
        ("since", "вчера"), ("power", "ничьё"), ("source", "javascript:alert(1)"), ("source", "http://локально"),
        ("facts", [["а", "б"]] * 3), ("facts", [["x" * 1001, ""]]),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_an_error_of_its_field(key, wrong):
    _, form = check(FIELDS, {**GOOD, key: wrong}, FILES)
    assert len(form.errors) == 1
    ((label, _, _),) = faults(FIELDS, form)
    assert label == next(field.label for field in FIELDS if field.key == key)


def test_a_draft_left_by_another_kind_of_field_counts_as_blank():
    _, form = check(FIELDS, {**GOOD, "facts": "текст", "title": ["список"]}, FILES)
    assert set(form.errors) == {"answer-facts.0", "answer-title"}


def pairs(content):
    shown = shown_in_form(FIELDS, content)
    return [(name, cell) for name, value in shown.items() for cell in (value if isinstance(value, list) else [value])]


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=30)
DRAFTS = st.fixed_dictionaries(
    {field.key: TEXT for field in written(FIELDS) if field.kind is not FieldKind.TABLE}
    | {"facts": st.lists(st.lists(TEXT, min_size=2, max_size=2).filter(lambda row: any(c.strip() for c in row)))}
)


@given(DRAFTS)
def test_a_draft_comes_back_as_it_was_typed_whatever_it_is(content):
    assert typed(FIELDS, Form(pairs(content))) == content


@given(DRAFTS)
def test_checking_never_fails_and_blames_known_fields_only(content):
    _, form = check(FIELDS, content, {})
    assert len(faults(FIELDS, form)) == len(form.errors)


@given(DRAFTS)
@settings(max_examples=50)
def test_reading_a_draft_aloud_never_fails(content):
    for answer in answers(FIELDS, content, FILES):
        assert isinstance(answer.words, str)


# --- Forms ------------------------------------------------------------------------------------------------------------


def test_a_field_nobody_asked_for_is_refused():
    with pytest.raises(UnexpectedFields):
        read_draft(Form([*pairs(GOOD), ("state", "accepted")]), FIELDS)


def test_a_field_that_left_the_plan_meanwhile_is_let_go():
    form = Form([*pairs(GOOD), ("answer-old", "x"), ("answer-table.0", "y"), ("version", "old:aa table:bb")])
    content, shown = read_draft(form, FIELDS)
    assert content == GOOD
    assert shown == {"old": "aa", "table": "bb"}


def test_nonsense_for_a_token_is_nothing():
    assert prints("") == prints("17") == prints("  ") == {}


# --- Two people -------------------------------------------------------------------------------------------------------


@given(DRAFTS, DRAFTS, DRAFTS)
@settings(max_examples=200)
def test_merging_two_people(base, mine, theirs):
    """Each field on its own: left alone keeps theirs, changed by one takes it, changed by both stays and is named."""
    merged = merge(FIELDS, theirs, mine, prints(token(FIELDS, base)))
    for field in written(FIELDS):
        b, m, t = (drafted(field, each) for each in (base, mine, theirs))
        if field.key in merged.clashes:
            assert len({repr(b), repr(m), repr(t)}) == 3
            assert merged.content[field.key] == t
        else:
            assert merged.content[field.key] == (t if m in (b, t) else m)
    assert merged.changed == (merged.content != theirs)


@given(DRAFTS, DRAFTS)
def test_alone_nothing_clashes(base, mine):
    merged = merge(FIELDS, base, mine, prints(token(FIELDS, base)))
    assert merged.clashes == ()
    assert merged.content == mine


def test_without_a_token_nothing_stored_is_overwritten():
    merged = merge(FIELDS, {"title": "Её"}, {**dict.fromkeys(GOOD, ""), "facts": [], "title": "Моё"}, {})
    assert (merged.content["title"], merged.clashes) == ("Её", ("title",))


# --- Answers to be read -----------------------------------------------------------------------------------------------


def test_values_are_spoken_in_the_readers_language():
    number, day = FIELDS[2], FIELDS[3]
    assert spoken(number, "1234.5").replace("\N{NO-BREAK SPACE}", " ") in {"1 234,5", "1,234.5"}
    assert "2027" in spoken(day, "2027-03-14")
    assert spoken(number, "много") == "много"
    assert spoken(day, "вчера") == "вчера"
    assert spoken(number, None) == ""


def test_words_of_an_answer_for_comparison():
    table, file = FIELDS[5], FIELDS[7]
    assert Answer(table, "", rows=(("а", "б"), ("в", "г"))).words == "а · б\nв · г"
    assert Answer(file, "", files=({"name": "один.pdf"}, {"name": "два.pdf"})).words == "один.pdf\nдва.pdf"
    assert not Answer(table, "").given
