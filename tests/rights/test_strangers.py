"""Somebody who may do a thing to his own team, cohort or round names another's part in the same address: it is not there.

The first id of the address is the actor's own, the others are those of the world that every other test asks for.
"""

import re

import pytest

from incubator.jury.office import conducting
from rights.hall import UUID, Request
from rights.matrix import lines
from rights.trial import CALLS

LINES = {line.key: line for line in lines("matrix.txt") + lines("more.txt")}
IDS = re.compile(r"{(\w+)}")
# Whose own the first part of an address is, and who may do nearly everything to it.
OWN = {
    "team": [("team_2", "lead_other_team"), ("team_2", "moderator_other"), ("team_2", "organiser_second"),
             ("team_4", "organiser_other")],
    "cohort": [("cohort_b", "organiser_other")],
    "round": [("round_2", "organiser_second")],
}  # fmt: skip
ROUND_OF = (
    "round_draft",
    "round_open",
    "round_scored",
    "round_locked",
    "round_tied",
    "tie_voted",
    "unlock_asked",
    "round_published",
)
# The plan is the cohort's: any of its teams may ask for any of its assignments and modules. So is the round of both.
SHARED = {("team_2", "assignment"), ("team_2", "module"), ("team_2", "round")}


def mixed():
    """(call, first id, whose, actor) of every address with a part in it that is another's."""
    for key, calls in CALLS.items():
        if not any(letter == "A" for letter in LINES[key].letters):
            continue
        for call in calls:
            names = IDS.findall(call.path)
            for own, actor in OWN.get(names[0], ()) if len(names) > 1 else ():
                if not any((own, name) in SHARED for name in names[1:]) and (own != "round_2" or call.at in ROUND_OF):
                    yield call, names[0], own, actor


MIXED = sorted(mixed(), key=lambda each: each[0].at)


async def draw_up_another_round(hall):
    """A second round of the same cohort and jury."""
    w = hall.world
    runs = await w.viewer("organiser_second")
    teams = [each.id for each in w.teams[:3]]
    w.ids["round_2"] = await conducting.create_round(runs, w.id("cohort"), "Вторая защита", teams)


def named(each):
    return each if isinstance(each, str) else f"{each.method} {each.path}"


@pytest.mark.parametrize(("call", "name", "own", "actor"), MIXED, ids=named)
async def test_anothers_part_is_not_there(hall, trial, call, name, own, actor):
    await hall.at(call.at)
    with hall.inside():
        async with hall.undone():
            asked = await trial.request(call, "organiser_own")
            if own == "round_2":
                await draw_up_another_round(hall)
            whole, before = await hall.contents(), await hall.touched()
            theirs = str(hall.world.ids[name])
            request = Request(
                asked.method,
                asked.path.replace(theirs, str(hall.world.ids[own]), 1),
                asked.body,
                asked.kind,
                more=asked.more,
            )
            assert len(UUID.findall(request.path)) > 1
            answer = await hall.ask(request, actor)
            assert answer.status in {403, 404, 409}  # 409: his own round is no longer in that state, say
            assert await hall.touched() == before or await hall.contents() == whole
