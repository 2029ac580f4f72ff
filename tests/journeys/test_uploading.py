"""A large file on a bad line, in Chromium: cut in the middle and resumed, the server killed between pieces, the tab closed.

The reference is the file itself: what can be downloaded at the end is byte for byte what was chosen.
"""

import asyncio
import hashlib
import re
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from browser import looked_at
from journeys.site import Site, running

SIZE = 9 * 1024 * 1024
SLOW = 900_000  # bytes a second
FAST = 50_000_000
CHECK = "Проверить ответы"


def large_pdf(seed: int) -> bytes:
    """A PDF that no compression makes small; the seed makes another one."""
    noise = hashlib.shake_128(seed.to_bytes(4)).digest(SIZE).replace(b"/", b"x")
    return b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%" + noise + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file that takes some seconds on the slow line."""
    path = tmp_path / "Большой отчёт.pdf"
    path.write_bytes(large_pdf(1))
    return path


class Line:
    """The line between browser and server."""

    def __init__(self, cdp: object) -> None:
        self.cdp = cdp

    async def becomes(self, speed: int = FAST, *, cut: bool = False) -> None:
        """So many bytes a second upwards, or none at all."""
        await self.cdp.send(
            "Network.emulateNetworkConditions",
            {"offline": cut, "latency": 5, "downloadThroughput": FAST, "uploadThroughput": speed},
        )


async def line_of(context: BrowserContext, page: Page) -> Line:
    cdp = await context.new_cdp_session(page)
    await cdp.send("Network.enable")
    return Line(cdp)


async def field_for_files(page: Page) -> Locator:
    """The first field for files among the team's works that are open."""
    await page.goto("/")
    links = await page.eval_on_selector_all(
        "main a[href*='/assignments/']", "found => found.map(a => a.getAttribute('href'))"
    )
    for href in dict.fromkeys(link for link in links if "/revisions/" not in link and "#" not in link):
        await page.goto(href)
        if await page.locator("[data-uploads]").count():
            return page.locator("[data-uploads]").first
    raise AssertionError(f"no field for files behind {links}")


async def has_sent_some(box: Locator) -> None:
    await expect(box.locator("[data-queue] .file__note")).to_contain_text(" из ", timeout=15_000)
    await asyncio.sleep(1.5)


async def arrives(box: Locator, path: Path, count: int = 1) -> None:
    """The file stands among the others, and what comes out is what went in."""
    links = box.locator("[data-files] a", has_text=path.stem).filter(has_not_text="Посмотреть")
    await expect(links).to_have_count(count, timeout=60_000)
    await expect(box.locator("[data-queue] li")).to_have_count(0)
    answer = await box.page.request.get(await links.last.get_attribute("href"))
    assert hashlib.sha256(await answer.body()).digest() == hashlib.sha256(path.read_bytes()).digest()


async def clear(box: Locator, path: Path) -> None:
    """Take the file out again, for the next test."""
    while await (button := box.locator("button[name=remove]", has_text=path.stem)).count():
        before = await button.count()
        await button.first.click()
        await expect(button).to_have_count(before - 1)


async def test_a_line_that_is_cut_goes_on_by_itself(site: Site, browser, large):
    async with site.signed(browser, "team_lead") as context:
        page = await context.new_page()
        line, box = await line_of(context, page), await field_for_files(page)
        pieces: list[str] = []
        page.on("request", lambda asked: pieces.append(asked.method) if "/uploads" in asked.url else None)
        await line.becomes(SLOW)
        await box.locator("input[type=file]").set_input_files(large)
        await has_sent_some(box)
        await expect(box.locator("[data-queue] .file__note")).to_contain_text("осталось около")
        await line.becomes(cut=True)
        await expect(box.locator("[data-queue] .file__note")).to_have_text(
            "Нет связи. Отправка продолжится сама с того же места."
        )
        await expect(box.get_by_role("status")).to_have_text("Нет связи. Отправка продолжится сама с того же места.")
        await asyncio.sleep(2)
        await line.becomes()
        await arrives(box, large)
        assert pieces.count("POST") == 1, "it began anew instead of going on"
        assert "HEAD" in pieces
        await expect(box.get_by_role("status")).to_contain_text("приложен")
        assert await looked_at(page, "files") == []
        await clear(box, large)


