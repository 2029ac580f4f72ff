"""Municipalities, teams and their members, the municipality's passport, and the problem case with its versions."""

from piccolo.columns import JSONB, UUID, Boolean, Integer, Numeric, Text, Timestamptz, Varchar
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from incubator.foundation.database import DB, new_id, ref
from incubator.people.tables import Person, RoleGrant
from incubator.programmes.tables import Cohort


class Municipality(Table, db=DB, tablename="municipality"):
    """A municipality by its OKTMO code (8 digits; 11 for a settlement's locality)."""

    id = UUID(primary_key=True, default=new_id)
    oktmo = Varchar(length=11, null=False, unique=True)
    name = Varchar(length=200, null=False)
    kind = Varchar(length=30, null=False)
    region = Varchar(length=120, null=False)
    time_zone = Varchar(length=64, null=False)
    demo = Boolean(null=False, default=False)

    oktmo_is_digits = Check("oktmo ~ '^[0-9]{8}([0-9]{3})?$'")


class Team(Table, db=DB, tablename="team"):
    """A municipality's team in one cohort."""

    id = UUID(primary_key=True, default=new_id)
    cohort = ref(Cohort)
    municipality = ref(Municipality)
    name = Varchar(length=200, null=False)
    registered_at = Timestamptz(null=False, default=None)
    withdrawn_at = Timestamptz(null=True, default=None)

    team_one_name = Unique(["cohort", "name"])


class TeamMember(Table, db=DB, tablename="team_member"):
    """Who works in a team and in what position; the right to do so is the grant."""

    id = UUID(primary_key=True, default=new_id)
    team = ref(Team)
    person = ref(Person)
    grant = ref(RoleGrant)
    position = Varchar(length=30, null=False)
    job_title = Varchar(length=200, null=False, default="")
    joined_at = Timestamptz(null=False, default=None)
    left_at = Timestamptz(null=True, default=None)


class ProblemCase(Table, db=DB, tablename="problem_case"):
    """The problem a team brings. A draft is saved in place; submitting makes a version. `version` counts savings."""

    id = UUID(primary_key=True, default=new_id)
    team = ref(Team, index=False)
    state = Varchar(length=12, null=False, default="draft")
    title = Varchar(length=200, null=False, default="")
    problem = Text(null=False, default="")
    affected = Text(null=False, default="")
    expected_change = Text(null=False, default="")
    causes = JSONB(null=False, default="[]")
    effects = JSONB(null=False, default="[]")
    version = Integer(null=False, default=0)
    updated_at = Timestamptz(null=False, default=None)
    updated_by = UUID(null=True, default=None)
    deleted_at = Timestamptz(null=True, default=None)

    problem_case_one_for_team = Unique(["team"])
    state_known = Check("state IN ('draft', 'submitted', 'published')")


class Indicator(Table, db=DB, tablename="indicator"):
    """A figure that shows the problem: baseline now, target after, with year and source."""

    id = UUID(primary_key=True, default=new_id)
    problem_case = ref(ProblemCase)
    place = Integer(null=False)
    name = Varchar(length=200, null=False)
    unit = Varchar(length=40, null=False, default="")
    year = Integer(null=True, default=None)
    source = Varchar(length=300, null=False, default="")
    baseline = Numeric(digits=(18, 4), null=True, default=None)
    target = Numeric(digits=(18, 4), null=True, default=None)

    figures_are_numbers = Check("baseline <> 'NaN' AND target <> 'NaN'")


class CaseVersion(Table, db=DB, tablename="case_version"):
    """The case as it was submitted; never changed afterwards."""

    id = UUID(primary_key=True, default=new_id)
    problem_case = ref(ProblemCase)
    number = Integer(null=False)
    content = JSONB(null=False)
    made_at = Timestamptz(null=False, default=None)
    made_by = UUID(null=True, default=None)

    case_version_once = Unique(["problem_case", "number"])


class CaseWithdrawal(Table, db=DB, tablename="case_withdrawal"):
    """A submitted version that the lead took back, and why."""

    id = UUID(primary_key=True, default=new_id)
    case_version = ref(CaseVersion, index=False)
    reason = Text(null=False)
    at = Timestamptz(null=False, default=None)
    by = UUID(null=True, default=None)

    case_withdrawal_once = Unique(["case_version"])


class Passport(Table, db=DB, tablename="passport"):
    """What a team states about its municipality, once for all forms; `version` counts savings."""

    id = UUID(primary_key=True, default=new_id)
    team = ref(Team, index=False)
    version = Integer(null=False, default=0)
    updated_at = Timestamptz(null=False, default=None)
    updated_by = UUID(null=True, default=None)

    passport_one_for_team = Unique(["team"])


class PassportFact(Table, db=DB, tablename="passport_fact"):
    """One number of a passport with its year and source; a row in the making may lack any of them."""

    id = UUID(primary_key=True, default=new_id)
    passport = ref(Passport, index=False)
    key = Varchar(length=40, null=False)
    place = Integer(null=False)
    year = Integer(null=True, default=None)
    value = Numeric(digits=(18, 4), null=True, default=None)
    source = Varchar(length=300, null=False, default="")

    passport_fact_once = Unique(["passport", "key", "place"])
    value_is_a_number = Check("value <> 'NaN'")
