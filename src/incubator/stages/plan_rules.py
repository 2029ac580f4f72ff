"""The plan of a cohort as organisers edit it: what its forms say, and whom a change touches. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from incubator.foundation.forms import Form, Row, given, local_input
from incubator.foundation.i18n import N_, Message, deadline, moment
from incubator.foundation.refusals import Refused
from incubator.programmes.blueprint import LIMITS, FieldKind, FieldPlan, Gate, LateWork
from incubator.programmes.blueprint_changes import Difference, of_assignment, of_values
from incubator.programmes.facts import FactKey
from incubator.stages.answers import fingerprint, kept

MOST_FIELDS: Final = 40
PROSE: Final = 10_000
USUAL_LIMITS: Final = {
    FieldKind.SHORT_TEXT: 200,
    FieldKind.LONG_TEXT: 4000,
    FieldKind.TABLE: 20,
    FieldKind.FILE: 20,
}
DAY: Final = 1440  # minutes
FIELD_NAMES: Final = (
    "f_key",
    "f_place",
    "f_label",
    "f_kind",
    "f_required",
    "f_limit",
    "f_help",
    "f_options",
    "f_columns",
    "f_fact",
)
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """What an organiser says about a module; instants in UTC."""

    title: str
    summary: str
    opens_at: datetime
    due_at: datetime
    gate: Gate
    late_work: LateWork = LateWork.REFUSED
    grace_minutes: int = 0

    @property
    def version(self) -> str:
        """A print of the facts, by which two people editing at once are noticed."""
        dates = [self.opens_at.timestamp(), self.due_at.timestamp(), self.late_work.value, self.grace_minutes]
        return fingerprint([self.title, self.summary, *dates, self.gate.value])

    def shown(self, zone: str) -> dict[str, Any]:
        """Initial values of the form."""
        return {
            "title": self.title,
            "summary": self.summary,
            "opens_at": local_input(self.opens_at, zone),
            "due_at": local_input(self.due_at, zone),
            "late_work": self.late_work.value,
            "grace_minutes": str(self.grace_minutes or ""),
            "gate": self.gate.value,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class AssignmentFacts:
    """What an organiser says about an assignment."""

    title: str
    instructions: str
    required: bool
    rework_limit: int
    guiding_questions: tuple[str, ...]
    fields: tuple[FieldPlan, ...]
    retired: tuple[FieldPlan, ...] = field(default=(), compare=False)

    @property
    def version(self) -> str:
        """A print of the facts, by which two people editing at once are noticed."""
        words = [self.title, self.instructions, self.required, self.rework_limit, *self.guiding_questions]
        return fingerprint([*words, kept(self.fields)])

    def shown(self) -> dict[str, Any]:
        """Initial values of the form."""
        columns = [_shown_field(place, plan) for place, plan in enumerate(self.fields, 1)]
        return {
            "title": self.title,
            "instructions": self.instructions,
            "required": YES if self.required else NO,
            "rework_limit": str(self.rework_limit),
            "guiding_questions": "\n".join(self.guiding_questions),
            "version": self.version,
            **{name: [column[name] for column in columns] for name in FIELD_NAMES},
        }


def _shown_field(place: int, field: FieldPlan) -> dict[str, str]:
    return {
        "f_key": field.key,
        "f_place": str(place),
        "f_label": field.label,
        "f_kind": field.kind.value,
        "f_required": YES if field.required else NO,
        "f_limit": str(field.limit or ""),
        "f_help": field.help,
        "f_options": "\n".join(field.options),
        "f_columns": "\n".join(field.columns),
        "f_fact": field.fact or "",
    }


# --- Forms ------------------------------------------------------------------------------------------------------------


def read_module(form: Form, zone: str) -> ModuleFacts:
    """The facts of a module; clock times are those of the cohort's zone. Errors stay with the form."""
    title = form.text("title")
    summary = form.text("summary", required=False, limit=PROSE, lines=True)
    opens_at, due_at = form.local_moment("opens_at", zone), form.local_moment("due_at", zone)
    gate = form.choice("gate", Gate)
    late_work, grace = form.choice("late_work", LateWork), form.integer("grace_minutes", 0, DAY, required=False)
    _let_prints_pass(form)
    if opens_at and due_at and due_at <= opens_at:
        form.fail("due_at", Message("The deadline must come after the opening."))
    if grace and late_work is LateWork.MARKED:
        form.fail("grace_minutes", Message("Late work is taken anyway: leave the minutes empty."))
    form.demand()
    return ModuleFacts(title, summary, given(opens_at), given(due_at), given(gate), given(late_work), grace or 0)


