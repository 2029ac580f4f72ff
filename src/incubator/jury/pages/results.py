"""Pages of the result: the ranking, the sheets behind it, their export, what a team learns of its own project."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from markupsafe import escape

from incubator.foundation import pages
from incubator.foundation.database import DB, stream
from incubator.foundation.files import made_here
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message, exact, score
from incubator.foundation.refusals import Invalid, NotFound, Refused
from incubator.jury.minutes import certificates
from incubator.jury.office import conducting, requests
from incubator.jury.pages import advice, deliberation
from incubator.jury.pages.advice import own_teams
from incubator.jury.pages.reading import hidden_names, need_inside, need_values, note, shown_round
from incubator.jury.result import deliberating, standings
from incubator.jury.result.reasons import rounding_mattered
from incubator.jury.result.rules import DECIDED_WORDS
from incubator.jury.result.snapshot import Result, Row, profile, tie_words
from incubator.jury.rounds import Round, round_for
from incubator.jury.rubric import mean_words, total_words
from incubator.jury.rules import (
    CONDUCT,
    FEEDBACK,
    NO_VALUES_YET,
    PUBLISHED_SHEETS,
    SHEET_WORDS,
    VALUES,
    RoundState,
    refuse,
)
from incubator.jury.scoring import POINT
from incubator.jury.terms import AGGREGATES, ROUNDINGS
from incubator.people.rights import Viewer
from incubator.people.sessions import flash

Web = Request[Any, Any, Any]


# --- The ranking ------------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/result", opt={"public": True})
async def ranking(request: Web, round_id: FromPath[UUID]) -> Response[Any]:
    """The ranking: for everybody once it is published, for organisers without a conflict from the lock on."""
    viewer: Viewer | None = request.scope["state"]["viewer"]
    scoring = await shown_round(viewer, round_id)
    if scoring.state is not RoundState.PUBLISHED:
        await need_inside(scoring)
        await note(viewer, scoring)
    return await _ranking(request, scoring, Form.empty())


async def _ranking(request: Web, scoring: Round, form: Form, status: int = 200, at: str = "") -> Response[Any]:
    """`at` names the recorded vote whose small form has the errors that `form` holds."""
    async with DB.large:
        return await _drawn(request, scoring, form, status, at)


async def _drawn(request: Web, scoring: Round, form: Form, status: int, at: str) -> Response[Any]:
    result = await standings.result_for(scoring)
    if scoring.state is RoundState.LOCKED:
        result = replace(result, decisions=await deliberating.adopted(scoring))
    # Organisers look at the page as it will be published: nothing of theirs is on it then.
    preview = scoring.standing.may(VALUES) and request.query_params.get("as") == "everybody"
    staff = scoring.standing.may(VALUES) and not preview
    hidden = await hidden_names(scoring, staff=staff or preview)
    return pages.page(
        request, "jury/ranking.html", status=status, blank=Form.empty(), scoring=scoring, form=form, at=at, staff=staff,
        placed=_lines(result, staff=staff, own=_shown_teams(request, result, preview=preview), hidden=hidden),
        missed=result.not_assessed, preview=preview, decided_words=DECIDED_WORDS, hidden=hidden or {}, result=result,
        waiting=result.awaiting_vote, ballots=await deliberating.ballots(scoring) if staff and result.voted else [],
        ties=[tie_words(result.rubric)[tie] for tie in result.plan.ties], plan=result.plan,
        aggregate=AGGREGATES[result.plan.aggregate], rounding=_rounding(result, hidden), publication=await _publication(request, scoring, result),
    )  # fmt: skip


def _rounding(result: Result, hidden: Mapping[UUID | str, str] | None) -> list[Message]:
    """How totals are rounded, and whether that decided anything."""
    plan = result.plan
    how = Message("{rounding}, to {decimals} decimals.", rounding=ROUNDINGS[plan.rounding], decimals=plan.decimals)
    return [how, *rounding_mattered(result, lambda row: hidden[row.project] if hidden else row.name)]


def _shown_teams(request: Web, result: Result, *, preview: bool) -> set[UUID]:
    """Teams whose own page is a link here: one's own, in a preview every one."""
    return {row.team for row in result.rows} if preview else own_teams(request.scope["state"]["viewer"])


async def _publication(request: Web, scoring: Round, result: Result) -> requests.Publication | None:
    """How far two organisers have got with publishing a locked round; nobody else is shown it."""
    viewer: Viewer | None = request.scope["state"]["viewer"]
    if viewer is None or scoring.state is not RoundState.LOCKED:
        return None
    return await requests.publication(viewer, scoring, result.outcome)


