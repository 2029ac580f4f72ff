"""The negative control: with the guards patched to allow, the matrix must notice nearly every refusal that is gone.

The figure is printed (run with -s). What stays refused is refused by more than the guard: a query that finds only one's
own, a state that nothing leads out of.
"""

import sys
from typing import Any

import pytest
from litestar import Request

from incubator.people import queries, rights, sessions
from rights.matrix import lines
from rights.trial import CALLS, cells

ENOUGH = 0.95
LINES = lines("matrix.txt") + lines("more.txt")


def allow(*_args, **_more):
    """Everything goes."""


@pytest.fixture
def unguarded(hall, monkeypatch):
    """The application without its guard: under every name by which a module knows it, and with the front door open."""
    guard = rights.guard
    for name, module in list(sys.modules.items()):
        if name.startswith("incubator") and getattr(module, "guard", None) is guard:
            monkeypatch.setattr(module, "guard", allow)
    stranger = hall.begun.people["stranger"].id

    async def anybody(request: Request[Any, Any, Any]) -> rights.Viewer:
        return request.scope["state"].get("viewer") or await queries.viewer_for(stranger, await queries.clock())

    async def nobody_asks(*_):
        return None

    monkeypatch.setattr(sessions, "provide_viewer", anybody)
    monkeypatch.setattr(sessions, "only_signed_in", nobody_asks)
    from incubator.app import create_app

    app, hall.app = hall.app, create_app()
    yield
    hall.app = app


async def test_without_the_guard_the_matrix_fails(hall, trial, unguarded):
    refused, noticed, kept = 0, 0, []
    tried = sorted(((line, call) for line in LINES for call in CALLS.get(line.key, ())), key=lambda each: each[1].at)
    for line, call in tried:
        await hall.at(call.at)
        with hall.inside():
            for each, role, letter in cells(line):
                if each is call and letter != "A":
                    refused += 1
                    faults = await trial.cell(line, call, role, letter)
                    noticed += bool(faults)
                    if not faults:
                        kept.append(f"{role} {letter} {call.method} {call.path} in {call.at}")
    print(f"\nwithout the guard {noticed} of {refused} refusals fail: {noticed / refused:.1%}")
    assert noticed / refused >= ENOUGH, "\n".join(kept)
