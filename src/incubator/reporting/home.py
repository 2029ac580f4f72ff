"""The start page: what a person has to do now, in parts, one for each thing he is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from incubator.foundation.database import fetch, fetch_one
from incubator.foundation.i18n import Message
from incubator.jury.rules import RoundState
from incubator.jury.sheets import queries as jury
from incubator.moderation import threads
from incubator.moderation.queue import QueueRow, queue
from incubator.people.queries import ERASURE_ASKED
from incubator.people.rights import Role, Scope, Viewer
from incubator.reporting.attention import cohort_part, cohorts_now
from incubator.reporting.board import Place, ways
from incubator.reporting.parts import NOTHING_HERE, Joined, Part, Todo
from incubator.reporting.rules import WORDS, Cell
from incubator.settings import settings

OLDEST: Final = 5  # pieces of waiting work that the page names
Ways = Mapping[UUID, Sequence[Place]]


@dataclass(frozen=True, slots=True)
class TeamLink:
    """A team of the viewer, or one that he accompanies."""

    id: UUID
    name: str
    municipality: str
    cohort: UUID
    cohort_name: str


@dataclass(frozen=True, slots=True)
class Home:
    """The start page; `accompanied` are the teams of a moderator, each with where it is now."""

    parts: Sequence[Part]
    accompanied: Sequence[tuple[TeamLink, Message]]

    @property
    def empty(self) -> bool:
        """Whether nothing at all is to be done."""
        return not any(part.todos for part in self.parts)


def only_team(viewer: Viewer) -> UUID | None:
    """The team of somebody who is in exactly one and is nothing else; his start page is the team's."""
    if len(viewer.grants) != 1:
        return None
    (grant,) = viewer.grants
    in_team = grant.scope is Scope.TEAM and grant.role in {Role.TEAM_LEAD, Role.PARTICIPANT}
    return grant.where if in_team else None


async def home(viewer: Viewer) -> Home:
    """What the viewer has to do; the number of statements depends on what he is, never on how much there is."""
    teams, accompanied = await _teams(viewer)
    found = await ways([team.id for team in (*teams, *accompanied)], viewer.now) if teams or accompanied else {}
    parts = await _registering(viewer)
    if teams:
        parts.append(_own_teams(teams, found, await threads.unanswered([team.id for team in teams])))
    if accompanied or viewer.places(Role.MODERATOR, Scope.COHORT):
        waiting = await queue(viewer, most=OLDEST, accompanied=True)
        answers = await threads.answered(viewer, OLDEST)
        parts.append(_moderator(waiting, answers, accompanied, found, viewer.now))
    if viewer.places(Role.JUROR, Scope.COHORT):
        parts += _rounds(await jury.queues(viewer))
    if viewer.places(Role.ORGANISER, Scope.PROGRAMME):
        parts += [cohort_part(cohort) for cohort in await cohorts_now(viewer)]
    if viewer.is_administrator:
        parts.append(await _installation(viewer.now))
    if not parts and viewer.places(Role.JUROR, Scope.COHORT):
        parts.append(Part(Message("Scoring"), [], NO_SEAT, "/jury"))
    return Home(parts, [(team, _whereabouts(found.get(team.id, ()))) for team in accompanied])


def _whereabouts(places: Sequence[Place]) -> Message:
    """In which module a team is, and how it stands there."""
    for number, place in enumerate(places, start=1):
        if place.cell not in {Cell.DONE, Cell.CLOSED}:
            return Message("module {number}: {word}", number=number, word=WORDS[place.cell])
    if places and all(place.cell is Cell.DONE for place in places):
        return Message("the whole programme is passed")
    return Message("waits for the next module")


# Teams

TEAMS: Final = """
SELECT t.id, t.name, y.name AS municipality, c.id AS cohort, c.name AS cohort_name, t.id = ANY($1) AS own FROM team t
JOIN municipality y ON y.id = t.municipality JOIN cohort c ON c.id = t.cohort
WHERE t.id = ANY($1 || $2) AND t.withdrawn_at IS NULL AND c.closed_at IS NULL ORDER BY c.starts_on DESC, t.name
"""


async def _teams(viewer: Viewer) -> tuple[list[TeamLink], list[TeamLink]]:
    """The viewer's own teams and those he accompanies, as far as they are at work."""
    own = viewer.places(Role.TEAM_LEAD, Scope.TEAM) + viewer.places(Role.PARTICIPANT, Scope.TEAM)
    accompanied = viewer.places(Role.MODERATOR, Scope.TEAM)
    rows = await fetch(TEAMS, own, accompanied) if own or accompanied else []
    links = [(TeamLink(**{name: row[name] for name in TeamLink.__slots__}), row["own"]) for row in rows]
    return [link for link, is_own in links if is_own], [link for link, is_own in links if not is_own]


