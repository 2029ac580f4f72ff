"""Taking a round away that was only drawn up: it and all that belongs to nothing else. What was opened stays."""

from typing import Final
from uuid import UUID

from incubator.foundation.database import DB, execute
from incubator.jury.conflicts.kinship import derive
from incubator.jury.rounds import Round, alone, tell
from incubator.jury.rules import OPENED_ONCE, RoundState, refuse
from incubator.people.rights import Viewer

# In the order in which one row leans on another. Declared conflicts of interest are of people and teams, and stay.
BELONGS: Final = (
    "DELETE FROM pitch_day WHERE round = $1",
    "DELETE FROM sample_sheet WHERE sample IN (SELECT id FROM sample WHERE round = $1)",
    "DELETE FROM sample WHERE round = $1",
    "DELETE FROM allocated_pair WHERE round = $1",
    "DELETE FROM allocation WHERE round = $1",
    "DELETE FROM juror_wish WHERE project IN (SELECT id FROM round_project WHERE round = $1)",
    "DELETE FROM round_project WHERE round = $1",
    "DELETE FROM seat WHERE round = $1",
    "DELETE FROM scoring_round WHERE id = $1 AND state = 'draft'",
)


async def remove_round(viewer: Viewer, round_id: UUID) -> Round:
    """Remove a round that was never opened, with its projects, seats and all that was prepared. What it was."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        if scoring.state is not RoundState.DRAFT:
            refuse(OPENED_ONCE)
        for statement in BELONGS:
            await execute(statement, round_id)
        await derive(scoring.cohort, at=viewer.now, by=viewer.id)
        await tell("round.removed", viewer, scoring)
    return scoring
