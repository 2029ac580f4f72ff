"""Where the rights are tried: a state of the world is built once in a transaction, and each request in it is undone.

The application's own transactions become savepoints meanwhile, so an action that raises still takes back what it wrote.
What only a real commit shows (notifications, deferred constraints) is tried in the features' own tests.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

import asyncpg

from incubator.foundation.database import DB, SafeTransaction, fetch_value
from incubator.people import queries, sessions

BOUNDARY = "-----rights"
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HERE = ' aria-current="page"'
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration' ORDER BY 1"
TOUCHED = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_xact_user_tables"
NOTED = "SELECT n_tup_ins FROM pg_stat_xact_user_tables WHERE relname = 'journal_entry'"


class Nested(SafeTransaction):
    """A transaction of the application inside ours: a savepoint."""

    async def __aenter__(self):
        if self._parent is None:
            return await super().__aenter__()
        self._point = self._parent.connection.transaction()
        await self._point.start()
        return self._parent

    async def __aexit__(self, kind, error, trace):
        if self._parent is None:
            return await super().__aexit__(kind, error, trace)
        await (self._point.commit() if error is None else self._point.rollback())
        return False


@dataclass(frozen=True)
class Request:
    """One request as every role sends it."""

    method: str
    path: str
    body: bytes = b""
    kind: str = ""
    stream: bool = False
    more: Mapping[str, str] = field(default_factory=dict)  # headers of its own

    def elsewhere(self, ids: dict[str, str]) -> "Request":
        """The same for ids that nothing has."""
        return Request(
            self.method, UUID.sub(lambda found: ids[found[0]], self.path), self.body, self.kind, self.stream, self.more
        )


@dataclass
class Answer:
    """What came back; `statements` is the number of SQL statements it took."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    statements: int = 0

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def without_ids(self) -> tuple[int, list[tuple[str, str]], str]:
        """All of it, with every id made alike, and no mark at the link of the page's head that one's own team is under."""
        headers = [(name, UUID.sub("·", value)) for name, value in self.headers if name != "content-length"]
        return self.status, headers, UUID.sub("·", self.text).replace(HERE, "")


class Hall:
    """One state of the world at a time, in a transaction that is never committed."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.state, self.built = "", 0
        self.begun: Any = None
        self.world: Any = None
        self.token: dict[str, str] = {}
        self.statements = 0
        self._outer: Any = None
        self._here: Any = None

    async def at(self, state: str) -> None:
        """Leave the state before and build this one, unless it is here already."""
        if state == self.state:
            return
        await self.close()
        assert DB.pool is not None
        self.built += 1
        connection = await DB.pool.acquire()
        self._outer = connection.transaction()
        await self._outer.start()
        self._here = SimpleNamespace(connection=connection)
        with self.inside():
            self.world = await self.begun.become(state)
            self.state, self.whole = state, await self.contents()

    async def close(self) -> None:
        """Forget everything since `at`."""
        if self._here is not None:
            await self._outer.rollback()
            assert DB.pool is not None
            await DB.pool.release(self._here.connection)
            self._here, self.state = None, ""

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """All statements of this task belong to the state; the application's transactions are savepoints."""
        mark = DB.current_transaction.set(self._here)
        plain, asked = DB.transaction, asyncpg.Connection._do_execute

        async def counted(connection, query, *args, **kwargs):
            self.statements += 1
            return await asked(connection, query, *args, **kwargs)

        DB.transaction = lambda allow_nested=True: Nested(engine=DB, allow_nested=allow_nested)
        asyncpg.Connection._do_execute = counted
        try:
            yield
        finally:
            DB.transaction, asyncpg.Connection._do_execute = plain, asked
            DB.current_transaction.reset(mark)

    @contextlib.asynccontextmanager
    async def undone(self) -> AsyncIterator[None]:
        """What happens inside is taken back."""
        point = self._here.connection.transaction()
        await point.start()
        try:
            yield
        finally:
            await point.rollback()

    async def touched(self) -> tuple[int, int]:
        """How many rows this transaction has written so far, in all tables and in the journal."""
        return int(await fetch_value(TOUCHED) or 0), int(await fetch_value(NOTED) or 0)

    async def contents(self) -> str:
        """A print of every row of every table."""
        tables = [row["tablename"] for row in await self._here.connection.fetch(TABLES)]
        each = " UNION ALL ".join(
            f"SELECT '{name}' AS name, md5(string_agg(r::text, '|' ORDER BY r::text)) AS print FROM \"{name}\" r"
            for name in tables
        )
        whole = f"SELECT md5(string_agg(name || coalesce(print, ''), ' ' ORDER BY name)) FROM ({each}) AS each_table"
        found: str = await fetch_value(whole)
        return found

    async def changed(self, before: tuple[int, int], *, but_noted: bool = False) -> bool:
        """Whether anything is other than it was; `but_noted` lets new rows of the journal pass.

        Rows that were written and taken back count as touched, so only then every row is looked at.
        """
        rows, entries = await self.touched()
        if rows == before[0] or (but_noted and rows - before[0] == entries - before[1]):
            return False
        return await self.contents() != self.whole

    async def ask(self, request: Request, role: str, **headers: str) -> Answer:
        """Send a request as somebody (a visitor has no session)."""
        before = self.statements
        answer = await send(self.app, request, self.headers(request, role, **headers))
        answer.statements = self.statements - before
        return answer

    def headers(self, request: Request, role: str, **headers: str) -> dict[str, str]:
        """What a browser sends along; an empty one is left out."""
        token = self.token.get(role, "")
        mine = {"host": "127.0.0.1:8000", "sec-fetch-site": "same-origin", **request.more}
        if request.body:
            mine |= {"content-type": request.kind, "content-length": str(len(request.body))}
        if token:
            mine |= {"cookie": f"session={token}", "x-csrf-token": csrf(token)}
        mine |= {name.replace("_", "-"): value for name, value in headers.items()}
        return {name: value for name, value in mine.items() if value}


