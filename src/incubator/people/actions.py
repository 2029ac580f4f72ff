"""Roles: offering, giving and taking them, conflicts of interest, and accounts that others make.

What a person does to his own account is in `accounts.py`.
"""

import secrets
from datetime import datetime
from uuid import UUID

from incubator.foundation.database import execute, fetch_value, new_id
from incubator.foundation.i18n import DEFAULT_LOCALE, MOSCOW, Message
from incubator.foundation.owner import owner
from incubator.foundation.refusals import NotFound, Refused
from incubator.people import passwords, places, queries
from incubator.people.rights import Grant, Role, Scope
from incubator.people.rules import CODE_LENGTH, CODE_LETTERS, INVITATION_LASTS, Offer, clash, printed_code

# Accounts


async def ensure_person(
    email: str, name: str, at: datetime, *, demo: bool = False, time_zone: str = MOSCOW, locale: str = DEFAULT_LOCALE
) -> UUID:
    """A step: the account of an address, made without a password if there is none yet."""
    await execute(
        "INSERT INTO person (id, email, name, locale, time_zone, created_at, demo) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (email) DO NOTHING",
        new_id(), email.lower(), name, locale, time_zone, at, demo,
    )  # fmt: skip
    person: UUID = await fetch_value("SELECT id FROM person WHERE email = $1", email.lower())
    return person


async def set_password(person: UUID, password: str) -> None:
    """A step: give an account a password (the demo, tests); hashes off the event loop."""
    await execute("UPDATE person SET password_hash = $2 WHERE id = $1", person, await passwords.hashed(password))


# Roles


async def offer_role(
    viewer_id: UUID | None,
    *,
    email: str,
    name: str,
    role: Role,
    scope: Scope,
    scope_id: UUID | None,
    cohort: UUID | None,
    position: str = "",
    at: datetime,
    time_zone: str = "",
) -> Offer:
    """A step: invite an address to a role; an earlier open offer of the same is withdrawn.

    The action records `person.invited` with `subject=offer.invitation_id` and `aside={"offer": offer}`: the letter.
    """
    email = email.lower()
    await _refuse_clash_of(email, Grant(role, scope, scope_id, cohort))
    await execute(
        "UPDATE invitation SET revoked_at = $5 WHERE email = $1 AND role = $2 AND scope = $3"
        " AND scope_id IS NOT DISTINCT FROM $4 AND accepted_at IS NULL AND revoked_at IS NULL",
        email, role, scope, scope_id, at,
    )  # fmt: skip
    offer = Offer(
        new_id(), secrets.token_urlsafe(32), "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    )
    await execute(
        "INSERT INTO invitation (id, email, name, role, scope, scope_id, cohort, position, time_zone, token_hash,"
        " code_hash, invited_by, created_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        offer.invitation_id, email, name, role, scope, scope_id, cohort, position, time_zone or owner().time_zone,
        queries.token_fingerprint(offer.token), queries.code_fingerprint(offer.code), viewer_id, at, at + INVITATION_LASTS,
    )  # fmt: skip
    return Offer(offer.invitation_id, offer.token, printed_code(offer.code))


async def _refuse_clash_of(email: str, grant: Grant) -> None:
    person = await fetch_value("SELECT id FROM person WHERE email = $1 AND deactivated_at IS NULL", email)
    if person is not None:
        await _refuse_clash(person, grant)


async def _refuse_clash(person: UUID, offered: Grant) -> None:
    """Raise Refused when the role excludes one that the person holds."""
    family = frozenset[UUID]()
    if offered.role in {Role.JUROR, Role.ORGANISER}:
        place = await places.place(offered.where)
        family = await places.family(place.programme) if place else family
    if reason := clash(await queries.grants_of(person), offered, family=family):
        raise Refused(reason)


async def give_role(
    person_id: UUID,
    role: Role,
    scope: Scope,
    scope_id: UUID | None,
    *,
    cohort: UUID | None,
    by: UUID | None,
    at: datetime,
) -> UUID:
    """A step: a person holds a role from now on; the grant he has already if he holds it. Roles that exclude it refuse."""
    if not await fetch_value("SELECT true FROM person WHERE id = $1 AND deactivated_at IS NULL FOR UPDATE", person_id):
        raise NotFound
    await _refuse_clash(person_id, Grant(role, scope, scope_id, cohort))
    await execute(
        "INSERT INTO role_grant (id, person, role, scope, scope_id, cohort, granted_at, granted_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        new_id(), person_id, role, scope, scope_id, cohort, at, by,
    )  # fmt: skip
    grant: UUID | None = await fetch_value(
        "SELECT id FROM role_grant WHERE person = $1 AND role = $2 AND scope = $3"
        " AND scope_id IS NOT DISTINCT FROM $4 AND revoked_at IS NULL",
        person_id, role, scope, scope_id,
    )  # fmt: skip
    if grant is None:  # the other unique index: a team has one lead
        raise Refused(Message("The team has a lead already. Transfer the lead instead."))
    return grant


async def take_role(grant_id: UUID, by: UUID | None, at: datetime) -> bool:
    """A step: end a role; False when it has ended already. Counts from the person's next request."""
    ended = await execute(
        "UPDATE role_grant SET revoked_at = $2, revoked_by = $3 WHERE id = $1 AND revoked_at IS NULL", grant_id, at, by
    )
    return ended > 0


async def withdraw_offer(invitation_id: UUID, at: datetime) -> bool:
    """A step: an invitation can't be accepted any more; False when it was accepted or withdrawn before."""
    ended = await execute(
        "UPDATE invitation SET revoked_at = $2 WHERE id = $1 AND accepted_at IS NULL AND revoked_at IS NULL",
        invitation_id, at,
    )  # fmt: skip
    return ended > 0


# Conflicts of interest


async def declare_conflict(
    person: UUID, *, cohort: UUID, team: UUID, reason: str, by: UUID, at: datetime, source: str = "declared"
) -> UUID:
    """A step: a person must not judge a team from now on; the conflict that stands already if there is one."""
    await execute(
        "INSERT INTO conflict_of_interest (id, person, cohort, team, reason, declared_at, declared_by, lift_reason,"
        " source) VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8) ON CONFLICT DO NOTHING",
        new_id(), person, cohort, team, reason, at, by, source,
    )  # fmt: skip
    conflict: UUID = await fetch_value(
        "SELECT id FROM conflict_of_interest WHERE person = $1 AND team = $2 AND lifted_at IS NULL", person, team
    )
    return conflict


async def lift_conflict(conflict_id: UUID, *, reason: str, by: UUID, at: datetime) -> bool:
    """A step: an organiser found that there is no conflict; it stays on record. False when it was lifted before."""
    lifted = await execute(
        "UPDATE conflict_of_interest SET lifted_at = $2, lifted_by = $3, lift_reason = $4"
        " WHERE id = $1 AND lifted_at IS NULL",
        conflict_id, at, by, reason,
    )  # fmt: skip
    return lifted > 0
