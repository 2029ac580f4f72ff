"""Ledgers told by hand: whole rounds with honest hashes, for whoever wants to spoil them."""

import hashlib
import json
import random
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

RULE = {"aggregate": "mean", "minimum": 2, "closing": "close_with_gaps", "decimals": 2, "rounding": "half_up"}
CRITERIA = [{"weight": w, "min": 0, "max": 10_000, "step": 1000} for w in (3, 2, 1)]


def digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


class Book:
    """Writes chains as the format says, in code that shares nothing with the verifier."""

    def __init__(self, chance: random.Random, seats: int, projects: int, rule: Mapping[str, Any] = RULE) -> None:
        self.chance = chance
        self.round, *ids = (str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(1 + seats + projects))
        self.seats, self.projects = ids[:seats], ids[seats:]
        self.rows: list[dict[str, Any]] = []
        self.versions: dict[tuple[str, str], int] = {}
        self.marks: dict[tuple[str, str], Sequence[int | None]] = {}
        deal = dict.fromkeys(self.seats, self.projects)
        self.control(k="open", criteria=CRITERIA, rule=dict(rule), projects=self.projects)
        self.control(k="deal", deal=deal)

    def last(self, chain: str) -> tuple[int, bytes]:
        own = [row for row in self.rows if row["chain"] == chain]
        if own:
            return own[-1]["seq"], bytes.fromhex(own[-1]["hash"])
        return 0, digest(b"incubator.score.v1 genesis", uuid.UUID(self.round).bytes, uuid.UUID(chain).bytes)

    def write(self, chain: str, payload: Mapping[str, Any]) -> None:
        length, prev = self.last(chain)
        text, nonce = json.dumps(payload, separators=(",", ":"), sort_keys=True), self.chance.randbytes(16)
        self.rows.append({"round": self.round, "chain": chain, "seq": length + 1, "prev": prev.hex(), "nonce": nonce.hex(),
                          "payload": text, "hash": ""})  # fmt: skip
        seal(self.rows[-1])

    def control(self, **payload: Any) -> None:
        self.write(self.round, payload)

    def sheet(
        self, seat: str, project: str, marks: Sequence[int | None], state: str = "handed_in", *, own: bool = True
    ) -> None:
        version = self.versions[seat, project] = self.versions.get((seat, project), 0) + 1
        self.marks[seat, project] = marks
        payload = {"k": "sheet", "p": project, "s": state, "m": marks, "v": version, "at": len(self.rows)}
        self.write(seat, payload) if own else self.control(**payload, seat=seat, back=False)

    def sign(self, seat: str, kind: str = "sign") -> None:
        own = {project: version for (each, project), version in self.versions.items() if each == seat}
        self.write(seat, {"k": kind, "at": len(self.rows), **({"sheets": own} if kind == "sign" else {})})

    def close(self, kind: str, **more: Any) -> None:
        heads = {seat: [length, head.hex()] for seat in self.seats for length, head in [self.last(seat)]}
        self.control(k=kind, heads=heads, **more)

    def root(self) -> str:
        chains = sorted([self.round, *self.seats], key=lambda each: uuid.UUID(each).bytes)
        parts = [b"incubator.score.v1 root", uuid.UUID(self.round).bytes, len(chains).to_bytes(4, "big")]
        for chain in chains:
            length, head = self.last(chain)
            parts += [uuid.UUID(chain).bytes, length.to_bytes(8, "big"), head]
        return digest(*parts).hex()


def seal(row: dict[str, Any]) -> None:
    """Give an entry the hash that belongs to it."""
    place = uuid.UUID(row["round"]).bytes + uuid.UUID(row["chain"]).bytes + row["seq"].to_bytes(8, "big")
    content = bytes.fromhex(row["prev"]) + bytes.fromhex(row["nonce"]) + digest(row["payload"].encode())
    row["hash"] = digest(b"incubator.score.v1\0", place, content).hex()


def reseal(rows: Sequence[dict[str, Any]]) -> None:
    """What a forger with all the time in the world does: number, link and hash every chain anew."""
    ends: dict[str, tuple[int, bytes]] = {}
    for row in rows:
        start = digest(b"incubator.score.v1 genesis", uuid.UUID(row["round"]).bytes, uuid.UUID(row["chain"]).bytes)
        length, prev = ends.get(row["chain"], (0, start))
        row["seq"], row["prev"] = length + 1, prev.hex()
        seal(row)
        ends[row["chain"]] = row["seq"], bytes.fromhex(row["hash"])


def told(seed: int, seats: int = 5, projects: int = 4) -> Book:
    """A round from its opening to its publication, with drafts, changes, a conflict and somebody who was silent."""
    chance = random.Random(seed)
    book = Book(chance, seats, projects)
    for seat in book.seats[1:]:
        for project in book.projects:
            if chance.random() < 0.3:
                book.sheet(seat, project, [None, 1000 * chance.randrange(11), None], "draft")
            book.sheet(seat, project, [1000 * chance.randrange(11) for _ in CRITERIA])
        if chance.random() < 0.3:
            book.close("checkpoint")
    conflicted = book.seats[1], book.projects[0]
    book.sheet(*conflicted, book.marks[conflicted], "recused", own=False)
    book.close("lock")
    publish(book)
    return book


def publish(book: Book) -> None:
    """The ranking of all sheets that count, by plain sums."""
    state = {}
    for row in book.rows:
        act = json.loads(row["payload"])
        if act["k"] == "sheet":
            state[act.get("seat", row["chain"]), act["p"]] = act
    ranking = []
    for project in book.projects:
        full = [act["m"] for (_, p), act in state.items() if p == project and act["s"] == "handed_in"]
        cents = sum(3 * a + 2 * b + c for a, b, c in full) / 6 / len(full) / 10 if full else 0
        total = f"{int(cents + 0.5 + 1e-9) / 100:.2f}" if len(full) >= RULE["minimum"] else None
        ranking.append({"p": project, "n": len(full), "t": total})
    placed = sorted((row for row in ranking if row["t"]), key=lambda row: -float(row["t"]))
    for place, row in enumerate(placed, 1):
        row["place"] = place
    book.close("publish", ranking=[{"place": None, "barred": False, **row} for row in ranking])
