"""The pages of teams over HTTP: forms without JavaScript, autosave, clashes, what is hidden, and constant statements."""

import re
from dataclasses import replace
from urllib.parse import quote

import pytest

import cast
from incubator.foundation.database import execute, fetch_value
from incubator.teams import queries, reading, writing
from incubator.teams.cases import COLUMNS, form_values
from teams.test_cases import COMPLETE, OUTFLOW, sent

JSON = {"x-autosave": "1", "accept": "application/json"}


def typed(case, version, **more):
    """The body that a browser sends for this case, with the three blank rows of each group."""
    pairs = [pair for pair in sent(case, version) if pair[0] not in more]
    pairs += [(name, "") for name in (*COLUMNS, "cause", "effect") for _ in range(3)]
    return {**grouped(pairs), **more}


def grouped(pairs):
    fields = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


@pytest.fixture
async def signed(client, team):
    """The client as the team lead."""
    await cast.sign_in(client, team.lead)
    return client


def address(team, path=""):
    return f"/teams/{team.id}{path}"


# --- Registration -----------------------------------------------------------------------------------------------------

FIELDS = {
    "oktmo": "05 720 000", "municipality": "Спасск-Дальний", "kind": "urban_district",
    "time_zone": "Asia/Vladivostok", "team_name": "Спасск-Дальний", "position": "head", "job_title": "Глава округа",
}  # fmt: skip


@pytest.fixture
async def newcomer(client, cohort):
    await cast.sign_in(client, await cast.invited_lead(cohort))
    return client


async def test_a_lead_registers_by_a_plain_form(newcomer, cohort):
    page = await newcomer.get(f"/register/{cohort.id}")
    assert page.status_code == 200
    assert "депутат" not in page.text.lower()  # councillors may not take part here
    answer = await newcomer.post(f"/register/{cohort.id}", data=FIELDS)
    assert answer.status_code == 303
    members = await newcomer.get(answer.headers["location"])
    assert members.status_code == 200
    assert "Глава округа" in members.text and "Руководитель команды" in members.text
    again = await newcomer.get(f"/register/{cohort.id}")
    assert again.status_code == 303 and again.headers["location"].startswith("/teams/")


async def test_what_is_wrong_comes_back_with_everything_that_was_typed(newcomer, cohort):
    answer = await newcomer.post(f"/register/{cohort.id}", data={**FIELDS, "oktmo": "02", "position": "councillor"})
    assert answer.status_code == 422
    for value in ("Спасск-Дальний", "Глава округа", 'value="02"'):
        assert value in answer.text
    assert 'href="#f-oktmo"' in answer.text and 'href="#f-position"' in answer.text
    assert await fetch_value("SELECT count(*) FROM team") == 0


async def test_a_name_that_is_taken_is_told_beside_what_was_typed(newcomer, cohort):
    await cast.team(cohort, members=0)
    answer = await newcomer.post(f"/register/{cohort.id}", data=FIELDS)
    assert answer.status_code == 409
    assert "уже есть команда с таким названием" in answer.text and 'value="Глава округа"' in answer.text
    assert 'href="#f-team_name"' in answer.text and 'id="f-team_name-error"' in answer.text


async def test_the_code_of_a_known_municipality_is_enough(newcomer, cohort):
    await cast.team(cohort, members=0)
    part = await newcomer.get(
        f"/register/{cohort.id}/municipality", params={"oktmo": "05720000"}, headers={"hx-request": "true"}
    )
    assert part.status_code == 200
    assert "<html" not in part.text and "Приморский край" in part.text and 'name="municipality"' not in part.text
    fields = {"oktmo": "05720000", "team_name": "Вторая", "position": "head", "job_title": ""}
    assert (await newcomer.post(f"/register/{cohort.id}", data=fields)).status_code == 303


async def test_an_unknown_code_suggests_kind_region_and_clock_and_keeps_the_name(newcomer, cohort):
    part = await newcomer.get(
        f"/register/{cohort.id}/municipality", params={"oktmo": "77701000", "municipality": "Анадырь"},
        headers={"hx-request": "true"},
    )  # fmt: skip
    assert 'value="Анадырь"' in part.text and "Чукотский автономный округ" in part.text
    assert '<option value="urban_district" selected>' in part.text
    assert '<option value="Asia/Kamchatka" selected>' in part.text


@pytest.mark.parametrize("oktmo", ["", "x", "9" * 500, "05700000", "\U0001f600"])
async def test_the_look_up_takes_anything(newcomer, cohort, oktmo):
    for headers in ({}, {"hx-request": "true"}):
        answer = await newcomer.get(f"/register/{cohort.id}/municipality", params={"oktmo": oktmo}, headers=headers)
        assert answer.status_code == 200


