"""The advisory result of a round: its sheets are analysed beside the event loop, once for each state they are in."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one
from incubator.jury import analysis
from incubator.jury.analysis import Analysis
from incubator.jury.result.snapshot import Contender, Result, result_of
from incubator.jury.result.standings import contenders
from incubator.jury.rounds import Round
from incubator.jury.rubric import rubric_of
from incubator.jury.scoring import CRITERION, POINT, stored_total

TOPS = (3, 1, 5, 10)
"""How many win; the first one is asked for when nobody says otherwise."""

PATIENCE = 4.0  # seconds a page waits for figures; afterwards it says that they are coming
KEPT = 24


@dataclass(frozen=True, slots=True)
class Known:
    """A project or a juror of the analysis: told apart by the id, called by the name."""

    id: UUID
    name: str = field(compare=False)

    def __str__(self) -> str:
        return self.name


Key = tuple[object, ...]
_found: OrderedDict[Key, asyncio.Future[Analysis]] = OrderedDict()

STATE = """
SELECT count(*) FILTER (WHERE state = 'handed_in') AS sheets, coalesce(sum(version), 0)::bigint AS versions,
  (SELECT md5(string_agg(concat_ws(' ', id, place, presented_at), ',' ORDER BY id)) FROM round_project WHERE round = $1) AS turns
FROM score_sheet WHERE round = $1
"""
MARKS = """
SELECT s.project, s.seat, h.name AS juror, s.marks FROM score_sheet s
JOIN seat e ON e.id = s.seat JOIN person h ON h.id = e.person
WHERE s.round = $1 AND s.state = 'handed_in' ORDER BY s.id
"""
# Who was called on a pitch day counts by that moment, the others by the running order behind them.
TURNS = """
SELECT p.id, row_number() OVER (ORDER BY p.presented_at NULLS LAST, p.place) AS turn
FROM round_project p JOIN team t ON t.id = p.team
WHERE p.round = $1 AND (t.withdrawn_at IS NULL OR p.presented_at IS NOT NULL)
"""


async def advice(scoring: Round, result: Result, top: int) -> Analysis | None:
    """The advisory result of a locked or published round; None while it is still being worked out. Three statements."""
    state = await fetch_one(STATE, scoring.id)
    key = (scoring.id, tuple(state.values()) if state else (), len(result.rows), result.outcome, top)
    if key not in _found:
        _keep(key, await _begin(scoring, result, top))
    try:
        return await asyncio.wait_for(asyncio.shield(_found[key]), PATIENCE)
    except TimeoutError:
        return None


def _keep(key: Key, coming: asyncio.Future[Analysis]) -> None:
    _found[key] = coming
    while len(_found) > KEPT:
        _found.popitem(last=False)


async def _begin(scoring: Round, result: Result, top: int) -> asyncio.Future[Analysis]:
    """The analysis in a thread of its own. A project without a total is left out: it has no chance of any place."""
    projects = {row.project: Known(row.project, row.name) for row in result.rows if row.total is not None}
    turns = {row["id"]: row["turn"] for row in await fetch(TURNS, scoring.id)}
    rows = [row for row in await fetch(MARKS, scoring.id) if row["project"] in projects]
    criteria = result.rubric.criteria
    weights = {each.key: float(each.weight) for each in criteria}

    def work() -> Analysis:
        sheets = [
            analysis.Sheet(
                projects[row["project"]], Known(row["seat"], row["juror"]), [mark / POINT for mark in row["marks"]],
                turns.get(row["project"]),
            )
            for row in rows
        ]  # fmt: skip
        return analysis.analyse(sheets, criteria=[each.key for each in criteria], weights=weights, top=top)

    return asyncio.ensure_future(asyncio.to_thread(work))


# --- Other weights, on a copy -----------------------------------------------------------------------------------------


async def reweighed(scoring: Round, weights: Mapping[str, Decimal]) -> Result:
    """The official result as it would be with other weights: the same sheets, formula and ties; nothing is kept.

    A criterion of weight 0 doesn't count at all: it decides no tie either. At least one weighs more.
    """
    criteria, unit = scoring.rubric.criteria, _unit(weights.values())
    kept = [place for place, each in enumerate(criteria) if weights[each.key]]
    rubric = rubric_of(replace(criteria[place], weight=int(weights[criteria[place].key] * unit)) for place in kept)
    given: dict[UUID, list[tuple[UUID, int]]] = {}
    for row in await fetch(MARKS, scoring.id):
        marks = [row["marks"][place] for place in kept]
        given.setdefault(row["project"], []).append((row["seat"], stored_total(marks, rubric.scoring)))
    found, votes = await contenders(scoring)
    left_out = {f"{CRITERION}{each.key}" for each in criteria if not weights[each.key]}
    plan = replace(scoring.plan, ties=tuple(tie for tie in scoring.plan.ties if tie not in left_out))
    return result_of(rubric, plan, [_weighed(each, given, kept) for each in found], votes)


def _unit(weights: Iterable[Decimal]) -> int:
    """What makes whole numbers of all these weights; shares stay what they are."""
    return int(10 ** max(0, *(-int(each.as_tuple().exponent) for each in weights)))


def _weighed(each: Contender, given: Mapping[UUID, list[tuple[UUID, int]]], kept: Sequence[int]) -> Contender:
    sheets: list[tuple[Any, int]] = list(given.get(each.tally.project, ()))
    totals, seats = [total for _, total in sheets], [seat for seat, _ in sheets]
    sums = [each.tally.sums[place] for place in kept]
    return replace(each, tally=replace(each.tally, totals=totals, sums=sums, jurors=seats))
