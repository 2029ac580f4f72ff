"""The password once more before what two organisers do: asked for when it was given too long ago, and nothing is lost."""

import pytest

import cast
from incubator.foundation.database import execute, fetch_value
from incubator.people import proving, throttle

REASON = "Ошибка в сумме, нужно открыть"


async def locked():
    from incubator.jury.office import conducting

    where = await cast.scoring_round(teams=2, jurors=2)
    for juror in where.jurors:
        for team in range(2):
            await cast.score(where, juror, await where.project(team), 5, 5 - team, 5, 5, 5)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    return where


async def stale(client, who, password: str = cast.PASSWORD):
    """Somebody whose password was given too long ago."""
    from incubator.people import actions

    await actions.set_password(who.id, password)
    await cast.sign_in(client, who)
    await execute("UPDATE session SET created_at = now() - $2::interval WHERE person = $1", who.id, proving.FRESH)


async def test_a_fresh_session_is_not_asked(client):
    where = await locked()
    await cast.sign_in(client, where.cohort.organiser)
    assert (await client.post(f"/rounds/{where.id}/publish")).status_code == 303


async def test_an_old_one_is_asked_keeps_what_was_typed_and_goes_on(client):
    where = await locked()
    await stale(client, where.cohort.organiser)
    asked = await client.post(f"/rounds/{where.id}/unlock", data={"reason": REASON})
    assert (asked.status_code, f'value="{REASON}"' in asked.text, 'name="proof"' in asked.text) == (200, True, True)
    assert await fetch_value("SELECT count(*) FROM jury_proposal") == 0
    wrong = await client.post(f"/rounds/{where.id}/unlock", data={"reason": REASON, "proof": "не тот пароль"})
    assert (wrong.status_code, REASON in wrong.text, "не тот пароль" in wrong.text) == (422, True, False)
    assert await fetch_value("SELECT count(*) FROM jury_proposal") == 0
    done = await client.post(f"/rounds/{where.id}/unlock", data={"reason": REASON, "proof": cast.PASSWORD})
    assert (done.status_code, await fetch_value("SELECT reason FROM jury_proposal")) == (303, REASON)
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'person.proved'") == 1
    # It counts for a while; the publication itself is held back by what was asked for.
    again = await client.post(f"/rounds/{where.id}/publish")
    assert (again.status_code, 'name="proof"' in again.text) == (409, False)


async def test_the_mark_of_what_was_sent_goes_through_so_that_the_device_forgets_it(client):
    where = await locked()
    await stale(client, where.cohort.organiser)
    asked = await client.post(f"/rounds/{where.id}/unlock", data={"reason": REASON, "_sent": "m4rk"})
    assert 'name="_sent" value="m4rk"' in asked.text
    done = await client.post(
        f"/rounds/{where.id}/unlock", data={"reason": REASON, "_sent": "m4rk", "proof": cast.PASSWORD}
    )
    assert done.status_code == 303 and "sent=m4rk" in done.headers["set-cookie"]


@pytest.mark.parametrize("address", ["publish", "unlock", "proposals/{proposal}/confirm"])
async def test_each_act_of_two_asks(client, address):
    from incubator.jury.office import agreeing

    where = await locked()
    second = await cast.second_organiser(where.cohort)
    proposal = await agreeing.ask_to_publish(await cast.viewer(second), where.id)
    await stale(client, where.cohort.organiser)
    answer = await client.post(
        f"/rounds/{where.id}/{address.format(proposal=proposal)}",
        data={"reason": REASON} if address == "unlock" else {},
    )
    assert (answer.status_code, 'name="proof"' in answer.text) == (200, True)
    assert await fetch_value("SELECT state FROM scoring_round WHERE id = $1", where.id) == "locked"


async def test_who_has_no_right_is_refused_and_not_asked(client):
    where = await locked()
    await stale(client, where.jurors[0])
    answer = await client.post(f"/rounds/{where.id}/publish")
    assert (answer.status_code, 'name="proof"' in answer.text) == (403, False)


async def test_guessing_is_slowed_down_as_at_the_door(client):
    where = await locked()
    await stale(client, where.cohort.organiser)
    tries = [
        (await client.post(f"/rounds/{where.id}/publish", data={"proof": "мимо"})).status_code
        for _ in range(throttle.PASSWORD.most + 1)
    ]
    assert tries == [422] * throttle.PASSWORD.most + [429]