async def _registering(viewer: Viewer) -> list[Part]:
    """The cohorts in which the viewer may register a team and has not done it."""
    invited = viewer.places(Role.TEAM_LEAD, Scope.COHORT)
    sql = "SELECT id, name, opened_at FROM cohort WHERE id = ANY($1) AND closed_at IS NULL ORDER BY starts_on"
    rows = await fetch(sql, invited) if invited else []
    return [Part(row["name"], [_register(row["id"], row["opened_at"])], NOTHING_HERE) for row in rows]


def _register(cohort: UUID, opened_at: datetime | None) -> Todo:
    title = Message("Register your team")
    if opened_at is None:
        return Todo(title, "", Message("The organisers have not opened the cohort yet."), "locked")
    return Todo(title, f"/register/{cohort}", Message("Municipality, name of the team, your position."), "not_started")


TO_DO: Final = (Cell.OVERDUE, Cell.RETURNED, Cell.AT_WORK, Cell.NOT_BEGUN)


def _own_teams(teams: Sequence[TeamLink], found: Ways, asked: Mapping[UUID, int]) -> Part:
    todos = [_own_team(team, found.get(team.id, ()), asked.get(team.id, 0)) for team in teams]
    return Part(Message("My teams"), todos, NOTHING_HERE)


def _own_team(team: TeamLink, places: Sequence[Place], questions: int) -> Todo:
    cells = [place.cell for place in places if place.cell in TO_DO]
    words: list[Message | str] = [team.cohort_name]
    if cells:
        words.append(Message.count("{n} module to work on", "{n} modules to work on", len(cells)))
    if questions:
        words.append(Message.count("{n} question to answer", "{n} questions to answer", questions))
    state = min(cells, key=TO_DO.index).value if cells else ""
    return Todo(team.name, f"/teams/{team.id}", Joined(words), state)


# Moderators


def _moderator(
    waiting: Sequence[QueueRow],
    answers: Sequence[threads.Answered],
    teams: Sequence[TeamLink],
    found: Ways,
    now: datetime,
) -> Part:
    count = waiting[0].waiting if waiting else 0
    todos = [*_gates(teams, found), *(_check(row, now) for row in waiting), *map(_answered, answers)]
    return Part(
        Message("Waiting for me"), todos,
        Message("Everything is checked. New work appears here as soon as a team sends it."),
        facts=[Message.count("{n} piece of work waits", "{n} pieces of work wait", count)] if count else (),
        more=("/queue", Message("The whole queue")) if count > len(waiting) else None,
    )  # fmt: skip


def _check(row: QueueRow, now: datetime) -> Todo:
    long = row.waits_long(now)
    note = Joined([row.team_name, row.module_title])
    href = f"/submissions/{row.submission}/desk"
    return Todo(
        row.title, href, note, "red" if long else "submitted", Message("Waits long") if long else "", row.sent_at
    )


def _answered(answer: threads.Answered) -> Todo:
    note = Joined([answer.team_name, Message("an answer to your question")])
    return Todo(answer.text, answer.href, note, "blue", Message("Answered"), answer.turned_at)


def _gates(teams: Sequence[TeamLink], found: Ways) -> Iterator[Todo]:
    for team in teams:
        if any(place.cell is Cell.READY and 0 < place.required == place.accepted for place in found.get(team.id, ())):
            title = Message("Lead the team on: {team}", team=team.name)
            note = Message("Everything required in its module is accepted.")
            yield Todo(title, f"/teams/{team.id}", note, "green", Message("May go on"))


# Jurors

TO_JUDGE: Final = frozenset({RoundState.DRAFT, RoundState.OPEN})
NO_SEAT: Final = Message(
    "You have not been seated on a jury yet. When an organiser does it, your projects appear here."
)
CONFIRMED: Final = Message("You have confirmed your sheets. The result is seen here when it is published.")
LEADS_LATER: Final = Message("The round is not open yet. You will lead it and have no sheets in it.")
HOW_FAR: Final = Message("Who has handed in how many sheets, and what is missing.")
NO_SHEETS: Final = Message("No project was assigned to you in this round.")
QUIET: Final = {
    RoundState.DRAFT: Message("The round is not open yet. You will find your projects here."),
    RoundState.OPEN: Message("Your sheets are handed in. Until the round is locked you may change them."),
    RoundState.LOCKED: Message("The round is locked. The result is seen here when it is published."),
    RoundState.PUBLISHED: Message("The result of the round is published."),
}


def _rounds(queues: Sequence[jury.Queue]) -> list[Part]:
    """What a juror has to do, or what his rounds wait for; of those that are over the last one, where there is no other."""
    current = [queue for queue in queues if queue.state is not RoundState.PUBLISHED]
    return [_round(queue) for queue in current or queues[:1]]


