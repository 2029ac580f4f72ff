"""The start page of every role: one list of what to do now, at the same cost however much there is."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

import cast
from incubator.foundation.database import DB, execute
from incubator.foundation.i18n import MOSCOW, speaking
from incubator.people.actions import declare_conflict
from incubator.people.rights import Role, Scope
from incubator.reporting import home
from incubator.reporting.attention import overdue_teams
from incubator.reporting.board import ways
from incubator.reporting.rules import Cell


async def page_of(who, at=None):
    return await home.home(await cast.viewer(who, at=at))


def said(part):
    """Every line of a part in English."""
    with speaking("en", MOSCOW):
        return {str(todo.title): todo for todo in part.todos}


# --- Teams ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["lead", "member"])
async def test_who_has_one_team_and_nothing_else_goes_to_its_page(school, client, who):
    team = school.teams[0]
    await cast.sign_in(client, team.lead if who == "lead" else team.members[0])
    answer = await client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/teams/{team.id}")


async def test_who_is_something_else_too_finds_his_team_among_the_parts(school, client):
    team = school.teams[0]
    receipt = await school.send(team)
    await school.decide(receipt, "returned")
    await cast.give(team.lead, Role.JUROR, Scope.COHORT, (await cast.cohort()).id)
    await cast.sign_in(client, team.lead)
    answer = await client.get("/")
    assert answer.status_code == 200
    assert f'href="/teams/{team.id}"' in answer.text
    (part,) = (await page_of(team.lead)).parts
    todo = said(part)["Спасск-Дальний"]
    assert todo.state == "returned"
    with speaking("en", MOSCOW):
        assert "1 module to work on" in str(todo.note)


async def test_a_question_is_named_with_the_team(school):
    from incubator.moderation import actions

    team = school.teams[0]
    await cast.give(team.lead, Role.JUROR, Scope.COHORT, (await cast.cohort()).id)
    await actions.ask(await cast.viewer(school.moderator), team.id, "Кому удобно?")
    (part,) = (await page_of(team.lead)).parts
    with speaking("en", MOSCOW):
        assert "1 question to answer" in str(said(part)["Спасск-Дальний"].note)


async def test_an_invited_lead_is_asked_to_register_his_team(school, client):
    lead = await cast.invited_lead(school.cohort, 2)
    (part,) = (await page_of(lead)).parts
    assert said(part)["Register your team"].href == f"/register/{school.cohort.id}"
    await cast.sign_in(client, lead)
    assert f'href="/register/{school.cohort.id}"' in (await client.get("/")).text


async def test_registration_waits_for_the_opening(db):
    where = await cast.cohort(opened=False)
    (part,) = (await page_of(await cast.invited_lead(where))).parts
    todo = said(part)["Register your team"]
    assert (todo.href, todo.state) == ("", "locked")


async def test_somebody_without_any_role_reads_how_to_get_one(client):
    await cast.sign_in(client, await cast.person("Пётр Новиков", "nobody@example.org"))
    answer = await client.get("/")
    assert answer.status_code == 200
    assert 'href="/code"' in answer.text


# --- Moderators ---------------------------------------------------------------------------------------------------------


async def test_a_moderator_finds_the_oldest_five_and_how_many_wait(make):
    school = await make(7)
    for number, team in enumerate(school.teams):
        await school.send(team, days=2 - number / 10)
    (part,) = (await page_of(school.moderator)).parts
    assert len(part.todos) == home.OLDEST
    assert part.todos[0].since < part.todos[-1].since
    assert all("/desk" in todo.href for todo in part.todos)
    assert part.more[0] == "/queue"
    with speaking("en", MOSCOW):
        assert [str(fact) for fact in part.facts] == ["7 pieces of work wait"]


async def test_a_moderator_who_also_organises_finds_only_his_own_teams_there(school):
    await cast.give(school.cohort.organiser, Role.MODERATOR, Scope.COHORT, school.cohort.id, cohort=school.cohort.id)
    await school.send(school.teams[0])
    parts = (await page_of(school.cohort.organiser)).parts
    assert [len(part.todos) for part in parts[:1]] == [0]


async def test_a_gate_that_may_be_opened_is_a_task(school):
    await school.accept_all(school.teams[0])
    page = await page_of(school.moderator)
    assert said(page.parts[0])["Lead the team on: Спасск-Дальний"].href == f"/teams/{school.teams[0].id}"
    with speaking("en", MOSCOW):
        assert [(team.name, str(now)) for team, now in page.accompanied] == [
            ("Калининград", "module 1: not begun"), ("Спасск-Дальний", "module 1: may go on"),
        ]  # fmt: skip


async def test_a_moderator_with_nothing_to_do_reads_so(school, client):
    assert (await page_of(school.moderator)).empty
    await cast.sign_in(client, school.moderator)
    assert "Всё проверено" in (await client.get("/")).text


# --- Jurors -------------------------------------------------------------------------------------------------------------


async def test_a_juror_is_asked_to_declare_then_to_score_then_thanked(db):
    where = await cast.scoring_round(declared=False, opened=False)
    juror = where.jurors[0]
    (part,) = (await page_of(juror)).parts
    assert said(part)["Declare your conflicts of interest"].href == f"/rounds/{where.id}/conflicts"
    from incubator.jury.conflicts import declaring
    from incubator.jury.office import conducting
    from incubator.jury.pages.signing import sign

    for each in where.jurors:
        await declaring.declare(await cast.viewer(each), where.id, {})
    assert (await page_of(juror)).parts[0].todos == []
    await conducting.open_round(await where.organiser(), where.id)
    (part,) = (await page_of(juror)).parts
    with speaking("en", MOSCOW):
        assert str(said(part)["Score the projects"].note) == "0 of 2 score sheets are handed in"
    for number in (0, 1):
        await cast.score(where, juror, await where.project(number), 7, 8, 6, 5, 9)
    (part,) = (await page_of(juror)).parts
    assert said(part)["Look through and confirm my sheets"].href == f"/rounds/{where.id}/mine"
    await sign(await cast.viewer(juror), where.id)
    (part,) = (await page_of(juror)).parts
    assert part.todos == []
    assert "confirmed your sheets" in part.quiet.msgid


# --- Organisers ---------------------------------------------------------------------------------------------------------


async def attention(who):
    return [said(part) for part in (await page_of(who)).parts]


async def test_a_draft_cohort_is_to_be_opened_and_an_empty_one_to_be_filled(db):
    draft = await cast.cohort(opened=False)
    (lines,) = await attention(draft.organiser)
    assert lines["Open the cohort"].href == f"/cohorts/{draft.id}/settings"
    empty = await cast.cohort()
    (lines,) = await attention(empty.organiser)
    assert lines["Invite team leads"].href == f"/cohorts/{empty.id}/people"


async def test_what_needs_an_organiser(later):
    organiser = later.cohort.organiser
    spare = await cast.team(later.cohort, 2, members=1)
    await school_work_waits(later)
    (lines,) = await attention(organiser)
    assert lines["3 teams are late"].href == f"/cohorts/{later.cohort.id}"
    assert lines["1 piece of work has waited for days"].href == f"/queue?cohort={later.cohort.id}"
    assert lines["1 team has no moderator"].href == f"/cohorts/{later.cohort.id}/moderators"
    assert "letter" not in " ".join(lines)
    await execute("UPDATE letter SET failed_at = now(), fault = 'refused: 550', sent_at = NULL"
                  " WHERE id = (SELECT id FROM letter WHERE team IS NULL OR true ORDER BY id LIMIT 1)")  # fmt: skip
    (lines,) = await attention(organiser)
    assert lines["1 letter was not delivered"].href == f"/cohorts/{later.cohort.id}/letters"
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", spare.id)
    (lines,) = await attention(organiser)
    assert "2 teams are late" in lines
    assert "1 team has no moderator" not in lines


async def school_work_waits(school):
    await school.send(school.teams[0], days=6)
    await school.send(school.teams[1], days=4.5)


async def test_a_letter_whose_invitation_was_taken_up_is_nothing_to_mend(school):
    await execute("UPDATE letter SET failed_at = now(), fault = 'over', sent_at = NULL")
    (lines,) = await attention(school.cohort.organiser)
    assert not [line for line in lines if "letter" in line]


async def test_a_round_on_its_way(db):
    from incubator.jury.conflicts import declaring
    from incubator.jury.office import conducting

    where = await cast.scoring_round(declared=False, opened=False, quorum=2)
    who = where.cohort.organiser
    (lines,) = await attention(who)
    assert lines["Prepare the round “Итоговая защита”"].href == f"/rounds/{where.id}"
    for each in where.jurors:
        await declaring.declare(await cast.viewer(each), where.id, {})
    assert "Open the round “Итоговая защита”" in (await attention(who))[0]
    await conducting.open_round(await where.organiser(), where.id)
    assert "The round “Итоговая защита” is being scored" in (await attention(who))[0]
    for juror in where.jurors[:2]:
        for number in (0, 1):
            await cast.score(where, juror, await where.project(number), 7, 8, 6, 5, 9)
    with speaking("en", MOSCOW):  # enough for a quorum, but a juror is still at work
        todo = (await attention(who))[0]["The round “Итоговая защита” is being scored"]
        assert str(todo.note) == "Score sheets handed in: 4 of 6 · there is a quorum"
    for number in (0, 1):
        await cast.score(where, where.jurors[2], await where.project(number), 7, 8, 6, 5, 9)
    assert "Lock the round “Итоговая защита”" in (await attention(who))[0]
    await execute("UPDATE scoring_round SET state = 'locked', locked_at = now()")
    assert "Publish the result of the round “Итоговая защита”" in (await attention(who))[0]
    await execute("UPDATE scoring_round SET state = 'published'")
    assert not [line for line in (await attention(who))[0] if "round" in line]


async def test_what_another_organiser_asks_for_is_shown_to_the_second_one(db):
    where = await cast.scoring_round()
    second = await cast.person("Ида Рогова", "ida@example.org")
    await cast.give(second, Role.ORGANISER, Scope.PROGRAMME, where.cohort.programme)
    await execute(
        "INSERT INTO jury_proposal (id, round, kind, reason, asked_at, asked_by, confirmed)"
        " VALUES (gen_random_uuid(), $1, 'unlock', 'x', now(), $2, false)",
        where.id, where.cohort.organiser.id,
    )  # fmt: skip
    line = "Confirm or decline what another organiser asks for in the round “Итоговая защита”"
    assert line in (await attention(second))[0]
    assert line not in (await attention(where.cohort.organiser))[0]


@pytest.mark.parametrize("why", ["conflict", "judges"])
async def test_an_organiser_who_must_not_know_reads_nothing_of_the_jury(db, why):
    where = await cast.scoring_round()
    organiser = where.cohort.organiser
    if why == "conflict":
        async with DB.transaction():
            await declare_conflict(organiser.id, cohort=where.cohort.id, team=where.teams[0].id, reason="Родня",
                                   by=organiser.id, at=await cast.now())  # fmt: skip
    else:  # from old data: the roles exclude each other now
        await execute(
            "INSERT INTO role_grant (id, person, role, scope, scope_id, cohort, granted_at)"
            " VALUES (gen_random_uuid(), $1, 'juror', 'cohort', $2, $2, now())",
            organiser.id, where.cohort.id,
        )  # fmt: skip
    lines = [line for part in (await page_of(organiser)).parts for line in said(part)]
    assert not [line for line in lines if "round" in line]


async def test_a_closed_cohort_needs_nobody(later):
    from incubator.programmes.actions import close_cohort

    await close_cohort(await cast.viewer(later.cohort.organiser), later.cohort.id)
    assert (await page_of(later.cohort.organiser)).parts == []


# --- Administrators -----------------------------------------------------------------------------------------------------


async def test_an_administrator_reads_that_all_is_well_or_what_is_not(db):
    admin = await cast.administrator()
    (part,) = (await page_of(admin)).parts
    assert part.todos == []
    await execute(
        "INSERT INTO letter (id, kind, address, locale, time_zone, context, secret, created_at, fault) VALUES"
        " (gen_random_uuid(), 'reset', 'a@b.ru', 'ru', 'UTC', '{}', '', now(), ''),"
        " (gen_random_uuid(), 'reset', 'c@d.ru', 'ru', 'UTC', '{}', '', now(), '')"
    )
    await execute("UPDATE letter SET failed_at = now(), fault = 'refused' WHERE address = 'a@b.ru'")
    await execute(
        "INSERT INTO outbox (id, kind, payload, created_at, next_at, attempts, fault, failed_at) VALUES"
        " (gen_random_uuid(), 'file.erase', '{}', now(), now(), 0, '', now()),"
        " (gen_random_uuid(), 'file.erase', '{}', now(), now() - interval '1 hour', 0, '', NULL)"
    )
    (part,) = (await page_of(admin)).parts
    assert set(said(part)) == {"1 letter was not delivered", "1 letter waits", "1 job has failed", "1 job is not begun"}


async def test_an_administrator_reads_who_asks_to_be_erased(school):
    from incubator.people.accounts import ask_deletion

    await ask_deletion(await cast.viewer(school.teams[0].lead))
    (part,) = (await page_of(await cast.administrator())).parts
    assert said(part)["1 person asks to be erased"].href == "/people"


# --- Cost -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["moderator", "organiser"])
async def test_the_page_costs_the_same_for_two_teams_and_for_twelve(make, counting, role):
    costs = []
    for size in (2, 12):
        school = await make(size, days_ago=31)
        for team in school.teams:
            await school.send(team, days=6)
        who = await cast.viewer(school.moderator if role == "moderator" else school.cohort.organiser)
        with counting() as seen:
            await home.home(who)
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 5


async def test_all_roles_in_one_person_cost_a_dozen_statements(school, counting):
    who = school.cohort.organiser
    other = await cast.cohort()
    await cast.give(who, Role.ADMINISTRATOR, Scope.PLATFORM)
    await cast.give(who, Role.TEAM_LEAD, Scope.COHORT, other.id, cohort=other.id)
    await cast.give(who, Role.MODERATOR, Scope.TEAM, school.teams[0].id, cohort=school.cohort.id)
    await cast.give(who, Role.JUROR, Scope.COHORT, other.id, cohort=other.id)
    with counting() as seen:
        await home.home(await cast.viewer(who))
    assert len(seen) <= 14


# --- One truth about being late ---------------------------------------------------------------------------------------------


STATES = ("not_started", "in_progress", "submitted", "returned", "accepted", "failed")


async def test_the_database_counts_late_teams_as_the_rules_judge_them(make):
    """Gates, dates, decisions and extensions at random: the count of the start page is that of the overview."""
    school = await make(3)
    seen = set()
    for seed in range(60):
        await shuffle(school, random.Random(seed))
        judged = await ways([team.id for team in school.teams], school.moment)
        late = sum(any(place.cell is Cell.OVERDUE for place in places) for places in judged.values())
        counted = await overdue_teams([school.cohort.id], school.moment)
        assert counted.get(school.cohort.id, 0) == late, seed
        seen.add(late)
    assert seen == {0, 1, 2, 3}


async def shuffle(school, chance):
    await execute("DELETE FROM submission")
    await execute("DELETE FROM team_module")
    for module in school.plan:
        opens = chance.uniform(-40, 20)
        await execute(
            "UPDATE module SET gate = $2, opens_at = now() + $3::interval, due_at = now() + $4::interval WHERE id = $1",
            module.id, chance.choice(["all_required_accepted", "open_by_date"]), timedelta(days=opens),
            timedelta(days=opens + chance.uniform(1, 30)),
        )  # fmt: skip
        await execute("UPDATE assignment SET required = $2 WHERE module = $1", module.id, chance.random() < 0.8)
        for team in school.teams:
            if chance.random() < 0.4:
                advanced, closed = (school.moment if chance.random() < share else None for share in (0.6, 0.2))
                await execute(
                    "INSERT INTO team_module (id, team, module, opened_at, advanced_at, closed_at, override_reason)"
                    " VALUES (gen_random_uuid(), $1, $2, now(), $3, $4, '')",
                    team.id, module.id, advanced, closed,
                )  # fmt: skip
            for each in module.assignments:
                if chance.random() < 0.6:
                    extended, rework = (
                        school.moment + timedelta(days=chance.uniform(-20, 20)) if chance.random() < 0.3 else None
                        for _ in range(2)
                    )
                    await execute(
                        "INSERT INTO submission (id, team, assignment, state, content, version, extension_reason, writers,"
                        " extended_to, rework_until) VALUES (gen_random_uuid(), $1, $2, $3, '{}', 1, '', '{}', $4, $5)",
                        team.id, each.id, chance.choice(STATES), extended, rework,
                    )  # fmt: skip


def test_only_a_single_team_is_a_start_page():
    from uuid import uuid4

    from incubator.people.rights import Grant, Viewer

    team = uuid4()
    lead = Grant(Role.TEAM_LEAD, Scope.TEAM, team)
    viewer = Viewer(uuid4(), "x", "x", "ru", MOSCOW, None, frozenset({lead}))
    assert home.only_team(viewer) == team
    assert home.only_team(replace(viewer, grants=frozenset())) is None
    assert (
        home.only_team(replace(viewer, grants=frozenset({lead, Grant(Role.PARTICIPANT, Scope.TEAM, uuid4())}))) is None
    )
    assert home.only_team(replace(viewer, grants=frozenset({Grant(Role.MODERATOR, Scope.TEAM, team)}))) is None
