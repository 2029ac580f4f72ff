"""Pages on which organisers set a round up: what jurors see of it, its own criteria and rules, who sits for what."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.foundation.readings import Unreadable, email
from incubator.foundation.refusals import Clash, Forbidden, Invalid, NotFound, Refused
from incubator.jury.office import board, round_rubric, seating
from incubator.jury.office.reach import practised
from incubator.jury.pages import control, editing
from incubator.jury.result.snapshot import tie_words
from incubator.jury.rounds import Round, round_for
from incubator.jury.rubric import anchors, choices, read_criterion, read_jury_plan, read_version
from incubator.jury.rules import CHOOSE_JUROR, CONDUCT, RoundState
from incubator.jury.terms import AGGREGATES, CLOSINGS, TURN_WORDS, VOTING, read_terms_form
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.programmes.blueprint import CriterionPlan, JuryPlan

Web = Request[Any, Any, Any]
MOST_ADDRESSES = 5
OF_ITS_OWN = Message("This round has criteria and rules of its own.")
OF_THE_COHORT = Message("This round takes the criteria and rules of the cohort as they are when it opens.")
NO_SHEETS = Message(
    "A juror with a vote takes at least one sheet. Enter 1 or more, or leave it empty: then the limit of the allocation counts."
)


async def _to_prepare(viewer: Viewer, round_id: UUID) -> Round:
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(CONDUCT)
    return scoring


# --- Terms ------------------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/set-up")
async def set_up(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """What jurors see of a round, and by which criteria and rules it is scored."""
    return await _set_up(request, await _to_prepare(viewer, round_id), None)


async def _set_up(request: Web, scoring: Round, form: Form | None, addresses: Form | None = None) -> Response[Any]:
    terms, assignments = scoring.terms, await board.assignments_of(scoring.cohort)
    ticked = [str(each.id) for each in assignments if str(each.id) not in terms.left_out]
    flags = {name: "on" for name in ("blind", "region", "case", "works", "files") if getattr(terms, name)}
    rubric, plan = await round_rubric.rubric_for_round(scoring)
    words = tie_words(rubric)
    shown = form or Form.empty({**flags, "assignment": ticked, "order": str(terms.order)})
    return pages.page(
        request, "jury/round_set_up.html", status=422 if shown.errors or addresses else 200, scoring=scoring, form=shown,
        plan=plan, addresses=addresses or Form.empty({"root_to": scoring.root_to}),
        assignments=[(str(each.id), f"{each.module}: {each.title}") for each in assignments], criteria=rubric.criteria,
        weights=sum(each.weight for each in rubric.criteria), own=round_rubric.is_own(scoring),
        draft=scoring.state is RoundState.DRAFT, aggregate=AGGREGATES[plan.aggregate],
        turns=[(turn.value, str(words)) for turn, words in TURN_WORDS.items()],
        closing=CLOSINGS[plan.closing], ties=[words.get(tie, tie) for tie in plan.ties],
        practised=await practised(scoring.id),
    )  # fmt: skip


@post("/rounds/{round_id:uuid}/set-up")
async def keep_terms(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Say what jurors of the round see."""
    form = await pages.read_form(request)
    scoring = await _to_prepare(viewer, round_id)
    try:
        terms = read_terms_form(form, [str(each.id) for each in await board.assignments_of(scoring.cohort)])
    except Invalid:
        return await _set_up(request, scoring, form)
    await seating.set_terms(viewer, round_id, terms)
    await flash(viewer, "success", Message("What jurors see is set."))
    return pages.redirect(request, f"/rounds/{round_id}/set-up")


