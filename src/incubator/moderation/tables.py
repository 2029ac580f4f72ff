"""What a moderator says and decides about a team's work."""

from piccolo.columns import UUID, Boolean, Integer, Text, Timestamptz, Varchar
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from incubator.foundation.database import DB, new_id, ref
from incubator.programmes.tables import Programme
from incubator.stages.tables import Revision, Submission
from incubator.teams.tables import Team


class Decision(Table, db=DB, tablename="decision"):
    """What was decided about one revision; there is never more than one that stands (a partial unique index says so).

    `rework_before` is what the work's `rework_until` was, so that taking the decision back brings it back.
    """

    id = UUID(primary_key=True, default=new_id)
    revision = ref(Revision)
    kind = Varchar(length=12, null=False)
    message = Text(null=False, default="")
    decided_at = Timestamptz(null=False, default=None)
    decided_by = UUID(null=False, default=None)
    rework_before = Timestamptz(null=True, default=None)
    taken_back_at = Timestamptz(null=True, default=None)

    kind_known = Check("kind IN ('accepted', 'returned', 'failed')")


class Remark(Table, db=DB, tablename="remark"):
    """A remark at a field of a revision; the team sees it from `sent_at`."""

    id = UUID(primary_key=True, default=new_id)
    submission = ref(Submission)
    revision = ref(Revision)
    field = Varchar(length=60, null=False, default="")
    text = Text(null=False)
    author = UUID(null=False, default=None)
    written_at = Timestamptz(null=False, default=None)
    edited_at = Timestamptz(null=True, default=None)
    sent_at = Timestamptz(null=True, default=None)


class RemarkReply(Table, db=DB, tablename="remark_reply"):
    """An answer in the thread of a remark."""

    id = UUID(primary_key=True, default=new_id)
    remark = ref(Remark)
    text = Text(null=False)
    author = UUID(null=False, default=None)
    written_at = Timestamptz(null=False, default=None)


class PrivateNote(Table, db=DB, tablename="private_note"):
    """A note about a team for moderators and organisers; the team never learns that it exists."""

    id = UUID(primary_key=True, default=new_id)
    team = ref(Team)
    text = Text(null=False)
    author = UUID(null=False, default=None)
    written_at = Timestamptz(null=False, default=None)
    edited_at = Timestamptz(null=True, default=None)
    version = Integer(null=False, default=1)
    retracted_at = Timestamptz(null=True, default=None)


class NoteVersion(Table, db=DB, tablename="private_note_version"):
    """What a private note said before it was changed; `kept_at` is when the next text took its place."""

    id = UUID(primary_key=True, default=new_id)
    note = ref(PrivateNote, index=False)
    number = Integer(null=False)
    text = Text(null=False)
    kept_at = Timestamptz(null=False, default=None)

    note_version_once = Unique(["note", "number"])


class GuidingQuestion(Table, db=DB, tablename="guiding_question"):
    """A question asked of a team about its case, and the team's answer; both stay with the case.

    `turn` says whose word is missing: the team's, staff's (the team has answered), or nobody's (settled).
    """

    id = UUID(primary_key=True, default=new_id)
    team = ref(Team)
    submission = ref(Submission, null=True)
    text = Text(null=False)
    asked_at = Timestamptz(null=False, default=None)
    asked_by = UUID(null=False, default=None)
    answer = Text(null=False, default="")
    answered_at = Timestamptz(null=True, default=None)
    answered_by = UUID(null=True, default=None)
    turn = Varchar(length=8, null=False, default="team")
    turned_at = Timestamptz(null=True, default=None)
    settled_at = Timestamptz(null=True, default=None)
    settled_by = UUID(null=True, default=None)

    turn_known = Check("turn IN ('team', 'staff', 'nobody')")


class QuestionReply(Table, db=DB, tablename="question_reply"):
    """A further word under a guiding question, of the team or of those who asked."""

    id = UUID(primary_key=True, default=new_id)
    question = ref(GuidingQuestion)
    text = Text(null=False)
    author = UUID(null=False, default=None)
    of_team = Boolean(null=False, default=False)
    written_at = Timestamptz(null=False, default=None)


class Phrase(Table, db=DB, tablename="phrase"):
    """A remark that is written often: of one person, or of a programme and all who check its work."""

    id = UUID(primary_key=True, default=new_id)
    person = UUID(null=True, default=None, index=True)
    programme = ref(Programme, null=True)
    text = Text(null=False)
    made_at = Timestamptz(null=False, default=None)
    made_by = UUID(null=False, default=None)

    of_one_or_all = Check("(person IS NULL) <> (programme IS NULL)")


class Checking(Table, db=DB, tablename="checking"):
    """Who is at a piece of work just now; it counts for nothing some minutes after `acted_at`."""

    id = UUID(primary_key=True, default=new_id)
    submission = ref(Submission, index=False)
    person = UUID(null=False, default=None)
    began_at = Timestamptz(null=False, default=None)
    acted_at = Timestamptz(null=False, default=None)

    checking_once = Unique(["submission"])


class TeamMessage(Table, db=DB, tablename="team_message"):
    """What a moderator or organiser wrote to a team; the same text may have gone to several."""

    id = UUID(primary_key=True, default=new_id)
    team = ref(Team)
    text = Text(null=False)
    author = UUID(null=False, default=None)
    sent_at = Timestamptz(null=False, default=None)
