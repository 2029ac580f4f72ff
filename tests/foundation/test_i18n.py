"""Messages, numbers and templates, in both languages."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incubator.foundation import filters, i18n, locales
from incubator.foundation.i18n import MOSCOW, ZONES, Message, number, score, speaking, use

NBSP = "\u00a0"
RUSSIAN = ("ru", MOSCOW)
ENGLISH = ("en", MOSCOW)
VLADIVOSTOK = "Asia/Vladivostok"
DUE = datetime(2026, 3, 14, 8, tzinfo=UTC)  # 18:00 in Vladivostok, 11:00 in Moscow


def said(message, locale="ru", zone=MOSCOW):
    with speaking(locale, zone):
        return str(message)


# --- Messages ---------------------------------------------------------------------------------------------------------


def test_a_message_is_translated_when_it_is_shown_not_when_it_is_made():
    with speaking(*ENGLISH):
        message = Message("Enter a number from {low} to {high}.", low=0, high=Decimal("7.5"))
    assert said(message) == "Введите число от 0 до 7,5."
    assert said(message, "en") == "Enter a number from 0 to 7.5."


def test_a_text_without_a_translation_is_its_msgid():
    assert said(Message("Nobody has translated {what}", what="this")) == "Nobody has translated this"


@pytest.mark.parametrize(
    ("n", "russian", "english"),
    [
        (0, "осталось 0 дней", "0 days left"),
        (1, "остался 1 день", "1 day left"),
        (2, "осталось 2 дня", "2 days left"),
        (5, "осталось 5 дней", "5 days left"),
        (11, "осталось 11 дней", "11 days left"),
        (21, "остался 21 день", "21 days left"),
        (22, "осталось 22 дня", "22 days left"),
        (111, "осталось 111 дней", "111 days left"),
        (1001, f"остался 1{NBSP}001 день", "1,001 days left"),
    ],
)
def test_plural_forms(n, russian, english):
    message = Message.count("{n} day left", "{n} days left", n)
    assert said(message) == russian
    assert said(message, "en") == english


def test_a_context_tells_equal_msgids_apart():
    assert said(Message("Omsk")) == "Омск"
    assert said(Message.within("time", "Omsk")) == "по Омску"
    assert Message("Omsk") != Message.within("time", "Omsk")


def test_messages_are_equal_by_text_and_parameters_and_can_be_hashed():
    first, second = Message("{a} {b}", a=1, b=2), Message("{a} {b}", b=2, a=1)
    assert {first} == {second}
    assert first != Message("{a} {b}", a=1, b=3)
    assert Message.count("{n} day left", "{n} days left", 1) != Message("{n} day left", n=1)
    with pytest.raises(AttributeError):
        first.msgid = "another"


def test_parameters_are_localised_too_but_years_are_not():
    message = Message("{year} {day} {moment} {share} {inner}", year=2026, day=date(2026, 3, 14), moment=DUE,
                      share=Decimal("1234.5"), inner=Message("Moscow"))  # fmt: skip
    assert said(message) == f"2026 14{NBSP}марта 2026 14{NBSP}марта 2026, 11:00{NBSP}МСК 1{NBSP}234,5 Москва"
    assert said(message, "en") == f"2026 14{NBSP}March 2026 14{NBSP}March 2026, 11:00{NBSP}MSK 1,234.5 Moscow"


def test_braces_and_percents_of_people_are_only_text():
    assert "{0.__class__} %(x)s" in said(
        Message("Type “{letter}” before @ in Latin letters.", letter="{0.__class__} %(x)s")
    )


def test_merging_tells_of_a_msgid_translated_in_two_ways(tmp_path):
    folder = tmp_path / "ru"
    folder.mkdir()
    entry = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Team"\nmsgstr "{}"\n'
    (folder / "a.po").write_text(entry.format("Команда"))
    (folder / "b.po").write_text(entry.format("Команда"))
    assert locales.merge(folder)[1] == []
    (folder / "c.po").write_text(entry.format("Коллектив"))
    merged, conflicts = locales.merge(folder)
    assert len(conflicts) == 1
    assert conflicts[0].startswith("c.po: 'Team'")
    assert merged["Team"].string == "Команда"


# --- Who is spoken to -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "ru"),
        ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", "ru"),
        ("en-GB,en;q=0.9", "en"),
        ("en;q=0.5, ru;q=0.8", "ru"),
        ("de-DE,de;q=0.9,en;q=0.5", "en"),
        ("de", "ru"),
        ("*", "ru"),
        ("en;q=0", "ru"),
        ("ru;q=0, en;q=0.001", "en"),
        ("EN", "en"),
        ("en;q=nan", "ru"),
        ("en;q=9", "ru"),
        ("en;q=٣", "ru"),
        (",;,;q=,=", "ru"),
        ("en," * 100_000, "en"),
    ],
)
def test_accept_language(header, locale):
    assert i18n.parse_accept_language(header) == locale


@given(st.text())
def test_any_accept_language_gives_a_locale(header):
    assert i18n.parse_accept_language(header) in i18n.LOCALES


@given(st.text() | st.sampled_from(["../../etc/passwd", "Europe", "/etc/localtime", "\0", "\ud800", "a" * 10_000]))
def test_an_unknown_locale_or_zone_becomes_russian_and_moscow(word):
    with speaking(word, word):
        assert (i18n.locale(), i18n.zone()) == RUSSIAN or (word in i18n.LOCALES or i18n.known_zone(word))


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/localtime", "Europe", "", "\0", "\ud800", "Mars/Olympus"])
def test_what_is_no_zone(name):
    assert not i18n.known_zone(name)


def test_speaking_ends_with_its_block_even_by_a_fault():
    use(*RUSSIAN)
    with pytest.raises(ZeroDivisionError), speaking("en", VLADIVOSTOK):
        assert (i18n.locale(), i18n.zone()) == ("en", VLADIVOSTOK)
        _ = 1 / 0
    assert (i18n.locale(), i18n.zone()) == RUSSIAN


async def test_requests_at_the_same_time_keep_their_language_and_zone():
    expected = {"ru": "по Омску", "en": "Omsk"}

    async def one(n):
        locale, place = i18n.LOCALES[n % 2], ZONES[n % len(ZONES)].id
        use(locale, place)
        for _ in range(5):
            await asyncio.sleep(0)
            assert i18n.pgettext("time", "Omsk") == expected[locale]
            assert i18n.zone() == place

    use(*RUSSIAN)
    await asyncio.gather(*(asyncio.create_task(one(n)) for n in range(50)))
    assert (i18n.locale(), i18n.zone()) == RUSSIAN


# --- Numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "places", "russian", "english"),
    [
        (0, None, "0", "0"),
        (1234.5, None, f"1{NBSP}234,5", "1,234.5"),
        (-1234567, None, f"−1{NBSP}234{NBSP}567", "−1,234,567"),
        (Decimal("7.50"), None, "7,5", "7.5"),
        (Decimal("7.5"), 2, "7,50", "7.50"),
        (Decimal("0.125"), 2, "0,13", "0.13"),
        (Decimal("-0.004"), 2, "0,00", "0.00"),
        (Decimal("1E+3"), None, f"1{NBSP}000", "1,000"),
        (100, None, "100", "100"),
        (0.1, None, "0,1", "0.1"),
        (float("nan"), None, "–", "–"),
        (float("inf"), 1, "–", "–"),
    ],
)
def test_numbers(value, places, russian, english):
    with speaking(*RUSSIAN):
        assert number(value, places) == russian
    with speaking(*ENGLISH):
        assert number(value, places) == english


@given(st.integers(-(10**9), 10**9))
def test_a_score_shows_its_thousandths_exactly(thousandths):
    with speaking(*RUSSIAN):
        shown = score(thousandths)
    assert Decimal(shown.replace(NBSP, "").replace(",", ".").replace("−", "-")) * 1000 == thousandths
    assert "\u202f" not in shown


def test_no_score_is_a_dash_and_not_a_zero():
    assert score(None) == "–"
    assert score(0) == "0"


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 Б"), (1023, "1 023 Б"), (1024, "1 КБ"), (1536, "1,5 КБ"), (20 * 1024**2, "20 МБ"), (5 * 1024**4, "5 120 ГБ"),
    ],
)  # fmt: skip
def test_file_sizes(size, shown):
    with speaking(*RUSSIAN):
        assert i18n.file_size(size) == shown.replace(" ", NBSP)


# --- Templates --------------------------------------------------------------------------------------------------------


@pytest.fixture
def environment():
    made = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    filters.install(made)
    return made


def test_templates_speak_the_language_of_the_moment(environment):
    template = environment.from_string(
        "{{ _('Moscow') }} {% trans %}Moscow{% endtrans %} {{ 7500 | score }} {{ 1536 | file_size }} {{ due | moment }}"
        " {{ due | day }} {{ due | clock }} {{ 1234.5 | number }} {{ message }}"
    )
    values = {"due": DUE, "message": Message("Omsk")}
    with speaking("ru", VLADIVOSTOK):
        russian = template.render(values)
    with speaking(*ENGLISH):
        english = template.render(values)
    assert russian == (
        f"Москва Москва 7,5 1,5{NBSP}КБ 14{NBSP}марта 2026, 18:00{NBSP}по Владивостоку (МСК+7)"
        f" 14{NBSP}марта 2026 18:00 1{NBSP}234,5 Омск"
    )
    assert (
        english
        == f"Moscow Moscow 7.5 1.5{NBSP}KB 14{NBSP}March 2026, 11:00{NBSP}MSK 14{NBSP}March 2026 11:00 1,234.5 Omsk"
    )


def test_templates_take_the_clock_from_their_context(environment):
    template = environment.from_string("{{ due | deadline }} | {{ due | deadline('Asia/Omsk') }} | {{ due | ago }}")
    with speaking("ru", VLADIVOSTOK):
        shown = template.render(due=DUE, now=DUE + timedelta(hours=3))
    assert shown.split(" | ") == [
        f"14{NBSP}марта, 18:00{NBSP}по Владивостоку (МСК+7) · 11:00{NBSP}МСК · прошёл 3{NBSP}часа назад",
        f"14{NBSP}марта, 14:00{NBSP}по Омску (МСК+3) · 11:00{NBSP}МСК · прошёл 3{NBSP}часа назад",
        f"3{NBSP}часа назад",
    ]


def test_templates_escape_what_people_wrote_but_not_the_translation(environment):
    template = environment.from_string("{{ _('<b>%(name)s</b> 100%%', name=name) }} {{ message }}")
    shown = template.render(name="<i>", message=Message("Type “{letter}” before @ in Latin letters.", letter="<s>"))
    assert "<b>&lt;i&gt;</b> 100%" in shown
    assert "«&lt;s&gt;»" in shown


def test_templates_count(environment):
    template = environment.from_string(
        "{% trans days=days %}\n  {{ days }} day left\n{% pluralize %}\n  {{ days }} days left\n{% endtrans %}"
    )
    with speaking(*ENGLISH):
        assert [template.render(days=n) for n in (1, 5)] == ["1 day left", "5 days left"]
