"""`incubator analyse` on 73,000 marks of 3,000 jurors and 1,100 projects, held against its limits and its ceiling.

    python -m bench.analyse              # three runs of the command, the ceiling before and after
    python -m bench.analyse --runs 5

The ceiling is what the mathematics alone must cost: twenty Cholesky factorisations of an 1,100 × 1,100 matrix by LAPACK on
one core, in the same run. The fit itself is held against it, in processor time; the limits of the command are absolute.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is loaded

import numpy as np
from scipy.linalg import lapack

from incubator.jury.analysis import Sheet, analyse, reading
from incubator.jury.analysis.crossing import Crossing
from incubator.jury.analysis.design import design
from incubator.jury.analysis.mixed import fit

PROJECTS, JURORS, MARKS = 1_100, 3_000, 73_000
SECONDS, MEGABYTES, RATIO, SCHOOL = 2.0, 500, 2.0, 0.1
"""Limits: wall time and memory of the command, processor time of the fit by the ceiling, seconds of a school's panel."""


def table(folder: Path) -> Path:
    """The same marks in every run, as a file of shuffled rows."""
    random = np.random.default_rng(0)
    project, juror = np.divmod(random.choice(PROJECTS * JURORS, MARKS, replace=False), JURORS)
    effects = 0.8 * random.normal(size=PROJECTS)[project] + 0.6 * random.normal(size=JURORS)[juror]
    marks = np.clip(np.round(2 * (6.5 + effects + random.normal(size=MARKS))) / 2, 0, 12)
    path = folder / "marks.csv"
    rows = "".join(f"P{p},J{j},{mark}\n" for p, j, mark in zip(project, juror, marks, strict=True))
    path.write_text("project,juror,score\n" + rows)
    return path


def ceiling() -> float:
    """Processor seconds of twenty factorisations."""
    random = np.random.default_rng(0)
    half = random.normal(size=(PROJECTS, PROJECTS))
    matrix = np.asfortranarray(half @ half.T + PROJECTS * np.eye(PROJECTS))
    lapack.dpotrf(matrix, lower=1)
    begun = time.process_time()
    for _ in range(20):
        lapack.dpotrf(matrix, lower=1)
    return time.process_time() - begun


def command(path: Path) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and megabytes of the whole command, interpreter and all."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    words = [sys.executable, "-c", "from incubator.cli import main; main()", "analyse", str(path), "--json"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return wall, spent, after.ru_maxrss / 1024


def fitted(path: Path) -> tuple[float, int]:
    """Processor seconds and factorisations of the fit alone."""
    given = design(reading.read(path.read_bytes()), None)
    y = (given.y - given.y.mean()) / given.y.std()
    begun = time.process_time()
    found = fit(Crossing(given.project, given.juror, PROJECTS, JURORS), y)
    return time.process_time() - begun, found.evaluations


def school() -> float:
    """Wall seconds of the analysis of 19 teams by 7 jurors, the best of ten."""
    random = np.random.default_rng(0)
    sheets = [Sheet(team, juror, [float(random.normal(7, 1))]) for team in range(19) for juror in range(7)]
    best = float("inf")
    for _ in range(10):
        begun = time.perf_counter()
        analyse(sheets)
        best = min(best, time.perf_counter() - begun)
    return best


def main() -> int:
    """Measure, print, and fail where a limit is broken."""
    parser = argparse.ArgumentParser(prog="python -m bench.analyse", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of the command; the best counts (%(default)s)")
    runs = max(1, min(20, parser.parse_args().runs))
    with tempfile.TemporaryDirectory(prefix="incubator-bench-") as folder:
        path = table(Path(folder))
        top = ceiling()
        found = [command(path) for _ in range(runs)]
        cost, evaluations = fitted(path)
        top = min(top, ceiling())
    wall, spent = min(each[0] for each in found), min(each[1] for each in found)
    lines = [
        ("command, wall", wall, SECONDS, "s"),
        ("command, memory", max(each[2] for each in found), MEGABYTES, "MB"),
        (f"fit ({evaluations} factorisations) by the ceiling", cost / top, RATIO, "x"),
        ("a school's panel", school(), SCHOOL, "s"),
    ]
    print(
        f"twenty factorisations: {top:.2f} s of processor time; command: {spent:.2f} s; load {os.getloadavg()[0]:.1f}"
    )
    for name, value, limit, unit in lines:
        print(f"{'ok  ' if value <= limit else 'OVER'} {name:45} {value:8.3f} {unit:2}  limit {limit:g} {unit}")
    return int(any(value > limit for _, value, limit, _ in lines))


if __name__ == "__main__":
    sys.exit(main())
