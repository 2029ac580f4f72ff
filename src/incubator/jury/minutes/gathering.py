"""What the minutes of a round are made of, in a constant number of statements: everything that is known of its jury."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch
from incubator.jury.ledger import book
from incubator.jury.pitch import transcribing
from incubator.jury.result import deliberating, standings
from incubator.jury.result.deliberating import Recorded
from incubator.jury.result.snapshot import Decision, Result
from incubator.jury.rounds import Round
from incubator.jury.rules import SheetState
from incubator.jury.sheets.papers import Step
from incubator.jury.terms import Duty


@dataclass(frozen=True, slots=True)
class Sitting:
    """A seat of the jury; `handed_in` and `missing` count its sheets."""

    id: UUID
    name: str
    duty: Duty
    votes: bool
    seated_at: datetime
    removed_at: datetime | None
    removal_reason: str
    signed_at: datetime | None
    handed_in: int
    missing: int


@dataclass(frozen=True, slots=True)
class Recusal:
    """A juror who must not judge a project; `source` and `at` are None where it follows from his role in the team."""

    juror: str
    team: str
    place: int
    source: str | None
    reason: str
    at: datetime | None
    replaced_by: str


@dataclass(frozen=True, slots=True)
class Stepped:
    """A substitute who took over sheets of somebody."""

    substitute: str
    juror: str
    reason: str
    at: datetime
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """A project in running order."""

    id: UUID
    place: int
    team: str
    title: str
    municipality: str
    presented_at: datetime | None


@dataclass(frozen=True, slots=True)
class Swapped:
    """Two teams that changed places in the running order, under the names that they had then; or all that were drawn.

    `seed` is set, and no team named, where the whole order was drawn at random.
    """

    teams: tuple[str, ...]
    reason: str
    by: str
    at: datetime
    seed: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet of paper that was typed and doesn't stand on its juror's sheet; `waits_for` is what it lacked."""

    juror: str
    project: UUID
    code: str
    waits_for: Step
    typed_by: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A juror's sheet for the annex; of a reopened one there is no value, and `reason` tells why one doesn't count."""

    seat: UUID
    project: UUID
    state: SheetState
    marks: tuple[int | None, ...]
    total: int | None
    comment: str
    reason: str


@dataclass(frozen=True, slots=True)
class TieVoted:
    """What those present voted on equal totals: names in the order voted, and the wording."""

    teams: tuple[str, ...]
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it."""

    scoring: Round
    result: Result
    jury: tuple[Sitting, ...]
    recusals: tuple[Recusal, ...]
    stepped: tuple[Stepped, ...]
    projects: tuple[Project, ...]
    swapped: tuple[Swapped, ...]
    papers: tuple[Paper, ...]
    sheets: tuple[Sheet, ...]
    votes: tuple[TieVoted, ...]
    decisions: tuple[Recorded, ...]
    ledger: book.Summary
    zone: str

    @property
    def adopted(self) -> tuple[Decision, ...]:
        """What the jury decided and nobody struck: a round that is only locked has no other result of it yet."""
        return tuple(each.decision for each in self.decisions if each.struck_at is None and each.decision.adopted)


