"""Opened work: nobody finds what is not open, peers remark, the team answers, a remark can be hidden, closing hides."""

from uuid import uuid4

import pytest

import cast
from exchange.conftest import case, submit_case
from incubator.exchange import opening, queries
from incubator.exchange.queries import Filters
from incubator.exchange.rules import Mark, Reply
from incubator.foundation.database import execute, fetch, fetch_value
from incubator.foundation.refusals import Clash, Forbidden, NotFound, Refused
from incubator.stages import hooks
from incubator.stages.home import team_home


async def test_peers_find_nothing_before_the_lead_opens_it_and_after_he_closes_it(fair, client):
    await cast.sign_in(client, fair.peers.members[0])
    here = f"/cohorts/{fair.cohort.id}/opened"
    assert "жеребёнок" not in (await client.get(here)).text
    opened = await fair.open()
    page = await client.get(f"/opened/{opened}")
    assert page.status_code == 200
    assert "жеребёнок" in page.text
    assert "Что мы упустили?" in (await client.get(here)).text
    await opening.close_work(await fair.lead(), opened)
    gone, random = await client.get(f"/opened/{opened}"), await client.get(f"/opened/{uuid4()}")
    assert gone.status_code == random.status_code == 404
    assert gone.text.replace(str(opened), "") == random.text.replace(random.url.path.rpartition("/")[2], "")
    assert "Что мы упустили?" not in (await client.get(here)).text
    assert (await client.post(f"/opened/{opened}/remarks", data={"text": "?"})).status_code == 404


async def test_others_than_the_cohort_find_nothing(fair, client):
    opened = await fair.open()
    elsewhere = await cast.cohort()
    await cast.begin(elsewhere)
    stranger = await cast.team(elsewhere, 5)
    for who in (await cast.juror(fair.cohort), stranger.lead, elsewhere.organiser):
        await cast.sign_in(client, who)
        assert (await client.get(f"/opened/{opened}")).status_code == 404
        assert (await client.get(f"/cohorts/{fair.cohort.id}/opened")).status_code == 404
    for who in (fair.moderator, fair.cohort.organiser, fair.team.lead):
        await cast.sign_in(client, who)
        assert (await client.get(f"/opened/{opened}")).status_code == 200


async def test_a_juror_who_is_a_peer_too_sees_no_opened_work(fair):
    opened = await fair.open()
    both = fair.peers.members[1]
    assert await queries.opened_for(await cast.viewer(both), opened)
    await cast.give(both, cast.Role.JUROR, cast.Scope.COHORT, fair.cohort.id, cohort=fair.cohort.id)
    with pytest.raises(NotFound):
        await queries.opened_for(await cast.viewer(both), opened)


async def test_only_the_lead_opens_what_the_preview_has_shown(fair):
    shown = await queries.showing(fair.team.id, fair.sent.submission)
    member = await cast.viewer(fair.team.members[0])
    with pytest.raises(Forbidden):
        await opening.open_work(member, fair.team.id, fair.sent.submission, shown.version)
    with pytest.raises(Clash):
        await opening.open_work(await fair.lead(), fair.team.id, fair.sent.submission, uuid4())
    with pytest.raises(NotFound):  # the work of another team
        await opening.open_work(await cast.viewer(fair.peers.lead), fair.peers.id, fair.sent.submission, shown.version)
    await fair.open()
    with pytest.raises(Refused):
        await fair.open()


async def tasks_about(fair, opened):
    found = await team_home(await fair.lead(), fair.team.id)
    return [task for task in found.tasks if task.key == opened]


async def test_a_remark_is_a_task_of_the_team_until_it_says_something(fair):
    opened = await fair.open()
    lead, peer = await fair.lead(), await fair.peer()
    remark = await opening.remark(peer, opened, "У нас помогли ярмарки")
    (task,) = await tasks_about(fair, opened)
    assert task.href == f"/opened/{opened}#remarks"
    with pytest.raises(Forbidden):
        await opening.answer(peer, remark, Reply(Mark.USED, ""))
    await opening.answer(lead, remark, Reply(Mark.USED, "Позвоним вам"))
    assert await tasks_about(fair, opened) == []
    (row,) = await queries.peer_remarks(peer, await queries.opened_for(peer, opened))
    assert (row.text, row.team, row.mark, row.answer, row.own) == (
        "У нас помогли ярмарки", await fetch_value("SELECT name FROM team WHERE id = $1", fair.peers.id), "used",
        "Позвоним вам", True,
    )  # fmt: skip
    verbs = [
        row["verb"] for row in await fetch("SELECT verb FROM journal_entry WHERE verb LIKE 'exchange.%' ORDER BY id")
    ]
    assert verbs == ["exchange.opened", "exchange.remarked", "exchange.answered"]


