"""Files that come in pieces: the tus protocol 1.0 (tus.io) with creation, creation-with-upload, termination, expiration.

A piece is written as it comes and is never held in memory as a whole. After a break the browser asks how far it got
(HEAD, which the gate makes a GET) and goes on from there. Whose upload it is, and where it belongs, says its row.
"""

import base64
import binascii
from collections.abc import AsyncIterator
from datetime import UTC
from email.utils import format_datetime
from typing import Any, Final
from uuid import UUID

from litestar import MediaType, Request, Response, delete, get, patch, post, route
from litestar.di import NamedDependency
from litestar.exceptions import InternalServerException
from litestar.params import FromPath

from incubator.foundation import files, uploads
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import BadRequest, Refusal, Refused
from incubator.people.rights import Viewer
from incubator.stages import filing
from incubator.stages.working import WORK

Web = Request[Any, Any, Any]
VERSION: Final = "1.0.0"
PIECE: Final = "application/offset+octet-stream"
LONGEST_NUMBER: Final = 15  # digits
ALWAYS: Final = {"tus-resumable": VERSION, "cache-control": "no-store"}
ABILITIES: Final = {
    "tus-resumable": VERSION, "tus-version": VERSION, "tus-max-size": str(files.LARGEST),
    "tus-extension": "creation,creation-with-upload,termination,expiration",
}  # fmt: skip


class OtherVersion(Refusal):
    """412: the client speaks another version of the protocol."""

    status = 412


class TooLarge(Refusal):
    """413: no field takes a file of this size."""

    status = 413


class NotAPiece(Refusal):
    """415: the body is not said to be a piece of a file."""

    status = 415


def _refused(_: Web, refusal: Refusal) -> Response[Any]:
    """A refusal as JSON. What the rules don't take is 422 here: on 409 and 423 a client tries again."""
    status = 422 if type(refusal) is Refused else refusal.status
    headers = {**ALWAYS, "tus-version": VERSION} if status == OtherVersion.status else ALWAYS
    return Response({"message": str(refusal)}, status_code=status, media_type=MediaType.JSON, headers=headers)


# --- What the headers say ---------------------------------------------------------------------------------------------


def _speaks(request: Web) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise OtherVersion(Message("This browser sends files in a way that the site does not understand."))


def whole_number(request: Web, name: str) -> int:
    """A header that counts bytes; raises BadRequest for anything else."""
    said = request.headers.get(name, "")
    if not (said.isascii() and said.isdecimal() and len(said) <= LONGEST_NUMBER):
        raise BadRequest
    return int(said)


def metadata(text: str) -> dict[str, str]:
    """Upload-Metadata: pairs of a key and its value in Base64, parted by commas; raises BadRequest."""
    found: dict[str, str] = {}
    for pair in filter(None, text.split(",")):
        key, _, value = pair.strip().partition(" ")
        try:
            word = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError) as fault:
            raise BadRequest from fault
        if not key or key in found or "\0" in word:
            raise BadRequest
        found[key] = word
    return found


def _state(upload: uploads.Progress, offset: int) -> dict[str, str]:
    until = format_datetime(upload.expires_at.astimezone(UTC), usegmt=True)
    return {
        **ALWAYS, "upload-offset": str(offset), "upload-length": str(upload.size),
        "upload-expires": until,
    }  # fmt: skip


class Broken(BadRequest):
    """400: the line broke; what had come is kept, and nobody reads this."""


async def _pieces(request: Web) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            yield piece
    except InternalServerException as gone:
        raise Broken from gone


# --- Requests ---------------------------------------------------------------------------------------------------------

TUS: Final[dict[str, Any]] = {"exception_handlers": {Refusal: _refused}}


@route(f"{WORK}/uploads", http_method=["OPTIONS"], opt={"public": True}, sync_to_thread=False)
def abilities(team_id: FromPath[UUID], assignment_id: FromPath[UUID]) -> Response[None]:  # noqa: ARG001
    """What this server can do, the same at every address."""
    return Response(None, status_code=204, headers=ABILITIES)


@post(f"{WORK}/uploads", request_max_body_size=files.LARGEST, **TUS)
async def begin(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], assignment_id: FromPath[UUID]
) -> Response[None]:
    """Promise room for a file, and take what comes with the promise."""
    _speaks(request)
    size, said = whole_number(request, "upload-length"), metadata(request.headers.get("upload-metadata", ""))
    if size > files.LARGEST:
        raise TooLarge(Message("Files of more than {limit} MB are not taken.", limit=files.LARGEST // filing.MEGABYTE))
    file = filing.Announced(said.get("field", ""), said.get("filename", ""), size, said.get("mark", ""))
    upload_id = await filing.begin_upload(viewer, team_id, assignment_id, file)
    upload = await uploads.progress(upload_id, viewer.id)
    offset = await _taken(request, viewer, upload) if request.headers.get("content-type") == PIECE else 0
    return Response(None, status_code=201, headers={**_state(upload, offset), "location": f"/uploads/{upload_id}"})


async def _taken(request: Web, viewer: Viewer, upload: uploads.Progress) -> int:
    """Write the request's piece; the last one makes it a file. Where the bytes end then."""
    end = await uploads.receive(upload.id, upload.received, _pieces(request))
    if end == upload.size:
        await filing.finish_upload(viewer, upload.id)
    return end


@get("/uploads/{upload_id:uuid}", **TUS)
async def how_far(request: Web, viewer: NamedDependency[Viewer], upload_id: FromPath[UUID]) -> Response[None]:
    """How far one's own upload has come; a line that hangs with it is cut, since its sender asks anew."""
    _speaks(request)
    upload = await filing.upload_for(viewer, upload_id, alone=True)
    return Response(None, status_code=200, headers=_state(upload, upload.received))


@patch("/uploads/{upload_id:uuid}", request_max_body_size=files.LARGEST, **TUS)
async def more(request: Web, viewer: NamedDependency[Viewer], upload_id: FromPath[UUID]) -> Response[None]:
    """The next piece, which must begin where the bytes end."""
    _speaks(request)
    offset = whole_number(request, "upload-offset")
    if request.headers.get("content-type") != PIECE:
        raise NotAPiece(Message("This browser sends files in a way that the site does not understand."))
    upload = await filing.upload_for(viewer, upload_id)
    if offset != upload.received:
        raise uploads.Misplaced
    end = offset if offset == upload.size else await _taken(request, viewer, upload)
    return Response(None, status_code=204, headers=_state(upload, end))


@delete("/uploads/{upload_id:uuid}", status_code=204, **TUS)
async def give_up(request: Web, viewer: NamedDependency[Viewer], upload_id: FromPath[UUID]) -> Response[None]:
    """Forget an upload that has not come whole."""
    _speaks(request)
    await filing.give_up(viewer, upload_id)
    return Response(None, status_code=204, headers=ALWAYS)


HANDLERS = [abilities, begin, how_far, more, give_up]
