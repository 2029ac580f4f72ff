"""What organisers do with programmes and cohorts."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.people.actions import offer_role
from incubator.people.queries import standing_anywhere
from incubator.people.rights import Role, Scope, Viewer, admit
from incubator.people.rules import Offer
from incubator.programmes.blueprint import Blueprint
from incubator.programmes.keeping import keep
from incubator.programmes.layers import LAYERS, Ground
from incubator.programmes.queries import cohort_for, cohort_settings, lock_cohort
from incubator.programmes.rules import (
    CHANGED,
    CREATE_COHORT,
    CREATE_PROGRAMME,
    EDIT_SETTINGS,
    INVITE_LEAD,
    INVITED,
    CohortFacts,
    CohortState,
    Guest,
    TeamFacts,
)
from incubator.programmes.tables import Cohort, Programme


async def create_programme(viewer: Viewer, name: str, *, demo: bool = False) -> UUID:
    """Create a programme; an administrator does it and then appoints its organisers. The new id."""
    standing_anywhere(viewer).need(CREATE_PROGRAMME)
    programme = Programme(id=new_id(), name=name, created_at=viewer.now, demo=demo)
    async with DB.transaction():
        await Programme.insert(programme)
        await record("programme.created", by=viewer.id, at=viewer.now, audience=Audience.PLATFORM, subject=programme.id)
    return UUID(str(programme.id))


async def create_cohort(viewer: Viewer, programme: UUID, facts: CohortFacts, blueprint: Blueprint) -> UUID:
    """Create a draft cohort with everything that its blueprint plans. The new id; raises Forbidden, NotFound."""
    admit(CREATE_COHORT, allowed=viewer.holds(Role.ORGANISER, Scope.PROGRAMME, programme))
    cohort = Cohort(
        id=new_id(), programme=programme, name=facts.name, summary=facts.summary, time_zone=facts.time_zone,
        starts_on=facts.starts_on, places=facts.places, created_at=viewer.now,
        min_members=blueprint.team.min_members, max_members=blueprint.team.max_members,
        eligible_positions=[position.value for position in blueprint.team.eligible_positions],
    )  # fmt: skip
    async with DB.transaction():
        await Cohort.insert(cohort)
        named = replace(blueprint, name=facts.name, summary=facts.summary)  # as every later version is
        await keep(cohort.id, 1, named, by=viewer.id, at=viewer.now)
        for layer in LAYERS:
            await layer.lay_out(Ground(cohort.id, facts.starts_on, facts.time_zone), blueprint)
        await record(
            "cohort.created", by=viewer.id, at=viewer.now, audience=Audience.STAFF, cohort=cohort.id,
            subject=cohort.id, name=facts.name, blueprint=blueprint.key,
        )  # fmt: skip
    return UUID(str(cohort.id))


async def edit_cohort(
    viewer: Viewer, cohort_id: UUID, facts: CohortFacts, team: TeamFacts, *, version: str | None = None
) -> None:
    """Change a cohort's facts and who may take part. Places can't fall below the teams already registered.

    `version` is that of the settings that a form showed: Clash when they have changed since.
    """
    async with DB.transaction():
        cohort = await cohort_for(viewer, cohort_id)
        cohort.standing.need(EDIT_SETTINGS)
        await lock_cohort(cohort_id)
        stored = await cohort_settings(cohort_id)
        if version is not None and version != stored.version:
            raise Clash(CHANGED, stored=stored)
        await _refuse_too_few_places(cohort_id, facts.places)
        await execute(
            "UPDATE cohort SET name = $2, summary = $3, time_zone = $4, starts_on = $5, places = $6, min_members = $7,"
            " max_members = $8, eligible_positions = $9 WHERE id = $1",
            cohort_id, facts.name, facts.summary, facts.time_zone, facts.starts_on, facts.places, team.min_members,
            team.max_members, [position.value for position in team.eligible_positions],
        )  # fmt: skip
        await record("cohort.edited", by=viewer.id, at=viewer.now, audience=Audience.STAFF, cohort=cohort_id,
                     subject=cohort_id)  # fmt: skip


async def _refuse_too_few_places(cohort_id: UUID, places: int) -> None:
    # Teams are a feature above; their count is a fact of the schema that the database may be asked for.
    taken = await fetch_value("SELECT count(*) FROM team WHERE cohort = $1 AND withdrawn_at IS NULL", cohort_id)
    if places < taken:
        raise Refused(
            Message.count(
                "{n} team is registered already: leave at least so many places.",
                "{n} teams are registered already: leave at least so many places.",
                taken,
            )
        )


async def open_cohort(viewer: Viewer, cohort_id: UUID) -> None:
    """Open a draft cohort: invited people get in and dates begin to count."""
    await _move(viewer, cohort_id, CohortState.DRAFT, "opened_at", "cohort.opened")


async def close_cohort(viewer: Viewer, cohort_id: UUID) -> None:
    """Close a running cohort; its pages stay readable."""
    await _move(viewer, cohort_id, CohortState.RUNNING, "closed_at", "cohort.closed")


async def _move(viewer: Viewer, cohort_id: UUID, expected: CohortState, column: str, verb: str) -> None:
    async with DB.transaction():
        cohort = await cohort_for(viewer, cohort_id)
        cohort.standing.need(EDIT_SETTINGS)
        await lock_cohort(cohort_id)
        if cohort.state is not expected:
            raise Refused(Message("The cohort is no longer in that state. Reload the page to see how it stands."))
        await execute(f"UPDATE cohort SET {column} = $2 WHERE id = $1", cohort_id, viewer.now)
        await record(verb, by=viewer.id, at=viewer.now, audience=Audience.EVERYONE, cohort=cohort_id, subject=cohort_id)


async def invite(viewer: Viewer, cohort_id: UUID, role: Role, guests: Sequence[Guest]) -> list[Offer]:
    """Invite people to a cohort as team leads, moderators or jurors; a letter goes to each. The offers, in order.

    Who was invited to the same role already and has not answered gets a new letter and the old link stops working.
    """
    async with DB.transaction():
        cohort = await cohort_for(viewer, cohort_id)
        cohort.standing.need(INVITED[role])
        offers = [
            await offer_role(
                viewer.id, email=guest.email, name=guest.name, role=role, scope=Scope.COHORT, scope_id=cohort_id,
                cohort=cohort_id, at=viewer.now,
            )
            for guest in guests
        ]  # fmt: skip
        await record(
            "people.invited", by=viewer.id, at=viewer.now, audience=Audience.STAFF, cohort=cohort_id, subject=cohort_id,
            role=role.value, count=len(offers), invitations=[offer.invitation_id for offer in offers],
            aside={"offers": offers, "cohort": cohort.name},
        )  # fmt: skip
    return offers


async def take_back_invitation(viewer: Viewer, cohort_id: UUID, invitation: UUID) -> None:
    """Withdraw an invitation that nobody has accepted yet."""
    async with DB.transaction():
        cohort = await cohort_for(viewer, cohort_id)
        cohort.standing.need(INVITE_LEAD)
        row = await fetch_one(
            "SELECT role FROM invitation WHERE id = $1 AND cohort = $2 AND scope = 'cohort' FOR UPDATE",
            invitation, cohort_id,
        )  # fmt: skip
        if row is None:
            raise NotFound
        cohort.standing.need(INVITED[Role(row["role"])])
        done = await execute(
            "UPDATE invitation SET revoked_at = $2 WHERE id = $1 AND accepted_at IS NULL AND revoked_at IS NULL",
            invitation, viewer.now,
        )  # fmt: skip
        if not done:
            raise Refused(Message("This invitation was accepted or withdrawn already."))
        await record("invitation.withdrawn", by=viewer.id, at=viewer.now, audience=Audience.STAFF, cohort=cohort_id,
                     subject=invitation)  # fmt: skip
