"""The problem case: what it says, when it is complete, what looks unlikely, and how two versions differ. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from incubator.foundation.changes import Change, in_rows, in_words
from incubator.foundation.forms import Form, Row
from incubator.foundation.i18n import Message

MOST_INDICATORS = 30
MOST_REASONS = 30  # causes, and effects
PROSE_LIMIT = 6000  # characters
REASON_LIMIT = 500
LARGEST = Decimal(10) ** 13  # fits numeric(18, 4)
PLACES = 4
RESTORE_WITHIN = timedelta(days=30)

FROZEN = Message("What was submitted is frozen. The team lead can take the case back, giving a reason.")
NOT_SUBMITTED = Message("The case is a draft, so there is nothing to take back.")
DELETED = Message("The case was deleted. The team lead can restore it.")
NOT_DELETED = Message("The case is there, so there is nothing to restore. Reload the page.")
TOO_LATE_TO_RESTORE = Message("A deleted case can be restored for 30 days. They are over.")
INCOMPLETE = Message("The case is not complete yet. What is missing is listed on the page.")
SAVED_MEANWHILE = Message(
    "Somebody of your team saved another text in the meantime. Press “Save” to see both side by side; yours is kept."
)


class CaseState(StrEnum):
    """Where a case stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Figure:
    """An indicator: what shows the problem now (`baseline`, of `year`, from `source`) and what it is to become."""

    name: str = ""
    unit: str = ""
    year: int | None = None
    source: str = ""
    baseline: Decimal | None = None
    target: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CaseText:
    """All that a team writes in its case."""

    title: str = ""
    problem: str = ""
    affected: str = ""
    indicators: tuple[Figure, ...] = ()
    causes: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    expected_change: str = ""


LABELS = {
    "title": Message("Name of the case"),
    "problem": Message("Problem"),
    "affected": Message("Whom it affects"),
    "indicators": Message("Evidence: indicators"),
    "causes": Message("Causes"),
    "effects": Message("Effects"),
    "expected_change": Message("Expected change"),
}


# --- The form ---------------------------------------------------------------------------------------------------------

COLUMNS = ("indicator", "unit", "baseline", "target", "year", "source")


def read_case(form: Form) -> CaseText:
    """The text of a case from a form; a draft may lack anything, so only what can't be read is an error."""
    return CaseText(
        title=form.text("title", required=False),
        problem=form.text("problem", required=False, limit=PROSE_LIMIT, lines=True),
        affected=form.text("affected", required=False, limit=PROSE_LIMIT, lines=True),
        indicators=tuple(_figure(row) for row in form.rows(*COLUMNS, most=MOST_INDICATORS)),
        causes=_reasons(form, "cause"),
        effects=_reasons(form, "effect"),
        expected_change=form.text("expected_change", required=False, limit=PROSE_LIMIT, lines=True),
    )


def _figure(row: Row) -> Figure:
    return Figure(
        name=row.text("indicator", required=False),
        unit=row.text("unit", required=False, limit=40),
        year=row.integer("year", 1900, 2100, required=False),
        source=row.text("source", required=False, limit=300),
        baseline=row.decimal("baseline", -LARGEST, LARGEST, PLACES, required=False),
        target=row.decimal("target", -LARGEST, LARGEST, PLACES, required=False),
    )


def _reasons(form: Form, name: str) -> tuple[str, ...]:
    rows = form.rows(name, most=MOST_REASONS)
    return tuple(row.text(name, required=False, limit=REASON_LIMIT, lines=True) for row in rows)


def form_values(case: CaseText, version: int) -> dict[str, object]:
    """What the form's fields show of a case."""
    columns = {
        "indicator": [each.name for each in case.indicators],
        "unit": [each.unit for each in case.indicators],
        "baseline": [each.baseline for each in case.indicators],
        "target": [each.target for each in case.indicators],
        "year": [each.year for each in case.indicators],
        "source": [each.source for each in case.indicators],
    }
    prose = {name: getattr(case, name) for name in ("title", "problem", "affected", "expected_change")}
    return {**prose, **columns, "cause": list(case.causes), "effect": list(case.effects), "version": version}


# --- What is kept of a version ----------------------------------------------------------------------------------------


def as_content(case: CaseText) -> dict[str, Any]:
    """A case as JSON; numbers are texts, so that they stay exact."""
    return {
        "title": case.title,
        "problem": case.problem,
        "affected": case.affected,
        "indicators": [
            {
                "name": each.name,
                "unit": each.unit,
                "year": each.year,
                "source": each.source,
                "baseline": _plain(each.baseline),
                "target": _plain(each.target),
            }
            for each in case.indicators
        ],
        "causes": list(case.causes),
        "effects": list(case.effects),
        "expected_change": case.expected_change,
    }


def from_content(content: Mapping[str, Any]) -> CaseText:
    """The case that `as_content` wrote."""
    figures = tuple(
        Figure(
            each["name"], each["unit"], each["year"], each["source"], _exact(each["baseline"]), _exact(each["target"])
        )
        for each in content["indicators"]
    )
    lists = {"indicators": figures, "causes": tuple(content["causes"]), "effects": tuple(content["effects"])}
    return CaseText(**{**content, **lists})


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"


