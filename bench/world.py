"""Who asks for what in a filled cohort: the ids that requests are made of."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from bench.data import MEMBERS, Size
from incubator.foundation.database import fetch, fetch_value


@dataclass(frozen=True)
class World:
    """Who asks for what in one cohort. `sheets`: (juror, project, version) of the open round, juror by juror."""

    size: Size
    organiser: UUID
    locked: UUID
    open: UUID
    jurors: tuple[UUID, ...]
    leads: tuple[tuple[UUID, UUID], ...]
    sheets: tuple[tuple[UUID, UUID, int], ...]
    keys: tuple[str, ...]


SHEETS = """
SELECT e.person, s.project, s.version FROM score_sheet s JOIN seat e ON e.id = s.seat JOIN round_project p ON p.id = s.project
WHERE s.round = $1 ORDER BY e.id, p.place
"""


async def world(size: Size) -> World:
    """The ids of one cohort; needs the pool."""
    domain = f"%@{size.name}.example"
    rounds = {
        row["state"]: row
        for row in await fetch(
            "SELECT r.id, r.state, r.criteria FROM scoring_round r JOIN cohort c ON c.id = r.cohort JOIN programme g"
            " ON g.id = c.programme WHERE g.name LIKE $1",
            f"%({size.name})",
        )
    }
    leads = await fetch(
        "SELECT p.id, g.scope_id FROM person p JOIN role_grant g ON g.person = p.id WHERE g.role = 'team_lead'"
        " AND p.email LIKE $1 ORDER BY p.id LIMIT 64",
        domain,
    )
    sheets = await fetch(SHEETS, rounds["open"]["id"])
    return World(
        size=size,
        organiser=await fetch_value("SELECT id FROM person WHERE email = $1", f"organiser@{size.name}.example"),
        locked=rounds["locked"]["id"],
        open=rounds["open"]["id"],
        jurors=tuple(dict.fromkeys(row["person"] for row in sheets)),
        leads=tuple((row["id"], row["scope_id"]) for row in leads),
        sheets=tuple(tuple(row) for row in sheets),
        keys=tuple(each["key"] for each in json.loads(rounds["open"]["criteria"])),
    )


def addresses(size: Size, count: int) -> Iterator[str]:
    """Addresses of accounts that can sign in with PASSWORD."""
    return (f"member-{number}@{size.name}.example" for number in range(1, min(count, size.projects * MEMBERS) + 1))
