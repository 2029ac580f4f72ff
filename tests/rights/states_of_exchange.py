"""What has been opened to peers and published; see `states.py`."""

from incubator.exchange import cards, opening
from incubator.foundation.database import fetch_value
from incubator.programmes import actions as programmes
from rights.world import SECRETS, World, state


@state("opened", after="sent")
async def _opened(w: World) -> None:
    """The lead has opened the work to the cohort, and a member of another team has left a remark."""
    lead = await w.viewer("team_lead")
    w.ids["opened"] = await opening.open_work(lead, w.id("team"), w.id("submission"), w.id("revision"))
    peer = await w.viewer("participant_other_team")
    w.ids["peer_remark"] = await opening.remark(peer, w.id("opened"), SECRETS["peer"])


@state("cohort_over", after="case_submitted")
async def _cohort_over(w: World) -> None:
    await programmes.close_cohort(await w.viewer("organiser_own"), w.id("cohort"))


@state("card_agreed", after="cohort_over")
async def _card_agreed(w: World) -> None:
    await cards.agree(await w.viewer("team_lead"), w.id("team"))


@state("card_published", after="card_agreed")
async def _card_published(w: World) -> None:
    await cards.publish(await w.viewer("organiser_own"), w.id("team"), shown=True)
    w.ids["card"] = await fetch_value("SELECT id FROM case_card")
