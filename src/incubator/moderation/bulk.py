"""One thing for several teams at once: a message, or more time. First who is affected, then all of it or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from incubator.foundation.database import DB, fetch, fetch_value, new_id
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Due, Message
from incubator.foundation.refusals import NotFound, UnexpectedFields
from incubator.journal.actions import Audience, record
from incubator.moderation.rules import MESSAGE, READ_MESSAGES
from incubator.moderation.sieve import PAGE
from incubator.moderation.tables import TeamMessage
from incubator.people.rights import Right, Standing, Viewer
from incubator.stages import actions as stages
from incubator.stages import hooks
from incubator.stages.home import stopped
from incubator.stages.rules import EXTEND, OPEN_STATES, SubmissionState

NOBODY: Final = Message("Tick the work of at least one team.")
CHANGED: Final = Message("Meanwhile somebody else is affected. Look through the list once more.")
SENT_ALREADY: Final = Message("The work has been sent already, so its deadline no longer matters.")
Pick = tuple[UUID, UUID]  # team, assignment


def read_picks(form: Form) -> list[Pick]:
    """The ticked rows. Raises UnexpectedFields for what names no row at all; whether there is such a row is asked later."""
    picks: list[Pick] = []
    for text in form.texts("pick", limit=80, most=PAGE):
        team, _, assignment = text.partition(".")
        try:
            picks.append((UUID(team), UUID(assignment)))
        except ValueError:
            raise UnexpectedFields({"pick"}) from None
    if not picks:
        form.fail("", NOBODY)
    return list(dict.fromkeys(picks))


@dataclass(frozen=True, slots=True)
class Picked:
    """A ticked row: whose work, and whether more time would reach it."""

    team: UUID
    team_name: str
    assignment: UUID
    title: str
    cohort: UUID
    deadline: datetime
    zone: str
    kept_out: Message | None
    standing: Standing

    @property
    def pick(self) -> str:
        """What names the row in a form."""
        return f"{self.team}.{self.assignment}"


PICKED = """
SELECT t.id AS team, t.name AS team_name, a.id AS assignment, a.title, c.id AS cohort, c.programme,
  greatest(m.due_at, s.extended_to, s.rework_until) AS deadline, y.time_zone AS zone, coalesce(s.state, 'not_started') AS state,
  t.withdrawn_at, c.opened_at, c.closed_at
FROM unnest($1::uuid[], $2::uuid[]) AS pick (team, assignment)
JOIN team t ON t.id = pick.team JOIN municipality y ON y.id = t.municipality JOIN cohort c ON c.id = t.cohort JOIN assignment a ON a.id = pick.assignment
JOIN module m ON m.id = a.module AND m.cohort = c.id
LEFT JOIN submission s ON s.team = t.id AND s.assignment = a.id
ORDER BY t.name, t.id, m.place, a.place
"""


async def picked(viewer: Viewer, picks: Sequence[Pick], right: Right) -> list[Picked]:
    """The ticked rows through their viewer, who needs the right at each of them. Raises NotFound, Forbidden."""
    rows = await fetch(PICKED, [team for team, _ in picks], [assignment for _, assignment in picks])
    if len(rows) != len(picks):
        raise NotFound
    found = [_picked(viewer, dict(row)) for row in rows]
    for each in found:
        each.standing.need(right)
    return found


def _picked(viewer: Viewer, row: dict[str, object]) -> Picked:
    values = {name: row[name] for name in ("team", "team_name", "assignment", "title", "cohort", "deadline", "zone")}
    sent = SubmissionState(str(row["state"])) not in OPEN_STATES
    standing = viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["team"])  # type: ignore[arg-type]
    return Picked(**values, kept_out=stopped(row) or (SENT_ALREADY if sent else None), standing=standing)  # type: ignore[arg-type]


def teams_of(rows: Sequence[Picked]) -> int:
    """How many teams there are in rows."""
    return len({row.team for row in rows})


def affected(rows: Sequence[Picked]) -> list[Picked]:
    """The rows that more time would reach."""
    return [row for row in rows if row.kept_out is None]


async def message(viewer: Viewer, picks: Sequence[Pick], text: str) -> int:
    """Write the same message to the teams of the ticked rows: a row in each journal, letters to everybody in them.

    How many teams. It stays readable on the team's page.
    """
    async with DB.transaction():
        rows = {row.team: row for row in await picked(viewer, picks, MESSAGE)}
        for team, row in rows.items():
            made = TeamMessage(id=new_id(), team=team, text=text, author=viewer.id, sent_at=viewer.now)
            await TeamMessage.insert(made)
            await record(
                "message.sent", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=row.cohort, team=team,
                subject=made.id, aside={"text": text, "sender": viewer.name, "path": f"/teams/{team}/messages"},
            )  # fmt: skip
    return len(rows)


async def extend(viewer: Viewer, form: Form, picks: Sequence[Pick], *, until: datetime, reason: str, seen: int) -> int:
    """Give every ticked team until `until` for its work, if it has not sent it; how many pieces of work that were.

    `seen` is how many teams the preview named: with another number the form fails and nothing is written. So it does
    when one of the deadlines is later already.
    """
    async with DB.transaction():
        rows = affected(await picked(viewer, picks, EXTEND))
        if teams_of(rows) != seen or not rows:
            form.fail("", CHANGED)
        for row in rows:
            if until <= max(viewer.now, row.deadline):
                form.fail("until", Message("Choose a time after the present deadline of “{team}”, {deadline}.",
                                           team=row.team_name, deadline=Due(row.deadline, row.zone)))  # fmt: skip
        form.demand()
        for row in rows:
            await stages.extend_deadline(viewer, row.team, row.assignment, until, reason)
    return len(rows)


def _messages_link(team: UUID, rows: Sequence[Any]) -> Sequence[hooks.Link]:
    return [hooks.Link(f"/teams/{team}/messages", Message("Messages to the team"))] if rows else []


hooks.PARTS.append(
    hooks.Part(READ_MESSAGES, _messages_link, "SELECT 1 AS any FROM team_message WHERE team = $1 LIMIT 1")
)


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message to a team."""

    text: str
    author: str
    sent_at: datetime


async def any_pick(team: UUID) -> str:
    """A row of the team, to open the form of a message from elsewhere than the queue; "" while it has no assignment."""
    found: UUID | None = await fetch_value(
        "SELECT a.id FROM team t JOIN module m ON m.cohort = t.cohort JOIN assignment a ON a.module = m.id"
        " WHERE t.id = $1 ORDER BY m.place, a.place LIMIT 1",
        team,
    )
    return f"{team}.{found}" if found else ""


async def messages(team: UUID) -> list[MessageRow]:
    """The messages to a team, newest first; the caller has judged READ_MESSAGES."""
    rows = await fetch(
        "SELECT m.text, coalesce(p.name, '–') AS author, m.sent_at FROM team_message m"
        " LEFT JOIN person p ON p.id = m.author WHERE m.team = $1 ORDER BY m.sent_at DESC, m.id LIMIT 200",
        team,
    )
    return [MessageRow(**row) for row in rows]
