"""Pages on which organisers prepare a jury: its criteria and rules, rounds and their projects."""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.foundation.i18n import gettext as _
from incubator.foundation.refusals import Clash, Invalid, NotFound, Refused
from incubator.jury.office import board, conducting, preparing
from incubator.jury.office.preparing import KeptCriterion, cohort_jury
from incubator.jury.office.reach import practised, reach
from incubator.jury.result import standings
from incubator.jury.result.snapshot import tie_words
from incubator.jury.rounds import round_for
from incubator.jury.rubric import (
    Rubric,
    anchors,
    choices,
    read_criterion,
    read_jury_plan,
    read_version,
    rubric_of,
    tie_rules,
    version_of,
)
from incubator.jury.rules import CONDUCT, SEE_JURORS
from incubator.jury.terms import AGGREGATES, CLOSINGS, ROUNDINGS
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.programmes.blueprint import CriterionPlan, JuryPlan
from incubator.programmes.blueprint_values import points
from incubator.programmes.queries import cohort_for
from incubator.programmes.rules import EDIT_JURY_SETTINGS

Web = Request[Any, Any, Any]
NAME_LIMIT = 200
CRITERION_SAVED = Message("The criterion is saved.")
CRITERION_REMOVED = Message("The criterion is removed.")
RULES_SAVED = Message("The rules are saved.")
TICK_TEAM = Message("Tick at least one team.")


