"""Pages across everything: the start page, the overview of a cohort, the journals, help and what the footer promises."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.i18n import gettext as _
from incubator.foundation.i18n import locale as spoken
from incubator.foundation.i18n import zone_label
from incubator.journal.queries import Asked
from incubator.people.rights import Role, Viewer
from incubator.reporting import actions, chronicle, guide, home, overview_pages, rules
from incubator.reporting import own_data as own_data  # noqa: PLC0414  (adds its parts)
from incubator.reporting.first_steps import first_steps
from incubator.reporting.keys import number_of

Web = Request[Any, Any, Any]


@get("/")
async def start_page(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """What to do now; who has one team and nothing else goes to its page."""
    team = home.only_team(viewer)
    if team is not None:
        return pages.redirect(request, f"/teams/{team}")
    return pages.page(
        request, "reporting/start_page.html", page=await home.home(viewer), first_steps=await first_steps(viewer)
    )


# Journals


def _asked(request: Web) -> tuple[Asked, str]:
    """Which page of what the address asks for, and the kind; nonsense asks for nothing."""
    query = request.query_params
    kind = query.get("kind", "")
    try:
        person = UUID(query.get("by", ""))
    except ValueError:
        person = None
    return Asked(number_of(query.get("before", "")), person, rules.things(kind)), kind if kind in rules.KINDS else ""


def _journal(
    request: Web, template: str, page: chronicle.Chronicle, asked: Asked, kind: str, **more: Any
) -> Response[Any]:
    zone = zone_label(request.scope["state"]["viewer"].now)
    kinds = [("", _("Everything")), *((key, str(words)) for key, (words, _things) in rules.KINDS.items())]
    return pages.page(request, template, page=page, asked=asked, kind=kind, kinds=kinds, zone=zone, **more)


@get("/cohorts/{cohort_id:uuid}/journal")
async def cohort_journal(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """What happened in a cohort, for its organisers; that they looked is kept too."""
    asked, kind = _asked(request)
    cohort, page = await chronicle.of_cohort(viewer, cohort_id, asked)
    await actions.note_cohort_reading(viewer, cohort_id)
    return _journal(request, "reporting/cohort_journal.html", page, asked, kind, cohort=cohort)


@get("/teams/{team_id:uuid}/journal")
async def team_journal(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """What happened in a team."""
    asked, kind = _asked(request)
    team, page = await chronicle.of_one_team(viewer, team_id, asked)
    return _journal(request, "reporting/team_journal.html", page, asked, kind, team=team)


@get("/journal")
async def platform_journal(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """What concerns the installation, for administrators; that they looked is kept too."""
    asked, kind = _asked(request)
    page = await chronicle.of_installation(viewer, asked)
    await actions.note_platform_reading(viewer)
    return _journal(request, "reporting/platform_journal.html", page, asked, kind)


@get("/journal/mine")
async def own_journal(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """What one has done oneself."""
    asked, kind = _asked(request)
    return _journal(request, "reporting/own_journal.html", await chronicle.of_oneself(viewer, asked), asked, kind)


@get("/journal/about-me")
async def access_journal(request: Web, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Who looked at one's personal data."""
    asked, kind = _asked(request)
    return _journal(request, "reporting/access_journal.html", await chronicle.about_oneself(viewer, asked), asked, kind)


# Help and what is public


@get("/help", opt={"public": True})
async def help_page(request: Web) -> Response[Any]:
    """The guide, what one is first; visitors read how to get in. Whom to ask stands here and in no other place."""
    viewer: Viewer | None = request.scope["state"].get("viewer")
    held = {grant.role for grant in viewer.grants} if viewer else set()
    mine, others = guide.guide(spoken(), held)
    roles = {role.value: role in held for role in Role}
    return pages.page(request, "reporting/help.html", roles=roles, mine=mine, others=others)


@get(["/personal-data", "/privacy"], opt={"public": True})
async def personal_data(request: Web) -> Response[Any]:
    """What is kept about people, and why."""
    return pages.page(request, "reporting/personal_data.html")


@get("/accessibility", opt={"public": True})
async def accessibility(request: Web) -> Response[Any]:
    """How far the site can be used by everybody."""
    return pages.page(request, "reporting/accessibility.html")


HANDLERS = [
    start_page, *overview_pages.HANDLERS, cohort_journal, team_journal, platform_journal, own_journal, access_journal, help_page, personal_data,
    accessibility,
]  # fmt: skip
