"""The criteria and rules of one round: those of its cohort, or its own while it is a draft.

An own set is a copy that is edited apart; it is kept where the opening freezes it, so that nothing has two places.
"""

from collections.abc import Callable
from uuid import UUID

from incubator.foundation.database import DB, execute
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, NotFound, Refused
from incubator.jury.office.preparing import forget_practice, rubric_for_cohort
from incubator.jury.rounds import Round, alone, tell
from incubator.jury.rubric import (
    CHANGED,
    MOST_CRITERIA,
    Rubric,
    meaning_of,
    plan_document,
    rubric_document,
    rubric_of,
    unknown_ties,
    version_of,
)
from incubator.jury.rules import FROZEN, RoundState, refuse
from incubator.people.rights import Viewer
from incubator.programmes.blueprint import CriterionPlan, JuryPlan

NOT_OWN = Message("This round takes criteria and rules of the cohort. Give it its own ones first.")
NAMED_BY_TIES = Message("The rules for ties name a criterion that is not there. Mend the rules first.")


def is_own(scoring: Round) -> bool:
    """Whether the round has a set of its own, or a frozen one."""
    return bool(scoring.rubric.criteria)


async def rubric_for_round(scoring: Round) -> tuple[Rubric, JuryPlan]:
    """The criteria and rules by which the round is scored, or would be if it were opened now."""
    if is_own(scoring):
        return scoring.rubric, scoring.plan
    return await rubric_for_cohort(scoring.cohort)


async def _draft(viewer: Viewer, round_id: UUID, *, own: bool = True) -> Round:
    """A step: the round alone, for who may prepare it while it is a draft."""
    scoring = await alone(viewer, round_id)
    if scoring.state is not RoundState.DRAFT:
        refuse(FROZEN)
    if own and not is_own(scoring):
        raise Refused(NOT_OWN)
    return scoring


async def _keep(scoring: Round, criteria: str, plan: str) -> None:
    await execute(
        "UPDATE scoring_round SET criteria = $2::jsonb, plan = $3::jsonb WHERE id = $1 AND state = 'draft'",
        scoring.id, criteria, plan,
    )  # fmt: skip


async def take_own(viewer: Viewer, round_id: UUID) -> None:
    """Give the round a copy of the cohort's criteria and rules, to be changed for itself."""
    async with DB.transaction():
        scoring = await _draft(viewer, round_id, own=False)
        if is_own(scoring):
            return
        rubric, plan = await rubric_for_cohort(scoring.cohort)
        if not rubric.criteria:
            raise Refused(Message("The cohort has no criteria yet. Add them there first."))
        await _keep(scoring, rubric_document(rubric), plan_document(plan))
        await tell("round_rubric.taken", viewer, scoring)


async def give_up_own(viewer: Viewer, round_id: UUID) -> None:
    """Let the round follow the cohort again; its own set is forgotten."""
    async with DB.transaction():
        scoring = await _draft(viewer, round_id)
        await _keep(scoring, "[]", "{}")
        await forget_practice(round_id)
        await tell("round_rubric.given_up", viewer, scoring)


Change = Callable[[list[CriterionPlan]], list[CriterionPlan]]


async def _change(viewer: Viewer, round_id: UUID, change: Change) -> None:
    async with DB.transaction():
        scoring = await _draft(viewer, round_id)
        rubric = rubric_of(change(list(scoring.rubric.criteria)))
        if unknown_ties(scoring.plan.ties, rubric.keys):
            raise Refused(NAMED_BY_TIES)
        await _keep(scoring, rubric_document(rubric), plan_document(scoring.plan))
        if meaning_of(scoring.rubric.criteria) != meaning_of(rubric.criteria):
            await forget_practice(round_id)
        await tell("round_rubric.edited", viewer, scoring)


async def add(viewer: Viewer, round_id: UUID, plan: CriterionPlan) -> None:
    """Add a criterion at the end; `plan` brings a key that is not there yet."""

    def change(criteria: list[CriterionPlan]) -> list[CriterionPlan]:
        if len(criteria) >= MOST_CRITERIA:
            raise Refused(
                Message.count("A jury has at most {n} criterion.", "A jury has at most {n} criteria.", MOST_CRITERIA)
            )
        return [*criteria, plan]

    await _change(viewer, round_id, change)


async def edit(viewer: Viewer, round_id: UUID, key: str, plan: CriterionPlan, version: str) -> None:
    """Change one criterion; Clash when it is not what the form showed (`version`)."""

    def change(criteria: list[CriterionPlan]) -> list[CriterionPlan]:
        place = _place(criteria, key)
        if version_of(criteria[place]) != version:
            raise Clash(CHANGED, stored=criteria[place])
        return [*criteria[:place], plan, *criteria[place + 1 :]]

    await _change(viewer, round_id, change)


async def move(viewer: Viewer, round_id: UUID, key: str, by: int) -> None:
    """Move a criterion up (-1) or down (+1); at the end of the list nothing happens."""

    def change(criteria: list[CriterionPlan]) -> list[CriterionPlan]:
        place = _place(criteria, key)
        moved = criteria.pop(place)
        criteria.insert(min(max(place + by, 0), len(criteria)), moved)
        return criteria

    await _change(viewer, round_id, change)


async def remove(viewer: Viewer, round_id: UUID, key: str) -> None:
    """Take a criterion out, unless it is the last one or the rules for ties name it."""

    def change(criteria: list[CriterionPlan]) -> list[CriterionPlan]:
        place = _place(criteria, key)
        if len(criteria) == 1:
            raise Refused(Message("A round needs at least one criterion."))
        return [*criteria[:place], *criteria[place + 1 :]]

    await _change(viewer, round_id, change)


async def edit_plan(viewer: Viewer, round_id: UUID, plan: JuryPlan, version: str) -> None:
    """Change the rules of the round; Clash when they are not what the form showed (`version`)."""
    async with DB.transaction():
        scoring = await _draft(viewer, round_id)
        if version_of(scoring.plan) != version:
            raise Clash(CHANGED, stored=scoring.plan)
        if unknown_ties(plan.ties, scoring.rubric.keys):
            raise Refused(NAMED_BY_TIES)
        await _keep(scoring, rubric_document(scoring.rubric), plan_document(plan))
        await tell("round_rubric.edited", viewer, scoring)


def _place(criteria: list[CriterionPlan], key: str) -> int:
    found = next((place for place, each in enumerate(criteria) if each.key == key), None)
    if found is None:
        raise NotFound
    return found
