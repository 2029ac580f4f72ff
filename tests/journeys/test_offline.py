"""Scoring with the line cut, the server killed, the session ended, two devices, somebody else at the same computer."""

import asyncio
import secrets
from contextlib import asynccontextmanager

import asyncpg
import pytest
from playwright.async_api import expect

from browser import looked_at, put_away
from incubator.people.queries import token_fingerprint
from journeys.devices import cut, kept, mark, press, told
from journeys.site import running

OPEN = """
SELECT r.id::text AS round, array_agg(s.project::text ORDER BY p.place) AS projects FROM score_sheet s
JOIN seat e ON e.id = s.seat JOIN person h ON h.id = e.person JOIN scoring_round r ON r.id = s.round
JOIN round_project p ON p.id = s.project
WHERE h.email = $1 AND r.state = 'open' AND s.state = ANY($2) AND e.declared_at IS NOT NULL GROUP BY r.id
"""
SHEETS = """
SELECT s.project::text AS project, s.state, s.version, s.comment FROM score_sheet s JOIN seat e ON e.id = s.seat
JOIN person h ON h.id = e.person WHERE h.email = $1 AND s.round = $2::uuid AND s.version > 0
"""
SEAT = "(SELECT e.id FROM seat e JOIN person h ON h.id = e.person WHERE h.email = $1 AND e.round = $2::uuid)"
# What the database itself wrote down of a juror's sheets, and under which numbers the device sent it.
WRITTEN = f"""
SELECT payload::jsonb ->> 'p' AS project, payload::jsonb ->> 's' AS state, (payload::jsonb ->> 'v')::int AS version
FROM ledger_entry WHERE chain = {SEAT} AND payload::jsonb ->> 'p' = ANY($3::text[]) ORDER BY seq
"""
NUMBERS = f"""
SELECT q.request, q.version FROM score_request q JOIN score_sheet s ON s.id = q.sheet
WHERE q.seat = {SEAT} AND s.project::text = ANY($3::text[])
"""
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
async def hall(server, tmp_path_factory):
    """A site of its own with the demo, for it is killed; and its database."""
    connection = await asyncpg.connect(server)
    await connection.execute("DROP DATABASE IF EXISTS offline WITH (FORCE)")
    await connection.execute("CREATE DATABASE offline")
    await connection.close()
    address = server.replace("/postgres?", "/offline?")
    async with running(tmp_path_factory.mktemp("offline"), DATABASE_URL=address) as site:
        site.load_demo()
        database = await asyncpg.connect(address)
        yield site, database
        await database.close()


async def jurors(database, states=("empty", "draft", "handed_in")) -> list[tuple[str, str, list[str]]]:
    """Jurors with at least three such sheets in an open round: e-mail, round, projects."""
    found = []
    emails = await database.fetch("SELECT DISTINCT h.email FROM seat e JOIN person h ON h.id = e.person ORDER BY 1")
    for row in emails:
        own = await database.fetch(OPEN, row["email"], states)
        found += [(row["email"], each["round"], each["projects"]) for each in own if len(each["projects"]) >= 3]
    return found


async def enter(context, hall, email):
    """Sign that person in, instead of whoever is there."""
    site, database = hall
    token = secrets.token_urlsafe(32)
    await database.execute(
        "INSERT INTO session (token_hash, person, created_at, seen_at, expires_at, flash)"
        " SELECT $1, id, now(), now(), now() + interval '1 day', '[]' FROM person WHERE email = $2",
        token_fingerprint(token), email,
    )  # fmt: skip
    await context.add_cookies([{"name": "session", "value": token, "url": site.url}])


@asynccontextmanager
async def device(browser, hall, email, **options):
    """A phone with a worker, signed in."""
    site, _ = hall
    context = await browser.new_context(base_url=site.url, locale="ru-RU", viewport=PHONE, **options)
    context.set_default_timeout(30_000)
    page = await context.new_page()
    await enter(context, hall, email)
    try:
        yield context, page
    finally:
        await put_away(context)


async def until(database, email, round_id, count):
    for _ in range(150):
        rows = await database.fetch(SHEETS, email, round_id)
        if len([row for row in rows if row["state"] == "handed_in"]) >= count:
            return {row["project"]: row for row in rows}
        await asyncio.sleep(0.1)
    raise AssertionError(rows)


