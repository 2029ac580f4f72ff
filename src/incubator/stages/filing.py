"""The files of a team's draft: put to a field whole or in pieces, named and described, taken out and put back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from incubator.foundation import files, uploads
from incubator.foundation.database import DB, execute, fetch, fetch_one, new_id
from incubator.foundation.file_types import clean_name, kind_of
from incubator.foundation.i18n import Message
from incubator.foundation.jobs import chore
from incubator.foundation.refusals import BadRequest, NotFound, Refused
from incubator.foundation.uploads import Progress
from incubator.journal.actions import Audience, record
from incubator.people import rights
from incubator.people.rights import Verdict, Viewer
from incubator.programmes.blueprint import FieldKind, FieldPlan
from incubator.stages.drafts import begun, held, need_writable, note, write_over
from incubator.stages.queries import Work, work_for, work_on
from incubator.stages.rules import REMOVE_FILE, UPLOAD

MOST_FILES: Final = 10  # at one field
PUT_BACK: Final = timedelta(hours=1)  # so long a removed file can be put back; then it is erased
MEGABYTE: Final = 1024 * 1024
UNKNOWN_FIELD = Message("This assignment has no such field for files. Reload the page.")

# --- Putting in -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in: to which field, under what name."""

    field: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Announced:
    """A file that will come in pieces; `mark` is what the browser knows it by, `size` is in bytes."""

    field: str
    name: str
    size: int
    mark: str = ""


def place_of(assignment_id: UUID, field: str) -> str:
    """Where an upload belongs, as its row says it."""
    return f"{assignment_id} {field}"


async def attach_file(viewer: Viewer, team_id: UUID, assignment_id: UUID, upload: Upload) -> files.FileFacts:
    """Put a file to a field of the draft; raises Refused for its type, size or number."""
    announced = Announced(upload.field, upload.name, len(upload.content))
    upload_id = await begin_upload(viewer, team_id, assignment_id, announced, most=files.PLAIN)
    await uploads.receive(upload_id, 0, _once(upload.content))
    return await finish_upload(viewer, upload_id)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def begin_upload(
    viewer: Viewer, team_id: UUID, assignment_id: UUID, file: Announced, *, most: int = files.LARGEST
) -> UUID:
    """Promise room for a file that will come in pieces; raises Refused for its kind, its size, its number or the quota.

    Nothing of the work changes yet, and the journal hears of it when the file is there.
    """
    async with DB.transaction():
        work = await work_on(viewer, team_id, assignment_id)
        work.standing.need(UPLOAD)
        await need_writable(viewer, work)
        plan = _file_field(work, file.field)
        place = place_of(assignment_id, file.field)
        coming = await uploads.unfinished(team_id, viewer.id, [place])
        _refuse_too_many(work, plan, len(coming))
        allowed = min(plan.limit * MEGABYTE or files.PLAIN, most)
        return await uploads.begin(
            team_id, viewer.id, uploads.Wanted(place, file.name, file.size, file.mark), most=allowed
        )


def _file_field(work: Work, key: str) -> FieldPlan:
    field = next((each for each in work.fields if each.key == key and each.kind is FieldKind.FILE), None)
    if field is None:
        raise BadRequest(UNKNOWN_FIELD)
    return field


def _refuse_too_many(work: Work, field: FieldPlan, coming: int) -> None:
    if len(work.files.get(field.key, ())) + coming >= MOST_FILES:
        raise Refused(Message("At most {most} files fit here. Remove one first.", most=MOST_FILES))


async def upload_for(viewer: Viewer, upload_id: UUID, *, alone: bool = False) -> Progress:
    """One's own upload, while one may still put files to the work; raises NotFound, Forbidden."""
    upload = await _own(viewer, upload_id, alone=alone)
    work = await work_on(viewer, upload.owner, _assignment_of(upload))
    work.standing.need(UPLOAD)
    await need_writable(viewer, work)
    return upload


async def _own(viewer: Viewer, upload_id: UUID, *, alone: bool = False) -> Progress:
    """An upload of the viewer's; others' do not exist for him."""
    sender = await uploads.sender(upload_id)
    rights.guard(Verdict.ALLOW if sender == viewer.id else Verdict.HIDE, UPLOAD)
    return await uploads.progress(upload_id, sender, alone=alone)


