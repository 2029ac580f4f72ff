"""Who may do what with a team, who may take part in it, and what the forms about teams say. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.people.rights import (
    LEAD,
    ORGANISER,
    ORGANISERS,
    STAFF,
    TEAM,
    Relation,
    Role,
    Scope,
    Standing,
    Viewer,
    right,
)
from incubator.programmes.blueprint import Position
from incubator.programmes.rules import POSITIONS, CohortRef, CohortState
from incubator.teams.municipalities import MunicipalityFacts, read_municipality

# Rights (rows `case`, `case_versions`, `team`, `contacts` and `conflict.claim_by_team` of the authorization matrix)

ADMINISTRATOR = frozenset({Relation.ADMINISTRATOR})
JURORS = frozenset({Relation.JUROR, Relation.JUROR_CONFLICTED})
ONLY_TEAM = Message("Only the team writes in its own name. Write to the team if something has to be changed.")
ONLY_LEAD = Message("Only the team lead does this. Ask the lead of your team.")
ONLY_LEAD_OR_ORGANISER = Message("Only the team lead or an organiser of the programme changes who is in the team.")

VIEW_TEAM = right("team.view", allow=TEAM | STAFF, forbid=ADMINISTRATOR)
VIEW_CASE = right("case.view", allow=TEAM | STAFF, forbid=ADMINISTRATOR)
VIEW_VERSIONS = right("case_versions.view", allow=TEAM | STAFF, forbid=ADMINISTRATOR)
EDIT_CASE = right("case.edit", allow=TEAM, forbid=STAFF | ADMINISTRATOR, reason=ONLY_TEAM)
SUBMIT_CASE = right("case.submit", allow=LEAD, forbid=TEAM | STAFF | ADMINISTRATOR, reason=ONLY_LEAD)
WITHDRAW_CASE = right("case.withdraw", allow=LEAD, forbid=TEAM | STAFF | ADMINISTRATOR, reason=ONLY_LEAD)
DELETE_CASE = right("case.delete", allow=LEAD, forbid=TEAM | STAFF | ADMINISTRATOR, reason=ONLY_LEAD)

CHANGES_TEAM = LEAD | ORGANISER
KNOWS_TEAM = TEAM | STAFF | ADMINISTRATOR
INVITE_MEMBER = right("team.invite_member", allow=CHANGES_TEAM, forbid=KNOWS_TEAM, reason=ONLY_LEAD_OR_ORGANISER)
REMOVE_MEMBER = right("team.remove_member", allow=CHANGES_TEAM, forbid=KNOWS_TEAM, reason=ONLY_LEAD_OR_ORGANISER)
EDIT_MEMBER = right("team.edit_member", allow=CHANGES_TEAM, forbid=KNOWS_TEAM, reason=ONLY_LEAD_OR_ORGANISER)
TRANSFER_LEAD = right("team.transfer_lead", allow=CHANGES_TEAM, forbid=KNOWS_TEAM, reason=ONLY_LEAD_OR_ORGANISER)

ONLY_ORGANISER = Message("Only an organiser without a conflict of interest changes what a team is registered as.")
CORRECT_TEAM = right("team.correct", allow=ORGANISER, forbid=KNOWS_TEAM, reason=ONLY_ORGANISER)
WITHDRAW_TEAM = right("team.withdraw", allow=ORGANISER, forbid=KNOWS_TEAM, reason=ONLY_ORGANISER)

VIEW_CONTACTS = right("contacts.view", allow=TEAM | STAFF, forbid=ADMINISTRATOR)
EXPORT_CONTACTS = right(
    "contacts.export",
    allow=ORGANISERS,
    forbid=KNOWS_TEAM,
    reason=Message("Only organisers take contacts out of the system. On the screen you may read them."),
)
CHALLENGE_JUROR = right("conflict.claim_by_team", allow=LEAD, forbid=KNOWS_TEAM | JURORS, reason=ONLY_LEAD)

REGISTER_TEAM = right(
    "team.register",
    allow=ORGANISERS,
    forbid=frozenset(Relation),
    reason=Message("A team is registered by its lead, after an invitation, or by an organiser of the programme."),
)


def may_register(viewer: Viewer, cohort: CohortRef) -> bool:
    """Whether the viewer registers his own team: he was invited to the cohort as a lead and has not done it yet."""
    return viewer.holds(Role.TEAM_LEAD, Scope.COHORT, cohort.id)


# Who may take part

NOT_OPEN = Message("The cohort is not open yet. Teams register when the organisers have opened it.")
CLOSED = Message("The cohort is closed: its teams stay as they are.")
ALREADY_REGISTERED = Message("You have registered a team in this cohort already. Open it from the start page.")
NAME_TAKEN = Message("Another team of the cohort has this name. Choose another one.")
TEAM_WITHDRAWN = Message("The team has left the programme, so nothing is changed in it any more.")
STILL_THERE = Message("The team is in the programme: somebody has taken it back already. Reload the page.")
NOTHING_NEW = Message("This is how the team is registered already. Change something, or leave the page.")
SHARED_MUNICIPALITY = Message(
    "Teams of other programmes come from this municipality too, so its name, kind and time zone stay. If the code is"
    " wrong, type the right one."
)
LAST_TO_LEAVE = Message("A team always has a lead. Hand the lead over to another member first.")
LEADS_ALREADY = Message("This person is the team lead already.")
LEAD_HAS_CHANGED = Message("Somebody else is the team lead by now. Reload the page to see who.")
NOT_A_MEMBER = Message("This person has left the team by now. Reload the page.")
INVITED_ALREADY = Message("This address has been invited to the team already. The invitation is in the list below.")
MEMBER_ALREADY = Message("The person with this address is in the team already.")
INVITATION_GONE = Message("This invitation has been accepted, withdrawn or has run out by now. Reload the page.")
HAS_LEAD = Message("The team has a lead already. Invite the person as a member and hand the lead over then.")


@dataclass(frozen=True, slots=True)
class TeamLimits:
    """What a cohort says about its teams; `positions` empty means all, sizes count the lead."""

    places: int
    min_members: int
    max_members: int
    positions: tuple[Position, ...]

    @property
    def position_choices(self) -> list[tuple[str, Message]]:
        """The eligible positions with their labels."""
        return [(each.value, POSITIONS[each]) for each in self.positions or Position]


def limits_from(places: int, min_members: int, max_members: int, words: Iterable[str]) -> TeamLimits:
    """Limits from a cohort's row; positions stand in the order of the enumeration."""
    known = set(words)
    return TeamLimits(places, min_members, max_members, tuple(each for each in Position if each.value in known))


