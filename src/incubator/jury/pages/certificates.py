"""Pages of certificates: issuing and withdrawing them, all of them as PDF, and the check page that everybody may open."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages, printing
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Invalid, NotFound, Refused
from incubator.jury.minutes import certificates
from incubator.jury.minutes.rules import CERTIFICATES, REASON_LIMIT, read_issue
from incubator.jury.office import conducting
from incubator.jury.result import standings
from incubator.jury.rounds import Round, round_for
from incubator.jury.rules import FEEDBACK, NO_VALUES_YET, RoundState, refuse
from incubator.people.rights import Viewer
from incubator.people.sessions import flash

Web = Request[Any, Any, Any]
NOTHING_MISSING = Message("Nothing was missing: all of these have been issued already.")
NONE_YET = Message("There are no valid certificates yet.")


async def _to_issue(viewer: Viewer, round_id: UUID) -> Round:
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(CERTIFICATES)
    if scoring.state is not RoundState.PUBLISHED:
        raise Refused(certificates.PUBLISHED_FIRST)
    return scoring


@get("/rounds/{round_id:uuid}/certificates")
async def roll(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """What was issued, and the form of issuing more."""
    return await _page(request, await _to_issue(viewer, round_id), Form.empty(OFFERED))


OFFERED = {"places": "3", "awards": "on", "members": "on"}


async def _page(
    request: Web, scoring: Round, form: Form, status: int = 200, *, at: UUID | None = None
) -> Response[Any]:
    """`at` names the document whose small form `form` is; else it is that of issuing."""
    found = await certificates.issued(scoring.id)
    return pages.page(
        request, "jury/certificates.html", status=status, scoring=scoring, found=found,
        form=Form.empty(OFFERED) if at else form, reason=form, at=at,
        valid=sum(1 for each in found if each.valid), blank=Form.empty(),
    )  # fmt: skip


@post("/rounds/{round_id:uuid}/certificates")
async def issue(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Issue what is wanted and not there yet."""
    scoring = await _to_issue(viewer, round_id)
    form = await pages.read_form(request)
    try:
        wanted = read_issue(form)
    except Invalid:
        return await _page(request, scoring, form, 422)
    made = await certificates.issue(viewer, round_id, wanted)
    said = Message.count("{n} diploma or certificate is issued.", "{n} diplomas and certificates are issued.", made)
    await flash(viewer, *(("success", said) if made else ("info", NOTHING_MISSING)))
    return pages.redirect(request, f"/rounds/{round_id}/certificates")


@post("/rounds/{round_id:uuid}/certificates/{certificate_id:uuid}/withdraw")
async def withdraw(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], certificate_id: FromPath[UUID]
) -> Response[Any]:
    """Take a certificate back, with a reason."""
    scoring = await _to_issue(viewer, round_id)
    form = await pages.read_form(request)
    reason = form.text("reason", limit=REASON_LIMIT, lines=True)
    try:
        form.demand()
    except Invalid:
        return await _page(request, scoring, form, 422, at=certificate_id)
    await certificates.withdraw(viewer, round_id, certificate_id, reason)
    await flash(viewer, "success", Message("The document is withdrawn. Whoever checks it reads that."))
    return pages.redirect(request, f"/rounds/{round_id}/certificates")


@get("/rounds/{round_id:uuid}/certificates.pdf")
async def as_pdf(viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """All valid certificates of a round, a page each; that they were taken is written down."""
    scoring = await _to_issue(viewer, round_id)
    found = _some([each for each in await certificates.issued(round_id) if each.valid])
    await conducting.note_reading(viewer, scoring, "certificates.taken", round_id)
    return await _printed(found, scoring.name)


@get("/teams/{team_id:uuid}/certificates.pdf")
async def of_team(viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """What a team was given for a published result, and the certificate of the member who asks: to print."""
    team = await standings.judged_team(viewer, team_id)
    team.to_team.need(FEEDBACK)
    if not team.within(RoundState.PUBLISHED):
        refuse(NO_VALUES_YET)
    return await _printed(_some(await certificates.of_team(team_id, viewer.id)), team.name)


def _some(found: Sequence[certificates.Issued]) -> Sequence[certificates.Issued]:
    if not found:
        raise Refused(NONE_YET)
    return found


async def _printed(found: Sequence[certificates.Issued], whose: str) -> Response[Any]:
    """A page each, under the name of the round or team whose they are."""
    made = await printing.pdf("certificates.typ", certificates.sheets(found), max(each.issued_at for each in found))
    return pages.download(made, ".pdf", printing.PDF, str(Message("Certificates")), whose, found[0].cohort)


@get("/certificates/{code:str}", opt={"public": True})
async def check(request: Web, code: FromPath[str]) -> Response[Any]:
    """Whether a certificate is valid: what it is, name, programme, date, and nothing else; of another code that it is none."""
    try:
        found = await certificates.by_code(code)
    except NotFound:
        return pages.page(request, "jury/certificate.html", status=404, found=None)
    return pages.page(request, "jury/certificate.html", found=found)


HANDLERS: list[Any] = [roll, issue, withdraw, as_pdf, of_team, check]
