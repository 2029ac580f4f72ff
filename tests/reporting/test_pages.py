"""Help and what the footer promises."""

import re

import pytest

import cast
from incubator.people.rights import Role, Scope


@pytest.mark.parametrize("path", ["/help", "/personal-data", "/privacy", "/accessibility"])
@pytest.mark.parametrize("locale", ["ru", "en"])
async def test_public_pages_are_open_to_visitors_in_both_languages(client, path, locale):
    answer = await client.get(path, headers={"accept-language": locale})
    assert answer.status_code == 200
    assert f'lang="{locale}"' in answer.text
    assert "%(" not in answer.text


async def test_the_footer_leads_somewhere(client):
    foot = (await client.get("/help")).text.partition("<footer")[2]
    links = re.findall(r'href="(/[^"]*)"', foot)
    assert len(links) >= 3
    for link in links:
        assert (await client.get(link, follow_redirects=True)).status_code == 200, link


WORDS = {
    Role.TEAM_LEAD: "Команда", Role.MODERATOR: "Модератор", Role.JUROR: "Эксперт",
    Role.ORGANISER: "Организатор", Role.ADMINISTRATOR: "Администратор",
}  # fmt: skip
HEADING = re.compile(r'<(h[23]) id="part-[0-9]+">([^<]+)<')


async def test_help_is_about_what_one_is_first_and_holds_the_rest_too(client):
    from incubator.foundation.database import new_id

    text = (await client.get("/help", headers={"accept-language": "ru"})).text
    assert "Как войти" in text
    assert ("h2", "Все") in HEADING.findall(text)
    assert {("h3", word) for word in WORDS.values()} <= set(HEADING.findall(text))
    scopes = {Role.ADMINISTRATOR: Scope.PLATFORM, Role.ORGANISER: Scope.PROGRAMME, Role.TEAM_LEAD: Scope.TEAM}
    for number, role in enumerate(WORDS):
        who = await cast.person("Пётр Новиков", f"p{number}@example.org")
        scope = scopes.get(role, Scope.COHORT)
        await cast.give(who, role, scope, None if scope is Scope.PLATFORM else new_id())
        await cast.sign_in(client, who)
        text = (await client.get("/help")).text
        found = {word: tag for tag, word in HEADING.findall(text)}
        assert [word for word in WORDS.values() if found[word] == "h2"] == [WORDS[role]]
        assert "Как войти" not in text


async def test_the_navigation_offers_what_one_may_open(client):
    """Every link of the head opens, for everybody."""
    where = await cast.cohort()
    team = await cast.team(where)
    people = [team.lead, await cast.moderator(where, team), await cast.juror(where), where.organiser,
              await cast.administrator("Олег Тихонов", "root@example.org")]  # fmt: skip
    for who in people:
        await cast.sign_in(client, who)
        head = (await client.get("/help")).text.partition('<nav class="nav"')[2].partition("</nav>")[0]
        links = re.findall(r'href="(/[^"]*)"', head)
        assert links[0] == (f"/teams/{team.id}" if who is team.lead else "/")
        for link in links:
            assert (await client.get(link, follow_redirects=True)).status_code == 200, (who.name, link)


@pytest.mark.parametrize("locale", ["ru", "en"])
def test_the_guide_has_a_section_for_every_role(locale):
    from incubator.reporting import guide

    for role in Role:
        mine, others = guide.guide(locale, [role])
        assert [each for each in mine if role in each.readers], role
        assert len(mine) + len(others) == len(guide.sections(locale))
        assert not re.findall(r'href="(?!/|https?:)', "".join(each.html for each in (*mine, *others)))


async def test_whom_to_ask_is_what_the_organisation_says(client):
    from incubator.foundation import pages
    from incubator.foundation.owner import Owner

    pages.belongs_to(Owner(name_ru="Школа", help_contact="Анна Ветрова\nпо будням", operator="АНО «Школа»"))
    try:
        assert "Анна Ветрова<br>по будням" in (await client.get("/help")).text
        assert "АНО «Школа»" in (await client.get("/personal-data")).text
    finally:
        pages.belongs_to(Owner())
