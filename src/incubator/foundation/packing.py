"""Smaller answers: pages are packed with gzip as they go out, static files once at the start.

A packed page that holds a secret and repeats what somebody else chose can give the secret away by its length (BREACH).
So a page of somebody who is signed in is packed only when his browser says that the request came from our own pages or
from himself, and its length is blurred; see the decision 0009.
"""

import gzip
import re
import secrets
import string
import struct
import zlib
from collections.abc import Iterable
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send

LEAST = 1024  # bytes; less gains nothing
EFFORT = 8
BLUR = 64  # random letters at most
OWN = {b"same-origin", b"none"}
LETTERS = string.ascii_letters.encode()
TEXTS = (".js", ".css", ".svg")
NOTES = {
    ".css": re.compile(rb"/\*.*?\*/", re.DOTALL),
    ".js": re.compile(rb"^[ \t]*//[^\n]*\n", re.MULTILINE),
}
"""Comments, in scripts those with a line of their own. Only readers of the source need them."""
INDENTATION = re.compile(rb"^\s+", re.MULTILINE)  # and empty lines


def packs(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the browser unpacks gzip."""
    said = next((value for name, value in headers if name == b"accept-encoding"), b"").lower()
    offers = [part.strip().partition(b";") for part in said.split(b",")]
    return any(
        name.strip() == b"gzip" and rest.replace(b" ", b"") not in {b"q=0", b"q=0.0"} for name, _, rest in offers
    )


def without_notes(name: str, content: bytes) -> bytes:
    """One of our own scripts or style sheets as it is sent; what others made stays as its licence and its hash have it."""
    notes = NOTES.get(name[name.rfind(".") :])
    if notes is None or name.startswith("vendor/"):
        return content
    return INDENTATION.sub(b"", notes.sub(b"", content))


def of_file(name: str, content: bytes) -> bytes:
    """A static file packed as far as it goes, empty when that is not worth while."""
    packed = gzip.compress(content, 9, mtime=0) if name.endswith(TEXTS) and len(content) >= LEAST else b""
    return packed if len(packed) < len(content) else b""


def of_page(content: bytes) -> bytes:
    """A page as a gzip member (RFC 1952) whose file name is random letters of a random number."""
    name = bytes(secrets.choice(LETTERS) for _ in range(secrets.randbelow(BLUR)))
    squeeze = zlib.compressobj(EFFORT, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = b"\x1f\x8b\x08\x08" + bytes(4) + b"\x00\xff" + name + b"\0"
    return head + squeeze.compress(content) + squeeze.flush() + struct.pack("<LL", zlib.crc32(content), len(content))


class Packing:
    """ASGI application that packs whole pages of HTML on their way out."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with a `send` that packs where it may."""
        if str(scope["type"]) == "http" and packs(scope["headers"]) and self._may(scope):
            send = _packing(send)
        await self.app(scope, receive, send)

    def _may(self, scope: Any) -> bool:
        """Without TLS whoever could measure a page can read it; browsers say there not where a request comes from."""
        said = dict(scope["headers"])
        return not self.https or b"cookie" not in said or said.get(b"sec-fetch-site") in OWN


def _packing(send: Send) -> Send:
    """Holds the head back until the body shows whether it is whole."""
    held: list[Any] = []

    async def packed(message: Any) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            held.append(message)
            return
        if held:
            head = held.pop()
            if not message.get("more_body") and len(message.get("body", b"")) >= LEAST:
                message = {**message, "body": of_page(message["body"])}
                head = {**head, "headers": _headers(head["headers"], len(message["body"]))}
            await send(head)
        await send(message)

    return packed


def _is_page(start: Any) -> bool:
    kinds = {name.lower(): value for name, value in start["headers"]}
    return kinds.get(b"content-type", b"").startswith(b"text/html") and b"content-encoding" not in kinds


def _headers(given: Iterable[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in given if name.lower() != b"content-length"]
    return [*kept, (b"content-length", b"%d" % length), (b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
