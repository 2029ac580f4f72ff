"""What goes into the advisory result and what comes out of it: plain values, without numpy."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

from incubator.foundation.i18n import Message

TOP: Final = 3
"""How many win when nobody says otherwise."""

BAND: Final = 0.2
"""By which share of itself each weight may move when nobody says otherwise."""

SEED: Final = 20260314
"""Of the simulation of places; the same marks always give the same chances."""

ENOUGH: Final = 3
"""Sheets below which a project gets no adjusted score."""


class RepeatedSheet(ValueError):  # noqa: N818  (a fact about the marks)
    """A juror has two marks for the same project and criterion; `rows` are places in the columns of `Marks`."""

    def __init__(self, rows: Sequence[tuple[int, int]]) -> None:
        super().__init__(f"{len(rows)} repeated marks")
        self.rows = rows


@dataclass(frozen=True, slots=True)
class Sheet:
    """One juror's marks for one project in the order of the criteria, in points; None is a blank.

    `order` is the project's turn before this juror, where the order effect is wanted.
    """

    project: Hashable
    juror: Hashable
    marks: Sequence[float | None]
    order: float | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks in columns, one row each: places in `projects`, `jurors` and `criteria`, and the mark in points (nan: blank).

    Without criteria every row is a sheet. `order` is empty or as long as the others.
    """

    projects: Sequence[Hashable]
    jurors: Sequence[Hashable]
    criteria: Sequence[str]
    project: Sequence[int]
    juror: Sequence[int]
    criterion: Sequence[int]
    mark: Sequence[float]
    order: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Why a figure is missing, or how it is to be read; `about` is the key of the figure in the JSON."""

    about: str
    text: Message


@dataclass(frozen=True, slots=True)
class Model:
    """Mark = intercept + project + juror + rest. None where the marks can't tell the parts from each other.

    Variances are in squared points; `evaluations` counts the factorisations that the fit took.
    """

    intercept: float | None = None
    project: float | None = None
    juror: float | None = None
    residual: float | None = None
    converged: bool = False
    evaluations: int = 0


@dataclass(frozen=True, slots=True)
class ProjectFigures:
    """A project in the advisory result; all but `sheets` may be None.

    `standard_error` is the conditional standard deviation of the project's effect given the fitted intercept and
    variances; `prediction_error` adds the intercept's own uncertainty. `chances` are those of the first, second …
    place, up to a limit.
    """

    id: Hashable
    sheets: int
    mean: float | None = None
    adjusted: float | None = None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    place: int | None = None
    place_low: int | None = None
    place_high: int | None = None
    chance_top: float | None = None
    prediction_error: float | None = None
    chances: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class JurorFigures:
    """A juror; `severity` is the effect on the mark: below nought harsher, above it more lenient than the panel."""

    id: Hashable
    sheets: int
    severity: float | None = None
    standard_error: float | None = None
    prediction_error: float | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far jurors agree; see the module `agreement` for sources."""

    icc_2_1: float | None = None
    icc_2_k: float | None = None
    icc_3_1: float | None = None
    icc_3_k: float | None = None
    krippendorff_alpha: float | None = None
    kendall_w: float | None = None


@dataclass(frozen=True, slots=True)
class Reliability:
    """Shares of the variance that belong to the projects, from the fitted model, gaps or not.

    `single`: of one sheet; `mean`: of a project's mean over `sheets` of them (the harmonic mean of their numbers);
    `differences`: of the differences between the projects' means, in which severity counts only as far as projects met
    different jurors.
    """

    single: float
    mean: float
    sheets: float
    differences: float


