"""Signing in and out, invitations, resets; language, display and first steps."""

import time
from typing import Any
from uuid import UUID

from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import display, i18n, pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import BadRequest, Forbidden, NotFound, TooMany
from incubator.people import accounts, consent_web, directory, held_web, holding, profile, queries, rules, sessions
from incubator.people.accounts import Visitor
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.settings import settings

Asked = Request[Any, Any, Any]

WRONG = Message("E-mail and password do not match. Check both, or reset the password.")
WRONG_CODE = Message("There is no open invitation with this code. Compare it with the card, letter by letter.")
NOTES = {
    "out": Message("You have signed out."),
    "reset": Message("If there is an account with this address, a letter with a link is on its way to it."),
}
LANGUAGE_LASTS = 365 * 24 * 3600  # seconds


def _viewer(request: Asked) -> Viewer | None:
    """Who is signed in, on pages that are open to visitors too."""
    viewer: Viewer | None = request.scope["state"].get("viewer")
    return viewer


def _visitor(request: Asked, *, shared: bool = False) -> Visitor:
    viewer = _viewer(request)
    return Visitor(
        address=request.client.host if request.client else "",
        device=request.cookies.get(sessions.device_name(settings()), ""),
        session=viewer.session if viewer else b"",
        shared=shared,
    )


def _note(request: Asked) -> Message | None:
    """What a redirect to a visitor's page has to say; visitors have no session to keep it in."""
    return NOTES.get(request.query_params.get("note", ""))


async def _enter(request: Asked, person: UUID, token: str, path: str, *, shared: bool) -> Response[None]:
    """Go on as a signed-in person, with pages as he likes them; a `shared` computer is not to know him again."""
    response = pages.redirect(request, rules.local_path(path))
    if look := await queries.look_of(person):
        response.set_cookie(_look(look))
    response.set_cookie(sessions.cookie(token, shared=shared))
    if not shared or sessions.device_name(settings()) in request.cookies:
        response.set_cookie(sessions.device_cookie(None if shared else person))
    return response


# Signing in and out


@get("/sign-in", opt={"public": True})
async def sign_in_page(request: Asked) -> Response[Any]:
    """The form; who is signed in already goes on."""
    goal = rules.local_path(request.query_params.get("next", "/"))
    if _viewer(request) is not None:
        return pages.redirect(request, goal)
    fresh = await queries.nobody_yet()
    return pages.page(request, "people/sign_in.html", form=Form.empty({"next": goal}), note=_note(request), fresh=fresh)


@post("/sign-in", opt={"public": True})
async def sign_in(request: Asked) -> Response[Any]:
    """Sign in and go where one wanted to go."""
    form = await pages.read_form(request)
    email, password = form.email("email"), rules.read_password(form, "password")
    goal, shared = form.text("next", required=False, limit=2000), form.flag("shared")
    held = form.text("held", required=False, limit=holding.LONGEST)
    form.finish()
    status, wait = 422, {}
    try:
        if form.ok and (entered := await accounts.sign_in(email, password, _visitor(request, shared=shared))):
            typed = holding.opened(held, _visitor(request).device, entered[0], int(time.time()))
            answer = await _enter(request, *entered, goal or "/", shared=shared)
            return await held_web.in_front(request, answer, entered[1], typed) if typed else answer
    except TooMany as fault:
        status, wait = fault.status, {"retry-after": str(fault.retry_after)}
        form.fail("", fault.reason)
    if form.ok:
        form.fail("", WRONG)
    return pages.page(request, "people/sign_in.html", status=status, headers=wait, form=form, note=None, fresh=False)


