"""Drawing up the minutes of a locked round, filing them, and a cohort's own Word template for them."""

import json
from dataclasses import asdict
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound, Refused
from incubator.jury.minutes import words
from incubator.jury.minutes.gathering import facts
from incubator.jury.minutes.queries import kept, need_minutes
from incubator.jury.minutes.rules import FILE_FIRST, MINUTES, Draft
from incubator.jury.rounds import Round, alone, tell
from incubator.people.rights import Viewer

CHANGED = Message("Somebody else has saved these minutes meanwhile. Reload the page to see what stands there now.")

SAVE = """
INSERT INTO minutes (id, round, number, held_on, place, agenda, present, decision, notes, version, edited_at, edited_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $11)
ON CONFLICT (round) DO UPDATE SET number = $3, held_on = $4, place = $5, agenda = $6, present = $7, decision = $8,
  notes = $9, version = minutes.version + 1, edited_at = $10, edited_by = $11
"""


async def save(viewer: Viewer, round_id: UUID, draft: Draft, expected: int) -> None:
    """Save what a person wrote; `expected` is the version that he began with, 0 for none. Raises Refused."""
    async with DB.transaction():
        scoring = await _mine(viewer, round_id)
        before = await kept(scoring)
        if (before.version if before else 0) != expected:
            raise Refused(CHANGED)
        await execute(SAVE, new_id(), round_id, *asdict(draft).values(), viewer.now, viewer.id)
        await tell("minutes.saved", viewer, scoring)


async def file(viewer: Viewer, round_id: UUID) -> int:
    """Keep the minutes as they stand now, for good; the number of the version. Raises Refused."""
    async with DB.transaction():
        scoring = await _mine(viewer, round_id)
        before = await kept(scoring)
        if before is None:
            raise Refused(FILE_FIRST)
        document = words.document(await facts(scoring), before.draft)
        last = "SELECT coalesce(max(version), 0) FROM filed_minutes WHERE round = $1"
        version = 1 + int(await fetch_value(last, round_id))
        await execute(
            "INSERT INTO filed_minutes (id, round, version, filed_at, filed_by, document) VALUES ($1, $2, $3, $4, $5, $6)",
            new_id(), round_id, version, viewer.now, viewer.id, json.dumps(document, ensure_ascii=False),
        )  # fmt: skip
        await tell("minutes.filed", viewer, scoring, version=version)
        return version


async def _mine(viewer: Viewer, round_id: UUID) -> Round:
    scoring = await alone(viewer, round_id, MINUTES)
    need_minutes(scoring)
    return scoring


# --- The template -----------------------------------------------------------------------------------------------------


KEEP_TEMPLATE = """
INSERT INTO minutes_template (id, cohort, name, content, uploaded_at, uploaded_by) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (cohort) DO UPDATE SET name = $3, content = $4, uploaded_at = $5, uploaded_by = $6
"""


async def take_template(viewer: Viewer, round_id: UUID, name: str, content: bytes) -> None:
    """Use this Word template, which was tried already, for the minutes of the cohort from now on."""
    async with DB.transaction():
        scoring = await _mine(viewer, round_id)
        await execute(KEEP_TEMPLATE, new_id(), scoring.cohort, name, content, viewer.now, viewer.id)
        await tell("minutes.template_taken", viewer, scoring, title=name)


async def drop_template(viewer: Viewer, round_id: UUID) -> None:
    """Go back to the shipped template."""
    async with DB.transaction():
        scoring = await _mine(viewer, round_id)
        if not await execute("DELETE FROM minutes_template WHERE cohort = $1", scoring.cohort):
            raise NotFound
        await tell("minutes.template_dropped", viewer, scoring)
