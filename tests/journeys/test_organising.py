"""What an organiser sees of the preparation of a round in a real browser, with its scripts."""

import asyncpg
import pytest
from playwright.async_api import expect

from browser import PHONE, another_page
from journeys.forms import WORLD


@pytest.fixture
async def draft(site):
    """The address of the demo's round that is being prepared."""
    connection = await asyncpg.connect(site.words["DATABASE_URL"])
    try:
        return f"/rounds/{await connection.fetchval(WORLD['prepared'])}"
    finally:
        await connection.close()


@pytest.fixture(params=["wide", "phone"])
async def page(site, browser, request):
    """The demo's organiser."""
    more = {"viewport": PHONE} if request.param == "phone" else {}
    async with site.signed(browser, "organiser", **more) as context:
        yield await context.new_page()


async def test_what_is_saved_far_down_the_page_is_said_where_one_looks(page, draft):
    await page.goto(draft)
    await page.get_by_text("Председатель, секретарь, запасные").click()
    async with another_page(page):
        await page.locator("form[action$='/duty'] button").last.click()
    await expect(page.locator(".main > .banner--success")).not_to_be_in_viewport()
    await expect(page.locator("#toasts .toast")).to_be_in_viewport()
    await expect(page.locator("#toasts .toast")).to_contain_text("Место в жюри изменено")


async def test_each_line_of_the_errors_names_its_team_once(page, draft):
    await page.goto(f"{draft}/projects")
    numbers = page.get_by_label("Номер команды")
    for place in range(2):
        await numbers.nth(place).fill("700")
    async with another_page(page) as came:
        await page.get_by_role("button", name="Сохранить раунд").click()
    assert came.status == 422
    lines = await page.locator("[data-errors] li").all_inner_texts()
    teams = [(await page.locator("label[for^='f-team-']").nth(each).inner_text()).strip() for each in range(2)]
    assert [line.partition(":")[0] for line in lines] == teams
