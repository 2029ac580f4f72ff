"""What organisers' pages show of a jury: its set-up, and the board of a round with counts only, never a value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one
from incubator.foundation.i18n import Message
from incubator.jury.office import requests
from incubator.jury.office.preparing import KeptCriterion, criteria_of, plan_of
from incubator.jury.rounds import Round
from incubator.jury.rules import RoundState, Turnout, why_not_lock
from incubator.jury.terms import DUTY_WORDS, Duty, kind_of_seat
from incubator.programmes.blueprint import JuryPlan

# --- The set-up of a cohort's jury ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RoundRow:
    """A line in the list of rounds."""

    id: UUID
    name: str
    state: RoundState
    projects: int
    seats: int


@dataclass(frozen=True, slots=True)
class JurorRow:
    """A juror of the cohort; `seats` counts his rounds, `conflicts` the teams he must not judge."""

    person: UUID
    name: str
    email: str
    seats: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class SetUp:
    """How the jury of a cohort is made up."""

    criteria: tuple[KeptCriterion, ...]
    plan: JuryPlan
    rounds: tuple[RoundRow, ...]
    jurors: tuple[JurorRow, ...]

    @property
    def weights(self) -> int:
        """What a criterion's weight is a share of."""
        return sum(each.plan.weight for each in self.criteria)

    @property
    def fixed(self) -> bool:
        """Whether a round is under way, so that nothing can be changed."""
        return any(each.state in {RoundState.OPEN, RoundState.LOCKED} for each in self.rounds)


ROUNDS = """
SELECT r.id, r.name, r.state, (SELECT count(*) FROM round_project p WHERE p.round = r.id) AS projects,
  (SELECT count(*) FROM seat e WHERE e.round = r.id AND e.removed_at IS NULL) AS seats
FROM scoring_round r WHERE r.cohort = $1 ORDER BY r.created_at
"""
JURORS = """
SELECT h.id AS person, h.name, h.email,
  (SELECT count(*) FROM seat e JOIN scoring_round r ON r.id = e.round
   WHERE e.person = h.id AND r.cohort = $1 AND e.removed_at IS NULL) AS seats,
  (SELECT count(*) FROM conflict_of_interest i
   WHERE i.person = h.id AND i.cohort = $1 AND i.lifted_at IS NULL) AS conflicts
FROM role_grant g JOIN person h ON h.id = g.person
WHERE g.role = 'juror' AND g.scope = 'cohort' AND g.scope_id = $1 AND g.revoked_at IS NULL ORDER BY h.name
"""


async def set_up(cohort_id: UUID) -> SetUp:
    """Criteria, rules, rounds and jurors of a cohort; four statements."""
    rounds = [RoundRow(**{**row, "state": RoundState(row["state"])}) for row in await fetch(ROUNDS, cohort_id)]
    jurors = [JurorRow(**row) for row in await fetch(JURORS, cohort_id)]
    return SetUp(tuple(await criteria_of(cohort_id)), await plan_of(cohort_id), tuple(rounds), tuple(jurors))


@dataclass(frozen=True, slots=True)
class Entrant:
    """A team that can be put into a round; `works` counts its accepted work, `place` is that in the round so far."""

    team: UUID
    name: str
    municipality: str
    title: str
    works: int
    place: int | None


ENTRANTS = """
SELECT t.id AS team, t.name, m.name AS municipality, coalesce(k.title, '') AS title, p.place,
  (SELECT count(*) FROM submission s WHERE s.team = t.id AND s.state = 'accepted') AS works
FROM team t JOIN municipality m ON m.id = t.municipality
LEFT JOIN problem_case k ON k.team = t.id AND k.deleted_at IS NULL
LEFT JOIN round_project p ON p.team = t.id AND p.round = $2
WHERE t.cohort = $1 AND t.withdrawn_at IS NULL ORDER BY p.place NULLS LAST, t.registered_at
"""


