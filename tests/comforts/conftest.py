"""The page of the gallery in a real Chromium, under the real content policy."""

import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page

from browser import PATIENCE, put_away
from gallery import Site

WATCH = "document.addEventListener('securitypolicyviolation', e => (window.violations ??= []).push(e.violatedDirective + e.blockedURI))"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1180, "height": 900}, service_workers="block")
    context.set_default_timeout(PATIENCE * 1000)
    await context.add_init_script(WATCH)
    opened = await context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    await opened.goto(site.address)
    yield opened
    assert faults == []
    await put_away(context)
