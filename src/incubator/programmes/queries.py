"""What pages about programmes and cohorts show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from incubator.foundation.database import execute, fetch, fetch_one
from incubator.foundation.refusals import NotFound
from incubator.people.rights import Role, Scope, Viewer
from incubator.programmes.blueprint import Blueprint, Language, Position, TeamRules
from incubator.programmes.layers import LAYERS, Ground
from incubator.programmes.rules import CohortRef, CohortState, cohort_state

COHORT = (
    "SELECT c.id, c.name, c.programme, p.name AS programme_name, c.time_zone, c.starts_on, c.places, c.opened_at,"
    " c.closed_at, p.demo FROM cohort c JOIN programme p ON p.id = c.programme WHERE c.id = $1"
)


async def cohort_for(viewer: Viewer, cohort_id: UUID) -> CohortRef:
    """A cohort through its viewer; whoever asks judges a right of its `standing`. Raises NotFound."""
    row = await fetch_one(COHORT, cohort_id)
    if row is None:
        raise NotFound
    return CohortRef(**row, standing=viewer.standing(programme=row["programme"], cohort=row["id"]))


async def lock_cohort(cohort_id: UUID) -> None:
    """Hold the cohort's row until the transaction ends: registrations and changes of places wait for each other."""
    await execute("SELECT 1 FROM cohort WHERE id = $1 FOR UPDATE", cohort_id)


async def share_cohort(cohort_id: UUID) -> None:
    """Keep others from `lock_cohort` until the transaction ends, beside those who do the same."""
    await execute("SELECT 1 FROM cohort WHERE id = $1 FOR SHARE", cohort_id)


@dataclass(frozen=True, slots=True)
class ProgrammeOfAll:
    """A line in the administrator's list of programmes."""

    id: UUID
    name: str
    created_at: datetime
    cohorts: int
    organisers: list[str]


PROGRAMMES = """
SELECT p.id, p.name, p.created_at, (SELECT count(*) FROM cohort c WHERE c.programme = p.id) AS cohorts,
  ARRAY(SELECT o.name FROM role_grant g JOIN person o ON o.id = g.person
        WHERE g.role = 'organiser' AND g.scope_id = p.id AND g.revoked_at IS NULL ORDER BY o.name) AS organisers
FROM programme p ORDER BY p.name, p.id
"""


async def programme_list() -> list[ProgrammeOfAll]:
    """Every programme of the installation with its organisers, by name."""
    return [ProgrammeOfAll(**row) for row in await fetch(PROGRAMMES)]


@dataclass(frozen=True, slots=True)
class CohortRow:
    """A line in the list of cohorts."""

    id: UUID
    name: str
    programme_name: str
    starts_on: date
    places: int
    teams: int
    state: CohortState


COHORTS = """
SELECT c.id, c.name, p.name AS programme_name, c.starts_on, c.places, c.opened_at, c.closed_at,
  (SELECT count(*) FROM team t WHERE t.cohort = c.id AND t.withdrawn_at IS NULL) AS teams
FROM cohort c JOIN programme p ON p.id = c.programme
WHERE c.programme = ANY($1) OR c.id = ANY($2)
ORDER BY c.starts_on DESC, c.name
"""


async def cohort_list(viewer: Viewer) -> list[CohortRow]:
    """The cohorts of the viewer's programmes, and those in which he moderates, newest first."""
    rows = await fetch(
        COHORTS, viewer.places(Role.ORGANISER, Scope.PROGRAMME), viewer.places(Role.MODERATOR, Scope.COHORT)
    )
    return [_cohort_row(row) for row in rows]


def _cohort_row(row: Mapping[str, Any]) -> CohortRow:
    return CohortRow(row["id"], row["name"], row["programme_name"], row["starts_on"], row["places"], row["teams"],
                     cohort_state(row["opened_at"], row["closed_at"]))  # fmt: skip


GOING_ON = COHORTS.replace("c.programme = ANY($1) OR c.id = ANY($2)", "c.closed_at IS NULL")
MOST_COHORTS = 200


