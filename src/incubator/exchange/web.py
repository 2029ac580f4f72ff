"""Pages of the exchange: what a team opens, what is open in a cohort, opened work with remarks of peers."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.exchange import card_pages, cards, opening, queries, rules, searching
from incubator.exchange.queries import Filters, Opened
from incubator.foundation import pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Invalid, NotFound, UnexpectedFields
from incubator.people.rights import Role, Scope, Viewer
from incubator.people.sessions import flash
from incubator.programmes.queries import cohort_for
from incubator.stages import hooks
from incubator.teams import cases
from incubator.teams.queries import team_for
from incubator.teams.rules import TeamRef

Web = Request[Any, Any, Any]
OF_TEAMS = frozenset({Role.TEAM_LEAD, Role.PARTICIPANT})
QUERY_PARAMETERS = ("module", "municipality", "page", "work")
FURTHEST = 1000  # page


def page_number(request: Web) -> int:
    """The page that the address names; nonsense is the first."""
    raw = request.query_params.get("page", "")
    return max(1, min(int(raw), FURTHEST)) if raw.isdecimal() and len(raw) < 6 else 1


# A team's own


@get("/teams/{team_id:uuid}/exchange")
async def exchange(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """What a team may open to its cohort, what it has opened, and its case as a card."""
    team = await team_for(viewer, team_id)
    team.standing.need(rules.VIEW_EXCHANGE)
    return pages.page(
        request, "exchange/exchange.html", team=team, choices=await queries.choices(team_id), demo=team.demo,
        opened=await queries.of_team(team_id), may_open=team.standing.may(rules.OPEN_WORK),
        card=await cards.card_of(team_id), may_agree=team.standing.may(rules.AGREE_TO_CARD),
        may_publish=team.standing.may(rules.PUBLISH_CARD), over=team.cohort_state == "closed",
    )  # fmt: skip


def _named(raw: str) -> UUID | None:
    """The work that a form or address names; None for the case. Raises NotFound."""
    if raw == "case":
        return None
    try:
        return UUID(raw)
    except ValueError:
        raise NotFound from None


@get("/teams/{team_id:uuid}/exchange/preview")
async def preview(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """What the cohort would read, before the lead opens it."""
    team = await team_for(viewer, team_id)
    team.standing.need(rules.OPEN_WORK)
    return await _preview(request, team, request.query_params.get("work", ""), Form.empty())


async def _preview(request: Web, team: TeamRef, work: str, form: Form) -> Response[Any]:
    shown = await queries.showing(team.id, _named(work))
    return pages.page(
        request, "exchange/preview.html", status=422 if form.errors else 200, team=team, shown=shown, form=form,
        work=work, labels=cases.LABELS, sections=_sections(shown), demo=team.demo, frozen=await hooks.frozen(team.id),
        limit=rules.WISH_LIMIT,
    )  # fmt: skip


def _sections(shown: queries.Showing) -> dict[str, str]:
    return cases.sections(shown.case) if shown.submission is None else {}


@post("/teams/{team_id:uuid}/exchange")
async def open_work(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Open a piece of work, or the case, to the cohort."""
    team = await team_for(viewer, team_id)
    team.standing.need(rules.OPEN_WORK)
    form = await pages.read_form(request)
    work, version = form.text("work", limit=36), form.uuid("version")
    if form.error("work"):  # a hidden field: no page of ours sends none, or another kind of text
        raise UnexpectedFields({"work"})
    wish = form.text("wish", required=False, limit=rules.WISH_LIMIT, lines=True)
    try:
        form.demand()
    except Invalid:
        return await _preview(request, team, work, form)
    opened = await opening.open_work(viewer, team_id, _named(work), given(version), wish)
    await flash(viewer, "success", Message("The cohort may read this work. You can close it at any time."))
    return pages.redirect(request, f"/opened/{opened}")


# The cohort's


