"""What organisers do with a round: draw it up, seat its jury, open and lock it, record votes.

Whoever changes a round has its lock alone and reads it afterwards, so that two who press at once do one thing.
"""

import random
import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, NotFound, Refused
from incubator.journal.actions import Audience, note_look, record
from incubator.jury.conflicts.kinship import derive
from incubator.jury.ledger import book
from incubator.jury.office.preparing import cohort_jury
from incubator.jury.office.round_rubric import NAMED_BY_TIES, rubric_for_round
from incubator.jury.office.seating import TAKEN, office_held
from incubator.jury.pitch import transcribing
from incubator.jury.result.deliberating import forget_votes
from incubator.jury.result.standings import count_up, turnout
from incubator.jury.rounds import Round, alone, deal_sheets, recuse_conflicted, tell, to_jurors
from incubator.jury.rubric import plan_document, rubric_document, unknown_ties
from incubator.jury.rules import (
    BEFORE_LOCK_ONLY,
    CONDUCT,
    JUDGE_OR_RUN,
    STALE,
    RoundState,
    Turnout,
    demand_move,
    missing_sheets,
    refuse,
    why_not_lock,
)
from incubator.jury.sheets.actions import Sheet
from incubator.jury.terms import OFFICES, VOTING
from incubator.people.actions import take_role
from incubator.people.rights import Viewer
from incubator.programmes.queries import lock_cohort

NOT_A_JUROR = Message("Only jurors of this cohort can be seated. Invite the person as a juror first.")


# --- Before the opening -----------------------------------------------------------------------------------------------


async def create_round(
    viewer: Viewer, cohort_id: UUID, name: str, teams: Sequence[UUID], *, follows: UUID | None = None
) -> UUID:
    """Draw up a round of these teams, in this running order. The new id.

    `follows` is the published round of the cohort whose best go on here.
    """
    (await cohort_jury(viewer, cohort_id)).standing.need(CONDUCT)
    round_id = new_id()
    async with DB.transaction():
        await execute(
            "INSERT INTO scoring_round (id, cohort, name, state, criteria, plan, created_at, lock_note, follows)"
            " VALUES ($1, $2, $3, 'draft', '[]', '{}', $4, '',"
            " (SELECT id FROM scoring_round WHERE id = $5 AND cohort = $2 AND state = 'published'))",
            round_id, cohort_id, name, viewer.now, follows,
        )  # fmt: skip
        await _place_projects(round_id, cohort_id, teams)
        await record(
            "round.created", by=viewer.id, at=viewer.now, audience=Audience.JURY, cohort=cohort_id, subject=round_id,
            round_name=name, projects=len(teams),
        )  # fmt: skip
    return round_id


async def arrange_round(viewer: Viewer, round_id: UUID, name: str, teams: Sequence[UUID]) -> None:
    """Change the name, the projects and their running order while the round is a draft."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        if scoring.state is not RoundState.DRAFT:
            raise Refused(STALE)
        await execute("UPDATE scoring_round SET name = $2 WHERE id = $1", round_id, name)
        for statement in LEAVE_OUT:
            await execute(statement, round_id, list(teams))
        await _place_projects(round_id, scoring.cohort, teams)
        await derive(scoring.cohort, at=viewer.now, by=viewer.id)
        await tell("round.arranged", viewer, scoring, projects=len(teams))


LEAVE_OUT = (
    "DELETE FROM allocated_pair a USING round_project p WHERE a.project = p.id AND p.round = $1 AND p.team <> ALL($2)",
    "DELETE FROM juror_wish w USING round_project p WHERE w.project = p.id AND p.round = $1 AND p.team <> ALL($2)",
    "DELETE FROM round_project WHERE round = $1 AND team <> ALL($2)",
)
PLACE_PROJECTS = """
INSERT INTO round_project (id, round, team, place, title)
SELECT chosen.id, $1, t.id, chosen.place, coalesce(nullif(k.title, ''), t.name)
FROM unnest($3::uuid[], $4::uuid[]) WITH ORDINALITY AS chosen (id, team, place)
JOIN team t ON t.id = chosen.team AND t.cohort = $2 AND t.withdrawn_at IS NULL
LEFT JOIN problem_case k ON k.team = t.id AND k.deleted_at IS NULL
ON CONFLICT (round, team) DO UPDATE SET place = excluded.place, title = excluded.title
"""


async def _place_projects(round_id: UUID, cohort_id: UUID, teams: Sequence[UUID]) -> None:
    ids = [new_id() for _ in teams]
    if await execute(PLACE_PROJECTS, round_id, cohort_id, ids, list(teams)) != len(teams):
        raise NotFound


async def seat_jurors(viewer: Viewer, round_id: UUID, people: Collection[UUID], kind: str = "member") -> None:
    """Give jurors of the cohort a seat (`kind`: a key of `VOTING`), also while the round is open.

    Whoever scores gets his sheets at once then; a substitute, and chair or secretary without sheets, get none.
    """
    duty, votes = VOTING[kind]
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        if scoring.state not in {RoundState.DRAFT, RoundState.OPEN}:
            refuse(BEFORE_LOCK_ONLY)
        if viewer.id in people:
            refuse(JUDGE_OR_RUN)
        await _refuse_others_than_jurors(scoring, people)
        if duty in OFFICES and (len(people) > 1 or await office_held(round_id, duty)):
            raise Refused(TAKEN)
        for person in people:
            await execute(
                "INSERT INTO seat (id, round, person, seated_at, removal_reason, duty, votes)"
                " VALUES ($1, $2, $3, $4, '', $5, $6) ON CONFLICT (round, person) DO NOTHING",
                new_id(), round_id, person, viewer.now, duty, votes,
            )  # fmt: skip
        await derive(scoring.cohort, at=viewer.now, by=viewer.id)
        if scoring.state is RoundState.OPEN:
            await deal_sheets(round_id)
        await tell("jurors.seated", viewer, scoring, people=[str(person) for person in people], duty=duty.value)


JURORS_OF = """
SELECT g.person, EXISTS (
    SELECT FROM role_grant o WHERE o.person = g.person AND o.role = 'organiser' AND o.scope_id = c.programme
      AND o.revoked_at IS NULL) AS organises
