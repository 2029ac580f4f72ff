"""What an organiser sees of the preparation of a round in a real browser, with its scripts."""

import asyncpg
import pytest
from playwright.async_api import expect

from browser import PHONE, another_page
from journeys.forms import WORLD


async def address(site, which: str) -> str:
    connection = await asyncpg.connect(site.words["DATABASE_URL"])
    try:
        return f"/rounds/{await connection.fetchval(WORLD[which])}"
    finally:
        await connection.close()


@pytest.fixture
async def draft(site):
    """The address of the demo's round that is being prepared."""
    return await address(site, "prepared")


@pytest.fixture(params=["wide", "phone"])
def device(request):
    """What the browser is opened with."""
    return {"viewport": PHONE, "has_touch": True, "is_mobile": True} if request.param == "phone" else {}


@pytest.fixture
async def page(site, browser, device):
    """The demo's organiser."""
    async with site.signed(browser, "organiser", **device) as context:
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


async def boxes(page, selector):
    """Places of what a selector finds: left, top, width, height."""
    found = [await each.bounding_box() for each in await page.locator(selector).all()]
    return [(box["x"], box["y"], box["width"], box["height"]) for box in found if box]


async def test_people_and_what_is_set_for_them_stand_in_columns(page, draft, device):
    await page.goto(draft)
    assert await page.get_by_text("Кто сколько сдал").count() == 0, "nobody hands in before the opening"
    await expect(page.get_by_text("Кто заявил о конфликтах интересов")).to_be_visible()
    for fold, fields in (
        ("Председатель, секретарь", "[action$='/duty'] select"),
        ("Вывести эксперта", "[action$='/remove'] input[name=reason]"),
    ):
        await page.get_by_text(fold).first.click()
        assert len({round(left) for left, *_ in await boxes(page, fields)}) == 1, fold
    line = page.locator("form[action$='/duty']").first
    await expect(line).to_contain_text("не больше")
    assert "листов" in await line.inner_text()


ALONE = "main :is(td, li, .cluster) > a"


@pytest.mark.parametrize(("which", "part"), [
    ("past", "/certificates"), ("past", "/result"), ("past", "/minutes"), ("round", "/paper"),
])  # fmt: skip
async def test_what_is_pressed_is_high_enough(page, site, device, which, part):
    await page.goto(await address(site, which) + part)
    least = 44 if device else 24
    found = await boxes(page, ALONE)
    assert found
    assert [box for box in found if box[3] < least] == []


async def test_going_back_to_a_refused_form_leads_to_the_form(page, draft):
    await page.goto(f"{draft}/projects")
    await page.get_by_label("Название раунда").fill("")
    for _ in range(2):
        async with another_page(page) as came:
            await page.get_by_role("button", name="Сохранить раунд").click()
        assert came.status == 422
    async with another_page(page):
        await page.locator(".crumbs a").first.click()
    answer = await page.go_back()
    assert answer.status == 200, (
        "the answer to a form is kept nowhere; without this the browser shows a fault of its own"
    )
    await expect(page.get_by_label("Название раунда")).to_be_visible()
    # A form that can't be opened by its own address leads to the page it stands on.
    await page.goto(draft)
    await page.get_by_text("Председатель, секретарь").click()
    await page.locator("[action$='/duty'] input[name=cap]").first.fill("много")
    async with another_page(page) as came:
        await page.locator("[action$='/duty'] button").first.click()
    assert came.status == 422
    answer = await page.reload()
    assert answer.status == 200
    assert page.url.endswith(draft)
