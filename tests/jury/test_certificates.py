"""Certificates: who gets one, what its page tells, what a withdrawn one says; and the PDF of all of them."""

import importlib.util
import re
from pathlib import Path

import pytest

import cast
import documents
from incubator.foundation.database import DB, execute, fetch, fetch_value
from incubator.foundation.i18n import MOSCOW, speaking
from incubator.foundation.refusals import NotFound, Refused
from incubator.jury.minutes import certificates
from incubator.jury.minutes.rules import Issue
from incubator.jury.office import agreeing
from incubator.jury.result import deliberating
from incubator.jury.result.rules import DecisionKind, Motion
from incubator.settings import asset_folder
from jury.test_minutes import HOSTILE, played, squeezed

ALL = Issue(1, awards=True, members=True)


async def published(*others: tuple[DecisionKind, str], **how: int) -> cast.RoundOfCast:
    """A published round: its second project has an award, and what the jury decided besides about it or about none."""
    where = await played(**how)
    runs = await where.organiser()
    for kind, title in ((DecisionKind.AWARD, "За смелость"), *others):
        about = "" if kind is DecisionKind.OTHER else str(await where.project(1))
        await deliberating.decide(runs, where.id, Motion(kind, title, "", about, 2, 1, 0))
    for group in await groups(where):
        from incubator.jury.office import conducting

        await conducting.vote_tie(
            runs, where.id, {row.project: place for place, row in enumerate(group, 1)}, "Голосование"
        )
    asked = await agreeing.ask_to_publish(runs, where.id)
    await agreeing.confirm(await cast.viewer(await cast.second_organiser(where.cohort)), where.id, asked)
    return where


async def groups(where):
    from incubator.jury.result import standings
    from incubator.jury.rounds import round_for

    return (await standings.count_up(await round_for(await where.organiser(), where.id))).awaiting_vote


async def issue(where, wanted: Issue = ALL) -> int:
    with speaking("ru", MOSCOW):
        return await certificates.issue(await where.organiser(), where.id, wanted)


async def test_a_team_takes_what_it_was_given_and_each_member_only_his_own(client):
    where = await published()
    team = where.teams[0]
    colleague = await cast.join_team(await cast.viewer(team.lead), team.id, "Семён Новый")
    page, paper = f"/teams/{team.id}/result", f"/teams/{team.id}/certificates.pdf"
    await cast.sign_in(client, team.lead)
    assert "certificates.pdf" not in (await client.get(page)).text
    assert (await client.get(paper)).status_code == 409
    await issue(where)
    for who, other in ((team.lead, colleague), (colleague, team.lead)):
        await cast.sign_in(client, who)
        shown = (await client.get(page)).text
        assert "1 место" in shown
        assert f"{who.name}, " in shown
        assert f"{other.name}, " not in shown
        printed = squeezed(documents.text((await client.get(paper)).content))
        assert squeezed(who.name) in printed
        assert squeezed(other.name) not in printed
    given = next(each for each in await certificates.issued(where.id) if each.place == 1)
    await certificates.withdraw(await where.organiser(), where.id, given.id, "Ошибка")
    assert given.code not in (await client.get(page)).text
    await cast.sign_in(client, where.teams[1].lead)
    assert (await client.get(paper)).status_code == 404


async def test_winners_awards_and_members_get_theirs_once(db):
    where = await published()
    members = await fetch_value(
        "SELECT count(*) FROM team_member m JOIN round_project p ON p.team = m.team WHERE p.round = $1 AND m.left_at IS NULL",
        where.id,
    )  # fmt: skip
    assert await issue(where) == members + 2
    assert await issue(where) == 0
    found = await certificates.issued(where.id)
    assert [(each.name, each.kind, each.place, each.merit) for each in found[:2]] == [
        (await name_of(where, 0), "place", 1, ""), (await name_of(where, 1), "award", None, "За смелость"),
    ]  # fmt: skip
    assert len({each.code for each in found}) == len(found)
    assert min(len(each.code) for each in found) == 24  # 144 random bits


async def test_a_place_is_read_in_the_readers_language_and_issued_once_in_all(db):
    where = await published()
    await issue(where)
    with speaking("en", MOSCOW):
        assert await certificates.issue(await where.organiser(), where.id, ALL) == 0
        found = await certificates.issued(where.id)
        assert [each.earned for each in found[:3]] == ["place 1", "За смелость", ""]
    with speaking("ru", MOSCOW):
        assert [each.earned for each in found[:3]] == ["1 место", "За смелость", ""]


async def test_a_mention_is_no_diploma_and_the_result_says_what_each_decision_is(client):
    where = await published((DecisionKind.MENTION, "Живой язык"), (DecisionKind.OTHER, "Провести семинар"))
    await issue(where)
    cast.sign_out(client)
    page = (await client.get(f"/rounds/{where.id}/result", headers={"accept-language": "ru"})).text
    for words in ("Номинация", "Особое упоминание жюри", "Коллективное решение жюри"):
        assert words in page
    found = {each.kind: each for each in await certificates.issued(where.id)}
    with speaking("ru", MOSCOW):
        said = [(page["title"], page["merit"]) for page in certificates.sheets(found.values())["pages"]]
    assert said == [
        ("Диплом", "1 место"), ("Диплом", "За смелость"), ("Особое упоминание жюри", "Живой язык"),
        ("Сертификат", "участник программы"),
    ]  # fmt: skip
    for language, told in (("ru", "Диплом: 1 место"), ("en", "Diploma: place 1")):
        shown = await client.get(f"/certificates/{found['place'].code}", headers={"accept-language": language})
        assert told in shown.text


