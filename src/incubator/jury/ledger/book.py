"""The score ledger of a round: what the product adds to it, what it comes to, whether the score sheets still agree.

What becomes of sheets is written by the database itself (migration `raw_ledger`); here are the entries about the round
as a whole. They go into its control chain, in the transaction of the action that they belong to.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from incubator.foundation import jobs
from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Refused
from incubator.journal.actions import Audience, record
from incubator.jury.ledger import verifier
from incubator.jury.result.snapshot import Result
from incubator.jury.rounds import hold
from incubator.jury.rubric import Rubric
from incubator.jury.terms import number_of
from incubator.people.rights import Viewer
from incubator.programmes.blueprint import JuryPlan

log = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ENTRIES = """
SELECT chain::text, seq, encode(prev, 'hex') AS prev, encode(nonce, 'hex') AS nonce, payload, encode(hash, 'hex') AS hash
FROM ledger_entry WHERE round = $1 ORDER BY chain, seq
"""
ENDS = """
SELECT c.chain, coalesce(l.seq, 0) AS seq, coalesce(l.hash, ledger_genesis($1, c.chain)) AS hash
FROM (SELECT DISTINCT seat AS chain FROM score_sheet WHERE round = $1 UNION SELECT $1) c
LEFT JOIN LATERAL (SELECT seq, hash FROM ledger_entry WHERE round = $1 AND chain = c.chain ORDER BY seq DESC LIMIT 1) l
  ON true
"""
WITHDRAWN = """
SELECT p.id FROM round_project p JOIN team t ON t.id = p.team WHERE p.round = $1 AND t.withdrawn_at IS NOT NULL
"""
SHEETS = """
SELECT seat::text, project::text, state, marks, total, version, encode(receipt, 'hex') AS receipt
FROM score_sheet WHERE round = $1
"""
BOTH = f"""
SELECT (SELECT coalesce(json_agg(e), '[]') FROM ({ENTRIES}) e) AS entries,
  (SELECT coalesce(json_agg(s), '[]') FROM ({SHEETS}) s) AS sheets
"""
"""In one statement, so that what jurors save meanwhile is in both or in neither."""


# --- Writing ----------------------------------------------------------------------------------------------------------


async def note(round_id: UUID, kind: str, at: datetime, **content: Any) -> None:
    """A step: an entry in the control chain; `content` is what JSON can hold. `at` is kept as microseconds."""
    moment = (at - EPOCH) // timedelta(microseconds=1)
    text = json.dumps({"k": kind, "at": moment, **content}, separators=(",", ":"), sort_keys=True)
    await fetch_value("SELECT ledger_append($1, $1, $2)", round_id, text)


async def note_opening(viewer: Viewer, round_id: UUID, rubric: Rubric, plan: JuryPlan) -> None:
    """A step: by what rule which projects are scored. It comes before the sheets are dealt."""
    projects = await fetch("SELECT id FROM round_project WHERE round = $1 ORDER BY place", round_id)
    await note(
        round_id, "open", viewer.now, by=str(viewer.id), projects=[str(row["id"]) for row in projects],
        criteria=[
            {"weight": each.weight, "min": each.scale_min, "max": each.scale_max, "step": each.step, "key": each.key}
            for each in rubric.criteria
        ],
        rule={"aggregate": plan.aggregate, "minimum": plan.minimum_sheets, "closing": plan.closing,
              "decimals": plan.decimals, "rounding": plan.rounding},
    )  # fmt: skip


async def note_heads(round_id: UUID, kind: str, at: datetime, **content: Any) -> str:
    """A step: an entry that holds the ends of all jurors' chains; the root that they come to with it."""
    heads = json.loads(await fetch_value("SELECT ledger_heads($1)", round_id))
    await note(round_id, kind, at, heads=heads, **content)
    root = await root_of(round_id)
    await execute(ANCHOR, new_id(), round_id, kind, root, at)
    return root


ANCHOR = """
INSERT INTO ledger_anchor (id, round, seq, kind, root, at)
SELECT $1, $2, (SELECT max(seq) FROM ledger_entry WHERE round = $2 AND chain = $2), $3, $4, $5
"""


async def note_publication(viewer: Viewer, round_id: UUID, result: Result) -> str:
    """A step: the ranking as it is published; the root of the round for good."""
    barred = {row["id"] for row in await fetch(WITHDRAWN, round_id)}
    ranking = [
        {"p": str(row.project), "n": row.sheets, "t": None if row.total is None else str(row.total), "place": row.place,
         "barred": row.project in barred}
        for row in result.rows
    ]  # fmt: skip
    return await note_heads(round_id, "publish", viewer.now, ranking=ranking, by=str(viewer.id))


