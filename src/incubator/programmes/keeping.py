"""Every version of a cohort's plan is kept: whatever changes the plan, its version is written in the same transaction."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one, new_id
from incubator.foundation.refusals import NotFound
from incubator.journal.actions import Entry, reads
from incubator.programmes import blueprint
from incubator.programmes.blueprint import Blueprint
from incubator.programmes.blueprint_changes import Difference, differences
from incubator.programmes.queries import described
from incubator.programmes.tables import CohortBlueprint

CHANGES: Final = (
    "cohort.edited", "plan.module_added", "plan.module_edited", "plan.module_moved", "plan.module_removed",
    "plan.assignment_added", "plan.assignment_edited", "plan.assignment_moved", "plan.assignment_removed",
    "criterion.added", "criterion.edited", "criterion.moved", "criterion.removed", "jury_rules.edited",
)  # fmt: skip
PAGE: Final = 15


async def keep(cohort: UUID, number: int, plan: Blueprint, *, by: UUID | None, at: datetime) -> None:
    """Keep one version of a cohort's plan. A step."""
    await CohortBlueprint.insert(
        CohortBlueprint(
            id=new_id(), cohort=cohort, number=number, key=plan.key, text=blueprint.write(plan), created_at=at,
            created_by=by,
        )
    )  # fmt: skip


@reads(*CHANGES)
async def keep_change(entry: Entry) -> None:
    """Keep the plan as it is after a change, unless nothing in it is another than before."""
    if entry.cohort is None:
        return
    last = await fetch_one(
        "SELECT number, text FROM cohort_blueprint WHERE cohort = $1 ORDER BY number DESC LIMIT 1", entry.cohort
    )
    plan = await described(entry.cohort)
    if last is None or differences(tomllib.loads(last["text"]), tomllib.loads(blueprint.write(plan))):
        await keep(entry.cohort, plan.version, plan, by=entry.by, at=entry.at)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a plan; `changes` are against the version before it, none for the first."""

    number: int
    created_at: datetime
    created_by: str
    changes: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept file."""

    number: int
    text: str
    created_at: datetime
    created_by: str


TEXTS: Final = """
SELECT b.number, b.text, b.created_at, coalesce(p.name, '–') AS created_by
FROM cohort_blueprint b LEFT JOIN person p ON p.id = b.created_by WHERE b.cohort = $1
"""


async def versions(cohort: UUID, newest: int) -> list[Version]:
    """One page of versions, from number `newest` downwards, newest first; one statement."""
    rows = await fetch(f"{TEXTS} AND b.number <= $2 ORDER BY b.number DESC LIMIT {PAGE + 1}", cohort, newest)
    parsed = [tomllib.loads(row["text"]) for row in rows]
    before = [*parsed[1:], None]
    found = [
        Version(row["number"], row["created_at"], row["created_by"], tuple(differences(old, new)) if old else ())
        for row, new, old in zip(rows, parsed, before, strict=True)
    ]
    return found[:PAGE]


async def numbers(cohort: UUID) -> Sequence[tuple[int, datetime]]:
    """The versions there are, oldest first, to choose from: the newest two hundred."""
    rows = await fetch(
        "SELECT number, created_at FROM cohort_blueprint WHERE cohort = $1 ORDER BY number DESC LIMIT 200", cohort
    )
    return [(row["number"], row["created_at"]) for row in reversed(rows)]


async def version(cohort: UUID, number: int) -> Kept:
    """One version; raises NotFound."""
    row = await fetch_one(f"{TEXTS} AND b.number = $2", cohort, number)
    if row is None:
        raise NotFound
    return Kept(**row)


async def between(cohort: UUID, old: int, new: int) -> list[Difference]:
    """What changed from one version to another; raises NotFound."""
    before, after = await version(cohort, old), await version(cohort, new)
    return differences(tomllib.loads(before.text), tomllib.loads(after.text))
