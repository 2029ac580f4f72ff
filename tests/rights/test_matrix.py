"""The authorization matrix as a test: every line, every role, refused beside allowed."""

import functools
import re

import pytest

from rights.matrix import ROLES, combinations, fingerprint, lines
from rights.trial import CALLS, cells

AGREED = "17a75dff946dfadc"  # the print of all that was agreed
LINES = lines("matrix.txt") + lines("more.txt")
BY_KEY = {line.key: line for line in LINES}
COMBINED = combinations("combinations.txt")

# The state in which a role has just ended.
ENDED = {
    "team_lead_removed": "lead_removed",
    "moderator_reassigned": "moderator_reassigned",
    "deactivated_user": "deactivated",
    "password_changed_elsewhere": "password_changed",
    "juror_conflict_declared_after_scoring": "recused_late",
    "session_expired_mid_form": "session_expired",
}


def at(call_and_line):
    """Calls in the order of their states: each state is built once."""
    return call_and_line[1].at


TRIED = sorted(((line, call) for line in LINES for call in CALLS.get(line.key, ())), key=at)


@pytest.mark.parametrize(
    ("line", "call"), TRIED, ids=lambda each: getattr(each, "key", None) or f"{each.method} {each.path}"
)
async def test_cells(hall, trial, line, call):
    await hall.at(call.at)
    wrong = []
    with hall.inside():
        for each, role, letter in cells(line):
            if each is call:
                wrong += [f"{role} ({letter}): {fault}" for fault in await trial.cell(line, call, role, letter)]
    assert not wrong, "\n".join([f"{call.method} {call.path} in {call.at}:", *wrong])


@pytest.mark.parametrize("each", COMBINED, ids=lambda each: f"{each.role} {each.key}")
async def test_combinations(hall, trial, each):
    line = BY_KEY[each.key]
    wrong = []
    for call in CALLS[each.key]:
        await hall.at(ENDED.get(each.role, call.at))
        with hall.inside():
            wrong += [
                f"{call.method} {call.path}: {fault}" for fault in await trial.cell(line, call, each.role, each.letter)
            ]
    assert not wrong, "\n".join(wrong)


# --- Nothing is forgotten ---------------------------------------------------------------------------------------------

# Addresses without a line: open to everybody, or one's own and nobody else's.
OPEN = {
    "GET /static/{}/{}": "files of the site, the same for everybody",
    "GET /health/live": "says that the process answers",
    "GET /certificates/{}": "whoever has the address, which nobody guesses: name, programme, date, whether it is valid",
    "GET /short_verifier.py": "two pages of a program for whoever distrusts us",
    "GET /verifier.py": "a program for whoever distrusts us",
    "GET /rounds/worker.js": "a program of the site, the same for everybody",
    "GET /health/ready": "says what runs, in counts of jobs",
    "GET /hall/{}": "whoever has the address, which nobody guesses; never a value",
    "GET /hall/{}/state": "as the screen in the hall",
    "GET /hall/{}/live": "as the screen in the hall",
    "GET /session": "says to a browser who is signed in there, by a name that means nothing elsewhere",
    "GET /sign-in": "the form",
    "POST /sign-in": "answers alike for known and unknown addresses",
    "GET /code": "the form",
    "POST /code": "wrong codes are counted",
    "GET /invitation/{}": "whoever has the link may see what it offers; another's is refused",
    "GET /reset": "the form",
    "POST /reset": "answers alike for known and unknown addresses",
    "GET /reset/{}": "whoever has the link",
    "POST /reset/{}": "whoever has the link",
    "POST /language": "a cookie, or one's own account",
    "GET /help": "help",
    "GET /cases": "published cases, the same for everybody",
    "GET /personal-data": "what is kept about people",
    "GET /privacy": "the same",
    "GET /accessibility": "a statement",
    "POST /sign-out": "one's own session",
    "GET /consents": "one's own; who is asked for nothing goes on",
    "GET /display": "the form",
    "POST /display": "a cookie, or one's own account",
    "GET /setup": "only while nobody is here; the code from the terminal opens it",
    "POST /setup": "wrong codes are counted",
    "GET /setup/{}": "only while nobody is here, after the code",
    "POST /setup/{}": "only while nobody is here, after the code",
    "POST /profile/password": "one's own, by the present password",
    "POST /profile/sessions": "one's own sessions",
}


@functools.cache
def routes():
    """(method, address with {} for what varies) of everything the application serves."""
    from incubator.app import create_litestar

    return [
        (method, re.sub(r"\{[^}]*\}", "{}", route.path_format))
        for route in create_litestar().routes
        for method in sorted(route.methods - {"OPTIONS", "HEAD"})
    ]


def serves(address, path):
    """How well a route fits a call: the number of parts that are the same, or None."""
    wanted, asked = address.split("/"), path.partition("?")[0].split("/")
    if len(wanted) != len(asked) or any(part not in {"{}", said} for part, said in zip(wanted, asked, strict=True)):
        return None
    return sum(part == said for part, said in zip(wanted, asked, strict=True))


def asked():
    """The routes that the calls of all lines reach."""
    for call in [call for calls in CALLS.values() for call in calls]:
        for path in filter(None, (call.path, call.jurors)):
            fits = [(serves(address, path), address) for method, address in routes() if method == call.method]
            best = max((fit for fit in fits if fit[0] is not None), default=None)
            assert best is not None, f"no route serves {call.method} {path}"
            yield f"{call.method} {best[1]}"


def test_every_route_is_in_the_matrix():
    known = {f"{method} {address}" for method, address in routes()}
    mapped = set(asked())
    assert known - mapped - OPEN.keys() == set(), "asked for by no line of the matrix"
    assert OPEN.keys() - known == set(), "gone"
    assert OPEN.keys() & mapped == set(), "asked for by a line and called open"


def test_every_line_is_asked_for():
    by_mail = {line.key for line in LINES if line.method == "MAIL"}
    assert BY_KEY.keys() - CALLS.keys() == by_mail
    assert CALLS.keys() - BY_KEY.keys() == set()
    assert len(BY_KEY) == len(LINES)


def test_the_matrix_is_the_agreed_one():
    """Every line of it is either tried or has a reason why not, and no letter was changed by the way."""
    agreed, missing = lines("matrix.txt"), lines("not_yet.txt")
    assert not {line.key for line in agreed} & {line.key for line in missing}
    combined = COMBINED + combinations("combinations_not_yet.txt")
    assert (len(agreed + missing), len(combined)) == (134, 22)
    assert fingerprint(agreed + missing, combined) == AGREED
    assert all(line.reason for line in [*LINES, *missing])


def test_a_conflict_and_a_lesser_role_never_add_rights():
    for line in LINES:
        rights = {role for role in ROLES if line.letter(role) == "A"}
        assert "visitor" not in rights or line.state == "published", line
        assert not (rights & {"organiser_conflicted"}) or "organiser_own" in rights, line
        assert not (rights & {"juror_conflicted"}) or "juror_assigned" in rights, line
        own = line.resource == "file_piece"  # an upload under way is its sender's alone
        assert not (rights & {"participant"}) or "team_lead" in rights or own, line


def test_nothing_is_deleted_or_impersonated():
    """No method but GET and POST, uploads in pieces apart (tus has methods of its own), and no address that erases,
    rewrites the journal or borrows somebody's place.
    """
    never = {"hard-delete", "impersonate", "marks", "erase", "audit", "as"}
    for method, address in routes():
        assert method in {"GET", "POST"} or address == "/uploads/{}"
        assert not never & set(address.split("/")), address
