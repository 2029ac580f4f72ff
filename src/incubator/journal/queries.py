"""Reading the journal, newest first, a page at a time. How far a viewer may see is chosen by the caller, who knows the rights.

Pages go by key (`before` an id), so that what is written meanwhile moves nothing from one page to the next.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from incubator.foundation.database import fetch
from incubator.journal.rules import Audience

PAGE: Final = 50
LAST: Final = 2**63 - 1  # no entry has a greater id


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the journal as it was kept."""

    id: int
    at: datetime
    actor: UUID | None
    verb: str
    audience: Audience
    cohort: UUID | None
    team: UUID | None
    subject: UUID | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page of what: entries older than `before`, of one person, of some things (the first word of their verbs)."""

    before: int | None = None
    by: UUID | None = None
    things: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Pageful:
    """Some entries, and the `before` of those that follow; None when these are the oldest."""

    notes: Sequence[Note]
    older: int | None


COLUMNS = "SELECT id, at, actor, verb, audience, cohort, team, subject, data FROM journal_entry"
NARROWED = (
    f"id < $1 AND ($2::uuid IS NULL OR actor = $2) AND ($3::text[] IS NULL OR split_part(verb, '.', 1) = ANY($3))"
    f" ORDER BY id DESC LIMIT {PAGE + 1}"
)


async def of_cohort(cohort: UUID, audiences: Collection[Audience], asked: Asked) -> Pageful:
    """What happened in a cohort and its teams."""
    return await _page(
        f"{COLUMNS} WHERE cohort = $4 AND audience = ANY($5) AND {NARROWED}", asked, cohort, _words(audiences)
    )


async def of_team(team: UUID, cohort: UUID, audiences: Collection[Audience], asked: Asked) -> Pageful:
    """What happened in a team, and what everybody in its cohort was told."""
    return await _page(
        f"({COLUMNS} WHERE team = $4 AND audience = ANY($5) AND {NARROWED}) UNION ALL"
        f" ({COLUMNS} WHERE cohort = $6 AND team IS NULL AND audience = 'everyone' AND {NARROWED})"
        f" ORDER BY id DESC LIMIT {PAGE + 1}",
        asked, team, _words(audiences), cohort,
    )  # fmt: skip


async def of_person(person: UUID, asked: Asked) -> Pageful:
    """What a person has done himself, whoever else may see it."""
    return await _page(f"{COLUMNS} WHERE actor = $4 AND {NARROWED}", asked, person)


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when (None: still) somebody was in a team."""

    team: UUID
    since: datetime
    until: datetime | None


async def of_teams_while(spans: Sequence[Span], verbs: Collection[str], but: UUID, asked: Asked) -> Pageful:
    """What was done in some teams, each within its span, with some verbs, by others than one person."""
    return await _page(
        f"{COLUMNS} WHERE verb = ANY($4) AND actor IS DISTINCT FROM $5 AND EXISTS (SELECT 1"
        " FROM unnest($6::uuid[], $7::timestamptz[], $8::timestamptz[]) AS span (team, since, until)"
        " WHERE span.team = journal_entry.team AND at >= span.since AND (span.until IS NULL OR at < span.until))"
        f" AND team = ANY($6) AND {NARROWED}",
        asked, list(verbs), but, [span.team for span in spans], [span.since for span in spans],
        [span.until for span in spans],
    )  # fmt: skip


async def of_installation(asked: Asked) -> Pageful:
    """What concerns the installation as a whole."""
    return await _page(f"{COLUMNS} WHERE audience = 'platform' AND {NARROWED}", asked)


def _words(audiences: Collection[Audience]) -> list[str]:
    return [each.value for each in audiences]


async def _page(sql: str, asked: Asked, *values: object) -> Pageful:
    before = LAST if asked.before is None else asked.before
    rows = await fetch(sql, before, asked.by, asked.things, *values)
    notes = [
        Note(**{**row, "audience": Audience(row["audience"]), "data": json.loads(row["data"])}) for row in rows[:PAGE]
    ]
    return Pageful(notes, notes[-1].id if len(rows) > PAGE else None)
