"""The board of a round: every small form, its refusals, and the stream of what has changed."""

import asyncio
import re

import pytest

import cast
from incubator.foundation.database import execute, fetch_value
from incubator.foundation.live import HUB
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.jury.office import agreeing, conducting, preparing, seating
from incubator.jury.pages import control
from incubator.jury.sheets.materials import opened_to_juror
from incubator.people.rights import Verdict

REASON = {"reason": "Так решили"}


async def locked(**more: object) -> cast.RoundOfCast:
    where = await cast.scoring_round(teams=1, jurors=2, **more)
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(), 7, 7, 7, 7, 7)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    return where


async def seat_of(who: cast.Person):
    return await fetch_value("SELECT id FROM seat WHERE person = $1", who.id)


async def test_every_form_of_the_board_comes_back_with_its_errors(client):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.cohort.organiser)
    base = f"/rounds/{where.id}"
    for path, typed in (
        ("/jurors", {"juror": "никто"}), (f"/jurors/{await seat_of(where.jurors[0])}/remove", {"reason": ""}),
        ("/lock", {"missing": "много", "note": ""}),
    ):  # fmt: skip
        answer = await client.post(base + path, data=typed)
        assert answer.status_code == 422, path
        assert where.jurors[0].name in answer.text
    sheet = await fetch_value("SELECT id FROM score_sheet LIMIT 1")
    assert (await client.post(f"{base}/sheets/{sheet}/void", data={"reason": ""})).status_code == 422


def opened_at(page: str, action: str) -> str:
    """The fold that holds this form; it has to stand open and name its errors in a summary that links to fields there."""
    fold = next(each for each in re.findall(r"<details.*?</details>", page, re.DOTALL) if action in each)
    assert fold.startswith('<details class="fold" open>')
    goals = re.findall(r'<a href="#([^"]+)">', fold[fold.index("data-errors") :])
    assert goals
    assert all(fold.count(f'id="{each}"') == 1 for each in goals)
    assert page.count("data-errors") == 1
    assert page.count('<details class="fold" open>') == 1
    return fold


async def test_what_is_wrong_in_a_folded_form_stands_open_with_its_summary(client):
    where = await cast.scoring_round(opened=False, jurors=3)
    runs, seats = await where.organiser(), [await seat_of(each) for each in where.jurors]
    await seating.set_duty(runs, where.id, seats[2], "substitute")
    await conducting.open_round(runs, where.id)
    await cast.sign_in(client, where.cohort.organiser)
    base = f"/rounds/{where.id}/jurors"
    assert '<details class="fold" open>' not in (await client.get(f"/rounds/{where.id}")).text
    for path, typed in (
        (f"{base}/{seats[1]}/duty", {"duty": "chair", "cap": "много"}),
        (f"{base}/{seats[1]}/remove", {"reason": " "}),
        (f"{base}/{seats[2]}/call-up", {"instead_of": str(seats[1]), "reason": " "}),
    ):
        answer = await client.post(path, data=typed)
        assert answer.status_code == 422
        fold = opened_at(answer.text, f'action="{path}"')
        if "cap" in typed:
            assert 'value="много"' in fold
            assert '<option value="chair" selected>' in fold
        if "instead_of" in typed:
            assert f'<option value="{seats[1]}" selected>' in fold


@pytest.mark.parametrize("what", ["reopen", "void"])
async def test_a_request_about_a_sheet_without_a_reason_comes_back_where_it_was_typed(client, what):
    where = await locked()
    await cast.sign_in(client, where.cohort.organiser)
    sheet = await fetch_value("SELECT id FROM score_sheet WHERE round = $1 LIMIT 1", where.id)
    path = f"/rounds/{where.id}/sheets/{sheet}/{what}"
    answer = await client.post(path, data={"reason": " "})
    assert answer.status_code == 422
    opened_at(answer.text, f'action="{path}"')
    assert (
        await client.post(f"/rounds/{where.id}/sheets/{cast.new_id()}/{what}", data={"reason": ""})
    ).status_code == 404


BACK = re.compile(r'<a class="button button--primary" href="([^"]*)">')


async def test_a_refusal_leads_back_to_the_page_one_came_from_and_nowhere_else(client):
    where = await locked()
    await cast.sign_in(client, where.cohort.organiser)
    base, host = f"/rounds/{where.id}", str(client.base_url).rstrip("/")

    async def back(referer: str) -> str:
        answer = await client.post(f"{base}/open", headers={"referer": referer} if referer else {})
        assert answer.status_code == 403 or answer.status_code == 409
        return BACK.search(answer.text)[1]

    assert await back(f"{host}{base}?page=2") == f"{base}?page=2"
    assert await back(f"{host}{base}/jurors/{cast.new_id()}/remove") == base, "there only forms are taken"
    for elsewhere in (
        "", "https://example.org/rounds", f"{host}//example.org/x", f"{host}/\\example.org", "javascript:alert(1)",
        f"{host}.example.org{base}", "http://[", f"{host}/no/such/page",
    ):  # fmt: skip
        assert await back(elsewhere) == "/", elsewhere


