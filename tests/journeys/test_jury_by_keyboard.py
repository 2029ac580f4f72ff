"""Pages of the jury in a browser: where the focus is after a press, and that long words push nothing aside."""

import pytest
from playwright.async_api import expect

import cast
from browser import PHONE, WIDE, another_page
from incubator.foundation.database import execute, fetch_value
from incubator.jury.office import conducting
from incubator.jury.pitch import running as running_order
from incubator.people import sessions
from journeys.site import running

LONG = "Ж" * 200


@pytest.fixture
async def stage(browser, db, dsn, tmp_path):
    """A round that is set up, its address, and a page of its organiser."""
    where = await cast.scoring_round(opened=False)
    await running_order.begin(await where.organiser(), where.id)
    async with running(tmp_path, DATABASE_URL=dsn) as site, site.visitor(browser) as context:
        await context.add_cookies(
            [{"name": "session", "value": await sessions.begin(where.cohort.organiser.id), "url": site.url}]
        )
        yield where, f"/rounds/{where.id}", await context.new_page()


async def focused(page) -> str:
    return await page.evaluate("document.activeElement.id")


async def test_the_focus_stays_at_what_was_pressed(stage):
    where, address, page = stage
    await page.goto(f"{address}/pitch")
    for act, goal in (("next", "next"), ("start", "start"), ("blank", "blank"), ("show", "blank")):
        await page.focus(f"button[value={act}]")
        async with another_page(page):
            await page.keyboard.press("Enter")
        assert await focused(page) == f"act-{goal}"
        await expect(page.locator("[data-timer]")).to_be_in_viewport()
    base = f"/cohorts/{where.cohort.id}/jury"
    await page.goto(base)
    first = page.locator("[id^=up-]").first  # at the head of the list "down" stands for both
    key = (await first.get_attribute("id")).removeprefix("up-")
    count = await page.locator("form[action*='/criteria/'][action$='/remove']").count()
    await first.focus()
    for step in range(1, count):
        async with another_page(page):
            await page.keyboard.press("Enter")
        assert await focused(page) == f"down-{key}", step


async def test_the_table_of_the_panel_is_asked_for_where_the_live_line_is_cut(stage):
    where, address, page = stage
    await conducting.open_round(await where.organiser(), where.id)

    async def refused(route):
        """As when too many listen."""
        await route.fulfill(status=429, content_type="text/html", body="<p>Слишком много</p>")

    await page.route("**/live", refused)
    async with page.expect_event("requestfinished", lambda each: each.url.endswith(f"{address}/live")):
        await page.goto(address)
    await page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    await expect(page.locator("#live")).to_contain_text("Елена Мороз")  # the refusal is not put in place of the table
    done = page.locator("#progress > .meta").first
    before = await done.inner_text()
    await cast.score(where, where.jurors[1], await where.project(), 5, 5, 5, 5, 5)
    await expect(done).not_to_have_text(before, timeout=60_000)  # asked for without a live line
    await page.goto(f"{address}/pitch")
    missing = page.locator(".matrix tbody tr").first.locator("td").last
    await expect(missing).to_have_text("2")
    await expect(page.locator("[data-line]")).to_contain_text("каждые пять секунд", timeout=30_000)
    await cast.score(where, where.jurors[0], await where.project(), 5, 5, 5, 5, 5)
    await expect(missing).to_have_text("1", timeout=30_000)


async def test_on_a_phone_the_panel_says_who_is_missing_and_the_row_keeps_its_name(stage):
    where, address, page = stage
    await conducting.open_round(await where.organiser(), where.id)
    await running_order.call(await where.organiser(), where.id, None)
    await page.set_viewport_size(PHONE)
    names = [f"{letter}-{'Константинопольский' * 2}" for letter in "АБВ"]
    for juror, name in zip(where.jurors, names, strict=True):
        await execute("UPDATE person SET name = $2 WHERE id = $1", juror.id, name)
    await page.goto(f"{address}/pitch")
    line = page.locator("#matrix > p")
    await expect(line).to_contain_text(f"листы не сдали: {', '.join(names)}")
    aside = await page.locator(".table--scroll").evaluate("e => { e.scrollLeft = e.scrollWidth; return e.scrollLeft }")
    assert aside > 20, "there is something to scroll to"
    name = page.locator(".matrix tbody th").first
    edge = await name.evaluate(
        "e => e.getBoundingClientRect().left - e.closest('.table--scroll').getBoundingClientRect().left"
    )
    assert abs(edge) < 1, "the name of the team stays in sight"
    assert await name.evaluate("e => e.offsetWidth") > 100, "and isn't broken into letters"
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(), 5, 5, 5, 5, 5)
    await expect(line).to_contain_text("не хватающих листов нет", timeout=60_000)


async def test_a_small_form_with_an_error_gets_the_focus(stage):
    where, address, page = stage
    await page.goto(address)
    seat = await fetch_value("SELECT id FROM seat WHERE round = $1 LIMIT 1", where.id)
    await page.locator("summary", has_text="Председатель").click()
    await page.fill(f"#f-duty-{seat}-cap", "много")
    async with another_page(page):
        await page.press(f"#f-duty-{seat}-cap", "Enter")
    assert await focused(page) == f"duty-{seat}-errors"


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_a_name_of_one_long_word_pushes_nothing_aside(stage, size):
    where, address, page = stage
    await execute("UPDATE scoring_round SET name = $2 WHERE id = $1", where.id, LONG)
    await page.set_viewport_size(size)
    await conducting.open_round(await where.organiser(), where.id)
    under = [address + each for each in ("", "/set-up", "/allocation", "/pitch", "/conflicts", "/paper")]
    for path in (*under, f"/cohorts/{where.cohort.id}/jury", f"/cohorts/{where.cohort.id}", "/"):
        await page.goto(path)
        wide = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], path
    await page.goto(f"{address}/pitch")
    for select in await page.locator("select").all():
        room = await select.evaluate("e => e.clientWidth")
        assert room > 250


async def test_the_running_total_says_how_many_marks_it_is_made_of(stage):
    where, address, page = stage
    await conducting.open_round(await where.organiser(), where.id)
    await page.goto(address)
    session = {
        "name": "session",
        "value": await sessions.begin(where.jurors[0].id),
        "url": page.url.partition("/rounds")[0],
    }
    await page.context.add_cookies([session])
    await page.goto(f"{address}/projects/{await where.project()}")
    await page.locator("[data-criterion] label", has_text="7").first.click()
    await expect(page.locator(".total")).to_contain_text("оценок: 1 из 5")
