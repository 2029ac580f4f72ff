"""Pages of the remark bank."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Invalid
from incubator.moderation import phrases, rules
from incubator.people.rights import Viewer
from incubator.people.sessions import flash

Web = Request[Any, Any, Any]
BANK = "/phrases"


def _read(form: Form) -> str:
    text = form.text("text", limit=rules.PHRASE_LIMIT, lines=True)
    form.demand()
    return text


@get(BANK)
async def phrases_page(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """One's own phrases and those of the programmes, to add to, to change and to take out of."""
    return await _page(request, viewer, Form.empty())


async def _page(request: Web, viewer: Viewer, form: Form, at: str = "") -> Response[Any]:
    """`at` is the phrase whose change was refused, "" for a new one."""
    phrases.need_phrases(viewer)
    shared = [(place.id, place.name) for place in await phrases.places(viewer) if place.shared]
    return pages.page(
        request, "moderation/phrases.html", status=422 if form.errors else 200, form=form, at=at, blank=Form.empty(),
        phrases=await phrases.phrases(viewer), shared_choices=shared, limit=rules.PHRASE_LIMIT,
    )  # fmt: skip


@post(BANK)
async def add_phrase(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Put a phrase into one's own bank or that of a programme."""
    form = await pages.read_form(request)
    programme = form.uuid("programme", required=False)
    try:
        text = _read(form)
    except Invalid:
        return await _page(request, viewer, form)
    phrase = await phrases.add(viewer, text, programme)
    return pages.redirect(request, f"{BANK}#phrase-{phrase}")


@post("/phrases/{phrase_id:uuid}")
async def edit_phrase(request: Web, viewer: NamedDependency[Viewer], phrase_id: FromPath[UUID]) -> Response[Any]:
    """Change a phrase."""
    form = await pages.read_form(request)
    try:
        text = _read(form)
    except Invalid:
        await phrases.need_change(viewer, phrase_id)
        return await _page(request, viewer, form, str(phrase_id))
    await phrases.edit(viewer, phrase_id, text)
    return pages.redirect(request, f"{BANK}#phrase-{phrase_id}")


@post("/phrases/{phrase_id:uuid}/remove")
async def remove_phrase(request: Web, viewer: NamedDependency[Viewer], phrase_id: FromPath[UUID]) -> Response[Any]:
    """Take a phrase out of the bank."""
    (await pages.read_form(request)).demand()
    await phrases.drop(viewer, phrase_id)
    return pages.redirect(request, BANK)


@post("/remarks/{remark_id:uuid}/phrase")
async def keep_remark(request: Web, viewer: NamedDependency[Viewer], remark_id: FromPath[UUID]) -> Response[Any]:
    """Put one's own remark into one's bank."""
    (await pages.read_form(request)).demand()
    submission = await phrases.keep_remark(viewer, remark_id)
    await flash(viewer, "success", Message("The remark is in your bank."))
    return pages.redirect(request, f"/submissions/{submission}/desk#remark-{remark_id}")


HANDLERS = [phrases_page, add_phrase, edit_phrase, remove_phrase, keep_remark]
