"""Who is in a team: invitations and their limit, leaving, the lead handed over, contacts, and all of it at once."""

import asyncio
import random
from datetime import timedelta

import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_value, new_id
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.people import accounts
from incubator.people.actions import offer_role
from incubator.people.rights import Relation, Role, Scope
from incubator.people.rules import INVITATION_LASTS
from incubator.programmes import actions as programmes
from incubator.programmes.blueprint import Position
from incubator.teams import actions, queries
from incubator.teams.rules import Invitee


def invitee(name="Марк Ершов", **changes):
    return Invitee(**{"email": "mark@example.org", "name": name, "position": Position.MUNICIPAL_EMPLOYEE, **changes})


async def leads_of(team):
    """Ids of the people who lead, from the grants and from the memberships; both must name one person."""
    grants = await fetch(
        "SELECT person FROM role_grant WHERE role = 'team_lead' AND scope_id = $1 AND revoked_at IS NULL", team.id
    )
    members = [each.person for each in await queries.members(team.id) if each.leads]
    assert [row["person"] for row in grants] == members
    return members


async def membership(team, person):
    return next(each for each in await queries.members(team.id) if each.person == person.id)


# --- Invitations ------------------------------------------------------------------------------------------------------


async def test_an_invited_person_is_a_member_once_he_has_accepted(team, lead):
    mark = await cast.person("Марк Ершов", "mark@example.org")
    offer = await actions.invite_member(lead, team.id, invitee())
    with pytest.raises(NotFound):
        (await queries.team_for(await cast.viewer(mark), team.id)).standing.need(actions.VIEW_CONTACTS)
    await accounts.accept(await cast.viewer(mark), offer.token)
    team_now = await queries.team_for(await cast.viewer(mark), team.id)
    assert team_now.standing.relations == {Relation.MEMBER}
    assert (await membership(team, mark)).position is Position.MUNICIPAL_EMPLOYEE
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'person.invited' AND team = $1", team.id)


@pytest.mark.parametrize(
    "wrong",
    [
        {"position": Position.COUNCILLOR},
        {"leads": True},
    ],
)
async def test_who_may_not_come_is_not_invited(team, lead, wrong):
    before = await cast.counts()
    with pytest.raises(Refused):
        await actions.invite_member(lead, team.id, invitee(**wrong))
    assert await cast.counts() == before


async def test_nobody_is_invited_twice(team, lead):
    await actions.invite_member(lead, team.id, invitee())
    for email in ("mark@example.org", team.members[0].email):
        with pytest.raises(Refused):
            await actions.invite_member(lead, team.id, invitee(email=email))


async def test_open_invitations_hold_a_place_until_they_are_withdrawn_or_run_out(db):
    cohort = await cast.cohort(max_members=4)
    team = await cast.team(cohort, members=2)
    lead = await cast.viewer(team.lead)
    offer = await actions.invite_member(lead, team.id, invitee())
    other = invitee(email="olga@example.org")
    with pytest.raises(Refused):
        await actions.invite_member(lead, team.id, other)
    await actions.withdraw_invitation(lead, team.id, offer.invitation_id)
    with pytest.raises(Refused):
        await actions.withdraw_invitation(lead, team.id, offer.invitation_id)
    await actions.invite_member(lead, team.id, other)
    later = cast.at(lead, lead.now + INVITATION_LASTS + timedelta(seconds=1))
    await actions.invite_member(later, team.id, invitee())


async def test_an_invitation_of_another_team_is_not_there(cohort, team, lead):
    other = await cast.team(cohort, 1, members=0)
    offer = await actions.invite_member(await cast.viewer(other.lead), other.id, invitee())
    with pytest.raises(NotFound):
        await actions.withdraw_invitation(lead, team.id, offer.invitation_id)


async def test_nobody_works_in_two_teams_of_a_cohort(cohort, team, lead):
    other = await cast.team(cohort, 1, members=1)
    with pytest.raises(Refused):
        await actions.invite_member(lead, team.id, invitee(email=other.members[0].email))


