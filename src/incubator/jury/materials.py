"""The jury and the pages of a team: its case and accepted work are open to who judges it, and frozen for it meanwhile.

From the team's own page links lead to its result, and to the jury of a round that is not open yet.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from incubator.foundation.database import fetch_one, fetch_value
from incubator.foundation.i18n import Message
from incubator.jury.rules import FEEDBACK, JURORS, in_the_jury
from incubator.people.rights import Relation, Standing, Verdict, Viewer
from incubator.stages import hooks
from incubator.stages.answers import Answer, answers
from incubator.stages.queries import AcceptedWork, accepted_work
from incubator.teams.cases import LABELS, CaseText, from_content, sections
from incubator.teams.rules import CHALLENGE_JUROR

BEING_JUDGED = Message("The jury is judging this project, so its work can't be changed now.")


@dataclass(frozen=True, slots=True)
class ReadableWork:
    """A piece of accepted work with its answers."""

    module_title: str
    title: str
    answers: tuple[Answer, ...]


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


async def materials(team_id: UUID) -> Materials:
    """The case and the accepted work of a team; two statements. The caller has judged who may read them."""
    content = await fetch_value(SUBMITTED_CASE, team_id)
    case = from_content(json.loads(content)) if content else None
    return Materials(case, tuple(_readable(work) for work in await accepted_work([team_id])))


def _readable(work: AcceptedWork) -> ReadableWork:
    return ReadableWork(work.module_title, work.title, tuple(answers(work.sent.fields, work.sent.content)))


# --- While a round is open or waits for its result --------------------------------------------------------------------

JUDGED_BY = """
SELECT c.programme, c.id AS cohort, s.id AS sheet
FROM round_project p JOIN scoring_round r ON r.id = p.round JOIN cohort c ON c.id = r.cohort
JOIN seat e ON e.round = r.id AND e.person = $2 AND e.removed_at IS NULL
LEFT JOIN score_sheet s ON s.seat = e.id AND s.project = p.id
WHERE p.team = $1 AND r.state <> 'draft' ORDER BY s.id NULLS LAST LIMIT 1
"""


async def opened_to_juror(viewer: Viewer, team_id: UUID) -> Verdict | None:
    """Whether the work of a team is open to a juror: to who scores it, and closed with a reason to who has a conflict."""
    row = await fetch_one(JUDGED_BY, team_id, viewer.id)
    if row is None:
        return None
    known_as = viewer.standing(programme=row["programme"], cohort=row["cohort"], team=team_id)
    found = in_the_jury(known_as, seated=True).relations & JURORS
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


OF_TEAM = """
SELECT coalesce(bool_or(r.state = 'published' AND p.id IS NOT NULL), false) AS published,
  coalesce(bool_or(r.state = 'draft' AND EXISTS (
    SELECT FROM seat e WHERE e.round = r.id AND e.removed_at IS NULL)), false) AS seated
FROM scoring_round r LEFT JOIN round_project p ON p.round = r.id AND p.team = $1
WHERE r.cohort = (SELECT t.cohort FROM team t WHERE t.id = $1)
"""


async def links(team_id: UUID, standing: Standing) -> list[tuple[str, Message]]:
    """From the team's page to its published result and, before a round opens, to the jurors it may challenge."""
    row = await fetch_one(OF_TEAM, team_id)
    found = []
    if row and row["published"] and standing.may(FEEDBACK):
        found.append((f"/teams/{team_id}/result", Message("Result of the jury")))
    if row and row["seated"] and standing.may(CHALLENGE_JUROR):
        found.append((f"/teams/{team_id}/jury", Message("Jury of the coming round")))
    return found


hooks.LINKS.append(links)
hooks.OPENED.append(opened_to_juror)
hooks.FROZEN.append(frozen_for_team)
