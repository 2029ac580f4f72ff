"""Why a project stands where it does, in plain words: from the means of its criteria to its place. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from incubator.foundation.i18n import N_, Message, exact, number
from incubator.jury.result.snapshot import Result, Row, tie_words
from incubator.jury.scoring import CRITERION, POINT, SHARED, TRIMMED_FROM, parted_by
from incubator.programmes.blueprint import Aggregate

SHOWN = 4
"""Decimals of what isn't rounded by the rules."""
MOST_PLACES = 16
"""Decimals that are tried to tell two unrounded totals apart: fractions of sheets and weights differ long before."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one criterion gave: the mean mark, its share of the total weight, and both multiplied, in points."""

    title: str
    mean: str
    end: str
    weight: int
    gave: str


@dataclass(frozen=True, slots=True)
class Reasons:
    """A project's way to its place. `parts` add up to `together`; the sentences follow in the order of reading."""

    row: Row
    parts: tuple[Part, ...]
    weights: int
    together: str
    sentences: tuple[Message, ...]


def reasons(result: Result, row: Row) -> Reasons:
    """The way of one of the result's projects."""
    unit = sum(each.weight for each in result.rubric.criteria)
    gave = [mean * each.weight / unit for mean, each in zip(row.means, result.rubric.criteria, strict=False)]
    parts = tuple(
        Part(each.title, points(mean), points(Fraction(each.scale_max, POINT)), each.weight, points(share))
        for each, mean, share in zip(result.rubric.criteria, row.means, gave, strict=False)
    )
    said = [*_total(result, row), *_ties(result, row), *_near(result, row)]
    return Reasons(row, parts, unit, points(sum(gave, Fraction())), tuple(said))


def points(value: Fraction) -> str:
    """A number of points as people read it, not rounded before the fourth decimal."""
    scaled = round(value * 10**SHOWN)
    return number(Decimal(scaled).scaleb(-SHOWN))


def _total(result: Result, row: Row) -> Sequence[Message]:
    """From the sheets to the total by the formula of the rules."""
    if row.total is None:
        return [
            Message.count(
                "{n} sheet counts, and the rules ask for at least {least}. The project is not assessed; that is not a zero.",
                "{n} sheets count, and the rules ask for at least {least}. The project is not assessed; that is not a zero.",
                row.sheets, least=result.plan.minimum_sheets,
            )
        ]  # fmt: skip
    return [_counted(result, row, exact(row.total))]


def _counted(result: Result, row: Row, total: str) -> Message:
    n, plan = row.sheets, result.plan
    if plan.aggregate is Aggregate.SUM:
        return Message.count("The total of the only sheet counts: {total}.",
                             "The totals of all {n} sheets are added: {total}.", n, total=total)  # fmt: skip
    if plan.aggregate is Aggregate.TRIMMED_MEAN and n >= TRIMMED_FROM:
        return Message.count(
            "Of {n} sheet the highest and the lowest total are left out; the mean of the others is {total}.",
            "Of {n} sheets the highest and the lowest total are left out; the mean of the others is {total}.",
            n, total=total,
        )  # fmt: skip
    return Message.count(
        "The only sheet, rounded once to {decimals} decimals, is the total: {total}.",
        "The mean of {n} sheets, rounded once to {decimals} decimals, is the total: {total}.",
        n, total=total, decimals=plan.decimals,
    )  # fmt: skip


def _ties(result: Result, row: Row) -> Sequence[Message]:
    """Who has the same total, which rule parted them, and whether only rounding made the totals equal."""
    equal = [each for each in result.placed if each.total == row.total and each.project != row.project]
    beside = [each for each in equal if each.place == row.place]
    said = [] if row.total is None else [*_parted(result, row, equal), *_beside(row, beside)]
    return [*said, *_rounded(row, equal)] if said else []


def _beside(row: Row, beside: Sequence[Row]) -> Sequence[Message]:
    if not beside:
        return []
    if row.awaits_vote:
        return [
            Message(
                "The total is equal to that of {names}. The rules give the decision to a vote, which is not recorded yet.",
                names=_named(beside),
            )
        ]
    text = N_("The total is equal to that of {names}. No rule parted them: they share the place.")
    return [Message(text, names=_named(beside))]


def _parted(result: Result, row: Row, equal: Sequence[Row]) -> Iterator[Message]:
    """Those of the same total that stand higher or lower, by the rule that did it, with its figures where it has any."""
    words, told = tie_words(result.rubric), [each for each in equal if each.place != row.place]
    if not row.splits:  # a result of the time when only the last rule was kept
        if told and row.decided_by not in {None, SHARED}:
            text = N_("The total is equal to that of {names}. The order was decided {rule}.")
            yield Message(text, names=_named(told), rule=words[row.decided_by or ""])
        return
    titles = {f"{CRITERION}{each.key}": place for place, each in enumerate(result.rubric.criteria)}
    for (higher, rule), group in groupby(
        told, key=lambda each: (_before(each, row), parted_by(each.splits, row.splits))
    ):
        if rule in titles:
            at = titles[rule]
            names = _named(group, lambda each, at=at: f"{each.name} ({points(each.means[at])})")  # type: ignore[misc]
            yield _by_marks(names, words[rule], points(row.means[at]), higher=higher)
        elif rule is not None:
            yield _by_rule(_named(group), words[rule], higher=higher)


