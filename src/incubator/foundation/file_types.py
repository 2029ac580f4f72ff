"""What a file really is: its type by content, never by its name, and what about it is refused. Pure.

Written policy: the office's own kinds only; no macros, no scripts or programs inside, nothing that unpacks to much more
than it is. A container is judged by its table of contents alone and is never unpacked.
"""

import io
import mmap
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, Final, TypeAlias

from incubator.foundation.i18n import N_, Message
from incubator.foundation.refusals import Refused

Content: TypeAlias = bytes | mmap.mmap
"""A whole small file, or a large one that stays on its disk."""

OFFICE: Final = "application/vnd.openxmlformats-officedocument"
OPEN_DOCUMENT: Final = "application/vnd.oasis.opendocument"
ACCEPTED: Final = {
    ".pdf": "application/pdf",
    ".docx": f"{OFFICE}.wordprocessingml.document",
    ".xlsx": f"{OFFICE}.spreadsheetml.sheet",
    ".pptx": f"{OFFICE}.presentationml.presentation",
    ".odt": f"{OPEN_DOCUMENT}.text",
    ".ods": f"{OPEN_DOCUMENT}.spreadsheet",
    ".odp": f"{OPEN_DOCUMENT}.presentation",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".txt": "text/plain",
    ".csv": "text/csv",
}
KINDS: Final = ", ".join(suffix[1:] for suffix in ACCEPTED if suffix != ".jpeg")
"""What people are told before they choose a file."""

MOST_ENTRIES: Final = 10_000  # in a container
MOST_CONTENTS: Final = 4 * 1024 * 1024  # bytes of its table of contents
MOST_UNPACKED: Final = 300 * 1024 * 1024  # bytes
WORST_RATIO: Final = 200  # unpacked to packed, from RATIO_FROM unpacked bytes up
RATIO_FROM: Final = 20 * 1024 * 1024
MOST_PIXELS: Final = 100_000_000
MOST_SEGMENTS: Final = 5_000  # of a JPEG before its picture
MOST_ENTRY_READ: Final = 256 * 1024
MOST_TEXT: Final = 20 * 1024 * 1024  # bytes of plain text, which is looked through as a whole
TEST_VIRUS: Final = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
LONGEST_NAME: Final = 150  # characters
RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")

NOT_ACCEPTED = N_("Files of this kind are not accepted. Use one of: {kinds}.")
NOT_WHAT_IT_SAYS = N_(
    "The content of “{name}” is not a {kind} file. Save it again in its program and choose it once more."
)
HAS_MACROS = N_("“{name}” contains macros or scripts. Save it without them and choose it once more.")
TOO_DENSE = N_("“{name}” unpacks to far more than its size. Save it again in its program or split it in two.")
TOO_MANY_PIXELS = N_("The picture “{name}” is too large. Make it smaller: at most 100 megapixels.")
TOO_LONG = N_("“{name}” is a text of more than 20 MB. Split it in two.")
VIRUS = N_("“{name}” looks like a virus and was not taken.")


class Unfit(Exception):  # noqa: N818  (an answer to a person)
    """The content is refused; `msgid` says why, with the file's name and kind as placeholders."""

    def __init__(self, msgid: str) -> None:
        super().__init__(msgid)
        self.msgid = msgid


def clean_name(raw: str) -> str:
    """The last part of a file's name without anything that a terminal, a header or a disk could stumble over."""
    last = unicodedata.normalize("NFC", raw[:4000]).replace("\\", "/").rpartition("/")[2]
    kept = "".join(" " if c.isspace() else c for c in last if (c.isprintable() or c.isspace()) and c not in '<>:"|?*')
    stem, dot, suffix = re.sub(" +", " ", kept).strip(" .").rpartition(".")
    if not dot or len(suffix) > 10:
        stem, dot, suffix = stem + dot + suffix, "", ""
    short = f"{stem[:LONGEST_NAME].rstrip(' .')}{dot}{suffix}".strip(" .")
    return f"_{short}" if RESERVED.fullmatch(short) else short or "file"


