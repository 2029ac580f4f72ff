"""Taking the demo out: everything of its programmes, its people and what they left, and nothing else."""

from incubator.foundation.database import DB, execute, fetch
from incubator.foundation.files import erase

APPEND_ONLY = {
    "journal_entry": ("append_only", "ENABLE"),
    "revision": ("append_only", "ENABLE"),
    "case_version": ("append_only", "ENABLE"),
    "cohort_blueprint": ("append_only", "ENABLE"),
    "ledger_entry": ("append_only", "ENABLE ALWAYS"),
    "ledger_anchor": ("append_only", "ENABLE"),
    "score_sheet": ("ledger", "ENABLE"),
    "paper_entry": ("kept", "ENABLE"),
    "consent": ("append_only", "ENABLE"),
}
"""The trigger that keeps the past of each table, and how it is switched on again."""
COHORTS = "SELECT c.id FROM cohort c JOIN programme p ON p.id = c.programme WHERE p.demo"
TEAMS = f"SELECT t.id FROM team t WHERE t.cohort IN ({COHORTS})"
PEOPLE = "SELECT id FROM person WHERE demo"
WORKS = f"SELECT s.id FROM submission s WHERE s.team IN ({TEAMS})"
CASES = f"SELECT id FROM problem_case WHERE team IN ({TEAMS})"
VERSIONS = f"SELECT id FROM case_version WHERE problem_case IN ({CASES})"
ROUNDS = f"SELECT r.id FROM scoring_round r WHERE r.cohort IN ({COHORTS})"

