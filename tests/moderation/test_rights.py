"""Rows private_note.*, public_comment.*, stage.return and stage.advance of the authorization matrix, through the site.

Letters stand for roles in the matrix's order: A may, D is refused (403, visitors are sent to sign in), N finds nothing.
A refusal changes no row of any table, and what is hidden answers like an id that never was.
"""

from uuid import uuid4

import pytest

import cast
from incubator.foundation.database import DB, execute
from incubator.moderation import actions
from incubator.people.actions import declare_conflict
from incubator.people.rights import Role, Scope

ROLES = ("visitor", "participant", "team_lead", "participant_other_team", "moderator_own", "moderator_other",
         "juror_assigned", "juror_conflicted", "juror_unassigned", "juror_removed", "organiser_own",
         "organiser_conflicted", "organiser_other", "platform_admin")  # fmt: skip

ROWS = {
    "private_note.view": "DNNNANNNNNADND",
    "private_note.create": "DNNNANNNNNADND",
    "private_note.edit": "DNNNANNNNNDDND",
    "private_note.retract": "DNNNANNNNNDDND",
    "public_comment.view": "DAANANNNNNAAND",
    "public_comment.create": "DDDNANNNNNADND",
    "public_comment.reply": "DAANANNNNNADND",
    "public_comment.edit within 15 min": "DDDNANNNNNDDND",
    "public_comment.edit after 15 min": "DDDNDNNNNNDDND",
    "stage.return": "DDDNANNNNNADND",
    "stage.advance": "DDDNANNNNNADND",
    "stage.advance not submitted": "DDDNDNNNNNDDND",
}


@pytest.fixture
async def people(school):
    """Somebody for each role; jurors without a seat stand for those whose seat was never given or was taken."""
    where, team = school.cohort, school.team
    elsewhere = await cast.cohort()
    conflicted = await cast.person("Ида Рогова", "ida@example.org")
    await cast.give(conflicted, Role.ORGANISER, Scope.PROGRAMME, where.programme)
    juror, partial, spare, gone = [await cast.juror(where, name) for name in cast.JURORS[:4]]
    async with DB.transaction():
        for who in (conflicted, partial):
            await declare_conflict(
                who.id, cohort=where.id, team=team.id, reason="Родня", by=who.id, at=await cast.now()
            )
    await execute("UPDATE role_grant SET revoked_at = now() WHERE person = $1", gone.id)
    return {
        "visitor": None, "participant": team.members[0], "team_lead": team.lead,
        "participant_other_team": (await cast.team(where, 1)).lead, "moderator_own": school.moderator,
        "moderator_other": await cast.moderator(where, name="Зоя Климова"), "juror_assigned": juror,
        "juror_conflicted": partial, "juror_unassigned": spare, "juror_removed": gone,
        "organiser_own": where.organiser, "organiser_conflicted": conflicted, "organiser_other": elsewhere.organiser,
        "platform_admin": await cast.administrator("Олег Тихонов", "root@example.org"),
    }  # fmt: skip


class Door:
    """One row of the matrix as a request; `again` puts back what an allowed one has changed."""

    def __init__(self, path, form=None, random="", again=""):
        self.path, self.form, self.random, self.again = path, form, random, again

    async def knock(self, client, path=""):
        if self.form is None:
            return await client.get(path or self.path)
        return await client.post(path or self.path, data=self.form)


UNDECIDED = "TRUNCATE decision; UPDATE submission SET state = 'submitted', rework_until = NULL"
NOT_LED = "UPDATE team_module SET advanced_at = NULL"


async def door(row, school, mod):
    """The request of a row, made on what its author - the team's moderator - has written."""
    team, work = school.team.id, school.submission
    if row.startswith("private_note"):
        note = await actions.write_note(mod, team, "Сильная команда")
        return {
            "private_note.view": Door(f"/teams/{team}/notes", random="/teams/{}/notes"),
            "private_note.create": Door(f"/teams/{team}/notes", {"text": "И ещё"}, "/teams/{}/notes"),
            "private_note.edit": Door(f"/notes/{note}", {"text": "Иначе"}, "/notes/{}"),
            "private_note.retract": Door(f"/notes/{note}/retract", {}, "/notes/{}/retract",
                                         "UPDATE private_note SET retracted_at = NULL"),
        }[row]  # fmt: skip
    if row.startswith("stage.return"):
        form = {"revision": "1", "outcome": "returned", "message": "Дополните"}
        return Door(f"/submissions/{work}/decision", form, "/submissions/{}/decision", UNDECIDED)
    if row.startswith("stage.advance"):
        if row == "stage.advance":
            await execute("UPDATE assignment SET required = false WHERE id <> $1", school.assignment())
            await execute("UPDATE submission SET state = 'accepted'")
        path = f"/teams/{team}/modules/{school.plan[0].id}/advance"
        return Door(path, {"reason": ""}, f"/teams/{{}}/modules/{school.plan[0].id}/advance", NOT_LED)
    remark = await actions.write_remark(mod, work, 1, "", "Кто это сказал?")
    await actions.send_remarks(mod, work)
    if row.endswith("after 15 min"):
        await execute("UPDATE remark SET sent_at = now() - interval '16 minutes'")
    return {
        "public_comment.view": Door(f"/teams/{team}/questions", random="/teams/{}/questions"),
        "public_comment.create": Door(f"/submissions/{work}/remarks", {"revision": "1", "field": "", "text": "И это"},
                                      "/submissions/{}/remarks"),
        "public_comment.reply": Door(f"/remarks/{remark}/reply", {"text": "Мы проверили"}, "/remarks/{}/reply"),
    }.get(row) or Door(f"/remarks/{remark}", {"text": "Точнее"}, "/remarks/{}")  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
async def test_a_row_of_the_matrix(row, school, mod, people, client):
    where = await door(row, school, mod)
    for role, letter in zip(ROLES, ROWS[row], strict=True):
        cast.sign_out(client)
        if people[role] is not None:
            await cast.sign_in(client, people[role])
        before = await cast.counts()
        answer = await where.knock(client)
        if letter == "A":
            assert answer.status_code in ({200} if where.form is None else {303}), (role, answer.status_code)
            if where.again:
                await again(where.again)
            continue
        assert await cast.counts() == before, role
        refused = {"N": 404, "D": 403 if role != "visitor" else 303 if where.form is None else 401}[letter]
        assert answer.status_code == refused, (role, answer.status_code, answer.headers.get("location"))
        if letter == "N":
            unknown = await where.knock(client, where.random.format(uuid4()))
            assert (unknown.status_code, plain(unknown)) == (404, plain(answer)), role


async def again(sql):
    for statement in sql.split(";"):
        await execute(statement)


def plain(answer):
    """What a page says; its head and navigation hold tokens and know the address."""
    return answer.text.partition("<main")[2].partition("</main>")[0]


async def test_a_draft_remark_is_not_there_for_anybody_who_may_not_remark(school, mod, people):
    from incubator.foundation.refusals import Forbidden, NotFound

    remark = await actions.write_remark(mod, school.submission, 1, "", "Пока для себя")
    refused = {"participant": NotFound, "team_lead": NotFound, "organiser_conflicted": NotFound,
               "participant_other_team": NotFound, "moderator_other": NotFound, "juror_assigned": NotFound,
               "organiser_own": Forbidden}  # fmt: skip
    for role, answer in refused.items():
        who = await cast.viewer(people[role])
        for attempt in (actions.edit_remark(who, remark, "Чужое"), actions.drop_remark(who, remark)):
            with pytest.raises(answer):
                await attempt
        with pytest.raises(NotFound):
            await actions.reply(who, remark, "Мы видим")
