"""Consents as documents of their own, each with its versions: what is asked of whom, and what counts as an answer. Pure.

Law 152-FZ, article 9, as changed by 156-FZ of 24 June 2025: a consent is a document apart from all others. Kept are the
date and time, the network address and the version of the text that stood on the page.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message, locale
from incubator.people.rights import ORGANISERS, Relation, Role, right

ADMINISTRATOR: Final = frozenset({Relation.ADMINISTRATOR})
WRITE_DOCUMENT: Final = right(
    "document.write",
    allow=ADMINISTRATOR,
    forbid=ORGANISERS,
    reason=Message("The texts that people agree to are written by the administrator of the installation."),
)
SEE_CONSENTS: Final = right("consent_record.view", allow=ADMINISTRATOR | ORGANISERS)

LONGEST: Final = 40_000  # characters of a text
NOT_AGREED: Final = Message(
    "Without this consent you can't work here. Agree, or sign out; you may ask for your data to be erased."
)
NOBODY_AGREED: Final = Message("There is no consent of yours to this text that could be withdrawn.")
WRITTEN_MEANWHILE: Final = Message(
    "Another version of this text was written meanwhile. Look at it before you write the next one."
)


class Kind(StrEnum):
    """What a document is about; each kind has one text at a time."""

    PERSONAL_DATA = "personal_data"
    PUBLISHING = "publishing"
    PICTURES = "pictures"
    LETTERS = "letters"
    CONFIDENTIALITY = "confidentiality"
    OTHER = "other"


KIND_NAMES: Final = {
    Kind.PERSONAL_DATA: Message("Processing of personal data"),
    Kind.PUBLISHING: Message("Making personal data public"),
    Kind.PICTURES: Message("Photographs and recordings"),
    Kind.LETTERS: Message("Letters about other programmes"),
    Kind.CONFIDENTIALITY: Message("Confidentiality"),
    Kind.OTHER: Message("Something else"),
}


class Answer(StrEnum):
    """What somebody said to a text."""

    GIVEN = "given"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


ANSWER_NAMES: Final = {
    Answer.GIVEN: Message.within("consent", "Agreed"),
    Answer.DECLINED: Message.within("consent", "Declined"),
    Answer.WITHDRAWN: Message.within("consent", "Withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """What a document says, whom it is put to, and whether one has to agree to go on."""

    kind: Kind
    title_ru: str
    title_en: str
    text_ru: str
    text_en: str
    asked_of: frozenset[Role]
    required: bool


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a document."""

    id: UUID
    version: int
    wording: Wording
    written_at: datetime

    @property
    def title(self) -> str:
        """In the reader's language, if it was written in it."""
        words = self.wording
        return words.title_en if locale() == "en" and words.title_en else words.title_ru

    @property
    def text(self) -> str:
        """In the reader's language, if it was written in it."""
        words = self.wording
        return words.text_en if locale() == "en" and words.text_en else words.text_ru

    @property
    def field(self) -> str:
        """The name of its tick box."""
        return f"agree-{self.id.hex}"


def read_wording(form: Form) -> Wording:
    """A new version. The English texts may be left out; a document that nobody is asked for rests."""
    return Wording(
        kind=form.choice("kind", Kind) or Kind.OTHER,
        title_ru=form.text("title_ru"),
        title_en=form.text("title_en", required=False),
        text_ru=form.text("text_ru", limit=LONGEST, lines=True),
        text_en=form.text("text_en", required=False, limit=LONGEST, lines=True),
        asked_of=frozenset(form.choices("asked_of", Role)),
        required=form.flag("required"),
    )


def typed(document: Document | None, kind: Kind) -> dict[str, object]:
    """What the form of the next version begins with: the present one, or a consent that is asked of everybody."""
    if document is None:
        return {"kind": kind, "asked_of": [*Role], "required": "on" if kind is Kind.PERSONAL_DATA else "", "after": 0}
    words = document.wording
    return {
        "kind": words.kind, "title_ru": words.title_ru, "title_en": words.title_en, "text_ru": words.text_ru,
        "text_en": words.text_en, "asked_of": [role for role in Role if role in words.asked_of],
        "required": "on" if words.required else "", "after": document.version,
    }  # fmt: skip


def read_answers(form: Form, asked: Iterable[Document]) -> Mapping[UUID, Answer]:
    """Each box for itself: ticked or not. A document that one has to agree to has no other answer."""
    answers = {}
    for document in asked:
        agreed = form.flag(document.field)
        if not agreed and document.wording.required:
            form.fail(document.field, NOT_AGREED)
        answers[document.id] = Answer.GIVEN if agreed else Answer.DECLINED
    return answers
