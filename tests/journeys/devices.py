"""What a juror does on his device, with a line or without one."""

import asyncio

from browser import another_page


async def kept(page, round_id):
    """Visit the queue until the round is on the device."""
    await page.goto(f"/rounds/{round_id}")
    await page.wait_for_selector("[data-keep][data-kept=true]")


async def cut(context, page) -> None:
    """Cut the line, and wait until it is: the worker hears of it later than the page, and what it lets pass goes out."""
    await context.set_offline(True)
    async with asyncio.timeout(60):
        while await page.evaluate("fetch('/session', {cache: 'no-store'}).then(() => true, () => false)"):
            await asyncio.sleep(0.05)


async def mark(page, points: int, comment: str = "") -> None:
    """A mark for every criterion."""
    for criterion in await page.locator("[data-criterion]").all():
        await criterion.locator("label").nth(points).click()
    if comment:
        await page.fill("[name=comment]", comment)


async def press(page, act: str) -> None:
    """With a line or without one another page comes, perhaps at the same address."""
    async with another_page(page):
        await page.locator(f"#sheet button[value={act}]").click()


async def told(page, text: str) -> None:
    await page.wait_for_function("text => document.querySelector('[data-count]')?.textContent.includes(text)", arg=text)