def _assignment_of(upload: Progress) -> UUID:
    return UUID(upload.place.partition(" ")[0])


async def finish_upload(viewer: Viewer, upload_id: UUID) -> files.FileFacts:
    """Put an upload that has come whole to its field. What is refused is forgotten at once, and says why."""
    upload = await _own(viewer, upload_id)
    try:
        verdict = await uploads.judged(upload)
        return await _attach(viewer, upload, verdict)
    except Refused:
        await uploads.drop(upload_id)
        raise


async def _attach(viewer: Viewer, upload: Progress, verdict: tuple[str, str]) -> files.FileFacts:
    async with DB.transaction():
        work = await held(viewer, upload.owner, _assignment_of(upload))
        work.standing.need(UPLOAD)
        await need_writable(viewer, work)
        field = _file_field(work, upload.place.partition(" ")[2])
        work = await begun(viewer, work)
        _refuse_too_many(work, field, 0)
        stored = await uploads.keep(upload, verdict, viewer.id)
        await execute(
            "INSERT INTO submission_file (id, submission, field, file, name, description) VALUES ($1, $2, $3, $4, '', '')",
            new_id(), work.submission, field.key, stored.id,
        )  # fmt: skip
        await write_over(viewer, work, work.content, noted=False)
        await note("file.attached", viewer, work, file=stored.id, name=stored.name)
    return stored


async def coming_in(viewer: Viewer, work: Work) -> dict[str, list[Progress]]:
    """The viewer's own uploads to this work that broke off, by field."""
    places = {place_of(work.assignment, field.key): field.key for field in _file_fields(work)}
    found: dict[str, list[Progress]] = {}
    if not places:
        return found
    for upload in await uploads.unfinished(work.team, viewer.id, list(places)):
        found.setdefault(places[upload.place], []).append(upload)
    return found


def _file_fields(work: Work) -> list[FieldPlan]:
    return [field for field in work.fields if field.kind is FieldKind.FILE]


async def give_up(viewer: Viewer, upload_id: UUID) -> None:
    """Forget one's own upload before it has come whole."""
    upload = await _own(viewer, upload_id)
    await uploads.drop(upload.id)


@dataclass(frozen=True, slots=True)
class Drawer:
    """What the fields for files say beside the files: bytes used of the team's quota, what broke off, what was removed."""

    used: int
    quota: int
    coming: dict[str, list[Progress]]
    removed: dict[str, list[tuple[UUID, str]]]


REMOVED: Final = """
SELECT f.field, f.file, coalesce(nullif(f.name, ''), o.name) AS name
FROM submission_file f JOIN stored_file o ON o.id = f.file WHERE f.submission = $1 AND f.removed_at > $2 ORDER BY f.id
"""


async def drawer(viewer: Viewer, work: Work) -> Drawer | None:
    """What the page of a draft with files needs, in three statements; None where no field takes files."""
    if not _file_fields(work):
        return None
    removed: dict[str, list[tuple[UUID, str]]] = {}
    for row in await fetch(REMOVED, work.submission, viewer.now - PUT_BACK):
        removed.setdefault(row["field"], []).append((row["file"], row["name"]))
    used = await uploads.used(work.team)
    return Drawer(used, files.QUOTA, await coming_in(viewer, work), removed)


# --- What is there ----------------------------------------------------------------------------------------------------

IN_DRAFT: Final = """
SELECT f.id, f.submission, f.field, f.removed_at, o.id AS file, o.owner, o.size, o.let_go_at, o.name AS stored_name,
  s.team, c.id AS cohort, c.programme,
  coalesce(nullif(f.name, ''), o.name) AS name, EXISTS (SELECT 1 FROM revision r
    WHERE r.submission = f.submission AND strpos(r.content::text, f.file::text) > 0) AS sent
FROM submission_file f JOIN stored_file o ON o.id = f.file JOIN submission s ON s.id = f.submission
JOIN team t ON t.id = s.team JOIN cohort c ON c.id = t.cohort WHERE f.file = $1 FOR UPDATE OF s
"""