async def test_neither_the_own_team_nor_moderators_remark_as_peers(fair):
    opened = await fair.open()
    for who in (fair.team.members[0], fair.moderator, fair.cohort.organiser):
        with pytest.raises(Forbidden):
            await opening.remark(await cast.viewer(who), opened, "Хорошо")


async def test_a_hidden_remark_is_read_by_its_author_and_staff_alone(fair, client):
    opened = await fair.open()
    remark = await opening.remark(await fair.peer(), opened, "Грубость")
    moderator = await cast.viewer(fair.moderator)
    await opening.hide(moderator, remark, "О людях, а не о деле")
    with pytest.raises(Refused):
        await opening.answer(await fair.lead(), remark, Reply(Mark.READ, ""))
    seen = {}
    third = await cast.team(fair.cohort, 2)
    for name, who in (
        ("peer", fair.peers.members[0]),
        ("lead", fair.team.lead),
        ("moderator", fair.moderator),
        ("third", third.lead),
    ):
        await cast.sign_in(client, who)
        page = (await client.get(f"/opened/{opened}")).text
        seen[name] = ("Грубость" in page, "О людях, а не о деле" in page)
    assert seen == {"peer": (True, True), "lead": (False, True), "moderator": (True, True), "third": (False, False)}


async def test_nothing_new_while_the_jury_judges(fair, monkeypatch):
    from incubator.foundation.i18n import Message

    opened = await fair.open()

    async def judged(team):
        return Message("The jury is scoring.")

    monkeypatch.setattr(hooks, "FROZEN", [judged])
    with pytest.raises(Forbidden):
        await opening.remark(await fair.peer(), opened, "?")
    assert await queries.opened_for(await fair.peer(), opened)  # it can still be read


async def test_the_case_is_opened_by_its_version_and_found_by_filters(fair, counting):
    await submit_case(fair.team.lead, fair.team.id, case())
    shown = await queries.showing(fair.team.id, None)
    await opening.open_work(await fair.lead(), fair.team.id, None, shown.version)
    with counting() as one:
        (row,) = await queries.opened_in(fair.cohort.id, Filters())
    assert (row.title, row.module, row.total, len(one)) == ("Отток населения", "", 1, 1)
    await fair.open()
    modules, municipalities = await queries.filters_of(fair.cohort.id)
    assert (len(modules), len(municipalities)) == (1, 1)
    assert len(await queries.opened_in(fair.cohort.id, Filters(module=modules[0]))) == 1
    assert len(await queries.opened_in(fair.cohort.id, Filters(municipality=municipalities[0]))) == 2
    assert await queries.opened_in(fair.cohort.id, Filters(municipality="Нигде")) == []
    await execute("UPDATE team SET withdrawn_at = now() WHERE id = $1", fair.team.id)
    assert await queries.opened_in(fair.cohort.id, Filters()) == []


async def test_the_pages_of_the_exchange_by_forms(fair, client, counting):
    await cast.sign_in(client, fair.team.lead)
    here = f"/teams/{fair.team.id}/exchange"
    assert f"/preview?work={fair.sent.submission}" in (await client.get(here)).text
    preview = await client.get(f"{here}/preview?work={fair.sent.submission}")
    assert "жеребёнок" in preview.text
    assert (await client.get(f"{here}/preview?work=nonsense")).status_code == 404
    assert (await client.get(f"{here}/preview?work=case")).status_code == 404  # nothing was submitted
    version = await fetch_value("SELECT id FROM revision WHERE submission = $1", fair.sent.submission)
    form = {"work": str(fair.sent.submission), "version": str(version), "wish": "Что упустили?"}
    address = (await client.post(here, data=form)).headers["location"]
    await cast.sign_in(client, fair.peers.lead)
    assert (await client.post(f"{address}/remarks", data={"text": ""})).status_code == 422
    assert (await client.post(f"{address}/remarks", data={"text": "Дельно"})).status_code == 303
    with counting() as one:
        await client.get(address)
    for word in ("Ещё", "И ещё"):
        await client.post(f"{address}/remarks", data={"text": word})
    with counting() as three:
        await client.get(address)
    assert len(one) == len(three)
