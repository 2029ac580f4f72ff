"""Texts, names, addresses and keys that people (and attackers) type: a value or an error, never a crash."""

import sys
import time
import unicodedata
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incubator.foundation import refusals
from incubator.foundation.forms import Form
from incubator.foundation.i18n import MOSCOW, speaking
from typed import READERS, Colour, read, refused

NBSP = "\u00a0"


# --- Anything at all (F39) --------------------------------------------------------------------------------------------

# Every code point, lone surrogates and noncharacters included, and pieces that come close to what readers accept.
WILD = st.text(st.characters(), max_size=60) | st.lists(
    st.sampled_from(
        ["2026", "-", "02", "31", "T", "24", ":", "60", ".", ",", "7", "1e9", "@", "a", "ю", "рф", "https://", "[", "]",
         "xn--", "%", "\0", "\ud800", "\u202e", " ", NBSP, "\n", "١", "²", "¾", "Ⅷ", "0" * 50, "9" * 5000]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=300)
@given(raw=WILD)
def test_any_text_is_a_value_or_an_error_and_never_a_crash(reader, raw):
    value, error = read(reader, raw)
    assert (error is None) == (value not in {None, ""})
    if isinstance(value, str):
        assert "\0" not in value
        assert value == unicodedata.normalize("NFC", value).strip()
        value.encode()  # no lone surrogates: PostgreSQL would refuse them
    str(error)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("raw", ["a\0b", "\0", "\udcff", "7\0", "\ufffe", "\uffff"])
def test_nul_and_broken_unicode_are_refused(reader, raw):
    refused(reader, raw)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("raw", ["", " ", "\r\n\t", NBSP, "\u2003"])
def test_a_blank_required_field_asks_to_be_filled_in(reader, raw):
    assert refused(reader, raw) in {"Fill in this field.", "Choose an answer."}


def test_optional_fields_may_be_blank_or_absent():
    form = Form([("a", " "), ("b", "")])
    assert form.text("a", required=False) == ""
    assert form.integer("b", 0, 9, required=False) is None
    assert form.date("absent", required=False) is None
    assert form.ok
    form.demand()


def spent(texts: tuple[str, ...]) -> float:
    """Processor time of every reader over all the texts."""
    started = time.thread_time()
    for raw in texts:
        for reader in READERS:
            read(reader, raw)
    return time.thread_time() - started


def test_a_hostile_text_of_a_whole_form_is_read_about_as_fast_as_a_plain_one():
    marks = "е" + "\u0301\u0316" * 60_000  # normalising this run takes CPython seven times as long as all of the rest
    hostile = (marks, "9" * 250_000, "a@" * 120_000, " " * 250_000 + "x", "-" * 250_000, "\u200b" * 80_000)
    plain = tuple(("слово и дело " * (1 + len(raw) // 13))[: len(raw)] for raw in hostile)
    assert spent(hostile) < 3 * spent(plain)


# --- Text and names (F40) ---------------------------------------------------------------------------------------------

INVISIBLE = [
    *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD, 0x061C,
    0x180E, 0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x034F, 0xFE0F, 0xE0001, 0xE0041, 0xE0100, 0x2028, 0x2029, 0x7F, 0x1B, 0x85,
]  # fmt: skip


@pytest.mark.parametrize("code", INVISIBLE, ids=hex)
def test_invisible_characters_are_refused_in_lines_and_names(code):
    for reader in ("text", "name"):
        assert "invisible" in refused(reader, f"Спасск{chr(code)}-Дальний")


def test_the_refusal_says_after_which_letters_to_look():
    assert refused("text", "Спасск\u202e-Дальний") == (
        "There is an invisible character after “Спасск”. Type this place by hand."
    )  # fmt: skip
    assert "at the start" in refused("text", "\u200bx")


@pytest.mark.parametrize("code", [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x1B, 0x07], ids=hex)
def test_turned_writing_and_control_characters_are_refused_in_long_texts(code):
    refused("lines", f"a{chr(code)}b")


def test_long_texts_keep_tabs_lines_and_joined_emoji():
    assert read("lines", " a\tb\r\nc\rd\u2028e\n\n👩\u200d💻 \r\n")[0] == "a\tb\nc\nd\ne\n\n👩\u200d💻"


def test_a_line_holds_no_line_break():
    refused("text", "a\nb")
    assert read("text", "a\t b")[0] == "a b"
    assert read("text", "\tSpassk\r\n")[0] == "Spassk"  # as pasted from a spreadsheet


def test_runs_of_spaces_become_one_so_that_no_two_names_look_alike():
    assert read("name", f"  Анна {NBSP} \u2009Ли ")[0] == "Анна Ли"


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=50))
def test_both_normal_forms_of_a_name_are_one_name(typed):
    composed, decomposed = (read("text", unicodedata.normalize(form, typed)) for form in ("NFC", "NFD"))
    assert composed == decomposed


def test_names_in_nfd_are_stored_in_nfc():
    assert read("name", unicodedata.normalize("NFD", "Андрей Ёлкин"))[0] == "Андрей Ёлкин"


@pytest.mark.parametrize("reader", ["text", "lines", "name"])
def test_two_hundred_marks_on_one_letter_are_refused(reader):
    assert "marks" in refused(reader, "и" + "\u0301" * 200)
    assert read(reader, "и\u0301")[1] is None


def test_no_mark_is_a_word_character_to_the_guard_against_long_runs():
    """The guard looks for marks among what `\\w` and `\\s` do not match."""
    marks = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)).startswith("M")]
    assert len(marks) > 2000
    assert not [mark for mark in marks if mark.isalnum() or mark == "_" or mark.isspace()]


