"""Letters on pages: organisers see their cohort's, the administrator the platform's, nobody a reset link."""

import html
import json
import re

import pytest

import cast
from incubator import settings as settings_module
from incubator.foundation import jobs
from incubator.foundation.database import DB, execute, fetch_one, fetch_value, new_id
from incubator.foundation.qr import qr
from incubator.notifications import queries
from incubator.people import accounts
from incubator.people.rights import Role, Scope

from .test_letters import invited, returned

# As juror_contacts.view in the authorisation matrix: letters hold addresses of jurors
LETTERS = {
    "visitor": 303, "member": 404, "lead": 404, "moderator": 404, "juror": 404, "organiser": 200, "conflicted": 200,
    "organiser_other": 404, "administrator": 403,
}  # fmt: skip


async def enter(client, school, role):
    if role == "visitor":
        return cast.sign_out(client)
    if role in {"member", "lead", "moderator", "organiser"}:
        return await cast.sign_in(client, getattr(school, role))
    who = await cast.person(f"Кто-то {role}", f"{role}@example.org")
    if role == "juror":
        await cast.give(who, Role.JUROR, Scope.COHORT, school.cohort, cohort=school.cohort)
    elif role == "administrator":
        await cast.give(who, Role.ADMINISTRATOR, Scope.PLATFORM)
    elif role == "conflicted":
        await cast.give(who, Role.ORGANISER, Scope.PROGRAMME, school.programme)
        await cast.give(who, Role.PARTICIPANT, Scope.TEAM, new_id(), cohort=school.cohort)
    else:
        other = new_id()
        await execute("INSERT INTO programme (id, name, created_at, demo) VALUES ($1, 'Другая', now(), false)", other)
        await cast.give(who, Role.ORGANISER, Scope.PROGRAMME, other)
    return await cast.sign_in(client, who)


@pytest.mark.parametrize("role", LETTERS)
async def test_letters_of_a_cohort_are_its_organisers(client, school, no_smtp, role):
    offer = await invited(school)
    await enter(client, school, role)
    page = await client.get(f"/cohorts/{school.cohort}/letters")
    assert page.status_code == LETTERS[role]
    assert (offer.token in page.text) is (LETTERS[role] == 200)


async def test_a_cohort_that_is_not_there_has_no_letters(client, school):
    await cast.sign_in(client, school.organiser)
    for path in (
        f"/cohorts/{new_id()}/letters",
        f"/cohorts/{school.programme}/letters",
        f"/cohorts/{school.team}/letters",
    ):
        assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("role", "status"),
    [
        *((role, 404) for role in ("member", "lead", "moderator", "juror")),
        ("visitor", 303),
        ("organiser", 403),
        ("administrator", 200),
    ],
)
async def test_letters_of_the_platform_are_the_administrator_s(client, school, no_smtp, role, status):
    await enter(client, school, role)
    assert (await client.get("/letters")).status_code == status


async def test_reset_links_are_shown_to_nobody(client, school, no_smtp):
    await accounts.ask_reset("lev@example.org", accounts.Visitor("192.0.2.1"))
    await jobs.drain()
    token = json.loads(await fetch_value("SELECT secret FROM letter"))["token"]
    await enter(client, school, "administrator")
    page = await client.get("/letters")
    assert "lev@example.org" in page.text and token not in page.text
    await cast.sign_in(client, school.organiser)
    page = await client.get(f"/cohorts/{school.cohort}/letters")
    assert token not in page.text and "lev@example.org" not in page.text


async def test_without_a_server_the_page_says_how_to_set_one(client, school, no_smtp):
    await cast.sign_in(client, school.organiser)
    page = await client.get(f"/cohorts/{school.cohort}/letters")
    assert "SMTP_URL" in page.text


async def test_with_a_server_nobody_is_told_to_set_one(client, school, mail):
    await cast.sign_in(client, school.organiser)
    assert "SMTP_URL" not in (await client.get(f"/cohorts/{school.cohort}/letters")).text


async def test_a_sent_letter_shows_no_link_any_more(client, school, mail):
    offer = await invited(school)
    await jobs.drain()
    await cast.sign_in(client, school.organiser)
    page = await client.get(f"/cohorts/{school.cohort}/letters")
    assert "new@example.org" in page.text and offer.token not in page.text and "/card" not in page.text


async def test_an_accepted_invitation_that_still_waits_is_not_needed(client, school, no_smtp):
    offer = await invited(school)
    await execute("UPDATE invitation SET accepted_at = now()")
    await cast.sign_in(client, school.organiser)
    page = await client.get(f"/cohorts/{school.cohort}/letters")
    assert "Больше не нужно" in page.text and offer.token not in page.text


async def test_letters_are_counted_and_filtered_by_state(client, school, mail):
    mail.to_recipient = ["550 5.1.1 no such user"]
    await returned(school)
    await jobs.drain()
    await cast.sign_in(client, school.organiser)
    address = f"/cohorts/{school.cohort}/letters"
    page = (await client.get(address)).text
    assert (
        "Все (2)" in page and "Отправлено (1)" in page and "Не отправлено (1)" in page and "Ждёт отправки (0)" in page
    )
    assert "Такого почтового ящика нет" in page and "550 5.1.1 no such user" in page
    for state, rows in (("sent", 1), ("failed", 1), ("waiting", 0), ("nonsense", 2)):
        assert (await client.get(address, params={"state": state})).text.count("<tr>") == (rows and rows + 1)


# Sending again


