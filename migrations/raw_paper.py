"""Sheets of paper in the ledger: only readings that stand go into an entry, and no reading is ever changed."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from incubator.foundation.database import execute, fetch_value

ID = "2026-11-28T21:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "sheets of paper in the ledger"

ALL_READINGS = "FROM paper_entry WHERE sheet = NEW.id));"
STANDING = "FROM paper_entry WHERE sheet = NEW.id AND set_aside_at IS NULL));"

KEPT = """
CREATE FUNCTION keep_reading() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.set_aside_at IS NOT NULL
    OR (NEW.sheet, NEW.reading, NEW.attempt, NEW.marks, NEW.comment, NEW.typed_at, NEW.typed_by, NEW.reason)
      IS DISTINCT FROM
      (OLD.sheet, OLD.reading, OLD.attempt, OLD.marks, OLD.comment, OLD.typed_at, OLD.typed_by, OLD.reason) THEN
    RAISE EXCEPTION 'what was read from paper is kept' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$
"""


async def forwards() -> MigrationManager:
    """Run the statements in the migration's own transaction."""
    manager = MigrationManager(migration_id=ID, app_name="incubator", description=DESCRIPTION)

    async def run() -> None:
        source: str = await fetch_value("SELECT pg_get_functiondef('ledger_sheet'::regproc)")
        if ALL_READINGS not in source:
            raise RuntimeError("the ledger's trigger is not the one that this migration knows")
        await execute(source.replace(ALL_READINGS, STANDING))
        await execute(KEPT)
        await execute(
            "CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON paper_entry FOR EACH ROW EXECUTE FUNCTION keep_reading()"
        )

    manager.add_raw(run)
    return manager
