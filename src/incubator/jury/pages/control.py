"""Pages on which organisers run a round: the board, its live part, seats, opening, lock, and what takes two of them."""

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from incubator.foundation import pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message
from incubator.foundation.live import HUB
from incubator.foundation.refusals import Clash, Invalid, NotFound, TooMany
from incubator.jury.allocation import allocated
from incubator.jury.office import agreeing, board, conducting, removing, requests
from incubator.jury.office.round_rubric import rubric_for_round
from incubator.jury.pages import results
from incubator.jury.pitch import transcribing
from incubator.jury.result import standings
from incubator.jury.rounds import Round, round_for
from incubator.jury.rules import CONDUCT, JURORS, PROGRESS, QUEUE, REOPEN, VOID, ProposalKind, RoundState
from incubator.jury.terms import OFFICES, SEAT_WORDS, VOTING
from incubator.people import proving, sessions
from incubator.people.rights import Right, Viewer
from incubator.people.sessions import flash

Web = Request[Any, Any, Any]
REASON_LIMIT = 500
ASKED = Message("A second organiser has to confirm it on this page.")
ASKED_ALONE = Message(
    "A second organiser without a conflict of interest has to confirm it, and there is none now."
    " Ask an administrator of the site to invite another organiser to the programme."
)


async def board_page(request: Web, scoring: Round, form: Form | None = None, at: str = "") -> Response[Any]:
    """The board; `at` names the small form whose errors `form` holds."""
    shown = form or Form.empty()
    # The live part says nothing of paper, and it is asked for again and again.
    whole = not pages.is_partial(request) and scoring.state is not RoundState.DRAFT
    typed = whole and await transcribing.was_typed(scoring)
    locks = typed and scoring.state is RoundState.OPEN and scoring.standing.may(CONDUCT)
    papers = await transcribing.unrecorded(scoring) if locks else []
    opens = scoring.state is RoundState.DRAFT and scoring.standing.may(CONDUCT)
    minimum = (await rubric_for_round(scoring))[1].minimum_sheets if opens else 0
    return pages.page(
        request, "jury/board.html", status=422 if shown.errors else 200, block="progress",
        board=await board.board(scoring), form=shown, at=at, blank=Form.empty(), may=scoring.standing.may(CONDUCT),
        duties=[(name, str(words)) for name, words in SEAT_WORDS.items()], typed=typed,
        papers=len(papers), papers_shown=transcribing.print_of(papers),
        opening=await allocated.opening(scoring.id, minimum) if opens else None, minimum=minimum,
    )  # fmt: skip


