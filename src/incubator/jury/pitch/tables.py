"""What a pitch day keeps: what devices have sent, sheets of paper as they were typed, where the hall stands."""

from piccolo.columns import JSONB, UUID, Array, BigInt, Boolean, Bytea, Integer, Text, Timestamptz, Varchar
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from incubator.foundation.database import DB, new_id, ref
from incubator.jury.tables import RoundProject, ScoreSheet, ScoringRound, Seat
from incubator.people.tables import Person


class ScoreRequest(Table, db=DB, tablename="score_request"):
    """Something that a juror's device sent, under the number that the device gave it, and what was recorded then.

    `body` is the hash of what was sent. The same again under the same number changes nothing and is answered by this row.
    """

    id = UUID(primary_key=True, default=new_id)
    seat = ref(Seat, index=False)
    request = UUID(null=False, default=None)
    sheet = ref(ScoreSheet)
    body = Bytea(null=False)
    version = Integer(null=False)
    state = Varchar(length=12, null=False)
    total = BigInt(null=True, default=None)
    at = Timestamptz(null=False, default=None)
    receipt = Bytea(null=False)

    score_request_once = Unique(["seat", "request"])


class PaperEntry(Table, db=DB, tablename="paper_entry"):
    """A sheet of paper as somebody typed it: the first reading, the second, and where they differ the settled one.

    `attempt` counts from 1: when the readings of a sheet were set aside (`set_aside_at`, by whom and why) it can be typed
    again. `reason` is why the settled reading is the right one. No reading is ever changed or taken out.
    """

    id = UUID(primary_key=True, default=new_id)
    sheet = ref(ScoreSheet, index=False)
    reading = Varchar(length=8, null=False)
    marks = Array(base_column=Integer(), null=False, default=[])
    comment = Text(null=False, default="")
    typed_at = Timestamptz(null=False, default=None)
    typed_by = ref(Person)
    attempt = Integer(null=False, default=1)
    reason = Text(null=False, default="")
    set_aside_at = Timestamptz(null=True, default=None)
    set_aside_by = UUID(null=True, default=None)
    set_aside_reason = Text(null=False, default="")

    reading_once = Unique(["sheet", "attempt", "reading"])
    reading_known = Check("reading IN ('first', 'second', 'settled')")
    marks_on_scale = Check("0 <= ALL (marks) AND 100000 >= ALL (marks)")


class PitchDay(Table, db=DB, tablename="pitch_day"):
    """Where the hall stands in a round: who is presenting, the shared timer, what the hall's screen shows.

    `seed` is what the running order was drawn from; `draw` the teams as they stood before it, so that anybody can draw
    again. The timer runs while `timer_ends_at` is set; otherwise `timer_left` milliseconds are left. `address` is the
    secret part of the hall screen's address.
    """

    id = UUID(primary_key=True, default=new_id)
    round = ref(ScoringRound, index=False)
    address = Varchar(length=60, null=False)
    project = ref(RoundProject, null=True, index=False)
    minutes = Integer(null=False, default=5)
    timer_ends_at = Timestamptz(null=True, default=None)
    timer_left = Integer(null=False, default=300000)
    blank = Boolean(null=False, default=False)
    seed = Varchar(length=60, null=False, default="")
    draw = JSONB(null=False, default="[]")
    drawn_at = Timestamptz(null=True, default=None)
    begun_at = Timestamptz(null=False, default=None)

    pitch_day_once = Unique(["round"])
    address_once = Unique(["address"])
    minutes_in_range = Check("minutes BETWEEN 1 AND 120")
