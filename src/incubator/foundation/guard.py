"""The outer gate: hostile input refused before routing, cross-site writes refused, headers on every answer.

It wraps the whole application, so that 404s, 405s and crashes carry the same headers as pages do.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from litestar.types import Receive, Send

from incubator.settings import Settings

SAFE = {"GET", "HEAD", "OPTIONS"}
LONGEST_PATH = 2048  # bytes, with the query
MOST_HEADERS = 100

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'; worker-src 'self'"
)
HEADERS = {
    b"content-security-policy": CONTENT_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-embedder-policy": b"require-corp",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    b"cache-control": b"private, no-store",
}
# A script, a style or a font is never a document: the rest means nothing there and weighs as much as some of them.
KINDS_OF_PARTS = (b"text/javascript", b"text/css", b"font/")
PARTS = {name: HEADERS[name] for name in (b"x-content-type-options", b"cross-origin-resource-policy", b"cache-control")}


class Guard:
    """ASGI application around the application."""

    def __init__(self, app: Any, settings: Settings) -> None:
        self.app = app
        self.origin = settings.origin
        self.headers = dict(HEADERS)
        if settings.https:
            self.headers[b"strict-transport-security"] = b"max-age=63072000; includeSubDomains"

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with a `send` that adds the headers and answers HEAD like GET without a body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        fault = refusal(scope, self.origin)
        answer = self._finished(send, scope["path"], head=scope["method"] == "HEAD")
        if fault:
            await _plain(answer, *fault)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        try:
            await self.app(scope, receive, answer)
        finally:
            # A form that is refused before its handler has read it is closed by nobody else.
            for _, file in scope.get("state", {}).get("form_files", ()):
                file.file.close()

    def _finished(self, send: Send, path: str, *, head: bool) -> Any:
        async def finished(message: Any) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower(): value for name, value in message["headers"]}
                part = path.startswith("/static/") and present.get(b"content-type", b"").startswith(KINDS_OF_PARTS)
                wanted = PARTS if part else self.headers
                extra = [(name, value) for name, value in wanted.items() if name not in present]
                message = {**message, "headers": [*message["headers"], *extra]}
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        return finished


def refusal(scope: Any, origin: str) -> tuple[int, str] | None:
    """Status and text for a request that must not reach a route, or None."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if len(headers) > MOST_HEADERS:
        return 431, "Too many header fields"
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    if len(raw_path) + len(scope["query_string"]) > LONGEST_PATH:
        return 414, "The address is too long"
    if not _clean(unquote_to_bytes(raw_path)) or not _clean(unquote_to_bytes(scope["query_string"])):
        return 400, "The address is not valid text"
    if any(not _clean(value) for name, value in headers if name == b"cookie"):
        return 400, "A cookie is not valid text"
    if scope["method"] not in SAFE and _cross_site(headers, origin):
        return 403, "This form was sent from another site. Open the page here and send it again."
    return None


def _clean(value: bytes) -> bool:
    """Valid UTF-8 without NUL; PostgreSQL takes nothing else."""
    if value.isascii():
        return b"\0" not in value
    try:
        return "\0" not in value.decode()
    except UnicodeDecodeError:
        return False


def _cross_site(headers: Iterable[tuple[bytes, bytes]], origin: str) -> bool:
    """Whether a browser says that another site sent this. Programs that send neither header are no browsers.

    Fetch Metadata first, Origin as the fallback (OWASP CSRF prevention). The Host header stands in for PUBLIC_URL where
    a proxy or a test reaches the server by another name: both come from the browser of the person concerned.
    """
    said = dict(headers)
    site = said.get(b"sec-fetch-site")
    if site is not None:
        return site not in {b"same-origin", b"none"}
    claimed = said.get(b"origin")
    if claimed is None:
        return False
    host = claimed.partition(b"://")[2]
    return claimed.decode("latin-1") != origin and host != said.get(b"host", b"")


async def _plain(send: Any, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
