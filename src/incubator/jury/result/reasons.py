"""Why a project stands where it does, in plain words: from the means of its criteria to its place. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from incubator.foundation.i18n import Message, exact, number
from incubator.jury.result.snapshot import Result, Row, tie_words
from incubator.jury.scoring import POINT, SHARED, TRIMMED_FROM
from incubator.programmes.blueprint import Aggregate

SHOWN = 4
"""Decimals of what isn't rounded by the rules."""


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
    """Who has the same total, and which rule parted them."""
    equal = [each.name for each in result.placed if each.total == row.total and each.project != row.project]
    if not equal or row.total is None:
        return []
    names = ", ".join(equal[:5]) + (" …" if len(equal) > 5 else "")
    if row.awaits_vote:
        return [
            Message(
                "The total is equal to that of {names}. The rules give the decision to a vote, which is not recorded yet.",
                names=names,
            )
        ]
    if row.decided_by in {None, SHARED}:
        return [
            Message("The total is equal to that of {names}. No rule parted them: they share the place.", names=names)
        ]
    rule = tie_words(result.rubric)[row.decided_by or ""]
    return [Message("The total is equal to that of {names}. The order was decided {rule}.", names=names, rule=rule)]


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
