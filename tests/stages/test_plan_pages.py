"""Pages of the plan: forms that come back with what was typed, numbers before what runs is changed."""

import pytest

import cast


@pytest.mark.parametrize("teams", [1, 19])
async def test_the_plan_page_does_not_grow_with_the_teams(client, counting, teams):
    where = await cast.cohort()
    await cast.begin(where)
    for number in range(teams):
        await cast.team(where, number, members=0)
    await cast.sign_in(client, where.organiser)
    with counting() as seen:
        page = await client.get(f"/cohorts/{where.id}/plan")
    assert page.status_code == 200
    assert len(seen) <= 5, seen.statements


async def test_a_module_by_form(site, client):
    where, _, plan = site
    await cast.sign_in(client, where.organiser)
    base = f"/cohorts/{where.id}/plan"
    address = f"{base}/modules/{plan[0].id}"
    shown = {**plan[0].facts.shown("Asia/Vladivostok"), "title": "Другое имя"}
    asked = await client.post(address, data=shown)
    assert asked.status_code == 422
    assert "Сейчас в этом модуле работает 1 команда." in asked.text
    assert "Другое имя" in asked.text
    token = asked.text.partition('name="confirmed"')[2].partition('value="')[2].partition('"')[0]
    assert (await client.post(address, data={**shown, "confirmed": token})).status_code == 303
    clash = await client.post(address, data={**shown, "confirmed": token})
    assert clash.status_code == 409
    assert "Сохранено сейчас" in clash.text
    wrong = await client.post(address, data={**shown, "due_at": "2020-01-01T00:00"})
    assert wrong.status_code == 422
    new = {**shown, "title": "Ещё", "version": ""}
    assert (await client.post(f"{base}/modules/new", data=new)).status_code == 422  # before the last one
    last = {**plan[-1].facts.shown("Asia/Vladivostok"), "version": ""}
    assert (await client.post(f"{base}/modules/new", data=last)).status_code == 303
    moved = await client.post(f"{base}/modules/{plan[-1].id}/move", data={"to": "up"})
    assert moved.status_code == 303
    assert (await client.post(f"{base}/modules/{plan[-1].id}/remove", data={})).status_code == 303


async def test_an_assignment_by_form(site, client):
    where, _, plan = site
    await cast.sign_in(client, where.organiser)
    base = f"/cohorts/{where.id}/plan"
    assignment = plan[2].assignments[0]
    page = await client.get(f"{base}/assignments/{assignment.id}")
    assert page.status_code == 200
    shown = {**assignment.facts.shown(), "title": "Другое задание"}
    assert (await client.post(f"{base}/assignments/{assignment.id}", data=shown)).status_code == 303
    assert (await client.post(f"{base}/assignments/{assignment.id}", data=shown)).status_code == 409
    wrong = {**shown, "f_kind": ["choice"] * len(shown["f_kind"])}
    assert (await client.post(f"{base}/assignments/{assignment.id}", data=wrong)).status_code == 422
    fresh = {**shown, "f_key": [""] * len(shown["f_key"]), "version": ""}
    assert (await client.post(f"{base}/modules/{plan[2].id}/assignments/new", data=fresh)).status_code == 303
    asked = await client.post(f"{base}/modules/{plan[0].id}/assignments/new", data=fresh)
    assert asked.status_code == 422
    assert (await client.get(f"{base}/modules/{plan[0].id}/assignments/new")).status_code == 200
    assert (await client.get(f"{base}/modules/new")).status_code == 200
    for step in (("move", {"to": "down"}), ("remove", {})):
        answer = await client.post(f"{base}/assignments/{assignment.id}/{step[0]}", data=step[1])
        assert answer.status_code == 303
