"""What a browser loads: the first visit of each role, and its main pages when the first visit is in the cache.

    python -m bench.weight              # a site with the demo, started for it
    python -m bench.weight ADDRESS      # a site with the demo that runs already

Bytes are those on the line, heads of answers included, as Chromium counts them.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from bench import serve
from bench.traffic import HOST

KB = 1000
FIRST, LATER = 100 * KB, 25 * KB
LONGEST_QUIET = 10_000  # milliseconds to wait for a page
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage")  # fmt: skip

PASSWORD = "demo-incubator-2026"
NAMES = {"team_lead": "lead"}
DEMO = {role: (f"{NAMES.get(role, role)}@demo.example", PASSWORD)
        for role in ("team_lead", "participant", "moderator", "juror", "organiser", "admin")}  # fmt: skip
TEAM, COHORT, ROUND = "/teams/[0-9a-f-]{36}", "/cohorts/[0-9a-f-]{36}", "/rounds/[0-9a-f-]{36}"
# role of the demo -> name of a page, and the way to it from the role's first page: what the next link looks like
PAGES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "team_lead": {
        "case": (f"{TEAM}/case",),
        "work": (f"{TEAM}/assignments/[0-9a-f-]+",),
        "members": (f"{TEAM}/members",),
        "passport": (f"{TEAM}/case", f"{TEAM}/passport"),
        "journal": (f"{TEAM}/journal",),
        "profile": ("/profile",),
    },
    "participant": {"work": (f"{TEAM}/assignments/[0-9a-f-]+",), "help": ("/help",)},
    "moderator": {
        "queue": ("/queue",),
        "desk": ("/queue", "/submissions/[0-9a-f-]+/desk"),
        "team": ("/queue", "/submissions/[0-9a-f-]+/desk", TEAM),
    },
    "juror": {"jury": ("/jury",), "sheet": ("/jury", f"{ROUND}/projects/[0-9a-f-]+")},
    "organiser": {
        "cohorts": ("/cohorts",),
        "overview": ("/cohorts", COHORT),
        "map": ("/cohorts", COHORT, f"{COHORT}/map"),
        "people": ("/cohorts", COHORT, f"{COHORT}/people"),
        "plan": ("/cohorts", COHORT, f"{COHORT}/plan"),
        "jury": ("/cohorts", COHORT, f"{COHORT}/jury"),
        "letters": ("/cohorts", COHORT, f"{COHORT}/letters"),
        "journal": ("/cohorts", COHORT, f"{COHORT}/journal"),
    },
    "admin": {"people": ("/people",), "programmes": ("/people", "/programmes")},
}


@dataclass(frozen=True)
class Weight:
    """One page or visit: bytes on the line, and how many there may be."""

    role: str
    page: str
    bytes: int
    limit: int
    parts: tuple[tuple[str, int], ...]

    @property
    def over(self) -> bool:
        """Whether it is too heavy."""
        return self.bytes > self.limit


class Scales:
    """Counts what one tab loads."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._addresses: dict[str, str] = {}
        self._parts: list[tuple[str, int]] = []

    @classmethod
    async def at(cls, page: Page) -> "Scales":
        """Scales that count from now on."""
        made = cls(page)
        line = await page.context.new_cdp_session(page)
        await line.send("Network.enable")
        line.on("Network.requestWillBeSent", made._asked)
        line.on("Network.loadingFinished", made._came)
        return made

    def _asked(self, event: dict[str, Any]) -> None:
        known = self._addresses.get(event["requestId"])
        if known and (moved := event.get("redirectResponse")):
            self._parts.append((_path(known), int(moved["encodedDataLength"])))
        self._addresses[event["requestId"]] = event["request"]["url"]

    def _came(self, event: dict[str, Any]) -> None:
        address = self._addresses.get(event["requestId"], "?")
        self._parts.append((_path(address), int(event["encodedDataLength"])))

    async def taken(self) -> tuple[tuple[str, int], ...]:
        """What has come since the last time, when the page has all it asks for; the heaviest first."""
        await self.page.wait_for_load_state()
        await self.page.evaluate("document.fonts.ready.then(() => true)")
        await asyncio.sleep(0.3)  # pictures of fonts and sprites come last; a live page is never quiet
        parts, self._parts = self._parts, []
        return tuple(sorted((part for part in parts if part[1]), key=lambda part: -part[1]))


