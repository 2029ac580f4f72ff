"""The pages of teams and of the plan, as browsers with and without scripts ask for them."""

import io
import zipfile
from datetime import timedelta

import pytest

import cast
from incubator.foundation import files
from incubator.foundation.database import DB, execute, fetch_value
from incubator.people.sessions import flash
from incubator.stages import actions, answers, hooks, queries


@pytest.fixture
async def school(client):
    """A cohort that began three days ago, with one team and its moderator; the client is its lead."""
    where = await cast.cohort()
    plan = await cast.begin(where)
    team = await cast.team(where)
    await cast.moderator(where, team)
    await cast.sign_in(client, team.lead)
    return where, team, plan


def place(team, assignment):
    return f"/teams/{team.id}/assignments/{assignment.id}"


async def work_of(team, assignment):
    return await queries.work_on(await cast.viewer(team.lead), team.id, assignment.id)


async def form_of(team, assignment, **changes):
    """What the page of a draft sends."""
    work = await work_of(team, assignment)
    shown = answers.shown_in_form(work.fields, work.content)
    return {**shown, "version": answers.token(work.fields, work.content), **changes}


STATEMENT = "answer-statement"


# --- The team's home --------------------------------------------------------------------------------------------------


async def test_home_lists_what_to_do_by_deadline_returned_work_first(school, client):
    _, team, plan = school
    second = plan[0].assignments[1]
    await cast.decide(await cast.hand_in(team.lead, team.id, second.id), "returned")
    page = (await client.get(f"/teams/{team.id}")).text
    tasks = page.partition('id="programme"')[0]
    assert tasks.index(second.facts.title) < tasks.index(plan[0].assignments[0].facts.title)
    assert "МСК" in tasks
    assert plan[1].facts.title not in tasks


@pytest.mark.parametrize("teams", [1, 19])
async def test_home_takes_six_statements_however_many_teams(client, counting, teams):
    where = await cast.cohort()
    await cast.begin(where)
    entrants = [await cast.team(where, number, members=1) for number in range(teams)]
    await cast.moderator(where, entrants[0])
    await cast.sign_in(client, entrants[0].lead)
    await client.get(f"/teams/{entrants[0].id}")
    await flash(await signed_in(client), "success", "Сообщение")
    with counting() as seen:
        page = await client.get(f"/teams/{entrants[0].id}")
    assert page.status_code == 200
    assert "Сообщение" in page.text
    assert len(seen) <= 6, seen.statements


async def signed_in(client):
    from incubator.people import sessions
    from incubator.settings import settings

    return await sessions.load(client.cookies[sessions.cookie_name(settings())])


async def test_home_renews_its_own_block(school, client):
    _, team, _ = school
    part = await client.get(f"/teams/{team.id}", headers={"hx-request": "true", "hx-request-type": "partial"})
    assert part.text.lstrip().startswith('<div id="home"')
    assert "<html" not in part.text


async def test_home_says_when_there_is_nothing_to_do(school, client):
    _, team, plan = school
    await execute("INSERT INTO problem_case (id, team, state, updated_at) VALUES ($1, $2, 'submitted', now())",
                  cast.new_id(), team.id)  # fmt: skip
    for assignment in plan[0].assignments:
        await cast.hand_in(team.lead, team.id, assignment.id)
    assert "работа на проверке" in (await client.get(f"/teams/{team.id}")).text


async def test_the_moderator_is_led_to_the_desk_and_leads_on(school, client):
    where, team, plan = school
    mod = await cast.moderator(where, team, name="Зоя Климова")
    receipts = [await cast.hand_in(team.lead, team.id, each.id) for each in plan[0].assignments]
    await cast.sign_in(client, mod)
    page = (await client.get(f"/teams/{team.id}")).text
    assert f"/submissions/{receipts[0].submission}/desk" in page
    assert "/advance" not in page
    for receipt in receipts:
        await cast.decide(receipt, "accepted")
    page = (await client.get(f"/teams/{team.id}")).text
    assert f"/teams/{team.id}/modules/{plan[0].id}/advance" in page
    assert "/rollback" not in page


