"""Who gets a file out: readers of the team's work, and those to whom a feature above opens what was accepted."""

from typing import Final
from uuid import UUID

from incubator.foundation.database import DB, fetch_one
from incubator.foundation.files import QUARANTINED, FileFacts
from incubator.foundation.refusals import Forbidden, NotFound
from incubator.journal.actions import Audience, record
from incubator.people.rights import Verdict, Viewer, guard
from incubator.stages import hooks
from incubator.stages.hooks import JURORS
from incubator.stages.rules import DOWNLOAD

FILE: Final = """
SELECT o.id, o.name, o.media_type, o.size, o.quarantined_at IS NOT NULL AS quarantined, s.id AS submission, s.team,
  c.id AS cohort, c.programme, f.removed_at IS NOT NULL AS removed, s.state, EXISTS (SELECT 1 FROM revision r
    WHERE r.submission = s.id AND strpos(r.content::text, o.id::text) > 0) AS sent
FROM stored_file o JOIN submission_file f ON f.file = o.id JOIN submission s ON s.id = f.submission
JOIN team t ON t.id = s.team JOIN cohort c ON c.id = t.cohort WHERE o.id = $1
"""


async def file_for(viewer: Viewer, file_id: UUID) -> FileFacts:
    """A file through its viewer; a juror's reading is put into the journal. Raises NotFound, Forbidden."""
    row = await fetch_one(FILE, file_id)
    if row is None or (row["removed"] and not row["sent"]):
        raise NotFound
    standing = viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["team"])
    verdict, own = standing.judge(DOWNLOAD), True
    if verdict is not Verdict.ALLOW and row["sent"] and row["state"] == "accepted" and standing.relations & JURORS:
        found = await hooks.opened(viewer, row["team"])
        verdict, own = (found, False) if found is not Verdict.HIDE else (verdict, True)
    guard(verdict, DOWNLOAD)
    if row["quarantined"]:
        raise Forbidden(QUARANTINED)
    if not own:
        async with DB.transaction():
            await record("file.read_by_jury", by=viewer.id, at=viewer.now, audience=Audience.JURY, cohort=row["cohort"],
                         team=row["team"], subject=file_id)  # fmt: skip
    return FileFacts(row["id"], row["name"], row["media_type"], row["size"])
