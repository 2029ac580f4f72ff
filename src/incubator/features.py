"""The features' routers in their declared order, and the navigation made from what a viewer holds."""

import importlib
from collections.abc import Mapping
from typing import Any

from incubator.foundation.i18n import gettext as _
from incubator.people.rights import Role, Scope, Viewer

WEB = ("people", "notifications", "programmes", "teams", "stages", "moderation", "jury", "reporting")


def handlers() -> list[Any]:
    """Every handler of every feature."""
    found: list[Any] = []
    for feature in WEB:
        try:
            web = importlib.import_module(f"incubator.{feature}.web")
        except ModuleNotFoundError as fault:
            if fault.name != f"incubator.{feature}.web":
                raise
            continue
        found.extend(web.HANDLERS)
    return found


def navigation(request: Any) -> Mapping[str, Any]:
    """`nav` for the page's head: (address, label, whether we are there)."""
    viewer: Viewer | None = request.scope.get("state", {}).get("viewer")
    if viewer is None:
        return {}
    path = request.scope["path"]
    return {"demo": viewer.demo, "nav": [(href, label, _inside(path, href)) for href, label in _links(viewer)]}


def _inside(path: str, href: str) -> bool:
    return path == href or (href != "/" and path.startswith(href + "/"))


def _links(viewer: Viewer) -> list[tuple[str, str]]:
    links = [("/", _("My tasks"))]
    links += [(f"/teams/{team}", _("My team")) for team in _teams(viewer)[:1]]
    if any(g.role is Role.MODERATOR for g in viewer.grants):
        links.append(("/queue", _("Waiting for me")))
    if viewer.places(Role.JUROR, Scope.COHORT):
        links.append(("/jury", _("Scoring")))
    if viewer.is_administrator or viewer.places(Role.ORGANISER, Scope.PROGRAMME):
        links.append(("/cohorts", _("Cohorts")))
    if viewer.is_administrator:
        links += [("/people", _("People")), ("/letters", _("Letters"))]
    return links


def _teams(viewer: Viewer) -> list[Any]:
    return viewer.places(Role.TEAM_LEAD, Scope.TEAM) + viewer.places(Role.PARTICIPANT, Scope.TEAM)
