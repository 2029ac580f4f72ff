"""What takes two organisers, on the pages of both: what waits stands first, nothing is offered that would be refused."""

import cast
from incubator.foundation.database import fetch_one
from incubator.jury.office import agreeing, conducting
from incubator.jury.result import deliberating

REASON = {"reason": "Забыли внести лист"}


async def locked(client):
    """A locked round with its first organiser signed in, and its address."""
    where = await cast.scoring_round(teams=2)
    for number in range(2):
        for juror in where.jurors:
            await cast.score(where, juror, await where.project(number), *[5 + number] * 5)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    await cast.sign_in(client, where.cohort.organiser)
    return where, f"/rounds/{where.id}"


async def test_a_request_stands_above_the_table_and_is_not_offered_twice(client):
    where, address = await locked(client)
    second = await cast.second_organiser(where.cohort)
    assert (await client.post(f"{address}/unlock", data=REASON)).status_code == 303
    page = (await client.get(address)).text
    assert page.index("Просьба открыть раунд снова") < page.index("Кто сколько сдал")
    assert f'action="{address}/unlock"' not in page
    await cast.sign_in(client, second)
    page = (await client.get(address)).text
    assert f'action="{address}/unlock"' not in page and "/confirm" in page


async def test_who_asked_reads_that_it_was_declined_until_it_is_asked_again(client):
    where, address = await locked(client)
    second = await cast.viewer(await cast.second_organiser(where.cohort))
    runs = await where.organiser()
    sheet = await fetch_one("SELECT id, project FROM score_sheet WHERE round = $1 LIMIT 1", where.id)
    await agreeing.decline(second, where.id, await agreeing.ask_to_unlock(runs, where.id, "Ещё лист"))
    await agreeing.decline(second, where.id, await agreeing.ask_to_void(runs, where.id, sheet["id"], "Не он"))
    page = (await client.get(address)).text
    assert "Отказано: открыть раунд снова" in page and "Отказано: признать лист недействительным" in page
    assert "Тамара Ильина" in page
    withdrawn = await agreeing.ask_to_void(await where.organiser(), where.id, sheet["id"], "Не он")
    await agreeing.decline(await where.organiser(), where.id, withdrawn)
    asked = await agreeing.ask_to_unlock(await where.organiser(), where.id, "Ещё лист")
    assert "Отказано" not in (await client.get(address)).text
    await agreeing.confirm(second, where.id, asked)
    assert "Отказано" not in (await client.get(address)).text


async def test_what_was_asked_about_a_sheet_is_said_beside_it(client):
    where, address = await locked(client)
    sheet = await fetch_one("SELECT id, project FROM score_sheet WHERE round = $1 LIMIT 1", where.id)
    page, forms = f"{address}/projects/{sheet['project']}/sheets", f'action="{address}/sheets/{sheet["id"]}'
    assert (await client.get(page)).text.count(forms) == 2
    for kind, words in (("void", "признать его недействительным"), ("reopen", "вернуть его эксперту")):
        assert (await client.post(f"{address}/sheets/{sheet['id']}/{kind}", data=REASON)).status_code == 303
        assert f"Есть просьба {words}." in (await client.get(page)).text
    assert forms not in (await client.get(page)).text


async def test_whoever_organises_alone_reads_whom_to_ask(client):
    _, address = await locked(client)
    await client.post(f"{address}/unlock", data=REASON)
    assert "Попросите администратора сайта пригласить" in (await client.get(address)).text


async def test_a_publication_that_has_to_wait_is_not_offered(client):
    where, address = await locked(client)
    second = await cast.second_organiser(where.cohort)
    assert f'action="{address}/publish"' in (await client.get(f"{address}/result")).text
    await agreeing.ask_to_publish(await where.organiser(), where.id)
    await deliberating.open_deliberation(await where.organiser(), where.id, shows_sheets=False)
    await cast.sign_in(client, second)
    page = (await client.get(f"{address}/result")).text
    assert "/confirm" not in page and "/decline" in page and "Публикация ждёт" in page
    await deliberating.close_deliberation(await where.organiser(), where.id)
    assert "/confirm" in (await client.get(f"{address}/result")).text
