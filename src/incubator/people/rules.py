"""What is true of people: passwords, printed codes, offers of a role, which roles exclude each other. Pure.

Lifetimes of invitations and resets: OWASP Forgot Password cheat sheet (short, single use). Passwords: NIST SP 800-63B
(length and a list of common ones instead of rules about characters).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from incubator.foundation.forms import Form
from incubator.foundation.i18n import LOCALES, ZONES, Message
from incubator.people.rights import (
    ORGANISERS,
    Grant,
    Relation,
    Role,
    Scope,
    Standing,
    Viewer,
    right,
)

INVITATION_LASTS = timedelta(days=60)
RESET_LASTS = timedelta(minutes=30)
ZONE_IDS = [zone.id for zone in ZONES]

# Rights over other people's accounts (rows user.*, other_profile.edit and role.grant_organiser of the matrix)

ADMINISTRATOR = frozenset({Relation.ADMINISTRATOR})
ASK_ADMINISTRATOR = Message("Only the administrator of the installation can do this. Write to him if it is needed.")
SEE_PEOPLE = right("people.view", allow=ADMINISTRATOR, forbid=ORGANISERS, reason=ASK_ADMINISTRATOR)
EDIT_PERSON = right("other_profile.edit", allow=ADMINISTRATOR, forbid=ORGANISERS, reason=ASK_ADMINISTRATOR)
SEND_RESET = right("user.send_reset_mail", allow=ADMINISTRATOR, forbid=ORGANISERS, reason=ASK_ADMINISTRATOR)
DEACTIVATE = right("user.deactivate", allow=ADMINISTRATOR, forbid=ORGANISERS, reason=ASK_ADMINISTRATOR)
ERASE = right("erasure.execute", allow=ADMINISTRATOR, forbid=ORGANISERS, reason=ASK_ADMINISTRATOR)
GRANT_ORGANISER = right(
    "role.grant_organiser", allow=ADMINISTRATOR, forbid=frozenset(Relation) - ADMINISTRATOR, reason=ASK_ADMINISTRATOR
)

NOT_ONESELF = Message("Nobody does this to himself. Another administrator can.")
CO_JUROR = Message("You are jurors of the same cohort, so another administrator has to do this.")
NOT_YOUR_ADDRESS = Message(
    "This invitation was sent to another address. Sign out, open the link again and sign in with that address."
)
USED = Message("This invitation has been used. Sign in to go on.")
REVOKED = Message("This invitation was withdrawn. Ask the person who invited you for a new one.")
EXPIRED = Message("This invitation has run out. Ask the person who invited you for a new one.")
DEACTIVATED = Message("This account is closed. Write to the administrator of the installation.")
RESET_OVER = Message("This link was used already or has run out. Ask for a new one.")


def standing_to(viewer: Viewer, programmes: Iterable[UUID]) -> Standing:
    """How a viewer stands to a person who takes part in those programmes: as an administrator, as their organiser."""
    found = {Relation.ADMINISTRATOR} if viewer.is_administrator else set()
    if any(viewer.holds(Role.ORGANISER, Scope.PROGRAMME, programme) for programme in programmes):
        found.add(Relation.ORGANISER)
    return Standing(frozenset(found))


RELATIONS = {
    Role.ADMINISTRATOR: Relation.ADMINISTRATOR,
    Role.ORGANISER: Relation.ORGANISER,
    Role.MODERATOR: Relation.MODERATOR,
    Role.JUROR: Relation.JUROR,
    Role.TEAM_LEAD: Relation.LEAD,
    Role.PARTICIPANT: Relation.MEMBER,
}


def standing_in(viewer: Viewer, family: Collection[UUID]) -> Standing:
    """How a viewer stands to a programme as a whole; `family` are its id and its cohorts' ids."""
    return Standing(
        frozenset(
            RELATIONS[grant.role]
            for grant in viewer.grants
            if grant.scope is Scope.PLATFORM or grant.where in family or grant.cohort in family
        )
    )


def judge_together(viewer: Viewer, grants: Iterable[Grant]) -> bool:
    """Whether the viewer and the holder of these grants are jurors of one cohort."""
    cohorts = set(viewer.places(Role.JUROR, Scope.COHORT))
    return any(grant.role is Role.JUROR and grant.where in cohorts for grant in grants)


ROLE_NAMES = {
    Role.ADMINISTRATOR: Message("Administrator"),
    Role.ORGANISER: Message("Organiser"),
    Role.MODERATOR: Message("Moderator"),
    Role.JUROR: Message("Juror"),
    Role.TEAM_LEAD: Message("Team lead"),
    Role.PARTICIPANT: Message("Participant"),
}

# Which roles exclude each other

JUDGE_OR_RUN = Message("The organisers of a programme do not judge its projects: one person can't hold both roles.")
ONE_TEAM = Message("This person is already in another team of the cohort. Nobody works in two teams.")
WORK_OR_CHECK = Message("Nobody checks the work of his own team: one person can't be its moderator and its member.")
IN_TEAM = {Role.TEAM_LEAD, Role.PARTICIPANT}


def clash(held: Iterable[Grant], offered: Grant, *, family: frozenset[UUID] = frozenset()) -> Message | None:
    """Why the offered role can't be held beside the others, or None.

    `family` are the ids of the programme that the offered role belongs to and of its cohorts. A juror who is also in a
    team or moderates one is no clash: he has a conflict of interest there.
    """
    for grant in held:
        roles = {grant.role, offered.role}
        if roles == {Role.JUROR, Role.ORGANISER} and {grant.where, offered.where} <= family:
            return JUDGE_OR_RUN
        if not grant.scope is offered.scope is Scope.TEAM:
            continue
        same = grant.where == offered.where
        if roles <= IN_TEAM and grant.cohort == offered.cohort and not same:
            return ONE_TEAM
        if Role.MODERATOR in roles and roles & IN_TEAM and same:
            return WORK_OR_CHECK
    return None