async def entrants(cohort_id: UUID, round_id: UUID | None = None) -> list[Entrant]:
    """The teams of a cohort: those of the round in running order, then the others as they registered."""
    return [Entrant(**row) for row in await fetch(ENTRANTS, cohort_id, round_id)]


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """An assignment whose answers jurors may read."""

    id: UUID
    module: str
    title: str


ASSIGNMENTS = """
SELECT a.id, m.title AS module, a.title FROM assignment a JOIN module m ON m.id = a.module
WHERE m.cohort = $1 ORDER BY m.place, a.place
"""
PUBLISHED = "SELECT id, name FROM scoring_round WHERE cohort = $1 AND state = 'published' ORDER BY published_at DESC"


async def assignments_of(cohort_id: UUID) -> list[AssignmentRow]:
    """The assignments of a cohort in the order of the programme."""
    return [AssignmentRow(**row) for row in await fetch(ASSIGNMENTS, cohort_id)]


async def published_rounds(cohort_id: UUID) -> list[tuple[UUID, str]]:
    """Rounds from which teams can go on, the latest first."""
    return [(row["id"], row["name"]) for row in await fetch(PUBLISHED, cohort_id)]


# --- The board of a round ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeatRow:
    """How far a juror is, in numbers of sheets; `gaps` names the first few teams whose sheet is missing."""

    id: UUID
    name: str
    declared_at: datetime | None
    removed_at: datetime | None
    removal_reason: str
    handed_in: int
    abstained: int
    recused: int
    void: int
    missing: int
    gaps: tuple[str, ...]
    duty: Duty
    votes: bool
    cap: int | None
    signed_at: datetime | None

    @property
    def kind(self) -> str:
        """The seat as the form of duties names it."""
        return kind_of_seat(self.duty, self.votes)

    @property
    def words(self) -> Message | None:
        """What the person sits for, where it is more than being a juror."""
        return None if self.duty is Duty.MEMBER else DUTY_WORDS[self.duty]

    @property
    def can_be_replaced(self) -> bool:
        """Whether a substitute would have something to take over."""
        return bool(self.missing or self.recused or self.void or self.abstained)

    @property
    def due(self) -> int:
        """Sheets that are his to bring."""
        return self.handed_in + self.abstained + self.missing


@dataclass(frozen=True, slots=True)
class ThinProject:
    """A project with fewer sheets than it needs for a place."""

    team: str
    sheets: int


@dataclass(frozen=True, slots=True)
class Replaced:
    """Whom a substitute came for, why and when, and for how many sheets."""

    substitute: str
    juror: str
    reason: str
    at: datetime
    sheets: int


REPLACED = """
SELECT n.name AS substitute, o.name AS juror, r.reason, r.at, count(*) AS sheets FROM replacement r
JOIN seat b ON b.id = r.substitute JOIN person n ON n.id = b.person
JOIN seat a ON a.id = r.seat JOIN person o ON o.id = a.person
WHERE r.round = $1 GROUP BY n.name, o.name, r.reason, r.at ORDER BY r.at LIMIT 200
"""


@dataclass(frozen=True, slots=True)
class Board:
    """A round as it stands."""

    scoring: Round
    seats: tuple[SeatRow, ...]
    projects: int
    thin: tuple[ThinProject, ...]
    thin_total: int
    proposals: tuple[requests.Proposal, ...]
    declined: tuple[requests.Declined, ...]
    reopened: tuple[requests.Reopened, ...]
    candidates: tuple[tuple[UUID, str], ...]
    replaced: tuple[Replaced, ...]

    @property
    def waiting(self) -> list[SeatRow]:
        """Substitutes who can be called up."""
        return [seat for seat in self.sitting if seat.duty is Duty.SUBSTITUTE]

    @property
    def replaceable(self) -> list[tuple[str, str]]:
        """Jurors, also removed ones, whose sheets a substitute can take over, as choices."""
        return [(str(each.id), each.name) for each in self.seats if each.can_be_replaced]

    @property
    def sitting(self) -> list[SeatRow]:
        """Jurors who are on the jury now."""
        return [seat for seat in self.seats if seat.removed_at is None]

    @property
    def unsigned(self) -> list[str]:
        """Jurors who have handed in sheets and not confirmed them: after the lock they can't."""
        return [seat.name for seat in self.sitting if seat.handed_in and seat.signed_at is None]

    @property
    def missing(self) -> int:
        """Sheets that are missing."""
        return sum(seat.missing for seat in self.sitting)

    @property
    def turnout(self) -> list[Turnout]:
        """The counts that quorum and lock are judged by."""
        return [Turnout(seat.id, seat.handed_in, seat.missing) for seat in self.sitting]

    @property
    def obstacle(self) -> object:
        """Why an open round can't be locked now, or None."""
        return why_not_lock(self.scoring.plan, self.turnout) if self.scoring.state is RoundState.OPEN else None


