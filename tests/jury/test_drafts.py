"""Drafts of rounds: what is typed into them, and how they are removed."""

import re

import pytest

import cast
from incubator.foundation.database import fetch, fetch_value
from incubator.foundation.refusals import Forbidden, NotFound
from incubator.jury.allocation import allocating
from incubator.jury.allocation.allocating import Limits
from incubator.jury.conflicts import declaring
from incubator.jury.office import conducting, preparing, removing, round_rubric
from incubator.jury.pitch import running
from incubator.jury.practice import practising

pytestmark = pytest.mark.usefixtures("db")

LEANING = """
SELECT DISTINCT c.conrelid::regclass::text AS name, a.attname::text AS at FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.confrelid IN ('scoring_round'::regclass, 'seat'::regclass, 'round_project'::regclass, 'sample'::regclass)
"""


async def rows_of_rounds() -> dict[str, int]:
    """How many rows lean on rounds, their seats, projects and samples, by table."""
    names = sorted({row["name"] for row in await fetch(LEANING)} | {"scoring_round"})
    return {name: await fetch_value(f"SELECT count(*) FROM {name}") for name in names}


async def test_a_draft_goes_with_all_that_was_prepared_for_it(client):
    where = await cast.scoring_round(teams=3, jurors=3)
    runs, before = await where.organiser(), await rows_of_rounds()
    teams = [each.id for each in where.teams]
    draft = await conducting.create_round(runs, where.cohort.id, "Полуфинал", teams)
    await conducting.seat_jurors(runs, draft, [each.id for each in where.jurors])
    juror = await cast.viewer(where.jurors[0])
    await declaring.declare(juror, draft, {teams[0]: "Брат"}, wishes={teams[1]: 1})
    await allocating.ask(runs, draft, Limits(1, 9, 7))
    sample = await practising.add_sample(runs, draft, "Проба", "Текст")
    criteria = len(await preparing.criteria_of(where.cohort.id))
    await practising.hand_in(juror, draft, sample, [7000] * criteria)
    await running.begin(runs, draft)
    full = await rows_of_rounds()
    prepared = {
        "scoring_round",
        "seat",
        "round_project",
        "juror_wish",
        "allocation",
        "allocated_pair",
        "sample",
        "sample_sheet",
        "pitch_day",
    }
    assert {name for name in full if full[name] > before[name]} == prepared

    await cast.sign_in(client, where.cohort.organiser)
    page = (await client.get(f"/rounds/{draft}")).text
    form = re.search(rf'<form[^>]*action="/rounds/{draft}/remove"[^>]*>', page)[0]
    assert "Удалить раунд «Полуфинал»?" in form, "a question comes before it"
    entries = await fetch_value("SELECT count(*) FROM journal_entry")
    answer = await client.post(f"/rounds/{draft}/remove")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cohorts/{where.cohort.id}/jury")
    assert await rows_of_rounds() == before
    assert [row["verb"] for row in await fetch("SELECT verb FROM journal_entry ORDER BY id OFFSET $1", entries)] == [
        "round.removed"
    ]
    assert "Раунд «Полуфинал» удалён." in (await client.get(answer.headers["location"])).text
    assert (await client.get(f"/rounds/{draft}")).status_code == 404
    assert (await client.post(f"/rounds/{draft}/remove")).status_code == 404
    assert await fetch_value("SELECT count(*) FROM conflict_of_interest WHERE lifted_at IS NULL"), (
        "what was declared stays"
    )
    journal = (await client.get(f"/cohorts/{where.cohort.id}/journal")).text
    assert "удалён черновик раунда «Полуфинал»" in journal


async def test_a_round_that_was_opened_is_never_removed(client):
    where = await cast.scoring_round(teams=1, jurors=2)
    await cast.sign_in(client, where.cohort.organiser)
    for step in ("open", "locked", "published"):
        if step == "locked":
            for juror in where.jurors:
                await cast.score(where, juror, await where.project(), 7, 7, 7, 7, 7)
            await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
        if step == "published":
            await cast.publish(where)
        before = await rows_of_rounds()
        assert f"/rounds/{where.id}/remove" not in (await client.get(f"/rounds/{where.id}")).text
        answer = await client.post(f"/rounds/{where.id}/remove")
        assert answer.status_code == 403
        assert "его листы остаются" in answer.text
        assert await rows_of_rounds() == before


async def test_a_removed_draft_stands_in_nobodys_way():
    """Whoever works on it at that moment is told that it is gone; its cohort can be changed and drawn up anew."""
    where = await cast.scoring_round(opened=False)
    runs = await where.organiser()
    await round_rubric.take_own(runs, where.id)
    juror = await cast.viewer(where.jurors[0])
    await removing.remove_round(runs, where.id)
    for act in (
        conducting.open_round(runs, where.id), allocating.ask(runs, where.id, Limits(1, 9, 7)), running.begin(runs, where.id),
        declaring.declare(juror, where.id, {}), removing.remove_round(runs, where.id),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await act
    again = await conducting.create_round(runs, where.cohort.id, "Итоговая защита", [each.id for each in where.teams])
    await conducting.seat_jurors(runs, again, [each.id for each in where.jurors])
    await conducting.open_round(runs, again)
    with pytest.raises(Forbidden):
        await removing.remove_round(runs, again)