@pytest.mark.parametrize("word", ["Ивaнов", "Cпасск", "ОКTМО", "pаypal"])
def test_names_that_mix_alphabets_in_a_word_are_refused(word):
    assert "mixes" in refused("name", f"Команда {word}")
    assert read("text", word)[1] is None


@pytest.mark.parametrize(
    "name", ["IT-команда", "Команда A", "Анна-Мария О’Нил", "Ұлы дала", "Hà Nội", "1С:Отчёт", "Ĭён"]
)
def test_names_of_people_and_teams_pass(name):
    if name == "Ĭён":
        refused("name", name)
    else:
        assert read("name", name) == (name, None)


def test_a_text_too_long_says_by_how_much():
    form = Form([("title", "я" * 203), ("essay", "a" * 1001)])
    form.text("title")
    form.text("essay", limit=1000)
    with speaking("ru", MOSCOW):
        assert str(form.error("title")) == "Не больше 200 знаков. Сократите на 3 знака."
        assert str(form.error("essay")) == f"Не больше 1{NBSP}000 знаков. Сократите на 1 знак."
    assert form.value("title") == "я" * 203


def test_length_is_counted_in_characters_after_tidying():
    form = Form([("a", "  " + unicodedata.normalize("NFD", "й" * 10) + "\r\n"), ("b", "😀\r\n" * 5)])
    assert form.text("a", limit=10) == "й" * 10
    assert len(form.text("b", limit=9, lines=True)) == 9
    assert form.ok


# --- Addresses, choices, keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (" Anna.Lee+x@Example.ORG ", "anna.lee+x@example.org"),
        ("a@b.co", "a@b.co"),
        ("info@спасск.рф", "info@спасск.рф"),
        ("a@xn--80aaf.xn--p1ai", "a@xn--80aaf.xn--p1ai"),
    ],
)
def test_email(raw, value):
    assert read("email", raw) == (value, None)


@pytest.mark.parametrize(
    "raw",
    ["anna", "a@b", "@b.co", "a@", "a@@b.co", "a b@c.co", "a..b@c.co", ".a@b.co", "a@b..co", "a@-b.co", "a@b-.co", "a@1.2", "a@[127.0.0.1]", "a@b.co,c@d.co",
     "a@b.co\r\nBcc: x@y.z", "a@b.co>", '"a"@b.co', "а@b.co", "a@exаmple.org", "x" * 65 + "@b.co", "a@" + "b" * 250 + ".co", "a@b_c.co", "Anna <a@b.co>"],
)  # fmt: skip
def test_what_is_no_email(raw):
    refused("email", raw)


def test_a_russian_letter_in_an_email_is_named():
    assert refused("email", "аnna@example.org") == "Type “а” before @ in Latin letters."


@pytest.mark.parametrize(
    "raw",
    [
        "https://example.org",
        "http://example.org:8080/a?b=c#d",
        "https://спасск.рф/отток-населения",
        "HTTPS://EXAMPLE.ORG/%D0%B0",
    ],
)
def test_url(raw):
    assert read("url", raw) == (raw, None)


@pytest.mark.parametrize(
    "raw",
    ["javascript:alert(1)", "data:text/html,x", "//evil.org", "/\\evil.org", "https:evil.org", "https:///evil.org", "ftp://a.org", "https://localhost", "https://user@a.org",
     "https://user:pass@a.org", "https://a.org:99999", "https://a.org:x", "https://[::1", "https://a.org/ b", "https://a.org\\@b.org", "https://a.org/<script>",
     'https://a.org/"onclick=', "java\nscript:alert(1)", "https://exаmple.org", "https://a.org/" + "x" * 2000, "example.org"],
)  # fmt: skip
def test_what_is_no_url(raw):
    refused("url", raw)


def test_a_choice_comes_back_as_the_option_itself():
    value, error = read("choice", "red")
    assert value is Colour.RED
    assert error is None
    for raw in ("Red", "RED", "red ", "green", "Colour.RED"):
        refused("choice", raw)


@pytest.mark.parametrize(
    "raw",
    [
        "019ab3d2-7c1e-7000-8000-0123456789AB",
        "{019ab3d2-7c1e-7000-8000-0123456789ab}",
        "019ab3d27c1e700080000123456789ab",
        "urn:uuid:019ab3d2-7c1e-7000-8000-0123456789ab",
        "019ab3d2-7c1e-7000-8000-0123456789a٣",
        "1",
    ],
)
def test_what_is_no_key(raw):
    refused("uuid", raw)


def test_a_key():
    key = UUID("019ab3d2-7c1e-7000-8000-0123456789ab")
    assert read("uuid", str(key)) == (key, None)


def test_choices_come_in_the_order_of_the_options():
    form = Form([("x", "blue"), ("x", "red")])
    assert form.choices("x", Colour) == [Colour.RED, Colour.BLUE]
    form.demand()
    assert Form([]).choices("x", Colour) == []
    wrong = Form([("x", "blue"), ("x", "green")])
    wrong.choices("x", Colour)
    assert not wrong.ok
    twice = Form([("x", "blue"), ("x", "blue")])
    twice.choices("x", Colour)
    with pytest.raises(refusals.UnexpectedFields):
        twice.demand()
    none = Form([])
    none.choices("x", Colour, required=True)
    assert not none.ok


def test_a_flag_is_on_or_absent():
    assert Form([("x", "on")]).flag("x") is True
    assert Form([]).flag("x") is False
    form = Form([("x", "true")])
    assert form.flag("x") is False
    with pytest.raises(refusals.UnexpectedFields):
        form.demand()
