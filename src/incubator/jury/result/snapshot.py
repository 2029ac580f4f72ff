"""The result of a round as people read it: the same pure function makes the page before and the snapshot at publication."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from itertools import groupby
from statistics import median
from typing import Any
from uuid import UUID

from incubator.foundation.i18n import Message
from incubator.jury import scoring
from incubator.jury.rubric import (
    Rubric,
    criterion_of,
    plan_document,
    read_plan,
    rubric_document,
    rubric_of,
    scoring_rules,
)
from incubator.jury.scoring import ProjectResult, Rules, Splits, Tally
from incubator.programmes.blueprint import JuryPlan


@dataclass(frozen=True, slots=True)
class Contender:
    """A project with its sheets that count; `barred`: it can't be assessed whatever it has (see `rules.assessable`)."""

    tally: Tally
    team: UUID
    name: str
    title: str
    municipality: str
    barred: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A project in the result. `total` and `median` are exact decimals as text; None: not assessed.

    `exact` is the fraction that was rounded to the total, `splits` say which rules parted it from equal totals.
    """

    project: UUID
    team: UUID
    name: str
    title: str
    municipality: str
    place: int | None
    total: str | None
    median: str | None
    sheets: int
    sums: tuple[int, ...]
    decided_by: str | None = None
    shared: bool = False
    awaits_vote: bool = False
    exact: str | None = None
    splits: Splits = ()

    @property
    def unrounded(self) -> Fraction | None:
        """The total before it was rounded; None also in a result that was published when that was not kept."""
        return None if self.exact is None else Fraction(self.exact)

    @property
    def means(self) -> tuple[Fraction, ...]:
        """The mean mark of each criterion, in points."""
        return tuple(Fraction(each, self.sheets * scoring.POINT) for each in self.sums) if self.sheets else ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What the jury decided together besides the places: an award, a mention, or anything else; and the votes.

    `project` and `team` are None where it is about none.
    """

    kind: str
    title: str
    text: str
    project: str | None
    team: str | None
    votes_for: int
    votes_against: int
    abstained: int

    @property
    def adopted(self) -> bool:
        """Whether more voted for it than against it."""
        return self.votes_for > self.votes_against


COHORT_FROM = 5
"""Projects from which on a team sees the median of all beside its own means: of fewer it would tell single ones."""


@dataclass(frozen=True, slots=True)
class Result:
    """All projects, the placed ones first, with the criteria and rules that decided.

    `decisions` are those that the jury adopted; `advice` whether the advisory part is published with it; `voted`
    whether a vote on a tie is recorded (a snapshot keeps what it decided, not that).
    """

    rubric: Rubric
    plan: JuryPlan
    rows: tuple[Row, ...]
    decisions: tuple[Decision, ...] = ()
    advice: bool = False
    voted: bool = field(default=False, compare=False)

    @property
    def placed(self) -> list[Row]:
        """The projects that have a place, by place."""
        return [row for row in self.rows if row.place is not None]

    @property
    def not_assessed(self) -> list[Row]:
        """The projects with too few sheets, in the order of application."""
        return [row for row in self.rows if row.place is None]

    @property
    def awaiting_vote(self) -> list[list[Row]]:
        """Groups of tied projects that those present have to vote on."""
        waiting = [row for row in self.rows if row.awaits_vote]
        return [list(group) for _, group in groupby(waiting, key=lambda row: row.place)]

    @property
    def outcome(self) -> str:
        """A short word for places and totals: two results with the same one say the same of every project."""
        said: list[object] = [(str(row.project), row.place, row.total, row.shared) for row in self.rows]
        said += [list(asdict(each).values()) for each in self.decisions]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]

    @property
    def medians(self) -> list[Fraction]:
        """The median of the placed projects' means by criterion, in points; empty for too few projects."""
        placed = [row.means for row in self.placed if row.sheets]
        return [median(means) for means in zip(*placed, strict=True)] if len(placed) >= COHORT_FROM else []

    def document(self) -> str:
        """The result as the JSON of a snapshot."""
        return json.dumps(
            {
                "criteria": json.loads(rubric_document(self.rubric)),
                "plan": json.loads(plan_document(self.plan)),
                "rows": [_row_document(row) for row in self.rows],
                "medians": [str(each) for each in self.medians],
                "decisions": [asdict(each) for each in self.decisions],
                "advice": self.advice,
            },
            ensure_ascii=False,
        )


