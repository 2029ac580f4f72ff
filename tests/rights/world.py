"""The world of the rights tests: two programmes, four teams, and somebody for every role of the matrix.

Every text that is somebody's business alone holds a word of `SECRETS`, so that a leak is found by looking for the word.
What the people have done by then is told in `states.py`.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import cast
from cast import Person
from incubator.foundation.database import DB, execute, fetch_value, new_id
from incubator.people import actions as people
from incubator.people import sessions
from incubator.people.rights import Role, Scope, Viewer

SECRETS = {
    kind: f"canary{kind}"
    for kind in (
        "case", "work", "file", "bytes", "note", "remark", "unsent", "reply", "question", "answer", "verdict", "more",
        "otherwork", "othercase", "ownsheet", "sheet", "voided", "conflict", "lead", "juror", "invited", "voting", "peer",
    )
}  # fmt: skip
TEAM = {"peer", "case", "work", "file", "bytes", "remark", "reply", "question", "answer", "verdict", "more", "lead"}
STAFF = TEAM | {"juror", "invited", "conflict"}
READS = {
    "participant": TEAM,
    "team_lead": TEAM | {"invited"},
    "participant_other_team": {"othercase", "otherwork"},
    "moderator_own": TEAM | {"note", "unsent"},
    "moderator_other": {"othercase", "otherwork"},
    "juror_assigned": {"ownsheet"},
    "juror_conflicted": {"conflict"},
    "juror_removed": {"voided"},
    "organiser_own": STAFF | {"note", "othercase", "otherwork"},
    "organiser_conflicted": STAFF,
    "platform_admin": {"lead", "juror", "invited"},
    "juror_conflict_declared_after_scoring": {"sheet", "conflict"},
}
"""Which secrets somebody may read on any page, whatever has happened."""
SHEETS = {"ownsheet", "sheet", "voided"}
UNREAD = ("round_draft", "seated")
LOCKED = (
    "round_locked", "round_tied", "tie_voted", "unlock_asked", "publish_asked", "reopen_asked", "sheet_reopened", "round_published",
    "round_published_with_advice", "deliberation",
)  # fmt: skip

PUBLISHED = ("round_published", "round_published_with_advice")


def may_read(role: str, at: str) -> set[str]:
    """Which secrets somebody may read in a state: work opens to jurors with the round, sheets to others with its lock."""
    if "+" in role:
        return set().union(*(may_read(part, at) for part in role.split("+")))
    known = set(READS.get(role, ()))
    if role == "juror_assigned" and (at.startswith("round") or at in LOCKED) and at not in UNREAD:
        known |= {"case", "work", "file", "bytes"}
    if at == "opened" and role in {"participant_other_team", "moderator_other"}:
        known |= {"work", "peer"}
    if at == "card_published":
        known |= {"case"}
    if at in LOCKED and role == "organiser_own":
        known |= SHEETS
    if at in PUBLISHED and role == "organiser_conflicted":
        known |= SHEETS
    if at in PUBLISHED and role in {"participant", "team_lead", "moderator_own"}:
        known |= SHEETS - {"voided"}
    return known


COMBINED = {
    "juror_assigned+participant": "Пётр Ясенев",
    "juror_assigned+moderator_own": "Майя Рудина",
    "juror_assigned+same_municipality": "Инга Ручьёва",
    "juror_assigned+organiser_own": "Ада Строева",
    "organiser_own+participant": "Яна Клёнова",
    "organiser_own+organiser_other": "Глеб Хромов",
    "platform_admin+juror_assigned": "Инна Седых",
    "platform_admin+participant": "Лидия Савина",
    "moderator_own+moderator_other": "Лев Тарасов",
    "participant_programme_a+juror_programme_b": "Зоя Мелех",
}
ENDED = {
    "team_lead_removed": "team_lead",
    "moderator_reassigned": "moderator_own",
    "deactivated_user": "participant",
    "password_changed_elsewhere": "stranger",
    "juror_conflict_declared_after_scoring": "juror_extra",
    "session_expired_mid_form": "juror_assigned",
}
"""Whoever is meant by a role that has just ended."""
SEATED = (
    "juror_assigned", "juror_conflicted", "juror_removed", "juror_extra", "juror_second", "juror_assigned+participant",
    "juror_assigned+moderator_own", "juror_assigned+same_municipality", "participant_programme_a+juror_programme_b",
)  # fmt: skip
"""Who sits in every round; nobody seats an organiser, and one juror is never given a seat."""

STATES: dict[str, tuple[str, Callable[["World"], Awaitable[None]]]] = {}


def state(name: str, after: str = "") -> Callable[[Any], Any]:
    """Register what happens next after another state; "" is the world as it begins."""

    def register(step: Any) -> Any:
        STATES[name] = (after, step)
        return step

    return register


class World:
    """People by role, ids and forms by name."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.ids: dict[str, Any] = {}
        self.forms: dict[str, list[tuple[str, str]]] = {}
        self.teams: list[cast.TeamOfCast] = []

    async def viewer(self, role: str) -> Viewer:
        """Somebody as actions see him."""
        return await cast.viewer(self.people[role])

    async def become(self, name: str) -> "World":
        """This world after everything up to a state has happened; the world itself stays as it is."""
        made = World()
        made.people, made.ids, made.teams = dict(self.people), dict(self.ids), self.teams
        for step in reversed(list(_steps(name))):
            await step(made)
        return made

    def id(self, name: str) -> UUID:
        found: UUID = self.ids[name]
        return found


