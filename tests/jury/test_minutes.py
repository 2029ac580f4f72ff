"""Minutes: what they say is what the round came to; who may have them; Word and PDF say the same."""

import io
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from docx import Document as Word
from docx.oxml.ns import qn

import cast
import documents
from incubator.foundation import printing
from incubator.foundation.database import execute, fetch, fetch_one, fetch_value
from incubator.foundation.i18n import MOSCOW, speaking
from incubator.foundation.refusals import Forbidden, Refused
from incubator.jury.conflicts import declaring
from incubator.jury.minutes import actions, queries
from incubator.jury.minutes.gathering import facts
from incubator.jury.minutes.rules import Draft
from incubator.jury.office import conducting
from incubator.jury.pages import signing
from incubator.jury.pitch import running
from incubator.jury.result import deliberating, standings
from incubator.jury.result.rules import DecisionKind, Motion
from incubator.jury.rounds import round_for
from incubator.jury.sheets.papers import Step, code_of
from jury.test_paper import typed

HOSTILE = '#panic() <w:p> {{ 7*7 }} "$x$" \\ @a &amp; *ж* _Ё_ 漢 <script>'
MARKS = ((9, 8, 9, 8, 7), (7, 7, 7, 7, 7), (7, 7, 7, 7, 7))


async def played(*, teams: int = 3, jurors: int = 3, lock: bool = True, scored: int = 0) -> cast.RoundOfCast:
    """A round with a tie, a recusal, a juror who confirmed, a decision with votes; `scored` jurors hand in, else all."""
    where = await cast.scoring_round(teams=teams, jurors=jurors)
    refuses = await cast.viewer(where.jurors[2])
    await declaring.declare(refuses, where.id, {where.teams[0].id: "Двоюродный брат главы"})
    for seat, juror in enumerate(where.jurors[: scored or jurors]):
        for number in range(teams):
            if not (seat == 2 and number == 0):
                given = MARKS[min(number, 2)]
                await cast.score(where, juror, await where.project(number), *given, comment="Слово жюри")
    await signing.sign(await cast.viewer(where.jurors[0]), where.id)
    if lock:
        await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    return where


async def document_of(where: cast.RoundOfCast, language: str = "ru"):
    runs = await where.organiser()
    with speaking(language, MOSCOW):
        return (await queries.drawn_up(await round_for(runs, where.id), None, runs.now))[0]


async def draft(where: cast.RoundOfCast, **changes: str) -> Draft:
    runs = await where.organiser()
    scoring = await round_for(runs, where.id)
    with speaking("ru", MOSCOW):
        found = queries.proposed(scoring, await standings.result_for(scoring), runs.now).draft
    return Draft(**{**{name: getattr(found, name) for name in Draft.__slots__}, **changes})


# --- What they say ----------------------------------------------------------------------------------------------------


async def test_they_say_what_the_round_came_to(db):
    where = await played()
    runs = await where.organiser()
    motion = Motion(DecisionKind.AWARD, "За смелость", "Премия жюри", str(await where.project(1)), 2, 1, 0)
    await deliberating.decide(runs, where.id, motion)
    said = await document_of(where)
    result = await standings.count_up(await round_for(runs, where.id))
    assert [(each["team"], each["rank"]) for each in said["summary"]] == [
        (row.name, str(row.place)) for row in result.placed
    ]
    assert [Decimal(each["total"].replace(",", ".")) for each in said["summary"]] == [
        Decimal(row.total) for row in result.placed
    ]
    assert {each["name"] for each in said["jury"]} == {each.name for each in where.jurors}
    assert [(each["juror"], each["team"]) for each in said["recusals"]] == [
        (where.jurors[2].name, result.placed[0].name)
    ]
    assert "Двоюродный брат главы" in said["recusals"][0]["reason"]
    assert said["unsigned"] == sorted(each.name for each in where.jurors[1:])
    assert len(said["order"]) == 3
    (tied,) = said["ties"]
    assert all(f"{row.name} ({row.place} место" in tied for row in result.placed[1:])
    assert "Ни одно место не зависит от округления: неокруглённые итоги дают тот же порядок." in said["rules"]
    assert said["decisions"][0]["what"] == "Номинация: За смелость"
    assert (
        said["decisions"][0] | {"title": "За смелость", "for": "2", "against": "1", "outcome": "принято"}
        == said["decisions"][0]
    )
    assert sum(len(each["rows"]) for each in said["annex"]) == await fetch_value(
        "SELECT count(*) FROM score_sheet WHERE round = $1", where.id
    )


