"""A juror's sheet of paper at two desks and in his own hand, in Chromium."""

import pytest
from playwright.async_api import Page, expect

from browser import PHONE, looked_at
from journeys.site import sign_in

KEYS = ("problem", "solution", "pilot", "feasibility", "team")


@pytest.fixture
async def round_id(site, browser) -> str:
    """The round of the demo that is being scored."""
    async with site.signed(browser, "juror") as context:
        page = await context.new_page()
        await page.goto("/jury")
        return (await page.get_attribute("[data-keep]", "data-keep")).split()[0]


async def typed(page: Page, marks: str) -> None:
    fields = page.locator("main input[name^=mark_]")
    for place in range(await fields.count()):
        await fields.nth(place).fill(marks)
    await page.locator("main form:has([name=step]) button[type=submit]").click()
    await page.wait_for_url("**/paper")


async def test_two_desks_type_a_sheet_and_its_juror_chooses(site, browser, round_id):
    async with (
        site.signed(browser, "organiser") as first,
        site.visitor(browser) as other,
        site.signed(browser, "juror", viewport=PHONE) as seat,
    ):
        desk, second, juror = await first.new_page(), await other.new_page(), await seat.new_page()
        deputy = [each for each in site.accounts if each.role == "organiser"][-1]
        await sign_in(second, deputy.email, deputy.password)
        await juror.goto(f"/rounds/{round_id}")
        name = site.account("juror").name
        sheets = await juror.eval_on_selector_all("main a[href*='/projects/']", "all => all.map(a => a.href)")
        project = sheets[0].rpartition("/")[2]
        await desk.goto(f"/rounds/{round_id}/paper")
        assert await looked_at(desk, "papers") == []
        await desk.locator("main a[href*='/print?juror=']").first.click()
        await desk.wait_for_url("**/print?juror=*")
        assert await looked_at(desk, "blanks") == []
        await desk.goto(f"/rounds/{round_id}/paper")
        await desk.fill("[name=code]", "22222222")  # of no sheet
        await desk.locator("main form:has([name=code]) button[type=submit]").click()
        await expect(desk.locator("[name=code]")).to_have_attribute("aria-invalid", "true")
        await expect(desk.locator("[name=code]")).to_have_value("22222222")
        await desk.goto(f"/rounds/{round_id}/paper")
        await expect(desk.locator("[name=code]")).to_have_value("")
        await desk.select_option("[name=seat]", label=name)
        await desk.select_option("[name=project]", project)
        await desk.locator("main form:has([name=code]) button[type=submit]").click()
        await desk.wait_for_url("**/paper/*")
        assert await looked_at(desk, "paper-first") == []
        address = desk.url
        await typed(desk, "6")
        await second.goto(address)
        assert await second.locator("main input[name^=mark_]").evaluate_all("all => all.every(each => !each.value)")
        await typed(second, "7")
        await desk.goto(address)
        await expect(desk.locator("main")).to_contain_text("Два ввода расходятся")
        assert await looked_at(desk, "paper-differs") == []
        await desk.fill("[name=reason]", "Посмотрели на бумагу вместе")
        await typed(desk, "7")
        await desk.goto(address)
        assert await looked_at(desk, "paper-done") == []
        await juror.goto(f"/rounds/{round_id}/projects/{project}")
        assert await looked_at(juror, "sheet-paper") == []
        if await juror.locator("button[value=paper]").count():  # he had written here himself
            await juror.click("button[value=paper]")
        else:
            await expect(juror.locator("main")).to_contain_text("Введено с вашего бумажного листа")
        await juror.goto(f"/rounds/{round_id}/receipts")
        assert await looked_at(juror, "receipts") == []