async def test_an_organiser_takes_an_advance_back(school, client):
    where, team, plan = school
    await cast.begin_again(where, 200)
    lead = cast.at(await cast.viewer(team.lead), (await work_of(team, plan[0].assignments[0])).situation.due_at)
    for each in plan[0].assignments:
        await cast.decide(await cast.hand_in(lead, team.id, each.id), "accepted", lead.now)
    async with DB.transaction():
        await actions.advance_team(team.id, plan[0].id, team.lead.id, await cast.now())
    await cast.sign_in(client, where.organiser)
    address = f"/teams/{team.id}/modules/{plan[0].id}/rollback"
    assert address in (await client.get(f"/teams/{team.id}")).text
    assert (await client.post(address, data={"reason": ""})).status_code == 422
    assert (await client.post(address, data={"reason": "Рано"})).headers["location"] == f"/teams/{team.id}"


# --- The draft --------------------------------------------------------------------------------------------------------


async def test_a_draft_saves_itself(school, client, counting):
    _, team, plan = school
    assignment = plan[0].assignments[0]
    address = place(team, assignment)
    auto = {"x-autosave": "1", "accept": "application/json"}
    first = await client.post(address, data=await form_of(team, assignment, **{STATEMENT: "а"}), headers=auto)
    assert first.status_code == 200
    assert first.json().keys() == {"saved_at", "message", "version"}
    data = await form_of(team, assignment, **{STATEMENT: "аб"})
    with counting() as seen:
        again = await client.post(address, data={**data, "version": first.json()["version"]}, headers=auto)
    assert again.status_code == 200
    assert len(seen) <= 5, seen.statements
    assert (await work_of(team, assignment)).content["statement"] == "аб"


async def test_a_clash_is_told_to_the_saving_page_and_shown_to_the_person(school, client):
    _, team, plan = school
    assignment = plan[0].assignments[0]
    mine = await form_of(team, assignment, **{STATEMENT: "Моё", "answer-tried": "Мои попытки"})
    await cast.write(team.members[0], team.id, assignment.id, tried="")
    quiet = await client.post(place(team, assignment), data=mine, headers={"x-autosave": "1"})
    assert quiet.status_code == 409
    assert "Сохранить" in quiet.json()["message"]
    page = await client.post(place(team, assignment), data=mine)
    assert page.status_code == 409
    assert "Моё" in page.text
    assert "ответ" in page.text
    assert (await work_of(team, assignment)).content["tried"] == "Мои попытки"
    token = page.text.partition('name="version" value="')[2].partition('"')[0]
    chosen = await client.post(place(team, assignment), data={STATEMENT: "Общее", "version": token})
    assert chosen.status_code == 303
    assert (await work_of(team, assignment)).content["statement"] == "Общее"
    assert (await work_of(team, assignment)).content["tried"] == "Мои попытки"


async def test_what_was_typed_into_closed_work_is_shown_to_be_copied(school, client):
    _, team, plan = school
    assignment = plan[0].assignments[0]
    mine = await form_of(team, assignment, **{STATEMENT: "Не успели"})
    await cast.hand_in(team.lead, team.id, assignment.id)
    page = await client.post(place(team, assignment), data=mine)
    assert page.status_code == 403
    assert "Не успели" in page.text


async def test_text_of_people_is_never_markup(school, client):
    _, team, plan = school
    assignment = plan[0].assignments[0]
    evil = "</textarea><script>alert(1)</script>"
    table = [[evil, evil, evil]]
    await cast.write(team.lead, team.id, assignment.id, statement=evil, affected=table, tried=evil)
    receipt = await cast.hand_in(team.lead, team.id, assignment.id, evil)
    for address in ("", "/check", f"/revisions/{receipt.number}", "/revisions/1/comparison", "/revisions/1/receipt"):
        assert "<script>alert" not in (await client.get(place(team, assignment) + address, follow_redirects=True)).text


