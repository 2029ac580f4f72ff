"""What has happened on the moderator's desk; see `states.py`."""

from incubator.moderation import actions, bulk, phrases
from incubator.moderation.rules import Verdict
from incubator.stages.rules import Outcome
from rights.world import SECRETS, World, state


@state("phrased")
async def _phrased(w: World) -> None:
    """A phrase of the moderator and one of the programme; a message to the team."""
    moderator = await w.viewer("moderator_own")
    w.ids["phrase"] = await phrases.add(moderator, SECRETS["unsent"])
    w.ids["shared_phrase"] = await phrases.add(await w.viewer("organiser_own"), "Фраза", w.id("programme"))
    await bulk.message(moderator, [(w.id("team"), w.id("assignment"))], SECRETS["more"])


@state("decided", after="sent")
async def _decided(w: World) -> None:
    """The work was returned a moment ago."""
    verdict = Verdict(Outcome.RETURNED, SECRETS["verdict"])
    await actions.decide(await w.viewer("moderator_own"), w.id("submission"), 1, verdict)
