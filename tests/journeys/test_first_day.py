"""The first day of an installation in a real browser: its set-up, the first text to agree to, pages for tired eyes."""

import re
from contextlib import asynccontextmanager

import asyncpg
import pytest
from playwright.async_api import expect

from browser import faults_of_access, keep, looked_at
from journeys.crawl import Atlas, crawl, routes
from journeys.hands import Person
from journeys.site import running

CODE = re.compile(r"set-up code:\s+(\S+)")
PASSWORD = "семь сов на сосне"


@asynccontextmanager
async def empty_site(server, folder, name):
    """A running site on a database of its own in which nobody is."""
    connection = await asyncpg.connect(server)
    await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    async with running(folder, DATABASE_URL=server.replace("/postgres?", f"/{name}?")) as started:
        yield started
        assert "Traceback" not in started.log.read_text()


async def set_up(person, code, *, back=False):
    """Through all pages of the set-up."""
    await person.go("/sign-in")
    await person.follow("Set up the installation")
    await person.looks("set-up-code")
    await person.fill({"Set-up code": code.lower()})
    await person.press("Begin the set-up")
    await person.looks("set-up-organisation")
    await person.fill({"Name of the organisation in Russian": "Школа управления", "Whom to ask for help": "Анна, 9–18"})
    await person.press("Go on")
    await person.page.select_option("[name=time_zone]", "Asia/Vladivostok")
    await person.looks("set-up-zone")
    if back:
        await person.press("Назад")  # a word in a context
        assert await person.page.input_value("[name=name_ru]") == "Школа управления"
        await person.press("Go on")
        assert await person.page.input_value("[name=time_zone]") == "Asia/Vladivostok"
    await person.press("Go on")
    await person.sees("No mail server is set, so letters wait with their links, and you hand the links over yourself.")
    await person.looks("set-up-mail")
    await person.press("Leave it out")
    await person.looks("set-up-demo")
    await person.tick("With nothing")
    await person.press("Go on")
    await person.looks("set-up-administrator")
    await person.fill(
        {"Surname, first name and patronymic": "Ветрова Анна", "E-mail": "anna@example.org", "Password": PASSWORD}
    )
    await person.press("Finish the set-up")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
async def test_from_the_code_in_the_terminal_to_the_first_steps(server, browser, tmp_path, scripts):
    async with empty_site(server, tmp_path / "var", f"first_day_{scripts}".lower()) as site:
        code = CODE.search(site.log.read_text())
        assert code, site.log.read_text()
        async with site.visitor(browser, java_script_enabled=scripts) as context:
            person = Person(await context.new_page(), scripts=scripts)
            await set_up(person, code[1], back=True)
            await person.sees("First steps", "Say whose installation this is")
            await expect(person.page.locator(".brand")).to_contain_text("Школа управления")
            await person.looks("first-home")
            answer = await person.page.goto("/setup")
            assert answer.status == 404
            await publish(person)
            await agree(person)


async def publish(person):
    """The administrator writes the first text that people agree to."""
    await person.go("/")
    await person.follow("Write the text about personal data")
    await person.looks("documents-empty")
    await person.follow("Write the first text")
    await person.looks("document-new")
    await person.fill(
        {"Title in Russian": "Согласие на обработку данных", "Text in Russian": "1. Что храним\n2. Зачем"}
    )
    await person.press("Look at it first")
    await person.sees("As people will see it")
    await person.press("Publish this version", yes="Publish this version")
    await person.looks("documents")


async def agree(person):
    """At the next sign-in the text comes first, and then the page that was wanted."""
    await person.page.context.clear_cookies()
    await person.go("/people")
    await person.page.fill("[name=email]", "anna@example.org")
    await person.page.fill("[name=password]", PASSWORD)
    await person.press("Sign in")
    await person.sees("Before you go on", "Согласие на обработку данных")
    await person.looks("consents")
    answer = await person.page.goto("/letters")
    assert answer.url.endswith("/consents?next=/letters")
    await person.go("/consents?next=/people")
    await person.page.locator("main form button[type=submit]").first.click()  # nothing ticked
    await expect(person.page.locator("main [data-errors]")).to_be_visible()
    await person.page.locator(".choice label").first.click()
    await person.press("Keep the answers and go on")
    assert person.path == "/people"
    await person.go("/consents/mine")
    await person.sees("Согласие на обработку данных")
    await person.looks("consents-mine")
    await person.go("/consents/given")
    await person.looks("consents-given")
    await person.follow("Ветрова Анна")
    await person.looks("consents-of")
    await person.go("/consents/mine")
    await person.follow("Согласие на обработку данных")
    await person.looks("document")


# --- Pages for tired eyes ---------------------------------------------------------------------------------------------

MAIN = {
    "organiser": ("/", "/cohorts/{cohort_id}", "/cohorts/{cohort_id}/plan", "/rounds/{round_id}"),
    "moderator": ("/queue", "/submissions/{submission_id}/desk"),
    "juror": ("/jury", "/rounds/{round_id}/projects/{project_id}"),
    "team_lead": ("/teams/{team_id}", "/teams/{team_id}/case", "/teams/{team_id}/assignments/{assignment_id}"),
    "admin": ("/people", "/letters", "/help", "/profile"),
}


@pytest.mark.parametrize("role", list(MAIN))
async def test_main_pages_in_black_and_yellow_and_in_twice_the_size(site, browser, role):
    wrong = []
    async with site.signed(browser, role) as context:
        found = await crawl(context, Atlas(routes()))
        page = await context.new_page()
        for look in ("theme-contrast", "text-200", "text-200.spacing-wide"):
            await context.add_cookies([{"name": "display", "value": look, "url": site.url}])
            for route in MAIN[role]:
                await page.goto(found.pages[route][0])
                if look == "theme-contrast":
                    wrong += [f"{look} {route}: {fault}" for fault in await faults_of_access(page, colours_only=True)]
                if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    wrong.append(f"{look} {route}: scrolls sideways")
                await keep(page, f"{look.replace('.', '-')}-{role}{re.sub(r'[/{}]+', '-', route)}")
    assert wrong == []


async def test_the_choice_in_the_menu_reaches_the_account(site, browser):
    async with site.signed(browser, "participant") as context:
        page = await context.new_page()
        await page.goto("/help")
        await page.click("summary[aria-label='Настройки отображения']")
        async with page.expect_response(lambda answer: answer.url.endswith("/display")) as told:
            await page.check("[data-display] [name=spacing][value=wide]")
        assert (await told.value).status == 204
        await context.clear_cookies(name="display")
        await page.goto("/display")
        assert await looked_at(page, "display") == []
        await page.locator("main label", has_text="Обычные").wait_for()
    async with site.visitor(browser) as context:
        page = await context.new_page()
        from journeys.site import sign_in

        account = site.account("participant")
        await sign_in(page, account.email, account.password)
        assert await page.evaluate("document.documentElement.dataset.spacing") == "wide"
        await page.goto("/display")
        await page.locator("main label", has_text="Обычные").click()
        await page.get_by_role("button", name="Сохранить настройки отображения").click()
        await page.wait_for_load_state()
        assert await page.evaluate("document.documentElement.dataset.spacing") is None