JURY = """
SELECT e.id, h.name, e.duty, e.votes, e.seated_at, e.removed_at, e.removal_reason, e.signed_at,
  count(s.id) FILTER (WHERE s.state = 'handed_in') AS handed_in,
  count(s.id) FILTER (WHERE s.state IN ('empty', 'draft') AND t.withdrawn_at IS NULL) AS missing
FROM seat e JOIN person h ON h.id = e.person LEFT JOIN score_sheet s ON s.seat = e.id
LEFT JOIN round_project p ON p.id = s.project LEFT JOIN team t ON t.id = p.team
WHERE e.round = $1 GROUP BY e.id, h.name
ORDER BY e.removed_at IS NOT NULL, array_position(ARRAY['chair', 'member', 'substitute', 'secretary'], e.duty::text), h.name, e.id
"""
RECUSALS = """
SELECT h.name AS juror, t.name AS team, p.place, i.source, coalesce(i.reason, '') AS reason, i.declared_at AS at,
  coalesce((SELECT string_agg(DISTINCT n.name, ', ') FROM replacement x JOIN seat b ON b.id = x.substitute
            JOIN person n ON n.id = b.person WHERE x.seat = e.id AND x.project = p.id), '') AS replaced_by
FROM (
  SELECT e.id AS seat, p.id AS project FROM conflict_of_interest i JOIN seat e ON e.person = i.person AND e.round = $1
  JOIN round_project p ON p.team = i.team AND p.round = $1 WHERE i.lifted_at IS NULL
  UNION SELECT e.id, p.id FROM role_grant g JOIN seat e ON e.person = g.person AND e.round = $1
  JOIN round_project p ON p.team = g.scope_id AND p.round = $1 WHERE g.scope = 'team' AND g.revoked_at IS NULL
  UNION SELECT seat, project FROM score_sheet WHERE round = $1 AND state = 'recused'
) pair
JOIN seat e ON e.id = pair.seat JOIN round_project p ON p.id = pair.project JOIN team t ON t.id = p.team
JOIN person h ON h.id = e.person
LEFT JOIN LATERAL (
  SELECT source, reason, declared_at FROM conflict_of_interest
  WHERE person = e.person AND team = p.team ORDER BY lifted_at IS NOT NULL, declared_at LIMIT 1
) i ON true
ORDER BY p.place, h.name
"""
STEPPED = """
SELECT n.name AS substitute, h.name AS juror, x.reason, x.at, array_agg(t.name ORDER BY p.place) AS teams
FROM replacement x JOIN seat a ON a.id = x.seat JOIN person h ON h.id = a.person JOIN seat b ON b.id = x.substitute
JOIN person n ON n.id = b.person JOIN round_project p ON p.id = x.project JOIN team t ON t.id = p.team
WHERE x.round = $1 GROUP BY n.name, h.name, x.reason, x.at ORDER BY x.at, n.name
"""
PROJECTS = """
SELECT p.id, p.place, t.name AS team, p.title, m.name AS municipality, p.presented_at FROM round_project p
JOIN team t ON t.id = p.team JOIN municipality m ON m.id = t.municipality WHERE p.round = $1 ORDER BY p.place, p.id
"""
SWAPPED = """
SELECT j.data, coalesce(h.name, '–') AS by, j.at FROM journal_entry j LEFT JOIN person h ON h.id = j.actor
WHERE j.cohort = $2 AND j.verb IN ('pitch.swapped', 'pitch.drawn') AND j.subject = $1 ORDER BY j.id LIMIT 1000
"""
SHEETS = """
SELECT s.seat, s.project, s.state, s.reason,
  CASE WHEN s.reopened_at IS NULL THEN s.marks ELSE '{}' END AS marks,
  CASE WHEN s.reopened_at IS NULL THEN s.total END AS total,
  CASE WHEN s.reopened_at IS NULL THEN s.comment ELSE '' END AS comment
FROM score_sheet s JOIN round_project p ON p.id = s.project WHERE s.round = $1 ORDER BY p.place, s.id
"""
VOTES = """
SELECT array_agg(t.name ORDER BY v.rank, p.place) AS teams, v.reason, v.decided_at AS at
FROM tie_vote v JOIN round_project p ON p.id = v.project JOIN team t ON t.id = p.team
WHERE v.round = $1 GROUP BY v.reason, v.decided_at ORDER BY v.decided_at
"""


async def facts(scoring: Round) -> Facts:
    """What the minutes of a locked or published round say beside what a person writes. Thirteen statements."""
    return Facts(
        scoring=scoring,
        result=await standings.result_for(scoring),
        jury=tuple(map(_sitting, await fetch(JURY, scoring.id))),
        recusals=tuple(Recusal(**row) for row in await fetch(RECUSALS, scoring.id)),
        stepped=tuple(Stepped(**{**row, "teams": tuple(row["teams"])}) for row in await fetch(STEPPED, scoring.id)),
        projects=tuple(Project(**row) for row in await fetch(PROJECTS, scoring.id)),
        swapped=tuple(map(_swapped, await fetch(SWAPPED, scoring.id, scoring.cohort))),
        papers=tuple(_paper(each) for each in await transcribing.begun(scoring) if each.unrecorded),
        sheets=tuple(map(_sheet, await fetch(SHEETS, scoring.id))),
        votes=tuple(TieVoted(**{**row, "teams": tuple(row["teams"])}) for row in await fetch(VOTES, scoring.id)),
        decisions=tuple(await deliberating.decisions(scoring.id)),
        ledger=await book.summary(scoring.id),
        zone=scoring.time_zone,
    )


def _sitting(row: Mapping[str, Any]) -> Sitting:
    return Sitting(**{**row, "duty": Duty(row["duty"])})


def _swapped(row: Mapping[str, Any]) -> Swapped:
    told = json.loads(row["data"])
    if "seed" in told:
        return Swapped((), "", row["by"], row["at"], told["seed"])
    return Swapped((told["one"], told["other"]), told["reason"], row["by"], row["at"])


def _paper(each: transcribing.Slip) -> Paper:
    return Paper(each.juror_name, each.project, each.code, each.paper.step, each.paper.names)


def _sheet(row: Mapping[str, Any]) -> Sheet:
    return Sheet(**{**row, "state": SheetState(row["state"]), "marks": tuple(row["marks"] or ())})