async def test_the_draft_reads_as_text_for_those_who_accompany(school, client):
    where, team, plan = school
    assignment = plan[0].assignments[0]
    await cast.write(team.lead, team.id, assignment.id)
    await cast.sign_in(client, where.organiser)
    page = (await client.get(place(team, assignment))).text
    assert "data-autosave=" not in page
    assert "ответ" in page
    assert "/extension" in page


async def test_a_locked_module_keeps_its_instructions_to_itself(school, client):
    _, team, plan = school
    assignment = plan[1].assignments[0]
    page = await client.get(place(team, assignment))
    assert page.status_code == 200
    assert assignment.facts.instructions.splitlines()[0][:40] not in page.text


async def test_remarks_stand_beside_their_fields(school, client, monkeypatch):
    _, team, plan = school
    await cast.write(team.lead, team.id, plan[0].assignments[0].id)

    class Note:
        template = "shared/_footer.html"  # any template will do: the hook only names it

    async def margin(_viewer, _submission):
        return {"statement": [Note()], "": [Note()]}

    monkeypatch.setattr(hooks, "MARGIN", [margin])
    page = (await client.get(place(team, plan[0].assignments[0]))).text
    assert page.count('class="foot"') == 3
    assert page.count('class="beside"') == 1


# --- Checking and sending ---------------------------------------------------------------------------------------------


async def test_check_names_what_is_missing_and_links_to_it(school, client):
    _, team, plan = school
    assignment = plan[0].assignments[0]
    await cast.write(team.lead, team.id, assignment.id, statement="", affected=[])
    page = (await client.get(place(team, assignment) + "/check")).text
    assert f'{place(team, assignment)}#f-answer-statement"' in page
    assert f'{place(team, assignment)}#f-answer-affected.0"' in page
    assert 'name="version"' not in page
    work = await work_of(team, assignment)
    refused = await client.post(place(team, assignment) + "/check", data={"version": str(work.version)})
    assert refused.status_code == 422


async def test_sending_leads_to_a_receipt_and_a_second_press_to_the_same(school, client):
    _, team, plan = school
    assignment = plan[0].assignments[0]
    await cast.write(team.lead, team.id, assignment.id)
    page = (await client.get(place(team, assignment) + "/check")).text
    version = page.partition('name="version" value="')[2].partition('"')[0]
    first = await client.post(place(team, assignment) + "/check", data={"version": version})
    second = await client.post(place(team, assignment) + "/check", data={"version": version})
    assert first.headers["location"] == second.headers["location"] == f"{place(team, assignment)}/revisions/1/receipt"
    receipt = (await client.get(first.headers["location"])).text
    assert (await work_of(team, assignment)).last.receipt in receipt
    assert "МСК" in receipt
    assert (await client.get(place(team, assignment) + "/check")).headers["location"] == place(team, assignment)


async def test_a_member_is_told_who_sends(school, client):
    _, team, plan = school
    assignment = plan[0].assignments[0]
    await cast.write(team.lead, team.id, assignment.id)
    await cast.sign_in(client, team.members[0])
    page = (await client.get(place(team, assignment) + "/check")).text
    assert "отправляет руководитель" in page
    assert 'name="version"' not in page


async def test_changed_since_checked_is_shown_again(school, client):
    _, team, plan = school
    assignment = plan[0].assignments[0]
    await cast.write(team.lead, team.id, assignment.id)
    answer = await client.post(place(team, assignment) + "/check", data={"version": "7"})
    assert answer.status_code == 409
    assert "Просмотрите" in answer.text


