"""The demo, told as a story and only through actions: a finished cohort with a published result, and one in the middle.

The municipalities are real, everything else is invented: people, cases, figures, marks. All or nothing is loaded: the
whole story is one transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from incubator.demo import desk, jury, peers, plans, script
from incubator.demo.removal import remove
from incubator.demo.story import Pace, Step, Tale, TeamTale
from incubator.foundation import i18n
from incubator.foundation.database import DB, fetch, fetch_value
from incubator.jury.pitch import running
from incubator.people.actions import ensure_person, give_role, set_password
from incubator.people.queries import viewer_for
from incubator.people.rights import Role, Scope
from incubator.programmes import actions as programmes
from incubator.programmes import blueprint
from incubator.programmes.rules import CohortFacts, Guest
from incubator.programmes.shipped import text_of

__all__ = ["describe", "load", "remove"]

PASSWORD = "demo-incubator-2026"  # noqa: S105  (printed for everybody; the command says so)
DAY = timedelta(days=1)
MODERATORS, JURORS = 3, 7
FINISHED_TEAMS = 8
FULL = Pace(6, returns=1)
PACES = (
    Pace(2, "returned"), Pace(2, "submitted"), Pace(1, "drafted"), Pace(2, "drafted"), Pace(2, "none"),
    Pace(1, "none", 2), Pace(2, "submitted", 2), Pace(2, "drafted"), Pace(2, "submitted"), Pace(2, "returned", 2),
    Pace(2, "drafted"), Pace(2, "accepted"), Pace(2, "accepted"), Pace(2, "accepted"), Pace(2, "accepted", 0),
    Pace(2, "accepted"), Pace(2, "accepted", 2), Pace(2, "accepted"), Pace(0, "returned"),
)  # fmt: skip
FIRST_IN_ROUND = 11  # the teams from here to the last but one have a project to show already


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in to look around."""

    role: str
    address: str
    name: str


ACCOUNTS = (
    Account("organiser", "organiser@demo.example", script.invented_name(0)),
    Account("moderator", "moderator@demo.example", script.invented_name(3)),
    Account("juror", "juror@demo.example", script.invented_name(7)),
    Account("team_lead", "lead@demo.example", script.invented_name(20)),
    Account("participant", "participant@demo.example", script.invented_name(21)),
    Account("admin", "admin@demo.example", script.invented_name(2)),
    Account("organiser", "organiser2@demo.example", script.invented_name(1)),
    Account("juror", "juror2@demo.example", script.invented_name(8)),
)


async def load() -> None:
    """Tell the story into an empty database; it ends at this moment."""
    now: datetime = await fetch_value("SELECT now()")
    with i18n.speaking("ru", i18n.MOSCOW):
        async with DB.transaction():
            staff = await _people(now - 460 * DAY)
            await _finished(staff, now)
            await _running(staff, now)
            await _passwords()


@dataclass(frozen=True, slots=True)
class Staff:
    """Who runs the demo's programme."""

    programme: UUID
    organiser: UUID
    second: UUID
    moderators: dict[UUID, Guest]
    jurors: dict[UUID, Guest]


async def _people(moment: datetime) -> Staff:
    admin = await ensure_person("admin@demo.example", ACCOUNTS[5].name, moment, demo=True)
    await give_role(admin, Role.ADMINISTRATOR, Scope.PLATFORM, None, cohort=None, by=None, at=moment)
    programme = await programmes.create_programme(
        await viewer_for(admin, moment), "Школа муниципальных команд", demo=True
    )
    organiser, second = [await ensure_person(a.address, a.name, moment, demo=True) for a in (ACCOUNTS[0], ACCOUNTS[6])]
    for person in (organiser, second):
        await give_role(person, Role.ORGANISER, Scope.PROGRAMME, programme, cohort=None, by=admin, at=moment)
    moderators = await _accounts("moderator", 3, MODERATORS, moment)
    return Staff(programme, organiser, second, moderators, await _accounts("juror", 7, JURORS, moment))


async def _accounts(word: str, first: int, many: int, moment: datetime) -> dict[UUID, Guest]:
    found = {}
    for place in range(many):
        address = f"{word}{place + 1 if place else ''}@demo.example"
        name = script.invented_name(first + place)
        found[await ensure_person(address, name, moment, demo=True)] = Guest(address, name)
    return found


