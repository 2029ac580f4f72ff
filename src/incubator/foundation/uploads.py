"""Files on their way in: each piece is safe when it is said to be, and a line that broke goes on where it was cut.

The row is there before the first byte and goes after the last one, so bytes without a row never arise: clearing up looks
at rows only and touches nothing of another database that keeps its files in the same folder. One writer at a time holds
an upload, by a lease that each piece renews; no lock is held while a slow line drips.
"""

import asyncio
import hashlib
import mmap
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from piccolo.columns import UUID, BigInt, Timestamptz, Varchar
from piccolo.constraints import Check
from piccolo.table import Table

from incubator.foundation import files
from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.file_types import clean_name, kind_of, true_type
from incubator.foundation.files import FileFacts, Id
from incubator.foundation.i18n import Message, file_size
from incubator.foundation.jobs import chore, enqueue
from incubator.foundation.refusals import BadRequest, NotFound, Refusal, Refused
from incubator.settings import settings

LASTS: Final = timedelta(hours=24)  # after its last piece
LEASE: Final = timedelta(seconds=20)  # after which another writer may take over from a silent one
SILENCE: Final = 60.0  # seconds without a byte after which a writer is sent away
AT_ONCE: Final = 1024 * 1024  # bytes written to the disk at once, and the most that a writer holds in memory
OFTEN: Final = 1.0  # seconds after which even less is written
MOST_OPEN: Final = 20  # unfinished uploads of one owner
CLEARED: Final = 200  # uploads at once


class Upload(Table, db=DB, tablename="upload"):
    """A file on its way in; the stored file will have the same id. `place` is where its owner wants it.

    `mark` is what the browser knows the file by (when it was last changed). A finished one stays for a while, so that
    a browser that missed the last answer learns that all has come.
    """

    id = UUID(primary_key=True, default=new_id)
    owner = UUID(null=False, default=None, index=True)
    sent_by = UUID(null=False, default=None)
    place = Varchar(length=200, null=False)
    name = Varchar(length=255, null=False)
    mark = Varchar(length=40, null=False, default="")
    size = BigInt(null=False)
    received = BigInt(null=False, default=0)
    writer = UUID(null=True, default=None)
    writing_until = Timestamptz(null=True, default=None)
    finished_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(null=False, default=None, index=True)

    received_in_range = Check("received >= 0 AND received <= size")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload has come, in bytes; at `received == size` the file is kept."""

    id: Id
    owner: Id
    place: str
    name: str
    mark: str
    size: int
    received: int
    expires_at: datetime


class Busy(Refusal):
    """423: another request is writing this upload."""

    status = 423

    def __init__(self) -> None:
        super().__init__(Message("This file is being sent from another window."))


class Silent(Refusal):
    """408: no byte has come for a minute."""

    status = 408

    def __init__(self) -> None:
        super().__init__(Message("Nothing has come for a minute. Send the rest again."))


class Misplaced(Refusal):
    """409: the piece does not begin where the bytes that are here end."""

    status = 409

    def __init__(self) -> None:
        super().__init__(Message("The piece does not follow on from what has come so far."))


# --- Beginning --------------------------------------------------------------------------------------------------------

USED: Final = """
SELECT (coalesce((SELECT sum(size) FROM stored_file WHERE owner = $1 AND let_go_at IS NULL), 0)
  + coalesce((SELECT sum(size) FROM upload WHERE owner = $1 AND finished_at IS NULL AND expires_at > now()), 0))::bigint
"""
QUOTA_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 7))"
SAME: Final = """
SELECT id FROM upload WHERE owner = $1 AND sent_by = $2 AND place = $3 AND name = $4 AND mark = $5 AND size = $6
  AND received = 0 AND finished_at IS NULL AND expires_at > now() LIMIT 1
"""
OPEN: Final = "SELECT count(*) FROM upload WHERE owner = $1 AND finished_at IS NULL AND expires_at > now()"


async def used(owner: Id) -> int:
    """Bytes that an owner's files take up, with those that are promised to uploads."""
    taken: int = await fetch_value(USED, owner)
    return taken