# Invitations


@dataclass(frozen=True, slots=True)
class Offer:
    """A role that has just been offered. `token` (for the link) and `code` (for paper) are shown now and never again."""

    invitation_id: UUID
    token: str
    code: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """An offer as it is kept; `person` and `has_password` tell of the account with its address."""

    id: UUID
    email: str
    name: str
    role: Role
    scope: Scope
    scope_id: UUID | None
    cohort: UUID | None
    position: str
    time_zone: str
    invited_by: UUID | None
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None
    person: UUID | None = None
    has_password: bool = False
    deactivated: bool = False

    @property
    def grant(self) -> Grant:
        """The role it gives."""
        return Grant(self.role, self.scope, self.scope_id, self.cohort)

    def closed(self, now: datetime) -> Message | None:
        """Why nobody can accept it any more, or None."""
        if self.accepted_at is not None:
            return USED
        if self.revoked_at is not None:
            return REVOKED
        if self.expires_at <= now:
            return EXPIRED
        return DEACTIVATED if self.deactivated else None


# No 0 O Q, 1 I L, 2 Z, 5 S, 8 B, and no vowels but A and E, so that no code reads like a word.
CODE_LETTERS = "ACDEFHJKMNPRTVWXY34679"
CODE_LENGTH = 12  # 53 bits
CODE_GROUP = 4
CYRILLIC_TWINS = str.maketrans("АСЕНКМРТХУ", "ACEHKMPTXY")  # what a Russian keyboard gives for the same picture


def printed_code(letters: str) -> str:
    """A code as it is printed, in groups."""
    return "-".join(letters[start : start + CODE_GROUP] for start in range(0, len(letters), CODE_GROUP))


def plain_code(typed: str) -> str:
    """A code as it is kept: whatever case, spaces and hyphens were typed; "" when it can't be one."""
    letters = "".join(c for c in typed.upper() if c.isalnum()).translate(CYRILLIC_TWINS)
    return letters if len(letters) == CODE_LENGTH and set(letters) <= set(CODE_LETTERS) else ""


# Passwords

SHORTEST = 10  # characters
LONGEST = 200
TOO_SHORT = Message.count(
    "Use at least {n} character. A few words that you remember are easiest.",
    "Use at least {n} characters. A few words that you remember are easiest.",
    SHORTEST,
)
IS_ADDRESS = Message("The password must not be your e-mail address. Choose a few words that only you know.")
TOO_COMMON = Message("Many people use this password, so it is guessed first. Choose a few words that only you know.")
REPEATS = Message("The password repeats the same characters. Choose a few words that only you know.")
FEWEST_CHARACTERS = 4  # different ones
COMMON = frozenset(
    """
    1234567890 0123456789 0987654321 9876543210 12345678910 123456789a 1q2w3e4r5t q1w2e3r4t5 1qaz2wsx3edc qazwsxedcrfv
    qwertyuiop qwerty1234 qwerty12345 qwerty123456 qwertyuiop123 asdfghjkl1 zxcvbnm123 1234qwerasdf qwe123qwe123
    password12 password123 password1234 passw0rd123 administrator iloveyou12 welcome123 letmein123 changeme123
    йцукенгшщз йцукен1234 йцукен12345 йцукенгшщзхъ фывапролдж пароль1234 пароль12345 пароль123456 россия2025 россия2026
    мойпароль1 администратор администрация любовь1234 привет1234 инкубатор1 инкубатор2026 incubator1 incubator2026
    """.split()  # noqa: SIM905  (a list of words reads best as words)
)


def password_fault(password: str, email: str) -> Message | None:
    """What to do about a password that does not protect the account, or None."""
    folded = password.casefold()
    if len(password) < SHORTEST:
        return TOO_SHORT
    if folded in {email, email.partition("@")[0]}:
        return IS_ADDRESS
    if folded in COMMON:
        return TOO_COMMON
    return REPEATS if len(set(folded)) < FEWEST_CHARACTERS else None


def read_password(form: Form, name: str, email: str | None = None) -> str:
    """A password as it is hashed: normal form C, no blanks at its ends; with `email` it must be a good one too."""
    password = form.text(name, limit=LONGEST, lines=True)
    if password and email is not None and (fault := password_fault(password, email)):
        form.fail(name, fault)
    return password


# Forms


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person says of himself."""

    name: str
    locale: str
    time_zone: str
    employer: str = ""


def read_profile(form: Form) -> Profile:
    """Name, language, time zone, and where one works."""
    return Profile(
        form.name("name"), form.choice("locale", LOCALES) or "", form.choice("time_zone", ZONE_IDS) or "",
        form.text("employer", required=False, limit=200),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What a new person fills in when he accepts an invitation."""

    name: str
    time_zone: str
    password: str


def read_new_account(form: Form, email: str) -> NewAccount:
    """Name, time zone and a good password."""
    return NewAccount(
        form.name("name"), form.choice("time_zone", ZONE_IDS) or "", read_password(form, "password", email)
    )


def local_path(path: str) -> str:
    """`path` if it leads to a page of this site, else the start page: no host, backslash, scheme or control character."""
    good = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if good else "/"
