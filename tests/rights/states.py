"""What has happened in each state of the world, step by step, only by actions."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import cast
from incubator.foundation import files
from incubator.foundation.database import execute, fetch, fetch_one, fetch_value
from incubator.jury.allocation import allocating
from incubator.jury.conflicts import declaring
from incubator.jury.office import agreeing, conducting, preparing, round_rubric, seating
from incubator.jury.practice import practising
from incubator.jury.rubric import Entry
from incubator.jury.sheets import actions as scoring
from incubator.moderation import actions as moderation
from incubator.moderation.rules import Verdict
from incubator.people import accounts, administering
from incubator.people.rights import Role, Scope
from incubator.programmes import actions as programmes
from incubator.programmes.blueprint import Closing, Position
from incubator.programmes.queries import cohort_for
from incubator.programmes.rules import CohortFacts, Guest
from incubator.programmes.shipped import shipped
from incubator.stages import actions as stages
from incubator.stages import filing, plan_actions, plan_queries, queries
from incubator.stages.rules import Outcome
from incubator.teams import actions as teams
from incubator.teams import corrections, writing
from incubator.teams.cases import CaseText, Figure
from incubator.teams.rules import Invitee
from rights.world import SEATED, SECRETS, World, state

QUARTER = timedelta(minutes=15)


@state("plain")
async def _plain(w: World) -> None:
    """Nothing yet."""


# --- The case and the work of a team ----------------------------------------------------------------------------------


def case_of(word: str) -> CaseText:
    figure = Figure("Отток населения", "чел. в год", 2025, "Росстат", Decimal(1200), Decimal(600))
    return CaseText("Отток населения", word, "Семьи с детьми", (figure,), ("Нет работы",), ("Школы",), "Остаются")


@state("draft")
async def _draft(w: World) -> None:
    """Both teams have drafts of the case and of the work, with a file."""
    for role, word in (("participant", ""), ("participant_other_team", "other")):
        someone = await w.viewer(role)
        team = w.teams[bool(word)].id
        await writing.save_case(someone, team, case_of(SECRETS[f"{word}case"]), 0)
        await cast.write(someone, team, w.id("assignment"), SECRETS[f"{word}work"])
    upload = stages.Upload("data_file", f"{SECRETS['file']}.pdf", cast.PDF + SECRETS["bytes"].encode())
    w.ids["file"] = (
        await stages.attach_file(await w.viewer("participant"), w.id("team"), w.id("assignment"), upload)
    ).id
    w.ids["submission"] = await fetch_value(
        "SELECT id FROM submission WHERE team = $1 AND assignment = $2", w.id("team"), w.id("assignment")
    )


@state("file_removed", after="draft")
async def _file_removed(w: World) -> None:
    await stages.remove_file(await w.viewer("participant"), w.id("file"))


@state("uploading", after="draft")
async def _uploading(w: World) -> None:
    """A member has begun to send a file in pieces."""
    announced = filing.Announced("data_file", "Отчёт.pdf", 1000)
    w.ids["upload"] = await filing.begin_upload(
        await w.viewer("participant"), w.id("team"), w.id("assignment"), announced
    )


@state("case_deleted", after="draft")
async def _case_deleted(w: World) -> None:
    await writing.delete_case(await w.viewer("team_lead"), w.id("team"))


@state("case_submitted", after="draft")
async def _case_submitted(w: World) -> None:
    version = await fetch_value("SELECT version FROM problem_case WHERE team = $1", w.id("team"))
    await writing.submit_case(await w.viewer("team_lead"), w.id("team"), version)


@state("late", after="draft")
async def _late(w: World) -> None:
    """The first module's deadline passed yesterday."""
    runs = await w.viewer("organiser_own")
    cohort = await cohort_for(runs, w.id("cohort"))
    module = (await plan_queries.plan(cohort, runs.now))[0]
    facts = replace(module.facts, due_at=runs.now - timedelta(days=1))
    await plan_actions.edit_module(
        runs, cohort.id, module.id, facts, version=module.facts.version, confirmed=module.affected.token
    )


@state("extended", after="late")
async def _extended(w: World) -> None:
    runs = await w.viewer("organiser_own")
    until = runs.now + timedelta(days=3)
    await stages.extend_deadline(runs, w.id("team"), w.id("assignment"), until, SECRETS["more"])


