"""One connection to the product that asks and waits for its answer, and is made anew after it was lost."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from bench.traffic import HOST


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The body as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found


class Line:
    """A kept-alive connection on loopback."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes, patience: float = 60.0) -> Answer:
        """The answer to a raw request. Raises OSError or TimeoutError when there is none; the next one connects again."""
        try:
            async with asyncio.timeout(patience):
                return await self._ask(request)
        except asyncio.IncompleteReadError as fault:
            self.close()
            raise ConnectionResetError("the answer was cut off") from fault
        except BaseException:
            self.close()
            raise

    async def _ask(self, request: bytes) -> Answer:
        if self.streams is None or self.streams[0].at_eof():  # as browsers do with an idle connection that was closed
            self.close()
            self.streams = await asyncio.open_connection(HOST, self.port)
        reader, writer = self.streams
        writer.write(request)
        await writer.drain()
        status, headers = await _head(reader)
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join([part async for part in _chunks(reader)])
        else:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return Answer(status, headers, body)

    async def listen(self, request: bytes) -> AsyncIterator[bytes]:
        """Pieces of an answer that has no end: an event stream, past its head. Raises ConnectionError unless it is 200."""
        reader, writer = self.streams = await asyncio.open_connection(HOST, self.port)
        writer.write(request)
        status, _ = await _head(reader)
        if status != 200:
            raise ConnectionRefusedError(f"the stream answered {status}")
        async for part in _chunks(reader):
            yield part

    def close(self) -> None:
        """Hang up."""
        if self.streams is not None:
            with contextlib.suppress(Exception):
                self.streams[1].transport.abort()
            self.streams = None


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readuntil(b"\r\n"), 16):
        yield (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