async def test_the_forms_after_the_lock(client):
    where = await locked()
    await cast.sign_in(client, where.cohort.organiser)
    base = f"/rounds/{where.id}"
    assert (await client.post(f"{base}/unlock", data={"reason": ""})).status_code == 422
    assert (await client.post(f"{base}/unlock", data=REASON)).status_code == 303
    board = await client.get(base)
    assert "Отозвать просьбу" in board.text
    asked = await fetch_value("SELECT id FROM jury_proposal")
    assert (await client.post(f"{base}/proposals/{asked}/decline")).status_code == 303
    assert (await client.post(f"{base}/jurors", data={"juror": str(where.jurors[0].id)})).status_code == 403


async def test_the_forms_of_criteria_rules_and_conflicts_come_back_with_their_errors(client):
    where = await cast.scoring_round(opened=False)
    await cast.sign_in(client, where.cohort.organiser)
    base = f"/cohorts/{where.cohort.id}"
    kept = (await preparing.criteria_of(where.cohort.id))[0].id
    fields = {"title": "", "description": "", "weight": "7", "scale_min": "0", "scale_max": "5", "step": "1"}
    assert (await client.post(f"{base}/jury/criteria/{kept}", data=fields)).status_code == 422
    assert (await client.get(f"{base}/jury/criteria/{cast.new_id()}")).status_code == 404
    assert (await client.post(f"/rounds/{where.id}/projects", data={"name": ""})).status_code == 422
    conflict = cast.new_id()
    assert (await client.post(f"{base}/conflicts/{conflict}/lift", data={"reason": ""})).status_code == 422
    await cast.sign_in(client, where.teams[0].lead)
    assert (await client.post(f"/teams/{where.teams[0].id}/jury", data=REASON)).status_code == 422


async def test_a_sheet_is_taken_back_and_the_last_one_leads_home(client):
    where = await cast.scoring_round(teams=1, jurors=1, quorum=1)
    address = f"/rounds/{where.id}/projects/{await where.project()}"
    await cast.score(where, where.jurors[0], await where.project(), 7, 7, 7, 7, 7)
    await cast.sign_in(client, where.jurors[0])
    assert "сданы" in (await client.get("/jury")).text
    assert (await client.post(f"{address}/take-back")).headers["location"] == address
    abstained = await client.post(f"{address}/abstain", data=REASON)
    assert abstained.headers["location"] == f"/rounds/{where.id}"
    assert "Вы воздержались" in (await client.get(address)).text


async def test_the_sheets_of_an_unknown_project_are_not_there(client):
    where = await locked()
    await cast.sign_in(client, where.cohort.organiser)
    assert (await client.get(f"/rounds/{where.id}/projects/{cast.new_id()}/sheets")).status_code == 404


@pytest.mark.usefixtures("db")
async def test_what_comes_too_late_or_names_nothing_is_refused():
    where = await locked()
    runs, team = await where.organiser(), where.teams[0].id
    with pytest.raises(Refused):
        await conducting.arrange_round(runs, where.id, "Поздно", [team])
    with pytest.raises(Refused):
        await conducting.open_round(runs, where.id)
    await cast.publish(where)
    sheet = await fetch_value("SELECT id FROM score_sheet LIMIT 1")
    with pytest.raises(Refused):
        await agreeing.ask_to_void(runs, where.id, sheet, "Поздно")
    with pytest.raises(Refused):
        await conducting.vote_tie(runs, where.id, {}, "Поздно")
    draft = await conducting.create_round(runs, where.cohort.id, "Ещё", [team])
    with pytest.raises(NotFound):
        await conducting.remove_juror(runs, draft, cast.new_id(), "Никого")
    with pytest.raises(Refused):
        await agreeing.ask_to_unlock(runs, draft, "Рано")


@pytest.mark.usefixtures("db")
async def test_a_round_whose_rules_name_a_lost_criterion_does_not_open():
    where = await cast.scoring_round(opened=False, ties=("criterion:pilot", "shared"))
    await execute("DELETE FROM criterion WHERE key = 'pilot'")
    with pytest.raises(Refused):
        await conducting.open_round(await where.organiser(), where.id)


