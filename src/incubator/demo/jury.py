"""The demo's juries: sheets with marks that follow from team and juror alone, a conflict, a tie, a publication."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from incubator.demo import script
from incubator.foundation.database import fetch, fetch_value
from incubator.jury.allocation import allocating
from incubator.jury.conflicts import declaring
from incubator.jury.minutes import actions as minutes
from incubator.jury.minutes import certificates
from incubator.jury.minutes import queries as minutes_queries
from incubator.jury.minutes.rules import Issue
from incubator.jury.office import agreeing, conducting, round_rubric, seating
from incubator.jury.office.preparing import rubric_for_cohort
from incubator.jury.practice import practising
from incubator.jury.result import deliberating
from incubator.jury.result.rules import DecisionKind, Motion
from incubator.jury.result.standings import count_up, result_for
from incubator.jury.rounds import round_for
from incubator.jury.rubric import Entry, Rubric, meaning_of
from incubator.jury.sheets import actions as jury
from incubator.people.queries import viewer_for

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


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
    await declaring.declare(await viewer_for(juror, moment), scoring, reasons)


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


async def deliberate(organiser: UUID, scoring: UUID, moment: datetime) -> None:
    """The jury sits together for half an hour and gives an award of its own beside the places."""
    viewer = await viewer_for(organiser, moment)
    await deliberating.open_deliberation(viewer, scoring, shows_sheets=True)
    fourth = (await count_up(await round_for(viewer, scoring))).placed[3]
    award = Motion(DecisionKind.AWARD, script.AWARD, script.AWARD_WORDS, str(fourth.project), 5, 1, 0)
    await deliberating.decide(await viewer_for(organiser, moment + 20 * MINUTE), scoring, award)
    await deliberating.close_deliberation(await viewer_for(organiser, moment + 30 * MINUTE), scoring)


async def finish(organisers: tuple[UUID, UUID], scoring: UUID, moment: datetime, missing: int) -> None:
    """Lock the round in the evening, let those present deliberate and vote, publish next day with the advisory part.

    The first organiser asks for the publication, the second one agrees half an hour later.
    """
    organiser, second = organisers
    await conducting.lock_round(await viewer_for(organiser, moment), scoring, confirmed_missing=missing)
    viewer = await viewer_for(organiser, moment + 40 * MINUTE)
    for group in (await count_up(await round_for(viewer, scoring))).awaiting_vote:
        ranks = {row.project: place for place, row in enumerate(group, start=1)}
        await conducting.vote_tie(viewer, scoring, ranks, "Голосование присутствующих членов жюри: четыре против трёх")
    await deliberate(organiser, scoring, moment + 50 * MINUTE)
    asked = await agreeing.ask_to_publish(
        await viewer_for(organiser, moment + timedelta(hours=17.5)), scoring, advice=True
    )
    await agreeing.confirm(await viewer_for(second, moment + timedelta(hours=18)), scoring, asked)
    await write_up(organiser, scoring, moment + timedelta(hours=19))


async def write_up(organiser: UUID, scoring: UUID, moment: datetime) -> None:
    """Minutes are filed and certificates issued; one with a misprint is withdrawn."""
    viewer = await viewer_for(organiser, moment)
    found = await round_for(viewer, scoring)
    draft = minutes_queries.proposed(found, await result_for(found), moment).draft
    await minutes.save(viewer, scoring, replace(draft, **script.MINUTES), 0)
    await minutes.file(viewer, scoring)
    await certificates.issue(viewer, scoring, Issue(3, awards=True, members=True))
    last = (await certificates.issued(scoring))[-1]
    await certificates.withdraw(await viewer_for(organiser, moment + DAY), scoring, last.id, "Опечатка в фамилии")


async def semi_final(
    organiser: UUID, cohort: UUID, teams: Sequence[UUID], jurors: Sequence[UUID], moment: datetime
) -> UUID:
    """A round that is being prepared: chair, substitute, wishes, an allocation, and a calibration that four have done."""
    scoring = await create_round(organiser, cohort, "Полуфинал", teams, jurors, moment)
    viewer = await viewer_for(organiser, moment)
    seats = {row["person"]: row["id"] for row in await fetch("SELECT id, person FROM seat WHERE round = $1", scoring)}
    await round_rubric.take_own(viewer, scoring)
    await seating.set_duty(viewer, scoring, seats[jurors[0]], "chair_votes")
    await seating.set_duty(viewer, scoring, seats[jurors[-1]], "substitute")
    home = await fetch_value("SELECT municipality FROM team WHERE id = $1", teams[3])
    for number, juror in enumerate(jurors[:4]):
        wishes = {team: 1 if (place + number) % 4 == 0 else -1 if (place + number) % 5 == 0 else 0
                  for place, team in enumerate(teams)}  # fmt: skip
        card = declaring.Card("Институт развития территорий (вымышленный)", home if number == 1 else None)
        person = await viewer_for(juror, moment)
        await declaring.declare(person, scoring, {}, card=card, wishes=wishes)
    samples = [await practising.add_sample(viewer, scoring, title, text) for title, text in script.SAMPLES]
    criteria = (await rubric_for_cohort(cohort))[0].criteria
    for number, juror in enumerate(jurors[:4]):
        person = await viewer_for(juror, moment)
        for place, sample in enumerate(samples):
            given = [1000 * (4 + (number * 3 + each * 2 + place) % 5) for each in range(len(criteria))]
            await practising.hand_in(person, scoring, sample, given, meaning_of(criteria))
    viewer = await viewer_for(organiser, moment)
    await allocating.ask(viewer, scoring, allocating.Limits(sheets=3, cap=-(-3 * len(teams) // 6) + 1, seed=2026))
    return scoring
