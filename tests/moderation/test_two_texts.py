"""A remark knows whether its field changed since; of two texts in one place none overwrites the other unseen."""

import re

import pytest

import cast
from incubator.foundation.refusals import Clash
from incubator.moderation import actions, queries, threads
from incubator.moderation.rules import Verdict
from incubator.stages.queries import work_for
from incubator.stages.rules import Outcome

RETURN = Verdict(Outcome.RETURNED, "Уточните")
PRINT = re.compile(r'name="version" value="([^"]+)"')


async def test_a_remark_says_that_its_field_changed_and_where_to_see_it(school, mod, client, counting):
    fields = [field.key for field in (await work_for(mod, school.submission)).fields]
    for field in (*fields[:2], ""):
        await actions.write_remark(mod, school.submission, 1, field, f"О поле {field}")
    await actions.decide(mod, school.submission, 1, RETURN)
    work = await work_for(mod, school.submission)
    assert [mark.changed_in for mark in await queries.remarks(mod, work)] == [None] * 3
    await school.send(word="улучшенный")
    work = await work_for(mod, school.submission)
    with counting() as seen:
        marks = await queries.remarks(mod, work)
    assert len(seen) == 1
    assert {mark.field: mark.changed_in for mark in marks}[""] is None
    changed = next(mark for mark in marks if mark.changed_in)
    assert changed.changed_in == 2
    for person, address in (
        (school.moderator, f"/submissions/{school.submission}/desk"),
        (school.team.lead, work.href),
    ):
        await cast.sign_in(client, person)
        page = (await client.get(address)).text
        assert "поле изменено после замечания" in page
        assert changed.comparison.replace("&", "&amp;") in page
    seen = await client.get(changed.comparison.partition("#")[0])
    assert f'id="field-{changed.field}"' in seen.text and "улучшенный</ins>" in seen.text


async def test_two_answers_to_one_question_stand_side_by_side(school, mod, client):
    question = await actions.ask(mod, school.team.id, "Почему?")
    await cast.sign_in(client, school.team.lead)
    page = await client.get(f"/teams/{school.team.id}/questions")
    shown = PRINT.findall(page.text)[0]
    await actions.answer(await cast.viewer(school.team.members[0]), question, "Потому что далеко")
    answer = await client.post(f"/questions/{question}/answer", data={"text": "Потому что дорого", "version": shown})
    assert answer.status_code == 409
    assert "далеко</del>" in answer.text and "дорого</ins>" in answer.text
    (now,) = await threads.questions(school.team.id)
    assert now.answer == "Потому что далеко"
    again = {"text": "Потому что далеко и дорого", "version": PRINT.findall(answer.text)[0]}
    assert (await client.post(f"/questions/{question}/answer", data=again)).status_code == 303
    (now,) = await threads.questions(school.team.id)
    assert now.answer == "Потому что далеко и дорого"


async def test_a_note_and_a_remark_changed_in_another_tab_are_not_overwritten(school, mod):
    note = await actions.write_note(mod, school.team.id, "Заметка")
    remark = await actions.write_remark(mod, school.submission, 1, "", "Замечание")
    for edit, key in ((actions.edit_note, note), (actions.edit_remark, remark)):
        await edit(mod, key, "Другой текст")
        with pytest.raises(Clash) as clash:
            await edit(mod, key, "Третий текст", version="0a0a0a0a0a")
        assert clash.value.context["stored"] == "Другой текст"
        await edit(mod, key, "Другой текст", version="0a0a0a0a0a")  # the same words: nothing to choose between
