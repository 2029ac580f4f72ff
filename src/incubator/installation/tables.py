"""The one row that says whose installation this is, and how far its set-up has come."""

from piccolo.columns import JSONB, Bytea, Integer, Text, Timestamptz, Varchar
from piccolo.constraints import Check
from piccolo.table import Table

from incubator.foundation.database import DB


class Installation(Table, db=DB, tablename="installation"):
    """Whose installation this is. `draft` holds what was typed into the set-up while it goes on, never a password."""

    id = Integer(primary_key=True, default=1)
    name_ru = Varchar(length=200, null=False, default="")
    name_en = Varchar(length=200, null=False, default="")
    help_contact = Text(null=False, default="")
    operator = Text(null=False, default="")
    time_zone = Varchar(length=64, null=False, default="Europe/Moscow")
    version = Integer(null=False, default=1)
    seed = Bytea(null=False, default=b"")  # of the set-up code
    draft = JSONB(null=False, default="{}")
    set_up_at = Timestamptz(null=True, default=None)
    demo_removed_at = Timestamptz(null=True, default=None)

    there_is_one = Check("id = 1")