@get("/cohorts/{cohort_id:uuid}/opened")
async def opened_list(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Work that teams of the cohort have opened to each other."""
    cohort = await cohort_for(viewer, cohort_id)
    rules.as_seen(cohort.standing, is_open=True).need(rules.VIEW_OPENED)
    asked = request.query_params.get
    wanted = Filters(asked("module", "")[:300], asked("municipality", "")[:200], page_number(request))
    rows = await queries.opened_in(cohort_id, wanted)
    modules, municipalities = await queries.filters_of(cohort_id)
    return pages.page(
        request, "exchange/opened_list.html", block="list", cohort=cohort, rows=rows, wanted=wanted, modules=modules,
        municipalities=municipalities, following=bool(rows) and wanted.page * rules.PAGE < rows[0].total, demo=cohort.demo,
        own_team=next((g.where for g in viewer.grants if g.cohort == cohort_id and g.role in OF_TEAMS and g.scope is Scope.TEAM), None),
    )  # fmt: skip


@get("/opened/{opened_id:uuid}")
async def opened_page(request: Web, viewer: NamedDependency[Viewer], opened_id: FromPath[UUID]) -> Response[Any]:
    """Opened work, what peers say about it and what the team makes of that."""
    return await _opened(request, viewer, await queries.opened_for(viewer, opened_id), Form.empty())


async def _opened(request: Web, viewer: Viewer, opened: Opened, form: Form, at: str = "") -> Response[Any]:
    """`at` names the form whose errors `form` holds."""
    may = opened.standing.may
    return pages.page(
        request, "exchange/opened.html", status=422 if form.errors else 200, opened=opened, shown=opened.shown,
        form=form, at=at, blank=Form.empty(), labels=cases.LABELS, sections=_sections(opened.shown), demo=opened.demo,
        remarks=await queries.peer_remarks(viewer, opened), may_remark=may(rules.REMARK_AS_PEER), marks=rules.MARKS,
        may_answer=may(rules.ANSWER_PEERS), may_hide=may(rules.HIDE_REMARK), may_close=may(rules.CLOSE_WORK),
    )  # fmt: skip


@post("/opened/{opened_id:uuid}/close")
async def close_work(request: Web, viewer: NamedDependency[Viewer], opened_id: FromPath[UUID]) -> Response[Any]:
    """Close opened work: nobody of the cohort finds it from now on."""
    (await pages.read_form(request)).demand()
    team = await opening.close_work(viewer, opened_id)
    await flash(viewer, "success", Message("The work is closed. Remarks on it stay with your team."))
    return pages.redirect(request, f"/teams/{team}/exchange")


@post("/opened/{opened_id:uuid}/remarks")
async def remark(request: Web, viewer: NamedDependency[Viewer], opened_id: FromPath[UUID]) -> Response[Any]:
    """Leave a remark as a peer."""
    opened = await queries.opened_for(viewer, opened_id)
    opened.standing.need(rules.REMARK_AS_PEER)
    form = await pages.read_form(request)
    text = form.text("text", limit=rules.REMARK_LIMIT, lines=True)
    try:
        form.demand()
    except Invalid:
        return await _opened(request, viewer, opened, form, "remark")
    made = await opening.remark(viewer, opened_id, text)
    await flash(viewer, "success", Message("The team reads your remark."))
    return pages.redirect(request, f"/opened/{opened_id}#remark-{made}")


@post("/peer-remarks/{remark_id:uuid}/answer")
async def answer(request: Web, viewer: NamedDependency[Viewer], remark_id: FromPath[UUID]) -> Response[Any]:
    """Thank for a remark, say that it is used, or answer it."""
    opened = await opening.answer(viewer, remark_id, rules.read_reply(await pages.read_form(request)))
    return pages.redirect(request, f"/opened/{opened}#remark-{remark_id}")


@post("/peer-remarks/{remark_id:uuid}/hide")
async def hide(request: Web, viewer: NamedDependency[Viewer], remark_id: FromPath[UUID]) -> Response[Any]:
    """Hide a remark with a reason."""
    form = await pages.read_form(request)
    reason = form.text("reason", limit=rules.REASON_LIMIT, lines=True)
    form.demand()
    opened = await opening.hide(viewer, remark_id, reason)
    return pages.redirect(request, f"/opened/{opened}#remark-{remark_id}")


HANDLERS: list[Any] = [
    exchange, preview, open_work, opened_list, opened_page, close_work, remark, answer, hide, *card_pages.HANDLERS, *searching.HANDLERS,
]  # fmt: skip
