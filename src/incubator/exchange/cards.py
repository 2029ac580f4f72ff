"""Cases of finished cohorts as cards for everybody: the team agrees, an organiser publishes, either takes it back at once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.exchange.opening import case_words
from incubator.exchange.rules import (
    AGREE_TO_CARD,
    NOT_AGREED,
    NOT_SENT,
    PAGE,
    PUBLISH_CARD,
    STILL_GOES_ON,
    TEAM_LEFT,
)
from incubator.foundation.database import DB, execute, fetch, fetch_one, new_id
from incubator.foundation.refusals import NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.people.rights import Right, Viewer
from incubator.programmes.rules import CohortState
from incubator.teams.cases import CaseText, from_content
from incubator.teams.queries import team_for
from incubator.teams.rules import TeamRef

AGREED = """
INSERT INTO case_card (id, problem_case, number, content, title, words, agreed_at, agreed_by)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8)
ON CONFLICT (problem_case) DO UPDATE SET number = $3, content = $4::jsonb, title = $5, words = $6, agreed_at = $7,
  agreed_by = $8, published_at = NULL, published_by = NULL
"""
LAST = """
SELECT c.id, v.number, v.content FROM problem_case c JOIN case_version v ON v.problem_case = c.id WHERE c.team = $1
  AND NOT EXISTS (SELECT 1 FROM case_withdrawal w WHERE w.case_version = v.id) ORDER BY v.number DESC LIMIT 1
"""
OF_TEAM = "SELECT k.* FROM case_card k JOIN problem_case c ON c.id = k.problem_case WHERE c.team = $1"


async def agree(viewer: Viewer, team_id: UUID) -> None:
    """The team's lead agrees that the last submitted case becomes a card."""
    async with DB.transaction():
        team = await _judged(viewer, team_id, AGREE_TO_CARD)
        row = await fetch_one(f"{LAST} FOR UPDATE OF c", team_id)
        if row is None:
            raise Refused(NOT_SENT)
        content = json.loads(row["content"])
        await execute(AGREED, new_id(), row["id"], row["number"], row["content"], content["title"], case_words(content),
                      viewer.now, viewer.id)  # fmt: skip
        await _record("case.card_agreed", viewer, team, version=row["number"])


async def disagree(viewer: Viewer, team_id: UUID) -> None:
    """The team takes its agreement back: the card is gone at once."""
    async with DB.transaction():
        team = await _judged(viewer, team_id, AGREE_TO_CARD)
        if not await execute(
            "DELETE FROM case_card WHERE problem_case IN (SELECT id FROM problem_case WHERE team = $1)", team_id
        ):
            raise Refused(NOT_AGREED)
        await _record("case.card_refused", viewer, team)


async def publish(viewer: Viewer, team_id: UUID, *, shown: bool) -> None:
    """An organiser shows the card to everybody, or takes it back."""
    async with DB.transaction():
        team = await _judged(viewer, team_id, PUBLISH_CARD)
        row = await fetch_one(f"{OF_TEAM} FOR UPDATE OF k", team_id)
        if row is None:
            raise Refused(NOT_AGREED)
        await execute(
            "UPDATE case_card SET published_at = $2, published_by = $3 WHERE id = $1",
            row["id"], viewer.now if shown else None, viewer.id if shown else None,
        )  # fmt: skip
        if shown:
            await _record("case.published", viewer, team)
        else:
            await _record("case.unpublished", viewer, team)


async def _judged(viewer: Viewer, team_id: UUID, wanted: Right) -> TeamRef:
    team = await team_for(viewer, team_id)
    team.standing.need(wanted)
    if team.withdrawn_at:
        raise Refused(TEAM_LEFT)
    if team.cohort_state is not CohortState.CLOSED:
        raise Refused(STILL_GOES_ON)
    return team


async def _record(verb: str, viewer: Viewer, team: TeamRef, **data: object) -> None:
    await record(verb, by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=team.cohort, team=team.id,
                 subject=team.id, live=True, aside=None, **data)  # fmt: skip


# What pages show


@dataclass(frozen=True, slots=True)
class CardState:
    """How far a team's card has come."""

    id: UUID
    number: int
    agreed_at: datetime
    published_at: datetime | None


async def card_of(team_id: UUID) -> CardState | None:
    """The card of a team, agreed to or published."""
    row = await fetch_one(OF_TEAM, team_id)
    return CardState(row["id"], row["number"], row["agreed_at"], row["published_at"]) if row else None


@dataclass(frozen=True, slots=True)
class Card:
    """A published case: its text, its municipality and programme, and nobody's name."""

    id: UUID
    municipality: str
    region: str
    programme: str
    published_at: datetime
    demo: bool
    total: int
    case: CaseText


PUBLISHED = """
SELECT k.id, k.content, k.published_at, y.name AS municipality, y.region, g.name AS programme, g.demo,
  count(*) OVER () AS total
FROM case_card k JOIN problem_case p ON p.id = k.problem_case JOIN team t ON t.id = p.team
JOIN municipality y ON y.id = t.municipality JOIN cohort c ON c.id = t.cohort JOIN programme g ON g.id = c.programme
WHERE k.published_at IS NOT NULL AND t.withdrawn_at IS NULL
"""


async def published(page: int = 1) -> list[Card]:
    """Published cases, newest first, one page of them."""
    rows = await fetch(f"{PUBLISHED} ORDER BY k.published_at DESC, k.id LIMIT $1 OFFSET $2", PAGE, (page - 1) * PAGE)
    return [_card(row) for row in rows]


async def published_card(card: UUID) -> Card:
    """One published case. Raises NotFound."""
    row = await fetch_one(f"{PUBLISHED} AND k.id = $1", card)
    if row is None:
        raise NotFound
    return _card(row)


def _card(row: Mapping[str, Any]) -> Card:
    same = {name: row[name] for name in Card.__slots__ if name != "case"}
    return Card(**same, case=from_content(json.loads(row["content"])))
