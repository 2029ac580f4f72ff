"""What has happened in rounds besides: another one before it, sheets that are signed; see `states.py`."""

from incubator.foundation.database import execute, fetch_value
from incubator.jury.office import conducting
from incubator.jury.pages import signing
from incubator.teams import writing
from rights.states import case_of
from rights.world import World, state


@state("round_calibrating_after", after="round_calibrating")
async def _round_calibrating_after(w: World) -> None:
    """The programme had a cohort before, whose round is published: its projects can be taken as samples."""
    past, team, lead = w.id("cohort_b"), w.teams[3].id, await w.viewer("lead_b")
    await writing.save_case(lead, team, case_of("Люди уезжают"), 0)
    await writing.submit_case(lead, team, 1)
    await execute("UPDATE cohort SET programme = $2 WHERE id = $1", past, w.id("programme"))
    before = await conducting.create_round(await w.viewer("organiser_own"), past, "Прошлая защита", [team])
    await execute("UPDATE scoring_round SET state = 'published' WHERE id = $1", before)
    w.ids["past_project"] = await fetch_value("SELECT id FROM round_project WHERE round = $1", before)


@state("sheets_signed", after="round_scored")
async def _sheets_signed(w: World) -> None:
    await signing.sign(await w.viewer("juror_assigned"), w.id("round"))
