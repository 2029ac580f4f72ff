"""What is searched: Russian words of cases, opened work, cards, teams and notes, each by an index of its own."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from incubator.foundation.database import execute

ID = "2026-11-23T23:25:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "search, and work that is open once"

# PostgreSQL's Russian stemmer writes «ё» as «е» by itself. The words are kept beside the text: to make them anew for
# every document that is compared would cost a millisecond each.
SEARCHED = {
    "problem_case": "title || ' ' || problem || ' ' || affected || ' ' || expected_change",
    "opened_work": "title || ' ' || words",
    "case_card": "title || ' ' || words",
    "private_note": "text",
}
STATEMENTS = (
    *(
        f"ALTER TABLE {table} ADD COLUMN vector tsvector GENERATED ALWAYS AS (to_tsvector('russian', {text})) STORED"
        for table, text in SEARCHED.items()
    ),
    *(f"CREATE INDEX {table}_vector ON {table} USING gin (vector)" for table in SEARCHED),
    "CREATE UNIQUE INDEX work_open_once ON opened_work (submission) WHERE closed_at IS NULL AND submission IS NOT NULL",
    "CREATE UNIQUE INDEX case_open_once ON opened_work (team) WHERE closed_at IS NULL AND submission IS NULL",
    "CREATE INDEX question_of_staff ON guiding_question (team, turned_at) WHERE turn = 'staff'",
)


async def forwards() -> MigrationManager:
    """Run the statements in the migration's own transaction."""
    manager = MigrationManager(migration_id=ID, app_name="incubator", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await execute(statement)

    manager.add_raw(run)
    return manager
