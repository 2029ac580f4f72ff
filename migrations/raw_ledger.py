"""The score ledger, written by the database itself: whatever becomes of a sheet leaves an entry that nobody can change.

A chain is a seat or, for what isn't a juror's own act, the round. Every entry carries the hash of the one before it; the
format is described in `incubator/jury/verifier.py`, which checks it and shares no code with what stands here.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from incubator.foundation.database import execute

ID = "2026-11-23T23:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the score ledger"

GENESIS = """
CREATE FUNCTION ledger_genesis(a_round uuid, a_chain uuid) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(convert_to('incubator.score.v1 genesis', 'UTF8') || uuid_send(a_round) || uuid_send(a_chain))
$$
"""

# With the rights of the owner: the role that serves pages may add entries through this function and in no other way.
# The chain's lock comes first and the reading of its end after it, in a statement of its own. Its key is not that of the
# round's own lock, which jurors hold shared while they write.
APPEND = """
CREATE FUNCTION ledger_append(a_round uuid, a_chain uuid, a_payload text) RETURNS bytea LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE last record; nonce bytea; written bytea;
BEGIN
  PERFORM pg_advisory_xact_lock((('x' || right(replace(a_chain::text, '-', ''), 16))::bit(64)::bigint) # 1);
  SELECT seq, hash INTO last FROM ledger_entry WHERE round = a_round AND chain = a_chain ORDER BY seq DESC LIMIT 1;
  IF NOT FOUND THEN
    SELECT 0::bigint AS seq, ledger_genesis(a_round, a_chain) AS hash INTO last;
  END IF;
  nonce := uuid_send(gen_random_uuid());
  written := sha256(convert_to('incubator.score.v1', 'UTF8') || '\\x00'::bytea || uuid_send(a_round)
    || uuid_send(a_chain) || int8send(last.seq + 1) || last.hash || nonce || sha256(convert_to(a_payload, 'UTF8')));
  INSERT INTO ledger_entry (id, round, chain, seq, prev, nonce, payload, hash)
  VALUES (gen_random_uuid(), a_round, a_chain, last.seq + 1, last.hash, nonce, a_payload, written);
  RETURN written;
END $$
"""

HEADS = """
CREATE FUNCTION ledger_heads(a_round uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_object_agg(c.seat, jsonb_build_array(coalesce(l.seq, 0),
    encode(coalesce(l.hash, ledger_genesis(a_round, c.seat)), 'hex'))), '{}')
  FROM (SELECT DISTINCT seat FROM score_sheet WHERE round = a_round) c
  LEFT JOIN LATERAL (SELECT seq, hash FROM ledger_entry WHERE round = a_round AND chain = c.seat
                     ORDER BY seq DESC LIMIT 1) l ON true
$$
"""

# A sheet never changes without a new version, and a new version never without an entry. Nobody but its juror writes in a
# juror's chain: what befalls a sheet from elsewhere stands in the chain of the round.
SHEET_CHANGES = """
CREATE FUNCTION ledger_sheet() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE own boolean; act jsonb;
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.version > 0 THEN
      RAISE EXCEPTION 'a score sheet is never deleted' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
  END IF;
  IF NEW.version = OLD.version THEN
    IF (NEW.state, NEW.marks, NEW.total, NEW.comment, NEW.note, NEW.paper_at)
      IS DISTINCT FROM (OLD.state, OLD.marks, OLD.total, OLD.comment, OLD.note, OLD.paper_at) THEN
      RAISE EXCEPTION 'a score sheet changes with a new version only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.version <> OLD.version + 1 OR (NEW.round, NEW.seat, NEW.project) <> (OLD.round, OLD.seat, OLD.project) THEN
    RAISE EXCEPTION 'the versions of a score sheet follow each other' USING ERRCODE = 'insufficient_privilege';
  END IF;
  own := NEW.own_version = NEW.version;
  NEW.salt := coalesce(NEW.salt, gen_random_uuid());
  act := jsonb_build_object('k', 'sheet', 'p', NEW.project, 's', NEW.state, 'm', to_jsonb(NEW.marks), 'v', NEW.version,
    'at', (extract(epoch FROM CASE WHEN own THEN NEW.saved_at ELSE clock_timestamp() END) * 1000000)::bigint,
    'c', CASE WHEN NEW.comment <> '' THEN
      encode(sha256(uuid_send(NEW.salt) || convert_to(NEW.comment, 'UTF8')), 'hex') END);
  IF NEW.note <> '' THEN
    act := act || jsonb_build_object('n', encode(sha256(uuid_send(NEW.salt) || convert_to(NEW.note, 'UTF8')), 'hex'));
  END IF;
  IF NEW.paper_at IS DISTINCT FROM OLD.paper_at THEN
    IF own OR NEW.paper_at IS NULL THEN
      RAISE EXCEPTION 'a sheet of paper is typed by somebody else' USING ERRCODE = 'insufficient_privilege';
    END IF;
    act := act || jsonb_build_object('paper', (
      SELECT jsonb_agg(jsonb_build_array(typed_by, reading, to_jsonb(marks)) ORDER BY typed_at)
      FROM paper_entry WHERE sheet = NEW.id));
  END IF;
  IF NOT own THEN
    act := act || jsonb_build_object('seat', NEW.seat, 'back', NEW.reopened_at IS NOT NULL);
  END IF;
  NEW.receipt := ledger_append(NEW.round, CASE WHEN own THEN NEW.seat ELSE NEW.round END, act::text);
  RETURN NEW;
END $$
"""

SHEETS_DEALT = """
CREATE FUNCTION ledger_deal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE dealt record;
BEGIN
  IF EXISTS (SELECT FROM given WHERE version <> 0 OR state <> 'empty' OR marks <> '{}') THEN
    RAISE EXCEPTION 'a score sheet begins empty' USING ERRCODE = 'insufficient_privilege';
  END IF;
  FOR dealt IN
    SELECT round, jsonb_object_agg(seat, projects) AS deal
    FROM (SELECT round, seat, jsonb_agg(project ORDER BY project) AS projects FROM given GROUP BY round, seat) s
    GROUP BY round
  LOOP
    PERFORM ledger_append(dealt.round, dealt.round, jsonb_build_object('k', 'deal', 'deal', dealt.deal)::text);
  END LOOP;
  RETURN NULL;
END $$
"""

STATEMENTS = (
    GENESIS,
    APPEND,
    HEADS,
    SHEET_CHANGES,
    SHEETS_DEALT,
    "CREATE TRIGGER ledger BEFORE UPDATE OR DELETE ON score_sheet FOR EACH ROW EXECUTE FUNCTION ledger_sheet()",
    "CREATE TRIGGER ledger_deal AFTER INSERT ON score_sheet REFERENCING NEW TABLE AS given"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_deal()",
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    # Also where somebody restores with `session_replication_role = replica`.
    "ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER append_only",
    "ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER never_emptied",
)


async def forwards() -> MigrationManager:
    """Run the statements in the migration's own transaction."""
    manager = MigrationManager(migration_id=ID, app_name="incubator", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await execute(statement)

    manager.add_raw(run)
    return manager
