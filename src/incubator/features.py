"""The features' routers in their declared order, and the navigation made from what a viewer holds."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from incubator.exchange import web as exchange
from incubator.foundation.i18n import gettext as _
from incubator.installation import web as installation
from incubator.jury import web as jury
from incubator.moderation import web as moderation
from incubator.notifications import web as notifications
from incubator.people import web as people
from incubator.people.rights import Role, Scope, Viewer
from incubator.people.sessions import keeping
from incubator.programmes import web as programmes
from incubator.reporting import web as reporting
from incubator.reporting.home import only_team
from incubator.stages import web as stages
from incubator.teams import web as teams

WEB = (people, installation, notifications, programmes, teams, stages, moderation, exchange, jury, reporting)


def handlers() -> list[Any]:
    """Every handler of every feature."""
    return [handler for web in WEB for handler in web.HANDLERS]


def navigation(request: Any) -> Mapping[str, Any]:
    """For every page: `nav` as (address, label, whether we are there), whether the viewer is invented, and how his
    browser keeps what he types.
    """
    viewer: Viewer | None = request.scope.get("state", {}).get("viewer")
    if viewer is None:
        return {}
    path = request.scope["path"]
    return {
        "demo": viewer.demo,
        "nav": [(href, label, _inside(path, href)) for href, label in _links(viewer)],
        "menu": _menu(viewer),
        "keeping": keeping(viewer.id, shared=viewer.shared),
    }


def _inside(path: str, href: str) -> bool:
    return path == href or (href != "/" and path.startswith(href + "/"))


def _links(viewer: Viewer) -> list[tuple[str, str]]:
    # Whose start page is his team's own finds his tasks there: two ways to one page would only puzzle.
    links = [] if only_team(viewer) else [("/", _("My tasks"))]
    links += [(f"/teams/{team}", _("My team")) for team in _teams(viewer)[:1]]
    if any(grant.role in {Role.MODERATOR, Role.ORGANISER} for grant in viewer.grants):
        links.append(("/queue", _("Waiting for me")))
    if viewer.places(Role.JUROR, Scope.COHORT):
        links.append(("/jury", _("Scoring")))
    if viewer.places(Role.ORGANISER, Scope.PROGRAMME):
        links.append(("/cohorts", _("Cohorts")))
    if viewer.is_administrator:
        links += [("/programmes", _("Programmes")), ("/people", _("People")), ("/letters", _("Letters"))]
        links.append(("/journal", _("Journal")))
    return links


def _menu(viewer: Viewer) -> list[tuple[str, str]]:
    """What is seldom needed: in the menu of the account."""
    links = [("/search", _("Search"))]
    if viewer.is_administrator:
        links.append(("/installation", _("Organisation")))
    if viewer.is_administrator or viewer.places(Role.ORGANISER, Scope.PROGRAMME):
        links.append(("/consents/given", _("Consents")))
    return links


def _teams(viewer: Viewer) -> list[UUID]:
    return viewer.places(Role.TEAM_LEAD, Scope.TEAM) + viewer.places(Role.PARTICIPANT, Scope.TEAM)
