"""One request inside this process: its statements with their values, its answer, and where its time goes.

    python -m bench.inside ranking team_home --statements
    python -m bench.inside save_sheet --times 500 --profile

With DATABASE_URL it uses the database that `python -m bench.data` has filled there, else it makes one of its own.
"""

import argparse
import asyncio
import contextlib
import cProfile
import gc
import os
import pstats
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import uvloop

from bench import serve
from bench.data import SIZES, fill
from bench.traffic import Request, requests
from bench.world import world
from incubator.app import COLLECTED, create_app
from incubator.foundation import database


class Recorder:
    """A connection that remembers what is asked of it."""

    def __init__(self, connection: Any, seen: list[tuple[str, tuple[Any, ...]]]) -> None:
        self._connection, self._seen = connection, seen

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._connection, name)

        def asked(statement: str, *values: Any) -> Any:
            self._seen.append((statement, values))
            return method(statement, *values)

        return asked


@contextlib.contextmanager
def watching() -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """The statements that the product sends while the block runs, with their values; a stream is not among them."""
    seen: list[tuple[str, tuple[Any, ...]]] = []
    original = database._connection  # noqa: SLF001  (the one door to the database)

    @contextlib.asynccontextmanager
    async def watched() -> AsyncIterator[Recorder]:
        async with original() as connection:
            yield Recorder(connection, seen)

    database._connection = watched  # noqa: SLF001
    try:
        yield seen
    finally:
        database._connection = original  # noqa: SLF001


async def call(app: Any, raw: bytes) -> tuple[int, bytes]:
    """Send one raw request to the application; status and body of its answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, target, _ = first.decode().split(" ")
    path, _, query = target.partition("?")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "headers": headers, "root_path": "",
        "client": ("127.0.0.1", 40000), "server": ("127.0.0.1", 8000), "state": {}, "extensions": {},
    }  # fmt: skip
    answer: list[Any] = []
    complete = asyncio.Event()
    parts = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        for part in parts:
            return part
        await complete.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answer.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            complete.set()

    await app(scope, receive, send)
    return answer[0]["status"], b"".join(part.get("body", b"") for part in answer[1:])


async def measure(request: Request, words: argparse.Namespace) -> None:
    """Say what one kind of request costs in this process; its own time varies less than that of the whole machine."""
    app, turns = create_app(), request.turns(0)
    for _ in range(5):
        status, body = await call(app, next(turns))
        if status != request.status or request.body not in body.decode():
            raise SystemExit(f"{request.name} answered {status}: {body[:400].decode()}")
    with watching() as seen:
        await call(app, next(turns))
    print(f"{request.name}: {len(body):,} bytes, {len(seen)} statements")
    for statement, _ in seen if words.statements else ():
        print("   ", " ".join(statement.split())[:150])
    profile = cProfile.Profile() if words.profile else contextlib.nullcontext()
    gc.collect()
    gc.freeze()  # as the application does when it has started
    gc.set_threshold(*COLLECTED)
    with profile:
        spans = sorted([await _span(app, next(turns)) for _ in range(words.times)])
    tenth, half = spans[words.times // 10] * 1000, spans[words.times // 2] * 1000
    print(f"    {tenth:.3f} ms of processor time in this process (the fastest tenth), {half:.3f} ms (the median)")
    if isinstance(profile, cProfile.Profile):
        pstats.Stats(profile).sort_stats(words.sort).print_stats(40)


async def _span(app: Any, raw: bytes) -> float:
    start = time.process_time()
    await call(app, raw)
    return time.process_time() - start


async def main(words: argparse.Namespace) -> None:
    """Measure the requests that were named, or all."""
    dsn = os.environ["DATABASE_URL"]
    await database.connect(dsn, smallest=1, largest=2)
    for request in await requests(await world(next(size for size in SIZES if size.name == words.size))):
        if not words.names or request.name in words.names:
            await measure(request, words)
    await database.disconnect()


def options() -> argparse.Namespace:
    """The words of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="of requests; all if none is named")
    parser.add_argument("--size", default="big", choices=[size.name for size in SIZES])
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--statements", action="store_true", help="show them")
    parser.add_argument("--profile", action="store_true", help="show the functions that take longest")
    parser.add_argument("--sort", default="tottime", help="order of the profile (%(default)s)")
    return parser.parse_args()


@contextlib.contextmanager
def somewhere() -> Iterator[None]:
    """The database of DATABASE_URL, or a new one that is thrown away."""
    if "DATABASE_URL" in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="incubator-bench-") as folder, serve.postgres(Path(folder)) as dsn:
        os.environ.update(DATABASE_URL=dsn, INCUBATOR_VAR=f"{folder}/var")
        asyncio.run(fill(dsn))
        yield


if __name__ == "__main__":
    wanted = options()
    with somewhere():
        uvloop.run(main(wanted))
