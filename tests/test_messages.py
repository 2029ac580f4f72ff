"""Everything people read has a Russian text, with the same placeholders and in the words of an editor.

`python -m incubator.foundation.catalogue FEATURE --po` prints the entries that a feature still lacks.
"""

import re
import textwrap
import unicodedata

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from incubator.foundation import catalogue
from incubator.foundation.locales import merge

FILES = sorted(catalogue.RUSSIAN.glob("*.po"))


@pytest.fixture(scope="module")
def texts():
    return catalogue.template()


def russian_texts():
    """(file name, msgid, Russian text) of every entry and plural form."""
    for path in FILES:
        with path.open("rb") as file:
            for entry in read_po(file, locale="ru", abort_invalid=True):
                if entry.id:
                    for form in entry.string if isinstance(entry.string, tuple | list) else [entry.string]:
                        yield path.name, entry.id, form


def offending(pattern, flags=re.IGNORECASE):
    return [f"{file}: {text}" for file, _, text in russian_texts() if re.search(pattern, text, flags)]


# --- Complete ---------------------------------------------------------------------------------------------------------


def test_every_text_has_a_russian_translation(texts):
    lines = [line for line in catalogue.report(texts) if "unused" not in line]
    assert not lines, "not translated:\n" + "\n".join(lines)


def test_every_translation_is_used(texts):
    lines = [f"{file}: {entry.id!r}" for file, entry in catalogue.unused(texts)]
    assert not lines, "in no source any more:\n" + "\n".join(lines)


def test_no_two_catalogues_translate_one_text_differently():
    assert merge(catalogue.RUSSIAN)[1] == []


def test_translations_have_the_placeholders_of_their_texts():
    assert [(entry.id, entry.string) for entry in catalogue.misplaced(merge(catalogue.RUSSIAN)[0])] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_catalogue_knows_the_three_russian_plurals_and_holds_nothing_doubtful(path):
    with path.open("rb") as file:
        entries = read_po(file, locale="ru", abort_invalid=True)
    header = path.read_text(encoding="utf-8")
    assert "nplurals=3" in header
    assert [entry.id for entry in entries if entry.id and entry.fuzzy] == []
    assert len(re.findall("^msgid ", header, re.MULTILINE)) == len(entries) + 1, "a msgid stands there twice"


# --- Good Russian -----------------------------------------------------------------------------------------------------


def test_no_shouting_no_pleading_no_jargon():
    assert offending("!|успешн|пожалуйста|дашборд|питч|фидбек|кейс-менеджер|скорборд|апрув|дедлайн") == []


def test_you_is_not_capitalised_within_a_sentence():
    assert offending(r"(?<=[а-яё,;:»] )(Вы|Вас|Вам|Вами|Ваш[а-яё]*)\b", 0) == []


def test_quotes_are_guillemets_and_dashes_are_dashes():
    """Straight quotes only in tags and around what is typed into a file as it stands ("18:00")."""
    wrong = []
    for file, _, text in russian_texts():
        if re.search(r"[\"“”„]| - |--|\.\.\.", re.sub(r'"[!-~]+"|<[^>]*>', "", text)):
            wrong.append(f"{file}: {text}")
    assert wrong == []


# Frequent words, and the ends of words, that can't stand without «ё» (the list is ours; it does not know every word).
WITHOUT_YO = (
    "еще|ее|нее|свое|твое|мое|чье|причем|вперед|партнер(а|у|ы|ов)?|надежн[а-я]+|серьезн[а-я]+|четк[а-я]+|жестк[а-я]+|тверд[а-я]+|"
    "счет|расчет(а|у|ы|ов|ом|е)?|отчет[а-я]*|учет(а|у|ом|е)?|зачет[а-я]*|(при|подъ|объ)ем(а|у|ы|ов|ом|е)?|трех|четырех|"
    "идет|(на|при|про|вой|зай|дой|перей|подой|отой|най|прой|пой|уй)дет|(на|при|про|во|за|до|пере|подо|ото|по|у)?шел|ждет|"
    "(от|пере|за|вы|с)?дает(ся)?|начнет(ся)?|берет(ся)?|живет|определен|(под|у)твержден|завершен|(от|из|за)менен|сохранен|"
    "удален|включен|отклонен|возвращен|приведен|введен|проведен|переведен|прочтен|учтен|размещен|перенесен|распределен|"
    "разделен|защищен|закреплен|оценен"
)


def test_the_letter_yo_is_written():
    assert offending(rf"(?<![а-яё])({WITHOUT_YO})(?![а-яё])") == []


def test_no_word_mixes_russian_and_latin_letters():
    def mixed(word):
        scripts = {unicodedata.name(letter, "").split()[0] for letter in word}
        return {"LATIN", "CYRILLIC"} <= scripts

    def plain(text):
        return re.sub(r"%\(\w+\)s|\{\w+\}|<[^>]*>|https?://\S+", " ", text)

    assert [text for _, _, text in russian_texts() if any(map(mixed, re.findall(r"[^\W\d_]+", plain(text))))] == []


def test_a_translation_ends_like_its_text():
    """A full stop or a colon at the end is there in both or in neither; a question may be said otherwise."""
    wrong = []
    for file, msgid, text in russian_texts():
        english = msgid if isinstance(msgid, str) else msgid[-1]
        ends = [words.rstrip()[-1:] for words in (english, text)]
        if "?" not in ends and [end if end in {".", ":"} else "" for end in ends] not in (
            ["", ""],
            [".", "."],
            [":", ":"],
        ):
            wrong.append(f"{file}: {english!r} -> {text!r}")
    assert wrong == []


