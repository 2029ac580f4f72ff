"""A mail server on loopback that can be told to refuse, and a small world to write letters in."""
# ruff: noqa: ARG002  (the names are those that aiosmtpd calls with)

import functools
import os
import socket
from dataclasses import dataclass, field
from email import message_from_bytes, policy

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

import cast
from incubator import settings as settings_module
from incubator.foundation.database import DB, execute, new_id
from incubator.notifications import actions, post  # noqa: F401  (the readers)
from incubator.people.rights import Role, Scope


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@dataclass
class Mailbox:
    """What the server took, and its answers to the next recipients and letters ("" takes)."""

    port: int
    letters: list = field(default_factory=list)
    to_recipient: list = field(default_factory=list)
    to_data: list = field(default_factory=list)
    drop_after_data: int = 0
    server: object = None
    password: str = ""

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.to_recipient.pop(0) if self.to_recipient else ""
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = self.to_data.pop(0) if self.to_data else ""
        if answer:
            return answer
        self.letters.append(message_from_bytes(envelope.original_content, policy=policy.default))
        if self.drop_after_data:
            self.drop_after_data -= 1
            server.transport.abort()
        return "250 taken"

    async def start(self):
        import asyncio

        loop = asyncio.get_running_loop()
        signs_in = {"authenticator": self.check, "auth_require_tls": False} if self.password else {}
        made = functools.partial(SMTP, self, loop=loop, hostname="mail.example", **signs_in)
        self.server = await loop.create_server(made, "127.0.0.1", self.port)

    def check(self, server, session, envelope, mechanism, words):
        return AuthResult(success=words.password == self.password.encode(), handled=False)

    async def stop(self):
        if self.server is not None:
            self.server.close()
            await self.server.wait_closed()
            self.server = None


def use_smtp(monkeypatch, address):
    monkeypatch.setitem(os.environ, "SMTP_URL", address)
    settings_module.settings.cache_clear()
    post._resting.clear()


@pytest.fixture
def no_smtp(monkeypatch):
    use_smtp(monkeypatch, "")
    yield
    monkeypatch.undo()
    settings_module.settings.cache_clear()


@pytest.fixture
async def mail(monkeypatch, db):
    """A running mail server that SMTP_URL names."""
    box = Mailbox(free_port())
    await box.start()
    use_smtp(monkeypatch, f"smtp://127.0.0.1:{box.port}?plain")
    yield box
    await box.stop()
    monkeypatch.undo()
    settings_module.settings.cache_clear()


@dataclass
class School:
    programme: object
    cohort: object
    team: object
    organiser: cast.Person
    moderator: cast.Person
    lead: cast.Person
    member: cast.Person


@pytest.fixture
async def school(db):
    """A programme with one cohort and one team of Spassk-Dalny, as rows: the features that make them stand above ours."""
    programme, cohort, town, team = new_id(), new_id(), new_id(), new_id()
    async with DB.transaction():
        await execute(
            "INSERT INTO programme (id, name, created_at, demo) VALUES ($1, 'Школа команд', now(), false)", programme
        )
        await execute(
            "INSERT INTO cohort (id, programme, name, summary, time_zone, starts_on, places, min_members, max_members,"
            " eligible_positions, created_at) VALUES ($1, $2, 'Весна', '', 'Europe/Moscow', now()::date, 20, 1, 10, '{}', now())",
            cohort, programme,
        )  # fmt: skip
        await execute(
            "INSERT INTO municipality (id, oktmo, name, kind, region, time_zone, demo)"
            " VALUES ($1, '05720000', 'Спасск-Дальний', 'urban', 'Приморский край', 'Asia/Vladivostok', false)",
            town,
        )
        await execute(
            "INSERT INTO team (id, cohort, municipality, name, registered_at) VALUES ($1, $2, $3, 'Спасск', now())",
            team, cohort, town,
        )  # fmt: skip
    people = [
        await cast.person(name, f"{word}@example.org")
        for name, word in (
            ("Ольга Сомова", "olga"),
            ("Мария Рыбина", "maria"),
            ("Лев Ершов", "lev"),
            ("Анна Ветрова", "anna"),
        )
    ]
    olga, maria, lev, anna = people
    await cast.give(olga, Role.ORGANISER, Scope.PROGRAMME, programme)
    await cast.give(maria, Role.MODERATOR, Scope.TEAM, team, cohort=cohort)
    await cast.give(lev, Role.TEAM_LEAD, Scope.TEAM, team, cohort=cohort)
    await cast.give(anna, Role.PARTICIPANT, Scope.TEAM, team, cohort=cohort)
    await execute("UPDATE person SET time_zone = 'Asia/Vladivostok' WHERE email = 'lev@example.org'")
    await execute("UPDATE person SET locale = 'en' WHERE email = 'anna@example.org'")
    return School(programme, cohort, team, olga, maria, lev, anna)
