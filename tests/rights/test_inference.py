"""Two worlds that differ in one hidden fact look the same, to the byte, to everybody who may not know it.

Counts, averages, orders and lengths of pages leak as well as words do: every page that somebody can open is compared.
"""

import io
import re
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from incubator.foundation.database import fetch_one, fetch_value
from incubator.jury.conflicts import declaring
from incubator.jury.rubric import Entry
from incubator.jury.sheets import actions as scoring
from incubator.moderation import actions as moderation
from incubator.stages import actions as stages
from incubator.stages import queries
from incubator.teams import writing
from incubator.teams.cases import CaseText
from rights.hall import Request
from rights.matrix import ROLES
from rights.trial import CALLS

# Keys of the journal's rows, made from their numbers: a sequence goes on counting when what it counted is undone.
NUMBER = re.compile(rb"entry-[0-9a-f]{16}")
# The root of a ledger. Every entry is blinded with 128 random bits, so the same acts come to another root each time.
ROOT = re.compile(rb"\b[0-9a-f]{64}\b")
# When an archive was made.
MADE = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*")


@dataclass(frozen=True)
class Fact:
    """Something that is so in one world and otherwise in the other, and who may know it."""

    tell: Callable[[Any, int], Awaitable[None]]
    known_to: frozenset[str]
    at: str = "round_scored"


async def note(w, other):
    if other:
        await moderation.write_note(await w.viewer("moderator_own"), w.id("team"), "Ещё одна заметка")


async def unsent_remark(w, other):
    text = "Коротко" if other else "Длинное замечание, которое команда ещё не видит"
    await moderation.edit_remark(await w.viewer("moderator_own"), w.id("unsent"), text)


async def marks(w, other):
    """The same act with other marks and another comment."""
    entry = Entry(
        tuple(each.scale_min + (9 if other else 2) * each.step for each in w.ids["criteria"]),
        "Очень длинный отзыв о проекте" if other else "Да",
    )
    await scoring.hand_in(await w.viewer("juror_extra"), w.id("round"), w.id("project"), lambda _: entry, expected=1)


async def once_more(w):
    """A juror saves a sheet as it is. How much is written in a round is no secret, what it is, is one: so in both worlds as
    many entries come into its ledger.
    """
    juror, round_id, project = await w.viewer("juror_second"), w.id("round"), w.id("project")
    sheet = await fetch_one(
        "SELECT s.version, s.marks, s.comment FROM score_sheet s WHERE s.seat = $1 AND s.project = $2",
        w.id("seat_juror_second"), project,
    )  # fmt: skip
    same = Entry(tuple(sheet["marks"]), sheet["comment"])
    await scoring.save_sheet(juror, round_id, project, lambda _: same, expected=sheet["version"])


async def handed_in(w, other):
    if other:
        await scoring.take_back(await w.viewer("juror_second"), w.id("round"), w.id("project"))
    else:
        await once_more(w)


async def conflict(w, other):
    if other:
        await declaring.declare(await w.viewer("juror_second"), w.id("round"), {w.id("team"): "Родственник"})
    else:
        await once_more(w)


async def draft_of_a_case(w, other):
    """What another team writes in its draft, as long or as short as it likes."""
    team = w.teams[1].id
    version = await fetch_value("SELECT version FROM problem_case WHERE team = $1", team)
    text = CaseText("Новое название", "Проблема", "Все жители") if other else CaseText("Отток")
    await writing.save_case(await w.viewer("participant_other_team"), team, text, version)


async def work_of_a_team(w, other):
    """Whether another team has begun a piece of work."""
    if other:
        someone, team = await w.viewer("lead_other_team"), w.teams[1].id
        work = await queries.work_on(someone, team, w.ids["assignments"][0])
        typed = {field.key: "" for field in work.fields} | {"statement": "Начали"}
        await stages.save_draft(someone, team, work.assignment, lambda _: (typed, {}))


