"""States of rounds and sheets, who may do what to them and when, quorum and what becomes of missing sheets. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Refused
from incubator.jury.terms import OFFICES, Duty
from incubator.people import rights
from incubator.people.rights import MODERATOR, ORGANISER, ORGANISERS, TEAM, Relation, Right, Standing, Verdict, right
from incubator.programmes.blueprint import Closing, JuryPlan

# --- States -----------------------------------------------------------------------------------------------------------


class RoundState(StrEnum):
    """Where a round of scoring stands. What is published never opens again."""

    DRAFT = "draft"
    OPEN = "open"
    LOCKED = "locked"
    PUBLISHED = "published"


MOVES = frozenset({
    (RoundState.DRAFT, RoundState.OPEN),
    (RoundState.OPEN, RoundState.LOCKED),
    (RoundState.LOCKED, RoundState.OPEN),  # two organisers and a reason
    (RoundState.LOCKED, RoundState.PUBLISHED),
})  # fmt: skip


class SheetState(StrEnum):
    """Where a sheet stands. That a juror skipped it is only a mark for the order, no state."""

    EMPTY = "empty"
    DRAFT = "draft"
    HANDED_IN = "handed_in"
    ABSTAINED = "abstained"  # the juror can't judge this project; until the lock he may change his mind
    RECUSED = "recused"  # the juror must not judge it: a conflict of interest
    VOID = "void"  # it was filled in and doesn't count: the juror was removed, or two organisers decided so


SHEET_WORDS = {
    SheetState.EMPTY: Message.within("sheet", "Not begun"),
    SheetState.DRAFT: Message.within("sheet", "Draft"),
    SheetState.HANDED_IN: Message.within("sheet", "Handed in"),
    SheetState.ABSTAINED: Message.within("sheet", "Abstained"),
    SheetState.RECUSED: Message.within("sheet", "Conflict of interest"),
    SheetState.VOID: Message.within("sheet", "Doesn't count"),
}
ROUND_WORDS = {
    RoundState.DRAFT: Message.within("round", "Being prepared"),
    RoundState.OPEN: Message.within("round", "Scoring is open"),
    RoundState.LOCKED: Message.within("round", "Locked"),
    RoundState.PUBLISHED: Message.within("round", "Published"),
}
WRITABLE = frozenset({SheetState.EMPTY, SheetState.DRAFT, SheetState.HANDED_IN})
MISSING = frozenset({SheetState.EMPTY, SheetState.DRAFT})
SETTLED = frozenset({SheetState.HANDED_IN, SheetState.ABSTAINED})
"""What a juror has to bring his sheets to; recused and void ones are not his to fill in."""

# --- Rights: the rows of the authorisation matrix ---------------------------------------------------------------------

JURORS = frozenset({Relation.JUROR, Relation.JUROR_CONFLICTED})
ADMINISTRATOR = frozenset({Relation.ADMINISTRATOR})
CONFLICTED = frozenset({Relation.ORGANISER_CONFLICTED})
ANYBODY = frozenset(Relation)
OFFICERS = frozenset({Relation.CHAIR, Relation.SECRETARY})
"""Chair and secretary of a round, if they have no conflict of interest in it: they see how far it is, and no value."""

OWN_SHEET = right(
    "score_own", allow=frozenset({Relation.JUROR}),
    forbid=frozenset({Relation.JUROR_CONFLICTED}) | ORGANISERS | ADMINISTRATOR, strict=True,
    reason=Message("Only a juror without a conflict of interest has a score sheet for this project."),
)  # fmt: skip
OWN_PROGRESS = right("score_progress_own.view", allow=JURORS, forbid=ORGANISERS | ADMINISTRATOR, strict=True)
QUEUE = right(
    "jury_session.view_queue", allow=JURORS | ORGANISER | OFFICERS, forbid=CONFLICTED | ADMINISTRATOR,
    reason=Message("A round is seen by its jurors and by organisers without a conflict of interest."),
)  # fmt: skip
VALUES = right(
    "ranking.view", allow=ORGANISER, forbid=CONFLICTED | ADMINISTRATOR, strict=True,
    reason=Message("Before the publication only organisers without a conflict of interest see the result."),
)  # fmt: skip
VOID = right("score_sheet.void", allow=ORGANISER, forbid=CONFLICTED | ADMINISTRATOR, strict=True)
REOPEN = right("score_sheet.reopen", allow=ORGANISER, forbid=CONFLICTED | ADMINISTRATOR, strict=True)
PROGRESS = right("score_progress.view", allow=ORGANISER | OFFICERS, forbid=CONFLICTED | ADMINISTRATOR, strict=True)
PUBLISHED_SHEETS = right("score_other.view", allow=ORGANISERS, forbid=ADMINISTRATOR)
FEEDBACK = right("team_feedback.view", allow=TEAM | MODERATOR | ORGANISERS, forbid=ADMINISTRATOR)
CONDUCT = right(
    "jury_session.conduct", allow=ORGANISER, forbid=JURORS | CONFLICTED | ADMINISTRATOR, strict=True,
    reason=Message("Only an organiser without a conflict of interest runs a round of scoring."),
)  # fmt: skip
LEAD = right(
    "jury_session.lead", allow=ORGANISER | OFFICERS, forbid=JURORS | CONFLICTED | ADMINISTRATOR,
    reason=Message("A round is led by its chair, its secretary and organisers without a conflict of interest."),
)  # fmt: skip
PAPER = right(
    "paper_sheet.type", allow=ORGANISER | OFFICERS, forbid=JURORS | CONFLICTED | ADMINISTRATOR,
    reason=Message("Sheets of paper are typed by chair, secretary and organisers without a conflict of interest."),
)  # fmt: skip
PRACTICE = right(
    "calibration.view", allow=ORGANISER | JURORS | OFFICERS, forbid=CONFLICTED | ADMINISTRATOR,
    reason=Message("A calibration is seen by the jurors of the round and by organisers without a conflict of interest."),
)  # fmt: skip
OWN_PRACTICE = right("calibration.score", allow=JURORS, forbid=ORGANISERS | ADMINISTRATOR, strict=True)
VERIFY_ROOT = right("score_journal.verify_root", allow=JURORS | ORGANISERS | ADMINISTRATOR)
EXPORT_LEDGER = right(
    "score_journal.export", allow=ORGANISER, forbid=CONFLICTED | ADMINISTRATOR, strict=True,
    reason=Message("The ledger holds every mark: only an organiser without a conflict of interest takes it out."),
)  # fmt: skip
RECEIPTS = right(
    "score_receipt.view", allow=JURORS, forbid=ORGANISERS | ADMINISTRATOR, strict=True,
    reason=Message("Receipts are a juror's own."),
)  # fmt: skip
SEE_JURORS = right("juror_contacts.view", allow=ORGANISERS, forbid=ADMINISTRATOR)
DECLARE = right(
    "conflict.declare_self", allow=JURORS | ORGANISERS, forbid=ANYBODY,
    reason=Message("Conflicts of interest are declared by jurors and organisers, each for himself."),
)  # fmt: skip
LIFT = right(
    "conflict.lift", allow=ORGANISER, forbid=ANYBODY, strict=True,
    reason=Message("A conflict of interest is lifted only by an organiser who has none himself."),
)  # fmt: skip


def _closed(name: str, reason: Message) -> Right:
    """A door that the state of things has shut; it goes through the same guard as the others."""
    return right(name, allow=frozenset(), forbid=ANYBODY, reason=reason)


NOTHING_YET = _closed("score_own.draft", Message("The round is not open yet, so there is nothing to score."))
SIGNED = _closed(
    "score_own.signed",
    Message("You have confirmed your sheets. Take the confirmation back first, then you can change them."),
)
AFTER_LOCK = _closed("score_own.locked", Message("The round is locked. What was recorded by then stands."))
NOT_YOURS = _closed("score_own.recused", Message("You have a conflict of interest with this team and don't score it."))
VOIDED = _closed("score_own.void", Message("This sheet is void and doesn't count. You can still read it."))
REMOVED = _closed("score_own.removed", Message("You are no longer on this jury. You can still read your sheets."))
NOT_BY_A_JUROR = _closed(
    "paper_sheet.scores", Message("Whoever scores in this round himself doesn't type the sheets of other jurors.")
)
NO_VALUES_YET = _closed("ranking.open", Message("Nobody sees a mark or a result before the round is locked."))
BEFORE_LOCK_ONLY = _closed("assignment.locked", Message("The round is locked: its jury can't be changed any more."))
FROZEN = _closed(
    "rubric.frozen", Message("Criteria and rules are fixed while a round is open or waits for its result.")
)
NOT_LOCKED = _closed("jury_session.open", Message("The result is published only after the round has been locked."))
FOR_GOOD = _closed("jury_session.published", Message("A published result stands. It is never opened again."))
OPENED_ONCE = _closed(
    "jury_session.remove", Message("Only a round that was never opened can be removed. This one was: its sheets stay.")
)
JUDGE_OR_RUN = _closed(
    "assignment.self", Message("The organisers of a programme do not judge its projects: one person can't do both.")
)


def refuse(door: Right) -> None:
    """Answer 403 with the reason of a closed door."""
    rights.guard(Verdict.FORBID, door)


def in_the_jury(standing: Standing, *, seated: bool, duty: Duty | None = None) -> Standing:
    """The relations that count in jury matters.

    A juror counts only where he has a seat; `duty` is that of the seat, and a conflict takes an office away. One who also organises is an organiser with a conflict of interest: from
    old data such a pair may exist, and then the stricter role wins.
    """
    found = standing.relations
    if found & JURORS and found & ORGANISERS:
        found = (found - ORGANISERS) | CONFLICTED
    if seated and duty in OFFICES and Relation.JUROR in found:
        found |= {Relation.CHAIR if duty is Duty.CHAIR else Relation.SECRETARY}
    return Standing(found if seated else found - JURORS)


# --- What a form asks for -----------------------------------------------------------------------------------------------

CHOOSE_TEAM = Message("Choose a team.")
CHOOSE_PROJECT = Message("Choose a project.")
CHOOSE_JUROR = Message("Choose a juror.")

# --- One's own sheet --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """What a person has to do with one project of a round; `sheet` is None where no sheet was assigned.

    `reopened`: two organisers have given this one sheet of a locked round back to its juror. `signed`: its juror has
    confirmed all his sheets, which shuts them while the round is open.
    """

    round: RoundState
    seated: bool
    removed: bool
    declared: bool
    sheet: SheetState | None
    reopened: bool = False
    signed: bool = False


def view_sheet(standing: Standing, place: Place) -> tuple[Verdict, Right]:
    """Whether one may see his sheet. What is recorded in somebody's name he can always read."""
    if place.removed:
        return (Verdict.ALLOW if place.sheet else Verdict.HIDE), OWN_SHEET
    verdict = _own(standing, place)
    recorded = place.sheet is not None and not standing.relations & (ORGANISERS | ADMINISTRATOR)
    if verdict is Verdict.FORBID and recorded:
        return Verdict.ALLOW, OWN_SHEET
    if verdict is Verdict.ALLOW and place.round is RoundState.DRAFT:
        return Verdict.FORBID, NOTHING_YET
    return verdict, OWN_SHEET


