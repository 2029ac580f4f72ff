"""Who may do what: a viewer's roles, how he stands to a team, and the rights judged from that. Pure.

Three answers exist. ALLOW; FORBID (403) when the viewer legitimately knows that the thing is there; HIDE (404) when its
existence is not his business. A conflict of interest only ever takes away.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from uuid import UUID

from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Forbidden, NotFound


class Role(StrEnum):
    """What a person is, always within a scope."""

    ADMINISTRATOR = "administrator"  # scope: the platform
    ORGANISER = "organiser"  # scope: a programme
    MODERATOR = "moderator"  # scope: a cohort (may be given teams) or a team (accompanies it)
    JUROR = "juror"  # scope: a cohort
    TEAM_LEAD = "team_lead"  # scope: a cohort (may register a team) or a team
    PARTICIPANT = "participant"  # scope: a team


class Scope(StrEnum):
    """What a role is held in."""

    PLATFORM = "platform"
    PROGRAMME = "programme"
    COHORT = "cohort"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Grant:
    """One role in one scope; `where` is None for the platform, `cohort` names the cohort of a team or cohort scope."""

    role: Role
    scope: Scope
    where: UUID | None
    cohort: UUID | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Interest:
    """A conflict of interest that stands: the person must not judge that team."""

    cohort: UUID
    team: UUID


class Relation(Enum):
    """How a viewer stands to a team, or to a cohort where no team is meant."""

    LEAD = "lead"
    MEMBER = "member"
    OTHER_TEAM = "other team"
    MODERATOR = "moderator"
    OTHER_MODERATOR = "moderator of other teams"
    JUROR = "juror"
    JUROR_CONFLICTED = "juror with a conflict"
    ORGANISER = "organiser"
    ORGANISER_CONFLICTED = "organiser with a conflict"
    ADMINISTRATOR = "administrator"
    CHAIR = "chair of a round"  # these two only in a round, never from a grant
    SECRETARY = "secretary of a round"


class Verdict(Enum):
    """The three answers."""

    ALLOW = "allow"
    FORBID = "forbid"
    HIDE = "hide"


@dataclass(frozen=True, slots=True)
class Right:
    """Something one may do: who may, and who may not but knows that it exists. To everybody else it is hidden.

    `strict` rights (all that touches judging) give way to any relation that is forbidden.
    """

    name: str
    allow: frozenset[Relation]
    forbid: frozenset[Relation] = frozenset()
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A viewer's relations to one team or cohort."""

    relations: frozenset[Relation]

    def judge(self, right: Right) -> Verdict:
        """The answer for one right; no relation at all hides."""
        if right.strict and self.relations & right.forbid:
            return Verdict.FORBID
        if self.relations & right.allow:
            return Verdict.ALLOW
        return Verdict.FORBID if self.relations & right.forbid else Verdict.HIDE

    def may(self, right: Right) -> bool:
        """Whether to show a button or a link."""
        return self.judge(right) is Verdict.ALLOW

    def need(self, right: Right) -> None:
        """Pass, or raise NotFound or Forbidden. Every protected page and action goes through `guard`."""
        guard(self.judge(right), right)


def guard(verdict: Verdict, right: Right) -> None:
    """The one door: turns a verdict into passing, 403 or 404."""
    if verdict is Verdict.HIDE:
        raise NotFound
    if verdict is Verdict.FORBID:
        raise Forbidden(REASONS.get(right.name, NO_RIGHT))


def admit(right: Right, *, allowed: bool) -> None:
    """The same door where nothing is hidden, only not for everybody: a list, a form, a new thing."""
    guard(Verdict.ALLOW if allowed else Verdict.FORBID, right)


NO_RIGHT = Message("Your role does not allow this. Ask an organiser of the programme if you think it should.")
REASONS: dict[str, Message] = {}


def right(
    name: str,
    *,
    allow: frozenset[Relation],
    forbid: frozenset[Relation] = frozenset(),
    strict: bool = False,
    reason: Message | None = None,
) -> Right:
    """Declare a right in a feature's rules; `reason` tells a refused person what to do instead."""
    if reason is not None:
        REASONS[name] = reason
    return Right(name, allow, forbid - allow, strict)


