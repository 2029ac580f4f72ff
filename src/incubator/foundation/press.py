"""Makes documents in a process of its own: PDF from a Typst template and data, Word from a Word template and data.

Run as a program (`printing.py` starts it), with an order as JSON on standard input and the document, or what is wrong
with the order, on standard output. What people typed comes as data and is never read as markup; a Word template, which
people upload, is a program in Jinja's language and runs in its sandbox, under limits of memory and time, without the
environment of the site. It knows nothing of ours but the standard library and the makers of the documents.
"""

import base64
import io
import json
import re
import resource
import struct
import sys
from pathlib import Path
from typing import Any

MEMORY = 1536 * 1024 * 1024  # bytes of address space
PROCESSOR = 60  # seconds
STANDARDS: list[Any] = ["a-2b", "ua-1"]
STAND_IN = "\N{LOZENGE}"
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")


class Fault(Exception):  # noqa: N818  (what is wrong with an order, for people)
    """`kind` is one of placeholder, syntax, unreadable; `words` what it is about."""

    def __init__(self, kind: str, words: str = "") -> None:
        super().__init__(kind)
        self.kind, self.words = kind, words


# --- PDF --------------------------------------------------------------------------------------------------------------


def pdf(order: dict[str, Any]) -> bytes:
    """PDF/A-2b and PDF/UA-1 at once, tagged, with both faces of the font inside."""
    import typst

    faces = sorted(Path(order["fonts"]).glob("*.ttf"))
    known = frozenset.intersection(*(letters(each.read_bytes()) for each in faces))
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[order["fonts"]])
    if not fonts.families():
        raise RuntimeError("no font: the document would be empty")
    data = json.dumps(drawable(order["data"], known), ensure_ascii=False)
    nowhere = order["templates"]  # packages are neither fetched nor found
    return typst.compile(
        str(Path(order["templates"], order["template"])), root=order["templates"], sys_inputs={"data": data},
        font_paths=fonts, ignore_system_fonts=True, pdf_standards=STANDARDS, format="pdf", timestamp=order["timestamp"],
        package_path=nowhere, package_cache_path=nowhere,
    )  # fmt: skip


def drawable(value: Any, known: frozenset[int]) -> Any:
    """The data with a lozenge for whatever the font can't draw: no document of a standard may have a hole in it."""
    if isinstance(value, dict):
        return {name: drawable(each, known) for name, each in value.items()}
    if isinstance(value, list):
        return [drawable(each, known) for each in value]
    if not isinstance(value, str):
        return value
    clean = INVISIBLE.sub("", value.replace("\t", " "))
    if known.issuperset(map(ord, clean)):
        return clean
    return "".join(each if ord(each) in known else STAND_IN for each in clean)


def letters(font: bytes) -> frozenset[int]:
    """The characters that a TrueType font draws (OpenType 1.9, `cmap`, formats 4 and 12), and the line break."""
    tables = {font[at : at + 4]: struct.unpack_from(">II", font, at + 8) for at in range(12, 12 + 16 * font[5], 16)}
    start = tables[b"cmap"][0]
    found = {10, 32}
    for number in range(struct.unpack_from(">H", font, start + 2)[0]):
        at = start + struct.unpack_from(">HHI", font, start + 4 + 8 * number)[2]
        kind = struct.unpack_from(">H", font, at)[0]
        found |= _segments(font, at) if kind == 4 else _groups(font, at) if kind == 12 else set()
    return frozenset(found)


def _segments(font: bytes, at: int) -> set[int]:
    count = struct.unpack_from(">H", font, at + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", font, at + 14)
    starts, deltas, offsets = (
        struct.unpack_from(f">{count}H", font, at + 16 + 2 * count * part) for part in (1, 2, 3)
    )  # fmt: skip
    places = at + 16 + 6 * count
    found = set()
    for number, (first, last, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        for letter in range(first, min(last, 0xFFFE) + 1):
            place = places + 2 * number + offset + 2 * (letter - first)
            glyph = letter + delta if not offset else struct.unpack_from(">H", font, place)[0]
            if glyph & 0xFFFF:
                found.add(letter)
    return found


def _groups(font: bytes, at: int) -> set[int]:
    found: set[int] = set()
    for number in range(struct.unpack_from(">I", font, at + 12)[0]):
        first, last = struct.unpack_from(">II", font, at + 16 + 12 * number)
        found.update(range(first, min(last, 0x10FFFF) + 1))
    return found


# --- Word -------------------------------------------------------------------------------------------------------------

MISSING = re.compile(r"'([^']+)' is undefined|has no attribute '([^']+)'|has no element '?([^']+)'?")


def docx(order: dict[str, Any]) -> bytes:
    """A Word template filled in; raises Fault for a placeholder that there is not, and for one that can't be read."""
    from docxtpl import DocxTemplate
    from jinja2 import StrictUndefined, TemplateError, UndefinedError
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    rules = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    filled = io.BytesIO()
    try:
        template = DocxTemplate(io.BytesIO(base64.b64decode(order["template"])))
        template.render(order["data"], jinja_env=rules, autoescape=True)
        template.save(filled)
    except SecurityError as fault:
        raise Fault("syntax", str(fault)) from fault
    except UndefinedError as fault:
        named = MISSING.search(str(fault))
        raise Fault("placeholder", next(filter(None, named.groups()), "") if named else str(fault)) from fault
    except TemplateError as fault:
        raise Fault("syntax", str(fault)) from fault
    except MemoryError:
        raise
    except Exception as fault:  # whatever a damaged file makes of its reader
        raise Fault("unreadable", type(fault).__name__) from fault
    return filled.getvalue()


def main() -> None:
    """Read one order, make it, answer."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR))
    order = json.load(sys.stdin.buffer)
    try:
        answer = b"+" + {"pdf": pdf, "docx": docx}[order["kind"]](order)
    except Fault as fault:
        answer = b"-" + json.dumps([fault.kind, fault.words]).encode()
    except MemoryError:
        answer = b"-" + json.dumps(["limits", ""]).encode()
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    main()
