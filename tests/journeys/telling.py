"""The people of the main path: each has a browser of his own, and comes in by an invitation."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from playwright.async_api import Browser

from journeys.hands import Person
from journeys.site import Site

PASSWORD = "четыре совы на сосне"
JURORS = ("Нина Белова", "Фёдор Зимин", "Ольга Крутова")
TOWN = "Спасск-Дальний"
OTHER_TOWN = "Орёл"


class Telling:
    """The people of the path, and how they come in."""

    def __init__(self, site: Site, browser: Browser, *, scripts: bool) -> None:
        self.site, self.browser, self.scripts = site, browser, scripts
        self.tag = "js" if scripts else "plain"
        self.programme = f"Школа городов {self.tag}"
        self.cohort = ""  # addresses
        self.team = ""
        self.round = ""
        self._open = AsyncExitStack()
        self._people: list[Person] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            for person in self._people:
                await person.shot(f"fault-{person.name}")
        await self._open.__aexit__(kind, fault, trace)

    def email(self, who: str) -> str:
        """An address of this telling."""
        return f"{who}-{self.tag}@example.org"

    async def person(self, name: str) -> Person:
        """Somebody opens a browser."""
        context = await self._open.enter_async_context(
            self.site.visitor(self.browser, java_script_enabled=self.scripts)
        )
        person = Person(await context.new_page(), scripts=self.scripts, name=name)
        self._people.append(person)
        return person

    async def joins(self, name: str, link: str) -> Person:
        """Somebody opens the link of an invitation and makes an account."""
        person = await self.person(name)
        await person.go(link)
        await self._accepts(person)
        return person

    async def _accepts(self, person: Person) -> None:
        await person.fill({"Surname, first name and patronymic": person.name, "New password": PASSWORD})
        person.password = PASSWORD
        await person.press("Accept the invitation")
        assert "invitation" not in person.path

    async def link_for(self, reader: Person, letters: str, email: str) -> str:
        """What an invitation's letter holds; without a mail server it waits where organisers see it."""
        await reader.go(letters)
        row = reader.page.locator("tr", has_text=email).first
        return await row.locator("input").first.input_value()
