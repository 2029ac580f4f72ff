"""The main path from an empty programme to a published result, told through forms only, by eight people in eight browsers."""

import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import TracebackType

from playwright.async_api import Browser

from journeys.hands import Person, table, tick
from journeys.site import Site

PASSWORD = "четыре совы на сосне"
CRITERIA = 5
JURORS = ("Нина Белова", "Фёдор Зимин", "Ольга Крутова")
TOWN = "Спасск-Дальний"
OTHER_TOWN = "Орёл"
WORKS = ("Проблема одним абзацем", "Доказательства", "Разговоры с жителями")
MODULE = "Проблема и доказательства"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class Story:
    """The people of the path; each of them has a browser of his own."""

    def __init__(self, site: Site, browser: Browser, *, scripts: bool) -> None:
        self.site, self.browser, self.scripts = site, browser, scripts
        self.tag = "js" if scripts else "plain"
        self.programme = f"Школа городов {self.tag}"
        self.cohort = ""  # addresses
        self.team = ""
        self.round = ""
        self._open = AsyncExitStack()
        self._people: list[Person] = []

    async def __aenter__(self) -> "Story":
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
        await person.press("Accept the invitation")
        assert "invitation" not in person.path

    async def link_for(self, reader: Person, letters: str, email: str) -> str:
        """What an invitation's letter holds; without a mail server it waits where organisers see it."""
        await reader.go(letters)
        row = reader.page.locator("tr", has_text=email).first
        return await row.locator("input").first.input_value()

    # --- An empty installation

    async def prepare(self) -> None:
        """The operator adds an administrator; he makes a programme and invites its organiser."""
        said = self.site.incubator(
            "user", "add", self.email("admin"), "--name", "Олег Тихонов", "--role", "administrator"
        )
        self.admin = await self.joins("Олег Тихонов", re.findall(r"http\S+", said)[-1])
        await self.admin.go("/people")
        await self.admin.follow("Programmes")
        await self.admin.fill({"Name of the programme": self.programme})
        await self.admin.press("Create the programme")
        await self.admin.fill(
            {"E-mail": self.email("anna"), "Surname, first name and patronymic": "Анна Ветрова"},
            within="main form[method=post]",
        )
        await self.admin.pick("Programme", self.programme)
        await self.admin.press("Write the invitation")
        link = await self.link_for(self.admin, "/letters", self.email("anna"))
        self.organiser = await self.joins("Анна Ветрова", link)

    async def cohort_from_blueprint(self) -> None:
        """The organiser makes a cohort that begins yesterday, lowers what three jurors can't meet, and opens it."""
        organiser = self.organiser
        await organiser.go("/cohorts")
        await organiser.follow("Create a cohort")
        begins = datetime.now(UTC) - timedelta(days=1)
        await organiser.fill(
            {"Name of the cohort": "Весна", "First day": f"{begins:%Y-%m-%d}", "Places for teams": "4"}
        )
        await organiser.tick("Школа муниципальных команд")
        await organiser.press("Create the cohort")
        self.cohort = organiser.path.removesuffix("/plan").removesuffix("/settings")
        await organiser.go(f"{self.cohort}/settings")
        await organiser.looks("cohort-draft")
        await organiser.fill({"Fewest members of a team": "2"})
        await organiser.press("Save the settings")
        await organiser.go(f"{self.cohort}/jury/rules")
        await organiser.fill({"Quorum": "3"})
        await organiser.press("Save")
        await organiser.go(f"{self.cohort}/settings")
        await organiser.press("Open the cohort")
        await organiser.shot("cohort-opened")

    async def invitations(self) -> None:
        """Leads, a moderator and the jury are invited by pasted lists; their links wait among the letters."""
        await self._invite("Руководитель команды", [(self.email("lead"), "Ирина Соколова")])
        await self._invite("Модератор", [(self.email("moderator"), "Мария Котова")])
        await self._invite("Эксперт", [(self.email(f"juror{n}"), name) for n, name in enumerate(JURORS)])
        await self.organiser.shot("people-invited")
        letters = f"{self.cohort}/letters"
        self.moderator = await self.joins(
            "Мария Котова", await self.link_for(self.organiser, letters, self.email("moderator"))
        )
        self.lead = await self.joins("Ирина Соколова", await self.link_for(self.organiser, letters, self.email("lead")))
        await self.organiser.shot("letters")
        self.jurors = [
            await self.joins(name, await self.link_for(self.organiser, letters, self.email(f"juror{n}")))
            for n, name in enumerate(JURORS)
        ]

    async def _invite(self, role: str, guests: Sequence[tuple[str, str]]) -> None:
        await self.organiser.go(f"{self.cohort}/people")
        await self.organiser.tick(role)
        await self.organiser.fill({"Whom": table(guests)})
        await self.organiser.press("Send invitations")

    # --- The team

    async def registration(self) -> None:
        """The lead registers the team from his start page; the organiser registers another one himself."""
        lead = self.lead
        await lead.shot("lead-invited")
        await lead.follow("Register your team")
        await lead.fill({"OKTMO code": "05730000" if self.scripts else "05731000"})
        await lead.fill({"Name of the municipality": TOWN, "Name of the team": f"{TOWN} {self.tag}"})
        await lead.page.select_option("[name=kind]", "urban_district")
        await lead.page.select_option("[name=time_zone]", "Asia/Vladivostok")
        await lead.tick("Глава муниципального образования")
        await lead.press("Register the team")
        self.team = re.findall(r"^/teams/[0-9a-f-]{36}", lead.path)[0]
        await lead.go(self.team)
        await lead.sees(WORKS[0])
        await lead.shot("team-registered")
        await self._other_team()

    async def _other_team(self) -> None:
        organiser = self.organiser
        await organiser.go(self.cohort.replace("/cohorts/", "/register/"))
        await organiser.fill({"OKTMO code": "54702000" if self.scripts else "54703000"})
        await organiser.fill({"Name of the municipality": OTHER_TOWN, "Name of the team": f"{OTHER_TOWN} {self.tag}"})
        await organiser.page.select_option("[name=kind]", "urban_district")
        await organiser.page.select_option("[name=time_zone]", "Europe/Moscow")
        await organiser.fill({"E-mail": self.email("orel"), "Surname, first name and patronymic": "Лидия Орлова"})
        await organiser.tick("Глава муниципального образования")
        await organiser.press("Register the team")

    async def case(self) -> None:
        """The lead writes the problem case; with scripts it saves itself."""
        lead = self.lead
        await lead.go(f"{self.team}/case")
        await lead.fill({"Problem": "За десять лет из города уехал каждый пятый житель до тридцати лет."})
        if self.scripts:
            await lead.saved()
        await lead.page.fill("[name=title]", "Молодые уезжают из города")
        await lead.page.fill("[name=affected]", "Семьи с детьми, 4 200 человек: закрываются классы.")
        await lead.page.fill("[name=expected_change]", "Каждый второй выпускник возвращается после учёбы.")
        for name, value in {"indicator": "Миграционная убыль", "unit": "человек в год", "baseline": "412,5", "target": "200",
                            "year": "2025", "source": "Росстат"}.items():  # fmt: skip
            await lead.page.locator(f"[name={name}]").first.fill(value)
        await lead.page.locator("[name=cause]").first.fill("Нет работы по специальности")
        await lead.page.locator("[name=effect]").first.fill("Закрываются школы")
        await lead.shot("case")
        await lead.press("Save and check")
        await lead.sees("412,5", "Нет работы по специальности")
        await lead.looks("case-check")
        await lead.press("Submit the case")
        await lead.sees("Молодые уезжают из города")

    async def colleague(self) -> None:
        """The lead invites a colleague, prints the card, and the colleague types its code in."""
        lead = self.lead
        await lead.go(f"{self.team}/members")
        await lead.fill({"E-mail": self.email("timur"), "Surname, first name and patronymic": "Тимур Асланов"})
        await lead.tick("Муниципальный служащий")
        await lead.press("Send the invitation")
        await lead.follow("Card to print")
        await lead.looks("card")
        code = (
            await lead.page.locator(".summary dd code, .summary dd")
            .filter(has_text=re.compile(r"^[A-Z0-9]{4,5}(-[A-Z0-9]{4,5})+$"))
            .first.inner_text()
        )
        self.participant = await self.person("Тимур Асланов")
        await self.participant.go("/code")
        await self.participant.fill({"Code": f" {code.lower().replace('-', ' ')} "})
        await self.participant.press("Open the invitation")
        await self._accepts(self.participant)
        assert self.participant.path == self.team
        await self.participant.shot("participant-start")

    async def moderator_assigned(self) -> None:
        """The organiser gives the team its moderator."""
        await self.organiser.go(f"{self.cohort}/moderators")
        await self.organiser.press("Assign", within=f"main tr:has-text('{TOWN}')")
        await self.organiser.sees("Мария Котова")

    # --- The first module

    async def writes(self) -> None:
        """Lead and participant fill in the three assignments of the first module: texts, tables, a number, a file."""
        await self.lead.go(self.team)
        await self.lead.follow(WORKS[0])
        await self._text(self.lead, "В чём проблема", "Молодые уезжают и не возвращаются.")
        await self._text(self.lead, "Группа жителей", "Выпускники школ")
        await self._text(self.lead, "Сколько человек и откуда число", "260 в год, управление образования")
        await self._text(self.lead, "Что проблема меняет в их жизни", "Не видят здесь работы")
        await self._text(self.lead, "Что уже пробовали", "Подъёмные для врачей: приехали трое.")
        await self.lead.tick("Частично: нужны решения региона")
        await self.lead.shot("work-written")
        await self._send(self.lead)
        await self._evidence()
        await self.lead.go(self.team)
        await self.lead.follow(WORKS[2])
        await self._text(self.lead, "Со скольким числом людей говорили", "24")
        await self._text(self.lead, "Кто это", "Мать двоих детей, 31 год")
        await self._text(self.lead, "Что рассказал, его словами", "Муж на вахте, жду лета")
        await self._text(self.lead, "Что нас удивило", "Уезжают не за деньгами")
        await self._text(self.lead, "Что мы теперь понимаем иначе", "Держит не зарплата, а занятие для детей.")
        await self._send(self.lead)

    async def _text(self, who: Person, label: str, text: str) -> None:
        await who.page.locator("#work").get_by_label(label, exact=True).first.fill(text)
        if self.scripts:
            await who.saved()

    async def _evidence(self) -> None:
        """The participant writes and attaches a file; he can't send, the lead can."""
        who = self.participant
        await who.go(self.team)
        await who.follow(WORKS[1])
        for label, text in {"Показатель": "Убыль", "Единица": "человек", "Год": "2025", "Значение": "412",
                            "Источник": "Росстат", "Что видно по годам": "Растёт с 2015 года.",
                            "Сравнение с похожим муниципалитетом": "Арсеньев теряет вдвое меньше.",
                            "Что говорит против вас": "В 2023 году приехало больше."}.items():  # fmt: skip
            await self._text(who, label, text)
        await who.page.set_input_files(
            "#work input[type=file]", {"name": "Убыль.pdf", "mimeType": "application/pdf", "buffer": PDF}
        )
        await who.press("Upload")
        await who.sees("Убыль.pdf", "Remove")
        await who.shot("work-with-file")
        await who.press("Check the answers")
        await who.sees("The lead of the team sends the work. Tell him that it is ready.")
        await who.looks("work-check")
        await self.lead.go(who.path.removesuffix("/check"))
        await self._send(self.lead)

    async def _send(self, who: Person) -> None:
        await who.press("Check the answers")
        await who.press("Send to be checked")
        assert who.path.endswith("/receipt")
        await who.shot("receipt")

    async def returned(self) -> None:
        """The moderator returns the first work with a remark at a field; the team reads it there and sends again."""
        moderator, lead = self.moderator, self.lead
        await moderator.go("/queue")
        await moderator.shot("queue")
        await moderator.follow(WORKS[0])
        first = moderator.path
        await moderator.main().locator("summary", has_text="В чём проблема").first.click()
        await moderator.page.fill("#remark-at-statement", "Сколько их? Назовите число и год.")
        await moderator.press("Keep as a draft", within="form:has(#remark-at-statement)")
        await lead.go(self.team)
        await lead.misses("Назовите число и год")
        await moderator.page.fill("[name=message]", "Почти готово: не хватает числа.")
        await moderator.looks("desk")
        await moderator.press("Return for changes")
        await lead.go(self.team)
        await lead.follow(WORKS[0])
        await lead.sees("Сколько их? Назовите число и год.", "Почти готово: не хватает числа.")
        await lead.looks("work-returned")
        await self._text(lead, "В чём проблема", "За 2015–2025 годы уехали 4 200 человек до тридцати лет.")
        await self._send(lead)
        await moderator.go(first)
        await moderator.sees("4 200 человек")
        await moderator.shot("desk-second-version")

    async def accepted(self) -> None:
        """The moderator accepts all three, oldest first, and leads the team on."""
        moderator = self.moderator
        for _ in WORKS:
            await moderator.go("/queue")
            await moderator.page.locator("main table a").first.click()
            await moderator.press("Accept")
        await moderator.go("/queue")
        await moderator.sees("Everything is checked. New work appears here as soon as a team sends it.")
        await moderator.shot("queue-empty")
        await moderator.go(self.team)
        await moderator.press("Lead the team into the next module")
        await self.lead.go(self.team)
        await self.lead.shot("team-after-module")
        await self.lead.misses(WORKS[0] + " На проверке")

    # --- The jury

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
        async with juror.page.expect_navigation():
            await juror.keys("Control+Enter")

    async def published(self) -> None:
        """The organiser locks and publishes."""
        organiser = self.organiser
        await organiser.go(self.round)
        await organiser.press("Lock the round", yes="Lock")
        await organiser.looks("result-locked")
        await self.lead.go(self.team)
        await organiser.go(f"{self.round}/result")
        await organiser.press("Publish the result", yes="Publish the result")
        await organiser.shot("result-published")

    async def seen_by_all(self) -> None:
        """Everybody reads the ranking, the team its profile; the journals tell who did what."""
        visitor = await self.person("Прохожий")
        for who in (self.lead, self.participant, self.moderator, self.organiser, *self.jurors, visitor):
            await who.go(f"{self.round}/result")
            await who.sees(f"{TOWN} {self.tag}", f"{OTHER_TOWN} {self.tag}")
        await self.lead.go(self.team)
        await self.lead.follow("Result of the jury")
        await self.lead.sees("Criterion profile", "Доказанность проблемы")
        await self.lead.shot("team-result")
        await self.lead.go(f"{self.team}/journal")
        await self.lead.sees(WORKS[0], "Мария Котова")
        await self.organiser.go(f"{self.cohort}/journal")
        await self.organiser.sees("Защита", "Ирина Соколова")
        await self.organiser.shot("journal")
