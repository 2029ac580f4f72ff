"""Pages of conflicts of interest: each for himself, the organisers' list of all, and a lead's challenge to a juror."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import pages
from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message
from incubator.foundation.readings import BLANK
from incubator.foundation.refusals import Clash, Invalid
from incubator.jury.conflicts import declaring, queries
from incubator.jury.conflicts.declaring import Card
from incubator.jury.conflicts.kinship import SOURCE_WORDS
from incubator.jury.rounds import Round, round_for
from incubator.jury.rules import CHOOSE_JUROR, DECLARE, LIFT, RoundState, in_the_jury
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.programmes.queries import cohort_for
from incubator.teams.municipalities import regions
from incubator.teams.queries import team_for
from incubator.teams.rules import CHALLENGE_JUROR

Web = Request[Any, Any, Any]
REASON_LIMIT = 500
WISHES = [("0", Message("All the same")), ("1", Message("Gladly")), ("-1", Message("Rather not"))]


# --- One's own --------------------------------------------------------------------------------------------------------


@get("/rounds/{round_id:uuid}/conflicts")
async def conflicts_page(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """The teams of a round, to say with which one has a conflict of interest."""
    return await _conflicts(request, viewer, await round_for(viewer, round_id), None)


async def _conflicts(
    request: Web, viewer: Viewer, scoring: Round, form: Form | None, clash: Clash | None = None
) -> Response[Any]:
    scoring.known_as.need(DECLARE)
    teams = await queries.teams_of_round(viewer, scoring.id, blind=scoring.blind)
    card, places = await queries.card_of(viewer.id, scoring.id)
    initial: dict[str, object] = {
        "employer": card.employer, "municipality": card.municipality or "", "region": card.region,
        **{f"wish_{team.team}": team.wish for team in teams},
    }  # fmt: skip
    shown = form or Form.empty(initial)
    wishing = scoring.state is RoundState.DRAFT and scoring.seat is not None and not scoring.terms.blind
    return pages.page(
        request, "jury/conflicts.html", status=clash.status if clash else 422 if shown.errors else 200, scoring=scoring,
        teams=teams, form=shown, version=declaring.version_of(card, {team.team: team.wish for team in teams}),
        stored=_stored(card, places, teams) if clash else None,
        changeable=scoring.state in {RoundState.DRAFT, RoundState.OPEN}, sources=SOURCE_WORDS, wishing=wishing,
        places=[(str(id_), name) for id_, name in places], regions=[(name, name) for name in _regions(card)],
        named={f"reason_{team.team}": team.name for team in teams}, wishes=[(value, str(words)) for value, words in WISHES],
    )  # fmt: skip


def _stored(card: Card, places: list[tuple[UUID, str]], teams: list[queries.TeamOfRound]) -> list[tuple[str, str]]:
    """What is kept now, in the words of the form, to compare with what was typed."""
    wished = [(str(words), [team.name for team in teams if str(team.wish) == value]) for value, words in WISHES[1:]]
    return [
        (str(Message("Where you work")), card.employer),
        (str(Message("Your municipality")), dict(places).get(card.municipality, "") if card.municipality else ""),
        (str(Message("Your region")), card.region),
        *((words, ", ".join(names)) for words, names in wished if names),
    ]


def _regions(card: Card) -> list[str]:
    """Those of the register, and the one that stands on the card, should it be called otherwise now."""
    return sorted({*(region.name for region in regions().values()), *filter(None, [card.region])})


@post("/rounds/{round_id:uuid}/conflicts")
async def declare(request: Web, viewer: NamedDependency[Viewer], round_id: FromPath[UUID]) -> Response[Any]:
    """Declare one's conflicts, or that there is none; where one works and lives; which projects one would like."""
    form = await pages.read_form(request)
    scoring = await round_for(viewer, round_id)
    scoring.known_as.need(DECLARE)
    teams = [team.team for team in await queries.teams_of_round(viewer, round_id)]
    version = form.text("version", required=False)
    try:
        card = _read_card(form, *await queries.card_of(viewer.id, round_id)) if form.value("has_card") else None
        wishes = {team: _wish(form, team) for team in teams} if form.value("has_wishes") else {}
        reasons = _read_conflicts(form, teams)
        await declaring.declare(viewer, round_id, reasons, card=card, wishes=wishes, version=version)
    except Invalid:
        return await _conflicts(request, viewer, scoring, form)
    except Clash as clash:
        form.fail("", clash.reason)
        return await _conflicts(request, viewer, scoring, form, clash)
    await flash(viewer, "success", Message("Your declaration is recorded."))
    return pages.redirect(request, f"/rounds/{round_id}" if scoring.seat else f"/rounds/{round_id}/conflicts")


