"""The passports of the demo's municipalities. Every number is invented and says so in its source."""

from decimal import Decimal
from typing import Final

from incubator.programmes.facts import FactKey
from incubator.teams.passport import Entry, Facts

SOURCE: Final = "Вымышлено для демонстрации"
YEARS: Final = 10
WITHOUT: Final = frozenset({3, 9, 14})
"""Teams that have not filled in their passport; one of them finds that of the cohort before."""


def population(number: int, year: int, last: int) -> int:
    """Inhabitants of the nth municipality in a year: most places shrink, every fifth grows, none evenly."""
    today = 9_000 + (number * 7_919) % 61_000
    yearly = 0.006 if number % 5 == 4 else -0.004 - (number % 4) * 0.004
    wobble = 1 + ((year * 13 + number * 7) % 5 - 2) / 1000
    return round(today * (1 + yearly) ** (year - last) * wobble)


def facts(number: int, last: int) -> Facts:
    """The passport of the nth team with `last` as the newest year."""
    inhabitants = {year: population(number, year, last) for year in range(last - YEARS, last + 1)}
    years = range(last - 4, last + 1)
    natural = {year: -round(inhabitants[year] * (4 + (year + number) % 3) / 1000) for year in years}
    migration = {year: inhabitants[year] - inhabitants[year - 1] - natural[year] for year in years}
    wages = {last - age: 71_400 - number * 350 - age * 6_300 for age in range(3)}
    income = {last - age: 1_480 + number * 37 - age * 95 for age in range(3)}
    return {
        FactKey.POPULATION: _entries({year: value for year, value in inhabitants.items() if year > last - YEARS}),
        FactKey.NATURAL_GROWTH: _entries(natural),
        FactKey.MIGRATION_GROWTH: _entries(migration),
        FactKey.AVERAGE_WAGE: _entries(wages),
        FactKey.BUDGET_INCOME: _entries(income),
        FactKey.OWN_INCOME_SHARE: _entries({last: 31 + number % 17}),
    }


def _entries(values: dict[int, int]) -> tuple[Entry, ...]:
    return tuple(Entry(year, Decimal(value), SOURCE) for year, value in sorted(values.items()))
