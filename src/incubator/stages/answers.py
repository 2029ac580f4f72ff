"""The answers to an assignment: read by the kind of each field, drafted as typed, merged when two people write. Pure.

A draft keeps what was typed, right or wrong: texts as they are, a table as rows of cells. A revision keeps values:
numbers as plain decimals, dates as ISO days, a file as its facts. Files of a draft are rows of their own.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

from incubator.foundation.forms import REQUIRED, Form
from incubator.foundation.i18n import Message, day, number
from incubator.foundation.refusals import UnexpectedFields
from incubator.programmes.blueprint import FieldKind, FieldPlan
from incubator.programmes.facts import FactKey

PREFIX: Final = "answer-"
PRESSES: Final = ("save", "check", "upload")  # the buttons of a draft
LARGEST_NUMBER: Final = 10**12
PLACES: Final = 4
CELL_LIMIT: Final = 1000  # characters in a cell of a table
SHORT: Final = 300
LONG: Final = 20_000
ATTACH = Message("Attach a file.")
PUT_ASIDE = Message("A file here was put aside as dangerous. Delete it and attach another copy.")
SENT_WITH: Final = ("id", "name", "media_type", "size", "description")  # what a revision keeps of a file

Content = dict[str, Any]


def plans(rows: Iterable[Mapping[str, Any]]) -> tuple[FieldPlan, ...]:
    """Fields as an assignment or a revision keeps them."""
    return tuple(
        FieldPlan(
            key=row["key"],
            label=row["label"],
            help=row.get("help", ""),
            kind=FieldKind(row["kind"]),
            required=row.get("required", True),
            limit=row.get("limit", 0),
            options=tuple(row.get("options", ())),
            columns=tuple(row.get("columns", ())),
            fact=FactKey(row["fact"]) if row.get("fact") else None,
        )
        for row in rows
    )


def kept(fields: Iterable[FieldPlan]) -> list[dict[str, Any]]:
    """Fields as rows keep them, in the blueprint's words."""
    return [
        {
            "key": field.key,
            "label": field.label,
            "help": field.help,
            "kind": field.kind.value,
            "required": field.required,
            "limit": field.limit,
            "options": list(field.options),
            "columns": list(field.columns),
            **({"fact": field.fact.value} if field.fact else {}),
        }
        for field in fields
    ]


def name(field: FieldPlan) -> str:
    """The name of a field in forms; also what an error is kept under."""
    return PREFIX + field.key


def error_name(field: FieldPlan) -> str:
    """What an error of the whole field is kept under: a table has no control of its own, so its first cells have it."""
    return cells(field)[0] if field.kind is FieldKind.TABLE else name(field)


def cells(field: FieldPlan) -> list[str]:
    """The names of a table's cells in forms, one for each column, each sent once a row."""
    return [f"{name(field)}.{column}" for column in range(len(field.columns))]


def written(fields: Iterable[FieldPlan]) -> list[FieldPlan]:
    """The fields that are typed; files are attached."""
    return [field for field in fields if field.kind is not FieldKind.FILE]


# --- Drafts -----------------------------------------------------------------------------------------------------------


def blank(field: FieldPlan) -> Any:
    """The draft of a field nobody has touched."""
    return [] if field.kind is FieldKind.TABLE else ""


def drafted(field: FieldPlan, content: Mapping[str, Any]) -> Any:
    """A field in a draft; what another kind of field left there counts as blank."""
    value = content.get(field.key)
    return value if isinstance(value, list if field.kind is FieldKind.TABLE else str) else blank(field)


def typed(fields: Iterable[FieldPlan], form: Form) -> Content:
    """What was typed into a form, as drafts keep it, whatever it is."""
    return {field.key: _typed(field, form) for field in written(fields)}