# --- The tool itself --------------------------------------------------------------------------------------------------


@pytest.fixture
def sources(tmp_path):
    """A small tree of sources; gives the catalogue of what is found in it."""

    def make(python="", html=""):
        (tmp_path / "people").mkdir(exist_ok=True)
        (tmp_path / "people" / "web.py").write_text(textwrap.dedent(python), encoding="utf-8")
        (tmp_path / "page.html").write_text(html, encoding="utf-8")
        return catalogue.template(tmp_path, tmp_path)

    return make


def found(texts):
    return {(entry.context, entry.id) for entry in texts if entry.id}


def test_texts_are_found_in_python(sources):
    texts = sources("""
        a = _("one"), gettext("two"), N_("three"), i18n.Message("four {x}", x=_("five"))
        b = Message.count("{n} six", "{n} sixes", n), ngettext("seven", "sevens", 2), i18n.Message.count("8", "88", n)
        c = pgettext("time", "nine"), Message.within("place", "ten" " and more"), npgettext("x", "11", "11s", 2)
        d = "never".count("not this"), words.count("nor this"), gettext(name), Message(NAMES[0]), print("nor that")
    """)
    assert found(texts) == {
        (None, "one"), (None, "two"), (None, "three"), (None, "four {x}"), (None, "five"), (None, ("{n} six", "{n} sixes")),
        (None, ("seven", "sevens")), (None, ("8", "88")), ("time", "nine"), ("place", "ten and more"), ("x", ("11", "11s")),
    }  # fmt: skip


@pytest.mark.parametrize("call", ['gettext(f"{x}")', 'Message("a" + b)', '_("a" if b else "c")', 'N_(a or "b")'])
def test_a_text_put_together_before_translation_is_a_fault(sources, call):
    with pytest.raises(catalogue.Untranslatable, match=r"web\.py:1"):
        sources(call)


def test_texts_are_found_in_templates(sources):
    texts = sources(
        html="{{ _('one') }}{% trans n=n %}\n  {{ n }} two\n{% pluralize %}\n  {{ n }} twos\n{% endtrans %}{{ pgettext('time', 'three') }}"
        "{% trans %}100%{% endtrans %}{{ ngettext('%(num)s a', '%(num)s b', n) }}{{ _('Hello %(name)s', name=name) }}{% do x %}"
    )
    assert found(texts) == {
        (None, "one"), (None, ("%(n)s two", "%(n)s twos")), ("time", "three"), (None, "100%%"),
        (None, ("%(num)s a", "%(num)s b")), (None, "Hello %(name)s"),
    }  # fmt: skip


def test_what_is_missing_is_seen(sources):
    texts = sources(
        '_("whole"), _("empty"), _("absent"), Message.count("{n} day", "{n} days", 1), Message.count("a", "b", 1)'
    )
    russian = Catalog(locale="ru")
    russian.add("whole", "целое")
    russian.add("empty", "")
    russian.add(("{n} day", "{n} days"), ("{n} день", "{n} дня", ""))
    russian.add(("a", "b"), ("а", "б", "б"))
    assert {entry.id for entry in catalogue.missing(texts, russian)} == {"empty", "absent", ("{n} day", "{n} days")}


def test_what_is_unused_is_seen(sources, tmp_path):
    (tmp_path / "ru").mkdir()
    (tmp_path / "ru" / "people.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "old"\nmsgstr "старое"\n\n#~ msgid "gone"\n#~ msgstr "ушло"\n'
    )
    assert [entry.id for _, entry in catalogue.unused(sources('_("new")'), tmp_path / "ru")] == ["old", "gone"]


@pytest.mark.parametrize(
    ("msgid", "string", "right"),
    [
        ("{a} of {b}", "{b} из {a}", True),
        ("{a} of {b}", "{b}", False),
        ("Hello %(name)s", "Привет, %(имя)s", False),
        ("{{literal}} {a}", "{a}", True),
        (("one file", "{n} files"), ("{n} файл", "{n} файла", "{n} файлов"), True),
        (("one file", "{n} files"), ("один файл", "{n} файла", "{n} файлов"), False),  # 21 is "one" too
    ],
)
def test_other_placeholders_are_seen(msgid, string, right):
    russian = Catalog(locale="ru")
    russian.add(msgid, string)
    assert (catalogue.misplaced(russian) == []) is right


def test_the_command_prints_entries_to_paste(capsys):
    assert catalogue.main(["foundation", "--po"]) == 0
    assert "Moscow" not in capsys.readouterr().out


def test_the_command_says_when_all_is_well(capsys):
    assert catalogue.main(["no_such_feature"]) == 0
    assert capsys.readouterr().out == "Everything is translated.\n"


def test_an_entry_belongs_to_the_feature_it_stands_in():
    texts = Catalog()
    texts.add("a", locations=[("src/incubator/people/web.py", 1), ("templates/people/sign_in.html", 2)])
    texts.add("b", locations=[("src/incubator/people/web.py", 1), ("templates/teams/home.html", 2)])
    texts.add("c", locations=[("src/incubator/features.py", 1)])
    assert [catalogue.feature(texts[name]) for name in "abc"] == ["people", "shared", "shared"]
    lines = catalogue.report(texts, "people")
    assert lines[:2] == ["src/incubator/people/web.py -> people.po", "     1  'a'"]
