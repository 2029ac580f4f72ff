"""The middle of the main path: a team registers, writes its case and its work, which comes back and is accepted."""

import re

from journeys.founding import Founding
from journeys.hands import Person
from journeys.telling import OTHER_TOWN, TOWN

WORKS = ("Проблема одним абзацем", "Доказательства", "Разговоры с жителями")
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class Teamwork(Founding):
    """What the lead, a participant and the moderator do in the first module."""

    participant: Person

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
        if not self.scripts:  # scripts send what was chosen by themselves
            await who.press("Upload")
        await who.sees("Убыль.pdf", "Delete")
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
        for left in reversed(range(len(WORKS))):
            await moderator.go("/queue")
            await moderator.page.locator("main table a").first.click()
            await moderator.press("Accept and open the next" if left else "Accept")
        await moderator.go("/queue")
        await moderator.sees("Everything is checked. New work appears here as soon as a team sends it.")
        await moderator.shot("queue-empty")
        await moderator.go(self.team)
        await moderator.press("Lead the team into the next module")
        await self.lead.go(self.team)
        await self.lead.shot("team-after-module")
        await self.lead.misses(WORKS[0] + " На проверке")
