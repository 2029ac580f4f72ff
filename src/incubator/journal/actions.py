"""Recording: the one thing anybody does to the journal, and the readers that hear of it in the same transaction."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from incubator.foundation.database import execute
from incubator.journal.rules import Audience, Entry

__all__ = ["READERS", "Audience", "Entry", "note_look", "reads", "record"]


Reader = Callable[[Entry], Awaitable[None]]
READERS: dict[str, list[Reader]] = {}

QUIET = (
    "INSERT INTO journal_entry (at, actor, verb, audience, cohort, team, subject, data)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb)"
)
BELL = (
    f"WITH entry AS ({QUIET} RETURNING id, cohort, team)"
    " SELECT pg_notify('journal', concat_ws(' ', id, coalesce(cohort::text, '-'), coalesce(team::text, '-'))) FROM entry"
)


def reads(*verbs: str) -> Callable[[Reader], Reader]:
    """Register a reader of some verbs; it runs in the action's transaction (a letter is written or nothing is)."""

    def register(reader: Reader) -> Reader:
        for verb in verbs:
            READERS.setdefault(verb, []).append(reader)
        return reader

    return register


async def record(
    verb: str,
    *,
    by: UUID | None,
    at: datetime,
    audience: Audience,
    cohort: UUID | None = None,
    team: UUID | None = None,
    subject: UUID | None = None,
    aside: Mapping[str, Any] | None = None,
    live: bool = True,
    **data: object,
) -> None:
    """Write one row in the caller's transaction, ring the bell of those who watch that cohort or team, tell the readers.

    `verb` is `thing.happened` (`submission.returned`); `data` holds ids, short words and the reason that an act asks for, never
    marks or texts.
    `live=False` keeps the bell still: PostgreSQL lets transactions with a NOTIFY commit only one after another,
    which the hundred sheets saved in a pitch minute would feel.
    """
    await execute(
        BELL if live else QUIET,
        at, by, verb, audience.value, cohort, team, subject, json.dumps(data, default=str, ensure_ascii=False),
    )  # fmt: skip
    for reader in READERS.get(verb, ()):
        await reader(Entry(verb, by, at, audience, cohort, team, subject, data, aside or {}))


LOOKED = """
INSERT INTO journal_entry (at, actor, verb, audience, cohort, team, subject, data)
SELECT $1::timestamptz, $2::uuid, $3::varchar, $4::varchar, $5::uuid, $6::uuid, $7::uuid, '{}'
WHERE NOT EXISTS (
  SELECT 1 FROM journal_entry WHERE actor = $2 AND verb = $3 AND cohort IS NOT DISTINCT FROM $5
    AND subject IS NOT DISTINCT FROM $7 AND at > $8::timestamptz)
"""
LOOK_AGAIN = timedelta(hours=1)  # within it a page opened once more is no news


async def note_look(
    verb: str,
    *,
    by: UUID,
    at: datetime,
    audience: Audience,
    cohort: UUID | None = None,
    team: UUID | None = None,
    subject: UUID | None = None,
) -> None:
    """Keep that somebody looked at a thing, once in an hour; one statement, and nobody's page is told.

    The caller has judged whether he may look.
    """
    await execute(LOOKED, at, by, verb, audience.value, cohort, team, subject, at - LOOK_AGAIN)
