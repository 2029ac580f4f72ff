"""Keys of journal entries for pages and addresses, which don't tell how much is written elsewhere.

Entries are numbered through the whole installation: the numbers of two entries of one team would say what happened
between them in others. A key is the number put through a cipher of this installation: a Feistel network on 64 bits, whose
round function is a keyed hash (Luby and Rackoff, 1988, show that four rounds make it look random; here are eight).
"""

import hashlib
from typing import Final

from incubator.settings import settings

ROUNDS: Final = 8
HALF: Final = 32  # bits
LEAST_BEYOND: Final = 2**40  # no journal gets so long, so a key that somebody made up almost never means an entry


def key_of(number: int) -> str:
    """The key of an entry."""
    secret = settings().secret("journal keys")
    left, right = number >> HALF, number & (2**HALF - 1)
    for turn in range(ROUNDS):
        left, right = right, left ^ _mixed(secret, turn, right)
    return f"{left:08x}{right:08x}"


def number_of(key: str) -> int | None:
    """The entry of a key; None for what is none."""
    try:
        both = bytes.fromhex(key)
    except ValueError:
        return None
    if len(both) * 8 != 2 * HALF or both.hex() != key:
        return None
    secret = settings().secret("journal keys")
    left, right = int.from_bytes(both[:4]), int.from_bytes(both[4:])
    for turn in reversed(range(ROUNDS)):
        left, right = right ^ _mixed(secret, turn, left), left
    number = left << HALF | right
    return number if number < LEAST_BEYOND else None


def _mixed(secret: bytes, turn: int, half: int) -> int:
    return int.from_bytes(hashlib.blake2b(bytes([turn]) + half.to_bytes(4), key=secret, digest_size=4).digest())
