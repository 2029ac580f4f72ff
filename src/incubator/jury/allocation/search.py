"""Which juror scores which project: limits, conflicts, balance, wishes and a connected whole, by integer programming.

A transport problem: every project wants so many sheets, every juror takes at most so many. Within the limits of balance
its linear relaxation has whole-numbered corners, so the solver (HiGHS, through `scipy.optimize.milp`) hardly ever has to
branch. What can't be met is explained by a smallest cut of the network: it names projects whose jurors have no room.
That the graph of jurors and projects hangs together, without which nobody's severity can be told from the quality of
what he read, is brought about by cuts added where it fell apart.

Shapes: projects and jurors are any hashable keys, in the order of the request. Pure, but for numpy and scipy, which are
loaded with this module: import it where it is used.
"""

import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_flow

Key = Hashable
Progress = Callable[[str, float], None]

MANY_PAIRS = 400_000
"""Pairs above which each project is offered a drawn selection of jurors only: 10,000 × 800 are eight millions."""
OFFERED = 24
"""Jurors that are drawn for a project then, for each sheet it wants at least four."""
WISH = 1.0
NOISE = 1e-3  # breaks ties by the seed and never outweighs a wish
ROUNDS_OF_CUTS = 40


@dataclass(frozen=True, slots=True)
class Request:
    """What an allocation has to keep to.

    `sheets`: how many jurors each project gets. `room`: the most sheets each juror takes. `conflicts` and `kept` are
    pairs (project, juror) that must not and that must be; `wishes` gives pairs −2 (rather not) to 2 (gladly).
    """

    projects: Sequence[Key]
    jurors: Sequence[Key]
    sheets: int
    room: Mapping[Key, int]
    conflicts: frozenset[tuple[Key, Key]] = frozenset()
    kept: frozenset[tuple[Key, Key]] = frozenset()
    wishes: Mapping[tuple[Key, Key], int] = field(default_factory=dict)
    seed: int = 0
    connected: bool = True


@dataclass(frozen=True, slots=True)
class Allocation:
    """Pairs (project, juror) in the order of the request; `least` and `most` sheets of a juror.

    `parts` counts the separate parts of the graph (1: everything can be compared with everything). `best` says whether
    the solver proved that no other allocation within the same balance serves the wishes better.
    """

    pairs: tuple[tuple[Key, Key], ...]
    loads: Mapping[Key, int]
    least: int
    most: int
    parts: int
    best: bool


@dataclass(frozen=True, slots=True)
class Blocked:
    """A limit that can't be kept: these projects together want `wanted` sheets, all whom they may have are these
    jurors, and those have room for `room`. With `apart` the limits can be kept, but tear the jury into parts.
    """

    projects: tuple[Key, ...]
    jurors: tuple[Key, ...]
    wanted: int
    room: int
    apart: bool = False


class InfeasibleError(Exception):
    """No allocation keeps all limits; `blocked` says which ones stand in the way."""

    def __init__(self, blocked: Blocked) -> None:
        super().__init__("no allocation keeps all limits")
        self.blocked = blocked


def _unheard(_step: str, _share: float) -> None:
    """Progress that nobody listens to."""


def allocate(request: Request, progress: Progress = _unheard, seconds: float = 60.0) -> Allocation:
    """The allocation of a request; the same request gives the same one.

    `progress` hears the name of each step and how much of the way is behind it (0 to 1). `seconds` bounds the solver;
    what it has found by then is taken and says that it isn't proven to be the best. Raises InfeasibleError.
    """
    problem = _Problem(request)
    progress("limits", 0.05)
    problem.demand_room()
    problem.demand_ties()
    progress("balance", 0.2)
    problem.balance()
    progress("search", 0.4)
    return problem.solve(progress, seconds)


