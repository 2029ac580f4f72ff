"""A cohort whose first team has opened a piece of its work; the second one reads it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

import cast
from incubator import features  # noqa: F401  (with it come the layers, readers and hooks of every feature)
from incubator.exchange import opening, queries
from incubator.people.rights import Viewer
from incubator.teams import writing
from incubator.teams.cases import CaseText, Figure


def case(title: str = "Отток населения", problem: str = "Молодые семьи уезжают из посёлка") -> CaseText:
    """A complete case."""
    figure = Figure("Отток", "чел.", 2025, "Росстат", 1200, 600)
    return CaseText(
        title, problem, "Семьи с детьми", (figure,), ("Нет работы",), ("Закрываются школы",), "Остаются жить"
    )


async def submit_case(who: cast.Person, team: UUID, text: CaseText) -> int:
    """The case of a team, submitted."""
    lead = await cast.viewer(who)
    return await writing.submit_case(lead, team, await writing.save_case(lead, team, text, 0))


@dataclass
class Fair:
    """What the tests of the exchange stand on."""

    cohort: cast.CohortOfCast
    plan: list[Any]
    team: cast.TeamOfCast
    peers: cast.TeamOfCast
    moderator: cast.Person
    sent: Any

    async def open(self, wish: str = "Что мы упустили?") -> UUID:
        """The lead opens the work that was sent."""
        shown = await queries.showing(self.team.id, self.sent.submission)
        return await opening.open_work(await self.lead(), self.team.id, self.sent.submission, shown.version, wish)

    async def lead(self) -> Viewer:
        """The lead of the team."""
        return await cast.viewer(self.team.lead)

    async def peer(self) -> Viewer:
        """A member of the other team."""
        return await cast.viewer(self.peers.members[0])


@pytest.fixture
async def fair(db) -> Fair:
    where = await cast.cohort()
    plan = await cast.begin(where)
    team, peers = await cast.team(where), await cast.team(where, 1)
    moderator = await cast.moderator(where, team)
    sent = await cast.hand_in(team.lead, team.id, plan[0].assignments[0].id, "жеребёнок")
    return Fair(where, plan, team, peers, moderator, sent)
