"""The journal; a trigger refuses to change or delete its rows."""

from piccolo.columns import JSONB, UUID, BigSerial, Timestamptz, Varchar
from piccolo.constraints import Check
from piccolo.table import Table

from incubator.foundation.database import DB


class JournalEntry(Table, db=DB, tablename="journal_entry"):
    """One thing that happened. `cohort` and `team` say whose business it is; `audience` how far it may be read."""

    id = BigSerial(primary_key=True)
    at = Timestamptz(null=False, default=None)
    actor = UUID(null=True, default=None, index=True)
    verb = Varchar(length=60, null=False)
    audience = Varchar(length=12, null=False)
    cohort = UUID(null=True, default=None)
    team = UUID(null=True, default=None)
    subject = UUID(null=True, default=None)
    data = JSONB(null=False, default="{}")

    audience_known = Check("audience IN ('team', 'staff', 'jury', 'self', 'everyone', 'platform')")
