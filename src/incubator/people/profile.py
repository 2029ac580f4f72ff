"""The page of one's own account: profile, password, sessions, one's data."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from incubator.foundation import i18n, pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.people import accounts, queries, rules, sessions
from incubator.people.rights import Viewer
from incubator.people.sessions import flash

Asked = Request[Any, Any, Any]
WRONG_CURRENT = Message("This is not your present password.")


async def _profile_page(
    request: Asked, viewer: Viewer, *, status: int = 200, form: Form | None = None, secret: Form | None = None
) -> Response[Any]:
    own = {"name": viewer.name, "locale": viewer.locale, "time_zone": viewer.time_zone,
           "employer": await queries.employer_of(viewer.id)}  # fmt: skip
    return pages.page(
        request, "people/profile.html", status=status, form=form or Form.empty(own), secret=secret or Form.empty(),
        sessions=await queries.open_sessions(viewer.id), zones=i18n.zone_choices(viewer.now),
        erasure_asked=await queries.erasure_asked(viewer.id),
    )  # fmt: skip


@get("/profile")
async def profile_page(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """One's own account."""
    return await _profile_page(request, viewer)


@post("/profile")
async def edit_profile(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Change name, language, time zone."""
    form = await pages.read_form(request)
    profile = rules.read_profile(form)
    form.finish()
    if not form.ok:
        return await _profile_page(request, viewer, status=422, form=form)
    await accounts.edit_profile(viewer, profile)
    with i18n.speaking(profile.locale, profile.time_zone):
        await flash(viewer, "success", Message("The profile is saved."))
    return pages.redirect(request, "/profile")


@post("/profile/password")
async def change_password(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Change the password by the present one; all other browsers are signed out."""
    form = await pages.read_form(request)
    current, wanted = rules.read_password(form, "current"), rules.read_password(form, "password", viewer.email)
    form.finish()
    token = await accounts.change_password(viewer, current, wanted) if form.ok else None
    if token is None:
        if form.ok:
            form.fail("current", WRONG_CURRENT)
        return await _profile_page(request, viewer, status=422, secret=form)
    return await _renewed(request, token, Message("The password is changed. All other browsers are signed out."))


@post("/profile/sessions")
async def sign_out_everywhere(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """End every session but this browser's, which gets a new one."""
    (await pages.read_form(request)).finish()
    token = await accounts.sign_out_everywhere(viewer)
    return await _renewed(request, token, Message("All other browsers are signed out."))


async def _renewed(request: Asked, token: str, told: Message) -> Response[Any]:
    """Back to the profile in a new session that knows what to say."""
    renewed = await sessions.load(token)
    if renewed is not None:
        await flash(renewed, "success", told)
    response = pages.redirect(request, "/profile")
    response.set_cookie(sessions.cookie(token, shared=renewed is not None and renewed.shared))
    return response


@post("/profile/data", opt={"before_consent": True})
async def take_own_data(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Everything kept about oneself, as a file."""
    (await pages.read_form(request)).finish()
    return pages.download(
        await accounts.take_own_data(viewer),
        ".zip",
        "application/zip",
        str(Message("What is kept about me")),
        i18n.day(viewer.now),
    )


@post("/profile/deletion", opt={"before_consent": True})
async def ask_deletion(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Ask for one's account to be erased."""
    (await pages.read_form(request)).finish()
    await accounts.ask_deletion(viewer)
    await flash(viewer, "success", Message("The administrators see your request. They will write to you."))
    return pages.redirect(request, "/profile")


@post("/profile/deletion/recall", opt={"before_consent": True})
async def recall_deletion(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Keep one's account after all."""
    (await pages.read_form(request)).finish()
    await accounts.recall_deletion(viewer)
    await flash(viewer, "success", Message("The request is taken back. Nothing is erased."))
    return pages.redirect(request, "/profile")


HANDLERS: list[Any] = [
    profile_page, edit_profile, change_password, sign_out_everywhere, take_own_data, ask_deletion, recall_deletion,
]  # fmt: skip