def write_sheet(standing: Standing, place: Place) -> tuple[Verdict, Right]:
    """Whether one may write on his sheet now."""
    if place.removed:
        return (Verdict.FORBID if place.sheet else Verdict.HIDE), REMOVED
    verdict = _own(standing, place)
    if verdict is not Verdict.ALLOW:
        return verdict, OWN_SHEET
    door = _shut(place)
    return (Verdict.FORBID, door) if door else (Verdict.ALLOW, OWN_SHEET)


def _own(standing: Standing, place: Place) -> Verdict:
    """The verdict of the matrix; whoever has neither sheet nor, before the opening, a seat is no juror here."""
    found = in_the_jury(standing, seated=place.seated).relations
    if place.sheet is None and place.round is not RoundState.DRAFT:
        found -= {Relation.JUROR}
    return Standing(found).judge(OWN_SHEET)


def _shut(place: Place) -> Right | None:
    if place.round is RoundState.DRAFT:
        return NOTHING_YET
    if place.round is not RoundState.OPEN and not (place.reopened and place.round is RoundState.LOCKED):
        return AFTER_LOCK
    if place.signed and place.round is RoundState.OPEN:
        return SIGNED
    return {SheetState.RECUSED: NOT_YOURS, SheetState.VOID: VOIDED}.get(place.sheet or SheetState.EMPTY)


