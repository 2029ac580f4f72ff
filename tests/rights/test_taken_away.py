"""Rights taken away in a live session: they are gone with the next request, and an open stream ends within seconds."""

import asyncio

import pytest

from incubator.foundation import live
from incubator.foundation.database import execute
from incubator.jury.conflicts import declaring
from incubator.jury.office import conducting
from incubator.moderation import actions as moderation
from incubator.people import administering, sessions
from incubator.teams import actions as teams
from rights.calls import MATERIALS
from rights.hall import Request, listening

SOON = 5.0  # seconds


async def take_grants(w, role):
    await execute("UPDATE role_grant SET revoked_at = now() WHERE person = $1", w.people[role].id)


async def leave_team(w):
    await teams.remove_member(await w.viewer("team_lead"), w.id("team"), w.id("membership_participant"))


async def hand_over_the_lead(w):
    runs = await w.viewer("organiser_own")
    lead = w.id("membership_team_lead")
    await teams.transfer_lead(runs, w.id("team"), w.id("membership_participant"), instead_of=lead)


async def dismiss(w):
    runs, moderator = await w.viewer("organiser_own"), w.people["moderator_own"].id
    await moderation.dismiss_moderator(runs, w.id("cohort"), w.id("team"), moderator)


async def remove_juror(w):
    runs = await w.viewer("organiser_own")
    await conducting.remove_juror(runs, w.id("round"), w.id("seat_juror_assigned"), "Болезнь")


def declare(role):
    async def declares(w):
        await declaring.declare(await w.viewer(role), w.id("round"), {w.id("team"): "Родственник"})

    return declares


async def conflict_of_organiser(w):
    who = w.people["organiser_own"].id
    await execute(
        "INSERT INTO conflict_of_interest (id, person, cohort, team, reason, declared_at, declared_by, lift_reason)"
        " VALUES (gen_random_uuid(), $1, $2, $3, '', now(), $1, '')",
        who, w.id("cohort"), w.id("team"),
    )  # fmt: skip


def grants(role):
    async def takes(w):
        await take_grants(w, role)

    return takes


async def close_account(w):
    await administering.deactivate(await w.viewer("platform_admin"), w.people["participant"].id)


async def end_sessions(w):
    await sessions.end_all(w.people["participant"].id)


TEAM = "/teams/{team}/case"
TAKEN = [
    ("participant", "draft", TEAM, leave_team, 404),
    ("team_lead", "draft", "/teams/{team}/jury", hand_over_the_lead, 403),
    ("participant", "draft", TEAM, close_account, 303),
    ("participant", "draft", TEAM, end_sessions, 303),
    ("moderator_own", "remarked", "/teams/{team}/notes", dismiss, 404),
    ("moderator_own", "remarked", "/submissions/{submission}/desk", dismiss, 404),
    ("juror_assigned", "round_open", MATERIALS, remove_juror, 404),
    ("juror_assigned", "round_open", MATERIALS, declare("juror_assigned"), 403),
    ("organiser_own", "round_locked", "/rounds/{round}/result", conflict_of_organiser, 403),
    ("organiser_own", "round_locked", "/cohorts/{cohort}/settings", grants("organiser_own"), 404),
    ("platform_admin", "plain", "/people", grants("platform_admin"), 404),
    ("participant_other_team", "draft", "/teams/{team_2}/case", grants("participant_other_team"), 404),
    ("moderator_other", "draft", "/teams/{team_2}/notes", grants("moderator_other"), 404),
    ("organiser_conflicted", "draft", TEAM, grants("organiser_conflicted"), 404),
    ("organiser_other", "plain", "/cohorts/{cohort_b}/settings", grants("organiser_other"), 404),
]


@pytest.mark.parametrize(("role", "state", "path", "take", "then"), TAKEN)
async def test_the_next_request_is_refused(hall, role, state, path, take, then):
    await hall.at(state)
    request = Request("GET", path.format_map(hall.world.ids))
    with hall.inside():
        async with hall.undone():
            assert (await hall.ask(request, role)).status == 200
            await take(hall.world)
            assert (await hall.ask(request, role)).status == then


STREAMS = [
    ("participant", "draft", "/teams/{team}/live", leave_team),
    ("participant", "draft", "/teams/{team}/live", end_sessions),
    ("moderator_own", "draft", "/teams/{team}/live", dismiss),
    ("juror_assigned", "round_open", "/rounds/{round}/live", remove_juror),
    ("organiser_own", "round_open", "/rounds/{round}/live", conflict_of_organiser),
    ("organiser_own", "round_open", "/rounds/{round}/live", grants("organiser_own")),
]


def test_open_streams_look_at_the_rights_soon_enough():
    assert live.PING <= SOON


@pytest.mark.parametrize(("role", "state", "path", "take"), STREAMS)
async def test_an_open_stream_ends(hall, monkeypatch, role, state, path, take):
    """The clock of streams only goes faster; and slower while the right is taken, for all share one connection here."""
    monkeypatch.setattr(live, "PING", 0.05)
    await hall.at(state)
    request = Request("GET", path.format_map(hall.world.ids))
    with hall.inside():
        async with hall.undone(), listening(hall.app, request, hall.headers(request, role)) as (answer, stream):
            await asyncio.sleep(0.2)
            assert answer.status == 200
            assert not stream.done()  # while the right lasts, so does the stream
            monkeypatch.setattr(live, "PING", 1.5)
            await asyncio.sleep(0.15)
            await take(hall.world)
            async with asyncio.timeout(SOON):
                await stream
