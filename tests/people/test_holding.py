"""A form whose session had ended, in a browser without scripts: its text comes through the sign-in, and to nobody else."""

import re
import time
from html import unescape

import pytest

import cast
from incubator.foundation.database import execute, fetch_value
from incubator.people import consents, holding, sessions
from incubator.people.consent_rules import Kind, Wording
from incubator.people.holding import Typed
from incubator.people.rights import Role, Scope

NAME = 'Анна "<b>Ветрова</b>"\r\nвторая строка'
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


@pytest.fixture
async def anna(db):
    return await cast.person("Анна Ветрова", "anna@example.org", cast.PASSWORD)


@pytest.fixture
async def boris(db):
    return await cast.person("Борис Лагутин", "boris@example.org", cast.PASSWORD)


def hidden(page):
    return [(name, unescape(value)) for name, value in HIDDEN.findall(page)]


async def enter(client, who, **more):
    """Sign in by the form, as a browser does it: without what only scripts send."""
    client.headers.pop("x-csrf-token", None)
    answer = await client.post("/sign-in", data={"email": who.email, "password": cast.PASSWORD, **more})
    assert answer.status_code in {200, 303}, answer.text
    return answer


async def profile(client):
    """The fields of the form on one's profile."""
    page = (await client.get("/profile")).text
    form = page[page.index('action="/profile"') :]
    csrf = dict(HIDDEN.findall(form[: form.index("</form>")]))["_csrf"]
    return {"_csrf": csrf, "name": NAME, "locale": "ru", "time_zone": "Europe/Moscow", "employer": ""}


async def sent_too_late(client, who, path="/profile", **more):
    """What comes of a form that was opened in a session and is sent when it has ended."""
    await enter(client, who)
    fields = {**await profile(client), **more}
    await execute("DELETE FROM session")
    return await client.post(path, data=fields, headers={"referer": "http://127.0.0.1:8000/profile?from=here"})


async def held(client, who, **more):
    answer = await sent_too_late(client, who, **more)
    assert answer.status_code == 401
    return dict(hidden(answer.text))


async def test_the_text_comes_through_the_sign_in_and_goes_only_when_pressed(client, anna):
    answer = await sent_too_late(client, anna)
    assert (answer.status_code, 'name="password"' in answer.text) == (401, True)
    assert "Ветрова</b>" not in unescape(answer.text), "whoever looks at the sign-in page reads nothing"
    fields = dict(hidden(answer.text))
    assert fields["next"] == "/profile?from=here"
    wrong = await client.post("/sign-in", data={"email": anna.email, "password": "не тот пароль", **fields})
    assert (wrong.status_code, dict(hidden(wrong.text))["held"]) == (422, fields["held"])
    back = await enter(client, anna, **fields)
    assert back.status_code == 200
    assert await fetch_value("SELECT name FROM person WHERE id = $1", anna.id) == "Анна Ветрова", "nothing by itself"
    assert "&lt;b&gt;Ветрова" in back.text and "<b>Ветрова" not in back.text
    assert 'action="/profile"' in back.text and 'href="/profile?from=here"' in back.text
    form = back.text[back.text.index('action="/profile"') :]
    again = dict(hidden(form[: form.index("</form>")]))
    assert again["name"] == NAME
    answer = await client.post("/profile", data={**again, "name": "Анна Ветрова-Лагутина"})
    assert answer.status_code == 303
    assert await fetch_value("SELECT name FROM person WHERE id = $1", anna.id) == "Анна Ветрова-Лагутина"


async def test_who_is_asked_for_a_consent_at_the_sign_in_finds_the_text_behind_it(client, anna):
    await cast.give(anna, Role.ADMINISTRATOR, Scope.PLATFORM)
    fields = await held(client, anna)
    said = Wording(Kind.PERSONAL_DATA, "Согласие", "Consent", "Я согласен.", "I agree.", frozenset(Role), required=True)
    document = await consents.write_document(await cast.viewer(await cast.administrator()), said, 0)
    asked = await enter(client, anna, **fields)
    assert 'action="/consents"' in asked.text and "вторая строка" not in asked.text
    form = dict(hidden(asked.text))
    refused = await client.post("/consents", data=form)
    assert (refused.status_code, dict(hidden(refused.text))["held"]) == (422, form["held"]), "nor is it lost then"
    back = await client.post("/consents", data={**form, f"agree-{document.hex}": "on"})
    assert (back.status_code, "&lt;b&gt;Ветрова" in back.text) == (200, True)
    again = dict(hidden(back.text[back.text.index('action="/profile"') :]))
    assert (await client.post("/profile", data={**again, "name": "Анна Лагутина"})).status_code == 303
    assert await fetch_value("SELECT name FROM person WHERE id = $1", anna.id) == "Анна Лагутина"


