"""Files that people put in: true type by content, size and quota, and a download that no browser will run.

The bytes lie in a folder under a random name; the row says what they are. Nothing is ever served inline.
"""

import asyncio
import hashlib
import os
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from piccolo.columns import UUID, BigInt, Timestamptz, Varchar
from piccolo.table import Table

from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.file_types import ACCEPTED, KINDS, clean_name, true_type
from incubator.foundation.i18n import Message
from incubator.foundation.jobs import enqueue, handles
from incubator.foundation.refusals import Refused
from incubator.settings import settings

__all__ = [
    "ACCEPTED", "KINDS", "LARGEST", "QUOTA", "FileFacts", "StoredFile", "chunks", "discard", "download_headers",
    "facts", "quarantine", "readable", "store", "sweep",
]  # fmt: skip

Id: TypeAlias = uuid.UUID

LARGEST: Final = 20 * 1024 * 1024  # bytes in one file
QUOTA: Final = 500 * 1024 * 1024  # bytes for one owner (a team)
UNSETTLED: Final = 24 * 3600.0  # seconds; bytes without a row may belong to a transaction that is still open


class StoredFile(Table, db=DB, tablename="stored_file"):
    """A file: whose it is, what it is, and its SHA-256. Its bytes lie at `folder()/ab/<id>`."""

    id = UUID(primary_key=True, default=new_id)
    owner = UUID(null=False, default=None, index=True)
    name = Varchar(length=255, null=False)
    media_type = Varchar(length=120, null=False)
    size = BigInt(null=False)
    sha256 = Varchar(length=64, null=False)
    stored_at = Timestamptz(null=False, default=None)
    stored_by = UUID(null=True, default=None)
    quarantined_at = Timestamptz(null=True, default=None)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a page says about a file; `size` in bytes. A file in quarantine is taken out by nobody."""

    id: Id
    name: str
    media_type: str
    size: int
    quarantined: bool = False


def folder() -> Path:
    """Where the bytes lie."""
    return settings().var / "files"


def _path(file_id: Id) -> Path:
    return folder() / file_id.hex[-2:] / str(file_id)


async def store(owner: Id, name: str, content: bytes, by: Id | None) -> FileFacts:
    """Keep a file in the caller's transaction. Raises Refused for a wrong type, a size over the limit, or the quota."""
    name = clean_name(name)
    if not content:
        raise Refused(Message("“{name}” is empty. Choose the file again.", name=name))
    if len(content) > LARGEST:
        raise Refused(Message("“{name}” is larger than 20 MB. Compress it or split it in two.", name=name))
    # Off the event loop: a big table of contents or a long text takes a moment to look through.
    media_type, digest = await asyncio.to_thread(_judged, name, content)
    await _refuse_over_quota(owner, len(content))
    stored = FileFacts(new_id(), name, media_type, len(content))
    # The bytes first: a row without bytes would be a broken promise, bytes without a row are only swept up.
    await asyncio.to_thread(_write, stored.id, content)
    await execute(
        "INSERT INTO stored_file (id, owner, name, media_type, size, sha256, stored_at, stored_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, now(), $7)",
        stored.id, owner, name, media_type, len(content), digest, by,
    )  # fmt: skip
    return stored


def _judged(name: str, content: bytes) -> tuple[str, str]:
    return true_type(name, content), hashlib.sha256(content).hexdigest()


async def _refuse_over_quota(owner: Id, more: int) -> None:
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", str(owner))
    used = await fetch_value("SELECT coalesce(sum(size), 0)::bigint FROM stored_file WHERE owner = $1", owner)
    if used + more > QUOTA:
        raise Refused(Message("The space for files is used up. Remove files that are no longer needed."))


def _write(file_id: Id, content: bytes) -> None:
    """Bytes that are there whole or not at all, also after a power cut."""
    path = _path(file_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


async def discard(file_id: Id) -> None:
    """Forget a file in the caller's transaction; its space is free at once, its bytes go after the commit."""
    await execute("DELETE FROM stored_file WHERE id = $1", file_id)
    await enqueue("file.erase", id=file_id)


@handles("file.erase")
async def erase(payload: Mapping[str, Any]) -> None:
    """Delete the bytes of a file that has no row any more; doing it twice does no harm."""
    file_id = Id(str(payload["id"]))
    if await facts(file_id) is None:
        await asyncio.to_thread(_path(file_id).unlink, missing_ok=True)


async def sweep(unsettled: float = UNSETTLED) -> int:
    """Delete bytes without a row (their transaction was rolled back) that are older than so many seconds; how many."""
    old = await asyncio.to_thread(_written_before, time.time() - unsettled)
    known = {row["id"] for row in await fetch("SELECT id FROM stored_file WHERE id = ANY($1)", list(old))}
    orphans = [path for file_id, path in old.items() if file_id not in known]
    for path in orphans:
        await asyncio.to_thread(path.unlink, missing_ok=True)
    return len(orphans)


def _written_before(moment: float) -> dict[Id, Path]:
    """Files by id; a `.part` that was left behind counts as its file."""
    return {
        Id(path.stem): path for path in folder().glob("??/*") if len(path.stem) == 36 and path.stat().st_mtime < moment
    }


async def facts(file_id: Id) -> FileFacts | None:
    """What is known about a file, or None."""
    row = await fetch_one(
        "SELECT id, name, media_type, size, quarantined_at IS NOT NULL AS quarantined FROM stored_file WHERE id = $1",
        file_id,
    )
    return FileFacts(**row) if row else None


async def quarantine(file_id: Id) -> None:
    """Let nobody take this file out (a scanner found something); the row and the bytes stay as evidence."""
    await execute("UPDATE stored_file SET quarantined_at = coalesce(quarantined_at, now()) WHERE id = $1", file_id)


QUARANTINED = Message("This file was put aside as dangerous. Ask the team for another copy.")


async def chunks(file_id: Id, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    """The bytes of a file, read off the event loop."""
    with await asyncio.to_thread(_path(file_id).open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, size):
            yield piece


def readable(file_id: Id) -> bool:
    """Whether the bytes are where the row says; looked at before a download begins."""
    return _path(file_id).is_file()


def download_headers(file: FileFacts) -> dict[str, str]:
    """Headers with which a browser saves the file and never shows or runs it (RFC 6266, RFC 8187)."""
    plain = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in file.name)
    return {
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}",
        "content-length": str(file.size),
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "private, no-store",
    }
