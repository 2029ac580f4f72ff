"""The small scripts over the pages, in a real Chromium under the real content policy."""

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from browser import put_away


async def part_after(page: Page, region: str, seen: int) -> None:
    """Wait for a newer live part; the policy forbids waiting by a string of JavaScript."""
    for _ in range(50):
        if int(await page.inner_text(region)) > seen:
            return
        await page.wait_for_timeout(50)
    pytest.fail(f"{region} has shown nothing after {seen}")


async def at_rest(page: Page, region: str) -> str:
    """What a live part shows when nothing comes any more; what was on the way when it was stopped still does."""
    for _ in range(20):
        shown = await page.inner_text(region)
        await page.wait_for_timeout(500)  # five times the pause between two parts
        if await page.inner_text(region) == shown:
            return shown
    return pytest.fail(f"{region} goes on")


# --- Score sheet --------------------------------------------------------------------------------------------------------


async def test_digits_mark_the_criterion_with_the_focus_and_only_it(page, site):
    await page.focus("#f-real")
    await page.keyboard.press("1")
    await page.keyboard.press("0")
    assert await page.is_checked("[name=real][value='10']")
    assert await page.is_checked("[name=proof][value='2']")
    assert await page.inner_text("[data-total]") == "4,67"  # (2 · 2 + 10 · 1) / 3
    assert await page.inner_text("[data-filled]") == "оценок: 2 из 2"
    await page.click("[data-criterion=real] [data-clear]")
    assert (await page.inner_text("[data-total]"), await page.inner_text("[data-filled]")) == ("2,00", "оценок: 1 из 2")
    await page.focus("#f-text")
    await page.keyboard.press("1")
    assert await page.input_value("#f-text") == "1"
    assert await page.is_checked("[name=proof][value='2']")


async def test_quick_digits_do_not_run_into_each_other(page, site):
    await page.focus("#f-proof")
    for key in ("3", "Enter", "1", "0"):
        await page.keyboard.press(key)
    assert await page.input_value("[name=proof]:checked") == "3"
    assert await page.input_value("[name=real]:checked") == "10"
    for key in ("5", "1", "0"):  # somebody thinks better of it
        await page.keyboard.press(key)
    assert await page.input_value("[name=real]:checked") == "10"


async def test_the_list_of_keys_opens_outside_text_and_can_be_switched_off(page, site):
    await page.focus("#f-text")
    await page.keyboard.press("?")
    assert await page.locator("#keys").is_hidden()
    await page.focus(".brand")
    await page.keyboard.press("?")
    assert await page.locator("#keys").is_visible()
    await page.keyboard.press("Escape")
    await page.evaluate("document.documentElement.dataset.keys = 'none'")
    await page.keyboard.press("?")
    assert await page.locator("#keys").is_hidden()


async def test_ctrl_enter_presses_the_main_button(page, site):
    await page.focus("#f-text")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/send")


# --- Comforts -----------------------------------------------------------------------------------------------------------


async def test_enter_on_a_mark_goes_on_to_the_next_criterion_and_hands_nothing_in(page, site):
    await page.focus("[name=proof] >> nth=0")
    await page.keyboard.press("2")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.name") == "real"
    await page.keyboard.press("5")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.name") == "text"
    assert await page.input_value("[name=real]:checked") == "5"
    assert site.posted == []


async def test_a_counter_and_rows(page, site):
    await page.fill("#f-text", "я" * 25)
    assert await page.inner_text("#f-text-count") == "Лишних знаков: 5"
    rows = page.locator("[data-row]")
    before = await rows.count()
    await page.click("[data-add]")
    assert await rows.count() == before + 1
    assert await page.evaluate("document.activeElement.name") == "ind"
    ids = await page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    await page.locator("[data-remove]").last.click()
    assert await rows.count() == before


