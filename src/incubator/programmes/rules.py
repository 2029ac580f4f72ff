"""Who may run a programme, the state of a cohort, and what its forms say."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import available_timezones

from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message
from incubator.people.rights import ORGANISER, ORGANISERS, STAFF, Relation, Standing, right
from incubator.programmes.blueprint import Position

NOT_TEAMS = frozenset({Relation.LEAD, Relation.MEMBER, Relation.OTHER_TEAM, Relation.OTHER_MODERATOR, Relation.JUROR,
                       Relation.JUROR_CONFLICTED, Relation.MODERATOR})  # fmt: skip
ADMINISTRATOR = frozenset({Relation.ADMINISTRATOR})

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


def read_cohort(form: Form) -> CohortFacts:
    """The facts from a form; errors stay with the form."""
    name = form.name("name")
    summary = form.text("summary", required=False, limit=2000, lines=True)
    zone = form.choice("time_zone", available_timezones())
    starts_on = form.date("starts_on")
    places = form.integer("places", 1, 10_000)
    form.demand()
    return CohortFacts(name, summary, given(zone), given(starts_on), given(places))


def read_team_rules(form: Form) -> TeamFacts:
    """Sizes and positions from a form; errors stay with the form."""
    least, most = form.integer("min_members", 1, 1000), form.integer("max_members", 1, 1000)
    positions = form.choices("eligible_positions", list(Position), required=True)
    if least and most and most < least:
        form.fail("max_members", Message("The most members can't be fewer than the least."))
    form.demand()
    return TeamFacts(given(least), given(most), tuple(positions))
