"""How a running order came about: drawn by which seed, changed since by whom and why, and whether the draw still holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one
from incubator.jury.pitch.running import drawn
from incubator.jury.rounds import Round


@dataclass(frozen=True, slots=True)
class Step:
    """What was done with the order: `verb` is draw, swap (`one`, `other`, `reason`) or list (its teams were saved)."""

    verb: str
    at: datetime
    by: str
    seed: str = ""
    one: str = ""
    other: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DrawnOrder:
    """An order that was drawn; `teams` as the seed puts them, which is how they stand now only if `holds`."""

    seed: str
    holds: bool
    teams: tuple[tuple[UUID, str], ...]
    steps: tuple[Step, ...]

    @property
    def draws(self) -> int:
        """How often it was drawn: whoever draws until he likes the order is seen."""
        return sum(1 for step in self.steps if step.verb == "draw")


DRAW = "SELECT seed, draw FROM pitch_day WHERE round = $1 AND seed <> ''"
TEAMS = """
SELECT t.id, t.name, p.place FROM team t LEFT JOIN round_project p ON p.team = t.id AND p.round = $1
WHERE t.id = ANY($2) OR p.id IS NOT NULL ORDER BY p.place LIMIT 1000
"""
VERBS = {"pitch.drawn": "draw", "pitch.swapped": "swap", "round.arranged": "list"}
STEPS = """
SELECT j.verb, j.at, coalesce(h.name, '–') AS by, j.data FROM journal_entry j LEFT JOIN person h ON h.id = j.actor
WHERE j.cohort = $2 AND j.subject = $1 AND j.verb = ANY($3)
  AND j.id >= (SELECT min(d.id) FROM journal_entry d WHERE d.cohort = $2 AND d.subject = $1 AND d.verb = 'pitch.drawn')
ORDER BY j.id LIMIT 1000
"""


async def drawn_order(scoring: Round) -> DrawnOrder | None:
    """The order of a round that was drawn at random; None where it was not. Three statements."""
    row = await fetch_one(DRAW, scoring.id)
    if row is None:
        return None
    taking_part = [UUID(each) for each in json.loads(row["draw"])]
    found = await fetch(TEAMS, scoring.id, taking_part)
    names, order = {each["id"]: each["name"] for each in found}, drawn(row["seed"], taking_part)
    holds = order == [each["id"] for each in found if each["place"] is not None]
    steps = tuple(map(_step, await fetch(STEPS, scoring.id, scoring.cohort, list(VERBS))))
    return DrawnOrder(row["seed"], holds, tuple((team, names.get(team, "–")) for team in order), steps)


def _step(row: Mapping[str, Any]) -> Step:
    told = json.loads(row["data"])
    words = {name: str(told.get(name) or "") for name in ("seed", "one", "other", "reason")}
    return Step(VERBS[row["verb"]], row["at"], row["by"], **words)
