"""What a juror is told of the sheet that he has just left."""

import pytest

import cast
from incubator.foundation.database import execute, fetch_value
from jury.test_web import MARKS, address

SHEET = {**MARKS, "comment": "", "version": "0"}


async def team_names(where: cast.RoundOfCast) -> list[str]:
    return [await fetch_value("SELECT name FROM team WHERE id = $1", each.id) for each in where.teams]


async def said_after(client, path: str, data: dict[str, str]) -> str:
    """The messages of the page to which a press leads."""
    answer = await client.post(path, data=data)
    assert answer.status_code == 303, answer.text
    page = (await client.get(answer.headers["location"])).text
    return " ".join(part.partition("</div>")[0] for part in page.split('<div class="banner')[1:])


async def test_each_way_of_leaving_a_sheet_is_named_with_its_team(client):
    where = await cast.scoring_round(teams=5)
    await cast.sign_in(client, where.jurors[0])
    base, names = [await address(where, number) for number in range(5)], await team_names(where)
    assert f"Сдано: 1. {names[0]}." in await said_after(client, base[0], {**SHEET, "act": "hand_in"})
    skipped = await said_after(client, base[1], {"comment": "", "version": "0", "act": "skip"})
    assert f"Пропущено: 2. {names[1]}." in skipped
    abstained = await said_after(client, f"{base[2]}/abstain", {"reason": "Не моя область"})
    assert f"Вы воздержались: 3. {names[2]}." in abstained
    recused = await said_after(client, f"{base[3]}/recuse", {"reason": "Бывший коллега"})
    assert f"Конфликт интересов объявлен: 4. {names[3]}." in recused


async def test_a_round_without_names_names_nobody_here_either(client):
    where = await cast.scoring_round(teams=2)
    await execute("""UPDATE scoring_round SET terms = terms || '{"blind": true}' WHERE id = $1""", where.id)
    await cast.sign_in(client, where.jurors[0])
    said = await said_after(client, await address(where), {**SHEET, "act": "hand_in"})
    assert "Сдано: Проект 1." in said
    assert (await team_names(where))[0] not in said


async def test_whoever_skips_the_last_one_is_not_told_that_all_is_handed_in(client):
    where = await cast.scoring_round(teams=1)
    await cast.sign_in(client, where.jurors[0])
    said = await said_after(client, await address(where), {"comment": "", "version": "0", "act": "skip"})
    assert "Пропущено" in said
    assert "Все ваши листы сданы" not in said


@pytest.mark.parametrize("kind", ["html", "json"])
async def test_a_mark_that_is_missing_is_asked_for_as_a_mark(client, kind):
    where = await cast.scoring_round(teams=1)
    await cast.sign_in(client, where.jurors[0])
    head = {"accept": "application/json"} if kind == "json" else {}
    some = {**SHEET, "mark_pilot": "", "act": "hand_in"}
    refused = await client.post(await address(where), data=some, headers=head)
    assert refused.status_code == 422
    assert "Выберите оценку." in refused.text
    assert "Заполните это поле" not in refused.text
