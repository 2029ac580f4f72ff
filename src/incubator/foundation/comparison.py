"""What changed between two versions of a text: by line, and by word inside the lines that changed. Pure.

The shortest edit is found greedily (Myers, "An O(ND) difference algorithm and its variations", 1986). Texts that have
little in common are shown as one removal and one addition instead of being searched for long.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final, TypeAlias

MOST_EDITS: Final = 300  # words or lines; bounds the work to about 50,000 steps
WORDS: Final = re.compile(r"\w+|\s+|[^\w\s]")


class Kind(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; the same and removed ones make up the old text, the same and added ones the new."""

    kind: Kind
    text: str


Edit: TypeAlias = tuple[Kind, str]


def compare(old: str, new: str) -> list[Piece]:
    """The pieces from the old text to the new one, what is removed before what stands in its place."""
    edits: list[Edit] = []
    by_line = _edits(old.splitlines(keepends=True), new.splitlines(keepends=True))
    for same, block in groupby(by_line, lambda edit: edit[0] is Kind.SAME):
        run = list(block)
        edits += run if same else _by_word(run)
    return _smoothed(edits)


def _by_word(block: Sequence[Edit]) -> list[Edit]:
    removed = "".join(text for kind, text in block if kind is Kind.REMOVED)
    added = "".join(text for kind, text in block if kind is Kind.ADDED)
    return _edits(WORDS.findall(removed), WORDS.findall(added))


def _edits(old: Sequence[str], new: Sequence[str]) -> list[Edit]:
    """One edit for each token; what both have at their ends is set aside first."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle = _searched(old[head : len(old) - tail], new[head : len(new) - tail])
    same = [(Kind.SAME, token) for token in old]
    return [*same[:head], *middle, *same[len(old) - tail :]]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    return next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _searched(old: Sequence[str], new: Sequence[str]) -> list[Edit]:
    trail = _trail(old, new)
    if trail is None:
        return [*((Kind.REMOVED, token) for token in old), *((Kind.ADDED, token) for token in new)]
    return list(_walked_back(old, new, trail))[::-1]


def _trail(old: Sequence[str], new: Sequence[str]) -> list[dict[int, int]] | None:
    """How far along each diagonal every number of edits gets, until the end is reached; None when it is too far."""
    reach = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(min(MOST_EDITS, len(old) + len(new)) + 1):
        trail.append(reach)
        reach = dict(reach)
        for diagonal in range(-edits, edits + 1, 2):
            x = _start(reach, diagonal, edits)
            while x < len(old) and x - diagonal < len(new) and old[x] == new[x - diagonal]:
                x += 1
            reach[diagonal] = x
            if x >= len(old) and x - diagonal >= len(new):
                return trail
    return None


def _start(reach: dict[int, int], diagonal: int, edits: int) -> int:
    down = diagonal == -edits or (diagonal != edits and reach.get(diagonal - 1, -1) < reach.get(diagonal + 1, -1))
    return reach[diagonal + 1] if down else reach[diagonal - 1] + 1


def _walked_back(old: Sequence[str], new: Sequence[str], trail: Sequence[dict[int, int]]) -> Iterator[Edit]:
    x, y = len(old), len(new)
    for edits in range(len(trail) - 1, -1, -1):
        start = _start(trail[edits], x - y, edits) if edits else 0
        floor = start - (x - y) if edits else 0
        while x > start and y > floor:
            x, y = x - 1, y - 1
            yield Kind.SAME, old[x]
        if not edits:
            return
        if start == trail[edits].get(x - y + 1):
            y -= 1
            yield Kind.ADDED, new[y]
        else:
            x -= 1
            yield Kind.REMOVED, old[x]


def _smoothed(edits: Sequence[Edit]) -> list[Piece]:
    """Runs as pieces; a blank that stayed between two changes goes with them, so that phrases are not cut up."""
    pieces: list[Piece] = []
    removed, added, blank = "", "", ""
    for kind, text in [*edits, (Kind.SAME, "")]:
        changing = bool(removed or added)
        if kind is not Kind.SAME:
            removed, added = removed + blank, added + blank
            blank = ""
            removed, added = (removed + text, added) if kind is Kind.REMOVED else (removed, added + text)
        elif changing and text and not text.strip() and "\n" not in text:
            blank += text
        else:
            _flush(pieces, removed, added, blank + text)
            removed, added, blank = "", "", ""
    return pieces


def _flush(pieces: list[Piece], removed: str, added: str, same: str) -> None:
    for kind, text in ((Kind.REMOVED, removed), (Kind.ADDED, added), (Kind.SAME, same)):
        if text and pieces and pieces[-1].kind is kind:
            pieces[-1] = Piece(kind, pieces[-1].text + text)
        elif text:
            pieces.append(Piece(kind, text))


# --- Rows of a table --------------------------------------------------------------------------------------------------

Row: TypeAlias = Sequence[str]


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row of the old table, of the new one, or of both; `cells` are the pieces of each cell."""

    kind: Kind
    cells: tuple[tuple[Piece, ...], ...]

    @property
    def changed(self) -> bool:
        """Whether anything in the row is not the same in both."""
        return self.kind is not Kind.SAME or any(p.kind is not Kind.SAME for cell in self.cells for p in cell)


