"""The small scripts over the pages, in a real Chromium under the real content policy: nothing typed is lost."""

import re
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from browser import PATIENCE, put_away
from gallery import Site

WATCH = "document.addEventListener('securitypolicyviolation', e => (window.violations ??= []).push(e.violatedDirective + e.blockedURI))"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1180, "height": 900}, service_workers="block")
    context.set_default_timeout(PATIENCE * 1000)
    await context.add_init_script(WATCH)
    opened = await context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    await opened.goto(address(site))
    yield opened
    assert faults == []
    await put_away(context)


def address(site: Site) -> str:
    return f"http://127.0.0.1:{site.server_port}/"


async def says(page: Page, words: str) -> None:
    await page.locator("[data-autosave-status]", has_text=words).wait_for()


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


async def stopped_clock(page: Page, site: Site) -> None:
    """Open the page anew with a clock that only the test moves, so that a slow machine changes nothing."""
    await page.clock.install(time=0)
    await page.goto(address(site))
    await page.clock.pause_at(60_000)


async def kept(page: Page) -> int:
    return await page.evaluate("Object.keys(localStorage).filter(name => name.startsWith('kept:')).length")


# --- Autosave ---------------------------------------------------------------------------------------------------------


async def test_text_is_sent_after_a_pause_and_a_mark_at_once(page, site):
    await stopped_clock(page, site)
    await page.fill("#f-text", "Жилья нет")
    await page.clock.run_for(999)
    assert site.saved == []
    await page.clock.run_for(1)
    await says(page, "Сохранено в 14:05")
    assert site.saved[-1]["text"] == ["Жилья нет"]
    assert (site.saved[-1]["_csrf"], site.saved[-1]["version"]) == (["t0ken"], ["3"])
    assert await page.input_value("[name=version]") == "9"
    assert await kept(page) == 0
    async with page.expect_response("**/save"):
        await page.check("[name=proof][value='1']")
        await page.clock.run_for(1)
    assert site.saved[-1]["version"] == ["9"]


async def test_a_clash_keeps_the_text_and_offers_to_compare(page, site):
    site.answer = (409, {"message": "Коллега изменил этот текст.", "url": "/compare"})
    await page.check("[name=proof][value='0']")
    await says(page, "Коллега изменил этот текст. Сравнить")
    assert await page.get_attribute("[data-autosave-status] a", "href") == "/compare"
    assert await kept(page) == 1


async def test_text_of_an_ended_session_is_there_after_signing_in(page, site):
    site.answer = (401, {"message": "…"})
    await page.fill("#f-text", "Не потеряйте")
    await says(page, "Сеанс закончился")
    assert "/sign-in?next=" in await page.get_attribute("[data-autosave-status] a", "href")
    page.on("dialog", lambda dialog: dialog.accept())  # "leave the page?"
    site.answer = (200, {"message": "Сохранено в 14:06", "version": 4})
    await page.goto(address(site))
    await says(page, "Сохранено в 14:06")
    assert await page.input_value("#f-text") == "Не потеряйте"
    assert site.saved[-1]["text"] == ["Не потеряйте"]


async def test_rows_that_were_added_or_taken_out_and_not_sent_are_so_again(page, site):
    page.on("dialog", lambda dialog: dialog.accept())
    site.answer = (401, {"message": "…"})
    count = await page.locator("[name=ind]").count()
    for word in ("Рождаемость", "Отток"):
        await page.click("[data-add]")
        await page.keyboard.type(word)
    await page.click("[data-remove] >> nth=0")
    await says(page, "Сеанс закончился")
    typed = await page.eval_on_selector_all("[name=ind]", "all => all.map(field => field.value)")
    assert len(typed) == count + 1
    site.answer = (200, {"message": "Сохранено в 14:06", "version": 4})
    await page.goto(address(site))
    await says(page, "Сохранено в 14:06")
    assert [each for each in site.saved[-1]["ind"] if each] == [each for each in typed if each]


