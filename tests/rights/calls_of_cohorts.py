"""How the lines about cohorts, rounds of scoring and their results are asked for; see `calls.py`."""

from incubator.jury.minutes import template
from rights.calls import PROBE, Call, get, post

COHORT = "/cohorts/{cohort}"
ROUND = "/rounds/{round}"
SHEET_IN_DELIBERATION = ROUND + "/deliberation/projects/{project}"
SHEET = ROUND + "/projects/{project}"
MODULE = COHORT + "/plan/modules/{module_last}"
RUNS = "organiser_own"
REASON = {"reason": PROBE}
MARKS = {f"mark_{key}": "5" for key in ("problem", "solution", "pilot", "feasibility", "team")}
STALE = {"juror_assigned": "409"}
FOREIGN = {"juror_assigned": "400"}
MINUTES = {"number": "1", "held_on": "2026-11-20", "version": "0"}


def sheet(at: str, **more) -> Call:
    """Save one's own sheet, as the assigned juror's page would send it."""
    return post(SHEET, at, form={"act": "save", "version": "0", "comment": PROBE, **more.pop("form", {})}, **more)


CALLS: dict[str, list[Call]] = {
    # --- One's own sheet
    "score_own view session_draft": [get(SHEET, "round_draft")],
    "score_own write session_draft": [sheet("round_draft")],
    "score_own view session_open": [get(SHEET, "round_open")],
    "score_own write session_open": [
        sheet("round_open"),
        post(f"{SHEET}/abstain", "round_open", form=REASON),
        post(f"{SHEET}/recuse", "round_open", form=REASON),
    ],
    "score_own take_back session_open": [post(f"{SHEET}/take-back", "round_scored")],
    "score_own write session_open_stale_version": [sheet("round_scored", but=STALE)],
    "score_own write session_open_body_names_other_juror": [sheet("round_open", form={"juror": "{extra}"}, but=FOREIGN)],
    "score_own view session_locked": [get(SHEET, "round_locked")],
    "score_own write session_locked": [sheet("round_locked"), post(f"{SHEET}/take-back", "round_locked")],
    "score_own write sheet_reopened": [
        post(SHEET, "sheet_reopened", page=SHEET, reader="juror_assigned", form={"act": "save", "comment": PROBE}),
        post(SHEET, "sheet_reopened", page=SHEET, reader="juror_assigned", form={"act": "hand_in"}),
        post(f"{SHEET}/abstain", "sheet_reopened", form=REASON),
        post(f"{SHEET}/recuse", "sheet_reopened", form=REASON),
    ],
    "score_own write session_published": [sheet("round_published")],
    # --- Others' sheets
    "score_other view session_open": [get(f"{SHEET}/sheets", "round_scored")],
    "score_other view session_locked": [get(f"{SHEET}/sheets", "round_locked", shows="sheet")],
    "score_other view session_published": [get(f"{SHEET}/sheets", "round_published", shows="sheet")],
    "score_sheet void session_open_or_locked": [
        post(ROUND + "/sheets/{sheet}/void", "round_scored", form=REASON),
        post(ROUND + "/sheets/{sheet}/void", "round_locked", form=REASON),
    ],
    "score_sheet reopen session_locked": [
        post(ROUND + "/sheets/{sheet}/reopen", "round_locked", form=REASON)
    ],
    "jury_session agree reopen_asked": [
        post(ROUND + "/proposals/{proposal}/confirm", "reopen_asked"),
        post(ROUND + "/proposals/{proposal}/decline", "reopen_asked"),
    ],
    "score_sheet reopen session_published": [post(ROUND + "/sheets/{sheet}/reopen", "round_published", form=REASON)],
    "score_sheet close reopened": [post(ROUND + "/sheets/{sheet}/close", "sheet_reopened")],
    "score_progress_own view session_open": [get(f"{ROUND}/offline", "round_scored")],
    "score_progress view session_open": [get(f"{ROUND}/progress", "round_scored")],
    # --- The ledger
    "score_receipt view any": [get(f"{ROUND}/receipts", "round_scored")],
    "score_journal verify_root session_open": [get(f"{ROUND}/ledger", "round_scored")],
    "score_journal verify_root published": [get(f"{ROUND}/ledger", "round_published")],
    "score_journal export session_open": [post(f"{ROUND}/ledger.jsonl", "round_scored")],
    "score_journal export session_locked": [post(f"{ROUND}/ledger.jsonl", "round_locked")],
    # --- Conflicts of interest
    "conflict declare_self before_lock": [
        post(f"{ROUND}/conflicts", "round_open", page=f"{ROUND}/conflicts", reader="juror_assigned", form={"none": "on"}),
        get(f"{ROUND}/conflicts", "round_open"),
    ],
    "conflict lift any": [post(COHORT + "/conflicts/{conflict_of_juror}/lift", "round_open", form=REASON)],
    "conflict claim_by_team before_open": [
        post("/teams/{team}/jury", "round_draft", form={"juror": "{extra}", **REASON}),
        get("/teams/{team}/jury", "round_draft"),
    ],
    "conflict list_all any": [get(f"{COHORT}/conflicts", "round_open", shows="conflict")],
    # --- Rounds
    "jury_session view_queue open": [get(ROUND, "round_open")],
    "score_own confirm session_open": [get(f"{ROUND}/mine", "round_scored")],
    "score_own sign session_open": [
        post(f"{ROUND}/sign", "round_scored", but={"juror_conflicted": "409"}),
        post(f"{ROUND}/unsign", "round_scored", but={"juror_assigned": "409", "juror_conflicted": "409"}),
        post(f"{ROUND}/unsign", "sheets_signed", but={"juror_conflicted": "409"}),
    ],
    "pitch_day lead open": [get(f"{ROUND}/pitch", "pitch_day")],
    "pitch_day press open": [
        post(f"{ROUND}/pitch", "pitch_day", form={"act": "next"}),
        post(f"{ROUND}/pitch", "round_scored", form={"act": "begin"}),
        post(f"{ROUND}/pitch/draw", "round_scored"),
        post(f"{ROUND}/pitch/swap", "pitch_day", form={"one": "{project}", "other": "{project_2}", **REASON}),
    ],
    "pitch_day turn_the_clock open": [post(f"{ROUND}/pitch", "pitch_day", form={"act": "start"})],
    "paper_sheet view session_open": [
        get(f"{ROUND}/paper", "paper_typed"),
        get(f"{ROUND}/paper/print", "paper_typed"),
        get(ROUND + "/paper/{paper}", "paper_typed"),
    ],
    "paper_sheet type session_open": [
        post(ROUND + "/paper/{paper}", "paper_typed", form={"step": "second", **MARKS}),
        post(ROUND + "/paper/{paper}/aside", "paper_typed", form=REASON),
    ],
    "paper_sheet find session_open": [
        post(f"{ROUND}/paper", "paper_typed", form={"seat": "{seat_juror_extra}", "project": "{project}"}),
    ],
    "paper_sheet type session_locked": [
        post(ROUND + "/paper/{sheet}", "round_locked", form={"step": "first", **MARKS}),
    ],
    "score_own choose_paper session_open": [
        post(ROUND + "/projects/{project}/paper", "paper_waits", form={"stands": "own", "version": "1"}),
    ],
    "pitch_day follow open": [
        get(f"{ROUND}/pitch/state", "pitch_day"),
        get(f"{ROUND}/pitch/live", "pitch_day", stream=True),
    ],
    "jury_session open draft": [post(f"{ROUND}/open", "round_draft")],
    "jury_session arrange draft": [
        post(f"{ROUND}/projects", "round_draft", page=f"{ROUND}/projects", reader=RUNS, form={"name": PROBE}),
        get(f"{ROUND}/projects", "round_draft"),
        post(f"{COHORT}/rounds/new", "round_draft", form={"name": PROBE, "team": "{team}"}),
        get(f"{COHORT}/rounds/new", "round_draft"),
        post(f"{ROUND}/set-up", "round_draft", form={"case": "on", "works": "on"}),
        get(f"{ROUND}/set-up", "round_draft"),
        post(f"{ROUND}/root-to", "round_draft", form={"root_to": "commission@example.org"}),
        post(f"{ROUND}/criteria/own", "round_draft", form={"way": "own"}),
        get(f"{ROUND}/allocation", "round_draft"),
        post(f"{ROUND}/allocation", "round_draft", form={"sheets": "1", "cap": "9", "seed": "7"}),
    ],
    "jury_session arrange draft_own": [
        get(f"{ROUND}/criteria/new", "round_own"),
        post(f"{ROUND}/criteria/new", "round_own", page=f"{ROUND}/criteria/new", reader=RUNS, form={"title": PROBE}),
        post(f"{ROUND}/allocation/add", "round_own", form={"project": "{project_3}", "seat": "{seat_juror_second}"}),
        post(f"{ROUND}/allocation/remove", "round_own", form={"project": "{project_2}", "seat": "{seat_juror_extra}"}),
        post(f"{ROUND}/criteria/problem/move", "round_own", form={"way": "down"}),
        post(f"{ROUND}/criteria/criterion_1/remove", "round_own"),
        get(f"{ROUND}/rules", "round_own"),
        post(f"{ROUND}/rules", "round_own", page=f"{ROUND}/rules", reader=RUNS, form={"quorum": "3"}),
    ],
    "jury_session remove draft": [
        post(f"{ROUND}/remove", "round_draft"),
        post(f"{ROUND}/remove", "round_own"),
        post(f"{ROUND}/remove", "round_calibrating"),
    ],
    "jury_session remove open": [post(f"{ROUND}/remove", "round_open")],
    "jury_session calibrate draft": [
        post(f"{ROUND}/calibration/samples", "round_calibrating", form={"title": PROBE, "text": PROBE}),
        post(
            ROUND + "/calibration/samples/{sample}/edit", "round_calibrating", page=f"{ROUND}/calibration", reader=RUNS,
            form={"title": PROBE, "text": PROBE},
        ),
        post(ROUND + "/calibration/samples/{sample}/remove", "round_calibrating"),
        post(f"{ROUND}/calibration/close", "round_calibrating", form={"way": "close"}),
        post(f"{ROUND}/calibration/taken", "round_calibrating", form={"project": "{project}"}, but={RUNS: "409"}),
        post(f"{ROUND}/calibration/taken", "round_calibrating_after", form={"project": "{past_project}"}),
    ],
    "calibration view draft": [get(f"{ROUND}/calibration", "round_calibrating")],
    "calibration score draft": [
        post(
            ROUND + "/calibration/samples/{sample}", "round_calibrating", page=f"{ROUND}/calibration",
            reader="juror_assigned", form=MARKS,
        ),
    ],
    "jury_session lock open": [post(f"{ROUND}/lock", "round_scored", page=ROUND, reader=RUNS, form={"agreed": "on"})],
    "jury_session unlock locked": [
        post(f"{ROUND}/unlock", "round_locked", form=REASON),
        post(ROUND + "/proposals/{proposal}/confirm", "unlock_asked"),
        post(ROUND + "/proposals/{proposal}/decline", "unlock_asked"),
    ],
    "jury_session publish locked": [
        post(f"{ROUND}/publish", "round_locked"),
        post(ROUND + "/proposals/{proposal}/confirm", "publish_asked"),
        post(ROUND + "/proposals/{proposal}/decline", "publish_asked"),
    ],
    "jury_session publish open": [post(f"{ROUND}/publish", "round_scored")],
    "jury_session unlock published": [post(f"{ROUND}/unlock", "round_published", form=REASON)],
    "assignment change before_lock": [
        post(f"{ROUND}/jurors", "round_open", form={"juror": "{unassigned}"}),
        post(ROUND + "/jurors/{seat_juror_extra}/remove", "round_open", form=REASON),
        post(ROUND + "/jurors/{seat_juror_extra}/duty", "round_open", form={"duty": "chair_votes"}),
        post(ROUND + "/jurors/{seat_juror_second}/call-up", "round_substitute",
             form={"instead_of": "{seat_juror_extra}", **REASON}),
    ],
    "assignment assign_self_as_juror any": [post(f"{ROUND}/jurors", "round_open", form={"juror": "{self}"})],
    "sse_jury subscribe session_open": [get(f"{ROUND}/live", "round_open", stream=True)],
    # --- Criteria and rules
    "rubric edit session_draft": [
        post(COHORT + "/jury/criteria/{criterion}", "round_draft", page=COHORT + "/jury/criteria/{criterion}", reader=RUNS,
             form={"title": PROBE}),
        post(f"{COHORT}/jury/criteria/new", "round_draft", page=f"{COHORT}/jury/criteria/new", reader=RUNS,
             form={"title": PROBE}),
        post(COHORT + "/jury/criteria/{criterion}/move", "round_draft", form={"way": "up"}),
        post(COHORT + "/jury/criteria/{criterion}/remove", "round_draft"),
        get(COHORT + "/jury/criteria/{criterion}", "round_draft"),
        get(f"{COHORT}/jury/criteria/new", "round_draft"),
    ],
    "rubric edit session_open": [
        post(COHORT + "/jury/criteria/{criterion}/move", "round_open", form={"way": "up"}),
        post(COHORT + "/jury/criteria/{criterion}/remove", "round_open"),
        post(COHORT + "/jury/criteria/{criterion}", "round_open", page=COHORT + "/jury/criteria/{criterion}", reader=RUNS,
             form={"title": PROBE}),
    ],
    "jury_settings edit session_draft": [
        post(f"{COHORT}/jury/rules", "round_draft", page=f"{COHORT}/jury/rules", reader=RUNS, form={"quorum": "3"}),
        get(f"{COHORT}/jury/rules", "round_draft"),
    ],
    "juror_contacts view any": [get(f"{COHORT}/jury", "round_open", shows="juror")],
    # --- Results
    "ranking view session_open": [get(f"{ROUND}/result", "round_scored")],
    "ranking view session_locked": [
        get(f"{ROUND}/result", "round_locked", asks_jury=True),
        get(f"{ROUND}/deliberation", "round_locked", asks_jury=True),
        get(f"{SHEET_IN_DELIBERATION}", "round_locked", asks_jury=True),
    ],
    "ranking view deliberation": [get(f"{ROUND}/result", "deliberation"), get(f"{ROUND}/deliberation", "deliberation")],
    "score_other view deliberation": [get(SHEET_IN_DELIBERATION, "deliberation")],
    "advice view session_open": [get(f"{ROUND}/result/analysis", "round_scored")],
    "advice view session_locked": [get(f"{ROUND}/result/analysis", "round_locked", asks_jury=True)],
    "advice view deliberation": [get(f"{ROUND}/result/analysis", "deliberation")],
    "advice view kept": [get(f"{ROUND}/result/analysis", "round_published")],
    "advice view published": [get(f"{ROUND}/result/analysis", "round_published_with_advice")],
    "weights try session_locked": [get(f"{ROUND}/result/weights", "round_locked", asks_jury=True)],
    "weights try deliberation": [get(f"{ROUND}/result/weights", "deliberation")],
    "weights try published": [get(f"{ROUND}/result/weights", "round_published")],
    "deliberation open session_locked": [post(f"{ROUND}/deliberation/open", "round_locked", form={"shows_sheets": "on"})],
    "deliberation close deliberation": [post(f"{ROUND}/deliberation/close", "deliberation")],
    "decision_of_jury record session_locked": [post(f"{ROUND}/deliberation/decisions", "round_locked", form={
        "kind": "award", "title": PROBE, "project": "{project}", "votes_for": "3", "votes_against": "0", "abstained": "0"})],
    "decision_of_jury strike deliberation": [
        post(ROUND + "/deliberation/decisions/{jury_decision}/strike", "deliberation", form=REASON)
    ],
    "ranking view published": [get(f"{ROUND}/result", "round_published")],
    "ranking export session_locked": [post(f"{ROUND}/sheets.csv", "round_locked", shows="sheet")],
    "ranking tie_break session_locked": [post(f"{ROUND}/tie", "round_tied", form={
        "project": ["{project_1}", "{project_2}", "{project_3}"], "rank_{project_1}": "1", "rank_{project_2}": "2",
        "rank_{project_3}": "3", **REASON})],
    "ranking tie_strike session_locked": [post(ROUND + "/tie/{project}/strike", "tie_voted", form=REASON)],
    "team_feedback view session_locked": [
        get("/teams/{team}/result", "round_locked", shows="sheet"),
        get("/teams/{team}/rounds/{round}/why", "round_locked"),
    ],
    "team_feedback view published": [
        get("/teams/{team}/result", "round_published", shows="sheet"),
        get("/teams/{team}/rounds/{round}/why", "round_published"),
    ],
    # --- Documents
    "minutes view session_open": [get(f"{ROUND}/minutes", "round_scored")],
    "minutes view session_locked": [get(f"{ROUND}/minutes", "round_locked")],
    "minutes try session_locked": [post(f"{ROUND}/minutes/preview", "round_locked", form=MINUTES)],
    "minutes edit session_locked": [post(f"{ROUND}/minutes", "round_locked", form=MINUTES)],
    "minutes take session_locked": [get(f"{ROUND}/minutes.pdf", "round_locked"), get(f"{ROUND}/minutes.docx", "round_locked")],
    "minutes take session_published": [get(f"{ROUND}/minutes.pdf", "round_published")],
    "minutes file drawn_up": [post(f"{ROUND}/minutes/file", "minutes_drawn_up")],
    "minutes_template take session_locked": [get(f"{ROUND}/minutes/template.docx", "round_locked")],
    "minutes_template bring session_locked": [
        post(f"{ROUND}/minutes/template", "round_locked", upload=("file", "Протокол.docx", template.shipped()))
    ],
    "minutes_template drop drawn_up": [post(f"{ROUND}/minutes/template/drop", "minutes_drawn_up")],
    "round export session_open": [post(f"{ROUND}/round.xlsx", "round_scored")],
    "round export session_locked": [post(f"{ROUND}/round.xlsx", "round_locked")],
    "certificate list session_published": [get(f"{ROUND}/certificates", "round_published")],
    "certificate issue session_published": [
        post(f"{ROUND}/certificates", "round_published", form={"places": "1", "members": "on"})
    ],
    "certificate take issued": [get(f"{ROUND}/certificates.pdf", "certificates_issued")],
    "certificate take_own issued": [get("/teams/{team}/certificates.pdf", "certificates_issued")],
    "certificate withdraw issued": [
        post(ROUND + "/certificates/{certificate}/withdraw", "certificates_issued", form=REASON)
    ],
    "score_own take session_open": [get(f"{ROUND}/mine.pdf", "round_scored")],
    # --- Programmes and cohorts
    "cohort view any": [get(COHORT, "remarked"), get(f"{COHORT}/map", "remarked"), get(f"{COHORT}/map.csv", "remarked")],
    "passport view any": [get("/teams/{team}/passport", "draft")],
    "passport edit any": [
        post("/teams/{team}/passport", "draft", page="/teams/{team}/passport", reader="team_lead",
             form={"population_year": "2025", "population_value": "18400", "population_source": PROBE}),
    ],
    "audit_programme view any": [get(f"{COHORT}/journal", "round_scored")],
    "programme_settings edit any": [
        post(f"{COHORT}/settings", "plain", page=f"{COHORT}/settings", reader=RUNS, form={"name": PROBE}),
        get(f"{COHORT}/settings", "plain"),
        post(f"{COHORT}/close", "plain"),
        get(f"{COHORT}/plan", "plain"),
        get(f"{COHORT}/plan/modules/new", "plain"),
        post(f"{COHORT}/plan/modules/new", "plain", page=f"{COHORT}/plan/modules/new", reader=RUNS, form={
            "title": PROBE, "opens_at": "2031-03-01T09:00", "due_at": "2031-04-01T09:00"}),
        get(MODULE, "plain"),
        post(MODULE, "plain", page=MODULE, reader=RUNS, form={"title": PROBE}),
        post(f"{MODULE}/move", "plain", form={"to": "up"}),
        post(f"{MODULE}/remove", "plain"),
        get(f"{MODULE}/assignments/new", "plain"),
        post(f"{MODULE}/assignments/new", "plain", page=f"{MODULE}/assignments/new", reader=RUNS, form={
            "title": PROBE, "f_label": [PROBE, ""], "f_kind": ["long_text", ""]}),
        get(COHORT + "/plan/assignments/{unused_assignment}", "plain"),
        post(COHORT + "/plan/assignments/{unused_assignment}", "plain",
             page=COHORT + "/plan/assignments/{unused_assignment}", reader=RUNS, form={"title": PROBE}),
        post(COHORT + "/plan/assignments/{unused_assignment}/move", "plain", form={"to": "up"}),
        post(COHORT + "/plan/assignments/{unused_assignment}/remove", "plain"),
        get(f"{COHORT}/blueprint.toml", "plain"),
        get(f"{COHORT}/versions", "plain"),
        get(f"{COHORT}/versions/comparison", "plain"),
        get(f"{COHORT}/versions/1/blueprint.toml", "plain"),
        get(f"{COHORT}/copy", "plain"),
        post(f"{COHORT}/copy", "plain", page=f"{COHORT}/copy", reader=RUNS, form={"name": PROBE, "press": "create"}),
        get(f"{COHORT}/people", "plain"),
    ],
    "programme_settings open draft_cohort": [post("/cohorts/{cohort_draft}/open", "cohort_draft")],
    "programme_b view any": [get("/cohorts/{cohort_b}/settings", "plain"), get("/cohorts/{cohort_b}/plan", "plain")],
    "role grant_moderator any": [
        post(f"{COHORT}/people", "plain", form={"role": "moderator", "guests": "new@example.org Новый Модератор"}),
        get(f"{COHORT}/moderators/new", "plain"),
    ],
    "role grant_juror any": [
        post(f"{COHORT}/people", "plain", form={"role": "juror", "guests": "new@example.org Новый Судья"}),
    ],
    "role grant_team_lead any": [
        post(f"{COHORT}/people", "plain", form={"role": "team_lead", "guests": "new@example.org Новый Лидер"}),
        post(COHORT + "/invitations/{invitation_to_cohort}/withdraw", "invited"),
    ],
    "moderator assign any": [
        get(f"{COHORT}/moderators", "plain"),
        post(f"{COHORT}/moderators", "plain", form={"team": "{team_2}", "person": "{moderator}", "step": "assign"}),
    ],
    "cohort list any": [get("/cohorts", "plain")],
    "cohort create_form any": [get("/cohorts/new", "plain")],
    "cohort create any": [
        post("/cohorts/new", "plain", page="/cohorts/new", reader=RUNS, form={
            "name": PROBE, "programme": "{programme}", "blueprint": "school_of_municipal_teams"}),
    ],
    "blueprint download shipped": [get("/blueprints/school_of_municipal_teams.toml", "plain")],
}  # fmt: skip
