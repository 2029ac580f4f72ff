"""What devices of jurors send, exactly once: a page that lost the line sends again under the same number.

A device gives a number to all that it sends. What was recorded under a number is kept beside it, so that the same sent
again, in whatever order and after whatever breakdown, changes nothing and gets the same receipt.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, Refused
from incubator.jury.rules import SheetState
from incubator.jury.sheets.actions import Saved
from incubator.people.rights import Viewer

MOST_DOUBTS = 20
ANOTHER_BODY = Message("Something else was sent under this number before. Reload the page and try again.")
ASIDE = frozenset({"request", "after"})
"""Fields that are no part of what was written."""


@dataclass(frozen=True, slots=True)
class Sending:
    """Under what number something was sent, and the hash of it.

    `after` are the numbers of what the same device sent before and had no answer to: whichever of them was recorded, it
    is no clash with this.
    """

    request: UUID
    body: bytes
    after: tuple[UUID, ...] = ()


def fingerprint(project_id: UUID, pairs: Iterable[tuple[str, str]]) -> bytes:
    """The hash of what was written about a project, as fields; hidden ones of ours begin with an underscore."""
    written = sorted(pair for pair in pairs if not pair[0].startswith("_") and pair[0] not in ASIDE)
    return hashlib.sha256(json.dumps([str(project_id), written]).encode()).digest()


Write = Callable[[int], Awaitable[Saved]]

TOLD = """
SELECT e.id AS seat, s.id AS sheet, q.sheet AS of_sheet, q.body, q.version, q.state, q.total, q.at, q.receipt
FROM seat e JOIN score_sheet s ON s.seat = e.id AND s.project = $2
LEFT JOIN score_request q ON q.seat = e.id AND q.request = $4 WHERE e.round = $1 AND e.person = $3
"""
KEEP = """
INSERT INTO score_request (id, seat, request, sheet, body, version, state, total, at, receipt)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
"""
OWN = "SELECT true FROM score_request WHERE sheet = $1 AND version = $2 AND request = ANY($3::uuid[]) LIMIT 1"


async def once(viewer: Viewer, where: tuple[UUID, UUID], sending: Sending, expected: int, write: Write) -> Saved:
    """Record something exactly once; `where` is round and project, `write` gets the version to expect.

    The same number again gives what was recorded then, also after the lock. Raises Refused when something else came
    under this number, and whatever `write` raises.
    """
    async with DB.transaction():
        row = await fetch_one(TOLD, *where, viewer.id, sending.request)
        if row is None:
            return await write(expected)
        if row["body"] is not None:
            return _answer(row, sending)
        try:
            saved = await write(expected)
        except Clash as clash:
            again = await fetch_one(TOLD, *where, viewer.id, sending.request)
            if again is not None and again["body"] is not None:  # twice at one moment, and this one second
                return _answer(again, sending)
            saved = await write(await _own_version(clash, sending, row["sheet"]))
        await execute(
            KEEP, new_id(), row["seat"], sending.request, row["sheet"], sending.body, saved.version, saved.state,
            saved.total, saved.at, bytes.fromhex(saved.receipt),
        )  # fmt: skip
        return saved


async def _own_version(clash: Clash, sending: Sending, sheet: UUID) -> int:
    """The version that is recorded, if it is the same device's or says the same; else the clash stands."""
    version = int(str(clash.context["version"]))
    same = clash.context["recorded"] == clash.context["sent"]
    if same or (sending.after and await fetch_value(OWN, sheet, version, list(sending.after))):
        return version
    raise clash


def _answer(row: Mapping[str, Any], sending: Sending) -> Saved:
    if row["body"] != sending.body or row["of_sheet"] != row["sheet"]:
        raise Refused(ANOTHER_BODY)
    return Saved(row["version"], SheetState(row["state"]), row["total"], row["at"], row["receipt"].hex())
