"""Pages of moderators: the queue, the desk, private notes, who accompanies which team."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, Invalid, NotFound
from incubator.moderation import actions, asking, bank, checking, desk, listing, phrases, queries, rules, undoing
from incubator.moderation.asking import two_texts
from incubator.moderation.listing import QUERY_PARAMETERS, sieve_of
from incubator.moderation.queue import neighbours, next_after
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.programmes.queries import cohort_for
from incubator.stages.queries import work_for
from incubator.stages.rules import Outcome
from incubator.teams.queries import team_for

Web = Request[Any, Any, Any]


@get("/submissions/{submission_id:uuid}/desk")
async def desk_page(request: Web, viewer: NamedDependency[Viewer], submission_id: FromPath[UUID]) -> Response[Any]:
    """The check screen of one piece of work."""
    return await _desk(request, viewer, submission_id, Form.empty())


VIEWS = ("changes", "text")


def _address(submission: UUID, kept: Mapping[str, str], more: Mapping[str, str]) -> str:
    """The desk's address with some of its parameters changed."""
    query = urlencode({name: value for name, value in {**kept, **more}.items() if value})
    return f"/submissions/{submission}/desk{'?' if query else ''}{query}"


async def _desk(request: Web, viewer: Viewer, submission: UUID, form: Form, at: str = "") -> Response[Any]:
    """`at` names the small form whose errors `form` holds: "decision", "field-…", or "remark-…" with a remark's id."""
    sheet = await desk.desk(viewer, submission, request.query_params.get("with", ""))
    sieve, view = sieve_of(request), request.query_params.get("view", "")
    kept = {name: value for name, value in request.query_params.items() if name in (*QUERY_PARAMETERS, "with", "view")}
    return pages.page(
        request, "moderation/desk.html", status=422 if form.errors else 200, desk=sheet, form=form, at=at, sieve=sieve,
        view=view if view in VIEWS else "", kept=kept, here=lambda **more: _address(submission, kept, more),
        around=await neighbours(viewer, submission, sieve), checker=await checking.checker(submission, viewer.now),
        phrases=await phrases.phrases(viewer, sheet.work.programme), undoable=await undoing.undoable(viewer),
    )  # fmt: skip


@post("/submissions/{submission_id:uuid}/decision")
async def decide(request: Web, viewer: NamedDependency[Viewer], submission_id: FromPath[UUID]) -> Response[Any]:
    """Accept, return or fail; then the next work in the queue, or the gate that this has opened."""
    form = await pages.read_form(request)
    revision = form.integer("revision", 1, 10_000)
    try:
        verdict = rules.read_verdict(form)
    except Invalid:
        return await _desk(request, viewer, submission_id, form, "decision")
    await actions.decide(viewer, submission_id, given(revision), verdict)
    await flash(viewer, "success", desk.SAID[verdict.outcome])
    if verdict.outcome is Outcome.ACCEPTED and await desk.gate_open(viewer, submission_id):
        return pages.redirect(request, f"/submissions/{submission_id}/desk{sieve_of(request).query}")
    return await _next(request, viewer, submission_id)


async def _next(request: Web, viewer: Viewer, submission: UUID) -> Response[Any]:
    """The work that waits next under the same filters; after the last one the queue."""
    sieve = sieve_of(request)
    following = await next_after(viewer, submission, sieve)
    return pages.redirect(
        request, f"/submissions/{following}/desk{sieve.query}" if following else f"/queue{sieve.query}"
    )


@post("/submissions/{submission_id:uuid}/decision/back")
async def take_back(request: Web, viewer: NamedDependency[Viewer], submission_id: FromPath[UUID]) -> Response[Any]:
    """Take one's decision back; then the desk as it was before."""
    (await pages.read_form(request)).demand()
    await undoing.take_back(viewer, submission_id)
    await flash(
        viewer, "success", Message("The decision is taken back. The work waits for a check again, no letter goes out.")
    )
    return pages.redirect(request, f"/submissions/{submission_id}/desk{sieve_of(request).query}")


@post("/submissions/{submission_id:uuid}/checking")
async def check(request: Web, viewer: NamedDependency[Viewer], submission_id: FromPath[UUID]) -> Response[Any]:
    """Begin to check a piece of work, which the page asks for by itself, or take the check over from a colleague."""
    form = await pages.read_form(request)
    take = form.flag("take")
    form.demand()
    now_at_it = await checking.begin(viewer, submission_id, take=take)
    if pages.is_partial(request):
        return pages.page(request, "moderation/_checker.html", checker=now_at_it, submission=submission_id)
    return pages.redirect(request, f"/submissions/{submission_id}/desk{sieve_of(request).query}")


