"""Files put in as the product puts them in, for tests of what happens to them afterwards."""

from uuid import UUID

import cast
from incubator.foundation import uploads
from incubator.foundation.database import DB
from incubator.foundation.files import FileFacts


async def stream(*pieces: bytes):
    """Pieces as they come from a line."""
    for piece in pieces:
        yield piece


async def begin(owner: UUID, name: str = "a.pdf", size: int = len(cast.PDF), **more) -> UUID:
    """An upload that nothing has come of yet; its sender is its owner."""
    async with DB.transaction():
        return await uploads.begin(owner, owner, uploads.Wanted("place", name, size, more.pop("mark", "")), **more)


async def finish(owner: UUID, upload_id: UUID) -> FileFacts:
    """Make a file of what has come."""
    upload = await uploads.progress(upload_id, owner)
    verdict = await uploads.judged(upload)
    async with DB.transaction():
        return await uploads.keep(upload, verdict, owner)


async def keep(owner: UUID, name: str = "a.pdf", content: bytes = cast.PDF) -> FileFacts:
    """A whole file at once."""
    upload_id = await begin(owner, name, len(content))
    await uploads.receive(upload_id, 0, stream(content))
    return await finish(owner, upload_id)
