"""Consents: one text for each version, and answers that nobody may change afterwards."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from incubator.foundation.database import execute

ID = "2026-11-23T23:15:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "consents are append-only"

STATEMENTS = (
    "CREATE UNIQUE INDEX consent_text_once ON consent_text (kind, version)",
    "CREATE INDEX consent_of_person ON consent (person, document, at)",
    *(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        for table in ("consent", "consent_text")
    ),
)


async def forwards() -> MigrationManager:
    """Run the statements in the migration's own transaction."""
    manager = MigrationManager(migration_id=ID, app_name="incubator", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await execute(statement)

    manager.add_raw(run)
    return manager
