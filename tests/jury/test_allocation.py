"""Allocation of projects to jurors, held against trying every possibility."""

import itertools
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incubator.jury.allocation.search import Allocation, InfeasibleError, Request, allocate

PROJECTS, JURORS = ("p0", "p1", "p2", "p3"), ("j0", "j1", "j2")


def everything(request: Request) -> Iterator[frozenset[tuple[str, str]]]:
    """Every allocation that keeps the limits, connected or not."""
    choices = [
        [set(zip(itertools.repeat(project), jurors, strict=False)) for jurors in
         itertools.combinations([j for j in request.jurors if (project, j) not in request.conflicts], request.sheets)]
        for project in request.projects
    ]  # fmt: skip
    for each in itertools.product(*choices):
        pairs = frozenset(itertools.chain.from_iterable(each))
        if pairs >= request.kept and all(load(pairs, j) <= request.room[j] for j in request.jurors):
            yield pairs


def load(pairs: frozenset[tuple[str, str]], juror: str) -> int:
    return sum(1 for _, each in pairs if each == juror)


def hangs_together(pairs: frozenset[tuple[str, str]]) -> bool:
    """Whether one gets from every project to every other over jurors."""
    reached, growing = {next(iter(pairs))[0]}, True
    while growing:
        people = {j for p, j in pairs if p in reached}
        more = {p for p, j in pairs if j in people}
        growing, reached = not more <= reached, reached | more
    return reached == {p for p, _ in pairs}


def wished(request: Request, pairs: frozenset[tuple[str, str]]) -> int:
    return sum(request.wishes.get(pair, 0) for pair in pairs)


@st.composite
def requests(draw, connected: bool = False) -> Request:
    pairs = st.tuples(st.sampled_from(PROJECTS), st.sampled_from(JURORS))
    return Request(
        PROJECTS, JURORS, draw(st.integers(1, 3)), {j: draw(st.integers(0, 4)) for j in JURORS},
        conflicts=draw(st.frozensets(pairs, max_size=4)), wishes=draw(st.dictionaries(pairs, st.integers(-2, 2), max_size=6)),
        seed=draw(st.integers(0, 9)), connected=connected,
    )  # fmt: skip


def held(request: Request, found: Allocation) -> frozenset[tuple[str, str]]:
    """The pairs of an allocation that keeps what was asked."""
    pairs = frozenset(found.pairs)
    assert len(pairs) == len(found.pairs) == len(request.projects) * request.sheets
    assert not pairs & request.conflicts
    assert pairs >= request.kept
    assert found.loads == {j: load(pairs, j) for j in request.jurors}
    assert all(found.loads[j] <= request.room[j] for j in request.jurors)
    return pairs


@given(requests())
@settings(max_examples=150)
def test_the_best_of_all_that_are_possible(request_):
    possible = list(everything(request_))
    try:
        found = allocate(request_)
    except InfeasibleError as refusal:
        assert possible == []
        blocked = refusal.blocked
        assert blocked.room < blocked.wanted == len(blocked.projects) * request_.sheets
        assert {j for p in blocked.projects for j in JURORS if (p, j) not in request_.conflicts} == set(blocked.jurors)
        return
    pairs = held(request_, found)
    most = min(max(load(each, j) for j in JURORS) for each in possible)
    assert found.most == most
    level = [each for each in possible if max(load(each, j) for j in JURORS) == most]
    assert found.least == max(min(load(each, j) for j in JURORS) for each in level)
    level = [each for each in level if min(load(each, j) for j in JURORS) == found.least]
    assert wished(request_, pairs) == max(wished(request_, each) for each in level)
    assert found.best


@given(requests(connected=True))
@settings(max_examples=150)
def test_it_hangs_together_whenever_it_can(request_):
    possible = [each for each in everything(request_) if hangs_together(each)]
    try:
        found = allocate(request_)
    except InfeasibleError as refusal:
        assert possible == []
        assert refusal.blocked.apart == any(True for _ in everything(request_))
        return
    assert found.parts == 1
    assert hangs_together(held(request_, found))


def panel(projects: int, jurors: int, **more) -> Request:
    chance = random.Random(3)
    names, people = [f"p{n}" for n in range(projects)], [f"j{n}" for n in range(jurors)]
    conflicts = frozenset((p, j) for p in names for j in people if chance.random() < 0.05)
    return Request(
        names, people, **{"sheets": 3, "room": dict.fromkeys(people, projects), "conflicts": conflicts, **more}
    )


def test_a_seed_tells_allocations_apart_and_the_same_seed_gives_the_same():
    first, again, other = (frozenset(allocate(panel(60, 12, seed=seed)).pairs) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_what_is_begun_stays():
    kept = frozenset({("p0", "j1"), ("p0", "j2"), ("p7", "j1")})
    request = panel(20, 5, conflicts=frozenset({("p0", "j1")}), kept=kept)
    assert frozenset(allocate(request).pairs) >= kept


def test_more_begun_than_wanted_is_named():
    with pytest.raises(InfeasibleError) as caught:
        allocate(panel(20, 5, sheets=1, kept=frozenset({("p0", "j1"), ("p0", "j2")}), connected=False))
    assert caught.value.blocked.projects == ("p0",)


def test_one_juror_for_each_project_tells_nobodys_severity():
    with pytest.raises(InfeasibleError) as caught:
        allocate(panel(12, 4, sheets=1, room=dict.fromkeys(["j0", "j1", "j2", "j3"], 6)))
    assert caught.value.blocked.apart


def test_two_halves_are_joined_even_against_wishes():
    """Each half of the jury would like to keep to its half of the projects."""
    wishes = {(f"p{p}", f"j{j}"): 2 if (p < 10) == (j < 3) else -2 for p in range(20) for j in range(6)}
    room = {f"j{n}": 20 for n in range(6)}
    apart = allocate(panel(20, 6, conflicts=frozenset(), room=room, wishes=wishes, connected=False))
    joined = allocate(panel(20, 6, conflicts=frozenset(), room=room, wishes=wishes))
    assert (apart.parts, joined.parts) == (2, 1)


def test_large_panels_are_thinned_out_and_still_hang_together(monkeypatch):
    monkeypatch.setattr("incubator.jury.allocation.search.MANY_PAIRS", 1000)
    heard = []
    request = panel(200, 60, sheets=3)
    found = allocate(request, lambda step, share: heard.append((step, share)))
    held(request, found)
    assert (found.least, found.most, found.parts) == (10, 10, 1)
    assert [step for step, _ in heard][:3] == ["limits", "balance", "search"]
    assert [share for _, share in heard] == sorted(share for _, share in heard)