async def test_a_person_invited_by_two_teams_comes_into_the_first(cohort, team, lead):
    other = await cast.team(cohort, 1, members=0)
    mark = await cast.person("Марк Ершов", "mark@example.org")
    first = await actions.invite_member(lead, team.id, invitee())
    second = await actions.invite_member(await cast.viewer(other.lead), other.id, invitee())
    await accounts.accept(await cast.viewer(mark), first.token)
    with pytest.raises(Refused):
        await accounts.accept(await cast.viewer(mark), second.token)
    assert len(await queries.members(other.id)) == 1


async def test_an_organiser_replaces_a_lead_who_never_came(cohort, organiser):
    registration = cast.registration(1, position=None, lead=invitee(leads=True))
    team_id = await actions.register_team(organiser, cohort.id, registration)
    (invited,) = await queries.open_invitations(team_id, organiser.now)
    with pytest.raises(Refused):
        await actions.invite_member(organiser, team_id, invitee(email="olga@example.org", leads=True))
    await actions.withdraw_invitation(organiser, team_id, invited.id)
    olga = await cast.person("Ольга Белых", "olga@example.org")
    offer = await actions.invite_member(organiser, team_id, invitee(email=olga.email, leads=True))
    await accounts.accept(await cast.viewer(olga), offer.token)
    (member,) = await queries.members(team_id)
    assert member.leads


async def test_a_closed_cohort_leaves_its_teams_as_they_are(cohort, team, lead, organiser):
    offer = await actions.invite_member(lead, team.id, invitee())
    await programmes.close_cohort(organiser, cohort.id)
    member = await membership(team, team.members[0])
    for attempt in (
        actions.invite_member(lead, team.id, invitee(email="olga@example.org")),
        actions.remove_member(lead, team.id, member.id),
        actions.transfer_lead(lead, team.id, member.id, instead_of=(await membership(team, team.lead)).id),
    ):
        with pytest.raises(Refused):
            await attempt
    await actions.withdraw_invitation(lead, team.id, offer.invitation_id)


# --- Leaving ----------------------------------------------------------------------------------------------------------


async def test_a_removed_member_has_no_way_in_at_his_next_request(team, lead):
    member = await membership(team, team.members[0])
    await actions.remove_member(lead, team.id, member.id)
    assert len(await queries.members(team.id)) == 2
    gone = await cast.viewer(team.members[0])
    assert (await queries.team_for(gone, team.id)).standing.relations == frozenset()
    with pytest.raises(Refused):
        await actions.remove_member(lead, team.id, member.id)


async def test_a_removed_member_can_come_back(team, lead):
    await actions.remove_member(lead, team.id, (await membership(team, team.members[0])).id)
    offer = await actions.invite_member(lead, team.id, invitee(email=team.members[0].email))
    await accounts.accept(await cast.viewer(team.members[0]), offer.token)
    assert len(await queries.members(team.id)) == 3


async def test_the_lead_does_not_leave_without_handing_over(team, lead, organiser):
    member = await membership(team, team.lead)
    for viewer in (lead, organiser):
        with pytest.raises(Refused):
            await actions.remove_member(viewer, team.id, member.id)
    assert await leads_of(team) == [team.lead.id]


async def test_members_of_other_teams_are_not_there(cohort, team, lead):
    other = await cast.team(cohort, 1, members=1)
    stranger = await membership(other, other.members[0])
    own = await membership(team, team.lead)
    for attempt in (
        actions.remove_member(lead, team.id, stranger.id),
        actions.transfer_lead(lead, team.id, stranger.id, instead_of=own.id),
    ):
        with pytest.raises(NotFound):
            await attempt


# --- The lead ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["lead", "organiser"])
async def test_the_lead_is_handed_over_and_the_old_one_stays_a_member(team, lead, organiser, by):
    successor = await membership(team, team.members[0])
    old = await membership(team, team.lead)
    await actions.transfer_lead({"lead": lead, "organiser": organiser}[by], team.id, successor.id, instead_of=old.id)
    assert await leads_of(team) == [team.members[0].id]
    for person, relation in ((team.lead, Relation.MEMBER), (team.members[0], Relation.LEAD)):
        standing = (await queries.team_for(await cast.viewer(person), team.id)).standing
        assert standing.relations == {relation}
    assert [each.id for each in await queries.members(team.id) if each.leads] == [successor.id]


