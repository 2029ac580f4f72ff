"""What changed from one version of a blueprint to another, in words. Pure.

Versions are compared as parsed files, not as `Blueprint`s: a plan in the making may lack what a blueprint must have, and
every version that was kept can be compared.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from incubator.foundation.changes import Change, in_words
from incubator.foundation.i18n import N_, Message, number

Raw = Mapping[str, Any]
SHORT: Final = 80  # characters that still fit into a line beside another value

NAMES: Final = {
    "name": Message("Title"),
    "title": Message("Title"),
    "label": Message("Question"),
    "summary": Message("What it is about"),
    "min_members": Message("Smallest number of members"),
    "max_members": Message("Largest number of members"),
    "eligible_positions": Message("Who may take part"),
    "opens_on_day": Message("Opens"),
    "due_on_day": Message("Deadline"),
    "due_time": Message("Time of the deadline"),
    "late_work": Message("What becomes of late work"),
    "grace_minutes": Message("Minutes of grace"),
    "gate": Message("How a team gets into the next module"),
    "instructions": Message("What to do"),
    "required": Message("Must it be done"),
    "rework_limit": Message("How often it may be returned"),
    "guiding_questions": Message("Guiding questions"),
    "help": Message("Hint"),
    "kind": Message("Kind"),
    "limit": Message("Limit"),
    "options": Message("Answers of a choice"),
    "columns": Message("Columns of a table"),
    "fact": Message("Number of the passport"),
    "description": Message("Description"),
    "weight": Message("Weight"),
    "scale_min": Message("Lowest mark"),
    "scale_max": Message("Highest mark"),
    "step": Message("Step of the scale"),
    "anchors": Message("What marks mean"),
    "aggregate": Message("How the result is found"),
    "minimum_sheets": Message("Least number of sheets"),
    "quorum": Message("Quorum"),
    "closing": Message("Missing sheets"),
    "ties": Message("Rules for equal totals"),
    "decimals": Message("Decimals"),
    "rounding": Message("Rounding"),
}
"""The keys of a blueprint in a person's words; what is not here (`key`, `version`, `language`) says nothing to people."""
VALUES: Final = {
    ("late_work", "refused"): Message("After the deadline nothing is taken"),
    ("late_work", "marked"): Message("It is taken and marked as late"),
    ("gate", "all_required_accepted"): Message("When all required work is accepted"),
    ("gate", "open_by_date"): Message("By date"),
    ("kind", "short_text"): Message("One line of text"),
    ("kind", "long_text"): Message("Long text"),
    ("kind", "number"): Message.within("kind", "Number"),
    ("kind", "date"): Message("Day"),
    ("kind", "choice"): Message("Choice of one answer"),
    ("kind", "table"): Message("Table"),
    ("kind", "link"): Message("Link"),
    ("kind", "file"): Message("Files"),
    ("aggregate", "mean"): Message("Mean of the sheets"),
    ("aggregate", "sum"): Message("Sum of the sheets"),
    ("aggregate", "trimmed_mean"): Message("Mean without the highest and the lowest sheet, from five sheets up"),
    ("closing", "substitute"): Message("The lock waits until another juror has filled them in"),
    ("closing", "close_with_gaps"): Message("The sheets that are there decide"),
    ("closing", "not_assessed"): Message("A project that lacks a sheet is not assessed"),
    ("rounding", "half_up"): Message("A five is rounded up"),
    ("rounding", "half_even"): Message("A five is rounded to the even digit"),
    ("eligible_positions", "head"): Message("Head of municipality"),
    ("eligible_positions", "deputy_head"): Message("Deputy head"),
    ("eligible_positions", "councillor"): Message("Councillor"),
    ("eligible_positions", "municipal_employee"): Message("Municipal employee"),
    ("eligible_positions", "institution_head"): Message("Head of a municipal institution"),
    ("eligible_positions", "other"): Message("Other position"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was; a blank `before` is an addition, a blank `after` a removal."""

    label: Message
    before: str
    after: str

    @property
    def line(self) -> Message:
        """It in one line; long texts only say that they have changed."""
        if max(len(self.before), len(self.after)) > SHORT or "\n" in self.before + self.after:
            return Message("{label}: changed", label=self.label)
        if self.before and self.after:
            return Message("{label}: {before} → {after}", label=self.label, before=self.before, after=self.after)
        return Message("{label}: {value}", label=self.label, value=self.after or self.before)

    def change(self, place: int) -> Change:
        """It for the page of two versions, by word."""
        return in_words(str(place), self.label, self.before, self.after)


Inner = Callable[[Message, Raw, Raw], Iterator[Difference]]


@dataclass(frozen=True, slots=True)
class Group:
    """A list of tables in a blueprint: how its items are called, and that they came, went, or changed places."""

    item: str
    came: Message
    went: Message
    order: Message
    titled: str = "title"
    within: tuple[tuple[str, "Group"], ...] = ()


FIELDS: Final = Group(
    N_("field “{title}”"), Message("field added"), Message("field removed"), Message("order of the fields"), "label"
)
ASSIGNMENTS: Final = Group(
    N_("assignment “{title}”"), Message("assignment added"), Message("assignment removed"),
    Message("order of the assignments"), within=(("fields", FIELDS),),
)  # fmt: skip
MODULES: Final = Group(
    N_("Module “{title}”"), Message("Module added"), Message("Module removed"), Message("Order of the modules"),
    within=(("assignments", ASSIGNMENTS),),
)  # fmt: skip
CRITERIA: Final = Group(
    N_("Criterion “{title}”"),
    Message("Criterion added"),
    Message("Criterion removed"),
    Message("Order of the criteria"),
)


def differences(old: Raw, new: Raw) -> list[Difference]:
    """Everything that is not as it was, in the order of the file; `old` and `new` are parsed TOML."""
    return [
        *_values(Message("Cohort"), old, new),
        *_values(Message("Teams"), old.get("team", {}), new.get("team", {})),
        *_items(None, MODULES, old.get("modules", ()), new.get("modules", ())),
        *_items(None, CRITERIA, old.get("criteria", ()), new.get("criteria", ())),
        *_values(Message("Rules of the jury"), old.get("jury", {}), new.get("jury", {})),
    ]


def of_assignment(old: Raw, new: Raw) -> list[Difference]:
    """What changed in one assignment, with its fields; for a form that shows what saving would do."""
    fields = _items(None, FIELDS, old.get("fields", ()), new.get("fields", ()))
    return [*_values(None, {**old, "kind": ""}, {**new, "kind": ""}), *fields]


def of_values(old: Raw, new: Raw) -> list[Difference]:
    """What changed in one table without lists."""
    return list(_values(None, old, new))


def _under(where: Message | None, what: Message) -> Message:
    return what if where is None else Message("{where}, {what}", where=where, what=what)


def _values(where: Message | None, old: Raw, new: Raw) -> Iterator[Difference]:
    for name, words in NAMES.items():
        before, after = spoken(name, old.get(name)), spoken(name, new.get(name))
        if before != after:
            label = words if where is None else Message("{where}. {what}", where=where, what=words)
            yield Difference(label, before, after)


def _items(where: Message | None, group: Group, old: Sequence[Raw], new: Sequence[Raw]) -> Iterator[Difference]:
    before, after = {each["key"]: each for each in old}, {each["key"]: each for each in new}
    for key, each in before.items():
        if key not in after:
            yield Difference(_under(where, group.went), each[group.titled], "")
    for key, each in after.items():
        if key not in before:
            yield Difference(_under(where, group.came), "", each[group.titled])
            continue
        place = _under(where, Message(group.item, title=each[group.titled]))
        yield from _values(place, before[key], each)
        for name, inner in group.within:
            yield from _items(place, inner, before[key].get(name, ()), each.get(name, ()))
    yield from _order(where, group, before, after)


def _order(
    where: Message | None, group: Group, before: Mapping[str, Raw], after: Mapping[str, Raw]
) -> Iterator[Difference]:
    stayed = [key for key in after if key in before]
    if stayed != [key for key in before if key in after]:
        names = [", ".join(rows[key][group.titled] for key in rows if key in stayed) for rows in (before, after)]
        yield Difference(_under(where, group.order), *names)


def spoken(name: str, value: Any) -> str:
    """A value of a blueprint as people read it."""
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, str):
        return str(VALUES.get((name, value), value)).strip()
    if isinstance(value, Mapping):
        return "\n".join(f"{score}: {words}" for score, words in value.items())
    return _lines(name, value) if isinstance(value, list) else _amount(name, value)


def _lines(name: str, values: Iterable[str]) -> str:
    words = [str(VALUES.get((name, each), each)) for each in values]
    return (", " if name == "eligible_positions" else "\n").join(words)


def _amount(name: str, value: bool | float | Decimal) -> str:
    if isinstance(value, bool):
        return str(Message("Yes") if value else Message("No"))
    return str(Message("day {n}", n=value)) if name.endswith("_on_day") else number(value)