def closed_for_changes(state: CohortState) -> Message | None:
    """Why nobody gets into a team of this cohort now, or None."""
    return {CohortState.DRAFT: NOT_OPEN, CohortState.CLOSED: CLOSED}.get(state)


def team_frozen(withdrawn_at: datetime | None) -> Message | None:
    """Why nothing is changed in a team any more, or None."""
    return None if withdrawn_at is None else TEAM_WITHDRAWN


def no_place(limits: TeamLimits, teams: int) -> Message | None:
    """Why one more team can't be registered, or None."""
    if teams < limits.places:
        return None
    return Message.count(
        "All places are taken: the cohort has {n} place. Write to the organisers.",
        "All places are taken: the cohort has {n} places. Write to the organisers.",
        limits.places,
    )


def team_full(limits: TeamLimits, members: int, invited: int) -> Message | None:
    """Why one more can't be invited, or None; open invitations hold a place."""
    if members + invited < limits.max_members:
        return None
    return Message.count(
        "A team has at most {n} member, open invitations included. Withdraw one or ask somebody to leave first.",
        "A team has at most {n} members, open invitations included. Withdraw one or ask somebody to leave first.",
        limits.max_members,
    )


def too_few(limits: TeamLimits, members: int) -> Message | None:
    """What the team is told while it is smaller than the cohort asks for, or None."""
    if members >= limits.min_members:
        return None
    return Message.count(
        "A team has at least {n} member. Invite {missing} more.",
        "A team has at least {n} members. Invite {missing} more.",
        limits.min_members,
        missing=limits.min_members - members,
    )


