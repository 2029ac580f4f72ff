"""Pages of the minutes: the form with its preview, the same in Word and as PDF, versions that were filed, the template."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from incubator.foundation import pages, printing
from incubator.foundation.file_types import clean_name, true_type
from incubator.foundation.files import made_here
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Invalid, Refused
from incubator.jury.minutes import actions, queries, workbook
from incubator.jury.minutes.queries import need_minutes
from incubator.jury.minutes.rules import TEMPLATE_LIMIT, Draft, read_draft
from incubator.jury.office import conducting
from incubator.jury.pages.reading import need_values
from incubator.jury.rounds import Round, round_for
from incubator.jury.rules import VALUES
from incubator.people.rights import Viewer
from incubator.people.sessions import flash

Web = Request[Any, Any, Any]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PIECE = 256 * 1024  # bytes
NO_FILE = Message("Choose a Word template (.docx) of at most 2 MB.")


async def _to_draw_up(viewer: Viewer, round_id: UUID) -> Round:
    """The round for its organiser, who reads values here: that is written down."""
    scoring = await round_for(viewer, round_id)
    need_minutes(scoring)
    scoring.standing.need(VALUES)
    await conducting.note_result_reading(viewer, scoring)
    return scoring


@get("/rounds/{round_id:uuid}/minutes")
async def minutes(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """The form, what it comes to, and what was filed."""
    return await _page(request, viewer, await _to_draw_up(viewer, round_id))


async def _page(
    request: Web,
    viewer: Viewer,
    scoring: Round,
    form: Form | None = None,
    *,
    upload: Form | None = None,
    status: int = 200,
) -> Response[Any]:
    document, kept = await queries.drawn_up(scoring, None, viewer.now)
    shown = form or Form.empty({**_initial(kept.draft), "version": str(kept.version)})
    return pages.page(
        request, "jury/minutes.html", status=status, scoring=scoring, form=shown, document=document,
        saved=bool(kept.version), filed=await queries.filed(scoring.id), upload=upload or Form.empty(),
        own_template=await queries.template_name(scoring.cohort),
    )  # fmt: skip


def _initial(draft: Draft) -> dict[str, Any]:
    names = ("number", "held_on", "place", "agenda", "present", "decision", "notes")
    return {name: getattr(draft, name) for name in names}


@post("/rounds/{round_id:uuid}/minutes")
async def save(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Save what was written."""
    scoring = await _to_draw_up(viewer, round_id)
    form = await pages.read_form(request)
    version = form.integer("version", 0, 1_000_000)
    try:
        await actions.save(viewer, round_id, read_draft(form), version or 0)
    except (Invalid, Refused) as refusal:
        if isinstance(refusal, Refused):
            form.fail("", refusal.reason)
        return await _page(request, viewer, scoring, form, status=refusal.status)
    await flash(viewer, "success", Message("The minutes are saved."))
    return pages.redirect(request, f"/rounds/{round_id}/minutes")


