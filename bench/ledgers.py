"""The score ledger in figures: what it costs, how fast it grows, how fast an auditor checks it."""

import asyncio
import hashlib
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from bench.hall import Round
from bench.limits import Figure
from bench.load import drive
from bench.traffic import Browsers, Request
from incubator.foundation.database import fetch
from incubator.jury.ledger import book, verifier

SECONDS = 4.0  # of each run over HTTP
ALONE = 400  # savings of single sheets, each its own transaction
TIMES = 3  # that every sheet of the round is written for the verifier

SAVE = "UPDATE score_sheet SET state = 'draft', marks = $2, total = $3, version = version + 1, own_version = version + 1 WHERE id = $1"
ALL = """
UPDATE score_sheet SET state = 'draft', marks = $2, total = $3, version = version + 1, own_version = version + 1
WHERE round = $1
"""
PAIRS = (4, 20)


async def saves(port: int, where: Round, browsers: Browsers) -> list[Figure]:
    """Savings over HTTP by jurors who never wait: each is an entry."""
    found = []
    versions = {(person, project): 0 for person, _, projects in where.seats for project in projects}

    def turns(number: int) -> Iterator[bytes]:
        for turn in itertools.count():
            person, _, projects = where.seats[(number + 20 * turn) % len(where.seats)]
            project = projects[2 + number % (len(projects) - 2)]
            known = versions[person, project]
            versions[person, project] += 1
            marks = {
                f"mark_{key}": (known + most) % (most + 1) for key, most in zip(where.keys, where.most, strict=True)
            }
            yield browsers.post(
                person, f"/rounds/{where.id}/projects/{project}", accept="application/json", version=known, act="save",
                comment=f"{known}", **marks,
            )  # fmt: skip

    for connections in PAIRS:
        run = await drive(port, Request("save", turns, status=200), connections, SECONDS)
        found += [
            Figure("ledger", f"entries written by saves, {connections} connections", run.rate, "/s"),
            Figure("ledger", f"a save, {connections} connections, p99", run.quantile(0.99), "ms"),
            Figure("ledger", f"saves refused, {connections} connections", run.wrong, "", 0),
        ]
    return found


async def cost(dsn: str, where: Round) -> list[Figure]:
    """One sheet in one transaction, with the ledger and without it, turn by turn. The round can't be verified after it."""
    connection = await asyncpg.connect(dsn)
    sheets = [row["id"] for row in await fetch("SELECT id FROM score_sheet WHERE round = $1 LIMIT $2", where.id, ALONE)]
    spent = {"ENABLE": 0.0, "DISABLE": 0.0}
    try:
        await _alone(connection, sheets, where)  # warm
        for mode in ("ENABLE", "DISABLE", "ENABLE", "DISABLE"):
            await connection.execute(f"ALTER TABLE score_sheet {mode} TRIGGER ledger")
            spent[mode] += await _alone(connection, sheets, where) / 2
    finally:
        await connection.execute("ALTER TABLE score_sheet ENABLE TRIGGER ledger")
        await connection.close()
    return [
        Figure("ledger", "a sheet written by the database, without the ledger", spent["DISABLE"], "ms"),
        Figure("ledger", "the same with the ledger", spent["ENABLE"], "ms"),
        Figure("ledger", "what the ledger adds to a save", spent["ENABLE"] - spent["DISABLE"], "ms", 2),
    ]


async def _alone(connection: asyncpg.Connection, sheets: list[object], where: Round) -> float:
    """Milliseconds of each."""
    statement = await connection.prepare(SAVE)
    began = time.perf_counter()
    for turn, sheet in enumerate(sheets):
        marks = [1000 * (turn % (most + 1)) for most in where.most]
        await statement.fetch(sheet, marks, None)
    return 1000 * (time.perf_counter() - began) / len(sheets)


async def verifying(dsn: str, where: Round, folder: Path) -> list[Figure]:
    """Write every sheet of the round a few times, then check it as an auditor does: export and the verifier alone."""
    connection = await asyncpg.connect(dsn)
    written, began = 0, time.perf_counter()
    for turn in range(TIMES):
        done = await connection.execute(ALL, where.id, [1000 * (turn % (most + 1)) for most in where.most], None)
        written += int(done.rpartition(" ")[2])
    grew = time.perf_counter() - began
    await connection.close()
    rows, root = await book.entries(where.id), await book.root_of(where.id)
    path = folder / "ledger.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    least = _bare(rows)
    began = time.process_time()  # what others do with the processor is no fault of the verifier's
    faults, _ = verifier.check(rows, root)
    checked = time.process_time() - began
    began = time.perf_counter()
    said = await asyncio.to_thread(_command, path, root)
    whole = time.perf_counter() - began
    return [
        Figure("ledger", "entries written in bulk by the database", written / grew, "/s"),
        Figure(
            "ledger",
            f"entries checked in a second of the processor, of {len(rows):,}",
            len(rows) / checked,
            "/s",
            100_000,
            least=True,
        ),
        Figure("ledger", "checked by the time that reading and hashing them takes", checked / least, "x", 3),
        Figure("ledger", "the same as a command on the exported file", len(rows) / whole, "/s"),
        Figure("ledger", "faults found in it", len(faults) + (said != 0), "", 0),
    ]


def _bare(rows: list[dict[str, str]]) -> float:
    """Processor seconds for what no verifier can do without: two hashes of each entry and the reading of its payload."""
    began = time.process_time()
    for row in rows:
        inner = hashlib.sha256(row["payload"].encode()).digest()
        hashlib.sha256(bytes.fromhex(row["prev"]) + bytes.fromhex(row["nonce"]) + inner).digest()
        json.loads(row["payload"])
    return time.process_time() - began


def _command(path: Path, root: str) -> int:
    words = [sys.executable, "-I", "-S", str(Path(verifier.__file__)), str(path), root]
    return subprocess.run(words, check=False, stdout=subprocess.DEVNULL, timeout=120).returncode
