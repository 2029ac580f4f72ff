"""Takes the pictures of the documentation: `python tests/pictures.py ADDRESS`, while a site with the demo runs there."""

import asyncio
import os
import sys
from pathlib import Path

import httpx
from playwright.async_api import Browser, async_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PASSWORD = "demo-incubator-2026"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDE = {"width": 1180, "height": 860}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# name of the picture, whose page, address or the beginning of a link on the page before
PICTURES = (
    ("team", "lead", ("/",)),
    ("work", "lead", ("/", "/teams/*/assignments/")),
    ("desk", "moderator", ("/queue", "/submissions/")),
    ("sheet", "juror", ("/jury", "/rounds/*/projects/")),
    ("overview", "organiser", ("/cohorts", "/cohorts/0")),
)


async def main(address: str) -> None:
    """One picture after the other, in Russian, light."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, who, way in PICTURES:
            await take(browser, address, name, who, way)
        await browser.close()


async def take(browser: Browser, address: str, name: str, who: str, way: tuple[str, ...]) -> None:
    """Sign in, follow the way, photograph what is seen without scrolling."""
    async with httpx.AsyncClient(base_url=address) as client:
        await client.post("/sign-in", data={"email": f"{who}@demo.example", "password": PASSWORD})
        token = client.cookies["session"]
    context = await browser.new_context(viewport=WIDE, locale="ru-RU", color_scheme="light", device_scale_factor=1)
    await context.add_cookies([{"name": "session", "value": token, "url": address}])
    page = await context.new_page()
    await page.goto(address + way[0])
    for link in way[1:]:
        start, _, rest = link.partition("*")
        also = f'[href*="{rest}"]' if rest else ""  # CSS finds nothing by an empty part
        found = page.locator(f'main a[href^="{start}"]{also}').first
        await page.goto(address + str(await found.get_attribute("href")))
    await page.wait_for_timeout(500)
    await page.screenshot(path=FOLDER / f"{name}.png")
    await context.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"))