OTHER_TEAM = frozenset({
    "participant_other_team", "moderator_other", "organiser_own", "organiser_conflicted",
})  # fmt: skip
FACTS = {
    "a private note": Fact(note, frozenset({"moderator_own", "organiser_own"}), "remarked"),
    "a remark that was not sent": Fact(unsent_remark, frozenset({"moderator_own"}), "remarked"),
    "marks before the lock": Fact(marks, frozenset()),
    "who has handed in": Fact(handed_in, frozenset({"organiser_own"})),
    "a juror's conflict of interest": Fact(conflict, frozenset({"organiser_own"})),
    "the draft of another team's case": Fact(draft_of_a_case, OTHER_TEAM),
    "the work of another team": Fact(work_of_a_team, OTHER_TEAM, "remarked"),
}


def pages(world):
    """Every address that is read in this state; streams are not pages."""
    found = {path for calls in CALLS.values() for call in calls for path in (call.path, call.jurors)
             if path and call.method == "GET" and not call.stream}  # fmt: skip
    for path in sorted(found):
        try:
            yield path.format_map(world.ids)
        except KeyError:
            continue


@pytest.fixture(scope="module")
def readable():
    """(role, address) of every page that somebody can open, by the number of the state's building."""
    return {}


async def opened(hall, readable):
    """Every page that somebody can open; looked up once while the state is the same one, for its ids are its own."""
    if hall.built not in readable:
        readable[hall.built] = [
            (role, path) for role in ROLES for path in pages(hall.world) if (await look(hall, role, path)).status == 200
        ]
        assert len(readable[hall.built]) > 100
    return readable[hall.built]


async def look(hall, role, path):
    async with hall.undone():
        return await hall.ask(Request("GET", path), role)


async def seen(hall, fact, other, readable):
    """What the pages of everybody who may not know look like in one of the worlds."""
    found = {}
    async with hall.undone():
        await fact.tell(hall.world, other)
        for role, path in readable:
            if role not in fact.known_to:
                answer = await look(hall, role, path)
                packed = answer.body.startswith(b"PK")
                headers = [each for each in answer.headers if not packed or each[0] != "content-length"]
                found[role, path] = (
                    answer.status,
                    headers,
                    unpacked(answer.body) if packed else plain(path, answer.body),
                )
    return found


def plain(path, body):
    """A page without what chance makes of it."""
    body = NUMBER.sub(b"entry", body)
    return ROOT.sub(b"root", body) if path.endswith("/ledger") else body


def unpacked(archive):
    """What is in an archive, without the hour at which it was made."""
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        return b"<".join(each.encode() + b"<" + MADE.sub(b"", found.read(each)) for each in found.namelist())


def difference(one, other):
    """The first place where two answers differ."""
    pairs = zip(one[2].split(b"<"), other[2].split(b"<"), strict=False)
    return next((f"{mine!r} – {theirs!r}" for mine, theirs in pairs if mine != theirs), f"{one[:2]} – {other[:2]}")


@pytest.mark.parametrize("name", FACTS)
async def test_nobody_learns_it_by_the_way(hall, readable, name):
    fact = FACTS[name]
    await hall.at(fact.at)
    with hall.inside():
        known = await opened(hall, readable)
        one, other = [await seen(hall, fact, variant, known) for variant in (0, 1)]
    told = [(key, one[key], other[key]) for key in one if one[key] != other[key]]
    assert not told, "\n".join(f"{role} {path}: {difference(mine, theirs)}" for (role, path), mine, theirs in told)


@pytest.mark.parametrize("name", [name for name, fact in FACTS.items() if fact.known_to])
async def test_whoever_may_know_it_does(hall, readable, name):
    """The control: the two worlds do differ, for those who may see it."""
    fact = FACTS[name]
    others = replace(fact, known_to=frozenset(ROLES) - fact.known_to)
    await hall.at(fact.at)
    with hall.inside():
        known = await opened(hall, readable)
        one, other = [await seen(hall, others, variant, known) for variant in (0, 1)]
    assert [key for key in one if one[key] != other[key]]


async def test_the_same_marks_come_to_another_root_each_time(hall):
    """So a root can't be guessed by trying marks."""
    await hall.at("round_scored")
    roots = []
    with hall.inside():
        for _ in range(2):
            async with hall.undone():
                await marks(hall.world, 0)
                page = await look(hall, "juror_assigned", f"/rounds/{hall.world.id('round')}/ledger")
                roots += ROOT.findall(page.body)
    assert len(roots) == len(set(roots)) == 2
