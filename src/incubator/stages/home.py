"""What a team's home page shows: what to do now, and the map of the programme with the state of each module."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound
from incubator.people.rights import Standing, Viewer
from incubator.programmes.blueprint import Gate, LateWork
from incubator.stages import hooks
from incubator.stages.rules import (
    OPEN_STATES,
    QUESTION,
    RETURNED_FIRST,
    VIEW_STAGE,
    Duty,
    ModuleState,
    Situation,
    Stop,
    SubmissionState,
    Task,
    in_order,
    module_state,
    not_advanceable,
    reached,
)
from incubator.teams.rules import CORRECT_TEAM

WITHDRAWN = Message("The team has left the programme, so nothing is changed in its work any more.")
CLOSED = Message("The cohort is closed, so nothing is changed in its work any more.")
NOT_OPEN = Message("The cohort is not open yet. Work begins when the organisers have opened it.")


def stopped(row: Mapping[str, Any]) -> Message | None:
    """Why nothing may change in a team's work, from `withdrawn_at`, `opened_at` and `closed_at` of a row."""
    if row["withdrawn_at"] is not None:
        return WITHDRAWN
    if row["closed_at"] is not None:
        return CLOSED
    return NOT_OPEN if row["opened_at"] is None else None


TEAM = """
SELECT t.id, t.name, t.withdrawn_at, t.cohort, c.name AS cohort_name, c.programme, c.opened_at, c.closed_at,
  c.min_members, p.name AS programme_name, p.demo, y.name AS municipality, y.region, y.time_zone,
  (SELECT k.state FROM problem_case k WHERE k.team = t.id AND k.deleted_at IS NULL) AS case_state,
  (SELECT coalesce(json_agg(json_build_array(g.role, o.name) ORDER BY o.name), '[]') FROM role_grant g
     JOIN person o ON o.id = g.person WHERE g.scope = 'team' AND g.scope_id = t.id AND g.revoked_at IS NULL) AS people
FROM team t JOIN cohort c ON c.id = t.cohort JOIN programme p ON p.id = c.programme
JOIN municipality y ON y.id = t.municipality WHERE t.id = $1
"""
MAP = """
SELECT m.id AS module, m.title AS module_title, m.summary, m.opens_at, m.due_at, m.late_work,
  m.grace_minutes, m.gate, e.advanced_at,
  e.id IS NOT NULL AND e.closed_at IS NULL AS entered,
  e.advanced_at IS NOT NULL AND e.closed_at IS NULL AS advanced,
  a.id AS assignment, a.title, a.required, s.id AS submission, s.state, s.extended_to, s.rework_until, s.updated_at,
  w.name AS updated_by, (SELECT max(r.sent_at) FROM revision r WHERE r.submission = s.id) AS sent_at
FROM module m LEFT JOIN team_module e ON e.module = m.id AND e.team = $1
LEFT JOIN assignment a ON a.module = m.id LEFT JOIN submission s ON s.assignment = a.id AND s.team = $1
LEFT JOIN person w ON w.id = s.updated_by
WHERE m.cohort = (SELECT t.cohort FROM team t WHERE t.id = $1) ORDER BY m.place, a.place
"""


@dataclass(frozen=True, slots=True)
class HomeTeam:
    """A team as its home page names it."""

    id: UUID
    name: str
    cohort: UUID
    cohort_name: str
    programme: UUID
    programme_name: str
    municipality: str
    region: str
    time_zone: str
    min_members: int
    demo: bool
    case_state: str | None
    lead: str
    members: tuple[str, ...]
    moderators: tuple[str, ...]
    stopped: Message | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class WorkOnMap:
    """One assignment in a module, as the team stands to it."""

    assignment: UUID
    submission: UUID | None
    title: str
    required: bool
    situation: Situation
    updated_at: datetime | None
    updated_by: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class ModuleOnMap:
    """One module on the team's way."""

    id: UUID
    title: str
    summary: str
    opens_at: datetime
    due_at: datetime
    gate: Gate
    advanced_at: datetime | None
    reached: bool
    state: ModuleState
    works: tuple[WorkOnMap, ...]

    @property
    def advanceable(self) -> bool:
        """Whether the team may be led through this module's gate now."""
        return self._passable()

    @property
    def overridable(self) -> bool:
        """Whether only an organiser can lead the team on, for all work was sent and not all of it is accepted."""
        return self._passable(override=True) and not self.advanceable

    def _passable(self, *, override: bool = False) -> bool:
        waits = self.gate is Gate.ALL_REQUIRED_ACCEPTED and self.reached and self.advanced_at is None
        states = (work.situation.state for work in self.works if work.required)
        return waits and not_advanceable(states, override=override) is None


