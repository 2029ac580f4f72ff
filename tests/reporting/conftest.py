"""A cohort in its first module with two teams, their moderator, and what makes pages interesting."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

import cast
from incubator import features  # noqa: F401  (with it come the layers, readers and hooks of every feature)


@dataclass
class School:
    """A cohort with its plan; `at` gives somebody as he was some days ago."""

    cohort: cast.CohortOfCast
    plan: list[Any]
    teams: list[cast.TeamOfCast]
    moderator: cast.Person
    moment: Any = field(default=None)

    def assignments(self, module: int = 0) -> list[Any]:
        return self.plan[module].assignments

    async def at(self, who: cast.Person, days: float = 0):
        return await cast.viewer(who, at=self.moment - timedelta(days=days))

    async def send(self, team: cast.TeamOfCast, place: int = 0, *, days: float = 0, module: int = 0) -> Any:
        """A team's work, sent so many days ago."""
        assignment = self.assignments(module)[place].id
        return await cast.hand_in(await self.at(team.lead, days), team.id, assignment)

    async def decide(
        self, receipt: Any, outcome: str = "accepted", *, days: float = 0, by: cast.Person | None = None
    ) -> None:
        from incubator.moderation import actions
        from incubator.moderation.rules import Verdict
        from incubator.stages.rules import Outcome

        who = await self.at(by or self.moderator, days)
        await actions.decide(who, receipt.submission, receipt.number, Verdict(Outcome(outcome), "Дополните"))

    async def accept_all(self, team: cast.TeamOfCast, *, days: float = 1) -> None:
        """Everything required in the first module."""
        for place, each in enumerate(self.assignments()):
            if each.facts.required:
                await self.decide(await self.send(team, place, days=days), days=days)


async def school_of(teams: int, *, days_ago: int = 3) -> School:
    where = await cast.cohort()
    plan = await cast.begin(where, days_ago=days_ago)
    entrants = [await cast.team(where, number, members=1) for number in range(teams)]
    return School(where, plan, entrants, await cast.moderator(where, *entrants), await cast.now())


@pytest.fixture
async def school(db) -> School:
    return await school_of(2)


@pytest.fixture
async def later(db) -> School:
    """The same when the first module is over."""
    return await school_of(2, days_ago=31)


@pytest.fixture
def make(db):
    return school_of