async def test_they_say_who_changed_places_and_which_paper_was_lost(client):
    """The draw with its seed, the reason of a swap, and each sheet of paper that was typed and not recorded, by name."""
    where = await played(jurors=4, lock=False, scored=3)
    one, other = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    await running.begin(one, where.id)
    seed = await running.draw(one, where.id)
    before = [
        row["id"] for row in await fetch("SELECT id FROM round_project WHERE round = $1 ORDER BY place", where.id)
    ]
    await running.swap(one, where.id, before[1], before[2], "Опоздал поезд")
    sheets = await fetch(
        "SELECT s.id FROM score_sheet s JOIN seat e ON e.id = s.seat JOIN round_project p ON p.id = s.project"
        " WHERE e.person = $1 ORDER BY p.place", where.jurors[3].id,
    )  # fmt: skip
    once, differs, recorded = (row["id"] for row in sheets)
    for sheet, marks in ((once, (5,)), (differs, (5, 6)), (recorded, (7, 7))):
        for who, step, mark in zip((one, other), (Step.FIRST, Step.SECOND), marks, strict=False):
            await typed(who, where, sheet, step, *(mark,) * 5)
    runs = await where.organiser()
    await conducting.lock_round(runs, where.id, confirmed_missing=2)
    said = await document_of(where)
    drawn, swap = said["swapped"]
    assert (drawn["teams"], drawn["reason"]) == ("все команды", f"разыграны жребием, число {seed}")
    teams = [await fetch_value("SELECT t.name FROM round_project p JOIN team t ON t.id = p.team WHERE p.id = $1", each)
             for each in before]  # fmt: skip
    assert (swap["teams"], swap["reason"], swap["by"]) == (f"{teams[1]} – {teams[2]}", "Опоздал поезд", one.name)
    assert [(each["juror"], each["team"], each["code"], each["state"]) for each in said["papers"]] == [
        (where.jurors[3].name, f"1. {teams[0]}", code_of(once), "введён один раз, второго ввода нет"),
        (where.jurors[3].name, f"2. {teams[2]}", code_of(differs),
         "введён дважды, вводы расходятся, расхождение не разобрано"),
    ]  # fmt: skip
    await cast.sign_in(client, where.cohort.organiser)
    address, russian = f"/rounds/{where.id}/minutes", {"accept-language": "ru"}
    word = Word(io.BytesIO((await client.get(f"{address}.docx", headers=russian)).content))
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    shown = (await client.get(address, headers=russian)).text
    paper = squeezed(documents.text((await client.get(f"{address}.pdf", headers=russian)).content))
    for text in (
        drawn["reason"],
        swap["teams"],
        "Опоздал поезд",
        code_of(once),
        code_of(differs),
        said["papers"][1]["state"],
    ):
        assert text in cells
        assert text in shown
        assert squeezed(text) in paper
    assert code_of(recorded) not in cells


async def test_awards_are_proposed_as_soon_as_they_are_decided(db):
    """Minutes are drawn up between the lock and the publication, when no result holds the decisions yet."""
    where = await played()
    runs = await where.organiser()
    about = str(await where.project(1))
    for kind, title in (
        (DecisionKind.AWARD, "За смелость"),
        (DecisionKind.MENTION, "Живой язык"),
        (DecisionKind.AWARD, "Ошибка"),
    ):
        made = await deliberating.decide(runs, where.id, Motion(kind, title, "", about, 2, 1, 0))
    await deliberating.strike(runs, where.id, made, "Не та команда")
    team = await fetch_value("SELECT name FROM team WHERE id = $1", where.teams[1].id)
    assert (await document_of(where))["decision"][-2:] == [
        f"Номинация «За смелость»: {team}", f"Особое упоминание жюри «Живой язык»: {team}",
    ]  # fmt: skip


async def test_what_was_filed_before_is_printed_without_what_it_does_not_know(client):
    where = await played()
    runs = await where.organiser()
    await deliberating.decide(runs, where.id, Motion(DecisionKind.OTHER, "Повторить через год", "", "", 2, 1, 0))
    await actions.save(runs, where.id, await draft(where, number="7"), 0)
    await actions.file(runs, where.id)
    await execute(
        "UPDATE filed_minutes SET document = document - 'swapped' - 'papers' #- '{labels,swapped}' #- '{decisions,0,what}'"
    )
    await cast.sign_in(client, where.cohort.organiser)
    answer = await client.get(f"/rounds/{where.id}/minutes.pdf?version=1")
    assert answer.headers["content-type"] == "application/pdf"


async def test_sheets_have_the_marks_that_were_given_and_exact_totals(db):
    where = await played()
    said = await document_of(where)
    criteria = (await round_for(await where.organiser(), where.id)).rubric.criteria
    weights = [each.weight for each in criteria]
    rows = [row for sheet in said["annex"] for row in sheet["rows"] if row["total"] != "–"]
    assert len(rows) == 8
    for row in rows:
        marks = [Decimal(mark.replace(",", ".")) for mark in row["marks"]]
        wanted = sum(m * w for m, w in zip(marks, weights, strict=True)) / sum(weights)
        assert Decimal(row["total"].replace(",", ".")) == wanted.quantize(Decimal("0.01"))


