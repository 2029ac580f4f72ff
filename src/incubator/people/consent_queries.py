"""Reading consents: which documents there are, what a person is still asked for, who answered what and when."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one
from incubator.foundation.refusals import NotFound
from incubator.people.consent_rules import Answer, Document, Kind, Wording
from incubator.people.rights import Role, Scope, Viewer

LATEST = "SELECT DISTINCT ON (kind) * FROM consent_text ORDER BY kind, version DESC"
LAST_ANSWER = """
(SELECT c.answer FROM consent c WHERE c.person = $1 AND c.document = d.id ORDER BY c.at DESC, c.id DESC LIMIT 1)
"""
DUE = f"""
SELECT d.* FROM ({LATEST}) d
WHERE EXISTS (SELECT FROM role_grant g WHERE g.person = $1 AND g.revoked_at IS NULL AND d.asked_of ? g.role)
  AND coalesce({LAST_ANSWER}, '') <> 'given'
  AND (d.required OR {LAST_ANSWER} IS NULL)
"""
"""The documents whose latest version a person has not answered; to one that is required only a consent is an answer."""


def _document(row: Mapping[str, Any]) -> Document:
    asked_of = frozenset(Role(word) for word in json.loads(row["asked_of"]))
    wording = Wording(
        Kind(row["kind"]), row["title_ru"], row["title_en"], row["text_ru"], row["text_en"], asked_of, row["required"]
    )
    return Document(row["id"], row["version"], wording, row["written_at"])


async def due(person: UUID) -> list[Document]:
    """What a person is asked for; what has to be agreed to comes first."""
    rows = await fetch(f"{DUE} ORDER BY d.required DESC, d.kind", person)
    return [_document(row) for row in rows]


async def document(document_id: UUID) -> Document:
    """One version of a document, the latest or not."""
    row = await fetch_one("SELECT * FROM consent_text WHERE id = $1", document_id)
    if row is None:
        raise NotFound
    return _document(row)


async def latest(kind: Kind) -> Document | None:
    """The present version of a kind."""
    row = await fetch_one("SELECT * FROM consent_text WHERE kind = $1 ORDER BY version DESC LIMIT 1", kind)
    return _document(row) if row is not None else None


@dataclass(frozen=True, slots=True)
class Shelf:
    """A document with how people answered its present version (their last answers)."""

    document: Document
    given: int
    declined: int
    withdrawn: int


COUNTED = f"""
SELECT d.*, count(*) FILTER (WHERE c.answer = 'given') AS given,
  count(*) FILTER (WHERE c.answer = 'declined') AS declined, count(*) FILTER (WHERE c.answer = 'withdrawn') AS withdrawn
FROM ({LATEST}) d LEFT JOIN (
  SELECT DISTINCT ON (person, document) document, answer FROM consent ORDER BY person, document, at DESC, id DESC
) c ON c.document = d.id GROUP BY {{columns}} ORDER BY d.kind
""".replace("{columns}", ", ".join(f"d.{name}" for name in (
    "id", "kind", "version", "title_ru", "title_en", "text_ru", "text_en", "asked_of", "required", "written_at", "written_by",
)))  # fmt: skip


async def shelves() -> list[Shelf]:
    """Every document in its present version."""
    return [Shelf(_document(row), row["given"], row["declined"], row["withdrawn"]) for row in await fetch(COUNTED)]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it is kept; `latest` says that no later answer to the same document exists."""

    document: Document
    answer: Answer
    at: datetime
    address: str
    latest: bool


ANSWERS = """
SELECT t.*, c.answer, c.at, c.address,
  row_number() OVER (PARTITION BY t.kind ORDER BY c.at DESC, c.id DESC) = 1 AS latest
FROM consent c JOIN consent_text t ON t.id = c.document WHERE c.person = $1 ORDER BY c.at DESC, c.id DESC
"""


async def answers(person: UUID) -> list[Said]:
    """Everything that a person has ever answered, the last first."""
    return [
        Said(_document(row), Answer(row["answer"]), row["at"], row["address"], row["latest"])
        for row in await fetch(ANSWERS, person)
    ]


# Who has answered what

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A person and his last answer to each document in its present version; those that were not answered are absent."""

    id: UUID
    name: str
    said: Mapping[UUID, tuple[Answer, datetime]]


@dataclass(frozen=True, slots=True)
class Roll:
    """People and documents; `more` says that the search should be narrowed."""

    documents: Sequence[Document]
    rows: Sequence[Row]
    more: bool


WITHIN = """
EXISTS (SELECT FROM role_grant g LEFT JOIN cohort c ON c.id = coalesce(g.cohort, g.scope_id)
  WHERE g.person = p.id AND g.revoked_at IS NULL AND (g.scope_id = ANY($1) OR c.programme = ANY($1)))
"""
ROLL = """
SELECT p.id, p.name FROM person p
WHERE p.erased_at IS NULL AND ($2 = '' OR p.name ILIKE $2) AND {within} ORDER BY p.name, p.id LIMIT $3
"""
SAID = """
SELECT DISTINCT ON (person, document) person, document, answer, at FROM consent
WHERE person = ANY($1) AND document = ANY($2) ORDER BY person, document, at DESC, id DESC
"""


async def roll(viewer: Viewer, search: str) -> Roll:
    """People whom the viewer may look up (all, or those of the programmes he runs), with what they answered."""
    within = "$1::uuid[] IS NOT NULL" if viewer.is_administrator else WITHIN
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found = await fetch(
        ROLL.format(within=within),
        viewer.places(Role.ORGANISER, Scope.PROGRAMME),
        f"%{escaped}%" if search else "",
        SHOWN + 1,
    )
    documents = [_document(row) for row in await fetch(f"{LATEST}") if json.loads(row["asked_of"])]
    said = _by_person(await fetch(SAID, [row["id"] for row in found], [each.id for each in documents]))
    rows = [Row(row["id"], row["name"], said.get(row["id"], {})) for row in found[:SHOWN]]
    return Roll(documents, rows, len(found) > SHOWN)


def _by_person(rows: Iterable[Mapping[str, Any]]) -> dict[UUID, dict[UUID, tuple[Answer, datetime]]]:
    said: dict[UUID, dict[UUID, tuple[Answer, datetime]]] = {}
    for row in rows:
        said.setdefault(row["person"], {})[row["document"]] = Answer(row["answer"]), row["at"]
    return said


async def person_name(person: UUID) -> str:
    """The name of somebody whose consents are looked at."""
    row = await fetch_one("SELECT name FROM person WHERE id = $1", person)
    if row is None:
        raise NotFound
    name: str = row["name"]
    return name
