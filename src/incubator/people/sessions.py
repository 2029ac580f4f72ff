"""Sessions: a random token in the browser, its SHA-256 in the database, a new one at every change of rights.

The viewer is read anew at each request, in one statement: roles taken away count from the next request. An anonymous
visitor gets no session and no cookie.
"""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from incubator.foundation import display, i18n, pages
from incubator.foundation.database import execute, fetch_one
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import BadRequest, ConsentNeeded, SignInNeeded
from incubator.people import queries
from incubator.people.consent_queries import DUE
from incubator.people.rights import Viewer
from incubator.settings import Settings, settings

LASTS = timedelta(days=30)  # however much it is used
IDLE = timedelta(days=7)  # without being used
SHARED_LASTS, SHARED_IDLE = timedelta(hours=12), timedelta(hours=2)  # the same at a computer that others use too
TOUCH = timedelta(minutes=10)  # how exactly we know when it was last used
DEVICE_LASTS = timedelta(days=365)
SAFE = {"GET", "HEAD", "OPTIONS"}

SESSION = f"""
SELECT p.id, p.name, p.email, p.locale, p.time_zone, p.demo, p.first_steps, s.flash, s.asks, s.shared, now() AS now, s.seen_at < now() - $2::interval AS touch,
{queries.HOLDS}
FROM session s JOIN person p ON p.id = s.person
WHERE s.token_hash = $1 AND s.expires_at > now() AND s.seen_at > now() - CASE WHEN s.shared THEN $4::interval ELSE $3::interval END
  AND p.deactivated_at IS NULL
"""
FORGET = """
UPDATE session SET flash = coalesce(
  (SELECT jsonb_agg(line) FROM jsonb_array_elements(flash) WITH ORDINALITY AS kept(line, place) WHERE place > $2), '[]')
WHERE token_hash = $1
"""


def cookie_name(words: Settings) -> str:
    """`__Host-` binds the cookie to this host and to TLS; browsers refuse the prefix on plain http."""
    return "__Host-session" if words.https else "session"


