"""What the organisation says of itself, the steps of the set-up, and who may change what. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from incubator.foundation.forms import Form
from incubator.foundation.i18n import MOSCOW, ZONES, Message
from incubator.foundation.owner import Owner
from incubator.people.rights import ORGANISERS, Relation, right
from incubator.people.rules import read_password

EDIT_INSTALLATION: Final = right(
    "installation.edit",
    allow=frozenset({Relation.ADMINISTRATOR}),
    forbid=ORGANISERS,
    reason=Message("Only the administrator of the installation can change this. Write to him if it is needed."),
)
ZONE_IDS: Final = [zone.id for zone in ZONES]
LONGEST: Final = 1000  # characters of the contact and of the operator's name and address

SET_UP_ALREADY: Final = Message(
    "This installation has its administrator already. Sign in, or ask him for an invitation."
)
WRONG_CODE: Final = Message(
    "This is not the set-up code. It stands in the window in which the command incubator run was started."
)


class Step(StrEnum):
    """The pages of the set-up, in their order. The last one makes the administrator and ends it."""

    ORGANISATION = "organisation"
    ZONE = "zone"
    MAIL = "mail"
    DEMO = "demo"
    ADMINISTRATOR = "administrator"


STEPS: Final = tuple(Step)
NAMES: Final = {
    Step.ORGANISATION: Message("Organisation"),
    Step.ZONE: Message("Time zone"),
    Step.MAIL: Message("Letters"),
    Step.DEMO: Message("Demonstration"),
    Step.ADMINISTRATOR: Message("Administrator"),
}
# What is typed on each page; never a password, for this is kept until the set-up is over.
FIELDS: Final = {
    Step.ORGANISATION: {"name_ru": 200, "name_en": 200, "help_contact": LONGEST, "operator": LONGEST},
    Step.ZONE: {"time_zone": 64},
    Step.MAIL: {"email": 254},
    Step.DEMO: {"begin": 10},
    Step.ADMINISTRATOR: {"name": 200, "email": 254},
}
FIRST_SEEN: Final = {Step.ZONE: {"time_zone": MOSCOW}, Step.DEMO: {"begin": "empty"}}


class Press(StrEnum):
    """The buttons of a page of the set-up."""

    NEXT = "next"
    BACK = "back"
    SKIP = "skip"
    TEST = "test"


class Done(StrEnum):
    """How somebody left a page of the set-up."""

    FILLED = "filled"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it was left: what was typed, and how."""

    typed: Mapping[str, str]
    done: Done | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the set-up has come."""

    pages: Mapping[Step, Page]

    def at(self, step: Step) -> Page:
        """A page; one that nobody has seen holds what it begins with."""
        return self.pages.get(step, Page(FIRST_SEEN.get(step, {})))

    @property
    def current(self) -> Step:
        """The first page that nobody has left for the next one."""
        return next((step for step in STEPS if self.at(step).done is None), STEPS[-1])

    @property
    def owner(self) -> Owner:
        """What was said of the organisation; a page that was skipped says nothing."""
        said = {**self._said(Step.ORGANISATION), **self._said(Step.ZONE)}
        return Owner(**{**said, "time_zone": said.get("time_zone") or MOSCOW})

    @property
    def wants_demo(self) -> bool:
        """Whether to begin with the demonstration."""
        return self._said(Step.DEMO).get("begin") == "demo"

    def _said(self, step: Step) -> Mapping[str, str]:
        page = self.at(step)
        return page.typed if page.done is Done.FILLED else {}


def neighbour(step: Step, by: int) -> Step:
    """The page before (-1) or after (1); the first and the last have themselves."""
    return STEPS[min(max(STEPS.index(step) + by, 0), len(STEPS) - 1)]


# Forms


def read_organisation(form: Form) -> dict[str, str]:
    """Names in both languages, whom to ask, who answers for personal data."""
    return {
        "name_ru": form.name("name_ru"),
        "name_en": form.name("name_en", required=False),
        "help_contact": form.text("help_contact", required=False, limit=LONGEST, lines=True),
        "operator": form.text("operator", required=False, limit=LONGEST, lines=True),
    }


def read_zone(form: Form) -> dict[str, str]:
    """The zone in which most people of the installation live."""
    return {"time_zone": form.choice("time_zone", ZONE_IDS) or ""}


def read_owner(form: Form) -> Owner:
    """The settings of the organisation as a whole."""
    return Owner(**read_organisation(form), **read_zone(form))


def read_beginning(form: Form) -> dict[str, str]:
    """With the demonstration, or with nothing."""
    return {"begin": form.choice("begin", ("empty", "demo")) or ""}


@dataclass(frozen=True, slots=True)
class Founder:
    """Who is going to be the first administrator."""

    name: str
    email: str
    password: str


def read_founder(form: Form) -> Founder:
    """Name, address and a good password."""
    name, email = form.name("name"), form.email("email")
    return Founder(name, email, read_password(form, "password", email))


def kept(form: Form, step: Step) -> dict[str, str]:
    """What was typed on a page, right or wrong, as far as it is kept."""
    return {name: form.raw(name).replace("\0", "")[:most] for name, most in FIELDS[step].items()}