async def test_a_sheet_of_a_conflict_has_neither_marks_nor_a_total(db):
    where = await cast.scoring_round(teams=1, jurors=3)
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(), 7, 7, 7, 8, 7)
    await declaring.declare(await cast.viewer(where.jurors[2]), where.id, {where.teams[0].id: "Сестра"})
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    assert await fetch_value("SELECT total FROM score_sheet WHERE state = 'recused'"), "the juror's mark is kept"
    (row,) = [
        each
        for sheet in (await document_of(where))["annex"]
        for each in sheet["rows"]
        if each["state"] == "Конфликт интересов"
    ]
    assert (set(row["marks"]), row["total"]) == ({"–"}, "–")


async def test_the_root_is_that_of_the_ledger_and_its_command_verifies(db):
    from incubator.jury.ledger import book

    where = await played()
    said = await document_of(where)
    assert said["root"] == await book.root_of(where.id)
    assert said["command"].endswith(said["root"])
    assert int(said["entries"]) == len(await book.entries(where.id))


async def test_of_a_reopened_sheet_there_is_no_value(db):
    where = await played()
    await execute(
        "UPDATE score_sheet SET reopened_at = now(), state = 'draft', version = version + 1 WHERE id ="
        " (SELECT id FROM score_sheet WHERE round = $1 AND state = 'handed_in' LIMIT 1)", where.id,
    )  # fmt: skip
    said = await document_of(where)
    hidden = [row for sheet in said["annex"] for row in sheet["rows"] if row["state"] == "Черновик"]
    assert [(set(row["marks"]), row["total"], row["comment"]) for row in hidden] == [({"–"}, "–", "")]


async def test_the_number_of_statements_is_the_same_for_one_project_and_for_three(db, counting):
    counts = []
    for teams in (1, 3):
        where = await played(teams=teams)
        scoring = await round_for(await where.organiser(), where.id)
        with counting() as said:
            await facts(scoring)
        counts.append(len(said))
    assert counts[0] == counts[1] <= 13


# --- Drawing up -------------------------------------------------------------------------------------------------------


async def test_they_are_saved_filed_and_stay_as_they_were_filed(db):
    where = await played()
    runs = await where.organiser()
    with pytest.raises(Refused):
        await actions.file(runs, where.id)
    await actions.save(runs, where.id, await draft(where, number="7"), 0)
    with speaking("ru", MOSCOW):
        assert await actions.file(runs, where.id) == 1
    await actions.save(runs, where.id, await draft(where, number="8"), 1)
    assert (await queries.filed_document(where.id, 1))[0]["title"] == "Протокол № 7"
    assert (await document_of(where))["title"] == "Протокол № 8"
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb IN ('minutes.saved', 'minutes.filed')") == 3


async def test_what_somebody_else_saved_is_not_written_over(db):
    where = await played()
    runs = await where.organiser()
    await actions.save(runs, where.id, await draft(where, number="1"), 0)
    with pytest.raises(Refused):
        await actions.save(runs, where.id, await draft(where, number="2"), 0)
    assert await fetch_value("SELECT number FROM minutes WHERE round = $1", where.id) == "1"


async def test_before_the_lock_nobody_draws_them_up(db):
    where = await played(lock=False)
    with pytest.raises(Forbidden):
        await actions.save(await where.organiser(), where.id, await draft(where), 0)


async def test_the_form_keeps_what_was_typed_and_the_preview_saves_nothing(client):
    where = await played()
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/minutes"
    typed = {"number": "15", "held_on": "", "place": "Актовый зал", "version": "0"}
    answer = await client.post(address, data=typed, headers={"accept-language": "ru"})
    assert answer.status_code == 422
    assert ">Дата заседания: " in answer.text
    assert "Актовый зал" in answer.text
    shown = await client.post(
        f"{address}/preview", data={**typed, "held_on": "2026-11-20"}, headers={"hx-request": "true"}
    )
    assert shown.status_code == 200
    assert "Актовый зал" in shown.text
    assert "20\u00a0ноября 2026" in shown.text
    assert (await client.post(f"{address}/preview", data=typed)).status_code == 422
    assert await fetch_value("SELECT count(*) FROM minutes") == 0
    assert (await client.post(address, data={**typed, "held_on": "2026-11-20"})).status_code == 303
    assert dict(await fetch_one("SELECT number, version FROM minutes") or {}) == {"number": "15", "version": 1}


# --- PDF and Word -----------------------------------------------------------------------------------------------------


