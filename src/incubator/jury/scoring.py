"""The official result of a jury: what the regulation says, in exact arithmetic, with the standard library alone.

Marks are whole thousandths of a point. A sheet's stored total is the whole number `sum(mark * weight)`; divided by the
sum of the weights it is the sheet's weighted mean. A project's exact result is the mean, the sum or the trimmed mean of
its sheets' totals. The official total is that result rounded once, by the rule of the round; it alone is compared, so
that two projects with the same published total always go through the published tie chain, and the exact result is kept
beside it for whoever recalculates. No result depends on the order of jurors, sheets or projects.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import groupby
from typing import Final
from uuid import UUID

POINT: Final = 1000
"""Thousandths in a point."""

TRIMMED_FROM: Final = 5
"""A trimmed mean drops the highest and the lowest sheet from this many sheets up; below, it is the plain mean."""

FIRST_PLACES: Final = "first_places"
EARLIER_APPLICATION: Final = "earlier_application"
VOTE: Final = "vote"
SHARED: Final = "shared"
CRITERION: Final = "criterion:"
"""Tie rules; the last is followed by the key of a criterion."""


Splits = tuple[tuple[str, int], ...]


class Aggregate(StrEnum):
    """How the totals of a project's sheets become its result."""

    MEAN = "mean"
    SUM = "sum"
    TRIMMED_MEAN = "trimmed_mean"


class Rounding(StrEnum):
    """What becomes of a digit exactly in the middle."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion, its scale in thousandths; raises ValueError where no sheet could be filled in."""

    key: str
    weight: int
    scale_min: int
    scale_max: int
    step: int

    def __post_init__(self) -> None:
        if self.weight < 1 or self.step < 1 or not 0 <= self.scale_min < self.scale_max:
            msg = f"criterion {self.key} has no usable weight, step or scale"
            raise ValueError(msg)

    def allows(self, mark: int) -> bool:
        """Whether a mark is on the scale and on a step of it."""
        return self.scale_min <= mark <= self.scale_max and (mark - self.scale_min) % self.step == 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """One juror's marks for one project, in the order of the criteria; None is a blank.

    A sheet that was skipped, abstained from or recused from is not handed in.
    """

    juror: Hashable
    project: UUID
    marks: tuple[int | None, ...]
    handed_in: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """What the regulation fixes before the round opens; `ties` are names of rules, applied in turn."""

    aggregate: Aggregate
    minimum_sheets: int
    ties: tuple[str, ...]
    decimals: int
    rounding: Rounding

    def __post_init__(self) -> None:
        # Words of another enumeration or of a database row are as good, but they must be known.
        Aggregate(self.aggregate), Rounding(self.rounding)
        if self.minimum_sheets < 1 or self.decimals < 0:
            msg = "a result needs at least one sheet and no fewer than nought decimals"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Tally:
    """What is stored of a project's sheets that count: their totals, and each criterion's sum of marks over them.

    `applied` is the rank of the application (lower is earlier; equal ranks decide nothing). `jurors` stand in the order
    of `totals`, and may be left out where the tie chain doesn't ask for first places.
    """

    project: UUID
    applied: int
    totals: Sequence[int]
    sums: Sequence[int]
    jurors: Sequence[Hashable] = ()


@dataclass(frozen=True, slots=True)
class ProjectResult:
    """Where a project stands. Without enough sheets it is not assessed: `place`, `total` and `exact` are None, never 0.

    `total` and `exact` are in points. `decided_by` is the tie rule that parted the project from those with an equal
    total (`shared` where none did), None where no other total was equal. `awaits_vote`: the chain has come to a vote
    that is not recorded yet. `splits`: each tie rule that parted the group in which the project stood, with the number
    of the part that it came into; see `parted_by`.
    """

    project: UUID
    place: int | None
    total: Decimal | None
    exact: Fraction | None
    sheets: int
    sums: tuple[int, ...]
    decided_by: str | None = None
    shared: bool = False
    awaits_vote: bool = False
    splits: Splits = ()

    @property
    def criterion_means(self) -> tuple[Fraction, ...]:
        """The mean mark of each criterion in points; empty while no sheet counts."""
        return tuple(Fraction(each, self.sheets * POINT) for each in self.sums) if self.sheets else ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """All projects: by place, those with one place in the order of application, then the ones not assessed."""

    results: tuple[ProjectResult, ...]

    @property
    def placed(self) -> tuple[ProjectResult, ...]:
        """The projects that have a place."""
        return tuple(each for each in self.results if each.place is not None)

    @property
    def not_assessed(self) -> tuple[ProjectResult, ...]:
        """The projects with too few sheets."""
        return tuple(each for each in self.results if each.place is None)


def is_complete(marks: Sequence[int | None], criteria: Sequence[Criterion]) -> bool:
    """Whether every criterion has a mark that its scale allows."""
    return len(marks) == len(criteria) and all(
        mark is not None and criterion.allows(mark) for mark, criterion in zip(marks, criteria, strict=True)
    )


