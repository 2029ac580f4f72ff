"""Requests that another site makes a browser send: every unsafe route refuses them, and nothing is changed.

A browser says where a form comes from (Fetch Metadata, else Origin); a form carries a token that is worth nothing in
another session; and only a form's own content types are read.
"""

from dataclasses import replace

import pytest

from rights.calls import Call
from rights.hall import Request, csrf
from rights.matrix import ROLES, lines
from rights.test_matrix import OPEN, routes, serves
from rights.trial import CALLS

LINES = {line.key: line for line in lines("matrix.txt") + lines("more.txt")}
PUBLIC = {
    "POST /sign-in": Call(
        "POST", "/sign-in", "plain", form={"email": "x@example.org", "password": "неверный пароль", "held": "x"}
    ),
    "POST /code": Call("POST", "/code", "plain", form={"code": "ACDE-FHJK-MNPR"}),
    "POST /reset": Call("POST", "/reset", "plain", form={"email": "x@example.org"}),
    "POST /reset/{}": Call("POST", "/reset/{reset}", "reset_asked", form={"password": "семь сов на сосне"}),
    "POST /language": Call("POST", "/language", "plain", form={"locale": "en"}),
    "POST /display": Call("POST", "/display", "plain", form={"theme": "dark"}),
    "POST /setup": Call("POST", "/setup", "plain", form={"code": "ACDE-FHJK-MNPR"}),
    "POST /setup/{}": Call("POST", "/setup/zone", "plain", form={"time_zone": "Europe/Moscow"}),
    "POST /sign-out": Call("POST", "/sign-out", "plain"),
    "POST /profile/password": Call("POST", "/profile/password", "plain", form={"current": "x", "password": "y"}),
    "POST /profile/sessions": Call("POST", "/profile/sessions", "plain"),
}


WRITES = {"POST", "PATCH", "DELETE"}


def by_route():
    """One call for each unsafe route, with a role that may do it."""
    found = {key: (call, "participant") for key, call in PUBLIC.items()}
    for key, calls in CALLS.items():
        allowed = next((role for role in ROLES if LINES[key].letter(role) == "A"), None)
        for call in calls:
            if call.method in WRITES:
                found.setdefault(route_of(call), (call, allowed or "participant"))
    return found


def route_of(call):
    fits = [(serves(address, call.address), address) for method, address in routes() if method == call.method]
    return f"{call.method} {max(fit for fit in fits if fit[0] is not None)[1]}"


UNSAFE = sorted(by_route().items(), key=lambda each: each[1][0].at)


def forged(request, token, other):
    """(what is forged, request, headers) for every way; an empty header is left out."""
    form = "application/x-www-form-urlencoded"
    typed = replace(request, body=request.body + b"&_csrf=" + csrf(token).encode())
    yield "no token", request, {"x_csrf_token": ""}
    yield "another session's token", request, {"x_csrf_token": csrf(other)}
    yield "from another site", request, {"sec_fetch_site": "cross-site"}
    yield "from a neighbouring site", request, {"sec_fetch_site": "same-site"}
    yield "foreign origin", request, {"sec_fetch_site": "", "origin": "https://evil.example"}
    yield "no origin to speak of", request, {"sec_fetch_site": "", "origin": "null"}
    if request.kind == form:
        yield "as plain text", replace(typed, kind="text/plain"), {"x_csrf_token": ""}
        yield "as JSON", replace(typed, kind="application/json"), {"x_csrf_token": ""}


def test_every_unsafe_route_is_forged():
    known = {f"{method} {address}" for method, address in routes() if method in WRITES}
    assert known - by_route().keys() == set()
    assert {key for key in OPEN if key.startswith("POST")} <= PUBLIC.keys()


@pytest.mark.parametrize(("key", "tried"), UNSAFE, ids=[key for key, _ in UNSAFE])
async def test_forged_requests_change_nothing(hall, trial, key, tried):
    call, role = tried
    await hall.at(call.at)
    wrong = []
    with hall.inside():
        token, other = hall.token[role], hall.token["organiser_second"]
        for name, request, headers in forged(await trial.request(call, role), token, other):
            async with hall.undone():
                before = await hall.touched()
                answer = await hall.ask(request, role, **headers)
                if answer.status not in {400, 403}:
                    wrong.append(f"{name}: {answer.status}")
                if await hall.changed(before):
                    wrong.append(f"{name}: something was changed")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("key", "tried"), UNSAFE, ids=[key for key, _ in UNSAFE])
async def test_reading_an_address_that_writes_changes_nothing(hall, trial, key, tried):
    """GET and HEAD, with the form in the query and another method in a header; that one looked may be noted."""
    call, role = tried
    await hall.at(call.at)
    with hall.inside():
        request = await trial.request(call, role)
        query = "" if request.kind.startswith("multipart") else f"?{request.body.decode()[:1000]}"
        for method in ("GET", "HEAD"):
            async with hall.undone():
                before = await hall.touched()
                await hall.ask(Request(method, request.path + query), role, x_http_method_override="POST")
                assert not await hall.changed(before, but_noted=True), method


async def test_pages_can_not_be_framed(hall):
    await hall.at("plain")
    with hall.inside():
        for path in ("/sign-in", "/profile", "/nothing"):
            answer = await hall.ask(Request("GET", path), "participant")
            assert "frame-ancestors 'none'" in answer.header("content-security-policy")
            assert answer.header("x-frame-options") == "DENY"
