"""Journals: who reads which entries, page by page, narrowed to a person or a kind; reading them leaves an entry."""

import itertools
import re

import pytest

import cast
from incubator.foundation.database import DB, execute, fetch_value
from incubator.journal import queries
from incubator.journal.actions import record
from incubator.journal.queries import PAGE, Asked
from incubator.journal.rules import Audience
from incubator.people.actions import declare_conflict
from incubator.people.rights import Role, Scope
from incubator.reporting import chronicle
from incubator.reporting.keys import LEAST_BEYOND, key_of, number_of

ALL = Asked()


async def note(audience, verb="cohort.edited", *, by=None, cohort=None, team=None, **data):
    async with DB.transaction():
        await record(verb, by=by, at=await cast.now(), audience=audience, cohort=cohort, team=team, **data)


@pytest.fixture
async def marked(school):
    """One entry for each audience in the first team, one for the other team, one for everybody in the cohort."""
    mod, team, cohort = school.moderator.id, school.teams[0].id, school.cohort.id
    for audience in Audience:
        if audience is not Audience.PLATFORM:
            await note(audience, f"note.{audience}", by=mod, cohort=cohort, team=team)
    await note(Audience.TEAM, "note.rival", by=mod, cohort=cohort, team=school.teams[1].id)
    await note(Audience.EVERYONE, "note.news", by=mod, cohort=cohort)
    await note(Audience.STAFF, "note.backstage", by=mod, cohort=cohort)
    await note(Audience.PLATFORM, "note.platform", by=mod)
    return school


def marks(page):
    """The marked entries of a page."""
    with_words = [str(line.what) for line in page.lines]
    return {found[1] for what in with_words if (found := re.search(r"note\.(\w+)", what))}


async def of_team(school, who, team=0):
    _, page = await chronicle.of_one_team(await cast.viewer(who), school.teams[team].id, ALL)
    return marks(page)


# --- Who reads what -----------------------------------------------------------------------------------------------------


async def test_a_team_reads_what_is_meant_for_it_and_for_everybody(marked):
    for who in (marked.teams[0].lead, marked.teams[0].members[0]):
        assert await of_team(marked, who) == {"team", "everyone", "news"}


async def test_its_moderator_and_organisers_read_what_is_between_them_too(marked):
    for who in (marked.moderator, marked.cohort.organiser):
        assert await of_team(marked, who) == {"team", "everyone", "news", "staff"}


async def test_an_organiser_with_a_conflict_reads_no_more_than_the_team(marked):
    organiser = marked.cohort.organiser
    await conflict(organiser, marked)
    assert await of_team(marked, organiser) == {"team", "everyone", "news"}


async def conflict(who, school):
    async with DB.transaction():
        await declare_conflict(who.id, cohort=school.cohort.id, team=school.teams[0].id, reason="Родня", by=who.id,
                               at=await cast.now())  # fmt: skip


async def test_the_cohorts_journal_holds_all_but_what_people_did_for_themselves(marked):
    _, page = await chronicle.of_cohort(await cast.viewer(marked.cohort.organiser), marked.cohort.id, ALL)
    assert marks(page) == {"team", "staff", "jury", "everyone", "rival", "news", "backstage"}
    assert {line.team.name for line in page.lines if line.team} >= {"Спасск-Дальний", "Калининград"}


async def test_the_installations_journal_holds_what_concerns_it(marked):
    page = await chronicle.of_installation(await cast.viewer(await cast.administrator()), ALL)
    assert marks(page) == {"platform"}


async def test_ones_own_journal_holds_all_that_one_did(marked):
    page = await chronicle.of_oneself(await cast.viewer(marked.moderator), ALL)
    assert {"self", "jury", "platform", "team"} <= marks(page)
    assert marks(await chronicle.of_oneself(await cast.viewer(marked.teams[0].lead), ALL)) == set()