# Open rounds in which something was written since their root was made known last.
STALE = """
SELECT r.id FROM scoring_round r
WHERE r.state = 'open' AND EXISTS (
  SELECT FROM (SELECT DISTINCT seat FROM score_sheet WHERE round = r.id) c
  CROSS JOIN LATERAL (SELECT seq FROM ledger_entry WHERE round = r.id AND chain = c.seat ORDER BY seq DESC LIMIT 1) l
  WHERE l.seq > coalesce((SELECT (payload::jsonb #>> ARRAY['heads', c.seat::text, '0'])::bigint FROM ledger_entry
                          WHERE round = r.id AND chain = r.id AND payload::jsonb ->> 'k' IN ('checkpoint', 'lock')
                          ORDER BY seq DESC LIMIT 1), 0))
OR r.state = 'open' AND (
  SELECT max(seq) FROM ledger_entry WHERE round = r.id AND chain = r.id AND payload::jsonb ? 'paper'
) > (
  SELECT coalesce(max(seq), 0) FROM ledger_entry
  WHERE round = r.id AND chain = r.id AND payload::jsonb ->> 'k' IN ('checkpoint', 'lock')
)
"""


@jobs.chore
async def checkpoint() -> None:
    """A chore: the roots of open rounds go into their control chains and, for a machine that keeps it, into the log."""
    for row in await fetch(STALE):
        async with DB.transaction():
            await hold(row["id"])
            if now := await fetch_value(f"SELECT now() FROM ({STALE}) stale WHERE id = $1", row["id"]):
                root = await note_heads(row["id"], "checkpoint", now)
                log.info("score ledger of round %s: root %s", row["id"], root)
                await _send_out(row["id"], root, now)


SENT_TO = """
SELECT r.name, r.cohort, r.root_to, c.time_zone FROM scoring_round r JOIN cohort c ON c.id = r.cohort WHERE r.id = $1
"""


async def _send_out(round_id: UUID, root: str, at: datetime) -> None:
    """A step: the root to the addresses that the organiser has named, such as the mailbox of the commission."""
    row = await fetch_one(SENT_TO, round_id)
    if row is None or not row["root_to"]:
        return
    await record(
        "ledger.root_sent", by=None, at=at, audience=Audience.JURY, cohort=row["cohort"], subject=round_id, live=False,
        round_name=row["name"], root=root,
        aside={"round": row["name"], "path": f"/rounds/{round_id}/ledger", "root": root,
               "addresses": row["root_to"].split(), "their_zone": row["time_zone"]},
    )  # fmt: skip


# --- Reading ----------------------------------------------------------------------------------------------------------


async def root_of(round_id: UUID) -> str:
    """The root of a round as it stands, in hex: what is made known outside."""
    ends = {str(row["chain"]): (row["seq"], row["hash"]) for row in await fetch(ENDS, round_id)}
    return verifier.root_of(str(round_id), ends)


@dataclass(frozen=True, slots=True)
class Milestone:
    """A moment at which the root was made known; `entries` counts the entries of all chains by then."""

    kind: str
    at: datetime
    root: str
    entries: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a ledger tells whoever may see it: nothing that says anything of a value."""

    root: str
    entries: int
    milestones: tuple[Milestone, ...]


CONTROL = """
SELECT seq, hash, payload FROM ledger_entry
WHERE round = $1 AND chain = $1 AND payload::jsonb ->> 'k' IN ('checkpoint', 'lock', 'publish') ORDER BY seq DESC LIMIT 50
"""


async def summary(round_id: UUID) -> Summary:
    """The root as it stands and the last fifty moments at which it was made known, the latest first. Two statements."""
    ends = {str(row["chain"]): (row["seq"], row["hash"]) for row in await fetch(ENDS, round_id)}
    known = tuple(_milestone(round_id, row) for row in await fetch(CONTROL, round_id))
    return Summary(verifier.root_of(str(round_id), ends), sum(length for length, _ in ends.values()), known)


def _milestone(round_id: UUID, row: Any) -> Milestone:
    told = json.loads(row["payload"])
    heads = {seat: (length, bytes.fromhex(head)) for seat, (length, head) in told["heads"].items()}
    heads[str(round_id)] = row["seq"], row["hash"]
    at = EPOCH + timedelta(microseconds=told["at"])
    root = verifier.root_of(str(round_id), heads)
    return Milestone(told["k"], at, root, sum(length for length, _ in heads.values()))


@dataclass(frozen=True, slots=True)
class Receipt:
    """One entry in a juror's own chain, or about his sheet of paper in the round's; `hash` in hex."""

    seq: int
    at: datetime
    team: str
    version: int
    hash: str
    paper: bool = False


SIGNATURES = {"sign": Message("All sheets confirmed"), "unsign": Message("The confirmation taken back")}
RECEIPTS = """
SELECT l.seq, l.payload, l.hash, t.name AS team, p.place FROM ledger_entry l
LEFT JOIN round_project p ON p.id = (l.payload::jsonb ->> 'p')::uuid LEFT JOIN team t ON t.id = p.team
JOIN seat e ON e.round = $1 AND e.person = $2
WHERE l.round = $1 AND (l.chain = e.id OR (l.chain = $1 AND payload::jsonb ? 'paper' AND payload::jsonb ->> 'seat' = e.id::text))
ORDER BY payload::jsonb ->> 'at' DESC, l.seq DESC LIMIT 1000
"""


async def receipts(round_id: UUID, person: UUID, *, blind: bool = False) -> list[Receipt]:
    """What stands in a juror's chain, the latest first; in a `blind` round a number stands for the team."""
    found = [(row, json.loads(row["payload"])) for row in await fetch(RECEIPTS, round_id, person)]
    return [
        Receipt(
            row["seq"],
            EPOCH + timedelta(microseconds=told["at"]),
            number_of(row["place"]) if blind and row["place"] else row["team"] or str(SIGNATURES.get(told["k"], "–")),
            told.get("v", 0),
            row["hash"].hex(),
            "paper" in told,
        )
        for row, told in found
    ]


