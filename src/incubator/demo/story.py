"""How a cohort of the demo is told: every step is an action of the person who would do it, at its moment.

Steps of different teams interleave, so they wait in a heap and are played in the order of their time; a step may put
further ones into it. What happens follows from each team's `Pace` alone: the story is the same on every machine.
"""

import heapq
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from incubator.demo import papers, passports, script
from incubator.demo.script import TeamScript
from incubator.foundation.database import fetch
from incubator.moderation import actions as moderating
from incubator.moderation import questions
from incubator.moderation.rules import Verdict
from incubator.people import accounts
from incubator.people.actions import ensure_person
from incubator.people.queries import viewer_for
from incubator.people.rights import Role, Viewer
from incubator.programmes import actions as programmes
from incubator.programmes.blueprint import FieldKind, FieldPlan
from incubator.programmes.rules import Guest
from incubator.stages import actions as stages
from incubator.stages import drafts
from incubator.stages.answers import Content, prints, token
from incubator.stages.queries import work_on
from incubator.stages.rules import Outcome
from incubator.teams import actions as teams
from incubator.teams import writing
from incubator.teams.cases import CaseText
from incubator.teams.passport_reading import offers_of
from incubator.teams.passport_writing import save_passport
from incubator.teams.reading import case_page
from incubator.teams.rules import Invitee, Registration

Step = Callable[[datetime], Awaitable[None]]
DAY = timedelta(days=1)
SECOND_THOUGHTS = frozenset({0, 1})  # numbers of teams that submitted their case twice


@dataclass(frozen=True, slots=True)
class Pace:
    """How a team works: `modules` it has worked through, what becomes of the work of the next one, and how much is
    returned. `unfinished` is the state in which its newest work stays: accepted, submitted, returned, drafted, none.
    """

    modules: int
    unfinished: str = "drafted"
    returns: int = 1


def first_thoughts(case: CaseText) -> CaseText:
    """A case before its team has thought twice: a bolder aim, a cause less."""
    figures = tuple(
        replace(each, target=each.baseline if each.target is None else each.target / 2) for each in case.indicators
    )
    return replace(case, indicators=figures, causes=case.causes[:-1])


@dataclass(slots=True)
class TeamTale:
    """A team while its story is told."""

    number: int
    script: TeamScript
    pace: Pace
    lead: UUID
    moderator: UUID
    members: list[UUID] = field(default_factory=list)
    id: UUID | None = None

    @property
    def team(self) -> UUID:
        """The team's id, once it is registered."""
        assert self.id is not None
        return self.id


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """A required assignment of the cohort, with its module's dates."""

    id: UUID
    module: UUID
    module_place: int
    place: int
    opens_at: datetime
    due_at: datetime


