import os
from dataclasses import dataclass, replace
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incubator.jury.scoring import (
    Aggregate,
    Criterion,
    Rounding,
    Rules,
    Sheet,
    Tally,
    from_totals,
    is_complete,
    parted_by,
    rank,
    stored_total,
)
from jury.slow_reference import official

# The design promises 100,000 sessions (SCORING_EXAMPLES=100000); a normal run takes enough to notice a fault soon.
EXAMPLES = int(os.environ.get("SCORING_EXAMPLES", "2000"))
many = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
some = settings(many, max_examples=EXAMPLES // 4)


def project(number):
    return UUID(int=number)


@dataclass
class Session:
    criteria: list
    sheets: list
    applied: dict
    rules: Rules
    votes: dict

    def rank(self):
        return rank(self.criteria, self.sheets, self.applied, self.rules, self.votes)


class Dice:
    """A number below n from each byte: one draw for a whole session is ten times as quick as one for each number."""

    def __init__(self, faces):
        self.faces = iter(faces)

    def __call__(self, options):
        return options[next(self.faces) % len(options)]


def sessions(*, whole_votes=False):
    return st.binary(min_size=200, max_size=200).map(lambda faces: session_of(Dice(faces), whole_votes=whole_votes))


def session_of(dice, *, whole_votes):
    """Few jurors, projects and steps, so that ties of every kind are common."""
    criteria = [
        Criterion(f"c{place}", dice([1, 1, 2, 3, 7, 1000]), lowest, lowest + dice([1, 2, 4, 10]) * 500, 500)
        for place in range(dice(range(1, 4)))
        for lowest in [dice([0, 1000])]
    ]
    jurors, projects = dice(range(1, 8)), dice(range(1, 6))
    sheets = [
        sheet
        for juror in range(jurors)
        for number in range(projects)
        for sheet in sheet_of(dice, juror, number, criteria)
    ]
    chain = ["first_places", "earlier_application", "vote", "shared", *(f"criterion:{each.key}" for each in criteria)]
    voters = dice([0, projects]) if whole_votes else dice(range(projects + 1))
    return Session(
        criteria,
        sheets,
        {project(number): dice([1, 2, 3]) for number in range(projects)},
        Rules(
            dice(list(Aggregate)),
            dice([1, 1, 2, 3]),
            tuple(chain.pop(chain.index(dice(chain))) for _ in range(dice(range(len(chain) + 1)))),
            dice([0, 1, 2, 3]),
            dice(list(Rounding)),
        ),
        {project(number): dice([1, 2, 3]) for number in range(voters)},
    )


def sheet_of(dice, juror, number, criteria):
    marks = [dice(range(each.scale_min, each.scale_max + 1, 500)) for each in criteria]
    fate = dice(["whole"] * 12 + ["blank", "kept back", "no sheet"])
    if fate == "blank":
        marks[0] = None
    return [Sheet(juror, project(number), tuple(marks), fate != "kept back")] * (fate != "no sheet")


@many
@given(sessions())
def test_equals_an_independent_slow_reference(session):
    expected = official(
        [each.key for each in session.criteria],
        [each.weight for each in session.criteria],
        [(each.juror, each.project, each.marks, each.handed_in) for each in session.sheets],
        session.applied,
        {name: getattr(session.rules, name) for name in Rules.__slots__},
        session.votes,
    )
    results = session.rank().results
    found = {
        each.project: None
        if each.place is None
        else (each.place, each.total, each.exact, each.decided_by, each.shared, each.awaits_vote, parted(each, results))
        for each in results
    }
    assert found == expected


def parted(one, results):
    peers = [each for each in results if each.place is not None and each.total == one.total]
    rules = {each.project: parted_by(one.splits, each.splits) for each in peers}
    return {project: rule for project, rule in rules.items() if rule is not None}


@some
@given(sessions(), st.integers())
def test_no_order_of_jurors_sheets_or_projects_matters(session, seed):
    before, dice = session.rank(), Random(seed)
    dice.shuffle(session.sheets)
    names = dice.sample(range(100, 200), 7)
    session.sheets = [replace(sheet, juror=names[sheet.juror]) for sheet in session.sheets]
    session.applied = dict(dice.sample(list(session.applied.items()), len(session.applied)))
    assert session.rank() == before


@many
@given(sessions(whole_votes=True), st.integers(0, 1000), st.integers(1, 10))
def test_a_higher_mark_never_worsens_a_project(session, pick, steps):
    before = {each.project: each.place for each in session.rank().results}
    counted = [at for at, sheet in enumerate(session.sheets) if sheet.handed_in and None not in sheet.marks]
    if not counted:
        return
    at = counted[pick % len(counted)]
    sheet, place = session.sheets[at], pick % len(session.criteria)
    marks = list(sheet.marks)
    marks[place] = min(marks[place] + steps * 500, session.criteria[place].scale_max)
    session.sheets[at] = replace(sheet, marks=tuple(marks))
    after = {each.project: each.place for each in session.rank().results}
    assert (after[sheet.project] is None) == (before[sheet.project] is None)
    assert after[sheet.project] is None or after[sheet.project] <= before[sheet.project]


@some
@given(sessions())
def test_stored_totals_give_the_same_ranking_as_sheets(session):
    tallies = []
    for each, applied in session.applied.items():
        sheets = [
            s for s in session.sheets if s.project == each and s.handed_in and is_complete(s.marks, session.criteria)
        ]
        tallies.append(
            Tally(
                each,
                applied,
                [stored_total(sheet.marks, session.criteria) for sheet in sheets],
                [sum(sheet.marks[place] for sheet in sheets) for place in range(len(session.criteria))],
                [sheet.juror for sheet in sheets],
            )
        )
    assert from_totals(session.criteria, tallies, session.rules, session.votes) == session.rank()


@some
@given(sessions())
def test_a_sheet_that_does_not_count_changes_nothing(session):
    before = session.rank()
    session.sheets = [sheet for sheet in session.sheets if sheet.handed_in and None not in sheet.marks]
    assert session.rank() == before
