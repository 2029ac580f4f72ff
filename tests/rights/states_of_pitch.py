"""The state of a pitch day."""

from incubator.jury.pitch import running
from rights.world import World, state


@state("pitch_day", after="round_scored")
async def _pitch_day(w: World) -> None:
    """The first team is before the jury."""
    runs = await w.viewer("organiser_own")
    await running.begin(runs, w.id("round"))
    await running.call(runs, w.id("round"), w.id("project"))
