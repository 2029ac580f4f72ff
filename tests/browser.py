"""A real Chromium for the tests, and pages that watch over themselves: no script fault, no breach of the policy, no 5xx."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Response,
    async_playwright,
    expect,
)

from needed import missing

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage")  # fmt: skip
WIDE = {"width": 1180, "height": 900}
PHONE = {"width": 390, "height": 844}
NARROW = (768, 600, 390, 360, 320)
PATIENCE = 30  # seconds; a machine under load now and then stands still for some
expect.set_options(timeout=PATIENCE * 1000)

STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")  # what may differ between light and dark


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Chromium of the system; without one a laptop skips loudly and CI fails."""
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        missing("no Chromium: pages were not tried in a browser")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield started
        with suppress(TimeoutError):  # as with a context
            async with asyncio.timeout(PATIENCE):
                await started.close()


class Watched:
    """A context whose pages keep a list of what must not happen."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.faults: list[str] = []
        context.on("page", self._watch)

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda fault: self.faults.append(f"{page.url}: {fault}"))
        page.on("console", self._heard)
        page.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        # Refusals are answers, not faults; `_answered` judges them. A cut line is what offline tests do on purpose.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"{message.location.get('url', '')}: {message.text}")

    def _answered(self, response: Response) -> None:
        lost = response.status == 404 and response.request.resource_type != "document"
        if response.status >= 500 or lost:
            self.faults.append(f"{response.status} {response.request.method} {response.url}")


@asynccontextmanager
async def watched(browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    """A fresh context (no cookies) in Russian; at its end it must have seen no fault."""
    # The zone differs from Moscow and from the teams': a time shown in the browser's zone would be noticed.
    settled = {
        "locale": "ru-RU",
        "timezone_id": "Asia/Tokyo",
        "viewport": WIDE,
        "service_workers": "block",
        "reduced_motion": "reduce",
        **options,
    }
    context = await browser.new_context(**settled)
    context.set_default_timeout(PATIENCE * 1000)
    watch = Watched(context)
    try:
        yield context
        assert watch.faults == []
    finally:
        await put_away(context)


async def put_away(context: BrowserContext) -> None:
    """Close a context, and wait no longer than PATIENCE: where a page asks whether to leave just then, Chromium never says
    that it has."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await context.close()


DOCUMENT = "[performance.timeOrigin, performance.getEntriesByType('navigation')[0].responseStatus]"


@dataclass
class Arrival:
    """The document that came: the status of its answer."""

    status: int = 0


@asynccontextmanager
async def another_page(page: Page) -> AsyncIterator[Arrival]:
    """Wait until what the block does has brought another document, perhaps at the same address, and it is loaded.

    `expect_navigation` does not do: htmx notes each page in the history, and a browser in a hurry tells of that so late
    that it passes for the navigation.
    """
    before, _ = await page.evaluate(DOCUMENT)
    came = Arrival()
    yield came
    at = before
    async with asyncio.timeout(PATIENCE):
        while at == before:
            with suppress(Error):  # the one is gone, the other not yet there
                at, came.status = await page.evaluate(DOCUMENT)
            await asyncio.sleep(0.02)
    await page.wait_for_load_state()


async def faults_of_access(page: Page, *, colours_only: bool = False) -> list[str]:
    """What axe-core finds on the page as it stands, in one line each."""
    rules = {"type": "rule", "values": COLOURS} if colours_only else {"type": "tag", "values": STANDARDS}
    if not await page.evaluate("typeof window.axe === 'object'"):
        await page.evaluate(AXE_SCRIPT)
    found: list[Mapping[str, Any]] = await page.evaluate(
        "rules => axe.run({runOnly: rules, resultTypes: ['violations']}).then(result => result.violations)", rules
    )
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:200]} ({len(fault['nodes'])})" for fault in found]


async def keep(page: Page, name: str) -> None:
    """A picture for whoever wants to look at the pages (SHOTS names the folder); nothing otherwise."""
    if name and (folder := os.environ.get("SHOTS")):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


# Words that stick out of their box, but for what scrolls on purpose.
STICKING_OUT = """() => {
  const overflow = box => getComputedStyle(box).overflowX;
  const scrolls = box => box && (overflow(box) !== "visible" || scrolls(box.parentElement));
  return [...document.querySelectorAll("main *, header *, footer *")]
    .filter(box => box.checkVisibility({contentVisibilityAuto: true}))
    .filter(box => box.clientWidth > 1 && box.scrollWidth > box.clientWidth + 1)
    .filter(box => getComputedStyle(box).display !== "inline" && !box.closest("svg") && !scrolls(box))
    .map(box => `${box.tagName.toLowerCase()}.${box.className}: ${box.innerText.slice(0, 60)}`)
    .slice(0, 3);
}"""


