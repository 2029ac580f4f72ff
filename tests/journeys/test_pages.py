"""Every page that links lead to, as each role: it opens, it is accessible, nothing sticks out, no script or policy fault."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from browser import looked_at
from journeys.crawl import Atlas, crawl, routes
from needed import missing

ROLES = ("organiser", "moderator", "juror", "team_lead", "participant", "admin")
NO_PAGES = re.compile(
    r"/static/|/health/|/live$|/progress$|/materials$|/files/|/files\.zip$|/uploads/|\.toml$|/blueprints/|/municipality$|/next$|/data$|/worker\.js$|^/session$|/state$|/checking$"
)
TABS = 2  # pages looked at side by side

seen: dict[str, set[str]] = {}  # routes that each role has reached
looked_at_before: set[str] = set()


async def look(context, pages: dict[str, list[str]], label: str) -> list[str]:
    """What is wrong with the first page of each route, in `TABS` tabs."""
    wrong: list[str] = []
    waiting = [(route, addresses[0]) for route, addresses in pages.items()]

    async def in_one_tab() -> None:
        page = await context.new_page()
        while waiting:
            route, address = waiting.pop()
            await page.goto(address)
            known = route in looked_at_before
            looked_at_before.add(route)
            name = f"{label}{re.sub(r'[/{}]+', '-', route)}"
            wrong.extend(f"{address} {fault}" for fault in await looked_at(page, name, again=known))
        await page.close()

    await asyncio.gather(*(in_one_tab() for _ in range(TABS)))
    return wrong


@pytest.mark.parametrize("role", ROLES)
async def test_every_page_behind_a_link(site, browser, role):
    async with site.signed(browser, role) as context:
        found = await crawl(context, Atlas(routes()))
        assert found.broken == [], found.broken
        seen[role] = found.passed | set(found.pages)
        assert await look(context, found.pages, role) == []


async def test_every_page_for_visitors(site, browser):
    """Links from letters too: an invitation, a reset."""
    said = site.incubator("user", "add", "guest@example.org", "--name", "Глеб Гостев", "--role", "administrator")
    said += site.incubator("user", "reset", site.account("participant").email)
    letters = re.findall(r"http\S+", said)
    assert len(letters) == 2
    async with site.visitor(browser) as context:
        found = await crawl(context, Atlas(routes()), ("/sign-in", *(link.removeprefix(site.url) for link in letters)))
        assert found.broken == [], found.broken
        seen["visitor"] = found.passed | set(found.pages)
        assert await look(context, found.pages, "visitor") == []


ELSEWHERE = {
    "/invitations/{invitation_id}/card", "/rounds/{round_id}/projects", "/setup", "/setup/{word}",
    "/consents", "/documents/{document_id}", "/teams/{team_id}/jury", "/teams/{team_id}/result",
    "/teams/{team_id}/rounds/{round_id}/why", "/teams/{team_id}/certificates.pdf", "/hall/{address}", "/rounds/{round_id}/paper/{sheet_id}",
    "/teams/{team_id}/case/check", "/teams/{team_id}/case/similar", "/teams/{team_id}/assignments/{assignment_id}/check",
}  # fmt: skip
"""Pages of moments that the demo is past; the main path and the first day come by and look at them."""


async def test_every_page_has_been_looked_at():
    """A page that no link leads to is a page that nobody finds."""
    if len(seen) <= len(ROLES):
        missing("only some of the roles have looked")
    pages = {route for route in routes() if not NO_PAGES.search(route)}
    assert pages - set.union(*seen.values()) - ELSEWHERE == set()


async def test_refusals_are_pages_too(site, browser):
    async with site.signed(browser, "participant") as context:
        page = await context.new_page()
        for address, status in (("/no-such-page", 404), ("/cohorts", 403), ("/people", 404)):
            answer = await page.goto(address)
            assert (answer.status, await page.locator("h1").count()) == (status, 1)
            assert await looked_at(page, f"refusal{status}") == []


MAIN = {
    "organiser": (
        "/",
        "/cohorts/{cohort_id}",
        "/cohorts/{cohort_id}/plan",
        "/rounds/{round_id}",
        "/cohorts/{cohort_id}/jury",
    ),
    "moderator": ("/queue", "/submissions/{submission_id}/desk"),
    "juror": ("/jury", "/rounds/{round_id}/projects/{project_id}"),
    "team_lead": ("/teams/{team_id}", "/teams/{team_id}/case", "/teams/{team_id}/assignments/{assignment_id}"),
}


@pytest.mark.parametrize("role", list(MAIN))
async def test_the_main_pages_in_english(site, browser, role):
    """Words of another length in the same places; what we say ourselves is English."""
    async with site.signed(browser, role) as context:
        page = await context.new_page()
        await page.goto("/profile")
        await page.get_by_role("button", name="English").click()
        try:
            await expect(page.locator("h1")).to_have_text("Profile")
            found = await crawl(context, Atlas(routes()))
            wanted = {route: found.pages[route] for route in MAIN[role]}
            assert await look(context, wanted, f"en-{role}") == []
        finally:
            await page.get_by_role("button", name="Русский").click()
            await expect(page.locator("h1")).to_have_text("Профиль")