async def test_everybody_reads_who_looked_at_his_contacts_while_he_was_in_the_team(school, client):
    from incubator.teams import actions as teams
    from incubator.teams.queries import members

    team, organiser = school.teams[0], await cast.viewer(school.cohort.organiser)
    member, lead = team.members[0], await cast.viewer(team.lead)
    await teams.look_up_contacts(organiser, team.id)
    await teams.look_up_contacts(lead, team.id)
    await teams.look_up_contacts(organiser, school.teams[1].id)
    page = await chronicle.about_oneself(await cast.viewer(member), ALL)
    assert [line.who for line in page.lines] == ["Ирина Соколова", "Анна Ветрова"]
    assert [line.who for line in (await chronicle.about_oneself(lead, ALL)).lines] == ["Анна Ветрова"]
    assert (await chronicle.about_oneself(organiser, ALL)).lines == []
    gone = next(each for each in await members(team.id) if each.person == member.id)
    await teams.remove_member(await cast.viewer(team.lead), team.id, gone.id)
    await teams.export_contacts(await cast.viewer(school.cohort.organiser), team.id, "Пропуска")
    assert len((await chronicle.about_oneself(await cast.viewer(member), ALL)).lines) == 2
    assert len((await chronicle.about_oneself(lead, ALL)).lines) == 2
    await cast.sign_in(client, team.lead)
    assert "Пропуска" in (await client.get("/journal/about-me")).text


# Letters of the authorization matrix, in its order of roles; jurors stand for their four kinds.
ROLES = ("visitor", "participant", "team_lead", "participant_other_team", "moderator_own", "moderator_other", "juror",
         "juror_conflicted", "juror_unassigned", "juror_removed", "organiser_own", "organiser_conflicted",
         "organiser_other", "platform_admin")  # fmt: skip
ROWS = {
    "/cohorts/{cohort}/journal": "DNNNNNNNNNADND",  # audit_programme.view
    "/journal": "DNNNNNNNNNNNNA",  # audit_platform.view
    "/teams/{team}/journal": "DAANANNNNNAAND",  # as the team's other pages
}


@pytest.mark.parametrize("path", ROWS)
async def test_rows_of_the_matrix(school, client, path):
    where, team = school.cohort, school.teams[0]
    conflicted = await cast.person("Ида Рогова", "ida@example.org")
    await cast.give(conflicted, Role.ORGANISER, Scope.PROGRAMME, where.programme)
    await conflict(conflicted, school)
    juror, partial, spare, gone = [await cast.juror(where, name) for name in cast.JURORS[:4]]
    await conflict(partial, school)
    await execute("UPDATE role_grant SET revoked_at = now() WHERE person = $1", gone.id)
    people = (
        None, team.members[0], team.lead, school.teams[1].lead, school.moderator,
        await cast.moderator(where, name="Зоя Климова"), juror, partial, spare, gone, where.organiser, conflicted,
        (await cast.cohort()).organiser, await cast.administrator("Олег Тихонов", "root@example.org"),
    )  # fmt: skip
    address = path.format(cohort=where.id, team=team.id)
    for role, letter, who in zip(ROLES, ROWS[path], people, strict=True):
        cast.sign_out(client)
        if who is not None:
            await cast.sign_in(client, who)
        before = await cast.counts()
        answer = await client.get(address)
        refused = 303 if role == "visitor" else 403
        assert answer.status_code == {"A": 200, "D": refused, "N": 404}[letter], role
        if letter != "A":
            assert await cast.counts() == before, role


async def test_an_organiser_who_also_judges_does_not_read_when_the_jury_acts(school, client):
    """From old data; today the roles exclude each other."""
    await execute(
        "INSERT INTO role_grant (id, person, role, scope, scope_id, cohort, granted_at)"
        " VALUES (gen_random_uuid(), $1, 'juror', 'cohort', $2, $2, now())",
        school.cohort.organiser.id, school.cohort.id,
    )  # fmt: skip
    await cast.sign_in(client, school.cohort.organiser)
    assert (await client.get(f"/cohorts/{school.cohort.id}/journal")).status_code == 403


# --- Reading is kept ------------------------------------------------------------------------------------------------------


async def test_that_the_journal_was_read_is_kept_once_an_hour(school, client):
    count = "SELECT count(*) FROM journal_entry WHERE verb = 'journal.read'"
    await cast.sign_in(client, school.cohort.organiser)
    for _ in range(3):
        await client.get(f"/cohorts/{school.cohort.id}/journal")
    assert await fetch_value(count) == 1
    assert "прочитан журнал" in (await client.get(f"/cohorts/{school.cohort.id}/journal")).text
    other = await cast.cohort()
    await cast.give(school.cohort.organiser, Role.ORGANISER, Scope.PROGRAMME, other.programme)
    await client.get(f"/cohorts/{other.id}/journal")
    assert await fetch_value(count) == 2  # another cohort is another reading
    await execute("ALTER TABLE journal_entry DISABLE TRIGGER append_only")
    try:
        await execute("UPDATE journal_entry SET at = at - interval '61 minutes' WHERE verb = 'journal.read'")
    finally:
        await execute("ALTER TABLE journal_entry ENABLE TRIGGER append_only")
    await client.get(f"/cohorts/{school.cohort.id}/journal")
    assert await fetch_value(count) == 3


