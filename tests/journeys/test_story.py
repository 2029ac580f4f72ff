"""From an empty programme to a published result: with scripts, and without any."""

import pytest

from journeys.story import Story


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
async def test_the_main_path_by_forms_alone(site, browser, scripts):
    async with Story(site, browser, scripts=scripts) as story:
        await story.told()
