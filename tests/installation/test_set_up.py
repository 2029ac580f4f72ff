"""The set-up of an empty installation: who gets in, that nothing typed is lost, that it ends once and never comes back."""

import asyncio

import asyncpg
import httpx
import pytest

import cast
from incubator.foundation import pages
from incubator.foundation.database import execute, fetch_one, fetch_value
from incubator.foundation.owner import Owner
from incubator.foundation.refusals import Refused
from incubator.installation import actions, queries
from incubator.installation.rules import Founder, Page, Progress, Step

pytestmark = pytest.mark.usefixtures("db")

ORGANISATION = {
    "name_ru": "Школа управления", "name_en": "", "help_contact": "Анна Ветрова\nпо будням с 9 до 18", "operator": "АНО «Школа»",
}  # fmt: skip
FOUNDER = {"name": "Анна Ветрова", "email": "anna@example.org", "password": cast.PASSWORD}


@pytest.fixture(autouse=True)
def _nobody_s_installation():
    yield
    pages.belongs_to(Owner())


@pytest.fixture
async def inside(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """A browser that has shown the code."""
    answer = await client.post("/setup", data={"code": (await queries.code()).lower().replace("-", " ")})
    assert (answer.status_code, answer.headers["location"]) == (303, "/setup/organisation")
    return client


async def leave(client, step, press="next", **typed):
    return await client.post(f"/setup/{step}", data={**typed, "press": press})


async def test_the_door_opens_to_the_printed_code_alone(client):
    assert "set-up" in (await client.get("/setup", headers={"accept-language": "en"})).text.lower()
    for step in Step:
        answer = await client.get(f"/setup/{step}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/setup")
        answer = await leave(client, step, **FOUNDER)
        assert answer.headers["location"] == "/setup"
    for wrong in ("AAAA-AAAA-AAAA", ""):
        refused = await client.post("/setup", data={"code": wrong})
        assert (refused.status_code, "data-errors" in refused.text) == (422, True)
    client.cookies.set("setup", "0" * 64, domain="127.0.0.1", path="/setup")
    assert (await client.get("/setup/organisation")).status_code == 303
    assert await fetch_value("SELECT count(*) FROM person") == 0


async def test_guessing_the_code_is_slowed_down(client):
    for _ in range(20):
        assert (await client.post("/setup", data={"code": "AAAA-AAAA-AAAA"})).status_code == 422
    assert (await client.post("/setup", data={"code": await queries.code()})).status_code == 429


async def test_from_the_code_to_the_first_page_of_the_administrator(inside):
    assert (await leave(inside, "organisation", **ORGANISATION)).headers["location"] == "/setup/zone"
    assert (await leave(inside, "zone", time_zone="Asia/Vladivostok")).headers["location"] == "/setup/mail"
    assert (await leave(inside, "mail", press="skip")).headers["location"] == "/setup/demo"
    assert (await leave(inside, "demo", begin="empty")).headers["location"] == "/setup/administrator"
    answer = await leave(inside, "administrator", **FOUNDER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    home = await inside.get("/")
    assert home.status_code == 200
    assert "Школа управления" in home.text
    who = await fetch_one("SELECT p.*, g.role FROM person p JOIN role_grant g ON g.person = p.id")
    assert (who["email"], who["time_zone"], who["role"]) == ("anna@example.org", "Asia/Vladivostok", "administrator")
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'installation.set_up'") == 1
    assert await fetch_value("SELECT draft::text || seed::text FROM installation") == "{}\\x"
    cast.sign_out(inside)
    signed = await inside.post(
        "/sign-in", data={"email": FOUNDER["email"], "password": FOUNDER["password"], "next": "/"}
    )
    assert signed.status_code == 303


async def test_it_never_comes_back(inside):
    mark = inside.cookies["setup"]
    assert (await leave(inside, "administrator", **FOUNDER)).headers["location"] == "/"
    cast.sign_out(inside)
    inside.cookies.set("setup", mark, domain="127.0.0.1", path="/setup")
    for address in ("/setup", *(f"/setup/{step}" for step in Step)):
        assert (await inside.get(address)).status_code == 404
    assert (await leave(inside, "administrator", **{**FOUNDER, "email": "two@example.org"})).status_code == 404
    await execute("TRUNCATE person CASCADE")  # even when nobody is left
    assert not await queries.is_open()


async def test_who_is_in_the_database_already_closes_it(client):
    await cast.person("Олег Тихонов", "oleg@example.org")
    assert (await client.get("/setup")).status_code == 404
    assert "/setup" not in (await client.get("/sign-in")).text


async def test_the_way_in_of_an_empty_installation_leads_there(client):
    assert 'href="/setup"' in (await client.get("/sign-in")).text


async def test_nothing_typed_is_lost_on_the_way_back(inside):
    await leave(inside, "organisation", **ORGANISATION)
    await leave(inside, "zone", press="back", time_zone="Asia/Omsk")
    page = (await inside.get("/setup/organisation")).text
    assert "Школа управления" in page
    assert "по будням с 9 до 18" in page
    assert 'value="Asia/Omsk" selected' in (await inside.get("/setup/zone")).text
    await leave(inside, "administrator", press="back", name="Анна", email="не адрес", password="secret words here")
    page = (await inside.get("/setup/administrator")).text
    assert "не адрес" in page
    assert "secret words here" not in page
    assert "secret words here" not in await fetch_value("SELECT draft::text FROM installation")


async def test_a_page_left_out_is_remembered_and_says_nothing(inside):
    await leave(inside, "organisation", press="skip", name_ru="Недописан")
    page = (await inside.get("/setup/organisation", headers={"accept-language": "en"})).text
    assert "left this page out" in page
    assert "Недописан" in page
    assert (await queries.progress()).owner == Owner()
    assert (await inside.get("/setup")).headers["location"] == "/setup/zone"


async def test_faults_stand_at_their_fields(inside):
    assert (await leave(inside, "organisation", name_ru="")).status_code == 422
    assert (await leave(inside, "zone", time_zone="Mars/Base")).status_code == 422
    answer = await leave(inside, "administrator", name="Анна", email="a@example.org", password="коротко")
    assert answer.status_code == 422
    assert await fetch_value("SELECT count(*) FROM person") == 0
    assert (await leave(inside, "no-such-page")).status_code == 404


async def test_of_two_at_once_one_becomes_the_administrator(pool):
    await actions.keep(Step.ZONE, Page({"time_zone": "Europe/Moscow"}))
    tries = [actions.found(Founder(f"Имя {n}", f"n{n}@example.org", cast.PASSWORD)) for n in range(2)]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(each) for each in ended if isinstance(each, Exception)) == [Refused]
    assert await fetch_value("SELECT count(*) FROM person") == 1
    assert await fetch_value("SELECT count(*) FROM role_grant WHERE role = 'administrator'") == 1


async def test_without_the_lock_there_would_be_two(monkeypatch, pool):
    """The race is real: with nothing to wait for, both find the installation empty."""
    monkeypatch.setattr(actions, "CLOSE", "SELECT $1::bigint")
    both = asyncio.Barrier(2)
    original = actions._administrator

    async def together(*arguments):
        await both.wait()
        return await original(*arguments)

    monkeypatch.setattr(actions, "_administrator", together)
    await queries.code()
    tries = [actions.found(Founder(f"Имя {n}", f"n{n}@example.org", cast.PASSWORD)) for n in range(2)]
    await asyncio.gather(*tries, return_exceptions=True)
    assert await fetch_value("SELECT count(*) FROM person") == 2


async def test_the_demonstration_comes_with_the_last_press(inside, monkeypatch):
    told = []

    async def tell():
        told.append(await fetch_value("SELECT count(*) FROM person"))

    monkeypatch.setattr(actions, "DEMO", [tell])
    await leave(inside, "demo", begin="demo")
    assert told == []
    await leave(inside, "administrator", **FOUNDER)
    assert told == [0]  # into an empty database


async def test_a_demonstration_that_fails_leaves_everything_as_it_was(inside, monkeypatch):
    async def fail():
        await cast.person("Кто-то", "someone@example.org")
        raise asyncpg.UniqueViolationError("a fault")

    monkeypatch.setattr(actions, "DEMO", [fail])
    await leave(inside, "demo", begin="demo")
    assert (await leave(inside, "administrator", **FOUNDER)).status_code == 500
    assert await fetch_value("SELECT count(*) FROM person") == 0
    assert await queries.is_open()


def test_where_one_left_off():
    assert Progress({}).current is Step.ORGANISATION
