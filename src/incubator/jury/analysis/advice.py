"""The advisory result as a whole: fits the model, gathers the figures, and says why one of them is missing."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from incubator.foundation.i18n import Message
from incubator.foundation.locales import N_
from incubator.jury.analysis.agreement import agreement, all_equal
from incubator.jury.analysis.crossing import Array, Crossing
from incubator.jury.analysis.design import Design, design, natural
from incubator.jury.analysis.effects import LISTED, Fitted, fitted, places
from incubator.jury.analysis.figures import (
    ENOUGH,
    Agreement,
    Analysis,
    Component,
    JurorFigures,
    Marks,
    Model,
    Note,
    ProjectFigures,
    Reliability,
)
from incubator.jury.analysis.mixed import Equations, Fit, fit
from incubator.jury.analysis.stability import EQUAL, NORMAL, leave_one_out, order_effect, weight_band

Row = TypeVar("Row", ProjectFigures, JurorFigures)

LARGEST = 4_000
"""Levels of the smaller factor up to which the model is fitted: its equations are a full matrix."""

FEW_PROJECTS, FEW_JURORS = 10, 5
"""Below these the fitted variances are so unsure that the intervals, which take them for true, are told to be short."""

NAMED = 12
"""Names in a note."""


def advise(marks: Marks, weights: Mapping[str, float] | None, *, top: int, band: float, seed: int) -> Analysis:
    """The advisory result of marks in columns; see `analyse`."""
    return _Advice(design(marks, weights), top, band, seed).analysis()


@dataclass
class _Advice:
    """One analysis on its way."""

    design: Design
    top: int
    band: float
    seed: int
    notes: list[Note] = field(default_factory=list)

    def analysis(self) -> Analysis:
        design = self.design
        parts = design.components()
        connected = len(parts) == 1
        self._on_sheets()
        self._on_components(parts)
        fit = self._fit(parts)
        ranked = self._ranked(fit) if connected else np.zeros(0, int)
        weights = zip(map(str, design.criteria), design.shares.tolist(), strict=True)
        result = Analysis(
            sheets=len(design.y), top=self.top, model=_model(fit), connected=connected, components=parts,
            complete=design.complete, projects=self._projects(fit, ranked),
            jurors=self._jurors(fit if connected else None), agreement=self._agreement(),
            weights={name: weight for name, weight in weights if name}, reliability=_reliability(design, fit),
        )  # fmt: skip
        return replace(self._stable(result, fit, ranked), notes=tuple(self.notes))

    def _say(self, about: str, text: str, /, **params: object) -> None:
        self.notes.append(Note(about, Message(text, **params)))

    # --- What the marks allow -----------------------------------------------------------------------------------------

    def _on_sheets(self) -> None:
        design = self.design
        if design.incomplete:
            left_out = Message.count(
                "{n} sheet without a mark for every criterion is left out, as in the official result",
                "{n} sheets without a mark for every criterion are left out, as in the official result",
                design.incomplete,
            )
            self.notes.append(Note("sheets", left_out))
        if design.unweighted:
            self._say("criteria", N_("left out for want of a weight: {names}"), names=_some(design.unweighted))
        for about, idle in (("projects", design.idle_projects), ("jurors", design.idle_jurors)):
            if idle:
                self._say(about, N_("without a sheet that counts: {names}"), names=_some(idle))

    def _on_components(self, parts: Sequence[Component]) -> None:
        if len(parts) < 2:
            return
        smallest = "; ".join(f"{_some(part.projects)} – {_some(part.jurors)}" for part in parts[1:4])
        text = N_(
            "no scores and no severities: jurors and projects fall into {n} groups that share no sheet, so nothing shows "
            "whose jurors are harsher. Beside the largest group: {groups}"
        )
        self._say("adjusted", text, n=len(parts), groups=smallest + (" …" if len(parts) > 4 else ""))

    def _fit(self, parts: Sequence[Component]) -> Fitted | None:
        """The model of all sheets; None with a note where they can't tell its parts from each other."""
        sizes = (len(self.design.projects), len(self.design.jurors))
        if reason := self._obstacle(sizes, len(parts)):
            self._say("model", reason)
            return None
        found = self._found(*sizes)
        if not found.converged:
            self._say("model", N_("the fit has not converged: take its figures with care"))
        if all_equal(self.design.y):
            self._say("model", N_("all marks are equal: there is nothing to adjust"))
        elif found.project == 0:
            text = N_(
                "the projects don't differ by more than chance and severity explain: all get one score, and no interval; that "
                "is no proof that they are equal"
            )
            self._say("adjusted", text)
        elif found.residual == 0:
            text = N_("the marks are exactly a project's part and a juror's part: the model sees no chance in them")
            self._say("standard_error", text)
        if found.juror == 0 and not all_equal(self.design.y):
            text = N_(
                "the jurors don't differ in severity by more than chance explains: nothing is taken out, and the severity of "
                "each is 0; that is no proof that they are equally severe"
            )
            self._say("severity", text)
        if found.project > 0 and found.residual > 0 and (sizes[0] < FEW_PROJECTS or sizes[1] < FEW_JURORS):
            text = N_(
                "so few jurors or projects hardly show how much they vary: intervals and chances are somewhat too sure, and "
                "95 % is nearer 90 %"
            )
            self._say("standard_error", text)
        if self.design.complete and found.project > 0:
            text = N_(
                "every juror scored every project: the adjustment changes no place; it draws all means towards their "
                "middle"
            )
            self._say("adjusted", text)
        return found

    def _obstacle(self, sizes: tuple[int, int], parts: int) -> str:
        if min(sizes) < 2:
            return N_("nothing can be fitted: it takes two projects and two jurors with sheets at least")
        if len(self.design.y) - sum(sizes) + parts < 1:
            return N_("nothing can be fitted: with so few sheets severity can't be told from chance")
        if min(sizes) > LARGEST:
            return N_("nothing is fitted: more projects and jurors than the equations can hold")
        return ""

    def _found(self, projects: int, jurors: int) -> Fitted:
        design, swapped = self.design, projects > jurors
        crossing = Crossing(design.project, design.juror, projects, jurors)
        if swapped:
            crossing = Crossing(design.juror, design.project, jurors, projects)
        if all_equal(design.y):
            level = Fit(Equations(crossing, np.zeros(len(design.y)), np.zeros(2)), True, False, 1)
            return fitted(level, swapped=swapped, shift=float(design.y[0]), unit=1.0)
        shift, unit = float(design.y.mean()), float(design.y.std())
        return fitted(fit(crossing, (design.y - shift) / unit), swapped=swapped, shift=shift, unit=unit)

    def _ranked(self, fit: Fitted | None) -> Array:
        """Projects that get a place."""
        design = self.design
        few = np.flatnonzero(design.project_sheets < ENOUGH)
        if fit and len(few):
            names = _some([design.projects[place] for place in few])
            self._say("adjusted", N_("no score with fewer than {n} sheets: {names}"), n=ENOUGH, names=names)
        return np.flatnonzero(design.project_sheets >= ENOUGH) if fit else few[:0]

    def _on_order(self, result: Analysis, fit: Fitted) -> None:
        """Why there is no order effect where turns are given."""
        order = self.design.order
        if result.order is not None or np.isnan(order).all():
            return
        if np.isnan(order).any():
            self._say("order", N_("no effect of the running order: the turn of some sheets is not known"))
        elif np.ptp(order) == 0:
            self._say("order", N_("no effect of the running order: all sheets have the same turn"))
        elif fit.residual == 0:
            self._say(
                "order", N_("no effect of the running order: there is no chance in these marks to compare it with")
            )

    # --- Rows ---------------------------------------------------------------------------------------------------------

    def _projects(self, fit: Fitted | None, ranked: Array) -> tuple[ProjectFigures, ...]:
        design = self.design
        means = np.bincount(design.project, design.y, len(design.projects)) / np.maximum(design.project_sheets, 1)
        rows = [
            ProjectFigures(name, int(sheets), float(mean))
            for name, sheets, mean in zip(design.projects, design.project_sheets, means, strict=True)
        ]
        if fit and len(ranked):
            for place, figures in zip(ranked, self._figures(fit, ranked), strict=True):
                rows[place] = replace(rows[place], **figures)
        rows = _by_name(rows, [ProjectFigures(name, 0) for name in design.idle_projects])
        return tuple(sorted(rows, key=lambda row: (row.place is None, row.place or 0)))

    def _figures(self, fit: Fitted, ranked: Array) -> list[dict[str, Any]]:
        effects, found = fit.projects, places(fit, ranked, self.top, self.seed)
        adjusted, error = fit.intercept + effects.value[ranked], effects.standard_error[ranked]
        place = _place(effects.value[ranked] / fit.unit)
        columns: dict[str, Array] = {
            "adjusted": adjusted, "standard_error": error, "low": adjusted - NORMAL * error,
            "high": adjusted + NORMAL * error, "place": place, "place_low": np.minimum(found.low, place),
            "place_high": np.maximum(found.high, place), "chance_top": np.round(found.top, 4),
            "prediction_error": effects.prediction_error[ranked],
        }  # fmt: skip
        listed = {name: column.tolist() for name, column in columns.items()}
        rows = [dict(zip(listed, row, strict=True)) for row in zip(*listed.values(), strict=True)]
        for row, chances in zip(rows, np.round(found.chances, 4).tolist(), strict=True):
            row["chances"] = tuple(chances)
        if len(ranked) > LISTED:
            self._say("chances", N_("the chance of each place is listed for up to {n} projects"), n=LISTED)
        return rows

    def _jurors(self, fit: Fitted | None) -> tuple[JurorFigures, ...]:
        design = self.design
        rows = [JurorFigures(*row) for row in zip(design.jurors, design.juror_sheets.tolist(), strict=True)]
        if fit:
            parts = (fit.jurors.value + 0.0, fit.jurors.standard_error, fit.jurors.prediction_error)
            columns = zip(*(part.tolist() for part in parts), strict=True)
            rows = [JurorFigures(row.id, row.sheets, *more) for row, more in zip(rows, columns, strict=True)]
        return tuple(_by_name(rows, [JurorFigures(name, 0) for name in design.idle_jurors]))

    def _agreement(self) -> Agreement:
        design, found = self.design, agreement(self.design)
        if all_equal(design.y):
            self._say("agreement", N_("undefined: no mark differs from another"))
        elif len(design.projects) < 2 or len(design.jurors) < 2:
            self._say("agreement", N_("undefined: it takes two projects and two jurors"))
        elif not design.complete:
            text = N_("ICC and Kendall's W are undefined with gaps: they need every juror's mark for every project")
            self._say("agreement", text)
        elif None in {found.icc_2_1, found.icc_2_k, found.icc_3_1, found.icc_3_k, found.kendall_w}:
            self._say("agreement", N_("some coefficients are undefined: what they compare does not vary"))
        if found.krippendorff_alpha is None and not all_equal(design.y):
            self._say("krippendorff_alpha", N_("undefined: no project has two marks that differ from others"))
        return found

    # --- What the winners depend on -----------------------------------------------------------------------------------

    def _stable(self, result: Analysis, fit: Fitted | None, ranked: Array) -> Analysis:
        design, top = self.design, min(self.top, len(ranked))
        if fit is None:
            return result
        result = replace(result, order=order_effect(design.order, fit))
        self._on_order(result, fit)
        if not top or fit.project == 0:
            return result
        result = replace(result, leave_one_out=leave_one_out(design, fit, ranked, top))
        if len(design.criteria) < 2:
            return result
        return replace(result, weight_band=weight_band(design, fit, ranked, top, self.band))


