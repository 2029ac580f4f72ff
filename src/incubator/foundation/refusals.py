"""Answers that say no: each carries an HTTP status and a reason that tells a person what to do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from incubator.foundation.i18n import Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from incubator.foundation.forms import Form

NOT_FOUND = Message(
    "There is nothing at this address, or it is not open to you. Check the address or go to the start page."
)
CONSENT_NEEDED = Message("Before you go on, answer what you are asked about your data.")
SIGN_IN_NEEDED = Message("Sign in to go on.")
INVALID = Message("Something has to be corrected. The fields are listed above the form.")
BAD_REQUEST = Message("The request could not be read. Reload the page and try again.")
NAMES_SHOWN = 5
NAME_LENGTH = 40


class Refusal(Exception):  # noqa: N818  (a refusal is an answer, not an error)
    """Base of all refusals; `status` is the HTTP status, `reason` what people read."""

    status: ClassVar[int] = 400

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.reason)


class BadRequest(Refusal):
    """400: no form of ours sends this."""

    def __init__(self, reason: Message = BAD_REQUEST) -> None:
        super().__init__(reason)


class UnexpectedFields(BadRequest):
    """400: the form held fields that nobody reads, or a field twice. `names` are sorted."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(sorted(set(names)))
        shown = ", ".join(ascii(name[:NAME_LENGTH]) for name in self.names[:NAMES_SHOWN])
        super().__init__(Message("The form was sent with unknown fields: {names}. Reload the page.", names=shown))


class SignInNeeded(Refusal):
    """401: nobody is signed in, or the session has ended."""

    status = 401

    def __init__(self, reason: Message = SIGN_IN_NEEDED) -> None:
        super().__init__(reason)


class Forbidden(Refusal):
    """403: the viewer knows that the thing is there but may not do this."""

    status = 403


class ConsentNeeded(Forbidden):
    """403: the viewer is asked for a consent and has to answer first."""

    def __init__(self) -> None:
        super().__init__(CONSENT_NEEDED)


class NotFound(Refusal):
    """404: never says why, so that what is hidden and what never was look the same."""

    status = 404

    def __init__(self) -> None:
        super().__init__(NOT_FOUND)


class Refused(Refusal):
    """409: the rules do not allow it now (too early, too late, in this state)."""

    status = 409


class Clash(Refusal):
    """409: somebody else was quicker; `context` holds what the page needs to show both versions."""

    status = 409

    def __init__(self, reason: Message, **context: object) -> None:
        super().__init__(reason)
        self.context = context


class Invalid(Refusal):
    """422: the form has errors by field; the page is shown again with what was typed."""

    status = 422

    def __init__(self, form: Form) -> None:
        super().__init__(INVALID)
        self.form = form


class TooMany(Refusal):
    """429: come back in `retry_after` seconds."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            Message.count(
                "Too many attempts. Try again in {n} minute.",
                "Too many attempts. Try again in {n} minutes.",
                max(1, -(-retry_after // 60)),
            )
        )
        self.retry_after = retry_after