def read_assignment(form: Form, known: Iterable[str], retired: Iterable[str] = ()) -> AssignmentFacts:
    """The facts of an assignment; `known` are the keys of its fields now, `retired` those of fields it once had.

    Errors stay with the form.
    """
    title = form.text("title")
    instructions = form.text("instructions", required=False, limit=PROSE, lines=True)
    required = form.choice("required", (YES, NO))
    rework_limit = form.integer("rework_limit", 0, 20)
    questions = form.text("guiding_questions", required=False, limit=PROSE, lines=True)
    rows = form.rows(*FIELD_NAMES, most=MOST_FIELDS + 10)
    fields = _fields(form, rows, set(known), set(retired))
    _let_prints_pass(form)
    if not fields and not form.errors:
        form.fail("f_label.0", Message("Ask at least one question: write the name of a field."))
    form.demand()
    return AssignmentFacts(title, instructions, required == YES, given(rework_limit), _lines(questions), tuple(fields))


def _let_prints_pass(form: Form) -> None:
    """What the page showed and what was confirmed on it; the action compares them with what is there."""
    for name in ("version", "confirmed"):
        form.text(name, required=False)


def _lines(text: str) -> tuple[str, ...]:
    """The lines of a text without blank and repeated ones."""
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _fields(form: Form, rows: Sequence[Row], known: set[str], retired: set[str]) -> list[FieldPlan]:
    """The fields in the order of their numbers; a field whose name was blotted out is gone."""
    found: list[tuple[int, FieldPlan]] = []
    taken = known | retired
    for row in rows:
        place = row.integer("f_place", 1, 1000, required=False)
        label = row.text("f_label", required=False)
        plan = _field(row, label, _key(row, known, taken))
        if label and plan:
            found.append((place or 1000, plan))
    if len(found) > MOST_FIELDS:
        form.fail("f_label.0", Message("At most {most} fields fit into an assignment.", most=MOST_FIELDS))
    return [plan for _, plan in sorted(found, key=lambda each: each[0])]


def _key(row: Row, known: set[str], taken: set[str]) -> str:
    """The key a field has, or a new one; a key is never used for another field again."""
    key = row.text("f_key", required=False, limit=60)
    if key in known:
        known.discard(key)
        return key
    return _fresh(taken)


def _field(row: Row, label: str, key: str) -> FieldPlan | None:
    """One field, or None with its errors on the form."""
    wanted = bool(label)
    kind = row.choice("f_kind", FieldKind, required=wanted)
    required = row.choice("f_required", (YES, NO), required=False)
    most = LIMITS.get(kind, 20_000) if kind else 20_000
    limit = row.integer("f_limit", 1, most, required=False)
    help_text = row.text("f_help", required=False, limit=2000, lines=True)
    options = _lines(row.text("f_options", required=False, limit=PROSE, lines=True))
    columns = _lines(row.text("f_columns", required=False, limit=2000, lines=True))
    fact = row.choice("f_fact", FactKey, required=False)
    if kind is FieldKind.CHOICE and not 2 <= len(options) <= 50:
        row.fail("f_options", Message("A choice needs from 2 to 50 answers, each on a line of its own."))
    if kind is FieldKind.TABLE and not 1 <= len(columns) <= 10:
        row.fail("f_columns", Message("A table needs from 1 to 10 columns, each on a line of its own."))
    if kind is None or not wanted:
        return None
    return FieldPlan(
        key=key,
        label=label,
        help=help_text,
        kind=kind,
        required=required != NO,
        limit=(limit or USUAL_LIMITS[kind]) if kind in USUAL_LIMITS else 0,
        options=options if kind is FieldKind.CHOICE else (),
        columns=columns if kind is FieldKind.TABLE else (),
        fact=fact if kind is FieldKind.NUMBER else None,
    )


# --- What a change does -----------------------------------------------------------------------------------------------


def changed_module(before: ModuleFacts, after: ModuleFacts, zone: str) -> list[Difference]:
    """What saving a module would change; clock times are those of the cohort's zone."""
    return of_values(_raw_module(before, zone), _raw_module(after, zone))


