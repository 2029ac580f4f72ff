"""What is kept about a person, for that person (law 152-FZ, article 14): each feature adds its part.

own_data.register("letters", letters_to, Message("Letters"))   # async (person id) -> rows, each a mapping that JSON can hold

Programs get every column under its own name. People get words: COLUMNS says each, `words` what a code of the part means.
"""

import io
import json
import zipfile
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from markupsafe import Markup, escape

from incubator.foundation.database import fetch
from incubator.foundation.i18n import Message, locale, moment, number
from incubator.foundation.i18n import gettext as _
from incubator.people import places
from incubator.people.consent_rules import ANSWER_NAMES, KIND_NAMES
from incubator.people.rights import Scope
from incubator.people.rules import ROLE_NAMES

Row = Mapping[str, Any]
Part = Callable[[UUID], Awaitable[Sequence[Row]]]
Words = Mapping[str, Mapping[Any, Message]]
PARTS: dict[str, tuple[Part, Message]] = {}
WORDS: dict[str, dict[str, Mapping[Any, Message]]] = {}

ACCOUNT = (
    "SELECT email, name, locale, time_zone, created_at, demo, display, first_steps, employer, password_hash IS NOT NULL AS has_password"
    " FROM person WHERE id = $1"
)
ROLES = "SELECT role, scope, scope_id, granted_at, revoked_at FROM role_grant WHERE person = $1 ORDER BY granted_at, id"
CONFLICTS = (
    "SELECT team, source, reason, declared_at, lifted_at, lift_reason FROM conflict_of_interest WHERE person = $1"
    " ORDER BY declared_at, id"
)
SESSIONS = "SELECT created_at, seen_at, expires_at FROM session WHERE person = $1 ORDER BY created_at"
INVITATIONS = (
    "SELECT i.role, i.scope, i.scope_id, i.name, i.position, i.created_at, i.accepted_at, i.revoked_at FROM invitation i"
    " JOIN person p ON p.email = i.email WHERE p.id = $1 ORDER BY i.created_at, i.id"
)
CONSENTS = (
    "SELECT t.kind, t.version, t.title_ru AS title, t.text_ru AS text, c.answer, c.at, c.address FROM consent c"
    " JOIN consent_text t ON t.id = c.document WHERE c.person = $1 ORDER BY c.at, c.id"
)
COLUMNS: Final = {
    "at": Message("When"), "name": Message("Name"), "email": Message("E-mail"), "address": Message("Address"),
    "role": Message("Role"), "place": Message("Where"), "text": Message("Text"), "title": Message.within("work", "Title"),
    "team": Message("Team"), "answer": Message.within("consent", "Answer"), "version": Message("Version"),
    "reason": Message("Reason"), "created_at": Message("Made"), "sent_at": Message("Sent on"), "words": Message("What"),
    "locale": Message("Language"), "time_zone": Message("Time zone"), "demo": Message("Demo account"),
    "display": Message("Display settings"), "first_steps": Message("Hints that you have put away"),
    "employer": Message("Place of work"), "has_password": Message("Password is set"), "scope": Message("For what"),
    "granted_at": Message("Given on"), "revoked_at": Message("Taken back on"), "source": Message("Where from"),
    "declared_at": Message("Declared on"), "lifted_at": Message("Lifted on"), "lift_reason": Message("Why lifted"),
    "seen_at": Message("Last seen"), "expires_at": Message("Ends on"), "position": Message("Position"),
    "accepted_at": Message("Accepted on"), "kind": Message("Kind"), "failed_at": Message("Failed on"),
    "job_title": Message("Job title"), "joined_at": Message("Joined on"), "left_at": Message("Left on"),
    "media_type": Message("Kind of file"), "size": Message("Size, bytes"), "round": Message("Round"),
    "state": Message.within("sheet", "State"), "marks": Message("Marks"), "municipality": Message("Municipality"),
    "region": Message("Region"), "code": Message("Code"), "withdrawn_at": Message("Withdrawn on"),
}  # fmt: skip
HIDDEN: Final = frozenset({"verb", "scope_id"})
"""What people read in another column."""
SCOPES: Final = {
    Scope.PLATFORM: Message("the whole site"), Scope.PROGRAMME: Message("the programme"),
    Scope.COHORT: Message("the cohort"), Scope.TEAM: Message("the team"),
}  # fmt: skip


FORGETS: list[str] = []


def forget(*statements: str) -> None:
    """Add statements by which an erased person ($1) leaves a feature's tables; what has to stay is not among them."""
    FORGETS.extend(statements)


def register(name: str, part: Part, title: Message, words: Words | None = None) -> None:
    """Add a feature's part under its name; the title stands above it in the readable file."""
    PARTS[name], WORDS[name] = (part, title), dict(words or {})


def say(name: str, words: Words) -> None:
    """Say codes of another feature's part in words that only a later feature knows."""
    WORDS[name].update(words)


