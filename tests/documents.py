"""What a PDF is by itself: the standards it claims, its tags, its fonts, its text."""

import io
from dataclasses import dataclass

import pikepdf


@dataclass(frozen=True)
class Paper:
    """A PDF as an independent reader finds it; `faults` is what PDF/A-2b and PDF/UA-1 would not have."""

    title: str
    language: str
    part: str
    conformance: str
    accessible: str
    pages: int
    faults: tuple[str, ...]
    tags: frozenset[str]


def read(content: bytes) -> Paper:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        told = pdf.open_metadata()
        return Paper(
            title=str(told.get("dc:title")), language=str(pdf.Root.get("/Lang")), part=told.get("pdfaid:part"),
            conformance=told.get("pdfaid:conformance"), accessible=told.get("pdfuaid:part"), pages=len(pdf.pages),
            faults=tuple(faults(pdf)), tags=frozenset(tags(pdf)),
        )  # fmt: skip


def faults(pdf):
    root = pdf.Root
    if pdf.is_encrypted:
        yield "encrypted"
    if not root.get("/MarkInfo", {}).get("/Marked"):
        yield "not marked"
    if "/StructTreeRoot" not in root:
        yield "no structure"
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle"):
        yield "the title is not shown"
    if not any(each.get("/S") == "/GTS_PDFA1" for each in root.get("/OutputIntents", [])):
        yield "no output intent"
    for name in ("/JavaScript", "/EmbeddedFiles"):
        if name in root.get("/Names", {}):
            yield name
    for page in pdf.pages:
        if page.get("/Tabs") != "/S":
            yield "the order of tabs is not that of the structure"
        for font in page.get("/Resources", {}).get("/Font", {}).values():
            yield from faults_of_font(font)


def faults_of_font(font):
    if "/ToUnicode" not in font:
        yield f"{font.get('/BaseFont')} has no letters"
    for each in font.get("/DescendantFonts", [font]):
        described = each.get("/FontDescriptor", {})
        if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(described.keys()):
            yield f"{font.get('/BaseFont')} is not embedded"


def tags(pdf):
    """The kinds of structure elements."""
    return {
        str(each.get("/S"))
        for each in pdf.objects
        if isinstance(each, pikepdf.Dictionary) and "/P" in each and "/S" in each
    }


def text(content: bytes) -> str:
    """What the PDF says, as pages are read aloud; words that a line's end parts are one again."""
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