@post("/sign-out", opt={"before_consent": True})
async def sign_out(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """End the session of this browser and leave nothing of it in the browser's cache."""
    (await pages.read_form(request)).finish()
    await accounts.sign_out(viewer)
    return _leave(request)


@get("/session", opt={"public": True}, media_type=MediaType.JSON, sync_to_thread=False)
def session(request: Asked) -> Response[Any]:
    """For scripts: whether there is a line, who is signed in (as `data-viewer` of pages names him), and the token of his
    forms; 401 for visitors. Other sites can't read it.
    """
    viewer = _viewer(request)
    if viewer is None:
        return Response({}, status_code=401)
    state = request.scope["state"]
    return Response({"viewer": sessions.keeping(viewer.id)[0], "csrf": state["csrf"]}, status_code=200)


def _leave(request: Asked) -> Response[None]:
    response = pages.redirect(request, "/sign-in?note=out")
    response.set_cookie(sessions.cookie(""))
    response.headers["clear-site-data"] = '"cache"'
    return response


# Invitations


@get("/invitation/{key:str}", opt={"public": True})
async def invitation_page(request: Asked, key: FromPath[str]) -> Response[Any]:
    """Who invites, to what, and the button; opening it changes nothing, for mail scanners open links too."""
    offered = await _invitation(request, key)
    form = Form.empty({"name": offered.name, "time_zone": offered.time_zone})
    return await _invitation_page(request, key, offered, form)


async def _invitation(request: Asked, key: str) -> rules.Invitation:
    """The invitation by token, or by a printed code, whose wrong tries are counted."""
    if rules.plain_code(key):
        return await accounts.try_code(key, _visitor(request))
    return await queries.invitation(key)


async def _invitation_page(
    request: Asked, key: str, offered: rules.Invitation, form: Form, status: int = 200
) -> Response[Any]:
    viewer = _viewer(request)
    if viewer is not None and viewer.email != offered.email:
        raise Forbidden(rules.NOT_YOUR_ADDRESS)
    now = viewer.now if viewer else await queries.clock()
    return pages.page(
        request, "people/invitation.html", status=410 if offered.closed(now) else status, key=key, form=form,
        page=await queries.welcome(offered), closed=offered.closed(now), zones=i18n.zone_choices(now),
        role=rules.ROLE_NAMES[offered.role],
    )  # fmt: skip


@post("/invitation/{key:str}", opt={"public": True})
async def accept_invitation(request: Asked, key: FromPath[str]) -> Response[Any]:
    """Accept: as who one is, or with a new account."""
    form, offered = await pages.read_form(request), await _invitation(request, key)
    viewer = _viewer(request)
    if viewer is not None:
        form.finish()
        await accounts.accept(viewer, key)
        await flash(
            viewer,
            "success",
            Message("The invitation is accepted: {role}.", role=str(rules.ROLE_NAMES[offered.role]).lower()),
        )
        return pages.redirect(request, "/")
    account, shared = rules.read_new_account(form, offered.email), form.flag("shared")
    form.finish()
    if not form.ok and not offered.has_password:
        return await _invitation_page(request, key, offered, form, 422)
    entered = await accounts.join(key, account, _visitor(request, shared=shared))
    return await _enter(request, *entered, "/", shared=shared)


@get("/code", opt={"public": True})
async def code_page(request: Asked) -> Response[Any]:
    """Where a printed code is typed in."""
    return pages.page(request, "people/code.html", form=Form.empty())


@post("/code", opt={"public": True})
async def open_code(request: Asked) -> Response[Any]:
    """Go to the invitation of a code."""
    form = await pages.read_form(request)
    typed = form.text("code", limit=60)
    form.finish()
    if form.ok:
        try:
            await accounts.try_code(typed, _visitor(request))
            return pages.redirect(request, f"/invitation/{rules.plain_code(typed) or typed}")
        except NotFound:
            form.fail("code", WRONG_CODE)
    return pages.page(request, "people/code.html", status=422, form=form)


# Resets


def _sending(request: Asked) -> dict[str, Any]:
    """Whether a link can come at all, and the sentence after asking for one."""
    return {"note": _note(request), "has_server": bool(settings().smtp_url)}


@get("/reset", opt={"public": True})
async def ask_reset_page(request: Asked) -> Response[Any]:
    """Where a reset link is asked for."""
    return pages.page(request, "people/ask_reset.html", form=Form.empty(), **_sending(request))


@post("/reset", opt={"public": True})
async def ask_reset(request: Asked) -> Response[Any]:
    """Ask for a link; the answer is the same for every address."""
    form = await pages.read_form(request)
    email = form.email("email")
    form.finish()
    if not form.ok:
        return pages.page(request, "people/ask_reset.html", status=422, form=form, **_sending(request))
    await accounts.ask_reset(email, _visitor(request))
    return pages.redirect(request, "/reset?note=reset")


@get("/reset/{token:str}", opt={"public": True})
async def reset_page(request: Asked, token: FromPath[str]) -> Response[Any]:
    """The form for a new password; opening it changes nothing."""
    email = await queries.reset_of(token)
    return pages.page(
        request, "people/reset.html", status=200 if email else 410, form=Form.empty(), token=token, email=email
    )


@post("/reset/{token:str}", opt={"public": True})
async def reset(request: Asked, token: FromPath[str]) -> Response[Any]:
    """Use the link up: a new password, a new session, the end of all others."""
    form, email = await pages.read_form(request), await queries.reset_of(token)
    password, shared = rules.read_password(form, "password", email or ""), form.flag("shared")
    form.finish()
    if email and not form.ok:
        return pages.page(request, "people/reset.html", status=422, form=form, token=token, email=email)
    return await _enter(request, *await accounts.use_reset(token, password, shared=shared), "/", shared=shared)


# Habits: language, first steps, display


@post("/language", opt={"public": True})
async def choose_language(request: Asked) -> Response[Any]:
    """Speak another language, to a visitor by a cookie; back to where one was."""
    form = await pages.read_form(request)
    locale, here = form.choice("locale", i18n.LOCALES), form.text("next", required=False, limit=2000)
    form.finish()
    if locale is None:
        raise BadRequest
    viewer = _viewer(request)
    if viewer is not None:
        await accounts.speak(viewer, locale)
    response = pages.redirect(request, rules.local_path(here or "/"))
    response.set_cookie(
        Cookie(key="lang", value=locale, max_age=LANGUAGE_LASTS, path="/", secure=settings().https, samesite="lax")
    )
    return response


@post("/first-steps/{word:str}")
async def first_steps(request: Asked, viewer: NamedDependency[Viewer], word: FromPath[str]) -> Response[Any]:
    """Hide one's first steps, or call them back to the start page."""
    (await pages.read_form(request)).finish()
    if word not in {"hide", "show"}:
        raise NotFound
    await accounts.show_first_steps(viewer, shown=word == "show")
    if word == "hide":
        await flash(viewer, "success", Message("The first steps are hidden. The help page brings them back."))
    return pages.redirect(request, "/")


def _look(text: str) -> Cookie:
    """Not hidden from scripts: they apply it before the first paint."""
    return Cookie(
        key=display.COOKIE, value=text, max_age=display.LASTS, path="/", secure=settings().https, samesite="lax"
    )


@get("/display", opt={"public": True})
async def display_page(request: Asked) -> Response[Any]:
    """The display settings as a page, for browsers without scripts too."""
    return pages.page(
        request, "people/display.html", goal=rules.local_path(request.query_params.get("next", "/")),
        form=Form.empty(request.scope["state"].get("display") or {}),
    )  # fmt: skip


@post("/display", opt={"public": True})
async def choose_display(request: Asked) -> Response[Any]:
    """Keep how pages are to look: in a cookie, and in the account of whoever has one."""
    form = await pages.read_form(request)
    chosen = {name: form.choice(name, values, required=False) or "" for name, values in display.CHOICES.items()}
    goal = form.text("next", required=False, limit=2000)
    form.finish()
    if not form.ok:
        raise BadRequest
    viewer, text = _viewer(request), display.write(chosen)
    if viewer is not None:
        await accounts.like(viewer, text)
    quiet = "x-autosave" in request.headers
    response = Response(None, status_code=204) if quiet else pages.redirect(request, rules.local_path(goal or "/"))
    response.set_cookie(_look(text))
    return response


HANDLERS: list[Any] = [
    sign_in_page, sign_in, session, sign_out, invitation_page, accept_invitation, code_page, open_code, ask_reset_page, ask_reset,
    reset_page, reset, choose_language, display_page, choose_display, first_steps,
    *profile.HANDLERS, *directory.HANDLERS, *consent_web.HANDLERS,
]  # fmt: skip
