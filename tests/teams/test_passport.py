"""The passport of a municipality: what is unlikely, who states and reads it, where it comes from and what it fills in."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

import cast
from incubator.foundation.database import execute, fetch_value
from incubator.foundation.forms import Form
from incubator.foundation.refusals import Clash, Forbidden, NotFound, Refused
from incubator.programmes.facts import FACTS, FactKey
from incubator.teams import passport, passport_reading, writing
from incubator.teams.cases import CaseText
from incubator.teams.passport import Entry
from incubator.teams.passport_writing import save_passport

POPULATION = FactKey.POPULATION
FACTS_OF_OURS = {POPULATION: (Entry(2024, Decimal(19_000), "Росстат"), Entry(2025, Decimal(18_400), "Росстат"))}
AUTO = {"x-autosave": "1", "accept": "application/json"}


def notes(*entries, key=POPULATION):
    return [(note.field, str(note.message)) for note in passport.unlikely({key: entries}, 2026)]


# --- What is unlikely -------------------------------------------------------------------------------------------------


def test_likely_numbers_pass_without_a_word():
    assert notes(*FACTS_OF_OURS[POPULATION]) == []
    assert notes(Entry(2025, Decimal(-214), "Росстат"), key=FactKey.MIGRATION_GROWTH) == []


@pytest.mark.parametrize(
    ("entries", "field"),
    [
        ([Entry(2025, Decimal(18), "с")], "population_value.0"),
        ([Entry(2025, Decimal("18400.5"), "с")], "population_value.0"),
        ([Entry(2027, Decimal(18_400), "с")], "population_year.0"),
        ([Entry(None, Decimal(18_400), "с")], "population_year.0"),
        ([Entry(2025, None, "с")], "population_value.0"),
        ([Entry(2025, Decimal(18_400), "")], "population_source.0"),
        ([Entry(2025, Decimal(18_400), "с"), Entry(2025, Decimal(18_500), "с")], "population_year.1"),
        ([Entry(2024, Decimal(19_000), "с"), Entry(2025, Decimal(1_900), "с")], "population_value.1"),
    ],
)
def test_a_slip_of_the_pen_is_told_at_its_cell(entries, field):
    assert [found for found, _ in notes(*entries)] == [field]


def test_a_slow_change_over_many_years_is_no_leap():
    assert notes(Entry(2015, Decimal(24_000), "с"), Entry(2025, Decimal(18_400), "с")) == []


def test_every_fact_has_likely_bounds_and_words():
    for fact in FACTS.values():
        assert fact.low < fact.high
        assert str(fact.label)
        assert str(fact.unit)
    assert set(FACTS) == set(FactKey)


def test_a_line_has_gaps_where_a_year_is_missing_and_offers_the_newest():
    entries = (Entry(2025, Decimal(18_400)), Entry(2022, Decimal(19_900)), Entry(2021, None), Entry(None, Decimal(5)))
    assert passport.series(entries) == [(2022, Decimal(19_900)), (2023, None), (2024, None), (2025, Decimal(18_400))]
    assert passport.latest(entries) == entries[0]
    assert passport.series(()) == []
    assert passport.latest((Entry(2025, None),)) is None


def test_what_is_shown_in_the_form_comes_back_from_it():
    shown = passport.form_values(FACTS_OF_OURS, 3)
    pairs = [(name, str(each)) for name, value in shown.items() if isinstance(value, list) for each in value]
    form = Form(pairs)
    read = passport.read_passport(form)
    assert read[POPULATION] == FACTS_OF_OURS[POPULATION]
    form.finish()


# --- Stating it -------------------------------------------------------------------------------------------------------


async def test_the_lead_states_facts_for_the_whole_team(team, lead):
    assert await save_passport(lead, team.id, FACTS_OF_OURS, 0) == 1
    page = await passport_reading.passport_page(team.id)
    assert {key: tuple(entries) for key, entries in page.facts.items()} == FACTS_OF_OURS
    assert (page.version, page.updated_by, page.taken_from) == (1, team.lead.name, "")
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'passport.saved'") == 1


async def test_who_else_may_not(team, cohort):
    moderator = await cast.moderator(cohort, team)
    for who in (team.members[0], moderator, cohort.organiser):
        with pytest.raises(Forbidden):
            await save_passport(await cast.viewer(who), team.id, FACTS_OF_OURS, 0)
    stranger = await cast.person("Пётр Чужов", "stranger@example.org")
    with pytest.raises(NotFound):
        await save_passport(await cast.viewer(stranger), team.id, FACTS_OF_OURS, 0)
    assert await fetch_value("SELECT count(*) FROM passport") == 0


async def test_facts_read_before_others_were_saved_clash_and_change_nothing(team, lead):
    await save_passport(lead, team.id, FACTS_OF_OURS, 0)
    before = await cast.counts()
    with pytest.raises(Clash):
        await save_passport(lead, team.id, {}, 0)
    assert await cast.counts() == before


async def test_a_team_that_has_left_states_nothing(team, lead):
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", team.id)
    with pytest.raises(Refused):
        await save_passport(lead, team.id, FACTS_OF_OURS, 0)


# --- Where it comes from ----------------------------------------------------------------------------------------------


async def again(cohort, programme, days):
    """Put a cohort into a programme so many days after it."""
    await execute(
        "UPDATE cohort SET programme = $2, starts_on = starts_on + $3::int WHERE id = $1", cohort.id, programme, days
    )


async def test_it_begins_with_what_the_municipality_stated_in_the_cohort_before(cohort, team, lead):
    await save_passport(lead, team.id, FACTS_OF_OURS, 0)
    later = await cast.cohort()
    successor = await cast.team(later)
    other_place = await cast.team(later, 1)
    assert (await passport_reading.passport_page(successor.id)).facts == {}  # another programme
    await again(later, cohort.programme, 365)
    page = await passport_reading.passport_page(successor.id)
    assert {key: tuple(entries) for key, entries in page.facts.items()} == FACTS_OF_OURS
    assert (page.version, page.taken_from) == (0, "Весна 2027")
    assert (await passport_reading.passport_page(other_place.id)).facts == {}
    own = {POPULATION: (Entry(2026, Decimal(18_000), "Своё"),)}
    await save_passport(await cast.viewer(successor.lead), successor.id, own, 0)
    page = await passport_reading.passport_page(successor.id)
    assert (page.taken_from, tuple(page.facts[POPULATION])) == ("", own[POPULATION])


async def test_a_later_cohort_fills_in_nothing(cohort, team):
    later = await cast.cohort()
    successor = await cast.team(later)
    await again(later, cohort.programme, 365)
    await save_passport(await cast.viewer(successor.lead), successor.id, FACTS_OF_OURS, 0)
    assert (await passport_reading.passport_page(team.id)).facts == {}


# --- The page ---------------------------------------------------------------------------------------------------------


def fields(page):
    return re.findall(r'<input[^>]*name="population_(?:year|value)"[^>]*value="([^"]+)"', page)


async def test_the_page_keeps_what_is_sent_and_shows_it_drawn_and_as_a_table(team, client, counting):
    await cast.sign_in(client, team.lead)
    years = [str(year) for year in range(2020, 2026)]
    sent = {"version": "0", "population_year": years, "population_value": ["19 000", *["18 500"] * 4, "18 400"],
            "population_source": ["Росстат"] * 6}  # fmt: skip
    assert (await client.post(f"/teams/{team.id}/passport", data=sent)).status_code == 303
    with counting() as seen:
        page = (await client.get(f"/teams/{team.id}/passport")).text
    assert len(seen) <= 4, seen.statements
    assert fields(page)[:4] == ["2020", "19\N{NO-BREAK SPACE}000", "2021", "18\N{NO-BREAK SPACE}500"]
    drawing, table = (
        re.search(pattern, page, re.DOTALL)[0]
        for pattern in (r"<svg class=\"plot__wide.*?</svg>", r"<table.*?</table>")
    )
    for year in years:
        assert f">{year}</text>" in drawing
        assert f">{year}</th>" in table
    assert drawing.count(">18\N{NO-BREAK SPACE}500</text>") == table.count(">18\N{NO-BREAK SPACE}500</td>") == 4


async def test_unlikely_numbers_are_saved_and_said(team, client):
    await cast.sign_in(client, team.lead)
    sent = {"version": "0", "population_year": "2025", "population_value": "18", "population_source": ""}
    assert (await client.post(f"/teams/{team.id}/passport", data=sent, headers=AUTO)).json()["version"] == 1
    page = (await client.get(f"/teams/{team.id}/passport")).text
    assert "необычное значение" in page
    assert "укажите источник" in page


async def test_a_clash_shows_both_and_saving_again_takes_ones_own(team, client, lead):
    await save_passport(lead, team.id, FACTS_OF_OURS, 0)
    await cast.sign_in(client, team.lead)
    mine = {"version": "0", "population_year": "2025", "population_value": "17000", "population_source": "Моё"}
    assert (await client.post(f"/teams/{team.id}/passport", data=mine, headers=AUTO)).status_code == 409
    answer = await client.post(f"/teams/{team.id}/passport", data=mine)
    assert answer.status_code == 409
    assert "18\N{NO-BREAK SPACE}400 человек" in answer.text
    assert 'value="17\N{NO-BREAK SPACE}000"' in answer.text
    version = re.search(r'name="version"\s+value="(\d+)"', answer.text)[1]
    assert (await client.post(f"/teams/{team.id}/passport", data={**mine, "version": version})).status_code == 303


async def test_others_read_it(team, cohort, client, lead):
    await save_passport(lead, team.id, FACTS_OF_OURS, 0)
    for who in (team.members[0], await cast.moderator(cohort, team), cohort.organiser):
        await cast.sign_in(client, who)
        page = (await client.get(f"/teams/{team.id}/passport")).text
        assert "18\N{NO-BREAK SPACE}400 человек" in page
        assert "population_value" not in page


# --- What it fills in -------------------------------------------------------------------------------------------------


async def test_a_fact_becomes_an_indicator_of_the_case_by_its_button(team, client, lead):
    await save_passport(lead, team.id, FACTS_OF_OURS, 0)
    await writing.save_case(lead, team.id, replace(CaseText(), title="Отток"), 0)
    await cast.sign_in(client, team.lead)
    page = (await client.get(f"/teams/{team.id}/case")).text
    assert 'value="fact-population"' in page
    answer = await client.post(
        f"/teams/{team.id}/case", data={"version": "1", "title": "Отток молодых", "then": "fact-population"}
    )
    assert answer.headers["location"].endswith("/case#indicators")
    page = (await client.get(f"/teams/{team.id}/case")).text
    for shown in (
        "Отток молодых",
        "Население на начало года",
        'value="18\N{NO-BREAK SPACE}400"',
        'value="2025"',
        'value="Росстат"',
    ):
        assert shown in page


async def test_the_same_fact_is_added_once_and_nonsense_adds_nothing():
    offer = passport.offers(FACTS_OF_OURS)[POPULATION]
    once = passport.added(CaseText(), offer)
    assert len(once.indicators) == 1
    assert passport.added(once, offer) == once


async def test_a_field_that_names_a_fact_is_filled_in_until_something_is_saved(team, cohort, client, lead):
    plan = await cast.begin(cohort)
    assignment = next(a for a in plan[0].assignments if any(f.fact for f in a.facts.fields))
    field = next(f for f in assignment.facts.fields if f.fact)
    address = cast.work_address(team, assignment.id)
    await cast.sign_in(client, team.lead)
    name = f"answer-{field.key}"

    def typed(page):
        return re.search(rf'name="{name}"\s+type="text"\s+value="([^"]*)"', page)[1]

    assert typed((await client.get(address)).text) == ""
    await save_passport(lead, team.id, FACTS_OF_OURS, 0)
    page = (await client.get(address)).text
    assert typed(page) == "18\N{NO-BREAK SPACE}400"
    assert "2025, Росстат" in page
    await client.post(address, data=await cast.work_form(team, assignment.id, **{name: ""}), headers=AUTO)
    await cast.write(lead, team.id, assignment.id, **{field.key: ""})
    page = (await client.get(address)).text
    assert typed(page) == ""  # what was left blank stays blank, but the number is still offered beside it
    assert "2025, Росстат" in page
