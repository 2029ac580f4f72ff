"""What in a cohort needs its organisers: counted in the database, so that it costs the same for a small and a large one."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from incubator.foundation.database import fetch
from incubator.foundation.i18n import Message
from incubator.jury.rubric import read_plan
from incubator.jury.rules import RoundState, Turnout, why_not_lock
from incubator.moderation.rules import LONG_WAIT
from incubator.people.rights import Role, Scope, Viewer
from incubator.programmes.rules import CohortState, cohort_state
from incubator.reporting.parts import Joined, Part, Todo
from incubator.reporting.rules import AUDIT, reads_audit

# A team is in a module if it is the first one, if somebody let it in, or if the gate before it opens by date and it was
# in that one: see `stages.rules.reached`. Here each run of modules that dates alone have opened is one group.
OVERDUE: Final = """
WITH way AS (
  SELECT t.cohort, t.id AS team, m.id AS module, m.place, m.opens_at, m.due_at, m.grace_minutes,
    e.advanced_at IS NOT NULL AND e.closed_at IS NULL AS advanced,
    lag(m.id) OVER w IS NULL OR (e.id IS NOT NULL AND e.closed_at IS NULL)
      OR coalesce(lag(e.advanced_at IS NOT NULL AND e.closed_at IS NULL) OVER w, false) AS let_in,
    coalesce(lag(m.gate) OVER w = 'open_by_date' AND m.opens_at <= $2, false) AS by_date
  FROM team t JOIN module m ON m.cohort = t.cohort LEFT JOIN team_module e ON e.team = t.id AND e.module = m.id
  WHERE t.cohort = ANY($1) AND t.withdrawn_at IS NULL
  WINDOW w AS (PARTITION BY t.id ORDER BY m.place)
), run AS (
  SELECT *, count(*) FILTER (WHERE let_in OR NOT by_date) OVER (PARTITION BY team ORDER BY place) AS number FROM way
), stop AS (
  SELECT *, bool_or(let_in) OVER (PARTITION BY team, number) AS reached FROM run
)
SELECT o.cohort, count(DISTINCT o.team) AS teams FROM stop o
JOIN assignment a ON a.module = o.module AND a.required
LEFT JOIN submission s ON s.assignment = a.id AND s.team = o.team
WHERE o.reached AND NOT o.advanced AND o.opens_at <= $2
  AND coalesce(s.state, 'not_started') IN ('not_started', 'in_progress', 'returned')
  AND greatest(o.due_at, s.extended_to, s.rework_until) + make_interval(mins => o.grace_minutes) < $2
GROUP BY o.cohort
"""
# A letter that failed because its invitation was taken up or had run out by then ("over") is nothing to mend.
COHORTS: Final = """
SELECT c.id, c.name, c.programme, p.name AS programme_name, c.places, c.opened_at, c.closed_at,
  (SELECT count(*) FROM team t WHERE t.cohort = c.id AND t.withdrawn_at IS NULL) AS teams,
  (SELECT count(*) FROM team t WHERE t.cohort = c.id AND t.withdrawn_at IS NULL AND NOT EXISTS (SELECT 1 FROM role_grant g
     WHERE g.scope = 'team' AND g.scope_id = t.id AND g.role = 'moderator' AND g.revoked_at IS NULL)) AS alone,
  (SELECT count(*) FROM letter l WHERE l.cohort = c.id AND l.sent_at IS NULL AND l.failed_at IS NOT NULL
     AND l.fault <> 'over') AS letters
