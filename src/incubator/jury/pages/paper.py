"""Pages of sheets of paper: what is printed, where they are typed, and how a juror chooses where paper and sheet differ."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message, score
from incubator.foundation.qr import qr
from incubator.foundation.refusals import Forbidden, Invalid, NotFound, Refused
from incubator.jury.pitch import transcribing
from incubator.jury.pitch.transcribing import MOST_PRINTED, Slip, Typed
from incubator.jury.rounds import Round
from incubator.jury.rubric import Entry, Rubric, anchors, choices, field_of, read_entry
from incubator.jury.rules import CHOOSE_JUROR, CHOOSE_PROJECT, RoundState
from incubator.jury.sheets.papers import Paper, Step
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.settings import settings

Web = Request[Any, Any, Any]
REASON_LIMIT = 500
MOST_BOXES = 11
NO_SUCH = Message("No sheet of this round has this code. Look at it again, or choose juror and project.")
NOT_HIS = Message("This juror has no sheet for this project.")
SAID = {
    "paper.first": Message("The first reading is recorded. Now another person types the sheet a second time."),
    "differs": Message("The two readings differ. Look at the paper again and say which marks are right."),
    "entered": Message("The sheet is recorded. The juror gets a letter with his receipt."),
    "waits": Message("The juror has written something else here himself. He gets a letter and chooses what stands."),
    "same": Message("The paper says what the juror has handed in himself. Nothing had to be changed."),
}


# --- The list ---------------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/paper")
async def papers(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """What was typed so far and what it waits for, sheets to print, the way to the sheet in one's hand."""
    return await _list(request, await transcribing.need(viewer, round_id), Form.empty())


async def _list(request: Web, scoring: Round, form: Form) -> Response[Any]:
    if scoring.state is RoundState.DRAFT:
        raise NotFound
    seats = await transcribing.jurors(scoring)
    return pages.page(
        request, "jury/papers.html", status=422 if form.errors else 200, round=scoring, form=form,
        slips=await transcribing.begun(scoring), seats=seats, projects=await transcribing.projects(scoring),
        choices=[(str(seat), name) for seat, name, _ in seats], all=sum(sheets for _, _, sheets in seats),
        most=MOST_PRINTED,
    )  # fmt: skip


