"""Mail is a reader too: who is written to, and that a letter says no more of the work than its title."""

from incubator.foundation.database import fetch
from rights.matrix import ROLES, lines
from rights.world import SECRETS

LINES = {line.key: line for line in lines("matrix.txt")}
OF_STAGES = ["returned", "accepted", "failed", "advanced", "withdrawn"]
TO_THE_TEAM = {"participant", "team_lead"}


async def letters(*kinds):
    """(address, everything a letter of these kinds holds)."""
    rows = await fetch("SELECT address, context::text || secret AS said FROM letter WHERE kind = ANY($1)", list(kinds))
    return [(row["address"], row["said"]) for row in rows]


async def test_letters_about_a_stage_go_to_the_team_and_to_nobody_who_may_not_know(hall):
    line = LINES["notification receive stage_event"]
    await hall.at("advanced")
    with hall.inside():
        found = await letters(*OF_STAGES)
    written_to = {address for address, _ in found}
    people = hall.world.people
    assert {role for role in TO_THE_TEAM if people[role].email in written_to} == TO_THE_TEAM
    for role in ROLES[1:]:
        assert line.letter(role) == "A" or people[role].email not in written_to, role
    known_by_address = {"lead", "juror"}
    for _, said in found:
        assert not [kind for kind, word in SECRETS.items() if word in said and kind not in known_by_address]


async def test_nobody_is_written_to_about_sheets_before_the_publication(hall):
    await hall.at("seated")
    with hall.inside():
        before = await letters(*OF_STAGES, "result")
    await hall.at("round_locked")
    with hall.inside():
        assert sorted(await letters(*OF_STAGES, "result")) == sorted(before)


async def test_the_letter_of_a_result_names_no_mark(hall):
    await hall.at("round_published")
    with hall.inside():
        found = await letters("result")
    written_to = {address for address, _ in found}
    assert hall.world.people["team_lead"].email in written_to
    assert hall.world.people["organiser_other"].email not in written_to
    assert not [said for _, said in found if any(SECRETS[kind] in said for kind in ("ownsheet", "sheet", "voided"))]