@state("sent", after="case_submitted")
async def _sent(w: World) -> None:
    await _send(w, w.id("assignment"), w.id("team"))
    w.ids["revision"] = await fetch_value("SELECT id FROM revision WHERE submission = $1", w.id("submission"))
    w.forms["decision"] = [("revision", "1")]


async def _send(w: World, assignment: UUID, team: UUID) -> Any:
    lead = await w.viewer("team_lead")
    work = await queries.work_on(lead, team, assignment)
    return await stages.send(lead, team, assignment, work.version)


@state("remarked", after="sent")
async def _remarked(w: World) -> None:
    """Remarks, one sent and answered and one not; a private note; a question and its answer."""
    await _remark(w, await w.viewer("moderator_own"))


async def _remark(w: World, moderator: Any) -> None:
    submission, team = w.id("submission"), w.id("team")
    w.ids["remark"] = await moderation.write_remark(moderator, submission, 1, "trend", SECRETS["remark"])
    await moderation.send_remarks(moderator, submission)
    w.ids["unsent"] = await moderation.write_remark(moderator, submission, 1, "trend", SECRETS["unsent"])
    await moderation.reply(await w.viewer("participant"), w.id("remark"), SECRETS["reply"])
    w.ids["note"] = await moderation.write_note(moderator, team, SECRETS["note"])
    w.ids["question"] = await moderation.ask(moderator, team, SECRETS["question"], submission=submission)
    await moderation.answer(await w.viewer("team_lead"), w.id("question"), SECRETS["answer"])


@state("remarked_long_ago", after="sent")
async def _remarked_long_ago(w: World) -> None:
    moderator = await w.viewer("moderator_own")
    await _remark(w, cast.at(moderator, moderator.now - QUARTER - timedelta(seconds=1)))


@state("accepted", after="remarked")
async def _accepted(w: World) -> None:
    """All the work of the first module is accepted."""
    moderator, lead = await w.viewer("moderator_own"), await w.viewer("team_lead")
    for assignment in w.ids["assignments"]:
        if assignment != w.id("assignment"):
            await cast.hand_in(lead, w.id("team"), assignment, SECRETS["work"])
    verdict = Verdict(Outcome.ACCEPTED, SECRETS["verdict"])
    for row in await fetch("SELECT id FROM submission WHERE team = $1 AND state = 'submitted'", w.id("team")):
        await moderation.decide(moderator, row["id"], 1, verdict)


@state("advanced", after="accepted")
async def _advanced(w: World) -> None:
    await moderation.advance(await w.viewer("moderator_own"), w.id("team"), w.id("module"))


@state("nothing_sent", after="draft")
async def _nothing_sent(w: World) -> None:
    """The same as a draft: work of the module has never been sent."""


# --- People who come and go -------------------------------------------------------------------------------------------


@state("invited")
async def _invited(w: World) -> None:
    """Open invitations to the team, to the cohort and to the programme; letters that wait or have failed."""
    guest = Invitee(f"{SECRETS['invited']}@example.org", "Гостья", Position.MUNICIPAL_EMPLOYEE)
    offer = await teams.invite_member(await w.viewer("team_lead"), w.id("team"), guest)
    w.ids["invitation"] = offer.invitation_id
    runs, stranger = await w.viewer("organiser_own"), w.people["stranger"]
    offers = await programmes.invite(runs, w.id("cohort"), Role.MODERATOR, [Guest(stranger.email, stranger.name)])
    w.ids |= {"invitation_to_cohort": offers[0].invitation_id, "key": offers[0].token}
    made = await administering.invite_organiser(
        await w.viewer("platform_admin"), email="new@example.org", name="Новый", programme=w.id("programme")
    )
    w.ids["invitation_to_programme"] = made.invitation_id
    await execute("UPDATE letter SET failed_at = now(), fault = 'no-server'")
    for name, invitation in (("letter", "invitation_to_cohort"), ("platform_letter", "invitation_to_programme")):
        w.ids[name] = await fetch_value("SELECT id FROM letter WHERE about = $1", w.id(invitation))


@state("team_withdrawn", after="draft")
async def _team_withdrawn(w: World) -> None:
    await corrections.withdraw_team(await w.viewer("organiser_own"), w.id("team"), SECRETS["more"])


@state("lead_removed", after="draft")
async def _lead_removed(w: World) -> None:
    runs, team = await w.viewer("organiser_own"), w.id("team")
    lead = w.id("membership_team_lead")
    await teams.transfer_lead(runs, team, w.id("membership_participant"), instead_of=lead)
    await teams.remove_member(runs, team, lead)


