"""Letters are written with the action, to the right people, in their language and zone, and say no more than they may."""

import json
from datetime import UTC, datetime, timedelta

import pytest

import cast
from incubator.foundation import jobs
from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import speaking
from incubator.journal.actions import Audience, record
from incubator.notifications import letters as texts
from incubator.notifications import post, queries, rules
from incubator.notifications.letters import one_line, words
from incubator.notifications.rules import Kind, meaning
from incubator.people.actions import offer_role
from incubator.people.rights import Role, Scope

PATH = "/teams/1/assignments/2"
DEADLINE = datetime(2026, 12, 31, 20, 30, tzinfo=UTC)


async def tell(verb, school, aside, *, at=None, by=None):
    async with DB.transaction():
        await record(
            verb, by=by or school.moderator.id, at=at or await cast.now(), audience=Audience.TEAM, cohort=school.cohort,
            team=school.team, subject=new_id(), aside=aside,
        )  # fmt: skip


async def returned(school, **more):
    await tell(
        "submission.returned", school, {"assignment": "Паспорт проекта", "path": PATH, "message": "секрет"}, **more
    )


async def letters():
    return await fetch("SELECT * FROM letter ORDER BY address")


async def test_a_letter_is_written_only_with_the_action(school):
    with pytest.raises(ZeroDivisionError):
        async with DB.transaction():
            await record("submission.returned", by=None, at=await cast.now(), audience=Audience.TEAM, cohort=school.cohort,
                         team=school.team, aside={"assignment": "А", "path": PATH})  # fmt: skip
            raise ZeroDivisionError
    assert await letters() == [] and await fetch("SELECT 1 FROM outbox") == []
    await returned(school)
    assert [row["address"] for row in await letters()] == ["anna@example.org", "lev@example.org"]
    assert await fetch_value("SELECT count(*) FROM outbox WHERE kind = 'letter.send'") == 2


async def test_each_reader_has_his_language_and_zone(school):
    await returned(school)
    anna, lev = await letters()
    assert (anna["locale"], anna["time_zone"]) == ("en", "Europe/Moscow")
    assert (lev["locale"], lev["time_zone"]) == ("ru", "Asia/Vladivostok")


async def test_who_has_left_is_closed_or_did_it_himself_is_not_told(school):
    await execute("UPDATE role_grant SET revoked_at = now() WHERE person = $1", school.member.id)
    await returned(school)
    assert [row["address"] for row in await letters()] == ["lev@example.org"]
    await execute("DELETE FROM letter")
    await execute("UPDATE person SET deactivated_at = now() WHERE id = $1", school.lead.id)
    await returned(school)
    assert await letters() == []
    await execute("UPDATE person SET deactivated_at = NULL")
    await returned(school, by=school.lead.id)
    assert await letters() == []


async def test_a_result_is_told_to_everybody_in_the_cohort(school):
    await tell("round.published", school, {"round": "Защита", "path": "/rounds/1/result"}, by=school.organiser.id)
    assert [row["address"] for row in await letters()] == ["anna@example.org", "lev@example.org", "maria@example.org"]


async def test_letters_to_many_are_written_in_a_constant_number_of_statements(school, counting):
    async def statements():
        with counting() as seen:
            await tell("round.published", school, {"round": "Защита", "path": "/x"}, by=school.organiser.id)
        return len(seen)

    few = await statements()
    for n in range(20):
        await cast.give(
            await cast.person(f"Участник {n}", f"p{n}@example.org"),
            Role.PARTICIPANT,
            Scope.TEAM,
            school.team,
            cohort=school.cohort,
        )
    assert await statements() == few


async def test_a_story_of_the_past_counts_as_sent_and_keeps_no_secret(school):
    past = await cast.now() - timedelta(days=40)
    await returned(school, at=past)
    async with DB.transaction():
        offer = await offer_role(school.organiser.id, email="new@example.org", name="Новый", role=Role.JUROR,
                                 scope=Scope.COHORT, scope_id=school.cohort, cohort=school.cohort, at=past)  # fmt: skip
        await record("person.invited", by=None, at=past, audience=Audience.STAFF, cohort=school.cohort,
                     subject=offer.invitation_id, aside={"offer": offer})  # fmt: skip
    assert {(row["sent_at"], row["secret"]) for row in await letters()} == {(past, "")}
    assert await fetch("SELECT 1 FROM outbox") == []