OLD = """
UPDATE certificate SET merit = CASE WHEN place IS NULL THEN merit ELSE $2 END, place = NULL,
  kind = CASE kind WHEN 'participant' THEN kind ELSE 'winner' END WHERE round = $1
"""


@pytest.mark.parametrize("words", ["1 место", "place 1"])
async def test_certificates_of_before_are_carried_over(db, words):
    """A place in either language becomes a number; what the jury itself has called a place stays its award."""
    where = await published((DecisionKind.MENTION, "Живой язык"), (DecisionKind.AWARD, "2 место"))
    await issue(where)
    before = await certificates.issued(where.id)
    manager = await carrying().forwards()
    async with DB.transaction():
        await execute("ALTER TABLE certificate DROP CONSTRAINT given_for")
        await execute(OLD, where.id, words)
        await manager.run()
        assert await certificates.issued(where.id) == before


def carrying():
    found = importlib.util.spec_from_file_location("raw_places", Path(asset_folder("migrations"), "raw_places.py"))
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


async def name_of(where, number):
    return await fetch_value("SELECT name FROM team WHERE id = $1", where.teams[number].id)


async def test_before_the_publication_there_are_none(db):
    where = await played()
    with pytest.raises(Refused):
        await issue(where)


async def test_everybody_may_check_one_and_reads_nothing_else(client):
    where = await published()
    await issue(where)
    found = (await certificates.issued(where.id))[-1]
    cast.sign_out(client)
    answer = await client.get(f"/certificates/{found.code}", headers={"accept-language": "ru"})
    assert answer.status_code == 200
    assert "Документ действителен." in answer.text
    assert found.name in answer.text
    assert found.programme in answer.text
    for hidden in (found.merit or "8,40", found.cohort, found.team, str(where.id), str(found.id)):
        assert hidden not in answer.text
    unknown = await client.get("/certificates/" + "x" * 24, headers={"accept-language": "ru"})
    assert unknown.status_code == 404
    assert "Документа с таким адресом нет" in unknown.text


async def test_a_withdrawn_one_says_so_and_is_not_printed(client):
    where = await published()
    await issue(where)
    first = (await certificates.issued(where.id))[0]
    runs = await where.organiser()
    await certificates.withdraw(runs, where.id, first.id, "Опечатка")
    with pytest.raises(NotFound):
        await certificates.withdraw(runs, where.id, first.id, "Опечатка")
    answer = await client.get(f"/certificates/{first.code}", headers={"accept-language": "ru"})
    assert "Документ отозван и недействителен." in answer.text
    assert "Опечатка" not in answer.text
    assert await issue(where) == 1  # another one in its place, under another code
    assert len({each.code for each in await certificates.issued(where.id)}) == len(await certificates.issued(where.id))


async def test_the_pdf_has_a_page_for_each_and_says_the_names(client):
    where = await published()
    await issue(where)
    people = await fetch("SELECT member FROM certificate WHERE round = $1 AND member IS NOT NULL", where.id)
    await execute("UPDATE person SET name = $2 WHERE id = $1", people[0]["member"], HOSTILE)
    withdrawn = (await certificates.issued(where.id))[0]
    await certificates.withdraw(await where.organiser(), where.id, withdrawn.id, "Опечатка")
    await cast.sign_in(client, where.cohort.organiser)
    answer = await client.get(f"/rounds/{where.id}/certificates.pdf", headers={"accept-language": "ru"})
    paper, said = documents.read(answer.content), squeezed(documents.text(answer.content))
    valid = [each for each in await certificates.issued(where.id) if each.valid]
    assert (paper.part, paper.conformance, paper.accessible, paper.faults) == ("2", "B", "1", ())
    assert paper.pages == len(valid)
    assert "/Figure" in paper.tags
    for each in valid:
        assert squeezed(each.name.replace("漢", "◊")) in said
        assert squeezed(each.code) in said
    assert squeezed(withdrawn.code) not in said


async def test_the_page_issues_and_withdraws(client):
    where = await published()
    await cast.sign_in(client, where.cohort.organiser)
    address = f"/rounds/{where.id}/certificates"
    assert (await client.post(address, data={"places": "x"})).status_code == 422
    assert (await client.post(address, data={"places": "1", "members": "on"})).status_code == 303
    page = (await client.get(address, headers={"accept-language": "ru"})).text
    form = re.search(rf'action="({address}/[^"]+/withdraw)"', page)
    assert form
    refused = await client.post(form[1], data={"reason": " "})
    assert refused.status_code == 422
    assert f'action="{form[1]}"' in re.search(r'<details class="fold" open>.*?</details>', refused.text, re.DOTALL)[0]
    assert (await client.post(form[1], data={"reason": "Ошибка в имени"})).status_code == 303
    assert "Ошибка в имени" in (await client.get(address)).text
    for said in ("Выдан 1 документ.", "Выдавать нечего"):
        await client.post(address, data={"places": "1", "members": "on"})
        assert said in (await client.get(address, headers={"accept-language": "ru"})).text
    verbs = await fetch("SELECT verb FROM journal_entry WHERE verb LIKE 'certificate%' ORDER BY id")
    assert [row["verb"] for row in verbs] == [
        "certificates.issued", "certificate.withdrawn", "certificates.issued", "certificates.issued",
    ]  # fmt: skip
