"""Where features above take part in the team's pages; each registers its functions when it is imported.

MARGIN  what stands beside the fields of a team's work (remarks, questions): field key -> notes. A note is any object
        with `template`, the name of a template that draws it as `note`; the key "" is the top of the page. The margin
        stands inside the form of the work: a form of the note's own is drawn after it, by the template `outside`.
PARTS   what else stands on the team's page: tasks (guiding questions to answer, say) and links (its result, say), as far as
        the viewer may follow. What all of them look up is one statement, however many there are.
OPENED  whether another feature opens a team's work to a viewer who has no right of his own (a juror, say): a verdict,
        or None for "not my business".
FROZEN  why a team's work can't be changed at all just now (a scoring round is open, say), or None.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from incubator.foundation.database import fetch_one
from incubator.foundation.i18n import Message
from incubator.people.rights import Relation, Right, Standing, Verdict, Viewer, guard
from incubator.stages.rules import Task


@dataclass(frozen=True, slots=True)
class Link:
    """Where the team's page leads, and the words for it."""

    href: str
    words: Message


@dataclass(frozen=True, slots=True)
class Part:
    """What a feature adds to the team's page for who has the right `needs`.

    `sql` looks something up ($1 is the team), `read` makes tasks and links of the team's id and its rows as JSON gives them.
    """

    needs: Right
    read: Callable[[UUID, Sequence[Mapping[str, Any]]], Sequence[Task | Link]]
    sql: str = ""


class Note(Protocol):
    """Something beside a field; `template` draws it."""

    @property
    def template(self) -> str:
        """Name of the template."""


JURORS = frozenset({Relation.JUROR, Relation.JUROR_CONFLICTED})

MARGIN: list[Callable[[Viewer, UUID], Awaitable[Mapping[str, Sequence[Note]]]]] = []
PARTS: list["Part"] = []
OPENED: list[Callable[[Viewer, UUID], Awaitable[Verdict | None]]] = []
FROZEN: list[Callable[[UUID], Awaitable[Message | None]]] = []


async def margin(viewer: Viewer, submission: UUID | None) -> dict[str, list[Note]]:
    """All notes on one piece of work by field key."""
    notes: dict[str, list[Note]] = {}
    if submission is None:
        return notes
    for ask in MARGIN:
        for key, found in (await ask(viewer, submission)).items():
            notes.setdefault(key, []).extend(found)
    return notes


async def parts(team: UUID, standing: Standing) -> list[Task | Link]:
    """What other features have for the team's page, for whoever stands so to the team. One statement."""
    asked = [part for part in PARTS if standing.may(part.needs)]
    looked_up = ", ".join(f"(SELECT coalesce(json_agg(q), '[]') FROM ({part.sql}) q)" for part in asked if part.sql)
    found = await fetch_one(f"SELECT {looked_up}", team) if looked_up else None
    rows = iter(map(json.loads, found or ()))
    return [each for part in asked for each in part.read(team, next(rows) if part.sql else [])]


async def opened(viewer: Viewer, team: UUID) -> Verdict:
    """Whether a feature above opens the work of a team to a viewer; ALLOW wins over FORBID, else HIDE."""
    verdicts = {await ask(viewer, team) for ask in OPENED}
    return next((each for each in (Verdict.ALLOW, Verdict.FORBID) if each in verdicts), Verdict.HIDE)


async def need(viewer: Viewer, team: UUID, standing: Standing, right: Right) -> None:
    """Pass, or raise NotFound or Forbidden: a juror to whom the team's work is open, or would be, knows that it is there."""
    verdict = standing.judge(right)
    if verdict is Verdict.HIDE and standing.relations & JURORS and await opened(viewer, team) is not Verdict.HIDE:
        verdict = Verdict.FORBID
    guard(verdict, right)


async def frozen(team: UUID) -> Message | None:
    """The first reason for which a team's work can't be changed now."""
    for ask in FROZEN:
        if reason := await ask(team):
            return reason
    return None
