"""Live pages: one LISTEN connection a process, handed out as server-sent events.

Events carry ids only; a page that hears one asks for its own block again, through its own rights. When the connection
is lost the hub connects again and tells every listener to resync, because it can't know what was missed.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg

from incubator.foundation.database import FAULTS

log = logging.getLogger(__name__)

CHANNELS = ("journal", "outbox", "installation")
PING = 4.0  # seconds; keeps proxies from closing a silent stream, and is how soon lost rights are noticed
LONGEST = 3600.0  # seconds; then the browser reconnects and its rights are looked at again
GATHERED = 0.2  # seconds; what happens within them is told as one event
EACH = 0.006  # seconds more for each listener of this process, at most: all of them come back at once with a question
WAITING = 32  # events kept for a slow listener before it is told to resync instead
MOST_STREAMS = 4  # of one person

RESYNC = "resync"


class Hub:
    """Fans out PostgreSQL's notifications to the listeners of this process."""

    def __init__(self) -> None:
        self._listeners: dict[asyncio.Queue[str], frozenset[str]] = {}
        self._bells: dict[str, list[Callable[[], None]]] = {"outbox": [], "installation": []}
        self._streams: dict[object, int] = {}

    def ring_on_outbox(self, bell: Callable[[], None]) -> None:
        """Call `bell` whenever a row comes into the outbox, and after each reconnect."""
        self._bells["outbox"].append(bell)

    def ring_on_installation(self, bell: Callable[[], None]) -> None:
        """Call `bell` whenever the organisation's settings change, and after each reconnect."""
        self._bells["installation"].append(bell)

    async def run(self, dsn: str) -> None:
        """Listen until cancelled; reconnects with a pause that grows to ten seconds."""
        pause = 0.2
        while True:
            try:
                await self._listen(dsn)
                pause = 0.2
            except FAULTS as fault:
                log.warning("live: connection lost (%r), trying again", fault)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 10)

    async def _listen(self, dsn: str) -> None:
        connection = await asyncpg.connect(dsn, timeout=10)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            for channel in CHANNELS:
                await connection.add_listener(channel, self._hear)
            self._resync()
            await lost.wait()
        finally:
            with contextlib.suppress(Exception):
                await connection.close(timeout=2)

    def _hear(self, _connection: Any, _pid: int, channel: str, payload: object) -> None:
        if channel in self._bells:
            self._ring(channel)
            return
        topics = set(str(payload).split()[1:])
        for queue, wanted in self._listeners.items():
            if topics & wanted:
                _put(queue, "changed")

    def _ring(self, channel: str) -> None:
        for bell in self._bells[channel]:
            bell()

    def _resync(self) -> None:
        for channel in self._bells:
            self._ring(channel)
        for queue in self._listeners:
            _put(queue, RESYNC)

    def full(self, owner: object) -> bool:
        """Whether this person has as many streams open as anybody may."""
        return self._streams.get(owner, 0) >= MOST_STREAMS

    async def stream(self, owner: object, topics: frozenset[str], still: Callable[[], Any]) -> AsyncIterator[bytes]:
        """Server-sent events for some topics (ids of cohorts and teams); `still` is awaited before each event and
        ends the stream when it says no, so that rights taken away end it too.
        """
        queue: asyncio.Queue[str] = asyncio.Queue(WAITING)
        self._listeners[queue] = topics
        self._streams[owner] = self._streams.get(owner, 0) + 1
        try:
            yield b"retry: 3000\n\n"
            async with asyncio.timeout(LONGEST):
                while True:
                    spread = random.random() * EACH * len(self._listeners)  # noqa: S311  (nobody gains by guessing it)
                    event = await _next(queue, GATHERED + spread)
                    try:
                        if not await still():
                            return
                    except FAULTS:  # nobody can be asked: the stream stays, and says nothing until somebody can
                        event = b": waiting\n\n"
                        _put(queue, RESYNC)
                        await asyncio.sleep(PING)
                    yield event
        except TimeoutError:
            return
        finally:
            del self._listeners[queue]
            self._streams[owner] -= 1
            if not self._streams[owner]:
                del self._streams[owner]


async def _next(queue: asyncio.Queue[str], pause: float) -> bytes:
    """The next event, or a comment when nothing happened for a while; what comes in the `pause` becomes one with it."""
    try:
        async with asyncio.timeout(PING):
            name = await queue.get()
    except TimeoutError:
        return b": still here\n\n"
    await asyncio.sleep(pause)
    while not queue.empty():
        queue.get_nowait()
    return f"event: {name}\ndata: {name}\n\n".encode()


def _put(queue: asyncio.Queue[str], name: str) -> None:
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        name = RESYNC
    queue.put_nowait(name)


HUB = Hub()
