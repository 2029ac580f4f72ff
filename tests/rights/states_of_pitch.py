"""The state of a pitch day."""

from incubator.jury import pitch
from rights.world import World, state


@state("pitch_day", after="round_scored")
async def _pitch_day(w: World) -> None:
    """The first team is before the jury."""
    runs = await w.viewer("organiser_own")
    await pitch.begin(runs, w.id("round"))
    await pitch.call(runs, w.id("round"), w.id("project"))
