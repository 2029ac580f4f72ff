"""The shipped Word template of the minutes, written by this program; and the names that a template may use.

An organiser downloads it, changes it in Word, and uploads it again. Headings come in the language of the moment.
"""

import io
from collections.abc import Sequence
from typing import Any, Final

from docx import Document as Word
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from incubator.foundation.i18n import Message, locale
from incubator.jury.minutes.words import LABELS

FACE: Final = "PT Astra Serif"
STAND_IN: Final = "Times New Roman"

# Tables: heading, list, name of a line, columns as (label, placeholder, width in millimetres).
TABLES: Final[Sequence[tuple[str, str, str, Sequence[tuple[str, str, int]]]]] = (
    ("jury", "jury", "seat",
     (("name", "name", 45), ("duty", "duty", 32), ("votes", "votes", 26), ("sheets", "sheets", 17), ("remark", "remark", 45))),
    ("recusals", "recusals", "recusal",
     (("juror", "juror", 33), ("team", "team", 32), ("reason", "reason", 42), ("when", "at", 30), ("replaced_by", "replaced_by", 28))),
    ("stepped", "stepped", "step",
     (("name", "substitute", 33), ("juror", "juror", 33), ("team", "teams", 32), ("reason", "reason", 37), ("when", "at", 30))),
    ("order", "order", "project",
     (("number", "number", 17), ("team", "team", 33), ("project", "title", 45), ("municipality", "municipality", 36),
      ("presented", "presented", 34))),
    ("swapped", "swapped", "swap",
     (("when", "at", 30), ("teams", "teams", 45), ("reason", "reason", 55), ("changed_by", "by", 35))),
    ("papers", "papers", "paper",
     (("juror", "juror", 33), ("team", "team", 33), ("code", "code", 24), ("state", "state", 45), ("typed_by", "typed_by", 30))),
    ("rules", "criteria", "criterion", (("criterion", "title", 120), ("weight", "weight", 20), ("scale", "scale", 25))),
    ("summary", "summary", "row",
     (("rank", "rank", 17), ("team", "team", 35), ("project", "title", 42), ("sheets", "sheets", 16), ("total", "total", 16),
      ("tie", "tie", 39))),
    ("not_assessed", "not_assessed", "row", (("team", "team", 55), ("project", "title", 90), ("sheets", "sheets", 20))),
    ("decisions", "decisions", "motion",
     (("decision", "what", 31), ("wording", "text", 37), ("team", "team", 24), ("for", "for", 11), ("against", "against", 17),
      ("abstained", "abstained", 26), ("outcome", "outcome", 19))),
)  # fmt: skip
UNLESS_NONE: Final = frozenset({"stepped", "swapped", "papers", "not_assessed", "decisions"})
"""Tables that are there, heading and all, only if something is in them; the others say that there is nothing."""
AFTER: Final = {"jury": "quorum", "rules": "rules", "not_assessed": "ties"}
"""Paragraphs that follow a table: a heading of their own unless it is the table's."""


def shipped() -> bytes:
    """The template as a file of Word."""
    word = _blank()
    _centred(word, "{{ title }}", bold=True, size=16)
    _centred(word, f"{_label('of_jury')}")
    _centred(word, "{{ round }}, {{ cohort }}")
    word.add_paragraph("{{ date }}\t{{ place }}")
    for name in ("present", "agenda"):
        _paragraphs(word, name)
    for heading, lines, each, columns in TABLES:
        _section(word, heading, lines, each, columns)
        if follows := AFTER.get(heading):
            _paragraphs(word, follows, headed=follows != heading)
    for name in ("decision", "notes"):
        _paragraphs(word, name)
    word.add_heading(_label("unsigned"), 2)
    word.add_paragraph("{{ unsigned | join(', ') or labels.nothing_missing }}")
    word.add_heading(_label("ledger"), 2)
    word.add_paragraph(f"{_label('root')}: {{{{ root }}}}")
    word.add_paragraph(f"{_label('entries')}: {{{{ entries }}}}")
    word.add_paragraph(f"{_label('check')}: {{{{ command }}}}")
    word.add_heading(_label("signatures"), 2)
    _repeated(word, "signatures", "line", "{{ line.duty }} ____________________ {{ line.name }}")
    word.add_page_break()
    _annex(word)
    saved = io.BytesIO()
    word.save(saved)
    return saved.getvalue()


def sample() -> dict[str, Any]:
    """A document in which every list has a line, so that each placeholder of an uploaded template is tried."""
    text = "–"
    tables: dict[str, Any] = {lines: [{name: text for _, name, _ in columns}] for _, lines, _, columns in TABLES}
    plain = dict.fromkeys(
        ("lang", "number", "date", "place", "round", "cohort", "title", "root", "entries", "command"), text
    )
    several = {
        name: [text] for name in ("agenda", "present", "decision", "notes", "quorum", "rules", "ties", "unsigned")
    }
    tables["summary"][0] |= {"municipality": text}
    tables["decisions"][0] |= {"title": text}
    sheet = {"team": text, "marks": [text], "total": text, "state": text, "comment": text, "reason": text}
    annex = {"juror": text, "duty": text, "criteria": [text], "rows": [sheet], "remark": text}
    return {
        **plain, **several, **tables, "signatures": [{"duty": text, "name": text}], "annex": [annex],
        "labels": {name: str(words) for name, words in LABELS.items()},
    }  # fmt: skip


def _label(name: str) -> str:
    return str(LABELS[name])


# --- Parts of a file of Word ------------------------------------------------------------------------------------------


