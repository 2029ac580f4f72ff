"""Criteria, rounds, seats, projects and score sheets. Marks are integers: thousandths of a point."""

from piccolo.columns import JSONB, UUID, Array, BigInt, Boolean, Bytea, Integer, Text, Timestamptz, Varchar
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from incubator.foundation.database import DB, new_id, ref
from incubator.people.tables import Person
from incubator.programmes.tables import Cohort
from incubator.teams.tables import Municipality, Team


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
    """A round of scoring. `criteria` and `plan` are frozen at opening; `result` is the published snapshot.

    In a draft both are empty, and then those of the cohort count, or the round's own. `terms` is what jurors see and
    who must not judge whom (`Terms`); `root_to` the addresses, one a line, to which the ledger's root is sent; `follows`
    the round whose best go on in this one; `calibration` where the practice on sample projects stands.
    """

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
    terms = JSONB(null=False, default="{}")
    follows = UUID(null=True, default=None)
    calibration = Varchar(length=8, null=False, default="none")
    root_to = Text(null=False, default="")

    state_known = Check("state IN ('draft', 'open', 'locked', 'published')")
    calibration_known = Check("calibration IN ('none', 'open', 'closed')")


class Seat(Table, db=DB, tablename="seat"):
    """A seat in a round; `declared_at` is when its juror declared his conflicts (or that he has none).

    `signed_at` is when he confirmed all his sheets, which nobody writes on from then on, and `signature` the hash of the
    ledger's entry about it.

    Chair and secretary may sit without a vote; a substitute has none until he is called up.
    """

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound)
    person = ref(Person)
    seated_at = Timestamptz(null=False, default=None)
    declared_at = Timestamptz(null=True, default=None)
    removed_at = Timestamptz(null=True, default=None)
    removal_reason = Text(null=False, default="")
    duty = Varchar(length=10, null=False, default="member")
    votes = Boolean(null=False, default=True)
    cap = Integer(null=True, default=None)
    signed_at = Timestamptz(null=True, default=None)
    signature = Bytea(null=True, default=None)

    seat_once = Unique(["round", "person"])
    duty_known = Check("duty IN ('member', 'chair', 'secretary', 'substitute')")
    cap_is_some = Check("cap IS NULL OR cap BETWEEN 0 AND 100000")


class RoundProject(Table, db=DB, tablename="round_project"):
    """A team's project in a round, in running order; `presented_at` is when its team stood before the jury."""

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound)
    team = ref(Team)
    place = Integer(null=False)
    title = Varchar(length=200, null=False)
    presented_at = Timestamptz(null=True, default=None)

    round_project_once = Unique(["round", "team"])


