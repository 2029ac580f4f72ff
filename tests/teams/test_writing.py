"""The problem case through its states: saved, submitted, taken back, deleted, restored; clashes; who may."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

import cast
from incubator.foundation.changes import Two
from incubator.foundation.database import execute, fetch_value, new_id
from incubator.foundation.refusals import Clash, Forbidden, NotFound, Refused
from incubator.teams import queries, reading, writing
from incubator.teams.cases import CaseState, CaseText, compare
from incubator.teams.rules import VIEW_CASE, VIEW_VERSIONS
from teams.test_cases import COMPLETE, OUTFLOW


async def page(team, viewer):
    return await reading.case_page(team.id, viewer.now)


@pytest.fixture
async def submitted(team, lead):
    version = await writing.save_case(lead, team.id, COMPLETE, 0)
    await writing.submit_case(lead, team.id, version)
    return team


async def test_before_anything_is_written_the_case_is_an_empty_draft(team, lead):
    assert await page(team, lead) == reading.CasePage()


async def test_a_case_that_is_not_there_has_no_text(db):
    with pytest.raises(NotFound):
        await reading.case_text(new_id())


async def test_what_is_saved_is_there_for_the_whole_team(team, lead):
    member = await cast.viewer(team.members[0])
    assert await writing.save_case(lead, team.id, COMPLETE, 0) == 1
    assert await writing.save_case(member, team.id, replace(COMPLETE, title="Иначе"), 1) == 2
    found = await page(team, lead)
    assert found.text == replace(COMPLETE, title="Иначе")
    assert (found.version, found.updated_by, found.updated_at) == (2, team.members[0].name, member.now)
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'case.saved'") == 2


async def test_a_draft_with_next_to_nothing_is_saved(team, lead):
    text = CaseText(indicators=(replace(OUTFLOW, name="", baseline=None, year=None),))
    await writing.save_case(lead, team.id, text, 0)
    assert (await page(team, lead)).text == text


async def test_a_text_read_before_another_was_saved_clashes_and_changes_nothing(team, lead):
    member = await cast.viewer(team.members[0])
    await writing.save_case(lead, team.id, COMPLETE, 0)
    before = await cast.counts()
    with pytest.raises(Clash):
        await writing.save_case(member, team.id, replace(COMPLETE, title="Мой"), 0)
    assert (await page(team, lead)).text == COMPLETE
    assert await cast.counts() == before


async def test_of_savings_at_once_from_one_page_one_stands(team, lead):
    member = await cast.viewer(team.members[0])
    for version in range(10):
        texts = [replace(COMPLETE, title=f"{version} {name}") for name in ("лид", "участник")]
        found = await asyncio.gather(
            writing.save_case(lead, team.id, texts[0], version),
            writing.save_case(member, team.id, texts[1], version),
            return_exceptions=True,
        )
        assert sorted(map(type, found), key=str) == sorted([int, Clash], key=str)
        stands = texts[[type(each) for each in found].index(int)]
        assert (await page(team, lead)).text == stands


# --- Submitting and taking back ---------------------------------------------------------------------------------------


async def test_a_submitted_case_is_frozen_and_kept_as_a_version(submitted, lead):
    found = await page(submitted, lead)
    assert (found.state, found.latest) == (CaseState.SUBMITTED, 1)
    for viewer in (lead, await cast.viewer(submitted.members[0])):
        with pytest.raises(Forbidden):
            await writing.save_case(viewer, submitted.id, CaseText(), found.version)
    with pytest.raises(Forbidden):
        await writing.submit_case(lead, submitted.id, found.version)
    with pytest.raises(Forbidden):
        await writing.delete_case(lead, submitted.id)
    version = await reading.version_page(submitted.id, 1)
    assert (version.text, len(version.versions)) == (COMPLETE, 1)
    assert version.version.made_by == submitted.lead.name


async def test_an_incomplete_case_is_not_submitted(team, lead):
    await writing.save_case(lead, team.id, replace(COMPLETE, causes=()), 0)
    with pytest.raises(Refused):
        await writing.submit_case(lead, team.id, 1)
    assert (await page(team, lead)).state is CaseState.DRAFT
    assert await fetch_value("SELECT count(*) FROM case_version") == 0


async def test_the_lead_submits_what_he_has_read(team, lead):
    await writing.save_case(lead, team.id, COMPLETE, 0)
    await writing.save_case(await cast.viewer(team.members[0]), team.id, replace(COMPLETE, title="Иначе"), 1)
    with pytest.raises(Clash):
        await writing.submit_case(lead, team.id, 1)
    assert await writing.submit_case(lead, team.id, 2) == 1


async def test_pressing_submit_twice_makes_one_version(team, lead):
    await writing.save_case(lead, team.id, COMPLETE, 0)
    found = await asyncio.gather(*(writing.submit_case(lead, team.id, 1) for _ in range(5)), return_exceptions=True)
    assert [each for each in found if not isinstance(each, Forbidden)] == [1]
    assert await fetch_value("SELECT count(*) FROM case_version") == 1


async def test_taken_back_with_a_reason_the_case_is_a_draft_and_its_versions_stay(submitted, lead):
    await writing.withdraw_case(lead, submitted.id, "Нашли другую причину")
    found = await page(submitted, lead)
    assert (found.state, found.text, found.latest) == (CaseState.DRAFT, COMPLETE, 1)
    with pytest.raises(Refused):
        await writing.withdraw_case(lead, submitted.id, "Ещё раз")
    version = await writing.save_case(lead, submitted.id, replace(COMPLETE, causes=("Нет жилья",)), found.version)
    assert await writing.submit_case(lead, submitted.id, version) == 2
    second, first = await reading.case_versions(submitted.id)
    assert (first.number, first.reason, first.withdrawn_by) == (1, "Нашли другую причину", submitted.lead.name)
    assert (second.number, second.reason) == (2, None)
    changes = compare(*await reading.compared(submitted.id, Two(1, 2)))
    assert [each.key for each in changes if each.changed] == ["causes"]


async def test_any_two_versions_can_be_compared(submitted, lead):
    for title in ("Второй", "Третий"):
        await writing.withdraw_case(lead, submitted.id, "Правка")
        version = (await page(submitted, lead)).version
        version = await writing.save_case(lead, submitted.id, replace(COMPLETE, title=title), version)
        await writing.submit_case(lead, submitted.id, version)
    titles = [each.title for each in await reading.compared(submitted.id, Two(1, 3))]
    assert titles == [COMPLETE.title, "Третий"]
    assert [each.title for each in await reading.compared(submitted.id, Two(3, 2))] == ["Третий", "Второй"]
    assert (await reading.compared(submitted.id, Two(0, 1)))[0] == CaseText()
    for two in (Two(-1, 0), Two(3, 4), Two(1, 2**31)):
        with pytest.raises(NotFound):
            await reading.compared(submitted.id, two)
    for number in (0, 4):
        with pytest.raises(NotFound):
            await reading.version_page(submitted.id, number)


# --- Deleting ---------------------------------------------------------------------------------------------------------


async def test_a_deleted_case_can_be_restored_for_thirty_days(team, lead):
    await writing.save_case(lead, team.id, COMPLETE, 0)
    await writing.delete_case(lead, team.id)
    found = await page(team, lead)
    assert (found.deleted_at, found.text) == (lead.now, COMPLETE)
    for attempt in (
        writing.delete_case(lead, team.id),
        writing.save_case(lead, team.id, CaseText(), 1),
        writing.submit_case(lead, team.id, 1),
    ):
        with pytest.raises(Refused):
            await attempt
    await writing.restore_case(cast.at(lead, lead.now + timedelta(days=29)), team.id)
    assert (await page(team, lead)).deleted_at is None
    with pytest.raises(Refused):
        await writing.restore_case(lead, team.id)


async def test_after_thirty_days_the_team_begins_anew(team, lead):
    await writing.save_case(lead, team.id, COMPLETE, 0)
    await writing.delete_case(lead, team.id)
    later = cast.at(lead, lead.now + timedelta(days=31))
    with pytest.raises(Refused):
        await writing.restore_case(later, team.id)
    fresh = await page(team, later)
    assert (fresh.text, fresh.deleted_at, fresh.updated_at) == (CaseText(), None, None)
    await writing.save_case(later, team.id, CaseText("Новый"), fresh.version)
    assert (await page(team, later)).text == CaseText("Новый")


async def test_a_team_that_left_changes_nothing(submitted, lead):
    await execute("UPDATE team SET withdrawn_at = now()")
    with pytest.raises(Refused):
        await writing.withdraw_case(lead, submitted.id, "Зря")


# --- Who may ----------------------------------------------------------------------------------------------------------

READS = {"member", "lead", "moderator", "organiser"}
KNOWS = READS | {"administrator"}


@pytest.fixture
async def people(cohort, team):
    other = await cast.team(cohort, 1, members=0)
    return {
        "member": team.members[0],
        "lead": team.lead,
        "other": other.lead,
        "moderator": await cast.moderator(cohort, team),
        "other moderator": await cast.moderator(cohort, other, name="Юлия Белова"),
        "juror": await cast.juror(cohort),
        "organiser": cohort.organiser,
        "other organiser": (await cast.cohort()).organiser,
        "administrator": await cast.administrator(),
        "stranger": await cast.person("Егор Чужой", "egor@example.org"),
    }


async def test_only_the_team_and_its_staff_read_the_case(people, team):
    for who, person in people.items():
        standing = (await queries.team_for(await cast.viewer(person), team.id)).standing
        for right in (VIEW_CASE, VIEW_VERSIONS):
            if who in READS:
                standing.need(right)
                continue
            with pytest.raises(Forbidden if who in KNOWS else NotFound):
                standing.need(right)


@pytest.mark.parametrize(
    ("attempt", "allowed"),
    [
        (lambda viewer, team: writing.save_case(viewer, team.id, COMPLETE, 99), {"member", "lead"}),
        (lambda viewer, team: writing.submit_case(viewer, team.id, 99), {"lead"}),
        (lambda viewer, team: writing.withdraw_case(viewer, team.id, "Так надо"), {"lead"}),
        (lambda viewer, team: writing.restore_case(viewer, team.id), {"lead"}),
        (lambda viewer, team: writing.delete_case(viewer, team.id), {"lead"}),
    ],
)
async def test_only_the_team_writes_and_only_the_lead_decides(people, team, attempt, allowed):
    await writing.save_case(await cast.viewer(team.lead), team.id, COMPLETE, 0)
    before = await cast.counts()
    for who, person in people.items():
        if who in allowed:
            continue
        with pytest.raises(Forbidden if who in KNOWS else NotFound):
            await attempt(await cast.viewer(person), team)
    assert await cast.counts() == before
