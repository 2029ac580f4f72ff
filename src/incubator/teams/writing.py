"""What a team does with its problem case: save, submit, take back, delete and restore."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from incubator.foundation.database import DB, execute, fetch_one, fetch_value, new_id
from incubator.foundation.refusals import Clash, Forbidden, Refused
from incubator.journal.actions import Audience, record
from incubator.people.rights import Right, Viewer
from incubator.teams.cases import (
    DELETED,
    FROZEN,
    INCOMPLETE,
    NOT_DELETED,
    NOT_SUBMITTED,
    SAVED_MEANWHILE,
    TOO_LATE_TO_RESTORE,
    CaseState,
    CaseText,
    as_content,
    may_be_restored,
    missing,
)
from incubator.teams.queries import team_for
from incubator.teams.reading import case_text
from incubator.teams.rules import (
    DELETE_CASE,
    EDIT_CASE,
    SUBMIT_CASE,
    WITHDRAW_CASE,
    TeamRef,
    team_frozen,
)


@dataclass(frozen=True, slots=True)
class Held:
    """A case whose row is locked until the end of the transaction."""

    id: UUID
    state: CaseState
    version: int
    deleted_at: datetime | None


async def save_case(viewer: Viewer, team_id: UUID, text: CaseText, version: int) -> int:
    """Save the draft; the new version. Raises Clash when another text was saved since `version` was read."""
    async with DB.transaction():
        team, held = await _held(viewer, team_id, EDIT_CASE)
        if held.state is not CaseState.DRAFT:
            raise Forbidden(FROZEN)
        if held.deleted_at is not None and may_be_restored(held.deleted_at, viewer.now):
            raise Refused(DELETED)
        _refuse_clash(held, version)
        await _write(held, text, viewer)
        await _record(viewer, team, "case.saved", held.id, live=False)
    return held.version + 1


async def _write(held: Held, text: CaseText, viewer: Viewer) -> None:
    """The text in place of the earlier one; a case deleted long ago begins anew."""
    await execute(
        "UPDATE problem_case SET title = $2, problem = $3, affected = $4, expected_change = $5, causes = $6::jsonb,"
        " effects = $7::jsonb, version = $8, updated_at = $9, updated_by = $10, deleted_at = NULL WHERE id = $1",
        held.id, text.title, text.problem, text.affected, text.expected_change, _json(text.causes),
        _json(text.effects), held.version + 1, viewer.now, viewer.id,
    )  # fmt: skip
    await execute("DELETE FROM indicator WHERE problem_case = $1", held.id)
    await execute(
        "INSERT INTO indicator (id, problem_case, place, name, unit, year, source, baseline, target)"
        " SELECT id, $1, place, name, unit, year, source, baseline, target FROM unnest($2::uuid[], $3::int[],"
        " $4::text[], $5::text[], $6::int[], $7::text[], $8::numeric[], $9::numeric[])"
        " AS row (id, place, name, unit, year, source, baseline, target)",
        held.id,
        [new_id() for _ in text.indicators],
        list(range(len(text.indicators))),
        [each.name for each in text.indicators],
        [each.unit for each in text.indicators],
        [each.year for each in text.indicators],
        [each.source for each in text.indicators],
        [each.baseline for each in text.indicators],
        [each.target for each in text.indicators],
    )


async def submit_case(viewer: Viewer, team_id: UUID, version: int) -> int:
    """Submit the case as it stood when the lead read it (`version`); the number of the new case version."""
    async with DB.transaction():
        team, held = await _held(viewer, team_id, SUBMIT_CASE)
        if held.state is not CaseState.DRAFT:
            raise Forbidden(FROZEN)
        if held.deleted_at is not None:
            raise Refused(DELETED)
        _refuse_clash(held, version)
        text = await case_text(held.id)
        if missing(text):
            raise Refused(INCOMPLETE)
        number = await _keep(held, text, viewer)
        await _move(held, CaseState.SUBMITTED, viewer.now)
        await _record(viewer, team, "case.submitted", held.id, version=number)
    return number


async def _keep(held: Held, text: CaseText, viewer: Viewer) -> int:
    number: int = await fetch_value(
        "INSERT INTO case_version (id, problem_case, number, content, made_at, made_by)"
        " SELECT $1, $2, coalesce(max(number), 0) + 1, $3::jsonb, $4, $5 FROM case_version WHERE problem_case = $2"
        " RETURNING number",
        new_id(), held.id, _json(as_content(text)), viewer.now, viewer.id,
    )  # fmt: skip
    return number


async def withdraw_case(viewer: Viewer, team_id: UUID, reason: str) -> None:
    """Take the submitted case back into work; its version stays, with the reason."""
    async with DB.transaction():
        team, held = await _held(viewer, team_id, WITHDRAW_CASE)
        if held.state is not CaseState.SUBMITTED:
            raise Refused(NOT_SUBMITTED)
        await execute(
            'INSERT INTO case_withdrawal (id, case_version, reason, at, "by")'
            " SELECT $1, id, $3, $4, $5 FROM case_version WHERE problem_case = $2 ORDER BY number DESC LIMIT 1",
            new_id(), held.id, reason, viewer.now, viewer.id,
        )  # fmt: skip
        await _move(held, CaseState.DRAFT, viewer.now)
        await _record(viewer, team, "case.withdrawn", held.id, reason=reason)


async def delete_case(viewer: Viewer, team_id: UUID) -> None:
    """Delete the draft; for 30 days the lead can restore it."""
    async with DB.transaction():
        team, held = await _held(viewer, team_id, DELETE_CASE)
        if held.state is not CaseState.DRAFT:
            raise Forbidden(FROZEN)
        if held.deleted_at is not None:
            raise Refused(DELETED)
        await execute("UPDATE problem_case SET deleted_at = $2 WHERE id = $1", held.id, viewer.now)
        await _record(viewer, team, "case.deleted", held.id)


async def restore_case(viewer: Viewer, team_id: UUID) -> None:
    """Bring the deleted draft back."""
    async with DB.transaction():
        team, held = await _held(viewer, team_id, DELETE_CASE)
        if held.deleted_at is None:
            raise Refused(NOT_DELETED)
        if not may_be_restored(held.deleted_at, viewer.now):
            raise Refused(TOO_LATE_TO_RESTORE)
        await execute("UPDATE problem_case SET deleted_at = NULL WHERE id = $1", held.id)
        await _record(viewer, team, "case.restored", held.id)


async def _held(viewer: Viewer, team_id: UUID, right: Right) -> tuple[TeamRef, Held]:
    """The team and its case, locked; a team that has not begun gets its empty case here."""
    team = await team_for(viewer, team_id)
    team.standing.need(right)
    if reason := team_frozen(team.withdrawn_at):
        raise Refused(reason)
    row = await _locked(team_id)
    if row is None:
        await execute(
            "INSERT INTO problem_case (id, team, updated_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            new_id(), team_id, viewer.now,
        )  # fmt: skip
        row = await _locked(team_id)
    assert row is not None
    return team, Held(row["id"], CaseState(row["state"]), row["version"], row["deleted_at"])


async def _locked(team_id: UUID) -> asyncpg.Record | None:
    return await fetch_one(
        "SELECT id, state, version, deleted_at FROM problem_case WHERE team = $1 FOR NO KEY UPDATE", team_id
    )


async def _move(held: Held, state: CaseState, at: datetime) -> None:
    await execute(
        "UPDATE problem_case SET state = $2, version = version + 1, updated_at = $3 WHERE id = $1", held.id, state, at
    )


def _refuse_clash(held: Held, version: int) -> None:
    if held.version != version:
        raise Clash(SAVED_MEANWHILE)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


async def _record(
    viewer: Viewer, team: TeamRef, verb: str, subject: UUID, *, live: bool = True, **data: object
) -> None:
    await record(
        verb, by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=team.cohort, team=team.id, subject=subject,
        live=live, aside=None, **data,
    )  # fmt: skip
