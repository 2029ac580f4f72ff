"""How points are written: one sheet says the same total wherever a person meets it, and a file keeps the number itself."""

import io
from fractions import Fraction

import pytest
import python_calamine

import cast
import documents
from incubator.foundation.i18n import MOSCOW, exact, speaking
from incubator.jury.office import conducting
from incubator.jury.result import deliberating
from incubator.jury.rounds import round_for
from incubator.jury.rubric import mean_words
from jury.test_minutes import squeezed

MARKS = (7, 7, 7, 8, 7)  # 7.2 by the weights of the cast
RUSSIAN = {"accept-language": "ru"}


@pytest.mark.parametrize(
    ("value", "russian", "english"),
    [
        (Fraction(36, 5), "7,20", "7.20"),
        (Fraction(7), "7,00", "7.00"),
        (Fraction(5761, 800), "7,20", "7.20"),
        (Fraction(1441, 200), "7,21", "7.21"),  # 7.205, half up
        (Fraction(2469, 2), "1\u00a0234,50", "1,234.50"),
    ],
)
def test_a_total_has_both_its_decimals(value, russian, english):
    for language, told in (("ru", russian), ("en", english)):
        with speaking(language, MOSCOW):
            assert mean_words(value) == told


def test_an_official_total_has_all_decimals_of_its_rules():
    for language, told in (("ru", ["8,400", "8", "1\u00a0200,0", "–"]), ("en", ["8.400", "8", "1,200.0", "–"])):
        with speaking(language, MOSCOW):
            assert [exact(text) for text in ("8.400", "8", "1200.0", None)] == told


async def test_one_sheet_says_the_same_everywhere(client):
    where = await cast.scoring_round(teams=2, jurors=3)
    for juror in where.jurors:
        for number in range(2):
            await cast.score(where, juror, await where.project(number), *MARKS)
    first, second = await where.project(0), await where.project(1)
    here = f"/rounds/{where.id}"

    async def page(address: str) -> str:
        answer = await client.get(address, headers=RUSSIAN)
        assert answer.status_code == 200, address
        return answer.text

    await cast.sign_in(client, where.jurors[0])
    assert "<output data-total>7,20</output>" in await page(f"{here}/projects/{first}")
    assert "<b>7,20</b>" in await page(f"{here}/projects/{second}"), "the sheet that was handed in before"
    assert "<b>7,20</b>" in await page(f"{here}/mine")
    assert squeezed("7,20") in squeezed(documents.text((await client.get(f"{here}/mine.pdf", headers=RUSSIAN)).content))
    runs = await where.organiser()
    await conducting.lock_round(runs, where.id, confirmed_missing=0)
    await deliberating.open_deliberation(runs, where.id, shows_sheets=True)
    await cast.sign_in(client, where.cohort.organiser)
    for address in ("result", f"projects/{first}/sheets", "deliberation", f"deliberation/projects/{first}"):
        assert "<b>7,20</b>" in await page(f"{here}/{address}"), address
    minutes = await page(f"{here}/minutes")
    assert minutes.count(">7,20<") == 8, "two official totals and six sheets"
    with speaking("ru", MOSCOW):
        assert (await round_for(runs, where.id)).plan.decimals == 2
    for address in (f"/teams/{where.teams[0].id}/result", f"/teams/{where.teams[0].id}/rounds/{where.id}/why"):
        assert "7,20" in await page(address), address


async def test_the_spreadsheet_keeps_the_number_and_shows_it_as_a_page_does(client):
    where = await cast.scoring_round(teams=1, jurors=3)
    for juror, mark in zip(where.jurors, (6, 7, 7), strict=True):
        await cast.score(where, juror, await where.project(), mark, 7, 7, 8, 7)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    await cast.sign_in(client, where.cohort.organiser)
    content = (await client.post(f"/rounds/{where.id}/round.xlsx", headers=RUSSIAN)).content
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    marks = book.get_sheet_by_name("Баллы").to_python()[1:]
    assert sorted(row[9] for row in marks) == [6.95, 7.2, 7.2]
    assert book.get_sheet_by_name("Сводная таблица").to_python()[1][4] == 7.12
