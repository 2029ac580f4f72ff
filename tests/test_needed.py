"""What is missing is said on a laptop and fails in CI."""

import re
from pathlib import Path

import pytest

from needed import missing, needs


@pytest.mark.parametrize(("ci", "end"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_what_is_missing_fails_in_ci_and_skips_on_a_laptop(monkeypatch, ci, end):
    monkeypatch.setenv("CI", ci)
    with pytest.raises(end, match="no such thing"):
        missing("no such thing")
    with pytest.raises(end, match="no such thing"):
        needs(False, "no such thing")(lambda: None)()


def test_what_is_there_is_used():
    assert needs(True, "no such thing")(lambda: "done")() == "done"


def test_nothing_is_skipped_in_another_way():
    """A skip that does not go through `missing` would be silent in CI."""
    quiet = re.compile(
        r"\bpytest\s*\.\s*(skip|xfail|importorskip)\s*\(|\bmark\s*\.\s*(skip|skipif|xfail)\b|\bSkipTest\b|\bskipIf\b"
        r"|\bskipUnless\b|\bunittest\s*\.\s*skip\b|\bfrom\s+(pytest|unittest)\s+import\b|\bcollect_ignore"
    )
    found = {path.name for path in Path(__file__).parent.rglob("*.py") if quiet.search(path.read_text())}
    assert found == {"needed.py"}
