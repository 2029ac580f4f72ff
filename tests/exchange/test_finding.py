"""The search: Russian forms, «ё», beginnings, slips of the pen; and never a trace of what one may not read."""

import pytest

import cast
from exchange.conftest import case, submit_case
from incubator.exchange import cards, finding, opening, queries
from incubator.exchange.wording import pieces, query, words_of
from incubator.foundation.database import execute, fetch_value
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.moderation import actions as moderation
from incubator.programmes import actions as programmes


def places(found):
    return [(hit.kind, hit.href) for hit in found.hits]


def test_a_query_holds_words_alone():
    assert words_of("Отток'; DROP | населения:* и ещё 1 А") == ["отток", "drop", "населения", "еще"]
    assert query(["отток", "сел"]) == "'отток':* & 'сел':*"
    assert words_of("&|!():*'\\ \x01") == []
    assert len(words_of(" ".join(f"слово{n}" for n in range(50)))) == 12


def test_a_headline_falls_into_pieces():
    assert pieces("а \ue000б\ue001 <в>") == [("а ", False), ("б", True), (" <в>", False)]
    assert pieces("") == []


async def test_forms_beginnings_and_yo_are_found(fair):
    await submit_case(fair.team.lead, fair.team.id, case(problem="Зелёные насаждения у посёлков вырубают"))
    lead = await fair.lead()
    for text in ("насаждение", "зеленых", "зелёная", "насажд", "ПОСЕЛКУ", "вырубают посёлок"):
        assert ("case", f"/teams/{fair.team.id}/case") in places(await finding.search(lead, text)), text
    (hit, *_) = (await finding.search(lead, "насаждение")).hits
    assert ("насаждения", True) in hit.text
    assert (await finding.search(lead, "насаждение пингвины")).loose
    slip = await finding.search(lead, "насождения")
    assert slip.meant
    assert slip.hits[0].kind == "case"
    for nothing in ("", "   ", "'", "&|!", "\x01", "жираф", ":*"):
        assert (await finding.search(lead, nothing)).hits == (), nothing


async def test_two_worlds_cannot_be_told_apart(fair):
    """What others search is the same whether the team has written of whales or not."""
    peer, stranger = await fair.peer(), await cast.viewer(await cast.juror(fair.cohort))
    others = [peer, stranger, None, await cast.viewer(await cast.administrator())]
    before = [await finding.search(who, text) for who in others for text in ("киты", "кит", "китв")]
    await submit_case(fair.team.lead, fair.team.id, case("Киты", "Киты выбрасываются на берег"))
    await moderation.write_note(await cast.viewer(fair.moderator), fair.team.id, "Киты их погубят")
    assert [await finding.search(who, text) for who in others for text in ("киты", "кит", "китв")] == before
    assert {kind for kind, _ in places(await finding.search(await fair.lead(), "киты"))} == {"case"}
    assert {kind for kind, _ in places(await finding.search(await cast.viewer(fair.moderator), "киты"))} == {
        "case",
        "note",
    }


async def test_a_conflicted_organiser_finds_no_note(fair):
    await moderation.write_note(await cast.viewer(fair.moderator), fair.team.id, "Киты их погубят")
    organiser = await cast.viewer(fair.cohort.organiser)
    assert len((await finding.search(organiser, "киты")).hits) == 1
    from incubator.foundation.database import DB
    from incubator.people import actions as people

    async with DB.transaction():
        await people.declare_conflict(organiser.id, cohort=fair.cohort.id, team=fair.team.id, reason="Брат", by=organiser.id,
                                      at=organiser.now)  # fmt: skip
    assert not (await finding.search(await cast.viewer(fair.cohort.organiser), "киты")).hits


async def test_opened_work_is_found_by_peers_until_it_is_closed(fair, counting):
    peer = await fair.peer()
    assert (await finding.search(peer, "жеребёнок")).hits == ()
    opened = await fair.open()
    with counting() as found:
        assert places(await finding.search(peer, "жеребенок")) == [("opened", f"/opened/{opened}")]
    assert len(found) == 1
    await cast.give(fair.peers.members[1], cast.Role.JUROR, cast.Scope.COHORT, fair.cohort.id, cohort=fair.cohort.id)
    assert (await finding.search(await cast.viewer(fair.peers.members[1]), "жеребёнок")).hits == ()
    await opening.close_work(await fair.lead(), opened)
    assert (await finding.search(peer, "жеребёнок")).hits == ()


