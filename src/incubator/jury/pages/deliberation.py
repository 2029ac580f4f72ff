"""Pages of the jury together over a locked round: what it sees, what it decides, and how organisers record it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message, score
from incubator.foundation.refusals import Invalid, NotFound, Refused
from incubator.jury.office import conducting
from incubator.jury.pages import reading
from incubator.jury.result import deliberating, standings
from incubator.jury.result.rules import KIND_WORDS, read_motion
from incubator.jury.result.snapshot import Result
from incubator.jury.rounds import Round, round_for
from incubator.jury.rubric import total_words
from incubator.jury.rules import CONDUCT, LEAD, VALUES, RoundState
from incubator.people.rights import Viewer
from incubator.people.sessions import flash

Web = Request[Any, Any, Any]
REASON_LIMIT = 500


@get("/rounds/{round_id:uuid}/deliberation")
async def table(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """The ranking that the jury talks about, and what it has decided: for organisers, and for jurors while it is open."""
    scoring = await round_for(viewer, round_id)
    await reading.need_inside(scoring)
    await reading.note(viewer, scoring)
    return await _table(request, scoring, Form.empty())


async def _table(request: Web, scoring: Round, form: Form, status: int = 200, at: str = "") -> Response[Any]:
    """`at` names the decision whose small form has the errors that `form` holds."""
    staff = scoring.standing.may(VALUES)
    result, on_table = await standings.result_for(scoring), await deliberating.table_of(scoring)
    hidden = await reading.hidden_names(scoring, staff=staff)
    return pages.page(
        request, "jury/deliberation.html", status=status, scoring=scoring, table=on_table, form=form, at=at,
        blank=Form.empty(),
        rows=result.placed, missed=result.not_assessed, hidden=hidden or {}, waiting=result.awaiting_vote,
        decisions=await deliberating.decisions(scoring.id), kinds=KIND_WORDS, staff=staff,
        records=scoring.standing.may(LEAD) and scoring.state is RoundState.LOCKED,
        conducts=scoring.standing.may(CONDUCT) and scoring.state is RoundState.LOCKED, projects=_choices(result, hidden),
    )  # fmt: skip


def _choices(result: Result, hidden: Mapping[UUID | str, str] | None = None) -> list[tuple[str, str]]:
    return [(str(row.project), hidden[row.project] if hidden else row.name) for row in result.rows]


@post("/rounds/{round_id:uuid}/deliberation/open")
async def open_(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Let the jurors see the ranking of a locked round."""
    form = await pages.read_form(request)
    shows_sheets = form.flag("shows_sheets")
    form.demand()
    await deliberating.open_deliberation(viewer, round_id, shows_sheets=shows_sheets)
    await flash(viewer, "success", Message("The jury sees the ranking now."))
    return _back(request, round_id)


@post("/rounds/{round_id:uuid}/deliberation/close")
async def close(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """End the deliberation."""
    (await pages.read_form(request)).demand()
    await deliberating.close_deliberation(viewer, round_id)
    await flash(viewer, "success", Message("The deliberation is over. Its decisions go into the result."))
    return _back(request, round_id)


@post("/rounds/{round_id:uuid}/deliberation/decisions")
async def decide(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Record a decision with its votes."""
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(LEAD)
    await reading.need_inside(scoring)
    form = await pages.read_form(request)
    try:
        known = [name for name, _ in _choices(await standings.count_up(scoring))]
        await deliberating.decide(viewer, round_id, read_motion(form, known))
    except (Invalid, Refused) as refusal:
        if scoring.state is not RoundState.LOCKED:
            raise
        if isinstance(refusal, Refused):
            form.fail("", refusal.reason)
        return await _table(request, scoring, form, refusal.status)
    await flash(viewer, "success", Message("The decision is recorded."))
    return _back(request, round_id)


@post("/rounds/{round_id:uuid}/deliberation/decisions/{decision_id:uuid}/strike")
async def strike(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], decision_id: FromPath[UUID]
) -> Response[Any]:
    """Strike a decision that was recorded wrongly, with a reason."""
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(LEAD)
    await reading.need_inside(scoring)
    form = await pages.read_form(request)
    reason = form.text("reason", limit=REASON_LIMIT, lines=True)
    try:
        form.demand()
    except Invalid as refusal:
        return await _table(request, scoring, form, refusal.status, str(decision_id))
    await deliberating.strike(viewer, round_id, decision_id, reason)
    await flash(viewer, "success", Message("The decision is struck. It stays readable and doesn't count."))
    return _back(request, round_id)


def _back(request: Web, round_id: UUID) -> Response[Any]:
    return pages.redirect(request, f"/rounds/{round_id}/deliberation")


@get("/rounds/{round_id:uuid}/deliberation/projects/{project_id:uuid}")
async def marks(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], project_id: FromPath[UUID]
) -> Response[Any]:
    """The marks for one project without the names of those who gave them; that somebody looked is in the journal."""
    scoring = await round_for(viewer, round_id)
    deliberating.need_sheets(scoring, await reading.need_inside(scoring))
    team = await standings.project_name(round_id, project_id)
    if team is None:
        raise NotFound
    await conducting.note_reading(viewer, scoring, "sheets.read", project_id)
    hidden = await reading.hidden_names(scoring, staff=scoring.standing.may(VALUES))
    return pages.page(
        request, "jury/marks.html", scoring=scoring, team=hidden[project_id] if hidden else team,
        criteria=scoring.rubric.criteria,
        sheets=[
            ([score(mark) for mark in each.marks], total_words(each.marks, scoring.rubric))
            for each in await standings.nameless_sheets(round_id, project_id)
        ],
    )  # fmt: skip


HANDLERS: list[Any] = [table, open_, close, decide, strike, marks]