@dataclass(frozen=True, slots=True)
class Change:
    """How the winners change when one juror is left out."""

    juror: Hashable
    enter: tuple[Hashable, ...]
    leave: tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """The winners with every juror, and each juror without whom they would be others; variances stay as fitted."""

    winners: tuple[Hashable, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Overtaking:
    """`project` comes before the winner `winner` when some weights move by the share `at` or a little more."""

    project: Hashable
    winner: Hashable
    at: float


@dataclass(frozen=True, slots=True)
class WeightBand:
    """What happens to the winners when every weight moves by at most `band` of itself, each on its own.

    `stable_within`: the winners stay for every move up to this share; None: for any move at all. `overtakings` within
    the band, the nearest first, at most fifty.
    """

    band: float
    stable_within: float | None
    overtakings: tuple[Overtaking, ...]


@dataclass(frozen=True, slots=True)
class OrderEffect:
    """Points by which a mark changes with each later turn, with its 95 % interval."""

    slope: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Component:
    """Projects and jurors that are linked by sheets, and by none with the others."""

    projects: tuple[Hashable, ...]
    jurors: tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """The advisory result. `projects` stand by place, those without one after them; `jurors` by name."""

    sheets: int
    top: int
    model: Model
    connected: bool
    components: tuple[Component, ...]
    complete: bool
    projects: tuple[ProjectFigures, ...]
    jurors: tuple[JurorFigures, ...]
    agreement: Agreement
    weights: Mapping[str, float] = field(default_factory=dict)
    reliability: Reliability | None = None
    leave_one_out: LeaveOneOut | None = None
    weight_band: WeightBand | None = None
    order: OrderEffect | None = None
    notes: tuple[Note, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The result as `incubator analyse --json` prints it; ids as text, notes in the language of the moment."""
        model = self.model
        return {
            "model": {
                "intercept": model.intercept,
                "variance": {"project": model.project, "juror": model.juror, "residual": model.residual},
                "converged": model.converged,
            },
            "connected": self.connected,
            "projects": [_row(each, PROJECT_KEYS) for each in self.projects],
            "jurors": [_row(each, JUROR_KEYS) for each in self.jurors],
            "agreement": _row(self.agreement, AGREEMENT_KEYS),
            "notes": [f"{note.about}: {note.text}" for note in self.notes],
            "sheets": self.sheets,
            "top": self.top,
            "complete": self.complete,
            "criteria": dict(self.weights),
            "chances": {str(each.id): each.chances for each in self.projects if each.chances},
            "reliability": _row(self.reliability, ("single", "mean", "sheets", "differences")),
            "leave_one_out": self._leave_one_out(),
            "weight_band": self._weight_band(),
            "order": _row(self.order, ("slope", "standard_error", "low", "high")),
            "components": [_names(each) for each in self.components] if len(self.components) > 1 else [],
        }

    def _leave_one_out(self) -> dict[str, Any] | None:
        found = self.leave_one_out
        if found is None:
            return None
        changes = [
            {"juror": str(each.juror), "enter": _texts(each.enter), "leave": _texts(each.leave)}
            for each in found.changes
        ]
        return {"winners": _texts(found.winners), "changes": changes}

    def _weight_band(self) -> dict[str, Any] | None:
        found = self.weight_band
        if found is None:
            return None
        over = [{"project": str(each.project), "winner": str(each.winner), "at": each.at} for each in found.overtakings]
        return {"band": found.band, "stable_within": found.stable_within, "overtakings": over}


PROJECT_KEYS = ("id", "sheets", "mean", "adjusted", "standard_error", "low", "high",
                "place", "place_low", "place_high", "chance_top")  # fmt: skip
JUROR_KEYS = ("id", "sheets", "severity", "standard_error")
AGREEMENT_KEYS = ("icc_2_1", "icc_2_k", "icc_3_1", "icc_3_k", "krippendorff_alpha", "kendall_w")


def _row(each: object | None, keys: Sequence[str]) -> dict[str, Any] | None:
    if each is None:
        return None
    row = dict(zip(keys, attrgetter(*keys)(each), strict=True))
    if "id" in row:
        row["id"] = str(row["id"])
    return row


def _texts(ids: Sequence[Hashable]) -> list[str]:
    return [str(each) for each in ids]


def _names(each: Component) -> dict[str, list[str]]:
    return {"projects": _texts(each.projects), "jurors": _texts(each.jurors)}