@state("moderator_reassigned", after="remarked")
async def _moderator_reassigned(w: World) -> None:
    moderator = w.people["moderator_own"].id
    await moderation.dismiss_moderator(await w.viewer("organiser_own"), w.id("cohort"), w.id("team"), moderator)


@state("deactivated")
async def _deactivated(w: World) -> None:
    await administering.deactivate(await w.viewer("platform_admin"), w.people["participant"].id)


@state("person_closed")
async def _person_closed(w: World) -> None:
    await administering.deactivate(await w.viewer("platform_admin"), w.id("person"))


@state("cohort_draft")
async def _cohort_draft(w: World) -> None:
    """The programme prepares its next cohort."""
    facts = CohortFacts("Осень 2027", "", "Asia/Vladivostok", date(2027, 9, 1), 20)
    runs = await w.viewer("organiser_own")
    w.ids["cohort_draft"] = await programmes.create_cohort(runs, w.id("programme"), facts, shipped()[0])


@state("password_changed")
async def _password_changed(w: World) -> None:
    await accounts.change_password(await w.viewer("stranger"), cast.PASSWORD, "другие семь сов на сосне")


# --- Rounds of scoring ------------------------------------------------------------------------------------------------


@state("seated", after="accepted")
async def _seated(w: World) -> None:
    """A round is drawn up and its jurors have declared their conflicts; one is in conflict with the first team."""
    runs, cohort = await w.viewer("organiser_own"), w.id("cohort")
    plan = replace(
        await preparing.plan_of(cohort), quorum=2, minimum_sheets=1, closing=Closing.CLOSE_WITH_GAPS, ties=("vote",)
    )
    await preparing.edit_plan(runs, cohort, plan)
    await cast.give(w.people["juror_removed"], Role.JUROR, Scope.COHORT, cohort, cohort=cohort)
    entrants = [each.id for each in w.teams[:3]]
    w.ids["round"] = await conducting.create_round(runs, cohort, "Защита", entrants)
    await conducting.seat_jurors(runs, w.id("round"), [w.people[role].id for role in SEATED])
    for role in SEATED:
        await declaring.declare(await w.viewer(role), w.id("round"), {})
        w.ids[f"seat_{role}"] = await fetch_value(
            "SELECT id FROM seat WHERE round = $1 AND person = $2", w.id("round"), w.people[role].id
        )
    for number, team in enumerate(entrants, 1):
        row = await fetch_one("SELECT id FROM round_project WHERE round = $1 AND team = $2", w.id("round"), team)
        w.ids[f"project_{number}"] = row["id"] if row else None
    w.ids |= {"project": w.id("project_1"), "extra": w.people["juror_extra"].id}
    criteria = await preparing.criteria_of(cohort)
    w.ids |= {"criterion": criteria[1].id, "criteria": [each.plan for each in criteria]}
    w.ids["unassigned"] = w.people["juror_unassigned"].id


async def _remove(w: World) -> None:
    await conducting.remove_juror(await w.viewer("organiser_own"), w.id("round"), w.id("seat_juror_removed"), "Уехал")


@state("round_draft", after="seated")
async def _round_draft(w: World) -> None:
    await _remove(w)


@state("round_own", after="round_draft")
async def _round_own(w: World) -> None:
    """The round has criteria of its own, one more than the cohort."""
    runs = await w.viewer("organiser_own")
    await round_rubric.take_own(runs, w.id("round"))
    more = replace(w.ids["criteria"][0], key="criterion_1", title="Смелость")
    await round_rubric.add(runs, w.id("round"), more)
    await allocating.ask(runs, w.id("round"), allocating.Limits(1, 9, 7, connected=False))
    for pair in (("project_3", "seat_juror_second"), ("project_2", "seat_juror_extra")):
        project, seat = map(w.id, pair)
        await execute("DELETE FROM allocated_pair WHERE project = $1 AND seat = $2", project, seat)
    await allocating.add_pair(runs, w.id("round"), w.id("project_2"), w.id("seat_juror_extra"))


@state("round_calibrating", after="round_draft")
async def _round_calibrating(w: World) -> None:
    """There is a sample project to practise on."""
    runs = await w.viewer("organiser_own")
    w.ids["sample"] = await practising.add_sample(runs, w.id("round"), "Парк у реки", "Выдуманный проект")