def _steps(name: str) -> Any:
    while name:
        name, step = STATES[name]
        yield step


async def begin() -> World:
    """Committed: everything that every state begins with."""
    made = World()
    a, b = await cast.cohort(), await cast.cohort()
    await cast.begin(a)
    await cast.begin(b)
    await _teams(made, a, b)
    await _organisers(made, a, b)
    await _moderators_and_jurors(made, a)
    await _combined(made, a, b)
    made.people["platform_admin"] = await cast.administrator(email="runs@example.org")
    made.people["stranger"] = await cast.person("Ольга Дальняя", "stranger@example.org", cast.PASSWORD)
    made.people |= {role: made.people[who] for role, who in ENDED.items()}
    await _plan(made, a)
    made.ids |= {"cohort": a.id, "programme": a.programme, "cohort_b": b.id, "programme_b": b.programme}
    made.ids |= {"person": made.people["juror_second"].id, "moderator": made.people["moderator_own"].id}
    return made


async def _teams(made: World, a: cast.CohortOfCast, b: cast.CohortOfCast) -> None:
    made.teams = [await cast.team(a, number, members=2) for number in range(3)] + [await cast.team(b, 3)]
    own, other, *_ = made.teams
    made.ids |= {f"team_{number}": each.id for number, each in enumerate(made.teams, 1)} | {"team": own.id}
    made.people |= {
        "team_lead": await _renamed(own.lead, "lead"), "participant": own.members[0], "leaving": own.members[1],
        "participant_other_team": other.members[0], "lead_other_team": other.lead, "lead_b": made.teams[3].lead,
    }  # fmt: skip
    for name in ("leaving", "participant", "team_lead"):
        made.ids[f"membership_{name}"] = await fetch_value(
            "SELECT id FROM team_member WHERE person = $1", made.people[name].id
        )


async def _renamed(who: Person, secret: str) -> Person:
    """The same person under an address that is looked for in answers."""
    address = f"{SECRETS[secret]}@example.org"
    await execute("UPDATE person SET email = $2 WHERE id = $1", who.id, address)
    return Person(who.id, who.name, address)


async def _organisers(made: World, a: cast.CohortOfCast, b: cast.CohortOfCast) -> None:
    made.people |= {"organiser_own": a.organiser, "organiser_other": b.organiser}
    for role, name in (("organiser_conflicted", "Вадим Горин"), ("organiser_second", "Тамара Ильина")):
        made.people[role] = await cast.person(name, f"{role}@example.org")
        await cast.give(made.people[role], Role.ORGANISER, Scope.PROGRAMME, a.programme)
    made.ids["conflict_of_organiser"] = await conflict(made, "organiser_conflicted", a.id)


async def conflict(made: World, role: str, cohort: UUID) -> UUID:
    """Somebody's conflict of interest with the first team."""
    who = made.people[role].id
    async with DB.transaction():
        return await people.declare_conflict(
            who, cohort=cohort, team=made.id("team"), reason=SECRETS["conflict"], by=who, at=await cast.now()
        )