def squeezed(text: str) -> str:
    """A text without spaces and the hyphens with which lines end."""
    return re.sub(r"[\s\u00ad\u2010-]+", "", text)


async def test_the_pdf_keeps_both_standards_and_says_the_same(client):
    where = await played()
    runs = await where.organiser()
    await execute("UPDATE person SET name = $2 WHERE id = $1", where.jurors[1].id, HOSTILE)
    await actions.save(runs, where.id, await draft(where, number="3/2", notes=HOSTILE), 0)
    await cast.sign_in(client, where.cohort.organiser)
    answer = await client.get(f"/rounds/{where.id}/minutes.pdf", headers={"accept-language": "ru"})
    assert answer.headers["content-type"] == "application/pdf"
    paper = documents.read(answer.content)
    assert (paper.part, paper.conformance, paper.accessible, paper.faults) == ("2", "B", "1", ())
    assert (paper.language, paper.title) == ("ru", "Протокол № 3/2 заседания жюри")
    assert {"/Table", "/TH", "/TD", "/H1", "/H2", "/H3"} <= paper.tags
    read, said = squeezed(documents.text(answer.content)), await document_of(where)
    told = (
        [each["team"] for each in said["summary"]]
        + [each["total"] for each in said["summary"]]
        + said["rules"]
        + said["ties"]
    )
    for text in (*told, said["root"], said["jury"][0]["name"], HOSTILE):
        assert squeezed(text.replace("漢", "◊")) in read, text
    assert all(f"{page}/{paper.pages}" in read for page in range(1, paper.pages + 1))
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'minutes.taken'") == 1


async def test_what_jurors_wrote_stands_as_wide_as_the_page(db):
    said, at = await document_of(await played()), datetime(2026, 11, 20, tzinfo=UTC)
    before = documents.read(await printing.pdf("minutes.typ", said, at)).pages
    sheets = [each for part in said["annex"] for each in part["rows"]]
    for each in sheets:
        each["comment"] = " ".join(f"слово{number}" for number in range(400))
    content = await printing.pdf("minutes.typ", said, at)
    paper = documents.read(content)
    assert squeezed(documents.text(content)).count("слово399") == len(sheets) > 4
    assert paper.pages <= before + len(sheets), "a comment fills less than a page of its own"
    assert paper.faults == ()


async def test_the_word_file_of_the_shipped_template_says_the_same(client):
    where = await played()
    runs = await where.organiser()
    await execute("UPDATE person SET name = $2 WHERE id = $1", where.jurors[1].id, HOSTILE)
    await actions.save(runs, where.id, await draft(where, number="3/2", notes=HOSTILE), 0)
    await cast.sign_in(client, where.cohort.organiser)
    answer = await client.get(f"/rounds/{where.id}/minutes.docx", headers={"accept-language": "ru"})
    word, said = Word(io.BytesIO(answer.content)), await document_of(where)
    paragraphs = [each.text for each in word.paragraphs]
    assert HOSTILE in paragraphs
    assert said["title"] in paragraphs
    assert not [text for text in paragraphs if "{%" in text]
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in word.tables]
    summary = [[each[name] for name in ("rank", "team", "title", "sheets", "total", "tie")] for each in said["summary"]]
    assert any(rows[1:] == summary for rows in tables)
    assert any([HOSTILE in row for row in rows] for rows in tables)
    assert len([rows for rows in tables if len(rows[0]) == 5 and rows[0][1] == "Критерий"]) == len(said["annex"])
    assert word.styles["Normal"].font.name == "PT Astra Serif"
    foot = word.sections[0].footer.paragraphs[0]
    assert foot.text.startswith("Страница ")
    assert [each.get(qn("w:instr")) for each in foot._p.iter(qn("w:fldSimple"))] == ["PAGE", "NUMPAGES"]
    fonts = zipfile.ZipFile(io.BytesIO(answer.content)).read("word/fontTable.xml").decode()
    assert '<w:font w:name="PT Astra Serif"><w:altName w:val="Times New Roman"/>' in fonts


async def test_one_takes_home_ones_own_sheets_and_nobody_elses(client):
    where = await played()
    await cast.sign_in(client, where.jurors[0])
    answer = await client.get(f"/rounds/{where.id}/mine.pdf", headers={"accept-language": "ru"})
    paper, read = documents.read(answer.content), documents.text(answer.content)
    assert (paper.part, paper.accessible, paper.faults) == ("2", "1", ())
    assert where.jurors[0].name in read
    assert where.jurors[1].name not in read
    assert squeezed(
        await fetch_value("SELECT encode(signature, 'hex') FROM seat WHERE person = $1", where.jurors[0].id)
    ) in squeezed(read)
    await cast.sign_in(client, where.cohort.organiser)
    assert (await client.get(f"/rounds/{where.id}/mine.pdf")).status_code in {403, 404}
