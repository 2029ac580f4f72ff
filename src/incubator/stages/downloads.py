"""Who gets a file out: readers of the team's work, and those to whom a feature above opens what was accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from incubator.foundation.archives import Entry
from incubator.foundation.database import DB, fetch, fetch_one
from incubator.foundation.files import FileFacts, withheld
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Forbidden, NotFound
from incubator.journal.actions import Audience, record
from incubator.people.rights import Verdict, Viewer, guard
from incubator.stages import hooks
from incubator.stages.hooks import JURORS
from incubator.stages.rules import ARCHIVE, DOWNLOAD

FILE: Final = """
SELECT o.id, coalesce(nullif(f.name, ''), o.name) AS name, o.media_type, o.size, f.description, o.scan,
  o.quarantined_at IS NOT NULL AS quarantined, o.scan = 'waiting' AS waiting, s.id AS submission, s.team, s.assignment,
  c.id AS cohort, c.programme, g.demo, a.title, f.removed_at IS NOT NULL AS removed, s.state,
  EXISTS (SELECT 1 FROM revision r WHERE r.submission = s.id AND strpos(r.content::text, o.id::text) > 0) AS sent
FROM stored_file o JOIN submission_file f ON f.file = o.id JOIN submission s ON s.id = f.submission
JOIN assignment a ON a.id = s.assignment JOIN team t ON t.id = s.team JOIN cohort c ON c.id = t.cohort
JOIN programme g ON g.id = c.programme WHERE o.id = $1
"""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file as a page shows it; `own` says whether the viewer reads the team's work, where it stands."""

    file: FileFacts
    description: str
    scanned: bool
    own: bool
    work: str
    title: str
    demo: bool


def _facts(row: Mapping[str, Any]) -> FileFacts:
    return FileFacts(row["id"], row["name"], row["media_type"], row["size"], row["quarantined"], row["waiting"])


async def _judged(viewer: Viewer, file_id: UUID) -> tuple[Mapping[str, Any], bool]:
    """The file's row for whoever may have it, and whether by a right of his own; raises NotFound, Forbidden."""
    row = await fetch_one(FILE, file_id)
    if row is None or (row["removed"] and not row["sent"]):
        raise NotFound
    standing = viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["team"])
    verdict, own = standing.judge(DOWNLOAD), True
    if verdict is not Verdict.ALLOW and row["sent"] and row["state"] == "accepted" and standing.relations & JURORS:
        found = await hooks.opened(viewer, row["team"])
        verdict, own = (found, False) if found is not Verdict.HIDE else (verdict, True)
    guard(verdict, DOWNLOAD)
    if reason := withheld(_facts(row)):
        raise Forbidden(reason)
    return row, own


async def file_for(viewer: Viewer, file_id: UUID) -> FileFacts:
    """A file through its viewer; a juror's reading is put into the journal. Raises NotFound, Forbidden."""
    row, own = await _judged(viewer, file_id)
    if not own:
        async with DB.transaction():
            await record("file.read_by_jury", by=viewer.id, at=viewer.now, audience=Audience.JURY, cohort=row["cohort"],
                         team=row["team"], subject=file_id)  # fmt: skip
    return _facts(row)


async def file_seen(viewer: Viewer, file_id: UUID) -> FileSeen:
    """What is said about a file that a browser can show; raises NotFound, Forbidden."""
    row, own = await _judged(viewer, file_id)
    if not _facts(row).shown:
        raise NotFound
    work = f"/teams/{row['team']}/assignments/{row['assignment']}"
    return FileSeen(_facts(row), row["description"], row["scan"] == "clean", own, work, row["title"], row["demo"])


# --- All of a team ----------------------------------------------------------------------------------------------------

TEAM: Final = "SELECT t.name, c.id AS cohort, c.programme FROM team t JOIN cohort c ON c.id = t.cohort WHERE t.id = $1"
FILES: Final = """
SELECT o.id, coalesce(nullif(f.name, ''), o.name) AS name, f.description, o.media_type, o.size, o.stored_at,
  o.quarantined_at IS NOT NULL AS quarantined, o.scan = 'waiting' AS waiting, m.title AS module, a.title AS assignment,
  dense_rank() OVER (ORDER BY m.place) AS module_place, dense_rank() OVER (PARTITION BY m.id ORDER BY a.place) AS place,
  f.removed_at IS NOT NULL AS removed, v.number
FROM submission_file f JOIN stored_file o ON o.id = f.file JOIN submission s ON s.id = f.submission
JOIN assignment a ON a.id = s.assignment JOIN module m ON m.id = a.module
LEFT JOIN LATERAL (SELECT max(r.number) AS number FROM revision r
  WHERE r.submission = s.id AND strpos(r.content::text, o.id::text) > 0) v ON true
WHERE s.team = $1 AND (f.removed_at IS NULL OR v.number IS NOT NULL)
ORDER BY m.place, a.place, f.removed_at IS NOT NULL, f.id
"""


@dataclass(frozen=True, slots=True)
class TeamFiles:
    """What goes into a team's archive, and what stays out of it with the reason."""

    team: str
    entries: list[Entry]
    left_out: list[tuple[str, Message]]
    descriptions: list[tuple[str, str]]


async def team_files(viewer: Viewer, team_id: UUID) -> TeamFiles:
    """All files of a team's drafts and of what it has sent, in the order of the programme. Two statements."""
    team = await fetch_one(TEAM, team_id)
    if team is None:
        raise NotFound
    viewer.standing(programme=team["programme"], cohort=team["cohort"], team=team_id).need(ARCHIVE)
    rows = await fetch(FILES, team_id)
    reasons = [(row, withheld(_facts(row))) for row in rows]
    entries = [Entry(_folders(row), _facts(row), row["stored_at"]) for row, reason in reasons if reason is None]
    left_out = [(row["name"], reason) for row, reason in reasons if reason is not None]
    said = [(row["name"], row["description"]) for row in rows if row["description"]]
    return TeamFiles(team["name"], entries, left_out, said)


def _folders(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The module and the assignment; what only an earlier version holds lies apart."""
    places = (f"{row['module_place']}. {row['module']}", f"{row['place']}. {row['assignment']}")
    return (*places, str(Message("Version {number}", number=row["number"]))) if row["removed"] else places


def _archive_link(team: UUID, _: Any) -> Sequence[hooks.Link]:
    return [hooks.Link(f"/teams/{team}/files.zip", Message("All files of the team (ZIP)"))]


hooks.PARTS.append(hooks.Part(ARCHIVE, _archive_link))