FROM role_grant g JOIN cohort c ON c.id = g.scope_id
WHERE g.role = 'juror' AND g.scope = 'cohort' AND g.scope_id = $1 AND g.revoked_at IS NULL AND g.person = ANY($2)
"""


async def _refuse_others_than_jurors(scoring: Round, people: Collection[UUID]) -> None:
    found = await fetch(JURORS_OF, scoring.cohort, list(people))
    if any(row["organises"] for row in found):
        refuse(JUDGE_OR_RUN)
    if len(found) < len(set(people)):
        raise Refused(NOT_A_JUROR)


async def remove_juror(viewer: Viewer, round_id: UUID, seat_id: UUID, reason: str) -> None:
    """Take a juror off the jury before the lock: his sheets are void, and he keeps the right to read them."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        if scoring.state not in {RoundState.DRAFT, RoundState.OPEN}:
            refuse(BEFORE_LOCK_ONLY)
        person = await fetch_value("SELECT person FROM seat WHERE id = $1 AND round = $2", seat_id, round_id)
        if person is None:
            raise NotFound
        await vacate(seat_id, viewer, reason)
        await _end_role(viewer, scoring.cohort, person)
        await tell("juror.removed", viewer, scoring, person=str(person), reason=reason)


async def vacate(seat_id: UUID, viewer: Viewer, reason: str) -> None:
    """A step: the seat is empty from now on and its sheets never count."""
    left = await execute(
        "UPDATE seat SET removed_at = $2, removal_reason = $3 WHERE id = $1 AND removed_at IS NULL",
        seat_id, viewer.now, reason,
    )  # fmt: skip
    if not left:
        raise Refused(Message("This juror has been removed already."))
    await execute("DELETE FROM allocated_pair WHERE seat = $1", seat_id)
    await execute(
        "UPDATE score_sheet SET state = 'void', reason = $2, version = version + 1"
        " WHERE seat = $1 AND state NOT IN ('recused', 'void')",
        seat_id, reason,
    )  # fmt: skip


GRANT_WITHOUT_SEAT = """
SELECT g.id FROM role_grant g WHERE g.person = $1 AND g.role = 'juror' AND g.scope_id = $2 AND g.revoked_at IS NULL
  AND NOT EXISTS (SELECT FROM seat e JOIN scoring_round r ON r.id = e.round
                  WHERE e.person = $1 AND r.cohort = $2 AND e.removed_at IS NULL AND r.state <> 'published')
"""


async def _end_role(viewer: Viewer, cohort_id: UUID, person: UUID) -> None:
    """Who has no seat left is no juror of the cohort any more."""
    if grant := await fetch_value(GRANT_WITHOUT_SEAT, person, cohort_id):
        await take_role(grant, viewer.id, viewer.now)


# --- Opening and locking ----------------------------------------------------------------------------------------------