async def test_without_a_connection_a_bar_says_so_and_the_text_goes_later(page, site):
    await page.context.set_offline(True)
    await page.fill("#f-text", "Из самолёта")
    await page.locator("#offline").wait_for(state="visible")
    await says(page, "Ещё не отправлено")
    assert await kept(page) == 1
    await page.context.set_offline(False)
    await says(page, "Сохранено")
    assert await page.locator("#offline").is_hidden()
    assert site.saved[-1]["text"] == ["Из самолёта"]


async def test_leaving_with_unsent_text_asks_first(page, site):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept())[1])
    await stopped_clock(page, site)
    await page.fill("#f-text", "Сейчас")
    await page.goto(address(site))
    assert asked == ["beforeunload"]


async def test_a_form_that_was_sent_leaves_nothing_behind(page, site):
    await stopped_clock(page, site)
    await page.fill("#f-text", "Готово")
    await page.click("button:has-text('Сохранить')")
    await page.wait_for_url("**/send")
    assert site.posted == ["/send"]
    await page.goto(address(site))
    await expect(page.locator("#f-text")).to_have_value(
        "Готово"
    )  # the server still has the old version: nothing is dropped
    await page.clock.resume()
    await says(page, "Сохранено")
    assert await kept(page) == 0


async def test_kept_text_is_sealed_by_chacha20(page, site):
    """The example of RFC 8439, 2.4.2; and what lies in the storage shows nothing of the text."""
    text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
    nonce = bytes.fromhex("000000000000004a00000000")
    sealed = await page.evaluate(
        "([key, nonce, text]) => [...keeping.chacha(...[key, nonce, text].map(each => Uint8Array.from(each)), 1)]",
        [list(range(32)), list(nonce), list(text)],
    )
    assert bytes(sealed).hex().startswith("6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b")
    assert bytes(sealed).hex().endswith("5af90bbf74a35be6b40b8eedf2785e42874d")
    await stopped_clock(page, site)
    await page.fill("#f-text", "Тайна")
    stored = await page.evaluate("JSON.stringify(localStorage)")
    assert "kept:anna:" in stored
    assert "Тайна" not in stored


async def test_a_refusal_by_field_is_told_in_words(page, site):
    site.answer = (422, {"message": "Не сохранено.", "errors": {"text": "Слишком длинно."}})
    await page.fill("#f-text", "х")
    await says(page, "Не сохранено. Слишком длинно.")


async def test_who_stays_because_of_another_form_can_press_again(page, site):
    """The question before leaving holds the sending up; the next press sends the form as it is, with one mark of its own."""
    await page.evaluate("""document.body.insertAdjacentHTML('beforeend',
      "<form method='post' action='/other'><textarea id='other' name='other'></textarea><button>x</button></form>")""")
    await page.focus("#other")
    await page.fill("#other", "Недописанное")
    await page.fill("#f-text", "Готово")
    await says(page, "Сохранено в 14:05")
    answers = [False, True]

    async def decide(dialog) -> None:
        await (dialog.accept() if answers.pop(0) else dialog.dismiss())

    page.on("dialog", decide)
    async with page.expect_event("dialog"):
        await page.click("#sheet button[type=submit]")
    assert site.posted == []
    await page.wait_for_timeout(200)
    await page.click("#sheet button[type=submit]")
    await page.wait_for_url("**/send")
    assert site.posted == ["/send"]
    assert site.body.count("_sent=") == 1


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
    await page.goto(address(site))
    assert await page.evaluate("document.activeElement.id") == "errors"
    await page.click("#errors a >> nth=0")
    assert await page.evaluate("document.activeElement.id") == "f-text"


async def test_display_settings_are_remembered_before_the_first_paint(page, site):
    await page.click("summary[aria-label='Настройки отображения']")
    await page.check("[data-display] [name=theme][value=contrast]")
    await page.check("[data-display] [name=text][value='200']")
    await page.keyboard.press("Escape")
    assert await page.locator("[data-display]").is_hidden()
    await page.goto(address(site))
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
    await page.goto(address(site))
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
    await page.goto(address(site))
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
