"""Conflicts of interest in a jury: declared by whoever has one, claimed by a team, lifted by an organiser.

A conflict counts from the moment it is declared: the juror's sheet for that team is no longer his to fill in and never
counts. What follows from what is known (member of the team, its moderator, its municipality) needs no declaration: see
`kinship`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.jury.conflicts.kinship import look_again
from incubator.jury.rounds import Round, deal_sheets, round_for, share
from incubator.jury.rules import BEFORE_LOCK_ONLY, DECLARE, LIFT, RoundState, in_the_jury, refuse
from incubator.people.actions import declare_conflict, lift_conflict
from incubator.people.rights import Viewer
from incubator.stages.answers import fingerprint
from incubator.teams.queries import team_for
from incubator.teams.rules import CHALLENGE_JUROR, team_frozen

CHANGED = Message(
    "You have said something else in another window meanwhile. Compare, and declare again if what stands here is right."
)
TOO_LATE_TO_CLAIM = Message("The round is open. A conflict of interest with a juror is named before that.")


@dataclass(frozen=True, slots=True)
class Card:
    """Where somebody works and lives, as he says himself."""

    employer: str = ""
    municipality: UUID | None = None
    region: str = ""


def version_of(card: Card, wishes: Mapping[UUID, int]) -> str:
    """A print of what the form would write over: the card, and the wishes that are more than all the same."""
    said = sorted(f"{team}{value}" for team, value in wishes.items() if value)
    return fingerprint([card.employer, str(card.municipality), card.region, *said])


OUT_OF_PLANS = """
DELETE FROM allocated_pair a USING seat e, round_project p
WHERE a.seat = e.id AND a.project = p.id AND e.person = $1 AND p.team = $2
"""


async def declare(
    viewer: Viewer, round_id: UUID, reasons: Mapping[UUID, str], *, card: Card | None = None,
    wishes: Mapping[UUID, int] | None = None, version: str | None = None,
) -> None:  # fmt: skip
    """Declare one's conflicts with the teams of a round, each with its reason; none at all is a declaration too.

    `card` is where one works and lives, from which more may follow; `wishes` how gladly one would score which team.

    `version` is that of card and wishes which a form showed: Clash when they have changed since and it says otherwise.

    What was declared before stands: only an organiser lifts it. A juror's sheets for these teams no longer count.
    """
    async with DB.transaction():
        await share(round_id)
        scoring = await round_for(viewer, round_id)
        scoring.known_as.need(DECLARE)
        if scoring.state not in {RoundState.DRAFT, RoundState.OPEN}:
            refuse(BEFORE_LOCK_ONLY)
        if card is not None and version is not None:
            await _refuse_clash(viewer, round_id, (card, wishes), version)
        await _declare(viewer, scoring, reasons)
        if card is not None:
            await _say(viewer, card)
            await look_again(viewer.id, at=viewer.now, by=viewer.id)
        if wishes and scoring.seat and scoring.state is RoundState.DRAFT:
            await _wish(scoring, scoring.seat, wishes)
        await record(
            "conflict.declared", by=viewer.id, at=viewer.now, audience=Audience.JURY, cohort=scoring.cohort,
            subject=round_id, teams=len(reasons),
        )  # fmt: skip


async def _refuse_clash(
    viewer: Viewer, round_id: UUID, said: tuple[Card, Mapping[UUID, int] | None], version: str
) -> None:
    await fetch_one("SELECT id FROM person WHERE id = $1 FOR UPDATE", viewer.id)  # two windows one after the other
    card, wishes = await kept(viewer.id, round_id)
    stored = version_of(card, wishes)
    if version != stored and version_of(said[0], wishes if said[1] is None else said[1]) != stored:
        raise Clash(CHANGED, card=card, wishes=wishes)


CARD = """
SELECT h.employer, c.municipality, coalesce(c.region, '') AS region
FROM person h LEFT JOIN juror_card c ON c.person = h.id WHERE h.id = $1
"""
WISHES = """
SELECT p.team, w.value FROM juror_wish w JOIN seat e ON e.id = w.seat JOIN round_project p ON p.id = w.project
WHERE e.round = $1 AND e.person = $2
"""


async def kept(person: UUID, round_id: UUID) -> tuple[Card, dict[UUID, int]]:
    """The card of somebody and his wishes in a round as they are now; two statements."""
    row = await fetch_one(CARD, person)
    wishes = {each["team"]: each["value"] for each in await fetch(WISHES, round_id, person)}
    return (Card(**row) if row else Card()), wishes


async def _declare(viewer: Viewer, scoring: Round, reasons: Mapping[UUID, str]) -> None:
    known = await fetch("SELECT team FROM round_project WHERE round = $1 AND team = ANY($2)", scoring.id, list(reasons))
    if len(known) < len(reasons):
        raise NotFound
    for team, reason in reasons.items():
        await declare_conflict(viewer.id, cohort=scoring.cohort, team=team, reason=reason, by=viewer.id, at=viewer.now)
        await recuse_sheets(viewer.id, team, reason)
        await execute(OUT_OF_PLANS, viewer.id, team)
    await execute(
        "UPDATE seat SET declared_at = coalesce(declared_at, $3) WHERE round = $1 AND person = $2",
        scoring.id, viewer.id, viewer.now,
    )  # fmt: skip


async def _say(viewer: Viewer, card: Card) -> None:
    await execute("UPDATE person SET employer = $2 WHERE id = $1", viewer.id, card.employer)
    await execute(
        "INSERT INTO juror_card (id, person, municipality, region, said_at)"
        " VALUES ($1, $2, (SELECT id FROM municipality WHERE id = $3), $4, $5)"
        " ON CONFLICT (person) DO UPDATE SET municipality = excluded.municipality, region = excluded.region,"
        " said_at = excluded.said_at",
        new_id(), viewer.id, card.municipality, card.region, viewer.now,
    )  # fmt: skip


async def _wish(scoring: Round, seat: UUID, wishes: Mapping[UUID, int]) -> None:
    """How gladly he would score what; whatever is all the same to him leaves no row."""
    await execute("DELETE FROM juror_wish WHERE seat = $1", seat)
    said = {team: value for team, value in wishes.items() if value}
    await execute(
        "INSERT INTO juror_wish (id, seat, project, value) SELECT w.id, $1, p.id, w.value"
        " FROM unnest($2::uuid[], $3::uuid[], $4::int[]) AS w (id, team, value)"
        " JOIN round_project p ON p.team = w.team AND p.round = $5",
        seat, [new_id() for _ in said], list(said), list(said.values()), scoring.id,
    )  # fmt: skip


async def recuse_sheets(person: UUID, team: UUID, reason: str) -> None:
    """A step: a person's sheets for a team, in rounds not locked yet, are not his to fill in any more."""
    await execute(
        """
        UPDATE score_sheet s SET state = 'recused', reason = $3, version = s.version + 1
        FROM seat e, round_project p, scoring_round r
        WHERE s.seat = e.id AND e.person = $1 AND s.project = p.id AND p.team = $2 AND r.id = s.round
          AND r.state IN ('draft', 'open') AND s.state NOT IN ('recused', 'void')
        """,
        person, team, reason,
    )  # fmt: skip