def _path(address: str) -> str:
    return re.sub(r"^https?://[^/]+(/static/[\w-]+)?", "", address)


def weight(role: str, page: str, limit: int, parts: Iterable[tuple[str, int]]) -> Weight:
    """The sum of parts, held against a limit."""
    kept = tuple(parts)
    return Weight(role, page, sum(size for _, size in kept), limit, kept)


async def weights(browser: Browser, address: str, accounts: Mapping[str, tuple[str, str]]) -> list[Weight]:
    """Every role's first visit and pages; `accounts` gives e-mail and password by role."""
    found: list[Weight] = []
    for role, ways in PAGES.items():
        context = await browser.new_context(base_url=address, locale="ru-RU", service_workers="block")
        context.set_default_timeout(LONGEST_QUIET)
        page = await context.new_page()
        scales = await Scales.at(page)
        await _enter(page, *accounts[role])
        found.append(weight(role, "first visit", FIRST, await scales.taken()))
        visited = await context.storage_state()
        await context.close()
        for name, way in ways.items():
            found.append(weight(role, name, LATER, await _later(browser, address, visited, way)))
    return found


async def _enter(page: Page, email: str, password: str) -> None:
    await page.goto("/sign-in")
    await page.fill("[name=email]", email)
    await page.fill("[name=password]", password)
    await page.click("main button[type=submit]")
    await page.wait_for_url(lambda url: "/sign-in" not in url)


async def _later(browser: Browser, address: str, state: Any, way: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """What the last page of a way loads, in a browser that has seen the first page only."""
    context = await browser.new_context(base_url=address, locale="ru-RU", service_workers="block", storage_state=state)
    try:
        page = await context.new_page()
        await page.goto("/")
        scales = await Scales.at(page)
        goal = ""
        for link in way:
            goal = await _link(page, link) if not goal else await _fetched(page, goal, link)
        await scales.taken()
        await page.goto(goal)
        return await scales.taken()
    finally:
        await context.close()


async def _link(page: Page, pattern: str) -> str:
    return _first(await page.content(), pattern)


async def _fetched(page: Page, address: str, pattern: str) -> str:
    """A link of another page, which the browser itself does not open."""
    return _first(await (await page.context.request.get(address)).text(), pattern)


def _first(html: str, pattern: str) -> str:
    links = re.findall(rf'href="({pattern})"', html)
    assert links, f"no link like {pattern}"
    return str(links[0])


def table(found: Iterable[Weight]) -> str:
    """Role, page, kilobytes, limit, the heaviest part; `!` where it is too much."""
    lines = [f"{'role':12} {'page':12} {'KB':>6} {'limit':>6}   heaviest part"]
    for each in found:
        name, size = each.parts[0] if each.parts else ("", 0)
        lines.append(
            f"{each.role:12} {each.page:12} {each.bytes / KB:6.1f} {each.limit / KB:6.0f} {'!' if each.over else ' '}"
            f" {size / KB:.1f} {re.sub('[0-9a-f-]{36}', '…', name)}"
        )
    return "\n".join(lines)


@contextmanager
def site() -> Iterator[str]:
    """The address of a site of its own, with the demo."""
    with tempfile.TemporaryDirectory() as folder, serve.postgres(Path(folder)) as dsn:
        port = serve.free_port()
        words = {"INCUBATOR_VAR": folder, "SECRET_KEY": "only for weighing", "DATABASE_URL": dsn}
        with serve.product(Path(folder), port, words):
            command = [str(Path(sys.executable).with_name("incubator")), "demo"]
            subprocess.run(command, env={**os.environ, **words}, check=True, stdout=subprocess.DEVNULL)
            yield f"http://{HOST}:{port}"


async def weigh(address: str) -> list[Weight]:
    """The demo at an address, in the Chromium of the system."""
    async with async_playwright() as playwright:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = await playwright.chromium.launch(executable_path=path, args=list(QUIET))
        try:
            return await weights(browser, address, DEMO)
        finally:
            await browser.close()


def main() -> None:
    """Print the table; the exit status is 1 if anything is too heavy."""
    with nullcontext(sys.argv[1].rstrip("/")) if sys.argv[1:] else site() as address:
        found = asyncio.run(weigh(address))
    print(table(found))
    sys.exit(any(each.over for each in found))


if __name__ == "__main__":
    main()