async def test_an_organiser_registers_a_team_with_its_lead(client, cohort):
    await cast.sign_in(client, cohort.organiser)
    fields = {**FIELDS, "email": "nina@", "name": "Нина Полева"}
    del fields["job_title"]
    assert (await client.post(f"/register/{cohort.id}", data=fields)).status_code == 422
    fields["email"] = "nina@example.org"
    answer = await client.post(f"/register/{cohort.id}", data=fields)
    assert answer.status_code == 303
    page = await client.get(answer.headers["location"])
    assert "nina@example.org" in page.text and "Нина Полева" in page.text


async def test_whoever_was_not_invited_reads_how_teams_are_registered(client, cohort):
    await cast.sign_in(client, await cast.juror(cohort))
    page = await client.get(f"/register/{cohort.id}")
    assert page.status_code == 403 and "по приглашению" in page.text


# --- Members ----------------------------------------------------------------------------------------------------------


async def test_the_lead_invites_removes_and_hands_over(signed, team):
    fields = {"email": "mark@example.org", "name": "Марк Ершов", "position": "municipal_employee"}
    assert (await signed.post(address(team, "/invitations"), data=fields)).status_code == 303
    page = await signed.get(address(team, "/members"))
    assert "mark@example.org" in page.text
    assert "писем этот сайт пока не отправляет" in page.text  # as long as there is no mail server
    again = await signed.post(address(team, "/invitations"), data=fields)
    assert again.status_code == 409 and "приглашение в команду уже отправлено" in again.text
    withdraw = re.search(r'action="([^"]*/withdraw)"', page.text)[1]
    assert (await signed.post(withdraw)).status_code == 303
    remove = re.findall(r'action="([^"]*/remove)"', page.text)[-1]
    assert (await signed.post(remove)).status_code == 303
    lead, successor = await queries.members(team.id)
    answer = await signed.post(address(team, f"/members/{successor.id}/lead"), data={"instead_of": str(lead.id)})
    assert answer.status_code == 303
    page = await signed.get(address(team, "/members"))
    assert "/remove" not in page.text and "/invitations" not in page.text


async def test_a_wrong_invitation_comes_back_as_it_was_typed(signed, team):
    fields = {"email": "марк@", "name": "Марк Ершов", "position": "councillor"}
    answer = await signed.post(address(team, "/invitations"), data=fields)
    assert answer.status_code == 422
    assert "марк@" in answer.text and "Марк Ершов" in answer.text


async def test_members_see_who_is_in_the_team_and_no_buttons(client, team):
    await cast.sign_in(client, team.members[0])
    page = await client.get(address(team, "/members"))
    assert team.lead.name in page.text
    assert "/invitations" not in page.text and "/remove" not in page.text


async def test_contacts_are_shown_and_given_away_only_for_a_purpose(client, team, cohort):
    await cast.sign_in(client, cohort.organiser)
    page = await client.get(address(team, "/contacts"))
    assert team.lead.email in page.text
    assert (await client.post(address(team, "/contacts"), data={"purpose": " "})).status_code == 422
    table = await client.post(address(team, "/contacts"), data={"purpose": "Пропуска"})
    assert table.status_code == 200
    called = await fetch_value("SELECT name FROM team WHERE id = $1", team.id)
    assert table.headers["content-disposition"].endswith(quote(f"Контакты, {called}.csv"))
    assert table.text.startswith("\ufeff") and team.lead.email in table.text


async def test_a_name_that_is_a_formula_stays_text_in_the_table(client, team, cohort):
    await execute("UPDATE person SET name = '=1+1;\"' WHERE id = $1", team.lead.id)
    await cast.sign_in(client, cohort.organiser)
    table = await client.post(address(team, "/contacts"), data={"purpose": "Пропуска"})
    assert '"\'=1+1;"""' in table.text


# --- The case: writing ------------------------------------------------------------------------------------------------


async def test_the_case_is_written_checked_and_submitted_without_javascript(signed, team):
    page = await signed.get(address(team, "/case"))
    assert page.text.count('name="indicator"') == 4  # three blank rows and the template for scripts
    saved = await signed.post(address(team, "/case"), data=typed(COMPLETE, 0, then="check"))
    assert (saved.status_code, saved.headers["location"]) == (303, address(team, "/case/check"))
    check = await signed.get(address(team, "/case/check"))
    assert "сейчас 1\u00a0200, цель 600" in check.text
    answer = await signed.post(address(team, "/case/submit"), data={"version": "1"})
    assert (answer.status_code, answer.headers["location"]) == (303, address(team, "/case"))
    again = await signed.get(address(team, "/case/check"))
    assert (again.status_code, again.headers["location"]) == (303, address(team, "/case"))
    page = await signed.get(address(team, "/case"))
    assert "Подан" in page.text and "<textarea" in page.text and 'name="problem"' not in page.text


