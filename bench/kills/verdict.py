"""What became of everything, held against the jurors' own record."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from bench.hall import Round
from bench.kills.jurors import Receipt, Record
from incubator.foundation.database import fetch, fetch_one
from incubator.jury.ledger import book, verifier

ENTRIES = """
SELECT chain, seq, payload, encode(hash, 'hex') AS hash FROM ledger_entry
WHERE round = $1 AND chain <> $1 ORDER BY chain, seq
"""
CONTROL = "SELECT seq, hash FROM ledger_entry WHERE round = $1 AND chain = $1 ORDER BY seq DESC LIMIT 1"
JOURNAL = """
SELECT count(*) AS rows FROM journal_entry j JOIN score_sheet s ON s.id = j.subject
WHERE s.round = $1 AND j.verb IN ('sheet.saved', 'sheet.handed_in')
"""


@dataclass
class Verdict:
    """What one run under kills came to. Seconds are wall time; `bad` says in words what must not be."""

    kills: dict[str, int]
    seconds: float = 0.0
    presses: int = 0
    tries: int = 0
    acknowledged: int = 0
    entries: int = 0
    unanswered: int = 0
    recovered: int = 0
    lost: int = 0
    altered: int = 0
    doubled: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    unavailable: int = 0
    back_after: dict[str, float] = field(default_factory=dict)
    letters: int = 0
    letters_missing: int = 0
    letters_twice: int = 0
    bad: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Nothing lost, nothing doubled, nothing said that may not be said."""
        return not (self.lost or self.altered or self.doubled or self.bad)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"good": self.good, **asdict(self)}


async def judge(verdict: Verdict, where: Round, record: Record) -> None:
    """Read what is in the database and hold it against the record. Needs the pool."""
    receipts = {each.hash: each for each in record.receipts}
    rows = [(row, json.loads(row["payload"])) for row in await fetch(ENTRIES, where.id)]
    stored = {row["hash"]: (row["chain"], told) for row, told in rows if told["k"] == "sheet"}
    verdict.presses, verdict.tries = record.presses, record.tries
    verdict.acknowledged, verdict.entries = len(receipts), len(stored)
    verdict.unanswered, verdict.recovered = record.unanswered, record.recovered
    verdict.statuses = dict(sorted(record.statuses.items()))
    verdict.lost = sum(each not in stored for each in receipts)
    verdict.altered = sum(each in stored and not _same(receipt, *stored[each]) for each, receipt in receipts.items())
    verdict.doubled = max(0, len(stored) - record.presses) or _twice(record)
    verdict.bad += [f"{count} times: {words}" for words, count in Counter(record.strange).most_common(10)]
    root = None if verdict.lost or verdict.doubled else await _root(where, record)
    faults, _ = await book.verify(where.id, root)
    verdict.bad += faults[:10]
    kept = await fetch_one(JOURNAL, where.id)
    if kept is None or kept["rows"] != len(stored):
        verdict.bad.append(f"{kept and kept['rows']} rows of the journal for {len(stored)} entries")


def _same(receipt: Receipt, chain: UUID, told: dict[str, Any]) -> bool:
    sent = receipt.seat, str(receipt.project), receipt.version, list(receipt.marks)
    return sent == (chain, told["p"], told["v"], told["m"])


def _twice(record: Record) -> int:
    """Presses that got two receipts: those of one double click must be the same."""
    said = {(each.seat, each.project, each.version): each.hash for each in record.receipts}
    return len({each.hash for each in record.receipts}) - len(said)


async def _root(where: Round, record: Record) -> str:
    """The root as the jurors know it: each has counted his receipts and kept the last. Only the control chain is asked for."""
    heads = {str(seat): (0, verifier.genesis(str(where.id), str(seat))) for _, seat, _ in where.seats}
    seen: dict[str, set[str]] = {}
    for each in record.receipts:
        own = seen.setdefault(str(each.seat), set())
        own.add(each.hash)
        heads[str(each.seat)] = len(own), bytes.fromhex(each.hash)
    control = await fetch_one(CONTROL, where.id)
    if control is not None:
        heads[str(where.id)] = control["seq"], control["hash"]
    return verifier.root_of(str(where.id), heads)


def words(title: str, verdict: Verdict) -> str:
    """A verdict in a few lines."""
    kills = ", ".join(f"{count} of {kind}" for kind, count in verdict.kills.items() if count)
    back = ", ".join(f"{kind} {seconds:.1f}" for kind, seconds in verdict.back_after.items())
    lines = [
        f"{title}: {'ok' if verdict.good else 'NOT OK'}; {sum(verdict.kills.values())} kills ({kills}) in {verdict.seconds:.0f} s",
        f"  {verdict.presses:,} presses, {verdict.tries:,} tries, {verdict.acknowledged:,} acknowledged, {verdict.entries:,} entries",
        f"  {verdict.unanswered:,} tries without an answer, {verdict.recovered:,} of them recorded all the same",
        f"  lost {verdict.lost}, altered {verdict.altered}, doubled {verdict.doubled}; answers {verdict.statuses}",
        f"  longest until something was acknowledged again, in seconds: {back}",
        f"  letters: {verdict.letters} written, {verdict.letters_missing} missing, {verdict.letters_twice} taken twice",
    ]
    return "\n".join([*lines, *(f"  BAD {each}" for each in verdict.bad)])
