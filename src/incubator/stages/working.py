"""Pages of one piece of work: the draft that saves itself, the clash of two writers, the check before sending."""

from typing import Any, Final
from uuid import UUID

from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import files, pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message, clock
from incubator.foundation.refusals import Clash, Forbidden, Invalid, Refused
from incubator.people.queries import names
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.programmes.blueprint import FieldKind
from incubator.stages import actions, filing, hooks, queries
from incubator.stages.answers import (
    Content,
    answers,
    cells,
    check,
    error_name,
    faults,
    name,
    read_draft,
    shown_in_form,
    token,
)
from incubator.stages.changes import changes
from incubator.stages.drafts import Saved
from incubator.stages.filing import Upload
from incubator.stages.queries import Work
from incubator.stages.rules import EDIT_WORK, EXTEND, OPEN_STATES, SUBMIT, VIEW_WORK, SubmissionState
from incubator.teams.passport import Offer
from incubator.teams.passport_reading import offers_of
from incubator.teams.presence import here

Web = Request[Any, Any, Any]
WORK: Final = "/teams/{team_id:uuid}/assignments/{assignment_id:uuid}"
UPLOAD_LIMIT: Final = files.PLAIN + 1024 * 1024  # one largest file, and the answers that come with it
PARTS: Final[dict[str, Any]] = {
    "name": name, "cells": cells, "error_name": error_name, "accept": ",".join(files.ACCEPTED), "kinds": files.KINDS,
    "largest": files.PLAIN,
}  # fmt: skip
"""What the templates of fields call."""


@get(WORK)
async def work_page(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], assignment_id: FromPath[UUID]
) -> Response[Any]:
    """The work: as a form to the team while the next move is its own, else to read."""
    work = await queries.work_on(viewer, team_id, assignment_id)
    work.standing.need(VIEW_WORK)
    return await _page(request, viewer, work, Form.empty())


async def _page(request: Web, viewer: Viewer, work: Work, form: Form, *, status: int = 200) -> Response[Any]:
    """`form` holds errors of files or of an extension; the answers come from the draft."""
    closed = work.situation.not_writable(viewer.now) or await hooks.frozen(work.team)
    writes = work.standing.may(EDIT_WORK) and closed is None
    offered = await _offered(work) if writes else {}
    # Once anything is saved, what is blank was left blank; until then the passport fills in what it knows.
    known = {} if work.submission else {name(field): offered[field.key].entry.value for field in work.fields
                                        if field.key in offered}  # fmt: skip
    draft = Form.empty({**shown_in_form(work.fields, work.content), **known})
    draft.errors.update(form.errors)
    return pages.page(
        request, "stages/work.html", status=status, work=work, form=draft, extension=form, closed=closed,
        writes=writes, token=token(work.fields, work.content), here=await _here(viewer, work) if writes else "",
        margin=await hooks.margin(viewer, work.submission), answers=[] if writes else await _to_read(work),
        leftovers=[each for each in answers(work.retired, work.content, work.files) if each.given] if writes else [],
        drawer=await filing.drawer(viewer, work) if writes else None,
        may_extend=work.standing.may(EXTEND) and work.situation.state in OPEN_STATES, demo=work.demo, offered=offered,
        **PARTS,
    )  # fmt: skip


async def _offered(work: Work) -> dict[str, Offer]:
    """The numbers of the municipality's passport that fields of the work ask for, by field."""
    asking = {field.key: field.fact for field in work.fields if field.fact}
    offers = await offers_of(work.team) if asking else {}
    return {key: offers[fact] for key, fact in asking.items() if fact in offers}


async def _to_read(work: Work) -> list[Any]:
    """The draft while there is one, else what was sent last."""
    if work.submission is None or work.situation.state in OPEN_STATES or work.last is None:
        return answers(work.fields, work.content, work.files)
    (sent,) = await queries.versions(work.submission, work.last.number)
    return answers(sent.fields, sent.content)


@post(WORK, request_max_body_size=UPLOAD_LIMIT)
async def save_work(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], assignment_id: FromPath[UUID]
) -> Response[Any]:
    """Save what was typed, then the files; one that is refused loses neither the others nor a word."""
    form = await pages.read_form(request)
    alone = pages.wants_json(request)
    try:
        saved = await actions.save_draft(
            viewer, team_id, assignment_id, lambda fields: read_draft(form, fields), asked=not alone
        )
    except (Clash, Forbidden) as refusal:
        if alone:
            raise
        return await _kept(request, viewer, form, refusal, (team_id, assignment_id))
    if alone:
        return _saved(viewer, saved, await _here(viewer, saved.work))
    return await _with_files(request, viewer, saved.work, form)


async def _here(viewer: Viewer, work: Work) -> str:
    """Who else writes in this draft now."""
    others = work.others_here(viewer)
    known = await names(others) if others else {}
    return here([(name, others[who]) for who, name in known.items()], viewer.now)


def _saved(viewer: Viewer, saved: Saved, others: str) -> Response[Any]:
    message = Message("Saved at {time}.", time=clock(viewer.now))
    body = {"saved_at": viewer.now.isoformat(), "message": str(message), "version": saved.token, "here": others}
    return Response(body, status_code=200, media_type=MediaType.JSON)


