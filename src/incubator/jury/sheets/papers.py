"""What two people read from a juror's sheet of paper, and what it comes to. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from incubator.jury.rules import MISSING, SheetState

LOOK_AWAY = timedelta(minutes=10)
"""How long after the first reading the same person may read a sheet again, where nobody else could."""
CODE_LENGTH = 8


class Step(StrEnum):
    """What a sheet of paper waits for."""

    FIRST = "first"
    SECOND = "second"
    SETTLED = "settled"  # the two readings differ: somebody looks again and says which mark it is
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Reading:
    """What somebody typed from the paper; marks in thousandths."""

    reading: str
    marks: tuple[int, ...]
    comment: str
    by: str
    person: UUID
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """The readings of a sheet of paper that stand, the first one first."""

    readings: tuple[Reading, ...] = ()

    def _of(self, step: Step) -> Reading | None:
        return next((each for each in self.readings if each.reading == step.value), None)

    @property
    def step(self) -> Step:
        """What is to be typed next."""
        first, second = self._of(Step.FIRST), self._of(Step.SECOND)
        if first is None or second is None:
            return Step.SECOND if first else Step.FIRST
        return Step.DONE if self.agreed else Step.SETTLED

    @property
    def agreed(self) -> tuple[int, ...]:
        """The marks on the paper, () while they are not known."""
        first, second, settled = (self._of(step) for step in (Step.FIRST, Step.SECOND, Step.SETTLED))
        if first is None or second is None:
            return ()
        if first.marks == second.marks:
            return first.marks
        return settled.marks if settled else ()

    @property
    def differs(self) -> tuple[int, ...]:
        """The places of the criteria for which the two readings differ."""
        first, second = self._of(Step.FIRST), self._of(Step.SECOND)
        if first is None or second is None:
            return ()
        pairs = zip(first.marks, second.marks, strict=True)
        return tuple(place for place, (one, other) in enumerate(pairs) if one != other)

    @property
    def comment(self) -> str:
        """The comment to the team as the first reader typed it."""
        return self.readings[0].comment if self.readings else ""

    @property
    def names(self) -> str:
        """Who read it, each once."""
        return ", ".join(dict.fromkeys(each.by for each in self.readings))

    @property
    def last_at(self) -> datetime | None:
        """When it was read last."""
        return max((each.at for each in self.readings), default=None)

    def entered(self, paper_at: datetime | None) -> bool:
        """Whether these readings are what came onto the juror's sheet at that moment."""
        return self.step is Step.DONE and paper_at is not None and self.last_at is not None and paper_at >= self.last_at

    def waits(self, state: SheetState, marks: Sequence[int | None], paper_at: datetime | None) -> bool:
        """Whether its juror has to say what stands: the paper, or what he wrote here himself."""
        same = state is SheetState.HANDED_IN and tuple(marks) == self.agreed
        return self.step is Step.DONE and not self.entered(paper_at) and not same


def paper_of(rows: Iterable[Mapping[str, Any]]) -> Paper:
    """The paper from rows of readings: reading, marks, comment, by, person, at, reason."""
    found = [
        Reading(row["reading"], tuple(row["marks"]), row["comment"], row["by"], row["person"], row["at"], row["reason"])
        for row in rows
    ]
    return Paper(tuple(sorted(found, key=lambda each: [step.value for step in Step].index(each.reading))))


def untouched(state: SheetState, marks: Sequence[int | None], comment: str, note: str) -> bool:
    """Whether a juror has written nothing on a sheet, so that his paper can stand there."""
    return state in MISSING and not any(mark is not None for mark in marks) and not comment and not note


def code_of(sheet: UUID) -> str:
    """What is printed on a sheet of paper for whoever has no camera at hand: eight signs, unlike in a round."""
    tail = sheet.hex[-CODE_LENGTH:].upper()
    return f"{tail[:4]}-{tail[4:]}"


def tail_of(code: str) -> str:
    """The end of the sheet's id that a typed code means; "" if it is none. Letters that look alike are forgiven."""
    signs = code.upper().translate(str.maketrans("АВСЕОI", "ABCE01"))
    kept = "".join(sign for sign in signs if sign.isalnum())
    return kept.lower() if len(kept) == CODE_LENGTH and all(sign in "0123456789ABCDEF" for sign in kept) else ""
