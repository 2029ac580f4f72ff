"""Counting a round: who has brought how many sheets, the result from stored totals, what a team learns of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch, fetch_value
from incubator.foundation.refusals import NotFound
from incubator.jury.result import deliberating
from incubator.jury.result.snapshot import Contender, Decision, Result, Row, read_result, read_row, result_of
from incubator.jury.rounds import Round, round_for
from incubator.jury.rubric import Rubric, read_rubric
from incubator.jury.rules import RoundState, Turnout, assessable, in_the_jury
from incubator.jury.scoring import FIRST_PLACES, POINT, Tally
from incubator.people.rights import Standing, Viewer
from incubator.programmes.blueprint import Closing, JuryPlan

TURNOUT = """
SELECT e.id AS seat, count(*) FILTER (WHERE s.state = 'handed_in') AS handed_in,
  count(*) FILTER (WHERE s.state IN ('empty', 'draft') AND t.withdrawn_at IS NULL) AS missing
FROM seat e LEFT JOIN score_sheet s ON s.seat = e.id
LEFT JOIN round_project p ON p.id = s.project LEFT JOIN team t ON t.id = p.team
WHERE e.round = $1 AND e.removed_at IS NULL GROUP BY e.id
"""


async def turnout(round_id: UUID) -> list[Turnout]:
    """How many sheets each juror has handed in and how many are missing; none are of a team that has left."""
    return [Turnout(**row) for row in await fetch(TURNOUT, round_id)]


# One aggregate over the stored totals; what only some rules ask for is left out for the others.
CONTENDERS = """
SELECT p.id, p.team, p.title, t.name, t.withdrawn_at, m.name AS municipality, v.rank AS vote,
  rank() OVER (ORDER BY t.registered_at) AS applied, c.totals, c.sums{columns}
FROM round_project p JOIN team t ON t.id = p.team JOIN municipality m ON m.id = t.municipality
LEFT JOIN tie_vote v ON v.project = p.id
LEFT JOIN (
  SELECT s.project, array_agg(s.total) AS totals, ARRAY[{sums}]::bigint[] AS sums{seats}
  FROM score_sheet s{by_seat} WHERE s.round = $1 AND s.state = 'handed_in' GROUP BY s.project
) c ON c.project = p.id{missing}
WHERE p.round = $1
"""
BY_SEAT = " JOIN (SELECT id, row_number() OVER ()::int AS number FROM seat WHERE round = $1) e ON e.id = s.seat"
MISSING = """
LEFT JOIN (
  SELECT s.project, count(*) AS missing FROM score_sheet s
  WHERE s.round = $1 AND s.state IN ('empty', 'draft') GROUP BY s.project
) g ON g.project = p.id"""


def _contenders_sql(rubric: Rubric, plan: JuryPlan) -> str:
    seats, gaps = FIRST_PLACES in plan.ties, plan.closing is Closing.NOT_ASSESSED
    return CONTENDERS.format(
        sums=", ".join(f"sum(s.marks[{place}])" for place in range(1, len(rubric.criteria) + 1)),
        columns=", c.seats" * seats + ", g.missing" * gaps,
        # A number stands for a juror: twenty thousand keys cost more to read than the rest of the count.
        seats=", array_agg(e.number) AS seats" * seats,
        by_seat=BY_SEAT * seats,
        missing=MISSING * gaps,
    )


async def count_up(scoring: Round) -> Result:
    """The result as it stands; one statement."""
    return result_of(scoring.rubric, scoring.plan, *(await contenders(scoring)))


async def contenders(scoring: Round) -> tuple[list[Contender], dict[UUID, int]]:
    """The projects of a round with their sheets that count, and the votes on ties; one statement."""
    rubric, plan = scoring.rubric, scoring.plan
    rows = await fetch(_contenders_sql(rubric, plan), scoring.id)
    missing = {row["id"]: row["missing"] or 0 for row in rows} if plan.closing is Closing.NOT_ASSESSED else {}
    votes = {row["id"]: row["vote"] for row in rows if row["vote"] is not None}
    nothing = (0,) * len(rubric.criteria)
    found = [
        Contender(
            Tally(row["id"], row["applied"], row["totals"] or (), row["sums"] or nothing, row.get("seats") or ()),
            row["team"], row["name"], row["title"], row["municipality"],
            barred=row["withdrawn_at"] is not None or not assessable(plan, missing, row["id"]),
        )
        for row in rows
    ]  # fmt: skip
    return found, votes


async def published(round_id: UUID) -> Result:
    """The snapshot of a published round."""
    return read_result(await fetch_value("SELECT result FROM scoring_round WHERE id = $1", round_id))


async def result_for(scoring: Round) -> Result:
    """What is to be shown: the snapshot of a published round, else the count."""
    return await (published(scoring.id) if scoring.state is RoundState.PUBLISHED else count_up(scoring))


# --- One project ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JurorSheet:
    """A sheet with its juror's name, for organisers after the lock; of a `reopened` one they see no value."""

    id: UUID
    juror: str
    state: str
    marks: tuple[int | None, ...]
    total: int | None
    comment: str
    note: str
    reason: str
    reopened: bool


SHEETS = """
SELECT s.id, h.name AS juror, s.state, s.reopened_at IS NOT NULL AS reopened, s.reason,
  CASE WHEN s.reopened_at IS NULL THEN s.marks ELSE '{}' END AS marks,
  CASE WHEN s.reopened_at IS NULL THEN s.total END AS total,
  CASE WHEN s.reopened_at IS NULL THEN s.note ELSE '' END AS note,
  CASE WHEN s.reopened_at IS NULL THEN s.comment ELSE '' END AS comment
FROM score_sheet s JOIN seat e ON e.id = s.seat JOIN person h ON h.id = e.person
WHERE s.round = $1 AND s.project = $2 ORDER BY h.name, s.id
"""


