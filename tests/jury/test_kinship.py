"""Conflicts of interest that follow from what is known, where they come from, and how they end."""

import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_one, fetch_value
from incubator.jury.conflicts import declaring, kinship
from incubator.jury.conflicts.declaring import Card
from incubator.jury.office import conducting, seating
from incubator.jury.terms import Terms
from incubator.people import accounts
from incubator.people.rights import Role, Scope
from incubator.people.rules import Profile

pytestmark = pytest.mark.usefixtures("db")


def test_an_employer_is_known_by_its_name_whatever_its_form_and_spelling():
    same = ("ООО «Вектор Берёза»", "Вектор Береза, ООО", "ОБЩЕСТВО С ОГРАНИЧЕННОЙ ОТВЕТСТВЕННОСТЬЮ  вектор-берёза")
    assert len({kinship.employer_key(name) for name in same}) == 1
    assert kinship.employer_key("Вектор") != kinship.employer_key("Вектор Плюс")
    assert kinship.employer_key("АО") == "ао", "a name of nothing but its form is a name still"
    assert kinship.employer_key("") == ""


async def sources(where: cast.RoundOfCast, number: int = 0) -> dict[int, str]:
    rows = await fetch(
        "SELECT team, source FROM conflict_of_interest WHERE person = $1 AND lifted_at IS NULL", where.jurors[number].id
    )
    places = {team.id: place for place, team in enumerate(where.teams)}
    return {places[row["team"]]: row["source"] for row in rows}


async def municipality(where: cast.RoundOfCast, number: int = 0):
    return await fetch_one(
        "SELECT m.id, m.region FROM team t JOIN municipality m ON m.id = t.municipality WHERE t.id = $1",
        where.teams[number].id,
    )


async def say(where: cast.RoundOfCast, number: int = 0, **card) -> None:
    await declaring.declare(await cast.viewer(where.jurors[number]), where.id, {}, card=Card(**card))


async def test_municipality_region_and_employer_are_found_and_fall_away():
    where = await cast.scoring_round(teams=3, opened=False)
    home = await municipality(where)
    lead = await cast.viewer(where.teams[1].lead)
    await accounts.edit_profile(lead, Profile(lead.name, "ru", "Europe/Moscow", "МБУ «Парки»"))
    await say(where, employer="Парки, МБУ", municipality=home["id"])
    assert await sources(where) == {0: "municipality", 1: "employer"}
    await say(where)
    assert await sources(where) == {}
    assert await fetch_value("SELECT count(*) FROM conflict_of_interest WHERE lift_reason = ''") == 2
    await say(where, region=home["region"])
    assert await sources(where) == {}
    await seating.set_terms(await where.organiser(), where.id, Terms(region=True))
    assert (await sources(where))[0] == "region"
    await seating.set_terms(await where.organiser(), where.id, Terms())
    assert await sources(where) == {}


async def test_whoever_belonged_to_a_team_accompanied_or_moderated_it_does_not_judge_it():
    where = await cast.scoring_round(teams=3, jurors=3, opened=False)
    member, mentor, checked = where.jurors
    plan = await cast.begin(where.cohort)
    work = await cast.hand_in(where.teams[2].lead, where.teams[2].id, plan[0].assignments[0].id)
    await cast.decide(work, "accepted")
    await execute(
        "INSERT INTO decision (id, revision, kind, message, decided_at, decided_by)"
        " SELECT $1, id, 'accepted', '', now(), $2 FROM revision", cast.new_id(), checked.id,
    )  # fmt: skip
    grant = await cast.give(mentor, Role.MODERATOR, Scope.TEAM, where.teams[1].id, cohort=where.cohort.id)
    await execute("UPDATE role_grant SET revoked_at = now() WHERE id = $1", grant)
    own = await cast.give(member, Role.PARTICIPANT, Scope.TEAM, where.teams[0].id, cohort=where.cohort.id)
    await execute(
        'INSERT INTO team_member (id, team, person, "grant", position, job_title, joined_at, left_at)'
        " VALUES ($1, $2, $3, $4, 'other', '', now(), now())", cast.new_id(), where.teams[0].id, member.id, own,
    )  # fmt: skip
    await execute("UPDATE role_grant SET revoked_at = now() WHERE id = $1", own)
    runs = await where.organiser()
    await conducting.open_round(runs, where.id)
    found = [await sources(where, number) for number in range(3)]
    assert found == [{0: "membership"}, {1: "mentorship"}, {2: "moderation"}]
    assert await fetch_value("SELECT count(*) FROM score_sheet WHERE round = $1", where.id) == 3 * 3 - 3
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'conflicts.derived'") == 1


async def test_what_an_organiser_lifts_stays_lifted_and_the_sheet_comes_back():
    where = await cast.scoring_round(teams=2)
    home, juror = await municipality(where), where.jurors[0]
    await cast.score(where, juror, await where.project(), 7, 7, 7, 7, 7)
    await say(where, municipality=home["id"], region=home["region"])
    assert await fetch_value("SELECT state FROM score_sheet WHERE total IS NOT NULL") == "recused"
    made = await fetch_value("SELECT id FROM conflict_of_interest WHERE lifted_at IS NULL")
    runs = await where.organiser()
    await declaring.lift(runs, made, "Родился там, уехал ребёнком")
    assert await fetch_value("SELECT state FROM score_sheet WHERE total IS NOT NULL") == "draft"
    await say(where, municipality=home["id"], region=home["region"])
    assert await sources(where) == {}
    await execute("""UPDATE scoring_round SET terms = '{"region": true}'""")
    await say(where, municipality=home["id"], region=home["region"])
    assert await sources(where) == {}, "the same region follows from the same municipality"


async def test_a_conflict_found_between_opening_and_lock_never_counts():
    where = await cast.scoring_round(teams=1, jurors=3)
    for juror in where.jurors:
        await cast.score(where, juror, await where.project(), 7, 7, 7, 7, 7)
    home = await municipality(where)
    await execute(
        "INSERT INTO juror_card (id, person, municipality, region, said_at) VALUES ($1, $2, $3, '', now())",
        cast.new_id(), where.jurors[0].id, home["id"],
    )  # fmt: skip
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)
    assert await fetch_value("SELECT count(*) FROM score_sheet WHERE state = 'recused'") == 1


async def test_the_form_asks_where_one_works_and_the_list_says_where_conflicts_come_from(client):
    where = await cast.scoring_round(teams=2, opened=False, declared=False)
    home = await municipality(where)
    await cast.sign_in(client, where.jurors[0])
    address = f"/rounds/{where.id}/conflicts"
    sent = {"version": declaring.version_of(Card(), {}), "none": "on", "has_card": "on", "employer": "АО «Мост»", "municipality": str(home["id"]), "region": "",
            "has_wishes": "on", f"wish_{where.teams[1].id}": "1"}  # fmt: skip
    assert (await client.post(address, data={**sent, "region": "Нарния"})).status_code in {400, 422}
    assert (await client.post(address, data=sent)).status_code == 303
    page = (await client.get(address)).text
    assert "То же муниципальное образование" in page
    assert "АО «Мост»" in page
    assert await fetch_value("SELECT value FROM juror_wish") == 1
    await cast.sign_in(client, where.cohort.organiser)
    listed = (await client.get(f"/cohorts/{where.cohort.id}/conflicts")).text
    assert "То же муниципальное образование" in listed
