"""Allocation: a jury of forty at once, and one of eight hundred by a worker whose progress is watched."""

import asyncio
import time
from uuid import UUID

from bench.data import NOW, Rows, Size, new_cohort, new_grant, new_person
from bench.limits import Figure
from incubator.foundation.database import fetch_one
from incubator.jury.allocation import allocating
from incubator.jury.allocation.search import Request, allocate
from incubator.people.queries import viewer_for

PROJECTS, JURORS, SHEETS = 10_000, 800, 3
SMALL = (300, 40)
PATIENCE = 120  # seconds


def small() -> list[Figure]:
    """300 projects by 40 jurors, three sheets each, the best of three."""
    projects, jurors = range(SMALL[0]), range(1000, 1000 + SMALL[1])
    request = Request(projects, jurors, SHEETS, dict.fromkeys(jurors, 30), seed=1)
    allocate(Request(projects[:10], jurors[:5], 2, dict.fromkeys(jurors, 30), seed=1))  # loads the solver
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        allocate(request)
        best = min(best, time.perf_counter() - began)
    return [Figure("allocation", f"{SMALL[0]} projects × {SMALL[1]} jurors", best, "s", 1.5)]


async def large() -> list[Figure]:
    """10,000 × 800 as it is asked for on a page: its progress is read while the job runs."""
    round_id, organiser = await _round()
    began = time.perf_counter()
    at_once = await allocating.ask(
        await viewer_for(organiser, NOW), round_id, allocating.Limits(sheets=SHEETS, cap=60, seed=1)
    )
    asked = time.perf_counter() - began
    heard, state = set[int](), "waiting"  # the web process does the job, as it does without Redis
    while state == "waiting" and time.perf_counter() - began < PATIENCE:
        row = await fetch_one("SELECT state, percent FROM allocation WHERE round = $1", round_id)
        state = row["state"] if row else ""
        heard.add(row["percent"] if row else 0)
        await asyncio.sleep(0.05)
    took = time.perf_counter() - began
    kept = await fetch_one(
        "SELECT state, (SELECT count(*) FROM allocated_pair WHERE round = $1) AS pairs FROM allocation WHERE round = $1",
        round_id,
    )
    pairs = kept["pairs"] if kept else 0
    return [
        Figure("allocation", "asked for: until the page is back", asked, "s", 2),
        Figure("allocation", f"{PROJECTS:,} × {JURORS}, k = {SHEETS}, asked for until written", took, "s", 60),
        Figure("allocation", "pairs written", pairs, "", PROJECTS * SHEETS, least=True),
        Figure("allocation", "different states of progress that a page could read", len(heard), "", 3, least=True),
        Figure("allocation", "done on the page itself", int(at_once), "", 0),
    ]  # fmt: skip


async def _round() -> tuple[UUID, UUID]:
    rows, size = Rows(), Size("many", PROJECTS, JURORS, SHEETS)
    cohort, organiser = await new_cohort(size, "")
    made = rows.add("scoring_round", cohort=cohort, name="Отбор", state="draft", criteria="[]", plan="{}", created_at=NOW,
                    lock_note="")  # fmt: skip
    for number in range(JURORS):
        person = new_person(rows, "", size, "judge", number)
        new_grant(rows, person, "juror", "cohort", cohort, cohort)
        rows.add("seat", round=made, person=person, seated_at=NOW, declared_at=NOW, removal_reason="")
    for number in range(PROJECTS):
        place = rows.add("municipality", oktmo=str(30_000_000 + number), name=f"Округ {number:05}", kind="urban_district",
                         region="Приморский край", time_zone="Asia/Vladivostok", demo=False)  # fmt: skip
        team = rows.add("team", cohort=cohort, municipality=place, name=f"Команда {number:05}", registered_at=NOW)
        rows.add("round_project", round=made, team=team, place=number + 1, title="Город, в который возвращаются")
    await rows.copy()
    return made, organiser