TEAM = frozenset({Relation.LEAD, Relation.MEMBER})
LEAD = frozenset({Relation.LEAD})
MODERATOR = frozenset({Relation.MODERATOR})
ORGANISER = frozenset({Relation.ORGANISER})
ORGANISERS = ORGANISER | {Relation.ORGANISER_CONFLICTED}
STAFF = MODERATOR | ORGANISERS
KNOWS_TEAM = TEAM | STAFF | {Relation.ADMINISTRATOR}


TEAM_ROLES = {
    Role.TEAM_LEAD: Relation.LEAD,
    Role.PARTICIPANT: Relation.MEMBER,
    Role.MODERATOR: Relation.MODERATOR,
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, what he holds, and when (`now` is PostgreSQL's clock at the arrival of the request)."""

    id: UUID
    name: str
    email: str
    locale: str
    time_zone: str
    now: datetime
    grants: frozenset[Grant] = frozenset()
    interests: frozenset[Interest] = frozenset()
    session: bytes = b""
    demo: bool = False  # an invented person: every page says so
    asks: bool = False  # whether a consent has to be answered before anything else
    shared: bool = False  # at a computer that others use too: nothing is kept on it
    first_steps: str = ""  # "hidden" or "shown" by the person, else until they are done
    flash: tuple[tuple[str, str], ...] = field(default=(), compare=False)  # (kind, text)

    def holds(self, role: Role, scope: Scope, where: UUID | None = None) -> bool:
        """Whether the viewer has that role there."""
        return Grant(role, scope, where) in self.grants

    def places(self, role: Role, scope: Scope) -> list[UUID]:
        """Ids of the scopes in which the viewer has that role."""
        return sorted(g.where for g in self.grants if g.role is role and g.scope is scope and g.where is not None)

    @property
    def is_administrator(self) -> bool:
        """Whether the viewer runs the installation."""
        return self.holds(Role.ADMINISTRATOR, Scope.PLATFORM)

    def standing(self, *, programme: UUID, cohort: UUID, team: UUID | None = None) -> Standing:
        """Relations to a team of a cohort, or to the cohort itself when `team` is None.

        Without a team a conflict with any team of the cohort counts: a ranking without one row gives that row away.
        """
        found = set(self._relations(cohort, team))
        conflicted = self._conflicted(cohort, team)
        if Relation.MODERATOR not in found and self.holds(Role.MODERATOR, Scope.COHORT, cohort):
            found.add(Relation.OTHER_MODERATOR)
        if self.holds(Role.JUROR, Scope.COHORT, cohort):
            found.add(Relation.JUROR_CONFLICTED if conflicted or Relation.MODERATOR in found else Relation.JUROR)
        if self.holds(Role.ORGANISER, Scope.PROGRAMME, programme):
            found.add(Relation.ORGANISER_CONFLICTED if conflicted else Relation.ORGANISER)
        if self.is_administrator:
            found.add(Relation.ADMINISTRATOR)
        return Standing(frozenset(found))

    def _relations(self, cohort: UUID, team: UUID | None) -> Iterator[Relation]:
        for grant in self.grants:
            if grant.scope is Scope.TEAM and grant.where == team and grant.role in TEAM_ROLES:
                yield TEAM_ROLES[grant.role]
            elif grant.cohort == cohort and grant.role in {Role.TEAM_LEAD, Role.PARTICIPANT}:
                yield Relation.OTHER_TEAM

    def _conflicted(self, cohort: UUID, team: UUID | None) -> bool:
        """Declared, or following from taking part in a team oneself."""
        declared = any(i.cohort == cohort and team in {None, i.team} for i in self.interests)
        own = {
            g.where for g in self.grants if g.scope is Scope.TEAM and g.cohort == cohort and g.role != Role.MODERATOR
        }
        return declared or (bool(own) if team is None else team in own)