def kind_of(name: str) -> str:
    """The suffix of a name, in lower case; raises Refused for a kind that is not taken whatever is in it."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in ACCEPTED:
        raise Refused(Message(NOT_ACCEPTED, kinds=KINDS))
    return suffix


def true_type(name: str, content: Content) -> str:
    """The media type of the content; raises Refused when it is not what the name says, or nothing that we take."""
    suffix = kind_of(name)
    try:
        if content.find(TEST_VIRUS) >= 0:
            raise Unfit(VIRUS)
        CHECKS[suffix](suffix, content)
    except Unfit as reason:
        raise Refused(Message(reason.msgid, name=name, kind=suffix)) from None
    return ACCEPTED[suffix]


def _need(right: object, msgid: str = NOT_WHAT_IT_SAYS) -> None:
    if not right:
        raise Unfit(msgid)


# --- Documents --------------------------------------------------------------------------------------------------------


ACTIVE: Final = re.compile(rb"/(?:JavaScript|Launch)\b")
ESCAPED: Final = re.compile(rb"/[A-Za-z]*#[0-9A-Fa-f]{2}[A-Za-z#0-9]{0,40}")


def _pdf(_suffix: str, content: Content) -> None:
    _need(content[:5] == b"%PDF-" and b"%%EOF" in content[-2048:])
    _need(not ACTIVE.search(content), HAS_MACROS)
    # A name may be written with its letters as numbers: /J#61vaScript (ISO 32000, 7.3.5).
    names = (re.sub(rb"#([0-9A-Fa-f]{2})", _letter, found[0]) for found in ESCAPED.finditer(content))
    _need(not any(ACTIVE.match(name) for name in names), HAS_MACROS)


def _letter(number: re.Match[bytes]) -> bytes:
    return bytes((int(number[1], 16),))


class _Reading(io.RawIOBase):
    """Content as a file that can be read anywhere, without a copy of it."""

    def __init__(self, content: Content) -> None:
        self.content, self.place = content, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        self.place = max(0, place + {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: len(self.content)}[whence])
        return self.place

    def readinto(self, room: Any) -> int:
        into = memoryview(room)
        piece = self.content[self.place : self.place + len(into)]
        into[: len(piece)] = piece
        self.place += len(piece)
        return len(piece)


def _container(content: Content) -> zipfile.ZipFile:
    """A ZIP whose table of contents is of a size that is safe to read."""
    _need(content[:4] == b"PK\x03\x04")
    end = content.rfind(b"PK\x05\x06", -66_000)
    _need(end >= 0 and len(content) >= end + 22)
    entries, contents = struct.unpack_from("<HI", content, end + 10)
    _need(0 < entries <= MOST_ENTRIES and contents <= MOST_CONTENTS, TOO_DENSE)
    try:
        return zipfile.ZipFile(_Reading(content))
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, UnicodeDecodeError):
        raise Unfit(NOT_WHAT_IT_SAYS) from None


def _fits(archive: zipfile.ZipFile, packed: int) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    _need(unpacked <= MOST_UNPACKED, TOO_DENSE)
    _need(unpacked < RATIO_FROM or unpacked <= packed * WORST_RATIO, TOO_DENSE)
    _need(not any(entry.flag_bits & 1 for entry in entries))  # encrypted


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """A small entry; nothing when it is missing, too long or damaged."""
    try:
        with archive.open(name) as entry:
            return entry.read(MOST_ENTRY_READ)
    except (KeyError, zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError, RuntimeError, zlib.error):
        return b""


def _office(suffix: str, content: Content) -> None:
    """Office Open XML: the list of content types names the main part; macros have parts of their own."""
    archive = _container(content)
    types = _read(archive, "[Content_Types].xml").lower()
    _need(b"macroenabled" not in types and not any(_is_macro(name) for name in archive.namelist()), HAS_MACROS)
    _need(f"{ACCEPTED[suffix]}.main+xml".encode() in types)
    _fits(archive, len(content))


def _open_document(suffix: str, content: Content) -> None:
    """OpenDocument: the first entry is the media type, uncompressed (OpenDocument 1.3, part 2, 3.3)."""
    archive = _container(content)
    _need(_read(archive, "mimetype").strip() == ACCEPTED[suffix].encode())
    _need(not any(_is_macro(name) for name in archive.namelist()), HAS_MACROS)
    _fits(archive, len(content))


def _is_macro(entry: str) -> bool:
    lower = entry.lower()
    inside = lower.startswith(("basic/", "scripts/")) and lower.endswith((".xml", ".py", ".js", ".bsh"))
    return inside or lower.endswith(("vbaproject.bin", "vbadata.xml")) or "/activex/" in lower


# --- Pictures ---------------------------------------------------------------------------------------------------------


def _png(_suffix: str, content: Content) -> None:
    _need(content[:8] == b"\x89PNG\r\n\x1a\n" and content[12:16] == b"IHDR")
    _need(b"IEND" in content[max(33, len(content) - 16) :])
    width, height = struct.unpack_from(">II", content, 16)
    _need(0 < width * height <= MOST_PIXELS, TOO_MANY_PIXELS)


def _jpeg(_suffix: str, content: Content) -> None:
    _need(content[:3] == b"\xff\xd8\xff")
    size = next(_frames(content), None)
    _need(size is not None)
    _need(0 < (size or 0) <= MOST_PIXELS, TOO_MANY_PIXELS)


def _frames(content: Content) -> Iterator[int]:
    """Pixels of each frame header (SOF) before the first scan."""
    place = 2
    for _ in range(MOST_SEGMENTS):
        if place + 9 >= len(content) or content[place] != 0xFF:
            return
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4])
        if marker == 0xFF:  # a fill byte
            place += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", content, place + 5)
            yield width * height
        if marker == 0xDA or length < 2:
            return
        place += 2 + length


# --- Plain text -------------------------------------------------------------------------------------------------------

MARKS: Final = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
MARKUP: Final = re.compile(r"<\s*(?:!doctype|html|script|svg|body|iframe|\?xml)|^\s*<", re.IGNORECASE)
NOT_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")


def _text(_suffix: str, content: Content) -> None:
    """Text of people: in UTF-8, UTF-16 with its mark, or Windows-1251; no control characters, no markup at its head."""
    _need(len(content) <= MOST_TEXT, TOO_LONG)
    head = content[:3]
    mark = next((mark for mark in MARKS if head.startswith(mark)), b"")
    text = _decoded(content[len(mark) :], MARKS.get(mark, ""))
    _need(not NOT_IN_TEXT.search(text))
    _need(not MARKUP.search(text[:4096]))


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        _need(not encoding)
        return content.decode("cp1251", "replace")


CHECKS: Final[dict[str, Callable[[str, Content], None]]] = {
    ".pdf": _pdf,
    **dict.fromkeys((".docx", ".xlsx", ".pptx"), _office),
    **dict.fromkeys((".odt", ".ods", ".odp"), _open_document),
    ".png": _png,
    **dict.fromkeys((".jpg", ".jpeg"), _jpeg),
    **dict.fromkeys((".txt", ".csv"), _text),
}