@post("/rounds/{round_id:uuid}/root-to")
async def keep_addresses(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Name the addresses to which the root of the ledger goes."""
    form = await pages.read_form(request)
    scoring = await _to_prepare(viewer, round_id)
    addresses = form.text("root_to", required=False, limit=1500, lines=True).split()
    for each in addresses:
        try:
            email(each)
        except Unreadable as refusal:
            form.fail("root_to", Message("{address}: {reason}", address=each, reason=refusal.reason))
    if len(addresses) > MOST_ADDRESSES:
        form.fail("root_to", Message("At most five addresses."))
    try:
        form.demand()
    except Invalid:
        return await _set_up(request, scoring, None, form)
    await seating.set_root_to(viewer, round_id, [email(each) for each in addresses])
    await flash(viewer, "success", Message("The addresses are set."))
    return pages.redirect(request, f"/rounds/{round_id}/set-up#root")


@post("/rounds/{round_id:uuid}/criteria/own")
async def whose_criteria(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Give the round criteria and rules of its own, or let it follow the cohort again."""
    form = await pages.read_form(request)
    way = form.choice("way", ("own", "cohort"))
    form.demand()
    act = round_rubric.take_own if way == "own" else round_rubric.give_up_own
    await act(viewer, round_id)
    await flash(viewer, "success", OF_ITS_OWN if way == "own" else OF_THE_COHORT)
    return pages.redirect(request, f"/rounds/{round_id}/set-up#criteria")


# --- Own criteria -----------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/criteria/{key:str}")
async def criterion(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], key: FromPath[str]
) -> Response[Any]:
    """The form of one criterion of the round; `new` is the key of one that is not there yet."""
    scoring = await _to_prepare(viewer, round_id)
    plan = _plan(scoring, key)
    blank = {"weight": "10", "scale_min": "0", "scale_max": "10", "step": "1"}
    return await _criterion(request, scoring, key, Form.empty(editing.shown_criterion(plan) if plan else blank))


def _plan(scoring: Round, key: str) -> CriterionPlan | None:
    found = next((each for each in scoring.rubric.criteria if each.key == key), None)
    if found is None and key != "new":
        raise NotFound
    return found


async def _criterion(
    request: Web, scoring: Round, key: str, form: Form, refusal: Refused | Clash | None = None
) -> Response[Any]:
    plan = _plan(scoring, key)
    return pages.page(
        request, "jury/criterion.html", status=editing.status_of(form, refusal), cohort=_cohort(scoring), form=form,
        criterion_id=key, preview=(plan, choices(plan), anchors(plan)) if plan else None,
        stored=editing.stored_beside(form, refusal), base=_base(scoring), above=_crumbs(scoring),
        practised=await practised(scoring.id),
    )  # fmt: skip


def _cohort(scoring: Round) -> dict[str, object]:
    return {"id": scoring.cohort, "name": scoring.cohort_name}


def _base(scoring: Round) -> str:
    return f"/rounds/{scoring.id}"


def _crumbs(scoring: Round) -> list[tuple[str, str]]:
    base = _base(scoring)
    return [(f"/cohorts/{scoring.cohort}", scoring.cohort_name), (base, scoring.name),
            (f"{base}/set-up", str(Message("Set-up of the round")))]  # fmt: skip


@post("/rounds/{round_id:uuid}/criteria/{key:str}")
async def keep_criterion(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], key: FromPath[str]
) -> Response[Any]:
    """Add a criterion to the round, or change one."""
    form = await pages.read_form(request)
    scoring = await _to_prepare(viewer, round_id)
    _plan(scoring, key)
    version = read_version(form)
    try:
        await _keep(viewer, scoring, key, form, version)
    except Invalid:
        return await _criterion(request, scoring, key, form)
    except Forbidden:
        raise
    except (Refused, Clash) as refusal:
        return await _criterion(request, scoring, key, form, refusal)
    await flash(viewer, "success", editing.CRITERION_SAVED)
    return pages.redirect(request, f"/rounds/{round_id}/set-up#criteria")


async def _keep(viewer: Viewer, scoring: Round, key: str, form: Form, version: str) -> None:
    if key != "new":
        await round_rubric.edit(viewer, scoring.id, key, read_criterion(form, key), version)
        return
    keys = scoring.rubric.keys
    fresh = next(name for n in range(1, len(keys) + 2) if (name := f"criterion_{n}") not in keys)
    await round_rubric.add(viewer, scoring.id, read_criterion(form, fresh))


@post("/rounds/{round_id:uuid}/criteria/{key:str}/move")
async def move_criterion(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], key: FromPath[str]
) -> Response[Any]:
    """Move a criterion of the round up or down."""
    form = await pages.read_form(request)
    way = form.choice("way", ("up", "down"))
    form.demand()
    await round_rubric.move(viewer, round_id, key, -1 if way == "up" else 1)
    return pages.redirect(request, f"/rounds/{round_id}/set-up#{way}-{key}")