BOTH_IN = """
SELECT DISTINCT s.round FROM score_sheet s JOIN seat e ON e.id = s.seat JOIN round_project p ON p.id = s.project
WHERE p.team = $1 AND e.person = $2 ORDER BY s.round
"""


async def claim(viewer: Viewer, team_id: UUID, juror: UUID, reason: str) -> None:
    """Name a conflict of interest between a juror and one's own team, before the round opens.

    It counts at once, in another round that is open too, so that its board counts no sheet which the lock would leave
    out; an organiser who finds that there is none lifts it. A team that has left is judged by nobody.
    """
    async with DB.transaction():
        team = await team_for(viewer, team_id)
        team.standing.need(CHALLENGE_JUROR)
        if obstacle := team_frozen(team.withdrawn_at):
            raise Refused(obstacle)
        if not await _is_drafted(team_id, juror):
            raise Refused(TOO_LATE_TO_CLAIM)
        await declare_conflict(
            juror, cohort=team.cohort, team=team_id, reason=reason, by=viewer.id, at=viewer.now, source="claimed"
        )
        await execute(OUT_OF_PLANS, juror, team_id)
        for each in await fetch(BOTH_IN, team_id, juror):
            await share(each["round"])  # it may be locked at this moment
        await recuse_sheets(juror, team_id, reason)
        await record(
            "conflict.claimed", by=viewer.id, at=viewer.now, audience=Audience.JURY, cohort=team.cohort, team=team_id,
            subject=juror,
        )  # fmt: skip


async def _is_drafted(team: UUID, juror: UUID) -> bool:
    """Whether somebody is on the jury of a round of the team that is not open yet; holds its row until the end."""
    rows = await fetch(
        "SELECT 1 FROM scoring_round r JOIN seat e ON e.round = r.id JOIN round_project p ON p.round = r.id"
        " WHERE p.team = $1 AND e.person = $2 AND e.removed_at IS NULL AND r.state = 'draft' FOR SHARE OF r",
        team, juror,
    )  # fmt: skip
    return bool(rows)


CONFLICT = (
    "SELECT i.person, i.team, i.cohort, i.lifted_at, c.programme FROM conflict_of_interest i"
    " JOIN cohort c ON c.id = i.cohort WHERE i.id = $1"
)


GIVE_BACK = """
UPDATE score_sheet s SET state = CASE WHEN s.marks = '{}' THEN 'empty' ELSE 'draft' END, reason = '',
  version = s.version + 1
FROM seat e, round_project p, scoring_round r
WHERE r.id = $1 AND r.state = 'open' AND s.round = r.id AND s.seat = e.id AND e.person = $2 AND e.removed_at IS NULL
  AND s.project = p.id AND p.team = $3 AND s.state = 'recused'
"""


async def lift(viewer: Viewer, conflict_id: UUID, reason: str) -> None:
    """Find that there is no conflict; it stays on record, and the juror gets his sheet back while the round is open."""
    async with DB.transaction():
        row = await fetch_one(CONFLICT, conflict_id)
        if row is None:
            raise NotFound
        standing = viewer.standing(programme=row["programme"], cohort=row["cohort"])
        in_the_jury(standing, seated=True).need(LIFT)
        if not await lift_conflict(conflict_id, reason=reason, by=viewer.id, at=viewer.now):
            raise Refused(Message("This conflict of interest was lifted before."))
        await _give_sheets_back(row["cohort"], row["person"], row["team"])
        await record(
            "conflict.lifted", by=viewer.id, at=viewer.now, audience=Audience.JURY, cohort=row["cohort"],
            team=row["team"], subject=row["person"], reason=reason,
        )  # fmt: skip


async def _give_sheets_back(cohort: UUID, person: UUID, team: UUID) -> None:
    for scoring in await fetch("SELECT id FROM scoring_round WHERE cohort = $1 AND state = 'open'", cohort):
        await share(scoring["id"])
        await execute(GIVE_BACK, scoring["id"], person, team)
        await deal_sheets(scoring["id"])