async def cohorts_going_on() -> list[CohortRow]:
    """Cohorts of every programme that are not closed, newest first: to these an administrator invites moderators."""
    return [_cohort_row(row) for row in await fetch(f"{GOING_ON} LIMIT {MOST_COHORTS}")]


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """A programme to choose from."""

    id: UUID
    name: str


async def own_programmes(viewer: Viewer) -> list[ProgrammeRow]:
    """The programmes that the viewer organises."""
    rows = await fetch(
        "SELECT id, name FROM programme WHERE id = ANY($1) ORDER BY name",
        viewer.places(Role.ORGANISER, Scope.PROGRAMME),
    )
    return [ProgrammeRow(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """Everything the settings form is filled with."""

    name: str
    summary: str
    time_zone: str
    starts_on: date
    places: int
    min_members: int
    max_members: int
    eligible_positions: tuple[str, ...]
    created_at: datetime

    @property
    def version(self) -> str:
        """A print of the settings, by which two people editing at once are noticed."""
        return blake2b(repr(self).encode(), digest_size=5).hexdigest()


async def cohort_settings(cohort_id: UUID) -> SettingsPage:
    """The facts of a cohort that its settings form shows."""
    row = await fetch_one(
        "SELECT name, summary, time_zone, starts_on, places, min_members, max_members, eligible_positions, created_at"
        " FROM cohort WHERE id = $1",
        cohort_id,
    )
    if row is None:
        raise NotFound
    return SettingsPage(**{**row, "eligible_positions": tuple(row["eligible_positions"])})


async def described(cohort_id: UUID) -> Blueprint:
    """The cohort's plan as it is now, as a blueprint of the next version."""
    facts = await cohort_settings(cohort_id)
    last = await fetch_one(
        "SELECT key, number FROM cohort_blueprint WHERE cohort = $1 ORDER BY number DESC LIMIT 1", cohort_id
    )
    ground = Ground(cohort_id, facts.starts_on, facts.time_zone)
    parts = {name: part for layer in LAYERS for name, part in (await layer.describe(ground)).items()}
    return Blueprint(
        key=last["key"] if last else "cohort",
        version=(last["number"] if last else 0) + 1,
        name=facts.name,
        summary=facts.summary,
        language=Language.RU,
        team=TeamRules(
            min_members=facts.min_members,
            max_members=facts.max_members,
            eligible_positions=tuple(Position(word) for word in facts.eligible_positions),
        ),
        **parts,
    )


@dataclass(frozen=True, slots=True)
class StaffRow:
    """Somebody who has a role in the cohort as a whole."""

    person: UUID
    name: str
    email: str
    role: str
    since: datetime


@dataclass(frozen=True, slots=True)
class GuestRow:
    """An invitation to the cohort that is not answered."""

    id: UUID
    email: str
    name: str
    role: str
    created_at: datetime
    expires_at: datetime


async def cohort_staff(cohort_id: UUID) -> list[StaffRow]:
    """Moderators, jurors, and leads who have not registered their team yet."""
    rows = await fetch(
        "SELECT g.person, p.name, p.email, g.role, g.granted_at AS since FROM role_grant g"
        " JOIN person p ON p.id = g.person WHERE g.scope = 'cohort' AND g.scope_id = $1 AND g.revoked_at IS NULL"
        " ORDER BY g.role, p.name",
        cohort_id,
    )
    return [StaffRow(**row) for row in rows]


async def open_invitations(cohort_id: UUID) -> list[GuestRow]:
    """Invitations of the cohort that wait for an answer, newest first."""
    rows = await fetch(
        "SELECT id, email, name, role, created_at, expires_at FROM invitation WHERE cohort = $1 AND scope = 'cohort'"
        " AND accepted_at IS NULL AND revoked_at IS NULL ORDER BY created_at DESC, email",
        cohort_id,
    )
    return [GuestRow(**row) for row in rows]