def read_draft(form: Form, fields: Sequence[FieldPlan]) -> tuple[Content, dict[str, str]]:
    """What was typed, whatever it is, and the prints of what the form showed; 400 for fields that no page has.

    A field that an organiser took out of the plan meanwhile was on the page, and its text is let go.
    """
    shown = prints(form.text("version", required=False, limit=4000))
    form.choice("press", PRESSES, required=False)
    if unlike := form.errors.keys() & {"version", "press"}:  # both are ours: nobody types into them
        raise UnexpectedFields(unlike)
    for key in shown.keys() - {field.key for field in fields}:
        form.only(PREFIX + key)
        form.only(*(f"{PREFIX}{key}.{column}" for column in range(10)), rows=True)
    form.only("remove", "restore", *(name(field) for field in fields if field.kind is FieldKind.FILE))
    content = typed(fields, form)
    form.finish()
    return content, shown


def _typed(field: FieldPlan, form: Form) -> Any:
    if field.kind is not FieldKind.TABLE:
        return form.raw(name(field)).replace("\r\n", "\n")
    names = cells(field)
    form.only(*names, rows=True)
    rows = [[row[each] for each in names] for row in form.grid(*names)]
    return [row for row in rows if any(cell.strip() for cell in row)]


def shown_in_form(fields: Iterable[FieldPlan], content: Mapping[str, Any]) -> dict[str, Any]:
    """Initial values of the form that shows a draft."""
    initial: dict[str, Any] = {}
    for field in written(fields):
        value = drafted(field, content)
        if field.kind is FieldKind.TABLE:
            for column, each in enumerate(cells(field)):
                initial[each] = [row[column] if column < len(row) else "" for row in value]
        else:
            initial[name(field)] = value
    return initial


# --- Values -----------------------------------------------------------------------------------------------------------


def check(
    fields: Sequence[FieldPlan], content: Mapping[str, Any], files: Mapping[str, Sequence[Any]]
) -> tuple[Content, Form]:
    """A draft as values to send, and the form that holds every error by the field's name in forms."""
    form = Form(_pairs(fields, content))
    values: Content = {}
    for field in fields:
        if field.kind is FieldKind.FILE:
            values[field.key] = [
                {key: file[key] for key in SENT_WITH if key in file} for file in files.get(field.key, ())
            ]
            if field.required and not values[field.key]:
                form.fail(name(field), ATTACH)
            if any(file.get("quarantined") for file in files.get(field.key, ())):
                form.fail(name(field), PUT_ASIDE)
        else:
            values[field.key] = _value(field, form)
    return values, form


