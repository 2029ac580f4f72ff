"""A round through its viewer, its lock, what is written down of it, and the dealing out of its sheets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.refusals import NotFound
from incubator.journal.actions import Audience, record
from incubator.jury.rubric import Rubric, read_plan, read_rubric
from incubator.jury.rules import CONDUCT, RoundState, in_the_jury
from incubator.jury.terms import Duty, Terms, read_terms
from incubator.people.rights import Right, Standing, Viewer
from incubator.programmes.blueprint import JuryPlan

ROUND = """
SELECT r.id, r.name, r.state, r.cohort, c.name AS cohort_name, c.programme, c.time_zone, r.criteria, r.plan,
  r.created_at, r.opened_at, r.locked_at, r.lock_note, r.published_at, r.terms, r.root_to, r.follows, r.calibration, e.id AS seat, e.declared_at, e.removed_at,
  e.duty, e.votes
FROM scoring_round r JOIN cohort c ON c.id = r.cohort LEFT JOIN seat e ON e.round = r.id AND e.person = $2
WHERE r.id = $1
"""


@dataclass(frozen=True, slots=True)
class Round:
    """A round as seen by one viewer; `standing` counts him as a juror only if he has a seat, `known_as` always."""

    id: UUID
    name: str
    state: RoundState
    cohort: UUID
    cohort_name: str
    time_zone: str
    criteria_document: str
    plan_document: str
    created_at: datetime
    opened_at: datetime | None
    locked_at: datetime | None
    lock_note: str
    published_at: datetime | None
    seat: UUID | None
    declared_at: datetime | None
    removed_at: datetime | None
    terms: Terms
    root_to: str
    follows: UUID | None
    calibration: str
    duty: Duty | None
    votes: bool
    standing: Standing
    known_as: Standing

    @property
    def blind(self) -> bool:
        """Whether jurors see numbers instead of names; the publication gives the names."""
        return self.terms.blind and self.state is not RoundState.PUBLISHED

    @property
    def rubric(self) -> Rubric:
        """The criteria, frozen at the opening; before it only the round's own, if it has any."""
        return read_rubric(self.criteria_document)

    @property
    def plan(self) -> JuryPlan:
        """The rules, frozen at the opening."""
        return read_plan(self.plan_document)


async def round_for(viewer: Viewer, round_id: UUID) -> Round:
    """A round through its viewer; whoever asks judges a right of its `standing`. Raises NotFound. One statement."""
    row = await fetch_one(ROUND, round_id, viewer.id)
    if row is None:
        raise NotFound
    return _round(row, viewer.standing(programme=row["programme"], cohort=row["cohort"]))


async def published_round(round_id: UUID, *, with_advice: bool = False) -> Round | None:
    """A round as a visitor sees it: only if it is published, its advisory part too where wanted; with no standing at all."""
    also = " AND (r.result -> 'advice')::boolean" * with_advice
    row = await fetch_one(f"{ROUND} AND r.state = 'published'{also}", round_id, None)
    return _round(row, Standing(frozenset())) if row else None


def _round(row: Mapping[str, Any], known_as: Standing) -> Round:
    seated = row["seat"] is not None and row["removed_at"] is None
    duty = Duty(row["duty"]) if seated else None
    return Round(
        id=row["id"], name=row["name"], state=RoundState(row["state"]), cohort=row["cohort"],
        cohort_name=row["cohort_name"], time_zone=row["time_zone"], criteria_document=row["criteria"],
        plan_document=row["plan"], created_at=row["created_at"], opened_at=row["opened_at"],
        locked_at=row["locked_at"], lock_note=row["lock_note"], published_at=row["published_at"],
        seat=row["seat"] if seated else None, declared_at=row["declared_at"], removed_at=row["removed_at"],
        terms=read_terms(row["terms"]), root_to=row["root_to"], follows=row["follows"], calibration=row["calibration"], duty=duty,
        votes=bool(seated and row["votes"]),
        standing=in_the_jury(known_as, seated=seated, duty=duty), known_as=in_the_jury(known_as, seated=True),
    )  # fmt: skip


# --- The lock of a round ----------------------------------------------------------------------------------------------

SHARE = "pg_advisory_xact_lock_shared"


def lock_key(round_id: UUID) -> int:
    """The round's advisory lock: 64 random bits of its id. Two rounds with one key would only wait for each other."""
    return int.from_bytes(round_id.bytes[8:], signed=True)


