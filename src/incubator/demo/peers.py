"""What the demo's teams show each other: a case opened to the cohort, remarks on it, published cards."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from incubator.demo.story import DAY, Step, Tale, TeamTale
from incubator.exchange import cards, opening, queries
from incubator.exchange.rules import Mark, Reply
from incubator.people.queries import viewer_for

WISH = "Что ещё удерживает молодые семьи, кроме зарплаты? Кто уже пробовал?"
REMARKS = (
    "У нас помогли кружки до вечера: родители перестали искать работу в соседнем городе. Готовы показать расчёт.",
    "Сильный раздел о причинах. Спросили бы тех, кто уехал: у нас половина назвала не то, что мы думали.",
)
THANKS = "Спасибо, напишем вам: расчёт очень нужен."


def exchange(tale: Tale, team: TeamTale, peers: Sequence[TeamTale], moment: datetime) -> None:
    """A team opens its case; the leads of two others remark, and it uses the first remark."""

    async def begin(at: datetime) -> None:
        shown = await queries.showing(team.team, None)
        opened = await opening.open_work(await viewer_for(team.lead, at), team.team, None, shown.version, WISH)
        for place, (peer, text) in enumerate(zip(peers, REMARKS, strict=True)):
            tale.at(at + (1 + 2 * place) * DAY, remarking(opened, peer, text, answered=place == 0))

    def remarking(opened: UUID, peer: TeamTale, text: str, *, answered: bool) -> Step:
        async def remark(at: datetime) -> None:
            made = await opening.remark(await viewer_for(peer.lead, at), opened, text)

            async def answer(later: datetime) -> None:
                await opening.answer(await viewer_for(team.lead, later), made, Reply(Mark.USED, THANKS))

            if answered:
                tale.at(at + DAY, answer)

        return remark

    tale.at(moment, begin)


async def publish_cards(teams: Sequence[TeamTale], organiser: UUID, moment: datetime) -> None:
    """Teams of a finished cohort agree that everybody may read their cases, and the organiser publishes them."""
    for place, team in enumerate(teams):
        at = moment + place * DAY
        await cards.agree(await viewer_for(team.lead, at), team.team)
        await cards.publish(await viewer_for(organiser, at + timedelta(hours=5)), team.team, shown=True)
