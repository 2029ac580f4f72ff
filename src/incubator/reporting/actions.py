"""Reading a journal is itself kept: who looked, once in an hour."""

from uuid import UUID

from incubator.journal.actions import Audience, note_look
from incubator.people.rights import Viewer


async def note_cohort_reading(viewer: Viewer, cohort: UUID) -> None:
    """A step of showing the journal of a cohort: keep that somebody reads it; the page has judged whether he may."""
    await note_look("journal.read", by=viewer.id, at=viewer.now, audience=Audience.STAFF, cohort=cohort)


async def note_platform_reading(viewer: Viewer) -> None:
    """A step of showing the journal of the installation: keep that an administrator reads it."""
    await note_look("journal.read_platform", by=viewer.id, at=viewer.now, audience=Audience.PLATFORM)
