"""What jurors do on their sheets."""

import pytest

import cast
from incubator.foundation.database import fetch, fetch_one, fetch_value
from incubator.foundation.refusals import Clash, Forbidden, NotFound, Refused
from incubator.jury.office import conducting
from incubator.jury.rubric import Entry
from incubator.jury.rules import SheetState
from incubator.jury.sheets import actions
from incubator.jury.sheets.actions import Saved

pytestmark = pytest.mark.usefixtures("db")

HALF = Entry((7000, None, None, None, None), "пока не всё")
FULL = Entry((7000, 8000, 6000, 5000, 9000), "")


def reads(entry: Entry):
    return lambda _rubric: entry


async def sheet(where: cast.RoundOfCast, who: cast.Person, number: int = 0):
    project = await where.project(number)
    return await fetch_one(
        "SELECT s.* FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE e.person = $1 AND s.project = $2",
        who.id, project,
    )  # fmt: skip


async def save(where: cast.RoundOfCast, who: cast.Person, entry: Entry, expected: int) -> Saved:
    return await actions.save_sheet(
        await cast.viewer(who), where.id, await where.project(), reads(entry), expected=expected
    )


async def test_a_draft_is_saved_with_its_blanks():
    where = await cast.scoring_round()
    saved = await save(where, where.jurors[0], HALF, 0)
    row = await sheet(where, where.jurors[0])
    assert (saved.version, saved.state, saved.total) == (1, SheetState.DRAFT, None)
    assert (row["marks"], row["total"], row["comment"]) == ([7000, None, None, None, None], None, "пока не всё")


async def test_a_save_is_in_the_journal_for_the_juror_alone_and_without_values():
    where = await cast.scoring_round()
    await save(where, where.jurors[0], HALF, 0)
    row = await fetch_one("SELECT * FROM journal_entry WHERE verb = 'sheet.saved'")
    assert (row["audience"], row["actor"], row["data"]) == ("self", where.jurors[0].id, '{"version": 1}')


async def test_a_full_sheet_is_handed_in_with_its_exact_total():
    where = await cast.scoring_round()
    await cast.score(where, where.jurors[0], await where.project(), 7, 8, 6, 5, 9)
    row = await sheet(where, where.jurors[0])
    weights = [each["weight"] for each in await fetch("SELECT weight FROM criterion ORDER BY place")]
    assert row["state"] == "handed_in"
    assert row["total"] == sum(m * w for m, w in zip(FULL.marks, weights, strict=True))


async def test_a_sheet_with_a_blank_is_not_handed_in():
    where = await cast.scoring_round()
    juror = await cast.viewer(where.jurors[0])
    with pytest.raises(Refused):
        await actions.hand_in(juror, where.id, await where.project(), reads(HALF), expected=0)
    assert (await sheet(where, where.jurors[0]))["state"] == "empty"


async def test_a_handed_in_sheet_stays_so_while_it_is_full_and_is_a_draft_when_a_mark_goes():
    where = await cast.scoring_round()
    await cast.score(where, where.jurors[0], await where.project(), 7, 8, 6, 5, 9)
    assert (await save(where, where.jurors[0], Entry((1000,) * 5, ""), 1)).state is SheetState.HANDED_IN
    assert (await save(where, where.jurors[0], HALF, 2)).state is SheetState.DRAFT
    assert (await sheet(where, where.jurors[0]))["total"] is None


async def test_a_stale_version_clashes_and_shows_both():
    where = await cast.scoring_round()
    await save(where, where.jurors[0], HALF, 0)
    with pytest.raises(Clash) as refusal:
        await save(where, where.jurors[0], FULL, 0)
    assert refusal.value.context["recorded"] == HALF
    assert refusal.value.context["sent"] == FULL
    assert refusal.value.context["version"] == 1


async def test_the_same_sent_twice_is_recorded_once():
    where = await cast.scoring_round()
    assert await save(where, where.jurors[0], HALF, 0) == await save(where, where.jurors[0], HALF, 0)
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'sheet.saved'") == 1


