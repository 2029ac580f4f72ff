"""Measure the product and, in the same run, what bounds it: `make bench`, or `python -m bench --help`."""

import argparse
import asyncio
import os
import pickle
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import uvloop

from bench import ceilings, machine, report, serve
from bench.data import PASSWORD, SIZES, fill
from bench.inside import call, watching
from bench.load import Run, drive, look
from bench.report import Figure
from bench.traffic import HOST, Request, requests
from bench.world import World, world
from incubator.app import create_app
from incubator.foundation import database
from incubator.jury.pages.results import EXPORT

WARM = 0.3  # seconds
COUNTED = 20  # requests by which statements are counted
CROWD = 8  # connections that sign in while others work


@dataclass(frozen=True)
class Place:
    """Where things run: ports and process ids of the product, of the bare handlers, of PostgreSQL."""

    port: int
    pid: int
    bare_port: int
    bare_pid: int
    postgres: int


def options() -> argparse.Namespace:
    """The words of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement (%(default)s)")
    parser.add_argument("--connections", default="1,8,32", help="how many at once (%(default)s)")
    parser.add_argument("--only", default="", help="names of requests, with commas between them")
    parser.add_argument("--sizes", default="big,school", help="cohorts (%(default)s)")
    parser.add_argument("--no-save", action="store_true", help="leave last.json and LAST.md as they are")
    words = parser.parse_args()
    if not 0 < words.seconds <= 60:
        parser.error("--seconds is for short runs: at most 60")
    return words


def main() -> None:
    """Start everything, measure, write the report, end everything."""
    words = options()
    with tempfile.TemporaryDirectory(prefix="incubator-bench-") as name, serve.postgres(Path(name)) as dsn:
        folder, port, bare_port = Path(name), serve.free_port(), serve.free_port()
        folder.chmod(0o755)
        env = {"DATABASE_URL": dsn, "SECRET_KEY": "measured", "INCUBATOR_VAR": str(folder / "var"), "BENCH_FOLDER": name,
               "PUBLIC_URL": f"http://{HOST}", "REDIS_URL": "", "SMTP_URL": ""}  # fmt: skip
        os.environ.update(env)
        asyncio.run(fill(dsn))
        traffic = uvloop.run(_prepare(dsn, folder, words.sizes.split(",")))
        with serve.product(folder, port, env) as pid, serve.bare(folder, bare_port, env) as bare_pid:
            place = Place(port, pid, bare_port, bare_pid, serve.postmaster(folder))
            found = uvloop.run(_measure(place, dsn, traffic, words))
    report.publish(found, save=not words.no_save)


# --- Before -----------------------------------------------------------------------------------------------------------


async def _prepare(dsn: str, folder: Path, sizes: Sequence[str]) -> dict[str, list[Request]]:
    """The requests by size; what the ceilings need is written into the folder."""
    await database.connect(dsn)
    await _mirror(dsn)
    found, kept = {}, {}
    for size in (each for each in SIZES if each.name in sizes):
        here = await world(size)
        found[size.name] = await requests(here)
        kept[size.name] = await _keep(here, found[size.name])
    (folder / ceilings.KEPT).write_bytes(pickle.dumps(kept))
    await database.disconnect()
    return found


async def _mirror(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(ceilings.MIRROR)
    await connection.close()


async def _keep(here: World, traffic: Sequence[Request]) -> ceilings.Kept:
    """Ask the product once, in this process, for every page that is read."""
    app, answers, statements = create_app(), {}, {}
    for request in traffic:
        if request.status == 200 and request.name != "export":
            with watching() as seen:
                answers[request.name] = (await call(app, next(request.turns(0))))[1]
            statements[request.name] = seen
    known = await database.fetch_value("SELECT password_hash FROM person WHERE id = $1", here.organiser)
    return ceilings.Kept(
        answers, statements, [tuple(row) for row in await database.fetch(ceilings.SHEETS, here.open)],
        [team for _, team in here.leads], here.locked, EXPORT, (known, PASSWORD),
    )  # fmt: skip


# --- Measuring --------------------------------------------------------------------------------------------------------


async def _measure(
    place: Place, dsn: str, traffic: dict[str, list[Request]], words: argparse.Namespace
) -> report.Found:
    found = report.Found(seconds=words.seconds, memory_before=machine.memory(place.pid))
    counter = await machine.Statements.open(dsn)
    only = set(filter(None, words.only.split(",")))
    counts = [int(word) for word in words.connections.split(",")]
    for size, several in traffic.items():
        for request in several:
            if not only or request.name in only:
                for figure in await _one(place, counter, size, request, counts, words.seconds, found):
                    found.figures.append(figure)
                    report.say(figure)
    if not only or "sign_in" in only:
        await _crowd(place, traffic, found)
    found.memory_after = machine.memory(place.pid)
    await counter.connection.close()
    return found


async def _one(
    place: Place,
    counter: machine.Statements,
    size: str,
    request: Request,
    counts: Sequence[int],
    seconds: float,
    found: report.Found,
) -> list[Figure]:
    """A request and its ceilings, at each number of connections one right after the other."""
    body = await look(place.port, request)
    await drive(place.port, request, 4, WARM)
    await counter.forget()
    await drive(place.port, request, 1, 60, COUNTED)
    statements = await counter.each(COUNTED)
    figures = []
    for connections in counts:
        if request.name == "export" and connections == counts[0]:
            machine.peak(place.pid, forget=True)
            at_rest = machine.peak(place.pid)
        run, spent = await _spent(place.port, place.pid, place.postgres, request, connections, seconds)
        figures.append(Figure.of(size, request.name, "product", connections, run, spent, statements, len(body)))
        if request.name == "export" and connections == counts[0]:
            found.growth[size] = round(machine.peak(place.pid) - at_rest, 1)
        for bare in ceilings.over(request.name, size):
            await drive(place.bare_port, bare, 4, WARM)
            run, spent = await _spent(place.bare_port, place.bare_pid, place.postgres, bare, connections, seconds)
            figures.append(Figure.of(size, request.name, bare.name, connections, run, spent, None, run.bytes))
    return figures


async def _spent(
    port: int, pid: int, postgres: int, request: Request, connections: int, seconds: float
) -> tuple[Run, report.Spent]:
    """One run with the processor seconds of the web tree, the database's, ours, and everybody else's."""
    before = (
        machine.processor(pid),
        machine.processor(postgres),
        time.process_time(),
        machine.busy(),
        time.perf_counter(),
    )
    run = await drive(port, request, connections, seconds)
    after = (
        machine.processor(pid),
        machine.processor(postgres),
        time.process_time(),
        machine.busy(),
        time.perf_counter(),
    )
    web, base, client, whole, wall = (now - then for now, then in zip(after, before, strict=True))
    return run, report.Spent(web, base, client, max(0.0, whole - web - base - client) / wall / machine.CORES)


async def _crowd(place: Place, traffic: dict[str, list[Request]], found: report.Found) -> None:
    """What a page feels of a crowd that signs in: two people work, alone and beside it."""
    by_name = {request.name: request for request in next(iter(traffic.values()))}
    home, door = by_name["team_home"], by_name["sign_in"]
    alone = await drive(place.port, home, 2, 3)
    beside, crowd = await asyncio.gather(drive(place.port, home, 2, 3), drive(place.port, door, CROWD, 3))
    found.crowd = {"alone": report.latency(alone), "beside": report.latency(beside), "sign_ins": report.latency(crowd)}


if __name__ == "__main__":
    main()
