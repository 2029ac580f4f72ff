"""What nobody types by accident, into every field of every form that the demo shows: an answer below 500, not a row more.

The forms are found by walking the demo's pages as each role, so here is every form as pages really fill it in. What no
form can send at all is tried at every address in `test_every_form.py`.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

import httpx
import pytest

import cast
from conftest import empty
from incubator import demo
from incubator.foundation.database import fetch, fetch_value

ROLES = ("moderator", "juror", "lead", "admin", "organiser")  # who can spoil most for the others comes last
PAGES = 45  # of each role
SAMPLE = 3  # hostile values for each field
LEFT_ALONE = re.compile(r"/(sign-out|profile/sessions|language|deletion)")  # they end the session that tries them
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
CONTACTS = re.compile(rf"/teams/{UUID.pattern}/contacts")

HOSTILE = (
    "", " ", "NaN", "sNaN", "Infinity", "-Infinity", "1e999999", "-0", str(2**63), "-1", "1_0", "٣", "7,55555", "0x10",
    "9" * 400, "я" * 30_001, "\u202eтекст", "a\u200bb", "e" + "\u0301" * 400, "<script>alert(1)</script>", "{{ 7*7 }}",
    "'; DROP TABLE person; --", "=1+1", "../../etc/passwd", "2026-13-45", "0000-00-00", "T25:61", "\r\nBcc: x@example.org",
    "00000000-0000-0000-0000-000000000000", "not-a-uuid", "javascript:alert(1)", "\x07\x1b[2J", "[" * 5000,
)  # fmt: skip


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
    """Rows of every table, but for those that count tries and sessions, and the journal, whose rows are looked at."""
    tables = await fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        " AND tablename NOT IN ('migration', 'throttle', 'session', 'outbox', 'journal_entry') ORDER BY 1"
    )
    counts = ", ".join(f'(SELECT count(*) FROM "{each["tablename"]}")' for each in tables)
    found = await fetch(f"SELECT {counts}")
    return dict(zip((each["tablename"] for each in tables), found[0].values(), strict=True))


async def noted(since: int) -> list[str]:
    """Verbs of the rows that came into the journal after this one."""
    return [row["verb"] for row in await fetch("SELECT verb FROM journal_entry WHERE id > $1 ORDER BY id", since)]


def looks(form: Found, status: int) -> list[str]:
    """What a refusal leaves in the journal: a page with addresses was looked at, also when it comes back with faults."""
    return ["contacts.viewed"] if CONTACTS.fullmatch(form.action) and status == 422 else []


@pytest.fixture(scope="module")
async def browser_of(app, pool):
    """A browser in which a person of the demo is signed in; the story is told once for the module."""
    await empty()
    await demo.load()
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:

        async def signed_in(role: str) -> httpx.AsyncClient:
            person = await fetch_value("SELECT id FROM person WHERE email = $1", f"{role}@demo.example")
            return await cast.sign_in(client, person)

        yield signed_in
    await empty()


@pytest.mark.parametrize("path", ["/queue", "/cohorts", "/journal/mine", "/", "/people", "/letters"])
async def test_no_query_breaks_a_page(browser_of, path):
    client = await browser_of("admin")
    for name in ("cohort", "before", "by", "state", "with", "q", "page", "kind"):
        for value in HOSTILE:
            if len(value) < 1000:
                answer = await client.get(path, params={name: value})
                assert answer.status_code < 500, (path, name, value)


async def test_six_hundred_thousand_fields_do_not_hold_the_site_up(browser_of):
    client = await browser_of("lead")
    body = b"&".join(b"a=1" for _ in range(600_000))
    answer = await client.post("/profile", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413


@pytest.mark.parametrize("role", ROLES)
async def test_no_field_of_any_form_can_break_the_site(browser_of, role):
    chance = random.Random(f"hostile {role}")
    client = await browser_of(role)
    forms = [form for form in await walk(client) if not LEFT_ALONE.search(form.action)]
    assert len(forms) >= 4, "the walk met hardly any form"
    tried = looked = 0
    before = await rows()
    for form in forms:
        for name, _ in form.fields:
            for value in chance.sample(HOSTILE, SAMPLE):
                last = await fetch_value("SELECT max(id) FROM journal_entry")
                answer = await client.post(form.action, data={**dict(form.fields), name: value})
                tried += 1
                what = form.action, name, value[:60], answer.status_code
                assert answer.status_code < 500, what
                if answer.status_code < 400:
                    before = await rows()
                    continue
                assert await rows() == before, what
                assert await noted(last) == looks(form, answer.status_code), what
                looked += bool(looks(form, answer.status_code))
    assert tried > 50
    # Who may take addresses out has met that page with a fault at least once.
    assert looked or not any(CONTACTS.fullmatch(form.action) for form in forms)
