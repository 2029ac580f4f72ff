"""What pages about guiding questions show: the threads of a team, what waits for whom, and the history of the case."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch, fetch_value
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound
from incubator.moderation.rules import ANSWER
from incubator.people.rights import Role, Scope, Viewer
from incubator.stages import hooks
from incubator.stages.answers import fingerprint
from incubator.stages.rules import QUESTION, Task

MOST_QUESTIONS = 200
MOST_ANSWERED = 20
MOST_ENTRIES = 300


@dataclass(frozen=True, slots=True)
class Word:
    """A further word under a question."""

    author: str
    text: str
    of_team: bool
    written_at: datetime


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A guiding question, what the team answered and what was said after; `about` names the work it was asked about.

    `turn` is whose word is missing: "team", "staff" or "nobody".
    """

    id: UUID
    text: str
    about: str
    asked_at: datetime
    asked_by: str
    answer: str
    answered_at: datetime | None
    answered_by: str
    turn: str
    settled_at: datetime | None
    settled_by: str
    words: tuple[Word, ...]

    @property
    def version(self) -> str:
        """What a form that changes the answer has shown."""
        return fingerprint(self.answer)


QUESTIONS = """
SELECT q.id, q.text, q.asked_at, p.name AS asked_by, q.answer, q.answered_at, coalesce(a.title, '') AS about,
  coalesce(w.name, '') AS answered_by, q.turn, q.settled_at, coalesce(z.name, '') AS settled_by,
  (SELECT coalesce(json_agg(json_build_array(k.name, y.text, y.of_team, y.written_at) ORDER BY y.written_at, y.id), '[]')
     FROM question_reply y JOIN person k ON k.id = y.author WHERE y.question = q.id) AS words
FROM guiding_question q JOIN person p ON p.id = q.asked_by LEFT JOIN person w ON w.id = q.answered_by
LEFT JOIN person z ON z.id = q.settled_by LEFT JOIN submission s ON s.id = q.submission
LEFT JOIN assignment a ON a.id = s.assignment
WHERE q.team = $1 ORDER BY q.turn = 'nobody', q.turn <> 'team', q.asked_at DESC LIMIT $2
"""


async def questions(team: UUID) -> list[QuestionRow]:
    """The guiding questions put to a team: those it has to answer first, settled ones last. One statement."""
    return [_question(row) for row in await fetch(QUESTIONS, team, MOST_QUESTIONS)]


def _question(row: Mapping[str, Any]) -> QuestionRow:
    values = dict(row)
    words = [
        Word(who, said, team, datetime.fromisoformat(at)) for who, said, team, at in json.loads(values.pop("words"))
    ]
    return QuestionRow(**values, words=tuple(words))


async def team_of_question(question: UUID) -> UUID:
    """The team that a guiding question was put to; whoever asks goes on through the team. Raises NotFound."""
    found: UUID | None = await fetch_value("SELECT team FROM guiding_question WHERE id = $1", question)
    if found is None:
        raise NotFound
    return found


async def unanswered(teams: Sequence[UUID]) -> dict[UUID, int]:
    """How many guiding questions wait for a word of each of these teams."""
    rows = await fetch(
        "SELECT team, count(*) AS count FROM guiding_question WHERE team = ANY($1) AND turn = 'team' GROUP BY team",
        list(teams),
    )
    return {row["team"]: row["count"] for row in rows}


# What the programme suggests


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question that the programme's plan keeps for an assignment; `key` names it in an address."""

    key: str
    text: str
    assignment: str
    submission: UUID | None
    asked: bool


SUGGESTED = """
SELECT a.id, a.title, a.guiding_questions, s.id AS submission,
  ARRAY(SELECT text FROM guiding_question WHERE team = $1) AS asked
FROM team t JOIN module m ON m.cohort = t.cohort JOIN assignment a ON a.module = m.id
LEFT JOIN submission s ON s.assignment = a.id AND s.team = t.id
WHERE t.id = $1 AND m.opens_at <= $2 AND jsonb_array_length(a.guiding_questions) > 0 ORDER BY m.place, a.place
"""


async def suggestions(team: UUID, now: datetime) -> list[Suggestion]:
    """The questions of the plan for modules that have begun, and which of them the team was asked already."""
    return [
        Suggestion(f"{row['id']}.{place}", text, row["title"], row["submission"], text in row["asked"])
        for row in await fetch(SUGGESTED, team, now)
        for place, text in enumerate(json.loads(row["guiding_questions"]))
    ]


