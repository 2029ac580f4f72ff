"""What takes two organisers without a conflict of interest: one asks, another one agrees, both stand in the journal.

To open a locked round again, to publish its result, to make a sheet void, to give one sheet of a locked round back to
its juror. Whoever alone organises a programme asks an administrator for a second organiser: there is no way around.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound, Refused
from incubator.journal.actions import Audience
from incubator.jury.ledger import book
from incubator.jury.office.requests import why_wait
from incubator.jury.result import deliberating
from incubator.jury.result.snapshot import Result
from incubator.jury.result.standings import count_up
from incubator.jury.rounds import Round, alone, tell, to_jurors
from incubator.jury.rules import (
    DOES_NOT_COUNT,
    REOPEN,
    STALE,
    VOID,
    ProposalKind,
    RoundState,
    SheetState,
    demand_move,
    demand_reopenable,
    demand_second,
)
from incubator.people.rights import Viewer

ANOTHER_RESULT = Message(
    "The result is not the one that was to be published any more. Look at it and ask for its publication again."
)

# --- Asking -----------------------------------------------------------------------------------------------------------


async def ask_to_unlock(viewer: Viewer, round_id: UUID, reason: str) -> UUID:
    """Ask a second organiser to open a locked round again. The id of the proposal."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        demand_move(scoring.state, RoundState.OPEN)
        if scoring.state is not RoundState.LOCKED:
            raise Refused(STALE)
        return await _ask(viewer, scoring, ProposalKind.UNLOCK, reason=reason)


async def ask_to_publish(viewer: Viewer, round_id: UUID, *, advice: bool = False) -> UUID:
    """Ask a second organiser to publish the result as it stands now, with the advisory part or without. The proposal's id."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        demand_move(scoring.state, RoundState.PUBLISHED)
        outcome = (await _publishable(scoring)).outcome
        await book.demand_as_sent(round_id)
        await execute(OVERTAKEN, round_id, viewer.now, viewer.id, outcome)
        return await _ask(viewer, scoring, ProposalKind.PUBLISH, kept={"outcome": outcome, "advice": advice})


# What was asked for when the result was another one can't be agreed to any more and stands in nobody's way.
OVERTAKEN = """
UPDATE jury_proposal SET decided_at = $2, decided_by = $3
WHERE round = $1 AND kind = 'publish' AND decided_at IS NULL AND kept ->> 'outcome' <> $4
"""


async def ask_to_void(viewer: Viewer, round_id: UUID, sheet_id: UUID, reason: str) -> UUID:
    """Ask a second organiser to agree that a sheet must not count. The id of the proposal."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id, VOID)
        if scoring.state not in {RoundState.OPEN, RoundState.LOCKED}:
            raise Refused(STALE)
        if (await _sheet(scoring, sheet_id))["state"] in {"void", "recused"}:
            raise Refused(DOES_NOT_COUNT)
        return await _ask(viewer, scoring, ProposalKind.VOID, sheet_id, reason=reason)


async def ask_to_reopen(viewer: Viewer, round_id: UUID, sheet_id: UUID, reason: str) -> UUID:
    """Ask a second organiser to give one sheet of a locked round back to its juror. The id of the proposal."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id, REOPEN)
        _demand_reopenable(scoring, await _sheet(scoring, sheet_id))
        return await _ask(viewer, scoring, ProposalKind.REOPEN, sheet_id, reason=reason)


SHEET = """
SELECT s.state, s.reopened_at, s.project, e.person, t.name AS team FROM score_sheet s JOIN seat e ON e.id = s.seat
JOIN round_project p ON p.id = s.project JOIN team t ON t.id = p.team
WHERE s.id = $1 AND s.round = $2
"""


async def _sheet(scoring: Round, sheet_id: UUID) -> Mapping[str, Any]:
    sheet: Mapping[str, Any] | None = await fetch_one(SHEET, sheet_id, scoring.id)
    if sheet is None:
        raise NotFound
    return sheet


def _whose(sheet: Mapping[str, Any], sheet_id: UUID) -> dict[str, Any]:
    """What the journal says of a sheet: its juror and the team it is for."""
    return {"sheet": str(sheet_id), "person": str(sheet["person"]), "team_name": sheet["team"]}


def _demand_reopenable(scoring: Round, sheet: Mapping[str, Any]) -> None:
    demand_reopenable(scoring.state, SheetState(sheet["state"]), reopened=sheet["reopened_at"] is not None)


async def _ask(
    viewer: Viewer,
    scoring: Round,
    kind: ProposalKind,
    sheet: UUID | None = None,
    *,
    reason: str = "",
    kept: object = None,
) -> UUID:
    waiting = await fetch_value(
        "SELECT id FROM jury_proposal WHERE round = $1 AND kind = $2 AND sheet IS NOT DISTINCT FROM $3"
        " AND decided_at IS NULL",
        scoring.id, kind, sheet,
    )  # fmt: skip
    if waiting:
        raise Refused(Message("This has been asked for already and waits for a second organiser."))
    proposal = new_id()
    await execute(
        "INSERT INTO jury_proposal (id, round, kind, sheet, reason, asked_at, asked_by, confirmed, kept)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, false, $8::jsonb)",
        proposal, scoring.id, kind, sheet, reason, viewer.now, viewer.id, json.dumps(kept) if kept else None,
    )  # fmt: skip
    about = _whose(await _sheet(scoring, sheet), sheet) if sheet else {}
    if reason:
        about["reason"] = reason
    await tell(f"{kind}.asked", viewer, scoring, **about)
    return proposal


# --- Answering --------------------------------------------------------------------------------------------------------


async def confirm(viewer: Viewer, round_id: UUID, proposal_id: UUID) -> ProposalKind:
    """Agree, as the second organiser, to what another one asked for, which is done at once; what it was."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        asked = await _decide(viewer, scoring, proposal_id, confirmed=True)
        kind = ProposalKind(asked["kind"])
        await DEEDS[kind](viewer, scoring, asked)
        return kind