# Each table after those that point to it.
STATEMENTS = (
    f"DELETE FROM jury_proposal WHERE round IN ({ROUNDS})",
    f"DELETE FROM deliberation WHERE round IN ({ROUNDS})",
    f"DELETE FROM jury_decision WHERE round IN ({ROUNDS})",
    f"DELETE FROM certificate WHERE round IN ({ROUNDS})",
    f"DELETE FROM filed_minutes WHERE round IN ({ROUNDS})",
    f"DELETE FROM minutes WHERE round IN ({ROUNDS})",
    f"DELETE FROM minutes_template WHERE cohort IN ({COHORTS})",
    f"DELETE FROM tie_vote WHERE round IN ({ROUNDS})",
    f"DELETE FROM ledger_entry WHERE round IN ({ROUNDS})",
    f"DELETE FROM ledger_anchor WHERE round IN ({ROUNDS})",
    f"DELETE FROM replacement WHERE round IN ({ROUNDS})",
    f"DELETE FROM pitch_day WHERE round IN ({ROUNDS})",
    f"DELETE FROM score_request WHERE seat IN (SELECT id FROM seat WHERE round IN ({ROUNDS}))",
    f"DELETE FROM paper_entry WHERE sheet IN (SELECT id FROM score_sheet WHERE round IN ({ROUNDS}))",
    f"DELETE FROM score_sheet WHERE round IN ({ROUNDS})",
    f"DELETE FROM sample_sheet WHERE sample IN (SELECT id FROM sample WHERE round IN ({ROUNDS}))",
    f"DELETE FROM sample WHERE round IN ({ROUNDS})",
    f"DELETE FROM allocated_pair WHERE round IN ({ROUNDS})",
    f"DELETE FROM allocation WHERE round IN ({ROUNDS})",
    f"DELETE FROM juror_wish WHERE seat IN (SELECT id FROM seat WHERE round IN ({ROUNDS}))",
    f"DELETE FROM round_project WHERE round IN ({ROUNDS})",
    f"DELETE FROM seat WHERE round IN ({ROUNDS})",
    f"DELETE FROM scoring_round WHERE cohort IN ({COHORTS})",
    f"DELETE FROM criterion WHERE cohort IN ({COHORTS})",
    f"DELETE FROM jury_plan WHERE cohort IN ({COHORTS})",
    f"DELETE FROM checking WHERE submission IN ({WORKS})",
    f"DELETE FROM team_message WHERE team IN ({TEAMS})",
    f"DELETE FROM phrase WHERE person IN ({PEOPLE}) OR programme IN (SELECT id FROM programme WHERE demo)",
    f"DELETE FROM decision WHERE revision IN (SELECT id FROM revision WHERE submission IN ({WORKS}))",
    f"DELETE FROM remark_reply WHERE remark IN (SELECT id FROM remark WHERE submission IN ({WORKS}))",
    f"DELETE FROM remark WHERE submission IN ({WORKS})",
    f"DELETE FROM private_note_version WHERE note IN (SELECT id FROM private_note WHERE team IN ({TEAMS}))",
    f"DELETE FROM private_note WHERE team IN ({TEAMS})",
    f"DELETE FROM question_reply WHERE question IN (SELECT id FROM guiding_question WHERE team IN ({TEAMS}))",
    f"DELETE FROM guiding_question WHERE team IN ({TEAMS})",
    f"DELETE FROM peer_remark WHERE opened IN (SELECT id FROM opened_work WHERE team IN ({TEAMS}))",
    f"DELETE FROM opened_work WHERE team IN ({TEAMS})",
    f"DELETE FROM case_card WHERE problem_case IN ({CASES})",
    f"DELETE FROM submission_file WHERE submission IN ({WORKS})",
    f"DELETE FROM revision WHERE submission IN ({WORKS})",
    f"DELETE FROM submission WHERE team IN ({TEAMS})",
    f"DELETE FROM team_module WHERE team IN ({TEAMS})",
    f"DELETE FROM assignment WHERE module IN (SELECT id FROM module WHERE cohort IN ({COHORTS}))",
    f"DELETE FROM module WHERE cohort IN ({COHORTS})",
    f"DELETE FROM indicator WHERE problem_case IN ({CASES})",
    f"DELETE FROM case_withdrawal WHERE case_version IN ({VERSIONS})",
    f"DELETE FROM case_version WHERE problem_case IN ({CASES})",
    f"DELETE FROM problem_case WHERE team IN ({TEAMS})",
    f"DELETE FROM passport_fact WHERE passport IN (SELECT id FROM passport WHERE team IN ({TEAMS}))",
    f"DELETE FROM passport WHERE team IN ({TEAMS})",
    f"DELETE FROM team_member WHERE team IN ({TEAMS})",
    f"DELETE FROM stored_file WHERE owner IN ({TEAMS})",
    f"DELETE FROM upload WHERE owner IN ({TEAMS})",
    f"DELETE FROM letter WHERE cohort IN ({COHORTS}) OR person IN ({PEOPLE})",
    f"DELETE FROM invitation WHERE cohort IN ({COHORTS}) OR invited_by IN ({PEOPLE})",
    f"DELETE FROM conflict_of_interest WHERE cohort IN ({COHORTS})",
    f"DELETE FROM journal_entry WHERE cohort IN ({COHORTS}) OR actor IN ({PEOPLE})",
    (
        f"DELETE FROM role_grant WHERE person IN ({PEOPLE}) OR scope_id IN ({COHORTS}) OR scope_id IN ({TEAMS})"
        " OR scope_id IN (SELECT id FROM programme WHERE demo)"
    ),
    f"DELETE FROM team WHERE cohort IN ({COHORTS})",
    f"DELETE FROM cohort_blueprint WHERE cohort IN ({COHORTS})",
    f"DELETE FROM cohort WHERE id IN ({COHORTS})",
    "DELETE FROM programme WHERE demo",
    f"DELETE FROM juror_card WHERE person IN ({PEOPLE})",
    "DELETE FROM municipality m WHERE m.demo AND NOT EXISTS (SELECT 1 FROM team t WHERE t.municipality = m.id)",
    f"DELETE FROM session WHERE person IN ({PEOPLE})",
    f"DELETE FROM consent WHERE person IN ({PEOPLE})",
    f"DELETE FROM password_reset WHERE person IN ({PEOPLE})",
    "DELETE FROM person WHERE demo",
)

FILES = f"SELECT id FROM stored_file WHERE owner IN ({TEAMS}) UNION SELECT id FROM upload WHERE owner IN ({TEAMS})"


async def remove() -> None:
    """Take out all that belongs to the demo, in one transaction; its files afterwards.

    The triggers that keep the past from being changed are off meanwhile: only the owner of the tables can do that.
    """
    async with DB.transaction():
        # Loaded a moment ago, the tables have no statistics yet, and without them some plans take minutes.
        await execute("SET LOCAL statement_timeout = 0")
        await execute("ANALYZE")
        files = [
            row["id"]
            for row in await fetch(
                f"SELECT id FROM stored_file WHERE owner IN ({TEAMS}) UNION SELECT id FROM upload WHERE owner IN ({TEAMS})"
            )
        ]
        for table, (guard, _) in APPEND_ONLY.items():
            await execute(f"ALTER TABLE {table} DISABLE TRIGGER {guard}")
        for statement in STATEMENTS:
            await execute(statement)
        for table, (guard, on) in APPEND_ONLY.items():
            await execute(f"ALTER TABLE {table} {on} TRIGGER {guard}")
    for file in files:
        await erase({"id": file})
