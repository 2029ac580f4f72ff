"""A moderator's hour at the keyboard: queue, desk, bank of phrases, a decision and its way back; several teams at once."""

import asyncpg
import pytest
from playwright.async_api import expect

from browser import PHONE, another_page, looked_at
from journeys.hands import ru

OPENED = "[data-here] [data-open]"


@pytest.fixture
async def page(site, browser):
    """The demo's moderator at his queue."""
    async with site.signed(browser, "moderator") as context:
        made = await context.new_page()
        await made.goto("/queue")
        yield made


async def to_free_work(page):
    """From the queue to the first work that no colleague is at, by keys alone."""
    for _ in range(await page.locator("[data-item]").count()):
        await page.keyboard.press("j")
        if not await page.locator("[data-here] .tag--blue").count():
            break
    await expect(page.locator(OPENED)).to_be_focused()
    async with another_page(page):
        await page.keyboard.press("Enter")
    await expect(page.locator("#decision")).to_be_visible()


async def test_a_remark_from_the_bank_by_keys(page):
    await to_free_work(page)
    await page.keyboard.press("j")
    await expect(page.locator("section[data-here]")).to_be_focused()
    await page.keyboard.press("w")
    field = page.locator("section[data-here] textarea:focus")
    await page.keyboard.type("Здесь /")
    options = page.locator("#bank-list [role=option]")
    await expect(options.first).to_have_attribute("aria-selected", "true")
    many = await options.count()
    await page.keyboard.type("источник")
    await expect(options).not_to_have_count(many)
    assert await looked_at(page, "desk-bank") == []
    await field.focus()
    await page.keyboard.press("End")
    await page.keyboard.type(" ")
    await page.keyboard.press("Backspace")
    await page.keyboard.press("ArrowDown")
    chosen = await page.locator("#bank-list [aria-selected=true]").inner_text()
    assert await field.get_attribute("aria-activedescendant") == await page.locator(
        "#bank-list [aria-selected=true]"
    ).get_attribute("id")
    await page.keyboard.press("Enter")
    await expect(field).to_have_value(f"Здесь {chosen}")
    await expect(options).to_have_count(0)
    await page.keyboard.type(" и/или 1/2 /")
    await expect(options.first).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(options).to_have_count(0)
    async with another_page(page):
        await page.keyboard.press("Control+Enter")
    await expect(page.locator(".remark--draft", has_text=chosen).first).to_be_visible()
    await page.locator(".remark--draft summary").first.click()
    async with another_page(page):
        await page.locator(".remark--draft").get_by_role("button", name=ru("Throw away"), exact=True).first.click()


async def test_with_the_mouse_too(page):
    await to_free_work(page)
    fold = page.locator("#bank")
    await page.keyboard.press("/")
    await expect(fold.locator("summary")).to_be_focused()
    await fold.locator("[data-insert]").first.click()
    phrase = await fold.locator("[data-phrase]").first.inner_text()
    await expect(page.locator("#remark-at-")).to_have_value(phrase)
    await page.locator("#remark-at-").fill("/")
    await page.locator("#bank-list [role=option]").nth(1).click()
    await expect(page.locator("#remark-at-")).to_have_value(await fold.locator("[data-phrase]").nth(1).inner_text())


async def test_returned_and_taken_back(page):
    await to_free_work(page)
    here = page.url.partition("?")[0]
    await page.keyboard.press("r")
    await expect(page.locator("#f-message")).to_be_focused()
    await page.keyboard.type("Назовите источник a j u")  # letters in a field are letters
    async with another_page(page):
        await page.keyboard.press("Control+Enter")
    await expect(page.locator(".undo li")).to_have_count(1)
    assert await looked_at(page, "undo") == []
    async with another_page(page):
        await page.keyboard.press("u")
    assert page.url.partition("?")[0] == here
    await expect(page.locator("#decision")).to_be_visible()
    await expect(page.locator(".undo")).to_have_count(0)


async def test_keys_are_listed_work_in_russian_and_can_be_switched_off(page):
    await page.keyboard.press("?")
    await expect(page.locator("#keys-here")).to_be_visible()
    await page.keyboard.press("j")
    await expect(page.locator("[data-here]")).to_have_count(0)
    await page.keyboard.press("Escape")
    russian = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'о', code: 'KeyJ', bubbles: true}))"
    await page.evaluate(russian)
    await expect(page.locator("[data-here]")).to_have_count(1)
    await page.keyboard.press("x")
    await expect(page.locator("[data-here] [name=pick]")).to_be_checked()
    await page.reload()
    await page.evaluate("document.documentElement.dataset.keys = 'none'")
    await page.keyboard.press("j")
    await page.keyboard.press("?")
    await expect(page.locator("[data-here], dialog[open]")).to_have_count(0)