async def test_after_the_deadline_the_page_the_draft_and_the_refusal_name_the_same_instant(school, client):
    where, team, plan = school
    assignment = plan[0].assignments[0]
    await cast.write(team.lead, team.id, assignment.id)
    await cast.begin_again(where, 60)
    work = await work_of(team, assignment)
    said = f"{work.situation.due_at:%H:%M}"  # the lead's own zone is Moscow's here
    from zoneinfo import ZoneInfo

    said = f"{work.situation.due_at.astimezone(ZoneInfo('Europe/Moscow')):%H:%M} МСК"
    refused = await client.post(place(team, assignment) + "/check", data={"version": str(work.version)})
    assert refused.status_code == 403
    for page in (refused.text, (await client.get(place(team, assignment) + "/check")).text):
        assert said in page
    assert said in (await client.get(place(team, assignment))).text


async def test_an_extension_by_form(school, client):
    where, team, plan = school
    assignment = plan[0].assignments[0]
    await cast.sign_in(client, where.organiser)
    address = place(team, assignment) + "/extension"
    due = plan[0].facts.due_at
    early = await client.post(address, data={"until": f"{due - timedelta(days=9):%Y-%m-%dT%H:%M}", "reason": "Паводок"})
    assert early.status_code == 422
    assert "Паводок" in early.text
    good = await client.post(address, data={"until": f"{due + timedelta(days=3):%Y-%m-%dT%H:%M}", "reason": "Паводок"})
    assert good.status_code == 303
    await cast.sign_in(client, team.lead)
    assert "Паводок" in (await client.get(place(team, assignment))).text


# --- Versions ---------------------------------------------------------------------------------------------------------


async def test_versions_and_what_changed_between_them(school, client):
    _, team, plan = school
    assignment = plan[0].assignments[0]
    for number, word in enumerate(("первый вариант", "второй вариант"), 1):
        receipt = await cast.hand_in(team.lead, team.id, assignment.id, word)
        assert receipt.number == number
        await cast.decide(receipt, "returned")
    base = f"{place(team, assignment)}/revisions"
    page = (await client.get(f"{base}/2/comparison")).text
    assert "первый</del>" in page
    assert "второй</ins>" in page
    assert (await client.get(f"{base}/2/comparison?with=1")).text == page
    assert (await client.get(f"{base}/1/comparison?with=2")).text.count("второй</ins>") == page.count("второй</ins>")
    assert "первая версия" in (await client.get(f"{base}/1/comparison")).text
    for nothing in (f"{base}/3", f"{base}/0", f"{base}/2/comparison?with=7", f"{base}/{2**31}"):
        assert (await client.get(nothing)).status_code == 404


# --- Files ------------------------------------------------------------------------------------------------------------


def docx(*extra):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", '<Types><Override ContentType="application/vnd.openxmlformats-'
                         'officedocument.wordprocessingml.document.main+xml"/></Types>')  # fmt: skip
        archive.writestr("word/document.xml", "<w:document/>")
        for name in extra:
            archive.writestr(name, "x")
    return made.getvalue()


@pytest.fixture
async def evidence(school):
    """The assignment that takes a file."""
    where, team, plan = school
    return where, team, plan[0].assignments[1], "answer-data_file"


async def test_one_refused_file_loses_neither_the_others_nor_a_word(evidence, client):
    _, team, assignment, field = evidence
    data = await form_of(team, assignment, **{"answer-trend": "Растёт", "press": "upload"})
    sent = [
        (field, ("расчёт.docx", docx(), "application/octet-stream")),
        (field, ("макрос.docx", docx("word/vbaProject.bin"), "application/octet-stream")),
        (field, ("страница.txt", b"<html><script>alert(1)</script>", "text/plain")),
        (field, ("таблица.csv", "год;число\n2026;1".encode(), "text/csv")),
    ]
    page = await client.post(place(team, assignment), data=data, files=sent)
    assert page.status_code == 422
    assert "макрос.docx" in page.text
    assert "Растёт" in page.text
    work = await work_of(team, assignment)
    assert [file["name"] for file in work.files["data_file"]] == ["расчёт.docx", "таблица.csv"]
    assert work.content["trend"] == "Растёт"


