"""At every form into which people write: the line is cut, the server killed, the session ended, two browsers race.

One rule is asked for each time: what was typed is in the database, or in a field of the page in front of the person,
or (where the form is gone) on the device.
"""

import asyncio
import contextlib
import re
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest
from playwright.async_api import Error

from browser import put_away
from incubator.people.queries import token_fingerprint
from journeys.forms import FORMS, PAST, Written, areas, world
from journeys.site import running, sign_in

PASSWORD = "demo-incubator-2026"
PATIENCE = 150  # tenths of a second
EMAILS = {who: f"{who}@demo.example" for who in ("lead", "moderator", "juror", "organiser", "admin")}
WHO = ("lead", "case_lead", "moderator", "juror", "organiser", "admin")
HERE = """([action, name, text, also, press]) => {
  const path = form => new URL(form.getAttribute("action") || location.href, location.href).pathname;
  const fits = form => [...form.elements].find(each => name ? each.name === name : each.matches("textarea"));
  const form = [...document.forms].find(each => path(each) === action && fits(each));
  if (!form) return "no form";
  const field = fits(form);
  for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  if (text !== null) {
    for (const [key, value] of Object.entries({...also, [field.name]: text})) {
      const control = key === field.name ? field : form.elements.namedItem(key);
      control.focus();
      control.value = value;
      control.dispatchEvent(new Event("input", {bubbles: true}));
    }
  }
  const buttons = [...form.elements].filter(each => each.type === "submit" && !each.classList.contains("visually-hidden"));
  const button = buttons.find(each => press && (each.value === press || each.name === press)) ?? buttons[0];
  document.querySelectorAll("[data-press]").forEach(each => delete each.dataset.press);
  button.dataset.press = "";
  return field.value;
}"""
SHOWN = "text => [...document.querySelectorAll('textarea, input')].some(each => each.value.includes(text))"
LOADED = "document.readyState === 'complete' ? String(performance.timeOrigin) : null"
KEPT = "Object.keys(localStorage).filter(each => each.startsWith('kept:')).length"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('journal_entry', 'outbox', 'letter')"


@dataclass
class Shore:
    """The running site, its database and the ids in addresses."""

    site: object
    database: asyncpg.Pool
    ids: dict[str, str]
    search: str = ""

    async def has(self, text: str) -> bool:
        """Whether the text is anywhere in the database, letters and journal aside."""
        if not self.search:
            tables = [row["tablename"] for row in await self.database.fetch(TABLES)]
            self.search = " OR ".join(f"EXISTS (SELECT 1 FROM {each} t WHERE t::text LIKE $1)" for each in tables)
        return await self.database.fetchval(f"SELECT {self.search}", f"%{text}%")

    @asynccontextmanager
    async def signed(self, browser, who):
        """A browser in which that person has a session; a dialog before leaving is answered with yes."""
        # No watched context: faults of the network are what this is about.
        context = await browser.new_context(base_url=self.site.url, locale="ru-RU", service_workers="block")
        context.set_default_timeout(30_000)
        context.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await self.enter(context, who)
        yield context
        await put_away(context)

    async def enter(self, context, who):
        """Sign that person in, instead of whoever is there."""
        token = secrets.token_urlsafe(32)
        await self.database.execute(
            "INSERT INTO session (token_hash, person, created_at, seen_at, expires_at, flash)"
            " SELECT $1, id, now(), now(), now() + interval '1 day', '[]' FROM person WHERE email = $2",
            token_fingerprint(token), self.email(who),
        )  # fmt: skip
        await context.add_cookies([{"name": "session", "value": token, "url": self.site.url}])

    def email(self, who):
        return EMAILS.get(who) or self.ids["lead_of_draft"]


@pytest.fixture(scope="module")
async def shore(server, tmp_path_factory):
    """A site of its own, for it is killed."""
    connection = await asyncpg.connect(server)
    await connection.execute("DROP DATABASE IF EXISTS shore WITH (FORCE)")
    await connection.execute("CREATE DATABASE shore")
    await connection.close()
    address = server.replace("/postgres?", "/shore?")
    async with running(tmp_path_factory.mktemp("shore"), DATABASE_URL=address) as site:
        site.load_demo()
        async with asyncpg.create_pool(address, min_size=1, max_size=4) as database:
            yield Shore(site, database, await world(database))


