"""What a juror's pages show: his rounds in running order, one sheet with what it needs, the page of conflicts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from markupsafe import escape

from incubator.foundation.database import fetch, fetch_one, fetch_value
from incubator.foundation.i18n import Message, score
from incubator.foundation.refusals import NotFound
from incubator.jury.rubric import Rubric, total_words
from incubator.jury.rules import LEAD, SETTLED, RoundState, SheetState, in_the_jury, view_sheet
from incubator.jury.sheets.actions import OWN_SHEET, Sheet, sheet_of
from incubator.jury.sheets.papers import Paper, paper_of
from incubator.jury.terms import DUTY_WORDS, OFFICES, Duty, Terms, called, masked, number_of, read_terms, stems
from incubator.people import rights
from incubator.people.rights import Relation, Scope, Viewer


def about(team: str, title: str, municipality: str) -> str:
    """Municipality and project of a team, without repeating its name; a team is often called like its town."""
    return " · ".join(word for word in (municipality, title) if word and word != team)


# --- The juror's home -------------------------------------------------------------------------------------------------


NOT_HIS = frozenset({None, SheetState.RECUSED, SheetState.VOID})
PUT_OFF = Message("Put off")
REOPENED = Message("Reopened: hand it in again")
NOT_TO_SCORE = Message("You don't score this project")
LEFT = Message("The team has left the programme: the project gets no place")


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A project in a juror's list; `state` None: a conflict of interest was known before sheets were dealt."""

    project: UUID
    place: int
    title: str
    team: str
    municipality: str
    state: SheetState | None
    skipped: bool
    reopened: bool = False
    turn: tuple[int, str] | None = None
    left: bool = False

    @property
    def rank(self) -> tuple[bool, tuple[int, str], int]:
        """Where it stands among what the juror has still to score; `turn` is set where that isn't the running order."""
        return self.skipped, self.turn or (0, ""), self.place

    @property
    def about(self) -> str:
        """What stands under the team's name."""
        return about(self.team, self.title, self.municipality)

    @property
    def counts(self) -> bool:
        """Whether it is the juror's to score; nobody is asked for what is missing on a team that has left."""
        return self.state in SETTLED or (self.state not in NOT_HIS and not self.left)

    @property
    def line(self) -> tuple[str, int, str, str, str]:
        """Ready for the list: project ("" for no link), place, escaped team and note, state."""
        note = self.about
        if not self.counts or self.skipped or self.reopened or self.left:
            words = LEFT if self.left else NOT_TO_SCORE if not self.counts else REOPENED if self.reopened else PUT_OFF
            note = " · ".join(filter(None, (note, str(words))))
        state = self.state or SheetState.RECUSED
        return (
            str(self.project) if self.state else "",
            self.place,
            str(escape(self.team)),
            str(escape(note)),
            state.value,
        )


@dataclass(frozen=True, slots=True)
class Queue:
    """One round of a juror. Teams he has a conflict with are named but don't count.

    `samples`: some wait for his marks; `signed`: he has confirmed all his sheets.
    """

    round: UUID
    name: str
    state: RoundState
    cohort_name: str
    declared: bool
    duty: Duty
    votes: bool
    calibration: str
    deliberates: bool
    rows: tuple[QueueRow, ...]
    pitch: bool = False
    may_lead: bool = False
    samples: bool = False
    signed: bool = False

    @property
    def office(self) -> Message | None:
        """Chair, secretary or substitute; None for a juror like the others."""
        return None if self.duty is Duty.MEMBER else DUTY_WORDS[self.duty]

    @property
    def leads(self) -> bool:
        """Whether the juror leads the round as its chair or secretary: nobody does who has a conflict of interest there."""
        return self.may_lead and self.state is not RoundState.PUBLISHED

    @property
    def only_leads(self) -> bool:
        """Whether it is a chair or secretary without sheets, who is asked for none."""
        return self.duty in OFFICES and not self.votes

    @property
    def reopened(self) -> list[QueueRow]:
        """Sheets of a locked round that two organisers have given back to the juror."""
        return [row for row in self.rows if row.reopened and self.state is RoundState.LOCKED]

    @property
    def total(self) -> int:
        """Sheets to bring in."""
        return sum(1 for row in self.rows if row.counts)

    @property
    def done(self) -> int:
        """Sheets handed in or abstained from."""
        return sum(1 for row in self.rows if row.state in SETTLED)

    @property
    def next(self) -> QueueRow | None:
        """What to score now, skipped ones last; after the lock only what was reopened."""
        waiting = [row for row in self.rows if row.counts and row.state not in SETTLED]
        if self.state is not RoundState.OPEN:
            waiting = self.reopened
        return min(waiting, key=lambda row: row.rank, default=None)