@pytest.mark.usefixtures("db")
async def test_old_data_with_one_person_in_both_roles_seats_nobody():
    where = await cast.scoring_round(opened=False)
    both = await cast.juror(where.cohort, "Пётр Двойной")
    await execute(
        "INSERT INTO role_grant (id, person, role, scope, scope_id, granted_at) VALUES ($1, $2, 'organiser', 'programme', $3, now())",
        cast.new_id(), both.id, where.cohort.programme,
    )  # fmt: skip
    with pytest.raises(Forbidden):
        await conducting.seat_jurors(await where.organiser(), where.id, [both.id])


@pytest.mark.usefixtures("db")
async def test_a_teams_work_opens_to_its_jurors_and_to_nobody_else():
    where = await cast.scoring_round()
    team, juror = where.teams[0].id, where.jurors[0]
    assert await opened_to_juror(await cast.viewer(juror), team) is Verdict.ALLOW
    assert await opened_to_juror(await cast.viewer(where.cohort.organiser), team) is None
    await cast.give(juror, cast.Role.MODERATOR, cast.Scope.TEAM, team, cohort=where.cohort.id)
    assert await opened_to_juror(await cast.viewer(juror), team) is Verdict.FORBID


@pytest.mark.usefixtures("db")
async def test_what_a_juror_has_scored_stays_open_to_him_after_the_publication():
    where = await locked()
    await cast.publish(where)
    assert await opened_to_juror(await cast.viewer(where.jurors[0]), where.teams[0].id) is Verdict.ALLOW
    draft = await cast.scoring_round(opened=False)
    assert await opened_to_juror(await cast.viewer(draft.jurors[0]), draft.teams[0].id) is None


@pytest.mark.usefixtures("db")
async def test_a_team_all_of_whose_jurors_have_a_conflict_is_not_assessed():
    from incubator.jury.conflicts import declaring
    from incubator.jury.result import standings
    from incubator.jury.rounds import round_for

    where = await cast.scoring_round(teams=2, jurors=2)
    for juror in where.jurors:
        await declaring.declare(await cast.viewer(juror), where.id, {where.teams[0].id: "Сосед"})
        await cast.score(where, juror, await where.project(1), 5, 5, 5, 5, 5)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    found = await standings.count_up(await round_for(await where.organiser(), where.id))
    assert [(row.name, row.place, row.sheets) for row in found.rows] == [
        ("Калининград", 1, 2),
        ("Спасск-Дальний", None, 0),
    ]


async def test_the_stream_ends_with_the_session_and_with_the_seat(client):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.jurors[0])
    token = client.cookies.get("session")
    from incubator.people.sessions import load

    viewer = await load(token)
    assert await control.still_sees(viewer, where.id)
    await conducting.remove_juror(await where.organiser(), where.id, await seat_of(where.jurors[0]), "Уехал")
    assert not await control.still_sees(viewer, where.id)
    await execute("DELETE FROM session")
    assert not await control.still_sees(viewer, where.id)


async def test_nobody_holds_more_streams_than_are_good_for_him(client, monkeypatch):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.cohort.organiser)
    monkeypatch.setattr(HUB, "full", lambda _owner: True)
    assert (await client.get(f"/rounds/{where.id}/live")).status_code == 429
    await asyncio.sleep(0)


async def test_a_recorded_mark_is_checked_and_zero_is_a_mark(client):
    where = await cast.scoring_round()
    await cast.score(where, where.jurors[0], await where.project(), 7, 0, 10, 5, 9)
    await cast.sign_in(client, where.jurors[0])
    page = (await client.get(f"/rounds/{where.id}/projects/{await where.project()}")).text
    for name, value in (("problem", 7), ("solution", 0), ("pilot", 10), ("feasibility", 5), ("team", 9)):
        assert f'name="mark_{name}" value="{value}" checked' in page
    assert len(re.findall(r'name="mark_\w+" value="[0-9.]+" checked', page)) == 5


async def test_a_team_that_left_challenges_nobody(client):
    where = await cast.scoring_round(opened=False)
    team = where.teams[0]
    address, named = f"/teams/{team.id}/jury", {"juror": str(where.jurors[0].id), "reason": "Свояк"}
    await cast.sign_in(client, team.lead)
    assert 'name="juror"' in (await client.get(address)).text
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", team.id)
    page = (await client.get(address)).text
    assert "выбыла из программы" in page and 'name="juror"' not in page
    assert (await client.post(address, data=named)).status_code == 409
    assert await fetch_value("SELECT count(*) FROM conflict_of_interest") == 0
