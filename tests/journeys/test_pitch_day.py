"""A pitch day in several browsers: the panel, the screen in the hall without a session, a juror who follows."""

import asyncio
import os
import re
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import expect

import cast
from browser import PHONE, another_page, looked_at, put_away
from incubator.foundation.database import fetch, fetch_value
from incubator.jury.ledger import book
from incubator.jury.pitch import running as running_order
from incubator.people import sessions
from journeys.devices import cut as cut_off
from journeys.devices import kept, mark, press, told
from journeys.site import running

CLOCK = re.compile(r"^[0-4]:\d\d$")


@pytest.fixture
async def round_id(site, browser) -> str:
    """The round of the demo that is being scored."""
    async with site.signed(browser, "juror") as context:
        page = await context.new_page()
        await page.goto("/jury")
        return (await page.get_attribute("[data-keep]", "data-keep")).split()[0]


async def test_the_hall_and_jurors_follow_the_panel(site, browser, round_id):
    async with (
        site.signed(browser, "organiser") as runs,
        site.visitor(browser) as hall,
        site.signed(browser, "juror", viewport=PHONE) as seat,
    ):
        panel, screen, juror = await runs.new_page(), await hall.new_page(), await seat.new_page()
        await panel.goto(f"/rounds/{round_id}/pitch")
        address = re.search(r"/hall/[\w-]+", await panel.content())[0]
        await screen.goto(address)
        await juror.goto(f"/rounds/{round_id}")
        assert await looked_at(panel, "pitch") == []
        assert await looked_at(screen, "hall") == []
        await panel.click("button[value=next]")
        team = await panel.inner_text("[data-heading]")
        await expect(screen.locator("[data-heading]")).to_have_text(team)
        await expect(juror.locator("[data-heading]")).to_have_text(team)
        await panel.click("button[value=start]")
        for page in (panel, screen, juror):
            await expect(page.locator("[data-timer]")).to_have_text(CLOCK)
        # The line is lost: the last good state stays, and it is said in words.
        await hall.set_offline(True)
        await expect(screen.locator("[data-line]")).to_contain_text("Связи нет", timeout=20_000)
        await expect(screen.locator("[data-heading]")).to_have_text(team)
        await hall.set_offline(False)
        await panel.click("button[value=blank]")
        await expect(screen.locator("[data-heading]")).to_have_text("", timeout=20_000)
        for part in ("before", "clock"):
            await expect(screen.locator(f"[data-{part}]")).to_be_hidden()
        await panel.click("button[value=show]")
        await expect(screen.locator("[data-clock]")).to_be_visible(timeout=20_000)
        await juror.goto(f"/rounds/{round_id}/offline")
        assert await looked_at(juror, "offline") == []
        await juror.goto(f"/rounds/{round_id}/mine")
        assert await looked_at(juror, "mine") == []


# --- A whole pitch day ------------------------------------------------------------------------------------------------

TEAMS, JURORS = 19, 7
CUT = float(os.environ.get("PITCH_CUT_MINUTES", "0"))  # ten for the whole day as it may happen
PLAYED = TEAMS if CUT else 5  # teams that come before the jury
CUT_FROM, CUT_TO = (3, 16) if CUT else (1, 4)  # the turns during which one juror has no line

ONCE = """
SELECT s.state, s.version, s.comment, e.entries, e.handed_in
FROM score_sheet s JOIN seat j ON j.id = s.seat JOIN round_project p ON p.id = s.project
CROSS JOIN LATERAL (SELECT count(*) AS entries, count(*) FILTER (WHERE l.payload::jsonb ->> 's' = 'handed_in') AS handed_in
  FROM ledger_entry l WHERE l.chain = s.seat AND l.payload::jsonb ->> 'p' = s.project::text) e
WHERE s.round = $1 AND j.person = $2 ORDER BY p.place
"""


class Day:
    """The hall on that day: who sits where, in which browsers."""

    def __init__(self, where, site, projects, panel, screen) -> None:
        self.where, self.site, self.projects, self.panel, self.screen = where, site, projects, panel, screen
        self.address = f"/rounds/{where.id}"

    async def call(self, turn: int) -> str:
        """The next team; its name as the panel has it."""
        async with another_page(self.panel):
            await self.panel.click("button[value=next]")
        name = await self.panel.inner_text("[data-heading]")
        assert name.startswith(f"{turn + 1}. ")
        return name

    async def hand_in(self, page, turn: int, words: str) -> None:
        """A sheet by hand in a browser."""
        await page.goto(f"{self.address}/projects/{self.projects[turn]}")
        await mark(page, 3 + turn % 3, words)
        await press(page, "hand_in")

    async def missing(self, turn: int, count: int) -> None:
        """Until the panel counts so many sheets that are still missing for a team."""
        row = self.panel.locator(".matrix tbody tr").nth(turn)
        await expect(row.locator("td").last).to_have_text(str(count) if count else "–", timeout=30_000)


