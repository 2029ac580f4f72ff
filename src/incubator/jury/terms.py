"""The terms of a round: what jurors see of a project, whether they see whose it is, who sits in what duty. Pure."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.programmes.blueprint import Aggregate, Closing, Rounding

# --- Duties -----------------------------------------------------------------------------------------------------------


class Duty(StrEnum):
    """What somebody sits on the jury of a round for."""

    MEMBER = "member"
    CHAIR = "chair"  # leads
    SECRETARY = "secretary"  # keeps the minutes
    SUBSTITUTE = "substitute"  # has no sheet until he is called up


DUTY_WORDS = {
    Duty.MEMBER: Message.within("duty", "Juror"),
    Duty.CHAIR: Message.within("duty", "Chair"),
    Duty.SECRETARY: Message.within("duty", "Secretary"),
    Duty.SUBSTITUTE: Message.within("duty", "Substitute"),
}
OFFICES = frozenset({Duty.CHAIR, Duty.SECRETARY})
"""There is one of each in a round; they see how far the jury is, and no value before the lock."""
VOTING = {"member": (Duty.MEMBER, True), "chair_votes": (Duty.CHAIR, True), "chair": (Duty.CHAIR, False),
          "secretary_votes": (Duty.SECRETARY, True), "secretary": (Duty.SECRETARY, False),
          "substitute": (Duty.SUBSTITUTE, False)}  # fmt: skip
"""A seat as a form offers it: duty, and whether its juror scores."""
SEAT_WORDS = {
    "member": DUTY_WORDS[Duty.MEMBER],
    "chair_votes": Message("Chair who scores"),
    "chair": Message("Chair without sheets"),
    "secretary_votes": Message("Secretary who scores"),
    "secretary": Message("Secretary without sheets"),
    "substitute": DUTY_WORDS[Duty.SUBSTITUTE],
}


def kind_of_seat(duty: str, votes: bool) -> str:
    """The choice in a form that a seat is; a substitute who was called up is a substitute still."""
    found = next((name for name, pair in VOTING.items() if pair == (duty, votes)), None)
    return found or Duty(duty).value


# --- Rules of counting, in words -----------------------------------------------------------------------------------

AGGREGATES = {
    Aggregate.MEAN: Message("Mean of the sheets"),
    Aggregate.SUM: Message("Sum of the sheets"),
    Aggregate.TRIMMED_MEAN: Message("Mean without the highest and the lowest sheet, from five sheets up"),
}
CLOSINGS = {
    Closing.SUBSTITUTE: Message("The lock waits until another juror has filled them in"),
    Closing.CLOSE_WITH_GAPS: Message("The sheets that are there decide"),
    Closing.NOT_ASSESSED: Message("A project that lacks a sheet is not assessed"),
}
ROUNDINGS = {
    Rounding.HALF_UP: Message("A five is rounded up"),
    Rounding.HALF_EVEN: Message("A five is rounded to the even digit"),
}


# --- Terms ------------------------------------------------------------------------------------------------------------


class Turn(StrEnum):
    """In what order a juror scores."""

    RUNNING = "running"
    FEWEST = "fewest"  # so that no project is left with too few sheets; not on a pitch day, where teams stand in a row


TURN_WORDS = {
    Turn.RUNNING: Message("In running order"),
    Turn.FEWEST: Message("Projects with the fewest sheets first"),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What jurors of a round see, in what order they score, and which conflicts follow by themselves.

    `blind`: a number instead of names until the publication. `region`: who comes from a team's region doesn't judge it;
    from its municipality nobody ever does. `left_out` are assignments (ids) that jurors don't read.
    """

    blind: bool = False
    region: bool = False
    case: bool = True
    works: bool = True
    files: bool = True
    left_out: tuple[str, ...] = ()
    order: str = Turn.RUNNING

    def shows(self, assignment: UUID) -> bool:
        """Whether jurors read the answers to this assignment."""
        return self.works and str(assignment) not in self.left_out

    @property
    def whole(self) -> bool:
        """Whether jurors may have every file of the team under its own name."""
        return self.works and self.files and not self.blind and not self.left_out


@lru_cache(maxsize=64)
def read_terms(document: str) -> Terms:
    """The terms from their document; what is missing is as usual."""
    raw: dict[str, Any] = json.loads(document)
    return Terms(**{**raw, "left_out": tuple(raw.get("left_out", ()))})


def terms_document(terms: Terms) -> str:
    """The terms as JSON."""
    return json.dumps(asdict(terms))


def read_terms_form(form: Form, assignments: Sequence[str]) -> Terms:
    """The terms as an organiser ticked them; `assignments` are the ids that there are. Raises Invalid."""
    shown = form.choices("assignment", assignments)
    terms = Terms(
        blind=form.flag("blind"), region=form.flag("region"), case=form.flag("case"), works=form.flag("works"),
        files=form.flag("files"), order=form.choice("order", Turn, required=False) or Turn.RUNNING, left_out=tuple(each for each in assignments if each not in shown),
    )  # fmt: skip
    form.demand()
    return terms


# --- A round without names --------------------------------------------------------------------------------------------

HIDDEN = "[…]"
RUN = re.compile(r"\[…\](?:[\s\-–]*\[…\])+")  # how many words a name has tells something, too
WORD = re.compile(r"\w+")
SHORTEST = 4
ENDING = 3  # letters of a Russian word that change with its case, at most
COMMON = frozenset(
    [
        "город",
        "города",
        "городской",
        "поселок",
        "посёлок",
        "село",
        "сельский",
        "сельское",
        "край",
        "область",
        "район",
        "округ",
        "республика",
        "муниципальный",
        "муниципального",
        "муниципальное",
        "образование",
        "образования",
        "команда",
        "автономный",
        "автономная",
        "новый",
        "новая",
        "большой",
        "большая",
        "северный",
        "южный",
        "восточный",
        "западный",
        "северо",
        "юго",
    ]
)


def stems(names: Iterable[str]) -> frozenset[str]:
    """What the telling words of some names begin with, whatever their case."""
    words = {word.casefold() for name in names for word in WORD.findall(name)}
    return frozenset(_stem(word) for word in words if len(word) >= SHORTEST and word not in COMMON)


def _stem(word: str) -> str:
    return word[: max(SHORTEST, len(word) - ENDING)] if len(word) > SHORTEST else word


def masked(text: str, hidden: frozenset[str]) -> str:
    """The text with every word that begins like a hidden one left out. It hides what is written, not what is meant."""
    if not hidden:
        return text

    def cover(found: re.Match[str]) -> str:
        word = found.group().casefold()
        told = any(word.startswith(stem) and len(word) - len(stem) <= 2 * ENDING for stem in hidden)
        return HIDDEN if told else found.group()

    return RUN.sub(HIDDEN, WORD.sub(cover, text))


def called(place: int, team: str, *, blind: bool) -> str:
    """What a project is called at the head of a sheet: its place and team, or where that is hidden its number."""
    return number_of(place) if blind else f"{place}. {team}"


def number_of(place: int) -> str:
    """What a project is called where nobody may learn whose it is."""
    return str(Message("Project {number}", number=place))
