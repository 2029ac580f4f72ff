"""What nobody may learn before the lock, and what it costs to ask: two worlds that differ in one mark, and statements."""

import random
import re

import asyncpg
import httpx
import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_value
from incubator.jury.conflicts import declaring
from incubator.jury.office import conducting, seating
from incubator.jury.rubric import Entry
from incubator.jury.sheets import actions
from incubator.jury.terms import Terms
from incubator.people import sessions
from incubator.settings import settings

CLOCK = re.compile(r"\d{1,2}:\d{2}")


class Browsers:
    """One session for each person, kept, so that no token differs from one look to the next."""

    def __init__(self, client: httpx.AsyncClient, people: dict[str, cast.Person | None]) -> None:
        self.client, self.people, self.tokens = client, people, {}

    async def look(self, name: str, path: str) -> tuple[int, str, dict[str, str]]:
        """What somebody sees there, without the time of day."""
        who = self.people[name]
        if name not in self.tokens:
            self.tokens[name] = await sessions.begin(who.id) if who else ""
        self.client.cookies.clear()
        if who:
            self.client.cookies.set(sessions.cookie_name(settings()), self.tokens[name])
        answer = await self.client.get(path)
        headers = dict(answer.headers)
        if "content-encoding" in headers:  # a packed page is filled up to a length of chance
            headers.pop("content-length")
        return answer.status_code, CLOCK.sub("", answer.text), headers


async def everything(browsers: Browsers, where: cast.RoundOfCast, more: list[str] | None = None):
    team, project = where.teams[0].id, await where.project()
    paths = [
        f"/rounds/{where.id}", f"/rounds/{where.id}/progress", f"/rounds/{where.id}/result", f"/rounds/{where.id}/conflicts",
        f"/rounds/{where.id}/projects/{project}", f"/rounds/{where.id}/projects/{project}/sheets",
        f"/rounds/{where.id}/projects/{project}/materials", f"/teams/{team}/result", f"/teams/{team}/jury", "/jury",
        f"/cohorts/{where.cohort.id}/jury", f"/cohorts/{where.cohort.id}/conflicts", f"/teams/{team}",
        f"/rounds/{where.id}/result?as=everybody", f"/rounds/{where.id}/result/analysis", f"/rounds/{where.id}/deliberation",
        f"/rounds/{where.id}/result/analysis?as=everybody&top=1", f"/rounds/{where.id}/result/weights?w_problem=50",
        f"/rounds/{where.id}/deliberation/projects/{project}", f"/teams/{team}/rounds/{where.id}/why", *(more or ()),
    ]  # fmt: skip
    return {(name, path): await browsers.look(name, path) for name in browsers.people for path in paths}


async def test_no_page_tells_two_worlds_apart_that_differ_in_a_hidden_mark(client):
    where = await cast.scoring_round(teams=2, jurors=3)
    author = where.jurors[0]
    await cast.score(where, author, await where.project(), 1, 1, 1, 1, 1, comment="первое")
    people = {
        "visitor": None, "lead": where.teams[0].lead, "member": where.teams[0].members[0], "other": where.teams[1].lead,
        "moderator": await cast.moderator(where.cohort, where.teams[0]), "juror": where.jurors[1],
        "unseated": await cast.juror(where.cohort, "Олег Панин"), "organiser": where.cohort.organiser,
        "administrator": await cast.administrator(email="second-admin@example.org"),
    }  # fmt: skip
    browsers = Browsers(client, people)
    before = await everything(browsers, where)
    await execute(
        "UPDATE score_sheet SET marks = '{9000,10000,8000,9000,10000}', total = 925000, comment = 'второе',"
        " version = version + 1, own_version = version + 1 WHERE total IS NOT NULL"
    )
    after = await everything(browsers, where)
    assert {200, 303, 403, 404} <= {status for status, _, _ in before.values()}
    assert [key for key in before if before[key] != after[key]] == []
    # The harness sees a difference where there is one: the author's own sheet.
    mine = f"/rounds/{where.id}/projects/{await where.project()}"
    people["author"] = author
    now = await browsers.look("author", mine)
    await execute("UPDATE score_sheet SET comment = 'третье', version = version + 1 WHERE total IS NOT NULL")
    assert await browsers.look("author", mine) != now


