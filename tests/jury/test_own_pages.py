"""What is a juror's own is his whatever conflicts he has; what a conflict shuts to him is not offered."""

import re

import cast
from incubator.foundation.database import fetch_value
from incubator.jury.conflicts import declaring
from incubator.jury.office import conducting, seating
from incubator.jury.pitch import running
from incubator.jury.result import deliberating


async def test_a_juror_with_a_conflict_reads_everything_that_is_his_own_and_nothing_else(client):
    where = await cast.scoring_round(teams=2, jurors=3)
    his, other = where.jurors[0], where.jurors[1]
    for juror in (his, other):
        await cast.score(where, juror, await where.project(), 7, 7, 7, 7, 7)
    await declaring.declare(await cast.viewer(his), where.id, {where.teams[1].id: "Сестра в команде"})
    text = "SELECT encode(s.receipt, 'hex') FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE e.person = $1 AND total IS NOT NULL"
    mine, others = await fetch_value(text, his.id), await fetch_value(text, other.id)
    await cast.sign_in(client, his)
    page = await client.get(f"/rounds/{where.id}/receipts")
    assert page.status_code == 200
    assert mine in page.text
    assert others not in page.text
    for path in ("mine", "mine.pdf", "ledger", "conflicts", "offline"):
        assert (await client.get(f"/rounds/{where.id}/{path}")).status_code == 200, path
    assert (await client.post(f"/rounds/{where.id}/sign")).status_code == 303
    hashes = re.findall(
        r'<code class="hash">(\w+)</code></td>', (await client.get(f"/rounds/{where.id}/receipts")).text
    )
    assert len(hashes) > 1
    await cast.sign_in(client, await cast.juror(where.cohort, "Олег Панин"))
    assert (await client.get(f"/rounds/{where.id}/receipts")).status_code == 404


async def test_who_has_a_conflict_is_not_sent_to_a_deliberation_that_is_shut_to_him(client):
    where = await cast.scoring_round(teams=2, jurors=3)
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(), 7, 7, 7, 7, 7)
    await declaring.declare(await cast.viewer(where.jurors[0]), where.id, {where.teams[1].id: "Сестра в команде"})
    runs = await where.organiser()
    await conducting.lock_round(runs, where.id, confirmed_missing=2)
    await deliberating.open_deliberation(runs, where.id, shows_sheets=False)
    address = f"/rounds/{where.id}/deliberation"
    for juror, status in ((where.jurors[0], 403), (where.jurors[1], 200)):
        await cast.sign_in(client, juror)
        assert (await client.get(address)).status_code == status
        assert (f'href="{address}"' in (await client.get("/jury")).text) == (status == 200)


async def test_who_has_declared_before_the_opening_is_not_asked_again_and_can_add_to_it(client):
    where = await cast.scoring_round(teams=2, jurors=2, opened=False, declared=False)
    await cast.sign_in(client, where.jurors[0])
    address = f"/rounds/{where.id}"
    assert "Пока сообщите" in (await client.get(address)).text
    await declaring.declare(await cast.viewer(where.jurors[0]), where.id, {})
    page = (await client.get(address)).text
    assert "Пока сообщите" not in page
    assert "Ваше заявление записано" in page
    assert f'href="{address}/conflicts"' in page


async def test_the_confirmation_is_the_next_step_and_is_said_once_when_it_is_done(client):
    where = await cast.scoring_round(teams=1, jurors=2)
    juror, address = where.jurors[0], f"/rounds/{where.id}"
    await cast.sign_in(client, juror)
    assert f'href="{address}/mine"' not in (await client.get("/")).text
    await cast.score(where, juror, await where.project(), 7, 7, 7, 7, 7)
    assert f'href="{address}/mine"' in (await client.get("/")).text
    page = (await client.get(address)).text
    assert "Просмотреть и подтвердить" in page
    assert f'href="{address}/conflicts"' in page, "a conflict can come to mind after the last sheet too"
    answer = await client.post(f"{address}/sign", data={})
    assert answer.headers["location"].endswith("/mine#confirmed")
    page = (await client.get(f"{address}/mine")).text
    assert page.count("banner--success") == 1
    assert 'id="confirmed" tabindex="-1"' in page
    assert page.count("mine.pdf") == 1
    for seen in ("/", address):
        page = (await client.get(seen)).text
        assert "Вы подтвердили свои листы" in page
        assert "Просмотреть и подтвердить" not in page
        assert "их ещё можно изменить" not in page


async def test_a_substitute_reads_when_his_sheets_come(client):
    where = await cast.scoring_round(teams=1, jurors=3, opened=False)
    seat = await fetch_value("SELECT id FROM seat WHERE round = $1 AND person = $2", where.id, where.jurors[2].id)
    await seating.set_duty(await where.organiser(), where.id, seat, "substitute")
    await conducting.open_round(await where.organiser(), where.id)
    await cast.sign_in(client, where.jurors[2])
    assert "когда вас вызовут на замену" in (await client.get(f"/rounds/{where.id}")).text


async def test_who_leads_without_sheets_is_led_to_the_panel_and_asked_for_none(client):
    where = await cast.scoring_round(teams=1, jurors=3, opened=False, declared=False)
    secretary, runs, address = where.jurors[2], await where.organiser(), f"/rounds/{where.id}"
    seat = await fetch_value("SELECT id FROM seat WHERE round = $1 AND person = $2", where.id, secretary.id)
    await seating.set_duty(runs, where.id, seat, "secretary")
    await cast.sign_in(client, secretary)
    for seen in ("/jury", address):
        page = (await client.get(seen)).text
        assert "раунд не ведёт" in page
        assert "Оценивание начинается после этого" not in page
        assert f'href="{address}/conflicts"' in page
    await declaring.declare(await cast.viewer(secretary), where.id, {})
    assert "своих листов у вас в нём не будет" in (await client.get("/")).text
    await conducting.open_round(runs, where.id)
    assert f'href="{address}/progress"' in (await client.get("/")).text
    await running.begin(runs, where.id)
    assert f'href="{address}/pitch"' in (await client.get("/")).text
    page = (await client.get("/jury")).text
    assert "своих листов у вас в нём нет" in page
    assert "не назначено ни одного проекта" not in page
    await declaring.declare(await cast.viewer(secretary), where.id, {where.teams[0].id: "Брат"})
    assert f'href="{address}/pitch"' not in (await client.get("/")).text
