"""What nobody types by accident, into every field of every form that the site shows: an answer below 500, and not a row more.

The forms are found by walking the demo's pages as each role, so a new form is tried without being named here.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode

import httpx
import pytest

import cast
from incubator import demo
from incubator.foundation.database import fetch, fetch_value

ROLES = ("organiser", "moderator", "juror", "lead", "admin")
PAGES = 45  # of each role
SAMPLE = 3  # hostile values for each field
LEFT_ALONE = re.compile(r"/(sign-out|profile/sessions|language|deletion)")  # they end the session that tries them
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")

HOSTILE = (
    "", " ", "NaN", "sNaN", "Infinity", "-Infinity", "1e999999", "-0", str(2**63), "-1", "1_0", "٣", "7,55555", "0x10",
    "9" * 400, "я" * 30_001, "\u202eтекст", "a\u200bb", "e" + "\u0301" * 400, "<script>alert(1)</script>", "{{ 7*7 }}",
    "'; DROP TABLE person; --", "=1+1", "../../etc/passwd", "2026-13-45", "0000-00-00", "T25:61", "\r\nBcc: x@example.org",
    "00000000-0000-0000-0000-000000000000", "not-a-uuid", "javascript:alert(1)", "\x07\x1b[2J", "[" * 5000,
)  # fmt: skip
RAW = (b"\xff\xfe", b"%00", b"%ed%a0%80", b"%c0%af", b"%ff")


@dataclass(frozen=True)
class Found:
    """A form of a page: where it goes and what it holds."""

    action: str
    fields: tuple[tuple[str, str], ...]

    @property
    def kind(self) -> tuple[str, tuple[str, ...]]:
        return UUID.sub("#", self.action), tuple(name for name, _ in self.fields)


class Reader(HTMLParser):
    """Collects the POST forms and the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Found] = []
        self.links: list[str] = []
        self._action: str | None = None
        self._fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href", "").startswith("/"):
            self.links.append(given["href"].partition("#")[0])
        if tag == "form" and given.get("method", "").lower() == "post":
            self._action, self._fields = given.get("action", ""), {}
        if self._action is not None and tag in {"input", "textarea", "select", "button"} and given.get("name"):
            self._fields.setdefault(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._action is not None:
            self.forms.append(Found(self._action, tuple(self._fields.items())))
            self._action = None


async def walk(client: httpx.AsyncClient) -> Iterator[Found]:
    """Every kind of form that this role meets on the first pages of every pattern."""
    waiting, seen, patterns, forms = ["/"], set(), {}, {}
    while waiting and len(seen) < PAGES:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = await client.get(path, follow_redirects=True)
        reader = Reader()
        if answer.headers["content-type"].startswith("text/html"):
            reader.feed(answer.text)
        for form in reader.forms:
            if form.action:
                forms.setdefault(form.kind, form)
        for link in reader.links:
            pattern = UUID.sub("#", link)
            patterns[pattern] = patterns.get(pattern, 0) + 1
            if patterns[pattern] <= 2 and not link.startswith("/static"):
                waiting.append(link)
    return iter(forms.values())


async def rows() -> dict[str, int]:
    """Rows of every table, but for those that count tries and sessions."""
    tables = await fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        " AND tablename NOT IN ('migration', 'throttle', 'session', 'outbox') ORDER BY 1"
    )
    counts = ", ".join(f'(SELECT count(*) FROM "{each["tablename"]}")' for each in tables)
    found = await fetch(f"SELECT {counts}")
    return dict(zip((each["tablename"] for each in tables), found[0].values(), strict=True))


@pytest.fixture
async def told(app, db):
    await demo.load()


async def person(role: str) -> object:
    return await fetch_value("SELECT id FROM person WHERE email = $1", f"{role}@demo.example")


@pytest.mark.parametrize("role", ROLES)
async def test_no_field_of_any_form_can_break_the_site(told, client, role):
    chance = random.Random(f"hostile {role}")
    await cast.sign_in(client, await person(role))
    forms = [form for form in await walk(client) if not LEFT_ALONE.search(form.action)]
    assert len(forms) >= 4, "the walk met hardly any form"
    tried = 0
    before = await rows()
    for form in forms:
        for name, _ in form.fields:
            for value in chance.sample(HOSTILE, SAMPLE):
                fields = {**dict(form.fields), name: value}
                answer = await client.post(form.action, data=fields)
                tried += 1
                assert answer.status_code < 500, (form.action, name, value[:60])
                if answer.status_code >= 400:
                    assert await rows() == before, (form.action, name, value[:60], answer.status_code)
                else:
                    before = await rows()
    assert tried > 50


@pytest.mark.parametrize("role", ["lead", "organiser"])
async def test_bytes_that_are_no_text_unknown_fields_and_repeated_ones_are_refused(told, client, role):
    await cast.sign_in(client, await person(role))
    forms = [form for form in await walk(client) if not LEFT_ALONE.search(form.action)]
    before = await rows()
    plain = {"content-type": "application/x-www-form-urlencoded"}
    for form in forms:
        body = urlencode(form.fields).encode()
        for raw in RAW:
            answer = await client.post(form.action, content=body + b"&name=" + raw, headers=plain)
            assert answer.status_code in {400, 403, 404, 409, 413, 422}, (form.action, raw)
        for extra in ("is_admin=1", "juror_id=1", "role=administrator&role=organiser", "seat=x"):
            answer = await client.post(form.action, content=body + b"&" + extra.encode(), headers=plain)
            assert answer.status_code < 500, (form.action, extra)
        for kind in ("text/plain", "application/json", "application/xml"):
            answer = await client.post(form.action, content=b'{"a": [[[[', headers={"content-type": kind})
            assert answer.status_code == 400, (form.action, kind)
    after = await rows()
    grown = {table: (before[table], after[table]) for table in before if before[table] != after[table]}
    assert "role_grant" not in grown, grown


@pytest.mark.parametrize("path", ["/queue", "/cohorts", "/journal/mine", "/", "/people", "/letters"])
async def test_no_query_breaks_a_page(told, client, path):
    await cast.sign_in(client, await person("admin"))
    for name in ("cohort", "before", "by", "state", "with", "q", "page", "kind"):
        for value in HOSTILE:
            if len(value) < 1000:
                answer = await client.get(path, params={name: value})
                assert answer.status_code < 500, (path, name, value)


async def test_six_hundred_thousand_fields_do_not_hold_the_site_up(told, client):
    await cast.sign_in(client, await person("lead"))
    body = b"&".join(b"a=1" for _ in range(600_000))
    answer = await client.post("/profile", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413
