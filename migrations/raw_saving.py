"""Saving a score sheet in one statement: the lock first, what decides after it, then the sheet and its journal row."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from incubator.foundation.database import execute

ID = "2026-11-28T22:14:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "a score sheet is saved by one function"

# A function, because each statement in it reads what is true when it begins: the update sees whatever was done while its
# caller waited for the lock. Nothing is judged here; it is checked again that what was judged still stands. The round's
# board hears of it and the juror's own windows: its hour is not the business of teams and other jurors.
RECORD_SHEET = """
CREATE FUNCTION record_sheet(
  a_lock bigint, a_sheet uuid, a_version integer, a_from varchar[], a_state varchar, a_marks integer[], a_total bigint,
  a_comment text, a_note text, a_reason text, a_at timestamptz, a_handed_in_at timestamptz, a_skipped_at timestamptz,
  a_actor uuid, a_verb varchar, a_audience varchar, a_cohort uuid, a_team uuid, a_heard boolean,
  OUT version integer, OUT receipt bytea
) LANGUAGE plpgsql AS $$
DECLARE sheet record;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(a_lock);
  UPDATE score_sheet s SET state = a_state, marks = a_marks, total = a_total, comment = a_comment, note = a_note,
    reason = a_reason, version = s.version + 1, own_version = s.version + 1, saved_at = a_at,
    handed_in_at = a_handed_in_at, skipped_at = a_skipped_at,
    reopened_at = CASE WHEN a_state IN ('empty', 'draft') THEN s.reopened_at END
  FROM scoring_round r
  WHERE s.id = a_sheet AND s.version = a_version AND s.state = ANY(a_from) AND r.id = s.round
    AND (r.state = 'open' AND NOT EXISTS (SELECT FROM seat e WHERE e.id = s.seat AND e.signed_at IS NOT NULL)
         OR (r.state = 'locked' AND s.reopened_at IS NOT NULL))
  RETURNING s.version, s.round, s.seat, s.receipt INTO sheet;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO journal_entry (at, actor, verb, audience, cohort, team, subject, data)
  VALUES (a_at, a_actor, a_verb, a_audience, a_cohort, a_team, a_sheet, jsonb_build_object('version', sheet.version));
  IF a_heard THEN
    PERFORM pg_notify('journal', concat_ws(' ', '-', sheet.round, sheet.seat));
  END IF;
  version := sheet.version;
  receipt := sheet.receipt;
END $$
"""


async def forwards() -> MigrationManager:
    """Run the statement in the migration's own transaction."""
    manager = MigrationManager(migration_id=ID, app_name="incubator", description=DESCRIPTION)

    async def run() -> None:
        await execute(RECORD_SHEET)

    manager.add_raw(run)
    return manager