async def open_round(viewer: Viewer, round_id: UUID) -> None:
    """Freeze criteria and rules and deal the sheets: by the allocation, else to everybody for everything, conflicts apart.

    Where names are hidden the running order is drawn first, so that no number tells who was registered when.
    """
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        demand_move(scoring.state, RoundState.OPEN)
        if scoring.state is not RoundState.DRAFT:
            raise Refused(STALE)
        await lock_cohort(scoring.cohort)
        rubric, plan = await rubric_for_round(scoring)
        await derive(scoring.cohort, at=viewer.now, by=viewer.id)
        await _demand_complete(round_id, bool(rubric.criteria))
        await _demand_allocated(round_id)
        if unknown_ties(plan.ties, rubric.keys):
            raise Refused(NAMED_BY_TIES)
        await execute(
            "UPDATE scoring_round SET state = 'open', opened_at = $2, criteria = $3::jsonb, plan = $4::jsonb"
            " WHERE id = $1 AND state = 'draft'",
            round_id, viewer.now, rubric_document(rubric), plan_document(plan),
        )  # fmt: skip
        seed = await _draw_order(scoring) if scoring.terms.blind else None
        await book.note_opening(viewer, round_id, rubric, plan)
        sheets = await deal_sheets(round_id)
        await tell(
            "round.opened", viewer, scoring, Audience.EVERYONE, sheets=sheets, order_seed=seed,
            aside=await to_jurors(scoring),
        )  # fmt: skip


async def _draw_order(scoring: Round) -> int:
    """A step: the running order at random; the seed from which anybody can draw it again from the ids in their order."""
    rows = await fetch("SELECT id FROM round_project WHERE round = $1 ORDER BY id", scoring.id)
    order, seed = [row["id"] for row in rows], secrets.randbits(31)
    random.Random(seed).shuffle(order)  # noqa: S311 – to be drawn again by anybody
    await execute(
        "UPDATE round_project p SET place = n.place FROM unnest($2::uuid[]) WITH ORDINALITY AS n (id, place)"
        " WHERE p.id = n.id AND p.round = $1",
        scoring.id, order,
    )  # fmt: skip
    return seed


async def _demand_complete(round_id: UUID, criteria: bool) -> None:
    row = await fetch_one(
        "SELECT (SELECT count(*) FROM round_project WHERE round = $1) AS projects,"
        " (SELECT count(*) FROM seat WHERE round = $1 AND removed_at IS NULL AND votes) AS seats",
        round_id,
    )
    if not criteria or row is None or not row["projects"] or not row["seats"]:
        raise Refused(Message("A round needs criteria, projects and at least one juror before it opens."))


async def _demand_allocated(round_id: UUID) -> None:
    """Whoever asked for an allocation doesn't open the round before there is one: nobody would have a sheet."""
    row = await fetch_one(
        "SELECT state, EXISTS (SELECT FROM allocated_pair WHERE round = $1) AS pairs FROM allocation WHERE round = $1",
        round_id,
    )
    if row is not None and (row["state"] == "waiting" or not row["pairs"]):
        raise Refused(
            Message("There is no allocation yet. Wait for it, loosen its limits, or let everybody score everything.")
        )


async def lock_round(
    viewer: Viewer, round_id: UUID, *, confirmed_missing: int, note: str = "", papers: str | None = None
) -> None:
    """End the scoring. Nothing is recorded after it.

    `confirmed_missing` is the number of missing sheets that the organiser saw and agreed to: when it has changed
    meanwhile he is asked again. So he is, by Clash, when his page showed other sheets of paper that would be lost
    (`papers`, by `transcribing.print_of`; None where nobody looked at a page).
    """
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        demand_move(scoring.state, RoundState.LOCKED)
        await derive(scoring.cohort, at=viewer.now, by=viewer.id)
        await recuse_conflicted(round_id)
        found = await turnout(round_id)
        if reason := why_not_lock(scoring.plan, found):
            raise Refused(reason)
        _demand_agreed(found, confirmed_missing)
        if papers is not None:
            await _demand_seen(scoring, papers)
        await execute(
            "UPDATE scoring_round SET state = 'locked', locked_at = $2, locked_by = $3, lock_note = $4"
            " WHERE id = $1 AND state = 'open'",
            round_id, viewer.now, viewer.id, note,
        )  # fmt: skip
        root = await book.note_heads(round_id, "lock", viewer.now, by=str(viewer.id))
        await tell(
            "round.locked", viewer, scoring, missing=missing_sheets(found), root=root,
            aside={"round": scoring.name, "path": f"/rounds/{round_id}/ledger", "root": root,
                   "receipts": await book.last_receipts(round_id), "addresses": scoring.root_to.split(),
                   "their_zone": scoring.time_zone},
        )  # fmt: skip
        await execute("SELECT pg_notify('journal', '- ' || id) FROM pitch_day WHERE round = $1", round_id)