def stored_total(marks: Sequence[int | None], criteria: Sequence[Criterion]) -> int:
    """The exact whole number to store with a sheet: the sum of mark times weight; ValueError unless it is complete."""
    total = 0
    for mark, criterion in zip(marks, criteria, strict=True):
        if mark is None or not criterion.allows(mark):
            msg = f"no mark for {criterion.key} on its scale"
            raise ValueError(msg)
        total += mark * criterion.weight
    return total


def sheet_total(marks: Sequence[int | None], criteria: Sequence[Criterion]) -> Fraction:
    """A sheet's weighted mean in points; ValueError unless every criterion has a mark that its scale allows."""
    return Fraction(stored_total(marks, criteria), _unit(criteria))


def rounded(value: Fraction, decimals: int, rounding: Rounding) -> Decimal:
    """A number of nought or more with that many decimals, rounded once."""
    return _decimal(_scaled(value.numerator, value.denominator, decimals, rounding), decimals)


def median(totals: Sequence[int], criteria: Sequence[Criterion]) -> Fraction:
    """The middle one of stored totals, or the mean of the two in the middle, in points; there must be one."""
    ordered, half = sorted(totals), len(totals) // 2
    return Fraction(ordered[half] + ordered[-half - 1], 2 * _unit(criteria))


def parted_by(one: Splits, other: Splits) -> str | None:
    """The tie rule that parted two projects of the same total, from their `splits`; None where they share a place."""
    return next((rule for (rule, part), (_, others) in zip(one, other, strict=False) if part != others), None)


def rank(
    criteria: Sequence[Criterion],
    sheets: Iterable[Sheet],
    applied: Mapping[UUID, int],
    rules: Rules,
    votes: Mapping[UUID, int] | None = None,
) -> Ranking:
    """The ranking of every project in `applied` (its rank of application) from sheets.

    Sheets that are not handed in or have a blank don't count. `votes` give each project of a tie that was put to the
    vote its rank by that vote, 1 the best (equal ranks decide nothing). ValueError for a mark off its scale, a second
    sheet of a juror for one project, or an unknown project.
    """
    by_project: dict[UUID, dict[Hashable, Sheet]] = {project: {} for project in applied}
    for sheet in sheets:
        if sheet.juror in by_project.get(sheet.project, (sheet.juror,)):
            msg = f"sheet of {sheet.juror} for {sheet.project}: a second one, or an unknown project"
            raise ValueError(msg)
        if sheet.handed_in and None not in sheet.marks:
            by_project[sheet.project][sheet.juror] = sheet
    tallies = (_tally(project, applied[project], counted, criteria) for project, counted in by_project.items())
    return from_totals(criteria, tallies, rules, votes)


def _tally(project: UUID, applied: int, counted: Mapping[Hashable, Sheet], criteria: Sequence[Criterion]) -> Tally:
    totals = [stored_total(sheet.marks, criteria) for sheet in counted.values()]
    marks = ([mark or 0 for mark in sheet.marks] for sheet in counted.values())
    sums = tuple(map(sum, zip(*marks, strict=True))) or (0,) * len(criteria)
    return Tally(project, applied, totals, sums, tuple(counted))


def from_totals(
    criteria: Sequence[Criterion],
    tallies: Iterable[Tally],
    rules: Rules,
    votes: Mapping[UUID, int] | None = None,
) -> Ranking:
    """The same ranking from stored totals; ValueError where a tie needs a criterion or jurors that are missing."""
    count = _Count(tuple(criteria), rules, votes or {})
    return count.ranking(list(tallies))


@dataclass(frozen=True, slots=True)
class _Standing:
    """An assessed project; `scaled` is its official total times ten to the power of the decimals."""

    tally: Tally
    exact: Fraction
    scaled: int


@dataclass(frozen=True, slots=True)
class _Part:
    """Projects of one total that no rule parts any more: what parted them from the others, what did so last."""

    group: list[_Standing]
    decided_by: str | None
    splits: Splits = ()
    awaits_vote: bool = False