FROM cohort c JOIN programme p ON p.id = c.programme WHERE c.programme = ANY($1) AND c.closed_at IS NULL
ORDER BY c.opened_at IS NULL, c.starts_on DESC, c.name
"""
WAITING: Final = """
SELECT t.cohort, count(*) AS waiting, count(*) FILTER (WHERE r.sent_at < $2) AS long
FROM submission s JOIN team t ON t.id = s.team
JOIN LATERAL (SELECT max(v.sent_at) AS sent_at FROM revision v WHERE v.submission = s.id) r ON true
WHERE s.state = 'submitted' AND t.withdrawn_at IS NULL AND t.cohort = ANY($1) GROUP BY t.cohort
"""
ROUNDS: Final = """
SELECT r.id, r.cohort, r.name, r.state, r.plan,
  (SELECT count(*) FROM round_project p WHERE p.round = r.id) AS projects,
  (SELECT count(*) FROM jury_proposal o WHERE o.round = r.id AND o.decided_at IS NULL AND o.asked_by <> $2) AS asked,
  EXISTS (SELECT FROM jury_proposal o WHERE o.round = r.id AND o.kind = 'publish' AND o.decided_at IS NULL) AS publishing,
  (SELECT coalesce(json_agg(json_build_array(e.id, e.declared_at IS NOT NULL,
       (SELECT count(*) FROM score_sheet s WHERE s.seat = e.id AND s.state = 'handed_in'),
       (SELECT count(*) FROM score_sheet s WHERE s.seat = e.id AND s.state IN ('empty', 'draft')))), '[]')
     FROM seat e WHERE e.round = r.id AND e.removed_at IS NULL) AS seats
FROM scoring_round r WHERE r.cohort = ANY($1) AND r.state <> 'published' ORDER BY r.created_at
"""


@dataclass(frozen=True, slots=True)
class RoundNow:
    """A round that is not over, in counts only. `obstacle` says why an open one can't be locked yet."""

    id: UUID
    name: str
    state: RoundState
    projects: int
    asked: int
    seats: int
    declared: int
    handed_in: int
    missing: int
    publishing: bool
    obstacle: Message | None

    @property
    def ready_to_open(self) -> bool:
        """Whether a draft has projects and jurors, all of whom have declared their conflicts of interest."""
        return self.state is RoundState.DRAFT and self.projects > 0 and 0 < self.seats == self.declared


@dataclass(frozen=True, slots=True)
class CohortNow:
    """A cohort of an organiser, and what in it needs him; `rounds` only for who has no conflict of interest."""

    id: UUID
    name: str
    programme_name: str
    state: CohortState
    places: int
    teams: int
    alone: int
    waiting: int
    long: int
    overdue: int
    letters: int
    rounds: tuple[RoundNow, ...]


async def cohorts_now(viewer: Viewer) -> list[CohortNow]:
    """The viewer's cohorts that are not closed; four statements however many there are and however large."""
    rows = await fetch(COHORTS, viewer.places(Role.ORGANISER, Scope.PROGRAMME))
    running = [row["id"] for row in rows if row["opened_at"] is not None]
    waiting = {row["cohort"]: row for row in await fetch(WAITING, running, viewer.now - LONG_WAIT)}
    overdue = await overdue_teams(running, viewer.now)
    rounds = await _rounds(viewer, [row for row in rows if _reads_jury(viewer, row)])
    return [
        CohortNow(
            **{name: row[name] for name in ("id", "name", "programme_name", "places", "teams", "alone", "letters")},
            state=cohort_state(row["opened_at"], row["closed_at"]), overdue=overdue.get(row["id"], 0),
            waiting=waiting[row["id"]]["waiting"] if row["id"] in waiting else 0,
            long=waiting[row["id"]]["long"] if row["id"] in waiting else 0, rounds=tuple(rounds.get(row["id"], ())),
        )
        for row in rows
    ]  # fmt: skip


async def overdue_teams(cohorts: Iterable[UUID], now: datetime) -> dict[UUID, int]:
    """In how many teams of each cohort required work is late; one statement."""
    return {row["cohort"]: row["teams"] for row in await fetch(OVERDUE, list(cohorts), now)}


def _reads_jury(viewer: Viewer, row: Mapping[str, Any]) -> bool:
    """Counts of sheets leak too (row score_progress.view): none of it to who has a conflict of interest or judges."""
    return reads_audit(viewer.standing(programme=row["programme"], cohort=row["id"])).may(AUDIT)


async def _rounds(viewer: Viewer, cohorts: Iterable[Mapping[str, Any]]) -> dict[UUID, list[RoundNow]]:
    found: dict[UUID, list[RoundNow]] = {}
    for row in await fetch(ROUNDS, [cohort["id"] for cohort in cohorts], viewer.id):
        found.setdefault(row["cohort"], []).append(_round(row))
    return found


