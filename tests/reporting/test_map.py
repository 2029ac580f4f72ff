"""The progress map and the plots: drawing, table and file say the same; filters; the same statements for 1 and 100 teams."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest

import cast
from incubator.foundation.database import execute, new_id
from incubator.foundation.i18n import speaking
from incubator.foundation.packing import of_page
from incubator.reporting import figures, mapping, summary
from incubator.reporting.figures import Load, Sent
from incubator.reporting.rules import Cell
from incubator.reporting.standstill import Why

DUE = date(2027, 3, 20)


async def map_of(school, who=None, **asked):
    return await summary.progress_map(
        await cast.viewer(who or school.cohort.organiser), school.cohort.id, mapping.Asked(**asked)
    )


async def summary_of(school, who=None, module=None):
    return await summary.summary(await cast.viewer(who or school.cohort.organiser), school.cohort.id, module)


async def page(client, school, who, path=""):
    await cast.sign_in(client, who)
    answer = await client.get(f"/cohorts/{school.cohort.id}{path}")
    assert answer.status_code == 200
    return answer.text


# --- What an address asks for -----------------------------------------------------------------------------------------


def test_an_address_is_read_and_written_alike():
    asked = mapping.Asked("Приморский край", uuid4(), 2, True, uuid4(), True)
    query = dict(pair.split("=") for pair in asked.address("/map").partition("?")[2].split("&"))
    assert mapping.read({**query, "region": "Приморский край"}) == asked
    assert asked.address("/map", region="", moderator=None, stage=0, stuck=False, columns=None, table=False) == "/map"


@pytest.mark.parametrize(
    "query", [{"stage": "²"}, {"stage": "-1"}, {"stage": "999"}, {"moderator": "x"}, {"columns": "1"}, {"stuck": "1"}]
)
def test_nonsense_asks_for_nothing(query):
    assert mapping.read(query) == mapping.Asked()


async def test_filters_choose_teams(later):
    first, second = later.teams
    other = await cast.moderator(later.cohort, second, name="Яна Абрамова")
    await later.accept_all(first, days=6)
    for asked, teams in (
        ({"region": "Калининградская область"}, [second.id]),
        ({"moderator": other.id}, [second.id]),
        ({"moderator": later.moderator.id}, [first.id, second.id]),
        ({"stage": 1}, [first.id, second.id]),
        ({"stage": 2}, []),
        ({"region": "Нигде"}, []),
    ):
        found = [line.row.team for line in (await map_of(later, **asked)).lines]
        assert sorted(found) == sorted(teams), asked


async def test_only_the_stuck_ones(later):
    late, done = later.teams
    await later.accept_all(done, days=6)
    page = await map_of(later, stuck=True)
    assert {line.row.team: page.stuck[line.row.team][0].why for line in page.lines} == {
        late.id: Why.OVERDUE,
        done.id: Why.MAY_GO_ON,
    }


async def test_the_assignments_of_one_module_on_demand(school):
    await school.decide(await school.send(school.teams[0]))
    await school.send(school.teams[1])
    page = await map_of(school, columns=school.plan[0].id)
    assert [column.title for column in page.columns] == [each.facts.title for each in school.assignments()]
    cells = {line.row.team: [square.cell for square in line.squares] for line in page.lines}
    assert cells[school.teams[0].id][0] is Cell.DONE
    assert cells[school.teams[1].id][0] is Cell.WAITING
    closed = await map_of(school, columns=school.plan[1].id)
    assert {square.cell for line in closed.lines for square in line.squares} == {Cell.CLOSED}
    assert not any(square.href for line in closed.lines for square in line.squares)


# --- One map, three ways ----------------------------------------------------------------------------------------------


async def test_drawing_table_and_file_say_the_same(later, client):
    await later.send(later.teams[0], days=6)
    organiser = later.cohort.organiser
    drawn = await page(client, later, organiser, "/map")
    table = await page(client, later, organiser, "/map?view=table")
    file = await page(client, later, organiser, "/map.csv")
    found = await map_of(later)
    wide = re.search(r'<svg class="map__wide".*?\n    </svg>', drawn, re.DOTALL)[0]
    narrow = re.search(r'<svg class="map__narrow".*?\n    </svg>', drawn, re.DOTALL)[0]
    cells = [square.cell.value for line in found.lines for square in line.squares]
    plain = r'<(?:a|g)[^>]* data-cell="(\w+)"><title>'
    more = [square.more for line in found.lines for square in line.squares if square.more]
    assert len(more) == 1
    for each in (wide, narrow):
        drawn_cells = re.findall(plain, each)
        assert len(drawn_cells) == len(cells) + len(more)
        assert sorted(drawn_cells) == sorted([*cells, "submitted"])
    assert re.findall(r'class="board__cell"\s+data-cell="(\w+)"', table) == cells
    links = [square.href for line in found.lines for square in line.squares if square.href]
    assert links
    for each in (wide, narrow, table):
        assert all(f'href="{link}"' in each for link in links)
    with speaking("ru", "Europe/Moscow"):
        for line, row in zip(found.lines, file.splitlines()[1:], strict=True):
            words = row.strip('"').split('";"')
            assert words[0] == line.row.name
            assert words[4:10] == [square.words() for square in line.squares]
            assert all(square.words().partition(" ")[0] in drawn for square in line.squares)


async def test_the_file_is_one_that_excel_reads_and_holds_no_formula(school, client):
    await execute("UPDATE team SET name = '=1+1' WHERE id = $1", school.teams[0].id)
    await cast.sign_in(client, school.cohort.organiser)
    answer = await client.get(f"/cohorts/{school.cohort.id}/map.csv?region=Приморский край")
    assert answer.content.startswith("\ufeff".encode())
    rows = answer.text.removeprefix("\ufeff").splitlines()
    assert len(rows) == 2
    assert rows[1].startswith('"\'=1+1";"Спасск-Дальний";')
    assert "attachment" in answer.headers["content-disposition"]


async def test_every_square_has_a_name_and_a_sign_or_word(school, client):
    drawn = await page(client, school, school.cohort.organiser, "/map")
    names = re.findall(r'<a href="/(?:teams/[^/]+/assignments|submissions)/[^"]+"[^>]*><title>([^<]+)</title>', drawn)
    assert "Спасск-Дальний, Проблема и доказательства, не начато 0/3: Проблема одним абзацем" in names
    narrow = re.search(r'<svg class="map__narrow".*?\n    </svg>', drawn, re.DOTALL)[0]
    assert narrow.count("<use") >= len(school.plan) * 2
    assert "#minus" in narrow


async def test_a_moderator_sees_and_takes_out_his_own_teams_only(school, client):
    spare = await cast.moderator(school.cohort, school.teams[0], name="Зоя Климова")
    for path in ("", "/map", "/map?view=table", "/map.csv"):
        text = await page(client, school, spare, path)
        assert "Спасск" in text or not path
        assert "Калининград" not in text
        assert "/settings" not in text


async def test_a_team_that_has_left_is_found_to_be_taken_back(school, client):
    left = school.teams[0].id
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", left)
    shown = await page(client, school, school.cohort.organiser, "/map")
    assert "Команды, выбывшие из программы" in shown
    assert f'href="/teams/{left}"' in shown
    spare = await cast.moderator(school.cohort, school.teams[1], name="Зоя Климова")
    assert f'href="/teams/{left}"' not in await page(client, school, spare, "/map")


# --- The overview -----------------------------------------------------------------------------------------------------


MORE_TEAMS = """
INSERT INTO team (id, cohort, municipality, name, registered_at)
SELECT gen_random_uuid(), t.cohort, t.municipality, 'Команда ' || n, t.registered_at
FROM team t, generate_series(2, $2::int) n WHERE t.id = $1
"""


async def test_one_team_costs_as_many_statements_as_a_hundred(make, counting):
    costs = []
    for size in (1, 100):
        school = await make(1)
        await school.send(school.teams[0])
        await execute(MORE_TEAMS, school.teams[0].id, size)
        viewer = await cast.viewer(school.cohort.organiser)
        with counting() as seen:
            found = await summary.summary(viewer, school.cohort.id, None)
            drawn = await summary.progress_map(viewer, school.cohort.id, mapping.Asked())
        assert len(found.board.rows) == len(drawn.lines) == size
        costs.append(len(seen))
    assert costs == [12, 12]


async def test_a_hundred_teams_are_drawn_by_five_and_no_name_is_lost(make, client):
    school = await make(1)
    await execute(MORE_TEAMS, school.teams[0].id, 100)
    drawn = await page(client, school, school.cohort.organiser, "/map")
    assert drawn.count('class="map__wide"') == drawn.count('class="map__narrow"') == 20
    assert drawn.count(f'<p class="map__head" title="{school.plan[0].facts.title}"') == 5
    assert all(f">Команда {number}</text>" in drawn for number in range(2, 101))


GONE_THROUGH = """
INSERT INTO team_module (id, team, module, opened_at, advanced_at)
SELECT ($1::uuid[])[row_number() OVER ()], t.id, m.id, now() - interval '2 days', CASE WHEN m.place < 3 THEN now() - interval '1 day' END
FROM team t, module m WHERE m.place < 4 ON CONFLICT DO NOTHING
"""
WORKED = """
INSERT INTO submission (id, team, assignment, state)
SELECT ($1::uuid[])[row_number() OVER ()], t.id, a.id,
       CASE WHEN m.place < 3 THEN 'accepted' ELSE (ARRAY['in_progress', 'submitted', 'returned'])[1 + a.place % 3] END
