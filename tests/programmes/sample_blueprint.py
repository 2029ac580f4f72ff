"""A small blueprint without fault, and how tests read the faults of what they make of it."""

import pytest

from incubator.foundation.i18n import speaking
from incubator.programmes.blueprint import BlueprintFaults, read

GOOD = """\
key = "demo"
version = 1
name = "Demo"
language = "en"

[team]
min_members = 1
max_members = 5
eligible_positions = ["head", "deputy_head"]

[[modules]]
key = "first"
title = "First"
opens_on_day = 0
due_on_day = 7
due_time = "17:30"
gate = "all_required_accepted"

[[modules.assignments]]
key = "essay"
title = "Essay"
rework_limit = 1

[[modules.assignments.fields]]
key = "thought"
label = "Thought"
kind = "short_text"
limit = 200

[[modules.assignments.fields]]
key = "side"
label = "Side"
kind = "choice"
options = ["left", "right"]

[[modules.assignments.fields]]
key = "figures"
label = "Figures"
kind = "table"
limit = 5
columns = ["Year", "Value"]

[[modules]]
key = "second"
title = "Second"
opens_on_day = 10
due_on_day = 20
gate = "open_by_date"

[[criteria]]
key = "effect"
title = "Effect"
weight = 3
scale_min = 0
scale_max = 10
step = 0.5

[criteria.anchors]
"0" = "none"
"7.5" = "strong"

[[criteria]]
key = "clarity"
title = "Clarity"
weight = 1
scale_min = 1
scale_max = 5

[jury]
aggregate = "mean"
minimum_sheets = 3
quorum = 4
closing = "close_with_gaps"
ties = ["criterion:effect", "vote", "shared"]
decimals = 2
rounding = "half_up"
"""


def faults(text):
    """Each fault as (line, key, reason in English)."""
    with pytest.raises(BlueprintFaults) as caught, speaking("en", "Europe/Moscow"):
        read(text)
    with speaking("en", "Europe/Moscow"):
        return [(fault.line, fault.key, str(fault.reason)) for fault in caught.value.faults]


def line_of(text, part):
    return text[: text.index(part)].count("\n") + 1