def not_eligible(limits: TeamLimits, position: Position) -> Message | None:
    """Why a person in this position can't take part, or None. Who may take part is a rule of the cohort."""
    if not limits.positions or position in limits.positions:
        return None
    return Message("This position may not take part in this cohort: {position}.", position=POSITIONS[position])


# Teams as viewers see them


@dataclass(frozen=True, slots=True)
class Invitee:
    """Whom to invite, in what position, and whether as the lead."""

    email: str
    name: str
    position: Position
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Registration:
    """A team to be registered. Its lead is the one who registers it, in `position`, or the one who is invited."""

    municipality: MunicipalityFacts
    team_name: str
    position: Position | None = None
    job_title: str = ""
    lead: Invitee | None = None


def read_registration(
    form: Form, limits: TeamLimits, *, own: bool, known: MunicipalityFacts | None
) -> Registration | None:
    """The registration from a form, one's own or an organiser's; None and errors by field.

    `known` is the municipality with the code that was typed, if there is one.
    """
    municipality = read_municipality(form, known)
    team_name = form.name("team_name")
    positions = limits.positions or tuple(Position)
    if own:
        position = form.choice("position", positions)
        job_title = form.text("job_title", required=False)
        if municipality is None or position is None:
            return None
        return Registration(municipality, team_name, position, job_title)
    lead = read_invitee(form, limits)
    if municipality is None or lead is None:
        return None
    return Registration(municipality, team_name, lead=replace(lead, leads=True))


def read_invitee(form: Form, limits: TeamLimits) -> Invitee | None:
    """Address, name and position from a form; None and errors by field."""
    email, name = form.email("email"), form.name("name")
    position = form.choice("position", limits.positions or tuple(Position))
    leads = form.flag("leads")
    return Invitee(email, name, position, leads) if email and name and position else None


def read_position(form: Form, limits: TeamLimits, held: Position) -> tuple[Position | None, str]:
    """A member's position, of those that may take part or the one he holds, and his job title."""
    options = [each for each in Position if each in (limits.positions or tuple(Position)) or each is held]
    return form.choice("position", options), form.text("job_title", required=False)


@dataclass(frozen=True, slots=True)
class Correction:
    """What a team is registered as, put right, and why."""

    team_name: str
    municipality: MunicipalityFacts
    reason: str


def read_correction(form: Form, known: MunicipalityFacts | None) -> Correction | None:
    """The correction from a form; None and errors by field. `known` is the municipality of another code, if there is one."""
    team_name, municipality, reason = form.name("team_name"), read_municipality(form, known), read_reason(form)
    return Correction(team_name, municipality, reason) if team_name and municipality and reason else None


def read_reason(form: Form) -> str:
    """Why something is done, in a few lines."""
    return form.text("reason", limit=500, lines=True)


@dataclass(frozen=True, slots=True)
class TeamRef:
    """A team as seen by one viewer; `time_zone` is the municipality's."""

    id: UUID
    name: str
    cohort: UUID
    cohort_name: str
    cohort_state: CohortState
    programme: UUID
    programme_name: str
    municipality: str
    region: str
    time_zone: str
    cohort_time_zone: str
    withdrawn_at: datetime | None
    demo: bool
    standing: Standing


def spreadsheet_rows(rows: Iterable[Collection[str]]) -> str:
    """Rows as Excel in a Russian locale reads them: semicolons, a byte order mark, and no cell that is a formula."""
    lines = (";".join(_cell(value) for value in row) for row in rows)
    return "\ufeff" + "\r\n".join(lines) + "\r\n"


def _cell(value: str) -> str:
    safe = f"'{value}" if value[:1] in {"=", "+", "-", "@", "\t"} else value
    return '"' + safe.replace('"', '""') + '"'
