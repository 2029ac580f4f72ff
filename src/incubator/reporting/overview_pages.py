"""Pages of a cohort as a whole: its overview with plots, the progress map, and the map as a file."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.i18n import day
from incubator.foundation.i18n import gettext as _
from incubator.people.rights import Viewer
from incubator.reporting import mapping, summary
from incubator.reporting.rules import WORDS
from incubator.reporting.standstill import COLOURS, NAMES
from incubator.stages.rules import EXTEND
from incubator.teams.rules import spreadsheet_rows

Web = Request[Any, Any, Any]
SHOWN = 8  # teams that are stuck, before "all of them" is pressed


@get("/cohorts/{cohort_id:uuid}")
async def overview(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """How a cohort stands: counts, who is stuck and why, and plots."""
    query = request.query_params
    page = await summary.summary(viewer, cohort_id, mapping.read({"columns": query.get("period", "")}).columns)
    cohort = page.board.cohort
    return pages.page(
        request, "reporting/overview.html", page=page, board=page.board, cohort=cohort, demo=cohort.demo,
        names=NAMES, colours=COLOURS, shown=len(page.stuck) if query.get("stuck") == "all" else SHOWN,
    )  # fmt: skip


@get("/cohorts/{cohort_id:uuid}/map")
async def progress_map(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Every team in every module, drawn or as a table; the address says which teams and which columns."""
    asked = mapping.read(request.query_params)
    page = await summary.progress_map(viewer, cohort_id, asked)
    cohort = page.board.cohort
    return pages.page(
        request, "reporting/map.html", block="map", page=page, board=page.board, cohort=cohort, asked=asked,
        demo=cohort.demo, says=mapping.said(page.lines), meanings=mapping.MEANINGS, signs=mapping.SIGNS, words=WORDS,
        may_extend=cohort.standing.may(EXTEND), gone=await summary.gone(viewer, page.board),
    )  # fmt: skip


@get("/cohorts/{cohort_id:uuid}/map.csv")
async def map_file(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """The same teams and columns as a table to take along."""
    page = await summary.progress_map(viewer, cohort_id, mapping.read(request.query_params))
    head = [_("Team"), _("Municipality"), _("Region"), _("Moderators"), *(column.title for column in page.columns),
            _("Why the team is stuck")]  # fmt: skip
    rows = [
        [
            line.row.name, line.row.municipality, line.row.region, ", ".join(line.row.moderators),
            *(square.words() for square in line.squares),
            " ".join(str(reason.words) for reason in page.stuck.get(line.row.team, ())),
        ]
        for line in page.lines
    ]  # fmt: skip
    return pages.download(
        spreadsheet_rows([head, *rows]), ".csv", "text/csv", _("Progress map"), page.board.cohort.name, day(viewer.now)
    )


HANDLERS: list[Any] = [overview, progress_map, map_file]
