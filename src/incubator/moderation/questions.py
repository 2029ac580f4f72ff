"""Guiding questions: a moderator asks, the team answers, both may go on, and somebody says that it is settled."""

from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.moderation.rules import ANSWER, ASK, REPLY_TO_QUESTION, SETTLE
from incubator.moderation.tables import GuidingQuestion, QuestionReply
from incubator.moderation.writing import WHERE, held, need_there, standing_to, still
from incubator.people.rights import Right, Viewer
from incubator.stages.queries import work_for
from incubator.teams.queries import team_for

ANSWER_FIRST = Message("Answer the question first; then the talk goes on below the answer.")
SETTLED_ALREADY = Message("This question is settled already. Reload the page.")
QUESTION_ROW = f"""
SELECT q.answer, q.answered_at, q.turn, {WHERE} FROM guiding_question q
JOIN team t ON t.id = q.team JOIN cohort c ON c.id = t.cohort WHERE q.id = $1 FOR UPDATE OF q
"""


async def ask(viewer: Viewer, team_id: UUID, text: str, *, submission: UUID | None = None) -> UUID:
    """Put a guiding question to a team, about one piece of its work or about its case as a whole. Its id."""
    async with DB.transaction():
        team = await team_for(viewer, team_id)
        team.standing.need(ASK)
        need_there(team.withdrawn_at)
        if submission is not None and (await work_for(viewer, submission)).team != team_id:
            raise NotFound
        question = GuidingQuestion(id=new_id(), team=team_id, submission=submission, text=text, asked_at=viewer.now,
                                   asked_by=viewer.id)  # fmt: skip
        await GuidingQuestion.insert(question)
        await record("question.asked", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=team.cohort,
                     team=team_id, subject=question.id, aside={"path": f"/teams/{team_id}/questions"})  # fmt: skip
    return UUID(str(question.id))


async def answer(viewer: Viewer, question: UUID, text: str, *, version: str | None = None) -> UUID:
    """Answer a guiding question, or answer it anew: then it waits for those who asked. The team's id."""
    async with DB.transaction():
        row = await _judged(viewer, question, ANSWER)
        still(version, row["answer"], text)
        await execute(
            "UPDATE guiding_question SET answer = $2, answered_at = $3, answered_by = $4 WHERE id = $1",
            question, text, viewer.now, viewer.id,
        )  # fmt: skip
        await _turn(question, "staff", viewer.now)
        await _note("question.answered", viewer, question, row)
    return UUID(str(row["team"]))


async def reply(viewer: Viewer, question: UUID, text: str, *, settles: bool = False) -> UUID:
    """Go on under a question: the turn passes to the other side, unless staff's word settles it. The team's id."""
    async with DB.transaction():
        row = await _judged(viewer, question, REPLY_TO_QUESTION)
        standing = standing_to(viewer, row)
        of_team = standing.may(ANSWER)
        if of_team and row["answered_at"] is None:
            raise Refused(ANSWER_FIRST)
        if settles:
            standing.need(SETTLE)
        await QuestionReply.insert(
            QuestionReply(id=new_id(), question=question, text=text, author=viewer.id, of_team=of_team,
                          written_at=viewer.now)
        )  # fmt: skip
        await _turn(
            question, "nobody" if settles else "staff" if of_team else "team", viewer.now, settles and viewer.id
        )
        await _note("question.replied", viewer, question, row, settled=settles)
    return UUID(str(row["team"]))


async def settle(viewer: Viewer, question: UUID) -> UUID:
    """Say that nothing more is to be said about a question; a further word opens it again. The team's id."""
    async with DB.transaction():
        row = await _judged(viewer, question, SETTLE)
        if row["turn"] == "nobody":
            raise Refused(SETTLED_ALREADY)
        await _turn(question, "nobody", viewer.now, viewer.id)
        await _note("question.settled", viewer, question, row)
    return UUID(str(row["team"]))


async def _judged(viewer: Viewer, question: UUID, wanted: Right) -> dict[str, Any]:
    """The question, held, to whoever may do this with it."""
    row = dict(await held(QUESTION_ROW, question))
    standing_to(viewer, row).need(wanted)
    if wanted is not SETTLE:
        need_there(row["withdrawn_at"])
    return row


async def _turn(question: UUID, turn: str, at: datetime, settled_by: UUID | bool = False) -> None:
    await execute(
        "UPDATE guiding_question SET turn = $2, turned_at = $3, settled_at = CASE WHEN $4::uuid IS NULL THEN NULL"
        " ELSE $3::timestamptz END, settled_by = $4 WHERE id = $1",
        question, turn, at, settled_by or None,
    )  # fmt: skip


async def _note(verb: str, viewer: Viewer, question: UUID, row: dict[str, Any], **data: Any) -> None:
    await record(verb, by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=row["cohort"], team=row["team"],
                 subject=question, **data)  # fmt: skip