async def failed(school, mail):
    mail.to_recipient = ["550 no"]
    await invited(school)
    await jobs.drain()
    return await fetch_value("SELECT id FROM letter")


@pytest.mark.parametrize("role", LETTERS)
async def test_only_organisers_send_again(client, school, mail, role):
    letter = await failed(school, mail)
    await enter(client, school, role)
    before = await cast.counts()
    answer = await client.post(f"/letters/{letter}/again")
    assert answer.status_code == (
        303 if role in {"organiser", "conflicted"} else 401 if role == "visitor" else LETTERS[role]
    )
    if role not in {"organiser", "conflicted"}:
        assert await cast.counts() == before and await fetch_value("SELECT failed_at FROM letter") is not None
        return
    await jobs.drain()
    assert len(mail.letters) == 1 and await fetch_value("SELECT sent_at FROM letter") is not None


async def test_what_has_not_failed_is_not_sent_again(client, school, mail):
    await invited(school)
    letter = await fetch_value("SELECT id FROM letter")
    await cast.sign_in(client, school.organiser)
    assert (await client.post(f"/letters/{letter}/again")).status_code == 409
    await jobs.drain()
    assert (await client.post(f"/letters/{letter}/again")).status_code == 409
    assert (await client.post(f"/letters/{new_id()}/again")).status_code == 404


async def test_a_dead_link_is_not_sent_again(client, school, mail):
    letter = await failed(school, mail)
    await execute("UPDATE invitation SET revoked_at = now()")
    await cast.sign_in(client, school.organiser)
    assert (await client.post(f"/letters/{letter}/again")).status_code == 409


# The card


CARD = {**LETTERS, "lead": 200}


@pytest.mark.parametrize("role", CARD)
async def test_the_card_of_a_team_invitation_is_for_organisers_and_the_lead(client, school, no_smtp, role):
    offer = await team_invitation(school)
    await enter(client, school, role)
    page = await client.get(f"/invitations/{offer.invitation_id}/card")
    assert page.status_code == CARD[role]
    assert (offer.code in page.text) is (CARD[role] == 200)


async def team_invitation(school):
    from incubator.journal.actions import Audience, record
    from incubator.people.actions import offer_role

    async with DB.transaction():
        now = await cast.now()
        offer = await offer_role(
            school.lead.id, email="paper@example.org", name="Иван Без Почты", role=Role.PARTICIPANT, scope=Scope.TEAM,
            scope_id=school.team, cohort=school.cohort, at=now,
        )  # fmt: skip
        await record("person.invited", by=school.lead.id, at=now, audience=Audience.TEAM, cohort=school.cohort,
                     team=school.team, subject=offer.invitation_id, aside={"offer": offer})  # fmt: skip
    return offer


async def test_a_lead_sees_no_card_of_a_juror(client, school, no_smtp):
    offer = await invited(school)
    await cast.sign_in(client, school.lead)
    assert (await client.get(f"/invitations/{offer.invitation_id}/card")).status_code == 404


async def test_the_code_on_the_card_lets_in(client, school, no_smtp):
    offer = await team_invitation(school)
    await cast.sign_in(client, school.organiser)
    page = await client.get(f"/invitations/{offer.invitation_id}/card")
    assert offer.code in page.text and "/code" in page.text and "Иван Без Почты" in page.text
    assert qr(f"{settings_module.settings().public_url}/invitation/{offer.code}") in page.text
    cast.sign_out(client)
    answer = await client.post("/code", data={"code": offer.code})
    assert answer.status_code == 303
    assert "Иван Без Почты" in (await client.get(answer.headers["location"])).text


async def test_the_card_is_empty_once_the_letter_has_gone_out(client, school, mail):
    offer = await team_invitation(school)
    await jobs.drain()
    await cast.sign_in(client, school.organiser)
    page = await client.get(f"/invitations/{offer.invitation_id}/card")
    assert page.status_code == 200 and offer.code not in page.text
    assert (await client.get(f"/invitations/{new_id()}/card")).status_code == 404


async def test_the_page_costs_the_same_for_one_letter_and_for_many(client, school, no_smtp, counting):
    await cast.sign_in(client, school.organiser)
    address = f"/cohorts/{school.cohort}/letters"

    async def statements():
        await client.get(address)
        with counting() as seen:
            assert (await client.get(address)).status_code == 200
        return len(seen)

    await invited(school)
    few = await statements()
    for n in range(12):
        await invited(school, email=f"more{n}@example.org")
    assert await statements() == few <= 5


async def test_many_letters_come_in_pages_that_lose_none(client, school, no_smtp):
    most = queries.SHOWN + 3
    for n in range(most):
        await invited(school, email=f"more{n}@example.org")
    await cast.sign_in(client, school.organiser)
    address, seen = f"/cohorts/{school.cohort}/letters", []
    while address:
        page = await client.get(address)
        seen.append(re.findall(r"more\d+@example\.org(?=</span>)", page.text))
        older = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = html.unescape(older[1]) if older else ""
    assert [len(each) for each in seen] == [queries.SHOWN, 3]
    assert len({each for page in seen for each in page}) == most


async def test_an_administrator_sees_his_own_invitations_with_links(client, school, no_smtp):
    from incubator.people import administering

    admin = await cast.administrator()
    await administering.invite_organiser(
        await cast.viewer(admin), email="boss@example.org", name="Ольга", programme=school.programme
    )
    token = json.loads((await fetch_one("SELECT secret FROM letter"))["secret"])["token"]
    await cast.sign_in(client, admin)
    assert token in (await client.get("/letters")).text
