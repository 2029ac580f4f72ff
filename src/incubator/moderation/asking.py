"""Pages of guiding questions: the threads of a team, and the history of its case with versions, questions and answers."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.comparison import compare
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, Invalid
from incubator.moderation import questions, rules, threads
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.stages.answers import fingerprint
from incubator.teams.queries import team_for
from incubator.teams.rules import VIEW_VERSIONS

Web = Request[Any, Any, Any]
QUESTION_PARAMETERS = ("suggest",)


def two_texts(request: Web, clash: Clash, mine: str, label: Message) -> Response[Any]:
    """What somebody has saved meanwhile and what was typed; sent again, the text is taken."""
    stored = str(clash.context["stored"])
    return pages.page(
        request, "moderation/two_texts.html", status=clash.status, reason=clash.reason, label=label, stored=stored,
        form=Form.empty({"text": mine, "version": fingerprint(stored)}), pieces=compare(stored, mine),
    )  # fmt: skip


@get("/teams/{team_id:uuid}/questions")
async def questions_page(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """The guiding questions put to a team, with its answers; `?suggest=` takes one of the programme's into the form."""
    return await _questions(request, viewer, team_id, Form.empty())


async def _questions(request: Web, viewer: Viewer, team_id: UUID, form: Form, at: str = "") -> Response[Any]:
    """`at` names the form whose errors `form` holds: "ask", or the id of the question that was answered."""
    team = await team_for(viewer, team_id)
    team.standing.need(rules.VIEW_REMARKS)
    there = team.withdrawn_at is None
    may_ask = there and team.standing.may(rules.ASK)
    offered = await threads.suggestions(team_id, viewer.now) if may_ask else []
    taken = next((each for each in offered if each.key == request.query_params.get("suggest")), None)
    blank = Form.empty({"text": taken.text, "submission": taken.submission or ""} if taken else {})
    return pages.page(
        request, "moderation/questions.html", status=422 if form.errors else 200, team=team, form=form, at=at,
        questions=await threads.questions(team_id), may_ask=may_ask, suggestions=offered, taken=taken, blank=blank,
        may_answer=there and team.standing.may(rules.ANSWER), may_reply=there and team.standing.may(rules.REPLY_TO_QUESTION),
        may_settle=team.standing.may(rules.SETTLE),
    )  # fmt: skip


@post("/teams/{team_id:uuid}/questions")
async def ask(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Put a guiding question to a team; from the desk it is about that work, and one comes back to it."""
    form = await pages.read_form(request)
    submission, stays = form.uuid("submission", required=False), form.flag("stays")
    try:
        text = rules.read_text(form)
    except Invalid:
        return await _questions(request, viewer, team_id, form, "ask")
    question = await questions.ask(viewer, team_id, text, submission=submission)
    await flash(viewer, "success", Message("The team sees the question."))
    here = f"/teams/{team_id}/questions"
    if submission and not stays:
        here = f"/submissions/{submission}/desk"
    return pages.redirect(request, f"{here}#question-{question}" if stays else here)


@post("/questions/{question_id:uuid}/answer")
async def answer(request: Web, viewer: NamedDependency[Viewer], question_id: FromPath[UUID]) -> Response[Any]:
    """Answer a guiding question."""
    form = await pages.read_form(request)
    version = form.text("version", required=False) or None  # a program that asks for no check gets none
    try:
        text = rules.read_text(form)
    except Invalid:
        return await _questions(request, viewer, await threads.team_of_question(question_id), form, str(question_id))
    try:
        team = await questions.answer(viewer, question_id, text, version=version)
    except Clash as clash:
        return two_texts(request, clash, text, Message("The team's answer"))
    await flash(viewer, "success", Message("The answer is kept with the case."))
    return pages.redirect(request, f"/teams/{team}/questions#question-{question_id}")


@post("/questions/{question_id:uuid}/replies")
async def reply(request: Web, viewer: NamedDependency[Viewer], question_id: FromPath[UUID]) -> Response[Any]:
    """Go on under a question, and settle it by the second button."""
    form = await pages.read_form(request)
    settles = form.value("then") == "settle"
    form.only("then")
    try:
        text = rules.read_text(form)
    except Invalid:
        team = await threads.team_of_question(question_id)
        return await _questions(request, viewer, team, form, f"reply-{question_id}")
    team = await questions.reply(viewer, question_id, text, settles=settles)
    return pages.redirect(request, f"/teams/{team}/questions#question-{question_id}")


@post("/questions/{question_id:uuid}/settled")
async def settle(request: Web, viewer: NamedDependency[Viewer], question_id: FromPath[UUID]) -> Response[Any]:
    """Say that a question is settled."""
    (await pages.read_form(request)).demand()
    team = await questions.settle(viewer, question_id)
    return pages.redirect(request, f"/teams/{team}/questions#question-{question_id}")


@get("/teams/{team_id:uuid}/case/history")
async def history_page(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """How the case came to be what it is: versions, questions and answers in one line of time."""
    team = await team_for(viewer, team_id)
    team.standing.need(VIEW_VERSIONS)
    return pages.page(request, "moderation/history.html", team=team, entries=await threads.history(team_id))


HANDLERS: list[Any] = [questions_page, ask, answer, reply, settle, history_page]
