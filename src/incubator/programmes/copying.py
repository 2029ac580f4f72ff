"""A cohort once more: where its plan's days fall when another one begins on another day. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from incubator.programmes.blueprint import Blueprint

SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """A day of the new plan and the day of the old one that it stands for."""

    day: date
    before: date

    @property
    def weekend(self) -> bool:
        """Whether it falls on a Saturday or Sunday; the old plan may have meant that."""
        return self.day.weekday() >= SATURDAY

    @property
    def became_weekend(self) -> bool:
        """Whether the old day was a working day and the new one is not."""
        return self.weekend and self.before.weekday() < SATURDAY


@dataclass(frozen=True, slots=True)
class PlannedModule:
    """A module as it will stand in the new cohort."""

    title: str
    opens: PlannedDay
    due: PlannedDay
    due_time: str


def shifted(plan: Blueprint, before: date, after: date) -> list[PlannedModule]:
    """The modules of a plan that began on `before`, in a cohort that begins on `after`: the same days counted from it."""
    return list(_shifted(plan, before, after))


def _shifted(plan: Blueprint, before: date, after: date) -> Iterator[PlannedModule]:
    for module in plan.modules:
        opens, due = (
            PlannedDay(after + timedelta(days=days), before + timedelta(days=days))
            for days in (module.opens_on_day, module.due_on_day)
        )
        yield PlannedModule(module.title, opens, due, module.due_time)


def usual_start(before: date, today: date) -> date:
    """The first day that a form offers: a month from now or later, on the weekday on which the old cohort began."""
    earliest = max(today + timedelta(days=30), before + timedelta(days=1))
    return earliest + timedelta(days=(before.weekday() - earliest.weekday()) % 7)
