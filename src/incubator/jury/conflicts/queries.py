"""What the pages of conflicts of interest show: one's own with the teams of a round, all of a cohort, whom a team may name."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one
from incubator.jury.conflicts.declaring import Card
from incubator.jury.sheets.queries import about
from incubator.people.rights import Scope, Viewer


@dataclass(frozen=True, slots=True)
class TeamOfRound:
    """A team on the page of conflicts; `reason` of a conflict that stands, `derived` when it follows from a role."""

    team: UUID
    name: str
    municipality: str
    title: str
    reason: str | None
    source: str | None
    wish: int
    derived: bool

    @property
    def about(self) -> str:
        """What stands under the team's name."""
        return about(self.name, self.title, self.municipality)


TEAMS = """
SELECT p.team, t.name, m.name AS municipality, p.title, i.reason, i.source, coalesce(w.value, 0) AS wish
FROM round_project p JOIN team t ON t.id = p.team JOIN municipality m ON m.id = t.municipality
LEFT JOIN conflict_of_interest i ON i.team = p.team AND i.person = $2 AND i.lifted_at IS NULL
LEFT JOIN seat e ON e.round = p.round AND e.person = $2 LEFT JOIN juror_wish w ON w.seat = e.id AND w.project = p.id
WHERE p.round = $1 ORDER BY CASE WHEN $3 THEN NULL ELSE p.place END, t.name
"""


async def teams_of_round(viewer: Viewer, round_id: UUID, *, blind: bool = False) -> list[TeamOfRound]:
    """The teams of a round with the viewer's own conflicts; in a `blind` one by name, for their order is told then."""
    own = {grant.where for grant in viewer.grants if grant.scope is Scope.TEAM}
    rows = await fetch(TEAMS, round_id, viewer.id, blind)
    hidden = {"title": ""} if blind else {}  # with its title beside it a name would be known by the sheet
    return [TeamOfRound(**{**row, **hidden}, derived=row["team"] in own) for row in rows]


CARD = """
SELECT h.employer, c.municipality, coalesce(c.region, '') AS region, m.name AS place, m.region AS place_region
FROM person h LEFT JOIN juror_card c ON c.person = h.id LEFT JOIN municipality m ON m.id = c.municipality WHERE h.id = $1
"""
PLACES = """
SELECT DISTINCT m.id, m.name, m.region FROM round_project p JOIN team t ON t.id = p.team
JOIN municipality m ON m.id = t.municipality WHERE p.round = $1 ORDER BY m.name, m.region LIMIT 2000
"""


async def card_of(person: UUID, round_id: UUID) -> tuple[Card, list[tuple[UUID, str]]]:
    """Where somebody works and lives as he said, and the municipalities to choose from; two statements.

    They are those of the round, and the one that he named for another round: else sending the form would take it back.
    """
    row = await fetch_one(CARD, person)
    places = [(each["id"], f"{each['name']}, {each['region']}") for each in await fetch(PLACES, round_id)]
    if row is None:
        return Card(), places
    card = Card(row["employer"], row["municipality"], row["region"])
    if card.municipality and card.municipality not in {place for place, _ in places}:
        places.append((card.municipality, f"{row['place']}, {row['place_region']}"))
    return card, places


@dataclass(frozen=True, slots=True)
class Conflict:
    """A conflict of interest on record."""

    id: UUID
    person: UUID
    name: str
    team: str
    reason: str
    declared_at: datetime
    declared_by: str
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str
    source: str
    by_role: bool
    replaced_by: str | None
    sheets: int


CONFLICTS = """
SELECT i.id, i.person, h.name, t.name AS team, i.reason, i.declared_at, d.name AS declared_by, i.lifted_at,
  l.name AS lifted_by, i.lift_reason, i.source,
  EXISTS (SELECT FROM role_grant g WHERE g.person = i.person AND g.scope = 'team' AND g.scope_id = i.team
          AND g.revoked_at IS NULL) AS by_role,
  (SELECT string_agg(DISTINCT n.name, ', ') FROM replacement x JOIN seat a ON a.id = x.seat AND a.person = i.person
   JOIN round_project p ON p.id = x.project AND p.team = i.team JOIN seat b ON b.id = x.substitute
   JOIN person n ON n.id = b.person) AS replaced_by,
  (SELECT count(*) FROM seat a JOIN score_sheet s ON s.seat = a.id AND s.state = 'recused'
   JOIN round_project p ON p.id = s.project AND p.team = i.team WHERE a.person = i.person) AS sheets
FROM conflict_of_interest i JOIN person h ON h.id = i.person JOIN team t ON t.id = i.team
JOIN person d ON d.id = i.declared_by LEFT JOIN person l ON l.id = i.lifted_by
WHERE i.cohort = $1 ORDER BY i.lifted_at IS NOT NULL, i.declared_at DESC, h.name, t.name LIMIT 2000
"""


async def conflicts_of(cohort_id: UUID) -> list[Conflict]:
    """Every conflict of interest of a cohort, the standing ones first."""
    return [Conflict(**row) for row in await fetch(CONFLICTS, cohort_id)]


@dataclass(frozen=True, slots=True)
class Challenge:
    """A juror whom a team may still challenge; `challenged` when it has done so, whatever else is known of him."""

    person: UUID
    name: str
    challenged: bool


CHALLENGES = """
SELECT DISTINCT h.id AS person, h.name, EXISTS (
  SELECT FROM journal_entry j WHERE j.verb = 'conflict.claimed' AND j.team = $2 AND j.subject = h.id) AS challenged
FROM scoring_round r JOIN seat e ON e.round = r.id AND e.removed_at IS NULL JOIN person h ON h.id = e.person
JOIN round_project p ON p.round = r.id AND p.team = $2
WHERE r.cohort = $1 AND r.state = 'draft' ORDER BY h.name
"""


async def challenges(cohort_id: UUID, team_id: UUID) -> list[Challenge]:
    """The jurors of the team's rounds that are not open yet: names only, so that nobody can lobby them."""
    return [Challenge(**row) for row in await fetch(CHALLENGES, cohort_id, team_id)]
