"""Files on their way out: saved, shown where a browser may show them, and all of a team's as one archive; their names."""

import asyncio
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from incubator.foundation import archives, files, pages
from incubator.foundation.i18n import Message, day
from incubator.foundation.refusals import NotFound
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.stages import actions, downloads

Web = Request[Any, Any, Any]


@get("/files/{file_id:uuid}")
async def download(viewer: NamedDependency[Viewer], file_id: FromPath[UUID]) -> Stream:
    """A file to save, never to show; to everybody without a right it is not there."""
    file = await downloads.file_for(viewer, file_id)
    return await _sent(file, files.download_headers(file))


@get("/files/{file_id:uuid}/shown")
async def shown(viewer: NamedDependency[Viewer], file_id: FromPath[UUID]) -> Stream:
    """A picture, or a PDF for the browser's own viewer: kinds in which nothing can act."""
    file = await downloads.file_for(viewer, file_id)
    if not file.shown:
        raise NotFound
    return await _sent(file, files.shown_headers(file))


async def _sent(file: files.FileFacts, headers: dict[str, str]) -> Stream:
    if not await asyncio.to_thread(files.readable, file.id):
        raise FileNotFoundError(file.id)
    return Stream(files.chunks(file.id), media_type=file.media_type, headers=headers)


@get("/files/{file_id:uuid}/view")
async def view(request: Web, viewer: NamedDependency[Viewer], file_id: FromPath[UUID]) -> Response[Any]:
    """A picture in a page, or the way to a PDF in a tab of its own."""
    seen = await downloads.file_seen(viewer, file_id)
    return pages.page(request, "stages/file.html", seen=seen, file=seen.file, demo=seen.demo)


@post("/files/{file_id:uuid}/name")
async def name(request: Web, viewer: NamedDependency[Viewer], file_id: FromPath[UUID]) -> Response[Any]:
    """Call a file of the draft by another name and say what it is."""
    form = await pages.read_form(request)
    called, said = form.text("name", limit=150), form.text("description", required=False, limit=500)
    form.demand()
    work = await actions.name_file(viewer, file_id, called, said)
    await flash(viewer, "success", Message("The file is called “{name}” now.", name=called))
    return pages.redirect(request, f"{work.href}#files")


@get("/teams/{team_id:uuid}/files.zip")
async def archive(viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Stream:
    """All files of a team in folders by module and assignment, made while it is sent."""
    found = await downloads.team_files(viewer, team_id)
    title = str(Message("Files of the team “{name}”", name=found.team))
    listing = (str(Message("About these files.txt")), _listing(found, title, day(viewer.now.date())))
    headers = {
        "content-disposition": files.disposition(archives.folder_name(title) + ".zip"),
        "content-security-policy": "sandbox; default-src 'none'",
    }
    return Stream(archives.zipped(found.entries, listing), media_type="application/zip", headers=headers)


def _listing(found: downloads.TeamFiles, title: str, when: str) -> str:
    """What a person who opens the archive reads, in lines that Windows shows too."""
    lines = [f"{title}. {when}", ""]
    lines += [f"{name} – {said}" for name, said in found.descriptions]
    if not found.entries:
        lines.append(str(Message("The team has attached no files yet.")))
    if found.left_out:
        lines += ["", str(Message("Not in the archive:"))]
        lines += [f"{name} – {reason}" for name, reason in found.left_out]
    return "\r\n".join(lines)


HANDLERS = [download, shown, view, name, archive]
