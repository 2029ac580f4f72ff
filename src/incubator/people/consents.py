"""What people do about consents: write a document, answer it, withdraw the answer, look who answered."""

import json
from collections.abc import Mapping
from uuid import UUID

import asyncpg

from incubator.foundation.database import DB, execute, fetch_value, new_id
from incubator.foundation.refusals import Refused
from incubator.journal.actions import Audience, note_look, record
from incubator.people import consent_queries, queries
from incubator.people.consent_rules import (
    NOBODY_AGREED,
    WRITE_DOCUMENT,
    WRITTEN_MEANWHILE,
    Answer,
    Wording,
)
from incubator.people.rights import Viewer

VERBS = {Answer.GIVEN: "consent.given", Answer.DECLINED: "consent.declined", Answer.WITHDRAWN: "consent.withdrawn"}
WRITE = """
INSERT INTO consent_text (id, kind, version, title_ru, title_en, text_ru, text_en, asked_of, required, written_at, written_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11)
"""


async def write_document(viewer: Viewer, wording: Wording, after: int) -> UUID:
    """Publish the version that follows version `after` (0 for the first); whom it is put to reads it at the next sign-in."""
    made, asked_of = new_id(), json.dumps(sorted(wording.asked_of))
    async with DB.transaction():
        queries.standing_anywhere(viewer).need(WRITE_DOCUMENT)
        present = await consent_queries.latest(wording.kind)
        if (present.version if present else 0) != after:
            raise Refused(WRITTEN_MEANWHILE)
        try:
            await execute(
                WRITE, made, wording.kind, after + 1, wording.title_ru, wording.title_en, wording.text_ru, wording.text_en,
                asked_of, wording.required, viewer.now, viewer.id,
            )  # fmt: skip
        except asyncpg.UniqueViolationError as fault:
            raise Refused(WRITTEN_MEANWHILE) from fault
        await record(
            "document.written", by=viewer.id, at=viewer.now, audience=Audience.PLATFORM, live=False, document=made,
            title=wording.title_ru, version=after + 1,
        )  # fmt: skip
    return made


async def answer(viewer: Viewer, answers: Mapping[UUID, Answer], address: str) -> None:
    """Keep what a person answered, each document for itself, with the network address; he is asked no more."""
    async with DB.transaction():
        await execute("SELECT FROM person WHERE id = $1 FOR UPDATE", viewer.id)
        open_ones = {document.id for document in await consent_queries.due(viewer.id)}
        for document, said in answers.items():
            if document in open_ones:  # else another browser was quicker
                await _keep(viewer, document, said, address)
        if not await consent_queries.due(viewer.id):
            await execute("UPDATE session SET asks = false WHERE person = $1 AND asks", viewer.id)


async def agree(viewer: Viewer, document_id: UUID, address: str) -> None:
    """Agree later to what was declined or withdrawn before."""
    async with DB.transaction():
        document = await consent_queries.document(document_id)
        if await _last(viewer.id, document.id) is not Answer.GIVEN:
            await _keep(viewer, document.id, Answer.GIVEN, address)


async def withdraw(viewer: Viewer, document_id: UUID, address: str) -> None:
    """Take a consent back; what was said before stays on record."""
    async with DB.transaction():
        await execute("SELECT FROM person WHERE id = $1 FOR UPDATE", viewer.id)
        document = await consent_queries.document(document_id)
        if await _last(viewer.id, document.id) is not Answer.GIVEN:
            raise Refused(NOBODY_AGREED)
        await _keep(viewer, document.id, Answer.WITHDRAWN, address)


async def _last(person: UUID, document: UUID) -> Answer | None:
    word = await fetch_value(
        "SELECT answer FROM consent WHERE person = $1 AND document = $2 ORDER BY at DESC, id DESC LIMIT 1",
        person,
        document,
    )
    return Answer(word) if word else None


async def _keep(viewer: Viewer, document: UUID, said: Answer, address: str) -> None:
    await execute(
        "INSERT INTO consent (id, person, document, answer, at, address) VALUES ($1, $2, $3, $4, $5, $6)",
        new_id(), viewer.id, document, said, viewer.now, address[:45],
    )  # fmt: skip
    title = await fetch_value("SELECT title_ru || ', ' || version FROM consent_text WHERE id = $1", document)
    await record(
        VERBS[said], by=viewer.id, at=viewer.now, audience=Audience.PLATFORM, subject=viewer.id, live=False,
        document=document, title=title,
    )  # fmt: skip


async def note_reading(viewer: Viewer, person: UUID | None = None) -> None:
    """A step of showing consents: keep that somebody looks at those of a person, or at the list."""
    by, at, audience = viewer.id, viewer.now, Audience.PLATFORM
    if person is None:
        await note_look("consents.listed", by=by, at=at, audience=audience)
    else:
        await note_look("consents.viewed", by=by, at=at, audience=audience, subject=person)
