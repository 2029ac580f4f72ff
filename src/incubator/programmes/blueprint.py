"""A blueprint: the format of a programme as data - its teams, modules, assignments, criteria and jury rules. Pure.

`read` takes a TOML file written by a methodologist and gives a `Blueprint`, or every fault of the file by line and key;
`write` gives the file back. Days are counted from the first day of the cohort, which is day 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any, ClassVar, Final

from incubator.foundation.i18n import Message
from incubator.programmes.blueprint_jury import TIE, Aggregate, Closing, CriterionPlan, JuryPlan, Rounding
from incubator.programmes.blueprint_shape import (
    Check,
    Many,
    Table,
    Tables,
    Writing,
    parse,
    read_part,
    read_table,
    ruled,
)
from incubator.programmes.blueprint_text import Path
from incubator.programmes.blueprint_values import (
    CLOCK,
    KEY,
    PROSE,
    TITLE,
    BlueprintFaults,
    Fault,
    Faults,
    OneOf,
    Reading,
    Text,
    Whole,
    YesNo,
)
from incubator.programmes.facts import FactKey

__all__ = [
    "LAST_DAY", "LIMITS", "Aggregate", "AssignmentPlan", "Blueprint", "BlueprintFaults", "Closing", "CriterionPlan",
    "Fault", "FieldKind", "FieldPlan", "Gate", "JuryPlan", "Language", "LateWork", "ModulePlan", "Position", "Rounding", "TeamRules",
    "read", "read_part", "write",
]  # fmt: skip

LAST_DAY: Final = 1500


class Language(StrEnum):
    """The language that the blueprint's texts are written in."""

    RU = "ru"
    EN = "en"


class Position(StrEnum):
    """What a member of a team is in the municipality; a programme says which of them may take part."""

    HEAD = "head"
    DEPUTY_HEAD = "deputy_head"
    COUNCILLOR = "councillor"
    MUNICIPAL_EMPLOYEE = "municipal_employee"
    INSTITUTION_HEAD = "institution_head"
    OTHER = "other"


class Gate(StrEnum):
    """What lets a team from this module into the next one."""

    ALL_REQUIRED_ACCEPTED = "all_required_accepted"
    OPEN_BY_DATE = "open_by_date"


class LateWork(StrEnum):
    """What becomes of work that is sent after the deadline of its module."""

    REFUSED = "refused"
    MARKED = "marked"  # taken, and everybody sees that it came late


class FieldKind(StrEnum):
    """What a field of an assignment takes."""

    SHORT_TEXT = "short_text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    TABLE = "table"
    LINK = "link"
    FILE = "file"


LIMITS: Final = {
    FieldKind.SHORT_TEXT: 300,
    FieldKind.LONG_TEXT: 20_000,
    FieldKind.TABLE: 100,
    FieldKind.FILE: 50,
}
"""The highest `limit` a field may set: characters of a text, rows of a table, megabytes of a file. Others have none."""