@get("/cohorts/{cohort_id:uuid}/jury")
async def set_up(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Criteria, rules, rounds and jurors of a cohort."""
    cohort = await cohort_jury(viewer, cohort_id)
    cohort.standing.need(SEE_JURORS)
    found = await board.set_up(cohort_id)
    if found.jurors:
        await conducting.note_contacts_reading(viewer, cohort_id)
    words = tie_words(rubric_of(each.plan for each in found.criteria))
    return pages.page(
        request, "jury/set_up.html", cohort=cohort, set_up=found, may=cohort.standing.may(CONDUCT),
        aggregate=AGGREGATES[found.plan.aggregate], closing=CLOSINGS[found.plan.closing],
        rounding=ROUNDINGS[found.plan.rounding], ties=[words.get(tie, tie) for tie in found.plan.ties],
        practised=await practised(cohort_id),
    )  # fmt: skip


# --- Criteria ---------------------------------------------------------------------------------------------------------


@get("/cohorts/{cohort_id:uuid}/jury/criteria/new")
async def new_criterion(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """The form for another criterion."""
    initial = {"weight": "10", "scale_min": "0", "scale_max": "10", "step": "1"}
    return await _criterion(request, viewer, cohort_id, None, Form.empty(initial))


@get("/cohorts/{cohort_id:uuid}/jury/criteria/{criterion_id:uuid}")
async def criterion(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], criterion_id: FromPath[UUID]
) -> Response[Any]:
    """A criterion's form, with the strip that jurors will see."""
    return await _criterion(request, viewer, cohort_id, criterion_id, None)


async def _criterion(
    request: Web, viewer: Viewer, cohort_id: UUID, criterion_id: UUID | None, form: Form | None, *,
    refusal: Refused | Clash | None = None,
) -> Response[Any]:  # fmt: skip
    """`refusal` is why it was not saved: after a clash the page shows what is stored now beside what was typed."""
    cohort = await cohort_jury(viewer, cohort_id)
    cohort.standing.need(CONDUCT)
    kept = _find(await preparing.criteria_of(cohort_id), criterion_id) if criterion_id else None
    shown = form or Form.empty(shown_criterion(kept.plan) if kept else {})
    preview = (kept.plan, choices(kept.plan), anchors(kept.plan)) if kept else None
    return pages.page(
        request, "jury/criterion.html", status=status_of(shown, refusal), cohort=cohort, form=shown,
        criterion_id=criterion_id, preview=preview, stored=stored_beside(shown, refusal),
        reach=await reach(cohort_id, "criteria"), practised=await practised(cohort_id),
    )  # fmt: skip


def status_of(form: Form, refusal: Refused | Clash | None) -> int:
    """The status of a form's page: 422 with errors, that of a refusal after one."""
    return refusal.status if refusal else 422 if form.errors else 200


def stored_beside(form: Form, refusal: Refused | Clash | None) -> dict[str, object] | None:
    """What a form shows after a refusal: the reason, and the stored values by field when somebody was quicker."""
    if refusal is None:
        return None
    form.fail("", refusal.reason)
    plan = refusal.context["stored"] if isinstance(refusal, Clash) else None
    if isinstance(plan, CriterionPlan):
        return shown_criterion(plan)
    return shown_rules(plan) if isinstance(plan, JuryPlan) else None


def _find(criteria: list[KeptCriterion], criterion_id: UUID) -> KeptCriterion:
    found = next((each for each in criteria if each.id == criterion_id), None)
    if found is None:
        raise NotFound
    return found


def shown_criterion(plan: CriterionPlan) -> dict[str, object]:
    """What the form of a criterion shows for a stored one."""
    return {
        "title": plan.title, "description": plan.description, "weight": plan.weight, "version": version_of(plan),
        "scale_min": points(plan.scale_min), "scale_max": points(plan.scale_max), "step": points(plan.step),
        "anchor_score": [points(value) for value in sorted(plan.anchors)],
        "anchor_words": [plan.anchors[value] for value in sorted(plan.anchors)],
    }  # fmt: skip


@post("/cohorts/{cohort_id:uuid}/jury/criteria/new")
async def add_criterion(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Add a criterion."""
    form = await pages.read_form(request)
    read_version(form)  # the form of a new one holds none
    try:
        plan = read_criterion(form, "new")
        await preparing.add_criterion(viewer, cohort_id, plan)
    except Invalid:
        return await _criterion(request, viewer, cohort_id, None, form)
    except Refused as refusal:
        return await _criterion(request, viewer, cohort_id, None, form, refusal=refusal)
    await flash(viewer, "success", CRITERION_SAVED)
    return pages.redirect(request, f"/cohorts/{cohort_id}/jury#criteria")


@post("/cohorts/{cohort_id:uuid}/jury/criteria/{criterion_id:uuid}")
async def edit_criterion(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], criterion_id: FromPath[UUID]
) -> Response[Any]:
    """Change a criterion."""
    form = await pages.read_form(request)
    version = read_version(form)
    try:
        plan = read_criterion(form, "kept")
        await preparing.edit_criterion(viewer, cohort_id, criterion_id, plan, version=version)
    except Invalid:
        return await _criterion(request, viewer, cohort_id, criterion_id, form)
    except (Refused, Clash) as refusal:
        return await _criterion(request, viewer, cohort_id, criterion_id, form, refusal=refusal)
    await flash(viewer, "success", CRITERION_SAVED)
    return pages.redirect(request, f"/cohorts/{cohort_id}/jury#criteria")


@post("/cohorts/{cohort_id:uuid}/jury/criteria/{criterion_id:uuid}/move")
async def move_criterion(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], criterion_id: FromPath[UUID]
) -> Response[Any]:
    """Move a criterion up or down."""
    form = await pages.read_form(request)
    way = form.choice("way", ("up", "down"))
    form.demand()
    await preparing.move_criterion(viewer, cohort_id, criterion_id, -1 if way == "up" else 1)
    return pages.redirect(request, f"/cohorts/{cohort_id}/jury#{way}-{criterion_id}")


@post("/cohorts/{cohort_id:uuid}/jury/criteria/{criterion_id:uuid}/remove")
async def remove_criterion(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], criterion_id: FromPath[UUID]
) -> Response[Any]:
    """Take a criterion out."""
    (await pages.read_form(request)).demand()
    await preparing.remove_criterion(viewer, cohort_id, criterion_id)
    await flash(viewer, "success", CRITERION_REMOVED)
    return pages.redirect(request, f"/cohorts/{cohort_id}/jury#criteria")


# --- Rules ------------------------------------------------------------------------------------------------------------


@get("/cohorts/{cohort_id:uuid}/jury/rules")
async def rules_page(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """How the jury decides, as a form."""
    return await _rules(request, viewer, cohort_id, _plan_form)


def _plan_form(plan: JuryPlan) -> Form:
    return Form.empty(shown_rules(plan))


def shown_rules(plan: JuryPlan) -> dict[str, object]:
    """What the form of the rules shows for stored ones."""
    return {
            "aggregate": plan.aggregate.value, "closing": plan.closing.value, "rounding": plan.rounding.value,
            "minimum_sheets": plan.minimum_sheets, "quorum": plan.quorum, "decimals": plan.decimals,
            "tie": list(plan.ties), "version": version_of(plan),
        }  # fmt: skip


async def _rules(
    request: Web, viewer: Viewer, cohort_id: UUID, form_of: Callable[[JuryPlan], Form],
    refusal: Refused | Clash | None = None,
) -> Response[Any]:  # fmt: skip
    cohort = await cohort_for(viewer, cohort_id)
    cohort.standing.need(EDIT_JURY_SETTINGS)
    rubric, plan = await preparing.rubric_for_cohort(cohort_id)
    form, words = form_of(plan), tie_words(rubric)
    return pages.page(
        request, "jury/rules.html", status=status_of(form, refusal), cohort=cohort, form=form,
        stored=stored_beside(form, refusal), reach=await reach(cohort_id, "plan"),
        **rule_choices(rubric, plan, form, words),
    )  # fmt: skip


def rule_choices(rubric: Rubric, plan: JuryPlan, form: Form, words: Mapping[str, Message]) -> dict[str, Any]:
    """What the form of the rules offers."""
    return {
        "tie_names": words, "aggregates": _options(AGGREGATES), "closings": _options(CLOSINGS),
        "roundings": _options(ROUNDINGS), "ties": [(tie, _capital(str(words[tie]))) for tie in tie_rules(rubric.keys)],
        "rows": min(len(rubric.keys) + 4, max(len(form.values("tie")), len(plan.ties)) + 2),
    }  # fmt: skip


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _options(words: Any) -> list[tuple[str, str]]:
    return [(option.value, str(text)) for option, text in words.items()]


@post("/cohorts/{cohort_id:uuid}/jury/rules")
async def edit_rules(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Change how the jury decides."""
    form = await pages.read_form(request)
    rubric, _plan = await preparing.rubric_for_cohort(cohort_id)
    version = read_version(form)
    try:
        plan = read_jury_plan(form, rubric.keys)
        await preparing.edit_plan(viewer, cohort_id, plan, version=version)
    except Invalid:
        return await _rules(request, viewer, cohort_id, lambda _plan: form)
    except (Refused, Clash) as refusal:
        return await _rules(request, viewer, cohort_id, lambda _plan: form, refusal)
    await flash(viewer, "success", RULES_SAVED)
    return pages.redirect(request, f"/cohorts/{cohort_id}/jury#rules")


# --- Rounds -----------------------------------------------------------------------------------------------------------


@get("/cohorts/{cohort_id:uuid}/rounds/new")
async def new_round(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """The form for a round: its name, its teams and their running order."""
    return await _new_round(request, viewer, cohort_id, None)


async def _new_round(request: Web, viewer: Viewer, cohort_id: UUID, form: Form | None) -> Response[Any]:
    cohort = await cohort_jury(viewer, cohort_id)
    cohort.standing.need(CONDUCT)
    teams, earlier = await board.entrants(cohort_id), await board.published_rounds(cohort_id)
    ready = [str(each.team) for each in teams if each.works]
    initial: dict[str, object] = {"name": _("Final defence"), "team": ready}
    if (chosen := await _going_on(request, earlier)) is not None:
        initial = {"name": "", "team": chosen[1], "follows": str(chosen[0]),
                   **{f"place_{team}": place for place, team in enumerate(chosen[1], 1)}}  # fmt: skip
    return pages.page(
        request, "jury/round.html", status=422 if form and form.errors else 200, cohort_id=cohort_id,
        cohort_name=cohort.name, teams=teams, form=form or Form.empty(initial),
        action=f"/cohorts/{cohort_id}/rounds/new", earlier=earlier, asked=request.query_params, limit=NAME_LIMIT,
        named=_named(teams),
    )  # fmt: skip


async def _going_on(request: Web, earlier: list[tuple[UUID, str]]) -> tuple[UUID, list[str]] | None:
    """The round named in the address and its best teams, in reverse order of their places: the best present last."""
    asked, top = request.query_params.get("from", ""), request.query_params.get("top", "")
    found = next((each for each, _name in earlier if str(each) == asked), None)
    if found is None or not top.isdecimal():
        return None
    rows = (await standings.published(found)).rows
    best = [row for row in rows if row.place is not None and row.place <= int(top[:4])]
    return found, [str(row.team) for row in sorted(best, key=lambda row: -(row.place or 0))]


@post("/cohorts/{cohort_id:uuid}/rounds/new")
async def create_round(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Draw up a round."""
    form = await pages.read_form(request)
    try:
        follows = form.uuid("follows", required=False)
        name, teams = _read_round(form, await board.entrants(cohort_id))
    except Invalid:
        return await _new_round(request, viewer, cohort_id, form)
    made = await conducting.create_round(viewer, cohort_id, name, teams, follows=follows)
    await flash(viewer, "success", Message("The round is drawn up. Seat its jury, then open it."))
    return pages.redirect(request, f"/rounds/{made}")


@get("/rounds/{round_id:uuid}/projects")
async def arrangement(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """The name, projects and running order of a round that is still a draft."""
    return await _arrangement(request, viewer, round_id, None)


async def _arrangement(request: Web, viewer: Viewer, round_id: UUID, form: Form | None) -> Response[Any]:
    round_ = await round_for(viewer, round_id)
    round_.standing.need(CONDUCT)
    teams = await board.entrants(round_.cohort, round_id)
    initial = {
        "name": round_.name, "team": [str(each.team) for each in teams if each.place],
        **{f"place_{each.team}": each.place for each in teams if each.place},
    }  # fmt: skip
    shown = form or Form.empty(initial)
    return pages.page(
        request, "jury/round.html", status=422 if shown.errors else 200, cohort_id=round_.cohort,
        cohort_name=round_.cohort_name, teams=teams, form=shown, action=f"/rounds/{round_id}/projects",
        round_name=round_.name, limit=NAME_LIMIT, named=_named(teams),
    )  # fmt: skip


def _named(teams: list[board.Entrant]) -> dict[str, str]:
    """Whose number a field is, for the list of errors."""
    return {f"place_{each.team}": each.name for each in teams}


@post("/rounds/{round_id:uuid}/projects")
async def arrange(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Change a round that is still a draft."""
    form = await pages.read_form(request)
    round_ = await round_for(viewer, round_id)
    round_.standing.need(CONDUCT)
    try:
        name, teams = _read_round(form, await board.entrants(round_.cohort, round_id))
    except Invalid:
        return await _arrangement(request, viewer, round_id, form)
    await conducting.arrange_round(viewer, round_id, name, teams)
    await flash(viewer, "success", Message("Name, projects and running order are saved."))
    return pages.redirect(request, f"/rounds/{round_id}")


def _read_round(form: Form, teams: list[board.Entrant]) -> tuple[str, list[UUID]]:
    """The name and the ticked teams in running order: numbered ones by their number, the others after them."""
    name = form.text("name", limit=NAME_LIMIT)
    ticked = form.choices("team", [str(each.team) for each in teams], required=True, missing=TICK_TEAM)
    numbers = {str(each.team): form.integer(f"place_{each.team}", 1, 9999, required=False) for each in teams}
    _judge_numbers(form, {str(each.team): each for each in teams}, ticked, numbers)
    form.demand()
    return name, [UUID(team) for team in sorted(ticked, key=lambda team: (numbers[team] is None, numbers[team] or 0))]


def _judge_numbers(
    form: Form, teams: Mapping[str, board.Entrant], ticked: Collection[str], numbers: Mapping[str, int | None]
) -> None:
    """Errors of numbers that say nothing clear: one of two teams, or one of a team that doesn't take part."""
    for team, place in numbers.items():
        if place is None:
            continue
        if team not in ticked:
            if place != teams[team].place:  # the number it had stays in the field when its tick is taken away
                form.fail(f"place_{team}", Message("Tick the team too, or empty the number."))
        elif other := next((each for each in ticked if each != team and numbers[each] == place), None):
            form.fail(f"place_{team}", Message("“{team}” has the number {number} too. Give each team one of its own.",
                                               team=teams[other].name, number=place))  # fmt: skip


HANDLERS: list[Any] = [
    set_up, new_criterion, criterion, add_criterion, edit_criterion, move_criterion, remove_criterion, rules_page,
    edit_rules, new_round, create_round, arrangement, arrange,
]  # fmt: skip
