"""From marks in columns to one mark per sheet, coded and in one order, so that the order of rows changes nothing."""

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from incubator.jury.analysis.crossing import Array
from incubator.jury.analysis.figures import Component, Marks, RepeatedSheet, Sheet

DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Design:
    """Sheets with a mark for every criterion that counts, sorted by project and juror.

    `project`, `juror`: places in the sorted names of those who have such a sheet; the others are `idle`. `marks`:
    (sheets, criteria) in points; `shares`: of the criteria, summing to 1; `y`: the combined mark; `order`: the turn, or
    nan. `incomplete` sheets were left out for a blank, `unweighted` criteria for want of a weight.
    """

    projects: tuple[Hashable, ...]
    jurors: tuple[Hashable, ...]
    criteria: tuple[str, ...]
    shares: Array
    project: Array
    juror: Array
    marks: Array
    y: Array
    order: Array
    incomplete: int
    unweighted: tuple[str, ...]
    idle_projects: tuple[Hashable, ...]
    idle_jurors: tuple[Hashable, ...]

    @property
    def project_sheets(self) -> Array:
        """Sheets by project."""
        return np.bincount(self.project, minlength=len(self.projects))

    @property
    def juror_sheets(self) -> Array:
        """Sheets by juror."""
        return np.bincount(self.juror, minlength=len(self.jurors))

    @property
    def complete(self) -> bool:
        """Whether every juror has scored every project."""
        return len(self.y) == len(self.projects) * len(self.jurors)

    def table(self) -> Array:
        """The marks of a complete design, projects × jurors."""
        return self.y.reshape(len(self.projects), len(self.jurors))

    def components(self) -> tuple[Component, ...]:
        """The parts of the graph of jurors and projects, those with most projects first."""
        count = len(self.projects)
        size = count + len(self.jurors)
        links = sparse.coo_matrix((np.ones(len(self.y)), (self.project, count + self.juror)), shape=(size, size))
        _, label = csgraph.connected_components(links, directed=False)
        parts = [
            (np.flatnonzero(label[:count] == part), np.flatnonzero(label[count:] == part)) for part in np.unique(label)
        ]
        return tuple(
            Component(_chosen(self.projects, projects), _chosen(self.jurors, jurors))
            for projects, jurors in sorted(parts, key=lambda part: (-len(part[0]), part[0][0]))
        )


def _chosen(names: Sequence[Hashable], places: Array) -> tuple[Hashable, ...]:
    return tuple(names[place] for place in places)


def natural(name: Hashable) -> tuple[list[tuple[int, int, str]], str]:
    """The order of names for people: `P2` before `P10`, capitals with small letters."""
    text = str(name)
    parts = [part for part in DIGITS.split(text.casefold()) if part]
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], text


def columns(sheets: Iterable[Sheet], criteria: Sequence[str]) -> Marks:
    """Sheets as columns; ValueError for a sheet whose marks don't match the criteria."""
    projects: dict[Hashable, int] = {}
    jurors: dict[Hashable, int] = {}
    rows = []
    for sheet in sheets:
        project, juror = projects.setdefault(sheet.project, len(projects)), jurors.setdefault(sheet.juror, len(jurors))
        order = np.nan if sheet.order is None else sheet.order
        named = range(len(criteria) or 1)
        for criterion, mark in zip(named, sheet.marks, strict=True):
            rows.append((project, juror, criterion, np.nan if mark is None else float(mark), order))
    project_column, juror_column, criterion_column, marks, orders = zip(*rows, strict=True) if rows else ((),) * 5
    return Marks(
        tuple(projects), tuple(jurors), tuple(criteria), project_column, juror_column, criterion_column, marks, orders
    )


def design(marks: Marks, weights: Mapping[str, float] | None) -> Design:
    """The sheets of these marks, combined by weights (None: all equal).

    RepeatedSheet for a second mark of a juror for one project and criterion; ValueError for weights that name no known
    criterion, are below nought or all nought, and for marks that are no finite numbers.
    """
    projects, project = _sorted(marks.projects, marks.project)
    jurors, juror = _sorted(marks.jurors, marks.juror)
    criteria, criterion = tuple(marks.criteria) or ("",), np.asarray(marks.criterion, int)
    if not marks.criteria:
        criterion = np.zeros(len(project), int)
    value = np.asarray(marks.mark, float)
    if np.isinf(value).any():
        raise ValueError("a mark is a finite number")
    given = ~np.isnan(value)
    order = np.asarray(marks.order, float) if len(marks.order) else np.full(len(value), np.nan)
    _refuse_repeated(project, juror, criterion, given, (len(jurors), len(criteria)))
    shares = _shares(criteria, weights)
    counts = given & (shares[criterion] > 0)
    pair = project[counts].astype(np.int64) * max(1, len(jurors)) + juror[counts]
    sheets, first, place = np.unique(pair, return_index=True, return_inverse=True)
    table = np.full((len(sheets), len(criteria)), np.nan)
    table[place, criterion[counts]] = value[counts]
    used = shares > 0
    table, order = table[:, used], order[counts][first]
    whole = ~np.isnan(table).any(axis=1)
    project, juror = np.divmod(sheets[whole], max(1, len(jurors)))
    (projects, project, idle_projects), (juror_names, juror, idle_jurors) = (
        _busy(projects, project),
        _busy(jurors, juror),
    )
    named = tuple(name for name, use in zip(criteria, used, strict=True) if use)
    unweighted = tuple(name for name, use in zip(criteria, used, strict=True) if not use)
    return Design(
        projects, juror_names, named, shares[used], project, juror, table[whole], table[whole] @ shares[used],
        order[whole], int(np.count_nonzero(~whole)), unweighted, idle_projects, idle_jurors,
    )  # fmt: skip


def _busy(names: tuple[Hashable, ...], places: Array) -> tuple[tuple[Hashable, ...], Array, tuple[Hashable, ...]]:
    """The names that occur, the places among them, the names that don't."""
    counts = np.bincount(places, minlength=len(names))
    busy = np.flatnonzero(counts)
    return _chosen(names, busy), np.searchsorted(busy, places), _chosen(names, np.flatnonzero(counts == 0))


def _sorted(names: Sequence[Hashable], places: Sequence[int]) -> tuple[tuple[Hashable, ...], Array]:
    ordered = sorted(range(len(names)), key=lambda place: natural(names[place]))
    rank = np.empty(len(names), int)
    rank[ordered] = np.arange(len(names))
    return tuple(names[place] for place in ordered), rank[np.asarray(places, int)]


def _refuse_repeated(project: Array, juror: Array, criterion: Array, given: Array, sizes: tuple[int, int]) -> None:
    jurors, criteria = (max(1, size) for size in sizes)
    rows = np.flatnonzero(given)
    key = (project[rows].astype(np.int64) * jurors + juror[rows]) * criteria + criterion[rows]
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(np.diff(key[order]) == 0)
    if len(same):
        raise RepeatedSheet([(int(rows[order[each]]), int(rows[order[each + 1]])) for each in same])


def _shares(criteria: Sequence[str], weights: Mapping[str, float] | None) -> Array:
    unknown = [name for name in weights or {} if name not in criteria]
    if unknown:
        raise ValueError(f"no criterion is called {', '.join(unknown)}")
    each = np.array([1.0 if weights is None else float(weights.get(name, 0)) for name in criteria])
    if not np.isfinite(each).all() or (each < 0).any() or not each.any():
        raise ValueError("weights are numbers of nought or more, one of them above nought")
    total: Array = each / each.sum()
    return total
