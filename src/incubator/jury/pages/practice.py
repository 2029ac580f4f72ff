"""Pages of the calibration: samples for organisers to choose, for jurors to score, and the spread of marks after it."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message, number, score
from incubator.foundation.refusals import Clash, Invalid
from incubator.jury.practice import practising
from incubator.jury.practice.practising import Spread
from incubator.jury.rounds import Round, round_for
from incubator.jury.rubric import DECIMALS, anchors, choices, field_of, meaning_of, read_entry
from incubator.jury.rules import CHOOSE_PROJECT, CONDUCT, OWN_PRACTICE, PRACTICE, RoundState
from incubator.people.rights import Viewer
from incubator.people.sessions import flash

Web = Request[Any, Any, Any]
TEXT_LIMIT = 20_000
ADDED = Message("The sample project is added.")


@get("/rounds/{round_id:uuid}/calibration")
async def calibration(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """The samples of a round: to choose, to score, or to look at the spread."""
    return await _page(request, await round_for(viewer, round_id), Form.empty())


async def _page(request: Web, scoring: Round, form: Form, at: str = "", clash: Clash | None = None) -> Response[Any]:
    """`at` says whose errors `form` holds: the id of a sample, "edit-" with such an id, or "add" or "take".

    `clash` holds what stands now in the sample that somebody else has changed meanwhile.
    """
    scoring.standing.need(PRACTICE)
    found, prepares = await practising.practice(scoring), scoring.standing.may(CONDUCT)
    draft = scoring.state is RoundState.DRAFT
    strips = [(each, field_of(each), choices(each), anchors(each)) for each in found.rubric.criteria]
    # One form at a time: handing one in would lose what is marked in another.
    waiting = [str(each.id) for each in found.samples if not each.handed_in]
    return pages.page(
        request, "jury/calibration.html", status=clash.status if clash else 422 if form.errors else 200, scoring=scoring, found=found, form=form,
        at=at, turn=at if at in waiting else next(iter(waiting), ""), blank=Form.empty(), prepares=prepares, draft=draft, strips=strips,
        fill=lambda sample: Form.empty({"title": sample.title, "text": sample.text}),
        stored=clash.context.get("stored") if clash else None, meaning=meaning_of(found.rubric.criteria),
        offers=await practising.offers(scoring) if prepares and draft else [],
        scores=scoring.seat is not None and draft and scoring.calibration == "open",
        spreads={sample: _drawn(spreads) for sample, spreads in found.spreads.items()},
    )  # fmt: skip


def _drawn(spreads: tuple[Spread, ...]) -> dict[str, Any]:
    """The marks for one sample as rows of a plot, one for each criterion, on an axis that holds all scales."""
    low, high = min(each.low for each in spreads) / 1000, max(each.high for each in spreads) / 1000
    ticks = [(at, number(at)) for at in (low, (low + high) / 2, high)]
    return {"low": low, "high": high, "ticks": ticks, "rows": [_row(each) for each in spreads]}


def _row(spread: Spread) -> dict[str, Any]:
    lowest, highest = spread.marks[0], spread.marks[-1]
    own = "–" if spread.own is None else score(spread.own)
    return {
        "label": spread.title, "value": None if spread.own is None else spread.own / 1000, "raw": spread.middle / 1000,
        "start": lowest / 1000, "end": highest / 1000,
        "cells": [own, number(spread.middle / 1000, DECIMALS), f"{score(lowest)}–{score(highest)}",
                  ", ".join(score(mark) for mark in spread.marks)],
    }  # fmt: skip


@post("/rounds/{round_id:uuid}/calibration/samples")
async def add(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Add an invented sample."""
    form = await pages.read_form(request)
    title, text = form.text("title", limit=200), form.text("text", limit=TEXT_LIMIT, lines=True)
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(CONDUCT)
    try:
        form.demand()
    except Invalid:
        return await _page(request, scoring, form, "add")
    await practising.add_sample(viewer, round_id, title, text)
    await flash(viewer, "success", ADDED)
    return pages.redirect(request, f"/rounds/{round_id}/calibration")


@post("/rounds/{round_id:uuid}/calibration/taken")
async def take(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Take a project of another cohort as a sample."""
    form = await pages.read_form(request)
    project = form.uuid("project", missing=CHOOSE_PROJECT)
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(CONDUCT)
    try:
        form.demand()
    except Invalid:
        return await _page(request, scoring, form, "take")
    await practising.take_sample(viewer, round_id, given(project))
    await flash(viewer, "success", ADDED)
    return pages.redirect(request, f"/rounds/{round_id}/calibration")


@post("/rounds/{round_id:uuid}/calibration/samples/{sample_id:uuid}/edit")
async def edit(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], sample_id: FromPath[UUID]
) -> Response[Any]:
    """Put a sample right."""
    form = await pages.read_form(request)
    title, text = form.text("title", limit=200), form.text("text", limit=TEXT_LIMIT, lines=True)
    version, at = form.text("version", required=False), f"edit-{sample_id}"
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(CONDUCT)
    try:
        form.demand()
        await practising.edit_sample(viewer, round_id, sample_id, (title, text), version)
    except Invalid:
        return await _page(request, scoring, form, at)
    except Clash as clash:
        form.fail("", clash.reason)
        return await _page(request, scoring, form, at, clash)
    await flash(viewer, "success", Message("The sample project is changed."))
    return pages.redirect(request, f"/rounds/{round_id}/calibration")


@post("/rounds/{round_id:uuid}/calibration/samples/{sample_id:uuid}/remove")
async def remove(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], sample_id: FromPath[UUID]
) -> Response[Any]:
    """Take a sample out."""
    (await pages.read_form(request)).demand()
    await practising.remove_sample(viewer, round_id, sample_id)
    return pages.redirect(request, f"/rounds/{round_id}/calibration")


@post("/rounds/{round_id:uuid}/calibration/close")
async def close(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """End the calibration, or let it go on."""
    form = await pages.read_form(request)
    way = form.choice("way", ("close", "again"))
    form.demand()
    await practising.close(viewer, round_id, again=way == "again")
    return pages.redirect(request, f"/rounds/{round_id}/calibration")


@post("/rounds/{round_id:uuid}/calibration/samples/{sample_id:uuid}")
async def hand_in(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], sample_id: FromPath[UUID]
) -> Response[Any]:
    """Hand one's own marks for a sample in."""
    form = await pages.read_form(request)
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(OWN_PRACTICE)
    found = await practising.practice(scoring)
    meaning = form.text("meaning", required=False)
    try:
        if meaning:  # before the marks are read by criteria they were not given by
            practising.refuse_others(meaning, found.rubric)
        entry = read_entry(form, found.rubric, full=True)
        await practising.hand_in(viewer, round_id, sample_id, [given(mark) for mark in entry.marks], meaning)
    except Invalid:
        return await _page(request, scoring, form, str(sample_id))
    except Clash as clash:
        form.fail("", clash.reason)
        return await _page(request, scoring, form, str(sample_id), clash)
    await flash(viewer, "success", Message("Your marks for the sample are recorded."))
    return pages.redirect(request, f"/rounds/{round_id}/calibration")


HANDLERS: list[Any] = [calibration, add, take, edit, remove, close, hand_in]
