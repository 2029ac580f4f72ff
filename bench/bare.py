"""The bare handlers behind the ceilings, as an application of its own on the same server program and database.

BENCH_FOLDER and DATABASE_URL say where; `ceilings.py` says what each is for.
"""

import asyncio
import contextlib
import gc
import itertools
import os
import pickle
import random
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import asyncpg
import jinja2
from litestar import Litestar, MediaType, get
from litestar.params import FromPath
from piccolo.columns import UUID, Text
from piccolo.engine.postgres import PostgresEngine
from piccolo.table import Table

from bench import ceilings
from incubator.people.passwords import HASHER, THREADS

UPSERT = """
INSERT INTO bench.sheet (id, round, project, seat, state, marks, total, comment, reason, version, saved_at)
VALUES ($1, $2, $3, $4, 'draft', $6, $7, $5, '', 1, now())
ON CONFLICT (seat, project) DO UPDATE SET marks = excluded.marks, total = excluded.total, comment = excluded.comment,
  version = sheet.version + 1, saved_at = excluded.saved_at
"""
STORED = """
SELECT p.id, p.title, t.name, count(s.id) AS sheets, avg(s.total) / 100000.0 AS mean,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY s.total) / 100000.0 AS median
FROM round_project p JOIN team t ON t.id = p.team LEFT JOIN score_sheet s ON s.project = p.id AND s.state = 'handed_in'
WHERE p.round = $1 GROUP BY p.id, t.name ORDER BY mean DESC NULLS LAST
"""
ROWS = """<!DOCTYPE html><title>Ranking</title><table>
{% for row in rows %}
<tr><td>{{ loop.index }}</td><td><a href="/p/{{ row.id }}">{{ row.name }}</a></td><td>{{ row.title }}</td>\
<td>{{ row.sheets }}</td><td>{{ "%.2f"|format(row.mean) }}</td><td>{{ "%.2f"|format(row.median) }}</td></tr>
{% endfor %}
</table>"""


@cache
def kept() -> dict[str, ceilings.Kept]:
    """By size, from the folder that BENCH_FOLDER names."""
    found: dict[str, ceilings.Kept] = pickle.loads((Path(os.environ["BENCH_FOLDER"]) / ceilings.KEPT).read_bytes())
    return found


ENGINE = PostgresEngine(config={"dsn": os.environ.get("DATABASE_URL", "")}, extensions=())
POOLS: list[asyncpg.Pool] = []
THREAD = ThreadPoolExecutor(THREADS)
TABLE = jinja2.Environment(autoescape=True, trim_blocks=True).from_string(ROWS)
TURNS = itertools.count(os.getpid() * 7919)
CHANCE = random.Random(1)


class Team(Table, db=ENGINE, tablename="team"):
    """As the product's, on Piccolo's own engine."""

    id = UUID(primary_key=True)
    name = Text()


@contextlib.asynccontextmanager
async def running(_: Litestar) -> AsyncIterator[None]:
    """Both pools."""
    await ENGINE.start_connection_pool(min_size=4, max_size=10)
    dsn = os.environ["DATABASE_URL"]
    async with asyncpg.create_pool(dsn, min_size=4, max_size=10, server_settings={"jit": "off"}) as pool:
        POOLS.append(pool)
        gc.collect()
        gc.freeze()
        yield
    await ENGINE.close_connection_pool()


@get("/ok", media_type=MediaType.TEXT, sync_to_thread=False)
def ok() -> str:
    return "ok"


@get("/bytes/{size:str}/{name:str}", media_type=MediaType.HTML, sync_to_thread=False)
def same_bytes(size: FromPath[str], name: FromPath[str]) -> bytes:
    return kept()[size].answers[name]


@get("/statements/{size:str}/{name:str}", media_type=MediaType.TEXT)
async def same_statements(size: FromPath[str], name: FromPath[str]) -> str:
    async with POOLS[0].acquire() as connection:
        for statement, values in kept()[size].statements[name]:
            await connection.fetch(statement, *values)
    return "ok"


@get("/transaction/{size:str}", media_type=MediaType.TEXT)
async def one_transaction(size: FromPath[str]) -> str:
    sheets = kept()[size].sheets
    marks = [1000 * CHANCE.randrange(11) for _ in range(5)]
    await POOLS[0].execute(UPSERT, *sheets[next(TURNS) % len(sheets)], marks, 20 * sum(marks))
    return "saved"


@get("/piccolo/{size:str}", media_type=MediaType.TEXT)
async def one_row(size: FromPath[str]) -> str:
    row = await Team.select(Team.id, Team.name).where(Team.id == CHANCE.choice(kept()[size].teams)).first()
    return str(row["name"]) if row else ""


@get("/ranking/{size:str}", media_type=MediaType.HTML)
async def bare_ranking(size: FromPath[str]) -> str:
    return TABLE.render(rows=await POOLS[0].fetch(STORED, kept()[size].scored))


@get("/rows/{size:str}", media_type=MediaType.TEXT)
async def all_rows(size: FromPath[str]) -> str:
    count = 0
    async with POOLS[0].acquire() as connection, connection.transaction(readonly=True):
        cursor = await connection.cursor(kept()[size].export, kept()[size].scored)
        while batch := await cursor.fetch(1000):
            count += len(batch)
    return str(count)


@get("/hash/{size:str}", media_type=MediaType.TEXT)
async def one_hash(size: FromPath[str]) -> str:
    return str(await asyncio.get_running_loop().run_in_executor(THREAD, HASHER.verify, *kept()[size].password))


def application() -> Litestar:
    """The bare handlers, for uvicorn."""
    handlers = [ok, same_bytes, same_statements, one_transaction, one_row, bare_ranking, all_rows, one_hash]
    return Litestar(handlers, lifespan=[running], openapi_config=None, logging_config=None)
