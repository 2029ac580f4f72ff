"""Forms as a whole: unknown and repeated fields, repeated groups, what a page shows, and the refusals."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incubator.foundation import forms, refusals
from incubator.foundation.forms import Form, local_input
from incubator.foundation.i18n import MOSCOW, Message, speaking
from typed import READERS

NBSP = "\u00a0"


# --- Unknown and repeated fields (F43) --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "extra", ["role", "juror_id", "is_admin", "version", "id", "name ", "NAME", "", "name[]", "\0"]
)
def test_a_field_nobody_reads_is_refused_with_400(extra):
    form = Form([("name", "Spassk"), (extra, "1")])
    assert form.name("name") == "Spassk"
    with pytest.raises(refusals.UnexpectedFields) as refusal:
        form.demand()
    assert refusal.value.status == 400
    assert refusal.value.names == (extra,)


@pytest.mark.parametrize("reader", [*READERS, "flag"])
def test_a_field_sent_twice_is_refused_with_400_by_every_reader(reader):
    for first, second in (("7", "7"), ("", "on"), ("on", "")):
        form = Form([("x", first), ("x", second)])
        READERS.get(reader, lambda form: form.flag("x"))(form)
        with pytest.raises(refusals.UnexpectedFields):
            form.demand()


@given(
    st.lists(st.tuples(st.sampled_from(["name", "goal", "role", "version"]), st.sampled_from(["1", ""])), max_size=6)
)
def test_only_forms_with_each_known_field_at_most_once_pass(pairs):
    form = Form(pairs)
    form.text("name", required=False)
    form.integer("goal", 0, 9, required=False)
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names) or not set(names) <= {"name", "goal"}:
        with pytest.raises(refusals.UnexpectedFields):
            form.finish()
    else:
        form.finish()


def test_unexpected_fields_win_over_errors():
    form = Form([("name", ""), ("role", "admin")])
    form.name("name")
    with pytest.raises(refusals.UnexpectedFields):
        form.demand()


def test_the_names_of_the_framework_and_of_buttons_pass():
    form = Form([("_csrf", "x"), ("_csrf", "y"), ("send", "")])
    form.only("send")
    form.demand()


def test_the_refusal_does_not_repeat_a_hostile_name():
    form = Form([(f"<script>{n}\u202e" + "x" * 1000, "") for n in range(2000)])
    with pytest.raises(refusals.UnexpectedFields) as refusal:
        form.finish()
    assert len(str(refusal.value)) < 500
    assert str(refusal.value).isprintable()


def test_a_file_where_a_text_belongs_is_refused_with_400():
    form = Form([("name", object())])
    form.name("name", required=False)
    with pytest.raises(refusals.UnexpectedFields):
        form.demand()


# --- Repeated groups --------------------------------------------------------------------------------------------------


def indicators(*rows):
    return Form([pair for name, goal in rows for pair in (("indicator-name", name), ("indicator-goal", goal))])


def test_rows_read_cell_by_cell_and_blank_rows_are_left_out():
    form = indicators(("Outflow", "7,5"), ("", " "), ("Births", "8"))
    rows = form.rows("indicator-name", "indicator-goal")
    assert [(row.index, row.text("indicator-name"), row.decimal("indicator-goal", 0, 9, 1)) for row in rows] == [
        (0, "Outflow", Decimal("7.5")),
        (2, "Births", Decimal(8)),
    ]
    form.demand()


def test_an_error_of_a_cell_stands_at_its_row():
    form = indicators(("Outflow", "7"), ("", ""), ("", "many"))
    for row in form.rows("indicator-name", "indicator-goal"):
        row.text("indicator-name")
        row.integer("indicator-goal", 0, 9)
    assert list(form.errors) == ["indicator-name.2", "indicator-goal.2"]
    assert form.error("indicator-goal.0") is None
    assert form.grid("indicator-name", "indicator-goal", spare=1)[2:] == [
        {"indicator-name": "", "indicator-goal": "many"},
        {"indicator-name": "", "indicator-goal": ""},
    ]


def test_rows_that_come_back_blank_are_no_reason_for_more():
    form = Form([("cause", "Жильё"), ("cause", ""), ("cause", " "), ("cause", "")])
    assert form.grid("cause", spare=3) == [{"cause": "Жильё"}, *[{"cause": ""}] * 3]
    between = Form([("cause", ""), ("cause", "Жильё")])
    assert between.grid("cause", spare=1) == [{"cause": ""}, {"cause": "Жильё"}, {"cause": ""}]
    assert len(form.grid("cause")) == 4


def test_columns_of_different_length_are_refused_with_400():
    form = Form([("a", "1"), ("a", "2"), ("b", "1")])
    assert form.rows("a", "b") == []
    with pytest.raises(refusals.UnexpectedFields):
        form.demand()


def test_too_many_rows_are_an_error_of_the_form():
    full = Form([("a", word) for word in [*"0123456789", "", " "]])  # two spare rows are no rows
    assert len(full.rows("a", most=10)) == 10
    form = Form([("a", str(n)) for n in range(11)])
    assert form.rows("a", most=10) == []
    with speaking("ru", MOSCOW):
        assert str(form.error("a")) == "Здесь не больше 10 строк."


def test_texts_keep_blanks_so_that_lists_stay_parallel():
    form = Form([("x", " a "), ("x", ""), ("x", "b" * 6)])
    assert form.texts("x", limit=5) == ["a", "", ""]
    assert list(form.errors) == ["x.2"]
    assert Form([]).texts("x") == []


# --- What the page shows ----------------------------------------------------------------------------------------------


def test_a_form_shows_what_was_typed_else_what_there_was():
    initial = {
        "name": "Spassk",
        "goal": Decimal("1234.50"),
        "day": date(2026, 3, 14),
        "tags": ["a", "b"],
        "on": True,
        "off": False,
        "none": None,
    }
    empty = Form.empty(initial)
    with speaking("ru", MOSCOW):
        shown = {name: empty.value(name) for name in initial}
    assert shown == {
        "name": "Spassk",
        "goal": f"1{NBSP}234,5",
        "day": "2026-03-14",
        "tags": "a",
        "on": "on",
        "off": "",
        "none": "",
    }
    assert empty.values("tags") == ["a", "b"]
    assert empty.checked("on")
    assert not empty.checked("off")
    assert empty.value("unknown") == ""

    sent = Form([("name", "  <b>"), ("tags", "c")], initial)
    assert sent.value("name") == "  <b>"
    assert sent.values("tags") == ["c"]
    assert sent.value("day") == "2026-03-14"
    assert not sent.checked("on")
    assert sent.checked("tags", "c")
    assert not sent.checked("tags", "a")
    assert not Form([], initial).checked("on")


@pytest.mark.parametrize("locale", ["ru", "en"])
@given(st.decimals(-(10**14), 10**14, places=4))
def test_a_number_that_was_shown_is_read_back_as_the_same_number(locale, value):
    with speaking(locale, MOSCOW):
        shown = Form.empty({"goal": value + 0}).value("goal")
        form = Form([("goal", shown)])
        assert form.decimal("goal", -(10**14), 10**14, places=4) == value
    assert not form.errors


def test_an_instant_must_be_put_into_a_zone_before_it_is_shown():
    with pytest.raises(TypeError, match="local_input"):
        Form.empty({"opens": datetime(2026, 3, 14, tzinfo=UTC)}).value("opens")
    assert local_input(datetime(2026, 3, 14, 8, tzinfo=UTC), "Asia/Vladivostok") == "2026-03-14T18:00"
    assert local_input(None, MOSCOW) == ""


def test_all_errors_are_collected_in_the_order_of_reading():
    form = Form([("b", "x"), ("a", "y"), ("c", "")])
    form.integer("a", 0, 9)
    form.integer("b", 0, 9)
    form.text("c")
    form.fail("a", Message("Moscow"))
    form.fail("d", Message("Moscow"))
    assert list(form.errors) == ["a", "b", "c", "d"]
    assert form.error("a") != Message("Moscow")  # the first error stands
    with pytest.raises(refusals.Invalid) as refusal:
        form.demand()
    assert refusal.value.status == 422
    assert refusal.value.form is form


def test_given_tells_of_a_forgotten_demand():
    assert forms.given(0) == 0
    with pytest.raises(ValueError, match="demand"):
        forms.given(None)


# --- Refusals ---------------------------------------------------------------------------------------------------------

REASON = Message("Moscow")


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (refusals.BadRequest(), 400), (refusals.SignInNeeded(), 401), (refusals.Forbidden(REASON), 403), (refusals.NotFound(), 404),
        (refusals.Refused(REASON), 409), (refusals.Clash(REASON, who="Anna"), 409), (refusals.Invalid(Form([])), 422), (refusals.TooMany(90), 429),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_every_refusal_has_a_status_and_a_reason_in_both_languages(refusal, status):
    assert refusal.status == status
    with speaking("ru", MOSCOW):
        russian = str(refusal)
    with speaking("en", MOSCOW):
        english = str(refusal)
    assert russian != english
    assert "{" not in russian + english


def test_what_some_refusals_carry():
    assert refusals.Clash(REASON, who="Anna").context == {"who": "Anna"}
    assert refusals.TooMany(90).retry_after == 90
    with speaking("ru", MOSCOW):
        assert str(refusals.TooMany(90)) == "Слишком много попыток. Повторите через 2 минуты."
        assert str(refusals.TooMany(0)) == "Слишком много попыток. Повторите через 1 минуту."


def test_not_found_never_says_why():
    with pytest.raises(TypeError):
        refusals.NotFound(REASON)
    assert str(refusals.NotFound()) == str(refusals.NotFound())


def test_a_draft_takes_what_was_typed_right_or_wrong_but_once():
    form = Form([("a", " \u200bсырое\r\n"), ("b", "1"), ("b", "2")])
    assert (form.raw("a"), form.raw("missing"), form.errors) == (" \u200bсырое\r\n", "", {})
    form.raw("b")
    with pytest.raises(refusals.UnexpectedFields):
        form.finish()
