"""What is true of stages: the states of a team's work, deadlines, gates, and who may do what with them. Pure.

Rights come from the project's authorization matrix, rows stage.*, deliverable.*, file.* and sse_team.*.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from incubator.foundation.i18n import Due, Message
from incubator.foundation.refusals import Forbidden, Refused
from incubator.people.rights import (
    KNOWS_TEAM,
    LEAD,
    MODERATOR,
    ORGANISER,
    ORGANISERS,
    TEAM,
    Relation,
    right,
)
from incubator.programmes.blueprint import Gate, LateWork

# --- Rights -----------------------------------------------------------------------------------------------------------

READERS: Final = TEAM | MODERATOR | ORGANISERS
ADMINISTRATOR: Final = frozenset({Relation.ADMINISTRATOR})
ONLY_TEAM = Message("Only the team writes in its own name. Write a remark, or ask the team.")
ONLY_LEAD = Message("The lead of the team sends the work. Tell him that it is ready.")
ONLY_STAFF = Message("The team's moderator or an organiser decides this.")
ONLY_ORGANISER = Message("Only an organiser without a conflict of interest decides this.")

VIEW_STAGE = right("stage.view", allow=READERS, forbid=ADMINISTRATOR)
SUBMIT = right("stage.submit", allow=LEAD, forbid=KNOWS_TEAM, reason=ONLY_LEAD)
RETURN = right("stage.return", allow=MODERATOR | ORGANISER, forbid=KNOWS_TEAM, reason=ONLY_STAFF)
ADVANCE = right("stage.advance", allow=MODERATOR | ORGANISER, forbid=KNOWS_TEAM, reason=ONLY_STAFF)
ROLLBACK = right("stage.rollback", allow=ORGANISER, forbid=KNOWS_TEAM, reason=ONLY_ORGANISER)
EXTEND = right("stage.grant_extension", allow=ORGANISER, forbid=KNOWS_TEAM, reason=ONLY_ORGANISER)
VIEW_WORK = right("deliverable.view", allow=READERS, forbid=ADMINISTRATOR)
EDIT_WORK = right("deliverable.edit", allow=TEAM, forbid=KNOWS_TEAM, reason=ONLY_TEAM)
UPLOAD = right("file.upload", allow=TEAM, forbid=KNOWS_TEAM, reason=ONLY_TEAM)
DOWNLOAD = right("file.download", allow=READERS, forbid=ADMINISTRATOR)
ARCHIVE = right("file.archive", allow=READERS, forbid=ADMINISTRATOR)
REMOVE_FILE = right("file.delete", allow=TEAM, forbid=KNOWS_TEAM, reason=ONLY_TEAM)
SUBSCRIBE = right("sse_team.subscribe", allow=READERS, forbid=ADMINISTRATOR)

# --- The states of a piece of work ------------------------------------------------------------------------------------


class SubmissionState(StrEnum):
    """Where a team's work on an assignment stands; what depends on the time of day is derived, see `Situation`."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    FAILED = "failed"


class Step(StrEnum):
    """What moves work from state to state."""

    SAVE = "save"
    SEND = "send"
    ACCEPT = "accept"
    RETURN = "return"
    FAIL = "fail"
    TAKE_BACK = "take_back"


class Outcome(StrEnum):
    """What a moderator decides about a revision."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    FAILED = "failed"


STEP_OF: Final = {Outcome.ACCEPTED: Step.ACCEPT, Outcome.RETURNED: Step.RETURN, Outcome.FAILED: Step.FAIL}

_S = SubmissionState
TRANSITIONS: Final = {
    (_S.NOT_STARTED, Step.SAVE): _S.IN_PROGRESS,
    (_S.IN_PROGRESS, Step.SAVE): _S.IN_PROGRESS,
    (_S.RETURNED, Step.SAVE): _S.RETURNED,  # until it is sent again, everybody sees that changes were asked for
    (_S.IN_PROGRESS, Step.SEND): _S.SUBMITTED,
    (_S.RETURNED, Step.SEND): _S.SUBMITTED,
    (_S.SUBMITTED, Step.ACCEPT): _S.ACCEPTED,
    (_S.SUBMITTED, Step.RETURN): _S.RETURNED,
    (_S.SUBMITTED, Step.FAIL): _S.FAILED,
    (_S.RETURNED, Step.TAKE_BACK): _S.SUBMITTED,  # for some minutes, and only while the team has done nothing
    (_S.ACCEPTED, Step.TAKE_BACK): _S.SUBMITTED,
    (_S.FAILED, Step.TAKE_BACK): _S.SUBMITTED,
}
OPEN_STATES: Final = frozenset({_S.NOT_STARTED, _S.IN_PROGRESS, _S.RETURNED})
"""In these the next move is the team's."""

