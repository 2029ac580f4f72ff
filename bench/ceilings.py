"""The most that the same parts can do without the product: which ceilings a request is measured against.

bytes        the same bytes as the product's answer, from memory
statements   the same statements with the same values through asyncpg alone, on one connection
transaction  one transaction in each request: a score sheet is written whole, and nothing else
piccolo      one row through Piccolo's own pool
ranking      the ranking's figures from stored totals in SQL, its rows in Jinja2
rows         every sheet for the export, read in batches and thrown away
hash         a password's hash in threads
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from bench.traffic import Request, raw

KEPT = "kept.pickle"  # a file in the folder of the run

MIRROR = """
CREATE SCHEMA bench;
CREATE TABLE bench.sheet (LIKE public.score_sheet INCLUDING ALL);
INSERT INTO bench.sheet SELECT s.* FROM public.score_sheet s JOIN public.scoring_round r ON r.id = s.round
WHERE r.state = 'open';
ANALYZE bench.sheet;
"""
SHEETS = "SELECT id, round, project, seat, comment FROM score_sheet WHERE round = $1"


@dataclass(frozen=True)
class Kept:
    """What the bare handlers need of one run: answers and statements of the product by request, keys of its rows."""

    answers: dict[str, bytes]
    statements: dict[str, list[tuple[str, tuple[Any, ...]]]]
    sheets: list[tuple[Any, ...]]
    teams: list[UUID]
    scored: UUID
    export: str
    password: tuple[str, str]


OVER = {
    "ranking": ("ranking", "statements", "bytes"),
    "juror_list": ("statements", "bytes"),
    "score_sheet": ("piccolo", "statements", "bytes"),
    "save_sheet": ("transaction",),
    "team_home": ("piccolo", "statements", "bytes"),
    "sign_in": ("hash",),
    "export": ("rows",),
}
"""The first is the one that the aims speak of."""
BY_NAME = {"statements", "bytes"}


def _again(path: str, _: int) -> Iterator[bytes]:
    return itertools.repeat(raw("GET", path))


def over(name: str, size: str) -> list[Request]:
    """The ceilings of a request, as requests to the bare server."""
    paths = {each: f"/{each}/{size}/{name}" if each in BY_NAME else f"/{each}/{size}" for each in OVER[name]}
    return [Request(each, partial(_again, path)) for each, path in paths.items()]