def _team_fits(min_members: int, max_members: int) -> Faults:
    if max_members < min_members:
        yield ("max_members",), Message("Fewer than the least number of members.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRules:
    """Who may take part; `max_members` counts the lead."""

    min_members: int = field(metadata=ruled(Whole(1, 1000)))
    max_members: int = field(metadata=ruled(Whole(1, 1000)))
    eligible_positions: tuple[Position, ...] = field(
        metadata=ruled(
            Many(OneOf(Position), 1, len(Position)),
            Message("Who may be a member: {known}.", known=", ".join(Position)),
        )
    )

    checks: ClassVar[tuple[Check, ...]] = (_team_fits,)


def _limit_of_kind(kind: FieldKind, limit: int) -> Faults:
    most = LIMITS.get(kind, 0)
    if most and not 1 <= limit <= most:
        yield (
            ("limit",),
            Message("A field of the kind {kind} needs a limit from 1 to {most}.", kind=kind.value, most=most),
        )
    if limit and not most:
        yield ("limit",), Message("A field of the kind {kind} has no limit.", kind=kind.value)


def _lists_of_kind(kind: FieldKind, options: tuple[str, ...], columns: tuple[str, ...]) -> Faults:
    if kind is FieldKind.CHOICE and len(options) < 2:
        yield ("options",), Message("A choice needs at least two options.")
    if kind is not FieldKind.CHOICE and options:
        yield ("options",), Message("Only a choice has options.")
    if kind is FieldKind.TABLE and not columns:
        yield ("columns",), Message("A table needs columns.")
    if kind is not FieldKind.TABLE and columns:
        yield ("columns",), Message("Only a table has columns.")


def _fact_of_kind(kind: FieldKind, fact: FactKey | None) -> Faults:
    if fact is not None and kind is not FieldKind.NUMBER:
        yield ("fact",), Message("Only a number can be taken from the passport.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPlan:
    """One field of an assignment. `limit`: see `LIMITS`, 0 for kinds without one; a choice is one of its options.

    `fact` names the number of the municipality's passport with which the field is filled in at first.
    """

    key: str = field(metadata=ruled(KEY))
    label: str = field(metadata=ruled(TITLE))
    help: str = field(default="", metadata=ruled(Text(2000, several_lines=True, blank=True)))
    kind: FieldKind = field(metadata=ruled(OneOf(FieldKind)))
    required: bool = field(default=True, metadata=ruled(YesNo()))
    limit: int = field(
        default=0,
        metadata=ruled(Whole(0, 20_000), Message("Characters of a text, rows of a table, megabytes of a file.")),
    )
    options: tuple[str, ...] = field(default=(), metadata=ruled(Many(TITLE, 0, 50)))
    columns: tuple[str, ...] = field(default=(), metadata=ruled(Many(TITLE, 0, 10)))
    fact: FactKey | None = field(
        default=None,
        metadata=ruled(OneOf(FactKey), Message("The number of the municipality's passport that is offered here.")),
    )

    checks: ClassVar[tuple[Check, ...]] = (_limit_of_kind, _lists_of_kind, _fact_of_kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentPlan:
    """What a team does in a module. `instructions` are Markdown; `rework_limit` is how often work may be returned."""

    key: str = field(metadata=ruled(KEY))
    title: str = field(metadata=ruled(TITLE))
    instructions: str = field(default="", metadata=ruled(PROSE))
    required: bool = field(default=True, metadata=ruled(YesNo()))
    rework_limit: int = field(
        default=2,
        metadata=ruled(Whole(0, 20), Message("How many times a moderator may return the work.")),
    )
    guiding_questions: tuple[str, ...] = field(
        default=(),
        metadata=ruled(Many(Text(500), 0, 20), Message("Questions that a moderator may ask the team.")),
    )
    fields: tuple[FieldPlan, ...] = field(metadata=ruled(Tables(FieldPlan, 1, 40)))

    checks: ClassVar[tuple[Check, ...]] = ()


def _due_after_opening(opens_on_day: int, due_on_day: int) -> Faults:
    if due_on_day < opens_on_day:
        yield ("due_on_day",), Message("The module would be due before it opens.")


def _gate_has_something(gate: Gate, assignments: tuple[AssignmentPlan, ...]) -> Faults:
    if gate is Gate.ALL_REQUIRED_ACCEPTED and not any(each.required for each in assignments):
        yield ("gate",), Message("The gate waits for required assignments, and the module has none.")


def _grace_where_refused(late_work: LateWork, grace_minutes: int) -> Faults:
    if grace_minutes and late_work is not LateWork.REFUSED:
        yield (
            ("grace_minutes",),
            Message("Late work is taken anyway: minutes of grace belong to a deadline that closes."),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulePlan:
    """A stage of the programme. Times of day are those of the cohort's time zone; `gate` leads to the next module."""

    key: str = field(metadata=ruled(KEY))
    title: str = field(metadata=ruled(TITLE))
    summary: str = field(default="", metadata=ruled(PROSE))
    opens_on_day: int = field(
        metadata=ruled(
            Whole(0, LAST_DAY), Message("Days are counted from the first day of the cohort, which is day 0.")
        )
    )
    due_on_day: int = field(metadata=ruled(Whole(0, LAST_DAY)))
    due_time: str = field(default="18:00", metadata=ruled(CLOCK))
    late_work: LateWork = field(
        default=LateWork.REFUSED,
        metadata=ruled(OneOf(LateWork), Message("What becomes of work sent after the deadline.")),
    )
    grace_minutes: int = field(
        default=0,
        metadata=ruled(
            Whole(0, 1440), Message("So many minutes after a deadline that closes the work is still taken, unmarked.")
        ),
    )
    gate: Gate = field(
        default=Gate.ALL_REQUIRED_ACCEPTED,
        metadata=ruled(OneOf(Gate), Message("What lets a team from this module into the next one.")),
    )
    assignments: tuple[AssignmentPlan, ...] = field(default=(), metadata=ruled(Tables(AssignmentPlan, 0, 20)))

    checks: ClassVar[tuple[Check, ...]] = (_due_after_opening, _gate_has_something, _grace_where_refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """The format of a programme."""

    key: str = field(metadata=ruled(KEY))
    version: int = field(metadata=ruled(Whole(1, 10_000)))
    name: str = field(metadata=ruled(TITLE))
    summary: str = field(default="", metadata=ruled(PROSE))
    language: Language = field(default=Language.RU, metadata=ruled(OneOf(Language)))
    team: TeamRules = field(metadata=ruled(Table(TeamRules)))
    modules: tuple[ModulePlan, ...] = field(metadata=ruled(Tables(ModulePlan, 1, 30)))
    criteria: tuple[CriterionPlan, ...] = field(metadata=ruled(Tables(CriterionPlan, 1, 20)))
    jury: JuryPlan = field(metadata=ruled(Table(JuryPlan)))

    checks: ClassVar[tuple[Check, ...]] = ()


def read(text: str) -> Blueprint:
    """The blueprint that a TOML file holds; raises `BlueprintFaults` with every fault of the file."""
    raw, reading = parse(text)
    blueprint = read_table(Blueprint, raw, (), reading)
    _refuse_dates(raw, reading)
    _refuse_ties(raw, reading)
    if reading.faults or not isinstance(blueprint, Blueprint):
        raise BlueprintFaults(reading.faults)
    return blueprint


def write(blueprint: Blueprint) -> str:
    """The blueprint as a TOML file with notes; what `read` finds in it equals what was written."""
    return "\n".join(Writing().table(blueprint)) + "\n"


def _found(raw: Any, *names: str, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each value under these names, through lists, whatever else is wrong with the file."""
    if isinstance(raw, list):
        for place, each in enumerate(raw):
            yield from _found(each, *names, path=(*path, place))
    elif not names:
        yield path, raw
    elif isinstance(raw, dict) and names[0] in raw:
        yield from _found(raw[names[0]], *names[1:], path=(*path, names[0]))


def _refuse_dates(raw: dict[str, Any], reading: Reading) -> None:
    for name in ("opens_on_day", "due_on_day"):
        days = [(path, day) for path, day in _found(raw, "modules", name) if isinstance(day, int)]
        for (_, before), (path, day) in pairwise(days):
            if day < before:
                reading.refuse(path, Message("Earlier than in the module before."))


def _refuse_ties(raw: dict[str, Any], reading: Reading) -> None:
    known = {f"criterion:{key}" for _, key in _found(raw, "criteria", "key") if isinstance(key, str)}
    for path, rule in _found(raw, "jury", "ties"):
        if isinstance(rule, str) and TIE.form.fullmatch(rule) and rule.startswith("criterion:") and rule not in known:
            reading.refuse(path, Message("There is no criterion with this key."))
