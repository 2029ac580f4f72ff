"""An empty installation: the administrator makes the first programme and invites who runs it."""

import cast
from incubator.foundation.database import fetch, fetch_value


async def test_the_administrator_makes_a_programme_and_invites_its_organiser(client, db):
    admin = await cast.administrator()
    await cast.sign_in(client, admin)
    assert "/programmes" in (await client.get("/people")).text
    answer = await client.post("/programmes", data={"name": "Школа городов"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/people")
    assert "Школа городов" in (await client.get("/people")).text
    page = (await client.get("/programmes")).text
    assert "Школа городов" in page
    assert [row["verb"] for row in await fetch("SELECT verb FROM journal_entry")] == ["programme.created"]


async def test_a_programme_needs_a_name(client, db):
    await cast.sign_in(client, await cast.administrator())
    for name in ("", "  ", "Ш" * 201):
        answer = await client.post("/programmes", data={"name": name})
        assert answer.status_code == 422
    assert await fetch_value("SELECT count(*) FROM programme") == 0


async def test_only_administrators_make_programmes(client, db):
    cohort = await cast.cohort()
    await cast.sign_in(client, cohort.organiser)
    assert (await client.get("/programmes")).status_code == 403
    assert (await client.post("/programmes", data={"name": "Моя"})).status_code == 403
    await cast.sign_in(client, await cast.person("Гость", "guest@example.org"))
    assert (await client.get("/programmes")).status_code == 404
    assert await fetch_value("SELECT count(*) FROM programme") == 1
