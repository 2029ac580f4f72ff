"""How the queue is filtered: what the address says, and the address that says it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from incubator.foundation.i18n import Message

SOON: Final = timedelta(days=3)
PAGE: Final = 50  # rows
LAST_PAGE: Final = 10_000


class Shown(StrEnum):
    """Which work the list shows."""

    WAITING = "waiting"
    RETURNED = "returned"
    OWED = "owed"
    CHECKED = "checked"


STATES: Final[Mapping[Shown, tuple[str, ...]]] = {
    Shown.WAITING: ("submitted",),
    Shown.RETURNED: ("returned",),
    Shown.OWED: ("not_started", "in_progress", "returned"),
    Shown.CHECKED: ("accepted", "failed"),
}
SHOWN_NAMES: Final = {
    Shown.WAITING: Message("Waiting for a check"),
    Shown.RETURNED: Message("Returned to teams"),
    Shown.OWED: Message("With the teams"),
    Shown.CHECKED: Message("Checked"),
}


class Deadline(StrEnum):
    """How near the deadline of the work is."""

    PASSED = "passed"
    SOON = "soon"
    LATER = "later"


DEADLINE_NAMES: Final = {
    Deadline.PASSED: Message("The deadline has passed"),
    Deadline.SOON: Message("Within three days"),
    Deadline.LATER: Message("Later"),
}


def nearness(deadline: datetime, now: datetime) -> Deadline:
    """The word, and the colour, for a deadline."""
    if now > deadline:
        return Deadline.PASSED
    return Deadline.SOON if deadline <= now + SOON else Deadline.LATER


@dataclass(frozen=True, slots=True)
class Sieve:
    """What the address filters by; the page counts from 1."""

    cohort: UUID | None = None
    module: UUID | None = None
    team: UUID | None = None
    mine: bool = False
    shown: Shown = Shown.WAITING
    deadline: Deadline | None = None
    page: int = 1

    @property
    def filtered(self) -> bool:
        """Whether anything but the state and the page is chosen."""
        return any((self.cohort, self.module, self.team, self.mine, self.deadline))

    @property
    def query(self) -> str:
        """The part of an address that says the same, with its question mark; "" for the queue as it is at first."""
        said = {
            "cohort": self.cohort, "module": self.module, "team": self.team, "whose": "mine" if self.mine else "",
            "state": "" if self.shown is Shown.WAITING else self.shown.value,
            "deadline": self.deadline.value if self.deadline else "", "page": self.page if self.page > 1 else "",
        }  # fmt: skip
        text = urlencode({name: str(value) for name, value in said.items() if value})
        return f"?{text}" if text else ""

    def at(self, page: int) -> "Sieve":
        """The same filters on another page."""
        return replace(self, page=page)

    def showing(self, shown: Shown) -> "Sieve":
        """The same filters over work in another state, from its first page."""
        return replace(self, shown=shown, page=1)


def read_sieve(query: Mapping[str, str]) -> Sieve:
    """What an address says; nonsense filters nothing."""
    page = query.get("page", "")
    return Sieve(
        cohort=_key(query.get("cohort", "")), module=_key(query.get("module", "")), team=_key(query.get("team", "")),
        mine=query.get("whose") == "mine",
        shown=next((each for each in Shown if each == query.get("state")), Shown.WAITING),
        deadline=next((each for each in Deadline if each == query.get("deadline")), None),
        page=min(max(int(page), 1), LAST_PAGE) if page.isdecimal() and len(page) < 6 else 1,
    )  # fmt: skip


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
