"""Who scores whom in a round: asked for, searched at once or by a worker, changed by hand, dealt when the round opens.

The search itself is `allocation`, which knows neither database nor clock; the same limits, seed and people give the
same plan, and the hash of all that it was given stands beside it.
"""

import asyncio
import contextvars
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.jobs import enqueue, handles
from incubator.foundation.refusals import NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.jury.conflicts.kinship import derive
from incubator.jury.rounds import IN_CONFLICT, Round, alone, deal_sheets, hold, tell
from incubator.jury.rules import BEFORE_LOCK_ONLY, FROZEN, RoundState, refuse
from incubator.people.rights import Viewer

if TYPE_CHECKING:
    from incubator.jury.allocation.search import Allocation, Request

log = logging.getLogger(__name__)

AT_ONCE = 4000
"""Pairs of project and juror up to which a page waits for the search; it takes less than a second then."""
SECONDS = 120.0

NO_PLAN = Message("There is no allocation yet: everybody scores everything. Ask for one first.")
NO_ROOM = Message("This juror has as many sheets as he takes at most.")
NOT_FOR_HIM = Message("This juror doesn't score this project: a conflict of interest, no vote, or no seat any more.")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is asked for: jurors for each project, the most sheets of a juror, and the seed that makes it repeatable."""

    sheets: int
    cap: int
    seed: int
    connected: bool = True


def read_limits(document: str) -> Limits:
    """The limits from their document."""
    return Limits(**json.loads(document))


# --- Asking -----------------------------------------------------------------------------------------------------------

ASK = """
INSERT INTO allocation (id, round, request, state, percent, asked_at, asked_by, fingerprint, outcome)
VALUES ($1, $2, $3::jsonb, 'waiting', 0, $4, $5, '', '{}')
ON CONFLICT (round) DO UPDATE SET id = excluded.id, request = excluded.request, state = 'waiting', percent = 0,
  asked_at = excluded.asked_at, asked_by = excluded.asked_by, done_at = NULL, fingerprint = '',
  outcome = CASE WHEN allocation.state = 'done' THEN jsonb_build_object('held', jsonb_build_object(
      'request', allocation.request, 'done_at', allocation.done_at, 'fingerprint', allocation.fingerprint,
      'outcome', allocation.outcome))
    WHEN allocation.outcome ? 'held' THEN jsonb_build_object('held', allocation.outcome -> 'held') ELSE '{}' END
"""
# A plan that was found stays in force until another one is: `held` in the outcome of what was asked for since.
SIZE = """
SELECT (SELECT count(*) FROM round_project WHERE round = $1)
  * (SELECT count(*) FROM seat WHERE round = $1 AND removed_at IS NULL AND votes) AS pairs
"""


async def ask(viewer: Viewer, round_id: UUID, limits: Limits) -> bool:
    """Search an allocation for a draft; whether it was done at once (else a worker does it, and the page tells)."""
    async with DB.transaction():
        scoring = await _draft(viewer, round_id)
        await derive(scoring.cohort, at=viewer.now, by=viewer.id)
        made, pairs = new_id(), await fetch_value(SIZE, round_id)
        if not pairs:
            raise Refused(Message("A round needs projects and jurors before they are allocated."))
        await execute(ASK, made, round_id, json.dumps(asdict(limits)), viewer.now, viewer.id)
        if pairs > AT_ONCE:
            await enqueue("allocate", allocation=made)
        await tell("allocation.asked", viewer, scoring, sheets=limits.sheets, seed=limits.seed)
    if pairs <= AT_ONCE:
        await search(made)
    return bool(pairs <= AT_ONCE)


async def _draft(viewer: Viewer, round_id: UUID) -> Round:
    scoring = await alone(viewer, round_id)
    if scoring.state is not RoundState.DRAFT:
        refuse(FROZEN)
    return scoring


async def scrap(viewer: Viewer, round_id: UUID) -> None:
    """Let everybody score everything again."""
    async with DB.transaction():
        scoring = await _draft(viewer, round_id)
        await execute("DELETE FROM allocated_pair WHERE round = $1", round_id)
        await execute("DELETE FROM allocation WHERE round = $1", round_id)
        await tell("allocation.scrapped", viewer, scoring)


# --- Searching --------------------------------------------------------------------------------------------------------

PROJECTS = "SELECT id FROM round_project WHERE round = $1 ORDER BY id"
JURORS = "SELECT id, cap FROM seat WHERE round = $1 AND removed_at IS NULL AND votes ORDER BY id"
CONFLICTS = """
SELECT p.id AS project, e.id AS seat FROM seat e JOIN conflict_of_interest i ON i.person = e.person AND i.lifted_at IS NULL
JOIN round_project p ON p.round = e.round AND p.team = i.team WHERE e.round = $1
UNION SELECT p.id, e.id FROM seat e JOIN role_grant g ON g.person = e.person AND g.scope = 'team' AND g.revoked_at IS NULL
JOIN round_project p ON p.round = e.round AND p.team = g.scope_id WHERE e.round = $1
"""
KEPT = "SELECT project, seat FROM allocated_pair WHERE round = $1 AND kept"
WISHES = "SELECT w.project, w.seat, w.value FROM juror_wish w JOIN seat e ON e.id = w.seat WHERE e.round = $1"


async def _given(round_id: UUID, limits: Limits) -> "Request":
    """All that the search is given, in an order that doesn't depend on how it is kept."""
    from incubator.jury.allocation.search import Request  # with it numpy and scipy come, which few pages need

    jurors = await fetch(JURORS, round_id)
    return Request(
        projects=[row["id"] for row in await fetch(PROJECTS, round_id)], jurors=[row["id"] for row in jurors],
        sheets=limits.sheets,
        room={row["id"]: min(limits.cap, limits.cap if row["cap"] is None else row["cap"]) for row in jurors},
        conflicts=frozenset((row["project"], row["seat"]) for row in await fetch(CONFLICTS, round_id)),
        kept=frozenset((row["project"], row["seat"]) for row in await fetch(KEPT, round_id)),
        wishes={(row["project"], row["seat"]): row["value"] for row in await fetch(WISHES, round_id)},
        seed=limits.seed, connected=limits.connected,
    )  # fmt: skip