def _exact(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


# --- Complete, and likely ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Note:
    """Something to say about a field of the form (`field` is `name` or, in a repeated group, `name.row`)."""

    field: str
    message: Message


REQUIRED = {
    "title": Message("Name the case in a few words."),
    "problem": Message("Describe the problem."),
    "affected": Message("Say whom the problem affects."),
    "expected_change": Message("Say what is to change."),
}
REQUIRED_CELLS = {
    "indicator": ("name", Message("Name the indicator.")),
    "unit": ("unit", Message("Say in what unit “{name}” is measured.")),
    "baseline": ("baseline", Message("Give the value of “{name}” as it is now.")),
    "target": ("target", Message("Give the value of “{name}” that you aim at.")),
    "year": ("year", Message("Say of what year the value of “{name}” is.")),
    "source": ("source", Message("Say where the value of “{name}” comes from.")),
}


def missing(case: CaseText) -> list[Note]:
    """What a case still lacks before it can be submitted, in the order of the form."""
    return list(_missing(case))


def _missing(case: CaseText) -> Iterator[Note]:
    yield from _blank(case, "title", "problem", "affected")
    if not case.indicators:
        yield Note("indicator.0", Message("Give at least one indicator that shows the problem."))
    for row, each in enumerate(case.indicators):
        for field, (name, message) in REQUIRED_CELLS.items():
            if getattr(each, name) in {None, ""}:
                yield Note(f"{field}.{row}", Message(message.msgid, name=each.name or row + 1))
    if not case.causes:
        yield Note("cause.0", Message("Name at least one cause."))
    if not case.effects:
        yield Note("effect.0", Message("Name at least one effect."))
    yield from _blank(case, "expected_change")


def _blank(case: CaseText, *names: str) -> Iterator[Note]:
    for name in names:
        if not getattr(case, name):
            yield Note(name, REQUIRED[name])


FEW_YEARS = 10
MANY_TIMES = 10


def unlikely(case: CaseText, this_year: int) -> list[Note]:
    """Values that may well be slips of the pen. People are told and go on: nothing is blocked."""
    return [note for row, each in enumerate(case.indicators) for note in _unlikely(each, row, this_year)]


def _unlikely(figure: Figure, row: int, this_year: int) -> Iterator[Note]:
    name = figure.name or row + 1
    if figure.year is not None and figure.year > this_year:
        yield Note(f"year.{row}", Message("“{name}”: the year {year} is still to come.", name=name, year=figure.year))
    elif figure.year is not None and figure.year < this_year - FEW_YEARS:
        yield Note(f"year.{row}", Message("“{name}”: the value is of {year}, long ago.", name=name, year=figure.year))
    for field, value in (("baseline", figure.baseline), ("target", figure.target)):
        if value is not None and "%" in figure.unit and not 0 <= value <= 100:
            yield Note(f"{field}.{row}", Message("“{name}”: {value} per cent is unusual.", name=name, value=value))
    yield from _unlikely_change(figure, row)


def _unlikely_change(figure: Figure, row: int) -> Iterator[Note]:
    name, now, then = figure.name or row + 1, figure.baseline, figure.target
    if now is None or then is None:
        return
    if now == then:
        yield Note(f"target.{row}", Message("“{name}”: the target is the same as the value now.", name=name))
    elif abs(then) > MANY_TIMES * abs(now) > 0 or abs(now) > MANY_TIMES * abs(then) > 0:
        yield Note(
            f"target.{row}",
            Message("“{name}”: the target differs more than {times} times from now.", name=name, times=MANY_TIMES),
        )


def may_be_restored(deleted_at: datetime, now: datetime) -> bool:
    """Whether a deleted case can still be brought back."""
    return now - deleted_at <= RESTORE_WITHIN


# --- Comparing two versions -------------------------------------------------------------------------------------------


COLUMN_LABELS = (
    Message("Indicator"),
    Message("Unit"),
    Message("Value now"),
    Message("Target"),
    Message("Year of the value"),
    Message("Source"),
)
NUMBERS = frozenset({2, 3})  # of these columns


def compare(before: CaseText, after: CaseText) -> list[Change]:
    """Every section of the case: prose by word, lists by entry, indicators by row with the difference of their values."""
    return [_change(key, label, before, after) for key, label in LABELS.items()]


def _change(key: str, label: Message, before: CaseText, after: CaseText) -> Change:
    if key == "indicators":
        return in_rows(key, label, COLUMN_LABELS, _figures(before), _figures(after), numbers=NUMBERS)
    if key in {"causes", "effects"}:
        old, new = [[(line,) for line in getattr(case, key)] for case in (before, after)]
        return in_rows(key, label, (label,), old, new)
    return in_words(key, label, getattr(before, key), getattr(after, key))


def _figures(case: CaseText) -> list[tuple[str, ...]]:
    return [
        (
            each.name,
            each.unit,
            _plain(each.baseline) or "",
            _plain(each.target) or "",
            str(each.year or ""),
            each.source,
        )
        for each in case.indicators
    ]


def sections(case: CaseText) -> dict[str, str]:
    """The case as plain text by section, lists with a line for each entry, in the reader's language."""
    lists = {
        "indicators": "\n".join(described(each) for each in case.indicators),
        "causes": "\n".join(case.causes),
        "effects": "\n".join(case.effects),
    }
    return {key: lists[key] if key in lists else getattr(case, key) for key in LABELS}


def described(figure: Figure) -> str:
    """An indicator in one line: «Отток населения, чел.: сейчас 1 200, цель 600 (2025, Росстат)»."""
    name = ", ".join(part for part in (figure.name, figure.unit) if part)
    values = [
        str(Message("now {value}", value=figure.baseline)) if figure.baseline is not None else "",
        str(Message("aim {value}", value=figure.target)) if figure.target is not None else "",
    ]
    origin = ", ".join(str(part) for part in (figure.year, figure.source) if part)
    text = ": ".join(part for part in (name, ", ".join(v for v in values if v)) if part)
    return f"{text} ({origin})" if origin else text