async def refuse_over_quota(owner: Id, more: int) -> None:
    """Hold the owner's quota until the transaction ends; raises Refused when so many bytes more don't fit."""
    await execute(QUOTA_LOCK, str(owner))
    taken = await used(owner)
    if taken + more > files.QUOTA:
        raise Refused(
            Message(
                "The space for files is used up: {used} of {quota} are taken. Remove files that are no longer needed.",
                used=file_size(taken), quota=file_size(files.QUOTA),
            )
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that somebody wants to send: where to, under what name, and how many bytes."""

    place: str
    name: str
    size: int
    mark: str = ""


async def begin(owner: Id, by: Id, file: Wanted, *, most: int = 0) -> Id:
    """Promise room for a file in the caller's transaction. Raises Refused for its kind, its size, or the quota.

    `most`: bytes that the place allows, if fewer than the site does.
    """
    name, size, most = clean_name(file.name), file.size, min(most or files.LARGEST, files.LARGEST)
    kind_of(name)
    if size <= 0:
        raise Refused(Message("“{name}” is empty. Choose the file again.", name=name))
    if size > most:
        limit = most // 1024 // 1024
        raise Refused(
            Message("“{name}” is larger than {limit} MB. Compress it or split it in two.", name=name, limit=limit)
        )
    await execute(QUOTA_LOCK, str(owner))
    if file.mark and (same := await fetch_value(SAME, owner, by, file.place, name, file.mark, size)):
        return Id(str(same))  # the answer was lost on its way, and the browser asks again
    await refuse_over_quota(owner, size)
    if await fetch_value(OPEN, owner) >= MOST_OPEN:
        raise Refused(Message("Too many files are being sent at once. Wait until some have arrived."))
    upload_id = new_id()
    await execute(
        "INSERT INTO upload (id, owner, sent_by, place, name, mark, size, received, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 0, now() + $8::interval)",
        upload_id, owner, by, file.place, name, file.mark[:40], size, LASTS,
    )  # fmt: skip
    return upload_id


COLUMNS: Final = "id, owner, place, name, mark, size, received, expires_at"


async def sender(upload_id: Id) -> Id:
    """Who sends an upload; raises NotFound."""
    found: Id | None = await fetch_value("SELECT sent_by FROM upload WHERE id = $1 AND expires_at > now()", upload_id)
    if found is None:
        raise NotFound
    return found


async def progress(upload_id: Id, by: Id, *, alone: bool = False) -> Progress:
    """How far an upload of this person has come; raises NotFound.

    With `alone`, whoever still writes it is sent away: its sender asks because that line broke.
    """
    if alone:
        await execute(
            "UPDATE upload SET writer = NULL WHERE id = $1 AND sent_by = $2 AND writer IS NOT NULL", upload_id, by
        )
    row = await fetch_one(
        f"SELECT {COLUMNS} FROM upload WHERE id = $1 AND sent_by = $2 AND expires_at > now()", upload_id, by
    )
    if row is None:
        raise NotFound
    return Progress(**row)


async def unfinished(owner: Id, by: Id, places: list[str]) -> list[Progress]:
    """Uploads of a person for some places that have not come whole, oldest first."""
    rows = await fetch(
        f"SELECT {COLUMNS} FROM upload WHERE owner = $1 AND sent_by = $2 AND place = ANY($3) AND finished_at IS NULL"
        " AND expires_at > now() ORDER BY id",
        owner, by, places,
    )  # fmt: skip
    return [Progress(**row) for row in rows]


# --- Coming in --------------------------------------------------------------------------------------------------------

CLAIM: Final = """
UPDATE upload SET writer = $2, writing_until = now() + $4::interval
WHERE id = $1 AND received = $3 AND finished_at IS NULL AND expires_at > now()
  AND (writer IS NULL OR writing_until < now()) RETURNING size
"""
ADVANCE: Final = """
UPDATE upload SET received = $3, writing_until = now() + $4::interval, expires_at = now() + $5::interval
WHERE id = $1 AND writer = $2 AND finished_at IS NULL
"""


async def receive(upload_id: Id, offset: int, pieces: AsyncIterator[bytes]) -> int:
    """Write what comes from `offset` on; where the bytes end then. Raises Busy, Misplaced, NotFound, BadRequest.

    What came before a line broke is kept. The last bytes are said to be here only by `keep`, which makes them a file: so
    an answer of "all is here" is always true. Opens no transaction, and holds no connection while it waits for bytes.
    """
    writer = new_id()
    size = await fetch_value(CLAIM, upload_id, writer, offset, LEASE)
    if size is None:
        raise await _not_claimed(upload_id, offset)
    try:
        return await _write(upload_id, writer, offset, size, pieces)
    finally:
        await execute("UPDATE upload SET writer = NULL WHERE id = $1 AND writer = $2", upload_id, writer)


async def _not_claimed(upload_id: Id, offset: int) -> Refusal:
    row = await fetch_one("SELECT received FROM upload WHERE id = $1 AND expires_at > now()", upload_id)
    if row is None:
        return NotFound()
    return Busy() if row["received"] == offset else Misplaced()


async def _write(upload_id: Id, writer: Id, place: int, size: int, pieces: AsyncIterator[bytes]) -> int:
    descriptor = await asyncio.to_thread(_opened, files.path(upload_id), place)
    try:
        if descriptor is None:  # a power cut took bytes that were said to be here
            await execute("UPDATE upload SET received = 0 WHERE id = $1 AND writer = $2", upload_id, writer)
            raise Misplaced
        async for batch in _batches(pieces):
            if place + len(batch) > size:
                raise BadRequest(Message("More bytes have come than the file was said to have."))
            end = place + len(batch)
            async with DB.transaction():
                # The row is held while the bytes are written: nobody takes over in between, and a writer that lost the
                # upload writes nothing more.
                if not await execute(ADVANCE, upload_id, writer, end if end < size else place, LEASE, LASTS):
                    raise Busy
                await asyncio.to_thread(_put, descriptor, batch, place)
            place = end
    finally:
        if descriptor is not None:
            os.close(descriptor)
    return place


def _opened(path: Path, offset: int) -> int | None:
    """The file, cut off at `offset`; None when it ends before."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.fstat(descriptor).st_size < offset:
        os.close(descriptor)
        return None
    os.ftruncate(descriptor, offset)
    return descriptor


def _put(descriptor: int, batch: bytes, place: int) -> None:
    """On the disk when this returns, also after a power cut."""
    left = memoryview(batch)
    while left:
        written = os.pwrite(descriptor, left, place)
        left, place = left[written:], place + written
    os.fsync(descriptor)


async def _batches(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces that are worth a write; what has come when the line breaks comes before the fault."""
    held, since = bytearray(), time.monotonic()
    fault: BaseException | None = None
    while fault is None:
        try:
            async with asyncio.timeout(SILENCE):
                held += await anext(pieces)
        except StopAsyncIteration:
            break
        except TimeoutError:
            fault = Silent()
        except Exception as broken:  # noqa: BLE001  (raised again below, when what is held is safe)
            fault = broken
        while len(held) >= AT_ONCE:
            yield bytes(held[:AT_ONCE])
            del held[:AT_ONCE]
        if held and time.monotonic() - since > OFTEN:
            yield bytes(held)
            held.clear()
        since = since if held else time.monotonic()
    if held:
        yield bytes(held)
    if fault is not None:
        raise fault


# --- Arriving ---------------------------------------------------------------------------------------------------------


async def judged(upload: Progress) -> tuple[str, str]:
    """Media type and SHA-256 of the bytes that have come, read off the event loop; raises Refused for what is not taken."""
    return await asyncio.to_thread(_judged, files.path(upload.id), upload.name, upload.size)


def _judged(path: Path, name: str, size: int) -> tuple[str, str]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if len(content) != size:
            raise Misplaced
        return true_type(name, content), hashlib.file_digest(file, "sha256").hexdigest()


async def keep(upload: Progress, verdict: tuple[str, str], by: Id | None) -> FileFacts:
    """Make a file of an upload that has come whole, in the caller's transaction. Raises Misplaced when it is one already."""
    done = "UPDATE upload SET received = size, finished_at = now(), writer = NULL WHERE id = $1 AND finished_at IS NULL"
    if not await execute(done, upload.id):
        raise Misplaced
    media_type, digest = verdict
    waiting = bool(settings().clamd_url)
    await execute(
        "INSERT INTO stored_file (id, owner, name, media_type, size, sha256, stored_at, stored_by, scan)"
        " VALUES ($1, $2, $3, $4, $5, $6, now(), $7, $8)",
        upload.id, upload.owner, upload.name, media_type, upload.size, digest, by, "waiting" if waiting else "none",
    )  # fmt: skip
    if waiting:
        await enqueue("file.scan", id=upload.id)
    return FileFacts(upload.id, upload.name, media_type, upload.size, waiting=waiting)


async def drop(upload_id: Id) -> None:
    """Forget an upload that has not come whole, with its bytes; again does nothing."""
    async with DB.transaction():
        if await execute("DELETE FROM upload WHERE id = $1 AND finished_at IS NULL", upload_id):
            await enqueue("file.erase", id=upload_id)


@chore
async def clear() -> int:
    """Forget uploads whose time is over, with the bytes of those that never came whole; how many."""
    async with DB.transaction():
        rows = await fetch(
            "DELETE FROM upload u WHERE id IN (SELECT id FROM upload WHERE expires_at < now() LIMIT $1"
            " FOR UPDATE SKIP LOCKED) RETURNING id, EXISTS (SELECT 1 FROM stored_file f WHERE f.id = u.id) AS kept",
            CLEARED,
        )
        for row in rows:
            if not row["kept"]:
                await enqueue("file.erase", id=row["id"])
    return len(rows)
