"""Files that people put in: true type by content, size and quota, and a download that no browser will run.

The bytes lie in a folder under a random name; the row says what they are. Nothing is ever served inline.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import UUID as Id

import puremagic
from piccolo.columns import UUID, BigInt, Timestamptz, Varchar
from piccolo.table import Table

from incubator.foundation.database import DB, execute, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Refused
from incubator.settings import settings

LARGEST = 20 * 1024 * 1024  # bytes in one file
QUOTA = 500 * 1024 * 1024  # bytes for one owner (a team)
HEAD = 8192  # bytes that decide the type

# What the office uses. Each suffix names the types that its content may have.
ACCEPTED: dict[str, tuple[str, ...]] = {
    ".pdf": ("application/pdf",),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",),
    ".pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation",),
    ".odt": ("application/vnd.oasis.opendocument.text",),
    ".ods": ("application/vnd.oasis.opendocument.spreadsheet",),
    ".odp": ("application/vnd.oasis.opendocument.presentation",),
    ".png": ("image/png",),
    ".jpg": ("image/jpeg",),
    ".jpeg": ("image/jpeg",),
    ".txt": ("text/plain",),
    ".csv": ("text/csv", "text/plain"),
}
ZIP_PARTS = {
    ".docx": b"word/", ".xlsx": b"xl/", ".pptx": b"ppt/",
    ".odt": b"opendocument.text", ".ods": b"opendocument.spreadsheet", ".odp": b"opendocument.presentation",
}  # fmt: skip


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
    """What a page says about a file; `size` in bytes."""

    id: Id
    name: str
    media_type: str
    size: int


def folder() -> Path:
    """Where the bytes lie."""
    return settings().var / "files"


def _path(file_id: Id) -> Path:
    return folder() / file_id.hex[-2:] / str(file_id)


def clean_name(name: str) -> str:
    """The last part of a file's name without anything that a terminal, a header or a disk could stumble over."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    return f"{stem[: 200 - len(suffix)]}{dot}{suffix[:20]}" if dot and stem else (kept[:200] or "file")


def true_type(name: str, head: bytes, whole: bytes) -> str:
    """The media type by content; raises Refused when the content is not what the suffix says or nothing we take."""
    suffix = Path(name).suffix.lower()
    expected = ACCEPTED.get(suffix)
    if expected is None:
        raise Refused(Message("Files of this kind are not accepted. Use one of: {kinds}", kinds=", ".join(ACCEPTED)))
    if suffix in ZIP_PARTS:
        right = head.startswith(b"PK\x03\x04") and ZIP_PARTS[suffix] in whole and b"vbaProject.bin" not in whole
    elif suffix in {".txt", ".csv"}:
        right = b"\0" not in whole and not whole.lstrip()[:1] == b"<"
    else:
        right = expected[0] in {match.mime_type for match in _matches(head)}
    if not right:
        raise Refused(
            Message("The content of “{name}” is not a {kind} file. Save it again in its program and retry.",
                    name=name, kind=suffix)
        )  # fmt: skip
    return expected[0]


def _matches(head: bytes) -> list[puremagic.PureMagicWithConfidence]:
    try:
        return list(puremagic.magic_string(head))
    except puremagic.PureError:
        return []


async def store(owner: Id, name: str, content: bytes, by: Id | None) -> FileFacts:
    """Keep a file in the caller's transaction. Raises Refused for a wrong type, a size over the limit, or the quota."""
    name = clean_name(name)
    if not content:
        raise Refused(Message("“{name}” is empty. Choose the file again.", name=name))
    if len(content) > LARGEST:
        raise Refused(Message("“{name}” is larger than 20 MB. Compress it or split it in two.", name=name))
    media_type = true_type(name, content[:HEAD], content)
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", str(owner))
    used = await fetch_value("SELECT coalesce(sum(size), 0)::bigint FROM stored_file WHERE owner = $1", owner)
    if used + len(content) > QUOTA:
        raise Refused(Message("The space for files is used up. Remove files that are no longer needed."))
    facts = FileFacts(new_id(), name, media_type, len(content))
    # The bytes first: a row without bytes would be a broken promise, bytes without a row are only swept up.
    await asyncio.to_thread(_write, facts.id, content)
    await execute(
        "INSERT INTO stored_file (id, owner, name, media_type, size, sha256, stored_at, stored_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, now(), $7)",
        facts.id, owner, name, media_type, len(content), hashlib.sha256(content).hexdigest(), by,
    )  # fmt: skip
    return facts


def _write(file_id: Id, content: bytes) -> None:
    path = _path(file_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.rename(path)


async def facts(file_id: Id) -> FileFacts | None:
    """What is known about a file, or None."""
    row = await fetch_one("SELECT id, name, media_type, size FROM stored_file WHERE id = $1", file_id)
    return FileFacts(**row) if row else None


async def chunks(file_id: Id, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    """The bytes of a file, read off the event loop."""
    with await asyncio.to_thread(_path(file_id).open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, size):
            yield piece


def download_headers(file: FileFacts) -> dict[str, str]:
    """Headers with which a browser saves the file and never shows or runs it (RFC 6266, RFC 8187)."""
    return {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "content-length": str(file.size),
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "private, no-store",
    }
