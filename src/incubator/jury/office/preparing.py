"""A cohort's criteria and jury rules: laid out from the blueprint, changed by organisers, described back.

A round takes a frozen copy when it opens; until its result is published nothing here changes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.jury.rubric import (
    CHANGED,
    MOST_CRITERIA,
    Rubric,
    criterion_of,
    meaning_of,
    plan_document,
    read_plan,
    rubric_of,
    unknown_ties,
    version_of,
)
from incubator.jury.rules import CONDUCT, FROZEN, in_the_jury, refuse
from incubator.people.rights import Right, Viewer
from incubator.programmes.blueprint import Aggregate, Blueprint, Closing, CriterionPlan, JuryPlan, Rounding
from incubator.programmes.layers import Ground, register
from incubator.programmes.queries import COHORT, cohort_for, lock_cohort
from incubator.programmes.rules import EDIT_JURY_SETTINGS, CohortRef

PLAIN_PLAN = JuryPlan(
    aggregate=Aggregate.MEAN, minimum_sheets=1, quorum=1, closing=Closing.CLOSE_WITH_GAPS, ties=("shared",),
    decimals=2, rounding=Rounding.HALF_UP,
)  # fmt: skip
"""For a cohort that came without a plan."""


@dataclass(frozen=True, slots=True)
class KeptCriterion:
    """A criterion with its row's id."""

    id: UUID
    plan: CriterionPlan


CRITERIA = (
    "SELECT id, key, title, description, weight, scale_min, scale_max, step, anchors FROM criterion"
    " WHERE cohort = $1 ORDER BY place"
)


async def criteria_of(cohort_id: UUID) -> list[KeptCriterion]:
    """The criteria of a cohort in their order."""
    return [_kept(row) for row in await fetch(CRITERIA, cohort_id)]


def _kept(row: Mapping[str, Any]) -> KeptCriterion:
    document = {**row, "anchors": json.loads(row["anchors"])}
    return KeptCriterion(document.pop("id"), criterion_of(document))


async def plan_of(cohort_id: UUID) -> JuryPlan:
    """The jury rules of a cohort."""
    document = await fetch_value("SELECT document FROM jury_plan WHERE cohort = $1", cohort_id)
    return read_plan(document) if document else PLAIN_PLAN


async def rubric_for_cohort(cohort_id: UUID) -> tuple[Rubric, JuryPlan]:
    """What a round of the cohort would freeze if it were opened now."""
    criteria = await criteria_of(cohort_id)
    return rubric_of(each.plan for each in criteria), await plan_of(cohort_id)


SEATED = f"""
SELECT c.*, EXISTS (
  SELECT FROM seat e JOIN scoring_round r ON r.id = e.round
  WHERE r.cohort = c.id AND e.person = $2 AND e.removed_at IS NULL) AS seated
FROM ({COHORT}) c
"""


async def cohort_jury(viewer: Viewer, cohort_id: UUID) -> CohortRef:
    """The cohort with the viewer's standing in jury matters: a juror without a seat in it is none. One statement."""
    row = await fetch_one(SEATED, cohort_id, viewer.id)
    if row is None:
        raise NotFound
    facts = dict(row)
    seated = facts.pop("seated")
    standing = viewer.standing(programme=row["programme"], cohort=row["id"])
    return CohortRef(**facts, standing=in_the_jury(standing, seated=seated))


async def _changeable(viewer: Viewer, cohort_id: UUID, needed: Right) -> CohortRef:
    """The cohort for who may change its jury, alone until the transaction ends, and no round in the way."""
    cohort = await (cohort_jury if needed is CONDUCT else cohort_for)(viewer, cohort_id)
    cohort.standing.need(needed)
    await lock_cohort(cohort_id)
    if await fetch_value(
        "SELECT true FROM scoring_round WHERE cohort = $1 AND state IN ('open', 'locked') LIMIT 1", cohort_id
    ):
        refuse(FROZEN)
    return cohort


