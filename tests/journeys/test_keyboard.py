"""With the keyboard alone: in, to the work, through a score sheet; the focus is always seen."""

from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, expect

from browser import another_page
from journeys.hands import ru

# The ring may lie on the label, on the face beside a control that itself is not painted, on the whole row of a link.
FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const ringed = box => {
    const style = box && getComputedStyle(box);
    return style && ((style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none");
  };
  const face = [at, at.nextElementSibling, at.closest("label"), at.closest(".task")].find(ringed);
  const shown = (face ?? at).getBoundingClientRect();
  const centre = document.elementFromPoint(shown.x + shown.width / 2, shown.y + Math.min(shown.height / 2, 20));
  return {
    name: (at.getAttribute("aria-label") || at.name || at.innerText || at.tagName).trim().slice(0, 40),
    place: [...document.querySelectorAll("*")].indexOf(at),
    ring: Boolean(face),
    inside: shown.bottom > 0 && shown.top < innerHeight && shown.right > 0 && shown.left < innerWidth,
    covered: centre !== null && !(face ?? at).contains(centre) && !centre.contains(face ?? at) && !centre.closest("label, fieldset"),
  };
}"""
MANY = 150  # stops after which a page counts as a trap


async def walk(page: Page) -> list[str]:
    """Tab from the first stop of the page to its last; what is wrong with any of them."""
    wrong, places = [], []
    for _ in range(MANY):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(FOCUS)
        if stop is None or stop["place"] in places[:1]:
            return wrong
        if stop["place"] in places:
            return [*wrong, f"the focus turns in a circle at {stop['name']}"]
        places.append(stop["place"])
        faults = [word for word, bad in (("no ring", not stop["ring"]), ("outside the window", not stop["inside"]),
                                         ("covered", stop["covered"])) if bad]  # fmt: skip
        wrong += [f"{stop['name']}: {fault}" for fault in faults]
    return [*wrong, "no end"]


@pytest.mark.parametrize(
    ("role", "way"),
    [("team_lead", ["/", "main .task a"]), ("juror", ["/jury", "main .task a"]), ("moderator", ["/queue", "main th a"]),
     ("organiser", ["/cohorts", "main td a"])],
    ids=["team", "sheet", "desk", "cohort"],
)  # fmt: skip
async def test_every_stop_of_a_page_is_seen(site, browser, role, way):
    async with site.signed(browser, role) as context:
        page = await context.new_page()
        await page.goto(way[0])
        assert await walk(page) == []
        await page.locator(way[1]).first.click()
        await page.wait_for_load_state()
        await page.locator("body").press("Home")
        assert await walk(page) == []


async def test_the_walker_sees_a_lost_ring(site, browser):
    async with site.visitor(browser) as context:
        page = await context.new_page()
        await page.goto("/sign-in")
        await page.evaluate("""() => {
          const plain = new CSSStyleSheet();
          plain.replaceSync("* { outline: none !important; box-shadow: none !important }");
          document.adoptedStyleSheets = [plain];
        }""")
        assert len([each for each in await walk(page) if "no ring" in each]) > 3


async def to(page: Page, matches: str) -> None:
    """Tab to the first stop that matches."""
    for _ in range(MANY):
        await page.keyboard.press("Tab")
        if await page.evaluate("selector => document.activeElement.matches(selector)", matches):
            return
    pytest.fail(f"no Tab leads to {matches}")


async def test_in_and_to_the_work_by_keyboard(site, browser):
    account = site.account("team_lead")
    async with site.visitor(browser) as context:
        page = await context.new_page()
        await page.goto("/sign-in")
        await to(page, "[name=email]")
        await page.keyboard.type(account.email)
        await to(page, "[name=password]")
        await page.keyboard.type(account.password)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/teams/*")
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await page.keyboard.press("Enter")
        await to(page, "main .task__link")
        async with another_page(page):
            await page.keyboard.press("Enter")
        await to(page, "#work textarea")
        async with page.expect_response(lambda answer: "x-autosave" in answer.request.headers):
            await page.keyboard.type("С клавиатуры. ")
        async with another_page(page):
            await page.keyboard.press("Control+Enter")
        await expect(page.locator("h1")).to_have_text(ru("Check the answers"))


async def test_a_sheet_by_digits_and_arrows(site, browser):
    async with site.signed(browser, "juror") as context:
        page = await context.new_page()
        await page.goto("/jury")
        await to(page, "main .button--primary")
        async with another_page(page):
            await page.keyboard.press("Enter")
        await to(page, "[data-criterion] [type=radio]")
        first = page.locator("[data-criterion]").first
        await page.keyboard.press("7")
        await expect(first.locator(":checked")).to_have_value("7")
        async with page.expect_response(lambda answer: "x-autosave" in answer.request.headers) as coming:
            await page.keyboard.press("ArrowRight")
        assert (await coming.value).ok
        await expect(first.locator(":checked")).to_have_value("8")
        await page.keyboard.press("?")
        await expect(page.locator("#keys")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("1")
        await page.keyboard.press("0")
        await expect(first.locator(":checked")).to_have_value("10")
        await page.reload()
        await expect(first.locator(":checked")).to_have_value("10")


@asynccontextmanager
async def first_sheet(site, browser):
    """The juror's next sheet, opened from his list."""
    async with site.signed(browser, "juror") as context:
        page = await context.new_page()
        await page.goto("/jury")
        await page.locator("main .button--primary").first.click()
        await expect(page.locator("#sheet")).to_be_visible()
        yield page


async def test_a_mark_taken_away_makes_a_draft_and_the_page_says_so_at_once(site, browser):
    async with first_sheet(site, browser) as page:
        sheet, tags = page.url, page.locator("h1 ~ [data-when] .tag:visible")
        for criterion in await page.locator("[data-criterion]").all():
            await criterion.locator("[type=radio]").last.focus()
            await page.keyboard.press("5")
        async with another_page(page):
            await page.click("[name=act][value=hand_in]")
        await page.goto(sheet)
        await expect(tags).to_have_text("Сдан")
        again = page.get_by_role("button", name="Вернуть лист в черновики")
        await expect(again).to_be_visible()
        await page.locator("[data-clear]").last.click()
        for _ in range(2):
            await expect(tags).to_have_text("Черновик")
            await expect(again).to_be_hidden()
            await expect(page.locator("[name=act][value=hand_in]")).to_have_text(
                "Сдать и перейти дальше", use_inner_text=True
            )
            await page.reload()  # and the server says the same


async def test_a_sheet_with_gaps_names_them_and_leads_there(site, browser):
    async with first_sheet(site, browser) as page:
        marks = page.locator("[data-criterion]")
        if await marks.last.locator(":checked").count():
            await marks.last.locator("[data-clear]").click()
        await to(page, "[name=act][value=hand_in]")
        async with another_page(page):
            await page.keyboard.press("Enter")
        await expect(page.locator("#errors")).to_be_focused()
        title = (await marks.last.locator("legend").inner_text()).split("\n")[0].rpartition(" вес")[0]
        gap = page.locator("#errors a").last
        await expect(gap).to_contain_text(f"{title}: ")
        await to(page, f"#errors a[href='{await gap.get_attribute('href')}']")
        await page.keyboard.press("Enter")
        await page.keyboard.press("6")
        await expect(marks.last.locator(":checked")).to_have_value("6")
