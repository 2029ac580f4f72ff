"""What the advisory part shows: plots as rows for the drawing macros, and sentences. Pure: numbers come from the analysis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any
from uuid import UUID

from incubator.foundation.axes import Axis, axis
from incubator.foundation.i18n import Message, exact, number
from incubator.jury.analysis import Analysis, JurorFigures, ProjectFigures
from incubator.jury.analysis.telling import chance
from incubator.jury.result.rules import Reader
from incubator.jury.result.snapshot import Result, Row
from incubator.jury.result.sureness import (
    DASH,
    Namer,
    agreed,
    between,
    coefficients,
    figure,
    notes,
    other_weights,
    running_order,
    signed,
    without_one,
)
from incubator.jury.scoring import POINT

MOST_ROWS = 100
"""Projects in a plot, the best first; a plot of more says nothing."""
MOST_CHANCES = 20
SURE, NONE = 0.95, 0.05
SE95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture: its rows, its axis, and the sentence that it comes to."""

    rows: tuple[dict[str, Any], ...]
    axis: Axis
    says: object
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one reader is shown of the advisory part."""

    reader: Reader
    analysis: Analysis
    scores: Plot | None
    lines: tuple[str, ...]
    chances: Plot | None
    severities: Plot | None
    strips: Plot | None
    stability: tuple[object, ...]
    agreement: tuple[tuple[str, str, str], ...]
    agreed: object | None
    notes: tuple[object, ...]


def findings(
    analysis: Analysis,
    result: Result,
    reader: Reader,
    *,
    own_seat: UUID | None = None,
    mine: frozenset[UUID] = frozenset(),
    names: Mapping[UUID | str, str] | None = None,
) -> Findings:
    """What this reader sees; `own_seat` is his own if he judged here, `mine` his own projects, `names` hide the real ones."""

    def called(project: object) -> str:
        return str(project) if names is None else names[project.id]  # type: ignore[attr-defined]

    rows = {row.project: row for row in result.rows}
    shown = [each for each in analysis.projects if each.adjusted is not None]
    return Findings(
        reader, analysis, _scores(shown, rows, called, mine, analysis.top), _lines(shown, rows, called, analysis.top),
        _chances(shown, called, mine, analysis.top), _severities(analysis, reader, own_seat),
        _strips(result) if reader.inside else None,
        (*without_one(analysis, reader, called), *other_weights(analysis, called), *running_order(analysis)),
        tuple(coefficients(analysis)), agreed(analysis), (*notes(analysis, reader, names), *_left_out(result)),
    )  # fmt: skip


def _left_out(result: Result) -> list[Message]:
    """How many projects have sheets and no total, and so no chance of any place."""
    without = sum(1 for row in result.rows if row.sheets and row.total is None)
    told = Message.count(
        "{n} project without an official total is left out here, with its sheets.",
        "{n} projects without an official total are left out here, with their sheets.",
        without,
    )
    return [told] if without else []


def top_words(top: int) -> Message:
    """To be among the winners, as a chance is named."""
    if top == 1:
        return Message("to win")
    named = {3: Message("to be among the first three"), 5: Message("to be among the first five"),
             10: Message("to be among the first ten")}  # fmt: skip
    return named.get(top) or Message("to be among the first {n}", n=top)


# --- Projects ---------------------------------------------------------------------------------------------------------


def _scores(
    shown: Sequence[ProjectFigures], rows: Mapping[UUID, Row], called: Namer, mine: frozenset[UUID], top: int
) -> Plot | None:
    if not shown:
        return None
    drawn = shown[:MOST_ROWS]
    values = [value for each in drawn for value in (each.low, each.high, each.mean) if value is not None]
    return Plot(
        tuple(_score(each, rows, called, mine) for each in drawn), axis(min(values), max(values), most=7),
        _parted(shown, called, top), len(shown) - len(drawn),
    )  # fmt: skip


def _score(each: ProjectFigures, rows: Mapping[UUID, Row], called: Namer, mine: frozenset[UUID]) -> dict[str, Any]:
    row, (low, high) = rows[each.id.id], _interval(each)  # type: ignore[attr-defined]
    return {
        "label": called(each.id), "raw": each.mean, "value": each.adjusted, "start": low, "end": high,
        "mine": row.project in mine,
        "cells": [
            str(row.place or DASH), figure(each.mean), figure(each.adjusted), between(low, high),
            _places(each), number(each.sheets),
        ],
    }  # fmt: skip


def _interval(each: ProjectFigures) -> tuple[float | None, float | None]:
    """None for one without width: where the marks show no spread or no chance, it would look like certainty."""
    return (each.low, each.high) if each.standard_error else (None, None)


def _places(each: ProjectFigures) -> str:
    if each.place_low is None or each.place_low == each.place_high:
        return str(each.place_low or DASH)
    return f"{each.place_low}{DASH}{each.place_high}"


def _parted(shown: Sequence[ProjectFigures], called: Namer, top: int) -> Message | None:
    """Whether the marks part the last winner from the first who isn't one."""
    if len(shown) <= top:
        return None
    last, following = shown[top - 1], shown[top]
    if following.place == 1:
        return Message("By these marks the first projects can't be told apart: their adjusted scores are equal.")
    names = {"winner": called(last.id), "other": called(following.id)}
    if following.place == last.place:
        return Message(
            "{winner} and {other} have the same adjusted score: these marks don't say which is better.", **names
        )
    if (last.low or 0.0) >= (following.high or 0.0):
        return Message("The marks part {winner} from {other}: their intervals don't meet.", **names)
    if (last.chance_top or 0.0) >= SURE and (
        following.chance_top or 0.0
    ) <= NONE:  # they share jurors, and so their errors
        return Message(
            "The intervals of {winner} and {other} overlap, but compared with each other the marks part them: see the chances.",
            **names,
        )
    return Message(
        "The intervals of {winner} and {other} overlap: these marks alone don't say for sure which of the two is better.",
        **names,
    )


