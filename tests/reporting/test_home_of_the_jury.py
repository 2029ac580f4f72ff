"""What takes two organisers, on the start pages of both and of the juror whom it concerns."""

import cast
from incubator.foundation.database import fetch_value
from incubator.foundation.i18n import MOSCOW, speaking
from incubator.jury.office import agreeing, conducting
from incubator.reporting import home

ROUND = "the round “Итоговая защита”"
TO_CONFIRM = f"Confirm or decline what another organiser asks for in {ROUND}"


async def todos(who):
    """Every line of the start page in English, with its note and address."""
    page = await home.home(await cast.viewer(who))
    with speaking("en", MOSCOW):
        return {str(todo.title): (str(todo.note), todo.href) for part in page.parts for todo in part.todos}


async def locked():
    where = await cast.scoring_round(teams=1)
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(), 7, 8, 6, 5, 9)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    return where


async def test_a_publication_waits_for_the_second_organiser(db):
    where = await locked()
    second = await cast.second_organiser(where.cohort)
    await agreeing.ask_to_publish(await where.organiser(), where.id)
    asked = await todos(where.cohort.organiser)
    assert asked[f"Publish the result of {ROUND}"][0] == "One organiser has asked for it, a second one has to agree."
    assert TO_CONFIRM not in asked
    assert (await todos(second))[TO_CONFIRM][1] == f"/rounds/{where.id}"


async def test_a_sheet_that_went_back_waits_for_its_juror_alone(db):
    where = await locked()
    runs, second = await where.organiser(), await cast.viewer(await cast.second_organiser(where.cohort))
    sheet = await fetch_value(
        "SELECT s.id FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE e.person = $1", where.jurors[0].id
    )
    asked = await agreeing.ask_to_reopen(runs, where.id, sheet, "Описка")
    assert "Hand in again" not in await todos(where.jurors[0])
    await agreeing.confirm(second, where.id, asked)
    assert (await todos(where.jurors[0]))["Hand in again"] == ("1 sheet was given back to you", f"/rounds/{where.id}")
    assert "Hand in again" not in await todos(where.jurors[1])
