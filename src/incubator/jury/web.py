"""Pages of jurors: their rounds, the score sheet, conflicts of interest; and a lead's challenge to a juror."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from markupsafe import Markup

from incubator.foundation import files, pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message, clock, locale, score
from incubator.foundation.refusals import Clash, Forbidden, Invalid, NotFound
from incubator.jury.office import conducting
from incubator.jury.pages import (
    allocation,
    certificates,
    conflicts,
    control,
    editing,
    ledger,
    minutes,
    offline,
    paper,
    pitch,
    practice,
    results,
    rounds,
    signing,
)
from incubator.jury.pitch.running import moment
from incubator.jury.rounds import round_for
from incubator.jury.rubric import Entry, Rubric, field_of, read_entry, total_words, typed
from incubator.jury.rules import (
    JURORS,
    NOT_YOURS,
    PROGRESS,
    QUEUE,
    SHEET_WORDS,
    RoundState,
    SheetState,
    refuse,
    write_sheet,
)
from incubator.jury.sheets import actions, queries
from incubator.jury.sheets.actions import Saved
from incubator.jury.sheets.materials import file_among, materials
from incubator.jury.sheets.queries import SheetPage
from incubator.jury.sheets.sending import MOST_DOUBTS, Sending, fingerprint, once
from incubator.jury.sheets.strips import blank_strips, draw
from incubator.people.rights import Relation, Verdict, Viewer
from incubator.people.sessions import flash

Web = Request[Any, Any, Any]

ALL_DONE = Message("All your sheets are handed in. Until the lock you can still change them.")
DONE_AGAIN = Message("The sheet is handed in again, and the round is closed to you as it was.")
REASON_LIMIT = 500
NEXT_CELL = Markup('</td><td class="num">')
TAGS = {
    SheetState.EMPTY: "grey", SheetState.DRAFT: "blue", SheetState.HANDED_IN: "plain", SheetState.ABSTAINED: "plain",
    SheetState.RECUSED: "grey", SheetState.VOID: "red",
}  # fmt: skip
SAVED = (SheetState.EMPTY, SheetState.DRAFT, SheetState.HANDED_IN)  # saving leads from one of them to another


@get("/jury")
async def home(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """The viewer's rounds with their projects in running order."""
    return pages.page(request, "jury/home.html", queues=await queries.queues(viewer), alone=False, now=None)


@get("/rounds/{round_id:uuid}")
async def round_page(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """A round: for jurors their own list, for organisers the board."""
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(QUEUE)
    if scoring.standing.relations & JURORS and (scoring.votes or not scoring.standing.may(PROGRESS)):
        own = await queries.queues(viewer, round_id)
        now = await moment(round_id) if any(each.pitch for each in own) else None
        return pages.page(request, "jury/home.html", queues=own, alone=True, now=now)
    return await control.board_page(request, scoring)


# --- The score sheet --------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/projects/{project_id:uuid}")
async def sheet(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], project_id: FromPath[UUID]
) -> Response[Any]:
    """One's own score sheet for a project; first of all the juror declares his conflicts."""
    page = await queries.sheet_page(viewer, round_id, project_id)
    if _may_write(page) and not page.sheet.place.declared:
        return pages.redirect(request, f"/rounds/{round_id}/conflicts")
    return _sheet(request, page, _recorded(page))


def _may_write(page: SheetPage) -> bool:
    return write_sheet(page.sheet.standing, page.sheet.place)[0] is Verdict.ALLOW


def _may_read(page: SheetPage) -> bool:
    """Whether the team's work is open to this juror: not with a conflict of interest."""
    return Relation.JUROR in page.sheet.standing.relations and page.sheet.state is not SheetState.RECUSED


@get("/rounds/{round_id:uuid}/projects/{project_id:uuid}/materials")
async def read_materials(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], project_id: FromPath[UUID]
) -> Response[Any]:
    """The case and the accepted work of the team whose project is judged."""
    page = await queries.sheet_page(viewer, round_id, project_id)
    if page.sheet.place.removed:  # he keeps his own sheet, not the team's work
        raise NotFound
    if not _may_read(page):
        refuse(NOT_YOURS)
    found = await materials(page)
    await conducting.note_materials_reading(viewer, page.sheet)
    return pages.page(request, "jury/materials.html", block="materials", page=page, materials=found)


