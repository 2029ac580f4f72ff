"""Pages of the municipality's passport: the form that saves itself, and what others read, with lines over the years."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.axes import Axis, axis
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message, clock, number
from incubator.foundation.refusals import Clash
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.programmes.facts import FACTS, Fact
from incubator.teams import passport, passport_reading, passport_writing
from incubator.teams.passport import EDIT_PASSPORT, VIEW_PASSPORT, form_values, read_passport
from incubator.teams.passport_reading import PassportPage
from incubator.teams.queries import team_for
from incubator.teams.rules import TeamRef

Asked = Request[Any, Any, Any]
MOST_SAVINGS = 2**31 - 1
DRAWN_FROM = 3  # years that make a line


@dataclass(frozen=True, slots=True)
class Line:
    """A fact over the years, ready to be drawn."""

    fact: Fact
    points: list[dict[str, Any]]
    axis: Axis
    says: Message


def lines(facts: passport.Facts) -> list[Line]:
    """The facts that have enough years for a line."""
    found = ((fact, facts.get(fact.key, ())) for fact in FACTS.values())
    return [_line(fact, entries) for fact, entries in found if len({e.year for e in entries if e.known}) >= DRAWN_FROM]


def _line(fact: Fact, entries: Any) -> Line:
    sources: dict[int | None, str] = {each.year: each.source for each in entries}
    years = passport.series(entries)
    points = [
        {
            "label": str(year), "value": None if value is None else float(value),
            "words": "" if value is None else number(value),
            "cells": ["–" if value is None else number(value), sources.get(year, "")],
        }
        for year, value in years
    ]  # fmt: skip
    known = [(year, value) for year, value in years if value is not None]
    values = [float(value) for _, value in known]
    return Line(fact, points, axis(min(values), max(values)), _said(fact, known[0], known[-1]))


def _said(fact: Fact, first: tuple[int, Decimal], last: tuple[int, Decimal]) -> Message:
    """What the line shows, in one sentence."""
    same: dict[str, Any] = {"first": first[0], "last": last[0], "before": first[1], "now": last[1], "unit": fact.unit}
    if fact.leap is None or not first[1]:
        return Message("{before} in {first}, {now} in {last} ({unit}).", **same)
    share = (abs(last[1] - first[1]) * 100 / first[1]).quantize(Decimal("0.1"))
    if last[1] < first[1]:
        return Message(
            "From {first} to {last} down by {share} %: from {before} to {now} ({unit}).", share=share, **same
        )
    return Message("From {first} to {last} up by {share} %: from {before} to {now} ({unit}).", share=share, **same)


@get("/teams/{team_id:uuid}/passport")
async def passport_page(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """The facts of the municipality: as a form to the team lead, to read for the others."""
    team = await team_for(viewer, team_id)
    team.standing.need(VIEW_PASSPORT)
    page = await passport_reading.passport_page(team_id)
    return _page(request, team, page, Form.empty(form_values(page.facts, page.version)))


def _page(
    request: Asked, team: TeamRef, page: PassportPage, form: Form, *, status: int = 200, clash: bool = False
) -> Response[Any]:
    return pages.page(
        request, "teams/passport.html", status=status, team=team, page=page, form=form, demo=team.demo, facts=FACTS,
        columns=passport.columns, most=passport.MOST_ROWS, lines=lines(page.facts), latest=passport.latest,
        unlikely=passport.unlikely(page.facts, request.scope["state"]["now"].year), clash=clash,
        writes=team.standing.may(EDIT_PASSPORT) and team.withdrawn_at is None,
    )  # fmt: skip


@post("/teams/{team_id:uuid}/passport")
async def save_passport(request: Asked, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Save the facts, by the button or by itself; on a clash both are shown and nothing is lost."""
    team = await team_for(viewer, team_id)
    team.standing.need(EDIT_PASSPORT)
    form = await pages.read_form(request)
    facts, version = read_passport(form), form.integer("version", 0, MOST_SAVINGS)
    form.finish()
    page = await passport_reading.passport_page(team_id)
    if not form.ok:
        return _unreadable(request, team, page, form)
    try:
        saved = await passport_writing.save_passport(viewer, team_id, facts, given(version))
    except Clash:
        if pages.wants_json(request):
            raise
        again = Form.empty(form_values(facts, page.version))
        return _page(request, team, page, again, status=409, clash=True)
    return await _saved(request, viewer, team_id, saved)


def _unreadable(request: Asked, team: TeamRef, page: PassportPage, form: Form) -> Response[Any]:
    if pages.wants_json(request):
        errors = {name: str(message) for name, message in form.errors.items()}
        return Response({"message": str(NOT_SAVED), "errors": errors}, status_code=422, media_type=MediaType.JSON)
    return _page(request, team, page, form, status=422)


NOT_SAVED = Message("Not saved yet: something can't be read.")


async def _saved(request: Asked, viewer: Viewer, team_id: UUID, version: int) -> Response[Any]:
    message = Message("Saved at {time}.", time=clock(viewer.now))
    if pages.wants_json(request):
        body = {"saved_at": viewer.now.isoformat(), "message": str(message), "version": version}
        return Response(body, status_code=200, media_type=MediaType.JSON)
    await flash(viewer, "success", message)
    return pages.redirect(request, f"/teams/{team_id}/passport")


HANDLERS: list[Any] = [passport_page, save_passport]
