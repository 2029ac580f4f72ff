"""A juror confirms all his sheets at once; until he takes it back, or the round is locked, nobody writes on them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages, printing
from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value
from incubator.foundation.i18n import N_, Message, locale, moment, score
from incubator.foundation.refusals import NotFound, Refused
from incubator.jury.rounds import Round, alone, round_for, tell
from incubator.jury.rubric import Rubric, total_words
from incubator.jury.rules import OWN_PROGRESS, SETTLED, SHEET_WORDS, STALE, RoundState, SheetState
from incubator.jury.sheets.queries import GONE
from incubator.jury.terms import called
from incubator.people.rights import Viewer
from incubator.people.sessions import flash

Web = Request[Any, Any, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FINISH_FIRST = Message("Hand in every sheet first, or abstain. Then you confirm all of them at once.")
OWN = f"""
SELECT p.id AS project, p.place, t.name AS team, s.state, s.marks, s.total, s.comment, s.note, s.version,
  {GONE} AS left, encode(s.receipt, 'hex') AS receipt
FROM score_sheet s JOIN round_project p ON p.id = s.project JOIN team t ON t.id = p.team
JOIN scoring_round r ON r.id = s.round WHERE s.seat = $1 ORDER BY p.place LIMIT 1000
"""
NOT_HIS = frozenset({SheetState.RECUSED, SheetState.VOID})


@dataclass(frozen=True, slots=True)
class OwnSheet:
    """A line of the list that is confirmed, as people read it."""

    team: str
    words: Message
    settled: bool
    marks: tuple[str, ...]
    total: str
    comment: str
    note: str
    receipt: str


def _line(row: Any, rubric: Rubric, *, blind: bool) -> OwnSheet:
    state = SheetState(row["state"])
    total = "–" if row["total"] is None else total_words(row["marks"], rubric)
    name = called(row["place"], row["team"], blind=blind)
    marks = tuple(score(mark) for mark in row["marks"]) or ("–",) * len(rubric.criteria)
    return OwnSheet(
        name, SHEET_WORDS[state], _is_done(row), marks, total, row["comment"], row["note"],
        row["receipt"] or "",
    )  # fmt: skip


def _is_done(row: Any) -> bool:
    """Whether nothing more is asked of the juror; nothing is for a team of which he knows that it has left."""
    return row["left"] or SheetState(row["state"]) in SETTLED | NOT_HIS


async def _shown(scoring: Round) -> list[Any]:
    """The juror's sheets; where names are hidden without those he recused himself from: he knows by name who they are."""
    rows = await fetch(OWN, scoring.seat)
    return [row for row in rows if not (scoring.blind and row["state"] == SheetState.RECUSED)]


async def _signature(seat: UUID | None) -> Any:
    return await fetch_one("SELECT signed_at, encode(signature, 'hex') AS receipt FROM seat WHERE id = $1", seat)


async def sign(viewer: Viewer, round_id: UUID) -> str:
    """Confirm all own sheets; the hash of the ledger's entry in hex. Raises Refused while a sheet is unfinished."""
    async with DB.transaction():
        scoring = await _own(viewer, round_id)
        rows = await fetch(OWN, scoring.seat)
        if not rows or not all(map(_is_done, rows)):
            raise Refused(FINISH_FIRST)
        sheets = {str(row["project"]): row["version"] for row in rows if row["version"]}
        receipt = await _append(viewer, scoring, "sign", sheets=sheets)
        await _mark(scoring, viewer.now, receipt)
        await tell("sheets.signed", viewer, scoring)
        return receipt.hex()


async def take_back(viewer: Viewer, round_id: UUID) -> None:
    """Take the confirmation back, to change a sheet."""
    async with DB.transaction():
        scoring = await _own(viewer, round_id)
        if (await _signature(scoring.seat))["signed_at"] is None:
            raise Refused(STALE)
        await _append(viewer, scoring, "unsign")
        await _mark(scoring, None, None)
        await tell("sheets.unsigned", viewer, scoring)


async def _own(viewer: Viewer, round_id: UUID) -> Round:
    """The round, nobody else writing in it: what is confirmed is what stands."""
    scoring = await alone(viewer, round_id, OWN_PROGRESS)
    if scoring.seat is None:
        raise NotFound
    if scoring.state is not RoundState.OPEN:
        raise Refused(STALE)
    return scoring


