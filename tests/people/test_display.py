"""Display settings: kept for guests in a cookie and for people in the account too, written into the page by the server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cast
from incubator.foundation import display
from incubator.foundation.database import fetch_value
from incubator.people.rights import Role, Scope

pytestmark = pytest.mark.usefixtures("db")
CHOSEN = {"theme": "contrast", "text": "200", "spacing": "wide", "motion": "none", "keys": "none"}
KEPT = "theme-contrast.text-200.spacing-wide.motion-none.keys-none"


@given(st.text(max_size=300))
def test_whatever_a_cookie_says_only_what_can_be_chosen_counts(text):
    chosen = display.read(text)
    assert all(value in display.CHOICES[name] for name, value in chosen.items())
    assert display.read(display.write(chosen)) == chosen


def test_the_largest_choice_fits_the_account():
    assert display.write(CHOSEN) == KEPT
    assert len(KEPT) <= 80
    assert display.read(KEPT) == CHOSEN


async def test_a_guest_without_scripts_chooses_and_sees_it_at_once(client):
    answer = await client.post("/display", data={**CHOSEN, "next": "/help"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/help")
    page = (await client.get("/help")).text
    assert '<html lang="ru" data-theme="contrast" data-text="200" data-spacing="wide" data-motion="none"' in page
    assert 'value="200" checked' in (await client.get("/display")).text
    await client.post("/display", data={"next": "//elsewhere.example"})
    assert '<html lang="ru">' in (await client.get("/help")).text


async def test_the_account_brings_it_to_another_browser(client):
    who = await cast.person("Анна Ветрова", "anna@example.org", cast.PASSWORD)
    await cast.give(who, Role.ADMINISTRATOR, Scope.PLATFORM)
    await cast.sign_in(client, who)
    quiet = await client.post("/display", data={"theme": "dark"}, headers={"x-autosave": "1"})
    assert quiet.status_code == 204
    assert await fetch_value("SELECT display FROM person WHERE id = $1", who.id) == "theme-dark"
    cast.sign_out(client)
    await client.post("/sign-in", data={"email": who.email, "password": cast.PASSWORD, "next": "/"})
    assert 'data-theme="dark"' in (await client.get("/people")).text


@pytest.mark.parametrize("wrong", [{"theme": "pink"}, {"text": "900"}, {"colour": "red"}])
async def test_what_nobody_can_choose_is_refused(client, wrong):
    answer = await client.post("/display", data=wrong)
    assert answer.status_code == 400
    assert "display" not in answer.cookies
