"""What the minutes of a round keep: what a person wrote into them, versions that were filed, the Word template."""

from piccolo.columns import JSONB, UUID, Bytea, Date, Integer, Text, Timestamptz, Varchar
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from incubator.foundation.database import DB, new_id, ref
from incubator.jury.tables import ScoringRound
from incubator.people.tables import Person
from incubator.programmes.tables import Cohort
from incubator.teams.tables import Team


class Minutes(Table, db=DB, tablename="minutes"):
    """What the minutes of a round say beside what the system knows. `version` counts savings."""

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound, index=False)
    number = Varchar(length=40, null=False, default="")
    held_on = Date(null=False, default=None)
    place = Varchar(length=200, null=False, default="")
    agenda = Text(null=False, default="")
    present = Text(null=False, default="")
    decision = Text(null=False, default="")
    notes = Text(null=False, default="")
    version = Integer(null=False, default=1)
    edited_at = Timestamptz(null=False, default=None)
    edited_by = UUID(null=False, default=None)

    minutes_once = Unique(["round"])


class FiledMinutes(Table, db=DB, tablename="filed_minutes"):
    """A version of the minutes as it was filed: the whole document in words. Never changed; a correction is a new one."""

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound, index=False)
    version = Integer(null=False)
    filed_at = Timestamptz(null=False, default=None)
    filed_by = UUID(null=False, default=None)
    document = JSONB(null=False)

    filed_minutes_once = Unique(["round", "version"])


class MinutesTemplate(Table, db=DB, tablename="minutes_template"):
    """A cohort's own Word template for minutes, in place of the shipped one."""

    id = UUID(primary_key=True, default=new_id)
    cohort = ref(Cohort, index=False)
    name = Varchar(length=255, null=False)
    content = Bytea(null=False)
    uploaded_at = Timestamptz(null=False, default=None)
    uploaded_by = UUID(null=False, default=None)

    minutes_template_once = Unique(["cohort"])


class Certificate(Table, db=DB, tablename="certificate"):
    """A certificate of a team or of one of its members; `code` is what its QR code leads to, and can't be guessed.

    What it is given for beside taking part: the `place`, or `merit`, the words in which the jury gave an award or a
    mention. Names are those of team and person at the moment of reading.
    """

    id = UUID(primary_key=True, default=new_id)
    code = Varchar(length=40, null=False)
    round = ref(ScoringRound)
    team = ref(Team, index=False)
    member = ref(Person, null=True, index=False)
    kind = Varchar(length=12, null=False)
    place = Integer(null=True, default=None)
    merit = Varchar(length=300, null=False, default="")
    issued_at = Timestamptz(null=False, default=None)
    issued_by = UUID(null=False, default=None)
    withdrawn_at = Timestamptz(null=True, default=None)
    withdrawn_by = UUID(null=True, default=None)
    withdrawal_reason = Text(null=False, default="")

    certificate_code = Unique(["code"])
    given_for = Check(
        "CASE kind WHEN 'place' THEN place IS NOT NULL AND place > 0 AND merit = ''"
        " WHEN 'participant' THEN place IS NULL AND merit = ''"
        " ELSE kind IN ('award', 'mention') AND place IS NULL AND merit <> '' END"
    )
    withdrawal_has_reason = Check("(withdrawn_at IS NULL) = (withdrawal_reason = '')")
