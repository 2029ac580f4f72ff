"""A closed-loop client on raw connections: each sends its next request when the answer to the last one is complete.

Loopback only. It is written for the least processor time, for it shares the processors with what it measures.
"""

import asyncio
import gc
import math
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from bench.traffic import HOST, Request

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
PATIENCE = 60  # seconds for what is still in flight at the end


@dataclass(frozen=True)
class Run:
    """What one run saw: seconds from the first request to the last answer, latencies in seconds, sorted."""

    seconds: float
    latencies: Sequence[float]
    wrong: int
    bytes: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds if self.latencies else 0.0

    def quantile(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        if not self.latencies:
            return math.nan
        place = min(len(self.latencies) - 1, max(0, math.ceil(share * len(self.latencies)) - 1))
        return self.latencies[place] * 1000


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, turns: Iterator[bytes], status: int, until: float, most: int) -> None:
        self.turns, self.status, self.until, self.left = turns, status, until, most
        self.latencies: list[float] = []
        self.wrong = self.received = 0
        self.last = 0.0
        self.answer = bytearray()
        self.head = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no subclasses
        self._send()

    def _send(self) -> None:
        self.head, self.size = b"", 0
        self.answer.clear()
        self.left -= 1
        request = next(self.turns)
        self.began = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.answer += data
        if not self.head:
            end = self.answer.find(b"\r\n\r\n") + 4
            if end < 4:
                return
            self.head = bytes(self.answer[:end])
            length = LENGTH.search(self.head)
            self.size = end + int(length[1]) if length else 0 if CHUNKED.search(self.head) else end
        if len(self.answer) >= self.size if self.size else self.answer.endswith(b"0\r\n\r\n"):
            self._complete()

    def _complete(self) -> None:
        self.last = time.perf_counter()
        self.latencies.append(self.last - self.began)
        self.received = len(self.answer) - len(self.head)
        self.wrong += int(self.head[9:12]) != self.status
        if self.last < self.until and self.left > 0:
            self._send()
        else:
            self.transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _itself(client: Client) -> Client:
    return client


async def drive(port: int, request: Request, connections: int, seconds: float, most: int = 10**9) -> Run:
    """Send for so many seconds, or so many requests from each connection, and wait for what is in flight."""
    loop, start = asyncio.get_running_loop(), time.perf_counter()
    gc.collect()
    gc.disable()  # its pauses would be counted as the server's
    try:
        clients = [
            Client(request.turns(number), request.status, start + seconds, most) for number in range(connections)
        ]
        await asyncio.gather(*(loop.create_connection(partial(_itself, client), HOST, port) for client in clients))
        await asyncio.wait([client.done for client in clients], timeout=seconds + PATIENCE)
    finally:
        gc.enable()
    unfinished = sum(not client.done.done() for client in clients)
    latencies = sorted(latency for client in clients for latency in client.latencies)
    wrong = unfinished + sum(client.wrong for client in clients)
    return Run(max(client.last for client in clients) - start, latencies, wrong, clients[0].received)


async def look(port: int, request: Request) -> bytes:
    """The body of one answer, which must be the right one."""
    client = Client(request.turns(0), request.status, 0, 1)
    await asyncio.get_running_loop().create_connection(lambda: client, HOST, port)
    await asyncio.wait_for(client.done, PATIENCE)
    body = bytes(client.answer[len(client.head) :])
    if client.wrong or request.body not in body.decode(errors="replace"):
        raise SystemExit(f"{request.name} answered {client.head[:80]!r}: {body[:300].decode(errors='replace')}")
    return body
