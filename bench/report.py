"""The figures, their ratios to the ceilings of the same run, and how they stand to the aims."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench import machine
from bench.load import Run

HERE = Path(__file__).parent
QUIET = 0.10  # of the machine used by others: above it, rates and latencies are not worth quoting


@dataclass(frozen=True)
class Spent:
    """Seconds of processor time in one run; `others` is the share of the machine that nobody here used."""

    web: float
    database: float
    client: float
    others: float


@dataclass(frozen=True)
class Figure:
    """One run. Times in milliseconds; `web_ms`, `database_ms`, `client_ms` are processor time for each request."""

    size: str
    request: str
    server: str
    connections: int
    rate: float
    p50: float
    p95: float
    p99: float
    web_ms: float
    database_ms: float
    client_ms: float
    statements: int | None
    bytes: int
    wrong: int
    others: float
    requests: int

    @classmethod
    def of(
        cls,
        size: str,
        request: str,
        server: str,
        connections: int,
        run: Run,
        spent: Spent,
        statements: int | None,
        length: int,
    ) -> "Figure":
        """A figure from what was seen."""
        number = max(1, len(run.latencies))
        web, database, client = (round(each / number * 1000, 3) for each in (spent.web, spent.database, spent.client))
        p50, p95, p99 = (round(run.quantile(share), 2) for share in (0.50, 0.95, 0.99))
        return cls(size, request, server, connections, round(run.rate, 1), p50, p95, p99, web, database, client,
                   statements, length, run.wrong, round(spent.others, 3), number)  # fmt: skip

    @property
    def cost(self) -> float:
        """Processor milliseconds in web processes and database."""
        return self.web_ms + self.database_ms


@dataclass
class Found:
    """All that one run of the bench has found. Memory in megabytes."""

    seconds: float
    memory_before: float
    memory_after: float = 0.0
    figures: list[Figure] = field(default_factory=list)
    growth: dict[str, float] = field(default_factory=dict)
    crowd: dict[str, dict[str, float]] = field(default_factory=dict)

    def get(self, size: str, request: str, server: str, connections: int) -> Figure | None:
        """One figure, if it was measured."""
        wanted = (size, request, server, connections)
        return next((f for f in self.figures if (f.size, f.request, f.server, f.connections) == wanted), None)


def latency(run: Run) -> dict[str, float]:
    """A run in four words."""
    return {
        "rate": round(run.rate, 1),
        "p50": round(run.quantile(0.5), 1),
        "p99": round(run.quantile(0.99), 1),
        "wrong": run.wrong,
    }


def say(figure: Figure) -> None:
    """One line while the bench runs."""
    print(
        f"{figure.size:7} {figure.request:12} {figure.server:12} c={figure.connections:<3} {figure.rate:>9.1f}/s"
        f"  p50 {figure.p50:>8.2f}  p99 {figure.p99:>8.2f} ms  processor {figure.web_ms:>7.3f} + {figure.database_ms:>7.3f} ms"
        f"  {'' if figure.statements is None else f'{figure.statements} statements  '}{figure.bytes:,} bytes"
        f"{f'  WRONG {figure.wrong}' if figure.wrong else ''}{f'  (others {figure.others:.0%})' if figure.others > QUIET else ''}",
        file=sys.stderr,
        flush=True,
    )


# --- The aims ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Aim:
    """An aim, what was found, and whether it is met."""

    text: str
    found: str
    met: bool


def aims(found: Found) -> list[Aim]:
    """Every aim that this run can judge."""
    return [*_shares(found), *_ranking(found), *_statements(found), *_export(found), *_memory(found), *_crowd(found)]


def _shares(found: Found) -> Iterator[Aim]:
    for request, ceiling, share in (
        ("save_sheet", "transaction", 0.4),
        ("score_sheet", "piccolo", 0.3),
        ("team_home", "piccolo", 0.3),
    ):
        ours, most = found.get("big", request, "product", 8), found.get("big", request, ceiling, 8)
        if ours and most:
            ratio = ours.rate / most.rate
            yield Aim(f"{request}: at least {share} of the rate of `{ceiling}`, 8 at once",
                      f"{ratio:.2f} ({ours.rate:,.0f} of {most.rate:,.0f} a second)", ratio >= share)  # fmt: skip


def _ranking(found: Found) -> Iterator[Aim]:
    ours, bare = found.get("big", "ranking", "product", 8), found.get("big", "ranking", "ranking", 8)
    if ours and bare:
        ratio = ours.cost / bare.cost
        yield Aim("ranking of 1,000: at most 3 times the processor time of its SQL from stored totals and its rows in Jinja2",
                  f"{ratio:.2f} ({ours.cost:.1f} to {bare.cost:.1f} ms), {ours.rate:.1f} a second", ratio <= 3)  # fmt: skip


def _statements(found: Found) -> Iterator[Aim]:
    for request in ("score_sheet", "team_home"):
        ours = found.get("big", request, "product", 8)
        if ours and ours.statements is not None:
            yield Aim(f"{request}: at most 6 statements", str(ours.statements), ours.statements <= 6)


def _export(found: Found) -> Iterator[Aim]:
    big, school = found.get("big", "export", "product", 1), found.get("school", "export", "product", 1)
    if big:
        yield Aim(
            "export of 20,000 sheets: to the last byte in less than 343 ms, one at a time",
            f"{big.p50:.0f} ms",
            big.p50 < 343,
        )
        grown = found.growth.get("big", 0.0)
        yield Aim("export: flat memory (the highest process grows by less than 8 MB)", f"{grown} MB", grown < 8)
    if big and school and big.statements is not None:
        yield Aim("export: as many statements for 20,000 sheets as for 190", f"{big.statements} and {school.statements}",
                  big.statements == school.statements)  # fmt: skip


def _memory(found: Found) -> Iterator[Aim]:
    yield Aim("two web processes and their watcher: at most 200 MB (PSS) after it all",
              f"{found.memory_after:.0f} MB ({found.memory_before:.0f} MB at the start)", found.memory_after <= 200)  # fmt: skip


def _crowd(found: Found) -> Iterator[Aim]:
    if found.crowd:
        alone, beside = found.crowd["alone"], found.crowd["beside"]
        yield Aim("p99 of the team's home stays below 50 ms while 8 sign in all the time",
                  f"{beside['p99']} ms, alone {alone['p99']} ms; {found.crowd['sign_ins']['rate']} sign-ins a second",
                  beside["p99"] < 50)  # fmt: skip


# --- What is written --------------------------------------------------------------------------------------------------


def publish(found: Found, *, save: bool) -> None:
    """Print the tables; keep them as last.json and LAST.md beside this file."""
    about: dict[str, Any] = {"at": time.strftime("%Y-%m-%d %H:%M"), **machine.description()}
    text = markdown(found, about)
    print(text)
    if save:
        document = {"about": about, **asdict(found), "aims": [asdict(aim) for aim in aims(found)]}
        (HERE / "last.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
        (HERE / "LAST.md").write_text(text)


def markdown(found: Found, about: dict[str, Any]) -> str:
    """The report."""
    noise = max((figure.others for figure in found.figures), default=0.0)
    lines = [
        "# The last run", "",
        f"{about['at']}, {about['processor']}, Python {about['python']}; two web processes; {found.seconds:g} s each.",
        f"Other programs used up to {noise:.0%} of the machine during a measurement.", "",
        "## Aims", "", "| aim | found | |", "| --- | --- | --- |",
        *(f"| {aim.text} | {aim.found} | {'met' if aim.met else '**missed**'} |" for aim in aims(found)), "",
    ]  # fmt: skip
    for size in dict.fromkeys(figure.size for figure in found.figures):
        lines += [f"## {size}", "", *_table(found, size), ""]
    return "\n".join(lines)


HEAD = (
    "| request | at once | a second | p50 / p95 / p99 ms | processor ms, web + database | statements | bytes | of its ceilings: rate; cost |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
)


def _table(found: Found, size: str) -> Iterator[str]:
    yield from HEAD
    for figure in found.figures:
        if figure.size == size and figure.server == "product":
            yield (
                f"| {figure.request} | {figure.connections} | {figure.rate:,.1f} | {figure.p50} / {figure.p95} / {figure.p99} "
                f"| {figure.web_ms:.2f} + {figure.database_ms:.2f} | {'–' if figure.statements is None else figure.statements} "
                f"| {figure.bytes:,} | {_ratios(found, figure)} |"
            )


def _ratios(found: Found, ours: Figure) -> str:
    """Rate as a share of each ceiling's, and how many times its processor time."""
    bare = [
        f
        for f in found.figures
        if (f.size, f.request, f.connections) == (ours.size, ours.request, ours.connections) and f is not ours
    ]
    return ", ".join(
        f"{each.server} {ours.rate / each.rate:.2f}; {ours.cost / max(each.cost, 0.001):.1f}×" for each in bare
    )