class _Count:
    """One count of the marks."""

    def __init__(self, criteria: tuple[Criterion, ...], rules: Rules, votes: Mapping[UUID, int]) -> None:
        self._rules = rules
        self._votes = votes
        self._unit = _unit(criteria)
        self._places = {f"{CRITERION}{criterion.key}": place for place, criterion in enumerate(criteria)}
        self._assessed: list[_Standing] = []
        self._firsts: Counter[UUID] | None = None
        for rule in rules.ties:
            if rule not in self._places and rule not in {FIRST_PLACES, EARLIER_APPLICATION, VOTE, SHARED}:
                msg = f"unknown tie rule {rule}"
                raise ValueError(msg)

    def ranking(self, tallies: list[Tally]) -> Ranking:
        enough = self._rules.minimum_sheets
        self._assessed = [self._standing(each) for each in tallies if len(each.totals) >= enough]
        missing = sorted((each for each in tallies if len(each.totals) < enough), key=_listing)
        return Ranking(
            (
                *self._placed(),
                *(
                    ProjectResult(each.project, None, None, None, len(each.totals), tuple(each.sums))
                    for each in missing
                ),
            )
        )

    def _standing(self, tally: Tally) -> _Standing:
        total, count = sum(tally.totals), len(tally.totals)
        if self._rules.aggregate == Aggregate.SUM:
            count = 1
        elif self._rules.aggregate == Aggregate.TRIMMED_MEAN and count >= TRIMMED_FROM:
            total -= max(tally.totals) + min(tally.totals)
            count -= 2
        exact = Fraction(total, count * self._unit)
        return _Standing(
            tally, exact, _scaled(exact.numerator, exact.denominator, self._rules.decimals, self._rules.rounding)
        )

    def _placed(self) -> Iterator[ProjectResult]:
        place = 1
        ordered = sorted(self._assessed, key=lambda each: -each.scaled)
        for _, equal in groupby(ordered, key=lambda each: each.scaled):
            group = list(equal)
            parts = [_Part(group, None)] if len(group) == 1 else self._untied(group, self._rules.ties, ())
            for part in parts:
                for each in sorted(part.group, key=lambda each: _listing(each.tally)):
                    yield self._result(each, place, part)
                place += len(part.group)

    def _result(self, each: _Standing, place: int, part: _Part) -> ProjectResult:
        total = _decimal(each.scaled, self._rules.decimals)
        sheets, sums = len(each.tally.totals), tuple(each.tally.sums)
        return ProjectResult(
            each.tally.project, place, total, each.exact, sheets, sums, part.decided_by, len(part.group) > 1,
            part.awaits_vote, part.splits,
        )  # fmt: skip

    def _untied(self, group: list[_Standing], chain: tuple[str, ...], splits: Splits) -> Iterator[_Part]:
        """The group in parts, best first; `splits` have made it what it is."""
        for turn, rule in enumerate(chain, 1):
            if rule == VOTE and any(each.tally.project not in self._votes for each in group):
                # A later rule must not decide what the regulation gives to the vote.
                yield _Part(group, SHARED, splits, awaits_vote=True)
                return
            parts: defaultdict[Fraction | int, list[_Standing]] = defaultdict(list)
            for each in group:
                parts[self._merit(rule, each.tally)].append(each)
            if len(parts) > 1:
                for number, merit in enumerate(sorted(parts, reverse=True)):
                    part, now = parts[merit], (*splits, (rule, number))
                    yield from [_Part(part, rule, now)] if len(part) == 1 else self._untied(part, chain[turn:], now)
                return
        yield _Part(group, SHARED, splits)

    def _merit(self, rule: str, tally: Tally) -> Fraction | int:
        """What a tie rule compares; more is better."""
        if rule == FIRST_PLACES:
            return self._first_places()[tally.project]
        if rule == EARLIER_APPLICATION:
            return -tally.applied
        if rule == VOTE:
            return -self._votes[tally.project]
        return Fraction(tally.sums[self._places[rule]], len(tally.totals)) if rule in self._places else 0

    def _first_places(self) -> Counter[UUID]:
        """How many jurors gave each assessed project their highest total; a juror's shared first place counts for each.

        Counted only when a tie asks for it: it needs a look at every sheet of the round.
        """
        if self._firsts is None:
            best: dict[Hashable, int] = {}
            for juror, total, _ in self._given():
                if total > best.get(juror, -1):
                    best[juror] = total
            self._firsts = Counter(project for juror, total, project in self._given() if total == best[juror])
        return self._firsts

    def _given(self) -> Iterator[tuple[Hashable, int, UUID]]:
        """Every sheet of an assessed project: juror, total, project."""
        for each in self._assessed:
            for juror, total in zip(each.tally.jurors, each.tally.totals, strict=True):
                yield juror, total, each.tally.project


def _unit(criteria: Iterable[Criterion]) -> int:
    """What a stored total is divided by to be a number of points."""
    return POINT * sum(criterion.weight for criterion in criteria)


def _scaled(numerator: int, denominator: int, decimals: int, rounding: Rounding) -> int:
    scale: int = 10**decimals
    whole, rest = divmod(numerator * scale, denominator)
    past = 2 * rest - denominator
    return whole + (past > 0 or (past == 0 and (rounding == Rounding.HALF_UP or whole % 2 == 1)))


def _decimal(scaled: int, decimals: int) -> Decimal:
    # From text, because only that way no context of the moment can round it again.
    return Decimal(f"{scaled}E-{decimals}")


def _listing(tally: Tally) -> tuple[int, str]:
    # The order on the page among projects that share a place; the place is the same.
    return tally.applied, str(tally.project)