@get("/rounds/{round_id:uuid}/projects/{project_id:uuid}/files/{file_id:uuid}")
async def read_file(
    viewer: NamedDependency[Viewer], round_id: FromPath[UUID], project_id: FromPath[UUID], file_id: FromPath[UUID]
) -> Response[Any]:
    """A file of the materials, to save; in a round without names it has a number instead of its own name."""
    return await _file(viewer, (round_id, project_id, file_id), files.download_headers)


@get("/rounds/{round_id:uuid}/projects/{project_id:uuid}/files/{file_id:uuid}/shown")
async def show_file(
    viewer: NamedDependency[Viewer], round_id: FromPath[UUID], project_id: FromPath[UUID], file_id: FromPath[UUID]
) -> Response[Any]:
    """A picture or a PDF of the materials, for the browser's own viewer."""
    return await _file(viewer, (round_id, project_id, file_id), files.shown_headers)


async def _file(viewer: Viewer, where: tuple[UUID, UUID, UUID], headers: Any) -> Response[Any]:
    page = await queries.sheet_page(viewer, *where[:2])
    if page.sheet.place.removed:
        raise NotFound
    if not _may_read(page):
        refuse(NOT_YOURS)
    named, file = file_among(await materials(page), where[2]), await files.facts(where[2])
    if named is None or file is None or (headers is files.shown_headers and not file.shown):
        raise NotFound
    if (reason := files.withheld(file)) is not None:
        raise Forbidden(reason)
    await conducting.note_materials_reading(viewer, page.sheet, file.id)
    sent = headers(replace(file, name=named.name))
    return Stream(files.chunks(file.id), media_type=file.media_type, headers=sent)


def _recorded(page: SheetPage) -> Form:
    shown = typed(page.rubric, page.sheet.marks, page.sheet.comment, page.sheet.note)
    return Form.empty({**shown, "version": str(page.sheet.version)})


def _sheet(
    request: Web, page: SheetPage, form: Form, *, status: int = 200, clash: Clash | None = None, side: str = ""
) -> Response[Any]:
    """`side` names the small form (abstain, recuse) whose errors `form` holds; `clash` shows both versions."""
    shown = _recorded(page) if side else form  # a reason that is missing empties no mark
    return pages.page(
        request, "jury/sheet.html", status=status, page=page, form=shown,
        side_form=form, side=side, writable=_may_write(page), versions=_versions(page, clash),
        running=_running_total(page), saved=_saved_words(page),
        unbiased=_may_read(page), reopened=page.sheet.place.reopened,
        strips=_strips(page, shown), criteria=page.rubric.criteria, cell=NEXT_CELL,
        tags=[(each, TAGS[each], SHEET_WORDS[each]) for each in (SAVED if page.sheet.state in SAVED else (page.sheet.state,))],
    )  # fmt: skip


def _strips(page: SheetPage, form: Form) -> list[Markup]:
    """The strip of each criterion with the chosen mark."""
    if form.errors:
        return [draw(each, form) for each in page.rubric.criteria]
    blank = blank_strips(page.sheet.document, locale())
    return [_marked(html, name, form.value(name)) for name, html in blank]


def _marked(strip: Markup, name: str, value: str) -> Markup:
    """The strip with one step checked; a value that is none of its steps changes nothing."""
    cell = f'name="{name}" value="{value}"'
    return Markup(str(strip).replace(cell, f"{cell} checked", 1)) if value else strip  # noqa: S704  (cell is in it, or not used)


def _running_total(page: SheetPage) -> str:
    """The total of a full sheet in points, a dash while a mark is missing."""
    return "–" if page.sheet.total is None else total_words(page.sheet.marks, page.rubric)


def _saved_words(page: SheetPage) -> str:
    sheet = page.sheet
    return "" if sheet.saved_at is None else _words_of(sheet.state, sheet.saved_at, sheet.receipt)


