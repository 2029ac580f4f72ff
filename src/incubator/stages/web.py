"""Pages of teams on their way: the home with its live updates, versions of work and their receipts."""

import asyncio
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from incubator.foundation import pages
from incubator.foundation.changes import which_two
from incubator.foundation.i18n import Message
from incubator.foundation.live import HUB
from incubator.foundation.refusals import NotFound, TooMany
from incubator.people import sessions
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.settings import settings
from incubator.stages import actions, file_pages, plan_web, queries, saying, uploading, working
from incubator.stages.answers import answers
from incubator.stages.changes import changes
from incubator.stages.first_steps import first_steps
from incubator.stages.home import home_team, team_home
from incubator.stages.hooks import MARGIN
from incubator.stages.queries import Work
from incubator.stages.rules import ADVANCE, EDIT_WORK, RETURN, ROLLBACK, SUBSCRIBE, VIEW_WORK
from incubator.stages.working import WORK

__all__ = ["HANDLERS", "MARGIN"]

Web = Request[Any, Any, Any]


@get("/teams/{team_id:uuid}")
async def home(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """What the team has to do now, and where it stands in the programme."""
    page = await team_home(viewer, team_id)
    standing = page.team.standing
    return pages.page(
        request, "stages/home.html", block="home", says=saying, page=page, team=page.team, own=standing.may(EDIT_WORK),
        may_advance=standing.may(ADVANCE), may_roll_back=standing.may(ROLLBACK), may_check=standing.may(RETURN),
        demo=page.team.demo, first_steps=first_steps(viewer, page),
    )  # fmt: skip


@get("/teams/{team_id:uuid}/live")
async def live(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Stream:
    """Tell the page that something has happened to the team; only while the right to see it lasts."""
    team = await home_team(viewer, team_id)
    team.standing.need(SUBSCRIBE)
    if HUB.full(viewer.id):
        raise TooMany(60)
    token = request.cookies.get(sessions.cookie_name(settings()), "")

    async def still() -> bool:
        now = await sessions.load(token)
        return now is not None and now.standing(
            programme=team.programme, cohort=team.cohort, team=team_id
        ).may(SUBSCRIBE)  # fmt: skip

    events = HUB.stream(viewer.id, frozenset({str(team_id)}), still)
    return Stream(events, media_type="text/event-stream", headers={"cache-control": "no-store"})


@post("/teams/{team_id:uuid}/modules/{module_id:uuid}/rollback")
async def rollback(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], module_id: FromPath[UUID]
) -> Response[Any]:
    """Take an advance back, with a reason that the team reads."""
    form = await pages.read_form(request)
    reason = form.text("reason", limit=1000, lines=True)
    form.demand()
    await actions.rollback(viewer, team_id, module_id, reason)
    await flash(viewer, "success", Message("The team is back in the module. It has been told."))
    return pages.redirect(request, f"/teams/{team_id}")


# --- Versions ---------------------------------------------------------------------------------------------------------


async def _sent(viewer: Viewer, place: tuple[UUID, UUID], *numbers: int) -> tuple[Work, list[queries.SentWork]]:
    work = await queries.work_on(viewer, *place)
    work.standing.need(VIEW_WORK)
    if work.submission is None or not all(0 < number < 2**31 for number in numbers):
        raise NotFound
    return work, await queries.versions(work.submission, *numbers)


@get(f"{WORK}/revisions/{{number:int}}/receipt")
async def receipt(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], assignment_id: FromPath[UUID],
    number: FromPath[int],
) -> Response[Any]:  # fmt: skip
    """The proof of having sent: number, time, and what happens next."""
    work, (sent,) = await _sent(viewer, (team_id, assignment_id), number)
    return pages.page(request, "stages/receipt.html", work=work, sent=sent, demo=work.demo)


@get(f"{WORK}/revisions/{{number:int}}")
async def revision(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], assignment_id: FromPath[UUID],
    number: FromPath[int],
) -> Response[Any]:  # fmt: skip
    """One version as it was sent."""
    work, (sent,) = await _sent(viewer, (team_id, assignment_id), number)
    return pages.page(
        request, "stages/revision.html", work=work, sent=sent, answers=answers(sent.fields, sent.content), demo=work.demo
    )  # fmt: skip


@get(f"{WORK}/comparison")
async def comparison(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], assignment_id: FromPath[UUID]
) -> Response[Any]:
    """What changed between any two versions; the address says which (`?from=1&to=3`)."""
    work = await queries.work_on(viewer, team_id, assignment_id)
    work.standing.need(VIEW_WORK)
    two = which_two(request.query_params.get, work.last.number if work.last else 0)
    old, new = await queries.two_versions(work, two)
    found = await asyncio.to_thread(changes, (old.fields, old.content) if old else ((), {}), (new.fields, new.content))
    return pages.page(request, "stages/comparison.html", work=work, two=two, changes=found, demo=work.demo)


HANDLERS = [
    home, live, rollback, receipt, revision, comparison, *working.HANDLERS, *uploading.HANDLERS, *file_pages.HANDLERS, *plan_web.HANDLERS,
]  # fmt: skip