# --- Moves of a round -------------------------------------------------------------------------------------------------

STALE = Message("The round is no longer in that state. Reload the page to see how it stands.")


def demand_move(now: RoundState, then: RoundState) -> None:
    """Pass if a round may go from one state to another; Forbidden where the matrix says so, else Refused."""
    if (now, then) in MOVES:
        return
    if then is RoundState.PUBLISHED and now is not RoundState.PUBLISHED:
        refuse(NOT_LOCKED)
    if now is RoundState.PUBLISHED and then is RoundState.OPEN:
        refuse(FOR_GOOD)
    raise Refused(STALE)


def publication_waits(reopened: int, undecided: int, sits: bool) -> Message | None:
    """What a publication, which is for good, waits for: sheets with their jurors, requests, the jury that sits."""
    if reopened:
        return Message.count(
            "{n} sheet was reopened. The publication waits until it is handed in or closed.",
            "{n} sheets were reopened. The publication waits until they are handed in or closed.",
            reopened,
        )
    if undecided:
        return Message.count(
            "{n} request waits for a second organiser. Agree to it or decline it first: after the publication nothing changes.",
            "{n} requests wait for a second organiser. Agree to them or decline them first: after the publication nothing changes.",
            undecided,
        )
    return Message("The jury still deliberates. End the deliberation first.") if sits else None


