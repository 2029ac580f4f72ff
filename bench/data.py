"""Two cohorts to measure on, made the same in every run: a thousand projects with 100,000 marks, and a school of 19.

The cohort itself, its modules and its criteria come from the actions of the product; its thousands of rows go in by COPY.
Each cohort has a locked round, whose result is read, and an open one, whose sheets are written. The people are invented.
"""

import asyncio
import json
import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from incubator import features
from incubator.foundation import database
from incubator.foundation.database import execute, fetch, new_id
from incubator.jury import scoring
from incubator.jury.office import preparing
from incubator.jury.rubric import plan_document, rubric_document, rubric_of
from incubator.people import actions as people
from incubator.people import passwords
from incubator.people.queries import viewer_for
from incubator.people.rights import Role, Scope
from incubator.programmes import actions as programmes
from incubator.programmes.blueprint import FieldKind, FieldPlan
from incubator.programmes.rules import CohortFacts
from incubator.programmes.shipped import shipped
from incubator.stages.answers import plans, written
from incubator.teams.cases import CaseText, Figure, as_content

PASSWORD = "correct horse battery"
MEMBERS = 3  # of a team, beside its lead
DONE = 0.5  # of the assignments of every team are accepted
NOW = datetime.now(UTC).replace(microsecond=0)

PROSE = (
    "За пять лет из города уехало больше двух тысяч человек, чаще всего выпускники школ и семьи с маленькими детьми. "
    "Мы говорили с теми, кто уехал, и с теми, кто собирается: главное не заработок, а то, что вечером некуда пойти. "
)
COMMENT = "Проблема доказана, решение действует на причину; не хватает сроков и того, кто отвечает за второй год."


@dataclass(frozen=True)
class Size:
    """How big a cohort is: projects, jurors, sheets for each project."""

    name: str
    projects: int
    jurors: int
    sheets: int


SIZES = (Size("big", 1000, 50, 20), Size("school", 19, 10, 10))