@post("/rounds/{round_id:uuid}/paper")
async def find(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """To the sheet with the code that is printed on it, or of a juror for a project."""
    scoring = await transcribing.need(viewer, round_id)
    form = await pages.read_form(request)
    code = form.text("code", required=False, limit=40)
    seat = form.uuid("seat", required=not code, missing=CHOOSE_JUROR)
    project = form.uuid("project", required=not code, missing=CHOOSE_PROJECT)
    found = None
    if code:
        found = await transcribing.by_code(scoring, code)
    elif seat and project:
        found = await transcribing.of_pair(scoring, seat, project)
    if found is None and not form.errors:
        form.fail("code" if code else "project", NO_SUCH if code else NOT_HIS)
    try:
        form.demand()
    except Invalid:
        return await _list(request, scoring, form)
    return pages.redirect(request, f"/rounds/{round_id}/paper/{given(found)}")


@get("/rounds/{round_id:uuid}/paper/print")
async def blanks(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Blank sheets of one juror or of all, one on a page, to be printed by the browser."""
    scoring = await transcribing.need(viewer, round_id)
    if scoring.state is not RoundState.OPEN:
        raise Refused(transcribing.NOT_OPEN)
    seat = _asked(request.query_params.get("juror", ""))
    slips = await transcribing.to_print(scoring, seat)
    if len(slips) > MOST_PRINTED:
        raise Refused(Message("So many sheets are printed juror by juror."))
    drawn = [(each, qr(f"{settings().origin}/rounds/{round_id}/paper/{each.id}")) for each in slips]
    return pages.page(request, "jury/blanks.html", round=scoring, slips=drawn, criteria=_boxes(scoring.rubric))


def _asked(word: str) -> UUID | None:
    try:
        return UUID(word) if word else None
    except ValueError:
        raise NotFound from None


def _boxes(rubric: Rubric) -> list[tuple[Any, list[tuple[str, str]], list[str]]]:
    """Criteria with their anchors and the boxes to tick; no boxes where the scale is too long for them."""
    steps = [(each, anchors(each), [text for _, text in choices(each)]) for each in rubric.criteria]
    return [(each, words, boxes if len(boxes) <= MOST_BOXES else []) for each, words, boxes in steps]


# --- One sheet --------------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/paper/{sheet_id:uuid}")
async def paper(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], sheet_id: FromPath[UUID]
) -> Response[Any]:
    """Where a sheet of paper is typed; the code on it leads here, and its juror on to his own sheet."""
    if project := await transcribing.own_project(viewer, round_id, sheet_id):
        return pages.redirect(request, f"/rounds/{round_id}/projects/{project}")
    return await _paper(request, viewer, (round_id, sheet_id), Form.empty())


async def _paper(
    request: Web, viewer: Viewer, where: tuple[UUID, UUID], form: Form, *, side: str = "", status: int = 0
) -> Response[Any]:
    """`side` names the small form whose errors `form` holds."""
    scoring = await transcribing.need(viewer, where[0])
    slip = await transcribing.slip(scoring, where[1])
    blank = Form.empty()
    return pages.page(
        request, "jury/paper.html", status=status or (422 if form.errors else 200), round=scoring, slip=slip,
        form=blank if side else form, side=form if side else blank, rows=_rows(scoring.rubric, slip),
        refusal=slip.obstacle or await transcribing.why_not_me(viewer, scoring, slip.paper),
    )  # fmt: skip


def _rows(rubric: Rubric, slip: Slip) -> list[tuple[Any, str, str, list[str]]]:
    """Criteria that are to be typed: criterion, field, scale in words, and where readings differ what they say."""
    settles = slip.paper.step is Step.SETTLED
    return [
        (each, field_of(each), f"{score(each.scale_min)}–{score(each.scale_max)}",
         [f"{reading.by}: {score(reading.marks[place])}" for reading in slip.paper.readings] if settles else [])
        for place, each in enumerate(rubric.criteria) if not settles or place in slip.paper.differs
    ]  # fmt: skip


@post("/rounds/{round_id:uuid}/paper/{sheet_id:uuid}")
async def type_in(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], sheet_id: FromPath[UUID]
) -> Response[Any]:
    """Record a reading: the first, the second, or which of them is right."""
    form = await pages.read_form(request)
    step = form.choice("step", [each for each in Step if each is not Step.DONE])
    reason = form.text("reason", limit=REASON_LIMIT, lines=True) if step is Step.SETTLED else ""

    def read(rubric: Rubric, paper: Paper) -> Entry:
        return _settled(form, rubric, paper) if step is Step.SETTLED else read_entry(form, rubric, full=True)

    try:
        if step is None:
            form.demand()
        slip = await transcribing.type_in(viewer, round_id, sheet_id, Typed(given(step), read, reason))
    except (Invalid, Refused, Forbidden) as refusal:
        if not isinstance(refusal, Invalid):
            form.fail("", refusal.reason)
        return await _paper(request, viewer, (round_id, sheet_id), form, status=refusal.status)
    await flash(viewer, "success", SAID[_word(slip)])
    return pages.redirect(request, f"/rounds/{round_id}/paper")


def _settled(form: Form, rubric: Rubric, paper: Paper) -> Entry:
    """The marks where the readings differ, as they were looked up again, beside those on which they agree."""
    first = paper.readings[0].marks
    marks = tuple(
        form.thousandths(field_of(each), each.scale_min, each.scale_max, each.step) if place in paper.differs
        else first[place]
        for place, each in enumerate(rubric.criteria)
    )  # fmt: skip
    form.demand()
    return Entry(marks, "")


def _word(slip: Slip) -> str:
    if slip.paper.step is not Step.DONE:
        return "paper.first" if slip.paper.step is Step.SECOND else "differs"
    return "entered" if slip.entered else "waits" if slip.waits else "same"


@post("/rounds/{round_id:uuid}/paper/{sheet_id:uuid}/aside")
async def aside(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], sheet_id: FromPath[UUID]
) -> Response[Any]:
    """Set the readings of a sheet aside, with a reason."""
    form = await pages.read_form(request)
    reason = form.text("reason", limit=REASON_LIMIT, lines=True)
    try:
        form.demand()
    except Invalid:
        return await _paper(request, viewer, (round_id, sheet_id), form, side="aside")
    await transcribing.set_aside(viewer, round_id, sheet_id, reason)
    await flash(viewer, "success", Message("The readings are set aside and kept. The sheet can be typed again."))
    return pages.redirect(request, f"/rounds/{round_id}/paper")


@post("/rounds/{round_id:uuid}/projects/{project_id:uuid}/paper")
async def choose(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], project_id: FromPath[UUID]
) -> Response[Any]:
    """The juror says what stands: his sheet of paper, or what he wrote here himself."""
    form = await pages.read_form(request)
    stands = form.choice("stands", ("paper", "own"))
    version = form.integer("version", 0, 2_000_000_000)
    form.demand()
    await transcribing.choose(viewer, round_id, project_id, paper_stands=stands == "paper", version=given(version))
    said = Message("Your sheet of paper stands.") if stands == "paper" else Message("What you wrote here stands.")
    await flash(viewer, "success", said)
    return pages.redirect(request, f"/rounds/{round_id}/projects/{project_id}")


HANDLERS: list[Any] = [papers, find, blanks, paper, type_in, aside, choose]