@state("round_substitute", after="seated")
async def _round_substitute(w: World) -> None:
    """One of the jurors waits to be called up."""
    runs = await w.viewer("organiser_own")
    await seating.set_duty(runs, w.id("round"), w.id("seat_juror_second"), "substitute")
    await conducting.open_round(runs, w.id("round"))
    await _remove(w)


@state("round_open", after="seated")
async def _round_open(w: World) -> None:
    """One juror has handed in a sheet and was removed then."""
    await conducting.open_round(await w.viewer("organiser_own"), w.id("round"))
    await _score(w, "juror_removed", "project_1", 5, SECRETS["voided"])
    await _remove(w)


async def _score(w: World, role: str, project: str, mark: int, comment: str) -> None:
    """Hand in a sheet with the same mark everywhere, moved into each scale."""
    marks = tuple(each.scale_min + mark * each.step for each in w.ids["criteria"])
    who = w.people[role].id
    version = await fetch_value(
        "SELECT s.version FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE e.person = $1 AND s.project = $2",
        who, w.id(project),
    )  # fmt: skip
    written = Entry(marks, comment)
    await scoring.hand_in(await w.viewer(role), w.id("round"), w.id(project), lambda _: written, expected=version)


@state("round_scored", after="round_open")
async def _round_scored(w: World) -> None:
    """Everybody who counts has scored the first project; the others have a clear order."""
    for role, word in (("juror_assigned", "ownsheet"), ("juror_extra", "sheet"), ("juror_second", "sheet")):
        for number in (1, 2, 3):
            await _score(w, role, f"project_{number}", number, SECRETS[word])
    w.ids["sheet"] = await fetch_value(
        "SELECT id FROM score_sheet WHERE seat = $1 AND project = $2", w.id("seat_juror_extra"), w.id("project")
    )


@state("recused_late", after="round_scored")
async def _recused_late(w: World) -> None:
    await declaring.declare(await w.viewer("juror_extra"), w.id("round"), {w.id("team"): SECRETS["conflict"]})


@state("session_expired", after="round_open")
async def _session_expired(w: World) -> None:
    who = w.people["juror_assigned"].id
    await execute("UPDATE session SET expires_at = now() - interval '1 second' WHERE person = $1", who)


@state("quarantined", after="round_open")
async def _quarantined(w: World) -> None:
    await files.quarantine(w.id("file"))


@state("round_locked", after="round_scored")
async def _round_locked(w: World) -> None:
    await _lock(w)


async def _lock(w: World) -> None:
    missing = await fetch_value(
        "SELECT count(*) FROM score_sheet s JOIN seat e ON e.id = s.seat WHERE s.round = $1"
        " AND e.removed_at IS NULL AND s.state IN ('empty', 'draft')",
        w.id("round"),
    )
    runs = await w.viewer("organiser_own")
    await conducting.lock_round(runs, w.id("round"), confirmed_missing=missing, note="Готово")


@state("round_tied", after="round_open")
async def _round_tied(w: World) -> None:
    for role in ("juror_assigned", "juror_extra"):
        for number in (1, 2, 3):
            await _score(w, role, f"project_{number}", 4, SECRETS["sheet"])
    await _lock(w)


@state("unlock_asked", after="round_locked")
async def _unlock_asked(w: World) -> None:
    w.ids["proposal"] = await agreeing.ask_to_unlock(await w.viewer("organiser_second"), w.id("round"), "Ошибка")


@state("publish_asked", after="round_locked")
async def _publish_asked(w: World) -> None:
    w.ids["proposal"] = await agreeing.ask_to_publish(await w.viewer("organiser_second"), w.id("round"))


@state("round_published", after="publish_asked")
async def _round_published(w: World) -> None:
    await agreeing.confirm(await w.viewer("organiser_own"), w.id("round"), w.id("proposal"))


@state("reopen_asked", after="round_locked")
async def _reopen_asked(w: World) -> None:
    w.ids["sheet"] = await fetch_value(
        "SELECT id FROM score_sheet WHERE seat = $1 AND project = $2", w.id("seat_juror_assigned"), w.id("project")
    )
    w.ids["proposal"] = await agreeing.ask_to_reopen(
        await w.viewer("organiser_second"), w.id("round"), w.id("sheet"), "Описка"
    )


@state("sheet_reopened", after="reopen_asked")
async def _sheet_reopened(w: World) -> None:
    await agreeing.confirm(await w.viewer("organiser_own"), w.id("round"), w.id("proposal"))