SEATS = """
SELECT r.id AS round, r.name, r.state, r.cohort, c.programme, c.name AS cohort_name, e.declared_at IS NOT NULL AS declared, e.duty, e.votes,
  e.signed_at IS NOT NULL AS signed,
  r.calibration, r.state = 'locked' AND EXISTS (
    SELECT FROM deliberation d WHERE d.round = r.id AND d.closed_at IS NULL) AS deliberates,
  EXISTS (SELECT FROM pitch_day d WHERE d.round = r.id) AND r.state = 'open' AS pitch,
  r.state = 'draft' AND r.calibration = 'open' AND (e.votes OR e.duty = 'substitute') AND EXISTS (
    SELECT FROM sample p WHERE p.round = r.id
    AND NOT EXISTS (SELECT FROM sample_sheet o WHERE o.sample = p.id AND o.seat = e.id)) AS samples
FROM seat e JOIN scoring_round r ON r.id = e.round JOIN cohort c ON c.id = r.cohort
WHERE e.person = $1 AND e.removed_at IS NULL AND ($2::uuid IS NULL OR r.id = $2)
ORDER BY CASE r.state WHEN 'open' THEN 0 WHEN 'published' THEN 2 ELSE 1 END, r.created_at DESC
"""
# Two halves, each by its index: the juror's sheets, and the teams he has none for because of a conflict. Where names
# are hidden the second half is: a name beside a number that is missing would give it away.
BLIND = "((r.terms ->> 'blind')::boolean IS TRUE AND r.state <> 'published')"
GONE = f"(t.withdrawn_at IS NOT NULL AND NOT {BLIND})"  # a hidden name is not told by who is missing
# Where the projects with the fewest sheets come first: how many it has, and among equals an order of the juror's own.
FEWEST = "(r.terms ->> 'order' = 'fewest' AND NOT EXISTS (SELECT FROM pitch_day d WHERE d.round = r.id))"
GIVEN = (
    "(SELECT count(*) FROM score_sheet o WHERE o.round = s.round AND o.project = s.project AND o.state = 'handed_in')"
)
DRAWN = "md5(s.seat::text || s.project::text)"
QUEUE = f"""
SELECT s.round, p.id AS project, p.place, p.title, t.name AS team, m.name AS municipality, s.state,
  s.skipped_at IS NOT NULL AS skipped, s.reopened_at IS NOT NULL AS reopened, {BLIND} AS blind,
  CASE WHEN {FEWEST} THEN {GIVEN} END AS given, {DRAWN} AS drawn, {GONE} AS left
FROM seat e JOIN score_sheet s ON s.seat = e.id JOIN round_project p ON p.id = s.project
JOIN scoring_round r ON r.id = p.round
JOIN team t ON t.id = p.team JOIN municipality m ON m.id = t.municipality
WHERE e.person = $1 AND e.removed_at IS NULL AND ($2::uuid IS NULL OR e.round = $2)
  AND NOT ({BLIND} AND s.state = 'recused')
UNION ALL
SELECT p.round, p.id, p.place, p.title, t.name, m.name, NULL, false, false, false, NULL, '', false
FROM seat e JOIN round_project p ON p.round = e.round AND p.team = ANY($3)
JOIN scoring_round r ON r.id = p.round AND NOT {BLIND}
JOIN team t ON t.id = p.team JOIN municipality m ON m.id = t.municipality
WHERE e.person = $1 AND e.removed_at IS NULL AND ($2::uuid IS NULL OR e.round = $2)
  AND NOT EXISTS (SELECT FROM score_sheet s WHERE s.seat = e.id AND s.project = p.id)
ORDER BY place
"""


