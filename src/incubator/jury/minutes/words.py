"""The minutes of a round in words: one document of plain texts, from which page, Word and PDF are made.

Every number is a text already, exact and in the language of the reader, so that no program rounds it once more.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from incubator.foundation.i18n import Message, day, exact, locale, moment, score
from incubator.jury.conflicts.kinship import SOURCE_WORDS
from incubator.jury.minutes.gathering import Facts, Sheet, Sitting
from incubator.jury.minutes.rules import Draft
from incubator.jury.result.reasons import rounding_mattered
from incubator.jury.result.rules import DECIDED_WORDS
from incubator.jury.result.snapshot import Result, Row, tie_words
from incubator.jury.rubric import Rubric, total_words
from incubator.jury.rules import SHEET_WORDS, SheetState
from incubator.jury.sheets.papers import Step
from incubator.jury.terms import AGGREGATES, CLOSINGS, DUTY_WORDS, OFFICES, ROUNDINGS, Duty

Document = dict[str, Any]

LABELS: Mapping[str, Message] = {
    "minutes": Message("Minutes"), "of_jury": Message("of the jury's meeting"), "number": Message("Number"),
    "date": Message("Date"), "place_of_meeting": Message("Place"), "cohort": Message("Cohort"), "round": Message("Round"),
    "present": Message("Present beside the jury"), "agenda": Message("Agenda"), "jury": Message("Composition of the jury"),
    "name": Message("Name"), "duty": Message("Duty"), "votes": Message("Scores"), "sheets": Message("Sheets"),
    "remark": Message("Remark"), "quorum": Message("Quorum"), "recusals": Message("Conflicts of interest and recusals"),
    "juror": Message("Juror"), "team": Message("Team"), "reason": Message("Reason"), "when": Message("When"),
    "replaced_by": Message("Replaced by"), "stepped": Message("Substitutes who were called up"),
    "order": Message("Running order"), "project": Message("Project"), "municipality": Message("Municipality"),
    "presented": Message("Presented"), "swapped": Message("How the running order was drawn and changed"),
    "teams": Message("Teams"), "changed_by": Message("Changed by"),
    "papers": Message("Sheets of paper that were typed and not recorded at the lock"), "code": Message("Code of the sheet"),
    "typed_by": Message("Typed by"), "wording": Message("Wording"), "rules": Message("Criteria and rules"), "criterion": Message("Criterion"),
    "weight": Message("Weight"), "scale": Message("Scale"), "summary": Message("Summary table"), "rank": Message("Place"),
    "total": Message("Total"), "tie": Message("Equal totals"), "not_assessed": Message("Not assessed"),
    "ties": Message("How equal totals were decided"), "decisions": Message("Decisions of the deliberation"),
    "for": Message("For"), "against": Message("Against"), "abstained": Message("Abstained"), "outcome": Message("Outcome"),
    "decision": Message("Decision"), "notes": Message("Notes"), "unsigned": Message("Jurors who have not confirmed their sheets"),
    "ledger": Message("Score ledger"), "root": Message("Root"), "entries": Message("Entries"),
    "check": Message("How to check it"), "signatures": Message("Signatures"), "annex": Message("Annex: sheets by juror"),
    "state": Message("State"), "comment": Message("Comment"), "none": Message("None."),
    "nothing_missing": Message("All have confirmed."),
}  # fmt: skip


def document(facts: Facts, draft: Draft) -> Document:
    """The whole document in the language of the moment."""
    scoring, zone = facts.scoring, facts.zone
    return {
        "lang": locale(), "labels": {name: str(text) for name, text in LABELS.items()},
        "number": draft.number, "date": day(draft.held_on), "place": draft.place,
        "agenda": draft.agenda.splitlines(), "present": draft.present.splitlines(),
        "decision": draft.decision.splitlines(), "notes": draft.notes.splitlines(),
        "round": scoring.name, "cohort": scoring.cohort_name, "title": title(draft.number),
        "jury": [_sitting(each, zone) for each in facts.jury],
        "quorum": [str(each) for each in _quorum(facts)],
        "recusals": [
            {"juror": each.juror, "team": each.team, "reason": _cause(each.source, each.reason),
             "at": moment(each.at, zone) if each.at else "–", "replaced_by": each.replaced_by or "–"}
            for each in facts.recusals
        ],
        "stepped": [
            {"substitute": each.substitute, "juror": each.juror, "teams": ", ".join(each.teams), "reason": each.reason,
             "at": moment(each.at, zone)}
            for each in facts.stepped
        ],
        "order": [
            {"number": str(each.place), "team": each.team, "title": each.title, "municipality": each.municipality,
             "presented": moment(each.presented_at, zone) if each.presented_at else "–"}
            for each in facts.projects
        ],
        "swapped": [
            {"at": moment(each.at, zone), "teams": " – ".join(each.teams) or str(Message("all teams")), "by": each.by,
             "reason": str(Message("drawn at random, seed {seed}", seed=each.seed)) if each.seed else each.reason}
            for each in facts.swapped
        ],
        "papers": _papers(facts),
        **_result(facts), **_decided(facts), **_proof(facts),
        "annex": _annex(facts),
    }  # fmt: skip


def title(number_of_minutes: str) -> str:
    """What the document is called."""
    return str(Message("Minutes No. {number}", number=number_of_minutes) if number_of_minutes else Message("Minutes"))


# --- Who --------------------------------------------------------------------------------------------------------------


def _sitting(each: Sitting, zone: str) -> Document:
    return {
        "name": each.name, "duty": str(DUTY_WORDS[each.duty]), "votes": str(Message("yes") if each.votes else Message("no")),
        "sheets": str(each.handed_in), "remark": _fate(each, zone),
    }  # fmt: skip


def _fate(each: Sitting, zone: str) -> str:
    if each.removed_at:
        return str(
            Message(
                "left the jury {moment}: {reason}", moment=moment(each.removed_at, zone), reason=each.removal_reason
            )
        )
    if each.signed_at:
        return str(Message("confirmed the sheets {moment}", moment=moment(each.signed_at, zone)))
    return str(Message("has not confirmed the sheets")) if _has_sheets(each) else "–"


def _has_sheets(each: Sitting) -> bool:
    return each.removed_at is None and bool(each.handed_in or each.missing)


def _quorum(facts: Facts) -> Iterable[Message]:
    took_part = sum(1 for each in facts.jury if each.handed_in and each.removed_at is None)
    plan = facts.result.plan
    reached = took_part >= plan.quorum
    yield Message("{present} of {seats} voting members handed in sheets; {quorum} are needed.", present=took_part,
                  seats=_voting(facts), quorum=plan.quorum)  # fmt: skip
    yield Message("The quorum was reached.") if reached else Message("The quorum was not reached.")
    if facts.scoring.locked_at:
        yield Message("The round was locked {moment}.", moment=moment(facts.scoring.locked_at, facts.zone))
    if facts.scoring.lock_note:
        yield Message("Note at the lock: {note}", note=facts.scoring.lock_note)


def _voting(facts: Facts) -> int:
    return sum(1 for each in facts.jury if each.removed_at is None and (each.votes or each.handed_in))


def _cause(source: str | None, reason: str) -> str:
    word = str(SOURCE_WORDS[source]) if source else str(Message("Role in the team"))
    return f"{word}: {reason}" if reason else word


WAITS_FOR: Mapping[Step, Message] = {
    Step.SECOND: Message("typed once, not a second time"),
    Step.SETTLED: Message("typed twice, the readings differ and were not settled"),
    Step.DONE: Message("typed twice; the juror has not said whether it stands"),
}


def _papers(facts: Facts) -> list[Document]:
    teams = {each.id: f"{each.place}. {each.team}" for each in facts.projects}
    return [
        {"juror": each.juror, "team": teams[each.project], "code": each.code, "state": str(WAITS_FOR[each.waits_for]),
         "typed_by": each.typed_by}
        for each in facts.papers
    ]  # fmt: skip


# --- What came out ----------------------------------------------------------------------------------------------------


def _result(facts: Facts) -> Document:
    result, words = facts.result, tie_words(facts.result.rubric)
    return {
        "criteria": [
            {"title": each.title, "weight": str(each.weight), "scale": f"{score(each.scale_min)}–{score(each.scale_max)}"}
            for each in result.rubric.criteria
        ],
        "rules": rules_told(result),
        "summary": [_row(row, words) for row in result.placed],
        "not_assessed": [
            {"team": row.name, "sheets": str(row.sheets), "title": row.title} for row in result.not_assessed
        ],
    }  # fmt: skip


def rules_told(result: Result) -> list[str]:
    """How totals and places come from the sheets, in sentences."""
    plan, words = result.plan, tie_words(result.rubric)
    return [
        f"{AGGREGATES[plan.aggregate]}.",
        str(Message("Least number of sheets: {number}.", number=plan.minimum_sheets)),
        str(Message("Missing sheets: {rule}.", rule=CLOSINGS[plan.closing])),
        str(Message("{rounding}, to {decimals} decimals.", rounding=ROUNDINGS[plan.rounding], decimals=plan.decimals)),
        *map(str, rounding_mattered(result)),
        str(Message("Equal totals: {rules}.", rules=", ".join(str(words[each]) for each in plan.ties))),
    ]


def _row(row: Row, words: Mapping[str, Message]) -> Document:
    waits = str(Message("waits for a vote"))
    return {
        "rank": str(row.place), "team": row.name, "title": row.title, "municipality": row.municipality,
        "sheets": str(row.sheets), "total": exact(row.total),
        "tie": waits if row.awaits_vote else str(words[row.decided_by]) if row.decided_by else "",
    }  # fmt: skip


def _decided(facts: Facts) -> Document:
    words = tie_words(facts.result.rubric)
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in facts.result.placed:
        groups[row.total or ""].append(row)
    ties = [str(_tie(rows, words)) for rows in groups.values() if len(rows) > 1]
    ties += [
        str(Message("Vote {moment}: {teams}. {reason}", moment=moment(each.at, facts.zone), teams=", ".join(each.teams),
                    reason=each.reason))
        for each in facts.votes
    ]  # fmt: skip
    return {"ties": ties, "decisions": [_motion(each, facts.zone) for each in facts.decisions]}


def _tie(rows: Sequence[Row], words: Mapping[str, Message]) -> Message:
    said = ", ".join(
        str(Message("{team} (place {place}{rule})", team=row.name, place=row.place, rule=_by(row, words)))
        for row in rows
    )
    return Message("Total {total}: {teams}.", total=exact(rows[0].total), teams=said)


def _by(row: Row, words: Mapping[str, Message]) -> str:
    if row.awaits_vote:
        return f", {Message('waits for a vote')}"
    return f", {words[row.decided_by]}" if row.decided_by else ""


def _motion(each: Any, zone: str) -> Document:
    found = each.decision
    outcome = Message("adopted") if found.adopted else Message("not adopted")
    if each.struck_at:
        outcome = Message("struck {moment}: {reason}", moment=moment(each.struck_at, zone), reason=each.struck_reason)
    what = f"{DECIDED_WORDS[each.kind]}: {found.title}"
    return {
        "what": what, "title": found.title, "text": found.text, "team": found.team or "–", "for": str(found.votes_for),
        "against": str(found.votes_against), "abstained": str(found.abstained), "outcome": str(outcome),
    }  # fmt: skip


def _proof(facts: Facts) -> Document:
    leads = [each for each in facts.jury if each.duty in OFFICES and each.removed_at is None]
    others = [each for each in facts.jury if each.duty not in OFFICES and _has_sheets(each)]
    missing = [(DUTY_WORDS[duty], "") for duty in (Duty.CHAIR, Duty.SECRETARY) if duty not in {e.duty for e in leads}]
    signed = [*((DUTY_WORDS[each.duty], each.name) for each in leads), *missing]
    signed += [(DUTY_WORDS[each.duty], each.name) for each in others]
    return {
        "unsigned": [each.name for each in facts.jury if _has_sheets(each) and not each.signed_at],
        "root": facts.ledger.root, "entries": str(facts.ledger.entries),
        "command": f"python short_verifier.py ledger.jsonl {facts.ledger.root}",
        "signatures": [{"duty": str(duty), "name": name} for duty, name in signed],
    }  # fmt: skip


# --- The annex --------------------------------------------------------------------------------------------------------


def _annex(facts: Facts) -> list[Document]:
    teams = {each.id: f"{each.place}. {each.team}" for each in facts.projects}
    by_seat: dict[Any, list[Document]] = defaultdict(list)
    for each in facts.sheets:
        by_seat[each.seat].append(sheet_line(each, teams[each.project], facts.result.rubric))
    criteria = [each.title for each in facts.result.rubric.criteria]
    return [
        {"juror": each.name, "duty": str(DUTY_WORDS[each.duty]), "criteria": criteria, "rows": by_seat[each.id],
         "remark": _fate(each, facts.zone)}
        for each in facts.jury if by_seat[each.id]
    ]  # fmt: skip


def sheet_line(each: Sheet, team: str, rubric: Rubric) -> Document:
    """One sheet; what doesn't count has its reason."""
    told = () if each.state is SheetState.RECUSED else each.marks
    marks = [score(mark) for mark in told]
    return {
        "team": team, "marks": marks or ["–"] * len(rubric.criteria),
        "total": "–" if each.total is None else total_words(told, rubric),
        "state": str(SHEET_WORDS[each.state]), "comment": each.comment, "reason": each.reason,
    }  # fmt: skip
