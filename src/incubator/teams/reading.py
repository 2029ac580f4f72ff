"""What pages about the problem case show: the case, and its versions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.changes import Two
from incubator.foundation.database import fetch, fetch_one
from incubator.foundation.refusals import NotFound
from incubator.people.rights import Viewer
from incubator.teams.cases import CaseState, CaseText, Figure, from_content, may_be_restored
from incubator.teams.presence import HERE, here

CASE = """
SELECT c.id, c.state, c.title, c.problem, c.affected, c.expected_change, c.causes, c.effects, c.version, c.updated_at,
  c.deleted_at, p.name AS updated_by,
  (SELECT max(number) FROM case_version v WHERE v.problem_case = c.id) AS latest
FROM problem_case c LEFT JOIN person p ON p.id = c.updated_by WHERE c.team = $1
"""
FIGURES = "SELECT name, unit, year, source, baseline, target FROM indicator WHERE problem_case = $1 ORDER BY place"


@dataclass(frozen=True, slots=True)
class CasePage:
    """A team's case as it is now. `version` is 0 and `updated_at` None before anything is written.

    `latest` is the number of the last submitted version. A case deleted long ago is as good as not begun.
    """

    state: CaseState = CaseState.DRAFT
    text: CaseText = field(default_factory=CaseText)
    version: int = 0
    updated_at: datetime | None = None
    updated_by: str | None = None
    deleted_at: datetime | None = None
    latest: int | None = None


async def case_page(team_id: UUID, now: datetime) -> CasePage:
    """The case of a team; at most two statements."""
    row = await fetch_one(CASE, team_id)
    if row is None:
        return CasePage()
    if row["deleted_at"] and not may_be_restored(row["deleted_at"], now):
        return CasePage(version=row["version"], latest=row["latest"])
    begun = row["version"] > 0
    return CasePage(
        CaseState(row["state"]), await _text(row["id"], row), row["version"], row["updated_at"] if begun else None,
        row["updated_by"], row["deleted_at"], row["latest"],
    )  # fmt: skip


async def case_text(case_id: UUID) -> CaseText:
    """The text of a case by its own id, as it stands in this transaction."""
    row = await fetch_one(
        "SELECT title, problem, affected, expected_change, causes, effects FROM problem_case WHERE id = $1", case_id
    )
    if row is None:
        raise NotFound
    return await _text(case_id, row)


async def _text(case_id: UUID, row: Mapping[str, Any]) -> CaseText:
    figures = tuple(Figure(**each) for each in await fetch(FIGURES, case_id))
    return CaseText(
        row["title"], row["problem"], row["affected"], figures, tuple(json.loads(row["causes"])),
        tuple(json.loads(row["effects"])), row["expected_change"],
    )  # fmt: skip


HERE_NOW = """
SELECT p.name, max(j.at) AS at FROM journal_entry j JOIN person p ON p.id = j.actor
WHERE j.team = $1 AND j.verb = 'case.saved' AND j.actor <> $2 AND j.at > $3 GROUP BY p.id
"""


async def others_here(viewer: Viewer, team_id: UUID) -> str:
    """Who else of the team writes in the case now, in words."""
    rows = await fetch(HERE_NOW, team_id, viewer.id, viewer.now - HERE)
    return here([(row["name"], row["at"]) for row in rows], viewer.now)


# Versions


@dataclass(frozen=True, slots=True)
class Version:
    """A submitted version: who submitted it and when, and the withdrawal if it was taken back."""

    number: int
    made_at: datetime
    made_by: str | None
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    reason: str | None


LAST_NUMBER = 2**31 - 1  # of an integer column
VERSIONS = """
SELECT v.number, v.made_at, p.name AS made_by, w.at AS withdrawn_at, q.name AS withdrawn_by, w.reason
FROM problem_case c JOIN case_version v ON v.problem_case = c.id LEFT JOIN person p ON p.id = v.made_by
  LEFT JOIN case_withdrawal w ON w.case_version = v.id LEFT JOIN person q ON q.id = w.by
WHERE c.team = $1 ORDER BY v.number DESC
"""


async def case_versions(team_id: UUID) -> tuple[Version, ...]:
    """Every submitted version of a team's case, newest first."""
    return tuple(Version(**row) for row in await fetch(VERSIONS, team_id))


@dataclass(frozen=True, slots=True)
class VersionPage:
    """One version as it was submitted."""

    number: int
    text: CaseText
    versions: tuple[Version, ...]

    @property
    def version(self) -> Version:
        """The entry of this version."""
        return next(each for each in self.versions if each.number == self.number)


async def version_page(team_id: UUID, number: int) -> VersionPage:
    """A version of a team's case. Raises NotFound."""
    texts = await _texts(team_id, number)
    return VersionPage(number, texts[number], await case_versions(team_id))


async def compared(team_id: UUID, two: Two) -> tuple[CaseText, CaseText]:
    """The texts of two versions of a team's case; the first of all has nothing before it but blanks. Raises NotFound."""
    texts = await _texts(team_id, *filter(None, (two.old, two.new)))
    return texts.get(two.old, CaseText()), texts[two.new]


async def _texts(team_id: UUID, *numbers: int) -> dict[int, CaseText]:
    if not all(0 < number <= LAST_NUMBER for number in numbers):
        raise NotFound
    rows = await fetch(
        "SELECT v.number, v.content FROM case_version v JOIN problem_case c ON c.id = v.problem_case"
        " WHERE c.team = $1 AND v.number = ANY($2)",
        team_id, list(numbers),
    )  # fmt: skip
    if len(rows) != len(set(numbers)):
        raise NotFound
    return {row["number"]: from_content(json.loads(row["content"])) for row in rows}