async def test_three_sheets_without_a_line_and_a_killed_server_come_exactly_once(hall, browser):
    site, database = hall
    email, round_id, projects = (await jurors(database, ["empty"]))[0]
    before = await database.fetch(SHEETS, email, round_id)
    handed_in = len([row for row in before if row["state"] == "handed_in"])
    async with device(browser, hall, email) as (context, page):
        await kept(page, round_id)
        await page.goto(f"/rounds/{round_id}/projects/{projects[0]}")
        await cut(context, page)
        await mark(page, 4, "Первая без сети")
        await press(page, "hand_in")
        await told(page, "1 оценка ждёт отправки")
        for number, project in enumerate(projects[1:3], 2):
            await page.goto(f"/rounds/{round_id}/projects/{project}")
            await mark(page, 3, f"Без сети {number}")
            await press(page, "hand_in")
            await told(page, f"{number} оценки ждут отправки")
        await page.goto(f"/rounds/{round_id}")
        await page.locator("[data-list] .tag", has_text="Ждёт отправки").nth(2).wait_for()
        site.kill()
        await context.set_offline(False)
        await page.click("[data-send]")
        await told(page, "3 оценки ждут отправки")
        await site.start()
        await page.dispatch_event("[data-send]", "click")  # hidden already, if the outbox went by itself meanwhile
        found = await until(database, email, round_id, handed_in + 3)
        written = await database.fetch(WRITTEN, email, round_id, projects[:3])
        assert [(row["project"], row["state"], row["version"]) for row in written] == [
            (project, "handed_in", 1) for project in projects[:3]
        ], written
        numbers = await database.fetch(NUMBERS, email, round_id, projects[:3])
        assert [row["version"] for row in numbers] == [1, 1, 1], numbers
        assert len({row["request"] for row in numbers}) == 3
        assert [found[project]["version"] for project in projects[:3]] == [1, 1, 1]
        await page.locator("[data-outbox]").wait_for(state="hidden")


async def test_a_clash_of_phone_and_laptop_is_shown_and_the_juror_chooses(hall, browser):
    _, database = hall
    email, round_id, projects = (await jurors(database))[1]
    address = f"/rounds/{round_id}/projects/{projects[0]}"
    async with device(browser, hall, email) as (phone, page), device(browser, hall, email) as (_, laptop):
        await kept(page, round_id)
        await cut(phone, page)
        await page.goto(address)
        await mark(page, 2, "С телефона")
        await press(page, "hand_in")
        await laptop.goto(address)
        await mark(laptop, 5, "С ноутбука")
        await press(laptop, "hand_in")
        assert address not in laptop.url
        await phone.set_offline(False)
        await page.goto(f"/rounds/{round_id}")
        await page.locator("[data-stopped] button", has_text="Сравнить").click()
        await page.wait_for_selector("[data-versions]")
        shown = await page.inner_text("main")
        assert "С телефона" in shown
        assert "С ноутбука" in shown
        await page.click("[data-versions] button")
        await page.wait_for_selector("#sheet")
        assert await page.input_value("[name=comment]") == "С телефона"
        assert await page.locator("[data-outbox]").is_hidden()


async def test_who_goes_on_to_the_next_sheet_is_not_pulled_back(hall, browser):
    """A slow line brings the answer to what the outbox sent when the juror has already pressed the next team."""
    site, database = hall
    email, round_id, projects = (await jurors(database))[1]
    here, there = (f"/rounds/{round_id}/projects/{project}" for project in projects[1:3])
    answered, arrived = asyncio.Event(), asyncio.Event()

    async def slow(route):
        if from_outbox(route.request):
            await answered.wait()
        elif route.request.method == "POST" or route.request.url.endswith(there):
            await arrived.wait()  # what the form saves by itself comes later than the outbox
        await route.continue_()

    async with device(browser, hall, email, service_workers="block") as (context, page):
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await page.goto(here)
        await cut(context, page)
        await mark(page, 3)
        await told(page, "1 оценка ждёт отправки")
        await page.route("**/projects/*", slow)
        await context.set_offline(False)
        async with page.expect_request(from_outbox):
            await page.goto(here)
        await page.evaluate("document.addEventListener('outbox-sent', () => console.log('sent'))")
        await page.evaluate("address => { location.assign(address); }", there)
        async with page.expect_console_message(lambda line: line.text == "sent"):
            answered.set()
        await asyncio.sleep(0.5)
        arrived.set()
        await page.wait_for_url(f"**{there}")
        assert page.url == site.url + there
        found = await database.fetchrow(f"{SHEETS} AND s.project = $3::uuid", email, round_id, projects[1])
        assert found["version"] >= 1


def from_outbox(request) -> bool:
    """The outbox names a button; a form that saves itself does not."""
    return request.method == "POST" and "act=save" in (request.post_data or "")


