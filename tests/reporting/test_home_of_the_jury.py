"""Rounds on the start pages of those whom they concern: two organisers, jurors before, during and after the scoring."""

import cast
from incubator.foundation.database import fetch_value
from incubator.foundation.i18n import MOSCOW, speaking
from incubator.jury.office import agreeing, conducting, seating
from incubator.jury.practice import practising
from incubator.jury.result import deliberating
from incubator.reporting import home
from samples import practise

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


async def quiet(who):
    """What each part of the start page says where nothing is to be done, in English."""
    page = await home.home(await cast.viewer(who))
    with speaking("en", MOSCOW):
        return [str(part.quiet) for part in page.parts if not part.todos]


async def test_a_juror_always_reads_what_his_round_waits_for(db):
    where = await locked()
    juror = where.jurors[0]
    assert await quiet(juror) == ["The round is locked. The result is seen here when it is published."]
    await deliberating.open_deliberation(await where.organiser(), where.id, shows_sheets=False)
    sits = (await todos(juror))["Look at the ranking with the jury"]
    assert sits == ("The round is locked, and the jury deliberates on its result.", f"/rounds/{where.id}/deliberation")
    await deliberating.close_deliberation(await where.organiser(), where.id)
    await cast.publish(where)
    assert await quiet(juror) == ["The result of the round is published."]
    unseated = await cast.juror(where.cohort)
    assert "not been seated" in (await quiet(unseated))[0]


async def test_sample_projects_stand_on_the_start_page_until_they_are_scored(db):
    where = await cast.scoring_round(opened=False)
    juror, runs = where.jurors[0], await where.organiser()
    assert "Score the sample projects" not in await todos(juror)
    sample = await practising.add_sample(runs, where.id, "Парк", "Жители хотят парк")
    assert (await todos(juror))["Score the sample projects"][1] == f"/rounds/{where.id}/calibration"
    await practise(juror, where.id, sample, 5, 5, 5, 5, 5)
    assert "Score the sample projects" not in await todos(juror)


async def test_a_secretary_without_a_vote_is_not_thanked_for_sheets(db):
    where = await cast.scoring_round(opened=False)
    seat = await fetch_value("SELECT id FROM seat WHERE person = $1", where.jurors[0].id)
    await seating.set_duty(await where.organiser(), where.id, seat, "secretary")
    await conducting.open_round(await where.organiser(), where.id)
    assert await quiet(where.jurors[0]) == []
    assert list(await todos(where.jurors[0])) == ["See how far the jury is"]
