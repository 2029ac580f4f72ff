"""Criteria, rounds, seats, projects and score sheets. Marks are integers: thousandths of a point."""

from piccolo.columns import JSONB, UUID, Array, BigInt, Boolean, Bytea, Integer, Text, Timestamptz, Varchar
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from incubator.foundation.database import DB, new_id, ref
from incubator.people.tables import Person
from incubator.programmes.tables import Cohort
from incubator.teams.tables import Team


class Criterion(Table, db=DB, tablename="criterion"):
    """A criterion of a cohort's jury; a round takes a frozen copy when it opens."""

    id = UUID(primary_key=True, default=new_id)
    cohort = ref(Cohort)
    place = Integer(null=False)
    key = Varchar(length=60, null=False)
    title = Varchar(length=200, null=False)
    description = Text(null=False, default="")
    weight = Integer(null=False)
    scale_min = Integer(null=False)
    scale_max = Integer(null=False)
    step = Integer(null=False)
    anchors = JSONB(null=False, default="{}")

    criterion_one_key = Unique(["cohort", "key"])
    weight_in_range = Check("weight BETWEEN 1 AND 1000")
    scale_in_order = Check("0 <= scale_min AND scale_min < scale_max AND scale_max <= 100000 AND step > 0")


class JuryPlan(Table, db=DB, tablename="jury_plan"):
    """How a cohort's jury decides, as the regulation says it; `document` is the blueprint's jury part."""

    id = UUID(primary_key=True, default=new_id)
    cohort = ref(Cohort, index=False)
    document = JSONB(null=False)

    jury_plan_once = Unique(["cohort"])


class ScoringRound(Table, db=DB, tablename="scoring_round"):
    """A round of scoring. `criteria` and `plan` are frozen at opening; `result` is the published snapshot."""

    id = UUID(primary_key=True, default=new_id)
    cohort = ref(Cohort)
    name = Varchar(length=200, null=False)
    state = Varchar(length=12, null=False, default="draft")
    criteria = JSONB(null=False, default="[]")
    plan = JSONB(null=False, default="{}")
    created_at = Timestamptz(null=False, default=None)
    opened_at = Timestamptz(null=True, default=None)
    locked_at = Timestamptz(null=True, default=None)
    locked_by = UUID(null=True, default=None)
    lock_note = Text(null=False, default="")
    published_at = Timestamptz(null=True, default=None)
    published_by = UUID(null=True, default=None)
    result = JSONB(null=True, default=None)

    state_known = Check("state IN ('draft', 'open', 'locked', 'published')")


class Seat(Table, db=DB, tablename="seat"):
    """A juror's seat in a round; `declared_at` is when he declared his conflicts (or that he has none)."""

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound)
    person = ref(Person)
    seated_at = Timestamptz(null=False, default=None)
    declared_at = Timestamptz(null=True, default=None)
    removed_at = Timestamptz(null=True, default=None)
    removal_reason = Text(null=False, default="")

    seat_once = Unique(["round", "person"])


class RoundProject(Table, db=DB, tablename="round_project"):
    """A team's project in a round, in running order."""

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound)
    team = ref(Team)
    place = Integer(null=False)
    title = Varchar(length=200, null=False)

    round_project_once = Unique(["round", "team"])


class ScoreSheet(Table, db=DB, tablename="score_sheet"):
    """A juror's sheet for a project. That the row exists is the assignment; a blank mark is NULL, never zero.

    `marks` follow the order of the round's frozen criteria; `total` is the exact sum of mark × weight of a full sheet.
    `reopened_at` is set while this one sheet of a locked round is its juror's to write on again. `own_version` is the
    last version that the juror wrote himself; `receipt` the hash of the ledger's last entry about the sheet; `salt` goes
    with the comment into what the ledger keeps of it.
    """

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound, index=False)
    project = ref(RoundProject, index=False)
    seat = ref(Seat, index=False)
    state = Varchar(length=12, null=False, default="empty")
    marks = Array(base_column=Integer(), null=False, default=[])
    total = BigInt(null=True, default=None)
    comment = Text(null=False, default="")
    reason = Text(null=False, default="")
    version = Integer(null=False, default=0)
    saved_at = Timestamptz(null=True, default=None)
    handed_in_at = Timestamptz(null=True, default=None)
    skipped_at = Timestamptz(null=True, default=None)
    reopened_at = Timestamptz(null=True, default=None)
    own_version = Integer(null=False, default=0)
    receipt = Bytea(null=True, default=None)
    salt = UUID(null=True, default=None)

    score_sheet_once = Unique(["seat", "project"])
    state_known = Check("state IN ('empty', 'draft', 'handed_in', 'abstained', 'recused', 'void')")
    marks_on_scale = Check("0 <= ALL (marks) AND 100000 >= ALL (marks)")
    handed_in_is_full = Check("state <> 'handed_in' OR total IS NOT NULL")
    reopened_is_unfinished = Check("reopened_at IS NULL OR state IN ('empty', 'draft')")


class LedgerEntry(Table, db=DB, tablename="ledger_entry"):
    """What happened to a round's sheets, in chains: one for each seat and one for the round itself (`chain`: its id).

    Only the database's own function `ledger_append` writes here; no row is ever changed or taken out. `payload` is the
    exact text whose hash is in `hash`; `nonce` keeps its few possible contents from being guessed.
    """

    id = UUID(primary_key=True, default=new_id)
    round = UUID(null=False, default=None)
    chain = UUID(null=False, default=None)
    seq = BigInt(null=False)
    prev = Bytea(null=False)
    nonce = Bytea(null=False)
    payload = Text(null=False)
    hash = Bytea(null=False)

    no_fork = Unique(["round", "chain", "seq"])
    hashes_are_whole = Check("octet_length(prev) = 32 AND octet_length(hash) = 32 AND octet_length(nonce) = 16")


class TieVote(Table, db=DB, tablename="tie_vote"):
    """The order of tied projects as those present voted it, with the text that goes into the minutes."""

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound)
    project = ref(RoundProject)
    rank = Integer(null=False)
    reason = Text(null=False)
    decided_at = Timestamptz(null=False, default=None)
    decided_by = UUID(null=False, default=None)

    tie_vote_once = Unique(["round", "project"])


class JuryProposal(Table, db=DB, tablename="jury_proposal"):
    """What one organiser asks for and a second one decides: to unlock a round or publish its result, a sheet's fate.

    `kept` is, of a publication, the outcome that was looked at when it was asked for; of a reopened sheet, what was
    recorded on it until then, so that it can be closed as it was.
    """

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound)
    kind = Varchar(length=12, null=False)
    sheet = ref(ScoreSheet, null=True)
    reason = Text(null=False)
    asked_at = Timestamptz(null=False, default=None)
    asked_by = UUID(null=False, default=None)
    decided_at = Timestamptz(null=True, default=None)
    decided_by = UUID(null=True, default=None)
    confirmed = Boolean(null=False, default=False)
    kept = JSONB(null=True, default=None)

    kind_known = Check("kind IN ('unlock', 'publish', 'void', 'reopen')")
    sheet_where_meant = Check("(kind IN ('void', 'reopen')) = (sheet IS NOT NULL)")
    two_people = Check("NOT confirmed OR decided_by <> asked_by")