async def test_a_session_that_ended_keeps_everything_through_the_sign_in(hall, browser):
    _, database = hall
    email, round_id, projects = (await jurors(database))[2]
    async with device(browser, hall, email) as (context, page):
        await kept(page, round_id)
        await cut(context, page)
        await page.goto(f"/rounds/{round_id}/projects/{projects[0]}")
        await mark(page, 1, "До конца сеанса")
        await press(page, "hand_in")
        await told(page, "1 оценка ждёт отправки")
        await database.execute("DELETE FROM session WHERE person = (SELECT id FROM person WHERE email = $1)", email)
        await context.set_offline(False)
        await told(page, "1 оценка ждёт отправки")
        await page.locator("[data-outbox] [data-sign-in]").click()
        await page.wait_for_selector("[name=password]")
        await enter(context, hall, email)
        await page.goto(f"/rounds/{round_id}")
        for _ in range(50):
            found = await database.fetchrow(f"{SHEETS} AND s.project = $3::uuid", email, round_id, projects[0])
            if found and found["comment"] == "До конца сеанса":
                break
            await asyncio.sleep(0.1)
        assert found["comment"] == "До конца сеанса"


async def test_the_kept_page_says_what_lacks_and_how_far_each_sheet_is(hall, browser):
    _, database = hall
    email, round_id, projects = (await jurors(database, ["empty"]))[0]
    async with device(browser, hall, email, reduced_motion="reduce") as (context, page):
        await kept(page, round_id)
        await cut(context, page)
        await page.goto(f"/rounds/{round_id}/projects/{projects[0]}")
        await expect(page.locator("[data-one]")).to_be_visible()
        heading = await page.inner_text("h1")
        assert (await page.title()).startswith(f"{heading} – ")
        first, *rest = await page.locator("#sheet [data-criterion]").all()
        for criterion in rest[1:]:
            await criterion.locator("label").nth(3).click()
        await page.locator("#sheet button[value=hand_in]").click()
        for blank in (first, rest[0]):
            await expect(blank.locator(".error")).to_have_text("Выберите оценку.")
            assert await blank.get_attribute("aria-invalid") == "true"
        await expect(first.locator("input").first).to_be_focused()
        await expect(page.locator("#sheet .error")).to_have_count(2)
        await told(page, "1 оценка ждёт отправки")  # the draft is kept, though it was not to be handed in
        await first.locator("label").nth(2).click()
        await expect(page.locator("#sheet .error")).to_have_count(1)
        await expect(first).not_to_have_attribute("aria-invalid", "true")
        await expect(page.locator("#sheet [data-autosave-status]")).to_contain_text("на этом устройстве")
        await page.goto(f"/rounds/{round_id}")
        row = page.locator("[data-list] li", has_text=heading)
        await expect(row.locator(".task__note")).to_have_text(f"оценок: {len(rest)} из {len(rest) + 1}")
        assert await looked_at(page, "offline-list") == []
        await context.set_offline(False)


async def test_without_a_line_no_link_leads_to_the_browser_s_page_of_errors(hall, browser):
    _, database = hall
    email, round_id, projects = (await jurors(database))[0]
    sheet = f"/rounds/{round_id}/projects/{projects[0]}"
    lost = "Нет связи. Без неё открываются только листы ваших раундов."
    async with device(browser, hall, email) as (context, page):
        await kept(page, round_id)
        await page.goto(sheet)
        await cut(context, page)
        for address in (sheet, f"/rounds/{round_id}"):  # the page that came by the line, then the kept one
            await page.locator(".crumbs a[href='/jury']").first.click()
            await expect(page.locator("[data-elsewhere]")).to_contain_text(lost)
            await expect(page.locator("[data-elsewhere]")).to_be_focused()
            assert page.url.endswith(address)
            await page.goto(f"/rounds/{round_id}")
        for near in ("mine", "conflicts", f"projects/{projects[0]}/materials"):
            await page.goto(f"/rounds/{round_id}/{near}")
            await expect(page.locator("[data-elsewhere]")).to_contain_text(lost)
            await expect(page.locator("[data-list] a").first).to_be_visible()
        await context.set_offline(False)
        await page.locator(".crumbs a[href='/jury']").first.click()
        await page.wait_for_url("**/jury")


