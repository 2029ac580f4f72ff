"""The jury and the pages of a team: its case and accepted work are open to who judges it, and frozen for it meanwhile.

From the team's own page links lead to its result, and to the jury of a round that is not open yet.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import PurePath
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch_one, fetch_value
from incubator.foundation.i18n import Message
from incubator.jury.rules import FEEDBACK, JURORS, RoundState, in_the_jury
from incubator.jury.sheets.queries import SheetPage
from incubator.jury.terms import masked, read_terms
from incubator.people.rights import Relation, Verdict, Viewer
from incubator.programmes.blueprint import FieldKind
from incubator.stages import hooks
from incubator.stages.answers import Answer, answers
from incubator.stages.queries import AcceptedWork, accepted_work
from incubator.teams.cases import LABELS, CaseText, from_content, sections
from incubator.teams.rules import CHALLENGE_JUROR

BEING_JUDGED = Message("The jury is judging this project, so its work can't be changed now.")


@dataclass(frozen=True, slots=True)
class ReadableFile:
    """A file of the team as a juror has it in this round: under its own name, or under a number."""

    id: UUID
    name: str
    media_type: str
    size: int
    withheld: bool


@dataclass(frozen=True, slots=True)
class ReadableWork:
    """A piece of accepted work with its answers."""

    module_title: str
    title: str
    answers: tuple[tuple[Answer, tuple[ReadableFile, ...]], ...]


@dataclass(frozen=True, slots=True)
class Materials:
    """What a juror reads before he scores: the case as it was submitted last, and the accepted work."""

    case: CaseText | None
    works: tuple[ReadableWork, ...]

    @property
    def sections(self) -> dict[str, str]:
        """The parts of the case as plain text by key."""
        return sections(self.case) if self.case else {}

    @property
    def labels(self) -> Mapping[str, Message]:
        """What the parts of a case are called."""
        return LABELS


SUBMITTED_CASE = """
SELECT v.content FROM problem_case k JOIN case_version v ON v.problem_case = k.id
WHERE k.team = $1 AND k.deleted_at IS NULL
  AND NOT EXISTS (SELECT FROM case_withdrawal w WHERE w.case_version = v.id)
