"""The virus scanner of the house, if it has one: clamd, asked over its socket."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

PATIENCE: Final = 60.0  # seconds for one file


class ScannerError(Exception):
    """The scanner answered, but not with a verdict."""


async def scan(address: str, pieces: AsyncIterator[bytes]) -> str:
    """What clamd finds in a stream, or "" (its command INSTREAM). `address`: unix:/path or tcp://host:port.

    Raises OSError or TimeoutError when it can't be reached, ScannerError when it gives no verdict.
    """
    async with asyncio.timeout(PATIENCE):
        reader, writer = await _connected(address)
        try:
            writer.write(b"zINSTREAM\0")
            async for piece in pieces:
                writer.write(len(piece).to_bytes(4) + piece)
                await writer.drain()
            writer.write(bytes(4))
            await writer.drain()
            return verdict(await reader.readuntil(b"\0"))
        except asyncio.IncompleteReadError as cut:
            raise ScannerError(repr(cut.partial)) from cut
        finally:
            writer.close()


async def _connected(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        return await asyncio.open_unix_connection(parts.path)
    return await asyncio.open_connection(parts.hostname, parts.port or 3310)


def verdict(answer: bytes) -> str:
    """The name of what was found, or "" for nothing."""
    text = answer.rstrip(b"\0\n").decode(errors="replace").removeprefix("stream: ")
    if text == "OK":
        return ""
    if text.endswith(" FOUND"):
        return text.removesuffix(" FOUND")
    raise ScannerError(text)