def _words_of(state: SheetState, saved_at: datetime, receipt: str) -> str:
    """What is recorded since when, and how its entry in the ledger begins."""
    at, code = clock(saved_at), receipt[:16]
    if state is SheetState.HANDED_IN:
        return str(Message("Handed in; last change at {at}, receipt {code}", at=at, code=code))
    return str(Message("Draft saved at {at}, receipt {code}", at=at, code=code))


def _versions(page: SheetPage, clash: Clash | None) -> Mapping[str, Any] | None:
    """Both versions of a sheet that was changed in two windows, in words, and the one sent as hidden fields."""
    if clash is None:
        return None
    recorded, sent = clash.context["recorded"], clash.context["sent"]
    assert isinstance(recorded, Entry)
    assert isinstance(sent, Entry)
    rows = zip(page.rubric.criteria, recorded.marks, sent.marks, strict=True)
    return {
        "rows": [(each.title, score(was), score(new)) for each, was, new in rows],
        "comments": (recorded.comment, sent.comment), "notes": (recorded.note, sent.note),
        "sent": typed(page.rubric, sent.marks, sent.comment, sent.note), "version": clash.context["version"],
        "at": clash.context["at"],
    }  # fmt: skip


@post("/rounds/{round_id:uuid}/projects/{project_id:uuid}")
async def write_sheet_down(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], project_id: FromPath[UUID]
) -> Response[Any]:
    """Save, hand in or skip; a page that saves by itself gets JSON."""
    form = await pages.read_form(request)
    try:
        saved, act = await _write(viewer, (round_id, project_id), form, await pages.form_pairs(request))
    except (Invalid, Clash) as refusal:
        return await _unsaved(request, viewer, (round_id, project_id), form, refusal)
    except Forbidden as refusal:
        if pages.wants_json(request):
            raise
        return await _too_late(request, viewer, (round_id, project_id), form, refusal)
    if pages.wants_json(request):
        return _receipt(given(saved))
    if act == "save":
        return pages.redirect(request, f"/rounds/{round_id}/projects/{project_id}")
    return await _onward(request, viewer, (round_id, project_id), act)


async def _write(
    viewer: Viewer, where: tuple[UUID, UUID], form: Form, pairs: list[tuple[str, str]]
) -> tuple[Saved | None, str]:
    expected = form.integer("version", 0, 2_000_000_000)
    act = form.choice("act", ("save", "hand_in", "skip"), required=False) or "save"
    known = -1 if expected is None else expected  # then `read` refuses the form
    number = form.uuid("request", required=False)
    after = tuple(form.uuids("after", most=MOST_DOUBTS))

    entries: list[Entry] = []  # a form is read once, however often it is tried to record it

    def read(rubric: Rubric) -> Entry:
        entries[:] = entries or [read_entry(form, rubric, full=act == "hand_in")]
        return entries[0]

    async def write(version: int) -> Saved:
        record = actions.hand_in if act == "hand_in" else actions.save_sheet
        return await record(viewer, *where, read, expected=version)

    if act == "skip":
        await actions.skip(viewer, *where, read, expected=known)
        return None, act
    if number is None:
        return await write(known), act
    return await once(viewer, where, Sending(number, fingerprint(where[1], pairs), after), known, write), act


def _receipt(saved: Saved) -> Response[Any]:
    words = _words_of(saved.state, saved.at, saved.receipt)
    receipt = {
        "saved_at": saved.at.isoformat(), "message": words, "version": saved.version, "receipt": saved.receipt,
        "state": saved.state,
    }  # fmt: skip
    return Response(receipt, status_code=200)


async def _unsaved(
    request: Web, viewer: Viewer, where: tuple[UUID, UUID], form: Form, refusal: Invalid | Clash
) -> Response[Any]:
    """What was typed comes back: with its errors, or beside what another window recorded."""
    if pages.wants_json(request):
        errors = {name: str(reason) for name, reason in form.errors.items()}
        return Response({"message": _said(refusal), "errors": errors}, status_code=refusal.status)
    page = await queries.sheet_page(viewer, *where)
    clash = refusal if isinstance(refusal, Clash) else None
    return _sheet(request, page, form, status=refusal.status, clash=clash)