ORDER BY v.number DESC LIMIT 1
"""


async def materials(page: SheetPage) -> Materials:
    """What the terms of the round show of a team's case and accepted work; at most two statements.

    The caller has judged who may read them. Without names in a blind round, as far as the program finds them.
    """
    terms, team = page.terms, page.sheet.team
    content = await fetch_value(SUBMITTED_CASE, team) if terms.case else None
    case = from_content(json.loads(content)) if content else None
    works = await accepted_work([team]) if terms.works else []
    counter = itertools.count(1)
    return Materials(
        _covered(case, page.hidden) if case else None,
        tuple(_readable(work, page, counter) for work in works if terms.shows(work.assignment)),
    )


def _covered(value: Any, hidden: frozenset[str]) -> Any:
    """The same texts, figures and lists of them without hidden names."""
    if not hidden:
        return value
    if isinstance(value, str):
        return masked(value, hidden)
    if isinstance(value, tuple):
        return tuple(_covered(each, hidden) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _covered(getattr(value, each.name), hidden) for each in fields(value)})
    return value


def _readable(work: AcceptedWork, page: SheetPage, counter: Iterator[int]) -> ReadableWork:
    found = answers(work.sent.fields, work.sent.content)
    return ReadableWork(
        work.module_title, work.title,
        tuple((_without_names(each, page.hidden), tuple(_files(each, page, counter))) for each in found
              if page.terms.files or each.field.kind is not FieldKind.FILE),
    )  # fmt: skip


def _without_names(answer: Answer, hidden: frozenset[str]) -> Answer:
    return replace(answer, text=masked(answer.text, hidden), rows=_covered(answer.rows, hidden)) if hidden else answer


def _files(answer: Answer, page: SheetPage, counter: Iterator[int]) -> Iterator[ReadableFile]:
    for file in answer.files:
        number, ending = next(counter), PurePath(str(file["name"])).suffix
        name = str(Message("File {number}", number=number)) + ending if page.blind else str(file["name"])
        yield ReadableFile(
            UUID(str(file["id"])), name, str(file["media_type"]), int(file["size"]),
            bool(file.get("quarantined") or file.get("waiting")),
        )  # fmt: skip


def file_among(found: Materials, file_id: UUID) -> ReadableFile | None:
    """The file with this id, if it is among the materials."""
    lists = (files for work in found.works for _answer, files in work.answers)
    return next((each for files in lists for each in files if each.id == file_id), None)


# --- While a round is open or waits for its result --------------------------------------------------------------------

JUDGED_BY = """
SELECT c.programme, c.id AS cohort, s.id AS sheet, r.state, r.terms
FROM round_project p JOIN scoring_round r ON r.id = p.round JOIN cohort c ON c.id = r.cohort
JOIN seat e ON e.round = r.id AND e.person = $2 AND e.removed_at IS NULL
LEFT JOIN score_sheet s ON s.seat = e.id AND s.project = p.id
WHERE p.team = $1 AND r.state <> 'draft'
ORDER BY s.id IS NULL, coalesce((r.terms ->> 'blind')::boolean, false) AND r.state <> 'published' DESC, r.created_at DESC
LIMIT 1
"""


async def opened_to_juror(viewer: Viewer, team_id: UUID) -> Verdict | None:
    """Whether the work of a team is open to a juror: to who scores it, and closed with a reason to who has a conflict."""
    row = await fetch_one(JUDGED_BY, team_id, viewer.id)
    if row is None:
        return None
    known_as = viewer.standing(programme=row["programme"], cohort=row["cohort"], team=team_id)
    found = in_the_jury(known_as, seated=True).relations & JURORS
    if not read_terms(row["terms"]).whole and row["state"] != RoundState.PUBLISHED:
        return None  # what the round shows of it is at the jurors' own address
    if Relation.JUROR_CONFLICTED in found:
        return Verdict.FORBID
    return Verdict.ALLOW if found and row["sheet"] else None


async def frozen_for_team(team_id: UUID) -> Message | None:
    """Why a team can't change its work now, or None."""
    judged = await fetch_value(
        "SELECT true FROM round_project p JOIN scoring_round r ON r.id = p.round"
        " WHERE p.team = $1 AND r.state IN ('open', 'locked') LIMIT 1",
        team_id,
    )
    return BEING_JUDGED if judged else None


PUBLISHED_OF_TEAM = """
SELECT 1 AS any FROM round_project p JOIN scoring_round r ON r.id = p.round
WHERE p.team = $1 AND r.state = 'published' LIMIT 1
"""
SEATED_FOR_TEAM = """
SELECT 1 AS any FROM scoring_round r WHERE r.cohort = (SELECT t.cohort FROM team t WHERE t.id = $1) AND r.state = 'draft'
  AND EXISTS (SELECT FROM seat e WHERE e.round = r.id AND e.removed_at IS NULL) LIMIT 1
"""


def _to_result(team: UUID, rows: Sequence[Any]) -> Sequence[hooks.Link]:
    return [hooks.Link(f"/teams/{team}/result", Message("Result of the jury"))] if rows else []


def _to_jury(team: UUID, rows: Sequence[Any]) -> Sequence[hooks.Link]:
    """Before a round opens, to the jurors it may challenge."""
    return [hooks.Link(f"/teams/{team}/jury", Message("Jury of the coming round"))] if rows else []


hooks.PARTS.append(hooks.Part(FEEDBACK, _to_result, PUBLISHED_OF_TEAM))
hooks.PARTS.append(hooks.Part(CHALLENGE_JUROR, _to_jury, SEATED_FOR_TEAM))
hooks.OPENED.append(opened_to_juror)
hooks.FROZEN.append(frozen_for_team)
