"""Reads the authorization matrix: one line for each (resource, action, state), one letter for each role.

A allows; D refuses with 403 (who asks may know that the thing is there); N hides with 404. A visitor's D sends him to
sign in. Letters stand in groups: visitor; team (participant, lead, another team); moderators (own, other); jurors
(assigned, conflicted, unassigned, removed); organisers (own, conflicted, of another programme); administrator.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROLES = (
    "visitor", "participant", "team_lead", "participant_other_team", "moderator_own", "moderator_other",
    "juror_assigned", "juror_conflicted", "juror_unassigned", "juror_removed", "organiser_own", "organiser_conflicted",
    "organiser_other", "platform_admin",
)  # fmt: skip
GROUPS = 6
CODES = {
    ("A", "GET"): "200", ("A", "POST"): "200|303", ("A", "PATCH"): "204", ("A", "DELETE"): "204",
    ("D", "GET"): "403", ("D", "POST"): "403",
}  # fmt: skip
TO_SIGN_IN = {"GET": "303", "POST": "401", "PATCH": "401", "DELETE": "401"}


@dataclass(frozen=True)
class Line:
    """One line; `letters` in the order of ROLES, `kept` whether an allowed act leaves a row in the journal."""

    resource: str
    action: str
    state: str
    method: str
    letters: str
    kept: bool
    reason: str

    @property
    def key(self) -> str:
        return f"{self.resource} {self.action} {self.state}"

    def letter(self, role: str) -> str:
        return self.letters[ROLES.index(role)]


@dataclass(frozen=True)
class Combination:
    """What somebody with two roles, or with one that has just ended, may do."""

    role: str
    key: str
    letter: str
    reason: str


def _rows(name: str) -> Iterable[list[str]]:
    for text in (HERE / name).read_text(encoding="utf-8").splitlines():
        if text.strip() and not text.startswith("#"):
            yield text.split()


def lines(name: str) -> list[Line]:
    """The lines of one of the files."""
    return [
        Line(*words[:4], "".join(words[4 : 4 + GROUPS]), words[4 + GROUPS] == "j", " ".join(words[5 + GROUPS :]))
        for words in _rows(name)
    ]


def combinations(name: str) -> list[Combination]:
    """The combinations of one of the files."""
    return [Combination(words[0], " ".join(words[1:4]), words[4], " ".join(words[5:])) for words in _rows(name)]


def statuses(letter: str, role: str, method: str) -> set[str]:
    """The HTTP statuses with which a letter may be answered."""
    if letter == "N":
        return {"404"}
    if letter == "D" and role in NOBODY:
        return {TO_SIGN_IN[method]}
    return set(CODES[letter, method].split("|"))


NOBODY = {"visitor", "deactivated_user", "password_changed_elsewhere", "session_expired_mid_form"}
"""Who has no session, or one that has ended."""


def fingerprint(agreed: Iterable[Line], combined: Iterable[Combination]) -> str:
    """A print of all that was agreed: a letter changes only together with it."""
    said = [f"{line.key} {line.method} {line.letters} {line.kept}" for line in agreed]
    said += [f"{each.role} {each.key} {each.letter}" for each in combined]
    return hashlib.sha256("\n".join(sorted(said)).encode()).hexdigest()[:16]
