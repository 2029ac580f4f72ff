"""The web processes of `incubator run`: a port that is free, one uvicorn or several, an end without noise."""

import contextlib
import ctypes
import errno
import multiprocessing
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from incubator.logs import LOGGING
from incubator.settings import OperatorError, Settings

if TYPE_CHECKING:
    from litestar.types import ASGIApp

FAREWELL = 3  # seconds that open requests and live pages get at the end
STARTUP = 60  # seconds that a web process may take to come up
HUNG = 30  # seconds without a sign of life after which one is ended; a busy machine needs more than uvicorn's five
KEPT_ALIVE = (
    130  # seconds that an idle connection stays: longer than a proxy keeps it (Caddy two minutes), so that no form
)
# is sent into a connection that we are about to close
MOST_FILES = 65_536
LARGE_BLOCK = 256 * 1024  # bytes
M_MMAP_THRESHOLD = -3  # of malloc.h

TAKEN = """\
Port {port} on {host} is taken: another program, or an incubator that still runs, listens there.
Stop it, or choose another port:  PORT={next} incubator run   (or PORT={next} make run)"""
FORBIDDEN = """\
Port {port} is kept for root. Choose one above 1023:  PORT=8000 incubator run
(and let a reverse proxy listen on the well-known port)"""
NO_ADDRESS = """\
Can't listen on HOST={host}: {reason}.
Use 127.0.0.1 (this machine only), 0.0.0.0 (every network), or an address of this machine."""
NOT_STARTED = "The web application did not start; the reason is above."


class ServingError(OperatorError):
    """Nothing can be served."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens from now on, so that nobody else gets the port while the rest starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((host, port), family=family, backlog=2048, dualstack_ipv6=both)
    except OSError as error:
        text = {errno.EADDRINUSE: TAKEN, errno.EACCES: FORBIDDEN}.get(error.errno or 0, NO_ADDRESS)
        reason = error.strerror or str(error)
        raise ServingError(text.format(host=host, port=port, next=port % 65535 + 1, reason=reason)) from error


def serve(listener: socket.socket, words: Settings, ready: Callable[[], None]) -> None:
    """Serve until a signal ends it; `ready` is called once, when every web process takes requests."""
    config = uvicorn.Config(
        "incubator.serving:application",
        factory=True,
        workers=words.workers,
        lifespan="on",
        ws="none",
        log_config=LOGGING,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=words.trusted_proxies,
        timeout_graceful_shutdown=FAREWELL,
        timeout_keep_alive=KEPT_ALIVE,
        timeout_worker_healthcheck=HUNG,
    )
    if words.workers == 1:
        _Single(config, ready).run(sockets=[listener])
    else:
        _Several(config, listener, ready).run()


def application() -> "ASGIApp":
    """The application of one web process, which ends with the process that started it."""
    from incubator.app import create_app  # here: only the web processes pay for it

    _let_memory_go()
    raise_file_limit()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=[parent], daemon=True).start()
    return create_app()


def _let_memory_go() -> None:
    """Give large blocks back to the system as soon as they are free.

    glibc counts as large what is larger than the largest block it has seen come back so far. One password's hash takes
    19 MiB, so after the first sign-in each hashing thread would keep that much for good. A size that is set stays.
    """
    with contextlib.suppress(OSError, AttributeError):  # no glibc
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)


def raise_file_limit() -> None:
    """As many open files as the system lets us have: each live page is one, and the usual limit of 1,024 is soon reached."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _end_after(parent: Any) -> None:
    parent.join()  # returns when the parent has gone, even by kill -9
    os.kill(os.getpid(), signal.SIGTERM)


class _Single(uvicorn.Server):
    """One web process: this one."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        try:
            await super().startup(sockets)
        except SystemExit as error:
            raise ServingError(NOT_STARTED) from error
        self.ready()


class _Several(Multiprocess):
    """Watches over several web processes."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, ready: Callable[[], None]) -> None:
        super().__init__(config, [listener])
        self.ready = ready

    def init_processes(self) -> None:
        """Start all, then say so."""
        super().init_processes()
        self._hold_one_end()
        if all(process.wait_until_ready(STARTUP) for process in self.processes):
            self.ready()

    def keep_subprocess_alive(self) -> None:
        """Replace what has ended or hangs."""
        super().keep_subprocess_alive()
        self._hold_one_end()

    def _hold_one_end(self) -> None:
        """Close our copy of a process's end of the pipe that asks it for a sign of life.

        While that stays open, one that dies between question and answer is waited for as long as one that hangs.
        """
        for process in self.processes:
            process.child_conn.close()

    def run(self) -> None:
        """Until a signal ends it, or a web process can't start."""
        super().run()
        if not self.ended:
            raise ServingError(NOT_STARTED)

    ended = False

    def handle_int(self) -> None:
        """An end that was asked for."""
        self.ended = True
        super().handle_int()

    def handle_term(self) -> None:
        """The same."""
        self.ended = True
        super().handle_term()

    def handle_hup(self) -> None:
        """The terminal was closed: the same again."""
        self.handle_term()
