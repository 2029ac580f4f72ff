"""The main path from an empty programme to a published result, told through forms only, by nine people in nine browsers."""

import re
from collections.abc import Sequence

from browser import another_page
from journeys.hands import Person, tick
from journeys.teamwork import WORKS, Teamwork
from journeys.telling import JURORS, OTHER_TOWN, TOWN

CRITERIA = 5


class Story(Teamwork):
    """The end of it: the jury, the lock, the publication, and who sees what."""

    async def told(self) -> None:
        """From the beginning to the end."""
        await self.prepare()
        await self.cohort_from_blueprint()
        await self.invitations()
        await self.registration()
        await self.case()
        await self.colleague()
        await self.moderator_assigned()
        await self.writes()
        await self.returned()
        await self.accepted()
        await self.jury()
        await self.scored()
        await self.published()
        await self.seen_by_all()

    async def jury(self) -> None:
        """The organiser draws up a round of both teams, seats the jury and opens it."""
        organiser = self.organiser
        await organiser.go(f"{self.cohort}/jury")
        await organiser.follow("New round")
        await organiser.fill({"Name of the round": "Защита"})
        for box in await organiser.page.locator("main input[name=team]").all():
            await tick(box)
        await organiser.press("Save the round")
        self.round = organiser.path.removesuffix("/projects")
        await organiser.go(f"{self.round}/projects")
        await organiser.looks("round-projects")
        await organiser.go(self.round)
        await organiser.press("Seat them")
        await organiser.looks("round-draft")
        await self.lead.go(self.team)
        await self.lead.follow("Jury of the coming round")
        await self.lead.sees(*JURORS)
        await self.lead.looks("jury-of-team")
        await organiser.press("Open the round", yes="Open the round")
        await organiser.shot("round-open")

    async def scored(self) -> None:
        """Every juror declares that he has no conflict and scores both projects."""
        for seat, juror in enumerate(self.jurors):
            await juror.go("/jury")
            await juror.follow("Declare conflicts of interest")
            await juror.tick("I have no conflict of interest with the teams I left unticked")
            await juror.press("Declare")
            await juror.go("/jury")
            await juror.shot("jury-home")
            await juror.page.locator("main .actions a.button--primary").first.click()
            for project in range(2):
                await self._sheet(juror, [(seat + project + place) % 4 + 6 for place in range(CRITERIA)])
            await juror.go("/jury")
            await juror.sees("All your sheets are handed in. Until the lock you can still change them.")
        await self.organiser.go(self.round)
        await self.organiser.misses("6,", "7,", "8,")

    async def _sheet(self, juror: Person, marks: Sequence[int]) -> None:
        """A whole sheet: by keyboard alone where scripts run, by its buttons where they don't."""
        await juror.page.wait_for_selector("#sheet [data-criterion]")
        here = juror.path
        if self.scripts:
            await self._by_keys(juror, marks)
        else:
            for place, mark in enumerate(marks):
                strip = juror.page.locator("#sheet [data-criterion]").nth(place)
                await strip.locator(".segmented__cell", has_text=re.compile(rf"^{mark}$")).click()
            await juror.shot("sheet")
            await juror.press("Hand in and go on")
        assert juror.path != here

    async def _by_keys(self, juror: Person, marks: Sequence[int]) -> None:
        """Tab to the first strip, then a digit and Enter for each criterion, Ctrl+Enter at the end."""
        for _ in range(40):
            await juror.keys("Tab")
            if await juror.page.evaluate("document.activeElement.matches('[data-criterion] [type=radio]')"):
                break
        for mark in marks:
            await juror.keys(str(mark), "Enter")
        assert await juror.page.evaluate("document.activeElement.name") == "comment"
        await juror.saved()
        await juror.shot("sheet")
        async with another_page(juror.page):
            await juror.keys("Control+Enter")

    async def published(self) -> None:
        """The organiser locks the round, and publishes its result with a second one."""
        organiser = self.organiser
        await organiser.go(self.round)
        await organiser.press("Lock the round", yes="Lock")
        await organiser.looks("result-locked")
        await self.lead.go(self.team)
        await organiser.go(f"{self.round}/result")
        await organiser.sees("A second organiser is missing")
        second = await self.second_organiser()
        await self._reopened(second)
        await organiser.go(f"{self.round}/result")
        await organiser.press("Ask a second organiser to publish")
        await organiser.sees("The publication waits for a second organiser")
        await second.go(f"{self.round}/result")
        await second.looks("result-asked")
        await second.press("Publish as the second organiser", yes="Publish")
        await second.shot("result-published")

    async def _reopened(self, second: Person) -> None:
        """A juror gets one sheet of the locked round back, and hands it in again."""
        organiser, juror = self.organiser, self.jurors[0]
        await organiser.page.locator("main table a").first.click()
        await organiser.page.wait_for_url("**/sheets")
        await organiser.looks("sheets-locked")
        fold = "main details:has(form[action$='/reopen'])"
        await organiser.main(fold).locator("summary").click()
        await organiser.fill({"Reason": "Описка"}, within=fold)
        await organiser.press("Ask a second organiser", within=fold)
        await second.go(self.round)
        await second.looks("round-asked")
        await second.press("Confirm as the second organiser")
        await second.looks("round-reopened")
        await juror.go("/jury")
        await juror.looks("jury-reopened")
        await juror.page.locator("main .actions a.button--primary").first.click()
        await juror.page.wait_for_selector("#sheet [data-criterion]")
        await juror.looks("sheet-reopened")
        await juror.press("Hand in and go on")

    async def seen_by_all(self) -> None:
        """Everybody reads the ranking, the team its profile; the journals tell who did what."""
        visitor = await self.person("Прохожий")
        for who in (self.lead, self.participant, self.moderator, self.organiser, *self.jurors, visitor):
            await who.go(f"{self.round}/result")
            await who.sees(f"{TOWN} {self.tag}", f"{OTHER_TOWN} {self.tag}")
        await self.lead.go(self.team)
        await self.lead.follow("Result of the jury")
        await self.lead.sees("Criterion profile", "Доказанность проблемы")
        await self.lead.looks("team-result")
        await self.lead.follow("How the place came about")
        await self.lead.looks("team-why")
        await self.lead.go(f"{self.team}/journal")
        await self.lead.sees(WORKS[0], "Мария Котова")
        await self.organiser.go(f"{self.cohort}/journal")
        await self.organiser.sees("Защита", "Ирина Соколова")
        await self.organiser.shot("journal")
