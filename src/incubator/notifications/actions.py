"""Writing letters with the action they tell of, sending them by a job, and sending one again."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, new_id
from incubator.foundation.i18n import DEFAULT_LOCALE, Message
from incubator.foundation.jobs import GivesUp, Waits, enqueue, enqueue_all, handles
from incubator.foundation.refusals import Refused
from incubator.journal.actions import Audience, Entry, reads, record
from incubator.notifications import post, queries
from incubator.notifications.rules import SEE_LETTERS, TOLD_LATE, Kind, State
from incubator.people import places
from incubator.people.queries import clock, names
from incubator.people.rights import Viewer
from incubator.people.rules import RESET_LASTS, Offer
from incubator.settings import settings

# Writing

INSERT = """
INSERT INTO letter (id, kind, address, person, cohort, team, about, locale, time_zone, context, secret, created_at, sent_at,
  fault, not_before)
SELECT id, $2, address, person, $3, $4, about, locale, time_zone, context::jsonb, secret, $5, $6,
  CASE WHEN $14::timestamptz IS NULL THEN '' ELSE 'held' END, $14
FROM unnest($1::uuid[], $7::text[], $8::uuid[], $9::uuid[], $10::text[], $11::text[], $12::text[], $13::text[])
  AS new (id, address, person, about, locale, time_zone, context, secret)