@post("/rounds/{round_id:uuid}/criteria/{key:str}/remove")
async def remove_criterion(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], key: FromPath[str]
) -> Response[Any]:
    """Take a criterion out of the round."""
    (await pages.read_form(request)).demand()
    await round_rubric.remove(viewer, round_id, key)
    await flash(viewer, "success", editing.CRITERION_REMOVED)
    return pages.redirect(request, f"/rounds/{round_id}/set-up#criteria")


# --- Own rules --------------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/rules")
async def rules_page(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """How the jury of this round decides."""
    scoring = await _to_prepare(viewer, round_id)
    return await _rules(request, scoring, lambda plan: Form.empty(editing.shown_rules(plan)))


async def _rules(
    request: Web, scoring: Round, form_of: Callable[[JuryPlan], Form], refusal: Refused | Clash | None = None
) -> Response[Any]:
    rubric, plan = await round_rubric.rubric_for_round(scoring)
    form, words = form_of(plan), tie_words(rubric)
    return pages.page(
        request, "jury/rules.html", status=editing.status_of(form, refusal), cohort=_cohort(scoring), form=form,
        stored=editing.stored_beside(form, refusal), base=_base(scoring), above=_crumbs(scoring),
        round_name=scoring.name, **editing.rule_choices(rubric, plan, form, words),
    )  # fmt: skip


@post("/rounds/{round_id:uuid}/rules")
async def keep_rules(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Change how the jury of this round decides."""
    form = await pages.read_form(request)
    scoring = await _to_prepare(viewer, round_id)
    version = read_version(form)
    try:
        plan = read_jury_plan(form, scoring.rubric.keys)
        await round_rubric.edit_plan(viewer, round_id, plan, version)
    except Invalid:
        return await _rules(request, scoring, lambda _plan: form)
    except Forbidden:
        raise
    except (Refused, Clash) as refusal:
        return await _rules(request, scoring, lambda _plan: form, refusal)
    await flash(viewer, "success", editing.RULES_SAVED)
    return pages.redirect(request, f"/rounds/{round_id}/set-up#rules")


# --- Seats ------------------------------------------------------------------------------------------------------------


@post("/rounds/{round_id:uuid}/jurors/{seat_id:uuid}/duty")
async def duty(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], seat_id: FromPath[UUID]
) -> Response[Any]:
    """Say what somebody sits on the jury for, and how many sheets he takes at most."""
    form = await pages.read_form(request)
    kind, cap = form.choice("duty", VOTING), form.integer("cap", 0, 100_000, required=False)
    if cap == 0:
        form.fail("cap", NO_SHEETS)
    scoring = await _to_prepare(viewer, round_id)
    try:
        form.demand()
    except Invalid:
        return await control.board_page(request, scoring, form, f"duty-{seat_id}")
    await seating.set_duty(viewer, round_id, seat_id, str(kind), cap)
    await flash(viewer, "success", Message("The seat is changed."))
    return pages.redirect(request, f"/rounds/{round_id}#seats-title")


@post("/rounds/{round_id:uuid}/jurors/{seat_id:uuid}/call-up")
async def call_up(
    request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID], seat_id: FromPath[UUID]
) -> Response[Any]:
    """Call up a substitute, who takes over what a juror has not brought or must not judge."""
    form = await pages.read_form(request)
    instead_of, reason = form.uuid("instead_of", missing=CHOOSE_JUROR), form.text("reason", limit=500)
    scoring = await _to_prepare(viewer, round_id)
    try:
        form.demand()
    except Invalid:
        return await control.board_page(request, scoring, form, f"call-up-{seat_id}")
    assert instead_of is not None
    count = await seating.call_up(viewer, round_id, seat_id, instead_of, reason)
    said = Message.count("The substitute has taken over {n} sheet.", "The substitute has taken over {n} sheets.", count)
    await flash(viewer, "success", said)
    return pages.redirect(request, f"/rounds/{round_id}")


HANDLERS: list[Any] = [
    set_up, keep_terms, keep_addresses, whose_criteria, criterion, keep_criterion, move_criterion, remove_criterion, rules_page,
    keep_rules, duty, call_up,
]  # fmt: skip
