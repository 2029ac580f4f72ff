"""Reading people: the viewer with all he holds, names for ids, and what the pages of this feature show."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one, fetch_value
from incubator.foundation.refusals import NotFound
from incubator.people import places
from incubator.people.rights import Grant, Interest, Role, Scope, Standing, Viewer
from incubator.people.rules import SEE_PEOPLE, Invitation, plain_code, standing_in, standing_to
from incubator.settings import settings

HOLDS = """
  (SELECT coalesce(json_agg(json_build_array(g.role, g.scope, g.scope_id, g.cohort)), '[]')
     FROM role_grant g WHERE g.person = p.id AND g.revoked_at IS NULL) AS grants,
  (SELECT coalesce(json_agg(json_build_array(c.cohort, c.team)), '[]')
     FROM conflict_of_interest c WHERE c.person = p.id AND c.lifted_at IS NULL) AS interests
"""
VIEWER = f"SELECT p.id, p.name, p.email, p.locale, p.time_zone, p.demo, p.first_steps, {HOLDS} FROM person p"


def viewer_of(row: Mapping[str, Any], now: datetime, **more: Any) -> Viewer:
    """A viewer from a row of `person` with the columns of HOLDS."""
    return Viewer(
        id=row["id"], name=row["name"], email=row["email"], locale=row["locale"], time_zone=row["time_zone"],
        demo=row["demo"], first_steps=row["first_steps"], now=now, grants=_grants(row["grants"]), interests=_interests(row["interests"]), **more,
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


async def reset_of(token: str) -> str | None:
    """The address whose password a reset link changes, or None when it was used or has run out."""
    email: str | None = await fetch_value(
        "SELECT p.email FROM password_reset r JOIN person p ON p.id = r.person WHERE r.token_hash = $1"
        " AND r.used_at IS NULL AND r.expires_at > now() AND p.deactivated_at IS NULL",
        token_fingerprint(token),
    )
    return email


# Standing to people and programmes


PROGRAMMES_OF = """
SELECT g.scope_id AS programme FROM role_grant g
  WHERE g.person = $1 AND g.scope = 'programme' AND g.revoked_at IS NULL
UNION
SELECT c.programme FROM role_grant g JOIN cohort c ON c.id = g.cohort OR g.scope = 'cohort' AND c.id = g.scope_id
  WHERE g.person = $1 AND g.revoked_at IS NULL
"""


async def standing_with(viewer: Viewer, person: UUID) -> Standing:
    """How a viewer stands to a person: organisers know those who take part in their programmes."""
    if not viewer.places(Role.ORGANISER, Scope.PROGRAMME):
        return standing_to(viewer, ())
    # One statement, whether the person is known or not: an unknown one must cost a refused viewer the same.
    return standing_to(viewer, [row["programme"] for row in await fetch(PROGRAMMES_OF, person)])


def standing_anywhere(viewer: Viewer) -> Standing:
    """How a viewer stands to the accounts of the installation as a whole."""
    return standing_to(viewer, viewer.places(Role.ORGANISER, Scope.PROGRAMME))


async def standing_in_programme(viewer: Viewer, programme: UUID) -> Standing:
    """How a viewer stands to a programme; NotFound when there is none."""
    if await places.place(programme) is None:
        raise NotFound
    return standing_in(viewer, await places.family(programme))


# Pages


@dataclass(frozen=True, slots=True)
class Welcome:
    """The page of an invitation: who invites, to what; the place is empty for the platform."""

    offered: Invitation
    inviter: str
    place: str


async def welcome(offered: Invitation) -> Welcome:
    """What the page of an invitation says."""
    inviter = (await names([offered.invited_by])).get(offered.invited_by, "") if offered.invited_by else ""
    place = await places.place(offered.scope_id)
    cohort = await places.place(offered.cohort)
    told = [each.name for each in (place, cohort) if each is not None]
    return Welcome(offered, inviter, " · ".join(dict.fromkeys(told)))


async def look_of(person: UUID) -> str:
    """How pages look to a person, as it is kept in the cookie of that name; "" for as they are."""
    look: str = await fetch_value("SELECT display FROM person WHERE id = $1", person) or ""
    return look


async def nobody_yet() -> bool:
    """Whether the installation is empty, so that it has to be set up first."""
    return not await fetch_value("SELECT EXISTS (SELECT FROM person)")


async def employer_of(person: UUID) -> str:
    """Where a person works, as he said himself."""
    employer: str = await fetch_value("SELECT employer FROM person WHERE id = $1", person)
    return employer


async def open_sessions(person: UUID) -> int:
    """In how many browsers a person is signed in."""
    count: int = await fetch_value("SELECT count(*) FROM session WHERE person = $1 AND expires_at > now()", person)
    return count


@dataclass(frozen=True, slots=True)
class Held:
    """A role as a page names it."""

    role: Role
    place: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person in the administrator's list."""

    id: UUID
    name: str
    email: str
    created_at: datetime
    deactivated_at: datetime | None
    erased_at: datetime | None
    has_password: bool
    seen_at: datetime | None
    deletion_asked_at: datetime | None
    roles: tuple[Held, ...]