SEATS = """
SELECT e.id, h.name, e.declared_at, e.removed_at, e.removal_reason, e.duty, e.votes, e.cap, e.signed_at,
  count(*) FILTER (WHERE s.state = 'handed_in') AS handed_in, count(*) FILTER (WHERE s.state = 'abstained') AS abstained,
  count(*) FILTER (WHERE s.state = 'recused') AS recused, count(*) FILTER (WHERE s.state = 'void') AS void,
  count(*) FILTER (WHERE s.state IN ('empty', 'draft') AND t.withdrawn_at IS NULL) AS missing,
  (array_agg(t.name ORDER BY p.place) FILTER (WHERE s.state IN ('empty', 'draft') AND t.withdrawn_at IS NULL))[1:6] AS gaps
FROM seat e JOIN person h ON h.id = e.person LEFT JOIN score_sheet s ON s.seat = e.id
LEFT JOIN round_project p ON p.id = s.project LEFT JOIN team t ON t.id = p.team
WHERE e.round = $1 GROUP BY e.id, h.name ORDER BY e.removed_at IS NOT NULL, h.name
"""
THIN = """
SELECT t.name AS team, count(s.id) AS sheets, count(*) OVER () AS total
FROM round_project p JOIN team t ON t.id = p.team
LEFT JOIN score_sheet s ON s.round = p.round AND s.project = p.id AND s.state = 'handed_in'
WHERE p.round = $1 AND t.withdrawn_at IS NULL GROUP BY p.id, t.name HAVING count(s.id) < $2 ORDER BY count(s.id), p.place LIMIT 20
"""
CANDIDATES = """
SELECT h.id, h.name FROM role_grant g JOIN person h ON h.id = g.person
WHERE g.role = 'juror' AND g.scope = 'cohort' AND g.scope_id = $1 AND g.revoked_at IS NULL
  AND NOT EXISTS (SELECT FROM seat e WHERE e.round = $2 AND e.person = h.id) ORDER BY h.name
"""


async def board(scoring: Round) -> Board:
    """The board of a round; eight statements."""
    minimum = scoring.plan.minimum_sheets if scoring.state is not RoundState.DRAFT else 0
    thin = await fetch(THIN, scoring.id, minimum)
    count = await fetch_one("SELECT count(*) AS projects FROM round_project WHERE round = $1", scoring.id)
    return Board(
        scoring=scoring, seats=tuple(await _seats(scoring.id)), projects=count["projects"] if count else 0,
        thin=tuple(ThinProject(row["team"], row["sheets"]) for row in thin), thin_total=thin[0]["total"] if thin else 0,
        proposals=tuple(await requests.waiting(scoring.id)), declined=tuple(await requests.declined(scoring)),
        reopened=tuple(await requests.reopened(scoring.id)),
        candidates=tuple((row["id"], row["name"]) for row in await fetch(CANDIDATES, scoring.cohort, scoring.id)),
        replaced=tuple(Replaced(**row) for row in await fetch(REPLACED, scoring.id)),
    )  # fmt: skip


async def _seats(round_id: UUID) -> Sequence[SeatRow]:
    return [
        SeatRow(**{**row, "gaps": tuple(row["gaps"] or ()), "duty": Duty(row["duty"])})
        for row in await fetch(SEATS, round_id)
    ]