async def decline(viewer: Viewer, round_id: UUID, proposal_id: UUID) -> ProposalKind:
    """Refuse what another organiser asked for, or take back what one asked for oneself; what it was."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        asked = await _decide(viewer, scoring, proposal_id, confirmed=False)
        sheet = asked["sheet"]
        await tell(
            f"{asked['kind']}.declined",
            viewer,
            scoring,
            **(_whose(await _sheet(scoring, sheet), sheet) if sheet else {}),
        )
        return ProposalKind(asked["kind"])


async def _decide(viewer: Viewer, scoring: Round, proposal_id: UUID, *, confirmed: bool) -> Mapping[str, Any]:
    row: Mapping[str, Any] | None = await fetch_one(
        "SELECT * FROM jury_proposal WHERE id = $1 AND round = $2", proposal_id, scoring.id
    )
    if row is None:
        raise NotFound
    asked_by = row["asked_by"] if confirmed else None
    demand_second(asked_by, viewer.id, decided=row["decided_at"] is not None)
    await execute(
        "UPDATE jury_proposal SET decided_at = $2, decided_by = $3, confirmed = $4 WHERE id = $1",
        proposal_id, viewer.now, viewer.id, confirmed,
    )  # fmt: skip
    return row


async def _unlock(viewer: Viewer, scoring: Round, asked: Mapping[str, Any]) -> None:
    demand_move(scoring.state, RoundState.OPEN)
    await execute("UPDATE scoring_round SET state = 'open' WHERE id = $1 AND state = 'locked'", scoring.id)
    # What was decided or asked for between totals that may change now.
    await deliberating.undo(viewer, scoring.id, asked["reason"])
    await execute("DELETE FROM tie_vote WHERE round = $1", scoring.id)
    await execute("UPDATE score_sheet SET reopened_at = NULL WHERE round = $1 AND reopened_at IS NOT NULL", scoring.id)
    await _settle(viewer, scoring, ProposalKind.PUBLISH, ProposalKind.REOPEN)
    await book.note(
        scoring.id, "unlock", viewer.now, by=str(viewer.id), asked_by=str(asked["asked_by"]), reason=asked["reason"]
    )
    await tell("round.unlocked", viewer, scoring, aside=await to_jurors(scoring))


async def _void(viewer: Viewer, scoring: Round, asked: Mapping[str, Any]) -> None:
    sheet = await _sheet(scoring, asked["sheet"])
    await execute(
        "UPDATE score_sheet SET state = 'void', reopened_at = NULL, version = version + 1 WHERE id = $1", asked["sheet"]
    )
    await deliberating.unsettle(scoring, sheet["project"])
    await tell(
        "sheet.voided", viewer, scoring, **_whose(sheet, asked["sheet"]), reason=asked["reason"],
        aside=_to_its_juror(scoring, sheet),
    )  # fmt: skip


def _to_its_juror(scoring: Round, sheet: Mapping[str, Any]) -> dict[str, Any]:
    """What the letter to the juror of a sheet needs."""
    return {
        "juror": sheet["person"],
        "round": scoring.name,
        "path": f"/rounds/{scoring.id}/projects/{sheet['project']}",
    }


async def _settle(viewer: Viewer, scoring: Round, *kinds: ProposalKind) -> None:
    """What still waits for a second organiser has become idle."""
    await execute(
        "UPDATE jury_proposal SET decided_at = $2, decided_by = $3"
        " WHERE round = $1 AND kind = ANY($4) AND decided_at IS NULL",
        scoring.id, viewer.now, viewer.id, list(kinds),
    )  # fmt: skip


# --- One sheet of a locked round --------------------------------------------------------------------------------------

# The juror hands it in again, else what was recorded at the lock stands: so it is kept before he gets it back.
GIVE_BACK = """
WITH was AS (
  UPDATE jury_proposal SET kept = (SELECT to_jsonb(s) FROM score_sheet s WHERE s.id = $1) WHERE id = $3
)
UPDATE score_sheet SET state = CASE state WHEN 'empty' THEN 'empty' ELSE 'draft' END, reopened_at = $2, skipped_at = NULL,
  version = version + 1
