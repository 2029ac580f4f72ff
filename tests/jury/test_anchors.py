"""The root outside: where it goes while a round is open and at the lock, and what happens when the ledger isn't that one."""

import asyncpg
import pytest

import cast
from incubator.foundation.database import execute, fetch, fetch_value
from incubator.foundation.refusals import Refused
from incubator.jury.ledger import book
from incubator.jury.office import agreeing, conducting, seating
from incubator.jury.pitch import running
from incubator.jury.result import deliberating
from incubator.notifications import actions as letters  # noqa: F401  (who writes them when something is recorded)

COMMISSION = "commission@example.org"


async def scored(jurors: int = 2):
    where = await cast.scoring_round(teams=2, jurors=jurors)
    await seating.set_root_to(await where.organiser(), where.id, [COMMISSION])
    for juror in where.jurors:
        for team in range(2):
            await cast.score(where, juror, await where.project(team), 5, 5 - team, 5, 5, 5)
    return where


async def lock(where):
    await conducting.lock_round(await where.organiser(), where.id, confirmed_missing=0)


async def sent():
    rows = await fetch("SELECT address, context ->> 'root' AS root FROM letter WHERE kind = 'root' ORDER BY id")
    return [(row["address"], row["root"]) for row in rows]


async def test_every_checkpoint_and_the_lock_go_to_the_addresses_of_the_round(db):
    where = await scored()
    await book.checkpoint()
    first = await book.root_of(where.id)
    await book.checkpoint()  # nothing was written meanwhile
    assert await sent() == [(COMMISSION, first)]
    await lock(where)
    last = await book.root_of(where.id)
    assert sorted(await sent()) == sorted([(COMMISSION, first), (COMMISSION, last)])
    kept = await fetch("SELECT kind, root FROM ledger_anchor ORDER BY seq")
    assert [(row["kind"], row["root"]) for row in kept] == [("checkpoint", first), ("lock", last)]


async def test_without_addresses_it_stays_with_the_jurors(db):
    where = await scored()
    await seating.set_root_to(await where.organiser(), where.id, [])
    await book.checkpoint()
    await lock(where)
    assert await sent() == []
    assert await fetch_value("SELECT count(*) FROM letter WHERE kind = 'locked'") == 2


async def test_the_hall_shows_the_root_from_the_lock_on_and_never_before(client):
    where = await scored()
    await running.begin(await where.organiser(), where.id)
    address = (await running.moment(where.id)).address
    assert (await client.get(f"/hall/{address}/state")).json()["root"] == ""
    await book.checkpoint()
    assert (await client.get(f"/hall/{address}/state")).json()["root"] == ""
    await lock(where)
    root, told = await book.root_of(where.id), (await client.get(f"/hall/{address}/state")).json()
    assert (told["root"], told["short"].replace(" ", "")) == (root, root[:16])
    assert told["entries"] == await fetch_value("SELECT count(*) FROM ledger_entry")
    page = (await client.get(f"/hall/{address}")).text
    assert root in page


async def test_the_result_is_published_where_the_ledger_is_the_one_that_went_out(db):
    where = await scored()
    await book.checkpoint()
    await lock(where)
    await cast.publish(where)
    assert await fetch_value("SELECT state FROM scoring_round WHERE id = $1", where.id) == "published"


FORGED = [
    # Somebody who owns the tables takes a whole chain's last entry out, sheet and all, as if it had never been.
    "DELETE FROM ledger_entry WHERE round = $1 AND chain <> $1 AND seq = (SELECT max(seq) FROM ledger_entry WHERE chain <> $1)",
    "UPDATE ledger_entry SET hash = sha256(hash) WHERE round = $1 AND chain = $1 AND payload::jsonb ->> 'k' = 'lock'",
    "DELETE FROM ledger_entry WHERE round = $1 AND chain = $1 AND payload::jsonb ->> 'k' = 'lock'",
]