async def test_no_page_tells_two_worlds_apart_that_differ_in_a_conflict_of_interest(client):
    where = await cast.scoring_round(teams=2, jurors=3)
    draft = await conducting.create_round(
        await where.organiser(), where.cohort.id, "Финал", [team.id for team in where.teams]
    )
    await conducting.seat_jurors(await where.organiser(), draft, [juror.id for juror in where.jurors])
    people = {
        "visitor": None, "lead": where.teams[0].lead, "member": where.teams[0].members[0], "other": where.teams[1].lead,
        "moderator": await cast.moderator(where.cohort, where.teams[0]), "juror": where.jurors[1],
        "unseated": await cast.juror(where.cohort, "Олег Панин"),
        "administrator": await cast.administrator(email="second-admin@example.org"),
    }  # fmt: skip
    browsers = Browsers(client, people)
    more = [f"/rounds/{draft}", f"/rounds/{draft}/conflicts", f"/rounds/{draft}/set-up", f"/rounds/{draft}/allocation",
            f"/rounds/{draft}/calibration", f"/rounds/{where.id}/receipts", "/", "/search?q=Сестра", "/search?q=Мороз", f"/cohorts/{where.cohort.id}"]  # fmt: skip
    before = await everything(browsers, where, more)
    letters = await fetch_value("SELECT count(*) FROM letter")
    await declaring.declare(await cast.viewer(where.jurors[0]), where.id, {where.teams[0].id: "Сестра в команде"})
    after = await everything(browsers, where, more)
    assert [key for key in before if before[key] != after[key]] == []
    assert await fetch_value("SELECT count(*) FROM letter") == letters
    people["conflicted"] = where.jurors[0]
    mine = f"/rounds/{where.id}/projects/{await where.project()}/materials"
    assert (await browsers.look("conflicted", mine))[0] == 403
    assert (await browsers.look("juror", mine))[0] == 200


NAMES = (("Спасск-Дальний", "Приморский край"), ("Калининград", "Калининградская область"))


async def test_a_round_without_names_is_the_same_to_a_juror_whoever_the_team_is(client):
    where = await cast.scoring_round(teams=2, jurors=3, opened=False)
    plan, team = await cast.begin(where.cohort), where.teams[0]
    first = plan[0].assignments[0].id
    await cast.decide(await cast.hand_in(team.lead, team.id, first, "Отток из города Спасска-Дальнего"), "accepted")
    runs = await where.organiser()
    await seating.set_terms(runs, where.id, Terms(blind=True))
    await conducting.open_round(runs, where.id)
    await cast.score(where, where.jurors[0], await where.project(), 7, 7, 7, 7, 7)
    project = await where.project()
    paths = ["/", "/jury", f"/rounds/{where.id}", f"/rounds/{where.id}/projects/{project}", f"/rounds/{where.id}/receipts",
             f"/rounds/{where.id}/projects/{project}/materials", f"/rounds/{where.id}/projects/{await where.project(1)}",
             f"/rounds/{where.id}/ledger", f"/teams/{team.id}", f"/rounds/{where.id}/offline", "/search?q=Калининград", "/search?q=Отток", f"/teams/{team.id}/result"]  # fmt: skip
    browsers = Browsers(client, {"juror": where.jurors[0], "organiser": where.cohort.organiser})
    before = {path: await browsers.look("juror", path) for path in paths}
    board = await browsers.look("organiser", f"/rounds/{where.id}")
    assert "Отток" in before[paths[5]][1]
    assert not any(word in text for _, text, _ in before.values() for word in ("Спасск", "Приморск"))
    name, region = NAMES[1]
    await execute("UPDATE team SET name = $2 WHERE id = $1", team.id, f"{name} 2")
    await execute(
        "UPDATE municipality m SET name = $2, region = $3 FROM team t WHERE t.id = $1 AND m.id = t.municipality",
        team.id, name, region,
    )  # fmt: skip
    await execute("UPDATE round_project SET title = replace(title, 'Спасск-Дальний', $1)", name)
    await execute("ALTER TABLE revision DISABLE TRIGGER append_only")
    await execute(
        "UPDATE revision SET content = replace(content::text, 'Спасска-Дальнего', 'Калининграда-Калининграда')::jsonb"
    )
    await execute("ALTER TABLE revision ENABLE TRIGGER append_only")
    after = {path: await browsers.look("juror", path) for path in paths}
    assert [path for path in paths if before[path] != after[path]] == []
    assert board != await browsers.look("organiser", f"/rounds/{where.id}"), "the harness sees a difference"


async def test_the_publication_gives_the_names_back(client):
    where = await cast.scoring_round(teams=2, jurors=3, opened=False)
    runs = await where.organiser()
    await seating.set_terms(runs, where.id, Terms(blind=True))
    await conducting.open_round(runs, where.id)
    for juror in where.jurors:
        for number in range(2):
            await cast.score(where, juror, await where.project(number), 7, 7, 7, 7, number)
    await cast.sign_in(client, where.jurors[0])
    assert "Спасск" not in (await client.get(f"/rounds/{where.id}")).text
    await conducting.lock_round(runs, where.id, confirmed_missing=0)
    assert "Спасск" not in (await client.get(f"/rounds/{where.id}")).text
    await cast.publish(where)
    assert "Спасск" in (await client.get(f"/rounds/{where.id}")).text
    seed = await fetch_value("SELECT data ->> 'order_seed' FROM journal_entry WHERE verb = 'round.opened'")
    ids = [row["id"] for row in await fetch("SELECT id FROM round_project WHERE round = $1 ORDER BY id", where.id)]
    random.Random(int(seed)).shuffle(ids)
    drawn = [row["id"] for row in await fetch("SELECT id FROM round_project WHERE round = $1 ORDER BY place", where.id)]
    assert drawn == ids


