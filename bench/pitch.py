"""The pitch minute, and the instant in which everybody hands in: a thousand jurors in one hall.

Requests are sent when they are due, whether the ones before were answered or not, and their time counts from then: an
answer that comes late because the server was busy is late. Each juror has one live page open all the time; when the
panel calls a team or starts the timer he asks for the state of the hall, as the script of his page does.
"""

import asyncio
import gc
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from bench.hall import Round
from bench.limits import Figure
from bench.line import Line
from bench.traffic import Browsers

MINUTE = 60.0  # seconds
SAVES = 5
PRESSES = ((15.0, "next"), (35.0, "start"))  # seconds after the beginning, and the button of the panel
GRACE = 30.0  # seconds for what is still under way


@dataclass
class Seen:
    """Latencies in seconds by kind of request, statuses, and what went wrong in words."""

    latencies: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    heard: list[float] = field(default_factory=list)
    streams: int = 0

    def quantile(self, share: float, *kinds: str) -> float:
        """Milliseconds within which this share of the answers came."""
        found = sorted(each for kind in kinds for each in self.latencies.get(kind, []))
        return 1000 * found[min(len(found) - 1, int(share * len(found)))] if found else 0.0

    async def ask(self, kind: str, line: Line, request: bytes, due: float) -> bool:
        """Send and wait; whether the answer was right."""
        try:
            answer = await line.ask(request, GRACE)
        except (OSError, TimeoutError) as fault:
            self.wrong[f"{kind}: {fault!r}"] += 1
            return False
        self.latencies.setdefault(kind, []).append(time.perf_counter() - due)
        self.statuses[answer.status] += 1
        if answer.status not in {200, 303}:
            self.wrong[f"{kind}: {answer.status} {answer.body[:80].decode(errors='replace')}"] += 1
        return answer.status in {200, 303}


class Device:
    """What one juror has open: a sheet that saves by itself and a live page."""

    def __init__(self, port: int, where: Round, number: int, browsers: Browsers, seen: Seen, turn: int = 0) -> None:
        self.person, _, projects = where.seats[number]
        self.where, self.browsers, self.seen = where, browsers, seen
        self.project: UUID = projects[turn]
        self.line, self.follows, self.asks = Line(port), Line(port), Line(port)
        self.chance = random.Random(number)
        self.version, self.turn = 0, 0

    async def minute(self, began: float) -> None:
        """A page and five savings, spread over a minute."""
        first = self.chance.random() * 8
        await self._at(began + first, "page", self.browsers.get(self.person, self._address()))
        step = (MINUTE - first - 4) / SAVES
        for turn in range(SAVES):
            due = began + first + 4 + turn * step + self.chance.random() * (step - 1)
            await self._at(due, "save", self.sheet("save"))

    async def _at(self, due: float, kind: str, request: bytes) -> None:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        if await self.seen.ask(kind, self.line, request, due) and kind == "save":
            self.version += 1

    def _address(self) -> str:
        return f"/rounds/{self.where.id}/projects/{self.project}"

    def sheet(self, act: str) -> bytes:
        """The form of the sheet with other marks than before, under a number of its own."""
        self.turn += 1
        marks = {
            f"mark_{key}": (self.turn + most) % (most + 1)
            for key, most in zip(self.where.keys, self.where.most, strict=True)
        }
        return self.browsers.post(
            self.person, self._address(), accept="application/json", version=self.version, request=uuid4(),
            act=act, comment=f"Проблема доказана; не хватает сроков. {self.turn}", **marks,
        )  # fmt: skip

    async def follow(self) -> None:
        """Stay on the live page, and ask for the hall's state whenever it says so."""
        request = self.browsers.get(self.person, f"/rounds/{self.where.id}/pitch/live")
        state = self.browsers.get(self.person, f"/rounds/{self.where.id}/pitch/state")
        try:
            async for part in self.follows.listen(request):
                if part.startswith(b"retry:"):
                    self.seen.streams += 1
                elif part.startswith(b"event: changed"):
                    self.seen.heard.append(time.perf_counter())
                    await self.seen.ask("state", self.asks, state, time.perf_counter())
                elif part.startswith(b"event:"):
                    self.seen.wrong["a live page had to begin anew"] += 1
        except (OSError, EOFError) as fault:
            self.seen.wrong[f"live: {fault!r}"] += 1

    def close(self) -> None:
        """Leave."""
        for line in (self.line, self.follows, self.asks):
            line.close()


