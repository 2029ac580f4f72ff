"""The facts of a municipality that its passport holds: what is asked, in what unit, and what would be unlikely. Pure.

A fact is stated once, with a year and a source for each number, and then offered wherever a form asks for it: a field of
an assignment names it (`fact = "population"` in a blueprint). One more fact is one more line of FACTS.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from incubator.foundation.i18n import Message


class FactKey(StrEnum):
    """What the passport of a municipality states."""

    POPULATION = "population"
    NATURAL_GROWTH = "natural_growth"
    MIGRATION_GROWTH = "migration_growth"
    AVERAGE_WAGE = "average_wage"
    UNEMPLOYMENT = "unemployment"
    BUDGET_INCOME = "budget_income"
    OWN_INCOME_SHARE = "own_income_share"
    SMALL_BUSINESSES = "small_businesses"
    NEW_HOUSING = "new_housing"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. Values beyond `low` and `high`, or that change by more than `leap` (a share) in a year, are unlikely.

    `years` is how many years the passport asks for; a fact with several is drawn as a line. `whole`: no decimals.
    """

    key: FactKey
    label: Message
    unit: Message
    low: Decimal
    high: Decimal
    leap: Decimal | None
    years: int = 1
    whole: bool = False


def _fact(
    key: FactKey,
    label: Message,
    unit: Message,
    low: int,
    high: int,
    *,
    leap: str = "",
    years: int = 3,
    whole: bool = False,
) -> Fact:
    return Fact(key, label, unit, Decimal(low), Decimal(high), Decimal(leap) if leap else None, years, whole)


PERCENT: Final = Message("%")
FACTS: Final = {
    fact.key: fact
    for fact in (
        _fact(FactKey.POPULATION, Message("Population at the beginning of the year"), Message("people"),
              300, 2_000_000, leap="0.1", years=10, whole=True),
        _fact(FactKey.NATURAL_GROWTH, Message("Natural growth: births less deaths"), Message("people a year"),
              -30_000, 30_000, years=5, whole=True),
        _fact(FactKey.MIGRATION_GROWTH, Message("Migration growth: arrivals less departures"), Message("people a year"),
              -30_000, 30_000, years=5, whole=True),
        _fact(FactKey.AVERAGE_WAGE, Message("Average monthly wage"), Message("roubles"), 20_000, 400_000, leap="0.4"),
        _fact(FactKey.UNEMPLOYMENT, Message("Registered unemployment"), PERCENT, 0, 30),
        _fact(FactKey.BUDGET_INCOME, Message("Income of the budget"), Message("million roubles"), 5, 300_000, leap="0.6"),
        _fact(FactKey.OWN_INCOME_SHARE, Message("Own income as a share of the budget"), PERCENT, 0, 100),
        _fact(FactKey.SMALL_BUSINESSES, Message("Small and medium businesses"), Message("businesses"), 1, 200_000, leap="0.5", whole=True),
        _fact(FactKey.NEW_HOUSING, Message("Housing built"), Message("m² a year"), 0, 3_000_000),
    )
}  # fmt: skip
"""Every fact in the order of the page."""
