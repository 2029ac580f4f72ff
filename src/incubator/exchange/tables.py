"""What a team has opened to its cohort, what peers remark on it, and cases published as cards."""

from piccolo.columns import JSONB, UUID, Integer, Text, Timestamptz, Varchar
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from incubator.foundation.database import DB, new_id, ref
from incubator.stages.tables import Revision, Submission
from incubator.teams.tables import CaseVersion, ProblemCase, Team


class OpenedWork(Table, db=DB, tablename="opened_work"):
    """A version of a team's case or of its work that the cohort may read until `closed_at`.

    `words` is its text as it is searched. One piece of work is open once at a time (a partial unique index says so).
    """

    id = UUID(primary_key=True, default=new_id)
    team = ref(Team)
    submission = ref(Submission, null=True)
    revision = ref(Revision, null=True, index=False)
    case_version = ref(CaseVersion, null=True, index=False)
    title = Varchar(length=300, null=False)
    module = Varchar(length=300, null=False, default="")
    wish = Text(null=False, default="")
    words = Text(null=False, default="")
    opened_at = Timestamptz(null=False, default=None)
    opened_by = UUID(null=False, default=None)
    closed_at = Timestamptz(null=True, default=None)
    closed_by = UUID(null=True, default=None)

    case_or_work = Check("(case_version IS NULL) <> (revision IS NULL)")


class PeerRemark(Table, db=DB, tablename="peer_remark"):
    """What somebody of another team of the cohort says about opened work, and what the team makes of it."""

    id = UUID(primary_key=True, default=new_id)
    opened = ref(OpenedWork)
    team = ref(Team, index=False)
    author = UUID(null=False, default=None)
    text = Text(null=False)
    written_at = Timestamptz(null=False, default=None)
    mark = Varchar(length=8, null=False, default="")
    answer = Text(null=False, default="")
    answered_at = Timestamptz(null=True, default=None)
    answered_by = UUID(null=True, default=None)
    hidden_at = Timestamptz(null=True, default=None)
    hidden_by = UUID(null=True, default=None)
    hidden_reason = Text(null=False, default="")

    mark_known = Check("mark IN ('', 'read', 'thanks', 'used')")


class CaseCard(Table, db=DB, tablename="case_card"):
    """A case of a finished cohort for everybody: its team has agreed, an organiser has published it.

    `content` is the version that was agreed to, `words` its text as it is searched.
    """

    id = UUID(primary_key=True, default=new_id)
    problem_case = ref(ProblemCase, index=False)
    number = Integer(null=False)
    content = JSONB(null=False)
    title = Varchar(length=200, null=False, default="")
    words = Text(null=False, default="")
    agreed_at = Timestamptz(null=False, default=None)
    agreed_by = UUID(null=False, default=None)
    published_at = Timestamptz(null=True, default=None)
    published_by = UUID(null=True, default=None)

    case_card_one_for_case = Unique(["problem_case"])
