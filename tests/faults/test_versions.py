"""The hidden version of a form: missing, empty, old or nonsense, it never overwrites what somebody has saved meanwhile,
never breaks anything, and never costs a word of what was typed.
"""

from pathlib import Path
from urllib.parse import urlencode

import pytest

from faults.test_every_form import asked, form, prepared, unsafe

WRONG = {
    "missing": None, "empty": "", "old": "0a0a0a0a0a", "of another time": "7", "far too large": "9" * 40, "negative": "-1",
    "nonsense": "пять", "hostile": "' OR 1=1 --", "not finite": "NaN",
}  # fmt: skip
TYPED = "Напечатанное, которое не должно пропасть"
VERSIONED = {
    "POST /cohorts/{}/settings": "summary",
    "POST /cohorts/{}/plan/modules/{}": "summary",
    "POST /cohorts/{}/plan/assignments/{}": "instructions",
    "POST /cohorts/{}/jury/criteria/{}": "description",
    "POST /cohorts/{}/jury/rules": "",
    "POST /rounds/{}/conflicts": "employer",
    "POST /teams/{}/case": "problem",
    "POST /teams/{}/assignments/{}": "answer-trend",
    "POST /rounds/{}/projects/{}": "comment",
}
"""The forms that hold a version, with a field of prose in each ("" where there is none)."""


@pytest.mark.parametrize("key", sorted(VERSIONED, key=lambda key: unsafe()[key][0].at))
async def test_no_version_overwrites_anything_or_loses_a_word(hall, trial, key):
    call, role = unsafe()[key]
    request, fields = await prepared(hall, trial, call, role)
    assert "version" in dict(fields)
    prose = VERSIONED[key]
    typed = [pair for pair in fields if pair[0] not in {"version", prose}] + ([(prose, TYPED)] if prose else [])
    for what, version in WRONG.items():
        body = urlencode(typed + ([] if version is None else [("version", version)])).encode()
        with hall.inside():
            answer, changed = await asked(hall, form(request, body), role)
        assert answer.status in {409, 422}, (what, answer.status)
        assert not changed, what
        assert not prose or TYPED in answer.text, f"{what}: what was typed is gone"
        assert "version" in answer.text, f"{what}: nothing to save it with"


SAME_FORMS = {"stages/_form.html", "stages/clash.html", "stages/check.html", "teams/case.html", "teams/case_clash.html",
              "teams/case_check.html", "jury/sheet.html"}  # fmt: skip


def test_every_form_with_a_version_is_tried():
    """A template that holds a version belongs to one of the forms above."""
    root = Path(__file__).parents[2] / "templates"
    holding = {str(path.relative_to(root)) for path in root.rglob("*.html") if 'name="version"' in path.read_text()}
    known = {"programmes/settings.html", "stages/plan_module.html", "stages/plan_assignment.html",
             "jury/criterion.html", "jury/rules.html", "jury/conflicts.html"}  # fmt: skip
    assert known <= holding - SAME_FORMS