@post("/rounds/{round_id:uuid}/minutes/preview", status_code=200)
async def preview(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """What the minutes come to with what is typed; nothing is saved."""
    scoring = await _to_draw_up(viewer, round_id)
    form = await pages.read_form(request)
    form.integer("version", 0, 1_000_000)
    try:
        draft = read_draft(form)
    except Invalid:
        return pages.page(request, "jury/minutes_waits.html", status=422)
    document, _ = await queries.drawn_up(scoring, draft, viewer.now)
    return pages.page(request, "jury/minutes_preview.html", document=document, scoring=scoring)


@post("/rounds/{round_id:uuid}/minutes/file")
async def file(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Keep the minutes as they stand, for good."""
    (await pages.read_form(request)).demand()
    version = await actions.file(viewer, round_id)
    await flash(viewer, "success", Message("Version {version} of the minutes is filed.", version=version))
    return pages.redirect(request, f"/rounds/{round_id}/minutes")


# --- Documents --------------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/minutes.pdf")
async def as_pdf(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """The minutes as they stand, or the version that is asked for as it was filed; every taking is written down."""
    scoring = await _to_draw_up(viewer, round_id)
    wanted = request.query_params.get("version", "")
    if wanted.isdecimal() and len(wanted) < 7:
        document, at = await queries.filed_document(round_id, int(wanted))
    else:
        document, at = (await queries.drawn_up(scoring, None, viewer.now))[0], viewer.now
    await conducting.note_reading(viewer, scoring, "minutes.taken", round_id)
    return pages.download(await printing.pdf("minutes.typ", document, at), ".pdf", printing.PDF, *_called(scoring))


@get("/rounds/{round_id:uuid}/minutes.docx")
async def as_word(viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """The minutes as they stand in the cohort's template, to be finished in Word."""
    scoring = await _to_draw_up(viewer, round_id)
    own = await queries.own_template(scoring.cohort)
    document, _ = await queries.drawn_up(scoring, None, viewer.now)
    await conducting.note_reading(viewer, scoring, "minutes.taken", round_id)
    made = await printing.docx(own[1] if own else _templates().shipped(), document)
    return pages.download(made, ".docx", printing.DOCX, *_called(scoring))


def _called(scoring: Round) -> tuple[str, str, str]:
    return str(Message("Minutes")), scoring.name, scoring.cohort_name


def _templates() -> Any:
    from incubator.jury.minutes import template  # late: it brings a library for files of Word, 15 MB in each process

    return template


# --- The template -----------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/minutes/template.docx")
async def take(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """The template in use: the cohort's own, else the shipped one, which `?shipped` asks for. It holds nothing of the round."""
    scoring = await round_for(viewer, round_id)
    need_minutes(scoring)
    own = None if "shipped" in request.query_params else await queries.own_template(scoring.cohort)
    content = own[1] if own else _templates().shipped()
    return pages.download(content, ".docx", printing.DOCX, str(Message("Template of minutes")), scoring.cohort_name)


@post("/rounds/{round_id:uuid}/minutes/template", request_max_body_size=TEMPLATE_LIMIT + 64 * 1024)
async def bring(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Use an own template, after it was tried with a document in which every list has a line."""
    scoring = await _to_draw_up(viewer, round_id)
    files = [(name, content) for field, name, content in await pages.uploads(request) if field == "file"]
    form = await pages.read_form(request)
    form.demand()
    try:
        name, content = _checked(files)
        await printing.docx(content, _templates().sample())
        await actions.take_template(viewer, round_id, name, content)
    except Refused as refusal:
        form.fail("file", refusal.reason)
        return await _page(request, viewer, scoring, upload=form, status=422)
    await flash(viewer, "success", Message("Minutes of this cohort are made from your template now."))
    return pages.redirect(request, f"/rounds/{round_id}/minutes")


def _checked(files: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    if not files or not files[0][1] or len(files[0][1]) > TEMPLATE_LIMIT:
        raise Refused(NO_FILE)
    name, content = clean_name(files[0][0]), files[0][1]
    if not name.lower().endswith(".docx"):
        raise Refused(NO_FILE)
    true_type(name, content)
    return name, content


@post("/rounds/{round_id:uuid}/minutes/template/drop")
async def drop(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Go back to the shipped template."""
    (await pages.read_form(request)).demand()
    await actions.drop_template(viewer, round_id)
    await flash(viewer, "success", Message("Minutes of this cohort are made from the shipped template again."))
    return pages.redirect(request, f"/rounds/{round_id}/minutes")


# --- Everything -------------------------------------------------------------------------------------------------------


@post("/rounds/{round_id:uuid}/round.xlsx", status_code=200)
async def everything(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """The whole round as a spreadsheet; every taking is written down."""
    (await pages.read_form(request)).demand()
    scoring = await round_for(viewer, round_id)
    need_values(scoring)
    await conducting.note_reading(viewer, scoring, "sheets.exported", round_id)
    folder = tempfile.TemporaryDirectory(prefix="incubator-")
    path = Path(folder.name, "round.xlsx")
    try:
        await workbook.write(scoring, path, viewer.now)
    except BaseException:
        folder.cleanup()
        raise
    headers = {
        "content-disposition": made_here(".xlsx", str(Message("The whole round")), scoring.name, scoring.cohort_name)
    }
    return Stream(_bytes(path, folder), media_type=XLSX, headers=headers)


async def _bytes(path: Path, folder: "tempfile.TemporaryDirectory[str]") -> AsyncIterator[bytes]:
    try:
        with path.open("rb") as book:
            while piece := await asyncio.to_thread(book.read, PIECE):
                yield piece
    finally:
        folder.cleanup()


HANDLERS: list[Any] = [everything, minutes, save, preview, file, as_pdf, as_word, take, bring, drop]
