"""What is missing is said on a laptop and fails in CI."""

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