def _lines(shown: Sequence[ProjectFigures], rows: Mapping[UUID, Row], called: Namer, top: int) -> tuple[str, ...]:
    """Each project in one sentence."""
    return tuple(_line(each, rows[each.id.id], called, top) for each in shown[:MOST_ROWS])  # type: ignore[attr-defined]


def _line(each: ProjectFigures, row: Row, called: Namer, top: int) -> str:
    return str(
        Message(
            "{name}: score {total}; with the jurors' severity taken into account {adjusted} (95 % interval {interval}); "
            "chance {top} {chance}",
            name=called(each.id), total=exact(row.total), adjusted=figure(each.adjusted), interval=between(*_interval(each)),
            top=top_words(top), chance=chance(each.chance_top),
        )
    )  # fmt: skip


def _chances(shown: Sequence[ProjectFigures], called: Namer, mine: frozenset[UUID], top: int) -> Plot | None:
    ranked = sorted(shown, key=lambda each: -(each.chance_top or 0))[:MOST_CHANCES]
    if len(shown) <= top:
        return None
    rows = tuple(
        {"label": called(each.id), "value": each.chance_top, "words": chance(each.chance_top), "mean": None,
         "mine": each.id.id in mine, "cells": [chance(each.chance_top), _places(each)]}  # type: ignore[attr-defined]
        for each in ranked
    )  # fmt: skip
    return Plot(rows, axis(0, 1), _open(shown, called), len(shown) - len(ranked))


def _open(shown: Sequence[ProjectFigures], called: Namer) -> Message:
    """Between how many the marks leave it open."""
    undecided = [called(each.id) for each in shown if NONE < (each.chance_top or 0) < SURE]
    if not undecided:
        return Message("The marks leave nothing open: every chance is above 95 % or below 5 %.")
    names = ", ".join(undecided[:6]) + (" …" if len(undecided) > 6 else "")
    return Message.count(
        "It is open for {n} project (chance between 5 and 95 %): {names}.",
        "It is open for {n} projects (chance between 5 and 95 %): {names}.", len(undecided), names=names,
    )  # fmt: skip


# --- Jurors and criteria ----------------------------------------------------------------------------------------------


def _severities(analysis: Analysis, reader: Reader, own_seat: UUID | None) -> Plot | None:
    """All jurors before organisers, before a juror himself alone, before everybody nobody."""
    known = [each for each in analysis.jurors if each.severity is not None]
    if reader is not Reader.STAFF:
        known = [each for each in known if own_seat is not None and each.id.id == own_seat]  # type: ignore[attr-defined]
    if not known or not analysis.model.juror:  # without a difference there is nothing to draw, and a note says so
        return None
    known.sort(key=lambda each: each.severity or 0.0)
    alone = reader is not Reader.STAFF
    rows = tuple(_severity(each, alone=alone) for each in known[:MOST_ROWS])
    values = [0.0, *(row["start"] for row in rows), *(row["end"] for row in rows)]
    says = _own_severity(known[0]) if alone else _extremes(known)
    return Plot(rows, axis(min(values), max(values), most=7), says, len(known) - len(rows))


def _severity(each: JurorFigures, *, alone: bool) -> dict[str, Any]:
    severity, half = each.severity or 0.0, SE95 * (each.standard_error or 0.0)
    return {
        "label": str(Message("You")) if alone else str(each.id), "raw": None, "value": severity,
        "start": severity - half, "end": severity + half,
        "cells": [signed(severity), f"± {figure(half)}", number(each.sheets)],
    }  # fmt: skip


def _extremes(known: Sequence[JurorFigures]) -> Message:
    least, most = known[0], known[-1]
    return Message(
        "The harshest juror is {harsh} ({low} on every mark), the most lenient {lenient} ({high}).",
        harsh=str(least.id), low=signed(least.severity), lenient=str(most.id), high=signed(most.severity),
    )  # fmt: skip


def _own_severity(own: JurorFigures) -> Message:
    value = own.severity or 0.0
    if abs(value) < SE95 * (own.standard_error or 0.0):
        return Message("Your marks can't be told from the panel's: {value} on every mark.", value=signed(value))
    if value < 0:
        return Message("You were harsher than the panel: {value} on every mark.", value=signed(value))
    return Message("You were more lenient than the panel: {value} on every mark.", value=signed(value))


def _strips(result: Result) -> Plot | None:
    """Where the projects' means lie on each criterion's scale, as a share of it."""
    placed = [row for row in result.placed if row.sheets]
    if not placed:
        return None
    rows, spread = [], {}
    for place, each in enumerate(result.rubric.criteria):
        low, high = each.scale_min / POINT, each.scale_max / POINT
        means = sorted(float(row.means[place]) for row in placed)
        dots = [(mean - low) / (high - low) for mean in means]
        spread[each.title] = dots[-1] - dots[0]
        words = [figure(means[0]), figure(median(means)), figure(means[-1]), f"{number(low)}{DASH}{number(high)}"]
        rows.append({"label": each.title, "dots": dots, "middle": median(dots), "cells": words})
    return Plot(tuple(rows), axis(0, 1), _spread(spread))


def _spread(spread: Mapping[str, float]) -> Message | None:
    if len(spread) < 2:
        return None
    most, least = max(spread, key=lambda title: spread[title]), min(spread, key=lambda title: spread[title])
    return Message("The projects differ most by “{most}” and least by “{least}”.", most=most, least=least)
