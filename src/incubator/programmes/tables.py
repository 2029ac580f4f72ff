"""Programmes, their cohorts and the blueprint each cohort was made from."""

from piccolo.columns import UUID, Array, Boolean, Date, Integer, Text, Timestamptz, Varchar
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from incubator.foundation.database import DB, new_id, ref


class Programme(Table, db=DB, tablename="programme"):
    """A programme that is run in cohorts by its organisers."""

    id = UUID(primary_key=True, default=new_id)
    name = Varchar(length=200, null=False)
    created_at = Timestamptz(null=False, default=None)
    demo = Boolean(null=False, default=False)


class Cohort(Table, db=DB, tablename="cohort"):
    """One run of a programme. Draft until `opened_at`; day offsets of its plan count from `starts_on` in `time_zone`."""

    id = UUID(primary_key=True, default=new_id)
    programme = ref(Programme)
    name = Varchar(length=200, null=False)
    summary = Text(null=False, default="")
    time_zone = Varchar(length=64, null=False)
    starts_on = Date(null=False, default=None)
    places = Integer(null=False)
    min_members = Integer(null=False, default=1)
    max_members = Integer(null=False, default=10)
    eligible_positions = Array(base_column=Varchar(length=30), null=False, default=[])
    created_at = Timestamptz(null=False, default=None)
    opened_at = Timestamptz(null=True, default=None)
    closed_at = Timestamptz(null=True, default=None)

    places_in_range = Check("places BETWEEN 1 AND 10000")
    members_in_range = Check("1 <= min_members AND min_members <= max_members AND max_members <= 1000")


class CohortBlueprint(Table, db=DB, tablename="cohort_blueprint"):
    """A version of the blueprint that a cohort was given; never changed afterwards."""

    id = UUID(primary_key=True, default=new_id)
    cohort = ref(Cohort)
    number = Integer(null=False)
    key = Varchar(length=80, null=False)
    text = Text(null=False)
    created_at = Timestamptz(null=False, default=None)
    created_by = UUID(null=True, default=None)

    cohort_blueprint_once = Unique(["cohort", "number"])
