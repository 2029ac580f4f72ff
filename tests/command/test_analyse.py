"""`incubator analyse` as anybody with a spreadsheet meets it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from operating import ROOT, call, words

MARKS = "project,juror,score\n" + "".join(
    f"{project},{juror},{mark}\n"
    for project, marks in {
        "Омск": (9, 2, 5, 8),
        "Тула": (6, 1, 3, 2),
        "Спасск": (8, 4, 6, 8),
        "Анадырь": (7, 1, 2, 6),
    }.items()
    for juror, mark in zip("abcd", marks, strict=True)
)
CRITERIA = "project,juror,criterion,score\n" + "".join(
    f"p{p},j{j},{name},{1 + (p * 3 + j * k) % 9}\n"
    for p in range(4)
    for j in range(3)
    for k, name in enumerate(("idea", "team"), 2)
)


def analysed(tmp_path: Path, text: str, *options: str) -> dict[str, Any]:
    (tmp_path / "marks.csv").write_text(text)
    result = call(tmp_path / "var", "analyse", str(tmp_path / "marks.csv"), "--json", *options)
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_keys_of_the_json(tmp_path: Path) -> None:
    found = analysed(tmp_path, MARKS, "--top", "2")
    assert set(found) >= {"model", "connected", "projects", "jurors", "agreement", "notes"}
    assert set(found["model"]) == {"intercept", "variance", "converged"}
    assert set(found["model"]["variance"]) == {"project", "juror", "residual"}
    project = {"id", "sheets", "mean", "adjusted", "standard_error", "low", "high"}
    assert set(found["projects"][0]) == project | {"place", "place_low", "place_high", "chance_top"}
    assert set(found["jurors"][0]) == {"id", "sheets", "severity", "standard_error"}
    coefficients = {"icc_2_1", "icc_2_k", "icc_3_1", "icc_3_k", "krippendorff_alpha", "kendall_w"}
    assert set(found["agreement"]) == coefficients
    assert (found["connected"], found["model"]["converged"]) == (True, True)
    assert [row["id"] for row in found["projects"]][-1] == "Тула"
    assert found["leave_one_out"]["winners"] == [row["id"] for row in found["projects"][:2]]
    assert not (tmp_path / "var").exists(), "nothing is kept"


def test_the_same_marks_give_the_same_bytes(tmp_path: Path) -> None:
    lines = MARKS.splitlines(keepends=True)
    assert analysed(tmp_path, MARKS) == analysed(tmp_path, lines[0] + "".join(reversed(lines[1:])))


def test_weights_move_the_criteria(tmp_path: Path) -> None:
    equal, moved = (
        analysed(tmp_path, CRITERIA),
        analysed(tmp_path, CRITERIA, "--weights", "IDEA=3,team=1", "--band", "50"),
    )
    assert equal["criteria"] == {"idea": 0.5, "team": 0.5}
    assert moved["criteria"] == {"idea": 0.75, "team": 0.25}
    assert moved["weight_band"]["band"] == 0.5
    assert equal["projects"] != moved["projects"]


def test_standard_input_and_words_for_people(tmp_path: Path) -> None:
    english = call(tmp_path, "analyse", "-", typed=MARKS, LC_ALL="C.UTF-8")
    assert english.returncode == 0
    assert "4 projects, 4 jurors, 16 sheets" in english.stdout
    assert "Severity is what the juror adds" in english.stdout
    russian = call(tmp_path, "analyse", "-", typed=MARKS, LC_ALL="ru_RU.UTF-8")
    assert "4 проекта" in russian.stdout
    assert "Строгость" in russian.stdout


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        (MARKS + "Омск,z,good\n,a,5\n", (), ["line 18: “good” is no number", "line 19: no project"]),
        (MARKS + "Омск,a,5\n", (), ["line 18: a has a mark for Омск already, on line 2"]),
        (MARKS, ("--weights", "idea=1"), ["weights need a column criterion"]),
        (CRITERIA, ("--weights", "x=1"), ["no criterion is called x; there are: idea, team"]),
        (MARKS, ("--top", "0"), ["--top"]),
    ],
)
def test_what_is_wrong_is_said_on_stderr_alone(
    tmp_path: Path, text: str, options: tuple[str, ...], told: list[str]
) -> None:
    for more in ((), ("--json",)):
        result = call(tmp_path, "analyse", "-", *more, *options, typed=text, LC_ALL="C.UTF-8")
        assert (result.returncode, result.stdout) == (2, "")
        assert all(each in result.stderr for each in told), result.stderr


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert call(tmp_path, "analyse", str(tmp_path / "none.csv")).returncode == 2


def test_the_site_does_not_pay_for_the_mathematics(tmp_path: Path) -> None:
    asked = (
        "import sys, incubator.cli, incubator.app, incubator.jury.analysis; incubator.app.create_app(); "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'scipy', 'python_calamine')))"
    )
    environment = words(tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", SECRET_KEY="x" * 40)
    run = subprocess.run(
        [sys.executable, "-c", asked], env=environment, cwd=ROOT, check=False, capture_output=True, timeout=60
    )
    assert run.returncode == 0, run.stderr.decode()[-2000:]
