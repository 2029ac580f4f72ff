"""Who sees what of a result, and what the jury decides together between the lock and the publication. Pure."""

from dataclasses import dataclass
from enum import Enum, StrEnum

from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Refused
from incubator.jury.rules import ADMINISTRATOR, CHOOSE_PROJECT, CONFLICTED, VALUES, RoundState
from incubator.people.rights import ORGANISER, Relation, Standing, right

MOST_VOTES = 1000
TEXT_LIMIT = 2000

DELIBERATE = right(
    "ranking.deliberate", allow=ORGANISER | {Relation.JUROR},
    forbid=CONFLICTED | ADMINISTRATOR | {Relation.JUROR_CONFLICTED}, strict=True,
    reason=Message("The jury deliberates without those who have a conflict of interest with any of its projects."),
)  # fmt: skip
WITHOUT_SHEETS = right(
    "score_other.deliberate", allow=frozenset(), forbid=frozenset(Relation),
    reason=Message("In this deliberation jurors see the ranking, and not each other's marks."),
)  # fmt: skip
ADVICE_KEPT = right(
    "ranking.advice", allow=frozenset(), forbid=frozenset(Relation),
    reason=Message("The advisory part of this result was not published."),
)  # fmt: skip


class Reader(Enum):
    """As whom one reads the advisory part: jurors' names are for organisers only, severities for them and each his own."""

    STAFF = "staff"
    JURY = "jury"
    EVERYBODY = "everybody"

    @property
    def inside(self) -> bool:
        """Whether one sees what was not published: means by criterion, other weights."""
        return self is not Reader.EVERYBODY


@dataclass(frozen=True, slots=True)
class Table:
    """Whether the jury sits over a round now, and whether it sees its sheets."""

    open: bool = False
    shows_sheets: bool = False


def reader_of(standing: Standing, state: RoundState, table: Table, *, published: bool) -> Reader | None:
    """As whom one may read the advisory part now, None: not at all. `published`: it was published with the result."""
    if state in {RoundState.DRAFT, RoundState.OPEN}:
        return None
    if standing.may(VALUES):
        return Reader.STAFF
    if state is RoundState.LOCKED:
        return Reader.JURY if table.open and standing.may(DELIBERATE) else None
    return Reader.EVERYBODY if published else None


# --- Decisions --------------------------------------------------------------------------------------------------------


class DecisionKind(StrEnum):
    """What a decision of the jury is about; only the first two name a project."""

    AWARD = "award"
    MENTION = "mention"
    OTHER = "other"


KIND_WORDS = {
    DecisionKind.AWARD: Message("Award category"),
    DecisionKind.MENTION: Message("Special mention"),
    DecisionKind.OTHER: Message("Another decision"),
}


DECIDED_WORDS = {
    DecisionKind.AWARD: Message("Award category"),
    DecisionKind.MENTION: Message("Special mention of the jury"),
    DecisionKind.OTHER: Message("Collective decision of the jury"),
}
"""What an adopted decision is, for whoever reads the result."""


@dataclass(frozen=True, slots=True)
class Motion:
    """What was put to the vote, about which project (its id as text, "" for none), and how the votes fell."""

    kind: DecisionKind
    title: str
    text: str
    project: str
    votes_for: int
    votes_against: int
    abstained: int

    @property
    def votes(self) -> int:
        """All who took part in the vote."""
        return self.votes_for + self.votes_against + self.abstained


def read_motion(form: Form, projects: list[str]) -> Motion:
    """A motion with its votes from its form; `projects` are ids that may be named. Raises Invalid."""
    kind = form.choice("kind", DecisionKind)
    title, text = form.text("title"), form.text("text", required=False, limit=TEXT_LIMIT, lines=True)
    named = kind in {DecisionKind.AWARD, DecisionKind.MENTION}
    project = form.choice("project", projects, required=named, missing=CHOOSE_PROJECT)
    counts = [form.integer(name, 0, MOST_VOTES) for name in ("votes_for", "votes_against", "abstained")]
    form.demand()
    about = (project or "") if kind is not DecisionKind.OTHER else ""
    return Motion(given(kind), title, text, about, *map(given, counts))


def demand_votes(motion: Motion, *, sitting: int, quorum: int) -> None:
    """Pass if as many took part as a decision takes, and no more than sit on the jury."""
    if motion.votes > sitting:
        raise Refused(
            Message(
                "{votes} votes were cast, and only {sitting} jurors vote in this round.",
                votes=motion.votes,
                sitting=sitting,
            )
        )
    if motion.votes < quorum:
        raise Refused(
            Message("There is no quorum: {present} of at least {quorum} jurors took part in the vote.",
                    present=motion.votes, quorum=quorum)
        )  # fmt: skip
