"""Takes the pictures of the documentation: `python tests/pictures.py ADDRESS`, while a site with the demo runs there."""

import asyncio
import base64
import os
import struct
import sys
import zlib
from pathlib import Path

import httpx
import numpy as np
from playwright.async_api import Browser, Page, async_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
LARGEST = 50_000  # bytes of a picture
PASSWORD = "demo-incubator-2026"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDE = {"width": 1180, "height": 860}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# name of the picture, whose page, address or the beginning of a link on the page before
PICTURES = (
    ("team", "lead", ("/",)),
    ("case", "moderator", ("/queue", "/submissions/", "/teams/*/case")),
    ("work", "lead", ("/", "/teams/*/assignments/")),
    ("passport", "lead", ("/", "/teams/*/case", "/teams/*/passport")),
    ("queue", "moderator", ("/queue",)),
    ("desk", "moderator", ("/queue", "/submissions/*/desk")),
    ("sheet", "juror", ("/jury", "/rounds/*/projects/")),
    ("overview", "organiser", ("/cohorts", "/cohorts/0")),
    ("map", "organiser", ("/cohorts", "/cohorts/0", "/cohorts/*/map")),
    ("round", "organiser", ("/cohorts", "/cohorts/0", "/cohorts/*/jury", "/rounds/")),
    ("result", "juror", ("/jury", "/rounds/*/result")),
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
    (FOLDER / f"{name}.png").write_bytes(await small(browser, await page.screenshot()))
    await context.close()


PIXELS = """async data => {
  const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d").drawImage(picture, 0, 0);
  const bytes = canvas.getContext("2d").getImageData(0, 0, picture.width, picture.height).data;
  const blob = new Blob([bytes]);
  return new Promise(done => {
    const reader = new FileReader();
    reader.onload = () => done([picture.width, picture.height, reader.result.split(",")[1]]);
    reader.readAsDataURL(blob);
  });
}"""


async def small(browser: Browser, png: bytes) -> bytes:
    """The same picture with 256 colours or fewer: pages have few, and the edges of letters bear it. A third of the bytes."""
    page: Page = await browser.new_page()
    width, height, data = await page.evaluate(PIXELS, base64.b64encode(png).decode())
    await page.close()
    pixels = np.frombuffer(base64.b64decode(data), dtype=np.uint8).reshape(-1, 4)[:, :3]
    made = (painted(pixels, width, height, colours) for colours in (256, 128, 64, 32))
    return next(picture for picture in made if len(picture) <= LARGEST)


def painted(pixels: np.ndarray, width: int, height: int, most: int) -> bytes:
    """A PNG of so many colours at most, the commonest; `pixels` are rows of red, green, blue."""
    colours, places, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    kept = colours[np.argsort(-counts)[:most]].astype(int)
    nearest = ((colours[:, None].astype(int) - kept[None]) ** 2).sum(axis=2).argmin(axis=1).astype(np.uint8)
    rows = nearest[places.ravel()].reshape(height, width)
    raw = np.hstack([np.zeros((height, 1), dtype=np.uint8), rows]).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    palette = kept.astype(np.uint8).tobytes()
    chunks = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    framed = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"))
