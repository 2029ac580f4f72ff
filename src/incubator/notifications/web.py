"""Letters for organisers and administrators, and the printed card of an invitation."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.foundation.qr import qr
from incubator.notifications import actions, queries, rules
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.settings import settings

Asked = Request[Any, Any, Any]


def _wanted(request: Asked) -> queries.Wanted:
    query = request.query_params
    state = query.get("state", "")
    return queries.Wanted(rules.State(state) if state in set(rules.State) else None, _id(query.get("before", "")))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _letters(request: Asked, page: queries.LettersPage, template: str) -> Response[Any]:
    return pages.page(
        request, template, block="letters", page=page, kinds=rules.KIND_NAMES, states=rules.STATE_NAMES,
        has_server=bool(settings().smtp_url),
    )  # fmt: skip


@get("/cohorts/{cohort_id:uuid}/letters")
async def cohort_letters(request: Asked, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Every letter of the cohort: whom it went to, what became of it."""
    page = await queries.letters_of_cohort(viewer, cohort_id, _wanted(request))
    return _letters(request, page, "notifications/cohort_letters.html")


@get("/letters")
async def platform_letters(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Letters of no cohort, and the failed ones of all."""
    return _letters(request, await queries.letters_of_platform(viewer, _wanted(request)), "notifications/letters.html")


@post("/letters/{letter_id:uuid}/again")
async def send_again(request: Asked, viewer: NamedDependency[Viewer], letter_id: FromPath[UUID]) -> Response[Any]:
    """Try a failed letter once more."""
    (await pages.read_form(request)).finish()
    letter = await actions.send_again(viewer, letter_id)
    await flash(viewer, "success", Message("The letter to {address} is on its way again.", address=letter.address))
    return pages.redirect(request, f"/cohorts/{letter.cohort}/letters" if letter.cohort else "/letters")


@get("/invitations/{invitation_id:uuid}/card")
async def card(request: Asked, viewer: NamedDependency[Viewer], invitation_id: FromPath[UUID]) -> Response[Any]:
    """An invitation on paper, for people without mail."""
    shown = await queries.card(viewer, invitation_id)
    code = qr(f"{shown.code_page.removesuffix('/code')}/invitation/{shown.code}") if shown.code else ""
    return pages.page(request, "notifications/card.html", card=shown, code=code, form=Form.empty())


HANDLERS: list[Any] = [cohort_letters, platform_letters, send_again, card]