async def test_the_journal_holds_no_mark(client):
    where = await cast.scoring_round()
    await cast.score(where, where.jurors[0], await where.project(), 3, 4, 3, 4, 3, comment="тайное")
    total = await fetch_value("SELECT total FROM score_sheet WHERE total IS NOT NULL")
    for row in await fetch("SELECT data FROM journal_entry"):
        assert not {"тайное", str(total), "marks", "4000"} & set(re.findall(r"\w+", row["data"]))


@pytest.mark.usefixtures("db")
async def test_a_saved_sheet_rings_no_bell_and_one_handed_in_rings_only_the_round_and_its_juror(dsn):
    where = await cast.scoring_round()
    project, seat = (
        await where.project(),
        await fetch_value("SELECT id FROM seat WHERE person = $1", where.jurors[0].id),
    )
    heard: list[str] = []
    listener = await asyncpg.connect(dsn)
    await listener.add_listener("journal", lambda *heard_now: heard.append(heard_now[3]))
    juror, entry = await cast.viewer(where.jurors[0]), Entry((1000,) * 5, "")
    await actions.save_sheet(juror, where.id, project, lambda _: entry, expected=0)
    await actions.hand_in(juror, where.id, project, lambda _: entry, expected=1)
    await listener.fetchval("SELECT 1")
    await listener.close()
    assert heard == [f"- {where.id} {seat}"]


# --- Statements do not grow with the round ----------------------------------------------------------------------------


async def statements(client, counting, where: cast.RoundOfCast) -> dict[str, int]:
    juror, runs, project = where.jurors[0], where.cohort.organiser, await where.project()
    asked = {}
    for who, path in (
        (juror, "/jury"), (juror, f"/rounds/{where.id}"), (juror, f"/rounds/{where.id}/projects/{project}"),
        (juror, f"/rounds/{where.id}/conflicts"), (runs, f"/rounds/{where.id}"), (runs, f"/cohorts/{where.cohort.id}/jury"),
        (runs, f"/cohorts/{where.cohort.id}/conflicts"),
    ):  # fmt: skip
        await cast.sign_in(client, who)
        await client.get(path)  # a connection asks once what types a statement has
        with counting() as seen:
            assert (await client.get(path)).status_code == 200
        asked[
            f"{'juror' if who is juror else 'organiser'} {path.replace(str(where.id), '…').replace(str(project), '…')}"
        ] = len(seen)
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=await missing(where))
    for path in (
        f"/rounds/{where.id}/result",
        f"/rounds/{where.id}/projects/{project}/sheets",
        f"/teams/{where.teams[0].id}/result",
        f"/teams/{where.teams[0].id}/rounds/{where.id}/why",
        f"/rounds/{where.id}/result/weights?w_problem=50",
        f"/rounds/{where.id}/result/analysis",
        f"/rounds/{where.id}/deliberation",
        f"/rounds/{where.id}/deliberation/projects/{project}",
    ):
        await cast.sign_in(client, runs)
        await client.get(path)
        with counting() as seen:
            assert (await client.get(path)).status_code == 200
        asked[path.replace(str(project), "").strip("/").rpartition("/")[2] + " " + path.split("/")[1]] = len(seen)
    return {name.replace(str(where.cohort.id), "…"): count for name, count in asked.items()}


async def missing(where: cast.RoundOfCast) -> int:
    return await fetch_value(
        "SELECT count(*) FROM score_sheet WHERE round = $1 AND state IN ('empty', 'draft')", where.id
    )


async def test_pages_take_as_many_statements_for_one_project_as_for_four(client, counting):
    small = await cast.scoring_round(teams=1, jurors=1, quorum=1)
    await cast.score(small, small.jurors[0], await small.project(), 7, 7, 7, 7, 7)
    large = await cast.scoring_round(teams=4, jurors=5, quorum=1)
    for juror in large.jurors:
        for number in range(3):
            await cast.score(large, juror, await large.project(number), 5, 6, 7, 8, number + 1)
    assert await statements(client, counting, small) == (counts := await statements(client, counting, large))
    assert counts["juror /rounds/…/projects/…"] <= 3
    assert counts["result rounds"] <= 6  # with who looked, what was decided, and how far its publication is


@pytest.mark.usefixtures("db")
async def test_saving_takes_no_more_statements_in_a_larger_round(counting):
    for teams, jurors in ((1, 1), (4, 5)):
        where = await cast.scoring_round(teams=teams, jurors=jurors, quorum=1)
        juror, project = await cast.viewer(where.jurors[0]), await where.project()
        with counting() as seen:
            await actions.save_sheet(juror, where.id, project, lambda _: Entry((1000,) * 5, ""), expected=0)
        assert len(seen) == 2
