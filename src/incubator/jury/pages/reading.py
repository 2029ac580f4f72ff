"""Who reads which part of a result now: the doors of its pages."""

from uuid import UUID

from incubator.foundation.database import fetch
from incubator.foundation.refusals import NotFound, SignInNeeded
from incubator.jury.office import conducting
from incubator.jury.result import deliberating
from incubator.jury.result.rules import ADVICE_KEPT, DELIBERATE, Reader, Table, reader_of
from incubator.jury.result.snapshot import Result
from incubator.jury.rounds import Round, published_round, round_for
from incubator.jury.rules import NO_VALUES_YET, VALUES, RoundState, refuse
from incubator.jury.terms import number_of
from incubator.people.rights import Right, Verdict, Viewer


def need_values(scoring: Round, after_publication: Right = VALUES) -> None:
    """Pass who may see values of this round now; before the lock that is nobody."""
    published = scoring.state is RoundState.PUBLISHED
    scoring.standing.need(after_publication if published else VALUES)
    if scoring.state in {RoundState.DRAFT, RoundState.OPEN}:
        refuse(NO_VALUES_YET)


async def need_inside(scoring: Round) -> Table:
    """Pass organisers from the lock on, and jurors while they deliberate; for those, what is on the table.

    Only whoever stands at the door costs a statement: a stranger is answered as fast as for a round that never was.
    """
    at_the_door = scoring.standing.judge(DELIBERATE) is not Verdict.HIDE and not scoring.standing.may(VALUES)
    if scoring.state is not RoundState.LOCKED or not at_the_door:
        need_values(scoring)
        return Table()
    return await deliberating.need_a_seat(scoring)


async def shown_round(viewer: Viewer | None, round_id: UUID, *, with_advice: bool = False) -> Round:
    """A round as its reader may know of it: visitors know what is published. NotFound, SignInNeeded."""
    if viewer is not None:
        return await round_for(viewer, round_id)
    scoring = await published_round(round_id, with_advice=with_advice)
    if scoring is None:
        raise SignInNeeded
    return scoring


async def need_advice(viewer: Viewer | None, scoring: Round, result: Result) -> Reader:
    """As whom one reads the advisory part of a round that is locked or published; that he did before it is noted."""
    at_the_table = scoring.standing.may(DELIBERATE) and not scoring.standing.may(VALUES)
    table = await deliberating.table_of(scoring) if at_the_table else Table()
    found = reader_of(scoring.standing, scoring.state, table, published=result.advice)
    if found is None:
        refuse(ADVICE_KEPT)
        raise NotFound
    await note(viewer, scoring)
    return found


async def note(viewer: Viewer | None, scoring: Round) -> None:
    """Keep who looked at a result before its publication, once in an hour."""
    if viewer is not None and scoring.state is not RoundState.PUBLISHED:
        await conducting.note_result_reading(viewer, scoring)


async def hidden_names(scoring: Round, *, staff: bool) -> dict[UUID | str, str] | None:
    """In a round without names, what a juror calls its projects (by id, also as text); None where names are shown."""
    if staff or not scoring.blind:
        return None
    rows = await fetch("SELECT id, place FROM round_project WHERE round = $1", scoring.id)
    named = {row["id"]: number_of(row["place"]) for row in rows}
    return {**named, **{str(project): name for project, name in named.items()}}