def _lines(
    result: Result, *, staff: bool, own: set[UUID], hidden: Mapping[UUID | str, str] | None
) -> list[tuple[Any, ...]]:
    """Ready pieces of HTML for each line: a thousand of them are drawn by a loop that only writes."""
    words = {rule: str(escape(str(text))) for rule, text in tie_words(result.rubric).items()}
    waits = str(Message("waits for a vote"))
    return [
        (row.place, hidden[row.project] if hidden else _team_cell(row, staff=staff, own=own),
         "–" if hidden else str(escape(row.municipality)),
         exact(row.total), exact(row.median), row.sheets,
         waits if row.awaits_vote else words.get(row.decided_by or "", ""))
        for row in result.placed
    ]  # fmt: skip


def _team_cell(row: Row, *, staff: bool, own: set[UUID]) -> str:
    """A team's name, which leads organisers to its sheets and the team to its own result, and its project."""
    name = str(escape(row.name))
    if staff:
        name = f'<a href="projects/{row.project}/sheets">{name}</a>'
    elif row.team in own:
        name = f'<a href="/teams/{row.team}/result">{name}</a>'
    return name if row.title == row.name else f'{name}<br><span class="meta">{escape(row.title)}</span>'


@post("/rounds/{round_id:uuid}/tie")
async def vote(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Record how those present ranked tied projects."""
    form = await pages.read_form(request)
    projects = form.uuids("project", most=200)
    ranks = {project: form.integer(f"rank_{project}", 1, 200) for project in projects}
    reason = form.text("reason", limit=1000, lines=True)
    try:
        form.demand()
        await conducting.vote_tie(viewer, round_id, {each: rank for each, rank in ranks.items() if rank}, reason)
    except (Invalid, Refused) as refusal:
        scoring = await round_for(viewer, round_id)
        need_values(scoring)
        if isinstance(refusal, Refused):
            form.fail("", refusal.reason)
        return await _ranking(request, scoring, form, refusal.status)
    await flash(viewer, "success", Message("The vote is recorded."))
    return pages.redirect(request, f"/rounds/{round_id}/result")


@post("/rounds/{round_id:uuid}/tie/{project_id:uuid}/strike")
async def strike_vote(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], project_id: FromPath[UUID]
) -> Response[Any]:
    """Strike a vote on a tie that was recorded wrongly, with a reason."""
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(CONDUCT)
    need_values(scoring)
    form = await pages.read_form(request)
    reason = form.text("reason", limit=500, lines=True)
    try:
        form.demand()
    except Invalid as refusal:
        return await _ranking(request, scoring, form, refusal.status, str(project_id))
    await deliberating.strike_vote(viewer, round_id, project_id, reason)
    await flash(viewer, "success", Message("The vote is struck. It can be recorded again."))
    return pages.redirect(request, f"/rounds/{round_id}/result")


# --- The sheets behind it ---------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/projects/{project_id:uuid}/sheets")
async def sheets(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], project_id: FromPath[UUID]
) -> Response[Any]:
    """Every sheet for one project, for organisers after the lock; that they looked is in the journal."""
    return await sheets_page(request, viewer, await round_for(viewer, round_id), project_id)


async def sheets_page(
    request: Web, viewer: Viewer, scoring: Round, project_id: UUID | None, *, form: Form | None = None, at: str = ""
) -> Response[Any]:
    """The sheets for one project; `at` names the small form whose errors `form` holds."""
    need_values(scoring, PUBLISHED_SHEETS)
    team = await standings.project_name(scoring.id, project_id) if project_id else None
    if team is None or project_id is None:
        raise NotFound
    await conducting.note_reading(viewer, scoring, "sheets.read", project_id)
    shown = form or Form.empty()
    return pages.page(
        request, "jury/sheets.html", status=422 if shown.errors else 200, scoring=scoring, team=team, form=shown, at=at,
        blank=Form.empty(), criteria=scoring.rubric.criteria, asked=await requests.asked_about(scoring.id),
        sheets=[
            (each, [score(mark) for mark in each.marks], total_words(each.marks, scoring.rubric))
            for each in await standings.sheets_of(scoring.id, project_id)
        ],
    )  # fmt: skip


@post("/rounds/{round_id:uuid}/sheets.csv", status_code=200)
async def export(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Every sheet of the round as CSV, to be counted with: totals are not rounded as on a page. Streamed: costs no memory."""
    (await pages.read_form(request)).demand()
    scoring = await round_for(viewer, round_id)
    need_values(scoring)
    await conducting.note_reading(viewer, scoring, "sheets.exported", round_id)
    headers = {
        "content-disposition": made_here(".csv", str(Message("Score sheets")), scoring.name, scoring.cohort_name)
    }
    return Stream(_csv(round_id, _words(scoring)), status_code=200, media_type="text/csv", headers=headers)


EXPORT = """
SELECT p.place, t.name AS team, h.name AS juror, s.state,
  CASE WHEN s.reopened_at IS NULL THEN s.marks ELSE '{}' END AS marks,
  CASE WHEN s.reopened_at IS NULL THEN s.total END AS total,
  CASE WHEN s.reopened_at IS NULL THEN s.comment ELSE '' END AS comment
FROM score_sheet s JOIN round_project p ON p.id = s.project JOIN team t ON t.id = p.team
JOIN seat e ON e.id = s.seat JOIN person h ON h.id = e.person
WHERE s.round = $1 ORDER BY p.place, h.name, s.id
"""
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Words:
    """What the lines of an export are made of, in the reader's language before the stream begins."""

    head: list[str]
    states: dict[str, str]
    marks: dict[int | None, str]
    unit: int

    def total(self, total: int | None) -> str:
        """A sheet's total in points with four decimals, half up, by whole numbers."""
        if total is None:
            return ""
        scaled = (20 * total + self.unit) // (2 * self.unit)
        return f"{scaled // 10_000},{scaled % 10_000:04}"


def _words(scoring: Round) -> Words:
    criteria = scoring.rubric.criteria
    first = (Message("Running order"), Message("Team"), Message("Juror"), Message("State"))
    return Words(
        head=[*map(str, first), *(each.title for each in criteria), str(Message("Total")), str(Message("Comment"))],
        states={state.value: str(text) for state, text in SHEET_WORDS.items()},
        marks={None: "", **{mark: score(mark) for each in criteria for mark in _scale(each)}},
        unit=sum(each.weight for each in criteria),
    )  # fmt: skip


async def _csv(round_id: UUID, words: Words) -> AsyncIterator[bytes]:
    """Semicolons and a byte order mark, as Excel in a Russian locale reads them; no cell is a formula."""
    lines = io.StringIO()
    writer = csv.writer(lines, delimiter=";")
    lines.write("\ufeff")
    writer.writerow(map(_safe, words.head))
    blanks = ("",) * (len(words.head) - 6)
    async for rows in stream(EXPORT, round_id, batch=1000):
        for place, team, juror, state, marks, total, comment in rows:
            cells = [words.marks[mark] for mark in marks] or blanks
            writer.writerow((place, _safe(team), _safe(juror), words.states[state], *cells, words.total(total),
                             _safe(comment)))  # fmt: skip
        yield lines.getvalue().encode()
        lines.seek(0)
        lines.truncate()


def _scale(criterion: Any) -> range:
    return range(criterion.scale_min, criterion.scale_max + 1, criterion.step)


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


# --- What a team learns -----------------------------------------------------------------------------------------------


@get("/teams/{team_id:uuid}/result")
async def feedback(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """A team's own place, criterion profile and comments without names, once the result is published."""
    team = await standings.judged_team(viewer, team_id)
    found = team.within(RoundState.PUBLISHED)
    if not found:
        found = [await standings.counted(viewer, team_id, each) for each in _before_publication(team)]
    else:
        team.to_team.need(FEEDBACK)
    return pages.page(
        request,
        "jury/feedback.html",
        team=team,
        found=[(each, _bars(each)) for each in found],
        decided_words=DECIDED_WORDS,
        documents=await certificates.of_team(team_id, viewer.id) if team.within(RoundState.PUBLISHED) else (),
    )


def _before_publication(team: standings.Judged) -> list[standings.Feedback]:
    """What organisers see before the publication. For the team there is no such page yet.

    A conflict with any team of the cohort counts: the totals of one give away those of others.
    """
    team.to_cohort.need(VALUES)
    found = team.within(RoundState.LOCKED)
    if not found:
        refuse(NO_VALUES_YET)
    return found


def _bars(each: standings.Feedback) -> list[dict[str, Any]]:
    if each.row is None:
        return []
    lines = profile(each.rubric, each.row)
    medians = each.medians or (None,) * len(lines)
    return [_bar(*line, middle) for line, middle in zip(lines, medians, strict=True)]


def _bar(title: str, mean: Fraction, end: Fraction, middle: Fraction | None) -> dict[str, Any]:
    """A criterion of the team's profile; `middle` is the median of all projects, if there are enough of them."""
    words = mean_words(mean)
    return {
        "label": title, "value": float(mean), "words": words, "mean": float(middle) if middle is not None else None,
        "cells": [words, *([mean_words(middle)] if middle is not None else []), score(int(end * POINT))],
    }  # fmt: skip


HANDLERS: list[Any] = [
    ranking, vote, strike_vote, sheets, export, feedback, *advice.HANDLERS, *deliberation.HANDLERS,
]  # fmt: skip
