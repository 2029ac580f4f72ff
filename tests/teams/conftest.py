"""A cohort and a team with a lead and two members."""

import pytest

import cast


@pytest.fixture
async def cohort(db):
    return await cast.cohort()


@pytest.fixture
async def team(cohort):
    return await cast.team(cohort)


@pytest.fixture
async def lead(team):
    return await cast.viewer(team.lead)


@pytest.fixture
async def organiser(cohort):
    return await cast.viewer(cohort.organiser)