def _raw_module(facts: ModuleFacts, zone: str) -> dict[str, Any]:
    return {
        "title": facts.title,
        "summary": facts.summary,
        "opens_on_day": moment(facts.opens_at, zone),
        "due_on_day": deadline(facts.due_at, zone),
        "late_work": facts.late_work.value,
        "grace_minutes": facts.grace_minutes,
        "gate": facts.gate.value,
    }


def changed_assignment(before: AssignmentFacts, after: AssignmentFacts) -> list[Difference]:
    """What saving an assignment would change, field by field."""
    return of_assignment(_raw_assignment(before), _raw_assignment(after))


def _raw_assignment(facts: AssignmentFacts) -> dict[str, Any]:
    return {
        "title": facts.title,
        "instructions": facts.instructions,
        "required": facts.required,
        "rework_limit": facts.rework_limit,
        "guiding_questions": list(facts.guiding_questions),
        "fields": kept(facts.fields),
    }


UNLIKE: Final = frozenset({FieldKind.TABLE, FieldKind.FILE})
"""Answers of these kinds can't stand in a field of another kind, nor the other way round."""


def retire(before: AssignmentFacts, after: AssignmentFacts) -> AssignmentFacts:
    """The new facts with the fields that drafts may still hold answers to.

    A field that became one of a kind that can't hold its answers is a new field under a new key; the old one is retired.
    """
    old = {plan.key: plan for plan in before.fields}
    taken = {*old, *(plan.key for plan in before.retired), *(plan.key for plan in after.fields)}
    fields: list[FieldPlan] = []
    for plan in after.fields:
        was = old.get(plan.key)
        unlike = was is not None and was.kind is not plan.kind and {was.kind, plan.kind} & UNLIKE
        fields.append(replace(plan, key=_fresh(taken)) if unlike else plan)
    staying = {plan.key for plan in fields}
    gone = [plan for plan in before.fields if plan.key not in staying]
    return replace(after, fields=tuple(fields), retired=(*before.retired, *gone))


def _fresh(taken: set[str]) -> str:
    key = next(f"field_{number}" for number in range(1, 10_000) if f"field_{number}" not in taken)
    taken.add(key)
    return key


# --- Whom a change touches --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Touched:
    """A team that a change touches: whether it is in the module now, and its work there as (title, state, sent)."""

    id: UUID
    name: str
    here: bool
    works: tuple[tuple[str, str, bool], ...]


def affected(touched: Iterable[Touched]) -> "Affected":
    """The numbers to be confirmed."""
    teams = list(touched)
    works = [work for team in teams for work in team.works]
    return Affected(
        sum(team.here for team in teams), sum(state in DRAFTED for _, state, _ in works), sum(s for *_, s in works)
    )


DRAFTED: Final = frozenset({"in_progress", "returned"})


@dataclass(frozen=True, slots=True)
class Affected:
    """Teams that work on it now, and what they have: drafts, and work that was sent at least once."""

    teams: int = 0
    drafts: int = 0
    sent: int = 0

    def __bool__(self) -> bool:
        return bool(self.teams or self.drafts or self.sent)

    @property
    def token(self) -> str:
        """What a person confirms by ticking: these very numbers."""
        return f"{self.teams}.{self.drafts}.{self.sent}"


class Unconfirmed(Refused):
    """The change touches people and was not confirmed with these numbers."""

    def __init__(self, affected: Affected) -> None:
        super().__init__(Message("This change touches teams at work. Look at the numbers and confirm it."))
        self.affected = affected


class OutOfOrder(Refused):
    """The dates of neighbouring modules would run backwards; `field` is the one to mend."""

    def __init__(self, field: str, reason: Message) -> None:
        super().__init__(reason)
        self.field = field


def in_order(modules: Sequence[tuple[str, Mapping[str, datetime]]], zone: str) -> None:
    """Pass, or raise OutOfOrder; `modules` are titles with `opens_at` and `due_at`, days are those of `zone`."""
    reasons = {
        "opens_at": N_("“{later}” would open before “{earlier}”, which comes before it."),
        "due_at": N_("“{later}” would be due before “{earlier}”, which comes before it."),
    }
    for (earlier, before), (later, after) in pairwise(modules):
        for name, words in reasons.items():
            if _day(after[name], zone) < _day(before[name], zone):
                raise OutOfOrder(name, Message(words, earlier=earlier, later=later))


def _day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()
