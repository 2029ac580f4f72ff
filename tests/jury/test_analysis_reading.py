"""Anybody's table: the dialects that are read, and every bad row named by line and reason."""

import io
import zipfile
from xml.sax.saxutils import escape

import pytest

from incubator.foundation import locales
from incubator.jury.analysis.reading import Unreadable, read, read_weights

PLAIN = "project,juror,score\nA,x,8.5\nA,y,7\nB,x,6\n"


def rows(marks):
    return [
        (marks.projects[p], marks.jurors[j], marks.criteria[c] if marks.criteria else "", mark)
        for p, j, c, mark in zip(marks.project, marks.juror, marks.criterion, marks.mark, strict=True)
    ]


EXPECTED = [("A", "x", "", 8.5), ("A", "y", "", 7.0), ("B", "x", "", 6.0)]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace(",", ";").replace("8.5", "8,5"),
        PLAIN.replace(",", "\t").replace("8.5", "8,5"),
        "sep=;\n" + PLAIN.replace(",", ";"),
        "\n\n" + PLAIN + "\n,,\n  \n",
        PLAIN.replace("8.5", '"8,5"').replace("A,", '"A",'),
        PLAIN.replace("project,juror,score", " Project ,JUROR,Score"),
        PLAIN.replace("project,juror,score", "Проект,Эксперт,Балл"),
        'juror,note,score,project\nx,"a, b",8.5,A\ny,,7,A\nx,"line\nbreak",6,B\n',
        "project,juror,score,comment\nA,x,8.5,good\nA,y,7\nB,x,6,\n",
        PLAIN.rstrip("\n"),
    ],
)
def test_dialects(content):
    assert rows(read(content.encode())) == EXPECTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1251"])
def test_encodings(encoding):
    text = "проект;эксперт;балл\nСпасск-Дальний;Иванова Ё.;7,5\n"
    assert rows(read(text.encode(encoding))) == [("Спасск-Дальний", "Иванова Ё.", "", 7.5)]


def test_gaps_and_criteria():
    found = read(b"project,juror,criterion,score\nA,x,idea,8\nA,x,team,\nB,y,idea,-1.5e0\n")
    assert found.criteria == ("idea", "team")
    assert rows(found)[0] == ("A", "x", "idea", 8)
    assert rows(found)[1][3] != rows(found)[1][3], "a blank is nan"
    assert rows(found)[2] == ("B", "y", "idea", -1.5)


def test_a_blank_repeats_nothing():
    assert len(rows(read(b"project,juror,score\nA,x,\nA,x,5\nA,x,\n"))) == 3


def test_turns():
    assert read(b"project,juror,score,turn\nA,x,8,1\nA,y,7,2\n", "Turn").order == [1.0, 2.0]
    assert read(b"project,juror,score,turn\nA,x,8,first\nA,y,7,2\n").order == []


def faults(content, **words):
    with pytest.raises(Unreadable) as caught, locales.speaking("en", locales.MOSCOW):
        read(content.encode() if isinstance(content, str) else content, **words)
    with locales.speaking("en", locales.MOSCOW):
        return caught.value.told().split("\n")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", ["the file is empty"]),
        ("\n;;\n", ["the file is empty"]),
        ("project,juror,score\n", ["no row has a mark"]),
        ("a,b,c\n1,2,3\n", ["line 1: no column is called project, juror, score"]),
        ("project,juror,score,Score\nA,x,1,2\n", ["line 1: two columns are called score"]),
        (PLAIN + "A,z,good\n", ["line 5: “good” is no number"]),
        (PLAIN + "A,z,nan\nA,w,inf\nA,v,1e999\nA,u,1_0\n", ["line 5: ", "line 6: ", "line 7: ", "line 8: "]),
        (PLAIN + ",z,5\nA,,5\n", ["line 5: no project", "line 6: no juror"]),
        (PLAIN + "A,z\n", ["line 5: 2 fields where the header has 3"]),
        (PLAIN + "A,z,8,5\n", ["line 5: 4 fields where the header has 3: text with a separator"]),
        (PLAIN + "\nB,x,6\n", ["line 6: x has a mark for B already, on line 4"]),
        ('project,juror,score\n"A\nB",x,5\nC,x,bad\n', ["line 4: “bad”"]),
        ("project,juror,criterion,score\nA,x,,5\n", ["line 2: no criterion"]),
        (
            "project,juror,criterion,score\nA,x,i,5\nA,x,t,5\nA,x,i,6\n",
            ["line 4: x has a mark for A, i already, on line 2"],
        ),
        (b"\x00\x01\x02", ["neither CSV nor a spreadsheet"]),
        (b"PK\x03\x04broken", ["the spreadsheet can't be read"]),
    ],
)
def test_faults(content, told):
    found = faults(content)
    assert len(found) == len(told)
    assert all(line.startswith(begin) for line, begin in zip(found, told, strict=True)), found


def test_a_column_of_turns_that_is_not_there():
    assert faults(PLAIN, order="turn") == [
        "line 1: no column is called turn; the first line names the columns, here: project, juror, score"
    ]


def test_of_many_faults_the_first_are_told():
    found = faults("project,juror,score\n" + "".join(f"p{at},x,bad\n" for at in range(100)))
    assert len(found) == 31
    assert found[-1] == "and 70 more"


def test_weights():
    assert read_weights("Idea=2, team=0.5;", ("idea", "team")) == {"idea": 2, "team": 0.5}
    for text in ("x=1", "idea", "idea=-1", "idea=a", "idea=0", "idea=1,idea=2", ""):
        with pytest.raises(Unreadable):
            read_weights(text, ("idea", "team"))
    with pytest.raises(Unreadable):
        read_weights("idea=1", ())


# --- Spreadsheets -----------------------------------------------------------------------------------------------------


def workbook(table):
    """The least .xlsx that holds these cells."""

    def cell(at, row, value):
        place = f"{'ABCDEFGH'[at]}{row}"
        if isinstance(value, str):
            return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        return f'<c r="{place}"><v>{value}</v></c>'

    lines = "".join(
        f'<row r="{number}">{"".join(cell(at, number, value) for at, value in enumerate(row) if value is not None)}</row>'
        for number, row in enumerate(table, 1)
        if row
    )
    main, relation = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org"
    office = f"{relation}/officeDocument/2006/relationships"
    package = f"{relation}/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Marks" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>',
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return held.getvalue()


def test_a_spreadsheet_with_empty_rows():
    table = [
        [],
        ["Project", "note", "Juror", "Score"],
        [1, None, 7.0, 8.5],
        [],
        ["1.0", None, "8", "7,5"],
        [2, "x", 7, None],
    ]
    found = rows(read(workbook(table)))
    assert found[:2] == [("1", "7", "", 8.5), ("1.0", "8", "", 7.5)]
    assert found[2][:2] == ("2", "7")


def test_a_bad_row_of_a_spreadsheet_has_the_number_that_the_program_shows():
    table = [[], ["project", "juror", "score"], [], ["A", "x", "bad"], [None, "x", 5]]
    assert faults(workbook(table)) == ["line 4: “bad” is no number", "line 5: no project"]