async def gathered(person: UUID) -> dict[str, Sequence[Row]]:
    """All parts by name."""
    return {name: await part(person) for name, (part, _title) in PARTS.items()}


def packed(parts: Mapping[str, Sequence[Row]]) -> bytes:
    """A ZIP archive: the same data for programs (JSON) and for people (HTML, in the language of the moment)."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("own-data.json", json.dumps(parts, default=str, ensure_ascii=False, indent=1))
        archive.writestr("own-data.html", readable(parts))
    return made.getvalue()


def readable(parts: Mapping[str, Sequence[Row]]) -> str:
    """A page by itself, without scripts: a table for each part."""
    title = escape(_("What is kept about me"))
    body = Markup("").join(_table(str(PARTS[name][1]), rows, WORDS[name]) for name, rows in parts.items())
    return Markup(
        '<!doctype html><html lang="{}"><head><meta charset="utf-8"><title>{}</title></head><body><h1>{}</h1>{}</body></html>'
    ).format(locale(), title, title, body)


def _table(title: str, rows: Sequence[Row], words: Words) -> Markup:
    if not rows:
        return Markup("<h2>{}</h2><p>{}</p>").format(title, _("Nothing"))
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if _is_for_people(name, rows)]
    head = _cells("th", (str(COLUMNS.get(name, name)) for name in names))
    lines = Markup("").join(_cells("td", (_said(row.get(name), words.get(name, {})) for name in names)) for row in rows)
    return Markup('<h2>{}</h2><table border="1"><thead>{}</thead><tbody>{}</tbody></table>').format(title, head, lines)


def _is_for_people(name: str, rows: Sequence[Row]) -> bool:
    """Whether a column says more to people than another one: an id stands beside the name of what it means."""
    return name not in HIDDEN and not any(isinstance(row.get(name), UUID) for row in rows)


def _cells(tag: str, texts: Iterable[str | Markup]) -> Markup:
    made = Markup("").join(Markup("<{0}>{1}</{0}>").format(Markup(tag), text) for text in texts)  # noqa: S704  (th or td)
    return Markup("<tr>{}</tr>").format(made)


def _said(value: object, words: Mapping[Any, Message]) -> str | Markup:
    if isinstance(value, Hashable) and value in words:
        return str(words[value])
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    parts = _parts(value)
    if parts is not None:
        return Markup("<br>").join(_leaves(parts))
    return "" if value is None else str(value)


def _parts(value: object) -> Any:
    """What a column of many parts holds, as it is or as the database writes it; None for anything else."""
    if not isinstance(value, str):
        return value if isinstance(value, dict | list) else None
    try:
        return json.loads(value) if value[:1] in {"{", "["} else None
    except ValueError:
        return None


def _leaves(value: object, name: str = "") -> Iterator[str]:
    """Every answer of a form on a line of its own."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, str(key))
    elif isinstance(value, list):
        if value and all(isinstance(each, int | float | None) for each in value):
            yield " · ".join("–" if each is None else number(each) for each in value)
            return
        for inner in value:
            yield from _leaves(inner, name)
    elif value not in {None, ""}:
        yield f"{name}: {value}" if name else str(value)


def rows_of(sql: str) -> Part:
    """A part that is one statement about `$1`, the person."""

    async def part(person: UUID) -> list[Row]:
        return [dict(row) for row in await fetch(sql, person)]

    return part


def placed(sql: str, column: str) -> Part:
    """Rows in which a programme, cohort or team is named, with its name."""

    async def part(person: UUID) -> list[Row]:
        rows = await fetch(sql, person)
        known = await places.places(row[column] for row in rows)
        return [{**row, "place": known[row[column]].name if row[column] in known else ""} for row in rows]

    return part


register("account", rows_of(ACCOUNT), Message("Account"))
register("roles", placed(ROLES, "scope_id"), Message("Roles"), {"role": ROLE_NAMES, "scope": SCOPES})
register("conflicts of interest", placed(CONFLICTS, "team"), Message("Conflicts of interest"))
register("invitations", placed(INVITATIONS, "scope_id"), Message("Invitations"), {"role": ROLE_NAMES, "scope": SCOPES})
register("consents", rows_of(CONSENTS), Message("Consents"), {"kind": KIND_NAMES, "answer": ANSWER_NAMES})
register("sessions", rows_of(SESSIONS), Message("Browsers in which you are signed in"))

forget(
    "UPDATE invitation SET name = '', email = 'erased-' || replace($1::text, '-', '') || '@erased.invalid',"
    " revoked_at = coalesce(revoked_at, CASE WHEN accepted_at IS NULL THEN now() END)"
    " WHERE email = (SELECT email FROM person WHERE id = $1::uuid)",
    "UPDATE conflict_of_interest SET reason = '' WHERE person = $1::uuid",
    "DELETE FROM password_reset WHERE person = $1::uuid",
    "UPDATE role_grant SET revoked_at = now() WHERE person = $1::uuid AND revoked_at IS NULL",
)
