"""What the kernel and PostgreSQL say of a measurement: processor time and memory of process trees, statements."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import asyncpg

TICK = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1
NOT_OURS = ("begin", "commit", "rollback", "select pg_stat", "deallocate", "close", "set ")


def _fields(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def tree(root: int) -> list[int]:
    """A process and all that came from it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            children.setdefault(int(_fields(int(folder.name))[1]), []).append(int(folder.name))
        except OSError:
            continue
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def processor(root: int) -> float:
    """Seconds of processor time of a tree, with those of its members that have ended."""
    spent = 0.0
    for pid in tree(root):
        try:
            spent += sum(map(int, _fields(pid)[11:15])) / TICK
        except OSError:
            continue
    return spent


def busy() -> float:
    """Seconds of processor time of the whole machine."""
    words = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(words[:8]) - words[3] - words[4]) / TICK


def memory(root: int) -> float:
    """Megabytes of a tree, pages that are shared counted in shares (PSS)."""
    kilobytes = 0
    for pid in tree(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has ended, or is another user's
            continue
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return round(kilobytes / 1024, 1)


def peak(root: int, *, forget: bool = False) -> float:
    """The highest resident size, in megabytes, that any one process of a tree has had since it was last forgotten."""
    most = 0
    for pid in tree(root):
        try:
            if forget:
                Path(f"/proc/{pid}/clear_refs").write_text("5")
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue
        most = max([most, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))])
    return round(most / 1024, 1)


def description() -> dict[str, str]:
    """The machine in a few words."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": f"{CORES} x {names[0] if names else platform.machine()}",
        "system": platform.platform(),
        "python": platform.python_version(),
    }


@dataclass
class Statements:
    """What `pg_stat_statements` counts; nothing where the server does not have it."""

    connection: asyncpg.Connection
    there: bool

    @classmethod
    async def open(cls, dsn: str) -> "Statements":
        """Begin to count."""
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            await connection.fetch("SELECT 1 FROM pg_stat_statements LIMIT 1")
        except asyncpg.PostgresError:
            return cls(connection, there=False)
        return cls(connection, there=True)

    async def forget(self) -> None:
        """Begin anew."""
        if self.there:
            await self.connection.execute("SELECT pg_stat_statements_reset()")

    async def each(self, times: int) -> int | None:
        """How many statements each of so many equal requests sent; what came less often than that is somebody else's."""
        if not self.there:
            return None
        rows = await self.connection.fetch(
            "SELECT lower(query) AS query, sum(calls)::int AS calls FROM pg_stat_statements GROUP BY 1"
        )
        ours: list[int] = [row["calls"] for row in rows if not row["query"].lstrip().startswith(NOT_OURS)]
        return sum(calls // times for calls in ours)
