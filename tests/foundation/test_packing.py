"""Packed answers: what the browser unpacks is what was drawn; who asks from elsewhere gets no length to measure."""

import gzip
import re

import pytest

from incubator.foundation import packing
from incubator.foundation.packing import BLUR, LEAST, Packing, of_page, packs
from incubator.foundation.pages import static
from incubator.settings import asset_folder

GZIP = (b"accept-encoding", b"br, gzip")
COOKIE = (b"cookie", b"session=x")
PAGE = ("<p>Инкубатор</p>" * 200).encode()


@pytest.mark.parametrize(
    ("said", "unpacks"),
    [(b"gzip", True), (b"br, GZIP;q=0.5", True), (b"br;q=1.0, gzip;q=0", False), (b"gzip; q=0.0", False),
     (b"", False), (b"identity", False), (b"x-gzipped", False)],
)  # fmt: skip
def test_what_the_browser_unpacks_is_what_it_says(said, unpacks):
    assert packs([(b"accept-encoding", said)]) is unpacks


def test_a_page_comes_out_whole_and_its_length_says_little():
    made = [of_page(PAGE) for _ in range(300)]
    assert {gzip.decompress(each) for each in made} == {PAGE}
    lengths = {len(each) for each in made}
    assert len(lengths) > BLUR / 2
    assert max(lengths) - min(lengths) < BLUR


async def answered(headers, *, https=True, kind=b"text/html; charset=utf-8", parts=(PAGE,)):
    """What comes through: the head's fields and the body."""

    async def application(scope, receive, send):
        fields = [(b"content-type", kind), (b"content-length", b"%d" % sum(map(len, parts))), (b"vary", b"Cookie")]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        for place, part in enumerate(parts):
            more = place < len(parts) - 1
            await send({"type": "http.response.body", "body": part, "more_body": more})

    seen = []

    async def send(message):
        seen.append(message)

    await Packing(application, https=https)({"type": "http", "headers": headers}, None, send)
    return dict(seen[0]["headers"]), b"".join(each.get("body", b"") for each in seen[1:]), seen[0]["headers"]


async def test_a_page_is_packed_with_its_true_length():
    head, body, fields = await answered([GZIP])
    assert head[b"content-encoding"] == b"gzip"
    assert int(head[b"content-length"]) == len(body) < len(PAGE)
    assert gzip.decompress(body) == PAGE
    assert {value for name, value in fields if name == b"vary"} == {b"Cookie", b"Accept-Encoding"}


@pytest.mark.parametrize(
    ("site", "packed"),
    [(b"same-origin", True), (b"none", True), (b"cross-site", False), (b"same-site", False), (b"", False)],
)
async def test_with_a_session_only_ones_own_requests_are_packed(site, packed):
    headers = [GZIP, COOKIE, *([(b"sec-fetch-site", site)] if site else [])]
    head, body, _ = await answered(headers)
    assert (b"content-encoding" in head) is packed
    assert (body != PAGE) is packed


async def test_without_tls_browsers_say_not_where_from_and_pages_are_packed():
    assert b"content-encoding" in (await answered([GZIP, COOKIE], https=False))[0]


@pytest.mark.parametrize(
    "change",
    [{"kind": b"text/csv"}, {"kind": b"text/event-stream"}, {"parts": (b"x" * (LEAST - 1),)}, {"parts": (PAGE, PAGE)}],
    ids=["no page", "a stream", "too small", "in parts"],
)
async def test_the_rest_goes_as_it_is(change):
    head, body, _ = await answered([GZIP], **change)
    assert b"content-encoding" not in head
    assert body == b"".join(change.get("parts", (PAGE,)))
    assert int(head[b"content-length"]) == len(body)


async def test_static_files_are_packed_once_and_known_by_another_tag(client):
    address = static().address("app.js")
    plain, packed = [await client.get(address, headers={"accept-encoding": each}) for each in ("identity", "gzip")]
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content == static().files["app.js"]
    assert int(packed.headers["content-length"]) < len(plain.content)
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    again = await client.get(address, headers={"accept-encoding": "gzip", "if-none-match": packed.headers["etag"]})
    assert again.status_code == 304


async def test_fonts_are_packed_already(client):
    name = next(each for each in static().files if each.endswith(".woff2"))
    assert "content-encoding" not in (await client.get(static().address(name))).headers


async def test_the_sign_in_page_goes_packed(client):
    answer = await client.get("/sign-in")
    assert answer.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]


OWN = [
    path
    for path in sorted(asset_folder("static").rglob("*"))
    if path.suffix in {".js", ".css"} and "vendor" not in path.parts
]


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_our_own_scripts_and_sheets_are_sent_without_comments_and_indentation(path):
    content = path.read_bytes()
    # Where a text went over several lines, its indentation would be part of it.
    assert not [text for text in re.findall(rb"`[^`]*`", content) if b"\n" in text]
    sent = packing.without_notes(path.name, content).decode()
    lines = [line.strip() for line in content.decode().splitlines()]
    kept = sent.splitlines()
    assert all(line and line == line.lstrip() and not line.startswith(("//", "/*")) for line in kept)
    if path.suffix == ".js":
        assert kept == [line for line in lines if line and not line.startswith("//")]


def test_what_others_made_is_sent_as_it_is():
    text = b"// the licence\n  run();\n"
    assert packing.without_notes("vendor/other.js", text) == text
    assert packing.without_notes("own.js", text) == b"run();\n"
    assert packing.without_notes("vendor/fonts/a.woff2", text) == text