def _round(queue: jury.Queue) -> Part:
    address = f"/rounds/{queue.round}"
    todos = []
    if queue.state in TO_JUDGE and not queue.declared:
        note = Message("Once for the round, before you score. Having none is an answer too.")
        todos.append(Todo(Message("Declare your conflicts of interest"), f"{address}/conflicts", note, "not_started"))
    elif todo := _at_work(queue, address):
        todos.append(todo)
    if queue.leads and queue.state is RoundState.OPEN:
        todos.append(_leading(queue, address))
    if queue.samples:
        note = Message("It counts for nothing: the jury sees how far apart its marks are.")
        todos.append(Todo(Message("Score the sample projects"), f"{address}/calibration", note, "not_started"))
    idle = queue.state is RoundState.OPEN and not queue.total
    confirmed = queue.state is RoundState.OPEN and queue.signed
    quiet = NO_SHEETS if idle else CONFIRMED if confirmed else QUIET[queue.state]
    if queue.only_leads and queue.state is RoundState.DRAFT:
        quiet = LEADS_LATER
    return Part(queue.name, todos, quiet, address, facts=[queue.cohort_name])


def _leading(queue: jury.Queue, address: str) -> Todo:
    """Where chair and secretary lead a round that is open."""
    if queue.pitch:
        note = Message("Call the teams, run the timer, see whose sheets are missing.")
        return Todo(Message("Lead the pitch day"), f"{address}/pitch", note, "in_progress")
    return Todo(Message("See how far the jury is"), f"{address}/progress", HOW_FAR, "in_progress")


def _at_work(queue: jury.Queue, address: str) -> Todo | None:
    """What the round asks of a juror who has declared his conflicts."""
    if queue.state is RoundState.OPEN and queue.done < queue.total:
        progress = Message("{done} of {total} score sheets are handed in", done=queue.done, total=queue.total)
        return Todo(Message("Score the projects"), address, progress, "in_progress" if queue.done else "not_started")
    if queue.state is RoundState.OPEN and queue.total and not queue.signed:
        return Todo(Message("Look through and confirm my sheets"), f"{address}/mine", QUIET[queue.state], "not_started")
    if queue.reopened:
        given = len(queue.reopened)
        note = Message.count("{n} sheet was given back to you", "{n} sheets were given back to you", given)
        return Todo(Message("Hand in again"), address, note, "returned")
    if queue.deliberates:
        note = Message("The round is locked, and the jury deliberates on its result.")
        return Todo(Message("Look at the ranking with the jury"), f"{address}/deliberation", note, "in_progress")
    return None


# Administrators

FIGURES: Final = f"""
SELECT (SELECT count(*) FROM person WHERE deactivated_at IS NULL AND password_hash IS NOT NULL) AS people,
  (SELECT count(*) FROM invitation WHERE accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $1) AS invited,
  (SELECT count(*) FROM letter WHERE sent_at IS NULL AND failed_at IS NOT NULL AND fault <> 'over') AS failed,
  (SELECT count(*) FROM letter WHERE sent_at IS NULL AND failed_at IS NULL) AS waiting,
  (SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL AND kind <> 'letter.send') AS jobs,
  (SELECT count(*) FROM person p WHERE p.deactivated_at IS NULL AND {ERASURE_ASKED} IS NOT NULL) AS erasures,
  (SELECT count(*) FROM outbox WHERE done_at IS NULL AND failed_at IS NULL AND next_at < $1 - $2::interval) AS stuck
"""
STUCK: Final = timedelta(minutes=10)  # a job due for so long has nobody to do it


async def _installation(now: datetime) -> Part:
    figures = await fetch_one(FIGURES, now, STUCK)
    assert figures is not None
    facts = [
        Message.count("{n} account", "{n} accounts", figures["people"]),
        Message.count("{n} open invitation", "{n} open invitations", figures["invited"]),
    ]
    quiet = Message("Nothing needs attention: no letter and no job has failed.")
    return Part(Message("Installation"), list(_troubles(figures)), quiet, "/people", facts)


def _troubles(figures: Mapping[str, int]) -> Iterator[Todo]:
    if figures["erasures"]:
        title = Message.count("{n} person asks to be erased", "{n} people ask to be erased", figures["erasures"])
        yield Todo(title, "/people", Message("Not erased yet."), "amber", Message("Asked"))
    if figures["failed"]:
        title = Message.count("{n} letter was not delivered", "{n} letters were not delivered", figures["failed"])
        yield Todo(title, "/letters", Message("See why and send them again."), "red", Message("Failed"))
    if figures["waiting"] and not settings().smtp_url:
        title = Message.count("{n} letter waits", "{n} letters wait", figures["waiting"])
        yield Todo(
            title,
            "/letters",
            Message("No mail server is set, so letters wait with their links."),
            "amber",
            Message("No mail"),
        )
    if figures["jobs"]:
        title = Message.count("{n} job has failed", "{n} jobs have failed", figures["jobs"])
        yield Todo(title, "/health/ready", Message("The log of the server says why."), "red", Message("Failed"))
    if figures["stuck"]:
        title = Message.count("{n} job is not begun", "{n} jobs are not begun", figures["stuck"])
        yield Todo(
            title,
            "/health/ready",
            Message("Nobody does the work in the background: see whether a worker runs."),
            "red",
            Message("Stuck"),
        )