async def keeps_only(page, names):
    """Rounds of nobody else are on the device, as soon as the page has taken them away."""
    for _ in range(100):
        found = set((await page.evaluate("caches.keys().then(names => names.join(' '))")).split())
        if found <= names:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def test_signing_out_takes_the_round_away_and_nobody_else_sees_it(hall, browser):
    _, database = hall
    (email, round_id, projects), (other, *_) = (await jurors(database))[:2]
    async with device(browser, hall, email) as (context, page):
        await kept(page, round_id)
        await cut(context, page)
        await page.goto(f"/rounds/{round_id}/projects/{projects[0]}")
        await mark(page, 4, "Тайное")
        await press(page, "save")
        await told(page, "1 оценка ждёт отправки")
        # The session ends without a word, and somebody else signs in at the same computer.
        await context.clear_cookies()
        await context.set_offline(False)
        await page.goto("/sign-in")
        await enter(context, hall, other)
        await page.goto(f"/rounds/{round_id}")
        assert await page.locator("[data-outbox]").is_hidden()
        own = await page.evaluate("document.body.dataset.viewer")
        await keeps_only(page, {f"jury:{own}"})
        dump = """async () => JSON.stringify(await Promise.all((await indexedDB.databases()).map(({name}) => new Promise(done => {
          const asked = indexedDB.open(name);
          asked.onsuccess = () => { const all = asked.result.transaction("jury").objectStore("jury").getAll();
            all.onsuccess = () => { asked.result.close(); done(all.result); }; };
        }))))"""
        assert "Тайное" not in await page.evaluate(dump)
        await page.wait_for_selector("[data-keep][data-kept=true]")
        await page.evaluate("document.querySelector('form[data-forget]').requestSubmit()")
        await page.wait_for_url(lambda url: "/rounds/" not in url)
        await keeps_only(page, set())
        await cut(context, page)
        with pytest.raises(Exception, match=r"ERR_INTERNET_DISCONNECTED|ERR_FAILED"):
            await page.goto(f"/rounds/{round_id}")


async def test_a_session_that_ended_elsewhere_takes_the_round_away_at_the_next_page(hall, browser):
    _, database = hall
    email, round_id, _ = (await jurors(database))[1]
    names = "caches.keys().then(found => found.filter(name => name.startsWith('jury:')).length)"
    async with device(browser, hall, email) as (context, page):
        await kept(page, round_id)
        assert await page.evaluate(names) == 1
        await context.set_offline(True)
        await page.goto(f"/rounds/{round_id}")  # nobody can say anything about the session: the round stays
        assert await page.evaluate(names) == 1
        await database.execute("DELETE FROM session WHERE person = (SELECT id FROM person WHERE email = $1)", email)
        await context.set_offline(False)
        await page.goto("/")
        await page.wait_for_selector("[name=password]")
        await page.wait_for_function(f"() => {names}.then(count => count === 0)")


async def test_a_computer_that_others_use_keeps_no_round_and_no_draft(hall, browser):
    _, database = hall
    email, round_id, projects = (await jurors(database))[1]
    async with device(browser, hall, email) as (context, page):
        await database.execute(
            "UPDATE session SET shared = true WHERE person = (SELECT id FROM person WHERE email = $1)", email
        )
        for address in ("/jury", f"/rounds/{round_id}", f"/rounds/{round_id}/projects/{projects[0]}"):
            await page.goto(address, wait_until="networkidle")
        await context.set_offline(True)
        await mark(page, 4, "На чужом компьютере")
        await page.locator("#sheet button[value=hand_in]").click()
        await page.wait_for_function("document.querySelector('[data-autosave-status]')?.textContent.includes('нигде')")
        kept_here = "async () => [...await caches.keys(), ...Object.keys(localStorage), ...(await indexedDB.databases()).map(each => each.name)]"
        assert await page.evaluate(kept_here) == []
        await context.set_offline(False)
        for _ in range(150):
            found = await database.fetchrow(f"{SHEETS} AND s.project = $3::uuid", email, round_id, projects[0])
            if found and found["comment"] == "На чужом компьютере":
                break
            await asyncio.sleep(0.1)
        assert found["comment"] == "На чужом компьютере"
        await page.wait_for_url(
            lambda url: projects[0] not in url
        )  # the page goes on by itself; closed meanwhile, it asks


async def test_marks_that_came_after_the_lock_are_told_and_stay_readable(hall, browser):
    _, database = hall
    email, round_id, projects = (await jurors(database))[0]
    async with device(browser, hall, email) as (context, page):
        await kept(page, round_id)
        await cut(context, page)
        await page.goto(f"/rounds/{round_id}/projects/{projects[0]}")
        await mark(page, 4, "Опоздало")
        await press(page, "hand_in")
        await told(page, "1 оценка ждёт отправки")
        await database.execute(
            "UPDATE scoring_round SET state = 'locked', locked_at = now() WHERE id = $1::uuid", round_id
        )
        await context.set_offline(False)
        await page.goto(f"/rounds/{round_id}")
        await page.wait_for_selector("[data-stopped] li")
        told_ = await page.inner_text("[data-stopped]")
        assert "закрыт" in told_.lower()
        await page.locator("[data-stopped] summary").click()
        assert "Опоздало" in await page.inner_text("[data-stopped]")
        assert await database.fetchval("SELECT count(*) FROM score_sheet WHERE comment = 'Опоздало'") == 0