def _pairs(fields: Iterable[FieldPlan], content: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for each, value in shown_in_form(fields, content).items():
        yield from ((each, cell) for cell in value) if isinstance(value, list) else [(each, value)]


def _value(field: FieldPlan, form: Form) -> Any:
    key, required = name(field), field.required
    match field.kind:
        case FieldKind.SHORT_TEXT | FieldKind.LONG_TEXT:
            several = field.kind is FieldKind.LONG_TEXT
            return form.text(key, required=required, limit=field.limit or (LONG if several else SHORT), lines=several)
        case FieldKind.NUMBER:
            exact = form.decimal(key, -LARGEST_NUMBER, LARGEST_NUMBER, PLACES, required=required)
            return "" if exact is None else format(exact, "f")
        case FieldKind.DATE:
            chosen = form.date(key, required=required)
            return "" if chosen is None else chosen.isoformat()
        case FieldKind.CHOICE:
            return form.choice(key, field.options, required=required) or ""
        case FieldKind.LINK:
            return form.url(key, required=required)
        case _:
            return _table(field, form)


def _table(field: FieldPlan, form: Form) -> list[list[str]]:
    names = cells(field)
    rows = form.rows(*names, most=field.limit or 100)
    if field.required and not rows:
        form.fail(error_name(field), REQUIRED)
    return [[row.text(each, required=False, limit=CELL_LIMIT, lines=True) for each in names] for row in rows]


def faults(fields: Iterable[FieldPlan], form: Form) -> list[tuple[str, str, Message]]:
    """(label, name of the control, reason) of every error, in the order of the fields."""
    found: list[tuple[str, str, Message]] = []
    for field in fields:
        key = name(field)
        own = [(each, reason) for each, reason in form.errors.items() if each == key or each.startswith(f"{key}.")]
        found += [(field.label, each, reason) for each, reason in own]
    return found


def spoken(field: FieldPlan, value: Any) -> str:
    """A value of a revision, or a draft's text, as people read it; tables and files are drawn by templates."""
    text = value if isinstance(value, str) else ""
    try:
        if text and field.kind is FieldKind.NUMBER:
            return number(Decimal(text))
        if text and field.kind is FieldKind.DATE:
            return day(date.fromisoformat(text))
    except (ArithmeticError, ValueError):  # a draft may hold anything
        return text
    return text


# --- Two people at one form -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Merged:
    """A draft after somebody saved a form: `clashes` are the keys that both have changed, differently."""

    content: Content
    changed: bool
    clashes: tuple[str, ...]


def fingerprint(value: Any) -> str:
    """A short print of a drafted value; blank ones are alike."""
    return blake2b(json.dumps(value, ensure_ascii=True).encode(), digest_size=5).hexdigest() if value else "-"


def token(fields: Iterable[FieldPlan], content: Mapping[str, Any]) -> str:
    """What a form shows, as a hidden field: the print of each answer. It comes back with the form."""
    return " ".join(f"{field.key}:{fingerprint(drafted(field, content))}" for field in written(fields))


def prints(text: str) -> dict[str, str]:
    """The token that came back, by field key; nonsense is nothing."""
    parts = (part.partition(":") for part in text.split())
    return {key: print_ for key, colon, print_ in parts if colon}


def merge(
    fields: Sequence[FieldPlan], stored: Mapping[str, Any], mine: Mapping[str, Any], shown: Mapping[str, str]
) -> Merged:
    """Put what one person typed over what is stored, field by field.

    `shown` are the prints of what his form showed at first. A field he left alone keeps what is stored, so two people
    may write in different fields at once; one that both have changed is a clash and keeps what is stored.
    """
    content = dict(stored)
    clashes: list[str] = []
    for field in written(fields):
        typed_now, before = mine[field.key], drafted(field, stored)
        print_shown = shown.get(field.key, "-")
        if typed_now == before or fingerprint(typed_now) == print_shown:
            continue
        if fingerprint(before) != print_shown:
            clashes.append(field.key)
        else:
            content[field.key] = typed_now
    return Merged(content, content != dict(stored), tuple(clashes))


# --- Answers as pages show them ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to be read: words in `text`, a table in `rows`, attached files in `files` (id, name, size …)."""

    field: FieldPlan
    text: str
    rows: tuple[tuple[str, ...], ...] = ()
    files: tuple[Mapping[str, Any], ...] = ()

    @property
    def given(self) -> bool:
        """Whether anything was answered."""
        return bool(self.text or self.rows or self.files)

    @property
    def words(self) -> str:
        """The answer as plain text, to be compared with another version of it."""
        lines = [" · ".join(row) for row in self.rows] + [str(file["name"]) for file in self.files]
        return self.text or "\n".join(lines)


def answers(
    fields: Iterable[FieldPlan], content: Mapping[str, Any], files: Mapping[str, Sequence[Any]] | None = None
) -> list[Answer]:
    """The answers of a revision, or with `files` those of a draft, in the order of the fields."""
    found: list[Answer] = []
    for field in fields:
        value = (
            files.get(field.key, ()) if files is not None and field.kind is FieldKind.FILE else content.get(field.key)
        )
        if field.kind is FieldKind.FILE:
            found.append(Answer(field, "", files=tuple(value) if isinstance(value, list | tuple) else ()))
        elif field.kind is FieldKind.TABLE:
            found.append(Answer(field, "", rows=tuple(map(tuple, value)) if isinstance(value, list) else ()))
        else:
            found.append(Answer(field, spoken(field, value)))
    return found
