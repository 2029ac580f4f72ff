"""Pages of one piece of work: the draft, the check, the receipt, versions."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import cast
from incubator.stages import hooks

STATEMENT = "answer-statement"


async def test_a_draft_saves_itself(site, client, counting):
    _, team, plan = site
    assignment = plan[0].assignments[0]
    address = cast.work_address(team, assignment.id)
    auto = {"x-autosave": "1", "accept": "application/json"}
    first = await client.post(address, data=await cast.work_form(team, assignment.id, **{STATEMENT: "а"}), headers=auto)
    assert first.status_code == 200
    assert first.json().keys() == {"saved_at", "message", "version", "here"}
    data = await cast.work_form(team, assignment.id, **{STATEMENT: "аб"})
    with counting() as seen:
        again = await client.post(address, data={**data, "version": first.json()["version"]}, headers=auto)
    assert again.status_code == 200
    assert len(seen) <= 5, seen.statements
    assert (await cast.work_of(team, assignment.id)).content["statement"] == "аб"


async def test_a_clash_is_told_to_the_saving_page_and_shown_to_the_person(site, client):
    _, team, plan = site
    assignment = plan[0].assignments[0]
    mine = await cast.work_form(team, assignment.id, **{STATEMENT: "Моё", "answer-tried": "Мои попытки"})
    await cast.write(team.members[0], team.id, assignment.id, tried="")
    quiet = await client.post(cast.work_address(team, assignment.id), data=mine, headers={"x-autosave": "1"})
    assert quiet.status_code == 409
    assert "Сохранить" in quiet.json()["message"]
    page = await client.post(cast.work_address(team, assignment.id), data=mine)
    assert page.status_code == 409
    assert "Моё" in page.text
    assert "ответ" in page.text
    assert (await cast.work_of(team, assignment.id)).content["tried"] == "Мои попытки"
    token = page.text.partition('name="version" value="')[2].partition('"')[0]
    chosen = await client.post(cast.work_address(team, assignment.id), data={STATEMENT: "Общее", "version": token})
    assert chosen.status_code == 303
    assert (await cast.work_of(team, assignment.id)).content["statement"] == "Общее"
    assert (await cast.work_of(team, assignment.id)).content["tried"] == "Мои попытки"


async def test_what_was_typed_into_closed_work_is_shown_to_be_copied(site, client):
    _, team, plan = site
    assignment = plan[0].assignments[0]
    mine = await cast.work_form(team, assignment.id, **{STATEMENT: "Не успели"})
    await cast.hand_in(team.lead, team.id, assignment.id)
    page = await client.post(cast.work_address(team, assignment.id), data=mine)
    assert page.status_code == 403
    assert "Не успели" in page.text


async def test_text_of_people_is_never_markup(site, client):
    _, team, plan = site
    assignment = plan[0].assignments[0]
    evil = "</textarea><script>alert(1)</script>"
    table = [[evil, evil, evil]]
    await cast.write(team.lead, team.id, assignment.id, statement=evil, affected=table, tried=evil)
    receipt = await cast.hand_in(team.lead, team.id, assignment.id, evil)
    for address in ("", "/check", f"/revisions/{receipt.number}", "/comparison?to=1", "/revisions/1/receipt"):
        assert (
            "<script>alert"
            not in (await client.get(cast.work_address(team, assignment.id) + address, follow_redirects=True)).text
        )


async def test_the_draft_reads_as_text_for_those_who_accompany(site, client):
    where, team, plan = site
    assignment = plan[0].assignments[0]
    await cast.write(team.lead, team.id, assignment.id)
    await cast.sign_in(client, where.organiser)
    page = (await client.get(cast.work_address(team, assignment.id))).text
    assert "data-autosave=" not in page
    assert "ответ" in page
    assert "/extension" in page


async def test_a_locked_module_keeps_its_instructions_to_itself(site, client):
    _, team, plan = site
    assignment = plan[1].assignments[0]
    page = await client.get(cast.work_address(team, assignment.id))
    assert page.status_code == 200
    assert assignment.facts.instructions.splitlines()[0][:40] not in page.text


async def test_remarks_stand_beside_their_fields(site, client, monkeypatch):
    _, team, plan = site
    await cast.write(team.lead, team.id, plan[0].assignments[0].id)

    class Note:
        template = "shared/_footer.html"  # any template will do: the hook only names it

    async def margin(_viewer, _submission):
        return {"statement": [Note()], "": [Note()]}

    monkeypatch.setattr(hooks, "MARGIN", [margin])
    page = (await client.get(cast.work_address(team, plan[0].assignments[0].id))).text
    assert page.count('class="foot"') == 3
    assert page.count('class="beside"') == 1


# --- Checking and sending


async def test_check_names_what_is_missing_and_links_to_it(site, client):
    _, team, plan = site
    assignment = plan[0].assignments[0]
    await cast.write(team.lead, team.id, assignment.id, statement="", affected=[])
    page = (await client.get(cast.work_address(team, assignment.id) + "/check")).text
    assert f'{cast.work_address(team, assignment.id)}#f-answer-statement"' in page
    assert f'{cast.work_address(team, assignment.id)}#f-answer-affected.0"' in page
    assert 'name="version"' not in page
    work = await cast.work_of(team, assignment.id)
    refused = await client.post(cast.work_address(team, assignment.id) + "/check", data={"version": str(work.version)})
    assert refused.status_code == 422


async def test_sending_leads_to_a_receipt_and_a_second_press_to_the_same(site, client):
    _, team, plan = site
    assignment = plan[0].assignments[0]
    await cast.write(team.lead, team.id, assignment.id)
    page = (await client.get(cast.work_address(team, assignment.id) + "/check")).text
    version = page.partition('name="version" value="')[2].partition('"')[0]
    first = await client.post(cast.work_address(team, assignment.id) + "/check", data={"version": version})
    second = await client.post(cast.work_address(team, assignment.id) + "/check", data={"version": version})
    assert (
        first.headers["location"]
        == second.headers["location"]
        == f"{cast.work_address(team, assignment.id)}/revisions/1/receipt"
    )
    receipt = (await client.get(first.headers["location"])).text
    assert (await cast.work_of(team, assignment.id)).last.receipt in receipt
    assert "МСК" in receipt
    assert (await client.get(cast.work_address(team, assignment.id) + "/check")).headers[
        "location"
    ] == cast.work_address(team, assignment.id)


async def test_a_member_is_told_who_sends(site, client):
    _, team, plan = site
    assignment = plan[0].assignments[0]
    await cast.write(team.lead, team.id, assignment.id)
    await cast.sign_in(client, team.members[0])
    page = (await client.get(cast.work_address(team, assignment.id) + "/check")).text
    assert "отправляет руководитель" in page
    assert 'name="version"' not in page


async def test_changed_since_checked_is_shown_again(site, client):
    _, team, plan = site
    assignment = plan[0].assignments[0]
    await cast.write(team.lead, team.id, assignment.id)
    answer = await client.post(cast.work_address(team, assignment.id) + "/check", data={"version": "7"})
    assert answer.status_code == 409
    assert "Просмотрите" in answer.text


async def test_after_the_deadline_the_page_the_draft_and_the_refusal_name_the_same_instant(site, client):
    where, team, plan = site
    assignment = plan[0].assignments[0]
    await cast.write(team.lead, team.id, assignment.id)
    await cast.begin_again(where, 60)
    work = await cast.work_of(team, assignment.id)
    said = f"{work.situation.due_at.astimezone(ZoneInfo('Europe/Moscow')):%H:%M}\u00a0МСК"
    refused = await client.post(cast.work_address(team, assignment.id) + "/check", data={"version": str(work.version)})
    assert refused.status_code == 403
    for page in (refused.text, (await client.get(cast.work_address(team, assignment.id) + "/check")).text):
        assert said in page
    assert said in (await client.get(cast.work_address(team, assignment.id))).text


async def test_an_extension_by_form(site, client):
    where, team, plan = site
    assignment = plan[0].assignments[0]
    await cast.sign_in(client, where.organiser)
    address = cast.work_address(team, assignment.id) + "/extension"
    due = plan[0].facts.due_at
    early = await client.post(address, data={"until": f"{due - timedelta(days=9):%Y-%m-%dT%H:%M}", "reason": "Паводок"})
    assert early.status_code == 422
    assert "Паводок" in early.text
    good = await client.post(address, data={"until": f"{due + timedelta(days=3):%Y-%m-%dT%H:%M}", "reason": "Паводок"})
    assert good.status_code == 303
    await cast.sign_in(client, team.lead)
    assert "Паводок" in (await client.get(cast.work_address(team, assignment.id))).text


# --- Versions


async def test_versions_and_what_changed_between_them(site, client):
    _, team, plan = site
    assignment = plan[0].assignments[0]
    for number, word in enumerate(("первый вариант", "второй вариант"), 1):
        receipt = await cast.hand_in(team.lead, team.id, assignment.id, word)
        assert receipt.number == number
        await cast.decide(receipt, "returned")
    base = cast.work_address(team, assignment.id)
    page = (await client.get(f"{base}/comparison")).text
    assert "первый</del>" in page
    assert "второй</ins>" in page
    assert (await client.get(f"{base}/comparison?from=1&to=2")).text == page
    assert (await client.get(f"{base}/comparison?to=x&from=-1")).text == page
    assert "второй</del>" in (await client.get(f"{base}/comparison?from=2&to=1")).text
    assert "первый</del>" in (await client.get(f"{base}/comparison?view=columns")).text
    assert "первая версия" in (await client.get(f"{base}/comparison?to=1")).text
    for nothing in (
        "/revisions/3",
        "/revisions/0",
        "/comparison?from=7",
        f"/revisions/{2**31}",
        "/comparison?to=999999999",
    ):
        assert (await client.get(base + nothing)).status_code == 404
    assert (await client.get(f"{cast.work_address(team, plan[0].assignments[1].id)}/comparison")).status_code == 404


async def test_a_form_with_many_cells_arrives_with_files_and_without(site, client):
    _, team, plan = site
    assignment = plan[0].assignments[1]
    cells = {f"answer-indicators.{column}": ["число"] * 30 for column in range(5)}
    many = {f"answer-indicators.{column}": ["число"] * 300 for column in range(5)}
    for files in (None, [("answer-data_file", ("а.csv", b"a;b\n", "text/csv"))]):
        data = {**await cast.work_form(team, assignment.id), **cells}
        assert (await client.post(cast.work_address(team, assignment.id), data=data, files=files)).status_code == 303
        data = {**await cast.work_form(team, assignment.id), **many}
        answer = await client.post(cast.work_address(team, assignment.id), data=data, files=files)
        assert answer.status_code == 303  # a draft may be too long; the check says so
    assert len((await cast.work_of(team, assignment.id)).content["indicators"]) == 300
    assert "30" in (await client.get(cast.work_address(team, assignment.id) + "/check")).text