# What waits for whom


OPEN_QUESTIONS = """
SELECT id, text, answered_at FROM guiding_question WHERE team = $1 AND turn = 'team' ORDER BY asked_at
"""


def _open_questions(team: UUID, rows: Sequence[Mapping[str, Any]]) -> Sequence[Task]:
    """Guiding questions that wait for the team's word, as tasks of the team."""
    return [
        Task(title=row["text"], href=f"/teams/{team}/questions#question-{row['id']}",
             state="asked",
             note=Message("The moderator has asked on") if row["answered_at"] else Message("A question of the moderator"),
             rank=QUESTION, key=UUID(row["id"]))
        for row in rows
    ]  # fmt: skip


hooks.PARTS.append(hooks.Part(ANSWER, _open_questions, OPEN_QUESTIONS))


@dataclass(frozen=True, slots=True)
class Answered:
    """A question that the team has answered and nobody has read as settled."""

    id: UUID
    team: UUID
    team_name: str
    text: str
    turned_at: datetime

    @property
    def href(self) -> str:
        """Where the thread stands."""
        return f"/teams/{self.team}/questions#question-{self.id}"


# $1 teams accompanied, $2 programmes organised, $3 teams in conflict, $4 who asks: organisers follow what they asked
ANSWERED = """
SELECT q.id, t.id AS team, t.name AS team_name, q.text, q.turned_at FROM guiding_question q JOIN team t ON t.id = q.team
JOIN cohort c ON c.id = t.cohort
WHERE q.turn = 'staff' AND t.withdrawn_at IS NULL AND c.closed_at IS NULL
  AND (t.id = ANY($1) OR (c.programme = ANY($2) AND NOT t.id = ANY($3) AND q.asked_by = $4))
ORDER BY q.turned_at, q.id LIMIT $5
"""


async def answered(viewer: Viewer, most: int = MOST_ANSWERED) -> list[Answered]:
    """Answers of teams that wait for the viewer to read them, oldest first."""
    rows = await fetch(
        ANSWERED, viewer.places(Role.MODERATOR, Scope.TEAM), viewer.places(Role.ORGANISER, Scope.PROGRAMME),
        [each.team for each in viewer.interests], viewer.id, most,
    )  # fmt: skip
    return [Answered(**row) for row in rows]


# The history of the case


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened to a case: `kind` is version, withdrawn, asked, answered, replied or settled."""

    kind: str
    at: datetime
    by: str
    text: str
    number: int | None
    question: UUID | None


HISTORY = """
SELECT e.kind, e.at, coalesce(p.name, '–') AS "by", e.text, e.number, e.question FROM (
  SELECT 'version' AS kind, v.made_at AS at, v.made_by AS person, '' AS text, v.number, NULL::uuid AS question, 0 AS place
    FROM case_version v JOIN problem_case c ON c.id = v.problem_case WHERE c.team = $1
  UNION ALL SELECT 'withdrawn', w.at, w."by", w.reason, v.number, NULL, 1 FROM case_withdrawal w
    JOIN case_version v ON v.id = w.case_version JOIN problem_case c ON c.id = v.problem_case WHERE c.team = $1
  UNION ALL SELECT 'asked', asked_at, asked_by, text, NULL, id, 2 FROM guiding_question WHERE team = $1
  UNION ALL SELECT 'answered', answered_at, answered_by, answer, NULL, id, 3 FROM guiding_question
    WHERE team = $1 AND answered_at IS NOT NULL
  UNION ALL SELECT 'replied', y.written_at, y.author, y.text, NULL, q.id, 4 FROM question_reply y
    JOIN guiding_question q ON q.id = y.question WHERE q.team = $1
  UNION ALL SELECT 'settled', settled_at, settled_by, text, NULL, id, 5 FROM guiding_question
    WHERE team = $1 AND settled_at IS NOT NULL
) e LEFT JOIN person p ON p.id = e.person ORDER BY e.at DESC, e.number DESC NULLS FIRST, e.place DESC LIMIT $2
"""


async def history(team: UUID) -> list[Entry]:
    """Versions of the case, questions about it and answers in one line of time, newest first. One statement."""
    return [Entry(**row) for row in await fetch(HISTORY, team, MOST_ENTRIES)]