def result_of(
    rubric: Rubric, plan: JuryPlan, contenders: Iterable[Contender], votes: Mapping[UUID, int] | None = None
) -> Result:
    """Count the sheets of every project by the round's rules."""
    known = {each.tally.project: each for each in contenders}
    # A barred project goes into the count without its sheets, so that it can't take a place or win a tie.
    tallies = [_barred(each.tally, rubric) if each.barred else each.tally for each in known.values()]
    rules = scoring_rules(plan)
    ranking = scoring.from_totals(rubric.scoring, tallies, rules, votes)
    rows = tuple(_row(known[each.project], each, rubric, rules) for each in ranking.results)
    return Result(rubric, plan, rows, voted=bool(votes))


def _barred(tally: Tally, rubric: Rubric) -> Tally:
    return Tally(tally.project, tally.applied, (), (0,) * len(rubric.scoring))


def _row(known: Contender, found: ProjectResult, rubric: Rubric, rules: Rules) -> Row:
    tally = known.tally
    placed = found.total is not None
    middle = scoring.median(tally.totals, rubric.scoring) if placed else None
    return Row(
        project=found.project, team=known.team, name=known.name, title=known.title, municipality=known.municipality,
        place=found.place, total=str(found.total) if placed else None,
        median=None if middle is None else str(scoring.rounded(middle, rules.decimals, rules.rounding)),
        sheets=len(tally.totals), sums=tuple(tally.sums), decided_by=found.decided_by, shared=found.shared,
        awaits_vote=found.awaits_vote, exact=None if found.exact is None else str(found.exact), splits=found.splits,
    )  # fmt: skip


FIELDS = ("place", "total", "median", "sheets", "decided_by", "shared", "name", "title", "municipality", "exact",
          "splits")  # fmt: skip


def _row_document(row: Row) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in FIELDS}
    return {"project": str(row.project), "team": str(row.team), "sums": row.sums, **shown}


def read_row(document: Mapping[str, Any]) -> Row:
    """A row from its part of a snapshot."""
    ids = {"project": UUID(document["project"]), "team": UUID(document["team"]), "sums": tuple(document["sums"])}
    splits = tuple((rule, part) for rule, part in document.get("splits", ()))
    return Row(**{**document, **ids, "splits": splits})


def read_result(document: str) -> Result:
    """A result from its snapshot."""
    raw = json.loads(document)
    rubric = rubric_of(criterion_of(each) for each in raw["criteria"])
    decisions = tuple(Decision(**each) for each in raw["decisions"])
    rows = tuple(map(read_row, raw["rows"]))
    return Result(rubric, read_plan(json.dumps(raw["plan"])), rows, decisions, raw["advice"])


def tie_words(rubric: Rubric) -> dict[str, Message]:
    """What each tie rule is called, for a line that it decided."""
    by_criterion = {
        f"{scoring.CRITERION}{each.key}": Message("by the criterion “{title}”", title=each.title)
        for each in rubric.criteria
    }
    return {
        **by_criterion,
        scoring.FIRST_PLACES: Message("by the number of first places"),
        scoring.EARLIER_APPLICATION: Message("by the earlier application"),
        scoring.VOTE: Message("by a vote of those present"),
        scoring.SHARED: Message("the place is shared"),
    }


def profile(rubric: Rubric, row: Row) -> Sequence[tuple[str, Fraction, Fraction]]:
    """A project's criteria with its mean mark and the end of the scale, in points."""
    ends = (Fraction(each.scale_max, scoring.POINT) for each in rubric.criteria)
    titles = (each.title for each in rubric.criteria)
    return list(zip(titles, row.means, ends, strict=True)) if row.sheets else []
