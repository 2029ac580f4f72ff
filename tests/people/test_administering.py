"""The administrator's pages: who may, who hears that it is there, what each act does, and that nobody acts on himself."""

import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_value, new_id
from incubator.foundation.refusals import Refused
from incubator.people import administering, sessions
from incubator.people.rights import Role, Scope

pytestmark = pytest.mark.usefixtures("db")


class World:
    """One programme with a cohort and a team, another one without ties, and one person in each place."""

    async def build(self):
        self.programme, self.other_programme, self.cohort, self.team = (new_id() for _ in range(4))
        for programme, name in ((self.programme, "Школа"), (self.other_programme, "Сессия")):
            await execute(
                "INSERT INTO programme (id, name, created_at, demo) VALUES ($1, $2, now(), false)", programme, name
            )
        await execute(
            "INSERT INTO cohort (id, programme, name, summary, time_zone, starts_on, places, min_members, max_members,"
            " eligible_positions, created_at) VALUES ($1, $2, 'Весна', '', 'Europe/Moscow', now()::date, 9, 1, 9, '{}', now())",
            self.cohort, self.programme,
        )  # fmt: skip
        self.people = {}
        held = {
            "participant": (Role.PARTICIPANT, Scope.TEAM, self.team),
            "team_lead": (Role.TEAM_LEAD, Scope.TEAM, self.team),
            "moderator": (Role.MODERATOR, Scope.COHORT, self.cohort),
            "juror": (Role.JUROR, Scope.COHORT, self.cohort),
            "organiser_own": (Role.ORGANISER, Scope.PROGRAMME, self.programme),
            "organiser_other": (Role.ORGANISER, Scope.PROGRAMME, self.other_programme),
            "platform_admin": (Role.ADMINISTRATOR, Scope.PLATFORM, None),
        }
        for word, (role, scope, where) in held.items():
            self.people[word] = await cast.person(f"Человек {word}", f"{word}@example.org")
            cohort = self.cohort if scope in {Scope.TEAM, Scope.COHORT} else None
            await cast.give(self.people[word], role, scope, where, cohort=cohort)
        return self


@pytest.fixture
async def world(db):
    return await World().build()


async def enter(client, world, role):
    return cast.sign_out(client) if role == "visitor" else await cast.sign_in(client, world.people[role])


# As in the authorisation matrix: user.send_reset_mail, user.deactivate, other_profile.edit (of a participant)

OF_OTHER = {
    "visitor": {303, 401}, "participant": {404}, "team_lead": {404}, "moderator": {404}, "juror": {404},
    "organiser_own": {403}, "organiser_other": {404}, "platform_admin": {303},
}  # fmt: skip
ACTS = {"reset": {}, "deactivate": {}, "reactivate": {}, "address": {"email": "new@example.org"}}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", OF_OTHER)
async def test_acts_on_another_account_are_the_administrator_s(client, world, role, act):
    target = await cast.person("Цель", "target@example.org")
    await cast.give(target, Role.PARTICIPANT, Scope.TEAM, world.team, cohort=world.cohort)
    await enter(client, world, role)
    before = await cast.counts()
    answer = await client.post(f"/people/{target.id}/{act}", data=ACTS[act])
    assert answer.status_code in OF_OTHER[role]
    if role != "platform_admin":
        assert await cast.counts() == before
        assert await fetch_value("SELECT email FROM person WHERE id = $1", target.id) == "target@example.org"


@pytest.mark.parametrize("role", ["participant", "organiser_other", "moderator"])
async def test_what_is_hidden_looks_like_what_never_was(client, world, role):
    target = world.people["team_lead"]
    await enter(client, world, role)
    random_id = new_id()
    there, nowhere = await client.get(f"/people/{target.id}"), await client.get(f"/people/{random_id}")
    assert there.text.replace(str(target.id), "…") == nowhere.text.replace(str(random_id), "…")
    assert there.status_code == 404


PAGES = {**OF_OTHER, "platform_admin": {200}}


@pytest.mark.parametrize("role", PAGES)
async def test_one_account_is_seen_by_the_administrator(client, world, role):
    await enter(client, world, role)
    assert (await client.get(f"/people/{world.people['participant'].id}")).status_code in PAGES[role]


