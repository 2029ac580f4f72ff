"""How often a door may be tried, counted in PostgreSQL, so that all processes count together.

A try is counted before the password is looked at, so that many at once can't slip through; a try that is refused here
is not counted. Keys are hashes: the table tells nobody who tried.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import timedelta

from incubator.foundation.database import DB, execute, fetch_one
from incubator.foundation.refusals import TooMany

COUNT = """
INSERT INTO throttle AS t (key, tries, since) VALUES ($1, 1, now())
ON CONFLICT (key) DO UPDATE SET
  tries = CASE WHEN t.since < now() - $2::interval THEN 1 ELSE t.tries + 1 END,
  since = CASE WHEN t.since < now() - $2::interval THEN now() ELSE t.since END
RETURNING tries, ceil(extract(epoch FROM since + $2::interval - now()))::int AS seconds_left
"""
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Door:
    """Something that may be tried `most` times within `window`."""

    name: str
    most: int
    window: timedelta

    def key(self, *who: str) -> bytes:
        """The row of this door for an account, an address or both."""
        return hashlib.sha256("\0".join((self.name, *who)).encode()).digest()


QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)

# One guesser is stopped by PAIR, one who tries many accounts by ADDRESS, many computers on one account by ACCOUNT.
# The owner comes from another address than the guesser and passes PAIR; ACCOUNT does not ask a browser in which he
# signed in before (the device cookie of OWASP's authentication cheat sheet), and a reset gets him in everywhere.
PAIR = Door("account from address", 40, QUARTER)  # also the most sign-ins of one account at once
ADDRESS = Door("address", 60, QUARTER)
ACCOUNT = Door("account", 100, HOUR)
DEVICE = Door("device", 10, QUARTER)
CODE = Door("code from address", 20, QUARTER)
RESET = Door("reset of account", 5, HOUR)
RESET_ADDRESS = Door("reset from address", 30, HOUR)
PASSWORD = Door("own password", 10, QUARTER)

Try = tuple[Door, bytes]


def network(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 customer is given."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


async def count(*tries: Try) -> None:
    """Count one try at each door, or raise TooMany and count none. Doors are given in one order everywhere."""
    async with DB.transaction():
        for door, key in tries:
            row = await fetch_one(COUNT, key, door.window)
            if row is not None and row["tries"] > door.most:
                raise TooMany(max(1, row["seconds_left"]))


async def forgive(*tries: Try) -> None:
    """Take a try back that turned out to be rightful; a guesser's earlier tries stay counted."""
    for _, key in tries:  # one lock at a time: `count` may hold the next one
        await execute("UPDATE throttle SET tries = tries - 1 WHERE key = $1 AND tries > 0", key)


async def forget_old() -> int:
    """Delete counts whose window is long over; how many."""
    return await execute("DELETE FROM throttle WHERE since < now() - $1::interval", KEPT)
