"""Letters as their job and their pages need them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound
from incubator.notifications.post import Outgoing
from incubator.notifications.rules import (
    KIND_NAMES,
    SEE_CARD,
    SEE_JURYS_LETTERS,
    SEE_LETTERS,
    TO_THE_JURY,
    Kind,
    State,
    fault_details,
    fault_words,
)
from incubator.people import own_data, places
from incubator.people.queries import standing_anywhere
from incubator.people.rights import ORGANISERS, Relation, Role, Standing, Viewer, right
from incubator.people.rules import ROLE_NAMES
from incubator.settings import settings

PLATFORM_LETTERS = right("letters.platform", allow=frozenset({Relation.ADMINISTRATOR}), forbid=ORGANISERS)
SHOWN = 50  # letters on a page

# A letter whose link leads nowhere any more: the invitation was used, withdrawn or ran out, the half hour of a reset is over.
OVER = """
CASE l.kind
  WHEN 'invitation' THEN i.accepted_at IS NOT NULL OR i.revoked_at IS NOT NULL OR i.expires_at <= now()
  WHEN 'reset' THEN (l.context->>'until')::timestamptz <= now()
  ELSE false
END
"""
LETTERS = f"""
SELECT l.*, {OVER} AS over, greatest(0, ceil(extract(epoch FROM l.not_before - now())))::int AS held, coalesce(p.name, i.name, '') AS name, k.programme
FROM letter l LEFT JOIN cohort k ON k.id = l.cohort LEFT JOIN invitation i ON l.kind = 'invitation' AND i.id = l.about LEFT JOIN person p ON p.id = l.person
"""


async def letter_to_send(letter_id: UUID) -> Outgoing | None:
    """A letter for its job; None when it was sent already, or called back."""
    row = await fetch_one(f"{LETTERS} WHERE l.id = $1 AND l.sent_at IS NULL AND l.called_back_at IS NULL", letter_id)
    if row is None:
        return None
    return Outgoing(
        id=row["id"], kind=Kind(row["kind"]), address=row["address"], name=row["name"], locale=row["locale"],
        time_zone=row["time_zone"], facts=json.loads(row["context"]), secret=json.loads(row["secret"] or "{}"),
        written_at=row["created_at"], over=row["over"], held=row["held"] or 0,
    )  # fmt: skip


# Pages


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter in a list. `link` is what it leads to while it waits, "" where that is nobody else's business."""

    id: UUID
    kind: Kind
    address: str
    name: str
    cohort: UUID | None
    about: UUID | None
    state: State
    over: bool
    written_at: datetime
    settled_at: datetime | None
    fault: str
    link: str

    @property
    def reason(self) -> str:
        """Why it is not there yet."""
        return str(fault_words(self.fault)) if self.fault else ""

    @property
    def details(self) -> str:
        """What the mail server said."""
        return fault_details(self.fault)


def _state(row: Mapping[str, Any]) -> State:
    if row["sent_at"] is not None:
        return State.SENT
    if row["called_back_at"] is not None:
        return State.CALLED_BACK
    return State.FAILED if row["failed_at"] is not None else State.WAITING


