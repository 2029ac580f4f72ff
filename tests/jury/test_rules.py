"""Who may do what to a sheet and to a round, and what the lock asks for."""

from uuid import uuid4

import pytest

from incubator.foundation.refusals import Forbidden, Refused
from incubator.jury.rules import (
    AFTER_LOCK,
    MOVES,
    NOT_YOURS,
    NOTHING_YET,
    OWN_SHEET,
    REMOVED,
    VOIDED,
    Place,
    RoundState,
    SheetState,
    Turnout,
    assessable,
    demand_move,
    demand_second,
    in_the_jury,
    missing_sheets,
    took_part,
    view_sheet,
    why_not_lock,
    write_sheet,
)
from incubator.people.rights import Relation, Standing, Verdict
from incubator.programmes.blueprint import Aggregate, Closing, JuryPlan, Rounding

ALLOW, FORBID, HIDE = Verdict.ALLOW, Verdict.FORBID, Verdict.HIDE
JUROR = Standing(frozenset({Relation.JUROR}))
CONFLICTED = Standing(frozenset({Relation.JUROR_CONFLICTED}))
ORGANISER = Standing(frozenset({Relation.ORGANISER}))
ADMINISTRATOR = Standing(frozenset({Relation.ADMINISTRATOR}))
STRANGER = Standing(frozenset())
LEAD = Standing(frozenset({Relation.LEAD}))
OPEN, DRAFT, LOCKED, PUBLISHED = RoundState.OPEN, RoundState.DRAFT, RoundState.LOCKED, RoundState.PUBLISHED
NOW = tuple(RoundState)


def place(at: RoundState = OPEN, sheet: SheetState | None = SheetState.DRAFT, **more: bool) -> Place:
    return Place(at, **{"seated": True, "removed": False, "declared": True, **more}, sheet=sheet)


@pytest.mark.parametrize("at", [OPEN, LOCKED, PUBLISHED])
def test_a_juror_always_sees_what_is_recorded_in_his_name(at):
    for state in SheetState:
        assert view_sheet(JUROR, place(at, state))[0] is ALLOW
        assert view_sheet(STRANGER, place(at, state, removed=True))[0] is ALLOW


def test_a_juror_writes_while_the_round_is_open_and_the_sheet_is_his():
    assert write_sheet(JUROR, place()) == (ALLOW, OWN_SHEET)
    assert write_sheet(JUROR, place(DRAFT, None)) == (FORBID, NOTHING_YET)
    assert write_sheet(JUROR, place(LOCKED)) == (FORBID, AFTER_LOCK)
    assert write_sheet(JUROR, place(PUBLISHED)) == (FORBID, AFTER_LOCK)
    assert write_sheet(JUROR, place(sheet=SheetState.RECUSED)) == (FORBID, NOT_YOURS)
    assert write_sheet(JUROR, place(sheet=SheetState.VOID)) == (FORBID, VOIDED)
    assert write_sheet(STRANGER, place(removed=True)) == (FORBID, REMOVED)


def test_before_the_opening_there_is_nothing_to_see():
    assert view_sheet(JUROR, place(DRAFT, None)) == (FORBID, NOTHING_YET)
    assert view_sheet(JUROR, place(DRAFT, None, seated=False))[0] is HIDE


def test_a_juror_without_a_sheet_finds_nothing():
    for judge in (view_sheet, write_sheet):
        assert judge(JUROR, place(sheet=None))[0] is HIDE
        assert judge(JUROR, place(sheet=None, seated=False))[0] is HIDE
        assert judge(STRANGER, place(sheet=None, removed=True))[0] is HIDE


def test_a_conflict_is_said_and_not_hidden_and_what_was_recorded_stays_readable():
    assert view_sheet(CONFLICTED, place(sheet=None))[0] is FORBID
    assert write_sheet(CONFLICTED, place(sheet=None))[0] is FORBID
    assert view_sheet(CONFLICTED, place(sheet=SheetState.VOID))[0] is ALLOW
    assert write_sheet(CONFLICTED, place(sheet=SheetState.DRAFT))[0] is FORBID


@pytest.mark.parametrize(
    "standing", [ORGANISER, ADMINISTRATOR, Standing(frozenset({Relation.JUROR, Relation.ORGANISER}))]
)
def test_who_runs_the_contest_or_the_installation_has_no_sheet(standing):
    assert view_sheet(standing, place())[0] is FORBID
    assert write_sheet(standing, place())[0] is FORBID


def test_a_team_knows_of_no_sheet():
    assert view_sheet(LEAD, place(sheet=None, seated=False))[0] is HIDE


def test_a_juror_counts_where_he_is_seated_and_the_stricter_role_wins():
    assert in_the_jury(JUROR, seated=False).relations == frozenset()
    both = in_the_jury(Standing(frozenset({Relation.JUROR, Relation.ORGANISER})), seated=True)
    assert both.relations == {Relation.JUROR, Relation.ORGANISER_CONFLICTED}
    assert in_the_jury(ORGANISER, seated=False) == ORGANISER


@pytest.mark.parametrize("now", NOW)
@pytest.mark.parametrize("then", NOW)
def test_a_round_moves_by_its_table_and_nothing_else(now, then):
    if (now, then) in MOVES:
        demand_move(now, then)
        return
    with pytest.raises(Forbidden if then is PUBLISHED != now or (now is PUBLISHED and then is OPEN) else Refused):
        demand_move(now, then)


def plan(closing: Closing = Closing.CLOSE_WITH_GAPS, quorum: int = 2) -> JuryPlan:
    return JuryPlan(aggregate=Aggregate.MEAN, minimum_sheets=1, quorum=quorum, closing=closing, ties=("shared",),
                    decimals=2, rounding=Rounding.HALF_UP)  # fmt: skip


def turnout(*pairs: tuple[int, int]) -> list[Turnout]:
    return [Turnout(uuid4(), handed_in, missing) for handed_in, missing in pairs]


def test_the_quorum_counts_jurors_who_handed_in_something():
    found = turnout((3, 0), (1, 2), (0, 3))
    assert (took_part(found), missing_sheets(found)) == (2, 5)
    assert why_not_lock(plan(), found) is None
    assert "2 of at least 3" in why_not_lock(plan(quorum=3), found).msgid.format(present=2, quorum=3)


def test_who_must_be_substituted_keeps_the_round_open():
    assert why_not_lock(plan(Closing.SUBSTITUTE), turnout((3, 0), (1, 2))) is not None
    assert why_not_lock(plan(Closing.SUBSTITUTE), turnout((3, 0), (3, 0))) is None


def test_a_gap_bars_a_project_only_where_the_rules_say_so():
    project, other = uuid4(), uuid4()
    gaps = {project: 1}
    assert assessable(plan(), gaps, project)
    assert not assessable(plan(Closing.NOT_ASSESSED), gaps, project)
    assert assessable(plan(Closing.NOT_ASSESSED), gaps, other)


def test_the_second_organiser_is_another_one_and_decides_once():
    asked, other = uuid4(), uuid4()
    demand_second(asked, other, decided=False)
    demand_second(None, asked, decided=False)
    with pytest.raises(Refused):
        demand_second(asked, asked, decided=False)
    with pytest.raises(Refused):
        demand_second(asked, other, decided=True)