async def test_a_file_comes_out_as_an_attachment_only(evidence, client):
    _, team, assignment, field = evidence
    data = await form_of(team, assignment, press="upload")
    name = "Отчёт «итог» 2026.pdf"
    answer = await client.post(place(team, assignment), data=data, files=[(field, (name, cast.PDF, "text/html"))])
    assert answer.headers["location"].endswith("#files")
    (file,) = (await work_of(team, assignment)).files["data_file"]
    out = await client.get(f"/files/{file['id']}")
    assert out.content == cast.PDF
    assert out.headers["content-type"] == "application/pdf"
    assert out.headers["content-disposition"].startswith('attachment; filename="')
    assert "filename*=UTF-8''%D0%9E%D1%82%D1%87" in out.headers["content-disposition"]
    assert "sandbox" in out.headers["content-security-policy"]
    assert out.headers["x-content-type-options"] == "nosniff"
    assert out.headers["cache-control"] == "private, no-store"


async def test_removing_a_file_by_its_button(evidence, client):
    _, team, assignment, field = evidence
    upload = actions.Upload("data_file", "а.pdf", cast.PDF)
    stored = await actions.attach_file(await cast.viewer(team.lead), team.id, assignment.id, upload)
    data = await form_of(team, assignment, remove=str(stored.id))
    assert (await client.post(place(team, assignment), data=data)).status_code == 303
    assert (await work_of(team, assignment)).files == {}
    assert (await client.get(f"/files/{stored.id}")).status_code == 404
    assert await fetch_value("SELECT count(*) FROM stored_file") == 0
    assert await fetch_value("SELECT count(*) FROM outbox WHERE kind = 'file.erase'") == 1


async def test_a_file_that_was_sent_stays_with_its_version(evidence, client):
    _, team, assignment, _ = evidence
    lead = await cast.viewer(team.lead)
    await cast.write(lead, team.id, assignment.id)
    upload = actions.Upload("data_file", "а.pdf", cast.PDF)
    stored = await actions.attach_file(lead, team.id, assignment.id, upload)
    receipt = await cast.hand_in(team.lead, team.id, assignment.id)
    await cast.decide(receipt, "returned")
    await actions.remove_file(lead, stored.id)
    assert (await work_of(team, assignment)).files == {}
    assert (await client.get(f"/files/{stored.id}")).status_code == 200
    assert "а.pdf" in (await client.get(f"{place(team, assignment)}/revisions/1")).text


