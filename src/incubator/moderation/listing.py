"""Pages around many pieces of work: the queue with its filters, and one thing for several teams at once."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form, given, local_input
from incubator.foundation.i18n import Message, zone, zone_label
from incubator.foundation.refusals import Invalid
from incubator.moderation import bulk, rules, threads, undoing
from incubator.moderation.queue import choices, load, queue
from incubator.moderation.sieve import DEADLINE_NAMES, PAGE, SHOWN_NAMES, Shown, Sieve, read_sieve
from incubator.people.rights import Role, Scope, Viewer
from incubator.people.sessions import flash
from incubator.stages.rules import EXTEND
from incubator.teams.queries import team_for

Web = Request[Any, Any, Any]
QUERY_PARAMETERS = ("cohort", "module", "team", "whose", "state", "deadline", "page")


def sieve_of(request: Web) -> Sieve:
    """The filters that the address names."""
    return read_sieve({name: request.query_params.get(name, "") for name in QUERY_PARAMETERS})


@get("/queue")
async def queue_page(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Work that waits for the viewer, oldest first, or what its filters ask for."""
    sieve = sieve_of(request)
    rows = await queue(viewer, sieve)
    total = rows[0].waiting if rows else 0
    return pages.page(
        request, "moderation/queue.html", block="waiting", sieve=sieve, rows=rows, total=total, states=SHOWN_NAMES,
        deadlines=DEADLINE_NAMES, choices=await choices(viewer, sieve), load=await load(viewer, sieve),
        undoable=await undoing.undoable(viewer), answered=await threads.answered(viewer), following=sieve.page * PAGE < total, waiting_state=Shown.WAITING,
        both=bool(viewer.places(Role.ORGANISER, Scope.PROGRAMME) and viewer.places(Role.MODERATOR, Scope.TEAM)),
        may_extend=bool(viewer.places(Role.ORGANISER, Scope.PROGRAMME)),
    )  # fmt: skip


@post("/queue/message")
async def message(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """First whom a message would reach, with a place to write it; then it goes to all of them."""
    form = await pages.read_form(request)
    picks, ready = bulk.read_picks(form), form.flag("ready")
    if not picks:
        return _nobody(request, form)
    rows = await bulk.picked(viewer, picks, rules.MESSAGE)
    if not ready:
        form.finish()
        return _message(request, Form.empty(), rows)
    text = form.text("text", limit=rules.MESSAGE_LIMIT, lines=True)
    form.finish()
    if not form.ok:
        return _message(request, form, rows)
    count = await bulk.message(viewer, picks, text)
    await flash(
        viewer, "success", Message.count("The message goes to {n} team.", "The message goes to {n} teams.", count)
    )
    return pages.redirect(request, f"/queue{sieve_of(request).query}")


def _message(request: Web, form: Form, rows: list[bulk.Picked]) -> Response[Any]:
    return pages.page(
        request, "moderation/bulk_message.html", status=422 if form.errors else 200, form=form, rows=rows,
        teams=bulk.teams_of(rows), limit=rules.MESSAGE_LIMIT, sieve=sieve_of(request),
    )  # fmt: skip


def _nobody(request: Web, form: Form) -> Response[Any]:
    return pages.page(request, "moderation/bulk_nobody.html", status=422, form=form, sieve=sieve_of(request))


@post("/queue/extension")
async def extension(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """First which teams more time would reach, with a place for until when and why; then all of them get it."""
    form = await pages.read_form(request)
    picks, ready = bulk.read_picks(form), form.flag("ready")
    if not picks:
        return _nobody(request, form)
    rows = await bulk.picked(viewer, picks, EXTEND)
    if not ready:
        form.finish()
        reached = bulk.affected(rows)
        latest = max((row.deadline for row in reached), default=None)
        return _extension(request, viewer, Form.empty({"until": local_input(latest, zone())}), rows)
    until, reason = form.local_moment("until", zone()), form.text("reason", limit=1000, lines=True)
    seen = form.integer("seen", 0, PAGE)
    form.finish()
    try:
        if form.ok:
            count = await bulk.extend(viewer, form, picks, until=given(until), reason=reason, seen=given(seen))
            words = Message.count("The deadline of {n} piece of work is extended.",
                                  "The deadlines of {n} pieces of work are extended.", count)  # fmt: skip
            await flash(viewer, "success", words)
            return pages.redirect(request, f"/queue{sieve_of(request).query}")
    except Invalid:
        rows = await bulk.picked(viewer, picks, EXTEND)
    return _extension(request, viewer, form, rows)


def _extension(request: Web, viewer: Viewer, form: Form, rows: list[bulk.Picked]) -> Response[Any]:
    reached = bulk.affected(rows)
    return pages.page(
        request, "moderation/bulk_extension.html", status=422 if form.errors else 200, form=form, rows=reached,
        kept_out=[row for row in rows if row.kept_out], teams=bulk.teams_of(reached), zone=zone_label(viewer.now),
        sieve=sieve_of(request),
    )  # fmt: skip


@get("/teams/{team_id:uuid}/messages")
async def messages_page(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """What moderators and organisers wrote to a team."""
    team = await team_for(viewer, team_id)
    team.standing.need(rules.READ_MESSAGES)
    pick = await bulk.any_pick(team_id) if team.standing.may(rules.MESSAGE) else ""
    return pages.page(
        request, "moderation/messages.html", team=team, messages=await bulk.messages(team_id), pick=pick,
        of_team=team.standing.may(rules.ANSWER),
    )  # fmt: skip


HANDLERS = [queue_page, message, extension, messages_page]
