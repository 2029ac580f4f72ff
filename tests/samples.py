"""Sample projects of a calibration, handed in as a juror would."""

from uuid import UUID

import cast
from incubator.jury.practice import practising
from incubator.jury.rounds import round_for
from incubator.jury.rubric import meaning_of


async def practise(who: cast.Person, round_id: UUID, sample: UUID, *marks: int) -> None:
    """Hand a sample in with these marks, by the criteria that the round has now."""
    by = await cast.viewer(who)
    rubric = (await practising.practice(await round_for(by, round_id))).rubric
    await practising.hand_in(by, round_id, sample, [mark * 1000 for mark in marks], meaning_of(rubric.criteria))