async def test_who_signs_in_instead_gets_none_of_it(client, anna, boris):
    fields = await held(client, anna)
    answer = await enter(client, boris, **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/profile?from=here")
    assert "Ветрова" not in (await client.get("/profile")).text


async def test_a_form_of_the_one_before_is_not_held_for_the_next(client, anna, boris):
    """Anna's session has ended, Boris has signed in, and his has ended too; her page is still open in a tab."""
    await enter(client, anna)
    fields = await profile(client)
    await execute("DELETE FROM session")
    await enter(client, boris)
    await execute("DELETE FROM session")
    answer = await client.post("/profile", data=fields)
    assert answer.status_code == 401
    assert 'name="held"' not in answer.text


async def test_in_another_browser_it_does_not_open(client, anna):
    fields = await held(client, anna)
    client.cookies.clear()
    assert (await enter(client, anna, **fields)).status_code == 303


async def test_passwords_and_forms_without_a_token_are_not_held(client, anna):
    fields = await held(client, anna, current="x", password="семь сов на сосне", proof="семь сов")
    back = await enter(client, anna, held=fields["held"])
    form = back.text[back.text.index('action="/profile"') :]
    assert not {name for name, _ in hidden(form)} & holding.SECRET_FIELDS
    assert "семь сов" not in back.text
    await execute("DELETE FROM session")
    assert 'name="held"' not in (await sent_too_late(client, anna, _csrf="")).text
    assert 'name="held"' not in (await sent_too_late(client, anna, _csrf="x" * 32)).text


async def test_what_is_too_long_is_said_to_be(client, anna):
    import secrets

    page = (await sent_too_late(client, anna, name=secrets.token_hex(100_000))).text
    assert 'name="held"' not in page
    assert "слишком длинный" in page
    assert (await sent_too_late(client, anna, name="я" * 60_000)).status_code == 401


async def test_at_a_shared_computer_nothing_is_held_not_even_for_who_calls_it_his_own(client, anna, boris):
    await enter(client, anna)
    await execute("DELETE FROM session")
    await enter(client, boris, shared="on")
    fields = await profile(client)
    await execute("DELETE FROM session")
    answer = await client.post("/profile", data=fields)
    assert answer.status_code == 401
    assert 'name="held"' not in answer.text


async def test_files_are_asked_for_again(client, anna):
    await enter(client, anna)
    fields = await profile(client)
    await execute("DELETE FROM session")
    answer = await client.post("/profile", data=fields, files={"scan": ("a.pdf", cast.PDF)})
    back = await enter(client, anna, held=dict(hidden(answer.text))["held"])
    assert "Файлы нужно выбрать заново" in back.text
    assert 'name="scan"' not in back.text


@pytest.mark.parametrize(
    "referer", ["https://evil.example/x", "", "http://127.0.0.1:8000//evil.example", "x\\y", "http://["]
)
async def test_the_way_back_is_of_this_site(client, anna, referer):
    await enter(client, anna)
    fields = await profile(client)
    await execute("DELETE FROM session")
    answer = await client.post("/profile", data=fields, headers={"referer": referer})
    assert dict(hidden(answer.text))["next"] == "/"


async def test_programs_and_parts_of_pages_get_the_plain_refusal(client, anna):
    await enter(client, anna)
    fields = await profile(client)
    await execute("DELETE FROM session")
    for headers in ({"x-autosave": "1"}, {"hx-request": "true"}, {"accept": "application/json"}):
        answer = await client.post("/profile", data=fields, headers=headers)
        assert (answer.status_code, "held" in answer.text) == (401, False)


# --- The seal ---------------------------------------------------------------------------------------------------------

TYPED = Typed("/profile", "/profile?x=1", (("name", "Анна"), ("name", "й\r\nц"), ("empty", "")), True)


def test_it_opens_for_the_person_in_the_browser_within_a_day():
    one, other, now = cast.new_id(), cast.new_id(), int(time.time())
    device = sessions.device_cookie(one).value
    text = holding.sealed(TYPED, device, now)
    assert holding.opened(text, device, one, now + 5) == TYPED
    assert holding.sealed(TYPED, device, now) != text
    assert holding.opened(text, device, other, now) is None
    assert holding.opened(text, sessions.device_cookie(one).value, one, now) is None
    assert holding.opened(text, device, one, now + holding.LASTS + 1) is None
    assert holding.opened(text, device, one, now - 1) is None


def test_what_was_changed_on_the_way_does_not_open():
    one, now = cast.new_id(), int(time.time())
    device = sessions.device_cookie(one).value
    text = holding.sealed(TYPED, device, now)
    for place in range(0, len(text), 7):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        assert holding.opened(changed, device, one, now) is None
    for rubbish in ("", "x", "A" * 64, "я", text[:-4], text + "AAAA", "=" * 8):
        assert holding.opened(rubbish, device, one, now) is None


def test_every_field_for_a_password_is_known():
    from pathlib import Path

    templates = Path(__file__).parents[2] / "templates"
    names = {
        name
        for page in templates.rglob("*.html")
        for name in re.findall(r"f\.password\(\w+, \"(\w+)\"", page.read_text())
    }
    assert names and names == holding.SECRET_FIELDS