async def entries(round_id: UUID) -> list[dict[str, Any]]:
    """All entries of a round, as the verifier and the export have them."""
    return [{"round": str(round_id), **row} for row in await fetch(ENTRIES, round_id)]


async def verify(round_id: UUID, root: str | None = None) -> tuple[list[str], str]:
    """What is wrong with the ledger of a round or between it and its score sheets, and its root."""
    found = await fetch_one(BOTH, round_id)
    rows = [{"round": str(round_id), **row} for row in json.loads(found["entries"])] if found else []
    if not rows:
        return [], ""
    ledger = await asyncio.to_thread(verifier.Ledger, rows)
    faults = verifier.strange_root(ledger, root) + ledger.faults
    if ledger.readable:
        faults += _disagreements(ledger, rows, json.loads(found["sheets"]) if found else [])
    return faults, ledger.root


NOT_AS_SENT = Message(
    "The ledger is not the one whose root was made known on {moment}. Nothing is published. Compare it with the letters"
    " that went out, and have an administrator check it: incubator ledger verify."
)
DOES_NOT_VERIFY = Message(
    "The ledger and the score sheets don't agree. Nothing is published. Have an administrator check them: incubator ledger"
    " verify."
)
ANCHORS = """
SELECT a.root, a.at, l.seq, l.hash, l.payload FROM ledger_anchor a
LEFT JOIN ledger_entry l ON l.round = a.round AND l.chain = a.round AND l.seq = a.seq
WHERE a.round = $1 ORDER BY a.seq DESC LIMIT 50
"""


async def demand_as_sent(round_id: UUID) -> None:
    """Pass if the ledger verifies and still comes to the roots that went outside, the latest first. Raises Refused.

    Whoever counts votes compares with what a third party has registered before he counts.
    """
    anchors = await fetch(ANCHORS, round_id)
    wrong = next(
        (row for row in anchors if row["payload"] is None or _milestone(round_id, row).root != row["root"]), None
    )
    if wrong is not None:
        raise Refused(Message(NOT_AS_SENT.msgid, moment=wrong["at"]))
    if (await verify(round_id))[0]:
        raise Refused(DOES_NOT_VERIFY)


def _disagreements(
    ledger: verifier.Ledger, rows: Sequence[dict[str, Any]], sheets: Sequence[dict[str, Any]]
) -> list[str]:
    """Where a score sheet isn't what a replay of the ledger comes to."""
    receipts = {row["hash"] for row in rows} | {None}
    weights = [each["weight"] for each in ledger.terms["criteria"]] if ledger.terms else []
    found = {(sheet["seat"], sheet["project"]): sheet for sheet in sheets}
    wrong = [
        f"{pair[0]} on {pair[1]}: the sheet isn't what the ledger says of it"
        for pair, sheet in found.items()
        if _kept(sheet) != _replayed(ledger.sheets.get(pair), weights) or sheet["receipt"] not in receipts
    ]
    return wrong + [
        f"{seat} on {project}: the sheet is gone" for seat, project in sorted(set(ledger.sheets) - set(found))
    ]


def _kept(sheet: dict[str, Any]) -> tuple[Any, ...]:
    return sheet["state"], list(sheet["marks"]), sheet["total"], sheet["version"]


def _replayed(told: dict[str, Any] | None, weights: Sequence[int]) -> tuple[Any, ...] | None:
    if told is None:
        return None
    marks = told["m"]
    full = bool(marks) and None not in marks and len(marks) == len(weights)
    total = sum(mark * weight for mark, weight in zip(marks, weights, strict=True)) if full else None
    return told["s"], marks, total, told.get("v", 0)


LAST_RECEIPTS = """
SELECT e.person, encode(l.hash, 'hex') AS receipt FROM seat e
LEFT JOIN LATERAL (SELECT hash FROM ledger_entry WHERE round = $1 AND chain = e.id ORDER BY seq DESC LIMIT 1) l ON true
WHERE e.round = $1 AND e.removed_at IS NULL
"""


async def last_receipts(round_id: UUID) -> dict[UUID, str]:
    """The last entry of each juror's own chain, "" where there is none."""
    return {row["person"]: row["receipt"] or "" for row in await fetch(LAST_RECEIPTS, round_id)}
