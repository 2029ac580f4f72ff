"""What one value of a blueprint may be: rules that read it, noting each fault by line and key, and write it. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final, Protocol, TypeAlias, cast

from incubator.foundation.i18n import Message
from incubator.programmes.blueprint_text import Lines, Path, block, quoted

WRONG: Final = object()
"""What a rule gives in place of a value it refused."""

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAK: Final = re.compile("[\n\u2028\u2029]")
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file: `line` and places in lists count from one (`modules[2].title`)."""

    line: int
    key: str
    reason: Message


class BlueprintFaults(Exception):  # noqa: N818  # it is what it holds
    """The file can't be used; `faults` has every reason, in the order of the lines."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line))
        super().__init__("; ".join(f"{fault.line} {fault.key}: {fault.reason}" for fault in self.faults))


class Reading:
    """One pass over a file, with the faults found so far."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.faults: list[Fault] = []

    def refuse(self, path: Path, reason: Message) -> object:
        """Note a fault; gives WRONG, for the rule to return."""
        # A key unknown to us may be as long as the file.
        key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part[:80]}" for part in path)
        self.faults.append(Fault(self.lines.of(path), key.removeprefix("."), reason))
        return WRONG


class Rule(Protocol):
    """What one value may be."""

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """The typed value, or WRONG after noting each fault."""

    def write(self, value: Any) -> str:
        """The value as TOML."""


def within(low: int, high: int, value: int | Fraction) -> Message | None:
    """Why a number is out of range, else None."""
    return None if low <= value <= high else Message("This must be between {low} and {high}.", low=low, high=high)


def thousandths(value: object) -> int | None:
    """A number with at most three decimals as thousandths; None for anything else, however large or odd."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 10**9:
        return value * 1000
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    # Decimal("1e999999999") is a short text and an endless integer: look at the exponent before multiplying.
    _, digits, exponent = value.as_tuple()
    if len(digits) > 20 or abs(cast("int", exponent)) > 20:
        return None
    exact = Fraction(value) * 1000
    return exact.numerator if exact.denominator == 1 else None


def points(value: int) -> str:
    """Thousandths as a decimal without useless noughts: 7500 is `7.5`."""
    whole, rest = divmod(value, 1000)
    return f"{whole}.{rest:03}".rstrip("0") if rest else str(whole)


@dataclass(frozen=True, slots=True)
class Text:
    """Words for people, without blanks around them."""

    limit: int
    several_lines: bool = False
    blank: bool = False

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """The text without blanks around it."""
        if not isinstance(value, str):
            return reading.refuse(path, Message("This must be text in quotes."))
        text = value.strip()
        reasons = [reading.refuse(path, reason) for reason in self._reasons(text)]
        return WRONG if reasons else text

    def _reasons(self, text: str) -> Iterator[Message]:
        if not text and not self.blank:
            yield Message("This can't be empty.")
        if len(text) > self.limit:
            yield Message("Too long: {length} characters of at most {limit}.", length=len(text), limit=self.limit)
        if _CONTROL.search(text):
            yield Message("Here stands an invisible control character.")
        if not self.several_lines and _BREAK.search(text):
            yield Message("This must be on one line.")

    def write(self, value: str) -> str:
        """On one line while it is short."""
        return block(value) if "\n" in value or len(value) > 90 else quoted(value)


TITLE: Final = Text(200)
PROSE: Final = Text(10_000, several_lines=True, blank=True)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Short text of a fixed form; the reason says which."""

    form: re.Pattern[str]
    reason: Message

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """The text as it stands."""
        good = isinstance(value, str) and self.form.fullmatch(value)
        return value if good else reading.refuse(path, self.reason)

    def write(self, value: str) -> str:
        """In quotes."""
        return quoted(value)


KEY: Final = Pattern(
    _KEY, Message("A key is up to 60 small Latin letters, digits and underscores, and begins with a letter.")
)
CLOCK: Final = Pattern(_CLOCK, Message('This must be a time of day such as "18:00".'))
Faults: TypeAlias = Iterator[tuple[Path, Message]]
"""What a check of a whole table yields: the key and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number between two bounds."""

    low: int
    high: int

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """The number."""
        if not isinstance(value, int) or isinstance(value, bool):
            return reading.refuse(path, Message("This must be a whole number."))
        reason = within(self.low, self.high, value)
        return reading.refuse(path, reason) if reason else value

    def write(self, value: int) -> str:
        """In digits."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Points:
    """A number of points, kept as thousandths; the bounds are whole points."""

    low: int
    high: int

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """The number in thousandths."""
        number = thousandths(value)
        if number is None:
            return reading.refuse(path, Message("This must be a number with at most three decimals."))
        reason = within(self.low, self.high, Fraction(number, 1000))
        return reading.refuse(path, reason) if reason else number

    def write(self, value: int) -> str:
        """In points."""
        return points(value)


@dataclass(frozen=True, slots=True)
class YesNo:
    """True or false."""

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """The truth value."""
        return value if isinstance(value, bool) else reading.refuse(path, Message("This must be true or false."))

    def write(self, value: bool) -> str:
        """As TOML spells it."""
        return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One word of an enumeration."""

    words: type[StrEnum]

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """The member of the enumeration."""
        if isinstance(value, str) and value in list(self.words):
            return self.words(value)
        return reading.refuse(path, Message("This must be one of: {known}.", known=", ".join(self.words)))

    def write(self, value: StrEnum) -> str:
        """In quotes."""
        return quoted(value.value)


@dataclass(frozen=True, slots=True)
class Anchors:
    """Words for points of a scale: a table whose keys are points in quotes."""

    text: Text

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """Text by thousandths, from the lowest up."""
        if not isinstance(value, dict):
            return reading.refuse(path, Message("This must be a table."))
        read = [self._pair(name, each, (*path, name), reading) for name, each in value.items()]
        good = [pair for pair in read if WRONG not in pair]
        scores = {score for score, _ in good}
        if len(scores) < len(good):
            reading.refuse(path, Message("Two anchors stand at the same score."))
        return dict(sorted(good)) if len(scores) == len(read) else WRONG

    def _pair(self, name: str, value: Any, path: Path, reading: Reading) -> tuple[Any, Any]:
        score = thousandths(Decimal(name)) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", name) else None
        if score is None:
            reading.refuse(path, Message('The key of an anchor is its score, such as "5" or "7.5".'))
        return (WRONG if score is None else score, self.text.read(value, path, reading))

    def write(self, value: Mapping[int, str]) -> str:
        """The lines of the table."""
        return "".join(f"{quoted(points(score))} = {quoted(text)}\n" for score, text in sorted(value.items()))