async def test_people_and_teams_are_found_by_who_may_read_the_team(fair):
    lead, peer = await fair.lead(), await fair.peer()
    name = fair.team.members[0].name.split()[0]
    assert ("person", f"/teams/{fair.team.id}/members") in places(await finding.search(lead, name))
    assert all(str(fair.team.id) not in href for _, href in places(await finding.search(peer, name)))


async def test_markup_of_people_is_shown_as_text(fair, client):
    await submit_case(fair.team.lead, fair.team.id, case("<b>Киты</b>", "Киты <script>alert(1)</script> на берегу"))
    await cast.sign_in(client, fair.team.lead)
    page = (await client.get("/search", params={"q": "киты"})).text
    assert "<mark>Киты</mark>" in page
    assert "<script>alert" not in page
    assert "<b>" not in page.split("<main")[1].split("&lt;b&gt;")[0].replace("<br>", "")
    assert "Ничего не найдено" in (await client.get("/search", params={"q": '"><script>жираф'})).text
    assert (await client.get("/search", params={"q": "киты", "page": "-1e9"})).status_code == 200


# --- Cards ------------------------------------------------------------------------------------------------------------


async def publish(fair):
    lead, organiser = await fair.lead(), await cast.viewer(fair.cohort.organiser)
    await cards.agree(lead, fair.team.id)
    await cards.publish(organiser, fair.team.id, shown=True)
    return await fetch_value("SELECT id FROM case_card")


async def test_a_case_is_published_by_consent_when_the_cohort_is_over(fair, client):
    await submit_case(fair.team.lead, fair.team.id, case("Киты", "Киты выбрасываются на берег"))
    lead, organiser = await fair.lead(), await cast.viewer(fair.cohort.organiser)
    with pytest.raises(Refused):
        await cards.agree(lead, fair.team.id)  # the cohort goes on
    await programmes.close_cohort(organiser, fair.cohort.id)
    with pytest.raises(Refused):
        await cards.publish(organiser, fair.team.id, shown=True)  # nobody has agreed
    with pytest.raises(Forbidden):
        await cards.agree(await cast.viewer(fair.team.members[0]), fair.team.id)
    card = await publish(fair)
    assert places(await finding.search(None, "китов")) == [("card", f"/cases/{card}")]
    page = (await client.get(f"/cases/{card}")).text
    assert "выбрасываются" in page
    assert fair.team.lead.name not in page
    assert fair.team.lead.email not in page
    assert "Киты" in (await client.get("/cases")).text
    await cards.disagree(lead, fair.team.id)
    assert (await client.get(f"/cases/{card}")).status_code == 404
    assert (await finding.search(None, "китов")).hits == ()


async def test_similar_cases_are_of_others_and_share_words(fair, client, counting):
    await submit_case(fair.team.lead, fair.team.id, case())
    shown = await queries.showing(fair.team.id, None)
    opened = await opening.open_work(await fair.lead(), fair.team.id, None, shown.version)
    assert await finding.similar(await fair.lead(), fair.team.id) == []  # not one's own
    peer = await cast.viewer(fair.peers.lead)
    assert await finding.similar(peer, fair.peers.id) == []
    await submit_case(
        fair.peers.lead, fair.peers.id, case("Уезжает молодёжь", "Молодые семьи из посёлка уезжают в город")
    )
    with counting() as one:
        (found,) = await finding.similar(peer, fair.peers.id)
    assert (found.href, found.example, len(one)) == (f"/opened/{opened}", False, 1)
    await execute("UPDATE problem_case SET state = 'draft' WHERE team = $1", fair.peers.id)
    await cast.sign_in(client, fair.peers.lead)
    assert "/case/similar" in (await client.get(f"/teams/{fair.peers.id}/case")).text
    assert "Отток населения" in (await client.get(f"/teams/{fair.peers.id}/case/similar")).text
    await cast.sign_in(client, fair.team.members[0])
    assert (await client.get(f"/teams/{fair.peers.id}/case/similar")).status_code == 404
    with pytest.raises(NotFound):
        await queries.showing(fair.team.id, fair.peers.id)
