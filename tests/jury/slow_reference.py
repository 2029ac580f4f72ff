"""The jury's result worked out a second time, the slow way: fractions only, every project against every other.

It shares no line with `incubator.jury.scoring` and takes plain data, so that the two can be wrong only in the same way by
a misreading of the regulation.
"""

from fractions import Fraction
from math import floor


def sheet_points(marks, weights):
    """The weighted mean of one sheet in points."""
    return sum((Fraction(mark, 1000) * weight for mark, weight in zip(marks, weights, strict=True)), Fraction(0)) / sum(
        weights
    )


def exact_result(totals, aggregate):
    """Mean, sum, or the mean without the highest and the lowest of at least five."""
    ordered = sorted(totals)
    if aggregate == "sum":
        return sum(ordered, Fraction(0))
    if aggregate == "trimmed_mean" and len(ordered) >= 5:
        ordered = ordered[1:-1]
    return sum(ordered, Fraction(0)) / len(ordered)


def round_once(value, decimals, rounding):
    """The official total as a fraction."""
    unit = Fraction(1, 10**decimals)
    if rounding == "half_even":
        return round(value / unit) * unit
    return floor(value / unit + Fraction(1, 2)) * unit


def official(keys, weights, sheets, applied, rules, votes):
    """Per project: (place, total, exact, decided_by, shared, awaits_vote, {other: rule that parted them}), or None where it is not assessed.

    `sheets` are (juror, project, marks, handed_in); `rules` a mapping of the regulation's words.
    """
    counted = [sheet for sheet in sheets if sheet[3] and all(mark is not None for mark in sheet[2])]
    of = {project: [sheet for sheet in counted if sheet[1] == project] for project in applied}
    assessed = [project for project in applied if len(of[project]) >= rules["minimum_sheets"]]
    exact = {
        project: exact_result([sheet_points(sheet[2], weights) for sheet in of[project]], rules["aggregate"])
        for project in assessed
    }
    total = {project: round_once(exact[project], rules["decimals"], rules["rounding"]) for project in assessed}

    def firsts(project):
        count = 0
        for juror in {sheet[0] for sheet in counted}:
            mine = {
                sheet[1]: sheet_points(sheet[2], weights)
                for sheet in counted
                if sheet[0] == juror and sheet[1] in assessed
            }
            count += project in mine and all(mine[project] >= other for other in mine.values())
        return count

    def merit(rule, project):
        if rule == "first_places":
            return firsts(project)
        if rule == "earlier_application":
            return -applied[project]
        if rule == "vote":
            return -votes[project]
        if rule == "shared":
            return 0
        at = keys.index(rule.removeprefix("criterion:"))
        return Fraction(sum(sheet[2][at] for sheet in of[project]), len(of[project]))

    def standing(project):
        ahead = sum(total[other] > total[project] for other in assessed)
        peers = [other for other in assessed if total[other] == total[project]]
        decided_by = None
        awaits = False
        parted = {}
        for rule in rules["ties"]:
            if len(peers) == 1:
                break
            if rule == "vote" and not all(peer in votes for peer in peers):
                awaits = True
                break
            own = merit(rule, project)
            ahead += sum(merit(rule, peer) > own for peer in peers)
            parted |= {peer: rule for peer in peers if merit(rule, peer) != own}
            peers = [peer for peer in peers if merit(rule, peer) == own]
            if len(peers) == 1:
                decided_by = rule
        shared = len(peers) > 1
        return 1 + ahead, total[project], exact[project], "shared" if shared else decided_by, shared, awaits, parted

    return {project: standing(project) if project in assessed else None for project in applied}