async def sheets_of(round_id: UUID, project_id: UUID) -> list[JurorSheet]:
    """Every sheet for one project."""
    rows = await fetch(SHEETS, round_id, project_id)
    return [JurorSheet(**{**row, "marks": tuple(row["marks"] or ())}) for row in rows]


NAMELESS = """
SELECT marks FROM score_sheet WHERE round = $1 AND project = $2 AND state = 'handed_in' ORDER BY md5(id::text)
"""


@dataclass(frozen=True, slots=True)
class NamelessSheet:
    """Marks that somebody gave."""

    marks: tuple[int, ...]


async def nameless_sheets(round_id: UUID, project_id: UUID) -> list[NamelessSheet]:
    """The sheets that count for one project, without names and in no order that tells."""
    return [NamelessSheet(tuple(row["marks"])) for row in await fetch(NAMELESS, round_id, project_id)]


async def project_name(round_id: UUID, project_id: UUID) -> str | None:
    """The name of the team whose project this is, None when it is not of this round."""
    name: str | None = await fetch_value(
        "SELECT t.name FROM round_project p JOIN team t ON t.id = p.team WHERE p.id = $1 AND p.round = $2",
        project_id, round_id,
    )  # fmt: skip
    return name


async def project_of_sheet(round_id: UUID, sheet_id: UUID) -> UUID | None:
    """Which project a sheet of this round is for."""
    found: UUID | None = await fetch_value(
        "SELECT project FROM score_sheet WHERE id = $1 AND round = $2", sheet_id, round_id
    )
    return found


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one round gave a team: its own line and the jury's comments, without names and in no order that tells."""

    round: UUID
    round_name: str
    state: RoundState
    rubric: Rubric
    row: Row | None
    comments: tuple[str, ...]
    medians: tuple[Fraction, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @property
    def scale(self) -> int:
        """The end of the longest scale, in points: how far the bars of a profile reach."""
        return max(-(-each.scale_max // POINT) for each in self.rubric.criteria)


@dataclass(frozen=True, slots=True)
class Judged:
    """A team before the jury; `to_team` is how the viewer stands to it, `to_cohort` to all that are judged with it."""

    id: UUID
    name: str
    to_team: Standing
    to_cohort: Standing
    rounds: tuple[Feedback, ...]

    def within(self, *states: RoundState) -> list[Feedback]:
        """Its rounds in these states, the newest first."""
        return [each for each in self.rounds if each.state in states]


# One statement whatever there is: an answer that hides the page takes no longer than one for a team that never was.
JUDGED = """
SELECT t.id, t.name, t.cohort, c.programme, r.id AS round, r.name AS round_name, r.state, r.criteria, f.line, f.comments,
  r.result -> 'medians' AS medians, f.decisions
FROM team t JOIN cohort c ON c.id = t.cohort
LEFT JOIN round_project p ON p.team = t.id
LEFT JOIN scoring_round r ON r.id = p.round AND r.state IN ('locked', 'published')
LEFT JOIN LATERAL (
  SELECT (SELECT line FROM jsonb_array_elements(r.result -> 'rows') AS line
          WHERE line ->> 'project' = p.id::text) AS line,
    (SELECT jsonb_agg(d) FROM jsonb_array_elements(r.result -> 'decisions') AS d
     WHERE d ->> 'project' = p.id::text) AS decisions,
    (SELECT array_agg(s.comment ORDER BY md5(s.id::text)) FROM score_sheet s
     WHERE s.round = r.id AND s.project = p.id AND s.state = 'handed_in' AND s.comment <> '') AS comments
) f ON r.id IS NOT NULL
WHERE t.id = $1 ORDER BY r.created_at DESC
"""


async def judged_team(viewer: Viewer, team_id: UUID) -> Judged:
    """A team with what locked and published rounds gave it; whoever asks judges what of it may be seen. NotFound."""
    rows = await fetch(JUDGED, team_id)
    if not rows:
        raise NotFound
    cohort, programme = rows[0]["cohort"], rows[0]["programme"]
    return Judged(
        team_id, rows[0]["name"],
        in_the_jury(viewer.standing(programme=programme, cohort=cohort, team=team_id), seated=True),
        in_the_jury(viewer.standing(programme=programme, cohort=cohort), seated=True),
        tuple(_feedback(row) for row in rows if row["round"]),
    )  # fmt: skip


def _feedback(row: Mapping[str, Any]) -> Feedback:
    line = read_row(json.loads(row["line"])) if row["line"] else None
    return Feedback(
        row["round"], row["round_name"], RoundState(row["state"]), read_rubric(row["criteria"]), line,
        tuple(row["comments"] or ()), tuple(map(Fraction, json.loads(row["medians"] or "[]"))),
        tuple(Decision(**each) for each in json.loads(row["decisions"] or "[]")),
    )  # fmt: skip


async def counted(viewer: Viewer, team_id: UUID, feedback: Feedback) -> Feedback:
    """The same with the line, and the decisions, that a round which is only locked would give."""
    scoring = await round_for(viewer, feedback.round)
    result = await count_up(scoring)
    row = next((row for row in result.rows if row.team == team_id), None)
    own = () if row is None else await deliberating.adopted(scoring)
    decisions = tuple(each for each in own if row and each.project == str(row.project))
    return replace(feedback, row=row, medians=tuple(result.medians), decisions=decisions)