def _round(row: Mapping[str, Any]) -> RoundNow:
    seats = json.loads(row["seats"])
    turnout = [Turnout(UUID(seat), handed_in, missing) for seat, _, handed_in, missing in seats]
    state = RoundState(row["state"])
    return RoundNow(
        row["id"], row["name"], state, row["projects"], row["asked"], len(seats), sum(seat[1] for seat in seats),
        sum(each.handed_in for each in turnout), sum(each.missing for each in turnout),
        row["publishing"], why_not_lock(read_plan(row["plan"]), turnout) if state is RoundState.OPEN else None,
    )  # fmt: skip


# --- The part of the start page ---------------------------------------------------------------------------------------


def cohort_part(cohort: CohortNow) -> Part:
    """A cohort on the start page of its organisers."""
    places = Message("teams: {teams} of {places}", teams=cohort.teams, places=cohort.places)
    facts: list[Message | str] = [cohort.programme_name, places]
    if cohort.waiting:
        facts.append(Message.count("{n} piece of work waits", "{n} pieces of work wait", cohort.waiting))
    quiet = Message("Nothing needs attention now.")
    return Part(cohort.name, [*_attention(cohort), *_jury(cohort.rounds)], quiet, f"/cohorts/{cohort.id}", facts)


def _attention(cohort: CohortNow) -> Iterator[Todo]:
    here = f"/cohorts/{cohort.id}"
    if cohort.state is CohortState.DRAFT:
        note = Message("Look through modules, dates and the jury first.")
        yield Todo(Message("Open the cohort"), f"{here}/settings", note, "grey", Message.within("cohort", "Draft"))
    elif not cohort.teams:
        yield Todo(
            Message("Invite team leads"), f"{here}/people", Message("No team has registered yet."), "not_started"
        )
    if cohort.overdue:
        title = Message.count("{n} team is late", "{n} teams are late", cohort.overdue)
        yield Todo(title, here, Message("Required work is not sent though its deadline has passed."), "overdue")
    if cohort.long:
        title = Message.count(
            "{n} piece of work has waited for days", "{n} pieces of work have waited for days", cohort.long
        )
        note = Message("Longer than {days} days without a decision of a moderator.", days=LONG_WAIT.days)
        yield Todo(title, f"/queue?cohort={cohort.id}", note, "red", Message("Waits long"))
    if cohort.alone:
        title = Message.count("{n} team has no moderator", "{n} teams have no moderator", cohort.alone)
        yield Todo(title, f"{here}/moderators", Message("Nobody checks its work."), "amber", Message("To assign"))
    if cohort.letters:
        title = Message.count("{n} letter was not delivered", "{n} letters were not delivered", cohort.letters)
        yield Todo(title, f"{here}/letters", Message("See why and send them again."), "red", Message("Failed"))


def _jury(rounds: Sequence[RoundNow]) -> Iterator[Todo]:
    for each in rounds:
        href = f"/rounds/{each.id}"
        if each.asked:
            title = Message("Confirm or decline what another organiser asks for in the round “{name}”", name=each.name)
            yield Todo(title, href, "", "amber", Message("Two organisers"))
            if each.publishing:
                continue
        title, note, state, tag = _step(each)
        yield Todo(title, href, note, state, tag)


def _step(each: RoundNow) -> tuple[Message, Message | Joined, str, Message | str]:
    """What is next in a round: title, note, and the tag's state and word."""
    declared = Message("{declared} of {seats} jurors have declared their conflicts of interest",
                       declared=each.declared, seats=each.seats)  # fmt: skip
    if each.state is RoundState.LOCKED:
        title = Message("Publish the result of the round “{name}”", name=each.name)
        if each.publishing:
            return title, Message("One organiser has asked for it, a second one has to agree."), "in_progress", ""
        return title, Message("The round is locked."), "green", Message("Ready")
    if each.state is RoundState.OPEN:
        come = Message("Score sheets handed in: {n} of {all}", n=each.handed_in, all=each.handed_in + each.missing)
        if each.obstacle is None and not each.missing:
            return Message("Lock the round “{name}”", name=each.name), come, "green", Message("Ready")
        quorum = [Message("there is a quorum")] if each.obstacle is None else []
        title = Message("The round “{name}” is being scored", name=each.name)
        return title, Joined([come, *quorum]), "in_progress", ""
    if each.ready_to_open:
        return Message("Open the round “{name}”", name=each.name), declared, "green", Message("Ready")
    return Message("Prepare the round “{name}”", name=each.name), declared, "grey", Message.within("cohort", "Draft")