PEOPLE_SHOWN = 50
ERASURE_ASKED = """
(SELECT CASE e.verb WHEN 'person.deletion_asked' THEN e.at END FROM journal_entry e
 WHERE e.actor = p.id AND e.verb IN ('person.deletion_asked', 'person.deletion_recalled') ORDER BY e.id DESC LIMIT 1)
"""
"""Since when somebody (`p`) asks to be erased; NULL if he doesn't, or has taken it back."""
PEOPLE = f"""
SELECT p.id, p.name, p.email, p.created_at, p.deactivated_at, p.erased_at, p.password_hash IS NOT NULL AS has_password,
  (SELECT max(s.seen_at) FROM session s WHERE s.person = p.id) AS seen_at,
  {ERASURE_ASKED} AS deletion_asked_at,
  (SELECT coalesce(json_agg(json_build_array(g.role, g.scope_id) ORDER BY g.granted_at), '[]')
     FROM role_grant g WHERE g.person = p.id AND g.revoked_at IS NULL) AS roles
FROM person p
"""


async def people(search: str) -> list[PersonRow]:
    """People whose name or address holds the words, by name; when nothing is searched for, who asks to be erased, then the
    newest.
    """
    found = " AND ".join(f"(p.name ILIKE ${n} OR p.email ILIKE ${n})" for n, _ in enumerate(_patterns(search), 1))
    where, order = (
        (f"WHERE {found}", "p.name, p.id")
        if found
        else ("", f"(p.erased_at IS NULL AND {ERASURE_ASKED} IS NOT NULL) DESC, p.created_at DESC, p.id")
    )
    rows = await fetch(f"{PEOPLE} {where} ORDER BY {order} LIMIT {PEOPLE_SHOWN}", *_patterns(search))
    return await _person_rows(rows)


async def erasure_asked(person_id: UUID) -> datetime | None:
    """Since when this person asks to be erased."""
    found: datetime | None = await fetch_value(f"SELECT {ERASURE_ASKED} FROM person p WHERE p.id = $1", person_id)
    return found


def _patterns(search: str) -> list[str]:
    words = search.split()[:5]
    escaped = (word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in words)
    return [f"%{word}%" for word in escaped]


async def _person_rows(rows: Iterable[Mapping[str, Any]]) -> list[PersonRow]:
    held = {row["id"]: [(Role(role), _uuid(where)) for role, where in json.loads(row["roles"])] for row in rows}
    known = await places.places(where for roles in held.values() for _, where in roles)
    return [
        PersonRow(
            row["id"], row["name"], row["email"], row["created_at"], row["deactivated_at"], row["erased_at"], row["has_password"],
            row["seen_at"], row["deletion_asked_at"], tuple(Held(role, _name(known, where)) for role, where in held[row["id"]]),
        )
        for row in rows
    ]  # fmt: skip


def _name(known: Mapping[UUID, places.Place], where: UUID | None) -> str:
    place = known.get(where) if where is not None else None
    return place.name if place is not None else ""


async def person(viewer: Viewer, person_id: UUID) -> PersonRow:
    """One account for the administrator; to who has no business with it there is none."""
    rows = await fetch(f"{PEOPLE} WHERE p.id = $1", person_id)
    (await standing_with(viewer, person_id)).need(SEE_PEOPLE)
    if not rows:
        raise NotFound
    return (await _person_rows(rows))[0]
