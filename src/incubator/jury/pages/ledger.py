"""Pages of the score ledger: its root for who may compare it, the export for an auditor, a juror's own receipts."""

import json
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from incubator.foundation import pages
from incubator.foundation.database import stream
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound, SignInNeeded
from incubator.jury.ledger import book
from incubator.jury.office import conducting
from incubator.jury.rounds import Round, published_round, round_for
from incubator.jury.rules import EXPORT_LEDGER, NO_VALUES_YET, RECEIPTS, VERIFY_ROOT, RoundState, refuse
from incubator.people.rights import Viewer

Web = Request[Any, Any, Any]
KINDS = {
    "checkpoint": Message("Checkpoint"),
    "lock": Message("The round was locked"),
    "publish": Message("The result was published"),
}


async def _readable(viewer: Viewer | None, round_id: UUID) -> Round:
    """The round for who may know its root: everybody once it is published, before that whoever has to do with it."""
    if viewer is None:
        scoring = await published_round(round_id)
        if scoring is None:
            raise SignInNeeded
        return scoring
    scoring = await round_for(viewer, round_id)
    if scoring.state is not RoundState.PUBLISHED and scoring.removed_at is None:
        scoring.standing.need(VERIFY_ROOT)
    if scoring.state is RoundState.DRAFT:
        raise NotFound
    return scoring


@get("/rounds/{round_id:uuid}/ledger", opt={"public": True})
async def ledger_page(request: Web, round_id: FromPath[UUID]) -> Response[Any]:
    """The root and the moments at which it was made known; nothing here says anything of a mark."""
    scoring = await _readable(request.scope["state"]["viewer"], round_id)
    own = scoring.seat is not None or scoring.removed_at is not None
    exports = scoring.standing.may(EXPORT_LEDGER) and scoring.state in {RoundState.LOCKED, RoundState.PUBLISHED}
    return pages.page(
        request, "jury/ledger.html", scoring=scoring, found=await book.summary(round_id), kinds=KINDS, own=own,
        exports=exports,
    )  # fmt: skip


@get("/short_verifier.py", opt={"public": True})
async def short_verifier_file() -> Response[bytes]:
    """The two pages that check an export, for whoever reads a program before trusting it."""
    return _program("short_verifier.py")


@get("/verifier.py", opt={"public": True})
async def verifier_file() -> Response[bytes]:
    """The program that checks an export by every rule and needs nothing of ours."""
    return _program("verifier.py")


def _program(name: str) -> Response[bytes]:
    source = files("incubator.jury.ledger").joinpath(name).read_bytes()
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(source, media_type="text/x-python", headers=headers)


@post("/rounds/{round_id:uuid}/ledger.jsonl", status_code=200)
async def export(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """The whole ledger for an auditor, once the round is locked; streamed. It holds values, so it is journaled."""
    (await pages.read_form(request)).demand()
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(EXPORT_LEDGER)
    if scoring.state in {RoundState.DRAFT, RoundState.OPEN}:
        refuse(NO_VALUES_YET)
    await conducting.note_reading(viewer, scoring, "ledger.exported", round_id)
    headers = {"content-disposition": 'attachment; filename="ledger.jsonl"'}
    return Stream(_lines(round_id), status_code=200, media_type="application/jsonl", headers=headers)


async def _lines(round_id: UUID) -> AsyncIterator[bytes]:
    async for rows in stream(book.ENTRIES, round_id):
        lines = (json.dumps({"round": str(round_id), **row}, separators=(",", ":")) + "\n" for row in rows)
        yield "".join(lines).encode()


@get("/rounds/{round_id:uuid}/receipts")
async def receipts(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """What stands in the ledger in the juror's own name."""
    scoring = await round_for(viewer, round_id)
    if scoring.removed_at is None:
        scoring.standing.need(RECEIPTS)
    found = await book.receipts(round_id, viewer.id, blind=scoring.blind)
    known = (await book.summary(round_id)).milestones
    return pages.page(request, "jury/receipts.html", scoring=scoring, receipts=found, known=known[0] if known else None)


HANDLERS: list[Any] = [ledger_page, short_verifier_file, verifier_file, export, receipts]
