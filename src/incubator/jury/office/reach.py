"""How far a change of a cohort's criteria or rules reaches: which rounds and projects will be judged by them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from incubator.foundation.database import fetch, fetch_value

REACHED: Final = """
SELECT r.name, r.state, r.criteria, r.plan, (SELECT coalesce(json_agg(t.name ORDER BY p.place), '[]') FROM round_project p
  JOIN team t ON t.id = p.team WHERE p.round = r.id) AS teams
FROM scoring_round r WHERE r.cohort = $1 ORDER BY r.created_at, r.id
"""
PRACTISED: Final = """
SELECT count(*) FROM sample_sheet s JOIN sample p ON p.id = s.sample JOIN scoring_round r ON r.id = p.round
WHERE r.state = 'draft' AND (r.id = $1 OR r.cohort = $1 AND r.criteria = '[]')
"""


@dataclass(frozen=True, slots=True)
class Round:
    """A round that is judged by the cohort's criteria or rules, with the teams in it."""

    name: str
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """`coming` rounds take what is saved; `blocking` ones are being judged, so that nothing may change; `past` count."""

    coming: tuple[Round, ...]
    blocking: tuple[str, ...]
    past: int


async def reach(cohort_id: UUID, column: str) -> Reach:
    """How far a change reaches; `column` is what a round would have of its own, `criteria` or `plan`. One statement."""
    rows = await fetch(REACHED, cohort_id)
    coming = [row for row in rows if row["state"] == "draft" and not json.loads(row[column])]
    blocking = [row["name"] for row in rows if row["state"] in {"open", "locked"}]
    return Reach(_rounds(coming), tuple(blocking), sum(row["state"] == "published" for row in rows))


def _rounds(rows: Sequence[Mapping[str, Any]]) -> tuple[Round, ...]:
    return tuple(Round(row["name"], tuple(json.loads(row["teams"]))) for row in rows)


async def practised(whose: UUID) -> int:
    """How many sheets of sample projects a change of the criteria of this cohort, or of this round, would delete."""
    return int(await fetch_value(PRACTISED, whose))
