"""Who may run a programme, the state of a cohort, and what its forms say."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message
from incubator.people.rights import ORGANISER, ORGANISERS, STAFF, Relation, Role, Standing, right
from incubator.programmes.blueprint import Position

NOT_TEAMS = frozenset({Relation.LEAD, Relation.MEMBER, Relation.OTHER_TEAM, Relation.OTHER_MODERATOR, Relation.JUROR,
                       Relation.JUROR_CONFLICTED, Relation.MODERATOR})  # fmt: skip
ADMINISTRATOR = frozenset({Relation.ADMINISTRATOR})

CREATE_PROGRAMME = right(
    "programme.create",
    allow=ADMINISTRATOR,
    forbid=ORGANISERS,
    reason=Message("Only an administrator creates programmes."),
)
LIST_COHORTS = right(
    "cohort.list",
    allow=STAFF | ADMINISTRATOR,
    reason=Message("Cohorts are run by organisers. Your own work is on the start page."),
)
CREATE_COHORT = right(
    "cohort.create",
    allow=ORGANISERS,
    reason=Message("Only organisers of this programme create its cohorts. Ask an administrator for the role."),
)
VIEW_COHORT = right("cohort.view", allow=STAFF | {Relation.OTHER_MODERATOR}, forbid=NOT_TEAMS | ADMINISTRATOR)
EDIT_SETTINGS = right(
    "programme_settings.edit",
    allow=ORGANISERS,
    forbid=NOT_TEAMS | ADMINISTRATOR,
    reason=Message("Only the organisers of the programme change its settings."),
)
EDIT_JURY_SETTINGS = right(
    "jury_settings.edit",
    allow=ORGANISER,
    forbid=NOT_TEAMS | ADMINISTRATOR | {Relation.ORGANISER_CONFLICTED},
    strict=True,
    reason=Message("Only an organiser without a conflict of interest changes how the jury decides."),
)


POSITIONS = {
    Position.HEAD: Message("Head of municipality"),
    Position.DEPUTY_HEAD: Message("Deputy head"),
    Position.COUNCILLOR: Message("Councillor"),
    Position.MUNICIPAL_EMPLOYEE: Message("Municipal employee"),
    Position.INSTITUTION_HEAD: Message("Head of a municipal institution"),
    Position.OTHER: Message("Other position"),
}


class CohortState(StrEnum):
    """Derived from the cohort's instants."""

    DRAFT = "draft"
    RUNNING = "running"
    CLOSED = "closed"


def cohort_state(opened_at: datetime | None, closed_at: datetime | None) -> CohortState:
    """Draft until opened, running until closed."""
    if closed_at is not None:
        return CohortState.CLOSED
    return CohortState.RUNNING if opened_at is not None else CohortState.DRAFT


@dataclass(frozen=True, slots=True)
class CohortFacts:
    """What an organiser says about a cohort; `places` is the most teams it takes."""

    name: str
    summary: str
    time_zone: str
    starts_on: date
    places: int


@dataclass(frozen=True, slots=True)
class TeamFacts:
    """Who may take part: sizes of a team with its lead, and the positions that are eligible."""

    min_members: int
    max_members: int
    eligible_positions: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class CohortRef:
    """A cohort as seen by one viewer."""

    id: UUID
    name: str
    programme: UUID
    programme_name: str
    time_zone: str
    starts_on: date
    places: int
    opened_at: datetime | None
    closed_at: datetime | None
    demo: bool
    standing: Standing

    @property
    def state(self) -> CohortState:
        """Draft, running or closed."""
        return cohort_state(self.opened_at, self.closed_at)


CHANGED = Message("Somebody else has changed this meanwhile. Compare, and save again if your version is right.")


def read_cohort(form: Form) -> CohortFacts:
    """The facts of a new cohort; raises Invalid with every error."""
    facts = _facts(form)
    form.demand()
    return CohortFacts(*map(given, facts))


def read_settings(form: Form) -> tuple[CohortFacts, TeamFacts]:
    """The facts of a cohort and who may take part; raises Invalid with every error."""
    facts = _facts(form)
    least, most = form.integer("min_members", 1, 1000), form.integer("max_members", 1, 1000)
    positions = form.choices("eligible_positions", list(Position), required=True)
    if least and most and most < least:
        form.fail("max_members", Message("The most members can't be fewer than the least."))
    form.demand()
    return CohortFacts(*map(given, facts)), TeamFacts(given(least), given(most), tuple(positions))


def _facts(form: Form) -> tuple[Any, ...]:
    return (
        form.name("name"),
        form.text("summary", required=False, limit=2000, lines=True),
        form.choice("time_zone", available_timezones()),
        form.date("starts_on"),
        form.integer("places", 1, 10_000),
    )


INVITE_MODERATOR = right(
    "role.grant_moderator",
    allow=ORGANISERS | ADMINISTRATOR,
    forbid=NOT_TEAMS,
    reason=Message("Only the organisers of the programme invite moderators."),
)
INVITE_JUROR = right(
    "role.grant_juror",
    allow=ORGANISER,
    forbid=NOT_TEAMS | ADMINISTRATOR | {Relation.ORGANISER_CONFLICTED},
    strict=True,
    reason=Message("Only an organiser without a conflict of interest invites jurors."),
)
INVITE_LEAD = right(
    "team.invite_lead",
    allow=ORGANISERS,
    forbid=NOT_TEAMS | ADMINISTRATOR,
    reason=Message("Only the organisers of the programme invite teams."),
)
INVITED = {Role.TEAM_LEAD: INVITE_LEAD, Role.MODERATOR: INVITE_MODERATOR, Role.JUROR: INVITE_JUROR}
MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody to be invited."""

    email: str
    name: str


def read_guests(form: Form) -> tuple[Role, list[Guest]]:
    """The role and the people of an invitation form: one person a line, the address and then the name.

    Lists are pasted from letters and spreadsheets: commas, semicolons, tabs and angle brackets may separate.
    """
    role = form.choice("role", list(INVITED))
    text = form.text("guests", limit=40_000, lines=True)
    guests: dict[str, Guest] = {}
    wrong: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        guest = _guest(line)
        if guest is not None:
            guests.setdefault(guest.email, guest)
        elif line.strip():
            wrong.append(f"{number} – {line.strip()[:80]}")
    if wrong:
        form.fail("guests", Message("There is no e-mail address in these lines: {lines}.", lines="; ".join(wrong[:20])))
    if len(guests) > MOST_AT_ONCE:
        form.fail("guests", Message("Invite at most {n} people at once.", n=MOST_AT_ONCE))
    form.demand()
    return given(role), list(guests.values())


def _guest(line: str) -> Guest | None:
    words = [word for word in re.split(r"[\s,;<>]+", line) if word]
    address = next((word for word in words if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", word)), None)
    if address is None or len(address) > 254:
        return None
    return Guest(address.lower(), " ".join(word for word in words if word != address)[:200])
