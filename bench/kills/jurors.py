"""Jurors under load: each saves and hands in by HTTP, keeps a record of his own of what was acknowledged, and tries again.

A press has one number, whatever becomes of its answer. Every fifth press is sent twice at the same moment, as by a double
click. A juror gives up a press only when he is told something that trying again can't mend.

The negative control are jurors whose presses have no numbers: they do as people do, who reload the page and press again.
"""

import asyncio
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from bench.hall import Round
from bench.line import Answer, Line
from bench.traffic import Browsers

TWICE = 5  # one in so many presses is a double click
AGAIN = 0.05  # seconds before another try
VERSION = re.compile(r'name="version" value="(\d+)"')
STUBBORN = 240.0  # seconds that a press is tried for


@dataclass(frozen=True)
class Receipt:
    """What the product acknowledged, and what had been sent."""

    seat: UUID
    project: UUID
    version: int
    hash: str
    marks: tuple[int, ...]
    at: float


@dataclass
class Record:
    """The jurors' own record of everything; times are of `time.time`."""

    presses: int = 0
    tries: int = 0
    receipts: list[Receipt] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    recovered: int = 0
    away: list[float] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    def count(self, answer: Answer) -> None:
        """One answer; what may not be is kept in words."""
        self.statuses[answer.status] += 1
        if answer.status == 503:
            self.away.append(time.time())
            if not answer.headers.get("retry-after", "").isdecimal():
                self.strange.append("503 without Retry-After")
        elif answer.status != 200:
            self.strange.append(f"{answer.status}: {answer.body[:200].decode(errors='replace')}")


@dataclass(frozen=True)
class Press:
    """What a juror wants recorded, under a number."""

    project: UUID
    form: dict[str, object]
    number: UUID


class Juror:
    """One juror at work on all his sheets."""

    def __init__(
        self, port: int, where: Round, seat: int, browsers: Browsers, record: Record, *, numbered: bool = True
    ) -> None:
        self.person, self.seat, self.projects = where.seats[seat]
        self.where, self.browsers, self.record, self.numbered = where, browsers, record, numbered
        self.chance = random.Random(seat)
        self.lines = (Line(port), Line(port))
        self.versions = dict.fromkeys(self.projects, 0)

    async def work(self, ended: asyncio.Event) -> None:
        """Press after press until the end; a press that is under way is seen through."""
        turn = 0
        while not ended.is_set():
            await self._press(self.projects[turn % len(self.projects)], twice=turn % TWICE == 0)
            turn += 1
            await asyncio.sleep(self.chance.random() * 0.02)
        for line in self.lines:
            line.close()

    async def _press(self, project: UUID, *, twice: bool) -> None:
        marks = tuple(self.chance.randrange(most + 1) for most in self.where.most)
        form = {f"mark_{key}": mark for key, mark in zip(self.where.keys, marks, strict=True)}
        press = Press(project, {**form, "act": self.chance.choice(("save", "hand_in")), "comment": ""}, uuid4())
        self.record.presses += 1
        if self.numbered:
            told = await asyncio.gather(*(self._until_told(line, press) for line in self.lines[: 1 + twice]))
        else:
            told = [await self._until_told(line, press) for line in self.lines[: 1 + twice]]
        for answer in filter(None, told):
            self._keep(project, marks, answer)

    async def _request(self, line: Line, press: Press) -> bytes:
        """The form as it is sent, always the same; without numbers with the version that the page shows by now."""
        address = f"/rounds/{self.where.id}/projects/{press.project}"
        named: dict[str, object] = {"request": press.number, "version": self.versions[press.project]}
        if not self.numbered:
            named = {"version": await self._shown(line, press.project)}
        return self.browsers.post(self.person, address, accept="application/json", **press.form, **named)

    async def _shown(self, line: Line, project: UUID) -> int:
        """The version that the page of a sheet shows by now."""
        page = await line.ask(self.browsers.get(self.person, f"/rounds/{self.where.id}/projects/{project}"))
        found = VERSION.search(page.body.decode())
        return int(found[1]) if found else self.versions[project]

    def _keep(self, project: UUID, marks: tuple[int, ...], answer: Answer) -> None:
        found = answer.document
        self.versions[project] = found["version"]
        receipt = Receipt(
            self.seat, project, found["version"], found["receipt"], tuple(1000 * mark for mark in marks), time.time()
        )
        self.record.receipts.append(receipt)

    async def _until_told(self, line: Line, press: Press) -> Answer | None:
        """Try until it is acknowledged; None when it was refused for good."""
        lost, began = 0.0, time.time()
        while time.time() < began + STUBBORN:
            self.record.tries += 1
            try:
                answer = await line.ask(await self._request(line, press), 30)
            except (OSError, TimeoutError):
                self.record.unanswered += 1
                lost = time.time()
            else:
                self.record.count(answer)
                if answer.status == 200:
                    self._note_recovered(answer, lost)
                    return answer
                if answer.status == 409:  # the sheet went back behind what was acknowledged: go on from what there is
                    self.versions[press.project] = await self._shown(line, press.project)
                if answer.status < 500:
                    await asyncio.sleep(1)
                    return None
            await asyncio.sleep(AGAIN)
        self.record.strange.append(f"not acknowledged within {STUBBORN:g} seconds")
        return None

    def _note_recovered(self, answer: Answer, lost: float) -> None:
        """Recorded by an earlier try, whose answer was lost: what the number of a press is there for."""
        if lost and datetime.fromisoformat(answer.document["saved_at"]).timestamp() < lost:
            self.record.recovered += 1
