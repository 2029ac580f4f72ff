"""The plots of a cohort's overview as data: what is drawn, in what words, and the one sentence that it shows. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from incubator.foundation.axes import Axis, axis
from incubator.foundation.i18n import Message, day
from incubator.reporting.rules import Cell

if TYPE_CHECKING:
    from incubator.reporting.board import Head, Row

MOST_BARS: Final = 45  # days; a longer time is counted by weeks
MOST_REGIONS: Final = 12


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot ready for the macros of templates/shared/charts.html."""

    says: Message
    rows: list[dict[str, Any]]
    axis: Axis
    mark: tuple[float, Message] | None = None


# --- How far the teams have come --------------------------------------------------------------------------------------


def funnel(rows: Sequence["Row"], modules: Sequence["Head"]) -> Plot:
    """How many teams have come to each module, and how many have passed it."""
    total = len(rows)
    found = []
    for number, module in enumerate(modules):
        cells = [row.places[number].cell for row in rows if number < len(row.places)]
        come, passed = sum(cell is not Cell.CLOSED for cell in cells), sum(cell is Cell.DONE for cell in cells)
        found.append({
            "label": f"{number + 1}. {module.title}", "value": float(passed), "behind": float(come), "mean": None,
            "words": str(Message("{come}, passed {passed}", come=come, passed=passed)),
            "cells": [come, passed, total - come], "come": come,
        })  # fmt: skip
    farthest = max((place for place, each in enumerate(found) if each["come"]), default=0)
    most = max(range(len(modules)), key=lambda place: sum(row.stage == place for row in rows), default=0)
    here = sum(row.stage == most for row in rows)
    if not here:
        says = Message("No team is at work in a module now.")
    else:
        says = Message("Most teams are in module {most} now: {here} of {total}. The farthest module reached is {farthest}.",
                       most=most + 1, here=here, total=total, farthest=farthest + 1)  # fmt: skip
    return Plot(says, found, Axis(0, max(total, 1), ()))


# --- When work is sent ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sent:
    """How many versions were sent on a day, before the deadline of the module and after it."""

    day: date
    in_time: int
    after: int


def sendings(found: Iterable[Sent], first: date, due: date, today: date) -> Plot:
    """Versions sent by day, from the opening of a module past its deadline; by weeks where it lasts long."""
    by_day = {each.day: each for each in found}
    last = max([due, *by_day])
    step = 1 if (last - first).days < MOST_BARS else 7
    bars = [_bar(by_day, first + timedelta(days=begin), step) for begin in range(0, (last - first).days + 1, step)]
    highest = max((bar["value"] + bar["after"] for bar in bars), default=0)
    place = ((due - first).days + 1) / step
    return Plot(_said(by_day.values(), due, today), bars, axis(0, max(highest, 1), whole=True),
                (place, Message("deadline {day}", day=day(due, year=False))))  # fmt: skip


def _bar(by_day: dict[date, Sent], first: date, step: int) -> dict[str, Any]:
    days = [by_day[each] for each in (first + timedelta(days=n) for n in range(step)) if each in by_day]
    in_time, after = sum(each.in_time for each in days), sum(each.after for each in days)
    label = day(first, year=False)
    if step > 1:
        last = first + timedelta(days=step - 1)
        label = str(Message("{first} to {last}", first=label, last=day(last, year=False)))
    return {"label": label, "short": f"{first.day}.{first.month:02}", "value": float(in_time), "after": float(after),
            "cells": [in_time, after]}  # fmt: skip


LAST_DAYS: Final = 3


def _said(found: Iterable[Sent], due: date, today: date) -> Message:
    rows = list(found)
    total, after = sum(each.in_time + each.after for each in rows), sum(each.after for each in rows)
    if not total:
        return Message("Nothing has been sent yet.")
    sent = Message.count("{n} version was sent", "{n} versions were sent", total)
    if today <= due and not after:
        return Message("{sent} so far; the deadline is still to come.", sent=sent)
    late = sum(each.in_time for each in rows if due - timedelta(days=LAST_DAYS) < each.day <= due)
    return Message("{sent}: {late} in the last three days before the deadline, {after} after it.", sent=sent, late=late,
                   after=after)  # fmt: skip


# --- Where teams are late ---------------------------------------------------------------------------------------------


def by_region(rows: Iterable["Row"]) -> Plot | None:
    """Late teams by region; None where there is nothing to compare."""
    teams, late = Counter(), Counter()  # type: Counter[str], Counter[str]
    for row in rows:
        teams[row.region] += 1
        late[row.region] += row.overdue
    regions = sorted((region for region in teams if late[region]), key=lambda each: (-late[each], each))
    if len(teams) < 2 or not regions:
        return None
    drawn = [
        {"label": region, "value": float(late[region]), "behind": float(teams[region]), "mean": None,
         "words": str(Message("{late} of {all}", late=late[region], all=teams[region])),
         "cells": [late[region], teams[region]]}
        for region in regions[:MOST_REGIONS]
    ]  # fmt: skip
    says = Message("Late teams: {late} of {teams}, in {regions} of {all} regions.", late=late.total(),
                   teams=teams.total(), regions=len(regions), all=len(teams))  # fmt: skip
    return Plot(says, drawn, Axis(0, max(teams[region] for region in regions), ()))


# --- Who has how much to check ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """What waits for one moderator of a cohort: pieces of work, and for how many days the oldest has waited."""

    name: str
    teams: int
    waiting: int
    oldest: int


def load(found: Sequence[Load], waiting: int) -> Plot:
    """Waiting work of each moderator in the order of their names: counts, no ranking.

    `waiting` is how much waits in all; work of a team with two moderators waits for both of them.
    """
    drawn = [
        {"label": each.name, "value": float(each.waiting), "behind": None, "mean": None, "words": str(each.waiting),
         "cells": [each.teams, each.waiting, each.oldest if each.waiting else "–"]}
        for each in found
    ]  # fmt: skip
    oldest = max((each.oldest for each in found), default=0)
    says = Message("Nothing waits for a check.")
    if waiting:
        says = Message("{waiting} waiting; the oldest for {days}.",
                       waiting=Message.count("{n} piece of work is", "{n} pieces of work are", waiting),
                       days=Message.count("{n} day", "{n} days", oldest))  # fmt: skip
    return Plot(says, drawn, Axis(0, max(1, *(each.waiting for each in found)), ()))
