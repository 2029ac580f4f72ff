"""Checks the score ledger of one round: two pages to be read before they are trusted, and Python's standard library alone.

    python short_verifier.py ledger.jsonl ROOT

ROOT is the root of the round as it was made known outside the site: in the minutes, in a letter to the jury, on the screen.

1. Every entry holds the hash of the one before it in its chain: a chain for each juror's seat and one for the round.
2. The ends of all chains come to ROOT, today or at a lock, publication or checkpoint that the round's chain holds.
3. Behind a lock no juror wrote on, unless the round or his sheet was opened again.
4. In nobody's sheet stand marks that he never gave, unless they were typed from his paper.
5. Each published total follows from the marks, exactly, and the places follow from the totals.

What it leaves to verifier.py: scales, confirmations by jurors, the readings of paper, and saying which entry is missing.
"""

import hashlib
import json
import sys
import uuid
from fractions import Fraction
from pathlib import Path
from typing import Any

TAG = b"incubator.score.v1"


def sha(*parts: bytes) -> bytes:
    """SHA-256 over byte strings, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def number(text: str) -> bytes:
    """The sixteen bytes of a round's or chain's id."""
    return uuid.UUID(text).bytes


def root_of(round_id: str, heads: dict[str, tuple[int, bytes]]) -> str:
    """The root of a round from {chain: (entries, hash of the last)}."""
    ends = [number(chain) + heads[chain][0].to_bytes(8, "big") + heads[chain][1] for chain in sorted(heads, key=number)]
    return sha(TAG, b" root", number(round_id), len(ends).to_bytes(4, "big"), *ends).hex()


def follow(rows: list[dict[str, Any]], faults: list[str]) -> tuple[dict[str, list[bytes]], dict[str, list[Any]]]:
    """The hashes of each chain, the one that it starts from included, and what its entries say."""
    hashes: dict[str, list[bytes]] = {}
    said: dict[str, list[Any]] = {}
    for row in sorted(rows, key=lambda row: (row["chain"], row["seq"])):
        round_id, chain = number(row["round"]), row["chain"]
        seen = hashes.setdefault(chain, [sha(TAG, b" genesis", round_id, number(chain))])
        place = round_id + number(chain) + len(seen).to_bytes(8, "big")
        right = sha(TAG, b"\0", place, seen[-1], bytes.fromhex(row["nonce"]), sha(row["payload"].encode()))
        if (row["seq"], row["prev"], row["hash"]) != (len(seen), seen[-1].hex(), right.hex()):
            faults.append(f"{chain} {row['seq']}: was changed, or the one before it was, or one is missing")
        seen.append(bytes.fromhex(row["hash"]))
        said.setdefault(chain, []).append(json.loads(row["payload"]))
    return hashes, said


def roots(round_id: str, hashes: dict[str, list[bytes]], control: list[Any], faults: list[str]) -> list[str]:
    """All roots that were ever to be made known, that of now the last; on the way: what was written behind a lock."""
    seats = {seat for entry in control for seat in entry.get("deal", {})}
    for chain in seats - set(hashes):  # nobody wrote there
        hashes[chain] = [sha(TAG, b" genesis", number(round_id), number(chain))]
    now = {"k": "now", "heads": {c: [len(own) - 1, own[-1].hex()] for c, own in hashes.items() if c != round_id}}
    last: dict[str, tuple[int, bytes]] = {}
    found, shut = [], False
    for seq, entry in enumerate([*control, now], 1):
        if "heads" in entry:
            heads = {chain: (length, bytes.fromhex(head)) for chain, (length, head) in entry["heads"].items()}
            wrong = [c for c, (length, head) in heads.items() if hashes[c][length : length + 1] != [head]]
            faults += [f"{chain}: was another at entry {seq} of the round" for chain in wrong]
            grown = [chain for chain in heads if shut and heads[chain][0] != last.get(chain, (0, b""))[0]]
            faults += [f"{chain}: written in after the lock" for chain in grown]
            end = min(seq, len(control))
            found.append(root_of(round_id, heads | {round_id: (end, hashes[round_id][end])}))
            last = heads
        shut = (shut or entry["k"] in ("lock", "publish")) and entry["k"] not in ("unlock", "reopen")
    return found


def replay(round_id: str, said: dict[str, list[Any]], faults: list[str]) -> dict[tuple[str, str], Any]:
    """Each sheet, by seat and project, as it stands in the end."""
    acts = [(act.get("seat", chain), chain, act) for chain, own in said.items() for act in own if act["k"] == "sheet"]
    sheets: dict[tuple[str, str], Any] = {}
    given: dict[tuple[str, str], list[Any]] = {}
    for seat, chain, act in sorted(acts, key=lambda each: each[2]["v"]):
        own = given.setdefault((seat, act["p"]), [[]])
        if chain == round_id and "paper" not in act and act["m"] not in own:
            faults.append(f"{seat} on {act['p']}: marks that its juror never gave")
        own.append(act["m"])
        sheets[seat, act["p"]] = act
    return sheets


def total(project: str, dealt: set[tuple[str, str]], sheets: dict[Any, Any], terms: Any) -> tuple[Fraction | None, int]:
    """The total of a project, rounded as the rule says, and over how many sheets; None: not assessed."""
    rule, weights = terms["rule"], [each["weight"] for each in terms["criteria"]]
    own = [sheets.get(pair, {"s": "empty"}) for pair in dealt if pair[1] == project]
    full = [act["m"] for act in own if act["s"] == "handed_in"]
    sums = sorted(sum(m * weight for m, weight in zip(marks, weights, strict=True)) for marks in full)
    waits = rule["closing"] == "not_assessed" and any(act["s"] in ("empty", "draft") for act in own)
    if waits or len(full) < rule["minimum"]:
        return None, len(full)
    sums = sums[1:-1] if rule["aggregate"] == "trimmed_mean" and len(sums) >= 5 else sums
    unit = 1000 * sum(weights) * (1 if rule["aggregate"] == "sum" else len(sums))
    points = Fraction(sum(sums), unit) * 10 ** rule["decimals"]
    whole = points + Fraction(1, 2) if rule["rounding"] == "half_up" else round(points)  # `round`: half to even
    return Fraction(whole // 1, 10 ** rule["decimals"]), len(full)


def check(rows: list[dict[str, Any]], known: str) -> list[str]:
    """What is wrong with the entries of a round whose root was made known, as lines."""
    faults: list[str] = []
    round_id = rows[0]["round"]
    hashes, said = follow(rows, faults)
    control = said[round_id]
    if known.lower() not in (ever := roots(round_id, hashes, control, faults)):
        faults.append(f"the root is {ever[-1]} and never was {known}")
    sheets = replay(round_id, said, faults)
    dealt = {(seat, p) for entry in control for seat, projects in entry.get("deal", {}).items() for p in projects}
    for entry in (each for each in control if each["k"] == "publish"):
        places = []
        for row in entry["ranking"]:
            found, over = (None, 0) if row["barred"] else total(row["p"], dealt, sheets, control[0])
            if found != (None if row["t"] is None else Fraction(row["t"])) or (row["t"] and over != row["n"]):
                faults.append(f"{row['p']}: {row['t']} was published, it is {found} over {over} sheets")
            places += [] if found is None else [(row["place"], -found)]
        if [points for _, points in sorted(places)] != sorted(points for _, points in places):
            faults.append("the published places don't follow the totals")
    return faults


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        wrong = check(list(map(json.loads, Path(sys.argv[1]).read_text("utf-8").splitlines())), sys.argv[2])
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as fault:
        sys.exit(f"{sys.argv[1]} can't be read as a ledger: {fault!r}")
    if wrong:
        sys.exit("\n".join(wrong))
    print("All is well.")  # noqa: T201