@pytest.mark.parametrize("role", PAGES)
async def test_the_list_is_the_administrator_s(client, world, role):
    await enter(client, world, role)
    wanted = {403} if role.startswith("organiser") else PAGES[role]
    assert (await client.get("/people")).status_code in wanted


# role.grant_organiser

GRANT = {
    "visitor": {303, 401}, "participant": {403}, "team_lead": {403}, "moderator": {403}, "juror": {403},
    "organiser_own": {403}, "organiser_other": {404}, "platform_admin": {303},
}  # fmt: skip


@pytest.mark.parametrize("role", GRANT)
async def test_organisers_are_invited_by_the_administrator(client, world, role):
    await enter(client, world, role)
    before = await cast.counts()
    data = {"email": "boss@example.org", "name": "Ольга Сомова", "programme": str(world.programme)}
    assert (await client.post("/people/organisers", data=data)).status_code in GRANT[role]
    if role == "platform_admin":
        assert await fetch_value("SELECT role FROM invitation WHERE scope_id = $1", world.programme) == "organiser"
        assert await fetch_value("SELECT count(*) FROM letter WHERE kind = 'invitation'") == 1
    else:
        assert await cast.counts() == before


async def test_inviting_to_a_programme_that_is_not_there_is_no_page(client, world):
    await enter(client, world, "platform_admin")
    data = {"email": "boss@example.org", "name": "Ольга", "programme": str(new_id())}
    assert (await client.post("/people/organisers", data=data)).status_code == 404
    assert (await client.post("/people/organisers", data={**data, "email": "x"})).status_code == 422


async def test_nobody_raises_himself(client, world):
    admin = world.people["platform_admin"]
    await enter(client, world, "platform_admin")
    data = {"email": admin.email, "name": admin.name, "programme": str(world.programme)}
    assert (await client.post("/people/organisers", data=data)).status_code == 403
    for act, data in ACTS.items():
        assert (await client.post(f"/people/{admin.id}/{act}", data=data)).status_code == 403
    assert 'action="/people/' not in (await client.get(f"/people/{admin.id}")).text


async def test_a_co_juror_s_account_is_left_alone(client, world):
    admin, juror = world.people["platform_admin"], world.people["juror"]
    await cast.give(admin, Role.JUROR, Scope.COHORT, world.cohort, cohort=world.cohort)
    await enter(client, world, "platform_admin")
    assert (await client.post(f"/people/{juror.id}/reset")).status_code == 403
    assert await fetch_value("SELECT count(*) FROM password_reset") == 0


async def test_a_closed_account_is_out_at_once_and_can_come_back(client, world):
    lead = world.people["team_lead"]
    token = await sessions.begin(lead.id)
    await enter(client, world, "platform_admin")
    await client.post(f"/people/{lead.id}/deactivate")
    assert await sessions.load(token) is None
    assert await sessions.load(await sessions.begin(lead.id)) is None
    assert "Закрыта" in (await client.get(f"/people/{lead.id}")).text
    await client.post(f"/people/{lead.id}/reactivate")
    assert await sessions.load(await sessions.begin(lead.id)) is not None
    assert [row["verb"] for row in await fetch("SELECT verb FROM journal_entry ORDER BY id")] == [
        "person.deactivated",
        "person.reactivated",
    ]


async def test_a_reset_is_sent_and_never_shown(client, world):
    lead = world.people["team_lead"]
    await enter(client, world, "platform_admin")
    await client.post(f"/people/{lead.id}/reset")
    import json

    token = json.loads(await fetch_value("SELECT secret FROM letter"))["token"]
    for page in (f"/people/{lead.id}", "/people", "/letters"):
        assert token not in (await client.get(page)).text


async def test_a_new_address_signs_the_person_out_and_must_be_free(client, world):
    lead = world.people["team_lead"]
    token = await sessions.begin(lead.id)
    await enter(client, world, "platform_admin")
    taken = await client.post(f"/people/{lead.id}/address", data={"email": "juror@example.org"})
    assert taken.status_code == 422 and "juror@example.org" in taken.text
    assert await sessions.load(token) is not None
    assert (await client.post(f"/people/{lead.id}/address", data={"email": "Lead.New@Example.org"})).status_code == 303
    assert await fetch_value("SELECT email FROM person WHERE id = $1", lead.id) == "lead.new@example.org"
    assert await sessions.load(token) is None


