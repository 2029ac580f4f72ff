"""What the pages weigh on the line, in a real browser: a first visit, and later pages with the first in the cache."""

from bench.weight import FIRST, PAGES, Scales, table, weights


async def test_first_visits_and_later_pages_are_light(site, browser):
    accounts = {each.role: (each.email, each.password) for each in reversed(site.accounts)}
    found = await weights(browser, site.url, accounts)
    assert len(found) == len(PAGES) + sum(len(pages) for pages in PAGES.values())
    assert not any(each.over for each in found), f"\n{table(found)}"


async def test_the_scales_count_every_file_and_what_is_in_the_cache_once(site, browser):
    async with site.visitor(browser) as context:
        page = await context.new_page()
        scales = await Scales.at(page)
        await page.goto("/sign-in")
        first = await scales.taken()
        names = {name.rpartition("/")[2] for name, _ in first}
        assert {"sign-in", "app.js", "site.css", "icons.svg", "golos-text-5.3-latin-400.woff2"} <= names
        assert "keeping.js" not in names  # nobody is signed in: there is nothing to keep
        await page.goto("/sign-in")
        assert [name for name, _ in await scales.taken()] == ["/sign-in"]


async def test_the_scales_notice_what_is_not_packed(site, browser):
    async with site.visitor(browser, extra_http_headers={"Accept-Encoding": "identity"}) as context:
        page = await context.new_page()
        scales = await Scales.at(page)
        await page.goto("/sign-in")
        assert sum(size for _, size in await scales.taken()) > FIRST
