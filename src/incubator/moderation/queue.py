"""The queue of whoever checks work: what waits for him, what is with the teams, and from one piece of work to the next."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one
from incubator.foundation.i18n import Message
from incubator.moderation.rules import CHECK_LASTS, LONG_WAIT
from incubator.moderation.sieve import PAGE, SOON, STATES, Deadline, Shown, Sieve, nearness
from incubator.people.rights import Role, Scope, Viewer

LOOK_BACK: Final = timedelta(days=30)
MOST_CHOICES: Final = 500


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One piece of work in the list. What was never sent has no `revision`, what nobody began no `submission`."""

    submission: UUID | None
    assignment: UUID
    team: UUID
    team_name: str
    cohort_name: str
    module_title: str
    title: str
    state: str
    deadline: datetime
    zone: str  # the team's, in which everybody reads the deadline
    revision: int | None
    sent_at: datetime | None
    late: bool
    draft_remarks: int
    checker: str | None
    checked_since: datetime | None
    waiting: int  # pieces of work in the whole list

    @property
    def href(self) -> str:
        """The desk for what was sent, else the page of the team's work."""
        return (
            f"/submissions/{self.submission}/desk"
            if self.revision
            else f"/teams/{self.team}/assignments/{self.assignment}"
        )

    @property
    def pick(self) -> str:
        """What the row's tick box sends."""
        return f"{self.team}.{self.assignment}"

    def waits_long(self, now: datetime) -> bool:
        """Whether the team has waited longer than it should."""
        return self.state == "submitted" and self.sent_at is not None and now > self.sent_at + LONG_WAIT

    def nearness(self, now: datetime) -> Deadline:
        """How near the deadline is."""
        return nearness(self.deadline, now)


# $1 teams accompanied, $2 programmes organised, $3 teams in conflict, $4 cohort, $5 module, $6 team, $7 states,
# $8 deadline (passed, soon, later), $9 now, $10 soon
IN_REACH = """
  t.withdrawn_at IS NULL AND c.closed_at IS NULL AND (t.id = ANY($1) OR (c.programme = ANY($2) AND NOT t.id = ANY($3)))
  AND ($4::uuid IS NULL OR c.id = $4) AND ($5::uuid IS NULL OR m.id = $5) AND ($6::uuid IS NULL OR t.id = $6)
  AND ($8::text = '' OR $8 = CASE WHEN d.deadline < $9 THEN 'passed' WHEN d.deadline <= $10 THEN 'soon' ELSE 'later' END)
"""
DUE = "CROSS JOIN LATERAL (SELECT greatest(m.due_at, s.extended_to, s.rework_until) AS deadline) d"
LAST = """
LEFT JOIN LATERAL (SELECT v.number, v.sent_at, v.late FROM revision v WHERE v.submission = s.id
  ORDER BY v.number DESC LIMIT 1) r ON true
"""
BEGUN = f"""
FROM submission s JOIN team t ON t.id = s.team JOIN cohort c ON c.id = t.cohort
JOIN municipality y ON y.id = t.municipality JOIN assignment a ON a.id = s.assignment JOIN module m ON m.id = a.module {DUE} {LAST}
"""
IN_STATE = f"WHERE s.state = ANY($7) AND {IN_REACH}"
# Work that the team may do by now, begun or not: as `stages.rules.reached` says, somebody has let it into the module or
# into one from which only dates lead there; nobody needs to be let into the first.
ANY_WORK = f"""
FROM team t JOIN municipality y ON y.id = t.municipality JOIN cohort c ON c.id = t.cohort
JOIN module m ON m.cohort = c.id JOIN assignment a ON a.module = m.id
LEFT JOIN submission s ON s.assignment = a.id AND s.team = t.id {DUE} {LAST}
"""
OWED = f"""
WHERE coalesce(s.state, 'not_started') = ANY($7) AND c.opened_at IS NOT NULL AND m.opens_at <= $9 AND {IN_REACH}
  AND EXISTS (SELECT 1 FROM module b WHERE b.cohort = c.id AND b.place <= m.place
    AND (EXISTS (SELECT 1 FROM team_module e WHERE e.module = b.id AND e.team = t.id AND e.closed_at IS NULL)
      OR NOT EXISTS (SELECT 1 FROM module f WHERE f.cohort = c.id AND f.place < b.place))
    AND NOT EXISTS (SELECT 1 FROM module g WHERE g.cohort = c.id AND g.place >= b.place AND g.place < m.place
      AND g.gate <> 'open_by_date'))
"""
COLUMNS = """
SELECT s.id AS submission, a.id AS assignment, t.id AS team, t.name AS team_name, c.name AS cohort_name,
  m.title AS module_title, a.title, coalesce(s.state, 'not_started') AS state, d.deadline, y.time_zone AS zone,
  r.number AS revision,
  r.sent_at, coalesce(r.late, false) AS late,
  (SELECT count(*) FROM remark k WHERE k.submission = s.id AND k.sent_at IS NULL AND k.author = $11) AS draft_remarks,
  w.name AS checker, w.began_at AS checked_since, count(*) OVER () AS waiting
"""
OTHERS_AT_IT = """
LEFT JOIN LATERAL (SELECT p.name, h.began_at FROM checking h JOIN person p ON p.id = h.person
  WHERE h.submission = s.id AND h.acted_at > $12 AND h.person <> $11 AND s.state = 'submitted') w ON true
"""
ORDERS: Final[Mapping[Shown, str]] = {
    Shown.WAITING: "r.sent_at, s.id",
    Shown.RETURNED: "d.deadline, t.name, a.id",
    Shown.OWED: "d.deadline, t.name, a.id",
    Shown.CHECKED: "r.sent_at DESC, s.id",
}


