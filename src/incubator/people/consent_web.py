"""Consents on pages: what is asked after signing in, one's own answers, the administrator's documents, who answered."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Refused
from incubator.people import consent_queries, consent_rules, consents, held_web, holding, queries, rules, sessions
from incubator.people.consent_rules import ANSWER_NAMES, KIND_NAMES, Kind
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.settings import settings

Asked = Request[Any, Any, Any]
BEFORE = {"before_consent": True}


def _address(request: Asked) -> str:
    return request.client.host if request.client else ""


# One's own answers


@get("/consents", opt=BEFORE)
async def consents_page(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """What one is asked for, each document with its own box; who is asked for nothing goes on."""
    goal = rules.local_path(request.query_params.get("next", "/"))
    asked = await consent_queries.due(viewer.id)
    if not asked:
        await consents.answer(viewer, {}, "")
        return pages.redirect(request, goal)
    return pages.page(request, "people/consents.html", form=Form.empty({"next": goal}), asked=asked)


@post("/consents", opt=BEFORE)
async def answer(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Keep the answers and go on to where one wanted to go, or to what was typed before the session ended."""
    form, asked = await pages.read_form(request), await consent_queries.due(viewer.id)
    goal, held = form.text("next", required=False, limit=2000), form.text("held", required=False, limit=holding.LONGEST)
    answers = consent_rules.read_answers(form, asked)
    form.finish()
    if not form.ok:
        return pages.page(request, "people/consents.html", status=422, form=form, asked=asked)
    await consents.answer(viewer, answers, _address(request))
    device = request.cookies.get(sessions.device_name(settings()), "")
    if typed := holding.opened(held, device, viewer.id, int(viewer.now.timestamp())):
        return held_web.back_again(request, typed)
    return pages.redirect(request, rules.local_path(goal or "/"))


@get("/consents/mine", opt=BEFORE)
async def own_consents(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """What one has answered, and the way to withdraw it."""
    said = await consent_queries.answers(viewer.id)
    return pages.page(request, "people/own_consents.html", said=said, names=ANSWER_NAMES)


@post("/documents/{document_id:uuid}/withdraw", opt=BEFORE)
async def withdraw(request: Asked, viewer: NamedDependency[Viewer], document_id: FromPath[UUID]) -> Response[Any]:
    """Take a consent back."""
    (await pages.read_form(request)).finish()
    await consents.withdraw(viewer, document_id, _address(request))
    await flash(viewer, "success", Message("The consent is withdrawn. That it was given stays on record."))
    return pages.redirect(request, "/consents/mine")


@post("/documents/{document_id:uuid}/agree", opt=BEFORE)
async def agree(request: Asked, viewer: NamedDependency[Viewer], document_id: FromPath[UUID]) -> Response[Any]:
    """Agree later."""
    (await pages.read_form(request)).finish()
    await consents.agree(viewer, document_id, _address(request))
    await flash(viewer, "success", Message("The consent is kept. You can withdraw it here."))
    return pages.redirect(request, "/consents/mine")


@get("/documents/{document_id:uuid}", opt=BEFORE)
async def document_page(request: Asked, viewer: NamedDependency[Viewer], document_id: FromPath[UUID]) -> Response[Any]:  # noqa: ARG001  (only the signed-in read it)
    """One version of a text, for everybody who may have to agree to it."""
    return pages.page(request, "people/document.html", document=await consent_queries.document(document_id))


# The administrator's documents


@get("/documents")
async def documents(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Every document, how it was answered, and the way to its next version."""
    queries.standing_anywhere(viewer).need(consent_rules.WRITE_DOCUMENT)
    shelves = await consent_queries.shelves()
    there = {shelf.document.wording.kind for shelf in shelves}
    others = [(kind, name) for kind, name in KIND_NAMES.items() if kind not in there]
    return pages.page(
        request, "people/documents.html", shelves=shelves, kinds=KIND_NAMES, others=others, roles=rules.ROLE_NAMES
    )


def _writing(request: Asked, form: Form, status: int = 200, *, look: bool = False) -> Response[Any]:
    return pages.page(
        request, "people/write_document.html", status=status, form=form, kinds=KIND_NAMES, look=look,
        roles=[(role.value, name) for role, name in rules.ROLE_NAMES.items()],
    )  # fmt: skip


@get("/documents/new")
async def new_document(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """The form of the next version, filled with the present one."""
    queries.standing_anywhere(viewer).need(consent_rules.WRITE_DOCUMENT)
    word = request.query_params.get("kind", "")
    kind = Kind(word) if word in set(Kind) else Kind.PERSONAL_DATA
    return _writing(request, Form.empty(consent_rules.typed(await consent_queries.latest(kind), kind)))


@post("/documents")
async def write_document(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Look at a version as people will see it, or publish it."""
    queries.standing_anywhere(viewer).need(consent_rules.WRITE_DOCUMENT)
    form = await pages.read_form(request)
    wording, after = consent_rules.read_wording(form), form.integer("after", 0, 10_000)
    press = form.choice("press", ("publish", "look"), required=False)
    form.finish()
    if not form.ok or press == "look":
        return _writing(request, form, 200 if form.ok else 422, look=form.ok)
    try:
        await consents.write_document(viewer, wording, after or 0)
    except Refused as refusal:
        form.fail("", refusal.reason)
        return _writing(request, form, 409)
    await flash(viewer, "success", Message("The version is published. People read it when they sign in the next time."))
    return pages.redirect(request, "/documents")


# Who answered what


@get("/consents/given")
async def consent_roll(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Who answered what, as far as the viewer may look people up; that he looked is kept."""
    queries.standing_anywhere(viewer).need(consent_rules.SEE_CONSENTS)
    search = request.query_params.get("q", "")[:200].strip()
    roll = await consent_queries.roll(viewer, search)
    await consents.note_reading(viewer)
    return pages.page(request, "people/consent_roll.html", roll=roll, search=search, names=ANSWER_NAMES)


@get("/people/{person_id:uuid}/consents")
async def consents_of(request: Asked, viewer: NamedDependency[Viewer], person_id: FromPath[UUID]) -> Response[Any]:
    """What one person answered and when; that somebody looked is kept."""
    (await queries.standing_with(viewer, person_id)).need(consent_rules.SEE_CONSENTS)
    name, said = await consent_queries.person_name(person_id), await consent_queries.answers(person_id)
    await consents.note_reading(viewer, person_id)
    return pages.page(request, "people/consents_of.html", name=name, said=said, names=ANSWER_NAMES, person=person_id)


HANDLERS: list[Any] = [
    consents_page, answer, own_consents, withdraw, agree, document_page, documents, new_document, write_document,
    consent_roll, consents_of,
]  # fmt: skip