def _letter(row: Mapping[str, Any]) -> LetterRow:
    secret = json.loads(row["secret"] or "{}")
    link = ""
    if row["kind"] == Kind.INVITATION and secret and not row["over"]:  # a reset is between the mailbox and its owner
        link = f"{settings().public_url}/invitation/{secret['token']}"
    return LetterRow(
        id=row["id"], kind=Kind(row["kind"]), address=row["address"], name=row["name"], cohort=row["cohort"],
        about=row["about"], state=_state(row), over=row["over"], written_at=row["created_at"],
        settled_at=row["sent_at"] or row["called_back_at"] or row["failed_at"], fault=row["fault"], link=link,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LettersPage:
    """The letters of a cohort or of the installation, and how many there are in each state."""

    rows: tuple[LetterRow, ...]
    counts: Mapping[State, int]
    state: State | None
    cohort: UUID | None = None
    cohort_name: str = ""
    before: UUID | None = None  # the last letter of the page before this one
    older: UUID | None = None  # the last letter of this page, when there are more

    @property
    def total(self) -> int:
        """All letters."""
        return sum(self.counts.values())


COUNTS = """
SELECT count(*) FILTER (WHERE sent_at IS NOT NULL) AS sent,
  count(*) FILTER (WHERE sent_at IS NULL AND failed_at IS NOT NULL) AS failed,
  count(*) FILTER (WHERE sent_at IS NULL AND failed_at IS NULL AND called_back_at IS NULL) AS waiting,
  count(*) FILTER (WHERE called_back_at IS NOT NULL) AS called_back
FROM letter l
"""
IN_STATE = {
    State.SENT: "l.sent_at IS NOT NULL",
    State.FAILED: "l.sent_at IS NULL AND l.failed_at IS NOT NULL",
    State.WAITING: "l.sent_at IS NULL AND l.failed_at IS NULL AND l.called_back_at IS NULL",
    State.CALLED_BACK: "l.called_back_at IS NOT NULL",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters a list is to show: those in a state, those written before one."""

    state: State | None = None
    before: UUID | None = None


async def _page(where: str, values: Sequence[Any], wanted: Wanted, **more: Any) -> LettersPage:
    counts = await fetch_one(f"{COUNTS} WHERE {where}", *values)
    some = f"{where} AND {IN_STATE[wanted.state]}" if wanted.state else where
    if wanted.before:
        at = len(values) + 1
        some += f" AND (l.created_at, l.id) < (SELECT b.created_at, b.id FROM letter b WHERE b.id = ${at})"
        values = [*values, wanted.before]
    rows = await fetch(f"{LETTERS} WHERE {some} ORDER BY l.created_at DESC, l.id DESC LIMIT {SHOWN + 1}", *values)
    numbers = {each: (counts or {})[each.value] for each in State}
    shown = tuple(_letter(row) for row in rows[:SHOWN])
    older = shown[-1].id if len(rows) > SHOWN else None
    return LettersPage(shown, numbers, wanted.state, before=wanted.before, older=older, **more)


async def letters_of_cohort(viewer: Viewer, cohort: UUID, wanted: Wanted) -> LettersPage:
    """Letters of a cohort, the newest first, for its organisers; with a conflict of interest not those to the jury."""
    place = await places.place(cohort)
    if place is None or place.cohort != cohort:
        raise NotFound
    standing = viewer.standing(programme=place.programme, cohort=cohort)
    standing.need(SEE_LETTERS)
    hidden = [] if standing.may(SEE_JURYS_LETTERS) else list(TO_THE_JURY)
    where = "l.cohort = $1 AND l.kind <> ALL($2)"
    return await _page(where, [cohort, hidden], wanted, cohort=cohort, cohort_name=place.name)


async def letters_of_platform(viewer: Viewer, wanted: Wanted) -> LettersPage:
    """Letters, the newest first, that belong to no cohort, and the failed ones of all: the mail server is the administrator's."""
    standing_anywhere(viewer).need(PLATFORM_LETTERS)
    page = await _page("(l.cohort IS NULL OR l.sent_at IS NULL AND l.failed_at IS NOT NULL)", [], wanted)
    return replace(page, rows=tuple(row if row.cohort is None else replace(row, link="") for row in page.rows))


OWN = "SELECT kind, address, created_at, sent_at, failed_at FROM letter WHERE person = $1 ORDER BY created_at, id"


async def letters_to(person: UUID) -> list[dict[str, Any]]:
    """The letters to a person, for that person; without their links."""
    return [dict(row) for row in await fetch(OWN, person)]


own_data.register("letters", letters_to, Message("Letters"), {"kind": KIND_NAMES})


@dataclass(frozen=True, slots=True)
class OwnLetter:
    """A letter and how the viewer stands to it."""

    row: LetterRow
    standing: Standing


async def letter_for(viewer: Viewer, letter_id: UUID, *, lock: bool = False) -> OwnLetter:
    """A letter through its viewer; whoever asks judges a right of its standing."""
    row = await fetch_one(f"{LETTERS} WHERE l.id = $1 {'FOR UPDATE OF l' if lock else ''}", letter_id)
    if row is None:
        raise NotFound
    return OwnLetter(_letter(row), _standing(viewer, row))


def _standing(viewer: Viewer, row: Mapping[str, Any]) -> Standing:
    """From the letter's own row: a hidden letter costs no more statements than none."""
    if row["programme"] is None:
        return standing_anywhere(viewer)
    return viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["team"])


@dataclass(frozen=True, slots=True)
class Card:
    """An invitation on paper; `code` and `link` are empty once the letter has gone out."""

    name: str
    address: str
    role: str
    place: str
    programme: str
    until: datetime
    code: str
    link: str
    code_page: str


async def card(viewer: Viewer, invitation: UUID) -> Card:
    """An invitation to print and hand over; the code is there as long as the letter has not been sent."""
    row = await fetch_one(
        f"{LETTERS} WHERE l.kind = 'invitation' AND l.about = $1 ORDER BY l.created_at DESC", invitation
    )
    if row is None:
        raise NotFound
    _standing(viewer, row).need(SEE_CARD if row["cohort"] else PLATFORM_LETTERS)
    letter, facts = _letter(row), json.loads(row["context"])
    code = json.loads(row["secret"])["code"] if letter.link else ""
    return Card(
        name=letter.name, address=letter.address, role=str(ROLE_NAMES[Role(facts["role"])]), place=facts["place"],
        programme=facts["programme"], until=datetime.fromisoformat(facts["until"]), code=code, link=letter.link,
        code_page=f"{settings().public_url}/code",
    )  # fmt: skip


own_data.forget(
    "UPDATE letter SET address = '', context = '{}', secret = '' WHERE person = $1::uuid"
    " OR address = (SELECT email FROM person WHERE id = $1::uuid)"
)
