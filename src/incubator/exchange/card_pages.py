"""Pages of published cases, which everybody may read, and the forms by which a case gets there."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.exchange import cards, rules
from incubator.foundation import pages
from incubator.foundation.i18n import Message
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.teams import cases

Web = Request[Any, Any, Any]
FURTHEST = 1000


@get("/cases", opt={"public": True})
async def card_list(request: Web) -> Response[Any]:
    """Published cases of finished cohorts."""
    raw = request.query_params.get("page", "")
    page = max(1, min(int(raw), FURTHEST)) if raw.isdecimal() and len(raw) < 6 else 1
    found = await cards.published(page)
    following = bool(found) and page * rules.PAGE < found[0].total
    return pages.page(request, "exchange/card_list.html", cards=found, page=page, following=following)


@get("/cases/{card_id:uuid}", opt={"public": True})
async def card_page(request: Web, card_id: FromPath[UUID]) -> Response[Any]:
    """A published case: its text, and nobody's name or address."""
    card = await cards.published_card(card_id)
    return pages.page(
        request,
        "exchange/card.html",
        card=card,
        labels=cases.LABELS,
        sections=cases.sections(card.case),
        demo=card.demo,
    )


@post("/teams/{team_id:uuid}/case/card")
async def agree(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Agree that the case becomes a card, or take that back."""
    form = await pages.read_form(request)
    step = form.choice("step", ["agree", "refuse"])
    form.demand()
    await (cards.agree if step == "agree" else cards.disagree)(viewer, team_id)
    return pages.redirect(request, f"/teams/{team_id}/exchange#card")


@post("/teams/{team_id:uuid}/case/published")
async def publish(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Show the card to everybody, or take it back."""
    form = await pages.read_form(request)
    step = form.choice("step", ["publish", "take_back"])
    form.demand()
    await cards.publish(viewer, team_id, shown=step == "publish")
    if step == "publish":
        await flash(viewer, "success", Message("The case is published. Everybody may read it."))
    return pages.redirect(request, f"/teams/{team_id}/exchange#card")


HANDLERS: list[Any] = [card_list, card_page, agree, publish]