@dataclass
class Rows:
    """What goes into the tables, by table; keys of a row are its columns."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> UUID:
        """One row, with a key of its own; the key."""
        key: UUID = row.setdefault("id", new_id())
        self.tables.setdefault(table, []).append(row)
        return key

    async def copy(self) -> None:
        """Write them in the order in which their tables were first named."""
        assert database.DB.pool is not None
        async with database.DB.pool.acquire() as connection, connection.transaction():
            # Sheets that were never written here have nothing in the ledger; what is saved on them later has.
            await connection.execute("ALTER TABLE score_sheet DISABLE TRIGGER ledger_deal")
            for table, rows in self.tables.items():
                columns = list(rows[0])
                await connection.copy_records_to_table(
                    table, records=[tuple(r[c] for c in columns) for r in rows], columns=columns
                )
            await connection.execute("ALTER TABLE score_sheet ENABLE TRIGGER ledger_deal")


async def fill(dsn: str) -> None:
    """Migrate an empty database and put both cohorts into it."""
    await database.migrate(dsn)
    await database.connect(dsn)
    try:
        features.handlers()  # so that every feature takes part in laying out a cohort
        password = await passwords.hashed(PASSWORD)
        for size in SIZES:
            await _fill(size, password)
    finally:
        await database.disconnect()
    await _analyse(dsn)


async def _analyse(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def _fill(size: Size, password: str) -> None:
    rows, chance = Rows(), random.Random(size.name)
    cohort, organiser = await new_cohort(size, password)
    jurors = [new_person(rows, password, size, "juror", number) for number in range(size.jurors)]
    teams = new_teams(rows, password, size, cohort)
    for juror in jurors:
        new_grant(rows, juror, "juror", "cohort", cohort, cohort)
    work = await _work(cohort)
    for number, team in enumerate(teams):
        _case(rows, team, number)
        _way(rows, team, number, work)
    criteria = rubric_of(each.plan for each in await preparing.criteria_of(cohort))
    plan = plan_document(await preparing.plan_of(cohort))
    for state in ("locked", "open"):
        _round(rows, chance, state, size, cohort, organiser, teams, jurors, criteria, plan)
    await rows.copy()


async def new_cohort(size: Size, password: str) -> tuple[UUID, UUID]:
    """A cohort from the shipped blueprint, open since a year, and its organiser."""
    admin = await people.ensure_person(f"admin@{size.name}.example", "Администратор", NOW)
    await people.give_role(admin, Role.ADMINISTRATOR, Scope.PLATFORM, None, cohort=None, by=None, at=NOW)
    viewer = await viewer_for(admin, NOW)
    programme = await programmes.create_programme(viewer, f"Школа муниципальных команд ({size.name})")
    organiser = await people.ensure_person(f"organiser@{size.name}.example", "Анна Ветрова", NOW)
    await people.give_role(organiser, Role.ORGANISER, Scope.PROGRAMME, programme, cohort=None, by=None, at=NOW)
    await execute("UPDATE person SET password_hash = $1 WHERE id = $2", password, organiser)
    viewer = await viewer_for(organiser, NOW)
    facts = CohortFacts("Весна", "", "Asia/Vladivostok", NOW.date() - timedelta(days=90), size.projects)
    cohort = await programmes.create_cohort(viewer, programme, facts, shipped()[0])
    await programmes.open_cohort(viewer, cohort)
    return cohort, organiser


def new_person(rows: Rows, password: str, size: Size, role: str, number: int) -> UUID:
    """An account; it can sign in if `password` is a hash."""
    return rows.add(
        "person",
        email=f"{role}-{number}@{size.name}.example",
        name=f"Участник Школы {number:05}",
        password_hash=password,
        locale="ru",
        time_zone="Asia/Vladivostok",
        created_at=NOW,
        deactivated_at=None,
        demo=False,
    )


def new_grant(rows: Rows, person: UUID, role: str, scope: str, where: UUID, cohort: UUID) -> UUID:
    """A role."""
    return rows.add("role_grant", person=person, role=role, scope=scope, scope_id=where, cohort=cohort, granted_at=NOW)


def new_teams(rows: Rows, password: str, size: Size, cohort: UUID) -> list[UUID]:
    """Registered teams with their municipalities, people and moderators."""
    moderators = [new_person(rows, password, size, "moderator", n) for n in range(max(3, size.projects // 100))]
    base = 10_000_000 if size.name == "big" else 20_000_000
    teams = []
    for number in range(size.projects):
        place = rows.add(
            "municipality",
            oktmo=str(base + number),
            name=f"Городской округ {number:04}",
            kind="urban_district",
            region="Приморский край",
            time_zone="Asia/Vladivostok",
            demo=False,
        )
        team = rows.add(
            "team",
            cohort=cohort,
            municipality=place,
            name=f"Команда {number:04}",
            registered_at=NOW + timedelta(seconds=number),
        )
        teams.append(team)
        new_grant(rows, moderators[number % len(moderators)], "moderator", "team", team, cohort)
        for one in range(MEMBERS + 1):
            name = "lead" if one == 0 else "member"
            person = new_person(rows, password, size, name, number * MEMBERS + one if one else number)
            grant = new_grant(rows, person, "participant" if one else "team_lead", "team", team, cohort)
            rows.add(
                "team_member",
                team=team,
                person=person,
                grant=grant,
                position="municipal_employee",
                job_title="",
                joined_at=NOW,
            )
    return teams


def _own(text: str, number: int) -> str:
    """A text that no other team has."""
    return text.replace("двух тысяч", f"{2000 + number}")


def _case(rows: Rows, team: UUID, number: int) -> None:
    prose = _own(PROSE, number)
    figure = Figure("Выехало за год", "человек", 2025, "Росстат", Decimal(412), Decimal(300))
    text = CaseText(
        "Город, в который возвращаются",
        prose * 4,
        prose,
        (figure, replace(figure, name="Вернулось за год")),
        ("Некуда пойти вечером", "Нет жилья для молодых семей"),
        ("Закрываются классы",),
        prose,
    )
    case = rows.add(
        "problem_case",
        team=team,
        state="submitted",
        title=text.title,
        problem=text.problem,
        affected=text.affected,
        expected_change=text.expected_change,
        causes=json.dumps(text.causes),
        effects=json.dumps(text.effects),
        version=3,
        updated_at=NOW,
        updated_by=None,
    )
    for place, each in enumerate(text.indicators):
        rows.add(
            "indicator",
            problem_case=case,
            place=place,
            name=each.name,
            unit=each.unit,
            year=each.year,
            source=each.source,
            baseline=each.baseline,
            target=each.target,
        )
    rows.add(
        "case_version", problem_case=case, number=1, content=json.dumps(as_content(text)), made_at=NOW, made_by=None
    )


@dataclass(frozen=True)
class Module:
    """A module of the plan with its assignments: (id, fields as kept, an answer to all of them)."""

    id: UUID
    assignments: Sequence[tuple[UUID, str, str]]


async def _work(cohort: UUID) -> list[Module]:
    found = []
    for module in await fetch("SELECT id FROM module WHERE cohort = $1 ORDER BY place", cohort):
        mine = await fetch("SELECT id, fields FROM assignment WHERE module = $1 ORDER BY place", module["id"])
        answers = [
            (row["id"], row["fields"], json.dumps(_answer(plans(json.loads(row["fields"]))), ensure_ascii=False))
            for row in mine
        ]
        found.append(Module(module["id"], answers))
    return found


def _answer(fields: Iterable[FieldPlan]) -> dict[str, Any]:
    kinds = {
        FieldKind.NUMBER: "1234,5",
        FieldKind.DATE: "2026-03-14",
        FieldKind.LINK: "https://example.org/source",
        FieldKind.SHORT_TEXT: "Отъезд молодых семей",
        FieldKind.LONG_TEXT: PROSE * 3,
    }
    found: dict[str, Any] = {}
    for each in written(fields):
        found[each.key] = kinds.get(each.kind, "")
        if each.kind is FieldKind.CHOICE:
            found[each.key] = each.options[0]
        if each.kind is FieldKind.TABLE:
            found[each.key] = [[f"строка {n}, {column}" for column in each.columns] for n in range(3)]
    return found


def _way(rows: Rows, team: UUID, number: int, modules: Sequence[Module]) -> None:
    """The first half of the programme is done, one assignment after it is begun."""
    done = int(len(modules) * DONE)
    for place, module in enumerate(modules[: done + 1]):
        rows.add("team_module", team=team, module=module.id, opened_at=NOW, advanced_at=NOW if place < done else None)
        for assignment, fields, answer in module.assignments if place < done else module.assignments[:1]:
            state, content = "accepted" if place < done else "in_progress", _own(answer, number)
            work = rows.add(
                "submission", team=team, assignment=assignment, state=state, content=content, version=2, updated_at=NOW
            )
            if place < done:
                rows.add("revision", submission=work, number=1, receipt=work.hex[-12:], content=content, fields=fields,
                         sent_at=NOW, late=False)  # fmt: skip


def _round(
    rows: Rows,
    chance: random.Random,
    state: str,
    size: Size,
    cohort: UUID,
    organiser: UUID,
    teams: Sequence[UUID],
    jurors: Sequence[UUID],
    rubric: Any,
    plan: str,
) -> None:
    """A round in which every project has its sheets; in the open one a quarter of them are still drafts."""
    locked = {"locked_at": NOW, "locked_by": organiser} if state == "locked" else {"locked_at": None, "locked_by": None}
    scored = rows.add(
        "scoring_round",
        cohort=cohort,
        name=f"Защита ({state})",
        state=state,
        criteria=rubric_document(rubric),
        plan=plan,
        created_at=NOW,
        opened_at=NOW,
        lock_note="",
        **locked,
    )
    seats = [
        rows.add("seat", round=scored, person=juror, seated_at=NOW, declared_at=NOW, removal_reason="")
        for juror in jurors
    ]
    for number, team in enumerate(teams):
        project = rows.add(
            "round_project", round=scored, team=team, place=number + 1, title="Город, в который возвращаются"
        )
        strength = 3 + 5 * chance.random()
        for turn in range(size.sheets):
            draft = state == "open" and (number + turn) % 4 == 0
            marks = [1000 * min(10, max(0, round(chance.gauss(strength, 1.2)))) for _ in rubric.criteria]
            rows.add(
                "score_sheet",
                round=scored,
                project=project,
                seat=seats[(number * 7 + turn) % len(seats)],
                state="draft" if draft else "handed_in",
                marks=marks,
                total=scoring.stored_total(marks, rubric.scoring),
                comment=COMMENT,
                reason="",
                version=1,
                saved_at=NOW,
                handed_in_at=None if draft else NOW,
            )


if __name__ == "__main__":
    asyncio.run(fill(os.environ["DATABASE_URL"]))