async def _file_in_draft(viewer: Viewer, file_id: UUID, *, removed: bool = False) -> tuple[Any, Work]:
    """The file's row, held until the transaction ends, and its work; the viewer may change it now."""
    row = await fetch_one(IN_DRAFT, file_id)
    if row is None or (row["removed_at"] is not None) is not removed:
        raise NotFound
    viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["team"]).need(REMOVE_FILE)
    work = await work_for(viewer, row["submission"])
    await need_writable(viewer, work)
    return row, work


async def name_file(viewer: Viewer, file_id: UUID, name: str, description: str) -> Work:
    """Call a file by another name and say what it is; its kind stays, and so does what was sent before."""
    async with DB.transaction():
        row, work = await _file_in_draft(viewer, file_id)
        called = _called(name, kind_of(row["stored_name"]))
        await execute(
            "UPDATE submission_file SET name = $2, description = $3 WHERE id = $1", row["id"], called, description
        )
        await write_over(viewer, work, work.content, noted=False)
        await note("file.named", viewer, work, file=file_id, name=called, before=row["name"])
    return work


def _called(name: str, suffix: str) -> str:
    """The typed name with the suffix that belongs to the content."""
    clean = clean_name(name)
    return clean if clean.lower().endswith(suffix) else clean_name(clean + suffix)


async def remove_file(viewer: Viewer, file_id: UUID) -> Work:
    """Take a file out of a draft; for an hour it can be put back. What was sent with a revision stays there."""
    async with DB.transaction():
        row, work = await _file_in_draft(viewer, file_id)
        await execute("UPDATE submission_file SET removed_at = $2 WHERE id = $1", row["id"], viewer.now)
        if not row["sent"]:
            await execute("UPDATE stored_file SET let_go_at = $2 WHERE id = $1", file_id, viewer.now)
        await write_over(viewer, work, work.content, noted=False)
        await note("file.removed", viewer, work, file=file_id, name=row["name"])
    return work


async def put_back(viewer: Viewer, file_id: UUID) -> Work:
    """Put a file that was just removed to its field again; raises Refused when it no longer fits there."""
    async with DB.transaction():
        row, work = await _file_in_draft(viewer, file_id, removed=True)
        if row["removed_at"] < viewer.now - PUT_BACK:
            raise NotFound
        _refuse_too_many(work, _file_field(work, row["field"]), 0)
        if row["let_go_at"] is not None:
            await uploads.refuse_over_quota(row["owner"], row["size"])
        await execute("UPDATE submission_file SET removed_at = NULL WHERE id = $1", row["id"])
        await execute("UPDATE stored_file SET let_go_at = NULL WHERE id = $1", file_id)
        await write_over(viewer, work, work.content, noted=False)
        await note("file.put_back", viewer, work, file=file_id, name=row["name"])
    return work


@chore
async def erase_removed() -> int:
    """Erase files that were removed from drafts and that nobody has put back in time; how many."""
    async with DB.transaction():
        rows = await fetch(
            "DELETE FROM submission_file WHERE file IN (SELECT id FROM stored_file WHERE let_go_at < now() - $1::interval"
            " LIMIT 200 FOR UPDATE SKIP LOCKED) RETURNING file",
            PUT_BACK,
        )
        for row in rows:
            await files.discard(row["file"])
    return len(rows)


# --- Quarantine -------------------------------------------------------------------------------------------------------

WHERE_IT_IS: Final = """
SELECT s.team, t.cohort, a.title, f.submission, coalesce(nullif(f.name, ''), o.name) AS name, now() AS at
FROM submission_file f JOIN stored_file o ON o.id = f.file JOIN submission s ON s.id = f.submission
JOIN team t ON t.id = s.team JOIN assignment a ON a.id = s.assignment WHERE f.file = $1
"""


async def tell_put_aside(file_id: UUID) -> None:
    """Note for the team and those who accompany it that one of its files was put aside. A step."""
    for row in await fetch(WHERE_IT_IS, file_id):
        await record("file.quarantined", by=None, at=row["at"], audience=Audience.TEAM, cohort=row["cohort"],
                     team=row["team"], subject=row["submission"], file=file_id, name=row["name"],
                     title=row["title"])  # fmt: skip


files.PUT_ASIDE.append(tell_put_aside)