async def _cohort(staff: Staff, name: str, starts: datetime, places: int) -> UUID:
    """A cohort made a month before its first day and opened the day after."""
    made = await viewer_for(staff.organiser, starts - 30 * DAY)
    facts = CohortFacts(name, "Демонстрация: люди, кейсы и оценки вымышлены.", "Europe/Moscow", starts.date(), places)
    plan = blueprint.read(text_of("school_of_municipal_teams"))
    cohort = await programmes.create_cohort(made, staff.programme, facts, plan)
    await programmes.open_cohort(await viewer_for(staff.organiser, starts - 29 * DAY), cohort)
    return cohort


async def _told(staff: Staff, cohort: UUID, starts: datetime, paces: tuple[Pace, ...], until: datetime,
                offset: int) -> tuple[Tale, list[TeamTale]]:  # fmt: skip
    """The tale of a cohort with its people and teams, not played yet. `offset` keeps the people of cohorts apart."""
    tale = Tale(cohort, staff.organiser, until)
    await tale.read_plan()
    tale.invite(starts - 28 * DAY, Role.MODERATOR, staff.moderators)
    tale.invite(starts - 28 * DAY, Role.JUROR, staff.jurors)
    guests, moderators, told = {}, list(staff.moderators), []
    for number, (words, pace) in enumerate(zip(script.teams(), paces, strict=False)):
        serial = offset + number
        address = f"lead{serial or ''}@demo.example"
        guest = Guest(address, script.invented_name(20 + serial * len(script.POSITIONS)))
        zone = words.municipality.time_zone
        lead = await ensure_person(address, guest.name, starts - 28 * DAY, demo=True, time_zone=zone)
        guests[lead] = guest
        told.append(TeamTale(serial, words, pace, lead, moderators[number % len(moderators)]))
    tale.invite(starts - 27 * DAY, Role.TEAM_LEAD, guests)
    for number, team in enumerate(told):
        tale.team(team, starts - 20 * DAY + timedelta(hours=7 * number))
    return tale, told


async def _finished(staff: Staff, now: datetime) -> None:
    """A year ago: everything accepted, a jury day with one conflict and a tie, a published result."""
    starts = now - 400 * DAY
    cohort = await _cohort(staff, "Прошлый поток", starts, FINISHED_TEAMS)
    day = starts + 215 * DAY
    tale, teams = await _told(staff, cohort, starts, (FULL,) * FINISHED_TEAMS, day, offset=len(PACES))
    await tale.play()
    jurors = list(staff.jurors)
    shown = [team.team for team in teams]
    scoring = await jury.create_round(staff.organiser, cohort, "Итоговая защита", shown, jurors, day)
    await jury.open_round(staff.organiser, scoring, day + timedelta(hours=2))
    for seat, juror in enumerate(jurors):
        reasons = {teams[4].team: "Работал в администрации этого города до прошлого года"} if seat == 3 else {}
        await jury.declare(juror, scoring, day + timedelta(hours=3), reasons)
    for number, (project, team) in enumerate(await jury.projects(scoring)):
        for seat, juror in enumerate(jurors):
            if not (seat == 3 and team == teams[4].team):
                moment = day + timedelta(hours=4, minutes=25 * number + 2 * seat)
                await jury.score(juror, scoring, (number, project), seat, moment)
    await jury.finish((staff.organiser, staff.second), scoring, day + timedelta(hours=9), missing=0)
    await programmes.close_cohort(await viewer_for(staff.organiser, day + 10 * DAY), cohort)
    await peers.publish_cards(teams[:3], staff.organiser, day + 12 * DAY)


async def _running(staff: Staff, now: datetime) -> None:
    """Now: nineteen teams in the third module, some ahead, one overdue, one stuck; a first round is being scored."""
    starts = now - 86 * DAY
    cohort = await _cohort(staff, "Нынешний поток", starts, 20)
    tale, teams = await _told(staff, cohort, starts, PACES, now, offset=0)
    spassk, slow = teams[0], teams[5]
    tale.question(spassk, now - 20 * DAY, script.QUESTIONS[0], "Через десять лет некому будет лечить и учить. Мы"
                  " посчитали: при нынешнем темпе к 2036 году в городе останется два класса в параллели.", settled=True)  # fmt: skip
    tale.question(spassk, now - 6 * DAY, script.QUESTIONS[3], "Молодые врачи: жильё есть, а работы для супругов нет.")
    tale.question(spassk, now - 3 * DAY, script.QUESTIONS[1])
    tale.question(teams[1], now - 5 * DAY, script.QUESTIONS[2])
    tale.note(spassk, now - 12 * DAY, script.NOTES[0])
    peers.exchange(tale, spassk, (teams[1], teams[3]), now - 9 * DAY)
    tale.extension(slow, now - 16 * DAY, tale.assignments[3], 21, "Паводок: команда две недели работала в штабе")
    FirstRound(staff, cohort, teams, tale, now - timedelta(days=1, hours=5)).plan()
    first, second, *_ = staff.moderators
    tale.at(now - 30 * DAY, partial(desk.fill_bank, staff.programme, staff.organiser, first))
    tale.at(now - 6 * DAY, partial(desk.write_to, [teams[number] for number in (0, 3, 6)], first))
    tale.at(now - DAY, partial(desk.help_with, staff.organiser, cohort, teams[1], first))
    tale.at(now - 20 * DAY, partial(plans.allow_for_poor_lines, staff.organiser, cohort))
    tale.at(now - 9 * DAY, partial(plans.put_off_the_defence, staff.organiser, cohort))
    await tale.play()
    await desk.begin_check(teams[1].team, second, now)
    entrants = [team.team for team in teams[FIRST_IN_ROUND:-1]]
    await jury.semi_final(staff.organiser, cohort, entrants, list(staff.jurors), now)


