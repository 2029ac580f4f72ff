"""Who has to do with the minutes of a round, what a person writes into them, and what certificates are. Pure."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message
from incubator.jury.rules import ADMINISTRATOR, CONFLICTED
from incubator.people.rights import ORGANISER, right

LINES_LIMIT = 4000
TEMPLATE_LIMIT = 2 * 1024 * 1024  # bytes of a Word template
REASON_LIMIT = 500
MOST_PLACES = 50

MINUTES = right(
    "minutes.edit", allow=ORGANISER, forbid=CONFLICTED | ADMINISTRATOR, strict=True,
    reason=Message("Minutes hold every mark: only an organiser without a conflict of interest draws them up."),
)  # fmt: skip
CERTIFICATES = right(
    "certificate.issue", allow=ORGANISER, forbid=CONFLICTED | ADMINISTRATOR, strict=True,
    reason=Message("Certificates are issued by an organiser without a conflict of interest."),
)  # fmt: skip
FILE_FIRST = Message("Fill in the minutes and save them first, then they can be filed.")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person writes into the minutes. Several lines in `agenda`, `present`, `decision`, `notes`."""

    number: str
    held_on: date
    place: str
    agenda: str
    present: str
    decision: str
    notes: str


def read_draft(form: Form) -> Draft:
    """The form of the minutes; errors stay in the form, and `demand` tells them."""
    number = form.text("number", limit=40, required=False)
    held_on = form.date("held_on")
    place = form.text("place", limit=200, required=False)
    agenda, present, decision, notes = (
        form.text(name, limit=LINES_LIMIT, lines=True, required=False)
        for name in ("agenda", "present", "decision", "notes")
    )
    form.demand()
    return Draft(number, given(held_on), place, agenda, present, decision, notes)


# --- Certificates -----------------------------------------------------------------------------------------------------


class CertificateKind(StrEnum):
    """What a certificate is given for: a place, what the jury has decided besides, or that somebody took part.

    The words of `AWARD` and `MENTION` are those of the jury's decisions.
    """

    PLACE = "place"
    AWARD = "award"
    MENTION = "mention"
    PARTICIPANT = "participant"


TITLES = {
    CertificateKind.PLACE: Message("Diploma"), CertificateKind.AWARD: Message("Diploma"),
    CertificateKind.MENTION: Message("Special mention of the jury"), CertificateKind.PARTICIPANT: Message("Certificate"),
}  # fmt: skip
"""What each is called. A mention is no diploma: a project that has no place, or was not assessed, may have it too."""


def earned(place: int | None, merit: str) -> str:
    """What a certificate is given for: a place in the language of the moment, else the words of the jury."""
    return merit if place is None else str(Message("place {place}", place=place))


@dataclass(frozen=True, slots=True)
class Issue:
    """Which certificates are wanted: of the teams down to a place, with awards of the jury; of members who took part."""

    places: int
    awards: bool
    members: bool


def read_issue(form: Form) -> Issue:
    """The form of issuing certificates."""
    places = form.integer("places", 0, MOST_PLACES)
    awards, members = form.flag("awards"), form.flag("members")
    form.demand()
    return Issue(given(places), awards, members)