async def _append(viewer: Viewer, scoring: Round, kind: str, **content: Any) -> bytes:
    moment = (viewer.now - EPOCH) // timedelta(microseconds=1)
    text = json.dumps({"k": kind, "at": moment, **content}, separators=(",", ":"), sort_keys=True)
    written: bytes = await fetch_value("SELECT ledger_append($1, $2, $3)", scoring.id, scoring.seat, text)
    return written


async def _mark(scoring: Round, at: datetime | None, receipt: bytes | None) -> None:
    await execute("UPDATE seat SET signed_at = $2, signature = $3 WHERE id = $1", scoring.seat, at, receipt)


# --- The page ---------------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/mine")
async def mine(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """All own sheets on one page, to be confirmed and to be printed."""
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(OWN_PROGRESS)
    if scoring.state is RoundState.DRAFT:
        raise NotFound
    sheets = [_line(row, scoring.rubric, blind=scoring.blind) for row in await _shown(scoring)]
    return pages.page(
        request, "jury/mine.html", scoring=scoring, sheets=sheets, signature=await _signature(scoring.seat),
        ready=bool(sheets) and all(each.settled for each in sheets),
    )  # fmt: skip


@post("/rounds/{round_id:uuid}/sign")
async def sign_sheets(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Confirm one's sheets."""
    (await pages.read_form(request)).demand()
    await sign(viewer, round_id)
    return pages.redirect(request, f"/rounds/{round_id}/mine#confirmed")


@post("/rounds/{round_id:uuid}/unsign")
async def unsign(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Take one's confirmation back."""
    (await pages.read_form(request)).demand()
    await take_back(viewer, round_id)
    await flash(
        viewer, "info", Message("The confirmation is taken back. Change what you want, then confirm your sheets again.")
    )
    return pages.redirect(request, f"/rounds/{round_id}/mine")


# --- On paper ---------------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/mine.pdf")
async def mine_as_pdf(viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """One's own sheets as a document to keep; nobody else's."""
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(OWN_PROGRESS)
    if scoring.state is RoundState.DRAFT:
        raise NotFound
    rows, signature = await _shown(scoring), await _signature(scoring.seat)
    made = await printing.pdf("sheets.typ", _document(viewer, scoring, rows, signature), viewer.now)
    return pages.download(
        made, ".pdf", printing.PDF, str(Message("My score sheets")), scoring.name, scoring.cohort_name
    )


def _document(viewer: Viewer, scoring: Round, rows: Iterable[Any], signature: Any) -> dict[str, Any]:
    zone = scoring.time_zone
    confirmed = Message("Not confirmed, as of {moment}", moment=moment(viewer.now, zone))
    if signature and signature["signed_at"]:
        confirmed = Message("Confirmed {moment}, receipt {code}", moment=moment(signature["signed_at"], zone),
                            code=signature["receipt"])  # fmt: skip
    return {
        "lang": locale(), "title": str(Message("My sheets")), "juror": viewer.name, "round": scoring.name,
        "cohort": scoring.cohort_name, "criteria": [each.title for each in scoring.rubric.criteria],
        "confirmed": [str(confirmed)], "labels": {name: str(text) for name, text in LABELS.items()},
        "rows": [_row(_line(row, scoring.rubric, blind=scoring.blind)) for row in rows],
    }  # fmt: skip


LABELS = {
    "team": Message("Team"), "total": Message("Total"), "state": Message("State"), "receipt": Message("Receipt"),
}  # fmt: skip
COMMENTS = (N_("Comment to the team: {text}"), N_("Note to the jury: {text}"))


def _row(each: OwnSheet) -> dict[str, Any]:
    return {
        "team": each.team, "marks": list(each.marks), "total": each.total, "state": str(each.words),
        "receipt": each.receipt[:16],
        "words": [str(Message(words, text=text)) for words, text in zip(COMMENTS, (each.comment, each.note), strict=True) if text],
    }  # fmt: skip


HANDLERS: list[Any] = [mine, sign_sheets, unsign, mine_as_pdf]