async def closed_on_the_way(context, large):
    """A tab that was closed when a first piece had come; the address of its page."""
    page = await context.new_page()
    line, box = await line_of(context, page), await field_for_files(page)
    address = page.url
    await line.becomes(SLOW)
    await box.locator("input[type=file]").set_input_files(large)
    await expect(box.locator("[data-queue] .file__note")).to_contain_text("из", timeout=15_000)
    async with page.expect_response(lambda answer: answer.request.method == "PATCH" and answer.status == 204):
        pass
    await page.close(run_before_unload=False)
    return address


async def test_a_tab_that_was_closed_is_gone_on_from_with_the_same_file_only(site: Site, browser, large, tmp_path):
    async with site.signed(browser, "team_lead") as context:
        address = await closed_on_the_way(context, large)
        page = await context.new_page()
        await page.goto(address)
        box = page.locator("[data-uploads]").first
        await expect(box).to_contain_text("Выберите тот же файл ещё раз")
        begun = await box.locator("[data-coming]").get_attribute("data-coming")
        asked: list[str] = []
        page.on("request", lambda each: asked.append(f"{each.method} {each.url}") if "/uploads" in each.url else None)
        await box.locator("input[type=file]").set_input_files(large)
        await arrives(box, large)
        assert asked[0].startswith("HEAD"), asked
        assert asked[0].endswith(begun)
        await clear(box, large)


async def test_given_up_after_the_tab_was_closed_the_next_choice_is_at_hand(site: Site, browser, large):
    async with site.signed(browser, "team_lead") as context:
        address = await closed_on_the_way(context, large)
        page = await context.new_page()
        await page.goto(f"{address}/check")
        await expect(page.get_by_role("main")).to_contain_text("дошёл не весь")
        await page.get_by_role("link", name="К файлу").click()
        box = page.locator("[data-uploads]").first
        await box.get_by_role("button", name="Отказаться").click()
        await expect(box.locator("[data-coming]")).to_have_count(0)
        await expect(box.locator("input[type=file]")).to_be_focused()


async def test_what_is_too_large_or_of_another_kind_is_said_at_once(site: Site, browser, tmp_path):
    (tmp_path / "игра.exe").write_bytes(b"MZ")
    async with site.signed(browser, "team_lead") as context:
        page = await context.new_page()
        box = await field_for_files(page)
        await box.evaluate("box => { box.dataset.most = 1048576 }")
        (tmp_path / "велик.pdf").write_bytes(b"%PDF-" + bytes(1048577))
        await box.locator("input[type=file]").set_input_files([tmp_path / "игра.exe", tmp_path / "велик.pdf"])
        await expect(box.locator("[data-queue] li").nth(0)).to_contain_text("Файлы такого вида не принимаются.")
        await expect(box.locator("[data-queue] li").nth(1)).to_contain_text("Больше 1 МБ.")


async def test_renamed_and_removed_and_put_back_without_leaving_the_page(site: Site, browser, tmp_path):
    path = tmp_path / "Заметки.txt"
    path.write_text("Заметки с выезда")
    async with site.signed(browser, "team_lead") as context:
        page = await context.new_page()
        box = await field_for_files(page)
        await page.evaluate("window.same = true")
        await box.locator("input[type=file]").set_input_files(path)
        await arrives(box, path)
        row = box.locator("[data-files] li", has_text="Заметки")
        await row.locator("summary").click()
        await row.get_by_label("Имя файла").fill("Выезд в район")
        await row.get_by_label("Что в нём").fill("Двенадцать разговоров")
        await row.get_by_role("button", name="Сохранить имя").click()
        row = box.locator("[data-files] li", has_text="Выезд в район.txt")
        await expect(row).to_contain_text("Двенадцать разговоров")
        await row.get_by_role("button", name="Удалить").click()
        back = box.get_by_role("button", name=re.compile("Вернуть.*Выезд в район.txt"))
        await expect(back).to_be_focused()
        await back.click()
        await expect(box.get_by_role("button", name=re.compile("Удалить.*Выезд в район.txt"))).to_be_focused()
        assert await page.evaluate("window.same")
        await box.get_by_role("button", name=re.compile("Удалить.*Выезд в район.txt")).click()