@dataclass(frozen=True, slots=True)
class TeamHome:
    """The page most people see most: what to do now, and where the team stands."""

    team: HomeTeam
    tasks: list[Task]
    modules: list[ModuleOnMap]
    links: list[tuple[str, Message]]

    @property
    def left(self) -> bool:
        """Whether the team has left the programme: why is told by its journal."""
        return self.team.stopped == WITHDRAWN

    @property
    def gate(self) -> ModuleOnMap | None:
        """The module through whose gate the team may be led now."""
        found = next((module for module in self.modules if module.advanceable), None)
        return found if self.team.stopped is None else None

    @property
    def passed(self) -> UUID | None:
        """The last module that the team was led out of: the only one it can be put back into."""
        return next((module.id for module in reversed(self.modules) if module.advanced_at), None)

    def quiet(self, now: datetime) -> Message:
        """What to say when there is nothing to do."""
        if self.team.stopped is not None:
            return self.team.stopped
        works = [work.situation.state for module in self.modules for work in module.works]
        if SubmissionState.SUBMITTED in works:
            return Message(
                "Nothing to do now: your work is being checked. The answer will stand here and come by letter."
            )
        if self.modules and all(module.state is ModuleState.DONE for module in self.modules):
            return Message("The team has passed the whole programme.")
        if self.gate is not None:
            return self._before_gate(self.gate, now)
        coming = next((module.opens_at for module in self.modules if module.opens_at > now), None)
        if coming is not None:
            return Message("Nothing to do now. The next module opens on {day}.", day=coming)
        return Message("Nothing to do now. The moderator will lead the team into the next module.")

    def _before_gate(self, gate: ModuleOnMap, now: datetime) -> Message:
        """Everything is accepted, and the next module waits for the moderator, perhaps for its day too."""
        following = next(iter(self.modules[self.modules.index(gate) + 1 :]), None)
        if following is None:
            return Message("Nothing to do now: everything required is accepted. The moderator will confirm the end.")
        if following.opens_at > now:
            return Message(
                "Nothing to do now: everything required is accepted. The moderator will lead the team into the next"
                " module, which opens on {day}.", day=following.opens_at,
            )  # fmt: skip
        return Message(
            "Nothing to do now: everything required is accepted. The moderator will lead the team into the next module."
        )


async def home_team(viewer: Viewer, team_id: UUID) -> HomeTeam:
    """A team through its viewer; whoever asks judges a right of its `standing`. Raises NotFound."""
    row = await fetch_one(TEAM, team_id)
    if row is None:
        raise NotFound
    people: list[tuple[str, str]] = json.loads(row["people"])
    held = {role: tuple(name for each, name in people if each == role) for role in ("participant", "moderator")}
    lead = next((name for role, name in people if role == "team_lead"), "")
    same = {each: row[each] for each in ("id", "name", "cohort", "cohort_name", "programme", "programme_name",
                                         "municipality", "region", "time_zone", "min_members", "case_state", "demo")}  # fmt: skip
    standing = viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["id"])
    return HomeTeam(**same, lead=lead, members=held["participant"], moderators=held["moderator"],
                    stopped=stopped(row), standing=standing)  # fmt: skip


async def team_map(team_id: UUID, now: datetime, halted: Message | None = None) -> list[ModuleOnMap]:
    """The modules of the cohort as the team stands to them, in their order; one statement."""
    rows = await fetch(MAP, team_id)
    groups = [list(group) for _, group in groupby(rows, lambda row: row["module"])]
    stops = [_stop(group[0]) for group in groups]
    arrived = reached(stops, now)
    return [
        _module(group, stop, now, halted, is_reached=here)
        for group, stop, here in zip(groups, stops, arrived, strict=True)
    ]


