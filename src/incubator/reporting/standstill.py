"""Which teams are stuck, why, and what the next step would be: said in words from what is known of a team. Pure.

`now` is the database's clock at the arrival of the request; nothing here asks another one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from incubator.foundation.i18n import MOSCOW, Message
from incubator.moderation.rules import LONG_WAIT

QUIET: Final = timedelta(days=14)
"""A team with work to do that has sent nothing for so long is asked after."""
AWAY: Final = timedelta(days=14)
OFTEN: Final = 2  # returns of the same work
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work that something is wrong with; `since` is its deadline, or when its last version was sent.

    `times` is how often it was returned.
    """

    assignment: UUID
    submission: UUID | None
    title: str
    since: datetime | None = None
    times: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known of a team. `working_since` is the opening of the module in which it has something to do now.

    Days are said in `zone`, the cohort's.
    """

    team: UUID
    cohort: UUID
    working_since: datetime | None = None
    overdue: Sequence[Work] = ()
    waiting: Sequence[Work] = ()
    returned: Sequence[Work] = ()
    may_go_on: bool = False
    last_sent: datetime | None = None
    lead: bool = True
    lead_seen: datetime | None = None
    accompanied: bool = True
    zone: str = MOSCOW

    def day(self, moment: datetime) -> date:
        """The day of an instant."""
        return moment.astimezone(ZoneInfo(self.zone)).date()


class Why(Enum):
    """Why a team is stuck; the first ones ask most for attention."""

    OVERDUE = "overdue"
    WAITS = "waits"
    MAY_GO_ON = "may_go_on"
    RETURNED = "returned"
    NO_LEAD = "no_lead"
    SILENT = "silent"
    LEAD_AWAY = "lead_away"
    ALONE = "alone"


URGENCY: Final = tuple(Why)
NAMES: Final = {
    Why.OVERDUE: Message.within("stuck", "late"),
    Why.WAITS: Message.within("stuck", "waits for a check"),
    Why.MAY_GO_ON: Message.within("stuck", "may go on"),
    Why.RETURNED: Message.within("stuck", "returned often"),
    Why.NO_LEAD: Message.within("stuck", "no lead"),
    Why.SILENT: Message.within("stuck", "nothing sent"),
    Why.LEAD_AWAY: Message.within("stuck", "lead away"),
    Why.ALONE: Message.within("stuck", "no moderator"),
}
COLOURS: Final = {
    Why.OVERDUE: "red",
    Why.WAITS: "violet",
    Why.MAY_GO_ON: "green",
    Why.RETURNED: "amber",
    Why.NO_LEAD: "amber",
    Why.SILENT: "grey",
    Why.LEAD_AWAY: "grey",
    Why.ALONE: "amber",
}
"""The colour of the tag beside each word."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a team is stuck: a sentence, and where the next step is taken. `work` is the piece it is about."""

    why: Why
    words: Message
    href: str
    step: Message
    work: Work | None = None


def reasons(team: Condition, now: datetime, *, checks: bool = False, extends: bool = False) -> list[Reason]:
    """Every reason why a team is stuck, the weightiest first; none when all goes well.

    `checks` and `extends` say what the reader himself may do, so that he is led to it.
    """
    found = [
        *_overdue(team, now, extends=extends),
        *_waits(team, now, checks=checks),
        *_returned(team),
        *_people(team, now, extends=extends),
        *_silent(team, now),
    ]
    if team.may_go_on:
        words = Message("Everything required is accepted, but the team has not been led on.")
        found.append(Reason(Why.MAY_GO_ON, words, f"/teams/{team.team}", Message("Lead the team on")))
    return sorted(found, key=lambda each: URGENCY.index(each.why))


def _work(team: Condition, work: Work) -> str:
    return f"/teams/{team.team}/assignments/{work.assignment}"


def _overdue(team: Condition, now: datetime, *, extends: bool) -> Iterator[Reason]:
    if not team.overdue:
        return
    first = min(team.overdue, key=lambda work: work.since or now)
    days = (team.day(now) - team.day(first.since or now)).days  # as the sentence about the deadline counts them
    words = Message.count("“{title}” should have been sent {n} day ago.", "“{title}” should have been sent {n} days ago.",
                          days, title=first.title)  # fmt: skip
    if days < 1:
        words = Message("“{title}” should have been sent today.", title=first.title)
    step = Message("Extend the deadline") if extends else Message("Open the work")
    href = f"{_work(team, first)}#extension" if extends else _work(team, first)  # the form is folded away at the end
    yield Reason(Why.OVERDUE, words, href, step, first)


def _waits(team: Condition, now: datetime, *, checks: bool) -> Iterator[Reason]:
    long = [work for work in team.waiting if work.since is not None and now - work.since > LONG_WAIT]
    if not long:
        return
    first = min(long, key=lambda work: work.since or now)
    days = (now - (first.since or now)) // DAY
    words = Message.count("“{title}” has waited for the moderator for {n} day.",
                          "“{title}” has waited for the moderator for {n} days.", days, title=first.title)  # fmt: skip
    href = f"/submissions/{first.submission}/desk" if checks else _work(team, first)
    yield Reason(Why.WAITS, words, href, Message("Check the work") if checks else Message("Open the work"), first)


def _returned(team: Condition) -> Iterator[Reason]:
    often = [work for work in team.returned if work.times >= OFTEN]
    if often:
        worst = max(often, key=lambda work: work.times)
        words = Message.count("“{title}” has been returned {n} time.", "“{title}” has been returned {n} times.",
                              worst.times, title=worst.title)  # fmt: skip
        yield Reason(Why.RETURNED, words, _work(team, worst), Message("Open the work"), worst)


def _people(team: Condition, now: datetime, *, extends: bool) -> Iterator[Reason]:
    here = f"/teams/{team.team}"
    if not team.lead:
        words = Message("The team has no lead: nobody has accepted the invitation.")
        yield Reason(Why.NO_LEAD, words, f"{here}/members", Message("See who is invited"))
    elif team.lead_seen is None:
        words = Message("The lead has not been here once.")
        yield Reason(Why.LEAD_AWAY, words, f"{here}/contacts", Message("Find the address"))
    elif now - team.lead_seen > AWAY and team.working_since is not None:
        words = Message("The lead was here last on {day}.", day=team.day(team.lead_seen))
        yield Reason(Why.LEAD_AWAY, words, f"{here}/contacts", Message("Find the address"))
    if not team.accompanied:
        href = f"/cohorts/{team.cohort}/moderators" if extends else here
        yield Reason(Why.ALONE, Message("Nobody accompanies the team."), href, Message("Assign a moderator"))


def _silent(team: Condition, now: datetime) -> Iterator[Reason]:
    """Nothing sent for long though there is something to do, and what was sent is not waiting for others."""
    if team.working_since is None or team.waiting or team.overdue:
        return
    since = max(filter(None, (team.last_sent, team.working_since)))
    if now - since <= QUIET:
        return
    if team.last_sent is not None and since == team.last_sent:
        words = Message("Nothing has been sent since {day}.", day=team.day(since))
    else:
        words = Message("Nothing has been sent since the module opened on {day}.", day=team.day(since))
    yield Reason(Why.SILENT, words, f"/teams/{team.team}/questions", Message("Ask the team a question"))