async def test_a_question_comes_before_a_thing_that_hurts(page, site):
    await page.click("form[data-confirm] button")
    assert await page.evaluate("document.activeElement.value") == "no"
    await page.keyboard.press("Escape")
    assert site.posted == []
    await page.click("form[data-confirm] button")
    await page.click("#confirm button:has-text('Удалить команду')")
    await page.wait_for_url("**/remove")


async def test_nothing_is_asked_while_something_demanded_is_blank(page, site):
    """The server refuses it and says what is missing; a question before that would be about nothing."""
    field = "'<textarea name=reason data-demanded></textarea>'"
    await page.locator("form[data-confirm]").evaluate(f"form => form.insertAdjacentHTML('afterbegin', {field})")
    await page.fill("[data-demanded]", "Выбыла")
    await page.click("form[data-confirm] button")
    assert await page.locator("#confirm[open]").count() == 1
    await page.keyboard.press("Escape")
    assert site.posted == []
    await page.fill("[data-demanded]", " ")
    await page.click("form[data-confirm] button")
    await page.wait_for_url("**/remove")


async def test_live_parts_can_be_paused(page, site):
    await part_after(page, "#live", 1)
    await page.click("[data-pause=live]")
    seen = await at_rest(page, "#live")
    assert site.parts == int(seen)
    await page.click("[data-pause=live]")
    await part_after(page, "#live", int(seen))


async def test_a_live_stream_can_be_paused_and_loses_nothing(page, site):
    await part_after(page, "#stream", 1)
    await page.click("[data-pause=stream]")
    seen = await at_rest(page, "#stream")
    await page.click("[data-pause=stream]")
    await part_after(page, "#stream", int(seen) + 5)


async def test_errors_get_the_focus(page, site):
    site.wrong = ("text", "proof")
    await page.goto(site.address)
    assert await page.evaluate("document.activeElement.id") == "errors"
    await page.click("#errors a >> nth=0")
    assert await page.evaluate("document.activeElement.id") == "f-text"


async def test_display_settings_are_remembered_before_the_first_paint(page, site):
    await page.click("summary[aria-label='Настройки отображения']")
    await page.check("[data-display] [name=theme][value=contrast]")
    await page.check("[data-display] [name=text][value='200']")
    await page.keyboard.press("Escape")
    assert await page.locator("[data-display]").is_hidden()
    await page.goto(site.address)
    assert await page.evaluate("({...document.documentElement.dataset})") == {"theme": "contrast", "text": "200"}
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(0, 0, 0)"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- For everybody ------------------------------------------------------------------------------------------------------

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.mark.parametrize("width", [1180, 390, 320])
@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
async def test_no_fault_of_access_no_sideways_scroll_no_breach_of_the_policy(page, site, theme, width):
    site.wrong = ("text", "proof")
    await page.set_viewport_size({"width": width, "height": 800})
    await page.evaluate("theme => { document.cookie = `display=theme-${theme}` }", theme)
    await page.goto(site.address)
    result = await Axe().run(page, options=RULES)
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in result.response["violations"]] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate("window.violations ?? []") == []


async def test_the_watchers_themselves_see_faults(page, site):
    await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p><input>')")
    await page.wait_for_timeout(100)
    assert await page.evaluate("window.violations.length") == 1
    result = await Axe().run(page, options=RULES)
    assert "label" in {fault["id"] for fault in result.response["violations"]}


async def test_without_scripts_no_button_is_dead(browser, site):
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(site.address)
    assert await page.locator(".needs-js:visible").count() == 0
    assert await page.locator("[data-row]:visible").count() == 2
    await page.click("button:has-text('Сохранить')")
    assert site.posted == ["/send"]
    await put_away(context)


async def test_the_main_navigation_opens_on_a_phone(page, site):
    await page.set_viewport_size({"width": 390, "height": 800})
    assert await page.locator("#nav a").first.is_hidden()
    await page.click("button[popovertarget=nav]")
    assert await page.locator("#nav a", has_text=re.compile("Команда")).is_visible()
    await page.keyboard.press("Escape")
    assert await page.locator("#nav a").first.is_hidden()
