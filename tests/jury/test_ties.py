"""The form by which the vote on a tie is recorded: two ties on a page, faults by field, nothing typed is lost."""

import re

import cast
from incubator.foundation.database import fetch_value
from incubator.jury.office import conducting


async def tied(client):
    """Two pairs of equal teams after the lock, and the organiser at the page of the result."""
    where = await cast.scoring_round(teams=4, jurors=2, ties=("vote", "shared"))
    for number, mark in enumerate((9, 9, 5, 5)):
        for juror in where.jurors:
            await cast.score(where, juror, await where.project(number), *[mark] * 5)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    await cast.sign_in(client, where.cohort.organiser)
    return where, [str(await where.project(number)) for number in range(4)]


def vote(first, second, *ranks, **more):
    return {
        "project": [first, second],
        f"rank_{first}": ranks[0],
        f"rank_{second}": ranks[1],
        "reason": "3 против 2",
        **more,
    }


def ids(page):
    return re.findall(r' id="([^"]+)"', page.text)


async def test_each_of_two_ties_has_its_own_form(client):
    where, (one, two, three, four) = await tied(client)
    result = f"/rounds/{where.id}/result"
    page = await client.get(result)
    assert page.text.count(f'action="/rounds/{where.id}/tie"') == 2
    assert len(ids(page)) == len(set(ids(page))), "no id stands twice"
    wrong = await client.post(f"/rounds/{where.id}/tie", data=vote(three, four, "1", "второе"))
    assert wrong.status_code == 422
    assert wrong.text.count("второе") == 1 and wrong.text.count("3 против 2") == 1, "in the form that was sent only"
    assert len(ids(wrong)) == len(set(ids(wrong)))
    for first, second in ((three, four), (one, two)):
        assert (await client.post(f"/rounds/{where.id}/tie", data=vote(first, second, "2", "1"))).status_code == 303
    assert "/tie" not in (await client.get(result)).text
    assert await fetch_value("SELECT count(*) FROM tie_vote") == 4


async def test_a_vote_about_other_projects_is_refused_and_kept(client):
    where, (one, two, three, _) = await tied(client)
    mixed = await client.post(f"/rounds/{where.id}/tie", data=vote(one, three, "1", "2"))
    assert mixed.status_code == 409 and "3 против 2" in mixed.text
    await client.post(f"/rounds/{where.id}/tie", data=vote(one, two, "1", "2"))
    again = await client.post(f"/rounds/{where.id}/tie", data=vote(one, two, "2", "1"))
    assert again.status_code == 409
    nothing = await client.post(f"/rounds/{where.id}/tie", data={"reason": "3 против 2"})
    assert nothing.status_code == 409
    for rank in ("0", "-1", "NaN", "1e3", "9" * 40, ""):
        answer = await client.post(f"/rounds/{where.id}/tie", data=vote(one, two, "1", rank))
        assert answer.status_code in {409, 422}, rank
    assert await fetch_value("SELECT count(*) FROM tie_vote") == 2