class _Problem:
    """A request in numbers: pairs as columns `p` (project) and `j` (juror) of equal length."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.chance = random.Random(request.seed)  # noqa: S311 – reproducible on purpose
        self.rows = {key: place for place, key in enumerate(request.projects)}
        self.columns = {key: place for place, key in enumerate(request.jurors)}
        self.room = np.array([max(0, request.room[key]) for key in request.jurors], dtype=np.int64)
        self.kept = self._places(request.kept)
        self.p, self.j = self._offers()
        self.low = np.zeros(len(self.room), dtype=np.int64)
        self.high = self.room.copy()

    def _places(self, pairs: frozenset[tuple[Key, Key]]) -> set[tuple[int, int]]:
        return {(self.rows[p], self.columns[j]) for p, j in pairs if p in self.rows and j in self.columns}

    def _offers(self) -> tuple[Any, Any]:
        """The pairs that may be: all without a conflict, or a drawn selection of them."""
        forbidden = self._places(self.request.conflicts) - self.kept
        many = len(self.rows) * len(self.columns) > MANY_PAIRS
        allowed = np.ones((len(self.rows), len(self.columns)), dtype=bool)
        if forbidden:
            at = np.array(sorted(forbidden))
            allowed[at[:, 0], at[:, 1]] = False
        if many:
            self._thin_out(allowed)
        found = np.nonzero(allowed)
        return found[0], found[1]

    def _thin_out(self, allowed: Any) -> None:
        """Leave each project a drawn few, each juror about as often as any other; wished and kept pairs stay."""
        count = min(len(self.columns), max(OFFERED, 4 * self.request.sheets))
        stays = np.zeros_like(allowed)
        for p, j in self.kept | self._places(frozenset(self.request.wishes)):
            stays[p, j] = True
        draws = np.random.default_rng(self.request.seed)
        for row in range(len(allowed)):
            free = np.nonzero(allowed[row])[0]
            stays[row, draws.permutation(free)[:count]] = True
        allowed &= stays

    # --- Limits ------------------------------------------------------------------------------------------------------

    def demand_room(self) -> None:
        """Raise InfeasibleError with a smallest cut where the sheets that are wanted don't fit."""
        wanted = np.full(len(self.rows), self.request.sheets, dtype=np.int64)
        flow, graph = self._flow(wanted, self.room)
        if flow.flow_value == wanted.sum():
            return
        raise InfeasibleError(self._cut(graph, flow.flow))

    def demand_ties(self) -> None:
        """Raise InfeasibleError where projects are to hang together, and each has a single juror of several."""
        if (
            self.request.connected
            and self.request.sheets < 2
            and len(self.rows) > 1
            and self.room.max() < len(self.rows)
        ):
            raise InfeasibleError(self._blocked(range(len(self.rows)), range(len(self.columns)), 0, 0, apart=True))

    def _flow(self, wanted: Any, room: Any) -> tuple[Any, Any]:
        """The most sheets that can be placed; nodes: source, projects, jurors, sink."""
        projects, jurors = len(self.rows), len(self.columns)
        source, sink = 0, projects + jurors + 1
        heads = np.concatenate([np.full(projects, source), 1 + self.p, 1 + projects + np.arange(jurors)])
        tails = np.concatenate([1 + np.arange(projects), 1 + projects + self.j, np.full(jurors, sink)])
        most = np.concatenate([wanted, np.ones(len(self.p), dtype=np.int64), room]).astype(np.int32)
        graph = csr_array(coo_array((most, (heads, tails)), shape=(sink + 1, sink + 1)))
        return maximum_flow(graph, source, sink), graph

    def _cut(self, graph: Any, flow: Any) -> Blocked:
        """The projects on the side of the source that can't be served, with all the jurors they may have."""
        left = csr_array(graph - flow)
        left.data[left.data < 0] = 0
        left.eliminate_zeros()
        reached = set(breadth_first_order(left, 0, return_predecessors=False).tolist())
        projects = [row for row in range(len(self.rows)) if 1 + row in reached]
        jurors = sorted(set(self.j[np.isin(self.p, projects)].tolist()))
        pairs = np.isin(self.p, projects)
        room = sum(min(int(self.room[each]), int((self.j[pairs] == each).sum())) for each in jurors)
        return self._blocked(projects, jurors, len(projects) * self.request.sheets, room)

    def _blocked(self, projects: Sequence[int], jurors: Sequence[int], wanted: int, room: int, **more: bool) -> Blocked:
        names = tuple(self.request.projects[row] for row in projects)
        people = tuple(self.request.jurors[column] for column in jurors)
        return Blocked(names, people, wanted, room, **more)

    # --- Balance -----------------------------------------------------------------------------------------------------

    def balance(self) -> None:
        """The narrowest loads that can be: first the highest as low as possible, then the lowest as high.

        Each is found alone, by halving; that both can be had at once is the theorem of Mendelsohn and Dulmage (1958).
        """
        wanted = np.full(len(self.rows), self.request.sheets, dtype=np.int64)
        fixed = np.bincount([j for _, j in self.kept], minlength=len(self.room)) if self.kept else 0 * self.room
        total = int(wanted.sum())
        low, high = -(-total // len(self.room)), int(self.room.max())
        while low < high:
            middle = (low + high) // 2
            if self._flow(wanted, self._capped(middle, fixed))[0].flow_value == total:
                high = middle
            else:
                low = middle + 1
        self.high = self._capped(high, fixed)
        least, most = 0, total // len(self.room)
        while least < most:
            middle = (least + most + 1) // 2
            need = np.minimum(middle, self.high)
            if self._flow(wanted, need)[0].flow_value == need.sum():
                least = middle
            else:
                most = middle - 1
        self.low = np.minimum(least, self.high)

    def _capped(self, most: int, fixed: Any) -> Any:
        return np.maximum(np.minimum(self.room, most), fixed)

    # --- The search --------------------------------------------------------------------------------------------------

    def solve(self, progress: Progress, seconds: float) -> Allocation:
        """Solve, look whether it hangs together, forbid the gap, solve again."""
        cost = self._cost()
        cuts: list[Any] = []
        widened = False
        for turn in range(ROUNDS_OF_CUTS):
            found = self._search(cost, cuts, seconds)
            if found is None:
                if not cuts:
                    raise InfeasibleError(self._kept_in_the_way())
                if widened:
                    raise InfeasibleError(self._apart(cuts[-1]))
                self.low, self.high, widened = 0 * self.low, self.room, True  # balance gives way to connection
                continue
            chosen, best = found
            parts, labels = self._parts(chosen)
            progress("search", min(0.95, 0.4 + 0.1 * (turn + 1)))
            if parts == 1 or not self.request.connected:
                return self._told(chosen, parts, best)
            cuts += self._crossings(parts, labels)
        return self._told(chosen, parts, best=False)

    def _cost(self) -> Any:
        noise = NOISE * np.array([self.chance.random() for _ in range(len(self.p))])
        wished = {(self.rows[p], self.columns[j]): value for (p, j), value in self.request.wishes.items()
                  if p in self.rows and j in self.columns}  # fmt: skip
        if not wished:
            return noise
        pairs = zip(self.p.tolist(), self.j.tolist(), strict=True)
        return noise - WISH * np.array([wished.get(pair, 0) for pair in pairs], dtype=float)

    def _search(self, cost: Any, cuts: Sequence[Any], seconds: float) -> tuple[Any, bool] | None:
        """The chosen pairs (a mask over all) and whether they are proven best; None where nothing fits."""
        one, place = np.ones(len(self.p)), np.arange(len(self.p))
        shape = (len(self.rows), len(self.p))
        limits = [
            LinearConstraint(csr_array((one, (self.p, place)), shape=shape), self.request.sheets, self.request.sheets),
            LinearConstraint(
                csr_array((one, (self.j, place)), shape=(len(self.room), len(self.p))), self.low, self.high
            ),
            *(LinearConstraint(csr_array(cut.astype(float)[None, :]), 1, np.inf) for cut in cuts),
        ]
        lowest = np.zeros(len(self.p))
        if self.kept:
            lowest = np.array([pair in self.kept for pair in zip(self.p.tolist(), self.j.tolist(), strict=True)], float)
        answer = milp(
            cost, integrality=np.ones(len(self.p)), bounds=Bounds(lowest, 1), constraints=limits,
            options={"time_limit": seconds, "mip_rel_gap": 1e-6},
        )  # fmt: skip
        if answer.x is None:
            return None
        return answer.x > 0.5, answer.status == 0

    def _parts(self, chosen: Any) -> tuple[int, Any]:
        size = len(self.rows) + len(self.columns)
        used = np.ones(int(chosen.sum()))
        graph = coo_array((used, (self.p[chosen], len(self.rows) + self.j[chosen])), shape=(size, size))
        count, labels = connected_components(csr_array(graph), directed=False)
        idle = np.setdiff1d(np.arange(len(self.columns)), self.j[chosen])  # who reads nothing is no part
        alone = labels[len(self.rows) + idle]
        return count - len(alone), np.where(np.isin(labels, alone), -1, labels)

    def _crossings(self, parts: int, labels: Any) -> list[Any]:
        """For each part but the largest: the pairs that would join it with the rest."""
        names, sizes = np.unique(labels[labels >= 0], return_counts=True)
        ends = labels[self.p], labels[len(self.rows) + self.j]
        smaller = names[np.argsort(sizes)][: parts - 1]
        return [(ends[0] == name) ^ (ends[1] == name) for name in smaller]

    def _apart(self, cut: Any) -> Blocked:
        projects, jurors = sorted(set(self.p[cut].tolist())), sorted(set(self.j[cut].tolist()))
        return self._blocked(projects, jurors, 0, 0, apart=True)

    def _kept_in_the_way(self) -> Blocked:
        """More pairs are to be kept than a project wants or a juror has room for."""
        projects, jurors = sorted({p for p, _ in self.kept}), sorted({j for _, j in self.kept})
        return self._blocked(projects, jurors, len(self.kept), int(self.room[jurors].sum()))

    def _told(self, chosen: Any, parts: int, best: bool) -> Allocation:
        pairs = zip(self.p[chosen].tolist(), self.j[chosen].tolist(), strict=True)
        named = tuple((self.request.projects[p], self.request.jurors[j]) for p, j in pairs)
        loads = np.bincount(self.j[chosen], minlength=len(self.room))
        by_juror = dict(zip(self.request.jurors, loads.tolist(), strict=True))
        return Allocation(named, by_juror, int(loads.min()), int(loads.max()), parts, best)