def csrf_token(session: bytes) -> str:
    """The token that forms of this session carry; worthless with any other session."""
    digest = hmac.new(settings().secret("csrf"), session, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def keeping(person: UUID, *, shared: bool = False) -> tuple[str, str]:
    """Under what name, and sealed by what key, a browser keeps what this person types until the server has it.

    Both are the same in all sessions, so that text survives the end of one; nobody else's pages hold them. Without a key
    nothing is kept: that is so at a `shared` computer.
    """
    secret = settings().secret("keeping")
    name = hmac.new(secret, b"name" + person.bytes, hashlib.sha256).digest()[:9]
    key = b"" if shared else hmac.new(secret, b"key" + person.bytes, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(name).decode(), base64.urlsafe_b64encode(key).decode()


class Sessions:
    """ASGI application that puts `viewer`, `csrf` and `flash` into the request's state and sets locale and zone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.name = cookie_name(settings())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Load the viewer unless this is a static file; a lost database is answered further in."""
        if str(scope["type"]) != "http" or scope["path"].startswith("/static/"):
            await self.app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        cookies = _cookies(scope)
        state["display"] = display.read(cookies.get(display.COOKIE, ""))
        token = cookies.get(self.name, "")
        try:
            viewer = await load(token) if token else None
        except Exception as fault:  # noqa: BLE001  (raised again by the guard, so that it becomes a page)
            state["broken"] = fault
            viewer = None
        state["viewer"] = viewer
        if viewer is not None:
            state.update(csrf=csrf_token(viewer.session), now=viewer.now, flash=viewer.flash)
            i18n.use(viewer.locale, viewer.time_zone)
            if viewer.flash and not pages.is_partial(Request(scope)):
                send = _forgetting(send, viewer)
        else:
            i18n.use(cookies.get("lang") or _wanted(scope), "Europe/Moscow")
        await self.app(scope, receive, send)


def _cookies(scope: Scope) -> dict[str, str]:
    header = b";".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _wanted(scope: Scope) -> str:
    header = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    return i18n.parse_accept_language(header.decode("latin-1"))


async def load(token: str) -> Viewer | None:
    """The viewer whose session this is, or None when it has ended."""
    return await _load(queries.token_fingerprint(token))


async def again(viewer: Viewer) -> Viewer | None:
    """The viewer as he is by now, or None when his session has ended. One statement."""
    return await _load(viewer.session)


async def _load(key: bytes) -> Viewer | None:
    row = await fetch_one(SESSION, key, TOUCH, IDLE, SHARED_IDLE)
    if row is None:
        return None
    if row["touch"]:
        await execute("UPDATE session SET seen_at = now() WHERE token_hash = $1", key)
    lines = tuple((line["kind"], line["text"]) for line in json.loads(row["flash"]))
    return queries.viewer_of(row, row["now"], session=key, flash=lines, asks=row["asks"], shared=row["shared"])


async def begin(person: UUID, *, instead_of: bytes = b"", shared: bool = False) -> str:
    """Open a session and end the one it replaces; the new token, which is shown to the browser once.

    At a `shared` computer it is short.
    """
    token = secrets.token_urlsafe(32)
    await execute("DELETE FROM session WHERE token_hash = $1 OR expires_at < now()", instead_of)
    await execute(
        "INSERT INTO session (token_hash, person, created_at, seen_at, expires_at, flash, asks, shared)"
        f" SELECT $2, $1, now(), now(), now() + $3::interval, '[]', EXISTS ({DUE}), $4",
        person, queries.token_fingerprint(token), SHARED_LASTS if shared else LASTS, shared,
    )  # fmt: skip
    return token


async def end_all(person: UUID, *, but: bytes = b"") -> int:
    """End every session of a person except one; how many."""
    return await execute("DELETE FROM session WHERE person = $1 AND token_hash <> $2", person, but)


async def end(session: bytes) -> None:
    """End one session."""
    await execute("DELETE FROM session WHERE token_hash = $1", session)


def cookie(token: str, *, shared: bool = False) -> Cookie:
    """The cookie for a new token; an empty token takes the cookie away. A `shared` computer forgets it with its window."""
    words = settings()
    age = (None if shared else int(LASTS.total_seconds())) if token else 0
    return Cookie(
        key=cookie_name(words), value=token, max_age=age, path="/", httponly=True, secure=words.https, samesite="lax"
    )


def device_name(words: Settings) -> str:
    """Name of the cookie by which a browser is known after it has signed out."""
    return "__Host-device" if words.https else "device"


def device_cookie(person: UUID | None) -> Cookie:
    """The mark of a browser in which this person signed in: it may try his password when guessers have used up the tries.

    It opens nothing by itself. Each sign-in makes a new one; one at a shared computer (None) takes away what was there, so
    that the mark is never another person's than the session (see `holding`).
    """
    mark = secrets.token_hex(8)
    words, age = settings(), int(DEVICE_LASTS.total_seconds()) if person else 0
    return Cookie(
        key=device_name(words), value=f"{mark}.{_device_seal(mark, person)}" if person else "", max_age=age, path="/",
        httponly=True, secure=words.https, samesite="lax",
    )  # fmt: skip


def known_device(value: str, person: UUID | None) -> str:
    """The mark in a device cookie if it was made for this person, else ""."""
    mark, _, seal = value.partition(".")
    good = person is not None and hmac.compare_digest(seal.encode(), _device_seal(mark, person).encode())
    return mark if good else ""


def _device_seal(mark: str, person: UUID) -> str:
    return hmac.new(settings().secret("device"), f"{mark} {person}".encode(), hashlib.sha256).hexdigest()


async def flash(viewer: Viewer, kind: str, text: Message | str) -> None:
    """Keep a message for the next page of this session; `kind` is info, success or warning."""
    line = json.dumps([{"kind": kind, "text": str(text)}], ensure_ascii=False)
    await execute("UPDATE session SET flash = flash || $2::jsonb WHERE token_hash = $1", viewer.session, line)


def _forgetting(send: Send, viewer: Viewer) -> Send:
    """Drop the messages that a whole page has shown; one flashed meanwhile stays for the next page."""

    async def sent(message: Any) -> None:
        await send(message)
        if message["type"] == "http.response.start" and _is_page(message):
            await execute(FORGET, viewer.session, len(viewer.flash))

    return sent


def _is_page(start: Any) -> bool:
    kind: bytes = dict(start["headers"]).get(b"content-type", b"")
    return start["status"] != 304 and kind.startswith(b"text/html")


async def only_signed_in(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Application-wide guard: signed in unless the route says `public`; a write carries its session's token.

    Who has yet to answer a consent reaches only what is public and what says `before_consent`.
    """
    state = connection.scope["state"]
    if "broken" in state:
        raise state["broken"]
    viewer: Viewer | None = state.get("viewer")
    if viewer is None:
        if not handler.opt.get("public"):
            raise SignInNeeded
        return
    if viewer.asks and not (handler.opt.get("public") or handler.opt.get("before_consent")):
        raise ConsentNeeded
    if cast("HTTPScope", connection.scope)["method"] not in SAFE:
        await _check_token(connection, viewer)


async def _check_token(connection: Any, viewer: Viewer) -> None:
    given = connection.headers.get("x-csrf-token", "")
    if not given:
        given = next((value for name, value in await pages.form_pairs(connection) if name == "_csrf"), "")
    if not hmac.compare_digest(given.encode(), csrf_token(viewer.session).encode()):
        raise BadRequest(Message("This page was opened in an earlier session. Open it again and repeat."))


async def provide_viewer(request: Request[Any, Any, Any]) -> Viewer:
    """The signed-in viewer; for handlers that only he reaches."""
    viewer: Viewer | None = request.scope["state"].get("viewer")
    if viewer is None:
        raise SignInNeeded
    return viewer
