"""Everybody of the demo comes in by the form, finds his way by the navigation, and goes out again."""

import pytest
from playwright.async_api import expect

from browser import another_page
from journeys.hands import ru
from journeys.site import sign_in

START = {
    "organiser": "What to do now", "moderator": "What to do now", "juror": "What to do now", "admin": "What to do now",
    "team_lead": "", "participant": "",
}  # fmt: skip


@pytest.mark.parametrize("role", list(START))
async def test_signing_in_looking_round_and_signing_out(site, browser, role):
    account = site.account(role)
    async with site.visitor(browser) as context:
        page = await context.new_page()
        await page.goto("/")
        assert "/sign-in" in page.url  # a visitor is asked to sign in first
        await sign_in(page, account.email, account.password)
        await expect(page.locator("header")).to_contain_text(account.name)
        if START[role]:
            await expect(page.locator("h1")).to_have_text(ru(START[role]))
        else:  # a person with one team starts there
            assert "/teams/" in page.url
        for number in range(await page.locator("#nav a").count()):
            link = page.locator("#nav a").nth(number)
            words = await link.inner_text()
            async with another_page(page) as came:
                await link.click()
            assert came.status == 200, f"{came.status} behind {words}"
            assert await page.locator("h1").count() == 1, words
        await page.click("header details.menu--row summary")
        await page.get_by_role("button", name=ru("Sign out")).click()
        await expect(page.locator("main")).to_contain_text(ru("You have signed out."))
        await page.goto("/")
        assert "/sign-in" in page.url


async def test_a_wrong_password_tells_nothing_about_the_account(site, browser):
    async with site.visitor(browser) as context:
        page = await context.new_page()
        said = []
        for email in (site.account("juror").email, "nobody@demo.example"):
            await page.goto("/sign-in")
            await page.fill("[name=email]", email)
            await page.fill("[name=password]", "не тот пароль")
            await page.click("main button[type=submit]")
            said.append(await page.inner_text("#errors"))
            assert await page.input_value("[name=email]") == email
            assert await page.input_value("[name=password]") == ""
        assert said[0] == said[1]