def csrf(token: str) -> str:
    """What a browser with this session sends along."""
    return sessions.csrf_token(queries.token_fingerprint(token))


async def send(app: Any, request: Request, headers: dict[str, str]) -> Answer:
    """One request through the ASGI application in this task's own loop; of a stream only the beginning."""
    if request.stream:
        async with listening(app, request, headers) as (answer, _):
            return answer
    answer = Answer()
    await app(_scope(request, headers), *_ends(request, answer, asyncio.Event()))
    return answer


@contextlib.asynccontextmanager
async def listening(app: Any, request: Request, headers: dict[str, str]) -> AsyncIterator[tuple[Answer, asyncio.Task]]:
    """A stream from its first bytes on, and the task that goes on with it; the browser is closed at the end."""
    answer, begun = Answer(), asyncio.Event()
    task = asyncio.create_task(app(_scope(request, headers), *_ends(request, answer, begun)))
    first = asyncio.create_task(begun.wait())
    await asyncio.wait({task, first}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
    try:
        yield answer, task
    finally:
        first.cancel()
        task.cancel()
        await asyncio.gather(task, first, return_exceptions=True)


def _scope(request: Request, headers: dict[str, str]) -> dict[str, Any]:
    address = urlsplit(request.path)
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method, "scheme": "http",
        "path": address.path, "raw_path": address.path.encode(), "query_string": address.query.encode(), "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 50000), "state": {},
    }  # fmt: skip


def _ends(request: Request, answer: Answer, begun: asyncio.Event) -> tuple[Any, Any]:
    """The two ends of a connection: what the application receives, and where it sends."""
    body, complete = [request.body], asyncio.Event()

    async def receive() -> Any:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        await complete.wait()
        return {"type": "http.disconnect"}

    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = [(name.decode(), value.decode("latin-1")) for name, value in message["headers"]]
            return
        answer.body += message.get("body", b"")
        if not message.get("more_body"):
            complete.set()
        if answer.body or complete.is_set():
            begun.set()

    return receive, sent


# --- What a browser would send ----------------------------------------------------------------------------------------


class Forms(HTMLParser):
    """Every form of a page by its address, with what its fields hold as the page comes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[tuple[str, str]]] = {}
        self._form: list[tuple[str, str]] | None = None
        self._area = self._select = ""
        self._text: list[str] = []
        self._options: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        at = dict(attrs)
        if tag == "form":
            self._form = self.found.setdefault(at.get("action", ""), [])
        elif self._form is None:
            return
        elif tag == "input" and at.get("name") and _counts(at):
            self._form.append((at["name"], at.get("value") or ("on" if at.get("type") == "checkbox" else "")))
        elif tag == "textarea":
            self._area, self._text = at.get("name", ""), []
        elif tag == "select":
            self._select, self._options = at.get("name", ""), []
        elif tag == "option":
            self._options.append((at.get("value", ""), "selected" in at))

    def handle_data(self, data):
        if self._area:
            self._text.append(data)

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._area and self._form is not None:
            self._form.append((self._area, "".join(self._text).removeprefix("\n")))
            self._area = ""
        elif tag == "select" and self._select and self._form is not None:
            chosen = [value for value, picked in self._options if picked] or [v for v, _ in self._options[:1]]
            self._form += [(self._select, value) for value in chosen]
            self._select = ""


def _counts(at: dict[str, Any]) -> bool:
    if at.get("type") in {"submit", "button", "file"} or "disabled" in at or "form" in at or at["name"].startswith("_"):
        return False
    return at.get("type") not in {"radio", "checkbox"} or "checked" in at


def encoded(pairs: list[tuple[str, str]], upload: tuple[str, str, bytes] | None = None) -> tuple[bytes, str]:
    """A form's body and its content type."""
    if upload is None:
        return urlencode(pairs).encode(), "application/x-www-form-urlencoded"
    field_name, name, content = upload
    parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in pairs]
    head = f'Content-Disposition: form-data; name="{field_name}"; filename="{name}"\r\nContent-Type: application/pdf\r\n\r\n'
    parts.append(head.encode() + content)
    line = f"--{BOUNDARY}".encode()
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
    return body, f"multipart/form-data; boundary={BOUNDARY}"
