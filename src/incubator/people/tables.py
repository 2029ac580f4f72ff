"""People, their sessions, roles, conflicts of interest and invitations."""

from piccolo.columns import JSONB, UUID, Boolean, Bytea, Integer, Text, Timestamptz, Varchar
from piccolo.constraints import Check
from piccolo.table import Table

from incubator.foundation.database import DB, new_id, ref


class Person(Table, db=DB, tablename="person"):
    """An account. No password yet: invited and not accepted, or waiting for a reset."""

    id = UUID(primary_key=True, default=new_id)
    email = Varchar(length=254, null=False, unique=True)
    name = Varchar(length=200, null=False)
    password_hash = Text(null=True, default=None)
    locale = Varchar(length=5, null=False, default="ru")
    time_zone = Varchar(length=64, null=False, default="Europe/Moscow")
    created_at = Timestamptz(null=False, default=None)
    deactivated_at = Timestamptz(null=True, default=None)
    demo = Boolean(null=False, default=False)
    display = Varchar(length=80, null=False, default="")  # how pages look to the person, as in the cookie of that name
    first_steps = Varchar(length=6, null=False, default="")
    erased_at = Timestamptz(null=True, default=None)
    employer = Varchar(length=200, null=False, default="")

    first_steps_known = Check("first_steps IN ('', 'hidden', 'shown')")
    email_is_folded = Check("email = lower(email)")


class Session(Table, db=DB, tablename="session"):
    """A signed-in browser; only the SHA-256 of its token is kept.

    `proved_at` is when the password was given once more since (see `proving`).
    """

    token_hash = Bytea(primary_key=True, default=b"")
    person = ref(Person)
    created_at = Timestamptz(null=False, default=None)
    seen_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    flash = JSONB(null=False, default="[]")
    proved_at = Timestamptz(null=True, default=None)
    asks = Boolean(null=False, default=False)  # whether a consent has to be asked for before anything else
    shared = Boolean(null=False, default=False)  # at somebody else's computer: short, and nothing is kept there


class RoleGrant(Table, db=DB, tablename="role_grant"):
    """A role of a person in a scope, from `granted_at` until `revoked_at`. The only place where rights come from."""

    id = UUID(primary_key=True, default=new_id)
    person = ref(Person)
    role = Varchar(length=20, null=False)
    scope = Varchar(length=12, null=False)
    scope_id = UUID(null=True, default=None, index=True)
    cohort = UUID(null=True, default=None)
    granted_at = Timestamptz(null=False, default=None)
    granted_by = UUID(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)
    revoked_by = UUID(null=True, default=None)

    role_known = Check("role IN ('administrator', 'organiser', 'moderator', 'juror', 'team_lead', 'participant')")
    scope_known = Check("scope IN ('platform', 'programme', 'cohort', 'team')")
    scope_named = Check("(scope = 'platform') = (scope_id IS NULL)")


class ConflictOfInterest(Table, db=DB, tablename="conflict_of_interest"):
    """A person must not judge a team. It stays on record when an organiser lifts it.

    `source` says where it comes from: somebody declared or claimed it, or it follows from what is known.
    """

    id = UUID(primary_key=True, default=new_id)
    person = ref(Person)
    cohort = UUID(null=False, default=None)
    team = UUID(null=False, default=None, index=True)
    reason = Text(null=False, default="")
    declared_at = Timestamptz(null=False, default=None)
    declared_by = UUID(null=False, default=None)
    lifted_at = Timestamptz(null=True, default=None)
    lifted_by = UUID(null=True, default=None)
    lift_reason = Text(null=False, default="")
    source = Varchar(length=12, null=False, default="declared")

    source_known = Check(
        "source IN ('declared', 'claimed', 'municipality', 'region', 'employer', 'membership', 'mentorship', 'moderation')"
    )


class Invitation(Table, db=DB, tablename="invitation"):
    """A role offered to an address; accepted by the link's token or by a printed code, both kept as hashes."""

    id = UUID(primary_key=True, default=new_id)
    email = Varchar(length=254, null=False)
    name = Varchar(length=200, null=False, default="")
    role = Varchar(length=20, null=False)
    scope = Varchar(length=12, null=False)
    scope_id = UUID(null=True, default=None, index=True)
    cohort = UUID(null=True, default=None)
    position = Varchar(length=30, null=False, default="")
    time_zone = Varchar(length=64, null=False, default="Europe/Moscow")
    token_hash = Bytea(null=False, unique=True)
    code_hash = Bytea(null=False, unique=True)
    invited_by = UUID(null=True, default=None)
    created_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    accepted_at = Timestamptz(null=True, default=None)
    accepted_by = UUID(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)


class PasswordReset(Table, db=DB, tablename="password_reset"):
    """A reset link; used once, hashed at rest."""

    token_hash = Bytea(primary_key=True, default=b"")
    person = ref(Person)
    created_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    used_at = Timestamptz(null=True, default=None)


class Throttle(Table, db=DB, tablename="throttle"):
    """How often a door was tried: one row for an account or an address (as hashes), in the current window."""

    key = Bytea(primary_key=True, default=b"")
    tries = Integer(null=False, default=0)
    since = Timestamptz(null=False, default=None)


class ConsentText(Table, db=DB, tablename="consent_text"):
    """One version of a text that people are asked to agree to; never changed, for it must stay what they saw."""

    id = UUID(primary_key=True, default=new_id)
    kind = Varchar(length=20, null=False)
    version = Integer(null=False, default=1)
    title_ru = Varchar(length=200, null=False)
    title_en = Varchar(length=200, null=False, default="")
    text_ru = Text(null=False)
    text_en = Text(null=False, default="")
    asked_of = JSONB(null=False, default="[]")  # roles; nobody is asked for a document without any
    required = Boolean(null=False, default=False)
    written_at = Timestamptz(null=False, default=None)
    written_by = UUID(null=True, default=None)

    kind_known = Check("kind IN ('personal_data', 'publishing', 'pictures', 'letters', 'confidentiality', 'other')")


class Consent(Table, db=DB, tablename="consent"):
    """What a person answered to one version of a text, when and from which network address. The last answer counts."""

    id = UUID(primary_key=True, default=new_id)
    person = ref(Person)
    document = ref(ConsentText)
    answer = Varchar(length=10, null=False)
    at = Timestamptz(null=False, default=None)
    address = Varchar(length=45, null=False, default="")

    answer_known = Check("answer IN ('given', 'declined', 'withdrawn')")
