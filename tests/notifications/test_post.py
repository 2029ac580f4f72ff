"""Letters meet a real mail server: taken once, tried again, given up in words, never lost."""

import pytest

from incubator.foundation import jobs
from incubator.foundation.database import execute, fetch_one, fetch_value
from incubator.foundation.jobs import GivesUp
from incubator.notifications import post, queries
from incubator.notifications.post import Server, server

from .conftest import use_smtp
from .test_letters import PATH, invited, returned, tell


async def letter():
    return await fetch_one("SELECT * FROM letter")


async def due_again():
    post._resting.clear()
    await execute("UPDATE outbox SET next_at = now()")


async def test_a_letter_is_sent_once_and_its_secret_wiped(school, mail):
    offer = await invited(school)
    await jobs.drain()
    await jobs.drain()
    assert len(mail.letters) == 1
    message, row = mail.letters[0], await letter()
    assert row["sent_at"] is not None and row["secret"] == "" and row["fault"] == ""
    assert message["To"] == "Пётр Ёлкин <new@example.org>" and message["Subject"] == "Школа команд: приглашение"
    assert message["Message-ID"].startswith(f"<{row['id']}@")
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for part in message.iter_parts():
        assert f"/invitation/{offer.token}" in part.get_content()
    assert offer.token not in str([dict(r) for r in [await fetch_one("SELECT * FROM outbox")]])


async def test_yo_and_guillemets_survive_the_subject(school, mail):
    await execute("UPDATE programme SET name = 'Учёба «Ёлка»'")
    await returned(school)
    await jobs.drain()
    subjects = {message["Subject"] for message in mail.letters}
    assert "Учёба «Ёлка»: работа вернулась на доработку" in subjects
    assert all(ord(c) < 128 for message in mail.letters for c in message.as_bytes()[:200].decode("ascii", "replace"))


async def test_a_line_end_in_a_name_becomes_no_header(school, mail):
    await execute("UPDATE programme SET name = E'Школа\\r\\nBcc: evil@example.org'")
    await execute("UPDATE person SET name = E'Лев\\r\\nCc: evil@example.org' WHERE email = 'lev@example.org'")
    await returned(school)
    await jobs.drain()
    assert len(mail.letters) == 2
    for message in mail.letters:
        assert (
            message["Bcc"] is None
            and message["Cc"] is None
            and "evil@example.org" not in str(message["To"].addresses[0].addr_spec)
        )


@pytest.mark.parametrize(
    ("verb", "aside", "subject", "said"),
    [
        ("submission.failed", {"assignment": "Паспорт", "message": "секрет"}, "работа не принята", "«Паспорт» не принята"),
        ("team.withdrawn", {"reason": "секрет"}, "ваша команда выбыла из программы", "в журнале команды"),
    ],
)  # fmt: skip
async def test_bad_news_is_sent_to_the_whole_team_too(school, mail, verb, aside, subject, said):
    await tell(verb, school, {**aside, "path": PATH})
    await jobs.drain()
    assert len(mail.letters) == 2
    message = next(each for each in mail.letters if "lev@example.org" in each["To"])
    assert message["Subject"] == f"Школа команд: {subject}"
    for part in message.iter_parts():
        assert said in part.get_content() and PATH in part.get_content()
        assert "секрет" not in part.get_content()


async def test_a_line_end_in_an_address_is_refused(school, mail):
    await returned(school)
    await execute("UPDATE letter SET address = E'lev@example.org\\r\\nRCPT TO:<evil@example.org>' WHERE locale = 'ru'")
    await jobs.drain()
    assert len(mail.letters) == 1
    assert await fetch_value("SELECT fault FROM letter WHERE failed_at IS NOT NULL") == (
        "address: lev@example.org RCPT TO:<evil@example.org>"
    )


async def test_a_cyrillic_domain_is_written_as_servers_know_it(school, mail):
    await invited(school, email="petr@почта.рф")
    await jobs.drain()
    assert mail.letters[0]["To"].addresses[0].domain == "xn--80a1acny.xn--p1ai"


async def test_not_now_is_tried_again(school, mail):
    mail.to_recipient = ["451 4.7.1 greylisted, come back"]
    await invited(school)
    await jobs.drain()
    row = await letter()
    assert (row["sent_at"], row["failed_at"], row["fault"]) == (None, None, "later: 451 4.7.1 greylisted, come back")
    assert row["secret"]
    await due_again()
    await jobs.drain()
    assert len(mail.letters) == 1 and (await letter())["sent_at"] is not None


@pytest.mark.parametrize("where", ["to_recipient", "to_data"])
async def test_never_is_given_up_with_the_reason(school, mail, where):
    setattr(mail, where, ["550 5.1.1 No such user here"])
    await invited(school)
    await jobs.drain()
    row = await letter()
    assert row["failed_at"] is not None and row["fault"] == "unknown: 550 5.1.1 No such user here"
    assert row["secret"], "the link can still be handed over"
    await jobs.drain()
    assert mail.letters == []


async def test_without_a_server_letters_wait_and_go_out_when_there_is_one(school, mail, monkeypatch):
    port = mail.port
    use_smtp(monkeypatch, "")
    await invited(school)
    await jobs.drain()
    row = await letter()
    assert (row["sent_at"], row["failed_at"], row["fault"]) == (None, None, "no-server")
    assert await fetch_value("SELECT attempts FROM outbox") == 0
    use_smtp(monkeypatch, f"smtp://127.0.0.1:{port}?plain")
    await jobs.wake_all()
    await jobs.drain()
    assert len(mail.letters) == 1