async def test_no_letter_holds_more_of_the_work_than_its_title(school):
    await returned(school)
    for row in await letters():
        assert "секрет" not in row["context"]
        message = post.build(await queries.letter_to_send(row["id"]))
        assert "секрет" not in str(message)


async def invited(school, email="new@example.org", **more):
    async with DB.transaction():
        now = await cast.now()
        offer = await offer_role(
            school.organiser.id, email=email, name="Пётр Ёлкин", role=Role.JUROR, scope=Scope.COHORT,
            scope_id=school.cohort, cohort=school.cohort, at=now, **more,
        )  # fmt: skip
        await record("person.invited", by=school.organiser.id, at=now, audience=Audience.STAFF, cohort=school.cohort,
                     subject=offer.invitation_id, aside={"offer": offer})  # fmt: skip
    return offer


async def test_an_invitation_goes_to_the_address_with_its_link(school):
    offer = await invited(school, time_zone="Asia/Omsk")
    row = await fetch_one("SELECT * FROM letter")
    assert (row["address"], row["about"], row["time_zone"]) == ("new@example.org", offer.invitation_id, "Asia/Omsk")
    assert json.loads(row["secret"]) == {"token": offer.token, "code": offer.code}
    assert offer.token not in row["context"] and offer.code not in row["context"]
    message = post.build(await queries.letter_to_send(row["id"]))
    assert message["Subject"] == "Школа команд: приглашение"
    text = message.get_body(("plain",)).get_content()
    assert f"/invitation/{offer.token}" in text
    assert "Ольга Сомова" in text and "Весна" in text and "эксперт" in text and "МСК" in text


async def test_several_invitations_come_with_one_entry(school):
    async with DB.transaction():
        now = await cast.now()
        offers = [
            await offer_role(None, email=f"j{n}@example.org", name="", role=Role.JUROR, scope=Scope.COHORT,
                             scope_id=school.cohort, cohort=school.cohort, at=now)
            for n in range(3)
        ]  # fmt: skip
        await record(
            "people.invited", by=None, at=now, audience=Audience.STAFF, cohort=school.cohort, aside={"offers": offers}
        )
    rows = await letters()
    assert {json.loads(row["secret"])["token"] for row in rows} == {offer.token for offer in offers}


# What letters say


FACTS = {"sheets": 3, "root": "0f" * 32, "receipt": "a1" * 32,
    "programme": "Школа", "role": "juror", "place": "Весна", "inviter": "Ольга", "until": DEADLINE.isoformat(),
    "at": DEADLINE.isoformat(), "before": "a@b.ru", "after": "c@d.ru", "assignment": "Паспорт «Ёж»", "module": "Решение",
    "round": "Защита", "path": PATH, "deadline": DEADLINE.isoformat(), "sender": "Роман", "text": "Раз\n\nДва",
    "project": "1", "title": "Отток населения",
}  # fmt: skip


@pytest.mark.parametrize("locale", ["ru", "en"])
@pytest.mark.parametrize("kind", list(Kind))
def test_every_letter_has_subject_text_button_and_address(kind, locale):
    with speaking(locale, "Asia/Vladivostok"):
        said = words(kind, FACTS, {"token": "tok"})
        text, html = post.render("txt", said), post.render("html", said)
    assert said.subject.startswith("Школа: ") and "\n" not in said.subject
    assert said.path.startswith("/") and said.button
    for part in (text, html):
        assert said.button in part and part.count(said.path) >= 1
    assert html.count(f"{said.path}</a>") == 1, "the bare address stands there too"
    assert "<img" not in html and "http://fonts" not in html and "max-width:600px" in html
    assert "&#" not in text and "<p" not in text
    assert not any("{" in each or "%(" in each for each in said.paragraphs)