@pytest.mark.parametrize("statement", FORGED)
async def test_nothing_is_published_over_a_ledger_that_is_another_one(db, statement):
    where = await scored()
    await lock(where)
    asked = await agreeing.ask_to_publish(await where.organiser(), where.id)
    second = await cast.viewer(await cast.second_organiser(where.cohort))
    await execute("ALTER TABLE ledger_entry DISABLE TRIGGER append_only")
    try:
        await execute(statement, where.id)
    finally:
        await execute("ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER append_only")
    with pytest.raises(Refused, match="ledger verify"):
        await agreeing.confirm(second, where.id, asked)
    with pytest.raises(Refused, match="ledger verify"):
        await book.demand_as_sent(where.id)
    assert await fetch_value("SELECT state FROM scoring_round WHERE id = $1", where.id) == "locked"


async def test_a_forger_who_writes_all_hashes_anew_is_found_by_the_root_that_went_out(db):
    """He makes the ledger whole again, so that it verifies within itself: only the root that was sent tells."""
    where = await scored()
    await lock(where)
    await execute("ALTER TABLE ledger_entry DISABLE TRIGGER append_only")
    try:
        await execute(REWRITTEN, where.id)
    finally:
        await execute("ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER append_only")
    assert (await book.verify(where.id))[0] == []
    with pytest.raises(Refused, match=r"ledger verify"):
        await book.demand_as_sent(where.id)


# The last control entry (the lock) said to be a second later, with the hash that belongs to that.
REWRITTEN = """
WITH last AS (
  SELECT id, round, chain, seq, prev, nonce, (payload::jsonb || jsonb_build_object('at', (payload::jsonb ->> 'at')::bigint + 1000000))::text AS told
  FROM ledger_entry WHERE round = $1 AND chain = $1 ORDER BY seq DESC LIMIT 1
)
UPDATE ledger_entry e SET payload = told, hash = sha256(convert_to('incubator.score.v1', 'UTF8') || '\\x00'::bytea
  || uuid_send(l.round) || uuid_send(l.chain) || int8send(l.seq) || l.prev || l.nonce || sha256(convert_to(told, 'UTF8')))
FROM last l WHERE e.id = l.id
"""


@pytest.mark.parametrize("statement", ["UPDATE ledger_anchor SET root = ''", "DELETE FROM ledger_anchor"])
async def test_what_went_out_is_never_changed(db, statement):
    where = await scored()
    await lock(where)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(statement)


async def test_the_organiser_names_the_addresses(client):
    where = await cast.scoring_round()
    await cast.sign_in(client, where.cohort.organiser)
    base = f"/rounds/{where.id}"
    wrong = await client.post(f"{base}/root-to", data={"root_to": "никто"})
    assert (wrong.status_code, "никто" in wrong.text) == (422, True)
    many = "\n".join(f"a{n}@example.org" for n in range(6))
    assert (await client.post(f"{base}/root-to", data={"root_to": many})).status_code == 422
    two = "Commission@example.org\nnotary@example.org"
    assert (await client.post(f"{base}/root-to", data={"root_to": two})).status_code == 303
    assert await fetch_value("SELECT root_to FROM scoring_round WHERE id = $1", where.id) == two.lower()
    assert "notary@example.org" in (await client.get(f"{base}/set-up")).text


async def test_who_may_sit_at_the_table_hears_that_it_is_open_and_nobody_else(db):
    from incubator.jury.conflicts import declaring

    where = await scored(jurors=3)
    await declaring.declare(await cast.viewer(where.jurors[2]), where.id, {where.teams[0].id: "Свояк"})
    await lock(where)
    await deliberating.open_deliberation(await where.organiser(), where.id, shows_sheets=False)
    told = await fetch("SELECT person, context FROM letter WHERE kind = 'deliberation'")
    assert {row["person"] for row in told} == {juror.id for juror in where.jurors[:2]}
    assert not any(word in row["context"] for row in told for word in ("place", "total", "mark"))
