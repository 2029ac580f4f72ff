"""Checks the score ledger of one round. It needs Python's standard library and the export, and nothing of the product.

    python verifier.py ledger.jsonl [ROOT]

`ledger.jsonl` has one entry on a line: round, chain, seq, prev, nonce, payload, hash (bytes in hex, the payload as the
exact text that was hashed). ROOT is the root as it was made known outside: in the minutes, in the letters to the jury,
on the screen in the hall. Without it a forger who writes all hashes anew goes unnoticed. Exit code 0: all is well; 1: it
is not, and what is wrong is printed; 2: the file can't be read.

A chain is a juror's seat, or the round itself (its control chain). Each entry carries the hash of the one before it. The
first control entry, `open`, names criteria, rule and projects; `deal` says which seat scores what. A `sheet` entry is
all of a sheet at one version: in the juror's own chain what he did, in the control chain what befell it (conflict, void,
given back), which changes no mark. With `sign` a juror confirms his sheets as they stand ({project: version}); until
`unsign` he writes on none, unless it was given back to him. `checkpoint`, `lock` and `publish` hold the heads of all other chains then.

A `sheet` entry with `paper` is a juror's signed sheet of paper: `paper` lists who read it, which reading it was and the
marks. Two readings that agree are the marks; where they differ, a settled one is. It stands in the control chain, only
where the juror had written nothing himself, and never behind the lock or on a confirmed sheet.
"""

import contextlib
import functools
import gc
import hashlib
import itertools
import json
import operator
import sys
import uuid
from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

TAG = b"incubator.score.v1"
HEADS = ("checkpoint", "lock", "publish")
OPENS_AGAIN = ("unlock", "reopen")
READER = json.JSONDecoder()
STANDS = ("recused", "void")  # no juror writes on such a sheet


def sha(*parts: bytes) -> bytes:
    """SHA-256 over byte strings, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def read(payload: str) -> dict[str, Any]:
    """A payload as the database writes it, without a blank before or after: half the work of `json.loads`."""
    found: tuple[dict[str, Any], int] = READER.raw_decode(payload)
    if found[1] != len(payload) or not isinstance(found[0], dict):
        raise ValueError("no payload of ours")
    return found[0]


@functools.cache  # the same few come with every entry
def number(text: str) -> bytes:
    """The sixteen bytes of a round's, chain's or project's id."""
    return uuid.UUID(text).bytes


def genesis(round_id: str, chain: str) -> bytes:
    """What the first entry of a chain follows."""
    return sha(TAG, b" genesis", number(round_id), number(chain))


def entry_hash(place: bytes, prev: bytes, nonce: bytes, payload: str) -> bytes:
    """The hash of an entry behind `prev`; `place` is round, chain and number (8 bytes, the highest first)."""
    return sha(TAG, b"\0", place, prev, nonce, sha(payload.encode()))


def root_of(round_id: str, heads: dict[str, tuple[int, bytes]]) -> str:
    """The root of a round from {chain: (length, hash)}; chains nobody wrote in have the length 0."""
    parts = [TAG, b" root", number(round_id), len(heads).to_bytes(4, "big")]
    for chain in sorted(heads, key=number):
        length, head = heads[chain]
        parts += [number(chain), length.to_bytes(8, "big"), head]
    return sha(*parts).hex()