def _demand_agreed(found: Sequence[Turnout], confirmed: int) -> None:
    missing = missing_sheets(found)
    if missing != confirmed:
        raise Refused(
            Message.count(
                "{n} sheet is missing now, another number than you agreed to. Look at the list again.",
                "{n} sheets are missing now, another number than you agreed to. Look at the list again.",
                missing,
            )
        )


MOST_NAMED = 12


async def _demand_seen(scoring: Round, papers: str) -> None:
    lost = await transcribing.unrecorded(scoring)
    if not lost or transcribing.print_of(lost) == papers:
        return
    named = "; ".join(f"{each.juror_name}, {each.heading}" for each in lost[:MOST_NAMED])
    raise Clash(
        Message.count(
            "{n} sheet of paper is typed but not recorded, and the lock leaves it out: {named}. Record it first, or lock once more.",
            "{n} sheets of paper are typed but not recorded, and the lock leaves them out: {named}. Record them first, or lock once more.",
            len(lost), named=f"{named} …" if len(lost) > MOST_NAMED else named,
        )
    )  # fmt: skip


# --- The result -------------------------------------------------------------------------------------------------------


REOPENED = "SELECT EXISTS (SELECT FROM score_sheet WHERE round = $1 AND reopened_at IS NOT NULL)"


async def vote_tie(viewer: Viewer, round_id: UUID, ranks: Mapping[UUID, int], reason: str) -> None:
    """Record how those present ranked tied projects (1 is the best), with the text that goes into the minutes."""
    async with DB.transaction():
        scoring = await alone(viewer, round_id)
        if scoring.state is not RoundState.LOCKED:
            raise Refused(STALE)
        if await fetch_value(REOPENED, round_id):
            raise Refused(
                Message("A sheet is open to its juror again. Record the vote when it is handed in or closed.")
            )
        result = await count_up(scoring)
        waiting = [{row.project for row in group} for group in result.awaiting_vote]
        if set(ranks) not in waiting:
            raise Refused(Message("These projects do not wait for a vote. Reload the page to see which do."))
        await forget_votes(round_id, ranks)  # of earlier ties, in which they stood between other totals
        await execute(
            "INSERT INTO tie_vote (id, round, project, rank, reason, decided_at, decided_by)"
            " SELECT id, $2, project, rank, $4, $5, $6 FROM unnest($1::uuid[], $3::uuid[], $7::int[])"
            " AS voted (id, project, rank)",
            [new_id() for _ in ranks], round_id, list(ranks), reason, viewer.now, viewer.id, list(ranks.values()),
        )  # fmt: skip
        await tell("tie.voted", viewer, scoring, projects=[str(project) for project in ranks], reason=reason)


async def note_reading(viewer: Viewer, scoring: Round, verb: str, subject: UUID) -> None:
    """Write down every reading of the jury's sheets; the page has judged whether one may."""
    async with DB.transaction():
        await record(
            verb,
            by=viewer.id,
            at=viewer.now,
            audience=Audience.JURY,
            cohort=scoring.cohort,
            subject=subject,
            live=False,
        )


async def note_result_reading(viewer: Viewer, scoring: Round) -> None:
    """A step of showing a result that is not published: who looked at it, once in an hour."""
    await note_look(
        "ranking.read", by=viewer.id, at=viewer.now, audience=Audience.JURY, cohort=scoring.cohort, subject=scoring.id
    )


async def note_contacts_reading(viewer: Viewer, cohort: UUID) -> None:
    """A step of showing the jurors' addresses: who looked at them, once in an hour."""
    await note_look("jurors.viewed", by=viewer.id, at=viewer.now, audience=Audience.JURY, cohort=cohort)


async def note_materials_reading(viewer: Viewer, sheet: Sheet, file: UUID | None = None) -> None:
    """A step of showing a juror the work of a team, or one `file` of it: that he read it, once in an hour."""
    where: dict[str, Any] = {"audience": Audience.JURY, "cohort": sheet.cohort, "team": sheet.team}
    if file:
        await note_look("file.read_by_jury", by=viewer.id, at=viewer.now, subject=file, **where)
    else:
        await note_look("materials.read", by=viewer.id, at=viewer.now, subject=sheet.project, **where)
