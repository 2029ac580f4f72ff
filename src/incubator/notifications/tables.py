"""Letters, as they were written and what became of them."""

from piccolo.columns import JSONB, UUID, Text, Timestamptz, Varchar
from piccolo.table import Table

from incubator.foundation.database import DB, new_id


class Letter(Table, db=DB, tablename="letter"):
    """One letter to one address. `context` holds what its template says; `secret` the link, wiped once it is sent."""

    id = UUID(primary_key=True, default=new_id)
    template = Varchar(length=40, null=False)
    address = Varchar(length=254, null=False)
    person = UUID(null=True, default=None, index=True)
    cohort = UUID(null=True, default=None, index=True)
    team = UUID(null=True, default=None)
    locale = Varchar(length=5, null=False, default="ru")
    time_zone = Varchar(length=64, null=False, default="Europe/Moscow")
    context = JSONB(null=False, default="{}")
    secret = Text(null=False, default="")
    created_at = Timestamptz(null=False, default=None)
    sent_at = Timestamptz(null=True, default=None)
    failed_at = Timestamptz(null=True, default=None)
    fault = Text(null=False, default="")