def _reach(viewer: Viewer, sieve: Sieve, *, accompanied: bool = False) -> list[Any]:
    """The first ten parameters: what the viewer may see, and what the sieve lets through."""
    own = {grant.where for grant in viewer.grants if grant.scope is Scope.TEAM and grant.role is not Role.MODERATOR}
    conflicted = {*filter(None, own), *(interest.team for interest in viewer.interests)}
    organised = [] if accompanied or sieve.mine else viewer.places(Role.ORGANISER, Scope.PROGRAMME)
    return [
        viewer.places(Role.MODERATOR, Scope.TEAM), organised, sorted(conflicted), sieve.cohort, sieve.module,
        sieve.team, list(STATES[sieve.shown]), sieve.deadline.value if sieve.deadline else "", viewer.now,
        viewer.now + SOON,
    ]  # fmt: skip


async def queue(
    viewer: Viewer, sieve: Sieve | None = None, *, most: int = PAGE, accompanied: bool = False
) -> list[QueueRow]:
    """One page of work waiting for the viewer, oldest first, or of work in the state that the sieve names. One statement.

    It is of the teams he accompanies and, if not only these are `accompanied`, of the programmes he organises. An
    organiser with a conflict of interest does not check that team's work, so it is not in his queue.
    """
    chosen = sieve or Sieve()
    source, where = (ANY_WORK, OWED) if chosen.shown is Shown.OWED else (BEGUN, IN_STATE)
    rows = await fetch(
        f"{COLUMNS} {source} {OTHERS_AT_IT} {where} ORDER BY {ORDERS[chosen.shown]} LIMIT $13 OFFSET $14",
        *_reach(viewer, chosen, accompanied=accompanied), viewer.id, viewer.now - CHECK_LASTS,
        most, (chosen.page - 1) * PAGE,
    )  # fmt: skip
    return [QueueRow(**row) for row in rows]


# Waiting work that colleagues are at comes last; then from here on, then from the beginning.
NEIGHBOURS = f"""
WITH waiting AS (
  SELECT s.id, r.sent_at, EXISTS (SELECT 1 FROM checking h WHERE h.submission = s.id AND h.acted_at > $13
    AND h.person <> $12) AS taken {BEGUN} {IN_STATE}
), here AS (SELECT $11::uuid AS id, (SELECT max(v.sent_at) FROM revision v WHERE v.submission = $11) AS sent_at)
SELECT (SELECT count(*) FROM waiting) AS total, EXISTS (SELECT 1 FROM waiting w WHERE w.id = $11) AS waits,
  (SELECT count(*) FROM waiting w, here WHERE (w.sent_at, w.id) < (here.sent_at, here.id)) AS before,
  (SELECT w.id FROM waiting w, here WHERE w.id <> here.id
     ORDER BY w.taken, (w.sent_at, w.id) < (here.sent_at, here.id), w.sent_at, w.id LIMIT 1) AS following,
  (SELECT w.id FROM waiting w, here WHERE (w.sent_at, w.id) < (here.sent_at, here.id)
     ORDER BY w.sent_at DESC, w.id DESC LIMIT 1) AS previous
"""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where a piece of work stands in the queue; `following` goes on at the beginning after the last one."""

    total: int
    waits: bool
    before: int
    following: UUID | None
    previous: UUID | None


async def neighbours(viewer: Viewer, submission: UUID, sieve: Sieve | None = None) -> Neighbours:
    """What lies before and after a piece of work in the queue as it is filtered. One statement."""
    waiting = (sieve or Sieve()).showing(Shown.WAITING)
    row = await fetch_one(
        NEIGHBOURS, *_reach(viewer, waiting), submission, viewer.id, viewer.now - CHECK_LASTS
    )  # fmt: skip
    return Neighbours(**(row or {}))


async def next_after(viewer: Viewer, submission: UUID, sieve: Sieve | None = None) -> UUID | None:
    """The work that waits next in the viewer's queue: past this one, then from the beginning."""
    return (await neighbours(viewer, submission, sieve)).following


