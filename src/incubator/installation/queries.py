"""Reading the installation: whose it is, whether it is set up, and how far the set-up has come."""

import hashlib
import hmac
import json

from incubator.foundation import pages
from incubator.foundation.database import execute, fetch_one, fetch_value
from incubator.foundation.owner import Owner
from incubator.installation.rules import Done, Page, Progress, Step
from incubator.people.rules import CODE_LENGTH, CODE_LETTERS, plain_code, printed_code
from incubator.settings import settings

OPEN = """
SELECT NOT EXISTS (SELECT FROM person) AND NOT EXISTS (SELECT FROM installation WHERE set_up_at IS NOT NULL)
"""
SEED = "INSERT INTO installation (id, seed) VALUES (1, $1) ON CONFLICT (id) DO NOTHING"


async def load_owner() -> tuple[Owner, int]:
    """Whose installation this is, and the version of what it says; this process says so from now on."""
    row = await fetch_one(
        "SELECT name_ru, name_en, help_contact, operator, time_zone, version FROM installation WHERE set_up_at IS NOT NULL"
        " OR version > 1"
    )
    known = Owner(*list(row)[:5]) if row is not None else Owner()
    pages.belongs_to(known)
    return known, row["version"] if row is not None else 1


async def is_open() -> bool:
    """Whether the installation waits to be set up: nobody is in it, and it never was set up."""
    return bool(await fetch_value(OPEN))


async def progress() -> Progress:
    """How far the set-up has come."""
    draft = json.loads(await fetch_value("SELECT draft FROM installation") or "{}")
    return Progress({Step(name): _page(kept) for name, kept in draft.items() if name in set(Step)})


def _page(kept: dict[str, str]) -> Page:
    done = kept.get("done", "")
    return Page({name: text for name, text in kept.items() if name != "done"}, Done(done) if done else None)


# The code that only whoever started the program can read


async def code() -> str:
    """The set-up code as it is printed; the same for every process until the set-up is over."""
    seed = await _seed()
    digest = hmac.new(settings().secret("set-up code"), seed, hashlib.sha256).digest()
    return printed_code("".join(CODE_LETTERS[byte % len(CODE_LETTERS)] for byte in digest[:CODE_LENGTH]))


async def _seed() -> bytes:
    seed: bytes | None = await fetch_value("SELECT seed FROM installation")
    if seed:
        return seed
    import secrets

    await execute(SEED, secrets.token_bytes(32))
    await execute("UPDATE installation SET seed = $1 WHERE seed = ''::bytea", secrets.token_bytes(32))
    kept: bytes = await fetch_value("SELECT seed FROM installation")
    return kept


async def is_code(typed: str) -> bool:
    """Whether this is the set-up code, in whatever case and with whatever hyphens."""
    return hmac.compare_digest(plain_code(typed).encode(), plain_code(await code()).encode())


async def mark() -> str:
    """What a browser carries that has shown the code; worthless after the set-up."""
    return hmac.new(settings().secret("set-up mark"), (await code()).encode(), hashlib.sha256).hexdigest()
