"""A pitch day to put under load: a cohort with its jury, and rounds opened through the product's own actions.

Unlike the cohorts of `data.py` these rounds have a ledger from their first entry, so that it can be verified.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from bench.data import NOW, Rows, Size, new_cohort, new_grant, new_person, new_teams
from incubator import features
from incubator.foundation.database import fetch, fetch_value
from incubator.jury.conflicts import declaring
from incubator.jury.office import conducting
from incubator.people.queries import viewer_for

SHEETS = """
SELECT e.person, s.seat, s.project FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE s.round = $1 ORDER BY e.id, s.project
"""


@dataclass(frozen=True)
class Hall:
    """A cohort with teams and people who may sit on its jury."""

    cohort: UUID
    organiser: UUID
    teams: tuple[UUID, ...]
    jurors: tuple[UUID, ...]


@dataclass(frozen=True)
class Round:
    """An open round: `seats` are (person, seat, projects), `keys` the criteria with `most` whole points each."""

    id: UUID
    hall: Hall
    seats: tuple[tuple[UUID, UUID, tuple[UUID, ...]], ...]
    keys: tuple[str, ...]
    most: tuple[int, ...]


async def hall(jurors: int, teams: int, name: str = "hall") -> Hall:
    """Make the cohort; needs the pool and a migrated database."""
    features.handlers()  # so that every feature takes part in laying out a cohort
    rows, size = Rows(), Size(name, teams, jurors, 0)
    cohort, organiser = await new_cohort(size, "")
    people = [new_person(rows, "", size, "juror", number) for number in range(jurors)]
    entered = new_teams(rows, "", size, cohort)
    for person in people:
        new_grant(rows, person, "juror", "cohort", cohort, cohort)
    await rows.copy()
    return Hall(cohort, organiser, tuple(entered), tuple(people))


async def opened(where: Hall, name: str) -> Round:
    """A round in which everybody scores everything, open; everybody has declared that he has no conflict."""
    runs = await viewer_for(where.organiser, NOW)
    made = await conducting.create_round(runs, where.cohort, name, list(where.teams))
    await conducting.seat_jurors(runs, made, list(where.jurors))
    for juror in where.jurors:
        await declaring.declare(await viewer_for(juror, NOW), made, {})
    await conducting.open_round(runs, made)
    criteria = json.loads(await fetch_value("SELECT criteria FROM scoring_round WHERE id = $1", made))
    return Round(
        made, where, tuple(_seats(await fetch(SHEETS, made))),
        tuple(each["key"] for each in criteria), tuple(each["scale_max"] // 1000 for each in criteria),
    )  # fmt: skip


def _seats(rows: Sequence[tuple[UUID, UUID, UUID]]) -> list[tuple[UUID, UUID, tuple[UUID, ...]]]:
    found: dict[tuple[UUID, UUID], list[UUID]] = {}
    for person, seat, project in rows:
        found.setdefault((person, seat), []).append(project)
    return [(person, seat, tuple(projects)) for (person, seat), projects in found.items()]
