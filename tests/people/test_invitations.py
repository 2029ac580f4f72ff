"""Invitations: opening the link changes nothing, one use, the right address, paper codes, roles that exclude each other."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

import cast
from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value
from incubator.foundation.refusals import NotFound, Refused
from incubator.people import accounts, actions, rules, sessions
from incubator.people.rights import Role, Scope

EMAIL = "new@example.org"
NEW = {"name": "Пётр Ёлкин", "time_zone": "Asia/Omsk", "password": cast.PASSWORD}
COHORT = uuid4()


async def offer(role=Role.JUROR, email=EMAIL, scope=Scope.COHORT, where=COHORT, cohort=COHORT, by=None):
    async with DB.transaction():
        return await actions.offer_role(
            by, email=email, name="Пётр", role=role, scope=scope, scope_id=where, cohort=cohort, at=await cast.now()
        )


def link(offered):
    return f"/invitation/{offered.token}"


async def held(email=EMAIL):
    return await fetch(
        "SELECT g.role, g.scope_id FROM role_grant g JOIN person p ON p.id = g.person WHERE p.email = $1 AND g.revoked_at IS NULL",
        email,
    )


async def test_opening_the_link_changes_nothing(client, db):
    inviter = await cast.person("Ольга Сомова", "olga@example.org")
    offered = await offer(by=inviter.id)
    before = await cast.counts()
    for _ in range(3):
        page = await client.get(link(offered))
        await client.head(link(offered))
    assert page.status_code == 200
    assert "Ольга Сомова" in page.text and "Эксперт" in page.text and EMAIL in page.text
    assert await cast.counts() == before
    assert await fetch_value("SELECT accepted_at FROM invitation") is None


async def test_a_new_person_gets_account_role_and_session(client, db):
    offered = await offer()
    answer = await client.post(link(offered), data=NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    person = await fetch_one("SELECT * FROM person")
    assert (person["email"], person["name"], person["time_zone"], person["locale"]) == (
        EMAIL,
        "Пётр Ёлкин",
        "Asia/Omsk",
        "ru",
    )
    assert person["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert [tuple(row) for row in await held()] == [("juror", COHORT)]
    assert (await client.get("/profile")).status_code == 200
    entry = await fetch_one("SELECT * FROM journal_entry WHERE verb = 'invitation.accepted'")
    assert (entry["actor"], entry["subject"], entry["cohort"]) == (person["id"], offered.invitation_id, COHORT)


async def test_a_link_is_used_once(client, db):
    offered = await offer()
    await client.post(link(offered), data=NEW)
    cast.sign_out(client)
    assert (await client.get(link(offered))).status_code == 410
    again = await client.post(link(offered), data={**NEW, "password": "совсем другой пароль"})
    assert again.status_code == 401
    assert await fetch_value("SELECT count(*) FROM role_grant") == 1


async def test_two_clicks_at_once_are_one_acceptance(client, db):
    offered = await offer()
    accounts_made = await asyncio.gather(
        *(
            accounts.join(offered.token, rules.NewAccount("Пётр", "Asia/Omsk", cast.PASSWORD), accounts.Visitor("::1"))
            for _ in range(4)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, tuple) for each in accounts_made) == 1
    assert await fetch_value("SELECT count(*) FROM role_grant") == 1
    assert await fetch_value("SELECT count(*) FROM session") == 1


async def test_a_known_person_signs_in_and_accepts(client, db):
    petr = await cast.person("Пётр Ёлкин", EMAIL, cast.PASSWORD)
    offered = await offer()
    page = await client.get(link(offered))
    assert f"/sign-in?next={link(offered)}" in page.text and 'name="password"' not in page.text
    assert (await client.post(link(offered), data=NEW)).status_code == 401
    assert await held() == []
    await cast.sign_in(client, petr)
    assert "<form" in (await client.get(link(offered))).text
    answer = await client.post(link(offered))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert [tuple(row) for row in await held()] == [("juror", COHORT)]


async def test_a_forwarded_link_lets_no_stranger_in(client, db):
    offered = await offer()
    stranger = await cast.person("Чужой", "stranger@example.org")
    await cast.sign_in(client, stranger)
    before = await cast.counts()
    for answer in (await client.get(link(offered)), await client.post(link(offered))):
        assert answer.status_code == 403 and EMAIL not in answer.text
    assert await cast.counts() == before


async def test_an_account_without_a_password_gets_one_with_the_link(client, db):
    await cast.person("Пётр", EMAIL)
    offered = await offer()
    assert (await client.post(link(offered), data=NEW)).status_code == 303
    assert await fetch_value("SELECT count(*) FROM person") == 1
    assert await fetch_value("SELECT name FROM person") == "Пётр Ёлкин"


@pytest.mark.parametrize("change", ["revoked_at = now()", "expires_at = now() - interval '1 s'", "accepted_at = now()"])
async def test_a_closed_invitation_says_why_and_gives_nothing(client, db, change):
    offered = await offer()
    await execute(f"UPDATE invitation SET {change}")
    page = await client.get(link(offered))
    assert page.status_code == 410 and '<form method="post" action="/invitation' not in page.text
    assert (await client.post(link(offered), data=NEW)).status_code == 409 or change.startswith("accepted")
    assert await fetch_value("SELECT count(*) FROM role_grant") == 0
    assert await fetch_value("SELECT count(*) FROM person") == 0


async def test_a_closed_account_accepts_nothing(client, db):
    await cast.person("Пётр", EMAIL)
    await execute("UPDATE person SET deactivated_at = now()")
    offered = await offer()
    assert (await client.get(link(offered))).status_code == 410
    assert (await client.post(link(offered), data=NEW)).status_code == 409
    assert await fetch_value("SELECT password_hash FROM person") is None


async def test_an_invented_link_is_no_page(client, db):
    assert (await client.get("/invitation/nonsense")).status_code == 404
    assert (await client.post("/invitation/nonsense", data=NEW)).status_code == 404


async def test_a_new_offer_of_the_same_closes_the_old_link(client, db):
    first = await offer()
    second = await offer()
    assert (await client.get(link(first))).status_code == 410
    assert (await client.get(link(second))).status_code == 200
    assert (await client.get(link(await offer(Role.MODERATOR)))).status_code == 200
    assert (await client.get(link(second))).status_code == 200, "another role is another offer"


@pytest.mark.parametrize(
    ("password", "part"),
    [
        ("коротко", "10"),
        (EMAIL, "адрес"),
        ("1234567890", "распространён"),
        ("ЙЦУКЕНГШЩЗ", "распространён"),
        ("аааааааааааа", "повторя"),
        ("", ""),
    ],
)
async def test_a_bad_password_is_explained_and_what_was_typed_stays(client, db, password, part):
    offered = await offer()
    page = await client.post(link(offered), data={**NEW, "password": password})
    assert page.status_code == 422 and part in page.text
    assert "Пётр Ёлкин" in page.text and (password in {"", EMAIL} or password not in page.text)
    assert await fetch_value("SELECT count(*) FROM person") == 0


async def test_tokens_and_codes_are_kept_as_hashes(client, db):
    offered = await offer()
    row = dict(await fetch_one("SELECT * FROM invitation"))
    assert offered.token not in str(row) and offered.code.replace("-", "") not in str(row)
    assert len(row["token_hash"]) == len(row["code_hash"]) == 32


# Paper


async def test_a_code_is_read_in_any_case_with_spaces_and_from_a_russian_keyboard(client, db):
    offered = await offer()
    plain = offered.code.replace("-", "")
    typed = [
        offered.code,
        plain.lower(),
        " ".join(plain),
        plain.translate(str.maketrans("ACEHKMPTXY", "АСЕНКМРТХУ")).lower(),
    ]
    for each in typed:
        answer = await client.post("/code", data={"code": each})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/invitation/{plain}"), each
    assert (await client.get(f"/invitation/{plain}")).status_code == 200
    assert (await client.post(f"/invitation/{plain}", data=NEW)).status_code == 303
    assert [tuple(row) for row in await held()] == [("juror", COHORT)]


def test_codes_have_no_letters_that_look_alike():
    assert not set(rules.CODE_LETTERS) & set("0O1IL2Z5S8BQ")
    assert rules.printed_code("ACDEFHJKMNPR") == "ACDE-FHJK-MNPR"
    for wrong in ("", "ACDE", "ACDE-FHJK-MNP0", "ACDEFHJKMNPRT"):
        assert rules.plain_code(wrong) == ""


async def test_codes_can_not_be_guessed_through(client, db):
    await offer()
    answers = [
        (await client.post("/code", data={"code": f"ACDEFHJKMN{a}{b}"})).status_code for a in "ACDEF" for b in "ACDEFH"
    ]
    assert answers.count(422) == 20 and answers[20:] == [429] * 10
    assert (await client.get("/invitation/ACDEFHJKMNPR")).status_code == 429
    assert (await client.post("/code", data={"code": "short"})).status_code == 429


async def test_right_codes_use_up_no_tries(client, db):
    offered = await offer()
    for _ in range(25):
        assert (await client.post("/code", data={"code": offered.code})).status_code == 303


# Roles that exclude each other


async def programme_with_cohort():
    programme, cohort = uuid4(), uuid4()
    await execute("INSERT INTO programme (id, name, created_at, demo) VALUES ($1, 'Школа', now(), false)", programme)
    await execute(
        "INSERT INTO cohort (id, programme, name, summary, time_zone, starts_on, places, min_members, max_members,"
        " eligible_positions, created_at) VALUES ($1, $2, 'Весна', '', 'Europe/Moscow', now()::date, 20, 1, 10, '{}', now())",
        cohort, programme,
    )  # fmt: skip
    return programme, cohort


async def test_a_juror_does_not_run_the_programme_he_judges(client, db):
    programme, cohort = await programme_with_cohort()
    _, elsewhere = await programme_with_cohort()
    petr = await cast.person("Пётр", EMAIL)
    await cast.give(petr, Role.JUROR, Scope.COHORT, cohort, cohort=cohort)
    with pytest.raises(Refused):
        await cast.give(petr, Role.ORGANISER, Scope.PROGRAMME, programme)
    with pytest.raises(Refused):
        await offer(Role.ORGANISER, scope=Scope.PROGRAMME, where=programme, cohort=None)
    olga = await cast.person("Ольга", "olga@example.org")
    await cast.give(olga, Role.ORGANISER, Scope.PROGRAMME, programme)
    with pytest.raises(Refused):
        await cast.give(olga, Role.JUROR, Scope.COHORT, cohort, cohort=cohort)
    await cast.give(olga, Role.JUROR, Scope.COHORT, elsewhere, cohort=elsewhere)


async def test_a_clash_that_came_up_after_the_offer_is_refused_at_acceptance(client, db):
    programme, cohort = await programme_with_cohort()
    petr = await cast.person("Пётр", EMAIL)
    offered = await offer(where=cohort, cohort=cohort)
    await cast.give(petr, Role.ORGANISER, Scope.PROGRAMME, programme)
    await cast.sign_in(client, petr)
    assert (await client.post(link(offered))).status_code == 409
    assert await fetch_value("SELECT accepted_at FROM invitation") is None


async def test_nobody_works_in_two_teams_of_a_cohort_or_checks_his_own(db):
    one, two, cohort, later = uuid4(), uuid4(), uuid4(), uuid4()
    petr = await cast.person("Пётр", EMAIL)
    await cast.give(petr, Role.PARTICIPANT, Scope.TEAM, one, cohort=cohort)
    for role, team in ((Role.PARTICIPANT, two), (Role.TEAM_LEAD, two), (Role.MODERATOR, one)):
        with pytest.raises(Refused):
            await cast.give(petr, role, Scope.TEAM, team, cohort=cohort)
    await cast.give(petr, Role.MODERATOR, Scope.TEAM, two, cohort=cohort)
    await cast.give(petr, Role.JUROR, Scope.COHORT, cohort, cohort=cohort)
    await cast.give(petr, Role.PARTICIPANT, Scope.TEAM, uuid4(), cohort=later)


async def test_two_teams_accepted_at_once_are_one(db):
    petr = await cast.person("Пётр", EMAIL)
    cohort = uuid4()
    done = await asyncio.gather(
        *(cast.give(petr, Role.PARTICIPANT, Scope.TEAM, uuid4(), cohort=cohort) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(not isinstance(each, Exception) for each in done) == 1


async def test_a_role_is_given_once_and_taken_once(db):
    petr, by = await cast.person("Пётр", EMAIL), await cast.person("Ольга", "olga@example.org")
    first = await cast.give(petr, Role.JUROR, Scope.COHORT, COHORT, cohort=COHORT)
    assert await cast.give(petr, Role.JUROR, Scope.COHORT, COHORT, cohort=COHORT) == first
    assert (await cast.viewer(petr)).holds(Role.JUROR, Scope.COHORT, COHORT)
    now = await cast.now()
    assert await actions.take_role(first, by.id, now)
    assert not await actions.take_role(first, by.id, now)
    assert not (await cast.viewer(petr)).grants
    assert await cast.give(petr, Role.JUROR, Scope.COHORT, COHORT, cohort=COHORT) != first


async def test_a_team_has_one_lead(db):
    team, cohort = uuid4(), uuid4()
    await cast.give(await cast.person("Лев", "lev@example.org"), Role.TEAM_LEAD, Scope.TEAM, team, cohort=cohort)
    with pytest.raises(Refused):
        await cast.give(await cast.person("Пётр", EMAIL), Role.TEAM_LEAD, Scope.TEAM, team, cohort=cohort)


# Conflicts of interest


async def test_a_conflict_is_declared_once_and_stays_on_record_when_lifted(db):
    petr, by = await cast.person("Пётр", EMAIL), await cast.person("Ольга", "olga@example.org")
    team, now = uuid4(), await cast.now()
    first = await actions.declare_conflict(petr.id, cohort=COHORT, team=team, reason="сосед", by=petr.id, at=now)
    assert await actions.declare_conflict(petr.id, cohort=COHORT, team=team, reason="ещё", by=petr.id, at=now) == first
    assert len((await cast.viewer(petr)).interests) == 1
    assert await actions.lift_conflict(first, reason="ошибка", by=by.id, at=now + timedelta(days=1))
    assert not await actions.lift_conflict(first, reason="ошибка", by=by.id, at=now)
    assert not (await cast.viewer(petr)).interests
    assert await fetch_value("SELECT reason || lift_reason FROM conflict_of_interest") == "соседошибка"
    assert (
        await actions.declare_conflict(petr.id, cohort=COHORT, team=team, reason="снова", by=petr.id, at=now) != first
    )


async def test_a_withdrawn_offer_can_not_be_accepted(client, db):
    offered = await offer()
    now = await cast.now()
    assert await actions.withdraw_offer(offered.invitation_id, now)
    assert not await actions.withdraw_offer(offered.invitation_id, now)
    assert (await client.get(link(offered))).status_code == 410


async def test_who_is_not_there_gets_no_role(db):
    petr = await cast.person("Пётр", EMAIL)
    await execute("UPDATE person SET deactivated_at = now()")
    for who in (petr, cast.Person(uuid4(), "Никто", "nobody@example.org")):
        with pytest.raises(NotFound):
            await cast.give(who, Role.JUROR, Scope.COHORT, COHORT, cohort=COHORT)
        with pytest.raises(NotFound):
            await cast.viewer(who)


@pytest.mark.parametrize(
    ("role", "scope", "cohort", "audience"),
    [
        (Role.JUROR, Scope.COHORT, COHORT, "jury"), (Role.MODERATOR, Scope.COHORT, COHORT, "staff"),
        (Role.ORGANISER, Scope.PROGRAMME, None, "platform"),
    ],
)  # fmt: skip
async def test_who_may_read_that_an_invitation_was_accepted(client, db, role, scope, cohort, audience):
    offered = await offer(role, scope=scope, cohort=cohort)
    await client.post(link(offered), data=NEW)
    assert await fetch_value("SELECT audience FROM journal_entry WHERE verb = 'invitation.accepted'") == audience


async def test_a_link_s_token_may_be_typed_as_a_code(client, db):
    offered = await offer()
    answer = await client.post("/code", data={"code": offered.token})
    assert answer.headers["location"] == link(offered)
    assert (await client.post("/code", data={"code": ""})).status_code == 422
    assert (await client.get("/code")).status_code == 200


async def test_sessions_of_a_visitor_end_with_his_joining(client, db):
    other = await cast.person("Ольга", "olga@example.org")
    token = await sessions.begin(other.id)
    offered = await offer()
    key = (await sessions.load(token)).session
    await accounts.join(
        offered.token, rules.NewAccount("Пётр", "Asia/Omsk", cast.PASSWORD), accounts.Visitor("::1", session=key)
    )
    assert await sessions.load(token) is None
