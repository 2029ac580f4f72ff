"""What is kept about a person, for that person (law 152-FZ, article 14): each feature adds its part.

own_data.register("letters", letters_to)   # async (person id) -> rows or a mapping that JSON can hold
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch
from incubator.people import places

Part = Callable[[UUID], Awaitable[Any]]
PARTS: dict[str, Part] = {}

ACCOUNT = "SELECT email, name, locale, time_zone, created_at, demo FROM person WHERE id = $1"
ROLES = "SELECT role, scope, scope_id, granted_at, revoked_at FROM role_grant WHERE person = $1 ORDER BY granted_at, id"
CONFLICTS = (
    "SELECT team, reason, declared_at, lifted_at, lift_reason FROM conflict_of_interest WHERE person = $1"
    " ORDER BY declared_at, id"
)
SESSIONS = "SELECT created_at, seen_at, expires_at FROM session WHERE person = $1 ORDER BY created_at"
INVITATIONS = (
    "SELECT i.role, i.scope, i.scope_id, i.created_at, i.accepted_at, i.revoked_at FROM invitation i"
    " JOIN person p ON p.email = i.email WHERE p.id = $1 ORDER BY i.created_at, i.id"
)
ACTS = "SELECT at, verb FROM journal_entry WHERE actor = $1 ORDER BY id"


def register(name: str, part: Part) -> None:
    """Add a feature's part under its name."""
    PARTS[name] = part


async def everything(person: UUID) -> str:
    """All parts as JSON, indented so that it can be read."""
    parts = {name: await part(person) for name, part in PARTS.items()}
    return json.dumps(parts, default=str, ensure_ascii=False, indent=1)


def _rows(sql: str) -> Part:
    async def part(person: UUID) -> list[dict[str, Any]]:
        return [dict(row) for row in await fetch(sql, person)]

    return part


def _placed(sql: str, column: str) -> Part:
    """Rows in which a programme, cohort or team is named, with its name."""

    async def part(person: UUID) -> list[dict[str, Any]]:
        rows = await fetch(sql, person)
        known = await places.places(row[column] for row in rows)
        return [{**row, "place": known[row[column]].name if row[column] in known else ""} for row in rows]

    return part


register("account", _rows(ACCOUNT))
register("roles", _placed(ROLES, "scope_id"))
register("conflicts of interest", _placed(CONFLICTS, "team"))
register("invitations", _placed(INVITATIONS, "scope_id"))
register("sessions", _rows(SESSIONS))
register("acts", _rows(ACTS))
