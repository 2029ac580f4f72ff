"""Kill the product under load and prove that nothing acknowledged is lost and nothing is doubled: `make faults`.

    python -m bench.kills                        # 270 kills, about fifteen minutes, then the negative controls
    python -m bench.kills --share 0.05 --json    # a twentieth of them, at least one of each kind

Exit code 1 if anything was lost, doubled or answered wrongly, or if a control found nothing.
"""

import argparse
import asyncio
import json
import math
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.hall import hall
from bench.kills.harness import KINDS, acknowledging_too_early, under_kills
from bench.kills.site import running
from bench.kills.verdict import Verdict, words
from incubator import settings as settings_module
from incubator.foundation import database

KILLS = {"web": 150, "database": 30, "backend": 20, "worker": 50, "redis": 20}
JURORS, TEAMS = 12, 4


def options() -> argparse.Namespace:
    """The words of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=__doc__)
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the 270 kills, at least one of each kind (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="draws order and moments (%(default)s)")
    parser.add_argument("--only", default="", help="kinds of kills, with commas between them")
    parser.add_argument("--no-controls", action="store_true", help="leave the negative controls out")
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON")
    found = parser.parse_args()
    if not 0 < found.share <= 4:
        parser.error("--share must be more than 0 and at most 4")
    return found


async def work(folder: Path, said: argparse.Namespace) -> dict[str, Verdict]:
    """All runs, one after the other on one site, each in a round of its own."""
    wanted = set(filter(None, said.only.split(","))) or set(KINDS)
    kills = {kind: math.ceil(KILLS[kind] * said.share) for kind in KINDS if kind in wanted}
    found: dict[str, Verdict] = {}
    async with running(folder) as site:
        await database.connect(site.database.address)
        where = await hall(JURORS, TEAMS)
        await database.disconnect()
        found["kills"] = await under_kills(site, where, kills, seed=said.seed, name="Kills")
        _tell(said, "kills", found["kills"])
        if not said.no_controls:
            async with acknowledging_too_early(site):
                found["too early"] = await under_kills(site, where, {"database": 2}, seed=said.seed, name="Too early")
            _tell(said, "control, commits not on the disk", found["too early"])
            found["unnumbered"] = await under_kills(
                site, where, {"web": 2}, seed=said.seed, name="Unnumbered", numbered=False
            )
            _tell(said, "control, presses without numbers", found["unnumbered"])
    return found


def _tell(said: argparse.Namespace, title: str, verdict: Verdict) -> None:
    print(words(title, verdict), file=sys.stderr if said.json else sys.stdout, flush=True)


def main() -> int:
    """Start everything in a folder of its own, run, end everything."""
    said = options()
    with tempfile.TemporaryDirectory(prefix="incubator-kills-") as name:
        os.environ.update({"SECRET_KEY": "killed", "PUBLIC_URL": "http://127.0.0.1", "INCUBATOR_VAR": f"{name}/var"})
        for word in ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "CLAMD_URL"):
            os.environ.pop(word, None)
        settings_module.settings.cache_clear()
        found = asyncio.run(work(Path(name), said))
    if said.json:
        document: dict[str, Any] = {title: verdict.document() for title, verdict in found.items()}
        print(json.dumps(document, ensure_ascii=False, indent=1))
    told = "too early" not in found or bool(found["too early"].lost and found["unnumbered"].doubled)
    return int(not (found["kills"].good and told))


if __name__ == "__main__":
    sys.exit(main())
