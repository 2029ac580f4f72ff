"""Reading people: the viewer with all he holds, names for ids, and what the pages of this feature show."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one, fetch_value
from incubator.foundation.refusals import NotFound
from incubator.people.rights import Grant, Interest, Role, Scope, Viewer
from incubator.people.rules import Invitation, plain_code
from incubator.settings import settings

HOLDS = """
  (SELECT coalesce(json_agg(json_build_array(g.role, g.scope, g.scope_id, g.cohort)), '[]')
     FROM role_grant g WHERE g.person = p.id AND g.revoked_at IS NULL) AS grants,
  (SELECT coalesce(json_agg(json_build_array(c.cohort, c.team)), '[]')
     FROM conflict_of_interest c WHERE c.person = p.id AND c.lifted_at IS NULL) AS interests
"""
VIEWER = f"SELECT p.id, p.name, p.email, p.locale, p.time_zone, {HOLDS} FROM person p"  # noqa: S608  (a constant)


def viewer_of(row: Mapping[str, Any], now: datetime, **more: Any) -> Viewer:
    """A viewer from a row of `person` with the columns of HOLDS."""
    return Viewer(
        id=row["id"], name=row["name"], email=row["email"], locale=row["locale"], time_zone=row["time_zone"],
        now=now, grants=_grants(row["grants"]), interests=_interests(row["interests"]), **more,
    )  # fmt: skip


def _grants(text: str) -> frozenset[Grant]:
    return frozenset(
        Grant(Role(role), Scope(scope), _uuid(where), _uuid(cohort)) for role, scope, where, cohort in json.loads(text)
    )


def _interests(text: str) -> frozenset[Interest]:
    return frozenset(Interest(UUID(cohort), UUID(team)) for cohort, team in json.loads(text))


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


async def viewer_for(person: UUID, now: datetime) -> Viewer:
    """A person as a viewer at a chosen moment, without a session: for jobs, the demo and tests."""
    row = await fetch_one(f"{VIEWER} WHERE p.id = $1 AND p.deactivated_at IS NULL", person)
    if row is None:
        raise NotFound
    return viewer_of(row, now)


async def names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Names of people by id, in one statement; unknown ids and None are left out."""
    wanted = list({each for each in ids if each is not None})
    rows = await fetch("SELECT id, name FROM person WHERE id = ANY($1)", wanted) if wanted else []
    return {row["id"]: row["name"] for row in rows}


async def clock() -> datetime:
    """PostgreSQL's time, for those who come without a session; everybody else has `viewer.now`."""
    now: datetime = await fetch_value("SELECT now()")
    return now


async def grants_of(person: UUID) -> frozenset[Grant]:
    """Every role that a person holds."""
    rows = await fetch(
        "SELECT role, scope, scope_id, cohort FROM role_grant WHERE person = $1 AND revoked_at IS NULL", person
    )
    return frozenset(Grant(Role(r["role"]), Scope(r["scope"]), r["scope_id"], r["cohort"]) for r in rows)


def token_fingerprint(token: str) -> bytes:
    """What is kept of a link's or a session's token."""
    return hashlib.sha256(token.encode()).digest()


def code_fingerprint(code: str) -> bytes:
    """What is kept of a printed code: its letters are too few for a hash without a key."""
    return hmac.new(settings().secret("printed code"), code.encode(), hashlib.sha256).digest()


INVITATION = """
SELECT i.*, p.id AS person, p.password_hash IS NOT NULL AS has_password, p.deactivated_at IS NOT NULL AS deactivated
FROM invitation i LEFT JOIN person p ON p.email = i.email WHERE i.token_hash = $1 OR i.code_hash = $2
"""


async def invitation(key: str, *, lock: bool = False) -> Invitation:
    """The invitation of a link's token or of a printed code, in whatever state; `lock` for who is going to accept it."""
    row = await fetch_one(
        INVITATION + ("FOR UPDATE OF i" if lock else ""), token_fingerprint(key), code_fingerprint(plain_code(key))
    )
    if row is None:
        raise NotFound
    return Invitation(
        id=row["id"], email=row["email"], name=row["name"], role=Role(row["role"]), scope=Scope(row["scope"]),
        scope_id=row["scope_id"], cohort=row["cohort"], position=row["position"], time_zone=row["time_zone"],
        invited_by=row["invited_by"], expires_at=row["expires_at"], accepted_at=row["accepted_at"],
        revoked_at=row["revoked_at"], person=row["person"], has_password=bool(row["has_password"]),
        deactivated=bool(row["deactivated"]),
    )  # fmt: skip
