"""Registering teams, and who comes into them and leaves; what is done with the problem case is in `writing.py`.

Every change of who is in a team holds the team's row, so that counts and "exactly one lead" are judged one after another.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.refusals import NotFound, Refused
from incubator.journal.actions import Audience, Entry, reads, record
from incubator.people.actions import give_role, offer_role, take_role, withdraw_offer
from incubator.people.rights import Right, Role, Scope, Viewer
from incubator.people.rules import Invitation, Offer
from incubator.programmes.blueprint import Position
from incubator.programmes.queries import cohort_for, lock_cohort
from incubator.programmes.rules import CohortRef
from incubator.teams import queries
from incubator.teams.municipalities import MunicipalityFacts
from incubator.teams.queries import Contact, Member, limits_of, team_for
from incubator.teams.rules import (
    ALREADY_REGISTERED,
    EXPORT_CONTACTS,
    HAS_LEAD,
    INVITATION_GONE,
    INVITE_MEMBER,
    INVITED_ALREADY,
    LAST_TO_LEAVE,
    LEAD_HAS_CHANGED,
    LEADS_ALREADY,
    MEMBER_ALREADY,
    NAME_TAKEN,
    NOT_A_MEMBER,
    REGISTER_TEAM,
    REMOVE_MEMBER,
    TRANSFER_LEAD,
    VIEW_CONTACTS,
    Invitee,
    Registration,
    TeamRef,
    closed_for_changes,
    may_register,
    no_place,
    not_eligible,
    team_frozen,
    team_full,
)

# What features above do when a team has come: steps, called with the team's id and the moment.
ON_REGISTERED: list[Callable[[UUID, datetime], Awaitable[None]]] = []


# Registering


async def register_team(viewer: Viewer, cohort_id: UUID, registration: Registration) -> UUID:
    """Register a team, one's own after an invitation to the cohort, or as an organiser one whose lead is invited.

    The new id. Raises Refused when the cohort is not open, has no place left, or the name is taken.
    """
    async with DB.transaction():
        await lock_cohort(cohort_id)
        cohort = await cohort_for(viewer, cohort_id)
        own = registration.lead is None and may_register(viewer, cohort)
        if not own:
            cohort.standing.need(REGISTER_TEAM)
        await _refuse_registration(cohort, registration)
        team_id = await _create(cohort, registration, viewer.now)
        if own:
            await _lead_own(viewer, cohort, team_id, registration)
        for follow in ON_REGISTERED:
            await follow(team_id, viewer.now)
        await record(
            "team.registered", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=cohort.id, team=team_id,
            subject=team_id, name=registration.team_name,
        )  # fmt: skip
        if registration.lead is not None:
            await _offer(viewer, await team_for(viewer, team_id), registration.lead)
    return team_id


async def _refuse_registration(cohort: CohortRef, registration: Registration) -> None:
    limits = await limits_of(cohort.id)
    taken = await fetch_value("SELECT count(*) FROM team WHERE cohort = $1 AND withdrawn_at IS NULL", cohort.id)
    position = registration.lead.position if registration.lead else registration.position
    reason = (
        closed_for_changes(cohort.state)
        or no_place(limits, taken)
        or (not_eligible(limits, position) if position else None)
    )
    if reason:
        raise Refused(reason)


async def _create(cohort: CohortRef, registration: Registration, at: datetime) -> UUID:
    team_id = new_id()
    municipality = await municipality_of(registration.municipality, demo=cohort.demo)
    made = await execute(
        "INSERT INTO team (id, cohort, municipality, name, registered_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT DO NOTHING",
        team_id, cohort.id, municipality, registration.team_name, at,
    )  # fmt: skip
    if not made:
        raise Refused(NAME_TAKEN)
    return team_id


async def municipality_of(facts: MunicipalityFacts, *, demo: bool) -> UUID:
    """A step: the municipality of a code; what is known of it already stands."""
    await execute(
        "INSERT INTO municipality (id, oktmo, name, kind, region, time_zone, demo) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (oktmo) DO NOTHING",
        new_id(), facts.oktmo, facts.name, facts.kind, facts.region, facts.time_zone, demo,
    )  # fmt: skip
    found: UUID = await fetch_value("SELECT id FROM municipality WHERE oktmo = $1", facts.oktmo)
    return found


async def _lead_own(viewer: Viewer, cohort: CohortRef, team_id: UUID, registration: Registration) -> None:
    """The invitation to the cohort as a lead is spent on this team."""
    invited = await fetch_value(
        "SELECT id FROM role_grant WHERE person = $1 AND role = 'team_lead' AND scope = 'cohort' AND scope_id = $2"
        " AND revoked_at IS NULL",
        viewer.id, cohort.id,
    )  # fmt: skip
    if invited is None:  # the request that came at the same time was quicker
        raise Refused(ALREADY_REGISTERED)
    await take_role(invited, viewer.id, viewer.now)
    grant = await _give(viewer.id, Role.TEAM_LEAD, team_id, cohort.id, viewer)
    await add_member(
        team_id, viewer.id, grant, registration.position or Position.OTHER, viewer.now, job_title=registration.job_title
    )


async def _give(person: UUID, role: Role, team_id: UUID, cohort: UUID, viewer: Viewer) -> UUID:
    return await give_role(person, role, Scope.TEAM, team_id, cohort=cohort, by=viewer.id, at=viewer.now)


# Members


async def add_member(
    team_id: UUID, person: UUID, grant: UUID, position: Position, at: datetime, *, job_title: str = ""
) -> UUID:
    """A step: a person whose role in the team is `grant` works in it from now on; refused when the team is full."""
    await hold(team_id)
    team = await fetch_one("SELECT cohort, withdrawn_at FROM team WHERE id = $1", team_id)
    if team is None:
        raise NotFound
    reason = team_frozen(team["withdrawn_at"]) or team_full(await limits_of(team["cohort"]), await _count(team_id), 0)
    if reason:
        raise Refused(reason)
    member = new_id()
    await execute(
        'INSERT INTO team_member (id, team, person, "grant", position, job_title, joined_at)'
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        member, team_id, person, grant, position, job_title, at,
    )  # fmt: skip
    return member


@reads("person.erased")
async def miss(entry: Entry) -> None:
    """A team reads in its journal why somebody isn't in it any more; who it was, only his pseudonym says."""
    for row in await fetch(
        "SELECT m.team, t.cohort FROM team_member m JOIN team t ON t.id = m.team WHERE m.person = $1 AND m.left_at = now()",
        entry.subject,
    ):
        await record("member.erased", by=entry.by, at=entry.at, audience=Audience.TEAM, cohort=row["cohort"],
                     team=row["team"], subject=entry.subject)  # fmt: skip