async def test_a_team_whose_lead_never_came_gets_one_of_its_members(cohort, organiser):
    registration = cast.registration(1, position=None, lead=invitee(leads=True))
    team_id = await actions.register_team(organiser, cohort.id, registration)
    joined = await cast.join_team(organiser, team_id, "Вера Кузьмина")
    (member,) = await queries.members(team_id)
    await actions.transfer_lead(organiser, team_id, member.id, instead_of=None)
    (lead,) = await queries.members(team_id)
    assert (lead.person, lead.leads) == (joined.id, True)


async def test_accepting_to_moderate_a_team_makes_nobody_its_member(cohort, team, organiser):
    roman = await cast.person("Роман Дёмин", "roman@example.org")
    offer = await offer_role(
        organiser.id, email=roman.email, name=roman.name, role=Role.MODERATOR, scope=Scope.TEAM, scope_id=team.id,
        cohort=cohort.id, at=organiser.now,
    )  # fmt: skip
    await accounts.accept(await cast.viewer(roman), offer.token)
    assert roman.id not in {each.person for each in await queries.members(team.id)}


async def test_nobody_is_added_to_a_team_that_is_not_there(db):
    nowhere = new_id()
    with pytest.raises(NotFound):
        await actions.add_member(nowhere, nowhere, nowhere, Position.HEAD, await cast.now())
    with pytest.raises(NotFound):
        await queries.limits_of(nowhere)


async def test_the_lead_is_not_handed_to_himself_or_past_somebody(team, lead):
    own, member = await membership(team, team.lead), await membership(team, team.members[0])
    for wanted, instead_of in ((own.id, own.id), (member.id, member.id), (member.id, None)):
        with pytest.raises(Refused):
            await actions.transfer_lead(lead, team.id, wanted, instead_of=instead_of)
    assert await leads_of(team) == [team.lead.id]


@pytest.mark.parametrize("who", ["member", "moderator", "other", "stranger", "administrator", "juror"])
async def test_nobody_else_changes_who_is_in_a_team(cohort, team, who):
    people = {
        "member": team.members[0],
        "moderator": await cast.moderator(cohort, team),
        "other": (await cast.team(cohort, 1, members=0)).lead,
        "stranger": await cast.person("Егор Чужой", "egor@example.org"),
        "administrator": await cast.administrator(),
        "juror": await cast.juror(cohort),
    }
    viewer = await cast.viewer(people[who])
    member = await membership(team, team.members[1])
    refusal = Forbidden if who in {"member", "moderator", "administrator"} else NotFound
    before = await cast.counts()
    for attempt in (
        actions.invite_member(viewer, team.id, invitee()),
        actions.remove_member(viewer, team.id, member.id),
        actions.transfer_lead(viewer, team.id, member.id, instead_of=(await membership(team, team.lead)).id),
    ):
        with pytest.raises(refusal):
            await attempt
    assert await cast.counts() == before


# --- Contacts ---------------------------------------------------------------------------------------------------------


async def test_whoever_looks_up_contacts_leaves_a_trace(cohort, team):
    moderator = await cast.viewer(await cast.moderator(cohort, team))
    _, contacts = await actions.look_up_contacts(moderator, team.id)
    assert {each.email for each in contacts} == {team.lead.email, *(each.email for each in team.members)}
    assert await fetch_value("SELECT actor FROM journal_entry WHERE verb = 'contacts.viewed'") == moderator.id


async def test_contacts_leave_the_system_with_an_organiser_and_a_purpose(cohort, team, lead, organiser):
    assert len(await actions.export_contacts(organiser, team.id, "Пропуска на очную неделю")) == 3
    kept = await fetch_value("SELECT data->>'purpose' FROM journal_entry WHERE verb = 'contacts.exported'")
    assert kept == "Пропуска на очную неделю"
    moderator = await cast.viewer(await cast.moderator(cohort, team))
    for viewer in (lead, moderator, await cast.viewer(team.members[0])):
        with pytest.raises(Forbidden):
            await actions.export_contacts(viewer, team.id, "Надо")