FROM team t, assignment a JOIN module m ON m.id = a.module WHERE m.place < 4 ON CONFLICT DO NOTHING
"""


async def test_a_hundred_teams_in_the_middle_of_the_way_weigh_no_more_than_a_page_may(make, client):
    school = await make(1)
    await execute(MORE_TEAMS, school.teams[0].id, 100)
    for sql in (GONE_THROUGH, WORKED):
        await execute(sql, [new_id() for _ in range(2000)])
    drawn = await page(client, school, school.cohort.organiser, "/map")
    assert len(re.findall("/submissions/[^/]+/desk", drawn)) >= 200
    print("WEIGHT", len(of_page(drawn.encode())), len(drawn), drawn.count("/desk"))
    assert len(of_page(drawn.encode())) < 25_000


async def test_who_is_stuck_is_listed_with_reason_and_step(later, client):
    await later.send(later.teams[0], days=6)
    text = await page(client, later, later.cohort.organiser)
    found = await summary_of(later)
    assert [row.team for row, _ in found.stuck] == [later.teams[0].id, later.teams[1].id]
    for _, reasons in found.stuck:
        for reason in reasons:
            assert f'href="{reason.href}"' in text
    assert "ждёт модератора 6 дней" in text
    links = re.findall(r'<li><span class="tag[^<]*</span> <span>[^<]*</span> <a href="([^"]+)"', text)
    assert links
    for link in links:
        assert (await client.get(link)).status_code == 200, link


async def test_to_write_to_a_stuck_team_is_one_press(later, client):
    text = await page(client, later, later.moderator)
    pick = re.search(r'name="pick" value="([^"]+)"', text)[1]
    answer = await client.post("/queue/message", data={"pick": pick})
    assert answer.status_code == 200
    assert "Спасск-Дальний" in answer.text or "Калининград" in answer.text


async def test_nobody_is_stuck_in_a_draft_or_a_closed_cohort(later):
    await execute("UPDATE cohort SET closed_at = now()")
    assert (await summary_of(later)).stuck == []


async def test_plots_and_tables_have_the_same_numbers(later, client):
    await later.send(later.teams[0], days=6)
    text = await page(client, later, later.cohort.organiser)
    found = await summary_of(later)
    for plot in (found.funnel, found.regions, found.load):
        for row in plot.rows:
            assert f">{row['words']}</text>" in text
            for cell in row["cells"]:
                assert re.search(rf'<td class="num"[^>]*>{cell}</td>', text)
    assert sum(row["value"] + row["after"] for row in found.sendings.rows) == 1
    drawn = re.search(r'<svg class="plot__wide"[^>]*>\s*<title>Когда отправляют.*?</svg>', text, re.DOTALL)[0]
    assert drawn.count("<rect") == 1
    assert 'class="target"' in drawn


async def test_figures_of_moderators(later):
    receipt = await later.send(later.teams[0], days=6)
    await later.send(later.teams[1], days=7)
    await later.decide(receipt, days=2)
    whole = await summary_of(later)
    assert whole.own is None
    assert [(row["label"], row["value"], row["cells"]) for row in whole.load.rows] == [("Роман Дёмин", 1.0, [2, 1, 7])]
    mine = await summary_of(later, later.moderator)
    assert (mine.load, mine.regions) == (None, None)
    assert (mine.own.waiting, mine.own.decided, round(mine.own.days)) == (1, 1, 4)


async def test_the_period_of_sending_may_be_chosen(later):
    await later.send(later.teams[0], days=6)
    chosen = await summary_of(later, module=later.plan[0].id)
    assert chosen.period.id == later.plan[0].id
    assert sum(row["value"] + row["after"] for row in chosen.sendings.rows) == 1


# --- Plots as data ----------------------------------------------------------------------------------------------------


def test_sendings_are_counted_by_day_with_the_deadline_across():
    found = [
        Sent(DUE - timedelta(days=9), 2, 0),
        Sent(DUE - timedelta(days=1), 3, 0),
        Sent(DUE + timedelta(days=2), 0, 1),
    ]
    plot = figures.sendings(found, DUE - timedelta(days=10), DUE, DUE + timedelta(days=5))
    assert len(plot.rows) == 13
    assert [row["cells"] for row in plot.rows if any(row["cells"])] == [[2, 0], [3, 0], [0, 1]]
    assert plot.mark[0] == 11
    assert plot.axis.high >= 3
    with speaking("ru", "Europe/Moscow"):
        assert str(plot.says) == "Отправлено 6 версий: в последние три дня перед сроком – 3, после срока – 1."


def test_a_long_module_is_counted_by_weeks_and_loses_nothing():
    first = DUE - timedelta(days=100)
    found = [Sent(first + timedelta(days=n), 1, 0) for n in range(101)]
    plot = figures.sendings(found, first, DUE, DUE)
    assert len(plot.rows) == 15
    assert sum(row["value"] for row in plot.rows) == 101


def test_nothing_sent_is_said():
    plot = figures.sendings([], DUE - timedelta(days=3), DUE, DUE)
    assert str(plot.says)
    assert sum(row["value"] for row in plot.rows) == 0


def test_load_keeps_the_order_of_names():
    plot = figures.load([Load("Анна", 3, 1, 2), Load("Борис", 3, 9, 8)], 9)
    assert [row["label"] for row in plot.rows] == ["Анна", "Борис"]
    with speaking("ru", "Europe/Moscow"):
        assert str(plot.says) == "Ждут 9 работ; дольше всех – 8 дней."
        assert str(figures.load([Load("Анна", 3, 0, 0)], 0).says) == "Проверки ничто не ждёт."
