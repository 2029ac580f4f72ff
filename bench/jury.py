"""The jury at its largest: analysis, allocation, papers, ledger, the pitch minute, everybody at once. `make bench` runs it too.

    python -m bench.jury                        # everything, about four minutes
    python -m bench.jury --only pitch --jurors 200 --no-save

Exit code 1 where a limit is broken.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench import allocations, analyse, ledgers, limits, machine, papers, pitch, serve
from bench.hall import Round, hall, opened
from bench.limits import Figure
from bench.traffic import HOST, Browsers
from incubator.foundation import database
from incubator.serving import raise_file_limit

PARTS = ("analysis", "allocation", "papers", "pitch", "at once", "ledger")
TEAMS = 19


def options() -> argparse.Namespace:
    """The words of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.jury", description=__doc__)
    parser.add_argument("--only", default="", help=f"parts, with commas between them: {', '.join(PARTS)}")
    parser.add_argument("--jurors", type=int, default=1000, help="in the hall (%(default)s)")
    parser.add_argument("--no-save", action="store_true", help="leave jury.json and JURY.md as they are")
    words = parser.parse_args()
    if not 20 <= words.jurors <= 3000:
        parser.error("--jurors must be 20 to 3,000")
    words.parts = set(filter(None, words.only.split(","))) or set(PARTS)
    return words


def analysis() -> list[Figure]:
    """`incubator analyse` on 73,000 marks, and a school's panel."""
    with tempfile.TemporaryDirectory(prefix="incubator-bench-") as folder:
        path = analyse.table(Path(folder))
        top = analyse.ceiling()
        runs = [analyse.command(path) for _ in range(2)]
        cost, _ = analyse.fitted(path)
        top = min(top, analyse.ceiling())
    return [
        Figure(
            "analysis", "73,000 marks of 3,000 jurors on 1,100 projects: the command", min(r[0] for r in runs), "s", 2
        ),
        Figure("analysis", "processor time of the command", min(r[1] for r in runs), "s"),
        Figure("analysis", "memory of the command", max(r[2] for r in runs), "MB", analyse.MEGABYTES),
        Figure("analysis", "the fit by twenty factorisations, processor time", cost / top, "x", analyse.RATIO),
        Figure(
            "analysis", "a school's panel, 19 teams by 7 jurors", 1000 * analyse.school(), "ms", 1000 * analyse.SCHOOL
        ),
    ]


async def live(port: int, dsn: str, folder: Path, words: argparse.Namespace) -> list[Figure]:
    """All parts that need the product."""
    found: list[Figure] = []
    await database.connect(dsn)
    if "allocation" in words.parts:
        found += _say(await allocations.large())
    if "papers" in words.parts:
        found += _say(await papers.certificates())
    if words.parts & {"pitch", "at once", "ledger"}:
        where, browsers = await _filled(words.jurors)
        if "pitch" in words.parts:
            found += _say(await pitch.minute(port, where, browsers))
        if "at once" in words.parts:
            found += _say(await pitch.instant(port, where, browsers))
        if "ledger" in words.parts:
            found += _say(await ledgers.saves(port, where, browsers))
            found += _say(await ledgers.verifying(dsn, where, folder))
            found += _say(await ledgers.cost(dsn, where))
    await database.disconnect()
    return found


async def _filled(jurors: int) -> tuple[Round, Browsers]:
    """A hall with an open round and a pitch day, everybody signed in."""
    from incubator.jury.pitch import running
    from incubator.people.queries import viewer_for

    began, browsers = time.perf_counter(), Browsers()
    place = await hall(jurors, TEAMS)
    where = await opened(place, "Итоговая защита")
    await running.begin(await viewer_for(place.organiser, await database.fetch_value("SELECT now()")), where.id)
    await browsers.sign_in(place.organiser, *place.jurors)
    await database.execute("ANALYZE")
    print(f"     {jurors} jurors and {TEAMS} teams in the hall after {time.perf_counter() - began:.0f} s", flush=True)
    return where, browsers


def _say(figures: list[Figure]) -> list[Figure]:
    for each in figures:
        print(limits.line(each), flush=True)
    return figures


def noise() -> float:
    """How much of the machine is busy before we begin."""
    before = machine.busy()
    time.sleep(2)
    return (machine.busy() - before) / 2 / machine.CORES


def main() -> int:
    """Start what is needed, measure, write the report, end everything."""
    words, others = options(), noise()
    raise_file_limit()
    found = _say(analysis()) if "analysis" in words.parts else []
    if "allocation" in words.parts:
        found += _say(allocations.small())
    if words.parts - {"analysis"}:
        with tempfile.TemporaryDirectory(prefix="incubator-bench-") as name, serve.postgres(Path(name)) as dsn:
            folder, port = Path(name), serve.free_port()
            folder.chmod(0o755)
            env = {"DATABASE_URL": dsn, "SECRET_KEY": "measured", "INCUBATOR_VAR": str(folder / "var"),
                   "PUBLIC_URL": f"http://{HOST}", "REDIS_URL": "", "SMTP_URL": ""}  # fmt: skip
            os.environ.update(env)
            asyncio.run(database.migrate(dsn))
            with serve.product(folder, port, env):
                found += uvloop.run(live(port, dsn, folder, words))
    if not words.no_save:
        limits.publish(found, "JURY", "The jury at its largest", others)
    return int(not all(each.met for each in found))


if __name__ == "__main__":
    sys.exit(main())