def test_the_last_module_has_no_next_and_no_deadline():
    with speaking("ru", "Europe/Moscow"):
        said = words(Kind.ADVANCED, {"programme": "Школа", "path": PATH}, {})
        assert said.paragraphs == ("Ваша команда прошла последний модуль.",)
        assert "Срок" not in " ".join(words(Kind.RETURNED, {**FACTS, "deadline": None}, {}).paragraphs)


def test_a_letter_without_a_programme_begins_with_the_product():
    with speaking("ru", "Europe/Moscow"):
        assert words(Kind.RESET, {"until": DEADLINE.isoformat()}, {"token": "t"}).subject.startswith("Инкубатор: ")


def test_times_are_told_in_the_reader_s_zone_and_in_moscow():
    with speaking("ru", "Asia/Vladivostok"):
        assert (
            texts.when(DEADLINE)
            == "1\u00a0января 2027, 06:30\u00a0по Владивостоку (МСК+7) · 31\u00a0декабря 2026, 23:30\u00a0МСК"
        )
    with speaking("ru", "Asia/Yekaterinburg"):
        assert (
            texts.when(DEADLINE - timedelta(hours=12))
            == "31\u00a0декабря 2026, 13:30\u00a0по Екатеринбургу (МСК+2) · 11:30\u00a0МСК"
        )
    with speaking("ru", "Europe/Moscow"):
        assert texts.when(DEADLINE) == "31\u00a0декабря 2026, 23:30\u00a0МСК"


def test_texts_of_people_are_escaped_in_html_and_plain_in_text():
    facts = {**FACTS, "assignment": "<script>alert(1)</script> & {{7*7}} {x}"}
    with speaking("ru", "Europe/Moscow"):
        said = words(Kind.RETURNED, facts, {})
        assert "<script>" not in post.render("html", said)
        assert "<script>alert(1)</script> & {{7*7}} {x}" in post.render("txt", said)


@pytest.mark.parametrize("text", ["a\r\nBcc: x@y.ru", "a\nb", "a\x00b", "a\u2028b", "a\u202eb", "a \t b"])
def test_a_header_is_one_line(text):
    assert not set(one_line(text)) & set("\r\n\t\x00\u2028\u202e")


def test_long_titles_do_not_make_long_subjects():
    with speaking("ru", "Europe/Moscow"):
        assert len(words(Kind.RESULT, {**FACTS, "programme": "Очень длинное название " * 20}, {}).subject) <= 120


@pytest.mark.parametrize(
    ("code", "text", "word"),
    [
        (421, "busy", "later"), (451, "4.7.1 greylisted", "later"), (550, "5.1.1 no such user", "unknown"),
        (550, "user unknown", "unknown"), (550, "5.7.1 spam", "unwanted"), (552, "too much", "full"),
        (550, "5.2.2 mailbox full", "full"), (554, "no", "unwanted"), (500, "what", "refused"),
    ],
)  # fmt: skip
def test_answers_of_servers_have_words(code, text, word):
    assert meaning(code, text) == word
    assert str(rules.fault_words(f"{word}: {code} {text}")) != str(rules.OTHER_FAULT)
    assert rules.fault_details(f"{word}: {code} {text}") == f"{code} {text}"


# Resets and accounts


async def test_a_reset_letter_has_its_link_and_the_journal_has_not(school, no_smtp):
    from incubator.people import accounts

    await accounts.ask_reset("lev@example.org", accounts.Visitor("127.0.0.1"))
    await jobs.drain()
    row = await fetch_one("SELECT * FROM letter")
    token = json.loads(row["secret"])["token"]
    assert row["kind"] == "reset" and row["person"] == school.lead.id
    for table in ("journal_entry", "outbox", "password_reset"):
        assert not any(token in str(dict(each)) for each in await fetch(f"SELECT * FROM {table}"))


async def test_both_addresses_hear_of_a_change(school):
    from incubator.people import administering

    admin = await cast.viewer(await cast.administrator())
    await administering.change_address(admin, school.lead.id, "new@example.org")
    assert [row["address"] for row in await letters()] == ["lev@example.org", "new@example.org"]
