"""Reading a journal is itself kept: who looked, once in an hour."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from incubator.foundation.database import DB
from incubator.journal.actions import Audience, record
from incubator.journal.queries import noted_lately
from incubator.people.rights import Viewer

NOTED_EVERY: Final = timedelta(hours=1)  # a page of the journal more is no news


async def note_cohort_reading(viewer: Viewer, cohort: UUID) -> None:
    """Keep that somebody reads the journal of a cohort; the page has judged whether he may."""
    if await noted_lately("journal.read", viewer.id, cohort, viewer.now, NOTED_EVERY):
        return
    async with DB.transaction():
        await record("journal.read", by=viewer.id, at=viewer.now, audience=Audience.STAFF, cohort=cohort, live=False)


async def note_platform_reading(viewer: Viewer) -> None:
    """Keep that an administrator reads the journal of the installation."""
    if await noted_lately("journal.read_platform", viewer.id, None, viewer.now, NOTED_EVERY):
        return
    async with DB.transaction():
        await record("journal.read_platform", by=viewer.id, at=viewer.now, audience=Audience.PLATFORM, live=False)