async def _tell(verb: str, viewer: Viewer, cohort_id: UUID, subject: UUID, **data: Any) -> None:
    await record(verb, by=viewer.id, at=viewer.now, audience=Audience.JURY, cohort=cohort_id, subject=subject, **data)


def _refuse_clash(stored: CriterionPlan | JuryPlan, version: str | None) -> None:
    if version is not None and version != version_of(stored):
        raise Clash(CHANGED, stored=stored)


# --- Criteria ---------------------------------------------------------------------------------------------------------

INSERT = (
    "INSERT INTO criterion (id, cohort, place, key, title, description, weight, scale_min, scale_max, step, anchors)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb)"
)


async def _insert(cohort_id: UUID, place: int, plan: CriterionPlan) -> UUID:
    criterion = new_id()
    await execute(
        INSERT, criterion, cohort_id, place, plan.key, plan.title, plan.description, plan.weight, plan.scale_min,
        plan.scale_max, plan.step, _anchors(plan),
    )  # fmt: skip
    return criterion


def _anchors(plan: CriterionPlan) -> str:
    return json.dumps(dict(plan.anchors), ensure_ascii=False)


FORGET = "DELETE FROM sample_sheet s USING sample p WHERE s.sample = p.id AND p.round = ANY($1)"
# Rounds that take the cohort's criteria: own ones are not touched by what changes here.
FOLLOWING = "SELECT id FROM scoring_round WHERE cohort = $1 AND state = 'draft' AND criteria = '[]'"


async def forget_practice(*rounds: UUID) -> None:
    """A step: marks for samples by other criteria mean nothing any more, and would stand under the wrong ones."""
    await execute(FORGET, rounds)


async def _forget_practice(cohort_id: UUID) -> None:
    await forget_practice(*(row["id"] for row in await fetch(FOLLOWING, cohort_id)))


async def add_criterion(viewer: Viewer, cohort_id: UUID, plan: CriterionPlan) -> UUID:
    """Add a criterion at the end, under a key of its own. The new id."""
    async with DB.transaction():
        await _changeable(viewer, cohort_id, CONDUCT)
        keys = {each.plan.key for each in await criteria_of(cohort_id)}
        if len(keys) >= MOST_CRITERIA:
            raise Refused(
                Message.count("A jury has at most {n} criterion.", "A jury has at most {n} criteria.", MOST_CRITERIA)
            )
        key = next(key for n in range(1, MOST_CRITERIA + 2) if (key := f"criterion_{n}") not in keys)
        place = await fetch_value("SELECT coalesce(max(place), 0) + 1 FROM criterion WHERE cohort = $1", cohort_id)
        criterion = await _insert(cohort_id, place, replace(plan, key=key))
        await _forget_practice(cohort_id)
        await _tell("criterion.added", viewer, cohort_id, criterion, title=plan.title)
    return criterion


async def edit_criterion(
    viewer: Viewer, cohort_id: UUID, criterion_id: UUID, plan: CriterionPlan, *, version: str | None = None
) -> None:
    """Change a criterion's words, weight, scale and anchors; its key stays.

    `version` is that of the criterion that a form showed: Clash when it has changed since.
    """
    async with DB.transaction():
        await _changeable(viewer, cohort_id, CONDUCT)
        stored = next((each.plan for each in await criteria_of(cohort_id) if each.id == criterion_id), None)
        if stored is not None:
            _refuse_clash(stored, version)
        found = await execute(
            "UPDATE criterion SET title = $3, description = $4, weight = $5, scale_min = $6, scale_max = $7,"
            " step = $8, anchors = $9::jsonb WHERE id = $1 AND cohort = $2",
            criterion_id, cohort_id, plan.title, plan.description, plan.weight, plan.scale_min, plan.scale_max,
            plan.step, _anchors(plan),
        )  # fmt: skip
        if not found:
            raise NotFound
        if stored is not None and meaning_of([stored]) != meaning_of([replace(plan, key=stored.key)]):
            await _forget_practice(cohort_id)
        await _tell("criterion.edited", viewer, cohort_id, criterion_id, title=plan.title)


