"""Pages of moderators: the queue, the desk, private notes, guiding questions, who accompanies which team."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Invalid
from incubator.moderation import actions, desk, queries, rules
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.programmes.queries import cohort_for
from incubator.stages.queries import work_for
from incubator.teams.queries import team_for

Web = Request[Any, Any, Any]


def _cohort_in(request: Web) -> UUID | None:
    """The cohort that the address filters by; nonsense filters nothing."""
    try:
        return UUID(request.query_params.get("cohort", ""))
    except ValueError:
        return None


@get("/queue")
async def queue(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Work that waits for the viewer, oldest first."""
    waiting = await queries.queue(viewer, _cohort_in(request))
    return pages.page(request, "moderation/queue.html", waiting=waiting, block="waiting")


@get("/submissions/{submission_id:uuid}/desk")
async def desk_page(request: Web, viewer: NamedDependency[Viewer], submission_id: FromPath[UUID]) -> Response[Any]:
    """The check screen of one piece of work."""
    return await _desk(request, viewer, submission_id, Form.empty())


async def _desk(request: Web, viewer: Viewer, submission: UUID, form: Form, at: str = "") -> Response[Any]:
    """`at` names the small form (a field's key, "decision", "note" …) whose errors `form` holds."""
    sheet = await desk.desk(viewer, submission, request.query_params.get("with", ""))
    return pages.page(
        request, "moderation/desk.html", status=422 if form.errors else 200, desk=sheet, form=form, at=at
    )  # fmt: skip


@post("/submissions/{submission_id:uuid}/decision")
async def decide(request: Web, viewer: NamedDependency[Viewer], submission_id: FromPath[UUID]) -> Response[Any]:
    """Accept, return or fail; then the next work in the queue."""
    form = await pages.read_form(request)
    revision = form.integer("revision", 1, 10_000)
    try:
        verdict = rules.read_verdict(form)
    except Invalid:
        return await _desk(request, viewer, submission_id, form, "decision")
    following = await desk.next_after(viewer, submission_id)
    await actions.decide(viewer, submission_id, given(revision), verdict)
    await flash(viewer, "success", desk.SAID[verdict.outcome])
    return pages.redirect(request, f"/submissions/{following}/desk" if following else "/queue")


@post("/submissions/{submission_id:uuid}/remarks")
async def write_remark(request: Web, viewer: NamedDependency[Viewer], submission_id: FromPath[UUID]) -> Response[Any]:
    """Write a draft remark at a field."""
    form = await pages.read_form(request)
    revision, field = form.integer("revision", 1, 10_000), form.text("field", required=False, limit=60)
    try:
        text = rules.read_text(form)
    except Invalid:
        return await _desk(request, viewer, submission_id, form, f"field-{field}")
    await actions.write_remark(viewer, submission_id, given(revision), field, text)
    return pages.redirect(request, f"/submissions/{submission_id}/desk#remarks-{field}")


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
    text = rules.read_text(await pages.read_form(request))
    submission = await actions.edit_remark(viewer, remark_id, text)
    return pages.redirect(request, f"/submissions/{submission}/desk")


@post("/remarks/{remark_id:uuid}/drop")
async def drop_remark(request: Web, viewer: NamedDependency[Viewer], remark_id: FromPath[UUID]) -> Response[Any]:
    """Throw a draft remark away."""
    (await pages.read_form(request)).demand()
    submission = await actions.drop_remark(viewer, remark_id)
    return pages.redirect(request, f"/submissions/{submission}/desk")


@post("/remarks/{remark_id:uuid}/reply")
async def reply(request: Web, viewer: NamedDependency[Viewer], remark_id: FromPath[UUID]) -> Response[Any]:
    """Answer a remark; the team comes back to its work, a moderator to the desk."""
    text = rules.read_text(await pages.read_form(request))
    submission, team_page = await actions.reply(viewer, remark_id, text)
    work = await work_for(viewer, submission)
    return pages.redirect(request, f"/submissions/{submission}/desk" if work.standing.may(rules.REMARK) else team_page)


