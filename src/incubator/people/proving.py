"""The password once more, before what can't be undone: whoever sits down at an open browser doesn't get that far.

    form = await proving.read(request)
    … the form's own fields, its errors, the right …
    if page := await proving.ask_again(request, viewer, form):
        return page

The page that asks holds everything that was typed and sends it again with the password.
"""

from datetime import timedelta
from typing import Any

from litestar import Request, Response

from incubator.foundation import pages
from incubator.foundation.database import fetch_value
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.people import accounts
from incubator.people.rights import Viewer

Asked = Request[Any, Any, Any]

FRESH = timedelta(minutes=15)
"""How long a password counts as just given, from signing in or from the last time it was asked for."""
FIELD = "proof"
WRONG = Message("This is not your present password.")
PROVED = "SELECT coalesce(proved_at, created_at) > now() - $2::interval FROM session WHERE token_hash = $1"


async def read(request: Asked) -> Form:
    """The form that was sent, also when it comes from the page that asks for the password."""
    form = await pages.read_form(request)
    form.only(FIELD)
    return form


async def ask_again(request: Asked, viewer: Viewer, form: Form) -> Response[Any] | None:
    """The page that asks for the password; None where it was given lately, or rightly now."""
    if await fetch_value(PROVED, viewer.session, FRESH):
        return None
    asked, given = Form.empty(), form.value(FIELD).strip()
    if given:
        if await accounts.prove(viewer, given):
            return None
        asked.fail(FIELD, WRONG)
    # The mark goes along: by it the device learns that what was typed on the page before has been done.
    given_before = await pages.form_pairs(request)
    sent = [
        pair for pair in given_before if pair[0] == pages.MARK or (pair[0] != FIELD and not pair[0].startswith("_"))
    ]
    return pages.page(
        request, "people/prove.html", status=422 if given else 200, form=asked, sent=sent, action=request.url.path,
    )  # fmt: skip
