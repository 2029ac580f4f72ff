"""Cohorts by forms and files: made whole or not at all, and back into a blueprint."""

import re
from datetime import date

import pytest

import cast
from incubator.foundation.database import fetch_value
from incubator.people.rights import Role, Scope
from incubator.programmes import actions, blueprint, queries
from incubator.programmes.rules import CohortFacts
from incubator.programmes.shipped import shipped, text_of

SCHOOL = "school_of_municipal_teams"
FACTS = CohortFacts("Весна 2027", "", "Asia/Vladivostok", date(2027, 3, 1), 20)


@pytest.fixture
async def organiser(db):
    """An organiser with a programme of his own."""
    admin = await cast.administrator()
    programme = await actions.create_programme(await cast.viewer(admin), "Школа муниципальных команд")
    person = await cast.person("Анна Ветрова", "anna@example.org")
    await cast.give(person, Role.ORGANISER, Scope.PROGRAMME, programme)
    return person


async def make(organiser):
    viewer = await cast.viewer(organiser)
    programme = viewer.places(Role.ORGANISER, Scope.PROGRAMME)[0]
    return await actions.create_cohort(viewer, programme, FACTS, blueprint.read(text_of(SCHOOL)))


def fields(programme, **changes):
    return {
        "programme": str(programme), "name": "Весна 2027", "summary": "", "starts_on": "2027-03-01",
        "time_zone": "Asia/Vladivostok", "places": "20", "blueprint": SCHOOL, **changes,
    }  # fmt: skip


async def programme_of(organiser):
    return (await cast.viewer(organiser)).places(Role.ORGANISER, Scope.PROGRAMME)[0]


async def test_a_cohort_is_made_from_the_shipped_blueprint(organiser, client):
    await cast.sign_in(client, organiser)
    page = await client.get("/cohorts/new")
    assert page.status_code == 200
    answer = await client.post("/cohorts/new", data=fields(await programme_of(organiser)))
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("/plan")
    plan = shipped()[0]
    assert await fetch_value("SELECT count(*) FROM module") == len(plan.modules)
    assert await fetch_value("SELECT count(*) FROM criterion") == len(plan.criteria)
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'cohort.created'") == 1


async def test_a_file_control_without_a_file_is_no_fault(client, organiser):
    """Browsers send it as a file without a name."""
    await cast.sign_in(client, organiser)
    empty = {"file": ("", b"", "application/octet-stream")}
    answer = await client.post("/cohorts/new", data=fields(await programme_of(organiser)), files=empty)
    assert answer.status_code == 303
    assert await fetch_value("SELECT count(*) FROM cohort") == 1


async def test_what_was_typed_comes_back_with_every_error(organiser, client):
    await cast.sign_in(client, organiser)
    wrong = fields(await programme_of(organiser), name="", places="ноль", summary="Моя длинная мысль")
    answer = await client.post("/cohorts/new", data=wrong)
    assert answer.status_code == 422
    assert "Моя длинная мысль" in answer.text
    assert 'href="#f-name"' in answer.text
    assert 'href="#f-places"' in answer.text
    assert await fetch_value("SELECT count(*) FROM cohort") == 0


async def test_an_uploaded_file_is_refused_whole_with_every_fault(organiser, client):
    await cast.sign_in(client, organiser)
    broken = text_of(SCHOOL).replace("weight = ", "weight = -", 1).replace('gate = "', 'gate = "no_', 1)
    answer = await client.post(
        "/cohorts/new",
        data=fields(await programme_of(organiser), blueprint="upload"),
        files={"file": ("own.toml", broken.encode(), "application/toml")},
    )
    assert answer.status_code == 422
    assert "weight" in answer.text
    assert "gate" in answer.text
    assert await fetch_value("SELECT (SELECT count(*) FROM cohort) + (SELECT count(*) FROM module)") == 0


async def test_a_file_beside_a_shipped_blueprint_is_not_left_out_in_silence(organiser, client):
    await cast.sign_in(client, organiser)
    answer = await client.post(
        "/cohorts/new", data=fields(await programme_of(organiser)),
        files={"file": ("own.toml", text_of(SCHOOL).encode(), "application/toml")},
    )  # fmt: skip
    assert answer.status_code == 422
    assert 'href="#f-blueprint' in answer.text
    assert await fetch_value("SELECT count(*) FROM cohort") == 0


