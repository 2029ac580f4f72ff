"""The desk of the demo's moderators: a bank of phrases, and a colleague who is at a piece of work just now."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from incubator.demo import script
from incubator.demo.story import TeamTale
from incubator.foundation.database import fetch, fetch_value
from incubator.moderation import actions, bulk, checking, phrases
from incubator.people.queries import viewer_for

SHARED = (
    "Назовите источник и год числа.",
    "Это следствие. В чём причина?",
    "Кто из жителей с этим не согласится? Добавьте их слова.",
    "Укажите ответственного и срок.",
)
MEETING = (
    "Коллеги, в четверг в 15:00 по Москве разберём гипотезы всех моих команд.\n\n"
    "Подготовьте три минуты: что проверяете и как узнаете, что ошиблись."
)


async def fill_bank(programme: UUID, organiser: UUID, moderator: UUID, moment: datetime) -> None:
    """The organiser shares phrases with everybody, a moderator keeps his own."""
    for text in SHARED:
        await phrases.add(await viewer_for(organiser, moment), text, programme)
    for text in script.REMARKS:
        await phrases.add(await viewer_for(moderator, moment), text)


async def help_with(organiser: UUID, cohort: UUID, tale: TeamTale, helper: UUID, moment: datetime) -> None:
    """A second moderator is given a team."""
    await actions.assign_moderator(await viewer_for(organiser, moment), cohort, tale.team, helper)


async def write_to(teams: Sequence[TeamTale], moderator: UUID, moment: datetime) -> None:
    """A moderator writes the same to several of his teams."""
    rows = await fetch(
        "SELECT DISTINCT ON (t.id) t.id, a.id AS assignment FROM team t JOIN module m ON m.cohort = t.cohort"
        " JOIN assignment a ON a.module = m.id WHERE t.id = ANY($1) ORDER BY t.id, m.place, a.place",
        [tale.team for tale in teams],
    )
    picks = [(row["id"], row["assignment"]) for row in rows]
    await bulk.message(await viewer_for(moderator, moment), picks, MEETING)


async def begin_check(team: UUID, moderator: UUID, moment: datetime) -> None:
    """A moderator has begun to check a team's work some minutes ago."""
    work = await fetch_value("SELECT id FROM submission WHERE team = $1 AND state = 'submitted' LIMIT 1", team)
    if work is not None:
        await checking.begin(await viewer_for(moderator, moment - timedelta(minutes=5)), work)
