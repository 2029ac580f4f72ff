"""How a team's way through the programme is said in words. Pure.

Times are those of the team's zone, whoever reads: team, moderator and organiser talk about the same «18:00».
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from incubator.foundation.i18n import Message, ago, day, deadline, moment, pgettext
from incubator.foundation.i18n import gettext as _
from incubator.stages.rules import ModuleState, Task

if TYPE_CHECKING:
    from incubator.stages.home import ModuleOnMap, WorkOnMap

BETWEEN: Final = " · "
OWED: Final = frozenset({"not_started", "in_progress", "returned", "overdue", "missed"})
DRAFTED: Final = frozenset({"in_progress", "returned", "overdue", "missed"})


def stops(modules: Iterable["ModuleOnMap"], now: datetime, zone: str) -> list[dict[str, str]]:
    """The modules as stops of the programme's strip."""
    return [
        {
            "href": f"#module-{module.id}",
            "label": module.title,
            "state": module.state.value,
            "note": _when(module, now, zone),
        }
        for module in modules
    ]


def _when(module: "ModuleOnMap", now: datetime, zone: str) -> str:
    if module.state is ModuleState.DONE:
        return _("passed")
    if now < module.opens_at:
        return str(Message("from {day}", day=day(module.opens_at, zone, year=False)))
    return str(Message("until {day}", day=day(module.due_at, zone, year=False)))


def timing(module: "ModuleOnMap", now: datetime, zone: str) -> str:
    """When a module was passed, opens, or is due."""
    if module.state is ModuleState.DONE and module.advanced_at is not None:
        return str(Message("Passed on {day}.", day=day(module.advanced_at, zone)))
    if now < module.opens_at:
        return str(Message("Opens on {day}.", day=day(module.opens_at, zone)))
    return deadline(module.due_at, zone, now) if module.reached else _("Opens when the module before it is passed.")


def tag(module: "ModuleOnMap") -> tuple[str, str]:
    """The tag of a module: its code and, where the code's own word does not fit, a word."""
    if module.state is ModuleState.DONE:
        return "accepted", _("Passed")
    if module.state is ModuleState.NOW:
        return "in_progress", pgettext("module", "Now")
    return ("overdue" if module.state is ModuleState.LATE else "locked"), ""


def note(work: "WorkOnMap", now: datetime, zone: str) -> str:
    """What is known about a piece of work, beside its state."""
    return BETWEEN.join(_notes(work, now, zone))


def _notes(work: "WorkOnMap", now: datetime, zone: str) -> Iterator[str]:
    state = work.situation.tag(now)
    if not work.required:
        yield _("optional")
    if work.sent_at is not None:
        yield str(Message("sent {moment}", moment=moment(work.sent_at, zone)))
    if state in DRAFTED and work.updated_at is not None:
        yield str(Message("draft: {name}, {ago}", name=work.updated_by, ago=ago(work.updated_at, now)))
    if state in OWED and work.situation.deadline > work.situation.due_at:
        yield str(Message("own deadline: {deadline}", deadline=deadline(work.situation.deadline, zone, now)))


def tasks(found: Sequence[Task], now: datetime, zone: str) -> list[tuple[Task, str]]:
    """Tasks with the line below each: where it belongs, and its deadline."""
    lines = [[str(task.note)] + ([deadline(task.due, zone, now)] if task.due else []) for task in found]
    return [(task, BETWEEN.join(filter(None, line))) for task, line in zip(found, lines, strict=True)]