WHERE id = $1
"""


async def _reopen(viewer: Viewer, scoring: Round, asked: Mapping[str, Any]) -> None:
    sheet = await _sheet(scoring, asked["sheet"])
    _demand_reopenable(scoring, sheet)
    await book.note(
        scoring.id, "reopen", viewer.now, by=str(viewer.id), asked_by=str(asked["asked_by"]), sheet=str(asked["sheet"])
    )
    await execute(GIVE_BACK, asked["sheet"], viewer.now, asked["id"])
    await deliberating.unsettle(scoring, sheet["project"])
    await tell(
        "sheet.reopened", viewer, scoring, **_whose(sheet, asked["sheet"]), reason=asked["reason"],
        aside=_to_its_juror(scoring, sheet),
    )  # fmt: skip


AS_IT_WAS = """
UPDATE score_sheet s SET state = k.state, marks = k.marks, total = k.total, comment = k.comment, reason = k.reason,
  saved_at = k.saved_at, handed_in_at = k.handed_in_at, skipped_at = k.skipped_at, reopened_at = NULL,
  version = s.version + 1
FROM (
  SELECT (jsonb_populate_record(NULL::score_sheet, o.kept)).* FROM jury_proposal o
  WHERE o.sheet = $1 AND o.kind = 'reopen' AND o.confirmed ORDER BY o.decided_at DESC LIMIT 1
) k
WHERE s.id = $1 AND s.reopened_at IS NOT NULL
"""


async def close_reopened(viewer: Viewer, round_id: UUID, sheet_id: UUID) -> None:
    """Close a reopened sheet without its juror: what was recorded on it at the lock stands."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id, REOPEN)
        sheet = await _sheet(scoring, sheet_id)
        if not await execute(AS_IT_WAS, sheet_id):
            raise Refused(Message("This sheet is not open any more. Reload the page to see how it stands."))
        await tell("sheet.closed", viewer, scoring, **_whose(sheet, sheet_id))


# --- The publication --------------------------------------------------------------------------------------------------


async def _publishable(scoring: Round) -> Result:
    if reason := await why_wait(scoring.id):
        raise Refused(reason)
    result = await count_up(scoring)
    if result.awaiting_vote:
        raise Refused(Message("Some projects wait for a vote of those present. Record it first."))
    return replace(result, decisions=await deliberating.adopted(scoring))


async def _publish(viewer: Viewer, scoring: Round, asked: Mapping[str, Any]) -> None:
    """For good: a snapshot by the same arithmetic as the page that both have looked at."""
    demand_move(scoring.state, RoundState.PUBLISHED)
    result = await _publishable(scoring)
    kept = json.loads(asked["kept"])
    if result.outcome != kept["outcome"]:
        raise Refused(ANOTHER_RESULT)
    await book.demand_as_sent(scoring.id)
    result = replace(result, advice=bool(kept.get("advice")))
    await execute(
        "UPDATE scoring_round SET state = 'published', published_at = $2, published_by = $3, result = $4::jsonb"
        " WHERE id = $1 AND state = 'locked'",
        scoring.id, viewer.now, viewer.id, result.document(),
    )  # fmt: skip
    await _settle(viewer, scoring, *ProposalKind)
    root = await book.note_publication(viewer, scoring.id, result)
    await tell(
        "round.published", viewer, scoring, Audience.EVERYONE, projects=len(result.rows), root=root,
        aside={"round": scoring.name, "path": f"/rounds/{scoring.id}/result", "root": root},
    )  # fmt: skip


DEEDS: Mapping[ProposalKind, Callable[[Viewer, Round, Mapping[str, Any]], Awaitable[None]]] = {
    ProposalKind.UNLOCK: _unlock,
    ProposalKind.PUBLISH: _publish,
    ProposalKind.VOID: _void,
    ProposalKind.REOPEN: _reopen,
}
