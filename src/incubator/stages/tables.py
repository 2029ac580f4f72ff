"""The plan that a cohort works through, and each team's way through it."""

from piccolo.columns import JSONB, UUID, Boolean, Integer, Text, Timestamptz, Varchar
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from incubator.foundation.database import DB, new_id, ref
from incubator.foundation.files import StoredFile
from incubator.programmes.tables import Cohort
from incubator.teams.tables import Team


class Module(Table, db=DB, tablename="module"):
    """A module of a cohort; its gate decides how a team gets into the next one.

    `late_work` says what becomes of work sent after `due_at`; a deadline that closes may have minutes of grace.
    """

    id = UUID(primary_key=True, default=new_id)
    cohort = ref(Cohort)
    place = Integer(null=False)
    key = Varchar(length=60, null=False)
    title = Varchar(length=200, null=False)
    summary = Text(null=False, default="")
    opens_at = Timestamptz(null=False, default=None)
    due_at = Timestamptz(null=False, default=None)
    late_work = Varchar(length=10, null=False, default="refused")
    grace_minutes = Integer(null=False, default=0)
    gate = Varchar(length=30, null=False, default="all_required_accepted")

    module_one_key = Unique(["cohort", "key"])
    gate_known = Check("gate IN ('all_required_accepted', 'open_by_date')")
    in_order = Check("opens_at < due_at")
    late_work_known = Check("late_work IN ('refused', 'marked')")
    grace_in_range = Check("grace_minutes BETWEEN 0 AND 1440 AND (grace_minutes = 0 OR late_work = 'refused')")


class Assignment(Table, db=DB, tablename="assignment"):
    """An assignment of a module; `fields` and `guiding_questions` as the blueprint writes them.

    `retired` are fields that organisers took out: drafts may hold answers to them, and their keys are never used again.
    """

    id = UUID(primary_key=True, default=new_id)
    module = ref(Module)
    place = Integer(null=False)
    key = Varchar(length=60, null=False)
    title = Varchar(length=200, null=False)
    instructions = Text(null=False, default="")
    required = Boolean(null=False, default=True)
    rework_limit = Integer(null=False, default=3)
    fields = JSONB(null=False, default="[]")
    retired = JSONB(null=False, default="[]")
    guiding_questions = JSONB(null=False, default="[]")

    assignment_one_key = Unique(["module", "key"])
    limit_in_range = Check("rework_limit BETWEEN 0 AND 20")


class TeamModule(Table, db=DB, tablename="team_module"):
    """A team is in a module from `opened_at` and through it from `advanced_at`; an override has a reason.

    `closed_at` is set when an organiser takes the entry back; the row then counts for nothing until it is opened anew.
    """

    id = UUID(primary_key=True, default=new_id)
    team = ref(Team)
    module = ref(Module)
    opened_at = Timestamptz(null=False, default=None)
    advanced_at = Timestamptz(null=True, default=None)
    advanced_by = UUID(null=True, default=None)
    override_reason = Text(null=False, default="")
    closed_at = Timestamptz(null=True, default=None)

    team_module_once = Unique(["team", "module"])


class Submission(Table, db=DB, tablename="submission"):
    """A team's work on an assignment: the draft in `content` (field key -> what was typed), and where it stands.

    `writers` says who saved last when, and when that was last put into the journal: person -> [saved, noted].
    """

    id = UUID(primary_key=True, default=new_id)
    team = ref(Team)
    assignment = ref(Assignment)
    state = Varchar(length=12, null=False, default="not_started")
    content = JSONB(null=False, default="{}")
    version = Integer(null=False, default=0)
    updated_at = Timestamptz(null=True, default=None)
    updated_by = UUID(null=True, default=None)
    extended_to = Timestamptz(null=True, default=None)
    extension_reason = Text(null=False, default="")
    rework_until = Timestamptz(null=True, default=None)
    writers = JSONB(null=False, default="{}")

    submission_once = Unique(["team", "assignment"])
    state_known = Check("state IN ('not_started', 'in_progress', 'submitted', 'returned', 'accepted', 'failed')")


class Revision(Table, db=DB, tablename="revision"):
    """What a team sent, for good; `fields` are the assignment's at that moment."""

    id = UUID(primary_key=True, default=new_id)
    submission = ref(Submission)
    number = Integer(null=False)
    receipt = Varchar(length=20, null=False, unique=True)
    content = JSONB(null=False)
    fields = JSONB(null=False)
    sent_at = Timestamptz(null=False, default=None)
    sent_by = UUID(null=True, default=None)
    late = Boolean(null=False, default=False)

    revision_once = Unique(["submission", "number"])


class SubmissionFile(Table, db=DB, tablename="submission_file"):
    """A file put to a field of a draft; sent revisions keep the file's id and name in their content.

    `name` is what the team calls it instead of the name it came with, "" if nothing else.
    """

    id = UUID(primary_key=True, default=new_id)
    submission = ref(Submission)
    field = Varchar(length=60, null=False)
    file = ref(StoredFile)
    name = Varchar(length=255, null=False, default="")
    description = Varchar(length=500, null=False, default="")
    removed_at = Timestamptz(null=True, default=None)