"""


async def _write(
    entry: Entry, kind: Kind, readers: Sequence[Mapping[str, Any]], facts: Mapping[str, Any], *, programme: str = ""
) -> None:
    """One letter to each reader (address, id, about, locale, time_zone, more, secret), and the work of sending them.

    Letters of an action that is told long after it happened (the demo's story) count as sent then. Those of an action
    that can be taken back wait until `not_before`, and are `about` what `call_back` will name.
    """
    told_late = entry.at < await clock() - TOLD_LATE
    held_until = None if told_late else entry.aside.get("not_before")
    ids = [new_id() for _ in readers]
    contexts = [json.dumps({"programme": programme, **facts, **r.get("more", {})}, default=_iso) for r in readers]
    await execute(
        INSERT, ids, kind, entry.cohort, entry.team, entry.at, entry.at if told_late else None,
        [r["email"] for r in readers], [r.get("id") for r in readers], [r.get("about") or entry.aside.get("about") for r in readers],
        [r["locale"] for r in readers], [r["time_zone"] for r in readers], contexts,
        ["" if told_late or "secret" not in r else json.dumps(r["secret"]) for r in readers], held_until,
    )  # fmt: skip
    if not told_late:
        await enqueue_all("letter.send", [{"letter": letter} for letter in ids], not_before=held_until)


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


TEAM = """
SELECT DISTINCT p.id, p.email, p.locale, p.time_zone FROM role_grant g JOIN person p ON p.id = g.person
WHERE g.scope = 'team' AND g.scope_id = $1 AND g.role IN ('team_lead', 'participant') AND g.revoked_at IS NULL
  AND p.deactivated_at IS NULL AND p.id IS DISTINCT FROM $2
"""
COHORT = """
SELECT DISTINCT p.id, p.email, p.locale, p.time_zone FROM role_grant g JOIN person p ON p.id = g.person
WHERE g.cohort = $1 AND g.revoked_at IS NULL AND p.deactivated_at IS NULL AND p.id IS DISTINCT FROM $2
"""
ONE = "SELECT id, email, locale, time_zone, id AS about FROM person WHERE id = $1"

OF_THE_TEAM = {
    "submission.returned": Kind.RETURNED,
    "submission.accepted": Kind.ACCEPTED,
    "submission.failed": Kind.FAILED,
    "submission.extended": Kind.EXTENDED,
    "message.sent": Kind.MESSAGE,
    "question.asked": Kind.QUESTION,
    "team.advanced": Kind.ADVANCED,
    "team.withdrawn": Kind.WITHDRAWN,
}
TOLD = (
    "assignment",
    "module",
    "round",
    "path",
    "deadline",
    "zone",
    "text",
    "sender",
    "root",
    "project",
    "receipt",
    "sheets",
)  # what may pass from `aside` into a letter


@reads(*OF_THE_TEAM)
async def tell_team(entry: Entry) -> None:
    """Whoever works in the team hears what became of its work."""
    await _write(
        entry, OF_THE_TEAM[entry.verb], await fetch(TEAM, entry.team, entry.by), _told(entry),
        programme=await _programme(entry.cohort),
    )  # fmt: skip


@reads("round.published")
async def tell_cohort(entry: Entry) -> None:
    """Everybody who holds a role in the cohort hears that the result is out."""
    readers = await fetch(COHORT, entry.cohort, entry.by)
    await _write(entry, Kind.RESULT, readers, _told(entry), programme=await _programme(entry.cohort))


@reads("round.locked")
async def tell_jury(entry: Entry) -> None:
    """Each juror gets the root of the ledger and his own last receipt: what is known outside can't be changed inside."""
    for juror, receipt in entry.aside["receipts"].items():
        facts = {**_told(entry), "receipt": receipt}
        await _write(entry, Kind.LOCKED, await fetch(ONE, juror), facts, programme=await _programme(entry.cohort))


@reads("round.locked", "ledger.root_sent")
async def tell_outside(entry: Entry) -> None:
    """The addresses that an organiser has named get the root: places that nobody of this site holds."""
    readers = [
        {"email": each, "locale": DEFAULT_LOCALE, "time_zone": entry.aside["their_zone"], "about": entry.subject}
        for each in entry.aside.get("addresses", ())
    ]
    if readers:
        await _write(entry, Kind.ROOT, readers, _told(entry), programme=await _programme(entry.cohort))


OF_A_JUROR = {
    "sheet.reopened": Kind.REOPENED,
    "sheet.voided": Kind.VOIDED,
    "paper.entered": Kind.PAPER,
    "paper.waits": Kind.PAPER,
}


@reads(*OF_A_JUROR)
async def tell_juror(entry: Entry) -> None:
    """The juror hears that one of his sheets waits for him, or that his paper was recorded."""
    readers = await fetch(ONE, entry.aside["juror"])
    await _write(entry, OF_A_JUROR[entry.verb], readers, _told(entry), programme=await _programme(entry.cohort))


SEVERAL = "SELECT id, email, locale, time_zone, id AS about FROM person WHERE id = ANY($1) AND deactivated_at IS NULL"


OF_JURORS = {
    "round.opened": Kind.OPENED, "round.unlocked": Kind.UNLOCKED, "juror.replaced": Kind.CALLED_UP,
    "deliberation.opened": Kind.DELIBERATION,
}  # fmt: skip


@reads(*OF_JURORS)
async def tell_jurors(entry: Entry) -> None:
    """Jurors hear that their sheets wait for them, or that they deliberate; nothing of marks or the ranking."""
    readers = await fetch(SEVERAL, list(entry.aside["jurors"]))
    await _write(entry, OF_JURORS[entry.verb], readers, _told(entry), programme=await _programme(entry.cohort))


def _told(entry: Entry) -> dict[str, Any]:
    return {name: entry.aside[name] for name in TOLD if entry.aside.get(name) is not None}


async def _programme(cohort: UUID | None) -> str:
    place = await places.place(cohort)
    return place.programme_name if place else ""


INVITED = """
SELECT i.id AS about, i.email, i.role, i.scope_id, i.time_zone AS their_zone, i.expires_at, i.invited_by, p.id, p.locale,
  p.time_zone
FROM invitation i LEFT JOIN person p ON p.email = i.email WHERE i.id = ANY($1)
"""


@reads("person.invited", "people.invited")
async def tell_invited(entry: Entry) -> None:
    """Who is invited gets the link."""
    offers: list[Offer] = entry.aside.get("offers") or [entry.aside["offer"]]
    rows = await fetch(INVITED, [offer.invitation_id for offer in offers])
    known = await places.places(row["scope_id"] for row in rows)
    inviters = await names(row["invited_by"] for row in rows)
    secrets = {offer.invitation_id: {"token": offer.token, "code": offer.code} for offer in offers}
    for programme in {_programme_of(known, row) for row in rows}:
        readers = [
            {
                "id": row["id"], "email": row["email"], "about": row["about"],
                "locale": row["locale"] or DEFAULT_LOCALE, "time_zone": row["time_zone"] or row["their_zone"],
                "secret": secrets[row["about"]],
                "more": {"role": row["role"], "place": known[row["scope_id"]].name if row["scope_id"] in known else "",
                         "inviter": inviters.get(row["invited_by"], ""), "until": row["expires_at"]},
            }
            for row in rows if _programme_of(known, row) == programme
        ]  # fmt: skip
        await _write(entry, Kind.INVITATION, readers, {}, programme=programme)


def _programme_of(known: Mapping[UUID, places.Place], row: Mapping[str, Any]) -> str:
    return known[row["scope_id"]].programme_name if row["scope_id"] in known else ""


@reads("person.reset_asked")
async def tell_reset(entry: Entry) -> None:
    """The reset link goes to the person and to nobody else."""
    readers = [{**row, "secret": {"token": entry.aside["token"]}} for row in await fetch(ONE, entry.subject)]
    await _write(entry, Kind.RESET, readers, {"until": entry.at + RESET_LASTS})


@reads("person.password_changed")
async def tell_password(entry: Entry) -> None:
    """The owner hears of every change of the password."""
    await _write(entry, Kind.PASSWORD_CHANGED, await fetch(ONE, entry.subject), {"at": entry.at})


@reads("person.address_changed")
async def tell_address(entry: Entry) -> None:
    """Both addresses hear of the change."""
    facts = {"at": entry.at, "before": entry.aside["before"], "after": entry.aside["after"]}
    person = await fetch(ONE, entry.subject)
    readers = [{**row, "email": facts[which]} for row in person for which in ("before", "after")]
    await _write(entry, Kind.ADDRESS_CHANGED, readers, facts)


# Sending

LOOK_AGAIN = 3600  # seconds; a new start of the process looks at once


async def _given_up(payload: Mapping[str, Any], reason: str) -> None:
    """The job has ended without success: so has the letter, until somebody sends it again."""
    await execute(
        "UPDATE letter SET failed_at = now(), fault = $2 WHERE id = $1 AND sent_at IS NULL",
        UUID(payload["letter"]),
        reason,
    )


@handles("letter.send", farewell=_given_up)
async def send(payload: Mapping[str, Any]) -> None:
    """Job: hand one letter to the mail server. At most one duplicate, with the same Message-ID, after a crash."""
    letter = await queries.letter_to_send(UUID(payload["letter"]))
    if letter is None:
        return
    if letter.over:  # the job is done, for there is nothing left to be sent
        await _given_up(payload, "over")
        return
    if letter.held:  # a process that has just started looks at everything, due or not
        raise Waits("held", letter.held)
    try:
        if not settings().smtp_url:
            raise Waits("no-server", LOOK_AGAIN)
        await post.deliver(letter)
    except (Waits, GivesUp, post.Undelivered) as fault:
        await execute("UPDATE letter SET fault = $2 WHERE id = $1 AND sent_at IS NULL", letter.id, str(fault))
        raise
    await execute("UPDATE letter SET sent_at = now(), secret = '', fault = '' WHERE id = $1", letter.id)


# Calling back

GONE_OUT = Message("The letter about it has gone out, so this can't be taken back any more.")


async def call_back(about: UUID, at: datetime) -> None:
    """Stop the letters about something that is being taken back; Refused when one has gone out. A step."""
    rows = await fetch(
        "UPDATE letter SET called_back_at = CASE WHEN sent_at IS NULL THEN $2::timestamptz END WHERE about = $1"
        " RETURNING sent_at",
        about, at,
    )  # fmt: skip
    if any(row["sent_at"] for row in rows):
        raise Refused(GONE_OUT)


# Sending again

NOT_FAILED = Message("This letter has not failed: it was sent, or it is still on its way.")
LINK_OVER = Message("The link in this letter is no longer open. Invite the person anew instead.")


async def send_again(viewer: Viewer, letter_id: UUID) -> queries.LetterRow:
    """Try a failed letter once more, when its address or the mail server has been mended."""
    async with DB.transaction():
        letter = await queries.letter_for(viewer, letter_id, lock=True)
        letter.standing.need(SEE_LETTERS if letter.row.cohort else queries.PLATFORM_LETTERS)
        if letter.row.state is not State.FAILED:
            raise Refused(NOT_FAILED)
        if letter.row.over:
            raise Refused(LINK_OVER)
        await execute("UPDATE letter SET failed_at = NULL, fault = '' WHERE id = $1", letter_id)
        await enqueue("letter.send", letter=letter_id)
        await record(
            "letter.sent_again", by=viewer.id, at=viewer.now, cohort=letter.row.cohort, subject=letter_id, live=False,
            audience=Audience.STAFF if letter.row.cohort else Audience.PLATFORM,
        )  # fmt: skip
    return letter.row
