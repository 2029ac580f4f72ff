"""A school at work, with a client in the lead's seat."""

import pytest

import cast


@pytest.fixture
async def site(client):
    """A cohort that began three days ago, its team and plan; the team has a moderator, the client is its lead."""
    where = await cast.cohort()
    plan = await cast.begin(where)
    team = await cast.team(where)
    await cast.moderator(where, team)
    await cast.sign_in(client, team.lead)
    return where, team, plan