async def queues(viewer: Viewer, round_id: UUID | None = None) -> list[Queue]:
    """The rounds in which the viewer has a seat, or one of them; two statements."""
    rows: dict[UUID, list[QueueRow]] = {}
    for row in await fetch(QUEUE, viewer.id, round_id, _teams_in_conflict(viewer)):
        state = SheetState(row["state"]) if row["state"] else None
        found = QueueRow(
            row["project"],
            row["place"],
            "" if row["blind"] else row["title"],
            number_of(row["place"]) if row["blind"] else row["team"],
            "" if row["blind"] else row["municipality"],
            state,
            row["skipped"],
            row["reopened"],
            None if row["given"] is None else (row["given"], row["drawn"]),
            row["left"],
        )
        rows.setdefault(row["round"], []).append(found)
    return [_queue(viewer, seat, rows.get(seat["round"], [])) for seat in await fetch(SEATS, viewer.id, round_id)]


def _queue(viewer: Viewer, seat: Mapping[str, Any], rows: list[QueueRow]) -> Queue:
    """A seat as its juror sees it; what a conflict of interest shuts to him is not offered."""
    known_as = viewer.standing(programme=seat["programme"], cohort=seat["cohort"])
    standing = in_the_jury(known_as, seated=True, duty=Duty(seat["duty"]))
    deliberates = seat["deliberates"] and Relation.JUROR in standing.relations
    return Queue(
        seat["round"], seat["name"], RoundState(seat["state"]), seat["cohort_name"], seat["declared"], Duty(seat["duty"]),
        seat["votes"], seat["calibration"], deliberates, _in_turn(rows), seat["pitch"], standing.may(LEAD),
        seat["samples"], seat["signed"],
    )  # fmt: skip


def _in_turn(rows: list[QueueRow]) -> tuple[QueueRow, ...]:
    """The list as the juror works through it: in running order or, by the round's terms, what waits for him in its turn."""
    if not any(row.turn for row in rows):
        return tuple(rows)
    waits = [row for row in rows if row.counts and row.state not in SETTLED]
    return (*sorted(waits, key=lambda row: row.rank), *(row for row in rows if row not in waits))


def _teams_in_conflict(viewer: Viewer) -> list[UUID]:
    own = {grant.where for grant in viewer.grants if grant.scope is Scope.TEAM and grant.where}
    return [*own, *(interest.team for interest in viewer.interests)]


# --- One sheet --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Earlier:
    """A sheet that the juror handed in before, to keep his own measure by."""

    team: str
    project: UUID
    marks: tuple[str, ...]
    total: str


@dataclass(frozen=True, slots=True)
class SheetPage:
    """Everything on a score sheet."""

    sheet: Sheet
    round_name: str
    place: int
    title: str
    team: str
    municipality: str
    region: str
    earlier: tuple[Earlier, ...]
    terms: Terms
    blind: bool
    hidden: frozenset[str]
    paper: Paper
    left: bool

    @property
    def from_paper(self) -> bool:
        """Whether what stands here came from the juror's sheet of paper, unchanged by him since."""
        sheet = self.sheet
        return self.paper.entered(sheet.paper_at) and sheet.marks == self.paper.agreed

    @property
    def paper_waits(self) -> bool:
        """Whether his sheet of paper says something else than he wrote here, so that he has to choose."""
        return self.paper.waits(self.sheet.state, self.sheet.marks, self.sheet.paper_at)

    @property
    def heading(self) -> str:
        """What the sheet is called: place and team, or the number alone."""
        return self.team if self.blind else f"{self.place}. {self.team}"

    @property
    def rubric(self) -> Rubric:
        """The criteria."""
        return self.sheet.rubric