async def test_the_same_address_and_the_same_state_are_no_news(client, world):
    lead = world.people["team_lead"]
    await enter(client, world, "platform_admin")
    before = await fetch_value("SELECT count(*) FROM journal_entry")
    assert (await client.post(f"/people/{lead.id}/address", data={"email": lead.email})).status_code == 303
    assert (await client.post(f"/people/{lead.id}/address", data={"email": "x"})).status_code == 422
    assert (await client.post(f"/people/{lead.id}/reactivate")).status_code == 303
    assert await fetch_value("SELECT count(*) FROM journal_entry") == before
    for act, data in ACTS.items():
        assert (await client.post(f"/people/{new_id()}/{act}", data=data)).status_code == 404
    assert (await client.get(f"/people/{new_id()}")).status_code == 404


# The list


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("team_lead", 1),
        ("ЧЕЛОВЕК", 7),
        ("человек juror", 1),
        ("%", 0),
        ("_", 2),
        ("\\", 0),
        ("nobody", 0),
        ("@example.org", 7),
    ],
)
async def test_people_are_found_by_parts_of_name_and_address(client, world, search, found):
    await enter(client, world, "platform_admin")
    page = await client.get("/people", params={"q": search})
    # `_` is a letter here: team_lead, organiser_own and so on have it in name or address
    found = 4 if search == "_" else found
    assert page.text.count('<a href="/people/') == found


async def test_the_list_costs_the_same_for_one_person_and_for_many(client, world, counting):
    await enter(client, world, "platform_admin")

    async def statements():
        await client.get("/people")
        with counting() as seen:
            await client.get("/people")
        return len(seen)

    few = await statements()
    for n in range(60):
        await cast.give(
            await cast.person(f"Ещё {n}", f"more{n}@example.org"),
            Role.PARTICIPANT,
            Scope.TEAM,
            world.team,
            cohort=world.cohort,
        )
    assert await statements() == few <= 5
    assert (await client.get("/people")).text.count('<a href="/people/') == 50


# The command line


async def test_the_first_administrator_gets_a_link(client, db):
    link = await administering.add_user("Boss@Example.org", "Олег Тихонов", "administrator")
    path = link.removeprefix("http://127.0.0.1:8000")
    answer = await client.post(
        path, data={"name": "Олег Тихонов", "time_zone": "Europe/Moscow", "password": cast.PASSWORD}
    )
    assert answer.status_code == 303
    assert (await client.get("/people")).status_code == 200


async def test_an_account_with_a_password_is_ready_at_once(client, db):
    assert await administering.add_user("boss@example.org", "Олег", "administrator", password=cast.PASSWORD) == ""
    answer = await client.post("/sign-in", data={"email": "boss@example.org", "password": cast.PASSWORD})
    assert answer.status_code == 303


async def test_an_organiser_is_added_to_the_only_programme_or_the_one_named(client, world):
    for name in (None, "Нет такой"):
        with pytest.raises(Refused):
            await administering.add_user("boss@example.org", "Олег", "organiser", programme=name)
    assert await administering.add_user("boss@example.org", "Олег", "organiser", programme="Школа")
    assert await fetch_value("SELECT scope_id FROM invitation") == world.programme


@pytest.mark.parametrize(
    ("email", "password"), [("boss", None), ("boss@example.org", "short"), ("bоss@example.org", None)]
)
async def test_a_bad_address_or_password_is_explained(db, email, password):
    with pytest.raises(Refused):
        await administering.add_user(email, "Олег", "administrator", password=password)
    assert await fetch("SELECT 1 FROM person") == [] and await fetch("SELECT 1 FROM invitation") == []


async def test_without_a_mail_server_the_command_line_makes_a_reset_link(client, db):
    await cast.person("Анна", "anna@example.org", cast.PASSWORD)
    link = await administering.reset_link("anna@example.org")
    assert (await client.get(link.removeprefix("http://127.0.0.1:8000"))).status_code == 200
    assert await administering.reset_link("nobody@example.org") == ""