async def _moderators_and_jurors(made: World, a: cast.CohortOfCast) -> None:
    own, other, *_ = made.teams
    made.people["moderator_own"] = await cast.moderator(a, own)
    made.people["moderator_other"] = await cast.moderator(a, other, name="Кира Вольская")
    for role in ("assigned", "conflicted", "unassigned", "removed", "extra", "second"):
        made.people[f"juror_{role}"] = await cast.juror(a, f"Судья {role}")
    await _no_juror_any_more(made.people["juror_removed"].id)
    made.people["juror_assigned"] = await _renamed(made.people["juror_assigned"], "juror")
    made.ids["conflict_of_juror"] = await conflict(made, "juror_conflicted", a.id)


async def _no_juror_any_more(who: UUID) -> None:
    """Whoever was removed is nobody here; in rounds he gets a seat first and loses it again."""
    await execute("UPDATE role_grant SET revoked_at = now() WHERE person = $1 AND role = 'juror'", who)


async def _combined(made: World, a: cast.CohortOfCast, b: cast.CohortOfCast) -> None:
    """People with two roles. The juror who also organises can only come from old data: nobody is given both today."""
    own, other, _, of_b = made.teams
    for role, name in COMBINED.items():
        parts = role.split("+")
        if "participant" in parts:
            who = await cast.join_team(await cast.viewer(own.lead), own.id, name)
        elif "participant_programme_a" in parts:
            who = await cast.join_team(await cast.viewer(of_b.lead), of_b.id, name)
        else:
            who = await cast.person(name, f"{new_id().hex[-8:]}@example.org")
        made.people[role] = who
        if "platform_admin" in parts:
            await cast.give(who, Role.ADMINISTRATOR, Scope.PLATFORM)
        if parts[-1].startswith("juror") or parts[0].startswith("juror"):
            await cast.give(who, Role.JUROR, Scope.COHORT, a.id, cohort=a.id)
        if "same_municipality" in parts:
            await execute(
                "INSERT INTO juror_card (id, person, municipality, region, said_at)"
                " SELECT $1, $2, municipality, '', now() FROM team WHERE id = $3",
                new_id(), who.id, own.id,
            )  # fmt: skip
        if "moderator_own" in parts:
            await _moderates(who, a.id, own, *([other] if "moderator_other" in parts else []))
        for part, programme in (("organiser_own", a.programme), ("organiser_other", b.programme)):
            if part in parts:
                await _old_grant(who, programme)


async def _moderates(who: Person, cohort: UUID, *teams: cast.TeamOfCast) -> None:
    await cast.give(who, Role.MODERATOR, Scope.COHORT, cohort, cohort=cohort)
    for each in teams:
        await cast.give(who, Role.MODERATOR, Scope.TEAM, each.id, cohort=cohort)


async def _old_grant(who: Person, programme: UUID) -> None:
    await execute(
        "INSERT INTO role_grant (id, person, role, scope, scope_id, granted_at)"
        " VALUES ($1, $2, 'organiser', 'programme', $3, now())",
        new_id(), who.id, programme,
    )  # fmt: skip


async def _plan(made: World, a: cast.CohortOfCast) -> None:
    """Ids of the first two modules and of the work that is tried: the one with a file."""
    from incubator.programmes.queries import cohort_for
    from incubator.stages import plan_queries

    runs = await cast.viewer(a.organiser)
    modules = await plan_queries.plan(await cohort_for(runs, a.id), runs.now)
    first = modules[0].assignments
    made.ids |= {"module": modules[0].id, "module_2": modules[1].id, "module_last": modules[-1].id}
    made.ids |= {"assignment": first[1].id, "assignments": [each.id for each in first]}
    made.ids |= {"unused_assignment": modules[-1].assignments[-1].id}


async def tokens(made: World) -> dict[str, str]:
    """A session for everybody; used just now however long the run takes, for its use is noted every ten minutes."""
    begun = {role: await sessions.begin(who.id) for role, who in made.people.items()}
    await execute("UPDATE session SET seen_at = now() + interval '1 day'")
    return begun
