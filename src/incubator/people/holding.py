"""What was typed into a form whose session had ended goes through the sign-in and comes back to the same person.

For browsers without scripts: with them the text doesn't leave the page (static/keeping.js). The page that asks to sign in
carries it, sealed: there nobody can read or change it, and it opens for the person and in the browser that it came from,
within a day. Nothing is done by itself: whoever is back looks at the text and presses the button.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler

from incubator.foundation import pages
from incubator.foundation.refusals import Refusal
from incubator.people import sessions
from incubator.people.queries import token_fingerprint
from incubator.people.rules import local_path
from incubator.settings import settings

LASTS = 24 * 3600  # seconds
LONGEST = 150_000  # characters of what is sealed: the sign-in form has to stay within the limit of forms
SECRET_FIELDS = frozenset({"password", "current", "proof"})  # they are typed again
NONCE = 16
TAG = 32
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it was sent: where to, from which page, and what it held; `files` says that some were chosen too."""

    path: str
    page: str
    pairs: tuple[tuple[str, str], ...]
    files: bool

    @property
    def texts(self) -> list[str]:
        """What a person wrote, as far as it can be told from keys and numbers of ours."""
        return [value for _, value in self.pairs if " " in value.strip() or not value.isascii()]


@dataclass(frozen=True, slots=True)
class Held:
    """The form as the sign-in carries it, "" when it is too long, and the page on which it stood."""

    text: str
    page: str


async def hold(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A guard before `only_signed_in`: keep the form of an ended session in the request's state, sealed."""
    state = connection.scope["state"]
    if state.get("viewer") is not None or "broken" in state or handler.opt.get("public"):
        return
    device = connection.cookies.get(sessions.device_name(settings()), "")
    if device and _readable(connection) and (typed := await _typed(connection)):
        state["held"] = Held(sealed(typed, device, int(time.time())), typed.page)


def _readable(connection: Any) -> bool:
    """Whether a person sent this from a page of ours, and it isn't larger than what people type."""
    length = connection.headers.get("content-length", "")
    small = length.isdecimal() and len(length) < 9 and int(length) <= pages.TEXT_LIMIT
    whole = not pages.wants_json(connection) and not pages.is_partial(connection)
    return connection.scope["method"] == "POST" and small and whole


async def _typed(connection: Any) -> Typed | None:
    """The form, if its token is that of the session whose cookie came along: then one person wrote and sent it."""
    try:
        pairs = await pages.form_pairs(connection)
    except (Refusal, HTTPException):
        return None
    files = await _chosen(connection)
    cookie = connection.cookies.get(sessions.cookie_name(settings()), "")
    expected = sessions.csrf_token(token_fingerprint(cookie))
    given = next((value for name, value in pairs if name == "_csrf"), "")
    own = tuple(pair for pair in pairs if not pair[0].startswith("_") and pair[0] not in SECRET_FIELDS)
    if not cookie or not own or not hmac.compare_digest(given.encode(), expected.encode()):
        return None
    return Typed(connection.scope["path"], _page(connection), own, files)


async def _chosen(connection: Any) -> bool:
    """Whether files came along; they go no further."""
    files = [file for _, file in connection.scope["state"].pop("form_files", ())]
    for file in files:
        await file.close()
    return any(file.filename for file in files)


def _page(connection: Any) -> str:
    """The page on which the form stood; browsers tell it to our own site only."""
    return local_path(pages.page_before(connection) or "/")


# --- The seal ---------------------------------------------------------------------------------------------------------


def sealed(typed: Typed, device: str, at: int) -> str:
    """The form as text for a hidden field, "" when it is too long; `at` in seconds since 1970."""
    said = json.dumps([at, typed.path, typed.page, typed.pairs, typed.files]).encode()
    nonce = secrets.token_bytes(NONCE)
    hidden = nonce + _veiled(zlib.compress(said), device, nonce)
    text = base64.urlsafe_b64encode(_tag(hidden, device) + hidden).decode()
    return text if len(text) <= LONGEST else ""


def opened(text: str, device: str, person: UUID, at: int) -> Typed | None:
    """What is in it, for the person who signed in last in the browser that sent it; None for anybody else, and later."""
    if not sessions.known_device(device, person):
        return None
    try:
        raw = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    tag, hidden = raw[:TAG], raw[TAG:]
    if not hmac.compare_digest(tag, _tag(hidden, device)):
        return None
    since, path, page, pairs, files = json.loads(zlib.decompress(_veiled(hidden[NONCE:], device, hidden[:NONCE])))
    if not 0 <= at - since <= LASTS:
        return None
    return Typed(local_path(path), local_path(page), tuple((name, value) for name, value in pairs), files)


def _key(use: bytes, device: str) -> bytes:
    return hmac.new(settings().secret("holding"), use + device.encode(), hashlib.sha256).digest()


def _tag(hidden: bytes, device: str) -> bytes:
    return hmac.new(_key(b"tag", device), hidden, hashlib.sha256).digest()


def _veiled(data: bytes, device: str, nonce: bytes) -> bytes:
    """The data with a stream of bits laid over it that follows from key and nonce; twice gives the data again."""
    stream = hashlib.shake_256(_key(b"veil", device) + nonce).digest(len(data))
    return (int.from_bytes(data) ^ int.from_bytes(stream)).to_bytes(len(data))