@get("/submissions/{submission_id:uuid}/checking")
async def meanwhile(request: Web, viewer: NamedDependency[Viewer], submission_id: FromPath[UUID]) -> Response[Any]:
    """Whether a colleague has taken over or decided: what an open desk asks when something has happened to the team."""
    asked = request.query_params.get("revision", "")
    revision = int(asked) if len(asked) < 6 and asked.isdecimal() else 0
    found = await checking.meanwhile(viewer, submission_id, revision)
    if not pages.is_partial(request):
        return pages.redirect(request, f"/submissions/{submission_id}/desk")
    return pages.page(
        request, "moderation/_checker.html", checker=found.checker, decided=found.decided, submission=submission_id
    )


@get("/submissions/{submission_id:uuid}/next")
async def next_work(request: Web, viewer: NamedDependency[Viewer], submission_id: FromPath[UUID]) -> Response[Any]:
    """The work that waits next, without deciding about this one."""
    (await work_for(viewer, submission_id)).standing.need(rules.CHECK)
    return await _next(request, viewer, submission_id)


@post("/submissions/{submission_id:uuid}/remarks")
async def write_remark(request: Web, viewer: NamedDependency[Viewer], submission_id: FromPath[UUID]) -> Response[Any]:
    """Write a draft remark at a field."""
    form = await pages.read_form(request)
    revision, field = form.integer("revision", 1, 10_000), form.text("field", required=False, limit=60)
    try:
        text = rules.read_text(form)
    except Invalid:
        return await _desk(request, viewer, submission_id, form, f"field-{field}")
    remark = await actions.write_remark(viewer, submission_id, given(revision), field, text)
    return pages.redirect(request, f"/submissions/{submission_id}/desk#remark-{remark}")


@post("/submissions/{submission_id:uuid}/remarks/send")
async def send_remarks(request: Web, viewer: NamedDependency[Viewer], submission_id: FromPath[UUID]) -> Response[Any]:
    """Show the team the draft remarks without a decision."""
    (await pages.read_form(request)).demand()
    count = await actions.send_remarks(viewer, submission_id)
    await flash(viewer, "success", Message.count("The team sees {n} remark.", "The team sees {n} remarks.", count))
    return pages.redirect(request, f"/submissions/{submission_id}/desk")


@post("/remarks/{remark_id:uuid}")
async def edit_remark(request: Web, viewer: NamedDependency[Viewer], remark_id: FromPath[UUID]) -> Response[Any]:
    """Change one's own remark."""
    form = await pages.read_form(request)
    version = form.text("version", required=False) or None  # a program that asks for no check gets none
    try:
        text = rules.read_text(form)
    except Invalid:
        return await _desk(request, viewer, await queries.submission_of(remark_id), form, f"remark-{remark_id}")
    try:
        submission = await actions.edit_remark(viewer, remark_id, text, version=version)
    except Clash as clash:
        return two_texts(request, clash, text, Message("Remark"))
    return pages.redirect(request, f"/submissions/{submission}/desk#remark-{remark_id}")


@post("/remarks/{remark_id:uuid}/drop")
async def drop_remark(request: Web, viewer: NamedDependency[Viewer], remark_id: FromPath[UUID]) -> Response[Any]:
    """Throw a draft remark away."""
    (await pages.read_form(request)).demand()
    submission = await actions.drop_remark(viewer, remark_id)
    return pages.redirect(request, f"/submissions/{submission}/desk")


@post("/remarks/{remark_id:uuid}/reply")
async def reply(request: Web, viewer: NamedDependency[Viewer], remark_id: FromPath[UUID]) -> Response[Any]:
    """Answer a remark; the team comes back to its work, a moderator to the desk."""
    form = await pages.read_form(request)
    try:
        text = rules.read_text(form)
    except Invalid:
        return await _reply(request, viewer, remark_id, form)
    work = await actions.reply(viewer, remark_id, text)
    own = f"/submissions/{work.submission}/desk" if work.standing.may(rules.CHECK) else work.href
    return pages.redirect(request, f"{own}#remark-{remark_id}")