@reads("invitation.accepted")
async def welcome(entry: Entry) -> None:
    """Whoever accepts an invitation to a team is a member of it."""
    offered: Invitation = entry.aside["invitation"]
    if offered.scope is not Scope.TEAM or offered.role not in {Role.TEAM_LEAD, Role.PARTICIPANT}:
        return
    assert offered.scope_id is not None
    assert entry.by is not None
    position = Position(offered.position or Position.OTHER)
    await add_member(offered.scope_id, entry.by, entry.aside["grant"], position, entry.at)


async def invite_member(viewer: Viewer, team_id: UUID, invitee: Invitee) -> Offer:
    """Invite somebody to the team; `invitee.leads` only while it has no lead. Open invitations hold a place."""
    async with DB.transaction():
        team = await changing(viewer, team_id, INVITE_MEMBER)
        await _refuse_invitation(team, invitee, viewer.now)
        return await _offer(viewer, team, invitee)


async def _refuse_invitation(team: TeamRef, invitee: Invitee, now: datetime) -> None:
    page = await queries.members_page(team, now)
    reason = not_eligible(page.limits, invitee.position) or team_full(
        page.limits, len(page.members), len(page.invitations)
    )
    if any(invited.email == invitee.email for invited in page.invitations):
        reason = INVITED_ALREADY
    elif any(contact.email == invitee.email for contact in await queries.contacts(team.id)):
        reason = MEMBER_ALREADY
    elif invitee.leads and (page.lead or any(invited.leads for invited in page.invitations)):
        reason = HAS_LEAD
    if reason:
        raise Refused(reason)


async def _offer(viewer: Viewer, team: TeamRef, invitee: Invitee) -> Offer:
    role = Role.TEAM_LEAD if invitee.leads else Role.PARTICIPANT
    offer = await offer_role(
        viewer.id, email=invitee.email, name=invitee.name, role=role, scope=Scope.TEAM, scope_id=team.id,
        cohort=team.cohort, position=invitee.position, at=viewer.now, time_zone=team.time_zone,
    )  # fmt: skip
    await record(
        "person.invited", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=team.cohort, team=team.id,
        subject=offer.invitation_id, aside={"offer": offer}, role=role, position=invitee.position,
    )  # fmt: skip
    return offer


async def withdraw_invitation(viewer: Viewer, team_id: UUID, invitation_id: UUID) -> None:
    """Take back an invitation to the team that nobody has accepted."""
    async with DB.transaction():
        # Not holding the team: whoever accepts holds the invitation first and the team after it.
        team = await team_for(viewer, team_id)
        team.standing.need(INVITE_MEMBER)
        ours = await fetch_value(
            "SELECT true FROM invitation WHERE id = $1 AND scope = 'team' AND scope_id = $2 AND role = ANY($3)",
            invitation_id, team_id, queries.IN_TEAM,
        )  # fmt: skip
        if not ours:
            raise NotFound
        if not await withdraw_offer(invitation_id, viewer.now):
            raise Refused(INVITATION_GONE)
        await note(viewer, team, "invitation.withdrawn", invitation_id)