@post("/teams/{team_id:uuid}/notes")
async def write_note(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Write a private note about a team."""
    text = rules.read_text(await pages.read_form(request))
    await actions.write_note(viewer, team_id, text)
    return pages.redirect(request, f"/teams/{team_id}/notes")


@get("/teams/{team_id:uuid}/notes")
async def notes_page(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """The private notes about a team."""
    team = await team_for(viewer, team_id)
    team.standing.need(rules.VIEW_NOTES)
    return pages.page(
        request, "moderation/notes.html", team=team, notes=await queries.private_notes(team_id), form=Form.empty()
    )  # fmt: skip


@post("/notes/{note_id:uuid}")
async def edit_note(request: Web, viewer: NamedDependency[Viewer], note_id: FromPath[UUID]) -> Response[Any]:
    """Change one's own note."""
    text = rules.read_text(await pages.read_form(request))
    team = await actions.edit_note(viewer, note_id, text)
    return pages.redirect(request, f"/teams/{team}/notes")


@post("/notes/{note_id:uuid}/retract")
async def retract_note(request: Web, viewer: NamedDependency[Viewer], note_id: FromPath[UUID]) -> Response[Any]:
    """Hide one's own note."""
    (await pages.read_form(request)).demand()
    team = await actions.retract_note(viewer, note_id)
    return pages.redirect(request, f"/teams/{team}/notes")


@get("/teams/{team_id:uuid}/questions")
async def questions_page(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """The guiding questions put to a team, with its answers."""
    return await _questions(request, viewer, team_id, Form.empty())


async def _questions(request: Web, viewer: Viewer, team_id: UUID, form: Form, at: str = "") -> Response[Any]:
    team = await team_for(viewer, team_id)
    team.standing.need(rules.VIEW_REMARKS)
    return pages.page(
        request, "moderation/questions.html", status=422 if form.errors else 200, team=team, form=form, at=at,
        questions=await queries.questions(team_id), may_ask=team.standing.may(rules.ASK),
        may_answer=team.standing.may(rules.ANSWER),
    )  # fmt: skip


@post("/teams/{team_id:uuid}/questions")
async def ask(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Put a guiding question to a team."""
    form = await pages.read_form(request)
    try:
        text = rules.read_text(form)
    except Invalid:
        return await _questions(request, viewer, team_id, form, "ask")
    await actions.ask(viewer, team_id, text)
    await flash(viewer, "success", Message("The team sees the question."))
    return pages.redirect(request, f"/teams/{team_id}/questions")


@post("/questions/{question_id:uuid}/answer")
async def answer(request: Web, viewer: NamedDependency[Viewer], question_id: FromPath[UUID]) -> Response[Any]:
    """Answer a guiding question."""
    form = await pages.read_form(request)
    team_id = form.uuid("team")
    try:
        text = rules.read_text(form)
    except Invalid:
        return await _questions(request, viewer, given(team_id), form, str(question_id))
    team = await actions.answer(viewer, question_id, text)
    return pages.redirect(request, f"/teams/{team}/questions")


@post("/teams/{team_id:uuid}/modules/{module_id:uuid}/advance")
async def advance(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], module_id: FromPath[UUID]
) -> Response[Any]:
    """Lead a team through a gate."""
    form = await pages.read_form(request)
    reason = form.text("reason", required=False, limit=1000, lines=True)
    form.demand()
    await actions.advance(viewer, team_id, module_id, reason=reason)
    await flash(viewer, "success", Message("The team is in the next module."))
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
    queue, desk_page, decide, write_remark, send_remarks, edit_remark, drop_remark, reply, notes_page, write_note,
    edit_note, retract_note, questions_page, ask, answer, advance, moderators_page, assign,
]  # fmt: skip
