"""The advisory result in words, in both languages."""

import json

import numpy as np
import pytest

from incubator.foundation import locales
from incubator.jury.analysis import Sheet, analyse
from incubator.jury.analysis.telling import move, tell
from jury.test_analysis import SHROUT_FLEISS, table_sheets


def told(found, locale="en"):
    with locales.speaking(locale, locales.MOSCOW):
        return tell(found)


def table(projects, jurors, gap, criteria=1):
    random = np.random.default_rng(4)
    return [
        Sheet(f"p{p}", f"j{j}", list(6 + p / projects + j / jurors + random.normal(size=criteria)), p + 1)
        for p in range(projects)
        for j in range(jurors)
        if not gap or (p + j) % gap
    ]


def test_a_complete_table_in_words():
    text = told(analyse(table_sheets(SHROUT_FLEISS), top=2))
    lines = text.split("\n")
    assert lines[0] == "6 projects, 4 jurors, 24 sheets"
    assert lines[1] == "Middle 5.29; standard deviation between projects 1.60, between jurors 2.29, of the rest 1.01"
    assert next(line for line in lines if "p4" in line).split()[:5] == ["1", "p4", "4", "7.50", "7.30"]
    assert "ICC(2,1), one juror's mark: 0.29 – poor" in lines
    assert "ICC(3,k), mean, severity aside: 0.91 – excellent" in lines
    assert lines[-1].startswith("* every juror scored every project")


def test_gaps_criteria_and_turns_in_words():
    text = told(analyse(table(9, 5, 4, 2), criteria=("idea", "team"), top=2, band=1))
    assert "Reliability by the model" in text
    assert "can overtake" in text or "any weights" in text
    assert "Each later turn changes the mark by" in text
    assert "Without j" in text or "whichever juror" in text


def test_what_is_almost_sure_is_not_called_so():
    text = told(
        analyse([Sheet(f"p{p}", f"j{j}", [3 * p + (p * j) % 2 / 2]) for p in range(5) for j in range(4)], top=2)
    )
    assert "> 99 %" in text and "< 1 %" in text and "100 %" not in text and " 0 %" not in text


@pytest.mark.parametrize(
    ("share", "down", "up"),
    [
        (0.1267, "12 %", "13 %"),
        (0.5, "50 %", "50 %"),
        (0.0037, "0.3 %", "0.4 %"),
    ],
)
def test_a_move_of_a_weight_is_rounded_so_that_what_is_said_of_it_holds(share, down, up):
    with locales.speaking("en", locales.MOSCOW):
        assert (move(share), move(share, up=True)) == (down, up)


def test_a_long_table_is_cut():
    text = told(analyse(table(80, 4, 0)))
    assert "and 20 more (the JSON has all)" in text
    assert "p79" in text or "p0" in text


@pytest.mark.parametrize("sheets", [[], [Sheet(1, 1, [5])], [Sheet(p, j, [5]) for p in range(3) for j in range(3)]])
def test_little_is_told_of_little(sheets):
    for locale in locales.LOCALES:
        assert told(analyse(sheets), locale).count("* ") >= 1


def test_in_russian_no_english_is_left():
    found = analyse(table(9, 5, 4, 2), criteria=("идея", "команда"), top=2, band=1)
    text = told(found, "ru")
    words = {word for word in text.split() if word.isascii() and word.isalpha() and len(word) > 2}
    assert words == {"ICC"}
    with locales.speaking("ru", locales.MOSCOW):
        assert "при пропусках" in json.dumps(found.as_json(), ensure_ascii=False)
