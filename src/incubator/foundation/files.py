"""Files that people put in, once they are whole: what they are, who may not have them any more, and how they go out.

The bytes lie in a folder under a random name; the row says what they are. How they come in is said in `uploads`.
"""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from piccolo.columns import UUID, BigInt, Timestamptz, Varchar
from piccolo.constraints import Check
from piccolo.table import Table

from incubator.foundation import scanner
from incubator.foundation.database import DB, execute, fetch_one, fetch_value, new_id
from incubator.foundation.file_types import ACCEPTED, KINDS, clean_name
from incubator.foundation.i18n import Message
from incubator.foundation.jobs import Waits, enqueue, handles
from incubator.settings import settings

__all__ = [
    "ACCEPTED", "KINDS", "LARGEST", "PLAIN", "PUT_ASIDE", "QUOTA", "SHOWN", "FileFacts", "StoredFile", "chunks", "discard",
    "disposition", "download_headers", "facts", "made_here", "quarantine", "readable", "shown_headers", "withheld",
]  # fmt: skip

Id: TypeAlias = uuid.UUID

PLAIN: Final = 20 * 1024 * 1024  # bytes in one file of a plain form
LARGEST: Final = 50 * 1024 * 1024  # bytes in one file that comes in pieces
LONGEST_MADE: Final = 120  # characters in the name of what is made here
QUOTA: Final = 500 * 1024 * 1024  # bytes for one owner (a team)
SHOWN: Final = {"application/pdf", "image/png", "image/jpeg"}
"""What a browser may show instead of saving it: no markup, no scripts, and judged by its content when it came."""


class StoredFile(Table, db=DB, tablename="stored_file"):
    """A file: whose it is, what it is, and its SHA-256. Its bytes lie at `folder()/ab/<id>`.

    `scan` says how it stands with the virus scanner. From `let_go_at` on it counts for nothing and waits to be erased.
    """

    id = UUID(primary_key=True, default=new_id)
    owner = UUID(null=False, default=None, index=True)
    name = Varchar(length=255, null=False)
    media_type = Varchar(length=120, null=False)
    size = BigInt(null=False)
    sha256 = Varchar(length=64, null=False)
    stored_at = Timestamptz(null=False, default=None)
    stored_by = UUID(null=True, default=None)
    quarantined_at = Timestamptz(null=True, default=None)
    scan = Varchar(length=8, null=False, default="none")
    let_go_at = Timestamptz(null=True, default=None)

    scan_known = Check("scan IN ('none', 'waiting', 'clean', 'found')")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a page says about a file; `size` in bytes. One in quarantine, or not scanned yet, is taken out by nobody."""

    id: Id
    name: str
    media_type: str
    size: int
    quarantined: bool = False
    waiting: bool = False

    @property
    def shown(self) -> bool:
        """Whether a browser may show it."""
        return self.media_type in SHOWN


def folder() -> Path:
    """Where the bytes lie."""
    return settings().var / "files"


def path(file_id: Id) -> Path:
    """Where the bytes of one file lie, from its first piece on."""
    return folder() / file_id.hex[-2:] / str(file_id)


FACTS: Final = """
SELECT id, name, media_type, size, quarantined_at IS NOT NULL AS quarantined, scan = 'waiting' AS waiting
FROM stored_file WHERE id = $1
"""


async def facts(file_id: Id) -> FileFacts | None:
    """What is known about a file, or None."""
    row = await fetch_one(FACTS, file_id)
    return FileFacts(**row) if row else None


# --- Going ------------------------------------------------------------------------------------------------------------


async def discard(file_id: Id) -> None:
    """Forget a file in the caller's transaction; its space is free at once, its bytes go after the commit."""
    await execute("DELETE FROM upload WHERE id = $1", file_id)
    await execute("DELETE FROM stored_file WHERE id = $1", file_id)
    await enqueue("file.erase", id=file_id)


@handles("file.erase")
async def erase(payload: Mapping[str, Any]) -> None:
    """Delete the bytes of a file that has no row any more; doing it twice does no harm."""
    file_id = Id(str(payload["id"]))
    known = "SELECT 1 FROM stored_file WHERE id = $1 UNION ALL SELECT 1 FROM upload WHERE id = $1"
    if await fetch_value(known, file_id) is None:
        await asyncio.to_thread(path(file_id).unlink, missing_ok=True)


# --- Quarantine -------------------------------------------------------------------------------------------------------

QUARANTINED = Message("This file was put aside as dangerous. Ask the team for another copy.")
WAITING = Message("This file is being checked for viruses. Try again in a minute.")

PUT_ASIDE: Final[list[Callable[[Id], Awaitable[None]]]] = []
"""Who wants to know, in the same transaction, that a file was put aside."""


def withheld(file: FileFacts) -> Message | None:
    """Why nobody gets this file out now, or None."""
    if file.quarantined:
        return QUARANTINED
    return WAITING if file.waiting else None


async def quarantine(file_id: Id) -> None:
    """Let nobody take this file out (a scanner found something); the row and the bytes stay as evidence."""
    async with DB.transaction():
        put = "UPDATE stored_file SET quarantined_at = now() WHERE id = $1 AND quarantined_at IS NULL"
        if await execute(put, file_id):
            for tell in PUT_ASIDE:
                await tell(file_id)


@handles("file.scan")
async def scan(payload: Mapping[str, Any]) -> None:
    """Show a file to the virus scanner; without one any more, it goes out as files did before there was one."""
    file_id = Id(str(payload["id"]))
    found, state, address = "", "none", settings().clamd_url
    there: bool = await asyncio.to_thread(path(file_id).is_file)
    if address and there:
        try:
            found = await scanner.scan(address, chunks(file_id))
        except (OSError, TimeoutError, scanner.ScannerError) as fault:
            raise Waits(f"the virus scanner does not answer: {fault}") from fault
        state = "found" if found else "clean"
    async with DB.transaction():
        await execute("UPDATE stored_file SET scan = $2 WHERE id = $1", file_id, state)
        if found:
            await quarantine(file_id)


# --- Coming out -------------------------------------------------------------------------------------------------------


async def chunks(file_id: Id, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    """The bytes of a file, read off the event loop."""
    with await asyncio.to_thread(path(file_id).open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, size):
            yield piece


def readable(file_id: Id) -> bool:
    """Whether the bytes are where the row says; looked at before a download begins."""
    return path(file_id).is_file()


def disposition(name: str, how: str = "attachment") -> str:
    """A Content-Disposition with a name in any script (RFC 6266, RFC 8187)."""
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def made_here(suffix: str, *words: str) -> str:
    """The disposition of something that was made here, «Протокол, Полуфинал.pdf»: two rounds aren't mixed up on a disk."""
    said = ", ".join(words).replace("/", "–").replace("\\", "–")
    return disposition(clean_name(f"{said[:LONGEST_MADE].rstrip(' .,')}{suffix}"))


def download_headers(file: FileFacts) -> dict[str, str]:
    """Headers with which a browser saves the file and never shows or runs it."""
    return {
        "content-disposition": disposition(file.name),
        "content-length": str(file.size),
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "private, no-store",
    }


def shown_headers(file: FileFacts) -> dict[str, str]:
    """Headers with which a browser shows one of `SHOWN` and nothing in it can act."""
    return {**download_headers(file), "content-disposition": disposition(file.name, "inline")}