async def _kept(
    request: Web, viewer: Viewer, form: Form, refusal: Clash | Forbidden, place: tuple[UUID, UUID]
) -> Response[Any]:
    """What was typed, beside what is stored; after a clash one text is chosen, a closed draft leaves it to be copied."""
    work = await queries.work_on(viewer, *place)
    if not work.standing.may(EDIT_WORK):
        raise refusal
    mine, _ = read_draft(form, work.fields)
    keys = _at_stake(refusal, mine)
    fields = [field for field in work.fields if field.key in keys]
    return pages.page(
        request, "stages/clash.html", status=refusal.status, work=work, reason=refusal.reason, fields=fields,
        form=Form.empty(shown_in_form(fields, mine)), mine=answers(fields, mine), theirs=answers(fields, work.content),
        changes={each.key: each for each in changes((fields, work.content), (fields, mine))},
        chooses=isinstance(refusal, Clash), token=token(fields, work.content), demo=work.demo, **PARTS,
    )  # fmt: skip


def _at_stake(refusal: Clash | Forbidden, mine: Content) -> set[str]:
    """The fields whose typed text is not in the draft."""
    if isinstance(refusal, Clash):
        saved = refusal.context["saved"]
        return set(saved.clashes) if isinstance(saved, Saved) else set()
    return {key for key, value in mine.items() if value}


async def _with_files(request: Web, viewer: Viewer, work: Work, form: Form) -> Response[Any]:
    """Each file in a transaction of its own; then where the pressed button leads."""
    for field, file_name, content in await pages.uploads(request):
        upload = Upload(field.removeprefix("answer-"), file_name, content)
        try:
            await actions.attach_file(viewer, work.team, work.assignment, upload)
        except Refused as refusal:
            form.fail(field, refusal.reason)
    if remove := form.uuid("remove", required=False):
        await actions.remove_file(viewer, remove)
    if restore := form.uuid("restore", required=False):
        await _restored(viewer, restore, work, form)
    if form.errors:
        work = await queries.work_on(viewer, work.team, work.assignment)
        return await _page(request, viewer, work, form, status=422)
    if form.value("press") == "check":
        return pages.redirect(request, f"{work.href}/check")
    await flash(viewer, "success", Message("Saved at {time}.", time=clock(viewer.now)))
    return pages.redirect(request, f"{work.href}{_place(form, remove or restore)}")


async def _restored(viewer: Viewer, file_id: UUID, work: Work, form: Form) -> None:
    try:
        await actions.put_back(viewer, file_id)
    except Refused as refusal:
        form.fail(next((name(each) for each in work.fields if each.kind is FieldKind.FILE), ""), refusal.reason)


def _place(form: Form, moved: UUID | None) -> str:
    """Back to the files, when it was files that the button was about."""
    return "#files" if moved or form.value("press") == "upload" else ""


# --- Checking and sending ---------------------------------------------------------------------------------------------


@get(f"{WORK}/check")
async def check_page(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], assignment_id: FromPath[UUID]
) -> Response[Any]:
    """The answers once more, with what is missing, before they are sent."""
    work = await queries.work_on(viewer, team_id, assignment_id)
    work.standing.need(EDIT_WORK)
    if work.situation.state not in OPEN_STATES:
        return pages.redirect(request, work.href)
    return await _check(request, viewer, work)


async def _check(
    request: Web, viewer: Viewer, work: Work, *, status: int = 200, reason: Message | None = None
) -> Response[Any]:
    _, form = check(work.fields, work.content, work.files)
    closed = work.situation.not_sendable(viewer.now) or await hooks.frozen(work.team)
    return pages.page(
        request, "stages/check.html", status=status, work=work, reason=reason, closed=closed,
        coming=await filing.coming_in(viewer, work),
        faults=faults(work.fields, form),
        answers=answers(work.fields, work.content, work.files), may_send=work.standing.may(SUBMIT), demo=work.demo,
        error_name=error_name,
    )  # fmt: skip


@post(f"{WORK}/check")
async def send_work(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], assignment_id: FromPath[UUID]
) -> Response[Any]:
    """Send the work and lead to the receipt; whoever presses twice gets the receipt of the first time."""
    form = await pages.read_form(request)
    version, asked = form.integer("version", 0, 2**31 - 1), form.text("asked", required=False)
    form.demand()
    try:
        receipt = await actions.send(viewer, team_id, assignment_id, version or 0, asked=asked or None)
    except (Invalid, Clash, Forbidden) as refusal:
        return await _not_sent(request, viewer, refusal, (team_id, assignment_id))
    return pages.redirect(request, f"/teams/{team_id}/assignments/{assignment_id}/revisions/{receipt.number}/receipt")


async def _not_sent(
    request: Web, viewer: Viewer, refusal: Invalid | Clash | Forbidden, place: tuple[UUID, UUID]
) -> Response[Any]:
    work = await queries.work_on(viewer, *place)
    if isinstance(refusal, Forbidden):
        if work.situation.state is SubmissionState.SUBMITTED and work.standing.may(SUBMIT) and work.last:
            return pages.redirect(request, f"{work.href}/revisions/{work.last.number}/receipt")
        raise refusal
    return await _check(request, viewer, work, status=refusal.status, reason=refusal.reason)


@post(f"{WORK}/extension")
async def extend(
    request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID], assignment_id: FromPath[UUID]
) -> Response[Any]:
    """Give the team more time; clock times are those of the team."""
    work = await queries.work_on(viewer, team_id, assignment_id)
    work.standing.need(EXTEND)
    form = await pages.read_form(request)
    until, reason = form.local_moment("until", work.zone), form.text("reason", limit=1000, lines=True)
    form.finish()
    try:
        if until and form.ok:
            await actions.extend_deadline(viewer, team_id, assignment_id, until, reason)
            await flash(viewer, "success", Message("The deadline is extended. The team has been told."))
            return pages.redirect(request, work.href)
    except Refused as refusal:
        form.fail("until", refusal.reason)
    return await _page(request, viewer, work, form, status=422)


HANDLERS = [work_page, save_work, check_page, send_work, extend]