def _stop(row: Mapping[str, Any]) -> Stop:
    return Stop(row["opens_at"], Gate(row["gate"]), row["entered"], row["advanced"])


def _module(
    rows: Sequence[Mapping[str, Any]], stop: Stop, now: datetime, halted: Message | None, *, is_reached: bool
) -> ModuleOnMap:
    row = rows[0]
    works = tuple(_work_on_map(each, halted, is_reached=is_reached) for each in rows if each["assignment"] is not None)
    duties = [Duty(work.required, work.situation) for work in works]
    return ModuleOnMap(
        row["module"], row["module_title"], row["summary"], row["opens_at"], row["due_at"], stop.gate,
        row["advanced_at"] if stop.advanced else None, is_reached,
        module_state(stop, row["due_at"], duties, now, is_reached=is_reached), works,
    )  # fmt: skip


def _work_on_map(row: Mapping[str, Any], halted: Message | None, *, is_reached: bool) -> WorkOnMap:
    return WorkOnMap(
        row["assignment"], row["submission"], row["title"], row["required"], situation_of(row, halted, is_reached=is_reached),
        row["updated_at"], row["updated_by"] or "", row["sent_at"],
    )  # fmt: skip


def situation_of(row: Mapping[str, Any], halted: Message | None, *, is_reached: bool) -> Situation:
    """The situation of a piece of work from a row of module, assignment and (perhaps) submission and zone."""
    return Situation(
        SubmissionState(row["state"] or SubmissionState.NOT_STARTED), is_reached, row["opens_at"], row["due_at"],
        row["extended_to"], row["rework_until"], halted, row["required"], LateWork(row["late_work"]),
        timedelta(minutes=row["grace_minutes"]), row.get("time_zone"),
    )  # fmt: skip


async def team_home(viewer: Viewer, team_id: UUID) -> TeamHome:
    """What a team has to do and where it stands: two statements, and one for all that other features add.

    Raises NotFound, Forbidden: before anything more is looked up, so that a hidden team costs no more than none.
    """
    team = await home_team(viewer, team_id)
    team.standing.need(VIEW_STAGE)
    modules = await team_map(team_id, viewer.now, team.stopped)
    added = await hooks.parts(team_id, team.standing)
    tasks = [each for each in added if isinstance(each, Task)] if team.stopped is None else []
    links = [(each.href, each.words) for each in added if isinstance(each, hooks.Link)]
    if team.standing.may(CORRECT_TEAM):
        links.append((f"/teams/{team_id}/settings", Message("Registration of the team")))
    return TeamHome(team, in_order([*_tasks(team, modules, viewer.now), *tasks]), modules, links)


def _tasks(team: HomeTeam, modules: Iterable[ModuleOnMap], now: datetime) -> Iterator[Task]:
    if team.stopped is not None:
        return
    if len(team.members) + bool(team.lead) < team.min_members:
        yield Task(Message("Invite your colleagues"), f"/teams/{team.id}/members", "not_started",
                   Message.count("The team needs at least {n} member.", "The team needs at least {n} members.",
                                 team.min_members), rank=QUESTION)  # fmt: skip
    if team.case_state in {None, "draft"}:
        yield Task(Message("Describe the problem case"), f"/teams/{team.id}/case",
                   "in_progress" if team.case_state else "not_started",
                   Message("What is wrong, whom it touches and how you know."), rank=QUESTION)  # fmt: skip
    for module in modules:
        for work in module.works:
            if task := _task(team, module, work, now):
                yield task


def _task(team: HomeTeam, module: ModuleOnMap, work: WorkOnMap, now: datetime) -> Task | None:
    situation = work.situation
    forgone = not work.required and situation.unsent(now)
    if situation.state not in OPEN_STATES or not situation.open(now) or forgone:
        return None
    returned = situation.state is SubmissionState.RETURNED
    return Task(
        work.title, f"/teams/{team.id}/assignments/{work.assignment}", situation.tag(now), module.title,
        situation.deadline, key=work.assignment, **({"rank": RETURNED_FIRST} if returned else {}),
    )  # fmt: skip
