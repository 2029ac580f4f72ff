"""What the page of an allocation shows: limits and figures, loads of jurors, projects with their jurors, what blocks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one
from incubator.jury.allocation.allocating import Limits, read_limits
from incubator.jury.rounds import IN_CONFLICT

PAGE = 100
NAMED = 12  # of what blocks, by name; the others are counted


@dataclass(frozen=True, slots=True)
class JurorLoad:
    """A juror who scores: his sheets, the most he takes, his conflicts, and how many of his wishes are met."""

    id: UUID
    name: str
    load: int
    cap: int | None
    conflicts: int
    gladly: int
    unwanted: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """A juror of a project; `wish` 1 gladly, -1 rather not, 0 neither."""

    seat: UUID
    name: str
    kept: bool
    wish: int


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project with its jurors."""

    id: UUID
    place: int
    team: str
    jurors: tuple[Chosen, ...]


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why there is no allocation, with the first few names."""

    projects: tuple[str, ...]
    jurors: tuple[str, ...]
    more_projects: int
    more_jurors: int
    wanted: int
    room: int
    apart: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """An allocation as its page shows it; `limits`, what was asked for last, None: everybody scores everything.

    `found`: the limits of the plan in force, which is an earlier one where nothing came of what was asked for last;
    `found_at` when it was found. None where there is none, and then at most pairs that were set by hand are in force.
    `edited`: in how many pairs it differs from what the search found, of whose proof nothing is left then: added or
    taken away by hand, or lost with a juror, a project or by a conflict of interest. `kept`: pairs set by hand.
    """

    limits: Limits | None
    found: Limits | None
    found_at: datetime | None
    state: str
    percent: int
    fingerprint: str
    best: bool
    edited: int
    blocked: Blocked | None
    jurors: tuple[JurorLoad, ...]
    rows: tuple[ProjectRow, ...]
    projects: int
    pairs: int
    kept: int
    thin: int
    parts: int
    page: int

    @property
    def force(self) -> Limits | None:
        """The limits that loads and numbers of jurors are held against: those of the plan in force, if there is one."""
        return self.found or self.limits

    @property
    def last_page(self) -> int:
        """The number of the last page of projects."""
        return max(1, -(-self.projects // PAGE))

    @property
    def least(self) -> int:
        """Sheets of the juror who has fewest."""
        return min((each.load for each in self.jurors), default=0)

    @property
    def most(self) -> int:
        """Sheets of the juror who has most."""
        return max((each.load for each in self.jurors), default=0)

    @property
    def gladly(self) -> int:
        """Sheets that go to who wished for them."""
        return sum(each.gladly for each in self.jurors)

    @property
    def unwanted(self) -> int:
        """Sheets that go to who would rather not."""
        return sum(each.unwanted for each in self.jurors)


ALLOCATION = "SELECT request, state, percent, fingerprint, outcome, done_at FROM allocation WHERE round = $1"
JURORS = """
SELECT e.id, h.name, e.cap, count(a.id) AS load, count(*) FILTER (WHERE w.value = 1) AS gladly,
  count(*) FILTER (WHERE w.value = -1) AS unwanted,
  (SELECT count(*) FROM conflict_of_interest i JOIN round_project p ON p.team = i.team AND p.round = e.round
   WHERE i.person = e.person AND i.lifted_at IS NULL) AS conflicts
FROM seat e JOIN person h ON h.id = e.person LEFT JOIN allocated_pair a ON a.seat = e.id
LEFT JOIN juror_wish w ON w.seat = e.id AND w.project = a.project
WHERE e.round = $1 AND e.removed_at IS NULL AND e.votes GROUP BY e.id, h.name ORDER BY h.name, e.id LIMIT 2000
"""
ROWS = """
SELECT p.id, p.place, t.name AS team, count(*) OVER () AS total,
  (SELECT json_agg(json_build_array(e.id, h.name, a.kept, coalesce(w.value, 0)) ORDER BY h.name)
   FROM allocated_pair a JOIN seat e ON e.id = a.seat JOIN person h ON h.id = e.person
   LEFT JOIN juror_wish w ON w.seat = e.id AND w.project = p.id WHERE a.project = p.id) AS jurors
FROM round_project p JOIN team t ON t.id = p.team WHERE p.round = $1 ORDER BY p.place LIMIT $2 OFFSET $3
"""
PAIRS = "SELECT project, seat, kept FROM allocated_pair WHERE round = $1"
NAMES = """
SELECT (SELECT array_agg(t.name ORDER BY p.place) FROM round_project p JOIN team t ON t.id = p.team
        WHERE p.id = ANY($1)) AS projects,
  (SELECT array_agg(h.name ORDER BY h.name) FROM seat e JOIN person h ON h.id = e.person WHERE e.id = ANY($2)) AS jurors