SETTLED = {
    _S.SUBMITTED: Message("The work has been sent and is being checked. It opens again if it is returned."),
    _S.ACCEPTED: Message("The work has been accepted. Nothing in it changes any more."),
    _S.FAILED: Message("The work was not accepted after its last check. Nothing in it changes any more."),
}
NOTHING_SENT = Message("The team has not sent this work, so there is nothing to decide.")
DECIDED = Message("This version has been decided already. Open the work again to see how it stands.")


def after(state: SubmissionState, step: Step) -> SubmissionState:
    """The state that a step leads to; raises Forbidden to the team and Refused to moderators where it leads nowhere."""
    found = TRANSITIONS.get((state, step))
    if found is not None:
        return found
    if step in {Step.SAVE, Step.SEND}:
        raise Forbidden(SETTLED.get(state, Message("Nothing has been written yet. Fill in the answers first.")))
    raise Refused(NOTHING_SENT if state in OPEN_STATES else DECIDED)


def outcomes(revision: int, rework_limit: int) -> tuple[Outcome, ...]:
    """What a moderator may decide about the nth revision: the last loop offers to accept or to fail.

    `rework_limit` is how often work may be returned, so revision 1 + rework_limit is the last one.
    """
    if revision <= rework_limit:
        return Outcome.ACCEPTED, Outcome.RETURNED
    return Outcome.ACCEPTED, Outcome.FAILED


def allow_outcome(outcome: Outcome, revision: int, rework_limit: int) -> None:
    """Pass, or raise Refused for an outcome that this loop does not offer."""
    if outcome in outcomes(revision, rework_limit):
        return
    if outcome is Outcome.RETURNED:
        raise Refused(Message("The work was returned as often as the programme allows. Accept it or do not accept it."))
    raise Refused(Message("The work may still be returned for changes: return it instead of failing it."))


# --- Deadlines --------------------------------------------------------------------------------------------------------

REWORK_TIME: Final = timedelta(days=7)
"""Returned work may be sent again for so long, however near its deadline it was returned."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides whether a team may write and send one piece of work. `stopped` says why nothing may change at all.

    After the deadline work is refused or taken with a mark (`late_work`); one that closes may have minutes of `grace`,
    which are the lines' and not the team's: within them nothing is late. `zone` is the team's.
    """

    state: SubmissionState
    reached: bool
    opens_at: datetime
    due_at: datetime
    extended_to: datetime | None = None
    rework_until: datetime | None = None
    stopped: Message | None = None
    required: bool = True
    late_work: LateWork = LateWork.REFUSED
    grace: timedelta = timedelta(0)
    zone: str | None = None

    @property
    def deadline(self) -> datetime:
        """The instant by which the work is to be sent, as everybody is told it; the instant itself is in time."""
        return max(filter(None, (self.due_at, self.extended_to, self.rework_until)))

    @property
    def closes_at(self) -> datetime | None:
        """The last instant at which the work is taken; None where late work is taken with a mark."""
        return self.deadline + self.grace if self.late_work is LateWork.REFUSED else None

    def open(self, now: datetime) -> bool:
        """Whether the team is in the module and the module has begun."""
        return self.reached and now >= self.opens_at

    def overdue(self, now: datetime) -> bool:
        """Whether the team owes work whose deadline has passed; optional work it does not owe."""
        return self.required and self.unsent(now)

    def unsent(self, now: datetime) -> bool:
        """Whether the deadline has passed and the next move would be the team's."""
        return self.state in OPEN_STATES and now > self.deadline + self.grace

    def late(self, now: datetime) -> bool:
        """Whether work sent at this instant is marked: an extension, or the taking of late work, lets it be sent."""
        return now > max(filter(None, (self.due_at, self.rework_until))) + self.grace

    def closed(self, now: datetime) -> bool:
        """Whether the time is over in which the work is taken."""
        return self.closes_at is not None and now > self.closes_at

    def tag(self, now: datetime) -> str:
        """The word the team reads: a state, or `locked`, `overdue` or (of optional work) `missed`."""
        if self.state in OPEN_STATES and not self.open(now):
            return "locked"
        if self.open(now) and self.unsent(now) and (self.required or self.closed(now)):
            return "overdue" if self.required else "missed"
        return self.state.value

    def not_writable(self, now: datetime) -> Message | None:
        """Why the draft can't be changed, or None. A passed deadline stops the sending, not the writing."""
        if self.state not in OPEN_STATES:
            return SETTLED[self.state]
        if self.stopped is not None:
            return self.stopped
        if not self.reached:
            return Message("This module opens when the module before it is passed.")
        return None if now >= self.opens_at else Message("This module opens on {day}.", day=self.opens_at)

    def not_sendable(self, now: datetime) -> Message | None:
        """Why the work can't be sent, or None."""
        if reason := self.not_writable(now):
            return reason
        return _over(self) if self.closed(now) else None

    def after_deadline(self, now: datetime) -> Message | None:
        """What the team reads beside the deadline about the time after it; None when nothing is taken then."""
        if self.state not in OPEN_STATES or self.closed(now):
            return None
        if self.closes_at is None:
            return TAKEN_LATE if now > self.deadline else TAKEN_LATER
        if not self.grace:
            return None
        if now > self.deadline:
            return Message(
                "The deadline has passed, but the work is taken until {end}.", end=Due(self.closes_at, self.zone)
            )
        return Message.count(
            "The work is taken for {n} minute after it; it does not count as late.",
            "The work is taken for {n} minutes after it; it does not count as late.",
            self.grace // timedelta(minutes=1),
        )