READINGS = """
SELECT g.sheet, g.reading, g.marks, g.comment, h.name AS by, g.typed_by AS person, g.typed_at AS at, g.reason
FROM paper_entry g JOIN person h ON h.id = g.typed_by"""
SHEET_PAGE = OWN_SHEET.format(
    share=f"""r.name AS round_name, p.place, p.title, t.name AS team_name, m.name AS municipality, m.region,
  r.terms, t.withdrawn_at, (SELECT json_agg(json_build_array(u.name, o.project, o.marks, q.place)) FROM (
     SELECT o.project, o.marks FROM score_sheet o WHERE o.seat = e.id AND o.state = 'handed_in' AND o.project <> p.id
     ORDER BY o.handed_in_at DESC LIMIT 5) o
   JOIN round_project q ON q.id = o.project JOIN team u ON u.id = q.team) AS earlier,
  (SELECT json_agg(k) FROM ({READINGS} WHERE g.sheet = s.id AND g.set_aside_at IS NULL) k) AS papers,"""
).replace(
    "LEFT JOIN seat e", "JOIN team t ON t.id = p.team JOIN municipality m ON m.id = t.municipality\nLEFT JOIN seat e"
)


async def sheet_page(viewer: Viewer, round_id: UUID, project_id: UUID) -> SheetPage:
    """A juror's own sheet through its viewer; one statement. Raises NotFound, Forbidden."""
    row = await fetch_one(SHEET_PAGE, round_id, project_id, viewer.id)
    if row is None:
        raise NotFound
    sheet = sheet_of(row, viewer)
    rights.guard(*view_sheet(sheet.standing, sheet.place))
    terms = read_terms(row["terms"])
    blind = terms.blind and sheet.place.round is not RoundState.PUBLISHED
    names: tuple[str, str, str] = (row["team_name"], row["municipality"], row["region"])
    hidden = stems(names) if blind else frozenset()
    team, municipality, region = (number_of(row["place"]), "", "") if blind else names
    return SheetPage(
        sheet, row["round_name"], row["place"], masked(row["title"], hidden), team, municipality, region,
        tuple(_earlier(each, sheet.rubric, blind=blind) for each in json.loads(row["earlier"] or "[]")),
        terms, blind, hidden, paper_of(json.loads(row["papers"] or "[]", object_hook=_reading)),
        row["withdrawn_at"] is not None and not blind,
    )  # fmt: skip


def _reading(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "person": UUID(row["person"]), "at": datetime.fromisoformat(row["at"])}


def _earlier(row: tuple[str, str, list[int], int], rubric: Rubric, *, blind: bool) -> Earlier:
    team, project, marks, place = row
    name = number_of(place) if blind else team
    return Earlier(name, UUID(project), tuple(map(score, marks)), total_words(marks, rubric))


NEXT = f"""
SELECT s.project FROM score_sheet s JOIN round_project p ON p.id = s.project JOIN scoring_round r ON r.id = s.round
JOIN round_project here ON here.id = $3 JOIN team t ON t.id = p.team
WHERE s.round = $1 AND s.seat = (SELECT id FROM seat WHERE round = $1 AND person = $2)
  AND s.state IN ('empty', 'draft') AND s.project <> $3 AND NOT {GONE}
  AND (s.reopened_at IS NOT NULL OR r.state = 'open')
ORDER BY s.skipped_at IS NOT NULL, CASE WHEN {FEWEST} THEN {GIVEN} END, CASE WHEN {FEWEST} THEN {DRAWN} END, p.place < here.place, p.place LIMIT 1
"""


async def heading_of(round_id: UUID, project_id: UUID) -> str:
    """What a sheet is called, by the names that a juror may read; one statement. The sheet has been his a moment ago."""
    row = await fetch_one(
        "SELECT p.place, t.name, r.terms, r.state FROM round_project p JOIN team t ON t.id = p.team"
        " JOIN scoring_round r ON r.id = p.round WHERE p.id = $2 AND r.id = $1",
        round_id, project_id,
    )  # fmt: skip
    if row is None:
        raise NotFound
    blind = read_terms(row["terms"]).blind and row["state"] != RoundState.PUBLISHED
    return called(row["place"], row["name"], blind=blind)


async def next_after(viewer: Viewer, round_id: UUID, project_id: UUID) -> UUID | None:
    """The project to score after this one: further down the running order, then from its top, or in the round's own order.

    Skipped ones come last. A project's number of sheets is told to nobody: it only decides what comes next.
    """
    found: UUID | None = await fetch_value(NEXT, round_id, viewer.id, project_id)
    return found
