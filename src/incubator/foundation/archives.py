"""Many files as one ZIP that is made while it is sent: memory stays flat however much there is."""

import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from incubator.foundation import files
from incubator.foundation.file_types import clean_name

PIECE: Final = 256 * 1024  # bytes read at once
LONGEST_FOLDER: Final = 80  # characters; whole paths stay well below what Windows can open
SQUEEZED: Final = {"text/plain", "text/csv"}  # all others are packed already


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive: its folders from the outside in, and what it is."""

    folders: tuple[str, ...]
    file: files.FileFacts
    at: datetime


class _Outlet(io.RawIOBase):
    """Where the archive is written to: what has come since the last look."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # any buffer
        self.held += piece
        return len(piece)

    def taken(self) -> bytes:
        piece = bytes(self.held)
        self.held.clear()
        return piece


def paths(entries: Sequence[Entry]) -> list[str]:
    """A path for each entry that no disk stumbles over; of two alike the later gets a number (case doesn't count)."""
    known: set[str] = set()
    found: list[str] = []
    for entry in entries:
        place = "/".join(folder_name(each) for each in entry.folders)
        name = clean_name(entry.file.name)
        path, number = f"{place}/{name}", 1
        while path.casefold() in known:
            number += 1
            stem, dot, suffix = name.rpartition(".")
            path = f"{place}/{stem} ({number}){dot}{suffix}" if dot else f"{place}/{name} ({number})"
        known.add(path.casefold())
        found.append(path)
    return found


def folder_name(title: str) -> str:
    """A title as the name of a folder."""
    return clean_name(clean_name(title.replace("/", "–").replace("\\", "–"))[:LONGEST_FOLDER])


async def zipped(entries: Sequence[Entry], listing: tuple[str, str]) -> AsyncIterator[bytes]:
    """The archive in pieces; `listing` is the name and the text of a file at its end.

    A file whose bytes are gone is left out, and the listing says so.
    """
    outlet, lost = _Outlet(), ""
    archive = zipfile.ZipFile(outlet, "w")
    for entry, path in zip(entries, paths(entries), strict=True):
        if not files.readable(entry.file.id):
            lost += f"\r\n– {path}"
            continue
        with archive.open(_head(path, entry), "w") as room:
            async for piece in files.chunks(entry.file.id, PIECE):
                room.write(piece)
                yield outlet.taken()
    name, text = listing
    archive.writestr(name, "\ufeff" + text + lost + "\r\n", zipfile.ZIP_DEFLATED)
    archive.close()
    yield outlet.taken()


def _head(path: str, entry: Entry) -> zipfile.ZipInfo:
    head = zipfile.ZipInfo(path, entry.at.timetuple()[:6])
    head.compress_type = zipfile.ZIP_DEFLATED if entry.file.media_type in SQUEEZED else zipfile.ZIP_STORED
    head.external_attr = 0o600 << 16
    return head