def _by_name(busy: list[Row], idle: list[Row]) -> list[Row]:
    """All rows by name; the busy ones come so."""
    return sorted(busy + idle, key=lambda row: natural(row.id)) if idle else busy


def _model(fit: Fitted | None) -> Model:
    if fit is None:
        return Model()
    return Model(fit.intercept, fit.project, fit.juror, fit.residual, fit.converged, fit.evaluations)


def _reliability(design: Design, fit: Fitted | None) -> Reliability | None:
    if fit is None or fit.project + fit.juror + fit.residual == 0:
        return None
    sheets = len(design.projects) / float(np.sum(1 / design.project_sheets))
    noise, apart = fit.juror + fit.residual, fit.juror * _apart(design) + fit.residual / sheets
    single, mean = (fit.project / (fit.project + each) for each in (noise, noise / sheets))
    return Reliability(single, mean, sheets, fit.project / (fit.project + apart) if fit.project else 0.0)


def _apart(design: Design) -> float:
    """What a juror variance of 1 adds to the variance of the projects' means among themselves: 0 where all met the same
    jurors alike, the harmonic mean of 1 / sheets where no two met the same one.
    """
    count, each = len(design.projects), 1 / design.project_sheets
    common = np.bincount(design.juror, each[design.project], len(design.jurors)) / count
    return max(0.0, float((each.sum() - count * common @ common) / (count - 1)))


def _place(effects: Array) -> Array:
    """Places, the highest effect first; those that differ by rounding only share one."""
    order = np.argsort(-effects, kind="stable")
    steps = np.concatenate(([False], -np.diff(effects[order]) > EQUAL))
    first = np.maximum.accumulate(np.where(steps, np.arange(len(order)), 0))
    place = np.empty(len(order), int)
    place[order] = first + 1
    return place


def _some(names: Sequence[Hashable]) -> str:
    shown = ", ".join(str(name) for name in names[:NAMED])
    return f"{shown} …" if len(names) > NAMED else shown
