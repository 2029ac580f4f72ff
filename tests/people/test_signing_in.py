"""The door: right and wrong passwords, sessions that rotate and end, where one goes after it, the language."""

import re

import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_value
from incubator.foundation.refusals import Refused
from incubator.people import erasing, passwords, queries, sessions

EMAIL = "anna@example.org"


@pytest.fixture
async def anna(db):
    return await cast.person("Анна Ветрова", EMAIL, cast.PASSWORD)


async def enter(client, email=EMAIL, password=cast.PASSWORD, **more):
    return await client.post("/sign-in", data={"email": email, "password": password, **more})


async def test_the_right_password_opens_a_session(client, anna):
    page = await client.get("/sign-in")
    assert page.status_code == 200 and 'autocomplete="current-password"' in page.text
    assert "set-cookie" not in page.headers
    answer = await enter(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    token = client.cookies["session"]
    row = (await fetch("SELECT person, token_hash FROM session"))[0]
    assert row["person"] == anna.id
    assert row["token_hash"] == queries.token_fingerprint(token) and token.encode() not in bytes(row["token_hash"])
    assert (await client.get("/profile")).status_code == 200
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'person.signed_in'") == 1


@pytest.mark.parametrize(
    ("email", "password"), [(EMAIL, "семь сов на дубе"), ("nobody@example.org", cast.PASSWORD), (EMAIL.upper(), "x")]
)
async def test_a_wrong_pair_is_one_answer_for_all(client, anna, email, password):
    answer = await enter(client, email, password)
    assert answer.status_code == 422
    assert "не подходят друг к другу" in answer.text and "session" not in client.cookies
    assert await fetch_value("SELECT count(*) FROM session") == 0


async def test_known_and_unknown_addresses_read_the_same(client, anna):
    known, unknown = (
        await enter(client, EMAIL, "не тот пароль"),
        await enter(client, "kto@example.org", "не тот пароль"),
    )
    assert known.text.replace(EMAIL, "") == unknown.text.replace("kto@example.org", "")


async def test_an_address_is_known_in_any_case(client, anna):
    assert (await enter(client, " Anna@Example.ORG ")).status_code == 303


async def test_a_closed_account_and_one_without_password_stay_out(client, anna):
    await cast.person("Борис Лагутин", "boris@example.org")
    await execute("UPDATE person SET deactivated_at = now() WHERE email = $1", EMAIL)
    assert (await enter(client)).status_code == 422
    assert (await enter(client, "boris@example.org")).status_code == 422


async def test_a_planted_session_id_is_never_taken_over(client, anna):
    client.cookies.set("session", "attackerchosen", domain="127.0.0.1")
    await enter(client)
    assert client.cookies["session"] != "attackerchosen"
    assert await sessions.load("attackerchosen") is None


async def test_signing_in_again_ends_the_session_before(client, anna):
    await enter(client)
    before = client.cookies["session"]
    answer = await enter(client)
    assert answer.status_code == 400, "a signed-in browser's form needs its token"
    assert (await client.get("/sign-in")).status_code == 303
    await cast.sign_in(client, anna)
    await enter(client)
    assert await fetch_value("SELECT count(*) FROM session") == 2
    assert await sessions.load(before) is not None


@pytest.mark.parametrize(
    ("wanted", "goal"),
    [
        ("/teams/1?x=1", "/teams/1?x=1"), ("//evil.example", "/"), ("/\\evil.example", "/"), ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"), ("evil", "/"), ("", "/"), ("/a\\b", "/"), ("///evil.example", "/"),
    ],
)  # fmt: skip
async def test_one_goes_on_only_inside_the_site(client, anna, wanted, goal):
    assert (await enter(client, next=wanted)).headers["location"] == goal
    await cast.sign_in(client, anna)
    assert (await client.get("/sign-in", params={"next": wanted})).headers["location"] == goal


async def test_a_visitor_is_sent_to_the_door_and_back(client, anna):
    sent = await client.get("/profile")
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=/profile")
    page = await client.get(sent.headers["location"])
    assert 'name="next" value="/profile"' in page.text


async def test_signing_out_ends_the_session_and_empties_the_cache(client, anna):
    await cast.sign_in(client, anna)
    token = client.cookies["session"]
    answer = await client.post("/sign-out")
    assert answer.headers["clear-site-data"] == '"cache"'
    assert answer.headers["location"].startswith("/sign-in")
    assert await sessions.load(token) is None
    client.cookies.set("session", token, domain="127.0.0.1")
    assert (await client.get("/profile")).status_code == 303


async def test_signing_out_everywhere_keeps_only_this_browser_in_a_new_session(client, anna):
    elsewhere = await sessions.begin(anna.id)
    await cast.sign_in(client, anna)
    before = client.cookies["session"]
    answer = await client.post("/profile/sessions")
    assert answer.status_code == 303
    assert await sessions.load(elsewhere) is None
    assert await sessions.load(before) is None
    client.headers.pop("x-csrf-token")
    assert "Все остальные сеансы завершены" in (await client.get("/profile")).text
    assert "Все остальные сеансы завершены" not in (await client.get("/profile")).text


async def test_an_old_hash_is_made_anew_at_sign_in(client, anna):
    weak = passwords.PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(cast.PASSWORD)
    await execute("UPDATE person SET password_hash = $1", weak)
    assert (await enter(client)).status_code == 303
    renewed = await fetch_value("SELECT password_hash FROM person")
    assert renewed != weak and not passwords.outdated(renewed)
    assert (await enter(cast.sign_out(client))).status_code == 303


async def test_sessions_end_by_age_and_by_rest(client, anna):
    for column, past in (("expires_at", "1 second"), ("seen_at", "8 days")):
        await cast.sign_in(client, anna)
        assert (await client.get("/profile")).status_code == 200
        await execute(f"UPDATE session SET {column} = now() - interval '{past}'")
        assert (await client.get("/profile")).status_code == 303


async def test_at_a_shared_computer_the_session_is_short_and_the_browser_holds_nothing(client, anna):
    answer = await enter(client, shared="on")
    cookies = answer.headers.get_list("set-cookie")
    assert [each.partition("=")[0] for each in cookies] == ["session"]  # no mark of a known browser
    assert "max-age" not in cookies[0].lower()
    assert await fetch_value("SELECT expires_at - created_at <= $1 FROM session", sessions.SHARED_LASTS)
    page = await client.get("/profile")
    assert 'data-seal=""' in page.text
    await execute("UPDATE session SET seen_at = now() - $1::interval * 0.9", sessions.SHARED_IDLE)
    assert (await client.get("/profile")).status_code == 200
    await execute("UPDATE session SET seen_at = now() - $1::interval", sessions.SHARED_IDLE)
    assert (await client.get("/profile")).status_code == 303


async def test_a_shared_computer_stays_one_when_the_session_is_renewed(client, anna):
    await enter(client, shared="on")
    token = sessions.csrf_token(queries.token_fingerprint(client.cookies["session"]))
    answer = await client.post("/profile/sessions", headers={"x-csrf-token": token})
    assert answer.status_code == 303 and "max-age" not in answer.headers["set-cookie"].lower()
    assert 'data-seal=""' in (await client.get("/profile")).text


async def test_roles_taken_away_count_at_the_next_request(client, db):
    admin = await cast.administrator()
    await cast.sign_in(client, admin)
    assert (await client.get("/people")).status_code == 200
    await execute("UPDATE role_grant SET revoked_at = now()")
    assert (await client.get("/people")).status_code == 404


async def test_a_form_of_another_session_changes_nothing(client, anna):
    boris = await cast.person("Борис Лагутин", "boris@example.org")
    await cast.sign_in(client, boris)
    foreign = client.headers["x-csrf-token"]
    await cast.sign_in(client, anna)
    own = client.headers.pop("x-csrf-token")
    data = {"name": "Другая", "locale": "ru", "time_zone": "Europe/Moscow"}
    for token, status in (("", 400), (foreign, 400), (own, 303)):
        assert (await client.post("/profile", data={**data, "_csrf": token})).status_code == status
    cross = {"sec-fetch-site": "cross-site", "x-csrf-token": own}
    assert (await client.post("/profile", data=data, headers=cross)).status_code == 403


async def test_the_sign_in_form_of_another_site_is_refused(client, anna):
    data = {"email": EMAIL, "password": cast.PASSWORD}
    for header in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert (await client.post("/sign-in", data=data, headers=header)).status_code == 403
    assert await fetch_value("SELECT count(*) FROM session") == 0


async def test_fields_that_nobody_asked_for_are_refused(client, anna):
    assert (await enter(client, role="administrator")).status_code == 400
    twice = b"email=a%40b.ru&email=anna%40example.org&password=x"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert (await client.post("/sign-in", content=twice, headers=kind)).status_code == 400


async def test_a_visitor_chooses_a_language_by_cookie_and_a_person_for_good(client, anna):
    assert 'lang="ru"' in (await client.get("/sign-in")).text
    answer = await client.post("/language", data={"locale": "en", "next": "/sign-in"})
    assert answer.headers["location"] == "/sign-in"
    assert 'lang="en"' in (await client.get("/sign-in")).text
    assert (await client.post("/language", data={"locale": "en", "next": "//evil.example"})).headers["location"] == "/"
    assert (await client.post("/language", data={"locale": "xx"})).status_code == 400
    await cast.sign_in(client, anna)
    assert 'lang="ru"' in (await client.get("/profile")).text
    await client.post("/language", data={"locale": "en", "next": "/profile"})
    assert 'lang="en"' in (await client.get("/profile")).text


async def test_a_flash_is_shown_once_by_a_whole_page(client, anna):
    await cast.sign_in(client, anna)
    await sessions.flash(await sessions.load(client.cookies["session"]), "success", "Готово <b>")
    part = {"hx-request": "true", "hx-request-type": "partial"}
    await client.get("/profile", headers=part)
    assert "Готово &lt;b&gt;" in (await client.get("/profile")).text
    assert "Готово" not in (await client.get("/profile")).text


async def test_a_session_knows_when_it_was_last_used(client, anna):
    await cast.sign_in(client, anna)
    await execute("UPDATE session SET seen_at = now() - interval '1 hour'")
    await client.get("/profile")
    assert await fetch_value("SELECT seen_at > now() - interval '1 minute' FROM session")


async def test_several_cookie_headers_are_one(client, anna):
    token = await sessions.begin(anna.id)
    answer = await client.get("/profile", headers=[("cookie", "lang=en"), ("cookie", f"session={token}")])
    assert answer.status_code == 200


async def test_without_a_database_a_signed_in_page_is_503_and_a_static_file_is_there(client, anna):
    from incubator.foundation import pages
    from incubator.foundation.database import DB

    await cast.sign_in(client, anna)
    pool, DB.pool = DB.pool, None
    try:
        assert (await client.get("/profile")).status_code in {500, 503}
        assert (await client.get(pages.static().address("css/base.css"))).status_code == 200
    finally:
        DB.pool = pool


async def test_on_https_the_cookies_are_bound_to_the_host(client, anna, monkeypatch):
    import os

    from incubator import settings as settings_module

    monkeypatch.setitem(os.environ, "PUBLIC_URL", "https://incubator.example")
    settings_module.settings.cache_clear()
    try:
        made = [sessions.cookie("x").to_header(header=""), sessions.device_cookie(anna.id).to_header(header="")]
    finally:
        monkeypatch.undo()
        settings_module.settings.cache_clear()
    for header in made:
        assert header.startswith("__Host-") and "Secure" in header and "HttpOnly" in header and "Path=/" in header
        assert "SameSite=lax" in header and "Domain" not in header


# One's own data


async def test_one_takes_what_is_kept_about_oneself(client, anna):
    import io
    import json
    import zipfile

    boris = await cast.person("Борис Лагутин", "boris@example.org")
    await cast.sign_in(client, anna)
    await client.post("/profile", data={"name": "Анна Ветрова", "locale": "ru", "time_zone": "Europe/Moscow"})
    answer = await client.post("/profile/data")
    assert "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        text = archive.read("own-data.json").decode() + archive.read("own-data.html").decode()
        told = json.loads(archive.read("own-data.json"))
    assert told["account"][0]["email"] == EMAIL
    assert {"roles", "invitations", "letters", "sessions", "conflicts of interest", "acts"} < told.keys()
    assert [act["verb"] for act in told["acts"]] == ["person.profile_edited", "person.data_taken"]
    for secret in ("argon2", "token", "boris", str(boris.id)):
        assert secret not in text


async def test_one_asks_to_be_erased_and_the_administrator_sees_it(client, anna):
    await cast.sign_in(client, anna)
    assert (await client.post("/profile/deletion")).status_code == 303
    await cast.sign_in(client, await cast.administrator())
    assert "Просит удалить данные" in (await client.get(f"/people/{anna.id}")).text
    listed = (await client.get("/people")).text
    assert re.findall(r'href="/people/([0-9a-f-]{36})"', listed)[0] == str(anna.id), "before those who have come later"


async def test_one_who_asks_twice_asks_once_and_may_take_it_back(client, anna):
    administrator = await cast.administrator()
    await cast.sign_in(client, anna)
    for path in ("", "", "/recall", "/recall"):
        await client.post(f"/profile/deletion{path}")
        asked = "Отозвать просьбу" in (await client.get("/profile")).text
        assert asked is (path == "")
    written = "SELECT count(*) FROM journal_entry WHERE verb LIKE 'person.deletion_%'"
    assert await fetch_value(written) == 2
    with pytest.raises(Refused):
        await erasing.erase(await cast.viewer(administrator), anna.id)


@pytest.mark.parametrize("path", ["", "/data", "/deletion", "/deletion/recall", "/password", "/sessions"])
async def test_the_profile_is_closed_to_visitors(client, db, path):
    before = await cast.counts()
    assert (await client.post(f"/profile{path}", data={"name": "x"})).status_code == 401
    assert await cast.counts() == before


async def test_pages_of_a_session_are_kept_by_no_cache(client, anna):
    await cast.sign_in(client, anna)
    assert "no-store" in (await client.get("/profile")).headers["cache-control"]


async def test_the_viewer_is_read_in_one_statement(client, anna, counting):
    token = await sessions.begin(anna.id)
    with counting() as seen:
        await sessions.load(token)
    assert len(seen) == 1
