"""Pages of a pitch day: the panel, what jurors follow, the screen in the hall."""

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
from incubator.foundation.qr import qr
from incubator.foundation.refusals import Invalid, NotFound, TooMany
from incubator.jury.pages.control import still_sees
from incubator.jury.pitch import ordering, running
from incubator.jury.rounds import Round, round_for
from incubator.jury.rules import CHOOSE_TEAM, CONDUCT, LEAD, QUEUE, SHEET_WORDS
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.settings import settings

Web = Request[Any, Any, Any]
REASON_LIMIT = 500
BUTTONS = ("start", "pause", "reset", "blank", "show", "next", "absent", "call", "minutes")
MEANWHILE = Message("Another team has been called meanwhile. Look who stands before the jury now.")


def jurors_address(round_id: UUID) -> str:
    """Where jurors go from the hall's screen, as the QR code says it."""
    return f"{settings().origin}/rounds/{round_id}"


# --- The panel --------------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/pitch")
async def panel(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """The panel of a pitch day: order, timer, who has scored whom."""
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(LEAD)
    return await _panel(request, scoring, Form.empty())


async def _panel(request: Web, scoring: Round, form: Form) -> Response[Any]:
    now = await running.moment(scoring.id)
    timer = form if form.error("minutes") else Form.empty({"minutes": now.minutes if now else ""})
    return pages.page(
        request, "jury/pitch.html", block="matrix", status=422 if form.errors else 200, round=scoring, form=form,
        timer=timer, now=now, panel=await running.panel(scoring.id), words=SHEET_WORDS, may_lock=scoring.standing.may(CONDUCT),
        hall=f"{settings().origin}/hall/{now.address}" if now else "", obstacle=running.obstacle(scoring),
        order=None if pages.is_partial(request) else await ordering.drawn_order(scoring),
    )  # fmt: skip


@post("/rounds/{round_id:uuid}/pitch")
async def press(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """A button of the panel, or the beginning of the pitch day."""
    form = await pages.read_form(request)
    button = form.choice("act", ("begin", "address", *BUTTONS))
    project = form.uuid("project", required=button in {"call", "absent"}, missing=CHOOSE_TEAM)
    minutes = form.integer("minutes", 1, 120, required=button == "minutes")
    try:
        form.demand()
    except Invalid:
        scoring = await round_for(viewer, round_id)
        scoring.standing.need(LEAD)
        return await _panel(request, scoring, form)
    if not await _pressed(viewer, round_id, given(button), project, minutes):
        await flash(viewer, "info", MEANWHILE)
    # To the button that was pressed, so that the keyboard goes on from it; one that has gone leaves its place to another.
    return pages.redirect(request, f"/rounds/{round_id}/pitch#act-{FOCUS.get(given(button), button)}")


FOCUS = {"show": "blank", "absent": "next"}


async def _pressed(viewer: Viewer, round_id: UUID, button: str, project: UUID | None, minutes: int | None) -> bool:
    """Whether it was done; a team is called only from a panel that shows who stands before the jury now."""
    if button == "next":
        return await running.call(viewer, round_id, None, seen=project)
    if button == "absent":
        return await running.pass_over(viewer, round_id, given(project))
    if button == "begin":
        await running.begin(viewer, round_id)
    elif button == "address":
        await running.renew_address(viewer, round_id)
    elif button == "minutes":
        await running.set_minutes(viewer, round_id, given(minutes))
    elif button == "call":
        await running.call(viewer, round_id, project)
    else:
        await running.press(viewer, round_id, button)
    return True


@post("/rounds/{round_id:uuid}/pitch/draw")
async def draw(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Draw the running order."""
    (await pages.read_form(request)).demand()
    seed = await running.draw(viewer, round_id)
    await flash(viewer, "success", Message("The running order is drawn. The seed is in the journal: {seed}", seed=seed))
    return pages.redirect(request, f"/rounds/{round_id}/pitch")


@post("/rounds/{round_id:uuid}/pitch/swap")
async def swap(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Let two teams change places."""
    form = await pages.read_form(request)
    one, other = form.uuid("one", missing=CHOOSE_TEAM), form.uuid("other", missing=CHOOSE_TEAM)
    reason = form.text("reason", limit=REASON_LIMIT)
    if one and one == other:
        form.fail("other", Message("Choose another team than the first."))
    try:
        form.demand()
    except Invalid:
        scoring = await round_for(viewer, round_id)
        scoring.standing.need(LEAD)
        return await _panel(request, scoring, form)
    await running.swap(viewer, round_id, given(one), given(other), reason)
    await flash(viewer, "success", Message("The teams have changed places."))
    return pages.redirect(request, f"/rounds/{round_id}/pitch")


# --- What jurors follow -----------------------------------------------------------------------------------------------


async def _for_jurors(viewer: Viewer, round_id: UUID) -> running.Moment:
    (await round_for(viewer, round_id)).standing.need(QUEUE)
    now = await running.moment(round_id)
    if now is None:
        raise NotFound
    return now


@get("/rounds/{round_id:uuid}/pitch/state")
async def state(viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Who is before the jury, and the timer, for scripts."""
    return Response((await _for_jurors(viewer, round_id)).document, status_code=200)


@get("/rounds/{round_id:uuid}/pitch/live")
async def live(viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Events that something in the hall has changed; for the panel also that somebody has handed in."""
    now = await _for_jurors(viewer, round_id)
    if HUB.full(viewer.id):
        raise TooMany(60)
    leads = (await round_for(viewer, round_id)).standing.may(LEAD)
    topics = frozenset({str(now.id), *({str(round_id)} if leads else set())})
    events = HUB.stream(viewer.id, topics, lambda: still_sees(viewer, round_id))
    return Stream(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


# --- The hall ---------------------------------------------------------------------------------------------------------


@get("/hall/{address:str}", opt={"public": True})
async def hall(request: Web, address: FromPath[str]) -> Response[Any]:
    """The screen in the hall, for whoever has its address: team, timer, QR code for jurors. Never a value."""
    now = await running.hall(address)
    return pages.page(request, "jury/hall.html", now=now, code=qr(jurors_address(now.round)))


@get("/hall/{address:str}/state", opt={"public": True})
async def hall_state(address: FromPath[str]) -> Response[Any]:
    """What the screen shows, for its script."""
    return Response((await running.hall(address)).shown, status_code=200)


@get("/hall/{address:str}/live", opt={"public": True})
async def hall_live(address: FromPath[str]) -> Response[Any]:
    """Events that the screen has something else to show."""
    now = await running.hall(address)
    if HUB.full(address):
        raise TooMany(60)

    async def still_there() -> bool:
        found = await running.moment(now.round)
        return found is not None and found.address == address

    events = HUB.stream(address, frozenset({str(now.id)}), still_there)
    return Stream(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


HANDLERS: list[Any] = [panel, press, draw, swap, state, live, hall, hall_state, hall_live]
