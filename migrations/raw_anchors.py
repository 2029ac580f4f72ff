"""Roots that were made known outside are never changed or taken out."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from incubator.foundation.database import execute

ID = "2026-11-28T21:59:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "append-only anchors of ledgers"


async def forwards() -> MigrationManager:
    """Run the statements in the migration's own transaction."""
    manager = MigrationManager(migration_id=ID, app_name="incubator", description=DESCRIPTION)

    async def run() -> None:
        await execute(
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_anchor"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )

    manager.add_raw(run)
    return manager
