"""What certificates were given for in words becomes a place, an award or a mention."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.constraints import Check

from incubator.foundation.database import execute

ID = "2026-11-29T10:41:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "places of certificates out of their words"

# A place was kept in the language of whoever issued it. What the jury itself has put into such words stays its award;
# what it decided both as an award and as a mention was printed as a diploma, and stays one.
CARRIED = (
    """
    UPDATE certificate c SET kind = CASE WHEN d.award THEN 'award' ELSE 'mention' END FROM (
      SELECT j.round, p.team, j.title, bool_or(j.kind = 'award') AS award FROM jury_decision j
      JOIN round_project p ON p.id = j.project WHERE j.struck_at IS NULL AND j.kind IN ('award', 'mention')
      GROUP BY j.round, p.team, j.title
    ) d WHERE c.kind = 'winner' AND d.round = c.round AND d.team = c.team AND d.title = c.merit
    """,
    """
    UPDATE certificate SET kind = 'place', place = substring(merit FROM '[0-9]+')::int, merit = ''
    WHERE kind = 'winner' AND merit ~ '^(place [1-9][0-9]{0,5}|[1-9][0-9]{0,5} место)$'
    """,
    "UPDATE certificate SET kind = 'award', merit = coalesce(nullif(merit, ''), '–') WHERE kind = 'winner'",
    "UPDATE certificate SET merit = '' WHERE kind = 'participant' AND merit <> ''",
)


async def forwards() -> MigrationManager:
    """Carry the rows over, then add the constraint that holds for them from now on."""
    manager = MigrationManager(migration_id=ID, app_name="incubator", description=DESCRIPTION)

    async def run() -> None:
        for statement in CARRIED:
            await execute(statement)

    manager.add_raw(run)
    manager.add_constraint(
        table_class_name="Certificate",
        tablename="certificate",
        constraint_name="given_for",
        constraint_class=Check,
        params={
            "condition": "CASE kind WHEN 'place' THEN place IS NOT NULL AND place > 0 AND merit = '' WHEN 'participant' THEN place IS NULL AND merit = '' ELSE kind IN ('award', 'mention') AND place IS NULL AND merit <> '' END"
        },
        schema=None,
    )
    return manager