@dataclass(slots=True)
class FirstRound:
    """The round that is being scored right now: some sheets in, one begun, a conflict, a juror who has not declared."""

    staff: Staff
    cohort: UUID
    teams: list[TeamTale]
    tale: Tale
    opened: datetime
    round: UUID | None = None

    def plan(self) -> None:
        """Put every step of the round into the cohort's tale."""
        self.tale.at(self.opened - timedelta(hours=2), self._create)
        self.tale.at(self.opened, self._open)

    async def _create(self, moment: datetime) -> None:
        shown = [team.team for team in self.teams[FIRST_IN_ROUND:-1]]
        self.round = await jury.create_round(
            self.staff.organiser, self.cohort, "Отбор на пилот", shown, list(self.staff.jurors), moment
        )

    async def _open(self, moment: datetime) -> None:
        assert self.round is not None
        await jury.open_round(self.staff.organiser, self.round, moment)
        at, jurors = await jury.projects(self.round), list(self.staff.jurors)
        conflicted = at[2][1]
        for seat, juror in enumerate(jurors[:-1]):
            reasons = {conflicted: "Муж работает в команде этого города"} if seat == 2 else {}
            self.tale.at(moment + timedelta(hours=1, minutes=10 * seat), self._declaring(juror, reasons))
        for seat, juror in enumerate(jurors[:5]):
            for number, (project, team) in enumerate(at[: 4 if seat == 0 else 6]):
                if not (seat == 2 and team == conflicted):
                    due = moment + timedelta(hours=3, minutes=20 * number + 3 * seat)
                    self.tale.at(due, self._scoring(juror, (number, project), seat))
        self.tale.at(moment + timedelta(hours=26), self._beginning(jurors[0], at[4][0]))
        self.tale.at(moment + timedelta(hours=27), self._calling(at[4][0]))

    def _calling(self, project: UUID) -> Step:
        async def call(moment: datetime) -> None:
            assert self.round is not None
            viewer = await viewer_for(self.staff.organiser, moment)
            await running.begin(viewer, self.round)
            await running.call(viewer, self.round, project)

        return call

    def _declaring(self, juror: UUID, reasons: dict[UUID, str]) -> Step:
        async def declare(moment: datetime) -> None:
            assert self.round is not None
            await jury.declare(juror, self.round, moment, reasons)

        return declare

    def _scoring(self, juror: UUID, sheet: tuple[int, UUID], seat: int) -> Step:
        async def score(moment: datetime) -> None:
            assert self.round is not None
            await jury.score(juror, self.round, sheet, seat, moment)

        return score

    def _beginning(self, juror: UUID, project: UUID) -> Step:
        async def begin(moment: datetime) -> None:
            assert self.round is not None
            await jury.half_score(juror, self.round, project, moment)

        return begin


async def _passwords() -> None:
    for account in ACCOUNTS:
        person = await ensure_person(account.address, account.name, await fetch_value("SELECT now()"), demo=True)
        await set_password(person, PASSWORD)


async def describe() -> dict[str, Any]:
    """Accounts and cohorts of the demo; empty lists when it is not there. The first account of a role is the main one."""
    there = {row["email"]: row["name"] for row in await fetch("SELECT email, name FROM person WHERE demo")}
    cohorts = await fetch(
        "SELECT c.id, c.name FROM cohort c JOIN programme p ON p.id = c.programme WHERE p.demo ORDER BY c.starts_on DESC"
    )
    return {
        "accounts": [
            {"role": a.role, "email": a.address, "password": PASSWORD, "name": there[a.address]}
            for a in ACCOUNTS if a.address in there
        ],
        "cohorts": [{"id": str(row["id"]), "name": row["name"]} for row in cohorts],
    }  # fmt: skip
