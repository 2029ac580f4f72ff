"""The pages of the journal: entries as sentences, as far as a viewer's rights reach."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch
from incubator.foundation.i18n import Message, day
from incubator.journal import queries
from incubator.journal.queries import Asked, Note, Pageful, Span
from incubator.people.places import Place, places
from incubator.people.queries import names, standing_anywhere
from incubator.people.rights import Viewer
from incubator.programmes.queries import cohort_for
from incubator.programmes.rules import CohortRef
from incubator.reporting.keys import key_of
from incubator.reporting.rules import AUDIT, AUDIT_PLATFORM, LOOKS, OF_COHORT, TEAM_JOURNAL, of_team, reads_audit
from incubator.reporting.words import sentence
from incubator.teams.queries import team_for
from incubator.teams.rules import TeamRef


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a page shows it; `who` is "" for the command line, `team` and `cohort` where the page names them."""

    key: str
    at: datetime
    actor: UUID | None
    who: str
    what: Message
    team: Place | None
    cohort: Place | None


@dataclass(frozen=True, slots=True)
class Chronicle:
    """A page of a journal; `older` is the key after which the next one begins, `by` the name that it is narrowed to."""

    lines: Sequence[Line]
    older: str | None
    by: str

    def days(self) -> list[tuple[str, list[Line]]]:
        """The lines under the days on which they were written, in the reader's language and zone."""
        return [(name, list(lines)) for name, lines in groupby(self.lines, key=lambda line: day(line.at))]


async def of_cohort(viewer: Viewer, cohort_id: UUID, asked: Asked) -> tuple[CohortRef, Chronicle]:
    """Everything that happened in a cohort but what was done for oneself alone; raises NotFound, Forbidden."""
    cohort = await cohort_for(viewer, cohort_id)
    reads_audit(cohort.standing).need(AUDIT)
    return cohort, await _chronicle(await queries.of_cohort(cohort_id, OF_COHORT, asked), asked, teams=True)


async def of_one_team(viewer: Viewer, team_id: UUID, asked: Asked) -> tuple[TeamRef, Chronicle]:
    """What happened in a team, as far as the viewer accompanies it; raises NotFound, Forbidden."""
    team = await team_for(viewer, team_id)
    team.standing.need(TEAM_JOURNAL)
    found = await queries.of_team(team_id, team.cohort, of_team(team.standing), asked)
    return team, await _chronicle(found, asked)


async def of_oneself(viewer: Viewer, asked: Asked) -> Chronicle:
    """What the viewer has done himself."""
    return await _chronicle(await queries.of_person(viewer.id, asked), asked, teams=True, cohorts=True)


async def about_oneself(viewer: Viewer, asked: Asked) -> Chronicle:
    """Who else looked at the viewer's contacts: those of his teams, while he was in them."""
    rows = await fetch(
        "SELECT team, joined_at AS since, left_at AS until FROM team_member WHERE person = $1", viewer.id
    )
    found = await queries.of_teams_while([Span(**row) for row in rows], LOOKS, viewer.id, asked)
    return await _chronicle(found, asked, teams=True)


async def of_installation(viewer: Viewer, asked: Asked) -> Chronicle:
    """What concerns the installation; to everybody but its administrators there is no such page."""
    standing_anywhere(viewer).need(AUDIT_PLATFORM)
    return await _chronicle(await queries.of_installation(asked), asked)


async def _chronicle(page: Pageful, asked: Asked, *, teams: bool = False, cohorts: bool = False) -> Chronicle:
    """Two statements more, however many entries: names of people, names of places."""
    people = await names([asked.by, *(each for note in page.notes for each in _people(note))])
    known = await places(each for note in page.notes for each in (note.subject, note.team, note.cohort))

    def line(note: Note) -> Line:
        return Line(
            key_of(note.id), note.at, note.actor, people.get(note.actor, "") if note.actor else "",
            sentence(note.verb, _facts(note, people, known)),
            known.get(note.team) if teams and note.team else None,
            known.get(note.cohort) if cohorts and note.cohort else None,
        )  # fmt: skip

    older = None if page.older is None else key_of(page.older)
    return Chronicle([line(note) for note in page.notes], older, people.get(asked.by, "") if asked.by else "")


def _people(note: Note) -> Iterable[UUID | None]:
    """Everybody whom an entry may name; ids of other things are nobody's."""
    return note.actor, note.subject, _uuid(note.data.get("person"))


def _facts(note: Note, people: dict[UUID, str], known: dict[UUID, Place]) -> dict[str, Any]:
    place = known.get(note.subject) if note.subject else None
    person = _uuid(note.data.get("person"))
    return {
        **note.data,
        "subject": people.get(note.subject, "") if note.subject else "",
        "person": people.get(person, "") if person else "",
        "place": place.name if place else "",
        "own": note.subject == note.actor,
    }


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