@dataclass
class Tab:
    """A form in front of somebody, and what he has typed there."""

    form: Written
    page: object
    shore: Shore
    text: str = ""
    loaded: str = ""  # which page it was, when the button was pressed

    def at(self, address):
        return address.format(**self.shore.ids)

    async def open(self):
        try:
            await self.page.goto(self.at(self.form.page))
        except Error as fault:  # the page before drew itself anew at this very moment
            if "ERR_ABORTED" not in str(fault):
                raise
            await self.page.goto(self.at(self.form.page))

    async def _form(self, text=None):
        form = self.form
        return await self.ask(HERE, [self.at(form.action), form.field, text, dict(form.also), form.press])

    async def ask(self, script, argument):
        """Asked again while the page is going: a juror's sheet that his outbox has just sent is drawn anew by itself."""
        for _ in range(PATIENCE):
            with contextlib.suppress(Error):
                return await self.page.evaluate(script, argument)
            await asyncio.sleep(0.1)
        return await self.page.evaluate(script, argument)

    async def type(self, words):
        """Type, and find the button."""
        self.text = f"{words} {self.form.name}"
        assert await self._form(self.text) == self.text, f"{self.form.name}: no form at {self.page.url}"

    async def press(self):
        self.loaded = await self.page.evaluate(LOADED)
        await self.page.locator("[data-press]").first.evaluate("button => button.click()")
        if await self.page.locator("#confirm[open]").count():
            await self.page.locator("#confirm [data-yes]").click()

    async def shows(self):
        return await self.ask(SHOWN, self.text)

    async def safe(self):
        """The rule, once the server has answered: before that a text in its field proves nothing."""
        for _ in range(PATIENCE):
            with contextlib.suppress(Error):  # the page is just going
                answered = (await self.page.evaluate(LOADED) or self.loaded) != self.loaded
                if await self.shore.has(self.text) or (answered and await self.shows()):
                    return True
                if answered:
                    break
            await asyncio.sleep(0.1)
        await self.open()
        if await self._form() == "no form":
            return await self.page.evaluate(KEPT) > 0
        return await self.shows()


@asynccontextmanager
async def tabs(shore, browser, who, words, forms=FORMS):
    """Every form of somebody, each in a tab, with something typed into it if there are `words`."""
    async with shore.signed(browser, who) as context:
        made = [Tab(form, await context.new_page(), shore) for form in forms if form.who == who]

        async def fill(mine):
            for tab in mine:
                await tab.open()
                if words:
                    await tab.type(words)

        await asyncio.gather(fill(made[::2]), fill(made[1::2]))
        yield context, made


async def held(tab):
    """With nobody to answer: the same page, the same text, a bar that says so, and a button that can be pressed again."""
    before = tab.page.url
    await tab.press()
    await tab.page.locator("#offline:visible").wait_for()
    assert tab.page.url == before, tab.form.name
    assert await tab.shows(), f"{tab.form.name}: the text is no longer in its field"
    assert await tab.page.locator("[data-press]").first.is_enabled()
    await tab.page.locator("[data-press]").first.evaluate("button => button.click()")


# --- The four faults --------------------------------------------------------------------------------------------------


async def test_the_session_ends_the_server_is_killed_and_the_browser_closed(shore, browser):
    """Everybody is told to sign in; then nobody answers, and tabs are closed; whoever comes back finds his text."""
    async with AsyncExitStack() as stack:
        entered = [stack.enter_async_context(tabs(shore, browser, who, "Конец")) for who in WHO]
        everybody = list(await asyncio.gather(*entered))
        await shore.database.execute("DELETE FROM session")
        await asyncio.gather(*(told(made) for _, made in everybody))
        shore.site.kill()
        await asyncio.gather(*(held_and_closed(made) for _, made in everybody))
        await shore.site.start()
        await asyncio.gather(
            *(back_again(shore, context, who, made) for who, (context, made) in zip(WHO, everybody, strict=True))
        )


async def told(made):
    """Whoever presses without a session is asked to sign in, on the page with his text."""
    for tab in made:
        await tab.press()
        await tab.page.locator("[data-autosave-status] a[href^='/sign-in']").first.wait_for()
        assert await tab.shows(), tab.form.name


async def held_and_closed(made):
    """All tabs but the first are closed while nobody answers."""
    for tab in made:
        await held(tab)
    for tab in made[1:]:
        await tab.page.close()


async def back_again(shore, context, who, made):
    """Through the link of the first tab's form and the sign-in back to its text; then to the others, each opened anew."""
    first = made[0]
    link = first.page.locator("[data-autosave-status] a")
    if not await link.count():  # the line about the session gave way to the one about the server
        await first.press()
    await link.first.click()
    await first.page.wait_for_url("**/sign-in?**")
    await sign_in(first.page, shore.email(who), PASSWORD)
    await first.page.wait_for_url(f"**{first.at(first.form.page)}")
    for tab in made:
        tab.page = first.page
        await tab.open()
        assert await tab.shows() or await shore.has(tab.text), tab.form.name


