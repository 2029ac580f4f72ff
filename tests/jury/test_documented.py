"""The example by which the documents explain the official result, counted."""

from fractions import Fraction
from pathlib import Path
from uuid import UUID

import pytest

from incubator.foundation.i18n import MOSCOW, number, speaking
from incubator.jury.result.reasons import points
from incubator.jury.scoring import Aggregate, Criterion, Rounding, Rules, Sheet, rank, sheet_total

CRITERIA = tuple(Criterion(key, weight, 0, 10_000, 500) for key, weight in (("idea", 3), ("team", 2)))
MARKS = ([(8, 7), (9, 6), (7, 8)], [(8, 8), (7, 8), (7, 8)], [(9, 6), (8, 7), (7, 7)])
NAMES = {"en": ("North", "West", "South"), "ru": ("Север", "Запад", "Юг")}
DOCUMENTS = {"en": "result.md", "ru": "result.ru.md"}


def document(locale):
    return Path("docs", DOCUMENTS[locale]).read_text(encoding="utf-8")


def counted(marks, *ties, aggregate=Aggregate.MEAN, criteria=CRITERIA):
    sheets = [
        Sheet(juror, UUID(int=project), tuple(int(1000 * mark) for mark in sheet), handed_in=True)
        for project, given in enumerate(marks)
        for juror, sheet in enumerate(given)
    ]
    applied = {UUID(int=project): 1 for project in range(len(marks))}
    return sheets, rank(criteria, sheets, applied, Rules(aggregate, 1, ties, 2, Rounding.HALF_UP)).results


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_the_example_comes_to_what_the_document_says(locale):
    sheets, results = counted(MARKS, "criterion:idea")
    text = document(locale)
    with speaking(locale, MOSCOW):
        for each in results:
            own = [sheet for sheet in sheets if sheet.project == each.project]
            marks = " · ".join(", ".join(number(mark // 1000) for mark in sheet.marks) for sheet in own)
            totals = " · ".join(points(sheet_total(sheet.marks, CRITERIA)) for sheet in own)
            name, total = NAMES[locale][each.project.int], number(each.total, 2)
            assert f"| {name} | {marks} | {totals} | {total} | {each.place} |" in text
        first, second = (points(each.criterion_means[0]) for each in results[:2])
        assert f" {first} {'against' if locale == 'en' else 'против'} {second}" in text


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_the_trimmed_mean_of_the_example(locale):
    five = [("6",), ("7.5",), ("7.6",), ("7.8",), ("10",)]
    one = (Criterion("all", 1, 0, 10_000, 100),)
    given = [[(Fraction(mark),) for (mark,) in five]]
    _, (found,) = counted(given, aggregate=Aggregate.TRIMMED_MEAN, criteria=one)
    with speaking(locale, MOSCOW):
        assert f": 3 = {number(found.total, 2)}." in document(locale)


def test_the_next_place_is_counted_on():
    _, results = counted([[(9, 9)], [(8, 8)], [(8, 8)], [(7, 7)]], "shared")
    assert ", ".join(str(each.place) for each in results) == "1, 2, 2, 4"
    assert all("1, 2, 2, 4" in document(locale) for locale in DOCUMENTS)