@get("/rounds/{round_id:uuid}/progress")
async def progress(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """The live part of the board: who has brought how many sheets. Asked again by the page whenever something happens."""
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(PROGRESS)
    return await board_page(request, scoring)


@get("/rounds/{round_id:uuid}/live")
async def live(viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Events that something in the round has changed: for organisers the round, for a juror only his own seat."""
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(QUEUE)
    if HUB.full(viewer.id):
        raise TooMany(60)
    own = {str(scoring.seat)} if scoring.standing.relations & JURORS else set()
    round_ = {str(scoring.id)} if scoring.standing.may(PROGRESS) else set()
    topics = frozenset({*own, *round_, str(scoring.cohort)})
    events = HUB.stream(viewer.id, topics, lambda: still_sees(viewer, round_id))
    return Stream(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def still_sees(viewer: Viewer, round_id: UUID) -> bool:
    """Whether the session lives and its person may still see the round. Two statements: a thousand jurors may listen."""
    fresh = await sessions.again(viewer)
    try:
        return fresh is not None and (await round_for(fresh, round_id)).standing.may(QUEUE)
    except NotFound:
        return False


async def _press(request: Web, viewer: Viewer, round_id: UUID, act: Awaitable[Any], said: Message) -> Response[Any]:
    """One press: the act, good news, the board again."""
    await act
    await flash(viewer, "success", said)
    return pages.redirect(request, f"/rounds/{round_id}")


async def _asked(viewer: Viewer, round_id: UUID) -> Message:
    """What is said to whoever has asked for something that takes two."""
    cohort = (await round_for(viewer, round_id)).cohort
    return ASKED if await requests.somebody_else(viewer, cohort) else ASKED_ALONE


async def _again(request: Web, viewer: Viewer, round_id: UUID, form: Form, at: str) -> Response[Any]:
    """The board with what was typed and its errors, for who may see it."""
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(PROGRESS)
    return await board_page(request, scoring, form, at)


@post("/rounds/{round_id:uuid}/jurors")
async def seat(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Seat jurors of the cohort."""
    form = await pages.read_form(request)
    people = form.uuids("juror", most=200)
    kind = form.choice("kind", tuple(VOTING), required=False) or "member"
    if not people and not form.errors:
        form.fail("juror", Message("Tick at least one juror."))
    elif len(people) > 1 and VOTING[kind][0] in OFFICES:
        form.fail("juror", Message("One person has this office: tick one juror."))
    try:
        form.demand()
    except Invalid:
        return await _again(request, viewer, round_id, form, "jurors")
    act = conducting.seat_jurors(viewer, round_id, people, kind)
    return await _press(request, viewer, round_id, act, Message("The jury is seated."))


@post("/rounds/{round_id:uuid}/jurors/{seat_id:uuid}/remove")
async def remove(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], seat_id: FromPath[UUID]
) -> Response[Any]:
    """Take a juror off the jury, with a reason."""
    form = await pages.read_form(request)
    reason = form.text("reason", limit=REASON_LIMIT)
    try:
        form.demand()
    except Invalid:
        return await _again(request, viewer, round_id, form, f"remove-{seat_id}")
    act = conducting.remove_juror(viewer, round_id, seat_id, reason)
    return await _press(request, viewer, round_id, act, Message("The juror is removed; his sheets don't count."))


@post("/rounds/{round_id:uuid}/open")
async def open_(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Open the round: criteria and rules are frozen."""
    (await pages.read_form(request)).demand()
    act = conducting.open_round(viewer, round_id)
    return await _press(request, viewer, round_id, act, Message("The round is open. Criteria and rules are fixed now."))


@post("/rounds/{round_id:uuid}/remove")
async def remove_draft(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Take a draft of a round away."""
    (await pages.read_form(request)).demand()
    gone = await removing.remove_round(viewer, round_id)
    await flash(viewer, "success", Message("The round “{name}” is removed.", name=gone.name))
    return pages.redirect(request, f"/cohorts/{gone.cohort}/jury")


@post("/rounds/{round_id:uuid}/lock")
async def lock(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Lock the round; missing sheets were listed and are agreed to."""
    form = await pages.read_form(request)
    missing = form.integer("missing", 0, 1_000_000)
    note, papers = form.text("note", required=False, limit=1000, lines=True), form.text("papers", required=False)
    if not form.flag("agreed") and missing:
        form.fail("agreed", Message("Confirm that the round is locked without the missing sheets."))
    try:
        form.demand()
        await conducting.lock_round(viewer, round_id, confirmed_missing=given(missing), note=note, papers=papers)
    except Invalid:
        return await _again(request, viewer, round_id, form, "lock")
    except Clash as clash:
        form.fail("papers", clash.reason)
        return await _again(request, viewer, round_id, form, "lock")
    await flash(viewer, "success", Message("The round is locked. No mark can be changed any more."))
    return pages.redirect(request, f"/rounds/{round_id}/result")


async def _unproved(
    request: Web, viewer: Viewer, round_id: UUID, form: Form, needed: Right = CONDUCT
) -> Response[Any] | None:
    """The page that asks for the password once more, None where that isn't needed; who has no right is refused first."""
    (await round_for(viewer, round_id)).standing.need(needed)
    return await proving.ask_again(request, viewer, form)


@post("/rounds/{round_id:uuid}/unlock")
async def unlock(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Ask a second organiser to open the round again."""
    form = await proving.read(request)
    reason = form.text("reason", limit=REASON_LIMIT, lines=True)
    try:
        form.demand()
    except Invalid:
        return await _again(request, viewer, round_id, form, "unlock")
    if page := await _unproved(request, viewer, round_id, form):
        return page
    return await _press(
        request, viewer, round_id, agreeing.ask_to_unlock(viewer, round_id, reason), await _asked(viewer, round_id)
    )


@post("/rounds/{round_id:uuid}/sheets/{sheet_id:uuid}/void")
async def void(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], sheet_id: FromPath[UUID]
) -> Response[Any]:
    """Ask a second organiser to agree that a sheet must not count."""
    return await _ask_about(request, viewer, round_id, sheet_id, "void")


@post("/rounds/{round_id:uuid}/sheets/{sheet_id:uuid}/reopen")
async def reopen(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], sheet_id: FromPath[UUID]
) -> Response[Any]:
    """Ask a second organiser to agree that a juror gets one sheet of a locked round back."""
    return await _ask_about(request, viewer, round_id, sheet_id, "reopen")


async def _ask_about(request: Web, viewer: Viewer, round_id: UUID, sheet_id: UUID, what: str) -> Response[Any]:
    form = await proving.read(request)
    reason = form.text("reason", limit=REASON_LIMIT, lines=True)
    try:
        form.demand()
    except Invalid:
        return await _asked_wrongly(request, viewer, round_id, sheet_id, form=form, what=what)
    if page := await _unproved(request, viewer, round_id, form, VOID if what == "void" else REOPEN):
        return page
    ask = agreeing.ask_to_void if what == "void" else agreeing.ask_to_reopen
    return await _press(
        request, viewer, round_id, ask(viewer, round_id, sheet_id, reason), await _asked(viewer, round_id)
    )


async def _asked_wrongly(
    request: Web, viewer: Viewer, round_id: UUID, sheet_id: UUID, *, form: Form, what: str
) -> Response[Any]:
    """The page that holds the form: the project's sheets after the lock. Before it there is none, so the board."""
    scoring = await round_for(viewer, round_id)
    if scoring.state is not RoundState.LOCKED:
        return await _again(request, viewer, round_id, form, what)
    project = await standings.project_of_sheet(round_id, sheet_id)
    return await results.sheets_page(request, viewer, scoring, project, form=form, at=f"{what}-{sheet_id}")


@post("/rounds/{round_id:uuid}/sheets/{sheet_id:uuid}/close")
async def close(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], sheet_id: FromPath[UUID]
) -> Response[Any]:
    """Close a reopened sheet as it was at the lock."""
    (await pages.read_form(request)).demand()
    act = agreeing.close_reopened(viewer, round_id, sheet_id)
    return await _press(request, viewer, round_id, act, Message("The sheet is closed as it was at the lock."))


@post("/rounds/{round_id:uuid}/proposals/{proposal_id:uuid}/confirm")
async def confirm(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], proposal_id: FromPath[UUID]
) -> Response[Any]:
    """Agree, as the second organiser."""
    form = await proving.read(request)
    form.demand()
    if page := await _unproved(request, viewer, round_id, form):
        return page
    if await agreeing.confirm(viewer, round_id, proposal_id) is ProposalKind.PUBLISH:
        await flash(viewer, "success", Message("The result is published. Letters are on their way."))
        return pages.redirect(request, f"/rounds/{round_id}/result")
    await flash(viewer, "success", Message("Confirmed. Both names are in the journal."))
    return pages.redirect(request, f"/rounds/{round_id}")


@post("/rounds/{round_id:uuid}/proposals/{proposal_id:uuid}/decline")
async def decline(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], proposal_id: FromPath[UUID]
) -> Response[Any]:
    """Decline it, or take it back."""
    (await pages.read_form(request)).demand()
    kind = await agreeing.decline(viewer, round_id, proposal_id)
    await flash(viewer, "success", Message("It stays as it is."))
    return pages.redirect(request, f"/rounds/{round_id}{'/result' * (kind is ProposalKind.PUBLISH)}")


@post("/rounds/{round_id:uuid}/publish")
async def publish(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Ask a second organiser to publish the result, with the advisory part or without."""
    form = await proving.read(request)
    advice = form.flag("advice")
    form.demand()
    if page := await _unproved(request, viewer, round_id, form):
        return page
    await agreeing.ask_to_publish(viewer, round_id, advice=advice)
    await flash(viewer, "success", await _asked(viewer, round_id))
    return pages.redirect(request, f"/rounds/{round_id}/result")


HANDLERS: list[Any] = [
    progress, live, seat, remove, open_, remove_draft, lock, unlock, void, reopen, close, confirm, decline, publish,
]  # fmt: skip