async def test_what_cannot_be_read_comes_back_whole(signed, team):
    case = replace(COMPLETE, problem="Длинная мысль\nв две строки")
    fields = {**typed(case, 0), "baseline": ["около тысячи", "", "", ""]}
    answer = await signed.post(address(team, "/case"), data=fields)
    assert answer.status_code == 422
    assert "около тысячи" in answer.text and "Длинная мысль\nв две строки" in answer.text
    assert 'href="#f-baseline.0"' in answer.text and 'id="f-baseline.0"' in answer.text
    assert await fetch_value("SELECT count(*) FROM problem_case") == 0


async def test_autosave_answers_with_the_new_version(signed, team):
    answer = await signed.post(address(team, "/case"), data=typed(COMPLETE, 0), headers=JSON)
    assert answer.status_code == 200
    body = answer.json()
    assert body["version"] == 1 and body["message"].startswith("Сохранено в ")
    wrong = await signed.post(address(team, "/case"), data={**typed(COMPLETE, 1), "year": ["x"] * 4}, headers=JSON)
    assert wrong.status_code == 422
    assert set(wrong.json()["errors"]) == {"year.0", "year.1", "year.2", "year.3"}
    clash = await signed.post(address(team, "/case"), data=typed(COMPLETE, 0), headers=JSON)
    assert clash.status_code == 409 and "Сохранить" in clash.json()["message"]


async def test_a_clash_shows_both_texts_and_saving_again_takes_mine(signed, team):
    member = await cast.viewer(team.members[0])
    await writing.save_case(member, team.id, replace(COMPLETE, problem="Текст коллеги"), 0)
    mine = replace(COMPLETE, problem="Мой текст", indicators=())
    answer = await signed.post(address(team, "/case"), data=typed(mine, 0))
    assert answer.status_code == 409
    assert "Текст коллеги" in answer.text and "Мой текст" in answer.text
    assert 'name="version" value="1"' in answer.text
    assert team.members[0].name in answer.text
    assert (await signed.post(address(team, "/case"), data=typed(mine, 1))).status_code == 303
    assert (await reading.case_page(team.id, member.now)).text == mine


async def test_what_was_typed_into_a_case_that_froze_meanwhile_is_shown(client, team, lead):
    await cast.sign_in(client, team.members[0])
    await writing.submit_case(lead, team.id, await writing.save_case(lead, team.id, COMPLETE, 0))
    answer = await client.post(address(team, "/case"), data=typed(replace(COMPLETE, problem="Мой текст"), 1))
    assert answer.status_code == 403
    assert "Мой текст" in answer.text and COMPLETE.problem in answer.text
    assert (await client.post(address(team, "/case"), data=typed(COMPLETE, 1), headers=JSON)).status_code == 403


async def test_unlikely_values_are_told_and_saved(signed, team):
    case = replace(COMPLETE, indicators=(replace(OUTFLOW, target=OUTFLOW.baseline),))
    assert (await signed.post(address(team, "/case"), data=typed(case, 0))).status_code == 303
    for path in ("/case", "/case/check"):
        assert "цель не отличается от нынешнего значения" in (await signed.get(address(team, path))).text
    assert (await signed.post(address(team, "/case/submit"), data={"version": "1"})).status_code == 303


async def test_what_is_missing_is_listed_with_links_and_not_submitted(signed, team):
    await signed.post(address(team, "/case"), data=typed(replace(COMPLETE, causes=(), title=""), 0))
    check = await signed.get(address(team, "/case/check"))
    assert f'href="{address(team, "/case")}#f-cause.0"' in check.text and "Подать кейс" not in check.text
    answer = await signed.post(address(team, "/case/submit"), data={"version": "1"})
    assert answer.status_code == 409 and "Назовите хотя бы одну причину" in answer.text
    stale = await signed.post(address(team, "/case/submit"), data={"version": "0"})
    assert stale.status_code == 409


async def test_a_case_with_as_many_rows_as_fit_is_saved_again(signed, team):
    case = replace(COMPLETE, indicators=(OUTFLOW,) * 30, causes=("Причина",) * 30)
    await writing.save_case(await cast.viewer(team.lead), team.id, case, 0)
    page = (await signed.get(address(team, "/case"))).text
    assert page.count('name="indicator"') == 31 and page.count('name="cause"') == 31
    assert (await signed.post(address(team, "/case"), data=grouped(sent(case, 1)))).status_code == 303


