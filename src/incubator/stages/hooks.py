"""Where features above take part in the team's pages; each registers its functions when it is imported.

MARGIN  what stands beside the fields of a team's work (remarks, questions): field key -> notes. A note is any object
        with `template`, the name of a template that draws it as `note`; the key "" is the top of the page. The margin
        stands inside the form of the work: a form of the note's own is drawn after it, by the template `outside`.
LINKS   where else the team's page leads (its result, say): addresses with their words, as far as the viewer may follow.
TASKS   what else a team has to do (guiding questions to answer, say).
OPENED  whether another feature opens a team's work to a viewer who has no right of his own (a juror, say): a verdict,
        or None for "not my business".
FROZEN  why a team's work can't be changed at all just now (a scoring round is open, say), or None.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from incubator.foundation.i18n import Message
from incubator.people.rights import Relation, Right, Standing, Verdict, Viewer, guard
from incubator.stages.rules import Task


class Note(Protocol):
    """Something beside a field; `template` draws it."""

    @property
    def template(self) -> str:
        """Name of the template."""


JURORS = frozenset({Relation.JUROR, Relation.JUROR_CONFLICTED})

MARGIN: list[Callable[[Viewer, UUID], Awaitable[Mapping[str, Sequence[Note]]]]] = []
LINKS: list[Callable[[UUID, Standing], Awaitable[Sequence[tuple[str, Message]]]]] = []
TASKS: list[Callable[[Viewer, UUID], Awaitable[Sequence[Task]]]] = []
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


async def tasks(viewer: Viewer, team: UUID) -> list[Task]:
    """What other features ask the team to do."""
    return [task for ask in TASKS for task in await ask(viewer, team)]


async def links(team: UUID, standing: Standing) -> list[tuple[str, Message]]:
    """Where other features lead from the team's page whoever stands so to the team."""
    return [link for ask in LINKS for link in await ask(team, standing)]


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