async def test_administrators_readings_are_kept_too(client):
    await cast.sign_in(client, await cast.administrator())
    for _ in range(2):
        assert (await client.get("/journal")).status_code == 200
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'journal.read_platform'") == 1


# --- Pages and filters ------------------------------------------------------------------------------------------------------


async def test_pages_go_by_key_and_miss_and_repeat_nothing(school):
    for number in range(2 * PAGE + 5):
        await note(Audience.TEAM, "case.saved", cohort=school.cohort.id, team=school.teams[0].id, number=number)
    viewer, seen, before = await cast.viewer(school.teams[0].lead), [], None
    while True:
        _, page = await chronicle.of_one_team(viewer, school.teams[0].id, Asked(before, None, ("case",)))
        seen += [number_of(line.key) for line in page.lines]
        await note(Audience.TEAM, "case.saved", cohort=school.cohort.id, team=school.teams[0].id)  # meanwhile
        if page.older is None:
            break
        before = number_of(page.older)
    assert len(seen) == 2 * PAGE + 5
    assert seen == sorted(set(seen), reverse=True)


async def test_an_exact_pageful_has_no_next_page(school):
    for _ in range(PAGE):
        await note(Audience.TEAM, "case.saved", cohort=school.cohort.id, team=school.teams[0].id)
    page = await queries.of_team(school.teams[0].id, school.cohort.id, [Audience.TEAM], Asked(None, None, ("case",)))
    assert (len(page.notes), page.older) == (PAGE, None)


async def test_filters_stand_in_the_address_and_survive_going_on(school, client):
    lead = school.teams[0].lead
    for _ in range(PAGE + 1):
        await note(Audience.TEAM, "case.saved", by=lead.id, cohort=school.cohort.id, team=school.teams[0].id)
    await cast.sign_in(client, lead)
    here = f"/teams/{school.teams[0].id}/journal"
    page = await client.get(f"{here}?kind=case&by={lead.id}")
    assert page.text.count('class="journal__line"') == PAGE
    assert "Ирина Соколова" in page.text
    following = re.search(rf'href="({here}\?kind=case&amp;by={lead.id}&amp;before=[0-9a-f]{{16}})"', page.text)
    assert following
    rest = await client.get(following[1].replace("&amp;", "&"))
    assert rest.text.count('class="journal__line"') == 1
    assert f'href="{here}?kind=case&amp;by={lead.id}"' in rest.text  # back to the newest
    assert 'class="journal__line"' not in (await client.get(f"{here}?kind=jury")).text


@pytest.mark.parametrize(
    "query",
    [
        "before=x",
        "before=-1",
        "before=99999999999999999999",
        "before=0123456789abcdef",
        "before=12",
        "by=x",
        "kind=x",
        "before=²",
        "before=",
    ],
)
async def test_nonsense_in_the_address_asks_for_nothing(school, client, query):
    await cast.sign_in(client, school.teams[0].lead)
    answer = await client.get(f"/teams/{school.teams[0].id}/journal?{query}")
    assert answer.status_code == 200
    assert 'class="journal__line"' in answer.text


async def test_a_person_who_is_not_there_has_done_nothing(school, client):
    from uuid import uuid4

    await cast.sign_in(client, school.teams[0].lead)
    answer = await client.get(f"/teams/{school.teams[0].id}/journal?by={uuid4()}")
    assert answer.status_code == 200
    assert 'class="journal__line"' not in answer.text


# --- What an entry shows ------------------------------------------------------------------------------------------------------


async def test_an_entry_names_who_what_when_and_where(school, client):
    receipt = await school.send(school.teams[0])
    await cast.sign_in(client, school.cohort.organiser)
    text = " ".join(re.sub(r"<[^>]+>", " ", (await client.get(f"/cohorts/{school.cohort.id}/journal")).text).split())
    assert (
        f"Ирина Соколова : на проверку отправлено «Проблема одним абзацем»: версия 1, квитанция {receipt.code}" in text
    )
    await client.post("/language", data={"locale": "en", "next": "/"})
    text = " ".join(re.sub(r"<[^>]+>", " ", (await client.get(f"/cohorts/{school.cohort.id}/journal")).text).split())
    assert f"Ирина Соколова sent “Проблема одним абзацем” to be checked: version 1, receipt {receipt.code}" in text


