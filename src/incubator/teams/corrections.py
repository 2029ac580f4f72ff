"""Putting a team right: a member's position, the name and the municipality it is registered with, its leaving the cohort.

Each is done with the team's row held, and with a reason wherever the team did not ask for it.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_one, fetch_value
from incubator.foundation.refusals import NotFound, Refused
from incubator.people.actions import withdraw_offer
from incubator.people.rights import Role, Scope, Viewer
from incubator.programmes.blueprint import Position
from incubator.programmes.queries import lock_cohort
from incubator.teams.actions import changing, hold, member_of, municipality_of, note
from incubator.teams.municipalities import MunicipalityFacts, MunicipalityKind
from incubator.teams.queries import limits_of, open_invitations, team_for
from incubator.teams.rules import (
    CORRECT_TEAM,
    EDIT_MEMBER,
    NAME_TAKEN,
    NOTHING_NEW,
    SHARED_MUNICIPALITY,
    STILL_THERE,
    WITHDRAW_TEAM,
    Correction,
    closed_for_changes,
    no_place,
)


async def edit_member(viewer: Viewer, team_id: UUID, member_id: UUID, position: Position, job_title: str) -> None:
    """Change the position and the job title of somebody in the team. Raises NotFound, Refused."""
    async with DB.transaction():
        team = await changing(viewer, team_id, EDIT_MEMBER)
        member = await member_of(team_id, member_id)
        await execute(
            "UPDATE team_member SET position = $2, job_title = $3 WHERE id = $1", member_id, position, job_title
        )
        await note(viewer, team, "member.edited", member.person, position=position, before=member.position)


# --- What the team is registered as -----------------------------------------------------------------------------------

REGISTERED = """
SELECT t.name AS team_name, m.id, m.oktmo, m.name, m.kind, m.region, m.time_zone,
  (SELECT count(*) FROM team o WHERE o.municipality = m.id AND o.id <> t.id) AS others,
  (SELECT count(*) FROM team_member b WHERE b.team = t.id AND b.left_at IS NULL) AS members,
  (SELECT count(*) FROM submission s WHERE s.team = t.id AND s.state = 'submitted') AS waiting,
  EXISTS (SELECT FROM round_project p JOIN scoring_round r ON r.id = p.round
    WHERE p.team = t.id AND r.state IN ('open', 'locked')) AS judged
FROM team t JOIN municipality m ON m.id = t.municipality WHERE t.id = $1
"""


@dataclass(frozen=True, slots=True)
class Registered:
    """What a team is registered as, and who is affected when that changes or the team leaves.

    `others` are further teams of the municipality; `waiting` is work that waits for a check; `judged` says whether the
    jury is scoring the project. Work and rounds are of features above: that they are there may be asked of the schema.
    """

    team_name: str
    municipality: MunicipalityFacts
    municipality_id: UUID
    others: int
    members: int
    waiting: int
    judged: bool


async def registered(team_id: UUID) -> Registered:
    """A team as it is registered; one statement. Raises NotFound."""
    row = await fetch_one(REGISTERED, team_id)
    if row is None:
        raise NotFound
    facts = MunicipalityFacts(row["oktmo"], row["name"], MunicipalityKind(row["kind"]), row["region"], row["time_zone"])
    return Registered(row["team_name"], facts, row["id"], row["others"], row["members"], row["waiting"], row["judged"])


async def correct_team(viewer: Viewer, team_id: UUID, correction: Correction) -> None:
    """Put the name and the municipality of a team right. Raises Refused when the name is taken or nothing is new.

    Under the same code the municipality itself is put right, for every team that comes from it.
    """
    async with DB.transaction():
        team = await changing(viewer, team_id, CORRECT_TEAM)
        before, wanted = await registered(team_id), correction.municipality
        if (correction.team_name, wanted) == (before.team_name, before.municipality):
            raise Refused(NOTHING_NEW)
        place = before.municipality_id
        if wanted.oktmo != before.municipality.oktmo:
            place = await municipality_of(wanted, demo=team.demo)
        elif wanted != before.municipality:
            await _mend(viewer, place, wanted)
        await _rename(team.cohort, team_id, correction.team_name, place)
        await note(
            viewer, team, "team.corrected", team_id, name=correction.team_name, municipality=wanted.name,
            before_name=before.team_name, before_municipality=before.municipality.name, reason=correction.reason,
        )  # fmt: skip


async def _mend(viewer: Viewer, municipality: UUID, facts: MunicipalityFacts) -> None:
    elsewhere = await fetch_value(
        "SELECT true FROM team t JOIN cohort c ON c.id = t.cohort WHERE t.municipality = $1 AND c.programme <> ALL($2)"
        " LIMIT 1",
        municipality, list(viewer.places(Role.ORGANISER, Scope.PROGRAMME)),
    )  # fmt: skip
    if elsewhere:
        raise Refused(SHARED_MUNICIPALITY)
    await execute(
        "UPDATE municipality SET name = $2, kind = $3, time_zone = $4 WHERE id = $1",
        municipality, facts.name, facts.kind, facts.time_zone,
    )  # fmt: skip


async def _rename(cohort: UUID, team_id: UUID, name: str, municipality: UUID) -> None:
    done = await execute(
        "UPDATE team SET name = $2, municipality = $3 WHERE id = $1"
        " AND NOT EXISTS (SELECT FROM team o WHERE o.cohort = $4 AND o.name = $2 AND o.id <> $1)",
        team_id, name, municipality, cohort,
    )  # fmt: skip
    if not done:
        raise Refused(NAME_TAKEN)


# --- Leaving, and coming back -----------------------------------------------------------------------------------------


async def withdraw_team(viewer: Viewer, team_id: UUID, reason: str) -> None:
    """Take a team out of its cohort: everything stays readable, nothing is written, open invitations end."""
    async with DB.transaction():
        team = await changing(viewer, team_id, WITHDRAW_TEAM)
        for invited in await open_invitations(team_id, viewer.now):
            await withdraw_offer(invited.id, viewer.now)
        await execute("UPDATE team SET withdrawn_at = $2 WHERE id = $1", team_id, viewer.now)
        await note(
            viewer, team, "team.withdrawn", team_id, name=team.name, reason=reason,
            aside={"path": f"/teams/{team_id}/journal"},
        )  # fmt: skip


async def return_team(viewer: Viewer, team_id: UUID, reason: str) -> None:
    """Take a team back that was withdrawn, while its cohort runs and has a place."""
    async with DB.transaction():
        team = await team_for(viewer, team_id)
        team.standing.need(WITHDRAW_TEAM)
        await lock_cohort(team.cohort)
        await hold(team_id)
        team = replace(team, withdrawn_at=await fetch_value("SELECT withdrawn_at FROM team WHERE id = $1", team_id))
        if team.withdrawn_at is None:
            raise Refused(STILL_THERE)
        teams = await fetch_value("SELECT count(*) FROM team WHERE cohort = $1 AND withdrawn_at IS NULL", team.cohort)
        if refused := closed_for_changes(team.cohort_state) or no_place(await limits_of(team.cohort), teams):
            raise Refused(refused)
        await execute("UPDATE team SET withdrawn_at = NULL WHERE id = $1", team_id)
        await note(viewer, team, "team.returned", team_id, name=team.name, reason=reason)