TAKEN_LATER = Message("After it the work is still taken and marked as late.")
TAKEN_LATE = Message("The deadline has passed. The work is still taken and marked as late.")


def _over(situation: Situation) -> Message:
    said = Due(situation.deadline, situation.zone)
    if not situation.grace:
        return Message(
            "The deadline was {deadline}. The draft is kept; ask an organiser to extend the deadline.", deadline=said
        )
    return Message(
        "The deadline was {deadline}, and the minutes after it are over too. The draft is kept; ask an organiser to"
        " extend the deadline.",
        deadline=said,
    )


def rework_until(returned_at: datetime, deadline: datetime) -> datetime:
    """Until when returned work may be sent again."""
    return max(deadline, returned_at + REWORK_TIME)


# --- Modules and gates ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stop:
    """One module on a team's way: `entered` when somebody let the team in, `advanced` when it was led through."""

    opens_at: datetime
    gate: Gate
    entered: bool = False
    advanced: bool = False


def reached(stops: Sequence[Stop], now: datetime) -> list[bool]:
    """Which modules the gates before them have let the team into; the first one has no gate before it."""
    found: list[bool] = []
    for place, stop in enumerate(stops):
        before = stops[place - 1] if place else None
        by_date = before is not None and before.gate is Gate.OPEN_BY_DATE and found[-1] and now >= stop.opens_at
        found.append(before is None or stop.entered or before.advanced or by_date)
    return found


def not_advanceable(required: Iterable[SubmissionState], *, override: bool = False) -> Message | None:
    """Why a team can't be led through a module, or None; `required` are the states of its required work.

    An organiser may override a missing acceptance, but nobody skips work that was never sent (ASVS 2.3.1).
    """
    states = list(required)
    if _S.NOT_STARTED in states or _S.IN_PROGRESS in states:
        return Message("The team has not sent all required work of this module yet.")
    if not override and any(state is not _S.ACCEPTED for state in states):
        return Message("Not all required work of this module has been accepted yet.")
    return None


class ModuleState(StrEnum):
    """How a module stands for a team, on the map of the programme."""

    LOCKED = "locked"
    NOW = "now"
    LATE = "late"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Duty:
    """One assignment in a module, as far as the module's own state depends on it."""

    required: bool
    situation: Situation


def module_state(
    stop: Stop, due_at: datetime, duties: Sequence[Duty], now: datetime, *, is_reached: bool
) -> ModuleState:
    """How a module stands for a team that has or has not reached it."""
    if stop.advanced:
        return ModuleState.DONE
    if not is_reached or now < stop.opens_at:
        return ModuleState.LOCKED
    required = [duty.situation for duty in duties if duty.required]
    if any(situation.overdue(now) for situation in required):
        return ModuleState.LATE
    finished = all(situation.state is _S.ACCEPTED for situation in required)
    over = now > due_at or bool(required)
    return ModuleState.DONE if stop.gate is Gate.OPEN_BY_DATE and finished and over else ModuleState.NOW


# --- What to do now ---------------------------------------------------------------------------------------------------

RETURNED_FIRST: Final = 0
QUESTION: Final = 1
ORDINARY: Final = 2


@dataclass(frozen=True, slots=True)
class Task:
    """One line of "what to do now": `state` is the tag's word, `rank` comes before `due` in the order."""

    title: Message | str
    href: str
    state: str
    note: Message | str = ""
    due: datetime | None = None
    rank: int = ORDINARY
    key: UUID | None = None


def in_order(tasks: Iterable[Task]) -> list[Task]:
    """Returned work first, then questions, then by deadline; what has no deadline comes last."""
    return sorted(tasks, key=lambda task: (task.rank, task.due is None, task.due.timestamp() if task.due else 0.0))
