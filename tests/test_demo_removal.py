"""Nothing is left of the demo when it is taken out, and nothing else goes with it."""

import pytest

import cast
from incubator import demo
from incubator.demo.removal import STATEMENTS
from incubator.foundation.database import fetch, fetch_value

POINTS = "SELECT DISTINCT conrelid::regclass::text AS at, confrelid::regclass::text AS to FROM pg_constraint WHERE contype = 'f'"


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


async def test_every_table_that_points_to_the_demo_is_emptied_before(dsn, pool):
    """Also those that the story itself leaves empty: people try the demo out before it is taken out."""
    emptied = [statement.split()[2] for statement in STATEMENTS if statement.startswith("DELETE")]
    late = [
        (row["at"], row["to"])
        for row in await fetch(POINTS)
        if row["to"] in emptied and row["at"] != row["to"]
        and (row["at"] not in emptied or emptied.index(row["at"]) > emptied.index(row["to"]))
    ]  # fmt: skip
    assert late == []