async def remove_member(viewer: Viewer, team_id: UUID, member_id: UUID) -> None:
    """Take somebody out of the team; it counts from his next request. The lead hands the lead over first."""
    async with DB.transaction():
        team = await changing(viewer, team_id, REMOVE_MEMBER)
        member = await member_of(team_id, member_id)
        if member.leads:
            raise Refused(LAST_TO_LEAVE)
        await execute("UPDATE team_member SET left_at = $2 WHERE id = $1", member_id, viewer.now)
        await take_role(await _grant_of(member_id), viewer.id, viewer.now)
        await note(viewer, team, "member.removed", member.person)


async def transfer_lead(viewer: Viewer, team_id: UUID, member_id: UUID, *, instead_of: UUID | None) -> None:
    """Make a member the lead and the lead a member. `instead_of` is the membership of the lead whom the viewer saw.

    Of two transfers at once the second finds another lead than it expected and is refused: there is always one.
    """
    async with DB.transaction():
        team = await changing(viewer, team_id, TRANSFER_LEAD)
        lead = next((each for each in await queries.members(team_id) if each.leads), None)
        if (lead.id if lead else None) != instead_of:
            raise Refused(LEAD_HAS_CHANGED)
        successor = await member_of(team_id, member_id)
        if successor.leads:
            raise Refused(LEADS_ALREADY)
        if lead is not None:
            await take_role(await _grant_of(lead.id), viewer.id, viewer.now)
        await _regrant(viewer, team, successor, Role.TEAM_LEAD)
        if lead is not None:
            await _regrant(viewer, team, lead, Role.PARTICIPANT)
        await note(viewer, team, "lead.transferred", successor.person)


async def _regrant(viewer: Viewer, team: TeamRef, member: Member, role: Role) -> None:
    """Another role in the same team."""
    await take_role(await _grant_of(member.id), viewer.id, viewer.now)
    grant = await _give(member.person, role, team.id, team.cohort, viewer)
    await execute('UPDATE team_member SET "grant" = $2 WHERE id = $1', member.id, grant)


# Contacts


async def look_up_contacts(viewer: Viewer, team_id: UUID) -> tuple[TeamRef, tuple[Contact, ...]]:
    """Addresses of the team's people; who looked is kept, for the people concerned (152-FZ)."""
    async with DB.transaction():
        team = await team_for(viewer, team_id)
        team.standing.need(VIEW_CONTACTS)
        await note(viewer, team, "contacts.viewed", team.id, audience=Audience.STAFF, live=False)
        return team, await queries.contacts(team_id)


async def export_contacts(viewer: Viewer, team_id: UUID, purpose: str) -> tuple[Contact, ...]:
    """The same, to be taken out of the system for a purpose that is kept."""
    async with DB.transaction():
        team = await team_for(viewer, team_id)
        team.standing.need(EXPORT_CONTACTS)
        await note(viewer, team, "contacts.exported", team.id, audience=Audience.STAFF, purpose=purpose)
        return await queries.contacts(team_id)


# What these have in common


async def changing(viewer: Viewer, team_id: UUID, right: Right) -> TeamRef:
    """A step: the team, held until the end of the transaction, which the viewer may change now."""
    await hold(team_id)
    team = await team_for(viewer, team_id)
    team.standing.need(right)
    if reason := team_frozen(team.withdrawn_at) or closed_for_changes(team.cohort_state):
        raise Refused(reason)
    return team


async def hold(team_id: UUID) -> None:
    """A step: changes of who is in the team, and of what it is registered as, wait for each other."""
    # Not FOR UPDATE: rows that name the team as their parent may be written meanwhile.
    await execute("SELECT 1 FROM team WHERE id = $1 FOR NO KEY UPDATE", team_id)


async def _count(team_id: UUID) -> int:
    count: int = await fetch_value("SELECT count(*) FROM team_member WHERE team = $1 AND left_at IS NULL", team_id)
    return count


async def member_of(team_id: UUID, member_id: UUID) -> Member:
    """A step: a membership of this team; Refused when it has ended, NotFound when it never was."""
    found = next((each for each in await queries.members(team_id) if each.id == member_id), None)
    if found is not None:
        return found
    if await fetch_value("SELECT true FROM team_member WHERE id = $1 AND team = $2", member_id, team_id):
        raise Refused(NOT_A_MEMBER)
    raise NotFound


async def _grant_of(member_id: UUID) -> UUID:
    grant: UUID = await fetch_value('SELECT "grant" FROM team_member WHERE id = $1', member_id)
    return grant


async def note(
    viewer: Viewer,
    team: TeamRef,
    verb: str,
    subject: UUID,
    *,
    audience: Audience = Audience.TEAM,
    live: bool = True,
    aside: Mapping[str, Any] | None = None,
    **data: Any,
) -> None:
    """A step: one entry of the journal about this team."""
    await record(
        verb, by=viewer.id, at=viewer.now, audience=audience, cohort=team.cohort, team=team.id, subject=subject,
        live=live, aside=aside, **data,
    )  # fmt: skip
