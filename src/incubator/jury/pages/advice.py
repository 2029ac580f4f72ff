"""Pages beside a ranking: the advisory part, other weights on a copy, a preview, and why a project has its place."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.jury.pages import reading
from incubator.jury.result import advising, standings
from incubator.jury.result.findings import Findings, findings, top_words
from incubator.jury.result.reasons import reasons
from incubator.jury.result.rules import Reader
from incubator.jury.result.snapshot import Result, Row
from incubator.jury.rounds import Round, round_for
from incubator.jury.rules import FEEDBACK, NO_VALUES_YET, VALUES, RoundState, refuse
from incubator.people.rights import Scope, Viewer

Web = Request[Any, Any, Any]
MOST_WEIGHT, WEIGHT_DECIMALS = 1000, 3
NOTHING_COUNTS = Message("At least one criterion has to count: give it a weight above 0.")


def own_teams(viewer: Viewer | None) -> set[UUID]:
    """Teams whose own result the viewer may open."""
    grants = viewer.grants if viewer else ()
    return {grant.where for grant in grants if grant.scope is Scope.TEAM and grant.where}


# --- The advisory part ------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/result/analysis", opt={"public": True})
async def advice(request: Web, round_id: FromPath[UUID]) -> Response[Any]:
    """The advisory part: for organisers from the lock on, for jurors who deliberate, for everybody if it was published."""
    viewer: Viewer | None = request.scope["state"]["viewer"]
    scoring = await reading.shown_round(viewer, round_id, with_advice=True)
    if scoring.state in {RoundState.DRAFT, RoundState.OPEN}:
        reading.need_values(scoring)
    if scoring.state is not RoundState.PUBLISHED:
        await reading.need_inside(scoring)
    result = await standings.result_for(scoring)
    reader = await reading.need_advice(viewer, scoring, result)
    preview = reader is Reader.STAFF and request.query_params.get("as") == "everybody"
    found = await _findings(request, scoring, result, Reader.EVERYBODY if preview else reader)
    return pages.page(
        request, "jury/advice.html", block="figures", scoring=scoring, found=found, top=_top(request), preview=preview,
        tops=[(number, top_words(number)) for number in sorted(advising.TOPS)], staff=reader is Reader.STAFF,
        released=scoring.state is RoundState.PUBLISHED, published=result.advice,
    )  # fmt: skip


def _top(request: Web) -> int:
    """How many win, out of what may be asked for."""
    asked = request.query_params.get("top", "")
    return next((top for top in advising.TOPS if str(top) == asked), advising.TOPS[0])


async def _findings(request: Web, scoring: Round, result: Result, reader: Reader) -> Findings | None:
    """What the page shows; None while it is being worked out."""
    analysis = await advising.advice(scoring, result, _top(request))
    if analysis is None:
        return None
    own = own_teams(request.scope["state"]["viewer"])
    return findings(
        analysis, result, reader, own_seat=scoring.seat,
        mine=frozenset(row.project for row in result.rows if row.team in own),
        names=await reading.hidden_names(scoring, staff=reader is not Reader.JURY),
    )  # fmt: skip


# --- Other weights, on a copy -----------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/result/weights")
async def weights(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """A trial with other weights: the official formula over the same sheets; it changes nothing. The address holds it."""
    scoring = await round_for(viewer, round_id)
    await reading.need_inside(scoring)
    await reading.note(viewer, scoring)
    official = await standings.result_for(scoring)
    given = {f"w_{each.key}": str(each.weight) for each in official.rubric.criteria}
    typed = [(name, request.query_params[name]) for name in given if name in request.query_params]
    form = Form(typed, given) if typed else Form.empty(given)
    tried = _typed(form, official, dict(typed)) if typed else None
    trial = await advising.reweighed(scoring, tried) if tried else None
    hidden = await reading.hidden_names(scoring, staff=scoring.standing.may(VALUES))
    return pages.page(
        request, "jury/weights.html", status=422 if form.errors else 200, scoring=scoring, form=form,
        criteria=official.rubric.criteria, moves=_moves(official, trial, hidden) if trial else [],
        moved=_moved(official, trial) if trial else None,
    )  # fmt: skip


def _typed(form: Form, official: Result, typed: Mapping[str, str]) -> dict[str, Decimal] | None:
    """The weights of the trial; None with errors in the form. A criterion that the address leaves out keeps its own."""
    found = {
        each.key: form.decimal(f"w_{each.key}", 0, MOST_WEIGHT, WEIGHT_DECIMALS) if f"w_{each.key}" in typed
        else Decimal(each.weight)
        for each in official.rubric.criteria
    }  # fmt: skip
    read = {key: value for key, value in found.items() if value is not None}
    if not form.errors and not any(read.values()):
        form.fail("", NOTHING_COUNTS)
    return None if form.errors else read


def _moves(
    official: Result, trial: Result, hidden: Mapping[UUID | str, str] | None
) -> list[tuple[Row, str, int | None, Message]]:
    """Each project of the trial, its name here, its official place, and how it has moved."""
    places = {row.project: row.place for row in official.rows}
    return [
        (row, hidden[row.project] if hidden else row.name, places.get(row.project), _move(places.get(row.project), row.place))
        for row in trial.placed
    ]  # fmt: skip


def _move(before: int | None, now: int | None) -> Message:
    if before is None or now is None or before == now:
        return Message("same place")
    if now < before:
        return Message("higher by {n}", n=before - now)
    return Message("lower by {n}", n=now - before)


def _moved(official: Result, trial: Result) -> Message:
    """What came of the trial, in a sentence."""
    places = {row.project: row.place for row in official.placed}
    moved = sum(1 for row in trial.placed if places.get(row.project) != row.place)
    if not moved:
        return Message("With these weights every project keeps its place.")
    return Message.count(
        "With these weights {n} project would have another place.",
        "With these weights {n} projects would have another place.", moved,
    )  # fmt: skip


# --- Why this place ---------------------------------------------------------------------------------------------------


@get("/teams/{team_id:uuid}/rounds/{round_id:uuid}/why")
async def why(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], round_id: FromPath[UUID]
) -> Response[Any]:
    """How a project came to its place: for its team after the publication, for organisers from the lock on."""
    team = await standings.judged_team(viewer, team_id)
    judged = next((each for each in team.rounds if each.round == round_id), None)
    if judged is None or judged.state is not RoundState.PUBLISHED:
        team.to_cohort.need(VALUES)
    else:
        team.to_team.need(FEEDBACK)
    if judged is None:
        refuse(NO_VALUES_YET)
    result = await _result_of(viewer, round_id)
    row = next(row for row in result.rows if row.team == team_id)
    return pages.page(
        request, "jury/why.html", team=team, round=judged, row=row, why=reasons(result, row), plan=result.plan,
    )  # fmt: skip


async def _result_of(viewer: Viewer, round_id: UUID) -> Result:
    return await standings.result_for(await round_for(viewer, round_id))


HANDLERS: list[Any] = [advice, weights, why]
