"""Forms that save themselves, in a real Chromium: nothing typed is lost, nothing clashes with itself."""

from urllib.parse import parse_qs

from playwright.async_api import Page, expect

from gallery import Site


async def says(page: Page, words: str) -> None:
    await page.locator("[data-autosave-status]", has_text=words).wait_for()


async def stopped_clock(page: Page, site: Site) -> None:
    """Open the page anew with a clock that only the test moves, so that a slow machine changes nothing."""
    await page.clock.install(time=0)
    await page.goto(site.address)
    await page.clock.pause_at(60_000)


async def kept(page: Page) -> int:
    return await page.evaluate("Object.keys(localStorage).filter(name => name.startsWith('kept:')).length")


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
    await page.goto(site.address)
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
    await page.goto(site.address)
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
    await page.goto(site.address)
    assert asked == ["beforeunload"]


async def test_a_form_that_was_sent_leaves_nothing_behind(page, site):
    await stopped_clock(page, site)
    await page.fill("#f-text", "Готово")
    await page.click("button:has-text('Сохранить')")
    await page.wait_for_url("**/send")
    assert site.posted == ["/send"]
    await page.goto(site.address)
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


async def test_on_a_slow_line_what_is_pressed_does_not_clash_with_saving_by_itself(page, site):
    """Typed while a save is on its way, then pressed: nothing more is saved beside the form, which knows of that save."""
    site.slow = {"/save": 1.5, "/session": 1.5}
    async with page.expect_request("**/save"):
        await page.fill("#f-text", "Первое")
    await page.fill("#f-text", "Первое и второе")
    await page.click("#sheet button[type=submit]")
    await page.wait_for_url("**/send")
    assert [each["text"] for each in site.saved] == [["Первое"]]
    assert parse_qs(site.body)["version"] == ["9"]
    assert parse_qs(site.body)["text"] == ["Первое и второе"]


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