def _by_rule(names: str, rule: Message, *, higher: bool) -> Message:
    if higher:
        return Message("The same total and a higher place, decided {rule}: {names}.", rule=rule, names=names)
    return Message("The same total and a lower place, decided {rule}: {names}.", rule=rule, names=names)


def _by_marks(names: str, rule: Message, own: str, *, higher: bool) -> Message:
    if higher:
        text = N_("The same total and a higher place, decided {rule}: {names}; here the mean is {own}.")
        return Message(text, rule=rule, names=names, own=own)
    text = N_("The same total and a lower place, decided {rule}: {names}; here the mean is {own}.")
    return Message(text, rule=rule, names=names, own=own)


def _before(one: Row, other: Row) -> bool:
    return (one.place or 0) < (other.place or 0)


def _named(rows: Iterable[Row], words: Callable[[Row], str] = attrgetter("name"), between: str = ", ") -> str:
    names = [words(each) for each in rows]
    return between.join(names[:5]) + (" …" if len(names) > 5 else "")


# --- Rounding ---------------------------------------------------------------------------------------------------------


def _rounded(row: Row, equal: Sequence[Row]) -> Sequence[Message]:
    """That the totals are equal only since they were rounded, as the rules want it."""
    group = [row, *equal]
    if len({each.unrounded for each in group}) < 2 or any(each.unrounded is None for each in group):
        return []
    shown = _apart(group)
    return [
        Message("Before rounding the totals differ: {own} here; {others}. The rules compare rounded totals.",
                own=shown[row.project], others=_named(equal, lambda each: f"{each.name} {shown[each.project]}", "; "))
    ]  # fmt: skip


def _apart(group: Sequence[Row]) -> Mapping[UUID, str]:
    """Unrounded totals with as many decimals as tell the different ones apart."""
    exact = {each.project: each.unrounded or Fraction() for each in group}
    for places in range(SHOWN, MOST_PLACES):
        shown = {project: round(value * 10**places) for project, value in exact.items()}
        if len(set(shown.values())) == len(set(exact.values())):
            break
    return {project: number(Decimal(value).scaleb(-places)) for project, value in shown.items()}


def rounding_mattered(result: Result, called: Callable[[Row], str] = attrgetter("name")) -> Sequence[Message]:
    """Whether any place depends on the rounding of the totals: rounding keeps their order, so only equal ones can."""
    placed = result.placed
    if not placed or any(each.unrounded is None for each in placed):
        return []
    said = []
    for _, rows in groupby(placed, key=lambda each: each.total):
        group = list(rows)
        if len({each.unrounded for each in group}) < 2:
            continue
        shown = _apart(group)
        best = sorted(group, key=lambda each: -(each.unrounded or 0))
        said.append(
            Message("Rounding made these totals equal, and the rules for equal totals decided: {totals}.",
                    totals="; ".join(f"{called(each)} {shown[each.project]}" for each in best))
        )  # fmt: skip
    return said or [Message("No place depends on the rounding: unrounded totals give the same order.")]


def _near(result: Result, row: Row) -> Sequence[Message]:
    """What would have changed the place: the nearest other totals, and what one step of one juror is worth."""
    if row.place is None or row.total is None:
        return []
    own, totals = (
        Decimal(row.total),
        sorted({Decimal(each.total) for each in result.placed if each.total}, reverse=True),
    )
    at = totals.index(own)
    said = []
    if at:
        above = next(each for each in reversed(result.placed) if each.total and Decimal(each.total) == totals[at - 1])
        said.append(Message("The next higher total is {gap} points away: {name}, place {place}.",
                            gap=exact(str(totals[at - 1] - own)), name=above.name, place=above.place))  # fmt: skip
    else:
        said.append(Message("No total is higher."))
    if at + 1 < len(totals):
        below = next(each for each in result.placed if each.total and Decimal(each.total) == totals[at + 1])
        said.append(Message("The next lower total is {gap} points away: {name}, place {place}.",
                            gap=exact(str(own - totals[at + 1])), name=below.name, place=below.place))  # fmt: skip
    return [*said, *_step(result, row)]


def _step(result: Result, row: Row) -> Sequence[Message]:
    """What one juror's step on the heaviest criterion moves; not of a trimmed mean, where it depends on the sheet."""
    criteria = result.rubric.criteria
    if result.plan.aggregate is Aggregate.TRIMMED_MEAN and row.sheets >= TRIMMED_FROM:
        return []
    heaviest = max(criteria, key=lambda each: each.weight)
    worth = Fraction(heaviest.step * heaviest.weight, POINT * sum(each.weight for each in criteria))
    if result.plan.aggregate is not Aggregate.SUM:
        worth /= row.sheets
    step = points(Fraction(heaviest.step, POINT))
    return [Message("One juror's mark higher by {step} on the criterion “{title}” would have added {worth} points.",
                    step=step, title=heaviest.title, worth=points(worth))]  # fmt: skip
