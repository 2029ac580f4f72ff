"""Uploads: offsets that never lie, one writer at a time, room that was promised, and nothing left behind."""

import asyncio
import os
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cast
from foundation.coming import begin, finish, keep, stream
from incubator.foundation import files, jobs, uploads
from incubator.foundation.database import DB, execute, fetch, fetch_value, new_id
from incubator.foundation.refusals import BadRequest, NotFound, Refused

PDF = cast.PDF


class Cut(Exception):
    """The line broke."""


@pytest.fixture
async def owner(db):
    """A team's id, and that of who sends: nothing else about them matters here."""
    return new_id()


async def broken(*pieces):
    for piece in pieces:
        yield piece
    raise Cut


async def offset(owner, upload_id):
    return (await uploads.progress(upload_id, owner)).received


def on_disk(upload_id):
    return files.path(upload_id).read_bytes()


# --- Offsets ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["whole", "cut", "wrong place", "crash"])), max_size=12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_however_the_line_breaks_the_bytes_are_those_that_were_sent(owner, steps):
    """The offset said is never more than what is safe, and going on from it always gives the file as it was."""
    upload_id = await begin(owner, size=len(PDF))
    for length, how in steps:
        here = await offset(owner, upload_id)
        assert on_disk(upload_id)[:here] == PDF[:here] if here else True
        piece = PDF[here : min(here + length, len(PDF) - 1)]
        if how == "wrong place":
            with pytest.raises(uploads.Misplaced):
                await uploads.receive(upload_id, here + 1, stream(piece))
            assert await offset(owner, upload_id) == here
        elif how == "cut":
            with pytest.raises(Cut):
                await uploads.receive(upload_id, here, broken(piece))
            assert await offset(owner, upload_id) == here + len(piece)
        elif how == "crash":  # bytes that were written, and a server that died before it said so
            await uploads.receive(upload_id, here, stream(piece))
            await execute("UPDATE upload SET received = $2 WHERE id = $1", upload_id, here)
        else:
            assert await uploads.receive(upload_id, here, stream(*(bytes([b]) for b in piece))) == here + len(piece)
    here = await offset(owner, upload_id)
    assert await uploads.receive(upload_id, here, stream(PDF[here:])) == len(PDF)
    stored = await finish(owner, upload_id)
    assert on_disk(stored.id) == PDF
    await files.discard(stored.id)


async def test_all_has_come_is_said_only_when_it_is_a_file(owner):
    """A server that dies between the last byte and the file has the last piece sent once more."""
    upload_id = await begin(owner)
    await uploads.receive(upload_id, 0, stream(PDF[:30]))
    assert await uploads.receive(upload_id, 30, stream(PDF[30:])) == len(PDF)
    assert await offset(owner, upload_id) == 30
    await uploads.receive(upload_id, 30, stream(PDF[30:]))
    await finish(owner, upload_id)
    assert await offset(owner, upload_id) == len(PDF)
    with pytest.raises(uploads.Misplaced):
        await finish(owner, upload_id)


async def test_more_bytes_than_were_promised_are_refused(owner):
    upload_id = await begin(owner, size=10)
    with pytest.raises(BadRequest):
        await uploads.receive(upload_id, 0, stream(b"x" * 11))


async def test_a_file_that_a_power_cut_made_shorter_is_sent_again(owner):
    upload_id = await begin(owner)
    await uploads.receive(upload_id, 0, stream(PDF[:40]))
    os.truncate(files.path(upload_id), 20)
    with pytest.raises(uploads.Misplaced):
        await uploads.receive(upload_id, 40, stream(PDF[40:]))
    assert await offset(owner, upload_id) == 0


async def test_what_a_slow_line_brings_is_safe_within_a_second(owner, monkeypatch):
    monkeypatch.setattr(uploads, "OFTEN", 0.0)
    upload_id, go = await begin(owner), asyncio.Event()

    async def drip():
        yield PDF[:10]
        yield PDF[10:20]
        await go.wait()

    task = asyncio.create_task(uploads.receive(upload_id, 0, drip()))
    async with asyncio.timeout(30):
        while await offset(owner, upload_id) < 10:
            await asyncio.sleep(0.01)
    go.set()
    assert await task == 20