async def test_taking_back_makes_a_draft_again():
    where = await cast.scoring_round()
    juror = await cast.viewer(where.jurors[0])
    await cast.score(where, where.jurors[0], await where.project(), 7, 8, 6, 5, 9)
    assert (await actions.take_back(juror, where.id, await where.project())).state is SheetState.DRAFT
    row = await sheet(where, where.jurors[0])
    assert (row["handed_in_at"], row["marks"]) == (None, list(FULL.marks))
    with pytest.raises(Refused):
        await actions.take_back(juror, where.id, await where.project())


async def test_abstaining_is_no_mark_and_can_be_taken_back():
    where = await cast.scoring_round()
    juror = await cast.viewer(where.jurors[0])
    await actions.abstain(juror, where.id, await where.project(), "Не моя область")
    with pytest.raises(Refused):
        await save(where, where.jurors[0], FULL, 1)
    assert (await sheet(where, where.jurors[0]))["state"] == "abstained"
    await actions.take_back(juror, where.id, await where.project())
    assert (await save(where, where.jurors[0], FULL, 2)).state is SheetState.DRAFT


async def test_recusal_declares_a_conflict_and_ends_writing():
    where = await cast.scoring_round()
    juror = where.jurors[0]
    await save(where, juror, HALF, 0)
    await actions.recuse(await cast.viewer(juror), where.id, await where.project(), "Бывший коллега")
    conflict = await fetch_one("SELECT * FROM conflict_of_interest")
    assert (conflict["person"], conflict["team"]) == (juror.id, where.teams[0].id)
    with pytest.raises(Forbidden):
        await save(where, juror, FULL, 2)


async def test_skipping_records_nothing_but_the_order():
    where = await cast.scoring_round()
    juror = await cast.viewer(where.jurors[0])
    before = await fetch_value("SELECT count(*) FROM journal_entry")
    blank = Entry((None,) * 5, "")
    await actions.skip(juror, where.id, await where.project(), reads(blank), expected=0)
    row = await sheet(where, where.jurors[0])
    assert (row["state"], row["skipped_at"]) == ("empty", juror.now)
    assert await fetch_value("SELECT count(*) FROM journal_entry") == before


async def test_skipping_keeps_what_was_written_so_far():
    where = await cast.scoring_round()
    juror = await cast.viewer(where.jurors[0])
    await actions.skip(juror, where.id, await where.project(), reads(HALF), expected=0)
    row = await sheet(where, where.jurors[0])
    assert (row["state"], row["marks"][0], row["skipped_at"]) == ("draft", 7000, juror.now)


async def test_nothing_is_written_before_conflicts_were_declared():
    where = await cast.scoring_round(declared=False)
    with pytest.raises(Refused):
        await save(where, where.jurors[0], FULL, 0)


async def test_nothing_is_written_after_the_lock():
    where = await cast.scoring_round(jurors=2)
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(0), 7, 8, 6, 5, 9)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=2)
    with pytest.raises(Forbidden):
        await save(where, where.jurors[0], FULL, 1)


async def test_a_stranger_and_a_juror_without_a_sheet_find_nothing():
    where = await cast.scoring_round()
    unseated = await cast.juror(where.cohort, "Олег Панин")
    for who in (unseated, where.teams[0].lead, await cast.person("Никто", "nobody@example.org")):
        with pytest.raises(NotFound):
            await save(where, who, FULL, 0)


async def test_an_organiser_has_no_sheet():
    where = await cast.scoring_round()
    with pytest.raises(Forbidden):
        await save(where, where.cohort.organiser, FULL, 0)


async def test_saving_takes_two_statements(counting):
    where = await cast.scoring_round()
    juror, project = await cast.viewer(where.jurors[0]), await where.project()
    with counting() as seen:
        await actions.save_sheet(juror, where.id, project, reads(FULL), expected=0)
    assert len(seen) == 2
