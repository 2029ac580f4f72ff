"""Letters, as they were written and what became of them."""

from piccolo.columns import JSONB, UUID, Text, Timestamptz, Varchar
from piccolo.table import Table

from incubator.foundation.database import DB, new_id


class Letter(Table, db=DB, tablename="letter"):
    """One letter to one address.

    `about` is the invitation or person it is about; `context` what it says; `secret` its link and code as JSON, wiped
    once it is sent. Neither sent nor failed: it waits, not less than until `not_before`; one that was called back never goes.
    """

    id = UUID(primary_key=True, default=new_id)
    kind = Varchar(length=40, null=False)
    address = Varchar(length=254, null=False)
    person = UUID(null=True, default=None, index=True)
    cohort = UUID(null=True, default=None, index=True)
    team = UUID(null=True, default=None)
    about = UUID(null=True, default=None, index=True)
    locale = Varchar(length=5, null=False, default="ru")
    time_zone = Varchar(length=64, null=False, default="Europe/Moscow")
    context = JSONB(null=False, default="{}")
    secret = Text(null=False, default="")
    created_at = Timestamptz(null=False, default=None)
    not_before = Timestamptz(null=True, default=None)
    called_back_at = Timestamptz(null=True, default=None)
    sent_at = Timestamptz(null=True, default=None)
    failed_at = Timestamptz(null=True, default=None)
    fault = Text(null=False, default="")