def compare_rows(old: Sequence[Row], new: Sequence[Row]) -> list[RowChange]:
    """The rows of both tables in the order of the new one, each removed row where it stood.

    A row that has become another is one row with changed cells: rows that begin alike are taken for the same one, and so
    are neighbours that have some cell in common.
    """
    changes: list[RowChange] = []
    gone: list[Row] = []
    come: list[Row] = []
    for kind, row in _row_edits([tuple(row) for row in old], [tuple(row) for row in new]):
        if kind is Kind.SAME:
            changes += [*_paired(gone, come), _row(row, row)]
            gone, come = [], []
        else:
            (gone if kind is Kind.REMOVED else come).append(row)
    return [*changes, *_paired(gone, come)]


def _row_edits(old: Sequence[Row], new: Sequence[Row]) -> list[tuple[Kind, Row]]:
    # The edits are found between tokens, whatever they are; rows stand for words here.
    known: dict[Row, str] = {}
    tokens = [[known.setdefault(row, str(len(known))) for row in rows] for rows in (old, new)]
    rows = {token: row for row, token in known.items()}
    return [(kind, rows[token]) for kind, token in _edits(*tokens)]


def _paired(gone: Sequence[Row], come: Sequence[Row]) -> Iterator[RowChange]:
    """Removed rows beside those that came in their place; what has no other is removed before anything is added."""
    at = 0
    added: list[Row] = []
    for row in come:
        place = next((number for number in range(at, len(gone)) if _alike(gone[number], row)), None)
        if place is None:
            added.append(row)
            continue
        yield from _apart(gone[at:place], added)
        yield _row(gone[place], row)
        at, added = place + 1, []
    yield from _apart(gone[at:], added)


def _apart(gone: Sequence[Row], come: Sequence[Row]) -> Iterator[RowChange]:
    yield from (_row(row, None) for row in gone)
    yield from (_row(None, row) for row in come)


def _alike(old: Row, new: Row) -> bool:
    if len(old) == 1 == len(new):
        return _share_words(old[0], new[0])
    return any(a and a == b for a, b in zip(old, new, strict=False))


def _share_words(old: str, new: str) -> bool:
    """Whether two texts have half of their words in common."""
    before, after = set(re.findall(r"\w+", old.lower())), set(re.findall(r"\w+", new.lower()))
    return 2 * len(before & after) >= max(len(before), len(after), 1)


def _row(old: Row | None, new: Row | None) -> RowChange:
    kind = Kind.SAME if old is not None and new is not None else Kind.REMOVED if new is None else Kind.ADDED
    width = max(len(old or ()), len(new or ()))
    cells = [[*(row or ()), *[""] * (width - len(row or ()))] for row in (old, new)]
    return RowChange(kind, tuple(tuple(compare(a, b)) for a, b in zip(*cells, strict=True)))
