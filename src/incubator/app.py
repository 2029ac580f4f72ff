"""Composition root: routers, middleware, error pages, start and stop; nothing else wires the features together."""

import asyncio
import contextlib
import gc
import logging
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
from litestar import Litestar, MediaType, Request, Response, get
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.types import ASGIApp

from incubator.foundation import database, jobs, pages
from incubator.foundation.guard import Guard
from incubator.foundation.live import HUB
from incubator.foundation.packing import Packing, packs
from incubator.foundation.refusals import ConsentNeeded, Refusal, SignInNeeded
from incubator.installation import actions as installation
from incubator.installation.queries import load_owner
from incubator.notifications import trial
from incubator.people import held_web, holding, sessions
from incubator.settings import settings

log = logging.getLogger(__name__)

UNREACHABLE = (*database.AWAY, asyncpg.LockNotAvailableError)
# A page makes thousands of objects that go by themselves when it is sent. Looking for circles among them every 700, as Python
# does, took a seventh of the time.
COLLECTED = (10_000, 20, 20)
LOST = ("closed", "closing", "released back to the pool")
"""Words of asyncpg for a connection that ended while we held it; its pool takes it back by itself at that moment."""


@get("/static/{version:str}/{name:path}", opt={"public": True}, sync_to_thread=False)
def static_file(request: Request[Any, Any, Any], version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A static file; its address changes with its content."""
    known, packed = request.headers.get("if-none-match", ""), packs(request.scope["headers"])
    return pages.static().answer(version, str(name).lstrip("/"), known, packed=packed)


@get("/health/live", opt={"public": True}, media_type=MediaType.JSON, sync_to_thread=False)
def health_live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@get("/health/ready", opt={"public": True}, media_type=MediaType.JSON)
async def health_ready() -> Response[dict[str, Any]]:
    """Whether people can work: database, migrations, jobs and what they run on."""
    checks: dict[str, Any] = {}
    try:
        await database.fetch_value("SELECT 1")
        pending = await database.pending_migrations()
        checks["database"] = {"status": "ok"}
        checks["migrations"] = {"status": "ok" if not pending else "pending", "pending": pending}
        checks["jobs"] = {"status": "ok", "runner": _runner(), **await jobs.backlog()}
    except database.FAULTS:
        checks["database"] = {"status": "down"}
    ready = all(check["status"] == "ok" for check in checks.values())
    return Response({"status": "ok" if ready else "unavailable", **checks}, status_code=200 if ready else 503)


def _runner() -> str:
    return "arq workers (Redis)" if settings().redis_url else "web process"


def _failed(request: Request[Any, Any, Any], fault: Exception) -> Response[Any]:
    """The one answer to every fault: ours, Litestar's, the database's, and the ones nobody thought of."""
    if isinstance(fault, SignInNeeded | ConsentNeeded):
        return _first(request, fault, "/sign-in" if isinstance(fault, SignInNeeded) else "/consents")
    if _unreachable(fault):
        log.error("database unreachable: %r", fault)
        return pages.refuse(request, HTTPException(status_code=503))
    if isinstance(fault, asyncpg.DataError | asyncpg.PostgresSyntaxError):
        return pages.refuse(request, HTTPException(status_code=400))
    if not isinstance(fault, Refusal | HTTPException):
        incident = uuid.uuid4().hex[:8]
        request.scope["state"]["incident"] = incident
        log.error("incident %s at %s", incident, request.scope["path"], exc_info=fault)
    return pages.refuse(request, fault)


def _unreachable(fault: Exception) -> bool:
    """Whether the database is away or too busy; asyncpg says so in several ways, one of them shared with our mistakes."""
    lost = isinstance(fault, asyncpg.InterfaceError) and any(words in str(fault) for words in LOST)
    return lost or isinstance(fault, UNREACHABLE)


def _first(request: Request[Any, Any, Any], fault: Refusal, goal: str) -> Response[Any]:
    """To the page that comes before all others, and back; the same for every address that is not public, existing or not."""
    if pages.wants_json(request):
        return pages.refuse(request, fault)
    if request.method != "GET":
        page = held_web.ask_again(request) if "held" in request.scope["state"] else pages.refuse(request, fault)
        page.headers["hx-redirect"] = goal
        return page
    query = request.scope["query_string"].decode("latin-1")
    here = request.scope["path"] + (f"?{query}" if query else "")
    from urllib.parse import quote

    return Response(None, status_code=303, headers={"location": f"{goal}?next={quote(here, safe='/')}"})


@contextlib.asynccontextmanager
async def _running(_: Litestar) -> AsyncIterator[None]:
    """Pool, live hub and, without Redis, the outbox of this process."""
    words = settings()
    await _connect(words.database_url)
    bell = asyncio.Event()
    tasks = [asyncio.create_task(HUB.run(words.database_url))]
    if words.redis_url:
        from incubator import worker

        tasks.append(asyncio.create_task(worker.keep_ringing(bell)))
    else:
        tasks.append(asyncio.create_task(jobs.keep_draining(bell)))
    HUB.ring_on_outbox(bell.set)
    news = asyncio.Event()
    tasks.append(asyncio.create_task(_keep_owner(news)))
    HUB.ring_on_installation(news.set)
    gc.collect()
    gc.freeze()  # what is here now stays: the collector need not walk through it again
    gc.set_threshold(*COLLECTED)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await database.disconnect()


async def _connect(address: str) -> None:
    """Open the pool; also while the database is away, so that a process that is replaced just then doesn't end the site.

    Whoever watches over the web processes takes one that can't start for a fault that every other would have too.
    """
    try:
        await database.connect(address)
    except (*UNREACHABLE, OSError) as fault:
        log.warning("started without the database, which is away: %r", fault)
        await database.connect(address, smallest=0)


async def _keep_owner(news: asyncio.Event) -> None:
    """Know whose installation this is, and hear when it changes."""
    while True:
        try:
            await load_owner()
        except database.FAULTS as fault:
            log.warning("whose installation this is could not be read: %r", fault)
            await asyncio.sleep(5)
            continue
        await news.wait()
        news.clear()


async def _tell_the_demo() -> None:
    from incubator import demo  # late: it is told once, if at all

    await demo.load()


def create_litestar() -> Litestar:
    """The Litestar application without the outer gate."""
    from incubator import features

    installation.DEMO[:], installation.TEST_LETTER[:] = [_tell_the_demo], [trial.send_trial]
    pages.CONTEXT[:] = [features.navigation]
    return Litestar(
        route_handlers=[static_file, health_live, health_ready, *features.handlers()],
        dependencies={"viewer": Provide(sessions.provide_viewer)},
        guards=[holding.hold, sessions.only_signed_in],
        exception_handlers={Exception: _failed, HTTPException: _failed},
        after_request=None,
        lifespan=[_running],
        openapi_config=None,
        request_max_body_size=pages.FORM_LIMIT,
        multipart_form_part_limit=pages.MOST_FIELDS,
        logging_config=None,
    )


def create_app() -> ASGIApp:
    """The whole application: gate, sessions, routes."""
    words = settings()
    return Guard(Packing(sessions.Sessions(create_litestar()), https=words.https), words)
