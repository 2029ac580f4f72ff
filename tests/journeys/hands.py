"""A person at a browser: presses buttons and fills in fields by the words that stand on them, with scripts or without."""

import re
from collections.abc import Iterable
from typing import Any

from playwright.async_api import Locator, Page, expect

from browser import another_page, keep, looked_at
from incubator.foundation.i18n import MOSCOW, gettext, speaking


def ru(words: str) -> str:
    """The Russian of a text of ours; what has none (names, what people typed) stays as it is."""
    with speaking("ru", MOSCOW):
        return gettext(words)


class Person:
    """Somebody at a page in Russian; the words given to his methods are the English ones of the code.

    `scripts` says whether the browser runs JavaScript.
    """

    def __init__(self, page: Page, *, scripts: bool = True, name: str = "") -> None:
        self.page = page
        self.scripts = scripts
        self.name = name
        self.password = ""

    @property
    def path(self) -> str:
        """Where he is, without the site."""
        return re.sub(r"^https?://[^/]+", "", self.page.url)

    def main(self, within: str = "") -> Locator:
        """The content of the page, or the part of it that `within` selects."""
        return self.page.locator(within or "main").first

    async def go(self, address: str) -> None:
        """Open an address; a refusal is a fault of the journey."""
        answer = await self.page.goto(address)
        assert answer is not None
        assert answer.ok, f"{answer.status} at {address}"

    async def follow(self, words: str, *, within: str = "") -> None:
        """Follow a link of the content."""
        async with another_page(self.page):
            await self.main(within).get_by_role("link", name=ru(words)).first.click()

    async def press(self, words: str, *, within: str = "", yes: str = "", exact: bool = True) -> None:
        """Press a button of the content and see the page that comes; `yes` answers the question that scripts ask first."""
        button = self.main(within).get_by_role("button", name=ru(words), exact=exact).first
        if self.scripts and yes:
            await button.click()
            button = self.page.locator("#confirm").get_by_role("button", name=ru(yes), exact=True)
        async with another_page(self.page) as came:
            await button.click()
        assert 200 <= came.status < 300, f"{came.status} after {words!r}: {await self.main().inner_text()}"
        if await self.page.locator("main [name=proof]").count():  # a long journey: the password is asked for once more
            await self.page.fill("main [name=proof]", self.password)
            await self.press("Go on")

    async def fill(self, values: dict[str, str], *, within: str = "") -> None:
        """Type into fields named by their labels."""
        for label, text in values.items():
            await self.main(within).get_by_label(ru(label)).first.fill(text)

    async def pick(self, label: str, option: str) -> None:
        """Choose from a select."""
        await self.main().get_by_label(ru(label)).first.select_option(label=option)

    async def tick(self, *labels: str, within: str = "") -> None:
        """Tick boxes and radio buttons."""
        for words in labels:
            box = self.main(within).get_by_label(ru(words), exact=True).first
            await tick(box)

    async def sees(self, *words: str, within: str = "") -> None:
        """These words stand on the page."""
        for each in words:
            await expect(self.main(within)).to_contain_text(ru(each))

    async def misses(self, *words: str) -> None:
        """These words don't stand on the page."""
        for each in words:
            await expect(self.main()).not_to_contain_text(ru(each))

    async def saved(self) -> None:
        """The form says that it has saved itself."""
        line = self.page.locator("[data-autosave-status]").first
        await expect(line).to_have_text(re.compile("сохранен[оа]?|сохранён", re.IGNORECASE))

    async def shot(self, name: str) -> None:
        """A picture for whoever looks."""
        await keep(self.page, f"{name}{'' if self.scripts else '-plain'}")

    async def looks(self, name: str) -> None:
        """A close look at the page as it stands; once is enough, where scripts run."""
        if self.scripts:
            faults = await looked_at(self.page, name)
            assert faults == [], f"{name}: {faults}"

    async def keys(self, *pressed: str) -> None:
        """Press keys, one after the other."""
        for key in pressed:
            await self.page.keyboard.press(key)


async def tick(box: Locator) -> None:
    """Press the label of a box, as people do: it lies over the box."""
    if not await box.is_checked():
        await box.page.locator(f'label[for="{await box.get_attribute("id")}"]').click()
    await expect(box).to_be_checked()


async def all_texts(found: Locator) -> list[str]:
    """What stands in each of the elements."""
    return [text.strip() for text in await found.all_inner_texts()]


def table(rows: Iterable[Iterable[Any]]) -> str:
    """Lines as people paste them from a spreadsheet."""
    return "\n".join(" ".join(map(str, row)) for row in rows)
