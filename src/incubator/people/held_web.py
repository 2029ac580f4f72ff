"""The pages between which a form of an ended session is held: the sign-in, what may be asked then, the text back with its
writer.
"""

from typing import Any

from litestar import Request, Response

from incubator.foundation import i18n, pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.people import consent_queries, holding, sessions
from incubator.settings import settings

HELD = Message("The session had ended before this was sent. Sign in again: what you typed comes with you.")
TOO_LONG_TO_HOLD = Message(
    "The session had ended before this was sent, and the text is too long to come along. Go back, copy it, and sign in then."
)


def ask_again(request: Request[Any, Any, Any]) -> Response[Any]:
    """The sign-in instead of an answer to a form whose session had ended; it carries what the form held."""
    held = request.scope["state"]["held"]
    form = Form.empty({"held": held.text, "next": held.page})
    note = HELD if held.text else TOO_LONG_TO_HOLD
    return pages.page(request, "people/sign_in.html", status=401, form=form, note=note, fresh=False)


def back_again(request: Request[Any, Any, Any], typed: holding.Typed) -> Response[Any]:
    """What was typed, to be looked through and sent."""
    return pages.page(request, "people/typed.html", typed=typed)


async def in_front(
    request: Request[Any, Any, Any], entered: Response[Any], token: str, typed: holding.Typed
) -> Response[Any]:
    """What was typed before the session ended, in front of its writer; with the cookies of his new session.

    Who is asked for consents first finds it behind them.
    """
    viewer = await sessions.load(token)
    if viewer is None:
        return entered
    request.scope["state"].update(viewer=viewer, csrf=sessions.csrf_token(viewer.session), now=viewer.now)
    i18n.use(viewer.locale, viewer.time_zone)
    if asked := await consent_queries.due(viewer.id) if viewer.asks else ():
        form = Form.empty({"held": _for_next(entered, typed, int(viewer.now.timestamp())), "next": typed.page})
        answer = pages.page(request, "people/consents.html", form=form, asked=asked)
    else:
        answer = back_again(request, typed)
    for cookie in entered.cookies:
        answer.set_cookie(cookie)
    return answer


def _for_next(entered: Response[Any], typed: holding.Typed, at: int) -> str:
    """What was typed, sealed for the mark that the browser gets with this answer; at a shared computer it gets none."""
    device = next((each.value for each in entered.cookies if each.key == sessions.device_name(settings())), "")
    return holding.sealed(typed, device, at) if device else ""
