"""The text of a TOML file: where each key stands, what is too hostile to parse, how a string is written. Pure.

`tomllib` says what a file holds but not where, so this module finds the line of every table and key by itself.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands: names of keys, and places in lists counted from nought."""

MOST_NESTING: Final = 12
MOST_PARTS: Final = 8

# Possessive quantifiers, and strings that may end at the end of the line or file: no input makes the match step back,
# so that even a file of nothing but quotes and backslashes is read in one pass.
_TOKEN: Final = re.compile(
    r'(?P<block>"""(?:[^"\\]|\\[\s\S]|"(?!""))*+(?:"{3,5})?+'
    r"|'''(?:[^']|'(?!''))*+(?:'{3,5})?+)"
    r'|(?P<string>"(?:[^"\\\n]|\\[^\n])*+"?+'
    r"|'[^'\n]*+'?+)"
    r"|(?P<comment>\#[^\n]*+)"
    r"|(?P<mark>[\[\]{}=,.\n])"
    r"|(?P<word>[^\s\[\]{}=,.\"'\#]++)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of TOML: a string, a word, or a mark (newline included), with its line counted from one."""

    text: str
    line: int

    @property
    def name(self) -> str:
        """What it says as part of a key."""
        if self.text[0] in "\"'":
            return str(tomllib.loads(f"name = {self.text}")["name"])
        return self.text


def tokens(text: str) -> list[Token]:
    """Every token but comments and blanks; takes any text, valid or not."""
    found, line, at = [], 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        if match.lastgroup != "comment":
            found.append(Token(match.group(), line))
    return found


def hostile_line(pieces: list[Token]) -> int | None:
    """The line where nesting or a dotted key goes deeper than any blueprint needs, else None.

    Asked before parsing: the parser recurses on nesting and takes quadratic time over the parts of one key.
    """
    depth = parts = 0
    for piece in pieces:
        depth += (piece.text in {"[", "{"}) - (piece.text in {"]", "}"})
        if piece.text == "\n" or piece.text in {"=", ","}:
            parts = 0
        parts += piece.text == "."
        if depth > MOST_NESTING or parts >= MOST_PARTS:
            return piece.line
    return None


def quoted(text: str) -> str:
    """The text as a TOML string on one line."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def block(text: str) -> str:
    """The text as a TOML string over several lines; a newline is added at its end, for the reader's eye."""
    safe = text.replace("\\", "\\\\").replace('"""', '""\\"')
    return f'"""\n{safe}\n"""'


class Lines:
    """The line of every table, key and list element of a TOML file that is known to parse."""

    def __init__(self, pieces: list[Token]) -> None:
        self._pieces = pieces
        self._at = 0
        self._lines: dict[Path, int] = {(): 1}
        self._elements: dict[Path, int] = {}
        table: Path = ()
        while self._at < len(pieces):
            if self._peek() == "\n":
                self._at += 1
            elif self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)

    def of(self, path: Path) -> int:
        """The line of that key, or of the nearest table around it that the file has."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _peek(self) -> str:
        return self._pieces[self._at].text if self._at < len(self._pieces) else "\n"

    def _take(self) -> Token:
        self._at += 1
        return self._pieces[self._at - 1]

    def _names(self, closing: str) -> Iterator[Token]:
        while (piece := self._take()).text != closing:
            if piece.text != ".":
                yield piece

    def _header(self) -> Path:
        line = self._take().line
        listed = self._peek() == "["
        if listed:
            self._take()
        names = list(self._names("]"))
        path: Path = ()
        for piece in names[:-1]:
            path = self._within(path, piece)
        if not listed:
            return self._within(path, names[-1])
        self._take()
        return self._element((*path, names[-1].name), line)

    def _within(self, path: Path, piece: Token) -> Path:
        path = (*path, piece.name)
        self._lines.setdefault(path, piece.line)
        count = self._elements.get(path)
        return (*path, count - 1) if count else path

    def _element(self, array: Path, line: int) -> Path:
        place = self._elements.get(array, 0)
        self._elements[array] = place + 1
        self._lines.setdefault(array, line)
        self._lines[(*array, place)] = line
        return (*array, place)

    def _pair(self, table: Path) -> None:
        path = table
        for piece in self._names("="):
            path = (*path, piece.name)
            self._lines.setdefault(path, piece.line)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._peek() == "[":
            self._list(path)
        elif self._peek() == "{":
            self._inline(path)
        else:
            # A date may hold a blank and a number a dot, so a plain value is all that comes before the next mark.
            while self._peek() not in {"\n", ",", "]", "}"}:
                self._take()

    def _list(self, path: Path) -> None:
        self._take()
        place = 0
        while self._peek() != "]":
            if self._peek() in {",", "\n"}:
                self._take()
                continue
            self._lines[(*path, place)] = self._pieces[self._at].line
            self._value((*path, place))
            place += 1
        self._take()

    def _inline(self, path: Path) -> None:
        self._take()
        while self._peek() != "}":
            if self._peek() in {",", "\n"}:
                self._take()
            else:
                self._pair(path)
        self._take()
