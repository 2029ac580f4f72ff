"""What is searched: Russian words of cases, opened work, cards, teams and notes, each by an index of its own."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from incubator.foundation.database import execute

ID = "2026-11-23T23:25:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "search, and work that is open once"

# PostgreSQL's Russian stemmer writes «ё» as «е» by itself. A query has to repeat these expressions to use the indexes.
STATEMENTS = (
    "CREATE INDEX case_words ON problem_case USING gin (to_tsvector('russian', title || ' ' || problem || ' '"
    " || affected || ' ' || expected_change))",
    "CREATE INDEX opened_words ON opened_work USING gin (to_tsvector('russian', title || ' ' || words))",
    "CREATE INDEX card_words ON case_card USING gin (to_tsvector('russian', title || ' ' || words))",
    "CREATE INDEX note_words ON private_note USING gin (to_tsvector('russian', text))",
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
