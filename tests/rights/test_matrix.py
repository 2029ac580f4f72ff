"""The authorization matrix as a test: every line, every role, refused beside allowed."""

import pytest

from rights.matrix import combinations, lines
from rights.trial import CALLS, cells

AGREED = "0"
LINES = lines("matrix.txt") + lines("more.txt")
BY_KEY = {line.key: line for line in LINES}
COMBINED = combinations("combinations.txt")

# The state in which a role has just ended.
ENDED = {
    "team_lead_removed": "lead_removed",
    "moderator_reassigned": "moderator_reassigned",
    "deactivated_user": "deactivated",
    "password_changed_elsewhere": "password_changed",
    "juror_conflict_declared_after_scoring": "recused_late",
    "session_expired_mid_form": "session_expired",
}


def at(call_and_line):
    """Calls in the order of their states: each state is built once."""
    return call_and_line[1].at


TRIED = sorted(((line, call) for line in LINES for call in CALLS.get(line.key, ())), key=at)


@pytest.mark.parametrize(
    ("line", "call"), TRIED, ids=lambda each: getattr(each, "key", None) or f"{each.method} {each.path}"
)
async def test_cells(hall, trial, line, call):
    await hall.at(call.at)
    wrong = []
    with hall.inside():
        for each, role, letter in cells(line):
            if each is call:
                wrong += [f"{role} ({letter}): {fault}" for fault in await trial.cell(line, call, role, letter)]
    assert not wrong, "\n".join([f"{call.method} {call.path} in {call.at}:", *wrong])


@pytest.mark.parametrize("each", COMBINED, ids=lambda each: f"{each.role} {each.key}")
async def test_combinations(hall, trial, each):
    line = BY_KEY[each.key]
    wrong = []
    for call in CALLS[each.key]:
        await hall.at(ENDED.get(each.role, call.at))
        with hall.inside():
            wrong += [
                f"{call.method} {call.path}: {fault}" for fault in await trial.cell(line, call, each.role, each.letter)
            ]
    assert not wrong, "\n".join(wrong)
