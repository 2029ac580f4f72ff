"""What an entry of the journal is, and how far it may be read. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Audience(StrEnum):
    """How far an entry may be read; each reaches the organisers of its cohort too, except SELF and PLATFORM."""

    TEAM = "team"  # the team, its moderator
    STAFF = "staff"  # the team's moderator, not the team
    JURY = "jury"  # organisers without a conflict of interest
    SELF = "self"  # the actor alone
    EVERYONE = "everyone"  # whoever takes part in the cohort
    PLATFORM = "platform"  # administrators of the installation


@dataclass(frozen=True, slots=True)
class Entry:
    """What is recorded. `data` is kept; `aside` is only whispered to the readers (a letter's words, a link's token)."""

    verb: str
    by: UUID | None
    at: datetime
    audience: Audience
    cohort: UUID | None = None
    team: UUID | None = None
    subject: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    aside: Mapping[str, Any] = field(default_factory=dict)
