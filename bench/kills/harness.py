"""A run: jurors at work, kills in a drawn order, everything put back each time, and the verdict."""

import asyncio
import contextlib
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from bench.hall import Hall, opened
from bench.kills.jurors import STUBBORN, Juror, Record
from bench.kills.site import Site
from bench.kills.verdict import Verdict, judge
from bench.traffic import Browsers
from incubator.foundation import database
from incubator.foundation.database import DB, execute, fetch, fetch_value
from incubator.journal.actions import Audience
from incubator.journal.actions import record as write_down

BACK = 10.0  # seconds after the database's return in which the site may still say that it is away
LETTERS = 20  # written before each kill of a worker or of Redis
DONE = 90.0  # seconds in which everything that waits must have been done
KINDS = ("web", "database", "backend", "worker", "redis")


@dataclass
class Run:
    """One run of the harness while it lasts; `outages` are (kind, from, to) in `time.time`."""

    site: Site
    where: Hall
    chance: random.Random
    record: Record = field(default_factory=Record)
    outages: list[tuple[str, float, float]] = field(default_factory=list)
    back_after: dict[str, float] = field(default_factory=dict)
    letters: list[str] = field(default_factory=list)

    async def kill(self, kind: str) -> None:
        """One kill and what follows it, until jurors are being answered again."""
        await asyncio.sleep(0.2 + self.chance.random())
        began = time.time()
        await getattr(self, f"_{kind}")()
        self.outages.append((kind, began, time.time()))
        await self._acknowledged(kind, time.time())

    async def _web(self) -> None:
        await self.site.kill_web_process(self.chance)

    async def _database(self) -> None:
        await self.site.database.kill()
        await asyncio.sleep(self.chance.random())
        await self.site.database.start()

    async def _backend(self) -> None:
        await self.site.database.kill_backend(self.chance)

    async def _worker(self) -> None:
        assert self.site.worker
        await self._write_letters()
        await asyncio.sleep(self.chance.random())
        await self.site.worker.kill()
        await self.site.worker.start()

    async def _redis(self) -> None:
        assert self.site.redis
        await self._write_letters()
        await self.site.redis.kill()
        await asyncio.sleep(self.chance.random() * 2)
        await self.site.redis.start()

    async def _write_letters(self) -> None:
        """Work for the worker: letters that their readers' accounts ask for, each in the transaction of its reason."""
        for person in self.chance.sample(self.where.jurors, min(LETTERS, len(self.where.jurors))):
            async with DB.transaction():
                now = await fetch_value("SELECT now()")
                await write_down("person.password_changed", by=person, at=now, audience=Audience.SELF, subject=person)

    async def _acknowledged(self, kind: str, since: float) -> None:
        """Until somebody has a receipt from after `since`; how long that took is kept if it was the longest of its kind."""
        deadline = since + STUBBORN
        while not self.record.receipts or self.record.receipts[-1].at < since:
            if time.time() > deadline:
                self.record.strange.append(f"nobody was answered for minutes after a kill ({kind})")
                return
            await asyncio.sleep(0.01)
        first = next(each.at for each in self.record.receipts if each.at >= since)
        self.back_after[kind] = max(self.back_after.get(kind, 0.0), round(first - since, 3))
        await self.site.ready()

    def unexplained(self) -> int:
        """Answers that said the site is away while the database was there."""
        spans = [(began, ended + BACK) for kind, began, ended in self.outages if kind in {"database", "backend"}]
        return sum(not any(began <= at <= ended for began, ended in spans) for at in self.record.away)


async def under_kills(
    site: Site, where: Hall, kills: Mapping[str, int], *, seed: int, name: str, numbered: bool = True
) -> Verdict:
    """Jurors work in a new round while so many kills of each kind happen; then everything is held against their record.

    Without `numbered` they are a negative control: whatever has no answer they send anew, as somebody who reloads the page.
    """
    await _pool(site)
    scoring, browsers = await opened(where, name), Browsers()
    await browsers.sign_in(*where.jurors)
    await execute("CHECKPOINT")
    run, began, ended = Run(site, where, random.Random(seed)), time.time(), asyncio.Event()
    known = Counter(site.post.taken)
    jurors = [
        Juror(site.port, scoring, seat, browsers, run.record, numbered=numbered) for seat in range(len(scoring.seats))
    ]
    order = [
        kind for kind in KINDS for _ in range(kills.get(kind, 0)) if site.worker or kind not in {"worker", "redis"}
    ]
    run.chance.shuffle(order)
    async with _at_work(jurors, ended):
        for kind in order:
            await run.kill(kind)
    await _pool(site)
    verdict = Verdict(dict(Counter(order)), round(time.time() - began, 1), back_after=run.back_after)
    await _letters(verdict, site, known)
    await judge(verdict, scoring, run.record)
    verdict.unavailable = len(run.record.away)
    if unexplained := run.unexplained():
        verdict.bad.append(f"{unexplained} times 503 while the database was there")
    verdict.bad += _incidents(site)
    await database.disconnect()
    return verdict


@contextlib.asynccontextmanager
async def _at_work(jurors: list[Juror], ended: asyncio.Event) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(juror.work(ended)) for juror in jurors]
    try:
        yield
    finally:
        ended.set()
        await asyncio.gather(*tasks)


async def _pool(site: Site) -> None:
    """A pool of ours that has no dead connections."""
    if DB.pool is not None:
        DB.pool.terminate()
        DB.pool = None
    await database.connect(site.database.address, smallest=0, largest=4)


async def _letters(verdict: Verdict, site: Site, known: Counter[str]) -> None:
    """Wait until all work is done; every letter must have been taken, and at most twice, under one Message-ID."""
    if site.worker is None:
        return
    if site.worker.process and site.worker.process.returncode is not None:
        verdict.bad.append("the worker ended by itself")
    deadline = time.time() + DONE
    undone = "SELECT count(*) FROM outbox WHERE done_at IS NULL"
    while left := await fetch_value(undone):
        if time.time() > deadline:
            verdict.bad.append(f"{left} jobs not done after {DONE:g} seconds")
            break
        await asyncio.sleep(0.2)
    written = [str(row["id"]) for row in await fetch("SELECT id FROM letter WHERE kind = 'password_changed'")]
    taken = {each.strip("<>").partition("@")[0]: count for each, count in site.post.taken.items()}
    before = {each.strip("<>").partition("@")[0] for each in known}
    verdict.letters = len([each for each in written if each not in before])
    verdict.letters_missing = sum(each not in taken for each in written)
    verdict.letters_twice = sum(taken.get(each, 0) > 1 for each in written if each not in before)
    if verdict.letters_missing or max(taken.values(), default=0) > 2:
        verdict.bad.append(f"{verdict.letters_missing} letters never sent, or one sent more than twice")


def _incidents(site: Site) -> list[str]:
    """Faults that the web processes wrote down as ones that nobody thought of, each kind once, by its last line."""
    records = re.split(r"^(?=\d{4}-\d\d-\d\d )", site.web.log.read_text(errors="replace"), flags=re.MULTILINE)
    return sorted({f"incident: {each.strip().splitlines()[-1][:300]}" for each in records if " incident " in each})


# --- Negative controls ------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def acknowledging_too_early(site: Site) -> AsyncIterator[None]:
    """PostgreSQL says that a commit is done before it is on the disk."""
    site.database.options = {"synchronous_commit": "off", "wal_writer_delay": "10s"}
    await _restarted(site)
    try:
        yield
    finally:
        site.database.options = {}
        await _restarted(site)


async def _restarted(site: Site) -> None:
    await site.database.stop()
    await site.database.start()
    await site.ready()