async def share(round_id: UUID) -> None:
    """A step: keep the round from being locked until this transaction ends, beside others who do the same."""
    await fetch_one(f"SELECT {SHARE}($1::bigint)", lock_key(round_id))


async def hold(round_id: UUID) -> None:
    """A step: have the round alone; waits for everybody who shares it. Read it only afterwards, in another statement."""
    await fetch_one("SELECT pg_advisory_xact_lock($1::bigint)", lock_key(round_id))


async def alone(viewer: Viewer, round_id: UUID, needed: Right = CONDUCT) -> Round:
    """A step: the round for its organiser, nobody else writing in it until the transaction ends."""
    (await round_for(viewer, round_id)).standing.need(needed)
    await hold(round_id)
    return await round_for(viewer, round_id)


async def tell(verb: str, viewer: Viewer, scoring: Round, audience: Audience = Audience.JURY, **data: Any) -> None:
    """A step: what was done with a round goes into the journal."""
    await record(
        verb, by=viewer.id, at=viewer.now, audience=audience, cohort=scoring.cohort, subject=scoring.id,
        round_name=scoring.name, **data,
    )  # fmt: skip


async def to_jurors(scoring: Round) -> dict[str, Any]:
    """What the letters to those who have sheets need: who they are, and where the letter leads."""
    text = "SELECT person FROM seat WHERE round = $1 AND removed_at IS NULL AND votes ORDER BY id"
    jurors = [row["person"] for row in await fetch(text, scoring.id)]
    return {"jurors": jurors, "round": scoring.name, "path": f"/rounds/{scoring.id}"}


# --- Sheets -----------------------------------------------------------------------------------------------------------

IN_CONFLICT = """
(EXISTS (SELECT FROM conflict_of_interest i WHERE i.person = e.person AND i.team = p.team AND i.lifted_at IS NULL)
 OR EXISTS (SELECT FROM role_grant g WHERE g.person = e.person AND g.scope = 'team' AND g.scope_id = p.team
            AND g.revoked_at IS NULL))
"""
"""Declared, or following from being in the team or accompanying it; of a seat `e` and a round_project `p`."""

WITHOUT_SHEET = f"""
SELECT e.id AS seat, p.id AS project FROM seat e JOIN round_project p ON p.round = e.round
WHERE e.round = $1 AND e.removed_at IS NULL AND e.votes AND e.duty <> 'substitute' AND NOT {IN_CONFLICT}
  AND NOT EXISTS (SELECT FROM score_sheet s WHERE s.seat = e.id AND s.project = p.id)
"""
# Of an allocated round only the pairs that were found or set by hand: ten thousand projects have eight million others.
ALLOCATED = WITHOUT_SHEET.replace(
    "JOIN round_project p ON p.round = e.round",
    """JOIN allocated_pair a ON a.seat = e.id
JOIN round_project p ON p.id = a.project""",
)
IS_ALLOCATED = "SELECT true FROM allocation WHERE round = $1"
DEAL = """
INSERT INTO score_sheet (id, round, project, seat, state, marks, comment, reason, version)
SELECT id, $1, project, seat, 'empty', '{}', '', '', 0 FROM unnest($2::uuid[], $3::uuid[], $4::uuid[])
  AS dealt (id, project, seat)
ON CONFLICT DO NOTHING
"""


async def deal_sheets(round_id: UUID) -> int:
    """A step: an empty sheet for every juror and project that belong together and have none; how many.

    They are those of the round's allocation or, where nobody asked for one, all that have no conflict of interest.
    """
    pairs = await fetch(ALLOCATED if await fetch_value(IS_ALLOCATED, round_id) else WITHOUT_SHEET, round_id)
    ids = [new_id() for _ in pairs]
    return await execute(DEAL, round_id, ids, [pair["project"] for pair in pairs], [pair["seat"] for pair in pairs])


async def recuse_conflicted(round_id: UUID) -> int:
    """A step: sheets whose juror has come to have a conflict since they were dealt no longer count; how many."""
    return await execute(
        f"""
        UPDATE score_sheet s SET state = 'recused', version = s.version + 1
        FROM seat e, round_project p
        WHERE s.round = $1 AND s.seat = e.id AND s.project = p.id AND s.state NOT IN ('recused', 'void')
          AND {IN_CONFLICT}
        """,
        round_id,
    )
