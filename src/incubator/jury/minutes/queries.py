"""The minutes of a round as they stand: what was saved or is proposed, what was filed, the template in use."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from incubator.foundation.database import fetch, fetch_one, fetch_value
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound
from incubator.jury.minutes import words
from incubator.jury.minutes.gathering import facts
from incubator.jury.minutes.rules import MINUTES, Draft
from incubator.jury.minutes.words import Document
from incubator.jury.result.rules import DECIDED_WORDS, DecisionKind
from incubator.jury.result.snapshot import Result
from incubator.jury.rounds import Round
from incubator.jury.rules import NO_VALUES_YET, RoundState, refuse


@dataclass(frozen=True, slots=True)
class Kept:
    """The minutes as they were saved last; `version` 0: nobody has yet, and the draft is what we propose."""

    draft: Draft
    version: int


def need_minutes(scoring: Round) -> None:
    """Pass who draws up the minutes of this round; before the lock nobody does, for they hold values."""
    scoring.standing.need(MINUTES)
    if scoring.state in {RoundState.DRAFT, RoundState.OPEN}:
        refuse(NO_VALUES_YET)


SAVED = "SELECT number, held_on, place, agenda, present, decision, notes, version FROM minutes WHERE round = $1"


async def kept(scoring: Round) -> Kept | None:
    """What was saved, or None."""
    row = await fetch_one(SAVED, scoring.id)
    if row is None:
        return None
    return Kept(Draft(**{name: value for name, value in row.items() if name != "version"}), row["version"])


def proposed(scoring: Round, result: Result, now: datetime) -> Kept:
    """What a person may begin with: the day of the lock, the agenda, the decision that follows from the places."""
    held = (scoring.locked_at or now).astimezone(ZoneInfo(scoring.time_zone)).date()
    agenda = Message("1. Result of the round “{round}”.\n2. Awards of the jury.", round=scoring.name)
    decision = [str(Message("Approve the result of the round “{round}”:", round=scoring.name))]
    decision += [str(Message("place {place}: {team}", place=row.place, team=row.name)) for row in result.placed[:3]]
    decision += [
        str(Message("{kind} “{title}”: {team}", kind=DECIDED_WORDS[DecisionKind(each.kind)], title=each.title, team=each.team))
        for each in result.decisions if each.team
    ]  # fmt: skip
    return Kept(Draft("", held, "", str(agenda), "", "\n".join(decision), ""), 0)


async def drawn_up(scoring: Round, draft: Draft | None, now: datetime) -> tuple[Document, Kept]:
    """The document as it stands, with this draft or the saved one or what we propose; and that one."""
    found = await facts(scoring)
    before = await kept(scoring) or proposed(scoring, replace(found.result, decisions=found.adopted), now)
    return words.document(found, draft or before.draft), before


@dataclass(frozen=True, slots=True)
class Filed:
    """A version that was filed."""

    version: int
    at: datetime
    by: str


FILED = """
SELECT f.version, f.filed_at AS at, h.name AS by FROM filed_minutes f JOIN person h ON h.id = f.filed_by
WHERE f.round = $1 ORDER BY f.version DESC LIMIT 100
"""


async def filed(round_id: UUID) -> Sequence[Filed]:
    """Every version that was filed, the last one first."""
    return [Filed(**row) for row in await fetch(FILED, round_id)]


async def filed_document(round_id: UUID, version: int) -> tuple[Document, datetime]:
    """A version as it was filed, and when. Raises NotFound."""
    row = await fetch_one(
        "SELECT document, filed_at FROM filed_minutes WHERE round = $1 AND version = $2", round_id, version
    )
    if row is None:
        raise NotFound
    return json.loads(row["document"]), row["filed_at"]


async def own_template(cohort_id: UUID) -> tuple[str, bytes] | None:
    """The name and content of the cohort's own Word template, or None for the shipped one."""
    row = await fetch_one("SELECT name, content FROM minutes_template WHERE cohort = $1", cohort_id)
    return (row["name"], row["content"]) if row else None


async def template_name(cohort_id: UUID) -> str:
    """The name of the cohort's own Word template, or ""."""
    return await fetch_value("SELECT name FROM minutes_template WHERE cohort = $1", cohort_id) or ""