async def minute(port: int, where: Round, browsers: Browsers) -> list[Figure]:
    """The pitch minute in figures."""
    seen = Seen()
    devices = [Device(port, where, number, browsers, seen) for number in range(len(where.seats))]
    streams = [asyncio.create_task(device.follow()) for device in devices]
    try:
        await _until(lambda: seen.streams + sum(seen.wrong.values()) >= len(devices))
        gc.collect()
        began, pressed = time.perf_counter() + 0.5, Seen()
        panel = asyncio.create_task(_panel(port, where, browsers, began, pressed))
        await asyncio.gather(*(device.minute(began) for device in devices))
        await panel
        await _until(lambda: len(seen.heard) + sum(seen.wrong.values()) >= len(devices) * len(PRESSES))
    finally:
        for each in streams:
            each.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
        for device in devices:
            device.close()
    return _of_minute(seen, pressed, len(devices))


async def _panel(port: int, where: Round, browsers: Browsers, began: float, pressed: Seen) -> None:
    line = Line(port)
    for after, button in PRESSES:
        await asyncio.sleep(max(0.0, began + after - time.perf_counter()))
        pressed.heard.append(time.perf_counter())
        form = browsers.post(where.hall.organiser, f"/rounds/{where.id}/pitch", act=button)
        await pressed.ask("press", line, form, time.perf_counter())
    line.close()


async def _until(true: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + GRACE
    while not true() and time.perf_counter() < deadline:
        await asyncio.sleep(0.05)


def _of_minute(seen: Seen, pressed: Seen, jurors: int) -> list[Figure]:
    asked = jurors * (1 + SAVES)
    answered = sum(len(seen.latencies.get(kind, [])) for kind in ("page", "save"))
    wrong = sum(seen.wrong.values()) + sum(pressed.wrong.values()) + asked - answered
    for words, number in (seen.wrong + pressed.wrong).most_common(5):
        print(f"     pitch: {number} times {words}", flush=True)
    last = [max((h for h in seen.heard if h >= at), default=at) if at == pressed.heard[-1] else
            max((h for h in seen.heard if at <= h < pressed.heard[-1]), default=at) for at in pressed.heard]  # fmt: skip
    both = ("page", "save")
    return [
        Figure("pitch", "live pages open", seen.streams, "", jurors, least=True),
        Figure("pitch", f"requests answered, of {asked:,}", answered, "", asked, least=True),
        Figure("pitch", "errors", wrong, "", 0),
        Figure("pitch", "page and save, p50", seen.quantile(0.50, *both), "ms"),
        Figure("pitch", "page and save, p95", seen.quantile(0.95, *both), "ms", 300),
        Figure("pitch", "page and save, p99", seen.quantile(0.99, *both), "ms", 1000),
        Figure("pitch", "page and save, slowest", seen.quantile(1, *both), "ms"),
        Figure("pitch", "save alone, p99", seen.quantile(0.99, "save"), "ms"),
        Figure("pitch", "panel pressed: until the last live page heard of it",
               max(end - at for end, at in zip(last, pressed.heard, strict=True)), "s"),
        Figure("pitch", "state of the hall, asked for by all at once, p99", seen.quantile(0.99, "state"), "ms"),
    ]  # fmt: skip


async def instant(port: int, where: Round, browsers: Browsers) -> list[Figure]:
    """Everybody presses at once: every juror hands in a sheet in one instant."""
    seen = Seen()
    devices = [Device(port, where, number, browsers, seen, turn=1) for number in range(len(where.seats))]
    sheets = [device.sheet("hand_in") for device in devices]
    gc.collect()
    began = time.perf_counter()
    right = await asyncio.gather(
        *(seen.ask("hand_in", device.line, sheet, began) for device, sheet in zip(devices, sheets, strict=True))
    )
    for device in devices:
        device.close()
    for words, number in seen.wrong.most_common(5):
        print(f"     at once: {number} times {words}", flush=True)
    fives = sum(number for status, number in seen.statuses.items() if status >= 500)
    return [
        Figure("at once", f"sheets acknowledged, of {len(devices):,}", sum(right), "", len(devices), least=True),
        Figure("at once", "answers 5xx", fives, "", 0),
        Figure("at once", "slowest answer", seen.quantile(1, "hand_in") / 1000, "s", 5),
        Figure("at once", "p50", seen.quantile(0.5, "hand_in") / 1000, "s"),
        Figure("at once", "acknowledged a second", len(devices) / max(0.001, seen.quantile(1, "hand_in") / 1000), "/s"),
    ]
