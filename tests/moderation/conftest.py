"""A cohort in its first module, a team that has sent its first work, and the moderator who accompanies it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

import cast
from incubator import features  # noqa: F401  (with it come the layers, readers and hooks of every feature)


@dataclass
class School:
    """What the tests of moderation stand on; `plan` are the modules of the cohort."""

    cohort: cast.CohortOfCast
    plan: list[Any]
    team: cast.TeamOfCast
    moderator: cast.Person
    sent: Any

    @property
    def submission(self) -> UUID:
        """The work that waits."""
        return self.sent.submission

    def assignment(self, place: int = 0) -> UUID:
        """An assignment of the first module."""
        return self.plan[0].assignments[place].id

    async def send(self, place: int = 0, word: str = "ответ", team: cast.TeamOfCast | None = None) -> Any:
        """Write and send another piece of work, or another version."""
        sender = team or self.team
        return await cast.hand_in(sender.lead, sender.id, self.assignment(place), word)


@pytest.fixture
async def school(db) -> School:
    where = await cast.cohort()
    plan = await cast.begin(where)
    team = await cast.team(where)
    moderator = await cast.moderator(where, team)
    sent = await cast.hand_in(team.lead, team.id, plan[0].assignments[0].id)
    return School(where, plan, team, moderator, sent)


@pytest.fixture
async def mod(school):
    return await cast.viewer(school.moderator)


@pytest.fixture
async def lead(school):
    return await cast.viewer(school.team.lead)
