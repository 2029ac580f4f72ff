"""What Piccolo's columns can't say: partial and composite indexes, and rows that nobody may change."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from incubator.foundation.database import execute

ID = "2026-11-23T23:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "partial indexes and append-only tables"

STATEMENTS = (
    "CREATE UNIQUE INDEX role_grant_once ON role_grant (person, role, scope, scope_id) NULLS NOT DISTINCT"
    " WHERE revoked_at IS NULL",
    "CREATE UNIQUE INDEX one_lead_for_a_team ON role_grant (scope_id)"
    " WHERE revoked_at IS NULL AND role = 'team_lead' AND scope = 'team'",
    "CREATE UNIQUE INDEX conflict_once ON conflict_of_interest (person, team) WHERE lifted_at IS NULL",
    "CREATE UNIQUE INDEX member_once ON team_member (team, person) WHERE left_at IS NULL",
    "CREATE UNIQUE INDEX decision_stands ON decision (revision) WHERE taken_back_at IS NULL",
    "CREATE INDEX decision_of_person ON decision (decided_by, decided_at)",
    "CREATE INDEX outbox_due ON outbox (next_at) WHERE done_at IS NULL AND failed_at IS NULL",
    "CREATE INDEX journal_of_cohort ON journal_entry (cohort, id DESC)",
    "CREATE INDEX journal_of_team ON journal_entry (team, id DESC)",
    "CREATE INDEX journal_at_large ON journal_entry (cohort, id DESC) WHERE team IS NULL",
    "CREATE INDEX journal_of_installation ON journal_entry (id DESC) WHERE audience = 'platform'",
    "CREATE INDEX submission_waiting ON submission (updated_at) WHERE state = 'submitted'",
    "CREATE INDEX sheet_of_round ON score_sheet (round, project)",
    "CREATE INDEX reopened_sheet ON score_sheet (round) WHERE reopened_at IS NOT NULL",
    "CREATE INDEX last_sheets ON score_sheet (seat, handed_in_at DESC) WHERE state = 'handed_in'",
    # Room on each page, so that a saved sheet stays on it and no index is written (heap-only update).
    "ALTER TABLE score_sheet SET (fillfactor = 70)",
    "CREATE UNIQUE INDEX one_indicator_at_a_place ON indicator (problem_case, place)",
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    *(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        for table in ("journal_entry", "revision", "case_version", "cohort_blueprint")
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