async def test_people_and_programmes_are_named_and_the_command_line_too(school, client):
    from incubator.moderation import actions

    organiser = await cast.viewer(school.cohort.organiser)
    spare = await cast.moderator(school.cohort, name="Зоя Климова")
    await actions.assign_moderator(organiser, school.cohort.id, school.teams[0].id, spare.id)
    _, page = await chronicle.of_one_team(organiser, school.teams[0].id, ALL)
    assert dict(page.lines[0].what.params)["subject"] == "Зоя Климова"
    await note(Audience.PLATFORM, "role.given", subject=spare.id, role="administrator")
    page = await chronicle.of_installation(await cast.viewer(await cast.administrator()), ALL)
    assert (page.lines[0].who, dict(page.lines[0].what.params)["subject"]) == ("", "Зоя Климова")
    assert any(dict(line.what.params).get("place", "").startswith("Школа") for line in page.lines)


async def test_what_people_typed_is_text(school, client):
    await note(Audience.TEAM, "submission.drafted", by=school.teams[0].lead.id, cohort=school.cohort.id,
               team=school.teams[0].id, title="<script>alert(1)</script> %(who)s {n}")  # fmt: skip
    await cast.sign_in(client, school.teams[0].lead)
    page = (await client.get(f"/teams/{school.teams[0].id}/journal")).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; %(who)s {n}" in page


async def test_days_are_those_of_the_reader(school):
    from datetime import UTC, datetime

    from incubator.foundation.i18n import speaking

    async with DB.transaction():
        for hour in (13, 15):
            await record("case.saved", by=None, at=datetime(2027, 3, 1, hour, tzinfo=UTC), audience=Audience.TEAM,
                         cohort=school.cohort.id, team=school.teams[0].id)  # fmt: skip
    _, page = await chronicle.of_one_team(
        await cast.viewer(school.teams[0].lead), school.teams[0].id, Asked(None, None, ("case",))
    )
    with speaking("ru", "Europe/Moscow"):
        assert [(day, len(lines)) for day, lines in page.days()] == [("1\u00a0марта 2027", 2)]
    with speaking("ru", "Asia/Vladivostok"):
        assert [(day, len(lines)) for day, lines in page.days()] == [("2\u00a0марта 2027", 1), ("1\u00a0марта 2027", 1)]


async def test_a_long_journal_costs_as_many_statements_as_a_short_one(school, counting):
    viewer = await cast.viewer(school.cohort.organiser)
    costs = []
    for _ in range(2):
        with counting() as seen:
            await chronicle.of_cohort(viewer, school.cohort.id, ALL)
        costs.append(len(seen))
        for number in range(PAGE):
            await note(Audience.TEAM, "moderator.assigned", by=school.teams[number % 2].lead.id, cohort=school.cohort.id,
                       team=school.teams[number % 2].id, subject=school.moderator.id)  # fmt: skip
    assert costs == [4, 4]


def test_a_key_leads_back_to_its_entry_and_tells_nothing_of_its_number():
    numbers = [*range(1, 300), LEAST_BEYOND - 1]
    keys = [key_of(number) for number in numbers]
    assert [number_of(key) for key in keys] == numbers
    assert len(set(keys)) == len(numbers)
    # Neighbours differ in about half of their 64 bits, so that no order and no distance can be seen.
    apart = [(int(one, 16) ^ int(other, 16)).bit_count() for one, other in itertools.pairwise(keys)]
    assert 28 < sum(apart) / len(apart) < 36
    assert sorted(keys) != keys


@pytest.mark.parametrize(
    "key", ["", "12", "x" * 16, "0" * 15, "0" * 17, "0" * 16, "АБВГ", "00000000 00000000", "F" * 16]
)
def test_what_is_no_key_is_no_entry(key):
    assert number_of(key) is None


def test_keys_of_another_installation_are_others(monkeypatch):
    from dataclasses import replace

    from incubator.reporting import keys
    from incubator.settings import settings

    here, other = key_of(7), replace(settings(), secret_key="another")
    monkeypatch.setattr(keys, "settings", lambda: other)
    assert key_of(7) != here
    assert number_of(here) is None


async def test_pages_show_no_number_of_an_entry(school, client):
    await cast.sign_in(client, school.teams[0].lead)
    page = (await client.get(f"/teams/{school.teams[0].id}/journal")).text
    shown = re.findall(r'id="entry-(\w+)"', page)
    assert shown
    assert all(re.fullmatch(r"[0-9a-f]{16}", key) for key in shown)
    newest = await fetch_value(
        "SELECT max(id) FROM journal_entry WHERE team = $1 AND audience = 'team'", school.teams[0].id
    )
    assert key_of(newest) in shown