# --- The lock ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turnout:
    """Who has brought what, in counts: never a value. `handed_in`, `missing` are numbers of sheets."""

    seat: UUID
    handed_in: int
    missing: int


def took_part(turnout: Iterable[Turnout]) -> int:
    """Jurors who count for the quorum: those who handed in at least one sheet. Gaps are the closing policy's matter."""
    return sum(1 for each in turnout if each.handed_in)


def missing_sheets(turnout: Iterable[Turnout]) -> int:
    """Sheets that were assigned and are neither handed in nor abstained from."""
    return sum(each.missing for each in turnout)


def why_not_lock(plan: JuryPlan, turnout: Iterable[Turnout]) -> Message | None:
    """What keeps a round from being locked under its plan, or None."""
    counted = list(turnout)
    present, missing = took_part(counted), missing_sheets(counted)
    if present < plan.quorum:
        return Message(
            "There is no quorum: {present} of at least {quorum} jurors have handed in a sheet.",
            present=present, quorum=plan.quorum,
        )  # fmt: skip
    if missing and plan.closing is Closing.SUBSTITUTE:
        return Message.count(
            "{n} sheet is missing. By the rules of this jury another juror has to fill it in first.",
            "{n} sheets are missing. By the rules of this jury other jurors have to fill them in first.",
            missing,
        )
    return None


def assessable(plan: JuryPlan, missing: Mapping[UUID, int], project: UUID) -> bool:
    """Whether a project with missing sheets may have a place; the minimum of sheets is the scoring's matter."""
    return plan.closing is not Closing.NOT_ASSESSED or not missing.get(project, 0)


# --- What takes two organisers ----------------------------------------------------------------------------------------


class ProposalKind(StrEnum):
    """What one organiser asks for and another one confirms."""

    UNLOCK = "unlock"
    PUBLISH = "publish"
    VOID = "void"
    REOPEN = "reopen"


SECOND_PERSON = Message(
    "You asked for this yourself. Another organiser without a conflict of interest has to confirm it."
)
DECIDED = Message("This has been decided already. Reload the page to see how it stands.")


def demand_second(asked_by: UUID | None, viewer: UUID, *, decided: bool) -> None:
    """Pass if this person may decide what was asked for; `asked_by` None where the same person may."""
    if decided:
        raise Refused(DECIDED)
    if asked_by == viewer:
        raise Refused(SECOND_PERSON)


REOPENABLE = frozenset({*WRITABLE, SheetState.ABSTAINED})
"""Sheets that a juror may be given back; one with a conflict of interest, or made void, is not his to write on."""
DOES_NOT_COUNT = Message("This sheet doesn't count already.")


def demand_reopenable(now: RoundState, sheet: SheetState, *, reopened: bool) -> None:
    """Pass if one sheet of a round may be given back to its juror."""
    if now is RoundState.PUBLISHED:
        refuse(FOR_GOOD)
    if now is not RoundState.LOCKED:
        raise Refused(Message("The round is not locked: the juror changes the sheet without being asked."))
    if sheet not in REOPENABLE:
        raise Refused(DOES_NOT_COUNT)
    if reopened:
        raise Refused(Message("This sheet is open to its juror already."))