@asynccontextmanager
async def seated(browser, site, person, **options):
    """A device with its own worker, at which somebody is signed in."""
    context = await browser.new_context(base_url=site.url, locale="ru-RU", **options)
    context.set_default_timeout(30_000)
    await context.add_cookies([{"name": "session", "value": await sessions.begin(person.id), "url": site.url}])
    yield context, await context.new_page()
    await put_away(context)


@asynccontextmanager
async def a_day(browser, dsn, folder):
    """Everything that is open before the first team comes."""
    where = await cast.scoring_round(teams=TEAMS, jurors=JURORS)
    await running_order.begin(await where.organiser(), where.id)
    hall = await fetch_value("SELECT address FROM pitch_day WHERE round = $1", where.id)
    rows = await fetch("SELECT id FROM round_project WHERE round = $1 ORDER BY place", where.id)
    async with (
        running(folder, DATABASE_URL=dsn) as site,
        seated(browser, site, where.cohort.organiser) as (_, panel),
        site.visitor(browser) as screens,
    ):
        screen = await screens.new_page()
        await panel.goto(f"/rounds/{where.id}/pitch")
        await screen.goto(f"/hall/{hall}")
        yield Day(where, site, [row["id"] for row in rows], panel, screen), screens


async def test_a_day_of_nineteen_teams_and_seven_jurors_one_of_whom_loses_the_line(browser, db, dsn, tmp_path):
    """Three jurors in browsers of their own, four at once through the actions; PITCH_CUT_MINUTES=10 plays all of it."""
    async with a_day(browser, dsn, tmp_path) as (day, screens):
        phone, laptop, tablet, *others = day.where.jurors
        async with (
            seated(browser, day.site, phone, viewport=PHONE) as (line, cut),
            seated(browser, day.site, laptop) as (_, second),
            seated(browser, day.site, tablet, viewport=PHONE) as (_, third),
        ):
            for page in (cut, second, third):
                await kept(page, day.where.id)
            waits, lost_at = 0, 0.0
            for turn in range(PLAYED):
                if turn == CUT_FROM:
                    await cut_off(line, cut)
                    lost_at = asyncio.get_running_loop().time()
                if turn == CUT_TO:
                    await _back(day, line, cut, waits)
                    waits = 0
                name = await day.call(turn)
                await _screen(day, screens, name, dark=turn == CUT_FROM + 1)
                for page in (second, third):
                    await day.hand_in(page, turn, f"Из зала {turn}")
                for juror in others:
                    await cast.score(day.where, juror, day.projects[turn], 5, 6, 7, 8, 9)
                await day.hand_in(cut, turn, f"С телефона {turn}")
                if CUT_FROM <= turn < CUT_TO:
                    waits += 1
                    await told(cut, f"{waits} ")
                    await day.missing(turn, 1)  # the panel tells whose marks are still missing
                    await _wait_for_ten_minutes(lost_at, turn)
                else:
                    await day.missing(turn, 0)
        await _everything_once(day)


async def _screen(day, screens, name: str, *, dark: bool) -> None:
    """The hall's screen follows; once it loses its line too, and keeps what it showed last until it is back."""
    await expect(day.screen.locator("[data-heading]")).to_have_text(name, timeout=30_000)
    if dark:
        await screens.set_offline(True)
        await expect(day.screen.locator("[data-line]")).to_contain_text("Связи нет", timeout=30_000)
        await expect(day.screen.locator("[data-heading]")).to_have_text(name)
        await screens.set_offline(False)


async def _wait_for_ten_minutes(lost_at: float, turn: int) -> None:
    """Spread the teams of the cut over its minutes."""
    due = lost_at + CUT * 60 * (turn + 1 - CUT_FROM) / (CUT_TO - CUT_FROM)
    await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))


async def _back(day, line, page, waits: int) -> None:
    """The line is there again: everything that waited is sent by itself, and the panel misses nothing any more."""
    await line.set_offline(False)
    await page.goto(day.address)
    await page.locator("[data-outbox]").wait_for(state="hidden", timeout=60_000)
    for turn in range(CUT_TO - waits, CUT_TO):
        await day.missing(turn, 0)


async def _everything_once(day) -> None:
    """Each sheet that was played was handed in once; what it was before are drafts; nothing is recorded twice."""
    for juror in day.where.jurors:
        rows = await fetch(ONCE, day.where.id, juror.id)
        played, rest = rows[:PLAYED], rows[PLAYED:]
        assert [(row["state"], row["handed_in"]) for row in played] == [("handed_in", 1)] * PLAYED
        assert all(row["entries"] == row["version"] for row in played)
        assert {row["state"] for row in rest} <= {"empty"}
    assert [row["comment"] for row in (await fetch(ONCE, day.where.id, day.where.jurors[0].id))[:PLAYED]] == [
        f"С телефона {turn}" for turn in range(PLAYED)
    ]
    assert (await book.verify(day.where.id))[0] == []
