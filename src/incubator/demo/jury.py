"""The demo's juries: sheets with marks that follow from team and juror alone, a conflict, a tie, a publication."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from incubator.demo import script
from incubator.foundation.database import fetch
from incubator.jury import actions as jury
from incubator.jury import agreeing, conducting, conflicts
from incubator.jury.rounds import round_for
from incubator.jury.rubric import Entry, Rubric
from incubator.jury.standings import count_up
from incubator.people.queries import viewer_for

MINUTE = timedelta(minutes=1)


async def create_round(
    organiser: UUID, cohort: UUID, name: str, teams: Sequence[UUID], jurors: Sequence[UUID], moment: datetime
) -> UUID:
    """A round of these teams with these jurors, still a draft. Its id."""
    viewer = await viewer_for(organiser, moment)
    scoring = await conducting.create_round(viewer, cohort, name, teams)
    await conducting.seat_jurors(viewer, scoring, jurors)
    return scoring


async def open_round(organiser: UUID, scoring: UUID, moment: datetime) -> None:
    """The organiser opens the round."""
    await conducting.open_round(await viewer_for(organiser, moment), scoring)


async def projects(scoring: UUID) -> list[tuple[UUID, UUID]]:
    """(project, team) of a round, in running order."""
    rows = await fetch("SELECT id, team FROM round_project WHERE round = $1 ORDER BY place", scoring)
    return [(row["id"], row["team"]) for row in rows]


async def declare(juror: UUID, scoring: UUID, moment: datetime, reasons: Mapping[UUID, str]) -> None:
    """A juror declares his conflicts, or that he has none."""
    await conflicts.declare(await viewer_for(juror, moment), scoring, reasons)


def marks(rubric: Rubric, project: int, juror: int) -> tuple[int, ...]:
    """Marks of one sheet: a better project has more, a stricter juror gives less. The last two projects tie."""
    pair = min(project, 6)
    strength, severity = 8 - pair % 5, (0, 1, 0, 0, 1, 0, 0)[juror % 7]
    given = (
        strength - severity + (1 if (pair + place + juror) % 4 == 0 else 0) for place in range(len(rubric.criteria))
    )
    return tuple(
        min(max(mark * 1000, each.scale_min), each.scale_max) for mark, each in zip(given, rubric.criteria, strict=True)
    )


async def score(juror: UUID, scoring: UUID, sheet: tuple[int, UUID], seat: int, moment: datetime) -> None:
    """One sheet handed in."""
    number, project = sheet

    def read(rubric: Rubric) -> Entry:
        comment = script.COMMENTS[(number + seat) % len(script.COMMENTS)] if (number + seat) % 2 else ""
        return Entry(marks(rubric, number, seat), comment)

    await jury.hand_in(await viewer_for(juror, moment), scoring, project, read, expected=0)


async def half_score(juror: UUID, scoring: UUID, project: UUID, moment: datetime) -> None:
    """One sheet begun: the first two criteria."""

    def read(rubric: Rubric) -> Entry:
        return Entry((7000, 6000, *[None] * (len(rubric.criteria) - 2)), "")

    await jury.save_sheet(await viewer_for(juror, moment), scoring, project, read, expected=0)


async def finish(organisers: tuple[UUID, UUID], scoring: UUID, moment: datetime, missing: int) -> None:
    """Lock the round in the evening, let those present vote on ties that the rules leave to them, publish next day.

    The first organiser asks for the publication, the second one agrees half an hour later.
    """
    organiser, second = organisers
    await conducting.lock_round(await viewer_for(organiser, moment), scoring, confirmed_missing=missing)
    viewer = await viewer_for(organiser, moment + 40 * MINUTE)
    for group in (await count_up(await round_for(viewer, scoring))).awaiting_vote:
        ranks = {row.project: place for place, row in enumerate(group, start=1)}
        await conducting.vote_tie(viewer, scoring, ranks, "Голосование присутствующих членов жюри: четыре против трёх")
    asked = await agreeing.ask_to_publish(await viewer_for(organiser, moment + timedelta(hours=17.5)), scoring)
    await agreeing.confirm(await viewer_for(second, moment + timedelta(hours=18)), scoring, asked)
