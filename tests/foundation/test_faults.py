"""What people see when the database is away, slow or full of connections, and when the program itself breaks."""

import asyncio

import asyncpg
import httpx
import pytest

import cast
from incubator.foundation import database
from incubator.foundation.database import DB, fetch_value


@pytest.fixture
async def signed_in(client, db):
    await cast.sign_in(client, await cast.administrator())
    return client


async def test_a_killed_server_is_answered_with_503_and_then_all_is_well(signed_in, dsn):
    killer = await asyncpg.connect(dsn)
    await killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'incubator'"
        " AND pid <> pg_backend_pid()"
    )
    await killer.close()
    answers = [(await signed_in.get("/profile")).status_code for _ in range(12)]
    assert set(answers) <= {200, 503}
    assert answers[-1] == 200


async def test_exhausted_connections_are_answered_with_503_and_when_to_come_back(signed_in):
    assert DB.pool is not None
    held = [await DB.pool.acquire() for _ in range(DB.pool.get_max_size())]
    try:
        async with asyncio.timeout(30):
            answer = await signed_in.get("/profile")
    finally:
        for connection in held:
            await DB.pool.release(connection)
    assert answer.status_code == 503
    assert answer.headers["retry-after"].isdecimal()
    assert (await signed_in.get("/profile")).status_code == 200


async def test_our_own_mistake_is_a_500_with_a_code_for_support_and_no_secret(app, client, db, monkeypatch):
    from incubator.foundation import pages

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("secret-in-the-message")

    original = pages.page
    await cast.sign_in(client, await cast.administrator())
    from incubator.people import web

    monkeypatch.setattr(
        web.pages,
        "page",
        lambda request, template, **kw: (
            broken() if template.startswith("people/") else original(request, template, **kw)
        ),
    )
    answer = await client.get("/profile")
    assert answer.status_code == 500
    assert "secret-in-the-message" not in answer.text
    assert "Traceback" not in answer.text
    assert "Код для поддержки" in answer.text


async def test_data_that_postgresql_refuses_is_a_400(client, db):
    await cast.sign_in(client, await cast.administrator())
    for value in ("9" * 40, "-1", "1e9", "٣"):
        answer = await client.get("/journal", params={"before": value})
        assert answer.status_code in {200, 400, 404}, value
    assert await fetch_value("SELECT 1") == 1


@pytest.mark.parametrize("body", [b"\xff\xfe=1", b"a=%00", b"&".join(b"f%d=1" % n for n in range(5000))])
async def test_a_form_that_no_browser_sends_is_a_400(client, db, body):
    await cast.sign_in(client, await cast.administrator())
    answer = await client.post("/profile", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 400


async def test_a_form_that_is_too_large_is_a_413(client, db):
    await cast.sign_in(client, await cast.administrator())
    answer = await client.post("/profile", data={"name": "я" * 200_000})
    assert answer.status_code == 413


async def test_a_broken_multipart_form_is_a_400(client: httpx.AsyncClient, db):
    await cast.sign_in(client, await cast.administrator())
    head = {"content-type": "multipart/form-data; boundary=x"}
    part = b'--x\r\ncontent-disposition: form-data; name="name"\r\n'
    for body in (
        part + b"content-type: text/plain; charset=nonsense\r\n\r\nabc\r\n--x--\r\n",
        part + b"\r\n\xff\xfe\r\n--x--\r\n",
        part,
        b"--x\r\ngarbage",
    ):
        answer = await client.post("/profile", content=body, headers=head)
        assert answer.status_code in {400, 422}, body


async def test_who_waits_for_a_connection_keeps_his_place_while_the_line_moves(signed_in, monkeypatch):
    """Everybody presses at once: the wait is longer than the line may stand still, and yet all are served."""
    monkeypatch.setattr(database, "PATIENCE", 1.0)
    assert DB.pool is not None
    held = [await DB.take() for _ in range(DB.pool.get_max_size())]
    before_him = [asyncio.create_task(DB.take()) for _ in range(8)]
    await asyncio.sleep(0)
    asking = asyncio.create_task(signed_in.get("/profile"))
    for place in before_him:
        await asyncio.sleep(0.2)
        assert not asking.done()
        await DB.give_back(held.pop(0))
        held.append(await place)
    for connection in held:
        await DB.give_back(connection)
    assert (await asking).status_code == 200


async def test_a_line_that_stands_still_is_left_and_nothing_is_kept(signed_in, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    assert DB.pool is not None
    held = [await DB.pool.acquire() for _ in range(DB.pool.get_max_size())]
    asked = [signed_in.get("/profile") for _ in range(20)]
    assert {answer.status_code for answer in await asyncio.gather(*asked)} == {503}
    for connection in held:
        await DB.give_back(connection)
    assert DB.pool.get_idle_size() == DB.pool.get_size()
    assert (await signed_in.get("/profile")).status_code == 200


async def ended(connection, dsn):
    """The connection, once its server has ended it and its pool has it back."""
    pid = await connection.fetchval("SELECT pg_backend_pid()")
    killer = await asyncpg.connect(dsn)
    await killer.execute("SELECT pg_terminate_backend($1)", pid)
    await killer.close()
    async with asyncio.timeout(30):
        while connection._con is not None:
            await asyncio.sleep(0.01)
    return connection


@pytest.mark.parametrize("moment", ["BEGIN", "COMMIT"])
async def test_a_connection_that_ends_between_two_statements_is_told_as_such(db, dsn, moment, monkeypatch):
    """Its pool has it back by then; what the page says must be that the database is away, not that we have a bug."""
    from incubator.app import _unreachable

    take = DB.take

    async def lost():
        return await ended(await take(), dsn)

    if moment == "BEGIN":
        monkeypatch.setattr(DB, "take", lost)
    with pytest.raises(asyncpg.InterfaceError) as caught:
        async with DB.transaction() as transaction:
            await ended(transaction.connection, dsn)
    monkeypatch.undo()
    assert _unreachable(caught.value), repr(caught.value)
    assert await fetch_value("SELECT 1") == 1


async def test_a_server_that_is_gone_with_its_socket_is_a_503(signed_in, tmp_path):
    """As after a kill of all of PostgreSQL: the file of its socket isn't there until it is started again."""
    pool = DB.pool
    DB.pool = await asyncpg.create_pool(f"postgresql://nobody@/none?host={tmp_path}", min_size=0, max_size=2)
    try:
        answer = await signed_in.get("/profile")
        with pytest.raises(ConnectionError):
            async with DB.transaction():
                pass
    finally:
        DB.pool.terminate()
        DB.pool = pool
    assert (answer.status_code, answer.headers["retry-after"].isdecimal()) == (503, True)


async def test_a_web_process_starts_also_while_the_database_is_away(tmp_path):
    """As one does that is replaced during an outage; uvicorn would end the whole site with it."""
    from incubator import app as application

    pool = DB.pool
    try:
        await application._connect(f"postgresql://nobody@/none?host={tmp_path}")
        with pytest.raises(ConnectionError):
            await fetch_value("SELECT 1")
    finally:
        await database.disconnect()
        DB.pool = pool