async def test_a_silent_line_is_sent_away_and_what_came_is_kept(owner, monkeypatch):
    monkeypatch.setattr(uploads, "SILENCE", 0.05)
    upload_id = await begin(owner)

    async def silent():
        yield PDF[:10]
        await asyncio.sleep(10)

    with pytest.raises(uploads.Silent):
        await uploads.receive(upload_id, 0, silent())
    assert await offset(owner, upload_id) == 10


async def heaviest(upload_id, size):
    """The most that Python held at once while so many bytes came, in bytes."""

    async def flood():
        for _ in range(size // 65536):
            yield bytes(65536)

    tracemalloc.start()
    try:
        await uploads.receive(upload_id, 0, flood())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_a_file_is_never_held_in_memory(owner, monkeypatch):
    size = 24 * 1024 * 1024
    assert await heaviest(await begin(owner, size=size + 1), size) < 5 * 1024 * 1024
    monkeypatch.setattr(uploads, "AT_ONCE", 2 * size)  # as one that holds it all would: it is noticed
    monkeypatch.setattr(uploads, "OFTEN", 60.0)
    assert await heaviest(await begin(owner, size=size + 1), size) > size


# --- Writers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trial", range(5))
async def test_of_two_that_write_at_once_one_wins(owner, trial):
    upload_id = await begin(owner)
    pieces = (stream(PDF[:20]), stream(b"x" * 20))
    ends = await asyncio.gather(*(uploads.receive(upload_id, 0, each) for each in pieces), return_exceptions=True)
    refused = [each for each in ends if isinstance(each, uploads.Busy | uploads.Misplaced)]
    assert sorted(map(str, ends)) == sorted(["20", *map(str, refused)])
    assert len(refused) == 1
    assert on_disk(upload_id) in {PDF[:20], b"x" * 20}


async def test_who_asks_how_far_it_came_gets_the_upload_for_himself(owner, monkeypatch):
    monkeypatch.setattr(uploads, "OFTEN", 0.0)
    upload_id, go = await begin(owner), asyncio.Event()

    async def hangs():
        yield PDF[:10]
        yield PDF[10:20]
        await go.wait()
        yield b"too late"

    task = asyncio.create_task(uploads.receive(upload_id, 0, hangs()))
    while await offset(owner, upload_id) < 10:
        await asyncio.sleep(0.01)
    with pytest.raises(uploads.Busy):
        await uploads.receive(upload_id, await offset(owner, upload_id), stream(b""))
    here = (await uploads.progress(upload_id, owner, alone=True)).received
    assert await uploads.receive(upload_id, here, stream(PDF[here:40])) == 40
    go.set()
    with pytest.raises(uploads.Busy):
        await task
    assert on_disk(upload_id)[:40] == PDF[:40]


async def test_a_writer_that_died_is_followed_by_another(owner):
    upload_id = await begin(owner)
    await execute(
        "UPDATE upload SET writer = $2, writing_until = now() + interval '5 s' WHERE id = $1", upload_id, new_id()
    )
    with pytest.raises(uploads.Busy):
        await uploads.receive(upload_id, 0, stream(PDF[:5]))
    await execute("UPDATE upload SET writing_until = now() - interval '1 s'")
    assert await uploads.receive(upload_id, 0, stream(PDF[:5])) == 5


async def test_others_know_nothing_of_an_upload(owner):
    upload_id = await begin(owner)
    for asked in (uploads.progress(upload_id, new_id()), uploads.progress(new_id(), owner)):
        with pytest.raises(NotFound):
            await asked


# --- Room -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, -1, files.LARGEST + 1])
async def test_sizes_that_are_refused(owner, size):
    with pytest.raises(Refused):
        await begin(owner, size=size)


async def test_a_place_may_take_less_than_the_site(owner):
    with pytest.raises(Refused):
        await begin(owner, size=101, most=100)
    assert await begin(owner, size=100, most=100)


async def test_kinds_are_refused_before_a_byte_is_sent(owner):
    with pytest.raises(Refused):
        await begin(owner, "a.exe")


async def test_the_largest_file_fits(owner):
    content = PDF[:9] + b"%" + b"0" * (files.LARGEST - len(PDF) - 2) + b"\n" + PDF[9:]
    assert (await keep(owner, "a.pdf", content)).size == files.LARGEST


async def test_the_quota_is_of_one_owner_and_holds_against_many_at_once(owner, monkeypatch):
    monkeypatch.setattr(files, "QUOTA", 3 * len(PDF))
    begun = await asyncio.gather(*(begin(owner) for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(each, Refused) for each in begun) == 9
    assert await uploads.used(owner) == 3 * len(PDF)
    await begin(new_id())


async def test_room_comes_back_when_an_upload_is_given_up_or_expires(owner, monkeypatch):
    monkeypatch.setattr(files, "QUOTA", len(PDF))
    await uploads.drop(await begin(owner))
    await begin(owner)
    await execute("UPDATE upload SET expires_at = now() - interval '1 s'")
    stored = await keep(owner)
    with pytest.raises(Refused):
        await begin(owner)
    await execute("UPDATE stored_file SET let_go_at = now() WHERE id = $1", stored.id)
    await begin(owner)


async def test_too_many_at_once_are_refused(owner):
    for _ in range(uploads.MOST_OPEN):
        await begin(owner)
    with pytest.raises(Refused):
        await begin(owner)


async def test_the_same_file_announced_twice_is_one(owner):
    """A browser that missed the answer asks again."""
    first = await begin(owner, mark="123")
    assert await begin(owner, mark="123") == first
    await uploads.receive(first, 0, stream(PDF[:5]))
    assert await begin(owner, mark="123") != first
    assert await begin(owner) != await begin(owner)


# --- Nothing is left behind -------------------------------------------------------------------------------------------


async def test_what_is_refused_or_expired_leaves_neither_row_nor_bytes(owner):
    dropped, expired, kept = await begin(owner), await begin(owner), await keep(owner)
    for each in (dropped, expired):
        await uploads.receive(each, 0, stream(PDF[:10]))
    await uploads.drop(dropped)
    await execute("UPDATE upload SET expires_at = now() - interval '1 s'")
    assert await uploads.clear() == 2
    await jobs.drain()
    assert await fetch("SELECT 1 FROM upload") == []
    assert [files.readable(each) for each in (dropped, expired, kept.id)] == [False, False, True]


async def test_bytes_of_another_database_in_the_same_folder_stay(owner):
    stranger = files.path(new_id())
    stranger.parent.mkdir(parents=True, exist_ok=True)
    stranger.write_bytes(b"theirs")
    os.utime(stranger, (0, 0))
    await jobs.tidy()
    await jobs.drain()
    assert stranger.read_bytes() == b"theirs"


async def test_a_rolled_back_file_is_an_upload_again_and_is_cleared_up(owner):
    upload_id = await begin(owner)
    await uploads.receive(upload_id, 0, stream(PDF))
    verdict = await uploads.judged(upload := await uploads.progress(upload_id, owner))
    with pytest.raises(ZeroDivisionError):
        async with DB.transaction():
            await uploads.keep(upload, verdict, owner)
            raise ZeroDivisionError
    assert await fetch_value("SELECT count(*) FROM stored_file") == 0
    await execute("UPDATE upload SET expires_at = now() - interval '1 s'")
    await jobs.tidy()
    await jobs.drain()
    assert not files.readable(upload_id)


async def test_a_full_disk_says_nothing_that_is_not_so(owner, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    upload_id = await begin(owner)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        await uploads.receive(upload_id, 0, stream(PDF[:10]))
    assert await offset(owner, upload_id) == 0
    monkeypatch.undo()
    assert await uploads.receive(upload_id, 0, stream(PDF[:10])) == 10
