"""Argon2id in two threads, never on the event loop; who comes when the queue is full is asked to come again.

Parameters: OWASP Password Storage cheat sheet (19 MiB, two passes, one lane). About 25 ms of one core.
"""

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Refusal

THREADS = 2
NICENESS = 10
LONGEST_QUEUE = 60  # hashes; with two threads about a second of waiting

T = TypeVar("T")

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
waiting = 0


def _give_way() -> None:
    """Let pages go first: whoever signs in waits a little longer, nobody else waits for him."""
    if sys.platform == "linux":  # where a thread may be nicer than its process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


POOL = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2", initializer=_give_way)


class Crowded(Refusal):
    """503: more people sign in at once than passwords can be checked."""

    status = 503
    retry_after = 2

    def __init__(self) -> None:
        super().__init__(Message("Many people are signing in right now. Try again in a few seconds."))


async def hashed(password: str) -> str:
    """What is kept of a password."""
    return await _in_pool(lambda: HASHER.hash(password))


async def matches(password: str, known: str | None) -> bool:
    """Whether this is the password; the same work for an account that has none, or that does not exist."""
    return await _in_pool(lambda: _verify(known or _nobody(), password) and known is not None)


def outdated(known: str) -> bool:
    """Whether a hash was made with other parameters than ours and should be made anew."""
    return HASHER.check_needs_rehash(known)


def _verify(known: str, password: str) -> bool:
    try:
        return HASHER.verify(known, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """The hash of a password that nobody knows."""
    return HASHER.hash(secrets.token_hex(16))


async def _in_pool(work: Callable[[], T]) -> T:
    global waiting  # noqa: PLW0603  (one queue for the process, counted on its one event loop)
    if waiting >= LONGEST_QUEUE:
        raise Crowded
    waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(POOL, work)
    finally:
        waiting -= 1
