"""Certificates of a published round: issued together, found again by a code that nobody guesses, withdrawn with a reason."""

import io
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, new_id
from incubator.foundation.i18n import Message, day, locale
from incubator.foundation.owner import owner
from incubator.foundation.refusals import NotFound, Refused
from incubator.jury.minutes.rules import CERTIFICATES, TITLES, CertificateKind, Issue, earned
from incubator.jury.result import standings
from incubator.jury.result.snapshot import Result
from incubator.jury.rounds import Round, alone, tell
from incubator.jury.rules import RoundState
from incubator.people.rights import Viewer
from incubator.settings import settings

PUBLISHED_FIRST = Message("Certificates are issued once the result is published.")
MOST = 2000  # of a round


# --- Seeing -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate: `name` is that of the person or, where there is none, of the team."""

    id: UUID
    code: str
    kind: CertificateKind
    name: str
    team: str
    place: int | None
    merit: str
    programme: str
    cohort: str
    time_zone: str
    issued_at: datetime
    withdrawn_at: datetime | None
    withdrawal_reason: str

    @property
    def earned(self) -> str:
        """What it is given for: a place in the reader's language, else as the jury has put it."""
        return earned(self.place, self.merit)

    @property
    def words(self) -> str:
        """What it is and what it is given for, on one line."""
        return f"{TITLES[self.kind]}: {self.earned}" if self.earned else str(TITLES[self.kind])

    @property
    def valid(self) -> bool:
        """Whether it still stands."""
        return self.withdrawn_at is None


KINDS = ", ".join(f"'{each}'" for each in CertificateKind)
BY_WEIGHT = f"array_position(ARRAY[{KINDS}], c.kind::text), c.place, c.issued_at"
FOUND = """
SELECT c.id, c.code, c.kind, coalesce(h.name, t.name) AS name, t.name AS team, c.place, c.merit, g.name AS programme,
  k.name AS cohort, k.time_zone, c.issued_at, c.withdrawn_at, c.withdrawal_reason
FROM certificate c JOIN team t ON t.id = c.team JOIN scoring_round r ON r.id = c.round JOIN cohort k ON k.id = r.cohort
JOIN programme g ON g.id = k.programme LEFT JOIN person h ON h.id = c.member
"""


async def issued(round_id: UUID) -> Sequence[Issued]:
    """All certificates of a round: by place, then what the jury gave besides, then members by team and name."""
    rows = await fetch(
        f"{FOUND} WHERE c.round = $1 ORDER BY {BY_WEIGHT}, t.name, name, c.id LIMIT {MOST}",
        round_id,
    )
    return [_issued(row) for row in rows]


async def of_team(team: UUID, person: UUID) -> Sequence[Issued]:
    """The valid ones that a team was given, and of its members' that of the one who asks; the last round first."""
    rows = await fetch(
        f"{FOUND} WHERE c.team = $1 AND (c.member IS NULL OR c.member = $2) AND c.withdrawn_at IS NULL"
        f" ORDER BY r.published_at DESC, r.id, {BY_WEIGHT}, c.id LIMIT {MOST}",
        team, person,
    )  # fmt: skip
    return [_issued(row) for row in rows]


async def by_code(code: str) -> Issued:
    """The certificate with this code, for anybody who has it. Raises NotFound."""
    row = await fetch_one(f"{FOUND} WHERE c.code = $1", code)
    if row is None:
        raise NotFound
    return _issued(row)


def _issued(row: Mapping[str, Any]) -> Issued:
    return Issued(**{**row, "kind": CertificateKind(row["kind"])})


# --- Doing ------------------------------------------------------------------------------------------------------------

