"""From an empty programme to a published result: with scripts, and without any."""

import pytest

from journeys.story import Story


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
async def test_the_main_path_by_forms_alone(site, browser, scripts):
    async with Story(site, browser, scripts=scripts) as story:
        await story.prepare()
        await story.cohort_from_blueprint()
        await story.invitations()
        await story.registration()
        await story.case()
        await story.colleague()
        await story.moderator_assigned()
        await story.writes()
        await story.returned()
        await story.accepted()
        await story.jury()
        await story.scored()
        await story.published()
        await story.seen_by_all()
