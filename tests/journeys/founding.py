"""The beginning of the main path: a programme, a cohort from the blueprint, people who come by their invitations."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from journeys.hands import Person, table
from journeys.telling import JURORS, Telling


class Founding(Telling):
    """What the operator, the administrator and the organiser do before a team comes."""

    admin: Person
    organiser: Person
    moderator: Person
    lead: Person
    jurors: list[Person]

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
        self.organiser = await self._invites_organiser("anna", "Анна Ветрова")

    async def second_organiser(self) -> Person:
        """The administrator invites another organiser, whom the first one needs for what takes two."""
        await self.admin.go("/people")
        return await self._invites_organiser("tamara", "Тамара Ильина")

    async def _invites_organiser(self, word: str, name: str) -> Person:
        await self.admin.fill(
            {"E-mail": self.email(word), "Surname, first name and patronymic": name}, within="main form[method=post]"
        )
        await self.admin.pick("Programme", self.programme)
        await self.admin.press("Write the invitation")
        return await self.joins(name, await self.link_for(self.admin, "/letters", self.email(word)))

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
        await organiser.fill({"Smallest number of members": "2"})
        await organiser.press("Save the settings")
        await organiser.go(f"{self.cohort}/jury/rules")
        await organiser.fill({"Quorum": "3"})
        await organiser.press("Save")
        await organiser.go(f"{self.cohort}/settings")
        await organiser.press("Open the cohort", yes="Open the cohort")
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