# Controls of forms that a finger misses; what stands small in dense tables and lines has room around it (axe looks at that).
SMALL = """() => [...document.querySelectorAll("main form :is(.input, .button, .choice, .segmented__cell)")]
  .filter(box => box.checkVisibility() && !box.matches(".button--small, .button--quiet") && !box.closest(".table--dense, .desk, .actions--inline"))
  .filter(box => box.getBoundingClientRect().height < 43.5)
  .map(box => `${box.tagName.toLowerCase()}.${box.className} ${box.name || box.innerText.slice(0, 40)}: ${box.getBoundingClientRect().height} px`)
  .slice(0, 3)"""
# On paper nothing scrolls: what is wider than its box is cut.
CUT = """() => [...document.querySelectorAll("main *")]
  .filter(box => box.checkVisibility() && box.clientWidth > 1 && box.scrollWidth > box.clientWidth + 1)
  .filter(box => !["visible", "clip"].includes(getComputedStyle(box).overflowX) && !box.matches("input, textarea, select, .visually-hidden"))
  .map(box => `${box.tagName.toLowerCase()}.${box.className}: ${box.innerText.slice(0, 60)}`)
  .slice(0, 3)"""
IDLE_ON_PAPER = """() => [...document.querySelectorAll("header nav, .site, footer, .skip, main .button, main .filters")]
  .filter(box => box.checkVisibility()).map(box => box.className || box.tagName).slice(0, 3)"""
PAPER = {"width": 624, "height": 900}  # A4 between the margins of print.css
HEADLESS = """() => [...document.querySelectorAll("main thead")].map(head => getComputedStyle(head))
  .some(style => style.position !== "absolute" && style.display !== "table-header-group")"""  # absolute: rows as cards, each named


async def enlarged(page: Page) -> list[str]:
    """What is lost with text of 200 % on a common screen."""
    await page.set_viewport_size({"width": 1280, "height": 900})
    before = await page.evaluate("document.documentElement.dataset.text ?? ''")
    await page.evaluate("document.documentElement.dataset.text = '200'")
    found = [f"sticks out at 200 %: {each}" for each in await page.evaluate(STICKING_OUT)]
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("scrolls sideways at 200 %")
    await page.evaluate(
        "before => { if (before) document.documentElement.dataset.text = before; else delete document.documentElement.dataset.text }",
        before,
    )
    return found


async def on_paper(page: Page, name: str = "") -> list[str]:
    """What is wrong with the page when it is printed."""
    await page.emulate_media(media="print", color_scheme="light")
    await page.set_viewport_size(PAPER)
    await keep(page, f"{name}-paper" if name else "")
    found = [f"is cut on paper: {each}" for each in await page.evaluate(CUT)]
    found += [f"sticks out on paper: {each}" for each in await page.evaluate(STICKING_OUT)]
    found += [f"stands idle on paper: {each}" for each in await page.evaluate(IDLE_ON_PAPER)]
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("is wider than the paper")
    if await page.evaluate(HEADLESS):
        found.append("the head of a table doesn't repeat")
    await page.emulate_media(media="screen")
    return found


UNFOLD = "document.querySelectorAll('main details:not([open])').forEach(each => { each.open = true; each.dataset.unfolded = '' })"
FOLD = (
    "document.querySelectorAll('[data-unfolded]').forEach(each => { each.open = false; delete each.dataset.unfolded })"
)


async def looked_at(page: Page, name: str = "", *, again: bool = False) -> list[str]:
    """Everything that is wrong with the page as it stands: access in light and dark, wide and narrow; sideways scroll.

    What can be unfolded is looked at unfolded on the phone. `again`: a page of the same kind was looked at before, so light and wide, dark and narrow are enough.
    """
    before = page.viewport_size
    found = await _faults(page, "light", name)
    if not again:
        found += await _faults(page, "dark", "", colours_only=True)
    await page.set_viewport_size(PHONE)
    await page.evaluate(UNFOLD)
    found += await _faults(page, "dark", "")
    if not again:
        found += await _faults(page, "light", name, colours_only=True)
    found += [f"too small for a finger: {each}" for each in await page.evaluate(SMALL)]
    for width in NARROW:  # a word that is divided on the narrowest may stick out on a wider one
        await page.set_viewport_size({"width": width, "height": 640})
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"scrolls sideways at {width} px")
    found += [f"sticks out at 320 px: {each}" for each in await page.evaluate(STICKING_OUT)]
    await page.evaluate(FOLD)
    if not again:
        found += await enlarged(page) + await on_paper(page, name)
    await page.set_viewport_size(before or WIDE)
    return found


async def _faults(page: Page, scheme: Literal["light", "dark"], name: str, *, colours_only: bool = False) -> list[str]:
    width = page.viewport_size["width"] if page.viewport_size else 0
    await page.emulate_media(color_scheme=scheme)
    await keep(page, f"{name}-{width}" if name else "")
    return [f"{scheme}, {width} px: {each}" for each in await faults_of_access(page, colours_only=colours_only)]
