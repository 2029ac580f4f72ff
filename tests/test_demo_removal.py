"""Nothing is left of the demo when it is taken out, and nothing else goes with it."""

import pytest

import cast
from incubator import demo
from incubator.foundation.database import fetch_value


@pytest.fixture
async def told(app, db):
    """The demo, loaded into an empty database (the application knows every feature by then)."""
    await demo.load()


async def test_taken_out_it_leaves_nothing_behind(told):
    await demo.remove()
    left = {table: count for table, count in (await cast.counts()).items() if count}
    assert left.keys() <= {"outbox"}
    assert await demo.describe() == {"accounts": [], "cohorts": []}


async def test_taking_it_out_leaves_others_alone(told):
    admin = await cast.administrator()
    await demo.remove()
    assert await fetch_value("SELECT count(*) FROM person") == 1
    assert (await cast.viewer(admin)).is_administrator
