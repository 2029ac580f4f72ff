"""Letters that tell a juror when his sheets wait for him: at the opening, when he is called up, when a round is unlocked."""

import json

import pytest

import cast
from incubator.foundation.database import fetch
from incubator.foundation.i18n import speaking
from incubator.jury.office import agreeing, conducting, seating
from incubator.notifications import actions as letters  # noqa: F401  (who writes them when something is recorded)
from incubator.notifications.letters import words
from incubator.notifications.rules import Kind
from jury.test_agreeing import locked, sheet_of

pytestmark = pytest.mark.usefixtures("db")


async def told(kind: Kind) -> dict[object, str]:
    """Who was told, and all that the letter says."""
    rows = await fetch("SELECT person, context::text FROM letter WHERE kind = $1", kind.value)
    with speaking("ru", "Europe/Moscow"):
        said = {row["person"]: words(kind, json.loads(row["context"]), {}) for row in rows}
    assert len(said) == len(rows), "one letter each"
    return {person: " ".join((each.subject, *each.paragraphs, each.path)) for person, each in said.items()}


async def with_a_substitute() -> cast.RoundOfCast:
    where = await cast.scoring_round(teams=2, jurors=3, opened=False)
    runs = await where.organiser()
    [seat] = await fetch("SELECT id FROM seat WHERE round = $1 AND person = $2", where.id, where.jurors[2].id)
    await seating.set_duty(runs, where.id, seat["id"], "substitute")
    await conducting.open_round(runs, where.id)
    return where


async def test_the_opening_is_told_to_those_who_have_sheets():
    where = await with_a_substitute()
    found = await told(Kind.OPENED)
    assert set(found) == {juror.id for juror in where.jurors[:2]}
    assert all(f"/rounds/{where.id}" in each for each in found.values())


async def test_a_substitute_is_told_that_he_is_called_up_and_for_how_many_sheets():
    where = await with_a_substitute()
    seats = {row["person"]: row["id"] for row in await fetch("SELECT id, person FROM seat WHERE round = $1", where.id)}
    first, _, third = (juror.id for juror in where.jurors)
    await seating.call_up(await where.organiser(), where.id, seats[third], seats[first], "Заболел")
    found = await told(Kind.CALLED_UP)
    assert set(found) == {third}
    assert "2 оценочных листа" in found[third]
    assert "Заболел" not in found[third], "the reason is the other one's own business"


async def test_an_unlocked_round_is_told_to_its_jurors():
    where = await locked()
    second = await cast.second_organiser(where.cohort)
    asked = await agreeing.ask_to_unlock(await where.organiser(), where.id, "Ошибка в протоколе")
    assert await told(Kind.UNLOCKED) == {}
    await agreeing.confirm(await cast.viewer(second), where.id, asked)
    found = await told(Kind.UNLOCKED)
    assert set(found) == {juror.id for juror in where.jurors}
    assert all("Ошибка в протоколе" not in each for each in found.values())


async def test_a_sheet_made_void_is_told_to_its_juror_alone():
    where = await locked()
    second = await cast.second_organiser(where.cohort)
    sheet = await sheet_of(where, juror=1)
    asked = await agreeing.ask_to_void(await where.organiser(), where.id, sheet["id"], "Подсказывали")
    await agreeing.confirm(await cast.viewer(second), where.id, asked)
    found = await told(Kind.VOIDED)
    assert set(found) == {where.jurors[1].id}
    assert f"/rounds/{where.id}/projects/{sheet['project']}" in found[where.jurors[1].id]
    assert "Подсказывали" not in found[where.jurors[1].id], "mail is a reader whom nobody can see"
