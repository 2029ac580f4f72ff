"""Who may remark, note, ask and decide, how long a remark can be edited, and what these forms say. Pure.

Rights follow the project's authorization matrix, rows private_note.* and public_comment.*.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message
from incubator.people.rights import KNOWS_TEAM, MODERATOR, ORGANISER, ORGANISERS, TEAM, Relation, right
from incubator.stages.rules import ONLY_STAFF, Outcome

EDITABLE: Final = timedelta(minutes=15)
LONG_WAIT: Final = timedelta(days=5)
"""After so long a wait for a decision the queue and the organisers are told."""
LONGEST: Final = 10_000
UNDO_LASTS: Final = timedelta(minutes=10)
"""So long a decision can be taken back; its letter waits as long, and half a minute for a request that is on its way."""
LETTER_WAITS: Final = UNDO_LASTS + timedelta(seconds=30)
CHECK_LASTS: Final = timedelta(minutes=15)
"""So long after the last thing somebody did on the desk a check counts as under way."""
PHRASE_LIMIT: Final = 2_000
MOST_PHRASES: Final = 200  # of one person, or of one programme
MESSAGE_LIMIT: Final = 5_000

ADMINISTRATOR = frozenset({Relation.ADMINISTRATOR})
CONFLICTED = frozenset({Relation.ORGANISER_CONFLICTED})
WITHOUT_CONFLICT = MODERATOR | ORGANISER
ONLY_AUTHOR = Message("Only its author changes this.")
LED_ON = Message("The team is in the next module and has been told. An organiser can take this back.")
LED_OUT = Message("The team has passed the last module.")
NOTHING_DECIDED = Message("No decision stands about this work, so there is nothing to take back.")
TOO_LATE = Message("The ten minutes are over and the letter has gone out. The decision stands.")
ANSWERED_SINCE = Message("The team has answered your remarks since the decision, so it stands.")

VIEW_NOTES = right("private_note.view", allow=WITHOUT_CONFLICT, forbid=CONFLICTED | ADMINISTRATOR)
WRITE_NOTE = right("private_note.create", allow=WITHOUT_CONFLICT, forbid=CONFLICTED | ADMINISTRATOR)
VIEW_REMARKS = right("public_comment.view", allow=TEAM | MODERATOR | ORGANISERS, forbid=ADMINISTRATOR)
REMARK = right("public_comment.create", allow=WITHOUT_CONFLICT, forbid=KNOWS_TEAM, reason=ONLY_STAFF)
REPLY = right("public_comment.reply", allow=TEAM | WITHOUT_CONFLICT, forbid=CONFLICTED | ADMINISTRATOR)
ASK = right("guiding_question.ask", allow=WITHOUT_CONFLICT, forbid=KNOWS_TEAM, reason=ONLY_STAFF)
ANSWER = right(
    "guiding_question.answer",
    allow=TEAM,
    forbid=KNOWS_TEAM,
    reason=Message("The team answers this question."),
)
REPLY_TO_QUESTION = right("guiding_question.reply", allow=TEAM | WITHOUT_CONFLICT, forbid=CONFLICTED | ADMINISTRATOR)
SETTLE = right("guiding_question.settle", allow=WITHOUT_CONFLICT, forbid=KNOWS_TEAM, reason=ONLY_STAFF)
ASSIGN = right(
    "moderator.assign",
    allow=ORGANISERS,
    forbid=KNOWS_TEAM | {Relation.OTHER_TEAM, Relation.OTHER_MODERATOR, Relation.JUROR, Relation.JUROR_CONFLICTED},
    reason=Message("Only the organisers of the programme assign moderators."),
)
MESSAGE = right("team.message", allow=WITHOUT_CONFLICT, forbid=KNOWS_TEAM, reason=ONLY_STAFF)
READ_MESSAGES = right("team.messages_view", allow=TEAM | MODERATOR | ORGANISERS, forbid=ADMINISTRATOR)
PHRASES = right(
    "phrase.use", allow=WITHOUT_CONFLICT, reason=Message("Phrases are for those who check the work of teams.")
)
SHARE_PHRASE = right(
    "phrase.share",
    allow=ORGANISERS,
    reason=Message("The phrases of a programme are chosen by its organisers. Keep your own ones beside them."),
)
CHECK = right("desk.view", allow=WITHOUT_CONFLICT, forbid=KNOWS_TEAM, reason=ONLY_STAFF)


def not_editable(author: object, viewer: object, sent_at: datetime | None, now: datetime) -> Message | None:
    """Why a remark can't be edited, or None: drafts always can, sent ones for a quarter of an hour, by their author."""
    if author != viewer:
        return ONLY_AUTHOR
    if sent_at is not None and now > sent_at + EDITABLE:
        return Message("The team may have acted on this remark already. Write another one.")
    return None


def not_undoable(decided_by: object, viewer: object, decided_at: datetime, now: datetime) -> Message | None:
    """Why a decision can't be taken back, or None: for ten minutes it can, by whoever made it."""
    if decided_by != viewer:
        return ONLY_AUTHOR
    return TOO_LATE if now > decided_at + UNDO_LASTS else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the moderator decided, and the words that go with it."""

    outcome: Outcome
    message: str


def read_text(form: Form, name: str = "text") -> str:
    """A remark, note, question or answer; raises Invalid when it is empty."""
    text = form.text(name, limit=LONGEST, lines=True)
    form.demand()
    return text


def read_verdict(form: Form) -> Verdict:
    """The decision about a revision; returning or failing says why. Raises Invalid."""
    outcome = form.choice("outcome", list(Outcome))
    message = form.text("message", limit=LONGEST, lines=True, required=False)
    if outcome in {Outcome.RETURNED, Outcome.FAILED} and not message:
        form.fail("message", Message("Say in a few words what the team should do, or why the work was not accepted."))
    form.demand()
    return Verdict(given(outcome), message)
