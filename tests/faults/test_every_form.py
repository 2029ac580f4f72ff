"""Every unsafe route of the application, as somebody who may use it: what no browser of ours sends is refused with
400, 413 or 422 and changes nothing; of whatever else is typed nothing ends in a fault of ours.
"""

from urllib.parse import parse_qsl, quote_from_bytes, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rights.calls import Call
from rights.hall import BOUNDARY, Request, encoded
from rights.matrix import ROLES, lines
from rights.test_forgery import PUBLIC, route_of
from rights.test_matrix import routes
from rights.trial import CALLS

FORM = "application/x-www-form-urlencoded"
REFUSED = {400, 413, 422}
EXAMPLES = settings(
    max_examples=15, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip

LINES = {line.key: line for line in lines("matrix.txt") + lines("more.txt")}


def unsafe() -> dict[str, tuple[Call, str]]:
    """A request to every unsafe route with somebody who may send it."""
    found = {key: (call, "participant") for key, call in PUBLIC.items()}
    found["POST /invitation/{}"] = Call("POST", "/invitation/{key}", "invited"), "stranger"
    for key, calls in CALLS.items():
        allowed = [role for role in ROLES if LINES[key].letter(role) == "A"]
        for call in calls:
            may = next((role for role in allowed if role not in call.but), None)
            if call.method == "POST" and may:
                found.setdefault(route_of(call), (call, may))
    return found


UNSAFE = sorted(unsafe().items(), key=lambda each: each[1][0].at)


@pytest.fixture(
    scope="module", params=[pair for _, pair in UNSAFE], ids=[name.removeprefix("POST ") for name, _ in UNSAFE]
)
def door(request):
    """A request and who sends it. Of the scope of the module: so all tests of one address come one after the other,
    and each state of the world is built once.
    """
    return request.param


async def asked(hall, request, role):
    """The answer, and whether anything but the journal is other than before (that somebody looked is noted, whatever
    he typed); all of it is taken back.
    """
    async with hall.undone():
        before = await hall.touched()
        answer = await hall.ask(request, role)
        return answer, await hall.changed(before, but_noted=True)


async def prepared(hall, trial, call, role):
    """The honest request in its state of the world, and its fields (none of an upload)."""
    await hall.at(call.at)
    with hall.inside():
        request = await trial.request(call, role)
    fields = parse_qsl(request.body.decode(), keep_blank_values=True) if request.kind == FORM else []
    return request, fields


def form(request: Request, body: bytes, kind: str = FORM) -> Request:
    return Request("POST", request.path, body, kind)


# --- What no browser of ours sends --------------------------------------------------------------------------------------

NO_TEXT = (
    b"\x00",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x82",
)  # NUL, no UTF-8, surrogates
UNKNOWN = st.sampled_from(
    ["is_admin", "juror_id", "grant", "id", "created_at", "password_hash", "constructor", "a[b]", "\u202e"]
)
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
OTHER_KINDS = (
    ("application/json", b'{"name": "x"}'), ("application/json", b"[" * 100_000), ("text/xml", b"<a/>"),
    ("multipart/form-data", b"no boundary"), (f"{FORM}; charset=utf-16", b"\xff\xfea\x00=\x001\x00"),
    (MULTIPART, f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'.encode() + b"x" * 100),
    (MULTIPART, f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\n'.encode() + b"\xff\xfe\r\n--" + BOUNDARY.encode() + b"--"),
    (MULTIPART, b"".join(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a{n}"\r\n\r\n1\r\n'.encode() for n in range(3000))
     + f"--{BOUNDARY}--".encode()),
)  # fmt: skip


@st.composite
def forgeries(draw, fields):
    """(body, what it is) of something that no form of ours can send."""
    honest = urlencode(fields).encode()
    join = b"&" if honest else b""
    ways = ["unknown field", "no text", "no text in a name", "too many fields", "too large"]
    way = draw(st.sampled_from(ways + ["broken field"] * bool(fields)))
    if way == "unknown field":
        return honest + join + urlencode(
            {draw(UNKNOWN): draw(st.text(max_size=20)).encode("utf-8", "replace")}
        ).encode(), way
    raw = quote_from_bytes(draw(st.sampled_from(NO_TEXT))).encode()
    if way == "no text":
        return honest + join + b"note=a" + raw, way
    if way == "no text in a name":
        return honest + join + raw + b"=a", way
    if way == "too many fields":
        return b"&".join([honest, *(b"a=1" for _ in range(2001))]), way
    if way == "too large":
        return honest + join + b"a=" + b"x" * (40 * 1024 * 1024 if draw(st.integers(0, 9)) == 0 else 300_000), way
    place = draw(st.integers(0, len(fields) - 1))
    changed = spoilt(fields, place, draw(st.sampled_from(["\ud800", "a\0b"])))
    return urlencode(changed, errors="surrogatepass").encode(), way


def spoilt(fields, place, text):
    """The fields with another text in one of them."""
    return [(name, text if at == place else value) for at, (name, value) in enumerate(fields)]


@given(data=st.data())
@EXAMPLES
async def test_what_no_browser_sends_is_refused(hall, trial, door, data):
    call, role = door
    request, fields = await prepared(hall, trial, call, role)
    strict = [each for each in fields if not each[0].startswith(("answer-", "press"))]  # a draft keeps what is typed
    body, way = data.draw(forgeries(strict))
    with hall.inside():
        answer, changed = await asked(hall, form(request, body), role)
    assert answer.status in REFUSED, (way, answer.status, body[:200])
    assert not changed, way


async def test_a_value_that_is_too_long_is_refused(hall, trial, door):
    """In every field, hidden ones too: it is at fault by itself, whether or not something of that name is there."""
    call, role = door
    request, fields = await prepared(hall, trial, call, role)
    with hall.inside():
        for at, (name, _) in enumerate(fields):
            if name.startswith("answer-"):  # a draft keeps what is typed, up to the size of a form
                continue
            body = urlencode(spoilt(fields, at, "x" * 100_000)).encode()
            answer, changed = await asked(hall, form(request, body), role)
            assert answer.status in REFUSED, (name, answer.status)
            assert not changed or counts(request), name


def counts(request: Request) -> bool:
    """Whether a try is counted at this door, so that a form that can be read leaves a row."""
    return request.path.startswith(("/sign-in", "/code", "/reset", "/profile/password", "/invitation"))


async def test_a_draft_keeps_what_is_typed_but_no_book(hall, trial):
    """Where files may come a request may be large; text in it may not."""
    call, role = unsafe()["POST /teams/{}/assignments/{}"]
    request, fields = await prepared(hall, trial, call, role)
    book = [*((name, value) for name, value in fields if name != "answer-trend"), ("answer-trend", "x" * 1024 * 1024)]
    with hall.inside():
        for body, kind in ((urlencode(book).encode(), FORM), encoded(book, ("answer-data_file", "x.pdf", b"%PDF-1.4"))):
            answer, changed = await asked(hall, form(request, body, kind), role)
            assert (answer.status, changed) == (413, False)


async def test_only_forms_are_read(hall, trial, door):
    call, role = door
    request, _ = await prepared(hall, trial, call, role)
    with hall.inside():
        for kind, body in OTHER_KINDS:
            answer, changed = await asked(hall, form(request, body, kind), role)
            assert answer.status in REFUSED, (kind, body[:60], answer.status)
            assert not changed, kind


LISTS = {
    "pick", "team", "juror", "tie", "cause", "effect", "indicator", "unit", "baseline", "target", "year", "source", "eligible_positions",
}  # fmt: skip
"""Fields that a form may hold several times: ticked boxes and the cells of repeated rows (so are anchor_… and f_…)."""


async def test_a_field_that_is_there_twice_is_refused(hall, trial, door):
    call, role = door
    request, fields = await prepared(hall, trial, call, role)
    with hall.inside():
        for name, value in fields:
            if name in LISTS or name.startswith(("_", "anchor_", "f_")) or (name.startswith("answer-") and "." in name):
                continue
            answer, changed = await asked(hall, form(request, urlencode([*fields, (name, value)]).encode()), role)
            assert answer.status == 400, (name, answer.status)
            assert not changed, name


# --- Whatever is typed --------------------------------------------------------------------------------------------------

TYPED = st.one_of(
    st.sampled_from([
        "NaN", "sNaN", "Infinity", "-Infinity", "1e999999", "-0", str(2**63), "1_0", "٣", "7,5", "7.55555", "0x10", "9" * 400,
        "\u202eтекст", "a\u200bb", "e" + "\u0301" * 200, "<script>alert(1)</script>", "{{ 7*7 }}", "'; DROP TABLE person; --",
        "=1+1", "../../etc/passwd", "2026-13-45", "0000-00-00", "9999-12-31T23:59", "\r\nBcc: x@example.org", "not-a-uuid",
        "javascript:alert(1)", "\x07\x1b[2J", "00000000-0000-0000-0000-000000000000", "я" * 30_001, " ", "",
    ]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.integers(-(2**70), 2**70).map(str), st.floats().map(str), st.decimals().map(str), st.dates().map(str), st.uuids().map(str),
)  # fmt: skip


@given(data=st.data())
@EXAMPLES
async def test_whatever_is_typed_is_no_fault_of_ours(hall, trial, door, data):
    call, role = door
    request, fields = await prepared(hall, trial, call, role)
    if not fields:
        return
    chosen = data.draw(st.sets(st.integers(0, len(fields) - 1), min_size=1, max_size=3))
    typed = [(name, data.draw(TYPED) if at in chosen else value) for at, (name, value) in enumerate(fields)]
    with hall.inside():
        answer, changed = await asked(hall, form(request, urlencode(typed).encode()), role)
    assert answer.status < 500, typed
    assert answer.status < 400 or not changed or counts(request), (answer.status, typed)


MARKS = (
    "NaN",
    "sNaN",
    "Infinity",
    "-Infinity",
    "1e999999",
    "1e1",
    str(2**63),
    "1_0",
    "٣",
    "7,5",
    "7.55555",
    "0x7",
    "-1",
    "11",
    "+7",
    "７",
)


@pytest.mark.parametrize("mark", MARKS)
async def test_only_marks_of_the_scale_are_marks(hall, trial, mark):
    call, role = unsafe()["POST /rounds/{}/projects/{}"]
    request, fields = await prepared(hall, trial, call, role)
    sheet = [*((name, value) for name, value in fields if not name.startswith("mark_")), ("mark_problem", mark)]
    with hall.inside():
        answer, changed = await asked(hall, form(request, urlencode(sheet).encode()), role)
    assert (answer.status, changed) == (422, False), answer.text[:300]


ELSEWHERE = {
    "POST /teams/{}/assignments/{}/uploads": "no form: pieces of a file, see tests/stages/test_uploading.py",
}


def test_every_unsafe_route_is_tried():
    forms = {f"POST {address}" for method, address in routes() if method == "POST"}
    assert {name for name, _ in UNSAFE} == forms - ELSEWHERE.keys()
    assert forms >= ELSEWHERE.keys()
