"""What pages about teams show: the team through its viewer, its people, and what a registration starts from."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one, fetch_value
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound
from incubator.people.rights import Role, Viewer
from incubator.programmes.blueprint import Position
from incubator.programmes.queries import cohort_for
from incubator.programmes.rules import CohortRef, cohort_state
from incubator.teams.municipalities import MunicipalityFacts, MunicipalityKind
from incubator.teams.rules import (
    REGISTER_TEAM,
    TeamLimits,
    TeamRef,
    closed_for_changes,
    limits_from,
    may_register,
    no_place,
)

TEAM = """
SELECT t.id, t.name, t.cohort, c.name AS cohort_name, c.opened_at, c.closed_at, c.programme, p.name AS programme_name,
  m.name AS municipality, m.region, m.time_zone, c.time_zone AS cohort_time_zone, t.withdrawn_at, p.demo
FROM team t JOIN municipality m ON m.id = t.municipality JOIN cohort c ON c.id = t.cohort
  JOIN programme p ON p.id = c.programme
WHERE t.id = $1
"""


async def team_for(viewer: Viewer, team_id: UUID) -> TeamRef:
    """A team through its viewer; whoever asks judges a right of its `standing`. Raises NotFound. One statement."""
    row = await fetch_one(TEAM, team_id)
    if row is None:
        raise NotFound
    values = dict(row)
    state = cohort_state(values.pop("opened_at"), values.pop("closed_at"))
    standing = viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["id"])
    return TeamRef(**values, cohort_state=state, standing=standing)


async def limits_of(cohort_id: UUID) -> TeamLimits:
    """What a cohort says about its teams. Raises NotFound."""
    row = await fetch_one(
        "SELECT places, min_members, max_members, eligible_positions FROM cohort WHERE id = $1", cohort_id
    )
    if row is None:
        raise NotFound
    return limits_from(*row)


# Registration


@dataclass(frozen=True, slots=True)
class RegistrationPage:
    """What a registration starts from: whether the viewer registers his own team, and why he can't, if so."""

    cohort: CohortRef
    own: bool
    limits: TeamLimits
    closed: Message | None


async def registration_page(viewer: Viewer, cohort_id: UUID) -> RegistrationPage:
    """The cohort to whoever may register a team in it; three statements. Raises NotFound, Forbidden."""
    cohort = await cohort_for(viewer, cohort_id)
    own = may_register(viewer, cohort)
    if not own:
        cohort.standing.need(REGISTER_TEAM)
    limits = await limits_of(cohort_id)
    teams = await fetch_value("SELECT count(*) FROM team WHERE cohort = $1 AND withdrawn_at IS NULL", cohort_id)
    return RegistrationPage(cohort, own, limits, closed_for_changes(cohort.state) or no_place(limits, teams))


async def municipality(oktmo: str) -> MunicipalityFacts | None:
    """The municipality with this code, if some team has brought it already."""
    row = await fetch_one("SELECT oktmo, name, kind, region, time_zone FROM municipality WHERE oktmo = $1", oktmo)
    return None if row is None else MunicipalityFacts(**{**row, "kind": MunicipalityKind(row["kind"])})


# Members


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a team; `id` is that of the membership."""

    id: UUID
    person: UUID
    name: str
    position: Position
    job_title: str
    joined_at: datetime
    leads: bool


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An invitation to the team that can still be accepted."""

    id: UUID
    email: str
    name: str
    leads: bool
    position: Position
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MembersPage:
    """Who is in a team and who is invited; the lead stands first."""

    members: tuple[Member, ...]
    invitations: tuple[OpenInvitation, ...]
    limits: TeamLimits

    @property
    def lead(self) -> Member | None:
        """The team lead; None while an invited lead has not come yet."""
        return next((member for member in self.members if member.leads), None)


MEMBERS = """
SELECT tm.id, tm.person, p.name, tm.position, tm.job_title, tm.joined_at, g.role = 'team_lead' AS leads
FROM team_member tm JOIN person p ON p.id = tm.person JOIN role_grant g ON g.id = tm.grant
WHERE tm.team = $1 AND tm.left_at IS NULL
ORDER BY leads DESC, p.name
"""
INVITATIONS = """
SELECT id, email, name, role = 'team_lead' AS leads, position, created_at, expires_at FROM invitation
WHERE scope = 'team' AND scope_id = $1 AND role = ANY($3) AND accepted_at IS NULL AND revoked_at IS NULL
  AND expires_at > $2
ORDER BY created_at, id
"""
IN_TEAM = [Role.TEAM_LEAD.value, Role.PARTICIPANT.value]


async def members(team_id: UUID) -> tuple[Member, ...]:
    """Who is in the team, the lead first."""
    rows = await fetch(MEMBERS, team_id)
    return tuple(Member(**{**row, "position": Position(row["position"])}) for row in rows)


async def open_invitations(team_id: UUID, now: datetime) -> tuple[OpenInvitation, ...]:
    """Invitations to the team that can still be accepted, oldest first."""
    rows = await fetch(INVITATIONS, team_id, now, IN_TEAM)
    return tuple(OpenInvitation(**{**row, "position": Position(row["position"])}) for row in rows)


async def members_page(team: TeamRef, now: datetime) -> MembersPage:
    """People, open invitations and limits of a team; three statements."""
    return MembersPage(await members(team.id), await open_invitations(team.id, now), await limits_of(team.cohort))


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach a member."""

    name: str
    leads: bool
    position: Position
    job_title: str
    email: str


async def contacts(team_id: UUID) -> tuple[Contact, ...]:
    """Names and addresses of the team, the lead first."""
    rows = await fetch(
        "SELECT p.name, g.role = 'team_lead' AS leads, tm.position, tm.job_title, p.email FROM team_member tm"
        " JOIN person p ON p.id = tm.person JOIN role_grant g ON g.id = tm.grant"
        " WHERE tm.team = $1 AND tm.left_at IS NULL ORDER BY leads DESC, p.name",
        team_id,
    )
    return tuple(Contact(**{**row, "position": Position(row["position"])}) for row in rows)
