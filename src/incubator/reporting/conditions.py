"""What is known of each team's progress, in one statement for any number of teams, and the reasons that follow from it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from incubator.foundation.database import fetch
from incubator.people.rights import Viewer
from incubator.programmes.rules import CohortRef, CohortState
from incubator.reporting.board import Place, Row
from incubator.reporting.rules import Cell
from incubator.reporting.standstill import Condition, Reason, Work, reasons
from incubator.stages.rules import EXTEND, SubmissionState

KNOWN: Final = """
SELECT t.id AS team, l.person IS NOT NULL AS lead,
  (SELECT max(r.sent_at) FROM revision r JOIN submission s ON s.id = r.submission WHERE s.team = t.id) AS last_sent,
  greatest((SELECT max(e.at) FROM journal_entry e WHERE e.actor = l.person),
           (SELECT max(x.seen_at) FROM session x WHERE x.person = l.person)) AS lead_seen,
  (SELECT coalesce(json_agg(json_build_array(s.assignment, v.sent_at, v.number)), '[]') FROM submission s
     JOIN LATERAL (SELECT r.sent_at, r.number FROM revision r WHERE r.submission = s.id ORDER BY r.number DESC LIMIT 1) v
       ON true WHERE s.team = t.id AND s.state IN ('submitted', 'returned')) AS sent
FROM team t LEFT JOIN LATERAL (SELECT g.person FROM role_grant g WHERE g.scope = 'team' AND g.scope_id = t.id
  AND g.role = 'team_lead' AND g.revoked_at IS NULL) l ON true
WHERE t.id = ANY($1)
"""
TO_DO: Final = frozenset({Cell.OVERDUE, Cell.RETURNED, Cell.AT_WORK, Cell.NOT_BEGUN})


async def stuck(
    viewer: Viewer, cohort: CohortRef, rows: Iterable[Row], opened: Mapping[UUID, datetime]
) -> dict[UUID, list[Reason]]:
    """Why each of these teams is stuck, of those that are; `opened` says when each module opens. One statement.

    In a cohort that has not begun or is over nobody is stuck.
    """
    if cohort.state is not CohortState.RUNNING:
        return {}
    teams = {row.team: row for row in rows}
    extends = cohort.standing.may(EXTEND)
    found = {}
    for known in await fetch(KNOWN, list(teams)):
        row = teams[known["team"]]
        condition = _condition(cohort, row, known, opened)
        if why := reasons(condition, viewer.now, checks=row.checks, extends=extends):
            found[row.team] = why
    return found


def _condition(cohort: CohortRef, row: Row, known: Mapping[str, Any], opened: Mapping[UUID, datetime]) -> Condition:
    sent = {UUID(key): (datetime.fromisoformat(at), number) for key, at, number in json.loads(known["sent"])}
    here = [place for place in row.places if place.cell in TO_DO]
    return Condition(
        row.team, cohort.id, min((opened[place.module] for place in here), default=None),
        overdue=[Work(w.assignment, w.submission, w.title, w.deadline) for p in here for w in p.works if w.overdue],
        waiting=_with(row.places, SubmissionState.SUBMITTED, sent), returned=_with(here, SubmissionState.RETURNED, sent),
        may_go_on=any(place.cell is Cell.READY and 0 < place.required == place.accepted for place in row.places),
        last_sent=known["last_sent"], lead=known["lead"], lead_seen=known["lead_seen"],
        accompanied=bool(row.moderators), zone=cohort.time_zone,
    )  # fmt: skip


def _with(places: Sequence[Place], state: SubmissionState, sent: Mapping[UUID, tuple[datetime, int]]) -> list[Work]:
    """Work in a state, with when its last version was sent; each version of returned work was returned once."""
    works = [work for place in places for work in place.works if work.state is state and work.assignment in sent]
    return [Work(work.assignment, work.submission, work.title, *sent[work.assignment]) for work in works]
