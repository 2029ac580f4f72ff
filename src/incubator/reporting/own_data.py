"""What is kept about a person across all features, for that person: memberships, own texts, own marks after the lock, acts."""

import json
from typing import Any, Final
from uuid import UUID

from incubator.foundation.database import fetch
from incubator.foundation.i18n import Message
from incubator.jury.conflicts.kinship import SOURCE_WORDS
from incubator.jury.minutes.rules import TITLES
from incubator.jury.rules import SHEET_WORDS
from incubator.people.own_data import forget, register, rows_of, say
from incubator.programmes.rules import POSITIONS
from incubator.reporting.words import sentence

MEMBERSHIPS: Final = """
SELECT t.name AS team, m.position, m.job_title, m.joined_at, m.left_at FROM team_member m JOIN team t ON t.id = m.team
WHERE m.person = $1 ORDER BY m.joined_at, m.id
"""
CASES: Final = """
SELECT t.name AS team, v.number AS version, v.content::text AS text, v.made_at AS at FROM case_version v
JOIN problem_case k ON k.id = v.problem_case JOIN team t ON t.id = k.team WHERE v.made_by = $1
UNION ALL
SELECT t.name, NULL, jsonb_build_object('title', k.title, 'problem', k.problem, 'affected', k.affected,
  'expected_change', k.expected_change, 'causes', k.causes, 'effects', k.effects)::text, k.updated_at
FROM problem_case k JOIN team t ON t.id = k.team WHERE k.updated_by = $1 AND k.deleted_at IS NULL ORDER BY at
"""
WORKS: Final = """
SELECT t.name AS team, a.title, r.number AS version, r.content::text AS text, r.sent_at AS at FROM revision r
JOIN submission s ON s.id = r.submission JOIN team t ON t.id = s.team JOIN assignment a ON a.id = s.assignment
WHERE r.sent_by = $1
UNION ALL
SELECT t.name, a.title, NULL, s.content::text, s.updated_at FROM submission s
JOIN team t ON t.id = s.team JOIN assignment a ON a.id = s.assignment
WHERE s.updated_by = $1 OR s.writers ? $1::text ORDER BY at
"""
FILES: Final = (
    "SELECT name, media_type, size, stored_at AS at FROM stored_file WHERE stored_by = $1 ORDER BY stored_at, id"
)
REMARKS: Final = """
SELECT 'remark' AS kind, text, written_at AS at FROM remark WHERE author = $1
UNION ALL SELECT 'reply', text, written_at FROM remark_reply WHERE author = $1
UNION ALL SELECT 'note', text, written_at FROM private_note WHERE author = $1
UNION ALL SELECT 'note', v.text, v.kept_at FROM private_note_version v JOIN private_note n ON n.id = v.note
  WHERE n.author = $1
UNION ALL SELECT 'question', text, asked_at FROM guiding_question WHERE asked_by = $1
UNION ALL SELECT 'word', text, written_at FROM question_reply WHERE author = $1
UNION ALL SELECT 'peer_remark', text, written_at FROM peer_remark WHERE author = $1
UNION ALL SELECT 'peer_answer', answer, answered_at FROM peer_remark WHERE answered_by = $1
UNION ALL SELECT 'answer', answer, answered_at FROM guiding_question WHERE answered_by = $1
UNION ALL SELECT 'phrase', text, made_at FROM phrase WHERE made_by = $1
UNION ALL SELECT 'message', text, sent_at FROM team_message WHERE author = $1 ORDER BY at
"""
POINTS: Final = "to_jsonb(ARRAY(SELECT m / 1000.0 FROM unnest(s.marks) m))::text AS marks"
SHEETS: Final = f"""
SELECT r.name AS round, p.title, s.state, {POINTS}, s.comment AS text, s.reason, s.saved_at AS at
FROM score_sheet s JOIN seat e ON e.id = s.seat JOIN scoring_round r ON r.id = s.round
JOIN round_project p ON p.id = s.project WHERE e.person = $1 AND r.state IN ('locked', 'published')
ORDER BY r.created_at, p.place
"""
JUROR_CARD: Final = """
SELECT m.name AS municipality, c.region, c.said_at AS at FROM juror_card c
LEFT JOIN municipality m ON m.id = c.municipality WHERE c.person = $1
"""
PRACTICE: Final = f"""
SELECT r.name AS round, p.title, {POINTS}, s.handed_in_at AS at FROM sample_sheet s
JOIN sample p ON p.id = s.sample JOIN scoring_round r ON r.id = p.round JOIN seat e ON e.id = s.seat
WHERE e.person = $1
UNION ALL
SELECT r.name, p.title, CASE w.value WHEN 1 THEN 'gladly' ELSE 'rather not' END, NULL FROM juror_wish w
JOIN seat e ON e.id = w.seat JOIN scoring_round r ON r.id = e.round JOIN round_project p ON p.id = w.project
WHERE e.person = $1
"""
CERTIFICATES: Final = """
SELECT r.name AS round, c.kind, c.merit AS text, c.code, c.issued_at AS at, c.withdrawn_at FROM certificate c
JOIN scoring_round r ON r.id = c.round WHERE c.member = $1 ORDER BY c.issued_at, c.id
"""
ACTS: Final = "SELECT at, verb, data, subject = actor AS own FROM journal_entry WHERE actor = $1 ORDER BY id"

WRITTEN: Final = {
    "remark": Message("Remark"), "reply": Message("Answer to a remark"), "note": Message("Note"),
    "question": Message("Question to a team"), "word": Message("Word about an answer"), "answer": Message("Answer to a question"),
    "peer_remark": Message("Remark to another team"), "peer_answer": Message("Answer to another team"),
    "phrase": Message("Phrase for remarks"), "message": Message("Message to a team"),
}  # fmt: skip
WISHES: Final = {"gladly": Message("Would score gladly"), "rather not": Message("Would rather not score")}


async def _acts(person: UUID) -> list[dict[str, Any]]:
    """What the person did, each in words; whom else it concerned is theirs."""
    return [
        {"at": row["at"], "verb": row["verb"], "words": str(sentence(row["verb"], {**json.loads(row["data"]), "own": row["own"]}))}
        for row in await fetch(ACTS, person)
    ]  # fmt: skip


register("memberships", rows_of(MEMBERSHIPS), Message("Teams"), {"position": POSITIONS})
register("problem cases", rows_of(CASES), Message("Problem cases that you wrote"))
register("works", rows_of(WORKS), Message("Work that you wrote or sent"))
register("files", rows_of(FILES), Message("Files that you uploaded"))
register("remarks", rows_of(REMARKS), Message("Remarks, questions, notes and messages"), {"kind": WRITTEN})
register("score sheets", rows_of(SHEETS), Message("Score sheets, after the lock"), {"state": SHEET_WORDS})
register("juror", rows_of(JUROR_CARD), Message("What you said of yourself as a juror"))
register(
    "practice", rows_of(PRACTICE), Message("Marks for samples, and what you would score gladly"), {"marks": WISHES}
)
register("certificates", rows_of(CERTIFICATES), Message("Certificates"), {"kind": TITLES})
register("acts", _acts, Message("What you did"))
say("invitations", {"position": POSITIONS})
say("conflicts of interest", {"source": SOURCE_WORDS})

forget(
    "UPDATE team_member SET job_title = '', left_at = coalesce(left_at, now()) WHERE person = $1::uuid",
    "DELETE FROM phrase WHERE person = $1::uuid",
    "DELETE FROM checking WHERE person = $1::uuid",
)
