"""What is done with the passport of a municipality: it is saved."""

from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_one, new_id
from incubator.foundation.refusals import Clash, Refused
from incubator.journal.actions import Audience, record
from incubator.people.rights import Viewer
from incubator.teams.passport import EDIT_PASSPORT, SAVED_MEANWHILE, Facts
from incubator.teams.queries import team_for
from incubator.teams.rules import team_frozen


async def save_passport(viewer: Viewer, team_id: UUID, facts: Facts, version: int) -> int:
    """Save the facts; the new version. Raises Clash when others were saved since `version` was read."""
    async with DB.transaction():
        team = await team_for(viewer, team_id)
        team.standing.need(EDIT_PASSPORT)
        if reason := team_frozen(team.withdrawn_at):
            raise Refused(reason)
        passport = await _held(viewer, team_id, version)
        await _write(passport, facts)
        await record(
            "passport.saved", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=team.cohort, team=team.id,
            subject=passport, live=False,
        )  # fmt: skip
    return version + 1


async def _held(viewer: Viewer, team_id: UUID, version: int) -> UUID:
    """The passport of the team, locked and counted on; of two who save what they read at once the second is refused."""
    await execute(
        "INSERT INTO passport (id, team, updated_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        new_id(), team_id, viewer.now,
    )  # fmt: skip
    row = await fetch_one(
        "UPDATE passport SET version = version + 1, updated_at = $3, updated_by = $4 WHERE team = $1 AND version = $2"
        " RETURNING id",
        team_id, version, viewer.now, viewer.id,
    )  # fmt: skip
    if row is None:
        raise Clash(SAVED_MEANWHILE)
    found: UUID = row["id"]
    return found


async def _write(passport: UUID, facts: Facts) -> None:
    rows = [(key, place, entry) for key, entries in facts.items() for place, entry in enumerate(entries)]
    await execute("DELETE FROM passport_fact WHERE passport = $1", passport)
    await execute(
        "INSERT INTO passport_fact (id, passport, key, place, year, value, source)"
        " SELECT id, $1, key, place, year, value, source FROM unnest($2::uuid[], $3::text[], $4::int[], $5::int[],"
        " $6::numeric[], $7::text[]) AS row (id, key, place, year, value, source)",
        passport,
        [new_id() for _ in rows],
        [key.value for key, _, _ in rows],
        [place for _, place, _ in rows],
        [entry.year for _, _, entry in rows],
        [entry.value for _, _, entry in rows],
        [entry.source for _, _, entry in rows],
    )