async def test_filters_stand_in_the_address(page):
    await page.select_option("[name=deadline]", "later")
    await page.wait_for_url("**/queue?*deadline=later*")
    await expect(page.locator("#waiting table, #waiting .empty")).to_have_count(1)
    await page.go_back()
    await page.get_by_role("link", name=ru("With the teams")).click()
    await expect(page.locator("#waiting a[aria-current]")).to_contain_text(ru("With the teams"))


COLLEAGUE = """
UPDATE checking SET acted_at = now(), person = (
  SELECT p.id FROM person p JOIN role_grant g ON g.person = p.id
  WHERE g.role = 'moderator' AND g.revoked_at IS NULL AND p.email <> 'moderator@demo.example' LIMIT 1)
"""


async def test_a_colleague_is_named_and_taken_over(site, page):
    # The demo's colleague began before the demo was told. If other tests took long since then, they were at it themselves.
    database = await asyncpg.connect(site.words["DATABASE_URL"])
    await database.execute(COLLEAGUE)
    await database.close()
    await page.reload()
    busy = page.locator("[data-item]", has=page.locator(".tag--blue")).locator("[data-open]")
    await busy.first.click()
    await expect(page.locator("#checker .banner")).to_be_visible()
    async with another_page(page):
        await page.keyboard.press("t")
    await expect(page.locator("#checker .banner")).to_have_count(0)
    await expect(page.locator("#checker")).to_contain_text(ru("You are checking this work. Colleagues see that."))


async def test_an_open_desk_hears_what_a_colleague_does(site, browser, page):
    """Taken over, decided, taken back: the sentence comes by itself, what was typed stays, and the next press tells too."""
    await to_free_work(page)
    here = page.url.partition("?")[0]
    banner = page.locator("#checker .banner")
    await expect(page.locator("#checker")).to_contain_text(ru("You are checking this work. Colleagues see that."))
    await page.locator("#f-message").fill("Назовите источник")
    async with site.signed(browser, "organiser") as context:
        colleague = await context.new_page()
        await colleague.goto(here)
        async with another_page(colleague):
            await colleague.get_by_role("button", name=ru("Take the check over")).click()
        await expect(banner).to_contain_text(site.account("organiser").name)
        await expect(banner).to_be_in_viewport()
        assert await looked_at(page, "desk-taken-over") == []
        await colleague.locator("#f-message").fill("Проверим иначе")
        async with another_page(colleague):
            await colleague.locator("[data-return]").click()
        await expect(banner).to_contain_text(ru("Nothing more is decided here; what you have kept as a draft stays."))
        await expect(page.locator("#f-message")).to_have_value("Назовите источник")
        assert await looked_at(page, "desk-decided", again=True) == []
        async with another_page(colleague):
            await colleague.keyboard.press("u")
        # Who has taken it back goes on with it.
        await expect(page.locator("#checker")).not_to_contain_text(ru("Open the desk anew"))
        await expect(page.locator("#checker")).to_contain_text(site.account("organiser").name)


@pytest.mark.parametrize("button", ["message", "extension"])
async def test_several_teams_at_once(site, browser, button):
    async with site.signed(browser, "organiser") as context:
        page = await context.new_page()
        await page.goto("/queue?state=owed")
        for _ in range(3):
            await page.keyboard.press("j")
            await page.keyboard.press("x")
        await expect(page.locator("[data-ticked]")).to_contain_text("3")
        async with another_page(page):
            await page.keyboard.press("m" if button == "message" else "e")
        assert page.url.endswith(f"/queue/{button}?state=owed")
        await expect(page.locator("main [name=pick]")).to_have_count(3)
        assert await looked_at(page, f"bulk-{button}") == []
        await page.set_viewport_size(PHONE)
        if button == "message":
            await page.locator("#f-text").fill("Встреча в четверг, 18:00.")
            async with another_page(page):
                await page.locator("main button.button--primary").click()
            await expect(page.locator(".banner--success")).to_be_visible()
