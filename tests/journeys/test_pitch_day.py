"""A pitch day in several browsers: the panel, the screen in the hall without a session, a juror who follows."""

import re

import pytest
from playwright.async_api import expect

from browser import PHONE, looked_at

CLOCK = re.compile(r"^[0-4]:\d\d$")


@pytest.fixture
async def round_id(site, browser) -> str:
    """The round of the demo that is being scored."""
    async with site.signed(browser, "juror") as context:
        page = await context.new_page()
        await page.goto("/jury")
        return (await page.get_attribute("[data-keep]", "data-keep")).split()[0]


async def test_the_hall_and_jurors_follow_the_panel(site, browser, round_id):
    async with (
        site.signed(browser, "organiser") as runs,
        site.visitor(browser) as hall,
        site.signed(browser, "juror", viewport=PHONE) as seat,
    ):
        panel, screen, juror = await runs.new_page(), await hall.new_page(), await seat.new_page()
        await panel.goto(f"/rounds/{round_id}/pitch")
        address = re.search(r"/hall/[\w-]+", await panel.content())[0]
        await screen.goto(address)
        await juror.goto(f"/rounds/{round_id}")
        assert await looked_at(panel, "pitch") == []
        assert await looked_at(screen, "hall") == []
        await panel.click("button[value=next]")
        team = await panel.inner_text("[data-heading]")
        await expect(screen.locator("[data-heading]")).to_have_text(team)
        await expect(juror.locator("[data-heading]")).to_have_text(team)
        await panel.click("button[value=start]")
        for page in (panel, screen, juror):
            await expect(page.locator("[data-timer]")).to_have_text(CLOCK)
        # The line is lost: the last good state stays, and it is said in words.
        await hall.set_offline(True)
        await expect(screen.locator("[data-line]")).to_contain_text("Связи нет", timeout=20_000)
        await expect(screen.locator("[data-heading]")).to_have_text(team)
        await hall.set_offline(False)
        await panel.click("button[value=blank]")
        await expect(screen.locator("[data-heading]")).to_have_text("", timeout=20_000)
        await panel.click("button[value=show]")
        await juror.goto(f"/rounds/{round_id}/offline")
        assert await looked_at(juror, "offline") == []
        await juror.goto(f"/rounds/{round_id}/mine")
        assert await looked_at(juror, "mine") == []
