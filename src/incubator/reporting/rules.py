"""Who reads which journal, what its entries are sorted into, and the words for what one cell of the overview shows. Pure.

Rights follow the project's authorization matrix, rows audit_programme.view and audit_platform.view.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final
from uuid import UUID

from incubator.foundation.i18n import Message
from incubator.journal.rules import Audience
from incubator.jury.rules import in_the_jury
from incubator.people.rights import MODERATOR, ORGANISER, ORGANISERS, TEAM, Relation, Standing, right
from incubator.stages.rules import ModuleState, SubmissionState

# --- Rights -----------------------------------------------------------------------------------------------------------

ADMINISTRATOR: Final = frozenset({Relation.ADMINISTRATOR})
CONFLICTED: Final = frozenset({Relation.ORGANISER_CONFLICTED})

AUDIT: Final = right(
    "audit_programme.view",
    allow=ORGANISER,
    forbid=CONFLICTED | ADMINISTRATOR,
    reason=Message(
        "The journal of a cohort tells when the jury acts, so only organisers without a conflict of interest read it."
    ),
)
AUDIT_PLATFORM: Final = right("audit_platform.view", allow=ADMINISTRATOR)
TEAM_JOURNAL: Final = right("journal.team", allow=TEAM | MODERATOR | ORGANISERS, forbid=ADMINISTRATOR)
STAFF_ENTRIES: Final = right("journal.team_staff", allow=MODERATOR | ORGANISER)

OVERSEES: Final = right("overview.view_whole", allow=ORGANISERS)
"""Organisers see every team of a cohort; its moderators only those they accompany (row stage.view)."""

OF_COHORT: Final = (Audience.TEAM, Audience.STAFF, Audience.JURY, Audience.EVERYONE)


def reads_audit(standing: Standing) -> Standing:
    """The standing that counts for a cohort's journal: who also judges there reads it as one with a conflict."""
    return in_the_jury(standing, seated=True)


def of_team(standing: Standing) -> Sequence[Audience]:
    """Which entries of a team's journal somebody reads who may read it at all."""
    return (Audience.TEAM, Audience.EVERYONE, *((Audience.STAFF,) if standing.may(STAFF_ENTRIES) else ()))


LOOKS: Final = ("contacts.viewed", "contacts.exported")
"""By these somebody sees the personal data of others (row own_access_log.view)."""

# --- What a journal can be narrowed to: the first word of a verb --------------------------------------------------------

KINDS: Final = {
    "work": (Message("Work"), ("submission", "file")),
    "remarks": (
        Message("Remarks, questions and notes"),
        ("remark", "remarks", "question", "exchange", "note", "decision", "check", "message", "phrase"),
    ),
    "case": (Message("Problem case"), ("case", "passport")),
    "team": (
        Message("Teams and people"),
        ("team", "member", "lead", "moderator", "person", "people", "invitation", "role", "consent", "consents"),
    ),
    "plan": (Message("Plan and settings"), ("programme", "cohort", "plan", "blueprint", "installation", "document")),
    "jury": (
        Message("Jury"),
        (
            "round",
            "juror",
            "jurors",
            "sheet",
            "sheets",
            "materials",
            "ranking",
            "conflict",
            "criterion",
            "jury_rules",
            "tie",
            "unlock",
            "void",
            "reopen",
            "publish",
            "ledger",
            "seat",
            "allocation",
            "calibration",
            "sample",
            "conflicts",
            "deliberation",
            "jury",
            "round_rubric",
            "pitch",
            "paper",
            "minutes",
            "certificate",
            "certificates",
        ),
    ),
    "reading": (Message("Reading and letters"), ("contacts", "journal", "letter")),
}


def things(kind: str) -> Sequence[str] | None:
    """The things of a kind named in an address; None, for everything, when it names none."""
    return KINDS[kind][1] if kind in KINDS else None


# --- The overview -----------------------------------------------------------------------------------------------------


class Cell(Enum):
    """How a team stands in a module; the first ones ask most for attention."""

    OVERDUE = "overdue"
    WAITING = "submitted"
    RETURNED = "returned"
    AT_WORK = "in_progress"
    NOT_BEGUN = "not_started"
    FAILED = "failed"
    READY = "ready"
    DONE = "done"
    CLOSED = "locked"


WORDS: Final = {
    Cell.OVERDUE: Message.within("cell", "late"),
    Cell.WAITING: Message.within("cell", "to check"),
    Cell.RETURNED: Message.within("cell", "returned"),
    Cell.AT_WORK: Message.within("cell", "at work"),
    Cell.NOT_BEGUN: Message.within("cell", "not begun"),
    Cell.FAILED: Message.within("cell", "not accepted"),
    Cell.READY: Message.within("cell", "may go on"),
    Cell.DONE: Message.within("cell", "done"),
    Cell.CLOSED: Message.within("cell", "closed"),
}
OF_STATE: Final = {
    SubmissionState.SUBMITTED: Cell.WAITING,
    SubmissionState.RETURNED: Cell.RETURNED,
    SubmissionState.IN_PROGRESS: Cell.AT_WORK,
    SubmissionState.NOT_STARTED: Cell.NOT_BEGUN,
    SubmissionState.FAILED: Cell.FAILED,
    SubmissionState.ACCEPTED: Cell.READY,
}
URGENCY: Final = tuple(Cell)
OF_THE_STAFF: Final = frozenset({Cell.WAITING, Cell.RETURNED})
"""Work that nobody has to do matters to those who check it only in these states."""


@dataclass(frozen=True, slots=True)
class WorkInCell:
    """One assignment of a module as a team stands to it; `overdue` only while the team owes it by `deadline`."""

    assignment: UUID
    submission: UUID | None
    title: str
    required: bool
    state: SubmissionState
    overdue: bool
    deadline: datetime | None = None

    @property
    def cell(self) -> Cell:
        """What this work alone would make of the cell."""
        return Cell.OVERDUE if self.overdue else OF_STATE[self.state]


def about(state: ModuleState, works: Sequence[WorkInCell]) -> WorkInCell | None:
    """The work that the cell of a module is about: by urgency, then in the order of the programme; none while closed."""
    if state is ModuleState.LOCKED:
        return None
    if state is ModuleState.DONE:  # what was overridden or left out no longer matters, what waits for a check does
        return next((work for work in works if work.state is SubmissionState.SUBMITTED), next(iter(works), None))
    some_required = any(work.required for work in works)
    counted = [work for work in works if work.required or not some_required or work.cell in OF_THE_STAFF]
    return min(counted, key=lambda work: URGENCY.index(work.cell), default=None)


def cell_of(state: ModuleState, work: WorkInCell | None) -> Cell:
    """What the cell of a module says, with the work it is about."""
    if state is ModuleState.LOCKED:
        return Cell.CLOSED
    if state is ModuleState.DONE and (work is None or work.state is not SubmissionState.SUBMITTED):
        return Cell.DONE
    return work.cell if work is not None else Cell.NOT_BEGUN