# --- Around the list --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen in the filters: (id, name) of cohorts, modules and teams."""

    cohorts: Sequence[tuple[str, str]]
    modules: Sequence[tuple[str, str]]
    teams: Sequence[tuple[str, str]]


CHOICES = """
WITH reach AS (SELECT t.id, t.name, t.cohort FROM team t JOIN cohort c ON c.id = t.cohort
  WHERE t.withdrawn_at IS NULL AND c.closed_at IS NULL
    AND (t.id = ANY($1) OR (c.programme = ANY($2) AND NOT t.id = ANY($3))))
SELECT 'cohorts' AS kind, c.id, c.name, '' AS within, 0 AS place FROM cohort c WHERE c.id IN (SELECT cohort FROM reach)
UNION ALL SELECT 'modules', m.id, m.title, c.name, m.place FROM module m JOIN cohort c ON c.id = m.cohort
  WHERE m.cohort IN (SELECT cohort FROM reach) AND ($4::uuid IS NULL OR m.cohort = $4)
UNION ALL SELECT 'teams', id, name, '', 0 FROM reach WHERE $4::uuid IS NULL OR cohort = $4
ORDER BY kind, within, place, name LIMIT 2000
"""


async def choices(viewer: Viewer, sieve: Sieve) -> Choices:
    """The filters' choices; with several cohorts each module says whose it is. One statement."""
    rows = await fetch(CHOICES, *_reach(viewer, Sieve())[:3], sieve.cohort)
    several = sum(row["kind"] == "cohorts" for row in rows) > 1 and sieve.cohort is None
    found: dict[str, list[tuple[str, str]]] = {"cohorts": [], "modules": [], "teams": []}
    for row in rows:
        name = f"{row['within']}: {row['name']}" if several and row["within"] else row["name"]
        found[row["kind"]].append((str(row["id"]), name))
    return Choices(**{kind: each[:MOST_CHOICES] for kind, each in found.items()})


@dataclass(frozen=True, slots=True)
class Load:
    """The viewer's own figures of the last thirty days, and nobody else's; `answer` is None before the first decision."""

    decided: int
    answer: timedelta | None
    counts: Mapping[Shown, int]

    @property
    def answer_words(self) -> str:
        """The average time to an answer in days or hours, a dash before the first one."""
        if self.answer is None:
            return "–"
        hours = round(self.answer / timedelta(hours=1))
        if hours < 48:
            return str(Message.count("{n} hour", "{n} hours", max(hours, 1)))
        return str(Message.count("{n} day", "{n} days", round(hours / 24)))


LOAD = f"""
SELECT (SELECT count(*) FROM decision d WHERE d.decided_by = $11 AND d.decided_at > $12 AND d.taken_back_at IS NULL)
    AS decided,
  (SELECT avg(d.decided_at - v.sent_at) FROM decision d JOIN revision v ON v.id = d.revision
    WHERE d.decided_by = $11 AND d.decided_at > $12 AND d.taken_back_at IS NULL) AS answer,
  (SELECT jsonb_object_agg(state, number) FROM (SELECT s.state, count(*) AS number {BEGUN} {IN_STATE} GROUP BY 1) y)
    AS states,
  (SELECT count(*) {ANY_WORK} {OWED.replace("$7", "$13")}) AS owed
"""


async def load(viewer: Viewer, sieve: Sieve) -> Load:
    """How much the viewer has decided and how fast he answered, and how much the filters let through. One statement."""
    reach = _reach(viewer, sieve)
    reach[6] = ["submitted", "returned", "accepted", "failed"]
    row = await fetch_one(LOAD, *reach, viewer.id, viewer.now - LOOK_BACK, list(STATES[Shown.OWED])) or {}
    states = json.loads(row["states"] or "{}")
    counts = {shown: sum(states.get(state, 0) for state in STATES[shown]) for shown in Shown}
    return Load(row["decided"], row["answer"], {**counts, Shown.OWED: row["owed"]})