def _read_card(form: Form, saved: Card, places: list[tuple[UUID, str]]) -> Card:
    form.flag("has_card")
    municipality = form.choice("municipality", [str(place) for place, _ in places], required=False)
    region = form.choice("region", _regions(saved), required=False) or ""
    return Card(form.text("employer", required=False, limit=200), UUID(municipality) if municipality else None, region)


def _wish(form: Form, team: UUID) -> int:
    form.flag("has_wishes")
    return int(form.choice(f"wish_{team}", ("0", "1", "-1"), required=False) or 0)


def _read_conflicts(form: Form, teams: list[UUID]) -> dict[UUID, str]:
    """The ticked teams with their reasons; none at all needs the tick that says so."""
    ticked = {UUID(team) for team in form.choices("team", [str(team) for team in teams])}
    reasons = {team: form.text(f"reason_{team}", required=team in ticked, limit=REASON_LIMIT) for team in teams}
    loose = [team for team in teams if team not in ticked and form.value(f"reason_{team}").strip(BLANK)]
    for team in loose:
        form.fail(f"reason_{team}", Message("Tick the team too, or empty the reason."))
    if not form.flag("none") and not ticked and not loose:
        form.fail("none", Message("Tick the teams you have a conflict with, or say that you have none."))
    form.demand()
    return {team: reason for team, reason in reasons.items() if team in ticked}


# --- A lead's challenge -----------------------------------------------------------------------------------------------


@get("/teams/{team_id:uuid}/jury")
async def challenge_page(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Jurors of rounds that are not open yet, for the lead who knows of a conflict of interest."""
    return await _challenge(request, viewer, team_id, Form.empty())


async def _challenge(request: Web, viewer: Viewer, team_id: UUID, form: Form) -> Response[Any]:
    team = await team_for(viewer, team_id)
    team.standing.need(CHALLENGE_JUROR)
    jurors = await queries.challenges(team.cohort, team_id)
    return pages.page(
        request, "jury/challenge.html", status=422 if form.errors else 200, team=team, jurors=jurors, form=form,
        options=[(str(juror.person), juror.name) for juror in jurors if not juror.challenged],
    )  # fmt: skip


@post("/teams/{team_id:uuid}/jury")
async def challenge(request: Web, viewer: NamedDependency[Viewer], team_id: FromPath[UUID]) -> Response[Any]:
    """Name a conflict of interest between a juror and one's own team."""
    form = await pages.read_form(request)
    juror, reason = form.uuid("juror", missing=CHOOSE_JUROR), form.text("reason", limit=REASON_LIMIT, lines=True)
    try:
        form.demand()
    except Invalid:
        return await _challenge(request, viewer, team_id, form)
    await declaring.claim(viewer, team_id, given(juror), reason)
    await flash(viewer, "success", Message("The organisers have been told. The juror doesn't score your project."))
    return pages.redirect(request, f"/teams/{team_id}/jury")


# --- All of them ------------------------------------------------------------------------------------------------------


@get("/cohorts/{cohort_id:uuid}/conflicts")
async def conflict_list(request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID]) -> Response[Any]:
    """Every conflict of interest of a cohort: where it comes from, who replaced the juror, who lifted it and why."""
    return await _conflict_list(request, viewer, cohort_id, Form.empty(), None)


async def _conflict_list(request: Web, viewer: Viewer, cohort_id: UUID, form: Form, at: UUID | None) -> Response[Any]:
    cohort = await cohort_for(viewer, cohort_id)
    in_the_jury(cohort.standing, seated=True).need(LIFT)
    return pages.page(
        request, "jury/conflict_list.html", status=422 if form.errors else 200, cohort=cohort, form=form, at=at,
        blank=Form.empty(), conflicts=await queries.conflicts_of(cohort_id), sources=SOURCE_WORDS,
    )  # fmt: skip


@post("/cohorts/{cohort_id:uuid}/conflicts/{conflict_id:uuid}/lift")
async def lift(
    request: Web, viewer: NamedDependency[Viewer], cohort_id: FromPath[UUID], conflict_id: FromPath[UUID]
) -> Response[Any]:
    """Find that there is no conflict, with a reason."""
    form = await pages.read_form(request)
    reason = form.text("reason", limit=500, lines=True)
    try:
        form.demand()
    except Invalid:
        return await _conflict_list(request, viewer, cohort_id, form, conflict_id)
    await declaring.lift(viewer, conflict_id, reason)
    await flash(viewer, "success", Message("The conflict of interest is lifted; it stays on record."))
    return pages.redirect(request, f"/cohorts/{cohort_id}/conflicts")


HANDLERS: list[Any] = [conflicts_page, declare, challenge_page, challenge, conflict_list, lift]
