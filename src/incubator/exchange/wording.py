"""What somebody looks for, as a query in PostgreSQL's words, and what was found, as pieces to be marked. Pure."""

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Final

LONGEST: Final = 200  # characters of a query
MOST_WORDS: Final = 12
ALIKE: Final = 0.72
ENDING: Final = 4  # letters by which a word may be longer than its stem, or a slip shorter
START, STOP = "\ue000", "\ue001"  # around a hit; private characters, so that no text of people holds them by purpose
HEADLINE: Final = f'StartSel={START}, StopSel={STOP}, MaxFragments=2, MaxWords=26, MinWords=10, FragmentDelimiter=" … "'


def words_of(text: str) -> list[str]:
    """The words of a query, in lower case, «ё» as «е», each once; single letters and what is no word fall away."""
    folded = text[:LONGEST].lower().replace("ё", "е")
    return list(dict.fromkeys(word for word in re.findall(r"\w+", folded) if len(word) > 1))[:MOST_WORDS]


def query(words: Sequence[str], *, all_of_them: bool = True) -> str:
    """A tsquery of words, each of which may go on: PostgreSQL stems them and leaves out what means nothing."""
    return (" & " if all_of_them else " | ").join(f"'{word}':*" for word in words)


def nearest(words: Sequence[str], known: Collection[str]) -> list[str]:
    """The words with slips of the pen put right by the stems that are `known`; what is like none stays away."""
    found = [
        get_close_matches(word, [stem for stem in known if abs(len(word) - len(stem)) <= ENDING], 1, ALIKE)
        for word in words
    ]
    return [each[0] for each in found if each]


def pieces(headline: str) -> list[tuple[str, bool]]:
    """A headline in order, as (text, whether it is a hit); the texts are raw and have to be escaped."""
    found: list[tuple[str, bool]] = []
    for place, part in enumerate(re.split(f"[{START}{STOP}]", headline)):
        if part:
            found.append((part, place % 2 == 1))
    return found