async def test_a_downloaded_blueprint_makes_the_same_cohort_again(organiser, client):
    cohort = await make(organiser)
    await cast.sign_in(client, organiser)
    text = (await client.get(f"/cohorts/{cohort}/blueprint.toml")).text
    plan, original = blueprint.read(text), blueprint.read(text_of(SCHOOL))
    assert plan.modules == original.modules
    assert plan.criteria == original.criteria
    assert plan.jury == original.jury
    assert plan.team == original.team
    answer = await client.post(
        "/cohorts/new",
        data=fields(await programme_of(organiser), blueprint="upload"),
        files={"file": ("own.toml", text.encode(), "application/toml")},
    )
    assert answer.status_code == 303
    assert await fetch_value("SELECT count(*) FROM cohort") == 2


async def test_people_are_invited_from_a_pasted_list(organiser, client):
    cohort = await make(organiser)
    await cast.sign_in(client, organiser)
    pasted = "Boris@Example.org; Борис Ким\n\nВера Лис <vera@example.org>\tпредседатель\nboris@example.org"
    answer = await client.post(f"/cohorts/{cohort}/people", data={"role": "moderator", "guests": pasted})
    assert answer.status_code == 303
    assert await fetch_value("SELECT count(*) FROM invitation") == 2
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'people.invited'") == 1
    page = await client.get(f"/cohorts/{cohort}/people")
    assert "boris@example.org" in page.text
    assert "2 приглашения готовы" in page.text and "отправлен" not in page.text.split("<h1")[0]  # nothing can send them


async def test_a_draft_leads_to_its_opening(organiser, client):
    cohort = await make(organiser)
    await cast.sign_in(client, organiser)
    for path in ("", "/plan", "/settings"):
        assert f'action="/cohorts/{cohort}/open"' in (await client.get(f"/cohorts/{cohort}{path}")).text
    assert (await client.post(f"/cohorts/{cohort}/open")).status_code == 303
    for path in ("", "/plan", "/settings"):
        assert f'action="/cohorts/{cohort}/open"' not in (await client.get(f"/cohorts/{cohort}{path}")).text


async def test_every_line_without_an_address_is_named_by_its_number(organiser, client):
    cohort = await make(organiser)
    await cast.sign_in(client, organiser)
    answer = await client.post(
        f"/cohorts/{cohort}/people",
        data={"role": "juror", "guests": "a@example.org\n\nБорис Ким\nb@example.org\nВера@"},
    )
    assert answer.status_code == 422
    assert "3 – Борис Ким; 5 – Вера@" in answer.text
    assert await fetch_value("SELECT count(*) FROM invitation") == 0


async def test_another_organiser_learns_nothing(organiser, client):
    cohort = await make(organiser)
    stranger = await cast.person("Чужой", "stranger@example.org")
    admin = await cast.administrator(email="admin2@example.org")
    other = await actions.create_programme(await cast.viewer(admin), "Другая программа")
    await cast.give(stranger, Role.ORGANISER, Scope.PROGRAMME, other)
    await cast.sign_in(client, stranger)
    random = "01890000-0000-7000-8000-000000000000"
    for path in ("people", "settings", "blueprint.toml"):
        real, invented = await client.get(f"/cohorts/{cohort}/{path}"), await client.get(f"/cohorts/{random}/{path}")
        assert (real.status_code, real.text.replace(str(cohort), random)) == (404, invented.text)


async def test_settings_are_changed_and_the_cohort_opened_once(organiser, client):
    cohort = await make(organiser)
    await cast.sign_in(client, organiser)
    page = await client.get(f"/cohorts/{cohort}/settings")
    assert page.status_code == 200
    changed = {
        "name": "Весна", "summary": "", "starts_on": "02.03.2027", "time_zone": "Asia/Kamchatka", "places": "19",
        "min_members": "3", "max_members": "6", "eligible_positions": ["head", "deputy_head"],
    }  # fmt: skip
    changed["version"] = re.search(r'name="version" value="(\w+)"', page.text)[1]
    assert (await client.post(f"/cohorts/{cohort}/settings", data=changed)).status_code == 303
    behind = await client.post(f"/cohorts/{cohort}/settings", data={**changed, "name": "Осень"})
    assert behind.status_code == 409 and "Осень" in behind.text and "Весна" in behind.text, "both are shown"
    facts = await queries.cohort_settings(cohort)
    assert (facts.name, facts.places, facts.eligible_positions) == ("Весна", 19, ("head", "deputy_head"))
    opened = await client.post(f"/cohorts/{cohort}/open")
    assert (opened.status_code, opened.headers["location"]) == (303, f"/cohorts/{cohort}")
    assert (await client.post(f"/cohorts/{cohort}/open")).status_code == 409


@pytest.mark.parametrize("more", [0, 5])
async def test_the_list_costs_the_same_however_long(organiser, client, counting, more):
    for _ in range(1 + more):
        await make(organiser)
    await cast.sign_in(client, organiser)
    await client.get("/cohorts")
    with counting() as seen:
        assert (await client.get("/cohorts")).status_code == 200
    assert len(seen) == 2