"""


async def plan_of_round(round_id: UUID, page: int) -> Plan:
    """The allocation of a round, one page of its projects; five statements."""
    asked = await fetch_one(ALLOCATION, round_id)
    outcome = json.loads(asked["outcome"]) if asked else {}
    rows = await fetch(ROWS, round_id, PAGE, PAGE * (max(1, page) - 1))
    pairs = await fetch(PAIRS, round_id)
    limits = read_limits(asked["request"]) if asked else None
    force = _in_force(asked, outcome)
    total = rows[0]["total"] if rows else 0
    return Plan(
        limits=limits, found=force.limits, found_at=force.at,
        state=asked["state"] if asked else "", percent=asked["percent"] if asked else 0,
        fingerprint=force.fingerprint, best=force.outcome.get("best", False),
        edited=_edited(force.outcome, pairs) if force.limits else 0,
        blocked=await _blocked(outcome) if asked and asked["state"] == "blocked" else None,
        jurors=tuple(JurorLoad(**row) for row in await fetch(JURORS, round_id)),
        rows=tuple(_row(row) for row in rows), projects=total, pairs=len(pairs),
        kept=sum(row["kept"] for row in pairs),
        thin=_thin(pairs, total, force.limits or limits), parts=parts([(row["project"], row["seat"]) for row in pairs]), page=max(1, page),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Force:
    """The plan in force; nothing of it where none was found."""

    limits: Limits | None
    at: datetime | None
    fingerprint: str
    outcome: Mapping[str, Any]


def _in_force(asked: Mapping[str, Any] | None, outcome: Mapping[str, Any]) -> _Force:
    if asked is not None and asked["state"] == "done":
        return _Force(read_limits(asked["request"]), asked["done_at"], asked["fingerprint"], outcome)
    if held := outcome.get("held"):
        at = datetime.fromisoformat(held["done_at"])
        return _Force(Limits(**held["request"]), at, held["fingerprint"], held["outcome"])
    return _Force(None, None, "", {})


def _row(row: Mapping[str, Any]) -> ProjectRow:
    chosen = (Chosen(UUID(seat), name, kept, wish) for seat, name, kept, wish in json.loads(row["jurors"] or "[]"))
    return ProjectRow(row["id"], row["place"], row["team"], tuple(chosen))


def _edited(outcome: Mapping[str, Any], pairs: list[Mapping[str, Any]]) -> int:
    """In how many pairs the plan differs from the one that was found, whoever or whatever changed it."""
    edits = {tuple(each) for each in outcome.get("edited", ())}
    if "pairs" not in outcome:  # found by an earlier version, which counted only what was done by hand
        return len(edits)
    added = sum((str(row["project"]), str(row["seat"])) in edits for row in pairs)
    return added + int(outcome["pairs"]) - (len(pairs) - added)


def _thin(pairs: list[Mapping[str, Any]], projects: int, limits: Limits | None) -> int:
    """Projects with fewer jurors than asked for."""
    if limits is None:
        return 0
    counts: dict[UUID, int] = {}
    for pair in pairs:
        counts[pair["project"]] = counts.get(pair["project"], 0) + 1
    return projects - sum(1 for count in counts.values() if count >= limits.sheets)


def parts(pairs: list[tuple[UUID, UUID]]) -> int:
    """Into how many parts the graph of projects and jurors falls; who has no pair is no part."""
    above: dict[UUID, UUID] = {}

    def top(each: UUID) -> UUID:
        above.setdefault(each, each)
        while above[each] != each:
            above[each] = each = above[above[each]]
        return each

    for project, seat in pairs:
        above[top(project)] = top(seat)
    return sum(1 for each in above if top(each) == each)


async def _blocked(outcome: Mapping[str, Any]) -> Blocked:
    row = await fetch_one(NAMES, list(map(UUID, outcome["projects"])), list(map(UUID, outcome["jurors"])))
    projects, jurors = (row["projects"] or [], row["jurors"] or []) if row else ([], [])
    return Blocked(
        tuple(projects[:NAMED]), tuple(jurors[:NAMED]), max(0, len(projects) - NAMED), max(0, len(jurors) - NAMED),
        outcome["wanted"], outcome["room"], outcome["apart"],
    )  # fmt: skip


# --- What the opening comes to ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opening:
    """What a draft with an allocation would deal: sheets, and projects that have no juror, or fewer than asked for.

    `unplaced`: those with fewer jurors than a place needs sheets.
    """

    ready: bool
    sheets: int
    thin: int
    bare: int
    unplaced: int


# Only pairs that would be dealt: a juror may have become a substitute or come to have a conflict of interest since.
OPENING = f"""
SELECT d.state <> 'waiting' AND EXISTS (SELECT FROM allocated_pair WHERE round = $1) AS ready,
  coalesce(sum(n.jurors), 0)::bigint AS sheets, count(*) FILTER (WHERE n.jurors = 0) AS bare,
  count(*) FILTER (WHERE n.jurors > 0 AND n.jurors < $2) AS unplaced,
  count(*) FILTER (WHERE n.jurors > 0 AND n.jurors
    < coalesce((d.outcome -> 'held' -> 'request' ->> 'sheets')::int, (d.request ->> 'sheets')::int)) AS thin
FROM allocation d CROSS JOIN (
  SELECT p.id, count(e.id) FILTER (WHERE e.removed_at IS NULL AND e.votes AND NOT {IN_CONFLICT}) AS jurors
  FROM round_project p LEFT JOIN allocated_pair a ON a.project = p.id LEFT JOIN seat e ON e.id = a.seat
  WHERE p.round = $1 GROUP BY p.id) n
WHERE d.round = $1 GROUP BY d.id
"""


async def opening(round_id: UUID, minimum: int) -> Opening | None:
    """What a draft would deal, `minimum` sheets making a place; None where everybody scores everything. One statement."""
    row = await fetch_one(OPENING, round_id, minimum)
    return Opening(**row) if row else None
