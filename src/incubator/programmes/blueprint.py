"""A blueprint: the format of a programme as data - its teams, modules, assignments, criteria and jury rules. Pure.

`read` takes a TOML file written by a methodologist and gives a `Blueprint`, or every fault of the file by line and key;
`write` gives the file back. Days are counted from the first day of the cohort, which is day 0.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any, ClassVar, Final, TypeAlias

from incubator.foundation.i18n import Message
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
    Anchors,
    BlueprintFaults,
    Fault,
    OneOf,
    Pattern,
    Points,
    Reading,
    Text,
    Whole,
    YesNo,
    points,
)
from incubator.programmes.facts import FactKey

__all__ = [
    "LAST_DAY", "LIMITS", "Aggregate", "AssignmentPlan", "Blueprint", "BlueprintFaults", "Closing", "CriterionPlan",
    "Fault", "FieldKind", "FieldPlan", "Gate", "JuryPlan", "Language", "ModulePlan", "Position", "Rounding", "TeamRules",
    "read", "read_part", "write",
]  # fmt: skip

LAST_DAY: Final = 1500
Faults: TypeAlias = Iterator[tuple[Path, Message]]

TITLE: Final = Text(200)
PROSE: Final = Text(10_000, several_lines=True, blank=True)


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


class Aggregate(StrEnum):
    """How the totals of a project's sheets become its result."""

    MEAN = "mean"
    SUM = "sum"
    TRIMMED_MEAN = "trimmed_mean"


class Closing(StrEnum):
    """What is done about sheets that are missing when a round with quorum is to be locked."""

    SUBSTITUTE = "substitute"  # the lock waits until another juror has filled them in
    CLOSE_WITH_GAPS = "close_with_gaps"  # the sheets there are decide, from `minimum_sheets` up
    NOT_ASSESSED = "not_assessed"  # a project that lacks a sheet it should have is not assessed


class Rounding(StrEnum):
    """What becomes of a digit exactly in the middle."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


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
    gate: Gate = field(
        default=Gate.ALL_REQUIRED_ACCEPTED,
        metadata=ruled(OneOf(Gate), Message("What lets a team from this module into the next one.")),
    )
    assignments: tuple[AssignmentPlan, ...] = field(default=(), metadata=ruled(Tables(AssignmentPlan, 0, 20)))

    checks: ClassVar[tuple[Check, ...]] = (_due_after_opening, _gate_has_something)


def _scale_fits(scale_min: int, scale_max: int, step: int) -> Faults:
    if scale_max <= scale_min:
        yield ("scale_max",), Message("The scale must end above its beginning.")
    elif step == 0 or (scale_max - scale_min) % step:
        yield ("step",), Message("The step must divide the scale into equal parts.")
    elif (scale_max - scale_min) // step > 100:
        yield ("step",), Message("The scale must have at most 100 steps.")


def _anchors_on_scale(scale_min: int, scale_max: int, step: int, anchors: Mapping[int, str]) -> Faults:
    for score in anchors:
        off_step = step and (score - scale_min) % step
        if off_step or not scale_min <= score <= scale_max:
            yield (
                ("anchors", points(score)),
                Message("No mark can be {score}: the anchor is off the scale.", score=Decimal(points(score))),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionPlan:
    """One criterion of the jury. The scale and the scores of `anchors` are thousandths of a point (points in the file).

    A criterion's share in a sheet's total is its weight divided by the sum of all weights.
    """

    key: str = field(metadata=ruled(KEY))
    title: str = field(metadata=ruled(TITLE))
    description: str = field(default="", metadata=ruled(PROSE))
    weight: int = field(
        metadata=ruled(
            Whole(1, 1000), Message("The share of a criterion is its weight divided by the sum of all weights.")
        )
    )
    scale_min: int = field(metadata=ruled(Points(0, 100)))
    scale_max: int = field(metadata=ruled(Points(0, 100)))
    step: int = field(default=1000, metadata=ruled(Points(0, 100)))
    anchors: Mapping[int, str] = field(
        default_factory=dict,
        hash=False,
        metadata=ruled(Anchors(Text(500)), Message("What a score means, in words.")),
    )

    checks: ClassVar[tuple[Check, ...]] = (_scale_fits, _anchors_on_scale)


TIE: Final = Pattern(
    re.compile(r"criterion:[a-z][a-z0-9_]{0,59}|first_places|earlier_application|vote|shared"),
    Message('This must be "criterion:" with its key, "first_places", "earlier_application", "vote" or "shared".'),
)


def _quorum_reaches(minimum_sheets: int, quorum: int) -> Faults:
    if quorum < minimum_sheets:
        yield ("quorum",), Message("With so few jurors no project would have the least number of sheets.")


def _shared_is_last(ties: tuple[str, ...]) -> Faults:
    if "shared" in ties[:-1]:
        yield (
            ("ties", ties.index("shared")),
            Message("After a shared place nothing is left to decide: it must be the last rule."),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JuryPlan:
    """How the jury's result is found. `quorum` counts jurors; `ties` are applied in turn, then the place is shared."""

    aggregate: Aggregate = field(metadata=ruled(OneOf(Aggregate)))
    minimum_sheets: int = field(
        metadata=ruled(Whole(1, 50), Message("With fewer sheets a project is not assessed, which is not a zero."))
    )
    quorum: int = field(metadata=ruled(Whole(1, 50), Message("Jurors who must have handed in before the lock.")))
    closing: Closing = field(metadata=ruled(OneOf(Closing), Message("What is done about sheets missing at the lock.")))
    ties: tuple[str, ...] = field(
        metadata=ruled(
            Many(TIE, 1, 25),
            Message(
                "Rules for equal totals, in order: criterion:<key>, first_places, earlier_application, vote, shared."
            ),
        )
    )
    decimals: int = field(metadata=ruled(Whole(0, 6)))
    rounding: Rounding = field(metadata=ruled(OneOf(Rounding)))

    checks: ClassVar[tuple[Check, ...]] = (_quorum_reaches, _shared_is_last)


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