async def test_a_server_that_is_down_loses_nothing(school, mail):
    await mail.stop()
    await returned(school)
    await jobs.drain()
    assert await fetch_value("SELECT count(*) FROM letter WHERE sent_at IS NULL AND failed_at IS NULL") == 2
    assert (await fetch_value("SELECT max(fault) FROM letter")).startswith("silent: 127.0.0.1")
    assert await fetch_value("SELECT sum(attempts) FROM outbox") == 1, "one knock, the second letter does not ask again"
    await mail.start()
    await due_again()
    await jobs.drain()
    assert len(mail.letters) == 2


async def test_a_connection_lost_after_the_letter_was_taken_doubles_it_at_most_once(school, mail):
    mail.drop_after_data = 1
    await invited(school)
    await jobs.drain()
    assert (await letter())["sent_at"] is None
    await due_again()
    await jobs.drain()
    assert (await letter())["sent_at"] is not None
    assert len(mail.letters) == 2 and len({message["Message-ID"] for message in mail.letters}) == 1


async def test_a_server_that_knows_no_sign_in_fails_no_letter(school, mail, monkeypatch):
    use_smtp(monkeypatch, f"smtp://us%40er:p%2Fw@127.0.0.1:{mail.port}?plain")
    await invited(school)
    await jobs.drain()
    row = await letter()
    assert row["failed_at"] is None and row["fault"].startswith("settings: ")


@pytest.mark.parametrize(("password", "fault"), [("right", ""), ("wrong", "sign-in: 535 ")])
async def test_the_server_s_sign_in(school, mail, monkeypatch, password, fault):
    mail.password = "right"
    await mail.stop()
    await mail.start()
    use_smtp(monkeypatch, f"smtp://us%40er:{password}@127.0.0.1:{mail.port}?plain")
    await invited(school)
    await jobs.drain()
    row = await letter()
    assert row["failed_at"] is None and row["fault"].startswith(fault)
    assert (row["sent_at"] is None) is bool(fault) and len(mail.letters) == (not fault)
    assert await fetch_value("SELECT attempts FROM outbox") == (not fault)


@pytest.mark.parametrize("change", ["revoked_at = now()", "accepted_at = now()", "expires_at = now() - interval '1 s'"])
async def test_a_link_that_is_over_is_not_sent(school, mail, change):
    await invited(school)
    await execute(f"UPDATE invitation SET {change}")
    await jobs.drain()
    row = await letter()
    assert mail.letters == [] and row["failed_at"] is not None and row["fault"] == "over"
    assert (await jobs.backlog())["failed"] == 0, "nothing for whoever watches over the site to mend"


async def test_a_reset_is_not_sent_after_its_half_hour(school, mail, monkeypatch):
    from incubator.people import accounts

    await accounts.ask_reset("lev@example.org", accounts.Visitor("127.0.0.1"))
    await mail.stop()
    await jobs.drain()
    await execute("UPDATE letter SET context = jsonb_set(context, '{until}', to_jsonb((now() - interval '1 s')::text))")
    await mail.start()
    await due_again()
    await jobs.drain()
    assert mail.letters == [] and (await letter())["fault"] == "over"


async def test_a_letter_that_is_gone_or_sent_is_no_work(school, mail):
    await returned(school)
    await execute("UPDATE letter SET sent_at = now() WHERE locale = 'ru'")
    await execute("DELETE FROM letter WHERE locale = 'en'")
    await jobs.drain()
    assert mail.letters == []
    assert await fetch_value("SELECT count(*) FROM outbox WHERE done_at IS NULL") == 0


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ("smtp://mail.example", Server("mail.example", 25, None, None, False, None)),
        ("smtp://u%40x:p%3A%2F@mail.example", Server("mail.example", 587, "u@x", "p:/", False, None)),
        ("smtp://mail.example:2525?starttls", Server("mail.example", 2525, None, None, False, True)),
        ("smtp://mail.example?plain", Server("mail.example", 25, None, None, False, False)),
        ("smtps://u:p@mail.example", Server("mail.example", 465, "u", "p", True, False)),
    ],
)
def test_smtp_url_is_read(address, read):
    assert server(address) == read


@pytest.mark.parametrize("address", ["http://x", "smtp://", "mail.example:25", "smtp://x?tls", "smtp://x:y"])
def test_a_wrong_smtp_url_is_a_clear_fault(address):
    with pytest.raises(ValueError):
        server(address)


async def test_a_wrong_smtp_url_fails_no_letter(school, mail, monkeypatch):
    use_smtp(monkeypatch, "smpt://mail.example")
    await invited(school)
    await jobs.drain()
    row = await letter()
    assert row["failed_at"] is None and row["fault"].startswith("settings: SMTP_URL must be like")


async def test_an_empty_address_is_given_up(school):
    await returned(school)
    row = await fetch_one("SELECT id FROM letter LIMIT 1")
    await execute("UPDATE letter SET address = ''")
    with pytest.raises(GivesUp):
        post.build(await queries.letter_to_send(row["id"]))
