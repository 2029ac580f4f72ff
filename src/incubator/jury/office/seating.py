"""Who sits in a round for what: chair, secretary, substitutes, and what the jurors of the round see.

A substitute has no sheets until he is called up for somebody who is missing or must not judge; then he takes over what
is not handed in, and who came for whom is written down for the minutes.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound, Refused
from incubator.jury.conflicts.kinship import derive
from incubator.jury.rounds import DEAL, IN_CONFLICT, Round, alone, tell
from incubator.jury.rules import BEFORE_LOCK_ONLY, FROZEN, STALE, RoundState, refuse
from incubator.jury.terms import OFFICES, VOTING, Duty, Terms, terms_document
from incubator.people.rights import Viewer

TAKEN = Message("Somebody else has this office in the round. Give that person another duty first.")
SCORING_ALREADY = Message(
    "The round is open: whoever has sheets keeps them. Remove the juror, or call up a substitute."
)
NOBODY_TO_REPLACE = Message("There is no sheet that this substitute could take over from that juror.")
NO_SUBSTITUTE = Message("Only a substitute who is on the jury can be called up.")

SEAT = "SELECT id, person, duty, votes, removed_at FROM seat WHERE id = $1 AND round = $2 FOR UPDATE"


async def _seat(round_id: UUID, seat_id: UUID) -> Mapping[str, Any]:
    row: Mapping[str, Any] | None = await fetch_one(SEAT, seat_id, round_id)
    if row is None:
        raise NotFound
    return row


async def set_duty(viewer: Viewer, round_id: UUID, seat_id: UUID, kind: str, cap: int | None = None) -> None:
    """Say what somebody sits on the jury for (a key of `VOTING`) and the most sheets he takes (`cap`).

    While a round is open an office may go from one to another; who scores and who doesn't stays as it is.
    """
    duty, votes = VOTING[kind]
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        if scoring.state not in {RoundState.DRAFT, RoundState.OPEN}:
            refuse(BEFORE_LOCK_ONLY)
        seat = await _seat(round_id, seat_id)
        if seat["removed_at"] is not None:
            raise Refused(STALE)
        if scoring.state is RoundState.OPEN and (
            votes != seat["votes"] or (duty == "substitute") != (seat["duty"] == "substitute")
        ):
            raise Refused(SCORING_ALREADY)
        if duty in OFFICES and await office_held(round_id, duty, but=seat_id):
            raise Refused(TAKEN)
        await execute("UPDATE seat SET duty = $2, votes = $3, cap = $4 WHERE id = $1", seat_id, duty, votes, cap)
        if not votes:
            await execute("DELETE FROM allocated_pair WHERE seat = $1", seat_id)
        await tell("seat.changed", viewer, scoring, person=str(seat["person"]), duty=duty.value, votes=votes)


async def office_held(round_id: UUID, duty: Duty, *, but: UUID | None = None) -> bool:
    """Whether somebody, other than the seat `but`, has this office in the round."""
    text = "SELECT 1 FROM seat WHERE round = $1 AND duty = $2 AND id IS DISTINCT FROM $3 AND removed_at IS NULL"
    return bool(await fetch(text, round_id, duty, but))


# --- Substitutes ------------------------------------------------------------------------------------------------------

# What the substitute can take over: not handed in, or fallen away, and nobody has taken it over before.
TO_REPLACE = f"""
SELECT p.id AS project, s.id AS sheet, s.state FROM score_sheet s JOIN round_project p ON p.id = s.project
JOIN seat e ON e.id = $3
WHERE s.round = $1 AND s.seat = $2 AND s.state IN ('empty', 'draft', 'abstained', 'recused', 'void') AND NOT {IN_CONFLICT}
  AND NOT EXISTS (SELECT FROM score_sheet o WHERE o.seat = e.id AND o.project = p.id)
  AND NOT EXISTS (SELECT FROM replacement r WHERE r.seat = $2 AND r.project = p.id)
ORDER BY p.place
"""
WRITE_DOWN = """
INSERT INTO replacement (id, round, project, seat, substitute, reason, at, by)
SELECT id, $2, project, $4, $5, $6, $7, $8 FROM unnest($1::uuid[], $3::uuid[]) AS new (id, project)
"""


async def call_up(viewer: Viewer, round_id: UUID, substitute: UUID, instead_of: UUID, reason: str) -> int:
    """Let a substitute take over what a juror has not brought or must not judge; how many sheets.

    What the juror has handed in stands. The sheets taken over are void for him; two sheets for one seat never count.
    """
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        if scoring.state is not RoundState.OPEN:
            refuse(BEFORE_LOCK_ONLY)
        comes, goes = await _seat(round_id, substitute), await _seat(round_id, instead_of)
        if comes["duty"] != Duty.SUBSTITUTE or comes["removed_at"] is not None:
            raise Refused(NO_SUBSTITUTE)
        rows = await fetch(TO_REPLACE, round_id, instead_of, substitute)
        if not rows or substitute == instead_of:
            raise Refused(NOBODY_TO_REPLACE)
        await _hand_over(viewer, scoring, rows, (substitute, instead_of), reason)
        await tell(
            "juror.replaced", viewer, scoring, person=str(goes["person"]), substitute=str(comes["person"]),
            sheets=len(rows), reason=reason,
            aside={"jurors": [comes["person"]], "round": scoring.name, "path": f"/rounds/{round_id}", "sheets": len(rows)},
        )  # fmt: skip
    return len(rows)


async def _hand_over(
    viewer: Viewer, scoring: Round, rows: list[Mapping[str, Any]], seats: tuple[UUID, UUID], reason: str
) -> None:
    projects = [row["project"] for row in rows]
    ids = [new_id() for _ in rows]
    await execute(WRITE_DOWN, ids, scoring.id, projects, seats[1], seats[0], reason, viewer.now, viewer.id)
    await execute("UPDATE seat SET votes = true WHERE id = $1", seats[0])
    await execute(
        "UPDATE score_sheet SET state = 'void', reason = $2, version = version + 1"
        " WHERE id = ANY($1) AND state IN ('empty', 'draft', 'abstained')",
        [row["sheet"] for row in rows], reason,
    )  # fmt: skip
    await execute(DEAL, scoring.id, [new_id() for _ in rows], projects, [seats[0]] * len(rows))


# --- Terms ------------------------------------------------------------------------------------------------------------


async def set_terms(viewer: Viewer, round_id: UUID, terms: Terms) -> None:
    """Say what jurors of the round see, and whose work they don't judge; while it is a draft."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        if scoring.state is not RoundState.DRAFT:
            refuse(FROZEN)
        await execute("UPDATE scoring_round SET terms = $2::jsonb WHERE id = $1", round_id, terms_document(terms))
        await derive(scoring.cohort, at=viewer.now, by=viewer.id)
        await tell("round.terms_set", viewer, scoring, blind=terms.blind, region=terms.region)


async def set_root_to(viewer: Viewer, round_id: UUID, addresses: Sequence[str]) -> None:
    """Name the addresses outside to which the ledger's root goes, until the result is published."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        if scoring.state is RoundState.PUBLISHED:
            raise Refused(STALE)
        await execute("UPDATE scoring_round SET root_to = $2 WHERE id = $1", round_id, "\n".join(addresses))
        await tell("round.root_to_set", viewer, scoring, addresses=len(addresses))
