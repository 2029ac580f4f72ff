"""The demo: a whole story in the order of time, states for every screen."""

import re
from collections import Counter

import httpx
import pytest

from conftest import empty
from incubator import demo
from incubator.demo import script
from incubator.foundation.database import fetch, fetch_value

ROLES = {"organiser", "moderator", "juror", "team_lead", "participant", "admin"}


@pytest.fixture(scope="module")
async def told(app, pool):
    """The demo, told once for all that only read it (the application knows every feature by then)."""
    await empty()
    await demo.load()
    return await demo.describe()


async def test_what_is_kept_about_anybody_is_said_in_words(told):
    from incubator.foundation import locales
    from incubator.people import own_data

    people = await fetch(
        "SELECT id FROM person WHERE email = ANY($1::text[])", [each["email"] for each in told["accounts"]]
    )
    with locales.speaking("ru", "Europe/Moscow"):
        for person in people:
            page = own_data.readable(await own_data.gathered(person["id"]))
            heads = re.findall("<th>(.*?)</th>", page)
            assert heads and not [head for head in heads if re.fullmatch("[a-z_ ]+", head)]
            cells = set(re.findall("<td>(.*?)</td>", page))
            assert not cells & {
                "True",
                "False",
                "organiser",
                "team_lead",
                "head",
                "handed_in",
                "note",
                "phrase",
                "municipality",
                "accepted",
            }
            assert "000,8000" not in page, "points are told in thousandths"
            assert not re.search("<td>[0-9a-f]{8}-[0-9a-f]{4}-", page)


async def by_state(table):
    return dict(Counter(row["state"] for row in await fetch(f"SELECT state FROM {table}")))


async def test_the_story_is_whole(told):
    assert ROLES == {account["role"] for account in told["accounts"]}
    assert len(told["cohorts"]) == 2
    assert await fetch_value("SELECT count(*) FROM team t WHERE t.cohort = $1", _running(told)) == 19
    assert 95 <= await fetch_value(
        "SELECT count(*) FROM team_member m JOIN team t ON t.id = m.team WHERE t.cohort = $1", _running(told)
    )
    assert {"returned", "submitted", "in_progress", "accepted"} <= set(await by_state("submission"))
    assert await by_state("scoring_round") == {"published": 1, "open": 1, "draft": 1}
    assert {"handed_in", "draft", "empty", "recused"} <= set(await by_state("score_sheet"))
    assert await fetch_value("SELECT count(*) FROM tie_vote") >= 2 or await fetch_value(
        "SELECT result::text LIKE '%criterion:%' FROM scoring_round WHERE state = 'published'"
    )
    assert await fetch_value("SELECT count(*) FROM guiding_question WHERE answered_at IS NULL") >= 1
    assert await fetch_value("SELECT count(*) FROM peer_remark WHERE mark <> ''") == 1
    assert await fetch_value("SELECT count(*) FROM case_card WHERE published_at IS NOT NULL") == 3
    assert await fetch_value("SELECT count(*) FROM letter WHERE sent_at IS NULL AND failed_at IS NULL") < 40


def _running(told):
    from uuid import UUID

    return UUID(told["cohorts"][0]["id"])


async def test_every_account_signs_in_with_its_password(told, app):
    for account in told["accounts"]:
        form = {"email": account["email"], "password": account["password"]}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            answer = await client.post("/sign-in", data=form)
        assert answer.status_code == 303, account


async def test_things_happened_in_the_order_in_which_they_are_told(told):
    rows = await fetch("SELECT cohort, at FROM journal_entry WHERE cohort IS NOT NULL ORDER BY id")
    last: dict[object, object] = {}
    for row in rows:
        assert row["at"] >= last.get(row["cohort"], row["at"])
        last[row["cohort"]] = row["at"]
    assert len(rows) > 1000
    assert await fetch_value("SELECT max(at) <= now() FROM journal_entry")


async def test_a_team_is_overdue_and_another_has_more_time(told):
    assert await fetch_value("SELECT count(*) FROM submission WHERE extended_to IS NOT NULL") == 1
    overdue = await fetch_value(
        "SELECT count(*) FROM team_module e JOIN module m ON m.id = e.module JOIN team t ON t.id = e.team"
        " WHERE t.cohort = $1 AND e.advanced_at IS NULL AND m.due_at < now()",
        _running(told),
    )
    assert overdue >= 2


def test_no_invented_name_comes_twice():
    names = [script.invented_name(number) for number in range(400)]
    assert len(set(names)) == len(names)
