"""What changed between two versions of a piece of work, field by field. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from incubator.foundation.changes import Change, in_numbers, in_rows, in_words
from incubator.foundation.i18n import Message, file_size
from incubator.programmes.blueprint import FieldKind, FieldPlan
from incubator.stages.answers import Answer, Content, answers

FILE, SIZE = Message("File"), Message("Size")
AGAIN = Message("uploaded again")

Version = tuple[Sequence[FieldPlan], Content]


def changes(old: Version, new: Version) -> list[Change]:
    """Every field that one of the versions has, in the order of the newer one; those taken out since come last."""
    before = {each.field.key: each for each in answers(*old)}
    after = {each.field.key: each for each in answers(*new)}
    return [_change(key, before.get(key), after.get(key), old[1], new[1]) for key in {**after, **before}]


def _change(key: str, before: Answer | None, after: Answer | None, old: Content, new: Content) -> Change:
    shown = after or before
    assert shown is not None
    same_kind = before is None or after is None or before.field.kind is after.field.kind
    field = shown.field
    if field.kind is FieldKind.TABLE and same_kind:
        return in_rows(key, field.label, field.columns, before.rows if before else (), after.rows if after else ())
    if field.kind is FieldKind.FILE and same_kind:
        return _files(field, before.files if before else (), after.files if after else ())
    if field.kind is FieldKind.NUMBER and same_kind:
        return in_numbers(key, field.label, str(old.get(key, "")), str(new.get(key, "")))
    return in_words(key, field.label, before.words if before else "", after.words if after else "")


def _files(field: FieldPlan, old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> Change:
    """Files by name; one of the same name that is another file says so."""
    known = {file["name"]: file["id"] for file in old}
    again = [known.get(file["name"], file["id"]) != file["id"] for file in new]
    return in_rows(
        field.key, field.label, (FILE, SIZE, ""), [(file["name"], file_size(file["size"]), "") for file in old],
        [(file["name"], file_size(file["size"]), str(AGAIN) if fresh else "") for file, fresh in zip(new, again, strict=True)],
    )  # fmt: skip