async def _too_late(
    request: Web, viewer: Viewer, where: tuple[UUID, UUID], form: Form, refusal: Forbidden
) -> Response[Any]:
    """Why nothing more is recorded, and what was typed, so that it can be copied; nothing that is recorded."""
    page = await queries.sheet_page(viewer, *where)
    stands, labels = _recorded(page), {field_of(each): each.title for each in page.rubric.criteria}
    labels |= {"comment": str(Message("Comment to the team")), "note": str(Message("Note to the jury"))}
    lost = [(label, form.value(name)) for name, label in labels.items() if form.value(name) != stands.value(name)]
    return pages.page(request, "jury/too_late.html", status=403, page=page, lost=lost, reason=refusal.reason)


def _said(refusal: Invalid | Clash) -> str:
    if isinstance(refusal, Clash):
        return str(Message("This sheet was changed in another window. Press “Save” to see both versions."))
    return str(refusal.reason)


def _done(act: str, project: str) -> Message:
    """What has become of the sheet that one has just left."""
    return {
        "hand_in": Message("Handed in: {project}.", project=project),
        "skip": Message("Skipped: {project}. It comes again after the others.", project=project),
        "abstain": Message("You have abstained: {project}. Until the lock you can still score it.", project=project),
        "recuse": Message("The conflict of interest is declared: {project}. You don't score it.", project=project),
    }[act]


async def _onward(request: Web, viewer: Viewer, where: tuple[UUID, UUID], act: str) -> Response[Any]:
    """The next sheet, or the list after the last one; what has become of this one is said there."""
    round_id, following = where[0], await queries.next_after(viewer, *where)
    if following is not None or act != "hand_in":
        await flash(viewer, "success", _done(act, await queries.heading_of(*where)))
    if following is None and act == "skip":  # it is the only one that is left
        return pages.redirect(request, f"/rounds/{round_id}")
    if following is None:
        locked = (await round_for(viewer, round_id)).state is RoundState.LOCKED
        await flash(viewer, "success", DONE_AGAIN if locked else ALL_DONE)
        return pages.redirect(request, f"/rounds/{round_id}")
    return pages.redirect(request, f"/rounds/{round_id}/projects/{following}")


@post("/rounds/{round_id:uuid}/projects/{project_id:uuid}/take-back")
async def take_back(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], project_id: FromPath[UUID]
) -> Response[Any]:
    """Make a handed-in sheet, or an abstention, a draft again."""
    (await pages.read_form(request)).demand()
    await actions.take_back(viewer, round_id, project_id)
    return pages.redirect(request, f"/rounds/{round_id}/projects/{project_id}")


@post("/rounds/{round_id:uuid}/projects/{project_id:uuid}/abstain")
async def abstain(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], project_id: FromPath[UUID]
) -> Response[Any]:
    """Abstain from a project, with a reason."""
    return await _step_aside(request, viewer, round_id, project_id, "abstain")


@post("/rounds/{round_id:uuid}/projects/{project_id:uuid}/recuse")
async def recuse(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], project_id: FromPath[UUID]
) -> Response[Any]:
    """Declare a conflict of interest with the team of this project, with a reason."""
    return await _step_aside(request, viewer, round_id, project_id, "recuse")


async def _step_aside(request: Web, viewer: Viewer, round_id: UUID, project_id: UUID, side: str) -> Response[Any]:
    form = await pages.read_form(request)
    reason = form.text("reason", limit=REASON_LIMIT, lines=True)
    try:
        form.demand()
    except Invalid:
        page = await queries.sheet_page(viewer, round_id, project_id)
        return _sheet(request, page, form, status=422, side=side)
    act = actions.abstain if side == "abstain" else actions.recuse
    await act(viewer, round_id, project_id, reason)
    return await _onward(request, viewer, (round_id, project_id), side)


HANDLERS: list[Any] = [
    home, round_page, sheet, read_materials, read_file, show_file, write_sheet_down, take_back, abstain, recuse,
    *conflicts.HANDLERS, *editing.HANDLERS, *control.HANDLERS, *results.HANDLERS,
    *ledger.HANDLERS, *rounds.HANDLERS, *allocation.HANDLERS,
    *practice.HANDLERS, *offline.HANDLERS, *pitch.HANDLERS, *signing.HANDLERS, *paper.HANDLERS, *minutes.HANDLERS,
    *certificates.HANDLERS,
]  # fmt: skip
