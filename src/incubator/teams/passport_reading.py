"""What pages show of a municipality's passport: the team's own, and before it is begun that of the cohort before."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch_one
from incubator.programmes.facts import FactKey
from incubator.teams.passport import Entry, Facts, Offer, offers

# The passport of this team or, until it is saved, the last one that a team of the same municipality left in an earlier
# cohort of the same programme; teams of other programmes are none of its business.
PASSPORT = """
SELECT p.team = $1 AS own, p.version, p.updated_at, w.name AS updated_by, c.name AS cohort_name,
  (SELECT coalesce(json_agg(json_build_array(f.key, f.year, f.value::text, f.source) ORDER BY f.key, f.place), '[]')
     FROM passport_fact f WHERE f.passport = p.id) AS facts
FROM team mine JOIN cohort here ON here.id = mine.cohort
JOIN team t ON t.municipality = mine.municipality JOIN cohort c ON c.id = t.cohort AND c.programme = here.programme
JOIN passport p ON p.team = t.id LEFT JOIN person w ON w.id = p.updated_by
WHERE mine.id = $1 AND (t.id = $1 OR c.starts_on < here.starts_on)
ORDER BY own DESC, c.starts_on DESC, p.updated_at DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class PassportPage:
    """A passport as it is now; `version` is 0 before anything is saved.

    `taken_from` names the earlier cohort whose facts are shown until the team saves its own.
    """

    facts: Facts = field(default_factory=dict)
    version: int = 0
    updated_at: datetime | None = None
    updated_by: str | None = None
    taken_from: str = ""


async def passport_page(team_id: UUID) -> PassportPage:
    """The passport of a team; one statement."""
    row = await fetch_one(PASSPORT, team_id)
    if row is None:
        return PassportPage()
    facts = _facts(row)
    if not row["own"]:
        return PassportPage(facts, taken_from=row["cohort_name"])
    return PassportPage(facts, row["version"], row["updated_at"], row["updated_by"])


async def offers_of(team_id: UUID) -> dict[FactKey, Offer]:
    """What the passport of a team offers to forms; one statement."""
    return offers((await passport_page(team_id)).facts)


def _facts(row: Mapping[str, Any]) -> dict[FactKey, list[Entry]]:
    found: dict[FactKey, list[Entry]] = {}
    for key, year, value, source in json.loads(row["facts"]):
        if key in set(FactKey):  # a fact that is no longer asked for stays where it is
            found.setdefault(FactKey(key), []).append(Entry(year, None if value is None else Decimal(value), source))
    return found
