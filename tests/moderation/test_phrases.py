"""The remark bank: one's own phrases, those of a programme, and who may change which."""

import pytest

import cast
from incubator.foundation.database import fetch_value
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.moderation import actions, phrases


@pytest.fixture
async def organiser(school):
    return await cast.viewer(school.cohort.organiser)


@pytest.fixture
async def programme(school):
    return await fetch_value("SELECT programme FROM cohort WHERE id = $1", school.cohort.id)


async def texts(who, programme=None):
    return [(each.text, each.may_edit) for each in await phrases.phrases(who, programme)]


async def test_ones_own_and_those_of_the_programme(school, mod, organiser, programme):
    await phrases.add(mod, "Покажите источник")
    await phrases.add(organiser, "Кому это нужно?", programme)
    assert await texts(mod) == [("Покажите источник", True), ("Кому это нужно?", False)]
    assert await texts(organiser) == [("Кому это нужно?", True)]
    elsewhere = await cast.cohort()
    assert await texts(await cast.viewer(elsewhere.organiser)) == []


async def test_the_same_phrase_is_kept_once(mod):
    assert await phrases.add(mod, "Раз") == await phrases.add(mod, "Раз")


async def test_who_may_change_which(school, mod, organiser, programme):
    own, shared = await phrases.add(mod, "Своя"), await phrases.add(organiser, "Общая", programme)
    with pytest.raises(Forbidden):
        await phrases.add(mod, "Чужое место", programme)
    with pytest.raises(Forbidden):
        await phrases.edit(mod, shared, "Иначе")
    for who in (organiser, await cast.viewer((await cast.cohort()).organiser)):
        with pytest.raises(NotFound):
            await phrases.drop(who, own)
    with pytest.raises(NotFound):
        await phrases.drop(await cast.viewer((await cast.cohort()).organiser), shared)
    await phrases.edit(organiser, shared, "Иначе")
    await phrases.drop(mod, own)
    assert await texts(mod) == [("Иначе", False)]


async def test_a_remark_goes_into_the_bank(school, mod, lead, organiser):
    remark = await actions.write_remark(mod, school.submission, 1, "", "Кто это сказал?")
    assert await phrases.keep_remark(mod, remark) == school.submission
    assert await texts(mod) == [("Кто это сказал?", True)]
    with pytest.raises(Forbidden):
        await phrases.keep_remark(organiser, remark)
    with pytest.raises(NotFound):
        await phrases.keep_remark(lead, remark)


async def test_the_bank_is_not_endless(mod, monkeypatch):
    monkeypatch.setattr(phrases, "MOST_PHRASES", 2)
    for text in ("раз", "два"):
        await phrases.add(mod, text)
    with pytest.raises(Refused):
        await phrases.add(mod, "три")


async def test_the_page(school, mod, organiser, programme, client):
    await phrases.add(organiser, "Общая <b>фраза</b>", programme)
    await cast.sign_in(client, school.moderator)
    await client.post("/phrases", data={"text": "Своя"})
    page = (await client.get("/phrases")).text
    assert "Своя" in page and "Общая &lt;b&gt;фраза" in page and 'name="programme"' not in page
    (own,) = [each for each in await phrases.phrases(mod) if each.may_edit]
    assert (await client.post(f"/phrases/{own.id}", data={"text": " "})).status_code == 422
    await client.post(f"/phrases/{own.id}", data={"text": "Иначе"})
    assert "Иначе" in (await client.get(f"/submissions/{school.submission}/desk")).text
    await client.post(f"/phrases/{own.id}/remove", data={})
    assert (await client.post("/phrases", data={"text": "ы" * 2001})).status_code == 422
    await cast.sign_in(client, school.cohort.organiser)
    assert 'name="programme"' in (await client.get("/phrases")).text
    await cast.sign_in(client, school.team.lead)
    assert (await client.get("/phrases")).status_code == 403