def _blank() -> Any:
    word = Word()
    page = word.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin, page.right_margin, page.top_margin, page.bottom_margin = Mm(30), Mm(15), Mm(20), Mm(20)
    for name, size in (("Normal", 12), ("Heading 1", 16), ("Heading 2", 13), ("Heading 3", 12), ("Footer", 9)):
        _dress(word.styles[name], size)
    _stand_in(word)
    _numbered(page)
    word.core_properties.language = locale()
    word.core_properties.title = str(Message("Minutes"))
    return word


def _numbered(section: Any) -> None:
    """The number of the page and of all pages at its foot, as fields that Word counts."""
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    words = str(Message("Page {page} of {pages}", page="\0PAGE\0", pages="\0NUMPAGES\0"))
    for place, part in enumerate(words.split("\0")):
        if place % 2 == 0:
            foot.add_run(part)
            continue
        field = OxmlElement("w:fldSimple")
        field.set(qn("w:instr"), part)
        field.append(OxmlElement("w:r"))
        field[0].append(OxmlElement("w:t"))
        field[0][0].text = "1"
        foot._p.append(field)  # noqa: SLF001  (python-docx has no word for it)


def _stand_in(word: Any) -> None:
    """Say in the table of fonts what stands in for the face where it isn't installed."""
    font = f'<w:font w:name="{FACE}"><w:altName w:val="{STAND_IN}"/><w:family w:val="roman"/></w:font></w:fonts>'
    table = next(part for part in word.part.package.iter_parts() if str(part.partname) == "/word/fontTable.xml")
    table._blob = table.blob.replace(b"</w:fonts>", font.encode())  # noqa: SLF001  (python-docx has no word for it)


def _dress(style: Any, size: int) -> None:
    """The face of state offices, in every alphabet, black; and the language, which a screen reader needs."""
    style.font.name, style.font.size = FACE, Pt(size)
    style.font.color.rgb = None
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for kind in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(kind), FACE)
    for kind in ("w:asciiTheme", "w:hAnsiTheme", "w:cstheme", "w:eastAsiaTheme"):
        fonts.attrib.pop(qn(kind), None)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "ru-RU" if locale() == "ru" else "en-GB")
    style.element.get_or_add_rPr().append(language)


def _centred(word: Any, text: str, *, bold: bool = False, size: int = 12) -> None:
    paragraph = word.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(text)
    run.bold, run.font.size = bold, Pt(size)


def _paragraphs(word: Any, name: str, *, headed: bool = True) -> None:
    """The lines of a list, each in a paragraph, with a heading that is there only if they are."""
    word.add_paragraph(f"{{%p if {name} %}}")
    if headed:
        word.add_heading(_label(name), 2)
    _repeated(word, name, "line", "{{ line }}")
    word.add_paragraph("{%p endif %}")


def _repeated(word: Any, name: str, each: str, text: str) -> None:
    word.add_paragraph(f"{{%p for {each} in {name} %}}")
    word.add_paragraph(text)
    word.add_paragraph("{%p endfor %}")


def _section(word: Any, heading: str, lines: str, each: str, columns: Sequence[tuple[str, str, int]]) -> None:
    """A table under its heading; without lines it isn't there, or says so."""
    if heading not in UNLESS_NONE:
        word.add_heading(_label(heading), 2)
    word.add_paragraph(f"{{%p if {lines} %}}")
    if heading in UNLESS_NONE:
        word.add_heading(_label(heading), 2)
    heads = [(_label(label), width) for label, _, width in columns]
    _grid(word, heads, lines, each, [f"{{{{ {each}.{name} }}}}" for _, name, _ in columns])
    if heading not in UNLESS_NONE:
        word.add_paragraph("{%p else %}")
        word.add_paragraph(_label("none"))
    word.add_paragraph("{%p endif %}")


def _grid(word: Any, heads: Sequence[tuple[str, int]], lines: str, each: str, cells: Sequence[str]) -> None:
    """A table of four rows: the head, the beginning of the loop, its line, its end; Word repeats the head."""
    table = word.add_table(rows=4, cols=len(heads), style="Table Grid")
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for column, (_, width) in zip(table.columns, heads, strict=True):
        for cell in (column, *column.cells):  # programs differ in which of the two they obey
            cell.width = Mm(width)
    for cell, (text, _) in zip(table.rows[0].cells, heads, strict=True):
        cell.text = ""
        cell.paragraphs[0].add_run(text).bold = True
    table.rows[1].cells[0].text = f"{{%tr for {each} in {lines} %}}"
    for cell, text in zip(table.rows[2].cells, cells, strict=True):
        cell.text = text
    table.rows[3].cells[0].text = "{%tr endfor %}"
    head = OxmlElement("w:tblHeader")
    head.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(head)  # noqa: SLF001  (python-docx has no word for it)
    for row in table.rows:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001
        for cell in row.cells:
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(10)


def _annex(word: Any) -> None:
    word.add_heading(_label("annex"), 2)
    word.add_paragraph("{%p for sheet in annex %}")
    word.add_heading("{{ sheet.juror }} ({{ sheet.duty }})", 3)
    marks = "{% for mark in line.marks %}{{ sheet.criteria[loop.index0] }}: {{ mark }}{% if not loop.last %}; {% endif %}{% endfor %}"
    widths = (("team", 30), ("criterion", 50), ("total", 17), ("state", 25), ("comment", 43))
    heads = [(_label(name), width) for name, width in widths]
    _grid(word, heads, "sheet.rows", "line", ["{{ line.team }}", marks, "{{ line.total }}", "{{ line.state }}",
          "{{ line.comment }}{% if line.reason %} ({{ line.reason }}){% endif %}"])  # fmt: skip
    word.add_paragraph("{{ sheet.remark }}")
    word.add_paragraph("{%p endfor %}")