class ScoreSheet(Table, db=DB, tablename="score_sheet"):
    """A juror's sheet for a project. That the row exists is the assignment; a blank mark is NULL, never zero.

    `marks` follow the order of the round's frozen criteria; `total` is the exact sum of mark × weight of a full sheet.
    `reopened_at` is set while this one sheet of a locked round is its juror's to write on again. `own_version` is the
    last version that the juror wrote himself; `receipt` the hash of the ledger's last entry about the sheet; `salt` goes
    with the comment into what the ledger keeps of it. `comment` is for the team, `note` for the jury. `paper_at` is when
    a sheet of paper came to stand here for what its juror would have written himself.
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
    note = Text(null=False, default="")
    paper_at = Timestamptz(null=True, default=None)

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


class LedgerAnchor(Table, db=DB, tablename="ledger_anchor"):
    """A root of a round's ledger as it was made known outside, with the control entry (`seq`) that holds its heads.

    Before a publication the product compares the ledger with them. No row is ever changed or taken out.
    """

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound, index=False)
    seq = BigInt(null=False)
    kind = Varchar(length=12, null=False)
    root = Varchar(length=64, null=False)
    at = Timestamptz(null=False, default=None)

    anchor_once = Unique(["round", "seq"])


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


class Deliberation(Table, db=DB, tablename="deliberation"):
    """The jury sits together over a locked round.

    While it is open its jurors see the ranking and, if `shows_sheets`, each other's marks without names.
    """

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound, index=False)
    shows_sheets = Boolean(null=False, default=False)
    opened_at = Timestamptz(null=False, default=None)
    opened_by = UUID(null=False, default=None)
    closed_at = Timestamptz(null=True, default=None)

    deliberation_once = Unique(["round"])


class JuryDecision(Table, db=DB, tablename="jury_decision"):
    """What the jury decided together over a locked round, with the votes. It never changes a mark.

    Nothing is taken out: a wrong entry is struck, with a reason.
    """

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound)
    kind = Varchar(length=8, null=False)
    project = ref(RoundProject, null=True, index=False)
    title = Varchar(length=200, null=False)
    text = Text(null=False, default="")
    votes_for = Integer(null=False)
    votes_against = Integer(null=False)
    abstained = Integer(null=False)
    decided_at = Timestamptz(null=False, default=None)
    recorded_by = UUID(null=False, default=None)
    struck_at = Timestamptz(null=True, default=None)
    struck_reason = Text(null=False, default="")

    kind_known = Check("kind IN ('award', 'mention', 'other')")
    votes_are_counts = Check("0 <= LEAST(votes_for, votes_against, abstained)")
    project_where_meant = Check("kind = 'other' OR project IS NOT NULL")


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


class JurorCard(Table, db=DB, tablename="juror_card"):
    """Where a juror lives and works, as he said himself; conflicts of interest follow from it."""

    id = UUID(primary_key=True, default=new_id)
    person = ref(Person, index=False)
    municipality = ref(Municipality, null=True, index=False)
    region = Varchar(length=120, null=False, default="")
    said_at = Timestamptz(null=False, default=None)

    one_card = Unique(["person"])


class Replacement(Table, db=DB, tablename="replacement"):
    """A sheet passed from one juror to a substitute: who, for whom, why and when, for the minutes."""

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound)
    project = ref(RoundProject, index=False)
    seat = ref(Seat, index=False)
    substitute = ref(Seat, index=False)
    reason = Text(null=False)
    at = Timestamptz(null=False, default=None)
    by = UUID(null=False, default=None)

    replaced_once = Unique(["seat", "project", "substitute"])


class JurorWish(Table, db=DB, tablename="juror_wish"):
    """How gladly a juror would score a project: 1 gladly, -1 rather not. No row: all the same to him."""

    id = UUID(primary_key=True, default=new_id)
    seat = ref(Seat, index=False)
    project = ref(RoundProject)
    value = Integer(null=False)

    wish_once = Unique(["seat", "project"])
    value_known = Check("value IN (-1, 1)")


class Allocation(Table, db=DB, tablename="allocation"):
    """Who scores whom in a round: what was asked for, how far the search is, and what it came to.

    `request` holds limits and seed, `fingerprint` the hash of all that the search was given: the same one,
    the same plan.
    `outcome` is, of one that was found, its figures; of one that can't be, what blocks.
    """

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound, index=False)
    request = JSONB(null=False)
    state = Varchar(length=8, null=False, default="waiting")
    percent = Integer(null=False, default=0)
    asked_at = Timestamptz(null=False, default=None)
    asked_by = UUID(null=False, default=None)
    done_at = Timestamptz(null=True, default=None)
    fingerprint = Varchar(length=64, null=False, default="")
    outcome = JSONB(null=False, default="{}")

    allocation_once = Unique(["round"])
    state_known = Check("state IN ('waiting', 'done', 'blocked', 'failed')")


class AllocatedPair(Table, db=DB, tablename="allocated_pair"):
    """A juror is to score a project when the round opens; `kept` pairs were set by hand and stay in a new search."""

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound)
    project = ref(RoundProject, index=False)
    seat = ref(Seat)
    kept = Boolean(null=False, default=False)

    pair_once = Unique(["project", "seat"])


class Sample(Table, db=DB, tablename="sample"):
    """A project to practise on before a round opens: an invented one, or one of another cohort without its names."""

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound)
    place = Integer(null=False)
    title = Varchar(length=200, null=False)
    text = Text(null=False, default="")


class SampleSheet(Table, db=DB, tablename="sample_sheet"):
    """A juror's marks for a sample, in the order of the round's criteria. It counts for nothing."""

    id = UUID(primary_key=True, default=new_id)
    sample = ref(Sample)
    seat = ref(Seat, index=False)
    marks = Array(base_column=Integer(), null=False, default=[])
    handed_in_at = Timestamptz(null=True, default=None)

    sample_sheet_once = Unique(["seat", "sample"])
    marks_on_scale = Check("0 <= ALL (marks) AND 100000 >= ALL (marks)")
