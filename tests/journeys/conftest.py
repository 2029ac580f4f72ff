"""One running site for all journeys, on a database of its own beside the one of the other tests."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from journeys.site import Site, running


@pytest.fixture(scope="session")
async def site(server: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """`incubator run` with the demo in it."""
    connection = await asyncpg.connect(server)
    await connection.execute("DROP DATABASE IF EXISTS journeys WITH (FORCE)")
    await connection.execute("CREATE DATABASE journeys")
    await connection.close()
    address = server.replace("/postgres?", "/journeys?")
    assert address != server, "the address of the database names no database `postgres`"
    async with running(tmp_path_factory.mktemp("site"), DATABASE_URL=address) as started:
        started.load_demo()
        yield started
        assert "Traceback" not in started.log.read_text()
