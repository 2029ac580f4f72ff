"""The people of the tests and how they come in: accounts, sessions, viewers, and worlds built through actions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from incubator.foundation.database import DB, fetch_value, new_id
from incubator.people import actions, queries, sessions
from incubator.people.rights import Role, Scope, Viewer
from incubator.settings import settings

PASSWORD = "семь сов на сосне"  # good enough for every rule


@dataclass(frozen=True)
class Person:
    """Somebody of the cast."""

    id: UUID
    name: str
    email: str


async def now() -> datetime:
    """PostgreSQL's clock."""
    moment: datetime = await fetch_value("SELECT now()")
    return moment


async def person(name: str, email: str, password: str | None = None) -> Person:
    """An account; with `password` one that can sign in through the form (that costs a hash)."""
    async with DB.transaction():
        made = await actions.ensure_person(email, name, await now())
    if password is not None:
        await actions.set_password(made, password)
    return Person(made, name, email)


async def give(
    who: Person, role: Role, scope: Scope, scope_id: UUID | None = None, *, cohort: UUID | None = None
) -> UUID:
    """A role, as if it had been accepted; the id of the grant."""
    async with DB.transaction():
        return await actions.give_role(who.id, role, scope, scope_id, cohort=cohort, by=None, at=await now())


async def administrator(name: str = "Олег Тихонов", email: str = "admin@example.org") -> Person:
    """Who runs the installation."""
    made = await person(name, email)
    await give(made, Role.ADMINISTRATOR, Scope.PLATFORM)
    return made


async def sign_in(client: httpx.AsyncClient, who: Person | UUID) -> httpx.AsyncClient:
    """Open a session without the form and its hash; the client carries the cookie and the CSRF header from now on."""
    person_id = who if isinstance(who, UUID) else who.id
    token = await sessions.begin(person_id)
    client.cookies.clear()
    client.cookies.set(sessions.cookie_name(settings()), token, domain="127.0.0.1")
    client.headers["x-csrf-token"] = sessions.csrf_token(queries.token_fingerprint(token))
    return client