@pytest.mark.parametrize("who", WHO)
async def test_the_line_is_cut_and_two_browsers_race(shore, browser, who):
    """What was pressed goes by itself when the line is back. The other browser has opened the form before that: its text is
    kept too or stands before its writer, and the first text is not overwritten silently."""
    raced = [form for form in FORMS if not form.alone and not form.once]
    async with AsyncExitStack() as stack:
        entered = [
            stack.enter_async_context(each)
            for each in (tabs(shore, browser, who, "Обрыв"), tabs(shore, browser, who, "", raced))
        ]
        (phone, first), (_, second) = await asyncio.gather(*entered)
        await phone.set_offline(True)
        for tab in first:
            await held(tab)
        await phone.set_offline(False)
        lost = [tab.form.name for tab in first if not await tab.safe()]
        assert lost == [], f"lost at {lost}"
        for tab in second:
            earlier = next(each for each in first if each.form is tab.form)
            stored = await shore.has(earlier.text)
            await tab.type("Стол")
            await tab.press()
            assert await tab.safe(), f"{tab.form.name}: lost the second text"
            assert not stored or await shore.has(earlier.text), f"{tab.form.name}: overwritten silently"


async def test_the_next_person_at_the_computer_reads_nothing(shore, browser):
    profile = next(form for form in FORMS if form.name == "profile")
    async with shore.signed(browser, "lead") as context:
        tab = Tab(profile, await context.new_page(), shore)
        await tab.open()
        await tab.type("Чужое")
        await shore.enter(context, "moderator")
        await tab.open()
        assert not await tab.shows()
        assert "Чужое" not in await tab.page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
        assert await tab.page.evaluate(KEPT) == 1
        await shore.enter(context, "lead")
        await tab.open()
        assert await tab.shows()
        await tab.page.locator("form[data-forget]").evaluate("form => form.requestSubmit()")
        await tab.page.wait_for_url("**/sign-in**")
        assert await tab.page.evaluate(KEPT) == 0


async def test_leaving_asks_only_when_something_was_typed(shore, browser):
    note = next(form for form in FORMS if form.name == "note")
    async with shore.signed(browser, "moderator") as context:
        asked = []
        tab = Tab(note, await context.new_page(), shore)
        tab.page.on("dialog", lambda dialog: asked.append(dialog.type))
        await tab.open()
        await tab.page.locator("h1").click()
        await tab.page.goto("/queue")
        assert asked == []
        await tab.open()
        await tab.page.locator("h1").click()
        await tab.type("Уйти")
        await tab.page.goto("/queue")
        assert asked == ["beforeunload"]


async def test_a_form_with_a_preview_is_kept_like_any_other(shore, browser):
    """The minutes are drawn anew while they are typed, by an element of its own: a form that htmx sends is not kept."""
    minutes = next(form for form in FORMS if form.name == "minutes")
    async with shore.signed(browser, "organiser") as context:
        tab = Tab(minutes, await context.new_page(), shore)
        await tab.open()
        await tab.page.locator("[name=decision]").press_sequentially("Наградить обе команды")
        await tab.page.locator("[hx-post]", has_text="Наградить обе команды").wait_for()
        assert await tab.page.evaluate(KEPT) == 1


# --- Whether the trial itself is true ---------------------------------------------------------------------------------


def test_every_text_area_is_in_the_table():
    """A new form is added to `forms.FORMS`, or to `forms.PAST` with the reason."""
    tried = {form.template for form in FORMS}
    assert areas() - tried - set(PAST) == set()
    assert (tried - {""}) | set(PAST) <= areas()
    assert not tried & set(PAST)


async def test_without_keeping_the_trial_fails(shore, browser):
    """The same with the script taken away: the browser's own page of errors comes, and the text is gone."""
    async with shore.signed(browser, "moderator") as context:
        for script in ("keeping", "autosave"):
            await context.route(f"**/{script}.js", lambda route: route.abort())
        tab = Tab(next(form for form in FORMS if form.name == "note"), await context.new_page(), shore)
        await tab.open()
        await tab.type("Без сохранения")
        await context.set_offline(True)
        tab.page.set_default_timeout(1500)
        with pytest.raises(Exception, match=re.compile("Timeout|Execution context|Navigation")):
            await held(tab)
        await context.set_offline(False)
        tab.page.set_default_timeout(30_000)
        assert not await shore.has(tab.text)
        await tab.open()
        assert not await tab.shows()