# --- At once (F21) ----------------------------------------------------------------------------------------------------


async def outcomes(*attempts):
    return await asyncio.gather(*attempts, return_exceptions=True)


def refusals(found):
    bad = [each for each in found if isinstance(each, BaseException) and not isinstance(each, Refused)]
    assert not bad, bad
    return sum(isinstance(each, Refused) for each in found)


ROUNDS = 25


async def test_of_two_transfers_at_once_one_happens_and_there_is_always_one_lead(cohort, organiser):
    team = await cast.team(cohort, members=3)
    for _ in range(ROUNDS):
        members = await queries.members(team.id)
        old, *others = members
        first, second = random.sample(others, 2)
        by = [await cast.viewer(old.person), organiser]
        random.shuffle(by)
        found = await outcomes(
            actions.transfer_lead(by[0], team.id, first.id, instead_of=old.id),
            actions.transfer_lead(by[1], team.id, second.id, instead_of=old.id),
        )
        assert refusals(found) == 1
        (leader,) = await leads_of(team)
        assert leader in {first.person, second.person}


async def test_a_successor_removed_at_the_same_time_leaves_one_lead(cohort, organiser):
    team = await cast.team(cohort, members=1)
    for _ in range(10):
        old = await membership(team, team.lead)
        joined = await cast.join_team(await cast.viewer(team.lead), team.id, "Марк Ершов")
        successor = await membership(team, joined)
        found = await outcomes(
            actions.transfer_lead(organiser, team.id, successor.id, instead_of=old.id),
            actions.remove_member(organiser, team.id, successor.id),
        )
        assert refusals(found) == 1
        (leader,) = await leads_of(team)
        if leader == joined.id:
            await actions.transfer_lead(organiser, team.id, old.id, instead_of=successor.id)
            await actions.remove_member(organiser, team.id, successor.id)


async def test_invitations_sent_at_once_never_exceed_the_limit(db):
    cohort = await cast.cohort(max_members=5)
    team = await cast.team(cohort, members=1)
    lead, organiser = await cast.viewer(team.lead), await cast.viewer(cohort.organiser)
    found = await outcomes(
        *(actions.invite_member([lead, organiser][n % 2], team.id, invitee(email=f"n{n}@example.org"))
          for n in range(10))
    )  # fmt: skip
    assert refusals(found) == 7
    assert len(await queries.open_invitations(team.id, lead.now)) == 3


async def test_invitations_accepted_at_once_never_exceed_the_limit(db):
    """The limit is lowered after the invitations went out: whoever comes too late is refused."""
    cohort = await cast.cohort(max_members=6)
    team = await cast.team(cohort, members=0)
    lead = await cast.viewer(team.lead)
    people = [await cast.person(f"Человек {n}", f"n{n}@example.org") for n in range(5)]
    offers = [await actions.invite_member(lead, team.id, invitee(email=each.email)) for each in people]
    await _most(cohort, 3)
    viewers = [await cast.viewer(each) for each in people]
    found = await outcomes(*(accounts.accept(v, o.token) for v, o in zip(viewers, offers, strict=True)))
    assert refusals(found) == 3
    assert len(await queries.members(team.id)) == 3
    open_grants = "SELECT count(*) FROM role_grant WHERE scope_id = $1 AND revoked_at IS NULL"
    assert await fetch_value(open_grants, team.id) == 3


async def _most(cohort, members):
    await execute("UPDATE cohort SET max_members = $2 WHERE id = $1", cohort.id, members)


async def test_accepting_and_inviting_the_same_address_at_once_ends_with_one_member(team, lead, organiser):
    mark = await cast.person("Марк Ершов", "mark@example.org")
    offer = await actions.invite_member(lead, team.id, invitee())
    refusals(
        await outcomes(
            accounts.accept(await cast.viewer(mark), offer.token),
            actions.invite_member(organiser, team.id, invitee()),
            actions.withdraw_invitation(lead, team.id, offer.invitation_id),
        )
    )
    assert len([each for each in await queries.members(team.id) if each.person == mark.id]) <= 1
