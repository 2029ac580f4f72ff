"""The states of a pitch day and of its sheets of paper."""

from incubator.foundation.database import fetch_value
from incubator.jury.pitch import running, transcribing
from incubator.jury.pitch.transcribing import Typed
from incubator.jury.rubric import Entry
from incubator.jury.sheets.papers import Step
from rights.world import World, state


@state("pitch_day", after="round_scored")
async def _pitch_day(w: World) -> None:
    """The first team is before the jury."""
    runs = await w.viewer("organiser_own")
    await running.begin(runs, w.id("round"))
    await running.call(runs, w.id("round"), w.id("project"))


async def _typed(w: World, sheet, role: str, step: Step, mark: int) -> None:
    marks = tuple(each.scale_min + mark * each.step for each in w.ids["criteria"])
    typed = Typed(step, lambda _rubric, _paper: Entry(marks, ""))
    await transcribing.type_in(await w.viewer(role), w.id("round"), sheet, typed)


SHEET = "SELECT s.id FROM score_sheet s WHERE s.seat = $1 AND s.project = $2"


@state("paper_typed", after="round_open")
async def _paper_typed(w: World) -> None:
    """Somebody has typed a sheet of paper once; it waits for the second reading."""
    w.ids["paper"] = await fetch_value(SHEET, w.id("seat_juror_extra"), w.id("project_2"))
    await _typed(w, w.id("paper"), "organiser_second", Step.FIRST, 5)


@state("paper_waits", after="round_scored")
async def _paper_waits(w: World) -> None:
    """The paper of a juror says something else than he wrote himself; two people read it."""
    sheet = await fetch_value(SHEET, await _seat(w), w.id("project"))
    await _typed(w, sheet, "organiser_second", Step.FIRST, 7)
    await _typed(w, sheet, "organiser_own", Step.SECOND, 7)


async def _seat(w: World):
    who = w.people["juror_assigned"].id
    return await fetch_value("SELECT id FROM seat WHERE round = $1 AND person = $2", w.id("round"), who)
