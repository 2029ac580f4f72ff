"""A round without a network: one page with all sheets of a juror, which his browser keeps, and the worker that shows it.

The browser asks for the page while there is a line (static/offline.js) and keeps it under the person's name; when the
line is gone the worker (static/worker.js) answers with it at the addresses of the round and of its sheets.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.database import fetch
from incubator.foundation.i18n import locale
from incubator.jury.rounds import Round, round_for
from incubator.jury.rubric import Rubric, typed
from incubator.jury.rules import NOTHING_YET, OWN_PROGRESS, SHEET_WORDS, WRITABLE, RoundState, SheetState, refuse
from incubator.jury.sheets.strips import blank_strips
from incubator.jury.terms import called
from incubator.people.rights import Viewer

Web = Request[Any, Any, Any]

OWN_SHEETS = """
SELECT p.id AS project, p.place, t.name AS team, s.state, s.marks, s.comment, s.note, s.version
FROM score_sheet s JOIN round_project p ON p.id = s.project JOIN team t ON t.id = p.team
WHERE s.seat = $1 ORDER BY p.place LIMIT 1000
"""


@dataclass(frozen=True, slots=True)
class KeptSheet:
    """A sheet as it goes with the page; `fields` are names and values of its form."""

    project: UUID
    heading: str
    state: SheetState
    version: int
    fields: dict[str, str]

    @property
    def document(self) -> dict[str, Any]:
        """What the script of the page reads."""
        return {
            "project": str(self.project), "heading": self.heading, "state": self.state.value, "version": self.version,
            "words": str(SHEET_WORDS[self.state]), "writable": self.state in WRITABLE, "fields": self.fields,
        }  # fmt: skip


async def kept_sheets(scoring: Round) -> list[KeptSheet]:
    """All sheets of the viewer in a round, in running order; one statement."""
    rows = await fetch(OWN_SHEETS, scoring.seat)
    return [_kept(row, scoring.rubric, blind=scoring.blind) for row in rows]


def _kept(row: Any, rubric: Rubric, *, blind: bool) -> KeptSheet:
    name = called(row["place"], row["team"], blind=blind)
    fields = {**typed(rubric, row["marks"], row["comment"]), "note": row["note"]}
    return KeptSheet(row["project"], name, SheetState(row["state"]), row["version"], fields)


@get("/rounds/{round_id:uuid}/offline")
async def offline_page(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """All own sheets of an open round on one page, for the device to keep."""
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(OWN_PROGRESS)
    if scoring.state is not RoundState.OPEN or scoring.declared_at is None:
        refuse(NOTHING_YET)
    sheets = await kept_sheets(scoring)
    strips = [strip for _, strip in blank_strips(scoring.criteria_document, locale())]
    return pages.page(
        request, "jury/offline.html", round=scoring, strips=strips, sheets=sheets,
        document=json.dumps([each.document for each in sheets], ensure_ascii=False),
        titles=json.dumps({f"mark_{each.key}": each.title for each in scoring.rubric.criteria}, ensure_ascii=False),
    )  # fmt: skip


@get("/rounds/worker.js", opt={"public": True}, sync_to_thread=False)
def worker() -> Response[bytes]:
    """The worker: at this address, so that it has to do with rounds and with nothing else of the site."""
    headers = {"cache-control": "no-cache", "cross-origin-resource-policy": "same-origin"}
    return Response(pages.static().files["worker.js"], media_type="text/javascript", headers=headers)


HANDLERS: list[Any] = [offline_page, worker]
