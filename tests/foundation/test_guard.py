"""The outer gate, tried alone and around the whole application."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incubator.foundation.guard import HEADERS, refusal

ORIGIN = "https://incubator.example"


def request(method="GET", path=b"/", query=b"", headers=()):
    return {
        "type": "http", "method": method, "path": path.decode("latin-1"), "raw_path": path,
        "query_string": query, "headers": [(b"host", b"incubator.example"), *headers],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"path": b"/a%00b"}, 400),
        ({"path": b"/a%ff"}, 400),
        ({"path": b"/a%ed%a0%80"}, 400),  # a lone surrogate
        ({"path": b"/a%c0%af"}, 400),  # an over-long slash
        ({"query": b"q=%00"}, 400),
        ({"query": b"q=%fe"}, 400),
        ({"headers": [(b"cookie", b"session=\xff")]}, 400),
        ({"path": b"/" + b"a" * 3000}, 414),
        ({"headers": [(b"x-%d" % n, b"1") for n in range(200)]}, 431),
    ],
)
def test_hostile_input_is_refused_before_routing(change, status):
    answer = refusal(request(**change), ORIGIN)
    assert answer is not None
    assert answer[0] == status


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        [(b"sec-fetch-site", b"cross-site")],
        [(b"sec-fetch-site", b"same-site")],
        [(b"origin", b"https://evil.example")],
        [(b"origin", b"null")],
        [(b"origin", b"https://incubator.example.evil.example")],
        [(b"sec-fetch-site", b"cross-site"), (b"origin", b"https://incubator.example")],
    ],
)
def test_a_write_from_another_site_is_refused(method, headers):
    answer = refusal(request(method, headers=headers), ORIGIN)
    assert answer is not None
    assert answer[0] == 403


@pytest.mark.parametrize(
    "headers",
    [[], [(b"sec-fetch-site", b"same-origin")], [(b"sec-fetch-site", b"none")], [(b"origin", ORIGIN.encode())]],
)
def test_a_write_from_our_own_page_passes(headers):
    assert refusal(request("POST", headers=headers), ORIGIN) is None


def test_reading_from_another_site_passes():
    assert refusal(request("GET", headers=[(b"sec-fetch-site", b"cross-site")]), ORIGIN) is None


@settings(max_examples=300)
@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_no_bytes_break_the_gate(path, query, cookie):
    refusal(request(path=b"/" + path, query=query, headers=[(b"cookie", cookie)]), ORIGIN)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sign-in"),
        ("GET", "/no-such-page"),
        ("GET", "/static/x"),
        ("GET", "/health/live"),
        ("POST", "/health/live"),
        ("GET", "/%00"),
    ],
)
async def test_every_answer_carries_the_headers(client, method, path):
    answer = await client.request(method, path)
    for name, value in HEADERS.items():
        if name != b"cache-control":
            assert answer.headers[name.decode()] == value.decode()
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize(("name", "document"), [("app.js", False), ("css/site.css", False), ("icons.svg", True)])
async def test_what_is_no_document_is_not_weighed_down(client, name, document):
    headers = (await client.get(f"/static/-/{name}")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert ("content-security-policy" in headers) is document


@pytest.mark.parametrize("path", ["/sign-in", "/health/live", "/no-such-page"])
async def test_head_answers_like_get_without_a_body(client, path):
    head, get = await client.head(path), await client.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


async def test_a_static_file_is_immutable_and_answers_304(client):
    from incubator.foundation.pages import static

    address = static().address("app.css") if "app.css" in static().files else static().address("icons.svg")
    first = await client.get(address)
    assert first.status_code == 200
    assert "immutable" in first.headers["cache-control"]
    again = await client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    old = await client.get(address.replace(address.split("/")[2], "0" * 12))
    assert old.status_code == 404


@pytest.mark.parametrize(
    "path", ["/static/-/../pyproject.toml", "/static/-/%2e%2e/pyproject.toml", "/static/-//etc/passwd"]
)
async def test_no_path_leads_out_of_the_static_folder(client, path):
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/sign-in", "text/html; charset=utf-8"), ("/static/-/app.js", "text/javascript; charset=utf-8"),
     ("/static/-/icons.svg", "image/svg+xml"), ("/health/live", "application/json")],
)  # fmt: skip
async def test_an_answer_says_once_what_it_is(client, path, kind):
    assert (await client.get(path)).headers["content-type"] == kind


async def test_ready_names_what_it_runs_on(client):
    answer = (await client.get("/health/ready")).json()
    assert answer["status"] == "ok"
    assert answer["database"]["status"] == answer["migrations"]["status"] == "ok"
    assert answer["jobs"]["runner"] == "web process"