class Tale:
    """One cohort of the demo."""

    def __init__(self, cohort: UUID, organiser: UUID, until: datetime) -> None:
        self.cohort, self.organiser, self.until = cohort, organiser, until
        self._steps: list[tuple[datetime, int, Step]] = []
        self._order = count()
        self.assignments: list[AssignmentRow] = []

    def at(self, moment: datetime, step: Step) -> None:
        """Let a step happen at its moment; what lies after the present of the story never happens."""
        if moment < self.until:
            heapq.heappush(self._steps, (moment, next(self._order), step))

    async def play(self) -> None:
        """Play every step, the earliest first."""
        while self._steps:
            moment, _, step = heapq.heappop(self._steps)
            await step(moment)

    async def read_plan(self) -> None:
        """Learn the cohort's required assignments, in order."""
        rows = await fetch(
            "SELECT a.id, m.id AS module, m.place AS module_place, a.place, m.opens_at, m.due_at FROM assignment a"
            " JOIN module m ON m.id = a.module WHERE m.cohort = $1 AND a.required ORDER BY m.place, a.place",
            self.cohort,
        )
        self.assignments = [AssignmentRow(**row) for row in rows]

    # People come in

    def invite(self, moment: datetime, role: Role, people: Mapping[UUID, Guest]) -> None:
        """The organiser invites accounts of the demo, and each accepts in the hours after."""

        async def ask(at: datetime) -> None:
            organiser = await viewer_for(self.organiser, at)
            offers = await programmes.invite(organiser, self.cohort, role, list(people.values()))
            for hours, (person, offer) in enumerate(zip(people, offers, strict=True), start=2):
                self.at(at + timedelta(hours=hours), self._accepting(person, offer.token))

        self.at(moment, ask)

    def _accepting(self, person: UUID, key: str) -> Step:
        async def accept(moment: datetime) -> None:
            await accounts.accept(await viewer_for(person, moment), key)

        return accept

    def team(self, tale: TeamTale, registered: datetime) -> None:
        """A team's whole way, from its registration."""
        self.at(registered, self._registration(tale))

    def _registration(self, tale: TeamTale) -> Step:
        async def register(moment: datetime) -> None:
            lead = await viewer_for(tale.lead, moment)
            tale.id = await teams.register_team(
                lead, self.cohort,
                Registration(tale.script.municipality, tale.script.name, script.POSITIONS[0], script.JOBS[0]),
            )  # fmt: skip
            for place in range(1, len(script.POSITIONS)):
                self.at(moment + timedelta(hours=3 * place), self._member(tale, place))
            self.at(moment + timedelta(hours=20), self._moderator(tale))
            self.at(moment + timedelta(days=2), self._passport(tale))
            self.at(moment + timedelta(days=3), self._case(tale))
            self._plan_work(tale)

        return register

    def _member(self, tale: TeamTale, place: int) -> Step:
        async def join(moment: datetime) -> None:
            number = 20 + tale.number * len(script.POSITIONS) + place
            name, address = script.invented_name(number), f"member{number}@demo.example"
            if (tale.number, place) == (0, 1):
                address = "participant@demo.example"
            person = await ensure_person(address, name, moment, demo=True, time_zone=tale.script.municipality.time_zone)
            lead = await viewer_for(tale.lead, moment)
            offer = await teams.invite_member(lead, tale.team, Invitee(address, name, script.POSITIONS[place]))
            tale.members.append(person)
            self.at(moment + timedelta(hours=1), self._accepting(person, offer.token))

        return join

    def _moderator(self, tale: TeamTale) -> Step:
        async def assign(moment: datetime) -> None:
            organiser = await viewer_for(self.organiser, moment)
            await moderating.assign_moderator(organiser, self.cohort, tale.team, tale.moderator)

        return assign

    def _passport(self, tale: TeamTale) -> Step:
        async def state(moment: datetime) -> None:
            if tale.number not in passports.WITHOUT:
                lead = await viewer_for(tale.lead, moment)
                await save_passport(lead, tale.team, passports.facts(tale.number, moment.year - 1), 0)

        return state

    def _case(self, tale: TeamTale) -> Step:
        async def write(moment: datetime) -> None:
            lead = await viewer_for(tale.lead, moment)
            case = first_thoughts(tale.script.case) if tale.number in SECOND_THOUGHTS else tale.script.case
            version = await writing.save_case(lead, tale.team, case, 0)
            if tale.pace.modules:
                self.at(moment + timedelta(minutes=9), self._submission_of_case(tale, version))

        return write

    def _submission_of_case(self, tale: TeamTale, version: int) -> Step:
        async def submit(moment: datetime) -> None:
            await writing.submit_case(await viewer_for(tale.lead, moment), tale.team, version)
            if tale.number in SECOND_THOUGHTS:
                self.at(moment + DAY, self._second_thoughts(tale))

        return submit

    def _second_thoughts(self, tale: TeamTale) -> Step:
        async def again(moment: datetime) -> None:
            lead = await viewer_for(tale.lead, moment)
            await writing.withdraw_case(lead, tale.team, "Уточнили цель и нашли ещё одну причину")
            version = (await case_page(tale.team, moment)).version
            saved = await writing.save_case(lead, tale.team, tale.script.case, version)
            await writing.submit_case(lead, tale.team, saved)

        return again

    # Work

    def _plan_work(self, tale: TeamTale) -> None:
        for row in self.assignments:
            if row.module_place < tale.pace.modules:
                self.at(self._begin(tale, row), self._drafting(tale, row, "accepted"))
            elif row.module_place == tale.pace.modules and tale.pace.unfinished != "none":
                state = tale.pace.unfinished if row.place == 0 else "drafted"
                self.at(self._begin(tale, row), self._drafting(tale, row, state))

    def _begin(self, tale: TeamTale, row: AssignmentRow) -> datetime:
        """A few days into the module, each team on a day and at an hour of its own."""
        return row.opens_at + (4 + row.place * 2 + tale.number % 4) * DAY + timedelta(hours=2, minutes=17 * tale.number)

    def _drafting(self, tale: TeamTale, row: AssignmentRow, state: str) -> Step:
        async def draft(moment: datetime) -> None:
            writer = tale.members[0] if tale.members and row.place % 2 else tale.lead
            await self._write(tale, row, await viewer_for(writer, moment), better=False)
            if state != "drafted":
                self.at(moment + 2 * DAY, self._sending(tale, row, state, 1))

        return draft

    async def _write(self, tale: TeamTale, row: AssignmentRow, viewer: Viewer, *, better: bool) -> None:
        work = await work_on(viewer, tale.team, row.id)
        offers = await offers_of(tale.team)

        def read(fields: Sequence[FieldPlan]) -> tuple[Content, Mapping[str, str]]:
            typed = script.answers(fields, tale.script.case, viewer.now.date(), better=better)
            typed |= {each.key: str(offers[each.fact].entry.value) for each in fields if each.fact in offers}
            return typed, prints(token(fields, work.content))

        await drafts.save_draft(viewer, tale.team, row.id, read, asked=True)
        for wanted in work.fields:
            if wanted.kind is FieldKind.FILE and not work.files.get(wanted.key):
                await self._attach(tale, row, viewer, wanted)

    async def _attach(self, tale: TeamTale, row: AssignmentRow, viewer: Viewer, wanted: FieldPlan) -> None:
        given = papers.papers(tale.number).get(wanted.key, [])
        if wanted.required:
            given = [("Презентация.pdf", script.PDF, "")]
        for name, content, said in given:
            stored = await stages.attach_file(viewer, tale.team, row.id, stages.Upload(wanted.key, name, content))
            if said:
                await stages.name_file(viewer, stored.id, name, said)

    def _sending(self, tale: TeamTale, row: AssignmentRow, state: str, number: int) -> Step:
        async def send(moment: datetime) -> None:
            lead = await viewer_for(tale.lead, moment)
            if number > 1:
                await self._write(tale, row, lead, better=True)
            version = (await work_on(lead, tale.team, row.id)).version
            await stages.send(lead, tale.team, row.id, version)
            wanted = tale.pace.returns if row.place == 0 else 0
            returned = number <= wanted or state == "returned"
            if state != "submitted":
                self.at(moment + DAY, self._deciding(tale, row, state, number, returned=returned))

        return send

    def _deciding(self, tale: TeamTale, row: AssignmentRow, state: str, number: int, *, returned: bool) -> Step:
        async def decide(moment: datetime) -> None:
            moderator = await viewer_for(tale.moderator, moment)
            work = await work_on(moderator, tale.team, row.id)
            assert work.submission is not None
            if returned:
                await self._remark(moderator, work.submission, number, work.fields, tale.number)
            outcome = Outcome.RETURNED if returned else Outcome.ACCEPTED
            words = "Почти готово: ответьте на замечания и отправьте ещё раз." if returned else ""
            await moderating.decide(moderator, work.submission, number, Verdict(outcome, words))
            if returned and state != "returned":
                self.at(moment + 2 * DAY, self._sending(tale, row, state, number + 1))
            elif not returned:
                self.at(moment + timedelta(hours=1), self._advancing(tale, row))

        return decide

    async def _remark(
        self, moderator: Viewer, submission: UUID, number: int, fields: Sequence[FieldPlan], seed: int
    ) -> None:
        for place, plan in enumerate(fields[:2]):
            text = script.REMARKS[(seed + place) % len(script.REMARKS)]
            await moderating.write_remark(moderator, submission, number, plan.key, text)

    def _advancing(self, tale: TeamTale, row: AssignmentRow) -> Step:
        """After the last accepted work of a module the moderator leads the team on."""

        async def advance(moment: datetime) -> None:
            rows = await fetch(
                "SELECT a.id FROM assignment a LEFT JOIN submission s ON s.assignment = a.id AND s.team = $1"
                " WHERE a.module = $2 AND a.required AND s.state IS DISTINCT FROM 'accepted'",
                tale.team, row.module,
            )  # fmt: skip
            if not rows:
                await moderating.advance(await viewer_for(tale.moderator, moment), tale.team, row.module)

        return advance

    # Words between moderator and team

    def question(self, tale: TeamTale, moment: datetime, text: str, answer: str = "", *, settled: bool = False) -> None:
        """A guiding question and, two days later, the team's answer, which may settle it."""

        async def ask(at: datetime) -> None:
            question = await moderating.ask(await viewer_for(tale.moderator, at), tale.team, text)

            async def reply(later: datetime) -> None:
                await moderating.answer(await viewer_for(tale.lead, later), question, answer)

            async def settle(later: datetime) -> None:
                await questions.settle(await viewer_for(tale.moderator, later), question)

            if answer:
                self.at(at + 2 * DAY, reply)
            if settled:
                self.at(at + 3 * DAY, settle)

        self.at(moment, ask)

    def note(self, tale: TeamTale, moment: datetime, text: str) -> None:
        """A private note of the moderator."""

        async def write(at: datetime) -> None:
            await moderating.write_note(await viewer_for(tale.moderator, at), tale.team, text)

        self.at(moment, write)

    def extension(self, tale: TeamTale, moment: datetime, row: AssignmentRow, days: int, reason: str) -> None:
        """The organiser gives a team more time."""

        async def extend(at: datetime) -> None:
            organiser: Any = await viewer_for(self.organiser, at)
            await stages.extend_deadline(organiser, tale.team, row.id, row.due_at + days * DAY, reason)

        self.at(moment, extend)