async def _reply(request: Web, viewer: Viewer, remark_id: UUID, form: Form) -> Response[Any]:
    """The remark with the answer as it was typed; the form itself stands on pages of other features too."""
    work = await work_for(viewer, await queries.submission_of(remark_id))
    work.standing.need(rules.REPLY)
    remark = next((each for each in await queries.remarks(viewer, work) if each.id == remark_id), None)
    if remark is None:
        raise NotFound
    return pages.page(request, "moderation/reply.html", status=422, work=work, remark=remark, form=form)


@post("/teams/{team_id:uuid}/notes")
async def write_note(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Write a private note about a team; from the desk one comes back to it."""
    form = await pages.read_form(request)
    submission = form.uuid("submission", required=False)
    try:
        text = rules.read_text(form)
    except Invalid:
        return await _notes(request, viewer, team_id, form)
    await actions.write_note(viewer, team_id, text)
    return pages.redirect(request, f"/submissions/{submission}/desk#notes" if submission else f"/teams/{team_id}/notes")


@get("/teams/{team_id:uuid}/notes")
async def notes_page(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """The private notes about a team."""
    return await _notes(request, viewer, team_id, Form.empty())


async def _notes(request: Web, viewer: Viewer, team_id: UUID, form: Form, at: str = "") -> Response[Any]:
    """`at` is the note whose change was refused, "" for a new one."""
    team = await team_for(viewer, team_id)
    team.standing.need(rules.VIEW_NOTES)
    return pages.page(
        request, "moderation/notes.html", status=422 if form.errors else 200, team=team, form=form, at=at,
        blank=Form.empty(), notes=await queries.private_notes(team_id),
    )  # fmt: skip


@post("/notes/{note_id:uuid}")
async def edit_note(request: Web, viewer: NamedDependency[Viewer], note_id: FromPath[UUID]) -> Response[Any]:
    """Change one's own note."""
    form = await pages.read_form(request)
    version = form.text("version", required=False) or None  # a program that asks for no check gets none
    try:
        text = rules.read_text(form)
    except Invalid:
        return await _notes(request, viewer, await queries.team_of_note(note_id), form, str(note_id))
    try:
        team = await actions.edit_note(viewer, note_id, text, version=version)
    except Clash as clash:
        return two_texts(request, clash, text, Message("Note"))
    return pages.redirect(request, f"/teams/{team}/notes")


@post("/notes/{note_id:uuid}/retract")
async def retract_note(request: Web, viewer: NamedDependency[Viewer], note_id: FromPath[UUID]) -> Response[Any]:
    """Hide one's own note."""
    (await pages.read_form(request)).demand()
    team = await actions.retract_note(viewer, note_id)
    return pages.redirect(request, f"/teams/{team}/notes")


@post("/teams/{team_id:uuid}/modules/{module_id:uuid}/advance")
async def advance(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], module_id: FromPath[UUID]
) -> Response[Any]:
    """Lead a team through a gate."""
    form = await pages.read_form(request)
    reason = form.text("reason", required=False, limit=1000, lines=True)
    form.demand()
    following = await actions.advance(viewer, team_id, module_id, reason=reason)
    await flash(viewer, "success", rules.LED_ON if following else rules.LED_OUT)
    return pages.redirect(request, f"/teams/{team_id}")


@get("/cohorts/{cohort_id:uuid}/moderators")
async def moderators_page(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Which moderator accompanies which team."""
    cohort = await cohort_for(viewer, cohort_id)
    cohort.standing.need(rules.ASSIGN)
    return pages.page(
        request, "moderation/moderators.html", cohort=cohort, teams=await queries.teams_and_moderators(cohort_id),
        moderators=await queries.moderators_of(cohort_id),
    )  # fmt: skip


@post("/cohorts/{cohort_id:uuid}/moderators")
async def assign(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Give a team to a moderator, or take it from him."""
    form = await pages.read_form(request)
    team, person = form.uuid("team"), form.uuid("person")
    step = form.choice("step", ["assign", "dismiss"])
    form.demand()
    change = actions.assign_moderator if step == "assign" else actions.dismiss_moderator
    await change(viewer, cohort_id, given(team), given(person))
    return pages.redirect(request, f"/cohorts/{cohort_id}/moderators")


HANDLERS = [
    *listing.HANDLERS, *bank.HANDLERS, *asking.HANDLERS, desk_page, decide, take_back, check, meanwhile, next_work, write_remark, send_remarks, edit_remark, drop_remark, reply, notes_page, write_note,
    edit_note, retract_note, advance, moderators_page, assign,
]  # fmt: skip
