"""What roles are held in: names and kinship of programmes, cohorts and teams.

Those are features above this one. Their names and who belongs to whom are facts of the schema, which the database may be
asked for; what they mean and who may see more of them is theirs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from incubator.foundation.database import fetch


@dataclass(frozen=True, slots=True)
class Place:
    """A programme, cohort or team, the programme (and cohort) it belongs to, and the time zone people there live by."""

    id: UUID
    name: str
    programme: UUID
    programme_name: str
    cohort: UUID | None
    time_zone: str


PLACES = """
SELECT p.id, p.name, p.id AS programme, p.name AS programme_name, NULL::uuid AS cohort, 'Europe/Moscow' AS time_zone
  FROM programme p WHERE p.id = ANY($1)
UNION ALL
SELECT c.id, c.name, p.id, p.name, c.id, c.time_zone
  FROM cohort c JOIN programme p ON p.id = c.programme WHERE c.id = ANY($1)
UNION ALL
SELECT t.id, t.name, p.id, p.name, c.id, m.time_zone
  FROM team t JOIN municipality m ON m.id = t.municipality JOIN cohort c ON c.id = t.cohort
  JOIN programme p ON p.id = c.programme WHERE t.id = ANY($1)
"""


async def places(ids: Iterable[UUID | None]) -> dict[UUID, Place]:
    """The places of these ids in one statement; None and ids that nobody knows are left out."""
    wanted = list({each for each in ids if each is not None})
    rows = await fetch(PLACES, wanted) if wanted else []
    return {row["id"]: Place(**row) for row in rows}


async def place(id_: UUID | None) -> Place | None:
    """One place, or None."""
    return (await places([id_])).get(id_) if id_ is not None else None


async def programmes() -> Sequence[tuple[UUID, str]]:
    """Ids and names of all programmes, by name."""
    return [(row["id"], row["name"]) for row in await fetch("SELECT id, name FROM programme ORDER BY name, id")]


async def family(programme: UUID) -> frozenset[UUID]:
    """Ids of a programme and of its cohorts."""
    rows = await fetch("SELECT id FROM cohort WHERE programme = $1", programme)
    return frozenset({programme, *(row["id"] for row in rows)})