class Ledger:
    """The entries of a round, checked; `faults` says what is wrong, `root` is what they come to."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.faults: list[str] = []
        self.readable = True
        self.sheets: dict[tuple[str, str], dict[str, Any]] = {}
        self.chains: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.hashes: dict[str, list[bytes]] = {}
        rows = sorted(rows, key=lambda row: (row["chain"], row["seq"]))
        self.round = next((row["round"] for row in rows), str(uuid.UUID(int=0)))
        for chain, written in itertools.groupby(rows, key=lambda row: row["chain"]):
            self._follow(chain, written)
        self.control = self.chains.get(self.round, [])
        self.terms = self.control[0] if self.control and self.control[0].get("k") == "open" else {}
        self.seats = self._dealt()
        for chain in {self.round, *self.seats}:
            self.hashes.setdefault(chain, [genesis(self.round, chain)])
        self.heads = {chain: (len(hashes) - 1, hashes[-1]) for chain, hashes in self.hashes.items()}
        self.root = root_of(self.round, self.heads)
        if not self.terms:
            self.faults.append("the round has no opening: nothing says who was to score what")
            return
        try:
            self.scales = [{None, *range(on["min"], on["max"] + 1, on["step"])} for on in self.terms["criteria"]]
            for step in (self._roster, self._heads, self._sheets, self._signatures, self._published):
                step()
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as fault:
            self._unreadable(self.round, fault)

    def _unreadable(self, where: str, fault: Exception) -> None:
        """What nobody but a forger writes; the rest can't be compared then."""
        self.faults.append(f"{where}: what is written there can't be read: {fault!r}")
        self.readable = False

    def _dealt(self) -> list[str]:
        """The seats that got something to score."""
        try:
            return sorted({seat for entry in self.control for seat in entry.get("deal", {})}, key=number)
        except (AttributeError, TypeError, ValueError) as fault:
            self._unreadable(self.round, fault)
            return []

    def _follow(self, chain: str, rows: Iterable[dict[str, Any]]) -> None:
        """Each entry belongs to its hash and follows the one before it."""
        entries, seen = self.chains[chain], [genesis(self.round, chain)]
        self.hashes[chain] = seen
        where = number(self.round) + number(chain)
        for row in rows:
            seq, prev, payload = row["seq"], bytes.fromhex(row["prev"]), row["payload"]
            right = entry_hash(where + seq.to_bytes(8, "big"), prev, bytes.fromhex(row["nonce"]), payload)
            if row["round"] != self.round:
                self.faults.append(f"{chain} {seq}: of another round")
            elif seq != len(seen):
                self.faults.append(f"{chain} {seq}: entry {len(seen)} is missing, or there are two")
            elif prev != seen[-1]:
                self.faults.append(f"{chain} {seq}: doesn't follow the entry before it")
            elif right.hex() != row["hash"]:
                self.faults.append(f"{chain} {seq}: its content doesn't belong to its hash")
            seen.append(bytes.fromhex(row["hash"]))
            try:
                entries.append(read(payload))
            except ValueError as fault:
                self._unreadable(f"{chain} {seq}", fault)

    def _roster(self) -> None:
        strangers = sorted(set(self.chains) - {self.round, *self.seats})
        self.faults += [f"{chain}: a chain of nobody's" for chain in strangers]
        self.faults += [f"{self.round}: opened twice" for entry in self.control[1:] if entry["k"] == "open"]
        self.dealt = {(seat, p) for entry in self.control for seat, ps in entry.get("deal", {}).items() for p in ps}

    def _heads(self) -> None:
        """Checkpoints fit the chains; behind a lock nothing grew, unless the round or a sheet was opened again."""
        last: dict[str, Any] = {}
        shut = False
        ends: list[dict[str, Any]] = [
            {"k": "end", "heads": {c: [n, h.hex()] for c, (n, h) in self.heads.items() if c != self.round}}
        ]
        for place, entry in enumerate([*self.control, *ends], 1):
            heads = entry.get("heads", {})
            if entry["k"] in (*HEADS, "end"):
                for chain, (length, head) in heads.items():
                    known = self.hashes.get(chain, [])
                    if length >= len(known) or known[length].hex() != head:
                        self.faults.append(f"{self.round} {place}: {chain} was {length} long and ended otherwise")
                grown = [chain for chain, (length, _) in heads.items() if shut and length != last.get(chain, [0])[0]]
                self.faults += [f"{chain}: written in after the lock" for chain in grown]
                last = heads
            if shut and "paper" in entry:
                self.faults.append(f"{entry['seat']} on {entry['p']}: typed from paper after the lock")
            shut = (shut or entry["k"] in {"lock", "publish"}) and entry["k"] not in OPENS_AGAIN

    def _sheets(self) -> None:
        acts: dict[tuple[str, str], dict[int, dict[str, Any]]] = defaultdict(dict)
        for chain, entries in self.chains.items():
            for entry in entries:
                if entry["k"] != "sheet":
                    continue
                seat = entry["seat"] if chain == self.round else chain
                sheet = acts[seat, entry["p"]]
                if entry["v"] in sheet:
                    self.faults.append(f"{seat} on {entry['p']}: version {entry['v']} twice")
                entry["own"] = chain != self.round
                sheet[entry["v"]] = entry
        self.sheets = {pair: self._replay(pair, acts.get(pair, {})) for pair in self.dealt | set(acts)}

    def _signatures(self) -> None:
        """What a juror confirmed is what stood in his chain, and nothing of it changed while it stood confirmed."""
        back = {(entry.get("seat"), entry.get("p")) for entry in self.control if entry.get("back")}
        for seat in self.seats:
            written: dict[str, int] = {}
            signed = False
            confirmed: dict[str, int] = {}
            for entry in self.chains.get(seat, []):
                if entry["k"] == "sheet":
                    written[entry["p"]] = entry["v"]
                    if signed and (seat, entry["p"]) not in back:
                        self.faults.append(f"{seat} on {entry['p']}: written on a sheet that was confirmed")
                elif entry["k"] == "sign" and any(entry["sheets"].get(p, 0) < v for p, v in written.items()):
                    self.faults.append(f"{seat}: confirmed something else than what stood there")
                elif entry["k"] not in {"sign", "unsign"}:
                    self.faults.append(f"{seat}: an entry of an unknown kind")
                signed = entry["k"] == "sign" or (signed and entry["k"] != "unsign")
                confirmed = entry.get("sheets", confirmed)
            self.faults += [
                f"{seat} on {entry['p']}: typed from paper on a sheet that was confirmed"
                for entry in self.control
                if signed and "paper" in entry and entry["seat"] == seat and entry["v"] > confirmed.get(entry["p"], 0)
            ]

    def _replay(self, pair: tuple[str, str], acts: dict[int, dict[str, Any]]) -> dict[str, Any]:
        now: dict[str, Any] = {"s": "empty", "m": []}
        lent: list[list[Any]] = []  # the marks with which a sheet of a locked round was given back: it may be closed so
        if pair not in self.dealt:
            self.faults.append(f"{pair[0]} on {pair[1]}: a sheet that was not dealt")
        for version, (found, act) in enumerate(sorted(acts.items()), 1):
            wrong: list[str] = []
            if found != version:
                wrong.append(f"version {version} is missing")
            if act["own"] and now["s"] in STANDS:
                wrong.append(f"written on a sheet that was {now['s']}")
            if "paper" in act:
                wrong += self._paper(now, act)
            elif not act["own"] and act["m"] not in [now["m"], *lent]:
                wrong.append("marks were changed by somebody else")
            if not self._on_scale(act):
                wrong.append("a mark off its scale, or missing on a sheet that is handed in")
            self.faults += [f"{pair[0]} on {pair[1]}, version {found}: {each}" for each in wrong]
            if not act["own"]:
                lent = [act["m"]] if act["back"] else []
            now = act
        return now

    def _paper(self, before: dict[str, Any], act: dict[str, Any]) -> list[str]:
        """Paper is entered as two readings say it, and never over what its juror wrote himself."""
        read = {reading: marks for _, reading, marks in act["paper"] or []}
        both = "first" in read and "second" in read and len(read) == len(act["paper"])
        agreed = read.get("second") if read.get("first") == read.get("second") else read.get("settled")
        wrong = []
        if act["own"] or act["s"] != "handed_in" or not both or act["m"] != agreed:
            wrong.append("isn't what was read from paper")
        if before["s"] not in ("empty", "draft") or any(mark is not None for mark in before["m"]):
            wrong.append("paper came over what the juror had written")
        return wrong

    def _on_scale(self, act: dict[str, Any]) -> bool:
        marks = act["m"] or [None] * len(self.scales)
        if len(marks) != len(self.scales) or (act["s"] == "handed_in" and None in marks):
            return False
        return all(map(operator.contains, self.scales, marks))

    def result(self, project: str) -> tuple[Fraction | None, int]:
        """The exact result of a project in points, None where it is not assessed, and how many sheets it rests on."""
        rule, criteria = self.terms["rule"], self.terms["criteria"]
        own = [sheet for (_, p), sheet in self.sheets.items() if p == project]
        full = [sheet["m"] for sheet in own if sheet["s"] == "handed_in"]
        totals = sorted(sum(m * c["weight"] for m, c in zip(marks, criteria, strict=True)) for marks in full)
        gaps = any(sheet["s"] in ("empty", "draft") for sheet in own) and rule["closing"] == "not_assessed"
        number = len(totals)
        if number < rule["minimum"] or gaps:
            return None, number
        if rule["aggregate"] == "trimmed_mean" and number >= 5:
            totals = totals[1:-1]
        share = 1 if rule["aggregate"] == "sum" else len(totals)
        return Fraction(sum(totals), share * 1000 * sum(c["weight"] for c in criteria)), number

    def _published(self) -> None:
        for entry in (each for each in self.control if each["k"] == "publish"):
            places = []
            for row in entry["ranking"]:
                exact, number = self.result(row["p"])
                total = None if exact is None or row["barred"] else self._rounded(exact)
                if total != row["t"] or (total is not None and number != row["n"]):
                    was = f"{row['t']} over {row['n']} sheets was published"
                    self.faults.append(f"{row['p']}: {was}; it is {total} over {number}")
                if total is not None:
                    places.append((row["place"], -Decimal(total)))
            by_total = [total for _, total in sorted(places)]
            if by_total != sorted(by_total):
                self.faults.append("the places that were published don't follow the totals")
            if sorted(row["p"] for row in entry["ranking"]) != sorted(self.terms["projects"]):
                self.faults.append("the published ranking lacks projects, or has others")

    def _rounded(self, exact: Fraction) -> str:
        rule = self.terms["rule"]
        middle = ROUND_HALF_UP if rule["rounding"] == "half_up" else ROUND_HALF_EVEN
        # The digit behind the last one and whether anything follows it decide; both are exact.
        scaled = exact * 10 ** (rule["decimals"] + 1)
        digits = Decimal(scaled.numerator // scaled.denominator)
        if scaled.denominator != 1 and digits % 5 == 0:
            digits += Decimal("0.1")
        unit = Decimal(1).scaleb(-rule["decimals"])
        return str(digits.scaleb(-rule["decimals"] - 1).quantize(unit, middle, Context(prec=60)))


def earlier_roots(ledger: Ledger) -> set[str]:
    """What was made known at each checkpoint, lock and publication, from the heads that stand there (`_heads` checks them)."""
    found = set()
    noted = [(seq, entry) for seq, entry in enumerate(ledger.control, 1) if ledger.readable and entry.get("k") in HEADS]
    for seq, entry in noted:
        with contextlib.suppress(ArithmeticError, AttributeError, LookupError, TypeError, ValueError):  # of a forger
            heads = {chain: (length, bytes.fromhex(head)) for chain, (length, head) in entry["heads"].items()}
            heads[ledger.round] = (seq, ledger.hashes[ledger.round][seq])
            found.add(root_of(ledger.round, heads))
    return found


def strange_root(ledger: Ledger, root: str | None) -> list[str]:
    """The line to print where the root that was made known is neither that of now nor an earlier one."""
    known = root is None or root.lower() in {ledger.root, *earlier_roots(ledger)}
    return [] if known else [f"the root is {ledger.root}, made known was {root}, which it never was"]


def check(rows: list[dict[str, Any]], root: str | None = None) -> tuple[list[str], str]:
    """What is wrong with the entries of a round, as lines, and their root; `root` is the one that was made known."""
    collects = gc.isenabled()
    gc.disable()  # nothing of what is read is thrown away before the end; looking for it takes a third of the time
    try:
        ledger = Ledger(rows)
    finally:
        if collects:
            gc.enable()
    return strange_root(ledger, root) + ledger.faults, ledger.root


def main(words: list[str]) -> int:
    """The command."""
    if not 1 <= len(words) <= 2:
        print(__doc__)  # noqa: T201
        return 2
    try:
        with Path(words[0]).open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        faults, root = check(rows, *words[1:])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        print(f"{words[0]} can't be read as a ledger: {fault!r}", file=sys.stderr)  # noqa: T201
        return 2
    print(f"{len(rows)} entries, root {root}")  # noqa: T201
    well = "All is well" + ("." if words[1:] else " within itself; compare the root with the published one.")
    if words[1:] and words[1].lower() != root:
        well = "All is well. This was the root earlier; what came after it is added to it and follows the rules."
    print("\n".join(faults[:50]) or well)  # noqa: T201
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