async def test_the_lead_takes_back_with_a_reason_deletes_and_restores(signed, team, lead):
    await writing.submit_case(lead, team.id, await writing.save_case(lead, team.id, COMPLETE, 0))
    assert (await signed.post(address(team, "/case/withdraw"), data={"reason": " "})).status_code == 422
    assert (await signed.post(address(team, "/case/withdraw"), data={"reason": "Уточняем"})).status_code == 303
    assert (await signed.post(address(team, "/case/delete"))).status_code == 303
    page = await signed.get(address(team, "/case"))
    assert "Восстановить кейс" in page.text and COMPLETE.problem in page.text
    assert (await signed.post(address(team, "/case/restore"))).status_code == 303
    assert 'name="problem"' in (await signed.get(address(team, "/case"))).text
    history = await signed.get(address(team, "/case/versions"))
    assert "Уточняем" in history.text


async def test_versions_are_compared_word_by_word(signed, team, lead):
    for number, problem in enumerate(("Уезжают молодые семьи", "Уезжают большие семьи", "Никто не уезжает"), 1):
        version = (await reading.case_page(team.id, lead.now)).version
        version = await writing.save_case(lead, team.id, replace(COMPLETE, problem=problem), version)
        await writing.submit_case(lead, team.id, version)
        if number < 3:
            await writing.withdraw_case(lead, team.id, "Правка")
    page = await signed.get(address(team, "/case/comparison?from=1&to=2"))
    assert "молодые</del>" in page.text and "большие</ins>" in page.text
    assert "Никто" in (await signed.get(address(team, "/case/comparison"))).text
    assert "Уезжают" in (await signed.get(address(team, "/case/comparison?from=3&to=1&view=columns"))).text
    assert "первая версия" in (await signed.get(address(team, "/case/comparison?to=1"))).text
    assert (await signed.get(address(team, "/case/versions/2"))).status_code == 200
    for path in (
        "versions/0",
        "versions/4",
        "versions/99999999999999999999",
        "versions/x",
        "comparison?to=4",
        "comparison?from=9",
    ):
        assert (await signed.get(address(team, f"/case/{path}"))).status_code == 404


PAGES = ("/members", "/case", "/case/versions", "/contacts")


async def test_to_others_a_team_is_as_if_it_were_not(client, team, cohort):
    other = await cast.team(cohort, 1, members=0)
    nothing = "/teams/01890000-0000-7000-8000-000000000000"
    for somebody in (other.lead, await cast.juror(cohort), await cast.person("Егор Чужой", "egor@example.org")):
        await cast.sign_in(client, somebody)
        for path in (*PAGES, "/case/check"):
            found, absent = await client.get(address(team, path)), await client.get(nothing + path)
            assert found.status_code == absent.status_code == 404
            assert found.text.replace(str(team.id), "") == absent.text.replace(nothing[7:], "")


async def test_staff_read_and_do_not_write(client, team, cohort, lead):
    await writing.save_case(lead, team.id, COMPLETE, 0)
    for somebody in (await cast.moderator(cohort, team), cohort.organiser):
        await cast.sign_in(client, somebody)
        for path in PAGES:
            assert (await client.get(address(team, path))).status_code == 200
        page = (await client.get(address(team, "/case"))).text
        assert COMPLETE.problem in page and '<form method="post" action="/teams' not in page
        assert (await client.post(address(team, "/case"), data=typed(COMPLETE, 1))).status_code == 403
        assert (await client.get(address(team, "/case/check"))).status_code == 403


# --- Cost -------------------------------------------------------------------------------------------------------------


async def statements(client, counting, path):
    await client.get(path)
    with counting() as seen:
        assert (await client.get(path)).status_code == 200
    return len(seen)


@pytest.mark.parametrize("path", ["/case", "/case/check"])
async def test_a_case_costs_the_same_with_one_indicator_and_with_thirty(signed, team, lead, counting, path):
    found = []
    for version, many in enumerate((1, 30)):
        await writing.save_case(lead, team.id, replace(COMPLETE, indicators=(OUTFLOW,) * many), version)
        found.append(await statements(signed, counting, address(team, path)))
    assert found[0] == found[1] <= 6


async def test_saving_costs_the_same_with_one_indicator_and_with_thirty(lead, team, counting):
    found = []
    for version, many in enumerate((1, 30)):
        with counting() as seen:
            await writing.save_case(lead, team.id, replace(COMPLETE, indicators=(OUTFLOW,) * many), version)
        found.append(len(seen))
    assert found[1] <= found[0]


async def test_members_cost_the_same_with_two_and_with_six(client, cohort, counting):
    found = []
    for number, many in enumerate((1, 5)):
        team = await cast.team(cohort, number, members=many)
        await cast.sign_in(client, team.lead)
        found.append(await statements(client, counting, address(team, "/members")))
    assert found[0] == found[1] <= 6


def test_the_form_of_a_case_has_a_field_for_everything():
    assert set(form_values(COMPLETE, 1)) == {*typed(COMPLETE, 1)}
