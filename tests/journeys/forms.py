"""Every form into which somebody writes more than a word: where it stands, who writes, what else it needs to be sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made
from pathlib import Path

import asyncpg

TEMPLATES = Path(__file__).parents[2] / "templates"
AREA = re.compile(r"<textarea|\.textarea\(|\"area\"")


@dataclass(frozen=True)
class Written:
    """A form: `page` and `action` name things of the world in braces; `field` is where the text goes ("" for its first
    text area); `press` is a piece of the button's name or value when it is not the first one.
    """

    name: str
    who: str
    page: str
    action: str
    template: str
    field: str = ""
    also: Mapping[str, str] = made(default_factory=dict)
    press: str = ""
    alone: bool = False  # one's own facts: whoever saves them last is oneself
    once: bool = False  # sending it ends the form: it is left to the last fault


SUB, TEAM = "/submissions/{waiting}", "/teams/{other}"
FORMS = (
    # The team
    Written("case", "case_lead", "/teams/{draft}/case", "/teams/{draft}/case", "teams/_case_fields", "problem"),
    Written("work", "lead", "{work}", "{work}", "stages/_fields", press="save"),
    Written("reply", "lead", "{work}", "/remarks/{remark}/reply", "moderation/_remark"),
    Written("answer", "lead", "/teams/{team}/questions", "/questions/{question}/answer", "moderation/questions"),
    Written("passport", "lead", "/teams/{team}/passport", "/teams/{team}/passport", "", "average_wage_source"),
    Written(
        "member", "lead", "/teams/{team}/members", "/teams/{team}/invitations", "", "name", {"email": "n@example.org"}
    ),
    Written("profile", "lead", "/profile", "/profile", "", "name", alone=True),
    Written("case back", "lead", "/teams/{team}/case", "/teams/{team}/case/withdraw", "teams/case_read", once=True),
    Written("peer remark", "lead", "/opened/{opened}", "/opened/{opened}/remarks", "exchange/opened"),
    # The moderator
    Written("remark", "moderator", SUB + "/desk", SUB + "/remarks", "moderation/desk"),
    Written("own remark", "moderator", SUB + "/desk", "/remarks/{own_remark}", "moderation/_thread"),
    Written("note at desk", "moderator", SUB + "/desk", "/teams/{waiting_team}/notes", "moderation/desk"),
    Written("note", "moderator", TEAM + "/notes", TEAM + "/notes", "moderation/notes"),
    Written("own note", "moderator", TEAM + "/notes", "/notes/{own_note}", "moderation/_thread"),
    Written("question", "moderator", TEAM + "/questions", TEAM + "/questions", "moderation/questions"),
    Written(
        "decision",
        "organiser",
        "/submissions/{second}/desk",
        "/submissions/{second}/decision",
        "moderation/desk",
        press="returned",
        once=True,
    ),
    # The juror
    Written(
        "comment",
        "juror",
        "/rounds/{round}/projects/{project}",
        "/rounds/{round}/projects/{project}",
        "jury/sheet",
        "comment",
        press="save",
    ),
    Written(
        "abstention",
        "juror",
        "/rounds/{round}/projects/{project2}",
        "/rounds/{round}/projects/{project2}/abstain",
        "jury/sheet",
        once=True,
    ),
    # The organiser
    Written(
        "cohort", "organiser", "/cohorts/new", "/cohorts/new", "programmes/new_cohort", also={"name": "Поток для пробы"}
    ),
    Written(
        "settings",
        "organiser",
        "/cohorts/{cohort}/settings",
        "/cohorts/{cohort}/settings",
        "programmes/settings",
        "summary",
    ),
    Written("guests", "organiser", "/cohorts/{cohort}/people", "/cohorts/{cohort}/people", "programmes/people"),
    Written(
        "module",
        "organiser",
        "/cohorts/{cohort}/plan/modules/{module}",
        "/cohorts/{cohort}/plan/modules/{module}",
        "stages/plan_module",
        "summary",
    ),
    Written(
        "assignment",
        "organiser",
        "/cohorts/{cohort}/plan/assignments/{assignment}",
        "/cohorts/{cohort}/plan/assignments/{assignment}",
        "stages/plan_assignment",
        "instructions",
    ),
    Written(
        "field of an assignment",
        "organiser",
        "/cohorts/{cohort}/plan/assignments/{assignment2}",
        "/cohorts/{cohort}/plan/assignments/{assignment2}",
        "stages/_field_plan",
        "f_help",
    ),
    Written(
        "new criterion",
        "organiser",
        "/cohorts/{quiet}/jury/criteria/new",
        "/cohorts/{quiet}/jury/criteria/new",
        "jury/criterion",
        "description",
        {"title": "Новый критерий"},
    ),
    Written(
        "criterion",
        "organiser",
        "/cohorts/{quiet}/jury/criteria/{criterion}",
        "/cohorts/{quiet}/jury/criteria/{criterion}",
        "jury/criterion",
        "description",
    ),
    Written(
        "sample",
        "organiser",
        "/rounds/{prepared}/calibration",
        "/rounds/{prepared}/calibration/samples",
        "jury/calibration",
        also={"title": "Проект для пробы"},
    ),
    Written("round", "organiser", "/cohorts/{cohort}/rounds/new", "/cohorts/{cohort}/rounds/new", "", "name"),
    Written("lock", "organiser", "/rounds/{round}", "/rounds/{round}/lock", "jury/board", "note"),
    Written("minutes", "organiser", "/rounds/{past}/minutes", "/rounds/{past}/minutes", "jury/minutes", "decision"),
    Written("roots", "organiser", "/rounds/{round}/set-up", "/rounds/{round}/root-to", "jury/round_set_up", "root_to"),
    Written(
        "paper", "organiser", "/rounds/{round}/paper/{sheet}", "/rounds/{round}/paper/{sheet}", "jury/paper", "comment"
    ),
    Written("rollback", "organiser", TEAM, TEAM + "/modules/{passed}/rollback", "stages/_map", once=True),
    Written("team", "organiser", TEAM + "/settings", TEAM + "/settings", "teams/settings", "reason"),
    Written("registration", "organiser", "/register/{cohort}", "/register/{cohort}", "", "team_name"),
    # The administrator
    Written("programme", "admin", "/programmes", "/programmes", "", "name"),
    Written("installation", "admin", "/installation", "/installation", "installation/_organisation", "operator"),
)

PAST = {
    "exchange/preview": "opened from a work that was accepted; the same form as that of a remark",
    "jury/challenge": "a lead challenges a juror before the round opens",
    "jury/conflict_list": "lifting a conflict: the first juror of the demo has none",
    "jury/deliberation": "open for half an hour after the lock; those of the demo are over",
    "jury/offline": "keeps its sheets by itself, in a store of its own (test_offline)",
    "jury/ranking": "a locked round with a tie",
    "jury/sheets": "sheets of a published round, by two organisers",
    "moderation/bulk_extension": "comes after a choice of teams, nothing is kept before it",
    "moderation/bulk_message": "comes after a choice of teams, nothing is kept before it",
    "moderation/phrases": "phrases of one's own, a line each",
    "moderation/reply": "only when an answer was refused",
    "moderation/two_texts": "what the race leads to",
    "people/write_document": "versions of documents are added, never changed",
    "programmes/copy_cohort": "the fields of a new cohort once more",
    "programmes/new_moderators": "the same form as that of guests",
    "stages/_extension": "opened from a work that is late",
}
"""Templates whose forms stand on pages of another moment; keeping them needs nothing of their own."""


def areas() -> set[str]:
    """Templates in which there is a text area."""
    found = (
        path for path in TEMPLATES.rglob("*.html") if path.parent.name != "shared" and AREA.search(path.read_text())
    )
    return {path.relative_to(TEMPLATES).with_suffix("").as_posix() for path in found}


# --- Where they stand in the demo -------------------------------------------------------------------------------------

NOW = "SELECT id FROM cohort WHERE closed_at IS NULL AND opened_at IS NOT NULL ORDER BY starts_on DESC LIMIT 1"
OF = "SELECT g.scope_id FROM role_grant g JOIN person p ON p.id = g.person WHERE g.revoked_at IS NULL AND p.email ="
WAITING = f"""
SELECT s.id FROM submission s WHERE s.state = 'submitted' AND s.team IN ({OF} 'moderator@demo.example') ORDER BY s.id
"""
PROJECT = """
SELECT x.project FROM score_sheet x JOIN seat t ON t.id = x.seat JOIN person p ON p.id = t.person
WHERE p.email = 'juror@demo.example' AND x.round = (SELECT id FROM scoring_round WHERE state = 'open')
AND x.state = 'empty' ORDER BY x.id
"""
WORLD = {
    "cohort": NOW,
    "team": f"{OF} 'lead@demo.example'",
    "draft": "SELECT team FROM problem_case WHERE state = 'draft' LIMIT 1",
    "open": "SELECT assignment FROM submission WHERE team = '{team}' AND state = 'returned' LIMIT 1",
    "remark": """SELECT k.id FROM remark k JOIN submission s ON s.id = k.submission
        WHERE s.team = '{team}' AND s.assignment = '{open}' AND k.sent_at IS NOT NULL LIMIT 1""",
    "question": "SELECT id FROM guiding_question WHERE team = '{team}' AND answered_at IS NULL LIMIT 1",
    "waiting": f"{WAITING} LIMIT 1",
    "waiting_team": "SELECT team FROM submission WHERE id = '{waiting}'",
    "second": "SELECT id FROM submission WHERE state = 'submitted' AND id <> '{waiting}' ORDER BY id LIMIT 1",
    "other": f"""{OF} 'moderator@demo.example' AND g.scope = 'team' AND g.cohort = '{{cohort}}' AND g.scope_id NOT IN ('{{team}}', '{{waiting_team}}', '{{draft}}')
        AND EXISTS (SELECT 1 FROM team_module e WHERE e.team = g.scope_id AND e.advanced_at IS NOT NULL) LIMIT 1""",
    "opened": """INSERT INTO opened_work (id, team, case_version, title, opened_at, opened_by)
        SELECT gen_random_uuid(), c.team, v.id, 'Кейс', now(), v.made_by FROM case_version v JOIN problem_case c ON c.id = v.problem_case
        WHERE c.team = '{other}' ORDER BY v.number DESC LIMIT 1 RETURNING id""",
    "own_remark": """INSERT INTO remark (id, submission, revision, field, text, author, written_at)
        SELECT gen_random_uuid(), s.id, r.id, '', 'Уточните', p.id, now() FROM submission s JOIN revision r ON r.submission = s.id,
        person p WHERE s.id = '{waiting}' AND p.email = 'moderator@demo.example' LIMIT 1 RETURNING id""",
    "own_note": """INSERT INTO private_note (id, team, text, author, written_at, version)
        SELECT gen_random_uuid(), '{other}', 'Заметка', id, now(), 1 FROM person WHERE email = 'moderator@demo.example'
        RETURNING id""",
    "round": "SELECT id FROM scoring_round WHERE state = 'open'",
    "past": "SELECT id FROM scoring_round WHERE state = 'published' LIMIT 1",
    "sheet": "SELECT id FROM score_sheet WHERE round = '{round}' AND state = 'empty' ORDER BY id DESC LIMIT 1",
    "prepared": "SELECT id FROM scoring_round WHERE state = 'draft' AND calibration = 'open'",
    "project": f"{PROJECT} LIMIT 1",
    "project2": f"{PROJECT} OFFSET 1 LIMIT 1",
    "module": f"SELECT id FROM module WHERE cohort = ({NOW}) ORDER BY place DESC LIMIT 1",
    "assignment": "SELECT id FROM assignment WHERE module = '{module}' ORDER BY place LIMIT 1",
    "assignment2": "SELECT id FROM assignment WHERE module = '{module}' ORDER BY place DESC LIMIT 1",
    # While a round is judged its criteria stay, and their form says so instead of offering to save.
    "quiet": """SELECT c.id FROM cohort c WHERE NOT EXISTS (SELECT 1 FROM scoring_round r WHERE r.cohort = c.id
        AND r.state IN ('open', 'locked')) ORDER BY c.starts_on LIMIT 1""",
    "criterion": "SELECT id FROM criterion WHERE cohort = '{quiet}' ORDER BY place LIMIT 1",
    "passed": """SELECT module FROM team_module WHERE team = '{other}' AND advanced_at IS NOT NULL AND closed_at IS NULL
        ORDER BY advanced_at DESC LIMIT 1""",
    "lead_of_draft": """SELECT p.email FROM person p JOIN role_grant g ON g.person = p.id
        WHERE g.scope_id = '{draft}' AND g.role = 'team_lead' LIMIT 1""",
}  # fmt: skip


async def world(database: asyncpg.Connection) -> dict[str, str]:
    """The ids that addresses of forms name."""
    found: dict[str, str] = {}
    for name, sql in WORLD.items():
        value = await database.fetchval(sql.format(**found))
        assert value is not None, f"the demo has no {name}"
        found[name] = str(value)
    await database.execute(
        "UPDATE person SET password_hash = (SELECT password_hash FROM person WHERE email = 'lead@demo.example')"
        " WHERE email = $1",
        found["lead_of_draft"],
    )
    found["work"] = f"/teams/{found['team']}/assignments/{found['open']}"
    return found
