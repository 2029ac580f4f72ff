"""The spreadsheet of a round: real numbers and dates, no formula, and what the round holds."""

import io
import re
import zipfile
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
import python_calamine

import cast
from incubator.foundation.database import execute, fetch, fetch_value
from incubator.foundation.i18n import MOSCOW, speaking
from incubator.jury.minutes import workbook
from incubator.jury.result import standings
from incubator.jury.rounds import round_for
from jury.test_minutes import played

FORMULA = '=HYPERLINK("http://x",1+1)'


async def book(client, where):
    await cast.sign_in(client, where.cohort.organiser)
    answer = await client.post(f"/rounds/{where.id}/round.xlsx", headers={"accept-language": "ru"})
    assert answer.status_code == 200
    return answer.content


def rows(content: bytes, name: str):
    return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(name).to_python()


async def test_it_holds_everything_with_numbers_and_dates(client):
    where = await played()
    content = await book(client, where)
    names = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names
    assert names == [
        "О выгрузке",
        "Сводная таблица",
        "Критерии",
        "Баллы",
        "Жюри",
        "Самоотводы",
        "Решения",
        "Книга оценок",
    ]
    result = await standings.count_up(await round_for(await where.organiser(), where.id))
    told = rows(content, "Сводная таблица")[1:]
    assert [(row[0], row[1], Decimal(str(row[4])).quantize(Decimal("0.01"))) for row in told] == [
        (each.place, each.name, Decimal(each.total)) for each in result.placed
    ]
    marks = rows(content, "Баллы")
    # Who has the book and nothing else can count the totals again.
    weights = [Decimal(str(row[1])) for row in rows(content, "Критерии")[1:]]
    for row in told:
        own = [each for each in marks[1:] if each[1] == row[1] and each[3] == "Сдан"]
        sheets = [sum(w * Decimal(str(mark)) for w, mark in zip(weights, each[4:9], strict=True)) for each in own]
        mean = sum(sheets) / sum(weights) / len(sheets)
        assert float(mean) == pytest.approx(row[5])
        assert mean.quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal(str(row[4])).quantize(Decimal("0.01"))
    rules = [row[1] for row in rows(content, "О выгрузке") if row[0] == "Как считали"]
    assert "Среднее по листам." in rules and any(each.startswith("Равные баллы: ") for each in rules)
    kept = await fetch(
        "SELECT s.marks, s.handed_in_at FROM score_sheet s JOIN round_project p ON p.id = s.project JOIN seat e ON e.id = s.seat"
        " JOIN person h ON h.id = e.person WHERE s.round = $1 ORDER BY p.place, h.name, s.id", where.id,
    )  # fmt: skip
    assert len(marks) == len(kept) + 1
    for row, sheet in zip(marks[1:], kept, strict=True):
        assert [cell for cell in row[4:9] if cell != ""] == [
            mark / 1000 for mark in sheet["marks"] or () if mark is not None
        ]
        assert isinstance(row[-1], datetime) or not sheet["handed_in_at"]
    assert rows(content, "Самоотводы")[1][:2] == [where.jurors[2].name, result.placed[0].name]
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'sheets.exported'") == 1


async def test_what_people_typed_is_text(client):
    where = await played(teams=1)
    await execute("UPDATE person SET name = $2 WHERE id = $1", where.jurors[0].id, FORMULA)
    content = await book(client, where)
    archive = zipfile.ZipFile(io.BytesIO(content))
    sheets = [archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 8
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)
    assert all('state="frozen"' in sheet for sheet in sheets)
    assert FORMULA in [row[0] for row in rows(content, "Жюри")]


async def test_a_long_text_has_the_room_it_needs(client):
    """Programs other than Excel leave the rows of a new book one line high, and texts would cover each other."""
    where = await played(teams=1)
    await execute(
        "UPDATE score_sheet SET comment = $1, version = version + 1 WHERE handed_in_at IS NOT NULL",
        "Слово о проекте. " * 40,
    )
    sheet = zipfile.ZipFile(io.BytesIO(await book(client, where))).read("xl/worksheets/sheet4.xml").decode()
    heights = [float(height) for height in re.findall(r'<row r="\d+"[^>]* ht="([^"]+)"', sheet)]
    assert heights
    assert max(heights) >= 40 * 17 / 36 * 15
    await execute(
        "UPDATE score_sheet SET comment = $1, version = version + 1 WHERE handed_in_at IS NOT NULL", "б\n" * 1900
    )
    sheet = zipfile.ZipFile(io.BytesIO(await book(client, where))).read("xl/worksheets/sheet4.xml").decode()
    assert max(float(height) for height in re.findall(r' ht="([^"]+)"', sheet)) <= 409, "Excel refuses a higher row"


async def test_its_statements_do_not_grow_with_the_round(db, counting, tmp_path: Path):
    counts = []
    for teams in (1, 3):
        where = await played(teams=teams)
        scoring = await round_for(await where.organiser(), where.id)
        with counting() as said, speaking("ru", MOSCOW):
            await workbook.write(scoring, tmp_path / f"{teams}.xlsx", datetime.now(UTC))
        counts.append(len(said))
    assert counts[0] == counts[1]