async def test_files_and_fields_that_do_not_belong_are_refused(evidence, client):
    _, team, assignment, _ = evidence
    data = await form_of(team, assignment)
    for field in ("answer-trend", "answer-nothing", "state"):
        answer = await client.post(place(team, assignment), data=data, files=[(field, ("а.pdf", cast.PDF, ""))])
        assert answer.status_code == 400
    for more in ({"state": "accepted"}, {"answer-nothing": "x"}):
        assert (await client.post(place(team, assignment), data={**data, **more})).status_code == 400
    twice = await client.post(
        place(team, assignment), content=b"answer-trend=a&answer-trend=b",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert twice.status_code == 400
    assert await fetch_value("SELECT count(*) FROM stored_file") == 0


async def test_a_text_where_a_file_belongs_is_let_go(evidence, client):
    _, team, assignment, field = evidence
    data = await form_of(team, assignment, **{field: "не файл", "answer-trend": "Растёт"})
    assert (await client.post(place(team, assignment), data=data)).status_code == 303
    assert (await work_of(team, assignment)).files == {}


async def test_too_big_a_body_is_refused_before_it_is_read(evidence, client):
    _, team, assignment, field = evidence
    big = b"%PDF-" + b"0" * (files.LARGEST + 1024 * 1024)
    answer = await client.post(place(team, assignment), data={}, files=[(field, ("а.pdf", big, ""))])
    assert answer.status_code == 413


async def test_at_most_ten_files_at_a_field(evidence):
    _, team, assignment, _ = evidence
    from incubator.foundation.refusals import Refused

    lead = await cast.viewer(team.lead)
    for number in range(10):
        await actions.attach_file(lead, team.id, assignment.id, actions.Upload("data_file", f"{number}.pdf", cast.PDF))
    with pytest.raises(Refused):
        await actions.attach_file(lead, team.id, assignment.id, actions.Upload("data_file", "11.pdf", cast.PDF))


# --- The plan ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("teams", [1, 19])
async def test_the_plan_page_does_not_grow_with_the_teams(client, counting, teams):
    where = await cast.cohort()
    await cast.begin(where)
    for number in range(teams):
        await cast.team(where, number, members=0)
    await cast.sign_in(client, where.organiser)
    with counting() as seen:
        page = await client.get(f"/cohorts/{where.id}/plan")
    assert page.status_code == 200
    assert len(seen) <= 5, seen.statements


async def test_a_module_by_form(school, client):
    where, _, plan = school
    await cast.sign_in(client, where.organiser)
    base = f"/cohorts/{where.id}/plan"
    address = f"{base}/modules/{plan[0].id}"
    shown = {**plan[0].facts.shown("Asia/Vladivostok"), "title": "Другое имя"}
    asked = await client.post(address, data=shown)
    assert asked.status_code == 422
    assert "Сейчас в этом модуле работает 1 команда." in asked.text
    assert "Другое имя" in asked.text
    token = asked.text.partition('name="confirmed"')[2].partition('value="')[2].partition('"')[0]
    assert (await client.post(address, data={**shown, "confirmed": token})).status_code == 303
    clash = await client.post(address, data={**shown, "confirmed": token})
    assert clash.status_code == 409
    assert "Сохранено сейчас" in clash.text
    wrong = await client.post(address, data={**shown, "due_at": "2020-01-01T00:00"})
    assert wrong.status_code == 422
    new = {**shown, "title": "Ещё", "version": ""}
    assert (await client.post(f"{base}/modules/new", data=new)).status_code == 422  # before the last one
    last = {**plan[-1].facts.shown("Asia/Vladivostok"), "version": ""}
    assert (await client.post(f"{base}/modules/new", data=last)).status_code == 303
    moved = await client.post(f"{base}/modules/{plan[-1].id}/move", data={"to": "up"})
    assert moved.status_code == 303
    assert (await client.post(f"{base}/modules/{plan[-1].id}/remove", data={})).status_code == 303


async def test_an_assignment_by_form(school, client):
    where, _, plan = school
    await cast.sign_in(client, where.organiser)
    base = f"/cohorts/{where.id}/plan"
    assignment = plan[2].assignments[0]
    page = await client.get(f"{base}/assignments/{assignment.id}")
    assert page.status_code == 200
    shown = {**assignment.facts.shown(), "title": "Другое задание"}
    assert (await client.post(f"{base}/assignments/{assignment.id}", data=shown)).status_code == 303
    assert (await client.post(f"{base}/assignments/{assignment.id}", data=shown)).status_code == 409
    wrong = {**shown, "f_kind": ["choice"] * len(shown["f_kind"])}
    assert (await client.post(f"{base}/assignments/{assignment.id}", data=wrong)).status_code == 422
    fresh = {**shown, "f_key": [""] * len(shown["f_key"]), "version": ""}
    assert (await client.post(f"{base}/modules/{plan[2].id}/assignments/new", data=fresh)).status_code == 303
    asked = await client.post(f"{base}/modules/{plan[0].id}/assignments/new", data=fresh)
    assert asked.status_code == 422
    assert (await client.get(f"{base}/modules/{plan[0].id}/assignments/new")).status_code == 200
    assert (await client.get(f"{base}/modules/new")).status_code == 200
    for step in (("move", {"to": "down"}), ("remove", {})):
        answer = await client.post(f"{base}/assignments/{assignment.id}/{step[0]}", data=step[1])
        assert answer.status_code == 303