def fingerprint(given: "Request") -> str:
    """The hash of a request: whoever has the same one gets the same plan."""
    said = [
        list(map(str, given.projects)), [[str(each), given.room[each]] for each in given.jurors], given.sheets,
        *(sorted([str(p), str(j)] for p, j in pairs) for pairs in (given.conflicts, given.kept)),
        sorted([str(p), str(j), value] for (p, j), value in given.wishes.items()), given.seed, given.connected,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


@handles("allocate")
async def search_later(payload: Mapping[str, Any]) -> None:
    """The job of a worker: what was asked for, unless something else was meanwhile."""
    await search(UUID(payload["allocation"]))


async def search(allocation_id: UUID) -> None:
    """Search what an allocation asks for and write it down. Done twice it changes nothing."""
    asked = await fetch_one("SELECT round, request FROM allocation WHERE id = $1 AND state = 'waiting'", allocation_id)
    if asked is None:
        return
    given = await _given(asked["round"], read_limits(asked["request"]))
    found, outcome = await _find(allocation_id, given)
    async with DB.transaction():
        await hold(asked["round"])
        row = await fetch_one(
            "SELECT a.asked_by, r.id, r.cohort, r.name, r.state, now() AS now FROM allocation a"
            " JOIN scoring_round r ON r.id = a.round WHERE a.id = $1 AND a.state = 'waiting'",
            allocation_id,
        )
        if row is None or row["state"] != RoundState.DRAFT:
            return
        now = await _given(row["id"], read_limits(asked["request"]))
        if fingerprint(now) != fingerprint(given):
            found, outcome = None, {"changed": True}
        await _write(allocation_id, row, found, outcome, fingerprint(given))


async def _find(allocation_id: UUID, given: "Request") -> tuple["Allocation | None", dict[str, Any]]:
    """The plan with its figures, or what blocks it. The solver runs in a thread, so that pages go on."""
    from incubator.jury.allocation.search import InfeasibleError, allocate

    loop, steps = asyncio.get_running_loop(), set()

    async def tell_percent(percent: int) -> None:
        await execute("UPDATE allocation SET percent = $2 WHERE id = $1", allocation_id, percent)

    def progress(_step: str, share: float) -> None:
        # In an empty context: a connection of its own, so that pages see how far it is.
        tell_ = contextvars.Context().run(asyncio.run_coroutine_threadsafe, tell_percent(round(100 * share)), loop)
        steps.add(tell_)

    try:
        found = await asyncio.to_thread(allocate, given, progress, SECONDS)
    except InfeasibleError as fault:
        blocked = fault.blocked
        return None, {
            "projects": list(map(str, blocked.projects)), "jurors": list(map(str, blocked.jurors)),
            "wanted": blocked.wanted, "room": blocked.room, "apart": blocked.apart,
        }  # fmt: skip
    finally:
        await asyncio.gather(*map(asyncio.wrap_future, steps), return_exceptions=True)
    return found, {
        "least": found.least,
        "most": found.most,
        "parts": found.parts,
        "best": found.best,
        "pairs": len(found.pairs),
    }


INSERT = """
INSERT INTO allocated_pair (id, round, project, seat, kept)
SELECT id, $2, project, seat, false FROM unnest($1::uuid[], $3::uuid[], $4::uuid[]) AS new (id, project, seat)
ON CONFLICT DO NOTHING
"""


async def _write(
    allocation_id: UUID, row: Mapping[str, Any], found: "Allocation | None", outcome: dict[str, Any], print_: str
) -> None:
    if found is not None:
        await execute("DELETE FROM allocated_pair WHERE round = $1 AND NOT kept", row["id"])
        projects, seats = [p for p, _ in found.pairs], [j for _, j in found.pairs]
        await execute(INSERT, [new_id() for _ in found.pairs], row["id"], projects, seats)
    state = "done" if found is not None else "failed" if "changed" in outcome else "blocked"
    await execute(
        "UPDATE allocation SET state = $2, percent = 100, done_at = $3, fingerprint = $4, outcome = $5::jsonb"
        " || CASE WHEN $6 AND outcome ? 'held' THEN jsonb_build_object('held', outcome -> 'held') ELSE '{}' END"
        " WHERE id = $1",
        allocation_id, state, row["now"], print_, json.dumps(outcome), found is None,
    )  # fmt: skip
    await record(
        f"allocation.{state}", by=row["asked_by"], at=row["now"], audience=Audience.JURY, cohort=row["cohort"],
        subject=row["id"], round_name=row["name"], fingerprint=print_, pairs=len(found.pairs) if found else 0,
    )  # fmt: skip


# --- By hand ----------------------------------------------------------------------------------------------------------

MAY_BE = f"""
SELECT coalesce(e.cap, (d.outcome -> 'held' -> 'request' ->> 'cap')::int, (d.request ->> 'cap')::int) AS cap,
  (SELECT count(*) FROM allocated_pair a WHERE a.seat = e.id) AS load
FROM seat e JOIN round_project p ON p.round = e.round AND p.id = $3 JOIN allocation d ON d.round = e.round
WHERE e.round = $1 AND e.id = $2 AND e.removed_at IS NULL AND e.votes AND NOT {IN_CONFLICT}
"""


async def add_pair(viewer: Viewer, round_id: UUID, project: UUID, seat: UUID) -> None:
    """Let a juror score a project, whatever the search found; it stays in later searches.

    In an open round he gets the sheet at once.
    """
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        if scoring.state not in {RoundState.DRAFT, RoundState.OPEN}:
            refuse(BEFORE_LOCK_ONLY)
        await _demand_plan(round_id)
        row = await fetch_one(MAY_BE, round_id, seat, project)
        if row is None:
            raise Refused(NOT_FOR_HIM)
        if row["load"] >= row["cap"]:
            raise Refused(NO_ROOM)
        fresh = await fetch_value(
            "INSERT INTO allocated_pair (id, round, project, seat, kept) VALUES ($1, $2, $3, $4, true)"
            " ON CONFLICT (project, seat) DO UPDATE SET kept = true RETURNING xmax = 0",
            new_id(), round_id, project, seat,
        )  # fmt: skip
        if fresh:
            await _note_edit(round_id, project, seat)
        if scoring.state is RoundState.OPEN:
            await deal_sheets(round_id)
        await tell("allocation.edited", viewer, scoring, project=str(project), seat=str(seat), added=True)


async def remove_pair(viewer: Viewer, round_id: UUID, project: UUID, seat: UUID) -> None:
    """Take a project from a juror while the round is a draft."""
    async with DB.transaction():
        scoring = await _draft(viewer, round_id)
        await _demand_plan(round_id)
        if not await execute(
            "DELETE FROM allocated_pair WHERE round = $1 AND project = $2 AND seat = $3", round_id, project, seat
        ):
            raise NotFound
        await _note_edit(round_id, project, seat)
        await tell("allocation.edited", viewer, scoring, project=str(project), seat=str(seat), added=False)


async def _note_edit(round_id: UUID, project: UUID, seat: UUID) -> None:
    """Remember in what the plan differs from the one that was found, whose proof it no longer has.

    A pair that is added and taken away again makes no difference.
    """
    outcome = json.loads(await fetch_value("SELECT outcome FROM allocation WHERE round = $1", round_id))
    pair = [str(project), str(seat)]
    found = outcome["held"]["outcome"] if "held" in outcome else outcome
    edits = found.get("edited", [])
    found["edited"] = [each for each in edits if each != pair] if pair in edits else [*edits, pair]
    await execute("UPDATE allocation SET outcome = $2::jsonb WHERE round = $1", round_id, json.dumps(outcome))


async def _demand_plan(round_id: UUID) -> None:
    if not await fetch_value("SELECT true FROM allocation WHERE round = $1", round_id):
        raise Refused(NO_PLAN)
