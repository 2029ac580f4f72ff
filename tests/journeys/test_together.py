"""Two of a team in one assignment, a lost connection, an ended session: nothing that was typed is lost."""

import asyncio
import re
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import expect

from browser import another_page, looked_at
from journeys.hands import Person, ru
from journeys.site import fill_in, sign_in

TASK = "Варианты решений"
FIRST, SECOND = "Как выбирали", "Что выбрали"


@pytest.fixture
async def pair(site, browser):
    """The lead and a participant of the demo's team, both at the same returned assignment."""
    async with site.signed(browser, "team_lead") as one, site.signed(browser, "participant") as other:
        lead, colleague = Person(await one.new_page()), Person(await other.new_page())
        for person in (lead, colleague):
            await at_work(person)
        yield lead, colleague


async def at_work(person: Person) -> None:
    await person.go("/")
    await person.follow(TASK)


async def answer(person: Person, label: str) -> str:
    return await person.main().get_by_label(label, exact=True).input_value()


async def write(person: Person, label: str, text: str) -> None:
    await person.main().get_by_label(label, exact=True).fill(text)


@asynccontextmanager
async def autosaved(person: Person, status: int = 200):
    """The block makes the page save itself, and the server answers so."""
    async with person.page.expect_response(lambda answer: "x-autosave" in answer.request.headers) as coming:
        yield
    assert (await coming.value).status == status


async def test_two_people_write_different_answers_at_once(pair):
    lead, colleague = pair
    async with autosaved(lead):
        await write(lead, FIRST, "По цене и по числу семей")
    async with autosaved(colleague):
        await write(colleague, SECOND, "Жильё для молодых семей")
    await colleague.saved()
    for person in pair:
        await at_work(person)
        assert await answer(person, FIRST) == "По цене и по числу семей"
        assert await answer(person, SECOND) == "Жильё для молодых семей"


async def test_two_people_write_the_same_answer_and_choose(pair):
    lead, colleague = pair
    async with autosaved(lead):
        await write(lead, SECOND, "Служебное жильё")
    async with autosaved(colleague, 409):
        await write(colleague, SECOND, "Ипотека под два процента")
    line = colleague.page.locator("[data-autosave-status]")
    await expect(line).to_contain_text(ru("Save the draft"))
    await expect(line).to_be_in_viewport()  # though the end of the form is far below
    await line.get_by_role("button", name=ru("Compare")).click()
    await colleague.sees("Служебное жильё", "Ипотека под два процента")
    assert await looked_at(colleague.page, "clash") == []
    await write(colleague, SECOND, "Служебное жильё и ипотека под два процента")
    await colleague.press("Save my text")
    await at_work(lead)
    assert await answer(lead, SECOND) == "Служебное жильё и ипотека под два процента"


async def test_without_scripts_a_clash_shows_both_texts(site, browser):
    async with (
        site.signed(browser, "team_lead", java_script_enabled=False) as one,
        site.signed(browser, "participant", java_script_enabled=False) as other,
    ):
        lead, colleague = Person(await one.new_page(), scripts=False), Person(await other.new_page(), scripts=False)
        for person in (lead, colleague):
            await at_work(person)
        await write(lead, SECOND, "Общежитие для врачей")
        await lead.press("Save the draft")
        await write(colleague, SECOND, "Подъёмные для врачей")
        await colleague.page.get_by_role("button", name=ru("Save the draft")).click()
        await colleague.sees("Общежитие для врачей", "Подъёмные для врачей")
        await colleague.shot("clash-plain")


async def test_what_is_typed_offline_goes_when_the_connection_is_back(pair):
    lead, colleague = pair
    await lead.page.context.set_offline(True)
    await write(lead, FIRST, "Написано в поезде")
    await expect(lead.page.locator("#offline")).to_be_visible()
    await lead.shot("offline")
    async with autosaved(lead):
        await lead.page.context.set_offline(False)
    await lead.saved()
    await expect(lead.page.locator("#offline")).to_be_hidden()
    await at_work(colleague)
    assert await answer(colleague, FIRST) == "Написано в поезде"


async def test_a_session_that_ends_while_one_types_loses_no_text(site, browser):
    account = site.account("team_lead")
    async with site.visitor(browser) as office, site.visitor(browser) as phone:
        at_desk, at_phone = Person(await office.new_page()), Person(await phone.new_page())
        for person in (at_desk, at_phone):
            await sign_in(person.page, account.email, account.password)
        await at_work(at_desk)
        await at_phone.go("/profile")
        await at_phone.press("Sign out everywhere else", yes="Sign out everywhere else")
        site.signed_in.pop("team_lead", None)  # that session has ended too
        async with autosaved(at_desk, 401):
            await write(at_desk, FIRST, "Не потеряйте этот текст")
        link = at_desk.page.locator("[data-autosave-status] a")
        await expect(link).to_have_text(ru("Sign in"))
        await at_desk.shot("session-ended")
        at_desk.page.on("dialog", lambda dialog: dialog.accept())
        await link.click()
        await at_desk.page.wait_for_url(re.compile("/sign-in"))
        async with autosaved(at_desk):
            await sign_in(at_desk.page, account.email, account.password)
        assert await answer(at_desk, FIRST) == "Не потеряйте этот текст"
        await at_work(at_phone)
        assert await answer(at_phone, FIRST) == "Не потеряйте этот текст"


async def test_without_scripts_the_text_comes_through_the_sign_in(site, browser):
    account = site.account("team_lead")
    async with site.visitor(browser, java_script_enabled=False) as office, site.visitor(browser) as phone:
        at_desk, at_phone = Person(await office.new_page(), scripts=False), Person(await phone.new_page())
        for person in (at_desk, at_phone):
            await sign_in(person.page, account.email, account.password)
        await at_work(at_desk)
        text = "Набрано в браузере без сценариев"
        await write(at_desk, FIRST, text)
        await at_phone.go("/profile")
        await at_phone.press("Sign out everywhere else", yes="Sign out everywhere else")
        site.signed_in.pop("team_lead", None)
        await at_desk.page.get_by_role("button", name=ru("Save the draft")).last.click()
        await at_desk.sees("The session had ended before this was sent. Sign in again: what you typed comes with you.")
        await at_desk.shot("held")
        await fill_in(at_desk.page, account.email, account.password)
        await at_desk.sees("Your text is here", text)
        await at_desk.shot("typed")
        await at_work(at_phone)
        assert await answer(at_phone, FIRST) != text, "nothing is sent by itself"
        await at_desk.press("Send what was typed")
        await at_work(at_phone)
        assert await answer(at_phone, FIRST) == text


async def test_what_is_sent_while_it_saves_itself_does_not_clash_with_itself(site, browser):
    async def slowly(route):
        if "x-autosave" not in route.request.headers:
            return await route.fallback()
        answer = await route.fetch()
        await asyncio.sleep(0.6)  # saved, but the page doesn't know the new version yet
        return await route.fulfill(response=answer)

    async with site.signed(browser, "juror") as context:
        juror = Person(await context.new_page())
        await juror.go("/jury")
        async with another_page(juror.page):
            await juror.page.locator("main .task a").first.click()
        strips = juror.page.locator("#sheet [data-criterion]")
        await juror.page.route("**/rounds/*/projects/*", slowly)
        await strips.first.locator(".segmented__cell", has_text=re.compile("^6$")).click()
        await juror.press("Save")
        await juror.misses("This sheet was changed in another window")
        await expect(strips.first.locator(":checked")).to_have_value("6")