async def move_criterion(viewer: Viewer, cohort_id: UUID, criterion_id: UUID, by: int) -> None:
    """Move a criterion up (-1) or down (+1); at the end of the list nothing happens."""
    async with DB.transaction():
        await _changeable(viewer, cohort_id, CONDUCT)
        order = [each.id for each in await criteria_of(cohort_id)]
        if criterion_id not in order:
            raise NotFound
        place = order.index(criterion_id)
        moved = order.pop(place)
        goal = min(max(place + by, 0), len(order))
        if goal == place:
            return
        order.insert(goal, moved)
        await execute(
            "UPDATE criterion c SET place = n.place FROM unnest($2::uuid[]) WITH ORDINALITY AS n (id, place)"
            " WHERE c.id = n.id AND c.cohort = $1",
            cohort_id, order,
        )  # fmt: skip
        await _forget_practice(cohort_id)
        await _tell("criterion.moved", viewer, cohort_id, criterion_id)


async def remove_criterion(viewer: Viewer, cohort_id: UUID, criterion_id: UUID) -> None:
    """Take a criterion out, unless the rules for ties name it."""
    async with DB.transaction():
        await _changeable(viewer, cohort_id, CONDUCT)
        row = await fetch_one("SELECT key, title FROM criterion WHERE id = $1 AND cohort = $2", criterion_id, cohort_id)
        if row is None:
            raise NotFound
        if f"criterion:{row['key']}" in (await plan_of(cohort_id)).ties:
            raise Refused(Message("The rules for ties name this criterion. Take it out of them first."))
        await execute("DELETE FROM criterion WHERE id = $1", criterion_id)
        await _forget_practice(cohort_id)
        await _tell("criterion.removed", viewer, cohort_id, criterion_id, title=row["title"])


# --- Rules ------------------------------------------------------------------------------------------------------------


async def edit_plan(viewer: Viewer, cohort_id: UUID, plan: JuryPlan, *, version: str | None = None) -> None:
    """Change how the jury decides. `version` is that of the rules that a form showed: Clash when they have changed."""
    async with DB.transaction():
        await _changeable(viewer, cohort_id, EDIT_JURY_SETTINGS)
        _refuse_clash(await plan_of(cohort_id), version)
        keys = [each.plan.key for each in await criteria_of(cohort_id)]
        if unknown_ties(plan.ties, keys):
            raise Refused(Message("The rules for ties name a criterion that is not there. Mend the rules first."))
        await _keep_plan(cohort_id, plan)
        await _tell("jury_rules.edited", viewer, cohort_id, cohort_id)


async def _keep_plan(cohort_id: UUID, plan: JuryPlan) -> None:
    await execute(
        "INSERT INTO jury_plan (id, cohort, document) VALUES ($1, $2, $3::jsonb)"
        " ON CONFLICT (cohort) DO UPDATE SET document = excluded.document",
        new_id(), cohort_id, plan_document(plan),
    )  # fmt: skip


# --- The layer --------------------------------------------------------------------------------------------------------


class JuryLayer:
    """The jury's part of a cohort's plan: criteria and rules."""

    async def lay_out(self, ground: Ground, blueprint: Blueprint) -> None:
        """Keep the blueprint's criteria and rules. A step of creating a cohort."""
        for place, criterion in enumerate(blueprint.criteria, 1):
            await _insert(ground.cohort, place, criterion)
        await _keep_plan(ground.cohort, blueprint.jury)

    async def describe(self, ground: Ground) -> Mapping[str, Any]:
        """`criteria` and `jury` of the blueprint, as they are now."""
        rubric, plan = await rubric_for_cohort(ground.cohort)
        return {"criteria": rubric.criteria, "jury": plan}


register(JuryLayer())
