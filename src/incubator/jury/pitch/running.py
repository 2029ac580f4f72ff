"""A pitch day: the running order, the team before the jury, the shared timer, what the screen in the hall shows."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound, Refused
from incubator.jury.rounds import Round, round_for, share, tell
from incubator.jury.rules import LEAD, STALE, RoundState, SheetState
from incubator.people.rights import Viewer

SECOND = timedelta(seconds=1)
NO_NAMES = Message("In a round without names there is no pitch day: whoever stands before the jury is known.")
OVER = Message("The result is published: the pitch day is over, and its order stays as it was.")
ALREADY_PRESENTED = Message("A team has presented already. From now on the order is changed by swapping two teams.")


# --- What is known ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """What every screen of the hall shows: no value, and nothing about who has scored.

    `ends_at` is set while the timer runs; otherwise `left` milliseconds are on it.
    """

    id: UUID
    round: UUID
    name: str
    address: str
    state: RoundState
    project: UUID | None
    place: int | None
    team: str
    title: str
    minutes: int
    ends_at: datetime | None
    left: int
    blank: bool
    seed: str
    now: datetime
    root: str = ""
    entries: int = 0

    @property
    def document(self) -> dict[str, Any]:
        """The same for the script of a screen; times in milliseconds of the server's clock."""
        sheet = f"/rounds/{self.round}/projects/{self.project}" if self.project else ""
        ends = int(self.ends_at.timestamp() * 1000) if self.ends_at else None
        heading = f"{self.place}. {self.team}" if self.project else ""
        return {
            "now": int(self.now.timestamp() * 1000), "ends": ends, "left": self.left, "heading": heading,
            "title": self.title if self.title != self.team else "", "sheet": sheet,
        }  # fmt: skip

    @property
    def shown(self) -> dict[str, Any]:
        """What the hall's screen is told: nothing while it is blank."""
        hidden = {"heading": "", "title": "", "ends": None, "left": None} if self.blank else {}
        root = {"root": self.root, "entries": self.entries, "short": self.short}
        return {**self.document, "sheet": "", "blank": self.blank, **hidden, **root}

    @property
    def short(self) -> str:
        """The beginning of the root, for whoever writes it down by hand."""
        return " ".join(self.root[at : at + 4] for at in range(0, 16, 4)) if self.root else ""

    @property
    def clock(self) -> str:
        """The timer as minutes and seconds, for pages without a script."""
        left = self.left if self.ends_at is None else int((self.ends_at - self.now) / SECOND * 1000)
        minutes, seconds = divmod(max(0, -(-left // 1000)), 60)
        return f"{minutes}:{seconds:02}"


MOMENT = """
SELECT d.id, d.round, r.name, d.address, r.state, d.project, p.place, coalesce(t.name, '') AS team,
  coalesce(p.title, '') AS title, d.minutes, d.timer_ends_at AS ends_at, d.timer_left AS left, d.blank, d.seed,
  clock_timestamp() AS now
FROM pitch_day d JOIN scoring_round r ON r.id = d.round LEFT JOIN round_project p ON p.id = d.project
LEFT JOIN team t ON t.id = p.team
"""


async def moment(round_id: UUID) -> Moment | None:
    """Where the hall of a round stands; None where no pitch day was begun. One statement."""
    return _moment(await fetch_one(f"{MOMENT} WHERE d.round = $1", round_id))


async def hall(address: str) -> Moment:
    """The same for whoever has the address of the hall's screen. Raises NotFound."""
    found = _moment(await fetch_one(f"{MOMENT} WHERE d.address = $1", address))
    if found is None:
        raise NotFound
    if found.state in {RoundState.DRAFT, RoundState.OPEN}:
        return found
    known = await fetch_one(LAST_ROOT, found.round)
    return replace(found, root=known["root"], entries=known["entries"]) if known else found


# As it was made known at the lock or, later, with the publication; with the number of entries by then.
LAST_ROOT = """
SELECT a.root, a.seq + coalesce((
    SELECT sum((head.value ->> 0)::bigint) FROM ledger_entry l, jsonb_each(l.payload::jsonb -> 'heads') head
    WHERE l.round = a.round AND l.chain = a.round AND l.seq = a.seq), 0)::bigint AS entries
FROM ledger_anchor a WHERE a.round = $1 AND a.kind IN ('lock', 'publish') ORDER BY a.seq DESC LIMIT 1
"""


def _moment(row: Mapping[str, Any] | None) -> Moment | None:
    return Moment(**{**row, "state": RoundState(row["state"])}) if row else None


@dataclass(frozen=True, slots=True)
class Turn:
    """A team in the running order with the state of each juror's sheet; None where he has none for it.

    Nobody waits for a team that has left: it is not called, and no sheet for it is missing.
    """

    project: UUID
    place: int
    team: str
    presented_at: datetime | None
    left: bool
    sheets: tuple[SheetState | None, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """Who has scored whom: states only, never a value."""

    jurors: tuple[str, ...]
    turns: tuple[Turn, ...]


TURNS = """
SELECT p.id AS project, p.place, t.name AS team, p.presented_at, t.withdrawn_at IS NOT NULL AS left,
  coalesce(jsonb_object_agg(s.seat, s.state) FILTER (WHERE s.id IS NOT NULL), '{}') AS sheets
FROM round_project p JOIN team t ON t.id = p.team LEFT JOIN score_sheet s ON s.project = p.id
WHERE p.round = $1 GROUP BY p.id, t.id ORDER BY p.place LIMIT 500
"""
JURORS = """
SELECT e.id, h.name FROM seat e JOIN person h ON h.id = e.person
WHERE e.round = $1 AND e.removed_at IS NULL AND EXISTS (SELECT FROM score_sheet s WHERE s.seat = e.id)
ORDER BY h.name LIMIT 200
"""
WAITED_FOR = frozenset({SheetState.EMPTY, SheetState.DRAFT})


async def panel(round_id: UUID) -> Panel:
    """The matrix of jurors and teams; two statements."""
    jurors = [(str(row["id"]), row["name"]) for row in await fetch(JURORS, round_id)]
    return Panel(tuple(name for _, name in jurors), tuple(_turn(row, jurors) for row in await fetch(TURNS, round_id)))


def _turn(row: Mapping[str, Any], jurors: Iterable[tuple[str, str]]) -> Turn:
    found = json.loads(row["sheets"])
    states = [(name, SheetState(found[seat]) if seat in found else None) for seat, name in jurors]
    sheets = tuple(state for _, state in states)
    missing = tuple(name for name, state in states if state in WAITED_FOR and not row["left"])
    return Turn(row["project"], row["place"], row["team"], row["presented_at"], row["left"], sheets, missing)


# --- What the panel does ----------------------------------------------------------------------------------------------


async def _lead(viewer: Viewer, round_id: UUID) -> Round:
    scoring = await round_for(viewer, round_id)
    scoring.standing.need(LEAD)
    if scoring.state is RoundState.PUBLISHED:
        raise Refused(STALE)
    return scoring


def obstacle(scoring: Round) -> Message | None:
    """Why nothing is run from the panel of this round, or None."""
    if scoring.state is RoundState.PUBLISHED:
        return OVER
    return NO_NAMES if scoring.terms.blind else None


async def begin(viewer: Viewer, round_id: UUID) -> None:
    """Set a pitch day up: from now on it has a panel and an address for the hall's screen."""
    async with DB.transaction():
        await share(round_id)  # a draft may be removed at this moment
        scoring = await _lead(viewer, round_id)
        if scoring.terms.blind:
            raise Refused(NO_NAMES)
        made = await execute(
            "INSERT INTO pitch_day (id, round, address, minutes, timer_left, blank, seed, draw, begun_at)"
            " VALUES ($1, $2, $3, 5, 300000, false, '', '[]', $4) ON CONFLICT DO NOTHING",
            new_id(), round_id, secrets.token_urlsafe(24), viewer.now,
        )  # fmt: skip
        if made:
            await tell("pitch.begun", viewer, scoring)


async def renew_address(viewer: Viewer, round_id: UUID) -> None:
    """Give the hall's screen another address; the old one leads nowhere from now on."""
    async with DB.transaction():
        scoring = await _lead(viewer, round_id)
        await execute("UPDATE pitch_day SET address = $2 WHERE round = $1", round_id, secrets.token_urlsafe(24))
        await _ring(round_id)
        await tell("pitch.readdressed", viewer, scoring)


TIMER = {
    "start": "timer_ends_at = clock_timestamp() + timer_left * interval '1 millisecond'",
    "pause": "timer_left = greatest(0, extract(epoch FROM timer_ends_at - clock_timestamp()) * 1000)::int,"
             " timer_ends_at = NULL",
    "reset": "timer_left = minutes * 60000, timer_ends_at = NULL",
    "blank": "blank = true",
    "show": "blank = false",
}  # fmt: skip
WHEN = {"start": "timer_ends_at IS NULL AND timer_left > 0", "pause": "timer_ends_at IS NOT NULL"}
"""A second press of the same button, or of another panel, changes nothing."""


async def press(viewer: Viewer, round_id: UUID, button: str) -> None:
    """A button of the panel: start, pause, reset, blank, show. The clock is the database's, so all screens agree."""
    async with DB.transaction():
        await _lead(viewer, round_id)
        await execute(f"UPDATE pitch_day SET {TIMER[button]} WHERE round = $1 AND {WHEN.get(button, 'true')}", round_id)
        await _ring(round_id)


async def set_minutes(viewer: Viewer, round_id: UUID, minutes: int) -> None:
    """How long a team has; the timer is set to it."""
    async with DB.transaction():
        await _lead(viewer, round_id)
        await execute(
            "UPDATE pitch_day SET minutes = $2, timer_left = $2 * 60000, timer_ends_at = NULL WHERE round = $1",
            round_id, minutes,
        )  # fmt: skip
        await _ring(round_id)


CALL = """
UPDATE pitch_day SET project = $2, timer_left = minutes * 60000, timer_ends_at = NULL, blank = false WHERE round = $1
"""
# Who has not stood before the jury: the nearest behind the team that does now, then those before it who were passed over.
FOLLOWING = """
SELECT p.id FROM round_project p JOIN team t ON t.id = p.team AND t.withdrawn_at IS NULL
LEFT JOIN pitch_day d ON d.round = p.round LEFT JOIN round_project here ON here.id = d.project
WHERE p.round = $1 AND p.presented_at IS NULL AND p.id IS DISTINCT FROM d.project
ORDER BY p.place <= coalesce(here.place, 0), p.place LIMIT 1
"""
ON = "SELECT project FROM pitch_day WHERE round = $1 FOR UPDATE"


async def call(viewer: Viewer, round_id: UUID, project: UUID | None, *, seen: UUID | None = None) -> bool:
    """Call a team before the jury, or with None the one that follows in the running order and has not left.

    `seen` is the team that stood before the jury where "next" was pressed. If another one does meanwhile nothing is
    done, and the answer is False: a second press, or one at another panel, passes no team over.
    """
    async with DB.transaction():
        scoring = await _lead(viewer, round_id)
        here = await fetch_value(ON, round_id)
        if project is None and seen not in {None, here}:
            return False
        team = await _before_the_jury(viewer, round_id, project or await fetch_value(FOLLOWING, round_id))
        await _ring(round_id)
        await tell("pitch.called", viewer, scoring, team_name=team)
        return True


async def _before_the_jury(viewer: Viewer, round_id: UUID, wanted: UUID | None) -> str:
    """A step: this team stands before the jury; its name."""
    team = await fetch_one(
        "UPDATE round_project SET presented_at = coalesce(presented_at, $3) WHERE id = $2 AND round = $1"
        " RETURNING (SELECT t.name FROM team t WHERE t.id = team AND t.withdrawn_at IS NULL)",
        round_id, wanted, viewer.now,
    )  # fmt: skip
    if team is None:
        raise Refused(Message("There is no further team in the running order."))
    if team["name"] is None:
        raise Refused(Message("This team has left the programme: it does not come before the jury."))
    await execute(CALL, round_id, wanted)
    name: str = team["name"]
    return name


ABSENT = """
UPDATE round_project SET presented_at = NULL WHERE id = $1 RETURNING (SELECT t.name FROM team t WHERE t.id = team)
"""


async def pass_over(viewer: Viewer, round_id: UUID, project: UUID) -> bool:
    """The team that was called does not come: it has not presented, and the next one is called.

    It is called again behind all others. False where another team stands before the jury meanwhile.
    """
    async with DB.transaction():
        scoring = await _lead(viewer, round_id)
        if await fetch_value(ON, round_id) != project:
            return False
        following = await fetch_value(FOLLOWING, round_id)
        absent = await fetch_value(ABSENT, project)
        if following is None:
            await execute(CALL, round_id, None)
        team = await _before_the_jury(viewer, round_id, following) if following else ""
        await _ring(round_id)
        await tell("pitch.absent", viewer, scoring, team_name=absent, next_name=team)
        return True


def drawn(seed: str, teams: Iterable[UUID]) -> list[UUID]:
    """The order that a seed gives: by SHA-256 of the seed and the team's id, so that anybody can draw it again."""
    return sorted(teams, key=lambda team: hashlib.sha256(f"{seed}:{team}".encode()).digest())


async def draw(viewer: Viewer, round_id: UUID) -> str:
    """Draw the running order at random and keep the seed; not once a team has presented."""
    async with DB.transaction():
        scoring = await _lead(viewer, round_id)
        await fetch_value("SELECT id FROM pitch_day WHERE round = $1 FOR UPDATE", round_id)
        rows = await fetch("SELECT id, team, presented_at FROM round_project WHERE round = $1 ORDER BY place", round_id)
        if any(row["presented_at"] for row in rows):
            raise Refused(ALREADY_PRESENTED)
        seed = secrets.token_hex(8)
        project = {row["team"]: row["id"] for row in rows}
        await _place(round_id, [project[team] for team in drawn(seed, project)])
        await execute(
            "UPDATE pitch_day SET seed = $2, draw = $3, drawn_at = $4 WHERE round = $1",
            round_id, seed, json.dumps([str(row["team"]) for row in rows]), viewer.now,
        )  # fmt: skip
        await _ring(round_id)
        await tell("pitch.drawn", viewer, scoring, seed=seed)
        return seed


async def _place(round_id: UUID, order: list[UUID]) -> None:
    await execute(
        "UPDATE round_project p SET place = o.place FROM unnest($2::uuid[]) WITH ORDINALITY AS o (id, place)"
        " WHERE p.id = o.id AND p.round = $1",
        round_id, order,
    )  # fmt: skip


async def swap(viewer: Viewer, round_id: UUID, one: UUID, other: UUID, reason: str) -> None:
    """Let two teams change places, with a reason."""
    async with DB.transaction():
        scoring = await _lead(viewer, round_id)
        found = await fetch(
            "SELECT p.id, p.place, t.name FROM round_project p JOIN team t ON t.id = p.team"
            " WHERE p.round = $1 AND p.id IN ($2, $3) ORDER BY p.place FOR UPDATE OF p",
            round_id, one, other,
        )  # fmt: skip
        if len(found) < 2 or scoring.terms.blind:
            raise Refused(Message("Choose two teams of this round."))
        for row, place in ((found[0], found[1]["place"]), (found[1], found[0]["place"])):
            await execute("UPDATE round_project SET place = $2 WHERE id = $1", row["id"], place)
        await _ring(round_id)
        await tell("pitch.swapped", viewer, scoring, one=found[0]["name"], other=found[1]["name"], reason=reason)


async def _ring(round_id: UUID) -> None:
    """A step: every screen of the hall asks again."""
    await execute("SELECT pg_notify('journal', '- ' || id) FROM pitch_day WHERE round = $1", round_id)
