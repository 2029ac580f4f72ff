"""The hall itself: what the other tests rely on is shown to notice what it should."""

import pytest

from incubator.foundation.database import DB, execute, fetch_value
from rights.calls import get
from rights.hall import Answer, Request
from rights.matrix import Line

RENAME = "UPDATE person SET name = 'Другое имя' WHERE id = $1"


@pytest.fixture
async def plain(hall):
    await hall.at("plain")
    with hall.inside():
        yield hall


async def test_one_changed_row_is_noticed_and_undone(plain):
    before, who = await plain.touched(), plain.world.people["participant"].id
    async with plain.undone():
        await execute(RENAME, who)
        assert await plain.changed(before)
    assert not await plain.changed(before)  # touched, but as it was
    assert await fetch_value("SELECT name FROM person WHERE id = $1", who) == plain.world.people["participant"].name


async def test_what_an_action_wrote_before_it_raised_is_gone(plain):
    before, who = await plain.touched(), plain.world.people["participant"].id
    async with plain.undone():
        with pytest.raises(ZeroDivisionError):
            async with DB.transaction():
                await execute(RENAME, who)
                raise ZeroDivisionError
        assert not await plain.changed(before)


async def test_a_note_in_the_journal_may_be_let_pass_but_nothing_else(plain):
    note = "INSERT INTO journal_entry (at, verb, audience, data) VALUES (now(), 'x.y', 'self', '{}')"
    before = await plain.touched()
    async with plain.undone():
        await execute(note)
        assert not await plain.changed(before, but_noted=True)
        await execute(RENAME, plain.world.people["participant"].id)
        assert await plain.changed(before, but_noted=True)


async def test_a_secret_is_found_unless_it_is_for_the_role(plain, trial):
    said = Answer(200, [], b"x canarynote y")
    assert trial.told(said, "participant", "A") == ["tells note"]
    assert trial.told(said, "moderator_own", "A") == []
    assert trial.told(said, "moderator_own", "N") == ["tells note"]
    assert trial.told(said, "participant", "A", b"text=canarynote") == [], "he said it himself"


async def test_an_answer_that_tells_more_than_that_of_a_random_id_is_found(plain, trial):
    request = Request("GET", f"/teams/{plain.world.ids['team']}")
    as_lead = await plain.ask(request, "team_lead")
    assert "status differs from that of a random id" in await trial.like_a_random_one(request, "team_lead", as_lead, 0)
    hidden = await plain.ask(request, "juror_assigned")
    assert await trial.like_a_random_one(request, "juror_assigned", hidden, 0) == []
    hidden.statements += 1
    assert len(await trial.like_a_random_one(request, "juror_assigned", hidden, 0)) == 1


async def test_an_allowed_page_has_to_show_what_it_is_about(plain, trial):
    line = Line("team", "view", "any", "GET", "A" * 14, kept=False, reason="")
    call = get("/teams/{team}/members", "plain", shows="note")
    assert await trial.cell(line, call, "participant", "A") == ["does not show note"]
    kept = Line("team", "view", "any", "GET", "A" * 14, kept=True, reason="")
    call = get("/teams/{team}/members", "plain")
    assert await trial.cell(kept, call, "participant", "A") == ["leaves nothing in the journal"]