def sign_out(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The client becomes a visitor; the session in the database stays."""
    client.cookies.clear()
    client.headers.pop("x-csrf-token", None)
    return client


async def viewer(who: Person | UUID, *, at: datetime | None = None) -> Viewer:
    """The person as actions see him, at a chosen moment or now."""
    person_id = who if isinstance(who, UUID) else who.id
    return await queries.viewer_for(person_id, at or await now())


def at(someone: Viewer, moment: datetime) -> Viewer:
    """The same viewer at another moment."""
    return replace(someone, now=moment)


async def counts() -> Mapping[str, int]:
    """Rows of every table: a refused request leaves them as they were (sessions are touched by reading)."""
    from incubator.foundation.database import fetch

    tables = await fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration'")
    return {t["tablename"]: await fetch_value(f'SELECT count(*) FROM "{t["tablename"]}"') for t in tables}


# --- Cohorts and teams ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CohortOfCast:
    """An open cohort with its organiser."""

    id: UUID
    programme: UUID
    organiser: Person


@dataclass(frozen=True)
class TeamOfCast:
    """A registered team; `members` without the lead."""

    id: UUID
    cohort: UUID
    lead: Person
    members: tuple[Person, ...]


PLACES = (
    ("05720000", "Спасск-Дальний", "urban_district", "Приморский край", "Asia/Vladivostok"),
    ("27701000", "Калининград", "urban_district", "Калининградская область", "Europe/Kaliningrad"),
    ("54701000", "Орёл", "urban_district", "Орловская область", "Europe/Moscow"),
    ("77701000", "Анадырь", "urban_district", "Чукотский автономный округ", "Asia/Kamchatka"),
)
LEADS = ("Ирина Соколова", "Павел Громов", "Лидия Орлова", "Семён Чайка")
MEMBERS = ("Тимур Асланов", "Вера Кузьмина", "Глеб Назаров", "Нина Полева", "Марк Ершов", "Ольга Белых")


async def cohort(*, places: int = 20, max_members: int = 10, opened: bool = True) -> CohortOfCast:
    """A cohort of a programme of its own, made by its organiser from the shipped school."""
    from incubator.jury.office import preparing as _jury  # noqa: F401  (every layer of a plan is there, as in the application)
    from incubator.programmes import actions as programmes
    from incubator.programmes.blueprint import Position
    from incubator.programmes.rules import CohortFacts, TeamFacts
    from incubator.programmes.shipped import shipped
    from incubator.stages import layout as _stages  # noqa: F401

    tag = new_id().hex[-6:]
    admin = await administrator(email=f"admin-{tag}@example.org")
    programme = await programmes.create_programme(await viewer(admin), f"Школа муниципальных команд {tag}")
    organiser = await person("Анна Ветрова", f"anna-{tag}@example.org")
    await give(organiser, Role.ORGANISER, Scope.PROGRAMME, programme)
    facts = CohortFacts("Весна 2027", "", "Asia/Vladivostok", date(2027, 3, 1), places)
    cohort_id = await programmes.create_cohort(await viewer(organiser), programme, facts, shipped()[0])
    positions = (Position.HEAD, Position.DEPUTY_HEAD, Position.MUNICIPAL_EMPLOYEE)
    await programmes.edit_cohort(await viewer(organiser), cohort_id, facts, TeamFacts(2, max_members, positions))
    if opened:
        await programmes.open_cohort(await viewer(organiser), cohort_id)
    return CohortOfCast(cohort_id, programme, organiser)


def registration(number: int = 0, **changes: object) -> Any:
    """What a lead fills in: the municipality with this number of PLACES."""
    from incubator.programmes.blueprint import Position
    from incubator.teams.municipalities import MunicipalityFacts, MunicipalityKind
    from incubator.teams.rules import Registration

    oktmo, name, kind, region, zone = PLACES[number % len(PLACES)]
    facts = MunicipalityFacts(oktmo, name, MunicipalityKind(kind), region, zone)
    team_name = name if number < len(PLACES) else f"{name} {number}"
    return replace(Registration(facts, team_name, Position.HEAD, "Глава городского округа"), **changes)


async def invited_lead(where: CohortOfCast, number: int = 0) -> Person:
    """Somebody who may register a team in the cohort."""
    lead = await person(LEADS[number % len(LEADS)], f"lead-{new_id().hex[-8:]}@example.org")
    await give(lead, Role.TEAM_LEAD, Scope.COHORT, where.id, cohort=where.id)
    return lead


async def team(where: CohortOfCast, number: int = 0, *, members: int = 2) -> TeamOfCast:
    """A team that its lead has registered and whose members have accepted their invitations."""
    from incubator.teams import actions as teams

    lead = await invited_lead(where, number)
    team_id = await teams.register_team(await viewer(lead), where.id, registration(number))
    joined = [await join_team(await viewer(lead), team_id, name) for name in MEMBERS[:members]]
    return TeamOfCast(team_id, where.id, lead, tuple(joined))


async def join_team(by: Viewer, team_id: UUID, name: str) -> Person:
    """Somebody who is invited to a team and accepts."""
    from incubator.people import accounts
    from incubator.programmes.blueprint import Position
    from incubator.teams import actions as teams
    from incubator.teams.rules import Invitee

    somebody = await person(name, f"member-{new_id().hex[-8:]}@example.org")
    invitee = Invitee(somebody.email, name, Position.MUNICIPAL_EMPLOYEE)
    offer = await teams.invite_member(by, team_id, invitee)
    await accounts.accept(await viewer(somebody), offer.token)
    return somebody


async def moderator(where: CohortOfCast, *teams: TeamOfCast, name: str = "Роман Дёмин") -> Person:
    """Somebody who accompanies these teams of the cohort."""
    made = await person(name, f"moderator-{new_id().hex[-8:]}@example.org")
    await give(made, Role.MODERATOR, Scope.COHORT, where.id, cohort=where.id)
    for each in teams:
        await give(made, Role.MODERATOR, Scope.TEAM, each.id, cohort=where.id)
    return made


async def juror(where: CohortOfCast, name: str = "Елена Мороз") -> Person:
    """Somebody on the jury of the cohort."""
    made = await person(name, f"juror-{new_id().hex[-8:]}@example.org")
    await give(made, Role.JUROR, Scope.COHORT, where.id, cohort=where.id)
    return made


@dataclass(frozen=True)
class RoundOfCast:
    """A round with its teams and jurors; everybody has declared that he has no conflict of interest."""

    id: UUID
    cohort: CohortOfCast
    teams: tuple[TeamOfCast, ...]
    jurors: tuple[Person, ...]

    async def project(self, number: int = 0) -> UUID:
        """The project of the round's team with this number."""
        found: UUID = await fetch_value(
            "SELECT id FROM round_project WHERE round = $1 AND team = $2", self.id, self.teams[number].id
        )
        return found

    async def organiser(self) -> Viewer:
        """Who runs the round."""
        return await viewer(self.cohort.organiser)


JURORS = ("Елена Мороз", "Борис Титов", "Галина Рощина", "Игорь Левин", "Софья Ланская", "Юрий Зимин", "Дарья Кочетова")


async def scoring_round(
    *, teams: int = 2, jurors: int = 3, quorum: int = 2, opened: bool = True, declared: bool = True, **rules: object
) -> RoundOfCast:
    """A round of the shipped school's criteria, by a plan of its own."""
    from incubator.jury.conflicts import declaring
    from incubator.jury.office import conducting, preparing

    where = await cohort()
    entrants = tuple([await team(where, number, members=1) for number in range(teams)])
    judges = tuple([await juror(where, JURORS[number % len(JURORS)]) for number in range(jurors)])
    runs = await viewer(where.organiser)
    plan = replace(await preparing.plan_of(where.id), quorum=quorum, minimum_sheets=min(2, quorum), **rules)
    await preparing.edit_plan(runs, where.id, plan)
    made = await conducting.create_round(runs, where.id, "Итоговая защита", [each.id for each in entrants])
    await conducting.seat_jurors(runs, made, [each.id for each in judges])
    for judge in judges if declared else ():
        await declaring.declare(await viewer(judge), made, {})
    if opened:
        await conducting.open_round(runs, made)
    return RoundOfCast(made, where, entrants, judges)


async def score(where: RoundOfCast, who: Person, project: UUID, *marks: int, comment: str = "") -> None:
    """Hand in a sheet with these marks, in whole points."""
    from incubator.jury.rubric import Entry
    from incubator.jury.sheets import actions as jury

    written = Entry(tuple(mark * 1000 for mark in marks), comment)
    recorded = await fetch_value(
        "SELECT s.version FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE e.person = $1 AND s.project = $2",
        who.id, project,
    )  # fmt: skip
    await jury.hand_in(await viewer(who), where.id, project, lambda _: written, expected=recorded)


async def second_organiser(where: CohortOfCast) -> Person:
    """Whom the first organiser of a cohort needs for what takes two."""
    made = await person("Тамара Ильина", f"tamara-{new_id().hex[-6:]}@example.org")
    await give(made, Role.ORGANISER, Scope.PROGRAMME, where.programme)
    return made


async def publish(where: RoundOfCast) -> None:
    """Publish the result of a locked round: one organiser asks, a second one agrees."""
    from incubator.jury.office import agreeing

    asked = await agreeing.ask_to_publish(await where.organiser(), where.id)
    await agreeing.confirm(await viewer(await second_organiser(where.cohort)), where.id, asked)


# --- Work in stages ---------------------------------------------------------------------------------------------------


async def begin_again(where: CohortOfCast, days_ago: int) -> list[Any]:
    """Shift the plan of a cohort that is at work, past every question."""
    from incubator.foundation.database import execute

    first = await fetch_value("SELECT min(opens_at) FROM module WHERE cohort = $1", where.id)
    shift = await now() - timedelta(days=days_ago) - first
    await execute("UPDATE module SET opens_at = opens_at + $2, due_at = due_at + $2 WHERE cohort = $1", where.id, shift)
    return await begin(where, days_ago=days_ago)


async def begin(where: CohortOfCast, *, days_ago: int = 3) -> list[Any]:
    """Shift the plan so that its first module opened so many days ago; the plan as it is then."""
    from incubator.programmes.queries import cohort_for
    from incubator.stages import plan_actions, plan_queries

    organiser = await viewer(where.organiser)
    ref = await cohort_for(organiser, where.id)
    modules = await plan_queries.plan(ref, organiser.now)
    shift = organiser.now - timedelta(days=days_ago) - modules[0].facts.opens_at
    for each in modules:
        facts = replace(each.facts, opens_at=each.facts.opens_at + shift, due_at=each.facts.due_at + shift)
        if facts != each.facts:
            numbers = each.affected.token
            await plan_actions.edit_module(
                organiser, where.id, each.id, facts, version=each.facts.version, confirmed=numbers
            )
    return await plan_queries.plan(ref, organiser.now)


def sample(field: Any, word: str = "ответ") -> Any:
    """An answer that a field of this kind takes, as a draft keeps it."""
    from incubator.programmes.blueprint import FieldKind

    row = [f"{word} {column}" for column in field.columns]
    return {
        FieldKind.NUMBER: "1 234,5",
        FieldKind.DATE: "14.03.2027",
        FieldKind.CHOICE: next(iter(field.options), ""),
        FieldKind.TABLE: [row],
        FieldKind.LINK: "https://example.org/источник",
    }.get(field.kind, f"{field.label}: {word}"[: field.limit or None])


def filled(fields: Any, word: str = "ответ") -> dict[str, Any]:
    """A draft in which every field is answered; files are attached apart."""
    from incubator.stages.answers import written

    return {field.key: sample(field, word) for field in written(fields)}


def work_address(where: TeamOfCast, assignment: UUID) -> str:
    """The page of a team's work."""
    return f"/teams/{where.id}/assignments/{assignment}"


async def work_of(where: TeamOfCast, assignment: UUID) -> Any:
    """The team's work as its lead sees it."""
    from incubator.stages import queries

    return await queries.work_on(await viewer(where.lead), where.id, assignment)


async def work_form(where: TeamOfCast, assignment: UUID, **changes: str) -> dict[str, Any]:
    """What the page of a draft sends."""
    from incubator.stages import answers

    work = await work_of(where, assignment)
    shown = answers.shown_in_form(work.fields, work.content)
    return {**shown, "version": answers.token(work.fields, work.content), **changes}


PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


async def write(who: Person | Viewer, team_id: UUID, assignment: UUID, word: str = "ответ", **changes: Any) -> Any:
    """Fill a draft with answers to every field (and a file where one is required)."""
    from incubator.programmes.blueprint import FieldKind
    from incubator.stages import actions, answers, queries

    someone = who if isinstance(who, Viewer) else await viewer(who)
    work = await queries.work_on(someone, team_id, assignment)
    shown = answers.prints(answers.token(work.fields, work.content))
    typed = {**filled(work.fields, word), **changes}
    saved = await actions.save_draft(someone, team_id, assignment, lambda _: (typed, shown))
    for field in work.fields:
        if field.kind is FieldKind.FILE and field.required and not work.files.get(field.key):
            upload = actions.Upload(field.key, "Приложение.pdf", PDF)
            await actions.attach_file(someone, team_id, assignment, upload)
    return saved


async def hand_in(who: Person | Viewer, team_id: UUID, assignment: UUID, word: str = "ответ") -> Any:
    """Fill a draft and send it; the receipt."""
    from incubator.stages import actions, queries

    someone = who if isinstance(who, Viewer) else await viewer(who)
    await write(someone, team_id, assignment, word)
    work = await queries.work_on(someone, team_id, assignment)
    return await actions.send(someone, team_id, assignment, work.version)


async def decide(receipt: Any, outcome: str, moment: datetime | None = None) -> Any:
    """Let the step of a moderator's decision happen, without a moderator."""
    from incubator.stages import actions
    from incubator.stages.rules import Outcome

    async with DB.transaction():
        return await actions.settle(receipt.submission, receipt.revision, Outcome(outcome), moment or await now())
