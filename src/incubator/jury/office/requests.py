"""What one organiser asked for and another one has to agree to: what waits, what was declined, what the publication waits for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one, fetch_value
from incubator.foundation.i18n import Message
from incubator.jury.rounds import Round
from incubator.jury.rules import ProposalKind, RoundState, publication_waits
from incubator.people.rights import Viewer


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that waits for a second organiser; `about` names juror and team of a sheet."""

    id: UUID
    kind: ProposalKind
    reason: str
    asked_at: datetime
    asked_by: UUID
    asked_by_name: str
    about: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The last word on something that was asked for: another organiser declined it. `about` as above."""

    kind: ProposalKind
    about: str
    asked_by: UUID
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Reopened:
    """A sheet of a locked round that its juror has been given back; `about` names him and the team."""

    id: UUID
    about: str
    since: datetime


ABOUT = """
LEFT JOIN score_sheet s ON s.id = o.sheet
LEFT JOIN seat e ON e.id = s.seat LEFT JOIN person h ON h.id = e.person
LEFT JOIN round_project p ON p.id = s.project LEFT JOIN team t ON t.id = p.team
"""
WAITING = f"""
SELECT o.id, o.kind, o.reason, o.asked_at, o.asked_by, a.name AS asked_by_name,
  coalesce(h.name || ' – ' || t.name, '') AS about
FROM jury_proposal o JOIN person a ON a.id = o.asked_by {ABOUT}
WHERE o.round = $1 AND o.decided_at IS NULL ORDER BY o.asked_at
"""
# Of each thing that can be asked for, if the last thing said about it is a refusal since the lock.
DECLINED = f"""
SELECT o.kind, coalesce(h.name || ' – ' || t.name, '') AS about, o.asked_by, o.decided_at AS at, b.name AS by
FROM (
  SELECT DISTINCT ON (kind, sheet) * FROM jury_proposal WHERE round = $1 ORDER BY kind, sheet, asked_at DESC
) o JOIN person b ON b.id = o.decided_by {ABOUT}
WHERE NOT o.confirmed AND o.decided_by <> o.asked_by
  AND o.asked_at >= (SELECT locked_at FROM scoring_round WHERE id = $1)
ORDER BY o.decided_at DESC LIMIT 20
"""
REOPENED = """
SELECT s.id, h.name || ' – ' || t.name AS about, s.reopened_at AS since
FROM score_sheet s JOIN seat e ON e.id = s.seat JOIN person h ON h.id = e.person
JOIN round_project p ON p.id = s.project JOIN team t ON t.id = p.team
WHERE s.round = $1 AND s.reopened_at IS NOT NULL ORDER BY s.reopened_at, s.id LIMIT 100
"""


async def waiting(round_id: UUID) -> Sequence[Proposal]:
    """What waits for a second organiser."""
    return [Proposal(**{**row, "kind": ProposalKind(row["kind"])}) for row in await fetch(WAITING, round_id)]


async def declined(scoring: Round) -> Sequence[Declined]:
    """What was declined since the lock of a locked round, and not asked for again."""
    rows = await fetch(DECLINED, scoring.id) if scoring.state is RoundState.LOCKED else []
    return [Declined(**{**row, "kind": ProposalKind(row["kind"])}) for row in rows]


async def asked_about(round_id: UUID) -> frozenset[tuple[UUID, str]]:
    """(sheet, kind) of what waits for a second organiser."""
    sql = "SELECT sheet, kind FROM jury_proposal WHERE round = $1 AND sheet IS NOT NULL AND decided_at IS NULL"
    return frozenset((row["sheet"], row["kind"]) for row in await fetch(sql, round_id))


async def reopened(round_id: UUID) -> Sequence[Reopened]:
    """The sheets that are with their jurors again."""
    return [Reopened(**row) for row in await fetch(REOPENED, round_id)]


# --- A second organiser -----------------------------------------------------------------------------------------------

# Another organiser of the programme of cohort `c` than $1 who has no conflict of interest and neither judges nor takes part.
OTHERS = """
  EXISTS (
    SELECT FROM role_grant g JOIN person p ON p.id = g.person AND p.deactivated_at IS NULL
    WHERE g.role = 'organiser' AND g.scope = 'programme' AND g.scope_id = c.programme AND g.revoked_at IS NULL
      AND g.person <> $1
      AND NOT EXISTS (SELECT FROM conflict_of_interest i
                      WHERE i.person = g.person AND i.cohort = c.id AND i.lifted_at IS NULL)
      AND NOT EXISTS (SELECT FROM role_grant r WHERE r.person = g.person AND r.cohort = c.id AND r.revoked_at IS NULL
                      AND r.role IN ('juror', 'team_lead', 'participant'))
  )"""


async def somebody_else(viewer: Viewer, cohort_id: UUID) -> bool:
    """Whether there is another organiser who could agree to what this one asks for."""
    return bool(await fetch_value(f"SELECT {OTHERS} FROM cohort c WHERE c.id = $2", viewer.id, cohort_id))


# --- The publication --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Publication:
    """How far the publication of a locked round is: who asked for it, what it waits for, whether somebody could agree.

    `asked` (the proposal's id) is None, too, when the result has become another one since somebody asked. It waits for
    sheets that were `reopened`, for what else was asked of a second organiser (`undecided`) and while the jury `sits`.
    """

    asked: UUID | None
    asked_at: datetime | None
    asked_by: UUID | None
    asked_by_name: str | None
    reopened: int
    undecided: int
    sits: bool
    others: bool
    advice: bool | None

    @property
    def waits(self) -> bool:
        """Whether it can't be published, and not asked for, yet."""
        return bool(self.reopened or self.undecided or self.sits)


# Columns, see `rules.publication_waits`; of a round that is named apart.
WAITED_FOR = """
  (SELECT count(*) FROM score_sheet s WHERE s.round = {0} AND s.reopened_at IS NOT NULL) AS reopened,
  (SELECT count(*) FROM jury_proposal w WHERE w.round = {0} AND w.kind <> 'publish' AND w.decided_at IS NULL) AS undecided,
  EXISTS (SELECT FROM deliberation d WHERE d.round = {0} AND d.closed_at IS NULL) AS sits"""
PUBLICATION = f"""
SELECT o.id AS asked, o.asked_at, o.asked_by, a.name AS asked_by_name, (o.kept -> 'advice')::boolean AS advice,
  {WAITED_FOR.format("$3")}, {OTHERS} AS others
FROM cohort c
LEFT JOIN jury_proposal o ON o.round = $3 AND o.kind = 'publish' AND o.decided_at IS NULL AND o.kept ->> 'outcome' = $4
LEFT JOIN person a ON a.id = o.asked_by
WHERE c.id = $2
"""


async def publication(viewer: Viewer, scoring: Round, outcome: str) -> Publication | None:
    """The publication of a locked round whose result is this one now; one statement."""
    row = await fetch_one(PUBLICATION, viewer.id, scoring.cohort, scoring.id, outcome)
    return Publication(**row) if row else None


async def why_wait(round_id: UUID) -> Message | None:
    """What a publication waits for, in words."""
    found = await fetch_one(f"SELECT {WAITED_FOR.format('$1')}", round_id)
    return publication_waits(**found) if found else None
