"""Pages that find: the search over what one may read, and cases like the team's own."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.exchange import finding, rules
from incubator.exchange.wording import LONGEST
from incubator.foundation import pages
from incubator.foundation.i18n import Message
from incubator.people.rights import Viewer
from incubator.teams.queries import team_for
from incubator.teams.rules import EDIT_CASE

Web = Request[Any, Any, Any]
FURTHEST = 1000
KINDS = {
    "case": Message("Problem case"),
    "opened": Message("Opened work"),
    "card": Message("Published case"),
    "team": Message("Team"),
    "person": Message("Person"),
    "note": Message("Private note"),
}


@get("/search", opt={"public": True})
async def search_page(request: Web) -> Response[Any]:
    """What the viewer may read and what holds the words; a visitor finds published cases."""
    viewer: Viewer | None = request.scope["state"].get("viewer")
    text = request.query_params.get("q", "")[:LONGEST].replace("\x00", "")
    raw = request.query_params.get("page", "")
    page = max(1, min(int(raw), FURTHEST)) if raw.isdecimal() and len(raw) < 6 else 1
    found = await finding.search(viewer, text, page)
    return pages.page(
        request, "exchange/search.html", block="found", text=text, found=found, page=page, kinds=KINDS,
        following=page * rules.PAGE < found.total,
    )  # fmt: skip


@get("/teams/{team_id:uuid}/case/similar")
async def similar_cases(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Cases of others like the one that the team is writing, as far as it is saved."""
    team = await team_for(viewer, team_id)
    team.standing.need(EDIT_CASE)
    found = await finding.similar(viewer, team_id)
    return pages.page(request, "exchange/similar.html", block="similar", team=team, similar=found, demo=team.demo)


HANDLERS: list[Any] = [search_page, similar_cases]
