"""The hall in which the rights are tried, for each module anew: other tests empty the database."""

from collections.abc import AsyncIterator

import pytest

from incubator.foundation.database import disconnect  # noqa: F401  (the pool outlives the module)


@pytest.fixture(scope="module")
async def hall(app: object, pool: None) -> AsyncIterator[object]:
    """A world and a session for everybody in it; `await hall.at(state)` builds one of its states."""
    from conftest import empty
    from rights import (  # noqa: F401  (registers the states)
        states,
        states_of_desk,
        states_of_exchange,
        states_of_people,
        states_of_pitch,
        states_of_result,
        states_of_rounds,
    )
    from rights.hall import Hall
    from rights.world import begin, tokens

    await empty()
    made = Hall(app)
    world = await begin()
    made.begun, made.token = world, await tokens(world)
    yield made
    await made.close()
    await empty()


@pytest.fixture(scope="module")
def trial(hall: object) -> object:
    """Counts and tries cells."""
    from rights.trial import Trial

    return Trial(hall)
