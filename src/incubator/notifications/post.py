"""One letter to one mail server: the message with its two parts, and what the server's answers mean.

SMTP_URL: smtp://user:password@host:587 uses TLS when the server offers it, …?starttls insists on it, …?plain never asks;
smtps://host:465 speaks TLS from the start. User and password are percent-encoded.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib

from incubator.foundation import i18n
from incubator.foundation.jobs import GivesUp, Waits
from incubator.foundation.pages import environment
from incubator.notifications.letters import Words, one_line, words
from incubator.notifications.rules import Kind, meaning
from incubator.settings import settings

TIMEOUT = 20  # seconds for each step of the conversation
REST = 30.0  # seconds in which a server that did not answer is not asked again


class Undelivered(Exception):  # noqa: N818  (an answer of the server, not a fault of ours)
    """The server could not take the letter now; the job tries again."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A letter on its way; `over`: its link leads nowhere any more; `held`: seconds for which it must still wait."""

    id: UUID
    kind: Kind
    address: str
    name: str
    locale: str
    time_zone: str
    facts: dict[str, Any]
    secret: dict[str, str]
    written_at: datetime
    over: bool
    held: int = 0


# The server


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server as SMTP_URL names it; `starttls` is None for "if it is offered"."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool
    starttls: bool | None


@cache
def server(address: str) -> Server:
    """Read SMTP_URL; ValueError says what is wrong with it."""
    parts = urlsplit(address)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("SMTP_URL must be like smtp://user:password@mail.example:587")
    if parts.query not in {"", "starttls", "plain"}:
        raise ValueError("SMTP_URL may end in ?starttls or ?plain only")
    tls = parts.scheme == "smtps"
    return Server(
        host=parts.hostname,
        port=parts.port or (465 if tls else 587 if parts.username else 25),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
        starttls=False if tls else {"": None, "starttls": True, "plain": False}[parts.query],
    )


_resting: dict[str, tuple[float, str]] = {}


async def deliver(letter: Outgoing) -> None:
    """Hand the letter over. Raises Waits (not the letter's fault), Undelivered (again later) or GivesUp (never)."""
    address = settings().smtp_url
    try:
        to = server(address)
    except ValueError as fault:
        raise Waits(f"settings: {fault}", 3600) from fault
    until, reason = _resting.get(address, (0.0, ""))
    if time.monotonic() < until:
        raise Waits(reason, int(REST))
    await hand_over(to, build(letter), address)


async def hand_over(to: Server, message: EmailMessage, address: str) -> None:
    """One conversation with the server. Raises as `deliver` does; one that is silent is not asked again for a while."""
    try:
        await aiosmtplib.send(
            message, hostname=to.host, port=to.port, username=to.user, password=to.password, use_tls=to.tls,
            start_tls=to.starttls, timeout=TIMEOUT,
        )  # fmt: skip
    except aiosmtplib.SMTPRecipientsRefused as fault:
        raise _refusal(fault.recipients[0]) from fault
    except aiosmtplib.SMTPAuthenticationError as fault:
        raise Waits(f"sign-in: {fault.code} {one_line(fault.message)}", 600) from fault
    except UNANSWERED as fault:
        reason = f"silent: {to.host}:{to.port} {one_line(str(fault))}"
        _resting[address] = (time.monotonic() + REST, reason)
        raise Undelivered(reason) from fault
    except aiosmtplib.SMTPResponseException as fault:
        raise _refusal(fault) from fault
    except aiosmtplib.SMTPException as fault:  # it can't do what SMTP_URL asks for: sign-in without TLS, STARTTLS
        raise Waits(f"settings: {one_line(str(fault))}", 600) from fault


UNANSWERED = (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError)


def _refusal(fault: aiosmtplib.SMTPResponseException) -> Exception:
    """What an answer of the server means for the letter."""
    text = one_line(fault.message)[:300]
    word = meaning(fault.code, text)
    return (Undelivered if word == "later" else GivesUp)(f"{word}: {fault.code} {text}")


# The message


def build(letter: Outgoing) -> EmailMessage:
    """The message with a text and an HTML part in the reader's language. Raises GivesUp for an address that can't be one."""
    site = settings()
    with i18n.speaking(letter.locale, letter.time_zone):
        said = words(letter.kind, letter.facts, letter.secret)
        text, html = render("txt", said), render("html", said)
        sender = str(i18n.gettext("Incubator"))
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = _mailbox(sender, site.mail_from)
        message["To"] = _mailbox(letter.name, letter.address)
        message["Subject"] = said.subject
    except (ValueError, IndexError) as fault:
        raise GivesUp(f"address: {one_line(letter.address)}") from fault
    message["Date"] = format_datetime(letter.written_at)
    message["Message-ID"] = f"<{letter.id}@{site.mail_from.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = letter.locale
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


def _mailbox(name: str, address: str) -> Address:
    """Name and address for a header; a Cyrillic domain in the form that every server takes."""
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or one_line(address) != address:
        raise ValueError("an address of one line, with something before and after @")
    return Address(one_line(name), local, domain.encode("idna").decode())


def render(suffix: str, said: Words) -> str:
    """The text ("txt") or HTML ("html") part in the current language."""
    link = settings().public_url + said.path if said.path else ""
    template = environment().get_template(f"notifications/letters/letter.{suffix}")
    made = template.render(words=said, link=link, locale=i18n.locale(), site=settings().public_url)
    return made if suffix == "html" else made.strip() + "\n"
