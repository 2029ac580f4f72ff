"""Before criteria or rules are saved the page says which rounds and teams they reach."""

import cast
from incubator.foundation.database import execute
from incubator.jury.office import preparing
from incubator.jury.office.reach import reach


async def test_the_form_names_the_round_and_its_teams(client, db):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.cohort.organiser)
    base = f"/cohorts/{where.cohort.id}/jury"
    pages = (f"{base}/criteria/{(await preparing.criteria_of(where.cohort.id))[0].id}", f"{base}/rules")
    for address in pages:
        page = await client.get(address)
        assert "Пока идёт оценивание, здесь ничего не меняется" in page.text  # the round of the cast is open
        assert "Сохранить</button>" not in page.text
    assert (await reach(where.cohort.id, "criteria")).coming == ()
    await execute("UPDATE scoring_round SET state = 'draft', criteria = '[]', plan = '{}'")
    found = await reach(where.cohort.id, "criteria")
    assert found.blocking == ()
    (coming,) = found.coming
    assert coming.teams
    for address in pages:
        page = await client.get(address)
        assert "По сохранённому здесь будет оцениваться раунд" in page.text
        assert coming.teams[0] in page.text
        assert "Сохранить</button>" in page.text


async def test_a_round_with_criteria_of_its_own_is_not_reached(db):
    where = await cast.scoring_round()
    await execute("UPDATE scoring_round SET state = 'draft', plan = '{}'")
    assert (await reach(where.cohort.id, "criteria")).coming == ()
    assert len((await reach(where.cohort.id, "plan")).coming) == 1