async def test_pictures_are_looked_at_in_a_page(site: Site, browser):
    async with site.signed(browser, "team_lead") as context:
        page = await context.new_page()
        box = await field_for_files(page)
        await box.get_by_role("link", name=re.compile("Посмотреть.*График.png")).click()
        picture = page.locator("main img")
        await expect(picture).to_be_visible()
        assert await picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 480
        assert await looked_at(page, "file") == []


# --- The server dies --------------------------------------------------------------------------------------------------


async def test_a_server_killed_between_two_pieces_goes_on_where_the_file_was_cut(site: Site, browser, large, tmp_path):
    """kill -9: what was said to be safe is, and the page needs nobody's help."""
    words = {name: value for name, value in site.words.items() if name in {"DATABASE_URL", "SECRET_KEY"}}
    async with running(tmp_path / "killed", **words) as victim:
        victim.accounts = site.accounts
        async with victim.signed(browser, "team_lead") as context:
            page = await context.new_page()
            line, box = await line_of(context, page), await field_for_files(page)
            await line.becomes(SLOW)
            await box.locator("input[type=file]").set_input_files(large)
            async with page.expect_response(lambda answer: answer.request.method == "PATCH" and answer.status == 204):
                pass
            victim.kill()
            await expect(box.locator("[data-queue] .file__note")).to_contain_text("Нет связи", timeout=30_000)
            await victim.start()
            await line.becomes()
            await arrives(box, large)
            await clear(box, large)


@asynccontextmanager
async def on_its_way(site: Site, browser, path: Path):
    """A page, its line, which is slow, and its field for files, from which this file is being sent."""
    async with site.signed(browser, "team_lead") as context:
        page = await context.new_page()
        line, box = await line_of(context, page), await field_for_files(page)
        await line.becomes(SLOW)
        await box.locator("input[type=file]").set_input_files(path)
        await has_sent_some(box)
        yield page, line, box


async def test_what_is_pressed_while_a_file_is_on_its_way_is_done_when_it_is_there(site: Site, browser, large):
    async with on_its_way(site, browser, large) as (page, line, box):
        await page.get_by_role("button", name=CHECK, exact=True).click()
        await expect(page.locator("[data-autosave-status]")).to_contain_text("Файл ещё отправляется")
        assert not page.url.endswith("/check")
        await line.becomes()
        await page.wait_for_url("**/check")
        await page.goto(page.url.removesuffix("/check"))
        await arrives(box, large)
        await clear(box, large)


async def test_a_file_that_is_refused_meanwhile_is_told_before_anything_is_done(site: Site, browser, tmp_path):
    """And what was pressed can be pressed again at once."""
    false = tmp_path / "Не отчёт.pdf"
    false.write_bytes(b"MZ" + hashlib.shake_128(b"x").digest(4_000_000))
    async with on_its_way(site, browser, false) as (page, _line, box):
        check = page.get_by_role("button", name=CHECK, exact=True)
        await check.click()
        await expect(box.locator(".file--fault")).to_contain_text("Не отчёт.pdf", timeout=60_000)
        await expect(page.locator("[data-autosave-status]")).to_be_empty()
        assert not page.url.endswith("/check")
        await check.click()
        await page.wait_for_url("**/check")