MEMBERS = """
SELECT p.team, m.person FROM round_project p JOIN team t ON t.id = p.team JOIN team_member m ON m.team = p.team
WHERE p.round = $1 AND m.left_at IS NULL AND t.withdrawn_at IS NULL ORDER BY p.place, m.joined_at, m.id
"""
ISSUE = """
INSERT INTO certificate (id, code, round, team, member, kind, place, merit, issued_at, issued_by, withdrawal_reason)
SELECT w.id, w.code, $1, w.team, w.member, w.kind, w.place, w.merit, $2, $3, ''
FROM unnest($4::uuid[], $5::text[], $6::uuid[], $7::uuid[], $8::text[], $9::int[], $10::text[])
  AS w (id, code, team, member, kind, place, merit)
WHERE NOT EXISTS (
  SELECT FROM certificate c WHERE c.round = $1 AND c.team = w.team AND c.member IS NOT DISTINCT FROM w.member
    AND c.kind = w.kind AND c.place IS NOT DISTINCT FROM w.place AND c.merit = w.merit AND c.withdrawn_at IS NULL)
"""
Wanted = tuple[UUID, UUID | None, CertificateKind, int | None, str]
"""Team, member or None, kind, place or None, merit."""


async def issue(viewer: Viewer, round_id: UUID, wanted: Issue) -> int:
    """Issue what is wanted and not there yet; how many. Raises Refused before the publication."""
    async with DB.transaction():
        scoring = await _published(viewer, round_id)
        found = [
            *_winners(await standings.result_for(scoring), wanted),
            *(await _members(scoring) if wanted.members else []),
        ]
        columns = map(list, zip(*found, strict=True)) if found else ([] for _ in range(5))
        made = await execute(
            ISSUE, round_id, viewer.now, viewer.id, [new_id() for _ in found], [secrets.token_urlsafe(18) for _ in found],
            *columns,
        )  # fmt: skip
        await tell("certificates.issued", viewer, scoring, number=made)
        return made


def _winners(result: Result, wanted: Issue) -> Iterable[Wanted]:
    for row in result.placed:
        if row.place is not None and row.place <= wanted.places:
            yield row.team, None, CertificateKind.PLACE, row.place, ""
    teams = {str(row.project): row.team for row in result.rows}
    for each in result.decisions if wanted.awards else ():
        if each.project in teams:
            yield teams[each.project or ""], None, CertificateKind(each.kind), None, each.title


async def _members(scoring: Round) -> list[Wanted]:
    rows = await fetch(MEMBERS, scoring.id)
    return [(row["team"], row["person"], CertificateKind.PARTICIPANT, None, "") for row in rows]


async def withdraw(viewer: Viewer, round_id: UUID, certificate: UUID, reason: str) -> None:
    """Take a certificate back; whoever checks it reads that it doesn't count any more."""
    async with DB.transaction():
        scoring = await _published(viewer, round_id)
        done = await execute(
            "UPDATE certificate SET withdrawn_at = $3, withdrawn_by = $4, withdrawal_reason = $5"
            " WHERE id = $1 AND round = $2 AND withdrawn_at IS NULL",
            certificate, round_id, viewer.now, viewer.id, reason,
        )  # fmt: skip
        if not done:
            raise NotFound
        await tell("certificate.withdrawn", viewer, scoring, reason=reason)


async def _published(viewer: Viewer, round_id: UUID) -> Round:
    scoring = await alone(viewer, round_id, CERTIFICATES)
    if scoring.state is not RoundState.PUBLISHED:
        raise Refused(PUBLISHED_FIRST)
    return scoring


# --- On paper ---------------------------------------------------------------------------------------------------------


def sheets(found: Iterable[Issued]) -> dict[str, Any]:
    """What the template of certificates asks for: one page each, all texts in the nominative."""
    return {
        "lang": locale(), "title": str(Message("Certificates")),
        "pages": [_sheet(each) for each in found],
    }  # fmt: skip


def _sheet(each: Issued) -> dict[str, str]:
    took_part = each.kind is CertificateKind.PARTICIPANT
    address = f"{settings().public_url}/certificates/{each.code}"
    return {
        "title": str(TITLES[each.kind]), "name": each.name,
        "merit": str(Message("participant of the programme")) if took_part else each.earned,
        "team": str(Message("Team: {team}", team=each.team)) if took_part else "",
        "programme": each.programme, "cohort": each.cohort, "date": day(each.issued_at, each.time_zone),
        "owner": owner().name, "address": address, "qr": _qr(address),
        "check": str(Message("Check: {address}", address=address)),
        "alt": str(Message("QR code with the address of the check page")),
    }  # fmt: skip


def _qr(address: str) -> str:
    import segno  # late: only certificates need it

    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", border=2, xmldecl=False)
    return drawn.getvalue().decode()
